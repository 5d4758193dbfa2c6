/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include "test_model_sec_oracle.h"

static void
must(bool ok)
{
	if (ok)
		return;
	printf("Bail out! libcrypto refused\n");
	abort();
}

/* One call of EVP, key given each time. */
static void
evp(const char *name, bool encrypt, const uint8_t *key, const uint8_t *iv, const uint8_t *in,
		uint8_t *out, size_t len)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, rest;

	must(cipher != NULL && EVP_CipherInit_ex2(ctx, cipher, key, iv, encrypt, NULL) == 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	must(EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1);
	must(EVP_CipherFinal_ex(ctx, out + n, &rest) == 1 && (size_t)(n + rest) == len);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
}

static const char *
cipher_name(char name[32], uint8_t alg, unsigned int key_len, const char *mode)
{
	if (alg == 3)
		snprintf(name, 32, "SM4-%s", mode);
	else if (alg == 2)
		snprintf(name, 32, "AES-%u-%s", 8 * key_len, mode);
	else
		snprintf(name, 32, "DES-EDE3-%s", mode);
	return name;
}

static void
ecb_block(const struct oracle_cipher *c, const uint8_t *key, unsigned int key_len, bool encrypt,
		const uint8_t *in, uint8_t *out)
{
	char name[32];

	evp(cipher_name(name, c->alg, key_len, "ECB"), encrypt, key, NULL, in, out, 16);
}

/* One shift of a 128-bit number given as bytes, from bit to bit. */
static void
tweak_double(uint8_t t[16], bool gb)
{
	uint8_t r[16] = { 0 };

	for (unsigned int i = 0; i < 128; i++) {
		/* coefficient of x^i: lowest bit first, or with GB highest bit of a byte first */
		const unsigned int bit = t[i / 8] >> (gb ? 7 - i % 8 : i % 8) & 1;
		const unsigned int to[4] = { i + 1, 0, 1, 2 };

		if (bit == 0)
			continue;
		if (i < 127) {
			r[to[0] / 8] ^= (uint8_t)(1U << (gb ? 7 - to[0] % 8 : to[0] % 8));
			continue;
		}
		/* x^128 = x^7 + x^2 + x + 1 */
		for (unsigned int j = 0; j < 4; j++) {
			const unsigned int e = (const unsigned int[]){ 0, 1, 2, 7 }[j];

			r[e / 8] ^= (uint8_t)(1U << (gb ? 7 - e % 8 : e % 8));
		}
	}
	memcpy(t, r, 16);
}

static void
xts_block(const struct oracle_cipher *c, bool encrypt, const uint8_t *t, const uint8_t *in,
		uint8_t *out)
{
	uint8_t buf[16];

	for (unsigned int i = 0; i < 16; i++)
		buf[i] = in[i] ^ t[i];
	ecb_block(c, c->key, c->key_len / 2, encrypt, buf, buf);
	for (unsigned int i = 0; i < 16; i++)
		out[i] = buf[i] ^ t[i];
}

static void
xts(const struct oracle_cipher *c, bool encrypt, const uint8_t *in, uint8_t *out, size_t len)
{
	const bool gb = c->alg == 3 && c->ctr_mode == 1;
	const size_t rest = len % 16, plain = rest == 0 ? len / 16 : len / 16 - 1;
	uint8_t t[16], before[16], buf[16];

	ecb_block(c, c->key + c->key_len / 2, c->key_len / 2, true, c->iv, t);
	for (size_t i = 0; i < plain; i++) {
		xts_block(c, encrypt, t, in + 16 * i, out + 16 * i);
		tweak_double(t, gb);
	}
	if (rest == 0)
		return;
	in += 16 * plain;
	out += 16 * plain;
	memcpy(before, t, 16);
	tweak_double(t, gb);
	xts_block(c, encrypt, encrypt ? before : t, in, buf);
	memcpy(out + 16, buf, rest);
	memcpy(buf, in + 16, rest);
	xts_block(c, encrypt, encrypt ? t : before, buf, out);
}

