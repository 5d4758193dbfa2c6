/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * What is asked for most: AES-CBC, AES-CTR, HMAC, both, and AES-GCM. The library has calls
 * for these that work on many descriptors of one kind, or on one at once, and do not have
 * to find out for each what it is, as its queue of jobs does.
 *
 * A descriptor's route says with which others it shares calls. Those of a batch wait
 * until the batch is looked through, and then go by route.
 */

#include <string.h>

#include "sec.h"

#define ROUTE_ONE 1U /* GCM, which has a call for one */
#define ROUTE_BURST 2U

static bool
cipher_bursts(const struct wdm_sec_bd *bd)
{
	if (bd->cipher == HISI_SEC_CIPHER_COPY || bd->c_alg != HISI_SEC_C_ALG_AES)
		return false;
	return (bd->c_mode == HISI_SEC_C_MODE_CBC && bd->c_len <= WDM_SEC_LANE_MAX) ||
			bd->c_mode == HISI_SEC_C_MODE_CTR;
}

/* The library's calls leave out MD5. */
static bool
auth_bursts(const struct wdm_sec_bd *bd)
{
	return bd->a_kind == WDM_SEC_AUTH_HMAC && wdm_sec_imb_hmacs[bd->hash] != 0 &&
			bd->hash != HISI_SEC_A_ALG_MD5 && !bd->no_pad && !bd->state_in &&
			bd->a_len > 0 && bd->a_len <= WDM_SEC_LANE_MAX;
}

uint32_t
wdm_sec_route(const struct wdm_sec *sec, const struct wdm_sec_bd *bd)
{
	const bool cipher = bd->cipher != HISI_SEC_CIPHER_NONE;
	const bool auth = bd->auth != HISI_SEC_AUTH_NONE;
	uint32_t route = ROUTE_BURST;

	if (sec->imb == NULL)
		return 0;
	if (bd->kind == WDM_SEC_AEAD)
		return bd->c_alg == HISI_SEC_C_ALG_AES && bd->c_mode == HISI_SEC_C_MODE_GCM ?
				ROUTE_ONE :
				0;
	if (bd->kind > WDM_SEC_CHAIN || (cipher && !cipher_bursts(bd)) ||
			(auth && !auth_bursts(bd)))
		return 0;
	if (cipher)
		route |= (uint32_t)bd->cipher << 2 | (uint32_t)bd->c_mode << 4 |
				(uint32_t)bd->c_key_len << 8;
	if (auth)
		route |= (uint32_t)bd->auth << 16 | (uint32_t)bd->auth_first << 18 |
				(uint32_t)bd->hash << 20;
	return route;
}

static void
gcm(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const struct wdm_sec_bd *bd = req->bd;
	const struct gcm_key_data *key = &req->c_slot->u.imb_gcm;
	const bool encrypt = bd->cipher == HISI_SEC_CIPHER_ENCRYPT;
	const uint8_t *aad = req->nb_a_seg > 0 ? req->a_seg[0].p : NULL;
	struct gcm_context_data context;
	const IMB_MGR *imb = sec->imb;
	aes_gcm_enc_dec_t run;

	if (bd->c_key_len == 16)
		run = encrypt ? imb->gcm128_enc : imb->gcm128_dec;
	else if (bd->c_key_len == 24)
		run = encrypt ? imb->gcm192_enc : imb->gcm192_dec;
	else
		run = encrypt ? imb->gcm256_enc : imb->gcm256_dec;
	run(key, &context, req->out, req->in, bd->c_len, req->iv, aad, bd->a_len, req->mac, 16);
	wdm_sec_finish(req);
}

void
wdm_sec_burst_add(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	sec->pending[sec->nb_pending++] = req;
}

