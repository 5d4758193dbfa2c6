/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The ZIP data path: enqueue and dequeue. */

#include <errno.h>
#include <string.h>

#include "wd_comp.h"

/* Addresses of an op's data. */
struct zip_map {
	uint64_t src, dst;
	uint32_t input, room; /* bytes, with what the device adds to or wants of them */
	bool sgl; /* both, as the descriptor has one type for the two */
};

/* Bytes of a packet from off on. */
static __rte_always_inline uint32_t
packet_room(const struct rte_mbuf *m, uint32_t off)
{
	return m->pkt_len > off ? m->pkt_len - off : 0;
}

/* A list of [off, off + len) of a packet, and `spare` bytes of ours behind it. */
static int
list_build(bool sva, struct wd_side *side, const struct rte_mbuf *m, uint32_t off, uint32_t len,
		uint32_t spare, uint64_t *addr)
{
	struct wd_sgl w = { .side = side };
	void *ours = NULL;
	int rc;

	w.left = wd_sgl_segments(m, off, len) + (spare > 0);
	if (spare > 0) {
		ours = wd_side_take(side, spare);
		if (ours == NULL)
			return -ENOSPC;
		memset(ours, 0, spare);
	}
	rc = wd_sgl_add_packet(&w, sva, m, off, len);
	if (rc != 0)
		return rc;
	if (spare > 0 && !wd_sgl_add(&w, wd_side_addr(side, ours), spare))
		return -ENOSPC;
	*addr = wd_sgl_close(&w);
	return *addr == 0 ? -EINVAL : 0;
}

static __rte_noinline int
map_lists(bool sva, struct wd_side *side, const struct wd_comp_xform *x,
		const struct rte_comp_op *op, struct zip_map *map)
{
	const uint32_t behind_input = x->dir == WD_COMP_DECOMPRESS ? x->trailer : 0;
	const uint32_t behind_output = x->trailer - behind_input;
	int rc = list_build(sva, side, op->m_src, op->src.offset, op->src.length, behind_input,
			&map->src);

	if (rc == 0)
		rc = list_build(sva, side, op->m_dst, op->dst.offset, map->room, behind_output,
				&map->dst);
	map->input += behind_input;
	map->room += behind_output;
	map->sgl = true;
	return rc;
}

static __rte_always_inline int
map_op(const bool sva, struct wd_side *side, const struct wd_comp_xform *x,
		const struct rte_comp_op *op, struct zip_map *map)
{
	const struct rte_mbuf *src = op->m_src, *dst = op->m_dst;

	map->input = op->src.length;
	map->room = RTE_MIN(packet_room(dst, op->dst.offset),
			HISI_ZIP_MAX_OUTPUT - WD_COMP_TRAILER_MAX);
	if (unlikely(map->room == 0 || op->src.length > HISI_ZIP_MAX_INPUT - WD_COMP_TRAILER_MAX))
		return -EINVAL;
	if (unlikely(src->nb_segs != 1 || dst->nb_segs != 1 || x->trailer != 0))
		return map_lists(sva, side, x, op, map);
	if (unlikely(!wd_mbuf_in_data(src, op->src.offset, op->src.length)))
		return -EINVAL;
	map->src = wd_mbuf_addr(sva, src, op->src.offset);
	map->dst = wd_mbuf_addr(sva, dst, op->dst.offset);
	map->sgl = false;
	return 0;
}

/* 0; -ENOSPC: try again after a dequeue; -EINVAL. */
static __rte_always_inline int
build(const bool sva, struct wd_comp_queue *cq, const struct wd_comp_xform *x, uint32_t idx,
		struct rte_comp_op *op)
{
	struct hisi_zip_sqe *sqe =
			(struct hisi_zip_sqe *)(cq->q.sq + (size_t)idx * HISI_ZIP_SQE_SIZE);
	struct zip_map map;
	int rc;

	/* a stateless op is a whole stream: the xform says nothing else */
	if (unlikely(op->m_src == NULL || op->m_dst == NULL ||
			    (op->flush_flag != RTE_COMP_FLUSH_FINAL &&
					    op->flush_flag != RTE_COMP_FLUSH_FULL)))
		return -EINVAL;
	rc = map_op(sva, &cq->side, x, op, &map);
	if (unlikely(rc != 0))
		return rc;
	memcpy(sqe, x->sqe, sizeof(*sqe));
	sqe->input_data_length = rte_cpu_to_le_32(map.input);
	sqe->dest_avail_out = rte_cpu_to_le_32(map.room);
	sqe->source_addr = rte_cpu_to_le_64(map.src);
	sqe->dest_addr = rte_cpu_to_le_64(map.dst);
	cq->slots[idx].room = map.room;
	cq->slots[idx].xform = x;
	if (unlikely(map.sgl))
		sqe->dw9 |= rte_cpu_to_le_32(HISI_ZIP_BUF_SGL << HISI_ZIP_9_BUF_TYPE_SHIFT);
	return 0;
}

