/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The soft IOMMU: which client memory a device reaches, and where.
 *
 * Regions are kept sorted by address, and neighbours that continue each other
 * both in the client's addresses and in host memory are one region. So a buffer
 * is contiguous in host memory exactly when one region holds all of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine.h"

/* Whatever the pages of this machine are, none is smaller: where they are larger, a
 * probe reads some of them more than once, and a copy through a pipe takes more pieces.
 */
#define LEAST_PAGE 4096U
#define MIN_CAPACITY 16U

/* A hint for each hugepage of 2 MiB, as far as they go: with physical addresses
 * there is a region for each, and an op's addresses lie in several.
 */
#define NB_HINTS 64
#define HINT_SHIFT 21

struct region {
	uint64_t iova;
	uint64_t len;
	uint8_t *host;
};

struct wdm_space {
	/* Readers: the devices, a batch of descriptors each time. Writers: map and unmap. */
	pthread_rwlock_t lock;
	struct region *regions;
	unsigned int nb_regions;
	unsigned int capacity;
	unsigned int hints[NB_HINTS]; /* relaxed atomics: which region an address was in */
	const struct wdm_space_ops *ops;
	void *ctx;
};

struct wdm_space *
wdm_space_create(const struct wdm_space_ops *ops, void *ctx)
{
	struct wdm_space *space = calloc(1, sizeof(*space));
	pthread_rwlockattr_t attr;
	int rc;

	if (space == NULL)
		return NULL;
	space->ops = ops;
	space->ctx = ctx;
	pthread_rwlockattr_init(&attr);
	/* A device takes the lock again right after giving it back. With the default
	 * kind, several of them could keep a writer out for good.
	 */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	rc = pthread_rwlock_init(&space->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	if (rc != 0) {
		free(space);
		errno = rc;
		return NULL;
	}
	return space;
}

void
wdm_space_destroy(struct wdm_space *space)
{
	if (space == NULL)
		return;
	pthread_rwlock_destroy(&space->lock);
	free(space->regions);
	free(space);
}

void
wdm_space_lock(struct wdm_space *space)
{
	pthread_rwlock_rdlock(&space->lock);
}

void
wdm_space_unlock(struct wdm_space *space)
{
	pthread_rwlock_unlock(&space->lock);
}

/* Index of the first region that ends beyond addr; nb_regions if there is none. */
static unsigned int
region_lower_bound(const struct wdm_space *space, uint64_t addr)
{
	unsigned int low = 0, high = space->nb_regions;

	while (low < high) {
		const unsigned int mid = low + (high - low) / 2;
		const struct region *r = &space->regions[mid];

		/* as a last byte, because a region may end at the very end of the address space */
		if (r->iova + (r->len - 1) < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool
region_has(const struct region *r, uint64_t addr)
{
	return addr - r->iova < r->len;
}

static inline const struct region *
region_find(struct wdm_space *space, uint64_t addr)
{
	unsigned int *hint = &space->hints[addr >> HINT_SHIFT & (NB_HINTS - 1)];
	unsigned int i = __atomic_load_n(hint, __ATOMIC_RELAXED);

	if (i < space->nb_regions && region_has(&space->regions[i], addr))
		return &space->regions[i];
	i = region_lower_bound(space, addr);
	if (i == space->nb_regions || !region_has(&space->regions[i], addr))
		return NULL;
	__atomic_store_n(hint, i, __ATOMIC_RELAXED);
	return &space->regions[i];
}

/* Room for one region more. */
static int
regions_grow(struct wdm_space *space)
{
	const unsigned int capacity = space->capacity == 0 ? MIN_CAPACITY : 2 * space->capacity;
	struct region *regions;

	if (space->nb_regions < space->capacity)
		return 0;
	regions = reallocarray(space->regions, capacity, sizeof(*regions));
	if (regions == NULL)
		return -ENOMEM;
	space->regions = regions;
	space->capacity = capacity;
	return 0;
}

static void
regions_insert(struct wdm_space *space, unsigned int at, struct region r)
{
	memmove(&space->regions[at + 1], &space->regions[at], (space->nb_regions - at) * sizeof(r));
	space->regions[at] = r;
	space->nb_regions++;
}

static void
regions_remove(struct wdm_space *space, unsigned int at, unsigned int nb)
{
	memmove(&space->regions[at], &space->regions[at + nb],
			(space->nb_regions - at - nb) * sizeof(space->regions[0]));
	space->nb_regions -= nb;
}

static bool
continues(const struct region *a, const struct region *b)
{
	return a->iova + a->len == b->iova && a->host + a->len == b->host;
}

static int
map_locked(struct wdm_space *space, struct region r)
{
	const unsigned int at = region_lower_bound(space, r.iova);
	struct region *prev = at > 0 ? &space->regions[at - 1] : NULL;
	struct region *next = at < space->nb_regions ? &space->regions[at] : NULL;
	bool joins_next;

	if (next != NULL && next->iova <= r.iova + (r.len - 1))
		return -EEXIST;
	joins_next = next != NULL && continues(&r, next);
	if (prev != NULL && continues(prev, &r)) {
		prev->len += r.len;
		if (joins_next) {
			prev->len += next->len;
			regions_remove(space, at, 1);
		}
		return 0;
	}
	if (joins_next) {
		next->iova = r.iova;
		next->host = r.host;
		next->len += r.len;
		return 0;
	}
	if (regions_grow(space) != 0)
		return -ENOMEM;
	regions_insert(space, at, r);
	return 0;
}

static int
unmap_locked(struct wdm_space *space, uint64_t iova, uint64_t len)
{
	const uint64_t last = iova + (len - 1);
	unsigned int at = region_lower_bound(space, iova), end;
	struct region *r;

	if (at == space->nb_regions || space->regions[at].iova > last)
		return -ENOENT;
	/* room for both halves first, so that failure changes nothing */
	if (regions_grow(space) != 0)
		return -ENOMEM;
	r = &space->regions[at];
	if (r->iova < iova) {
		const uint64_t before = iova - r->iova;
		const struct region rest = { iova, r->len - before, r->host + before };

		r->len = before;
		regions_insert(space, ++at, rest);
	}
	for (end = at; end < space->nb_regions; end++) {
		r = &space->regions[end];
		if (r->iova > last)
			break;
		if (r->iova + (r->len - 1) > last) {
			const uint64_t cut = last - r->iova + 1;

			r->iova += cut;
			r->host += cut;
			r->len -= cut;
			break;
		}
	}
	regions_remove(space, at, end - at);
	return 0;
}

int
wdm_space_map(struct wdm_space *space, uint64_t iova, void *host, size_t len)
{
	int rc;

	if (len == 0 || host == NULL || iova + (len - 1) < iova)
		return -EINVAL;
	pthread_rwlock_wrlock(&space->lock);
	rc = map_locked(space, (struct region){ iova, len, host });
	pthread_rwlock_unlock(&space->lock);
	return rc;
}

int
wdm_space_unmap(struct wdm_space *space, uint64_t iova, size_t len)
{
	int rc;

	if (len == 0 || iova + (len - 1) < iova)
		return -EINVAL;
	pthread_rwlock_wrlock(&space->lock);
	rc = unmap_locked(space, iova, len);
	pthread_rwlock_unlock(&space->lock);
	return rc;
}

void *
wdm_space_host(struct wdm_space *space, uint64_t iova, size_t len)
{
	void *host;

	wdm_space_lock(space);
	host = wdm_dma_ptr(space, iova, len);
	wdm_space_unlock(space);
	return host;
}

void *
wdm_dma_ptr_far(struct wdm_space *space, struct wdm_near *near, uint64_t addr, size_t len)
{
	const struct region *r = region_find(space, addr);

	if (r == NULL)
		return NULL;
	*near = (struct wdm_near){ r->iova, r->len, r->host };
	return len <= r->len - (addr - r->iova) ? r->host + (addr - r->iova) : NULL;
}

void *
wdm_dma_ptr(struct wdm_space *space, uint64_t addr, size_t len)
{
	const struct region *r = region_find(space, addr);
	uint64_t offset;

	if (r == NULL)
		return NULL;
	offset = addr - r->iova;
	return len <= r->len - offset ? r->host + offset : NULL;
}

/* One stretch of a buffer: inside one region, or in the gap up to the next one. */
struct stretch {
	uint8_t *host; /* NULL: not mapped */
	size_t len;
};

static struct stretch
stretch_at(struct wdm_space *space, uint64_t addr, size_t len)
{
	const struct region *r = region_find(space, addr);
	struct stretch s = { NULL, len };
	unsigned int next;
	uint64_t room;

	if (r != NULL) {
		s.host = r->host + (addr - r->iova);
		room = r->len - (addr - r->iova);
	} else {
		next = region_lower_bound(space, addr);
		if (next == space->nb_regions)
			return s;
		room = space->regions[next].iova - addr;
	}
	if (room < len)
		s.len = (size_t)room;
	return s;
}

/* Call fn for each stretch of [addr, addr + len), mapped or not as asked. */
static int
for_each_stretch(struct wdm_space *space, uint64_t addr, void *buf, size_t len, bool mapped,
		int (*fn)(struct wdm_space *space, uint64_t addr, uint8_t *host, uint8_t *buf,
				size_t len))
{
	uint8_t *pos = buf;

	if (len > 0 && addr + (len - 1) < addr)
		return -EFAULT;
	while (len > 0) {
		const struct stretch s = stretch_at(space, addr, len);
		int rc = 0;

		if ((s.host != NULL) == mapped)
			rc = fn(space, addr, s.host, pos, s.len);
		if (rc != 0)
			return -EFAULT;
		addr += s.len;
		if (pos != NULL)
			pos += s.len;
		len -= s.len;
	}
	return 0;
}

static int
mapped_read(struct wdm_space *space, uint64_t addr, uint8_t *host, uint8_t *buf, size_t len)
{
	(void)space;
	(void)addr;
	memcpy(buf, host, len);
	return 0;
}

static int
mapped_write(struct wdm_space *space, uint64_t addr, uint8_t *host, uint8_t *buf, size_t len)
{
	(void)space;
	(void)addr;
	memcpy(host, buf, len);
	return 0;
}

static int
remote_read(struct wdm_space *space, uint64_t addr, uint8_t *host, uint8_t *buf, size_t len)
{
	(void)host;
	return space->ops == NULL ? -EFAULT : space->ops->read(space->ctx, addr, buf, len);
}

static int
remote_write(struct wdm_space *space, uint64_t addr, uint8_t *host, uint8_t *buf, size_t len)
{
	(void)host;
	return space->ops == NULL ? -EFAULT : space->ops->write(space->ctx, addr, buf, len);
}

/* A byte of each page, so that a hole anywhere shows. */
static int
remote_probe(struct wdm_space *space, uint64_t addr, uint8_t *host, uint8_t *buf, size_t len)
{
	const uint64_t last = addr + (len - 1);
	uint8_t byte;

	(void)host;
	(void)buf;
	if (space->ops == NULL)
		return -EFAULT;
	if (space->ops->probe != NULL)
		return space->ops->probe(space->ctx, addr, len);
	for (;;) {
		const int rc = space->ops->read(space->ctx, addr, &byte, 1);

		if (rc != 0)
			return rc;
		if (last - addr < LEAST_PAGE - addr % LEAST_PAGE)
			return 0;
		addr += LEAST_PAGE - addr % LEAST_PAGE;
	}
}

int
wdm_dma_read(struct wdm_space *space, uint64_t addr, void *buf, size_t len)
{
	const void *host = wdm_dma_ptr(space, addr, len);
	int rc;

	if (host != NULL) {
		memcpy(buf, host, len);
		return 0;
	}
	rc = for_each_stretch(space, addr, buf, len, false, remote_read);
	if (rc == 0)
		rc = for_each_stretch(space, addr, buf, len, true, mapped_read);
	return rc;
}

int
wdm_dma_write(struct wdm_space *space, uint64_t addr, const void *buf, size_t len)
{
	void *host = wdm_dma_ptr(space, addr, len), *from = (void *)(uintptr_t)buf;
	int rc;

	if (host != NULL) {
		memcpy(host, buf, len);
		return 0;
	}
	/* what can fail comes first: then mapped memory is still as it was */
	rc = for_each_stretch(space, addr, from, len, false, remote_write);
	if (rc == 0)
		rc = for_each_stretch(space, addr, from, len, true, mapped_write);
	return rc;
}

bool
wdm_dma_allowed(struct wdm_space *space, uint64_t addr, size_t len)
{
	return wdm_dma_ptr(space, addr, len) != NULL ||
			for_each_stretch(space, addr, NULL, len, false, remote_probe) == 0;
}

/*
 * Through a pipe: slow, but it reports a bad address, too. For where the calls below
 * are not: kernels without CROSS_MEMORY_ATTACH, containers, emulators.
 */
static int
pipe_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	int fds[2], rc = 0;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	while (len > 0 && rc == 0) {
		/* a page of it is what any pipe takes at once */
		const size_t n = len < LEAST_PAGE ? len : LEAST_PAGE;

		if (write(fds[1], from, n) != (ssize_t)n || read(fds[0], to, n) != (ssize_t)n)
			rc = -EFAULT;
		from += n;
		to += n;
		len -= n;
	}
	close(fds[0]);
	close(fds[1]);
	return rc;
}

/* Of the own process too, the kernel's copy reports a bad address instead of a signal. */
static int
self_copy_result(ssize_t moved, uint8_t *to, const uint8_t *from, size_t len)
{
	if (moved >= 0)
		return (size_t)moved == len ? 0 : -EFAULT;
	return errno == ENOSYS || errno == EPERM ? pipe_copy(to, from, len) : -errno;
}

static int
self_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct iovec local = { buf, len }, remote = { (void *)(uintptr_t)addr, len };

	(void)ctx;
	return self_copy_result(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), buf,
			remote.iov_base, len);
}

static int
self_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	const struct iovec local = { (void *)(uintptr_t)buf, len };
	const struct iovec remote = { (void *)(uintptr_t)addr, len };

	(void)ctx;
	return self_copy_result(process_vm_writev(getpid(), &local, 1, &remote, 1, 0),
			remote.iov_base, buf, len);
}

const struct wdm_space_ops wdm_space_self = {
	.read = self_read,
	.write = self_write,
};
