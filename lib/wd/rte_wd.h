/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Accelerator devices, for applications.
 *
 * An application uses the devices through cryptodev and compressdev; all it
 * may want from here is to know what there is.
 */

#ifndef RTE_WD_H
#define RTE_WD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RTE_WD_NAME_LEN 64
#define RTE_WD_API_LEN 64
#define RTE_WD_ALGS_LEN 384 /* bytes of the sysfs attribute that are looked at */

/** Shared virtual addressing: the device reaches all memory of the process. */
#define RTE_WD_FLAG_SVA 0x1U
/** The device reaches hugepage memory that was registered, by its virtual address. */
#define RTE_WD_FLAG_REGISTERED 0x2U
/** No IOMMU confines the device: it takes physical addresses. */
#define RTE_WD_FLAG_PHYSICAL 0x4U

/** One device, as its transport describes it. */
struct rte_wd_dev_info {
	char name[RTE_WD_NAME_LEN]; /* what `dev=` takes: a uacce device name, or "sim" */
	char api[RTE_WD_API_LEN]; /* interface, "hisi_qm_v3" for example */
	char algorithms[RTE_WD_ALGS_LEN]; /* newline-separated tokens */
	const char *transport; /* "uacce" or "sim" */
	uint32_t flags; /* RTE_WD_FLAG_* */
	int numa_node; /* -1: unknown */
	int available_queues; /* that can still be opened now */
};

/** Called once a device; a non-zero return ends the iteration. */
typedef int (*rte_wd_dev_cb)(const struct rte_wd_dev_info *info, void *arg);

/**
 * Iterate over the devices of all loaded transports, hardware first.
 *
 * Any thread, at any time after rte_eal_init(); devices that come or go
 * meanwhile may be missed.
 *
 * @return 0, the callback's non-zero return, or -errno.
 */
int rte_wd_dev_iterate(rte_wd_dev_cb cb, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* RTE_WD_H */
