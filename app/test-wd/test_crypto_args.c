/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* What the driver must not accept, and that it says why: options and session parameters. */

#include <rte_bus_vdev.h>
#include <rte_errno.h>

#include "wdt_crypto.h"
#include "wdt_log.h"

/* ---- options of the device ---- */

#define NAME "crypto_wd_args"

/* The probe fails, leaves nothing behind, and its log has all these words. */
static int
refused(const char *options, const char *word1, const char *word2)
{
	const char *log;
	int rc;

	WDT_CHECK_EQ(wdt_log_capture(), 0);
	rc = rte_vdev_init(NAME, options);
	log = wdt_log_release();
	if (rc >= 0) {
		rte_vdev_uninit(NAME);
		printf("# accepted: \"%s\"\n", options);
		return WDT_FAIL;
	}
	if (rte_cryptodev_get_dev_id(NAME) >= 0 || strstr(log, word1) == NULL ||
			strstr(log, word2) == NULL) {
		printf("# \"%s\": not said about \"%s\" and \"%s\": %s\n", options, word1, word2,
				log);
		return WDT_FAIL;
	}
	return WDT_PASS;
}

/* clang-format off */
static const struct {
	const char *options;
	const char *key; /* that the message has to name */
	const char *value;
} bad_options[] = {
	{ "dev=nosuch", "nosuch", "device" },
	{ "dev=", "dev", "" },
	{ "dev=SIM", "SIM", "device" },
	{ "dev=sim,hw=v9", "hw", "v9" },
	{ "dev=sim,hw=", "hw", "" },
	{ "dev=sim,hw", "hw", "" },
	{ "dev=sim,hw=V3", "hw", "V3" },
	{ "dev=sim,sva=2", "sva", "2" },
	{ "dev=sim,sva=yes", "sva", "yes" },
	{ "dev=sim,sva=-1", "sva", "-1" },
	{ "dev=sim,sva", "sva", "" },
	{ "dev=sim,max_nb_queue_pairs=0", "max_nb_queue_pairs", "0" },
	{ "dev=sim,max_nb_queue_pairs=abc", "max_nb_queue_pairs", "abc" },
	{ "dev=sim,max_nb_queue_pairs=5000", "max_nb_queue_pairs", "5000" },
	{ "dev=sim,max_nb_queue_pairs=1025", "max_nb_queue_pairs", "1025" },
	{ "dev=sim,max_nb_queue_pairs=-1", "max_nb_queue_pairs", "-1" },
	{ "dev=sim,max_nb_queue_pairs=4x", "max_nb_queue_pairs", "4x" },
	{ "dev", "dev", "" },
	{ "dev=sim,stall_ms", "stall_ms", "" },
	{ "dev=sim,stall_ms= -18446744073709551611", "stall_ms", "611" },
	{ "dev=sim,max_nb_queue_pairs", "max_nb_queue_pairs", "" },
	{ "dev=sim,max_nb_queue_pairs= 4", "max_nb_queue_pairs", "4" },
	{ "dev=sim,max_nb_queue_pairs=-18446744073709551612", "max_nb_queue_pairs", "612" },
	{ "dev=sim,max_nb_queue_pairs=99999999999999999999", "max_nb_queue_pairs", "9999" },
	{ "dev=sim,max_nb_queue_pairs=", "max_nb_queue_pairs", "" },
	{ "dev=sim,engine=x", "engine", "x" },
	{ "dev=sim,engine=", "engine", "" },
	{ "dev=sim,run=x", "run", "x" },
	{ "dev=sim,run=inline ", "run", "inline" },
	{ "dev=sim,latency_ns=-1", "latency_ns", "-1" },
	{ "dev=sim,latency_ns=1us", "latency_ns", "1us" },
	{ "dev=sim,latency_ns=99999999999", "latency_ns", "99999999999" },
	{ "dev=sim,ops_per_s=-1", "ops_per_s", "-1" },
	{ "dev=sim,ops_per_s=1000000000001", "ops_per_s", "1000000000001" },
	{ "dev=sim,bytes_per_s=7G", "bytes_per_s", "7G" },
	{ "dev=sim,bytes_per_s", "bytes_per_s", "" },
	{ "dev=sim,perf=zip-920", "perf", "zip-920" },
	{ "dev=sim,perf=fast", "perf", "fast" },
	{ "dev=sim,fault=bogus", "fault", "bogus" },
	{ "dev=sim,fault=error_type:256", "fault", "256" },
	{ "dev=sim,fault=error_type", "fault", "error_type" },
	{ "dev=sim,fault=reset@", "fault", "reset@" },
	{ "dev=sim,fault=reset@1/", "fault", "reset@1/" },
	{ "dev=sim,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv",
		"fault", "8" },
	{ "dev=sim,depth=3", "depth", "3" },
	{ "dev=sim,depth=1", "depth", "1" },
	{ "dev=sim,depth=0", "depth", "0" },
	{ "dev=sim,depth=65536", "depth", "65536" },
	{ "dev=sim,depth=x", "depth", "x" },
	{ "dev=sim,cpu=99999", "cpu", "99999" },
	{ "dev=sim,cpu=-1", "cpu", "-1" },
	{ "dev=sim,stall_ms=x", "stall_ms", "x" },
	{ "dev=sim,stall_ms=-5", "stall_ms", "-5" },
	{ "dev=sim,stall_ms= -5", "stall_ms", "-5" },
	{ "dev=sim,stall_ms=4294967296", "stall_ms", "4294967296" },
	{ "dev=sim,stall_ms=", "stall_ms", "" },
	{ "dev=sim,unknown=1", "unknown", "" },
	{ "dev=sim,Hw=v3", "Hw", "" },
	{ "dev=sim,hw =v3", "hw ", "" },
	{ "unknown=1", "unknown", "" },
};
/* clang-format on */

