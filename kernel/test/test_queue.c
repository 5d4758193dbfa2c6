/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Queues: how many there are, their states, their mappings, their calls, and
 * many threads at once.
 */

#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdatomic.h>

#include "emu.h"
#include "fault.h"
#include "ktap.h"

#define NAME "wd_test"
#define NB_QUEUES 4
#define STRESS_SECONDS 5

static struct emu_daemon daemon_;

/* --- attributes --- */

static bool
attr_is(const char *attr, const char *text)
{
	char path[PATH_MAX], was[512];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/uacce/%s/%s", daemon_.name, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, was, sizeof(was));
		close(fd);
	}
	return n == (ssize_t)strlen(text) && memcmp(was, text, (size_t)n) == 0;
}

static void
test_attributes(void)
{
	char text[64];

	ktap_test(attr_is("api", "wd_test_v1\n"), "api");
	ktap_test(attr_is("flags", "0\n"), "flags: no shared page tables");
	ktap_test(attr_is("available_instances", "4\n"), "available_instances");
	ktap_test(attr_is("algorithms", "test\n"), "algorithms");
	snprintf(text, sizeof(text), "%zu\n", daemon_.mmio_size);
	ktap_test(attr_is("region_mmio_size", text), "region_mmio_size");
	snprintf(text, sizeof(text), "%zu\n", daemon_.dus_size);
	ktap_test(attr_is("region_dus_size", text), "region_dus_size");
	ktap_test(attr_is("memory", "registered\n"), "memory");
	ktap_test(attr_is("device/numa_node", "0\n"), "device/numa_node");
}

/* A number of which there is no device node, or another driver's. */
static void
test_numbers(void)
{
	static const int ids[] = { 1024, 1 << 20, INT_MAX };
	struct emu_daemon d;
	int fd = open(WD_EMU_NODE, O_RDWR | O_CLOEXEC), rc = -EINVAL;

	for (size_t i = 0; rc == -EINVAL && i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct wd_emu_attach attach = emu_attach_conf(&d, "wd_number", 0, 1);

		attach.id = ids[i];
		rc = queue_call(fd, WD_EMU_IOC_ATTACH, &attach);
	}
	ktap_test(rc == -EINVAL, "devices have numbers below 1024: %d", rc);
	close(fd);
}

/* --- sharing --- */

struct user {
	pid_t pid;
	int stop;
};

/* A process that has a queue. */
static bool
user_start(struct user *user)
{
	int ready[2], stop[2], fd;
	char c = 0;

	if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(stop, O_CLOEXEC) != 0)
		return false;
	fflush(stdout);
	user->pid = fork();
	if (user->pid == 0) {
		fd = queue_open(daemon_.name);
		c = fd >= 0;
		_exit(write(ready[1], &c, 1) != 1 || read(stop[0], &c, 1) != 1);
	}
	close(ready[1]);
	close(stop[0]);
	user->stop = stop[1];
	if (read(ready[0], &c, 1) != 1)
		c = 0;
	close(ready[0]);
	return c == 1;
}

static bool
user_end(struct user *user)
{
	bool good = write(user->stop, "x", 1) == 1;
	int status;

	close(user->stop);
	return good && waitpid(user->pid, &status, 0) == user->pid && WIFEXITED(status) &&
			WEXITSTATUS(status) == 0;
}

static void
test_sharing(void)
{
	struct user users[NB_QUEUES];
	bool good = true;
	int fd, i;

	for (i = 0; i < NB_QUEUES; i++) {
		good &= user_start(&users[i]);
		good &= queue_available(daemon_.name) == NB_QUEUES - 1 - i;
	}
	ktap_test(good, "%d processes have a queue each, available_instances counts down",
			NB_QUEUES);
	ktap_test(queue_open(daemon_.name) == -EBUSY, "one more gets EBUSY");
	ktap_test(user_end(&users[0]), "one of them ends");
	fd = queue_open_wait(daemon_.name);
	ktap_test(fd >= 0, "its queue can be taken: %d", fd);
	ktap_test(queue_open(daemon_.name) == -EBUSY, "the next one gets EBUSY");
	close(fd);
	ktap_test(queue_available_wait(daemon_.name, 1), "close() gives it back");
	for (good = true, i = 1; i < NB_QUEUES; i++) {
		good &= user_end(&users[i]);
		good &= queue_available_wait(daemon_.name, i + 1);
	}
	ktap_test(good, "available_instances counts up");
}

