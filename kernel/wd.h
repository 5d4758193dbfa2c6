/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Copyright (c) 2026 the wd authors
 *
 * wd.ko: queues of accelerators as character devices, for the drivers below it.
 *
 * Objects and how long they live:
 *
 *   wd_device  from wd_register() until the last queue of it is torn down
 *   wd_process one per mm that has a queue open, on whatever device
 *   wd_queue   from open() until its teardown, which close() leaves to a
 *              workqueue: it may wait for the device, close() must not
 *
 * Locks, in the order they are taken:
 *
 *   wd_process.lock  what is registered. Held while a daemon's memory is touched,
 *                    which takes that mm's mmap_lock, so it is never taken in
 *                    mmap(); never over pinning, which may take long
 *   wd_device.lock   whether the device is there, its queues, its domain
 *   wd_queue.lock    state of the queue; held while the driver starts or stops
 *                    it, so the mm's mmap_lock is never taken below it
 *   wd_queue.vma_lock  what is mapped; a leaf, also taken in mmap() and munmap()
 */
#ifndef WD_H
#define WD_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "uapi/uacce_abi.h"
#include "uapi/wd_abi.h"

#define WD_NB_REGIONS 2

/* How long open() waits for what close() left to be done. */
#define WD_CLOSE_TIMEOUT (2 * HZ)
/* Regions as offsets of VMAs, unlike those given to mmap(): pages of one are not also the next */
#define WD_REGION_SHIFT 20

struct iommu_domain;
struct iommu_sva;
struct wd_queue;

enum wd_memory {
	WD_SVA_IOMMU, /* the IOMMU walks the page tables of the process */
	WD_SVA_DRIVER, /* the driver itself reads and writes in the mm of the process */
	WD_REGISTERED_IOMMU, /* registered hugepages in the domain of the device */
	WD_REGISTERED_DRIVER, /* registered hugepages, by wd_queue_copy() */
	WD_PHYSICAL, /* no IOMMU, physical addresses: parameter and CAP_SYS_RAWIO */
};

enum wd_queue_state {
	WD_QUEUE_ZOMBIE, /* closed, or the device is gone: nothing is allowed */
	WD_QUEUE_INIT,
	WD_QUEUE_STARTED,
};

struct wd_device;

/*
 * What a driver gives. get, put and available run with wd_device.lock held,
 * start, stop, qp_ctx, qp_info and ready with wd_queue.lock; none of them runs
 * when wd_unregister() has returned.
 */
struct wd_ops {
	/* Take a queue; sets q->id and q->priv. -EBUSY: none left; -EPERM: stopped. */
	int (*get)(struct wd_queue *q);
	/* Give it back: the device is quiet, its registers are not mapped; other regions may be.
	 * Not called any more when a queue of the device did not stop: it may be using what it has.
	 */
	void (*put)(struct wd_queue *q);
	/* -ENXIO, -EIO, -ETIMEDOUT: it does not run. May sleep for a bounded time. */
	int (*start)(struct wd_queue *q);
	/* Returns when the device touches no memory of the process; an error says it cannot be
	 * made to: then the memory stays pinned and the device is given up.
	 */
	int (*stop)(struct wd_queue *q);
	/* Map a region of pages into vma, whose flags are set already; the size was checked.
	 * Below mmap_lock and wd_queue.vma_lock.
	 */
	int (*mmap)(struct wd_queue *q, unsigned int region, struct vm_area_struct *vma);
	/* First page frame of a region of device registers. Below the same locks. */
	unsigned long (*pfn)(struct wd_queue *q, unsigned int region);
	/* QP_CTX and QP_INFO, the argument already copied from and to be copied to the caller. */
	int (*qp_ctx)(struct wd_queue *q, struct uacce_qp_ctx *ctx);
	int (*qp_info)(struct wd_queue *q, struct uacce_qp_info *info);
	/* Whether completions wait to be seen; q->wait is woken when they come. May be NULL. */
	bool (*ready)(struct wd_queue *q);
	/* Queues that get() would still hand out. */
	int (*available)(struct wd_device *wdev);
};

/* What a driver says of a device; strings and ops outlive it. */
struct wd_config {
	const char *name; /* without the number */
	const char *api;
	const char *algorithms; /* one a line, each ended */
	enum wd_memory memory;
	int id; /* the number wanted, -1: any */
	unsigned long region_size[WD_NB_REGIONS]; /* bytes, whole pages; 0: no such region */
	/* Device registers, taken out of the processes when the device goes; other
	 * regions are pages that stay valid as long as they are mapped.
	 */
	bool region_is_device[WD_NB_REGIONS];
	u32 sq_db_offset;
	u32 cq_db_offset;
	const struct wd_ops *ops;
};