WDT_TEST(crypto_args_bad_option_is_refused_and_named)
{
	unsigned int nb_bad = 0;

	for (unsigned int i = 0; i < RTE_DIM(bad_options); i++)
		nb_bad += refused(bad_options[i].options, bad_options[i].key,
					  bad_options[i].value) != WDT_PASS;
	WDT_CHECK_EQ(nb_bad, 0);
	return WDT_PASS;
}

WDT_TEST(crypto_args_good_options_are_accepted)
{
	static const char *const good[] = {
		NULL,
		"",
		"dev=sim",
		"hw=v2",
		"dev=sim,hw=v3,sva=1",
		"dev=sim,max_nb_queue_pairs=1",
		"dev=sim,max_nb_queue_pairs=1024",
		"dev=sim,engine=auto",
		"dev=sim,engine=instant",
		"dev=sim,run=thread",
		"dev=sim,latency_ns=0",
		"dev=sim,ops_per_s=1,bytes_per_s=1000000000000",
		"dev=sim,perf=sec-920",
		"dev=sim,latency_ns=5,perf=sec-920,ops_per_s=0",
		"dev=sim,fault=reset@5/7",
		"dev=sim,depth=2",
		"dev=sim,depth=32768",
		"dev=sim,stall_ms=0",
		"dev=sim,stall_ms=2147483647",
		"dev=sim,cpu=0",
	};

	for (unsigned int i = 0; i < RTE_DIM(good); i++) {
		if (rte_vdev_init(NAME, good[i]) != 0) {
			printf("# refused: %s\n", good[i] == NULL ? "nothing" : good[i]);
			return WDT_FAIL;
		}
		WDT_CHECK_EQ(rte_vdev_uninit(NAME), 0);
	}
	return WDT_PASS;
}

/* ---- sessions ---- */

static const uint8_t key[256];

/* clang-format off */
#define CIPHER_X(a, k, i)                                                                          \
	{ .type = RTE_CRYPTO_SYM_XFORM_CIPHER, .cipher = { .op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,     \
		.algo = RTE_CRYPTO_CIPHER_##a, .key = { .data = key, .length = (k) },              \
		.iv = { .offset = WDT_IV_OFFSET, .length = (i) } } }
