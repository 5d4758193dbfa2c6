/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Queue pairs and faults, with an engine made for the purpose. */

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "engine.h"
#include "hisi_qm.h"
#include "hisi_sec.h"
#include "wdt.h"

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/*
 * The engine: inverts len bytes from src to dst.
 */

#define FAKE_DONE 0x1U
#define FAKE_ICV 0x2U
#define FAKE_ERROR_SHIFT 16
#define FAKE_EFAULT 0x55U /* error type when memory cannot be reached */

struct fake_sqe {
	uint32_t qc_type; /* out: as run() got it; not written back */
	uint32_t len;
	uint64_t tag;
	uint64_t src;
	uint64_t dst;
	uint8_t more[80];
	uint32_t status; /* out */
	uint8_t rest[12];
};
static_assert(sizeof(struct fake_sqe) == 128, "as large as the real ones");

struct fake_engine {
	unsigned int nb_runs;
	unsigned int largest; /* batch */
	uint16_t qc_type; /* of the last run */
	void (*hook)(void *arg); /* called by run() first */
	void *hook_arg;
	uint64_t each_ns; /* how long a descriptor takes, by slow_clock() */
};

/* of the device created last: tests look into it while nothing steps */
static struct fake_engine *engine;
static uint64_t slow_now;

/* Stands still but for the work itself, so that a busy machine changes nothing. */
static uint64_t
slow_clock(void *arg)
{
	(void)arg;
	return slow_now;
}

static void *
fake_create(const struct wdm_dev_config *conf)
{
	if (conf->engine == WDM_ENGINE_OPENSSL) {
		errno = ENOTSUP;
		return NULL;
	}
	engine = calloc(1, sizeof(*engine));
	return engine;
}

static void
fake_invert(struct wdm_space *space, struct wdm_task *task)
{
	struct fake_sqe *sqe = (struct fake_sqe *)task->sqe;
	uint8_t buf[64];
	int rc = 0;

	for (uint32_t at = 0; rc == 0 && at < sqe->len; at += sizeof(buf)) {
		const size_t n = sqe->len - at < sizeof(buf) ? sqe->len - at : sizeof(buf);

		rc = wdm_dma_read(space, sqe->src + at, buf, n);
		for (size_t i = 0; i < n; i++)
			buf[i] = (uint8_t)~buf[i];
		if (rc == 0)
			rc = wdm_dma_write(space, sqe->dst + at, buf, n);
	}
	sqe->status = FAKE_DONE | (rc == 0 ? 0 : FAKE_EFAULT << FAKE_ERROR_SHIFT);
	task->error = rc != 0;
}

static void
fake_run(void *engine_arg, struct wdm_space *space, uint16_t qc_type, struct wdm_task *tasks,
		unsigned int nb)
{
	struct fake_engine *e = engine_arg;

	e->nb_runs++;
	e->largest = nb > e->largest ? nb : e->largest;
	e->qc_type = qc_type;
	slow_now += nb * e->each_ns;
	if (e->hook != NULL)
		e->hook(e->hook_arg);
	for (unsigned int i = 0; i < nb; i++)
		fake_invert(space, &tasks[i]);
}

static void
fake_fault(struct wdm_task *task, const struct wdm_fault *fault)
{
	struct fake_sqe *sqe = (struct fake_sqe *)task->sqe;

	if (fault->kind == WDM_FAULT_ERROR_TYPE)
		sqe->status = FAKE_DONE | fault->value << FAKE_ERROR_SHIFT;
	else if (fault->kind == WDM_FAULT_ICV)
		sqe->status |= FAKE_ICV;
	else
		sqe->status = 0;
}

static void
fake_writeback(void *ring_sqe, const struct wdm_task *task)
{
	struct fake_sqe *to = ring_sqe;

	to->status = ((const struct fake_sqe *)task->sqe)->status;
}

static const struct wdm_class_ops fake_ops = {
	.sqe_size = sizeof(struct fake_sqe),
	.create = fake_create,
	.destroy = free,
	.run = fake_run,
	.fault = fake_fault,
	.writeback = fake_writeback,
};

/*
 * A client, the plainest that can be
 */

#define DATA_IOVA 0x100000000ULL
#define DATA_LEN 4096U
#define ANY_QN 37
#define FAKE_QC_TYPE 1
#define FAKE_LEN 16 /* of each descriptor */

struct words {
	uint64_t sq_db __attribute__((aligned(64)));
	uint64_t cq_db __attribute__((aligned(64)));
	uint32_t send_status __attribute__((aligned(64)));
	uint32_t recv_status;
};

struct client {
	struct wdm_dev *dev;
	struct wdm_space *space;
	struct wdm_qp *qp;
	struct fake_sqe *sq;
	struct hisi_qm_cqe *cq;
	struct words *words;
	uint8_t *data; /* DATA_LEN bytes at DATA_IOVA: the first half is input, the second output */
	uint16_t qn;
	uint16_t sq_depth, cq_depth;
	uint16_t tail; /* indices into the rings */
	uint16_t head;
	uint16_t phase;
	uint64_t next_tag; /* of the next descriptor to fill */
};

static int
client_attach_typed(struct client *c, struct wdm_dev *dev, uint16_t qn, uint16_t sq_depth,
		uint16_t cq_depth, uint16_t qc_type)
{
	*c = (struct client){ .dev = dev, .qn = qn, .sq_depth = sq_depth, .cq_depth = cq_depth };
	c->space = wdm_space_create(NULL, NULL);
	c->sq = aligned_alloc(64, sq_depth * sizeof(*c->sq));
	c->cq = aligned_alloc(16, cq_depth * sizeof(*c->cq));
	c->words = aligned_alloc(64, sizeof(*c->words));
	c->data = malloc(DATA_LEN);
	wdt_random_bytes(c->data, DATA_LEN);
	/* what comes after a result is not the inverse of its source */
	c->data[DATA_LEN / 2 + FAKE_LEN] = c->data[FAKE_LEN];
	/* what start has to bring into order */
	memset(c->sq, 0xa5, sq_depth * sizeof(*c->sq));
	memset(c->cq, 0xa5, cq_depth * sizeof(*c->cq));
	memset(c->words, 0xa5, sizeof(*c->words));
	WDT_CHECK_EQ(wdm_space_map(c->space, DATA_IOVA, c->data, DATA_LEN), 0);
	c->qp = wdm_qp_create(dev,
			&(struct wdm_qp_config){
					.space = c->space,
					.sq = c->sq,
					.cq = c->cq,
					.sq_depth = sq_depth,
					.cq_depth = cq_depth,
					.sq_db = &c->words->sq_db,
					.cq_db = &c->words->cq_db,
					.send_status = &c->words->send_status,
					.recv_status = &c->words->recv_status,
					.qn = qn,
					.qc_type = qc_type,
			});
	WDT_CHECK(c->qp != NULL);
	return WDT_PASS;
}

static int
client_attach(struct client *c, struct wdm_dev *dev, uint16_t qn, uint16_t sq_depth,
		uint16_t cq_depth)
{
	return client_attach_typed(c, dev, qn, sq_depth, cq_depth, FAKE_QC_TYPE);
}

static int
client_start(struct client *c)
{
	const int rc = wdm_qp_start(c->qp);

	c->tail = c->head = 0;
	c->phase = 1;
	return rc;
}

static void
client_detach(struct client *c)
{
	wdm_qp_destroy(c->qp);
	wdm_space_destroy(c->space);
	free(c->sq);
	free(c->cq);
	free(c->words);
	free(c->data);
}

static int
client_open(struct client *c, uint16_t sq_depth, uint16_t cq_depth, uint64_t latency_ns)
{
	/* with nothing to wait for, time stands still, so that batches are whole */
	const struct wdm_dev_config conf = { .hw_version = 3,
		.perf.latency_ns = latency_ns,
		.clock = latency_ns == 0 ? slow_clock : NULL };
	struct wdm_dev *dev = wdm_dev_create_with_ops(&conf, &fake_ops);

	WDT_CHECK(dev != NULL);
	WDT_CHECK_EQ(client_attach(c, dev, ANY_QN, sq_depth, cq_depth), WDT_PASS);
	WDT_CHECK_EQ(client_start(c), 0);
	return WDT_PASS;
}

static int
client_close(struct client *c)
{
	client_detach(c);
	WDT_CHECK_EQ(wdm_dev_destroy(c->dev), 0);
	return WDT_PASS;
}

static uint64_t
doorbell(uint64_t qn, uint64_t cmd, uint64_t tag, uint64_t index, uint64_t prio)
{
	return htole64(qn | cmd << HISI_QM_DB_CMD_SHIFT | tag << HISI_QM_DB_RAND_SHIFT |
			index << HISI_QM_DB_INDEX_SHIFT | prio << HISI_QM_DB_PRIO_SHIFT);
}

