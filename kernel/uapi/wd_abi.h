/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * What wd.ko adds to the interface of uacce_abi.h: memory for devices that do
 * not share the page tables of the process.
 *
 * Memory belongs to the process. What is registered through any queue serves
 * every queue the process opened before and every one it opens after, on every
 * device of wd.ko, and is given back when the process closes its last queue. An
 * open() right after that waits for it, for two seconds at most.
 *
 * poll() gives POLLIN once for what the device has told of since the last time,
 * and each look of the kernel is such a time, as with mainline's drivers: one made
 * by EPOLL_CTL_ADD or EPOLL_CTL_MOD may take what epoll_wait() then sleeps for. So
 * look at the ring after arming, and before sleeping.
 *
 * Each argument begins with its size, so that it can grow: a shorter one is
 * taken as if it ended in zeros, a longer one is E2BIG unless what the kernel
 * does not know is zero. Reserved fields must be zero.
 *
 * Errors of every call, and of mmap(): EPERM, the caller is not the process
 * that opened the queue (a child after fork() or exec(), or who was sent the
 * file descriptor); ENXIO, the device is gone; EFAULT, a pointer is not valid.
 */

#ifndef WD_ABI_H
#define WD_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** Device attribute: how the device reaches memory, a WD_MEMORY_* word. */
#define WD_ATTR_MEMORY "memory"
#define WD_MEMORY_SVA "sva" /* all memory of the process, by its virtual address */
#define WD_MEMORY_REGISTERED "registered" /* what was registered, by its virtual address */
#define WD_MEMORY_PHYSICAL "physical" /* no IOMMU: any memory of the machine, unsafe */

/** Argument of WD_IOC_INFO, all but size out. */
struct wd_info {
	__u32 size; /* of this struct */
	__u32 version; /* of this interface: WD_ABI_VERSION */
	/* Doorbells in the MMIO region, bytes. Where the doorbell is plain memory a CQ
	 * command may hide an SQ command that was not seen yet, so they are apart.
	 */
	__u32 sq_db_offset;
	__u32 cq_db_offset;
	/* addresses that can be registered */
	__u64 va_min;
	__u64 va_max; /* the last byte */
	__u64 reserved;
};
_Static_assert(sizeof(struct wd_info) == 40, "wd_info is 40 bytes");

#define WD_ABI_VERSION 1

/**
 * Argument of WD_IOC_MEM_REGISTER and WD_IOC_MEM_UNREGISTER: [va, va + len).
 *
 * Register: the range must be hugepages (hugetlb) of the caller, whole ones,
 * readable and writable, and not inherited by children (MADV_DONTFORK). They
 * are pinned and charged to the limit of locked memory (RLIMIT_MEMLOCK) unless
 * the caller has CAP_IPC_LOCK. All of it or nothing.
 *
 * Unregister: any whole hugepages that are registered. When it returns the
 * device does not reach them any more.
 */
struct wd_mem {
	__u32 size; /* of this struct */
	__u32 reserved;
	__u64 va;
	__u64 len; /* bytes */
	/* Register, WD_MEMORY_PHYSICAL only, else 0: pointer to an array of __u64 that
	 * receives the device's address of each hugepage of the range, in order.
	 */
	__u64 dev_addrs;
	__u64 nb_dev_addrs; /* elements in that array; ENOSPC: too few, as EFAULT below */
};
_Static_assert(sizeof(struct wd_mem) == 40, "wd_mem is 40 bytes");

/*
 * Errors of MEM_REGISTER beyond those above:
 *
 *     EINVAL      zero length, not aligned to the hugepages it covers, wraps around
 *     EFAULT      part of the range is not mapped; or dev_addrs is not, then the range is
 *                 registered all the same if another thread was told EALREADY of it
 *     EMEDIUMTYPE part of it is not hugetlb memory: a file, shared or anonymous memory
 *     EACCES      part of it is not readable and writable
 *     ECHILD      part of it would be inherited by a child: madvise(MADV_DONTFORK) first
 *     EALREADY    all of it is registered
 *     EEXIST      part of it is registered
 *     ENOMEM      over the limit of locked memory; or the kernel has none left
 *     ERANGE      the device cannot address it: outside va_min to va_max, or reserved
 *     ENOTTY      the device shares the page tables (WD_MEMORY_SVA): needs no registration
 *
 * of MEM_UNREGISTER: EINVAL; ENOENT, part of the range is not registered; EBUSY,
 * a queue of the process runs on a device that no IOMMU confines, or a device did
 * not stop.
 */
/* The size in these numbers is not looked at: it grows with the structs, which say theirs. */
#define WD_IOC_INFO _IOWR('W', 0x80, struct wd_info)
#define WD_IOC_MEM_REGISTER _IOWR('W', 0x81, struct wd_mem)
#define WD_IOC_MEM_UNREGISTER _IOWR('W', 0x82, struct wd_mem)

#endif /* WD_ABI_H */