/* The addendum's definition for encryption: zero-padded CBC, then cut and order. */
static void
cts_encrypt(const struct oracle_cipher *c, const uint8_t *in, uint8_t *out, size_t len)
{
	const size_t d = (len - 1) % 16 + 1, padded = len - d + 16;
	uint8_t *buf = calloc(1, padded);
	char name[32];
	bool swap;

	memcpy(buf, in, len);
	evp(cipher_name(name, c->alg, c->key_len, "CBC"), true, c->key, c->iv, buf, buf, padded);
	swap = c->width == 3 || (c->width == 2 && d != 16);
	memcpy(out, buf, padded - 32);
	out += padded - 32;
	memcpy(out, buf + padded - (swap ? 16 : 32), swap ? 16 : d);
	memcpy(out + (swap ? 16 : d), buf + padded - (swap ? 32 : 16), swap ? d : 16);
	free(buf);
}

/* libcrypto knows the AES ones; it is also what decryption is checked with. */
static void
cts_evp(const struct oracle_cipher *c, bool encrypt, const uint8_t *in, uint8_t *out, size_t len)
{
	static char *const widths[] = { NULL, "CS1", "CS2", "CS3" };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE, widths[c->width], 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher;
	char name[32];
	int n;

	cipher = EVP_CIPHER_fetch(NULL, cipher_name(name, 2, c->key_len, "CBC-CTS"), NULL);
	must(cipher != NULL &&
			EVP_CipherInit_ex2(ctx, cipher, c->key, c->iv, encrypt, params) == 1);
	must(EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && (size_t)n == len);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
}

static void
ctr32(const struct oracle_cipher *c, const uint8_t *in, uint8_t *out, size_t len)
{
	uint8_t block[16], stream[16];

	memcpy(block, c->iv, 16);
	for (size_t i = 0; i < len; i++) {
		if (i % 16 == 0) {
			ecb_block(c, c->key, c->key_len, true, block, stream);
			for (unsigned int j = 15; j >= 12 && ++block[j] == 0; j--)
				;
		}
		out[i] = in[i] ^ stream[i % 16];
	}
}

void
oracle_cipher(const struct oracle_cipher *c, bool encrypt, const uint8_t *in, uint8_t *out,
		size_t len)
{
	static const char *const modes[] = { "ECB", "CBC", "CFB", "OFB", "CTR", NULL, NULL, "XTS" };
	uint8_t des[24];
	char name[32];

	if (c->mode == 9) {
		if (c->alg == 2)
			cts_evp(c, encrypt, in, out, len);
		else
			cts_encrypt(c, in, out, len);
		return;
	}
	if (c->mode == 7 && (c->alg == 3 || memcmp(c->key, c->key + c->key_len / 2, 16) == 0)) {
		xts(c, encrypt, in, out, len);
		return;
	}
	if (c->mode == 4 && c->ctr_mode == 0) {
		ctr32(c, in, out, len);
		return;
	}
	for (unsigned int i = 0; i < 24 && c->alg < 2; i++)
		des[i] = c->key[i % c->key_len];
	cipher_name(name, c->alg, c->mode == 7 ? c->key_len / 2 : c->key_len, modes[c->mode]);
	evp(name, encrypt, c->alg < 2 ? des : c->key, c->mode == 0 ? NULL : c->iv, in, out, len);
}

static const char *const hash_names[] = {
	"SHA1",
	"SHA256",
	"MD5",
	"SHA224",
	"SHA384",
	"SHA512",
	"SHA512-224",
	"SHA512-256",
};

static void
xcbc(const uint8_t *key, const uint8_t *msg, size_t len, uint8_t mac[64])
{
	struct oracle_cipher c = { .alg = 2 };
	uint8_t k[3][16], x[16] = { 0 };

	for (unsigned int i = 0; i < 3; i++) {
		memset(k[i], (int)i + 1, 16);
		ecb_block(&c, key, 16, true, k[i], k[i]);
	}
	for (size_t done = 0; done < len; done += 16) {
		const size_t n = len - done < 16 ? len - done : 16;

		for (size_t i = 0; i < n; i++)
			x[i] ^= msg[done + i];
		if (n < 16)
			x[n] ^= 0x80;
		for (size_t i = 0; i < 16 && done + n == len; i++)
			x[i] ^= k[n < 16 ? 2 : 1][i];
		ecb_block(&c, k[0], 16, true, x, x);
	}
	memcpy(mac, x, 16);
}

