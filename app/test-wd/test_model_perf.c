/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* How fast the software device pretends to be, by a clock that the test turns. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "../bench-wd/published.h"
#include "hisi_qm.h"
#include "hisi_sec.h"
#include "hisi_zip.h"
#include "perf.h"
#include "wdm.h"
#include "wdt.h"

#define SECOND 1000000000ULL
#define DEPTH 128U

/*
 * The rules alone
 */

WDT_TEST(perf_nothing_asked_nothing_held)
{
	const struct wdm_perf none = { 0 }, crowd = { .crowd_ns = 5, .crowd_max_ns = 0 };
	struct wdm_pace pace;

	WDT_CHECK(!wdm_pace_needed(&none));
	WDT_CHECK(!wdm_pace_needed(&crowd));
	WDT_CHECK_EQ(wdm_pace_init(&pace, &none), 0);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 1234, UINT32_MAX, 1000), 1234);
	return WDT_PASS;
}

WDT_TEST(perf_values_above_the_most_are_refused)
{
	static const struct wdm_perf bad[] = {
		{ .latency_ns = WDM_PERF_MAX_NS + 1 },
		{ .crowd_ns = WDM_PERF_MAX_NS + 1 },
		{ .crowd_max_ns = UINT64_MAX },
		{ .ops_per_s = WDM_PERF_MAX_PER_S + 1 },
		{ .bytes_per_s = UINT64_MAX },
	};
	struct wdm_dev_config conf = { .hw_version = 3, .class = WDM_CLASS_ZIP };
	struct wdm_pace pace;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		WDT_CHECK_EQ(wdm_pace_init(&pace, &bad[i]), -EINVAL);
		conf.perf = bad[i];
		errno = 0;
		WDT_CHECK(wdm_dev_create(&conf) == NULL);
		WDT_CHECK_EQ(errno, EINVAL);
	}
	return WDT_PASS;
}

WDT_TEST(perf_presets_are_found_by_class_and_name)
{
	struct wdm_pace pace;

	WDT_CHECK(wdm_perf_preset(WDM_CLASS_ZIP, "zip-920") != NULL);
	WDT_CHECK(wdm_perf_preset(WDM_CLASS_SEC, "sec-920") != NULL);
	WDT_CHECK(wdm_perf_preset(WDM_CLASS_SEC, "zip-920") == NULL);
	WDT_CHECK(wdm_perf_preset(WDM_CLASS_ZIP, "sec-920") == NULL);
	WDT_CHECK(wdm_perf_preset(WDM_CLASS_ZIP, "zip-92") == NULL);
	WDT_CHECK(wdm_perf_preset(WDM_CLASS_ZIP, "") == NULL);
	WDT_CHECK_EQ(wdm_pace_init(&pace, wdm_perf_preset(WDM_CLASS_ZIP, "zip-920")), 0);
	WDT_CHECK_EQ(wdm_pace_init(&pace, wdm_perf_preset(WDM_CLASS_SEC, "sec-920")), 0);
	return WDT_PASS;
}

/* Rates that do not divide a second: a million later, not a nanosecond is missing or too much. */
WDT_TEST(perf_rates_do_not_drift)
{
	static const uint64_t rates[] = { 1, 3, 7, 999999999, 7271500000, 999999999989 };
	const uint64_t nb = 1000000;

	for (unsigned int i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct wdm_perf ops = { .ops_per_s = rates[i] };
		const struct wdm_perf bytes = { .bytes_per_s = rates[i] };
		struct wdm_pace a, b;
		uint64_t due_a = 0, due_b = 0;

		WDT_CHECK_EQ(wdm_pace_init(&a, &ops), 0);
		WDT_CHECK_EQ(wdm_pace_init(&b, &bytes), 0);
		for (uint64_t n = 0; n < nb; n++) {
			due_a = wdm_pace_take(&a, 0, 4711, 0);
			due_b = wdm_pace_take(&b, 0, 9, 0);
		}
		WDT_CHECK_EQ(due_a, (nb * SECOND + rates[i] - 1) / rates[i]);
		WDT_CHECK_EQ(due_b, (9 * nb * SECOND + rates[i] - 1) / rates[i]);
	}
	return WDT_PASS;
}

