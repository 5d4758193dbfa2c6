/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * The software device: a bit-exact model of accelerator queues.
 *
 * A device (struct wdm_dev) holds the engine of one class, SEC for instance.
 * A client (struct wdm_space) is what one address space looks like to it: the
 * soft IOMMU. A queue pair (struct wdm_qp) ties both to a ring in memory:
 *
 *     dev = wdm_dev_create(&dev_conf);
 *     space = wdm_space_create(NULL, NULL);
 *     wdm_space_map(space, iova, host, len);
 *     qp = wdm_qp_create(dev, &qp_conf);
 *     wdm_qp_start(qp);
 *     for (;;)
 *             wdm_dev_step(dev);        one thread, or the caller itself
 *
 * The model is plain C on libcrypto, libipsec-mb, zlib and ISA-L; it knows
 * neither DPDK nor the kernel, so that fuzzers and daemons link it too. It
 * treats rings and client memory as hostile: a descriptor it cannot parse or an
 * address it may not touch becomes an error in that descriptor, never a crash.
 *
 * Threads: wdm_dev_step() and wdm_space_map() and all else may be called from
 * different threads; one thread at a time steps a device. When wdm_space_unmap(),
 * wdm_qp_stop() or wdm_qp_destroy() returns, the device no longer touches the
 * memory concerned.
 *
 * Errors: functions returning int give 0 or -errno; those returning a pointer
 * give NULL and set errno.
 */

#ifndef WDM_H
#define WDM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wdm_dev;
struct wdm_qp;
struct wdm_space;

enum wdm_class {
	WDM_CLASS_SEC, /* SEC2: cipher, digest, AEAD */
	WDM_CLASS_ZIP, /* deflate; a queue's qc_type is the direction */
};

enum wdm_engine {
	WDM_ENGINE_AUTO, /* the fastest library this machine has for each algorithm */
	WDM_ENGINE_OPENSSL, /* the plain reference library: libcrypto, zlib */
	WDM_ENGINE_INSTANT, /* completes with success, touches no data: measures the driver alone */
};

/**
 * How fast a device is; all 0: as fast as the engine computes. What the engine has
 * done sooner is told later; what it does later is late. The rates are those of the
 * device, shared by its queues. doc/sim.md has the rules.
 */
struct wdm_perf {
	uint64_t latency_ns; /* least time from doorbell to completion */
	uint64_t crowd_ns; /* more of it for each other descriptor that is in flight then, */
	uint64_t crowd_max_ns; /* up to this much more */
	uint64_t ops_per_s; /* 0: without limit */
	uint64_t bytes_per_s; /* the larger of what goes in and what comes out; 0: without limit */
};

#define WDM_PERF_MAX_NS 10000000000ULL
#define WDM_PERF_MAX_PER_S 1000000000000ULL

/** Published figures by name, "zip-920" for instance; NULL: not known, or not of that class. */
const struct wdm_perf *wdm_perf_preset(enum wdm_class class, const char *name);

struct wdm_dev_config {
	enum wdm_class class;
	enum wdm_engine engine;
	unsigned int hw_version; /* 2: Kunpeng 920; 3: Kunpeng 930 */
	struct wdm_perf perf;
	/* Nanoseconds, never going back. NULL: CLOCK_MONOTONIC; a test may have its own. */
	uint64_t (*clock)(void *arg);
	void *clock_arg;
};

/** Create a device. EINVAL: an unknown version, a perf value above its maximum; ENOMEM. */
struct wdm_dev *wdm_dev_create(const struct wdm_dev_config *conf);

/** Destroy a device; its queue pairs must be gone (else -EBUSY). */
int wdm_dev_destroy(struct wdm_dev *dev);

/**
 * One pass over started queues: takes what their doorbells announce, a batch a
 * queue at most, and completes what is due. Batches shrink where work is slow, and
 * after some milliseconds the pass ends early: the next one goes on from there.
 *
 * @return descriptors taken plus completions written; 0 means there was nothing to do.
 */
unsigned int wdm_dev_step(struct wdm_dev *dev);

