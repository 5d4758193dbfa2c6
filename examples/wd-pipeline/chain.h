/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#ifndef CHAIN_H
#define CHAIN_H

/*
 * A buffer of fixed capacity in segments, as data_len of an mbuf has 16 bits. It
 * holds its segments for good; chain_resize() links those that a length needs.
 */

#include <stdint.h>

#include <rte_mbuf.h>

#define CHAIN_SEG_MAX (60u * 1024u)
#define CHAIN_SEGS_MAX 20

struct chain {
	struct rte_mbuf *segs[CHAIN_SEGS_MAX];
	uint32_t seg_size;
	uint32_t nb_segs;
};

/* How many segments a chain of that capacity has, and how large they are. */
uint32_t chain_layout(uint32_t capacity, uint32_t *seg_size);

/* 0, or -1: the pool is empty. */
int chain_alloc(struct chain *chain, struct rte_mempool *pool, uint32_t capacity);
void chain_free(struct chain *chain);

/* Sets the length, at most the capacity, and returns the packet. */
struct rte_mbuf *chain_resize(struct chain *chain, uint32_t len);

/* The bytes from offset on that lie in one piece: their address, and in *len their number. */
uint8_t *chain_piece(const struct chain *chain, uint32_t offset, uint32_t *len);

/* These cross segments; the range must lie within the capacity. */
void chain_write(struct chain *chain, uint32_t offset, const void *from, uint32_t len);
void chain_read(const struct chain *chain, uint32_t offset, void *to, uint32_t len);

#endif
