/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The memory that queue pairs of the compression driver take, and when. */

#include <rte_malloc.h>

#include "wdt_burst.h"
#include "wdt_comp.h"

#define DEPTH 1024
#define KIB 1024
#define LEN 1000
#define ROOM 2000
#define MOST (512 * KIB) /* of a queue pair */
#define LISTS (256 * KIB) /* of a direction */
#define LITTLE (8 * KIB)

static uint8_t plain[LEN];

static int64_t
used(void)
{
	struct rte_malloc_socket_stats stats;
	int64_t sum = 0;

	for (int i = 0; i < RTE_MAX_NUMA_NODES; i++) {
		if (rte_malloc_get_socket_stats(i, &stats) == 0)
			sum += (int64_t)stats.heap_allocsz_bytes;
	}
	return sum;
}

static int64_t used_by_pairs[2];

static int
note_1(struct wdt_comp *c)
{
	(void)c;
	used_by_pairs[0] = used();
	return WDT_PASS;
}

static int
note_3(struct wdt_comp *c)
{
	(void)c;
	used_by_pairs[1] = used();
	return WDT_PASS;
}

static int
pair_of(const char *options)
{
	WDT_CHECK_EQ(wdt_comp_with(options, 1, DEPTH, note_1), WDT_PASS);
	WDT_CHECK_EQ(wdt_comp_with(options, 3, DEPTH, note_3), WDT_PASS);
	WDT_CHECK(used_by_pairs[1] - used_by_pairs[0] < 2 * MOST);
	return WDT_PASS;
}

WDT_TEST(comp_memory_of_a_queue_pair)
{
	return pair_of("");
}

WDT_TEST(comp_memory_of_a_queue_pair_v2)
{
	return pair_of("hw=v2");
}

/* ---- lists ---- */

/* Deflate, with a checksum, on queue pair qp. */
static int
deflate(struct wdt_comp *c, uint16_t qp, void *xform)
{
	struct rte_mbuf *src = wdt_comp_packet(c, LEN, false),
			*dst = wdt_comp_packet(c, ROOM, false);
	struct rte_comp_op *op = wdt_comp_op(c, xform, src, dst, 0), *got;
	uint8_t packed[ROOM], back[LEN];
	uint32_t used_up;

	WDT_CHECK(src != NULL && dst != NULL && op != NULL);
	wdt_comp_fill(plain, LEN, WDT_COMP_TEXT);
	wdt_comp_write(src, 0, plain, LEN);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, qp, &op, 1), 1);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(c, qp, &got, 1, WDT_WAIT_MS), 1);
	WDT_CHECK(got == op && wdt_comp_guarded(dst, 0, ROOM));
	WDT_CHECK_EQ(op->status, RTE_COMP_OP_STATUS_SUCCESS);
	WDT_CHECK_EQ(op->output_chksum, wdt_zlib_checksum(RTE_COMP_CHECKSUM_CRC32, plain, LEN));
	wdt_comp_read(dst, 0, packed, op->produced);
	WDT_CHECK_EQ(wdt_zlib_inflate(packed, op->produced, back, LEN, 15, &used_up), LEN);
	WDT_CHECK_MEM(back, plain, LEN);
	wdt_comp_op_free(op);
	return WDT_PASS;
}

/* Of both queue pairs, when the first private xform comes that needs them. */
static int
lists_come(struct wdt_comp *c)
{
	const struct rte_comp_xform flat = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE);
	const struct rte_comp_xform crc = wdt_comp_deflate(RTE_COMP_CHECKSUM_CRC32);
	const struct rte_comp_xform inflate_crc = wdt_comp_inflate(RTE_COMP_CHECKSUM_CRC32);
	const int64_t before = used();
	void *xforms[4];
	int64_t after;

	xforms[0] = wdt_comp_xform(c, &flat);
	WDT_CHECK(xforms[0] != NULL && used() - before < LITTLE);
	xforms[1] = wdt_comp_xform(c, &crc);
	after = used();
	WDT_CHECK(xforms[1] != NULL && after - before >= 2 * LISTS &&
			after - before < 2 * LISTS + LITTLE);
	xforms[2] = wdt_comp_xform(c, &crc);
	WDT_CHECK(xforms[2] != NULL && used() - after < LITTLE);
	WDT_CHECK_EQ(deflate(c, 0, xforms[1]), WDT_PASS);
	/* a queue pair that is set up later has them, too */
	WDT_CHECK_EQ(wdt_comp_qp_again(c, 1, DEPTH), 0);
	WDT_CHECK(used() - after < LITTLE && after - used() < LITTLE);
	WDT_CHECK_EQ(deflate(c, 1, xforms[2]), WDT_PASS);
	xforms[3] = wdt_comp_xform(c, &inflate_crc);
	WDT_CHECK(xforms[3] != NULL && used() - after >= 2 * LISTS);
	/* no more than are asked for */
	after = used();
	WDT_CHECK_EQ(wdt_comp_qp_again(c, 1, DEPTH / 8), 0);
	WDT_CHECK(after - used() >= 2 * (LISTS - LISTS / 8) - LITTLE);
	WDT_CHECK_EQ(deflate(c, 1, xforms[2]), WDT_PASS);
	for (unsigned int i = 0; i < RTE_DIM(xforms); i++)
		WDT_CHECK_EQ(rte_compressdev_private_xform_free(c->id, xforms[i]), 0);
	return WDT_PASS;
}

WDT_TEST(comp_memory_lists_come_with_a_xform)
{
	return wdt_comp_with("", 2, DEPTH, lists_come);
}

/* Not what an application should do: the queue pair has no lists at hand. */
static int
foreign(struct wdt_comp *c)
{
	const struct rte_comp_xform crc = wdt_comp_deflate(RTE_COMP_CHECKSUM_CRC32);
	struct wdt_comp other;
	void *xform;

	WDT_CHECK_EQ(wdt_comp_open(&other, "", 1, DEPTH), 0);
	xform = wdt_comp_xform(&other, &crc);
	WDT_CHECK(xform != NULL);
	WDT_CHECK_EQ(deflate(c, 0, xform), WDT_PASS);
	WDT_CHECK_EQ(rte_compressdev_private_xform_free(other.id, xform), 0);
	WDT_CHECK_EQ(wdt_comp_close(&other), 0);
	return WDT_PASS;
}

WDT_TEST(comp_memory_xform_of_another_device)
{
	return wdt_comp_with("", 1, DEPTH, foreign);
}
