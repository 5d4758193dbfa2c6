/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Random calls with random and boundary arguments, on a queue and on the
 * daemon's side of a device, each in processes of their own. What counts is that
 * kernel and device live, that the processes end as they should, and that
 * nothing is left.
 *
 * usage: test_fuzz [seed] or test_fuzz edu [seed]
 *
 * With edu it is the queue of wd_edu. What is stored into that device's registers
 * by chance stops the whole machine, so they are mapped read-only.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "edu.h"
#include "emu.h"
#include "ktap.h"

#define NAME "wd_fuzz"
#define NB_QUEUES 4
#define NB_ROUNDS 4
#define MAX_ROUNDS 24 /* until each kind of call was done, on a slow kernel */
#define ROUND_SECONDS 5
#define ARENA_SIZE (32 * HUGE_SIZE)
#define NB_HUGE 4
#define MAX_DEVICES 4 /* that a fuzzed daemon makes: they stay with the module */

static struct emu_daemon daemon_;
static bool is_edu;

/* What was done, of all processes: a test that is refused everything tests nothing. */
static struct done {
	atomic_uint steps;
	atomic_uint maps;
	atomic_uint starts;
	atomic_uint registers;
	atomic_uint unregisters;
	atomic_uint accesses;
} * done;

static void
count(atomic_uint *what, bool good)
{
	if (good)
		atomic_fetch_add(what, 1);
}

/* --- chance --- */

static _Thread_local uint64_t chance;

static uint64_t
next(void)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return chance * 0x2545f4914f6cdd1dULL >> 16;
}

static bool
one_in(unsigned int n)
{
	return next() % n == 0;
}

static uint64_t
any_number(void)
{
	const uint64_t bounds[] = { 0, 1, 2, 4, 7, 8, 16, 32, 39, 40, 41, PAGE - 1, PAGE, PAGE + 1,
		HUGE_SIZE - 1, HUGE_SIZE, HUGE_SIZE + PAGE, 2 * HUGE_SIZE, INT32_MAX, UINT32_MAX,
		1ULL << 32, 1ULL << 39, 1ULL << 47, (1ULL << 47) - PAGE, 1ULL << 48, INT64_MAX,
		1ULL << 63, UINT64_MAX - PAGE + 1, UINT64_MAX - 1, UINT64_MAX };

	if (one_in(4))
		return next() << (next() % 64);
	return bounds[next() % (sizeof(bounds) / sizeof(bounds[0]))] + (one_in(4) ? next() % 3 : 0);
}

/* --- where things are: an arena, with a hugepage here and there --- */

static uint8_t *arena;

static uint64_t
any_address(void)
{
	const uint64_t steps[] = { 1, 8, PAGE, HUGE_SIZE };

	if (one_in(5))
		return any_number();
	return (uintptr_t)arena + next() % ARENA_SIZE / HUGE_SIZE * HUGE_SIZE +
			(one_in(3) ? steps[next() % 4] * (next() % 3) : 0);
}

static uint64_t
any_size(void)
{
	return one_in(3) ? any_number() : (1 + next() % 4) * (one_in(4) ? PAGE : HUGE_SIZE);
}

/* Clamped so that what is outside of the arena, which this program needs, stays. */
static bool
in_arena(uint64_t va, uint64_t size)
{
	return va >= (uintptr_t)arena && va < (uintptr_t)arena + ARENA_SIZE &&
			size <= (uintptr_t)arena + ARENA_SIZE - va;
}

