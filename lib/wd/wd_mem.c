/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Which memory a device without SVA may see: the hugepage memory of this process
 * that EAL knows, and nothing else. Every memseg there is at open, those that
 * come and go later, and external memory that the application maps by
 * rte_dev_dma_map(), after a look at the kernel's own word that it is on hugepages.
 */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "wd_private.h"

struct ext_range {
	TAILQ_ENTRY(ext_range) next;
	uintptr_t va;
	uint64_t iova;
	size_t len;
};

/* Of a segment that EAL has and the device was not shown, because that failed. */
struct missing {
	TAILQ_ENTRY(missing) next;
	const void *va;
};

/* Process-private: the primary process alone maps memory. */
struct wd_mem {
	char callback[RTE_MEM_EVENT_CALLBACK_NAME_LEN];
	int first_error; /* of the walk at open */
	const void *mapped_until; /* when that failed: the segment where it ended */
	TAILQ_HEAD(, ext_range) ext;
	pthread_mutex_t lock; /* of what follows; EAL's lock of the memory map comes first */
	TAILQ_HEAD(, missing) missing;
	bool forgot; /* of one, for want of memory */
};

static uint64_t
seg_iova(const struct wd_dev *dev, const struct rte_memseg *ms)
{
	return dev->va ? (uintptr_t)ms->addr : ms->iova;
}

static int
seg_map(struct wd_dev *dev, const struct rte_memseg *ms)
{
	const uint64_t iova = seg_iova(dev, ms);
	int rc;

	if (iova == RTE_BAD_IOVA)
		return 0; /* nobody can name it to a device */
	rc = dev->transport->mem_map(dev, ms->addr, iova, ms->len);
	if (rc != 0)
		WD_LOG(ERR, "device %s: cannot map %zu bytes at %p (iova 0x%" PRIx64 "): %s",
				dev->name, ms->len, ms->addr, iova, rte_strerror(-rc));
	return rc;
}

static void
seg_unmap(struct wd_dev *dev, const struct rte_memseg *ms)
{
	if (seg_iova(dev, ms) != RTE_BAD_IOVA)
		dev->transport->mem_unmap(dev, ms->addr, seg_iova(dev, ms), ms->len);
}

/* With the lock held. */
static struct missing *
missing_find(const struct wd_mem *mem, const void *va)
{
	struct missing *m;

	TAILQ_FOREACH(m, &mem->missing, next) {
		if (m->va == va)
			break;
	}
	return m;
}

static void
missing_add(struct wd_dev *dev, const void *va)
{
	struct missing *m = malloc(sizeof(*m));

	pthread_mutex_lock(&dev->mem->lock);
	if (m != NULL) {
		m->va = va;
		TAILQ_INSERT_TAIL(&dev->mem->missing, m, next);
	}
	dev->mem->forgot |= m == NULL;
	__atomic_store_n(&dev->some_missing, true, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&dev->mem->lock);
}

/* With the lock held. */
static void
missing_remove(struct wd_dev *dev, struct missing *m)
{
	TAILQ_REMOVE(&dev->mem->missing, m, next);
	free(m);
	__atomic_store_n(&dev->some_missing, dev->mem->forgot || !TAILQ_EMPTY(&dev->mem->missing),
			__ATOMIC_RELAXED);
}

/* The segment goes. */
static void
seg_gone(struct wd_dev *dev, const struct rte_memseg *ms)
{
	struct missing *m;

	pthread_mutex_lock(&dev->mem->lock);
	m = missing_find(dev->mem, ms->addr);
	if (m != NULL)
		missing_remove(dev, m);
	else
		seg_unmap(dev, ms);
	pthread_mutex_unlock(&dev->mem->lock);
}

static int
walk_map(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct wd_dev *dev = arg;

	if (msl->external)
		return 0;
	dev->mem->first_error = seg_map(dev, ms);
	if (dev->mem->first_error != 0)
		dev->mem->mapped_until = ms->addr;
	return dev->mem->first_error != 0;
}

/* In the order of walk_map(). What this device was not shown may be shown to another one. */
static int
walk_unmap(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct wd_dev *dev = arg;

	if (ms->addr == dev->mem->mapped_until)
		return 1;
	if (!msl->external)
		seg_gone(dev, ms);
	return 0;
}

