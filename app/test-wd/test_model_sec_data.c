/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Where the SEC engine reads and writes: lists, odd mappings, hostile addresses. */

#include <endian.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "test_model_sec.h"
#include "test_model_sec_oracle.h"

#define NB(a) (sizeof(a) / sizeof((a)[0]))

/* One operation of each kind, on a small message with associated data. */
enum shape {
	CBC,
	HMAC,
	CHAIN,
	GCM,
	CCM,
	NB_SHAPES
};
static const char *const shape_names[] = { "CBC", "HMAC", "CBC and HMAC", "GCM", "CCM" };
#define AAD 16U
#define LEN 32U
#define ALL (AAD + LEN)

static struct sec_op
shape_op(struct rig *rig, enum shape shape)
{
	struct sec_op op = sec_op_default();

	wdt_random_bytes(rig_at(rig, RIG_C_KEY), 16);
	wdt_random_bytes(rig_at(rig, RIG_A_KEY), 20);
	wdt_random_bytes(rig_at(rig, RIG_C_IV), 16);
	wdt_random_bytes(rig_at(rig, RIG_A_IV), 16);
	wdt_random_bytes(rig_at(rig, RIG_SRC), 256);
	rig_at(rig, RIG_C_IV)[0] = 2;
	memset(rig_at(rig, RIG_DST), 0x77, 256);
	memset(rig_at(rig, RIG_MAC), 0x66, 80);
	if (shape != HMAC) {
		op.cipher = 1;
		op.c_alg = 2;
		op.c_mode = shape == GCM ? 6 : shape == CCM ? 5 : 1;
		op.c_off = AAD;
		op.c_len = LEN;
	}
	if (shape == HMAC || shape == CHAIN) {
		op.auth = 1;
		op.a_alg = 0x10;
		op.a_key_words = 5;
		op.mac_words = 5;
		op.a_len = ALL;
	}
	if (shape == GCM || shape == CCM) {
		op.c_icv_len = 16;
		op.a_len = AAD;
	}
	return op;
}

struct result {
	uint8_t dst[256], mac[80];
};

static void
result_take(struct rig *rig, struct result *r)
{
	memcpy(r->dst, rig_at(rig, RIG_DST), sizeof(r->dst));
	memcpy(r->mac, rig_at(rig, RIG_MAC), sizeof(r->mac));
}

static void
result_clear(struct rig *rig)
{
	memset(rig_at(rig, RIG_DST), 0x77, 256);
	memset(rig_at(rig, RIG_MAC), 0x66, 80);
}

static int
result_check(struct rig *rig, const struct result *r)
{
	WDT_CHECK_MEM(rig_at(rig, RIG_DST), r->dst, sizeof(r->dst));
	WDT_CHECK_MEM(rig_at(rig, RIG_MAC), r->mac, sizeof(r->mac));
	return WDT_PASS;
}

static int
untouched(struct rig *rig)
{
	for (unsigned int i = 0; i < 256; i++)
		WDT_CHECK_EQ(rig_at(rig, RIG_DST)[i], 0x77);
	for (unsigned int i = 0; i < 80; i++)
		WDT_CHECK_EQ(rig_at(rig, RIG_MAC)[i], 0x66);
	return WDT_PASS;
}

static int
splits_one(struct rig *rig, enum shape shape)
{
	struct sec_op op = shape_op(rig, shape), sgl = op;
	struct result want;

	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->error_type, 0);
	result_take(rig, &want);
	for (uint32_t s = 1; s <= ALL; s++) {
		for (uint32_t d = 0; d <= ALL; d++) {
			/* d 0: the destination stays flat; s of the whole length: one entry */
			sgl.src_type = 1;
			sgl.src = rig_sgl(rig, RIG_SGL, op.src, ALL, (const uint32_t[]){ s, 3 }, 2);
			sgl.dst_type = d > 0;
			sgl.dst = d == 0 ? op.dst :
					   rig_sgl(rig, RIG_SGL + 0x400, op.dst, ALL,
							   (const uint32_t[]){ d, 5 }, 2);
			result_clear(rig);
			WDT_CHECK_EQ(rig_run(rig, &sgl), WDT_PASS);
			WDT_CHECK_EQ(rig->error_type, 0);
			if (result_check(rig, &want) != WDT_PASS) {
				printf("# split at %u and %u\n", s, d);
				return WDT_FAIL;
			}
		}
	}
	/* flat to list */
	sgl.src_type = 0;
	sgl.src = op.src;
	result_clear(rig);
	WDT_CHECK_EQ(rig_run(rig, &sgl), WDT_PASS);
	return result_check(rig, &want);
}

