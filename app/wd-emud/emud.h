/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * wd-emud: the hardware side of emulated accelerators, below wd_emu.ko.
 *
 * A device is one open file of /dev/wd_emu, one model (lib/model) and one thread
 * that steps it. All of a device but its options belongs to that thread.
 */

#ifndef EMUD_H
#define EMUD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hisi_qm.h"
#include "wdm.h"

#define EMUD_NAME "wd-emud"
/* Hardware takes both commands at one address; who asks is told of a second one, so that
 * neither can hide the other.
 */
#define EMUD_CQ_DB_OFFSET (HISI_QM_DB_OFFSET + 0x80)

struct emud_options {
	enum wdm_class class;
	enum wdm_engine engine;
	unsigned int hw_version; /* 2 or 3 */
	bool sva;
	uint16_t depth; /* of both rings */
	uint32_t nb_queues;
	int id; /* -1: any */
	int cpu; /* -1: any */
	struct wdm_perf perf;
	struct wdm_fault faults[WDM_MAX_FAULTS];
	unsigned int nb_faults;
};

struct emud_queue;

struct emud {
	struct emud_options options;
	int stop_fd; /* becomes readable when the thread is to end */
	pthread_t thread;
	int fd;
	char node[64]; /* /dev/hisi_sec2-0 */
	size_t mmio_size;
	size_t dus_size;
	struct wdm_dev *model;
	struct emud_queue *queues[HISI_QM_MAX_QUEUES];
	unsigned int nb_running;
};

/** One line to stderr, after the name of the device if there is one. */
void emud_log(const struct emud *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** "sec,hw=v3,sva=1". -EINVAL when it is not understood, and why is logged. */
int emud_options_parse(const char *text, struct emud_options *options);

/**
 * Of this thread, and those it starts from here on: no capability, and none to be had.
 * 0 or -errno, logged.
 */
int emud_privileges_drop(void);

/** Make the device in the kernel. 0 or -errno, logged. */
int emud_attach(struct emud *e);
/** Be the device until stop_fd is readable. 0 or -errno, logged. */
int emud_run(struct emud *e);
/** The opposite of emud_attach(): clients see a reset. */
void emud_detach(struct emud *e);

/** Take what the kernel tells of queues that start and stop, without waiting. 0 or -errno. */
int emud_events(struct emud *e);
void emud_queues_free(struct emud *e);

#endif /* EMUD_H */
