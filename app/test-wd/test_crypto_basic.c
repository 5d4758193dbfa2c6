/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The shortest way through the driver. */

#include "wdt_crypto.h"

/* NIST SP 800-38A, F.2.1 CBC-AES128.Encrypt, first block */
WDT_TEST(crypto_basic_cbc_vector)
{
	uint8_t key[16], iv[16], plain[16], cipher[16];
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {
			.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = { .data = key, .length = sizeof(key) },
			.iv = { .offset = WDT_IV_OFFSET, .length = sizeof(iv) },
		},
	};
	struct rte_crypto_op *op;
	struct wdt_crypto c;
	void *session;

	wdt_hex("2b7e151628aed2a6abf7158809cf4f3c", key, sizeof(key));
	wdt_hex("000102030405060708090a0b0c0d0e0f", iv, sizeof(iv));
	wdt_hex("6bc1bee22e409f96e93d7e117393172a", plain, sizeof(plain));
	wdt_hex("7649abac8119b246cee98e9b12e9197d", cipher, sizeof(cipher));

	WDT_CHECK_EQ(wdt_crypto_open(&c, "", 1, 64), 0);
	session = rte_cryptodev_sym_session_create(c.id, &xform, c.sessions);
	WDT_CHECK(session != NULL);
	op = wdt_crypto_cbc_op(&c, session, sizeof(plain), 0);
	WDT_CHECK(op != NULL);
	memcpy(rte_pktmbuf_mtod(op->sym->m_src, void *), plain, sizeof(plain));
	memcpy(rte_crypto_op_ctod_offset(op, void *, WDT_IV_OFFSET), iv, sizeof(iv));
	WDT_CHECK_EQ(wdt_crypto_run(&c, 0, op), RTE_CRYPTO_OP_STATUS_SUCCESS);
	WDT_CHECK_MEM(rte_pktmbuf_mtod(op->sym->m_src, uint8_t *), cipher, sizeof(cipher));
	wdt_crypto_op_free(op);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c.id, session), 0);
	WDT_CHECK_EQ(wdt_crypto_close(&c), 0);
	return WDT_PASS;
}

/* ---- a burst of many sessions ---- */

#define NB_KEYS 25U
#define NB_OPS 150U
#define LEN 16U

struct keys {
	void *sessions[2][NB_KEYS]; /* encrypt, decrypt */
};

static int
keys_create(struct wdt_crypto *c, struct keys *keys)
{
	uint8_t key[16] = { 0 };
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = { .data = key, .length = sizeof(key) },
			.iv = { .offset = WDT_IV_OFFSET, .length = WDT_IV_SIZE },
		},
	};

	for (unsigned int i = 0; i < 2 * NB_KEYS; i++) {
		key[0] = (uint8_t)(i % NB_KEYS);
		xform.cipher.op = i < NB_KEYS ? RTE_CRYPTO_CIPHER_OP_ENCRYPT :
						RTE_CRYPTO_CIPHER_OP_DECRYPT;
		keys->sessions[i / NB_KEYS][i % NB_KEYS] = rte_cryptodev_sym_session_create(
				c->id, &xform, c->sessions);
		WDT_CHECK(keys->sessions[i / NB_KEYS][i % NB_KEYS] != NULL);
	}
	return WDT_PASS;
}

/* One burst; op i has key i / run, so that sessions come in runs. */
static int
keys_burst(struct wdt_crypto *c, void *const *sessions, unsigned int run,
		struct rte_crypto_op **ops)
{
	struct rte_crypto_op *got[NB_OPS];

	for (unsigned int i = 0; i < NB_OPS; i++) {
		rte_crypto_op_attach_sym_session(ops[i], sessions[i / run % NB_KEYS]);
		ops[i]->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	}
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops, NB_OPS), NB_OPS);
	WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, 0, got, NB_OPS, WDT_WAIT_MS), NB_OPS);
	for (unsigned int i = 0; i < NB_OPS; i++) {
		WDT_CHECK(got[i] == ops[i]);
		WDT_CHECK_EQ(got[i]->status, RTE_CRYPTO_OP_STATUS_SUCCESS);
	}
	return WDT_PASS;
}

/* Each op's own key is used: what one encrypts the other decrypts, and no two are alike. */
static int
keys_both_ways(struct wdt_crypto *c, const struct keys *keys, unsigned int run)
{
	struct rte_crypto_op *ops[NB_OPS];
	uint8_t seen[NB_KEYS][LEN], plain[LEN];

	for (unsigned int i = 0; i < NB_OPS; i++) {
		ops[i] = wdt_crypto_cbc_op(c, keys->sessions[0][0], LEN, 7);
		WDT_CHECK(ops[i] != NULL);
	}
	memset(plain, 7, LEN);
	WDT_CHECK_EQ(keys_burst(c, keys->sessions[0], run, ops), WDT_PASS);
	for (unsigned int i = 0; i < NB_OPS; i++) {
		const unsigned int key = i / run % NB_KEYS;
		const uint8_t *out = rte_pktmbuf_mtod(ops[i]->sym->m_src, const uint8_t *);

		if (i / run < NB_KEYS)
			memcpy(seen[key], out, LEN);
		WDT_CHECK_MEM(out, seen[key], LEN);
		for (unsigned int other = 0; other < RTE_MIN(i / run, NB_KEYS); other++)
			WDT_CHECK(other == key || memcmp(out, seen[other], LEN) != 0);
	}
	WDT_CHECK_EQ(keys_burst(c, keys->sessions[1], run, ops), WDT_PASS);
	for (unsigned int i = 0; i < NB_OPS; i++) {
		WDT_CHECK_MEM(rte_pktmbuf_mtod(ops[i]->sym->m_src, const uint8_t *), plain, LEN);
		wdt_crypto_op_free(ops[i]);
	}
	return WDT_PASS;
}

WDT_TEST(crypto_basic_burst_of_many_sessions)
{
	static const unsigned int runs[] = { 1, 2, 3, 40, NB_OPS };
	struct wdt_crypto c;
	struct keys keys;

	WDT_CHECK_EQ(wdt_crypto_open(&c, "", 1, 256), 0);
	WDT_CHECK_EQ(keys_create(&c, &keys), WDT_PASS);
	for (unsigned int i = 0; i < RTE_DIM(runs); i++)
		WDT_CHECK_EQ(keys_both_ways(&c, &keys, runs[i]), WDT_PASS);
	for (unsigned int i = 0; i < 2 * NB_KEYS; i++)
		WDT_CHECK_EQ(rte_cryptodev_sym_session_free(
					     c.id, keys.sessions[i / NB_KEYS][i % NB_KEYS]),
				0);
	WDT_CHECK_EQ(wdt_crypto_close(&c), 0);
	return WDT_PASS;
}

/* In 100,000 of them each line counts: cryptodev's and the mempool's headers come on top. */
WDT_TEST(crypto_basic_session_size)
{
	struct wdt_crypto c;

	WDT_CHECK_EQ(wdt_crypto_open(&c, "", 1, 64), 0);
	WDT_CHECK(rte_cryptodev_sym_get_private_session_size(c.id) <= 256);
	WDT_CHECK_EQ(wdt_crypto_close(&c), 0);
	return WDT_PASS;
}
