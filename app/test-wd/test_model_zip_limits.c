/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The ZIP engine: room, limits, what is refused, errors in the data. */

#include <stdlib.h>

#include <zlib.h>

#include "test_model_zip.h"

#define MAX (8U << 20)

static uint8_t plain[MAX + 1], packed[MAX + 65536], back[MAX + 65536];

/* plain[0..len) with that much room; the byte after it faults. */
static int
compress_into(struct zrig *rig, uint8_t alg, uint32_t len, uint32_t room)
{
	struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, alg, len, room);
	uint8_t *dst = zrig_at(rig, zrig_dst(room));

	memcpy(zrig_at(rig, zrig_src(len)), plain, len);
	memset(dst - 16, 0xcc, 16);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	for (unsigned int i = 1; i <= 16; i++)
		WDT_CHECK_EQ(dst[-(int)i], 0xcc);
	if (rig->r.status != ZIP_NO_ROOM)
		return WDT_PASS;
	WDT_CHECK_EQ(rig->r.consumed, 0);
	WDT_CHECK_EQ(rig->r.produced, 0);
	WDT_CHECK(rig->r.task_error);
	WDT_CHECK(!rig->r.last);
	/* the words that carry a stream are as they were sent */
	WDT_CHECK_EQ(rig->r.isize, op.isize);
	WDT_CHECK_EQ(rig->r.checksum, op.checksum);
	return WDT_PASS;
}

static int
compress_every_room(struct zrig *rig, uint8_t alg, uint32_t len)
{
	uint32_t need, used;

	WDT_CHECK_EQ(compress_into(rig, alg, len, len + 128), WDT_PASS);
	need = rig->r.produced;
	WDT_CHECK(need > 0);
	for (uint32_t room = need > 300 ? need - 300 : 0; room < need + 64; room++) {
		WDT_CHECK_EQ(compress_into(rig, alg, len, room), WDT_PASS);
		WDT_CHECK_EQ(rig->r.status == ZIP_NO_ROOM, room < need);
		if (room < need)
			continue;
		WDT_CHECK_EQ(rig->r.status, need > len ? ZIP_EXPANDED : ZIP_DONE);
		WDT_CHECK_EQ(rig->r.produced, need);
		WDT_CHECK_EQ(zlib_inflate_all(alg, zrig_at(rig, zrig_dst(room)), need, back, len,
					     &used),
				len);
		WDT_CHECK_MEM(back, plain, len);
	}
	return WDT_PASS;
}

