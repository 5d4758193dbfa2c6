/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Streams of the compression driver: cut anywhere, they come out as one. */

#include <zlib.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"
#include "wdt_comp.h"

#define TOTAL 200000U
#define OUT (2 * TOTAL)

static const enum rte_comp_checksum_type types[] = { RTE_COMP_CHECKSUM_NONE,
	RTE_COMP_CHECKSUM_CRC32, RTE_COMP_CHECKSUM_ADLER32, RTE_COMP_CHECKSUM_CRC32_ADLER32 };

static uint8_t plain[TOTAL], packed[OUT], back[OUT];

/* zlib takes it as one stream that ends where it should. */
static int
zlib_inflates(uint32_t packed_len, uint32_t want)
{
	z_stream z = {
		.next_in = packed, .avail_in = packed_len, .next_out = back, .avail_out = OUT
	};

	WDT_CHECK_EQ(inflateInit2(&z, -15), Z_OK);
	WDT_CHECK_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
	WDT_CHECK_EQ(z.avail_in, 0);
	WDT_CHECK_EQ(z.total_out, want);
	inflateEnd(&z);
	WDT_CHECK_MEM(back, plain, want);
	return WDT_PASS;
}

static int
deflate_one(struct wdt_comp *c, uint32_t len, enum rte_comp_checksum_type type, bool empty_end)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(type);
	struct wdt_comp_flow f = { .c = c,
		.in = plain,
		.in_len = len,
		.out = packed,
		.out_room = OUT,
		.check_busy = len == TOTAL,
		.piece = 20000,
		.room = 20000,
		.chain = wdt_random() & 1,
		.empty_end = empty_end };

	WDT_CHECK_EQ(wdt_comp_flow_run(&f, &xform), WDT_PASS);
	if (type != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(f.chksum, wdt_zlib_checksum(type, plain, len));
	return zlib_inflates(f.out_pos, len);
}

static int
inflate_one(struct wdt_comp *c, uint32_t len, enum rte_comp_checksum_type type)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(type);
	const uint32_t packed_len = wdt_zlib_deflate(
			plain, len, packed, OUT, 6, Z_DEFAULT_STRATEGY);
	struct wdt_comp_flow f = { .c = c,
		.in = packed,
		.in_len = packed_len,
		.out = back,
		.out_room = OUT,
		.piece = 1 + (uint32_t)(wdt_random() % 9000),
		.room = 30000,
		.chain = wdt_random() & 1 };

	WDT_CHECK(packed_len > 0);
	WDT_CHECK_EQ(wdt_comp_flow_run(&f, &xform), WDT_PASS);
	WDT_CHECK_EQ(f.out_pos, len);
	WDT_CHECK_MEM(back, plain, len);
	if (type != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(f.chksum, wdt_zlib_checksum(type, plain, len));
	return WDT_PASS;
}

