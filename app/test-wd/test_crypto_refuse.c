/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Ops that the driver must refuse, in the middle of bursts of good ones. */

#include <rte_bus_vdev.h>
#include <rte_malloc.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"

#define LEN 64U
#define NB 32
#define BAD 10 /* where in the burst */
#define DEPTH 256

/* Sessions that are not ours, or no longer. */
static struct {
	void *other_driver;
	void *other_version;
	void *cleared;
	struct rte_mempool *segments; /* small mbufs */
	struct rte_mbuf *long_chain; /* of more bytes than a descriptor can say */
	struct rte_mbuf *many; /* of more segments than lists have room for */
} bad;

struct spoil {
	const char *name;
	void (*spoil)(struct rte_crypto_op *op);
	unsigned int classes; /* bits of enum wdt_class, which it makes sense for */
	enum rte_crypto_op_status want;
};

#define ALL ((1U << WDT_NB_CLASSES) - 1)
#define BIT(class) (1U << (class))
#define ARGS RTE_CRYPTO_OP_STATUS_INVALID_ARGS
#define SESSION RTE_CRYPTO_OP_STATUS_INVALID_SESSION

static void
null_session(struct rte_crypto_op *op)
{
	op->sym->session = NULL;
}

static void
other_driver(struct rte_crypto_op *op)
{
	op->sym->session = bad.other_driver;
}

static void
other_version(struct rte_crypto_op *op)
{
	op->sym->session = bad.other_version;
}

static void
cleared(struct rte_crypto_op *op)
{
	op->sym->session = bad.cleared;
}

static void
sessionless(struct rte_crypto_op *op)
{
	op->sess_type = RTE_CRYPTO_OP_SESSIONLESS;
	op->sym->xform = NULL;
}

static void
security_session(struct rte_crypto_op *op)
{
	op->sess_type = RTE_CRYPTO_OP_SECURITY_SESSION;
}

static void
asymmetric(struct rte_crypto_op *op)
{
	op->type = RTE_CRYPTO_OP_TYPE_ASYMMETRIC;
}

static void
undefined_type(struct rte_crypto_op *op)
{
	op->type = RTE_CRYPTO_OP_TYPE_UNDEFINED;
}

static void
null_src(struct rte_crypto_op *op)
{
	op->sym->m_src = NULL;
}

/* Of whichever class; a chain has two ranges that end together. */
static void
add_to_length(struct rte_crypto_op *op, unsigned int class, uint32_t more)
{
	if (class == WDT_AEAD) {
		op->sym->aead.data.length += more;
		return;
	}
	if (class != WDT_AUTH)
		op->sym->cipher.data.length += more;
	if (class != WDT_CIPHER)
		op->sym->auth.data.length += more;
}

static void
add_to_offset(struct rte_crypto_op *op, unsigned int class, uint32_t more)
{
	if (class == WDT_AEAD) {
		op->sym->aead.data.offset += more;
		return;
	}
	if (class != WDT_AUTH)
		op->sym->cipher.data.offset += more;
	if (class != WDT_CIPHER)
		op->sym->auth.data.offset += more;
}

