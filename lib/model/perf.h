/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * How fast a device is: when a descriptor is due that was announced now. Internal
 * to lib/model; struct wdm_perf of wdm.h is what a device is told.
 *
 * Two servers that all queues of a device share, one that counts descriptors and
 * one that counts bytes, work in virtual time: each takes what comes in the order
 * it comes, and a descriptor is due when both are through with it, but not before
 * the least latency has passed. Both keep the remainder of their divisions, so a
 * busy device is neither slower nor faster than its rate, however long it runs.
 */

#ifndef WDM_PERF_H
#define WDM_PERF_H

#include "wdm.h"

struct wdm_server {
	uint64_t per_s; /* 0: without limit */
	uint64_t free_ns; /* done with all that it took so far */
	uint64_t rest; /* and this much later, in ns / per_s */
};

struct wdm_pace {
	struct wdm_perf perf;
	struct wdm_server ops;
	struct wdm_server bytes;
};

/** -EINVAL: a value above WDM_PERF_MAX_*. */
int wdm_pace_init(struct wdm_pace *pace, const struct wdm_perf *perf);

/** Whether anything is to be held back at all. */
bool wdm_pace_needed(const struct wdm_perf *perf);

/** When a descriptor of nb_bytes is due that comes now and finds nb_others in flight. */
uint64_t wdm_pace_take(
		struct wdm_pace *pace, uint64_t now, uint32_t nb_bytes, unsigned int nb_others);

#endif /* WDM_PERF_H */