static int
both_ways(struct wdt_comp *c)
{
	static const uint32_t lens[] = { 1, 300, 65536, TOTAL };

	for (unsigned int kind = 0; kind < WDT_COMP_NB_KINDS; kind++) {
		wdt_comp_fill(plain, TOTAL, (enum wdt_comp_kind)kind);
		for (unsigned int i = 0; i < RTE_DIM(types) * RTE_DIM(lens); i++) {
			const enum rte_comp_checksum_type type = types[i % RTE_DIM(types)];
			const uint32_t len = lens[i / RTE_DIM(types)];

			if (deflate_one(c, len, type, false) != WDT_PASS ||
					deflate_one(c, len, type, true) != WDT_PASS ||
					inflate_one(c, len, type) != WDT_PASS) {
				printf("# kind %u, %u bytes, checksum %d\n", kind, len, type);
				return WDT_FAIL;
			}
		}
		for (unsigned int i = 0; i < RTE_DIM(types); i++)
			WDT_CHECK_EQ(deflate_one(c, 0, types[i], true), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(comp_stream_both_ways_auto)
{
	return wdt_comp_with("", 1, 64, both_ways);
}

WDT_TEST(comp_stream_both_ways_zlib)
{
	return wdt_comp_with("engine=openssl", 1, 64, both_ways);
}

WDT_TEST(comp_stream_both_ways_sva)
{
	return wdt_comp_with("sva=1", 1, 64, both_ways);
}

WDT_TEST(comp_stream_both_ways_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, both_ways);
}

/* A stream that ends within the source of its only op: consumed says where. */
static int
ends_within(struct wdt_comp *c, enum rte_comp_checksum_type type, uint32_t behind)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(type);
	const uint32_t len = 3000;
	const uint32_t n = wdt_zlib_deflate(plain, len, packed, OUT, 6, Z_DEFAULT_STRATEGY);
	struct rte_mbuf *src = wdt_comp_packet(c, n + behind, behind & 1);
	struct rte_mbuf *dst = wdt_comp_packet(c, len + 300, behind & 2);
	struct rte_comp_op *op = wdt_comp_op(c, NULL, src, dst, 0), *got;
	void *stream = NULL;

	WDT_CHECK(n > 0 && src != NULL && dst != NULL && op != NULL);
	wdt_random_bytes(packed + n, behind);
	wdt_comp_write(src, 0, packed, n + behind);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &xform, &stream), 0);
	op->op_type = RTE_COMP_OP_STATEFUL;
	op->stream = stream;
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 1);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(c, 0, &got, 1, WDT_WAIT_MS), 1);
	WDT_CHECK_EQ(op->status, RTE_COMP_OP_STATUS_SUCCESS);
	WDT_CHECK_EQ(op->produced, len);
	WDT_CHECK_EQ(op->consumed, n);
	if (type != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(op->output_chksum, wdt_zlib_checksum(type, plain, len));
	wdt_comp_read(dst, 0, back, len);
	WDT_CHECK_MEM(back, plain, len);
	wdt_comp_op_free(op);
	return rte_compressdev_stream_free(c->id, stream) == 0 ? WDT_PASS : WDT_FAIL;
}

