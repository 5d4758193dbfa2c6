/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"

#define KEY_LEN 16
#define GCM_IV_LEN 12

static const uint8_t key[64] = { 0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 1, 3, 5, 7, 9, 11,
	13, 15, 17, 19, 21, 23, 25, 27, 29, 31 };

static const struct {
	uint16_t digest;
	uint16_t auth_key;
} sizes[WDT_NB_CLASSES] = {
	[WDT_AUTH] = { 32, 32 },
	[WDT_CHAIN] = { 20, 20 },
	[WDT_AEAD] = { 16, 0 },
};

int
wdt_with_device(const char *options, uint16_t nb_qps, uint16_t nb_desc,
		int (*body)(struct wdt_crypto *c))
{
	struct wdt_crypto c;
	int rc;

	if (wdt_crypto_open(&c, options, nb_qps, nb_desc) != 0) {
		rte_vdev_uninit(c.name);
		rte_mempool_free(c.sessions);
		rte_mempool_free(c.ops);
		rte_mempool_free(c.mbufs);
		return WDT_FAIL;
	}
	rc = body(&c);
	if (wdt_crypto_close(&c) != 0 && rc == WDT_PASS)
		rc = WDT_FAIL;
	return rc;
}

void *
wdt_session(struct wdt_crypto *c, enum wdt_class class)
{
	const struct rte_crypto_sym_xform cipher = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {
			.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = { .data = key, .length = KEY_LEN },
			.iv = { .offset = WDT_IV_OFFSET, .length = WDT_IV_SIZE },
		},
	};
	const struct rte_crypto_sym_xform auth = {
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {
			.op = RTE_CRYPTO_AUTH_OP_GENERATE,
			.algo = class == WDT_CHAIN ? RTE_CRYPTO_AUTH_SHA1_HMAC :
						     RTE_CRYPTO_AUTH_SHA256_HMAC,
			.key = { .data = key, .length = sizes[class].auth_key },
			.digest_length = sizes[class].digest,
		},
	};
	const struct rte_crypto_sym_xform aead = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {
			.op = RTE_CRYPTO_AEAD_OP_ENCRYPT,
			.algo = RTE_CRYPTO_AEAD_AES_GCM,
			.key = { .data = key, .length = KEY_LEN },
			.iv = { .offset = WDT_IV_OFFSET, .length = GCM_IV_LEN },
			.digest_length = sizes[WDT_AEAD].digest,
			.aad_length = WDT_AAD_LEN,
		},
	};
	struct rte_crypto_sym_xform xform[2];

	xform[0] = class == WDT_AEAD ? aead : class == WDT_AUTH ? auth : cipher;
	xform[1] = auth;
	xform[0].next = class == WDT_CHAIN ? &xform[1] : NULL;
	return rte_cryptodev_sym_session_create(c->id, xform, c->sessions);
}

static uint8_t
pattern(uint64_t cookie, uint32_t i)
{
	return i < sizeof(cookie) ? (uint8_t)(cookie >> 8 * i) : (uint8_t)(cookie * 29 + i * 7);
}

static void
pattern_fill(uint8_t *to, uint64_t cookie, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		to[i] = pattern(cookie, i);
}

uint64_t
wdt_cookie(const struct rte_crypto_op *op)
{
	uint64_t cookie;

	memcpy(&cookie, (const uint8_t *)op + WDT_COOKIE_OFFSET, sizeof(cookie));
	return cookie;
}

static void
set_digest(struct rte_crypto_op *op, enum wdt_class class, uint32_t len)
{
	struct rte_crypto_sym_op *sym = op->sym;
	uint8_t *digest = rte_pktmbuf_mtod_offset(sym->m_src, uint8_t *, len);
	const rte_iova_t iova = rte_pktmbuf_iova_offset(sym->m_src, len);

	if (class == WDT_AEAD) {
		sym->aead.digest.data = digest;
		sym->aead.digest.phys_addr = iova;
	} else if (class != WDT_CIPHER) {
		sym->auth.digest.data = digest;
		sym->auth.digest.phys_addr = iova;
	}
}

