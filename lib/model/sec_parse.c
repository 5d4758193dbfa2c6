/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Both descriptor types, brought to one form and checked against what the
 * hardware version has and what the limits allow.
 */

#include <endian.h>
#include <string.h>

#include "sec.h"

#define FIELD(word, name) ((le32toh(word) >> name##_SHIFT) & name##_MASK)
#define MODE(m) (1U << HISI_SEC_C_MODE_##m)
#define HASH(h) (1U << HISI_SEC_A_ALG_##h)

#define MODES_DES (MODE(ECB) | MODE(CBC))
#define MODES_V2 (MODE(ECB) | MODE(CBC) | MODE(XTS))
#define MODES_V3 (MODES_V2 | MODE(CFB) | MODE(OFB) | MODE(CTR) | MODE(CBC_CS))
#define MODES_AEAD (MODE(CCM) | MODE(GCM))

static const struct wdm_sec_version versions[] = {
	{
		.bd_type = HISI_SEC_TYPE_BD2,
		.modes = {
			[HISI_SEC_C_ALG_DES] = MODES_DES,
			[HISI_SEC_C_ALG_3DES] = MODES_DES,
			[HISI_SEC_C_ALG_AES] = MODES_V2 | MODES_AEAD,
			[HISI_SEC_C_ALG_SM4] = MODES_V2,
		},
		.chain_modes = { [HISI_SEC_C_ALG_AES] = MODE(CBC) },
		.chain_hashes = HASH(SHA1) | HASH(SHA256) | HASH(SHA512),
	},
	{
		.bd_type = HISI_SEC_TYPE_BD3,
		.modes = {
			[HISI_SEC_C_ALG_DES] = MODES_DES,
			[HISI_SEC_C_ALG_3DES] = MODES_DES,
			[HISI_SEC_C_ALG_AES] = MODES_V3 | MODES_AEAD,
			[HISI_SEC_C_ALG_SM4] = MODES_V3 | MODES_AEAD,
		},
		.chain_modes = {
			[HISI_SEC_C_ALG_DES] = MODES_DES,
			[HISI_SEC_C_ALG_3DES] = MODES_DES,
			[HISI_SEC_C_ALG_AES] = MODES_V3,
			[HISI_SEC_C_ALG_SM4] = MODES_V3,
		},
		.chain_hashes = (1U << WDM_HASH_NB) - 1,
		.aes_macs = true,
		.empty_hash = true,
		.empty_payload = true,
	},
};

/* Fields as they are in the descriptor, before they get a meaning. */
struct raw {
	uint8_t scene, de, mac_type, ci_gen, ai_gen, a_pad, special;
	uint8_t c_key_len, c_icv_len, mac_words, key_words, a_alg, ctr_mode;
};

const struct wdm_sec_version *
wdm_sec_version_get(unsigned int hw_version)
{
	switch (hw_version) {
	case 2:
		return &versions[0];
	case 3:
		return &versions[1];
	default:
		return NULL;
	}
}

enum wdm_sec_error
wdm_sec_check_type(const struct wdm_sec_version *version, const uint8_t *sqe)
{
	return (sqe[0] & HISI_SEC_BD2_0_TYPE_MASK) == version->bd_type ? WDM_SEC_OK :
									 WDM_SEC_E_TYPE;
}

bool
wdm_sec_is_invalid(const struct wdm_sec_version *version, const uint8_t *sqe)
{
	if (version->bd_type == HISI_SEC_TYPE_BD2)
		return FIELD(((const struct hisi_sec_bd2 *)sqe)->dw1, HISI_SEC_BD2_1_BD_INVALID);
	return FIELD(((const struct hisi_sec_bd3 *)sqe)->dw0, HISI_SEC_BD3_0_BD_INVALID);
}

