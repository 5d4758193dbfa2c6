/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Turns a session into a descriptor template, so that enqueue copies it and
 * fills in addresses and lengths. Keys stay in the session, which the device
 * reads: sessions must lie in memory that it can see.
 */

#include <errno.h>
#include <string.h>

#include "wd_crypto.h"

/* What both BD types say, each in its own place. */
struct sec_codes {
	uint32_t scene;
	uint32_t cipher, auth, seq;
	uint32_t c_alg, c_mode, c_key_len, c_icv_len;
	uint32_t a_alg, a_key_len, mac_len; /* words */
	uint32_t ai_gen;
	uint32_t de;
	uint64_t c_key_addr, a_key_addr;
	uint16_t aad_len; /* AEAD: what is authenticated only, in front of the payload */
};

#define PUT(value, field) (((value)&field##_MASK) << field##_SHIFT)

static void
pack_bd2(struct hisi_sec_bd2 *bd, const struct sec_codes *c)
{
	bd->dw0 = rte_cpu_to_le_32(PUT(HISI_SEC_TYPE_BD2, HISI_SEC_BD2_0_TYPE) |
			PUT(c->cipher, HISI_SEC_BD2_0_CIPHER) | PUT(c->auth, HISI_SEC_BD2_0_AUTH) |
			PUT(c->seq, HISI_SEC_BD2_0_SEQ) | PUT(c->de, HISI_SEC_BD2_0_DE) |
			PUT(c->scene, HISI_SEC_BD2_0_SCENE));
	bd->dw1 = rte_cpu_to_le_32(PUT(c->ai_gen, HISI_SEC_BD2_1_AI_GEN));
	bd->dw2 = rte_cpu_to_le_32(PUT(c->mac_len, HISI_SEC_BD2_2_MAC_LEN) |
			PUT(c->a_key_len, HISI_SEC_BD2_2_A_KEY_LEN) |
			PUT(c->a_alg, HISI_SEC_BD2_2_A_ALG));
	bd->dw3 = rte_cpu_to_le_32(PUT(c->c_icv_len, HISI_SEC_BD2_3_C_ICV_LEN) |
			PUT(c->c_key_len, HISI_SEC_BD2_3_C_KEY_LEN) |
			PUT(c->c_mode, HISI_SEC_BD2_3_C_MODE) |
			PUT(c->c_alg, HISI_SEC_BD2_3_C_ALG));
	bd->c_key_addr = rte_cpu_to_le_64(c->c_key_addr);
	bd->a_key_addr = rte_cpu_to_le_64(c->a_key_addr);
	bd->a_len = rte_cpu_to_le_32(c->aad_len);
	bd->cipher_src_offset = rte_cpu_to_le_16(c->aad_len);
}

static void
pack_bd3(struct hisi_sec_bd3 *bd, const struct sec_codes *c)
{
	const bool ctr = c->cipher != HISI_SEC_CIPHER_NONE && c->c_mode == HISI_SEC_C_MODE_CTR;

	bd->dw0 = rte_cpu_to_le_32(PUT(HISI_SEC_TYPE_BD3, HISI_SEC_BD3_0_TYPE) |
			PUT(c->scene, HISI_SEC_BD3_0_SCENE) | PUT(c->de, HISI_SEC_BD3_0_DE));
	bd->dw1 = rte_cpu_to_le_32(PUT(c->cipher, HISI_SEC_BD3_1_CIPHER) |
			PUT(c->c_icv_len, HISI_SEC_BD3_1_C_ICV_LEN) |
			PUT(c->c_key_len, HISI_SEC_BD3_1_C_KEY_LEN) |
			PUT(c->c_mode, HISI_SEC_BD3_1_C_MODE) |
			PUT(c->c_alg, HISI_SEC_BD3_1_C_ALG) | PUT(c->seq, HISI_SEC_BD3_1_SEQ));
	bd->dw14 = rte_cpu_to_le_32(PUT(c->auth, HISI_SEC_BD3_14_AUTH) |
			PUT(c->ai_gen, HISI_SEC_BD3_14_AI_GEN) |
			PUT(c->mac_len, HISI_SEC_BD3_14_MAC_LEN) |
			PUT(c->a_key_len, HISI_SEC_BD3_14_A_KEY_LEN) |
			PUT(c->a_alg, HISI_SEC_BD3_14_A_ALG) |
			PUT(ctr ? HISI_SEC_CTR_128BIT : 0, HISI_SEC_BD3_14_CTR_MODE));
	bd->c_key_addr = rte_cpu_to_le_64(c->c_key_addr);
	bd->a_key_addr = rte_cpu_to_le_64(c->a_key_addr);
	bd->a_len = rte_cpu_to_le_32(c->aad_len);
	bd->cipher_src_offset = rte_cpu_to_le_16(c->aad_len);
}

