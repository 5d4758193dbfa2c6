/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The queue side of the model: doorbells in, descriptors through the engine,
 * completions out, in order.
 *
 * What a client sees of a queue pair is in doc/hardware.md; the section names
 * below are those of the QM part there. Nothing of a ring is believed twice: a
 * doorbell is read once and checked, a descriptor is copied once and only the
 * copy is looked at afterwards.
 */

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"
#include "hisi_qm.h"
#include "perf.h"
#include "watch.h"

#define NSEC_PER_SEC 1000000000ULL
#define NEVER UINT64_MAX

/*
 * A queue's batch is worked on without a look at any other, and nothing of it is completed
 * before all of it is: it may have so many bytes, unless one descriptor has more, and so
 * many descriptors that it takes about as long as this. After a pass of the other length
 * the caller has its turn, and the next pass begins where this one ended.
 */
#define BATCH_BYTES (1U << 20)
#define BATCH_NS 2000000U
#define PASS_NS 4000000U

static_assert(WDM_SQE_MAX % 64 == 0, "a task starts with whole cache lines");

/* What the queue side knows of a task besides its descriptor. */
struct slot {
	uint64_t due; /* when the completion may be written, by the device's clock */
	uint16_t sq_index; /* of the descriptor in the ring */
	struct wdm_fault fault;
};

enum qp_state {
	QP_STOPPED,
	QP_RUNNING,
	QP_DEAD, /* after a reset */
};

struct wdm_qp {
	struct wdm_dev *dev;
	struct wdm_qp_config conf;
	uint16_t sq_mask;
	uint16_t cq_mask;
	enum qp_state state;
	bool stalled;
	unsigned int batch; /* descriptors at once, at most WDM_BATCH: as many as are quick */
	uint64_t sq_db; /* the doorbell words as last seen */
	uint64_t cq_db;
	uint16_t sq_head; /* next descriptor to fetch, an index */
	uint16_t sq_tail; /* end of what was announced, an index */
	uint16_t sq_done; /* oldest descriptor not completed, an index */
	uint16_t cq_tail; /* next completion to write, an index */
	uint16_t cq_head; /* next completion the client will read, by its doorbell */
	uint16_t cq_phase; /* of the completion to write */
	uint32_t cq_room; /* completions that fit, by the doorbell as last seen */
	bool armed; /* the client wants to be told of completions */
	bool event_due; /* of completions that were there before */
	/* with shared_db */
	struct wdm_watch *watch;
	bool cq_db_used; /* the client has a word of its own for CQ commands */
	uint16_t ahead; /* descriptors found without their SQ command, up to sq_tail */
	/* Completions held back by perf: sq_depth entries, free-running indices. */
	struct wdm_task *held_tasks;
	struct slot *held_slots;
	uint32_t held_head;
	uint32_t held_tail;
	struct wdm_qp_stats stats;
};

struct wdm_dev {
	const struct wdm_class_ops *ops;
	void *engine;
	uint64_t (*clock)(void *arg);
	void *clock_arg;
	bool timed; /* completions are held back */
	bool weighed; /* descriptors are not all alike */
	unsigned int turn; /* of running[], where the next pass begins */
	struct wdm_pace pace;
	unsigned int nb_held; /* of all queues */
	uint64_t next_due; /* relaxed atomic: earliest held completion, NEVER without */
	/* Held by wdm_dev_step() for a whole pass and by every control call. A stepping
	 * thread takes it again at once, which would keep the others out for long: who
	 * waits says so, and the stepping thread sleeps until nobody does.
	 */
	pthread_mutex_t lock;
	pthread_cond_t no_waiters;
	unsigned int nb_waiters; /* atomic */
	unsigned int nb_qps;
	unsigned int nb_running;
	struct wdm_qp *running[HISI_QM_MAX_QUEUES];
	struct wdm_qp *by_number[HISI_QM_MAX_QUEUES];
	struct wdm_fault faults[WDM_MAX_FAULTS];
	unsigned int nb_faults;
	/* the batch in work, when nothing is held back */
	struct wdm_task tasks[WDM_BATCH];
	struct slot slots[WDM_BATCH];
};

static const struct wdm_class_ops *const classes[] = {
	[WDM_CLASS_SEC] = &wdm_sec_ops,
	[WDM_CLASS_ZIP] = &wdm_zip_ops,
};

#define NB_CLASSES (sizeof(classes) / sizeof(classes[0]))

static void
control_lock(struct wdm_dev *dev)
{
	__atomic_fetch_add(&dev->nb_waiters, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&dev->lock);
	__atomic_fetch_sub(&dev->nb_waiters, 1, __ATOMIC_RELAXED);
}

