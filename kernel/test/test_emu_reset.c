/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * What clients and daemon of an emulated device do to each other when one of
 * them dies, or does not do its part.
 */

#include "ktap.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/time.h>

#include "fault.h"
#include "sec.h"
#include "wd_emu_abi.h"

#define NB_QUEUES 4
#define LEN 1024U
#define NB_KILLS 150
#define KILLS_MS 60000 /* on a slow kernel fewer die */
#define BOUND_MS 3000 /* what has to happen at once, in a slow guest */

static const char *const sva_device[] = { "sec,sva=1,queues=4,depth=64", NULL };
static const char *const registered_device[] = { "sec,sva=0,queues=4,depth=64", NULL };

struct data {
	uint8_t key[16];
	uint8_t iv[16];
	uint8_t src[LEN];
	uint8_t dst[64][LEN];
};

static struct sec_op
op_of(struct data *d, unsigned int i)
{
	return (struct sec_op){
		.src = d->src, .dst = d->dst[i % 64], .len = LEN, .key = d->key, .iv = d->iv
	};
}

/* Keep the queue full until it is dead, or some ops are done. Returns whether none was bad. */
static bool
load(struct sec_queue *q, struct data *d, uint64_t nb)
{
	uint64_t sent = 0, done = 0, bad = 0;

	while (done < nb && !sec_is_dead(q)) {
		const struct sec_op op = op_of(d, (unsigned int)sent);
		int64_t status;

		if (sent < nb && sec_fill(q, &op)) {
			sent++;
			sec_ring(q);
		}
		status = sec_poll(q, NULL, 0);
		if (status == -EAGAIN)
			continue;
		bad += sec_verdict(status) != 0;
		done++;
	}
	return bad == 0;
}

/* A device of that kind; its name, or NULL. */
static const char *
start(struct daemon *daemon, const char *const *device)
{
	return ktap_test(daemon_start(daemon, device) == 0, "a daemon makes %s", device[0]) ?
			daemon->names[0] :
			NULL;
}

static void
wait_available(const char *name, int nb)
{
	const int64_t start_ms = now_ms();

	while (atoi(device_attr(name, UACCE_ATTR_AVAILABLE)) != nb && now_ms() - start_ms < 10000)
		usleep(10000);
	ktap_test(atoi(device_attr(name, UACCE_ATTR_AVAILABLE)) == nb, "%s of %d queues are free",
			device_attr(name, UACCE_ATTR_AVAILABLE), nb);
}

/* --- the daemon is killed --- */

static pid_t
kill_later(pid_t pid, unsigned int us)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		usleep(us);
		kill(pid, SIGKILL);
		_exit(0);
	}
	return child;
}

static void
test_daemon_killed(struct data *d, const char *const *device)
{
	struct sec_queue running, idle;
	struct daemon daemon, again;
	const char *name = start(&daemon, device);
	const int64_t start_ms = now_ms();
	pid_t killer;
	int fd, rc;

	if (name == NULL)
		return;
	if (!ktap_test(sec_open(&running, name, false) == 0 &&
					    sec_open_stopped(&idle, name, false) == 0,
			    "two queues, one started"))
		return;
	if (device == registered_device)
		ktap_test(mem_register(running.fd, d, HUGE_SIZE) == 0, "memory is registered");
	killer = kill_later(daemon.pid, 200000);
	ktap_test(load(&running, d, UINT64_MAX), "no op fails before the daemon is killed");
	ktap_test(now_ms() - start_ms < BOUND_MS, "status words tell of it, after %d ms",
			(int)(now_ms() - start_ms));
	ktap_test(sec_is_dead(&idle), "also where the queue had not started");
	waitpid(killer, NULL, 0);
	daemon_end(&daemon, SIGKILL);
	rc = sec_start(&idle);
	ktap_test(rc == -EIO, "START is %s", rc == 0 ? "done" : strerror(-rc));
	fd = queue_open(name);
	ktap_test(fd == -EPERM, "open() is %s", fd >= 0 ? "done" : strerror(-fd));
	ktap_test(atoi(device_attr(name, UACCE_ATTR_AVAILABLE)) == 0, "no queue is free");
	ktap_test(queue_call(running.fd, UACCE_IOC_PUT_Q, NULL) == 0,
			"the dead queue can be stopped");

	if (ktap_test(daemon_start(&again, device) == 0, "another daemon starts")) {
		ktap_test(strcmp(again.names[0], name) == 0, "it has the same device, %s",
				again.names[0]);
		ktap_test(sec_start(&running) == -EIO, "what was dead stays so");
		ktap_test(sec_start(&idle) == 0 && !sec_is_dead(&idle) && load(&idle, d, 100),
				"what had not started works");
		sec_close(&running);
		ktap_test(sec_open(&running, name, false) == 0 && load(&running, d, 100),
				"and so does a new queue");
	}
	sec_close(&running);
	sec_close(&idle);
	if (again.pid > 0)
		wait_available(name, NB_QUEUES);
	ktap_test(daemon_end(&again, SIGTERM) == 0, "it ends");
}

