/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file What libcrypto makes of a message. */

#ifndef WDT_ORACLE_H
#define WDT_ORACLE_H

#include "wdt_alg.h"

#define WDT_NO_ORACLE 2

/**
 * Fills msg->cipher and msg->digest from the rest of it. 0, -1 when libcrypto
 * fails, WDT_NO_ORACLE when it does not have the algorithm.
 */
int wdt_oracle(const struct wdt_alg *alg, struct wdt_msg *msg);

#endif /* WDT_ORACLE_H */
