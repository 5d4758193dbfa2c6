/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The driver against libcrypto on random data: each capability with each key
 * size, many digest sizes, lengths around block and buffer sizes, and sizes
 * that it has to refuse.
 */

#include "wdt_alg.h"
#include "wdt_oracle.h"

static struct wdt_msg msg;

/* ---- where things lie: the next of a few forms, at a random offset ---- */

static const struct wdt_form *
next_form(const struct wdt_alg *alg)
{
	static struct wdt_form form;
	static unsigned int serial;
	const uint32_t front = alg->kind == WDT_AEAD ? alg->aad_len + 18 : 0;

	serial++;
	form = (struct wdt_form){ .offset = (uint32_t)(wdt_random() % 48) };
	form.apart = serial % 3 == 1;
	form.named = serial % 3 == 2;
	form.digest = (enum wdt_place)(wdt_random() % 3);
	form.aad = (enum wdt_place)(wdt_random() % 3);
	if (form.aad == WDT_INLINE && front > 256)
		form.aad = WDT_APART;
	else if (form.aad == WDT_INLINE)
		form.offset += front;
	return &form;
}

/* A message with meaningless cipher text, for ops that have none. */
static void
msg_blank(const struct wdt_alg *alg, uint32_t len)
{
	msg.header = msg.trailer = 0;
	msg.len = len;
	wdt_random_bytes(msg.iv, sizeof(msg.iv));
	wdt_random_bytes(msg.aad, alg->aad_len);
	wdt_random_bytes(msg.plain, len);
	wdt_random_bytes(msg.cipher, len);
	wdt_random_bytes(msg.digest, sizeof(msg.digest));
}

/* WDT_NO_ORACLE: nothing was run. */
static int
run_len(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair, uint32_t len,
		const struct wdt_form *form)
{
	int rc = 0;

	if (wdt_len_verdict(rig, alg, len) == WDT_REFUSED)
		msg_blank(alg, len);
	else
		rc = wdt_msg_random(alg, 0, len, 0, &msg);
	if (rc != 0)
		return rc == WDT_NO_ORACLE ? WDT_NO_ORACLE : WDT_FAIL;
	return wdt_pair_run(rig, alg, pair, &msg, form);
}

static int
run_lens(struct wdt_rig *rig, const struct wdt_alg *alg, const uint32_t *lens, unsigned int nb)
{
	struct wdt_pair pair;
	int rc = WDT_PASS;

	WDT_TRY(wdt_pair_open(rig, alg, &pair));
	for (unsigned int i = 0; i < nb && rc == WDT_PASS; i++)
		rc = run_len(rig, alg, &pair, lens[i], next_form(alg));
	if (rc == WDT_NO_ORACLE) {
		printf("# libcrypto does not have this algorithm: not compared\n");
		rc = WDT_PASS;
	}
	WDT_TRY(rc);
	return wdt_pair_close(rig, &pair);
}

/* ---- sizes of a capability ---- */

static bool
in_range(const struct rte_crypto_param_range *range, uint32_t value)
{
	const uint32_t step = range->increment == 0 ? 1 : range->increment;

	return value >= range->min && value <= range->max && (value - range->min) % step == 0;
}

/* Up to nb values of a range: both ends, their neighbours, and random ones in between. */
static unsigned int
range_pick(const struct rte_crypto_param_range *range, uint16_t *values, unsigned int nb)
{
	const uint32_t step = range->increment == 0 ? 1 : range->increment;
	const uint32_t last = (range->max - range->min) / step;
	unsigned int n = 0;

	if (last + 1U <= nb) {
		for (; n <= last; n++)
			values[n] = (uint16_t)(range->min + n * step);
		return n;
	}
	for (; n < nb; n++) {
		const uint32_t at = n == 0 ? 0 :
				n == 1	   ? last :
				n == 2	   ? 1 :
				n == 3	   ? last - 1 :
					     wdt_random() % last;

		values[n] = (uint16_t)(range->min + at * step);
	}
	return n;
}

static const uint32_t usual_lens[] = { 0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 1500, 1504 };

static int
each_cap(struct wdt_rig *rig,
		int (*fn)(struct wdt_rig *, const struct rte_cryptodev_capabilities *))
{
	for (const struct rte_cryptodev_capabilities *cap = wdt_rig_caps(rig);
			cap->op != RTE_CRYPTO_OP_TYPE_UNDEFINED; cap++) {
		/* no authentication at all is for chains only */
		if (cap->sym.xform_type == RTE_CRYPTO_SYM_XFORM_AUTH &&
				cap->sym.auth.algo == RTE_CRYPTO_AUTH_NULL)
			continue;
		WDT_TRY(fn(rig, cap));
	}
	return WDT_PASS;
}