#define SPOIL(name, class, what, amount)                                                           \
	static void name##_##class(struct rte_crypto_op * op)                                      \
	{                                                                                          \
		what(op, WDT_##class, amount);                                                     \
	}
#define SPOIL_EACH(name, what, amount)                                                             \
	SPOIL(name, CIPHER, what, amount)                                                          \
	SPOIL(name, AUTH, what, amount)                                                            \
	SPOIL(name, CHAIN, what, amount)                                                           \
	SPOIL(name, AEAD, what, amount)

SPOIL_EACH(too_long, add_to_length, 2048)
SPOIL_EACH(one_block_too_long, add_to_length, WDT_DIGEST_MAX + 16)
SPOIL_EACH(length_overflows, add_to_length, UINT32_MAX - 15 - LEN)
SPOIL_EACH(offset_beyond, add_to_offset, 4096)
SPOIL_EACH(offset_overflows, add_to_offset, UINT32_MAX - 15)
SPOIL(no_length, CIPHER, add_to_length, UINT32_MAX - LEN + 1)
SPOIL(no_length, CHAIN, add_to_length, UINT32_MAX - LEN + 1)
SPOIL(part_of_a_block, CIPHER, add_to_length, 1)
SPOIL(part_of_a_block, CHAIN, add_to_length, 1)

static void
chain_cipher_outside_auth(struct rte_crypto_op *op)
{
	op->sym->auth.data.length -= 16;
}

static void
chain_cipher_before_auth(struct rte_crypto_op *op)
{
	op->sym->auth.data.offset = 16;
	op->sym->auth.data.length -= 16;
}

static void
null_digest(struct rte_crypto_op *op)
{
	op->sym->auth.digest.data = NULL;
}

static void
null_tag(struct rte_crypto_op *op)
{
	op->sym->aead.digest.data = NULL;
}

static void
null_aad(struct rte_crypto_op *op)
{
	op->sym->aead.aad.data = NULL;
}

static void
too_many_bytes(struct rte_crypto_op *op)
{
	op->sym->m_src = bad.long_chain;
	op->sym->cipher.data.length = bad.long_chain->pkt_len & ~15U;
}

static void
too_many_segments(struct rte_crypto_op *op)
{
	op->sym->m_src = bad.many;
	op->sym->cipher.data.length = bad.many->pkt_len & ~15U;
}

#define FOUR(name, status)                                                                         \
	{ #name " (cipher)", name##_CIPHER, BIT(WDT_CIPHER), status },                             \
			{ #name " (auth)", name##_AUTH, BIT(WDT_AUTH), status },                   \
			{ #name " (chain)", name##_CHAIN, BIT(WDT_CHAIN), status },                \
	{                                                                                          \
#name " (aead)", name##_AEAD, BIT(WDT_AEAD), status                                \
	}

/* clang-format off */
static const struct spoil spoils[] = {
	{ "NULL session", null_session, ALL, SESSION },
	{ "session of another driver", other_driver, ALL, SESSION },
	{ "session of another version", other_version, ALL, SESSION },
	{ "cleared session", cleared, ALL, SESSION },
	{ "sessionless", sessionless, ALL, SESSION },
	{ "security session", security_session, ALL, SESSION },
	{ "asymmetric", asymmetric, ALL, ARGS },
	{ "undefined type", undefined_type, ALL, ARGS },
	{ "NULL source", null_src, ALL, ARGS },
	FOUR(too_long, ARGS),
	FOUR(one_block_too_long, ARGS),
	FOUR(length_overflows, ARGS),
	FOUR(offset_beyond, ARGS),
	FOUR(offset_overflows, ARGS),
	{ "empty cipher", no_length_CIPHER, BIT(WDT_CIPHER), ARGS },
	{ "empty chain", no_length_CHAIN, BIT(WDT_CHAIN), ARGS },
	{ "part of a block", part_of_a_block_CIPHER, BIT(WDT_CIPHER), ARGS },
	{ "part of a block (chain)", part_of_a_block_CHAIN, BIT(WDT_CHAIN), ARGS },
	{ "cipher range outside auth range", chain_cipher_outside_auth, BIT(WDT_CHAIN), ARGS },
	{ "cipher range before auth range", chain_cipher_before_auth, BIT(WDT_CHAIN), ARGS },
	{ "NULL digest (auth)", null_digest, BIT(WDT_AUTH) | BIT(WDT_CHAIN), ARGS },
	{ "NULL digest (aead)", null_tag, BIT(WDT_AEAD), ARGS },
	{ "NULL AAD", null_aad, BIT(WDT_AEAD), ARGS },
};
/* clang-format on */

/* ---- bursts with one bad op ---- */

static int
bad_check(struct wdt_crypto *c, struct rte_crypto_op **ops, unsigned int class, unsigned int at,
		const struct spoil *sp, uint64_t before)
{
	struct rte_crypto_op *got[NB];

	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops, NB), at);
	WDT_CHECK_EQ(ops[at]->status, sp->want);
	wdt_sim_run(0);
	WDT_CHECK_EQ(wdt_sim_doorbells(0, 0), before + (at > 0));
	for (unsigned int i = at + 1; i < NB; i++) {
		WDT_CHECK_EQ(ops[i]->status, RTE_CRYPTO_OP_STATUS_NOT_PROCESSED);
		WDT_CHECK(wdt_op_untouched(ops[i], LEN));
	}
	/* over and over: refused, not half taken */
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops + at, (uint16_t)(NB - at)), 0);
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops + at + 1, (uint16_t)(NB - at - 1)),
			NB - at - 1);
	wdt_sim_run(0);
	WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, 0, got, NB - 1, WDT_WAIT_MS), NB - 1);
	for (unsigned int i = 0; i < NB - 1; i++) {
		WDT_CHECK(got[i] == ops[i < at ? i : i + 1]);
		WDT_CHECK(wdt_op_right(got[i], (enum wdt_class) class, LEN));
	}
	return WDT_PASS;
}

