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
