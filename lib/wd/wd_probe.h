/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file A look at device memory that may be gone. */

#ifndef WD_PROBE_H
#define WD_PROBE_H

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/**
 * Whether a status word is zero (0) or not (1). -EFAULT: it is not there any more.
 *
 * When a device is pulled out the kernel takes its memory away, and a load of it is
 * a SIGBUS. So the kernel is asked to look: this wakes nobody and moves nobody to
 * another futex, all it does is to compare. process_vm_readv() would not do: it takes
 * references to pages, and memory of a device has none.
 */
static inline int
wd_probe_word(const volatile uint32_t *word)
{
	if (syscall(SYS_futex, word, FUTEX_CMP_REQUEUE_PRIVATE, 0, NULL, word, 0) == 0)
		return 0;
	if (errno == EFAULT)
		return -EFAULT;
	if (errno == EAGAIN)
		return 1;
	return *word != 0; /* a sandbox does not let it through */
}

#endif /* WD_PROBE_H */
