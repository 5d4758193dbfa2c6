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
#include <linux/rbtree.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "wd.h"

/*
 * A hugepage, pinned once as a whole. It is entered and taken out without an
 * allocation that could fail.
 */
struct wd_page {
	struct rb_node node; /* wd_process.pages, while it is registered */
	struct list_head list; /* before and after that */
	unsigned long va;
	unsigned long size;
	struct page *page;
	bool kept; /* a device may still reach it: stays pinned */
	bool told; /* somebody else relies on it: EALREADY */
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
		closing |= p->mm == mm && !p->nb_open && (p->refs || !READ_ONCE(p->leaked));
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
	p->pages = RB_ROOT;
	INIT_LIST_HEAD(&p->kept);
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
	wake_up_all(&wd_process_freed); /* it is not closing any more */
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

/* --- what is registered, by virtual address; with the lock of the process held --- */

/* The first page that ends behind va, or NULL. */
static struct wd_page *wd_page_from(struct wd_process *p, unsigned long va)
{
	struct rb_node *node = p->pages.rb_node;
	struct wd_page *found = NULL;

	while (node) {
		struct wd_page *pg = rb_entry(node, struct wd_page, node);

		if (pg->va + (pg->size - 1) < va) {
			node = node->rb_right;
		} else {
			found = pg;
			node = node->rb_left;
		}
	}
	return found;
}

static struct wd_page *wd_page_after(struct wd_page *pg)
{
	return rb_entry_safe(rb_next(&pg->node), struct wd_page, node);
}

#define wd_for_each_page(pg, p, first, last) \
	for ((pg) = wd_page_from(p, first); (pg) && (pg)->va <= (last); (pg) = wd_page_after(pg))

static bool wd_page_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct wd_page, node)->va < rb_entry(b, struct wd_page, node)->va;
}

/* Of the list, where nothing is registered yet. */
static void wd_pages_enter(struct wd_process *p, struct list_head *pages)
{
	struct wd_page *pg, *next;

	list_for_each_entry_safe(pg, next, pages, list) {
		list_del(&pg->list);
		rb_add(&pg->node, &p->pages, wd_page_less);
	}
}

/* All of [first, last] to the list, to be unpinned; no device is shown it any more. */
static void wd_pages_take(struct wd_process *p, unsigned long first, unsigned long last,
			  struct list_head *pages)
{
	struct wd_page *pg;

	while ((pg = wd_page_from(p, first)) && pg->va <= last) {
		rb_erase(&pg->node, &p->pages);
		list_add_tail(&pg->list, pg->kept ? &p->kept : pages);
	}
}

/* Unpin, which may take long: with no lock held. Returns how much it was, bytes. */
static unsigned long wd_pages_unpin(struct list_head *pages)
{
	struct wd_page *pg, *next;
	unsigned long size = 0;

	list_for_each_entry_safe(pg, next, pages, list) {
		size += pg->size;
		unpin_user_pages_dirty_lock(&pg->page, 1, true);
		kfree(pg);
		cond_resched();
	}
	return size;
}

