/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <stdlib.h>
#include <string.h>

#include "watch.h"

struct wdm_watch *
wdm_watch_create(uint16_t depth, size_t sqe_size)
{
	struct wdm_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->left = calloc(2U * depth, sqe_size);
	if (w->left == NULL) {
		free(w);
		return NULL;
	}
	w->seen = w->left + depth * sqe_size;
	w->sqe_size = sqe_size;
	w->mask = (uint16_t)(depth - 1);
	return w;
}

void
wdm_watch_destroy(struct wdm_watch *w)
{
	if (w == NULL)
		return;
	free(w->left);
	free(w);
}

void
wdm_watch_start(struct wdm_watch *w, const uint8_t *sq)
{
	memcpy(w->left, sq, (w->mask + 1U) * w->sqe_size);
	wdm_watch_off(w);
}

void
wdm_watch_left(struct wdm_watch *w, const uint8_t *sq, uint16_t index)
{
	const size_t at = index * w->sqe_size;

	memcpy(w->left + at, sq + at, w->sqe_size);
}

bool
wdm_watch_differs(const struct wdm_watch *w, const uint8_t *sq, uint16_t index)
{
	const size_t at = index * w->sqe_size;

	return memcmp(w->left + at, sq + at, w->sqe_size) != 0;
}

/* Copy the slots from tail on up to the first that is as it was left. */
static void
copy(struct wdm_watch *w, const uint8_t *sq, uint16_t tail, uint16_t room, uint64_t now)
{
	w->nb_seen = 0;
	while (w->nb_seen < room) {
		const uint16_t index = (uint16_t)((tail + w->nb_seen) & w->mask);
		const size_t at = index * w->sqe_size;

		if (!wdm_watch_differs(w, sq, index))
			break;
		memcpy(w->seen + at, sq + at, w->sqe_size);
		w->nb_seen++;
	}
	w->due = now + WDM_WATCH_QUIET_NS;
}

void
wdm_watch_on(struct wdm_watch *w, const uint8_t *sq, uint16_t tail, uint16_t room, uint64_t now)
{
	w->active = true;
	/* what was copied before is looked at when it is due, however often the client reads */
	if (w->nb_seen == 0)
		copy(w, sq, tail, room, now);
}

void
wdm_watch_off(struct wdm_watch *w)
{
	w->active = false;
	w->nb_seen = 0;
}

uint16_t
wdm_watch_look(struct wdm_watch *w, const uint8_t *sq, uint16_t tail, uint16_t room, uint64_t now)
{
	uint16_t nb = 0;

	if (now < w->due)
		return 0;
	while (nb < w->nb_seen && nb < room) {
		const size_t at = ((tail + nb) & w->mask) * w->sqe_size;

		if (memcmp(w->seen + at, sq + at, w->sqe_size) != 0)
			break;
		nb++;
	}
	copy(w, sq, (uint16_t)((tail + nb) & w->mask), (uint16_t)(room - nb), now);
	return nb;
}
