/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Memory registered with wd.ko, see kernel/uapi/wd_abi.h.
 *
 * The kernel keeps it for the process, from the first queue that is opened to
 * the last one that is closed. So what devices are to see is kept here, and
 * registered as soon as there is a queue to do it through, whichever it is.
 *
 * The kernel pins pages, not addresses: when other memory comes to an address that
 * is registered still, devices go on reaching what was there before. So nothing that
 * the kernel holds may be taken for what is wanted now.
 */

#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <rte_common.h>
#include <rte_errno.h>

#include "wd_abi.h"
#include "wd_log.h"
#include "wd_uacce.h"

/* No hugepage is smaller: the smallest of arm64 is 64 KiB. */
#define HUGEPAGE_MIN (64U << 10)

struct range {
	TAILQ_ENTRY(range) next; /* in stale */
	uintptr_t va; /* the key */
	size_t len;
	uint64_t iova; /* what EAL calls it, for devices that take physical addresses */
	bool physical;
	bool registered;
	unsigned int refs; /* devices that are to see it */
};

struct fd {
	TAILQ_ENTRY(fd) next;
	int fd;
};

/* All of the process, from here on; the watchdog's thread exchanges queues too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(, fd) queue_fds = TAILQ_HEAD_INITIALIZER(queue_fds);
static void *ranges; /* tree of struct range, for tsearch() */
/* No device is to see them any more, but the kernel did not give them back. */
static TAILQ_HEAD(, range) stale = TAILQ_HEAD_INITIALIZER(stale);
static const char *walk_dev; /* arguments and result of a walk */
static int walk_rc;

static int
range_compare(const void *a, const void *b)
{
	const uintptr_t va = ((const struct range *)a)->va, vb = ((const struct range *)b)->va;

	return va < vb ? -1 : va > vb;
}

static const char *
register_hint(int rc)
{
	switch (rc) {
	case -ENOMEM:
		return "; raise the limit on locked memory (ulimit -l), or give the process CAP_IPC_LOCK";
	case -EMEDIUMTYPE:
		return "; it is not hugetlb memory";
	case -ERANGE:
		return "; the device cannot address it, choose another place with --base-virtaddr";
	case -EXDEV:
		return "; the device takes physical addresses, run with --iova-mode=pa";
	case -EBUSY:
		return "; the kernel does not give back what lay there before, stop the queues that run";
	default:
		return "";
	}
}

/* The device's own addresses must be those that EAL gives out. */
static int
physical_check(const struct range *r, const uint64_t *addrs, size_t nb_max)
{
	size_t nb = 0;

	while (nb < nb_max && addrs[nb] != UINT64_MAX)
		nb++;
	for (size_t i = 0; i < nb; i++) {
		if (addrs[i] != r->iova + i * (r->len / nb))
			return -EXDEV;
	}
	return 0;
}

/* Through any queue: that of a device which was pulled out, or which was stopped, says ENXIO. */
static int
mem_ioctl(unsigned long request, struct wd_mem *mem)
{
	struct fd *entry;
	int rc = -ENXIO;

	TAILQ_FOREACH(entry, &queue_fds, next) {
		rc = ioctl(entry->fd, request, mem) == 0 ? 0 : -errno;
		if (rc != -ENXIO)
			break;
	}
	return rc;
}

static int
mem_unregister(const struct range *r)
{
	struct wd_mem mem = { .size = sizeof(mem), .va = r->va, .len = r->len };

	return mem_ioctl(WD_IOC_MEM_UNREGISTER, &mem);
}

/* -EALREADY: it was registered before. addrs: as many as the range has of the smallest pages. */
static int
mem_register(const struct range *r, uint64_t *addrs, size_t nb)
{
	struct wd_mem mem = { .size = sizeof(mem), .va = r->va, .len = r->len };

	if (r->physical) {
		memset(addrs, 0xff, nb * sizeof(*addrs));
		mem.dev_addrs = (uintptr_t)addrs;
		mem.nb_dev_addrs = nb;
	}
	return mem_ioctl(WD_IOC_MEM_REGISTER, &mem);
}

