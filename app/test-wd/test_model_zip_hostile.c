/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The ZIP engine with data and contexts that somebody has tampered with. Source
 * and destination end where a page that faults begins.
 */

#include <stdlib.h>

#include <zlib.h>

#include "test_model_zip.h"

#define MAX 40000U
#define GUARD 64U
#define STREAMS 2500U /* for each of the four combinations */

static uint8_t plain[MAX], packed[MAX + 1000], back[4 * MAX];

static uint32_t
random_below(uint32_t n)
{
	return (uint32_t)(wdt_random() % n);
}

static void
mutate(uint8_t *p, uint32_t *len)
{
	const uint32_t n = *len, at = random_below(n), what = random_below(8);

	switch (what) {
	case 0:
		*len = at + 1;
		break;
	case 1:
		wdt_random_bytes(p + at, n - at < 8 ? n - at : 8);
		break;
	case 2:
		memmove(p + at, p + at / 2, n - at);
		break;
	case 3: /* the header of the first block */
		p[random_below(n < 16 ? n : 16)] = (uint8_t)wdt_random();
		break;
	case 4:
		if (random_below(8) == 0)
			wdt_random_bytes(p, n);
		/* fall through */
	default:
		for (uint32_t i = 0; i <= what; i++)
			p[random_below(n)] ^= (uint8_t)(1U << random_below(8));
	}
}

static uint32_t
make_stream(uint8_t alg)
{
	static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY };
	const uint32_t len = random_below(2U << random_below(15));
	uint32_t packed_len;

	zip_data(plain, len, random_below(ZIP_DATA_KINDS));
	packed_len = zlib_compress(alg, (int)random_below(10), strategies[random_below(3)], plain,
			len, packed, sizeof(packed));
	mutate(packed, &packed_len);
	return packed_len;
}

static int
check_guard(const uint8_t *dst)
{
	for (unsigned int i = 1; i <= GUARD; i++)
		WDT_CHECK_EQ(dst[-(int)i], 0xcc);
	return WDT_PASS;
}

static int
mutated(struct zrig *rig)
{
	unsigned int good = 0, bad = 0, full = 0;

	for (unsigned int i = 0; i < STREAMS; i++) {
		const uint8_t first = zrig_first_alg(rig);
		const uint8_t alg = (uint8_t)(first + random_below(4U - first));
		const uint32_t packed_len = make_stream(alg), room = random_below(2 * MAX);
		struct zip_op op = zip_op_default(rig, ZIP_DECOMPRESS, alg, packed_len, room);
		uint8_t *dst = zrig_at(rig, zrig_dst(room));
		uint32_t used;
		int64_t want;

		memcpy(zrig_at(rig, zrig_src(packed_len)), packed, packed_len);
		memset(dst - GUARD, 0xcc, GUARD);
		WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
		WDT_CHECK_EQ(check_guard(dst), WDT_PASS);
		WDT_CHECK(rig->r.produced <= room && rig->r.consumed <= packed_len);
		want = zlib_inflate_all(alg, packed, packed_len, back, room, &used);
		if (rig->r.status == ZIP_END && want >= 0) {
			WDT_CHECK_EQ(rig->r.produced, want);
			WDT_CHECK_EQ(rig->r.consumed, used);
			WDT_CHECK_MEM(dst, back, (size_t)want);
		}
		/* what is fine for zlib is so here; zlib refuses some that ISA-L takes */
		if (want >= 0 || rig->engine_kind == WDM_ENGINE_OPENSSL)
			WDT_CHECK_EQ(rig->r.status == ZIP_END, want >= 0);
		good += rig->r.status == ZIP_END;
		full += rig->r.status == ZIP_NO_ROOM;
		bad += rig->r.status >= 0x80 || rig->r.status == ZIP_CHECKSUM;
	}
	WDT_CHECK(good > 0 && full > 0 && bad > STREAMS / 4);
	WDT_CHECK_EQ(good + full + bad, STREAMS);
	return WDT_PASS;
}

