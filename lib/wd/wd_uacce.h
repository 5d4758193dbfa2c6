/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * The parts of the uacce transport: wd_uacce.c opens devices and their queues,
 * wd_uacce_sysfs.c finds devices.
 *
 * Functions return 0 or -errno, and the one that finds the error logs it.
 */

#ifndef WD_UACCE_H
#define WD_UACCE_H

#include <stddef.h>

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

#endif /* WD_UACCE_H */
