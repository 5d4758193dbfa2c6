/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file What the files of lib/wd share among themselves. */

#ifndef WD_PRIVATE_H
#define WD_PRIVATE_H

#include "wd_log.h"
#include "wd_transport.h"

/** Show dev all hugepage memory that EAL has and will have. 0 or -errno. */
int wd_mem_attach(struct wd_dev *dev);
void wd_mem_detach(struct wd_dev *dev);
/** Show dev what it could not be shown before. */
void wd_mem_retry(struct wd_dev *dev);

/** Watch a started queue for resets, lies and stalls. 0 or -errno. */
int wd_watch_add(struct wd_queue *q);
/** When it returns the watchdog neither looks at q nor reports it any more. */
void wd_watch_remove(struct wd_queue *q);

#endif /* WD_PRIVATE_H */