/* Runs in the thread that allocates or frees, with the memory map locked. */
static void
event_cb(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(addr);
	struct wd_dev *dev = arg;

	if (msl == NULL || msl->external)
		return;
	for (size_t done = 0; done < len; done += msl->page_sz) {
		const struct rte_memseg *ms = rte_mem_virt2memseg(RTE_PTR_ADD(addr, done), msl);

		if (ms == NULL)
			continue;
		/* on failure a device error names the buffer's op */
		if (event == RTE_MEM_EVENT_FREE)
			seg_gone(dev, ms);
		else if (seg_map(dev, ms) != 0)
			missing_add(dev, ms->addr);
	}
}

/* With the memory map locked: what is given back is what was there when it was shown. */
static void
unmap_all(struct wd_dev *dev)
{
	rte_mem_event_callback_unregister(dev->mem->callback, dev);
	rte_memseg_walk_thread_unsafe(walk_unmap, dev);
}

int
wd_mem_attach(struct wd_dev *dev)
{
	static unsigned int serial;
	struct wd_mem *mem;
	int rc;

	if (!dev->sva && !rte_eal_has_hugepages()) {
		WD_LOG(ERR,
				"device %s: without SVA it is shown hugepage memory only, and --no-huge leaves"
				" it none; reserve hugepages and run without --no-huge, or use a device with SVA"
				" (software device: sva=1)",
				dev->name);
		return -ENOTSUP;
	}
	mem = calloc(1, sizeof(*mem));
	if (mem == NULL)
		return -ENOMEM;
	TAILQ_INIT(&mem->ext);
	TAILQ_INIT(&mem->missing);
	pthread_mutex_init(&mem->lock, NULL);
	snprintf(mem->callback, sizeof(mem->callback), "wd_mem_%u", serial++);
	dev->mem = mem;

	/* Nothing is allocated or freed between the walk and the first event. */
	rte_mcfg_mem_read_lock();
	rc = rte_mem_event_callback_register(mem->callback, event_cb, dev);
	if (rc != 0 && rte_errno == ENOTSUP)
		rc = 0; /* --legacy-mem: memory neither comes nor goes */
	else if (rc != 0)
		rc = -rte_errno;
	if (rc == 0 && rte_memseg_walk_thread_unsafe(walk_map, dev) != 0)
		rc = mem->first_error;
	if (rc != 0 && mem->mapped_until != NULL)
		unmap_all(dev);
	rte_mcfg_mem_read_unlock();
	if (rc != 0) {
		WD_LOG(ERR, "device %s: cannot follow EAL memory: %s", dev->name,
				rte_strerror(-rc));
		free(mem);
		dev->mem = NULL;
	}
	return rc;
}

void
wd_mem_detach(struct wd_dev *dev)
{
	struct wd_mem *mem = dev->mem;
	struct ext_range *ext;

	/* else what is freed in between would be neither heard of nor found */
	rte_mcfg_mem_read_lock();
	unmap_all(dev);
	rte_mcfg_mem_read_unlock();
	while ((ext = TAILQ_FIRST(&mem->ext)) != NULL) {
		dev->transport->mem_unmap(dev, (void *)ext->va, ext->iova, ext->len);
		TAILQ_REMOVE(&mem->ext, ext, next);
		free(ext);
	}
	free(mem);
	dev->mem = NULL;
}

void
wd_mem_retry(struct wd_dev *dev)
{
	struct missing *m;

	if (dev->mem == NULL)
		return;
	rte_mcfg_mem_read_lock();
	pthread_mutex_lock(&dev->mem->lock);
	/* where one fails the others would, for the same reason */
	while ((m = TAILQ_FIRST(&dev->mem->missing)) != NULL &&
			seg_map(dev, rte_mem_virt2memseg(m->va, NULL)) == 0)
		missing_remove(dev, m);
	pthread_mutex_unlock(&dev->mem->lock);
	rte_mcfg_mem_read_unlock();
}

static bool
in_ext(const struct wd_mem *mem, uintptr_t va, size_t len)
{
	const struct ext_range *ext;

	TAILQ_FOREACH(ext, &mem->ext, next) {
		if (va >= ext->va && va - ext->va < ext->len && len <= ext->len - (va - ext->va))
			return true;
	}
	return false;
}

/* Whether a segment is one that the device was shown. */
static bool
seg_visible(const struct wd_dev *dev, const struct rte_memseg *ms)
{
	if (ms == NULL || seg_iova(dev, ms) == RTE_BAD_IOVA)
		return false;
	/* which ones are missing is known to the primary process only */
	return !__atomic_load_n(&dev->some_missing, __ATOMIC_RELAXED) ||
			(rte_eal_process_type() == RTE_PROC_PRIMARY && !dev->mem->forgot &&
					missing_find(dev->mem, ms->addr) == NULL);
}

