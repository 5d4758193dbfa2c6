// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Copyright (c) 2026 the wd authors
 *
 * wd_emu.ko: accelerators whose hardware side is a process, the daemon.
 *
 * uapi/wd_emu_abi.h has the calls. What is decided here is what the daemon may
 * reach, and nothing of it depends on the daemon's good will:
 *
 *   rings, doorbells  mapped while the queue starts or runs. Pages that the daemon
 *                     keeps mapped belong to that one opening of the queue
 *   client memory     by WD_EMU_IOC_ACCESS, while the queue runs. stop() ends that
 *                     first and waits for what is under way
 *
 * A client waits for the daemon's answer for a bounded time and goes on without
 * it. The number of the queue is then kept until the answer comes.
 *
 * With SVA, a page may never come (userfaultfd, FUSE). So pages that are not there
 * are faulted in by work items. Who waits for one does so for a bounded time; a
 * stuck one holds its queue's number and rings, its client's address space, the
 * bytes, the module, and one of its device's EMU_MAX_COPIES.
 */
#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/platform_device.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "uapi/wd_emu_abi.h"
#include "wd.h"

#define EMU_START_TIMEOUT	(10 * HZ) /* for the daemon's answer; it may have much to do */
#define EMU_STOP_TIMEOUT	(5 * HZ)
#define EMU_NUMBER_TIMEOUT	HZ /* get(): for a number that waits for an answer */
#define EMU_COPY_TIMEOUT	HZ /* for the pages of a client */
#define EMU_MAX_COPIES		512 /* work items at once, of a device */
#define EMU_MAX_ERROR		511 /* what a daemon may answer; above are the kernel's own */

/* What the daemon knows of a queue number. */
enum emu_state {
	EMU_IDLE, /* nothing */
	EMU_START_WAITS, /* there is a START to be read */
	EMU_START_READ, /* it was read */
	EMU_RUNNING, /* it was answered */
	EMU_STOP_WAITS,
	EMU_STOP_READ,
};

/* One opening of a queue. Held by its number, and by copies that are under way. */
struct emu_queue {
	struct kref ref;
	struct emu_dev *emu;
	struct mm_struct *mm; /* mmgrab()bed */
	void *region[WD_NB_REGIONS];
	unsigned int qn;
	wait_queue_head_t wait; /* for the answer; for accesses to end */
	unsigned long notified; /* bit 0 */
	u16 qc_type; /* not changed by the client while it starts */

	/* with emu_dev.lock */
	struct wd_queue *q; /* NULL after put() */
	bool running; /* its memory may be accessed */
	bool dead; /* was reset: never runs again */
	unsigned int nb_accesses;
	int start_error;
};

/* A number: free when idle and without a queue. */
struct emu_slot {
	struct emu_queue *eq;
	enum emu_state state;
};

struct emu_dev {
	struct list_head node;
	struct wd_emu_attach conf;
	struct platform_device *pdev;
	struct wd_device *wdev;
	struct workqueue_struct *wq; /* for struct emu_copy */
	wait_queue_head_t events; /* the daemon, in read() and poll() */
	wait_queue_head_t numbers; /* get() */

	spinlock_t lock; /* all below, and what is said so above */
	bool has_daemon;
	bool late; /* the daemon did not answer in time, nor since */
	DECLARE_BITMAP(waiting, WD_EMU_MAX_QUEUES); /* events to be read */
	unsigned int turn; /* the first number to look at: each has its turn */
	struct emu_slot slots[];
};

/* A copy that may have to wait for pages, by a work item. */
struct emu_copy {
	struct kref ref;
	struct work_struct work;
	struct completion done;
	struct emu_queue *eq;
	struct wd_emu_access a;
	int error;
	u8 data[];
};

static DEFINE_MUTEX(emu_devs_lock);
static LIST_HEAD(emu_devs);

/* --- numbers and what the daemon knows of them; all with emu_dev.lock held --- */

