/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * usage: bench-trip CPU CPU
 *
 * How long a cache line takes from one CPU to the other and back, in ns: what each ring
 * costs whose other end is there. On virtual machines it changes while they run, with
 * where the host has their CPUs: two that share a cache, or not.
 */

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NB_BATCHES 63U
#define BATCH 64U
#define ENOUGH_NS 100000000U /* where other work has the CPUs most of the time */
#define NO_CPUS 77 /* exit status, of a test that cannot be */
#define STOP UINT32_MAX

/* Alone in its line, and in the next one, which some machines fetch along. */
static struct {
	uint32_t value; /* even: goes there; odd: comes back */
} ball __attribute__((aligned(128)));

static uint32_t
wait_for(uint32_t odd)
{
	uint32_t value;

	do {
		value = __atomic_load_n(&ball.value, __ATOMIC_ACQUIRE);
	} while (value != STOP && value % 2 != odd);
	return value;
}

static void *
return_all(void *unused)
{
	uint32_t value;

	while ((value = wait_for(1)) != STOP)
		__atomic_store_n(&ball.value, value + 1, __ATOMIC_RELEASE);
	return unused;
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double
batch(void)
{
	const uint64_t from = now_ns();

	for (unsigned int i = 0; i < BATCH; i++) {
		__atomic_fetch_add(&ball.value, 1, __ATOMIC_RELEASE);
		wait_for(0);
	}
	return (double)(now_ns() - from) / BATCH;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Median of batches, so that an interrupt does not count. */
static double
trip(void)
{
	const uint64_t until = now_ns() + ENOUGH_NS;
	double ns[NB_BATCHES];
	unsigned int nb = 0;

	batch(); /* the other one runs then */
	do {
		ns[nb++] = batch();
	} while (nb < NB_BATCHES && now_ns() < until);
	qsort(ns, nb, sizeof(ns[0]), compare);
	return ns[nb / 2];
}

/* A thread on the second CPU, and this one on the first. */
static int
start(const unsigned int cpus[2], pthread_t *other)
{
	pthread_attr_t attr;
	cpu_set_t sets[2];
	int rc;

	for (unsigned int i = 0; i < 2; i++) {
		CPU_ZERO(&sets[i]);
		CPU_SET(cpus[i], &sets[i]);
	}
	rc = pthread_setaffinity_np(pthread_self(), sizeof(sets[0]), &sets[0]);
	if (rc == 0)
		rc = pthread_attr_init(&attr);
	if (rc != 0)
		return rc;
	rc = pthread_attr_setaffinity_np(&attr, sizeof(sets[1]), &sets[1]);
	if (rc == 0)
		rc = pthread_create(other, &attr, return_all, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

static int
cpu_parse(const char *text, unsigned int *cpu)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	*cpu = (unsigned int)number;
	return *text >= '0' && *text <= '9' && *end == '\0' && number < CPU_SETSIZE ? 0 : -1;
}

int
main(int argc, char **argv)
{
	unsigned int cpus[2];
	pthread_t other;
	cpu_set_t mine;
	double ns;
	int rc;

	if (argc != 3 || cpu_parse(argv[1], &cpus[0]) != 0 || cpu_parse(argv[2], &cpus[1]) != 0 ||
			cpus[0] == cpus[1]) {
		fprintf(stderr, "usage: bench-trip CPU CPU, two different ones\n");
		return 2;
	}
	if (sched_getaffinity(0, sizeof(mine), &mine) == 0 && CPU_COUNT(&mine) < 2) {
		fprintf(stderr, "bench-trip: only one CPU\n");
		return NO_CPUS;
	}
	rc = start(cpus, &other);
	if (rc != 0) {
		fprintf(stderr, "bench-trip: threads on CPUs %u and %u: %s\n", cpus[0], cpus[1],
				strerror(rc));
		return 1;
	}
	ns = trip();
	__atomic_store_n(&ball.value, STOP, __ATOMIC_RELEASE);
	pthread_join(other, NULL);
	printf("trip %.1f\n", ns);
	return 0;
}
