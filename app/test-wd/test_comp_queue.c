/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Queue pairs of the compression driver: full, in order, mixed, with bad ops and
 * on devices that fail. A queue pair has two device queues, number 0 compresses
 * and number 1 decompresses in the first pair; each is in order by itself.
 */

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"
#include "wdt_comp.h"
#include "wdt_fake.h"
#include "wdt_log.h"
#include "wdt_process.h"

#define NB 40
#define AT 17 /* the descriptor that fails, from 1 */
#define DEPTH 64
#define MAX_BURST 64
#define MAX_LEN 256
#define ROOM 512
#define NB_DIRS 2
#define BOUND_MS 2000
#define SUCCESS RTE_COMP_OP_STATUS_SUCCESS
#define ERROR RTE_COMP_OP_STATUS_ERROR
#define INVALID RTE_COMP_OP_STATUS_INVALID_ARGS
#define NOT_PROCESSED RTE_COMP_OP_STATUS_NOT_PROCESSED

enum dir {
	DEFLATE,
	INFLATE,
};

struct rig {
	struct wdt_comp *c;
	void *xforms[NB_DIRS];
};

/* ---- ops that know what must come of them ---- */

static uint32_t
pattern(uint64_t cookie, uint8_t *data)
{
	const uint32_t len = 16 + (uint32_t)(cookie * 7 % (MAX_LEN - 16));

	memcpy(data, &cookie, sizeof(cookie));
	for (uint32_t i = sizeof(cookie); i < len; i++)
		data[i] = (uint8_t)(cookie + i / 5);
	return len;
}

/* Cookies are even for compression, odd for decompression. */
static enum dir
dir_of(uint64_t cookie)
{
	return (enum dir)(cookie % NB_DIRS);
}

static struct rte_comp_op *
op_new(struct rig *r, uint64_t cookie)
{
	struct rte_mbuf *src = rte_pktmbuf_alloc(r->c->mbufs), *dst;
	uint8_t data[ROOM], packed[ROOM];
	uint32_t len = pattern(cookie, data);

	dst = rte_pktmbuf_alloc(r->c->mbufs);
	if (src == NULL || dst == NULL)
		return NULL;
	if (dir_of(cookie) == INFLATE)
		len = wdt_zlib_deflate(data, len, packed, sizeof(packed), 1, Z_DEFAULT_STRATEGY);
	memcpy(rte_pktmbuf_append(src, (uint16_t)len), dir_of(cookie) == INFLATE ? packed : data,
			len);
	memset(rte_pktmbuf_append(dst, ROOM), 0x5a, ROOM);
	return wdt_comp_op(r->c, r->xforms[dir_of(cookie)], src, dst, cookie);
}

static bool
op_right(const struct rte_comp_op *op)
{
	const uint8_t *got = rte_pktmbuf_mtod(op->m_dst, const uint8_t *);
	const uint64_t cookie = wdt_comp_cookie(op);
	uint8_t want[ROOM], plain[ROOM];
	const uint32_t len = pattern(cookie, want);
	uint32_t used;
	bool right = op->status == SUCCESS && op->consumed == op->src.length;

	if (right && dir_of(cookie) == DEFLATE) {
		right = wdt_zlib_inflate(got, op->produced, plain, sizeof(plain), 15, &used) == len;
		got = plain;
	} else {
		right = right && op->produced == len;
	}
	right = right && memcmp(got, want, len) == 0;
	if (!right)
		printf("# op %" PRIu64 ": status %u, consumed %u of %u, produced %u\n", cookie,
				op->status, op->consumed, op->src.length, op->produced);
	return right;
}

static bool
op_untouched(const struct rte_comp_op *op)
{
	const uint8_t *p = rte_pktmbuf_mtod(op->m_dst, const uint8_t *);

	return op->status == NOT_PROCESSED && p[0] == 0x5a && memcmp(p, p + 1, ROOM - 1) == 0;
}

static int
rig_init_chksum(struct rig *r, struct wdt_comp *c, enum rte_comp_checksum_type chksum)
{
	const struct rte_comp_xform deflate_xform = wdt_comp_deflate(chksum);
	const struct rte_comp_xform inflate_xform = wdt_comp_inflate(chksum);

	r->c = c;
	r->xforms[DEFLATE] = wdt_comp_xform(c, &deflate_xform);
	r->xforms[INFLATE] = wdt_comp_xform(c, &inflate_xform);
	WDT_CHECK(r->xforms[DEFLATE] != NULL && r->xforms[INFLATE] != NULL);
	return WDT_PASS;
}

static int
rig_init(struct rig *r, struct wdt_comp *c)
{
	return rig_init_chksum(r, c, RTE_COMP_CHECKSUM_NONE);
}

static int
rig_end(struct rig *r)
{
	for (unsigned int i = 0; i < NB_DIRS; i++)
		WDT_CHECK_EQ(rte_compressdev_private_xform_free(r->c->id, r->xforms[i]), 0);
	return WDT_PASS;
}

/* nb ops with cookies first, first + step, ... */
static int
ops_new(struct rig *r, uint64_t first, unsigned int step, struct rte_comp_op **ops, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++) {
		ops[i] = op_new(r, first + (uint64_t)i * step);
		WDT_CHECK(ops[i] != NULL);
	}
	return WDT_PASS;
}

static void
ops_free(struct rte_comp_op **ops, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++)
		wdt_comp_op_free(ops[i]);
}

static int
stats_are(struct wdt_comp *c, uint64_t enq, uint64_t deq, uint64_t enq_err, uint64_t deq_err)
{
	struct rte_compressdev_stats stats;

	WDT_CHECK_EQ(rte_compressdev_stats_get(c->id, &stats), 0);
	WDT_CHECK_EQ(stats.enqueued_count, enq);
	WDT_CHECK_EQ(stats.dequeued_count, deq);
	WDT_CHECK_EQ(stats.enqueue_err_count, enq_err);
	WDT_CHECK_EQ(stats.dequeue_err_count, deq_err);
	return WDT_PASS;
}

