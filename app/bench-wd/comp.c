/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* compress_wd by descriptors in flight, and the memory that it takes. */

#include <stdio.h>
#include <stdlib.h>

#include <rte_bus_vdev.h>
#include <rte_compressdev.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "bench_wd.h"
#include "published.h"
#include "rte_wd_sim.h"

#define NAME "compress_wd0"
#define MOST 128
#define WINDOW_MS 1

static struct rte_comp_xform xform = {
	.type = RTE_COMP_COMPRESS,
	.compress = { .algo = RTE_COMP_ALGO_DEFLATE,
			.deflate.huffman = RTE_COMP_HUFFMAN_DYNAMIC,
			.level = 1,
			.window_size = 15 },
};

static int
dev_open(const char *options, uint16_t nb_qps)
{
	struct rte_compressdev_config conf = {
		.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = nb_qps, .max_nb_priv_xforms = 1
	};
	char args[256];
	int id;

	snprintf(args, sizeof(args), "dev=sim,max_nb_queue_pairs=%u%s%s", nb_qps,
			options[0] == '\0' ? "" : ",", options);
	if (rte_vdev_init(NAME, args) != 0)
		return -1;
	id = rte_compressdev_get_dev_id(NAME);
	if (id < 0 || rte_compressdev_configure((uint8_t)id, &conf) != 0)
		return -1;
	for (uint16_t i = 0; i < nb_qps; i++) {
		if (rte_compressdev_queue_pair_setup((uint8_t)id, i, 1024, SOCKET_ID_ANY) != 0)
			return -1;
	}
	if (rte_compressdev_start((uint8_t)id) != 0)
		return -1;
	return id;
}

