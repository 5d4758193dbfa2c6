/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The driver against published known answers. The vectors are those of the model's
 * tests, in the codes of the descriptor; what cryptodev has no name for is left out.
 */

#include "hisi_sec.h"
#include "vectors/crypto_more.h"
#include "vectors/sec_aead.h"
#include "wdt_alg.h"

#define NONE 0 /* no name in cryptodev */
static_assert(NONE != RTE_CRYPTO_CIPHER_NULL && NONE != RTE_CRYPTO_AUTH_NULL,
		"NULL is an algorithm");

static struct wdt_msg msg;

static int
cipher_name(const struct sec_cipher_vector *v)
{
	static const struct {
		uint8_t alg, mode;
		int name;
	} names[] = {
		{ CRYPTO_NULL, 0, RTE_CRYPTO_CIPHER_NULL },
		{ HISI_SEC_C_ALG_AES, HISI_SEC_C_MODE_ECB, RTE_CRYPTO_CIPHER_AES_ECB },
		{ HISI_SEC_C_ALG_AES, HISI_SEC_C_MODE_CBC, RTE_CRYPTO_CIPHER_AES_CBC },
		{ HISI_SEC_C_ALG_AES, HISI_SEC_C_MODE_CTR, RTE_CRYPTO_CIPHER_AES_CTR },
		{ HISI_SEC_C_ALG_AES, HISI_SEC_C_MODE_XTS, RTE_CRYPTO_CIPHER_AES_XTS },
		{ HISI_SEC_C_ALG_DES, HISI_SEC_C_MODE_CBC, RTE_CRYPTO_CIPHER_DES_CBC },
		{ HISI_SEC_C_ALG_3DES, HISI_SEC_C_MODE_ECB, RTE_CRYPTO_CIPHER_3DES_ECB },
		{ HISI_SEC_C_ALG_3DES, HISI_SEC_C_MODE_CBC, RTE_CRYPTO_CIPHER_3DES_CBC },
		{ HISI_SEC_C_ALG_SM4, HISI_SEC_C_MODE_ECB, RTE_CRYPTO_CIPHER_SM4_ECB },
		{ HISI_SEC_C_ALG_SM4, HISI_SEC_C_MODE_CBC, RTE_CRYPTO_CIPHER_SM4_CBC },
		{ HISI_SEC_C_ALG_SM4, HISI_SEC_C_MODE_CTR, RTE_CRYPTO_CIPHER_SM4_CTR },
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_OFB
		{ HISI_SEC_C_ALG_SM4, HISI_SEC_C_MODE_OFB, RTE_CRYPTO_CIPHER_SM4_OFB },
#endif
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_CFB
		{ HISI_SEC_C_ALG_SM4, HISI_SEC_C_MODE_CFB, RTE_CRYPTO_CIPHER_SM4_CFB },
#endif
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_XTS
		{ HISI_SEC_C_ALG_SM4, HISI_SEC_C_MODE_XTS, RTE_CRYPTO_CIPHER_SM4_XTS },
#endif
	};

	/* the national variant of XTS and the three of ciphertext stealing */
	if ((v->mode == HISI_SEC_C_MODE_XTS && v->ctr_mode != 0) || v->width != 0)
		return NONE;
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		if (names[i].alg == v->alg && names[i].mode == v->mode)
			return names[i].name;
	}
	return NONE;
}

static int
auth_name(const struct sec_hash_vector *v)
{
	static const struct {
		uint32_t alg;
		int name;
	} names[] = {
		{ HISI_SEC_A_ALG_MD5, RTE_CRYPTO_AUTH_MD5 },
		{ HISI_SEC_A_ALG_SHA1, RTE_CRYPTO_AUTH_SHA1 },
		{ HISI_SEC_A_ALG_SHA224, RTE_CRYPTO_AUTH_SHA224 },
		{ HISI_SEC_A_ALG_SHA256, RTE_CRYPTO_AUTH_SHA256 },
		{ HISI_SEC_A_ALG_SHA384, RTE_CRYPTO_AUTH_SHA384 },
		{ HISI_SEC_A_ALG_SHA512, RTE_CRYPTO_AUTH_SHA512 },
		{ HISI_SEC_A_ALG_SM3, RTE_CRYPTO_AUTH_SM3 },
		{ HISI_SEC_A_ALG_MD5 + HISI_SEC_A_ALG_HMAC, RTE_CRYPTO_AUTH_MD5_HMAC },
		{ HISI_SEC_A_ALG_SHA1 + HISI_SEC_A_ALG_HMAC, RTE_CRYPTO_AUTH_SHA1_HMAC },
		{ HISI_SEC_A_ALG_SHA224 + HISI_SEC_A_ALG_HMAC, RTE_CRYPTO_AUTH_SHA224_HMAC },
		{ HISI_SEC_A_ALG_SHA256 + HISI_SEC_A_ALG_HMAC, RTE_CRYPTO_AUTH_SHA256_HMAC },
		{ HISI_SEC_A_ALG_SHA384 + HISI_SEC_A_ALG_HMAC, RTE_CRYPTO_AUTH_SHA384_HMAC },
		{ HISI_SEC_A_ALG_SHA512 + HISI_SEC_A_ALG_HMAC, RTE_CRYPTO_AUTH_SHA512_HMAC },
#ifdef WD_HAVE_RTE_CRYPTO_AUTH_SM3_HMAC
		{ HISI_SEC_A_ALG_HMAC_SM3, RTE_CRYPTO_AUTH_SM3_HMAC },
#endif
		{ HISI_SEC_A_ALG_AES_XCBC, RTE_CRYPTO_AUTH_AES_XCBC_MAC },
		{ HISI_SEC_A_ALG_AES_CMAC, RTE_CRYPTO_AUTH_AES_CMAC },
		{ HISI_SEC_A_ALG_AES_GMAC, RTE_CRYPTO_AUTH_AES_GMAC },
	};

	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		if (names[i].alg == v->alg)
			return names[i].name;
	}
	return NONE;
}

