/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "wdt_oracle.h"

/* An algorithm by name, looked up once. */
static const EVP_CIPHER *
cipher_by_name(const char *name)
{
	static struct {
		char name[24];
		EVP_CIPHER *cipher;
	} known[40];
	unsigned int i = 0;

	while (i < RTE_DIM(known) - 1 && known[i].name[0] != '\0') {
		if (strcmp(known[i].name, name) == 0)
			return known[i].cipher;
		i++;
	}
	snprintf(known[i].name, sizeof(known[i].name), "%s", name);
	EVP_CIPHER_free(known[i].cipher);
	known[i].cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	return known[i].cipher;
}

/* Without padding. */
static int
encrypt(const char *name, const uint8_t *key, const uint8_t *iv, const uint8_t *in, uint32_t len,
		uint8_t *out)
{
	const EVP_CIPHER *cipher = cipher_by_name(name);
	EVP_CIPHER_CTX *ctx;
	int n = 0, rc = -1;

	if (cipher == NULL)
		return WDT_NO_ORACLE;
	ctx = EVP_CIPHER_CTX_new();
	if (EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
			EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
			EVP_EncryptUpdate(ctx, out, &n, in, (int)len) == 1 && n == (int)len)
		rc = 0;
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}

/* libcrypto has the single DES among its legacy algorithms only; it is the triple one with one key. */
static int
des_encrypt(const struct wdt_alg *alg, bool cbc, const uint8_t *iv, const uint8_t *in, uint32_t len,
		uint8_t *out)
{
	uint8_t key[24];

	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = alg->key[i % alg->key_len];
	return encrypt(cbc ? "DES-EDE3-CBC" : "DES-EDE3-ECB", key, iv, in, len, out);
}

static const char *
cipher_mode(int cipher)
{
	switch (cipher) {
	case RTE_CRYPTO_CIPHER_AES_ECB:
	case RTE_CRYPTO_CIPHER_SM4_ECB:
		return "ECB";
	case RTE_CRYPTO_CIPHER_AES_CBC:
	case RTE_CRYPTO_CIPHER_SM4_CBC:
		return "CBC";
	case RTE_CRYPTO_CIPHER_AES_CTR:
	case RTE_CRYPTO_CIPHER_SM4_CTR:
		return "CTR";
	case RTE_CRYPTO_CIPHER_AES_XTS:
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_XTS
	case RTE_CRYPTO_CIPHER_SM4_XTS:
#endif
		return "XTS";
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_OFB
	case RTE_CRYPTO_CIPHER_SM4_OFB:
		return "OFB";
#endif
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_CFB
	case RTE_CRYPTO_CIPHER_SM4_CFB:
		return "CFB";
#endif
	default:
		return "?";
	}
}

static int
cipher_oracle(const struct wdt_alg *alg, struct wdt_msg *msg)
{
	const uint8_t *in = msg->plain + msg->header;
	uint8_t *out = msg->cipher + msg->header;
	unsigned int bits = alg->key_len * 8U;
	uint8_t iv[16];
	char name[24];

	memcpy(iv, msg->iv, sizeof(iv));
	if (alg->iv_len == 12) /* of CTR: a counter from 1 on comes after it, as in RFC 3686 */
		memcpy(iv + 12, (const uint8_t[]){ 0, 0, 0, 1 }, 4);
	memcpy(msg->cipher, msg->plain, msg->header);
	memcpy(out + msg->len, in + msg->len, msg->trailer);
	switch (alg->cipher) {
	case RTE_CRYPTO_CIPHER_NULL:
		memcpy(out, in, msg->len);
		return 0;
	case RTE_CRYPTO_CIPHER_DES_CBC:
	case RTE_CRYPTO_CIPHER_3DES_CBC:
	case RTE_CRYPTO_CIPHER_3DES_ECB:
		return des_encrypt(alg, alg->cipher != RTE_CRYPTO_CIPHER_3DES_ECB, msg->iv, in,
				msg->len, out);
	case RTE_CRYPTO_CIPHER_AES_XTS:
		bits /= 2;
		/* fall through */
	case RTE_CRYPTO_CIPHER_AES_ECB:
	case RTE_CRYPTO_CIPHER_AES_CBC:
	case RTE_CRYPTO_CIPHER_AES_CTR:
		snprintf(name, sizeof(name), "AES-%u-%s", bits, cipher_mode(alg->cipher));
		break;
	default:
		snprintf(name, sizeof(name), "SM4-%s", cipher_mode(alg->cipher));
		break;
	}
	return encrypt(name, alg->key, iv, in, msg->len, out);
}

