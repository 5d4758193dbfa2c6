/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Cipher and HMAC in one descriptor; messages in several descriptors. */

#include <stdlib.h>

#include "test_model_sec.h"
#include "test_model_sec_oracle.h"

#define NB(a) (sizeof(a) / sizeof((a)[0]))
#define MSG 4096U

struct layout {
	uint32_t a_off, a_len, c_off, c_len;
};

/* lengths of CBC are multiples of 16 */
static const struct layout layouts[] = {
	{ 0, 64, 0, 64 }, /* the same range */
	{ 0, 80, 16, 64 }, /* associated data before */
	{ 0, 77, 13, 64 },
	{ 13, 64, 13, 64 },
	{ 0, 100, 16, 64 }, /* and after */
	{ 20, 200, 33, 160 },
	{ 0, 20, 0, 64 }, /* only the beginning is authenticated */
	{ 40, 24, 0, 64 }, /* only the end */
	{ 10, 20, 0, 64 }, /* only the middle */
	{ 0, 48, 32, 64 }, /* overlap at the beginning of the ciphered range */
	{ 50, 100, 0, 64 }, /* and at its end */
	{ 0, 32, 32, 64 }, /* touching */
	{ 64, 32, 0, 64 },
	{ 200, 50, 0, 64 }, /* apart */
	{ 0, 50, 200, 64 },
	{ 0, 1040, 16, 1024 },
	{ 0, 3000, 100, 2048 },
};

struct chain {
	uint8_t c_alg, c_mode, key_code, key_len, a_alg, mac_words, seq;
	bool encrypt, verify, in_place;
};

/* What output and tag have to be. */
static void
expect(struct rig *rig, const struct chain *t, const struct layout *l, uint8_t *out,
		uint8_t mac[64])
{
	static uint8_t image[MSG];
	const struct oracle_cipher c = { t->c_alg, t->c_mode, 1, 2, rig_at(rig, RIG_C_KEY),
		t->key_len, rig_at(rig, RIG_C_IV) };

	memcpy(image, rig_at(rig, RIG_SRC), MSG);
	oracle_cipher(&c, t->encrypt, image + l->c_off, out, l->c_len);
	if (t->seq == 0)
		memcpy(image + l->c_off, out, l->c_len);
	oracle_mac(t->a_alg, rig_at(rig, RIG_A_KEY), 20, NULL, image + l->a_off, l->a_len, mac);
}

static struct sec_op
chain_op(const struct chain *t, const struct layout *l)
{
	struct sec_op op = sec_op_default();

	op.cipher = t->encrypt ? 1 : 2;
	op.auth = t->verify ? 2 : 1;
	op.seq = t->seq;
	op.de = !t->in_place;
	op.c_alg = t->c_alg;
	op.c_mode = t->c_mode;
	op.c_key_code = t->key_code;
	op.c_width = t->c_mode == 9;
	op.ctr_mode = 2;
	op.a_alg = t->a_alg;
	op.a_key_words = 5;
	op.mac_words = t->mac_words;
	op.a_off = (uint16_t)l->a_off;
	op.a_len = l->a_len;
	op.c_off = (uint16_t)l->c_off;
	op.c_len = l->c_len;
	return op;
}

static int
chain_one(struct rig *rig, const struct chain *t, const struct layout *l)
{
	static uint8_t out[MSG], before[MSG];
	uint8_t *src = rig_at(rig, RIG_SRC), *mac = rig_at(rig, RIG_MAC);
	uint8_t *dst = t->in_place ? src : rig_at(rig, RIG_DST);
	const struct sec_op op = chain_op(t, l);
	uint8_t want[64];

	wdt_random_bytes(src, MSG);
	wdt_random_bytes(rig_at(rig, RIG_DST), MSG);
	wdt_random_bytes(rig_at(rig, RIG_C_KEY), 64);
	wdt_random_bytes(rig_at(rig, RIG_A_KEY), 20);
	wdt_random_bytes(rig_at(rig, RIG_C_IV), 16);
	expect(rig, t, l, out, want);
	memcpy(before, dst, MSG);
	memset(mac, 0x66, 80);
	if (t->verify) {
		memcpy(mac, want, 4U * t->mac_words);
		mac[3] ^= 0x20;
		/* twice: one like it is known then */
		for (unsigned int i = 0; i < 2; i++) {
			WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
			WDT_CHECK_EQ(rig->error_type, 0);
			WDT_CHECK_EQ(rig->icv, 2);
			WDT_CHECK_MEM(dst, before, MSG);
		}
		mac[3] ^= 0x20;
	}
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 3);
	memcpy(before + l->c_off, out, l->c_len);
	WDT_CHECK_MEM(dst, before, MSG);
	WDT_CHECK_MEM(mac, want, 4U * t->mac_words);
	WDT_CHECK_EQ(mac[4 * t->mac_words], 0x66);
	return WDT_PASS;
}

