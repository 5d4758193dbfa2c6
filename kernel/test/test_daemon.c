/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* What clients see when the daemon behind their device dies, or stops. */

#include <pthread.h>

#include "emu.h"
#include "fault.h"
#include "ktap.h"

#define NAME "wd_daemon"
#define NB_QUEUES 4
#define PROMPT_MS 2500 /* a slow machine, and less than the kernel waits */
#define BOUND_MS 30000 /* what the kernel waits for a daemon, and a slow machine */

static struct emu_daemon daemon_;
static int64_t answer_ms; /* how long the kernel waits for a daemon */

/* --- it dies --- */

static bool
becomes_dead(const struct emu_queue *q)
{
	for (unsigned int i = 0; i < 500; i++) {
		if (emu_send_status(&daemon_, q) == 1 && emu_recv_status(&daemon_, q) == 1)
			return true;
		usleep(10000);
	}
	return false;
}

static void *
kill_later(void *arg)
{
	(void)arg;
	usleep(300000);
	emu_daemon_kill(&daemon_);
	return NULL;
}

/* With queue q waiting in poll(). */
static void
kill_daemon(const struct emu_queue *q)
{
	struct pollfd pfd = { .fd = q->fd, .events = POLLIN };
	pthread_t thread;

	pthread_create(&thread, NULL, kill_later, NULL);
	ktap_test(poll(&pfd, 1, BOUND_MS) == 1, "who waits in poll() is woken");
	pthread_join(thread, NULL);
	ktap_test(becomes_dead(q), "status words of a started queue become 1");
}

static void
test_killed(void)
{
	const char *const name = strdup(daemon_.name);
	struct emu_queue running, again;
	int idle, rc;

	rc = emu_queue_start(&daemon_, &running);
	ktap_test(rc == 0, "a started queue: %d", rc);
	idle = queue_open(name);
	kill_daemon(&running);
	ktap_test(queue_call(running.fd, UACCE_IOC_START_Q, NULL) == -EINVAL,
			"START_Q of a started queue: EINVAL");
	ktap_test(queue_call(idle, UACCE_IOC_START_Q, NULL) == -EIO,
			"START_Q of one that was not: EIO");
	ktap_test(queue_call(running.fd, UACCE_IOC_PUT_Q, NULL) == 0 &&
					queue_call(running.fd, UACCE_IOC_START_Q, NULL) == -EIO,
			"PUT_Q, then START_Q: EIO");
	ktap_test(queue_open(name) == -EPERM, "open(): EPERM");
	ktap_test(queue_available(name) == 0, "available_instances: 0");

	rc = emu_daemon_start(&daemon_, NAME, 0, NB_QUEUES);
	ktap_test(rc == 0 && strcmp(daemon_.name, name) == 0, "a new daemon, the same device");
	ktap_test(queue_available(name) == NB_QUEUES - 2, "the old queues are still taken");
	rc = emu_queue_start(&daemon_, &again);
	ktap_test(rc == 0, "a new queue starts: %d", rc);
	ktap_test(queue_call(running.fd, UACCE_IOC_START_Q, NULL) == -EIO &&
					emu_send_status(&daemon_, &running) == 1,
			"the dead queue stays dead");
	rc = queue_call(idle, UACCE_IOC_START_Q, NULL);
	ktap_test(rc == 0, "one that never ran starts: %d", rc);
	close(idle);
	emu_queue_close(&daemon_, &running);
	emu_queue_close(&daemon_, &again);
	ktap_test(queue_available_wait(name, NB_QUEUES), "all queues are back");
}

/* --- it stops --- */

/* Who has many queues and is killed must not keep the device busy for a multiple of that time. */
static void
test_stopped_many(void)
{
	const char *const name = daemon_.name;
	struct emu_queue q[NB_QUEUES];
	int64_t start;
	int rc = 0;

	for (int i = 0; rc == 0 && i < NB_QUEUES; i++)
		rc = emu_queue_start(&daemon_, &q[i]);
	ktap_test(rc == 0, "all queues started: %d", rc);
	kill(daemon_.pid, SIGSTOP);
	start = now_ms();
	for (int i = 0; i < NB_QUEUES; i++)
		emu_queue_close(&daemon_, &q[i]);
	usleep(100000);
	/* waits for the lock that the closing of queues has */
	rc = queue_open(name);
	ktap_test(rc == -EBUSY && now_ms() - start < 2 * answer_ms,
			"all closed, with the daemon stopped: open() is %d after %ld ms", rc,
			(long)(now_ms() - start));
	kill(daemon_.pid, SIGCONT);
	ktap_test(queue_available_wait(name, NB_QUEUES), "all queues are back");
}