static void emu_set_state(struct emu_dev *emu, unsigned int qn, enum emu_state state)
{
	struct emu_slot *slot = &emu->slots[qn];

	lockdep_assert_held(&emu->lock);
	WRITE_ONCE(slot->state, state);
	__assign_bit(qn, emu->waiting, state == EMU_START_WAITS || state == EMU_STOP_WAITS);
	if (test_bit(qn, emu->waiting))
		wake_up(&emu->events);
	if (slot->eq)
		wake_up_all(&slot->eq->wait);
	else if (state == EMU_IDLE)
		wake_up_all(&emu->numbers);
}

/* The queue runs no more, as soon as accesses under way are over. */
static void emu_end(struct emu_queue *eq)
{
	const enum emu_state state = eq->emu->slots[eq->qn].state;

	eq->running = false;
	if (state == EMU_START_WAITS)
		emu_set_state(eq->emu, eq->qn, EMU_IDLE); /* the daemon never heard of it */
	else if (state == EMU_START_READ || state == EMU_RUNNING)
		emu_set_state(eq->emu, eq->qn, EMU_STOP_WAITS);
}

/* What a reset looks like to the client. */
static void emu_kill(struct emu_queue *eq)
{
	const struct wd_emu_attach *conf = &eq->emu->conf;
	void *end = eq->region[UACCE_REGION_DUS] + conf->dus_size;

	lockdep_assert_held(&eq->emu->lock);
	eq->running = false;
	WRITE_ONCE(*(__le32 *)(end - conf->send_status_from_end), cpu_to_le32(1));
	/* last: who sees it knows that no completion will follow; lib/wd/litmus/dead-status.litmus */
	smp_store_release((__le32 *)(end - conf->recv_status_from_end), cpu_to_le32(1));
	if (eq->q)
		wake_up_all(&eq->q->wait);
}

/* Of one client, whose pages do not come: it costs no more time. Without mm: the daemon is gone. */
static void emu_reset(struct emu_dev *emu, const struct mm_struct *mm)
{
	unsigned int qn;

	spin_lock(&emu->lock);
	emu->has_daemon = mm && emu->has_daemon;
	for (qn = 0; qn < emu->conf.nb_queues; qn++) {
		struct emu_queue *eq = emu->slots[qn].eq;

		if (eq && (!mm || eq->mm == mm)) {
			eq->dead |= mm || eq->running;
			emu_kill(eq);
		}
		if (!mm)
			emu_set_state(emu, qn, EMU_IDLE);
	}
	spin_unlock(&emu->lock);
}

/* --- queues --- */

static void emu_queue_free(struct kref *ref)
{
	struct emu_queue *eq = container_of(ref, struct emu_queue, ref);
	struct emu_dev *emu = eq->emu;

	spin_lock(&emu->lock);
	if (emu->slots[eq->qn].eq == eq)
		emu->slots[eq->qn].eq = NULL;
	wake_up_all(&emu->numbers);
	spin_unlock(&emu->lock);
	vfree(eq->region[UACCE_REGION_MMIO]);
	vfree(eq->region[UACCE_REGION_DUS]);
	mmdrop(eq->mm);
	kfree(eq);
}

/* Give eq a number. -EAGAIN: none now, but one waits only for the daemon. */
static int emu_number_take(struct emu_dev *emu, struct emu_queue *eq)
{
	unsigned int qn;
	int rc;

	spin_lock(&emu->lock);
	rc = emu->has_daemon ? -EBUSY : -EPERM;
	for (qn = 0; rc && emu->has_daemon && qn < emu->conf.nb_queues; qn++) {
		struct emu_slot *slot = &emu->slots[qn];

		if (!slot->eq && slot->state == EMU_IDLE) {
			rc = 0;
			slot->eq = eq;
			eq->qn = qn;
		} else if (slot->state != EMU_IDLE && (!slot->eq || !slot->eq->q)) {
			rc = -EAGAIN;
		}
	}
	spin_unlock(&emu->lock);
	return rc;
}

