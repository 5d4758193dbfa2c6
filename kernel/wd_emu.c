// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Copyright (c) 2026 the wd authors
 *
 * wd_emu.ko: accelerators whose hardware side is a process, the daemon.
 *
 * The calls are described in uapi/wd_emu_abi.h. What is decided here is what the
 * daemon may reach, and nothing of it depends on the daemon's good will:
 *
 *   rings, doorbells  mapped into the daemon only while the queue starts or runs.
 *                     Pages that it keeps mapped belong to that one queue and are
 *                     never given to another
 *   client memory     only by WD_EMU_IOC_ACCESS, only while the queue runs. stop()
 *                     ends that first and waits for what is under way
 *
 * A client's call waits for the daemon's answer for a bounded time and goes on
 * without it. The number of the queue is then kept until the answer comes.
 *
 * Client memory with SVA may be a page that never comes (userfaultfd, FUSE). So
 * it is touched by work items only; who waits for one does so for a bounded time,
 * and all that a stuck one holds is the number and the pages of its queue.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "uapi/wd_emu_abi.h"
#include "wd.h"

#define EMU_ANSWER_TIMEOUT	(5 * HZ) /* of the daemon; a slow virtual machine is meant */
#define EMU_NUMBER_TIMEOUT	HZ /* get(): for a number that waits for an answer */
#define EMU_COPY_TIMEOUT	HZ /* for the pages of a client */
#define EMU_EVENT_BATCH		16
#define EMU_MAX_ERROR		511 /* what a daemon may answer; above are the kernel's own */
#define EMU_MAX_COPIES		512 /* work items at once */

/* What the daemon knows of a queue number. */
enum emu_state {
	EMU_IDLE, /* nothing */
	EMU_START_WAITS, /* there is a START to be read */
	EMU_START_READ, /* it was read */
	EMU_RUNNING, /* it was answered */
	EMU_STOP_WAITS,
	EMU_STOP_READ,
};

struct emu_dev;

/* One opening of a queue. Held by its number, and by copies that are under way. */
struct emu_queue {
	struct kref ref;
	struct emu_dev *emu;
	struct mm_struct *mm; /* mmgrab()bed */
	void *region[WD_NB_REGIONS];
	unsigned int qn;
	wait_queue_head_t wait; /* for the answer; for accesses to end */
	unsigned long notified; /* bit 0 */

	/* with emu_dev.lock */
	struct wd_queue *q; /* NULL after put() */
	u16 qc_type;
	bool running; /* its memory may be accessed */
	bool dead; /* was reset: never runs again */
	unsigned int nb_accesses;
	int start_error;
};

/* A number: free when idle and without a queue. */
struct emu_slot {
	struct emu_queue *eq;
	enum emu_state state;
	u16 qc_type;
	pid_t pid;
};

struct emu_dev {
	struct list_head node;
	struct wd_emu_attach conf;
	struct platform_device *pdev;
	struct wd_device *wdev;
	wait_queue_head_t events; /* the daemon, in read() and poll() */
	wait_queue_head_t numbers; /* get() */

	spinlock_t lock; /* all below, and what is said so above */
	bool has_daemon;
	DECLARE_BITMAP(waiting, WD_EMU_MAX_QUEUES); /* events to be read */
	struct emu_slot slots[];
};

/* One opening of /dev/wd_emu. */
struct emu_file {
	struct emu_dev *emu; /* set once, by ATTACH */
};

/* One access in the address space of a client, by a work item. */
struct emu_copy {
	struct kref ref;
	struct work_struct work;
	struct completion done;
	struct emu_queue *eq;
	u64 addr;
	size_t len;
	bool write;
	int error;
	u8 data[];
};

static DEFINE_MUTEX(emu_devs_lock);
static LIST_HEAD(emu_devs);
static struct workqueue_struct *emu_wq;

