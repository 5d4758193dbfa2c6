/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Test runner and helpers.
 *
 *     WDT_TEST(sec_cbc_one_block)
 *     {
 *             WDT_CHECK(run() == 0);
 *             WDT_CHECK_EQ(done, 1);
 *             return WDT_PASS;
 *     }
 *
 * A file of tests is listed in meson.build and found by its constructors. The
 * runner prints TAP and returns 0, 1 when a test failed, 77 when all skipped.
 */

#ifndef WDT_H
#define WDT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WDT_PASS 0
#define WDT_FAIL 1
#define WDT_SKIPPED 77

struct wdt_test {
	const char *file;
	const char *name;
	int (*run)(void);
	struct wdt_test *next;
};

/** What is waited for comes at once, or never: nothing that a busy machine or an emulator takes. */
#define WDT_WAIT_MS 60000

void wdt_register(struct wdt_test *test);

/** Run the tests whose name or file (test_x.c) contains one of the given words; all without words. */
int wdt_main(int nb_words, char **words);

/** Reproducible random numbers: the seed is printed, and taken from WD_TEST_SEED if set. */
uint64_t wdt_random(void);
void wdt_random_bytes(void *buf, size_t len);

/** How many of nb: all, or one in WD_TEST_REDUCE of the environment, then it says so. For emulation. */
unsigned int wdt_fewer(unsigned int nb, const char *of_what);

/** "00ff a1" to bytes; returns the number of bytes, at most size, or -1 for malformed text. */
int wdt_hex(const char *text, uint8_t *buf, size_t size);
/** Print both buffers around their first difference. */
void wdt_dump_diff(const uint8_t *got, const uint8_t *want, size_t len);

#define WDT_TEST(fn)                                                                               \
	static int fn(void);                                                                       \
	static struct wdt_test wdt_test_##fn = { __FILE__, #fn, fn, NULL };                        \
	__attribute__((constructor)) static void wdt_ctor_##fn(void)                               \
	{                                                                                          \
		wdt_register(&wdt_test_##fn);                                                      \
	}                                                                                          \
	static int fn(void)

#define WDT_CHECK(cond)                                                                            \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #cond);              \
			return WDT_FAIL;                                                           \
		}                                                                                  \
	} while (0)

#define WDT_CHECK_EQ(got, want)                                                                    \
	do {                                                                                       \
		const int64_t wdt_got = (int64_t)(got), wdt_want = (int64_t)(want);                \
		if (wdt_got != wdt_want) {                                                         \
			printf("# %s:%d: %s is %" PRId64 ", not %" PRId64 "\n", __FILE__,          \
					__LINE__, #got, wdt_got, wdt_want);                        \
			return WDT_FAIL;                                                           \
		}                                                                                  \
	} while (0)

#define WDT_CHECK_MEM(got, want, len)                                                              \
	do {                                                                                       \
		if (memcmp(got, want, len) != 0) {                                                 \
			printf("# %s:%d: %s differs\n", __FILE__, __LINE__, #got);                 \
			wdt_dump_diff((const uint8_t *)(got), (const uint8_t *)(want), len);       \
			return WDT_FAIL;                                                           \
		}                                                                                  \
	} while (0)

/** End the test as skipped. */
#define WDT_SKIP(reason)                                                                           \
	do {                                                                                       \
		printf("# skipped: %s\n", reason);                                                 \
		return WDT_SKIPPED;                                                                \
	} while (0)

#endif /* WDT_H */