static int emu_get(struct wd_queue *q)
{
	struct emu_dev *emu = q->wdev->priv;
	struct emu_queue *eq = kzalloc(sizeof(*eq), GFP_KERNEL_ACCOUNT);
	long left;
	int rc = -ENOMEM;

	if (!eq)
		return rc;
	kref_init(&eq->ref);
	init_waitqueue_head(&eq->wait);
	mmgrab(q->mm);
	eq->mm = q->mm;
	eq->emu = emu;
	eq->q = q;
	eq->region[UACCE_REGION_MMIO] = vmalloc_user(emu->conf.mmio_size);
	eq->region[UACCE_REGION_DUS] = vmalloc_user(emu->conf.dus_size);
	if (!eq->region[UACCE_REGION_MMIO] || !eq->region[UACCE_REGION_DUS])
		goto put;
	left = wait_event_killable_timeout(emu->numbers,
					   (rc = emu_number_take(emu, eq)) != -EAGAIN,
					   EMU_NUMBER_TIMEOUT);
	if (rc == -EAGAIN)
		rc = left < 0 ? left : -EBUSY;
	if (rc)
		goto put;
	q->id = eq->qn;
	q->priv = eq;
	return 0;
put:
	kref_put(&eq->ref, emu_queue_free);
	return rc;
}

static void emu_put(struct wd_queue *q)
{
	struct emu_queue *eq = q->priv;

	spin_lock(&eq->emu->lock);
	emu_end(eq);
	eq->q = NULL;
	spin_unlock(&eq->emu->lock);
	kref_put(&eq->ref, emu_queue_free);
}

static bool emu_answered(struct emu_queue *eq, enum emu_state wanted)
{
	const enum emu_state state = READ_ONCE(eq->emu->slots[eq->qn].state);

	return state == wanted || state == EMU_IDLE;
}

static int emu_start(struct wd_queue *q)
{
	struct emu_queue *eq = q->priv;
	struct emu_dev *emu = eq->emu;
	long left;
	int rc = 0;

	/* a stop that was not answered in time */
	left = wait_event_killable_timeout(eq->wait, emu_answered(eq, EMU_IDLE),
					   EMU_START_TIMEOUT);
	if (left <= 0)
		return left ?: -ETIMEDOUT;
	memset(eq->region[UACCE_REGION_MMIO], 0, emu->conf.mmio_size);
	memset(eq->region[UACCE_REGION_DUS], 0, emu->conf.dus_size);
	clear_bit(0, &eq->notified);
	spin_lock(&emu->lock);
	eq->start_error = -EIO;
	if (emu->has_daemon && !eq->dead)
		emu_set_state(emu, eq->qn, EMU_START_WAITS);
	else
		emu_kill(eq);
	spin_unlock(&emu->lock);

	left = wait_event_killable_timeout(eq->wait, emu_answered(eq, EMU_RUNNING),
					   EMU_START_TIMEOUT);
	spin_lock(&emu->lock);
	if (!eq->running) {
		rc = left > 0 ? eq->start_error : left ?: -ETIMEDOUT;
		emu_end(eq);
	}
	spin_unlock(&emu->lock);
	return rc;
}

static int emu_stop(struct wd_queue *q)
{
	struct emu_queue *eq = q->priv;
	const bool sva = eq->emu->conf.flags & UACCE_FLAG_SVA;

	spin_lock(&eq->emu->lock);
	emu_end(eq);
	spin_unlock(&eq->emu->lock);
	/* With SVA, an access that takes longer waits for a page. It will move no more than
	 * what it has begun with, in an address space that it keeps.
	 */
	wait_event_timeout(eq->wait, !READ_ONCE(eq->nb_accesses),
			   sva ? EMU_COPY_TIMEOUT : MAX_SCHEDULE_TIMEOUT);
	/* Without an answer the daemon sees rings that nobody uses, and reaches nothing else. So
	 * a closed file does not wait, as it has the device's lock, and one of many queues does.
	 */
	if (READ_ONCE(q->mapping) && !READ_ONCE(eq->emu->late) &&
	    !wait_event_timeout(eq->wait, emu_answered(eq, EMU_IDLE), EMU_STOP_TIMEOUT))
		WRITE_ONCE(eq->emu->late, true);
	return 0;
}

static int emu_mmap(struct wd_queue *q, unsigned int region, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, ((struct emu_queue *)q->priv)->region[region], 0);
}