bool
rte_wd_mem_visible(const struct wd_dev *dev, const void *va, size_t len)
{
	const bool primary = rte_eal_process_type() == RTE_PROC_PRIMARY;
	const struct rte_memseg_list *msl;
	bool visible = true;

	if (dev->sva)
		return true;
	msl = rte_mem_virt2memseg_list(va);
	if (msl == NULL)
		return false;
	/* dev->mem is the primary process's; a secondary has no external ranges */
	if (msl->external)
		return primary && in_ext(dev->mem, (uintptr_t)va, len);
	rte_mcfg_mem_read_lock();
	if (primary)
		pthread_mutex_lock(&dev->mem->lock);
	for (size_t done = 0; done < len && visible; done += msl->page_sz)
		visible = seg_visible(dev, rte_mem_virt2memseg(RTE_PTR_ADD(va, done), msl));
	visible = visible && seg_visible(dev, rte_mem_virt2memseg(RTE_PTR_ADD(va, len - 1), msl));
	if (primary)
		pthread_mutex_unlock(&dev->mem->lock);
	rte_mcfg_mem_read_unlock();
	return visible;
}

/* Page size that the kernel uses for each mapping of [va, va + len): all must be huge. */
static int
is_hugepage_memory(uintptr_t va, size_t len)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	const size_t base_kib = (size_t)sysconf(_SC_PAGESIZE) / 1024;
	uintptr_t next = va, from, to = 0;
	bool inside = false;
	char line[512];
	size_t kib;

	if (f == NULL)
		return -errno;
	while (next < va + len && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2) {
			inside = from <= next && next < to;
			continue;
		}
		if (!inside || sscanf(line, "KernelPageSize: %zu kB", &kib) != 1)
			continue;
		if (kib <= base_kib)
			break;
		next = to;
		inside = false;
	}
	fclose(f);
	return next >= va + len;
}

int
rte_wd_mem_ext_map(struct wd_dev *dev, void *va, uint64_t iova, size_t len)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(va);
	struct ext_range *ext;
	int rc;

	if (dev->sva)
		return 0;
	if (len == 0 || msl == NULL || !msl->external ||
			(uintptr_t)va - (uintptr_t)msl->base_va + len > msl->len) {
		WD_LOG(ERR,
				"device %s: %zu bytes at %p are not external memory that rte_extmem_register()"
				" knows",
				dev->name, len, va);
		return -EINVAL;
	}
	rc = is_hugepage_memory((uintptr_t)va, len);
	if (rc <= 0) {
		WD_LOG(ERR,
				"device %s: %zu bytes at %p are not all on hugepages; without SVA the device is"
				" shown nothing else",
				dev->name, len, va);
		return rc < 0 ? rc : -EINVAL;
	}
	ext = calloc(1, sizeof(*ext));
	if (ext == NULL)
		return -ENOMEM;
	if (dev->va)
		iova = (uintptr_t)va;
	rc = dev->transport->mem_map(dev, va, iova, len);
	if (rc != 0) {
		WD_LOG(ERR, "device %s: cannot map %zu bytes at %p (iova 0x%" PRIx64 "): %s",
				dev->name, len, va, iova, rte_strerror(-rc));
		free(ext);
		return rc;
	}
	*ext = (struct ext_range){ .va = (uintptr_t)va, .iova = iova, .len = len };
	TAILQ_INSERT_TAIL(&dev->mem->ext, ext, next);
	return 0;
}

int
rte_wd_mem_ext_unmap(struct wd_dev *dev, void *va, uint64_t iova, size_t len)
{
	struct ext_range *ext;

	if (dev->sva)
		return 0;
	if (dev->va)
		iova = (uintptr_t)va;
	TAILQ_FOREACH(ext, &dev->mem->ext, next) {
		if (ext->va == (uintptr_t)va && ext->iova == iova && ext->len == len)
			break;
	}
	if (ext == NULL) {
		WD_LOG(ERR, "device %s: %zu bytes at %p were not mapped", dev->name, len, va);
		return -ENOENT;
	}
	TAILQ_REMOVE(&dev->mem->ext, ext, next);
	free(ext);
	return dev->transport->mem_unmap(dev, va, iova, len);
}