#define AUTH_X(a, k, d, i)                                                                         \
	{ .type = RTE_CRYPTO_SYM_XFORM_AUTH, .auth = { .op = RTE_CRYPTO_AUTH_OP_GENERATE,          \
		.algo = RTE_CRYPTO_AUTH_##a, .key = { .data = key, .length = (k) },                \
		.digest_length = (d), .iv = { .offset = WDT_IV_OFFSET, .length = (i) } } }
#define AEAD_X(a, k, d, i, aad)                                                                    \
	{ .type = RTE_CRYPTO_SYM_XFORM_AEAD, .aead = { .op = RTE_CRYPTO_AEAD_OP_ENCRYPT,           \
		.algo = RTE_CRYPTO_AEAD_##a, .key = { .data = key, .length = (k) },                \
		.digest_length = (d), .iv = { .offset = WDT_IV_OFFSET, .length = (i) },            \
		.aad_length = (aad) } }

#define V2 1U
#define V3 2U
#define BOTH (V2 | V3)

static const struct {
	struct rte_crypto_sym_xform xform;
	const char *word; /* that the message has to have */
	unsigned int versions; /* that refuse it */
} bad_sessions[] = {
	{ CIPHER_X(AES_CBC, 15, 16), "key of 15", BOTH },
	{ CIPHER_X(AES_CBC, 0, 16), "key of 0", BOTH },
	{ CIPHER_X(AES_CBC, 64, 16), "key of 64", BOTH },
	{ CIPHER_X(AES_CBC, 16, 12), "IV of 12", BOTH },
	{ CIPHER_X(AES_CBC, 16, 0), "IV of 0", BOTH },
	{ CIPHER_X(AES_CBC, 16, 17), "IV of 17", BOTH },
	{ CIPHER_X(AES_ECB, 33, 0), "key of 33", BOTH },
	{ CIPHER_X(AES_ECB, 16, 16), "IV of 16", BOTH },
	{ CIPHER_X(AES_XTS, 16, 16), "key of 16", BOTH },
	{ CIPHER_X(AES_XTS, 48, 16), "key of 48", BOTH },
	{ CIPHER_X(DES_CBC, 16, 8), "key of 16", BOTH },
	{ CIPHER_X(3DES_CBC, 25, 8), "key of 25", BOTH },
	{ CIPHER_X(3DES_CBC, 24, 16), "IV of 16", BOTH },
	{ CIPHER_X(SM4_CBC, 32, 16), "key of 32", BOTH },
	{ CIPHER_X(AES_CTR, 16, 16), "hw=v2", V2 },
	{ CIPHER_X(AES_CTR, 17, 16), "key of 17", V3 },
	{ CIPHER_X(AES_CTR, 16, 8), "IV of 8", V3 },
	{ CIPHER_X(SM4_CTR, 16, 16), "hw=v2", V2 },
	{ CIPHER_X(ARC4, 16, 0), "algorithm", BOTH },
	{ CIPHER_X(AES_F8, 16, 16), "algorithm", BOTH },
	{ CIPHER_X(KASUMI_F8, 16, 8), "algorithm", BOTH },
	{ AUTH_X(SHA1, 0, 12, 0), "digest of 12", BOTH },
	{ AUTH_X(SHA1, 5, 20, 0), "key of 5", BOTH },
	{ AUTH_X(SHA256_HMAC, 0, 32, 0), "key of 0", BOTH },
	{ AUTH_X(SHA256_HMAC, 65, 32, 0), "key of 65", BOTH },
	{ AUTH_X(SHA256_HMAC, 32, 33, 0), "digest of 33", BOTH },
	{ AUTH_X(SHA256_HMAC, 32, 0, 0), "digest of 0", BOTH },
	{ AUTH_X(SHA512_HMAC, 129, 64, 0), "key of 129", BOTH },
	{ AUTH_X(SHA3_256, 0, 32, 0), "algorithm", BOTH },
	{ AUTH_X(ZUC_EIA3, 16, 4, 16), "algorithm", BOTH },
	{ AUTH_X(AES_CMAC, 16, 16, 0), "hw=v2", V2 },
	{ AUTH_X(AES_CMAC, 24, 16, 0), "key of 24", V3 },
	{ AUTH_X(AES_GMAC, 16, 16, 12), "hw=v2", V2 },
	{ AUTH_X(AES_GMAC, 16, 16, 16), "IV of 16", V3 },
	{ AUTH_X(AES_GMAC, 16, 17, 12), "digest of 17", V3 },
	{ AEAD_X(AES_GCM, 17, 16, 12, 16), "key of 17", BOTH },
	{ AEAD_X(AES_GCM, 16, 17, 12, 16), "digest of 17", BOTH },
	{ AEAD_X(AES_GCM, 16, 3, 12, 16), "digest of 3", BOTH },
	{ AEAD_X(AES_GCM, 16, 16, 16, 16), "IV of 16", BOTH },
	{ AEAD_X(AES_GCM, 16, 16, 0, 16), "IV of 0", BOTH },
	{ AEAD_X(AES_CCM, 16, 5, 12, 16), "digest of 5", BOTH },
	{ AEAD_X(AES_CCM, 16, 16, 14, 16), "IV of 14", BOTH },
	{ AEAD_X(AES_CCM, 16, 16, 6, 16), "IV of 6", BOTH },
	{ AEAD_X(AES_CCM, 16, 16, 12, 65280), "AAD of 65280", BOTH },
	{ AEAD_X(CHACHA20_POLY1305, 32, 16, 12, 16), "algorithm", BOTH },
};
/* clang-format on */