/* At least as many bytes as a trailer has: of fewer the device does not say what they are. */
static int
ends(struct wdt_comp *c)
{
	wdt_comp_fill(plain, TOTAL, WDT_COMP_TEXT);
	for (unsigned int i = 0; i < RTE_DIM(types); i++) {
		WDT_CHECK_EQ(ends_within(c, types[i], 0), WDT_PASS);
		for (uint32_t behind = 8; behind < 40; behind++)
			WDT_CHECK_EQ(ends_within(c, types[i], behind), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(comp_stream_end_within_the_source)
{
	return wdt_comp_with("", 1, 64, ends);
}

WDT_TEST(comp_stream_end_within_the_source_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, ends);
}

/* ---- one stream, several sets of data ---- */

#define NB_SETS 3

static void *stream; /* that of a test */

static int
deflate_again(struct wdt_comp *c, uint32_t len, enum rte_comp_checksum_type type, bool empty_end)
{
	struct wdt_comp_flow f = { .c = c,
		.stream = stream,
		.in = plain,
		.in_len = len,
		.out = packed,
		.out_room = OUT,
		.piece = 1 + len,
		.room = 60000,
		.chain = wdt_random() & 1,
		.empty_end = empty_end };

	WDT_CHECK_EQ(wdt_comp_flow_go(&f), WDT_PASS);
	if (type != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(f.chksum, wdt_zlib_checksum(type, plain, len));
	return zlib_inflates(f.out_pos, len);
}

/* behind: bytes of a trailer that the source ends with, which nobody takes. */
static int
inflate_again(struct wdt_comp *c, uint32_t len, enum rte_comp_checksum_type type, uint32_t behind)
{
	const uint32_t n = wdt_zlib_deflate(plain, len, packed, OUT, 6, Z_DEFAULT_STRATEGY);
	struct rte_mbuf *src = wdt_comp_packet(c, n + behind, true);
	struct rte_mbuf *dst = wdt_comp_packet(c, len + 300, true);
	struct rte_comp_op *op = wdt_comp_op(c, NULL, src, dst, 0), *got;

	WDT_CHECK(n > 0 && src != NULL && dst != NULL && op != NULL);
	wdt_random_bytes(packed + n, behind);
	wdt_comp_write(src, 0, packed, n + behind);
	op->op_type = RTE_COMP_OP_STATEFUL;
	op->stream = stream;
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 1);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(c, 0, &got, 1, WDT_WAIT_MS), 1);
	WDT_CHECK_EQ(op->status, RTE_COMP_OP_STATUS_SUCCESS);
	WDT_CHECK_EQ(op->produced, len);
	if (type != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(op->output_chksum, wdt_zlib_checksum(type, plain, len));
	wdt_comp_read(dst, 0, back, len);
	WDT_CHECK_MEM(back, plain, len);
	wdt_comp_op_free(op);
	return WDT_PASS;
}

/* All ways for a stream to end: with data, and empty; with all of a trailer, some, and none. */
static int
again_of(struct wdt_comp *c, enum rte_comp_checksum_type type, bool deflate, uint32_t way)
{
	static const uint32_t lens[NB_SETS] = { 5000, 1, 40000 };
	const struct rte_comp_xform xform = deflate ? wdt_comp_deflate(type) :
						      wdt_comp_inflate(type);
	int rc = WDT_PASS;

	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &xform, &stream), 0);
	for (unsigned int i = 0; i < NB_SETS && rc == WDT_PASS; i++) {
		/* like the last one, so that history would be found and used */
		wdt_random_bytes(plain, 16);
		rc = deflate ? deflate_again(c, lens[i], type, way > 0 && (way > 1 || i == 0)) :
			       inflate_again(c, lens[i], type, way);
		if (rc != WDT_PASS)
			printf("# set %u, checksum %d, %s, way %u\n", i, type,
					deflate ? "deflate" : "inflate", way);
	}
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	return rc;
}

static int
again(struct wdt_comp *c)
{
	wdt_comp_fill(plain, TOTAL, WDT_COMP_TEXT);
	for (unsigned int i = 0; i < RTE_DIM(types); i++) {
		for (uint32_t way = 0; way < 3; way++)
			WDT_CHECK_EQ(again_of(c, types[i], true, way), WDT_PASS);
		for (uint32_t way = 0; way < 12; way++)
			WDT_CHECK_EQ(again_of(c, types[i], false, way), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(comp_stream_again_after_its_end)
{
	return wdt_comp_with("", 1, 64, again);
}

WDT_TEST(comp_stream_again_after_its_end_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, again);
}

/* ---- what is no error ---- */

/* One op of `stream`, in[len] to this much room; its status, -1 if it did not come back. */
static int
one_op(struct wdt_comp *c, const uint8_t *in, uint32_t len, uint32_t room)
{
	struct rte_mbuf *src = wdt_comp_packet(c, len, false);
	struct rte_mbuf *dst = wdt_comp_packet(c, room, false);
	struct rte_comp_op *op = wdt_comp_op(c, NULL, src, dst, 0), *got;
	int status = -1;

	if (src == NULL || dst == NULL || op == NULL)
		return -1;
	wdt_comp_write(src, 0, in, len);
	op->op_type = RTE_COMP_OP_STATEFUL;
	op->stream = stream;
	if (rte_compressdev_enqueue_burst(c->id, 0, &op, 1) == 1 &&
			wdt_comp_dequeue_wait(c, 0, &got, 1, WDT_WAIT_MS) == 1)
		status = op->status;
	wdt_comp_op_free(op);
	return status;
}

static int
errors_are(struct wdt_comp *c, uint64_t nb)
{
	struct rte_compressdev_stats stats;

	WDT_CHECK_EQ(rte_compressdev_stats_get(c->id, &stats), 0);
	WDT_CHECK_EQ(stats.dequeue_err_count, nb);
	return WDT_PASS;
}

static int
no_error(struct wdt_comp *c)
{
	const struct rte_comp_xform deflate = wdt_comp_deflate(RTE_COMP_CHECKSUM_CRC32);
	const struct rte_comp_xform inflate = wdt_comp_inflate(RTE_COMP_CHECKSUM_CRC32);
	static const uint8_t bad[300] = { 0xff };
	uint32_t n;

	wdt_comp_fill(plain, TOTAL, WDT_COMP_TEXT);
	n = wdt_zlib_deflate(plain, 30000, packed, OUT, 6, Z_DEFAULT_STRATEGY);
	WDT_CHECK(n > 0);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &deflate, &stream), 0);
	WDT_CHECK_EQ(one_op(c, plain, 30000, 300), RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE);
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &inflate, &stream), 0);
	WDT_CHECK_EQ(one_op(c, packed, n, 300), RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE);
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	WDT_CHECK_EQ(errors_are(c, 0), WDT_PASS);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &inflate, &stream), 0);
	WDT_CHECK_EQ(one_op(c, bad, sizeof(bad), 300), RTE_COMP_OP_STATUS_ERROR);
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	return errors_are(c, 1);
}

