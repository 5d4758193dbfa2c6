/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The longest messages that can be right, and those just beyond; destinations by their room. */

#include "wdt_alg.h"
#include "wdt_oracle.h"

#include <openssl/evp.h>

/* ---- CCM: a nonce of 13 bytes leaves two for the length, and 65536 does not fit ---- */

static struct wdt_msg msg;

static int
ccm_at_length(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair,
		uint32_t len)
{
	struct wdt_form form = { .offset = 0 };

	if (wdt_len_verdict(rig, alg, len) == WDT_REFUSED) {
		msg.header = msg.trailer = 0;
		msg.len = len; /* libcrypto refuses it, too: with whatever text was there before */
	} else {
		WDT_CHECK_EQ(wdt_msg_random(alg, 0, len, 0, &msg), 0);
	}
	wdt_cuts_even(&form.src, len, 2000);
	return wdt_pair_run(rig, alg, pair, &msg, &form);
}

static int
ccm_length_field(struct wdt_rig *rig)
{
	static const uint16_t nonces[] = { 13, 12 }, aads[] = { 0, 8 };

	for (unsigned int i = 0; i < 4; i++) {
		const struct wdt_alg alg = {
			.kind = WDT_AEAD,
			.aead = RTE_CRYPTO_AEAD_AES_CCM,
			.key_len = 16,
			.iv_len = nonces[i & 1],
			.digest_len = 8,
			.aad_len = aads[i >> 1],
		};
		struct wdt_pair pair;

		WDT_TRY(wdt_pair_open(rig, &alg, &pair));
		WDT_TRY(ccm_at_length(rig, &alg, &pair, UINT16_MAX));
		WDT_TRY(ccm_at_length(rig, &alg, &pair, UINT16_MAX + 1));
		WDT_TRY(wdt_pair_close(rig, &pair));
	}
	return WDT_PASS;
}

WDT_TEST(crypto_limits_ccm_length_field)
{
	return wdt_rig_each(WDT_RIG_ALL, ccm_length_field);
}

/* ---- the most that one descriptor takes, from one buffer over and over ---- */

#define MAX_DATA 0xfffe00U
#define PIECE 60000U

/* len bytes that all lie in `one`. */
static struct rte_mbuf *
repeated(struct wdt_rig *rig, struct rte_mbuf *one, uint32_t len)
{
	struct rte_mbuf *first = NULL, *last = NULL;

	for (uint32_t left = len; left > 0;) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(rig->c.mbufs);
		const uint32_t n = RTE_MIN(left, PIECE);

		if (m == NULL)
			return NULL;
		rte_pktmbuf_attach(m, one);
		m->data_len = (uint16_t)n;
		m->pkt_len = n;
		if (first == NULL) {
			first = m;
		} else {
			last->next = m;
			first->nb_segs++;
			first->pkt_len += n;
		}
		last = m;
		left -= n;
	}
	return first;
}

static int
sha256_repeated(const uint8_t *piece, uint32_t len, uint8_t *digest)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	for (uint32_t left = len; left > 0; left -= RTE_MIN(left, PIECE))
		EVP_DigestUpdate(ctx, piece, RTE_MIN(left, PIECE));
	EVP_DigestFinal_ex(ctx, digest, NULL);
	EVP_MD_CTX_free(ctx);
	return WDT_PASS;
}

/* Status of a hash over len bytes, -1 if it was not taken; the digest is at the start of the side memory. */
static int
hash_repeated(struct wdt_rig *rig, void *session, struct rte_mbuf *one, uint32_t len)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(rig->c.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC),
			     *back;
	int status = -1;

	op->sym->m_src = repeated(rig, one, len);
	rte_crypto_op_attach_sym_session(op, session);
	op->sym->auth.data.offset = 0;
	op->sym->auth.data.length = len;
	op->sym->auth.digest.data = rig->side->addr;
	op->sym->auth.digest.phys_addr = rig->side->iova;
	op->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	if (rte_cryptodev_enqueue_burst(rig->c.id, 0, &op, 1) == 1 &&
			wdt_rig_dequeue(rig, 0, &back, 1) == 1)
		status = op->status;
	else if (op->status != RTE_CRYPTO_OP_STATUS_INVALID_ARGS)
		status = -2;
	wdt_crypto_op_free(op);
	return status;
}

static int
longest(struct wdt_rig *rig)
{
	const struct wdt_alg alg = {
		.kind = WDT_AUTH, .auth = RTE_CRYPTO_AUTH_SHA256, .digest_len = 32
	};
	void *session = wdt_alg_session(rig, &alg, true, false);
	struct rte_mbuf *one = rte_pktmbuf_alloc(rig->big);
	uint8_t want[32];

	WDT_CHECK(session != NULL && one != NULL);
	wdt_random_bytes(rte_pktmbuf_mtod(one, void *), PIECE);
	WDT_TRY(sha256_repeated(rte_pktmbuf_mtod(one, const uint8_t *), MAX_DATA, want));
	WDT_CHECK_EQ(hash_repeated(rig, session, one, MAX_DATA), RTE_CRYPTO_OP_STATUS_SUCCESS);
	WDT_CHECK_MEM((const uint8_t *)rig->side->addr, want, sizeof(want));
	WDT_CHECK_EQ(hash_repeated(rig, session, one, MAX_DATA + 1), -1);
	rte_pktmbuf_free(one);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(rig->c.id, session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_limits_most_data)
{
	return wdt_rig_each(WDT_RIG_ALL, longest);
}

/* ---- a flat destination whose data length the application sets later: its room counts ---- */

static int
unset_destination(struct wdt_rig *rig)
{
	static const struct wdt_alg algs[] = {
		{ .kind = WDT_CIPHER,
				.cipher = RTE_CRYPTO_CIPHER_AES_CBC,
				.key_len = 16,
				.iv_len = 16 },
		{ .kind = WDT_AEAD,
				.aead = RTE_CRYPTO_AEAD_AES_GCM,
				.key_len = 16,
				.iv_len = 12,
				.digest_len = 16,
				.aad_len = 9 },
		{ .kind = WDT_AUTH,
				.auth = RTE_CRYPTO_AUTH_SHA1_HMAC,
				.auth_key_len = 20,
				.digest_len = 12 },
		{ .kind = WDT_CHAIN,
				.cipher = RTE_CRYPTO_CIPHER_AES_CBC,
				.key_len = 16,
				.iv_len = 16,
				.auth = RTE_CRYPTO_AUTH_SHA1_HMAC,
				.auth_key_len = 20,
				.digest_len = 12 },
	};

	for (unsigned int i = 0; i < RTE_DIM(algs); i++) {
		struct wdt_form form = { .offset = 5, .apart = true, .dst_unset = true };

		WDT_CHECK_EQ(wdt_msg_random(&algs[i], algs[i].kind == WDT_CHAIN ? 8 : 0, 48, 0,
					     &msg),
				0);
		WDT_TRY(wdt_round_trip(rig, &algs[i], &msg, &form));
		form.src = (struct wdt_cuts){ .nb = 1, .len = { 20 } };
		WDT_TRY(wdt_round_trip(rig, &algs[i], &msg, &form));
	}
	return WDT_PASS;
}

WDT_TEST(crypto_limits_destination_without_data_length)
{
	return wdt_rig_each(WDT_RIG_ALL, unset_destination);
}
