/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Packets of several segments: a small message cut at every boundary, and at
 * every pair of boundaries, empty segments among them, in place and out of place
 * with the destination cut elsewhere; foreign and shared buffers.
 */

#include "wdt_alg.h"

#define LEN 48U
#define NB_ALGS 5U

static struct wdt_msg msg;
static struct wdt_alg algs[NB_ALGS];

/* One of each class of session, and GCM and CCM. */
static void
algs_make(void)
{
	const struct wdt_alg made[NB_ALGS] = {
		{ .kind = WDT_CIPHER,
				.cipher = RTE_CRYPTO_CIPHER_AES_CBC,
				.key_len = 16,
				.iv_len = 16 },
		{ .kind = WDT_AUTH,
				.auth = RTE_CRYPTO_AUTH_SHA256_HMAC,
				.auth_key_len = 32,
				.digest_len = 32 },
		{ .kind = WDT_CHAIN,
				.cipher = RTE_CRYPTO_CIPHER_AES_CBC,
				.key_len = 32,
				.iv_len = 16,
				.auth = RTE_CRYPTO_AUTH_SHA1_HMAC,
				.auth_key_len = 20,
				.digest_len = 12 },
		{ .kind = WDT_AEAD,
				.aead = RTE_CRYPTO_AEAD_AES_GCM,
				.key_len = 16,
				.iv_len = 12,
				.digest_len = 16,
				.aad_len = 12 },
		{ .kind = WDT_AEAD,
				.aead = RTE_CRYPTO_AEAD_AES_CCM,
				.key_len = 24,
				.iv_len = 11,
				.digest_len = 8,
				.aad_len = 8 },
	};

	memcpy(algs, made, sizeof(algs));
	for (unsigned int i = 0; i < NB_ALGS; i++)
		wdt_alg_new_keys(&algs[i]);
}

static int
each_alg(struct wdt_rig *rig,
		int (*fn)(struct wdt_rig *, const struct wdt_alg *, const struct wdt_pair *))
{
	struct wdt_pair pair;

	algs_make();
	for (unsigned int i = 0; i < NB_ALGS; i++) {
		const uint32_t header = algs[i].kind == WDT_CHAIN ? 8 : 0;

		WDT_CHECK_EQ(wdt_msg_random(&algs[i], header, LEN - (header == 0 ? 0 : 16), 0,
					     &msg),
				0);
		WDT_TRY(wdt_pair_open(rig, &algs[i], &pair));
		WDT_TRY(fn(rig, &algs[i], &pair));
		WDT_TRY(wdt_pair_close(rig, &pair));
	}
	return WDT_PASS;
}

/* ---- cuts ---- */

/* At most two cuts among the first len bytes; flat with none. */
static void
cuts_set(struct wdt_cuts *cuts, unsigned int nb, uint32_t first, uint32_t second)
{
	cuts->nb = nb;
	cuts->len[0] = first;
	cuts->len[1] = second - first;
}

static void
cuts_random(struct wdt_cuts *cuts, unsigned int nb, uint32_t len)
{
	const uint32_t a = (uint32_t)(wdt_random() % (len + 1)),
		       b = (uint32_t)(wdt_random() % (len + 1));

	cuts_set(cuts, nb, RTE_MIN(a, b), RTE_MAX(a, b));
}

/* The form number `how` of five, for a source in some segments: in place, and both kinds out of place. */
static void
form_set(struct wdt_form *form, unsigned int how, uint32_t offset, const struct wdt_cuts *cuts,
		uint32_t len)
{
	*form = (struct wdt_form){ .offset = offset, .apart = how >= 1 };
	switch (how) {
	case 0:
	case 1: /* list to flat */
		form->src = *cuts;
		break;
	case 2: /* list to list */
		form->src = *cuts;
		cuts_random(&form->dst, 1 + wdt_random() % 2, offset + len);
		break;
	case 3: /* flat to list */
		form->dst = *cuts;
		break;
	default: /* flat to flat */
		break;
	}
}
#define NB_FORMS 5U

static uint32_t
msg_len(void)
{
	return msg.header + msg.len + msg.trailer;
}

static int
two_segments(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	static const uint32_t offsets[] = { 0, 13 };
	struct wdt_form form;

	for (unsigned int i = 0; i < 2 * NB_FORMS; i++) {
		const uint32_t offset = offsets[i % 2];

		for (uint32_t cut = 0; cut <= offset + msg_len(); cut++) {
			const struct wdt_cuts cuts = { .nb = 1, .len = { cut } };

			form_set(&form, i / 2, offset, &cuts, msg_len());
			form.digest = (enum wdt_place)(cut % 3);
			WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
		}
	}
	return WDT_PASS;
}

static int
all_two_segments(struct wdt_rig *rig)
{
	return each_alg(rig, two_segments);
}

WDT_TEST(crypto_sgl_cut_at_each_boundary)
{
	return wdt_rig_each(WDT_RIG_ALL, all_two_segments);
}