/* --- states --- */

static bool
all_zero(const void *region, size_t size)
{
	const uint8_t *p = region;

	return p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
}

static void
test_states(void)
{
	struct emu_queue q;
	int rc;

	q.fd = queue_open(daemon_.name);
	ktap_test(queue_call(q.fd, UACCE_IOC_PUT_Q, NULL) == 0, "PUT_Q before START_Q");
	close(q.fd);
	rc = emu_queue_start(&daemon_, &q);
	if (!ktap_test(rc == 0, "opened, mapped and started: %d", rc))
		return;
	ktap_test(all_zero(q.dus, daemon_.dus_size) && all_zero(q.mmio, daemon_.mmio_size),
			"rings, doorbells and status words are zero");
	ktap_test(queue_call(q.fd, UACCE_IOC_START_Q, NULL) == -EINVAL, "START_Q twice: EINVAL");
	memset(q.dus, 0x5a, daemon_.dus_size);
	memset(q.mmio, 0x5a, daemon_.mmio_size);
	ktap_test(queue_call(q.fd, UACCE_IOC_PUT_Q, NULL) == 0, "PUT_Q");
	memset(q.dus, 0xa5, daemon_.dus_size);
	memset(q.mmio, 0xa5, daemon_.mmio_size);
	ktap_test(true, "its mappings can be used after that");
	ktap_test(queue_call(q.fd, UACCE_IOC_PUT_Q, NULL) == 0, "PUT_Q twice");
	ktap_test(queue_available_wait(daemon_.name, NB_QUEUES - 1), "the queue is still taken");
	rc = queue_call(q.fd, UACCE_IOC_START_Q, NULL);
	ktap_test(rc == 0, "started again: %d", rc);
	ktap_test(all_zero(q.dus, daemon_.dus_size) && all_zero(q.mmio, daemon_.mmio_size),
			"rings, doorbells and status words are zero again");
	emu_queue_close(&daemon_, &q);
}

/* PUT_Q, munmap() and close() in each order leave nothing. */
static void
test_orders(void)
{
	static const char orders[][4] = { "pmc", "pcm", "mpc", "mcp", "cpm", "cmp" };
	struct emu_queue q;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		bool good = emu_queue_start(&daemon_, &q) == 0;
		bool closed = false;

		for (const char *step = orders[i]; good && *step != '\0'; step++) {
			if (*step == 'p')
				good = queue_call(q.fd, UACCE_IOC_PUT_Q, NULL) ==
						(closed ? -EBADF : 0);
			else if (*step == 'c')
				good = (closed = true) && close(q.fd) == 0;
			else
				good = munmap(q.mmio, daemon_.mmio_size) == 0 &&
						munmap(q.dus, daemon_.dus_size) == 0;
			/* mapped and closed: it is there until munmap() */
			if (good && closed && strchr(step, 'm') != NULL && *step != 'm')
				good = queue_available(daemon_.name) == NB_QUEUES - 1;
		}
		ktap_test(good && queue_available_wait(daemon_.name, NB_QUEUES),
				"order %s of put, munmap and close", orders[i]);
	}
}

/* --- calls --- */

