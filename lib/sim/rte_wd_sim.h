/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * The software device, for tests and tools: step it by hand, make it fail, ask
 * what it did.
 *
 * A device is opened by a driver, with `dev=sim` in the devargs, and has from
 * then on a number: the lowest one that no open software device has, so 0 for
 * the first. A queue has the number its doorbells carry, by the same rule: 0 for
 * the first queue that was opened on the device.
 *
 * The calls may come from any thread of the process that opened the device,
 * while that device (and queue, where one is named) stays open. They are not
 * for the data path. All return -ENODEV for a device that is not open.
 */

#ifndef RTE_WD_SIM_H
#define RTE_WD_SIM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Make a device with `run=inline` look at its doorbells once: at most 64
 * descriptors a queue are worked on, and completions that are due are written.
 * One thread at a time for one device.
 *
 * @return what it did, in descriptors and completions; 0 when there was nothing;
 *         -ENOTSUP: a thread runs this device.
 */
int rte_wd_sim_step(unsigned int dev);

/**
 * Add a fault to all queues of a device: "kind[:value][@at[/every]]" as in the
 * devarg `fault=`, with kind one of error_type, icv, not_done, sq_head, drop,
 * stall, reset. Descriptors are counted for each queue from its start.
 *
 * @return 0; -EINVAL: malformed; -ENOSPC: the device has 8 faults.
 */
int rte_wd_sim_fault(unsigned int dev, const char *fault);

/** Remove all faults of a device; a stalled queue stays so until it is started again. */
int rte_wd_sim_fault_clear(unsigned int dev);

/** Reset one queue, as hardware does after an error. -ENOENT: no such queue. */
int rte_wd_sim_reset_queue(unsigned int dev, uint16_t queue);

/** What a queue did since it was started. */
struct rte_wd_sim_stats {
	uint64_t taken; /* descriptors fetched */
	uint64_t completed; /* completions written */
	uint64_t errors; /* of those, with an error type or an ICV mismatch */
	uint64_t doorbells; /* changes of the submit doorbell seen; one may stand for several */
	uint64_t doorbells_ignored; /* malformed */
	uint64_t cq_doorbell; /* the completion doorbell as it is now */
};

/** -ENOENT: no such queue. */
int rte_wd_sim_stats(unsigned int dev, uint16_t queue, struct rte_wd_sim_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* RTE_WD_SIM_H */