WDT_TEST(perf_an_idle_device_saves_nothing_up)
{
	const struct wdm_perf perf = { .ops_per_s = 1000 };
	struct wdm_pace pace;

	WDT_CHECK_EQ(wdm_pace_init(&pace, &perf), 0);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 0, 0), 1000000);
	/* idle for an hour: the next two take a millisecond each all the same */
	WDT_CHECK_EQ(wdm_pace_take(&pace, 3600 * SECOND, 0, 0), 3600 * SECOND + 1000000);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 3600 * SECOND, 0, 0), 3600 * SECOND + 2000000);
	return WDT_PASS;
}

WDT_TEST(perf_the_slowest_of_three_counts)
{
	const struct wdm_perf perf = {
		.latency_ns = 5000, .ops_per_s = 1000000, .bytes_per_s = SECOND
	};
	struct wdm_pace pace;

	WDT_CHECK_EQ(wdm_pace_init(&pace, &perf), 0);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 100, 0), 5000); /* latency */
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 7900, 0), 8000); /* bytes: 8000 so far */
	for (unsigned int i = 3; i <= 8; i++)
		wdm_pace_take(&pace, 0, 0, 0);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 0, 0), 9000); /* ops: the ninth */
	return WDT_PASS;
}

WDT_TEST(perf_latency_grows_with_the_crowd)
{
	const struct wdm_perf perf = { .latency_ns = 100, .crowd_ns = 10, .crowd_max_ns = 35 };
	struct wdm_pace pace;

	WDT_CHECK_EQ(wdm_pace_init(&pace, &perf), 0);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 0, 0), 100);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 0, 1), 110);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 0, 3), 130);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 0, 4), 135);
	WDT_CHECK_EQ(wdm_pace_take(&pace, 0, 0, UINT32_MAX), 135);
	return WDT_PASS;
}

/* One byte a second, 4 GiB each: the end of time is reached and never passed. */
WDT_TEST(perf_times_saturate)
{
	const struct wdm_perf perf = { .latency_ns = WDM_PERF_MAX_NS,
		.crowd_ns = WDM_PERF_MAX_NS,
		.crowd_max_ns = WDM_PERF_MAX_NS,
		.ops_per_s = 1,
		.bytes_per_s = 1 };
	struct wdm_pace pace;
	uint64_t before = 0;

	WDT_CHECK_EQ(wdm_pace_init(&pace, &perf), 0);
	for (unsigned int i = 0; i < 10; i++) {
		const uint64_t due = wdm_pace_take(&pace, 5, UINT32_MAX, UINT32_MAX);

		WDT_CHECK(due >= before && due != UINT64_MAX);
		before = due;
	}
	WDT_CHECK_EQ(before, UINT64_MAX - 1);
	WDT_CHECK_EQ(wdm_pace_take(&pace, UINT64_MAX - 1, 1, 1), UINT64_MAX - 1);
	return WDT_PASS;
}

/*
 * Through rings
 */

struct queue {
	struct wdm_qp *qp;
	uint8_t sq[DEPTH][128] __attribute__((aligned(64)));
	struct hisi_qm_cqe cq[DEPTH];
	uint64_t sq_db, cq_db;
	uint32_t send_status, recv_status;
	uint16_t qn;
	uint16_t tail, head, phase;
};

struct rig {
	struct wdm_dev *dev;
	struct wdm_space *space;
	struct queue *queues;
	unsigned int nb_queues;
	enum wdm_class class;
	uint64_t now;
	uint8_t *mem;
};

static uint64_t
rig_clock(void *arg)
{
	return ((struct rig *)arg)->now;
}

static int
rig_open(struct rig *r, enum wdm_class class, const struct wdm_perf *perf, unsigned int nb_queues)
{
	const struct wdm_dev_config conf = {
		.class = class,
		.engine = WDM_ENGINE_INSTANT,
		.hw_version = 3,
		.perf = *perf,
		.clock = rig_clock,
		.clock_arg = r,
	};

	*r = (struct rig){ .class = class, .now = 12345, .nb_queues = nb_queues };
	r->dev = wdm_dev_create(&conf);
	r->space = wdm_space_create(NULL, NULL);
	r->queues = aligned_alloc(64, nb_queues * sizeof(*r->queues));
	WDT_CHECK(r->dev != NULL && r->space != NULL && r->queues != NULL);
	memset(r->queues, 0, nb_queues * sizeof(*r->queues));
	for (unsigned int i = 0; i < nb_queues; i++) {
		struct queue *q = &r->queues[i];
		const struct wdm_qp_config qc = {
			.space = r->space,
			.sq = q->sq,
			.cq = q->cq,
			.sq_depth = DEPTH,
			.cq_depth = DEPTH,
			.sq_db = &q->sq_db,
			.cq_db = &q->cq_db,
			.send_status = &q->send_status,
			.recv_status = &q->recv_status,
			.qn = (uint16_t)i,
		};

		q->qn = (uint16_t)i;
		q->phase = 1;
		q->qp = wdm_qp_create(r->dev, &qc);
		WDT_CHECK(q->qp != NULL);
		WDT_CHECK_EQ(wdm_qp_start(q->qp), 0);
	}
	return WDT_PASS;
}

