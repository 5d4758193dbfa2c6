/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* libcrypto: every algorithm, one descriptor after the other. */

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "sec.h"

/* What a slot is for, where that is not a mode of the descriptor. */
enum {
	SOFT_GCTR = WDM_SEC_C_MODES, /* CTR, ECB and GHASH: GCM from its parts */
	SOFT_CMAC,
	SOFT_XCBC,
};

static const char *const mode_names[WDM_SEC_C_MODES] = {
	[HISI_SEC_C_MODE_ECB] = "ECB",
	[HISI_SEC_C_MODE_CBC] = "CBC",
	[HISI_SEC_C_MODE_CFB] = "CFB",
	[HISI_SEC_C_MODE_OFB] = "OFB",
	[HISI_SEC_C_MODE_CTR] = "CTR",
	[HISI_SEC_C_MODE_GCM] = "GCM",
	[HISI_SEC_C_MODE_XTS] = "XTS",
};

/* The cipher, fetched once: a fetch costs more than a descriptor. */
static EVP_CIPHER *
fetch(struct wdm_sec *sec, uint8_t alg, uint32_t key_len, uint8_t mode)
{
	EVP_CIPHER **cipher;
	char name[32];

	if (alg == HISI_SEC_C_ALG_DES)
		alg = HISI_SEC_C_ALG_3DES; /* single DES is in the legacy provider only */
	if (alg == HISI_SEC_C_ALG_3DES) {
		cipher = &sec->ciphers[alg][0][mode];
		snprintf(name, sizeof(name), "DES-EDE3-%s", mode_names[mode]);
	} else if (alg == HISI_SEC_C_ALG_SM4) {
		cipher = &sec->ciphers[alg][0][mode];
		snprintf(name, sizeof(name), "SM4-%s", mode_names[mode]);
	} else {
		cipher = &sec->ciphers[alg][key_len / 8 - 2][mode];
		snprintf(name, sizeof(name), "AES-%u-%s", key_len * 8, mode_names[mode]);
	}
	if (*cipher == NULL)
		*cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	return *cipher;
}

void
wdm_sec_soft_destroy(struct wdm_sec *sec)
{
	EVP_CIPHER **cipher = &sec->ciphers[0][0][0];

	for (size_t i = 0; i < sizeof(sec->ciphers) / sizeof(*cipher); i++)
		EVP_CIPHER_free(cipher[i]);
}

static EVP_CIPHER_CTX *
context(struct wdm_sec *sec, uint8_t alg, const uint8_t *key, uint32_t key_len, uint8_t mode,
		uint8_t dir)
{
	const EVP_CIPHER *cipher = fetch(sec, alg, key_len, mode);
	EVP_CIPHER_CTX *ctx;
	uint8_t des[24];

	if (alg == HISI_SEC_C_ALG_DES || alg == HISI_SEC_C_ALG_3DES) {
		for (unsigned int i = 0; i < sizeof(des); i++)
			des[i] = key[i % key_len];
		key = des;
	}
	ctx = cipher == NULL ? NULL : EVP_CIPHER_CTX_new();
	if (ctx != NULL &&
			(EVP_CipherInit_ex(ctx, cipher, NULL, key, NULL,
					 dir == HISI_SEC_CIPHER_ENCRYPT) != 1 ||
					EVP_CIPHER_CTX_set_padding(ctx, 0) != 1)) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	OPENSSL_cleanse(des, sizeof(des));
	return ctx;
}

