/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file Take out the modules under test, and put them back; the calls of client.h's kind. */

#ifndef MODULES_H
#define MODULES_H

#include <sys/klog.h>
#include <sys/syscall.h>

#include "client.h"

/** Parameters as on the command line of insmod. */
static inline int
module_load(const char *name, const char *parameters)
{
	const char *dir = getenv("WD_MODULES");
	char path[PATH_MAX];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/%s.ko", dir == NULL ? "." : dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = result((int)syscall(SYS_finit_module, fd, parameters, 0));
	close(fd);
	return rc;
}

/** EBUSY or EWOULDBLOCK: it is in use. */
static inline int
module_unload(const char *name)
{
	return result((int)syscall(SYS_delete_module, name, O_NONBLOCK));
}

/** All of them anew, the core with other parameters. */
static inline bool
modules_reload(const char *wd_parameters)
{
	static const char *const names[] = { "wd", "wd_emu", "wd_edu" };
	const unsigned int nb = sizeof(names) / sizeof(names[0]);
	bool good = true;

	for (unsigned int i = nb; i-- > 0;)
		good &= module_unload(names[i]) == 0;
	for (unsigned int i = 0; i < nb; i++)
		good &= module_load(names[i], i == 0 ? wd_parameters : "") == 0;
	return good;
}

/** Whether the kernel's log has this text. */
static inline bool
kernel_said(const char *text)
{
	static char log[1 << 20];
	const int n = klogctl(3, log, sizeof(log) - 1); /* read all that is left */

	log[n > 0 ? n : 0] = '\0';
	return strstr(log, text) != NULL;
}

/** Write a word into a file of sysfs or procfs. */
static inline int
file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = result((int)write(fd, text, strlen(text)));
	close(fd);
	return rc < 0 ? rc : 0;
}

#endif /* MODULES_H */
