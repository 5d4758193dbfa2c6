/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * uacce: accelerator queues as character devices, what user space and kernel
 * agree on.
 *
 * Each open() of /dev/<name> takes one queue pair; the last close() gives it
 * back. Two regions of it can be mapped, once each. The calls in order: open,
 * QP_CTX, QP_INFO, mmap of both regions, START_Q, the data path, PUT_Q, munmap,
 * close.
 *
 * For user space and the kernel module alike, so nothing but <linux/...> is
 * included. What wd.ko adds is in wd_abi.h.
 */

#ifndef UACCE_ABI_H
#define UACCE_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Device attributes: text, one value and a newline. */
#define UACCE_ATTR_API "api" /* interface string, HISI_QM_API_* */
#define UACCE_ATTR_FLAGS "flags" /* decimal, UACCE_FLAG_* */
#define UACCE_ATTR_ALGORITHMS "algorithms" /* tokens, one a line */
#define UACCE_ATTR_AVAILABLE "available_instances" /* queues that open() can still get */
#define UACCE_ATTR_MMIO_SIZE "region_mmio_size" /* bytes; absent if there is no such region */
#define UACCE_ATTR_DUS_SIZE "region_dus_size"
#define UACCE_ATTR_ISOLATE "isolate" /* 1: too many errors, do not use; absent on older kernels */
#define UACCE_ATTR_NUMA_NODE "device/numa_node" /* of the parent; -1: unknown */

/** Descriptors take virtual addresses of the process that opened the queue. */
#define UACCE_FLAG_SVA (1U << 0)

/* Regions: the offset to mmap() is the number times the page size. */
#define UACCE_REGION_MMIO 0 /* doorbells */
#define UACCE_REGION_DUS 1 /* rings and status words; mapped whole or not at all */

/** Argument of UACCE_IOC_QP_CTX, in the byte order of the host like the next one. */
struct uacce_qp_ctx {
	__u16 id; /* out: number of the queue, for doorbells */
	__u16 qc_type; /* in: HISI_*_QC_TYPE* */
};
_Static_assert(sizeof(struct uacce_qp_ctx) == 4, "uacce_qp_ctx is 4 bytes");
_Static_assert(__builtin_offsetof(struct uacce_qp_ctx, qc_type) == 2, "uacce_qp_ctx.qc_type");

/** Argument of UACCE_IOC_QP_INFO, all of it out. */
struct uacce_qp_info {
	__u32 sqe_size; /* bytes */
	__u16 sq_depth; /* entries */
	__u16 cq_depth;
	__u64 reserved; /* 0 */
};
_Static_assert(sizeof(struct uacce_qp_info) == 16, "uacce_qp_info is 16 bytes");
_Static_assert(__builtin_offsetof(struct uacce_qp_info, cq_depth) == 6, "uacce_qp_info.cq_depth");
_Static_assert(__builtin_offsetof(struct uacce_qp_info, reserved) == 8, "uacce_qp_info.reserved");

/* Of the uacce core, without argument. */
#define UACCE_IOC_START_Q                                                                          \
	_IO('W', 0) /* an opened queue starts to work; EINVAL if it does already */
/** Stop the queue. Later kernels keep it for the opener until close(); those up to
 * about 6.1, and openEuler's, release it at once: the next open() may get it.
 */
#define UACCE_IOC_PUT_Q _IO('W', 1)
/* Of the queue management driver. Kernels without QP_INFO answer EINVAL. */
#define UACCE_IOC_QP_CTX _IOWR('H', 10, struct uacce_qp_ctx)
#define UACCE_IOC_QP_INFO _IOWR('H', 11, struct uacce_qp_info)
_Static_assert(UACCE_IOC_START_Q == 0x5700, "START_Q");
_Static_assert(UACCE_IOC_PUT_Q == 0x5701, "PUT_Q");
_Static_assert(UACCE_IOC_QP_CTX == 0xc004480a, "QP_CTX");
_Static_assert(UACCE_IOC_QP_INFO == 0xc010480b, "QP_INFO");

#endif /* UACCE_ABI_H */
