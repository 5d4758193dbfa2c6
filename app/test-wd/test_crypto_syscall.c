/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * No system call on the data path: a million ops of all classes through a thread
 * whose process is killed at any call it makes.
 *
 * In the environment: WD_TEST_OPS, another number of ops; and with WD_TEST_DEVICE,
 * WD_TEST_DAEMON: the process whose end is a reset of that device.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"
#include "wdt_process.h"

#define LEN 64U
#define NB 512
#define BURST 32
#define NB_OPS "1000000"
#define BOUND_S 40 /* on the software device */
#define TEST "crypto_syscall_none_on_the_data_path"

enum phase {
	PHASE_RUN, /* through the million */
	PHASE_DONE, /* the worker waits, with ops in flight */
	PHASE_RESET, /* the queue was reset under it: collect what is in flight */
	PHASE_END,
	PHASE_FAILED,
};

static struct {
	struct wdt_crypto c;
	struct rte_crypto_op *ops[NB];
	enum wdt_class classes[NB];
	bool call; /* negative control: make one system call on the way */
	unsigned int phase; /* atomic enum phase */
	unsigned int filter_error;
	uint64_t nb_ops, sent, back, nb_bad;
} w;

static void
phase_set(enum phase phase)
{
	__atomic_store_n(&w.phase, phase, __ATOMIC_RELEASE);
}

static enum phase
phase_get(void)
{
	return (enum phase)__atomic_load_n(&w.phase, __ATOMIC_ACQUIRE);
}

/* ---- the filtered thread ---- */

/* Lengths are kept, so an op that came back goes out again as it is. */
static void
send_some(void)
{
	struct rte_crypto_op *burst[BURST];
	uint16_t n = 0;

	for (; n < BURST && w.sent + n - w.back < NB; n++) {
		burst[n] = w.ops[(w.sent + n) % NB];
		burst[n]->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	}
	w.sent += rte_cryptodev_enqueue_burst(w.c.id, 0, burst, n);
}

static uint16_t
receive_some(enum rte_crypto_op_status want)
{
	struct rte_crypto_op *burst[BURST];
	const uint16_t n = rte_cryptodev_dequeue_burst(w.c.id, 0, burst, BURST);

	for (uint16_t i = 0; i < n; i++)
		w.nb_bad += burst[i] != w.ops[(w.back + i) % NB] || burst[i]->status != want;
	w.back += n;
	return n;
}

/* A bad op in front of a burst: refusing is the data path, too. */
static void
refuse_one(void)
{
	struct rte_crypto_op *op = w.ops[w.sent % NB];
	struct rte_mbuf *m = op->sym->m_src;

	if (w.sent - w.back == NB)
		return;
	op->sym->m_src = NULL;
	w.nb_bad += rte_cryptodev_enqueue_burst(w.c.id, 0, &op, 1) != 0 ||
			op->status != RTE_CRYPTO_OP_STATUS_INVALID_ARGS;
	op->sym->m_src = m;
}

/* Done or reset, what is in flight comes back; what completed before the reset is good. */
static void
collect_after_reset(void)
{
	const uint64_t end = rte_rdtsc() + 5 * rte_get_tsc_hz();
	struct rte_crypto_op *burst[BURST];

	while (w.back < w.sent && rte_rdtsc() < end) {
		const uint16_t n = rte_cryptodev_dequeue_burst(w.c.id, 0, burst, BURST);

		for (uint16_t i = 0; i < n; i++)
			w.nb_bad += burst[i]->status == RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
		w.back += n;
	}
	w.nb_bad += w.back != w.sent;
	send_some(); /* refused by a dead queue */
	w.nb_bad += w.back != w.sent;
}

static void
work(void)
{
	for (uint64_t turn = 0; w.back < w.nb_ops; turn++) {
		if (turn % 1000 == 0)
			refuse_one();
		send_some();
		receive_some(RTE_CRYPTO_OP_STATUS_SUCCESS);
		if (w.call && turn == 1000)
			syscall(SYS_getpid);
	}
	while (w.sent - w.back < NB)
		send_some();
	phase_set(PHASE_DONE);
	while (phase_get() != PHASE_RESET)
		rte_pause();
	collect_after_reset();
	phase_set(PHASE_END);
}

static int
worker(void *arg __rte_unused)
{
	w.filter_error = (unsigned int)wdt_no_calls_from_here();
	if (w.filter_error != 0) {
		phase_set(PHASE_FAILED);
		return -1;
	}
	work();
	for (;;) /* ending a thread would take system calls */
		rte_pause();
}

static void *
worker_thread(void *arg)
{
	if (rte_thread_register() != 0)
		phase_set(PHASE_FAILED);
	else
		worker(arg);
	return NULL;
}

/* ---- the child ---- */