/* A burst of one class with a bad op, itself of any class. */
static int
bad_burst(struct wdt_crypto *c, void **sessions, unsigned int class, unsigned int bad_class,
		unsigned int at, const struct spoil *sp)
{
	const uint64_t before = wdt_sim_doorbells(0, 0);
	struct rte_crypto_op *ops[NB];
	struct rte_mbuf *m;
	int rc;

	WDT_CHECK_EQ(wdt_ops(c, (enum wdt_class) class, sessions[class], LEN, ops, NB), 0);
	wdt_crypto_op_free(ops[at]);
	ops[at] = wdt_op(c, (enum wdt_class)bad_class, sessions[bad_class], LEN, at);
	WDT_CHECK(ops[at] != NULL);
	m = ops[at]->sym->m_src;
	sp->spoil(ops[at]);
	rc = bad_check(c, ops, class, at, sp, before);
	ops[at]->sym->m_src = m;
	ops[at]->sym->m_dst = NULL;
	if (rc == WDT_PASS)
		rc = wdt_op_untouched(ops[at], LEN) ? WDT_PASS : WDT_FAIL;
	wdt_ops_free(ops, NB);
	if (rc != WDT_PASS)
		printf("# case \"%s\" at %u, op of class %u in a burst of class %u\n", sp->name, at,
				bad_class, class);
	return rc;
}

static int
bad_everywhere(struct wdt_crypto *c, void **sessions, const struct spoil *sp,
		unsigned int bad_class)
{
	static const unsigned int places[] = { 0, BAD, NB - 2 };

	for (unsigned int class = 0; class < WDT_NB_CLASSES; class ++) {
		for (unsigned int i = 0; i < RTE_DIM(places); i++) {
			if (bad_burst(c, sessions, class, bad_class, places[i], sp) != WDT_PASS)
				return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

static int
sessions_create(struct wdt_crypto *c, void **sessions)
{
	for (unsigned int i = 0; i < WDT_NB_CLASSES; i++) {
		sessions[i] = wdt_session(c, (enum wdt_class)i);
		WDT_CHECK(sessions[i] != NULL);
	}
	bad.cleared = wdt_session(c, WDT_CIPHER);
	WDT_CHECK(bad.cleared != NULL);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, bad.cleared), 0);
	return WDT_PASS;
}

static int
refuse_all(struct wdt_crypto *c)
{
	struct rte_cryptodev_stats stats;
	void *sessions[WDT_NB_CLASSES];
	unsigned int nb = 0;

	if (sessions_create(c, sessions) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int i = 0; i < RTE_DIM(spoils); i++) {
		for (unsigned int class = 0; class < WDT_NB_CLASSES; class ++) {
			if ((spoils[i].classes & BIT(class)) == 0)
				continue;
			if (bad_everywhere(c, sessions, &spoils[i], class) != WDT_PASS)
				return WDT_FAIL;
			nb += 3 * WDT_NB_CLASSES;
		}
	}
	WDT_CHECK_EQ(rte_cryptodev_stats_get(c->id, &stats), 0);
	WDT_CHECK_EQ(stats.enqueue_err_count, 2 * nb);
	WDT_CHECK_EQ(stats.dequeue_err_count, 0);
	WDT_CHECK_EQ(stats.dequeued_count, nb * (NB - 1));
	for (unsigned int i = 0; i < WDT_NB_CLASSES; i++)
		WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, sessions[i]), 0);
	return WDT_PASS;
}

/* ---- devices whose sessions are not for us ---- */

static struct wdt_crypto other;

