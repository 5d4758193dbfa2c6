/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file Private types of the compression driver. */

#ifndef WD_COMP_H
#define WD_COMP_H

#include <rte_compressdev.h>
#include <rte_compressdev_pmd.h>

#include "hisi_zip.h"
#include "rte_wd_driver.h"
#include "wd_queue.h"
#include "wd_sgl.h"

extern int wd_comp_logtype;

#define WD_COMP_LOG(level, fmt, ...)                                                               \
	rte_log(RTE_LOG_##level, wd_comp_logtype, "compress_wd: " fmt "\n", ##__VA_ARGS__)

/** The direction is the queue's, so a queue pair has a queue for each. */
enum wd_comp_dir {
	WD_COMP_COMPRESS,
	WD_COMP_DECOMPRESS,
	WD_COMP_NB_DIRS,
};

/** In a private xform, so that ops with a stale one or another driver's are refused. */
#define WD_COMP_MAGIC 0x5744434fU

/** Private xform: read-only once created, shared by all lcores and queue pairs. */
struct wd_comp_xform {
	uint32_t magic;
	enum wd_comp_dir dir;
	enum rte_comp_checksum_type chksum;
	uint32_t trailer; /* bytes that the format has behind the data */
	/* the descriptor, all that ops have in common */
	uint8_t sqe[HISI_ZIP_SQE_SIZE] __rte_cache_aligned;
} __rte_cache_aligned;

#define WD_COMP_STREAM_MAGIC 0x57445354U

#define WD_COMP_ADLER_START 1U /* the Adler-32 of nothing */

/**
 * A stream: its state is in the context buffer, which the device reads and writes,
 * and in the words of the descriptor that it hands back. One op at a time.
 */
struct wd_comp_stream {
	uint32_t magic;
	bool first; /* the device has not seen it yet */
	bool busy; /* an op is in flight */
	uint32_t ctx_dw[3];
	uint32_t isize, checksum;
	uint32_t adler; /* so far, see add_adler() */
	uint64_t ctx_addr; /* for the device */
	void *ctx; /* HISI_ZIP_CTX_SIZE bytes */
	struct wd_comp_xform xform;
};

/** Per descriptor, host only. */
struct wd_comp_slot {
	struct rte_comp_op *op;
	/* Of a stateless op with no trailer, of which nothing is left to do but to believe
	 * the device, the room at the destination in bytes; of others what follows.
	 */
	int64_t plain_room;
	uint32_t room; /* of ops that are not plain */
	/* ops that are neither plain nor listed; the others take nothing of the side ring */
	uint32_t side_tail; /* after this op */
	uint32_t input; /* bytes given to the device, which may be fewer than the op has */
	bool end_only; /* the driver ends the stream, see build_end() */
	bool finish; /* of a stream: the device ends it, when compressing */
};

/* Less than anything that was produced. */
#define WD_COMP_NOT_PLAIN (-1)
#define WD_COMP_LISTED (-2) /* a stateless op with a trailer, that has struct wd_comp_lists */

/**
 * The lists of an op that has a trailer and a segment each of source and destination,
 * for the device. What all such ops have in common is written once.
 */
struct wd_comp_lists {
	struct hisi_sgl trailed_list; /* of the side that has the trailer */
	struct hisi_sge trailed, trailer_entry;
	struct hisi_sgl other_list;
	struct hisi_sge other;
	uint8_t trailer[8]; /* the most that HISI_ZIP_ALG_* has: CRC-32 and length of gzip */
	uint8_t pad[24];
};
static_assert(sizeof(struct wd_comp_lists) % HISI_SGL_ALIGN == 0, "lists in a row are aligned");
static_assert(offsetof(struct wd_comp_lists, other_list) % HISI_SGL_ALIGN == 0, "and both of one");

/* For lists of about 4000 entries in sum. */
#define WD_COMP_SIDE_SIZE (128U << 10)
static_assert(WD_COMP_SIDE_SIZE % WD_SIDE_UNIT == 0, "whole units");

/** One hardware queue of a queue pair. */
struct wd_comp_queue {
	struct wd_queue q;
	struct wd_comp_slot *slots;
	struct wd_comp_lists *lists; /* one a slot */
	struct wd_side side;
	const struct rte_memzone *dma;
} __rte_cache_aligned;

struct wd_comp_qp {
	struct wd_comp_queue queues[WD_COMP_NB_DIRS];
	struct rte_compressdev_stats stats;
	uint16_t id;
} __rte_cache_aligned;

/** Device-private data, in memory shared with secondary processes. */
struct wd_comp_dev {
	struct wd_dev *wd;
	unsigned int version;
	bool sva;
	bool fixed_huffman; /* the device can be told to use fixed codes */
	uint16_t max_nb_queue_pairs;
};

/** Capabilities of a device, ended as compressdev wants it; static. */
const struct rte_compressdev_capabilities *wd_comp_caps_get(const struct wd_comp_dev *priv);

int wd_comp_xform_create(struct rte_compressdev *dev, const struct rte_comp_xform *xform,
		void **private_xform);
int wd_comp_xform_free(struct rte_compressdev *dev, void *private_xform);

int wd_comp_stream_create(
		struct rte_compressdev *dev, const struct rte_comp_xform *xform, void **stream);
/** -EBUSY while an op of the stream is in flight. */
int wd_comp_stream_free(struct rte_compressdev *dev, void *stream);
/** The next op begins anew, with neither state nor history. */
void wd_comp_stream_reset(struct wd_comp_stream *s);

/** Point the device's burst functions at the ones for its addressing. */
void wd_comp_zip_set_burst(struct rte_compressdev *dev);

#endif /* WD_COMP_H */
