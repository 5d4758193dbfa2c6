/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * What sysfs says about character devices of accelerators: the attributes named
 * in kernel/uapi/uacce_abi.h and wd_abi.h.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_string_fns.h>

#include "uacce_abi.h"
#include "wd_abi.h"
#include "wd_log.h"
#include "wd_uacce.h"

/* Far above any region, and small enough for any arithmetic on sizes. */
#define UACCE_REGION_MAX (1 << 30)

const char *wd_uacce_class_root = "/sys/class";
/* `wd` is that of this project's own kernel module where the name uacce is taken. */
static const char *const uacce_classes[] = { "uacce", "wd" };

/*
 * Text of an attribute without its final newline; dir is the device's folder.
 * -EOVERFLOW: longer than size - 1, which is what buf holds then.
 */
static int
attr_read(int dir, const char *attr, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;
	int fd, rc = 0;

	fd = openat(dir, attr, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (len < size && n != 0) {
		n = read(fd, buf + len, size - len);
		if (n < 0) {
			rc = -errno;
			break;
		}
		len += (size_t)n;
	}
	close(fd);
	if (rc == 0 && len == size) {
		len--;
		rc = -EOVERFLOW;
	}
	if (rc == 0 && len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	if (rc == 0 && strlen(buf) != len)
		rc = -EINVAL;
	return rc;
}

/* A string that may not be empty. */
static int
attr_text(struct wd_uacce_attrs *a, const char *attr, char *buf, size_t size)
{
	int rc = attr_read(a->dir, attr, buf, size);

	if (rc == 0 && buf[0] == '\0')
		rc = -ENODATA;
	if (rc != 0)
		snprintf(a->why, sizeof(a->why), "attribute %s: %s", attr, rte_strerror(-rc));
	return rc;
}

/* A decimal number and nothing else. */
static int
attr_number(struct wd_uacce_attrs *a, const char *attr, int64_t min, int64_t max, int64_t *value)
{
	char text[32], *end;
	int rc;

	rc = attr_text(a, attr, text, sizeof(text));
	if (rc != 0)
		return rc;
	*value = strtoll(text, &end, 10);
	if ((text[0] != '-' && !isdigit((unsigned char)text[0])) || end == text || *end != '\0' ||
			*value < min || *value > max) {
		snprintf(a->why, sizeof(a->why),
				"attribute %s: '%s' is not a number from %" PRId64 " to %" PRId64,
				attr, text, min, max);
		return -EINVAL;
	}
	return 0;
}

/* How the device reaches memory. Only wd.ko has the attribute; without it the flags say all. */
static int
attr_memory(struct wd_uacce_attrs *a)
{
	char text[32];
	int rc = attr_text(a, WD_ATTR_MEMORY, text, sizeof(text));

	if (rc == -ENOENT)
		return 0;
	if (rc == 0 && strcmp(text, WD_MEMORY_REGISTERED) == 0)
		a->info.flags |= RTE_WD_FLAG_REGISTERED;
	else if (rc == 0 && strcmp(text, WD_MEMORY_PHYSICAL) == 0)
		a->info.flags |= RTE_WD_FLAG_PHYSICAL;
	return rc;
}

/* Lines up to the last one that is there as a whole, so that no token is cut. */
static int
attr_algorithms(struct wd_uacce_attrs *a)
{
	int rc = attr_text(
			a, UACCE_ATTR_ALGORITHMS, a->info.algorithms, sizeof(a->info.algorithms));
	char *end;

	if (rc != -EOVERFLOW)
		return rc;
	end = strrchr(a->info.algorithms, '\n');
	if (end == NULL)
		return rc;
	*end = '\0';
	return 0;
}

static int
attrs_read_all(struct wd_uacce_attrs *a)
{
	int64_t isolate, flags, available, mmio_size, dus_size, numa_node;
	int rc;

	rc = attr_number(a, UACCE_ATTR_ISOLATE, 0, INT_MAX, &isolate);
	if (rc == 0 && isolate != 0) {
		snprintf(a->why, sizeof(a->why), "isolated by the kernel after hardware errors");
		return -EIO;
	}
	if (rc == -ENOENT) /* an older kernel */
		rc = 0;
	if (rc == 0)
		rc = attr_text(a, UACCE_ATTR_API, a->info.api, sizeof(a->info.api));
	if (rc == 0)
		rc = attr_algorithms(a);
	if (rc == 0)
		rc = attr_number(a, UACCE_ATTR_FLAGS, 0, UINT32_MAX, &flags);
	if (rc == 0)
		rc = attr_number(a, UACCE_ATTR_AVAILABLE, INT_MIN, INT_MAX, &available);
	if (rc == 0)
		rc = attr_number(a, UACCE_ATTR_MMIO_SIZE, 1, UACCE_REGION_MAX, &mmio_size);
	if (rc == 0)
		rc = attr_number(a, UACCE_ATTR_DUS_SIZE, 1, UACCE_REGION_MAX, &dus_size);
	if (rc == 0)
		rc = attr_memory(a);
	if (rc != 0)
		return rc;
	/* a parent outside PCI may have none, which is no reason to do without the device */
	if (attr_number(a, UACCE_ATTR_NUMA_NODE, -1, INT_MAX, &numa_node) != 0)
		numa_node = -1;

	a->info.transport = "uacce";
	/* the other bits that kernels have used name ways of addressing that nobody here speaks */
	a->info.flags |= (flags & UACCE_FLAG_SVA) != 0 ? RTE_WD_FLAG_SVA : 0;
	a->info.available_queues = RTE_MAX((int)available, 0);
	a->info.numa_node = (int)numa_node;
	a->mmio_size = (size_t)mmio_size;
	a->dus_size = (size_t)dus_size;
	return 0;
}

/* -ENOENT: nothing of that name in class. -EIO: isolated. Other errors: a->why says. */
static int
attrs_read(const char *class, const char *name, struct wd_uacce_attrs *a)
{
	char path[PATH_MAX];
	int rc;

	memset(a, 0, sizeof(*a));
	rte_strscpy(a->info.name, name, sizeof(a->info.name));
	if ((size_t)snprintf(path, sizeof(path), "%s/%s/%s", wd_uacce_class_root, class, name) >=
			sizeof(path))
		return -ENOENT;
	a->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->dir < 0) {
		rc = errno == ENOTDIR ? -ENOENT : -errno;
		snprintf(a->why, sizeof(a->why), "its folder in sysfs: %s", rte_strerror(-rc));
		return rc;
	}
	rc = attrs_read_all(a);
	close(a->dir);
	return rc == -ENOENT ? -ENODATA : rc; /* an attribute is missing, not the device */
}

/* The kernel names devices <interface>-<id>; whatever else may be in a class is not a device. */
static bool
name_valid(const char *name)
{
	const char *dash = strrchr(name, '-');

	if (dash == NULL || dash == name || dash[1] == '\0' || name[0] == '.' ||
			strchr(name, '/') != NULL || strlen(name) >= RTE_WD_NAME_LEN)
		return false;
	return strspn(dash + 1, "0123456789") == strlen(dash + 1);
}

static int
name_filter(const struct dirent *entry)
{
	if (name_valid(entry->d_name))
		return 1;
	if (entry->d_name[0] != '.')
		WD_LOG(DEBUG, "device %s passed over: not named <interface>-<number>",
				entry->d_name);
	return 0;
}

static int
class_scan(const char *class, rte_wd_dev_cb cb, void *arg)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int nb, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", wd_uacce_class_root, class);
	/* by number, so that "the first device" is the same one each time */
	nb = scandir(path, &entries, name_filter, versionsort);
	if (nb < 0) {
		if (errno == ENOENT)
			WD_LOG(DEBUG, "no devices in %s: it does not exist", path);
		else
			WD_LOG(NOTICE, "no devices from %s: %s", path, rte_strerror(errno));
		return 0;
	}
	for (int i = 0; i < nb; i++) {
		const char *name = entries[i]->d_name;
		struct wd_uacce_attrs attrs;

		if (rc == 0) {
			const int bad = attrs_read(class, name, &attrs);

			if (bad == 0)
				rc = cb(&attrs.info, arg);
			else if (bad == -EIO)
				WD_LOG(NOTICE, "device %s passed over: %s", name, attrs.why);
			else
				WD_LOG(DEBUG, "device %s passed over: %s", name, attrs.why);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int
wd_uacce_scan(rte_wd_dev_cb cb, void *arg)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < RTE_DIM(uacce_classes); i++)
		rc = class_scan(uacce_classes[i], cb, arg);
	return rc;
}

struct names {
	char text[256];
	size_t len;
};

static int
names_cb(const struct rte_wd_dev_info *info, void *arg)
{
	struct names *names = arg;
	const int n = snprintf(names->text + names->len, sizeof(names->text) - names->len, " %s",
			info->name);

	if ((size_t)n >= sizeof(names->text) - names->len) {
		names->text[names->len] = '\0';
		return 1; /* as many as a line holds */
	}
	names->len += (size_t)n;
	return 0;
}

int
wd_uacce_find(const char *name, struct wd_uacce_attrs *attrs)
{
	struct names names = { .text = "" };

	for (unsigned int i = 0; name_valid(name) && i < RTE_DIM(uacce_classes); i++) {
		const int rc = attrs_read(uacce_classes[i], name, attrs);

		if (rc == 0)
			return 0;
		if (rc == -ENOENT)
			continue;
		WD_LOG(ERR, "device %s cannot be used: %s; choose another one with dev=", name,
				attrs->why);
		return -ENODEV;
	}
	wd_uacce_scan(names_cb, &names);
	WD_LOG(ERR, "no device %s below %s; found:%s", name, wd_uacce_class_root,
			names.text[0] == '\0' ?
					" none, is the accelerator's kernel driver loaded?" :
					names.text);
	return -ENODEV;
}
