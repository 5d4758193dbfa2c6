// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Copyright (c) 2026 the wd authors
 *
 * Memory that processes register, and the IOMMU domains that show it to devices.
 *
 * A process has one set of pinned hugepages, whatever queue it was registered
 * through. A device behind an IOMMU, without shared page tables, has one
 * address space: it works for one process at a time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/hugetlb.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "wd.h"

/* A hugepage, pinned once as a whole. */
struct wd_page {
	unsigned long va;
	unsigned long size;
	struct page *page;
};

static LIST_HEAD(wd_processes);
static DEFINE_SPINLOCK(wd_processes_lock); /* and refs, nb_open; a leaf */
static DECLARE_WAIT_QUEUE_HEAD(wd_process_freed);

/* With the lock held: the one of mm that can still be used, or NULL. */
static struct wd_process *wd_process_find(const struct mm_struct *mm)
{
	struct wd_process *p;

	list_for_each_entry(p, &wd_processes, node) {
		if (p->mm == mm && p->refs)
			return p;
	}
	return NULL;
}

/* What mm had registered is being given back: it has closed its last queue. */
static bool wd_process_closing(const struct mm_struct *mm)
{
	struct wd_process *p;
	bool closing = false;

	spin_lock(&wd_processes_lock);
	list_for_each_entry(p, &wd_processes, node)
		closing |= p->mm == mm && !p->nb_open && !READ_ONCE(p->leaked);
	spin_unlock(&wd_processes_lock);
	return closing;
}

static struct wd_process *wd_process_new(struct mm_struct *mm)
{
	struct wd_process *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	mmgrab(mm);
	p->mm = mm;
	init_rwsem(&p->lock);
	mt_init(&p->pages);
	INIT_LIST_HEAD(&p->devices);
	return p;
}

/*
 * For a queue that is opened. After the last close() nothing is registered, also
 * for who opens again at once; unless a device does not stop in time.
 */
struct wd_process *wd_process_open(struct mm_struct *mm)
{
	struct wd_process *p, *fresh;

	if (wait_event_killable_timeout(wd_process_freed, !wd_process_closing(mm),
					WD_CLOSE_TIMEOUT) < 0)
		return ERR_PTR(-EINTR);
	fresh = wd_process_new(mm);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	spin_lock(&wd_processes_lock);
	p = wd_process_find(mm);
	if (!p) {
		p = fresh;
		list_add(&p->node, &wd_processes);
	}
	p->refs++;
	p->nb_open++;
	spin_unlock(&wd_processes_lock);
	if (p != fresh) {
		mmdrop(mm);
		kfree(fresh);
	}
	return p;
}

/* The queue is closed; wd_process_put() comes when it is torn down. */
void wd_process_close(struct wd_process *p)
{
	spin_lock(&wd_processes_lock);
	p->nb_open--;
	spin_unlock(&wd_processes_lock);
}

void wd_process_hold(struct wd_process *p)
{
	spin_lock(&wd_processes_lock);
	p->refs++;
	spin_unlock(&wd_processes_lock);
}

static int wd_charge(struct mm_struct *mm, unsigned long size)
{
	const unsigned long nb = size >> PAGE_SHIFT;
	const unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	const u64 sum = atomic64_add_return(nb, &mm->pinned_vm);

	if (sum <= limit || capable(CAP_IPC_LOCK))
		return 0;
	atomic64_sub(nb, &mm->pinned_vm);
	return -ENOMEM;
}

static void wd_uncharge(struct mm_struct *mm, unsigned long size)
{
	atomic64_sub(size >> PAGE_SHIFT, &mm->pinned_vm);
}

static void wd_page_free(struct wd_page *pg)
{
	unpin_user_pages_dirty_lock(&pg->page, 1, true);
	kfree(pg);
}

/* Unpin all that is registered in [first, last]; no device is shown it any more. */
static unsigned long wd_pages_drop(struct wd_process *p, unsigned long first, unsigned long last)
{
	unsigned long index = first, size = 0;
	struct wd_page *pg;

	mt_for_each(&p->pages, pg, index, last) {
		mtree_erase(&p->pages, pg->va);
		size += pg->size;
		wd_page_free(pg);
		cond_resched();
	}
	return size;
}

void wd_process_put(struct wd_process *p)
{
	bool last;

	spin_lock(&wd_processes_lock);
	last = --p->refs == 0;
	spin_unlock(&wd_processes_lock);
	if (!last || READ_ONCE(p->leaked))
		return; /* leaked: it stays, with its pages, which a device may still reach */
	wd_uncharge(p->mm, wd_pages_drop(p, 0, ULONG_MAX));
	mtree_destroy(&p->pages);
	spin_lock(&wd_processes_lock);
	list_del(&p->node);
	spin_unlock(&wd_processes_lock);
	wake_up_all(&wd_process_freed);
	mmdrop(p->mm);
	kfree(p);
}

