/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#ifndef STOP_H
#define STOP_H

/*
 * SIGINT, SIGTERM and SIGHUP as a request to stop. A call that waits could miss a
 * signal that comes just before it; a pipe that the handler writes to stays readable,
 * so whoever waits for it as well misses none.
 */

#include <stdbool.h>

/* From here on the signals only ask; before, they end the process. 0, or -1 with errno. */
int stop_catch(void);

/* Whether a signal came. No system call. */
bool stop_asked(void);

/* Waits until fd is ready for poll()'s events, or an error of it; false: stop instead. */
bool stop_wait(int fd, short events);

#endif
