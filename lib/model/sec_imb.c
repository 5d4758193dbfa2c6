/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * libipsec-mb: all descriptors of a batch become jobs, which the library works
 * on several at a time, then everything is flushed. What is asked for most takes
 * the calls of sec_burst.c instead.
 */

#include <string.h>

#include "sec.h"

/* Longer authenticated data in two places is hashed where it is, by libcrypto. */
#define MAX_JOIN 65520U
/* What fits in the library's buffer for the first blocks of a CCM message. */
#define MAX_CCM_AAD 46U

const IMB_HASH_ALG wdm_sec_imb_hmacs[WDM_HASH_NB] = {
	[HISI_SEC_A_ALG_SHA1] = IMB_AUTH_HMAC_SHA_1,
	[HISI_SEC_A_ALG_SHA224] = IMB_AUTH_HMAC_SHA_224,
	[HISI_SEC_A_ALG_SHA256] = IMB_AUTH_HMAC_SHA_256,
	[HISI_SEC_A_ALG_SHA384] = IMB_AUTH_HMAC_SHA_384,
	[HISI_SEC_A_ALG_SHA512] = IMB_AUTH_HMAC_SHA_512,
	[HISI_SEC_A_ALG_MD5] = IMB_AUTH_MD5,
};

static const IMB_HASH_ALG hash_algs[WDM_HASH_NB] = {
	[HISI_SEC_A_ALG_SHA1] = IMB_AUTH_SHA_1,
	[HISI_SEC_A_ALG_SHA224] = IMB_AUTH_SHA_224,
	[HISI_SEC_A_ALG_SHA256] = IMB_AUTH_SHA_256,
	[HISI_SEC_A_ALG_SHA384] = IMB_AUTH_SHA_384,
	[HISI_SEC_A_ALG_SHA512] = IMB_AUTH_SHA_512,
};

int
wdm_sec_imb_create(struct wdm_sec *sec)
{
	sec->imb = alloc_mb_mgr(0);
	if (sec->imb == NULL)
		return -1;
	init_mb_mgr_auto(sec->imb, NULL);
	if (imb_get_errno(sec->imb) != 0) {
		/* a processor the library does not know: libcrypto does it all */
		free_mb_mgr(sec->imb);
		sec->imb = NULL;
	}
	return 0;
}

void
wdm_sec_imb_destroy(struct wdm_sec *sec)
{
	if (sec->imb != NULL)
		free_mb_mgr(sec->imb);
}

bool
wdm_sec_imb_counts(const struct wdm_sec_req *req)
{
	const uint64_t start = (uint64_t)req->c_iv[12] << 24 | (uint64_t)req->c_iv[13] << 16 |
			(uint64_t)req->c_iv[14] << 8 | req->c_iv[15];

	return start + (req->bd->c_len + 15) / 16 <= 1ULL << 32;
}

static bool
takes_cipher(const struct wdm_sec_req *req)
{
	const bool des = req->bd->c_alg == HISI_SEC_C_ALG_DES ||
			req->bd->c_alg == HISI_SEC_C_ALG_3DES;

	if (req->bd->cipher == HISI_SEC_CIPHER_COPY)
		return false;
	if (des)
		return req->bd->c_mode == HISI_SEC_C_MODE_CBC && req->bd->c_len <= WDM_SEC_LANE_MAX;
	if (req->bd->c_alg != HISI_SEC_C_ALG_AES)
		return false;
	switch (req->bd->c_mode) {
	case HISI_SEC_C_MODE_CBC:
		return req->bd->c_len <= WDM_SEC_LANE_MAX;
	case HISI_SEC_C_MODE_ECB:
		return true;
	case HISI_SEC_C_MODE_CTR:
		return wdm_sec_imb_counts(req);
	default:
		return false;
	}
}

static bool
takes_auth(const struct wdm_sec_req *req)
{
	if (req->bd->a_len == 0 || req->bd->a_len > WDM_SEC_LANE_MAX)
		return false;
	if (req->bd->a_kind == WDM_SEC_AUTH_GMAC)
		return true;
	if (req->bd->no_pad || req->bd->state_in)
		return false;
	switch (req->bd->a_kind) {
	case WDM_SEC_AUTH_HASH:
		return hash_algs[req->bd->hash] != 0;
	case WDM_SEC_AUTH_HMAC:
		return wdm_sec_imb_hmacs[req->bd->hash] != 0;
	case WDM_SEC_AUTH_XCBC:
		return req->bd->mac_len <= 12; /* the library makes no more of it */
	case WDM_SEC_AUTH_CMAC:
		return true;
	default:
		return false;
	}
}