static int
aead_name(const struct sec_aead_vector *v)
{
	if (v->alg == HISI_SEC_C_ALG_AES)
		return v->mode == HISI_SEC_C_MODE_CCM ? RTE_CRYPTO_AEAD_AES_CCM :
							RTE_CRYPTO_AEAD_AES_GCM;
#ifdef WD_HAVE_RTE_CRYPTO_AEAD_SM4_GCM
	if (v->mode == HISI_SEC_C_MODE_GCM)
		return RTE_CRYPTO_AEAD_SM4_GCM;
#endif
	return NONE;
}

/* ---- one vector ---- */

struct reader {
	const struct rte_cryptodev_capabilities *cap;
	unsigned int nb; /* vectors run */
	unsigned int nb_refused;
};

static bool
has_alg(const struct wdt_rig *rig, const struct wdt_alg *alg)
{
	for (const struct rte_cryptodev_capabilities *cap = wdt_rig_caps(rig);
			cap->op != RTE_CRYPTO_OP_TYPE_UNDEFINED; cap++) {
		if (wdt_alg_is(alg, cap))
			return true;
	}
	return false;
}

/* The capability for no authentication at all is one for chains. */
static void
with_null_auth(struct wdt_alg *alg)
{
	alg->kind = WDT_CHAIN;
	alg->auth = RTE_CRYPTO_AUTH_NULL;
}

static bool
is_null_auth(const struct rte_cryptodev_capabilities *cap)
{
	return cap->sym.xform_type == RTE_CRYPTO_SYM_XFORM_AUTH &&
			cap->sym.auth.algo == RTE_CRYPTO_AUTH_NULL;
}

/* IVs of a cipher differ in length where the counter may be left out. */
static bool
iv_fits(const struct wdt_alg *alg, const struct rte_cryptodev_capabilities *cap)
{
	return alg->kind != WDT_CIPHER ||
			(alg->iv_len >= cap->sym.cipher.iv_size.min &&
					alg->iv_len <= cap->sym.cipher.iv_size.max);
}