static bool emu_is_sva(const struct emu_dev *emu)
{
	return emu->conf.flags & UACCE_FLAG_SVA;
}

/* --- numbers and what the daemon knows of them; all with emu_dev.lock held --- */

static void emu_set_state(struct emu_dev *emu, unsigned int qn, enum emu_state state)
{
	struct emu_slot *slot = &emu->slots[qn];

	lockdep_assert_held(&emu->lock);
	slot->state = state;
	if (state == EMU_START_WAITS || state == EMU_STOP_WAITS) {
		__set_bit(qn, emu->waiting);
		wake_up(&emu->events);
	} else {
		__clear_bit(qn, emu->waiting);
	}
	if (slot->eq)
		wake_up_all(&slot->eq->wait);
	else if (state == EMU_IDLE)
		wake_up_all(&emu->numbers);
}

/* The queue runs no more, as soon as accesses under way are over. */
static void emu_end(struct emu_queue *eq)
{
	struct emu_dev *emu = eq->emu;

	lockdep_assert_held(&emu->lock);
	eq->running = false;
	switch (emu->slots[eq->qn].state) {
	case EMU_START_WAITS:
		emu_set_state(emu, eq->qn, EMU_IDLE); /* the daemon never heard of it */
		break;
	case EMU_START_READ:
	case EMU_RUNNING:
		emu_set_state(emu, eq->qn, EMU_STOP_WAITS);
		break;
	default:
		break;
	}
}

static __le32 *emu_status(struct emu_queue *eq, u32 from_end)
{
	return eq->region[UACCE_REGION_DUS] + eq->emu->conf.dus_size - from_end;
}

/* What a reset looks like to the client. */
static void emu_kill(struct emu_queue *eq)
{
	const struct wd_emu_attach *conf = &eq->emu->conf;

	lockdep_assert_held(&eq->emu->lock);
	eq->dead |= eq->running;
	eq->running = false;
	WRITE_ONCE(*emu_status(eq, conf->send_status_from_end), cpu_to_le32(1));
	/* last: who sees it knows that no completion will follow */
	smp_store_release(emu_status(eq, conf->recv_status_from_end), cpu_to_le32(1));
	if (eq->q)
		wake_up_all(&eq->q->wait);
}

/* --- queues --- */

static void emu_queue_free(struct kref *ref)
{
	struct emu_queue *eq = container_of(ref, struct emu_queue, ref);
	struct emu_dev *emu = eq->emu;

	spin_lock(&emu->lock);
	if (emu->slots[eq->qn].eq == eq)
		emu->slots[eq->qn].eq = NULL;
	spin_unlock(&emu->lock);
	wake_up_all(&emu->numbers);
	vfree(eq->region[UACCE_REGION_MMIO]);
	vfree(eq->region[UACCE_REGION_DUS]);
	mmdrop(eq->mm);
	kfree(eq);
}

static struct emu_queue *emu_queue_new(struct emu_dev *emu, struct wd_queue *q)
{
	struct emu_queue *eq = kzalloc(sizeof(*eq), GFP_KERNEL);

	if (!eq)
		return NULL;
	eq->region[UACCE_REGION_MMIO] = vmalloc_user(emu->conf.mmio_size);
	eq->region[UACCE_REGION_DUS] = vmalloc_user(emu->conf.dus_size);
	if (!eq->region[UACCE_REGION_MMIO] || !eq->region[UACCE_REGION_DUS]) {
		vfree(eq->region[UACCE_REGION_MMIO]);
		vfree(eq->region[UACCE_REGION_DUS]);
		kfree(eq);
		return NULL;
	}
	kref_init(&eq->ref);
	init_waitqueue_head(&eq->wait);
	mmgrab(q->mm);
	eq->mm = q->mm;
	eq->emu = emu;
	eq->q = q;
	return eq;
}

