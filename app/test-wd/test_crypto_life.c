/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Devices and queue pairs over their life: stop, start, set up again, count, share. */

#include <dirent.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"

#define LEN 64U
#define NB 100

/* ---- stop and start ---- */

static int
get_all(struct wdt_crypto *c, struct rte_crypto_op **ops, uint16_t nb)
{
	struct rte_crypto_op *got[NB];

	WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, 0, got, nb, WDT_WAIT_MS), nb);
	for (uint16_t i = 0; i < nb; i++) {
		WDT_CHECK(got[i] == ops[i]);
		WDT_CHECK(wdt_op_right(got[i], WDT_CIPHER, LEN));
	}
	return WDT_PASS;
}

/* Stopped: takes nothing and gives nothing, whether the device has worked meanwhile or not. */
static int
stop_in_flight(struct wdt_crypto *c, struct rte_crypto_op **ops, bool work)
{
	struct rte_crypto_op *got;

	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops, NB), NB);
	rte_cryptodev_stop(c->id);
	if (work)
		wdt_sim_run(0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, &got, 1), 0);
	WDT_CHECK_EQ(rte_cryptodev_start(c->id), 0);
	wdt_sim_run(0);
	return get_all(c, ops, NB);
}

static int
stop_start(struct wdt_crypto *c)
{
	void *session = wdt_session(c, WDT_CIPHER);
	struct rte_crypto_op *ops[NB];

	WDT_CHECK(session != NULL);
	for (unsigned int round = 0; round < 4; round++) {
		WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, session, LEN, ops, NB), 0);
		if (stop_in_flight(c, ops, round % 2 != 0) != WDT_PASS)
			return WDT_FAIL;
		wdt_ops_free(ops, NB);
	}
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_life_ops_in_flight_at_stop_come_back_after_start)
{
	return wdt_with_device("run=inline,depth=256", 1, 256, stop_start);
}

/* ---- queue pairs again and again ---- */

#define NB_SETUPS 10000
#define RSS_SLACK_KIB 2048

struct footprint {
	size_t heap;
	unsigned int memzones;
	unsigned int fds;
	int64_t rss_kib;
};

static void
count_memzone(const struct rte_memzone *mz __rte_unused, void *arg)
{
	(*(unsigned int *)arg)++;
}

static int
footprint_get(struct footprint *f)
{
	DIR *dir = opendir("/proc/self/fd");
	FILE *statm = fopen("/proc/self/statm", "re");
	struct rte_malloc_socket_stats stats;
	int64_t pages = 0;

	memset(f, 0, sizeof(*f));
	WDT_CHECK(dir != NULL && statm != NULL);
	while (readdir(dir) != NULL)
		f->fds++;
	closedir(dir);
	WDT_CHECK_EQ(fscanf(statm, "%*d %" SCNd64, &pages), 1);
	fclose(statm);
	f->rss_kib = pages * (sysconf(_SC_PAGESIZE) / 1024);
	WDT_CHECK_EQ(rte_malloc_get_socket_stats((int)rte_socket_id(), &stats), 0);
	f->heap = stats.heap_allocsz_bytes;
	rte_memzone_walk(count_memzone, &f->memzones);
	return WDT_PASS;
}

static int
setup_again(struct wdt_crypto *c, unsigned int nb, struct footprint *f)
{
	rte_cryptodev_stop(c->id);
	for (unsigned int i = 0; i < nb; i++)
		WDT_CHECK_EQ(wdt_crypto_qp_setup(c, 0, (uint16_t)(1 + i % 32)), 0);
	WDT_CHECK_EQ(wdt_crypto_qp_setup(c, 0, 32), 0);
	WDT_CHECK_EQ(rte_cryptodev_start(c->id), 0);
	return footprint_get(f);
}