/* The library loads all of the last block of a CMAC message, also what is beyond its end. */
static void
cmac_input(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	uint8_t *copy;

	if (req->bd->a_kind != WDM_SEC_AUTH_CMAC || req->bd->a_len % 16 == 0)
		return;
	copy = wdm_sec_arena_get(sec, req->bd->a_len);
	memcpy(copy, req->a_seg[0].p, req->bd->a_len);
	req->a_seg[0].p = copy;
}

/* Put what is authenticated in one place: the library wants one range a job. */
static bool
join(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	uint8_t *buf, *p;

	if (req->nb_a_seg == 1)
		return true;
	/* else the result's tail would have to be hashed away from where it goes */
	if (req->bd->c_off < req->bd->a_off ||
			req->bd->c_off + req->bd->c_len > req->bd->a_off + req->bd->a_len ||
			req->bd->a_len > MAX_JOIN)
		return false;
	buf = p = wdm_sec_arena_get(sec, req->bd->a_len);
	for (unsigned int i = 0; i < req->nb_a_seg; i++) {
		const struct wdm_sec_seg *seg = &req->a_seg[i];

		/* the result itself is yet to come */
		if (seg->p != req->out || seg->len != req->bd->c_len)
			memcpy(p, seg->p, seg->len);
		p += seg->len;
	}
	req->out = buf + (req->bd->c_off - req->bd->a_off);
	req->scatter = true;
	req->a_seg[0] = (struct wdm_sec_seg){ buf, req->bd->a_len };
	req->nb_a_seg = 1;
	return true;
}

/*
 * CCM: the library makes B0 and the counter blocks from nonce and lengths, so
 * those of the descriptor must be what it would make.
 */
static bool
takes_ccm(const struct wdm_sec_req *req)
{
	const unsigned int l = req->c_iv[0] + 1U, nonce_len = 15 - l;
	uint8_t b0[16] = { 0 }, counter[16] = { 0 };

	if (req->bd->c_key_len == 24 || req->bd->c_len == 0 || req->bd->c_len > WDM_SEC_LANE_MAX ||
			req->bd->a_len > MAX_CCM_AAD)
		return false;
	b0[0] = (uint8_t)((l - 1) | (req->bd->mac_len - 2U) / 2 << 3 |
			(req->bd->a_len > 0 ? 0x40 : 0));
	memcpy(b0 + 1, req->c_iv + 1, nonce_len);
	b0[14] = (uint8_t)(req->bd->c_len >> 8);
	b0[15] = (uint8_t)req->bd->c_len;
	memcpy(counter, req->c_iv, nonce_len + 1);
	counter[15] = 1;
	return memcmp(b0, req->a_iv, 16) == 0 && memcmp(counter, req->c_iv, 16) == 0;
}

static bool
takes_aead(const struct wdm_sec_req *req)
{
	if (req->bd->c_alg != HISI_SEC_C_ALG_AES)
		return false;
	return req->bd->c_mode == HISI_SEC_C_MODE_GCM || takes_ccm(req);
}

bool
wdm_sec_imb_takes(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	switch (req->bd->kind) {
	case WDM_SEC_CIPHER:
		return takes_cipher(req);
	case WDM_SEC_AUTH:
		if (!takes_auth(req))
			return false;
		cmac_input(sec, req);
		return true;
	case WDM_SEC_CHAIN:
		return takes_cipher(req) && takes_auth(req) && join(sec, req);
	case WDM_SEC_AEAD:
		return takes_aead(req);
	default:
		return false;
	}
}

static uint32_t
cipher_slot_id(const struct wdm_sec_req *req)
{
	if (req->bd->c_mode == HISI_SEC_C_MODE_GCM)
		return WDM_SLOT_ID(WDM_SLOT_IMB_GCM, 0, 0, 0);
	if (req->bd->c_alg == HISI_SEC_C_ALG_AES)
		return WDM_SLOT_ID(WDM_SLOT_IMB_AES, 0, 0, 0);
	return WDM_SLOT_ID(WDM_SLOT_IMB_DES, 0, 0, 0);
}

