/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "stop.h"

static volatile sig_atomic_t asked;
static int wake[2] = { -1, -1 };

static void
on_signal(int number)
{
	const int saved = errno;

	(void)number;
	asked = 1;
	/* full: it is readable already */
	if (write(wake[1], "", 1) < 0)
		errno = saved;
}

int
stop_catch(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (sigaction(numbers[i], &action, NULL) != 0)
			return -1;
	}
	return 0;
}

bool
stop_asked(void)
{
	return asked != 0;
}

bool
stop_wait(int fd, short events)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = events },
		{ .fd = wake[0], .events = POLLIN }, /* -1 is left out */
	};

	while (!stop_asked()) {
		const int n = poll(fds, 2, -1);

		if (n > 0 && fds[0].revents != 0)
			return true;
		if (n < 0 && errno != EINTR)
			return true; /* what is done with fd says why */
	}
	return false;
}