/* --- clients are killed --- */

static void
client(const char *name, bool registered)
{
	struct data *d = registered ? huge_alloc(1) :
				      mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE,
						      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (;;) {
		struct sec_queue q;
		int rc;

		if (d == NULL || sec_open(&q, name, false) != 0)
			_exit(1);
		/* still registered if the queue before it is not torn down yet */
		rc = registered ? mem_register(q.fd, d, HUGE_SIZE) : 0;
		if (rc != 0 && rc != -EALREADY)
			_exit(2);
		if (!load(&q, d, 200))
			_exit(3);
		if (random() % 2 == 0)
			queue_call(q.fd, UACCE_IOC_PUT_Q, NULL);
		sec_close(&q);
	}
}

static void
test_clients_killed(struct data *d, const char *const *device)
{
	const bool registered = device == registered_device;
	struct sec_queue q;
	struct daemon daemon;
	const char *name = start(&daemon, device);
	unsigned int nb_killed = 0;
	bool good = true;
	int64_t end;

	if (name == NULL)
		return;
	if (!ktap_test(sec_open(&q, name, false) == 0, "a queue of who survives"))
		return;
	if (registered)
		ktap_test(mem_register(q.fd, d, HUGE_SIZE) == 0, "memory is registered");
	end = now_ms() + KILLS_MS;
	while (good && nb_killed < NB_KILLS && now_ms() < end) {
		pid_t pids[2];

		fflush(stdout);
		for (unsigned int i = 0; i < 2; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				srandom((unsigned int)getpid());
				client(name, registered);
			}
		}
		good = load(&q, d, (uint64_t)random() % 60);
		for (unsigned int i = 0; i < 2; i++) {
			int status;

			usleep((useconds_t)random() % 30000);
			kill(pids[i], SIGKILL);
			waitpid(pids[i], &status, 0);
			if (!WIFSIGNALED(status)) {
				ktap_diag("a client ended with %d", WEXITSTATUS(status));
				good = false;
			}
			nb_killed++;
		}
	}
	if (good && nb_killed < NB_KILLS)
		ktap_left_out("%u of %u kills", NB_KILLS - nb_killed, NB_KILLS);
	ktap_test(good, "killed %u clients, the others saw nothing", nb_killed);
	ktap_test(daemon_alive(&daemon), "the daemon lives");
	sec_close(&q);
	wait_available(name, NB_QUEUES);
	ktap_test(daemon_end(&daemon, SIGTERM) == 0, "and ends when told to");
}

/* --- a page that does not come --- */

static int
stuck_client(void *arg)
{
	const size_t page = PAGE;
	void *hole = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct data *d = calloc(1, sizeof(*d));
	struct sec_queue q, second;
	struct sec_op op = op_of(d, 0);
	int64_t start_ms;

	/* before the queue is opened, so that it is closed after it */
	if (userfault_open(hole, page) < 0)
		return 10;
	if (sec_open(&q, arg, false) != 0 || sec_open(&second, arg, false) != 0)
		return 11;
	op.dst = hole;
	start_ms = now_ms();
	sec_fill(&q, &op);
	sec_ring(&q);
	while (!sec_is_dead(&q)) {
		if (now_ms() - start_ms > 3 * BOUND_MS)
			return 12;
		usleep(1000);
	}
	if (!sec_is_dead(&second))
		return 13;
	/* closing does not wait for the page */
	start_ms = now_ms();
	sec_close(&second);
	if (queue_call(q.fd, UACCE_IOC_PUT_Q, NULL) != 0)
		return 14;
	if (now_ms() - start_ms > 3 * BOUND_MS)
		return 15;
	kill(getpid(), SIGKILL);
	return 16;
}

