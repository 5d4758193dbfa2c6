/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include "wdt_comp.h"

#define ROOM_MIN 201U /* the least that an op of a stream may have */

static int
step(struct wdt_comp_flow *f, uint32_t len, enum rte_comp_flush_flag flush)
{
	const uint32_t room = ROOM_MIN + (uint32_t)(wdt_random() % f->room);
	struct rte_mbuf *src = wdt_comp_packet(f->c, len + 1, f->chain);
	struct rte_mbuf *dst = wdt_comp_packet(f->c, room, f->chain);
	struct rte_comp_op *op = wdt_comp_op(f->c, NULL, src, dst, 0), *got;

	WDT_CHECK(src != NULL && dst != NULL && op != NULL);
	wdt_comp_write(src, 0, f->in + f->in_pos, len);
	op->op_type = RTE_COMP_OP_STATEFUL;
	op->stream = f->stream;
	op->src.length = len;
	op->flush_flag = flush;
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(f->c->id, 0, &op, 1), 1);
	/* compressdev logs each of these */
	if (f->check_busy && f->in_pos == 0)
		WDT_CHECK_EQ(rte_compressdev_stream_free(f->c->id, f->stream), -EBUSY);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(f->c, 0, &got, 1, WDT_WAIT_MS), 1);
	WDT_CHECK(got == op && op->consumed <= len && op->produced <= room &&
			f->out_pos + op->produced <= f->out_room);
	wdt_comp_read(dst, 0, f->out + f->out_pos, op->produced);
	WDT_CHECK(wdt_comp_guarded(dst, 0, room));
	f->in_pos += op->consumed;
	f->out_pos += op->produced;
	f->chksum = op->output_chksum;
	f->status = op->status;
	wdt_comp_op_free(op);
	return WDT_PASS;
}

/* All of the input, as often as it takes; out of space is no error. */
int
wdt_comp_flow_go(struct wdt_comp_flow *f)
{
	unsigned int idle = 0; /* ops in turn that did nothing */
	bool last = false;

	while (idle < 1000) {
		const size_t before = f->in_pos + f->out_pos;
		const uint32_t left = f->in_len - f->in_pos;
		uint32_t n = 1 + (uint32_t)(wdt_random() % f->piece);

		n = n < left ? n : left;
		last = n == left && (left == 0 || !f->empty_end);
		WDT_CHECK_EQ(step(f, n, last ? RTE_COMP_FLUSH_FINAL : RTE_COMP_FLUSH_SYNC),
				WDT_PASS);
		idle = f->in_pos + f->out_pos == before ? idle + 1 : 0;
		if (f->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE)
			continue;
		WDT_CHECK_EQ(f->status, RTE_COMP_OP_STATUS_SUCCESS);
		if (last && f->in_pos == f->in_len)
			break;
	}
	WDT_CHECK(last);
	WDT_CHECK_EQ(f->in_pos, f->in_len);
	return WDT_PASS;
}

int
wdt_comp_flow_run(struct wdt_comp_flow *f, const struct rte_comp_xform *xform)
{
	int rc;

	WDT_CHECK_EQ(rte_compressdev_stream_create(f->c->id, xform, &f->stream), 0);
	rc = wdt_comp_flow_go(f);
	WDT_CHECK_EQ(rte_compressdev_stream_free(f->c->id, f->stream), 0);
	return rc;
}