static bool
arena_make(void)
{
	arena = mmap(NULL, ARENA_SIZE + HUGE_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		return false;
	arena += HUGE_SIZE - (uintptr_t)arena % HUGE_SIZE;
	return true;
}

/* What may well be registered, or be it already. */
static struct {
	uint64_t va;
	uint64_t size;
} recent;

/* Linux 6.1 with lockdep warns of itself when it splits a mapping of hugepages: then each has
 * a mapping of its own.
 */
static bool
splits_huge(void)
{
	return access("/proc/lockdep", F_OK) != 0;
}

/* Memory of some kind, somewhere in the arena. Without a reservation: Linux 6.1 loses count
 * of those when hugepages are moved and cut, with no device about.
 */
static void
map_memory(void)
{
	static const int kinds[] = { MAP_SHARED | MAP_HUGETLB, MAP_PRIVATE | MAP_HUGETLB,
		MAP_SHARED, MAP_PRIVATE };
	const uint64_t va = any_address() / HUGE_SIZE * HUGE_SIZE;
	const uint64_t size = (1 + next() % NB_HUGE) * HUGE_SIZE;
	const int prot = one_in(6) ? PROT_READ : PROT_READ | PROT_WRITE;
	const int kind = kinds[next() % 4];
	uint64_t step;

	if (!in_arena(va, size))
		return;
	step = kind & MAP_HUGETLB && !splits_huge() ? HUGE_SIZE : size;
	for (uint64_t at = va; at < va + size; at += step)
		mmap((void *)at, step, prot, kind | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
				0);
	if (!one_in(6))
		madvise((void *)va, size, MADV_DONTFORK);
	if (one_in(2)) {
		recent.va = va;
		recent.size = size;
	}
}

/* --- an argument: somewhere that can be read, written, or neither --- */

static uint8_t *arg_pages; /* two, the second one cannot be touched */

static void *
arg_place(const void *from, size_t size)
{
	uint8_t *place;

	if (one_in(20))
		return (void *)any_address();
	if (one_in(20)) { /* the end is missing */
		place = arg_pages + PAGE - next() % (size + 1);
		memcpy(place, from, (size_t)(arg_pages + PAGE - place));
		return place;
	}
	place = arg_pages + next() % (PAGE - size);
	memcpy(place, from, size);
	return place;
}

/* The call as it is, or with a bit of its number changed, or any. */
static unsigned int
any_call(const unsigned int *calls, size_t nb)
{
	unsigned int call = calls[next() % nb];

	if (one_in(8))
		call ^= 1U << next() % 8; /* number */
	if (one_in(12))
		call ^= 1U << (16 + next() % 14); /* size */
	if (one_in(12))
		call ^= 1U << (30 + next() % 2); /* direction */
	return one_in(50) ? (unsigned int)next() : call;
}

/* --- a queue --- */

static void
queue_call_any(int fd)
{
	static const unsigned int calls[] = { UACCE_IOC_START_Q, UACCE_IOC_PUT_Q, UACCE_IOC_QP_CTX,
		UACCE_IOC_QP_INFO, WD_IOC_INFO, WD_IOC_MEM_REGISTER, WD_IOC_MEM_REGISTER,
		WD_IOC_MEM_UNREGISTER };
	const unsigned int call = any_call(calls, sizeof(calls) / sizeof(calls[0]));
	union {
		struct wd_mem mem;
		struct wd_info info;
		uint64_t words[16];
	} arg;
	int rc;

	for (size_t i = 0; i < 16; i++)
		arg.words[i] = one_in(2) ? 0 : any_number();
	if (call == WD_IOC_MEM_REGISTER || call == WD_IOC_MEM_UNREGISTER || one_in(4)) {
		arg.mem.size = one_in(8) ? (uint32_t)any_number() : sizeof(arg.mem);
		arg.mem.reserved = one_in(10);
		arg.mem.va = one_in(2) ? recent.va : any_address();
		arg.mem.len = one_in(2) ? recent.size : any_size();
		arg.mem.dev_addrs = one_in(20) ? any_address() : 0;
		arg.mem.nb_dev_addrs = one_in(20) ? any_number() : 0;
	}
	rc = queue_call(fd, call, arg_place(&arg, sizeof(arg)));
	count(&done->starts, call == UACCE_IOC_START_Q && rc == 0);
	count(&done->registers, call == WD_IOC_MEM_REGISTER && rc == 0);
	count(&done->unregisters, call == WD_IOC_MEM_UNREGISTER && rc == 0);
}

static void
queue_map_any(int fd)
{
	static const int flags[] = { MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE,
		MAP_SHARED | MAP_POPULATE, MAP_SHARED | MAP_LOCKED };
	const uint64_t va = any_address() / PAGE * PAGE;
	uint64_t size = one_in(2) ? daemon_.dus_size : daemon_.mmio_size;
	const uint64_t offset = one_in(4) ? any_number() / PAGE * PAGE : next() % 3 * PAGE;

	int prot = (int)(next() % 8);

	if (is_edu && offset / PAGE == UACCE_REGION_MMIO)
		prot &= ~PROT_WRITE;
	if (one_in(3))
		size = any_size();
	if (in_arena(va, size))
		count(&done->maps,
				mmap((void *)va, size, prot, flags[next() % 5] | MAP_FIXED, fd,
						(off_t)offset) != MAP_FAILED);
}

static void
change_mapping(void)
{
	const uint64_t va = any_address() / PAGE * PAGE, to = any_address() / PAGE * PAGE;
	const uint64_t size = one_in(3) ? daemon_.dus_size : any_size() % (8 * HUGE_SIZE);
	const uint64_t to_size = one_in(2) ? size : any_size() % (8 * HUGE_SIZE);

	if (!in_arena(va, size))
		return;
	switch (next() % 5) {
	case 0:
		munmap((void *)va, size);
		/* nobody else is to get the place */
		mmap((void *)va, size, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
				-1, 0);
		break;
	case 1:
		if (in_arena(to, to_size))
			mremap((void *)va, one_in(10) ? 0 : size, to_size,
					MREMAP_MAYMOVE | MREMAP_FIXED |
							(one_in(4) ? MREMAP_DONTUNMAP : 0),
					(void *)to);
		break;
	case 2:
		mprotect((void *)va, size, (int)(next() % 8) & (is_edu ? ~PROT_WRITE : ~0));
		break;
	case 3:
		madvise((void *)va, size, (int)(next() % 26));
		break;
	default:
		mlock((void *)va, size % (4 * HUGE_SIZE));
		munlock((void *)va, size);
		break;
	}
}

static void
fuzz_queue_step(int *fd)
{
	struct pollfd pfd = { .fd = *fd, .events = (short)next() };

	switch (next() % 12) {
	case 0:
		if (!one_in(8))
			break;
		close(*fd);
		*fd = queue_open(daemon_.name);
		break;
	case 1:
	case 2:
		map_memory();
		break;
	case 3:
	case 4:
		queue_map_any(*fd);
		break;
	case 5:
	case 6:
		change_mapping();
		break;
	case 7:
		poll(&pfd, 1, 0);
		break;
	default:
		queue_call_any(*fd);
		break;
	}
}

static int
fuzz_queue(uint64_t seed)
{
	const int64_t end = now_ms() + ROUND_SECONDS * 1000;
	int fd = queue_open_wait(daemon_.name);

	chance = seed | 1;
	while (now_ms() < end) {
		for (unsigned int i = 0; i < 50; i++)
			fuzz_queue_step(&fd);
		atomic_fetch_add(&done->steps, 50);
	}
	return 0;
}

/* --- the daemon's side --- */

static atomic_bool daemon_end;
static char daemon_device[64];

/* A client of the fuzzed daemon. */
static void *
daemon_client(void *arg)
{
	struct uacce_qp_ctx ctx = { .qc_type = 1 };

	while (!atomic_load(&daemon_end)) {
		int fd = queue_open(daemon_device);

		if (fd < 0) {
			usleep(10000);
			continue;
		}
		queue_call(fd, UACCE_IOC_QP_CTX, &ctx);
		mem_register(fd, arg, HUGE_SIZE);
		queue_call(fd, UACCE_IOC_START_Q, NULL);
		usleep(20000);
		close(fd);
	}
	return NULL;
}

static void
answer_events(int fd)
{
	struct wd_emu_event events[4];
	const ssize_t n = read(fd, events, one_in(10) ? next() % 64 : sizeof(events));

	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(events[0]); i++) {
		struct wd_emu_ack ack = {
			.size = sizeof(ack),
			.qn = events[i].qn,
			.type = (__u16)events[i].type,
			.error = one_in(5) && events[i].type == WD_EMU_START ? 1 : 0,
		};

		ioctl(fd, WD_EMU_IOC_ACK, &ack);
	}
}

