/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * A transport with one device, "fake-0", that fails as a test wants it. Its queues
 * complete nothing; what the library asks of it is counted.
 */

#ifndef WDT_FAKE_H
#define WDT_FAKE_H

#include <stdbool.h>

#define WDT_FAKE_NAME "fake-0"
#define WDT_FAKE_DEPTH 64

struct wdt_fake {
	/* how it is */
	bool sva;
	unsigned int max_queues; /* as it says at open */
	unsigned int nb_left; /* queues that it has in fact */
	int no_queue_rc; /* when there is none left */
	unsigned int nb_maps_left; /* pieces of memory that it can still be shown */
	bool pulled;
	int start_rc; /* what starting a queue comes to */
	int stop_rc; /* what stopping a queue comes to */
	/* what was seen */
	unsigned int nb_devs; /* open now */
	unsigned int nb_queues;
	unsigned int nb_started;
	unsigned int nb_mapped; /* pieces of memory */
	unsigned int nb_bad_unmaps; /* of memory that it was not shown */
};

extern struct wdt_fake wdt_fake;

/** Have the device, with 16 queues and SVA, from now on. */
void wdt_fake_add(void);
/** Reset it: the queue that was opened last is dead. */
void wdt_fake_reset(void);
/** Pull it out: to touch the memory of the queue that was opened last is a SIGBUS from here on. */
void wdt_fake_pull(void);
/** Have it no longer; it must be closed. */
void wdt_fake_remove(void);

#endif /* WDT_FAKE_H */
