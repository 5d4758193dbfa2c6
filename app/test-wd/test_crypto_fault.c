/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Devices that fail: in one op, or altogether. Whatever they do, each op comes
 * back once, in order, in bounded time, and says truly whether it was done.
 */

#include <rte_cycles.h>
#include <rte_errno.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"

#define LEN 64U
#define NB 40
#define AT 17 /* the op that fails, from 1 */
#define DEPTH 256
#define BOUND_MS 2000 /* in which a dead queue gives everything back */
#define SUCCESS RTE_CRYPTO_OP_STATUS_SUCCESS
#define ERROR RTE_CRYPTO_OP_STATUS_ERROR

struct rig {
	struct wdt_crypto *c;
	enum wdt_class class;
	void *session;
	struct rte_crypto_op *ops[NB];
	unsigned int nb_events;
};

static int
on_error(struct rig *r)
{
	return (int)__atomic_load_n(&r->nb_events, __ATOMIC_ACQUIRE);
}

static void
error_cb(uint8_t dev_id __rte_unused, enum rte_cryptodev_event_type event, void *arg)
{
	struct rig *r = arg;

	if (event == RTE_CRYPTODEV_EVENT_ERROR)
		__atomic_fetch_add(&r->nb_events, 1, __ATOMIC_RELEASE);
}

static int
rig_init(struct rig *r, struct wdt_crypto *c, enum wdt_class class)
{
	*r = (struct rig){ .c = c, .class = class };
	r->session = wdt_session(c, class);
	WDT_CHECK(r->session != NULL);
	WDT_CHECK_EQ(wdt_ops(c, class, r->session, LEN, r->ops, NB), 0);
	WDT_CHECK_EQ(rte_cryptodev_callback_register(c->id, RTE_CRYPTODEV_EVENT_ERROR, error_cb, r),
			0);
	return WDT_PASS;
}

static int
rig_end(struct rig *r)
{
	WDT_CHECK_EQ(rte_cryptodev_callback_unregister(
				     r->c->id, RTE_CRYPTODEV_EVENT_ERROR, error_cb, r),
			0);
	wdt_ops_free(r->ops, NB);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(r->c->id, r->session), 0);
	return WDT_PASS;
}

/* Ops ready to be used once more. */
static int
renew(struct rig *r)
{
	wdt_ops_free(r->ops, NB);
	WDT_CHECK_EQ(wdt_ops(r->c, r->class, r->session, LEN, r->ops, NB), 0);
	return WDT_PASS;
}

/* All NB in flight, taken in bursts: back in time and in order; then not one more. */
static int
collect_by(struct rig *r, unsigned int burst)
{
	const uint64_t start = rte_get_timer_cycles();
	struct rte_crypto_op *got[NB + 1];

	for (unsigned int nb = 0; nb < NB; nb += burst) {
		const unsigned int want = RTE_MIN(burst, NB - nb);

		WDT_CHECK_EQ(wdt_crypto_dequeue_wait(r->c, 0, got + nb, (uint16_t)want, BOUND_MS),
				want);
	}
	WDT_CHECK((rte_get_timer_cycles() - start) * 1000 / rte_get_timer_hz() < BOUND_MS);
	for (unsigned int i = 0; i < NB; i++)
		WDT_CHECK(got[i] == r->ops[i]);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(r->c->id, 0, got, NB + 1), 0);
	return WDT_PASS;
}

static int
collect(struct rig *r)
{
	return collect_by(r, NB);
}

static int
send(struct rig *r)
{
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(r->c->id, 0, r->ops, NB), NB);
	return WDT_PASS;
}

/* ---- one op fails ---- */

static int
one_fails(struct rig *r, const char *fault, enum rte_crypto_op_status want, bool touched)
{
	WDT_CHECK_EQ(rte_wd_sim_fault(0, fault), 0);
	WDT_CHECK_EQ(send(r), WDT_PASS);
	wdt_sim_run(0);
	WDT_CHECK_EQ(collect(r), WDT_PASS);
	for (unsigned int i = 0; i < NB; i++) {
		if (i == AT - 1)
			WDT_CHECK_EQ(r->ops[i]->status, want);
		else
			WDT_CHECK(wdt_op_right(r->ops[i], r->class, LEN));
	}
	if (!touched)
		WDT_CHECK(wdt_op_untouched(r->ops[AT - 1], LEN));
	return WDT_PASS;
}