/*
 * What the kernel has registered already it took from a queue that it has not done
 * away with yet, perhaps when other pages were there. Only physical addresses tell
 * that they are the same; and those it cannot take back while queues run.
 */
static int
register_anew(const struct range *r, uint64_t *addrs, size_t nb)
{
	int rc = mem_register(r, addrs, nb);

	if (rc != -EALREADY || (r->physical && physical_check(r, addrs, nb) == 0))
		return rc == -EALREADY ? 0 : rc;
	rc = mem_unregister(r);
	if (rc == 0 || rc == -ENOENT) /* gone meanwhile */
		rc = mem_register(r, addrs, nb);
	return rc;
}

/* With a queue open. */
static int
range_register(const char *dev, struct range *r)
{
	const size_t nb = r->len / HUGEPAGE_MIN;
	uint64_t *addrs = NULL;
	int rc;

	if (r->physical) {
		addrs = malloc(nb * sizeof(*addrs));
		if (addrs == NULL)
			return -ENOMEM;
	}
	/* a child must not share what a device writes to: the kernel insists */
	rc = madvise((void *)r->va, r->len, MADV_DONTFORK) == 0 ? 0 : -errno;
	if (rc == 0)
		rc = register_anew(r, addrs, nb);
	if (rc == 0 && r->physical) {
		rc = physical_check(r, addrs, nb);
		if (rc != 0)
			mem_unregister(r);
	}
	free(addrs);
	if (rc != 0)
		WD_LOG(ERR, "device %s: cannot register %zu bytes at %p: %s%s", dev, r->len,
				(void *)r->va, rte_strerror(-rc), register_hint(rc));
	r->registered = rc == 0;
	return rc;
}

/*
 * Have the kernel give back what it did not before, at least those of [va, va + len).
 * -EBUSY: one of these is held still.
 */
static int
stale_retry(const char *dev, uintptr_t va, size_t len)
{
	struct range *r, *after;
	int rc = 0;

	for (r = TAILQ_FIRST(&stale); r != NULL; r = after) {
		const int held = mem_unregister(r);

		after = TAILQ_NEXT(r, next);
		if (held == 0 || held == -ENOENT) {
			TAILQ_REMOVE(&stale, r, next);
			free(r);
		} else if (r->va < va + len && va < r->va + r->len) {
			WD_LOG(ERR, "device %s: cannot register %zu bytes at %p: %s%s", dev, len,
					(void *)va, rte_strerror(-held), register_hint(-EBUSY));
			rc = -EBUSY;
		}
	}
	return rc;
}

/* The kernel gives back everything when there is no queue any more. */
static void
stale_forget(void)
{
	struct range *r;

	while ((r = TAILQ_FIRST(&stale)) != NULL) {
		TAILQ_REMOVE(&stale, r, next);
		free(r);
	}
}

static void
walk_register(const void *node, VISIT visit, int depth __rte_unused)
{
	struct range *r = *(struct range *const *)node;

	if ((visit == postorder || visit == leaf) && walk_rc == 0)
		walk_rc = range_register(walk_dev, r);
}

static void
walk_forget(const void *node, VISIT visit, int depth __rte_unused)
{
	struct range *r = *(struct range *const *)node;

	if (visit == postorder || visit == leaf)
		r->registered = false;
}

static struct fd *
fd_find(int fd)
{
	struct fd *entry;

	TAILQ_FOREACH(entry, &queue_fds, next) {
		if (entry->fd == fd)
			break;
	}
	return entry;
}

/* With the lock held. */
static void
fd_remove(struct fd *entry)
{
	TAILQ_REMOVE(&queue_fds, entry, next);
	free(entry);
	if (TAILQ_EMPTY(&queue_fds)) {
		twalk(ranges, walk_forget);
		stale_forget();
	}
}

