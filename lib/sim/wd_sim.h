/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file What the files of lib/sim share among themselves. */

#ifndef WD_SIM_H
#define WD_SIM_H

#include <semaphore.h>

#include <rte_log.h>
#include <rte_thread.h>

#include "wd_transport.h"
#include "wdm.h"

extern int wd_sim_logtype;

#define WD_SIM_LOG(level, fmt, ...)                                                                \
	rte_log(RTE_LOG_##level, wd_sim_logtype, "WD_SIM: " fmt "\n", ##__VA_ARGS__)

#define WD_SIM_NAME "sim"
#define WD_SIM_HW "v3" /* what it is without hw= */

struct wd_sim_options {
	enum wdm_class class;
	const struct wd_hw *hw;
	bool sva;
	enum wdm_engine engine;
	bool run_inline;
	struct wdm_perf perf;
	uint16_t depth;
	int cpu; /* -1: chosen, see wd_sim_thread.c */
	struct wdm_fault faults[WDM_MAX_FAULTS];
	unsigned int nb_faults;
};

struct wd_sim_queue {
	struct wdm_qp *qp;
	struct wd_sim *sim;
	void *mem; /* rings, doorbells and status words */
	uint16_t qn;
	bool started;
};

/* One open device; private to the process that opened it. */
struct wd_sim {
	TAILQ_ENTRY(wd_sim) next;
	unsigned int id; /* what rte_wd_sim.h calls it */
	const char *name;
	struct wd_sim_options options;
	struct wdm_dev *model;
	struct wdm_space *space;
	struct wd_sim_queue *queues[HISI_QM_MAX_QUEUES]; /* by number */
	unsigned int nb_started; /* atomic: queues that may have work */
	/* run=thread */
	rte_thread_t thread;
	sem_t placed;
	int place_rc;
	bool stop; /* atomic */
};

/** Options that the device understands, NULL-terminated. */
extern const char *const wd_sim_option_names[];
/** Read them from the devargs; -EINVAL with a log line naming the option. */
int wd_sim_options_parse(const struct rte_kvargs *args, enum wdm_class class,
		struct wd_sim_options *options);

/** Run the device on a thread of its own. -EINVAL: `cpu=` names a CPU that is not ours. */
int wd_sim_thread_start(struct wd_sim *sim);
void wd_sim_thread_stop(struct wd_sim *sim);

/** The open device of that number, or NULL. */
struct wd_sim *wd_sim_find(unsigned int id);

#endif /* WD_SIM_H */
