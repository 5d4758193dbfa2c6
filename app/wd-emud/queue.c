/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Queues as the kernel tells of them: each becomes a queue pair of the model. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emud.h"
#include "uacce_abi.h"
#include "wd_emu_abi.h"

static_assert(WD_EMU_MAX_QUEUES <= HISI_QM_MAX_QUEUES, "doorbells carry the number");

#define EVENT_BATCH 16

struct emud_queue {
	struct emud *e;
	uint16_t qn;
	uint8_t *mmio;
	uint8_t *dus;
	struct wdm_space *space;
	struct wdm_qp *qp;
};

/* Client memory, all of it through the kernel. */
static int
access_client(const struct emud_queue *q, uint64_t addr, uint64_t buf, size_t len, bool write)
{
	while (len > 0) {
		const size_t n = len < WD_EMU_MAX_ACCESS ? len : WD_EMU_MAX_ACCESS;
		struct wd_emu_access arg = {
			.size = sizeof(arg),
			.qn = q->qn,
			.write = write,
			.addr = addr,
			.buf = buf,
			.len = n,
		};

		if (ioctl(q->e->fd, WD_EMU_IOC_ACCESS, &arg) != 0)
			return -errno;
		addr += n;
		buf += n;
		len -= n;
	}
	return 0;
}

static int
client_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	return access_client(ctx, addr, (uint64_t)(uintptr_t)buf, len, false);
}

static int
client_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	return access_client(ctx, addr, (uint64_t)(uintptr_t)buf, len, true);
}

/* A call costs as much as copying many bytes does. */
static int
client_probe(void *ctx, uint64_t addr, size_t len)
{
	static _Thread_local uint8_t sink[64 << 10];
	int rc = 0;

	while (rc == 0 && len > 0) {
		const size_t n = len < sizeof(sink) ? len : sizeof(sink);

		rc = client_read(ctx, addr, sink, n);
		addr += n;
		len -= n;
	}
	return rc;
}

static const struct wdm_space_ops client_ops = {
	.read = client_read,
	.write = client_write,
	.probe = client_probe,
};

static void
completed(void *ctx)
{
	const struct emud_queue *q = ctx;
	const struct wd_emu_notify arg = { .size = sizeof(arg), .qn = q->qn };

	/* ESHUTDOWN: it is about to be stopped */
	(void)ioctl(q->e->fd, WD_EMU_IOC_NOTIFY, &arg);
}

static void *
map(const struct emud *e, uint16_t qn, unsigned int region, size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, e->fd,
			(off_t)WD_EMU_MMAP_OFFSET(qn, region));

	return mem == MAP_FAILED ? NULL : mem;
}

static void
queue_free(struct emud_queue *q)
{
	wdm_qp_destroy(q->qp);
	wdm_space_destroy(q->space);
	if (q->mmio != NULL)
		munmap(q->mmio, q->e->mmio_size);
	if (q->dus != NULL)
		munmap(q->dus, q->e->dus_size);
	free(q);
}

static struct wdm_qp *
qp_create(struct emud_queue *q, uint16_t qc_type)
{
	const struct emud *e = q->e;
	const size_t sq_size = e->options.depth * wdm_class_sqe_size(e->options.class);
	uint8_t *const end = q->dus + e->dus_size;
	const struct wdm_qp_config conf = {
		.space = q->space,
		.sq = q->dus,
		.cq = q->dus + sq_size,
		.sq_depth = e->options.depth,
		.cq_depth = e->options.depth,
		.sq_db = (uint64_t *)(void *)(q->mmio + HISI_QM_DB_OFFSET),
		.cq_db = (uint64_t *)(void *)(q->mmio + EMUD_CQ_DB_OFFSET),
		.shared_db = true,
		.send_status = (uint32_t *)(void *)(end - HISI_QM_STATUS_SEND_FROM_END),
		.recv_status = (uint32_t *)(void *)(end - HISI_QM_STATUS_RECV_FROM_END),
		.qn = q->qn,
		.qc_type = qc_type,
		.event = completed,
		.event_ctx = q,
	};

	return wdm_qp_create(e->model, &conf);
}

/* 0 or -errno */
static int
queue_start(struct emud *e, const struct wd_emu_event *event)
{
	struct emud_queue *q = calloc(1, sizeof(*q));
	int rc;

	if (q == NULL)
		return -ENOMEM;
	q->e = e;
	q->qn = event->qn;
	q->mmio = map(e, q->qn, UACCE_REGION_MMIO, e->mmio_size);
	q->dus = map(e, q->qn, UACCE_REGION_DUS, e->dus_size);
	q->space = wdm_space_create(&client_ops, q);
	if (q->mmio == NULL || q->dus == NULL || q->space == NULL) {
		rc = -errno;
		goto fail;
	}
	q->qp = qp_create(q, event->qc_type);
	if (q->qp == NULL) {
		rc = -errno;
		goto fail;
	}
	rc = wdm_qp_start(q->qp);
	if (rc != 0)
		goto fail;
	e->queues[q->qn] = q;
	e->nb_running++;
	return 0;

fail:
	/* ESHUTDOWN: the client has gone meanwhile */
	if (rc != -ESHUTDOWN)
		emud_log(e, "queue %u of process %d: %s", q->qn, event->pid, strerror(-rc));
	queue_free(q);
	return rc;
}

static void
queue_stop(struct emud *e, uint16_t qn)
{
	struct emud_queue *q = e->queues[qn];

	if (q == NULL)
		return; /* it did not start */
	e->queues[qn] = NULL;
	e->nb_running--;
	queue_free(q);
}

static int
event_handle(struct emud *e, const struct wd_emu_event *event)
{
	struct wd_emu_ack ack = {
		.size = sizeof(ack),
		.qn = event->qn,
		.type = (uint16_t)event->type,
	};

	if (event->type == WD_EMU_START)
		ack.error = -queue_start(e, event);
	else
		queue_stop(e, event->qn);
	if (ioctl(e->fd, WD_EMU_IOC_ACK, &ack) != 0) {
		emud_log(e, "answer of queue %u: %s", event->qn, strerror(errno));
		return -EIO;
	}
	return 0;
}

/* No more than some at a time: clients that start and stop must not keep the others waiting. */
int
emud_events(struct emud *e)
{
	struct wd_emu_event events[EVENT_BATCH];

	for (unsigned int nb = 0; nb < EVENT_BATCH; nb++) {
		const ssize_t size = read(e->fd, events, sizeof(events));

		if (size < 0 && errno == EAGAIN)
			return 0;
		if (size < 0) {
			const int rc = -errno;

			emud_log(e, "read: %s", strerror(-rc));
			return rc;
		}
		for (size_t i = 0; i < (size_t)size / sizeof(events[0]); i++) {
			const int rc = event_handle(e, &events[i]);

			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

void
emud_queues_free(struct emud *e)
{
	for (unsigned int qn = 0; qn < HISI_QM_MAX_QUEUES; qn++)
		queue_stop(e, (uint16_t)qn);
}
