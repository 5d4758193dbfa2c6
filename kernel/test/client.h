/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * A client of wd.ko for the test programs: finds devices, opens queues, has
 * hugepages. Calls return 0 or more, or -errno, so that a test can compare.
 */

#ifndef CLIENT_H
#define CLIENT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "uacce_abi.h"
#include "wd_abi.h"

#define HUGE_SIZE (2UL << 20)
#define PAGE ((size_t)sysconf(_SC_PAGESIZE)) /* 4, 16 or 64 KiB on arm64 */

/** Of a clock that only goes on. */
static inline int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline int
result(int rc)
{
	return rc < 0 ? -errno : rc;
}

/** Text of an attribute without its newline; "" if there is none. */
static inline const char *
device_attr(const char *name, const char *attr)
{
	static const char *const classes[] = { "uacce", "wd" };
	static char text[512];
	char path[PATH_MAX];
	ssize_t n;
	int fd = -1;

	for (unsigned int i = 0; fd < 0 && i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/class/%s/%s/%s", classes[i], name, attr);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/**
 * Name of the first device whose name begins so and whose memory attribute is
 * that, or NULL. In a buffer of its own for each of the last four calls.
 */
static inline const char *
device_find(const char *prefix, const char *memory)
{
	static const char *const classes[] = { "/sys/class/uacce", "/sys/class/wd" };
	static char names[4][64];
	static unsigned int turn;
	char *name = names[turn++ % 4];
	struct dirent *entry;

	for (unsigned int i = 0; i < 2; i++) {
		DIR *dir = opendir(classes[i]);
		bool found = false;

		while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
			found = strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
					strcmp(device_attr(entry->d_name, WD_ATTR_MEMORY),
							memory) == 0;
			if (found)
				snprintf(name, sizeof(names[0]), "%.63s", entry->d_name);
		}
		if (dir != NULL)
			closedir(dir);
		if (found)
			return name;
	}
	return NULL;
}

/** Take a queue: its file descriptor. */
static inline int
queue_open(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/dev/%s", name);
	return result(open(path, O_RDWR | O_CLOEXEC));
}

/** Queues that open() still gives. */
static inline int
queue_available(const char *name)
{
	return atoi(device_attr(name, UACCE_ATTR_AVAILABLE));
}

/** Wait until it is nb, or 15 s: close() leaves the rest to the kernel. */
static inline bool
queue_available_wait(const char *name, int nb)
{
	for (unsigned int i = 0; i < 1500 && queue_available(name) != nb; i++)
		usleep(10000);
	return queue_available(name) == nb;
}

static inline int
queue_call(int fd, unsigned long request, void *arg)
{
	return result(ioctl(fd, request, arg));
}

/** Map size bytes of a region; NULL with errno set. */
static inline void *
queue_map(int fd, unsigned int region, size_t size)
{
	void *va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(region * PAGE));

	return va == MAP_FAILED ? NULL : va;
}

/**
 * nb hugepages that children do not inherit, touched; NULL without them. Each is
 * a mapping of its own, as EAL has them: parts can be unmapped without a split.
 */
static inline void *
huge_alloc(unsigned int nb)
{
	uint8_t *room = mmap(
			NULL, (nb + 1) * HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *va = (uint8_t *)(((uintptr_t)room + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1));

	if (room == MAP_FAILED)
		return NULL;
	for (unsigned int i = 0; i < nb; i++) {
		if (mmap(va + i * HUGE_SIZE, HUGE_SIZE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED, -1,
				    0) == MAP_FAILED) {
			munmap(room, (nb + 1) * HUGE_SIZE);
			return NULL;
		}
	}
	/* what is left over at the ends */
	if (va != room)
		munmap(room, (size_t)(va - room));
	munmap(va + nb * HUGE_SIZE, HUGE_SIZE - (size_t)(va - room));
	if (madvise(va, nb * HUGE_SIZE, MADV_DONTFORK) != 0)
		return NULL;
	memset(va, 0, nb * HUGE_SIZE);
	return va;
}

static inline int
mem_call(int fd, unsigned long request, const void *va, size_t len)
{
	struct wd_mem mem = { .size = sizeof(mem), .va = (uintptr_t)va, .len = len };

	return queue_call(fd, request, &mem);
}

static inline int
mem_register(int fd, const void *va, size_t len)
{
	return mem_call(fd, WD_IOC_MEM_REGISTER, va, len);
}

static inline int
mem_unregister(int fd, const void *va, size_t len)
{
	return mem_call(fd, WD_IOC_MEM_UNREGISTER, va, len);
}

/** Run in a child, which must end; its exit status, or -1 when a signal ended it. */
static inline int
in_child(int (*run)(void *arg), void *arg)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(run(arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/** Wait until open() gives a queue again, or 10 s: close() leaves the rest to the kernel. */
static inline int
queue_open_wait(const char *name)
{
	int fd = queue_open(name);

	for (unsigned int i = 0; i < 1000 && fd == -EBUSY; i++) {
		usleep(10000);
		fd = queue_open(name);
	}
	return fd;
}

#endif /* CLIENT_H */
