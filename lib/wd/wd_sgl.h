/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * What drivers need to show packets to a device: addresses of mbufs, space for
 * what a descriptor refers to, and scatter-gather lists. Inline internals of
 * drivers; one lcore at a time, as the queue they belong to.
 */

#ifndef WD_SGL_H
#define WD_SGL_H

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "hisi_qm.h"

/** Address of byte off of a segment, as the device names it. */
static __rte_always_inline uint64_t
wd_mbuf_addr(const bool va, const struct rte_mbuf *m, uint64_t off)
{
	return va ? rte_pktmbuf_mtod_offset(m, uintptr_t, off) : rte_pktmbuf_iova_offset(m, off);
}

/** Whether [off, off + len) is in the data of a single segment; both have 32 bits. */
static __rte_always_inline bool
wd_mbuf_in_data(const struct rte_mbuf *m, uint64_t off, uint64_t len)
{
	return off + len <= m->data_len;
}

/** Of a destination the room counts: its data length may still be set by the application. */
static __rte_always_inline bool
wd_mbuf_in_room(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	return (uint64_t)m->data_off + off + len <= m->buf_len;
}

/**
 * Side ring: device-visible space for what a descriptor refers to and the op does
 * not have. Taken at tail by enqueue, contiguous, in units; given back in order by
 * dequeue, which sets head to what tail was after the op.
 */
struct wd_side {
	uint8_t *base; /* contiguous for the device */
	uint64_t iova_delta; /* device address minus virtual address */
	uint32_t size; /* bytes, as the two below: whole units */
	uint32_t head; /* below size; equal to tail: empty */
	uint32_t tail;
};

#define WD_SIDE_UNIT 64

static __rte_always_inline uint64_t
wd_side_addr(const struct wd_side *side, const void *p)
{
	return (uintptr_t)p + side->iova_delta;
}

/** Where the space ends that begins at tail; tail stays below it. */
static __rte_always_inline uint32_t
wd_side_end(const struct wd_side *side)
{
	return side->tail < side->head ? side->head : side->size;
}

/** Space for nb_bytes, at least 1; NULL when there is not that much in one piece. */
static inline void *
wd_side_take(struct wd_side *side, uint32_t nb_bytes)
{
	const uint32_t n = RTE_ALIGN_CEIL(nb_bytes, (uint32_t)WD_SIDE_UNIT);
	const uint32_t head = side->head, tail = side->tail;
	uint32_t at;

	/* one unit stays free, so that equal indices mean empty */
	if (tail < head ? head - tail > n : side->size - tail >= n + (head == 0 ? 1 : 0))
		at = tail;
	else if (tail >= head && head > n)
		at = 0;
	else
		return NULL;
	side->tail = at + n == side->size ? 0 : at + n;
	return side->base + at;
}

/** A list that is being written; start from { .side = ..., .left = ... }. */
struct wd_sgl {
	struct wd_side *side;
	struct hisi_sgl *first, *list; /* of the chain; being filled */
	struct hisi_sge *next;
	uint32_t nb; /* entries in list */
	uint32_t total; /* entries in the chain */
	uint32_t capacity; /* of list */
	uint32_t left; /* entries that may still come, an upper bound */
};

/** Begin a list, or continue the chain with another one. */
static inline bool
wd_sgl_open(struct wd_sgl *w)
{
	const uint32_t n = RTE_MIN(w->left, (uint32_t)HISI_SGL_MAX_ENTRIES);
	struct hisi_sgl *list = wd_side_take(
			w->side, (uint32_t)(sizeof(*list) + n * sizeof(struct hisi_sge)));

	if (list == NULL)
		return false;
	memset(list, 0, sizeof(*list));
	list->entry_length_in_sgl = rte_cpu_to_le_16((uint16_t)n);
	if (w->list == NULL)
		w->first = list;
	else
		w->list->next_dma = rte_cpu_to_le_64(wd_side_addr(w->side, list));
	w->list = list;
	w->next = (struct hisi_sge *)(list + 1);
	w->nb = 0;
	w->capacity = n;
	return true;
}

/** Add len bytes at addr, 1 to HISI_SGE_MAX_LEN. False: the side ring is full. */
static __rte_always_inline bool
wd_sgl_add(struct wd_sgl *w, uint64_t addr, uint32_t len)
{
	if (unlikely(w->nb == w->capacity) && !wd_sgl_open(w))
		return false;
	*w->next++ = (struct hisi_sge){ .addr = rte_cpu_to_le_64(addr),
		.len = rte_cpu_to_le_32(len) };
	w->nb++;
	w->total++;
	w->left--;
	w->list->entry_sum_in_sgl = rte_cpu_to_le_16((uint16_t)w->nb);
	return true;
}

/** Segments of a packet that [off, off + len) touches, at most. */
static inline uint32_t
wd_sgl_segments(const struct rte_mbuf *m, uint64_t off, uint64_t len)
{
	uint64_t covered = 0;
	uint32_t nb = 0;

	for (; m != NULL && covered < off + len; m = m->next) {
		covered += m->data_len;
		nb += covered > off;
	}
	return nb;
}