static void
job_fill(IMB_JOB *job, struct wdm_sec_req *req)
{
	const struct wdm_sec_bd *bd = req->bd;

	job->user_data = req;
	if (bd->cipher != HISI_SEC_CIPHER_NONE) {
		job->src = req->in;
		job->dst = req->out;
		job->enc_keys = req->c_slot->u.imb_aes.enc;
		job->dec_keys = req->c_slot->u.imb_aes.dec;
		job->key_len_in_bytes = bd->c_key_len;
		job->iv = req->iv;
		job->iv_len_in_bytes = 16;
		job->cipher_start_src_offset_in_bytes = 0;
		job->msg_len_to_cipher_in_bytes = bd->c_len;
	} else {
		job->src = req->a_seg[0].p;
	}
	if (bd->auth == HISI_SEC_AUTH_NONE)
		return;
	job->u.HMAC._hashed_auth_key_xor_ipad = req->a_slot->u.imb_hmac.inner;
	job->u.HMAC._hashed_auth_key_xor_opad = req->a_slot->u.imb_hmac.outer;
	job->auth_tag_output = req->mac;
	/* always the full length: the library knows few others */
	job->auth_tag_output_len_in_bytes = wdm_hash_info[bd->hash].digest;
	/* relative to src, which the authenticated data need not follow */
	job->hash_start_src_offset_in_bytes =
			(uint64_t)((uintptr_t)req->a_seg[0].p - (uintptr_t)job->src);
	job->msg_len_to_hash_in_bytes = bd->a_len;
}

static bool
hash(struct wdm_sec *sec, const struct wdm_sec_bd *bd, unsigned int nb)
{
	return IMB_SUBMIT_HASH_BURST_NOCHECK(
			       sec->imb, sec->jobs, nb, wdm_sec_imb_hmacs[bd->hash]) == nb;
}

static bool
cipher(struct wdm_sec *sec, const struct wdm_sec_bd *bd, unsigned int nb)
{
	return IMB_SUBMIT_CIPHER_BURST_NOCHECK(sec->imb, sec->jobs, nb,
			       bd->c_mode == HISI_SEC_C_MODE_CBC ? IMB_CIPHER_CBC : IMB_CIPHER_CNTR,
			       bd->cipher == HISI_SEC_CIPHER_DECRYPT ? IMB_DIR_DECRYPT :
								       IMB_DIR_ENCRYPT,
			       (IMB_KEY_SIZE_BYTES)bd->c_key_len) == nb;
}

/* What does not verify is done with, and must not be deciphered; returns how many are left. */
static unsigned int
verified(struct wdm_sec *sec, unsigned int nb)
{
	unsigned int nb_left = 0;

	for (unsigned int i = 0; i < nb; i++) {
		struct wdm_sec_req *req = sec->jobs[i].user_data;

		if (!wdm_sec_verified(req))
			wdm_sec_finish(req);
		else if (nb_left++ != i)
			sec->jobs[nb_left - 1] = sec->jobs[i];
	}
	return nb_left;
}

/* All jobs are of one route; the library has no others in flight, as they would share lanes. */
static void
run(struct wdm_sec *sec, unsigned int nb)
{
	const struct wdm_sec_bd *bd = ((const struct wdm_sec_req *)sec->jobs[0].user_data)->bd;
	const bool ciphers = bd->cipher != HISI_SEC_CIPHER_NONE;
	const bool hashes = bd->auth != HISI_SEC_AUTH_NONE;
	bool ok = true;

	if (hashes && (bd->auth_first || !ciphers)) {
		ok = hash(sec, bd, nb);
		if (ok && ciphers && bd->verify)
			nb = verified(sec, nb);
	}
	if (ok && ciphers && nb > 0)
		ok = cipher(sec, bd, nb);
	if (ok && ciphers && hashes && !bd->auth_first)
		ok = hash(sec, bd, nb);
	for (unsigned int i = 0; i < nb; i++) {
		struct wdm_sec_req *req = sec->jobs[i].user_data;

		if (ok)
			wdm_sec_finish(req);
		else
			wdm_sec_report_error(req->task, WDM_SEC_E_ENGINE);
	}
}

/* Those pending that have the route; returns how many. */
static unsigned int
gather(struct wdm_sec *sec, uint32_t route)
{
	unsigned int nb = 0, nb_left = 0;

	for (unsigned int i = 0; i < sec->nb_pending; i++) {
		struct wdm_sec_req *req = sec->pending[i];

		if (req->bd->route != route)
			sec->pending[nb_left++] = req;
		else if (route == ROUTE_ONE)
			gcm(sec, req);
		else
			job_fill(&sec->jobs[nb++], req);
	}
	sec->nb_pending = nb_left;
	return nb;
}

void
wdm_sec_burst_run(struct wdm_sec *sec)
{
	while (sec->nb_pending > 0) {
		const unsigned int nb = gather(sec, sec->pending[0]->bd->route);

		if (nb > 0)
			run(sec, nb);
	}
}
