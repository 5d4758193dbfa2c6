/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * crypto_wd: what an op costs by number of queue pairs and sessions, doorbells,
 * memory, time to the first op. AES-128-CBC, 64 bytes, bursts of 32. The device
 * completes at once, on this lcore or, with run=thread, on another CPU; it does so
 * between the stretches that are measured, so only the driver's own cycles count,
 * and each dequeue finds its whole burst.
 */

#include <malloc.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "bench_wd.h"
#include "rte_wd_sim.h"
#include "wdt_crypto.h"

#define BURST 32
#define LEN 64
#define MOST_QUEUES 64
#define NB_OPS ((unsigned int)MOST_QUEUES * BURST)
#define MOST_SESSIONS 100000U

/* The same ops, in the same order, whatever is measured. */
struct load {
	struct wdt_crypto c;
	struct rte_crypto_op *ops[NB_OPS];
	uint64_t nb_sent[MOST_QUEUES];
};

static int
load_open(struct load *l, const char *options, uint16_t nb_qps)
{
	char text[192];
	void *session;

	snprintf(text, sizeof(text), "engine=instant,run=inline,stall_ms=0%s%s",
			options[0] == '\0' ? "" : ",", options);
	if (wdt_crypto_open(&l->c, text, nb_qps, 1024) != 0)
		return -1;
	session = wdt_crypto_cbc_session(&l->c, RTE_CRYPTO_CIPHER_OP_ENCRYPT);
	for (unsigned int i = 0; i < NB_OPS; i++) {
		l->ops[i] = wdt_crypto_cbc_op(&l->c, session, LEN, (uint8_t)i);
		if (session == NULL || l->ops[i] == NULL)
			return -1;
	}
	return 0;
}

static int
burst_check(struct rte_crypto_op *const *back, struct rte_crypto_op *const *ops)
{
	for (unsigned int i = 0; i < BURST; i++) {
		if (back[i] != ops[i] || back[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS)
			return -1;
	}
	return 0;
}

/* Let the device do its work, here or on its thread; -1: it does not. */
static int
completed_wait(struct load *l, uint16_t qp)
{
	const uint64_t until = rte_get_timer_cycles() + 5 * rte_get_timer_hz();
	struct rte_wd_sim_stats stats;
	int rc;

	l->nb_sent[qp] += BURST;
	do {
		rc = rte_wd_sim_step(0);
	} while (rc > 0);
	if (rc == 0)
		return 0;
	do { /* queues of the device are numbered as they were set up */
		rte_delay_us_block(2); /* asking keeps it from its work */
		if (rte_wd_sim_stats(0, qp, &stats) != 0)
			return -1;
	} while (stats.completed < l->nb_sent[qp] && rte_get_timer_cycles() < until);
	return stats.completed == l->nb_sent[qp] ? 0 : -1;
}

/* One burst through a queue pair, its cycles added; -1: an op was lost or failed. */
static int
burst(struct load *l, uint16_t qp, unsigned int at, uint64_t *enqueue, uint64_t *dequeue)
{
	struct rte_crypto_op *back[BURST];
	uint64_t from = rte_rdtsc_precise(), to;
	uint16_t n = rte_cryptodev_enqueue_burst(l->c.id, qp, &l->ops[at], BURST);

	to = rte_rdtsc_precise();
	*enqueue += to - from;
	if (n != BURST)
		return -1;
	if (completed_wait(l, qp) != 0)
		return -1;
	from = rte_rdtsc_precise();
	n = rte_cryptodev_dequeue_burst(l->c.id, qp, back, BURST);
	to = rte_rdtsc_precise();
	*dequeue += to - from;
	return n == BURST ? burst_check(back, &l->ops[at]) : -1;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *values, unsigned int nb)
{
	qsort(values, nb, sizeof(*values), compare);
	return nb % 2 == 1 ? values[nb / 2] : (values[nb / 2 - 1] + values[nb / 2]) / 2;
}

/* Median over rounds, so that an interrupt does not count. */
static int
measure(struct load *l, uint16_t nb_qps, unsigned int rounds, double *cycles)
{
	double *values = calloc(rounds, sizeof(*values));

	if (values == NULL)
		return -1;
	for (unsigned int round = 0; round <= rounds; round++) {
		uint64_t enqueue = 0, dequeue = 0;

		for (unsigned int at = 0; at < NB_OPS; at += BURST) {
			if (burst(l, (uint16_t)(at / BURST % nb_qps), at, &enqueue, &dequeue) !=
					0) {
				fprintf(stderr, "an op was lost or failed\n");
				free(values);
				return -1;
			}
		}
		if (round > 0) /* the first one warms up */
			values[round - 1] = (double)(enqueue + dequeue) / NB_OPS;
	}
	*cycles = median(values, rounds);
	free(values);
	return 0;
}

int
bench_queues(const char *options, unsigned int rounds)
{
	static struct load l;
	double cycles;

	if (load_open(&l, options, MOST_QUEUES) != 0)
		return -1;
	printf("# queues, queue pairs, cycles an op\n");
	for (uint16_t nb = 1; nb <= MOST_QUEUES; nb = (uint16_t)(nb * 2)) {
		if (measure(&l, nb, rounds, &cycles) != 0)
			return -1;
		printf("queues %u %.2f\n", nb, cycles);
	}
	return 0;
}

/* As many sessions as asked for, in a pool of their own, with keys of their own. */
static void **
sessions_create(struct load *l, unsigned int nb)
{
	struct rte_mempool *pool = rte_cryptodev_sym_session_pool_create("bench_sessions", nb,
			rte_cryptodev_sym_get_private_session_size(l->c.id), 0, 0, SOCKET_ID_ANY);
	void **sessions = calloc(nb, sizeof(*sessions));
	uint8_t key[16] = { 0 };
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {
			.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = { .data = key, .length = sizeof(key) },
			.iv = { .offset = WDT_IV_OFFSET, .length = WDT_IV_SIZE },
		},
	};

	if (pool == NULL || sessions == NULL)
		return NULL;
	for (unsigned int i = 0; i < nb; i++) {
		memcpy(key, &i, sizeof(i));
		sessions[i] = rte_cryptodev_sym_session_create(l->c.id, &xform, pool);
		if (sessions[i] == NULL)
			return NULL;
	}
	return sessions;
}