static void
test_stuck_page(struct data *d)
{
	struct sec_queue q;
	struct daemon daemon;
	const char *name = start(&daemon, sva_device);
	int rc;

	if (name == NULL)
		return;
	if (!ktap_test(sec_open(&q, name, false) == 0, "a queue of another process"))
		return;
	rc = in_child(stuck_client, (void *)(uintptr_t)name);
	if (rc == 10)
		ktap_skip("no userfaultfd here", "a page that does not come");
	else
		ktap_test(rc == -1, "a client whose page does not come is cut off, and ends (%d)",
				rc);
	ktap_test(load(&q, d, 100), "the others go on");
	sec_close(&q);
	wait_available(name, NB_QUEUES);
	ktap_test(daemon_end(&daemon, SIGTERM) == 0, "the daemon ends");
}

/* --- a daemon that does not answer --- */

static int
attach(struct wd_emu_attach *a, int flags)
{
	const int fd = open(WD_EMU_NODE, O_RDWR | O_CLOEXEC | flags);
	int rc;

	if (fd < 0)
		return -errno;
	rc = queue_call(fd, WD_EMU_IOC_ATTACH, a);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static struct wd_emu_attach
attach_default(void)
{
	const uint32_t page = (uint32_t)PAGE;

	return (struct wd_emu_attach){
		.size = sizeof(struct wd_emu_attach),
		.name = "wd_test",
		.api = "test",
		.algorithms = "none\n",
		.nb_queues = 2,
		.max_qc_type = 1,
		.sqe_size = 128,
		.sq_depth = 8,
		.cq_depth = 8,
		.mmio_size = page,
		.dus_size = 2 * page,
		.send_status_from_end = 4,
		.recv_status_from_end = 8,
		.id = -1,
	};
}

static void
test_attach(void)
{
	const uint32_t page = (uint32_t)PAGE;
	const struct {
		size_t offset;
		uint32_t value;
	} wrong[] = {
		{ offsetof(struct wd_emu_attach, size), 8 },
		{ offsetof(struct wd_emu_attach, flags), 2 },
		{ offsetof(struct wd_emu_attach, name), 0 },
		{ offsetof(struct wd_emu_attach, api), 0x2f2e2e },
		{ offsetof(struct wd_emu_attach, algorithms), 0x61 },
		{ offsetof(struct wd_emu_attach, nb_queues), 0 },
		{ offsetof(struct wd_emu_attach, nb_queues), WD_EMU_MAX_QUEUES + 1 },
		{ offsetof(struct wd_emu_attach, mmio_size), 0 },
		{ offsetof(struct wd_emu_attach, mmio_size), 100 },
		{ offsetof(struct wd_emu_attach, dus_size), 0xfffff000 },
		{ offsetof(struct wd_emu_attach, dus_size), WD_EMU_MAX_REGION + page },
		{ offsetof(struct wd_emu_attach, sq_db_offset), page - 4 },
		{ offsetof(struct wd_emu_attach, sq_db_offset), 0xfffffff8 },
		{ offsetof(struct wd_emu_attach, cq_db_offset), page },
		{ offsetof(struct wd_emu_attach, send_status_from_end), 0 },
		{ offsetof(struct wd_emu_attach, send_status_from_end), 6 },
		{ offsetof(struct wd_emu_attach, recv_status_from_end), 2 * page + 4 },
		{ offsetof(struct wd_emu_attach, id), (uint32_t)-2 },
		{ offsetof(struct wd_emu_attach, reserved), 1 },
	};
	struct wd_emu_attach a = attach_default();
	unsigned int nb_refused = 0;
	int fd, second;

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct wd_emu_attach bad = a;
		int rc;

		memcpy((uint8_t *)&bad + wrong[i].offset, &wrong[i].value, sizeof(uint32_t));
		rc = attach(&bad, 0);
		if (rc == -EINVAL)
			nb_refused++;
		else
			ktap_diag("wrong value %u gives %d", i, rc);
		if (rc >= 0)
			close(rc);
	}
	ktap_test(nb_refused == sizeof(wrong) / sizeof(wrong[0]), "%u wrong values are EINVAL",
			nb_refused);
	fd = attach(&a, 0);
	if (!ktap_test(fd >= 0, "a device can be made"))
		return;
	second = attach(&a, 0);
	ktap_test(second == -EBUSY, "it can have only one daemon");
	ktap_test(queue_call(fd, WD_EMU_IOC_ATTACH, &a) == -EALREADY, "and a file only one device");
	close(fd);
	a.nb_queues++;
	ktap_test(attach(&a, 0) == -EEXIST, "its values do not change");
	a.nb_queues--;
	fd = attach(&a, 0);
	ktap_test(fd >= 0, "the next daemon takes it over");
	close(fd);
}

