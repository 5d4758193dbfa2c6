/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * HiSilicon Queue Management (QM): completion entries, doorbells, status words
 * and scatter-gather lists, as user space sees them.
 *
 * All fields are little endian. No datasheet is public; each fact was read in
 * the Linux driver (drivers/crypto/hisilicon/qm.c, sgl.c) and in UADK
 * (drv/hisi_qm_udrv.c), doc/hardware.md says which. V1 is not supported.
 */

#ifndef HISI_QM_H
#define HISI_QM_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

/** Interface strings in the sysfs attribute `api`. */
#define HISI_QM_API_V2 "hisi_qm_v2" /* Kunpeng 920 */
#define HISI_QM_API_V3 "hisi_qm_v3" /* Kunpeng 930, and V4 */
#define HISI_QM_API_PREFIX "hisi_qm_v"

/** Ring depth when the kernel does not report one, in entries. */
#define HISI_QM_DEFAULT_DEPTH 1024
/** Deepest ring this code supports: the indices are free-running 16-bit. */
#define HISI_QM_MAX_DEPTH 32768
/** Queue pairs of one function. */
#define HISI_QM_MAX_QUEUES 1024

/** Completion queue entry. The result itself is in the SQE, not here. */
struct hisi_qm_cqe {
	__le32 rsvd0;
	__le16 cmd_id;
	__le16 rsvd1;
	__le16 sq_head; /* index of the SQE this completes, below the SQ depth */
	__le16 sq_num; /* number of the SQ */
	__le16 rsvd2;
	__le16 phase; /* HISI_QM_CQE_PHASE, the other bits are ignored */
};
static_assert(sizeof(struct hisi_qm_cqe) == 16, "a CQE is 16 bytes");
static_assert(offsetof(struct hisi_qm_cqe, sq_head) == 8, "hisi_qm_cqe.sq_head");
static_assert(offsetof(struct hisi_qm_cqe, phase) == 14, "hisi_qm_cqe.phase");

/** Valid when equal to the expected phase: 1 on the first pass of the ring,
 * inverted at each wrap. Rings start zeroed.
 */
#define HISI_QM_CQE_PHASE 0x1

/* The second 8-byte word of a CQE holds all that a consumer needs; one aligned
 * load reads index and phase together.
 */
#define HISI_QM_CQE_W1_OFFSET 8
#define HISI_QM_CQE_W1_SQ_HEAD_MASK 0xffffULL
#define HISI_QM_CQE_W1_SQ_NUM_SHIFT 16
#define HISI_QM_CQE_W1_PHASE_SHIFT 48
#define HISI_QM_CQE_W1_PHASE (1ULL << HISI_QM_CQE_W1_PHASE_SHIFT)

/* Doorbell: one naturally aligned 64-bit store. */
#define HISI_QM_DB_OFFSET 0x1000 /* in the MMIO region, V2 and later */
static_assert(HISI_QM_DB_OFFSET % sizeof(uint64_t) == 0, "doorbells are aligned");
#define HISI_QM_DB_QN_MASK 0x3ffULL
#define HISI_QM_DB_CMD_SHIFT 12
#define HISI_QM_DB_CMD_MASK 0xfULL
#define HISI_QM_DB_RAND_SHIFT 16 /* must equal the queue context's tag, 0 in practice */
#define HISI_QM_DB_RAND_MASK 0xffffULL
#define HISI_QM_DB_INDEX_SHIFT 32
#define HISI_QM_DB_INDEX_MASK 0xffffULL
#define HISI_QM_DB_PRIO_SHIFT 48

/** Doorbell commands. */
#define HISI_QM_DB_CMD_SQ 0ULL /* index: new tail, the next slot to fill */
#define HISI_QM_DB_CMD_CQ 1ULL /* index: new head, the next slot to read; prio 1 arms the event */

/* Status words, 32 bit each, at the very end of the DUS region: 0 fine, 1 dead. */
#define HISI_QM_STATUS_RECV_FROM_END 8
#define HISI_QM_STATUS_SEND_FROM_END 4

/** Queue type written into the SQ context by the QP_CTX ioctl. */
#define HISI_SEC_QC_TYPE 0
#define HISI_ZIP_QC_TYPE_COMPRESS 0
#define HISI_ZIP_QC_TYPE_DECOMPRESS 1

/** Scatter-gather list header; entries follow it directly. */
struct hisi_sgl {
	__le64 next_dma; /* address of the next list, 0 = last */
	__le16 entry_sum_in_chain; /* written for UADK's sake, not read by the device */
	__le16 entry_sum_in_sgl; /* entries in use in this list */
	__le16 entry_length_in_sgl; /* capacity of this list */
	__le16 pad;
	__le64 software[6]; /* the device neither uses nor changes it */
};
static_assert(sizeof(struct hisi_sgl) == 64, "an SGL header is 64 bytes");
static_assert(offsetof(struct hisi_sgl, entry_sum_in_sgl) == 10, "hisi_sgl.entry_sum_in_sgl");

struct hisi_sge {
	__le64 addr;
	__le64 page_ctrl; /* not read by the device: Linux keeps a pointer of its own there */
	__le32 len; /* 1 byte to HISI_SGE_MAX_LEN */
	__le32 pad;
	__le64 pad1;
};
static_assert(sizeof(struct hisi_sge) == 32, "an SGL entry is 32 bytes");
static_assert(offsetof(struct hisi_sge, len) == 16, "hisi_sge.len");

#define HISI_SGL_ALIGN 64 /* start address of a list, in bytes */
#define HISI_SGL_MAX_ENTRIES 255 /* of one list; more go into a chain */
#define HISI_SGE_MAX_LEN (8U << 20)

#endif /* HISI_QM_H */