static void
daemon_call_any(int fd, const void *memory)
{
	static const unsigned int calls[] = { WD_EMU_IOC_ACK, WD_EMU_IOC_ACCESS, WD_EMU_IOC_ACCESS,
		WD_EMU_IOC_NOTIFY };
	const unsigned int call = any_call(calls, 4);
	union {
		struct wd_emu_ack ack;
		struct wd_emu_access access;
		struct wd_emu_notify notify;
		struct wd_emu_attach attach;
		uint64_t words[8];
	} arg = { .words = { 0 } };

	for (size_t i = 0; i < 8; i++)
		arg.words[i] = one_in(2) ? 0 : any_number();
	arg.ack.size = one_in(10) ? (uint32_t)any_number() : _IOC_SIZE(call);
	arg.ack.qn = (uint16_t)(one_in(10) ? next() : next() % NB_QUEUES);
	if (call == WD_EMU_IOC_ACCESS) {
		arg.access.write = (uint16_t)(next() % 8 == 0 ? next() : next() % 2);
		arg.access.addr = one_in(2) ? (uintptr_t)memory + next() % HUGE_SIZE :
					      any_address();
		arg.access.buf = one_in(2) ? (uintptr_t)arg_pages : any_address();
		arg.access.len = one_in(2) ? next() % PAGE : any_number();
	} else if (call == WD_EMU_IOC_ACK) {
		arg.ack.type = (uint16_t)(one_in(10) ? next() : 1 + next() % 2);
		arg.ack.error = one_in(3) ? (int32_t)any_number() : 0;
		arg.ack.reserved = one_in(10);
	} else if (call == WD_EMU_IOC_NOTIFY) {
		arg.notify.reserved = one_in(10);
	}
	count(&done->accesses,
			ioctl(fd, call, arg_place(&arg, sizeof(arg))) == 0 &&
					call == WD_EMU_IOC_ACCESS);
}