static int
answer(int fd, uint16_t qn, uint16_t type, int error)
{
	struct wd_emu_ack ack = { .size = sizeof(ack), .qn = qn, .type = type, .error = error };

	return queue_call(fd, WD_EMU_IOC_ACK, &ack);
}

static int
access_client(int fd, uint16_t qn, uint64_t addr, void *buf, uint64_t len, uint16_t write)
{
	struct wd_emu_access arg = { .size = sizeof(arg),
		.qn = qn,
		.write = write,
		.addr = addr,
		.buf = (uintptr_t)buf,
		.len = len };

	return queue_call(fd, WD_EMU_IOC_ACCESS, &arg);
}

/* START in a child, as it waits for the answer. Its status: the errno. */
static pid_t
start_elsewhere(const char *name)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		const int fd = queue_open_wait(name);
		int rc = fd < 0 ? fd : queue_call(fd, UACCE_IOC_START_Q, NULL);

		if (rc == 0)
			pause();
		_exit(-rc);
	}
	return pid;
}

/* The next event, or type 0 after some seconds. */
static struct wd_emu_event
next_event(int fd)
{
	struct wd_emu_event event = { 0 };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	if (poll(&pfd, 1, SEC_TIMEOUT_MS) == 1 && read(fd, &event, sizeof(event)) != sizeof(event))
		event.type = 0;
	return event;
}

static void *
daemon_map(int fd, unsigned int qn, unsigned int region, size_t size)
{
	void *va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			(off_t)WD_EMU_MMAP_OFFSET(qn, region));

	return va == MAP_FAILED ? NULL : va;
}