static uint32_t
auth_slot_id(const struct wdm_sec_req *req)
{
	if (req->bd->a_kind == WDM_SEC_AUTH_XCBC)
		return WDM_SLOT_ID(WDM_SLOT_IMB_XCBC, 0, 0, 0);
	if (req->bd->a_kind == WDM_SEC_AUTH_CMAC)
		return WDM_SLOT_ID(WDM_SLOT_IMB_CMAC, 0, 0, 0);
	if (req->bd->a_kind == WDM_SEC_AUTH_GMAC)
		return WDM_SLOT_ID(WDM_SLOT_IMB_GCM, 0, 0, 0);
	return WDM_SLOT_ID(WDM_SLOT_IMB_HMAC, req->bd->hash, 0, 0);
}

enum wdm_sec_error
wdm_sec_imb_keys(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const struct wdm_sec_req *before = sec->with_keys;
	enum wdm_sec_error error = WDM_SEC_OK;

	/* the same keys, which nobody may change while both are in flight */
	if (before != NULL && req->way != WDM_SEC_NEW && before->recent == req->recent) {
		req->c_slot = before->c_slot;
		req->a_slot = before->a_slot;
		return WDM_SEC_OK;
	}
	if (req->bd->c_key_len > 0)
		error = wdm_sec_key_get(sec, req->space, cipher_slot_id(req), req->bd->c_key,
				req->bd->c_key_len, &req->c_slot);
	if (error == WDM_SEC_OK && req->bd->a_key_len > 0)
		error = wdm_sec_key_get(sec, req->space, auth_slot_id(req), req->bd->a_key,
				req->bd->a_key_len, &req->a_slot);
	/* a drain for the second key has counted the first one's use as over */
	if (error == WDM_SEC_OK && req->bd->c_key_len > 0)
		req->c_slot->tick = ++sec->tick;
	if (error == WDM_SEC_OK && req->way != WDM_SEC_NEW)
		sec->with_keys = req;
	return error;
}

static void
expand_aes(IMB_MGR *imb, struct wdm_sec_slot *slot)
{
	struct wdm_imb_aes *aes = &slot->u.imb_aes;

	if (slot->key_len == 16)
		IMB_AES_KEYEXP_128(imb, slot->key, aes->enc, aes->dec);
	else if (slot->key_len == 24)
		IMB_AES_KEYEXP_192(imb, slot->key, aes->enc, aes->dec);
	else
		IMB_AES_KEYEXP_256(imb, slot->key, aes->enc, aes->dec);
}

static void
expand_gcm(IMB_MGR *imb, struct wdm_sec_slot *slot)
{
	if (slot->key_len == 16)
		IMB_AES128_GCM_PRE(imb, slot->key, &slot->u.imb_gcm);
	else if (slot->key_len == 24)
		IMB_AES192_GCM_PRE(imb, slot->key, &slot->u.imb_gcm);
	else
		IMB_AES256_GCM_PRE(imb, slot->key, &slot->u.imb_gcm);
}

static void
expand_cbcmac(IMB_MGR *imb, struct wdm_sec_slot *slot)
{
	struct wdm_imb_cbcmac *mac = &slot->u.imb_cbcmac;
	struct wdm_imb_aes aes;

	if (WDM_SLOT_KIND(slot->id) == WDM_SLOT_IMB_XCBC) {
		IMB_AES_XCBC_KEYEXP(imb, slot->key, mac->key, mac->sub[0], mac->sub[1]);
		return;
	}
	IMB_AES_KEYEXP_128(imb, slot->key, mac->key, aes.dec);
	IMB_AES_CMAC_SUBKEY_GEN_128(imb, mac->key, mac->sub[0], mac->sub[1]);
	OPENSSL_cleanse(&aes, sizeof(aes));
}

/* The library takes the state in the byte order of its registers. */
static void
expand_hmac(struct wdm_sec_slot *slot)
{
	const uint8_t alg = WDM_SLOT_ALG(slot->id);
	struct wdm_hmac_key key;

	wdm_hmac_key_init(&key, alg, slot->key, slot->key_len);
	switch (alg) {
	case HISI_SEC_A_ALG_MD5:
		memcpy(slot->u.imb_hmac.inner, &key.inner.u.md5.A, 16);
		memcpy(slot->u.imb_hmac.outer, &key.outer.u.md5.A, 16);
		break;
	case HISI_SEC_A_ALG_SHA1:
		memcpy(slot->u.imb_hmac.inner, &key.inner.u.sha1.h0, 20);
		memcpy(slot->u.imb_hmac.outer, &key.outer.u.sha1.h0, 20);
		break;
	case HISI_SEC_A_ALG_SHA224:
	case HISI_SEC_A_ALG_SHA256:
		memcpy(slot->u.imb_hmac.inner, key.inner.u.sha256.h, 32);
		memcpy(slot->u.imb_hmac.outer, key.outer.u.sha256.h, 32);
		break;
	default:
		memcpy(slot->u.imb_hmac.inner, key.inner.u.sha512.h, 64);
		memcpy(slot->u.imb_hmac.outer, key.outer.u.sha512.h, 64);
		break;
	}
	OPENSSL_cleanse(&key, sizeof(key));
}