/* ---- full ---- */

/* A queue of `most` is filled with ops of one direction, then in part again. */
static int
fill(struct rig *r, enum dir dir, uint16_t most)
{
	static struct rte_comp_op *ops[200], *got[200];
	const uint16_t nb = (uint16_t)(most * 2);
	const uint8_t id = r->c->id;

	WDT_CHECK_EQ(ops_new(r, dir, 2, ops, nb), WDT_PASS);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(id, 0, ops, nb), most);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(id, 0, ops + most, 1), 0);
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(id, 0, got, nb), 0);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(id, 0, ops + most, 1), 0); /* not dequeued */
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(id, 0, got, 1), 1);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(id, 0, ops + most, most), 1);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(id, 0, got + 1, nb), most);
	for (uint16_t i = 0; i < nb; i++) {
		if (i <= most)
			WDT_CHECK(got[i] == ops[i] && op_right(got[i]));
		else
			WDT_CHECK(op_untouched(ops[i]));
	}
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(id, 0, got, nb), 0);
	ops_free(ops, nb);
	return WDT_PASS;
}

static int
fill_both(struct wdt_comp *c, uint16_t most)
{
	struct rig r;

	if (rig_init(&r, c) != WDT_PASS || fill(&r, DEFLATE, most) != WDT_PASS ||
			fill(&r, INFLATE, most) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(stats_are(c, 2U * most + 2, 2U * most + 2, 0, 0), WDT_PASS);
	return rig_end(&r);
}

static int
fill_1(struct wdt_comp *c)
{
	return fill_both(c, 1);
}

static int
fill_64(struct wdt_comp *c)
{
	return fill_both(c, 64);
}

WDT_TEST(comp_queue_takes_64_of_a_direction)
{
	return wdt_comp_with("run=inline", 1, 64, fill_64);
}

WDT_TEST(comp_queue_smallest_ring_takes_1)
{
	return wdt_comp_with("run=inline,depth=2", 1, 64, fill_1);
}

/* A burst of both: one direction is full, nothing behind that op is taken. */
static int
full_one_way(struct wdt_comp *c)
{
	static const uint64_t cookies[] = { 0, 1, 2, 4, 6, 8, 3, 5 }; /* room for 0, 2, 4, 6 */
	struct rte_comp_op *ops[8], *got[8];
	struct rig r;

	if (rig_init(&r, c) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int i = 0; i < 8; i++) {
		ops[i] = op_new(&r, cookies[i]);
		WDT_CHECK(ops[i] != NULL);
	}
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, ops, 8), 5);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, ops + 5, 3), 0);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, ops + 6, 2), 2);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(c->id, 0, got, 8), 7);
	for (unsigned int i = 0; i < 8; i++)
		WDT_CHECK(i == 5 ? op_untouched(ops[i]) : op_right(ops[i]));
	ops_free(ops, 8);
	return rig_end(&r);
}

WDT_TEST(comp_queue_full_in_one_direction)
{
	return wdt_comp_with("run=inline", 1, 4, full_one_way);
}

/* ---- full of lists ---- */

#define NB_LISTS 1000

/* Put what fits, take some, until all are back. *at_once: how many fitted at first. */
static int
lists_move(struct rig *r, struct rte_comp_op **ops, struct rte_comp_op **got, uint16_t *at_once)
{
	uint16_t sent = 0, back = 0;

	while (back < NB_LISTS) {
		const uint16_t n = (uint16_t)(1 + wdt_random() % 300);

		sent += rte_compressdev_enqueue_burst(
				r->c->id, 0, ops + sent, (uint16_t)(NB_LISTS - sent));
		WDT_CHECK(sent > back);
		if (back == 0)
			*at_once = sent;
		wdt_sim_run(0);
		back += rte_compressdev_dequeue_burst(
				r->c->id, 0, got + back, RTE_MIN(n, (uint16_t)(sent - back)));
	}
	return WDT_PASS;
}

/* A second, empty segment, so that the op is none of those with lists at hand. */
static int
second_segment(struct rig *r, struct rte_comp_op *op)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->c->mbufs);

	WDT_CHECK(m != NULL);
	return rte_pktmbuf_chain(op->m_dst, m) == 0 ? WDT_PASS : WDT_FAIL;
}

/* What of a direction came back, in order and right. */
static int
lists_right(struct rte_comp_op **got, uint64_t first, unsigned int step,
		enum rte_comp_checksum_type chksum)
{
	uint64_t next[NB_DIRS] = { first, step == 1 ? first + 1 : first };

	for (unsigned int i = 0; i < NB_LISTS; i++) {
		const uint64_t cookie = wdt_comp_cookie(got[i]);
		uint8_t data[ROOM];
		const uint32_t len = pattern(cookie, data);

		WDT_CHECK_EQ(cookie, next[dir_of(cookie)]);
		next[dir_of(cookie)] += NB_DIRS;
		WDT_CHECK(op_right(got[i]));
		if (chksum != RTE_COMP_CHECKSUM_NONE)
			WDT_CHECK_EQ(got[i]->output_chksum, wdt_zlib_checksum(chksum, data, len));
	}
	return WDT_PASS;
}

/* One op of `each` has a second segment. */
static int
lists_of(struct rig *r, uint64_t first, unsigned int step, unsigned int each,
		enum rte_comp_checksum_type chksum, uint16_t *at_once)
{
	static struct rte_comp_op *ops[NB_LISTS], *got[NB_LISTS];

	WDT_CHECK_EQ(ops_new(r, first, step, ops, NB_LISTS), WDT_PASS);
	for (unsigned int i = 0; i < NB_LISTS; i++) {
		if (each != 0 && wdt_random() % each == 0)
			WDT_CHECK_EQ(second_segment(r, ops[i]), WDT_PASS);
	}
	WDT_CHECK_EQ(lists_move(r, ops, got, at_once), WDT_PASS);
	WDT_CHECK_EQ(lists_right(got, first, step, chksum), WDT_PASS);
	ops_free(ops, NB_LISTS);
	return WDT_PASS;
}

