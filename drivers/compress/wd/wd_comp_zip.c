/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The ZIP data path: enqueue and dequeue. */

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "wd_comp.h"

/* Addresses of an op's data. */
struct zip_map {
	uint64_t src, dst;
	uint32_t input, room; /* bytes */
	uint32_t spare_in, spare_out; /* bytes of ours behind them, for trailers */
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
list_build(bool va, struct wd_side *side, const struct rte_mbuf *m, uint32_t off, uint32_t len,
		uint32_t spare, uint64_t *addr)
{
	struct wd_sgl w = { .side = side };
	void *ours = NULL;
	int rc;

	/* a list has an entry at least: of no input one that the device is not told to read */
	if (len + spare == 0)
		spare = 1;
	w.left = wd_sgl_segments(m, off, len) + (spare > 0);
	if (spare > 0) {
		ours = wd_side_take(side, spare);
		if (ours == NULL)
			return -ENOSPC;
		memset(ours, 0, spare);
	}
	rc = wd_sgl_add_packet(&w, va, m, off, len);
	if (rc != 0)
		return rc;
	if (spare > 0 && !wd_sgl_add(&w, wd_side_addr(side, ours), spare))
		return -ENOSPC;
	*addr = wd_sgl_close(&w);
	return *addr == 0 ? -EINVAL : 0;
}

static __rte_noinline int
map_lists(bool va, struct wd_side *side, const struct rte_comp_op *op, struct zip_map *map)
{
	int rc = list_build(
			va, side, op->m_src, op->src.offset, map->input, map->spare_in, &map->src);

	if (rc == 0)
		rc = list_build(va, side, op->m_dst, op->dst.offset, map->room, map->spare_out,
				&map->dst);
	map->input += map->spare_in;
	map->room += map->spare_out;
	map->sgl = true;
	return rc;
}

/* Addresses for map->input bytes of source and map->room of destination. */
static __rte_always_inline int
map_op(const bool va, struct wd_side *side, const struct rte_comp_op *op, struct zip_map *map)
{
	const struct rte_mbuf *src = op->m_src, *dst = op->m_dst;

	if (unlikely(src->nb_segs != 1 || dst->nb_segs != 1 ||
			    (map->spare_in | map->spare_out) != 0))
		return map_lists(va, side, op, map);
	if (unlikely(!wd_mbuf_in_data(src, op->src.offset, map->input)))
		return -EINVAL;
	map->src = wd_mbuf_addr(va, src, op->src.offset);
	map->dst = wd_mbuf_addr(va, dst, op->dst.offset);
	map->sgl = false;
	return 0;
}

/* ---- descriptors ---- */

/* Both are NULL where it is not this queue pair's: kind is wd_comp_qp's. */
static __rte_always_inline struct wd_comp_stream *
stream_of(uint32_t kind, const struct rte_comp_op *op)
{
	struct wd_comp_stream *s = op->stream;

	return op->op_type == RTE_COMP_OP_STATEFUL && s != NULL &&
					s->kind == (kind | WD_COMP_KIND_STREAM) ?
			s :
			NULL;
}

static __rte_always_inline const struct wd_comp_xform *
xform_of(uint32_t kind, const struct rte_comp_op *op)
{
	const struct wd_comp_xform *x = op->private_xform;

	if (likely(op->op_type == RTE_COMP_OP_STATELESS))
		return x != NULL && x->kind == kind ? x : NULL;
	return stream_of(kind, op) == NULL ? NULL : &stream_of(kind, op)->xform;
}

static __rte_always_inline struct hisi_zip_sqe *
sqe_at(const struct wd_comp_queue *cq, uint32_t idx)
{
	return (struct hisi_zip_sqe *)(cq->q.sq + (size_t)idx * HISI_ZIP_SQE_SIZE);
}

/* What an op of either kind must be. The limits are the device's, to which trailers count. */
static __rte_always_inline bool
lengths_of(const struct rte_comp_op *op, struct zip_map *map)
{
	if (unlikely(op->m_src == NULL || op->m_dst == NULL))
		return false;
	map->input = op->src.length;
	map->room = RTE_MIN(packet_room(op->m_dst, op->dst.offset),
			HISI_ZIP_MAX_OUTPUT - map->spare_out);
	return map->room > 0 && map->input <= HISI_ZIP_MAX_INPUT - map->spare_in;
}

static __rte_always_inline void
sqe_fill(struct wd_comp_queue *cq, const struct wd_comp_xform *x, uint32_t idx,
		const struct zip_map *map)
{
	struct hisi_zip_sqe *sqe = sqe_at(cq, idx);

	memcpy(sqe, x->sqe, sizeof(*sqe));
	sqe->input_data_length = rte_cpu_to_le_32(map->input);
	sqe->dest_avail_out = rte_cpu_to_le_32(map->room);
	sqe->source_addr = rte_cpu_to_le_64(map->src);
	sqe->dest_addr = rte_cpu_to_le_64(map->dst);
	if (unlikely(map->sgl))
		sqe->dw9 |= rte_cpu_to_le_32(HISI_ZIP_BUF_SGL << HISI_ZIP_9_BUF_TYPE_SHIFT);
	cq->slots[idx].room = map->room - map->spare_out;
	cq->slots[idx].kind = WD_COMP_OTHER;
}

/* 0; -ENOSPC: try again after a dequeue; -EINVAL. */
static __rte_always_inline int
build(const bool va, struct wd_comp_queue *cq, struct wd_side *side, const struct wd_comp_xform *x,
		uint32_t idx, struct rte_comp_op *op)
{
	struct zip_map map = { 0 };
	int rc;

	if (x->dir == WD_COMP_DECOMPRESS)
		map.spare_in = x->trailer;
	else
		map.spare_out = x->trailer;
	/* a stateless op is a whole stream: no other flush makes sense, and inflating has none */
	if (unlikely(!lengths_of(op, &map) ||
			    (x->dir == WD_COMP_COMPRESS && op->flush_flag != RTE_COMP_FLUSH_FINAL &&
					    op->flush_flag != RTE_COMP_FLUSH_FULL)))
		return -EINVAL;
	rc = map_op(va, side, op, &map);
	if (unlikely(rc != 0))
		return rc;
	sqe_fill(cq, x, idx, &map);
	return 0;
}

/*
 * What fits: compression wants room for 9/8 of its input, or gets less input and
 * does not finish. Whether this op finishes the stream.
 */
static bool
cut_input(const struct rte_comp_op *op, struct zip_map *map)
{
	bool finish = op->flush_flag == RTE_COMP_FLUSH_FINAL;

	if (map->room < map->input + map->input / 8 + 1) {
		const uint32_t fits = (map->room / 9 * 8) & ~3U;

		finish &= fits >= map->input;
		map->input = RTE_MIN(map->input, fits);
	}
	return finish;
}

/*
 * The end of a stream that has no data left. No driver sends the hardware an empty
 * last descriptor; the stream is byte aligned and outside a block, so an empty
 * stored block ends it, which dequeue writes. To keep its turn, the op is a
 * descriptor that compresses one byte of ours into memory of ours.
 */
#define END_ROOM 64

static int
build_end(struct wd_comp_queue *cq, struct wd_side *side, struct wd_comp_stream *s, uint32_t idx)
{
	struct zip_map map = { .input = 1, .room = END_ROOM };
	uint8_t *ours = wd_side_take(side, END_ROOM + 1);

	if (ours == NULL)
		return -ENOSPC;
	ours[END_ROOM] = 0;
	map.src = wd_side_addr(side, ours + END_ROOM);
	map.dst = wd_side_addr(side, ours);
	sqe_fill(cq, &s->xform, idx, &map);
	s->end_only = true;
	s->busy = side;
	return 0;
}

/* The same for an op of a stream; -EBUSY: its last one is still in flight. */
static __rte_noinline int
build_stream(bool va, struct wd_comp_queue *cq, struct wd_side *side, struct wd_comp_stream *s,
		uint32_t idx, struct rte_comp_op *op)
{
	struct zip_map map = { 0 };
	struct hisi_zip_sqe *sqe;
	bool finish = true;
	int rc;

	if (s->busy != NULL)
		return -EBUSY;
	if (s->xform.dir == WD_COMP_COMPRESS)
		map.spare_out = s->xform.trailer; /* unless it turns out not to be the last op */
	if (!lengths_of(op, &map) || map.room <= HISI_ZIP_STATEFUL_MIN_OUTPUT ||
			op->flush_flag == RTE_COMP_FLUSH_FULL)
		return -EINVAL;
	if (s->xform.dir == WD_COMP_COMPRESS) {
		if (map.input == 0 && op->flush_flag == RTE_COMP_FLUSH_FINAL)
			return build_end(cq, side, s, idx);
		finish = cut_input(op, &map);
		if (map.input == 0)
			return -EINVAL; /* nothing to flush, or no room for any of it */
		map.spare_out = finish ? s->xform.trailer : 0;
	}
	rc = map_op(va, side, op, &map);
	if (rc != 0)
		return rc;
	sqe_fill(cq, &s->xform, idx, &map);
	sqe = sqe_at(cq, idx);
	sqe->dw7 &= rte_cpu_to_le_32(HISI_ZIP_7_TYPE_MASK << HISI_ZIP_7_TYPE_SHIFT);
	sqe->dw7 |= rte_cpu_to_le_32(HISI_ZIP_STATEFUL << HISI_ZIP_7_STREAM_MODE_SHIFT |
			(s->first ? 1U : 0U) << HISI_ZIP_7_STREAM_NEW_SHIFT |
			(finish ? HISI_ZIP_FLUSH_FINISH : HISI_ZIP_FLUSH_SYNC)
					<< HISI_ZIP_7_FLUSH_SHIFT);
	sqe->stream_ctx_addr = rte_cpu_to_le_64(s->ctx_addr);
	sqe->ctx_dw0 = rte_cpu_to_le_32(s->ctx_dw[0]);
	sqe->ctx_dw1 = rte_cpu_to_le_32(s->ctx_dw[1]);
	sqe->ctx_dw2 = rte_cpu_to_le_32(s->ctx_dw[2]);
	sqe->isize = rte_cpu_to_le_32(s->isize);
	sqe->checksum = rte_cpu_to_le_32(s->checksum);
	s->input = map.input - map.spare_in;
	s->end_only = false;
	s->finish = finish;
	s->busy = side;
	return 0;
}

/* ---- enqueue ---- */

static __rte_always_inline int
build_any(const bool va, struct wd_comp_queue *cq, struct wd_side *side,
		const struct wd_comp_xform *x, uint32_t idx, struct rte_comp_op *op)
{
	const uint32_t side_tail = side->tail;
	int rc;

	if (unlikely(x == NULL))
		return -EINVAL;
	if (likely(op->op_type == RTE_COMP_OP_STATELESS))
		rc = build(va, cq, side, x, idx, op);
	else
		rc = build_stream(va, cq, side, op->stream, idx, op);
	if (unlikely(rc != 0)) {
		side->tail = side_tail;
		return rc;
	}
	cq->slots[idx].op = op;
	if (side->tail != side_tail)
		cq->slots[idx].kind += 1 + side_tail / WD_SIDE_UNIT;
	return 0;
}

/* How much of the side ring the first of a queue's next nb ops has, with all that came behind. */
static uint32_t
side_used(const struct wd_comp_qp *qp, const struct wd_comp_queue *cq, uint32_t nb)
{
	const struct wd_side *side = &qp->side;

	for (uint32_t i = 0; i < nb; i++) {
		const struct wd_comp_slot *slot = &cq->slots[(cq->q.head + i) & cq->q.sq_mask];
		const uint32_t from = WD_COMP_SIDE_FROM(slot->kind);
		const uint32_t at = (from - 1) * WD_SIDE_UNIT;

		if (from != 0)
			return side->tail - at + (at < side->tail ? 0 : side->size);
	}
	return 0;
}

/*
 * The side ring has no room: what ops have that are back is free. `built`: ops of that
 * direction that were built and are not submitted. Whether there may be room now.
 */
static __rte_noinline bool
side_reclaim(struct wd_comp_qp *qp, enum wd_comp_dir dir, uint32_t built)
{
	struct wd_side *side = &qp->side;
	const uint32_t head = side->head, tail = side->tail;
	uint32_t used = 0;

	for (unsigned int i = 0; i < WD_COMP_NB_DIRS; i++) {
		const struct wd_comp_queue *cq = &qp->queues[i];
		const uint32_t nb = wd_queue_in_flight(&cq->q) + (i == dir ? built : 0);

		used = RTE_MAX(used, side_used(qp, cq, nb));
	}
	if (used == 0)
		side->tail = 0; /* all of it in one piece */
	side->head = side->tail - used + (used <= side->tail ? 0 : side->size);
	return side->head != head || side->tail != tail;
}

/* The device is dead: the ops stay the caller's. */
static __rte_noinline void
give_up(struct rte_comp_op **ops, uint32_t nb)
{
	for (uint32_t i = 0; i < nb; i++) {
		if (ops[i]->op_type == RTE_COMP_OP_STATEFUL)
			((struct wd_comp_stream *)ops[i]->stream)->busy = NULL;
	}
}

/* In struct wd_comp_lists: its second list, and the first entry of each, behind the list's head. */
#define OTHER_AT offsetof(struct wd_comp_lists, other_list)
#define ENTRY_AT offsetof(struct wd_comp_lists, trailed)
static_assert(offsetof(struct wd_comp_lists, other) == OTHER_AT + ENTRY_AT, "both alike");

/* The words of a descriptor, two at a time. */
typedef uint64_t zip_pair __attribute__((vector_size(16), may_alias));

/*
 * Ops that have this private xform and a segment on each side: the usual burst. No more
 * than fit in front of the ring's end. With a trailer they are listed. Returns how many
 * were built; the rest goes the long way.
 */
static __rte_always_inline uint32_t
build_usual(const bool va, const bool listed, const enum wd_comp_dir dir, struct wd_comp_queue *cq,
		const struct wd_comp_xform *x, struct rte_comp_op **ops, uint32_t nb, uint32_t idx)
{
	const zip_pair *t = (const zip_pair *)x->sqe;
	const zip_pair lists = {
		rte_cpu_to_le_64((uint64_t)HISI_ZIP_BUF_SGL << (32 + HISI_ZIP_9_BUF_TYPE_SHIFT)), 0
	};
	const zip_pair t0 = t[0], t1 = t[1], t2 = listed ? (zip_pair)(t[2] | lists) : t[2],
		       t3 = t[3], t4 = t[4], t5 = t[5], t6 = t[6], t7 = t[7];
	struct wd_comp_slot *slot = &cq->slots[idx];
	struct hisi_zip_sqe *sqe = sqe_at(cq, idx);
	struct rte_comp_op **const end = ops + nb, **next;
	/* when listed: where what belongs to the source and to the destination is */
	const bool deflate = dir == WD_COMP_COMPRESS;
	const uint32_t trailer = x->trailer;
	const uint32_t spare_in = deflate ? 0 : trailer, spare_out = deflate ? trailer : 0;
	const size_t src_at = deflate ? OTHER_AT : 0, dst_at = deflate ? 0 : OTHER_AT;
	uint8_t *own = (uint8_t *)&cq->lists[idx & cq->lists_mask];
	uint64_t own_addr = (uintptr_t)own + cq->lists_delta; /* for the device */

	for (next = ops; next < end; next++, slot++, sqe++) {
		struct rte_comp_op *op = *next;
		const struct rte_mbuf *src = op->m_src, *dst = op->m_dst;
		zip_pair *to = (zip_pair *)sqe;
		/* read before the stores, which for the compiler may change them */
		uint64_t from, to_addr, room;
		uint32_t len;

		/* what lies within the data of the first segment needs no more of them */
		if (unlikely(op->op_type != RTE_COMP_OP_STATELESS || op->private_xform != x ||
				    op->flush_flag != RTE_COMP_FLUSH_FINAL || src == NULL ||
				    dst == NULL || dst->nb_segs != 1 ||
				    !wd_mbuf_in_data(src, op->src.offset, op->src.length) ||
				    dst->data_len <= op->dst.offset))
			break;
		len = op->src.length;
		if (listed && unlikely(len == 0))
			break; /* an entry has a byte at least */
		room = dst->data_len - op->dst.offset;
		from = wd_mbuf_addr(va, src, op->src.offset);
		to_addr = wd_mbuf_addr(va, dst, op->dst.offset);
		slot->op = op;
		if (listed) {
			slot->kind = WD_COMP_LISTED;
			slot->room = (uint32_t)room;
			wd_sgl_entry((struct hisi_sge *)(own + src_at + ENTRY_AT), from, len);
			wd_sgl_entry((struct hisi_sge *)(own + dst_at + ENTRY_AT), to_addr,
					(uint32_t)room);
			from = own_addr + src_at;
			to_addr = own_addr + dst_at;
			len += spare_in;
			room += spare_out;
			own += sizeof(struct wd_comp_lists);
			own_addr += sizeof(struct wd_comp_lists);
		} else {
			slot->plain_room = (int64_t)room;
		}
		to[0] = t0;
		to[1] = t1;
		to[2] = t2;
		to[3] = t3;
		to[4] = t4;
		to[5] = t5;
		to[6] = t6;
		to[7] = t7;
		sqe->input_data_length = rte_cpu_to_le_32(len);
		sqe->dest_avail_out = rte_cpu_to_le_32((uint32_t)room);
		sqe->source_addr = rte_cpu_to_le_64(from);
		sqe->dest_addr = rte_cpu_to_le_64(to_addr);
	}
	return (uint32_t)(next - ops);
}

static __rte_noinline uint32_t
build_run(const bool va, struct wd_comp_queue *cq, const struct wd_comp_xform *x,
		struct rte_comp_op **ops, uint32_t nb, uint32_t idx)
{
	return build_usual(va, false, WD_COMP_COMPRESS, cq, x, ops, nb, idx);
}

/* How many of nb ops have lists in a row. Of a private xform of another device there may be none. */
static __rte_always_inline uint32_t
lists_left(const struct wd_comp_queue *cq, uint32_t nb, uint32_t idx)
{
	if (unlikely(cq->lists == NULL))
		return 0;
	return RTE_MIN(nb, cq->lists_mask + 1U - (idx & cq->lists_mask));
}

/* One for each kind: the compiler would not make them by itself. */
#define BUILD_LISTED(name, va, dir)                                                                \
	static __rte_noinline uint32_t name(struct wd_comp_queue *cq,                              \
			const struct wd_comp_xform *x, struct rte_comp_op **ops, uint32_t nb,      \
			uint32_t idx)                                                              \
	{                                                                                          \
		return build_usual(va, true, dir, cq, x, ops, lists_left(cq, nb, idx), idx);       \
	}

BUILD_LISTED(build_listed_deflate_iova, false, WD_COMP_COMPRESS)
BUILD_LISTED(build_listed_deflate_va, true, WD_COMP_COMPRESS)
BUILD_LISTED(build_listed_inflate_iova, false, WD_COMP_DECOMPRESS)
BUILD_LISTED(build_listed_inflate_va, true, WD_COMP_DECOMPRESS)

static __rte_always_inline uint32_t
build_listed(const bool va, enum wd_comp_dir dir, struct wd_comp_queue *cq,
		const struct wd_comp_xform *x, struct rte_comp_op **ops, uint32_t nb, uint32_t idx)
{
	if (dir == WD_COMP_COMPRESS)
		return va ? build_listed_deflate_va(cq, x, ops, nb, idx) :
			    build_listed_deflate_iova(cq, x, ops, nb, idx);
	return va ? build_listed_inflate_va(cq, x, ops, nb, idx) :
		    build_listed_inflate_iova(cq, x, ops, nb, idx);
}

/*
 * Ops of one direction from ops[0] on. Returns how many were enqueued; *stop: the
 * queue is full or dead, or the next op is bad, so that no more may follow.
 */
static __rte_always_inline uint32_t
enqueue_dir(const bool va, struct wd_comp_qp *qp, enum wd_comp_dir dir, struct rte_comp_op **ops,
		uint32_t nb_ops, bool *stop)
{
	struct wd_comp_queue *cq = &qp->queues[dir];
	struct wd_queue *q = &cq->q;
	const uint32_t nb = RTE_MIN(nb_ops, (uint32_t)wd_queue_room(q));
	uint32_t i;

	for (i = 0; i < nb;) {
		const uint32_t idx = (wd_queue_tail(q) + i) & q->sq_mask;
		const struct wd_comp_xform *x = xform_of(qp->kind, ops[i]);
		int rc;

		if (x != NULL && x->dir != dir)
			break; /* the other queue's turn */
		if (likely(x != NULL)) {
			const uint32_t most = RTE_MIN(nb - i, q->sq_mask + 1U - idx);
			const uint32_t n = likely(x->trailer == 0) ?
					build_run(va, cq, x, ops + i, most, idx) :
					build_listed(va, dir, cq, x, ops + i, most, idx);

			i += n;
			if (likely(n > 0))
				continue;
		}
		rc = build_any(va, cq, &qp->side, x, idx, ops[i]);
		if (unlikely(rc == -ENOSPC) && side_reclaim(qp, dir, i))
			rc = build_any(va, cq, &qp->side, x, idx, ops[i]);
		if (unlikely(rc != 0)) {
			/* a full side ring is a full queue, unless this op has all of it */
			if (rc == -EINVAL || (rc == -ENOSPC && qp->side.tail == qp->side.head)) {
				ops[i]->status = RTE_COMP_OP_STATUS_INVALID_ARGS;
				qp->stats.enqueue_err_count++;
			}
			*stop = true;
			break;
		}
		i++;
	}
	if (i == nb && nb < nb_ops)
		*stop = true;
	if (i > 0 && wd_queue_submit(q, (uint16_t)i) == 0) {
		give_up(ops, i);
		*stop = true;
		return 0;
	}
	return i;
}

static __rte_always_inline uint16_t
enqueue(const bool va, struct wd_comp_qp *qp, struct rte_comp_op **ops, uint16_t nb_ops)
{
	uint32_t done = 0;
	bool stop = false;

	/* runs of one direction, a doorbell each; most bursts are one run */
	while (done < nb_ops && !stop) {
		const struct wd_comp_xform *x = xform_of(qp->kind, ops[done]);

		done += enqueue_dir(va, qp, x == NULL ? WD_COMP_COMPRESS : x->dir, ops + done,
				nb_ops - done, &stop);
	}
	qp->stats.enqueued_count += done;
	return (uint16_t)done;
}

/* ---- dequeue ---- */

static enum rte_comp_op_status
status_of(const struct wd_comp_xform *x, const struct wd_comp_stream *stream, uint32_t code)
{
	switch (code) {
	case HISI_ZIP_STATUS_DONE:
	case HISI_ZIP_STATUS_EXPANDED:
	case HISI_ZIP_STATUS_STREAM_END:
		return RTE_COMP_OP_STATUS_SUCCESS;
	case HISI_ZIP_STATUS_CHECKSUM:
		/* of a trailer that we made up, or that is not there: it cannot be right */
		return x->trailer > 0 ? RTE_COMP_OP_STATUS_SUCCESS : RTE_COMP_OP_STATUS_ERROR;
	case HISI_ZIP_STATUS_NO_ROOM:
		return stream != NULL ? RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE :
					RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED;
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
	return x->chksum == RTE_COMP_CHECKSUM_ADLER32 ? word : reverse_bits(~word);
}

static uint32_t
adler_of(uint32_t adler, const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	for (; m != NULL && len > 0; m = m->next) {
		const uint32_t skip = RTE_MIN(off, (uint32_t)m->data_len);
		const uint32_t n = RTE_MIN(len, m->data_len - skip);

		if (n > 0)
			adler = (uint32_t)adler32(adler,
					rte_pktmbuf_mtod_offset(m, const uint8_t *, skip), n);
		off -= skip;
		len -= n;
	}
	return adler;
}

/*
 * The hardware makes one checksum of an op. Of two, it is the CRC-32, and here the
 * Adler-32 of the plain data comes in front of it.
 */
static void
add_adler(struct rte_comp_op *op, const struct wd_comp_xform *x, struct wd_comp_stream *stream)
{
	uint32_t adler = stream != NULL ? stream->adler : WD_COMP_ADLER_START;

	if (x->dir == WD_COMP_COMPRESS)
		adler = adler_of(adler, op->m_src, op->src.offset, op->consumed);
	else
		adler = adler_of(adler, op->m_dst, op->dst.offset, op->produced);
	if (stream != NULL)
		stream->adler = adler;
	op->output_chksum |= (uint64_t)adler << 32;
}

/* Whether an op that inflates and has a good code lacked room, as its context says. */
static bool
lacks_room(const struct wd_comp_xform *x, uint32_t ctx_dw0, uint32_t status)
{
	const uint32_t st = ctx_dw0 >> HISI_ZIP_CTX0_ST_SHIFT & HISI_ZIP_CTX0_ST_MASK;

	return x->dir == WD_COMP_DECOMPRESS &&
			(status & HISI_ZIP_3_STATUS_MASK) == HISI_ZIP_STATUS_DONE &&
			(status >> HISI_ZIP_3_LAST_BLOCK_SHIFT & HISI_ZIP_3_LAST_BLOCK_MASK) == 0 &&
			(st == HISI_ZIP_CTX_ST_LAST_NO_ROOM ||
					st == HISI_ZIP_CTX_ST_INFLATE_NO_ROOM);
}

/* What the next op of the stream has to say to the device. */
static __rte_noinline void
stream_save(struct rte_comp_op *op, struct wd_comp_stream *s,
		const volatile struct hisi_zip_sqe *sqe)
{
	s->busy = NULL;
	if (op->status != RTE_COMP_OP_STATUS_SUCCESS &&
			op->status != RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE)
		return;
	s->first = false;
	s->ctx_dw[0] = rte_le_to_cpu_32(sqe->ctx_dw0);
	s->ctx_dw[1] = rte_le_to_cpu_32(sqe->ctx_dw1);
	s->ctx_dw[2] = rte_le_to_cpu_32(sqe->ctx_dw2);
	s->isize = rte_le_to_cpu_32(sqe->isize);
	s->checksum = rte_le_to_cpu_32(sqe->checksum);
	/* the rest of an input that was cut wants more room */
	if (op->status == RTE_COMP_OP_STATUS_SUCCESS &&
			(s->input < op->src.length ||
					lacks_room(&s->xform, s->ctx_dw[0],
							(uint32_t)op->debug_status)))
		op->status = RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE;
}

/*
 * Whether a good op was its stream's last. One that inflates says so with its code, or,
 * when less than the trailer was there, by waiting for the rest, which is not to come.
 */
static bool
stream_ended(const struct rte_comp_op *op, const struct wd_comp_stream *s, uint32_t code)
{
	const uint32_t status = (uint32_t)op->debug_status;

	if (op->status != RTE_COMP_OP_STATUS_SUCCESS)
		return false;
	if (s->xform.dir == WD_COMP_COMPRESS)
		return s->finish;
	return code == HISI_ZIP_STATUS_STREAM_END || code == HISI_ZIP_STATUS_CHECKSUM ||
			((status >> HISI_ZIP_3_LAST_BLOCK_SHIFT & HISI_ZIP_3_LAST_BLOCK_MASK) !=
							0 &&
					(s->ctx_dw[0] & HISI_ZIP_CTX0_ST_MASK) ==
							HISI_ZIP_CTX_ST_NO_CHECKSUM);
}

/* Trailers, which the device counts and the application does not know of. */
static bool
trailer_take(const struct wd_comp_xform *x, const struct wd_comp_stream *stream, uint32_t *consumed,
		uint32_t *produced)
{
	uint32_t *count = x->dir == WD_COMP_COMPRESS ? produced : consumed;

	if (stream != NULL && (x->dir == WD_COMP_DECOMPRESS || !stream->finish))
		return true; /* the op had none */
	if (*count < x->trailer)
		return false;
	*count -= x->trailer;
	return true;
}

/* The block that ends a stream, where build_end() stood in for it. */
static void
take_end(struct wd_comp_qp *qp, struct rte_comp_op *op, struct wd_comp_stream *s)
{
	static const uint8_t block[] = { 0x01, 0x00, 0x00, 0xff, 0xff };
	struct rte_mbuf *m = op->m_dst;
	uint32_t off = op->dst.offset;

	s->busy = NULL;
	op->consumed = 0;
	op->produced = 0;
	if (op->status != RTE_COMP_OP_STATUS_SUCCESS) {
		qp->stats.dequeue_err_count++;
		return;
	}
	/* enqueue has seen that there is room */
	for (; op->produced < sizeof(block); off++) {
		for (; off >= m->data_len; m = m->next)
			off -= m->data_len;
		*rte_pktmbuf_mtod_offset(m, uint8_t *, off) = block[op->produced++];
	}
	if (s->xform.chksum == RTE_COMP_CHECKSUM_NONE)
		return;
	if (s->first)
		op->output_chksum = s->xform.chksum == RTE_COMP_CHECKSUM_ADLER32 ?
				WD_COMP_ADLER_START :
				0;
	else
		op->output_chksum = checksum_of(&s->xform, s->checksum);
	if (s->xform.chksum == RTE_COMP_CHECKSUM_CRC32_ADLER32)
		add_adler(op, &s->xform, s);
}

/* A result that is not the plain good one of a stateless op. */
static __rte_noinline void
take_slow(struct wd_comp_qp *qp, const struct wd_comp_slot *slot,
		const volatile struct hisi_zip_sqe *sqe)
{
	struct rte_comp_op *op = slot->op;
	struct wd_comp_stream *stream = stream_of(qp->kind, op);
	const struct wd_comp_xform *x = xform_of(qp->kind, op);
	const uint32_t input = stream != NULL ? stream->input : op->src.length;
	uint32_t produced = rte_le_to_cpu_32(sqe->produced);
	uint32_t consumed = rte_le_to_cpu_32(sqe->consumed);
	const uint32_t code = (uint32_t)op->debug_status >> HISI_ZIP_3_STATUS_SHIFT &
			HISI_ZIP_3_STATUS_MASK;

	op->status = status_of(x, stream, code);
	if (stream != NULL && stream->end_only) {
		take_end(qp, op, stream);
		if (op->status == RTE_COMP_OP_STATUS_SUCCESS)
			wd_comp_stream_reset(stream);
		return;
	}
	/* a stream is over: what the device took for its trailer is the application's */
	if (stream != NULL && x->dir == WD_COMP_DECOMPRESS &&
			(code == HISI_ZIP_STATUS_CHECKSUM || code == HISI_ZIP_STATUS_STREAM_END))
		consumed -= RTE_MIN(consumed, x->trailer);
	if (x->trailer > 0) {
		if (x->chksum != RTE_COMP_CHECKSUM_NONE)
			op->output_chksum = checksum_of(x, rte_le_to_cpu_32(sqe->checksum));
		if (op->status == RTE_COMP_OP_STATUS_SUCCESS &&
				!trailer_take(x, stream, &consumed, &produced))
			op->status = RTE_COMP_OP_STATUS_ERROR;
	}
	/* it said neither that it found the end nor that it did not */
	if (stream == NULL && op->status == RTE_COMP_OP_STATUS_SUCCESS &&
			x->dir == WD_COMP_DECOMPRESS && code == HISI_ZIP_STATUS_DONE &&
			(consumed < input ||
					lacks_room(x, rte_le_to_cpu_32(sqe->ctx_dw0),
							(uint32_t)op->debug_status)))
		op->status = RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED;
	/* the device says how much; believe no more than was asked for */
	if (produced > slot->room || consumed > input)
		op->status = RTE_COMP_OP_STATUS_ERROR;
	if (stream != NULL)
		stream_save(op, stream, sqe);
	if (op->status != RTE_COMP_OP_STATUS_SUCCESS &&
			op->status != RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE) {
		qp->stats.dequeue_err_count++;
		produced = consumed = 0;
	}
	op->produced = produced;
	op->consumed = consumed;
	if (x->chksum == RTE_COMP_CHECKSUM_CRC32_ADLER32)
		add_adler(op, x, stream);
	if (stream != NULL && stream_ended(op, stream, code))
		wd_comp_stream_reset(stream);
}

/*
 * How a good op ends, as a rule and sometimes: compression that gained nothing. Inflating
 * may also end without saying that it found the end: take_slow() looks closer.
 */
static __rte_always_inline bool
code_good(const enum wd_comp_dir dir, uint32_t code)
{
	if (dir == WD_COMP_COMPRESS)
		return likely(code == HISI_ZIP_STATUS_DONE) || code == HISI_ZIP_STATUS_EXPANDED;
	return code == HISI_ZIP_STATUS_STREAM_END;
}

/* Volatile: what was checked is what is used, even if the device writes again. */
static __rte_always_inline void
take_result(struct wd_comp_qp *qp, const enum wd_comp_dir dir, const struct wd_comp_slot *slot,
		const volatile struct hisi_zip_sqe *sqe)
{
	const uint32_t status = rte_le_to_cpu_32(sqe->status);
	const uint32_t produced = rte_le_to_cpu_32(sqe->produced);
	const uint32_t consumed = rte_le_to_cpu_32(sqe->consumed);
	struct rte_comp_op *op = slot->op;

	op->debug_status = status;
	if (unlikely(!code_good(dir, status & HISI_ZIP_3_STATUS_MASK) ||
			    (int64_t)produced > slot->plain_room || consumed > op->src.length)) {
		take_slow(qp, slot, sqe);
		return;
	}
	op->status = RTE_COMP_OP_STATUS_SUCCESS;
	op->produced = produced;
	op->consumed = consumed;
}

/* Results of listed ops, as many as come first of nb; returns how many. */
static __rte_always_inline uint32_t
take_listed_of(struct wd_comp_qp *qp, const enum wd_comp_dir dir, struct rte_comp_op **ops,
		const struct wd_comp_slot *slot, const volatile struct hisi_zip_sqe *sqe,
		uint32_t nb)
{
	const struct wd_comp_slot *const first = slot, *const end = slot + nb;

	for (; slot < end && slot->kind == WD_COMP_LISTED; slot++, sqe++, ops++) {
		struct rte_comp_op *op = slot->op;
		const struct wd_comp_xform *x = op->private_xform;
		const uint32_t status = rte_le_to_cpu_32(sqe->status);
		const uint32_t code = status & HISI_ZIP_3_STATUS_MASK;
		uint32_t produced = rte_le_to_cpu_32(sqe->produced);
		uint32_t consumed = rte_le_to_cpu_32(sqe->consumed);

		/* with less than the trailer it is more than anything that can be */
		if (dir == WD_COMP_COMPRESS)
			produced -= x->trailer;
		else
			consumed -= x->trailer;
		*ops = op;
		op->debug_status = status;
		/* a trailer that we made up does not fit, see status_of() */
		if (unlikely((!(dir == WD_COMP_DECOMPRESS && code == HISI_ZIP_STATUS_CHECKSUM) &&
					     !code_good(dir, code)) ||
				    produced > slot->room || consumed > op->src.length)) {
			take_slow(qp, slot, sqe);
			continue;
		}
		op->status = RTE_COMP_OP_STATUS_SUCCESS;
		op->produced = produced;
		op->consumed = consumed;
		if (x->chksum == RTE_COMP_CHECKSUM_NONE)
			continue;
		op->output_chksum = checksum_of(x, rte_le_to_cpu_32(sqe->checksum));
		if (x->chksum == RTE_COMP_CHECKSUM_CRC32_ADLER32)
			add_adler(op, x, NULL);
	}
	return (uint32_t)(slot - first);
}

/* One for each direction: the compiler would not make them by itself. */
static __rte_noinline uint32_t
take_deflated(struct wd_comp_qp *qp, struct rte_comp_op **ops, const struct wd_comp_slot *slot,
		const volatile struct hisi_zip_sqe *sqe, uint32_t nb)
{
	return take_listed_of(qp, WD_COMP_COMPRESS, ops, slot, sqe, nb);
}

static __rte_noinline uint32_t
take_inflated(struct wd_comp_qp *qp, struct rte_comp_op **ops, const struct wd_comp_slot *slot,
		const volatile struct hisi_zip_sqe *sqe, uint32_t nb)
{
	return take_listed_of(qp, WD_COMP_DECOMPRESS, ops, slot, sqe, nb);
}

static __rte_always_inline uint32_t
take_listed(struct wd_comp_qp *qp, const enum wd_comp_dir dir, struct rte_comp_op **ops,
		const struct wd_comp_slot *slot, const volatile struct hisi_zip_sqe *sqe,
		uint32_t nb)
{
	return dir == WD_COMP_COMPRESS ? take_deflated(qp, ops, slot, sqe, nb) :
					 take_inflated(qp, ops, slot, sqe, nb);
}

/* Results of nb completed descriptors, 1 or more, that do not wrap around the ring's end. */
static __rte_always_inline void
take_results(struct wd_comp_qp *qp, struct wd_comp_queue *cq, const enum wd_comp_dir dir,
		struct rte_comp_op **ops, uint32_t idx, uint32_t nb)
{
	const volatile struct hisi_zip_sqe *sqe = sqe_at(cq, idx);
	const struct wd_comp_slot *slot = &cq->slots[idx], *const end = slot + nb;

	if (unlikely(slot->kind == WD_COMP_LISTED)) {
		const uint32_t n = take_listed(qp, dir, ops, slot, sqe, nb);

		slot += n;
		ops += n;
		sqe += n;
	}
	while (end - slot >= WD_QUEUE_GROUP) {
		for (unsigned int i = 0; i < WD_QUEUE_GROUP; i++) {
			ops[i] = slot[i].op;
			take_result(qp, dir, slot + i, sqe + i);
		}
		slot += WD_QUEUE_GROUP;
		ops += WD_QUEUE_GROUP;
		sqe += WD_QUEUE_GROUP;
	}
	for (; slot < end; slot++, sqe++) {
		*ops++ = slot->op;
		take_result(qp, dir, slot, sqe);
	}
}

/* The device is dead and quiet: what it did not complete has failed, in order. */
static __rte_noinline uint32_t
flush(struct wd_comp_qp *qp, struct wd_comp_queue *cq, struct rte_comp_op **ops, uint32_t nb)
{
	struct wd_queue *q = &cq->q;

	if (wd_queue_completed_late(q))
		return 0; /* the next call takes it */
	for (uint32_t i = 0; i < nb; i++) {
		const struct wd_comp_slot *slot = &cq->slots[(q->head + i) & q->sq_mask];

		ops[i] = slot->op;
		ops[i]->status = RTE_COMP_OP_STATUS_ERROR;
		ops[i]->produced = ops[i]->consumed = 0;
		if (stream_of(qp->kind, ops[i]) != NULL)
			stream_of(qp->kind, ops[i])->busy = NULL;
	}
	wd_queue_fail(q, (uint16_t)nb);
	qp->stats.dequeue_err_count += nb;
	return nb;
}

/* Up to nb_max completed ops, from `from` behind head on, and no further than an end of the ring,
 * up to which there are *run.
 */
static __rte_always_inline uint32_t
dequeue_run(struct wd_comp_qp *qp, const enum wd_comp_dir dir, struct rte_comp_op **ops,
		uint32_t from, uint32_t nb_max, uint32_t *run)
{
	struct wd_comp_queue *cq = &qp->queues[dir];
	const struct wd_queue *q = &cq->q;
	uint32_t nb;

	*run = wd_queue_run(q, from, nb_max);
	nb = wd_queue_completed(&cq->q, from, *run);
	if (likely(nb > 0))
		take_results(qp, cq, dir, ops, (q->head + from) & q->sq_mask, nb);
	return nb;
}

/* What follows from the start of the ring on. */
static __rte_noinline uint32_t
dequeue_wrapped(struct wd_comp_qp *qp, enum wd_comp_dir dir, struct rte_comp_op **ops,
		uint32_t from, uint32_t nb_max)
{
	uint32_t run;

	return dequeue_run(qp, dir, ops, from, nb_max, &run);
}

static __rte_always_inline uint32_t
dequeue_dir(struct wd_comp_qp *qp, const enum wd_comp_dir dir, struct rte_comp_op **ops,
		uint32_t nb_ops)
{
	struct wd_comp_queue *cq = &qp->queues[dir];
	struct wd_queue *q = &cq->q;
	const uint32_t nb_max = RTE_MIN(nb_ops, wd_queue_in_flight(q));
	uint32_t nb, run;

	if (nb_max == 0 || (wd_queue_waits(q) && likely(!wd_queue_dead(q))))
		return 0;
	nb = dequeue_run(qp, dir, ops, 0, nb_max, &run);
	if (unlikely(nb == 0))
		return wd_queue_dead(q) ? flush(qp, cq, ops, nb_max) : 0;
	if (unlikely(nb == run && nb < nb_max))
		nb += dequeue_wrapped(qp, dir, ops + nb, nb, nb_max - nb);
	wd_queue_release(q, (uint16_t)nb);
	return nb;
}

static uint16_t
wd_comp_zip_dequeue(void *queue_pair, struct rte_comp_op **ops, uint16_t nb_ops)
{
	struct wd_comp_qp *qp = queue_pair;
	uint32_t nb;

	nb = dequeue_dir(qp, WD_COMP_COMPRESS, ops, nb_ops);
	nb += dequeue_dir(qp, WD_COMP_DECOMPRESS, ops + nb, nb_ops - nb);
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

	dev->enqueue_burst = priv->va ? wd_comp_zip_enqueue_va : wd_comp_zip_enqueue_iova;
	dev->dequeue_burst = wd_comp_zip_dequeue;
}