static int
one_op(struct wdt_crypto *c, const char *fault, enum rte_crypto_op_status want, bool touched)
{
	struct rte_cryptodev_stats stats;
	struct rig r;
	int rc;

	for (unsigned int class = 0; class < WDT_NB_CLASSES; class ++) {
		if (rig_init(&r, c, (enum wdt_class) class) != WDT_PASS)
			return WDT_FAIL;
		rte_cryptodev_stop(c->id);
		WDT_CHECK_EQ(wdt_crypto_qp_setup(c, 0, DEPTH), 0); /* faults count from here */
		WDT_CHECK_EQ(rte_cryptodev_start(c->id), 0);
		rc = one_fails(&r, fault, want, touched);
		if (rc != WDT_PASS)
			printf("# class %u\n", class);
		rte_wd_sim_fault_clear(0);
		WDT_CHECK_EQ(rte_cryptodev_stats_get(c->id, &stats), 0);
		WDT_CHECK_EQ(stats.dequeue_err_count, 1);
		WDT_CHECK_EQ(on_error(&r), 0);
		if (rig_end(&r) != WDT_PASS || rc != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
error_type(struct wdt_crypto *c)
{
	return one_op(c, "error_type:1@17", ERROR, false);
}

static int
icv(struct wdt_crypto *c)
{
	return one_op(c, "icv@17", RTE_CRYPTO_OP_STATUS_AUTH_FAILED, true);
}

static int
not_done(struct wdt_crypto *c)
{
	return one_op(c, "not_done@17", ERROR, false);
}

WDT_TEST(crypto_fault_error_type_fails_that_op_only_v2)
{
	return wdt_with_device("run=inline,hw=v2", 1, DEPTH, error_type);
}

WDT_TEST(crypto_fault_error_type_fails_that_op_only_v3)
{
	return wdt_with_device("run=inline,hw=v3", 1, DEPTH, error_type);
}

WDT_TEST(crypto_fault_icv_mismatch_is_auth_failed_v2)
{
	return wdt_with_device("run=inline,hw=v2", 1, DEPTH, icv);
}

WDT_TEST(crypto_fault_icv_mismatch_is_auth_failed_v3)
{
	return wdt_with_device("run=inline,hw=v3", 1, DEPTH, icv);
}

WDT_TEST(crypto_fault_completion_without_done_fails_that_op_only_v2)
{
	return wdt_with_device("run=inline,hw=v2", 1, DEPTH, not_done);
}

WDT_TEST(crypto_fault_completion_without_done_fails_that_op_only_v3)
{
	return wdt_with_device("run=inline,hw=v3", 1, DEPTH, not_done);
}

static int
error_type_once(struct wdt_crypto *c, void *session, unsigned int type, uint64_t n)
{
	struct rte_crypto_op *op = wdt_op(c, WDT_CIPHER, session, LEN, type), *got;
	char fault[64];

	WDT_CHECK(op != NULL);
	snprintf(fault, sizeof(fault), "error_type:%u@%" PRIu64, type, n);
	WDT_CHECK_EQ(rte_wd_sim_fault(0, fault), 0);
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, &op, 1), 1);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, &got, 1), 1);
	WDT_CHECK_EQ(got->status, ERROR);
	WDT_CHECK(wdt_op_untouched(got, LEN));
	WDT_CHECK_EQ(rte_wd_sim_fault_clear(0), 0);
	wdt_crypto_op_free(op);
	return WDT_PASS;
}

static int
error_types(struct wdt_crypto *c)
{
	void *session = wdt_session(c, WDT_CIPHER);

	WDT_CHECK(session != NULL);
	for (unsigned int type = 1; type <= UINT8_MAX; type++) {
		if (error_type_once(c, session, type, type) != WDT_PASS)
			return WDT_FAIL;
	}
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_fault_every_error_type_is_an_error_v2)
{
	return wdt_with_device("run=inline,hw=v2", 1, DEPTH, error_types);
}

WDT_TEST(crypto_fault_every_error_type_is_an_error_v3)
{
	return wdt_with_device("run=inline,hw=v3", 1, DEPTH, error_types);
}

