/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The uacce character device: one open of /dev/<name> is one queue, see
 * kernel/uapi/uacce_abi.h. Opening a device opens no file, only its queues do.
 *
 * Functions return 0 or -errno, and the one that finds the error logs it.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_kvargs.h>
#include <rte_string_fns.h>

#include "hisi_qm.h"
#include "uacce_abi.h"
#include "wd_abi.h"
#include "wd_log.h"
#include "wd_probe.h"
#include "wd_transport.h"
#include "wd_uacce.h"

#define UACCE_ARG_HW "hw"
#define UACCE_ARG_SVA "sva"

/* A test looks elsewhere. */
static const char *uacce_node_root = "/dev";

/* Of an open device. */
struct uacce_dev {
	char node[PATH_MAX];
	size_t mmio_size;
	size_t dus_size;
	unsigned int nb_queues; /* open in this process; the watchdog's thread counts too */
};

enum uacce_state {
	UACCE_READY, /* taken and mapped */
	UACCE_STARTED,
	UACCE_STOPPED, /* both regions are private memory now, see uacce_queue_stop() */
};

/* Of an open queue. */
struct uacce_queue {
	struct wd_dev *dev;
	enum uacce_state state;
	int fd; /* negative: given back, possible only when stopped */
	uint8_t *mmio;
	uint8_t *dus;
	uint16_t qc_type;
	uint16_t sqe_size;
	uint16_t sq_depth; /* 0: not known yet */
	uint16_t cq_depth;
};

/* Devargs only confirm what hardware is. */
static int
options_check(const struct wd_dev *dev, const struct rte_kvargs *args,
		const struct wd_uacce_attrs *attrs, const struct wd_hw *hw)
{
	const char *want_hw = args == NULL ? NULL : rte_kvargs_get(args, UACCE_ARG_HW);
	const char *want_sva = args == NULL ? NULL : rte_kvargs_get(args, UACCE_ARG_SVA);
	const bool sva = (attrs->info.flags & RTE_WD_FLAG_SVA) != 0;

	if (want_hw != NULL && (hw == NULL || rte_wd_hw_by_name(want_hw) != hw)) {
		WD_LOG(ERR, "device %s: hw=%s, but its interface %s is driven as hw=%s; leave the option out",
				dev->name, want_hw, attrs->info.api,
				hw == NULL ? "none" : hw->name);
		return -EINVAL;
	}
	if (want_sva != NULL && strcmp(want_sva, sva ? "1" : "0") != 0) {
		WD_LOG(ERR, "device %s: sva=%s, but the kernel says sva=%d; leave the option out",
				dev->name, want_sva, sva);
		return -EINVAL;
	}
	return 0;
}

static int
node_check(const struct wd_dev *dev, const char *node)
{
	const int rc = faccessat(AT_FDCWD, node, R_OK | W_OK, AT_EACCESS) == 0 ? 0 : -errno;

	switch (rc) {
	case 0:
		return 0;
	case -EACCES:
	case -EPERM:
	case -EROFS:
		WD_LOG(ERR,
				"device %s: no permission to read and write %s; join its group, or let a udev"
				" rule give it one",
				dev->name, node);
		return -EACCES;
	default:
		WD_LOG(ERR, "device %s: %s: %s; is udev running, is the node passed into this container?",
				dev->name, node, rte_strerror(-rc));
		return -ENODEV;
	}
}

