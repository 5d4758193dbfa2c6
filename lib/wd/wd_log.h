/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#ifndef WD_LOG_H
#define WD_LOG_H

#include <rte_log.h>

extern int wd_logtype;

/* What failed, on which device, with which value; the layer that gives up logs, once. */
#define WD_LOG(level, fmt, ...) rte_log(RTE_LOG_##level, wd_logtype, "WD: " fmt "\n", ##__VA_ARGS__)

#endif /* WD_LOG_H */