/* Takes the next NB_OPS of them, far apart from each other. */
static void
sessions_assign(struct load *l, void **sessions, unsigned int nb, unsigned int *next)
{
	for (unsigned int i = 0; i < NB_OPS; i++) {
		rte_crypto_op_attach_sym_session(l->ops[i], sessions[*next]);
		*next = (*next + 7919) % nb; /* a prime */
	}
}

/* What it costs to have a line of each session of a burst here, and nothing else. */
static void
lines_fetch(struct rte_crypto_op *const *ops, uint64_t *cycles)
{
	const uint64_t from = rte_rdtsc_precise();

	for (unsigned int i = 0; i < BURST; i++)
		rte_prefetch0(ops[i]->sym->session);
	for (unsigned int i = 0; i < BURST; i++)
		(void)*(const volatile uint8_t *)ops[i]->sym->session;
	*cycles += rte_rdtsc_precise() - from;
}

/* Cycles an op of all ops once, or of their sessions' lines alone; -1: an op was lost or failed. */
static int
sessions_round(struct load *l, bool lines, double *cycles)
{
	uint64_t sum = 0, unused = 0, *const of_burst = lines ? &unused : &sum;

	for (unsigned int at = 0; at < NB_OPS; at += BURST) {
		if (lines)
			lines_fetch(&l->ops[at], &sum);
		/* in both cases, so that all else is as it is then */
		if (burst(l, 0, at, of_burst, of_burst) != 0) {
			fprintf(stderr, "an op was lost or failed\n");
			return -1;
		}
	}
	*cycles = (double)sum / NB_OPS;
	return 0;
}

int
bench_sessions(const char *options, unsigned int rounds)
{
	static const unsigned int counts[] = { 1, 10, 100, 1000, 10000, MOST_SESSIONS };
	static struct load l;
	double *values = calloc(rounds, sizeof(*values));
	void **sessions;
	double lines = 0;

	if (values == NULL || load_open(&l, options, 1) != 0)
		return -1;
	sessions = sessions_create(&l, MOST_SESSIONS);
	if (sessions == NULL) {
		fprintf(stderr, "no memory for %u sessions\n", MOST_SESSIONS);
		return -1;
	}
	printf("# sessions, sessions, cycles an op, cycles of a line of each session alone\n");
	for (unsigned int i = 0; i < RTE_DIM(counts); i++) {
		unsigned int next = 0;

		for (unsigned int pass = 0; pass < 2; pass++) {
			for (unsigned int round = 0; round < rounds; round++) {
				sessions_assign(&l, sessions, counts[i], &next);
				if (sessions_round(&l, pass == 0, &values[round]) != 0)
					return -1;
			}
			if (pass == 0)
				lines = median(values, rounds);
		}
		printf("sessions %u %.2f %.2f\n", counts[i], median(values, rounds), lines);
	}
	free(sessions);
	free(values);
	return 0;
}

