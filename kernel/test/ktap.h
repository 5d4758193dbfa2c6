/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * What a test program in the guest prints, as KTAP.
 *
 *     int
 *     main(void)
 *     {
 *             ktap_start(0);
 *             ktap_test(fd >= 0, "open %s: %s", path, strerror(errno));
 *             if (!iommu)
 *                     ktap_skip("no IOMMU here", "isolation");
 *             return ktap_finish();
 *     }
 *
 * Only the process that called ktap_start() counts. A child forked from it may
 * print with ktap_diag(), tells the rest by its exit status, and ends by _exit():
 * its ktap_test() and ktap_skip() count as a failure of the parent's plan.
 */

#ifndef KTAP_H
#define KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KTAP_EXIT_PASS 0
#define KTAP_EXIT_FAIL 1
#define KTAP_EXIT_SKIP 4

static struct {
	pid_t pid;
	unsigned int plan; /* 0: printed at the end */
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
} ktap;

/** Start, once. plan: how many results will come, 0 when not known before. */
static inline void
ktap_start(unsigned int plan)
{
	/* whole lines at once, and nothing that a child could print again */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ktap.pid = getpid();
	ktap.plan = plan;
	printf("TAP version 13\n");
	if (plan != 0)
		printf("1..%u\n", plan);
}

/** A remark, for who reads the log. */
static inline void __attribute__((format(printf, 1, 2))) ktap_diag(const char *fmt, ...)
{
	va_list ap;
	char line[1024];

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	printf("# %s\n", line);
}

/** What is not done here, as that took too long: the summary says so. */
static inline void __attribute__((format(printf, 1, 2))) ktap_left_out(const char *fmt, ...)
{
	va_list ap;
	char line[1024];

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ktap_diag("left out: %s", line);
}

static inline void
ktap_result(const char *verdict, const char *reason, const char *fmt, va_list ap)
{
	const unsigned int number = ktap.passed + ktap.failed + ktap.skipped;
	char name[1024];
	char *c;

	vsnprintf(name, sizeof(name), fmt, ap);
	for (c = name; *c != '\0'; c++) {
		if (*c == '#' || *c == '\n')
			*c = ' '; /* they mean something in KTAP */
	}
	if (getpid() != ktap.pid) {
		printf("# in a child, where results do not count: %s\nnot ok %u in a child: %s\n",
				verdict, number, name);
		return;
	}
	printf("%s %u %s%s%s\n", verdict, number, name, reason == NULL ? "" : " # SKIP ",
			reason == NULL ? "" : reason);
}

/** One result. Returns cond, so that what depends on it can be left out. */
static inline bool __attribute__((format(printf, 2, 3))) ktap_test(bool cond, const char *fmt, ...)
{
	va_list ap;

	if (cond)
		ktap.passed++;
	else
		ktap.failed++;
	va_start(ap, fmt);
	ktap_result(cond ? "ok" : "not ok", NULL, fmt, ap);
	va_end(ap);
	return cond;
}

/** One result that could not be had. */
static inline void __attribute__((format(printf, 2, 3)))
ktap_skip(const char *reason, const char *fmt, ...)
{
	va_list ap;

	ktap.skipped++;
	va_start(ap, fmt);
	ktap_result("ok", reason, fmt, ap);
	va_end(ap);
}

/** End: prints the plan unless ktap_start() did. Returns the exit status for main(). */
static inline int
ktap_finish(void)
{
	const unsigned int count = ktap.passed + ktap.failed + ktap.skipped;

	if (ktap.plan == 0)
		printf("1..%u\n", count);
	else if (ktap.plan != count)
		printf("# %u results were planned, %u came\n", ktap.plan, count);
	printf("# %u passed, %u failed, %u skipped\n", ktap.passed, ktap.failed, ktap.skipped);
	if (ktap.failed != 0 || count == 0 || (ktap.plan != 0 && ktap.plan != count))
		return KTAP_EXIT_FAIL;
	return ktap.passed == 0 ? KTAP_EXIT_SKIP : KTAP_EXIT_PASS;
}

/** Nothing can be tested here: say why, as the only result, and give main()'s exit status. */
static inline int
ktap_skip_all(const char *reason)
{
	ktap_start(1);
	ktap_skip(reason, "all");
	return ktap_finish();
}

#endif /* KTAP_H */
