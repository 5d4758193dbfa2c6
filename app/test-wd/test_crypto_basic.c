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