/* --- domains --- */

static int wd_domain_map(struct iommu_domain *domain, const struct wd_page *pg)
{
	return wd_iommu_map(domain, pg->va, page_to_phys(pg->page), pg->size,
			    IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE);
}

static void wd_domain_unmap(struct wd_device *wdev, const struct wd_page *pg)
{
	const size_t size = iommu_unmap(wdev->domain, pg->va, pg->size);

	if (size != pg->size)
		dev_err_once(&wdev->dev, "unmapped %zu of %lu bytes\n", size, pg->size);
}

/* Map or unmap all that is registered in [first, last] for one device. */
static void wd_domain_unmap_range(struct wd_device *wdev, unsigned long first, unsigned long last)
{
	struct maple_tree *pages = &wdev->process->pages;
	unsigned long index = first;
	struct wd_page *pg;

	mt_for_each(pages, pg, index, last)
		wd_domain_unmap(wdev, pg);
}

static int wd_domain_map_range(struct wd_device *wdev, unsigned long first, unsigned long last)
{
	struct maple_tree *pages = &wdev->process->pages;
	unsigned long index = first;
	struct wd_page *pg;
	int rc;

	mt_for_each(pages, pg, index, last) {
		rc = wd_domain_map(wdev->domain, pg);
		if (!rc)
			continue;
		if (pg->va > first)
			wd_domain_unmap_range(wdev, first, pg->va - 1);
		return rc;
	}
	return 0;
}

static bool wd_any_page_in(struct wd_process *p, unsigned long first, unsigned long last)
{
	unsigned long index = first;

	return mt_find(&p->pages, &index, last) != NULL;
}

/* Whether the device can address all that is registered, and none of it is reserved. */
static int wd_domain_check(struct wd_device *wdev, struct wd_process *p)
{
	const struct iommu_domain_geometry *geometry = &wdev->domain->geometry;
	struct iommu_resv_region *region, *next;
	struct iommu_group *group;
	LIST_HEAD(reserved);
	int rc = 0;

	if (geometry->aperture_start && wd_any_page_in(p, 0, geometry->aperture_start - 1))
		return -ERANGE;
	if (geometry->aperture_end < ULONG_MAX &&
	    wd_any_page_in(p, geometry->aperture_end + 1, ULONG_MAX))
		return -ERANGE;
	group = iommu_group_get(wdev->dev.parent);
	if (!group)
		return -ENXIO;
	if (iommu_get_group_resv_regions(group, &reserved))
		rc = -ENOMEM;
	iommu_group_put(group);
	list_for_each_entry_safe(region, next, &reserved, list) {
		if (wd_any_page_in(p, region->start, region->start + region->length - 1))
			rc = -ERANGE;
		list_del(&region->list);
		kfree(region);
	}
	return rc;
}

void wd_device_va_range(struct wd_device *wdev, u64 *min, u64 *max)
{
	*min = 0;
	*max = U64_MAX;
	mutex_lock(&wdev->lock);
	if (wdev->domain) {
		*min = wdev->domain->geometry.aperture_start;
		*max = wdev->domain->geometry.aperture_end;
	}
	mutex_unlock(&wdev->lock);
}

static int wd_domain_create(struct wd_device *wdev, struct wd_process *p)
{
	struct device *parent = wdev->dev.parent;
	int rc;

	wdev->domain = wd_iommu_domain_alloc(parent);
	if (IS_ERR(wdev->domain)) {
		rc = PTR_ERR(wdev->domain);
		goto clear;
	}
	/* refuses a device that shares its address space with another */
	rc = iommu_attach_device(wdev->domain, parent);
	if (rc)
		goto free;
	wdev->process = p;
	rc = wd_domain_check(wdev, p) ?: wd_domain_map_range(wdev, 0, ULONG_MAX);
	if (rc)
		goto detach;
	list_add(&wdev->process_node, &p->devices);
	return 0;

detach:
	wdev->process = NULL;
	iommu_detach_device(wdev->domain, parent);
free:
	iommu_domain_free(wdev->domain);
clear:
	wdev->domain = NULL;
	return rc;
}

/* The device is quiet, unless it is stuck: then it keeps what it sees. */
static void wd_domain_destroy(struct wd_device *wdev)
{
	list_del_init(&wdev->process_node);
	if (!wdev->stuck) {
		wd_domain_unmap_range(wdev, 0, ULONG_MAX);
		iommu_detach_device(wdev->domain, wdev->dev.parent);
		iommu_domain_free(wdev->domain);
	}
	wdev->domain = NULL;
	wdev->process = NULL;
	wdev->domain_users = 0;
}

