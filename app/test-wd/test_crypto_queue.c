/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Rings as an application sees them: full, empty, bursts, wrap-around, order, doorbells. */

#include <errno.h>

#include <rte_bus_vdev.h>
#include <rte_lcore.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"
#include "wdt_fake.h"

#define LEN 16U
#define MAX_OPS 2048
#define RING 1024 /* default depth of the software device */

struct rig {
	struct wdt_crypto *c;
	void *session;
	struct rte_crypto_op *ops[MAX_OPS];
	uint16_t nb;
};

static int
rig_init(struct rig *r, struct wdt_crypto *c, uint16_t nb)
{
	*r = (struct rig){ .c = c, .nb = nb };
	r->session = wdt_session(c, WDT_CIPHER);
	WDT_CHECK(r->session != NULL);
	WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, r->session, LEN, r->ops, nb), 0);
	return WDT_PASS;
}

static int
rig_end(struct rig *r)
{
	struct rte_crypto_op *op;

	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(r->c->id, 0, &op, 1), 0);
	wdt_ops_free(r->ops, r->nb);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(r->c->id, r->session), 0);
	return WDT_PASS;
}

static uint16_t
put(struct rig *r, uint16_t from, uint16_t nb)
{
	return rte_cryptodev_enqueue_burst(r->c->id, 0, r->ops + from, nb);
}

/* Dequeues exactly nb ops that are complete, which are ops[from..], right and in order. */
static int
get(struct rig *r, uint16_t from, uint16_t nb)
{
	struct rte_crypto_op *got[MAX_OPS];

	WDT_CHECK_EQ(wdt_crypto_dequeue_wait(r->c, 0, got, nb, WDT_WAIT_MS), nb);
	for (uint16_t i = 0; i < nb; i++) {
		WDT_CHECK(got[i] == r->ops[from + i]);
		WDT_CHECK(wdt_op_right(got[i], WDT_CIPHER, LEN));
	}
	return WDT_PASS;
}

/* ---- full and empty ---- */

static int
fill_to(struct wdt_crypto *c, uint16_t most)
{
	const uint16_t some = RTE_MIN(most, 7);
	static struct rig r;

	if (rig_init(&r, c, (uint16_t)(most + 100)) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(put(&r, 0, (uint16_t)(most + 100)), most);
	WDT_CHECK_EQ(put(&r, most, 100), 0);
	WDT_CHECK_EQ(put(&r, most, 1), 0);
	wdt_sim_run(0);
	WDT_CHECK_EQ(put(&r, most, 1), 0); /* complete but not dequeued: still in the ring */
	if (get(&r, 0, some) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(put(&r, most, 100), some); /* the room of those that came back, no more */
	WDT_CHECK_EQ(put(&r, (uint16_t)(most + some), 1), 0);
	wdt_sim_run(0);
	if (get(&r, some, most) != WDT_PASS)
		return WDT_FAIL;
	for (uint16_t i = (uint16_t)(most + some); i < r.nb; i++)
		WDT_CHECK(wdt_op_untouched(r.ops[i], LEN));
	return rig_end(&r);
}

static int
full_16(struct wdt_crypto *c)
{
	return fill_to(c, 16);
}

static int
full_1023(struct wdt_crypto *c)
{
	return fill_to(c, RING - 1);
}

WDT_TEST(crypto_queue_takes_nb_desc_ops_and_no_more)
{
	return wdt_with_device("run=inline", 1, 16, full_16);
}

WDT_TEST(crypto_queue_as_large_as_the_ring_takes_one_less)
{
	return wdt_with_device("run=inline,hw=v2", 1, RING, full_1023);
}

WDT_TEST(crypto_queue_larger_than_the_ring_is_rounded_down)
{
	return wdt_with_device("run=inline", 1, 4096, full_1023);
}

static int
full_smallest(struct wdt_crypto *c)
{
	return fill_to(c, 1);
}

static int
empty(struct wdt_crypto *c)
{
	struct rte_crypto_op *out[4] = { NULL };
	static struct rig r;

	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, out, 4), 0);
	if (rig_init(&r, c, 3) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(put(&r, 0, 0), 0);
	WDT_CHECK_EQ(wdt_sim_doorbells(0, 0), 0);
	WDT_CHECK_EQ(put(&r, 0, 3), 3);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, out, 4), 0); /* not complete yet */
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, out, 0), 0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, out, 4), 3);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, out + 3, 1), 0);
	WDT_CHECK(out[0] == r.ops[0] && out[1] == r.ops[1] && out[2] == r.ops[2] && out[3] == NULL);
	return rig_end(&r);
}

WDT_TEST(crypto_queue_empty_gives_nothing)
{
	return wdt_with_device("run=inline", 1, RING, empty);
}

/* ---- bursts ---- */

