/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Hashes whose state can be taken out and put back, which EVP does not allow.
 * libcrypto's older interface has it for all but SM3.
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include <endian.h>
#include <string.h>

#include <openssl/crypto.h>

#include "sec.h"

const struct wdm_hash_info wdm_hash_info[WDM_HASH_NB] = {
	[HISI_SEC_A_ALG_SHA1] = { 64, 20, 20 },
	[HISI_SEC_A_ALG_SHA256] = { 64, 32, 32 },
	[HISI_SEC_A_ALG_MD5] = { 64, 16, 16 },
	[HISI_SEC_A_ALG_SHA224] = { 64, 32, 28 },
	[HISI_SEC_A_ALG_SHA384] = { 128, 64, 48 },
	[HISI_SEC_A_ALG_SHA512] = { 128, 64, 64 },
	[HISI_SEC_A_ALG_SHA512_224] = { 128, 64, 28 },
	[HISI_SEC_A_ALG_SHA512_256] = { 128, 64, 32 },
	[WDM_HASH_SM3] = { 64, 32, 32 },
};

/* FIPS 180-4, 5.3.6 */
/* clang-format off */
static const uint64_t sha512_224_start[8] = {
	0x8c3d37c819544da2ULL, 0x73e1996689dcd4d6ULL, 0x1dfab7ae32ff9c82ULL, 0x679dd514582f9fcfULL,
	0x0f6d2b697bd44da8ULL, 0x77e36f7304c48942ULL, 0x3f9d85a86a1d36c8ULL, 0x1112e6ad91d692a1ULL,
};
static const uint64_t sha512_256_start[8] = {
	0x22312194fc2bf72cULL, 0x9f555fa3c84c64c2ULL, 0x2393b86b6f53b151ULL, 0x963877195940eabdULL,
	0x96283ee2a88effe3ULL, 0xbe5e1e2553863992ULL, 0x2b0199fc2c85b8aaULL, 0x0eb72ddc81c52ca2ULL,
};
/* clang-format on */

/* SM3: GB/T 32905-2016 */

/* clang-format off */
static const uint32_t sm3_start[8] = {
	0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
	0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
};
/* clang-format on */

static uint32_t
rol(uint32_t x, unsigned int n)
{
	return x << (n & 31) | x >> (-n & 31);
}

static void
get_be32(uint32_t *words, const uint8_t *in, unsigned int nb)
{
	for (unsigned int i = 0; i < nb; i++) {
		uint32_t be;

		memcpy(&be, in + 4 * i, 4);
		words[i] = be32toh(be);
	}
}

static inline uint32_t
sm3_expand(const uint32_t *w)
{
	const uint32_t x = w[-16] ^ w[-9] ^ rol(w[-3], 15);

	return x ^ rol(x, 15) ^ rol(x, 23) ^ rol(w[-13], 7) ^ w[-6];
}

/* One round; instead of moving the words along, the next round names them anew. */
#define SM3_ROUND(a, b, c, d, e, f, g, h, ff, gg, t, i)                                            \
	do {                                                                                       \
		const uint32_t a12 = rol(a, 12), ss1 = rol(a12 + e + rol(t, i), 7);                \
		const uint32_t tt2 = gg(e, f, g) + h + ss1 + w[i];                                 \
		d += ff(a, b, c) + (ss1 ^ a12) + (w[i] ^ w[(i) + 4]);                              \
		h = tt2 ^ rol(tt2, 9) ^ rol(tt2, 17);                                              \
		b = rol(b, 9);                                                                     \
		f = rol(f, 19);                                                                    \
	} while (0)
#define SM3_4ROUNDS(ff, gg, t, i)                                                                  \
	do {                                                                                       \
		SM3_ROUND(a, b, c, d, e, f, g, k, ff, gg, t, i);                                   \
		SM3_ROUND(d, a, b, c, k, e, f, g, ff, gg, t, (i) + 1);                             \
		SM3_ROUND(c, d, a, b, g, k, e, f, ff, gg, t, (i) + 2);                             \
		SM3_ROUND(b, c, d, a, f, g, k, e, ff, gg, t, (i) + 3);                             \
	} while (0)
#define SM3_XOR(x, y, z) ((x) ^ (y) ^ (z))
#define SM3_MAJORITY(x, y, z) (((x) & (y)) | (((x) | (y)) & (z)))
#define SM3_CHOOSE(x, y, z) ((((y) ^ (z)) & (x)) ^ (z))