/*
 * Ops with a checksum, or all of version 2, have lists and trailers. Those with a segment on each
 * side have them at hand; others have them in a ring beside the queue pair, which is full earlier.
 */
static int
lists_with(struct wdt_comp *c, enum rte_comp_checksum_type chksum)
{
	static const struct {
		uint64_t first;
		unsigned int step;
	} kinds[] = { { DEFLATE, NB_DIRS }, { INFLATE, NB_DIRS }, { DEFLATE, 1 } };
	static const unsigned int each[] = { 0, 1, 2, 20 };
	struct rig r;

	if (rig_init_chksum(&r, c, chksum) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int i = 0; i < RTE_DIM(kinds) * RTE_DIM(each); i++) {
		const unsigned int e = each[i / RTE_DIM(kinds)], k = i % RTE_DIM(kinds);
		uint16_t at_once = 0;

		WDT_CHECK_EQ(lists_of(&r, kinds[k].first, kinds[k].step, e, chksum, &at_once),
				WDT_PASS);
		if (e == 0)
			WDT_CHECK_EQ(at_once, NB_LISTS);
		if (e == 1)
			WDT_CHECK(at_once < NB_LISTS); /* though the ring has room */
	}
	return rig_end(&r);
}

static int
lists(struct wdt_comp *c)
{
	for (unsigned int type = RTE_COMP_CHECKSUM_CRC32; type <= RTE_COMP_CHECKSUM_CRC32_ADLER32;
			type++)
		WDT_CHECK_EQ(lists_with(c, (enum rte_comp_checksum_type)type), WDT_PASS);
	return WDT_PASS;
}

static int
lists_always(struct wdt_comp *c)
{
	return lists_with(c, RTE_COMP_CHECKSUM_NONE);
}

WDT_TEST(comp_queue_full_of_lists)
{
	return wdt_comp_with("run=inline,depth=2048", 1, 2048, lists);
}

WDT_TEST(comp_queue_full_of_lists_sva)
{
	return wdt_comp_with("run=inline,depth=2048,sva=1", 1, 2048, lists);
}

WDT_TEST(comp_queue_full_of_lists_v2)
{
	return wdt_comp_with("run=inline,depth=2048,hw=v2", 1, 2048, lists_always);
}

/*
 * The ring beside the queue pair is of both directions: what an op of one has stays its own
 * until it is back, while the other goes on as long as there is room.
 */
static int
lists_beside_one_held(struct wdt_comp *c)
{
	struct rte_comp_op *held, *op, *got;
	unsigned int moved = 0;
	struct rig r;

	if (rig_init_chksum(&r, c, RTE_COMP_CHECKSUM_CRC32) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int round = 0; round < 3; round++) {
		held = op_new(&r, INFLATE);
		WDT_CHECK(held != NULL && second_segment(&r, held) == WDT_PASS);
		WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &held, 1), 1);
		for (;; moved++) {
			op = op_new(&r, 2 * moved);
			WDT_CHECK(op != NULL && second_segment(&r, op) == WDT_PASS);
			if (rte_compressdev_enqueue_burst(c->id, 0, &op, 1) == 0)
				break;
			wdt_sim_run(0);
			/* deflated ones come first */
			WDT_CHECK_EQ(rte_compressdev_dequeue_burst(c->id, 0, &got, 1), 1);
			WDT_CHECK(got == op && op_right(op));
			wdt_comp_op_free(op);
		}
		WDT_CHECK(op_untouched(op));
		WDT_CHECK_EQ(rte_compressdev_dequeue_burst(c->id, 0, &got, 1), 1);
		WDT_CHECK(got == held && op_right(held));
		WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 1);
		wdt_sim_run(0);
		WDT_CHECK_EQ(rte_compressdev_dequeue_burst(c->id, 0, &got, 1), 1);
		WDT_CHECK(got == op && op_right(op));
		wdt_comp_op_free(op);
		wdt_comp_op_free(held);
	}
	WDT_CHECK(moved > 3 * 300);
	return rig_end(&r);
}

WDT_TEST(comp_queue_lists_beside_one_held)
{
	return wdt_comp_with("run=inline", 1, 1024, lists_beside_one_held);
}

/* ---- many ops ---- */

struct flow {
	struct rig *r;
	uint16_t max_burst;
	uint64_t nb_ops;
	uint64_t sent, back;
	uint64_t next_in[2][NB_DIRS], next_out[2][NB_DIRS]; /* cookies, by queue pair */
};

static int
flow_send(struct flow *f, uint16_t qp)
{
	uint16_t nb = (uint16_t)(1 + wdt_random() % f->max_burst);
	struct rte_comp_op *ops[MAX_BURST];
	const bool mixed = wdt_random() % 2;
	unsigned int dir = wdt_random() % NB_DIRS;
	uint16_t taken;

	nb = (uint16_t)RTE_MIN(nb, f->nb_ops - f->sent);
	for (uint16_t i = 0; i < nb; i++) {
		dir = mixed ? (unsigned int)wdt_random() % NB_DIRS : dir;
		ops[i] = op_new(f->r, f->next_in[qp][dir]);
		WDT_CHECK(ops[i] != NULL);
		f->next_in[qp][dir] += NB_DIRS;
	}
	taken = rte_compressdev_enqueue_burst(f->r->c->id, qp, ops, nb);
	f->sent += taken;
	for (uint16_t i = nb; i > taken; i--) {
		WDT_CHECK(op_untouched(ops[i - 1]));
		f->next_in[qp][dir_of(wdt_comp_cookie(ops[i - 1]))] -= NB_DIRS;
		wdt_comp_op_free(ops[i - 1]);
	}
	return WDT_PASS;
}