/* A device of another driver: sessions only. */
static int
null_driver_session(void)
{
	struct rte_cryptodev_config conf = { .socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 1 };
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = { .algo = RTE_CRYPTO_CIPHER_NULL },
	};
	struct rte_mempool *pool;
	int id;

	if (rte_vdev_init("crypto_null_wdt", NULL) != 0)
		return WDT_SKIPPED;
	id = rte_cryptodev_get_dev_id("crypto_null_wdt");
	WDT_CHECK(id >= 0);
	WDT_CHECK_EQ(rte_cryptodev_configure((uint8_t)id, &conf), 0);
	pool = rte_cryptodev_sym_session_pool_create("wdt_null_sess", 8,
			rte_cryptodev_sym_get_private_session_size((uint8_t)id), 0, 0,
			SOCKET_ID_ANY);
	WDT_CHECK(pool != NULL);
	bad.other_driver = rte_cryptodev_sym_session_create((uint8_t)id, &xform, pool);
	WDT_CHECK(bad.other_driver != NULL);
	return WDT_PASS;
}

static void
null_driver_end(void)
{
	const int id = rte_cryptodev_get_dev_id("crypto_null_wdt");

	if (bad.other_driver != NULL)
		rte_cryptodev_sym_session_free((uint8_t)id, bad.other_driver);
	bad.other_driver = NULL;
	rte_vdev_uninit("crypto_null_wdt");
	rte_mempool_free(rte_mempool_lookup("wdt_null_sess"));
}

/* Device 0 of the software devices is the one under test, so this one comes second. */
static int
with_foreign_sessions(struct wdt_crypto *c, const char *other_options)
{
	int rc = null_driver_session();

	if (rc == WDT_SKIPPED)
		WDT_SKIP("no driver crypto_null here");
	if (rc == WDT_PASS && wdt_crypto_open(&other, other_options, 1, 64) == 0) {
		bad.other_version = wdt_session(&other, WDT_CIPHER);
		rc = bad.other_version == NULL ? WDT_FAIL : refuse_all(c);
		if (bad.other_version != NULL)
			rte_cryptodev_sym_session_free(other.id, bad.other_version);
		if (wdt_crypto_close(&other) != 0)
			rc = WDT_FAIL;
	}
	null_driver_end();
	return rc;
}

static int
refuse_beside_v2(struct wdt_crypto *c)
{
	return with_foreign_sessions(c, "run=inline,hw=v2");
}

static int
refuse_beside_v3(struct wdt_crypto *c)
{
	return with_foreign_sessions(c, "run=inline,hw=v3");
}

static int
refuse_beside_sva(struct wdt_crypto *c)
{
	return with_foreign_sessions(c, "run=inline,hw=v3,sva=1");
}

WDT_TEST(crypto_refuse_bad_op_in_the_middle_of_a_burst_v2)
{
	return wdt_with_device("run=inline,hw=v2", 1, DEPTH, refuse_beside_v3);
}

WDT_TEST(crypto_refuse_bad_op_in_the_middle_of_a_burst_v3)
{
	return wdt_with_device("run=inline,hw=v3", 1, DEPTH, refuse_beside_v2);
}

WDT_TEST(crypto_refuse_bad_op_in_the_middle_of_a_burst_beside_sva)
{
	return wdt_with_device("run=inline,hw=v3", 1, DEPTH, refuse_beside_sva);
}

/* ---- long chains ---- */

#define SEGMENT 16U
#define NB_SEGMENTS 6200
#define NB_LONG 258
#define LONG_SEGMENT 65520U

static void
keep_buffer(void *addr __rte_unused, void *arg __rte_unused)
{
}

static struct rte_mbuf *
chain_of_small(unsigned int nb)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	for (unsigned int i = 0; i < nb; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(bad.segments);

		if (m == NULL || rte_pktmbuf_append(m, SEGMENT) == NULL) {
			rte_pktmbuf_free(m);
			rte_pktmbuf_free(head);
			return NULL;
		}
		memset(rte_pktmbuf_mtod(m, void *), (int)i, SEGMENT);
		if (head == NULL) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
			head->pkt_len += m->data_len;
		}
		last = m;
	}
	return head;
}

/* All segments are the same 64 KiB, which no device ever gets to see. */
static struct rte_mbuf *
chain_of_large(struct wdt_crypto *c, void *buf, struct rte_mbuf_ext_shared_info *info)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	for (unsigned int i = 0; i < NB_LONG; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(c->mbufs);

		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		rte_mbuf_ext_refcnt_update(info, 1);
		rte_pktmbuf_attach_extbuf(m, buf, rte_malloc_virt2iova(buf), LONG_SEGMENT, info);
		m->data_len = LONG_SEGMENT;
		if (head == NULL) {
			m->pkt_len = LONG_SEGMENT;
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
			head->pkt_len += LONG_SEGMENT;
		}
		last = m;
	}
	return head;
}