WDT_TEST(comp_stream_recoverable_is_no_error)
{
	return wdt_comp_with("", 1, 64, no_error);
}

/* ---- what may not be, and what goes wrong ---- */

static struct rte_comp_op *
op_of(struct wdt_comp *c, const uint8_t *in, uint32_t len, uint32_t room,
		enum rte_comp_flush_flag flush)
{
	struct rte_mbuf *src = wdt_comp_packet(c, len, false);
	struct rte_mbuf *dst = wdt_comp_packet(c, room, false);
	struct rte_comp_op *op;

	if (src == NULL || dst == NULL)
		return NULL;
	wdt_comp_write(src, 0, in, len);
	op = wdt_comp_op(c, NULL, src, dst, 0);
	if (op == NULL)
		return NULL;
	op->op_type = RTE_COMP_OP_STATEFUL;
	op->stream = stream;
	op->flush_flag = flush;
	return op;
}

/* Run it, and add what it produced to out. */
static int
op_through(struct wdt_comp *c, struct rte_comp_op *op, uint8_t *out, uint32_t *out_pos)
{
	struct rte_comp_op *got;

	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 1);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(c, 0, &got, 1, WDT_WAIT_MS), 1);
	WDT_CHECK(got == op && *out_pos + op->produced <= OUT);
	wdt_comp_read(op->m_dst, 0, out + *out_pos, op->produced);
	*out_pos += op->produced;
	return WDT_PASS;
}

/* Of a burst with a second op of a stream, what comes before that one is taken. */
static int
two_in_a_burst(struct wdt_comp *c)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE);
	struct rte_comp_op *ops[3], *got;
	struct rte_compressdev_stats stats;
	uint32_t out_pos = 0;

	wdt_comp_fill(plain, TOTAL, WDT_COMP_TEXT);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &xform, &stream), 0);
	for (unsigned int i = 0; i < 3; i++) {
		ops[i] = op_of(c, plain + i * 700, 700, 1000,
				i == 2 ? RTE_COMP_FLUSH_FINAL : RTE_COMP_FLUSH_SYNC);
		WDT_CHECK(ops[i] != NULL);
	}
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, ops, 3), 1);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, ops + 1, 2), 0);
	WDT_CHECK_EQ(rte_compressdev_stats_get(c->id, &stats), 0);
	WDT_CHECK_EQ(stats.enqueue_err_count, 0);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(c, 0, &got, 1, WDT_WAIT_MS), 1);
	WDT_CHECK(got == ops[0]);
	wdt_comp_read(ops[0]->m_dst, 0, packed, ops[0]->produced);
	out_pos = ops[0]->produced;
	for (unsigned int i = 1; i < 3; i++) {
		WDT_CHECK_EQ(ops[i]->status, RTE_COMP_OP_STATUS_NOT_PROCESSED);
		WDT_CHECK_EQ(op_through(c, ops[i], packed, &out_pos), WDT_PASS);
	}
	for (unsigned int i = 0; i < 3; i++) {
		WDT_CHECK_EQ(ops[i]->status, RTE_COMP_OP_STATUS_SUCCESS);
		wdt_comp_op_free(ops[i]);
	}
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	return zlib_inflates(out_pos, 3 * 700);
}