static int
chain_layouts(struct rig *rig, const struct chain *proto)
{
	for (unsigned int how = 0; how < 16 * NB(layouts); how++) {
		struct chain t = *proto;

		t.seq = how & 1;
		t.encrypt = how & 2;
		t.verify = how & 4;
		t.in_place = how & 8;
		if (chain_one(rig, &t, &layouts[how / 16]) == WDT_PASS)
			continue;
		printf("# cipher %u mode %u, auth 0x%02x, layout %u, seq %u, %s, %s, %s\n", t.c_alg,
				t.c_mode, t.a_alg, how / 16, t.seq,
				t.encrypt ? "encrypt" : "decrypt", t.verify ? "verify" : "generate",
				t.in_place ? "in place" : "apart");
		return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
chains(struct rig *rig)
{
	static const struct chain both[] = {
		{ .c_alg = 2, .c_mode = 1, .key_len = 16, .a_alg = 0x10, .mac_words = 5 },
		{ .c_alg = 2, .c_mode = 1, .key_len = 16, .a_alg = 0x10, .mac_words = 3 },
		{ .c_alg = 2, .c_mode = 1, .key_len = 16, .a_alg = 0x11, .mac_words = 8 },
		{ .c_alg = 2, .c_mode = 1, .key_len = 16, .a_alg = 0x15, .mac_words = 16 },
	};
	static const struct chain later[] = {
		{ .c_alg = 3, .c_mode = 1, .key_len = 16, .a_alg = 0x26, .mac_words = 8 },
		{ .c_alg = 2, .c_mode = 4, .key_len = 16, .a_alg = 0x14, .mac_words = 6 },
		{ .c_alg = 2, .c_mode = 2, .key_len = 16, .a_alg = 0x13, .mac_words = 7 },
		{ .c_alg = 1,
				.c_mode = 1,
				.key_code = 1,
				.key_len = 24,
				.a_alg = 0x12,
				.mac_words = 4 },
		{ .c_alg = 2, .c_mode = 0, .key_len = 16, .a_alg = 0x17, .mac_words = 8 },
	};

	for (size_t i = 0; i < NB(both); i++)
		WDT_CHECK_EQ(chain_layouts(rig, &both[i]), WDT_PASS);
	for (size_t i = 0; i < NB(later) && rig->version == 3; i++)
		WDT_CHECK_EQ(chain_layouts(rig, &later[i]), WDT_PASS);
	return WDT_PASS;
}

WDT_TEST(sec_chain_layouts)
{
	return rig_each(chains);
}

static int
chain_unsupported(struct rig *rig)
{
	for (unsigned int a_alg = 0; a_alg < 64; a_alg++) {
		const struct chain t = { .c_alg = 2,
			.c_mode = 1,
			.key_len = 16,
			.a_alg = (uint8_t)a_alg,
			.mac_words = 4,
			.encrypt = true };
		const bool v2 = a_alg == 0x10 || a_alg == 0x11 || a_alg == 0x15;
		const bool v3 = (a_alg >= 0x10 && a_alg <= 0x17) || a_alg == 0x26;
		const struct sec_op op = chain_op(&t, &layouts[0]);

		memset(rig_at(rig, RIG_DST), 0x77, 64);
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		WDT_CHECK_EQ(rig->error_type == 0, rig->version == 2 ? v2 : v3);
		if (rig->error_type != 0)
			WDT_CHECK_EQ(rig_at(rig, RIG_DST)[0], 0x77);
	}
	return WDT_PASS;
}

WDT_TEST(sec_chain_unsupported)
{
	return rig_each(chain_unsupported);
}

/* Hashes in several descriptors */

static const uint8_t state_sizes[] = { 20, 32, 16, 32, 64, 64, 64, 64 };
static const uint8_t digest_sizes[] = { 20, 32, 16, 28, 48, 64, 28, 32 };

static int
stream_hash(struct rig *rig, uint8_t a_alg, const uint32_t *parts, unsigned int nb)
{
	const bool sm3 = a_alg == 0x25 || a_alg == 0x26,
		   hmac = a_alg == 0x26 || (a_alg & 0x30) == 0x10;
	const unsigned int state = sm3 ? 32 : state_sizes[a_alg & 7];
	const unsigned int digest = sm3 ? 32 : digest_sizes[a_alg & 7];
	uint8_t *src = rig_at(rig, RIG_SRC), *mac = rig_at(rig, RIG_MAC), want[64];
	struct sec_op op = sec_op_default();
	uint32_t done = 0;

	wdt_random_bytes(src, MSG);
	wdt_random_bytes(rig_at(rig, RIG_A_KEY), 64);
	memset(mac, 0x66, 80);
	op.scene = 7;
	op.auth = 1;
	op.de = 0;
	op.a_alg = a_alg;
	op.a_key_words = hmac ? 13 : 0;
	op.a_iv = op.mac;
	for (unsigned int i = 0; i < nb; i++) {
		const bool last = i == nb - 1;

		op.ai_gen = i > 0;
		op.no_pad = !last;
		/* neither start nor end: no key is needed */
		op.a_key = i > 0 && !last ? RIG_NOWHERE : RIG_BASE + RIG_A_KEY;
		op.mac_words = (uint8_t)(last || hmac || sm3 ? digest / 4 : i % 2);
		op.src = RIG_BASE + RIG_SRC + done;
		op.a_len = parts[i];
		done += parts[i];
		op.long_bits = last ? 8ULL * done : 0;
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(rig, 1);
		WDT_CHECK_EQ(mac[state], 0x66);
	}
	WDT_CHECK_EQ(oracle_mac(a_alg, rig_at(rig, RIG_A_KEY), hmac ? 52 : 0, NULL, src, done,
				     want),
			digest);
	WDT_CHECK_MEM(mac, want, digest);
	return WDT_PASS;
}

static int
stream_hashes(struct rig *rig)
{
	static const uint8_t list[] = { 0, 1, 2, 3, 4, 5, 6, 7, 0x25, 0x10, 0x11, 0x12, 0x13, 0x14,
		0x15, 0x16, 0x17, 0x26 };
	static const uint32_t parts[][4] = {
		{ 128, 0 },
		{ 128, 1 },
		{ 128, 128 },
		{ 256, 128, 100 },
		{ 128, 1024, 384, 0 },
		{ 1024, 128, 256, 999 },
	};
	static const unsigned int nbs[] = { 2, 2, 2, 3, 4, 4 };

	for (size_t i = 0; i < NB(list); i++) {
		for (size_t j = 0; j < NB(parts); j++) {
			if (stream_hash(rig, list[i], parts[j], nbs[j]) == WDT_PASS)
				continue;
			printf("# algorithm 0x%02x, message %zu\n", list[i], j);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_stream_hashes)
{
	return rig_each(stream_hashes);
}

static int
stream_bad(struct rig *rig)
{
	static const struct {
		uint8_t a_alg, ai_gen, auth;
		uint32_t a_len;
	} bad[] = {
		{ 0x01, 0, 1, 0 }, /* nothing to start with */
		{ 0x01, 0, 1, 65 }, /* not whole blocks */
		{ 0x01, 1, 1, 32 },
		{ 0x05, 0, 1, 64 },
		{ 0x05, 1, 1, 192 },
		{ 0x25, 0, 1, 100 },
		{ 0x01, 0, 2, 64 }, /* a state cannot be verified */
		{ 0x11, 0, 2, 64 },
		{ 0x20, 0, 1, 64 }, /* no streams of these */
		{ 0x21, 0, 1, 64 },
	};

	for (size_t i = 0; i < NB(bad); i++) {
		struct sec_op op = sec_op_default();

		op.auth = bad[i].auth;
		op.a_alg = bad[i].a_alg;
		op.ai_gen = bad[i].ai_gen;
		op.a_len = bad[i].a_len;
		op.a_key_words = 4;
		op.mac_words = 4;
		op.no_pad = 1;
		memset(rig_at(rig, RIG_MAC), 0x66, 80);
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_ERROR(rig);
		WDT_CHECK_EQ(rig_at(rig, RIG_MAC)[0], 0x66);
	}
	return WDT_PASS;
}

WDT_TEST(sec_stream_bad)
{
	return rig_each(stream_bad);
}

/* GCM in several descriptors: the running GHASH must end as the one-shot tag says. */

static void
one_shot(struct rig *rig, uint8_t tag[16], const uint8_t *aad, size_t aad_len, const uint8_t *in,
		uint8_t *out, size_t len, uint8_t alg, uint8_t key_code)
{
	const struct oracle_cipher c = { .alg = alg,
		.mode = 6,
		.key = rig_at(rig, RIG_C_KEY),
		.key_len = 16U + 8U * key_code,
		.iv = rig_at(rig, RIG_C_IV) };

	oracle_aead(&c, 12, aad, aad_len, in, out, len, tag, 16);
}

/* What is left to the driver: the length block and the encrypted first counter. */
static void
finish_in_software(struct rig *rig, const uint8_t state[16], size_t aad_len, size_t len,
		uint8_t alg, uint8_t key_code, uint8_t tag[16])
{
	const struct oracle_cipher ecb = {
		.alg = alg, .mode = 0, .key = rig_at(rig, RIG_C_KEY), .key_len = 16U + 8U * key_code
	};
	uint8_t h[16] = { 0 }, y[16], v[16], j[16] = { 0 };

	oracle_cipher(&ecb, true, h, h, 16);
	memcpy(y, state, 16);
	for (unsigned int i = 0; i < 4; i++) {
		y[7 - i] ^= (uint8_t)(8 * aad_len >> 8 * i);
		y[15 - i] ^= (uint8_t)(8 * len >> 8 * i);
	}
	/* one multiplication, SP 800-38D algorithm 1 */
	memcpy(v, h, 16);
	memset(tag, 0, 16);
	for (unsigned int i = 0; i < 128; i++) {
		const bool odd = v[15] & 1;

		for (unsigned int k = 0; k < 16 && (y[i / 8] >> (7 - i % 8) & 1); k++)
			tag[k] ^= v[k];
		for (unsigned int k = 15; k > 0; k--)
			v[k] = (uint8_t)(v[k] >> 1 | v[k - 1] << 7);
		v[0] = (uint8_t)(v[0] >> 1 ^ (odd ? 0xe1 : 0));
	}
	memcpy(j, rig_at(rig, RIG_C_IV), 12);
	j[15] = 1;
	oracle_cipher(&ecb, true, j, j, 16);
	for (unsigned int i = 0; i < 16; i++)
		tag[i] ^= j[i];
}

static int
stream_gcm_one(struct rig *rig, uint8_t alg, uint8_t key_code, uint32_t aad_len, bool encrypt)
{
	static const uint32_t parts[] = { 16, 256, 1024, 32 };
	static uint8_t plain[MSG], cipher[MSG];
	uint8_t *src = rig_at(rig, RIG_SRC), *dst = rig_at(rig, RIG_DST),
		*iv = rig_at(rig, RIG_C_IV);
	uint8_t tag[16], want[16];
	struct sec_op op = sec_op_default();
	uint32_t done = 0, counter = 1;

	wdt_random_bytes(rig_at(rig, RIG_C_KEY), 32);
	memcpy(rig_at(rig, RIG_A_KEY), rig_at(rig, RIG_C_KEY), 32);
	wdt_random_bytes(iv, 16);
	wdt_random_bytes(plain, MSG);
	wdt_random_bytes(src, aad_len);
	one_shot(rig, want, src, aad_len, plain, cipher, 1328, alg, key_code);
	memset(rig_at(rig, RIG_MAC), 0x66, 80);
	op.scene = 7;
	op.no_pad = 1;
	op.mac_sel = 1;
	if (aad_len > 0) {
		op.auth = 1;
		op.a_alg = 0x22;
		op.mac_words = 4;
		op.a_key_words = (uint8_t)(4 + 2 * key_code);
		op.a_len = aad_len;
		op.c_key = RIG_NOWHERE;
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(rig, 1);
	}
	memcpy(src, encrypt ? plain : cipher, MSG);
	op = sec_op_default();
	op.scene = 7;
	op.no_pad = 1;
	op.mac_sel = 1;
	op.cipher = encrypt ? 1 : 2;
	op.c_alg = alg;
	op.c_mode = 6;
	op.c_key_code = key_code;
	op.a_iv = op.mac;
	for (unsigned int i = 0; i < NB(parts); i++) {
		op.ai_gen = i > 0 || aad_len > 0;
		op.c_len = parts[i];
		op.src = RIG_BASE + RIG_SRC + done;
		op.dst = RIG_BASE + RIG_DST + done;
		for (unsigned int k = 0; k < 4; k++)
			iv[15 - k] = (uint8_t)(counter >> 8 * k);
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(rig, 3);
		done += parts[i];
		counter += parts[i] / 16;
	}
	WDT_CHECK_MEM(dst, encrypt ? cipher : plain, done);
	WDT_CHECK_EQ(rig_at(rig, RIG_MAC)[16], 0x66);
	finish_in_software(rig, rig_at(rig, RIG_MAC), aad_len, done, alg, key_code, tag);
	WDT_CHECK_MEM(tag, want, 16);
	return WDT_PASS;
}

static int
stream_gcm(struct rig *rig)
{
	for (unsigned int i = 0; i < 24; i++) {
		static const uint32_t aads[] = { 20, 0, 1000 };
		const uint8_t alg = i / 6 == 3 ? 3 : 2, key_code = i / 6 % 3;

		/* the hash key of the first descriptor is AES's */
		if (alg == 3 && (rig->version == 2 || aads[i % 3] > 0))
			continue;
		WDT_CHECK_EQ(stream_gcm_one(rig, alg, key_code, aads[i % 3], i & 1), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(sec_stream_gcm)
{
	return rig_each(stream_gcm);
}
