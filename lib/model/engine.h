/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * What the queue side of the model (qm.c) asks of an engine (sec.c), and what
 * an engine may use of the address space side (space.c). Internal to lib/model.
 */

#ifndef WDM_ENGINE_H
#define WDM_ENGINE_H

#include "wdm.h"

#define WDM_SQE_MAX 128
#define WDM_BATCH 64 /* descriptors an engine gets at once, so that it can interleave them */

/** One descriptor in work: a private copy, so that the client cannot change it under us. */
struct wdm_task {
	uint8_t sqe[WDM_SQE_MAX] __attribute__((aligned(64)));
	bool error; /* set by the engine: counts in wdm_qp_stats.errors */
};

struct wdm_class_ops {
	size_t sqe_size;
	/* NULL and errno on failure */
	void *(*create)(const struct wdm_dev_config *conf);
	void (*destroy)(void *engine);
	/* Work on tasks[0..nb), nb up to WDM_BATCH: read and write client memory in
	 * space, leave the result in the copy. The caller holds the space's lock.
	 */
	void (*run)(void *engine, struct wdm_space *space, uint16_t qc_type, struct wdm_task *tasks,
			unsigned int nb);
	/* Apply a fault of kind ERROR_TYPE, ICV, NOT_DONE or NO_CODE to a result. With ICV and
	 * NO_CODE run() worked on the task; with the others it did not, and what the descriptor holds
	 * where the result goes is the client's.
	 */
	void (*fault)(struct wdm_task *task, const struct wdm_fault *fault);
	/* Payload of a finished task: the larger of what went in and what came out. It
	 * counts for bytes_per_s; NULL: 0.
	 */
	uint32_t (*bytes)(const void *engine, const struct wdm_task *task);
	/* How many of tasks[0..nb), yet to be run, ask for no more than so many bytes to be read,
	 * all together, but one at least; NULL: they are all alike.
	 */
	unsigned int (*fit)(const void *engine, const struct wdm_task *tasks, unsigned int nb,
			uint64_t most);
	/* Store the words the device owns of a finished descriptor into the ring. */
	void (*writeback)(void *ring_sqe, const struct wdm_task *task);
};

extern const struct wdm_class_ops wdm_sec_ops;
extern const struct wdm_class_ops wdm_zip_ops;

/** wdm_dev_create() for a class that is not in enum wdm_class; conf->class is not looked at. */
struct wdm_dev *wdm_dev_create_with_ops(
		const struct wdm_dev_config *conf, const struct wdm_class_ops *ops);

/** The fault that hits descriptor number n, counted from 1 since the queue's start, or NULL. */
const struct wdm_fault *wdm_fault_match(
		const struct wdm_fault *faults, unsigned int nb_faults, uint64_t n);
/** Whether kind and value go together. */
bool wdm_fault_valid(const struct wdm_fault *fault);

/* All below: with the space's lock held for reading, as run() is. */

/**
 * Direct pointer to [addr, addr + len), or NULL when it is not mapped, not
 * contiguous in host memory, or only reachable through wdm_space_ops.
 */
void *wdm_dma_ptr(struct wdm_space *space, uint64_t addr, size_t len);
/**
 * Where an address was last: the next one is most often there, too. All zero is
 * nowhere; good until the space's lock is given back.
 */
struct wdm_near {
	uint64_t iova, len;
	uint8_t *host;
};

/** As wdm_dma_ptr(); near is there then, if addr is mapped at all. */
void *wdm_dma_ptr_far(struct wdm_space *space, struct wdm_near *near, uint64_t addr, size_t len);

/** As wdm_dma_ptr(), quicker near the last address. */
static inline void *
wdm_dma_ptr_near(struct wdm_space *space, struct wdm_near *near, uint64_t addr, size_t len)
{
	const uint64_t offset = addr - near->iova;

	if (offset < near->len && len <= near->len - offset)
		return near->host + offset;
	return wdm_dma_ptr_far(space, near, addr, len);
}

/** Copy from or to client memory, whatever way it is reached. 0 or -EFAULT; on error
 * a write has changed nothing in mapped memory.
 */
int wdm_dma_read(struct wdm_space *space, uint64_t addr, void *buf, size_t len);
int wdm_dma_write(struct wdm_space *space, uint64_t addr, const void *buf, size_t len);
/**
 * Whether the whole of [addr, addr + len) can be touched without a fault, as far
 * as is known: what goes through wdm_space_ops is probed by reading a byte of
 * each 4 KiB, so a read-only page passes, and another thread of the client may
 * unmap it afterwards. wdm_dma_write() still reports such a fault.
 */
bool wdm_dma_allowed(struct wdm_space *space, uint64_t addr, size_t len);

void wdm_space_lock(struct wdm_space *space);
void wdm_space_unlock(struct wdm_space *space);

#endif /* WDM_ENGINE_H */
