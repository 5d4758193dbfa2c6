/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The soft IOMMU by itself. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "wdt.h"

#define PAGE 4096U

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

WDT_TEST(space_map_arguments)
{
	struct wdm_space *space = wdm_space_create(NULL, NULL);
	static uint8_t host[64];
	uint8_t got[2];

	WDT_CHECK(space != NULL);
	WDT_CHECK_EQ(wdm_space_map(space, 0x1000, host, 0), -EINVAL);
	WDT_CHECK_EQ(wdm_space_map(space, 0x1000, NULL, 64), -EINVAL);
	WDT_CHECK_EQ(wdm_space_map(space, UINT64_MAX, host, 2), -EINVAL);
	WDT_CHECK_EQ(wdm_space_unmap(space, 0x1000, 0), -EINVAL);
	WDT_CHECK_EQ(wdm_space_unmap(space, UINT64_MAX, 2), -EINVAL);
	WDT_CHECK_EQ(wdm_space_unmap(space, 0x1000, 64), -ENOENT);
	WDT_CHECK(wdm_space_host(space, 0x1000, 1) == NULL);

	/* up to the last byte there is */
	WDT_CHECK_EQ(wdm_space_map(space, UINT64_MAX - 63, host, 64), 0);
	WDT_CHECK(wdm_space_host(space, UINT64_MAX, 1) == &host[63]);
	WDT_CHECK(wdm_space_host(space, UINT64_MAX, 2) == NULL);
	WDT_CHECK_EQ(wdm_space_map(space, 0, host, 64), 0);
	WDT_CHECK(wdm_space_host(space, UINT64_MAX, 2) == NULL);
	WDT_CHECK(wdm_space_host(space, 0, 64) == host);
	/* and no way around from the last byte to the first */
	wdm_space_lock(space);
	WDT_CHECK_EQ(wdm_dma_read(space, UINT64_MAX, got, 1), 0);
	WDT_CHECK_EQ(wdm_dma_read(space, UINT64_MAX, got, 2), -EFAULT);
	WDT_CHECK(!wdm_dma_allowed(space, UINT64_MAX, 2));
	wdm_space_unlock(space);
	WDT_CHECK_EQ(wdm_space_unmap(space, UINT64_MAX - 63, 64), 0);
	WDT_CHECK(wdm_space_host(space, UINT64_MAX, 1) == NULL);
	wdm_space_destroy(space);
	wdm_space_destroy(NULL);
	return WDT_PASS;
}

WDT_TEST(space_overlap_is_refused)
{
	static const struct {
		uint64_t iova;
		size_t len;
		int rc;
	} cases[] = {
		{ 100, 50, -EEXIST }, /* the same */
		{ 99, 2, -EEXIST }, /* over the start */
		{ 149, 2, -EEXIST }, /* over the end */
		{ 110, 1, -EEXIST }, /* inside */
		{ 0, 1000, -EEXIST }, /* around */
		{ 99, 1, 0 }, /* right before */
		{ 150, 1, 0 }, /* right behind */
	};
	static uint8_t host[50], other[1000];

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wdm_space *space = wdm_space_create(NULL, NULL);

		WDT_CHECK_EQ(wdm_space_map(space, 100, host, sizeof(host)), 0);
		WDT_CHECK_EQ(wdm_space_map(space, cases[i].iova, other, cases[i].len), cases[i].rc);
		WDT_CHECK(wdm_space_host(space, 100, 50) == host);
		if (cases[i].rc == 0)
			WDT_CHECK(wdm_space_host(space, cases[i].iova, 1) == other);
		wdm_space_destroy(space);
	}
	return WDT_PASS;
}

