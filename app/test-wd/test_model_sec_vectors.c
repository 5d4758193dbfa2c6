/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The SEC engine against published known answers. */

#include "test_model_sec.h"
#include "vectors/sec_aead.h"
#include "vectors/sec_cipher.h"
#include "vectors/sec_hash.h"

#define NB(a) (sizeof(a) / sizeof((a)[0]))

/* What Kunpeng 920 has of [alg][mode]; the later one has all of the vectors. */
static bool
v2_has(uint8_t alg, uint8_t mode)
{
	static const uint16_t modes[4] = { 0x03, 0x03, 0x83 | 0x60, 0x83 };

	return modes[alg] >> mode & 1;
}

static int
check_cipher(struct rig *rig, const struct sec_cipher_vector *v, bool encrypt, bool in_place)
{
	struct sec_op op = sec_op_default();
	uint8_t want[128];
	const int len = wdt_hex(encrypt ? v->cipher : v->plain, want, sizeof(want));

	WDT_CHECK(len > 0);
	op.cipher = encrypt ? 1 : 2;
	op.de = !in_place;
	op.c_alg = v->alg;
	op.c_mode = v->mode;
	op.c_width = v->width;
	op.c_key_code = v->key_code;
	op.ctr_mode = v->ctr_mode;
	op.c_len = (uint32_t)len;
	WDT_CHECK(wdt_hex(v->key, rig_at(rig, RIG_C_KEY), 64) > 0);
	WDT_CHECK(wdt_hex(v->iv, rig_at(rig, RIG_C_IV), 16) >= 0);
	WDT_CHECK_EQ(wdt_hex(encrypt ? v->plain : v->cipher, rig_at(rig, RIG_SRC), 128), len);
	memset(rig_at(rig, RIG_DST), 0x77, 128);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	if (rig->version == 2 && (!v2_has(v->alg, v->mode) || (v->mode == 7 && v->ctr_mode == 1))) {
		/* BD2 has no field for the GB variant */
		if (v2_has(v->alg, v->mode))
			return WDT_PASS;
		RIG_CHECK_ERROR(rig);
		WDT_CHECK_EQ(rig_at(rig, RIG_DST)[0], 0x77);
		return WDT_PASS;
	}
	RIG_CHECK_GOOD(rig, 2);
	WDT_CHECK_MEM(rig_at(rig, in_place ? RIG_SRC : RIG_DST), want, (size_t)len);
	WDT_CHECK_EQ(rig_at(rig, RIG_DST)[in_place ? 0 : len], 0x77);
	return WDT_PASS;
}