static int emu_qp_ctx(struct wd_queue *q, struct uacce_qp_ctx *ctx)
{
	struct emu_queue *eq = q->priv;

	if (ctx->qc_type > eq->emu->conf.max_qc_type)
		return -EINVAL;
	eq->qc_type = ctx->qc_type;
	ctx->id = eq->qn;
	return 0;
}

static int emu_qp_info(struct wd_queue *q, struct uacce_qp_info *info)
{
	const struct emu_queue *eq = q->priv;

	info->sqe_size = eq->emu->conf.sqe_size;
	info->sq_depth = eq->emu->conf.sq_depth;
	info->cq_depth = eq->emu->conf.cq_depth;
	return 0;
}

static bool emu_ready(struct wd_queue *q)
{
	struct emu_queue *eq = q->priv;

	/* there is nothing to be had from a dead queue, but who waits must look at its status */
	return test_and_clear_bit(0, &eq->notified) || READ_ONCE(eq->dead);
}

static int emu_available(struct wd_device *wdev)
{
	struct emu_dev *emu = wdev->priv;
	unsigned int qn, nb = 0;

	spin_lock(&emu->lock);
	for (qn = 0; emu->has_daemon && qn < emu->conf.nb_queues; qn++)
		nb += !emu->slots[qn].eq && emu->slots[qn].state == EMU_IDLE;
	spin_unlock(&emu->lock);
	return nb;
}

static const struct wd_ops emu_ops = {
	.get = emu_get,
	.put = emu_put,
	.start = emu_start,
	.stop = emu_stop,
	.mmap = emu_mmap,
	.qp_ctx = emu_qp_ctx,
	.qp_info = emu_qp_info,
	.ready = emu_ready,
	.available = emu_available,
};

/* --- the daemon: client memory --- */

static bool emu_access_begin(struct emu_queue *eq)
{
	bool running;

	spin_lock(&eq->emu->lock);
	running = eq->running;
	eq->nb_accesses += running;
	spin_unlock(&eq->emu->lock);
	return running;
}

static void emu_access_end(struct emu_queue *eq)
{
	spin_lock(&eq->emu->lock);
	if (!--eq->nb_accesses)
		wake_up_all(&eq->wait);
	spin_unlock(&eq->emu->lock);
}

/* Pages that are there, and may be used as asked; any others, and locked ones: -EAGAIN. With
 * hugetlb 6.1 ignores FOLL_NOFAULT: it takes a page from the pool, but waits for no userfaultfd.
 */
static int emu_copy_mapped(struct mm_struct *mm, u64 addr, void __user *buf, size_t len, bool write)
{
	const unsigned int flags = FOLL_NOFAULT | (write ? FOLL_WRITE : 0);

	while (len) {
		const unsigned int offset = offset_in_page(addr);
		const size_t n = min_t(size_t, len, PAGE_SIZE - offset);
		unsigned long left;
		struct folio *folio;
		struct page *page;
		long nb;
		char *va;

		if (!mmap_read_trylock(mm))
			return -EAGAIN;
		nb = wd_pin_user_pages_remote(mm, addr - offset, 1, flags, &page);
		mmap_read_unlock(mm);
		if (nb != 1)
			return -EAGAIN;
		va = kmap_local_page(page) + offset;
		left = write ? copy_from_user(va, buf, n) : copy_to_user(buf, va, n);
		kunmap_local(va);
		folio = page_folio(page);
		if (write && !folio_test_dirty(folio)) {
			if (folio_trylock(folio)) {
				folio_mark_dirty(folio);
				folio_unlock(folio);
			} else {
				nb = -EAGAIN; /* who has the lock may wait for FUSE */
			}
		}
		unpin_user_page(page);
		if (left || nb < 0)
			return left ? -EFAULT : nb;
		addr += n;
		buf += n;
		len -= n;
	}
	return 0;
}

static void emu_copy_free(struct kref *ref)
{
	struct emu_copy *c = container_of(ref, struct emu_copy, ref);

	kref_put(&c->eq->ref, emu_queue_free);
	kvfree(c);
	module_put(THIS_MODULE);
}