/** Whether completions are held back by perf and not yet due. How long to nap is the next one's. */
bool wdm_dev_waiting(const struct wdm_dev *dev);

/** Nanoseconds until the next of them is due: 0 now, UINT64_MAX when none is held back. */
uint64_t wdm_dev_due(const struct wdm_dev *dev);

/**
 * How memory that is not mapped one to one is reached (an address space behind
 * a system call, for example). Each moves len bytes and returns 0 or -errno;
 * a failed call may have moved a part.
 */
struct wdm_space_ops {
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t len);
	int (*write)(void *ctx, uint64_t addr, const void *buf, size_t len);
	/* Whether all of it can be read, changing nothing. May be NULL: a byte of each
	 * 4 KiB is read, in as many calls.
	 */
	int (*probe)(void *ctx, uint64_t addr, size_t len);
};

/**
 * Create an address space. With ops NULL the device reaches nothing but what
 * wdm_space_map() names; else every other address goes through ops.
 */
struct wdm_space *wdm_space_create(const struct wdm_space_ops *ops, void *ctx);
void wdm_space_destroy(struct wdm_space *space);

/**
 * ops for the calling process itself, every address as the CPU would see it and
 * faults reported instead of raised: shared virtual addressing (SVA) in software.
 */
extern const struct wdm_space_ops wdm_space_self;

/** Let the device reach [iova, iova + len) at host. -EEXIST: overlaps a mapping. */
int wdm_space_map(struct wdm_space *space, uint64_t iova, void *host, size_t len);
/** Take back [iova, iova + len), which may be part of one or more mappings. -ENOENT: nothing there. */
int wdm_space_unmap(struct wdm_space *space, uint64_t iova, size_t len);

/**
 * Host address of [iova, iova + len) if it is mapped and contiguous in host
 * memory, else NULL. For tests; the model itself holds the space's lock.
 */
void *wdm_space_host(struct wdm_space *space, uint64_t iova, size_t len);

/** Where a queue pair lives. All memory is the caller's and must outlive the queue pair. */
struct wdm_qp_config {
	struct wdm_space *space;
	void *sq; /* sq_depth descriptors of wdm_class_sqe_size() bytes */
	void *cq; /* cq_depth struct hisi_qm_cqe, zeroed by wdm_qp_start() */
	uint16_t sq_depth; /* powers of two, 2 to HISI_QM_MAX_DEPTH */
	uint16_t cq_depth;
	/* Doorbell words, 8-byte aligned, apart from each other: on plain memory a
	 * CQ write would hide an SQ write. wdm_qp_start() zeroes them.
	 */
	uint64_t *sq_db;
	uint64_t *cq_db;
	/* The client may write CQ commands to sq_db as well, as hardware has it; cq_db may
	 * be the same word then. See "One doorbell word" below.
	 */
	bool shared_db;
	uint32_t *send_status; /* written by the device: 0 fine, 1 stop submitting */
	uint32_t *recv_status; /* 0 fine, 1 no completion will follow */
	uint16_t qn; /* number that doorbells carry, below HISI_QM_MAX_QUEUES */
	uint16_t qc_type;
	/* What an interrupt is to hardware: called by wdm_dev_step() when completions were
	 * written, or the queue died. Not after a CQ command with priority 0 at cq_db, until
	 * one with priority 1. May be NULL. It may call nothing of the model.
	 */
	void (*event)(void *ctx);
	void *event_ctx;
};

/*
 * One doorbell word
 *
 * A client that writes SQ and CQ commands to one word of memory, which the device
 * reads now and then, overwrites one with the other. A later SQ command says all
 * that the lost one said; a client that now waits for completions writes none.
 *
 * So while the word holds a CQ command, a queue with shared_db also looks at the
 * slots behind the last announced descriptor. Those that are not as the device
 * left them, and do not change for 20 ms (WDM_WATCH_QUIET_NS), count as announced,
 * in order. And as a CQ command may be lost in the same way, the CQ counts as
 * full only when it must be: a client has at most sq_depth - 1 descriptors in flight.
 *
 * Guaranteed, to a client that fills its slots in order and uses only one word:
 *   - each descriptor that was announced is taken, once, after 20 to 40 ms if its
 *     SQ command was lost;
 *   - a slot that is being filled is not taken, as long as less than 20 ms pass
 *     between two stores to it.
 * Not guaranteed:
 *   - that a slot which is filled, but not announced, stays untouched for ever;
 *   - that a descriptor is not taken half filled, when the thread that fills it
 *     does not run for 20 ms in the middle of that, and the word holds a CQ command;
 *   - that a lost announcement is found, before the next one, of a slot that holds
 *     exactly what the device left there, result words included. What a client
 *     fills anew has none; all that the engines complete has some.
 *
 * A client that rings CQ commands at cq_db pays nothing for this.
 */