static int
flow_take(struct flow *f, uint16_t qp)
{
	const uint16_t most = (uint16_t)(1 + wdt_random() % MAX_BURST);
	struct rte_comp_op *ops[MAX_BURST];
	const uint16_t nb = rte_compressdev_dequeue_burst(f->r->c->id, qp, ops, most);

	WDT_CHECK(nb <= most);
	for (uint16_t i = 0; i < nb; i++) {
		const uint64_t cookie = wdt_comp_cookie(ops[i]);

		WDT_CHECK_EQ(cookie, f->next_out[qp][dir_of(cookie)]);
		WDT_CHECK(op_right(ops[i]));
		f->next_out[qp][dir_of(cookie)] += NB_DIRS;
		wdt_comp_op_free(ops[i]);
	}
	f->back += nb;
	return WDT_PASS;
}

static int
flow_run(struct wdt_comp *c, uint16_t nb_qps, uint16_t max_burst, uint64_t nb_ops)
{
	struct rig r;
	struct flow f = { .r = &r, .max_burst = max_burst, .nb_ops = nb_ops };
	uint64_t end = rte_get_timer_cycles() + 120 * rte_get_timer_hz();

	if (rig_init(&r, c) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int qp = 0; qp < nb_qps; qp++)
		f.next_in[qp][INFLATE] = f.next_out[qp][INFLATE] = 1;
	while (f.back < nb_ops) {
		const uint16_t qp = (uint16_t)(wdt_random() % nb_qps);

		if (f.sent < nb_ops && flow_send(&f, qp) != WDT_PASS)
			return WDT_FAIL;
		if (flow_take(&f, qp) != WDT_PASS)
			return WDT_FAIL;
		WDT_CHECK(rte_get_timer_cycles() < end);
	}
	WDT_CHECK_EQ(memcmp(f.next_in, f.next_out, sizeof(f.next_in)), 0);
	WDT_CHECK_EQ(stats_are(c, nb_ops, nb_ops, 0, 0), WDT_PASS);
	rte_compressdev_stats_reset(c->id);
	WDT_CHECK_EQ(stats_are(c, 0, 0, 0, 0), WDT_PASS);
	return rig_end(&r);
}

/* More than 65535 of either direction: 16-bit indices come round. */
static int
flow_long(struct wdt_comp *c)
{
	return flow_run(c, 1, MAX_BURST, 150000);
}

static int
flow_50k(struct wdt_comp *c)
{
	return flow_run(c, 1, MAX_BURST, wdt_fewer(50000, "ops"));
}

static int
flow_small(struct wdt_comp *c)
{
	return flow_run(c, 1, 4, wdt_fewer(50000, "ops"));
}

static int
flow_two_qps(struct wdt_comp *c)
{
	return flow_run(c, 2, MAX_BURST, wdt_fewer(50000, "ops"));
}

WDT_TEST(comp_queue_flow_depth_64)
{
	return wdt_comp_with("depth=64", 1, 64, flow_long);
}

WDT_TEST(comp_queue_flow_depth_2)
{
	return wdt_comp_with("depth=2", 1, 64, flow_small);
}

WDT_TEST(comp_queue_flow_sva)
{
	return wdt_comp_with("sva=1", 1, 1024, flow_50k);
}

WDT_TEST(comp_queue_flow_two_pairs_share_xforms)
{
	return wdt_comp_with("depth=64", 2, 64, flow_two_qps);
}

/* ---- bad ops ---- */

#define BAD_AT 7U

enum bad {
	BAD_NO_XFORM,
	BAD_FOREIGN_XFORM,
	BAD_NO_SRC,
	BAD_NO_DST,
	BAD_STATEFUL,
	BAD_FLUSH_NONE,
	BAD_FLUSH_SYNC,
	BAD_SRC_LEN,
	BAD_SRC_OFFSET,
	BAD_SRC_BEYOND,
	BAD_DST_OFFSET,
	BAD_DST_BEYOND,
	NB_BAD,
};

static void
spoil(struct rte_comp_op *op, enum bad bad)
{
	static uint64_t foreign[64] __rte_cache_aligned; /* as an xform would be */

	if (bad == BAD_NO_XFORM)
		op->private_xform = NULL;
	else if (bad == BAD_FOREIGN_XFORM)
		op->private_xform = foreign;
	else if (bad == BAD_NO_SRC)
		op->m_src = NULL;
	else if (bad == BAD_NO_DST)
		op->m_dst = NULL;
	else if (bad == BAD_STATEFUL)
		op->op_type = RTE_COMP_OP_STATEFUL;
	else if (bad == BAD_FLUSH_NONE)
		op->flush_flag = RTE_COMP_FLUSH_NONE;
	else if (bad == BAD_FLUSH_SYNC)
		op->flush_flag = RTE_COMP_FLUSH_SYNC;
	else if (bad == BAD_SRC_LEN)
		op->src.length++;
	else if (bad == BAD_SRC_OFFSET)
		op->src.offset = 1;
	else if (bad == BAD_SRC_BEYOND)
		op->src.offset = UINT32_MAX;
	else
		op->dst.offset = bad == BAD_DST_OFFSET ? ROOM : UINT32_MAX;
}

/* The ops before it go out, it says INVALID_ARGS, those behind it are as they were. */
static int
bad_burst(struct rig *r, struct rte_comp_op **ops, enum bad bad)
{
	struct rte_comp_op *bad_op = ops[BAD_AT], saved = *bad_op, *got[NB];

	spoil(bad_op, bad);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(r->c->id, 0, ops, NB), BAD_AT);
	WDT_CHECK_EQ(bad_op->status, INVALID);
	for (unsigned int i = 0; i < NB; i++) {
		if (i != BAD_AT)
			WDT_CHECK(op_untouched(ops[i]));
	}
	WDT_CHECK_EQ(stats_are(r->c, BAD_AT, 0, 1, 0), WDT_PASS);
	*bad_op = saved;
	WDT_CHECK(op_untouched(bad_op));
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(r->c->id, 0, ops + BAD_AT, NB - BAD_AT),
			NB - BAD_AT);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(r->c->id, 0, got, NB), NB);
	for (unsigned int i = 0; i < NB; i++)
		WDT_CHECK(op_right(ops[i]));
	return stats_are(r->c, NB, NB, 1, 0);
}