static void
test_qp_calls(int fd)
{
	struct uacce_qp_ctx ctx = { .id = 0xffff, .qc_type = 1 };
	struct uacce_qp_info info;

	ktap_test(queue_call(fd, UACCE_IOC_QP_CTX, &ctx) == 0 && ctx.id < NB_QUEUES &&
					ctx.qc_type == 1,
			"QP_CTX tells the number");
	ctx.qc_type = 2;
	ktap_test(queue_call(fd, UACCE_IOC_QP_CTX, &ctx) == -EINVAL, "QP_CTX, no such type");
	ktap_test(queue_call(fd, UACCE_IOC_QP_CTX, NULL) == -EFAULT, "QP_CTX, bad pointer");
	memset(&info, 0xff, sizeof(info));
	ktap_test(queue_call(fd, UACCE_IOC_QP_INFO, &info) == 0 && info.sqe_size == 128 &&
					info.sq_depth == 1024 && info.cq_depth == 1024 &&
					info.reserved == 0,
			"QP_INFO");
	ktap_test(queue_call(fd, UACCE_IOC_QP_INFO, NULL) == -EFAULT, "QP_INFO, bad pointer");
	ktap_test(queue_call(fd, _IO('W', 2), NULL) == -EINVAL, "unknown call of W: EINVAL");
	ktap_test(queue_call(fd, _IO('H', 12), NULL) == -EINVAL, "unknown call of H: EINVAL");
	ktap_test(queue_call(fd, _IOR('W', 0x80, struct wd_info), NULL) == -EINVAL,
			"known call with another direction: EINVAL");
}

static void
test_info(int fd)
{
	struct {
		struct wd_info info;
		uint32_t more[4];
	} arg;
	struct wd_info *const info = &arg.info;
	bool good = true;

	memset(&arg, 0xff, sizeof(arg));
	info->size = sizeof(*info);
	ktap_test(queue_call(fd, WD_IOC_INFO, info) == 0 && info->size == sizeof(*info) &&
					info->version == WD_ABI_VERSION &&
					info->sq_db_offset == EMU_DB_OFFSET &&
					info->cq_db_offset == EMU_CQ_DB_OFFSET &&
					info->va_min == 0 && info->va_max == UINT64_MAX &&
					info->reserved == 0,
			"INFO");
	memset(&arg, 0xff, sizeof(arg));
	info->size = 8;
	ktap_test(queue_call(fd, WD_IOC_INFO, info) == 0 && info->version == WD_ABI_VERSION &&
					info->sq_db_offset == UINT32_MAX,
			"INFO, shorter: no more is written");
	memset(&arg, 0, sizeof(arg));
	info->size = sizeof(arg);
	ktap_test(queue_call(fd, WD_IOC_INFO, info) == 0 && info->version == WD_ABI_VERSION,
			"INFO, longer and zero");
	arg.more[3] = 1;
	info->size = sizeof(arg);
	ktap_test(queue_call(fd, WD_IOC_INFO, info) == -E2BIG, "INFO, longer and not zero: E2BIG");
	/* as a program does that has a header of another version */
	arg.more[3] = 0;
	ktap_test(queue_call(fd, _IOWR('W', 0x80, arg), info) == 0 &&
					info->version == WD_ABI_VERSION,
			"INFO, its number of a longer struct");
	info->size = 8;
	ktap_test(queue_call(fd, _IOWR('W', 0x80, uint64_t), info) == 0 &&
					queue_call(fd, _IO('W', 0x80), info) == -EINVAL,
			"INFO, its number of a shorter one, and of none");
	for (uint32_t size = 0; size < sizeof(uint32_t); size++) {
		info->size = size;
		good &= queue_call(fd, WD_IOC_INFO, info) == -EINVAL;
	}
	ktap_test(good, "INFO, too short: EINVAL");
	info->size = UINT32_MAX;
	ktap_test(queue_call(fd, WD_IOC_INFO, info) == -EINVAL, "INFO, far too long: EINVAL");
	ktap_test(queue_call(fd, WD_IOC_INFO, NULL) == -EFAULT, "INFO, bad pointer: EFAULT");
}

