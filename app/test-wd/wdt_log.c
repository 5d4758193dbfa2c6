/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <rte_log.h>

#include "wdt_log.h"

static char text[1 << 16];
static FILE *stream;

int
wdt_log_capture(void)
{
	memset(text, 0, sizeof(text));
	stream = fmemopen(text, sizeof(text) - 1, "w");
	if (stream == NULL)
		return -1;
	return rte_openlog_stream(stream);
}

const char *
wdt_log_release(void)
{
	fflush(stream);
	rte_openlog_stream(stderr);
	fclose(stream);
	return text;
}