static void emu_copy_work(struct work_struct *work)
{
	struct emu_copy *c = container_of(work, struct emu_copy, work);
	void __user *at = u64_to_user_ptr(c->a.addr);
	struct mm_struct *mm = c->eq->mm;
	unsigned long left;

	if (mmget_not_zero(mm)) {
		kthread_use_mm(mm);
		if (emu_access_begin(c->eq)) {
			left = c->a.write ? copy_to_user(at, c->data, c->a.len) :
					    copy_from_user(c->data, at, c->a.len);
			c->error = left ? -EFAULT : 0;
			emu_access_end(c->eq);
		}
		kthread_unuse_mm(mm);
		/* If this is the last user, the client's files are closed: not here. */
		mmput_async(mm);
	}
	complete(&c->done);
	kref_put(&c->ref, emu_copy_free);
}

static int emu_copy_faulting(struct emu_queue *eq, const struct wd_emu_access *a)
{
	struct emu_copy *c = kvmalloc(struct_size(c, data, a->len), GFP_KERNEL);
	void __user *buf = u64_to_user_ptr(a->buf);
	int rc = -EFAULT;
	long left;

	if (!c)
		return -ENOMEM;
	__module_get(THIS_MODULE); /* a page may take as long as its owner likes */
	kref_init(&c->ref);
	kref_get(&eq->ref);
	c->eq = eq;
	c->a = *a;
	c->error = -ESHUTDOWN;
	init_completion(&c->done);
	INIT_WORK(&c->work, emu_copy_work);
	if (a->write && copy_from_user(c->data, buf, a->len))
		goto put;
	kref_get(&c->ref); /* of the work item */
	queue_work(eq->emu->wq, &c->work);
	left = wait_for_completion_killable_timeout(&c->done, EMU_COPY_TIMEOUT);
	rc = left > 0 ? c->error : left ?: -ETIMEDOUT;
	if (!rc && !a->write && copy_to_user(buf, c->data, a->len))
		rc = -EFAULT;
	if (!left)
		emu_reset(eq->emu, eq->mm);
put:
	kref_put(&c->ref, emu_copy_free);
	return rc;
}

/* The queue with that number, if the daemon may use it; with a reference. */
static struct emu_queue *emu_queue_find(struct emu_dev *emu, unsigned int qn)
{
	struct emu_queue *eq = NULL;

	spin_lock(&emu->lock);
	if (emu->slots[qn].state == EMU_START_READ || emu->slots[qn].state == EMU_RUNNING) {
		eq = emu->slots[qn].eq;
		kref_get(&eq->ref);
	}
	spin_unlock(&emu->lock);
	return eq;
}

static int emu_access(struct emu_dev *emu, const struct wd_emu_access *a)
{
	void __user *buf = u64_to_user_ptr(a->buf);
	struct emu_queue *eq;
	int rc = -ESHUTDOWN;

	if (a->qn >= emu->conf.nb_queues || a->write > 1 || !a->len || a->len > WD_EMU_MAX_ACCESS)
		return -EINVAL;
	if (a->addr + (a->len - 1) < a->addr)
		return -EFAULT;
	eq = emu_queue_find(emu, a->qn);
	if (!eq)
		return -ESHUTDOWN;
	if (emu_access_begin(eq)) {
		if (!(emu->conf.flags & UACCE_FLAG_SVA)) {
			/* eq->q stays: stop() waits for this, and put() comes after it */
			rc = wd_queue_copy(eq->q, a->addr, buf, a->len, a->write);
		} else if (mmget_not_zero(eq->mm)) {
			rc = emu_copy_mapped(eq->mm, a->addr, buf, a->len, a->write);
			mmput_async(eq->mm);
		}
		emu_access_end(eq);
	}
	if (rc == -EAGAIN)
		rc = emu_copy_faulting(eq, a);
	kref_put(&eq->ref, emu_queue_free);
	return rc;
}

/* --- the daemon: events --- */