static uint32_t
c_key_code(const struct wd_crypto_alg *alg, unsigned int key_len)
{
	switch (alg->c_alg) {
	case HISI_SEC_C_ALG_DES:
		return HISI_SEC_C_KEY_DES;
	case HISI_SEC_C_ALG_3DES:
		return key_len == 16 ? HISI_SEC_C_KEY_3DES_2KEY : HISI_SEC_C_KEY_3DES_3KEY;
	case HISI_SEC_C_ALG_SM4:
		return HISI_SEC_C_KEY_128;
	default:
		if (alg->c_mode == HISI_SEC_C_MODE_XTS)
			key_len /= 2;
		return key_len == 16	      ? HISI_SEC_C_KEY_128 :
				key_len == 24 ? HISI_SEC_C_KEY_192 :
						HISI_SEC_C_KEY_256;
	}
}

static void
set_payload_rule(struct wd_crypto_session *s, const struct wd_crypto_alg *alg)
{
	uint32_t unit = 1; /* bytes, a power of two */

	switch (alg->c_mode) {
	case HISI_SEC_C_MODE_ECB:
	case HISI_SEC_C_MODE_CBC:
		unit = alg->cap.sym.cipher.block_size;
		s->c_min = (uint8_t)unit;
		break;
	case HISI_SEC_C_MODE_XTS:
		s->c_min = 16;
		break;
	case HISI_SEC_C_MODE_GCM:
	case HISI_SEC_C_MODE_CCM:
		s->c_min = 0;
		break;
	default:
		s->c_min = 1;
		break;
	}
	s->c_unit = (uint8_t)(unit - 1);
}

static int
no_key(const char *what)
{
	WD_CRYPTO_LOG(ERR, "%s key is NULL", what);
	return -EINVAL;
}

static int
set_cipher(struct wd_crypto_session *s, struct sec_codes *c,
		const struct rte_crypto_cipher_xform *cipher, const struct wd_crypto_alg *alg)
{
	if (cipher->key.data == NULL)
		return no_key("cipher");
	c->cipher = cipher->op == RTE_CRYPTO_CIPHER_OP_ENCRYPT ? HISI_SEC_CIPHER_ENCRYPT :
								 HISI_SEC_CIPHER_DECRYPT;
	c->c_alg = alg->c_alg;
	c->c_mode = alg->c_mode;
	c->c_key_len = c_key_code(alg, cipher->key.length);
	memcpy(s->c_key, cipher->key.data, cipher->key.length);
	if (alg->c_alg == HISI_SEC_C_ALG_3DES && cipher->key.length == 8) {
		/* the one-key option: three times the same key */
		memcpy(s->c_key + 8, cipher->key.data, 8);
		memcpy(s->c_key + 16, cipher->key.data, 8);
	}
	s->iv = alg->c_mode == HISI_SEC_C_MODE_CTR && cipher->iv.length == 12 ? WD_CRYPTO_IV_CTR :
										WD_CRYPTO_IV_DIRECT;
	s->iv_len = (uint8_t)cipher->iv.length;
	/* of one that has none the offset may be anything */
	s->iv_offset = s->iv_len > 0 ? cipher->iv.offset : 0;
	set_payload_rule(s, alg);
	return 0;
}

static int
set_auth(struct wd_crypto_session *s, struct sec_codes *c, unsigned int version,
		const struct rte_crypto_auth_xform *auth, const struct wd_crypto_alg *alg)
{
	if (auth->key.length > 0 && auth->key.data == NULL)
		return no_key("auth");
	c->a_alg = alg->a_alg;
	c->mac_len = (auth->digest_length + 3U) / 4;
	/* zeros after an HMAC key do not change the HMAC */
	c->a_key_len = (auth->key.length + 3U) / 4;
	if (auth->key.length > 0)
		memcpy(s->a_key, auth->key.data, auth->key.length);
	s->digest_len = (uint8_t)auth->digest_length;
	s->verify = auth->op == RTE_CRYPTO_AUTH_OP_VERIFY;
	s->empty_auth = alg->empty && version >= 3;
	if (alg->a_alg == HISI_SEC_A_ALG_AES_GMAC) {
		c->ai_gen = HISI_SEC_AI_GEN_IVIN;
		s->iv = WD_CRYPTO_IV_GCM;
		s->iv_offset = auth->iv.offset;
	}
	return 0;
}

