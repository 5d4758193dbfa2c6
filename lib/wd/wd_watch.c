/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The watchdog: every 100 ms a control thread looks at all started queues. The
 * data path may make no system call, so it only stops using a queue that lies;
 * here the device is stopped for it, which makes it safe to give the buffers
 * back. A queue that makes no progress is treated alike, so that an op never
 * stays in flight for good.
 */

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_errno.h>

#include "wd_private.h"
#include "wd_probe.h"

#define WATCH_PERIOD_US 100000
#define ARM_TRIES 10
#define ARM_PERIOD_US 10000
#define WATCH_REPORTS 16 /* at once; the rest follow at the next look */

struct report {
	const struct wd_queue *q; /* NULL: not to be made any more */
	void (*cb)(void *arg);
	void *arg;
};

static TAILQ_HEAD(, wd_queue) watched = TAILQ_HEAD_INITIALIZER(watched);
static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static bool armed;
static uintptr_t alarm_number; /* one that failed half-way may come, too */
/* Being made by the alarm's thread. Those of queues that are stopped meanwhile are dropped. */
static struct report reports[WATCH_REPORTS];
static unsigned int nb_reports;
static const struct wd_queue *reporting; /* whose report is under way */
static pthread_t reporter;
static pthread_cond_t reported = PTHREAD_COND_INITIALIZER;

/* Whether the completion that the lcore has to look at next is there. */
static bool
completion_waits(const struct wd_queue *q, uint16_t head)
{
	const uint64_t w1 = wd_queue_cqe_load(wd_queue_cqe(q, head));
	const uint64_t phase = (head & (q->cq_mask + 1)) == 0 ? HISI_QM_CQE_W1_PHASE : 0;

	return (w1 & HISI_QM_CQE_W1_PHASE) == phase;
}

/*
 * The lcore changes both meanwhile; a stale pair only delays the verdict.
 * Looks are counted, not time: a process that was stopped has not looked.
 */
static bool
stalled(struct wd_queue *q)
{
	const uint16_t head = __atomic_load_n(&q->head, __ATOMIC_RELAXED);
	const uint16_t in_flight = __atomic_load_n(&q->in_flight, __ATOMIC_RELAXED);

	if (in_flight == 0 || head != q->watch_head || completion_waits(q, head)) {
		q->watch_head = head;
		q->watch_looks = 0;
		return false;
	}
	/* the first look only tells since when: what is in flight may be just submitted */
	return q->dev->stall_ms != 0 &&
			(uint64_t)q->watch_looks++ * (WATCH_PERIOD_US / 1000) >= q->dev->stall_ms;
}

/* Returns whether the queue was found dead. */
static bool
look(struct wd_queue *q)
{
	const char *why = "was reset";
	int status, rc;

	if (q->dead_reported)
		return false;
	status = wd_probe_word(q->recv_status);
	if (status < 0) {
		/* until it is stopped a touch is a SIGBUS, and then no longer */
		why = "was removed";
	} else if (status == 0) {
		const bool stall = stalled(q);

		/* acquire: pairs with the lcore's release, see rte_wd_queue_check(). watch-lied.litmus */
		if (!__atomic_load_n(&q->broken, __ATOMIC_ACQUIRE) && !stall)
			return false; /* a reset under way is waited for, as long as for a stall */
		why = q->lied ? "sent a completion out of turn" : "stalled";
	}
	__atomic_store_n(&q->broken, true, __ATOMIC_RELAXED);
	q->dead_reported = true;
	/* a reset device, too: when it is removed later, a touch of what is mapped is a SIGBUS */
	rc = q->dev->transport->queue_stop(q);
	if (status <= 0 && rc != 0) {
		WD_LOG(ERR,
				"device %s queue %u: %s, and does not stop; %u stay in flight until the queue"
				" pair is set up again",
				q->dev->name, q->qn, why, wd_queue_in_flight(q));
		return true;
	}
	/* release: all that the device did comes before. Pairs with wd_queue_dead(). dead-quiesced.litmus */
	q->quiesced = 1;
	__atomic_store_n(&q->dead, &q->quiesced, __ATOMIC_RELEASE);
	if (q->lied)
		WD_LOG(ERR,
				"device %s queue %u: completion for descriptor %u, which is not next; stopped,"
				" set the queue pair up again",
				q->dev->name, q->qn, q->lying_sq_head);
	else
		WD_LOG(ERR, "device %s queue %u: %s; stopped with %u in flight, set the queue pair up again",
				q->dev->name, q->qn, why, wd_queue_in_flight(q));
	return true;
}

