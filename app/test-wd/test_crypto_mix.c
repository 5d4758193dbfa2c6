/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Many sessions at a time: bursts of ops of every class on two queue pairs, each op checked. */

#include <stdlib.h>

#include "wdt_alg.h"

#define NB_SESSIONS 64U
#define BURST 32U
#define NB_QPS 2U
static_assert(NB_QPS * BURST <= WDT_NB_SLOTS, "one slot a job");

struct member {
	struct wdt_alg alg;
	bool forward;
	void *session;
};

struct mix {
	struct member members[NB_SESSIONS];
	/* of the ops in flight */
	struct wdt_job jobs[NB_QPS][BURST];
	struct wdt_form forms[NB_QPS][BURST];
	struct wdt_msg msgs[NB_QPS][BURST];
};

static uint16_t
range_any(const struct rte_crypto_param_range *range)
{
	const uint32_t step = range->increment == 0 ? 1 : range->increment;

	return (uint16_t)(range->min +
			wdt_random() % ((range->max - range->min) / step + 1U) * step);
}

static void
alg_any(const struct rte_cryptodev_capabilities *cap, struct wdt_alg *alg)
{
	const struct rte_cryptodev_symmetric_capability *sym = &cap->sym;

	wdt_alg_of_cap(cap, alg);
	switch (alg->kind) {
	case WDT_CIPHER:
		alg->key_len = range_any(&sym->cipher.key_size);
		break;
	case WDT_AUTH:
		alg->auth_key_len = range_any(&sym->auth.key_size);
		alg->digest_len = range_any(&sym->auth.digest_size);
		break;
	default:
		alg->key_len = range_any(&sym->aead.key_size);
		alg->digest_len = range_any(&sym->aead.digest_size);
		alg->iv_len = range_any(&sym->aead.iv_size);
		alg->aad_len = (uint16_t)(wdt_random() % 64);
		break;
	}
}

static void
alg_chain_any(struct wdt_alg *alg)
{
	*alg = (struct wdt_alg){
		.kind = WDT_CHAIN,
		.cipher = RTE_CRYPTO_CIPHER_AES_CBC,
		.key_len = (uint16_t)(16 + wdt_random() % 3 * 8),
		.iv_len = 16,
		.auth = RTE_CRYPTO_AUTH_SHA256_HMAC,
		.auth_key_len = 32,
		.digest_len = 16,
	};
	wdt_alg_new_keys(alg);
}

/* One member after another, through all capabilities, with a chain now and then. */
static int
members_open(struct wdt_rig *rig, struct mix *mix)
{
	const struct rte_cryptodev_capabilities *cap = wdt_rig_caps(rig);

	for (unsigned int i = 0; i < NB_SESSIONS; cap++) {
		struct member *m = &mix->members[i];

		if (cap->op == RTE_CRYPTO_OP_TYPE_UNDEFINED)
			cap = wdt_rig_caps(rig);
		alg_any(cap, &m->alg);
		if (m->alg.kind == WDT_AUTH && m->alg.auth == RTE_CRYPTO_AUTH_NULL)
			continue;
		if (i % 5 == 4)
			alg_chain_any(&m->alg);
		m->forward = wdt_random() & 1;
		m->session = wdt_alg_session(rig, &m->alg, m->forward, false);
		WDT_CHECK(m->session != NULL);
		i++;
	}
	return WDT_PASS;
}

static int
members_close(struct wdt_rig *rig, struct mix *mix)
{
	for (unsigned int i = 0; i < NB_SESSIONS; i++)
		WDT_CHECK_EQ(rte_cryptodev_sym_session_free(rig->c.id, mix->members[i].session), 0);
	return WDT_PASS;
}

static uint32_t
len_any(const struct wdt_rig *rig, const struct wdt_alg *alg)
{
	uint32_t len;

	do
		len = (uint32_t)(wdt_random() % (wdt_random() % 8 == 0 ? 1600 : 320));
	while (wdt_len_verdict(rig, alg, len) != WDT_RIGHT);
	return len;
}

static void
form_any(struct wdt_form *form, uint32_t len)
{
	const uint64_t r = wdt_random();

	*form = (struct wdt_form){
		.offset = (uint32_t)(wdt_random() % 20),
		.apart = r % 4 == 0,
		.digest = (enum wdt_place)(wdt_random() % 3),
		.aad = wdt_random() % 4 == 0 ? WDT_NO_IOVA : WDT_APART,
	};
	len += form->offset;
	if (r & 0x100)
		wdt_cuts_even(&form->src, len, 1 + len / 3);
	if (r & 0x200)
		wdt_cuts_even(&form->dst, len, 1 + len / 2);
}