/* step 2: ops of one direction; 1: of both by turns */
static int
bad_ops_of(struct rig *r, uint64_t first, unsigned int step)
{
	struct rte_comp_op *ops[NB];

	for (unsigned int bad = 0; bad < NB_BAD; bad++) {
		/* the flag says nothing of an op that inflates */
		if ((bad == BAD_FLUSH_NONE || bad == BAD_FLUSH_SYNC) &&
				dir_of(first + BAD_AT * step) != DEFLATE)
			continue;
		rte_compressdev_stats_reset(r->c->id);
		WDT_CHECK_EQ(ops_new(r, first, step, ops, NB), WDT_PASS);
		if (bad_burst(r, ops, (enum bad)bad) != WDT_PASS) {
			printf("# bad op %u, first %" PRIu64 ", step %u\n", bad, first, step);
			return WDT_FAIL;
		}
		ops_free(ops, NB);
	}
	return WDT_PASS;
}

static int
bad_ops(struct wdt_comp *c)
{
	struct rig r;

	if (rig_init(&r, c) != WDT_PASS || bad_ops_of(&r, 0, 2) != WDT_PASS ||
			bad_ops_of(&r, 1, 2) != WDT_PASS || bad_ops_of(&r, 0, 1) != WDT_PASS)
		return WDT_FAIL;
	return rig_end(&r);
}

WDT_TEST(comp_queue_bad_op_in_a_burst)
{
	return wdt_comp_with("run=inline", 1, 64, bad_ops);
}

WDT_TEST(comp_queue_bad_op_in_a_burst_sva)
{
	return wdt_comp_with("run=inline,sva=1", 1, 64, bad_ops);
}

/* ---- devices that fail ---- */

/* The first nb_good of each direction are right, all others say ERROR; ops alternate. */
static int
good_then_error(struct rte_comp_op **ops, unsigned int good_deflate, unsigned int good_inflate)
{
	for (unsigned int i = 0; i < 2 * NB; i++) {
		if (i / 2 < (i % 2 == DEFLATE ? good_deflate : good_inflate)) {
			WDT_CHECK(op_right(ops[i]));
		} else {
			WDT_CHECK_EQ(ops[i]->status, ERROR);
			WDT_CHECK_EQ(ops[i]->produced, 0);
		}
	}
	return WDT_PASS;
}

/* All are back, taken in bursts, once, in order for each direction, in time. */
static int
collect_by(struct rig *r, unsigned int burst)
{
	struct rte_comp_op *got[2 * NB + 1];
	uint64_t next[NB_DIRS] = { 0, 1 };

	for (unsigned int nb = 0; nb < 2 * NB; nb += burst) {
		const unsigned int want = RTE_MIN(burst, 2 * NB - nb);

		WDT_CHECK_EQ(wdt_comp_dequeue_wait(r->c, 0, got + nb, (uint16_t)want, BOUND_MS),
				want);
	}
	for (unsigned int i = 0; i < 2 * NB; i++) {
		const uint64_t cookie = wdt_comp_cookie(got[i]);

		WDT_CHECK_EQ(cookie, next[dir_of(cookie)]);
		next[dir_of(cookie)] += NB_DIRS;
	}
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(r->c->id, 0, got, 1), 0);
	return WDT_PASS;
}

static int
collect(struct rig *r)
{
	return collect_by(r, 2 * NB);
}

static int
works(struct rig *r)
{
	struct rte_comp_op *ops[2 * NB];

	rte_wd_sim_fault_clear(0);
	WDT_CHECK_EQ(wdt_comp_qp_again(r->c, 0, DEPTH), 0);
	WDT_CHECK_EQ(ops_new(r, 0, 1, ops, 2 * NB), WDT_PASS);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(r->c->id, 0, ops, 2 * NB), 2 * NB);
	wdt_sim_run(0);
	if (collect(r) != WDT_PASS || good_then_error(ops, NB, NB) != WDT_PASS)
		return WDT_FAIL;
	ops_free(ops, 2 * NB);
	return stats_are(r->c, 2 * NB, 2 * NB, 0, 0);
}

/* The queue of this direction takes nothing any more. */
static int
dead(struct rig *r, enum dir dir)
{
	struct rte_comp_op *op = op_new(r, dir);

	WDT_CHECK(op != NULL);
	for (unsigned int i = 0; i < 3; i++)
		WDT_CHECK_EQ(rte_compressdev_enqueue_burst(r->c->id, 0, &op, 1), 0);
	WDT_CHECK(op_untouched(op));
	wdt_comp_op_free(op);
	return WDT_PASS;
}

/* A fault that kills both queues: nb_good ops of each are done. */
static int
dies_once(struct rig *r, const char *fault, unsigned int nb_good, unsigned int burst)
{
	struct rte_comp_op *ops[2 * NB];

	WDT_CHECK_EQ(wdt_comp_qp_again(r->c, 0, DEPTH), 0); /* faults count from here */
	WDT_CHECK_EQ(rte_wd_sim_fault(0, fault), 0);
	WDT_CHECK_EQ(ops_new(r, 0, 1, ops, 2 * NB), WDT_PASS);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(r->c->id, 0, ops, 2 * NB), 2 * NB);
	wdt_sim_run(0);
	if (collect_by(r, burst) != WDT_PASS || good_then_error(ops, nb_good, nb_good) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(stats_are(r->c, 2 * NB, 2 * NB, 0, 2 * (NB - nb_good)), WDT_PASS);
	ops_free(ops, 2 * NB);
	if (dead(r, DEFLATE) != WDT_PASS || dead(r, INFLATE) != WDT_PASS)
		return WDT_FAIL;
	return works(r);
}