/* ---- every key size, many digest sizes ---- */

static int
cipher_sizes(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	uint16_t keys[8], ivs[4];
	const unsigned int nb_keys = range_pick(&cap->sym.cipher.key_size, keys, RTE_DIM(keys));
	const unsigned int nb_ivs = range_pick(&cap->sym.cipher.iv_size, ivs, RTE_DIM(ivs));
	struct wdt_alg alg;

	for (unsigned int i = 0; i < nb_keys * nb_ivs; i++) {
		wdt_alg_of_cap(cap, &alg);
		alg.key_len = keys[i / nb_ivs];
		alg.iv_len = ivs[i % nb_ivs];
		WDT_TRY(run_lens(rig, &alg, usual_lens, RTE_DIM(usual_lens)));
	}
	return WDT_PASS;
}

static int
auth_sizes(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	uint16_t keys[8], digests[6];
	const unsigned int nb_keys = range_pick(&cap->sym.auth.key_size, keys, RTE_DIM(keys));
	const unsigned int nb_digests = range_pick(
			&cap->sym.auth.digest_size, digests, RTE_DIM(digests));
	struct wdt_alg alg;

	for (unsigned int i = 0; i < nb_keys * nb_digests; i++) {
		wdt_alg_of_cap(cap, &alg);
		alg.auth_key_len = keys[i / nb_digests];
		alg.digest_len = digests[i % nb_digests];
		WDT_TRY(run_lens(rig, &alg, usual_lens, RTE_DIM(usual_lens)));
	}
	return WDT_PASS;
}

static int
aead_sizes(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	static const uint16_t aads[] = { 0, 1, 8, 12, 15, 16, 17, 255, 4096 };
	uint16_t keys[4], digests[6];
	const unsigned int nb_keys = range_pick(&cap->sym.aead.key_size, keys, RTE_DIM(keys));
	const unsigned int nb_digests = range_pick(
			&cap->sym.aead.digest_size, digests, RTE_DIM(digests));
	struct wdt_alg alg;

	for (unsigned int i = 0; i < nb_keys * RTE_DIM(aads); i++) {
		wdt_alg_of_cap(cap, &alg);
		alg.key_len = keys[i / RTE_DIM(aads)];
		alg.aad_len = aads[i % RTE_DIM(aads)];
		alg.digest_len = digests[i % nb_digests];
		WDT_TRY(run_lens(rig, &alg, usual_lens, RTE_DIM(usual_lens)));
	}
	return WDT_PASS;
}

static int
sizes(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	switch (cap->sym.xform_type) {
	case RTE_CRYPTO_SYM_XFORM_CIPHER:
		return cipher_sizes(rig, cap);
	case RTE_CRYPTO_SYM_XFORM_AUTH:
		return auth_sizes(rig, cap);
	default:
		return aead_sizes(rig, cap);
	}
}

static int
all_sizes(struct wdt_rig *rig)
{
	return each_cap(rig, sizes);
}

WDT_TEST(crypto_random_sizes)
{
	return wdt_rig_each(WDT_RIG_ALL, all_sizes);
}

/* ---- each digest size from one byte on, each key size ---- */

static int
each_size(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	const struct rte_cryptodev_symmetric_capability *sym = &cap->sym;
	static const uint32_t lens[] = { 40 };
	struct wdt_alg alg;

	if (sym->xform_type != RTE_CRYPTO_SYM_XFORM_AUTH)
		return WDT_PASS;
	wdt_alg_of_cap(cap, &alg);
	for (uint16_t n = sym->auth.digest_size.min; n <= sym->auth.digest_size.max; n++) {
		alg.digest_len = n;
		WDT_TRY(run_lens(rig, &alg, lens, 1));
	}
	for (uint16_t n = sym->auth.key_size.min; n <= sym->auth.key_size.max; n++) {
		if (!in_range(&sym->auth.key_size, n))
			continue;
		alg.auth_key_len = n;
		WDT_TRY(run_lens(rig, &alg, lens, 1));
	}
	return WDT_PASS;
}

static int
all_each_size(struct wdt_rig *rig)
{
	return each_cap(rig, each_size);
}

WDT_TEST(crypto_random_each_digest_and_key_size)
{
	return wdt_rig_each(WDT_RIG_ALL, all_each_size);
}