/* A job of a random member for place i of a queue pair's burst. */
static int
job_any(struct wdt_rig *rig, struct mix *mix, uint16_t qp, unsigned int i)
{
	const struct member *m = &mix->members[wdt_random() % NB_SESSIONS];
	const uint32_t header = m->alg.kind == WDT_CHAIN ? (uint32_t)(wdt_random() % 3 * 8) : 0;
	struct wdt_job *job = &mix->jobs[qp][i];
	struct wdt_msg *msg = &mix->msgs[qp][i];
	const uint32_t len = len_any(rig, &m->alg);
	const int rc = wdt_msg_random(&m->alg, header, len, 0, msg);

	if (rc != 0)
		return rc == -1 ? WDT_FAIL :
				  job_any(rig, mix, qp, i); /* an algorithm without oracle */
	form_any(&mix->forms[qp][i], header + len);
	*job = (struct wdt_job){
		.alg = &m->alg,
		.msg = msg,
		.form = &mix->forms[qp][i],
		.session = m->session,
		.forward = m->forward,
		.spoil = !m->forward && wdt_alg_has_digest(&m->alg) && wdt_random() % 4 == 0,
		.slot = qp * BURST + i,
	};
	return wdt_job_prepare(rig, job);
}

/* Take back what is there, in order, and check it. */
static int
take(struct wdt_rig *rig, struct mix *mix, uint16_t qp, unsigned int *done, unsigned int nb)
{
	struct rte_crypto_op *ops[BURST];
	const uint16_t n = wdt_rig_dequeue(rig, qp, ops, (uint16_t)nb);

	WDT_CHECK_EQ(n, nb);
	for (unsigned int i = 0; i < nb; i++, ++*done) {
		struct wdt_job *job = &mix->jobs[qp][*done];

		WDT_CHECK(ops[i] == job->op);
		WDT_TRY(wdt_job_check(job,
				job->spoil ? RTE_CRYPTO_OP_STATUS_AUTH_FAILED :
					     RTE_CRYPTO_OP_STATUS_SUCCESS));
		wdt_job_free(job);
	}
	return WDT_PASS;
}

/* A burst to each queue pair, in pieces of random size by turns, and back. */
static int
round_run(struct wdt_rig *rig, struct mix *mix)
{
	unsigned int sent[NB_QPS] = { 0 }, done[NB_QPS] = { 0 };
	struct rte_crypto_op *ops[NB_QPS][BURST];

	for (uint16_t qp = 0; qp < NB_QPS; qp++) {
		for (unsigned int i = 0; i < BURST; i++) {
			WDT_TRY(job_any(rig, mix, qp, i));
			ops[qp][i] = mix->jobs[qp][i].op;
		}
	}
	while (done[0] < BURST || done[1] < BURST) {
		for (uint16_t qp = 0; qp < NB_QPS; qp++) {
			const uint16_t left = (uint16_t)(BURST - sent[qp]);

			sent[qp] += rte_cryptodev_enqueue_burst(rig->c.id, qp, ops[qp] + sent[qp],
					wdt_random() % 2 == 0 ? left : (uint16_t)((left + 1) / 2));
		}
		for (uint16_t qp = 0; qp < NB_QPS; qp++)
			WDT_TRY(take(rig, mix, qp, &done[qp], sent[qp] - done[qp]));
	}
	return WDT_PASS;
}

static int
rounds(struct wdt_rig *rig, struct mix *mix, unsigned int nb)
{
	WDT_TRY(members_open(rig, mix));
	for (unsigned int i = 0; i < nb; i++)
		WDT_TRY(round_run(rig, mix));
	return members_close(rig, mix);
}

static int
mix_run(unsigned int hw, bool sva, const char *run, unsigned int nb)
{
	struct mix *mix = malloc(sizeof(*mix));
	struct wdt_rig rig;
	int rc;

	WDT_CHECK(mix != NULL);
	WDT_TRY(wdt_rig_open(&rig, hw, "auto", sva, run, NB_QPS));
	rc = rounds(&rig, mix, nb);
	if (rc != WDT_PASS)
		printf("# hw=v%u sva=%d %s\n", hw, sva, run);
	rc |= wdt_rig_close(&rig);
	free(mix);
	return rc == WDT_PASS ? WDT_PASS : WDT_FAIL;
}

WDT_TEST(crypto_mix_stepped)
{
	for (unsigned int i = 0; i < 4; i++)
		WDT_TRY(mix_run(i & 1 ? 3 : 2, i & 2, "run=inline", 200));
	return WDT_PASS;
}

/* The device on a thread of its own. */
WDT_TEST(crypto_mix_threaded)
{
	for (unsigned int i = 0; i < 4; i++)
		WDT_TRY(mix_run(i & 1 ? 3 : 2, i & 2, "run=thread", 100));
	return WDT_PASS;
}