/* ---- the queue dies ---- */

/* The first nb_good are right, all others say ERROR. */
static int
good_then_error(struct rig *r, unsigned int nb_good)
{
	for (unsigned int i = 0; i < NB; i++) {
		if (i < nb_good)
			WDT_CHECK(wdt_op_right(r->ops[i], r->class, LEN));
		else
			WDT_CHECK_EQ(r->ops[i]->status, ERROR);
	}
	return WDT_PASS;
}

/* The application hears of it, and the queue takes nothing any more. */
static int
dead(struct rig *r)
{
	struct rte_crypto_op *got;

	for (unsigned int ms = 0; on_error(r) == 0 && ms < BOUND_MS; ms++)
		rte_delay_us_sleep(1000);
	WDT_CHECK_EQ(on_error(r), 1);
	for (unsigned int i = 0; i < 3; i++) {
		WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(r->c->id, 0, r->ops, NB), 0);
		WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(r->c->id, 0, &got, 1), 0);
	}
	return WDT_PASS;
}

static int
set_up_again(struct rig *r)
{
	rte_wd_sim_fault_clear(0);
	rte_cryptodev_stop(r->c->id);
	WDT_CHECK_EQ(wdt_crypto_qp_setup(r->c, 0, DEPTH), 0);
	WDT_CHECK_EQ(rte_cryptodev_start(r->c->id), 0);
	return renew(r);
}

static int
works(struct rig *r)
{
	WDT_CHECK_EQ(send(r), WDT_PASS);
	wdt_sim_run(0);
	WDT_CHECK_EQ(collect(r), WDT_PASS);
	return good_then_error(r, NB);
}

/* Since the queue pair was set up: all taken, all given back, those that failed counted. */
static int
counted(struct rig *r, unsigned int nb_failed)
{
	struct rte_cryptodev_stats stats;

	WDT_CHECK_EQ(rte_cryptodev_stats_get(r->c->id, &stats), 0);
	WDT_CHECK_EQ(stats.enqueued_count, NB);
	WDT_CHECK_EQ(stats.dequeued_count, NB);
	WDT_CHECK_EQ(stats.dequeue_err_count, nb_failed);
	return WDT_PASS;
}

