// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Copyright (c) 2026 the wd authors
 *
 * Queues: one open file is one queue of one process.
 *
 * Only the process that opened a file may use it: a child that inherited it, a
 * program after exec() and whoever was sent it have another mm and get EPERM.
 * What it mapped is not inherited, cannot be split, moved or grown.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "wd.h"

/* The driver's stop(), of a queue that is started. */
static int wd_quiesce(struct wd_queue *q)
{
	const int rc = q->wdev->conf.ops->stop(q);

	if (!rc && q->wdev->conf.memory == WD_PHYSICAL)
		atomic_dec(&q->process->nb_unconfined);
	return rc;
}

/* Stop a queue for good, with the device's lock held. */
void wd_queue_halt(struct wd_queue *q)
{
	struct wd_device *wdev = q->wdev;

	mutex_lock(&q->lock);
	if (q->state == WD_QUEUE_STARTED && wd_quiesce(q)) {
		/* the pages that it may still reach can never be given to anybody else */
		WRITE_ONCE(q->process->leaked, true);
		if (!wdev->stuck)
			dev_err(&wdev->dev,
				"does not stop; given up, and the memory it was shown is kept until reboot\n");
		wdev->stuck = true;
	}
	q->state = WD_QUEUE_ZOMBIE;
	mutex_unlock(&q->lock);
}

/* Halted before, with the device's lock held: the driver never hears of it again. */
void wd_queue_give_back(struct wd_queue *q)
{
	if (!q->taken)
		return;
	if (q->sva && !q->wdev->stuck)
		iommu_sva_unbind_device(q->sva);
	if (!q->wdev->stuck)
		q->wdev->conf.ops->put(q);
	q->taken = false;
}

static void wd_queue_free(struct wd_queue *q)
{
	mmdrop(q->mm);
	put_device(&q->wdev->dev);
	mutex_destroy(&q->lock);
	mutex_destroy(&q->vma_lock);
	kfree(q);
}

static void wd_queue_drop(struct wd_queue *q)
{
	struct wd_device *wdev = q->wdev;

	mutex_lock(&wdev->lock);
	list_del(&q->node);
	wd_queue_give_back(q);
	mutex_unlock(&wdev->lock);
}

/* The rest of close(), which itself must not wait: it may run in any task. */
static void wd_queue_teardown(struct work_struct *work)
{
	struct wd_queue *q = container_of(work, struct wd_queue, teardown);
	struct wd_device *wdev = q->wdev;

	mutex_lock(&wdev->lock);
	if (q->taken)
		wd_queue_halt(q);
	mutex_unlock(&wdev->lock);
	if (wdev->conf.memory == WD_REGISTERED_IOMMU)
		wd_process_detach(q->process, wdev);

	wd_queue_drop(q);
	atomic_inc(&wdev->nb_closed);
	smp_mb__after_atomic(); /* pairs with the order of looks in wd_queue_claim() */
	atomic_dec(&wdev->nb_closing);
	wake_up_all(&wdev->closed);
	wd_process_put(q->process);
	wd_queue_free(q);
}

/* Below the device's lock, so that the driver and its parent device are there. */
static int wd_queue_bind(struct wd_queue *q)
{
	struct iommu_sva *sva;

	if (q->wdev->conf.memory != WD_SVA_IOMMU)
		return 0;
	sva = wd_iommu_sva_bind(q->wdev->dev.parent, q->mm);
	if (IS_ERR(sva))
		return PTR_ERR(sva);
	q->sva = sva;
	return 0;
}

static int wd_queue_take(struct wd_queue *q)
{
	struct wd_device *wdev = q->wdev;
	int rc;

	/* the driver may wait for its device */
	if (mutex_lock_killable(&wdev->lock))
		return -EINTR;
	if (wdev->gone)
		rc = -ENXIO;
	else if (wdev->stuck)
		rc = -EIO;
	else
		rc = wdev->conf.ops->get(q);
	if (!rc) {
		q->taken = true;
		rc = wd_queue_bind(q);
		if (rc)
			wd_queue_give_back(q);
	}
	if (!rc)
		list_add_tail(&q->node, &wdev->queues);
	mutex_unlock(&wdev->lock);
	return rc;
}

static int wd_queue_claim_once(struct wd_queue *q)
{
	int rc = wd_queue_take(q);

	if (rc || q->wdev->conf.memory != WD_REGISTERED_IOMMU)
		return rc;
	rc = wd_process_attach(q->process, q->wdev);
	if (rc)
		wd_queue_drop(q);
	return rc;
}

