/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <string.h>

#include "chain.h"

uint32_t
chain_layout(uint32_t capacity, uint32_t *seg_size)
{
	const uint32_t nb_segs = (capacity + CHAIN_SEG_MAX - 1) / CHAIN_SEG_MAX;

	*seg_size = RTE_ALIGN_CEIL((capacity + nb_segs - 1) / nb_segs, RTE_CACHE_LINE_SIZE);
	return nb_segs;
}

int
chain_alloc(struct chain *chain, struct rte_mempool *pool, uint32_t capacity)
{
	chain->nb_segs = chain_layout(capacity, &chain->seg_size);
	return rte_pktmbuf_alloc_bulk(pool, chain->segs, chain->nb_segs) == 0 ? 0 : -1;
}

void
chain_free(struct chain *chain)
{
	for (uint32_t i = 0; i < chain->nb_segs; i++) {
		if (chain->segs[i] == NULL)
			continue;
		chain->segs[i]->next = NULL;
		chain->segs[i]->nb_segs = 1;
		rte_pktmbuf_free_seg(chain->segs[i]);
		chain->segs[i] = NULL;
	}
}

struct rte_mbuf *
chain_resize(struct chain *chain, uint32_t len)
{
	struct rte_mbuf *first = chain->segs[0];
	uint32_t left = len, i = 0;

	do {
		const uint32_t part = RTE_MIN(left, chain->seg_size);

		left -= part;
		chain->segs[i]->data_len = (uint16_t)part;
		chain->segs[i]->next = left > 0 ? chain->segs[i + 1] : NULL;
		i++;
	} while (left > 0);
	first->pkt_len = len;
	first->nb_segs = (uint16_t)i;
	return first;
}

uint8_t *
chain_piece(const struct chain *chain, uint32_t offset, uint32_t *len)
{
	const uint32_t within = offset % chain->seg_size;

	*len = chain->seg_size - within;
	return rte_pktmbuf_mtod_offset(chain->segs[offset / chain->seg_size], uint8_t *, within);
}

void
chain_write(struct chain *chain, uint32_t offset, const void *from, uint32_t len)
{
	const uint8_t *data = from;

	while (len > 0) {
		uint32_t part;
		uint8_t *to = chain_piece(chain, offset, &part);

		part = RTE_MIN(part, len);
		memcpy(to, data, part);
		data += part;
		offset += part;
		len -= part;
	}
}

void
chain_read(const struct chain *chain, uint32_t offset, void *to, uint32_t len)
{
	uint8_t *data = to;

	while (len > 0) {
		uint32_t part;
		const uint8_t *from = chain_piece(chain, offset, &part);

		part = RTE_MIN(part, len);
		memcpy(data, from, part);
		data += part;
		offset += part;
		len -= part;
	}
}
