/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * One row an algorithm: what cryptodev is told, what the hardware calls it, and
 * from which version on it is there, alone and as one half of a chain. Versions
 * and limits, and which chains are known and which inferred: doc/hardware.md.
 */

#include <string.h>

#include "wd_crypto.h"

#define RANGE(lo, hi, step)                                                                        \
	{                                                                                          \
		.min = (lo), .max = (hi), .increment = (step)                                      \
	}

#define CIPHER(alg, calg, mode, ver, chain_ver, block, key, iv)                                    \
	{                                                                                          \
		.min_version = (ver), .c_alg = HISI_SEC_C_ALG_##calg,                              \
		.c_mode = HISI_SEC_C_MODE_##mode, .min_chain_version = (chain_ver),                \
		.cap = { .op = RTE_CRYPTO_OP_TYPE_SYMMETRIC,                                       \
			.sym = { .xform_type = RTE_CRYPTO_SYM_XFORM_CIPHER,                        \
					.cipher = { .algo = RTE_CRYPTO_CIPHER_##alg,               \
							.block_size = (block),                     \
							.key_size = key,                           \
							.iv_size = iv } } },                       \
	}

#define AUTH(alg, aalg, ver, chain_ver, can_empty, block, key, digest, iv)                         \
	{                                                                                          \
		.min_version = (ver), .a_alg = (aalg), .min_chain_version = (chain_ver),           \
		.empty = (can_empty),                                                              \
		.cap = { .op = RTE_CRYPTO_OP_TYPE_SYMMETRIC,                                       \
			.sym = { .xform_type = RTE_CRYPTO_SYM_XFORM_AUTH,                          \
					.auth = { .algo = RTE_CRYPTO_AUTH_##alg,                   \
							.block_size = (block),                     \
							.key_size = key,                           \
							.digest_size = digest,                     \
							.iv_size = iv } } },                       \
	}

#define AEAD(alg, calg, mode, ver, key, digest, aad, iv)                                           \
	{                                                                                          \
		.min_version = (ver), .c_alg = HISI_SEC_C_ALG_##calg,                              \
		.c_mode = HISI_SEC_C_MODE_##mode, .min_chain_version = NEVER,                      \
		.cap = { .op = RTE_CRYPTO_OP_TYPE_SYMMETRIC,                                       \
			.sym = { .xform_type = RTE_CRYPTO_SYM_XFORM_AEAD,                          \
					.aead = { .algo = RTE_CRYPTO_AEAD_##alg,                   \
							.block_size = 16,                          \
							.key_size = key,                           \
							.digest_size = digest,                     \
							.aad_size = aad,                           \
							.iv_size = iv } } },                       \
	}

/* A plain hash and its HMAC. Keys longer than a block would have to be hashed first. */
#define HASH(alg, block, digest)                                                                   \
	AUTH(alg, HISI_SEC_A_ALG_##alg, 2, NEVER, true, block, RANGE(0, 0, 0),                     \
			RANGE(digest, digest, 0), RANGE(0, 0, 0))
#define HMAC(alg, chain_ver, block, digest)                                                        \
	AUTH(alg##_HMAC, HISI_SEC_A_ALG_##alg + HISI_SEC_A_ALG_HMAC, 2, chain_ver, true, block,    \
			RANGE(1, block, 1), RANGE(1, digest, 1), RANGE(0, 0, 0))

#define NEVER UINT32_MAX

