/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Registered memory: hugepages and nothing else, of the process and so for every
 * queue it has, counted, and reached by the device only while it is registered.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#include "emu.h"
#include "ktap.h"
#include "pins.h"

#define NB_QUEUES 4

static struct emu_daemon one, two;

/* len bytes at a place that is aligned for a hugepage. */
static void *
small_alloc(int flags, int fd, size_t len)
{
	uint8_t *va = mmap(NULL, len + HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	va = (uint8_t *)(((uintptr_t)va + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1));
	va = mmap(va, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
	if (va == MAP_FAILED)
		return NULL;
	madvise(va, len, MADV_DONTFORK);
	memset(va, 1, len);
	return va;
}

static void
refused(int fd, const void *va, size_t len, int error, const char *what)
{
	const long before = pins_now();
	const int rc = mem_register(fd, va, len);

	ktap_test(rc == -error, "%s: %s", what, strerror(-rc));
	ktap_test(pins_now() == before, "%s: nothing pinned", what);
}

/* Mappings of a file that can be written, whose name is a template. */
static void
test_file(int fd, char *name, const char *kind)
{
	const int file = mkstemp(name);
	char what[64];
	uint8_t *va;

	if (!ktap_test(file >= 0 && ftruncate(file, HUGE_SIZE) == 0, "a file of %s", kind))
		return;
	va = small_alloc(MAP_SHARED, file, HUGE_SIZE);
	snprintf(what, sizeof(what), "a file of %s", kind);
	refused(fd, va, HUGE_SIZE, EMEDIUMTYPE, what);
	munmap(va, HUGE_SIZE);
	va = small_alloc(MAP_PRIVATE, file, HUGE_SIZE);
	snprintf(what, sizeof(what), "a file of %s, private", kind);
	refused(fd, va, HUGE_SIZE, EMEDIUMTYPE, what);
	munmap(va, HUGE_SIZE);
	close(file);
	unlink(name);
}

/* Of the root, a file system that has its files elsewhere and may not be written. */
static void
test_program(int fd)
{
	const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint8_t *va = mmap(NULL, 2 * HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	va = (uint8_t *)(((uintptr_t)va + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1));
	va = mmap(va, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0);
	madvise(va, PAGE, MADV_DONTFORK);
	if (ktap_test(va != MAP_FAILED, "this program, mapped"))
		refused(fd, va, PAGE, EMEDIUMTYPE, "this program's file, private");
	close(file);
}

static void
test_files(int fd)
{
	char shm[] = "/dev/shm/wd-test-XXXXXX", ram[] = "/tmp/wd-ramfs/XXXXXX";

	test_file(fd, shm, "shmem");
	mkdir("/tmp/wd-ramfs", 0700);
	if (ktap_test(mount("ramfs", "/tmp/wd-ramfs", "ramfs", 0, NULL) == 0, "ramfs is mounted"))
		test_file(fd, ram, "ramfs, with pages of the page cache");
	umount("/tmp/wd-ramfs");
	rmdir("/tmp/wd-ramfs");
	test_program(fd);
}

static void
test_kinds(int fd)
{
	uint8_t *huge = huge_alloc(4), *va;

	va = small_alloc(MAP_PRIVATE | MAP_ANONYMOUS, -1, HUGE_SIZE);
	refused(fd, va, HUGE_SIZE, EMEDIUMTYPE, "anonymous memory");
	madvise(va, HUGE_SIZE, MADV_HUGEPAGE);
	memset(va, 1, HUGE_SIZE);
	refused(fd, va, HUGE_SIZE, EMEDIUMTYPE, "transparent hugepage");
	munmap(va, HUGE_SIZE);
	va = small_alloc(MAP_SHARED | MAP_ANONYMOUS, -1, HUGE_SIZE);
	refused(fd, va, HUGE_SIZE, EMEDIUMTYPE, "shared memory");
	munmap(va, HUGE_SIZE);
	test_files(fd);

	/* two hugepages, and what is in the place of the third */
	munmap(huge + 2 * HUGE_SIZE, HUGE_SIZE);
	refused(fd, huge, 3 * HUGE_SIZE, EFAULT, "range with an end that is not mapped");
	refused(fd, huge, 4 * HUGE_SIZE, EFAULT, "range with a hole");
	refused(fd, huge + 2 * HUGE_SIZE, HUGE_SIZE, EFAULT, "range that is not mapped");
	va = mmap(huge + 2 * HUGE_SIZE, HUGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	madvise(va, HUGE_SIZE, MADV_DONTFORK);
	refused(fd, huge, 3 * HUGE_SIZE, EMEDIUMTYPE, "hugepages and other memory");
	refused(fd, huge, 2 * HUGE_SIZE + PAGE, EMEDIUMTYPE,
			"hugepages and a page of other memory");
	munmap(va, HUGE_SIZE);

	mprotect(huge + HUGE_SIZE, HUGE_SIZE, PROT_READ);
	refused(fd, huge, 2 * HUGE_SIZE, EACCES, "hugepages of which one is read-only");
	mprotect(huge + HUGE_SIZE, HUGE_SIZE, PROT_NONE);
	refused(fd, huge, 2 * HUGE_SIZE, EACCES, "hugepages of which one cannot be read");
	mprotect(huge + HUGE_SIZE, HUGE_SIZE, PROT_READ | PROT_WRITE);
	madvise(huge + HUGE_SIZE, HUGE_SIZE, MADV_DOFORK);
	refused(fd, huge, 2 * HUGE_SIZE, ECHILD, "hugepages of which one would be inherited");
	munmap(huge, 4 * HUGE_SIZE);
}

static int
mem_raw(int fd, unsigned long request, uint64_t va, uint64_t len, uint32_t reserved, uint64_t addrs)
{
	struct wd_mem mem = {
		.size = sizeof(mem), .reserved = reserved, .va = va, .len = len, .dev_addrs = addrs
	};

	return queue_call(fd, request, &mem);
}

static void
test_arguments(int fd)
{
	const uint64_t va = (uintptr_t)huge_alloc(2), page = PAGE;
	const struct {
		const char *what;
		uint64_t va, len;
		uint32_t reserved;
		uint64_t addrs;
		int error;
	} cases[] = {
		{ "no bytes", va, 0, 0, 0, EINVAL },
		{ "part of a hugepage", va, page, 0, 0, EINVAL },
		{ "a hugepage and a part", va, HUGE_SIZE + page, 0, 0, EINVAL },
		{ "begin within a hugepage", va + page, HUGE_SIZE, 0, 0, EINVAL },
		{ "not whole pages", va + 1, HUGE_SIZE, 0, 0, EINVAL },
		{ "not whole pages of length", va, HUGE_SIZE - 1, 0, 0, EINVAL },
		{ "wraps around", va, UINT64_MAX - page + 1, 0, 0, EINVAL },
		{ "wraps around to its begin", va, 0 - va, 0, 0, EINVAL },
		{ "all there is", 0, UINT64_MAX - page + 1, 0, 0, EFAULT },
		{ "the kernel's", 0xffff888000000000, HUGE_SIZE, 0, 0, EFAULT },
		{ "reserved", va, HUGE_SIZE, 1, 0, EINVAL },
		{ "addresses that only a device without IOMMU has", va, HUGE_SIZE, 0, va, EINVAL },
	};
	struct {
		struct wd_mem mem;
		uint64_t more;
	} longer = { { .size = sizeof(longer), .va = va, .len = HUGE_SIZE }, 0 };

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int rc = mem_raw(fd, WD_IOC_MEM_REGISTER, cases[i].va, cases[i].len,
				cases[i].reserved, cases[i].addrs);

		ktap_test(rc == -cases[i].error, "%s: %s", cases[i].what, strerror(-rc));
	}
	ktap_test(queue_call(fd, WD_IOC_MEM_REGISTER, NULL) == -EFAULT, "no argument: EFAULT");
	ktap_test(queue_call(fd, WD_IOC_MEM_REGISTER, &longer) == 0, "longer, zeros: taken");
	longer.more = 1;
	ktap_test(queue_call(fd, WD_IOC_MEM_UNREGISTER, &longer) == -E2BIG, "longer: E2BIG");
	longer.mem.size = 4;
	ktap_test(queue_call(fd, WD_IOC_MEM_UNREGISTER, &longer) == -EINVAL, "too short: EINVAL");
	longer.mem.size = 24; /* the addresses left out */
	ktap_test(queue_call(fd, WD_IOC_MEM_UNREGISTER, &longer) == 0, "shorter: taken");
	munmap((void *)va, 2 * HUGE_SIZE);
}

static void
test_overlap(int fd)
{
	uint8_t *va = huge_alloc(4);

	ktap_test(mem_register(fd, va + HUGE_SIZE, 2 * HUGE_SIZE) == 0, "two in the middle");
	ktap_test(mem_register(fd, va + HUGE_SIZE, 2 * HUGE_SIZE) == -EALREADY, "again: EALREADY");
	ktap_test(mem_register(fd, va + HUGE_SIZE, HUGE_SIZE) == -EALREADY,
			"one of them: EALREADY");
	ktap_test(mem_register(fd, va, 2 * HUGE_SIZE) == -EEXIST, "one new, one old: EEXIST");
	ktap_test(mem_register(fd, va, 4 * HUGE_SIZE) == -EEXIST, "around them: EEXIST");
	ktap_test(mem_unregister(fd, va, 2 * HUGE_SIZE) == -ENOENT, "more than there is: ENOENT");
	ktap_test(mem_unregister(fd, va + HUGE_SIZE, HUGE_SIZE / 2) == -EINVAL,
			"half of one: EINVAL");
	ktap_test(mem_unregister(fd, va + 2 * HUGE_SIZE, HUGE_SIZE) == 0, "the second of them");
	ktap_test(mem_unregister(fd, va + 2 * HUGE_SIZE, HUGE_SIZE) == -ENOENT, "again: ENOENT");
	ktap_test(mem_register(fd, va + 2 * HUGE_SIZE, 2 * HUGE_SIZE) == 0, "anew, with another");
	ktap_test(mem_unregister(fd, va + HUGE_SIZE, 3 * HUGE_SIZE) == 0, "all, over both calls");
	munmap(va, 4 * HUGE_SIZE);
}

/* The device, by the queue, writes and reads in the middle of what is registered. */
static bool
reaches(struct emu_daemon *d, const struct emu_queue *q, uint8_t *va, uint8_t byte)
{
	va[100] = 0;
	return emu_write(d, q->qn, va + 100, 64, byte) == 0 && va[100] == byte && va[163] == byte &&
			va[164] != byte && emu_read(d, q->qn, va + 100, 64, byte) == 0;
}

static bool
fails(struct emu_daemon *d, const struct emu_queue *q, const uint8_t *va, uint32_t len)
{
	return emu_read(d, q->qn, va, len, 0) == -EFAULT &&
			emu_write(d, q->qn, va, len, 0x77) == -EFAULT;
}

/* Whatever it is registered through, and whenever: for each queue of the process. */
static void
test_shared(void)
{
	struct emu_queue before, by, after, other_before, other_after;
	uint8_t *va = huge_alloc(2);

	ktap_test(emu_queue_start(&one, &before) == 0, "a queue before");
	ktap_test(emu_queue_start(&two, &other_before) == 0, "a queue of another device before");
	ktap_test(emu_queue_start(&one, &by) == 0, "a queue to register by");
	ktap_test(fails(&one, &before, va, 64), "not registered: EFAULT");
	ktap_test(mem_register(by.fd, va, HUGE_SIZE) == 0, "registered");
	ktap_test(emu_queue_start(&one, &after) == 0, "a queue after");
	ktap_test(emu_queue_start(&two, &other_after) == 0, "a queue of another device after");
	ktap_test(reaches(&one, &by, va, 1), "reached by its own queue");
	ktap_test(reaches(&one, &before, va, 2), "by the one opened before");
	ktap_test(reaches(&one, &after, va, 3), "by the one opened after");
	ktap_test(reaches(&two, &other_before, va, 4), "by another device's before");
	ktap_test(reaches(&two, &other_after, va, 5), "by another device's after");
	ktap_test(reaches(&one, &by, va + HUGE_SIZE - 165, 6), "up to the last byte but one");
	ktap_test(emu_write(&one, by.qn, va + HUGE_SIZE - 8, 8, 7) == 0, "up to the last byte");
	ktap_test(fails(&one, &by, va + HUGE_SIZE - 8, 9), "one more: EFAULT");
	ktap_test(fails(&one, &by, va - 1, 2), "one before: EFAULT");
	ktap_test(fails(&one, &by, va + HUGE_SIZE, 64), "the next page: EFAULT");
	va[HUGE_SIZE] = 0;
	ktap_test(va[HUGE_SIZE] == 0, "and not written");

	emu_queue_close(&one, &by);
	ktap_test(reaches(&one, &before, va, 8), "the queue it was registered by may go");
	ktap_test(mem_register(other_before.fd, va + HUGE_SIZE, HUGE_SIZE) == 0,
			"another page, by another device");
	ktap_test(emu_write(&one, after.qn, va + HUGE_SIZE - 32, 64, 9) == 0 &&
					va[HUGE_SIZE - 32] == 9 && va[HUGE_SIZE + 31] == 9,
			"over the border of two pages");
	ktap_test(mem_unregister(after.fd, va, HUGE_SIZE) == 0, "unregistered by a third queue");
	ktap_test(fails(&one, &before, va, 64) && fails(&one, &after, va, 64) &&
					fails(&two, &other_before, va, 64),
			"no device and no queue reaches it");
	ktap_test(reaches(&two, &other_after, va + HUGE_SIZE, 10), "the other page is still there");
	ktap_test(queue_call(before.fd, UACCE_IOC_PUT_Q, NULL) == 0 &&
					emu_read(&one, before.qn, va + HUGE_SIZE, 8, 0) ==
							-ESHUTDOWN,
			"a stopped queue reaches nothing");
	emu_queue_close(&one, &before);
	emu_queue_close(&one, &after);
	emu_queue_close(&two, &other_before);
	emu_queue_close(&two, &other_after);
	munmap(va, 2 * HUGE_SIZE);
}

/* Another process sees what it registered itself, at the same address or not. */
static int
child_sees_own(void *arg)
{
	const uint8_t *parents = arg;
	uint8_t *own = mmap(arg, HUGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED, -1, 0);
	struct emu_queue q;

	if (own != parents || emu_queue_start(&one, &q) != 0)
		return 1;
	madvise(own, HUGE_SIZE, MADV_DONTFORK);
	if (!fails(&one, &q, own, 64))
		return 2;
	if (mem_register(q.fd, own, HUGE_SIZE) != 0)
		return 3;
	return reaches(&one, &q, own, 0x42) ? 0 : 4;
}

static void
test_neighbour(void)
{
	uint8_t *va = huge_alloc(1);
	struct emu_queue q;

	ktap_test(emu_queue_start(&one, &q) == 0 && mem_register(q.fd, va, HUGE_SIZE) == 0,
			"a page at an address");
	memset(va, 0x24, 4096);
	ktap_test(in_child(child_sees_own, va) == 0, "the child's page at the same address");
	ktap_test(emu_read(&one, q.qn, va, 4096, 0x24) == 0, "is not this one");
	emu_queue_close(&one, &q);
	munmap(va, HUGE_SIZE);
}

/* What close() leaves to the kernel is done. */
static bool
settles_at(long pins)
{
	for (unsigned int i = 0; i < 500 && pins_now() != pins; i++)
		usleep(10000);
	return pins_now() == pins;
}

/* --- one process registers much, the others do not wait for it --- */

#define KEPT 8 /* hugepages that others need meanwhile */
#define LEAST_ACCESSES 20

static struct {
	int fd;
	void *va;
	size_t len;
	int rc;
	int64_t ms;
	atomic_bool ended;
} big;

static void *
register_big(void *arg)
{
	const int64_t start = now_ms();

	(void)arg;
	big.rc = mem_register(big.fd, big.va, big.len);
	big.ms = now_ms() - start;
	atomic_store(&big.ended, true);
	return NULL;
}

/* Another process with a queue; what it tells. */
struct client {
	pid_t pid;
	uint16_t qn;
	_Atomic(void *) va;
};

static void
client_start(struct client *c)
{
	struct emu_queue q;
	pid_t pid;
	void *va;

	fflush(stdout);
	pid = fork();
	if (pid != 0) {
		c->pid = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	va = huge_alloc(1);
	if (emu_queue_start(&one, &q) != 0 || mem_register(q.fd, va, HUGE_SIZE) != 0)
		_exit(1);
	c->qn = q.qn;
	atomic_store(&c->va, va);
	pause();
}

/* The daemon looks at one access after the other: who makes it wait holds up all. */
static void
test_slow_registration(void)
{
	struct client *other = mmap(NULL, sizeof(*other), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int nb_own = 0, nb_other = 0;
	uint8_t *va = huge_alloc(1);
	int64_t longest = 0;
	struct emu_queue q;
	bool good = true;
	pthread_t thread;

	client_start(other);
	ktap_test(emu_queue_start(&one, &q) == 0 && mem_register(q.fd, va, HUGE_SIZE) == 0,
			"a queue with a hugepage");
	while (atomic_load(&other->va) == NULL && waitpid(other->pid, NULL, WNOHANG) == 0)
		usleep(1000);
	ktap_test(atomic_load(&other->va) != NULL, "another process with the same");
	big.fd = q.fd;
	big.len = (size_t)(huge_free_now() - KEPT) * HUGE_SIZE;
	big.va = mmap(NULL, big.len, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	madvise(big.va, big.len, MADV_DONTFORK);
	pthread_create(&thread, NULL, register_big, NULL);
	while (good && !atomic_load(&big.ended)) {
		const int64_t start = now_ms();

		good = emu_write(&one, q.qn, va, 64, 1) == 0;
		nb_own += !atomic_load(&big.ended);
		good = good && emu_write(&one, other->qn, other->va, 64, 2) == 0;
		nb_other += !atomic_load(&big.ended);
		if (now_ms() - start > longest)
			longest = now_ms() - start;
	}
	pthread_join(thread, NULL);
	ktap_test(big.rc == 0, "%zu hugepages, not touched before, are registered in %ld ms: %d",
			big.len / HUGE_SIZE, (long)big.ms, big.rc);
	ktap_test(good && nb_own >= LEAST_ACCESSES && nb_other >= LEAST_ACCESSES,
			"meanwhile the device reaches that process %u times, another one %u times",
			nb_own, nb_other);
	ktap_test(longest < big.ms * 3 / 4, "each time in %ld ms at most, both together",
			(long)longest);
	kill(other->pid, SIGKILL);
	waitpid(other->pid, NULL, 0);
	munmap(other, sizeof(*other));
	emu_queue_close(&one, &q);
	munmap(big.va, big.len);
	munmap(va, HUGE_SIZE);
}

/* --- a file of hugetlbfs that loses what is registered --- */

/* One hugepage of the file is taken out of it; the device keeps it, the process gets another. */
static void
test_taken_out(int file, struct emu_queue *q, uint8_t *va, bool punch)
{
	const char *how = punch ? "a hole punched" : "the file cut";
	const long pins = pins_now(), free_before = huge_free_now();
	int rc;

	ktap_test(mem_register(q->fd, va, HUGE_SIZE) == 0 && reaches(&one, q, va, 1),
			"a hugepage of a file, registered");
	rc = punch ? fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, HUGE_SIZE) :
		     ftruncate(file, 0);
	ktap_test(rc == 0, "%s: %s", how, rc == 0 ? "done" : strerror(errno));
	ktap_test(pins_now() == pins + 1 && huge_free_now() == free_before,
			"%s: the page stays pinned, and taken", how);
	ktap_test(emu_write(&one, q->qn, va + 100, 64, 5) == 0 &&
					emu_read(&one, q->qn, va + 100, 64, 5) == 0,
			"%s: the device still has it", how);
	ktap_test(ftruncate(file, HUGE_SIZE) == 0 && va[100] == 0,
			"%s: the process sees another one, which is zero", how);
	ktap_test(emu_write(&one, q->qn, va + 100, 64, 6) == 0 && va[100] == 0,
			"%s: that one the device does not reach", how);
	ktap_test(mem_register(q->fd, va, HUGE_SIZE) == -EALREADY, "%s: registered it is", how);
	ktap_test(mem_unregister(q->fd, va, HUGE_SIZE) == 0 && pins_now() == pins,
			"%s: unregistered", how);
	ktap_test(huge_free_now() == free_before, "%s: the old page is free again", how);
	ktap_test(mem_register(q->fd, va, HUGE_SIZE) == 0 && reaches(&one, q, va, 7) &&
					mem_unregister(q->fd, va, HUGE_SIZE) == 0,
			"%s: the new one can be registered", how);
}

static void
test_huge_file(void)
{
	const int file = (int)syscall(SYS_memfd_create, "wd-test", MFD_CLOEXEC | MFD_HUGETLB);
	struct emu_queue q;
	uint8_t *va;
	int rc;

	rc = emu_queue_start(&one, &q);
	if (!ktap_test(rc == 0 && ftruncate(file, HUGE_SIZE) == 0, "a file of hugetlbfs"))
		return;
	va = mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	madvise(va, HUGE_SIZE, MADV_DONTFORK);
	memset(va, 0, HUGE_SIZE);
	test_taken_out(file, &q, va, true);
	test_taken_out(file, &q, va, false);
	emu_queue_close(&one, &q);
	munmap(va, HUGE_SIZE);
	close(file);
}

/* Pins and pages: what is given back, and when. */
static void
test_counts(long pins)
{
	uint8_t *va, *kept;
	struct emu_queue q;
	long pages;

	ktap_test(settles_at(pins), "nothing is pinned before");
	pages = huge_free_now();
	va = huge_alloc(2);
	kept = huge_alloc(2);
	emu_queue_start(&one, &q);
	ktap_test(mem_register(q.fd, va, 2 * HUGE_SIZE) == 0 &&
					mem_register(q.fd, kept, 2 * HUGE_SIZE) == 0 &&
					pins_now() == pins + 4,
			"one pin a hugepage");
	munmap(va, 2 * HUGE_SIZE);
	ktap_test(huge_free_now() == pages - 4,
			"unmapped: the pages stay while they are registered");
	ktap_test(emu_write(&one, q.qn, va, 64, 1) == 0, "and the device reaches them");
	ktap_test(mem_unregister(q.fd, va, 2 * HUGE_SIZE) == 0 && huge_free_now() == pages - 2 &&
					pins_now() == pins + 2,
			"unregistered: they are free again");
	emu_queue_close(&one, &q);
	ktap_test(settles_at(pins), "the last queue closed: nothing is pinned");
	munmap(kept, 2 * HUGE_SIZE);
	ktap_test(huge_free_now() == pages, "all pages are free again");
}

static void
drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	syscall(SYS_capset, &head, none);
}

static int
child_has_limit(void *arg)
{
	const struct rlimit limit = { HUGE_SIZE, HUGE_SIZE };
	uint8_t *va = huge_alloc(2);
	struct emu_queue q;

	(void)arg;
	if (emu_queue_start(&one, &q) != 0 || setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return 1;
	if (mem_register(q.fd, va, 2 * HUGE_SIZE) != 0)
		return 2; /* CAP_IPC_LOCK */
	if (mem_unregister(q.fd, va, 2 * HUGE_SIZE) != 0)
		return 3;
	drop_capabilities();
	if (mem_register(q.fd, va, 2 * HUGE_SIZE) != -ENOMEM)
		return 4;
	if (mem_register(q.fd, va, HUGE_SIZE) != 0)
		return 5;
	if (mem_register(q.fd, va + HUGE_SIZE, HUGE_SIZE) != -ENOMEM)
		return 6;
	if (mem_unregister(q.fd, va, HUGE_SIZE) != 0)
		return 7;
	return mem_register(q.fd, va + HUGE_SIZE, HUGE_SIZE) == 0 ? 0 : 8;
}

/* --- users: what kernel/60-wd.rules allows --- */

#define GROUP 4242
#define USER 4343

static bool
become_user(bool in_group)
{
	const gid_t group = GROUP;

	return setgroups(in_group ? 1 : 0, &group) == 0 && setgid(USER) == 0 && setuid(USER) == 0 &&
			geteuid() == USER;
}

static int
child_is_stranger(void *arg)
{
	(void)arg;
	return become_user(false) && queue_open(one.name) == -EACCES ? 0 : 1;
}

static int
child_is_member(void *arg)
{
	const struct rlimit limit = { HUGE_SIZE, HUGE_SIZE };
	struct emu_queue q;
	uint8_t *va;
	int fd;

	(void)arg;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || !become_user(true))
		return 1;
	va = huge_alloc(2);
	if (va == NULL)
		return 2;
	if (emu_queue_start(&one, &q) != 0)
		return 3;
	if (mem_register(q.fd, va, 2 * HUGE_SIZE) != -ENOMEM)
		return 4; /* over the limit */
	if (mem_register(q.fd, va, HUGE_SIZE) != 0)
		return 5;
	if (mem_register(q.fd, va, HUGE_SIZE) != -EALREADY)
		return 6; /* also at the limit */
	if (!reaches(&one, &q, va, 0x33))
		return 7;
	fd = result(open(WD_EMU_NODE, O_RDWR | O_CLOEXEC));
	if (fd != -EACCES)
		return 8; /* the daemon's side is not for users */
	return mem_unregister(q.fd, va, HUGE_SIZE) == 0 ? 0 : 9;
}

static void
test_users(void)
{
	char path[PATH_MAX];
	struct stat st;
	int rc;

	snprintf(path, sizeof(path), "/dev/%s", one.name);
	ktap_test(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_uid == 0,
			"the node is root's: %o", st.st_mode & 0777);
	rc = in_child(child_is_stranger, NULL);
	ktap_test(rc == 0, "a user cannot open it: %d", rc);
	/* as udev does with the rules */
	ktap_test(chown(path, 0, GROUP) == 0 && chmod(path, 0660) == 0, "given to a group");
	rc = in_child(child_is_stranger, NULL);
	ktap_test(rc == 0, "who is not a member cannot open it: %d", rc);
	rc = in_child(child_is_member, NULL);
	ktap_test(rc == 0, "a member opens it, registers within the limit, and is served: %d", rc);
	ktap_test(chmod(path, 0600) == 0 && chown(path, 0, 0) == 0, "given back");
}

static int
test_sva(void)
{
	struct emu_daemon sva;
	uint8_t *va = huge_alloc(1);
	struct emu_queue q;
	int rc = emu_daemon_start(&sva, "wd_testsva", UACCE_FLAG_SVA, 1);

	if (rc != 0)
		return rc;
	rc = emu_queue_start(&sva, &q);
	ktap_test(rc == 0 && mem_register(q.fd, va, HUGE_SIZE) == -ENOTTY,
			"with SVA there is nothing to register: ENOTTY");
	emu_queue_close(&sva, &q);
	munmap(va, HUGE_SIZE);
	emu_daemon_kill(&sva);
	return 0;
}

int
main(void)
{
	const long pins = pins_now();
	struct emu_queue q;
	int rc;

	ktap_start(0);
	rc = emu_daemon_start(&one, "wd_test", 0, NB_QUEUES);
	ktap_test(rc == 0, "a device: %d", rc);
	rc = emu_daemon_start(&two, "wd_test", 0, NB_QUEUES);
	ktap_test(rc == 0, "a second one: %d", rc);
	rc = emu_queue_start(&one, &q);
	if (ktap_test(rc == 0, "a queue: %d", rc)) {
		test_kinds(q.fd);
		test_arguments(q.fd);
		test_overlap(q.fd);
		emu_queue_close(&one, &q);
		test_shared();
		test_neighbour();
		test_slow_registration();
		test_huge_file();
		test_counts(pins);
		rc = in_child(child_has_limit, NULL);
		ktap_test(rc == 0, "limit of locked memory: %d", rc);
		test_users();
		ktap_test(test_sva() == 0, "a device with SVA");
	}
	emu_daemon_kill(&one);
	emu_daemon_kill(&two);
	ktap_test(settles_at(pins), "nothing is pinned in the end");
	return ktap_finish();
}