static int
compress_room(struct zrig *rig)
{
	static const uint32_t lens[] = { 0, 1, 5, 100, 500, 3000, 40000 };

	for (uint8_t alg = zrig_first_alg(rig); alg <= ZIP_GZIP; alg++) {
		for (unsigned int i = 0; i < 7; i++) {
			for (unsigned int kind = 0; kind < ZIP_DATA_KINDS; kind++) {
				zip_data(plain, lens[i], kind);
				if (compress_every_room(rig, alg, lens[i]) != WDT_PASS) {
					printf("# algorithm %u, %u bytes of kind %u\n", alg,
							lens[i], kind);
					return WDT_FAIL;
				}
			}
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_compress_room_is_exact)
{
	return zrig_each(compress_room);
}

static int
inflate_room(struct zrig *rig)
{
	static const uint32_t lens[] = { 0, 1, 5, 100, 500, 3000, 40000 };

	for (unsigned int i = 0; i < 7 * ZIP_DATA_KINDS * 3; i++) {
		static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY };
		const uint8_t first = zrig_first_alg(rig);
		const uint8_t alg = (uint8_t)(first + wdt_random() % (4U - first));
		const uint32_t len = lens[i % 7];
		uint32_t packed_len;

		zip_data(plain, len, i / 7 % ZIP_DATA_KINDS);
		packed_len = zlib_compress(alg, (int)(wdt_random() % 10),
				strategies[i / 7 / ZIP_DATA_KINDS], plain, len, packed,
				sizeof(packed));
		for (uint32_t room = len > 300 ? len - 300 : 0; room < len + 20; room++) {
			struct zip_op op = zip_op_default(
					rig, ZIP_DECOMPRESS, alg, packed_len, room);
			uint8_t *dst = zrig_at(rig, zrig_dst(room));

			memcpy(zrig_at(rig, zrig_src(packed_len)), packed, packed_len);
			memset(dst - 16, 0xcc, 16);
			WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
			WDT_CHECK_EQ(rig->r.status, room < len ? ZIP_NO_ROOM : ZIP_END);
			WDT_CHECK_EQ(rig->r.produced, room < len ? 0 : len);
			WDT_CHECK_EQ(rig->r.consumed, room < len ? 0 : packed_len);
			WDT_CHECK_EQ(rig->r.task_error, room < len);
			if (room >= len)
				WDT_CHECK_MEM(dst, plain, len);
			for (unsigned int j = 1; j <= 16; j++)
				WDT_CHECK_EQ(dst[-(int)j], 0xcc);
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_inflate_room_is_exact)
{
	return zrig_each(inflate_room);
}

static int
largest(struct zrig *rig)
{
	const uint8_t alg = ZIP_GZIP;
	struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, alg, MAX, MAX);
	uint32_t packed_len, used;

	zip_data(plain, MAX, 1);
	memcpy(zrig_at(rig, zrig_src(MAX)), plain, MAX);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_DONE);
	packed_len = rig->r.produced;
	memcpy(packed, zrig_at(rig, zrig_dst(MAX)), packed_len);
	WDT_CHECK_EQ(zlib_inflate_all(alg, packed, packed_len, back, MAX, &used), MAX);
	WDT_CHECK(memcmp(back, plain, MAX) == 0);
	op = zip_op_default(rig, ZIP_DECOMPRESS, alg, packed_len, MAX);
	memcpy(zrig_at(rig, zrig_src(packed_len)), packed, packed_len);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_END);
	WDT_CHECK_EQ(rig->r.produced, MAX);
	WDT_CHECK(memcmp(zrig_at(rig, zrig_dst(MAX)), plain, MAX) == 0);
	return WDT_PASS;
}

WDT_TEST(zip_largest_message)
{
	return zrig_each(largest);
}

/* A thousand to one: what fits is delivered, what does not is no more than no room. */
static int
bomb(struct zrig *rig)
{
	for (uint32_t more = 0; more < 2; more++) {
		const uint32_t packed_len = zlib_compress(ZIP_ZLIB, 9, Z_DEFAULT_STRATEGY, plain,
				MAX + more, packed, sizeof(packed));
		struct zip_op op = zip_op_default(rig, ZIP_DECOMPRESS, ZIP_ZLIB, packed_len, MAX);

		WDT_CHECK(packed_len < 10000);
		memcpy(zrig_at(rig, zrig_src(packed_len)), packed, packed_len);
		WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
		WDT_CHECK_EQ(rig->r.status, more == 0 ? ZIP_END : ZIP_NO_ROOM);
		WDT_CHECK_EQ(rig->r.produced, more == 0 ? MAX : 0);
	}
	return WDT_PASS;
}

WDT_TEST(zip_bombs_end_at_8_mib)
{
	memset(plain, 0, sizeof(plain));
	return zrig_each(bomb);
}

static void
poke_word(struct zip_op *op, uint8_t at, uint8_t value)
{
	op->poke_at = at;
	op->poke = value;
}