static int
splits(struct rig *rig)
{
	for (unsigned int shape = 0; shape < NB_SHAPES; shape++) {
		if (splits_one(rig, shape) != WDT_PASS) {
			printf("# %s\n", shape_names[shape]);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_sgl_splits)
{
	return rig_each(splits);
}

/* Authenticated data that goes on behind the ciphered range, split anywhere. */
static int
splits_behind(struct rig *rig)
{
	for (uint32_t s = 1; s < 100; s++) {
		struct sec_op op = shape_op(rig, CHAIN), sgl;
		struct result want;

		op.a_len = 100;
		op.c_len = 64;
		sgl = op;
		sgl.src_type = 1;
		sgl.src = rig_sgl(rig, RIG_SGL, op.src, 100, (const uint32_t[]){ s }, 1);
		sgl.dst_type = 1;
		sgl.dst = rig_sgl(rig, RIG_SGL + 0x400, op.dst, 80, (const uint32_t[]){ 40 }, 1);
		/* the lists first: nothing in the engine is as it has to become */
		WDT_CHECK_EQ(rig_run(rig, &sgl), WDT_PASS);
		WDT_CHECK_EQ(rig->error_type, 0);
		result_take(rig, &want);
		result_clear(rig);
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		WDT_CHECK_EQ(rig->error_type, 0);
		WDT_CHECK_EQ(result_check(rig, &want), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(sec_sgl_splits_behind)
{
	return rig_each(splits_behind);
}

static void
sgl_set_next(struct rig *rig, uint32_t at, uint64_t next)
{
	next = htole64(next);
	memcpy(rig_at(rig, at), &next, 8);
}

static void
sgl_set_count(struct rig *rig, uint32_t at, uint16_t count)
{
	count = htole16(count);
	memcpy(rig_at(rig, at) + 10, &count, 2);
}

static void
sgl_set_entry(struct rig *rig, uint32_t at, unsigned int i, uint64_t addr, uint32_t len)
{
	addr = htole64(addr);
	len = htole32(len);
	memcpy(rig_at(rig, at) + 64 + 32 * i, &addr, 8);
	memcpy(rig_at(rig, at) + 64 + 32 * i + 16, &len, 4);
}

/* 600 entries of one byte in three full lists, through an empty one. */
static int
long_chain(struct rig *rig)
{
	static uint32_t ones[255];
	struct sec_op op = sec_op_default();
	uint8_t want[64];

	for (unsigned int i = 0; i < 255; i++)
		ones[i] = 1;
	wdt_random_bytes(rig_at(rig, RIG_SRC), 600);
	op.auth = 1;
	op.a_alg = 1;
	op.a_len = 600;
	op.mac_words = 8;
	op.src_type = 1;
	op.src = rig_sgl(rig, RIG_SGL, op.src, 255, ones, 255);
	rig_sgl(rig, RIG_SGL + 0x4000, RIG_BASE + RIG_SRC + 255, 255, ones, 255);
	rig_sgl(rig, RIG_SGL + 0x8000, RIG_BASE + RIG_SRC + 510, 90, ones, 90);
	memset(rig_at(rig, RIG_SGL + 0xc000), 0, 64);
	sgl_set_next(rig, RIG_SGL, RIG_BASE + RIG_SGL + 0xc000);
	sgl_set_next(rig, RIG_SGL + 0xc000, RIG_BASE + RIG_SGL + 0x4000);
	sgl_set_next(rig, RIG_SGL + 0x4000, RIG_BASE + RIG_SGL + 0x8000);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 1);
	oracle_mac(1, NULL, 0, NULL, rig_at(rig, RIG_SRC), 600, want);
	WDT_CHECK_MEM(rig_at(rig, RIG_MAC), want, 32);
	/* cut short */
	memset(rig_at(rig, RIG_MAC), 0x66, 80);
	sgl_set_next(rig, RIG_SGL + 0x4000, 0);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	WDT_CHECK_EQ(rig_at(rig, RIG_MAC)[0], 0x66);
	return WDT_PASS;
}

WDT_TEST(sec_sgl_long_chain)
{
	return rig_each(long_chain);
}

enum sgl_fault {
	LIST_UNMAPPED,
	LIST_MISALIGNED,
	LIST_NULL,
	NEXT_UNMAPPED,
	NEXT_MISALIGNED,
	COUNT_TOO_LARGE,
	COUNT_ZERO,
	EMPTY_LOOP,
	LOOP,
	ENTRY_ZERO,
	ENTRY_TOO_LONG,
	ENTRY_UNMAPPED,
	ENTRY_WRAPS,
	ENTRIES_UNMAPPED,
	TOO_SHORT,
	NB_SGL_FAULTS
};

static uint64_t
bad_sgl(struct rig *rig, uint32_t at, uint64_t data, enum sgl_fault fault)
{
	/* the list whose second entry is beyond the mapping */
	const uint32_t last = RIG_SIZE - 96;

	rig_sgl(rig, at, data, ALL, (const uint32_t[]){ 20 }, 1);
	switch (fault) {
	case LIST_UNMAPPED:
		return RIG_NOWHERE;
	case LIST_MISALIGNED:
		rig_sgl(rig, at + 32, data, ALL, NULL, 0);
		return RIG_BASE + at + 32;
	case LIST_NULL:
		return 0;
	case NEXT_UNMAPPED:
		sgl_set_count(rig, at, 1);
		sgl_set_next(rig, at, RIG_NOWHERE);
		break;
	case NEXT_MISALIGNED:
		sgl_set_count(rig, at, 1);
		rig_sgl(rig, at + 0x210, data, ALL, NULL, 0);
		sgl_set_next(rig, at, RIG_BASE + at + 0x210);
		break;
	case COUNT_TOO_LARGE:
		sgl_set_count(rig, at, 256);
		break;
	case COUNT_ZERO:
		sgl_set_count(rig, at, 0);
		break;
	case EMPTY_LOOP:
		sgl_set_count(rig, at, 0);
		sgl_set_next(rig, at, RIG_BASE + at);
		break;
	case LOOP:
		/* two empty lists, each after the other */
		sgl_set_count(rig, at, 0);
		rig_sgl(rig, at + 0x200, data, 1, NULL, 0);
		sgl_set_count(rig, at + 0x200, 0);
		sgl_set_next(rig, at, RIG_BASE + at + 0x200);
		sgl_set_next(rig, at + 0x200, RIG_BASE + at);
		break;
	case ENTRY_ZERO:
		/* enough follows */
		rig_sgl(rig, at, data, ALL, (const uint32_t[]){ 20, 1 }, 2);
		sgl_set_entry(rig, at, 1, data + 20, 0);
		sgl_set_entry(rig, at, 2, data + 20, ALL - 20);
		break;
	case ENTRY_TOO_LONG:
		sgl_set_entry(rig, at, 1, data, (8U << 20) + 1);
		break;
	case ENTRY_UNMAPPED:
		sgl_set_entry(rig, at, 1, RIG_NOWHERE, 100);
		break;
	case ENTRY_WRAPS:
		sgl_set_entry(rig, at, 1, UINT64_MAX - 4, 100);
		break;
	case ENTRIES_UNMAPPED:
		memcpy(rig_at(rig, last), rig_at(rig, at), 96);
		return RIG_BASE + last;
	default:
		sgl_set_count(rig, at, 1);
		break;
	}
	return RIG_BASE + at;
}

static int
sgl_faults(struct rig *rig)
{
	for (unsigned int i = 0; i < NB_SHAPES * NB_SGL_FAULTS * 2; i++) {
		const enum shape shape = i % NB_SHAPES;
		const bool of_dst = i / NB_SHAPES % 2;
		const enum sgl_fault fault = i / NB_SHAPES / 2;
		struct sec_op op = shape_op(rig, shape);

		if (of_dst && shape == HMAC)
			continue;
		if (of_dst) {
			op.dst_type = 1;
			op.dst = bad_sgl(rig, RIG_SGL, op.dst, fault);
		} else {
			op.src_type = 1;
			op.src = bad_sgl(rig, RIG_SGL, op.src, fault);
		}
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		if (rig->error_type == 0 || untouched(rig) != WDT_PASS) {
			printf("# %s, fault %u of the %s\n", shape_names[shape], fault,
					of_dst ? "destination" : "source");
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_sgl_faults)
{
	return rig_each(sgl_faults);
}

/* A chain that never ends but makes progress: bounded by the length asked for. */
static int
sgl_loop_large(struct rig *rig)
{
	struct sec_op op = sec_op_default();

	op.auth = 1;
	op.a_alg = 1;
	op.a_len = 0xfffe00;
	op.mac_words = 8;
	op.src_type = 1;
	op.src = rig_sgl(rig, RIG_SGL, op.src, 1, NULL, 0);
	sgl_set_next(rig, RIG_SGL, op.src);
	memset(rig_at(rig, RIG_MAC), 0x66, 80);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	WDT_CHECK_EQ(rig_at(rig, RIG_MAC)[0], 0x66);
	return WDT_PASS;
}

WDT_TEST(sec_sgl_loop_with_progress)
{
	return rig_each(sgl_loop_large);
}

/* Each address in turn where nothing is, where the end is cut off, and where it wraps. */
static int
addresses(struct rig *rig)
{
	static const uint64_t bad[] = { RIG_NOWHERE, 0, UINT64_MAX - 3, RIG_BASE + RIG_SIZE - 3,
		RIG_BASE - 3 };

	for (unsigned int i = 0; i < NB_SHAPES * 6 * NB(bad); i++) {
		const enum shape shape = i % NB_SHAPES;
		const unsigned int which = i / NB_SHAPES % 6;
		struct sec_op op = shape_op(rig, shape);
		uint64_t *const addr[] = { &op.src, &op.dst, &op.mac, &op.c_key, &op.a_key,
			&op.c_iv };
		const bool used[NB_SHAPES][6] = {
			[CBC] = { true, true, false, true, false, true },
			[HMAC] = { true, false, true, false, true, false },
			[CHAIN] = { true, true, true, true, true, true },
			[GCM] = { true, true, true, true, false, true },
			[CCM] = { true, true, true, true, false, true },
		};

		*addr[which] = bad[i / NB_SHAPES / 6];
		if (which < 2)
			*addr[which] -= which == 0 && shape == HMAC ? 0 : AAD;
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		if ((rig->error_type != 0) != used[shape][which] ||
				(rig->error_type != 0 && untouched(rig) != WDT_PASS)) {
			printf("# %s, address %u at 0x%" PRIx64 "\n", shape_names[shape], which,
					*addr[which]);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_bad_addresses)
{
	return rig_each(addresses);
}

static int
other_addresses(struct rig *rig)
{
	struct sec_op op = shape_op(rig, CCM);

	op.a_iv = RIG_NOWHERE;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	WDT_CHECK_EQ(untouched(rig), WDT_PASS);
	/* tag to compare with */
	op = shape_op(rig, GCM);
	op.cipher = 2;
	op.mac = RIG_NOWHERE;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	WDT_CHECK_EQ(untouched(rig), WDT_PASS);
	/* carried state */
	op = sec_op_default();
	op.auth = 1;
	op.a_alg = 1;
	op.ai_gen = 1;
	op.a_len = 64;
	op.mac_words = 8;
	op.a_iv = RIG_NOWHERE;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	return untouched(rig);
}

WDT_TEST(sec_bad_addresses_of_ivs)
{
	return rig_each(other_addresses);
}

/* The same host pages again at another place, half of them swapped. */
#define SPLIT_IOVA 0x600000000000ULL

static int
split_mappings(struct rig *rig)
{
	for (unsigned int shape = 0; shape < NB_SHAPES; shape++) {
		struct sec_op op = shape_op(rig, shape), odd = op;
		struct result want;
		uint8_t *src = rig_at(rig, RIG_SRC), *dst = rig_at(rig, RIG_DST);

		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		result_take(rig, &want);
		result_clear(rig);
		/* [0, 24) and [24, 48) of the source lie apart; so do those of the destination */
		memcpy(src + 1024, src + 24, 24);
		memset(src + 24, 0, 24);
		WDT_CHECK_EQ(wdm_space_map(rig->space, SPLIT_IOVA, src, 24), 0);
		WDT_CHECK_EQ(wdm_space_map(rig->space, SPLIT_IOVA + 24, src + 1024, 24), 0);
		WDT_CHECK_EQ(wdm_space_map(rig->space, SPLIT_IOVA + 4096, dst, 24), 0);
		WDT_CHECK_EQ(wdm_space_map(rig->space, SPLIT_IOVA + 4096 + 24, dst + 1024, 24), 0);
		odd.src = SPLIT_IOVA;
		odd.dst = SPLIT_IOVA + 4096;
		WDT_CHECK_EQ(rig_run(rig, &odd), WDT_PASS);
		WDT_CHECK_EQ(rig->error_type, 0);
		memcpy(dst + 24, dst + 1024, 24);
		if (shape == HMAC)
			memset(dst + 24, 0x77, 24);
		WDT_CHECK_EQ(wdm_space_unmap(rig->space, SPLIT_IOVA, 8192), 0);
		if (result_check(rig, &want) != WDT_PASS) {
			printf("# %s\n", shape_names[shape]);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_split_mappings)
{
	return rig_each(split_mappings);
}

/* Data up to the last byte that an address can name, for the careful and the short way. */
static int
last_address(struct rig *rig)
{
	struct sec_op op;

	for (unsigned int shape = 0; shape < NB_SHAPES; shape++) {
		op = shape_op(rig, shape);
		WDT_CHECK_EQ(wdm_space_map(rig->space, -(uint64_t)ALL, rig_at(rig, RIG_SRC), ALL),
				0);
		op.src = -(uint64_t)ALL;
		op.de = 0;
		for (unsigned int i = 0; i < 2; i++) {
			WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
			WDT_CHECK_EQ(rig->error_type, 0);
		}
		op.src++;
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_ERROR(rig);
		WDT_CHECK_EQ(wdm_space_unmap(rig->space, -(uint64_t)ALL, ALL), 0);
	}
	/* a result does not go on at address 0 */
	op = shape_op(rig, CBC);
	op.dst = -(uint64_t)8;
	WDT_CHECK_EQ(wdm_space_map(rig->space, 0, rig_at(rig, RIG_DST), ALL), 0);
	for (unsigned int i = 0; i < 2; i++) {
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_ERROR(rig);
	}
	return untouched(rig);
}

WDT_TEST(sec_last_address)
{
	return rig_each(last_address);
}

/* Nothing mapped: every byte goes through the functions of the address space. */
static int
through_functions(struct rig *rig)
{
	for (unsigned int shape = 0; shape < NB_SHAPES; shape++) {
		const struct sec_op flat = shape_op(rig, shape);
		struct wdm_space *mapped = rig->space;
		struct sec_op op = flat;
		uint64_t *const addr[] = { &op.src, &op.dst, &op.mac, &op.c_key, &op.a_key,
			&op.c_iv, &op.a_iv };
		struct result want;

		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		result_take(rig, &want);
		result_clear(rig);
		for (size_t i = 0; i < NB(addr); i++)
			*addr[i] = (uint64_t)(uintptr_t)rig_at(
					rig, (uint32_t)(*addr[i] - RIG_BASE));
		rig->space = wdm_space_create(&wdm_space_self, NULL);
		WDT_CHECK(rig->space != NULL);
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		WDT_CHECK_EQ(rig->error_type, 0);
		WDT_CHECK_EQ(result_check(rig, &want), WDT_PASS);
		result_clear(rig);
		op.src = RIG_NOWHERE;
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_ERROR(rig);
		wdm_space_destroy(rig->space);
		rig->space = mapped;
		WDT_CHECK_EQ(untouched(rig), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(sec_through_functions)
{
	return rig_each(through_functions);
}

/* Destination a little behind the source: as if the source had been read first. */
static int
overlap(struct rig *rig)
{
	static const int shifts[] = { -40, -16, -1, 1, 16, 40 };

	for (size_t i = 0; i < 2 * NB(shifts); i++) {
		struct sec_op op = shape_op(rig, i % 2 ? CHAIN : CBC);
		const int shift = shifts[i / 2];
		struct result want;

		if (i % 2) /* source behind what is ciphered, too */
			op.a_len += 32;
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(rig, i % 2 ? 3 : 2);
		result_take(rig, &want);
		op.dst = op.src + (uint64_t)(int64_t)shift;
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(rig, i % 2 ? 3 : 2);
		WDT_CHECK_MEM(rig_at(rig, RIG_SRC) + AAD + shift, want.dst + AAD, LEN);
		WDT_CHECK_MEM(rig_at(rig, RIG_MAC), want.mac, sizeof(want.mac));
	}
	return WDT_PASS;
}

WDT_TEST(sec_overlapping_buffers)
{
	return rig_each(overlap);
}

/* The largest descriptor, and one more byte; the same megabyte mapped again and again. */
static int
largest(struct rig *rig)
{
	const uint32_t max = 0xfffe00, piece = 0x100000;
	struct sec_op op = sec_op_default();
	uint8_t want[64], *image = malloc(16 * (size_t)piece);

	wdt_random_bytes(rig_at(rig, RIG_SRC), 4096);
	for (unsigned int i = 0; i < 16; i++) {
		memcpy(image + i * (size_t)piece, rig_at(rig, RIG_SRC), piece);
		WDT_CHECK_EQ(wdm_space_map(rig->space, SPLIT_IOVA + i * (uint64_t)piece,
					     rig_at(rig, RIG_SRC), piece),
				0);
	}
	op.auth = 1;
	op.a_alg = 1;
	op.a_len = max;
	op.mac_words = 8;
	op.src = SPLIT_IOVA;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 1);
	oracle_mac(1, NULL, 0, NULL, image, max, want);
	WDT_CHECK_MEM(rig_at(rig, RIG_MAC), want, 32);
	op.a_len = max + 1;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	op.a_len = max;
	op.a_off = 1;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	/* gathered, ciphered and scattered at full size: in place, there and back */
	op = sec_op_default();
	op.cipher = 1;
	op.c_alg = 2;
	op.c_len = max;
	op.src = SPLIT_IOVA;
	op.de = 0;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 2);
	op.c_mode = 6;
	op.c_icv_len = 16;
	op.a_len = 16;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	free(image);
	return WDT_PASS;
}

WDT_TEST(sec_largest)
{
	return rig_each(largest);
}

/* src: what is at SPLIT_IOVA. */
static int
largest_hmac(struct rig *rig, const uint8_t *src, uint32_t len)
{
	struct sec_op op = sec_op_default();
	uint8_t want[64];

	op.auth = 1;
	op.a_alg = 0x11;
	op.a_key_words = 5;
	op.mac_words = 8;
	op.a_len = len;
	op.src = SPLIT_IOVA;
	oracle_mac(0x11, rig_at(rig, RIG_A_KEY), 20, NULL, src, len, want);
	/* twice: one like it is known then */
	for (unsigned int i = 0; i < 2; i++) {
		memset(rig_at(rig, RIG_MAC), 0, 32);
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(rig, 1);
		WDT_CHECK_MEM(rig_at(rig, RIG_MAC), want, 32);
	}
	return WDT_PASS;
}

/* The longest message of each way of ciphering, to the last byte. */
static int
largest_ciphers(struct rig *rig)
{
	const uint32_t max = 0xfffe00;
	uint8_t *src = malloc(max), *dst = calloc(1, max), *want = malloc(max), tag[16];
	static const uint8_t modes[] = { 0, 1, 4, 6, 7 };

	wdt_random_bytes(src, max);
	wdt_random_bytes(rig_at(rig, RIG_C_KEY), 64);
	WDT_CHECK_EQ(wdm_space_map(rig->space, SPLIT_IOVA, src, max), 0);
	WDT_CHECK_EQ(wdm_space_map(rig->space, 2 * SPLIT_IOVA, dst, max), 0);
	for (size_t i = 0; i < NB(modes); i++) {
		const struct oracle_cipher c = { 2, modes[i], 0, 2, rig_at(rig, RIG_C_KEY),
			modes[i] == 7 ? 32 : 16, rig_at(rig, RIG_C_IV) };
		struct sec_op op = sec_op_default();

		if (modes[i] == 4 && rig->version == 2)
			continue;
		op.cipher = 1;
		op.c_alg = 2;
		op.c_mode = modes[i];
		op.c_icv_len = modes[i] == 6 ? 16 : 0;
		op.ctr_mode = 2;
		op.c_len = max;
		op.src = SPLIT_IOVA;
		op.dst = 2 * SPLIT_IOVA;
		/* twice: one like it is known then */
		for (unsigned int j = 0; j < 2; j++) {
			memset(dst, 0, max);
			WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
			RIG_CHECK_GOOD(rig, modes[i] == 6 ? 3 : 2);
		}
		if (modes[i] == 6)
			oracle_aead(&c, 12, NULL, 0, src, want, max, tag, 16);
		else
			oracle_cipher(&c, true, src, want, max);
		WDT_CHECK_MEM(dst, want, max);
		if (modes[i] == 6)
			WDT_CHECK_MEM(rig_at(rig, RIG_MAC), tag, 16);
	}
	WDT_CHECK_EQ(largest_hmac(rig, src, max), WDT_PASS);
	WDT_CHECK_EQ(wdm_space_unmap(rig->space, SPLIT_IOVA, max), 0);
	WDT_CHECK_EQ(wdm_space_unmap(rig->space, 2 * SPLIT_IOVA, max), 0);
	free(src);
	free(dst);
	free(want);
	return WDT_PASS;
}

WDT_TEST(sec_largest_ciphers)
{
	return rig_each(largest_ciphers);
}

/* More than the engine has room for at once: none may lose its copy before it is through. */
static int
no_room(struct rig *rig)
{
	const uint32_t len = 0x80000, step = 64;
	static struct sec_op ops[WDM_BATCH];
	static uint8_t want[WDM_BATCH][16];

	wdt_random_bytes(rig->mem, RIG_SIZE);
	for (unsigned int i = 0; i < WDM_BATCH; i++) {
		struct sec_op *op = &ops[i];

		*op = sec_op_default();
		op->cipher = 1;
		op->c_alg = 2;
		op->c_mode = 6;
		op->c_icv_len = 16;
		op->c_len = len;
		op->src_type = op->dst_type = 1;
		op->src = rig_sgl(rig, RIG_SGL + 256 * i, RIG_BASE + RIG_SRC + step * i, len,
				(const uint32_t[]){ 7 }, 1);
		op->dst = rig_sgl(rig, RIG_SGL + 256 * (WDM_BATCH + i), RIG_BASE + RIG_DST, len,
				(const uint32_t[]){ 7 }, 1);
		op->mac = RIG_BASE + RIG_SGL + 0x10000 + 64 * i;
		WDT_CHECK_EQ(rig_run(rig, op), WDT_PASS);
		RIG_CHECK_GOOD(rig, 3);
		memcpy(want[i], rig_at(rig, RIG_SGL + 0x10000 + 64 * i), 16);
	}
	memset(rig_at(rig, RIG_SGL + 0x10000), 0, 64 * WDM_BATCH);
	WDT_CHECK_EQ(rig_run_many(rig, ops, WDM_BATCH), WDT_PASS);
	RIG_CHECK_GOOD(rig, 3);
	for (unsigned int i = 0; i < WDM_BATCH; i++)
		WDT_CHECK_MEM(rig_at(rig, RIG_SGL + 0x10000 + 64 * i), want[i], 16);
	return WDT_PASS;
}

WDT_TEST(sec_no_room)
{
	return rig_each(no_room);
}

/* Pages with nothing before and behind: the libraries must not look over the edge. */
#define EDGE_PAGE 4096U

static uint8_t *
edge_map(struct rig *rig, uint64_t iova)
{
	uint8_t *p = mmap(NULL, 3 * EDGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + EDGE_PAGE, EDGE_PAGE, PROT_READ | PROT_WRITE) != 0)
		return NULL;
	if (wdm_space_map(rig->space, iova, p + EDGE_PAGE, EDGE_PAGE) != 0)
		return NULL;
	return p;
}

/*
 * A batch of one operation in the lengths from `from` on, each at the end or start of the
 * pages. The second time all are like one that is known, and short ways are taken.
 */
static int
edge_batch(struct rig *rig, const struct sec_op *proto, uint32_t from, bool at_end)
{
	const bool blocks = proto->cipher != 0 && (proto->c_mode == 0 || proto->c_mode == 1);
	const uint32_t step = blocks ? 16 : 1;
	static struct sec_op ops[WDM_BATCH];

	for (uint32_t i = 0; i < WDM_BATCH; i++) {
		const uint32_t len = from + step * i;
		struct sec_op *op = &ops[i];

		*op = *proto;
		if (op->cipher != 0)
			op->c_len = len;
		if (op->auth != 0)
			op->a_len = op->c_off + len;
		op->src = SPLIT_IOVA + (at_end ? EDGE_PAGE - op->c_off - len : 0);
		op->dst = 2 * SPLIT_IOVA + (at_end ? EDGE_PAGE - op->c_off - len : 0);
		op->mac = RIG_BASE + RIG_SIZE - 64;
	}
	for (unsigned int i = 0; i < 2; i++) {
		WDT_CHECK_EQ(rig_run_many(rig, ops, WDM_BATCH), WDT_PASS);
		WDT_CHECK_EQ(rig->error_type, 0);
	}
	return WDT_PASS;
}

/* The IV is all there is of its page, too: so many bytes as the mode has. */
static void
edge_iv(struct rig *rig, uint8_t *page, struct sec_op *op)
{
	const uint32_t len = op->c_mode == 6 ? 12 : op->c_alg < 2 ? 8 : 16;

	memcpy(page + EDGE_PAGE - len, rig_at(rig, RIG_C_IV), len);
	op->c_iv = 3 * SPLIT_IOVA + EDGE_PAGE - len;
}

/* Associated data at the end of its page, payload elsewhere. */
static int
aad_edges(struct rig *rig, enum shape shape)
{
	struct sec_op op = shape_op(rig, shape);
	uint8_t *b0 = rig_at(rig, RIG_A_IV), *counter = rig_at(rig, RIG_C_IV);

	for (uint32_t aad = 1; aad < 80; aad++) {
		/* CCM blocks as everybody makes them, which is what the fast path takes */
		memcpy(b0, counter, 13);
		b0[0] = 2 | 7 << 3 | 0x40;
		memset(counter + 13, 0, 3);
		memset(b0 + 13, 0, 3);
		counter[15] = 1;
		b0[15] = LEN;
		op.a_len = shape == CHAIN ? aad + LEN : aad;
		op.c_off = (uint16_t)aad;
		op.src_type = 1;
		op.src = rig_sgl(rig, RIG_SGL, RIG_BASE + RIG_SRC, aad + LEN,
				(const uint32_t[]){ aad }, 1);
		sgl_set_entry(rig, RIG_SGL, 0, SPLIT_IOVA + EDGE_PAGE - aad, aad);
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(rig, 3);
	}
	return WDT_PASS;
}

static int
edges(struct rig *rig)
{
	uint8_t *src = edge_map(rig, SPLIT_IOVA), *dst = edge_map(rig, 2 * SPLIT_IOVA);
	uint8_t *iv = edge_map(rig, 3 * SPLIT_IOVA);
	/* c_alg, c_mode, key code, a_alg, with associated data */
	static const uint8_t kinds[][5] = {
		{ 2, 0, 0, 0, 0 },
		{ 2, 1, 0, 0, 0 },
		{ 2, 1, 2, 0, 0 },
		{ 2, 4, 0, 0, 0 },
		{ 2, 4, 1, 0, 0 },
		{ 2, 4, 2, 0, 0 },
		{ 2, 7, 0, 0, 0 },
		{ 2, 6, 0, 0, 0 },
		{ 2, 6, 1, 0, 0 },
		{ 2, 6, 2, 0, 1 },
		{ 2, 5, 0, 0, 1 },
		{ 1, 1, 1, 0, 0 },
		{ 0, 1, 1, 0, 0 },
		{ 3, 1, 0, 0, 0 },
		{ 2, 1, 0, 0x10, 0 },
		{ 2, 1, 0, 0x11, 1 },
		{ 2, 1, 0, 0x15, 1 },
		{ 2, 4, 0, 0x11, 1 },
	};
	static const uint8_t macs[] = { 0, 1, 2, 3, 4, 5, 6, 7, 0x25, 0x10, 0x11, 0x12, 0x13, 0x14,
		0x15, 0x26, 0x20, 0x21, 0x22 };

	WDT_CHECK(src != NULL && dst != NULL && iv != NULL);
	for (size_t i = 0; i < 8 * NB(kinds); i++) {
		const uint8_t *k = kinds[i / 8];
		struct sec_op op = shape_op(rig, CCM);

		if (rig->version == 2 && k[1] == 4)
			continue;
		op.c_icv_len = k[1] == 5 || k[1] == 6 ? 16 : 0;
		op.cipher = i & 1 ? 2 : 1;
		op.de = !(i & 4);
		op.c_alg = k[0];
		op.c_mode = k[1];
		op.c_key_code = k[2];
		op.auth = k[3] != 0;
		op.a_alg = k[3];
		op.a_key_words = 5;
		op.mac_words = 5;
		op.c_off = k[4] ? AAD : 0;
		op.a_len = k[4] && op.auth == 0 ? AAD : 0;
		edge_iv(rig, iv + EDGE_PAGE, &op);
		WDT_CHECK_EQ(edge_batch(rig, &op, 16, i & 2), WDT_PASS);
	}
	for (size_t i = 0; i < 4 * NB(macs); i++) {
		struct sec_op op = shape_op(rig, HMAC);

		if (rig->version == 2 && (macs[i / 4] & ~3U) == 0x20 && macs[i / 4] < 0x23)
			continue;
		op.a_alg = macs[i / 4];
		op.a_key_words = 4;
		op.mac_words = 3;
		op.ai_gen = op.a_alg == 0x22;
		WDT_CHECK_EQ(edge_batch(rig, &op, i & 1 ? 1 : 65, i & 2), WDT_PASS);
	}
	WDT_CHECK_EQ(aad_edges(rig, GCM), WDT_PASS);
	WDT_CHECK_EQ(aad_edges(rig, CCM), WDT_PASS);
	WDT_CHECK_EQ(aad_edges(rig, CHAIN), WDT_PASS);
	WDT_CHECK_EQ(munmap(src, 3 * EDGE_PAGE) | munmap(dst, 3 * EDGE_PAGE) |
					munmap(iv, 3 * EDGE_PAGE),
			0);
	return WDT_PASS;
}

WDT_TEST(sec_page_edges)
{
	return rig_each(edges);
}
