/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The SEC engine against an oracle: random keys and data, chosen lengths. */

#include <stdlib.h>

#include "test_model_sec.h"
#include "test_model_sec_oracle.h"

#define NB(a) (sizeof(a) / sizeof((a)[0]))
#define BIG 65536U

static uint8_t want[BIG + 16];

struct alg {
	uint8_t alg, key_code, key_len;
	uint16_t modes[2]; /* by version */
};

static const struct alg algs[] = {
	{ 0, 1, 8, { 0x003, 0x003 } },
	{ 1, 1, 24, { 0x003, 0x003 } },
	{ 1, 3, 16, { 0x003, 0x003 } },
	{ 2, 0, 16, { 0x083, 0x29f } },
	{ 2, 1, 24, { 0x003, 0x21f } },
	{ 2, 2, 32, { 0x083, 0x29f } },
	{ 3, 0, 16, { 0x083, 0x29f } },
};

static bool
length_legal(uint8_t alg, uint8_t mode, uint32_t len)
{
	const uint32_t block = alg < 2 ? 8 : 16;

	switch (mode) {
	case 0:
	case 1:
		return len > 0 && len % block == 0;
	case 7:
		return len >= 16;
	case 9:
		return len > 16;
	default:
		return len > 0;
	}
}

static struct sec_op
cipher_op(const struct alg *a, uint8_t mode, uint8_t variant, uint32_t len)
{
	struct sec_op op = sec_op_default();

	op.c_alg = a->alg;
	op.c_mode = mode;
	op.c_key_code = a->key_code;
	op.c_width = mode == 9 ? variant : 0;
	op.ctr_mode = mode == 4 || mode == 7 ? variant : 0;
	op.c_len = len;
	return op;
}

static int
cipher_one(struct rig *rig, const struct alg *a, uint8_t mode, uint8_t variant, uint32_t len)
{
	struct sec_op op = cipher_op(a, mode, variant, len);
	uint8_t *src = rig_at(rig, RIG_SRC), *dst = rig_at(rig, RIG_DST);
	uint8_t *key = rig_at(rig, RIG_C_KEY), *iv = rig_at(rig, RIG_C_IV);
	const struct oracle_cipher c = { a->alg, mode, variant, op.ctr_mode, key,
		mode == 7 ? 2U * a->key_len : a->key_len, iv };

	wdt_random_bytes(key, 64);
	wdt_random_bytes(iv, 16);
	wdt_random_bytes(src, len);
	if (wdt_random() % 4 == 0)
		memset(iv + 12, 0xff, 4); /* the counter runs over at once */
	memset(dst, 0x77, len + 1);
	op.cipher = 1;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	if (!length_legal(a->alg, mode, len)) {
		RIG_CHECK_ERROR(rig);
		WDT_CHECK_EQ(dst[0], 0x77);
		return WDT_PASS;
	}
	RIG_CHECK_GOOD(rig, 2);
	oracle_cipher(&c, true, src, want, len);
	WDT_CHECK_MEM(dst, want, len);
	WDT_CHECK_EQ(dst[len], 0x77);
	/* and back, in place */
	memcpy(want, src, len);
	op.cipher = 2;
	op.src = op.dst;
	op.de = 0;
	op.dst = RIG_NOWHERE;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 2);
	WDT_CHECK_MEM(dst, want, len);
	return WDT_PASS;
}