static void
cmac(const uint8_t *key, const uint8_t *msg, size_t len, uint8_t mac[64])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, (char *)"AES-128-CBC", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *alg = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(alg);
	size_t n;

	must(EVP_MAC_init(ctx, key, 16, params) == 1 && EVP_MAC_update(ctx, msg, len) == 1);
	must(EVP_MAC_final(ctx, mac, &n, 64) == 1 && n == 16);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(alg);
}

unsigned int
oracle_mac(uint8_t a_alg, const uint8_t *key, unsigned int key_len, const uint8_t *iv,
		const uint8_t *msg, size_t len, uint8_t mac[64])
{
	const bool sm3 = a_alg == 0x25 || a_alg == 0x26, hmac = a_alg == 0x26 || a_alg >> 4 == 1;
	unsigned int n = 0;
	const EVP_MD *md;

	switch (a_alg) {
	case 0x20:
		xcbc(key, msg, len, mac);
		return 16;
	case 0x21:
		cmac(key, msg, len, mac);
		return 16;
	case 0x22: {
		const struct oracle_cipher c = {
			.alg = 2, .mode = 6, .key = key, .key_len = key_len, .iv = iv
		};

		oracle_aead(&c, 12, msg, len, NULL, NULL, 0, mac, 16);
		return 16;
	}
	default:
		break;
	}
	md = EVP_get_digestbyname(sm3 ? "SM3" : hash_names[a_alg & 7]);
	must(md != NULL);
	if (hmac)
		must(HMAC(md, key, (int)key_len, msg, len, mac, &n) != NULL);
	else
		must(EVP_Digest(msg, len, mac, &n, md, NULL) == 1);
	return n;
}

static void
aead_evp(const struct oracle_cipher *c, unsigned int nonce_len, const uint8_t *aad, size_t aad_len,
		const uint8_t *in, uint8_t *out, size_t len, uint8_t *tag, unsigned int tag_len)
{
	const bool ccm = c->mode == 5;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher;
	uint8_t dummy[16];
	char name[32];
	int n;

	cipher = EVP_CIPHER_fetch(
			NULL, cipher_name(name, 2, c->key_len, ccm ? "CCM" : "GCM"), NULL);
	must(cipher != NULL && EVP_EncryptInit_ex(ctx, cipher, NULL, NULL, NULL) == 1);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce_len, NULL) == 1);
	if (ccm)
		must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag_len, NULL) == 1);
	must(EVP_EncryptInit_ex(ctx, NULL, NULL, c->key, c->iv) == 1);
	if (ccm)
		must(EVP_EncryptUpdate(ctx, NULL, &n, NULL, (int)len) == 1);
	if (aad_len > 0)
		must(EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) == 1);
	if (len > 0 || ccm)
		must(EVP_EncryptUpdate(ctx, len > 0 ? out : dummy, &n, len > 0 ? in : dummy,
				     (int)len) == 1);
	must(EVP_EncryptFinal_ex(ctx, dummy, &n) == 1);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)tag_len, tag) == 1);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
}

/* SP 800-38D algorithm 1, bit by bit. */
static void
gf_multiply(uint8_t y[16], const uint8_t h[16])
{
	uint8_t v[16], z[16] = { 0 };

	memcpy(v, h, 16);
	for (unsigned int i = 0; i < 128; i++) {
		const bool odd = v[15] & 1;

		if (y[i / 8] >> (7 - i % 8) & 1) {
			for (unsigned int j = 0; j < 16; j++)
				z[j] ^= v[j];
		}
		for (unsigned int j = 15; j > 0; j--)
			v[j] = (uint8_t)(v[j] >> 1 | v[j - 1] << 7);
		v[0] = (uint8_t)(v[0] >> 1 ^ (odd ? 0xe1 : 0));
	}
	memcpy(y, z, 16);
}

static void
ghash(uint8_t y[16], const uint8_t h[16], const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		y[i % 16] ^= p[i];
		if (i % 16 == 15 || i == len - 1)
			gf_multiply(y, h);
	}
}