static void
fill(struct client *c, unsigned int nb)
{
	for (unsigned int i = 0; i < nb; i++) {
		struct fake_sqe *sqe = &c->sq[c->tail];

		sqe->len = FAKE_LEN;
		sqe->tag = c->next_tag++;
		sqe->src = DATA_IOVA;
		sqe->dst = DATA_IOVA + DATA_LEN / 2;
		sqe->status = 0;
		c->tail = (uint16_t)((c->tail + 1) % c->sq_depth);
	}
}

static void
ring_sq(struct client *c)
{
	__atomic_store_n(&c->words->sq_db, doorbell(c->qn, HISI_QM_DB_CMD_SQ, 0, c->tail, 0),
			__ATOMIC_RELEASE);
}

static void
submit(struct client *c, unsigned int nb)
{
	fill(c, nb);
	ring_sq(c);
}

/* Takes the next completion: the SQE index, or -1 when there is none. */
static int
poll_one(struct client *c)
{
	const uint64_t w1 = le64toh(
			__atomic_load_n((uint64_t *)(void *)&c->cq[c->head] + 1, __ATOMIC_ACQUIRE));

	if ((w1 >> HISI_QM_CQE_W1_PHASE_SHIFT & 1) != c->phase)
		return -1;
	c->head = (uint16_t)((c->head + 1) % c->cq_depth);
	c->phase ^= c->head == 0;
	return (int)(w1 & HISI_QM_CQE_W1_SQ_HEAD_MASK);
}

static void
ring_cq(struct client *c)
{
	__atomic_store_n(&c->words->cq_db, doorbell(c->qn, HISI_QM_DB_CMD_CQ, 0, c->head, 0),
			__ATOMIC_RELEASE);
}

static struct wdm_qp_stats
stats_of(const struct client *c)
{
	struct wdm_qp_stats stats;

	wdm_qp_stats_get(c->qp, &stats);
	return stats;
}

static void
step_until_idle(struct wdm_dev *dev)
{
	while (wdm_dev_step(dev) != 0)
		;
}

static bool
alive(const struct client *c)
{
	return c->words->send_status == 0 && c->words->recv_status == 0;
}

static bool
dead(const struct client *c)
{
	return c->words->send_status == htole32(1) && c->words->recv_status == htole32(1);
}

static bool
inverted(const struct client *c, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((c->data[DATA_LEN / 2 + i] ^ c->data[i]) != 0xff)
			return false;
	}
	return true;
}

WDT_TEST(qm_device_arguments)
{
	struct wdm_dev_config conf = { .hw_version = 1 };
	struct wdm_class_ops large = fake_ops;

	WDT_CHECK(wdm_dev_create_with_ops(&conf, &fake_ops) == NULL && errno == EINVAL);
	conf.hw_version = 4;
	WDT_CHECK(wdm_dev_create_with_ops(&conf, &fake_ops) == NULL && errno == EINVAL);
	conf.hw_version = 2;
	large.sqe_size = WDM_SQE_MAX + 1;
	WDT_CHECK(wdm_dev_create_with_ops(&conf, &large) == NULL && errno == EINVAL);
	conf.engine = WDM_ENGINE_OPENSSL;
	WDT_CHECK(wdm_dev_create_with_ops(&conf, &fake_ops) == NULL && errno == ENOTSUP);
	conf.class = (enum wdm_class)99;
	WDT_CHECK(wdm_dev_create(&conf) == NULL && errno == EINVAL);
	WDT_CHECK_EQ(wdm_class_sqe_size((enum wdm_class)99), 0);
	WDT_CHECK_EQ(wdm_dev_destroy(NULL), 0);
	return WDT_PASS;
}

WDT_TEST(qm_queue_arguments)
{
	const struct wdm_dev_config conf = { .hw_version = 3 };
	struct wdm_dev *dev = wdm_dev_create_with_ops(&conf, &fake_ops);
	struct wdm_qp_config good, bad;
	static struct words words;
	static _Alignas(64) uint8_t ring[256];

	good = (struct wdm_qp_config){
		.space = wdm_space_create(NULL, NULL),
		.sq = ring,
		.cq = ring,
		.sq_depth = 2,
		.cq_depth = 2,
		.sq_db = &words.sq_db,
		.cq_db = &words.cq_db,
		.send_status = &words.send_status,
		.recv_status = &words.recv_status,
		.qn = HISI_QM_MAX_QUEUES - 1,
	};
#define REFUSED(field, value)                                                                      \
	do {                                                                                       \
		bad = good;                                                                        \
		bad.field = value;                                                                 \
		errno = 0;                                                                         \
		WDT_CHECK(wdm_qp_create(dev, &bad) == NULL);                                       \
		WDT_CHECK_EQ(errno, EINVAL);                                                       \
	} while (0)
	REFUSED(space, NULL);
	REFUSED(sq, NULL);
	REFUSED(sq, ring + 4);
	REFUSED(cq, NULL);
	REFUSED(cq, ring + 8);
	REFUSED(sq_depth, 0);
	REFUSED(sq_depth, 1);
	REFUSED(sq_depth, 3);
	REFUSED(sq_depth, 65535);
	REFUSED(cq_depth, 1);
	REFUSED(cq_depth, 1023);
	REFUSED(sq_db, NULL);
	REFUSED(sq_db, (uint64_t *)(void *)(ring + 4));
	REFUSED(cq_db, NULL);
	REFUSED(send_status, NULL);
	REFUSED(recv_status, (uint32_t *)(void *)(ring + 2));
	REFUSED(qn, HISI_QM_MAX_QUEUES);
#undef REFUSED

	struct wdm_qp *qp = wdm_qp_create(dev, &good);

	WDT_CHECK(qp != NULL);
	WDT_CHECK(wdm_qp_create(dev, &good) == NULL && errno == EEXIST);
	WDT_CHECK_EQ(wdm_dev_destroy(dev), -EBUSY);
	WDT_CHECK_EQ(wdm_qp_start(qp), 0);
	WDT_CHECK_EQ(wdm_qp_start(qp), -EBUSY);
	wdm_qp_destroy(qp);
	wdm_qp_destroy(NULL);
	WDT_CHECK_EQ(wdm_dev_step(dev), 0);
	qp = wdm_qp_create(dev, &good);
	WDT_CHECK(qp != NULL);
	wdm_qp_destroy(qp);
	wdm_space_destroy(good.space);
	WDT_CHECK_EQ(wdm_dev_destroy(dev), 0);
	return WDT_PASS;
}

WDT_TEST(qm_one_descriptor)
{
	struct hisi_qm_cqe want = { .sq_head = 0, .sq_num = htole16(ANY_QN), .phase = htole16(1) };
	struct hisi_qm_cqe zero = { 0 };
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 8, 8, 0), WDT_PASS);
	WDT_CHECK(alive(&c));
	WDT_CHECK_EQ(c.words->sq_db, 0);
	WDT_CHECK_EQ(c.words->cq_db, 0);
	for (unsigned int i = 0; i < 8; i++)
		WDT_CHECK_MEM(&c.cq[i], &zero, sizeof(zero));
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	fill(&c, 1);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0); /* nobody told it */
	ring_sq(&c);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 2);
	WDT_CHECK_MEM(&c.cq[0], &want, sizeof(want));
	WDT_CHECK_MEM(&c.cq[1], &zero, sizeof(zero));
	WDT_CHECK_EQ(c.sq[0].status, FAKE_DONE);
	WDT_CHECK_EQ(engine->qc_type, FAKE_QC_TYPE);
	WDT_CHECK(inverted(&c, FAKE_LEN));
	WDT_CHECK(!inverted(&c, FAKE_LEN + 1));
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);

	fill(&c, 1);
	ring_sq(&c);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 2);
	want.sq_head = htole16(1);
	WDT_CHECK_MEM(&c.cq[1], &want, sizeof(want));
	WDT_CHECK_EQ(stats_of(&c).taken, 2);
	WDT_CHECK_EQ(stats_of(&c).completed, 2);
	WDT_CHECK_EQ(stats_of(&c).doorbells, 2);
	WDT_CHECK_EQ(stats_of(&c).doorbells_ignored, 0);
	WDT_CHECK_EQ(stats_of(&c).errors, 0);
	return client_close(&c);
}