static int
cipher_lengths(struct rig *rig, const struct alg *a, uint8_t mode, uint8_t variant)
{
	static const uint32_t lens[] = { 0, 1, 7, 8, 15, 16, 17, 24, 31, 32, 33, 47, 48, 63, 64, 65,
		96, 255, 256, 1000, 1023, 1024, 1040, 4096, BIG - 16, BIG };

	for (size_t i = 0; i < NB(lens); i++) {
		/* what the oracle does block by block takes its time */
		if (lens[i] > 4096 && (a->alg == 3 || (mode == 4 && variant == 0)))
			continue;
		if (cipher_one(rig, a, mode, variant, lens[i]) == WDT_PASS)
			continue;
		printf("# algorithm %u, mode %u, variant %u, key %u, length %u\n", a->alg, mode,
				variant, a->key_len, lens[i]);
		return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
ciphers(struct rig *rig)
{
	static const uint8_t variants[10][4] = {
		[0] = { 1 },
		[1] = { 1 },
		[2] = { 1 },
		[3] = { 1 },
		[4] = { 2, 0, 2 },
		[7] = { 2, 0, 1 },
		[9] = { 3, 1, 2, 3 },
	};

	for (size_t i = 0; i < NB(algs); i++) {
		for (uint8_t mode = 0; mode < 10; mode++) {
			if ((algs[i].modes[rig->version - 2] >> mode & 1) == 0)
				continue;
			for (unsigned int v = 1; v <= variants[mode][0]; v++) {
				if (rig->version == 2 && v > 1)
					continue; /* BD2 has no field for it */
				if (cipher_lengths(rig, &algs[i], mode, variants[mode][v]) !=
						WDT_PASS)
					return WDT_FAIL;
			}
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_random_ciphers)
{
	return rig_each(ciphers);
}

/* Every pair of algorithm and mode, also those the version does not have. */
static int
unsupported(struct rig *rig)
{
	for (uint8_t alg = 0; alg < 16; alg++) {
		for (uint8_t mode = 0; mode < 16; mode++) {
			struct sec_op op = sec_op_default();
			bool has = false, aead = mode == 5 || mode == 6;

			for (size_t i = 0; i < NB(algs); i++)
				has |= algs[i].alg == alg &&
						(algs[i].modes[rig->version - 2] >> mode & 1);
			has |= aead && (alg == 2 || (alg == 3 && rig->version == 3));
			op.cipher = 1;
			op.c_alg = alg;
			op.c_mode = mode;
			op.c_key_code = alg < 2 ? 1 : 0;
			op.c_width = 1;
			op.c_len = 32;
			op.c_icv_len = aead ? 16 : 0;
			memset(rig_at(rig, RIG_C_IV), 2, 16);
			memset(rig_at(rig, RIG_DST), 0x77, 64);
			WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
			if (has) {
				WDT_CHECK_EQ(rig->error_type, 0);
				continue;
			}
			RIG_CHECK_ERROR(rig);
			for (unsigned int i = 0; i < 64; i++)
				WDT_CHECK_EQ(rig_at(rig, RIG_DST)[i], 0x77);
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_unsupported_modes)
{
	return rig_each(unsupported);
}

/* Hashes and MACs */

static const uint8_t mac_algs[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x25, 0x10,
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x26, 0x20, 0x21, 0x22 };

static bool
is_big(uint8_t a_alg)
{
	return a_alg < 0x20 && (a_alg & 7) >= 4;
}

static unsigned int
random_key_len(uint8_t a_alg)
{
	if (a_alg == 0x22)
		return 16 + 8 * (unsigned int)(wdt_random() % 3);
	if (a_alg == 0x20 || a_alg == 0x21)
		return 16;
	if (a_alg == 0x25 || a_alg < 0x10)
		return 0;
	return 4 + 4 * (unsigned int)(wdt_random() % (is_big(a_alg) ? 32 : 16));
}

static int
mac_one(struct rig *rig, uint8_t a_alg, uint32_t len)
{
	struct sec_op op = sec_op_default();
	uint8_t *src = rig_at(rig, RIG_SRC), *mac = rig_at(rig, RIG_MAC);
	const unsigned int key_len = random_key_len(a_alg);
	const bool aes = a_alg >= 0x20 && a_alg <= 0x22;
	const bool legal = rig->version == 2 ? !aes && len > 0 : len > 0 || (a_alg & ~1U) != 0x20;
	uint8_t full[64];
	unsigned int n;

	wdt_random_bytes(rig_at(rig, RIG_A_KEY), 128);
	wdt_random_bytes(rig_at(rig, RIG_A_IV), 16);
	wdt_random_bytes(src, len);
	n = oracle_mac(a_alg, rig_at(rig, RIG_A_KEY), key_len, rig_at(rig, RIG_A_IV), src, len,
			full);
	op.auth = 1;
	op.de = 0;
	op.dst = RIG_NOWHERE;
	op.a_alg = a_alg;
	op.a_len = len;
	op.a_key_words = (uint8_t)(key_len / 4);
	op.mac_words = (uint8_t)(1 + wdt_random() % (n / 4));
	op.ai_gen = a_alg == 0x22;
	memset(mac, 0x66, 80);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	if (!legal) {
		RIG_CHECK_ERROR(rig);
		WDT_CHECK_EQ(mac[0], 0x66);
		return WDT_PASS;
	}
	RIG_CHECK_GOOD(rig, 1);
	WDT_CHECK_MEM(mac, full, 4U * op.mac_words);
	WDT_CHECK_EQ(mac[4 * op.mac_words], 0x66);
	return WDT_PASS;
}

static int
macs(struct rig *rig)
{
	static const uint32_t lens[] = { 0, 1, 3, 15, 16, 17, 31, 32, 33, 55, 56, 63, 64, 65, 111,
		112, 119, 127, 128, 129, 1000, 1024, 4095, BIG - 16, BIG };

	for (size_t i = 0; i < NB(mac_algs); i++) {
		for (size_t j = 0; j < NB(lens); j++) {
			if (lens[j] > 4096 && mac_algs[i] == 0x20)
				continue;
			if (mac_one(rig, mac_algs[i], lens[j]) == WDT_PASS)
				continue;
			printf("# algorithm 0x%02x, length %u\n", mac_algs[i], lens[j]);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_random_macs)
{
	return rig_each(macs);
}

/* AEAD */

struct aead_case {
	uint8_t alg, mode, key_code, nonce_len, tag_len;
	uint32_t aad, len;
};

static void
aead_prepare(struct rig *rig, const struct aead_case *t, struct sec_op *op, uint8_t *nonce)
{
	uint8_t *c_iv = rig_at(rig, RIG_C_IV), *b0 = rig_at(rig, RIG_A_IV);

	*op = sec_op_default();
	op->c_alg = t->alg;
	op->c_mode = t->mode;
	op->c_key_code = t->key_code;
	op->c_icv_len = t->tag_len;
	op->a_len = t->aad;
	op->c_len = t->len;
	op->c_off = (uint16_t)t->aad;
	wdt_random_bytes(rig_at(rig, RIG_C_KEY), 32);
	wdt_random_bytes(nonce, 16);
	memset(c_iv, 0, 16);
	memset(b0, 0, 16);
	if (t->mode == 6) {
		memcpy(c_iv, nonce, 12);
		return;
	}
	c_iv[0] = (uint8_t)(14 - t->nonce_len);
	memcpy(c_iv + 1, nonce, t->nonce_len);
	c_iv[15] = 1;
	b0[0] = (uint8_t)(c_iv[0] + ((t->tag_len - 2) / 2 << 3) + (t->aad > 0 ? 0x40 : 0));
	memcpy(b0 + 1, nonce, t->nonce_len);
	for (unsigned int i = 0; i < 15U - t->nonce_len && i < 4; i++)
		b0[15 - i] = (uint8_t)(t->len >> 8 * i);
}

static int
aead_one(struct rig *rig, const struct aead_case *t)
{
	uint8_t *src = rig_at(rig, RIG_SRC), *dst = rig_at(rig, RIG_DST),
		*mac = rig_at(rig, RIG_MAC);
	uint8_t nonce[16], tag[16];
	const struct oracle_cipher c = { .alg = t->alg,
		.mode = t->mode,
		.key = rig_at(rig, RIG_C_KEY),
		.key_len = 16U + 8U * t->key_code,
		.iv = nonce };
	struct sec_op op;

	aead_prepare(rig, t, &op, nonce);
	wdt_random_bytes(src, t->aad + t->len);
	memset(dst, 0x77, t->aad + t->len + 1);
	memset(mac, 0x66, 32);
	op.cipher = 1;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	if (t->len == 0 && (rig->version == 2 || t->aad == 0)) {
		RIG_CHECK_ERROR(rig);
		return WDT_PASS;
	}
	RIG_CHECK_GOOD(rig, 3);
	oracle_aead(&c, t->nonce_len, src, t->aad, src + t->aad, want, t->len, tag, t->tag_len);
	WDT_CHECK_MEM(dst + t->aad, want, t->len);
	WDT_CHECK_MEM(mac, tag, t->tag_len);
	WDT_CHECK_EQ(mac[t->tag_len], 0x66);
	WDT_CHECK_EQ(dst[t->aad + t->len], 0x77);
	for (uint32_t i = 0; i < t->aad; i++)
		WDT_CHECK_EQ(dst[i], 0x77);
	/* and back, in place */
	memcpy(want, src + t->aad, t->len);
	memcpy(src + t->aad, dst + t->aad, t->len);
	op.cipher = 2;
	op.seq = 1;
	op.de = 0;
	op.dst = RIG_NOWHERE;
	mac[t->tag_len - 1] ^= 4;
	memcpy(dst, src, t->aad + t->len);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->icv, 2);
	WDT_CHECK_MEM(src, dst, t->aad + t->len);
	mac[t->tag_len - 1] ^= 4;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 3);
	WDT_CHECK_MEM(src + t->aad, want, t->len);
	return WDT_PASS;
}

static int
aeads(struct rig *rig)
{
	static const uint32_t aads[] = { 0, 1, 13, 16, 20, 46, 47, 300, 65535 };
	static const uint32_t lens[] = { 0, 1, 15, 16, 17, 64, 1000, BIG - 1 };

	for (unsigned int i = 0; i < 2 * 4 * NB(aads) * NB(lens); i++) {
		struct aead_case t = {
			.mode = i % 2 ? 6 : 5,
			.alg = i / 2 % 4 == 3 ? 3 : 2,
			.key_code = i / 2 % 4 % 3,
			.aad = aads[i / 8 % NB(aads)],
			.len = lens[i / 8 / NB(aads)],
			.nonce_len = 12,
			.tag_len = 16,
		};

		if (rig->version == 2 && t.alg == 3)
			continue;
		if (t.alg == 3 && t.aad + t.len > 2000)
			continue; /* the oracle is slow */
		if (t.mode == 5) {
			if (t.aad > 65279)
				t.aad = 65279;
			t.nonce_len = (uint8_t)(t.len > 65535 ? 12 : 7 + wdt_random() % 7);
			t.tag_len = (uint8_t)(4 + 2 * (wdt_random() % 7));
		} else {
			t.tag_len = (uint8_t)(4 + wdt_random() % 13);
		}
		if (aead_one(rig, &t) == WDT_PASS)
			continue;
		printf("# algorithm %u, mode %u, key %u, nonce %u, aad %u, length %u, tag %u\n",
				t.alg, t.mode, t.key_code, t.nonce_len, t.aad, t.len, t.tag_len);
		return WDT_FAIL;
	}
	return WDT_PASS;
}

WDT_TEST(sec_random_aeads)
{
	return rig_each(aeads);
}

/* The blocks of CCM are taken as they come: a B0 that says something else, a later counter. */
static int
ccm_odd_blocks(struct rig *rig)
{
	for (unsigned int i = 0; i < 5; i++) {
		const struct aead_case t = { .alg = 2,
			.mode = 5,
			.key_code = 2,
			.nonce_len = 11,
			.tag_len = 8,
			.aad = i == 4 ? 0 : 20,
			.len = 100 };
		uint8_t *src = rig_at(rig, RIG_SRC), *b0 = rig_at(rig, RIG_A_IV);
		uint8_t *counter = rig_at(rig, RIG_C_IV), nonce[16], tag[16];
		const struct oracle_cipher c = {
			.alg = 2, .key = rig_at(rig, RIG_C_KEY), .key_len = 32
		};
		struct sec_op op;

		aead_prepare(rig, &t, &op, nonce);
		wdt_random_bytes(src, 120);
		if (i == 1)
			b0[15]++; /* length */
		else if (i == 2)
			b0[3] ^= 1; /* nonce */
		else if (i == 3)
			counter[15] = 2;
		else if (i == 4)
			b0[0] ^= 0x40; /* announces associated data */
		op.cipher = 1;
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(rig, 3);
		oracle_ccm_blocks(&c, b0, counter, src, t.aad, src + t.aad, want, t.len, tag, 8);
		WDT_CHECK_MEM(rig_at(rig, RIG_DST) + t.aad, want, t.len);
		WDT_CHECK_MEM(rig_at(rig, RIG_MAC), tag, 8);
	}
	return WDT_PASS;
}

WDT_TEST(sec_ccm_odd_blocks)
{
	return rig_each(ccm_odd_blocks);
}

/* One byte more of associated data, or of payload for the length field, than there may be. */
static int
aead_limits(struct rig *rig)
{
	static const struct {
		uint8_t mode, nonce_len;
		uint32_t aad, len;
		bool good;
	} cases[] = {
		{ 6, 12, 65535, 16, true },
		{ 6, 12, 65536, 16, false },
		{ 5, 12, 65279, 16, true },
		{ 5, 12, 65280, 16, false },
		{ 5, 13, 16, 65535, true },
		{ 5, 13, 16, 65536, false },
		{ 5, 12, 16, 65536, true },
	};

	for (size_t i = 0; i < NB(cases); i++) {
		const struct aead_case t = { .alg = 2,
			.mode = cases[i].mode,
			.tag_len = 16,
			.nonce_len = cases[i].nonce_len,
			.aad = cases[i].aad,
			.len = cases[i].len };
		uint8_t nonce[16];
		struct sec_op op;

		aead_prepare(rig, &t, &op, nonce);
		op.c_off = 0;
		op.cipher = 1;
		memset(rig_at(rig, RIG_MAC), 0x66, 16);
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		WDT_CHECK_EQ(rig->error_type == 0, cases[i].good);
		WDT_CHECK_EQ(rig_at(rig, RIG_MAC)[0] == 0x66 && rig_at(rig, RIG_MAC)[1] == 0x66,
				!cases[i].good);
	}
	return WDT_PASS;
}

WDT_TEST(sec_aead_limits)
{
	return rig_each(aead_limits);
}
