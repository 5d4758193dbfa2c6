/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The largest ops of the compression driver, and those one larger. */

#include <zlib.h>

#include "wdt_comp.h"

#define MAX (8U << 20) /* bytes of input, and of output */
#define OVER 64U /* how much longer the packets are */
#define SEGMENT 65000U
#define NB_SEGMENTS (2 * (MAX / SEGMENT + 2))
#define SUCCESS RTE_COMP_OP_STATUS_SUCCESS
#define INVALID RTE_COMP_OP_STATUS_INVALID_ARGS
#define NO_ROOM RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED

static const enum rte_comp_checksum_type types[] = { RTE_COMP_CHECKSUM_NONE,
	RTE_COMP_CHECKSUM_CRC32, RTE_COMP_CHECKSUM_ADLER32, RTE_COMP_CHECKSUM_CRC32_ADLER32 };

static uint8_t plain[MAX + OVER], packed[MAX + OVER], back[MAX + OVER];

/* What the hardware puts behind the data, and counts: version 2 has no other format. */
static uint32_t
trailer_of(enum rte_comp_checksum_type type, bool v2)
{
	switch (type) {
	case RTE_COMP_CHECKSUM_NONE:
		return v2 ? 4 : 0;
	case RTE_COMP_CHECKSUM_ADLER32:
		return 4;
	default:
		return 8;
	}
}

/* Two chains of MAX + OVER bytes, for all tests of a device. */
struct large {
	struct wdt_comp *c;
	struct rte_mempool *pool;
	struct rte_mbuf *src, *dst;
	struct rte_comp_op *op;
};

static struct rte_mbuf *
chain_of(struct rte_mempool *pool, uint32_t len, uint32_t segment)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	for (uint32_t n; len > 0; len -= n) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		n = RTE_MIN(len, segment);
		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		m->data_off = 0;
		m->data_len = (uint16_t)n;
		if (head == NULL)
			head = m;
		else
			last->next = m;
		last = m;
		if (m != head)
			head->nb_segs++;
		head->pkt_len += n;
	}
	return head;
}

static int
large_create(struct large *l, struct wdt_comp *c)
{
	l->c = c;
	l->pool = rte_pktmbuf_pool_create(
			"comp_limits", NB_SEGMENTS, 0, 0, UINT16_MAX, SOCKET_ID_ANY);
	WDT_CHECK(l->pool != NULL);
	l->src = chain_of(l->pool, MAX + OVER, SEGMENT);
	l->dst = chain_of(l->pool, MAX + OVER, SEGMENT);
	WDT_CHECK(l->src != NULL && l->dst != NULL);
	l->op = wdt_comp_op(c, NULL, l->src, l->dst, 0);
	return l->op != NULL ? WDT_PASS : WDT_FAIL;
}

static void
large_free(struct large *l)
{
	if (l->op != NULL)
		wdt_comp_op_free(l->op);
	rte_mempool_free(l->pool);
}

static int
with_large(struct wdt_comp *c, bool v2, int (*body)(struct large *l, bool v2))
{
	struct large l = { 0 };
	int rc = large_create(&l, c);

	if (rc == WDT_PASS)
		rc = body(&l, v2);
	large_free(&l);
	return rc;
}

/* One op from len bytes of in to room bytes; l->op says what came of it, back has the output. */
static int
run(struct large *l, const struct rte_comp_xform *xform, const uint8_t *in, uint32_t len,
		uint32_t room)
{
	struct rte_comp_op *got;
	void *x = wdt_comp_xform(l->c, xform);
	uint16_t taken;

	WDT_CHECK(x != NULL);
	wdt_comp_write(l->src, 0, in, len);
	l->op->private_xform = x;
	l->op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	l->op->src.length = len;
	l->op->dst.offset = MAX + OVER - room;
	taken = rte_compressdev_enqueue_burst(l->c->id, 0, &l->op, 1);
	if (taken == 1)
		WDT_CHECK_EQ(wdt_comp_dequeue_wait(l->c, 0, &got, 1, WDT_WAIT_MS), 1);
	else
		WDT_CHECK_EQ(l->op->status, INVALID);
	WDT_CHECK_EQ(rte_compressdev_private_xform_free(l->c->id, x), 0);
	wdt_comp_read(l->dst, l->op->dst.offset, back, RTE_MIN(room, sizeof(back)));
	return WDT_PASS;
}

/* ---- input ---- */

static int
input_to_compress(struct large *l, enum rte_comp_checksum_type type)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(type);
	uint32_t used = 0;

	WDT_CHECK_EQ(run(l, &xform, plain, MAX + 1, MAX), WDT_PASS);
	WDT_CHECK_EQ(l->op->status, INVALID);
	WDT_CHECK_EQ(run(l, &xform, plain, MAX, MAX), WDT_PASS);
	WDT_CHECK_EQ(l->op->status, SUCCESS);
	WDT_CHECK_EQ(l->op->consumed, MAX);
	if (type != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(l->op->output_chksum, wdt_zlib_checksum(type, plain, MAX));
	WDT_CHECK_EQ(wdt_zlib_inflate(back, l->op->produced, packed, sizeof(packed), 15, &used),
			MAX);
	WDT_CHECK_MEM(packed, plain, MAX);
	return WDT_PASS;
}

