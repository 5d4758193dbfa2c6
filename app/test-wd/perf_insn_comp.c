/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * What perf_insn.c is for the crypto driver, for the compression driver: bursts of
 * 32 ops of 4 KiB in one segment, over a software device that completes at once
 * and that this thread steps itself.
 *
 *     perf-insn-comp [EAL options] -- VDEV-OPTIONS ROUNDS compress|inflate|crc32
 */

#include <stdlib.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_compressdev.h>
#include <rte_compressdev_pmd.h>
#include <rte_eal.h>
#include <rte_mbuf.h>

#include "perf_insn.h"
#include "rte_wd_sim.h"

#define BURST 32
#define LEN 4096
#define NAME "compress_wd0"

#define DEFLATE(checksum)                                                                          \
	{                                                                                          \
		.type = RTE_COMP_COMPRESS,                                                         \
		.compress = { .algo = RTE_COMP_ALGO_DEFLATE,                                       \
			.deflate.huffman = RTE_COMP_HUFFMAN_DYNAMIC,                               \
			.level = 1,                                                                \
			.window_size = 15,                                                         \
			.chksum = (checksum) },                                                    \
	}

static const struct {
	const char *name;
	struct rte_comp_xform xform;
} classes[] = {
	{ "compress", DEFLATE(RTE_COMP_CHECKSUM_NONE) },
	{ "crc32", DEFLATE(RTE_COMP_CHECKSUM_CRC32) },
	{ "inflate",
			{ .type = RTE_COMP_DECOMPRESS,
					.decompress = { .algo = RTE_COMP_ALGO_DEFLATE,
							.window_size = 15 } } },
};

static const struct rte_comp_xform *
xform_of(const char *name)
{
	for (unsigned int i = 0; i < RTE_DIM(classes); i++) {
		if (strcmp(classes[i].name, name) == 0)
			return &classes[i].xform;
	}
	return NULL;
}

static int
dev_open(const char *options)
{
	struct rte_compressdev_config conf = {
		.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 1, .max_nb_priv_xforms = 1
	};
	char args[256];
	int id;

	snprintf(args, sizeof(args), "dev=sim,engine=instant,run=inline,%s", options);
	if (rte_vdev_init(NAME, args) != 0)
		return -1;
	id = rte_compressdev_get_dev_id(NAME);
	if (id < 0 || rte_compressdev_configure((uint8_t)id, &conf) != 0 ||
			rte_compressdev_queue_pair_setup((uint8_t)id, 0, 1024, SOCKET_ID_ANY) !=
					0 ||
			rte_compressdev_start((uint8_t)id) != 0)
		return -1;
	return id;
}

static int
ops_create(uint8_t id, const struct rte_comp_xform *xform, struct rte_comp_op **ops)
{
	struct rte_mempool *op_pool = rte_comp_op_pool_create(
			"comp_ops", 2 * BURST, 0, 0, SOCKET_ID_ANY);
	struct rte_mempool *mbufs = rte_pktmbuf_pool_create(
			"comp_mbufs", 4 * BURST, 0, 0, RTE_PKTMBUF_HEADROOM + LEN, SOCKET_ID_ANY);
	void *private_xform;

	if (op_pool == NULL || mbufs == NULL || xform == NULL ||
			rte_compressdev_private_xform_create(id, xform, &private_xform) != 0)
		return -1;
	for (unsigned int i = 0; i < BURST; i++) {
		ops[i] = rte_comp_op_alloc(op_pool);
		if (ops[i] == NULL)
			return -1;
		ops[i]->op_type = RTE_COMP_OP_STATELESS;
		ops[i]->private_xform = private_xform;
		ops[i]->flush_flag = RTE_COMP_FLUSH_FINAL;
		ops[i]->m_src = rte_pktmbuf_alloc(mbufs);
		ops[i]->m_dst = rte_pktmbuf_alloc(mbufs);
		if (ops[i]->m_src == NULL || ops[i]->m_dst == NULL ||
				rte_pktmbuf_append(ops[i]->m_src, LEN) == NULL ||
				rte_pktmbuf_append(ops[i]->m_dst, LEN) == NULL)
			return -1;
		ops[i]->src.length = LEN;
	}
	return 0;
}

static int
run(uint8_t id, const char *class, unsigned long rounds)
{
	struct rte_comp_op *ops[BURST], *back[BURST];

	if (ops_create(id, xform_of(class), ops) != 0)
		return -1;
	while (rounds-- > 0) {
		if (rte_compressdev_enqueue_burst(id, 0, ops, BURST) != BURST)
			return -1;
		while (rte_wd_sim_step(0) > 0)
			;
		if (rte_compressdev_dequeue_burst(id, 0, back, BURST) != BURST)
			return -1;
		for (unsigned int i = 0; i < BURST; i++) {
			if (back[i] != ops[i] || back[i]->status != RTE_COMP_OP_STATUS_SUCCESS)
				return -1;
		}
	}
	return 0;
}

#define CALLER_LEN 128 /* as much of a function of compressdev that calls the driver's */

/* compressdev's burst functions are not inline: they do not count, but call what does. */
static void
functions_say(uint8_t id)
{
	const struct rte_compressdev *dev = rte_compressdev_pmd_get_named_dev(
			rte_compressdev_name_get(id));
	const uintptr_t enqueue = (uintptr_t)rte_compressdev_enqueue_burst,
			dequeue = (uintptr_t)rte_compressdev_dequeue_burst;

	perf_insn_functions((uintptr_t)dev->enqueue_burst, (uintptr_t)dev->dequeue_burst);
	perf_insn_say(PERF_INSN_CALLER, enqueue, enqueue + CALLER_LEN);
	perf_insn_say(PERF_INSN_CALLER, dequeue, dequeue + CALLER_LEN);
}

int
main(int argc, char **argv)
{
	const int used = rte_eal_init(argc, argv);
	int id;

	if (used < 0 || argc - used != 4) {
		fprintf(stderr, "usage: %s [EAL options] -- VDEV-OPTIONS ROUNDS CLASS\n", argv[0]);
		return 2;
	}
	id = dev_open(argv[used + 1]);
	if (id >= 0)
		functions_say((uint8_t)id);
	if (id < 0 || run((uint8_t)id, argv[used + 3], strtoul(argv[used + 2], NULL, 0)) != 0) {
		fprintf(stderr, "%s: an op was lost or failed\n", argv[used + 3]);
		return 1;
	}
	perf_insn_say(PERF_INSN_MARK, 0, 0);
	return 0;
}