static int
bursts(struct wdt_crypto *c)
{
	static const uint16_t sizes[] = { 1, 7, 32, 1023, 1024, 2000 };
	static struct rig r;

	if (rig_init(&r, c, 2000) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		const uint16_t fits = RTE_MIN(sizes[i], RING - 1);

		WDT_CHECK_EQ(put(&r, 0, sizes[i]), fits);
		wdt_sim_run(0);
		if (get(&r, 0, fits) != WDT_PASS)
			return WDT_FAIL;
		wdt_ops_free(r.ops, r.nb);
		WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, r.session, LEN, r.ops, r.nb), 0);
	}
	WDT_CHECK_EQ(put(&r, 0, 1000), 1000);
	WDT_CHECK_EQ(put(&r, 1000, 100), 23);
	wdt_sim_run(0);
	if (get(&r, 0, 1023) != WDT_PASS)
		return WDT_FAIL;
	return rig_end(&r);
}

WDT_TEST(crypto_queue_bursts_of_all_sizes_return_the_exact_count)
{
	return wdt_with_device("run=inline", 1, RING, bursts);
}

/* ---- wrap-around and order ---- */

static int
wrap(struct wdt_crypto *c, uint16_t max_burst, bool step)
{
	const struct wdt_flow flow = {
		.c = c,
		.session = wdt_session(c, WDT_CIPHER),
		.nb_ops = 2 * 65536 + 5000,
		.max_burst = max_burst,
		.step = step,
		.seed = wdt_random(),
	};
	struct rte_cryptodev_stats stats;
	int rc;

	WDT_CHECK(flow.session != NULL);
	rc = wdt_flow_run(&flow);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, flow.session), 0);
	if (rc != WDT_PASS)
		return rc;
	WDT_CHECK_EQ(rte_cryptodev_stats_get(c->id, &stats), 0);
	WDT_CHECK_EQ(stats.enqueued_count, flow.nb_ops);
	WDT_CHECK_EQ(stats.dequeued_count, flow.nb_ops);
	WDT_CHECK_EQ(stats.enqueue_err_count + stats.dequeue_err_count, 0);
	WDT_CHECK_EQ(wdt_sim_taken(0, 0), flow.nb_ops);
	return WDT_PASS;
}

static int
wrap_inline(struct wdt_crypto *c)
{
	return wrap(c, WDT_FLOW_MAX_BURST, true);
}

static int
wrap_thread(struct wdt_crypto *c)
{
	return wrap(c, WDT_FLOW_MAX_BURST, false);
}

static int
wrap_small(struct wdt_crypto *c)
{
	return wrap(c, 3, true);
}

WDT_TEST(crypto_queue_index_wraps_twice_v2)
{
	return wdt_with_device("run=inline,hw=v2", 1, RING, wrap_inline);
}

WDT_TEST(crypto_queue_index_wraps_twice_v3)
{
	return wdt_with_device("run=inline,hw=v3", 1, RING, wrap_inline);
}

WDT_TEST(crypto_queue_index_wraps_twice_beside_the_device_v2)
{
	return wdt_with_device("hw=v2", 1, RING, wrap_thread);
}

WDT_TEST(crypto_queue_index_wraps_twice_beside_the_device_v3)
{
	return wdt_with_device("hw=v3", 1, 200, wrap_thread);
}

WDT_TEST(crypto_queue_index_wraps_twice_in_the_smallest_ring_v2)
{
	return wdt_with_device("run=inline,hw=v2,depth=2", 1, RING, wrap_small);
}

WDT_TEST(crypto_queue_index_wraps_twice_in_the_smallest_ring_v3)
{
	return wdt_with_device("run=inline,hw=v3,depth=2", 1, RING, wrap_small);
}

WDT_TEST(crypto_queue_index_wraps_in_a_large_ring)
{
	return wdt_with_device("run=inline,depth=16384", 1, 16384, wrap_inline);
}

WDT_TEST(crypto_queue_smallest_ring_holds_one_op)
{
	return wdt_with_device("run=inline,depth=2", 1, RING, full_smallest);
}

/* ---- classes ---- */

#define NB_MIXED 512

static int
mixed_check(struct wdt_crypto *c, struct rte_crypto_op **ops, const enum wdt_class *classes,
		uint32_t len)
{
	struct rte_crypto_op *got[NB_MIXED];

	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops, NB_MIXED), NB_MIXED);
	WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, 0, got, NB_MIXED, WDT_WAIT_MS), NB_MIXED);
	for (unsigned int i = 0; i < NB_MIXED; i++) {
		WDT_CHECK(got[i] == ops[i]);
		WDT_CHECK(wdt_op_right(got[i], classes[i], len));
	}
	return WDT_PASS;
}