WDT_TEST(space_merges_and_splits)
{
	struct wdm_space *space = wdm_space_create(NULL, NULL);
	static uint8_t host[400];

	/* the middle one last: it joins both sides */
	WDT_CHECK_EQ(wdm_space_map(space, 1000, host, 100), 0);
	WDT_CHECK_EQ(wdm_space_map(space, 1200, host + 200, 100), 0);
	WDT_CHECK(wdm_space_host(space, 1000, 300) == NULL);
	WDT_CHECK_EQ(wdm_space_map(space, 1100, host + 100, 100), 0);
	WDT_CHECK(wdm_space_host(space, 1000, 300) == host);
	/* next in the client's addresses, elsewhere in host memory */
	WDT_CHECK_EQ(wdm_space_map(space, 1300, host + 301, 50), 0);
	WDT_CHECK(wdm_space_host(space, 1299, 2) == NULL);
	/* a hole, and back again */
	WDT_CHECK_EQ(wdm_space_unmap(space, 1150, 10), 0);
	WDT_CHECK(wdm_space_host(space, 1000, 150) == host);
	WDT_CHECK(wdm_space_host(space, 1000, 151) == NULL);
	WDT_CHECK(wdm_space_host(space, 1159, 1) == NULL);
	WDT_CHECK(wdm_space_host(space, 1160, 140) == host + 160);
	WDT_CHECK_EQ(wdm_space_unmap(space, 1150, 10), -ENOENT);
	WDT_CHECK_EQ(wdm_space_map(space, 1150, host + 150, 10), 0);
	WDT_CHECK(wdm_space_host(space, 1000, 300) == host);
	/* over several regions and gaps */
	WDT_CHECK_EQ(wdm_space_unmap(space, 1050, 260), 0);
	WDT_CHECK(wdm_space_host(space, 1000, 50) == host);
	WDT_CHECK(wdm_space_host(space, 1050, 1) == NULL);
	WDT_CHECK(wdm_space_host(space, 1309, 1) == NULL);
	WDT_CHECK(wdm_space_host(space, 1310, 40) == host + 311);
	wdm_space_destroy(space);
	return WDT_PASS;
}

#define MODEL_PAGES 200

/* Where each page is in host memory, against the same kept in the simplest way. */
static bool
lookup_agrees(struct wdm_space *space, uint8_t *const *pages, unsigned int at, unsigned int nb)
{
	bool contiguous = true;

	for (unsigned int i = at; i < at + nb; i++) {
		if (pages[i] == NULL ||
				(i > at &&
						(pages[i - 1] == NULL ||
								pages[i] - PAGE != pages[i - 1])))
			contiguous = false;
	}
	return wdm_space_host(space, (uint64_t)at * PAGE, (size_t)nb * PAGE) ==
			(contiguous ? pages[at] : NULL);
}

WDT_TEST(space_random_against_page_table)
{
	uint8_t *pages[MODEL_PAGES] = { NULL };
	/* only addresses are looked at: no memory needed */
	uint8_t *const host = (uint8_t *)(uintptr_t)0x7f0000000000;
	struct wdm_space *space = wdm_space_create(NULL, NULL);

	for (unsigned int round = 0; round < 20000; round++) {
		const unsigned int at = (unsigned int)(wdt_random() % MODEL_PAGES);
		const unsigned int nb = 1 + (unsigned int)(wdt_random() % (MODEL_PAGES - at) % 12);
		/* mostly where it continues its neighbours */
		uint8_t *base = host + (size_t)at * PAGE + (wdt_random() % 4 == 0 ? 7 * PAGE : 0);
		unsigned int nb_mapped = 0;

		for (unsigned int i = at; i < at + nb; i++)
			nb_mapped += pages[i] != NULL;
		if (wdt_random() % 2 == 0) {
			WDT_CHECK_EQ(wdm_space_map(space, (uint64_t)at * PAGE, base,
						     (size_t)nb * PAGE),
					nb_mapped == 0 ? 0 : -EEXIST);
			for (unsigned int i = at; nb_mapped == 0 && i < at + nb; i++)
				pages[i] = base + (size_t)(i - at) * PAGE;
		} else {
			WDT_CHECK_EQ(wdm_space_unmap(space, (uint64_t)at * PAGE, (size_t)nb * PAGE),
					nb_mapped == 0 ? -ENOENT : 0);
			for (unsigned int i = at; i < at + nb; i++)
				pages[i] = NULL;
		}
		for (unsigned int i = 0; i < 8; i++) {
			const unsigned int from = (unsigned int)(wdt_random() % MODEL_PAGES);
			const unsigned int len =
					(unsigned int)(wdt_random() % (MODEL_PAGES - from) % 8);

			WDT_CHECK(lookup_agrees(
					space, pages, from, 1 + len % (MODEL_PAGES - from)));
		}
	}
	wdm_space_destroy(space);
	return WDT_PASS;
}