/* Another file, whose ATTACH has something wrong: if it works nevertheless it is one of few. */
static void
attach_any(void)
{
	static unsigned int nb_made;
	struct wd_emu_attach attach = {
		.size = sizeof(attach),
		.name = NAME,
		.api = "wd_test_v1",
		.algorithms = "test\n",
		.nb_queues = 1,
		.max_qc_type = 1,
		.sqe_size = 128,
		.sq_depth = 16,
		.cq_depth = 16,
		.mmio_size = PAGE,
		.dus_size = PAGE,
		.send_status_from_end = 4,
		.recv_status_from_end = 8,
		.id = -1,
	};
	uint8_t *byte = (uint8_t *)&attach + next() % sizeof(attach);
	int fd;

	if (nb_made == MAX_DEVICES)
		attach.reserved = 1;
	for (unsigned int i = 0; i <= next() % 4; i++) {
		*byte = one_in(3) ? 0xff : (uint8_t)next();
		byte = (uint8_t *)&attach + next() % sizeof(attach);
	}
	fd = open(WD_EMU_NODE, O_RDWR | O_CLOEXEC);
	nb_made += ioctl(fd, WD_EMU_IOC_ATTACH, &attach) == 0;
	close(fd);
}

static void
fuzz_daemon_step(int fd, const void *memory)
{
	struct pollfd pfd = { .fd = fd, .events = (short)next() };
	const uint64_t va = any_address() / PAGE * PAGE;
	const uint64_t size = one_in(2) ? daemon_.dus_size : any_size();
	const uint64_t offset = one_in(4) ?
			any_number() / PAGE * PAGE :
			WD_EMU_MMAP_OFFSET(next() % (NB_QUEUES + 1), next() % 3);

	switch (next() % 10) {
	case 0:
	case 1:
		answer_events(fd);
		break;
	case 2:
		if (in_arena(va, size))
			mmap((void *)va, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
					(off_t)offset);
		break;
	case 3:
		change_mapping();
		break;
	case 4:
		if (one_in(10))
			attach_any();
		break;
	case 5:
		poll(&pfd, 1, 0);
		break;
	default:
		daemon_call_any(fd, memory);
		break;
	}
}

static int
fuzz_daemon(uint64_t seed)
{
	const int64_t end = now_ms() + ROUND_SECONDS * 1000;
	void *memory = huge_alloc(2);
	struct emu_daemon d;
	pthread_t threads[2];
	int fd;

	chance = seed | 1;
	fd = emu_attach(&d, NAME "_d", one_in(2) ? UACCE_FLAG_SVA : 0, NB_QUEUES);
	if (fd < 0 || memory == NULL)
		return 1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	snprintf(daemon_device, sizeof(daemon_device), "%s", d.name);
	for (size_t i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, daemon_client, (uint8_t *)memory + i * HUGE_SIZE);
	while (now_ms() < end) {
		for (unsigned int i = 0; i < 50; i++)
			fuzz_daemon_step(fd, memory);
		atomic_fetch_add(&done->steps, 50);
	}
	atomic_store(&daemon_end, true);
	close(fd); /* who waits for an answer has it */
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* --- all of it --- */

static pid_t
start(int (*fuzz)(uint64_t seed), uint64_t seed)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(fuzz(seed));
	}
	return pid;
}