static int
session_refused(struct wdt_crypto *c, const struct rte_crypto_sym_xform *xform, int want,
		const char *word)
{
	struct rte_crypto_sym_xform copy = *xform;
	const char *log;
	void *session;

	WDT_CHECK_EQ(wdt_log_capture(), 0);
	rte_errno = 0;
	session = rte_cryptodev_sym_session_create(c->id, &copy, c->sessions);
	log = wdt_log_release();
	if (session != NULL) {
		rte_cryptodev_sym_session_free(c->id, session);
		printf("# accepted, should have said \"%s\"\n", word);
		return WDT_FAIL;
	}
	if (strstr(log, word) == NULL) {
		printf("# not said \"%s\": %s\n", word, log);
		return WDT_FAIL;
	}
	WDT_CHECK_EQ(rte_errno, want);
	WDT_CHECK(rte_mempool_full(c->sessions));
	return WDT_PASS;
}

static int
sessions_refused(struct wdt_crypto *c, unsigned int version)
{
	unsigned int nb_bad = 0;

	for (unsigned int i = 0; i < RTE_DIM(bad_sessions); i++) {
		if ((bad_sessions[i].versions & version) != 0)
			nb_bad += session_refused(c, &bad_sessions[i].xform, ENOTSUP,
						  bad_sessions[i].word) != WDT_PASS;
	}
	WDT_CHECK_EQ(nb_bad, 0);
	return WDT_PASS;
}

static int
sessions_refused_v2(struct wdt_crypto *c)
{
	return sessions_refused(c, V2);
}

static int
sessions_refused_v3(struct wdt_crypto *c)
{
	return sessions_refused(c, V3);
}

/* Opens a device, runs body, closes it. */
static int
with_sessions(const char *options, int (*body)(struct wdt_crypto *c))
{
	struct wdt_crypto c;
	int rc;

	WDT_CHECK_EQ(wdt_crypto_open(&c, options, 1, 64), 0);
	rc = body(&c);
	return wdt_crypto_close(&c) != 0 ? WDT_FAIL : rc;
}

WDT_TEST(crypto_args_unsupported_session_is_refused_and_named_v2)
{
	return with_sessions("hw=v2", sessions_refused_v2);
}

WDT_TEST(crypto_args_unsupported_session_is_refused_and_named_v3)
{
	return with_sessions("hw=v3", sessions_refused_v3);
}

/* ---- chains ---- */

struct chain {
	struct rte_crypto_sym_xform first, second;
	const char *word;
	unsigned int versions;
};

static int
chain_refused(struct wdt_crypto *c, const struct chain *chain)
{
	struct rte_crypto_sym_xform first = chain->first, second = chain->second;

	first.next = &second;
	return session_refused(c, &first, ENOTSUP, chain->word);
}