/* A queue that was closed, or the address space of its process, may be free in a moment. */
static int wd_queue_claim(struct wd_queue *q)
{
	struct wd_device *wdev = q->wdev;
	const unsigned long end = jiffies + WD_CLOSE_TIMEOUT;
	long left = WD_CLOSE_TIMEOUT;
	int rc, closed;

	do {
		closed = atomic_read(&wdev->nb_closed);
		rc = wd_queue_claim_once(q);
		if (rc != -EBUSY)
			break;
		left = wait_event_killable_timeout(wdev->closed,
						   !atomic_read_acquire(&wdev->nb_closing) ||
						   atomic_read(&wdev->nb_closed) != closed, left);
	} while (left > 0 && atomic_read(&wdev->nb_closed) != closed && time_before(jiffies, end));
	return left < 0 ? left : rc;
}

static int wd_open(struct inode *inode, struct file *filp)
{
	struct wd_device *wdev = container_of(inode->i_cdev, struct wd_device, cdev);
	struct mm_struct *mm = current->mm;
	struct wd_queue *q;
	int rc;

	if (!mm)
		return -EPERM;
	if (wdev->conf.memory == WD_PHYSICAL) {
		if (!capable(CAP_SYS_RAWIO))
			return -EPERM;
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	}
	q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	if (!q)
		return -ENOMEM;
	get_device(&wdev->dev);
	mmgrab(mm);
	q->wdev = wdev;
	q->mm = mm;
	q->pid = task_tgid_nr(current);
	q->state = WD_QUEUE_INIT;
	q->mapping = filp->f_mapping;
	mutex_init(&q->lock);
	mutex_init(&q->vma_lock);
	init_waitqueue_head(&q->wait);
	INIT_WORK(&q->teardown, wd_queue_teardown);

	q->process = wd_process_open(mm);
	if (IS_ERR(q->process)) {
		rc = PTR_ERR(q->process);
		goto free_queue;
	}
	rc = wd_queue_claim(q);
	if (rc)
		goto put_process;
	filp->private_data = q;
	return stream_open(inode, filp);

put_process:
	wd_process_close(q->process);
	wd_process_put(q->process);
free_queue:
	wd_queue_free(q);
	return rc;
}

static int wd_release(struct inode *inode, struct file *filp)
{
	struct wd_queue *q = filp->private_data;

	mutex_lock(&q->vma_lock);
	q->mapping = NULL; /* the inode goes with the file */
	mutex_unlock(&q->vma_lock);
	wd_process_close(q->process);
	atomic_inc(&q->wdev->nb_closing);
	queue_work(wd_teardown_wq, &q->teardown);
	return 0;
}

static int wd_start(struct wd_queue *q)
{
	int rc;

	if (q->state == WD_QUEUE_STARTED)
		return -EINVAL;
	/* before it runs: who unregisters looks at it */
	if (q->wdev->conf.memory == WD_PHYSICAL)
		atomic_inc(&q->process->nb_unconfined);
	rc = q->wdev->conf.ops->start(q);
	if (!rc)
		q->state = WD_QUEUE_STARTED;
	else if (q->wdev->conf.memory == WD_PHYSICAL)
		atomic_dec(&q->process->nb_unconfined);
	return rc;
}

/* Stopped, the queue stays the opener's until close(), and can be started again. */
static int wd_stop(struct wd_queue *q)
{
	if (q->state == WD_QUEUE_INIT)
		return 0;
	if (wd_quiesce(q))
		return -EIO; /* still started: close() looks after it */
	q->state = WD_QUEUE_INIT;
	return 0;
}

/* One call of the driver, if it is still there. */
static int wd_call(struct wd_queue *q, int (*call)(struct wd_queue *q, void *arg), void *arg)
{
	int rc = -ENXIO;

	if (mutex_lock_killable(&q->lock))
		return -EINTR;
	if (q->state != WD_QUEUE_ZOMBIE)
		rc = call(q, arg);
	mutex_unlock(&q->lock);
	return rc;
}

static int wd_do_start(struct wd_queue *q, void *arg)
{
	return wd_start(q);
}

static int wd_do_stop(struct wd_queue *q, void *arg)
{
	return wd_stop(q);
}

static int wd_do_ctx(struct wd_queue *q, void *arg)
{
	return q->wdev->conf.ops->qp_ctx(q, arg);
}

static int wd_do_info(struct wd_queue *q, void *arg)
{
	return q->wdev->conf.ops->qp_info(q, arg);
}