static void
test_calls(void)
{
	const int fd = queue_open(daemon_.name);

	test_qp_calls(fd);
	test_info(fd);
	close(fd);
}

/* --- mappings --- */

/* 0, having unmapped it again, or -errno. */
static int
map_result(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *va = mmap(NULL, size, prot, flags, fd, offset);

	return va == MAP_FAILED ? -errno : munmap(va, size);
}

static int
map_shared(int fd, size_t size, off_t offset)
{
	return map_result(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED, offset);
}

static void
test_mmap(int fd)
{
	const size_t dus = daemon_.dus_size, mmio = daemon_.mmio_size;
	void *va;

	ktap_test(map_shared(fd, dus, PAGE) == 0, "all of DUS");
	ktap_test(map_shared(fd, dus - PAGE, PAGE) == -EINVAL &&
					map_shared(fd, dus + PAGE, PAGE) == -EINVAL,
			"DUS, less or more: EINVAL");
	ktap_test(map_shared(fd, mmio, 0) == 0 && map_shared(fd, PAGE, 0) == 0,
			"MMIO, all or less");
	ktap_test(map_shared(fd, mmio + PAGE, 0) == -EINVAL, "MMIO, more: EINVAL");
	ktap_test(map_shared(fd, dus, 2 * PAGE) == -EINVAL &&
					map_shared(fd, dus, (off_t)1 << 40) == -EINVAL &&
					map_shared(fd, mmio, (off_t)1 << 44) == -EINVAL,
			"other offsets: EINVAL");
	ktap_test(map_result(fd, dus, PROT_READ | PROT_WRITE, MAP_PRIVATE, PAGE) == -EINVAL,
			"private: EINVAL");
	ktap_test(map_result(fd, dus, PROT_READ, MAP_SHARED, PAGE) == 0, "for reading only");
	va = queue_map(fd, UACCE_REGION_DUS, dus);
	ktap_test(va != NULL && map_shared(fd, dus, PAGE) == -EEXIST, "twice: EEXIST");
	ktap_test(munmap(va, dus) == 0 && map_shared(fd, dus, PAGE) == 0,
			"unmapped it can be mapped again");
}

static bool
usable(uint8_t *va, size_t size)
{
	return fault_touch((uint32_t *)va, true, NULL) == 0 &&
			fault_touch((uint32_t *)(va + size - 4), true, NULL) == 0;
}

static bool
remap_refused(void *va, size_t from, size_t to, int flags, void *where)
{
	return mremap(va, from, to, flags, where) == MAP_FAILED;
}