static int
resetup(struct wdt_crypto *c)
{
	void *session = wdt_session(c, WDT_CIPHER);
	const struct wdt_flow flow = {
		.c = c, .session = session, .nb_ops = 1000, .max_burst = 8, .step = true, .seed = 1
	};
	struct footprint before, after;

	WDT_CHECK(session != NULL);
	if (setup_again(c, 100, &before) != WDT_PASS ||
			setup_again(c, NB_SETUPS, &after) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(after.heap, before.heap);
	WDT_CHECK_EQ(after.memzones, before.memzones);
	WDT_CHECK_EQ(after.fds, before.fds);
#ifndef __SANITIZE_ADDRESS__ /* keeps freed memory for a while */
	WDT_CHECK(after.rss_kib < before.rss_kib + RSS_SLACK_KIB);
#endif
	WDT_CHECK_EQ(wdt_flow_run(&flow), WDT_PASS);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_life_ten_thousand_queue_pair_setups_leak_nothing)
{
	return wdt_with_device("run=inline,depth=64", 1, 64, resetup);
}

static int
nothing(struct wdt_crypto *c __rte_unused)
{
	return WDT_PASS;
}

/* cryptodev itself leaks at each configure: up to 23.11 the callback lists of queue pairs. */
static int
configure_only(void)
{
	struct rte_cryptodev_config conf = { .socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 2 };

	WDT_CHECK_EQ(rte_vdev_init("crypto_wd_leak", "dev=sim"), 0);
	WDT_CHECK_EQ(rte_cryptodev_configure(
				     (uint8_t)rte_cryptodev_get_dev_id("crypto_wd_leak"), &conf),
			0);
	WDT_CHECK_EQ(rte_vdev_uninit("crypto_wd_leak"), 0);
	return WDT_PASS;
}

static int
whole_life(void)
{
	return wdt_with_device("", 2, 64, nothing);
}

static int
probe_only(void)
{
	WDT_CHECK_EQ(rte_vdev_init("crypto_wd_leak", "dev=sim"), 0);
	WDT_CHECK_EQ(rte_vdev_uninit("crypto_wd_leak"), 0);
	return WDT_PASS;
}

/* By how much the heap grows; all else must not grow at all. */
static int
growth(int (*life)(void), size_t *heap)
{
	struct footprint before, after;

	for (unsigned int i = 0; i < 5; i++)
		WDT_CHECK_EQ(life(), WDT_PASS);
	WDT_CHECK_EQ(footprint_get(&before), WDT_PASS);
	for (unsigned int i = 0; i < 40; i++)
		WDT_CHECK_EQ(life(), WDT_PASS);
	WDT_CHECK_EQ(footprint_get(&after), WDT_PASS);
	WDT_CHECK_EQ(after.memzones, before.memzones);
	WDT_CHECK_EQ(after.fds, before.fds);
	*heap = after.heap - before.heap;
	return WDT_PASS;
}

WDT_TEST(crypto_life_opening_and_closing_devices_leaks_nothing)
{
	size_t probed, configured, used;

	if (growth(probe_only, &probed) != WDT_PASS ||
			growth(configure_only, &configured) != WDT_PASS ||
			growth(whole_life, &used) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(probed, 0);
	WDT_CHECK_EQ(used, configured);
	return WDT_PASS;
}

/* ---- many queue pairs ---- */

#define MOST_QPS 1024

static int
most_qps(struct wdt_crypto *c)
{
	struct rte_cryptodev_info info;
	struct rte_crypto_op *op;
	void *session = wdt_session(c, WDT_CIPHER);

	WDT_CHECK(session != NULL);
	rte_cryptodev_info_get(c->id, &info);
	WDT_CHECK_EQ(info.max_nb_queue_pairs, MOST_QPS);
	for (uint16_t qp = 0; qp < MOST_QPS; qp += 33) {
		op = wdt_op(c, WDT_CIPHER, session, LEN, qp);
		WDT_CHECK(op != NULL);
		WDT_CHECK_EQ(wdt_crypto_run(c, qp, op), RTE_CRYPTO_OP_STATUS_SUCCESS);
		WDT_CHECK(wdt_op_right(op, WDT_CIPHER, LEN));
		WDT_CHECK_EQ(wdt_sim_taken(0, qp), 1);
		wdt_crypto_op_free(op);
	}
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_life_as_many_queue_pairs_as_can_be)
{
	return wdt_with_device("depth=2", MOST_QPS, 2, most_qps);
}

static int
one_too_many(struct wdt_crypto *c)
{
	struct rte_cryptodev_config conf = { .socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 4 };

	rte_cryptodev_stop(c->id);
	WDT_CHECK(rte_cryptodev_configure(c->id, &conf) < 0);
	conf.nb_queue_pairs = 3;
	WDT_CHECK_EQ(rte_cryptodev_configure(c->id, &conf), 0);
	WDT_CHECK(wdt_crypto_qp_setup(c, 3, 64) < 0);
	for (uint16_t qp = 0; qp < 3; qp++)
		WDT_CHECK_EQ(wdt_crypto_qp_setup(c, qp, 64), 0);
	return rte_cryptodev_start(c->id) == 0 ? WDT_PASS : WDT_FAIL;
}

WDT_TEST(crypto_life_more_queue_pairs_than_the_device_has_are_refused)
{
	return wdt_with_device("", 3, 64, one_too_many);
}

/* ---- counters ---- */

static int
stats_are(struct wdt_crypto *c, uint64_t in, uint64_t out, uint64_t in_err, uint64_t out_err)
{
	struct rte_cryptodev_stats stats;

	WDT_CHECK_EQ(rte_cryptodev_stats_get(c->id, &stats), 0);
	WDT_CHECK_EQ(stats.enqueued_count, in);
	WDT_CHECK_EQ(stats.dequeued_count, out);
	WDT_CHECK_EQ(stats.enqueue_err_count, in_err);
	WDT_CHECK_EQ(stats.dequeue_err_count, out_err);
	return WDT_PASS;
}

static int
count(struct wdt_crypto *c)
{
	void *session = wdt_session(c, WDT_CIPHER);
	struct rte_crypto_op *ops[NB], *got[NB];

	WDT_CHECK(session != NULL);
	WDT_CHECK_EQ(stats_are(c, 0, 0, 0, 0), WDT_PASS);
	WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, session, LEN, ops, NB), 0);
	WDT_CHECK_EQ(rte_wd_sim_fault(0, "error_type:7@10/20"), 0);
	ops[70]->sym->cipher.data.length = 1;
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops, 50), 50);
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 1, ops + 50, 50), 20);
	WDT_CHECK_EQ(stats_are(c, 70, 0, 1, 0), WDT_PASS);
	wdt_sim_run(0);
	WDT_CHECK_EQ(stats_are(c, 70, 0, 1, 0), WDT_PASS);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, got, 30), 30);
	WDT_CHECK_EQ(stats_are(c, 70, 30, 1, 2), WDT_PASS); /* the 10th and the 30th */
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, got, NB), 20);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 1, got, NB), 20);
	WDT_CHECK_EQ(stats_are(c, 70, 70, 1, 4), WDT_PASS); /* 50th, and 10th of the other */
	rte_cryptodev_stats_reset(c->id);
	WDT_CHECK_EQ(stats_are(c, 0, 0, 0, 0), WDT_PASS);
	wdt_ops_free(ops, NB);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_life_counters_are_exact)
{
	return wdt_with_device("run=inline", 2, 128, count);
}