WDT_TEST(comp_stream_two_ops_in_a_burst)
{
	return wdt_comp_with("", 1, 64, two_in_a_burst);
}

static int
flush_flags(struct wdt_comp *c)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE);
	struct rte_comp_op *op;
	uint32_t out_pos = 0, used;

	wdt_comp_fill(plain, TOTAL, WDT_COMP_TEXT);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &xform, &stream), 0);
	op = op_of(c, plain, 800, 1000, RTE_COMP_FLUSH_NONE);
	WDT_CHECK(op != NULL);
	WDT_CHECK_EQ(op_through(c, op, packed, &out_pos), WDT_PASS);
	WDT_CHECK(op->status == RTE_COMP_OP_STATUS_SUCCESS && op->consumed == 800);
	wdt_comp_op_free(op);
	/* it has been flushed all the same: with an end behind it, zlib sees all of it */
	memcpy(packed + out_pos, "\x01\0\0\xff\xff", 5);
	WDT_CHECK_EQ(wdt_zlib_inflate(packed, out_pos + 5, back, OUT, 15, &used), 800);
	op = op_of(c, plain + 800, 500, 1000, RTE_COMP_FLUSH_FULL);
	WDT_CHECK(op != NULL);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 0);
	WDT_CHECK_EQ(op->status, RTE_COMP_OP_STATUS_INVALID_ARGS);
	/* which has changed nothing */
	op->flush_flag = RTE_COMP_FLUSH_FINAL;
	WDT_CHECK_EQ(op_through(c, op, packed, &out_pos), WDT_PASS);
	WDT_CHECK_EQ(op->status, RTE_COMP_OP_STATUS_SUCCESS);
	wdt_comp_op_free(op);
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	return zlib_inflates(out_pos, 1300);
}

WDT_TEST(comp_stream_flush_none_and_full)
{
	return wdt_comp_with("", 1, 64, flush_flags);
}

/* What zlib makes of it until it ends or sees that it is bad, in back[]. */
static uint32_t
zlib_prefix(uint32_t len, bool *ended)
{
	z_stream z = { .next_in = packed, .avail_in = len, .next_out = back, .avail_out = OUT };
	uint32_t total;

	if (inflateInit2(&z, -15) != Z_OK)
		return 0;
	*ended = inflate(&z, Z_SYNC_FLUSH) == Z_STREAM_END;
	total = (uint32_t)z.total_out;
	inflateEnd(&z);
	return total;
}

/* packed[len] in pieces until it fails or ends: all that came out is what zlib has. *bad: it failed. */
static int
spoiled_one(struct wdt_comp *c, uint32_t len, bool *bad)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(RTE_COMP_CHECKSUM_CRC32);
	static uint8_t out[OUT];
	uint32_t in_pos = 0, out_pos = 0, want;
	unsigned int idle = 0;
	bool ended = false;

	*bad = false;
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &xform, &stream), 0);
	while (!*bad && idle < 3 && out_pos < OUT / 2) {
		const uint32_t n = RTE_MIN(len - in_pos, 1 + (uint32_t)wdt_random() % 600);
		struct rte_comp_op *op = op_of(c, packed + in_pos, n,
				201 + (uint32_t)wdt_random() % 700, RTE_COMP_FLUSH_SYNC);
		const uint32_t before = out_pos;

		WDT_CHECK(op != NULL);
		WDT_CHECK_EQ(op_through(c, op, out, &out_pos), WDT_PASS);
		WDT_CHECK(op->consumed <= n);
		in_pos += op->consumed;
		idle = op->consumed == 0 && out_pos == before ? idle + 1 : 0;
		*bad = op->status == RTE_COMP_OP_STATUS_ERROR;
		WDT_CHECK(*bad || op->status == RTE_COMP_OP_STATUS_SUCCESS ||
				op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE);
		/* a stream that ended within a piece is another one from there on */
		if (!*bad && op->status == RTE_COMP_OP_STATUS_SUCCESS && op->consumed < n)
			idle = 3;
		wdt_comp_op_free(op);
	}
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	want = zlib_prefix(len, &ended);
	if (out_pos > want && ended)
		out_pos = want; /* it went on behind an end that fell on a piece's */
	WDT_CHECK(out_pos <= want);
	WDT_CHECK_MEM(out, back, out_pos);
	return WDT_PASS;
}

