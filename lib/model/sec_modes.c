/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Modes of operation on top of libcrypto's ECB, CBC and CTR: those it does not
 * have for SM4, those whose inner state a descriptor carries, and those whose
 * blocks the descriptor gives ready made (CCM).
 */

#include <endian.h>
#include <string.h>

#include "sec.h"

static const uint8_t zero_block[16];

static uint64_t
load_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return be64toh(v);
}

static void
store_be64(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, 8);
}

static void
xor16(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, 16);
	memcpy(y, b, 16);
	x[0] ^= y[0];
	x[1] ^= y[1];
	memcpy(out, x, 16);
}

/*
 * GHASH, SP 800-38D 6.4, four bits at a time (Shoup's tables). Bit 63 of the
 * high word is the coefficient of x^0, so that multiplying by x shifts right.
 */

void
wdm_ghash_init(struct wdm_ghash_key *key, const uint8_t h[16])
{
	uint64_t high = load_be64(h), low = load_be64(h + 8);

	key->high[0] = 0;
	key->low[0] = 0;
	for (unsigned int i = 8; i > 0; i >>= 1) {
		const uint64_t carry = low & 1;

		key->high[i] = high;
		key->low[i] = low;
		low = low >> 1 | high << 63;
		high = high >> 1 ^ (carry != 0 ? 0xe1ULL << 56 : 0);
	}
	for (unsigned int i = 2; i < 16; i <<= 1) {
		for (unsigned int j = 1; j < i; j++) {
			key->high[i + j] = key->high[i] ^ key->high[j];
			key->low[i + j] = key->low[i] ^ key->low[j];
		}
	}
}

/* What the four bits shifted out come back as, in the top 16 bits. */
/* clang-format off */
static const uint16_t ghash_reduce[16] = {
	0x0000, 0x1c20, 0x3840, 0x2460, 0x7080, 0x6ca0, 0x48c0, 0x54e0,
	0xe100, 0xfd20, 0xd940, 0xc560, 0x9180, 0x8da0, 0xa9c0, 0xb5e0,
};
/* clang-format on */

static void
ghash_multiply(const struct wdm_ghash_key *key, uint8_t y[16])
{
	uint64_t high = 0, low = 0;

	for (int i = 15; i >= 0; i--) {
		const unsigned int nibble[2] = { y[i] & 0xf, y[i] >> 4 };

		for (unsigned int j = 0; j < 2; j++) {
			const unsigned int out = low & 0xf;

			low = (low >> 4 | high << 60) ^ key->low[nibble[j]];
			high = high >> 4 ^ (uint64_t)ghash_reduce[out] << 48 ^ key->high[nibble[j]];
		}
	}
	store_be64(y, high);
	store_be64(y + 8, low);
}

void
wdm_ghash_update(const struct wdm_ghash_key *key, uint8_t y[16], const uint8_t *data, size_t len)
{
	for (; len >= 16; len -= 16, data += 16) {
		xor16(y, y, data);
		ghash_multiply(key, y);
	}
	if (len == 0)
		return;
	for (size_t i = 0; i < len; i++)
		y[i] ^= data[i];
	ghash_multiply(key, y);
}

void
wdm_ghash_lengths(const struct wdm_ghash_key *key, uint8_t y[16], uint64_t a_len, uint64_t c_len)
{
	uint8_t block[16];

	store_be64(block, a_len * 8);
	store_be64(block + 8, c_len * 8);
	wdm_ghash_update(key, y, block, 16);
}

int
wdm_evp_run(EVP_CIPHER_CTX *ctx, const uint8_t *iv, const uint8_t *in, uint8_t *out, size_t len)
{
	int n;

	if (EVP_CipherInit_ex(ctx, NULL, NULL, NULL, iv, -1) != 1)
		return -1;
	return EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && (size_t)n == len ? 0 : -1;
}

static uint32_t
counter_of(const uint8_t iv[16])
{
	return (uint32_t)load_be64(iv + 8);
}

int
wdm_ctr_run(EVP_CIPHER_CTX *ctr, const uint8_t iv[16], bool carry128, const uint8_t *in,
		uint8_t *out, size_t len)
{
	const uint64_t to_wrap = ((1ULL << 32) - counter_of(iv)) * 16;
	uint8_t wrapped[16] = { 0 };

	if (carry128 || len <= to_wrap)
		return wdm_evp_run(ctr, iv, in, out, len);
	/* libcrypto would carry into the nonce */
	memcpy(wrapped, iv, 12);
	if (wdm_evp_run(ctr, iv, in, out, to_wrap) != 0)
		return -1;
	return wdm_evp_run(ctr, wrapped, in + to_wrap, out + to_wrap, len - to_wrap);
}