WDT_TEST(zip_mutated_streams)
{
	return zrig_each(mutated);
}

static struct zip_op
stream_start(struct zrig *rig, uint16_t dir, uint8_t alg)
{
	struct zip_op op = zip_op_default(rig, dir, alg, 0, 0);

	op.stateful = 1;
	op.first = 1;
	op.ctx = ZRIG_BASE + ZRIG_CTX + ZIP_CTX_OFFSET;
	memset(zrig_at(rig, ZRIG_CTX), 0, ZIP_CTX_SIZE);
	return op;
}

static int
stream_send(struct zrig *rig, struct zip_op *op, const uint8_t *p, uint32_t len, uint32_t room)
{
	uint8_t *dst = zrig_at(rig, zrig_dst(room));

	op->in_len = len;
	op->room = room;
	op->src = ZRIG_BASE + zrig_src(len);
	op->dst = ZRIG_BASE + zrig_dst(room);
	memcpy(zrig_at(rig, zrig_src(len)), p, len);
	memset(dst - GUARD, 0xcc, GUARD);
	WDT_CHECK_EQ(zrig_run(rig, op), WDT_PASS);
	WDT_CHECK_EQ(check_guard(dst), WDT_PASS);
	WDT_CHECK(rig->r.produced <= room && rig->r.consumed <= len);
	memcpy(op->words, rig->r.words, sizeof(op->words));
	op->isize = rig->r.isize;
	op->checksum = rig->r.checksum;
	op->first = 0;
	return WDT_PASS;
}

/* The same in several descriptors: it ends as zlib says. */
static int
mutated_in_parts(struct zrig *rig)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < STREAMS; i++) {
		const uint8_t first = zrig_first_alg(rig);
		const uint8_t alg = (uint8_t)(first + random_below(4U - first));
		const uint32_t packed_len = make_stream(alg);
		struct zip_op op = stream_start(rig, ZIP_DECOMPRESS, alg);
		uint32_t done = 0, used, total = 0;
		int64_t want;

		for (unsigned int nb = 0; nb < 1000; nb++) {
			const uint32_t n = random_below(packed_len - done + 1);

			WDT_CHECK_EQ(stream_send(rig, &op, packed + done, n,
						     201 + random_below(MAX)),
					WDT_PASS);
			done += rig->r.consumed;
			total += rig->r.produced;
			if (rig->r.status != ZIP_DONE && rig->r.status != ZIP_NO_ROOM)
				break;
			if (rig->r.status == ZIP_DONE && done == packed_len)
				break;
		}
		want = zlib_inflate_all(alg, packed, packed_len, back, sizeof(back), &used);
		WDT_CHECK_EQ(rig->r.status == ZIP_END, want >= 0);
		if (want >= 0) {
			WDT_CHECK_EQ(total, want);
			WDT_CHECK_EQ(done, used);
			good++;
		}
	}
	WDT_CHECK(good > 0);
	return WDT_PASS;
}

WDT_TEST(zip_mutated_streams_in_parts)
{
	return zrig_each(mutated_in_parts);
}

/*
 * Contexts that the client wrote. Words in the descriptor are changed along with
 * their copies now and then, so that the change is not noticed at once.
 */
static void
tamper(struct zrig *rig, struct zip_op *op)
{
	uint8_t *ctx = zrig_at(rig, ZRIG_CTX + ZIP_CTX_OFFSET);
	const uint32_t n = 1 + random_below(4);

	for (uint32_t i = 0; i < n; i++) {
		switch (random_below(6)) {
		case 0: /* a field of the saved state, a small value */
			memset(ctx + 4 * (5 + random_below(7)), 0, 4);
			ctx[4 * (5 + random_below(7))] = (uint8_t)wdt_random();
			break;
		case 1: /* any of it */
			ctx[20 + random_below(28)] ^= (uint8_t)(1U << random_below(8));
			break;
		case 2: /* the header of the block */
			ctx[48 + random_below(304)] ^= (uint8_t)(1U << random_below(8));
			break;
		case 3: /* window and tail */
			wdt_random_bytes(ctx + 0xc00 + random_below(32768), 100);
			break;
		case 4:
			wdt_random_bytes(ctx + 0xc00 + (op->words[2] + 15) / 16 * 16, 8);
			break;
		default:
			op->checksum = (uint32_t)wdt_random();
			op->isize = (uint32_t)wdt_random();
		}
	}
	if (random_below(20) == 0)
		wdt_random_bytes(ctx, 400);
	if (random_below(20) == 0)
		memset(ctx + 20, 0xff, 28);
}