static int
refuse_long(struct wdt_crypto *c)
{
	static const struct spoil bytes = { "too many bytes", too_many_bytes, BIT(WDT_CIPHER),
		ARGS };
	struct rte_mbuf_ext_shared_info info = { .free_cb = keep_buffer };
	void *buf = rte_malloc(NULL, LONG_SEGMENT, 64), *sessions[WDT_NB_CLASSES];
	int rc;

	WDT_CHECK(buf != NULL);
	if (sessions_create(c, sessions) != WDT_PASS)
		return WDT_FAIL;
	rte_mbuf_ext_refcnt_set(&info, 1); /* ours, so that it never falls to 0 */
	bad.long_chain = chain_of_large(c, buf, &info);
	WDT_CHECK(bad.long_chain != NULL);
	WDT_CHECK(bad.long_chain->pkt_len > 0xfffe00);
	rc = bad_everywhere(c, sessions, &bytes, WDT_CIPHER);
	rte_pktmbuf_free(bad.long_chain);
	rte_free(buf);
	for (unsigned int i = 0; i < WDT_NB_CLASSES; i++)
		WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, sessions[i]), 0);
	return rc;
}

WDT_TEST(crypto_refuse_more_bytes_than_a_descriptor_says_v2)
{
	return wdt_with_device("run=inline,hw=v2", 1, DEPTH, refuse_long);
}

WDT_TEST(crypto_refuse_more_bytes_than_a_descriptor_says_v3)
{
	return wdt_with_device("run=inline,hw=v3", 1, DEPTH, refuse_long);
}

/* An op whose lists never fit: refused for good once nothing is in flight. */
static int
refuse_segments_body(struct wdt_crypto *c, void *session)
{
	struct rte_crypto_op *ops[2], *got;
	struct rte_mbuf *m;

	WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, session, LEN, ops, 2), 0);
	m = ops[1]->sym->m_src;
	too_many_segments(ops[1]);
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops, 2), 1);
	/* may look like a full queue as long as there is something to wait for */
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops + 1, 1), 0);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, &got, 1), 1);
	WDT_CHECK(wdt_op_right(got, WDT_CIPHER, LEN));
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops + 1, 1), 0);
	WDT_CHECK_EQ(ops[1]->status, RTE_CRYPTO_OP_STATUS_INVALID_ARGS);
	ops[1]->sym->m_src = m;
	ops[1]->sym->cipher.data.length = LEN;
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops + 1, 1), 1);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, &got, 1), 1);
	WDT_CHECK(wdt_op_right(got, WDT_CIPHER, LEN));
	wdt_ops_free(ops, 2);
	return WDT_PASS;
}

/* The lists of three do not fit at once: the third waits, with no error counted. */
static int
wait_for_lists_body(struct wdt_crypto *c, void *session)
{
	struct rte_crypto_op *ops[3], *got[3];
	struct rte_cryptodev_stats before, after;
	struct rte_mbuf *m[3];

	WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, session, LEN, ops, 3), 0);
	for (unsigned int i = 0; i < 3; i++) {
		m[i] = ops[i]->sym->m_src;
		ops[i]->sym->m_src = bad.many;
		ops[i]->sym->cipher.data.length = 2200 * SEGMENT;
	}
	WDT_CHECK_EQ(rte_cryptodev_stats_get(c->id, &before), 0);
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops, 3), 2);
	WDT_CHECK_EQ(ops[2]->status, RTE_CRYPTO_OP_STATUS_NOT_PROCESSED);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, got, 1), 1);
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops + 2, 1), 1);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, got + 1, 3), 2);
	for (unsigned int i = 0; i < 3; i++) {
		WDT_CHECK(got[i] == ops[i]);
		WDT_CHECK_EQ(got[i]->status, RTE_CRYPTO_OP_STATUS_SUCCESS);
		ops[i]->sym->m_src = m[i];
	}
	WDT_CHECK_EQ(rte_cryptodev_stats_get(c->id, &after), 0);
	WDT_CHECK_EQ(after.enqueue_err_count, before.enqueue_err_count);
	wdt_ops_free(ops, 3);
	return WDT_PASS;
}