static void
sm4_gcm(const struct oracle_cipher *c, const uint8_t *aad, size_t aad_len, const uint8_t *in,
		uint8_t *out, size_t len, uint8_t *tag, unsigned int tag_len)
{
	struct oracle_cipher ctr = *c;
	uint8_t h[16] = { 0 }, y[16] = { 0 }, j[16] = { 0 }, lens[16] = { 0 };

	ecb_block(c, c->key, 16, true, h, h);
	memcpy(j, c->iv, 12);
	j[15] = 2;
	ctr.iv = j;
	ctr32(&ctr, in, out, len);
	ghash(y, h, aad, aad_len);
	ghash(y, h, out, len);
	for (unsigned int i = 0; i < 4; i++) {
		lens[7 - i] = (uint8_t)(8 * aad_len >> 8 * i);
		lens[15 - i] = (uint8_t)(8 * len >> 8 * i);
	}
	ghash(y, h, lens, 16);
	j[15] = 1;
	ecb_block(c, c->key, 16, true, j, j);
	for (unsigned int i = 0; i < tag_len; i++)
		tag[i] = y[i] ^ j[i];
}

static void
cbc_mac(const struct oracle_cipher *c, uint8_t x[16], const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		x[i % 16] ^= p[i];
		if (i % 16 == 15 || i == len - 1)
			ecb_block(c, c->key, c->key_len, true, x, x);
	}
}

void
oracle_ccm_blocks(const struct oracle_cipher *c, const uint8_t b0[16], const uint8_t counter[16],
		const uint8_t *aad, size_t aad_len, const uint8_t *in, uint8_t *out, size_t len,
		uint8_t *tag, unsigned int tag_len)
{
	uint8_t x[16] = { 0 }, a0[16], *prefixed = malloc(aad_len + 2);
	struct oracle_cipher ctr = *c;

	cbc_mac(c, x, b0, 16);
	prefixed[0] = (uint8_t)(aad_len >> 8);
	prefixed[1] = (uint8_t)aad_len;
	memcpy(prefixed + 2, aad, aad_len);
	if (aad_len > 0)
		cbc_mac(c, x, prefixed, aad_len + 2);
	cbc_mac(c, x, in, len);
	free(prefixed);
	ctr.iv = counter;
	ctr32(&ctr, in, out, len);
	memset(a0, 0, 16);
	memcpy(a0, counter, 15U - counter[0]);
	ecb_block(c, c->key, c->key_len, true, a0, a0);
	for (unsigned int i = 0; i < tag_len; i++)
		tag[i] = x[i] ^ a0[i];
}

static void
sm4_ccm(const struct oracle_cipher *c, unsigned int nonce_len, const uint8_t *aad, size_t aad_len,
		const uint8_t *in, uint8_t *out, size_t len, uint8_t *tag, unsigned int tag_len)
{
	uint8_t b0[16] = { 0 }, counter[16] = { 0 };

	counter[0] = (uint8_t)(14 - nonce_len);
	memcpy(counter + 1, c->iv, nonce_len);
	counter[15] = 1;
	b0[0] = (uint8_t)(counter[0] + ((tag_len - 2) / 2 << 3) + (aad_len > 0 ? 0x40 : 0));
	memcpy(b0 + 1, c->iv, nonce_len);
	for (unsigned int i = 0; i < 15 - nonce_len && i < 4; i++)
		b0[15 - i] = (uint8_t)(len >> 8 * i);
	oracle_ccm_blocks(c, b0, counter, aad, aad_len, in, out, len, tag, tag_len);
}

void
oracle_aead(const struct oracle_cipher *c, unsigned int nonce_len, const uint8_t *aad,
		size_t aad_len, const uint8_t *in, uint8_t *out, size_t len, uint8_t *tag,
		unsigned int tag_len)
{
	if (c->alg == 2)
		aead_evp(c, nonce_len, aad, aad_len, in, out, len, tag, tag_len);
	else if (c->mode == 6)
		sm4_gcm(c, aad, aad_len, in, out, len, tag, tag_len);
	else
		sm4_ccm(c, nonce_len, aad, aad_len, in, out, len, tag, tag_len);
}
