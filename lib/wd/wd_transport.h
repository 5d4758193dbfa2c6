/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * A transport: one way to reach devices. wd_uacce.c is the character device;
 * lib/sim the software device, in a shared object of its own, loaded only when
 * it is asked for or nothing else is found.
 *
 * A transport fills in struct wd_queue and is out of the way afterwards: the
 * data path calls none of this.
 */

#ifndef WD_TRANSPORT_H
#define WD_TRANSPORT_H

#include <sys/queue.h>

#include <rte_common.h>

#include "rte_wd_driver.h"
#include "wd_queue.h"

struct wd_transport {
	TAILQ_ENTRY(wd_transport) next;
	const char *name;
	const char *const *options; /* devargs it understands, NULL-terminated */
	bool map_with_sva; /* wants mem_map() with SVA too, at iova = va: a hint, not a limit */
	/* Call cb for each device there is; its non-zero return ends the scan and is returned. */
	int (*scan)(rte_wd_dev_cb cb, void *arg);
	/* Open dev->name of dev->class. Sets hw, sva, secondary_data_path, numa_node,
	 * max_queues and transport_data.
	 */
	int (*open)(struct wd_dev *dev, const struct rte_kvargs *args);
	void (*close)(struct wd_dev *dev);
	/* Take a queue: fills the ring geometry, pointers and doorbell words of q
	 * and q->transport_data; wd_queue.c sets the rest.
	 */
	int (*queue_open)(struct wd_dev *dev, const struct wd_queue_conf *conf, struct wd_queue *q);
	/* Start from empty rings; when stop returns 0 the device is quiet, or gone. When
	 * it fails the device may still write to the rings and to what is in flight, and
	 * stop may be tried again. A start after a stop may be a start of another hardware
	 * queue: pointers, doorbell words and number of q may change, the depths do not.
	 */
	int (*queue_start)(struct wd_queue *q);
	int (*queue_stop)(struct wd_queue *q);
	/* Stops first if need be, by giving the queue back if nothing else helps. */
	void (*queue_close)(struct wd_queue *q);
	/* Let the device see [va, va + len) at iova, or take it back (when it returns
	 * no access is under way). From any thread.
	 */
	int (*mem_map)(struct wd_dev *dev, void *va, uint64_t iova, size_t len);
	int (*mem_unmap)(struct wd_dev *dev, void *va, uint64_t iova, size_t len);
};

/** Add a transport; called by constructors. */
void rte_wd_transport_register(struct wd_transport *transport);
void rte_wd_transport_unregister(struct wd_transport *transport);

#define WD_TRANSPORT_REGISTER(t)                                                                   \
	RTE_INIT(wd_transport_init_##t)                                                            \
	{                                                                                          \
		rte_wd_transport_register(&(t));                                                   \
	}                                                                                          \
	RTE_FINI(wd_transport_fini_##t)                                                            \
	{                                                                                          \
		rte_wd_transport_unregister(&(t));                                                 \
	}

#endif /* WD_TRANSPORT_H */
