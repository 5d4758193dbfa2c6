/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * /dev/wd_emu, between wd_emu.ko and a daemon that is the hardware side of an
 * emulated accelerator.
 *
 * One open file is one device: WD_EMU_IOC_ATTACH makes it, or takes over one
 * whose daemon has gone. Then the daemon reads events, one struct wd_emu_event
 * a queue that was started or is to be stopped, and answers each with
 * WD_EMU_IOC_ACK; a client's call waits for the answer, for a bounded time. From
 * the START event on it may map the queue's rings and doorbells. From its answer
 * to that until the STOP event it polls the doorbells and reaches the client's
 * memory by WD_EMU_IOC_ACCESS.
 *
 * The kernel knows nothing of what is in rings and doorbells. It decides what
 * memory may be reached: registered memory of the process that opened the
 * queue, or (SVA) its address space, and only while the queue runs.
 *
 * Closing the file is a reset of the device: both status words of each queue
 * become 1, its starts fail with EIO, and open() with EPERM, until a daemon is
 * there again. The device itself goes with the module.
 *
 * Opening needs CAP_SYS_ADMIN. Errors: ENODEV before ATTACH, EALREADY for a
 * second one; ESHUTDOWN for a queue that does not run; EFAULT for a pointer that
 * is not valid; EINVAL for a size, a queue number, a reserved field or a value
 * outside the limits below.
 */

#ifndef WD_EMU_ABI_H
#define WD_EMU_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define WD_EMU_NODE "/dev/wd_emu"
#define WD_EMU_MAX_QUEUES 1024
#define WD_EMU_MAX_REGION (16U << 20) /* bytes */
#define WD_EMU_MAX_ACCESS (1U << 20) /* bytes a call */
#define WD_EMU_NAME_LEN 32
#define WD_EMU_API_LEN 64
#define WD_EMU_ALGORITHMS_LEN 384

/** Argument of WD_EMU_IOC_ATTACH; all in but the last two. */
struct wd_emu_attach {
	__u32 size; /* of this struct */
	__u32 flags; /* UACCE_FLAG_SVA: the device shares the page tables of its clients */
	char name[WD_EMU_NAME_LEN]; /* without the number: "hisi_sec2" */
	char api[WD_EMU_API_LEN];
	char algorithms[WD_EMU_ALGORITHMS_LEN]; /* a line each, the last one ended too */
	__u32 nb_queues;
	__u32 max_qc_type; /* of QP_CTX */
	__u32 sqe_size; /* of QP_INFO, like the next two */
	__u16 sq_depth;
	__u16 cq_depth;
	__u32 mmio_size; /* whole pages */
	__u32 dus_size;
	__u32 sq_db_offset; /* of WD_IOC_INFO; both below mmio_size */
	__u32 cq_db_offset;
	/* the status words at the end of the DUS region, bytes from that end */
	__u32 send_status_from_end;
	__u32 recv_status_from_end;
	/* Which device with this name: its number, or -1: the first one that has no
	 * daemon and the same values as above, else a new one. Out: the one it is.
	 * EBUSY: it has a daemon. EEXIST: it is not of the same values. EINVAL: 1024 or more.
	 */
	__s32 id;
	__u32 reserved;
};
_Static_assert(sizeof(struct wd_emu_attach) == 536, "wd_emu_attach is 536 bytes");

enum wd_emu_event_type {
	WD_EMU_START = 1, /* runs from the answer on; rings, doorbells and status are zero */
	/* After the answer the daemon must not touch rings or doorbells: the number may be
	 * another client's. Until then it is nobody's, also if the client did not wait.
	 */
	WD_EMU_STOP = 2,
};

/** One of these a read(), or EAGAIN with O_NONBLOCK; poll() tells. */
struct wd_emu_event {
	__u32 type; /* enum wd_emu_event_type */
	__u16 qn;
	__u16 qc_type;
	__s32 pid; /* of the client, for messages */
	__u32 reserved;
};
_Static_assert(sizeof(struct wd_emu_event) == 16, "wd_emu_event is 16 bytes");

/** An answer to a START that the client gave up meanwhile is taken; a STOP follows. */
struct wd_emu_ack {
	__u32 size; /* of this struct */
	__u16 qn;
	__u16 type; /* of the event */
	__s32 error; /* 0, or an errno: the queue does not start, and why */
	__u32 reserved;
};
_Static_assert(sizeof(struct wd_emu_ack) == 16, "wd_emu_ack is 16 bytes");

/**
 * Move bytes between the daemon and the client of a queue.
 *
 * EFAULT: the client has no such memory, or not for writing; a part may have
 * been moved. ESHUTDOWN: the queue does not run. ETIMEDOUT: the client's memory
 * did not come in time (a page that another process supplies): all queues that the
 * client has on this device are dead from now on.
 */
struct wd_emu_access {
	__u32 size; /* of this struct */
	__u16 qn;
	__u16 write; /* 1: to the client; 0: from it */
	__u64 addr; /* of the client */
	__u64 buf; /* pointer of the daemon */
	__u64 len; /* bytes, up to WD_EMU_MAX_ACCESS */
};
_Static_assert(sizeof(struct wd_emu_access) == 32, "wd_emu_access is 32 bytes");

/** The queue has completions: wakes who sleeps in poll() on it. */
struct wd_emu_notify {
	__u32 size; /* of this struct */
	__u16 qn;
	__u16 reserved;
};
_Static_assert(sizeof(struct wd_emu_notify) == 8, "wd_emu_notify is 8 bytes");

#define WD_EMU_IOC_ATTACH _IOWR('W', 0xc0, struct wd_emu_attach)
#define WD_EMU_IOC_ACK _IOW('W', 0xc1, struct wd_emu_ack)
#define WD_EMU_IOC_ACCESS _IOW('W', 0xc2, struct wd_emu_access)
#define WD_EMU_IOC_NOTIFY _IOW('W', 0xc3, struct wd_emu_notify)

/** Offset to mmap() for a region (UACCE_REGION_*) of a running queue; sizes as attached. */
#define WD_EMU_MMAP_OFFSET(qn, region) (((__u64)(qn) << 32) | ((__u64)(region) << 28))

#endif /* WD_EMU_ABI_H */