static uint8_t
flag_of(uint8_t cipher, uint8_t auth, uint8_t c_mode)
{
	uint8_t flag = 0;

	if (cipher != HISI_SEC_CIPHER_NONE)
		flag |= HISI_SEC_FLAG_CIPHER;
	if (auth != HISI_SEC_AUTH_NONE)
		flag |= HISI_SEC_FLAG_AUTH;
	else if ((cipher == HISI_SEC_CIPHER_ENCRYPT || cipher == HISI_SEC_CIPHER_DECRYPT) &&
			(MODES_AEAD >> c_mode & 1))
		flag |= HISI_SEC_FLAG_AUTH;
	return flag;
}

uint8_t
wdm_sec_flag_guess(const struct wdm_sec_version *version, const uint8_t *sqe)
{
	if (version->bd_type == HISI_SEC_TYPE_BD2) {
		const struct hisi_sec_bd2 *bd = (const struct hisi_sec_bd2 *)sqe;

		return flag_of(FIELD(bd->dw0, HISI_SEC_BD2_0_CIPHER),
				FIELD(bd->dw0, HISI_SEC_BD2_0_AUTH),
				FIELD(bd->dw3, HISI_SEC_BD2_3_C_MODE));
	} else {
		const struct hisi_sec_bd3 *bd = (const struct hisi_sec_bd3 *)sqe;

		return flag_of(FIELD(bd->dw1, HISI_SEC_BD3_1_CIPHER),
				FIELD(bd->dw14, HISI_SEC_BD3_14_AUTH),
				FIELD(bd->dw1, HISI_SEC_BD3_1_C_MODE));
	}
}

static void
read_bd2(struct wdm_sec_req *req, struct raw *raw)
{
	const struct hisi_sec_bd2 *bd = (const struct hisi_sec_bd2 *)req->task->sqe;

	req->own.cipher = FIELD(bd->dw0, HISI_SEC_BD2_0_CIPHER);
	req->own.auth = FIELD(bd->dw0, HISI_SEC_BD2_0_AUTH);
	req->own.auth_first = FIELD(bd->dw0, HISI_SEC_BD2_0_SEQ) == HISI_SEC_SEQ_AUTH_CIPHER;
	req->own.src_type = FIELD(bd->dw0, HISI_SEC_BD2_0_SRC_TYPE);
	req->own.dst_type = FIELD(bd->dw0, HISI_SEC_BD2_0_DST_TYPE);
	raw->de = FIELD(bd->dw0, HISI_SEC_BD2_0_DE);
	raw->scene = FIELD(bd->dw0, HISI_SEC_BD2_0_SCENE);
	raw->mac_type = FIELD(bd->dw0, HISI_SEC_BD2_0_MAC_TYPE);
	raw->ci_gen = FIELD(bd->dw1, HISI_SEC_BD2_1_CI_GEN);
	raw->ai_gen = FIELD(bd->dw1, HISI_SEC_BD2_1_AI_GEN);
	raw->a_pad = FIELD(bd->dw1, HISI_SEC_BD2_1_A_PAD);
	/* nonce_len, huk, key_s; c_key_type, a_key_type: keys and IVs from elsewhere */
	raw->special = (le32toh(bd->dw1) & 0x001e003fU) != 0;
	raw->mac_words = FIELD(bd->dw2, HISI_SEC_BD2_2_MAC_LEN);
	raw->key_words = FIELD(bd->dw2, HISI_SEC_BD2_2_A_KEY_LEN);
	raw->a_alg = FIELD(bd->dw2, HISI_SEC_BD2_2_A_ALG);
	raw->c_icv_len = FIELD(bd->dw3, HISI_SEC_BD2_3_C_ICV_LEN);
	raw->c_key_len = FIELD(bd->dw3, HISI_SEC_BD2_3_C_KEY_LEN);
	raw->ctr_mode = 0;
	req->own.c_width = FIELD(bd->dw3, HISI_SEC_BD2_3_C_WIDTH);
	req->own.c_mode = FIELD(bd->dw3, HISI_SEC_BD2_3_C_MODE);
	req->own.c_alg = FIELD(bd->dw3, HISI_SEC_BD2_3_C_ALG);
	req->own.a_len = le32toh(bd->a_len) & HISI_SEC_LEN_MASK;
	req->own.c_len = le32toh(bd->c_len) & HISI_SEC_LEN_MASK;
	req->own.a_off = le16toh(bd->auth_src_offset);
	req->own.c_off = le16toh(bd->cipher_src_offset);
	req->own.total_len = le64toh(bd->long_a_data_len) / 8;
	req->src = le64toh(bd->data_src_addr);
	req->dst = le64toh(bd->data_dst_addr);
	req->mac_addr = le64toh(bd->mac_addr);
	req->own.a_key = le64toh(bd->a_key_addr);
	req->own.c_key = le64toh(bd->c_key_addr);
	req->a_iv_addr = le64toh(bd->a_ivin_addr);
	req->c_iv_addr = le64toh(bd->c_ivin_addr);
}

