/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Ring state of a queue pair, and the inline submit and poll path.
 *
 * Indices are free-running 16-bit counters, masked only to address the ring:
 *
 *         head                      tail
 *          v                         v
 *     ... [ in flight: owned by the device ) [ free: owned by us ) ...
 *
 * What is kept is head and how many are in flight; tail is their sum. The device
 * completes in order, one CQE an SQE, so head counts consumed CQEs and freed SQEs
 * alike. At most depth - 1 descriptors are in flight; the CQ is as deep as the SQ
 * or deeper, and its head is published before the next submit, so it cannot overflow.
 *
 * A queue belongs to one lcore at a time. Nothing here calls the kernel, locks,
 * waits or allocates.
 */

#ifndef WD_QUEUE_H
#define WD_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_io.h>

#include "hisi_qm.h"

struct wd_dev;

struct wd_queue {
	/* what a poll reads that finds nothing */
	const volatile uint32_t *dead; /* not 0: recv_status, or quiesced once it is set */
	const uint16_t *phase; /* of the CQE at head, little-endian */
	uint16_t absent; /* what it is, masked, as long as that one is not there */
	/* both sides */
	uint16_t in_flight;
	uint16_t head; /* next to consume */
	uint16_t limit; /* most descriptors in flight, 1..sq_mask */
	uint16_t sq_mask;
	uint16_t cq_mask;
	bool broken; /* given up: takes no further descriptors */
	/* submit side */
	uint8_t *sq;
	volatile uint64_t *sq_db;
	const volatile uint32_t *send_status;
	uint64_t sq_db_word; /* number, command and tag; the index is added */
	/* poll side */
	const uint8_t *cq;
	volatile uint64_t *cq_db;
	uint64_t cq_db_word;
	uint32_t quiesced; /* 1: broken, and the device was stopped: nothing in flight will complete */
	/* cold */
	const volatile uint32_t *recv_status;
	struct wd_dev *dev;
	void *transport_data;
	uint16_t sq_depth; /* powers of two, filled by the transport */
	uint16_t cq_depth;
	uint16_t sqe_size;
	uint16_t qn; /* the number that doorbells carry */
	bool started;
	bool lied; /* a completion named lying_sq_head when it was another's turn */
	uint16_t lying_sq_head;
	bool watched; /* in the watchdog's list */
	bool dead_reported;
	uint16_t watch_head; /* head at the last progress seen */
	uint32_t watch_looks; /* since then */
	TAILQ_ENTRY(wd_queue) watch_next;
	void (*dead_cb)(void *arg);
	void *dead_arg;
} __rte_cache_aligned;

static inline uint16_t
wd_queue_in_flight(const struct wd_queue *q)
{
	return q->in_flight;
}

/** The next to fill, free-running. */
static inline uint16_t
wd_queue_tail(const struct wd_queue *q)
{
	return (uint16_t)(q->head + q->in_flight);
}

/** How many more descriptors fit. */
static inline uint16_t
wd_queue_room(const struct wd_queue *q)
{
	return (uint16_t)(q->limit - wd_queue_in_flight(q));
}

/** One 64-bit store to device memory; what has to come before it is the caller's concern. */
static __rte_always_inline void
wd_queue_ring(volatile uint64_t *db, uint64_t word)
{
	*db = rte_cpu_to_le_64(word);
}

/**
 * Publish nb descriptors that were filled from tail on, with one doorbell.
 *
 * @return nb, or 0 when the device is dead; then nothing was published.
 */
static inline uint16_t
wd_queue_submit(struct wd_queue *q, uint16_t nb)
{
	const uint16_t tail = (uint16_t)(wd_queue_tail(q) + nb);

	/* To-device: all stores to SQEs and data before the doorbell store. Pairs with the
	 * device's load of the doorbell before its loads of the SQEs. submit-sqe.litmus,
	 * submit-hidden.litmus; the CQ doorbell goes out before, too: submit-cq.litmus
	 */
	rte_io_wmb();
	/* Looked at after filling, so that a reset in between is seen. The doorbell
	 * store depends on this branch, which orders it after the load: submit-status.litmus
	 */
	if (unlikely((*q->send_status | q->broken) != 0))
		return 0;
	wd_queue_ring(q->sq_db,
			q->sq_db_word | (uint64_t)(tail & q->sq_mask) << HISI_QM_DB_INDEX_SHIFT);
	q->in_flight = (uint16_t)(q->in_flight + nb);
	return nb;
}

