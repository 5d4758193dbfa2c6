/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* A cipher and an auth algorithm over one message, with bytes around the payload that are authenticated only. */

#include "wdt_alg.h"

static struct wdt_msg msg;

/* ---- forms and messages ---- */

static void
form_random(struct wdt_form *form, uint32_t len)
{
	const uint64_t r = wdt_random();

	*form = (struct wdt_form){
		.offset = (uint32_t)(wdt_random() % 24),
		.apart = r & 1,
		.named = r & 2,
		.digest = (enum wdt_place)(wdt_random() % 3),
	};
	len += form->offset;
	if (r & 4)
		wdt_cuts_even(&form->src, len, 1 + (uint32_t)(wdt_random() % len));
	if (r & 8)
		wdt_cuts_even(&form->dst, len, 1 + (uint32_t)(wdt_random() % len));
	/* no more segments than there is room for */
	if (form->src.nb == RTE_DIM(form->src.len))
		form->src.nb = 0;
	if (form->dst.nb == RTE_DIM(form->dst.len))
		form->dst.nb = 0;
}

/* ---- the promised ones: keys, digests, and where everything lies ---- */

static const int hmacs[] = { RTE_CRYPTO_AUTH_SHA1_HMAC, RTE_CRYPTO_AUTH_SHA256_HMAC,
	RTE_CRYPTO_AUTH_SHA512_HMAC };
static const uint16_t hmac_sizes[] = { 20, 32, 64 };

static struct wdt_alg
cbc_hmac(unsigned int which, uint16_t key_len, uint16_t auth_key_len, uint16_t digest_len)
{
	struct wdt_alg alg = {
		.kind = WDT_CHAIN,
		.cipher = RTE_CRYPTO_CIPHER_AES_CBC,
		.key_len = key_len,
		.iv_len = 16,
		.auth = hmacs[which],
		.auth_key_len = auth_key_len,
		.digest_len = digest_len,
	};

	wdt_alg_new_keys(&alg);
	return alg;
}

static int
keys_and_digests(struct wdt_rig *rig)
{
	static const uint16_t auth_keys[] = { 1, 20, 31, 64 };

	for (unsigned int i = 0; i < RTE_DIM(hmacs) * 3 * RTE_DIM(auth_keys); i++) {
		const unsigned int which = i % RTE_DIM(hmacs);
		const uint16_t key_len = (uint16_t)(16 + i / RTE_DIM(hmacs) % 3 * 8);

		for (uint16_t digest = 4; digest <= hmac_sizes[which]; digest += 4) {
			const struct wdt_alg alg = cbc_hmac(which, key_len,
					auth_keys[i / (RTE_DIM(hmacs) * 3)], digest);
			struct wdt_form form;

			WDT_CHECK_EQ(wdt_msg_random(&alg, 8, 48, 0, &msg), 0);
			form_random(&form, 56);
			WDT_TRY(wdt_round_trip(rig, &alg, &msg, &form));
		}
	}
	return WDT_PASS;
}

WDT_TEST(crypto_chain_keys_and_digests)
{
	return wdt_rig_each(WDT_RIG_ALL, keys_and_digests);
}

/* Every header, digest place, kind of packet, in place and out of place. */
static int
forms(struct wdt_rig *rig)
{
	static const uint32_t headers[] = { 0, 4, 8, 20 };
	static const uint32_t segment[] = { 4000, 11 };

	for (unsigned int i = 0; i < 4 * 3 * 3 * 4; i++) {
		const struct wdt_alg alg = cbc_hmac(i % 3, 16, 20, 12);
		struct wdt_form form = { .digest = (enum wdt_place)(i / 4 % 3),
			.apart = i / 12 % 3 == 1 };
		const uint32_t header = headers[i % 4];

		form.named = i / 12 % 3 == 2;
		WDT_CHECK_EQ(wdt_msg_random(&alg, header, 64, 0, &msg), 0);
		wdt_cuts_even(&form.src, header + 64, segment[i / 36 & 1]);
		wdt_cuts_even(&form.dst, header + 64, segment[i / 72 & 1]);
		WDT_TRY(wdt_round_trip(rig, &alg, &msg, &form));
	}
	return WDT_PASS;
}

WDT_TEST(crypto_chain_headers_and_places)
{
	return wdt_rig_each(WDT_RIG_ALL, forms);
}

/* ---- ops whose regions make no sense ---- */

static int
bad_regions(struct wdt_rig *rig)
{
	const struct wdt_alg alg = cbc_hmac(0, 16, 20, 12);
	const struct wdt_form form = { .offset = 32 };
	struct wdt_job job = { .alg = &alg, .msg = &msg, .form = &form, .forward = true };

	job.session = wdt_alg_session(rig, &alg, true, false);
	WDT_CHECK(job.session != NULL);
	for (unsigned int i = 0; i < 5; i++) {
		struct rte_crypto_sym_op *sym;

		WDT_CHECK_EQ(wdt_msg_random(&alg, 8, 64, 0, &msg), 0);
		WDT_TRY(wdt_job_prepare(rig, &job));
		sym = job.op->sym;
		switch (i) {
		case 0: /* the payload starts before what is authenticated */
			sym->cipher.data.offset = 16;
			break;
		case 1: /* it ends behind it */
			sym->auth.data.length = 64;
			break;
		case 2: /* half a block */
			sym->cipher.data.length = 56;
			break;
		case 3:
			sym->cipher.data.length = 0;
			break;
		default:
			sym->auth.digest.data = NULL;
			break;
		}
		WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(rig->c.id, 0, &job.op, 1), 0);
		WDT_TRY(wdt_job_check(&job, RTE_CRYPTO_OP_STATUS_INVALID_ARGS));
		wdt_job_free(&job);
	}
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(rig->c.id, job.session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_chain_bad_regions)
{
	return wdt_rig_each(WDT_RIG_ALL, bad_regions);
}