/* A destination shorter than the source. */
static int
short_dst_body(struct wdt_crypto *c, void *session)
{
	struct rte_crypto_op *op = wdt_op(c, WDT_CIPHER, session, LEN, 0);
	struct rte_mbuf *dst = chain_of_small(LEN / SEGMENT - 1);

	WDT_CHECK(op != NULL && dst != NULL);
	op->sym->m_dst = dst;
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, &op, 1), 0);
	WDT_CHECK_EQ(op->status, RTE_CRYPTO_OP_STATUS_INVALID_ARGS);
	WDT_CHECK(wdt_op_untouched(op, LEN));
	wdt_crypto_op_free(op);
	return WDT_PASS;
}

#define TWO_LISTS 300

/* More segments than one list has entries, in place. */
static int
segments_300_body(struct wdt_crypto *c, void *session)
{
	struct rte_crypto_op *op = wdt_op(c, WDT_CIPHER, session, LEN, 0), *got;
	struct rte_mbuf *chain = chain_of_small(TWO_LISTS);
	static uint8_t want[TWO_LISTS * SEGMENT];

	WDT_CHECK(op != NULL && chain != NULL);
	rte_pktmbuf_free(op->sym->m_src);
	op->sym->m_src = chain;
	op->sym->cipher.data.length = sizeof(want);
	for (uint32_t i = 0; i < TWO_LISTS; i++)
		memset(want + i * SEGMENT, (int)i, SEGMENT);
	WDT_CHECK(wdt_reference_cipher(want, sizeof(want)));
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, &op, 1), 1);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, &got, 1), 1);
	WDT_CHECK_EQ(got->status, RTE_CRYPTO_OP_STATUS_SUCCESS);
	for (uint32_t i = 0; i < TWO_LISTS; i++, chain = chain->next)
		WDT_CHECK_MEM(rte_pktmbuf_mtod(chain, uint8_t *), want + i * SEGMENT, SEGMENT);
	wdt_crypto_op_free(op);
	return WDT_PASS;
}

static int
with_segments(struct wdt_crypto *c, int (*body)(struct wdt_crypto *c, void *session))
{
	void *session = wdt_session(c, WDT_CIPHER);
	int rc = WDT_FAIL;

	WDT_CHECK(session != NULL);
	bad.segments = rte_pktmbuf_pool_create("wdt_segments", NB_SEGMENTS + 400, 0, 0,
			RTE_PKTMBUF_HEADROOM + SEGMENT, SOCKET_ID_ANY);
	WDT_CHECK(bad.segments != NULL);
	bad.many = chain_of_small(NB_SEGMENTS);
	if (bad.many != NULL)
		rc = body(c, session);
	rte_pktmbuf_free(bad.many);
	rte_mempool_free(bad.segments);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return rc;
}

static int
refuse_segments(struct wdt_crypto *c)
{
	return with_segments(c, refuse_segments_body);
}

static int
wait_for_lists(struct wdt_crypto *c)
{
	return with_segments(c, wait_for_lists_body);
}

static int
short_dst_chain(struct wdt_crypto *c)
{
	return with_segments(c, short_dst_body);
}

static int
segments_300(struct wdt_crypto *c)
{
	return with_segments(c, segments_300_body);
}

WDT_TEST(crypto_refuse_more_segments_than_lists_have_room_for)
{
	return wdt_with_device("run=inline", 1, DEPTH, refuse_segments);
}

WDT_TEST(crypto_refuse_nothing_when_lists_only_have_to_wait)
{
	return wdt_with_device("run=inline", 1, DEPTH, wait_for_lists);
}

WDT_TEST(crypto_refuse_destination_shorter_than_the_source)
{
	return wdt_with_device("run=inline", 1, DEPTH, short_dst_chain);
}

WDT_TEST(crypto_refuse_not_300_segments_v2)
{
	return wdt_with_device("run=inline,hw=v2", 1, DEPTH, segments_300);
}

WDT_TEST(crypto_refuse_not_300_segments_v3)
{
	return wdt_with_device("run=inline,hw=v3", 1, DEPTH, segments_300);
}