/** Out of line: tells a CQE that is not there yet from one that lies. */
void rte_wd_queue_check(struct wd_queue *q, uint64_t cqe_w1);

/** How many of nb descriptors, from `from` behind head on, come before an end of the rings. */
static inline uint32_t
wd_queue_run(const struct wd_queue *q, uint32_t from, uint32_t nb)
{
	/* the CQ is as deep as the SQ or a multiple of it, so the SQ ends first */
	return RTE_MIN(nb, q->sq_mask + 1U - ((q->head + from) & q->sq_mask));
}

/* Of the second word of a CQE, what says whose it is and whether it is there. */
#define WD_QUEUE_CQE_MASK (HISI_QM_CQE_W1_PHASE | HISI_QM_CQE_W1_SQ_HEAD_MASK)
#define WD_QUEUE_CQE_WORDS (sizeof(struct hisi_qm_cqe) / sizeof(uint64_t))
/* Completions that are looked at with one branch: loops of this length are unrolled. */
#define WD_QUEUE_GROUP 8

/** Second word of the CQE at idx, a free-running index. */
static __rte_always_inline const uint64_t *
wd_queue_cqe(const struct wd_queue *q, uint32_t idx)
{
	return (const uint64_t *)(q->cq + (size_t)(idx & q->cq_mask) * sizeof(struct hisi_qm_cqe) +
			HISI_QM_CQE_W1_OFFSET);
}

/** That word in one load, so that its index and its phase belong together. */
static __rte_always_inline uint64_t
wd_queue_cqe_load(const uint64_t *w1)
{
	return rte_le_to_cpu_64(__atomic_load_n(w1, __ATOMIC_RELAXED));
}

/** The same for a word that is used once and read again in no loop. */
static __rte_always_inline uint64_t
wd_queue_cqe_operand(const uint64_t *w1)
{
#if WD_MEMORY_OPERANDS
	/* an operand of the instruction that uses it, as compilers do it with plain loads only */
	return *w1;
#else
	return wd_queue_cqe_load(w1);
#endif
}

/** What that word is, masked, once its descriptor is complete. */
static __rte_always_inline uint64_t
wd_queue_cqe_expect(const struct wd_queue *q, uint32_t idx)
{
	/* phase is 1 on even passes of the ring, 0 on odd ones */
	return (idx & q->sq_mask) | ((idx & (q->cq_mask + 1U)) == 0 ? HISI_QM_CQE_W1_PHASE : 0);
}

/** Both of the descriptor at head, without masks and shifts. */
static __rte_always_inline const uint64_t *
wd_queue_head_cqe(const struct wd_queue *q)
{
	return (const uint64_t *)((const uint8_t *)q->phase -
			(offsetof(struct hisi_qm_cqe, phase) - HISI_QM_CQE_W1_OFFSET));
}

static __rte_always_inline uint64_t
wd_queue_head_expect(const struct wd_queue *q)
{
	const uint64_t absent = rte_le_to_cpu_16(q->absent);

	return (q->head & q->sq_mask) | (absent ^ HISI_QM_CQE_PHASE) << HISI_QM_CQE_W1_PHASE_SHIFT;
}

/**
 * Whether there is no completion at head. Says nothing of one that is there:
 * wd_queue_completed() looks at it.
 */
static __rte_always_inline bool
wd_queue_waits(const struct wd_queue *q)
{
	const uint16_t got = __atomic_load_n(q->phase, __ATOMIC_RELAXED);

	return ((got ^ q->absent) & rte_cpu_to_le_16(HISI_QM_CQE_PHASE)) == 0;
}

/**
 * How many of nb_max descriptors, from `from` behind head on, are complete; nb_max
 * must not exceed wd_queue_run(). Their SQEs may be read when it returns.
 */