/* Random bursts and harvests until well past what 16 bits count. */
static int
stream(uint16_t depth, uint64_t latency_ns, uint64_t total)
{
	uint64_t submitted = 0, completed = 0;
	struct client c;
	int index;

	WDT_CHECK_EQ(client_open(&c, depth, depth, latency_ns), WDT_PASS);
	while (completed < total) {
		const unsigned int room = depth - 1 - (unsigned int)(submitted - completed);

		if (room > 0) {
			const unsigned int nb = 1 + (unsigned int)(wdt_random() % room);

			submit(&c, nb);
			submitted += nb;
		}
		for (unsigned int i = (unsigned int)(wdt_random() % 3); i > 0; i--)
			wdm_dev_step(c.dev);
		while ((index = poll_one(&c)) >= 0) {
			WDT_CHECK_EQ(index, completed % depth);
			WDT_CHECK_EQ(c.sq[index].tag, completed);
			WDT_CHECK_EQ(c.sq[index].status, FAKE_DONE);
			completed++;
			if (wdt_random() % 4 == 0)
				break;
		}
		ring_cq(&c);
		WDT_CHECK(alive(&c));
	}
	WDT_CHECK_EQ(stats_of(&c).doorbells_ignored, 0);
	return client_close(&c);
}

WDT_TEST(qm_order_and_phase_past_65535)
{
	static const uint16_t depths[] = { 2, 4, 64, 1024, 32768 };

	for (unsigned int i = 0; i < sizeof(depths) / sizeof(depths[0]); i++)
		WDT_CHECK_EQ(stream(depths[i], 0, 200000), WDT_PASS);
	return WDT_PASS;
}

WDT_TEST(qm_order_and_phase_with_latency)
{
	WDT_CHECK_EQ(stream(2, 1, 1000), WDT_PASS);
	WDT_CHECK_EQ(stream(8, 300, 70000), WDT_PASS);
	WDT_CHECK_EQ(stream(1024, 2000, 200000), WDT_PASS);
	return WDT_PASS;
}

WDT_TEST(qm_full_ring_in_batches)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 256, 256, 0), WDT_PASS);
	submit(&c, 255);
	for (unsigned int left = 255; left > 0;) {
		const unsigned int nb = left < WDM_BATCH ? left : WDM_BATCH;

		WDT_CHECK_EQ(wdm_dev_step(c.dev), 2 * nb);
		left -= nb;
	}
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	WDT_CHECK_EQ(engine->largest, WDM_BATCH);
	WDT_CHECK_EQ(engine->nb_runs, 4);
	for (int i = 0; i < 255; i++)
		WDT_CHECK_EQ(poll_one(&c), i);
	WDT_CHECK_EQ(poll_one(&c), -1);
	ring_cq(&c);
	/* an announcement past the end of the ring */
	submit(&c, 100);
	step_until_idle(c.dev);
	for (int i = 0; i < 100; i++)
		WDT_CHECK_EQ(poll_one(&c), (255 + i) % 256);
	WDT_CHECK(alive(&c));
	return client_close(&c);
}

WDT_TEST(qm_foreign_doorbells_are_ignored)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 8, 8, 0), WDT_PASS);
	const uint64_t bad[] = {
		doorbell(ANY_QN + 1, HISI_QM_DB_CMD_SQ, 0, 1, 0),
		doorbell(0, HISI_QM_DB_CMD_SQ, 0, 1, 0),
		doorbell(ANY_QN, HISI_QM_DB_CMD_CQ, 0, 1, 0),
		doorbell(ANY_QN, 15, 0, 1, 0),
		doorbell(ANY_QN, HISI_QM_DB_CMD_SQ, 1, 1, 0),
		doorbell(ANY_QN, HISI_QM_DB_CMD_SQ, 0x8000, 1, 0),
		doorbell(ANY_QN, HISI_QM_DB_CMD_SQ, 0, 8, 0),
		doorbell(ANY_QN, HISI_QM_DB_CMD_SQ, 0, 65535, 0),
		UINT64_MAX,
	};

	fill(&c, 1);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c.words->sq_db = bad[i];
		WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
		WDT_CHECK_EQ(wdm_dev_step(c.dev), 0); /* counted once */
		WDT_CHECK_EQ(stats_of(&c).doorbells_ignored, i + 1);
	}
	WDT_CHECK_EQ(stats_of(&c).doorbells, 0);
	WDT_CHECK_EQ(poll_one(&c), -1);
	/* the good one; its priority is not looked at */
	c.words->sq_db = doorbell(ANY_QN, HISI_QM_DB_CMD_SQ, 0, 1, 0xffff);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 2);
	WDT_CHECK_EQ(poll_one(&c), 0);
	WDT_CHECK_EQ(stats_of(&c).doorbells, 1);
	return client_close(&c);
}

WDT_TEST(qm_completions_never_overflow)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 16, 4, 0), WDT_PASS);
	/* as many as the ring holds, unread: fine */
	submit(&c, 4);
	step_until_idle(c.dev);
	WDT_CHECK(alive(&c));
	WDT_CHECK_EQ(stats_of(&c).completed, 4);
	/* one more: the queue dies, and no entry was overwritten */
	submit(&c, 3);
	step_until_idle(c.dev);
	WDT_CHECK(dead(&c));
	WDT_CHECK_EQ(stats_of(&c).completed, 4);
	for (int i = 0; i < 4; i++)
		WDT_CHECK_EQ(poll_one(&c), i);
	WDT_CHECK_EQ(poll_one(&c), -1);
	WDT_CHECK_EQ(c.sq[4].status, 0);
	/* dead is dead */
	ring_cq(&c);
	submit(&c, 1);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	WDT_CHECK_EQ(wdm_qp_start(c.qp), -EBUSY);
	/* until started anew */
	wdm_qp_stop(c.qp);
	WDT_CHECK(dead(&c));
	WDT_CHECK_EQ(client_start(&c), 0);
	WDT_CHECK(alive(&c));
	submit(&c, 2);
	step_until_idle(c.dev);
	WDT_CHECK_EQ(poll_one(&c), 0);
	WDT_CHECK_EQ(poll_one(&c), 1);
	WDT_CHECK_EQ(poll_one(&c), -1);
	return client_close(&c);
}

WDT_TEST(qm_overflow_in_the_middle_of_a_batch)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 64, 4, 0), WDT_PASS);
	submit(&c, 10);
	step_until_idle(c.dev);
	WDT_CHECK(dead(&c));
	WDT_CHECK_EQ(stats_of(&c).taken, 10);
	WDT_CHECK_EQ(stats_of(&c).completed, 4);
	return client_close(&c);
}

WDT_TEST(qm_completion_doorbell_makes_room)
{
	uint64_t done = 0;
	struct client c;

	/* a ring of completions smaller than what is in flight over time, read in all patterns */
	WDT_CHECK_EQ(client_open(&c, 32, 4, 0), WDT_PASS);
	for (unsigned int round = 0; round < 20000; round++) {
		const unsigned int nb = 1 + (unsigned int)(wdt_random() % 3);

		submit(&c, nb);
		step_until_idle(c.dev);
		for (unsigned int i = 0; i < nb; i++) {
			WDT_CHECK_EQ(poll_one(&c), done % 32);
			done++;
			if (wdt_random() % 2 == 0)
				ring_cq(&c);
		}
		ring_cq(&c);
		WDT_CHECK(alive(&c));
	}
	/* three unread, the doorbell gives one back: room for two */
	submit(&c, 3);
	step_until_idle(c.dev);
	poll_one(&c);
	ring_cq(&c);
	submit(&c, 2);
	step_until_idle(c.dev);
	WDT_CHECK(alive(&c));
	submit(&c, 1);
	step_until_idle(c.dev);
	WDT_CHECK(dead(&c));
	return client_close(&c);
}

WDT_TEST(qm_lying_completion_doorbells_make_no_room)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 16, 4, 0), WDT_PASS);
	const uint64_t bad[] = {
		doorbell(ANY_QN, HISI_QM_DB_CMD_CQ, 0, 3, 0), /* two were written */
		doorbell(ANY_QN, HISI_QM_DB_CMD_SQ, 0, 2, 0),
		doorbell(ANY_QN + 1, HISI_QM_DB_CMD_CQ, 0, 2, 0),
		doorbell(ANY_QN, HISI_QM_DB_CMD_CQ, 7, 2, 0),
		doorbell(ANY_QN, HISI_QM_DB_CMD_CQ, 0, 4, 0),
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		wdm_qp_stop(c.qp);
		WDT_CHECK_EQ(client_start(&c), 0);
		submit(&c, 2);
		step_until_idle(c.dev);
		c.words->cq_db = bad[i];
		submit(&c, 3);
		step_until_idle(c.dev);
		WDT_CHECK(dead(&c));
		WDT_CHECK_EQ(stats_of(&c).completed, 4);
		WDT_CHECK_EQ(stats_of(&c).doorbells_ignored, 1);
	}
	return client_close(&c);
}