#define NB_MANY 8192
#define HUGE_PAGE (2ULL << 20)

WDT_TEST(space_thousands_of_regions)
{
	struct wdm_space *space = wdm_space_create(NULL, NULL);
	uint8_t *const host = (uint8_t *)(uintptr_t)0x100000000000;
	uint64_t from;

	/* like IOVA = PA: one region a hugepage, no two neighbours, in no order */
	for (uint64_t i = 0; i < NB_MANY; i++) {
		const uint64_t page = i * 4093 % NB_MANY;

		WDT_CHECK_EQ(wdm_space_map(space, page * HUGE_PAGE, host + 2 * page * HUGE_PAGE,
					     HUGE_PAGE),
				0);
	}
	from = now_ns();
	for (unsigned int i = 0; i < 200000; i++) {
		const uint64_t page = wdt_random() % NB_MANY, offset = wdt_random() % HUGE_PAGE;

		WDT_CHECK(wdm_space_host(space, page * HUGE_PAGE + offset, 1) ==
				host + 2 * page * HUGE_PAGE + offset);
	}
	printf("# lookup among %u regions: %" PRIu64 " ns\n", NB_MANY, (now_ns() - from) / 200000);
	WDT_CHECK_EQ(wdm_space_unmap(space, 10 * HUGE_PAGE, (NB_MANY - 20) * HUGE_PAGE), 0);
	WDT_CHECK(wdm_space_host(space, 9 * HUGE_PAGE, 1) != NULL);
	WDT_CHECK(wdm_space_host(space, 10 * HUGE_PAGE, 1) == NULL);
	WDT_CHECK(wdm_space_host(space, (NB_MANY - 11) * HUGE_PAGE, 1) == NULL);
	WDT_CHECK(wdm_space_host(space, (NB_MANY - 10) * HUGE_PAGE, 1) != NULL);
	WDT_CHECK_EQ(wdm_space_unmap(space, 0, NB_MANY * HUGE_PAGE), 0);
	WDT_CHECK_EQ(wdm_space_unmap(space, 0, NB_MANY * HUGE_PAGE), -ENOENT);
	wdm_space_destroy(space);
	return WDT_PASS;
}