static int
ops_create(uint8_t id, struct rte_comp_op **ops)
{
	struct rte_mempool *op_pool = rte_comp_op_pool_create(
			"comp_ops", MOST, 0, 0, SOCKET_ID_ANY);
	struct rte_mempool *mbufs = rte_pktmbuf_pool_create("comp_mbufs", 2 * MOST, 0, 0,
			RTE_PKTMBUF_HEADROOM + PUBLISHED_ZIP_LEN, SOCKET_ID_ANY);
	void *private_xform;

	if (op_pool == NULL || mbufs == NULL ||
			rte_compressdev_private_xform_create(id, &xform, &private_xform) != 0)
		return -1;
	for (unsigned int i = 0; i < MOST; i++) {
		ops[i] = rte_comp_op_alloc(op_pool);
		if (ops[i] == NULL)
			return -1;
		ops[i]->op_type = RTE_COMP_OP_STATELESS;
		ops[i]->private_xform = private_xform;
		ops[i]->flush_flag = RTE_COMP_FLUSH_FINAL;
		ops[i]->m_src = rte_pktmbuf_alloc(mbufs);
		ops[i]->m_dst = rte_pktmbuf_alloc(mbufs);
		if (ops[i]->m_src == NULL || ops[i]->m_dst == NULL ||
				rte_pktmbuf_append(ops[i]->m_src, PUBLISHED_ZIP_LEN) == NULL ||
				rte_pktmbuf_append(ops[i]->m_dst, PUBLISHED_ZIP_LEN) == NULL)
			return -1;
		ops[i]->src.length = PUBLISHED_ZIP_LEN;
	}
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* What comes back goes in again; how many, or -1. */
static int
turn(uint8_t id, uint16_t in_flight)
{
	struct rte_comp_op *back[MOST];
	uint16_t n;

	rte_wd_sim_step(0); /* if a thread steps it: nothing */
	n = rte_compressdev_dequeue_burst(id, 0, back, in_flight);
	for (uint16_t i = 0; i < n; i++) {
		if (back[i]->status != RTE_COMP_OP_STATUS_SUCCESS)
			return -1;
	}
	return rte_compressdev_enqueue_burst(id, 0, back, n) == n ? n : -1;
}

/* All back; -1: one is lost. */
static int
drain(uint8_t id, uint16_t out)
{
	const uint64_t until = rte_get_timer_cycles() + 5 * rte_get_timer_hz();
	struct rte_comp_op *back[MOST];

	while (out > 0 && rte_get_timer_cycles() < until) {
		rte_wd_sim_step(0);
		out = (uint16_t)(out - rte_compressdev_dequeue_burst(id, 0, back, out));
	}
	return out == 0 ? 0 : -1;
}

/*
 * Ops a second with so many under way, the median over windows of WINDOW_MS: other
 * work on this CPU spoils the windows it falls into, not all. 0: an op failed or
 * is lost.
 */
static double
closed_loop(uint8_t id, struct rte_comp_op **ops, uint16_t in_flight, unsigned int nb_windows)
{
	const uint64_t window = rte_get_tsc_hz() / 1000 * WINDOW_MS;
	double *rates = calloc(nb_windows, sizeof(*rates));
	double rate;

	if (rates == NULL || rte_compressdev_enqueue_burst(id, 0, ops, in_flight) != in_flight)
		return 0;
	for (unsigned int i = 0; i < nb_windows; i++) {
		const uint64_t from = rte_rdtsc_precise();
		uint64_t nb = 0, now;

		do {
			const int n = turn(id, in_flight);

			if (n < 0)
				return 0;
			nb += (unsigned int)n;
			now = rte_rdtsc_precise();
		} while (now - from < window);
		rates[i] = (double)nb * (double)rte_get_tsc_hz() / (double)(now - from);
	}
	qsort(rates, nb_windows, sizeof(*rates), compare);
	rate = rates[nb_windows / 2];
	free(rates);
	return drain(id, in_flight) == 0 ? rate : 0;
}

static unsigned int
published(unsigned int in_flight)
{
	for (unsigned int i = 0; i < PUBLISHED_ZIP_NB; i++) {
		if (published_zip[i].in_flight == in_flight)
			return published_zip[i].kb_per_s;
	}
	return 0;
}

int
bench_in_flight(const char *options, unsigned int ms)
{
	static const uint16_t points[] = { 1, 2, 4, 8, 10, 16, 20, 30, 32, 40, 50, 60, 64, 70,
		128 };
	const unsigned int nb_windows = RTE_MAX(ms / WINDOW_MS, 1U);
	struct rte_comp_op *ops[MOST];
	const int id = dev_open(options, 1);

	if (id < 0 || ops_create((uint8_t)id, ops) != 0)
		return -1;
	printf("# in-flight, descriptors, MB/s, published MB/s, deviation in %%\n");
	for (unsigned int i = 0; i < RTE_DIM(points); i++) {
		const unsigned int want = published(points[i]);
		double rate = closed_loop((uint8_t)id, ops, points[i], nb_windows);

		if (rate <= 0) {
			fprintf(stderr, "in-flight: an op was lost or failed\n");
			return -1;
		}
		rate = rate * PUBLISHED_ZIP_LEN / 1e6;
		if (want == 0)
			printf("in-flight %u %.1f - -\n", points[i], rate);
		else
			printf("in-flight %u %.1f %.1f %+.1f\n", points[i], rate, want / 1e3,
					(rate * 1e3 / want - 1) * 100);
	}
	return 0;
}

/* With so many queue pairs; all else is the same. */
static int
memory_with(const char *options, uint16_t nb_qps, size_t *heap, size_t *huge)
{
	const int id = dev_open(options, nb_qps);

	if (id < 0)
		return -1;
	*heap = bench_heap_used();
	*huge = bench_hugepages_used();
	rte_compressdev_stop((uint8_t)id);
	return rte_vdev_uninit(NAME);
}

int
bench_comp_memory(const char *options, unsigned int nb)
{
	size_t heap[2], huge[2];

	/* once for what is allocated once in a process */
	if (memory_with(options, (uint16_t)(nb + 1), &heap[0], &huge[0]) != 0 ||
			memory_with(options, 1, &heap[0], &huge[0]) != 0 ||
			memory_with(options, (uint16_t)(nb + 1), &heap[1], &huge[1]) != 0)
		return -1;
	printf("# comp-memory, queue pairs, bytes of hugepages each, bytes of the heap each\n");
	printf("comp-memory %u %zu %zu\n", nb, (huge[1] - huge[0]) / nb,
			heap[1] > heap[0] ? (heap[1] - heap[0]) / nb : 0);
	return 0;
}
