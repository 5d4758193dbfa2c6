// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Copyright (c) 2026 the wd authors
 *
 * QEMU's educational PCI device (docs/specs/edu of QEMU) under wd.ko: one queue,
 * whose owner programs the DMA engine directly. It takes whatever address the
 * owner writes, so what it can reach is what the IOMMU lets it reach: the device
 * to prove isolation with.
 *
 *   region MMIO  the first page of BAR 0: the registers
 *   region DUS   a page, of which only the status words at its end are used
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "wd.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_REG_ID 0x00
#define EDU_ID_MASK 0xffff
#define EDU_ID 0x00ed /* "edu" */
#define EDU_REG_STATUS 0x20 /* 0x80: interrupt when a factorial is computed */
#define EDU_REG_IRQ_ACK 0x64 /* the causes to take back */
#define EDU_REG_DMA_COMMAND 0x98
#define EDU_DMA_START BIT(0) /* reads as 1 until the transfer is done */

/* A transfer begins 100 ms after the command and takes no time then. */
#define EDU_STOP_TIMEOUT_US 2000000

/* the last words of the DUS region, as accelerators have them */
#define EDU_SEND_STATUS ((PAGE_SIZE - 4) / sizeof(u32))
#define EDU_RECV_STATUS ((PAGE_SIZE - 8) / sizeof(u32))

static bool sva;
module_param(sva, bool, 0444);
MODULE_PARM_DESC(sva, "share the page tables of the process where IOMMU and kernel can");

struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	u32 *status; /* the DUS page of the queue; NULL: it is free */
	struct wd_device *wdev;
};

static int edu_get(struct wd_queue *q)
{
	struct edu *edu = q->wdev->priv;

	if (edu->status)
		return -EBUSY;
	edu->status = vmalloc_user(PAGE_SIZE);
	if (!edu->status)
		return -ENOMEM;
	q->id = 0;
	return 0;
}

/* The owner looks here before it touches a register, and must not any more. */
static void edu_mark_dead(struct edu *edu)
{
	WRITE_ONCE(edu->status[EDU_SEND_STATUS], 1);
	WRITE_ONCE(edu->status[EDU_RECV_STATUS], 1);
}

static void edu_put(struct wd_queue *q)
{
	struct edu *edu = q->wdev->priv;

	edu_mark_dead(edu); /* still mapped, when the device goes */
	vfree(edu->status);
	edu->status = NULL;
}

static int edu_wait(struct edu *edu)
{
	u32 command;

	return readl_poll_timeout(edu->regs + EDU_REG_DMA_COMMAND, command,
				  !(command & EDU_DMA_START), 1000, EDU_STOP_TIMEOUT_US);
}

/* A transfer that the last owner began when it was stopped must not end in our memory. */
static int edu_start(struct wd_queue *q)
{
	struct edu *edu = q->wdev->priv;
	int rc = edu_wait(edu);

	if (!rc)
		pci_set_master(edu->pdev);
	return rc;
}

/* The registers stay mapped, so the owner may start further transfers: they reach nothing. */
static int edu_stop(struct wd_queue *q)
{
	struct edu *edu = q->wdev->priv;

	pci_clear_master(edu->pdev);
	/* one that was pulled out reads as all ones, and does nothing any more */
	return pci_device_is_present(edu->pdev) ? edu_wait(edu) : 0;
}

static int edu_mmap(struct wd_queue *q, unsigned int region, struct vm_area_struct *vma)
{
	struct edu *edu = q->wdev->priv;

	return remap_vmalloc_range(vma, edu->status, 0);
}

static unsigned long edu_pfn(struct wd_queue *q, unsigned int region)
{
	struct edu *edu = q->wdev->priv;

	return pci_resource_start(edu->pdev, 0) >> PAGE_SHIFT;
}

static int edu_qp_ctx(struct wd_queue *q, struct uacce_qp_ctx *ctx)
{
	if (ctx->qc_type)
		return -EINVAL;
	ctx->id = q->id;
	return 0;
}

/* It has no rings. */
static int edu_qp_info(struct wd_queue *q, struct uacce_qp_info *info)
{
	*info = (struct uacce_qp_info){};
	return 0;
}

static int edu_available(struct wd_device *wdev)
{
	const struct edu *edu = wdev->priv;

	return edu->status ? 0 : 1;
}

static const struct wd_ops edu_ops = {
	.get = edu_get,
	.put = edu_put,
	.start = edu_start,
	.stop = edu_stop,
	.mmap = edu_mmap,
	.pfn = edu_pfn,
	.qp_ctx = edu_qp_ctx,
	.qp_info = edu_qp_info,
	.available = edu_available,
};

static struct wd_device *edu_register(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	struct wd_config conf = {
		.name = "wd_edu",
		.api = "wd_edu_v1",
		.algorithms = "copy\n",
		.memory = device_iommu_mapped(dev) ? WD_REGISTERED_IOMMU : WD_PHYSICAL,
		.id = -1,
		.region_size = { PAGE_SIZE, PAGE_SIZE },
		.region_is_device = { true, false },
		.ops = &edu_ops,
	};
	struct wd_device *wdev;

	if (sva) {
		struct wd_config sva_conf = conf;

		sva_conf.memory = WD_SVA_IOMMU;
		wdev = wd_register(dev, &sva_conf, edu);
		if (wdev != ERR_PTR(-EOPNOTSUPP))
			return wdev;
		dev_info(dev, "this kernel and IOMMU do not share page tables with it: registered memory only\n");
	}
	wdev = wd_register(dev, &conf, edu);
	if (wdev == ERR_PTR(-EOPNOTSUPP))
		dev_err(dev, "%s; enable the IOMMU, or load wd with unsafe_physical=1\n",
			conf.memory == WD_PHYSICAL ? "no IOMMU confines it" :
						     "its IOMMU is not cache coherent");
	return wdev;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int rc;

	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	rc = pcim_enable_device(pdev);
	if (!rc)
		rc = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!rc)
		rc = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (rc)
		return rc;
	edu->regs = pcim_iomap_table(pdev)[0];
	if ((readl(edu->regs + EDU_REG_ID) & EDU_ID_MASK) != EDU_ID ||
	    pci_resource_len(pdev, 0) < PAGE_SIZE)
		return -ENODEV;
	/* the owner can raise it at will, and nobody would handle it */
	pci_intx(pdev, 0);
	pci_set_drvdata(pdev, edu);
	edu->wdev = edu_register(edu);
	return PTR_ERR_OR_ZERO(edu->wdev);
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);
	struct wd_device *wdev = edu->wdev;

	mutex_lock(&wdev->lock);
	if (edu->status)
		edu_mark_dead(edu);
	mutex_unlock(&wdev->lock);
	wd_unregister(wdev);
	vfree(edu->status); /* if it did not stop; DMA never goes there */
	/* the PCI core may allow its line again: let it not be raised then */
	writel(0, edu->regs + EDU_REG_STATUS);
	writel(~0U, edu->regs + EDU_REG_IRQ_ACK);
}

static const struct pci_device_id edu_ids[] = { { PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) }, {} };
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("QEMU's edu device as an accelerator");
MODULE_AUTHOR("the wd authors");
MODULE_LICENSE("Dual BSD/GPL");