static bool
ended_well(pid_t pid, uint64_t seed)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	ktap_diag("seed %llu: status %#x", (unsigned long long)seed, status);
	return false;
}

static bool
more_rounds(unsigned int nb)
{
	const bool all = done->maps > 0 && done->starts > 0 && done->registers > 0 &&
			(is_edu || (done->unregisters > 0 && done->accesses > 0));

	return nb < NB_ROUNDS || (!all && nb < MAX_ROUNDS);
}

static void
test_edu_works(void)
{
	uint8_t *page = huge_alloc(1);
	struct edu edu;

	ktap_test(queue_available_wait(daemon_.name, 1), "the queue is not lost");
	ktap_test(edu_open(&edu, daemon_.name) == 0 && mem_register(edu.fd, page, HUGE_SIZE) == 0 &&
					edu_fill(&edu, page, 0xc3) &&
					edu_dma_out(&edu, (uintptr_t)page + EDU_LEN) &&
					all_bytes(page + EDU_LEN, 0xc3),
			"the device works");
	edu_close(&edu);
	munmap(page, HUGE_SIZE);
}

static int
fuzz_edu(uint64_t seed)
{
	const char *name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	bool good = true;

	if (!ktap_test(name != NULL && arena_make(), "a device"))
		return ktap_finish();
	snprintf(daemon_.name, sizeof(daemon_.name), "%s", name);
	daemon_.mmio_size = daemon_.dus_size = PAGE;
	for (unsigned int i = 0; more_rounds(i); i++, seed++)
		good &= ended_well(start(fuzz_queue, seed), seed);
	ktap_test(good, "%u random calls", atomic_load(&done->steps));
	ktap_test(done->maps > 0 && done->starts > 0 && done->registers > 0,
			"some are done: mmap() %u, START_Q %u, register %u, unregister %u",
			done->maps, done->starts, done->registers, done->unregisters);
	test_edu_works();
	return ktap_finish();
}

static void
test_works(void)
{
	uint8_t *page = huge_alloc(1);
	struct emu_queue q;
	bool good = true;

	ktap_test(queue_available_wait(daemon_.name, NB_QUEUES), "no queue is lost");
	for (unsigned int i = 0; good && i < NB_QUEUES; i++) {
		good = emu_queue_start(&daemon_, &q) == 0 &&
				mem_register(q.fd, page, HUGE_SIZE) == 0 &&
				emu_write(&daemon_, q.qn, page, 4096, (uint8_t)(i + 1)) == 0 &&
				page[4095] == i + 1 && mem_unregister(q.fd, page, HUGE_SIZE) == 0;
		emu_queue_close(&daemon_, &q);
	}
	ktap_test(good, "the device works");
	munmap(page, HUGE_SIZE);
}

int
main(int argc, char **argv)
{
	uint64_t seed;
	bool good = true;
	int rc;

	is_edu = argc > 1 && strcmp(argv[1], "edu") == 0;
	argc -= is_edu;
	argv += is_edu;
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	ktap_start(0);
	ktap_diag("seed %llu", (unsigned long long)seed);
	done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	arg_pages = mmap(
			NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(arg_pages + PAGE, PAGE, PROT_NONE);
	if (is_edu)
		return fuzz_edu(seed);
	rc = emu_daemon_start(&daemon_, NAME, 0, NB_QUEUES);
	if (!ktap_test(rc == 0 && arena_make(), "daemon: %d", rc))
		return ktap_finish();
	for (unsigned int i = 0; more_rounds(i); i++, seed += 3) {
		const pid_t queues[] = { start(fuzz_queue, seed), start(fuzz_queue, seed + 1) };
		const pid_t daemon = start(fuzz_daemon, seed + 2);

		good &= ended_well(queues[0], seed);
		good &= ended_well(queues[1], seed + 1);
		good &= ended_well(daemon, seed + 2);
	}
	ktap_test(good, "%u random calls, of clients and of a daemon", atomic_load(&done->steps));
	ktap_test(done->maps > 0 && done->starts > 0 && done->registers > 0 &&
					done->unregisters > 0 && done->accesses > 0,
			"some are done: mmap() %u, START_Q %u, register %u, unregister %u, access %u",
			done->maps, done->starts, done->registers, done->unregisters,
			done->accesses);
	test_works();
	emu_daemon_kill(&daemon_);
	return ktap_finish();
}