/* A further queue of p on wdev: let the device see what p has registered. */
int wd_process_attach(struct wd_process *p, struct wd_device *wdev)
{
	int rc = 0;

	down_write(&p->lock);
	mutex_lock(&wdev->lock);
	if (wdev->gone)
		rc = -ENXIO;
	else if (!wdev->process)
		rc = wd_domain_create(wdev, p);
	else if (wdev->process != p)
		rc = -EBUSY; /* one address space, one process */
	if (!rc)
		wdev->domain_users++;
	mutex_unlock(&wdev->lock);
	up_write(&p->lock);
	return rc;
}

/* A queue of p on wdev less. */
void wd_process_detach(struct wd_process *p, struct wd_device *wdev)
{
	down_write(&p->lock);
	mutex_lock(&wdev->lock);
	if (wdev->process == p && --wdev->domain_users == 0)
		wd_domain_destroy(wdev);
	mutex_unlock(&wdev->lock);
	up_write(&p->lock);
}

/* The device goes. */
void wd_process_detach_all(struct wd_process *p, struct wd_device *wdev)
{
	down_write(&p->lock);
	mutex_lock(&wdev->lock);
	if (wdev->process == p)
		wd_domain_destroy(wdev);
	mutex_unlock(&wdev->lock);
	up_write(&p->lock);
}

/* --- registration --- */

/* The page at va, under mmap_lock; its end in *next. */
static struct wd_page *wd_page_pin(struct mm_struct *mm, unsigned long va, unsigned long last)
{
	struct vm_area_struct *vma = find_vma(mm, va);
	unsigned long size;
	struct wd_page *pg;
	long nb;

	if (!vma || va < vma->vm_start)
		return ERR_PTR(-EFAULT);
	if (!is_vm_hugetlb_page(vma))
		return ERR_PTR(-EMEDIUMTYPE);
	if ((vma->vm_flags & (VM_READ | VM_WRITE)) != (VM_READ | VM_WRITE))
		return ERR_PTR(-EACCES);
	if (!(vma->vm_flags & VM_DONTCOPY))
		return ERR_PTR(-ECHILD);
	size = huge_page_size(hstate_vma(vma));
	if (!IS_ALIGNED(va, size) || last - va < size - 1)
		return ERR_PTR(-EINVAL);

	pg = kmalloc(sizeof(*pg), GFP_KERNEL_ACCOUNT);
	if (!pg)
		return ERR_PTR(-ENOMEM);
	pg->va = va;
	pg->size = size;
	nb = wd_pin_user_pages(va, 1, FOLL_WRITE | FOLL_LONGTERM, &pg->page);
	if (nb == 1 && PageHuge(pg->page) && page_size(compound_head(pg->page)) == size &&
	    compound_head(pg->page) == pg->page)
		return pg;
	if (nb == 1)
		unpin_user_page(pg->page);
	kfree(pg);
	return ERR_PTR(nb == 1 ? -EMEDIUMTYPE : nb < 0 ? nb : -EFAULT);
}

/* Pin and enter [first, last]; all or nothing. */
static int wd_pages_pin(struct wd_process *p, unsigned long first, unsigned long last)
{
	unsigned long va = first;
	struct wd_page *pg;
	int rc = 0;

	mmap_read_lock(p->mm);
	do {
		pg = fatal_signal_pending(current) ? ERR_PTR(-EINTR) :
						     wd_page_pin(p->mm, va, last);
		if (IS_ERR(pg)) {
			rc = PTR_ERR(pg);
			break;
		}
		rc = mtree_insert_range(&p->pages, va, va + pg->size - 1, pg, GFP_KERNEL_ACCOUNT);
		if (rc) {
			wd_page_free(pg);
			break;
		}
		va += pg->size;
		cond_resched();
	} while (va - 1 != last);
	mmap_read_unlock(p->mm);
	if (rc && va != first)
		wd_pages_drop(p, first, va - 1);
	return rc;
}

/* How much of [first, last] is registered, bytes; *outside: a page reaches beyond it. */
static unsigned long wd_registered(struct wd_process *p, unsigned long first, unsigned long last,
				   bool *outside)
{
	unsigned long index = first, size = 0;
	struct wd_page *pg;

	*outside = false;
	mt_for_each(&p->pages, pg, index, last) {
		if (pg->va < first || pg->va + pg->size - 1 > last)
			*outside = true;
		else
			size += pg->size;
	}
	return size;
}

