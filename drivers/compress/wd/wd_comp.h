/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file Private types of the compression driver. */

#ifndef WD_COMP_H
#define WD_COMP_H

#include <rte_compressdev.h>
#include <rte_compressdev_pmd.h>
#include <rte_spinlock.h>

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

/**
 * Of private xforms and streams, which descriptors they are for: version, addressing, and
 * whether codes may be fixed. So that ops with a stale one, or another driver's or
 * device's, are refused.
 */
#define WD_COMP_KIND(version, va, fixed)                                                           \
	(0x57440000U | (uint32_t)(version) << 8 | ((va) ? 2U : 0U) | ((fixed) ? 1U : 0U))
/* Added to that of streams. */
#define WD_COMP_KIND_STREAM 0x80U

/** Private xform: read-only once created, shared by all lcores and queue pairs. */
struct wd_comp_xform {
	uint32_t kind; /* WD_COMP_KIND() */
	enum wd_comp_dir dir;
	enum rte_comp_checksum_type chksum;
	uint32_t trailer; /* bytes that the format has behind the data */
	/* the descriptor, all that ops have in common */
	uint8_t sqe[HISI_ZIP_SQE_SIZE] __rte_cache_aligned;
} __rte_cache_aligned;

#define WD_COMP_ADLER_START 1U /* the Adler-32 of nothing */

/**
 * A stream: its state is in the context buffer, which the device reads and writes,
 * and in the words of the descriptor that it hands back. One op at a time.
 */
struct wd_comp_stream {
	uint32_t kind; /* WD_COMP_KIND() and WD_COMP_KIND_STREAM */
	bool first; /* the device has not seen it yet */
	/* the side ring of the queue pair that has an op of it in flight, or NULL */
	const struct wd_side *busy;
	LIST_ENTRY(wd_comp_stream) next; /* of the device's */
	uint32_t ctx_dw[3];
	uint32_t isize, checksum;
	uint32_t adler; /* so far, see add_adler() */
	/* of the op in flight */
	uint32_t input; /* bytes given to the device, which may be fewer than the op has */
	bool end_only; /* the driver ends the stream, see build_end() */
	bool finish; /* the device ends it, when compressing */
	uint64_t ctx_addr; /* for the device */
	void *ctx; /* HISI_ZIP_CTX_SIZE bytes */
	struct wd_comp_xform xform;
};

/** Per descriptor, host only. */
struct wd_comp_slot {
	struct rte_comp_op *op;
	union {
		/* Of a stateless op with no trailer, of which nothing is left to do but to
		 * believe the device, the room at the destination in bytes. Of others less
		 * than anything that was produced, in two halves.
		 */
		int64_t plain_room;
		struct {
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
			uint32_t room; /* of plain ops, too */
			uint32_t kind;
#else
			uint32_t kind;
			uint32_t room;
#endif
		};
	};
};
static_assert(sizeof(struct wd_comp_slot) == 16, "two words");

/* A stateless op with a trailer, that has struct wd_comp_lists. */
#define WD_COMP_LISTED UINT32_MAX
/* An op that is neither plain nor listed. */
#define WD_COMP_OTHER (1U << 31)
/* Added to it: 1 and where in the side ring begins what the op has of that, in units. */
#define WD_COMP_SIDE_FROM(kind) ((kind) == WD_COMP_LISTED ? 0 : (kind) & ~WD_COMP_OTHER)

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
	/* A power of two, as many as may be in flight; NULL until a private xform of this
	 * direction needs them. A descriptor's are those of its index, masked.
	 */
	struct wd_comp_lists *lists;
	uint32_t lists_mask;
	uint64_t lists_delta; /* device address minus virtual address */
	const struct rte_memzone *lists_dma;
} __rte_cache_aligned;

struct wd_comp_qp {
	struct wd_comp_queue queues[WD_COMP_NB_DIRS];
	/* Of both directions. An op that has something of it is not plain; head is moved
	 * when there is no more room, see side_reclaim().
	 */
	struct wd_side side;
	struct rte_compressdev_stats stats;
	uint32_t kind; /* of the private xforms that it takes */
	const struct rte_memzone *side_dma;
	uint16_t id;
	int socket_id;
} __rte_cache_aligned;

/** Device-private data, in memory shared with secondary processes. */
struct wd_comp_dev {
	struct wd_dev *wd;
	unsigned int version;
	bool va; /* descriptors take virtual addresses, else those that EAL calls IOVA */
	bool fixed_huffman; /* the device can be told to use fixed codes */
	/* Private xforms, streams and queue pairs may come from several threads, and processes,
	 * and each wants something of the other.
	 */
	rte_spinlock_t lock;
	LIST_HEAD(, wd_comp_stream) streams;
	bool listed[WD_COMP_NB_DIRS]; /* queue pairs have struct wd_comp_lists in this direction */
	uint16_t max_nb_queue_pairs;
};

static inline uint32_t
wd_comp_kind(const struct wd_comp_dev *priv)
{
	return WD_COMP_KIND(priv->version, priv->va, priv->fixed_huffman);
}

/** Capabilities of a device, ended as compressdev wants it; static. */
const struct rte_compressdev_capabilities *wd_comp_caps_get(const struct wd_comp_dev *priv);

/**
 * Have all queue pairs, those to come too, at hand what stateless ops with a trailer
 * need. From any thread, as private xforms are created by lcores, too. 0 or -ENOMEM.
 */
int wd_comp_lists_need(struct rte_compressdev *dev, enum wd_comp_dir dir);

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