/* ---- CCM: nonces and tags; long AAD ---- */

static int
ccm_sizes(struct wdt_rig *rig)
{
	static const uint32_t lens[] = { 1, 16, 33 };
	struct wdt_alg alg = { .kind = WDT_AEAD, .aead = RTE_CRYPTO_AEAD_AES_CCM };

	for (uint16_t nonce = 7; nonce <= 13; nonce++) {
		for (uint16_t tag = 4; tag <= 16; tag += 2) {
			wdt_alg_new_keys(&alg);
			alg.key_len = (uint16_t)(16 + wdt_random() % 3 * 8);
			alg.iv_len = nonce;
			alg.digest_len = tag;
			alg.aad_len = (uint16_t)(wdt_random() % 40);
			WDT_TRY(run_lens(rig, &alg, lens, RTE_DIM(lens)));
		}
	}
	return WDT_PASS;
}

WDT_TEST(crypto_random_ccm_nonces_and_tags)
{
	return wdt_rig_each(WDT_RIG_ALL, ccm_sizes);
}

static int
long_aad(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	static const uint32_t lens[] = { 16, 1500, 7 };
	struct wdt_alg alg;

	if (cap->sym.xform_type != RTE_CRYPTO_SYM_XFORM_AEAD)
		return WDT_PASS;
	wdt_alg_of_cap(cap, &alg);
	for (unsigned int i = 0; i < 4; i++) {
		alg.aad_len = (uint16_t)(cap->sym.aead.aad_size.max - i);
		WDT_TRY(run_lens(rig, &alg, lens, RTE_DIM(lens)));
	}
	return WDT_PASS;
}

static int
all_long_aad(struct wdt_rig *rig)
{
	return each_cap(rig, long_aad);
}

WDT_TEST(crypto_random_long_aad)
{
	return wdt_rig_each(WDT_RIG_ALL, all_long_aad);
}

/* ---- long messages ---- */

static int
long_chained(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	static const uint32_t lens[] = { 65520, 65521, 65528, 65535, 65536 };

	for (unsigned int i = 0; i < RTE_DIM(lens); i++) {
		struct wdt_form form = { .offset = (uint32_t)(wdt_random() % 32), .apart = i & 1 };
		int rc;

		wdt_cuts_even(&form.src, form.offset + lens[i], 2000);
		wdt_cuts_even(&form.dst, form.offset + lens[i],
				1999 - (uint32_t)(wdt_random() % 100));
		rc = run_len(rig, alg, pair, lens[i], &form);
		if (rc != WDT_PASS)
			return rc;
	}
	return WDT_PASS;
}

static int
long_flat(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair)
{
	static const uint32_t lens[] = { 65392, 65393 };
	int rc;

	for (unsigned int i = 0; i < RTE_DIM(lens); i++) {
		struct wdt_form form = {
			.offset = 3,
			.apart = i == 0,
			.src_memory = WDT_BIG,
			.dst_memory = WDT_BIG,
		};

		rc = run_len(rig, alg, pair, lens[i], &form);
		if (rc != WDT_PASS)
			return rc;
		form.apart = true;
		wdt_cuts_even(&form.dst, form.offset + lens[i], 2000);
		form.dst_memory = WDT_POOL;
		rc = run_len(rig, alg, pair, lens[i], &form);
		if (rc != WDT_PASS)
			return rc;
	}
	return WDT_PASS;
}

static int
long_messages(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	struct wdt_pair pair;
	struct wdt_alg alg;
	int rc;

	wdt_alg_of_cap(cap, &alg);
	alg.aad_len = 20; /* of an AEAD */
	WDT_TRY(wdt_pair_open(rig, &alg, &pair));
	rc = long_chained(rig, &alg, &pair);
	if (rc == WDT_PASS)
		rc = long_flat(rig, &alg, &pair);
	WDT_CHECK(rc == WDT_PASS || rc == WDT_NO_ORACLE);
	return wdt_pair_close(rig, &pair);
}

static int
all_long_messages(struct wdt_rig *rig)
{
	return each_cap(rig, long_messages);
}

WDT_TEST(crypto_random_long_messages)
{
	return wdt_rig_each(WDT_RIG_ALL, all_long_messages);
}

/* ---- counters that wrap ---- */