WDT_TEST(qm_reset_and_restart)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 8, 8, 0), WDT_PASS);
	submit(&c, 3);
	step_until_idle(c.dev);
	submit(&c, 2);
	wdm_qp_reset(c.qp);
	WDT_CHECK(dead(&c));
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	WDT_CHECK_EQ(stats_of(&c).completed, 3);
	wdm_qp_reset(c.qp);
	wdm_qp_stop(c.qp);
	wdm_qp_stop(c.qp);
	/* a stopped queue cannot be reset: nothing of it is touched */
	c.words->send_status = c.words->recv_status = 0;
	wdm_qp_reset(c.qp);
	WDT_CHECK(alive(&c));
	WDT_CHECK_EQ(client_start(&c), 0);
	WDT_CHECK_EQ(stats_of(&c).taken, 0);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	submit(&c, 7);
	step_until_idle(c.dev);
	for (int i = 0; i < 7; i++)
		WDT_CHECK_EQ(poll_one(&c), i);
	return client_close(&c);
}

/* A client takes what was complete before a reset, and rings for it: nobody hears that. */
WDT_TEST(qm_completion_doorbell_of_a_reset_queue)
{
	struct hisi_qm_cqe before[4];
	struct client c, other;

	WDT_CHECK_EQ(client_open(&c, 16, 4, 0), WDT_PASS);
	WDT_CHECK_EQ(client_attach(&other, c.dev, ANY_QN + 1, 8, 8), WDT_PASS);
	WDT_CHECK_EQ(client_start(&other), 0);
	submit(&c, 3);
	step_until_idle(c.dev);
	wdm_qp_reset(c.qp);
	memcpy(before, c.cq, sizeof(before));
	for (int i = 0; i < 3; i++) {
		WDT_CHECK_EQ(poll_one(&c), i);
		ring_cq(&c);
		WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	}
	WDT_CHECK_EQ(poll_one(&c), -1);
	WDT_CHECK(dead(&c));
	WDT_CHECK(memcmp(before, c.cq, sizeof(before)) == 0);
	WDT_CHECK_EQ(stats_of(&c).completed, 3);
	WDT_CHECK_EQ(stats_of(&c).doorbells_ignored, 0);
	/* the queue beside it: as deep as ever */
	submit(&other, 7);
	step_until_idle(c.dev);
	for (int i = 0; i < 7; i++)
		WDT_CHECK_EQ(poll_one(&other), i);
	/* started anew it knows nothing of that doorbell: there is room for four */
	wdm_qp_stop(c.qp);
	WDT_CHECK_EQ(client_start(&c), 0);
	submit(&c, 3);
	step_until_idle(c.dev);
	submit(&c, 1);
	step_until_idle(c.dev);
	WDT_CHECK(alive(&c));
	submit(&c, 1);
	step_until_idle(c.dev);
	WDT_CHECK(dead(&c));
	WDT_CHECK_EQ(stats_of(&c).completed, 4);
	client_detach(&other);
	return client_close(&c);
}

WDT_TEST(qm_stop_drops_what_was_announced)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 256, 256, 0), WDT_PASS);
	submit(&c, 100);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 2 * WDM_BATCH);
	wdm_qp_stop(c.qp);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	WDT_CHECK(alive(&c));
	WDT_CHECK_EQ(stats_of(&c).completed, WDM_BATCH);
	WDT_CHECK_EQ(client_start(&c), 0);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	WDT_CHECK_EQ(poll_one(&c), -1);
	return client_close(&c);
}

WDT_TEST(qm_latency_holds_completions_back)
{
	const uint64_t latency = 30000000;
	struct client c;
	uint64_t from;

	WDT_CHECK_EQ(client_open(&c, 8, 8, latency), WDT_PASS);
	WDT_CHECK(!wdm_dev_waiting(c.dev));
	WDT_CHECK(wdm_dev_due(c.dev) == UINT64_MAX);
	from = now_ns();
	submit(&c, 3);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 3);
	WDT_CHECK(wdm_dev_waiting(c.dev));
	WDT_CHECK(wdm_dev_due(c.dev) <= latency);
	WDT_CHECK_EQ(poll_one(&c), -1);
	WDT_CHECK_EQ(c.sq[0].status, 0); /* result and completion come together */
	while (poll_one(&c) < 0)
		wdm_dev_step(c.dev);
	WDT_CHECK(now_ns() - from >= latency);
	WDT_CHECK_EQ(c.sq[0].status, FAKE_DONE);
	WDT_CHECK_EQ(poll_one(&c), 1);
	WDT_CHECK_EQ(poll_one(&c), 2);
	WDT_CHECK(!wdm_dev_waiting(c.dev));

	/* stopped or reset while held back: never completed */
	submit(&c, 2);
	wdm_dev_step(c.dev);
	WDT_CHECK(wdm_dev_waiting(c.dev));
	wdm_qp_stop(c.qp);
	wdm_dev_step(c.dev);
	WDT_CHECK(!wdm_dev_waiting(c.dev));
	WDT_CHECK_EQ(client_start(&c), 0);
	from = now_ns();
	while (now_ns() - from < 2 * latency)
		WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	WDT_CHECK_EQ(poll_one(&c), -1);
	submit(&c, 2);
	wdm_dev_step(c.dev);
	wdm_qp_reset(c.qp);
	from = now_ns();
	while (now_ns() - from < 2 * latency)
		WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	WDT_CHECK_EQ(poll_one(&c), -1);
	WDT_CHECK(!wdm_dev_waiting(c.dev));
	return client_close(&c);
}

WDT_TEST(qm_announcing_more_than_the_ring_holds)
{
	struct client c;

	/* a client that laps the ring while all is held back: no more than a ring is taken */
	WDT_CHECK_EQ(client_open(&c, 8, 8, WDM_PERF_MAX_NS), WDT_PASS);
	for (unsigned int i = 0; i < 5; i++) {
		submit(&c, 7);
		step_until_idle(c.dev);
	}
	WDT_CHECK_EQ(stats_of(&c).taken, 8);
	WDT_CHECK(alive(&c));
	return client_close(&c);
}

WDT_TEST(qm_only_the_result_is_written_back)
{
	struct fake_sqe before[32], want;
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 32, 32, 0), WDT_PASS);
	for (unsigned int round = 0; round < 50; round++) {
		wdt_random_bytes(before, sizeof(before));
		for (unsigned int i = 0; i < 31; i++)
			before[i].len %= 64; /* anywhere, which mostly is an error */
		wdm_qp_stop(c.qp);
		WDT_CHECK_EQ(client_start(&c), 0);
		memcpy(c.sq, before, sizeof(before));
		c.tail = 31;
		ring_sq(&c);
		step_until_idle(c.dev);
		for (int i = 0; i < 31; i++) {
			WDT_CHECK_EQ(poll_one(&c), i);
			want = before[i];
			want.status = FAKE_DONE;
			if (want.len > 0)
				want.status |= FAKE_EFAULT << FAKE_ERROR_SHIFT;
			WDT_CHECK_MEM(&c.sq[i], &want, sizeof(want));
		}
		WDT_CHECK_MEM(&c.sq[31], &before[31], sizeof(want));
	}
	WDT_CHECK(stats_of(&c).errors > 0);
	WDT_CHECK_EQ(stats_of(&c).completed, 31);
	return client_close(&c);
}

static void
change_descriptor(void *arg)
{
	struct client *c = arg;

	c->sq[0].len = 0x7fffffff;
	c->sq[0].dst = 0;
	c->sq[0].tag = 99;
}

WDT_TEST(qm_descriptors_are_copied_once)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 8, 8, 0), WDT_PASS);
	engine->hook = change_descriptor;
	engine->hook_arg = &c;
	submit(&c, 1);
	step_until_idle(c.dev);
	WDT_CHECK_EQ(poll_one(&c), 0);
	WDT_CHECK_EQ(c.sq[0].status, FAKE_DONE);
	WDT_CHECK_EQ(c.sq[0].tag, 99);
	WDT_CHECK(inverted(&c, FAKE_LEN));
	WDT_CHECK(!inverted(&c, FAKE_LEN + 1));
	return client_close(&c);
}

WDT_TEST(qm_unmapped_memory_is_an_error)
{
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 8, 8, 0), WDT_PASS);
	WDT_CHECK_EQ(wdm_space_unmap(c.space, DATA_IOVA + DATA_LEN / 2, DATA_LEN / 2), 0);
	submit(&c, 2);
	step_until_idle(c.dev);
	WDT_CHECK_EQ(c.sq[0].status, FAKE_DONE | FAKE_EFAULT << FAKE_ERROR_SHIFT);
	WDT_CHECK_EQ(stats_of(&c).errors, 2);
	WDT_CHECK_EQ(wdm_space_map(c.space, DATA_IOVA + DATA_LEN / 2, c.data + DATA_LEN / 2, 16),
			0);
	submit(&c, 1);
	step_until_idle(c.dev);
	WDT_CHECK_EQ(c.sq[2].status, FAKE_DONE);
	WDT_CHECK_EQ(stats_of(&c).errors, 2);
	WDT_CHECK(alive(&c));
	return client_close(&c);
}