/* Give eq a number. -EAGAIN: none now, but one waits only for the daemon. */
static int emu_number_take(struct emu_dev *emu, struct emu_queue *eq)
{
	unsigned int qn;
	int rc = -EBUSY;

	spin_lock(&emu->lock);
	for (qn = 0; emu->has_daemon && qn < emu->conf.nb_queues; qn++) {
		struct emu_slot *slot = &emu->slots[qn];

		if (slot->eq)
			continue;
		rc = -EAGAIN;
		if (slot->state != EMU_IDLE)
			continue;
		eq->qn = qn;
		slot->eq = eq;
		rc = 0;
		break;
	}
	if (!emu->has_daemon)
		rc = -EPERM;
	spin_unlock(&emu->lock);
	return rc;
}

static int emu_get(struct wd_queue *q)
{
	struct emu_dev *emu = q->wdev->priv;
	struct emu_queue *eq;
	int rc, left;

	if (!READ_ONCE(emu->has_daemon))
		return -EPERM;
	eq = emu_queue_new(emu, q);
	if (!eq)
		return -ENOMEM;
	left = wait_event_killable_timeout(emu->numbers,
					   (rc = emu_number_take(emu, eq)) != -EAGAIN,
					   EMU_NUMBER_TIMEOUT);
	if (rc == -EAGAIN)
		rc = left < 0 ? left : -EBUSY;
	if (rc) {
		kref_put(&eq->ref, emu_queue_free);
		return rc;
	}
	q->id = eq->qn;
	q->priv = eq;
	return 0;
}

static void emu_put(struct wd_queue *q)
{
	struct emu_queue *eq = q->priv;

	spin_lock(&eq->emu->lock);
	emu_end(eq);
	eq->q = NULL;
	spin_unlock(&eq->emu->lock);
	q->priv = NULL;
	kref_put(&eq->ref, emu_queue_free);
}

static bool emu_settled(struct emu_queue *eq, enum emu_state or_state)
{
	enum emu_state state;

	spin_lock(&eq->emu->lock);
	state = eq->emu->slots[eq->qn].state;
	spin_unlock(&eq->emu->lock);
	return state == EMU_IDLE || state == or_state;
}

static bool emu_quiet(struct emu_queue *eq)
{
	bool quiet;

	spin_lock(&eq->emu->lock);
	quiet = eq->nb_accesses == 0;
	spin_unlock(&eq->emu->lock);
	return quiet;
}

static int emu_start_ask(struct emu_queue *eq)
{
	struct emu_dev *emu = eq->emu;
	struct emu_slot *slot = &emu->slots[eq->qn];
	int rc = 0;

	memset(eq->region[UACCE_REGION_MMIO], 0, emu->conf.mmio_size);
	memset(eq->region[UACCE_REGION_DUS], 0, emu->conf.dus_size);
	clear_bit(0, &eq->notified);
	spin_lock(&emu->lock);
	if (!emu->has_daemon || eq->dead) {
		emu_kill(eq);
		rc = -EIO;
	} else {
		eq->start_error = 0;
		slot->qc_type = eq->qc_type;
		slot->pid = eq->q->pid;
		emu_set_state(emu, eq->qn, EMU_START_WAITS);
	}
	spin_unlock(&emu->lock);
	return rc;
}

static int emu_start(struct wd_queue *q)
{
	struct emu_queue *eq = q->priv;
	int rc, left;

	/* a stop that was not answered in time */
	left = wait_event_killable_timeout(eq->wait, emu_settled(eq, EMU_IDLE), EMU_ANSWER_TIMEOUT);
	if (left <= 0)
		return left == 0 ? -ETIMEDOUT : left;
	rc = emu_start_ask(eq);
	if (rc)
		return rc;
	left = wait_event_killable_timeout(eq->wait, emu_settled(eq, EMU_RUNNING),
					   EMU_ANSWER_TIMEOUT);
	spin_lock(&eq->emu->lock);
	if (eq->running) {
		rc = 0;
	} else if (eq->emu->slots[eq->qn].state != EMU_IDLE) {
		rc = left < 0 ? left : -ETIMEDOUT;
		emu_end(eq);
	} else {
		rc = eq->start_error ? eq->start_error : -EIO;
	}
	spin_unlock(&eq->emu->lock);
	return rc;
}

