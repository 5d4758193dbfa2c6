/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file What DPDK and the drivers log, for tests that look for a message. */

#ifndef WDT_LOG_H
#define WDT_LOG_H

#include "wdt.h"

/** From here on the log goes into memory instead of to stderr. 0 or -1. */
int wdt_log_capture(void);
/** The log goes to stderr again; returns what came meanwhile, valid until the next capture. */
const char *wdt_log_release(void);

#endif /* WDT_LOG_H */