/*
 * CBC with ciphertext stealing, SP 800-38A addendum. In terms of blocks 1..n
 * with d bytes in the last: CS1 ends in C[n-1] cut to d, C[n]; CS3 has the two
 * swapped; CS2 is CS3 unless d is a whole block.
 */
static bool
cts_swapped(const struct wdm_sec_req *req, unsigned int d)
{
	return req->bd->c_width == HISI_SEC_C_WIDTH_CS3 ||
			(req->bd->c_width == HISI_SEC_C_WIDTH_CS2 && d < 16);
}

static int
cts_encrypt(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	const unsigned int d = (req->bd->c_len - 1) % 16 + 1;
	const size_t whole = req->bd->c_len - d;
	uint8_t before[16], last[16] = { 0 };
	uint8_t *tail = req->out + whole - 16;

	memcpy(last, req->in + whole, d);
	if (wdm_evp_run(key->main, req->c_iv, req->in, req->out, whole) != 0)
		return -1;
	memcpy(before, tail, 16);
	if (wdm_evp_run(key->main, before, last, last, 16) != 0)
		return -1;
	if (cts_swapped(req, d)) {
		memcpy(tail, last, 16);
		memcpy(tail + 16, before, d);
	} else {
		memcpy(tail, before, d);
		memcpy(tail + d, last, 16);
	}
	return 0;
}

static int
cts_decrypt(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	const unsigned int d = (req->bd->c_len - 1) % 16 + 1;
	const size_t prefix = req->bd->c_len - d - 16;
	const bool swapped = cts_swapped(req, d);
	const uint8_t *tail = req->in + prefix;
	uint8_t before[16], last[16], plain[16], chain[16];

	memcpy(last, swapped ? tail : tail + d, 16);
	memcpy(before, swapped ? tail + 16 : tail, d);
	memcpy(chain, prefix > 0 ? tail - 16 : req->c_iv, 16);
	if (prefix > 0 && wdm_evp_run(key->main, req->c_iv, req->in, req->out, prefix) != 0)
		return -1;
	/* the stolen end of C[n-1] is what the last block decrypts to beyond d */
	if (wdm_evp_run(key->main, zero_block, last, plain, 16) != 0)
		return -1;
	memcpy(before + d, plain + d, 16 - d);
	xor16(plain, plain, before);
	if (wdm_evp_run(key->main, chain, before, req->out + prefix, 16) != 0)
		return -1;
	memcpy(req->out + prefix + 16, plain, d);
	return 0;
}

int
wdm_cts_run(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	return req->bd->cipher == HISI_SEC_CIPHER_ENCRYPT ? cts_encrypt(key, req) :
							    cts_decrypt(key, req);
}

/*
 * XTS, IEEE 1619. GB/T 17964-2021 differs in the order of bits in the field:
 * there the tweak is doubled as GHASH does it.
 */
static void
tweak_next(uint8_t t[16], bool gb)
{
	uint64_t low, high, carry;

	if (gb) {
		high = load_be64(t);
		low = load_be64(t + 8);
		carry = low & 1;
		store_be64(t + 8, low >> 1 | high << 63);
		store_be64(t, high >> 1 ^ (carry != 0 ? 0xe1ULL << 56 : 0));
		return;
	}
	memcpy(&low, t, 8);
	memcpy(&high, t + 8, 8);
	low = le64toh(low);
	high = le64toh(high);
	carry = high >> 63;
	high = htole64(high << 1 | low >> 63);
	low = htole64(low << 1 ^ (carry != 0 ? 0x87 : 0));
	memcpy(t, &low, 8);
	memcpy(t + 8, &high, 8);
}

#define XTS_CHUNK 64U /* blocks */

