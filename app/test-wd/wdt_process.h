/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Tests that need a process of their own: because it gets killed, has other EAL
 * options, or is the second of two. The test runs its own program again, with a
 * role, and the same test function then plays it:
 *
 *     WDT_TEST(x)
 *     {
 *             if (wdt_role_is("child"))
 *                     return child();
 *             WDT_CHECK_EQ(wdt_process_run("-l 0 --no-huge", "child", "x"), 0);
 *             return WDT_PASS;
 *     }
 */

#ifndef WDT_PROCESS_H
#define WDT_PROCESS_H

#include "wdt.h"

/** Whether this process was started for that role. */
bool wdt_role_is(const char *role);
/** Whether it was started by a user, and so has no role. */
bool wdt_role_is_none(void);

/**
 * Run this program again with these EAL options (blanks between), the drivers of
 * this process, and the one test named so. What it prints is printed, each line
 * with "#   " in front. It is killed after a minute.
 *
 * @return its wait status, -1 when it could not be started
 */
int wdt_process_run(const char *eal_options, const char *role, const char *test);
/** What the last one printed, log included. */
const char *wdt_process_output(void);

/**
 * From here on any system call of the calling thread kills the process with SIGSYS.
 *
 * @return 0, or errno when the kernel has no such filters
 */
int wdt_no_calls_from_here(void);

#endif /* WDT_PROCESS_H */