static void
read_bd3(struct wdm_sec_req *req, struct raw *raw)
{
	const struct hisi_sec_bd3 *bd = (const struct hisi_sec_bd3 *)req->task->sqe;

	req->own.cipher = FIELD(bd->dw1, HISI_SEC_BD3_1_CIPHER);
	req->own.auth = FIELD(bd->dw14, HISI_SEC_BD3_14_AUTH);
	req->own.auth_first = FIELD(bd->dw1, HISI_SEC_BD3_1_SEQ) == HISI_SEC_SEQ_AUTH_CIPHER;
	req->own.src_type = FIELD(bd->dw0, HISI_SEC_BD3_0_SRC_TYPE);
	req->own.dst_type = FIELD(bd->dw0, HISI_SEC_BD3_0_DST_TYPE);
	raw->de = FIELD(bd->dw0, HISI_SEC_BD3_0_DE);
	raw->scene = FIELD(bd->dw0, HISI_SEC_BD3_0_SCENE);
	raw->mac_type = FIELD(bd->dw0, HISI_SEC_BD3_0_MAC_TYPE);
	raw->ci_gen = FIELD(bd->dw1, HISI_SEC_BD3_1_CI_GEN);
	raw->ai_gen = FIELD(bd->dw14, HISI_SEC_BD3_14_AI_GEN);
	raw->a_pad = FIELD(bd->dw27, HISI_SEC_BD3_27_A_PAD);
	/* nonce_len, huk; key_sel, key_wrap_num, update_key: keys and IVs from elsewhere */
	raw->special = (le32toh(bd->dw1) & 0x1f000000U) != 0 ||
			(le32toh(bd->dw14) & 0xf1e00000U) != 0;
	raw->mac_words = FIELD(bd->dw14, HISI_SEC_BD3_14_MAC_LEN);
	raw->key_words = FIELD(bd->dw14, HISI_SEC_BD3_14_A_KEY_LEN);
	raw->a_alg = FIELD(bd->dw14, HISI_SEC_BD3_14_A_ALG);
	raw->ctr_mode = FIELD(bd->dw14, HISI_SEC_BD3_14_CTR_MODE);
	raw->c_icv_len = FIELD(bd->dw1, HISI_SEC_BD3_1_C_ICV_LEN);
	raw->c_key_len = FIELD(bd->dw1, HISI_SEC_BD3_1_C_KEY_LEN);
	req->own.c_width = FIELD(bd->dw1, HISI_SEC_BD3_1_C_WIDTH);
	req->own.c_mode = FIELD(bd->dw1, HISI_SEC_BD3_1_C_MODE);
	req->own.c_alg = FIELD(bd->dw1, HISI_SEC_BD3_1_C_ALG);
	req->own.a_len = le32toh(bd->a_len) & HISI_SEC_LEN_MASK;
	req->own.c_len = le32toh(bd->c_len) & HISI_SEC_LEN_MASK;
	req->own.a_off = le16toh(bd->auth_src_offset);
	req->own.c_off = le16toh(bd->cipher_src_offset);
	req->own.total_len = le64toh(bd->long_a_data_len) / 8;
	req->src = le64toh(bd->data_src_addr);
	req->dst = le64toh(bd->data_dst_addr);
	req->mac_addr = le64toh(bd->mac_addr);
	req->own.a_key = le64toh(bd->a_key_addr);
	req->own.c_key = le64toh(bd->c_key_addr);
	req->a_iv_addr = le64toh(bd->a_ivin_addr);
	req->c_iv_addr = le64toh(bd->c_ivin_addr);
}

