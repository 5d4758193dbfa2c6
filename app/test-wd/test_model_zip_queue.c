/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The ZIP class through rings: direction by queue, completion, faults. */

#include <endian.h>
#include <stdlib.h>

#include "hisi_qm.h"
#include "test_model_zip.h"

#define DEPTH 8U

struct queue {
	struct wdm_qp *qp;
	uint8_t sq[DEPTH][128] __attribute__((aligned(64)));
	struct hisi_qm_cqe cq[DEPTH];
	uint64_t sq_db, cq_db;
	uint32_t send_status, recv_status;
	uint16_t tail;
};

static int
queue_open(struct queue *q, struct wdm_dev *dev, struct zrig *rig, uint16_t qn, uint16_t qc_type)
{
	const struct wdm_qp_config conf = {
		.space = rig->space,
		.sq = q->sq,
		.cq = q->cq,
		.sq_depth = DEPTH,
		.cq_depth = DEPTH,
		.sq_db = &q->sq_db,
		.cq_db = &q->cq_db,
		.send_status = &q->send_status,
		.recv_status = &q->recv_status,
		.qn = qn,
		.qc_type = qc_type,
	};

	q->tail = 0;
	q->qp = wdm_qp_create(dev, &conf);
	WDT_CHECK(q->qp != NULL);
	WDT_CHECK_EQ(wdm_qp_start(q->qp), 0);
	return WDT_PASS;
}

/* Send a descriptor and wait; returns where it is in the ring. */
static const uint8_t *
queue_run(struct queue *q, struct wdm_dev *dev, uint16_t qn, const struct zip_op *op)
{
	uint8_t *sqe = q->sq[q->tail];

	zip_op_encode(op, sqe);
	q->tail = (uint16_t)((q->tail + 1) % DEPTH);
	__atomic_store_n(&q->sq_db, htole64(qn | (uint64_t)q->tail << 32), __ATOMIC_RELEASE);
	while (wdm_dev_step(dev) > 0)
		;
	return sqe;
}

static int
through_rings(struct zrig *rig)
{
	static uint8_t plain[5000];
	static struct queue queues[2];
	const struct wdm_dev_config conf = {
		.class = WDM_CLASS_ZIP,
		.engine = rig->engine_kind,
		.hw_version = rig->version,
	};
	struct wdm_dev *dev = wdm_dev_create(&conf);
	struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, ZIP_GZIP, 5000, 5000);
	struct wdm_qp_stats stats;
	const uint8_t *sqe;
	uint32_t n;

	WDT_CHECK(dev != NULL);
	memset(queues, 0, sizeof(queues));
	WDT_CHECK_EQ(queue_open(&queues[0], dev, rig, 5, ZIP_COMPRESS), WDT_PASS);
	WDT_CHECK_EQ(queue_open(&queues[1], dev, rig, 6, ZIP_DECOMPRESS), WDT_PASS);
	zip_data(plain, sizeof(plain), 1);
	memcpy(zrig_at(rig, zrig_src(5000)), plain, 5000);
	sqe = queue_run(&queues[0], dev, 5, &op);
	WDT_CHECK_EQ(sqe[12], ZIP_DONE);
	WDT_CHECK_EQ(queues[0].cq[0].phase, htole16(1));
	memcpy(&n, sqe + 4, 4);
	n = le32toh(n);
	WDT_CHECK(n > 0 && n < 5000);

	memcpy(zrig_at(rig, zrig_src(n)), zrig_at(rig, zrig_dst(5000)), n);
	op = zip_op_default(rig, ZIP_DECOMPRESS, ZIP_GZIP, n, 5000);
	sqe = queue_run(&queues[1], dev, 6, &op);
	WDT_CHECK_EQ(sqe[12], ZIP_END);
	WDT_CHECK_MEM(zrig_at(rig, zrig_dst(5000)), plain, 5000);
	/* for the other queue it is data to compress, and does not get smaller */
	sqe = queue_run(&queues[0], dev, 5, &op);
	WDT_CHECK_EQ(sqe[12], ZIP_EXPANDED);

	wdm_qp_stats_get(queues[1].qp, &stats);
	WDT_CHECK_EQ(stats.completed, 1);
	WDT_CHECK_EQ(stats.errors, 0);
	for (unsigned int i = 0; i < 2; i++)
		wdm_qp_destroy(queues[i].qp);
	WDT_CHECK_EQ(wdm_dev_destroy(dev), 0);
	return WDT_PASS;
}

WDT_TEST(zip_through_rings)
{
	return zrig_each(through_rings);
}

static int
faults(struct zrig *rig)
{
	static struct queue q;
	const struct wdm_dev_config conf = {
		.class = WDM_CLASS_ZIP,
		.engine = rig->engine_kind,
		.hw_version = rig->version,
	};
	static const char *const texts[] = { "error_type:0x0e@1", "icv@2", "not_done@3",
		"error_type:0x41@4" };
	struct wdm_dev *dev = wdm_dev_create(&conf);
	struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, ZIP_GZIP, 100, 500);
	struct wdm_qp_stats stats;
	uint8_t sent[128];

	WDT_CHECK(dev != NULL);
	for (unsigned int i = 0; i < 4; i++) {
		struct wdm_fault fault;

		WDT_CHECK_EQ(wdm_fault_parse(texts[i], &fault), 0);
		WDT_CHECK_EQ(wdm_dev_fault(dev, &fault), 0);
	}
	memset(&q, 0, sizeof(q));
	WDT_CHECK_EQ(queue_open(&q, dev, rig, 0, ZIP_COMPRESS), WDT_PASS);
	zip_op_encode(&op, sent);
	for (unsigned int i = 0; i < 5; i++) {
		static const uint8_t want[] = { 0x0e, 0x10, 0xa5, 0x41, 0x00 };
		const uint8_t *sqe = queue_run(&q, dev, 0, &op);

		WDT_CHECK_EQ(sqe[12], want[i]);
		if (i == 0 || i == 3) /* nothing was done */
			WDT_CHECK_MEM(sqe, "\0\0\0\0\0\0\0\0", 8);
		if (i == 2)
			WDT_CHECK_MEM(sqe, sent, 128);
		if (i == 1 || i == 4)
			WDT_CHECK_EQ(sqe[0], 100);
		WDT_CHECK_EQ(sqe[13], i == 1 || i == 4 ? 1 : i == 2 ? 0xa5 : 0);
	}
	wdm_qp_stats_get(q.qp, &stats);
	WDT_CHECK_EQ(stats.errors, 3);
	wdm_qp_destroy(q.qp);
	WDT_CHECK_EQ(wdm_dev_destroy(dev), 0);
	return WDT_PASS;
}

WDT_TEST(zip_faults)
{
	return zrig_each(faults);
}