WDT_TEST(qm_queues_take_turns)
{
	const struct wdm_dev_config conf = { .hw_version = 3, .clock = slow_clock };
	struct wdm_dev *dev = wdm_dev_create_with_ops(&conf, &fake_ops);
	struct client c[3];

	for (unsigned int i = 0; i < 3; i++) {
		WDT_CHECK_EQ(client_attach(&c[i], dev, (uint16_t)(i * 500), 256, 256), WDT_PASS);
		WDT_CHECK_EQ(client_start(&c[i]), 0);
		submit(&c[i], 200);
	}
	WDT_CHECK_EQ(wdm_dev_step(dev), 3 * 2 * WDM_BATCH);
	for (unsigned int i = 0; i < 3; i++)
		WDT_CHECK_EQ(stats_of(&c[i]).taken, WDM_BATCH);
	/* one that dies in the middle of the list takes nothing from the others */
	WDT_CHECK_EQ(wdm_dev_fault(dev, &(struct wdm_fault){ .kind = WDM_FAULT_RESET, .at = 150 }),
			0);
	wdm_qp_stop(c[0].qp);
	WDT_CHECK_EQ(client_start(&c[0]), 0);
	submit(&c[0], 149);
	step_until_idle(dev);
	WDT_CHECK(alive(&c[0]));
	WDT_CHECK(dead(&c[1]));
	WDT_CHECK(dead(&c[2]));
	WDT_CHECK_EQ(stats_of(&c[0]).completed, 149);
	WDT_CHECK_EQ(stats_of(&c[1]).completed, 149);
	WDT_CHECK_EQ(stats_of(&c[2]).completed, 149);
	for (int i = 0; i < 149; i++)
		WDT_CHECK_EQ(poll_one(&c[0]), i);
	for (unsigned int i = 0; i < 3; i++)
		client_detach(&c[i]);
	WDT_CHECK_EQ(wdm_dev_destroy(dev), 0);
	return WDT_PASS;
}

/*
 * Slow work
 */

/* A queue whose descriptors are slow has small batches, and large ones when they are quick again. */
WDT_TEST(qm_batch_shrinks_with_slow_work)
{
	const struct wdm_dev_config conf = { .hw_version = 3, .clock = slow_clock };
	struct wdm_dev *dev = wdm_dev_create_with_ops(&conf, &fake_ops);
	struct client c;

	WDT_CHECK_EQ(client_attach(&c, dev, ANY_QN, 1024, 1024), WDT_PASS);
	WDT_CHECK_EQ(client_start(&c), 0);
	engine->each_ns = 10000000;
	submit(&c, 1000);
	for (unsigned int nb = WDM_BATCH; nb > 1; nb /= 2)
		WDT_CHECK_EQ(wdm_dev_step(dev), 2 * nb);
	for (unsigned int i = 0; i < 10; i++)
		WDT_CHECK_EQ(wdm_dev_step(dev), 2);
	engine->each_ns = 1000;
	for (unsigned int nb = 1; nb < WDM_BATCH; nb *= 2)
		WDT_CHECK_EQ(wdm_dev_step(dev), 2 * nb);
	WDT_CHECK_EQ(wdm_dev_step(dev), 2 * WDM_BATCH);
	WDT_CHECK_EQ(wdm_dev_step(dev), 2 * WDM_BATCH);
	engine->each_ns = 100000; /* some are quick, more are not */
	for (unsigned int nb = WDM_BATCH; nb > 16; nb /= 2)
		WDT_CHECK_EQ(wdm_dev_step(dev), 2 * nb);
	for (unsigned int i = 0; i < 10; i++)
		WDT_CHECK_EQ(wdm_dev_step(dev), 2 * 16);
	engine->each_ns = 0;
	step_until_idle(dev);
	WDT_CHECK_EQ(stats_of(&c).completed, 1000);
	client_detach(&c);
	return wdm_dev_destroy(dev) == 0 ? WDT_PASS : WDT_FAIL;
}

/* A pass over slow queues gives the caller its turn before it saw all, and each queue its turn. */
WDT_TEST(qm_pass_over_slow_queues_is_short)
{
	const struct wdm_dev_config conf = { .hw_version = 3, .clock = slow_clock };
	struct wdm_dev *dev = wdm_dev_create_with_ops(&conf, &fake_ops);
	struct client c[8];
	uint64_t most = 0;

	for (unsigned int i = 0; i < 8; i++) {
		WDT_CHECK_EQ(client_attach(&c[i], dev, (uint16_t)i, 256, 256), WDT_PASS);
		WDT_CHECK_EQ(client_start(&c[i]), 0);
		submit(&c[i], 250);
	}
	engine->each_ns = 5000000;
	for (unsigned int i = 0; i < 300; i++) {
		const uint64_t from = slow_now;

		wdm_dev_step(dev);
		if (i >= 50 && slow_now - from > most) /* batches are small by then */
			most = slow_now - from;
	}
	WDT_CHECK(most > 0 && most <= 2 * engine->each_ns);
	for (unsigned int i = 1; i < 8; i++)
		WDT_CHECK(llabs((long long)(stats_of(&c[i]).taken - stats_of(&c[0]).taken)) <= 1);
	for (unsigned int i = 0; i < 8; i++)
		client_detach(&c[i]);
	return wdm_dev_destroy(dev) == 0 ? WDT_PASS : WDT_FAIL;
}

static unsigned int
fake_fit(const void *engine_arg, const struct wdm_task *tasks, unsigned int nb, uint64_t most)
{
	uint64_t sum = 0;
	unsigned int i;

	(void)engine_arg;
	for (i = 0; i < nb && (i == 0 || sum <= most); i++)
		sum += ((const struct fake_sqe *)tasks[i].sqe)->len;
	return i > 1 && sum > most ? i - 1 : i;
}

/* Descriptors with much to do are not many at once, before it is known how slow they are. */
WDT_TEST(qm_batch_has_a_limit_of_bytes)
{
	const struct wdm_dev_config conf = { .hw_version = 3, .clock = slow_clock };
	struct wdm_class_ops ops = fake_ops;
	struct wdm_dev *dev;
	struct client c;

	ops.fit = fake_fit;
	dev = wdm_dev_create_with_ops(&conf, &ops);
	WDT_CHECK_EQ(client_attach(&c, dev, ANY_QN, 256, 256), WDT_PASS);
	WDT_CHECK_EQ(client_start(&c), 0);
	fill(&c, 110);
	for (unsigned int i = 0; i < 10; i++)
		c.sq[i].len = 8U << 20; /* not all of it is there, which is an error and quick */
	for (unsigned int i = 10; i < 20; i++)
		c.sq[i].len = 256U << 10;
	ring_sq(&c);
	for (unsigned int i = 0; i < 10; i++)
		WDT_CHECK_EQ(wdm_dev_step(dev), 2 * 1);
	WDT_CHECK_EQ(wdm_dev_step(dev), 2 * 4);
	WDT_CHECK_EQ(wdm_dev_step(dev), 2 * 4);
	WDT_CHECK_EQ(wdm_dev_step(dev), 2 * WDM_BATCH);
	step_until_idle(dev);
	for (int i = 0; i < 110; i++)
		WDT_CHECK_EQ(poll_one(&c), i);
	client_detach(&c);
	return wdm_dev_destroy(dev) == 0 ? WDT_PASS : WDT_FAIL;
}

WDT_TEST(qm_queues_that_die_in_one_pass)
{
	const struct wdm_dev_config conf = { .hw_version = 3 };
	const struct wdm_fault fault = { .kind = WDM_FAULT_RESET };
	struct wdm_dev *dev = wdm_dev_create_with_ops(&conf, &fake_ops);
	struct client c[3];

	WDT_CHECK_EQ(wdm_dev_fault(dev, &fault), 0);
	for (unsigned int i = 0; i < 3; i++) {
		WDT_CHECK_EQ(client_attach(&c[i], dev, (uint16_t)i, 8, 8), WDT_PASS);
		WDT_CHECK_EQ(client_start(&c[i]), 0);
		submit(&c[i], 1);
	}
	WDT_CHECK_EQ(wdm_dev_step(dev), 3);
	for (unsigned int i = 0; i < 3; i++)
		WDT_CHECK(dead(&c[i]));
	for (unsigned int i = 0; i < 3; i++)
		client_detach(&c[i]);
	WDT_CHECK_EQ(wdm_dev_destroy(dev), 0);
	return WDT_PASS;
}