static enum wdm_sec_error
check_control(const struct wdm_sec_bd *bd, const struct raw *raw)
{
	const uint32_t scenes = 1U << HISI_SEC_SCENE_NONE | 1U << HISI_SEC_SCENE_IPSEC |
			1U << HISI_SEC_SCENE_STREAM;

	if ((scenes >> raw->scene & 1) == 0)
		return WDM_SEC_E_UNSUPPORTED;
	if (bd->src_type > HISI_SEC_ADDR_SGL || bd->dst_type > HISI_SEC_ADDR_SGL)
		return WDM_SEC_E_UNSUPPORTED;
	if (raw->special || raw->ci_gen != 0 || raw->ai_gen > HISI_SEC_AI_GEN_IVIN)
		return WDM_SEC_E_UNSUPPORTED;
	if (raw->mac_type != HISI_SEC_ADDR_FLAT || raw->de > HISI_SEC_DE_SEPARATE ||
			raw->a_pad > HISI_SEC_A_NO_PAD || bd->auth > HISI_SEC_AUTH_VERIFY)
		return WDM_SEC_E_FIELD;
	if (bd->cipher == HISI_SEC_CIPHER_NONE && bd->auth == HISI_SEC_AUTH_NONE)
		return WDM_SEC_E_FIELD;
	return WDM_SEC_OK;
}

/* Which of the kinds; needs the algorithm of the auth part. */
static uint8_t
kind_of(const struct wdm_sec_bd *bd)
{
	if (bd->cipher == HISI_SEC_CIPHER_NONE) {
		if (bd->a_kind == WDM_SEC_AUTH_GMAC && bd->no_pad)
			return WDM_SEC_GHASH;
		return WDM_SEC_AUTH;
	}
	if (bd->cipher != HISI_SEC_CIPHER_COPY && (MODES_AEAD >> bd->c_mode & 1)) {
		if (bd->c_mode == HISI_SEC_C_MODE_GCM && bd->no_pad)
			return WDM_SEC_GCM_PART;
		return WDM_SEC_AEAD;
	}
	return bd->auth == HISI_SEC_AUTH_NONE ? WDM_SEC_CIPHER : WDM_SEC_CHAIN;
}

static enum wdm_sec_error
resolve_auth_alg(struct wdm_sec_bd *bd, uint8_t a_alg)
{
	bd->a_kind = WDM_SEC_AUTH_HASH;
	bd->hash = 0;
	if (bd->auth == HISI_SEC_AUTH_NONE)
		return WDM_SEC_OK;
	switch (a_alg) {
	case HISI_SEC_A_ALG_AES_XCBC:
		bd->a_kind = WDM_SEC_AUTH_XCBC;
		return WDM_SEC_OK;
	case HISI_SEC_A_ALG_AES_CMAC:
		bd->a_kind = WDM_SEC_AUTH_CMAC;
		return WDM_SEC_OK;
	case HISI_SEC_A_ALG_AES_GMAC:
		bd->a_kind = WDM_SEC_AUTH_GMAC;
		return WDM_SEC_OK;
	case HISI_SEC_A_ALG_SM3:
		bd->hash = WDM_HASH_SM3;
		return WDM_SEC_OK;
	case HISI_SEC_A_ALG_HMAC_SM3:
		bd->a_kind = WDM_SEC_AUTH_HMAC;
		bd->hash = WDM_HASH_SM3;
		return WDM_SEC_OK;
	default:
		if (a_alg & HISI_SEC_A_ALG_HMAC)
			bd->a_kind = WDM_SEC_AUTH_HMAC;
		bd->hash = a_alg & ~HISI_SEC_A_ALG_HMAC;
		return bd->hash < WDM_HASH_SM3 ? WDM_SEC_OK : WDM_SEC_E_UNSUPPORTED;
	}
}