static int emu_ack(struct emu_dev *emu, const struct wd_emu_ack *ack)
{
	struct emu_slot *slot = &emu->slots[ack->qn];
	int rc = 0;

	if (ack->qn >= emu->conf.nb_queues || ack->reserved || ack->error < 0 ||
	    ack->error > EMU_MAX_ERROR)
		return -EINVAL;
	spin_lock(&emu->lock);
	WRITE_ONCE(emu->late, false);
	if (ack->type == WD_EMU_START && slot->state == EMU_START_READ) {
		slot->eq->start_error = slot->eq->dead ? -EIO : -ack->error;
		slot->eq->running = !ack->error && !slot->eq->dead; /* not if it was cut off */
		emu_set_state(emu, ack->qn, ack->error ? EMU_IDLE : EMU_RUNNING);
	} else if (ack->type == WD_EMU_STOP && slot->state == EMU_STOP_READ) {
		emu_set_state(emu, ack->qn, EMU_IDLE);
	} else if (ack->type != WD_EMU_START ||
		   (slot->state != EMU_STOP_WAITS && slot->state != EMU_STOP_READ)) {
		rc = -EINVAL; /* else the client did not wait so long */
	}
	spin_unlock(&emu->lock);
	return rc;
}

static int emu_notify(struct emu_dev *emu, const struct wd_emu_notify *n)
{
	struct emu_queue *eq;
	int rc = -ESHUTDOWN;

	if (n->qn >= emu->conf.nb_queues || n->reserved)
		return -EINVAL;
	spin_lock(&emu->lock);
	eq = emu->slots[n->qn].eq;
	if (eq && eq->running) {
		set_bit(0, &eq->notified);
		wake_up_all(&eq->q->wait);
		rc = 0;
	}
	spin_unlock(&emu->lock);
	return rc;
}

static bool emu_event_take(struct emu_dev *emu, struct wd_emu_event *event)
{
	unsigned int qn;

	spin_lock(&emu->lock);
	qn = find_next_bit_wrap(emu->waiting, emu->conf.nb_queues, emu->turn);
	if (qn < emu->conf.nb_queues) {
		const struct emu_slot *slot = &emu->slots[qn];
		const bool start = slot->state == EMU_START_WAITS;

		*event = (struct wd_emu_event){
			.type = start ? WD_EMU_START : WD_EMU_STOP,
			.qn = qn,
			.qc_type = start ? slot->eq->qc_type : 0,
			.pid = start ? slot->eq->q->pid : 0,
		};
		emu_set_state(emu, qn, start ? EMU_START_READ : EMU_STOP_READ);
		emu->turn = qn + 1;
	}
	spin_unlock(&emu->lock);
	return qn < emu->conf.nb_queues;
}

/* --- devices --- */

/* A string that is ended, with zeros behind it so that it can be compared. */
static bool emu_string_valid(char *s, size_t size, bool lines)
{
	static const char allowed[] = "\nabcdefghijklmnopqrstuvwxyz0123456789_";
	const size_t len = strnlen(s, size);

	if (!len || len == size || lines != (s[len - 1] == '\n') ||
	    strspn(s, allowed + !lines) != len)
		return false;
	memset(s + len, 0, size - len);
	return true;
}

/* A region of so many bytes, which has words of that size at a and b. */
static bool emu_region_valid(u32 region_size, u32 size, u32 a, u32 b)
{
	return region_size && region_size <= WD_EMU_MAX_REGION && PAGE_ALIGNED(region_size) &&
	       IS_ALIGNED(a | b, size) && a <= region_size - size && b <= region_size - size;
}

static bool emu_conf_valid(struct wd_emu_attach *conf)
{
	return emu_string_valid(conf->name, sizeof(conf->name), false) &&
	       emu_string_valid(conf->api, sizeof(conf->api), false) &&
	       emu_string_valid(conf->algorithms, sizeof(conf->algorithms), true) &&
	       !(conf->flags & ~UACCE_FLAG_SVA) && !conf->reserved && conf->id >= -1 &&
	       conf->nb_queues && conf->nb_queues <= WD_EMU_MAX_QUEUES &&
	       emu_region_valid(conf->mmio_size, 8, conf->sq_db_offset, conf->cq_db_offset) &&
	       emu_region_valid(conf->dus_size, 4, conf->send_status_from_end - 4,
				conf->recv_status_from_end - 4);
}

