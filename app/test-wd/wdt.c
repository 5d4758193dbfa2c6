/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

#include "wdt.h"

static struct wdt_test *first, **last = &first;
static uint64_t random_state;

void
wdt_register(struct wdt_test *test)
{
	*last = test;
	last = &test->next;
}

/* splitmix64, by Sebastiano Vigna, public domain */
uint64_t
wdt_random(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void
wdt_random_bytes(void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len > 0) {
		const uint64_t r = wdt_random();
		const size_t n = len < sizeof(r) ? len : sizeof(r);

		memcpy(p, &r, n);
		p += n;
		len -= n;
	}
}

unsigned int
wdt_fewer(unsigned int nb, const char *of_what)
{
	const char *text = getenv("WD_TEST_REDUCE");
	const unsigned int divisor = text == NULL ? 1 : (unsigned int)atoi(text);
	const unsigned int less = divisor > 1 ? nb / divisor : nb;

	if (less == nb || nb == 0)
		return nb;
	printf("# %u of %u %s: WD_TEST_REDUCE=%u\n", less > 0 ? less : 1, nb, of_what, divisor);
	return less > 0 ? less : 1;
}

int
wdt_hex(const char *text, uint8_t *buf, size_t size)
{
	size_t n = 0;

	for (;;) {
		char byte[3] = { 0 };

		while (isspace((unsigned char)*text))
			text++;
		if (*text == '\0')
			return (int)n;
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
				n == size)
			return -1;
		memcpy(byte, text, 2);
		buf[n++] = (uint8_t)strtoul(byte, NULL, 16);
		text += 2;
	}
}

static void
dump_row(const char *what, const uint8_t *p, size_t from, size_t to)
{
	printf("#   %s [%zu..]:", what, from);
	for (size_t i = from; i < to; i++)
		printf(" %02x", p[i]);
	printf("\n");
}

void
wdt_dump_diff(const uint8_t *got, const uint8_t *want, size_t len)
{
	size_t i = 0;

	while (i < len && got[i] == want[i])
		i++;
	if (i == len)
		return;
	printf("#   first difference at byte %zu of %zu\n", i, len);
	i &= ~(size_t)15;
	dump_row("got ", got, i, i + 32 < len ? i + 32 : len);
	dump_row("want", want, i, i + 32 < len ? i + 32 : len);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool
selected(const struct wdt_test *t, int nb_words, char **words)
{
	if (nb_words == 0)
		return true;
	for (int i = 0; i < nb_words; i++) {
		if (strstr(t->name, words[i]) != NULL ||
				strstr(base_name(t->file), words[i]) != NULL)
			return true;
	}
	return false;
}

/* WD_TEST_SHARD=2/3: of what is selected the second third, one in three. */
static bool
in_shard(unsigned int idx)
{
	const char *text = getenv("WD_TEST_SHARD");
	unsigned int shard, nb;

	if (text == NULL || sscanf(text, "%u/%u", &shard, &nb) != 2 || nb == 0)
		return true;
	return idx % nb == shard % nb;
}

/* Leaves in the list what is to be run; returns how many. */
static unsigned int
select_tests(int nb_words, char **words)
{
	unsigned int idx = 0, nb = 0;

	for (struct wdt_test **t = &first; *t != NULL;) {
		if (selected(*t, nb_words, words) && in_shard(idx++)) {
			t = &(*t)->next;
			nb++;
		} else {
			*t = (*t)->next;
		}
	}
	return nb;
}

int
wdt_main(int nb_words, char **words)
{
	const char *seed = getenv("WD_TEST_SEED");
	unsigned int nb = 0, passed = 0, skipped = 0, failed = 0;

	random_state = seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%u\n# WD_TEST_SEED=%" PRIu64 "\n", select_tests(nb_words, words),
			random_state);
	for (const struct wdt_test *t = first; t != NULL; t = t->next) {
		struct timespec from, to;
		int rc;

		clock_gettime(CLOCK_MONOTONIC, &from);
		rc = t->run();
		clock_gettime(CLOCK_MONOTONIC, &to);
		passed += rc == WDT_PASS;
		skipped += rc == WDT_SKIPPED;
		failed += rc != WDT_PASS && rc != WDT_SKIPPED;
		printf("%s %u - %s %s%s (%.0f ms)\n",
				rc == WDT_PASS || rc == WDT_SKIPPED ? "ok" : "not ok", ++nb,
				base_name(t->file), t->name, rc == WDT_SKIPPED ? " # SKIP" : "",
				(double)(to.tv_sec - from.tv_sec) * 1e3 +
						(double)(to.tv_nsec - from.tv_nsec) / 1e6);
	}
	printf("# %u passed, %u failed, %u skipped\n", passed, failed, skipped);
	if (failed > 0 || nb == 0)
		return 1;
	return passed == 0 ? 77 : 0;
}