static void
test_protocol(void)
{
	const size_t page = PAGE;
	struct wd_emu_attach a = attach_default();
	struct wd_emu_event event;
	char name[64], byte = 0;
	uint32_t *mmio;
	int fd, bare, status, rc;
	pid_t pid;

	bare = open(WD_EMU_NODE, O_RDWR | O_CLOEXEC);
	ktap_test(bare >= 0 && answer(bare, 0, WD_EMU_START, 0) == -ENODEV &&
					read(bare, &event, sizeof(event)) < 0 && errno == ENODEV,
			"nothing works before ATTACH");
	close(bare);
	a.flags = UACCE_FLAG_SVA;
	fd = attach(&a, O_NONBLOCK);
	if (!ktap_test(fd >= 0, "a device can be made"))
		return;
	snprintf(name, sizeof(name), "%s-%d", a.name, a.id);
	ktap_test(read(fd, &event, sizeof(event)) < 0 && errno == EAGAIN, "no event yet");
	ktap_test(answer(fd, 0, WD_EMU_START, 0) == -EINVAL &&
					answer(fd, 2, WD_EMU_START, 0) == -EINVAL &&
					answer(fd, 0, WD_EMU_STOP, 0) == -EINVAL,
			"an answer that nobody waits for is EINVAL");
	ktap_test(daemon_map(fd, 0, 0, page) == NULL && errno == ESHUTDOWN,
			"nothing to map before START");

	/* refused by the daemon */
	pid = start_elsewhere(name);
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_START && event.pid == pid, "START is told, and who starts");
	ktap_test(access_client(fd, event.qn, (uintptr_t)&event, &byte, 1, 0) == -ESHUTDOWN,
			"no access before the answer");
	ktap_test(answer(fd, event.qn, WD_EMU_START, ENOSPC) == 0, "the answer is an error");
	waitpid(pid, &status, 0);
	ktap_test(WIFEXITED(status) && WEXITSTATUS(status) == ENOSPC, "which the client gets");

	/* runs, and is killed */
	pid = start_elsewhere(name);
	event = next_event(fd);
	mmio = daemon_map(fd, event.qn, UACCE_REGION_MMIO, page);
	ktap_test(mmio != NULL, "doorbells can be mapped");
	ktap_test(daemon_map(fd, event.qn, UACCE_REGION_DUS, page) == NULL && errno == EINVAL &&
					daemon_map(fd, event.qn, 2, page) == NULL &&
					errno == EINVAL &&
					daemon_map(fd, a.nb_queues, 0, page) == NULL &&
					errno == EINVAL,
			"wrong sizes and numbers are EINVAL");
	ktap_test(answer(fd, event.qn, WD_EMU_START, 0) == 0, "it starts");
	/* a child of this process: the same addresses */
	rc = access_client(fd, event.qn, (uintptr_t)&byte, &byte, 1, 0);
	ktap_test(rc == 0, "its memory is read");
	ktap_test(access_client(fd, event.qn, (uintptr_t)&byte, &byte, 0, 0) == -EINVAL &&
					access_client(fd, event.qn, (uintptr_t)&byte, &byte,
							WD_EMU_MAX_ACCESS + 1, 0) == -EINVAL &&
					access_client(fd, event.qn, (uintptr_t)&byte, &byte, 1,
							2) == -EINVAL &&
					access_client(fd, 9, (uintptr_t)&byte, &byte, 1, 0) ==
							-EINVAL,
			"wrong arguments are EINVAL");
	ktap_test(access_client(fd, event.qn, UINT64_MAX - 1, &byte, 4, 0) == -EFAULT &&
					access_client(fd, event.qn, 0, &byte, 1, 0) == -EFAULT &&
					access_client(fd, event.qn, (uintptr_t)&byte, NULL, 1, 0) ==
							-EFAULT,
			"bad addresses of either side are EFAULT");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_STOP, "its end is told");
	ktap_test(access_client(fd, event.qn, (uintptr_t)&byte, &byte, 1, 0) == -ESHUTDOWN,
			"no access after that");
	if (mmio != NULL)
		*mmio = 1; /* pages that are nobody's else */
	ktap_test(atoi(device_attr(name, UACCE_ATTR_AVAILABLE)) == 1,
			"the number waits for the answer");
	ktap_test(answer(fd, event.qn, WD_EMU_STOP, 0) == 0, "which comes");
	wait_available(name, 2);

	/* killed while it waits, before the daemon reads of it */
	pid = start_elsewhere(name);
	usleep(300000);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	wait_available(name, 2);
	ktap_test(read(fd, &event, sizeof(event)) < 0 && errno == EAGAIN,
			"a START that was given up is not told");

	/* killed while it waits, after that */
	pid = start_elsewhere(name);
	event = next_event(fd);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	usleep(300000);
	ktap_test(answer(fd, event.qn, WD_EMU_START, 0) == 0, "an answer that is late is taken");
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_STOP && answer(fd, event.qn, WD_EMU_STOP, 0) == 0,
			"and STOP follows");
	wait_available(name, 2);

	/* no answer at all */
	pid = start_elsewhere(name);
	event = next_event(fd);
	waitpid(pid, &status, 0);
	ktap_test(WIFEXITED(status) && WEXITSTATUS(status) == ETIMEDOUT,
			"without an answer START is given up");
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_STOP, "and stopped");
	ktap_test(atoi(device_attr(name, UACCE_ATTR_AVAILABLE)) == 1, "its number is kept");
	if (mmio != NULL)
		munmap(mmio, page);
	close(fd);
	fd = attach(&a, 0);
	ktap_test(fd >= 0, "until there is another daemon: %d", fd);
	wait_available(name, 2);
	close(fd);
}

/* A client that starts and stops its queue all the time, in a child. */
static pid_t
start_and_stop_elsewhere(const char *name)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		const int fd = queue_open_wait(name);

		while (queue_call(fd, UACCE_IOC_START_Q, NULL) == 0 &&
				queue_call(fd, UACCE_IOC_PUT_Q, NULL) == 0)
			;
		_exit(1);
	}
	return pid;
}

