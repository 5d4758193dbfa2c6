/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * What the programs that devtools/perf-insn.sh runs say to devtools/insn-count.c, which
 * counts where callgrind does not run: by a system call that no kernel has. Without
 * WD_INSN_COUNT in the environment they say nothing.
 */

#ifndef PERF_INSN_H
#define PERF_INSN_H

#include <dlfcn.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PERF_INSN_CALL 0x5744 /* number of the system call */
#define PERF_INSN_FUNCTION 1 /* argument: where a function begins that is counted; two of them */
#define PERF_INSN_CALLER 2 /* arguments: where code begins and ends that calls them */
#define PERF_INSN_MARK 3 /* write the counts, and begin anew */

static inline void
perf_insn_say(unsigned long what, uintptr_t a, uintptr_t b)
{
	if (getenv("WD_INSN_COUNT") != NULL)
		(void)!syscall(PERF_INSN_CALL, what, a, b);
}

/* Code of this program, from the linker. */
extern const char __executable_start[], etext[];

static inline void
perf_insn_functions(uintptr_t enqueue, uintptr_t dequeue)
{
	Dl_info info;

	perf_insn_say(PERF_INSN_CALLER, (uintptr_t)__executable_start, (uintptr_t)etext);
	perf_insn_say(PERF_INSN_FUNCTION, enqueue, 0);
	perf_insn_say(PERF_INSN_FUNCTION, dequeue, 0);
	/* addresses become names by this */
	if (getenv("WD_INSN_COUNT") != NULL && dladdr((void *)enqueue, &info) != 0)
		printf("insn-base %" PRIuPTR " %s\n", (uintptr_t)info.dli_fbase, info.dli_fname);
}

#endif /* PERF_INSN_H */
