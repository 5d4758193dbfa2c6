/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The ZIP engine: scattered data, offsets, memory behind calls, hostile lists. */

#include <stdlib.h>

#include <zlib.h>

#include "test_model_zip.h"

#define MAX (1U << 20)
#define SGL_IN ZRIG_SGL
#define SGL_OUT (ZRIG_SGL + 0x200000U)

static uint8_t plain[MAX], packed[MAX + 65536], back[MAX + 65536];

struct splits {
	uint32_t pieces[3];
	unsigned int nb;
};

static const struct splits splits[] = {
	{ { MAX * 2 }, 1 }, { { 1, 7, 333 }, 3 }, { { 4096 }, 1 }, { { 100, 1, 60000 }, 3 },
	{ { 2, 3, 17 }, 3 }, /* thousands of pieces: a chain */
};
#define NB_SPLITS (sizeof(splits) / sizeof(splits[0]))

/* Give a descriptor lists and offsets in place of its flat buffers. */
static void
scatter(struct zrig *rig, struct zip_op *op, unsigned int in, unsigned int out, uint32_t in_off,
		uint32_t out_off)
{
	op->buf_type = ZIP_SGL;
	op->in_off = in_off;
	op->out_off = out_off;
	op->src = zrig_sgl(rig, SGL_IN, op->src - in_off, op->in_len + in_off, splits[in].pieces,
			splits[in].nb);
	op->dst = zrig_sgl(rig, SGL_OUT, op->dst - out_off, op->room + out_off, splits[out].pieces,
			splits[out].nb);
}

/* Data at `from` through the device; what comes out is at zrig_dst(room), the bytes before it whole. */
static int
run_scattered(struct zrig *rig, uint16_t dir, uint8_t alg, const uint8_t *from, uint32_t len,
		uint32_t room, unsigned int i)
{
	static const uint32_t offs[] = { 0, 2, 10, 100, 5000 };
	struct zip_op op = zip_op_default(rig, dir, alg, len, room);
	uint8_t *dst = zrig_at(rig, zrig_dst(room));

	memcpy(zrig_at(rig, zrig_src(len)), from, len);
	memset(dst - 6000, 0xcc, 6000);
	memset(dst, 0, room);
	scatter(rig, &op, i % NB_SPLITS, i / NB_SPLITS % NB_SPLITS, offs[i % 5], offs[i / 3 % 5]);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	for (unsigned int j = 1; j <= 6000; j++)
		WDT_CHECK_EQ(dst[-(int)j], 0xcc);
	return WDT_PASS;
}

static int
round_trip(struct zrig *rig, uint32_t len, unsigned int i)
{
	const uint8_t alg = i % 2 == 0 ? ZIP_GZIP : ZIP_ZLIB;
	uint32_t packed_len, used;

	WDT_CHECK_EQ(run_scattered(rig, ZIP_COMPRESS, alg, plain, len, len + len / 50 + 100, i),
			WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, rig->r.produced > len ? ZIP_EXPANDED : ZIP_DONE);
	WDT_CHECK_EQ(rig->r.consumed, len);
	WDT_CHECK_EQ(rig->r.checksum, zip_check_word(alg, plain, len));
	packed_len = rig->r.produced;
	memcpy(packed, zrig_at(rig, zrig_dst(len + len / 50 + 100)), packed_len);
	WDT_CHECK_EQ(zlib_inflate_all(alg, packed, packed_len, back, MAX, &used), len);
	WDT_CHECK_EQ(used, packed_len);
	WDT_CHECK_MEM(back, plain, len);

	WDT_CHECK_EQ(run_scattered(rig, ZIP_DECOMPRESS, alg, packed, packed_len, len, i / 2),
			WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_END);
	WDT_CHECK_EQ(rig->r.consumed, packed_len);
	WDT_CHECK_EQ(rig->r.produced, len);
	WDT_CHECK_EQ(rig->r.checksum, zip_check_word(alg, plain, len));
	WDT_CHECK_MEM(zrig_at(rig, zrig_dst(len)), plain, len);
	if (len == 0)
		return WDT_PASS;
	/* one byte too few */
	WDT_CHECK_EQ(run_scattered(rig, ZIP_DECOMPRESS, alg, packed, packed_len, len - 1, i / 2),
			WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_NO_ROOM);
	WDT_CHECK_EQ(run_scattered(rig, ZIP_COMPRESS, alg, plain, len, packed_len / 2, i),
			WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_NO_ROOM);
	return WDT_PASS;
}