static int
expand_xcbc(struct wdm_sec *sec, struct wdm_soft_key *soft, const uint8_t *key)
{
	EVP_CIPHER_CTX *ecb = context(sec, HISI_SEC_C_ALG_AES, key, 16, HISI_SEC_C_MODE_ECB,
			HISI_SEC_CIPHER_ENCRYPT);
	uint8_t keys[3][16];
	int rc;

	/* RFC 3566: K1 to K3 are blocks of ones, twos and threes, encrypted */
	for (unsigned int i = 0; i < 3; i++)
		memset(keys[i], (int)i + 1, 16);
	rc = ecb == NULL ? -1 : wdm_evp_run(ecb, NULL, keys[0], keys[0], sizeof(keys));
	EVP_CIPHER_CTX_free(ecb);
	if (rc == 0) {
		soft->main = context(sec, HISI_SEC_C_ALG_AES, keys[0], 16, HISI_SEC_C_MODE_CBC,
				HISI_SEC_CIPHER_ENCRYPT);
		memcpy(soft->sub, keys[1], sizeof(soft->sub));
	}
	OPENSSL_cleanse(keys, sizeof(keys));
	return soft->main == NULL ? -1 : 0;
}

static int
expand_xts(struct wdm_sec *sec, struct wdm_soft_key *soft, uint8_t alg, const uint8_t *key,
		uint32_t half, uint8_t dir)
{
	/* libcrypto refuses two equal halves, hardware does not */
	if (alg == HISI_SEC_C_ALG_AES && memcmp(key, key + half, half) != 0) {
		soft->main = context(sec, alg, key, half, HISI_SEC_C_MODE_XTS, dir);
		return soft->main == NULL ? -1 : 0;
	}
	soft->main = context(sec, alg, key, half, HISI_SEC_C_MODE_ECB, dir);
	soft->aux = context(
			sec, alg, key + half, half, HISI_SEC_C_MODE_ECB, HISI_SEC_CIPHER_ENCRYPT);
	return soft->main == NULL || soft->aux == NULL ? -1 : 0;
}

int
wdm_sec_soft_expand(struct wdm_sec *sec, struct wdm_sec_slot *slot)
{
	const uint8_t alg = WDM_SLOT_ALG(slot->id), mode = WDM_SLOT_MODE(slot->id);
	const uint8_t dir = WDM_SLOT_DIR(slot->id), enc = HISI_SEC_CIPHER_ENCRYPT;
	struct wdm_soft_key *soft = &slot->u.soft;
	const uint32_t len = slot->key_len;
	uint8_t h[16] = { 0 };

	soft->main = NULL;
	soft->aux = NULL;
	switch (mode) {
	case SOFT_GCTR:
		soft->main = context(sec, alg, slot->key, len, HISI_SEC_C_MODE_CTR, enc);
		soft->aux = context(sec, alg, slot->key, len, HISI_SEC_C_MODE_ECB, enc);
		if (soft->main == NULL || soft->aux == NULL ||
				wdm_evp_run(soft->aux, NULL, h, h, 16) != 0)
			return -1;
		wdm_ghash_init(&soft->ghash, h);
		return 0;
	case SOFT_CMAC:
		soft->main = context(sec, alg, slot->key, len, HISI_SEC_C_MODE_CBC, enc);
		return soft->main == NULL ? -1 : wdm_cmac_subkeys(soft);
	case SOFT_XCBC:
		return expand_xcbc(sec, soft, slot->key);
	case HISI_SEC_C_MODE_CCM:
		soft->main = context(sec, alg, slot->key, len, HISI_SEC_C_MODE_CTR, enc);
		soft->aux = context(sec, alg, slot->key, len, HISI_SEC_C_MODE_CBC, enc);
		return soft->main == NULL || soft->aux == NULL ? -1 : 0;
	case HISI_SEC_C_MODE_XTS:
		return expand_xts(sec, soft, alg, slot->key, len / 2, dir);
	case HISI_SEC_C_MODE_CBC_CS:
		soft->main = context(sec, alg, slot->key, len, HISI_SEC_C_MODE_CBC, dir);
		return soft->main == NULL ? -1 : 0;
	default:
		soft->main = context(sec, alg, slot->key, len, mode, dir);
		return soft->main == NULL ? -1 : 0;
	}
}