static void
expand_des(IMB_MGR *imb, struct wdm_sec_slot *slot)
{
	for (unsigned int i = 0; i < 3; i++)
		IMB_DES_KEYSCHED(imb, slot->u.imb_des.ks[i], slot->key + 8 * i % slot->key_len);
}

void
wdm_sec_imb_expand(struct wdm_sec *sec, struct wdm_sec_slot *slot)
{
	switch (WDM_SLOT_KIND(slot->id)) {
	case WDM_SLOT_IMB_AES:
		expand_aes(sec->imb, slot);
		break;
	case WDM_SLOT_IMB_GCM:
		expand_gcm(sec->imb, slot);
		break;
	case WDM_SLOT_IMB_HMAC:
		expand_hmac(slot);
		break;
	case WDM_SLOT_IMB_DES:
		expand_des(sec->imb, slot);
		break;
	default:
		expand_cbcmac(sec->imb, slot);
		break;
	}
}

static void
fill_cipher(IMB_JOB *job, struct wdm_sec_req *req)
{
	static const IMB_CIPHER_MODE modes[] = {
		[HISI_SEC_C_MODE_ECB] = IMB_CIPHER_ECB,
		[HISI_SEC_C_MODE_CBC] = IMB_CIPHER_CBC,
		[HISI_SEC_C_MODE_CTR] = IMB_CIPHER_CNTR,
		[HISI_SEC_C_MODE_CCM] = IMB_CIPHER_CCM,
	};

	job->cipher_mode = modes[req->bd->c_mode];
	job->key_len_in_bytes = req->bd->c_key_len;
	if (req->bd->c_alg == HISI_SEC_C_ALG_AES) {
		job->enc_keys = req->c_slot->u.imb_aes.enc;
		job->dec_keys = req->c_slot->u.imb_aes.dec;
	} else if (req->bd->c_alg == HISI_SEC_C_ALG_3DES) {
		for (unsigned int i = 0; i < 3; i++)
			req->des_keys[i] = req->c_slot->u.imb_des.ks[i];
		job->cipher_mode = IMB_CIPHER_DES3;
		job->key_len_in_bytes = 24;
		job->enc_keys = job->dec_keys = req->des_keys;
	} else {
		job->cipher_mode = IMB_CIPHER_DES;
		job->enc_keys = job->dec_keys = req->c_slot->u.imb_des.ks[0];
	}
	job->iv = req->c_iv;
	job->iv_len_in_bytes = req->bd->c_iv_len;
	job->src = req->in;
	job->dst = req->out;
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = req->bd->c_len;
}

static void
fill_gmac(IMB_JOB *job, struct wdm_sec_req *req)
{
	job->hash_alg = req->bd->a_key_len == 16 ? IMB_AUTH_AES_GMAC_128 :
			req->bd->a_key_len == 24 ? IMB_AUTH_AES_GMAC_192 :
						   IMB_AUTH_AES_GMAC_256;
	job->u.GMAC._key = &req->a_slot->u.imb_gcm;
	job->u.GMAC._iv = req->a_iv;
	job->u.GMAC.iv_len_in_bytes = 12;
	job->auth_tag_output_len_in_bytes = 16;
}