/* A fault that kills: nb_good ops are done, the rest fails; thrice in a row, however they are taken. */
static int
dies(struct wdt_crypto *c, const char *fault, unsigned int nb_good)
{
	static const unsigned int bursts[] = { NB, 1, 7 };
	struct rig r;

	for (unsigned int round = 0; round < RTE_DIM(bursts); round++) {
		if (rig_init(&r, c, (enum wdt_class)(round % WDT_NB_CLASSES)) != WDT_PASS ||
				set_up_again(&r) != WDT_PASS) /* faults count from here */
			return WDT_FAIL;
		WDT_CHECK_EQ(rte_wd_sim_fault(0, fault), 0);
		WDT_CHECK_EQ(send(&r), WDT_PASS);
		wdt_sim_run(0);
		if (collect_by(&r, bursts[round]) != WDT_PASS ||
				good_then_error(&r, nb_good) != WDT_PASS ||
				counted(&r, NB - nb_good) != WDT_PASS || dead(&r) != WDT_PASS ||
				set_up_again(&r) != WDT_PASS || works(&r) != WDT_PASS ||
				rig_end(&r) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

/* A test a line: the fault, and how many ops are good before it. */
#define DIES(name, fault, nb_good)                                                                 \
	static int name(struct wdt_crypto *c)                                                      \
	{                                                                                          \
		return dies(c, fault, nb_good);                                                    \
	}                                                                                          \
	WDT_TEST(crypto_fault_##name##_v2)                                                         \
	{                                                                                          \
		return wdt_with_device("run=inline,hw=v2,stall_ms=100", 1, DEPTH, name);           \
	}                                                                                          \
	WDT_TEST(crypto_fault_##name##_v3)                                                         \
	{                                                                                          \
		return wdt_with_device("run=inline,hw=v3,stall_ms=100", 1, DEPTH, name);           \
	}

DIES(reset_at_the_first_op, "reset@1", 0)
DIES(reset_in_the_middle, "reset@17", AT - 1)
DIES(reset_at_the_last_op, "reset@40", NB - 1)
DIES(stall_in_the_middle, "stall@17", AT - 1)
DIES(stall_at_the_first_op, "stall@1", 0)
DIES(lost_completion_in_the_middle, "drop@17", AT - 1)
DIES(lost_last_completion, "drop@40", NB - 1)
DIES(completion_naming_an_earlier_op, "sq_head:3@17", AT - 1)
DIES(completion_naming_a_later_op, "sq_head:20@17", AT - 1)
DIES(completion_naming_an_op_not_in_flight, "sq_head:200@17", AT - 1)
DIES(completion_beyond_the_ring, "sq_head:0xffff@17", AT - 1)
DIES(completion_one_ring_too_far, "sq_head:1040@17", AT - 1) /* 16 in a ring of 1024 */
DIES(first_completion_lies, "sq_head:1@1", 0)

/* A session that verifies finds its ops failed, not verified. */
static int
idle_reset(struct wdt_crypto *c)
{
	struct rte_crypto_op *got;
	struct rig r;

	if (rig_init(&r, c, WDT_AEAD) != WDT_PASS || works(&r) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, 0), 0);
	WDT_CHECK_EQ(rte_cryptodev_dequeue_burst(c->id, 0, &got, 1), 0);
	if (renew(&r) != WDT_PASS || dead(&r) != WDT_PASS || set_up_again(&r) != WDT_PASS ||
			works(&r) != WDT_PASS)
		return WDT_FAIL;
	return rig_end(&r);
}

WDT_TEST(crypto_fault_reset_of_an_idle_queue)
{
	return wdt_with_device("run=inline", 1, DEPTH, idle_reset);
}

/* What was complete before the reset is delivered after it. */
static int
completed_before_reset(struct wdt_crypto *c)
{
	struct rig r;

	if (rig_init(&r, c, WDT_CHAIN) != WDT_PASS || send(&r) != WDT_PASS)
		return WDT_FAIL;
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, 0), 0);
	if (collect(&r) != WDT_PASS || good_then_error(&r, NB) != WDT_PASS || dead(&r) != WDT_PASS)
		return WDT_FAIL;
	return rig_end(&r);
}

WDT_TEST(crypto_fault_completions_before_a_reset_are_delivered)
{
	return wdt_with_device("run=inline", 1, DEPTH, completed_before_reset);
}

/* The application is slow, not the device: no stall, however long it takes. */
static int
slow_reader(struct wdt_crypto *c)
{
	struct rig r;

	if (rig_init(&r, c, WDT_CIPHER) != WDT_PASS || send(&r) != WDT_PASS)
		return WDT_FAIL;
	wdt_sim_run(0);
	rte_delay_us_sleep(500000);
	if (collect(&r) != WDT_PASS || good_then_error(&r, NB) != WDT_PASS)
		return WDT_FAIL;
	rte_delay_us_sleep(300000); /* and with nothing in flight neither */
	WDT_CHECK_EQ(on_error(&r), 0);
	if (renew(&r) != WDT_PASS || works(&r) != WDT_PASS)
		return WDT_FAIL;
	return rig_end(&r);
}

WDT_TEST(crypto_fault_slow_reader_is_no_stall)
{
	return wdt_with_device("run=inline,stall_ms=50", 1, DEPTH, slow_reader);
}

/*
 * Each op is back before stall_ms is over; the watchdog sees most of them in flight once.
 * A round that a busy machine made longer says nothing.
 */
static int
young(struct wdt_crypto *c)
{
	unsigned int nb_rounds = 0;
	struct rig r;

	if (rig_init(&r, c, WDT_CIPHER) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int i = 0; i < 40 && nb_rounds < 10; i++) {
		uint64_t since;

		rte_delay_us_sleep(150000);
		if (renew(&r) != WDT_PASS)
			return WDT_FAIL;
		since = rte_get_timer_cycles();
		WDT_CHECK_EQ(send(&r), WDT_PASS);
		rte_delay_us_sleep(60000);
		wdt_sim_run(0);
		if ((rte_get_timer_cycles() - since) * 10 > rte_get_timer_hz()) {
			WDT_CHECK_EQ(set_up_again(&r), WDT_PASS);
			r.nb_events = 0;
			continue;
		}
		if (collect(&r) != WDT_PASS || good_then_error(&r, NB) != WDT_PASS)
			return WDT_FAIL;
		WDT_CHECK_EQ(on_error(&r), 0);
		nb_rounds++;
	}
	WDT_CHECK_EQ(rig_end(&r), WDT_PASS);
	if (nb_rounds == 0)
		WDT_SKIP("the machine is too busy for 60 ms to end within 100");
	return WDT_PASS;
}

WDT_TEST(crypto_fault_young_op_is_no_stall)
{
	return wdt_with_device("run=inline,stall_ms=100", 1, DEPTH, young);
}

/* Set up again with everything in flight and nothing taken back: a fresh queue. */
static int
abandoned(struct wdt_crypto *c)
{
	struct rig r;

	if (rig_init(&r, c, WDT_CIPHER) != WDT_PASS || send(&r) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(set_up_again(&r), WDT_PASS);
	WDT_CHECK_EQ(works(&r), WDT_PASS);
	return rig_end(&r);
}

WDT_TEST(crypto_fault_queue_pair_set_up_again_with_ops_in_flight)
{
	return wdt_with_device("run=inline", 1, DEPTH, abandoned);
}

/* One queue dies, its neighbour does not notice. */
static int
neighbour(struct wdt_crypto *c)
{
	struct rte_crypto_op *other;
	struct rig r;

	if (rig_init(&r, c, WDT_CIPHER) != WDT_PASS || send(&r) != WDT_PASS)
		return WDT_FAIL;
	other = wdt_op(c, WDT_CIPHER, r.session, LEN, 99);
	WDT_CHECK(other != NULL);
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 1, &other, 1), 1);
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, 0), 0);
	wdt_sim_run(0);
	if (collect(&r) != WDT_PASS || good_then_error(&r, 0) != WDT_PASS || dead(&r) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, 1, &other, 1, WDT_WAIT_MS), 1);
	WDT_CHECK(wdt_op_right(other, WDT_CIPHER, LEN));
	wdt_crypto_op_free(other);
	return rig_end(&r);
}

