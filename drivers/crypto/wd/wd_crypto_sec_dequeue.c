/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The SEC data path, second half: results. */

#include <string.h>

#include <rte_cpuflags.h>
#include <rte_vect.h>

#include "wd_crypto.h"

static bool
equal_timingsafe(const uint8_t *a, const uint8_t *b, unsigned int len)
{
	uint8_t diff = 0;

	for (unsigned int i = 0; i < len; i++)
		diff |= a[i] ^ b[i];
	return diff == 0;
}

/* Result word to op status, everything considered. */
static enum rte_crypto_op_status
result_status(const struct wd_crypto_session *s, uint32_t result, uint64_t word)
{
	const uint32_t expect = WD_CRYPTO_SLOT_EXPECT(word);
	const uint32_t icv = result >> HISI_SEC_STATUS_ICV_SHIFT & HISI_SEC_STATUS_ICV_MASK;
	const uint32_t flag = result >> HISI_SEC_STATUS_FLAG_SHIFT & HISI_SEC_STATUS_FLAG_MASK;
	const uint32_t error = result >> HISI_SEC_STATUS_ERROR_TYPE_SHIFT &
			HISI_SEC_STATUS_ERROR_TYPE_MASK;

	if ((result & HISI_SEC_STATUS_DONE) == 0 || error != 0)
		return RTE_CRYPTO_OP_STATUS_ERROR;
	if (icv == HISI_SEC_ICV_MISMATCH)
		return RTE_CRYPTO_OP_STATUS_AUTH_FAILED;
	if (icv > HISI_SEC_ICV_MISMATCH)
		return RTE_CRYPTO_OP_STATUS_ERROR;
	/* what a digest alone reports is inferred only, so not insisted on */
	if (wd_crypto_is_auth(s->class) || (word & WD_CRYPTO_SLOT_NOTHING) != 0)
		return RTE_CRYPTO_OP_STATUS_SUCCESS;
	if (flag != (expect >> HISI_SEC_STATUS_FLAG_SHIFT & HISI_SEC_STATUS_FLAG_MASK))
		return RTE_CRYPTO_OP_STATUS_ERROR;
	return RTE_CRYPTO_OP_STATUS_SUCCESS;
}

/* An op whose result is not the plain good one, or whose digest went through our memory. */
static __rte_noinline enum rte_crypto_op_status
finish_slow(struct wd_crypto_qp *qp, const struct wd_crypto_slot *slot, uint32_t result)
{
	const uint64_t word = slot->word;
	const struct rte_crypto_op *op = slot->op;
	const struct rte_cryptodev_sym_session *sess = op->sym->session;
	const struct wd_crypto_session *s =
			(const struct wd_crypto_session *)sess->driver_priv_data;
	enum rte_crypto_op_status status = result_status(s, result, word);
	uint8_t *mac = qp->scratch[slot - qp->slots].digest;
	uint8_t *digest = wd_crypto_is_aead(s->class) ? op->sym->aead.digest.data :
							op->sym->auth.digest.data;
	/* otherwise the device has compared */
	const bool compare = wd_crypto_is_auth(s->class) || (word & WD_CRYPTO_SLOT_TAG) != 0;
	const bool bounced = (word & WD_CRYPTO_SLOT_SLOW) != 0 &&
			(word & WD_CRYPTO_SLOT_NOTHING) == 0;

	if (status == RTE_CRYPTO_OP_STATUS_SUCCESS && bounced) {
		if (!s->verify)
			memcpy(digest, mac, s->digest_len);
		else if (compare && !equal_timingsafe(digest, mac, s->digest_len))
			status = RTE_CRYPTO_OP_STATUS_AUTH_FAILED;
	}
	if (status != RTE_CRYPTO_OP_STATUS_SUCCESS)
		qp->stats.dequeue_err_count++;
	return status;
}

/* The device is dead and quiet: what it did not complete has failed, in order. */
static __rte_noinline uint16_t
flush(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t nb)
{
	struct wd_queue *q = &qp->q;

	for (uint16_t i = 0; i < nb; i++) {
		const struct wd_crypto_slot *slot =
				&qp->slots[(uint16_t)(q->head + i) & q->sq_mask];

		ops[i] = slot->op;
		ops[i]->status = RTE_CRYPTO_OP_STATUS_ERROR;
		qp->side.head = WD_CRYPTO_SLOT_SIDE_TAIL(slot->word);
	}
	wd_queue_fail(q, nb);
	qp->stats.dequeued_count += nb;
	qp->stats.dequeue_err_count += nb;
	return nb;
}

/* The queue was found dead after nothing was complete: what was completed before
 * the device stopped is still delivered, the rest has failed.
 */
static __rte_noinline uint16_t
dequeue_dead(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t nb_ops)
{
	if (wd_queue_completed_late(&qp->q))
		return 0; /* the next call takes it */
	return flush(qp, ops, RTE_MIN(nb_ops, wd_queue_in_flight(&qp->q)));
}

static __rte_always_inline uint32_t
result_at(const uint8_t *status)
{
	return rte_le_to_cpu_32(*(const volatile uint32_t *)status);
}