static int
ciphers(struct rig *rig)
{
	for (size_t i = 0; i < NB(sec_cipher_vectors); i++) {
		for (unsigned int how = 0; how < 4; how++) {
			if (check_cipher(rig, &sec_cipher_vectors[i], how & 1, how & 2) == WDT_PASS)
				continue;
			printf("# %s, %s %s\n", sec_cipher_vectors[i].source,
					how & 1 ? "encrypt" : "decrypt",
					how & 2 ? "in place" : "apart");
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_vectors_ciphers)
{
	return rig_each(ciphers);
}

static int
check_hash(struct rig *rig, const struct sec_hash_vector *v, unsigned int words, bool verify)
{
	struct sec_op op = sec_op_default();
	uint8_t want[64];
	const int full = wdt_hex(v->mac, want, sizeof(want));
	const int key_len = wdt_hex(v->key, rig_at(rig, RIG_A_KEY), 128);
	const int len = wdt_hex(v->msg, rig_at(rig, RIG_SRC), 256);
	const bool aes = v->alg >= 0x20 && v->alg <= 0x22;
	uint8_t *mac = rig_at(rig, RIG_MAC);

	WDT_CHECK(full > 0 && key_len >= 0 && len >= 0);
	op.de = 0;
	op.auth = verify ? 2 : 1;
	op.a_alg = v->alg;
	op.a_len = (uint32_t)len;
	op.mac_words = words == 0 ? (uint8_t)(full / 4) : (uint8_t)words;
	op.a_key_words = (uint8_t)(key_len / 4);
	if (wdt_hex(v->iv, rig_at(rig, RIG_A_IV), 16) > 0)
		op.ai_gen = 1;
	memset(mac, 0x66, 80);
	if (verify)
		memcpy(mac, want, 4U * op.mac_words);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	if (rig->version == 2 && aes) {
		RIG_CHECK_ERROR(rig);
		return WDT_PASS;
	}
	RIG_CHECK_GOOD(rig, 1);
	WDT_CHECK_MEM(mac, want, 4U * op.mac_words);
	WDT_CHECK_EQ(mac[4 * op.mac_words], 0x66);
	if (!verify)
		return WDT_PASS;
	mac[4 * op.mac_words - 1] ^= 0x80;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->done, 1);
	WDT_CHECK_EQ(rig->icv, 2);
	WDT_CHECK_EQ(rig->error_type, 0);
	WDT_CHECK(rig->task_error);
	return WDT_PASS;
}

static int
hashes(struct rig *rig)
{
	for (size_t i = 0; i < NB(sec_hash_vectors); i++) {
		for (unsigned int how = 0; how < 4; how++) {
			if (check_hash(rig, &sec_hash_vectors[i], how & 1 ? 3 : 0, how & 2) ==
					WDT_PASS)
				continue;
			printf("# %s, algorithm 0x%02x, %s\n", sec_hash_vectors[i].source,
					sec_hash_vectors[i].alg, how & 2 ? "verify" : "generate");
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_vectors_hashes)
{
	return rig_each(hashes);
}

/* B0 and the first counter block, SP 800-38C appendix A */
static void
ccm_blocks(uint8_t *b0, uint8_t *ctr, const uint8_t *nonce, unsigned int nonce_len, bool aad,
		unsigned int tag_len, uint32_t payload)
{
	memset(b0, 0, 16);
	memset(ctr, 0, 16);
	ctr[0] = (uint8_t)(14 - nonce_len);
	b0[0] = (uint8_t)(ctr[0] | (tag_len - 2) / 2 << 3 | (aad ? 0x40 : 0));
	memcpy(b0 + 1, nonce, nonce_len);
	memcpy(ctr + 1, nonce, nonce_len);
	ctr[15] = 1;
	for (unsigned int i = 0; i < 15 - nonce_len && i < 4; i++)
		b0[15 - i] = (uint8_t)(payload >> 8 * i);
}

static int
check_aead(struct rig *rig, const struct sec_aead_vector *v, bool encrypt)
{
	struct sec_op op = sec_op_default();
	uint8_t want[128], tag[16], nonce[16];
	const int tag_len = wdt_hex(v->tag, tag, sizeof(tag));
	const int aad = wdt_hex(v->aad, rig_at(rig, RIG_SRC), 64);
	const int len = wdt_hex(encrypt ? v->plain : v->cipher, rig_at(rig, RIG_SRC) + aad, 128);
	const int nonce_len = wdt_hex(v->nonce, nonce, sizeof(nonce));
	uint8_t *mac = rig_at(rig, RIG_MAC), *dst = rig_at(rig, RIG_DST);

	WDT_CHECK(tag_len > 0 && aad >= 0 && nonce_len > 0);
	WDT_CHECK_EQ(wdt_hex(encrypt ? v->cipher : v->plain, want, sizeof(want)), len);
	WDT_CHECK(wdt_hex(v->key, rig_at(rig, RIG_C_KEY), 32) > 0);
	op.cipher = encrypt ? 1 : 2;
	op.seq = !encrypt;
	op.c_alg = v->alg;
	op.c_mode = v->mode;
	op.c_key_code = v->key_code;
	op.c_icv_len = (uint8_t)tag_len;
	op.a_len = (uint32_t)aad;
	op.c_off = (uint16_t)aad;
	op.c_len = (uint32_t)len;
	if (v->mode == 5) {
		ccm_blocks(rig_at(rig, RIG_A_IV), rig_at(rig, RIG_C_IV), nonce,
				(unsigned int)nonce_len, aad > 0, (unsigned int)tag_len, op.c_len);
	} else {
		/* hardware forms the counter itself */
		memset(rig_at(rig, RIG_C_IV), 0xee, 16);
		memcpy(rig_at(rig, RIG_C_IV), nonce, 12);
	}
	memset(mac, 0x66, 32);
	memset(dst, 0x77, 256);
	if (!encrypt)
		memcpy(mac, tag, (size_t)tag_len);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	if (rig->version == 2 && v->alg == 3) {
		RIG_CHECK_ERROR(rig);
		return WDT_PASS;
	}
	RIG_CHECK_GOOD(rig, 3);
	WDT_CHECK_MEM(dst + aad, want, (size_t)len);
	WDT_CHECK_MEM(mac, tag, (size_t)tag_len);
	WDT_CHECK_EQ(mac[tag_len], 0x66);
	WDT_CHECK_EQ(dst[aad + len], 0x77);
	if (aad > 0)
		WDT_CHECK_EQ(dst[aad - 1], 0x77);
	if (encrypt)
		return WDT_PASS;
	mac[0] ^= 1;
	memset(dst, 0x77, 256);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	WDT_CHECK_EQ(rig->done, 1);
	WDT_CHECK_EQ(rig->icv, 2);
	for (unsigned int i = 0; i < 256; i++)
		WDT_CHECK_EQ(dst[i], 0x77);
	return WDT_PASS;
}

static int
aeads(struct rig *rig)
{
	for (size_t i = 0; i < NB(sec_aead_vectors); i++) {
		for (unsigned int encrypt = 0; encrypt < 2; encrypt++) {
			if (check_aead(rig, &sec_aead_vectors[i], encrypt) == WDT_PASS)
				continue;
			printf("# %s, %s\n", sec_aead_vectors[i].source,
					encrypt ? "encrypt" : "decrypt");
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_vectors_aeads)
{
	return rig_each(aeads);
}