/* The two orders that the hardware has not, and directions that do not go together. */
static int
chain_orders(struct wdt_crypto *c)
{
	struct chain chain = { .first = CIPHER_X(AES_CBC, 16, 16),
		.second = AUTH_X(SHA1_HMAC, 20, 20, 0),
		.word = "order" };
	struct rte_crypto_sym_xform swap;

	chain.first.cipher.op = RTE_CRYPTO_CIPHER_OP_DECRYPT; /* decrypt, then generate */
	WDT_CHECK_EQ(chain_refused(c, &chain), WDT_PASS);
	chain.second.auth.op = RTE_CRYPTO_AUTH_OP_VERIFY; /* decrypt, then verify */
	WDT_CHECK_EQ(chain_refused(c, &chain), WDT_PASS);
	chain.first.cipher.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT; /* encrypt, then verify */
	WDT_CHECK_EQ(chain_refused(c, &chain), WDT_PASS);
	swap = chain.first;
	chain.first = chain.second;
	chain.second = swap; /* verify, then encrypt */
	WDT_CHECK_EQ(chain_refused(c, &chain), WDT_PASS);
	chain.first.auth.op = RTE_CRYPTO_AUTH_OP_GENERATE; /* generate, then encrypt */
	WDT_CHECK_EQ(chain_refused(c, &chain), WDT_PASS);
	chain.second.cipher.op = RTE_CRYPTO_CIPHER_OP_DECRYPT; /* generate, then decrypt */
	WDT_CHECK_EQ(chain_refused(c, &chain), WDT_PASS);
	return WDT_PASS;
}

/* clang-format off */
static const struct chain bad_chains[] = {
	{ CIPHER_X(AES_CBC, 16, 16), CIPHER_X(AES_CBC, 16, 16), "chain", BOTH },
	{ AUTH_X(SHA1_HMAC, 20, 20, 0), AUTH_X(SHA1_HMAC, 20, 20, 0), "chain", BOTH },
	{ AEAD_X(AES_GCM, 16, 16, 12, 16), AUTH_X(SHA1_HMAC, 20, 20, 0), "chain", BOTH },
	{ CIPHER_X(AES_CBC, 16, 16), AEAD_X(AES_GCM, 16, 16, 12, 16), "chain", BOTH },
	{ CIPHER_X(AES_ECB, 16, 0), AUTH_X(SHA1_HMAC, 20, 20, 0), "chain", BOTH },
	{ CIPHER_X(AES_CBC, 16, 16), AUTH_X(MD5_HMAC, 16, 16, 0), "hw=v2", V2 },
	{ CIPHER_X(AES_CBC, 16, 16), AUTH_X(SHA1, 0, 20, 0), "chain", BOTH },
	{ CIPHER_X(AES_XTS, 32, 16), AUTH_X(SHA1_HMAC, 20, 20, 0), "chain", BOTH },
	{ CIPHER_X(SM4_CBC, 16, 16), AUTH_X(SHA1_HMAC, 20, 20, 0), "hw=v2", V2 },
	{ CIPHER_X(AES_CBC, 16, 16), AUTH_X(SHA1_HMAC, 20, 19, 0), "digest of 19", BOTH },
	{ CIPHER_X(AES_CBC, 17, 16), AUTH_X(SHA1_HMAC, 20, 20, 0), "key of 17", BOTH },
	{ CIPHER_X(AES_CBC, 16, 16), AUTH_X(SHA1_HMAC, 65, 20, 0), "key of 65", BOTH },
};
/* clang-format on */

static int
chains_refused(struct wdt_crypto *c, unsigned int version)
{
	unsigned int nb_bad = 0;

	for (unsigned int i = 0; i < RTE_DIM(bad_chains); i++) {
		if ((bad_chains[i].versions & version) != 0 &&
				chain_refused(c, &bad_chains[i]) != WDT_PASS) {
			printf("# chain %u\n", i);
			nb_bad++;
		}
	}
	WDT_CHECK_EQ(nb_bad, 0);
	return chain_orders(c);
}

static int
chains_refused_v2(struct wdt_crypto *c)
{
	return chains_refused(c, V2);
}

static int
chains_refused_v3(struct wdt_crypto *c)
{
	return chains_refused(c, V3);
}