/* Every class; each eighth op in two segments, each eighth with a digest that is copied. */
static int
prepare(void)
{
	void *sessions[WDT_NB_CLASSES];

	for (unsigned int i = 0; i < WDT_NB_CLASSES; i++) {
		sessions[i] = wdt_session(&w.c, (enum wdt_class)i);
		WDT_CHECK(sessions[i] != NULL);
	}
	for (unsigned int i = 0; i < NB; i++) {
		w.classes[i] = (enum wdt_class)(i / 5 % WDT_NB_CLASSES);
		w.ops[i] = wdt_op(&w.c, w.classes[i], sessions[w.classes[i]], LEN, i);
		WDT_CHECK(w.ops[i] != NULL);
		if (i % 8 == 3) {
			struct rte_mbuf *tail = rte_pktmbuf_alloc(w.c.mbufs),
					*m = w.ops[i]->sym->m_src;

			WDT_CHECK(tail != NULL && rte_pktmbuf_append(tail, LEN / 2) != NULL);
			WDT_CHECK_EQ(rte_pktmbuf_trim(m, LEN / 2 + WDT_DIGEST_MAX), 0);
			WDT_CHECK_EQ(rte_pktmbuf_chain(m, tail), 0);
		}
		if (i % 8 == 5 && w.classes[i] == WDT_AEAD)
			w.ops[i]->sym->aead.digest.phys_addr = 0;
		else if (i % 8 == 5 && w.classes[i] != WDT_CIPHER)
			w.ops[i]->sym->auth.digest.phys_addr = 0;
	}
	return WDT_PASS;
}

static int
worker_start(void)
{
	const unsigned int lcore = rte_get_next_lcore(rte_lcore_id(), 1, 0);
	pthread_t thread;

	if (lcore < RTE_MAX_LCORE)
		return rte_eal_remote_launch(worker, NULL, lcore);
	return pthread_create(&thread, NULL, worker_thread, NULL);
}

/* Sleeps, so that the device may have this CPU. */
static enum phase
wait_for(enum phase wanted)
{
	const unsigned int bound_s = strcmp(wdt_device(), "sim") == 0 ? BOUND_S : 10 * BOUND_S;

	for (unsigned int ms = 0; ms < bound_s * 1000; ms += 10) {
		if (phase_get() == wanted || phase_get() == PHASE_FAILED)
			break;
		usleep(10000);
	}
	return phase_get();
}

/* Whether a process has ended with all its threads, its files closed, be it reaped or not. */
static bool
has_ended(pid_t pid)
{
	char path[64], line[512] = "";
	const char *text;
	int nb_threads;
	char state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return true;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	text = strrchr(line, ')');
	if (text == NULL ||
			sscanf(text,
					") %c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d"
					" %*d %*d %d",
					&state, &nb_threads) != 2)
		return true;
	return (state == 'Z' || state == 'X') && nb_threads <= 1;
}

static int
device_reset(void)
{
	const char *daemon = getenv("WD_TEST_DAEMON");
	pid_t pid;

	if (daemon == NULL)
		return rte_wd_sim_reset_queue(0, 0);
	pid = atoi(daemon);
	if (kill(pid, SIGKILL) != 0)
		return -errno;
	for (unsigned int ms = 0; ms < BOUND_S * 1000; ms += 10) {
		if (has_ended(pid))
			return 0;
		usleep(10000);
	}
	return -ETIMEDOUT;
}

static int
child_run(void)
{
	const char *nb_ops = getenv("WD_TEST_OPS");

	w.nb_ops = strtoull(nb_ops == NULL ? NB_OPS : nb_ops, NULL, 0);
	WDT_CHECK_EQ(wdt_crypto_open(&w.c, "", 1, NB), 0);
	WDT_CHECK_EQ(prepare(), WDT_PASS);
	WDT_CHECK_EQ(worker_start(), 0);
	WDT_CHECK_EQ(wait_for(PHASE_DONE), PHASE_DONE);
	WDT_CHECK_EQ(device_reset(), 0);
	phase_set(PHASE_RESET);
	WDT_CHECK_EQ(wait_for(PHASE_END), PHASE_END);
	WDT_CHECK_EQ(w.nb_bad, 0);
	WDT_CHECK(w.back >= w.nb_ops);
	return WDT_PASS;
}

#define EXIT_NO_FILTER 3

/* The worker cannot end, so the process does. */
static int
child(bool call)
{
	int rc;

	w.call = call;
	rc = child_run();
	fflush(stdout);
	_exit(w.filter_error != 0 ? EXIT_NO_FILTER : rc);
}

static const char *
eal_options(void)
{
	return rte_lcore_count() > 1 ?
			"-l 0,1 --no-pci --in-memory --no-telemetry --log-level lib.eal:5" :
			"-l 0 --no-pci --in-memory --no-telemetry --log-level lib.eal:5";
}

WDT_TEST(crypto_syscall_none_on_the_data_path)
{
	int status;

	if (wdt_role_is("run") || wdt_role_is("call"))
		return child(wdt_role_is("call"));
	/* the filter works: one getpid() and the process is gone */
	status = wdt_process_run(eal_options(), "call", TEST);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_FILTER)
		WDT_SKIP("this kernel has no seccomp filters");
	WDT_CHECK(WIFSIGNALED(status));
	WDT_CHECK_EQ(WTERMSIG(status), SIGSYS);
	WDT_CHECK_EQ(wdt_process_run(eal_options(), "run", TEST), 0);
	return WDT_PASS;
}