static int
uacce_open(struct wd_dev *dev, const struct rte_kvargs *args)
{
	struct wd_uacce_attrs attrs;
	const struct wd_hw *hw;
	struct uacce_dev *ud;
	int rc;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		WD_LOG(ERR,
				"device %s: not for a secondary process: a queue's mappings belong to the process"
				" that opened it; use the device in the primary process",
				dev->name);
		return -ENOTSUP;
	}
	rc = wd_uacce_find(dev->name, &attrs);
	if (rc != 0)
		return rc;
	hw = rte_wd_hw_by_api(attrs.info.api);
	if (hw == NULL && dev->class != WD_CLASS_EDU) {
		WD_LOG(ERR, "device %s: interface %s is not one of those known here", dev->name,
				attrs.info.api);
		return -ENOTSUP;
	}
	rc = options_check(dev, args, &attrs, hw);
	if (rc != 0)
		return rc;
	if ((attrs.info.flags &
			    (RTE_WD_FLAG_SVA | RTE_WD_FLAG_REGISTERED | RTE_WD_FLAG_PHYSICAL)) ==
			0) {
		WD_LOG(ERR,
				"device %s: the kernel offers no shared virtual addressing (flags bit 0) and no"
				" registration of memory, so user space has no memory that the device can reach;"
				" enable the IOMMU and load the accelerator's kernel driver with uacce_mode=1",
				dev->name);
		return -ENOTSUP;
	}

	ud = calloc(1, sizeof(*ud));
	if (ud == NULL)
		return -ENOMEM;
	snprintf(ud->node, sizeof(ud->node), "%s/%s", uacce_node_root, dev->name);
	rc = node_check(dev, ud->node);
	if (rc != 0) {
		free(ud);
		return rc;
	}
	ud->mmio_size = attrs.mmio_size;
	ud->dus_size = attrs.dus_size;
	dev->hw = hw;
	dev->sva = (attrs.info.flags & RTE_WD_FLAG_SVA) != 0;
	dev->va = (attrs.info.flags & RTE_WD_FLAG_PHYSICAL) == 0;
	dev->secondary_data_path = false;
	dev->numa_node = attrs.info.numa_node;
	dev->max_queues = RTE_MIN(
			(unsigned int)attrs.info.available_queues, HISI_QM_MAX_QUEUES + 0U);
	if (dev->max_queues == 0)
		dev->max_queues = 1; /* all taken now, but perhaps not when one is wanted */
	dev->transport_data = ud;
	return 0;
}

static void
uacce_close(struct wd_dev *dev)
{
	free(dev->transport_data);
	dev->transport_data = NULL;
}

/* What to do about an error of open() or START_Q. */
static const char *
errno_hint(int rc)
{
	switch (rc) {
	case -EPERM:
		return "; the device is stopped or being reset, try again later";
	case -ENODEV:
	case -ENXIO:
	case -ENOENT:
		return "; the device has been removed";
	case -EMFILE:
		return "; raise the limit on open files";
	default:
		return "";
	}
}

/* Take a queue; returns its file descriptor. */
static int
node_open(const struct wd_dev *dev)
{
	struct uacce_dev *ud = dev->transport_data;
	int fd, rc;

	fd = open(ud->node, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		__atomic_fetch_add(&ud->nb_queues, 1, __ATOMIC_RELAXED);
		return fd;
	}
	rc = -errno;
	if (rc == -EBUSY) {
		WD_LOG(ERR,
				"device %s: no queue left: %u open in this process, %u were to be had when the"
				" device was opened; use fewer queue pairs, stop other users, or take another device",
				dev->name, __atomic_load_n(&ud->nb_queues, __ATOMIC_RELAXED),
				dev->max_queues);
		return rc;
	}
	WD_LOG(ERR, "device %s: cannot open %s: %s%s", dev->name, ud->node, rte_strerror(-rc),
			errno_hint(rc));
	return rc;
}

static void
node_close(const struct wd_dev *dev, int fd)
{
	struct uacce_dev *ud = dev->transport_data;

	wd_uacce_mem_queue_closing(fd);
	close(fd);
	__atomic_fetch_sub(&ud->nb_queues, 1, __ATOMIC_RELAXED);
}

/* The one place that calls ioctl(); arg is NULL where there is none. */
static int
queue_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static bool
depth_valid(uint16_t depth)
{
	return depth >= 2 && depth <= HISI_QM_MAX_DEPTH && rte_is_power_of_2(depth);
}