static uint8_t
cipher_key_len(const struct wdm_sec_bd *bd, uint8_t code)
{
	uint8_t len;

	switch (bd->c_alg) {
	case HISI_SEC_C_ALG_DES:
		/* UADK leaves 0 here in BD2, which tells that the field is not looked at */
		return code <= HISI_SEC_C_KEY_DES ? 8 : 0;
	case HISI_SEC_C_ALG_3DES:
		return code == HISI_SEC_C_KEY_3DES_3KEY		 ? 24 :
				code == HISI_SEC_C_KEY_3DES_2KEY ? 16 :
								   0;
	case HISI_SEC_C_ALG_SM4:
		len = code == HISI_SEC_C_KEY_128 ? 16 : 0;
		break;
	default:
		len = code <= HISI_SEC_C_KEY_256 ? 16 + 8 * code : 0;
		break;
	}
	if (bd->c_mode != HISI_SEC_C_MODE_XTS)
		return len;
	return len == 24 ? 0 : 2 * len;
}

static uint8_t
cipher_iv_len(const struct wdm_sec_bd *bd)
{
	if (bd->c_mode == HISI_SEC_C_MODE_ECB)
		return 0;
	if (bd->c_alg == HISI_SEC_C_ALG_DES || bd->c_alg == HISI_SEC_C_ALG_3DES)
		return 8;
	/* one-shot GCM forms the counter by itself and does not look behind the nonce */
	return bd->kind == WDM_SEC_AEAD && bd->c_mode == HISI_SEC_C_MODE_GCM ? 12 : 16;
}

static bool
cipher_len_ok(const struct wdm_sec_version *version, const struct wdm_sec_bd *bd)
{
	const bool des = bd->c_alg == HISI_SEC_C_ALG_DES || bd->c_alg == HISI_SEC_C_ALG_3DES;

	switch (bd->c_mode) {
	case HISI_SEC_C_MODE_ECB:
	case HISI_SEC_C_MODE_CBC:
		return bd->c_len > 0 && bd->c_len % (des ? 8 : 16) == 0;
	case HISI_SEC_C_MODE_XTS:
		return bd->c_len >= 16;
	case HISI_SEC_C_MODE_CBC_CS:
		return bd->c_len > 16;
	case HISI_SEC_C_MODE_CCM:
		if (bd->a_len > HISI_SEC_MAX_AAD_CCM)
			return false;
		/* fall through */
	case HISI_SEC_C_MODE_GCM:
		if (bd->kind == WDM_SEC_GCM_PART)
			return bd->a_len == 0 && bd->c_len > 0 && bd->c_len % 16 == 0;
		if (bd->a_len > HISI_SEC_MAX_AAD)
			return false;
		return bd->c_len > 0 || (version->empty_payload && bd->a_len > 0);
	default:
		return bd->c_len > 0;
	}
}

static enum wdm_sec_error
check_cipher(const struct wdm_sec_version *version, struct wdm_sec_bd *bd, const struct raw *raw)
{
	bd->c_key_len = 0;
	bd->c_iv_len = 0;
	if (bd->cipher == HISI_SEC_CIPHER_COPY)
		return bd->c_len > 0 ? WDM_SEC_OK : WDM_SEC_E_DATA_LEN;
	if (bd->c_alg > HISI_SEC_C_ALG_SM4 || (version->modes[bd->c_alg] >> bd->c_mode & 1) == 0)
		return WDM_SEC_E_UNSUPPORTED;
	bd->c_key_len = cipher_key_len(bd, raw->c_key_len);
	if (bd->c_key_len == 0)
		return WDM_SEC_E_KEY_LEN;
	if (bd->c_mode == HISI_SEC_C_MODE_CBC_CS &&
			(bd->c_width < HISI_SEC_C_WIDTH_CS1 || bd->c_width > HISI_SEC_C_WIDTH_CS3))
		return WDM_SEC_E_FIELD;
	if (!cipher_len_ok(version, bd))
		return WDM_SEC_E_DATA_LEN;
	bd->c_iv_len = cipher_iv_len(bd);
	/* Linux sets the 128-bit counter for every cipher */
	bd->carry128 = raw->ctr_mode == HISI_SEC_CTR_128BIT;
	bd->xts_gb = bd->c_alg == HISI_SEC_C_ALG_SM4 && raw->ctr_mode == HISI_SEC_XTS_GB;
	return WDM_SEC_OK;
}