WDT_TEST(crypto_args_unsupported_chain_is_refused_and_named_v2)
{
	return with_sessions("hw=v2", chains_refused_v2);
}

WDT_TEST(crypto_args_unsupported_chain_is_refused_and_named_v3)
{
	return with_sessions("hw=v3", chains_refused_v3);
}

/* A third transform. */
static int
three_links(struct wdt_crypto *c)
{
	struct rte_crypto_sym_xform cipher = CIPHER_X(AES_CBC, 16, 16),
				    auth = AUTH_X(SHA1_HMAC, 20, 20, 0),
				    third = AUTH_X(SHA256_HMAC, 20, 32, 0);

	cipher.next = &auth;
	auth.next = &third;
	return session_refused(c, &cipher, ENOTSUP, "chain");
}

WDT_TEST(crypto_args_chain_of_three_is_refused)
{
	return with_sessions("", three_links);
}

/* ---- keys ---- */

static int
null_keys(struct wdt_crypto *c)
{
	struct rte_crypto_sym_xform cipher = CIPHER_X(AES_CBC, 16, 16),
				    auth = AUTH_X(SHA1_HMAC, 20, 20, 0),
				    aead = AEAD_X(AES_GCM, 16, 16, 12, 16);

	cipher.cipher.key.data = NULL;
	auth.auth.key.data = NULL;
	aead.aead.key.data = NULL;
	WDT_CHECK_EQ(session_refused(c, &cipher, EINVAL, "key"), WDT_PASS);
	WDT_CHECK_EQ(session_refused(c, &auth, EINVAL, "key"), WDT_PASS);
	WDT_CHECK_EQ(session_refused(c, &aead, EINVAL, "key"), WDT_PASS);
	auth.next = &cipher;
	auth.auth.op = RTE_CRYPTO_AUTH_OP_VERIFY;
	cipher.cipher.op = RTE_CRYPTO_CIPHER_OP_DECRYPT;
	WDT_CHECK_EQ(session_refused(c, &auth, EINVAL, "key"), WDT_PASS);
	return WDT_PASS;
}

WDT_TEST(crypto_args_null_key_is_refused)
{
	return with_sessions("", null_keys);
}

/* A refused session leaves no key behind in the pool's memory. */
static bool
has_key(const void *obj, size_t size, const uint8_t *secret, size_t len)
{
	for (size_t i = 0; i + len <= size; i++) {
		if (memcmp((const uint8_t *)obj + i, secret, len) == 0)
			return true;
	}
	return false;
}

struct key_search {
	const uint8_t *secret;
	unsigned int found;
};

static void
search_key(struct rte_mempool *mp, void *arg, void *obj, unsigned int idx __rte_unused)
{
	struct key_search *search = arg;

	search->found += has_key(obj, mp->elt_size, search->secret, 16);
}

static unsigned int
keys_in_pool(struct wdt_crypto *c, const uint8_t *secret)
{
	struct key_search search = { .secret = secret };

	rte_mempool_obj_iter(c->sessions, search_key, &search);
	return search.found;
}

static int
keys_wiped(struct wdt_crypto *c)
{
	struct rte_crypto_sym_xform cipher = CIPHER_X(AES_CBC, 16, 16),
				    auth = AUTH_X(SHA1_HMAC, 20, 19, 0);
	uint8_t secret[16];
	void *session;

	wdt_random_bytes(secret, sizeof(secret));
	cipher.cipher.key.data = secret;
	session = rte_cryptodev_sym_session_create(c->id, &cipher, c->sessions);
	WDT_CHECK(session != NULL);
	WDT_CHECK(keys_in_pool(c, secret) > 0); /* else the search is no good */
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	WDT_CHECK_EQ(keys_in_pool(c, secret), 0);
	cipher.next = &auth; /* 19 bytes of digest: refused, late or early */
	WDT_CHECK_EQ(session_refused(c, &cipher, ENOTSUP, "digest of 19"), WDT_PASS);
	WDT_CHECK_EQ(keys_in_pool(c, secret), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_args_no_key_stays_behind)
{
	return with_sessions("", keys_wiped);
}
