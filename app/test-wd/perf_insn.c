/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The load under which devtools/perf-insn.sh counts the instructions of the
 * burst functions: bursts of 32 ops of 64 bytes, over a software device that
 * completes at once and that this thread steps itself, so that every dequeue
 * finds its whole burst and the count is the same at each run.
 *
 *     perf-insn [EAL options] -- VDEV-OPTIONS ROUNDS CLASS...
 *
 * After each class it calls perf_insn_mark(), where callgrind writes its counts, and
 * prints how many submit doorbells the device saw.
 *
 * CLASS: cipher (AES-128-CBC), auth (HMAC-SHA1), chain (both), aead (AES-128-GCM,
 * 12 bytes of AAD in a buffer of its own), sgl (the cipher over 4 segments),
 * poll (dequeues with nothing in flight), wait (dequeues before anything is complete).
 */

#include <inttypes.h>
#include <stdlib.h>

#include <rte_eal.h>

#include "perf_insn.h"
#include "rte_wd_sim.h"
#include "wdt_crypto.h"

#define BURST 32
#define LEN 64
#define AAD_LEN 12
#define SEGMENTS 4

/* callgrind, or insn-count, starts a new count here */
void perf_insn_mark(void);
__rte_noinline void
perf_insn_mark(void)
{
	perf_insn_say(PERF_INSN_MARK, 0, 0);
}

static const uint8_t key[20] = { 1, 2, 3 };

static struct rte_crypto_sym_xform cipher_xform = {
	.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
	.cipher = {
		.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
		.algo = RTE_CRYPTO_CIPHER_AES_CBC,
		.key = { .data = key, .length = 16 },
		.iv = { .offset = WDT_IV_OFFSET, .length = 16 },
	},
};

static struct rte_crypto_sym_xform auth_xform = {
	.type = RTE_CRYPTO_SYM_XFORM_AUTH,
	.auth = {
		.op = RTE_CRYPTO_AUTH_OP_GENERATE,
		.algo = RTE_CRYPTO_AUTH_SHA1_HMAC,
		.key = { .data = key, .length = 20 },
		.digest_length = 20,
	},
};

static struct rte_crypto_sym_xform aead_xform = {
	.type = RTE_CRYPTO_SYM_XFORM_AEAD,
	.aead = {
		.op = RTE_CRYPTO_AEAD_OP_ENCRYPT,
		.algo = RTE_CRYPTO_AEAD_AES_GCM,
		.key = { .data = key, .length = 16 },
		.iv = { .offset = WDT_IV_OFFSET, .length = 12 },
		.digest_length = 16,
		.aad_length = AAD_LEN,
	},
};

static void *
session_create(struct wdt_crypto *c, const char *class)
{
	struct rte_crypto_sym_xform *xform = &cipher_xform;

	cipher_xform.next = NULL;
	if (strcmp(class, "auth") == 0)
		xform = &auth_xform;
	else if (strcmp(class, "aead") == 0)
		xform = &aead_xform;
	else if (strcmp(class, "chain") == 0)
		cipher_xform.next = &auth_xform;
	return rte_cryptodev_sym_session_create(c->id, xform, c->sessions);
}

/* Digest and AAD follow the data in the mbuf. */
static void
op_aim(struct rte_crypto_op *op, const char *class)
{
	struct rte_mbuf *m = op->sym->m_src;
	uint8_t *digest = rte_pktmbuf_mtod_offset(m, uint8_t *, LEN);
	const rte_iova_t digest_iova = rte_pktmbuf_iova_offset(m, LEN);

	if (strcmp(class, "auth") == 0 || strcmp(class, "chain") == 0) {
		op->sym->auth.data.offset = 0;
		op->sym->auth.data.length = LEN;
		op->sym->auth.digest.data = digest;
		op->sym->auth.digest.phys_addr = digest_iova;
	} else if (strcmp(class, "aead") == 0) {
		op->sym->aead.data.offset = 0;
		op->sym->aead.data.length = LEN;
		op->sym->aead.digest.data = digest;
		op->sym->aead.digest.phys_addr = digest_iova;
		op->sym->aead.aad.data = digest + 16;
		op->sym->aead.aad.phys_addr = digest_iova + 16;
	}
}