/* Equal cuts leave an empty segment in the middle. */
static int
three_segments(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	struct wdt_form form;

	for (uint32_t first = 0; first <= msg_len(); first++) {
		for (uint32_t second = first; second <= msg_len(); second++) {
			struct wdt_cuts cuts;

			cuts_set(&cuts, 2, first, second);
			form_set(&form, (first + second) % (NB_FORMS - 1), 0, &cuts, msg_len());
			WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
		}
	}
	return WDT_PASS;
}

static int
all_three_segments(struct wdt_rig *rig)
{
	return each_alg(rig, three_segments);
}

WDT_TEST(crypto_sgl_cut_at_each_pair_of_boundaries)
{
	return wdt_rig_each(WDT_RIG_ALL, all_three_segments);
}

/* Several empty segments, one after another, at the front, inside and at the end. */
static int
empty_segments(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	static const struct wdt_cuts cuts[] = {
		{ .nb = 4, .len = { 0, 0, 0, 16 } },
		{ .nb = 5, .len = { 16, 0, 0, 0, 1 } },
		{ .nb = 6, .len = { 0, 7, 0, 9, 0, 0 } },
		{ .nb = 3, .len = { 30, 10, 0 } },
	};
	struct wdt_form form;

	for (unsigned int i = 0; i < RTE_DIM(cuts) * (NB_FORMS - 1); i++) {
		form_set(&form, i / RTE_DIM(cuts), 0, &cuts[i % RTE_DIM(cuts)], msg_len());
		WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
	}
	return WDT_PASS;
}

static int
all_empty_segments(struct wdt_rig *rig)
{
	return each_alg(rig, empty_segments);
}

WDT_TEST(crypto_sgl_empty_segments)
{
	return wdt_rig_each(WDT_RIG_ALL, all_empty_segments);
}

/* ---- a segment a byte ---- */

static int
tiny_segments(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	struct wdt_form form = { .offset = 0 };

	wdt_cuts_even(&form.src, msg_len(), 1);
	WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
	form.apart = true;
	wdt_cuts_even(&form.dst, msg_len(), 2);
	WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
	form.dst.nb = 0;
	return wdt_pair_run(rig, alg, pair, &msg, &form);
}

static int
all_tiny_segments(struct wdt_rig *rig)
{
	return each_alg(rig, tiny_segments);
}

WDT_TEST(crypto_sgl_segments_of_a_byte)
{
	return wdt_rig_each(WDT_RIG_ALL, all_tiny_segments);
}

/* ---- external and indirect mbufs ---- */

static int
memories(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	static const struct wdt_cuts cuts[] = { { .nb = 0 }, { .nb = 1, .len = { 21 } },
		{ .nb = 2, .len = { 3, 17 } } };

	for (unsigned int i = 0; i < 4 * 4 * RTE_DIM(cuts); i++) {
		struct wdt_form form = {
			.offset = 7,
			.src_memory = (enum wdt_memory)(i % 4),
			.dst_memory = (enum wdt_memory)(i / 4 % 4),
			.src = cuts[i / 16],
			.digest = WDT_INLINE,
		};

		WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
		form.apart = true;
		WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
		form.dst = cuts[(i + 1) % RTE_DIM(cuts)];
		WDT_TRY(wdt_pair_run(rig, alg, pair, &msg, &form));
	}
	return WDT_PASS;
}

static int
all_memories(struct wdt_rig *rig)
{
	return each_alg(rig, memories);
}

WDT_TEST(crypto_sgl_external_and_indirect_mbufs)
{
	return wdt_rig_each(WDT_RIG_ALL, all_memories);
}

/* ---- ops that reach beyond their packets ---- */

static int
too_short(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	for (unsigned int i = 0; i < 4; i++) {
		const struct wdt_form form = {
			.src = { .nb = i & 1, .len = { 20 } },
			.apart = i & 2,
		};
		struct wdt_job job = { .alg = alg, .msg = &msg, .form = &form, .forward = true };
		struct rte_mbuf *last;

		job.session = pair->forward;
		WDT_TRY(wdt_job_prepare(rig, &job));
		/* one byte less than the op wants */
		last = rte_pktmbuf_lastseg(job.src.m);
		last->data_len = (uint16_t)(msg_len() - form.src.nb * 20 - 1);
		job.src.m->pkt_len = msg_len() - 1;
		WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(rig->c.id, 0, &job.op, 1), 0);
		WDT_TRY(wdt_job_check(&job, RTE_CRYPTO_OP_STATUS_INVALID_ARGS));
		wdt_job_free(&job);
	}
	return WDT_PASS;
}

static int
all_too_short(struct wdt_rig *rig)
{
	return each_alg(rig, too_short);
}

WDT_TEST(crypto_sgl_packet_too_short)
{
	return wdt_rig_each(WDT_RIG_ALL, all_too_short);
}