static int
set_auth_only(struct wd_crypto_session *s, struct sec_codes *c, unsigned int version,
		const struct rte_crypto_auth_xform *auth, const struct wd_crypto_alg *alg)
{
	const int rc = set_auth(s, c, version, auth, alg);

	s->class = alg->a_alg == HISI_SEC_A_ALG_AES_GMAC ? WD_CRYPTO_GMAC : WD_CRYPTO_AUTH;
	/* No driver lets the hardware verify without a cipher, and MACs come in words. */
	c->auth = HISI_SEC_AUTH_GENERATE;
	s->bounce = s->verify || s->digest_len % 4 != 0;
	c->de = HISI_SEC_DE_IN_PLACE;
	if (version >= 3 && alg->a_alg != HISI_SEC_A_ALG_AES_GMAC)
		c->scene = HISI_SEC_SCENE_STREAM;
	s->expect = HISI_SEC_STATUS_DONE | HISI_SEC_FLAG_AUTH << HISI_SEC_STATUS_FLAG_SHIFT;
	return rc;
}

static int
set_chain(struct wd_crypto_session *s, struct sec_codes *c, unsigned int version,
		const struct rte_crypto_sym_xform *first, const struct wd_crypto_alg *first_alg,
		const struct wd_crypto_alg *second_alg)
{
	const bool cipher_first = first->type == RTE_CRYPTO_SYM_XFORM_CIPHER;
	const struct rte_crypto_sym_xform *second = first->next;
	const struct rte_crypto_cipher_xform *cipher = cipher_first ? &first->cipher :
								      &second->cipher;
	const struct rte_crypto_auth_xform *auth = cipher_first ? &second->auth : &first->auth;
	const bool encrypt = cipher->op == RTE_CRYPTO_CIPHER_OP_ENCRYPT;
	int rc;

	if (first->type == second->type || first->type == RTE_CRYPTO_SYM_XFORM_AEAD ||
			second->type == RTE_CRYPTO_SYM_XFORM_AEAD || second->next != NULL) {
		WD_CRYPTO_LOG(ERR, "a chain is one cipher and one auth transform");
		return -ENOTSUP;
	}
	if (first_alg->min_chain_version > version || second_alg->min_chain_version > version) {
		WD_CRYPTO_LOG(ERR, "hw=v%u has no chain of these algorithms: cipher %d, auth %d",
				version, cipher->algo, auth->algo);
		return -ENOTSUP;
	}
	if (cipher_first != encrypt || encrypt != (auth->op == RTE_CRYPTO_AUTH_OP_GENERATE)) {
		WD_CRYPTO_LOG(ERR,
				"chain order is not supported: encrypt then generate, or verify then"
				" decrypt");
		return -ENOTSUP;
	}
	if (auth->digest_length % 4 != 0) {
		WD_CRYPTO_LOG(ERR,
				"digest of %u bytes in a chain is not supported: a multiple of 4",
				auth->digest_length);
		return -ENOTSUP;
	}
	rc = set_cipher(s, c, cipher, cipher_first ? first_alg : second_alg);
	if (rc == 0)
		rc = set_auth(s, c, version, auth, cipher_first ? second_alg : first_alg);
	s->class = WD_CRYPTO_CHAIN;
	c->auth = encrypt ? HISI_SEC_AUTH_GENERATE : HISI_SEC_AUTH_VERIFY;
	c->seq = encrypt ? HISI_SEC_SEQ_CIPHER_AUTH : HISI_SEC_SEQ_AUTH_CIPHER;
	return rc;
}

