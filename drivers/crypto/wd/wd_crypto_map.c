/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Packets that a flat address does not describe: scatter-gather lists and copies. */

#include <string.h>

#include "wd_crypto_map.h"

static uint32_t
lead_entries(const struct wd_crypto_lead *lead)
{
	return lead->len == 0 ? 0 : 1 + (lead->sink ? lead->len / WD_CRYPTO_SINK_SIZE : 0);
}

static bool
sgl_add_lead(struct wd_sgl *w, const struct wd_crypto_lead *lead)
{
	uint32_t left = lead->len;

	while (left > 0) {
		const uint32_t n = lead->sink ? RTE_MIN(left, (uint32_t)WD_CRYPTO_SINK_SIZE) : left;

		if (!wd_sgl_add(w, lead->addr, n))
			return false;
		left -= n;
	}
	return true;
}

static enum wd_crypto_build
close_list(const struct wd_sgl *w, uint64_t *addr)
{
	*addr = wd_sgl_close(w);
	return *addr == 0 ? WD_CRYPTO_BAD_ARGS : WD_CRYPTO_BUILT;
}

/* A list of the lead and then [off, off + len) of a packet. */
static enum wd_crypto_build
sgl_build(bool va, struct wd_crypto_qp *qp, const struct wd_crypto_lead *lead,
		const struct rte_mbuf *m, uint32_t off, uint32_t len, uint64_t *addr)
{
	struct wd_sgl w = { .side = &qp->side };
	int rc;

	if ((uint64_t)lead->len + len > HISI_SEC_MAX_DATA)
		return WD_CRYPTO_BAD_ARGS;
	w.left = lead_entries(lead) + wd_sgl_segments(m, off, len);
	if (!sgl_add_lead(&w, lead))
		return WD_CRYPTO_NO_ROOM;
	rc = wd_sgl_add_packet(&w, va, m, off, len);
	if (rc != 0)
		return rc == -ENOSPC ? WD_CRYPTO_NO_ROOM : WD_CRYPTO_BAD_ARGS;
	return close_list(&w, addr);
}

/* A list of the lead and one segment, of which the room counts, not the data. */
static enum wd_crypto_build
sgl_build_flat(bool va, struct wd_crypto_qp *qp, const struct wd_crypto_lead *lead,
		const struct rte_mbuf *m, uint32_t off, uint32_t len, uint64_t *addr)
{
	struct wd_sgl w = { .side = &qp->side, .left = 1 + lead_entries(lead) };

	if (!wd_mbuf_in_room(m, off, len) || (uint64_t)lead->len + len > HISI_SEC_MAX_DATA)
		return WD_CRYPTO_BAD_ARGS;
	if (!sgl_add_lead(&w, lead) || (len > 0 && !wd_sgl_add(&w, wd_mbuf_addr(va, m, off), len)))
		return WD_CRYPTO_NO_ROOM;
	return close_list(&w, addr);
}

/* Byte off of a packet, and how much follows in its segment. */
static void *
packet_at(struct rte_mbuf *m, uint32_t off, uint32_t *left)
{
	for (; m != NULL && off >= m->data_len; m = m->next)
		off -= m->data_len;
	if (m == NULL)
		return NULL;
	*left = m->data_len - off;
	return rte_pktmbuf_mtod_offset(m, void *, off);
}

/* The same of a destination, where the room counts if it is one segment. */
static void *
packet_room_at(struct rte_mbuf *m, uint32_t off, uint32_t *left)
{
	if (m->nb_segs != 1)
		return packet_at(m, off, left);
	if (!wd_mbuf_in_room(m, off, 1))
		return NULL;
	*left = (uint32_t)m->buf_len - m->data_off - off;
	return rte_pktmbuf_mtod_offset(m, void *, off);
}

enum wd_crypto_build
wd_crypto_packet_copy(struct rte_mbuf *dst, struct rte_mbuf *src, uint32_t off, uint32_t len)
{
	while (len > 0) {
		uint32_t to_left = 0, from_left = 0, n;
		void *to = packet_room_at(dst, off, &to_left);
		const void *from = packet_at(src, off, &from_left);

		if (to == NULL || from == NULL)
			return WD_CRYPTO_BAD_ARGS;
		n = RTE_MIN(to_left, from_left);
		n = RTE_MIN(n, len);
		memcpy(to, from, n);
		off += n;
		len -= n;
	}
	return WD_CRYPTO_BUILT;
}

enum wd_crypto_build
wd_crypto_map_lists(bool va, struct wd_crypto_qp *qp, struct wd_crypto_map *o,
		const struct wd_crypto_lead *src_lead, const struct rte_mbuf *src,
		const struct wd_crypto_lead *dst_lead, const struct rte_mbuf *dst, uint32_t src_off,
		uint32_t src_len, uint32_t dst_off, uint32_t dst_len)
{
	enum wd_crypto_build rc;

	if (src_lead->len == 0 && src->nb_segs == 1) {
		if (!wd_mbuf_in_data(src, src_off, src_len))
			return WD_CRYPTO_BAD_ARGS;
		o->src = wd_mbuf_addr(va, src, src_off);
	} else {
		rc = sgl_build(va, qp, src_lead, src, src_off, src_len, &o->src);
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
		if (!wd_mbuf_in_room(dst, dst_off, dst_len))
			return WD_CRYPTO_BAD_ARGS;
		o->dst = wd_mbuf_addr(va, dst, dst_off);
		return WD_CRYPTO_BUILT;
	}
	o->dst_sgl = true;
	if (dst->nb_segs == 1)
		return sgl_build_flat(va, qp, dst_lead, dst, dst_off, dst_len, &o->dst);
	return sgl_build(va, qp, dst_lead, dst, dst_off, dst_len, &o->dst);
}