static int emu_stop(struct wd_queue *q)
{
	struct emu_queue *eq = q->priv;

	spin_lock(&eq->emu->lock);
	emu_end(eq);
	spin_unlock(&eq->emu->lock);
	/* An access with SVA that is still under way after this time waits for a page. It
	 * will move no more than what it has begun with, in an address space that it keeps.
	 */
	if (emu_is_sva(eq->emu))
		wait_event_timeout(eq->wait, emu_quiet(eq), EMU_COPY_TIMEOUT);
	else
		wait_event(eq->wait, emu_quiet(eq));
	/* Without an answer the daemon sees rings that nobody uses, and reaches nothing else. */
	wait_event_timeout(eq->wait, emu_settled(eq, EMU_IDLE), EMU_ANSWER_TIMEOUT);
	return 0;
}

static int emu_mmap(struct wd_queue *q, unsigned int region, struct vm_area_struct *vma)
{
	struct emu_queue *eq = q->priv;

	return remap_vmalloc_range(vma, eq->region[region], 0);
}

static int emu_qp_ctx(struct wd_queue *q, struct uacce_qp_ctx *ctx)
{
	struct emu_queue *eq = q->priv;

	if (ctx->qc_type > eq->emu->conf.max_qc_type)
		return -EINVAL;
	spin_lock(&eq->emu->lock);
	eq->qc_type = ctx->qc_type;
	spin_unlock(&eq->emu->lock);
	ctx->id = eq->qn;
	return 0;
}

static int emu_qp_info(struct wd_queue *q, struct uacce_qp_info *info)
{
	const struct emu_queue *eq = q->priv;

	*info = (struct uacce_qp_info){
		.sqe_size = eq->emu->conf.sqe_size,
		.sq_depth = eq->emu->conf.sq_depth,
		.cq_depth = eq->emu->conf.cq_depth,
	};
	return 0;
}

static bool emu_ready(struct wd_queue *q)
{
	struct emu_queue *eq = q->priv;

	return test_and_clear_bit(0, &eq->notified);
}

static int emu_available(struct wd_device *wdev)
{
	struct emu_dev *emu = wdev->priv;
	unsigned int qn;
	int nb = 0;

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
	eq->nb_accesses--;
	if (eq->nb_accesses == 0)
		wake_up_all(&eq->wait);
	spin_unlock(&eq->emu->lock);
}

static void emu_copy_free(struct kref *ref)
{
	struct emu_copy *c = container_of(ref, struct emu_copy, ref);

	kref_put(&c->eq->ref, emu_queue_free);
	kvfree(c);
}

static int emu_copy_run(struct emu_copy *c)
{
	void __user *at = u64_to_user_ptr(c->addr);
	unsigned long left;

	if (!emu_access_begin(c->eq))
		return -ESHUTDOWN;
	left = c->write ? copy_to_user(at, c->data, c->len) : copy_from_user(c->data, at, c->len);
	emu_access_end(c->eq);
	return left ? -EFAULT : 0;
}

static void emu_copy_work(struct work_struct *work)
{
	struct emu_copy *c = container_of(work, struct emu_copy, work);
	struct mm_struct *mm = c->eq->mm;

	c->error = -ESHUTDOWN;
	if (mmget_not_zero(mm)) {
		kthread_use_mm(mm);
		c->error = emu_copy_run(c);
		kthread_unuse_mm(mm);
		/* If this is the last user, the client's files are closed: not here. */
		mmput_async(mm);
	}
	complete(&c->done);
	kref_put(&c->ref, emu_copy_free);
}