WDT_TEST(space_dma_across_regions)
{
	struct wdm_space *space = wdm_space_create(NULL, NULL);
	uint8_t a[100], b[100], data[300], got[300], before_a[100], before_b[100];

	wdt_random_bytes(data, sizeof(data));
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	/* neighbours for the client, not in host memory */
	WDT_CHECK_EQ(wdm_space_map(space, 1000, a, 100), 0);
	WDT_CHECK_EQ(wdm_space_map(space, 1100, b, 100), 0);
	wdm_space_lock(space);
	WDT_CHECK(wdm_dma_ptr(space, 1000, 100) == a);
	WDT_CHECK(wdm_dma_ptr(space, 1050, 51) == NULL);
	WDT_CHECK(wdm_dma_ptr(space, 1199, 1) == &b[99]);
	WDT_CHECK(wdm_dma_ptr(space, 1199, 2) == NULL);
	WDT_CHECK(wdm_dma_ptr(space, 1000, SIZE_MAX) == NULL);
	WDT_CHECK(wdm_dma_allowed(space, 1000, 200));
	WDT_CHECK(!wdm_dma_allowed(space, 999, 2));
	WDT_CHECK(!wdm_dma_allowed(space, 1000, 201));
	WDT_CHECK(!wdm_dma_allowed(space, 1000, SIZE_MAX));

	WDT_CHECK_EQ(wdm_dma_write(space, 1050, data, 100), 0);
	WDT_CHECK_MEM(a + 50, data, 50);
	WDT_CHECK_MEM(b, data + 50, 50);
	WDT_CHECK_EQ(b[50], 0);
	WDT_CHECK_EQ(wdm_dma_read(space, 1050, got, 100), 0);
	WDT_CHECK_MEM(got, data, 100);

	/* at the edges, and nothing at all */
	WDT_CHECK_EQ(wdm_dma_write(space, 1199, data, 1), 0);
	WDT_CHECK_EQ(b[99], data[0]);
	WDT_CHECK_EQ(wdm_dma_read(space, 1200, got, 1), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_read(space, 999, got, 1), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_read(space, 5, got, 0), 0);
	WDT_CHECK_EQ(wdm_dma_write(space, 5, data, 0), 0);
	WDT_CHECK_EQ(wdm_dma_read(space, UINT64_MAX, got, 2), -EFAULT);

	/* half way: nothing is written */
	memcpy(before_a, a, sizeof(a));
	memcpy(before_b, b, sizeof(b));
	WDT_CHECK_EQ(wdm_dma_write(space, 1000, data, 201), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_write(space, 999, data, 20), -EFAULT);
	WDT_CHECK_MEM(a, before_a, sizeof(a));
	WDT_CHECK_MEM(b, before_b, sizeof(b));
	wdm_space_unlock(space);

	WDT_CHECK_EQ(wdm_space_unmap(space, 1090, 20), 0);
	wdm_space_lock(space);
	WDT_CHECK_EQ(wdm_dma_write(space, 1080, data, 40), -EFAULT);
	WDT_CHECK_MEM(a, before_a, sizeof(a));
	WDT_CHECK_EQ(wdm_dma_read(space, 1080, got, 10), 0);
	wdm_space_unlock(space);
	wdm_space_destroy(space);
	return WDT_PASS;
}

/* A client behind a system call: bytes 0 to 9999 exist, those from bad on fail. */
struct remote {
	uint8_t bytes[10000];
	uint64_t bad;
	unsigned int nb_calls;
};

static int
remote_check(struct remote *r, uint64_t addr, size_t len)
{
	r->nb_calls++;
	return addr >= sizeof(r->bytes) || len > sizeof(r->bytes) - addr || addr + len > r->bad ?
			-EIO :
			0;
}

static int
remote_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct remote *r = ctx;

	if (remote_check(r, addr, len) != 0)
		return -EIO;
	memcpy(buf, r->bytes + addr, len);
	return 0;
}

static int
remote_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	struct remote *r = ctx;

	if (remote_check(r, addr, len) != 0)
		return -EIO;
	memcpy(r->bytes + addr, buf, len);
	return 0;
}

WDT_TEST(space_ops_for_what_is_not_mapped)
{
	static const struct wdm_space_ops ops = { remote_read, remote_write };
	static struct remote r = { .bad = 10000 };
	struct wdm_space *space = wdm_space_create(&ops, &r);
	uint8_t host[1000], data[3000], got[3000], before[1000];

	wdt_random_bytes(data, sizeof(data));
	memset(host, 0, sizeof(host));
	WDT_CHECK_EQ(wdm_space_map(space, 2000, host, sizeof(host)), 0);
	wdm_space_lock(space);
	WDT_CHECK(wdm_dma_ptr(space, 1999, 2) == NULL);
	WDT_CHECK_EQ(wdm_dma_write(space, 1000, data, 3000), 0);
	WDT_CHECK_MEM(r.bytes + 1000, data, 1000);
	WDT_CHECK_MEM(host, data + 1000, 1000);
	WDT_CHECK_MEM(r.bytes + 3000, data + 2000, 1000);
	WDT_CHECK_EQ(r.bytes[2000], 0);
	WDT_CHECK_EQ(wdm_dma_read(space, 1000, got, 3000), 0);
	WDT_CHECK_MEM(got, data, 3000);
	WDT_CHECK_EQ(r.nb_calls, 4);
	/* what is mapped needs no call */
	WDT_CHECK_EQ(wdm_dma_read(space, 2000, got, 1000), 0);
	WDT_CHECK_EQ(r.nb_calls, 4);

	/* the far end fails: mapped memory stays as it is */
	r.bad = 3500;
	memcpy(before, host, sizeof(host));
	memset(data, 0xee, sizeof(data));
	WDT_CHECK_EQ(wdm_dma_write(space, 2500, data, 1200), -EFAULT);
	WDT_CHECK_MEM(host, before, sizeof(host));
	WDT_CHECK_EQ(wdm_dma_read(space, 2500, got, 1200), -EFAULT);
	WDT_CHECK(wdm_dma_allowed(space, 1500, 2000));
	WDT_CHECK(!wdm_dma_allowed(space, 1500, 4000));
	WDT_CHECK(!wdm_dma_allowed(space, UINT64_MAX, 2));
	wdm_space_unlock(space);
	wdm_space_destroy(space);
	return WDT_PASS;
}