/* Ask the kernel about the queue, and refuse what the data path could not work with. */
static int
queue_query(const struct uacce_queue *uq, struct uacce_qp_ctx *ctx, struct uacce_qp_info *info)
{
	const struct uacce_dev *ud = uq->dev->transport_data;
	const char *name = uq->dev->name;
	size_t used;
	int rc;

	*ctx = (struct uacce_qp_ctx){ .qc_type = uq->qc_type };
	rc = queue_ioctl(uq->fd, UACCE_IOC_QP_CTX, ctx);
	if (rc != 0) {
		WD_LOG(ERR, "device %s: no queue number for type %u: QP_CTX: %s%s", name,
				uq->qc_type, rte_strerror(-rc),
				rc == -EINVAL ? "; the kernel does not know this type" : "");
		return rc;
	}
	if (ctx->id > HISI_QM_DB_QN_MASK) {
		WD_LOG(ERR, "device %s: queue number %u, but doorbells carry at most %u", name,
				ctx->id, (unsigned int)HISI_QM_DB_QN_MASK);
		return -EPROTO;
	}

	memset(info, 0, sizeof(*info));
	rc = queue_ioctl(uq->fd, UACCE_IOC_QP_INFO, info);
	if (rc == -EINVAL) {
		/* a kernel from before this ioctl, when these were the only values */
		info->sqe_size = uq->sqe_size;
		info->sq_depth = HISI_QM_DEFAULT_DEPTH;
		info->cq_depth = HISI_QM_DEFAULT_DEPTH;
	} else if (rc != 0) {
		WD_LOG(ERR, "device %s queue %u: no geometry: QP_INFO: %s", name, ctx->id,
				rte_strerror(-rc));
		return rc;
	}
	if (info->sqe_size != uq->sqe_size) {
		WD_LOG(ERR,
				"device %s queue %u: its descriptors have %u bytes, this driver's have %u; they"
				" are not made for each other",
				name, ctx->id, info->sqe_size, uq->sqe_size);
		return -EPROTO;
	}
	if (uq->sqe_size == 0)
		return 0; /* no rings */
	if (!depth_valid(info->sq_depth) || !depth_valid(info->cq_depth) ||
			info->cq_depth < info->sq_depth) {
		WD_LOG(ERR,
				"device %s queue %u: rings of %u descriptors and %u completions; both must be"
				" powers of two from 2 to %u, and the latter not smaller",
				name, ctx->id, info->sq_depth, info->cq_depth, HISI_QM_MAX_DEPTH);
		return -EPROTO;
	}
	if (uq->sq_depth != 0 &&
			(uq->sq_depth != info->sq_depth || uq->cq_depth != info->cq_depth)) {
		WD_LOG(ERR,
				"device %s queue %u: rings of %u and %u entries, but %u and %u before the stop;"
				" set the queue pair up again",
				name, ctx->id, info->sq_depth, info->cq_depth, uq->sq_depth,
				uq->cq_depth);
		return -EPROTO;
	}
	used = (size_t)info->sqe_size * info->sq_depth +
			sizeof(struct hisi_qm_cqe) * info->cq_depth + HISI_QM_STATUS_RECV_FROM_END;
	/* the kernel sees whole pages, and puts the status words at the end of the last one */
	if (ud->dus_size < used || ud->dus_size % (size_t)sysconf(_SC_PAGESIZE) != 0) {
		WD_LOG(ERR,
				"device %s queue %u: region_dus_size is %zu; rings and status take %zu bytes,"
				" in whole pages",
				name, ctx->id, ud->dus_size, used);
		return -EPROTO;
	}
	if (ud->mmio_size < HISI_QM_DB_OFFSET + sizeof(uint64_t)) {
		WD_LOG(ERR, "device %s queue %u: region_mmio_size is %zu, the doorbell is at %u",
				name, ctx->id, ud->mmio_size, HISI_QM_DB_OFFSET);
		return -EPROTO;
	}
	return 0;
}

/*
 * Where the doorbells are. Hardware has one address for both, and tells them apart
 * by the command; wd.ko says where those of an emulated device are.
 */
static int
doorbells_query(const struct uacce_queue *uq, uint32_t *sq_offset, uint32_t *cq_offset)
{
	const struct uacce_dev *ud = uq->dev->transport_data;
	struct wd_info info = { .size = sizeof(info) };

	*sq_offset = uq->sqe_size == 0 ? 0 : HISI_QM_DB_OFFSET;
	*cq_offset = *sq_offset;
	if (queue_ioctl(uq->fd, WD_IOC_INFO, &info) != 0)
		return 0; /* not wd.ko */
	if (info.sq_db_offset % sizeof(uint64_t) != 0 ||
			info.cq_db_offset % sizeof(uint64_t) != 0 ||
			info.sq_db_offset > ud->mmio_size - sizeof(uint64_t) ||
			info.cq_db_offset > ud->mmio_size - sizeof(uint64_t)) {
		WD_LOG(ERR, "device %s: region_mmio_size is %zu, the doorbells are at %u and %u",
				uq->dev->name, ud->mmio_size, info.sq_db_offset, info.cq_db_offset);
		return -EPROTO;
	}
	*sq_offset = info.sq_db_offset;
	*cq_offset = info.cq_db_offset;
	return 0;
}

/* NULL with errno set on failure. */
static void *
region_map(const struct uacce_queue *uq, unsigned int region, size_t size)
{
	void *va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, uq->fd,
			(off_t)region * sysconf(_SC_PAGESIZE));

	if (va == MAP_FAILED) {
		const int err = errno;

		WD_LOG(ERR, "device %s: cannot map %zu bytes of %s: %s", uq->dev->name, size,
				region == UACCE_REGION_DUS ? "rings" : "doorbells",
				rte_strerror(err));
		errno = err;
		return NULL;
	}
	return va;
}