static int
set_aead(struct wd_crypto_session *s, struct sec_codes *c, unsigned int version,
		const struct rte_crypto_aead_xform *aead, const struct wd_crypto_alg *alg)
{
	const bool encrypt = aead->op == RTE_CRYPTO_AEAD_OP_ENCRYPT;

	if (aead->key.data == NULL)
		return no_key("AEAD");
	c->cipher = encrypt ? HISI_SEC_CIPHER_ENCRYPT : HISI_SEC_CIPHER_DECRYPT;
	c->seq = encrypt ? HISI_SEC_SEQ_CIPHER_AUTH : HISI_SEC_SEQ_AUTH_CIPHER;
	c->c_alg = alg->c_alg;
	c->c_mode = alg->c_mode;
	c->c_key_len = c_key_code(alg, aead->key.length);
	c->c_icv_len = aead->digest_length;
	memcpy(s->c_key, aead->key.data, aead->key.length);
	s->class = WD_CRYPTO_AEAD;
	s->iv_offset = aead->iv.offset;
	s->aad_len = c->aad_len = aead->aad_length;
	s->digest_len = (uint8_t)aead->digest_length;
	s->verify = !encrypt;
	set_payload_rule(s, alg);
	if (alg->c_mode == HISI_SEC_C_MODE_CCM) {
		s->iv = WD_CRYPTO_IV_CCM;
		s->nonce_len = (uint8_t)aead->iv.length;
		s->aad_offset = 18; /* B0 and the length are in front of it, as rte_crypto_sym.h lays down */
	} else {
		s->iv = WD_CRYPTO_IV_GCM;
		if (s->aad_len > 0)
			s->class = WD_CRYPTO_GCM;
	}
	/* an empty payload: version 3 only, and not without AAD */
	if (version < 3 || s->aad_len == 0)
		s->c_min = 1;
	return 0;
}

/* The hardware's copy, for NULL algorithms with nothing else. */
static int
set_copy(struct wd_crypto_session *s, struct sec_codes *c)
{
	s->class = WD_CRYPTO_CIPHER;
	s->copy = true;
	s->iv = WD_CRYPTO_IV_DIRECT; /* not read */
	s->c_min = 1;
	s->expect = HISI_SEC_STATUS_DONE | HISI_SEC_FLAG_CIPHER << HISI_SEC_STATUS_FLAG_SHIFT;
	c->cipher = HISI_SEC_CIPHER_COPY;
	return 0;
}

static int
set_cipher_only(struct wd_crypto_session *s, struct sec_codes *c,
		const struct rte_crypto_cipher_xform *cipher, const struct wd_crypto_alg *alg)
{
	s->class = WD_CRYPTO_CIPHER;
	s->expect = HISI_SEC_STATUS_DONE | HISI_SEC_FLAG_CIPHER << HISI_SEC_STATUS_FLAG_SHIFT;
	return set_cipher(s, c, cipher, alg);
}

/* Two transforms, one of them NULL: the other one alone, or the copy. */
static int
set_half(struct wd_crypto_session *s, struct sec_codes *c, unsigned int version,
		const struct rte_crypto_sym_xform *a, const struct wd_crypto_alg *a_alg,
		const struct rte_crypto_sym_xform *b, const struct wd_crypto_alg *b_alg)
{
	const struct rte_crypto_sym_xform *left = wd_crypto_is_null(a) ? b : a;
	const struct wd_crypto_alg *alg = wd_crypto_is_null(a) ? b_alg : a_alg;

	if (a->type == b->type || b->next != NULL) {
		WD_CRYPTO_LOG(ERR, "a chain is one cipher and one auth transform");
		return -ENOTSUP;
	}
	if (wd_crypto_is_null(left))
		return set_copy(s, c);
	if (left->type == RTE_CRYPTO_SYM_XFORM_CIPHER)
		return set_cipher_only(s, c, &left->cipher, alg);
	if (left->type != RTE_CRYPTO_SYM_XFORM_AUTH)
		return -ENOTSUP;
	s->null_cipher = true;
	return set_auth_only(s, c, version, &left->auth, alg);
}