static int
dies(struct wdt_comp *c, const char *fault, unsigned int nb_good)
{
	static const unsigned int bursts[] = { 2 * NB, 1, 7 };
	struct rig r;

	if (rig_init(&r, c) != WDT_PASS)
		return WDT_FAIL;
	for (unsigned int round = 0; round < RTE_DIM(bursts); round++) {
		if (dies_once(&r, fault, nb_good, bursts[round]) != WDT_PASS)
			return WDT_FAIL;
	}
	return rig_end(&r);
}

/* A test a line: the fault, and how many ops are good before it. */
#define DIES(name, fault, nb_good)                                                                 \
	static int name(struct wdt_comp *c)                                                        \
	{                                                                                          \
		return dies(c, fault, nb_good);                                                    \
	}                                                                                          \
	WDT_TEST(comp_queue_##name)                                                                \
	{                                                                                          \
		return wdt_comp_with("run=inline,stall_ms=200", 1, DEPTH, name);                   \
	}

DIES(reset_at_the_first_op, "reset@1", 0)
DIES(reset_in_the_middle, "reset@17", AT - 1)
DIES(reset_at_the_last_op, "reset@40", NB - 1)
DIES(stall_at_the_first_op, "stall@1", 0)
DIES(stall_in_the_middle, "stall@17", AT - 1)
DIES(lost_completion_in_the_middle, "drop@17", AT - 1)
DIES(completion_naming_an_earlier_op, "sq_head:3@17", AT - 1)
DIES(completion_naming_a_later_op, "sq_head:20@17", AT - 1)
DIES(completion_naming_an_op_not_in_flight, "sq_head:200@17", AT - 1)
DIES(completion_beyond_the_ring, "sq_head:0xffff@17", AT - 1)

/* One queue of the pair is reset, the other one goes on. */
static int
half_reset_once(struct rig *r, enum dir dir)
{
	struct rte_comp_op *ops[2 * NB], *op, *got;

	WDT_CHECK_EQ(wdt_comp_qp_again(r->c, 0, DEPTH), 0);
	WDT_CHECK_EQ(ops_new(r, 0, 1, ops, 2 * NB), WDT_PASS);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(r->c->id, 0, ops, 2 * NB), 2 * NB);
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, (uint16_t)dir), 0);
	wdt_sim_run(0);
	if (collect(r) != WDT_PASS ||
			good_then_error(ops, dir == DEFLATE ? 0 : NB, dir == DEFLATE ? NB : 0) !=
					WDT_PASS)
		return WDT_FAIL;
	ops_free(ops, 2 * NB);
	WDT_CHECK_EQ(dead(r, dir), WDT_PASS);
	op = op_new(r, dir == DEFLATE ? INFLATE : DEFLATE);
	WDT_CHECK(op != NULL);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(r->c->id, 0, &op, 1), 1);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(r->c->id, 0, &got, 1), 1);
	WDT_CHECK(op_right(got));
	wdt_comp_op_free(op);
	return works(r);
}

static int
half_reset(struct wdt_comp *c)
{
	struct rig r;

	/* queue numbers are given in order of set-up: a new pair gets 0 and 1 again */
	if (rig_init(&r, c) != WDT_PASS || half_reset_once(&r, DEFLATE) != WDT_PASS ||
			half_reset_once(&r, INFLATE) != WDT_PASS)
		return WDT_FAIL;
	return rig_end(&r);
}

WDT_TEST(comp_queue_reset_of_one_direction)
{
	return wdt_comp_with("run=inline", 1, DEPTH, half_reset);
}

/* One op fails, those around it do not notice. */
static int
one_fails(struct rig *r, const char *fault)
{
	struct rte_comp_op *ops[2 * NB];

	WDT_CHECK_EQ(wdt_comp_qp_again(r->c, 0, DEPTH), 0);
	WDT_CHECK_EQ(rte_wd_sim_fault(0, fault), 0);
	WDT_CHECK_EQ(ops_new(r, 0, 1, ops, 2 * NB), WDT_PASS);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(r->c->id, 0, ops, 2 * NB), 2 * NB);
	wdt_sim_run(0);
	WDT_CHECK_EQ(collect(r), WDT_PASS);
	for (unsigned int i = 0; i < 2 * NB; i++) {
		if (i / 2 == AT - 1)
			WDT_CHECK(ops[i]->status == ERROR && ops[i]->produced == 0);
		else
			WDT_CHECK(op_right(ops[i]));
	}
	WDT_CHECK_EQ(stats_are(r->c, 2 * NB, 2 * NB, 0, 2), WDT_PASS);
	ops_free(ops, 2 * NB);
	return works(r);
}

static int
error_type(struct wdt_comp *c)
{
	struct rig r;

	if (rig_init(&r, c) != WDT_PASS || one_fails(&r, "error_type:1@17") != WDT_PASS)
		return WDT_FAIL;
	return rig_end(&r);
}

WDT_TEST(comp_queue_error_type_fails_that_op_only)
{
	return wdt_comp_with("run=inline", 1, DEPTH, error_type);
}

/* Beside a running device: whatever was done, no op is lost or given twice. */
static int
reset_beside(struct wdt_comp *c)
{
	struct rte_comp_op *ops[2 * NB];
	struct rig r;

	WDT_CHECK_EQ(rig_init(&r, c), WDT_PASS);
	for (unsigned int round = 0; round < 50; round++) {
		unsigned int good[NB_DIRS] = { 0, 0 };

		WDT_CHECK_EQ(ops_new(&r, 0, 1, ops, 2 * NB), WDT_PASS);
		WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, ops, 2 * NB), 2 * NB);
		rte_delay_us_block((unsigned int)(wdt_random() % 300));
		WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, (uint16_t)(round % NB_DIRS)), 0);
		WDT_CHECK_EQ(collect(&r), WDT_PASS);
		for (unsigned int i = 0; i < 2 * NB; i++)
			good[i % 2] += ops[i]->status == SUCCESS;
		WDT_CHECK_EQ(good[1 - round % NB_DIRS], NB);
		WDT_CHECK_EQ(good_then_error(ops, good[DEFLATE], good[INFLATE]), WDT_PASS);
		ops_free(ops, 2 * NB);
		WDT_CHECK_EQ(wdt_comp_qp_again(c, 0, DEPTH), 0);
	}
	return rig_end(&r);
}

