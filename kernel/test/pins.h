/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * What the kernel counts of memory, for tests of what must be the same before and
 * after. Other processes count too.
 */

#ifndef PINS_H
#define PINS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The number that follows key in a file of lines "key number"; 0 if there is none. */
static inline long
number_in(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	const size_t len = strlen(key);
	char line[256];
	long value = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, key, len) == 0)
			value = strtol(line + len, NULL, 10);
	}
	if (file != NULL)
		fclose(file);
	return value;
}

/** Pages that are pinned now, whoever did it; a huge page registered counts 1. */
static inline long
pins_now(void)
{
	FILE *file = fopen("/proc/sys/vm/stat_refresh", "re");

	/* adds up what each CPU has counted */
	if (file != NULL) {
		fgetc(file);
		fclose(file);
	}
	return number_in("/proc/vmstat", "nr_foll_pin_acquired ") -
			number_in("/proc/vmstat", "nr_foll_pin_released ");
}

/** Hugepages that are free. */
static inline long
huge_free_now(void)
{
	return number_in("/proc/meminfo", "HugePages_Free:");
}

#endif /* PINS_H */
