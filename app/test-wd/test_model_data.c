/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Lists of the client's, in memory where each access is a call of the kernel. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "data.h"
#include "wdt.h"

#define BASE 0x10000U
#define SIZE 0x8000U

/* The client's memory, and what was asked of it. */
static struct {
	uint8_t bytes[SIZE];
	size_t readable; /* from the start */
	unsigned int nb_reads;
	size_t longest;
} memory;

static int
memory_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	(void)ctx;
	memory.nb_reads++;
	if (len > memory.longest)
		memory.longest = len;
	if (addr < BASE || addr - BASE > memory.readable || len > memory.readable - (addr - BASE))
		return -EFAULT;
	memcpy(buf, &memory.bytes[addr - BASE], len);
	return 0;
}

static int
memory_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	(void)ctx;
	(void)addr;
	(void)buf;
	(void)len;
	return -EACCES;
}

/* A list of nb entries at BASE + at, entry i of 16 + i bytes. Returns how many bytes in all. */
static uint32_t
list_make(uint32_t at, uint16_t nb, uint64_t next)
{
	const struct hisi_sgl sgl = { .next_dma = htole64(next),
		.entry_sum_in_chain = htole16(nb),
		.entry_sum_in_sgl = htole16(nb),
		.entry_length_in_sgl = htole16(nb) };
	uint32_t len = 0;

	memcpy(&memory.bytes[at], &sgl, sizeof(sgl));
	for (uint32_t i = 0; i < nb; i++) {
		const struct hisi_sge sge = { .addr = htole64(0x1000000 + i * 0x1000),
			.len = htole32(16 + i) };

		memcpy(&memory.bytes[at + sizeof(sgl) + i * sizeof(sge)], &sge, sizeof(sge));
		len += 16 + i;
	}
	return len;
}

/* What the list at BASE comes to. */
static int
list_walk(struct wdm_side *side, uint32_t end)
{
	static const struct wdm_space_ops ops = { memory_read, memory_write };
	struct wdm_piece *pieces = calloc(WDM_SIDE_MAX_PIECES, sizeof(*pieces));
	struct wdm_space *space = wdm_space_create(&ops, NULL);
	int rc;

	if (pieces == NULL || space == NULL)
		abort();
	memory.nb_reads = 0;
	memory.longest = 0;
	wdm_space_lock(space);
	rc = wdm_side_sgl(space, side, pieces, BASE, end);
	wdm_space_unlock(space);
	for (unsigned int i = 0; i < side->nb && rc == 0; i++) {
		const unsigned int at = i % HISI_SGL_MAX_ENTRIES;

		if (pieces[i].addr != 0x1000000 + at * 0x1000 || pieces[i].len != 16 + at)
			rc = 1;
	}
	wdm_space_destroy(space);
	free(pieces);
	return rc;
}

WDT_TEST(data_entries_of_a_list_in_one_read)
{
	const uint16_t most = HISI_SGL_MAX_ENTRIES;
	struct wdm_side side;
	uint32_t len;

	memory.readable = SIZE;
	len = list_make(0, most, BASE + 0x4000);
	len += list_make(0x4000, most, 0);
	WDT_CHECK_EQ(list_walk(&side, len), 0);
	WDT_CHECK_EQ(side.nb, 2 * most);
	WDT_CHECK_EQ(memory.nb_reads, 4); /* a header and the entries, twice */
	WDT_CHECK_EQ(memory.longest, most * sizeof(struct hisi_sge));

	/* no more than can be needed */
	WDT_CHECK_EQ(list_walk(&side, 2), 0);
	WDT_CHECK_EQ(side.nb, 1);
	WDT_CHECK_EQ(memory.nb_reads, 2);
	WDT_CHECK_EQ(memory.longest, sizeof(struct hisi_sgl));

	/* a list that is shorter than the data */
	list_make(0, 3, 0);
	WDT_CHECK_EQ(list_walk(&side, 1000), -EINVAL);
	WDT_CHECK_EQ(side.nb, 3);
	return WDT_PASS;
}

/* Behind what the data takes there may be anything, also nothing. */
WDT_TEST(data_entries_that_are_not_needed)
{
	const size_t entry = sizeof(struct hisi_sge);
	struct wdm_side side;

	list_make(0, 100, 0);
	memory.readable = sizeof(struct hisi_sgl) + 2 * entry;
	WDT_CHECK_EQ(list_walk(&side, 16 + 17), 0);
	WDT_CHECK_EQ(side.nb, 2);
	WDT_CHECK_EQ(list_walk(&side, 16 + 17 + 1), -EFAULT);
	WDT_CHECK_EQ(side.nb, 2);
	memory.readable--;
	WDT_CHECK_EQ(list_walk(&side, 16 + 17), -EFAULT);
	WDT_CHECK_EQ(side.nb, 1);
	memory.readable = sizeof(struct hisi_sgl) - 1;
	WDT_CHECK_EQ(list_walk(&side, 1), -EFAULT);
	WDT_CHECK_EQ(side.nb, 0);

	/* nor does it matter what they say */
	memory.readable = SIZE;
	memset(&memory.bytes[sizeof(struct hisi_sgl) + 2 * entry], 0xff, 10 * entry);
	WDT_CHECK_EQ(list_walk(&side, 16 + 17), 0);
	WDT_CHECK_EQ(list_walk(&side, 16 + 17 + 1), -EINVAL);
	WDT_CHECK_EQ(side.nb, 2);
	return WDT_PASS;
}