void
wdm_sec_soft_wipe(struct wdm_sec_slot *slot)
{
	if (WDM_SLOT_KIND(slot->id) != WDM_SLOT_SOFT)
		return;
	EVP_CIPHER_CTX_free(slot->u.soft.main);
	EVP_CIPHER_CTX_free(slot->u.soft.aux);
}

static uint32_t
cipher_slot_id(const struct wdm_sec_req *req)
{
	uint8_t mode = req->bd->c_mode, dir = req->bd->cipher;

	if (req->bd->kind == WDM_SEC_GCM_PART ||
			(mode == HISI_SEC_C_MODE_GCM && req->bd->c_alg != HISI_SEC_C_ALG_AES))
		mode = SOFT_GCTR;
	if (mode == SOFT_GCTR || mode == HISI_SEC_C_MODE_CCM || mode == HISI_SEC_C_MODE_CTR)
		dir = HISI_SEC_CIPHER_ENCRYPT;
	return WDM_SLOT_ID(WDM_SLOT_SOFT, req->bd->c_alg, mode, dir);
}

static uint32_t
auth_slot_id(const struct wdm_sec_req *req)
{
	static const uint8_t modes[] = {
		[WDM_SEC_AUTH_XCBC] = SOFT_XCBC,
		[WDM_SEC_AUTH_CMAC] = SOFT_CMAC,
		[WDM_SEC_AUTH_GMAC] = SOFT_GCTR,
	};

	if (req->bd->a_kind == WDM_SEC_AUTH_HMAC)
		return WDM_SLOT_ID(WDM_SLOT_HMAC, req->bd->hash, 0, 0);
	return WDM_SLOT_ID(WDM_SLOT_SOFT, HISI_SEC_C_ALG_AES, modes[req->bd->a_kind],
			HISI_SEC_CIPHER_ENCRYPT);
}

enum wdm_sec_error
wdm_sec_soft_keys(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	enum wdm_sec_error error = WDM_SEC_OK;

	if (req->bd->c_key_len > 0)
		error = wdm_sec_key_get(sec, req->space, cipher_slot_id(req), req->bd->c_key,
				req->bd->c_key_len, &req->c_slot);
	if (error == WDM_SEC_OK && req->bd->a_key_len > 0)
		error = wdm_sec_key_get(sec, req->space, auth_slot_id(req), req->bd->a_key,
				req->bd->a_key_len, &req->a_slot);
	return error;
}

static int
run_cipher(struct wdm_sec_req *req)
{
	const struct wdm_soft_key *key;

	if (req->bd->cipher == HISI_SEC_CIPHER_COPY) {
		memmove(req->out, req->in, req->bd->c_len);
		return 0;
	}
	key = &req->c_slot->u.soft;
	switch (req->bd->c_mode) {
	case HISI_SEC_C_MODE_CTR:
		return wdm_ctr_run(key->main, req->c_iv, req->bd->carry128, req->in, req->out,
				req->bd->c_len);
	case HISI_SEC_C_MODE_XTS:
		if (key->aux != NULL)
			return wdm_xts_run(key, req);
		return wdm_evp_run(key->main, req->c_iv, req->in, req->out, req->bd->c_len);
	case HISI_SEC_C_MODE_CBC_CS:
		return wdm_cts_run(key, req);
	default:
		return wdm_evp_run(key->main, req->bd->c_iv_len > 0 ? req->c_iv : NULL, req->in,
				req->out, req->bd->c_len);
	}
}

/* Length of what the state at hand stands for, the padded key of an HMAC included. */
static uint64_t
hashed_before(const struct wdm_sec_req *req)
{
	const uint64_t key = req->bd->a_kind == WDM_SEC_AUTH_HMAC ?
			wdm_hash_info[req->bd->hash].block :
			0;

	return key + req->bd->total_len - req->bd->a_len;
}

