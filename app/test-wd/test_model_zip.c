/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The ZIP engine, a stream in one descriptor: round trips and interoperation with zlib. */

#include <stdlib.h>

#include <zlib.h>

#include "test_model_zip.h"

#define MAX (8U << 20)

static uint8_t plain[MAX], packed[MAX + 65536], back[MAX + 65536];

static const uint32_t sizes[] = { 0, 1, 2, 3, 4, 7, 31, 64, 255, 256, 257, 258, 259, 1000, 4095,
	4096, 4097, 16384, 32767, 32768, 32769, 65535, 65536, 65537, 100000 };
#define NB_SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Enough for anything: stored blocks and a trailer. */
static uint32_t
bound(uint32_t len)
{
	const uint32_t most = len + len / 1000 + 128;

	return most < MAX ? most : MAX;
}

/* plain[0..len) through the device to packed. */
static int
compress_one(struct zrig *rig, uint8_t alg, uint32_t len, uint32_t priv, uint32_t *packed_len)
{
	struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, alg, len, bound(len));

	op.priv = priv;
	memcpy(zrig_at(rig, zrig_src(len)), plain, len);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, rig->r.produced > len ? ZIP_EXPANDED : ZIP_DONE);
	WDT_CHECK(!rig->r.task_error);
	WDT_CHECK(rig->r.last);
	WDT_CHECK_EQ(rig->r.consumed, len);
	WDT_CHECK_EQ(rig->r.isize, len);
	if (alg == ZIP_RAW)
		WDT_CHECK_EQ(rig->r.checksum, op.checksum);
	else
		WDT_CHECK_EQ(rig->r.checksum, zip_check_word(alg, plain, len));
	*packed_len = rig->r.produced;
	memcpy(packed, zrig_at(rig, zrig_dst(op.room)), *packed_len);
	return WDT_PASS;
}

/* packed[0..packed_len) and some bytes more through the device to plain[0..len). */
static int
inflate_one(struct zrig *rig, uint8_t alg, uint32_t packed_len, uint32_t len, uint32_t extra_in,
		uint32_t extra_room)
{
	struct zip_op op = zip_op_default(
			rig, ZIP_DECOMPRESS, alg, packed_len + extra_in, len + extra_room);
	uint8_t *src = zrig_at(rig, zrig_src(op.in_len)), *dst = zrig_at(rig, zrig_dst(op.room));

	memcpy(src, packed, packed_len);
	memset(src + packed_len, 0xff, extra_in);
	memset(dst - 16, 0xcc, 16);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_END);
	WDT_CHECK(!rig->r.task_error);
	WDT_CHECK(rig->r.last);
	WDT_CHECK_EQ(rig->r.consumed, packed_len);
	WDT_CHECK_EQ(rig->r.produced, len);
	WDT_CHECK_EQ(rig->r.isize, len);
	if (alg != ZIP_RAW)
		WDT_CHECK_EQ(rig->r.checksum, zip_check_word(alg, plain, len));
	WDT_CHECK_MEM(dst, plain, len);
	for (unsigned int i = 1; i <= 16; i++)
		WDT_CHECK_EQ(dst[-(int)i], 0xcc);
	return WDT_PASS;
}

static int
round_trip(struct zrig *rig, uint8_t alg, uint32_t len, uint32_t priv)
{
	uint32_t packed_len, used;

	WDT_CHECK_EQ(compress_one(rig, alg, len, priv, &packed_len), WDT_PASS);
	WDT_CHECK_EQ(zlib_inflate_all(alg, packed, packed_len, back, len + 1, &used), len);
	WDT_CHECK_EQ(used, packed_len);
	WDT_CHECK_MEM(back, plain, len);
	WDT_CHECK_EQ(inflate_one(rig, alg, packed_len, len, 0, 0), WDT_PASS);
	return inflate_one(rig, alg, packed_len, len, 5, 77);
}