static enum wdm_sec_error
check_aead(struct wdm_sec_bd *bd, const struct raw *raw)
{
	if (bd->auth != HISI_SEC_AUTH_NONE)
		return WDM_SEC_E_FIELD;
	if (bd->kind == WDM_SEC_GCM_PART) {
		bd->mac_len = 16;
		bd->a_iv_len = bd->state_in ? 16 : 0;
		return WDM_SEC_OK;
	}
	if (raw->c_icv_len < 4 || raw->c_icv_len > 16)
		return WDM_SEC_E_MAC_LEN;
	bd->mac_len = raw->c_icv_len;
	if (bd->c_mode == HISI_SEC_C_MODE_CCM) {
		bd->a_iv_len = 16;
		return bd->mac_len % 2 == 0 ? WDM_SEC_OK : WDM_SEC_E_MAC_LEN;
	}
	/* padded and continued: the end of a stream, which these versions leave to software */
	return bd->state_in ? WDM_SEC_E_UNSUPPORTED : WDM_SEC_OK;
}

static enum wdm_sec_error
check_aes_mac(const struct wdm_sec_version *version, struct wdm_sec_bd *bd, const struct raw *raw)
{
	const bool gmac = bd->a_kind == WDM_SEC_AUTH_GMAC;

	if (bd->kind == WDM_SEC_GHASH) {
		if (bd->state_in || bd->verify)
			return WDM_SEC_E_FIELD;
	} else {
		if (!version->aes_macs || (gmac && bd->kind == WDM_SEC_CHAIN))
			return WDM_SEC_E_UNSUPPORTED;
		if (bd->no_pad || bd->state_in != gmac)
			return WDM_SEC_E_FIELD;
		if (raw->mac_words == 0 || raw->mac_words > 4)
			return WDM_SEC_E_MAC_LEN;
	}
	if (raw->key_words != 4 && !(gmac && (raw->key_words == 6 || raw->key_words == 8)))
		return WDM_SEC_E_KEY_LEN;
	if (bd->a_len == 0 && !(gmac && bd->kind == WDM_SEC_AUTH))
		return WDM_SEC_E_DATA_LEN;
	bd->mac_len = bd->kind == WDM_SEC_GHASH ? 16 : 4 * raw->mac_words;
	bd->a_key_len = 4 * raw->key_words;
	bd->a_iv_len = gmac && bd->kind == WDM_SEC_AUTH ? 12 : 0;
	return WDM_SEC_OK;
}

/* One message in several descriptors: state in, state out, or both. */
static enum wdm_sec_error
check_hash_len(const struct wdm_sec_version *version, struct wdm_sec_bd *bd, const struct raw *raw)
{
	const struct wdm_hash_info *info = &wdm_hash_info[bd->hash];

	bd->a_iv_len = bd->state_in ? info->state : 0;
	if (bd->no_pad) {
		/* mac_len is 0, 1 or full, depending on who wrote the driver */
		bd->mac_len = info->state;
		if (bd->verify)
			return WDM_SEC_E_FIELD;
		return bd->a_len > 0 && bd->a_len % info->block == 0 ? WDM_SEC_OK :
								       WDM_SEC_E_DATA_LEN;
	}
	bd->mac_len = 4 * raw->mac_words;
	if (bd->mac_len == 0 || bd->mac_len > info->digest)
		return WDM_SEC_E_MAC_LEN;
	if (bd->a_len == 0 && !bd->state_in && !version->empty_hash)
		return WDM_SEC_E_DATA_LEN;
	return WDM_SEC_OK;
}

