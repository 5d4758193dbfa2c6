/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * What results have to be, from libcrypto in one call where it has the
 * algorithm, else from the text of the standard as plainly as possible.
 * Codes as in the descriptor; functions end the program when libcrypto fails.
 */

#ifndef TEST_MODEL_SEC_ORACLE_H
#define TEST_MODEL_SEC_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oracle_cipher {
	uint8_t alg, mode, width, ctr_mode;
	const uint8_t *key;
	unsigned int key_len; /* as the descriptor's key: both halves of XTS */
	const uint8_t *iv;
};

void oracle_cipher(const struct oracle_cipher *c, bool encrypt, const uint8_t *in, uint8_t *out,
		size_t len);
/** Hash, HMAC, XCBC, CMAC or GMAC by its code; returns the full length. */
unsigned int oracle_mac(uint8_t a_alg, const uint8_t *key, unsigned int key_len, const uint8_t *iv,
		const uint8_t *msg, size_t len, uint8_t mac[64]);
/** GCM with an IV of 12 bytes, CCM with a nonce of nonce_len; encryption. */
void oracle_aead(const struct oracle_cipher *c, unsigned int nonce_len, const uint8_t *aad,
		size_t aad_len, const uint8_t *in, uint8_t *out, size_t len, uint8_t *tag,
		unsigned int tag_len);

/** CCM encryption from the blocks a descriptor carries, whether they fit the message or not. */
void oracle_ccm_blocks(const struct oracle_cipher *c, const uint8_t b0[16],
		const uint8_t counter[16], const uint8_t *aad, size_t aad_len, const uint8_t *in,
		uint8_t *out, size_t len, uint8_t *tag, unsigned int tag_len);

#endif /* TEST_MODEL_SEC_ORACLE_H */