static __rte_always_inline const struct wd_comp_xform *
xform_of(const struct rte_comp_op *op)
{
	const struct wd_comp_xform *x = op->private_xform;

	return op->op_type == RTE_COMP_OP_STATELESS && x != NULL && x->magic == WD_COMP_MAGIC ?
			x :
			NULL;
}

/*
 * Ops of one direction from ops[0] on. Returns how many were enqueued; *stop: the
 * queue is full or dead, or the next op is bad, so that no more may follow.
 */
static __rte_always_inline uint32_t
enqueue_dir(const bool sva, struct wd_comp_qp *qp, enum wd_comp_dir dir, struct rte_comp_op **ops,
		uint32_t nb_ops, bool *stop)
{
	struct wd_comp_queue *cq = &qp->queues[dir];
	struct wd_queue *q = &cq->q;
	const bool idle = wd_queue_in_flight(q) == 0;
	const uint32_t room = wd_queue_room(q);
	const uint32_t nb = RTE_MIN(nb_ops, room);
	uint32_t side_start, i;

	if (idle)
		cq->side.head = cq->side.tail = 0;
	side_start = cq->side.tail;
	for (i = 0; i < nb; i++) {
		const uint32_t idx = (q->tail + i) & q->sq_mask;
		const struct wd_comp_xform *x = xform_of(ops[i]);
		const uint32_t side_tail = cq->side.tail;
		int rc;

		if (x != NULL && x->dir != dir)
			break; /* the other queue's turn */
		rc = x == NULL ? -EINVAL : build(sva, cq, x, idx, ops[i]);
		if (unlikely(rc != 0)) {
			cq->side.tail = side_tail;
			/* a full side ring is a full queue, unless this op has all of it */
			if (rc == -EINVAL || (idle && i == 0)) {
				ops[i]->status = RTE_COMP_OP_STATUS_INVALID_ARGS;
				qp->stats.enqueue_err_count++;
			}
			*stop = true;
			break;
		}
		cq->slots[idx].op = ops[i];
		cq->slots[idx].side_tail = cq->side.tail;
	}
	if (i == nb && nb < nb_ops)
		*stop = true;
	if (i > 0 && wd_queue_submit(q, (uint16_t)i) == 0) {
		cq->side.tail = side_start; /* dead: the ops stay the caller's */
		*stop = true;
		return 0;
	}
	return i;
}

static __rte_always_inline uint16_t
enqueue(const bool sva, struct wd_comp_qp *qp, struct rte_comp_op **ops, uint16_t nb_ops)
{
	uint32_t done = 0;
	bool stop = false;

	/* runs of one direction, a doorbell each; most bursts are one run */
	while (done < nb_ops && !stop) {
		const struct wd_comp_xform *x = xform_of(ops[done]);

		done += enqueue_dir(sva, qp, x == NULL ? WD_COMP_COMPRESS : x->dir, ops + done,
				nb_ops - done, &stop);
	}
	qp->stats.enqueued_count += done;
	return (uint16_t)done;
}

static enum rte_comp_op_status
status_of(const struct wd_comp_xform *x, uint32_t code)
{
	switch (code) {
	case HISI_ZIP_STATUS_DONE:
	case HISI_ZIP_STATUS_EXPANDED:
	case HISI_ZIP_STATUS_STREAM_END:
		return RTE_COMP_OP_STATUS_SUCCESS;
	case HISI_ZIP_STATUS_CHECKSUM:
		/* of a trailer that we made up: it cannot be right */
		return x->trailer > 0 ? RTE_COMP_OP_STATUS_SUCCESS : RTE_COMP_OP_STATUS_ERROR;
	case HISI_ZIP_STATUS_NO_ROOM:
		return RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED;
	default:
		return RTE_COMP_OP_STATUS_ERROR;
	}
}

static uint32_t
reverse_bits(uint32_t v)
{
	v = (v & 0x55555555) << 1 | (v >> 1 & 0x55555555);
	v = (v & 0x33333333) << 2 | (v >> 2 & 0x33333333);
	v = (v & 0x0f0f0f0f) << 4 | (v >> 4 & 0x0f0f0f0f);
	return __builtin_bswap32(v);
}

static uint64_t
checksum_of(const struct wd_comp_xform *x, uint32_t word)
{
	return x->chksum == RTE_COMP_CHECKSUM_CRC32 ? reverse_bits(~word) : word;
}