static void
test_stopped(void)
{
	const char *const name = daemon_.name;
	struct emu_queue q;
	int fds[NB_QUEUES], rc;
	int64_t start;

	rc = emu_queue_start(&daemon_, &q);
	fds[0] = queue_open(name);
	ktap_test(rc == 0 && fds[0] >= 0, "a started queue, and one that is not: %d", rc);
	kill(daemon_.pid, SIGSTOP);
	start = now_ms();
	rc = queue_call(fds[0], UACCE_IOC_START_Q, NULL);
	answer_ms = now_ms() - start;
	ktap_test(rc == -ETIMEDOUT && answer_ms < BOUND_MS,
			"START_Q when the daemon is stopped: %d after %ld ms", rc, (long)answer_ms);
	start = now_ms();
	emu_queue_close(&daemon_, &q);
	close(fds[0]);
	ktap_test(now_ms() - start < 1000, "close() takes %ld ms", (long)(now_ms() - start));
	/* of the one the daemon never heard; the other one it may still look at */
	ktap_test(queue_available_wait(name, NB_QUEUES - 1), "all but one queue are back");
	for (int i = 0; i < NB_QUEUES - 1; i++)
		fds[i] = queue_open(name);
	ktap_test(fds[0] >= 0 && fds[NB_QUEUES - 2] >= 0, "they can be taken");
	rc = queue_open(name);
	ktap_test(rc == -EBUSY, "the last one not: %d", rc);
	kill(daemon_.pid, SIGCONT);
	fds[NB_QUEUES - 1] = queue_open_wait(name);
	ktap_test(fds[NB_QUEUES - 1] >= 0, "until the daemon goes on");
	for (int i = 0; i < NB_QUEUES; i++)
		close(fds[i]);
	ktap_test(queue_available_wait(name, NB_QUEUES), "all queues are back");
}

/* A queue that waits for a daemon that does not answer costs the owners of others no time. */
static void
test_stopped_others(void)
{
	struct wd_info info = { .size = sizeof(info) };
	struct emu_queue closed, other;
	int64_t start;
	int fd, rc;

	rc = emu_queue_start(&daemon_, &closed) ?: emu_queue_start(&daemon_, &other);
	if (!ktap_test(rc == 0, "two started queues: %d", rc))
		return;
	kill(daemon_.pid, SIGSTOP);
	emu_queue_close(&daemon_, &closed);
	usleep(100000);
	start = now_ms();
	fd = queue_open(daemon_.name);
	ktap_test(fd >= 0 && now_ms() - start < PROMPT_MS,
			"one closed, with the daemon stopped: open() is %d after %ld ms",
			fd < 0 ? fd : 0, (long)(now_ms() - start));
	start = now_ms();
	rc = queue_call(other.fd, WD_IOC_INFO, &info);
	ktap_test(rc == 0 && now_ms() - start < PROMPT_MS, "INFO of the other is %d after %ld ms",
			rc, (long)(now_ms() - start));
	kill(daemon_.pid, SIGCONT);
	close(fd);
	emu_queue_close(&daemon_, &other);
	ktap_test(queue_available_wait(daemon_.name, NB_QUEUES), "all queues are back");
}

/* --- it is busy with a queue that was closed --- */

struct busy {
	struct emu_daemon d;
	struct emu_queue queue;
	uint8_t *page; /* of the client, not there yet */
	uint8_t *copy; /* of the daemon, comes when the test says so */
	pthread_barrier_t started;
	int daemon_fd;
	int fd; /* of the next who opens */
};

/* Here it is a thread: a start, an access to the client's memory, the queue's end. */
static void *
busy_daemon(void *arg)
{
	struct busy *b = arg;
	struct wd_emu_access access = {
		.size = sizeof(access),
		.addr = (uintptr_t)b->page,
		.buf = (uintptr_t)b->copy,
		.len = 1,
	};

	emu_daemon_event(b->daemon_fd);
	pthread_barrier_wait(&b->started);
	access.qn = b->queue.qn;
	ioctl(b->daemon_fd, WD_EMU_IOC_ACCESS, &access);
	emu_daemon_event(b->daemon_fd);
	return NULL;
}

static void *
busy_open(void *arg)
{
	struct busy *b = arg;

	b->fd = queue_open(b->d.name);
	return NULL;
}

/* Its number is free when the daemon comes back from the access, and answers. */
static void
busy_closed(struct busy *b, int fault_fd)
{
	struct pollfd pfd = { .fd = fault_fd, .events = POLLIN };
	pthread_t opener;

	ktap_test(poll(&pfd, 1, BOUND_MS) == 1, "the daemon waits for a page of its own");
	emu_queue_close(&b->d, &b->queue);
	usleep(200000);
	pthread_create(&opener, NULL, busy_open, b);
	usleep(200000);
	close(fault_fd);
	pthread_join(opener, NULL);
	ktap_test(b->fd >= 0, "the only queue, closed meanwhile: open() waits, and is %d",
			b->fd < 0 ? b->fd : 0);
	if (b->fd >= 0)
		close(b->fd);
}

static void
test_busy(void)
{
	struct busy b = { .fd = -1 };
	pthread_t daemon;
	int fault_fd, rc;

	b.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	b.copy = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fault_fd = userfault_open(b.copy, PAGE);
	b.daemon_fd = emu_attach(&b.d, NAME, UACCE_FLAG_SVA, 1);
	if (!ktap_test(fault_fd >= 0 && b.daemon_fd >= 0, "userfaultfd, and a device of one queue"))
		return;
	pthread_barrier_init(&b.started, NULL, 2);
	pthread_create(&daemon, NULL, busy_daemon, &b);
	rc = emu_queue_start(&b.d, &b.queue);
	pthread_barrier_wait(&b.started);
	if (ktap_test(rc == 0, "it is started: %d", rc))
		busy_closed(&b, fault_fd);
	pthread_join(daemon, NULL);
	close(b.daemon_fd);
	munmap(b.page, PAGE);
	munmap(b.copy, PAGE);
}

int
main(void)
{
	int rc;

	ktap_start(0);
	rc = emu_daemon_start(&daemon_, NAME, 0, NB_QUEUES);
	if (ktap_test(rc == 0, "daemon: %d", rc)) {
		test_killed();
		test_stopped();
		test_stopped_many();
		test_stopped_others();
		emu_daemon_kill(&daemon_);
	}
	test_busy();
	return ktap_finish();
}