static void
set_ranges(struct rte_crypto_op *op, enum wdt_class class, uint32_t len)
{
	struct rte_crypto_sym_op *sym = op->sym;

	if (class == WDT_AEAD) {
		sym->aead.data.length = len;
		sym->aead.aad.data = rte_crypto_op_ctod_offset(op, uint8_t *, WDT_AAD_OFFSET);
		sym->aead.aad.phys_addr = rte_crypto_op_ctophys_offset(op, WDT_AAD_OFFSET);
		return;
	}
	if (class != WDT_AUTH)
		sym->cipher.data.length = len;
	if (class != WDT_CIPHER)
		sym->auth.data.length = len;
}

struct rte_crypto_op *
wdt_op(struct wdt_crypto *c, enum wdt_class class, void *session, uint32_t len, uint64_t cookie)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(c->ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->mbufs);
	uint8_t *data;

	if (op == NULL || m == NULL || len + WDT_DIGEST_MAX > WDT_MBUF_ROOM) {
		rte_crypto_op_free(op);
		rte_pktmbuf_free(m);
		printf("# no op of %u bytes\n", len);
		return NULL;
	}
	data = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(len + WDT_DIGEST_MAX));
	pattern_fill(data, cookie, len);
	memset(data + len, 0xdd, WDT_DIGEST_MAX);
	memset(rte_crypto_op_ctod_offset(op, uint8_t *, WDT_IV_OFFSET), 0, 64);
	memcpy(rte_crypto_op_ctod_offset(op, uint8_t *, WDT_COOKIE_OFFSET), &cookie,
			sizeof(cookie));
	pattern_fill(rte_crypto_op_ctod_offset(op, uint8_t *, WDT_AAD_OFFSET), ~cookie,
			WDT_AAD_LEN);
	rte_crypto_op_attach_sym_session(op, session);
	op->sym->m_src = m;
	set_ranges(op, class, len);
	set_digest(op, class, len);
	return op;
}

int
wdt_ops(struct wdt_crypto *c, enum wdt_class class, void *session, uint32_t len,
		struct rte_crypto_op **ops, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++) {
		ops[i] = wdt_op(c, class, session, len, i);
		if (ops[i] == NULL) {
			wdt_ops_free(ops, i);
			return -1;
		}
	}
	return 0;
}

void
wdt_ops_free(struct rte_crypto_op **ops, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++)
		wdt_crypto_op_free(ops[i]);
}

/* ---- what must come of them ---- */