/* The client's pages do not come: none of its queues costs the daemon any more time. */
static void emu_refuse(struct emu_dev *emu, const struct mm_struct *mm)
{
	unsigned int qn;

	spin_lock(&emu->lock);
	for (qn = 0; qn < emu->conf.nb_queues; qn++) {
		struct emu_queue *eq = emu->slots[qn].eq;

		if (!eq || eq->mm != mm)
			continue;
		eq->dead = true;
		emu_kill(eq);
	}
	spin_unlock(&emu->lock);
}

static int emu_access_sva(struct emu_queue *eq, const struct wd_emu_access *a)
{
	void __user *buf = u64_to_user_ptr(a->buf);
	struct emu_copy *c;
	long left;
	int rc;

	c = kvmalloc(struct_size(c, data, a->len), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	kref_init(&c->ref);
	kref_get(&eq->ref);
	c->eq = eq;
	c->addr = a->addr;
	c->len = a->len;
	c->write = a->write;
	init_completion(&c->done);
	INIT_WORK(&c->work, emu_copy_work);
	rc = -EFAULT;
	if (c->write && copy_from_user(c->data, buf, c->len))
		goto put;
	kref_get(&c->ref); /* of the work item */
	queue_work(emu_wq, &c->work);
	left = wait_for_completion_killable_timeout(&c->done, EMU_COPY_TIMEOUT);
	if (left > 0) {
		rc = c->error;
		if (!rc && !c->write && copy_to_user(buf, c->data, c->len))
			rc = -EFAULT;
	} else if (left == 0) {
		rc = -ETIMEDOUT;
		emu_refuse(eq->emu, eq->mm);
	} else {
		rc = left;
	}
put:
	kref_put(&c->ref, emu_copy_free);
	return rc;
}

static int emu_access_registered(struct emu_queue *eq, const struct wd_emu_access *a)
{
	int rc;

	if (!emu_access_begin(eq))
		return -ESHUTDOWN;
	/* eq->q stays: put() comes after stop(), which waits for the end of this */
	rc = wd_queue_copy(eq->q, a->addr, u64_to_user_ptr(a->buf), a->len, a->write);
	emu_access_end(eq);
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
	struct emu_queue *eq;
	int rc;

	if (a->qn >= emu->conf.nb_queues || a->write > 1)
		return -EINVAL;
	if (a->len == 0 || a->len > WD_EMU_MAX_ACCESS)
		return -EINVAL;
	if (a->addr + (a->len - 1) < a->addr)
		return -EFAULT;
	eq = emu_queue_find(emu, a->qn);
	if (!eq)
		return -ESHUTDOWN;
	rc = emu_is_sva(emu) ? emu_access_sva(eq, a) : emu_access_registered(eq, a);
	kref_put(&eq->ref, emu_queue_free);
	return rc;
}

/* --- the daemon: events --- */

static int emu_ack(struct emu_dev *emu, const struct wd_emu_ack *ack)
{
	struct emu_queue *eq;
	enum emu_state state;
	int rc = 0;

	if (ack->qn >= emu->conf.nb_queues || ack->reserved)
		return -EINVAL;
	if (ack->error < 0 || ack->error > EMU_MAX_ERROR)
		return -EINVAL;
	spin_lock(&emu->lock);
	eq = emu->slots[ack->qn].eq;
	state = emu->slots[ack->qn].state;
	if (ack->type == WD_EMU_START && state == EMU_START_READ) {
		eq->start_error = -ack->error;
		eq->running = !ack->error;
		emu_set_state(emu, ack->qn, ack->error ? EMU_IDLE : EMU_RUNNING);
	} else if (ack->type == WD_EMU_STOP && state == EMU_STOP_READ) {
		emu_set_state(emu, ack->qn, EMU_IDLE);
	} else if (ack->type != WD_EMU_START ||
		   (state != EMU_STOP_WAITS && state != EMU_STOP_READ)) {
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

/* Up to nb events; returns how many. */
static unsigned int emu_events_take(struct emu_dev *emu, struct wd_emu_event *events,
				    unsigned int nb)
{
	unsigned int i = 0, qn;

	spin_lock(&emu->lock);
	for_each_set_bit(qn, emu->waiting, emu->conf.nb_queues) {
		const struct emu_slot *slot = &emu->slots[qn];
		const bool start = slot->state == EMU_START_WAITS;

		if (i == nb)
			break;
		events[i++] = (struct wd_emu_event){
			.type = start ? WD_EMU_START : WD_EMU_STOP,
			.qn = qn,
			.qc_type = slot->qc_type,
			.pid = slot->pid,
		};
		emu_set_state(emu, qn, start ? EMU_START_READ : EMU_STOP_READ);
	}
	spin_unlock(&emu->lock);
	return i;
}

static bool emu_has_events(struct emu_dev *emu)
{
	bool has;

	spin_lock(&emu->lock);
	has = !bitmap_empty(emu->waiting, emu->conf.nb_queues);
	spin_unlock(&emu->lock);
	return has;
}

/* --- devices --- */

/* A string that is ended, with zeros behind it so that it can be compared. */
static bool emu_string_valid(char *s, size_t size, bool lines)
{
	const size_t len = strnlen(s, size);
	size_t i;

	if (len == 0 || len == size || lines != (s[len - 1] == '\n'))
		return false;
	for (i = 0; i < len; i++) {
		const bool line_end = lines && s[i] == '\n' && i > 0 && s[i - 1] != '\n';

		if (!isalnum(s[i]) && s[i] != '_' && s[i] != '-' && !line_end)
			return false;
	}
	memset(s + len, 0, size - len);
	return true;
}

static bool emu_region_valid(u32 size)
{
	return size && size <= WD_EMU_MAX_REGION && PAGE_ALIGNED(size);
}

static bool emu_word_valid(u32 offset, u32 size, u32 region_size)
{
	return IS_ALIGNED(offset, size) && offset <= region_size - size;
}

static bool emu_conf_valid(struct wd_emu_attach *conf)
{
	return emu_string_valid(conf->name, sizeof(conf->name), false) &&
	       emu_string_valid(conf->api, sizeof(conf->api), false) &&
	       emu_string_valid(conf->algorithms, sizeof(conf->algorithms), true) &&
	       !(conf->flags & ~UACCE_FLAG_SVA) && !conf->reserved && conf->id >= -1 &&
	       conf->nb_queues && conf->nb_queues <= WD_EMU_MAX_QUEUES &&
	       conf->max_qc_type <= U16_MAX && conf->sqe_size && conf->sq_depth &&
	       conf->cq_depth && emu_region_valid(conf->mmio_size) &&
	       emu_region_valid(conf->dus_size) &&
	       emu_word_valid(conf->sq_db_offset, sizeof(u64), conf->mmio_size) &&
	       emu_word_valid(conf->cq_db_offset, sizeof(u64), conf->mmio_size) &&
	       emu_word_valid(conf->send_status_from_end - sizeof(u32), sizeof(u32),
			      conf->dus_size) &&
	       emu_word_valid(conf->recv_status_from_end - sizeof(u32), sizeof(u32),
			      conf->dus_size);
}

static bool emu_same(const struct emu_dev *emu, const struct wd_emu_attach *conf)
{
	struct wd_emu_attach a = emu->conf, b = *conf;

	a.size = b.size = 0;
	a.id = b.id = 0;
	return !memcmp(&a, &b, sizeof(a));
}

/* The device that conf asks for, NULL: has to be made; or an error. */
static struct emu_dev *emu_dev_find(const struct wd_emu_attach *conf)
{
	struct emu_dev *emu;

	list_for_each_entry(emu, &emu_devs, node) {
		const bool same = emu_same(emu, conf);

		if (conf->id < 0) {
			if (!emu->has_daemon && same)
				return emu;
			continue;
		}
		if (emu->wdev->id != conf->id || strcmp(emu->conf.name, conf->name))
			continue;
		if (emu->has_daemon)
			return ERR_PTR(-EBUSY);
		return same ? emu : ERR_PTR(-EEXIST);
	}
	return NULL;
}

static struct platform_device *emu_parent_new(void)
{
	struct platform_device *pdev = platform_device_alloc(KBUILD_MODNAME, PLATFORM_DEVID_AUTO);
	int rc;

	if (!pdev)
		return ERR_PTR(-ENOMEM);
	/* programs expect the attribute numa_node, which is there only if it is known */
	set_dev_node(&pdev->dev, first_online_node);
	rc = platform_device_add(pdev);
	if (rc) {
		platform_device_put(pdev);
		return ERR_PTR(rc);
	}
	return pdev;
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
	int rc;

	if (!emu)
		return ERR_PTR(-ENOMEM);
	emu->conf = *conf;
	wconf.name = emu->conf.name;
	wconf.api = emu->conf.api;
	wconf.algorithms = emu->conf.algorithms;
	spin_lock_init(&emu->lock);
	init_waitqueue_head(&emu->events);
	init_waitqueue_head(&emu->numbers);
	emu->pdev = emu_parent_new();
	if (IS_ERR(emu->pdev)) {
		rc = PTR_ERR(emu->pdev);
		goto free_emu;
	}
	emu->wdev = wd_register(&emu->pdev->dev, &wconf, emu);
	if (IS_ERR(emu->wdev)) {
		rc = PTR_ERR(emu->wdev);
		goto remove_parent;
	}
	list_add_tail(&emu->node, &emu_devs);
	return emu;

remove_parent:
	platform_device_unregister(emu->pdev);
free_emu:
	kvfree(emu);
	return ERR_PTR(rc);
}

static void emu_dev_destroy(struct emu_dev *emu)
{
	wd_unregister(emu->wdev);
	platform_device_unregister(emu->pdev);
}

static void emu_daemon_gone(struct emu_dev *emu)
{
	unsigned int qn;

	spin_lock(&emu->lock);
	emu->has_daemon = false;
	for (qn = 0; qn < emu->conf.nb_queues; qn++) {
		struct emu_queue *eq = emu->slots[qn].eq;

		if (eq)
			emu_kill(eq);
		emu_set_state(emu, qn, EMU_IDLE);
	}
	spin_unlock(&emu->lock);
}

/* --- /dev/wd_emu --- */

static int emu_attach(struct emu_file *ef, struct wd_emu_attach *conf)
{
	struct emu_dev *emu;
	int rc = 0;

	if (!emu_conf_valid(conf))
		return -EINVAL;
	mutex_lock(&emu_devs_lock);
	if (ef->emu) {
		rc = -EALREADY;
		goto unlock;
	}
	emu = emu_dev_find(conf);
	if (!emu)
		emu = emu_dev_new(conf);
	if (IS_ERR(emu)) {
		rc = PTR_ERR(emu);
		goto unlock;
	}
	spin_lock(&emu->lock);
	emu->has_daemon = true;
	spin_unlock(&emu->lock);
	conf->id = emu->wdev->id;
	/* pairs with the load in emu_of() */
	smp_store_release(&ef->emu, emu);
unlock:
	mutex_unlock(&emu_devs_lock);
	return rc;
}

static struct emu_dev *emu_of(struct file *file)
{
	struct emu_file *ef = file->private_data;

	return smp_load_acquire(&ef->emu);
}

static int emu_file_open(struct inode *inode, struct file *file)
{
	struct emu_file *ef;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ef = kzalloc(sizeof(*ef), GFP_KERNEL);
	if (!ef)
		return -ENOMEM;
	file->private_data = ef;
	return nonseekable_open(inode, file);
}

static int emu_file_release(struct inode *inode, struct file *file)
{
	struct emu_file *ef = file->private_data;

	if (ef->emu)
		emu_daemon_gone(ef->emu);
	kfree(ef);
	return 0;
}

static ssize_t emu_file_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct emu_dev *emu = emu_of(file);
	struct wd_emu_event events[EMU_EVENT_BATCH];
	size_t nb = min_t(size_t, size / sizeof(events[0]), ARRAY_SIZE(events));

	if (!emu)
		return -ENODEV;
	if (nb == 0)
		return -EINVAL;
	for (;;) {
		const unsigned int taken = emu_events_take(emu, events, nb);
		int rc;

		if (taken > 0) {
			nb = taken;
			break;
		}
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		rc = wait_event_interruptible(emu->events, emu_has_events(emu));
		if (rc)
			return rc;
	}
	if (copy_to_user(buf, events, nb * sizeof(events[0])))
		return -EFAULT;
	return nb * sizeof(events[0]);
}

static __poll_t emu_file_poll(struct file *file, poll_table *table)
{
	struct emu_dev *emu = emu_of(file);

	if (!emu)
		return EPOLLERR;
	poll_wait(file, &emu->events, table);
	return emu_has_events(emu) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int emu_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	const u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	const unsigned int region = offset >> 28 & 0xf;
	struct emu_dev *emu = emu_of(file);
	struct emu_queue *eq;
	u32 size;
	int rc;

	if (!emu)
		return -ENODEV;
	if (offset >> 32 >= emu->conf.nb_queues || region >= WD_NB_REGIONS)
		return -EINVAL;
	if (offset != WD_EMU_MMAP_OFFSET(offset >> 32, region) || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	size = region == UACCE_REGION_MMIO ? emu->conf.mmio_size : emu->conf.dus_size;
	if (vma->vm_end - vma->vm_start != size)
		return -EINVAL;
	eq = emu_queue_find(emu, offset >> 32);
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
	union emu_arg arg;
	long rc;

	switch (cmd) {
	case WD_EMU_IOC_ATTACH:
	case WD_EMU_IOC_ACK:
	case WD_EMU_IOC_ACCESS:
	case WD_EMU_IOC_NOTIFY:
		break;
	default:
		return -ENOTTY;
	}
	if (copy_from_user(&arg, from, _IOC_SIZE(cmd)))
		return -EFAULT;
	if (arg.size != _IOC_SIZE(cmd))
		return -EINVAL;
	if (cmd == WD_EMU_IOC_ATTACH) {
		rc = emu_attach(file->private_data, &arg.attach);
		if (!rc && copy_to_user(from, &arg.attach, sizeof(arg.attach)))
			rc = -EFAULT;
		return rc;
	}
	if (!emu)
		return -ENODEV;
	if (cmd == WD_EMU_IOC_ACK)
		return emu_ack(emu, &arg.ack);
	if (cmd == WD_EMU_IOC_ACCESS)
		return emu_access(emu, &arg.access);
	return emu_notify(emu, &arg.notify);
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
	int rc;

	emu_wq = alloc_workqueue("wd_emu", WQ_UNBOUND, EMU_MAX_COPIES);
	if (!emu_wq)
		return -ENOMEM;
	rc = misc_register(&emu_misc);
	if (rc)
		destroy_workqueue(emu_wq);
	return rc;
}

static void __exit emu_exit(void)
{
	struct emu_dev *emu, *next;

	misc_deregister(&emu_misc);
	list_for_each_entry(emu, &emu_devs, node)
		emu_dev_destroy(emu);
	/* copies that outlived their queues */
	destroy_workqueue(emu_wq);
	list_for_each_entry_safe(emu, next, &emu_devs, node)
		kvfree(emu);
}

module_init(emu_init);
module_exit(emu_exit);

MODULE_DESCRIPTION("Accelerators emulated by a process, under wd.ko");
MODULE_LICENSE("Dual BSD/GPL");