/* The op of one completed descriptor. */
static __rte_always_inline struct rte_crypto_op *
take_result(struct wd_crypto_qp *qp, const struct wd_crypto_slot *slot, const uint8_t *status)
{
	struct rte_crypto_op *op = slot->op;

	op->status = RTE_CRYPTO_OP_STATUS_SUCCESS;
	/* read anew for the long way, which believes nothing of what was seen here */
	if (unlikely(((result_at(status) ^ slot->word) & WD_CRYPTO_SLOT_MASK) != 0))
		op->status = finish_slow(qp, slot, result_at(status));
	return op;
}

/* Those of a group, which is good as a rule: one branch for all. */
static __rte_always_inline void
take_group(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, const struct wd_crypto_slot *slot,
		const uint8_t *status)
{
	uint64_t odd = 0;

#pragma GCC unroll 8
	for (unsigned int i = 0; i < WD_QUEUE_GROUP; i++)
		odd |= result_at(status + i * HISI_SEC_SQE_SIZE) ^ slot[i].word;
	if (unlikely((odd & WD_CRYPTO_SLOT_MASK) != 0)) {
		for (unsigned int i = 0; i < WD_QUEUE_GROUP; i++)
			ops[i] = take_result(qp, slot + i, status + i * HISI_SEC_SQE_SIZE);
		return;
	}
#pragma GCC unroll 8
	for (unsigned int i = 0; i < WD_QUEUE_GROUP; i++) {
		ops[i] = slot[i].op;
		ops[i]->status = RTE_CRYPTO_OP_STATUS_SUCCESS;
	}
}

/* Results of nb completed descriptors, 1 or more, that do not wrap around the ring's end. */
static __rte_always_inline void
take_results(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint32_t idx, uint32_t nb)
{
	const uint8_t *status = qp->q.sq + (size_t)idx * HISI_SEC_SQE_SIZE + HISI_SEC_STATUS_OFFSET;
	const struct wd_crypto_slot *slot = &qp->slots[idx], *const end = slot + nb;

	while (end - slot >= WD_QUEUE_GROUP) {
		take_group(qp, ops, slot, status);
		slot += WD_QUEUE_GROUP;
		ops += WD_QUEUE_GROUP;
		status += WD_QUEUE_GROUP * HISI_SEC_SQE_SIZE;
	}
	for (; slot < end; slot++, status += HISI_SEC_SQE_SIZE)
		*ops++ = take_result(qp, slot, status);
	qp->side.head = WD_CRYPTO_SLOT_SIDE_TAIL(slot[-1].word);
}

/*
 * Up to nb_max completed ops, from `from` behind head on, and no further than an end
 * of the rings. *run: how many there are up to there.
 */
static __rte_always_inline uint32_t
dequeue_run(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint32_t from, uint32_t nb_max,
		uint32_t *run)
{
	struct wd_queue *q = &qp->q;
	uint32_t nb;

	*run = wd_queue_run(q, from, nb_max);
	nb = wd_queue_completed(q, from, *run);
	if (likely(nb > 0))
		take_results(qp, ops, (q->head + from) & q->sq_mask, nb);
	return nb;
}

/* What follows from the start of the rings on. */
static __rte_noinline uint32_t
dequeue_wrapped(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint32_t from, uint32_t nb_max)
{
	uint32_t run;

	return dequeue_run(qp, ops, from, nb_max, &run);
}

/* A completion, or what looks like one, or a dead queue; what is asked for may be nothing. */
static __rte_noinline uint16_t
dequeue_some(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t nb_ops)
{
	const uint32_t nb_max = RTE_MIN(nb_ops, wd_queue_in_flight(&qp->q));
	uint32_t run, nb = dequeue_run(qp, ops, 0, nb_max, &run);

	if (unlikely(nb == 0))
		return wd_queue_dead(&qp->q) ? dequeue_dead(qp, ops, nb_ops) : 0;
	if (unlikely(nb == run && nb < nb_max))
		nb += dequeue_wrapped(qp, ops + nb, nb, nb_max - nb);
	wd_queue_release(&qp->q, (uint16_t)nb);
	qp->stats.dequeued_count += nb;
	return (uint16_t)nb;
}

uint16_t
wd_crypto_sec_dequeue(void *queue_pair, struct rte_crypto_op **ops, uint16_t nb_ops)
{
	struct wd_crypto_qp *qp = queue_pair;
	struct wd_queue *q = &qp->q;

	/* dead or not, a queue with nothing in flight has nothing to say */
	if (wd_queue_in_flight(q) == 0 || (wd_queue_waits(q) && likely(!wd_queue_dead(q))))
		return 0;
	return dequeue_some(qp, ops, nb_ops);
}

/* ---- both burst functions ---- */

#ifdef WD_CRYPTO_WIDE_FLAG
/* The one place that asks what the CPU can do. */
static bool
has_wide_vectors(void)
{
	return rte_cpu_get_flag_enabled(WD_CRYPTO_WIDE_FLAG) > 0 &&
			rte_vect_get_max_simd_bitwidth() >= RTE_VECT_SIMD_256;
}
#endif

void
wd_crypto_sec_set_burst(struct rte_cryptodev *dev)
{
	const struct wd_crypto_dev *priv = dev->data->dev_private;

	dev->enqueue_burst = wd_crypto_sec_enqueue(priv->version, priv->va);
#ifdef WD_CRYPTO_WIDE_FLAG
	if (has_wide_vectors())
		dev->enqueue_burst = wd_crypto_sec_enqueue_wide(priv->version, priv->va);
#endif
	dev->dequeue_burst = wd_crypto_sec_dequeue;
}