/* LEN bytes in SEGMENTS mbufs. */
static int
op_segment(struct wdt_crypto *c, struct rte_crypto_op *op)
{
	struct rte_mbuf *head = op->sym->m_src;

	rte_pktmbuf_trim(head, LEN - LEN / SEGMENTS);
	for (unsigned int i = 1; i < SEGMENTS; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(c->mbufs);

		if (m == NULL || rte_pktmbuf_append(m, LEN / SEGMENTS) == NULL ||
				rte_pktmbuf_chain(head, m) != 0)
			return -1;
	}
	return 0;
}

static int
ops_create(struct wdt_crypto *c, const char *class, void *session, struct rte_crypto_op **ops)
{
	for (unsigned int i = 0; i < BURST; i++) {
		ops[i] = wdt_crypto_cbc_op(c, session, LEN, (uint8_t)i);
		if (ops[i] == NULL)
			return -1;
		op_aim(ops[i], class);
		if (strcmp(class, "sgl") == 0 && op_segment(c, ops[i]) != 0)
			return -1;
	}
	return 0;
}

/* Dequeues that come too early, and at the end one that does not. */
static int
run_wait(struct wdt_crypto *c, struct rte_crypto_op **ops, unsigned long rounds)
{
	struct rte_crypto_op *back[BURST];

	if (rte_cryptodev_enqueue_burst(c->id, 0, ops, BURST) != BURST)
		return -1;
	while (rounds-- > 0) {
		if (rte_cryptodev_dequeue_burst(c->id, 0, back, BURST) != 0)
			return -1;
	}
	perf_insn_mark();
	while (rte_wd_sim_step(0) > 0)
		;
	return rte_cryptodev_dequeue_burst(c->id, 0, back, BURST) == BURST ? 0 : -1;
}

static int
run(struct wdt_crypto *c, const char *class, unsigned long rounds)
{
	struct rte_crypto_op *ops[BURST], *back[BURST];
	void *session = session_create(c, class);

	if (strcmp(class, "poll") == 0) {
		while (rounds-- > 0)
			rte_cryptodev_dequeue_burst(c->id, 0, back, BURST);
		return 0;
	}
	if (session == NULL || ops_create(c, class, session, ops) != 0)
		return -1;
	if (strcmp(class, "wait") == 0)
		return run_wait(c, ops, rounds);
	while (rounds-- > 0) {
		if (rte_cryptodev_enqueue_burst(c->id, 0, ops, BURST) != BURST)
			return -1;
		while (rte_wd_sim_step(0) > 0)
			;
		if (rte_cryptodev_dequeue_burst(c->id, 0, back, BURST) != BURST)
			return -1;
		for (unsigned int i = 0; i < BURST; i++) {
			if (back[i] != ops[i] || back[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS)
				return -1;
		}
	}
	return 0;
}

static uint64_t
doorbells(void)
{
	struct rte_wd_sim_stats stats = { 0 };

	rte_wd_sim_stats(0, 0, &stats);
	return stats.doorbells;
}

int
main(int argc, char **argv)
{
	const int used = rte_eal_init(argc, argv);
	unsigned long rounds;
	struct wdt_crypto c;
	char options[128];

	if (used < 0 || argc - used < 4) {
		fprintf(stderr, "usage: %s [EAL options] -- VDEV-OPTIONS ROUNDS CLASS...\n",
				argv[0]);
		return 2;
	}
	argv += used;
	snprintf(options, sizeof(options), "engine=instant,run=inline,%s", argv[1]);
	rounds = strtoul(argv[2], NULL, 0);
	if (wdt_crypto_open(&c, options, 1, 1024) != 0)
		return 1;
	perf_insn_functions((uintptr_t)rte_crypto_fp_ops[c.id].enqueue_burst,
			(uintptr_t)rte_crypto_fp_ops[c.id].dequeue_burst);
	for (argv += 3; *argv != NULL; argv++) {
		const uint64_t before = doorbells();

		if (run(&c, *argv, rounds) != 0) {
			fprintf(stderr, "%s: an op was lost or failed\n", *argv);
			return 1;
		}
		perf_insn_mark();
		printf("%s doorbells %" PRIu64 "\n", *argv, doorbells() - before);
	}
	return 0;
}