/* Whoever has a low number and is busy with it does not keep others from being heard. */
static void
test_fair(void)
{
	struct wd_emu_attach a = attach_default();
	struct wd_emu_event event;
	pid_t busy, other;
	char name[64];
	int fd;

	fd = attach(&a, 0);
	if (!ktap_test(fd >= 0, "a device can be made"))
		return;
	snprintf(name, sizeof(name), "%s-%d", a.name, a.id);
	busy = start_and_stop_elsewhere(name);
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_START && event.qn == 0, "queue 0 starts");
	other = start_elsewhere(name);
	usleep(300000);
	answer(fd, 0, WD_EMU_START, 0);
	usleep(300000); /* it is to be stopped, now */
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_START && event.qn == 1,
			"queue 1, which came before that, is told first: %u of %u", event.type,
			event.qn);
	answer(fd, event.qn, (uint16_t)event.type, 0);
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_STOP && event.qn == 0, "then the stop of queue 0");
	answer(fd, event.qn, (uint16_t)event.type, 0);
	kill(busy, SIGKILL);
	kill(other, SIGKILL);
	waitpid(busy, NULL, 0);
	waitpid(other, NULL, 0);
	close(fd);
}

/* --- dead before it runs --- */

/* Starts one queue, then the other; exits with the errno of the latter. */
static void
two_queues_run(const char *name, _Atomic(void *) *hole_told)
{
	void *hole = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds[2];

	if (userfault_open(hole, PAGE) < 0)
		_exit(200);
	fds[0] = queue_open_wait(name);
	fds[1] = queue_open_wait(name);
	if (queue_call(fds[0], UACCE_IOC_START_Q, NULL) != 0)
		_exit(201);
	atomic_store(hole_told, hole);
	_exit(-queue_call(fds[1], UACCE_IOC_START_Q, NULL));
}

/* A client is cut off while another queue of it waits for the answer to START. */
static void
test_dead_before_it_runs(void)
{
	_Atomic(void *) *hole_told = mmap(NULL, sizeof(*hole_told), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct wd_emu_attach a = attach_default();
	struct wd_emu_event event;
	uint8_t byte = 0;
	char name[64];
	int fd, status, rc;
	pid_t pid;

	a.flags = UACCE_FLAG_SVA;
	fd = attach(&a, 0);
	if (!ktap_test(fd >= 0, "a device can be made"))
		return;
	snprintf(name, sizeof(name), "%s-%d", a.name, a.id);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		two_queues_run(name, hole_told);
	event = next_event(fd);
	if (event.type == 0 && waitpid(pid, &status, WNOHANG) == pid) {
		ktap_skip("no userfaultfd here",
				"a client that is cut off while it starts a queue");
		close(fd);
		return;
	}
	answer(fd, event.qn, WD_EMU_START, 0);
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_START, "its second queue starts");
	rc = access_client(fd, 0, (uintptr_t)atomic_load(hole_told), &byte, 1, 0);
	ktap_test(rc == -ETIMEDOUT, "a page of it does not come: %s", strerror(-rc));
	ktap_test(answer(fd, event.qn, WD_EMU_START, 0) == 0, "then START is answered");
	rc = access_client(fd, event.qn, (uintptr_t)&byte, &byte, 1, 0);
	ktap_test(rc == -ESHUTDOWN, "the queue does not run: %s", strerror(-rc));
	event = next_event(fd);
	ktap_test(event.type == WD_EMU_STOP, "its end is told");
	waitpid(pid, &status, 0);
	ktap_test(WIFEXITED(status) && WEXITSTATUS(status) == EIO, "START_Q of the client: %s",
			strerror(WEXITSTATUS(status)));
	munmap(hole_told, sizeof(*hole_told));
	close(fd);
}

int
main(void)
{
	struct data *d;

	ktap_start(0);
	srandom(1);
	d = huge_alloc(1);
	if (ktap_test(d != NULL, "a hugepage")) {
		test_attach();
		test_protocol();
		test_fair();
		test_dead_before_it_runs();
		test_daemon_killed(d, sva_device);
		test_daemon_killed(d, registered_device);
		test_clients_killed(d, sva_device);
		test_clients_killed(d, registered_device);
		test_stuck_page(d);
		munmap(d, HUGE_SIZE);
	}
	return ktap_finish();
}
