/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Accelerator devices, for poll-mode drivers.
 *
 * Order of calls:
 *
 *     rte_wd_dev_open           finds the device, lets it see hugepage memory
 *       rte_wd_queue_open       takes a queue, maps its rings
 *         rte_wd_queue_start
 *           wd_queue.h          the inline data path
 *         rte_wd_queue_stop
 *       rte_wd_queue_close
 *     rte_wd_dev_close
 *
 * All of it is the control path: not to be called for one device from two
 * threads at once. Functions return 0 or -errno and log the reason.
 */

#ifndef RTE_WD_DRIVER_H
#define RTE_WD_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_kvargs.h>

#include "rte_wd.h"

struct wd_queue;
struct wd_transport;

/** What a device is good for; one class a driver. */
enum wd_class {
	WD_CLASS_SEC,
	WD_CLASS_ZIP,
	/* "copy": QEMU's edu under wd_edu.ko, to try memory and isolation with. No rings: the
	 * MMIO region, at wd_queue.sq_db, is the device's registers. wd_dev.hw is NULL.
	 */
	WD_CLASS_EDU,
};

/** One row a hardware version. */
struct wd_hw {
	const char *name; /* value of `hw=` */
	const char *api; /* interface string */
	unsigned int version; /* 2: Kunpeng 920, 3: Kunpeng 930 */
};

/** Row named by `hw=`, or NULL. */
const struct wd_hw *rte_wd_hw_by_name(const char *name);
/** Row for an api string; later versions are driven as the latest one known. NULL: not ours. */
const struct wd_hw *rte_wd_hw_by_api(const char *api);

/** An open device. */
struct wd_dev {
	char name[RTE_WD_NAME_LEN];
	enum wd_class class;
	const struct wd_hw *hw;
	bool sva; /* reaches any memory of the process, not only what it was shown */
	bool va; /* descriptors take virtual addresses; else those that EAL calls IOVA */
	bool fixed_huffman; /* ZIP: takes HISI_ZIP_PRIV_FIXED; hardware does not */
	bool secondary_data_path; /* queues opened by the primary process work in a secondary */
	int numa_node;
	unsigned int max_queues;
	const struct wd_transport *transport;
	void *transport_data;
	struct wd_mem *mem; /* what the device was shown; NULL where SVA makes that needless */
	bool some_missing; /* some of EAL's memory it could not be shown */
	uint32_t stall_ms; /* a queue with work and no completion for so long is dead; 0: never */
};

/**
 * A number among the devargs. *value stays what it is without the key.
 *
 * @return 0, or -EINVAL with a log line that names the key and the range.
 */
int rte_wd_arg_u32(const struct rte_kvargs *args, const char *key, uint32_t min, uint32_t max,
		uint32_t *value);

/**
 * Open the device that the devargs name: `dev=<uacce name>|sim`; without it the
 * first device of the class that the transports find, else the software device.
 * The log says which one it is. `hw=` and `sva=` must agree with real hardware,
 * and choose what the software device is. Every key must be one of own_keys
 * (NULL-terminated), `dev`, `stall_ms`, or an option of the device's transport.
 *
 * The primary process only. -ENODEV: no such device. -EACCES: no permission.
 * -EINVAL: an unknown key, or a malformed value. -ENOTSUP: --no-huge without SVA.
 */
int rte_wd_dev_open(enum wd_class class, const struct rte_kvargs *args,
		const char *const own_keys[], struct wd_dev **dev);
/** All queues must be closed. */
void rte_wd_dev_close(struct wd_dev *dev);

/** What a driver wants of a queue. */
struct wd_queue_conf {
	uint16_t qc_type; /* HISI_*_QC_TYPE* */
	/* compared with what the device reports; a mismatch is refused. 0: without rings */
	uint16_t sqe_size;
	uint16_t nb_desc; /* most descriptors in flight; more than the ring holds: rounded down */
	int socket_id;
	/* Called once from a control thread when a queue was found dead (reset, lying
	 * completion, stall) and the device is stopped. May be NULL. Does not
	 * outlive the queue: stop waits for it, unless it is stopped from there.
	 */
	void (*dead_cb)(void *arg);
	void *dead_arg;
};

/**
 * Take a queue and map it; the rings are not running yet.
 *
 * q stays where it is until it is closed: the watchdog looks at it. When this fails,
 * closing q does nothing.
 *
 * -EBUSY: all queues are in use. -EPROTO: the device reports a geometry that
 * this driver does not know.
 */
int rte_wd_queue_open(struct wd_dev *dev, const struct wd_queue_conf *conf, struct wd_queue *q);
/** -EBUSY: it died, and has to be stopped first. */
int rte_wd_queue_start(struct wd_queue *q);
/**
 * When it returns 0 the device does not touch the queue's memory any more. Else it
 * may, what is in flight stays so, and it takes a close.
 */
int rte_wd_queue_stop(struct wd_queue *q);
/** Stops first if need be. Nothing happens to one that is all zeros, or closed. */
void rte_wd_queue_close(struct wd_queue *q);

/**
 * Whether the device can reach [va, va + len) now. Always true with SVA. Memory that
 * could not be shown to the device when it came is tried again when a queue is opened.
 */
bool rte_wd_mem_visible(const struct wd_dev *dev, const void *va, size_t len);

/**
 * rte_dev_dma_map() for external memory: it must be registered with
 * rte_extmem_register() and lie on hugepages (-EINVAL otherwise).
 */
int rte_wd_mem_ext_map(struct wd_dev *dev, void *va, uint64_t iova, size_t len);
int rte_wd_mem_ext_unmap(struct wd_dev *dev, void *va, uint64_t iova, size_t len);

#endif /* RTE_WD_DRIVER_H */
