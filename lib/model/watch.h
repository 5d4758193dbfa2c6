/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Descriptors whose announcement was hidden: one doorbell word of plain memory
 * for SQ and CQ commands, as wdm_qp_config.shared_db says. Internal to lib/model.
 *
 * While the word holds a CQ command, the slots behind the last announced one are
 * compared with what the device left in them. Those that differ are copied; those
 * that still are as copied after WDM_WATCH_QUIET_NS count as announced, in order.
 */

#ifndef WDM_WATCH_H
#define WDM_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Filling a descriptor takes less than a microsecond. The thread that does it may
 * be interrupted, but is hardly kept from its CPU for longer than this.
 */
#define WDM_WATCH_QUIET_NS 20000000ULL

struct wdm_watch {
	uint8_t *left; /* each slot as the device left it */
	uint8_t *seen; /* slots as copied, at the same place; nb_seen from the tail on */
	size_t sqe_size;
	uint16_t mask;
	bool active; /* the word holds a CQ command */
	uint16_t nb_seen;
	uint64_t due; /* of the next look, CLOCK_MONOTONIC */
};

/** NULL without memory. */
struct wdm_watch *wdm_watch_create(uint16_t depth, size_t sqe_size);
void wdm_watch_destroy(struct wdm_watch *w);
/** The ring as it is now is what the device left there. */
void wdm_watch_start(struct wdm_watch *w, const uint8_t *sq);

/** The device is done with a slot; called before the client is told so. */
void wdm_watch_left(struct wdm_watch *w, const uint8_t *sq, uint16_t index);
/** Whether a slot is not as the device left it. */
bool wdm_watch_differs(const struct wdm_watch *w, const uint8_t *sq, uint16_t index);

/** The word holds a CQ command, or (off) an SQ command. tail: first slot not announced. */
void wdm_watch_on(
		struct wdm_watch *w, const uint8_t *sq, uint16_t tail, uint16_t room, uint64_t now);
void wdm_watch_off(struct wdm_watch *w);
/** Look again, when it is time to. Returns how many of the room slots from tail on are announced. */
uint16_t wdm_watch_look(
		struct wdm_watch *w, const uint8_t *sq, uint16_t tail, uint16_t room, uint64_t now);

#endif /* WDM_WATCH_H */