int
wd_uacce_mem_queue_opened(const char *dev, int fd)
{
	struct fd *entry = malloc(sizeof(*entry));

	if (entry == NULL)
		return -ENOMEM;
	entry->fd = fd;
	pthread_mutex_lock(&lock);
	walk_rc = 0;
	walk_dev = dev;
	TAILQ_INSERT_TAIL(&queue_fds, entry, next);
	stale_retry(dev, 0, 0);
	if (TAILQ_FIRST(&queue_fds) == entry)
		twalk(ranges, walk_register);
	if (walk_rc != 0)
		fd_remove(entry);
	pthread_mutex_unlock(&lock);
	return walk_rc;
}

void
wd_uacce_mem_queue_closing(int fd)
{
	struct fd *entry;

	pthread_mutex_lock(&lock);
	entry = fd_find(fd);
	if (entry != NULL)
		fd_remove(entry);
	pthread_mutex_unlock(&lock);
}

/* With the lock held. */
static int
range_add(const char *dev, const struct range *wanted)
{
	struct range *r = malloc(sizeof(*r));
	void *node = r == NULL ? NULL : tsearch(wanted, &ranges, range_compare);
	int rc = 0;

	if (node == NULL) {
		free(r);
		return -ENOMEM;
	}
	if (*(const struct range **)node != wanted) {
		free(r);
		r = *(struct range **)node;
		if (r->len != wanted->len) {
			WD_LOG(ERR, "device %s: memory at %p is shown to another device as %zu bytes, to this one as %zu",
					dev, (void *)r->va, r->len, wanted->len);
			return -EEXIST;
		}
		if (r->physical != wanted->physical) {
			WD_LOG(ERR,
					"device %s: memory at %p is used by a device that takes %s addresses, this"
					" one takes %s; a process uses one kind at a time",
					dev, (void *)r->va, r->physical ? "physical" : "virtual",
					wanted->physical ? "physical" : "virtual");
			return -EEXIST;
		}
		r->refs++;
		return 0;
	}
	*r = *wanted;
	*(struct range **)node = r;
	if (!TAILQ_EMPTY(&queue_fds)) {
		rc = stale_retry(dev, r->va, r->len);
		if (rc == 0)
			rc = range_register(dev, r);
	}
	if (rc != 0) {
		tdelete(r, &ranges, range_compare);
		free(r);
	}
	return rc;
}

int
wd_uacce_mem_add(const char *dev, void *va, uint64_t iova, size_t len, bool physical)
{
	const struct range wanted = {
		.va = (uintptr_t)va,
		.len = len,
		.iova = iova,
		.physical = physical,
		.refs = 1,
	};
	int rc;

	pthread_mutex_lock(&lock);
	rc = range_add(dev, &wanted);
	pthread_mutex_unlock(&lock);
	return rc;
}

int
wd_uacce_mem_remove(const char *dev, void *va)
{
	const struct range key = { .va = (uintptr_t)va };
	struct range *r;
	void *node;
	int rc = 0;

	pthread_mutex_lock(&lock);
	node = tfind(&key, &ranges, range_compare);
	r = node == NULL ? NULL : *(struct range **)node;
	if (r == NULL) {
		rc = -ENOENT;
	} else if (--r->refs == 0) {
		tdelete(r, &ranges, range_compare);
		rc = r->registered ? mem_unregister(r) : 0;
		if (rc == 0) {
			free(r);
		} else {
			WD_LOG(ERR,
					"device %s: cannot take %zu bytes at %p back: %s; it stays pinned until"
					" that works, or the last queue is closed",
					dev, r->len, (void *)r->va, rte_strerror(-rc));
			TAILQ_INSERT_TAIL(&stale, r, next);
		}
	}
	pthread_mutex_unlock(&lock);
	return rc;
}