WDT_TEST(comp_queue_reset_beside_a_running_device)
{
	return wdt_comp_with("", 1, DEPTH, reset_beside);
}

/* ---- xforms that are refused ---- */

static int
refused(struct wdt_comp *c, const struct rte_comp_xform *xform, const char *says)
{
	void *x = NULL;
	const char *log;
	int rc;

	WDT_CHECK_EQ(wdt_log_capture(), 0);
	rc = rte_compressdev_private_xform_create(c->id, xform, &x);
	log = wdt_log_release();
	WDT_CHECK_EQ(rc, -ENOTSUP);
	WDT_CHECK(x == NULL);
	if (strstr(log, says) != NULL)
		return WDT_PASS;
	printf("# no \"%s\" in: %s\n", says, log);
	return WDT_FAIL;
}

static int
compress_refused(struct wdt_comp *c)
{
	struct rte_comp_xform good = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE), x;

	x = good;
	x.compress.level = RTE_COMP_LEVEL_NONE;
	WDT_CHECK_EQ(refused(c, &x, "level 0"), WDT_PASS);
	x = good;
	x.compress.window_size = 16;
	WDT_CHECK_EQ(refused(c, &x, "window size 16"), WDT_PASS);
	x.compress.window_size = 11;
	WDT_CHECK_EQ(refused(c, &x, "window size 11"), WDT_PASS);
	x = good;
	x.compress.algo = RTE_COMP_ALGO_LZS;
	WDT_CHECK_EQ(refused(c, &x, "algorithm"), WDT_PASS);
	x = good;
	x.compress.chksum = (enum rte_comp_checksum_type)9;
	WDT_CHECK_EQ(refused(c, &x, "checksum"), WDT_PASS);
	x = good;
	x.compress.hash_algo = RTE_COMP_HASH_ALGO_SHA1;
	return refused(c, &x, "hash");
}

static int
decompress_refused(struct wdt_comp *c)
{
	struct rte_comp_xform good = wdt_comp_inflate(RTE_COMP_CHECKSUM_NONE), x;

	x = good;
	x.decompress.window_size = 16;
	WDT_CHECK_EQ(refused(c, &x, "window size 16"), WDT_PASS);
	x = good;
	x.decompress.algo = RTE_COMP_ALGO_LZS;
	WDT_CHECK_EQ(refused(c, &x, "algorithm"), WDT_PASS);
	x = good;
	x.decompress.chksum = (enum rte_comp_checksum_type)9;
	WDT_CHECK_EQ(refused(c, &x, "checksum"), WDT_PASS);
	x = good;
	x.decompress.hash_algo = RTE_COMP_HASH_ALGO_SHA1;
	return refused(c, &x, "hash");
}

static int
xforms_refused(struct wdt_comp *c)
{
	return compress_refused(c) == WDT_PASS ? decompress_refused(c) : WDT_FAIL;
}

WDT_TEST(comp_queue_xforms_refused)
{
	return wdt_comp_with("", 1, DEPTH, xforms_refused);
}

/* Whether descriptors of version 2 have a window is not known. */
static int
windows_refused(struct wdt_comp *c)
{
	struct rte_comp_xform x = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE);
	const struct rte_compressdev_capabilities *capa = rte_compressdev_capability_get(
			c->id, RTE_COMP_ALGO_DEFLATE);

	WDT_CHECK(capa != NULL);
	WDT_CHECK_EQ(capa->window_size.min, 15);
	x.compress.window_size = 14;
	return refused(c, &x, "window size 14");
}

WDT_TEST(comp_queue_v2_has_one_window)
{
	return wdt_comp_with("hw=v2", 1, DEPTH, windows_refused);
}

/* ---- processes ---- */

#define SHARED                                                                                     \
	"-l 0 --no-pci --no-telemetry --log-level lib.eal:5 --base-virtaddr 0x200000000000 "       \
	"--file-prefix wd_test_%d"

static int
exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
primary(struct wdt_comp *c)
{
	char options[256];

	snprintf(options, sizeof(options), SHARED " --proc-type=secondary", (int)getppid());
	WDT_CHECK_EQ(exit_status(wdt_process_run(options, "secondary", "comp_queue_no_secondary")),
			WDT_PASS);
	WDT_CHECK(strstr(wdt_process_output(),
				  "compress_wd0: a secondary process cannot use this device") !=
			NULL);
	return rte_compressdev_get_dev_id(c->name) == c->id ? WDT_PASS : WDT_FAIL;
}

WDT_TEST(comp_queue_no_secondary_process)
{
	char options[256];

	if (wdt_role_is("primary"))
		return wdt_comp_with("", 1, DEPTH, primary);
	if (wdt_role_is("secondary"))
		return rte_compressdev_get_dev_id("compress_wd0") < 0 ? WDT_PASS : WDT_FAIL;
	snprintf(options, sizeof(options), SHARED, (int)getpid());
	WDT_CHECK_EQ(exit_status(wdt_process_run(options, "primary", "comp_queue_no_secondary")),
			WDT_PASS);
	return WDT_PASS;
}

/* ---- no queue left ---- */

