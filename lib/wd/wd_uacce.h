/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * The parts of the uacce transport: wd_uacce.c opens devices and their queues,
 * wd_uacce_sysfs.c finds devices, wd_uacce_mem.c registers memory.
 *
 * Functions return 0 or -errno, and the one that finds the error logs it.
 */

#ifndef WD_UACCE_H
#define WD_UACCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rte_wd.h"

/** What sysfs says about a device. */
struct wd_uacce_attrs {
	struct rte_wd_dev_info info;
	size_t mmio_size; /* bytes */
	size_t dus_size;
	char why[128]; /* it is refused */
	int dir; /* of the device, while it is read */
};

/** Where the kernel shows classes; a test looks elsewhere. */
extern const char *wd_uacce_class_root;

/** Transport's scan(). */
int wd_uacce_scan(rte_wd_dev_cb cb, void *arg);

/** Find the device called name; logs why it cannot be had. -ENODEV. */
int wd_uacce_find(const char *name, struct wd_uacce_attrs *attrs);

/**
 * A queue was opened on a device that reaches registered memory only: fd serves
 * for registering, and what was added before is registered now if it was not.
 */
int wd_uacce_mem_queue_opened(const char *dev, int fd);
/** Before the close() of an fd, also of one that was never told of. */
void wd_uacce_mem_queue_closing(int fd);

/**
 * Let a device see [va, va + len), whole hugepages. With physical set the device
 * must know them as [iova, iova + len).
 */
int wd_uacce_mem_add(const char *dev, void *va, uint64_t iova, size_t len, bool physical);
/** Take back what was added at va. -ENOENT: nothing was. */
int wd_uacce_mem_remove(const char *dev, void *va);

#endif /* WD_UACCE_H */