/*
 * Faults
 */

/* Ten descriptors through a queue whose device has that fault; latency or not is the same. */
static int
open_faulty(struct client *c, const char *text, uint64_t latency_ns)
{
	struct wdm_fault fault;

	WDT_CHECK_EQ(client_open(c, 16, 16, latency_ns), WDT_PASS);
	WDT_CHECK_EQ(wdm_fault_parse(text, &fault), 0);
	WDT_CHECK_EQ(wdm_dev_fault(c->dev, &fault), 0);
	submit(c, 10);
	while (wdm_dev_step(c->dev) != 0 || wdm_dev_waiting(c->dev))
		;
	return WDT_PASS;
}

static int
error_type_fault(uint64_t latency_ns)
{
	struct client c;

	WDT_CHECK_EQ(open_faulty(&c, "error_type:0x21@2/3", latency_ns), WDT_PASS);
	for (int i = 0; i < 10; i++) {
		const bool hit = i == 1 || i == 4 || i == 7;

		WDT_CHECK_EQ(poll_one(&c), i);
		WDT_CHECK_EQ(c.sq[i].status, FAKE_DONE | (hit ? 0x21U << FAKE_ERROR_SHIFT : 0));
	}
	WDT_CHECK_EQ(stats_of(&c).errors, 3);
	return client_close(&c);
}

WDT_TEST(fault_error_type)
{
	WDT_CHECK_EQ(error_type_fault(0), WDT_PASS);
	WDT_CHECK_EQ(error_type_fault(1000), WDT_PASS);
	return WDT_PASS;
}

