/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Streams of the compression driver: cut anywhere, they come out as one. */

#include <zlib.h>

#include "wdt_comp.h"

#define TOTAL 200000U
#define OUT (2 * TOTAL)
#define ROOM_MIN 201U /* the least that an op of a stream may have */

static uint8_t plain[TOTAL], packed[OUT], back[OUT];

/* One way through a stream: where it stands, and how its ops are made. */
struct flow {
	struct wdt_comp *c;
	void *stream;
	const uint8_t *in;
	uint8_t *out;
	uint32_t in_len, in_pos, out_pos;
	uint32_t piece, room; /* the most of an op; each is cut at random below that */
	bool chain;
	bool empty_end; /* the last op has no data */
	uint64_t chksum;
	enum rte_comp_op_status status;
};

static int
step(struct flow *f, uint32_t len, enum rte_comp_flush_flag flush)
{
	const uint32_t room = ROOM_MIN + (uint32_t)(wdt_random() % f->room);
	struct rte_mbuf *src = wdt_comp_packet(f->c, len + 1, f->chain);
	struct rte_mbuf *dst = wdt_comp_packet(f->c, room, f->chain);
	struct rte_comp_op *op = wdt_comp_op(f->c, NULL, src, dst, 0), *got;

	WDT_CHECK(src != NULL && dst != NULL && op != NULL);
	wdt_comp_write(src, 0, f->in + f->in_pos, len);
	op->op_type = RTE_COMP_OP_STATEFUL;
	op->stream = f->stream;
	op->src.length = len;
	op->flush_flag = flush;
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(f->c->id, 0, &op, 1), 1);
	/* compressdev logs each of these */
	if (f->in_len == TOTAL && f->in_pos == 0)
		WDT_CHECK_EQ(rte_compressdev_stream_free(f->c->id, f->stream), -EBUSY);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(f->c, 0, &got, 1, 5000), 1);
	WDT_CHECK(got == op && op->consumed <= len && op->produced <= room &&
			f->out_pos + op->produced <= OUT);
	wdt_comp_read(dst, 0, f->out + f->out_pos, op->produced);
	WDT_CHECK(wdt_comp_guarded(dst, 0, room));
	f->in_pos += op->consumed;
	f->out_pos += op->produced;
	f->chksum = op->output_chksum;
	f->status = op->status;
	wdt_comp_op_free(op);
	return WDT_PASS;
}

/* All of the input, as often as it takes; out of space is no error. */
static int
run(struct flow *f, const struct rte_comp_xform *xform)
{
	bool last = false;

	WDT_CHECK_EQ(rte_compressdev_stream_create(f->c->id, xform, &f->stream), 0);
	for (unsigned int i = 0; i < 100000; i++) {
		const uint32_t left = f->in_len - f->in_pos;
		uint32_t n = 1 + (uint32_t)(wdt_random() % f->piece);

		n = n < left ? n : left;
		last = n == left && (left == 0 || !f->empty_end);
		WDT_CHECK_EQ(step(f, n, last ? RTE_COMP_FLUSH_FINAL : RTE_COMP_FLUSH_SYNC),
				WDT_PASS);
		if (f->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE)
			continue;
		WDT_CHECK_EQ(f->status, RTE_COMP_OP_STATUS_SUCCESS);
		if (last && f->in_pos == f->in_len)
			break;
	}
	WDT_CHECK(last);
	WDT_CHECK_EQ(f->in_pos, f->in_len);
	WDT_CHECK_EQ(rte_compressdev_stream_free(f->c->id, f->stream), 0);
	return WDT_PASS;
}

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
	struct flow f = { .c = c,
		.in = plain,
		.in_len = len,
		.out = packed,
		.piece = 20000,
		.room = 20000,
		.chain = wdt_random() & 1,
		.empty_end = empty_end };

	WDT_CHECK_EQ(run(&f, &xform), WDT_PASS);
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
	struct flow f = { .c = c,
		.in = packed,
		.in_len = packed_len,
		.out = back,
		.piece = 1 + (uint32_t)(wdt_random() % 9000),
		.room = 30000,
		.chain = wdt_random() & 1 };

	WDT_CHECK(packed_len > 0);
	WDT_CHECK_EQ(run(&f, &xform), WDT_PASS);
	WDT_CHECK_EQ(f.out_pos, len);
	WDT_CHECK_MEM(back, plain, len);
	if (type != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(f.chksum, wdt_zlib_checksum(type, plain, len));
	return WDT_PASS;
}

static int
both_ways(struct wdt_comp *c)
{
	static const enum rte_comp_checksum_type types[] = { RTE_COMP_CHECKSUM_NONE,
		RTE_COMP_CHECKSUM_CRC32, RTE_COMP_CHECKSUM_ADLER32,
		RTE_COMP_CHECKSUM_CRC32_ADLER32 };
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