static __rte_always_inline uint32_t
wd_queue_completed(struct wd_queue *q, uint32_t from, uint32_t nb_max)
{
	const bool at_head = __builtin_constant_p(from) && from == 0; /* known already */
	const uint64_t *w1 = at_head ? wd_queue_head_cqe(q) : wd_queue_cqe(q, q->head + from);
	uint64_t expect = at_head ? wd_queue_head_expect(q) :
				    wd_queue_cqe_expect(q, q->head + from);
	uint32_t n = 0;

	/* Index and phase come with one load, so no barrier between the two. Where one
	 * of a group is not as it should be, one by one.
	 */
	rte_compiler_barrier(); /* for plain loads: read in each call */
	while (nb_max - n >= WD_QUEUE_GROUP) {
		uint64_t odd = 0;

#pragma GCC unroll 8
		for (unsigned int i = 0; i < WD_QUEUE_GROUP; i++)
			odd |= wd_queue_cqe_operand(w1 + i * WD_QUEUE_CQE_WORDS) ^ (expect + i);
		if (unlikely((odd & WD_QUEUE_CQE_MASK) != 0))
			break;
		w1 += WD_QUEUE_GROUP * WD_QUEUE_CQE_WORDS;
		expect += WD_QUEUE_GROUP;
		n += WD_QUEUE_GROUP;
	}
	for (; n < nb_max; n++) {
		const uint64_t got = wd_queue_cqe_load(w1);

		if (unlikely((got & WD_QUEUE_CQE_MASK) != expect)) {
			if (unlikely(((got ^ expect) & HISI_QM_CQE_W1_PHASE) == 0))
				rte_wd_queue_check(q, got);
			break;
		}
		w1 += WD_QUEUE_CQE_WORDS;
		expect++;
	}
	/* From-device: the phase loads before all loads of the SQEs and of the data.
	 * Pairs with the device's release store of the phase. poll-result.litmus,
	 * poll-group.litmus; the slots are filled anew later: reuse-slot.litmus
	 */
	rte_io_rmb();
	return n;
}

/** See to it that a poll looks at head. */
static inline void
wd_queue_aim(struct wd_queue *q)
{
	const bool odd_pass = (q->head & (q->cq_mask + 1U)) != 0;

	q->phase = (const uint16_t *)(q->cq +
			(size_t)(q->head & q->cq_mask) * sizeof(struct hisi_qm_cqe) +
			offsetof(struct hisi_qm_cqe, phase));
	q->absent = odd_pass ? rte_cpu_to_le_16(HISI_QM_CQE_PHASE) : 0;
}

/** Take nb descriptors out of flight, from head on. */
static inline void
wd_queue_advance(struct wd_queue *q, uint16_t nb)
{
	q->head = (uint16_t)(q->head + nb);
	q->in_flight = (uint16_t)(q->in_flight - nb);
	wd_queue_aim(q);
}

/** Take nb descriptors of a dead queue out of flight, from head on, that were not completed. */
static inline void
wd_queue_fail(struct wd_queue *q, uint16_t nb)
{
	wd_queue_advance(q, nb);
	/* behind a lie nothing counts, also what looks like the completion that is next */
	if (q->lied)
		q->absent = *q->phase & rte_cpu_to_le_16(HISI_QM_CQE_PHASE);
}

/** Give nb completed descriptors back to the ring and tell the device, one doorbell. */
static inline void
wd_queue_release(struct wd_queue *q, uint16_t nb)
{
	wd_queue_advance(q, nb);
	/* All loads of SQEs and CQEs before the device may reuse the CQEs. Pairs with the
	 * device's load of the doorbell before its CQE stores. release-cqe.litmus
	 */
	rte_io_rmb();
	wd_queue_ring(q->cq_db,
			q->cq_db_word | (uint64_t)(q->head & q->cq_mask) << HISI_QM_DB_INDEX_SHIFT);
	/* no load of what the caller does next between the two: devtools/ordering.py
	 * cannot tell a count of ours from what the device wrote
	 */
	rte_compiler_barrier();
}

/**
 * Whether the device has stopped for good and touches no memory of ours any more.
 * When this says yes, wd_queue_completed_late() is to be asked.
 */
static inline bool
wd_queue_dead(const struct wd_queue *q)
{
	/* acquire: pairs with the watchdog's release after it stopped the device.
	 * dead-quiesced.litmus
	 */
	const volatile uint32_t *dead = __atomic_load_n(&q->dead, __ATOMIC_ACQUIRE);

#if WD_MEMORY_OPERANDS
	/* it is 0 or 1, and a byte is what compilers compare in memory, see wd_queue_cqe_operand() */
	return *(const uint8_t *)(uintptr_t)dead != 0;
#else
	return *dead != 0;
#endif
}

/**
 * Of a dead queue: whether there is a completion at head, written before the device
 * stopped. Else all that is in flight has failed.
 */
static __rte_always_inline bool
wd_queue_completed_late(struct wd_queue *q)
{
	/* From-device: the status load before the last look for completions, and before
	 * the memory is used again. Pairs with the release store of the status by device
	 * or kernel. dead-status.litmus, dead-memory.litmus
	 */
	rte_io_rmb();
	return !q->lied && wd_queue_completed(q, 0, 1) != 0;
}

#endif /* WD_QUEUE_H */