/*
 * Put private memory where a region is mapped: a copy of the region, or all ones.
 * A thread that uses the address meanwhile finds the one or the other, but never
 * nothing.
 */
static int
region_detach(void *va, size_t size, bool copy)
{
	void *mine = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (mine == MAP_FAILED)
		return -errno;
	if (copy)
		memcpy(mine, va, size);
	else
		memset(mine, 0xff, size);
	if (mremap(mine, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, va) == MAP_FAILED) {
		rc = -errno;
		munmap(mine, size);
		return rc;
	}
	return 0;
}

/* Take a queue and map it: fills uq, and all of q that a transport fills. */
static int
queue_take(struct uacce_queue *uq, struct wd_queue *q)
{
	const struct uacce_dev *ud = uq->dev->transport_data;
	uint32_t sq_db_offset, cq_db_offset;
	struct uacce_qp_ctx ctx;
	struct uacce_qp_info info;
	uint8_t *status;
	int rc;

	uq->fd = node_open(uq->dev);
	if (uq->fd < 0)
		return uq->fd;
	rc = queue_query(uq, &ctx, &info);
	if (rc == 0)
		rc = doorbells_query(uq, &sq_db_offset, &cq_db_offset);
	if (rc == 0 && !uq->dev->sva)
		rc = wd_uacce_mem_queue_opened(uq->dev->name, uq->fd);
	if (rc != 0)
		goto close_node;
	uq->dus = region_map(uq, UACCE_REGION_DUS, ud->dus_size);
	if (uq->dus == NULL) {
		rc = -errno;
		goto close_node;
	}
	uq->mmio = region_map(uq, UACCE_REGION_MMIO, ud->mmio_size);
	if (uq->mmio == NULL) {
		rc = -errno;
		goto unmap_dus;
	}
	uq->state = UACCE_READY;
	uq->sq_depth = info.sq_depth;
	uq->cq_depth = info.cq_depth;

	q->sq_depth = info.sq_depth;
	q->cq_depth = info.cq_depth;
	q->sqe_size = uq->sqe_size;
	q->qn = ctx.id;
	q->sq = uq->dus;
	q->cq = uq->dus + (size_t)info.sqe_size * info.sq_depth;
	status = uq->dus + ud->dus_size;
	q->send_status = (const void *)(status - HISI_QM_STATUS_SEND_FROM_END);
	q->recv_status = (const void *)(status - HISI_QM_STATUS_RECV_FROM_END);
	q->sq_db = (void *)(uq->mmio + sq_db_offset);
	q->cq_db = (void *)(uq->mmio + cq_db_offset);
	q->sq_db_word = ctx.id | HISI_QM_DB_CMD_SQ << HISI_QM_DB_CMD_SHIFT;
	/* priority 0: nobody sleeps on the completion event */
	q->cq_db_word = ctx.id | HISI_QM_DB_CMD_CQ << HISI_QM_DB_CMD_SHIFT;
	return 0;

unmap_dus:
	munmap(uq->dus, ud->dus_size);
close_node:
	node_close(uq->dev, uq->fd);
	uq->fd = -1;
	return rc;
}

static void
queue_unmap(const struct uacce_queue *uq)
{
	const struct uacce_dev *ud = uq->dev->transport_data;

	munmap(uq->mmio, ud->mmio_size);
	munmap(uq->dus, ud->dus_size);
}

static int
uacce_queue_open(struct wd_dev *dev, const struct wd_queue_conf *conf, struct wd_queue *q)
{
	struct uacce_queue *uq;
	int rc;

	uq = calloc(1, sizeof(*uq));
	if (uq == NULL)
		return -ENOMEM;
	uq->dev = dev;
	uq->qc_type = conf->qc_type;
	uq->sqe_size = conf->sqe_size;
	rc = queue_take(uq, q);
	if (rc != 0) {
		free(uq);
		return rc;
	}
	q->transport_data = uq;
	return 0;
}

/*
 * A queue that was stopped is exchanged for another one: older kernels have
 * released it, none restarts one that went through a reset, and an open hands
 * out clean rings and status words in all of them. Given back first, lest there
 * be no queue left to take. Number and addresses in q change.
 */
static int
queue_retake(struct uacce_queue *uq, struct wd_queue *q)
{
	const struct uacce_queue old = *uq;
	int rc;

	if (uq->fd >= 0)
		node_close(uq->dev, uq->fd);
	rc = queue_take(uq, q);
	if (rc != 0) {
		/* still stopped, with its private memory */
		uq->mmio = old.mmio;
		uq->dus = old.dus;
		return rc;
	}
	queue_unmap(&old);
	return 0;
}

