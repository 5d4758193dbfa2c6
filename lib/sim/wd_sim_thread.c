/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The thread that is the hardware: where it runs, and what it does when there is
 * nothing to do.
 *
 * It is a control thread, because EAL gives those what is left of the CPUs the
 * process was started with when each lcore has its own, and the main lcore's CPU
 * when nothing is left. The latter is a good choice: the main lcore of DPDK's
 * own tools only waits for the others. But it waits by spinning, so the thread
 * would get every other time slice of some milliseconds; with real-time priority
 * it gets the CPU whenever there is work.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <rte_version.h>

#include "wd_sim.h"

#define THREAD_NAME "wd-sim"
#define PRIORITY 1 /* the lowest of SCHED_FIFO: above all that is not real time */

#define SPIN_MAX_NS 50000U
#define SPIN_MIN_NS 1000U
#define NAP_MIN_NS 5000U
#define NAP_MAX_NS 50000U
#define NAP_NO_QUEUE_NS 1000000U

/* On a shared CPU. The kernel keeps 5 % of each second for threads that are not
 * real time (sched_rt_runtime_us, the fair server of newer kernels), and would
 * take them in one piece of 50 ms. So they are given before, in small pieces. Under
 * steady load the thread does without real time: with the highest priority of others
 * it leaves about 1 %. But it may then wait some milliseconds when it wakes up, or
 * comes from real time, so that is for long stretches only.
 */
#define SHARE_RUN_NS 1000000U
#define SHARE_NAP_NS 55000U
#define SHARE_STEADY_NS 100000000U
#define SHARE_NICE (-20)

struct pace {
	bool shared; /* an lcore uses this CPU too */
	bool may_share; /* it has SHARE_NICE, for when it is not real time */
	bool real_time;
	uint64_t ns_x1024; /* TSC cycles in 1024 ns */
	uint64_t awake_since; /* TSC; 0: not known yet */
	uint64_t idle_since; /* TSC; 0: had work just now */
	uint64_t busy_since; /* TSC; had work ever since, but for naps that were due */
	uint32_t spin_ns;
	uint32_t nap_ns;
};

static uint64_t
elapsed_ns(const struct pace *p, uint64_t since, uint64_t now)
{
	return (now - since) * 1024 / p->ns_x1024;
}

static int
real_time_set(struct pace *p, bool real_time)
{
	const struct sched_param param = { .sched_priority = real_time ? PRIORITY : 0 };
	const int rc = pthread_setschedparam(
			pthread_self(), real_time ? SCHED_FIFO : SCHED_OTHER, &param);

	if (rc == 0)
		p->real_time = real_time;
	return rc;
}

static void
nap(const struct wd_sim *sim, struct pace *p, uint64_t ns)
{
	const uint64_t due = wdm_dev_due(sim->model);
	const struct timespec ts = { .tv_nsec = (long)RTE_MIN(ns, due) };

	if (ts.tv_nsec > 0)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	p->awake_since = rte_rdtsc();
}

static void
had_work(const struct wd_sim *sim, struct pace *p)
{
	const uint64_t now = rte_rdtsc();

	/* spinning paid: the work came before the first nap */
	if (p->idle_since != 0 && p->nap_ns == NAP_MIN_NS)
		p->spin_ns = RTE_MIN(2 * p->spin_ns, SPIN_MAX_NS);
	p->idle_since = 0;
	p->nap_ns = NAP_MIN_NS;
	if (!p->real_time || elapsed_ns(p, p->awake_since, now) < SHARE_RUN_NS)
		return;
	if (p->may_share && elapsed_ns(p, p->busy_since, now) >= SHARE_STEADY_NS)
		real_time_set(p, false);
	else
		nap(sim, p, SHARE_NAP_NS);
}

/* There is nothing to do: whatever comes next is not part of a steady load. */
static void
rest(const struct wd_sim *sim, struct pace *p, uint64_t ns)
{
	if (p->may_share && !p->real_time)
		real_time_set(p, true);
	nap(sim, p, ns);
	p->busy_since = p->awake_since;
}

static void
had_nothing(const struct wd_sim *sim, struct pace *p)
{
	const uint64_t now = rte_rdtsc();

	if (__atomic_load_n(&sim->nb_started, __ATOMIC_RELAXED) == 0) {
		rest(sim, p, NAP_NO_QUEUE_NS);
		return;
	}
	if (p->idle_since == 0)
		p->idle_since = now;
	if (elapsed_ns(p, p->idle_since, now) < p->spin_ns) {
		rte_pause();
		return;
	}
	/* Who shares the CPU may be the very thread that submits: while this one
	 * spins, no work can come. Then spin less and less.
	 */
	if (p->shared && p->nap_ns == NAP_MIN_NS)
		p->spin_ns = RTE_MAX(p->spin_ns / 2, SPIN_MIN_NS);
	rest(sim, p, p->nap_ns);
	p->nap_ns = RTE_MIN(2 * p->nap_ns, NAP_MAX_NS);
}