static int
rig_close(struct rig *r)
{
	for (unsigned int i = 0; i < r->nb_queues; i++)
		wdm_qp_destroy(r->queues[i].qp);
	WDT_CHECK_EQ(wdm_dev_destroy(r->dev), 0);
	wdm_space_destroy(r->space);
	free(r->queues);
	return WDT_PASS;
}

static void
fill(const struct rig *r, uint8_t sqe[128], uint32_t len)
{
	memset(sqe, 0, 128);
	if (r->class == WDM_CLASS_SEC) {
		struct hisi_sec_bd3 *bd = (struct hisi_sec_bd3 *)(void *)sqe;

		bd->dw0 = htole32(HISI_SEC_TYPE_BD3);
		bd->c_len = htole32(len);
	} else {
		struct hisi_zip_sqe *z = (struct hisi_zip_sqe *)(void *)sqe;

		z->input_data_length = htole32(len);
		z->dest_avail_out = htole32(len);
		z->dw7 = htole32(HISI_ZIP_TYPE_V3 << HISI_ZIP_7_TYPE_SHIFT |
				HISI_ZIP_FLUSH_FINISH << HISI_ZIP_7_FLUSH_SHIFT);
		z->dw9 = htole32(HISI_ZIP_ALG_DEFLATE |
				HISI_ZIP_WINDOW_32K << HISI_ZIP_9_WINDOW_SHIFT);
	}
}

static void
send(struct rig *r, struct queue *q, unsigned int nb, uint32_t len)
{
	for (unsigned int i = 0; i < nb; i++) {
		fill(r, q->sq[q->tail], len);
		q->tail = (uint16_t)((q->tail + 1) % DEPTH);
	}
	__atomic_store_n(&q->sq_db,
			htole64(q->qn | (uint64_t)HISI_QM_DB_CMD_SQ << HISI_QM_DB_CMD_SHIFT |
					(uint64_t)q->tail << HISI_QM_DB_INDEX_SHIFT),
			__ATOMIC_RELEASE);
}

/* Completions that are there, at most nb. */
static unsigned int
harvest(struct queue *q, unsigned int nb)
{
	unsigned int n = 0;

	while (n < nb && (le16toh(q->cq[q->head].phase) & 1) == q->phase) {
		q->head = (uint16_t)((q->head + 1) % DEPTH);
		q->phase ^= q->head == 0;
		n++;
	}
	if (n > 0)
		q->cq_db = htole64(q->qn | (uint64_t)HISI_QM_DB_CMD_CQ << HISI_QM_DB_CMD_SHIFT |
				(uint64_t)q->head << HISI_QM_DB_INDEX_SHIFT);
	return n;
}

/* Nothing to do at this moment: on to the next. */
static int
advance(struct rig *r)
{
	const uint64_t due = wdm_dev_due(r->dev);

	WDT_CHECK(due != UINT64_MAX);
	r->now += due;
	return WDT_PASS;
}

/*
 * Nanoseconds for nb descriptors, of which in_flight are always under way, shared out
 * over the queues: each is followed by another one as soon as it is back.
 */
static int
closed_loop(struct rig *r, unsigned int in_flight, unsigned int nb, uint32_t len, uint64_t *ns)
{
	const uint64_t from = r->now;
	unsigned int sent = 0, done = 0;

	for (; sent < in_flight; sent++)
		send(r, &r->queues[sent % r->nb_queues], 1, len);
	while (done < nb) {
		unsigned int work = wdm_dev_step(r->dev);

		for (unsigned int i = 0; i < r->nb_queues; i++) {
			const unsigned int n = harvest(&r->queues[i], DEPTH);
			const unsigned int more = sent < nb ? n : 0;

			if (more > 0)
				send(r, &r->queues[i], more, len);
			sent += more;
			done += n;
			work += n;
		}
		if (work == 0 && done < nb)
			WDT_CHECK_EQ(advance(r), WDT_PASS);
	}
	*ns = r->now - from;
	while (done < sent) { /* what was sent beyond nb */
		if (wdm_dev_step(r->dev) == 0)
			WDT_CHECK_EQ(advance(r), WDT_PASS);
		for (unsigned int i = 0; i < r->nb_queues; i++)
			done += harvest(&r->queues[i], DEPTH);
	}
	return WDT_PASS;
}