WDT_TEST(crypto_fault_neighbour_of_a_dead_queue_goes_on)
{
	return wdt_with_device("run=inline", 2, DEPTH, neighbour);
}

/* ---- beside a running device ---- */

/* How many ops are good is the device's choice; after the first ERROR there are only more. */
static int
good_up_to_somewhere(struct rig *r)
{
	unsigned int nb_good = 0;

	while (nb_good < NB && r->ops[nb_good]->status == SUCCESS)
		nb_good++;
	return good_then_error(r, nb_good);
}

static int
reset_beside(struct wdt_crypto *c)
{
	struct rig r;

	if (rig_init(&r, c, WDT_AEAD) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int round = 0; round < 50; round++) {
		WDT_CHECK_EQ(send(&r), WDT_PASS);
		rte_delay_us_block((unsigned int)(wdt_random() % 100));
		WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, 0), 0);
		if (collect(&r) != WDT_PASS || good_up_to_somewhere(&r) != WDT_PASS ||
				set_up_again(&r) != WDT_PASS)
			return WDT_FAIL;
	}
	return rig_end(&r);
}

WDT_TEST(crypto_fault_reset_beside_a_running_device)
{
	return wdt_with_device("", 1, DEPTH, reset_beside);
}

/* ---- storm ---- */

#define STORM_OPS 20000

struct storm {
	struct wdt_crypto *c;
	struct rte_crypto_op *ops[NB];
	void *session;
	uint64_t sent, back;
	uint64_t nb_good, nb_failed, nb_deaths;
};

/* One that kills sooner or later, and three that hit single ops now and then. */
static int
storm_faults(void)
{
	static const char *const kills[] = { "reset", "stall", "drop", "sq_head:0xffff",
		"sq_head:1" };
	static const char *const hits[] = { "error_type:1", "error_type:0xff", "icv", "not_done" };
	char fault[64];

	rte_wd_sim_fault_clear(0);
	snprintf(fault, sizeof(fault), "%s@%u", kills[wdt_random() % RTE_DIM(kills)],
			(unsigned int)(200 + wdt_random() % 2000));
	WDT_CHECK_EQ(rte_wd_sim_fault(0, fault), 0);
	for (unsigned int i = 0; i < RTE_DIM(hits); i++) {
		snprintf(fault, sizeof(fault), "%s@%u/%u", hits[i],
				(unsigned int)(1 + wdt_random() % 50),
				(unsigned int)(10 + wdt_random() % 50));
		WDT_CHECK_EQ(rte_wd_sim_fault(0, fault), 0);
	}
	return WDT_PASS;
}

