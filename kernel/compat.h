/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Copyright (c) 2026 the wd authors
 *
 * The one place that knows what changed between kernels 6.1 and newer. The
 * names are ours, so that none can collide with what a kernel has itself.
 */
#ifndef WD_COMPAT_H
#define WD_COMPAT_H

#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define wd_vm_flags_set(vma, flags) vm_flags_set(vma, flags)
#define wd_iommu_map(dom, iova, pa, size, prot) iommu_map(dom, iova, pa, size, prot, GFP_KERNEL)
#else
#define wd_vm_flags_set(vma, flags) ((vma)->vm_flags |= (flags))
#define wd_iommu_map(dom, iova, pa, size, prot) iommu_map(dom, iova, pa, size, prot)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define wd_pin_user_pages(va, nr, flags, pages) pin_user_pages(va, nr, flags, pages)
#define wd_pin_user_pages_remote(mm, va, nr, flags, pages) \
	pin_user_pages_remote(mm, va, nr, flags, pages, NULL)
#else
#define wd_pin_user_pages(va, nr, flags, pages) pin_user_pages(va, nr, flags, pages, NULL)
#define wd_pin_user_pages_remote(mm, va, nr, flags, pages) \
	pin_user_pages_remote(mm, va, nr, flags, pages, NULL, NULL)
#endif

static inline struct iommu_domain *wd_iommu_domain_alloc(struct device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	return iommu_paging_domain_alloc(dev);
#else
	struct iommu_domain *domain = iommu_domain_alloc(dev->bus);

	/* wd_register() has seen that there is an IOMMU */
	return domain ?: ERR_PTR(-ENOMEM);
#endif
}

static inline struct iommu_sva *wd_iommu_sva_bind(struct device *dev, struct mm_struct *mm)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return iommu_sva_bind_device(dev, mm);
#else
	return iommu_sva_bind_device(dev, mm, NULL);
#endif
}

/*
 * Newer kernels enable shared virtual addressing when the first mm is bound. Older ones
 * want a device's page faults (PRI, stall) enabled before; not all devices need that.
 */
static inline int wd_iommu_sva_enable(struct device *dev, bool *faults)
{
	int rc = 0;

	*faults = false;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	*faults = !iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF);
	rc = iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA);
	if (rc && *faults)
		iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
#endif
	return rc;
}

/* faults: what enabling has said; a kernel may warn when they were not enabled. */
static inline void wd_iommu_sva_disable(struct device *dev, bool faults)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA);
	if (faults)
		iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
#endif
}

/* Whether the machine checks what the device writes to the addresses of interrupts. */
static inline bool wd_msi_isolated(struct device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	struct iommu_group *group = iommu_group_get(dev);
	const bool isolated = group && iommu_group_has_isolated_msi(group);

	iommu_group_put(group);
	return isolated;
#else
	return irq_domain_check_msi_remap() || device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP);
#endif
}

#endif /* WD_COMPAT_H */
