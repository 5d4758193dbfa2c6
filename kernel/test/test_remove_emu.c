/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * wd_emu.ko is unloaded while clients have its queues open, mapped and started.
 * Leaves it loaded.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "emu.h"
#include "fault.h"
#include "ktap.h"
#include "modules.h"

#define NAME "wd_remove"
#define NB_QUEUES 4
#define NB_ROUNDS 15
#define NB_THREADS 4

static struct emu_daemon daemon_;

static short
poll_events(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 10000) < 0 ? -1 : pfd.revents;
}

static void *
poll_thread(void *arg)
{
	return (void *)(intptr_t)poll_events(*(int *)arg);
}

/* Every call of a queue whose device is gone. */
static void
test_dead(const struct emu_queue *q, void *page)
{
	struct wd_info info = { .size = sizeof(info) };
	struct uacce_qp_info qp_info;
	struct uacce_qp_ctx ctx = { .qc_type = 0 };
	uint32_t word = 0;

	ktap_test(queue_call(q->fd, UACCE_IOC_START_Q, NULL) == -ENXIO &&
					queue_call(q->fd, UACCE_IOC_PUT_Q, NULL) == -ENXIO &&
					queue_call(q->fd, UACCE_IOC_QP_CTX, &ctx) == -ENXIO &&
					queue_call(q->fd, UACCE_IOC_QP_INFO, &qp_info) == -ENXIO &&
					queue_call(q->fd, WD_IOC_INFO, &info) == -ENXIO,
			"calls: ENXIO");
	ktap_test(mem_register(q->fd, (uint8_t *)page + HUGE_SIZE, HUGE_SIZE) == -ENXIO &&
					mem_unregister(q->fd, page, HUGE_SIZE) == -ENXIO,
			"memory can be neither registered nor unregistered: ENXIO");
	ktap_test(poll_events(q->fd) == (POLLERR | POLLHUP), "poll(): POLLERR and POLLHUP");
	ktap_test(fault_touch(q->dus, true, NULL) == 0 && fault_touch(q->mmio, true, NULL) == 0,
			"mappings can be read and written");
	ktap_test(fault_touch((uint32_t *)((uint8_t *)q->dus + daemon_.dus_size - 4), false,
				  &word) == 0 &&
					word == 1,
			"status words are 1");
	munmap(q->mmio, daemon_.mmio_size);
	ktap_test(queue_map(q->fd, UACCE_REGION_MMIO, daemon_.mmio_size) == NULL && errno == ENXIO,
			"unmapped it cannot be mapped again: ENXIO");
	munmap(q->dus, daemon_.dus_size);
}

static void
test_unload(void)
{
	uint8_t *pages = huge_alloc(2);
	struct emu_queue q, again;
	pthread_t thread;
	int64_t start;
	void *events;
	int idle, rc;

	rc = emu_queue_start(&daemon_, &q);
	idle = queue_open(daemon_.name);
	ktap_test(rc == 0 && idle >= 0 && mem_register(q.fd, pages, HUGE_SIZE) == 0,
			"a started queue with memory, and one that is open: %d", rc);
	ktap_test(module_unload("wd_emu") == -EWOULDBLOCK, "wd_emu stays while it has a daemon");
	emu_daemon_kill(&daemon_);
	pthread_create(&thread, NULL, poll_thread, &idle);
	usleep(200000);
	start = now_ms();
	rc = module_unload("wd_emu");
	ktap_test(rc == 0 && now_ms() - start < 5000, "then it is unloaded: %d after %ld ms", rc,
			(long)(now_ms() - start));
	pthread_join(thread, &events);
	ktap_test((intptr_t)events == (POLLERR | POLLHUP), "who waits in poll() is woken");
	ktap_test(module_unload("wd") == -EWOULDBLOCK, "wd stays while files are open");
	ktap_test(queue_open(daemon_.name) == -ENOENT, "the device node is gone");
	test_dead(&q, pages);
	rc = module_load("wd_emu", "");
	ktap_test(rc == 0, "loaded again: %d", rc);
	rc = emu_daemon_start(&daemon_, NAME, 0, NB_QUEUES);
	ktap_test(rc == 0, "a daemon: %d", rc);
	rc = emu_queue_start(&daemon_, &again);
	ktap_test(rc == 0, "a queue, while the old ones are open: %d", rc);
	ktap_test(emu_write(&daemon_, again.qn, pages, 4096, 0x42) == 0 && pages[4095] == 0x42,
			"what was registered before serves it");
	close(q.fd);
	close(idle);
	ktap_test(emu_write(&daemon_, again.qn, pages, 4096, 0x43) == 0 && pages[4095] == 0x43 &&
					mem_unregister(again.fd, pages, HUGE_SIZE) == 0,
			"and does after they are closed");
	emu_queue_close(&daemon_, &again);
	munmap(pages, 2 * HUGE_SIZE);
}

/* --- again and again, with clients in the middle of things --- */

static atomic_bool clients_end;
static atomic_uint nb_started;