static int
round_trips(struct zrig *rig)
{
	static const uint32_t lens[] = { 0, 1, 300, 5000, 70000, 200000 };

	for (unsigned int i = 0; i < 150; i++) {
		zip_data(plain, lens[i % 6], i / 6 % ZIP_DATA_KINDS);
		if (round_trip(rig, lens[i % 6], i) != WDT_PASS) {
			printf("# message %u\n", i);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_sgl_round_trips)
{
	return zrig_each(round_trips);
}

static int
with_remote(int (*fn)(struct zrig *rig))
{
	for (unsigned int i = 0; i < 4; i++) {
		struct zrig rig;
		int rc;

		WDT_CHECK_EQ(zrig_open(&rig, 2 + i % 2,
					     i < 2 ? WDM_ENGINE_AUTO : WDM_ENGINE_OPENSSL, true),
				WDT_PASS);
		rc = fn(&rig);
		zrig_close(&rig);
		if (rc != WDT_PASS)
			return rc;
	}
	return WDT_PASS;
}

WDT_TEST(zip_sgl_round_trips_behind_calls)
{
	return with_remote(round_trips);
}

static int
flat_behind_calls(struct zrig *rig)
{
	const uint32_t len = 200000, room = 210000;
	struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, ZIP_ZLIB, len, room);
	uint32_t used;

	zip_data(plain, 100000, 2); /* more comes out than one write takes */
	zip_data(plain + 100000, len - 100000, 1);
	memcpy(zrig_at(rig, zrig_src(len)), plain, len);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_DONE);
	WDT_CHECK_EQ(zlib_inflate_all(ZIP_ZLIB, zrig_at(rig, zrig_dst(room)), rig->r.produced, back,
				     MAX, &used),
			len);
	WDT_CHECK_MEM(back, plain, len);
	/* memory that was there when asked, and is not when written */
	rig->writes_left = 0;
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	ZRIG_CHECK_ERROR(rig);
	rig->writes_left = 1;
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	ZRIG_CHECK_ERROR(rig);
	rig->writes_left = -1;
	return WDT_PASS;
}

WDT_TEST(zip_flat_behind_calls)
{
	return with_remote(flat_behind_calls);
}

/* Neighbours for the client, apart in host memory. */
static int
flat_in_two_places(struct zrig *rig)
{
	const uint32_t len = 40000,
		       packed_len = zlib_compress(ZIP_GZIP, 6, Z_DEFAULT_STRATEGY, plain, len,
				       packed, sizeof(packed));
	struct zip_op op = zip_op_default(rig, ZIP_DECOMPRESS, ZIP_GZIP, packed_len, len);
	uint8_t *a = zrig_at(rig, ZRIG_DST), *b = zrig_at(rig, ZRIG_DST + 0x100000);

	WDT_CHECK_EQ(wdm_space_map(rig->space, ZRIG_NOWHERE, a, 10001), 0);
	WDT_CHECK_EQ(wdm_space_map(rig->space, ZRIG_NOWHERE + 10001, b, len - 10001), 0);
	memcpy(zrig_at(rig, zrig_src(packed_len)), packed, packed_len);
	op.dst = ZRIG_NOWHERE;
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_END);
	WDT_CHECK_MEM(a, plain, 10001);
	WDT_CHECK_MEM(b, plain + 10001, len - 10001);
	return WDT_PASS;
}

WDT_TEST(zip_flat_in_two_places)
{
	zip_data(plain, 40000, 1);
	return zrig_each(flat_in_two_places);
}

static void
put64(uint8_t *p, uint64_t x)
{
	for (unsigned int i = 0; i < 8; i++)
		p[i] = (uint8_t)(x >> 8 * i);
}