static int
xts_blocks(const struct wdm_soft_key *key, bool gb, uint8_t t[16], const uint8_t *in, uint8_t *out,
		size_t nb)
{
	uint8_t tweaks[16 * XTS_CHUNK], buf[16 * XTS_CHUNK];

	while (nb > 0) {
		const size_t n = nb < XTS_CHUNK ? nb : XTS_CHUNK;

		for (size_t i = 0; i < n; i++) {
			memcpy(tweaks + 16 * i, t, 16);
			xor16(buf + 16 * i, in + 16 * i, t);
			tweak_next(t, gb);
		}
		if (wdm_evp_run(key->main, NULL, buf, buf, 16 * n) != 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			xor16(out + 16 * i, buf + 16 * i, tweaks + 16 * i);
		in += 16 * n;
		out += 16 * n;
		nb -= n;
	}
	return 0;
}

int
wdm_xts_run(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	const size_t whole = req->bd->c_len / 16, rest = req->bd->c_len % 16;
	const uint8_t *in = req->in + 16 * (whole - 1);
	uint8_t *out = req->out + 16 * (whole - 1);
	uint8_t t[16], last[16], next[16], tail[16] = { 0 };

	if (wdm_evp_run(key->aux, NULL, req->c_iv, t, 16) != 0)
		return -1;
	if (rest == 0)
		return xts_blocks(key, req->bd->xts_gb, t, req->in, req->out, whole);
	if (xts_blocks(key, req->bd->xts_gb, t, req->in, req->out, whole - 1) != 0)
		return -1;
	/* stealing; in decryption the last whole block has the later tweak */
	memcpy(last, t, 16);
	memcpy(next, t, 16);
	tweak_next(next, req->bd->xts_gb);
	if (req->bd->cipher == HISI_SEC_CIPHER_DECRYPT) {
		memcpy(t, next, 16);
		memcpy(next, last, 16);
	}
	memcpy(tail, in + 16, rest);
	if (xts_blocks(key, req->bd->xts_gb, t, in, last, 1) != 0)
		return -1;
	memcpy(tail + rest, last + rest, 16 - rest);
	memcpy(out + 16, last, rest);
	return xts_blocks(key, req->bd->xts_gb, next, tail, out, 1);
}

/* GCM, SP 800-38D, with a 96-bit IV */

static void
gcm_counter(uint8_t block[16], const uint8_t *iv, uint32_t counter)
{
	const uint32_t be = htobe32(counter);

	memcpy(block, iv, 12);
	memcpy(block + 12, &be, 4);
}

static int
gcm_tag(const struct wdm_soft_key *key, struct wdm_sec_req *req, const uint8_t *iv, uint8_t y[16])
{
	uint8_t j0[16];

	wdm_ghash_lengths(&key->ghash, y, req->bd->a_len, req->bd->c_len);
	gcm_counter(j0, iv, 1);
	if (wdm_evp_run(key->aux, NULL, j0, j0, 16) != 0)
		return -1;
	xor16(req->mac, y, j0);
	return 0;
}

static void
ghash_segs(const struct wdm_soft_key *key, const struct wdm_sec_req *req, uint8_t y[16])
{
	for (unsigned int i = 0; i < req->nb_a_seg; i++)
		wdm_ghash_update(&key->ghash, y, req->a_seg[i].p, req->a_seg[i].len);
}

/* Payload; the tag is over the ciphertext, which decryption in place destroys. */
static int
gcm_payload(const struct wdm_soft_key *key, struct wdm_sec_req *req, uint32_t counter,
		uint8_t y[16])
{
	uint8_t block[16];

	if (req->bd->c_len == 0)
		return 0;
	gcm_counter(block, req->c_iv, counter);
	if (req->bd->cipher == HISI_SEC_CIPHER_DECRYPT)
		wdm_ghash_update(&key->ghash, y, req->in, req->bd->c_len);
	if (wdm_ctr_run(key->main, block, false, req->in, req->out, req->bd->c_len) != 0)
		return -1;
	if (req->bd->cipher == HISI_SEC_CIPHER_ENCRYPT)
		wdm_ghash_update(&key->ghash, y, req->out, req->bd->c_len);
	return 0;
}

int
wdm_gcm_run(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	uint8_t y[16] = { 0 };

	ghash_segs(key, req, y);
	if (gcm_payload(key, req, 2, y) != 0)
		return -1;
	return gcm_tag(key, req, req->c_iv, y);
}

/* The IV carries the counter of the last block used, mac the running GHASH. */
int
wdm_gcm_part_run(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	uint8_t y[16] = { 0 };

	if (req->bd->kind == WDM_SEC_GHASH) {
		ghash_segs(key, req, y);
	} else {
		if (req->bd->state_in)
			memcpy(y, req->a_iv, 16);
		if (gcm_payload(key, req, counter_of(req->c_iv) + 1, y) != 0)
			return -1;
	}
	memcpy(req->mac, y, 16);
	return 0;
}

int
wdm_gmac_run(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	uint8_t y[16] = { 0 };

	ghash_segs(key, req, y);
	return gcm_tag(key, req, req->a_iv, y);
}

/* CBC-MAC and what is made of it */

#define CBCMAC_CHUNK 1024U

struct cbcmac {
	EVP_CIPHER_CTX *cbc;
	uint8_t x[16];
	uint8_t part[16];
	unsigned int num; /* bytes in part, 0 to 15 */
};

static int
cbcmac_blocks(struct cbcmac *m, const uint8_t *p, size_t len)
{
	uint8_t buf[CBCMAC_CHUNK];

	while (len > 0) {
		const size_t n = len < sizeof(buf) ? len : sizeof(buf);

		if (wdm_evp_run(m->cbc, m->x, p, buf, n) != 0)
			return -1;
		memcpy(m->x, buf + n - 16, 16);
		p += n;
		len -= n;
	}
	return 0;
}

static int
cbcmac_update(struct cbcmac *m, const uint8_t *p, size_t len)
{
	const size_t whole = len - len % 16;

	while (m->num > 0 && len > 0) {
		m->part[m->num++] = *p++;
		len--;
		if (m->num == 16) {
			m->num = 0;
			if (cbcmac_blocks(m, m->part, 16) != 0)
				return -1;
			return cbcmac_update(m, p, len);
		}
	}
	if (len == 0)
		return 0;
	if (cbcmac_blocks(m, p, whole) != 0)
		return -1;
	m->num = (unsigned int)(len - whole);
	memcpy(m->part, p + whole, m->num);
	return 0;
}

/* Zeros up to the end of the block. */
static int
cbcmac_pad(struct cbcmac *m)
{
	if (m->num == 0)
		return 0;
	memset(m->part + m->num, 0, 16 - m->num);
	m->num = 0;
	return cbcmac_blocks(m, m->part, 16);
}

/* CCM, SP 800-38C: B0 and the first counter come from the descriptor as they are. */
static int
ccm_mac(const struct wdm_soft_key *key, const struct wdm_sec_req *req, const uint8_t *payload,
		uint8_t x[16])
{
	struct cbcmac m = { .cbc = key->aux };
	const uint8_t a_len[2] = { (uint8_t)(req->bd->a_len >> 8), (uint8_t)req->bd->a_len };

	if (cbcmac_update(&m, req->a_iv, 16) != 0)
		return -1;
	if (req->bd->a_len > 0) {
		if (cbcmac_update(&m, a_len, 2) != 0)
			return -1;
		for (unsigned int i = 0; i < req->nb_a_seg; i++) {
			if (cbcmac_update(&m, req->a_seg[i].p, req->a_seg[i].len) != 0)
				return -1;
		}
		if (cbcmac_pad(&m) != 0)
			return -1;
	}
	if (cbcmac_update(&m, payload, req->bd->c_len) != 0 || cbcmac_pad(&m) != 0)
		return -1;
	memcpy(x, m.x, 16);
	return 0;
}

int
wdm_ccm_run(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	const unsigned int l = req->c_iv[0] + 1U;
	uint8_t a0[16], x[16];

	memcpy(a0, req->c_iv, 16);
	memset(a0 + 16 - l, 0, l);
	if (wdm_evp_run(key->main, a0, zero_block, a0, 16) != 0)
		return -1;
	if (req->bd->cipher == HISI_SEC_CIPHER_ENCRYPT && ccm_mac(key, req, req->in, x) != 0)
		return -1;
	if (req->bd->c_len > 0 &&
			wdm_evp_run(key->main, req->c_iv, req->in, req->out, req->bd->c_len) != 0)
		return -1;
	if (req->bd->cipher == HISI_SEC_CIPHER_DECRYPT && ccm_mac(key, req, req->out, x) != 0)
		return -1;
	xor16(req->mac, x, a0);
	return 0;
}

static void
cmac_double(uint8_t out[16], const uint8_t in[16])
{
	const uint64_t high = load_be64(in), low = load_be64(in + 8);

	store_be64(out, high << 1 | low >> 63);
	store_be64(out + 8, low << 1 ^ (high >> 63 != 0 ? 0x87 : 0));
}

int
wdm_cmac_subkeys(struct wdm_soft_key *key)
{
	uint8_t l[16];

	if (wdm_evp_run(key->main, zero_block, zero_block, l, 16) != 0)
		return -1;
	cmac_double(key->sub[0], l);
	cmac_double(key->sub[1], key->sub[0]);
	return 0;
}

int
wdm_cbcmac_run(const struct wdm_soft_key *key, struct wdm_sec_req *req)
{
	struct cbcmac m = { .cbc = key->main };
	uint8_t last[16] = { 0 };
	size_t body = 0;
	unsigned int d, at = 0;

	for (unsigned int i = 0; i < req->nb_a_seg; i++)
		body += req->a_seg[i].len;
	d = (unsigned int)(body - 1) % 16 + 1;
	body -= d; /* the last block is another one, and may lie in several pieces */
	for (unsigned int i = 0; i < req->nb_a_seg; i++) {
		const struct wdm_sec_seg *seg = &req->a_seg[i];
		const size_t n = seg->len < body ? seg->len : body;

		if (cbcmac_update(&m, seg->p, n) != 0)
			return -1;
		memcpy(last + at, seg->p + n, seg->len - n);
		at += (unsigned int)(seg->len - n);
		body -= n;
	}
	if (d < 16)
		last[d] = 0x80;
	xor16(last, last, key->sub[d < 16]);
	if (cbcmac_blocks(&m, last, 16) != 0)
		return -1;
	memcpy(req->mac, m.x, 16);
	return 0;
}
