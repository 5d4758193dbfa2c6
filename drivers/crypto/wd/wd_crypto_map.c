/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Packets that a flat address does not describe: scatter-gather lists and copies. */

#include <string.h>

#include "wd_crypto_map.h"

struct sgl_writer {
	struct wd_crypto_qp *qp;
	struct hisi_sgl *first, *list; /* of the chain; being filled */
	struct hisi_sge *next;
	uint32_t nb; /* entries in list */
	uint32_t total; /* entries in the chain */
	uint32_t capacity; /* of list */
	uint32_t left; /* entries that may still come, an upper bound */
};

static bool
sgl_open_list(struct sgl_writer *w)
{
	const uint32_t n = RTE_MIN(w->left, (uint32_t)HISI_SGL_MAX_ENTRIES);
	struct hisi_sgl *list = wd_crypto_side_take(
			w->qp, sizeof(*list) + n * sizeof(struct hisi_sge));

	if (list == NULL)
		return false;
	memset(list, 0, sizeof(*list));
	list->entry_length_in_sgl = rte_cpu_to_le_16((uint16_t)n);
	if (w->list == NULL)
		w->first = list;
	else
		w->list->next_dma = rte_cpu_to_le_64(wd_crypto_dma_addr(w->qp, list));
	w->list = list;
	w->next = (struct hisi_sge *)(list + 1);
	w->nb = 0;
	w->capacity = n;
	return true;
}

static __rte_always_inline bool
sgl_add(struct sgl_writer *w, uint64_t addr, uint32_t len)
{
	if (unlikely(w->nb == w->capacity) && !sgl_open_list(w))
		return false;
	*w->next++ = (struct hisi_sge){ .addr = rte_cpu_to_le_64(addr),
		.len = rte_cpu_to_le_32(len) };
	w->nb++;
	w->total++;
	w->left--;
	w->list->entry_sum_in_sgl = rte_cpu_to_le_16((uint16_t)w->nb);
	return true;
}

/* The chain is complete. Which of the counts the hardware trusts is not known: all are right. */
static enum wd_crypto_build
sgl_close(const struct sgl_writer *w, uint64_t *addr)
{
	if (w->first == NULL)
		return WD_CRYPTO_BAD_ARGS;
	w->first->entry_sum_in_chain = rte_cpu_to_le_16(
			(uint16_t)RTE_MIN(w->total, (uint32_t)UINT16_MAX));
	*addr = wd_crypto_dma_addr(w->qp, w->first);
	return WD_CRYPTO_BUILT;
}

static uint32_t
lead_entries(const struct wd_crypto_lead *lead)
{
	return lead->len == 0 ? 0 : 1 + (lead->sink ? lead->len / WD_CRYPTO_SINK_SIZE : 0);
}

static bool
sgl_add_lead(struct sgl_writer *w, const struct wd_crypto_lead *lead)
{
	uint32_t left = lead->len;

	while (left > 0) {
		const uint32_t n = lead->sink ? RTE_MIN(left, (uint32_t)WD_CRYPTO_SINK_SIZE) : left;

		if (!sgl_add(w, lead->addr, n))
			return false;
		left -= n;
	}
	return true;
}

/* A list of the lead and then [off, off + len) of a packet. */
static enum wd_crypto_build
sgl_build(bool sva, struct wd_crypto_qp *qp, const struct wd_crypto_lead *lead,
		const struct rte_mbuf *m, uint32_t off, uint32_t len, uint64_t *addr)
{
	struct sgl_writer w = { .qp = qp };
	uint64_t covered = 0;

	if ((uint64_t)lead->len + len > HISI_SEC_MAX_DATA)
		return WD_CRYPTO_BAD_ARGS;
	for (; m != NULL && off >= m->data_len; m = m->next)
		off -= m->data_len;
	w.left = lead_entries(lead);
	for (const struct rte_mbuf *seg = m; seg != NULL && covered < (uint64_t)off + len;
			seg = seg->next) {
		covered += seg->data_len;
		w.left++;
	}
	if (!sgl_add_lead(&w, lead))
		return WD_CRYPTO_NO_ROOM;
	for (; len > 0; m = m->next, off = 0) {
		uint32_t n;

		if (m == NULL)
			return WD_CRYPTO_BAD_ARGS;
		n = RTE_MIN(len, m->data_len - off);
		if (n == 0)
			continue;
		if (!sgl_add(&w, wd_crypto_mbuf_addr(sva, m, off), n))
			return WD_CRYPTO_NO_ROOM;
		len -= n;
	}
	return sgl_close(&w, addr);
}