/* A vector whose message is in msg: run if it is of this capability. */
static int
run(struct wdt_rig *rig, const struct wdt_alg *alg, const char *source, struct reader *r)
{
	static const struct wdt_form forms[] = {
		{ .offset = 0 },
		{ .offset = 5, .digest = WDT_INLINE, .named = true },
		{ .offset = 64, .apart = true, .aad = WDT_INLINE },
	};

	struct wdt_alg used = *alg;

	if (is_null_auth(r->cap) && alg->kind == WDT_CIPHER &&
			alg->cipher == RTE_CRYPTO_CIPHER_AES_CBC)
		with_null_auth(&used);
	else if (!wdt_alg_is(alg, r->cap) || !iv_fits(alg, r->cap))
		return WDT_PASS;
	r->nb++;
	for (unsigned int i = 0; i < RTE_DIM(forms); i++) {
		if (wdt_round_trip(rig, &used, &msg, &forms[i]) != WDT_PASS) {
			printf("# vector: %s\n", source);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

static uint16_t
hex(const char *text, uint8_t *to, size_t size)
{
	const int n = wdt_hex(text, to, size);

	return n < 0 ? UINT16_MAX : (uint16_t)n;
}

static int
read_cipher(const struct sec_cipher_vector *v, struct wdt_alg *alg)
{
	*alg = (struct wdt_alg){ .kind = WDT_CIPHER, .cipher = cipher_name(v) };
	alg->key_len = hex(v->key, alg->key, sizeof(alg->key));
	alg->iv_len = hex(v->iv, msg.iv, sizeof(msg.iv));
	msg.header = msg.trailer = 0;
	msg.len = hex(v->plain, msg.plain, sizeof(msg.plain));
	WDT_CHECK(alg->key_len <= sizeof(alg->key) && alg->iv_len <= sizeof(msg.iv));
	WDT_CHECK_EQ(hex(v->cipher, msg.cipher, sizeof(msg.cipher)), msg.len);
	return WDT_PASS;
}

static int
read_hash(const struct sec_hash_vector *v, struct wdt_alg *alg)
{
	*alg = (struct wdt_alg){ .kind = WDT_AUTH, .auth = auth_name(v) };
	alg->auth_key_len = hex(v->key, alg->auth_key, sizeof(alg->auth_key));
	alg->iv_len = hex(v->iv, msg.iv, sizeof(msg.iv));
	alg->digest_len = hex(v->mac, msg.digest, sizeof(msg.digest));
	msg.header = msg.trailer = 0;
	msg.len = hex(v->msg, msg.plain, sizeof(msg.plain));
	memcpy(msg.cipher, msg.plain, msg.len);
	WDT_CHECK(alg->auth_key_len <= sizeof(alg->auth_key) &&
			alg->digest_len <= sizeof(msg.digest));
	return WDT_PASS;
}

static int
read_aead(const struct sec_aead_vector *v, struct wdt_alg *alg)
{
	*alg = (struct wdt_alg){ .kind = WDT_AEAD, .aead = aead_name(v) };
	alg->key_len = hex(v->key, alg->key, sizeof(alg->key));
	alg->iv_len = hex(v->nonce, msg.iv, sizeof(msg.iv));
	alg->digest_len = hex(v->tag, msg.digest, sizeof(msg.digest));
	alg->aad_len = hex(v->aad, msg.aad, sizeof(msg.aad));
	msg.header = msg.trailer = 0;
	msg.len = hex(v->plain, msg.plain, sizeof(msg.plain));
	WDT_CHECK(alg->key_len <= sizeof(alg->key) && alg->aad_len != UINT16_MAX);
	WDT_CHECK_EQ(hex(v->cipher, msg.cipher, sizeof(msg.cipher)), msg.len);
	return WDT_PASS;
}

/* ---- all vectors ---- */

/* All vectors of all tables, through fn. */
static int
each_vector(struct wdt_rig *rig,
		int (*fn)(struct wdt_rig *, const struct wdt_alg *, const char *, struct reader *),
		struct reader *r)
{
	struct wdt_alg alg;

#define EACH(table, read)                                                                          \
	for (unsigned int i = 0; i < RTE_DIM(table); i++) {                                        \
		WDT_TRY(read(&(table)[i], &alg));                                                  \
		WDT_TRY(fn(rig, &alg, (table)[i].source, r));                                      \
	}
	EACH(sec_cipher_vectors, read_cipher)
	EACH(crypto_more_cipher_vectors, read_cipher)
	EACH(sec_hash_vectors, read_hash)
	EACH(crypto_more_hash_vectors, read_hash)
	EACH(sec_aead_vectors, read_aead)
#undef EACH
	return WDT_PASS;
}

static int
each_capability(struct wdt_rig *rig)
{
	struct reader r = { .cap = wdt_rig_caps(rig) };
	unsigned int nb = 0;

	for (; r.cap->op != RTE_CRYPTO_OP_TYPE_UNDEFINED; r.cap++) {
		r.nb = 0;
		WDT_TRY(each_vector(rig, run, &r));
		if (r.nb == 0)
			printf("# no vector for capability %td (transform type %d, algorithm %d)\n",
					r.cap - wdt_rig_caps(rig), r.cap->sym.xform_type,
					(int)r.cap->sym.cipher.algo);
		WDT_CHECK(r.nb > 0);
		nb += r.nb;
	}
	printf("# hw=v%u engine=%s sva=%d: %td capabilities, %u vectors\n", rig->hw, rig->engine,
			rig->sva, r.cap - wdt_rig_caps(rig), nb);
	return WDT_PASS;
}

WDT_TEST(crypto_vectors_of_each_capability)
{
	return wdt_rig_each(WDT_RIG_ALL, each_capability);
}

/* A vector that no capability is for must not get a session. */
static int
refuse(struct wdt_rig *rig, const struct wdt_alg *alg, const char *source, struct reader *r)
{
	if ((alg->cipher == NONE && alg->auth == NONE && alg->aead == NONE) || has_alg(rig, alg))
		return WDT_PASS;
	r->nb_refused++;
	for (unsigned int forward = 0; forward < 2; forward++) {
		if (wdt_alg_session(rig, alg, forward, true) == NULL)
			continue;
		printf("# hw=v%u takes %s\n", rig->hw, source);
		return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
refuse_the_others(struct wdt_rig *rig)
{
	struct reader r = { .cap = NULL };

	WDT_TRY(each_vector(rig, refuse, &r));
	WDT_CHECK(r.nb_refused > 0);
	return WDT_PASS;
}

WDT_TEST(crypto_vectors_refused_without_capability)
{
	return wdt_rig_each(WDT_RIG_V2, refuse_the_others);
}