static void
test_mremap(int fd)
{
	const size_t dus = daemon_.dus_size;
	uint8_t *va = queue_map(fd, UACCE_REGION_DUS, dus);
	uint8_t *room = mmap(NULL, 4 * dus, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(room, 4 * dus);
	ktap_test(remap_refused(va, dus, dus, MREMAP_MAYMOVE | MREMAP_FIXED, room), "no moving");
	ktap_test(remap_refused(va, dus, 2 * dus, MREMAP_MAYMOVE, NULL), "no growing");
	ktap_test(remap_refused(va, dus, dus - PAGE, 0, NULL), "no shrinking");
	ktap_test(remap_refused(va, dus, dus - PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room),
			"no moving of a part");
	ktap_test(remap_refused(va, 0, dus, MREMAP_MAYMOVE, NULL), "no second view");
	ktap_test(remap_refused(va, dus, dus, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL),
			"no moving that leaves a hole");
	ktap_test(usable(va, dus), "it is where it was");
	ktap_test(map_shared(fd, dus, PAGE) == -EEXIST, "and counted");
	ktap_test(munmap(va, PAGE) == -1 && munmap(va + dus - PAGE, PAGE) == -1 &&
					munmap(va + PAGE, PAGE) == -1 && usable(va, dus),
			"no unmapping of a part");
	ktap_test(mmap(va, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
							MAP_FAILED &&
					usable(va, dus),
			"nothing is mapped over a part");
	ktap_test(mprotect(va, PAGE, PROT_READ) == -1 && usable(va, dus),
			"no protection of a part");
	ktap_test(mprotect(va, dus, PROT_READ) == 0 &&
					fault_touch((uint32_t *)va, true, NULL) == SIGSEGV &&
					mprotect(va, dus, PROT_READ | PROT_WRITE) == 0 &&
					usable(va, dus),
			"protection of the whole");
	ktap_test(munmap(va, dus) == 0, "unmapped");
	va = queue_map(fd, UACCE_REGION_DUS, dus);
	ktap_test(va != NULL && usable(va, dus), "and mapped again");
	munmap(va, dus);
}

static void
test_advice(int fd)
{
	static const int advices[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_MERGEABLE, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK, MADV_COLD,
		MADV_PAGEOUT };
	const size_t dus = daemon_.dus_size;
	uint8_t *va = queue_map(fd, UACCE_REGION_DUS, dus);
	unsigned char in_core[64];
	int signal;

	ktap_test(madvise(va, dus, MADV_DOFORK) == -1, "MADV_DOFORK is refused");
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		madvise(va, dus, advices[i]);
		madvise(va, PAGE, advices[i]);
	}
	mlock(va, dus);
	munlock(va, dus);
	mlock(va, PAGE);
	msync(va, dus, MS_SYNC);
	mincore(va, dus, in_core);
	ktap_test(usable(va, dus), "other advice, mlock, msync, mincore: still usable");
	ktap_test(map_shared(fd, dus, PAGE) == -EEXIST, "and counted");
	/* pages may go; who said so has the signal */
	madvise(va, dus, MADV_DONTNEED);
	signal = fault_touch((uint32_t *)va, true, NULL);
	ktap_test(signal == 0 || signal == SIGBUS, "after MADV_DONTNEED: signal %d", signal);
	munmap(va, dus);
	va = queue_map(fd, UACCE_REGION_DUS, dus);
	ktap_test(va != NULL && usable(va, dus), "mapped again it is usable");
	munmap(va, dus);
}

static void
test_mappings(void)
{
	const int fd = queue_open(daemon_.name);

	test_mmap(fd);
	test_mremap(fd);
	test_advice(fd);
	close(fd);
}

/* --- poll --- */

static short
poll_events(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) < 0 ? -1 : pfd.revents;
}

static void *
notify_later(void *arg)
{
	const struct emu_queue *q = arg;

	usleep(300000);
	emu_notify(&daemon_, q->qn);
	return NULL;
}

/* There the kernel asks for the events in a thread of its own. */
static void
test_poll_aio(const struct emu_queue *q)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = (uint32_t)q->fd, .aio_buf = POLLIN
	};
	struct iocb *cbs[] = { &cb };
	struct timespec timeout = { .tv_sec = 10 };
	struct io_event event = { .res = 0 };
	aio_context_t context = 0;
	long rc;

	rc = syscall(SYS_io_setup, 1, &context) == 0 ? syscall(SYS_io_submit, context, 1, cbs) : -1;
	if (rc == 1) {
		emu_notify(&daemon_, q->qn);
		rc = syscall(SYS_io_getevents, context, 1, 1, &event, &timeout);
	}
	ktap_test(rc == 1 && event.res == POLLIN, "asynchronous poll: %ld, events 0x%llx", rc,
			(unsigned long long)event.res);
	syscall(SYS_io_destroy, context);
}