/* Each change makes a good descriptor one that must be refused. */
static bool
spoil(struct zip_op *op, unsigned int i)
{
	switch (i) {
	case 0:
		op->type = op->type == 0 ? 3 : 0;
		return true;
	case 1:
		op->type = 1;
		return true;
	case 2:
		op->qc_type = 2;
		return true;
	case 3:
		op->qc_type = 0xffff;
		return true;
	case 4:
		op->alg = op->type == 0 ? ZIP_RAW : 0;
		return true;
	case 5:
		op->alg = 4;
		return true;
	case 6:
		op->alg = 0x42;
		return true;
	case 7:
		op->alg = 0x43;
		return true;
	case 8:
		op->alg = 0x82;
		return true;
	case 9:
		op->buf_type = 2;
		return true;
	case 10:
		op->buf_type = 15;
		return true;
	case 11:
		op->window = 5;
		return true;
	case 12:
		op->priv = 2;
		return true;
	case 13:
		op->in_off = 1;
		return true;
	case 14:
		op->out_off = 1;
		return true;
	case 15:
		op->in_len = MAX + 1;
		op->src = ZRIG_BASE + ZRIG_SRC;
		return true;
	case 16:
		op->room = MAX + 1;
		op->dst = ZRIG_BASE + ZRIG_DST;
		return true;
	case 17:
		op->src = ZRIG_NOWHERE;
		return true;
	case 18:
		op->dst = ZRIG_NOWHERE;
		return true;
	case 19:
		op->src = 0;
		return true;
	case 20:
		op->dst = UINT64_MAX - 3;
		return true;
	case 21:
		op->src = UINT64_MAX;
		return true;
	case 22:
		op->src++;
		return true; /* the last byte is outside */
	case 23:
		op->dst++;
		return true;
	case 24:
		op->stateful = op->first = 1; /* no context */
		return true;
	case 25:
		op->stateful = op->first = 1;
		op->ctx = ZRIG_NOWHERE;
		return true;
	case 26:
		op->stateful = op->first = 1;
		op->ctx = UINT64_MAX - 100;
		return true;
	case 27:
		op->stateful = op->first = 1;
		op->ctx = ZRIG_BASE + ZRIG_CTX;
		op->room = 200;
		op->dst = ZRIG_BASE + zrig_dst(200);
		return true;
	default:
		break;
	}
	i -= 28;
	if (i < 8) {
		static const uint8_t unused[][2] = { { 20, 1 }, { 27, 0x80 }, { 31, 1 }, { 35, 1 },
			{ 38, 1 }, { 40, 1 }, { 48, 1 }, { 64, 1 } };

		poke_word(op, unused[i][0], unused[i][1]);
		return true;
	}
	return false;
}