static int
storm_receive(struct storm *s)
{
	struct rte_crypto_op *got[NB];
	const uint16_t n = rte_cryptodev_dequeue_burst(
			s->c->id, 0, got, (uint16_t)(1 + wdt_random() % NB));

	for (uint16_t i = 0; i < n; i++) {
		WDT_CHECK(s->back < s->sent);
		WDT_CHECK(got[i] == s->ops[s->back % NB]);
		WDT_CHECK_EQ(wdt_cookie(got[i]), s->back);
		WDT_CHECK(got[i]->status != RTE_CRYPTO_OP_STATUS_NOT_PROCESSED);
		if (got[i]->status == SUCCESS) {
			s->nb_good++;
			WDT_CHECK(wdt_op_right(got[i], WDT_CHAIN, LEN));
		} else {
			s->nb_failed++;
		}
		wdt_crypto_op_free(got[i]);
		s->back++;
	}
	return WDT_PASS;
}

/* Returns whether the queue took it. */
static bool
storm_send(struct storm *s)
{
	struct rte_crypto_op *op = wdt_op(s->c, WDT_CHAIN, s->session, LEN, s->sent);

	if (op == NULL)
		return false;
	if (rte_cryptodev_enqueue_burst(s->c->id, 0, &op, 1) != 1) {
		wdt_crypto_op_free(op);
		return false;
	}
	s->ops[s->sent++ % NB] = op;
	return true;
}

/* Dead: everything comes back, then the queue pair is set up again. */
static int
storm_revive(struct storm *s)
{
	const uint64_t end = rte_get_timer_cycles() + BOUND_MS * (rte_get_timer_hz() / 1000);

	while (s->back < s->sent) {
		WDT_CHECK_EQ(storm_receive(s), WDT_PASS);
		WDT_CHECK(rte_get_timer_cycles() < end);
	}
	rte_cryptodev_stop(s->c->id);
	WDT_CHECK_EQ(storm_faults(), WDT_PASS);
	WDT_CHECK_EQ(wdt_crypto_qp_setup(s->c, 0, DEPTH), 0);
	WDT_CHECK_EQ(rte_cryptodev_start(s->c->id), 0);
	s->nb_deaths++;
	return WDT_PASS;
}

static int
storm(struct wdt_crypto *c)
{
	static struct storm s;

	s = (struct storm){ .c = c, .session = wdt_session(c, WDT_CHAIN) };
	WDT_CHECK(s.session != NULL);
	WDT_CHECK_EQ(storm_faults(), WDT_PASS);
	while (s.back < STORM_OPS) {
		unsigned int nb = (unsigned int)(1 + wdt_random() % NB);
		bool dead_now = false;

		for (; nb > 0 && s.sent < STORM_OPS && s.sent - s.back < NB && !dead_now; nb--)
			dead_now = !storm_send(&s); /* the ring is never full */
		if (s.sent - s.back == NB || s.sent == STORM_OPS)
			dead_now = false; /* wait for some first */
		if (dead_now && storm_revive(&s) != WDT_PASS)
			return WDT_FAIL;
		if (storm_receive(&s) != WDT_PASS)
			return WDT_FAIL;
	}
	printf("# %" PRIu64 " good, %" PRIu64 " failed, %" PRIu64 " times dead\n", s.nb_good,
			s.nb_failed, s.nb_deaths);
	WDT_CHECK_EQ(s.nb_good + s.nb_failed, STORM_OPS);
	WDT_CHECK(s.nb_good > 0 && s.nb_failed > 0 && s.nb_deaths > 0);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, s.session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_fault_storm_loses_and_doubles_nothing_v2)
{
	return wdt_with_device("hw=v2,stall_ms=100", 1, DEPTH, storm);
}

WDT_TEST(crypto_fault_storm_loses_and_doubles_nothing_v3)
{
	return wdt_with_device("hw=v3,stall_ms=100", 1, DEPTH, storm);
}