static void
test_poll(void)
{
	struct emu_queue q;
	pthread_t thread;

	emu_queue_start(&daemon_, &q);
	ktap_test(poll_events(q.fd, 0) == 0 && poll_events(q.fd, 100) == 0, "nothing to see");
	ktap_test(emu_notify(&daemon_, q.qn) == 0 && poll_events(q.fd, 0) == POLLIN,
			"POLLIN after the device told of completions");
	ktap_test(poll_events(q.fd, 100) == 0, "once");
	pthread_create(&thread, NULL, notify_later, &q);
	ktap_test(poll_events(q.fd, 10000) == POLLIN, "who waits is woken");
	pthread_join(thread, NULL);
	emu_notify(&daemon_, q.qn);
	queue_call(q.fd, UACCE_IOC_PUT_Q, NULL);
	ktap_test(emu_notify(&daemon_, q.qn) == -ESHUTDOWN, "the device cannot tell after PUT_Q");
	queue_call(q.fd, UACCE_IOC_START_Q, NULL);
	ktap_test(poll_events(q.fd, 0) == 0, "what was told before START_Q is forgotten");
	test_poll_aio(&q);
	emu_queue_close(&daemon_, &q);
}

/* --- many threads, one file --- */

static atomic_bool stress_end;
static atomic_int stress_fd = -1;
static atomic_uint stress_done[8];

static void
stress_map(int fd, unsigned int region, size_t size)
{
	uint8_t *va = queue_map(fd, region, size);

	if (va == NULL)
		return;
	memset(va, 1, size);
	munmap(va, size);
}

static void
stress_step(unsigned int kind, int fd)
{
	struct wd_info info = { .size = sizeof(info) };
	struct uacce_qp_ctx ctx = { .qc_type = 1 };

	switch (kind) {
	case 0:
		queue_call(fd, UACCE_IOC_START_Q, NULL);
		break;
	case 1:
		queue_call(fd, UACCE_IOC_PUT_Q, NULL);
		break;
	case 2:
		stress_map(fd, UACCE_REGION_DUS, daemon_.dus_size);
		break;
	case 3:
		stress_map(fd, UACCE_REGION_MMIO, daemon_.mmio_size);
		break;
	case 4:
		queue_call(fd, WD_IOC_INFO, &info);
		queue_call(fd, UACCE_IOC_QP_CTX, &ctx);
		break;
	case 5:
		poll_events(fd, 1);
		break;
	case 6:
		device_attr(daemon_.name, UACCE_ATTR_AVAILABLE);
		break;
	default:
		usleep(2000);
		close(atomic_exchange(&stress_fd, queue_open(daemon_.name)));
		break;
	}
}

static void *
stress_run(void *arg)
{
	const unsigned int kind = (unsigned int)(uintptr_t)arg;

	while (!atomic_load(&stress_end)) {
		stress_step(kind, atomic_load(&stress_fd));
		atomic_fetch_add(&stress_done[kind], 1);
	}
	return NULL;
}

static void
test_threads(void)
{
	pthread_t threads[8];
	bool good = true;

	atomic_store(&stress_fd, queue_open(daemon_.name));
	for (uintptr_t i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, stress_run, (void *)i);
	sleep(STRESS_SECONDS);
	atomic_store(&stress_end, true);
	for (unsigned int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		good &= stress_done[i] > 0;
	}
	if (atomic_load(&stress_fd) >= 0)
		close(atomic_load(&stress_fd));
	ktap_diag("start %u, put %u, map %u and %u, calls %u, poll %u, sysfs %u, close %u times",
			stress_done[0], stress_done[1], stress_done[2], stress_done[3],
			stress_done[4], stress_done[5], stress_done[6], stress_done[7]);
	ktap_test(good, "8 threads on one file descriptor, opened and closed meanwhile");
	ktap_test(queue_available_wait(daemon_.name, NB_QUEUES), "no queue is lost");
	test_states();
}

int
main(void)
{
	int rc;

	ktap_start(0);
	rc = emu_daemon_start(&daemon_, NAME, 0, NB_QUEUES);
	if (ktap_test(rc == 0, "daemon: %d", rc)) {
		test_attributes();
		test_numbers();
		test_sharing();
		test_states();
		test_orders();
		test_calls();
		test_mappings();
		test_poll();
		test_threads();
		emu_daemon_kill(&daemon_);
	}
	return ktap_finish();
}