static int
remote_probe(void *ctx, uint64_t addr, size_t len)
{
	return remote_check(ctx, addr, len);
}

WDT_TEST(space_ops_probe_at_once)
{
	static const struct wdm_space_ops ops = { remote_read, remote_write, remote_probe };
	static struct remote r = { .bad = 9000 };
	struct wdm_space *space = wdm_space_create(&ops, &r);

	wdm_space_lock(space);
	WDT_CHECK(wdm_dma_allowed(space, 0, 9000));
	WDT_CHECK_EQ(r.nb_calls, 1);
	WDT_CHECK(!wdm_dma_allowed(space, 0, 9001));
	WDT_CHECK_EQ(r.nb_calls, 2);
	wdm_space_unlock(space);
	wdm_space_destroy(space);
	return WDT_PASS;
}

WDT_TEST(space_self_reports_faults)
{
	struct wdm_space *space = wdm_space_create(&wdm_space_self, NULL);
	uint8_t *p = mmap(
			NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *data = malloc(4 * PAGE), *got = malloc(4 * PAGE);
	const uint64_t addr = (uintptr_t)p;

	WDT_CHECK(p != MAP_FAILED && data != NULL && got != NULL);
	wdt_random_bytes(data, 4 * PAGE);
	wdm_space_lock(space);
	WDT_CHECK(wdm_dma_ptr(space, addr, 1) == NULL);
	WDT_CHECK_EQ(wdm_dma_write(space, addr + 1, data, 4 * PAGE - 1), 0);
	WDT_CHECK_MEM(p + 1, data, 4 * PAGE - 1);
	WDT_CHECK_EQ(wdm_dma_read(space, addr + 1, got, 4 * PAGE - 1), 0);
	WDT_CHECK_MEM(got, data, 4 * PAGE - 1);
	WDT_CHECK(wdm_dma_allowed(space, addr, 4 * PAGE));

	WDT_CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
	WDT_CHECK_EQ(wdm_dma_write(space, addr + PAGE, data, 1), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_write(space, addr + PAGE - 1, data, 2), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_read(space, addr + PAGE, got, PAGE), 0);
	WDT_CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
	WDT_CHECK_EQ(wdm_dma_read(space, addr + 2 * PAGE, got, 1), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_write(space, addr + 2 * PAGE, data, 1), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_read(space, addr, got, 4 * PAGE), -EFAULT);
	WDT_CHECK(!wdm_dma_allowed(space, addr, 4 * PAGE));
	WDT_CHECK(wdm_dma_allowed(space, addr, 2 * PAGE));
	WDT_CHECK(wdm_dma_allowed(space, addr + 3 * PAGE, PAGE));
	WDT_CHECK(!wdm_dma_allowed(space, addr + 2 * PAGE - 1, 2));
	WDT_CHECK_EQ(wdm_dma_read(space, 0, got, 8), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_read(space, UINT64_MAX - 4096, got, 8), -EFAULT);
	WDT_CHECK_EQ(wdm_dma_write(space, 1ULL << 63, got, 8), -EFAULT);
	wdm_space_unlock(space);

	/* mapped memory is reached directly, all else as before */
	WDT_CHECK_EQ(wdm_space_map(space, addr, p, PAGE), 0);
	WDT_CHECK(wdm_space_host(space, addr, PAGE) == p);
	WDT_CHECK(wdm_space_host(space, addr, PAGE + 1) == NULL);
	wdm_space_lock(space);
	WDT_CHECK_EQ(wdm_dma_read(space, addr, got, 2 * PAGE), 0);
	WDT_CHECK_MEM(got, p, 2 * PAGE);
	wdm_space_unlock(space);

	munmap(p, 4 * PAGE);
	free(data);
	free(got);
	wdm_space_destroy(space);
	return WDT_PASS;
}

struct waiter {
	struct wdm_space *space;
	bool done; /* atomic */
	unsigned int nb_rounds; /* atomic */
};

static void *
waiter_main(void *arg)
{
	struct waiter *w = arg;

	wdm_space_unmap(w->space, 0x1000, 64);
	__atomic_store_n(&w->done, true, __ATOMIC_RELEASE);
	return NULL;
}

WDT_TEST(space_unmap_waits_for_the_device)
{
	struct waiter w = { .space = wdm_space_create(NULL, NULL) };
	static uint8_t host[64];
	pthread_t thread;

	WDT_CHECK_EQ(wdm_space_map(w.space, 0x1000, host, sizeof(host)), 0);
	wdm_space_lock(w.space);
	WDT_CHECK_EQ(pthread_create(&thread, NULL, waiter_main, &w), 0);
	usleep(20000);
	WDT_CHECK(!__atomic_load_n(&w.done, __ATOMIC_ACQUIRE));
	WDT_CHECK(wdm_dma_ptr(w.space, 0x1000, 64) == host);
	wdm_space_unlock(w.space);
	pthread_join(thread, NULL);
	WDT_CHECK(w.done);
	WDT_CHECK(wdm_space_host(w.space, 0x1000, 1) == NULL);
	wdm_space_destroy(w.space);
	return WDT_PASS;
}

static void *
reader_main(void *arg)
{
	struct waiter *w = arg;

	while (!__atomic_load_n(&w->done, __ATOMIC_RELAXED)) {
		wdm_space_lock(w->space);
		for (unsigned int i = 0; i < 100; i++) {
			uint8_t *p = wdm_dma_ptr(w->space, 0x1000 + i % 64, 1);

			if (p != NULL)
				(*(volatile uint8_t *)p)++;
		}
		wdm_space_unlock(w->space);
		__atomic_fetch_add(&w->nb_rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

WDT_TEST(space_writers_do_not_starve)
{
	struct waiter w = { .space = wdm_space_create(NULL, NULL) };
	uint64_t from, worst = 0;
	pthread_t thread;

	WDT_CHECK_EQ(pthread_create(&thread, NULL, reader_main, &w), 0);
	for (unsigned int i = 0; i < 300; i++) {
		const unsigned int seen = __atomic_load_n(&w.nb_rounds, __ATOMIC_RELAXED);

		while (__atomic_load_n(&w.nb_rounds, __ATOMIC_RELAXED) == seen)
			; /* the reader is at it */
		/* in no way the reader's any more after unmap: free and write it at once */
		uint8_t *host = calloc(1, 64);

		from = now_ns();
		WDT_CHECK_EQ(wdm_space_map(w.space, 0x1000, host, 64), 0);
		WDT_CHECK_EQ(wdm_space_unmap(w.space, 0x1000, 64), 0);
		if (now_ns() - from > worst)
			worst = now_ns() - from;
		memset(host, 0, 64);
		free(host);
	}
	__atomic_store_n(&w.done, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("# slowest map and unmap beside a spinning reader: %" PRIu64 " us\n", worst / 1000);
	WDT_CHECK(worst < WDT_WAIT_MS * UINT64_C(1000000));
	wdm_space_destroy(w.space);
	return WDT_PASS;
}