static int
refusals(struct zrig *rig)
{
	const uint32_t len = 1000, room = 2000;

	zip_data(plain, len, 1);
	for (uint16_t dir = ZIP_COMPRESS; dir <= ZIP_DECOMPRESS; dir++) {
		for (unsigned int i = 0;; i++) {
			struct zip_op op = zip_op_default(rig, dir, ZIP_GZIP, len, room);
			uint8_t *dst = zrig_at(rig, zrig_dst(room));

			if (!spoil(&op, i))
				break;
			memcpy(zrig_at(rig, zrig_src(len)), plain, len);
			memset(dst, 0xcc, room);
			WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
			if (rig->r.status < 0x80)
				printf("# change %u in direction %u\n", i, dir);
			ZRIG_CHECK_ERROR(rig);
			WDT_CHECK_EQ(rig->r.isize, op.isize);
			WDT_CHECK_EQ(rig->r.checksum, op.checksum);
			WDT_CHECK_EQ(rig->r.words[0], op.words[0]);
			for (uint32_t j = 0; j < room; j++)
				WDT_CHECK_EQ(dst[j], 0xcc);
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_refuses_bad_descriptors)
{
	return zrig_each(refusals);
}

WDT_TEST(zip_refuses_unknown_versions)
{
	struct wdm_dev_config conf = { .class = WDM_CLASS_ZIP };

	for (conf.hw_version = 0; conf.hw_version < 6; conf.hw_version++) {
		void *engine = wdm_zip_ops.create(&conf);

		WDT_CHECK_EQ(engine != NULL, conf.hw_version == 2 || conf.hw_version == 3);
		wdm_zip_ops.destroy(engine);
	}
	WDT_CHECK_EQ(wdm_class_sqe_size(WDM_CLASS_ZIP), 128);
	return WDT_PASS;
}

/* One wrong bit in the trailer, and one missing byte of it or of the data. */
static int
trailers(struct zrig *rig)
{
	const uint32_t len = 5000;

	zip_data(plain, len, 1);
	for (uint8_t alg = zrig_first_alg(rig); alg <= ZIP_GZIP; alg++) {
		const uint32_t trailer = zip_trailer_len(alg);
		const uint32_t packed_len = zlib_compress(
				alg, 6, Z_DEFAULT_STRATEGY, plain, len, packed, sizeof(packed));
		struct zip_op op = zip_op_default(rig, ZIP_DECOMPRESS, alg, packed_len, len);
		uint8_t *src = zrig_at(rig, zrig_src(packed_len));

		for (uint32_t bit = 0; bit < 8 * trailer; bit++) {
			memcpy(src, packed, packed_len);
			src[packed_len - 1 - bit / 8] ^= (uint8_t)(1U << bit % 8);
			WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
			WDT_CHECK_EQ(rig->r.status, ZIP_CHECKSUM);
			WDT_CHECK(rig->r.task_error);
			WDT_CHECK_EQ(rig->r.produced, len);
			WDT_CHECK_EQ(rig->r.consumed, packed_len);
			WDT_CHECK_EQ(rig->r.checksum, zip_check_word(alg, plain, len));
		}
		for (uint32_t n = packed_len > 600 ? packed_len - 600 : 0; n < packed_len; n++) {
			op = zip_op_default(rig, ZIP_DECOMPRESS, alg, n, len);
			memcpy(zrig_at(rig, zrig_src(n)), packed, n);
			WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
			ZRIG_CHECK_ERROR(rig);
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_checks_trailers_and_ends)
{
	return zrig_each(trailers);
}

/* A match that reaches in front of the data must not find what an earlier client left. */
static int
far_distance(struct zrig *rig)
{
	/* fixed block: literal 'A', match of length 3 at distance 2, end */
	static const uint8_t stream[] = { 0x73, 0x04, 0x22, 0x00, 0x00 };
	uint32_t packed_len;
	struct zip_op op;

	memset(plain, 'S', 100000);
	packed_len = zlib_compress(
			ZIP_GZIP, 6, Z_DEFAULT_STRATEGY, plain, 100000, packed, sizeof(packed));
	op = zip_op_default(rig, ZIP_DECOMPRESS, ZIP_GZIP, packed_len, 100000);
	memcpy(zrig_at(rig, zrig_src(packed_len)), packed, packed_len);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_END);

	for (unsigned int stateful = 0; stateful < 2; stateful++) {
		uint8_t *dst = zrig_at(rig, zrig_dst(1000));

		op = zip_op_default(rig, ZIP_DECOMPRESS, ZIP_GZIP, sizeof(stream), 1000);
		op.stateful = op.first = stateful != 0;
		op.ctx = ZRIG_BASE + ZRIG_CTX;
		memcpy(zrig_at(rig, zrig_src(sizeof(stream))), stream, sizeof(stream));
		memset(dst, 0, 1000);
		WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
		ZRIG_CHECK_ERROR(rig);
		for (unsigned int i = 0; i < 1000; i++)
			WDT_CHECK(dst[i] != 'S');
	}
	return WDT_PASS;
}

WDT_TEST(zip_distance_before_the_start)
{
	return zrig_each(far_distance);
}

WDT_TEST(zip_instant_touches_no_data)
{
	for (unsigned int version = 2; version <= 3; version++) {
		struct zrig rig;
		struct zip_op op;

		WDT_CHECK_EQ(zrig_open(&rig, version, WDM_ENGINE_INSTANT, false), WDT_PASS);
		for (uint16_t dir = ZIP_COMPRESS; dir <= ZIP_DECOMPRESS; dir++) {
			op = zip_op_default(&rig, dir, ZIP_GZIP, 1000, 600);
			op.src = op.dst = ZRIG_NOWHERE;
			WDT_CHECK_EQ(zrig_run(&rig, &op), WDT_PASS);
			WDT_CHECK_EQ(rig.r.status, dir == ZIP_COMPRESS ? ZIP_DONE : ZIP_END);
			WDT_CHECK_EQ(rig.r.consumed, 1000);
			WDT_CHECK_EQ(rig.r.produced, 600);
			WDT_CHECK(!rig.r.task_error);
			op.alg = 4;
			WDT_CHECK_EQ(zrig_run(&rig, &op), WDT_PASS);
			ZRIG_CHECK_ERROR(&rig);
		}
		zrig_close(&rig);
	}
	return WDT_PASS;
}