/* Ways to spoil the list at p, which describes 1000 bytes in pieces of 100. */
static bool
spoil(uint8_t *p, uint64_t *addr, unsigned int i)
{
	switch (i) {
	case 0: /* says nothing follows, too early */
		p[10] = 9;
		return true;
	case 1: /* more entries than a list has */
		p[11] = 1;
		return true;
	case 2: /* an empty entry */
		put64(p + 64 + 16, 0);
		return true;
	case 3: /* too large an entry */
		put64(p + 64 + 16, (8U << 20) + 1);
		return true;
	case 4: /* memory that is not there */
		put64(p + 64 + 32 * 5, ZRIG_NOWHERE);
		return true;
	case 5: /* the end of the address space */
		put64(p + 64 + 32 * 5, UINT64_MAX - 50);
		return true;
	case 6: /* lists that are not there */
		*addr = ZRIG_NOWHERE;
		return true;
	case 7:
		*addr = 0;
		return true;
	case 8:
		*addr += 8;
		return true;
	case 9: /* short, and goes on nowhere */
		p[10] = 5;
		put64(p, ZRIG_NOWHERE);
		return true;
	case 10: /* an endless chain of empty lists */
		p[10] = 0;
		put64(p, *addr);
		return true;
	case 11: /* the last byte before a fault */
		put64(p + 64 + 32 * 9, ZRIG_BASE + ZRIG_DST + ZRIG_AREA - 99);
		return true;
	case 12: /* the end of the address space for the list itself */
		*addr = UINT64_MAX - 63;
		return true;
	default:
		return false;
	}
}

static int
hostile_lists(struct zrig *rig)
{
	static const uint32_t piece[] = { 100 };

	zip_data(plain, 1000, 1);
	for (unsigned int side = 0; side < 2; side++) {
		for (uint16_t dir = 0; dir < 2; dir++) {
			for (unsigned int i = 0;; i++) {
				struct zip_op op = zip_op_default(rig, dir, ZIP_ZLIB, 1000, 1000);

				memcpy(zrig_at(rig, zrig_src(1000)), plain, 1000);
				op.buf_type = ZIP_SGL;
				op.src = zrig_sgl(rig, SGL_IN, op.src, 1000, piece, 1);
				op.dst = zrig_sgl(rig, SGL_OUT, op.dst, 1000, piece, 1);
				if (!spoil(zrig_at(rig, side == 0 ? SGL_IN : SGL_OUT),
						    side == 0 ? &op.src : &op.dst, i))
					break;
				WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
				if (rig->r.status < 0x80)
					printf("# change %u of side %u\n", i, side);
				ZRIG_CHECK_ERROR(rig);
			}
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_sgl_hostile)
{
	return zrig_each(hostile_lists);
}

/* A chain that loops but has entries is data, of which no more is taken than asked for. */
static int
looped_data(struct zrig *rig)
{
	static const uint32_t piece[] = { 100 };
	const uint32_t len = 100000, room = 110000;
	struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, ZIP_ZLIB, 1000, room);
	uint32_t used;

	zip_data(plain, 1000, 2);
	for (uint32_t i = 1000; i < len; i++)
		plain[i] = plain[i - 1000];
	memcpy(zrig_at(rig, zrig_src(1000)), plain, 1000);
	op.buf_type = ZIP_SGL;
	op.src = zrig_sgl(rig, SGL_IN, op.src, 1000, piece, 1);
	put64(zrig_at(rig, SGL_IN), op.src);
	op.in_len = len;
	op.dst = zrig_sgl(rig, SGL_OUT, op.dst, room, splits[2].pieces, 1);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK(!rig->r.task_error);
	WDT_CHECK_EQ(zlib_inflate_all(ZIP_ZLIB, zrig_at(rig, zrig_dst(room)), rig->r.produced, back,
				     MAX, &used),
			len);
	WDT_CHECK_MEM(back, plain, len);
	/* 256 lists of 1000 bytes: after that it is a loop */
	op.in_len = 256 * 1000 + 1;
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	ZRIG_CHECK_ERROR(rig);
	return WDT_PASS;
}

WDT_TEST(zip_sgl_loops)
{
	return zrig_each(looped_data);
}

/* The offset counts against the list as the data does. */
static int
offsets_too_far(struct zrig *rig)
{
	static const uint32_t piece[] = { 500 };

	for (unsigned int side = 0; side < 2; side++) {
		for (uint32_t off = 23; off <= 25; off++) {
			struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, ZIP_ZLIB, 1000, 2000);

			memset(zrig_at(rig, zrig_src(1024)), 'x', 1024);
			op.buf_type = ZIP_SGL;
			op.src = zrig_sgl(rig, SGL_IN, op.src - 24, 1024, piece, 1);
			op.dst = zrig_sgl(rig, SGL_OUT, op.dst - 24, 2024, piece, 1);
			op.in_off = side == 0 ? off : 0;
			op.out_off = side == 1 ? off : 0;
			WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
			WDT_CHECK_EQ(rig->r.task_error, off == 25);
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_sgl_offset_beyond_the_list)
{
	return zrig_each(offsets_too_far);
}