static void
fill_auth(IMB_JOB *job, struct wdm_sec_req *req)
{
	struct wdm_sec_slot *slot = req->a_slot;

	switch (req->bd->a_kind) {
	case WDM_SEC_AUTH_HASH:
		job->hash_alg = hash_algs[req->bd->hash];
		job->auth_tag_output_len_in_bytes = wdm_hash_info[req->bd->hash].digest;
		break;
	case WDM_SEC_AUTH_GMAC:
		fill_gmac(job, req);
		break;
	case WDM_SEC_AUTH_XCBC:
		job->hash_alg = IMB_AUTH_AES_XCBC;
		job->u.XCBC._k1_expanded = (const uint32_t *)slot->u.imb_cbcmac.key;
		job->u.XCBC._k2 = slot->u.imb_cbcmac.sub[0];
		job->u.XCBC._k3 = slot->u.imb_cbcmac.sub[1];
		job->auth_tag_output_len_in_bytes = 12;
		break;
	case WDM_SEC_AUTH_CMAC:
		job->hash_alg = IMB_AUTH_AES_CMAC;
		job->u.CMAC._key_expanded = slot->u.imb_cbcmac.key;
		job->u.CMAC._skey1 = slot->u.imb_cbcmac.sub[0];
		job->u.CMAC._skey2 = slot->u.imb_cbcmac.sub[1];
		job->auth_tag_output_len_in_bytes = 16;
		break;
	default:
		job->hash_alg = wdm_sec_imb_hmacs[req->bd->hash];
		job->u.HMAC._hashed_auth_key_xor_ipad = slot->u.imb_hmac.inner;
		job->u.HMAC._hashed_auth_key_xor_opad = slot->u.imb_hmac.outer;
		/* always the full length: the library knows few others */
		job->auth_tag_output_len_in_bytes = wdm_hash_info[req->bd->hash].digest;
		break;
	}
	job->auth_tag_output = req->mac;
	/* relative to src, which the authenticated data need not follow */
	job->hash_start_src_offset_in_bytes =
			(uint64_t)((uintptr_t)req->a_seg[0].p - (uintptr_t)job->src);
	job->msg_len_to_hash_in_bytes = req->bd->a_len;
}

static void
fill_ccm(IMB_JOB *job, struct wdm_sec_req *req)
{
	job->hash_alg = IMB_AUTH_AES_CCM;
	job->iv = req->c_iv + 1;
	job->iv_len_in_bytes = 14U - req->c_iv[0];
	job->u.CCM.aad = req->nb_a_seg > 0 ? req->a_seg[0].p : NULL;
	job->u.CCM.aad_len_in_bytes = req->bd->a_len;
	job->auth_tag_output = req->mac;
	job->auth_tag_output_len_in_bytes = req->bd->mac_len;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = req->bd->c_len;
}

static void
fill(IMB_JOB *job, struct wdm_sec_req *req)
{
	bool hash_first = req->bd->auth_first;

	if (req->bd->cipher == HISI_SEC_CIPHER_NONE) {
		job->cipher_mode = IMB_CIPHER_NULL;
		job->msg_len_to_cipher_in_bytes = 0;
		job->src = req->a_seg[0].p;
		job->dst = NULL;
	} else {
		fill_cipher(job, req);
	}
	job->hash_alg = IMB_AUTH_NULL;
	if (req->bd->kind == WDM_SEC_AEAD) {
		fill_ccm(job, req);
		hash_first = req->bd->cipher == HISI_SEC_CIPHER_ENCRYPT;
	} else if (req->bd->kind != WDM_SEC_CIPHER) {
		fill_auth(job, req);
	}
	job->cipher_direction = req->bd->cipher == HISI_SEC_CIPHER_DECRYPT ? IMB_DIR_DECRYPT :
									     IMB_DIR_ENCRYPT;
	job->chain_order = hash_first ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	job->user_data = req;
}

static void
collect(struct wdm_sec *sec, IMB_JOB *job)
{
	struct wdm_sec_req *req = job->user_data;

	sec->in_flight--;
	if (job->status != IMB_STATUS_COMPLETED) {
		wdm_sec_report_error(req->task, WDM_SEC_E_ENGINE);
		return;
	}
	wdm_sec_finish(req);
}

void
wdm_sec_imb_submit(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	IMB_JOB *job;

	if (req->bd->route != 0) {
		req->iv = req->c_iv;
		wdm_sec_burst_add(sec, req);
		return;
	}
	sec->in_flight++;
	job = IMB_GET_NEXT_JOB(sec->imb);
	fill(job, req);
	job = IMB_SUBMIT_JOB_NOCHECK(sec->imb);
	while (job != NULL) {
		collect(sec, job);
		job = IMB_GET_COMPLETED_JOB(sec->imb);
	}
}

void
wdm_sec_imb_flush(struct wdm_sec *sec)
{
	IMB_JOB *job;

	while (sec->in_flight > 0 && (job = IMB_FLUSH_JOB(sec->imb)) != NULL)
		collect(sec, job);
	/* behind all jobs: they would share lanes */
	wdm_sec_burst_run(sec);
}