/** Bytes of one descriptor of the class. */
size_t wdm_class_sqe_size(enum wdm_class class);

/** Create a stopped queue pair. EINVAL: depth, alignment or number; EEXIST: number taken. */
struct wdm_qp *wdm_qp_create(struct wdm_dev *dev, const struct wdm_qp_config *conf);
/** Start from empty rings: CQ, doorbells and status words are zeroed. -EBUSY: already started. */
int wdm_qp_start(struct wdm_qp *qp);
/** Stop. What was announced and not completed never will be. No status word changes. */
void wdm_qp_stop(struct wdm_qp *qp);
void wdm_qp_destroy(struct wdm_qp *qp);

/**
 * What a hardware reset looks like: send status 1, the queue stops, receive
 * status 1. Only wdm_qp_stop() and wdm_qp_start() revive it.
 */
void wdm_qp_reset(struct wdm_qp *qp);

/** Counters since wdm_qp_start(). */
struct wdm_qp_stats {
	uint64_t taken; /* descriptors fetched */
	uint64_t completed; /* completions written */
	uint64_t errors; /* of those, with an error type or an ICV mismatch */
	uint64_t doorbells; /* changes of the SQ doorbell seen */
	uint64_t found; /* descriptors whose SQ command was lost, see "One doorbell word" */
	uint64_t doorbells_ignored; /* foreign queue number, command or tag, index beyond the ring */
	uint64_t cq_doorbell; /* the word as it is now: CQ commands are not all looked at */
};
void wdm_qp_stats_get(struct wdm_qp *qp, struct wdm_qp_stats *stats);

/** Faults a device can be told to have. */
enum wdm_fault_kind {
	WDM_FAULT_NONE,
	WDM_FAULT_ERROR_TYPE, /* report error type `value` (SEC: 1..255) or ZIP status, data untouched */
	WDM_FAULT_ICV, /* report an ICV mismatch; ZIP: of the checksum */
	WDM_FAULT_NOT_DONE, /* completion whose done bit is clear; ZIP: whose words are as sent */
	WDM_FAULT_SQ_HEAD, /* completion that names SQE `value` (any 16 bits) */
	WDM_FAULT_DROP, /* no completion for this descriptor; later ones follow */
	WDM_FAULT_STALL, /* the queue takes no further descriptor, without any notice */
	WDM_FAULT_RESET, /* wdm_qp_reset() instead of this descriptor's completion */
	WDM_FAULT_NO_CODE, /* ZIP: lack of room (0x0e) has code 0, and only the context says so */
};

struct wdm_fault {
	enum wdm_fault_kind kind;
	uint32_t value;
	uint64_t at; /* 1 = the first descriptor after wdm_qp_start(); 0 is the same as 1 */
	uint64_t every; /* then again after this many; 0: once */
};

#define WDM_MAX_FAULTS 8

/** Add a fault to every queue of the device, present and future. -ENOSPC; -EINVAL: kind or value. */
int wdm_dev_fault(struct wdm_dev *dev, const struct wdm_fault *fault);
/** Remove all faults; stalled queues stay stalled until restarted. */
void wdm_dev_fault_clear(struct wdm_dev *dev);

/**
 * Parse "kind[:value][@at[/every]]", kind one of error_type, icv, not_done,
 * sq_head, drop, stall, reset, no_code; numbers decimal or 0x. -EINVAL when malformed.
 */
int wdm_fault_parse(const char *text, struct wdm_fault *fault);

#endif /* WDM_H */