struct wd_device {
	struct device dev;
	struct cdev cdev;
	struct wd_config conf;
	void *priv; /* of the driver */
	int id;
	struct mutex lock;
	bool iopf; /* the IOMMU was told to handle its page faults */
	bool gone; /* wd_unregister() began: no further opens */
	struct list_head queues;
	struct iommu_domain *domain; /* WD_REGISTERED_IOMMU, while process is set */
	struct wd_process *process; /* the one whose memory the domain shows */
	struct list_head process_node; /* wd_process.devices */
	unsigned int domain_users; /* queues of it */
	atomic_t nb_closing; /* queues whose teardown is to come or under way */
	atomic_t nb_closed; /* since ever; closed is woken when it changes */
	wait_queue_head_t closed;
	bool stuck; /* did not stop: keeps its domain and what is pinned in it */
};

struct wd_process {
	struct list_head node;
	struct mm_struct *mm; /* mmgrab()bed: identity and accounting, not its pages */
	unsigned int refs; /* queues; guarded by the list's lock, as is nb_open */
	unsigned int nb_open; /* of them, not closed yet */
	struct rw_semaphore lock;
	struct rb_root pages; /* struct wd_page by virtual address */
	struct list_head kept; /* struct wd_page, unregistered, that a device may still reach */
	struct list_head devices; /* struct wd_device.process_node */
	atomic_t nb_unconfined; /* queues that run without an IOMMU */
	bool leaked; /* a device that did not stop may still reach the pages */
};

struct wd_queue {
	struct wd_device *wdev;
	struct wd_process *process;
	struct mm_struct *mm; /* of the opener, the same as process->mm */
	void *priv; /* of the driver */
	unsigned int id; /* number on the device */
	pid_t pid; /* of the opener, for messages */
	struct list_head node; /* wd_device.queues */
	bool taken; /* ops->put() is owed; guarded by wd_device.lock */
	struct mutex lock;
	enum wd_queue_state state;
	struct mutex vma_lock;
	bool vma_refused; /* the device is gone */
	unsigned int mapped[WD_NB_REGIONS];
	struct address_space *mapping; /* of the file, until it is closed */
	struct iommu_sva *sva;
	wait_queue_head_t wait;
	struct work_struct teardown;
};

/* --- for drivers: wd_core.c, wd_mem.c --- */

/*
 * Make /dev/<conf->name>-<number>. The memory asked for is what it gets, or an
 * error: -EOPNOTSUPP, the machine has no such thing; -EPERM, it does not keep the
 * device from forging interrupts, as the kernel's log says. -EINVAL: there are no
 * such numbers, -EEXIST: the number is taken.
 */
struct wd_device *wd_register(struct device *parent, const struct wd_config *conf, void *priv);
/* All queues are stopped when it returns, and no op runs or will run. */
void wd_unregister(struct wd_device *wdev);

/*
 * Move bytes between [addr, addr + len) of a queue's process, in what it has
 * registered, and a buffer of the calling task. -EFAULT: not registered, or buf
 * is bad. Only while the driver knows that the queue is not put.
 */
int wd_queue_copy(struct wd_queue *q, u64 addr, void __user *buf, size_t len, bool write);

/* --- inside wd.ko --- */

extern struct workqueue_struct *wd_teardown_wq; /* wd_core.c */

extern const struct file_operations wd_fops; /* wd_file.c */
void wd_queue_halt(struct wd_queue *q);
void wd_queue_give_back(struct wd_queue *q);

struct wd_process *wd_process_open(struct mm_struct *mm); /* wd_mem.c */
void wd_process_close(struct wd_process *p);
void wd_process_hold(struct wd_process *p);
void wd_process_put(struct wd_process *p);
int wd_process_attach(struct wd_process *p, struct wd_device *wdev);
void wd_process_detach(struct wd_process *p, struct wd_device *wdev);
void wd_process_detach_all(struct wd_process *p, struct wd_device *wdev);
int wd_mem_register(struct wd_queue *q, const struct wd_mem *arg);
int wd_mem_unregister(struct wd_queue *q, const struct wd_mem *arg);
void wd_device_va_range(struct wd_device *wdev, u64 *min, u64 *max);

#endif /* WD_H */