/* The device that conf asks for; NULL: has to be made. */
static struct emu_dev *emu_dev_find(const struct wd_emu_attach *conf)
{
	struct emu_dev *emu;

	list_for_each_entry(emu, &emu_devs, node) {
		struct wd_emu_attach same = emu->conf;

		same.id = conf->id;
		if (conf->id == emu->wdev->id && !strcmp(conf->name, emu->conf.name))
			return emu->has_daemon ? ERR_PTR(-EBUSY) :
			       memcmp(&same, conf, sizeof(same)) ? ERR_PTR(-EEXIST) : emu;
		if (conf->id < 0 && !emu->has_daemon && !memcmp(&same, conf, sizeof(same)))
			return emu;
	}
	return NULL;
}

static struct emu_dev *emu_dev_new(const struct wd_emu_attach *conf)
{
	struct emu_dev *emu = kvzalloc(struct_size(emu, slots, conf->nb_queues), GFP_KERNEL);
	struct wd_config wconf = {
		.memory = conf->flags & UACCE_FLAG_SVA ? WD_SVA_DRIVER : WD_REGISTERED_DRIVER,
		.id = conf->id,
		.region_size = { conf->mmio_size, conf->dus_size },
		.sq_db_offset = conf->sq_db_offset,
		.cq_db_offset = conf->cq_db_offset,
		.ops = &emu_ops,
	};
	int rc = -ENOMEM;

	if (!emu)
		return ERR_PTR(-ENOMEM);
	emu->conf = *conf;
	wconf.name = emu->conf.name;
	wconf.api = emu->conf.api;
	wconf.algorithms = emu->conf.algorithms;
	spin_lock_init(&emu->lock);
	init_waitqueue_head(&emu->events);
	init_waitqueue_head(&emu->numbers);
	emu->wq = alloc_workqueue("wd_emu", WQ_UNBOUND, EMU_MAX_COPIES);
	emu->pdev = platform_device_alloc(KBUILD_MODNAME, PLATFORM_DEVID_AUTO);
	if (!emu->wq || !emu->pdev)
		goto put_parent;
	/* programs expect the attribute numa_node, which is there only if it is known */
	set_dev_node(&emu->pdev->dev, first_online_node);
	rc = platform_device_add(emu->pdev);
	if (rc)
		goto put_parent;
	emu->wdev = wd_register(&emu->pdev->dev, &wconf, emu);
	rc = PTR_ERR_OR_ZERO(emu->wdev);
	if (rc)
		goto remove_parent;
	list_add_tail(&emu->node, &emu_devs);
	return emu;

remove_parent:
	platform_device_del(emu->pdev);
put_parent:
	platform_device_put(emu->pdev);
	if (emu->wq)
		destroy_workqueue(emu->wq);
	kvfree(emu);
	return ERR_PTR(rc);
}

/* --- /dev/wd_emu; private_data is the device, set once by ATTACH --- */

static int emu_attach(struct file *file, struct wd_emu_attach *conf)
{
	struct emu_dev *emu;
	int rc = -EALREADY;

	if (!emu_conf_valid(conf))
		return -EINVAL;
	mutex_lock(&emu_devs_lock);
	if (file->private_data)
		goto unlock;
	emu = emu_dev_find(conf) ?: emu_dev_new(conf);
	rc = PTR_ERR_OR_ZERO(emu);
	if (rc)
		goto unlock;
	spin_lock(&emu->lock);
	emu->has_daemon = true;
	WRITE_ONCE(emu->late, false);
	spin_unlock(&emu->lock);
	conf->id = emu->wdev->id;
	smp_store_release(&file->private_data, emu); /* pairs with emu_of() */
unlock:
	mutex_unlock(&emu_devs_lock);
	return rc;
}

static struct emu_dev *emu_of(struct file *file)
{
	return smp_load_acquire(&file->private_data); /* pairs with emu_attach() */
}

static int emu_file_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return capable(CAP_SYS_ADMIN) ? nonseekable_open(inode, file) : -EPERM;
}

static int emu_file_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		emu_reset(file->private_data, NULL);
	return 0;
}

