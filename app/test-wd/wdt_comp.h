/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * A compress_wd device with its pools, for tests of the compression driver.
 * Written against the public compressdev API only, as an application is; zlib
 * says what is right.
 */

#ifndef WDT_COMP_H
#define WDT_COMP_H

#include <rte_comp.h>
#include <rte_compressdev.h>
#include <rte_mbuf.h>

#include "wdt.h"

#define WDT_COMP_FLAT_MAX 65535U /* bytes in one mbuf */
#define WDT_COMP_ROOM(len) ((len) + (len) / 4 + 64) /* enough for len bytes compressed */

struct wdt_comp {
	char name[64];
	uint8_t id;
	struct rte_mempool *ops; /* with room for a cookie, see wdt_comp_cookie() */
	struct rte_mempool *mbufs; /* small ones, for chains */
	struct rte_mempool *big; /* few of WDT_COMP_FLAT_MAX bytes */
};

/**
 * Create a vdev compress_wd with `dev=sim,` and these options, nb_qps queue pairs
 * of nb_desc descriptors, pools, and start it. Prints why not. 0 or -1.
 */
int wdt_comp_open(struct wdt_comp *c, const char *options, uint16_t nb_qps, uint16_t nb_desc);
/** Stop, close and remove. Checks that all objects are back in their pools: -1 if not. */
int wdt_comp_close(struct wdt_comp *c);
/** Open, run body, close; the worse of both results. */
int wdt_comp_with(const char *options, uint16_t nb_qps, uint16_t nb_desc,
		int (*body)(struct wdt_comp *c));
/** Set queue pair qp up (again), with the device stopped meanwhile. */
int wdt_comp_qp_again(struct wdt_comp *c, uint16_t qp, uint16_t nb_desc);

/** Xforms that the driver takes, to be changed by those who want others. */
struct rte_comp_xform wdt_comp_deflate(enum rte_comp_checksum_type chksum);
struct rte_comp_xform wdt_comp_inflate(enum rte_comp_checksum_type chksum);
/** NULL if refused. */
void *wdt_comp_xform(struct wdt_comp *c, const struct rte_comp_xform *xform);

/**
 * A packet of len bytes, all of its buffers filled with guard bytes: one mbuf, or
 * a chain of many sizes, some of them zero. NULL if a pool is empty.
 */
struct rte_mbuf *wdt_comp_packet(struct wdt_comp *c, uint32_t len, bool chain);
/** Copy to, and from, the bytes from off on. */
void wdt_comp_write(struct rte_mbuf *m, uint32_t off, const uint8_t *data, uint32_t len);
void wdt_comp_read(const struct rte_mbuf *m, uint32_t off, uint8_t *data, uint32_t len);
/** Whether the packet's buffers have guard bytes outside [off, off + len). */
bool wdt_comp_guarded(const struct rte_mbuf *m, uint32_t off, uint32_t len);

/** A stateless op, whole of src to whole of dst, with a cookie; NULL if the pool is empty. */
struct rte_comp_op *wdt_comp_op(struct wdt_comp *c, void *xform, struct rte_mbuf *src,
		struct rte_mbuf *dst, uint64_t cookie);
uint64_t wdt_comp_cookie(const struct rte_comp_op *op);
/** Free an op and its mbufs. */
void wdt_comp_op_free(struct rte_comp_op *op);
/** Poll until nb ops are back or timeout_ms passed; returns how many. */
uint16_t wdt_comp_dequeue_wait(struct wdt_comp *c, uint16_t qp, struct rte_comp_op **ops,
		uint16_t nb, unsigned int timeout_ms);

/** One op by itself, and what came of it. */
struct wdt_comp_job {
	void *xform;
	const uint8_t *in;
	uint32_t in_len;
	uint8_t *out; /* at least room bytes; has guard bytes where nothing was written */
	uint32_t room;
	bool src_chain, dst_chain; /* flat if it fits otherwise */
	uint32_t src_off, dst_off;
	/* out */
	enum rte_comp_op_status status;
	uint32_t consumed, produced;
	uint64_t chksum;
};

/**
 * Run it on queue pair 0. -1, with a message, if the op was not taken or not given
 * back, source or guard bytes changed, or produced and consumed are impossible.
 */
int wdt_comp_run(struct wdt_comp *c, struct wdt_comp_job *job);

/** One way through a stream: where it stands, and how its ops are made. */
struct wdt_comp_flow {
	struct wdt_comp *c;
	void *stream;
	const uint8_t *in;
	uint8_t *out;
	uint32_t in_len, in_pos, out_pos, out_room;
	uint32_t piece, room; /* the most of an op; each is cut at random below that */
	bool chain;
	bool empty_end; /* the last op has no data */
	bool check_busy; /* a stream with an op in flight cannot be freed; compressdev logs it */
	uint64_t chksum;
	enum rte_comp_op_status status;
};

/**
 * All of the input through a new stream on queue pair 0, as many ops as it takes;
 * out of space is no error. WDT_PASS or WDT_FAIL.
 */
int wdt_comp_flow_run(struct wdt_comp_flow *f, const struct rte_comp_xform *xform);
/** The same through f->stream, which stays. */
int wdt_comp_flow_go(struct wdt_comp_flow *f);

/* ---- what is right ---- */

enum wdt_comp_kind {
	WDT_COMP_TEXT,
	WDT_COMP_RANDOM,
	WDT_COMP_ZERO,
	WDT_COMP_NB_KINDS,
};

void wdt_comp_fill(uint8_t *data, uint32_t len, enum wdt_comp_kind kind);
/** Raw deflate by zlib; the length, 0 if it does not fit. */
uint32_t wdt_zlib_deflate(const uint8_t *in, uint32_t len, uint8_t *out, uint32_t room, int level,
		int strategy);
/**
 * Raw inflate by zlib, with a window of this size: the length, and what was used of
 * the input; -1 if the stream is bad, truncated, or has no room.
 */
int64_t wdt_zlib_inflate(const uint8_t *in, uint32_t len, uint8_t *out, uint32_t room,
		int window_bits, uint32_t *used);
/** CRC-32, Adler-32, or that in front of the other; 0 for RTE_COMP_CHECKSUM_NONE. */
uint64_t wdt_zlib_checksum(enum rte_comp_checksum_type type, const uint8_t *data, uint32_t len);
/** Which block types a good stream has: 1 << type. */
unsigned int wdt_zlib_blocks(const uint8_t *in, uint32_t len);

#endif /* WDT_COMP_H */