/* With the lock held, but not while the application is told: it may stop the device from there. */
static void
reports_make(void)
{
	reporter = pthread_self();
	for (unsigned int i = 0; i < nb_reports; i++) {
		const struct report r = reports[i];

		if (r.q == NULL)
			continue;
		reporting = r.q;
		pthread_mutex_unlock(&watch_lock);
		r.cb(r.arg);
		pthread_mutex_lock(&watch_lock);
		reporting = NULL;
		pthread_cond_broadcast(&reported);
	}
	nb_reports = 0;
}

static void watch_cb(void *arg);

/* With the lock held. 0 or -errno. */
static int
arm(void)
{
	int rc;

	alarm_number++;
	rc = rte_eal_alarm_set(WATCH_PERIOD_US, watch_cb, (void *)alarm_number);
	armed = rc == 0;
	return rc;
}

/*
 * With the lock held, but not while it waits. EAL's thread has other alarms to serve, so
 * there is an end to it; then the next queue that is started tries.
 */
static void
arm_again(void)
{
	int rc = 0;

	armed = false;
	for (unsigned int i = 0; i < ARM_TRIES && !armed && !TAILQ_EMPTY(&watched); i++) {
		if (i > 0) {
			pthread_mutex_unlock(&watch_lock);
			usleep(ARM_PERIOD_US);
			pthread_mutex_lock(&watch_lock);
		}
		if (!armed && !TAILQ_EMPTY(&watched))
			rc = arm();
	}
	if (!armed && !TAILQ_EMPTY(&watched))
		WD_LOG(ERR,
				"the watchdog is off, cannot set its alarm again: %s; dead queues go unnoticed"
				" until a queue is started",
				rte_strerror(-rc));
}

static void
watch_cb(void *arg)
{
	struct wd_queue *q;

	pthread_mutex_lock(&watch_lock);
	if (!armed || (uintptr_t)arg != alarm_number) {
		pthread_mutex_unlock(&watch_lock);
		return;
	}
	TAILQ_FOREACH(q, &watched, watch_next) {
		if (nb_reports == WATCH_REPORTS)
			break;
		if (look(q) && q->dead_cb != NULL)
			reports[nb_reports++] = (struct report){ q, q->dead_cb, q->dead_arg };
	}
	arm_again();
	reports_make();
	pthread_mutex_unlock(&watch_lock);
}

int
wd_watch_add(struct wd_queue *q)
{
	int rc = 0;

	pthread_mutex_lock(&watch_lock);
	q->watch_head = 0;
	q->watch_looks = 0;
	if (!armed)
		rc = arm();
	if (rc == 0) {
		TAILQ_INSERT_TAIL(&watched, q, watch_next);
		q->watched = true;
	} else {
		WD_LOG(ERR, "device %s: cannot start the watchdog's alarm: %d", q->dev->name, rc);
	}
	pthread_mutex_unlock(&watch_lock);
	return rc;
}

void
wd_watch_remove(struct wd_queue *q)
{
	pthread_mutex_lock(&watch_lock);
	if (q->watched)
		TAILQ_REMOVE(&watched, q, watch_next);
	q->watched = false;
	for (unsigned int i = 0; i < nb_reports; i++) {
		if (reports[i].q == q)
			reports[i].q = NULL;
	}
	/* what it is told may be freed behind this; who stops it from a report cannot wait */
	while (reporting == q && !pthread_equal(reporter, pthread_self()))
		pthread_cond_wait(&reported, &watch_lock);
	pthread_mutex_unlock(&watch_lock);
}