static int
run_hash(struct wdm_sec_req *req)
{
	const struct wdm_hmac_key *key = req->bd->a_kind == WDM_SEC_AUTH_HMAC &&
					req->bd->a_key_len > 0 ?
			&req->a_slot->u.hmac :
			NULL;
	struct wdm_hash h;

	if (req->bd->state_in)
		wdm_hash_import(&h, req->bd->hash, req->a_iv, hashed_before(req));
	else if (key != NULL)
		h = key->inner;
	else
		wdm_hash_init(&h, req->bd->hash);
	for (unsigned int i = 0; i < req->nb_a_seg; i++)
		wdm_hash_update(&h, req->a_seg[i].p, req->a_seg[i].len);
	if (req->bd->no_pad) {
		wdm_hash_export(&h, req->mac);
		return 0;
	}
	wdm_hash_final(&h, req->mac);
	if (key != NULL) {
		h = key->outer;
		wdm_hash_update(&h, req->mac, wdm_hash_info[req->bd->hash].digest);
		wdm_hash_final(&h, req->mac);
	}
	return 0;
}

static int
run_auth(struct wdm_sec_req *req)
{
	switch (req->bd->a_kind) {
	case WDM_SEC_AUTH_XCBC:
	case WDM_SEC_AUTH_CMAC:
		return wdm_cbcmac_run(&req->a_slot->u.soft, req);
	case WDM_SEC_AUTH_GMAC:
		return wdm_gmac_run(&req->a_slot->u.soft, req);
	default:
		return run_hash(req);
	}
}

static int
run_chain(struct wdm_sec_req *req)
{
	if (req->bd->auth_first)
		return run_auth(req) != 0 ? -1 : run_cipher(req);
	return run_cipher(req) != 0 ? -1 : run_auth(req);
}

static int
run_evp_gcm(struct wdm_sec_req *req)
{
	EVP_CIPHER_CTX *ctx = req->c_slot->u.soft.main;
	int n;

	if (EVP_CipherInit_ex(ctx, NULL, NULL, NULL, req->c_iv, -1) != 1)
		return -1;
	if (req->bd->verify &&
			EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, req->bd->mac_len,
					req->want) != 1)
		return -1;
	for (unsigned int i = 0; i < req->nb_a_seg; i++) {
		if (EVP_CipherUpdate(ctx, NULL, &n, req->a_seg[i].p, (int)req->a_seg[i].len) != 1)
			return -1;
	}
	if (req->bd->c_len > 0 &&
			EVP_CipherUpdate(ctx, req->out, &n, req->in, (int)req->bd->c_len) != 1)
		return -1;
	if (!req->bd->verify)
		return EVP_CipherFinal_ex(ctx, req->mac, &n) == 1 &&
						EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16,
								req->mac) == 1 ?
				0 :
				-1;
	/* libcrypto compares by itself and does not say what it found */
	memcpy(req->mac, req->want, req->bd->mac_len);
	if (EVP_CipherFinal_ex(ctx, req->out + req->bd->c_len, &n) != 1)
		req->mac[0] ^= 1;
	return 0;
}

static int
run_aead(struct wdm_sec_req *req)
{
	if (req->bd->c_mode == HISI_SEC_C_MODE_CCM)
		return wdm_ccm_run(&req->c_slot->u.soft, req);
	if (req->bd->c_alg == HISI_SEC_C_ALG_AES)
		return run_evp_gcm(req);
	return wdm_gcm_run(&req->c_slot->u.soft, req);
}

int
wdm_sec_soft_run(struct wdm_sec_req *req)
{
	switch (req->bd->kind) {
	case WDM_SEC_CIPHER:
		return run_cipher(req);
	case WDM_SEC_AUTH:
		return run_auth(req);
	case WDM_SEC_CHAIN:
		return run_chain(req);
	case WDM_SEC_AEAD:
		return run_aead(req);
	case WDM_SEC_GHASH:
		return wdm_gcm_part_run(&req->a_slot->u.soft, req);
	default:
		return wdm_gcm_part_run(&req->c_slot->u.soft, req);
	}
}
