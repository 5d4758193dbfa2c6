/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Where AAD and tag of an AEAD may lie, with payloads down to nothing. */

#include "wdt_alg.h"

static struct wdt_msg msg;

static const struct wdt_alg algs[] = {
	{ .kind = WDT_AEAD,
			.aead = RTE_CRYPTO_AEAD_AES_GCM,
			.key_len = 16,
			.iv_len = 12,
			.digest_len = 16 },
	{ .kind = WDT_AEAD,
			.aead = RTE_CRYPTO_AEAD_AES_GCM,
			.key_len = 32,
			.iv_len = 12,
			.digest_len = 13 },
	{ .kind = WDT_AEAD,
			.aead = RTE_CRYPTO_AEAD_AES_CCM,
			.key_len = 16,
			.iv_len = 13,
			.digest_len = 10 },
	{ .kind = WDT_AEAD,
			.aead = RTE_CRYPTO_AEAD_AES_CCM,
			.key_len = 24,
			.iv_len = 7,
			.digest_len = 16 },
};

/* Form number i of 36: place of the AAD, of the tag, in place or not, flat or split. */
static void
form_set(struct wdt_form *form, unsigned int i, const struct wdt_alg *alg)
{
	*form = (struct wdt_form){
		.aad = (enum wdt_place)(i % 3),
		.digest = (enum wdt_place)(i / 3 % 3),
		.apart = i / 9 & 1,
	};
	if (form->aad == WDT_INLINE)
		form->offset = 18 + alg->aad_len + (uint32_t)(wdt_random() % 10);
	if ((i / 18 & 1) == 0)
		return;
	/* AAD stays in the first segment */
	wdt_cuts_even(&form->src, form->offset + msg.len, form->offset + 1 + msg.len / 3);
	wdt_cuts_even(&form->dst, form->offset + msg.len, form->offset / 2 + 1 + msg.len / 4);
}

static int
places(struct wdt_rig *rig)
{
	static const uint16_t aads[] = { 0, 1, 8, 12, 20, 300 };
	static const uint32_t lens[] = { 0, 1, 60, 1500 };

	for (unsigned int i = 0; i < RTE_DIM(algs) * RTE_DIM(aads); i++) {
		struct wdt_alg alg = algs[i % RTE_DIM(algs)];
		struct wdt_pair pair;

		wdt_alg_new_keys(&alg);
		alg.aad_len = aads[i / RTE_DIM(algs)];
		WDT_TRY(wdt_pair_open(rig, &alg, &pair));
		for (unsigned int j = 0; j < RTE_DIM(lens) * 36; j++) {
			struct wdt_form form;

			WDT_CHECK_EQ(wdt_msg_random(&alg, 0, lens[j % RTE_DIM(lens)], 0, &msg), 0);
			form_set(&form, j / RTE_DIM(lens), &alg);
			WDT_TRY(wdt_pair_run(rig, &alg, &pair, &msg, &form));
		}
		WDT_TRY(wdt_pair_close(rig, &pair));
	}
	return WDT_PASS;
}

WDT_TEST(crypto_aead_places_of_aad_and_tag)
{
	return wdt_rig_each(WDT_RIG_ALL, places);
}

/* Long AAD apart and bounced, out of place to a list: what the device would write over it goes nowhere. */
static int
long_aad_apart(struct wdt_rig *rig)
{
	static const uint16_t aads[] = { 4095, 4096, 4097, 20000, 65279 };

	for (unsigned int i = 0; i < RTE_DIM(algs) * RTE_DIM(aads); i++) {
		struct wdt_alg alg = algs[i % RTE_DIM(algs)];
		struct wdt_form form = { .apart = true, .aad = i & 1 ? WDT_NO_IOVA : WDT_APART };

		wdt_alg_new_keys(&alg);
		alg.aad_len = aads[i / RTE_DIM(algs)];
		WDT_CHECK_EQ(wdt_msg_random(&alg, 0, 100, 0, &msg), 0);
		WDT_TRY(wdt_round_trip(rig, &alg, &msg, &form));
		form.dst = (struct wdt_cuts){ .nb = 2, .len = { 50, 7 } };
		WDT_TRY(wdt_round_trip(rig, &alg, &msg, &form));
	}
	return WDT_PASS;
}

WDT_TEST(crypto_aead_long_aad_apart)
{
	return wdt_rig_each(WDT_RIG_ALL, long_aad_apart);
}

/* Every single bit of AAD, cipher text, nonce and tag counts. */
static int
flip(struct wdt_rig *rig, struct wdt_alg *alg, uint8_t *field, uint32_t len)
{
	const struct wdt_form form = { .offset = 0 };
	struct wdt_job job = { .alg = alg, .msg = &msg, .form = &form };

	job.session = wdt_alg_session(rig, alg, false, false);
	WDT_CHECK(job.session != NULL);
	for (uint32_t bit = 0; bit < 8 * len; bit++) {
		struct rte_crypto_op *back;

		field[bit / 8] ^= (uint8_t)(1U << bit % 8);
		WDT_TRY(wdt_job_prepare(rig, &job));
		WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(rig->c.id, 0, &job.op, 1), 1);
		WDT_CHECK_EQ(wdt_rig_dequeue(rig, 0, &back, 1), 1);
		WDT_TRY(wdt_job_check(&job, RTE_CRYPTO_OP_STATUS_AUTH_FAILED));
		wdt_job_free(&job);
		field[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(rig->c.id, job.session), 0);
	return WDT_PASS;
}

static int
each_bit(struct wdt_rig *rig)
{
	for (unsigned int i = 0; i < RTE_DIM(algs); i++) {
		struct wdt_alg alg = algs[i];

		wdt_alg_new_keys(&alg);
		alg.aad_len = 13;
		WDT_CHECK_EQ(wdt_msg_random(&alg, 0, 37, 0, &msg), 0);
		WDT_TRY(flip(rig, &alg, msg.aad, alg.aad_len));
		WDT_TRY(flip(rig, &alg, msg.cipher, msg.len));
		WDT_TRY(flip(rig, &alg, msg.iv, alg.iv_len));
		WDT_TRY(flip(rig, &alg, msg.digest, alg.digest_len));
	}
	return WDT_PASS;
}

WDT_TEST(crypto_aead_each_bit_counts)
{
	return wdt_rig_each(WDT_RIG_ALL, each_bit);
}
