/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* A cipher and an auth algorithm over one message, with bytes around the payload that are authenticated only. */

#include "wdt_alg.h"

static struct wdt_msg msg;

/* ---- which chains there are ---- */

/* What every version has to have. */
static bool
is_promised(const struct wdt_alg *alg)
{
	return alg->cipher == RTE_CRYPTO_CIPHER_AES_CBC &&
			(alg->auth == RTE_CRYPTO_AUTH_SHA1_HMAC ||
					alg->auth == RTE_CRYPTO_AUTH_SHA256_HMAC ||
					alg->auth == RTE_CRYPTO_AUTH_SHA512_HMAC);
}

static bool
is_null_auth(const struct wdt_alg *alg)
{
	return alg->auth == RTE_CRYPTO_AUTH_NULL;
}

/* Both sessions, or none; a chain that is offered one way only is an error. */
static int
chain_open(struct wdt_rig *rig, const struct wdt_alg *alg, struct wdt_pair *pair, bool *open)
{
	pair->forward = wdt_alg_session(rig, alg, true, true);
	pair->backward = wdt_alg_session(rig, alg, false, true);
	*open = pair->forward != NULL;
	WDT_CHECK_EQ(pair->backward != NULL, *open);
	WDT_CHECK(*open || !is_promised(alg));
	return WDT_PASS;
}

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

/* Messages of each header, with and without a trailer, flat and split, in place and not. */
static int
run_messages(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	static const uint32_t headers[] = { 0, 4, 8, 20, 1, 200 }, lens[] = { 16, 64, 1504 };
	struct wdt_form form;

	for (unsigned int i = 0; i < RTE_DIM(headers) * RTE_DIM(lens); i++) {
		const uint32_t header = is_null_auth(alg) ? 0 : headers[i % RTE_DIM(headers)];
		const uint32_t len = lens[i / RTE_DIM(headers)];
		const uint32_t trailer = is_null_auth(alg) || wdt_random() % 4 != 0 ? 0 : 4;

		WDT_CHECK_EQ(wdt_msg_random(alg, header, len, trailer, &msg), 0);
		form_random(&form, header + len + trailer);
		WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
	}
	return WDT_PASS;
}

static int
run_pair_of_caps(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cipher_cap,
		const struct rte_cryptodev_capabilities *auth_cap, unsigned int *nb)
{
	struct wdt_alg cipher, auth, alg;
	struct wdt_pair pair;
	bool open;

	wdt_alg_of_cap(cipher_cap, &cipher);
	wdt_alg_of_cap(auth_cap, &auth);
	wdt_alg_chain(&cipher, &auth, &alg);
	alg.digest_len = auth_cap->sym.auth.digest_size.max;
	WDT_TRY(chain_open(rig, &alg, &pair, &open));
	if (!open)
		return WDT_PASS;
	++*nb;
	WDT_TRY(run_messages(rig, &alg, &pair));
	return wdt_pair_close(rig, &pair);
}

/* Each cipher with each auth algorithm that the driver takes. */
static int
each_chain(struct wdt_rig *rig)
{
	const struct rte_cryptodev_capabilities *cipher, *auth;
	unsigned int nb = 0;

	for (cipher = wdt_rig_caps(rig); cipher->op != RTE_CRYPTO_OP_TYPE_UNDEFINED; cipher++) {
		if (cipher->sym.xform_type != RTE_CRYPTO_SYM_XFORM_CIPHER)
			continue;
		for (auth = wdt_rig_caps(rig); auth->op != RTE_CRYPTO_OP_TYPE_UNDEFINED; auth++) {
			if (auth->sym.xform_type == RTE_CRYPTO_SYM_XFORM_AUTH)
				WDT_TRY(run_pair_of_caps(rig, cipher, auth, &nb));
		}
	}
	printf("# hw=v%u engine=%s sva=%d: %u chains\n", rig->hw, rig->engine, rig->sva, nb);
	WDT_CHECK(nb >= 3);
	return WDT_PASS;
}

WDT_TEST(crypto_chain_of_each_pair)
{
	return wdt_rig_each(WDT_RIG_ALL, each_chain);
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