bool
wdt_reference_cipher(uint8_t *data, uint32_t len)
{
	static const uint8_t iv[WDT_IV_SIZE];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok;

	ok = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv) == 1 &&
			EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
			EVP_EncryptUpdate(ctx, data, &n, data, (int)len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool
reference_aead(uint8_t *data, uint32_t len, const uint8_t *aad, uint8_t *tag)
{
	static const uint8_t iv[GCM_IV_LEN];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok;

	ok = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, iv) == 1 &&
			EVP_EncryptUpdate(ctx, NULL, &n, aad, WDT_AAD_LEN) == 1 &&
			EVP_EncryptUpdate(ctx, data, &n, data, (int)len) == 1 &&
			EVP_EncryptFinal_ex(ctx, data + n, &n) == 1 &&
			EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, sizes[WDT_AEAD].digest,
					tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* want: payload and, behind it, WDT_DIGEST_MAX bytes. */
static bool
reference(enum wdt_class class, uint64_t cookie, uint32_t len, uint8_t *want)
{
	const EVP_MD *md = class == WDT_CHAIN ? EVP_sha1() : EVP_sha256();
	uint8_t aad[WDT_AAD_LEN], mac[EVP_MAX_MD_SIZE];

	pattern_fill(want, cookie, len);
	memset(want + len, 0xdd, WDT_DIGEST_MAX);
	if (class == WDT_AEAD) {
		pattern_fill(aad, ~cookie, sizeof(aad));
		return reference_aead(want, len, aad, want + len);
	}
	if (class != WDT_AUTH && !wdt_reference_cipher(want, len))
		return false;
	if (class == WDT_CIPHER)
		return true;
	if (HMAC(md, key, sizes[class].auth_key, want, len, mac, NULL) == NULL)
		return false;
	memcpy(want + len, mac, sizes[class].digest);
	return true;
}

bool
wdt_op_right(const struct rte_crypto_op *op, enum wdt_class class, uint32_t len)
{
	const uint8_t *got = rte_pktmbuf_mtod(op->sym->m_src, const uint8_t *);
	const uint64_t cookie = wdt_cookie(op);
	uint8_t want[WDT_MBUF_ROOM];

	if (op->status != RTE_CRYPTO_OP_STATUS_SUCCESS) {
		printf("# op %" PRIu64 " has status %u\n", cookie, op->status);
		return false;
	}
	if (!reference(class, cookie, len, want)) {
		printf("# libcrypto failed\n");
		return false;
	}
	if (memcmp(got, want, len + WDT_DIGEST_MAX) == 0)
		return true;
	printf("# op %" PRIu64 " of class %d, %u bytes, is wrong\n", cookie, class, len);
	wdt_dump_diff(got, want, len + WDT_DIGEST_MAX);
	return false;
}

bool
wdt_op_untouched(const struct rte_crypto_op *op, uint32_t len)
{
	const uint8_t *got = rte_pktmbuf_mtod(op->sym->m_src, const uint8_t *);
	const uint64_t cookie = wdt_cookie(op);

	for (uint32_t i = 0; i < len + WDT_DIGEST_MAX; i++) {
		if (got[i] != (i < len ? pattern(cookie, i) : 0xdd)) {
			printf("# op %" PRIu64 " was touched at byte %u\n", cookie, i);
			return false;
		}
	}
	return true;
}

/* ---- the device ---- */

void
wdt_sim_run(unsigned int dev)
{
	while (rte_wd_sim_step(dev) > 0)
		;
}

uint64_t
wdt_sim_taken(unsigned int dev, uint16_t queue)
{
	struct rte_wd_sim_stats stats = { 0 };

	return rte_wd_sim_stats(dev, queue, &stats) == 0 ? stats.taken : UINT64_MAX;
}

uint64_t
wdt_sim_doorbells(unsigned int dev, uint16_t queue)
{
	struct rte_wd_sim_stats stats = { 0 };

	return rte_wd_sim_stats(dev, queue, &stats) == 0 ? stats.doorbells : UINT64_MAX;
}

/* ---- many ops ---- */

#define FLOW_OPS 1536U /* more than a ring holds and a burst */
#define FLOW_LEN 16
#define FLOW_SILENCE_S (WDT_WAIT_MS / 1000)

struct flow_state {
	struct rte_crypto_op *ops[FLOW_OPS]; /* op of cookie n is at n % FLOW_OPS */
	EVP_CIPHER_CTX *ctx;
	uint64_t made, sent, back;
	uint64_t random;
	uint64_t silent_since;
};

/* Of its own: two lcores may run flows. */
static uint16_t
flow_random(struct flow_state *s, uint16_t max)
{
	s->random = s->random * 6364136223846793005U + 1442695040888963407U;
	return (uint16_t)(1 + (s->random >> 33) % max);
}

static void
flow_make(struct flow_state *s, uint64_t cookie)
{
	struct rte_crypto_op *op = s->ops[cookie % FLOW_OPS];

	op->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	memcpy(rte_crypto_op_ctod_offset(op, uint8_t *, WDT_COOKIE_OFFSET), &cookie,
			sizeof(cookie));
	pattern_fill(rte_pktmbuf_mtod(op->sym->m_src, uint8_t *), cookie, FLOW_LEN);
}

static int
flow_send(const struct wdt_flow *f, struct flow_state *s)
{
	uint16_t want = flow_random(s, f->max_burst), n;
	struct rte_crypto_op *burst[WDT_FLOW_MAX_BURST];

	want = (uint16_t)RTE_MIN(want, f->nb_ops - s->sent);
	want = (uint16_t)RTE_MIN(want, FLOW_OPS - (s->sent - s->back));
	for (; s->made < s->sent + want; s->made++)
		flow_make(s, s->made);
	for (uint16_t i = 0; i < want; i++)
		burst[i] = s->ops[(s->sent + i) % FLOW_OPS];
	n = rte_cryptodev_enqueue_burst(f->c->id, f->qp, burst, want);
	WDT_CHECK(n <= want);
	s->sent += n;
	return WDT_PASS;
}

static int
flow_check(struct flow_state *s, const struct rte_crypto_op *op)
{
	static const uint8_t iv[WDT_IV_SIZE];
	uint8_t want[FLOW_LEN];
	int n;

	WDT_CHECK(op == s->ops[s->back % FLOW_OPS]);
	WDT_CHECK_EQ(wdt_cookie(op), s->back);
	WDT_CHECK_EQ(op->status, RTE_CRYPTO_OP_STATUS_SUCCESS);
	pattern_fill(want, s->back, FLOW_LEN);
	WDT_CHECK_EQ(EVP_EncryptInit_ex(s->ctx, NULL, NULL, NULL, iv), 1);
	WDT_CHECK_EQ(EVP_EncryptUpdate(s->ctx, want, &n, want, FLOW_LEN), 1);
	WDT_CHECK_MEM(rte_pktmbuf_mtod(op->sym->m_src, uint8_t *), want, FLOW_LEN);
	s->back++;
	return WDT_PASS;
}

static int
flow_receive(const struct wdt_flow *f, struct flow_state *s)
{
	struct rte_crypto_op *burst[WDT_FLOW_MAX_BURST];
	uint16_t n;

	n = rte_cryptodev_dequeue_burst(f->c->id, f->qp, burst, flow_random(s, f->max_burst));
	if (n > 0)
		s->silent_since = rte_get_timer_cycles();
	else
		WDT_CHECK(rte_get_timer_cycles() - s->silent_since <
				FLOW_SILENCE_S * rte_get_timer_hz());
	for (uint16_t i = 0; i < n; i++) {
		if (flow_check(s, burst[i]) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
flow_loop(const struct wdt_flow *f, struct flow_state *s)
{
	s->random = f->seed;
	s->silent_since = rte_get_timer_cycles();
	while (s->back < f->nb_ops) {
		if (flow_send(f, s) != WDT_PASS)
			return WDT_FAIL;
		if (f->step)
			rte_wd_sim_step(0);
		if (flow_receive(f, s) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

int
wdt_flow_run(const struct wdt_flow *f)
{
	struct flow_state s = { 0 };
	int rc = WDT_FAIL;

	s.ctx = EVP_CIPHER_CTX_new();
	if (s.ctx != NULL && EVP_EncryptInit_ex(s.ctx, EVP_aes_128_cbc(), NULL, key, NULL) == 1 &&
			EVP_CIPHER_CTX_set_padding(s.ctx, 0) == 1 &&
			wdt_ops(f->c, WDT_CIPHER, f->session, FLOW_LEN, s.ops, FLOW_OPS) == 0) {
		rc = flow_loop(f, &s);
		if (rc != WDT_PASS)
			printf("# after %" PRIu64 " of %" PRIu64 " ops, %" PRIu64 " sent\n", s.back,
					f->nb_ops, s.sent);
		wdt_ops_free(s.ops, FLOW_OPS);
	}
	EVP_CIPHER_CTX_free(s.ctx);
	return rc;
}