void wd_process_put(struct wd_process *p)
{
	LIST_HEAD(pages);
	bool last;

	spin_lock(&wd_processes_lock);
	last = --p->refs == 0;
	spin_unlock(&wd_processes_lock);
	if (!last)
		return;
	if (READ_ONCE(p->leaked)) {
		wake_up_all(&wd_process_freed);
		return; /* it stays, with its pages, which a device may still reach */
	}
	wd_pages_take(p, 0, ULONG_MAX, &pages); /* nobody else has it */
	wd_uncharge(p->mm, wd_pages_unpin(&pages));
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

/* Of a page that is not unmapped as a whole nobody knows what the device still reaches. */
static void wd_domain_unmap(struct wd_device *wdev, struct wd_page *pg)
{
	const size_t size = iommu_unmap(wdev->domain, pg->va, pg->size);

	if (size == pg->size)
		return;
	pg->kept = true;
	WRITE_ONCE(wdev->process->leaked, true);
	dev_err_once(&wdev->dev,
		     "unmapped %zu of %lu bytes; the memory of the process is kept until reboot\n",
		     size, pg->size);
}

/* Map or unmap all that is registered in [first, last] for one device. */
static void wd_domain_unmap_range(struct wd_device *wdev, unsigned long first, unsigned long last)
{
	struct wd_page *pg;

	wd_for_each_page(pg, wdev->process, first, last)
		wd_domain_unmap(wdev, pg);
}

static int wd_domain_map_range(struct wd_device *wdev, unsigned long first, unsigned long last)
{
	struct wd_page *pg;
	int rc;

	wd_for_each_page(pg, wdev->process, first, last) {
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
	const struct wd_page *pg = wd_page_from(p, first);

	return pg && pg->va <= last;
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
	if (wdev->conf.memory != WD_REGISTERED_IOMMU)
		return; /* not to wait for who has the lock */
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
	pg->kept = false;
	pg->told = false;
	nb = wd_pin_user_pages(va, 1, FOLL_WRITE | FOLL_LONGTERM, &pg->page);
	if (nb == 1 && PageHuge(pg->page) && page_size(compound_head(pg->page)) == size &&
	    compound_head(pg->page) == pg->page)
		return pg;
	if (nb == 1)
		unpin_user_page(pg->page);
	kfree(pg);
	return ERR_PTR(nb == 1 ? -EMEDIUMTYPE : nb < 0 ? nb : -EFAULT);
}

/*
 * Charge and pin [first, last], all or nothing. It may take long, and copies for the
 * device wait for the lock of the process: that is not held here.
 */
static int wd_pages_pin(struct mm_struct *mm, unsigned long first, unsigned long last,
			struct list_head *pages)
{
	unsigned long va = first;
	struct wd_page *pg;
	int rc;

	rc = wd_charge(mm, last - first + 1);
	if (rc)
		return rc;
	mmap_read_lock(mm);
	do {
		pg = fatal_signal_pending(current) ? ERR_PTR(-EINTR) : wd_page_pin(mm, va, last);
		if (IS_ERR(pg)) {
			rc = PTR_ERR(pg);
			break;
		}
		list_add_tail(&pg->list, pages);
		va += pg->size;
		cond_resched();
	} while (va - 1 != last);
	mmap_read_unlock(mm);
	if (!rc)
		return 0;
	wd_pages_unpin(pages);
	wd_uncharge(mm, last - first + 1);
	return rc;
}

/* How much of [first, last] is registered, bytes; *outside: a page reaches beyond it. */
static unsigned long wd_registered(struct wd_process *p, unsigned long first, unsigned long last,
				   bool *outside)
{
	unsigned long size = 0;
	struct wd_page *pg;

	*outside = false;
	wd_for_each_page(pg, p, first, last) {
		if (pg->va < first || pg->va + (pg->size - 1) > last)
			*outside = true;
		else
			size += pg->size;
	}
	return size;
}

/* Whether [first, last] can be registered, as far as what is there counts. */
static int wd_register_check(struct wd_process *p, unsigned long first, unsigned long last)
{
	bool outside;
	const unsigned long size = wd_registered(p, first, last, &outside);
	struct wd_page *pg;

	if (size != last - first + 1)
		return outside || size ? -EEXIST : 0;
	wd_for_each_page(pg, p, first, last)
		WRITE_ONCE(pg->told, true);
	return -EALREADY;
}

static bool wd_anybody_told(struct wd_process *p, unsigned long first, unsigned long last)
{
	struct wd_page *pg;

	wd_for_each_page(pg, p, first, last) {
		if (READ_ONCE(pg->told))
			return true;
	}
	return false;
}

/* What is pinned becomes registered; after an error what is to be unpinned is in the list. */
static int wd_register_locked(struct wd_process *p, unsigned long first, unsigned long last,
			      struct list_head *pages)
{
	struct wd_device *wdev;
	int rc;

	/* again: somebody may have been faster */
	rc = wd_register_check(p, first, last);
	if (rc)
		return rc;
	wd_pages_enter(p, pages);
	list_for_each_entry(wdev, &p->devices, process_node) {
		rc = wd_domain_check(wdev, p) ?: wd_domain_map_range(wdev, first, last);
		if (rc)
			goto unmap;
	}
	return 0;

unmap:
	list_for_each_entry_continue_reverse(wdev, &p->devices, process_node)
		wd_domain_unmap_range(wdev, first, last);
	wd_pages_take(p, first, last, pages);
	return rc;
}

static int wd_range_register(struct wd_process *p, unsigned long first, unsigned long last)
{
	LIST_HEAD(pages);
	int rc;

	if (down_read_killable(&p->lock))
		return -EINTR;
	rc = wd_register_check(p, first, last);
	up_read(&p->lock);
	if (!rc)
		rc = wd_pages_pin(p->mm, first, last, &pages);
	if (rc)
		return rc;
	rc = down_write_killable(&p->lock);
	if (!rc) {
		rc = wd_register_locked(p, first, last, &pages);
		up_write(&p->lock);
	}
	wd_uncharge(p->mm, wd_pages_unpin(&pages));
	return rc;
}

/* undo: whatever runs, unless somebody was told of it meanwhile */
static int wd_range_unregister(struct wd_process *p, unsigned long first, unsigned long last,
			       bool undo)
{
	struct wd_device *wdev;
	LIST_HEAD(pages);
	bool outside;
	int rc = 0;

	if (down_write_killable(&p->lock))
		return -EINTR;
	if (wd_registered(p, first, last, &outside) != last - first + 1) {
		rc = outside ? -EINVAL : -ENOENT;
	} else if (undo && wd_anybody_told(p, first, last)) {
		rc = -EBUSY;
	} else if (!undo && (READ_ONCE(p->leaked) || atomic_read(&p->nb_unconfined))) {
		rc = -EBUSY; /* no IOMMU takes it from a device that runs */
	} else {
		list_for_each_entry(wdev, &p->devices, process_node)
			wd_domain_unmap_range(wdev, first, last);
		wd_pages_take(p, first, last, &pages);
		if (READ_ONCE(p->leaked))
			rc = -EBUSY;
	}
	up_write(&p->lock);
	wd_uncharge(p->mm, wd_pages_unpin(&pages));
	return rc;
}

/* The device's addresses of what is registered in [first, last]; freed by the caller. */
static u64 *wd_dev_addrs_take(struct wd_process *p, unsigned long first, unsigned long last,
			      u64 max, u64 *nb)
{
	u64 *addrs = ERR_PTR(-ENOSPC);
	struct wd_page *pg;

	*nb = 0;
	if (down_read_killable(&p->lock))
		return ERR_PTR(-EINTR);
	wd_for_each_page(pg, p, first, last)
		++*nb;
	if (*nb <= max) {
		addrs = kvmalloc_array(*nb, sizeof(*addrs), GFP_KERNEL_ACCOUNT);
		addrs = addrs ?: ERR_PTR(-ENOMEM);
	}
	*nb = 0;
	if (!IS_ERR(addrs)) {
		wd_for_each_page(pg, p, first, last)
			addrs[(*nb)++] = page_to_phys(pg->page);
	}
	up_read(&p->lock);
	return addrs;
}

/* Tell the caller of them, with no lock held: its memory may not be there. */
static int wd_dev_addrs(struct wd_process *p, const struct wd_mem *arg)
{
	u64 nb, *addrs = wd_dev_addrs_take(p, arg->va, arg->va + arg->len - 1, arg->nb_dev_addrs,
					   &nb);
	int rc = 0;

	if (IS_ERR(addrs))
		return PTR_ERR(addrs);
	if (copy_to_user(u64_to_user_ptr(arg->dev_addrs), addrs, nb * sizeof(*addrs)))
		rc = -EFAULT;
	kvfree(addrs);
	return rc;
}

int wd_mem_register(struct wd_queue *q, const struct wd_mem *arg)
{
	const unsigned long first = arg->va, last = arg->va + arg->len - 1;
	const enum wd_memory memory = q->wdev->conf.memory;
	int rc, addrs_rc;

	if (memory == WD_SVA_IOMMU || memory == WD_SVA_DRIVER)
		return -ENOTTY;
	if (memory != WD_PHYSICAL && (arg->dev_addrs || arg->nb_dev_addrs))
		return -EINVAL;
	if (!PAGE_ALIGNED(arg->va) || !PAGE_ALIGNED(arg->len))
		return -EINVAL;
	rc = wd_range_register(q->process, first, last);
	if ((rc && rc != -EALREADY) || memory != WD_PHYSICAL)
		return rc;
	addrs_rc = wd_dev_addrs(q->process, arg);
	if (addrs_rc && !rc)
		wd_range_unregister(q->process, first, last, true);
	return addrs_rc ?: rc;
}

int wd_mem_unregister(struct wd_queue *q, const struct wd_mem *arg)
{
	return wd_range_unregister(q->process, arg->va, arg->va + arg->len - 1, false);
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
		pg = wd_page_from(p, addr);
		if (!pg || pg->va > addr) {
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