int
bench_doorbells(const char *options, unsigned int rounds)
{
	struct rte_wd_sim_stats stats = { 0 };
	uint64_t unused = 0, nb_cq = 0, before;
	static struct load l;

	if (load_open(&l, options, 1) != 0)
		return -1;
	for (unsigned int i = 0; i < rounds; i++) {
		if (rte_wd_sim_stats(0, 0, &stats) != 0)
			return -1;
		before = stats.cq_doorbell;
		if (burst(&l, 0, i % MOST_QUEUES * BURST, &unused, &unused) != 0)
			return -1;
		if (rte_wd_sim_stats(0, 0, &stats) != 0)
			return -1;
		nb_cq += stats.cq_doorbell != before;
	}
	printf("# doorbells, ops, of the submission queue, of the completion queue\n");
	printf("doorbells %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", stats.completed, stats.doorbells,
			nb_cq);
	return 0;
}

size_t
bench_heap_used(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

size_t
bench_hugepages_used(void)
{
	struct rte_malloc_socket_stats stats;
	size_t used = 0;

	for (int i = 0; i < RTE_MAX_NUMA_NODES; i++) {
		if (rte_malloc_get_socket_stats(i, &stats) == 0)
			used += stats.heap_allocsz_bytes;
	}
	return used;
}

/* Heap and hugepages with so many queue pairs; all else is the same. */
static int
memory_with(const char *options, uint16_t nb_qps, size_t *heap, size_t *huge)
{
	struct wdt_crypto c;

	if (wdt_crypto_open(&c, options, nb_qps, 1024) != 0)
		return -1;
	*heap = bench_heap_used();
	*huge = bench_hugepages_used();
	return wdt_crypto_close(&c);
}

int
bench_memory(const char *options, unsigned int nb)
{
	size_t heap[2], huge[2];

	/* once for what is allocated once in a process */
	if (memory_with(options, (uint16_t)(nb + 1), &heap[0], &huge[0]) != 0 ||
			memory_with(options, 1, &heap[0], &huge[0]) != 0 ||
			memory_with(options, (uint16_t)(nb + 1), &heap[1], &huge[1]) != 0)
		return -1;
	printf("# memory, queue pairs, bytes of hugepages each, bytes of the heap each\n");
	printf("memory %u %zu %zu\n", nb, (huge[1] - huge[0]) / nb,
			heap[1] > heap[0] ? (heap[1] - heap[0]) / nb : 0);
	return 0;
}

int
bench_start(const char *options, unsigned int nb)
{
	printf("# start, milliseconds from the creation of the device to the first op's return\n");
	for (unsigned int i = 0; i < nb; i++) {
		const uint64_t from = rte_rdtsc_precise();
		struct rte_crypto_op *op;
		struct wdt_crypto c;
		uint64_t took;
		void *session;
		int status;

		/* with pools of 4096 objects, as any application has */
		if (wdt_crypto_open(&c, options, 1, 1024) != 0)
			return -1;
		session = wdt_crypto_cbc_session(&c, RTE_CRYPTO_CIPHER_OP_ENCRYPT);
		op = wdt_crypto_cbc_op(&c, session, LEN, 1);
		if (session == NULL || op == NULL)
			return -1;
		status = wdt_crypto_run(&c, 0, op);
		took = rte_rdtsc_precise() - from;
		if (status != RTE_CRYPTO_OP_STATUS_SUCCESS)
			return -1;
		printf("start %.3f\n", (double)took * 1e3 / (double)rte_get_tsc_hz());
		wdt_crypto_op_free(op);
		rte_cryptodev_sym_session_free(c.id, session);
		if (wdt_crypto_close(&c) != 0)
			return -1;
	}
	return 0;
}