/* RFC 3566 */
static int
xcbc(const uint8_t *key, const uint8_t *data, uint32_t len, uint8_t *mac)
{
	static const uint8_t zero[16];
	const uint32_t nb = len == 0 ? 1 : (len + 15) / 16, last = 16 * (nb - 1);
	uint8_t constants[48], keys[48], *padded = calloc(nb, 16), *out = malloc(16 * (size_t)nb);
	const uint8_t *k;
	int rc;

	memset(constants, 1, 16);
	memset(constants + 16, 2, 16);
	memset(constants + 32, 3, 16);
	rc = encrypt("AES-128-ECB", key, NULL, constants, 48, keys);
	memcpy(padded, data, len);
	if (len % 16 != 0 || len == 0)
		padded[len] = 0x80;
	k = len % 16 != 0 || len == 0 ? keys + 32 : keys + 16;
	for (unsigned int i = 0; i < 16; i++)
		padded[last + i] ^= k[i];
	if (rc == 0)
		rc = encrypt("AES-128-CBC", keys, zero, padded, 16 * nb, out);
	memcpy(mac, out + last, 16);
	free(padded);
	free(out);
	return rc;
}

static int
cmac(const struct wdt_alg *alg, const uint8_t *data, uint32_t len, uint8_t *mac)
{
	size_t n = 0;

	return EVP_Q_mac(NULL, "CMAC", NULL, "AES-128-CBC", NULL, alg->auth_key, alg->auth_key_len,
			       data, len, mac, 16, &n) != NULL &&
					n == 16 ?
			0 :
			-1;
}

static const EVP_MD *
digest_of(int auth, bool *hmac)
{
	*hmac = true;
	switch (auth) {
	case RTE_CRYPTO_AUTH_MD5_HMAC:
		return EVP_md5();
	case RTE_CRYPTO_AUTH_SHA1_HMAC:
		return EVP_sha1();
	case RTE_CRYPTO_AUTH_SHA224_HMAC:
		return EVP_sha224();
	case RTE_CRYPTO_AUTH_SHA256_HMAC:
		return EVP_sha256();
	case RTE_CRYPTO_AUTH_SHA384_HMAC:
		return EVP_sha384();
	case RTE_CRYPTO_AUTH_SHA512_HMAC:
		return EVP_sha512();
#ifdef WD_HAVE_RTE_CRYPTO_AUTH_SM3_HMAC
	case RTE_CRYPTO_AUTH_SM3_HMAC:
		return EVP_sm3();
#endif
	default:
		break;
	}
	*hmac = false;
	switch (auth) {
	case RTE_CRYPTO_AUTH_MD5:
		return EVP_md5();
	case RTE_CRYPTO_AUTH_SHA1:
		return EVP_sha1();
	case RTE_CRYPTO_AUTH_SHA224:
		return EVP_sha224();
	case RTE_CRYPTO_AUTH_SHA256:
		return EVP_sha256();
	case RTE_CRYPTO_AUTH_SHA384:
		return EVP_sha384();
	case RTE_CRYPTO_AUTH_SHA512:
		return EVP_sha512();
	case RTE_CRYPTO_AUTH_SM3:
		return EVP_sm3();
	default:
		return NULL;
	}
}