static int wd_do_nothing(struct wd_queue *q, void *arg)
{
	return 0;
}

static int wd_ioctl_qp_ctx(struct wd_queue *q, void __user *uarg)
{
	struct uacce_qp_ctx ctx;
	int rc;

	if (copy_from_user(&ctx, uarg, sizeof(ctx)))
		return -EFAULT;
	rc = wd_call(q, wd_do_ctx, &ctx);
	if (!rc && copy_to_user(uarg, &ctx, sizeof(ctx)))
		rc = -EFAULT;
	return rc;
}

static int wd_ioctl_qp_info(struct wd_queue *q, void __user *uarg)
{
	struct uacce_qp_info info = {};
	int rc = wd_call(q, wd_do_info, &info);

	if (!rc && copy_to_user(uarg, &info, sizeof(info)))
		rc = -EFAULT;
	return rc;
}

/* Returns the size that the caller knows, or an error. */
static int wd_arg_copy(void *arg, size_t size, size_t min_size, const void __user *uarg)
{
	u32 user_size;
	int rc;

	if (get_user(user_size, (const u32 __user *)uarg))
		return -EFAULT;
	if (user_size < min_size || user_size > PAGE_SIZE)
		return -EINVAL;
	rc = copy_struct_from_user(arg, size, uarg, user_size);
	return rc ?: min_t(int, user_size, size);
}

static int wd_ioctl_info(struct wd_queue *q, void __user *uarg)
{
	const struct wd_config *conf = &q->wdev->conf;
	struct wd_info info;
	int size = wd_arg_copy(&info, sizeof(info), offsetofend(struct wd_info, size), uarg);
	int rc;

	if (size < 0)
		return size;
	rc = wd_call(q, wd_do_nothing, NULL);
	if (rc)
		return rc;
	info = (struct wd_info){
		.size = sizeof(info),
		.version = WD_ABI_VERSION,
		.sq_db_offset = conf->sq_db_offset,
		.cq_db_offset = conf->cq_db_offset,
	};
	wd_device_va_range(q->wdev, &info.va_min, &info.va_max);
	return copy_to_user(uarg, &info, size) ? -EFAULT : 0;
}

static int wd_ioctl_mem(struct wd_queue *q, bool add, void __user *uarg)
{
	struct wd_mem mem;
	int rc = wd_arg_copy(&mem, sizeof(mem), offsetofend(struct wd_mem, len), uarg);

	if (rc < 0)
		return rc;
	rc = wd_call(q, wd_do_nothing, NULL);
	if (rc)
		return rc;
	if (mem.reserved || !mem.len || mem.va + mem.len < mem.va)
		return -EINVAL;
	if (!add)
		return mem.dev_addrs || mem.nb_dev_addrs ? -EINVAL : wd_mem_unregister(q, &mem);
	return wd_mem_register(q, &mem);
}

#define WD_CMD(cmd) ((cmd) & ~IOCSIZE_MASK)

/* The size in a number is that of the caller's header, and says the same as the struct. */
static long wd_ioctl_ours(struct wd_queue *q, unsigned int cmd, void __user *uarg)
{
	switch (WD_CMD(cmd)) {
	case WD_CMD(WD_IOC_INFO):
		return wd_ioctl_info(q, uarg);
	case WD_CMD(WD_IOC_MEM_REGISTER):
		return wd_ioctl_mem(q, true, uarg);
	case WD_CMD(WD_IOC_MEM_UNREGISTER):
		return wd_ioctl_mem(q, false, uarg);
	default:
		return -EINVAL; /* as mainline's drivers say */
	}
}

static long wd_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct wd_queue *q = filp->private_data;
	void __user *uarg = (void __user *)arg;

	if (current->mm != q->mm)
		return -EPERM;
	switch (cmd) {
	case UACCE_IOC_START_Q:
		return wd_call(q, wd_do_start, NULL);
	case UACCE_IOC_PUT_Q:
		return wd_call(q, wd_do_stop, NULL);
	case UACCE_IOC_QP_CTX:
		return wd_ioctl_qp_ctx(q, uarg);
	case UACCE_IOC_QP_INFO:
		return wd_ioctl_qp_info(q, uarg);
	default:
		return wd_ioctl_ours(q, cmd, uarg);
	}
}

static unsigned int wd_vma_region(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff >> WD_REGION_SHIFT;
}

/*
 * A VMA holds the file and so the queue. Its offset is the region: nothing may
 * change it. mremap() opens the copy before it asks, so mappings are counted.
 */