/* clang-format off */
static const struct wd_crypto_alg algs[] = {
	CIPHER(NULL, AES, ECB, 2, 2, 1, RANGE(0, 0, 0), RANGE(0, 0, 0)),
	CIPHER(AES_ECB, AES, ECB, 2, NEVER, 16, RANGE(16, 32, 8), RANGE(0, 0, 0)),
	CIPHER(AES_CBC, AES, CBC, 2, 2, 16, RANGE(16, 32, 8), RANGE(16, 16, 0)),
	CIPHER(AES_CTR, AES, CTR, 3, 3, 16, RANGE(16, 32, 8), RANGE(12, 16, 4)),
	CIPHER(AES_XTS, AES, XTS, 2, NEVER, 16, RANGE(32, 64, 32), RANGE(16, 16, 0)),
	CIPHER(DES_CBC, DES, CBC, 2, 3, 8, RANGE(8, 8, 0), RANGE(8, 8, 0)),
	CIPHER(3DES_ECB, 3DES, ECB, 2, NEVER, 8, RANGE(8, 24, 8), RANGE(0, 0, 0)),
	CIPHER(3DES_CBC, 3DES, CBC, 2, 3, 8, RANGE(8, 24, 8), RANGE(8, 8, 0)),
	CIPHER(SM4_ECB, SM4, ECB, 2, NEVER, 16, RANGE(16, 16, 0), RANGE(0, 0, 0)),
	CIPHER(SM4_CBC, SM4, CBC, 2, 3, 16, RANGE(16, 16, 0), RANGE(16, 16, 0)),
	CIPHER(SM4_CTR, SM4, CTR, 3, 3, 16, RANGE(16, 16, 0), RANGE(16, 16, 0)),
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_OFB
	CIPHER(SM4_OFB, SM4, OFB, 3, 3, 16, RANGE(16, 16, 0), RANGE(16, 16, 0)),
#endif
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_CFB
	CIPHER(SM4_CFB, SM4, CFB, 3, 3, 16, RANGE(16, 16, 0), RANGE(16, 16, 0)),
#endif
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_XTS
	CIPHER(SM4_XTS, SM4, XTS, 2, NEVER, 16, RANGE(32, 32, 0), RANGE(16, 16, 0)),
#endif

	AUTH(NULL, 0, 2, 2, false, 1, RANGE(0, 0, 0), RANGE(0, 0, 0), RANGE(0, 0, 0)),
	HASH(MD5, 64, 16),
	HASH(SHA1, 64, 20),
	HASH(SHA224, 64, 28),
	HASH(SHA256, 64, 32),
	HASH(SHA384, 128, 48),
	HASH(SHA512, 128, 64),
	HASH(SM3, 64, 32),
	HMAC(MD5, 3, 64, 16),
	HMAC(SHA1, 2, 64, 20),
	HMAC(SHA224, 3, 64, 28),
	HMAC(SHA256, 2, 64, 32),
	HMAC(SHA384, 3, 128, 48),
	HMAC(SHA512, 2, 128, 64),
#ifdef WD_HAVE_RTE_CRYPTO_AUTH_SM3_HMAC
	AUTH(SM3_HMAC, HISI_SEC_A_ALG_HMAC_SM3, 2, 3, true, 64, RANGE(1, 64, 1), RANGE(1, 32, 1),
		RANGE(0, 0, 0)),
#endif
	AUTH(AES_XCBC_MAC, HISI_SEC_A_ALG_AES_XCBC, 3, 3, false, 16, RANGE(16, 16, 0),
		RANGE(4, 16, 1), RANGE(0, 0, 0)),
	AUTH(AES_CMAC, HISI_SEC_A_ALG_AES_CMAC, 3, 3, false, 16, RANGE(16, 16, 0),
		RANGE(4, 16, 1), RANGE(0, 0, 0)),
	AUTH(AES_GMAC, HISI_SEC_A_ALG_AES_GMAC, 3, NEVER, false, 16, RANGE(16, 32, 8),
		RANGE(4, 16, 1), RANGE(12, 12, 0)),

	AEAD(AES_GCM, AES, GCM, 2, RANGE(16, 32, 8), RANGE(4, 16, 1),
		RANGE(0, HISI_SEC_MAX_AAD, 1), RANGE(12, 12, 0)),
	AEAD(AES_CCM, AES, CCM, 2, RANGE(16, 32, 8), RANGE(4, 16, 2),
		RANGE(0, HISI_SEC_MAX_AAD_CCM, 1), RANGE(7, 13, 1)),
#ifdef WD_HAVE_RTE_CRYPTO_AEAD_SM4_GCM
	AEAD(SM4_GCM, SM4, GCM, 3, RANGE(16, 16, 0), RANGE(4, 16, 1),
		RANGE(0, HISI_SEC_MAX_AAD, 1), RANGE(12, 12, 0)),
#endif
};
/* clang-format on */

#define MAX_VERSION 3

/* One list a version, ended by an undefined op as cryptodev wants it. */
static struct rte_cryptodev_capabilities lists[MAX_VERSION + 1][RTE_DIM(algs) + 1];

RTE_INIT(wd_crypto_caps_init)
{
	for (unsigned int version = 0; version <= MAX_VERSION; version++) {
		struct rte_cryptodev_capabilities *list = lists[version];

		for (unsigned int i = 0; i < RTE_DIM(algs); i++) {
			if (algs[i].min_version <= version)
				*list++ = algs[i].cap;
		}
		list->op = RTE_CRYPTO_OP_TYPE_UNDEFINED;
	}
}

const struct rte_cryptodev_capabilities *
wd_crypto_caps_get(unsigned int version)
{
	return lists[RTE_MIN(version, (unsigned int)MAX_VERSION)];
}

