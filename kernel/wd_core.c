// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Copyright (c) 2026 the wd authors
 *
 * Devices: the class and its attributes, registration by a driver, and the end
 * of a device that still has queues.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "wd.h"

#define WD_MAX_DEVICES 1024

static char *class_name;
module_param(class_name, charp, 0444);
MODULE_PARM_DESC(class_name, "device class (default: uacce, or wd where the kernel's own uacce is loaded)");

static bool unsafe_physical;
module_param(unsafe_physical, bool, 0444);
MODULE_PARM_DESC(unsafe_physical, "let who has CAP_SYS_RAWIO use devices that no IOMMU confines; taints the kernel");

static bool unsafe_interrupts;
module_param(unsafe_interrupts, bool, 0444);
MODULE_PARM_DESC(unsafe_interrupts, "use devices that can forge interrupts, as the machine does not remap those");

struct workqueue_struct *wd_teardown_wq;

static struct class wd_class;
static dev_t wd_devt;
static DEFINE_IDA(wd_ida);

#define to_wd(d) container_of(d, struct wd_device, dev)

static ssize_t api_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_wd(dev)->conf.api);
}
static DEVICE_ATTR_RO(api);

static bool wd_is_sva(const struct wd_device *wdev)
{
	return wdev->conf.memory == WD_SVA_IOMMU || wdev->conf.memory == WD_SVA_DRIVER;
}

static ssize_t flags_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", wd_is_sva(to_wd(dev)) ? UACCE_FLAG_SVA : 0);
}
static DEVICE_ATTR_RO(flags);

static ssize_t available_instances_show(struct device *dev, struct device_attribute *attr,
					char *buf)
{
	struct wd_device *wdev = to_wd(dev);
	int nb = -ENODEV;

	if (mutex_lock_killable(&wdev->lock))
		return -EINTR;
	if (!wdev->gone)
		nb = wdev->stuck ? 0 : wdev->conf.ops->available(wdev);
	mutex_unlock(&wdev->lock);
	return nb < 0 ? nb : sysfs_emit(buf, "%d\n", nb);
}
static DEVICE_ATTR_RO(available_instances);

static ssize_t algorithms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s", to_wd(dev)->conf.algorithms);
}
static DEVICE_ATTR_RO(algorithms);

static ssize_t region_mmio_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", to_wd(dev)->conf.region_size[UACCE_REGION_MMIO]);
}
static DEVICE_ATTR_RO(region_mmio_size);

static ssize_t region_dus_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", to_wd(dev)->conf.region_size[UACCE_REGION_DUS]);
}
static DEVICE_ATTR_RO(region_dus_size);

static ssize_t memory_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct wd_device *wdev = to_wd(dev);

	return sysfs_emit(buf, "%s\n", wd_is_sva(wdev) ? WD_MEMORY_SVA :
			  wdev->conf.memory == WD_PHYSICAL ? WD_MEMORY_PHYSICAL :
			  WD_MEMORY_REGISTERED);
}
static DEVICE_ATTR_RO(memory);

static struct attribute *wd_attrs[] = {
	&dev_attr_api.attr,
	&dev_attr_flags.attr,
	&dev_attr_available_instances.attr,
	&dev_attr_algorithms.attr,
	&dev_attr_region_mmio_size.attr,
	&dev_attr_region_dus_size.attr,
	&dev_attr_memory.attr,
	NULL,
};

static umode_t wd_attr_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	const struct wd_config *conf = &to_wd(kobj_to_dev(kobj))->conf;

	if ((attr == &dev_attr_region_mmio_size.attr && !conf->region_size[UACCE_REGION_MMIO]) ||
	    (attr == &dev_attr_region_dus_size.attr && !conf->region_size[UACCE_REGION_DUS]))
		return 0;
	return attr->mode;
}

static const struct attribute_group wd_group = {
	.attrs = wd_attrs,
	.is_visible = wd_attr_visible,
};

static const struct attribute_group *wd_groups[] = { &wd_group, NULL };

/*
 * Where nothing remaps interrupts, a write to their addresses is one, of any number,
 * and no page table of an IOMMU is asked.
 */
static int wd_check_interrupts(struct device *parent)
{
	if (wd_msi_isolated(parent))
		return 0;
	if (!unsafe_interrupts) {
		dev_err(parent, "its DMA can forge interrupts; enable interrupt remapping, or load wd with unsafe_interrupts=1\n");
		return -EPERM;
	}
	dev_warn(parent, "its DMA can forge interrupts: who opens it must be trusted\n");
	return 0;
}

/* Whether the machine can give the device the kind of memory its driver asks for. */
static int wd_check_memory(struct wd_device *wdev, struct device *parent, enum wd_memory memory)
{
	switch (memory) {
	case WD_SVA_IOMMU:
		if (wd_iommu_sva_enable(parent, &wdev->iopf))
			return -EOPNOTSUPP;
		if (!wd_check_interrupts(parent))
			return 0;
		wd_iommu_sva_disable(parent, wdev->iopf);
		return -EPERM;
	case WD_REGISTERED_IOMMU:
		if (!device_iommu_mapped(parent) ||
		    !device_iommu_capable(parent, IOMMU_CAP_CACHE_COHERENCY))
			return -EOPNOTSUPP;
		return wd_check_interrupts(parent);
	case WD_PHYSICAL:
		return unsafe_physical ? 0 : -EOPNOTSUPP;
	default:
		return 0;
	}
}

static void wd_device_release(struct device *dev)
{
	struct wd_device *wdev = to_wd(dev);

	ida_free(&wd_ida, wdev->id);
	mutex_destroy(&wdev->lock);
	kfree(wdev);
}

