/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_errno.h>

#include "wd_private.h"

static bool
depth_valid(uint16_t depth)
{
	return depth >= 2 && depth <= HISI_QM_MAX_DEPTH && rte_is_power_of_2(depth);
}

int
rte_wd_queue_open(struct wd_dev *dev, const struct wd_queue_conf *conf, struct wd_queue *q)
{
	int rc;

	memset(q, 0, sizeof(*q));
	q->dev = dev;
	rc = dev->transport->queue_open(dev, conf, q);
	if (rc != 0)
		goto fail;
	if (conf->sqe_size != 0 &&
			(!depth_valid(q->sq_depth) || !depth_valid(q->cq_depth) ||
					q->cq_depth < q->sq_depth ||
					q->sqe_size != conf->sqe_size)) {
		WD_LOG(ERR,
				"device %s: unexpected geometry: %u descriptors of %u bytes (wanted %u), %u"
				" completions",
				dev->name, q->sq_depth, q->sqe_size, conf->sqe_size, q->cq_depth);
		dev->transport->queue_close(q);
		rc = -EPROTO;
		goto fail;
	}
	q->sq_mask = (uint16_t)(q->sq_depth - 1);
	q->cq_mask = (uint16_t)(q->cq_depth - 1);
	q->limit = conf->nb_desc == 0 ? 1 : RTE_MIN(conf->nb_desc, q->sq_mask);
	q->dead = q->recv_status;
	q->dead_cb = conf->dead_cb;
	q->dead_arg = conf->dead_arg;
	wd_mem_retry(dev); /* there may be less in the way now */
	return 0;

fail:
	q->dev = NULL; /* nothing to close */
	return rc;
}

int
rte_wd_queue_start(struct wd_queue *q)
{
	int rc;

	if (q->started)
		return q->broken ? -EBUSY : 0; /* to be stopped first */
	q->head = q->in_flight = 0;
	q->broken = q->lied = q->dead_reported = false;
	q->quiesced = 0;
	rc = q->dev->transport->queue_start(q);
	if (rc != 0)
		goto not_started;
	/* behind it, as it may map the rings anew */
	wd_queue_aim(q);
	q->dead = q->recv_status;
	rc = wd_watch_add(q);
	if (rc != 0) {
		q->dev->transport->queue_stop(q);
		goto not_started;
	}
	q->started = true;
	return 0;

not_started: /* and takes nothing */
	q->broken = true;
	q->quiesced = 1;
	q->dead = &q->quiesced;
	return rc;
}

int
rte_wd_queue_stop(struct wd_queue *q)
{
	int rc;

	if (!q->started)
		return 0;
	wd_watch_remove(q);
	q->broken = true;
	rc = q->dev->transport->queue_stop(q);
	if (rc != 0) {
		WD_LOG(ERR, "device %s queue %u: cannot be stopped, %u in flight stay so: %s",
				q->dev->name, q->qn, wd_queue_in_flight(q), rte_strerror(-rc));
		return rc;
	}
	q->quiesced = 1;
	q->dead = &q->quiesced;
	q->started = false;
	return 0;
}

void
rte_wd_queue_close(struct wd_queue *q)
{
	if (q->dev == NULL)
		return;
	rte_wd_queue_stop(q);
	q->dev->transport->queue_close(q);
	q->dev = NULL;
}

void
rte_wd_queue_check(struct wd_queue *q, uint64_t cqe_w1)
{
	const uint16_t sq_head = (uint16_t)(cqe_w1 & HISI_QM_CQE_W1_SQ_HEAD_MASK);

	/* The phase says valid, the index is not the one whose turn it is: beyond the
	 * ring, a descriptor not in flight, or one completed out of order. Nothing
	 * this queue says can be trusted; the watchdog stops the device, after which
	 * everything in flight is reported as failed.
	 */
	q->lying_sq_head = sq_head;
	q->lied = true;
	/* release: pairs with the watchdog's look at it, after which it asks why. watch-lied.litmus */
	__atomic_store_n(&q->broken, true, __ATOMIC_RELEASE);
}