static void
sm3_block(uint32_t h[8], const uint8_t *block)
{
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
	uint32_t w[68];

	get_be32(w, block, 16);
	/* words are made sixteen rounds ahead, so that the processor does both at once */
	for (unsigned int i = 0; i < 16; i += 4) {
		for (unsigned int j = i + 16; j < i + 20; j++)
			w[j] = sm3_expand(&w[j]);
		SM3_4ROUNDS(SM3_XOR, SM3_XOR, 0x79cc4519U, i);
	}
	for (unsigned int i = 16; i < 52; i += 4) {
		for (unsigned int j = i + 16; j < i + 20; j++)
			w[j] = sm3_expand(&w[j]);
		SM3_4ROUNDS(SM3_MAJORITY, SM3_CHOOSE, 0x7a879d8aU, i);
	}
	for (unsigned int i = 52; i < 64; i += 4)
		SM3_4ROUNDS(SM3_MAJORITY, SM3_CHOOSE, 0x7a879d8aU, i);
	h[0] ^= a;
	h[1] ^= b;
	h[2] ^= c;
	h[3] ^= d;
	h[4] ^= e;
	h[5] ^= f;
	h[6] ^= g;
	h[7] ^= k;
}

static void
sm3_update(struct wdm_sm3 *s, const uint8_t *p, size_t len)
{
	s->len += len;
	if (s->num > 0) {
		const size_t n = len < 64 - s->num ? len : 64 - s->num;

		memcpy(s->block + s->num, p, n);
		s->num += (unsigned int)n;
		p += n;
		len -= n;
		if (s->num < 64)
			return;
		sm3_block(s->h, s->block);
		s->num = 0;
	}
	for (; len >= 64; len -= 64, p += 64)
		sm3_block(s->h, p);
	if (len > 0)
		memcpy(s->block, p, len);
	s->num = (unsigned int)len;
}

static void
put_be32(uint8_t *out, const uint32_t *words, unsigned int nb)
{
	for (unsigned int i = 0; i < nb; i++) {
		const uint32_t be = htobe32(words[i]);

		memcpy(out + 4 * i, &be, 4);
	}
}

static void
sm3_final(struct wdm_sm3 *s, uint8_t *out)
{
	static const uint8_t pad[64] = { 0x80 };
	const uint64_t bits = htobe64(s->len * 8);

	sm3_update(s, pad, s->num < 56 ? 56 - s->num : 120 - s->num);
	sm3_update(s, (const uint8_t *)&bits, 8);
	put_be32(out, s->h, 8);
}

/* All of them */

void
wdm_hash_init(struct wdm_hash *h, uint8_t alg)
{
	h->alg = alg;
	switch (alg) {
	case HISI_SEC_A_ALG_MD5:
		MD5_Init(&h->u.md5);
		break;
	case HISI_SEC_A_ALG_SHA1:
		SHA1_Init(&h->u.sha1);
		break;
	case HISI_SEC_A_ALG_SHA224:
		SHA224_Init(&h->u.sha256);
		h->u.sha256.md_len = SHA256_DIGEST_LENGTH;
		break;
	case HISI_SEC_A_ALG_SHA256:
		SHA256_Init(&h->u.sha256);
		break;
	case WDM_HASH_SM3:
		memcpy(h->u.sm3.h, sm3_start, sizeof(sm3_start));
		h->u.sm3.len = 0;
		h->u.sm3.num = 0;
		break;
	case HISI_SEC_A_ALG_SHA384:
		SHA384_Init(&h->u.sha512);
		h->u.sha512.md_len = SHA512_DIGEST_LENGTH;
		break;
	default:
		SHA512_Init(&h->u.sha512);
		if (alg == HISI_SEC_A_ALG_SHA512_224)
			memcpy(h->u.sha512.h, sha512_224_start, sizeof(sha512_224_start));
		else if (alg == HISI_SEC_A_ALG_SHA512_256)
			memcpy(h->u.sha512.h, sha512_256_start, sizeof(sha512_256_start));
		break;
	}
}

void
wdm_hash_update(struct wdm_hash *h, const void *data, size_t len)
{
	switch (h->alg) {
	case HISI_SEC_A_ALG_MD5:
		MD5_Update(&h->u.md5, data, len);
		break;
	case HISI_SEC_A_ALG_SHA1:
		SHA1_Update(&h->u.sha1, data, len);
		break;
	case HISI_SEC_A_ALG_SHA224:
	case HISI_SEC_A_ALG_SHA256:
		SHA256_Update(&h->u.sha256, data, len);
		break;
	case WDM_HASH_SM3:
		sm3_update(&h->u.sm3, data, len);
		break;
	default:
		SHA512_Update(&h->u.sha512, data, len);
		break;
	}
}

