/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Measurements that the stock programs of DPDK do not have. Each prints lines of
 * words and numbers for bench/ to read, and returns 0 or -1. options are those of
 * the driver, behind "dev=sim,".
 */

#ifndef BENCH_WD_H
#define BENCH_WD_H

#include <stddef.h>

/** Throughput of compress_wd by descriptors in flight, next to the published one. */
int bench_in_flight(const char *options, unsigned int ms);

/** Cycles an op of one lcore by number of queue pairs, 1 to 64. */
int bench_queues(const char *options, unsigned int rounds);
/** Cycles an op by number of sessions, 1 to 100,000, that take turns. */
int bench_sessions(const char *options, unsigned int rounds);
/** Doorbells an op at a burst of 32. */
int bench_doorbells(const char *options, unsigned int rounds);
/** Bytes that a queue pair of 1024 descriptors takes, of hugepages and of the heap. */
int bench_memory(const char *options, unsigned int nb);
/** The same of compress_wd. */
int bench_comp_memory(const char *options, unsigned int nb);
/** Milliseconds from the creation of the device to the first op that came back. */
int bench_start(const char *options, unsigned int nb);

/** Bytes of the C library's heap that are in use, and of EAL's. */
size_t bench_heap_used(void);
size_t bench_hugepages_used(void);

#endif /* BENCH_WD_H */