/* ---- two lcores ---- */

static int
flow_on_lcore(void *arg)
{
	return wdt_flow_run(arg);
}

static int
share_session(struct wdt_crypto *c)
{
	struct wdt_flow flows[2] = {
		{ .c = c, .qp = 0, .nb_ops = 100000, .max_burst = 64, .seed = wdt_random() },
		{ .c = c, .qp = 1, .nb_ops = 100000, .max_burst = 64, .seed = wdt_random() },
	};
	const unsigned int worker = rte_get_next_lcore(rte_lcore_id(), 1, 0);
	void *session = wdt_session(c, WDT_CIPHER);
	int rc;

	WDT_CHECK(session != NULL);
	flows[0].session = flows[1].session = session;
	WDT_CHECK_EQ(rte_eal_remote_launch(flow_on_lcore, &flows[1], worker), 0);
	rc = wdt_flow_run(&flows[0]);
	WDT_CHECK_EQ(rte_eal_wait_lcore(worker), WDT_PASS);
	WDT_CHECK_EQ(rc, WDT_PASS);
	WDT_CHECK_EQ(wdt_sim_taken(0, 0), 100000);
	WDT_CHECK_EQ(wdt_sim_taken(0, 1), 100000);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_life_two_lcores_share_a_session)
{
	if (rte_lcore_count() < 2)
		WDT_SKIP("one lcore only, run with -l 0,1");
	return wdt_with_device("", 2, 256, share_session);
}