/* A list of the lead and one segment, of which the room counts, not the data. */
static enum wd_crypto_build
sgl_build_flat(bool sva, struct wd_crypto_qp *qp, const struct wd_crypto_lead *lead,
		const struct rte_mbuf *m, uint32_t off, uint32_t len, uint64_t *addr)
{
	struct sgl_writer w = { .qp = qp, .left = 1 + lead_entries(lead) };

	if (!wd_crypto_in_room(m, off, len) || (uint64_t)lead->len + len > HISI_SEC_MAX_DATA)
		return WD_CRYPTO_BAD_ARGS;
	if (!sgl_add_lead(&w, lead) ||
			(len > 0 && !sgl_add(&w, wd_crypto_mbuf_addr(sva, m, off), len)))
		return WD_CRYPTO_NO_ROOM;
	return sgl_close(&w, addr);
}

static void *
packet_at(struct rte_mbuf *m, uint32_t off, uint32_t *room)
{
	for (; m != NULL && off >= m->data_len; m = m->next)
		off -= m->data_len;
	if (m == NULL)
		return NULL;
	*room = m->data_len - off;
	return rte_pktmbuf_mtod_offset(m, void *, off);
}

enum wd_crypto_build
wd_crypto_packet_copy(struct rte_mbuf *dst, struct rte_mbuf *src, uint32_t off, uint32_t len)
{
	if (dst->nb_segs == 1 && src->nb_segs == 1) {
		if (!wd_crypto_in_room(dst, off, len) || !wd_crypto_in_data(src, off, len))
			return WD_CRYPTO_BAD_ARGS;
		memcpy(rte_pktmbuf_mtod_offset(dst, void *, off),
				rte_pktmbuf_mtod_offset(src, void *, off), len);
		return WD_CRYPTO_BUILT;
	}
	while (len > 0) {
		uint32_t to_room = 0, from_room = 0, n;
		void *to = packet_at(dst, off, &to_room);
		const void *from = packet_at(src, off, &from_room);

		if (to == NULL || from == NULL)
			return WD_CRYPTO_BAD_ARGS;
		n = RTE_MIN(to_room, from_room);
		n = RTE_MIN(n, len);
		memcpy(to, from, n);
		off += n;
		len -= n;
	}
	return WD_CRYPTO_BUILT;
}

enum wd_crypto_build
wd_crypto_map_lists(bool sva, struct wd_crypto_qp *qp, struct wd_crypto_map *o,
		const struct wd_crypto_lead *src_lead, const struct rte_mbuf *src,
		const struct wd_crypto_lead *dst_lead, const struct rte_mbuf *dst, uint32_t src_off,
		uint32_t src_len, uint32_t dst_off, uint32_t dst_len)
{
	enum wd_crypto_build rc;

	if (src_lead->len == 0 && src->nb_segs == 1) {
		if (!wd_crypto_in_data(src, src_off, src_len))
			return WD_CRYPTO_BAD_ARGS;
		o->src = wd_crypto_mbuf_addr(sva, src, src_off);
	} else {
		rc = sgl_build(sva, qp, src_lead, src, src_off, src_len, &o->src);
		if (rc != WD_CRYPTO_BUILT)
			return rc;
		o->src_sgl = true;
	}
	if (dst == src) {
		o->dst = o->src;
		o->dst_sgl = o->src_sgl;
		return WD_CRYPTO_BUILT;
	}
	if (dst_lead->len == 0 && dst->nb_segs == 1) {
		if (!wd_crypto_in_room(dst, dst_off, dst_len))
			return WD_CRYPTO_BAD_ARGS;
		o->dst = wd_crypto_mbuf_addr(sva, dst, dst_off);
		return WD_CRYPTO_BUILT;
	}
	o->dst_sgl = true;
	if (dst->nb_segs == 1)
		return sgl_build_flat(sva, qp, dst_lead, dst, dst_off, dst_len, &o->dst);
	return sgl_build(sva, qp, dst_lead, dst, dst_off, dst_len, &o->dst);
}