static int
session_build(struct wd_crypto_session *s, struct sec_codes *c, unsigned int version,
		const struct rte_crypto_sym_xform *xform)
{
	const struct wd_crypto_alg *alg = wd_crypto_alg_find(version, xform), *next_alg;

	if (alg == NULL)
		return -ENOTSUP;
	c->scene = HISI_SEC_SCENE_IPSEC;
	c->de = HISI_SEC_DE_SEPARATE;
	s->expect = HISI_SEC_STATUS_DONE |
			(HISI_SEC_FLAG_CIPHER | HISI_SEC_FLAG_AUTH) << HISI_SEC_STATUS_FLAG_SHIFT;
	if (xform->next != NULL) {
		next_alg = wd_crypto_alg_find(version, xform->next);
		if (next_alg == NULL)
			return -ENOTSUP;
		if (wd_crypto_is_null(xform) || wd_crypto_is_null(xform->next))
			return set_half(s, c, version, xform, alg, xform->next, next_alg);
		return set_chain(s, c, version, xform, alg, next_alg);
	}
	switch (xform->type) {
	case RTE_CRYPTO_SYM_XFORM_CIPHER:
		return wd_crypto_is_null(xform) ? set_copy(s, c) :
						  set_cipher_only(s, c, &xform->cipher, alg);
	case RTE_CRYPTO_SYM_XFORM_AUTH:
		if (wd_crypto_is_null(xform)) {
			s->auth_region = true;
			return set_copy(s, c);
		}
		return set_auth_only(s, c, version, &xform->auth, alg);
	default:
		return set_aead(s, c, version, &xform->aead, alg);
	}
}

/*
 * Of the descriptor the words, of 64 bits, that a session has something in; the others
 * are zero. template_load() puts them back where they belong.
 */
static void
session_pack(struct wd_crypto_session *s, const struct sec_codes *c, unsigned int version)
{
	static const uint8_t places[2][WD_CRYPTO_NB_WORDS] = {
		{ 0, 1, 2, 3, 8, 11 },
		{ 0, 3, 6, 7, 8 },
	};
	union {
		struct hisi_sec_bd2 bd2;
		struct hisi_sec_bd3 bd3;
		uint64_t words[HISI_SEC_SQE_SIZE / sizeof(uint64_t)];
	} sqe = { .words = { 0 } };

	if (version >= 3)
		pack_bd3(&sqe.bd3, c);
	else
		pack_bd2(&sqe.bd2, c);
	for (unsigned int i = 0; i < WD_CRYPTO_NB_WORDS; i++)
		s->words[i] = sqe.words[places[version >= 3][i]];
}

int
wd_crypto_session_configure(struct rte_cryptodev *dev, struct rte_crypto_sym_xform *xform,
		struct rte_cryptodev_sym_session *sess)
{
	const struct wd_crypto_dev *priv = dev->data->dev_private;
	struct wd_crypto_session *s = CRYPTODEV_GET_SYM_SESS_PRIV(sess);
	const uint64_t addr = priv->va ? (uintptr_t)s : CRYPTODEV_GET_SYM_SESS_PRIV_IOVA(sess);
	struct sec_codes c = { 0 };
	int rc;

	if (!rte_wd_mem_visible(priv->wd, s, sizeof(*s))) {
		WD_CRYPTO_LOG(ERR,
				"session at %p is not in hugepage memory that device %s can see; take the"
				" session pool from EAL memory",
				(void *)s, priv->wd->name);
		return -EFAULT;
	}
	memset(s, 0, sizeof(*s));
	rc = session_build(s, &c, priv->version, xform);
	if (rc != 0) {
		explicit_bzero(s, sizeof(*s));
		return rc;
	}
	s->kind = WD_CRYPTO_KIND(priv->version, priv->va, s->class);
	if (s->iv == WD_CRYPTO_IV_CTR || s->auth_region || s->bounce)
		s->kind |= WD_CRYPTO_KIND_SLOW;
	if (c.cipher != HISI_SEC_CIPHER_NONE && c.cipher != HISI_SEC_CIPHER_COPY)
		c.c_key_addr = addr + offsetof(struct wd_crypto_session, c_key);
	if (c.a_key_len > 0)
		c.a_key_addr = addr + offsetof(struct wd_crypto_session, a_key);
	else if (wd_crypto_is_aead(s->class))
		c.a_key_addr = c.c_key_addr; /* as Linux does; UADK leaves it 0 */
	session_pack(s, &c, priv->version);
	return 0;
}

void
wd_crypto_session_clear(
		struct rte_cryptodev *dev __rte_unused, struct rte_cryptodev_sym_session *sess)
{
	/* not a memset: the compiler may not leave it out */
	explicit_bzero(CRYPTODEV_GET_SYM_SESS_PRIV(sess), sizeof(struct wd_crypto_session));
}