/*
 * With the device's lock held: no op of the driver runs for this queue any more. Its
 * registers go first, as a device that is rung all the time would not stop.
 */
static void wd_queue_cut_off(struct wd_queue *q)
{
	struct wd_device *wdev = q->wdev;
	unsigned int region;

	mutex_lock(&q->vma_lock);
	q->vma_refused = true;
	for (region = 0; region < WD_NB_REGIONS && q->mapping; region++) {
		if (wdev->conf.region_is_device[region])
			unmap_mapping_range(q->mapping, (loff_t)region << (WD_REGION_SHIFT + PAGE_SHIFT),
					    wdev->conf.region_size[region], 1);
	}
	mutex_unlock(&q->vma_lock);
	wd_queue_halt(q);
	wd_queue_give_back(q);
	wake_up_all(&q->wait);
}

/* Whoever has it open loses it, and nobody opens it any more. */
static void wd_withdraw(struct wd_device *wdev)
{
	struct wd_process *p;
	struct wd_queue *q;

	mutex_lock(&wdev->lock);
	wdev->gone = true;
	list_for_each_entry(q, &wdev->queues, node)
		wd_queue_cut_off(q);
	p = wdev->process;
	if (p)
		wd_process_hold(p); /* alive: a queue in the list has it */
	mutex_unlock(&wdev->lock);
	if (p) {
		wd_process_detach_all(p, wdev);
		wd_process_put(p);
	}
	if (wdev->conf.memory == WD_SVA_IOMMU)
		wd_iommu_sva_disable(wdev->dev.parent, wdev->iopf);
	put_device(&wdev->dev);
}

struct wd_device *wd_register(struct device *parent, const struct wd_config *conf, void *priv)
{
	struct wd_device *wdev;
	int rc;

	if (conf->id >= WD_MAX_DEVICES)
		return ERR_PTR(-EINVAL);
	wdev = kzalloc(sizeof(*wdev), GFP_KERNEL);
	if (!wdev)
		return ERR_PTR(-ENOMEM);
	rc = conf->id < 0 ? ida_alloc_max(&wd_ida, WD_MAX_DEVICES - 1, GFP_KERNEL) :
			    ida_alloc_range(&wd_ida, conf->id, conf->id, GFP_KERNEL);
	if (rc < 0) {
		kfree(wdev);
		return ERR_PTR(rc == -ENOSPC ? -EEXIST : rc);
	}
	wdev->id = rc;
	/* the last that can fail before device_initialize(), as it may have enabled SVA */
	rc = wd_check_memory(wdev, parent, conf->memory);
	if (rc) {
		ida_free(&wd_ida, wdev->id);
		kfree(wdev);
		return ERR_PTR(rc);
	}
	wdev->conf = *conf;
	wdev->priv = priv;
	mutex_init(&wdev->lock);
	init_waitqueue_head(&wdev->closed);
	INIT_LIST_HEAD(&wdev->queues);
	INIT_LIST_HEAD(&wdev->process_node);

	device_initialize(&wdev->dev);
	wdev->dev.class = &wd_class;
	wdev->dev.parent = parent;
	wdev->dev.groups = wd_groups;
	wdev->dev.release = wd_device_release;
	wdev->dev.devt = MKDEV(MAJOR(wd_devt), wdev->id);
	cdev_init(&wdev->cdev, &wd_fops);
	wdev->cdev.owner = THIS_MODULE;
	rc = dev_set_name(&wdev->dev, "%s-%d", conf->name, wdev->id);
	if (!rc)
		rc = cdev_device_add(&wdev->cdev, &wdev->dev);
	if (rc) {
		wd_withdraw(wdev); /* its number was there for a moment, and may be open */
		return ERR_PTR(rc);
	}
	return wdev;
}
EXPORT_SYMBOL_GPL(wd_register);

void wd_unregister(struct wd_device *wdev)
{
	/* before the attributes go: their readers wait for the lock */
	mutex_lock(&wdev->lock);
	wdev->gone = true;
	mutex_unlock(&wdev->lock);
	cdev_device_del(&wdev->cdev, &wdev->dev);
	wd_withdraw(wdev);
}
EXPORT_SYMBOL_GPL(wd_unregister);

/* The kernel's own uacce has the class of that name. */
static bool wd_uacce_is_loaded(void)
{
	if (!__symbol_get("uacce_alloc"))
		return false;
	__symbol_put("uacce_alloc");
	return true;
}

static int __init wd_init(void)
{
	int rc;

	wd_class.name = class_name ?: wd_uacce_is_loaded() ? "wd" : "uacce";
	wd_teardown_wq = alloc_workqueue("wd_teardown", WQ_UNBOUND, 0);
	if (!wd_teardown_wq)
		return -ENOMEM;
	rc = alloc_chrdev_region(&wd_devt, 0, WD_MAX_DEVICES, "wd");
	if (rc)
		goto destroy_wq;
	rc = class_register(&wd_class);
	if (rc)
		goto free_region;
	return 0;

free_region:
	unregister_chrdev_region(wd_devt, WD_MAX_DEVICES);
destroy_wq:
	destroy_workqueue(wd_teardown_wq);
	return rc;
}

static void __exit wd_exit(void)
{
	/* files are all closed, but what close() left to do may still run */
	destroy_workqueue(wd_teardown_wq);
	class_unregister(&wd_class);
	unregister_chrdev_region(wd_devt, WD_MAX_DEVICES);
	ida_destroy(&wd_ida);
}

module_init(wd_init);
module_exit(wd_exit);
MODULE_DESCRIPTION("accelerator queues for user space");
MODULE_AUTHOR("the wd authors");
MODULE_LICENSE("Dual BSD/GPL");
