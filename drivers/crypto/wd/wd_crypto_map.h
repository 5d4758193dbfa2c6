/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * From packets to what a descriptor says of them; the calls are for packets that
 * need scatter-gather lists or copies.
 */

#ifndef WD_CRYPTO_MAP_H
#define WD_CRYPTO_MAP_H

#include "wd_crypto.h"

/* What keeps an op from being built. */
enum wd_crypto_build {
	WD_CRYPTO_BUILT,
	WD_CRYPTO_NOT_PLAIN, /* not for the fast path, which has changed nothing */
	WD_CRYPTO_NO_ROOM, /* in the side ring: try again after a dequeue */
	WD_CRYPTO_BAD_ARGS,
	WD_CRYPTO_BAD_SESSION,
};

/* What differs from op to op in a descriptor. */
struct wd_crypto_map {
	uint64_t src, dst;
	uint64_t mac, c_iv, a_iv;
	/* Of 32 bits each, and compared as sums of them. */
	uint64_t a_len, c_len;
	uint64_t c_off; /* of the payload in src and dst; what comes before is authenticated only */
	bool src_sgl, dst_sgl;
};

/* Bytes in front of a payload that are not in its mbuf; len 0 for none. */
struct wd_crypto_lead {
	uint64_t addr;
	uint32_t len;
	bool sink; /* addr is the sink, which is smaller than len may be */
};

static __rte_always_inline bool
wd_crypto_addr_valid(uint64_t iova)
{
	return iova != 0 && iova != RTE_BAD_IOVA;
}

/**
 * Addresses for [src_off, src_off + src_len) of src and, out of place, for a range of
 * dst, each behind its lead; lists where they are needed.
 */
enum wd_crypto_build wd_crypto_map_lists(bool va, struct wd_crypto_qp *qp, struct wd_crypto_map *o,
		const struct wd_crypto_lead *src_lead, const struct rte_mbuf *src,
		const struct wd_crypto_lead *dst_lead, const struct rte_mbuf *dst, uint32_t src_off,
		uint32_t src_len, uint32_t dst_off, uint32_t dst_len);

/** Copy [off, off + len) of one packet to the same place in another. */
enum wd_crypto_build wd_crypto_packet_copy(
		struct rte_mbuf *dst, struct rte_mbuf *src, uint32_t off, uint32_t len);

#endif /* WD_CRYPTO_MAP_H */