static int
round_trips(struct zrig *rig)
{
	for (uint8_t alg = zrig_first_alg(rig); alg <= ZIP_GZIP; alg++) {
		for (unsigned int i = 0; i < NB_SIZES; i++) {
			for (unsigned int kind = 0; kind < ZIP_DATA_KINDS; kind++) {
				zip_data(plain, sizes[i], kind);
				if (round_trip(rig, alg, sizes[i], 0) != WDT_PASS) {
					printf("# algorithm %u, %u bytes of kind %u\n", alg,
							sizes[i], kind);
					return WDT_FAIL;
				}
			}
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_round_trips)
{
	return zrig_each(round_trips);
}

static int
large_round_trips(struct zrig *rig)
{
	for (unsigned int kind = 0; kind < ZIP_DATA_KINDS; kind++) {
		zip_data(plain, 1U << 20, kind);
		WDT_CHECK_EQ(round_trip(rig, ZIP_GZIP, 1U << 20, 0), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(zip_round_trips_of_1_mib)
{
	return zrig_each(large_round_trips);
}

/* Everything that zlib can make, in all its ways. */
static int
inflate_zlib(struct zrig *rig)
{
	static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE,
		Z_FIXED };

	for (uint8_t alg = zrig_first_alg(rig); alg <= ZIP_GZIP; alg++) {
		for (int level = 0; level <= 9; level++) {
			for (unsigned int i = 0; i < 5; i++) {
				const uint32_t len = sizes[wdt_random() % NB_SIZES];
				uint32_t packed_len;

				zip_data(plain, len, (unsigned int)(wdt_random() % ZIP_DATA_KINDS));
				packed_len = zlib_compress(alg, level, strategies[i], plain, len,
						packed, sizeof(packed));
				WDT_CHECK(packed_len > 0);
				if (inflate_one(rig, alg, packed_len, len, level & 1, i) !=
						WDT_PASS) {
					printf("# algorithm %u, level %d, strategy %d, %u bytes\n",
							alg, level, strategies[i], len);
					return WDT_FAIL;
				}
			}
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_inflates_all_that_zlib_makes)
{
	return zrig_each(inflate_zlib);
}

/* Bit by type of the blocks of the raw stream packed[0..len); -1: not deflate. */
static int
block_types(uint32_t len)
{
	z_stream z = { .next_in = packed, .avail_in = len };
	int types = 0, rc;

	if (inflateInit2(&z, -15) != Z_OK)
		return -1;
	do {
		const uint32_t at = (uint32_t)z.total_in * 8 - (z.data_type & 63);

		/* in front of a block, unless the last one is over */
		if (z.total_in == 0 || (z.data_type & 128) != 0)
			types |= 1 << ((packed[(at + 1) / 8] >> (at + 1) % 8 & 1) |
						 (packed[(at + 2) / 8] >> (at + 2) % 8 & 1) << 1);
		do {
			z.next_out = back;
			z.avail_out = sizeof(back);
			rc = inflate(&z, Z_BLOCK);
		} while (rc == Z_OK && (z.data_type & 128) == 0);
	} while (rc == Z_OK && (z.data_type & 64) == 0);
	inflateEnd(&z);
	return rc == Z_OK || rc == Z_STREAM_END ? types : -1;
}

static int
fixed_codes(struct zrig *rig)
{
	for (unsigned int i = 0; i < NB_SIZES; i++) {
		for (unsigned int kind = 0; kind < ZIP_DATA_KINDS; kind++) {
			uint32_t len;
			int types;

			zip_data(plain, sizes[i], kind);
			WDT_CHECK_EQ(round_trip(rig, ZIP_GZIP, sizes[i], 1), WDT_PASS);
			WDT_CHECK_EQ(compress_one(rig, ZIP_GZIP, sizes[i], 1, &len), WDT_PASS);
			types = block_types(len - 8);
			WDT_CHECK(types > 0);
			WDT_CHECK_EQ(types & ~3, 0);
			/* and it is asked for nothing: */
			WDT_CHECK_EQ(compress_one(rig, ZIP_GZIP, sizes[i], 0, &len), WDT_PASS);
			if (kind == 1 && sizes[i] >= 4096)
				WDT_CHECK_EQ(block_types(len - 8), 4);
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_fixed_codes_only_when_asked_for)
{
	return zrig_each(fixed_codes);
}

/* No match reaches further back than the window, seen by an inflater that has no more. */
static int
window_one(struct zrig *rig, unsigned int window, int bits, uint32_t priv)
{
	const uint32_t len = 100000;
	struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, ZIP_ZLIB, len, bound(len));
	z_stream z = { .next_out = back, .avail_out = sizeof(back) };

	memcpy(zrig_at(rig, zrig_src(len)), plain, len);
	op.window = (uint8_t)window;
	op.priv = priv;
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK(rig->r.status == ZIP_DONE || rig->r.status == ZIP_EXPANDED);
	z.next_in = zrig_at(rig, zrig_dst(op.room));
	z.avail_in = rig->r.produced - 4;
	WDT_CHECK_EQ(inflateInit2(&z, -bits), Z_OK);
	WDT_CHECK_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
	WDT_CHECK_EQ(inflateEnd(&z), Z_OK);
	WDT_CHECK_EQ(z.total_out, len);
	WDT_CHECK_MEM(back, plain, len);
	return WDT_PASS;
}

/* Random bytes of that many, again and again. */
static void
repeat(uint32_t period)
{
	zip_data(plain, period, 2);
	for (uint32_t i = period; i < 100000; i++)
		plain[i] = plain[i - period];
}

/* Records of 40 random bytes among zeros, all of them again after 21000 bytes. */
static void
repeat_records(void)
{
	memset(plain, 0, 100000);
	for (uint32_t i = 0; i < 21000; i += 1000)
		zip_data(plain + i, 40, 2);
	for (uint32_t i = 21000; i < 100000; i++)
		plain[i] = plain[i - 21000];
}

static int
windows(struct zrig *rig)
{
	static const int bits[] = { 12, 13, 14, 14, 15 }; /* 24 KiB counts as 16 */

	for (uint32_t priv = 0; priv < 2; priv++) {
		for (unsigned int w = 0; w < 5; w++) {
			const uint32_t inside = (1U << bits[w]) - 600;

			zip_data(plain, 100000, 1);
			WDT_CHECK_EQ(window_one(rig, w, bits[w], priv), WDT_PASS);
			repeat_records();
			WDT_CHECK_EQ(window_one(rig, w, bits[w], priv), WDT_PASS);
			WDT_CHECK_EQ(rig->r.produced < 3000, w == 4);
			repeat(inside);
			WDT_CHECK_EQ(window_one(rig, w, bits[w], priv), WDT_PASS);
			/* the reference library finds them all */
			if (rig->engine_kind == WDM_ENGINE_OPENSSL)
				WDT_CHECK(rig->r.produced < 50000);
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_windows_are_honoured)
{
	return zrig_each(windows);
}