WDT_TEST(fault_leaves_data_untouched)
{
	static const char *const kinds[] = { "error_type:1", "not_done" };
	struct wdm_fault fault;
	struct client c;
	uint8_t before[DATA_LEN];

	for (unsigned int i = 0; i < 2; i++) {
		WDT_CHECK_EQ(client_open(&c, 16, 16, 0), WDT_PASS);
		memcpy(before, c.data, DATA_LEN);
		WDT_CHECK_EQ(wdm_fault_parse(kinds[i], &fault), 0);
		WDT_CHECK_EQ(wdm_dev_fault(c.dev, &fault), 0);
		submit(&c, 1);
		step_until_idle(c.dev);
		WDT_CHECK_EQ(poll_one(&c), 0);
		WDT_CHECK_EQ(engine->nb_runs, 0);
		WDT_CHECK_MEM(c.data, before, DATA_LEN);
		WDT_CHECK_EQ(c.sq[0].status, i == 0 ? FAKE_DONE | 1U << FAKE_ERROR_SHIFT : 0);
		WDT_CHECK_EQ(stats_of(&c).errors, i == 0 ? 1 : 0);
		/* once only */
		submit(&c, 1);
		step_until_idle(c.dev);
		WDT_CHECK_EQ(c.sq[1].status, FAKE_DONE);
		WDT_CHECK(inverted(&c, FAKE_LEN));
		/* counted anew from the start of the queue */
		wdm_qp_stop(c.qp);
		WDT_CHECK_EQ(client_start(&c), 0);
		submit(&c, 1);
		step_until_idle(c.dev);
		WDT_CHECK(c.sq[0].status != FAKE_DONE);
		/* and no more when cleared */
		wdm_dev_fault_clear(c.dev);
		wdm_qp_stop(c.qp);
		WDT_CHECK_EQ(client_start(&c), 0);
		submit(&c, 1);
		step_until_idle(c.dev);
		WDT_CHECK_EQ(c.sq[0].status, FAKE_DONE);
		WDT_CHECK_EQ(client_close(&c), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(fault_icv)
{
	struct client c;

	WDT_CHECK_EQ(open_faulty(&c, "icv@3", 0), WDT_PASS);
	for (int i = 0; i < 10; i++) {
		WDT_CHECK_EQ(poll_one(&c), i);
		WDT_CHECK_EQ(c.sq[i].status, i == 2 ? FAKE_DONE | FAKE_ICV : FAKE_DONE);
	}
	WDT_CHECK_EQ(stats_of(&c).errors, 1);
	WDT_CHECK(inverted(&c, FAKE_LEN));
	return client_close(&c);
}

WDT_TEST(fault_not_done)
{
	struct client c;

	WDT_CHECK_EQ(open_faulty(&c, "not_done@10", 0), WDT_PASS);
	for (int i = 0; i < 10; i++) {
		WDT_CHECK_EQ(poll_one(&c), i);
		WDT_CHECK_EQ(c.sq[i].status, i == 9 ? 0 : FAKE_DONE);
	}
	return client_close(&c);
}

WDT_TEST(fault_sq_head)
{
	struct client c;

	WDT_CHECK_EQ(open_faulty(&c, "sq_head:0xffff@5", 0), WDT_PASS);
	for (int i = 0; i < 10; i++) {
		WDT_CHECK_EQ(poll_one(&c), i == 4 ? 0xffff : i);
		WDT_CHECK_EQ(c.sq[i].status, FAKE_DONE);
	}
	WDT_CHECK(alive(&c));
	return client_close(&c);
}

WDT_TEST(fault_drop)
{
	struct client c;

	for (unsigned int latency = 0; latency < 2; latency++) {
		WDT_CHECK_EQ(open_faulty(&c, "drop@1/4", latency), WDT_PASS);
		for (int i = 0; i < 10; i++) {
			if (i % 4 != 0)
				WDT_CHECK_EQ(poll_one(&c), i);
			WDT_CHECK_EQ(c.sq[i].status, i % 4 != 0 ? FAKE_DONE : 0);
		}
		WDT_CHECK_EQ(poll_one(&c), -1);
		WDT_CHECK_EQ(stats_of(&c).taken, 10);
		WDT_CHECK_EQ(stats_of(&c).completed, 7);
		WDT_CHECK_EQ(client_close(&c), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(fault_stall)
{
	struct client c;

	WDT_CHECK_EQ(open_faulty(&c, "stall@4", 0), WDT_PASS);
	for (int i = 0; i < 3; i++)
		WDT_CHECK_EQ(poll_one(&c), i);
	WDT_CHECK_EQ(poll_one(&c), -1);
	WDT_CHECK(alive(&c));
	WDT_CHECK_EQ(stats_of(&c).taken, 3);
	submit(&c, 1);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	wdm_dev_fault_clear(c.dev);
	WDT_CHECK_EQ(wdm_dev_step(c.dev), 0);
	wdm_qp_stop(c.qp);
	WDT_CHECK_EQ(client_start(&c), 0);
	submit(&c, 5);
	step_until_idle(c.dev);
	WDT_CHECK_EQ(stats_of(&c).completed, 5);
	return client_close(&c);
}

WDT_TEST(fault_reset)
{
	struct client c;

	for (unsigned int latency = 0; latency < 2; latency++) {
		WDT_CHECK_EQ(open_faulty(&c, "reset@6", latency), WDT_PASS);
		for (int i = 0; i < 5; i++)
			WDT_CHECK_EQ(poll_one(&c), i);
		WDT_CHECK_EQ(poll_one(&c), -1);
		WDT_CHECK(dead(&c));
		WDT_CHECK_EQ(stats_of(&c).completed, 5);
		WDT_CHECK_EQ(c.sq[5].status, 0);
		WDT_CHECK_EQ(client_close(&c), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(fault_several_first_one_wins)
{
	static const char *const texts[] = { "sq_head:7@2", "error_type:9@1/1" };
	struct wdm_fault fault;
	struct client c;

	WDT_CHECK_EQ(client_open(&c, 16, 16, 0), WDT_PASS);
	for (unsigned int i = 0; i < 2; i++) {
		WDT_CHECK_EQ(wdm_fault_parse(texts[i], &fault), 0);
		WDT_CHECK_EQ(wdm_dev_fault(c.dev, &fault), 0);
	}
	submit(&c, 3);
	step_until_idle(c.dev);
	WDT_CHECK_EQ(poll_one(&c), 0);
	WDT_CHECK_EQ(poll_one(&c), 7);
	WDT_CHECK_EQ(poll_one(&c), 2);
	WDT_CHECK_EQ(c.sq[0].status, FAKE_DONE | 9U << FAKE_ERROR_SHIFT);
	WDT_CHECK_EQ(c.sq[1].status, FAKE_DONE);
	WDT_CHECK_EQ(c.sq[2].status, FAKE_DONE | 9U << FAKE_ERROR_SHIFT);
	for (unsigned int i = 2; i < WDM_MAX_FAULTS; i++)
		WDT_CHECK_EQ(wdm_dev_fault(c.dev, &fault), 0);
	WDT_CHECK_EQ(wdm_dev_fault(c.dev, &fault), -ENOSPC);
	wdm_dev_fault_clear(c.dev);
	WDT_CHECK_EQ(wdm_dev_fault(c.dev, &fault), 0);
	fault.kind = WDM_FAULT_NONE;
	WDT_CHECK_EQ(wdm_dev_fault(c.dev, &fault), -EINVAL);
	fault.kind = (enum wdm_fault_kind)(WDM_FAULT_RESET + 1);
	WDT_CHECK_EQ(wdm_dev_fault(c.dev, &fault), -EINVAL);
	fault = (struct wdm_fault){ .kind = WDM_FAULT_ERROR_TYPE, .value = 256 };
	WDT_CHECK_EQ(wdm_dev_fault(c.dev, &fault), -EINVAL);
	return client_close(&c);
}

WDT_TEST(fault_texts)
{
	static const struct {
		const char *text;
		struct wdm_fault want;
	} good[] = {
		{ "icv", { WDM_FAULT_ICV, 0, 0, 0 } },
		{ "error_type:255", { WDM_FAULT_ERROR_TYPE, 255, 0, 0 } },
		{ "error_type:0x1f@0x10/0xA", { WDM_FAULT_ERROR_TYPE, 0x1f, 16, 10 } },
		{ "not_done@7", { WDM_FAULT_NOT_DONE, 0, 7, 0 } },
		{ "sq_head", { WDM_FAULT_SQ_HEAD, 0, 0, 0 } },
		{ "sq_head:65535@1/1", { WDM_FAULT_SQ_HEAD, 65535, 1, 1 } },
		{ "drop@18446744073709551615", { WDM_FAULT_DROP, 0, UINT64_MAX, 0 } },
		{ "stall@0", { WDM_FAULT_STALL, 0, 0, 0 } },
		{ "reset@3/0", { WDM_FAULT_RESET, 0, 3, 0 } },
		{ "no_code@2/1", { WDM_FAULT_NO_CODE, 0, 2, 1 } },
	};
	static const char *const bad[] = {
		"",
		":",
		"@",
		"none",
		"ic",
		"icvs",
		"ICV",
		" icv",
		"icv ",
		"icv:",
		"icv:1",
		"icv@",
		"icv@x",
		"icv@-1",
		"icv@+1",
		"icv@ 1",
		"icv@1/",
		"icv@1/2/3",
		"icv/2",
		"icv@1@2",
		"error_type",
		"error_type:0",
		"error_type:256",
		"error_type:0x",
		"error_type:1:2",
		"error_type:",
		"sq_head:65536",
		"sq_head:4294967296",
		"drop@18446744073709551616",
		"drop@1,stall",
	};
	const struct wdm_fault untouched = { WDM_FAULT_DROP, 1, 2, 3 };
	struct wdm_fault fault;

	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		WDT_CHECK_EQ(wdm_fault_parse(good[i].text, &fault), 0);
		WDT_CHECK_EQ(fault.kind, good[i].want.kind);
		WDT_CHECK_EQ(fault.value, good[i].want.value);
		WDT_CHECK_EQ(fault.at, good[i].want.at);
		WDT_CHECK_EQ(fault.every, good[i].want.every);
	}
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fault = untouched;
		if (wdm_fault_parse(bad[i], &fault) != -EINVAL)
			printf("# accepted: '%s'\n", bad[i]);
		WDT_CHECK_EQ(wdm_fault_parse(bad[i], &fault), -EINVAL);
		WDT_CHECK(memcmp(&fault, &untouched, sizeof(fault)) == 0);
	}
	return WDT_PASS;
}

/*
 * Threads
 */

struct stepper {
	struct wdm_dev *dev;
	pthread_t thread;
	bool stop; /* atomic */
};

static void *
stepper_main(void *arg)
{
	struct stepper *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		wdm_dev_step(s->dev);
	return NULL;
}

static int
stepper_start(struct stepper *s, struct wdm_dev *dev)
{
	*s = (struct stepper){ .dev = dev };
	return pthread_create(&s->thread, NULL, stepper_main, s);
}

static void
stepper_stop(struct stepper *s)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	pthread_join(s->thread, NULL);
}

/* Wait for a completion. */
static int
wait_one(struct client *c)
{
	const uint64_t until = now_ns() + WDT_WAIT_MS * UINT64_C(1000000);
	int index;

	while ((index = poll_one(c)) < 0 && now_ns() < until)
		;
	return index;
}

static int
stream_through(struct client *c)
{
	const unsigned int total = 100000;
	unsigned int submitted = 0, completed = 0;

	while (completed < total) {
		unsigned int nb = 63 - (submitted - completed);
		int index;

		if (nb > total - submitted)
			nb = total - submitted;
		submit(c, nb);
		submitted += nb;
		index = wait_one(c);
		WDT_CHECK_EQ(index, completed % 64);
		do {
			WDT_CHECK_EQ(c->sq[index].tag, completed);
			WDT_CHECK_EQ(c->sq[index].status, FAKE_DONE);
			completed++;
			index = poll_one(c);
		} while (index >= 0);
		ring_cq(c);
	}
	return WDT_PASS;
}

WDT_TEST(threads_stream)
{
	struct stepper s;
	struct client c;
	int rc;

	WDT_CHECK_EQ(client_open(&c, 64, 64, 0), WDT_PASS);
	WDT_CHECK_EQ(stepper_start(&s, c.dev), 0);
	rc = stream_through(&c);
	stepper_stop(&s);
	WDT_CHECK_EQ(rc, WDT_PASS);
	WDT_CHECK(alive(&c));
	return client_close(&c);
}

static int
control(struct client *c, uint64_t *worst)
{
	struct wdm_fault fault;
	uint64_t from;

	WDT_CHECK_EQ(wdm_fault_parse("drop@1000", &fault), 0);
	for (unsigned int round = 0; round < 500; round++) {
		uint8_t *data = c->data;

		WDT_CHECK_EQ(client_start(c), 0);
		submit(c, 40);
		WDT_CHECK_EQ(wait_one(c), 0);
		from = now_ns();
		switch (round % 5) {
		case 0:
			WDT_CHECK_EQ(wdm_dev_fault(c->dev, &fault), 0);
			break;
		case 1:
			wdm_dev_fault_clear(c->dev);
			break;
		case 2:
			wdm_qp_reset(c->qp);
			WDT_CHECK(dead(c));
			break;
		case 3:
			/* in the middle of its work: what follows fails, nothing else happens */
			WDT_CHECK_EQ(wdm_space_unmap(c->space, DATA_IOVA, DATA_LEN), 0);
			c->data = malloc(DATA_LEN);
			wdt_random_bytes(c->data, DATA_LEN);
			memset(data, 0, DATA_LEN);
			free(data);
			WDT_CHECK_EQ(wdm_space_map(c->space, DATA_IOVA, c->data, DATA_LEN), 0);
			break;
		default:
			WDT_CHECK(stats_of(c).taken > 0);
		}
		wdm_qp_stop(c->qp);
		if (now_ns() - from > *worst)
			*worst = now_ns() - from;
		/* the rings are ours: the device must not see this */
		memset(c->sq, 0xff, c->sq_depth * sizeof(*c->sq));
		memset(c->cq, 0xff, c->cq_depth * sizeof(*c->cq));
		c->words->sq_db = c->words->cq_db = UINT64_MAX;
		c->words->send_status = c->words->recv_status = 7;
		if (round % 50 == 49) {
			struct wdm_dev *dev = c->dev;

			client_detach(c);
			WDT_CHECK_EQ(client_attach(c, dev, ANY_QN, 64, 64), WDT_PASS);
		}
	}
	return WDT_PASS;
}

WDT_TEST(threads_control_beside_a_spinning_device)
{
	uint64_t worst = 0;
	struct stepper s;
	struct client c;
	int rc;

	WDT_CHECK_EQ(client_open(&c, 64, 64, 0), WDT_PASS);
	wdm_qp_stop(c.qp);
	WDT_CHECK_EQ(stepper_start(&s, c.dev), 0);
	rc = control(&c, &worst);
	stepper_stop(&s);
	WDT_CHECK_EQ(rc, WDT_PASS);
	printf("# slowest control call beside a spinning device: %" PRIu64 " us\n", worst / 1000);
	WDT_CHECK(worst < WDT_WAIT_MS * UINT64_C(1000000));
	return client_close(&c);
}

WDT_TEST(qm_cost_of_a_step)
{
	struct client c;
	uint64_t from, ns;

	WDT_CHECK_EQ(client_open(&c, 1024, 1024, 0), WDT_PASS);
	from = now_ns();
	for (unsigned int i = 0; i < 1000000; i++)
		wdm_dev_step(c.dev);
	ns = now_ns() - from;
	printf("# idle step of one queue: %.1f ns\n", (double)ns / 1e6);
	/* no measurement, but a system call or worse in there would show */
	WDT_CHECK(ns / 1000000 < 20000);
	return client_close(&c);
}

/*
 * The real engine
 */

#define CBC_LEN 64
#define SEC_KEY DATA_IOVA
#define SEC_IV (DATA_IOVA + 16)
#define SEC_SRC (DATA_IOVA + 64)
#define SEC_DST (DATA_IOVA + DATA_LEN / 2)

#define BD(field, value) ((uint32_t)(value) << field##_SHIFT)

static void
cbc_bd2(struct hisi_sec_bd2 *bd)
{
	*bd = (struct hisi_sec_bd2){
		.dw0 = htole32(BD(HISI_SEC_BD2_0_TYPE, HISI_SEC_TYPE_BD2) |
				BD(HISI_SEC_BD2_0_CIPHER, HISI_SEC_CIPHER_ENCRYPT) |
				BD(HISI_SEC_BD2_0_DE, HISI_SEC_DE_SEPARATE) |
				BD(HISI_SEC_BD2_0_SCENE, HISI_SEC_SCENE_IPSEC)),
		.dw3 = htole32(BD(HISI_SEC_BD2_3_C_KEY_LEN, HISI_SEC_C_KEY_128) |
				BD(HISI_SEC_BD2_3_C_MODE, HISI_SEC_C_MODE_CBC) |
				BD(HISI_SEC_BD2_3_C_ALG, HISI_SEC_C_ALG_AES)),
		.c_len = htole32(CBC_LEN),
		.tag = htole16(0x1234),
		.c_key_addr = htole64(SEC_KEY),
		.c_ivin_addr = htole64(SEC_IV),
		.data_src_addr = htole64(SEC_SRC),
		.data_dst_addr = htole64(SEC_DST),
	};
}

static void
cbc_bd3(struct hisi_sec_bd3 *bd)
{
	*bd = (struct hisi_sec_bd3){
		.dw0 = htole32(BD(HISI_SEC_BD3_0_TYPE, HISI_SEC_TYPE_BD3) |
				BD(HISI_SEC_BD3_0_DE, HISI_SEC_DE_SEPARATE) |
				BD(HISI_SEC_BD3_0_SCENE, HISI_SEC_SCENE_IPSEC)),
		.dw1 = htole32(BD(HISI_SEC_BD3_1_CIPHER, HISI_SEC_CIPHER_ENCRYPT) |
				BD(HISI_SEC_BD3_1_C_KEY_LEN, HISI_SEC_C_KEY_128) |
				BD(HISI_SEC_BD3_1_C_MODE, HISI_SEC_C_MODE_CBC) |
				BD(HISI_SEC_BD3_1_C_ALG, HISI_SEC_C_ALG_AES)),
		.c_len = htole32(CBC_LEN),
		.tag = htole64(0x123456789abcdef0),
		.c_key_addr = htole64(SEC_KEY),
		.c_ivin_addr = htole64(SEC_IV),
		.data_src_addr = htole64(SEC_SRC),
		.data_dst_addr = htole64(SEC_DST),
	};
}

static int
sec_cbc(unsigned int version, enum wdm_engine kind)
{
	const struct wdm_dev_config conf = {
		.class = WDM_CLASS_SEC,
		.engine = kind,
		.hw_version = version,
	};
	struct wdm_dev *dev = wdm_dev_create(&conf);
	uint8_t sqe[HISI_SEC_SQE_SIZE], want[CBC_LEN];
	struct client c;
	uint32_t status;

	WDT_CHECK(dev != NULL);
	WDT_CHECK_EQ(wdm_class_sqe_size(WDM_CLASS_SEC), HISI_SEC_SQE_SIZE);
	WDT_CHECK_EQ(client_attach_typed(&c, dev, 5, 16, 16, HISI_SEC_QC_TYPE), WDT_PASS);
	WDT_CHECK_EQ(client_start(&c), 0);
	/* NIST SP 800-38A, F.2.1 */
	wdt_hex("2b7e151628aed2a6abf7158809cf4f3c 000102030405060708090a0b0c0d0e0f", c.data, 32);
	wdt_hex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51"
		"30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710",
			c.data + 64, CBC_LEN);
	wdt_hex("7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2"
		"73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7",
			want, CBC_LEN);
	for (int i = 0; i < 15; i++) {
		if (version == 2)
			cbc_bd2((struct hisi_sec_bd2 *)&c.sq[i]);
		else
			cbc_bd3((struct hisi_sec_bd3 *)&c.sq[i]);
	}
	memcpy(sqe, &c.sq[3], sizeof(sqe));
	c.tail = 15;
	ring_sq(&c);
	step_until_idle(dev);
	for (int i = 0; i < 15; i++)
		WDT_CHECK_EQ(poll_one(&c), i);
	WDT_CHECK_MEM(c.data + DATA_LEN / 2, want, CBC_LEN);
	/* the request comes back as it was */
	WDT_CHECK_MEM((uint8_t *)&c.sq[3], sqe, HISI_SEC_STATUS_OFFSET);
	memcpy(&status, (uint8_t *)&c.sq[3] + HISI_SEC_STATUS_OFFSET, sizeof(status));
	WDT_CHECK_EQ(le32toh(status),
			HISI_SEC_STATUS_DONE | HISI_SEC_FLAG_CIPHER << HISI_SEC_STATUS_FLAG_SHIFT);
	WDT_CHECK_EQ(stats_of(&c).errors, 0);
	return client_close(&c);
}

WDT_TEST(qm_with_the_sec_engine)
{
	for (unsigned int version = 2; version <= 3; version++) {
		WDT_CHECK_EQ(sec_cbc(version, WDM_ENGINE_AUTO), WDT_PASS);
		WDT_CHECK_EQ(sec_cbc(version, WDM_ENGINE_OPENSSL), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(qm_with_faults_of_the_sec_engine)
{
	static const char *const texts[] = { "error_type:5@1", "not_done@2", "icv@3" };
	const struct wdm_dev_config conf = { .class = WDM_CLASS_SEC, .hw_version = 3 };
	struct wdm_dev *dev = wdm_dev_create(&conf);
	struct wdm_fault fault;
	struct client c;
	uint32_t status[4];

	WDT_CHECK(dev != NULL);
	for (unsigned int i = 0; i < 3; i++) {
		WDT_CHECK_EQ(wdm_fault_parse(texts[i], &fault), 0);
		WDT_CHECK_EQ(wdm_dev_fault(dev, &fault), 0);
	}
	WDT_CHECK_EQ(client_attach_typed(&c, dev, 0, 8, 8, HISI_SEC_QC_TYPE), WDT_PASS);
	WDT_CHECK_EQ(client_start(&c), 0);
	for (unsigned int i = 0; i < 4; i++)
		cbc_bd3((struct hisi_sec_bd3 *)&c.sq[i]);
	c.tail = 4;
	ring_sq(&c);
	step_until_idle(dev);
	for (int i = 0; i < 4; i++) {
		WDT_CHECK_EQ(poll_one(&c), i);
		memcpy(&status[i], (uint8_t *)&c.sq[i] + HISI_SEC_STATUS_OFFSET, 4);
		status[i] = le32toh(status[i]);
	}
	WDT_CHECK_EQ(status[0] & HISI_SEC_STATUS_DONE, HISI_SEC_STATUS_DONE);
	WDT_CHECK_EQ(status[0] >> HISI_SEC_STATUS_ERROR_TYPE_SHIFT & 0xff, 5);
	WDT_CHECK_EQ(status[1] & HISI_SEC_STATUS_DONE, 0);
	WDT_CHECK_EQ(status[2] & HISI_SEC_STATUS_DONE, HISI_SEC_STATUS_DONE);
	WDT_CHECK_EQ(status[2] >> HISI_SEC_STATUS_ICV_SHIFT & HISI_SEC_STATUS_ICV_MASK,
			HISI_SEC_ICV_MISMATCH);
	WDT_CHECK_EQ(status[3] >> HISI_SEC_STATUS_ERROR_TYPE_SHIFT & 0xff, 0);
	WDT_CHECK_EQ(status[3] >> HISI_SEC_STATUS_ICV_SHIFT & HISI_SEC_STATUS_ICV_MASK, 0);
	WDT_CHECK_EQ(stats_of(&c).errors, 2);
	return client_close(&c);
}