static bool
overlaps(const rte_cpuset_t *a, const rte_cpuset_t *b)
{
	rte_cpuset_t both;

	CPU_AND(&both, a, b);
	return CPU_COUNT(&both) != 0;
}

/* 0 or -errno. */
static int
place(const struct wd_sim *sim, struct pace *p)
{
	const int cpu = sim->options.cpu;
	rte_cpuset_t cpus;
	unsigned int lcore;
	int rc;

	if (cpu >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET(cpu, &cpus);
		rc = pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
		if (rc != 0) {
			WD_SIM_LOG(ERR, "%s: cannot run on cpu=%d: %s", sim->name, cpu,
					rte_strerror(rc));
			return -EINVAL;
		}
	}
	rc = pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	if (rc != 0)
		return -rc;
	RTE_LCORE_FOREACH(lcore) {
		const rte_cpuset_t lcore_cpus = rte_lcore_cpuset(lcore);

		p->shared |= overlaps(&cpus, &lcore_cpus);
	}
	if (!p->shared)
		return 0;
	rc = real_time_set(p, true);
	/* of this thread only, on Linux */
	p->may_share = rc == 0 && setpriority(PRIO_PROCESS, 0, SHARE_NICE) == 0;
	if (rc != 0)
		WD_SIM_LOG(NOTICE,
				"%s: runs on a CPU of an lcore without real-time priority (%s), so each"
				" may wait milliseconds for the other; leave it a CPU of its own with -l or cpu=",
				sim->name, rte_strerror(rc));
	else
		WD_SIM_LOG(INFO, "%s: runs on a CPU of an lcore, with real-time priority",
				sim->name);
	return 0;
}

static void
thread_run(struct wd_sim *sim)
{
	struct pace p = {
		.ns_x1024 = rte_get_tsc_hz() * 1024 / NS_PER_S,
		.awake_since = rte_rdtsc(),
		.busy_since = rte_rdtsc(),
		.spin_ns = SPIN_MAX_NS,
		.nap_ns = NAP_MIN_NS,
	};

	prctl(PR_SET_TIMERSLACK, 1UL); /* else a nap takes 50 us more */
	sim->place_rc = place(sim, &p);
	if (sim->place_rc < 0) {
		sem_post(&sim->placed);
		return;
	}
	sem_post(&sim->placed);
	while (!__atomic_load_n(&sim->stop, __ATOMIC_RELAXED)) {
		if (wdm_dev_step(sim->model) != 0)
			had_work(sim, &p);
		else
			had_nothing(sim, &p);
	}
}

/* EAL changed its interface for control threads in 23.11. */
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
static uint32_t
thread_main(void *arg)
{
	thread_run(arg);
	return 0;
}

static int
thread_create(struct wd_sim *sim)
{
	return rte_thread_create_control(&sim->thread, THREAD_NAME, thread_main, sim);
}
#else
static void *
thread_main(void *arg)
{
	thread_run(arg);
	return NULL;
}

static int
thread_create(struct wd_sim *sim)
{
	pthread_t id;
	const int rc = rte_ctrl_thread_create(&id, THREAD_NAME, NULL, thread_main, sim);

	sim->thread.opaque_id = (uintptr_t)id;
	return rc;
}
#endif

int
wd_sim_thread_start(struct wd_sim *sim)
{
	sigset_t all, before;
	int rc;

	if (sem_init(&sim->placed, 0, 0) != 0)
		return -errno;
	/* The application's handlers run on its own threads: a thread is born with the
	 * mask of its creator.
	 */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = thread_create(sim);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		WD_SIM_LOG(ERR, "%s: cannot create a thread: %s", sim->name, rte_strerror(abs(rc)));
		sem_destroy(&sim->placed);
		return -abs(rc);
	}
	while (sem_wait(&sim->placed) != 0)
		; /* EINTR */
	if (sim->place_rc < 0) {
		wd_sim_thread_stop(sim);
		return sim->place_rc;
	}
	return 0;
}

void
wd_sim_thread_stop(struct wd_sim *sim)
{
	__atomic_store_n(&sim->stop, true, __ATOMIC_RELAXED);
	rte_thread_join(sim->thread, NULL);
	sem_destroy(&sim->placed);
}