static bool
same_alg(const struct rte_cryptodev_symmetric_capability *cap,
		const struct rte_crypto_sym_xform *xform)
{
	if (cap->xform_type != xform->type)
		return false;
	switch (xform->type) {
	case RTE_CRYPTO_SYM_XFORM_CIPHER:
		return cap->cipher.algo == xform->cipher.algo;
	case RTE_CRYPTO_SYM_XFORM_AUTH:
		return cap->auth.algo == xform->auth.algo;
	case RTE_CRYPTO_SYM_XFORM_AEAD:
		return cap->aead.algo == xform->aead.algo;
	default:
		return false;
	}
}

static bool
in_range(const char *what, unsigned int value, const struct rte_crypto_param_range *range)
{
	const unsigned int step = range->increment == 0 ? 1 : range->increment;

	if (value >= range->min && value <= range->max && (value - range->min) % step == 0)
		return true;
	WD_CRYPTO_LOG(ERR, "%s of %u bytes is not supported: %u to %u in steps of %u", what, value,
			range->min, range->max, range->increment);
	return false;
}

static bool
sizes_fit(const struct rte_cryptodev_symmetric_capability *cap,
		const struct rte_crypto_sym_xform *xform)
{
	switch (xform->type) {
	case RTE_CRYPTO_SYM_XFORM_CIPHER:
		if (xform->cipher.dataunit_len != 0) {
			WD_CRYPTO_LOG(ERR, "cipher data-unit length %u is not supported",
					xform->cipher.dataunit_len);
			return false;
		}
		return in_range("cipher key", xform->cipher.key.length, &cap->cipher.key_size) &&
				in_range("cipher IV", xform->cipher.iv.length,
						&cap->cipher.iv_size);
	case RTE_CRYPTO_SYM_XFORM_AUTH:
		return in_range("auth key", xform->auth.key.length, &cap->auth.key_size) &&
				in_range("digest", xform->auth.digest_length,
						&cap->auth.digest_size) &&
				in_range("auth IV", xform->auth.iv.length, &cap->auth.iv_size);
	default:
		return in_range("AEAD key", xform->aead.key.length, &cap->aead.key_size) &&
				in_range("digest", xform->aead.digest_length,
						&cap->aead.digest_size) &&
				in_range("AAD", xform->aead.aad_length, &cap->aead.aad_size) &&
				in_range("AEAD IV", xform->aead.iv.length, &cap->aead.iv_size);
	}
}

static const char *
alg_name(const struct rte_crypto_sym_xform *xform)
{
	const char *const *names;
	unsigned int algo;

	switch (xform->type) {
	case RTE_CRYPTO_SYM_XFORM_CIPHER:
		names = rte_crypto_cipher_algorithm_strings;
		algo = xform->cipher.algo;
		if (algo > RTE_CRYPTO_CIPHER_SM4_CTR)
			return "of a newer DPDK";
		break;
	case RTE_CRYPTO_SYM_XFORM_AUTH:
		names = rte_crypto_auth_algorithm_strings;
		algo = xform->auth.algo;
		if (algo > RTE_CRYPTO_AUTH_SM3)
			return "of a newer DPDK";
		break;
	case RTE_CRYPTO_SYM_XFORM_AEAD:
		names = rte_crypto_aead_algorithm_strings;
		algo = xform->aead.algo;
		if (algo > RTE_CRYPTO_AEAD_CHACHA20_POLY1305)
			return "of a newer DPDK";
		break;
	default:
		return "of unknown type";
	}
	return names[algo] == NULL ? "without a name" : names[algo];
}

bool
wd_crypto_is_null(const struct rte_crypto_sym_xform *xform)
{
	return (xform->type == RTE_CRYPTO_SYM_XFORM_CIPHER &&
			       xform->cipher.algo == RTE_CRYPTO_CIPHER_NULL) ||
			(xform->type == RTE_CRYPTO_SYM_XFORM_AUTH &&
					xform->auth.algo == RTE_CRYPTO_AUTH_NULL);
}

const struct wd_crypto_alg *
wd_crypto_alg_find(unsigned int version, const struct rte_crypto_sym_xform *xform)
{
	for (unsigned int i = 0; i < RTE_DIM(algs); i++) {
		const struct wd_crypto_alg *alg = &algs[i];

		if (alg->min_version > version || !same_alg(&alg->cap.sym, xform))
			continue;
		/* nobody looks at the sizes of a NULL algorithm, so callers set any */
		return wd_crypto_is_null(xform) || sizes_fit(&alg->cap.sym, xform) ? alg : NULL;
	}
	WD_CRYPTO_LOG(ERR, "algorithm %s (transform type %d) is not supported by hw=v%u",
			alg_name(xform), xform->type, version);
	return NULL;
}
