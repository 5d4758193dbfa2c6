/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Touch memory that may not be there. One thread at a time.
 */

#ifndef FAULT_H
#define FAULT_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static sigjmp_buf fault_return;

static inline void
fault_handler(int signal)
{
	siglongjmp(fault_return, signal);
}

/** Read a word, and write it back when asked to; 0, or the signal that came instead. */
static inline int
fault_touch(volatile uint32_t *at, bool write, uint32_t *value)
{
	const struct sigaction catch = { .sa_handler = fault_handler };
	struct sigaction old[2];
	int signal;

	sigaction(SIGBUS, &catch, &old[0]);
	sigaction(SIGSEGV, &catch, &old[1]);
	signal = sigsetjmp(fault_return, 1);
	if (signal == 0) {
		const uint32_t word = *at;

		if (write)
			*at = word;
		if (value != NULL)
			*value = word;
	}
	sigaction(SIGBUS, &old[0], NULL);
	sigaction(SIGSEGV, &old[1], NULL);
	return signal;
}

/** Pages of [va, va + len) do not come any more, while the file that is returned is open; or -1. */
static inline int
userfault_open(void *va, size_t len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)va, .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	const int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 && ioctl(fd, UFFDIO_REGISTER, &reg) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

#endif /* FAULT_H */