static int
set_up_without_queues(uint8_t id)
{
	static const int errors[] = { -EBUSY, -ENOMEM };

	for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
		wdt_fake.no_queue_rc = errors[i];
		/* for neither direction, then for one only */
		for (unsigned int left = 2; left < 4; left++) {
			wdt_fake.nb_left = left;
			WDT_CHECK_EQ(rte_compressdev_queue_pair_setup(id, 1, DEPTH, SOCKET_ID_ANY),
					errors[i]);
			WDT_CHECK_EQ(wdt_fake.nb_started, 2);
			WDT_CHECK_EQ(wdt_fake.nb_queues, 2);
		}
	}
	wdt_fake.nb_left = 4;
	WDT_CHECK_EQ(rte_compressdev_queue_pair_setup(id, 1, DEPTH, SOCKET_ID_ANY), 0);
	return WDT_PASS;
}

WDT_TEST(comp_queue_none_left_for_a_queue_pair)
{
	struct rte_compressdev_config conf = {
		.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 2, .max_nb_priv_xforms = 1
	};
	int id;

	wdt_fake_add();
	WDT_CHECK_EQ(rte_vdev_init("compress_wd_fake", "dev=" WDT_FAKE_NAME), 0);
	id = rte_compressdev_get_dev_id("compress_wd_fake");
	WDT_CHECK(id >= 0);
	WDT_CHECK_EQ(rte_compressdev_configure((uint8_t)id, &conf), 0);
	WDT_CHECK_EQ(rte_compressdev_queue_pair_setup((uint8_t)id, 0, DEPTH, SOCKET_ID_ANY), 0);
	if (set_up_without_queues((uint8_t)id) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(rte_vdev_uninit("compress_wd_fake"), 0);
	WDT_CHECK_EQ(wdt_fake.nb_queues, 0);
	WDT_CHECK_EQ(wdt_fake.nb_devs, 0);
	wdt_fake_remove();
	return WDT_PASS;
}

WDT_TEST(comp_queue_one_left_makes_no_device)
{
	const char *log;
	int rc;

	wdt_fake_add();
	for (wdt_fake.max_queues = 0; wdt_fake.max_queues < NB_DIRS; wdt_fake.max_queues++) {
		WDT_CHECK_EQ(wdt_log_capture(), 0);
		rc = rte_vdev_init("compress_wd_fake", "dev=" WDT_FAKE_NAME);
		log = wdt_log_release();
		WDT_CHECK_EQ(rc, -EBUSY);
		WDT_CHECK(strstr(log, "compress_wd_fake: device fake-0 has fewer than 2 queues") !=
				NULL);
		WDT_CHECK_EQ(wdt_fake.nb_devs, 0);
	}
	WDT_CHECK_EQ(rte_vdev_init("compress_wd_fake", "dev=" WDT_FAKE_NAME), 0);
	WDT_CHECK_EQ(rte_vdev_uninit("compress_wd_fake"), 0);
	wdt_fake_remove();
	return WDT_PASS;
}

/* Private xforms and streams are of one device's kind. */
static int
other_kind(struct wdt_comp *c, struct wdt_comp *other)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE);
	void *x = NULL, *stream = NULL;
	struct rte_comp_op *op;
	struct rig r;

	WDT_CHECK_EQ(rig_init(&r, c), WDT_PASS);
	WDT_CHECK_EQ(rte_compressdev_private_xform_create(other->id, &xform, &x), 0);
	WDT_CHECK_EQ(rte_compressdev_stream_create(other->id, &xform, &stream), 0);
	op = op_new(&r, DEFLATE);
	WDT_CHECK(op != NULL);
	op->private_xform = x;
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 0);
	WDT_CHECK_EQ(op->status, INVALID);
	op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	op->op_type = RTE_COMP_OP_STATEFUL;
	op->stream = stream;
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 0);
	WDT_CHECK_EQ(op->status, INVALID);
	WDT_CHECK_EQ(rte_compressdev_private_xform_free(c->id, x), -EINVAL);
	WDT_CHECK_EQ(rte_compressdev_stream_free(c->id, stream), -EINVAL);
	WDT_CHECK_EQ(rte_compressdev_private_xform_free(other->id, x), 0);
	WDT_CHECK_EQ(rte_compressdev_stream_free(other->id, stream), 0);
	wdt_comp_op_free(op);
	return rig_end(&r);
}

static int
beside_others(struct wdt_comp *c)
{
	static const char *const options[] = { "run=inline,hw=v2", "run=inline,hw=v3,sva=1" };

	for (unsigned int i = 0; i < RTE_DIM(options); i++) {
		struct wdt_comp other;
		int rc;

		if (wdt_comp_open(&other, options[i], 1, DEPTH) != 0)
			return WDT_FAIL;
		rc = other_kind(c, &other);
		if (wdt_comp_close(&other) != 0 || rc != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

WDT_TEST(comp_queue_xforms_of_other_devices_are_refused)
{
	return wdt_comp_with("run=inline,hw=v3", 1, DEPTH, beside_others);
}

/* A started device stays as it is, and so do its ops. */
static int
removed(struct wdt_comp *c)
{
	struct rte_comp_op *op, *got;
	struct rig r;
	const char *log;
	int rc;

	WDT_CHECK_EQ(rig_init(&r, c), WDT_PASS);
	op = op_new(&r, DEFLATE);
	WDT_CHECK(op != NULL);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(c->id, 0, &op, 1), 1);
	WDT_CHECK_EQ(wdt_log_capture(), 0);
	rc = rte_vdev_uninit(c->name);
	log = wdt_log_release();
	WDT_CHECK_EQ(rc, -EBUSY);
	WDT_CHECK(strstr(log, "stop it before it is removed") != NULL);
	wdt_sim_run(0);
	WDT_CHECK_EQ(rte_compressdev_dequeue_burst(c->id, 0, &got, 1), 1);
	WDT_CHECK(got == op && op_right(op));
	wdt_comp_op_free(op);
	return rig_end(&r);
}

WDT_TEST(comp_queue_started_device_is_not_removed)
{
	return wdt_comp_with("run=inline", 1, DEPTH, removed);
}
