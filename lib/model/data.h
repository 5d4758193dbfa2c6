/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Client data, flat or scattered, as a list of pieces. Internal to lib/model.
 *
 * All lists come from client memory and are hostile: what cannot be meant is
 * refused with -EINVAL, what cannot be reached with -EFAULT. All functions are
 * called with the space's lock held, as an engine's run() is.
 */

#ifndef WDM_DATA_H
#define WDM_DATA_H

#include "engine.h"
#include "hisi_qm.h"

/* UADK's pools hold this many lists; a longer chain is taken for a loop. */
#define WDM_SIDE_MAX_LISTS 256U
#define WDM_SIDE_MAX_PIECES (WDM_SIDE_MAX_LISTS * HISI_SGL_MAX_ENTRIES)

struct wdm_piece {
	uint64_t addr;
	uint32_t len;
};

/** One side of the data: a flat buffer is a list of one piece. */
struct wdm_side {
	const struct wdm_piece *pieces;
	unsigned int nb;
	struct wdm_piece flat;
};

/** The `end` bytes at addr. */
int wdm_side_flat(struct wdm_side *side, uint64_t addr, uint32_t end);
/**
 * The first `end` bytes of the list at addr. The pieces go to pieces[], which has
 * room for WDM_SIDE_MAX_PIECES; side->nb of them are used, on failure too.
 */
int wdm_side_sgl(struct wdm_space *space, struct wdm_side *side, struct wdm_piece *pieces,
		uint64_t addr, uint32_t end);

/** Copy [off, off + len) of a side. 0 or -1. */
int wdm_side_read(struct wdm_space *space, const struct wdm_side *side, uint32_t off, void *buf,
		uint32_t len);
int wdm_side_write(struct wdm_space *space, const struct wdm_side *side, uint32_t off,
		const void *buf, uint32_t len);
/** 0 if wdm_dma_allowed() says so of each piece of [off, off + len), else -1. */
int wdm_side_check(
		struct wdm_space *space, const struct wdm_side *side, uint32_t off, uint32_t len);
/** [off, off + len) as host memory, or NULL when it is not in one piece. */
uint8_t *wdm_side_ptr(
		struct wdm_space *space, const struct wdm_side *side, uint32_t off, uint32_t len);

#endif /* WDM_DATA_H */