static int
mixed(struct wdt_crypto *c)
{
	struct rte_crypto_op *ops[NB_MIXED];
	enum wdt_class classes[NB_MIXED];
	void *sessions[WDT_NB_CLASSES];
	int rc = WDT_PASS;

	for (unsigned int i = 0; i < WDT_NB_CLASSES; i++) {
		sessions[i] = wdt_session(c, (enum wdt_class)i);
		WDT_CHECK(sessions[i] != NULL);
	}
	/* each class first once: it chooses the driver's loop */
	for (unsigned int first = 0; first < WDT_NB_CLASSES && rc == WDT_PASS; first++) {
		for (unsigned int i = 0; i < NB_MIXED; i++) {
			classes[i] = (enum wdt_class)(
					i == 0 ? first : wdt_random() % WDT_NB_CLASSES);
			ops[i] = wdt_op(c, classes[i], sessions[classes[i]], 64, i);
			WDT_CHECK(ops[i] != NULL);
		}
		rc = mixed_check(c, ops, classes, 64);
		wdt_ops_free(ops, NB_MIXED);
	}
	for (unsigned int i = 0; i < WDT_NB_CLASSES; i++)
		WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, sessions[i]), 0);
	return rc;
}

WDT_TEST(crypto_queue_classes_mixed_in_a_burst_v2)
{
	return wdt_with_device("hw=v2", 1, RING, mixed);
}

WDT_TEST(crypto_queue_classes_mixed_in_a_burst_v3)
{
	return wdt_with_device("hw=v3", 1, RING, mixed);
}

WDT_TEST(crypto_queue_classes_mixed_in_a_burst_sva)
{
	return wdt_with_device("sva=1", 1, RING, mixed);
}

/* ---- doorbells ---- */

#define NB_BURSTS 2000
#define BURST 32

/* The device, beside us, would see some of the others if there was one an op. */
static int
doorbells(struct wdt_crypto *c)
{
	struct rte_crypto_op *got[BURST];
	struct rte_wd_sim_stats stats;
	static struct rig r;

	if (rig_init(&r, c, BURST) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int i = 0; i < NB_BURSTS; i++) {
		WDT_CHECK_EQ(put(&r, 0, BURST), BURST);
		WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, 0, got, BURST, WDT_WAIT_MS), BURST);
	}
	WDT_CHECK_EQ(rte_wd_sim_stats(0, 0, &stats), 0);
	WDT_CHECK_EQ(stats.taken, NB_BURSTS * BURST);
	WDT_CHECK_EQ(stats.doorbells, NB_BURSTS);
	WDT_CHECK_EQ(stats.doorbells_ignored, 0);
	return rig_end(&r);
}

WDT_TEST(crypto_queue_one_submit_doorbell_a_burst)
{
	return wdt_with_device("", 1, RING, doorbells);
}

/* ---- no queue left ---- */

static int
set_up_without_queues(uint8_t id)
{
	static const int errors[] = { -EBUSY, -ENOMEM };
	const struct rte_cryptodev_qp_conf conf = { .nb_descriptors = 16 };

	for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
		wdt_fake.no_queue_rc = errors[i];
		for (uint16_t qp = 1; qp < 3; qp++)
			WDT_CHECK_EQ(rte_cryptodev_queue_pair_setup(id, qp, &conf, SOCKET_ID_ANY),
					errors[i]);
		WDT_CHECK_EQ(wdt_fake.nb_started, 1);
	}
	wdt_fake.nb_left = 2;
	WDT_CHECK_EQ(rte_cryptodev_queue_pair_setup(id, 1, &conf, SOCKET_ID_ANY), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_queue_none_left_for_a_queue_pair)
{
	const struct rte_cryptodev_qp_conf conf = { .nb_descriptors = 16 };
	struct rte_cryptodev_config dev_conf = { .socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 3 };
	int id;

	wdt_fake_add();
	wdt_fake.nb_left = 1;
	WDT_CHECK_EQ(rte_vdev_init("crypto_wd_fake", "dev=" WDT_FAKE_NAME), 0);
	id = rte_cryptodev_get_dev_id("crypto_wd_fake");
	WDT_CHECK(id >= 0);
	WDT_CHECK_EQ(rte_cryptodev_configure((uint8_t)id, &dev_conf), 0);
	WDT_CHECK_EQ(rte_cryptodev_queue_pair_setup((uint8_t)id, 0, &conf, SOCKET_ID_ANY), 0);
	if (set_up_without_queues((uint8_t)id) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(rte_vdev_uninit("crypto_wd_fake"), 0);
	WDT_CHECK_EQ(wdt_fake.nb_queues, 0);
	WDT_CHECK_EQ(wdt_fake.nb_devs, 0);
	wdt_fake_remove();
	return WDT_PASS;
}