static ssize_t emu_file_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct emu_dev *emu = emu_of(file);
	struct wd_emu_event event;
	int rc;

	if (!emu)
		return -ENODEV;
	if (size < sizeof(event))
		return -EINVAL;
	if (file->f_flags & O_NONBLOCK)
		rc = emu_event_take(emu, &event) ? 0 : -EAGAIN;
	else
		rc = wait_event_interruptible(emu->events, emu_event_take(emu, &event));
	if (!rc && copy_to_user(buf, &event, sizeof(event)))
		rc = -EFAULT;
	return rc ?: sizeof(event);
}

static __poll_t emu_file_poll(struct file *file, poll_table *table)
{
	struct emu_dev *emu = emu_of(file);

	if (!emu)
		return EPOLLERR;
	poll_wait(file, &emu->events, table);
	return bitmap_empty(emu->waiting, emu->conf.nb_queues) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static int emu_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	const u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT, qn = offset >> 32;
	const unsigned int region = offset >> 28 & 0xf;
	struct emu_dev *emu = emu_of(file);
	struct emu_queue *eq;
	int rc;

	if (!emu)
		return -ENODEV;
	if (qn >= emu->conf.nb_queues || region >= WD_NB_REGIONS ||
	    offset != WD_EMU_MMAP_OFFSET(qn, region) || !(vma->vm_flags & VM_SHARED) ||
	    vma->vm_end - vma->vm_start != emu->wdev->conf.region_size[region])
		return -EINVAL;
	eq = emu_queue_find(emu, qn);
	if (!eq)
		return -ESHUTDOWN;
	rc = remap_vmalloc_range(vma, eq->region[region], 0);
	kref_put(&eq->ref, emu_queue_free);
	return rc;
}

/* The argument of a call, which begins with its size. */
union emu_arg {
	u32 size;
	struct wd_emu_attach attach;
	struct wd_emu_ack ack;
	struct wd_emu_access access;
	struct wd_emu_notify notify;
};

static long emu_file_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	struct emu_dev *emu = emu_of(file);
	void __user *from = (void __user *)user;
	union emu_arg arg = {};
	long rc;

	if (_IOC_SIZE(cmd) > sizeof(arg))
		return -ENOTTY;
	if (copy_from_user(&arg, from, _IOC_SIZE(cmd)))
		return -EFAULT;
	if (cmd != WD_EMU_IOC_ATTACH && !emu)
		return -ENODEV;
	if (arg.size != _IOC_SIZE(cmd))
		return -EINVAL;
	switch (cmd) {
	case WD_EMU_IOC_ATTACH:
		rc = emu_attach(file, &arg.attach);
		return rc ?: copy_to_user(from, &arg, sizeof(arg.attach)) ? -EFAULT : 0;
	case WD_EMU_IOC_ACK:
		return emu_ack(emu, &arg.ack);
	case WD_EMU_IOC_ACCESS:
		return emu_access(emu, &arg.access);
	case WD_EMU_IOC_NOTIFY:
		return emu_notify(emu, &arg.notify);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations emu_fops = {
	.owner = THIS_MODULE,
	.open = emu_file_open,
	.release = emu_file_release,
	.read = emu_file_read,
	.poll = emu_file_poll,
	.mmap = emu_file_mmap,
	.unlocked_ioctl = emu_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice emu_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "wd_emu",
	.mode = 0600,
	.fops = &emu_fops,
};

static int __init emu_init(void)
{
	return misc_register(&emu_misc);
}

static void __exit emu_exit(void)
{
	struct emu_dev *emu, *next;

	misc_deregister(&emu_misc);
	list_for_each_entry_safe(emu, next, &emu_devs, node) {
		/* copies are over, as each holds the module; the last may not have returned yet */
		destroy_workqueue(emu->wq);
		wd_unregister(emu->wdev);
		platform_device_unregister(emu->pdev);
		kvfree(emu);
	}
}

module_init(emu_init);
module_exit(emu_exit);
MODULE_DESCRIPTION("accelerators emulated by a process");
MODULE_AUTHOR("the wd authors");
MODULE_LICENSE("Dual BSD/GPL");