/* The device says how much; believe no more than was asked for. */
static __rte_always_inline void
take_result(struct wd_comp_qp *qp, const struct wd_comp_slot *slot, const struct hisi_zip_sqe *sqe)
{
	const struct wd_comp_xform *x = slot->xform;
	struct rte_comp_op *op = slot->op;
	uint32_t produced = rte_le_to_cpu_32(sqe->produced);
	uint32_t consumed = rte_le_to_cpu_32(sqe->consumed);

	op->debug_status = (uint64_t)rte_le_to_cpu_32(sqe->status);
	op->status = status_of(x,
			(uint32_t)op->debug_status >> HISI_ZIP_3_STATUS_SHIFT &
					HISI_ZIP_3_STATUS_MASK);
	if (unlikely(x->trailer > 0)) {
		uint32_t *counted = x->dir == WD_COMP_COMPRESS ? &produced : &consumed;

		op->output_chksum = checksum_of(x, rte_le_to_cpu_32(sqe->checksum));
		if (*counted < x->trailer && op->status == RTE_COMP_OP_STATUS_SUCCESS)
			op->status = RTE_COMP_OP_STATUS_ERROR;
		*counted -= RTE_MIN(*counted, x->trailer);
	}
	if (unlikely(op->status == RTE_COMP_OP_STATUS_SUCCESS &&
			    (produced > slot->room || consumed > op->src.length)))
		op->status = RTE_COMP_OP_STATUS_ERROR;
	if (unlikely(op->status != RTE_COMP_OP_STATUS_SUCCESS)) {
		produced = consumed = 0;
		qp->stats.dequeue_err_count++;
	}
	op->produced = produced;
	op->consumed = consumed;
}

/* The device is dead and quiet: what it did not complete has failed, in order. */
static __rte_noinline uint32_t
flush(struct wd_comp_qp *qp, struct wd_comp_queue *cq, struct rte_comp_op **ops, uint32_t nb)
{
	struct wd_queue *q = &cq->q;

	rte_io_rmb(); /* the word that says dead, before the completion */
	if (!q->lied && wd_queue_completed(q, 0, 1) != 0)
		return 0; /* the next call takes it */
	for (uint32_t i = 0; i < nb; i++) {
		const struct wd_comp_slot *slot = &cq->slots[(q->head + i) & q->sq_mask];

		ops[i] = slot->op;
		ops[i]->status = RTE_COMP_OP_STATUS_ERROR;
		ops[i]->produced = ops[i]->consumed = 0;
		cq->side.head = slot->side_tail;
	}
	q->head = (uint16_t)(q->head + nb);
	qp->stats.dequeue_err_count += nb;
	return nb;
}

static __rte_always_inline uint32_t
dequeue_dir(struct wd_comp_qp *qp, struct wd_comp_queue *cq, struct rte_comp_op **ops,
		uint32_t nb_ops)
{
	struct wd_queue *q = &cq->q;
	const uint32_t in_flight = wd_queue_in_flight(q);
	const uint32_t nb_max = RTE_MIN(nb_ops, in_flight);
	uint32_t nb = 0, run, done;

	if (nb_max == 0)
		return 0;
	/* twice at most: up to the end of the ring, and from its start */
	do {
		run = wd_queue_run(q, nb, nb_max - nb);
		done = wd_queue_completed(q, nb, run);
		for (uint32_t i = 0; i < done; i++, nb++) {
			const uint32_t idx = (q->head + nb) & q->sq_mask;

			ops[nb] = cq->slots[idx].op;
			take_result(qp, &cq->slots[idx],
					(const struct hisi_zip_sqe *)(q->sq +
							(size_t)idx * HISI_ZIP_SQE_SIZE));
			cq->side.head = cq->slots[idx].side_tail;
		}
	} while (done == run && nb < nb_max);
	if (unlikely(nb == 0))
		return wd_queue_dead(q) ? flush(qp, cq, ops, nb_max) : 0;
	wd_queue_release(q, (uint16_t)nb);
	return nb;
}

static uint16_t
wd_comp_zip_dequeue(void *queue_pair, struct rte_comp_op **ops, uint16_t nb_ops)
{
	struct wd_comp_qp *qp = queue_pair;
	uint32_t nb = 0;

	for (unsigned int dir = 0; dir < WD_COMP_NB_DIRS; dir++)
		nb += dequeue_dir(qp, &qp->queues[dir], ops + nb, nb_ops - nb);
	qp->stats.dequeued_count += nb;
	return (uint16_t)nb;
}

static uint16_t
wd_comp_zip_enqueue_iova(void *qp, struct rte_comp_op **ops, uint16_t nb_ops)
{
	return enqueue(false, qp, ops, nb_ops);
}

static uint16_t
wd_comp_zip_enqueue_va(void *qp, struct rte_comp_op **ops, uint16_t nb_ops)
{
	return enqueue(true, qp, ops, nb_ops);
}

void
wd_comp_zip_set_burst(struct rte_compressdev *dev)
{
	const struct wd_comp_dev *priv = dev->data->dev_private;

	dev->enqueue_burst = priv->sva ? wd_comp_zip_enqueue_va : wd_comp_zip_enqueue_iova;
	dev->dequeue_burst = wd_comp_zip_dequeue;
}