static enum wdm_sec_error
check_auth(const struct wdm_sec_version *version, struct wdm_sec_bd *bd, const struct raw *raw)
{
	enum wdm_sec_error error;

	if (bd->kind == WDM_SEC_CHAIN && bd->cipher != HISI_SEC_CIPHER_COPY &&
			(version->chain_modes[bd->c_alg] >> bd->c_mode & 1) == 0)
		return WDM_SEC_E_UNSUPPORTED;
	if (bd->a_kind != WDM_SEC_AUTH_HASH && bd->a_kind != WDM_SEC_AUTH_HMAC)
		return check_aes_mac(version, bd, raw);
	if (bd->kind == WDM_SEC_CHAIN) {
		if (bd->a_kind != WDM_SEC_AUTH_HMAC || (version->chain_hashes >> bd->hash & 1) == 0)
			return WDM_SEC_E_UNSUPPORTED;
		if (bd->no_pad || bd->state_in)
			return WDM_SEC_E_FIELD;
		if (bd->a_len == 0)
			return WDM_SEC_E_DATA_LEN;
	}
	error = check_hash_len(version, bd, raw);
	if (error != WDM_SEC_OK || bd->a_kind != WDM_SEC_AUTH_HMAC)
		return error;
	if (raw->key_words == 0 || 4 * raw->key_words > wdm_hash_info[bd->hash].block)
		return WDM_SEC_E_KEY_LEN;
	/* the key goes in at the start and at the end of a stream */
	if (!(bd->state_in && bd->no_pad))
		bd->a_key_len = 4 * raw->key_words;
	return WDM_SEC_OK;
}

static bool
extent_ok(const struct wdm_sec_bd *bd)
{
	if (bd->a_off + bd->a_len > HISI_SEC_MAX_DATA || bd->c_off + bd->c_len > HISI_SEC_MAX_DATA)
		return false;
	return bd->kind != WDM_SEC_AEAD || bd->a_len + bd->c_len <= HISI_SEC_MAX_DATA;
}

static enum wdm_sec_error
check(const struct wdm_sec_version *version, struct wdm_sec_bd *bd, const struct raw *raw)
{
	enum wdm_sec_error error = check_control(bd, raw);

	if (error != WDM_SEC_OK)
		return error;
	bd->separate = raw->de == HISI_SEC_DE_SEPARATE;
	bd->no_pad = raw->a_pad == HISI_SEC_A_NO_PAD;
	bd->state_in = raw->ai_gen == HISI_SEC_AI_GEN_IVIN;
	bd->a_key_len = 0;
	bd->a_iv_len = 0;
	bd->mac_len = 0;
	error = resolve_auth_alg(bd, raw->a_alg);
	if (error != WDM_SEC_OK)
		return error;
	bd->kind = kind_of(bd);
	bd->flag = flag_of(bd->cipher, bd->auth, bd->c_mode);
	bd->verify = bd->auth == HISI_SEC_AUTH_VERIFY ||
			(bd->kind == WDM_SEC_AEAD && bd->cipher == HISI_SEC_CIPHER_DECRYPT);
	if (bd->cipher != HISI_SEC_CIPHER_NONE) {
		error = check_cipher(version, bd, raw);
		if (error != WDM_SEC_OK)
			return error;
	} else {
		bd->c_key_len = 0;
		bd->c_iv_len = 0;
		bd->c_len = 0;
	}
	if (bd->kind == WDM_SEC_AEAD || bd->kind == WDM_SEC_GCM_PART)
		error = check_aead(bd, raw);
	else if (bd->kind != WDM_SEC_CIPHER)
		error = check_auth(version, bd, raw);
	else
		bd->a_len = 0;
	if (error != WDM_SEC_OK)
		return error;
	return extent_ok(bd) ? WDM_SEC_OK : WDM_SEC_E_DATA_LEN;
}

enum wdm_sec_error
wdm_sec_parse(const struct wdm_sec_version *version, struct wdm_sec_req *req)
{
	struct raw raw;

	if (wdm_sec_check_type(version, req->task->sqe) != WDM_SEC_OK)
		return WDM_SEC_E_TYPE;
	if (version->bd_type == HISI_SEC_TYPE_BD2)
		read_bd2(req, &raw);
	else
		read_bd3(req, &raw);
	req->bd = &req->own;
	return check(version, &req->own, &raw);
}