static int wd_register_locked(struct wd_process *p, unsigned long first, unsigned long last)
{
	struct wd_device *wdev;
	bool outside;
	int rc;

	if (wd_registered(p, first, last, &outside) == last - first + 1)
		return -EALREADY;
	if (outside || wd_registered(p, first, last, &outside))
		return -EEXIST;
	rc = wd_charge(p->mm, last - first + 1);
	if (rc)
		return rc;
	rc = wd_pages_pin(p, first, last);
	if (rc)
		goto uncharge;
	list_for_each_entry(wdev, &p->devices, process_node) {
		rc = wd_domain_check(wdev, p) ?: wd_domain_map_range(wdev, first, last);
		if (rc)
			goto unmap;
	}
	return 0;

unmap:
	list_for_each_entry_continue_reverse(wdev, &p->devices, process_node)
		wd_domain_unmap_range(wdev, first, last);
	wd_pages_drop(p, first, last);
uncharge:
	wd_uncharge(p->mm, last - first + 1);
	return rc;
}

static void wd_unregister_locked(struct wd_process *p, unsigned long first, unsigned long last)
{
	struct wd_device *wdev;

	list_for_each_entry(wdev, &p->devices, process_node)
		wd_domain_unmap_range(wdev, first, last);
	wd_uncharge(p->mm, wd_pages_drop(p, first, last));
}

/* Tell the caller the device's addresses of the pages of a range. */
static int wd_dev_addrs(struct wd_process *p, const struct wd_mem *arg)
{
	u64 __user *addrs = u64_to_user_ptr(arg->dev_addrs);
	unsigned long index = arg->va;
	struct wd_page *pg;
	u64 nb = 0;

	mt_for_each(&p->pages, pg, index, arg->va + arg->len - 1) {
		if (nb == arg->nb_dev_addrs)
			return -ENOSPC;
		if (put_user((u64)page_to_phys(pg->page), &addrs[nb++]))
			return -EFAULT;
	}
	return 0;
}

int wd_mem_register(struct wd_queue *q, const struct wd_mem *arg)
{
	const unsigned long first = arg->va, last = arg->va + arg->len - 1;
	const enum wd_memory memory = q->wdev->conf.memory;
	struct wd_process *p = q->process;
	int rc;

	if (memory == WD_SVA_IOMMU || memory == WD_SVA_DRIVER)
		return -ENOTTY;
	if (memory != WD_PHYSICAL && (arg->dev_addrs || arg->nb_dev_addrs))
		return -EINVAL;
	if (!PAGE_ALIGNED(arg->va) || !PAGE_ALIGNED(arg->len))
		return -EINVAL;
	if (down_write_killable(&p->lock))
		return -EINTR;
	rc = wd_register_locked(p, first, last);
	if ((!rc || rc == -EALREADY) && memory == WD_PHYSICAL) {
		const int addrs_rc = wd_dev_addrs(p, arg);

		if (addrs_rc && !rc)
			wd_unregister_locked(p, first, last);
		rc = addrs_rc ?: rc;
	}
	up_write(&p->lock);
	return rc;
}

int wd_mem_unregister(struct wd_queue *q, const struct wd_mem *arg)
{
	const unsigned long first = arg->va, last = arg->va + arg->len - 1;
	struct wd_process *p = q->process;
	bool outside;
	int rc = 0;

	if (down_write_killable(&p->lock))
		return -EINTR;
	if (wd_registered(p, first, last, &outside) != arg->len)
		rc = outside ? -EINVAL : -ENOENT;
	else if (READ_ONCE(p->leaked) || atomic_read(&p->nb_unconfined))
		rc = -EBUSY; /* no IOMMU takes it from a device that runs */
	if (!rc)
		wd_unregister_locked(p, first, last);
	up_write(&p->lock);
	return rc;
}

int wd_queue_copy(struct wd_queue *q, u64 addr, void __user *buf, size_t len, bool write)
{
	struct wd_process *p = q->process;
	struct wd_page *pg;
	size_t offset, n;
	char *va;
	int rc = 0;

	if (addr + len < addr)
		return -EFAULT;
	/* the process may hold it for as long as its own page faults take */
	if (down_read_killable(&p->lock))
		return -EINTR;
	while (len && !rc) {
		pg = mtree_load(&p->pages, addr);
		if (!pg) {
			rc = -EFAULT;
			break;
		}
		offset = addr - pg->va;
		n = min_t(size_t, len, pg->size - offset);
		va = (char *)page_address(pg->page) + offset;
		if (write ? copy_from_user(va, buf, n) : copy_to_user(buf, va, n))
			rc = -EFAULT;
		addr += n;
		buf += n;
		len -= n;
	}
	up_read(&p->lock);
	return rc;
}
EXPORT_SYMBOL_GPL(wd_queue_copy);