static int
uacce_queue_start(struct wd_queue *q)
{
	struct uacce_queue *uq = q->transport_data;
	int rc;

	if (uq->state == UACCE_STOPPED) {
		rc = queue_retake(uq, q);
		if (rc != 0)
			return rc;
	}
	rc = queue_ioctl(uq->fd, UACCE_IOC_START_Q, NULL);
	if (rc != 0) {
		WD_LOG(ERR, "device %s queue %u: cannot start: START_Q: %s%s", uq->dev->name, q->qn,
				rte_strerror(-rc), errno_hint(rc));
		return rc;
	}
	uq->state = UACCE_STARTED;
	return 0;
}

/*
 * An lcore may not know yet that its queue is being stopped, when the watchdog
 * does it: it may still fill a descriptor, and ring for one it checked just
 * before, or for completions. After PUT_Q that must not reach the device, where
 * the queue may be another process's by then. So the doorbells are exchanged for
 * private memory at the same addresses before PUT_Q, and the rings after it,
 * with the completions that came until then. A pointer into either stays good
 * until close or the next start; what is stored through it goes nowhere.
 *
 * wd_queue.c has marked the queue broken, so that the lcore notices soon.
 */
static int
uacce_queue_stop(struct wd_queue *q)
{
	struct uacce_queue *uq = q->transport_data;
	const struct uacce_dev *ud = uq->dev->transport_data;
	int rc, put, detached;

	if (uq->state != UACCE_STARTED)
		return 0;
	rc = region_detach(uq->mmio, ud->mmio_size, false);
	detached = rc;
	if (rc != 0)
		WD_LOG(ERR, "device %s queue %u: cannot take its doorbells away: %s; stopping it all the same",
				uq->dev->name, q->qn, rte_strerror(-rc));
	put = queue_ioctl(uq->fd, UACCE_IOC_PUT_Q, NULL);
	/*
	 * ENXIO: the device is gone, and its memory with it: a look would be a SIGBUS. Older
	 * kernels do not say so. All ones are status words that say dead, and no entry that
	 * passes for a completion.
	 */
	rc = region_detach(uq->dus, ud->dus_size,
			put != -ENXIO && wd_probe_word(q->recv_status) != -EFAULT);
	if (rc != 0)
		WD_LOG(ERR, "device %s queue %u: cannot take its rings away: %s", uq->dev->name,
				q->qn, rte_strerror(-rc));
	detached |= rc;
	if (put != 0 && put != -ENXIO && detached != 0) {
		/* what is mapped keeps the queue, a close() of the file would not give it back */
		WD_LOG(ERR, "device %s queue %u: PUT_Q: %s", uq->dev->name, q->qn,
				rte_strerror(-put));
		return put;
	}
	if (put != 0) {
		WD_LOG(ERR, "device %s queue %u: PUT_Q: %s; given back instead", uq->dev->name,
				q->qn, rte_strerror(-put));
		/* the last reference to it, now that nothing is mapped: this stops the queue too */
		node_close(uq->dev, uq->fd);
		uq->fd = -1;
	}
	uq->state = UACCE_STOPPED;
	return 0;
}

static void
uacce_queue_close(struct wd_queue *q)
{
	struct uacce_queue *uq = q->transport_data;

	uacce_queue_stop(q);
	queue_unmap(uq);
	if (uq->fd >= 0)
		node_close(uq->dev, uq->fd);
	free(uq);
	q->transport_data = NULL;
}

static int
uacce_mem_map(struct wd_dev *dev, void *va, uint64_t iova, size_t len)
{
	return wd_uacce_mem_add(dev->name, va, iova, len, !dev->va);
}

static int
uacce_mem_unmap(struct wd_dev *dev, void *va, uint64_t iova __rte_unused, size_t len __rte_unused)
{
	return wd_uacce_mem_remove(dev->name, va);
}

static const char *const uacce_options[] = { UACCE_ARG_HW, UACCE_ARG_SVA, NULL };

static struct wd_transport uacce_transport = {
	.name = "uacce",
	.options = uacce_options,
	.scan = wd_uacce_scan,
	.open = uacce_open,
	.close = uacce_close,
	.queue_open = uacce_queue_open,
	.queue_start = uacce_queue_start,
	.queue_stop = uacce_queue_stop,
	.queue_close = uacce_queue_close,
	.mem_map = uacce_mem_map,
	.mem_unmap = uacce_mem_unmap,
};

WD_TRANSPORT_REGISTER(uacce_transport)
