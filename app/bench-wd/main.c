/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 *     bench-wd [EAL options] -- WHAT OPTIONS N
 *
 * WHAT is one of the table below, OPTIONS go to the driver behind "dev=sim,"
 * ("" for none), N is what the table says.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "bench_wd.h"

static const struct {
	const char *name;
	int (*run)(const char *options, unsigned int n);
	const char *n;
} benches[] = {
	{ "in-flight", bench_in_flight, "milliseconds a point" },
	{ "queues", bench_queues, "rounds of 2048 ops a point" },
	{ "sessions", bench_sessions, "rounds of 2048 ops a point" },
	{ "doorbells", bench_doorbells, "bursts" },
	{ "memory", bench_memory, "queue pairs" },
	{ "comp-memory", bench_comp_memory, "queue pairs" },
	{ "start", bench_start, "times" },
};

int
main(int argc, char **argv)
{
	const int used = rte_eal_init(argc, argv);
	unsigned long n;

	if (used < 0)
		return 2;
	n = argc - used == 4 ? strtoul(argv[used + 3], NULL, 10) : 0;
	for (unsigned int i = 0; n > 0 && n < 1000000 && i < RTE_DIM(benches); i++) {
		if (strcmp(argv[used + 1], benches[i].name) == 0)
			return benches[i].run(argv[used + 2], (unsigned int)n) == 0 ? 0 : 1;
	}
	fprintf(stderr, "usage: %s [EAL options] -- WHAT OPTIONS N\n", argv[0]);
	for (unsigned int i = 0; i < RTE_DIM(benches); i++)
		fprintf(stderr, "  %s: N is %s\n", benches[i].name, benches[i].n);
	return 2;
}