static int
tampered(struct zrig *rig)
{
	unsigned int refused = 0, ran = 0;

	for (unsigned int i = 0; i < STREAMS; i++) {
		const uint16_t dir = i % 4 == 0 ? ZIP_COMPRESS : ZIP_DECOMPRESS;
		struct zip_op op = stream_start(rig, dir, ZIP_GZIP);
		const uint32_t len = 20 + random_below(20000), cut = 1 + random_below(len / 4);
		uint32_t packed_len;

		zip_data(plain, len, 1 + i % 3);
		packed_len = zlib_compress(ZIP_GZIP, (int)random_below(10), Z_DEFAULT_STRATEGY,
				plain, len, packed, sizeof(packed));
		WDT_CHECK_EQ(stream_send(rig, &op, packed, cut < packed_len ? cut : packed_len,
					     201 + random_below(20000)),
				WDT_PASS);
		if (rig->r.status != ZIP_DONE && rig->r.status != ZIP_NO_ROOM &&
				rig->r.status != ZIP_EXPANDED)
			continue;
		tamper(rig, &op);
		WDT_CHECK_EQ(stream_send(rig, &op, packed + cut / 2,
					     packed_len > cut ? packed_len - cut : 0,
					     201 + random_below(60000)),
				WDT_PASS);
		if (rig->r.status >= 0x80)
			refused++;
		else
			ran++;
	}
	WDT_CHECK(refused > 100 && ran > 100);
	return WDT_PASS;
}

WDT_TEST(zip_tampered_contexts)
{
	return zrig_each(tampered);
}

/* What the model leaves in a context is the stream's own, to the last bit. */
static int
nothing_left_over(struct zrig *rig)
{
	static uint8_t once[ZIP_CTX_SIZE];
	uint32_t packed_len;

	for (unsigned int round = 0; round < 2; round++) {
		struct zip_op op;

		/* round 1: after somebody else's stream, which ended in the midst of things */
		for (unsigned int i = 0; i < 50 * round; i++) {
			zip_data(plain, 20000, 1 + i % 3);
			packed_len = zlib_compress(ZIP_GZIP, (int)(i % 10), Z_DEFAULT_STRATEGY,
					plain, 20000, packed, sizeof(packed));
			op = stream_start(rig, ZIP_DECOMPRESS, ZIP_GZIP);
			WDT_CHECK_EQ(stream_send(rig, &op, packed, packed_len * (i % 9) / 9, 5000),
					WDT_PASS);
		}
		memset(plain, 0, 5000);
		for (uint32_t i = 0; i < 5000; i++)
			plain[i] = (uint8_t)(i * i >> 7);
		packed_len = zlib_compress(ZIP_GZIP, 6, Z_DEFAULT_STRATEGY, plain, 5000, packed,
				sizeof(packed));
		for (unsigned int i = 1; i < 8; i++) {
			op = stream_start(rig, ZIP_DECOMPRESS, ZIP_GZIP);
			WDT_CHECK_EQ(stream_send(rig, &op, packed, packed_len * i / 9, 600),
					WDT_PASS);
			if (round == 0 && i == 7)
				memcpy(once, zrig_at(rig, ZRIG_CTX), ZIP_CTX_SIZE);
		}
	}
	WDT_CHECK_MEM(zrig_at(rig, ZRIG_CTX), once, ZIP_CTX_SIZE);
	return WDT_PASS;
}

WDT_TEST(zip_contexts_hold_nothing_of_others)
{
	return zrig_each(nothing_left_over);
}