static int
spoiled(struct wdt_comp *c)
{
	const unsigned int nb = wdt_fewer(1000, "spoiled streams");
	unsigned int nb_bad = 0;

	for (unsigned int i = 0; i < nb; i++) {
		const uint32_t len = 1 + (uint32_t)wdt_random() % 5000;
		uint32_t n;
		bool bad;

		wdt_comp_fill(plain, len, (enum wdt_comp_kind)(i % WDT_COMP_NB_KINDS));
		n = wdt_zlib_deflate(plain, len, packed, OUT, (int)(i % 10), Z_DEFAULT_STRATEGY);
		WDT_CHECK(n > 0);
		for (unsigned int flips = 1 + i % 3; flips > 0; flips--)
			packed[wdt_random() % n] ^= (uint8_t)(1U << wdt_random() % 8);
		if (spoiled_one(c, n, &bad) != WDT_PASS) {
			printf("# stream %u of %u bytes\n", i, n);
			return WDT_FAIL;
		}
		nb_bad += bad;
	}
	printf("# %u of %u were seen to be bad\n", nb_bad, nb);
	WDT_CHECK(nb_bad > 0 && nb_bad < nb);
	return WDT_PASS;
}

WDT_TEST(comp_stream_spoiled)
{
	return wdt_comp_with("", 1, 64, spoiled);
}

/* The device dies with an op of the stream in flight, then the stream is tried again. */
static int
dies(struct wdt_comp *c)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE);
	struct rte_comp_op *op, *got;

	wdt_comp_fill(plain, TOTAL, WDT_COMP_TEXT);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &xform, &stream), 0);
	op = op_of(c, plain, 500, 1000, RTE_COMP_FLUSH_SYNC);
	WDT_CHECK(op != NULL);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 1);
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, 0), 0);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(c, 0, &got, 1, WDT_WAIT_MS), 1);
	WDT_CHECK(got == op && op->status == RTE_COMP_OP_STATUS_ERROR);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 0);
	wdt_comp_op_free(op);
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	return WDT_PASS;
}

WDT_TEST(comp_stream_freed_after_the_device_died)
{
	return wdt_comp_with("run=inline", 1, 64, dies);
}

/* Its queue pair is set up anew with an op of the stream in flight, which does not come back. */
static int
abandoned(struct wdt_comp *c)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE);
	struct rte_comp_op *op;

	wdt_comp_fill(plain, TOTAL, WDT_COMP_TEXT);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &xform, &stream), 0);
	op = op_of(c, plain, 500, 1000, RTE_COMP_FLUSH_SYNC);
	WDT_CHECK(op != NULL);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 1);
	WDT_CHECK_EQ(wdt_comp_qp_again(c, 1, 64), 0);
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), -EBUSY);
	WDT_CHECK_EQ(wdt_comp_qp_again(c, 0, 64), 0);
	wdt_comp_op_free(op);
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), 0);
	return WDT_PASS;
}

WDT_TEST(comp_stream_freed_after_its_queue_pair_was)
{
	return wdt_comp_with("run=inline", 2, 64, abandoned);
}