static int
ctr_wrap(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	static const uint8_t ones[] = { 16, 8, 4, 2, 12, 1 };
	const struct wdt_form form = { .offset = 0 };
	struct wdt_alg alg;

	if (cap->sym.xform_type != RTE_CRYPTO_SYM_XFORM_CIPHER ||
			(cap->sym.cipher.algo != RTE_CRYPTO_CIPHER_AES_CTR &&
					cap->sym.cipher.algo != RTE_CRYPTO_CIPHER_SM4_CTR))
		return WDT_PASS;
	wdt_alg_of_cap(cap, &alg);
	alg.iv_len = 16;
	for (unsigned int i = 0; i < 2 * RTE_DIM(ones); i++) {
		const unsigned int n = ones[i / 2];

		wdt_msg_random(&alg, 0, 1000, 0, &msg);
		memset(msg.iv + 16 - n, 0xff, n);
		if (i & 1)
			msg.iv[15] = (uint8_t)(0xff - wdt_random() % 40);
		WDT_CHECK_EQ(wdt_oracle(&alg, &msg), 0);
		WDT_TRY(wdt_round_trip(rig, &alg, &msg, &form));
	}
	return WDT_PASS;
}

static int
all_ctr_wraps(struct wdt_rig *rig)
{
	return each_cap(rig, ctr_wrap);
}

WDT_TEST(crypto_random_ctr_wrap)
{
	return wdt_rig_each(WDT_RIG_V3, all_ctr_wraps);
}

/* ---- sizes that are not offered ---- */

/* Every size next to the range, and those between its steps. */
static int
refuse_sizes(struct wdt_rig *rig, struct wdt_alg *alg, uint16_t *size,
		const struct rte_crypto_param_range *range, const char *what)
{
	const uint16_t kept = *size;
	const int low = RTE_MAX(0, range->min - 9), high = RTE_MIN(UINT16_MAX, range->max + 9);

	for (int n = low; n <= high; n++) {
		/* in the middle of a wide range there is nothing to find */
		if (in_range(range, (uint32_t)n))
			continue;
		*size = (uint16_t)n;
		for (unsigned int forward = 0; forward < 2; forward++) {
			if (wdt_alg_session(rig, alg, forward, true) == NULL)
				continue;
			printf("# %s of %d bytes is taken\n", what, n);
			return WDT_FAIL;
		}
	}
	*size = kept;
	return WDT_PASS;
}

static int
refused_cipher(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	struct wdt_alg alg;

	if (cap->sym.cipher.algo == RTE_CRYPTO_CIPHER_NULL)
		return WDT_PASS; /* has no key whose size could matter */
	wdt_alg_of_cap(cap, &alg);
	WDT_TRY(refuse_sizes(rig, &alg, &alg.key_len, &cap->sym.cipher.key_size, "cipher key"));
	return refuse_sizes(rig, &alg, &alg.iv_len, &cap->sym.cipher.iv_size, "cipher IV");
}

static int
refused_auth(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	struct wdt_alg alg;

	wdt_alg_of_cap(cap, &alg);
	WDT_TRY(refuse_sizes(rig, &alg, &alg.auth_key_len, &cap->sym.auth.key_size, "auth key"));
	WDT_TRY(refuse_sizes(rig, &alg, &alg.iv_len, &cap->sym.auth.iv_size, "auth IV"));
	return refuse_sizes(rig, &alg, &alg.digest_len, &cap->sym.auth.digest_size, "digest");
}

static int
refused_aead(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	struct wdt_alg alg;

	wdt_alg_of_cap(cap, &alg);
	WDT_TRY(refuse_sizes(rig, &alg, &alg.key_len, &cap->sym.aead.key_size, "AEAD key"));
	WDT_TRY(refuse_sizes(rig, &alg, &alg.iv_len, &cap->sym.aead.iv_size, "nonce"));
	WDT_TRY(refuse_sizes(rig, &alg, &alg.aad_len, &cap->sym.aead.aad_size, "AAD"));
	return refuse_sizes(rig, &alg, &alg.digest_len, &cap->sym.aead.digest_size, "tag");
}

static int
refused(struct wdt_rig *rig, const struct rte_cryptodev_capabilities *cap)
{
	switch (cap->sym.xform_type) {
	case RTE_CRYPTO_SYM_XFORM_CIPHER:
		return refused_cipher(rig, cap);
	case RTE_CRYPTO_SYM_XFORM_AUTH:
		return refused_auth(rig, cap);
	default:
		return refused_aead(rig, cap);
	}
}

static int
all_refused(struct wdt_rig *rig)
{
	return each_cap(rig, refused);
}

WDT_TEST(crypto_random_sizes_not_offered)
{
	return wdt_rig_each(WDT_RIG_ALL, all_refused);
}