static void *
client_run(void *arg)
{
	struct emu_queue q;

	while (!atomic_load(&clients_end)) {
		const int rc = emu_queue_start(&daemon_, &q);

		if (q.fd >= 0)
			mem_register(q.fd, arg, HUGE_SIZE);
		atomic_fetch_add(&nb_started, rc == 0);
		if (rc == 0)
			queue_call(q.fd, UACCE_IOC_PUT_Q, NULL);
		if (q.dus != NULL)
			munmap(q.dus, daemon_.dus_size);
		if (q.mmio != NULL)
			munmap(q.mmio, daemon_.mmio_size);
		if (q.fd >= 0)
			close(q.fd);
		else
			usleep(1000);
	}
	return NULL;
}

static void
test_rounds(void)
{
	pthread_t threads[NB_THREADS];
	uint8_t *pages = huge_alloc(NB_THREADS);
	unsigned int nb = 0;
	bool good = true;

	for (size_t i = 0; i < NB_THREADS; i++)
		pthread_create(&threads[i], NULL, client_run, pages + i * HUGE_SIZE);
	for (; good && nb < NB_ROUNDS; nb++) {
		usleep((unsigned int)rand() % 100000);
		emu_daemon_kill(&daemon_);
		usleep((unsigned int)rand() % 2000);
		good = module_unload("wd_emu") == 0 && module_load("wd_emu", "") == 0 &&
				emu_daemon_start(&daemon_, NAME, 0, NB_QUEUES) == 0;
	}
	atomic_store(&clients_end, true);
	for (size_t i = 0; i < NB_THREADS; i++)
		pthread_join(threads[i], NULL);
	munmap(pages, NB_THREADS * HUGE_SIZE);
	ktap_test(good, "killed, unloaded and loaded %u times, with %u queues started meanwhile",
			nb, atomic_load(&nb_started));
	ktap_test(atomic_load(&nb_started) > 0, "clients worked");
	ktap_test(queue_available_wait(daemon_.name, NB_QUEUES), "no queue is lost");
}

/* --- a page of a client does not come --- */

/* Of a client, which stays. */
static struct stuck {
	_Atomic(void *) page;
	uint16_t qn;
} * stuck;

static void
stuck_run(const struct emu_daemon *d)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct emu_queue q;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (userfault_open(page, PAGE) < 0)
		_exit(1);
	if (emu_queue_start(d, &q) != 0)
		_exit(2);
	stuck->qn = q.qn;
	atomic_store(&stuck->page, page);
	pause();
}

/* rmmod in a child, as it may wait; what it says, or -EINPROGRESS after seconds. */
static int
unload_elsewhere(pid_t *pid)
{
	int status;

	fflush(stdout);
	*pid = fork();
	if (*pid == 0)
		_exit(-module_unload("wd_emu"));
	for (unsigned int i = 0; i < 300; i++) {
		if (waitpid(*pid, &status, WNOHANG) == *pid)
			return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
		usleep(10000);
	}
	return -EINPROGRESS;
}

static void
test_stuck_page(void)
{
	struct emu_daemon sva;
	pid_t client, unloader;
	int rc, status;

	stuck = mmap(NULL, sizeof(*stuck), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			0);
	rc = emu_daemon_start(&sva, NAME "_sva", UACCE_FLAG_SVA, 1);
	ktap_test(rc == 0, "a device with SVA: %d", rc);
	fflush(stdout);
	client = fork();
	if (client == 0)
		stuck_run(&sva);
	while (atomic_load(&stuck->page) == NULL && waitpid(client, &status, WNOHANG) == 0)
		usleep(1000);
	if (atomic_load(&stuck->page) == NULL) {
		if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
			ktap_skip("no userfaultfd here", "a page that does not come");
		else
			ktap_test(false, "a client: %#x", status);
		emu_daemon_kill(&sva);
		return;
	}
	rc = emu_read(&sva, stuck->qn, atomic_load(&stuck->page), 64, 0);
	ktap_test(rc == -ETIMEDOUT, "a page of a client does not come: %s", strerror(-rc));
	emu_daemon_kill(&sva);
	rc = unload_elsewhere(&unloader);
	ktap_test(rc == -EWOULDBLOCK, "wd_emu stays while it waits for that page: %s",
			strerror(-rc));
	kill(client, SIGKILL);
	waitpid(client, NULL, 0);
	if (rc == -EINPROGRESS)
		waitpid(unloader, NULL, 0);
	for (unsigned int i = 0; rc == -EWOULDBLOCK && i < 1000; i++) {
		rc = module_unload("wd_emu");
		usleep(10000);
	}
	ktap_test(rc == 0, "it is unloaded when the client has gone: %s", strerror(-rc));
	ktap_test(module_load("wd_emu", "") == 0, "loaded again");
}

int
main(void)
{
	int rc;

	ktap_start(0);
	rc = emu_daemon_start(&daemon_, NAME, 0, NB_QUEUES);
	if (ktap_test(rc == 0, "daemon: %d", rc)) {
		test_unload();
		test_rounds();
		emu_daemon_kill(&daemon_);
		test_stuck_page();
	}
	return ktap_finish();
}