/* GCM or CCM; CCM wants all lengths before the data. */
static int
aead_encrypt(EVP_CIPHER_CTX *ctx, const struct wdt_alg *alg, bool ccm, const uint8_t *key,
		const uint8_t *aad, uint32_t aad_len, struct wdt_msg *msg)
{
	const int tag_len = ccm ? alg->digest_len : 16;
	int n;

	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, alg->iv_len, NULL) != 1)
		return -1;
	if (ccm && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, tag_len, NULL) != 1)
		return -1;
	if (EVP_EncryptInit_ex2(ctx, NULL, key, msg->iv, NULL) != 1)
		return -1;
	if (ccm && EVP_EncryptUpdate(ctx, NULL, &n, NULL, (int)msg->len) != 1)
		return -1;
	if (aad_len > 0 && EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) != 1)
		return -1;
	/* CCM needs this call for an empty message, too */
	if ((ccm || msg->len > 0) &&
			EVP_EncryptUpdate(ctx, msg->cipher, &n, msg->plain, (int)msg->len) != 1)
		return -1;
	if (EVP_EncryptFinal_ex(ctx, msg->cipher, &n) != 1)
		return -1;
	return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, tag_len, msg->digest) == 1 ? 0 : -1;
}

static int
aead_by_name(const char *name, const struct wdt_alg *alg, bool ccm, const uint8_t *key,
		const uint8_t *aad, uint32_t aad_len, struct wdt_msg *msg)
{
	const EVP_CIPHER *cipher = cipher_by_name(name);
	EVP_CIPHER_CTX *ctx;
	int rc = -1;

	if (cipher == NULL)
		return WDT_NO_ORACLE;
	ctx = EVP_CIPHER_CTX_new();
	if (EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1)
		rc = aead_encrypt(ctx, alg, ccm, key, aad, aad_len, msg);
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}

static int
aead_oracle(const struct wdt_alg *alg, struct wdt_msg *msg)
{
	const bool ccm = alg->aead == RTE_CRYPTO_AEAD_AES_CCM;
	char name[24] = "SM4-GCM";

	if (ccm || alg->aead == RTE_CRYPTO_AEAD_AES_GCM)
		snprintf(name, sizeof(name), "AES-%u-%s", alg->key_len * 8U, ccm ? "CCM" : "GCM");
	return aead_by_name(name, alg, ccm, alg->key, msg->aad, alg->aad_len, msg);
}

/* GCM of nothing but associated data */
static int
gmac(const struct wdt_alg *alg, const uint8_t *data, uint32_t len, struct wdt_msg *msg)
{
	const uint32_t msg_len = msg->len;
	char name[24];
	int rc;

	snprintf(name, sizeof(name), "AES-%u-GCM", alg->auth_key_len * 8U);
	msg->len = 0;
	rc = aead_by_name(name, alg, false, alg->auth_key, data, len, msg);
	msg->len = msg_len;
	return rc;
}

static int
auth_oracle(const struct wdt_alg *alg, const uint8_t *data, struct wdt_msg *msg)
{
	const uint32_t len = msg->header + msg->len + msg->trailer;
	bool hmac;
	const EVP_MD *md = digest_of(alg->auth, &hmac);

	if (md != NULL && hmac)
		return HMAC(md, alg->auth_key, alg->auth_key_len, data, len, msg->digest, NULL) ==
						NULL ?
				-1 :
				0;
	if (md != NULL)
		return EVP_Digest(data, len, msg->digest, NULL, md, NULL) == 1 ? 0 : -1;
	switch (alg->auth) {
	case RTE_CRYPTO_AUTH_NULL:
		return 0;
	case RTE_CRYPTO_AUTH_AES_XCBC_MAC:
		return xcbc(alg->auth_key, data, len, msg->digest);
	case RTE_CRYPTO_AUTH_AES_CMAC:
		return cmac(alg, data, len, msg->digest);
	case RTE_CRYPTO_AUTH_AES_GMAC:
		return gmac(alg, data, len, msg);
	default:
		return WDT_NO_ORACLE;
	}
}

int
wdt_oracle(const struct wdt_alg *alg, struct wdt_msg *msg)
{
	int rc;

	switch (alg->kind) {
	case WDT_CIPHER:
		return cipher_oracle(alg, msg);
	case WDT_AUTH:
		memcpy(msg->cipher, msg->plain, msg->len);
		return auth_oracle(alg, msg->plain, msg);
	case WDT_CHAIN:
		rc = cipher_oracle(alg, msg);
		return rc != 0 ? rc : auth_oracle(alg, msg->cipher, msg);
	default:
		return aead_oracle(alg, msg);
	}
}