static void
control_unlock(struct wdm_dev *dev)
{
	pthread_cond_broadcast(&dev->no_waiters);
	pthread_mutex_unlock(&dev->lock);
}

static void
step_lock(struct wdm_dev *dev)
{
	pthread_mutex_lock(&dev->lock);
	while (__atomic_load_n(&dev->nb_waiters, __ATOMIC_RELAXED) != 0)
		pthread_cond_wait(&dev->no_waiters, &dev->lock);
}

static uint64_t
monotonic_ns(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static uint64_t
now_ns(const struct wdm_dev *dev)
{
	return dev->clock(dev->clock_arg);
}

/*
 * Devices
 */

struct wdm_dev *
wdm_dev_create_with_ops(const struct wdm_dev_config *conf, const struct wdm_class_ops *ops)
{
	struct wdm_dev *dev;

	if ((conf->hw_version != 2 && conf->hw_version != 3) || ops->sqe_size > WDM_SQE_MAX) {
		errno = EINVAL;
		return NULL;
	}
	dev = aligned_alloc(_Alignof(struct wdm_dev), sizeof(*dev));
	if (dev == NULL)
		return NULL;
	memset(dev, 0, sizeof(*dev));
	dev->ops = ops;
	if (wdm_pace_init(&dev->pace, &conf->perf) != 0) {
		free(dev);
		errno = EINVAL;
		return NULL;
	}
	dev->timed = wdm_pace_needed(&conf->perf);
	dev->weighed = ops->fit != NULL && conf->engine != WDM_ENGINE_INSTANT;
	dev->clock = conf->clock != NULL ? conf->clock : monotonic_ns;
	dev->clock_arg = conf->clock_arg;
	dev->next_due = NEVER;
	pthread_mutex_init(&dev->lock, NULL);
	pthread_cond_init(&dev->no_waiters, NULL);
	dev->engine = ops->create(conf);
	if (dev->engine == NULL) {
		const int error = errno;

		pthread_cond_destroy(&dev->no_waiters);
		pthread_mutex_destroy(&dev->lock);
		free(dev);
		errno = error;
		return NULL;
	}
	return dev;
}

struct wdm_dev *
wdm_dev_create(const struct wdm_dev_config *conf)
{
	if ((unsigned int)conf->class >= NB_CLASSES) {
		errno = EINVAL;
		return NULL;
	}
	return wdm_dev_create_with_ops(conf, classes[conf->class]);
}

int
wdm_dev_destroy(struct wdm_dev *dev)
{
	unsigned int nb_qps;

	if (dev == NULL)
		return 0;
	control_lock(dev);
	nb_qps = dev->nb_qps;
	control_unlock(dev);
	if (nb_qps != 0)
		return -EBUSY;
	dev->ops->destroy(dev->engine);
	pthread_cond_destroy(&dev->no_waiters);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
	return 0;
}

size_t wdm_class_sqe_size(enum wdm_class class)
{
	if ((unsigned int)class >= NB_CLASSES)
		return 0;
	return classes[class]->sqe_size;
}

int
wdm_dev_fault(struct wdm_dev *dev, const struct wdm_fault *fault)
{
	int rc = 0;

	if (!wdm_fault_valid(fault))
		return -EINVAL;
	control_lock(dev);
	if (dev->nb_faults == WDM_MAX_FAULTS)
		rc = -ENOSPC;
	else
		dev->faults[dev->nb_faults++] = *fault;
	control_unlock(dev);
	return rc;
}

void
wdm_dev_fault_clear(struct wdm_dev *dev)
{
	control_lock(dev);
	dev->nb_faults = 0;
	control_unlock(dev);
}

/*
 * Queue pairs, control side
 */

static bool
depth_valid(uint16_t depth)
{
	return depth >= 2 && depth <= HISI_QM_MAX_DEPTH && (depth & (depth - 1)) == 0;
}

static bool
aligned(const void *p, uintptr_t to)
{
	return p != NULL && (uintptr_t)p % to == 0;
}

static bool
qp_config_valid(const struct wdm_qp_config *conf)
{
	return conf->space != NULL && depth_valid(conf->sq_depth) && depth_valid(conf->cq_depth) &&
			aligned(conf->sq, sizeof(uint64_t)) &&
			aligned(conf->cq, sizeof(struct hisi_qm_cqe)) &&
			aligned(conf->sq_db, sizeof(uint64_t)) &&
			aligned(conf->cq_db, sizeof(uint64_t)) &&
			aligned(conf->send_status, sizeof(uint32_t)) &&
			aligned(conf->recv_status, sizeof(uint32_t)) &&
			conf->qn < HISI_QM_MAX_QUEUES;
}

static int
held_alloc(struct wdm_qp *qp)
{
	if (!qp->dev->timed)
		return 0;
	qp->held_tasks = aligned_alloc(
			_Alignof(struct wdm_task), qp->conf.sq_depth * sizeof(struct wdm_task));
	qp->held_slots = calloc(qp->conf.sq_depth, sizeof(struct slot));
	return qp->held_tasks == NULL || qp->held_slots == NULL ? -ENOMEM : 0;
}

static int
watch_alloc(struct wdm_qp *qp)
{
	if (!qp->conf.shared_db)
		return 0;
	qp->watch = wdm_watch_create(qp->conf.sq_depth, qp->dev->ops->sqe_size);
	return qp->watch == NULL ? -ENOMEM : 0;
}

static void
qp_free(struct wdm_qp *qp)
{
	wdm_watch_destroy(qp->watch);
	free(qp->held_tasks);
	free(qp->held_slots);
	free(qp);
}

struct wdm_qp *
wdm_qp_create(struct wdm_dev *dev, const struct wdm_qp_config *conf)
{
	struct wdm_qp *qp;
	bool taken;

	if (!qp_config_valid(conf)) {
		errno = EINVAL;
		return NULL;
	}
	qp = calloc(1, sizeof(*qp));
	if (qp == NULL)
		return NULL;
	qp->dev = dev;
	qp->conf = *conf;
	qp->sq_mask = (uint16_t)(conf->sq_depth - 1);
	qp->cq_mask = (uint16_t)(conf->cq_depth - 1);
	if (held_alloc(qp) != 0 || watch_alloc(qp) != 0) {
		qp_free(qp);
		errno = ENOMEM;
		return NULL;
	}
	control_lock(dev);
	taken = dev->by_number[conf->qn] != NULL;
	if (!taken) {
		dev->by_number[conf->qn] = qp;
		dev->nb_qps++;
	}
	control_unlock(dev);
	if (taken) {
		qp_free(qp);
		errno = EEXIST;
		return NULL;
	}
	return qp;
}

static void
running_remove(struct wdm_dev *dev, const struct wdm_qp *qp)
{
	unsigned int i = 0;

	while (dev->running[i] != qp)
		i++;
	dev->nb_running--;
	memmove(&dev->running[i], &dev->running[i + 1],
			(dev->nb_running - i) * sizeof(dev->running[0]));
}

static void
qp_quiesce(struct wdm_qp *qp, enum qp_state state)
{
	if (qp->state == QP_RUNNING)
		running_remove(qp->dev, qp);
	qp->dev->nb_held -= qp->held_tail - qp->held_head;
	qp->held_head = qp->held_tail = 0;
	qp->state = state;
}

/* Errors: what a reset and a CQ overflow look like. */
static void
qp_kill(struct wdm_qp *qp)
{
	if (qp->state != QP_RUNNING)
		return;
	__atomic_store_n(qp->conf.send_status, htole32(1), __ATOMIC_RELAXED);
	qp_quiesce(qp, QP_DEAD);
	/* Last, and after all other loads and stores: who sees it takes the memory back.
	 * Pairs with the client's barrier after it saw it. dead-status.litmus, dead-memory.litmus
	 */
	__atomic_store_n(qp->conf.recv_status, htole32(1), __ATOMIC_RELEASE);
}

int
wdm_qp_start(struct wdm_qp *qp)
{
	struct wdm_dev *dev = qp->dev;
	int rc = 0;

	control_lock(dev);
	if (qp->state != QP_STOPPED) {
		rc = -EBUSY;
	} else {
		memset(qp->conf.cq, 0, qp->conf.cq_depth * sizeof(struct hisi_qm_cqe));
		__atomic_store_n(qp->conf.sq_db, 0, __ATOMIC_RELAXED);
		__atomic_store_n(qp->conf.cq_db, 0, __ATOMIC_RELAXED);
		__atomic_store_n(qp->conf.send_status, 0, __ATOMIC_RELAXED);
		__atomic_store_n(qp->conf.recv_status, 0, __ATOMIC_RELEASE);
		qp->sq_db = qp->cq_db = 0;
		qp->sq_head = qp->sq_tail = qp->sq_done = 0;
		qp->cq_tail = qp->cq_head = 0;
		qp->cq_phase = HISI_QM_CQE_PHASE;
		qp->cq_room = qp->conf.cq_depth;
		qp->armed = true;
		qp->event_due = false;
		qp->cq_db_used = false;
		qp->ahead = 0;
		if (qp->watch != NULL)
			wdm_watch_start(qp->watch, qp->conf.sq);
		qp->stalled = false;
		qp->batch = WDM_BATCH;
		memset(&qp->stats, 0, sizeof(qp->stats));
		qp->state = QP_RUNNING;
		dev->running[dev->nb_running++] = qp;
	}
	control_unlock(dev);
	return rc;
}

void
wdm_qp_stop(struct wdm_qp *qp)
{
	control_lock(qp->dev);
	qp_quiesce(qp, QP_STOPPED);
	control_unlock(qp->dev);
}

void
wdm_qp_reset(struct wdm_qp *qp)
{
	control_lock(qp->dev);
	qp_kill(qp);
	control_unlock(qp->dev);
}

void
wdm_qp_destroy(struct wdm_qp *qp)
{
	struct wdm_dev *dev;

	if (qp == NULL)
		return;
	dev = qp->dev;
	control_lock(dev);
	qp_quiesce(qp, QP_STOPPED);
	dev->by_number[qp->conf.qn] = NULL;
	dev->nb_qps--;
	control_unlock(dev);
	qp_free(qp);
}

void
wdm_qp_stats_get(struct wdm_qp *qp, struct wdm_qp_stats *stats)
{
	control_lock(qp->dev);
	*stats = qp->stats;
	stats->cq_doorbell = le64toh(__atomic_load_n(qp->conf.cq_db, __ATOMIC_RELAXED));
	control_unlock(qp->dev);
}

/*
 * Data path, all below with the device's lock held by wdm_dev_step()
 */

/* Doorbell: whether the word is for this queue's ring of that size, and the index it carries. */
static bool
doorbell_parse(const struct wdm_qp *qp, uint64_t db, uint64_t cmd, uint16_t mask, uint16_t *index)
{
	*index = (uint16_t)(db >> HISI_QM_DB_INDEX_SHIFT & HISI_QM_DB_INDEX_MASK);
	return (db & HISI_QM_DB_QN_MASK) == qp->conf.qn &&
			(db >> HISI_QM_DB_CMD_SHIFT & HISI_QM_DB_CMD_MASK) == cmd &&
			(db >> HISI_QM_DB_RAND_SHIFT & HISI_QM_DB_RAND_MASK) == 0 && *index <= mask;
}

/* Descriptors announced and not completed. */
static uint16_t
in_flight(const struct wdm_qp *qp)
{
	return (uint16_t)((qp->sq_tail - qp->sq_done) & qp->sq_mask);
}

/* Slots that the client may have filled and not announced. */
static uint16_t
unannounced(const struct wdm_qp *qp)
{
	return (uint16_t)(qp->sq_mask - in_flight(qp));
}

/*
 * Whether descriptors that were found without their SQ command are all that this
 * one announces: its index is behind the tail then. It is so too when nearly a
 * whole ring is announced, but then there is something new at the tail.
 */
static bool
announced_already(const struct wdm_qp *qp, uint16_t behind)
{
	return behind != 0 && behind <= qp->ahead &&
			!wdm_watch_differs(qp->watch, qp->conf.sq, qp->sq_tail);
}

static void
sq_command(struct wdm_qp *qp, uint16_t index)
{
	const uint16_t behind = (uint16_t)((qp->sq_tail - index) & qp->sq_mask);

	qp->stats.doorbells++;
	if (qp->watch != NULL) {
		wdm_watch_off(qp->watch);
		if (announced_already(qp, behind)) {
			qp->ahead = behind;
			return;
		}
		qp->ahead = 0;
	}
	qp->sq_tail = index;
}

/*
 * The doorbell carries an index, so "all read" and "none read" look alike when
 * the whole ring is unread; room for the last entry is therefore looked up while
 * there still is one, and an index that has not moved means none.
 */
static void
cq_command(struct wdm_qp *qp, uint16_t index)
{
	const uint16_t nb_read = (uint16_t)((index - qp->cq_head) & qp->cq_mask);

	if (nb_read > qp->conf.cq_depth - qp->cq_room) {
		qp->stats.doorbells_ignored++; /* says it read what was never written */
		return;
	}
	qp->cq_head = index;
	qp->cq_room += nb_read;
}

static void
sq_doorbell_poll(struct wdm_qp *qp)
{
	/* Pairs with the client's barrier between its SQE stores, or CQE loads, and the doorbell.
	 * submit-sqe.litmus, submit-cq.litmus, submit-hidden.litmus
	 */
	const uint64_t word = __atomic_load_n(qp->conf.sq_db, __ATOMIC_ACQUIRE);
	const uint64_t db = le64toh(word);
	uint16_t index;

	if (word == qp->sq_db)
		return;
	qp->sq_db = word;
	if (doorbell_parse(qp, db, HISI_QM_DB_CMD_SQ, qp->sq_mask, &index)) {
		sq_command(qp, index);
	} else if (qp->watch != NULL &&
			doorbell_parse(qp, db, HISI_QM_DB_CMD_CQ, qp->cq_mask, &index)) {
		cq_command(qp, index);
		if (!qp->cq_db_used)
			wdm_watch_on(qp->watch, qp->conf.sq, qp->sq_tail, unannounced(qp),
					now_ns(qp->dev));
	} else {
		qp->stats.doorbells_ignored++;
	}
}

static void
cq_doorbell_poll(struct wdm_qp *qp)
{
	/* Pairs with the client's barrier between its CQE loads and the doorbell. release-cqe.litmus */
	const uint64_t word = __atomic_load_n(qp->conf.cq_db, __ATOMIC_ACQUIRE);
	uint16_t index;
	bool was_armed;

	if (word == qp->cq_db || qp->conf.cq_db == qp->conf.sq_db)
		return;
	qp->cq_db = word;
	if (!doorbell_parse(qp, le64toh(word), HISI_QM_DB_CMD_CQ, qp->cq_mask, &index)) {
		qp->stats.doorbells_ignored++;
		return;
	}
	qp->cq_db_used = true;
	cq_command(qp, index);
	was_armed = qp->armed;
	qp->armed = (le64toh(word) >> HISI_QM_DB_PRIO_SHIFT & 1) != 0;
	qp->event_due |= qp->armed && !was_armed && qp->cq_room < qp->conf.cq_depth;
}

/*
 * The CQ is full as far as doorbells tell, but with one word for both commands an
 * SQ command may have hidden that completions were read. A client has at most
 * sq_depth - 1 descriptors in flight, so each one that it announces says so too.
 */
static void
cq_room_by_sq(struct wdm_qp *qp)
{
	const uint16_t nb_unread = (uint16_t)(qp->sq_mask - in_flight(qp)); /* at most */

	if (nb_unread >= qp->conf.cq_depth)
		return;
	qp->cq_room = qp->conf.cq_depth - nb_unread;
	qp->cq_head = (uint16_t)((qp->cq_tail - nb_unread) & qp->cq_mask);
}

static void
cq_doorbells_poll(struct wdm_qp *qp)
{
	cq_doorbell_poll(qp);
	if (qp->watch == NULL)
		return;
	sq_doorbell_poll(qp);
	if (qp->cq_room == 0 && !qp->cq_db_used)
		cq_room_by_sq(qp);
}

/* Descriptors whose SQ command was hidden by a CQ command. */
static void
hidden_look(struct wdm_qp *qp)
{
	const uint16_t nb = wdm_watch_look(
			qp->watch, qp->conf.sq, qp->sq_tail, unannounced(qp), now_ns(qp->dev));

	qp->sq_tail = (uint16_t)((qp->sq_tail + nb) & qp->sq_mask);
	qp->ahead = (uint16_t)(qp->ahead + nb);
	if (qp->ahead > qp->sq_mask)
		qp->ahead = qp->sq_mask;
	qp->stats.found += nb;
}

/* The faults of the next nb descriptors; returns how many there are before one that stalls the queue. */
static unsigned int
faults_find(struct wdm_qp *qp, struct slot *slots, unsigned int nb)
{
	const struct wdm_dev *dev = qp->dev;

	for (unsigned int i = 0; i < nb; i++) {
		const struct wdm_fault *fault = wdm_fault_match(
				dev->faults, dev->nb_faults, qp->stats.taken + i + 1);

		if (fault != NULL)
			slots[i].fault = *fault;
		if (slots[i].fault.kind == WDM_FAULT_STALL) {
			qp->stalled = true;
			return i;
		}
	}
	return nb;
}

/* Copies up to nb announced descriptors; returns how many. */
static unsigned int
fetch(struct wdm_qp *qp, struct wdm_task *tasks, struct slot *slots, unsigned int nb)
{
	const struct wdm_dev *dev = qp->dev;
	const size_t size = dev->ops->sqe_size;
	const uint8_t *sq = qp->conf.sq;
	const uint16_t mask = qp->sq_mask;
	uint16_t head = qp->sq_head;

	for (unsigned int i = 0; i < nb; i++) {
		slots[i].fault.kind = WDM_FAULT_NONE;
		slots[i].sq_index = head;
		tasks[i].error = false;
		if (size == WDM_SQE_MAX) /* all there are, and then it is a few moves */
			memcpy(tasks[i].sqe, sq + head * WDM_SQE_MAX, WDM_SQE_MAX);
		else
			memcpy(tasks[i].sqe, sq + head * size, size);
		head = (uint16_t)((head + 1) & mask);
	}
	/* what is too much now is fetched again, first of the next batch */
	if (dev->weighed)
		nb = dev->ops->fit(dev->engine, tasks, nb, BATCH_BYTES);
	if (dev->nb_faults != 0)
		nb = faults_find(qp, slots, nb);
	qp->sq_head = (uint16_t)((qp->sq_head + nb) & mask);
	qp->stats.taken += nb;
	return nb;
}

static unsigned int
min_uint(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * What comes next, for writing, so that it is here by then: the lines of a ring are in
 * the client's cache. Descriptors of the next batch, and completions of this one; not the
 * first of these, which the client may be looking at.
 */
static void
prefetch(const struct wdm_qp *qp, unsigned int nb)
{
	const size_t size = qp->dev->ops->sqe_size;
	const unsigned int nb_next = min_uint(
			nb, (unsigned int)((qp->sq_tail - qp->sq_head) & qp->sq_mask));

	for (unsigned int i = 0; i < nb_next; i++) {
		const uint8_t *sqe = (const uint8_t *)qp->conf.sq +
				(size_t)((qp->sq_head + i) & qp->sq_mask) * size;

		__builtin_prefetch(sqe, 1);
		__builtin_prefetch(sqe + 64, 1);
	}
	for (unsigned int i = 4; i < nb; i += 4)
		__builtin_prefetch((const uint8_t *)qp->conf.cq +
						((qp->cq_tail + i) & qp->cq_mask) *
								sizeof(struct hisi_qm_cqe),
				1);
}

static bool
fault_skips_run(enum wdm_fault_kind kind)
{
	return kind == WDM_FAULT_ERROR_TYPE || kind == WDM_FAULT_NOT_DONE;
}

static void
run_faulted(struct wdm_qp *qp, struct wdm_task *task, const struct wdm_fault *fault)
{
	const struct wdm_dev *dev = qp->dev;

	if (!fault_skips_run(fault->kind))
		dev->ops->run(dev->engine, qp->conf.space, qp->conf.qc_type, task, 1);
	if (fault_skips_run(fault->kind) || fault->kind == WDM_FAULT_ICV ||
			fault->kind == WDM_FAULT_NO_CODE)
		dev->ops->fault(task, fault);
	if (fault->kind == WDM_FAULT_ERROR_TYPE || fault->kind == WDM_FAULT_ICV)
		task->error = true;
}

/* nb descriptors took this long: how many may be in the next batch. By halves only, as
 * another thread may have had the CPU meanwhile.
 */
static void
batch_adapt(struct wdm_qp *qp, unsigned int nb, uint64_t ns)
{
	if (ns > BATCH_NS)
		qp->batch = nb > 1 ? nb / 2 : 1;
	else if (ns <= BATCH_NS / 2 && qp->batch < WDM_BATCH && nb >= qp->batch)
		qp->batch = min_uint(2 * qp->batch, WDM_BATCH);
}

static void
run(struct wdm_qp *qp, struct wdm_task *tasks, const struct slot *slots, unsigned int nb)
{
	const struct wdm_dev *dev = qp->dev;
	const uint64_t since = now_ns(dev);
	unsigned int from = 0, to;

	wdm_space_lock(qp->conf.space);
	while (from < nb) {
		for (to = from; to < nb && slots[to].fault.kind == WDM_FAULT_NONE;)
			to++;
		if (to > from)
			dev->ops->run(dev->engine, qp->conf.space, qp->conf.qc_type, tasks + from,
					to - from);
		if (to < nb) {
			run_faulted(qp, &tasks[to], &slots[to].fault);
			to++;
		}
		from = to;
	}
	wdm_space_unlock(qp->conf.space);
	batch_adapt(qp, nb, now_ns(dev) - since);
}

/* Completions for nb tasks, which there is room for. */
static void
cqes_write(struct wdm_qp *qp, const uint16_t *sq_heads, size_t stride, unsigned int nb)
{
	uint8_t *cq = qp->conf.cq;
	uint16_t tail = qp->cq_tail, phase = qp->cq_phase;
	const uint64_t sq_num = (uint64_t)qp->conf.qn << HISI_QM_CQE_W1_SQ_NUM_SHIFT;

	for (unsigned int i = 0; i < nb; i++) {
		uint8_t *cqe = cq + (size_t)tail * sizeof(struct hisi_qm_cqe);
		const uint64_t w1 = *sq_heads | sq_num |
				(uint64_t)phase << HISI_QM_CQE_W1_PHASE_SHIFT;

		memset(cqe, 0, HISI_QM_CQE_W1_OFFSET);
		/* The phase makes all else valid. It goes out in one store with the fields
		 * beside it, so a client may as well read them all in one load. Release: pairs
		 * with the client's barrier after it saw the phase; the SQE is then complete, and
		 * the client's. poll-result.litmus, poll-group.litmus, reuse-slot.litmus
		 */
		__atomic_store_n((uint64_t *)(void *)(cqe + HISI_QM_CQE_W1_OFFSET), htole64(w1),
				__ATOMIC_RELEASE);
		tail = (uint16_t)((tail + 1) & qp->cq_mask);
		if (tail == 0)
			phase ^= HISI_QM_CQE_PHASE;
		sq_heads = (const uint16_t *)((const char *)sq_heads + stride);
	}
	qp->cq_room -= nb;
	qp->cq_tail = tail;
	qp->cq_phase = phase;
}

/*
 * As complete(), where nothing can come between. All descriptors first, then all
 * completions: a client that polls takes away the line that a completion is written to,
 * and there are four in one.
 */
static void
complete_all(struct wdm_qp *qp, const struct wdm_task *tasks, const struct slot *slots,
		unsigned int nb)
{
	const struct wdm_class_ops *ops = qp->dev->ops;
	uint8_t *sq = qp->conf.sq;
	unsigned int nb_errors = 0;

	for (unsigned int i = 0; i < nb; i++) {
		ops->writeback(sq + slots[i].sq_index * ops->sqe_size, &tasks[i]);
		nb_errors += tasks[i].error;
	}
	cqes_write(qp, &slots[0].sq_index, sizeof(slots[0]), nb);
	qp->sq_done = (uint16_t)((slots[nb - 1].sq_index + 1) & qp->sq_mask);
	qp->stats.completed += nb;
	qp->stats.errors += nb_errors;
}

/* Reports nb finished tasks in order; returns how many, less than nb when the queue died. */
static unsigned int
complete(struct wdm_qp *qp, const struct wdm_task *tasks, const struct slot *slots, unsigned int nb)
{
	const struct wdm_class_ops *ops = qp->dev->ops;
	uint8_t *sq = qp->conf.sq;

	if (qp->cq_room <= nb)
		cq_doorbells_poll(qp);
	if (qp->dev->nb_faults == 0 && qp->watch == NULL && qp->cq_room >= nb) {
		complete_all(qp, tasks, slots, nb);
		return nb;
	}
	for (unsigned int i = 0; i < nb; i++) {
		const struct slot *slot = &slots[i];
		uint16_t sq_head;

		if (slot->fault.kind == WDM_FAULT_DROP) {
			qp->sq_done = (uint16_t)((slot->sq_index + 1) & qp->sq_mask);
			continue;
		}
		if (qp->cq_room == 0)
			cq_doorbells_poll(qp);
		if (qp->cq_room == 0 || slot->fault.kind == WDM_FAULT_RESET) {
			qp_kill(qp);
			return i;
		}
		ops->writeback(sq + slot->sq_index * ops->sqe_size, &tasks[i]);
		if (qp->watch != NULL && !qp->cq_db_used)
			wdm_watch_left(qp->watch, sq, slot->sq_index);
		qp->sq_done = (uint16_t)((slot->sq_index + 1) & qp->sq_mask);
		sq_head = slot->sq_index;
		if (slot->fault.kind == WDM_FAULT_SQ_HEAD)
			sq_head = (uint16_t)slot->fault.value;
		cqes_write(qp, &sq_head, 0, 1);
		qp->stats.completed++;
		qp->stats.errors += tasks[i].error;
	}
	return nb;
}

/* As fast as it goes: a batch at once, from doorbell to completion. */
static unsigned int
serve(struct wdm_qp *qp, unsigned int nb)
{
	struct wdm_dev *dev = qp->dev;

	nb = fetch(qp, dev->tasks, dev->slots, min_uint(nb, qp->batch));
	if (nb == 0)
		return 0;
	prefetch(qp, nb);
	run(qp, dev->tasks, dev->slots, nb);
	return nb + complete(qp, dev->tasks, dev->slots, nb);
}

/* Say when each of the tasks at the end of the FIFO is due that was announced by now. */
static void
hold(struct wdm_qp *qp, uint32_t at, unsigned int nb, uint64_t now)
{
	struct wdm_dev *dev = qp->dev;

	for (unsigned int i = 0; i < nb; i++) {
		const struct wdm_task *task = &qp->held_tasks[at + i];
		const uint32_t nb_bytes = dev->ops->bytes == NULL ?
				0 :
				dev->ops->bytes(dev->engine, task);

		qp->held_slots[at + i].due = wdm_pace_take(&dev->pace, now, nb_bytes, dev->nb_held);
		dev->nb_held++;
	}
	qp->held_tail += nb;
}

/* In time: work is done when fetched, the client told when it is due. */
static unsigned int
serve_late(struct wdm_qp *qp, unsigned int nb)
{
	const uint32_t mask = qp->sq_mask;
	const uint32_t at = qp->held_tail & mask;
	const uint32_t nb_held = qp->held_tail - qp->held_head;
	unsigned int work = 0;
	uint64_t now;

	if (nb == 0 && nb_held == 0)
		return 0;
	now = now_ns(qp->dev);
	/* up to the end of the FIFO at most: the engine wants an array */
	nb = min_uint(min_uint(nb, qp->batch), min_uint(mask + 1 - nb_held, mask + 1 - at));
	if (nb > 0)
		nb = fetch(qp, qp->held_tasks + at, qp->held_slots + at, nb);
	if (nb > 0) {
		run(qp, qp->held_tasks + at, qp->held_slots + at, nb);
		hold(qp, at, nb, now);
		work = nb;
	}
	while (qp->held_head != qp->held_tail) {
		const uint32_t first = qp->held_head & mask;

		if (qp->held_slots[first].due > now)
			break;
		if (complete(qp, qp->held_tasks + first, qp->held_slots + first, 1) == 0)
			break;
		qp->held_head++;
		qp->dev->nb_held--;
		work++;
	}
	return work;
}

/* Tell the client of completions, if it wants to be told. */
static void
event(struct wdm_qp *qp, uint64_t completed_before)
{
	cq_doorbell_poll(qp);
	if (qp->state != QP_RUNNING || qp->event_due ||
			(qp->armed && qp->stats.completed != completed_before))
		qp->conf.event(qp->conf.event_ctx);
	qp->event_due = false;
}

/* One queue's turn; returns as wdm_dev_step() does. */
static unsigned int
qp_step(struct wdm_qp *qp)
{
	const uint64_t completed = qp->stats.completed;
	unsigned int nb, work = 0;

	sq_doorbell_poll(qp);
	if (qp->watch != NULL && qp->watch->active)
		hidden_look(qp);
	nb = qp->stalled ? 0 : (qp->sq_tail - qp->sq_head) & qp->sq_mask;
	if (qp->dev->timed)
		work = serve_late(qp, nb);
	else if (nb > 0)
		work = serve(qp, nb);
	if (qp->conf.event != NULL)
		event(qp, completed);
	return work;
}

static uint64_t
next_due(const struct wdm_dev *dev)
{
	uint64_t next = NEVER;

	for (unsigned int i = 0; i < dev->nb_running; i++) {
		const struct wdm_qp *qp = dev->running[i];
		uint64_t due = NEVER;

		if (qp->held_head != qp->held_tail)
			due = qp->held_slots[qp->held_head & qp->sq_mask].due;
		next = due < next ? due : next;
	}
	return next;
}

unsigned int
wdm_dev_step(struct wdm_dev *dev)
{
	unsigned int nb, work = 0;
	uint64_t since = 0;

	step_lock(dev);
	if (dev->turn >= dev->nb_running)
		dev->turn = 0;
	for (nb = dev->nb_running; nb > 0; nb--) {
		struct wdm_qp *qp = dev->running[dev->turn];
		const unsigned int done = qp_step(qp);

		work += done;
		/* a queue that died is in the list no more */
		dev->turn += qp->state == QP_RUNNING;
		if (dev->turn >= dev->nb_running)
			dev->turn = 0;
		if (done == 0 || nb == 1)
			continue;
		/* counted from the end of the first that had work, which is a batch at most */
		if (since == 0)
			since = now_ns(dev);
		else if (now_ns(dev) - since > PASS_NS)
			break;
	}
	if (dev->timed)
		__atomic_store_n(&dev->next_due, next_due(dev), __ATOMIC_RELAXED);
	pthread_mutex_unlock(&dev->lock);
	return work;
}

bool
wdm_dev_waiting(const struct wdm_dev *dev)
{
	return __atomic_load_n(&dev->next_due, __ATOMIC_RELAXED) != NEVER;
}

uint64_t
wdm_dev_due(const struct wdm_dev *dev)
{
	const uint64_t due = __atomic_load_n(&dev->next_due, __ATOMIC_RELAXED);
	uint64_t now;

	if (due == NEVER)
		return NEVER;
	now = now_ns(dev);
	return due > now ? due - now : 0;
}