static void wd_vma_open(struct vm_area_struct *vma)
{
	struct wd_queue *q = vma->vm_private_data;

	mutex_lock(&q->vma_lock);
	q->mapped[wd_vma_region(vma)]++;
	mutex_unlock(&q->vma_lock);
}

static void wd_vma_close(struct vm_area_struct *vma)
{
	struct wd_queue *q = vma->vm_private_data;

	mutex_lock(&q->vma_lock);
	q->mapped[wd_vma_region(vma)]--;
	mutex_unlock(&q->vma_lock);
}

static int wd_vma_mremap(struct vm_area_struct *vma)
{
	return -EPERM;
}

static int wd_vma_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

/*
 * Device registers are mapped when they are touched first: then the VMA is where
 * unmap_mapping_range() finds it, which it is not yet in mmap().
 */
static vm_fault_t wd_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct wd_queue *q = vma->vm_private_data;
	vm_fault_t rc = VM_FAULT_SIGBUS;
	unsigned long pfn;

	mutex_lock(&q->vma_lock);
	if (!q->vma_refused) {
		pfn = q->wdev->conf.ops->pfn(q, wd_vma_region(vma)) +
		      ((vmf->address - vma->vm_start) >> PAGE_SHIFT);
		rc = vmf_insert_pfn(vma, vmf->address, pfn);
	}
	mutex_unlock(&q->vma_lock);
	return rc;
}

static const struct vm_operations_struct wd_vm_ops = {
	.open = wd_vma_open,
	.close = wd_vma_close,
	.mremap = wd_vma_mremap,
	.may_split = wd_vma_may_split,
};

static const struct vm_operations_struct wd_vm_device_ops = {
	.open = wd_vma_open,
	.close = wd_vma_close,
	.mremap = wd_vma_mremap,
	.may_split = wd_vma_may_split,
	.fault = wd_vma_fault,
};

static int wd_map_region(struct wd_queue *q, unsigned long region, struct vm_area_struct *vma)
{
	const struct wd_config *conf = &q->wdev->conf;

	/* VM_IO also keeps MADV_DOFORK away, and others from pinning these pages */
	wd_vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP | VM_IO);
	if (!conf->region_is_device[region]) {
		vma->vm_ops = &wd_vm_ops;
		return conf->ops->mmap(q, region, vma);
	}
	wd_vm_flags_set(vma, VM_PFNMAP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_ops = &wd_vm_device_ops;
	return 0;
}

static int wd_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct wd_queue *q = filp->private_data;
	const struct wd_config *conf = &q->wdev->conf;
	const unsigned long size = vma->vm_end - vma->vm_start;
	const unsigned long region = vma->vm_pgoff;
	int rc;

	if (current->mm != q->mm)
		return -EPERM;
	if (region >= WD_NB_REGIONS || !(vma->vm_flags & VM_SHARED) ||
	    size > conf->region_size[region] ||
	    (region == UACCE_REGION_DUS && size != conf->region_size[region]))
		return -EINVAL;
	mutex_lock(&q->vma_lock);
	if (q->vma_refused)
		rc = -ENXIO;
	else if (q->mapped[region])
		rc = -EEXIST;
	else
		rc = wd_map_region(q, region, vma);
	if (!rc) {
		vma->vm_private_data = q;
		vma->vm_pgoff = region << WD_REGION_SHIFT;
		q->mapped[region] = 1;
	}
	mutex_unlock(&q->vma_lock);
	return rc;
}

static __poll_t wd_poll(struct file *filp, struct poll_table_struct *wait)
{
	struct wd_queue *q = filp->private_data;
	__poll_t events = 0;

	/* the kernel's own threads ask for who may, asynchronously */
	if (current->mm != q->mm && !(current->flags & PF_KTHREAD))
		return EPOLLERR;
	poll_wait(filp, &q->wait, wait);
	/* starts and stops hold it while they wait for the device */
	if (mutex_lock_killable(&q->lock))
		return EPOLLERR;
	if (q->state == WD_QUEUE_ZOMBIE)
		events = EPOLLERR | EPOLLHUP;
	else if (q->wdev->conf.ops->ready && q->wdev->conf.ops->ready(q))
		events = EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&q->lock);
	return events;
}

const struct file_operations wd_fops = {
	.owner = THIS_MODULE,
	.open = wd_open,
	.release = wd_release,
	.unlocked_ioctl = wd_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = wd_mmap,
	.poll = wd_poll,
};