void
wdm_hash_final(struct wdm_hash *h, uint8_t out[HISI_SEC_MAX_MAC])
{
	switch (h->alg) {
	case HISI_SEC_A_ALG_MD5:
		MD5_Final(out, &h->u.md5);
		break;
	case HISI_SEC_A_ALG_SHA1:
		SHA1_Final(out, &h->u.sha1);
		break;
	case HISI_SEC_A_ALG_SHA224:
	case HISI_SEC_A_ALG_SHA256:
		SHA256_Final(out, &h->u.sha256);
		break;
	case WDM_HASH_SM3:
		sm3_final(&h->u.sm3, out);
		break;
	default:
		SHA512_Final(out, &h->u.sha512);
		break;
	}
}

void
wdm_hash_export(const struct wdm_hash *h, uint8_t state[HISI_SEC_MAX_MAC])
{
	switch (h->alg) {
	case HISI_SEC_A_ALG_MD5: {
		const uint32_t words[4] = { htole32(h->u.md5.A), htole32(h->u.md5.B),
			htole32(h->u.md5.C), htole32(h->u.md5.D) };

		memcpy(state, words, sizeof(words));
		break;
	}
	case HISI_SEC_A_ALG_SHA1: {
		const SHA_CTX *c = &h->u.sha1;
		const uint32_t words[5] = { c->h0, c->h1, c->h2, c->h3, c->h4 };

		put_be32(state, words, 5);
		break;
	}
	case HISI_SEC_A_ALG_SHA224:
	case HISI_SEC_A_ALG_SHA256:
		put_be32(state, h->u.sha256.h, 8);
		break;
	case WDM_HASH_SM3:
		put_be32(state, h->u.sm3.h, 8);
		break;
	default:
		for (unsigned int i = 0; i < 8; i++) {
			const uint64_t be = htobe64(h->u.sha512.h[i]);

			memcpy(state + 8 * i, &be, 8);
		}
		break;
	}
}

void
wdm_hash_import(struct wdm_hash *h, uint8_t alg, const uint8_t *state, uint64_t len)
{
	const uint64_t bits = len * 8;
	uint32_t words[8];

	wdm_hash_init(h, alg);
	switch (alg) {
	case HISI_SEC_A_ALG_MD5:
		memcpy(words, state, 16);
		h->u.md5.A = le32toh(words[0]);
		h->u.md5.B = le32toh(words[1]);
		h->u.md5.C = le32toh(words[2]);
		h->u.md5.D = le32toh(words[3]);
		h->u.md5.Nl = (uint32_t)bits;
		h->u.md5.Nh = (uint32_t)(bits >> 32);
		break;
	case HISI_SEC_A_ALG_SHA1:
		get_be32(words, state, 5);
		h->u.sha1.h0 = words[0];
		h->u.sha1.h1 = words[1];
		h->u.sha1.h2 = words[2];
		h->u.sha1.h3 = words[3];
		h->u.sha1.h4 = words[4];
		h->u.sha1.Nl = (uint32_t)bits;
		h->u.sha1.Nh = (uint32_t)(bits >> 32);
		break;
	case HISI_SEC_A_ALG_SHA224:
	case HISI_SEC_A_ALG_SHA256:
		get_be32(h->u.sha256.h, state, 8);
		h->u.sha256.Nl = (uint32_t)bits;
		h->u.sha256.Nh = (uint32_t)(bits >> 32);
		break;
	case WDM_HASH_SM3:
		get_be32(h->u.sm3.h, state, 8);
		h->u.sm3.len = len;
		break;
	default:
		for (unsigned int i = 0; i < 8; i++) {
			uint64_t be;

			memcpy(&be, state + 8 * i, 8);
			h->u.sha512.h[i] = be64toh(be);
		}
		h->u.sha512.Nl = bits;
		break;
	}
}

void
wdm_hmac_key_init(struct wdm_hmac_key *key, uint8_t alg, const uint8_t *k, size_t len)
{
	const unsigned int block = wdm_hash_info[alg].block;
	uint8_t pad[128];

	memset(pad, 0, sizeof(pad));
	memcpy(pad, k, len);
	for (unsigned int i = 0; i < block; i++)
		pad[i] ^= 0x36;
	wdm_hash_init(&key->inner, alg);
	wdm_hash_update(&key->inner, pad, block);
	for (unsigned int i = 0; i < block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	wdm_hash_init(&key->outer, alg);
	wdm_hash_update(&key->outer, pad, block);
	OPENSSL_cleanse(pad, sizeof(pad));
}