/* Stored blocks that are `len` bytes, headers and all; returns how many they stand for. */
static uint32_t
stored_of(uint32_t len)
{
	uint32_t at = 0, plain_len = 0;

	while (at < len) {
		const uint32_t left = len - at;
		/* the last two share what is left, so that none is too small for a header */
		const uint32_t n = left > 65540 + 10 ? 65535 : left > 65540 ? 30000 : left - 5;

		packed[at] = at + 5 + n == len;
		packed[at + 1] = (uint8_t)n;
		packed[at + 2] = (uint8_t)(n >> 8);
		packed[at + 3] = (uint8_t)~n;
		packed[at + 4] = (uint8_t)(~n >> 8);
		memcpy(packed + at + 5, plain + plain_len, n);
		plain_len += n;
		at += 5 + n;
	}
	return plain_len;
}

static int
input_to_inflate(struct large *l, enum rte_comp_checksum_type type, uint32_t trailer)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(type);
	const uint32_t most = MAX - trailer;
	const uint32_t len = stored_of(most);

	WDT_CHECK_EQ(run(l, &xform, packed, most + 1, MAX), WDT_PASS);
	WDT_CHECK_EQ(l->op->status, INVALID);
	WDT_CHECK_EQ(run(l, &xform, packed, most, MAX), WDT_PASS);
	WDT_CHECK_EQ(l->op->status, SUCCESS);
	WDT_CHECK_EQ(l->op->consumed, most);
	WDT_CHECK_EQ(l->op->produced, len);
	WDT_CHECK_MEM(back, plain, len);
	return WDT_PASS;
}

/* ---- output: a destination may be larger, but no more of it is used ---- */

static int
output_of_inflate(struct large *l, enum rte_comp_checksum_type type)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(type);
	uint32_t n = wdt_zlib_deflate(plain, MAX, packed, sizeof(packed), 1, Z_DEFAULT_STRATEGY);

	WDT_CHECK(n > 0);
	WDT_CHECK_EQ(run(l, &xform, packed, n, MAX + OVER), WDT_PASS);
	WDT_CHECK_EQ(l->op->status, SUCCESS);
	WDT_CHECK_EQ(l->op->produced, MAX);
	WDT_CHECK_MEM(back, plain, MAX);
	n = wdt_zlib_deflate(plain, MAX + 1, packed, sizeof(packed), 1, Z_DEFAULT_STRATEGY);
	WDT_CHECK_EQ(run(l, &xform, packed, n, MAX + OVER), WDT_PASS);
	WDT_CHECK_EQ(l->op->status, NO_ROOM);
	return WDT_PASS;
}

static int
each_limit(struct large *l, bool v2)
{
	const unsigned int nb = wdt_fewer(RTE_DIM(types), "checksums of the largest ops");

	wdt_comp_fill(plain, sizeof(plain), WDT_COMP_TEXT);
	for (unsigned int i = 0; i < nb; i++) {
		if (input_to_compress(l, types[i]) == WDT_PASS &&
				input_to_inflate(l, types[i], trailer_of(types[i], v2)) ==
						WDT_PASS &&
				output_of_inflate(l, types[i]) == WDT_PASS)
			continue;
		printf("# checksum %d\n", types[i]);
		return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
bytes_v2(struct wdt_comp *c)
{
	return with_large(c, true, each_limit);
}

static int
bytes_v3(struct wdt_comp *c)
{
	return with_large(c, false, each_limit);
}

WDT_TEST(comp_limits_bytes_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, bytes_v2);
}

WDT_TEST(comp_limits_bytes_v3)
{
	return wdt_comp_with("hw=v3", 1, 64, bytes_v3);
}

/* ---- segments ---- */

#define SEGMENTS_FIT 4000U /* of source and destination in sum */
#define SEGMENTS_TOO_MANY 4100U

static int
segments(struct wdt_comp *c, uint32_t nb_src, uint32_t nb_dst, enum rte_comp_op_status want)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(RTE_COMP_CHECKSUM_CRC32);
	struct rte_mbuf *src = chain_of(c->mbufs, nb_src, 1);
	struct rte_mbuf *dst = chain_of(c->mbufs, nb_dst * 800, 800);
	struct rte_comp_op *op = wdt_comp_op(c, wdt_comp_xform(c, &xform), src, dst, 0), *got;
	uint32_t used = 0;

	WDT_CHECK(src != NULL && dst != NULL && op != NULL && op->private_xform != NULL);
	wdt_comp_write(src, 0, plain, nb_src);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), want == SUCCESS);
	if (want == SUCCESS) {
		WDT_CHECK_EQ(wdt_comp_dequeue_wait(c, 0, &got, 1, WDT_WAIT_MS), 1);
		wdt_comp_read(dst, 0, packed, op->produced);
		WDT_CHECK_EQ(wdt_zlib_inflate(packed, op->produced, back, sizeof(back), 15, &used),
				nb_src);
		WDT_CHECK_MEM(back, plain, nb_src);
	}
	WDT_CHECK_EQ(op->status, want);
	WDT_CHECK_EQ(rte_compressdev_private_xform_free(c->id, op->private_xform), 0);
	wdt_comp_op_free(op);
	return WDT_PASS;
}

static int
segments_each(struct wdt_comp *c)
{
	static const uint32_t sources[] = { 1, 300, 2000, 3990 };

	wdt_comp_fill(plain, SEGMENTS_TOO_MANY, WDT_COMP_TEXT);
	for (unsigned int i = 0; i < RTE_DIM(sources); i++) {
		const uint32_t n = sources[i];

		WDT_CHECK_EQ(segments(c, n, SEGMENTS_FIT - n, SUCCESS), WDT_PASS);
		WDT_CHECK_EQ(segments(c, n, SEGMENTS_TOO_MANY - n, INVALID), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(comp_limits_segments)
{
	return wdt_comp_with("", 1, 64, segments_each);
}