/** Add [off, off + len) of a packet. 0; -ENOSPC: the side ring; -EINVAL: beyond the packet. */
static inline int
wd_sgl_add_packet(struct wd_sgl *w, const bool va, const struct rte_mbuf *m, uint32_t off,
		uint32_t len)
{
	for (; m != NULL && off >= m->data_len; m = m->next)
		off -= m->data_len;
	for (; len > 0; m = m->next, off = 0) {
		uint32_t n;

		if (m == NULL)
			return -EINVAL;
		n = RTE_MIN(len, m->data_len - off);
		if (n == 0)
			continue;
		if (!wd_sgl_add(w, wd_mbuf_addr(va, m, off), n))
			return -ENOSPC;
		len -= n;
	}
	return 0;
}

/**
 * The chain is complete; its device address. 0 when it has no entry. Which of the
 * counts the hardware trusts is not known, so all are right.
 */
static inline uint64_t
wd_sgl_close(const struct wd_sgl *w)
{
	if (w->first == NULL)
		return 0;
	w->first->entry_sum_in_chain = rte_cpu_to_le_16(
			(uint16_t)RTE_MIN(w->total, (uint32_t)UINT16_MAX));
	return wd_side_addr(w->side, w->first);
}

/* ---- one list, quickly: only what the device reads is written ---- */

/* Fields that lie next to each other are written as one word. */
typedef uint64_t wd_sgl_word __attribute__((may_alias));
static_assert(offsetof(struct hisi_sgl, entry_sum_in_chain) == 8 &&
				offsetof(struct hisi_sgl, entry_length_in_sgl) == 12 &&
				offsetof(struct hisi_sgl, pad) == 14,
		"the counts are one word");
static_assert(offsetof(struct hisi_sge, len) == 16 && offsetof(struct hisi_sge, pad) == 20,
		"length and padding are one word");

/** Header of a list of nb entries, alone in its chain. */
static __rte_always_inline void
wd_sgl_head(void *at, uint32_t nb)
{
	wd_sgl_word *list = at;

	list[0] = 0; /* next_dma */
	list[1] = rte_cpu_to_le_64(nb * 0x100010001ULL); /* all three counts */
}

static __rte_always_inline void
wd_sgl_entry(struct hisi_sge *sge, uint64_t addr, uint32_t len)
{
	wd_sgl_word *w = (wd_sgl_word *)sge;

	w[0] = rte_cpu_to_le_64(addr);
	w[2] = rte_cpu_to_le_64(len);
}

static __rte_always_inline uint32_t
wd_sgl_size(uint32_t nb)
{
	return RTE_ALIGN_CEIL((uint32_t)(sizeof(struct hisi_sgl) + nb * sizeof(struct hisi_sge)),
			(uint32_t)WD_SIDE_UNIT);
}

/* Segments of a list that is written quickly. */
#define WD_SGL_QUICK 8

/**
 * A list at `at` of a lead, if it has a length, and [off, off + len) of a packet, len
 * being 1 or more, in no more than WD_SGL_QUICK segments. Returns the bytes taken, in
 * whole units, and does not reach `stop`; 0 if it is not as simple as that:
 * wd_sgl_add_packet() and the like find out.
 */
static __rte_always_inline uint32_t
wd_sgl_write(const bool va, void *at, const void *stop, uint64_t lead, uint32_t lead_len,
		const struct rte_mbuf *m, uint64_t off, uint32_t len)
{
	const uint32_t before = lead_len > 0;
	struct hisi_sge *const sge = (struct hisi_sge *)((struct hisi_sgl *)at + 1);
	/* one less than what is left, so that one comparison finds a segment that has all
	 * of it, one that is empty and an offset beyond the first one
	 */
	uint64_t rest = len - 1, n = m->data_len - off;
	uint64_t addr = wd_mbuf_addr(va, m, off);

	if (unlikely((uint8_t *)at + wd_sgl_size(before + WD_SGL_QUICK) >= (const uint8_t *)stop))
		return 0;
	if (before > 0)
		wd_sgl_entry(sge, lead, lead_len);
	/* unrolled, so that each way out knows its number of entries */
	for (uint32_t i = before; i < before + WD_SGL_QUICK; i++) {
		if (n - 1 >= rest) {
			if (unlikely((int64_t)n <= 0))
				return 0;
			wd_sgl_entry(sge + i, addr, (uint32_t)(rest + 1));
			wd_sgl_head(at, i + 1);
			return wd_sgl_size(i + 1);
		}
		wd_sgl_entry(sge + i, addr, (uint32_t)n);
		rest -= n;
		m = m->next;
		if (unlikely(m == NULL))
			return 0;
		n = m->data_len;
		addr = wd_mbuf_addr(va, m, 0);
	}
	return 0;
}

#endif /* WD_SGL_H */