/* The same for a client that waits for the last of in_flight before it sends more. */
static int
batches(struct rig *r, unsigned int in_flight, unsigned int nb, uint32_t len, uint64_t *ns)
{
	const uint64_t from = r->now;

	for (unsigned int round = 0; round < nb / in_flight; round++) {
		unsigned int done = 0;

		send(r, &r->queues[0], in_flight, len);
		while (done < in_flight) {
			if (wdm_dev_step(r->dev) == 0)
				WDT_CHECK_EQ(advance(r), WDT_PASS);
			done += harvest(&r->queues[0], DEPTH);
		}
	}
	*ns = r->now - from;
	return WDT_PASS;
}

typedef int (*load_fn)(
		struct rig *r, unsigned int in_flight, unsigned int nb, uint32_t len, uint64_t *ns);

static int
published_curve(load_fn load, const char *name)
{
	for (unsigned int i = 0; i < PUBLISHED_ZIP_NB; i++) {
		const unsigned int in_flight = published_zip[i].in_flight, nb = in_flight * 1000;
		const int64_t want = published_zip[i].kb_per_s;
		struct rig r;
		int64_t got, percent;
		uint64_t ns;

		WDT_CHECK_EQ(rig_open(&r, WDM_CLASS_ZIP, wdm_perf_preset(WDM_CLASS_ZIP, "zip-920"),
					     1),
				WDT_PASS);
		WDT_CHECK_EQ(load(&r, in_flight, nb, PUBLISHED_ZIP_LEN, &ns), WDT_PASS);
		got = (int64_t)((uint64_t)nb * PUBLISHED_ZIP_LEN * 1000000 / ns);
		percent = (got - want) * 100 / want;
		printf("# %s, %2u in flight: %" PRId64 " MB/s, published %" PRId64 ", %+" PRId64
		       " %%\n",
				name, in_flight, got / 1000, want / 1000, percent);
		WDT_CHECK(percent > -PUBLISHED_ZIP_PERCENT && percent < PUBLISHED_ZIP_PERCENT);
		WDT_CHECK_EQ(rig_close(&r), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(perf_zip_920_gives_the_published_curve)
{
	WDT_CHECK_EQ(published_curve(closed_loop, "one follows another"), WDT_PASS);
	WDT_CHECK_EQ(published_curve(batches, "batches"), WDT_PASS);
	return WDT_PASS;
}

/* More in flight is never slower, also between the published points. */
WDT_TEST(perf_zip_920_never_falls)
{
	uint64_t before = 0;

	for (unsigned int in_flight = 1; in_flight < DEPTH; in_flight++) {
		struct rig r;
		uint64_t ns, rate;

		WDT_CHECK_EQ(rig_open(&r, WDM_CLASS_ZIP, wdm_perf_preset(WDM_CLASS_ZIP, "zip-920"),
					     1),
				WDT_PASS);
		WDT_CHECK_EQ(closed_loop(&r, in_flight, in_flight * 100, PUBLISHED_ZIP_LEN, &ns),
				WDT_PASS);
		rate = (uint64_t)in_flight * 100 * PUBLISHED_ZIP_LEN * 1000000 / ns;
		WDT_CHECK(rate + rate / 100 >= before);
		before = rate > before ? rate : before;
		WDT_CHECK_EQ(rig_close(&r), WDT_PASS);
	}
	return WDT_PASS;
}

/*
 * SEC, published for two loads; doc/sim.md names the sources. With 1 KiB the ops are what
 * counts, with 8 KiB the bytes.
 */
WDT_TEST(perf_sec_920_gives_the_published_rates)
{
	static const struct {
		uint32_t len;
		uint64_t ops_per_s;
	} published[] = {
		{ 1024, 2562000 }, /* ciphers, by one thread */
		{ 8192, 11276124ULL * 1024 / 8192 }, /* SHA-512, KiB a second, by eight */
	};

	for (unsigned int i = 0; i < 2; i++) {
		const uint64_t want = published[i].ops_per_s;
		struct rig r;
		uint64_t ns, got;

		WDT_CHECK_EQ(rig_open(&r, WDM_CLASS_SEC, wdm_perf_preset(WDM_CLASS_SEC, "sec-920"),
					     1),
				WDT_PASS);
		WDT_CHECK_EQ(closed_loop(&r, 64, 64000, published[i].len, &ns), WDT_PASS);
		got = 64000 * SECOND / ns;
		printf("# %u bytes: %" PRIu64 " ops a second, published %" PRIu64 "\n",
				published[i].len, got, want);
		WDT_CHECK(got > want - want / 1000 && got < want + want / 1000);
		WDT_CHECK_EQ(rig_close(&r), WDT_PASS);
	}
	return WDT_PASS;
}

/* 16 queues are one device: together as fast as one. */
WDT_TEST(perf_queues_share_the_device)
{
	static const struct wdm_perf perfs[] = {
		{ .ops_per_s = 1000000 },
		{ .bytes_per_s = 4096000000 },
	};

	for (unsigned int i = 0; i < 4; i++) {
		struct rig r;
		uint64_t ns;

		WDT_CHECK_EQ(rig_open(&r, i < 2 ? WDM_CLASS_SEC : WDM_CLASS_ZIP, &perfs[i % 2], 16),
				WDT_PASS);
		WDT_CHECK_EQ(closed_loop(&r, 512, 100000, 4096, &ns), WDT_PASS);
		/* a microsecond each, whichever limit it is */
		WDT_CHECK(ns >= 100000000 && ns < 100001000);
		WDT_CHECK_EQ(rig_close(&r), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(perf_latency_is_exact)
{
	const struct wdm_perf perf = { .latency_ns = 1000 };
	struct rig r;

	WDT_CHECK_EQ(rig_open(&r, WDM_CLASS_SEC, &perf, 1), WDT_PASS);
	send(&r, &r.queues[0], 2, 64);
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 2);
	WDT_CHECK(wdm_dev_waiting(r.dev));
	WDT_CHECK_EQ(wdm_dev_due(r.dev), 1000);
	r.now += 400;
	send(&r, &r.queues[0], 1, 64);
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 1);
	WDT_CHECK_EQ(wdm_dev_due(r.dev), 600);
	r.now += 599;
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 0);
	WDT_CHECK_EQ(harvest(&r.queues[0], DEPTH), 0);
	r.now += 1;
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 2);
	WDT_CHECK_EQ(harvest(&r.queues[0], DEPTH), 2);
	WDT_CHECK_EQ(wdm_dev_due(r.dev), 400);
	r.now += 10000;
	WDT_CHECK_EQ(wdm_dev_due(r.dev), 0);
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 1);
	WDT_CHECK(!wdm_dev_waiting(r.dev));
	return rig_close(&r);
}

/* What a stopped queue had in flight is a crowd to nobody. */
WDT_TEST(perf_a_stopped_queue_leaves_the_crowd)
{
	const struct wdm_perf perf = { .latency_ns = 1000, .crowd_ns = 10, .crowd_max_ns = 10000 };
	struct rig r;

	WDT_CHECK_EQ(rig_open(&r, WDM_CLASS_SEC, &perf, 2), WDT_PASS);
	send(&r, &r.queues[0], 50, 64);
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 50);
	send(&r, &r.queues[1], 1, 64);
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 1);
	wdm_qp_stop(r.queues[0].qp);
	wdm_dev_step(r.dev);
	WDT_CHECK_EQ(wdm_dev_due(r.dev), 1500);
	r.now += 1500;
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 1);
	send(&r, &r.queues[1], 1, 64);
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 1);
	WDT_CHECK_EQ(wdm_dev_due(r.dev), 1000);
	wdm_qp_reset(r.queues[1].qp);
	wdm_qp_stop(r.queues[1].qp);
	r.queues[1].tail = 0;
	WDT_CHECK_EQ(wdm_qp_start(r.queues[1].qp), 0);
	send(&r, &r.queues[1], 1, 64);
	WDT_CHECK_EQ(wdm_dev_step(r.dev), 1);
	WDT_CHECK_EQ(wdm_dev_due(r.dev), 1000);
	return rig_close(&r);
}
