/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Published throughput of ZIP by descriptors in flight, which perf=zip-920 has to
 * come near to. From docs/perf.rst of UADK, section 1: sva mode, blocks of 8192
 * bytes, one queue, "-c" packages at a time. doc/bench.md says what is known of it.
 */

#ifndef PUBLISHED_H
#define PUBLISHED_H

#define PUBLISHED_ZIP_LEN 8192U
#define PUBLISHED_ZIP_PERCENT 10 /* that near */

static const struct {
	unsigned int in_flight;
	unsigned int kb_per_s; /* thousand bytes a second */
} published_zip[] = {
	{ 1, 556533 },
	{ 10, 1381276 },
	{ 20, 3134403 },
	{ 30, 4316537 },
	{ 40, 5617674 },
	{ 50, 6715231 },
	{ 60, 7245201 },
	{ 70, 7271500 },
};

#define PUBLISHED_ZIP_NB (sizeof(published_zip) / sizeof(published_zip[0]))

#endif /* PUBLISHED_H */