/* A device that lacks room may say so in the context alone, with all of the input taken, too. */
static int
no_code_one(struct wdt_comp *c, enum wdt_comp_kind kind, enum rte_comp_checksum_type type)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(type);
	const uint32_t len = 30000;
	uint32_t n, in_pos = 0, out_pos = 0;
	int status = RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE;

	wdt_comp_fill(plain, len, kind);
	n = wdt_zlib_deflate(plain, len, packed, OUT, 6, Z_DEFAULT_STRATEGY);
	WDT_CHECK(n > 0);
	WDT_CHECK_EQ(rte_compressdev_stream_create(c->id, &xform, &stream), 0);
	for (unsigned int i = 0; status != RTE_COMP_OP_STATUS_SUCCESS; i++) {
		struct rte_comp_op *op = op_of(
				c, packed + in_pos, n - in_pos, 300, RTE_COMP_FLUSH_FINAL);

		WDT_CHECK(op != NULL && i <= len / 300);
		WDT_CHECK_EQ(op_through(c, op, back, &out_pos), WDT_PASS);
		in_pos += op->consumed;
		status = op->status;
		if (status != RTE_COMP_OP_STATUS_SUCCESS)
			WDT_CHECK_EQ(status, RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE);
		wdt_comp_op_free(op);
	}
	WDT_CHECK_EQ(in_pos, n);
	WDT_CHECK_EQ(out_pos, len);
	WDT_CHECK_MEM(back, plain, len);
	return rte_compressdev_stream_free(c->id, stream) == 0 ? WDT_PASS : WDT_FAIL;
}

static int
no_code(struct wdt_comp *c)
{
	WDT_CHECK_EQ(rte_wd_sim_fault(0, "no_code@1/1"), 0);
	for (unsigned int i = 0; i < RTE_DIM(types) * WDT_COMP_NB_KINDS; i++)
		WDT_CHECK_EQ(no_code_one(c, (enum wdt_comp_kind)(i / RTE_DIM(types)),
					     types[i % RTE_DIM(types)]),
				WDT_PASS);
	return WDT_PASS;
}

WDT_TEST(comp_stream_lack_of_room_without_a_code)
{
	return wdt_comp_with("", 1, 64, no_code);
}

WDT_TEST(comp_stream_lack_of_room_without_a_code_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, no_code);
}

/* Of a stateless op this is no success either. */
static int
no_code_stateless(struct wdt_comp *c)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(RTE_COMP_CHECKSUM_NONE);
	const uint32_t len = 30000;
	void *inflate = NULL;

	WDT_CHECK_EQ(rte_wd_sim_fault(0, "no_code@1/1"), 0);
	WDT_CHECK_EQ(rte_compressdev_private_xform_create(c->id, &xform, &inflate), 0);
	for (unsigned int kind = 0; kind < WDT_COMP_NB_KINDS; kind++) {
		struct rte_comp_op *op;
		uint32_t n, out_pos = 0;

		wdt_comp_fill(plain, len, (enum wdt_comp_kind)kind);
		n = wdt_zlib_deflate(plain, len, packed, OUT, 6, Z_DEFAULT_STRATEGY);
		WDT_CHECK(n > 0);
		op = op_of(c, packed, n, 300, RTE_COMP_FLUSH_FINAL);
		WDT_CHECK(op != NULL);
		op->op_type = RTE_COMP_OP_STATELESS;
		op->private_xform = inflate;
		WDT_CHECK_EQ(op_through(c, op, back, &out_pos), WDT_PASS);
		WDT_CHECK(op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED ||
				op->status == RTE_COMP_OP_STATUS_ERROR);
		WDT_CHECK_EQ(op->produced, 0);
		wdt_comp_op_free(op);
	}
	return rte_compressdev_private_xform_free(c->id, inflate) == 0 ? WDT_PASS : WDT_FAIL;
}

WDT_TEST(comp_stateless_lack_of_room_without_a_code)
{
	return wdt_comp_with("", 1, 64, no_code_stateless);
}

WDT_TEST(comp_stateless_lack_of_room_without_a_code_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, no_code_stateless);
}
