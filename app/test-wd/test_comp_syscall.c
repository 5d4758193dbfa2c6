/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * No system call on the data path of the compression driver: ops both ways, with
 * all checksums and in lists, streams, bad input and too little room, through a
 * thread whose process is killed at any call it makes.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "rte_wd_sim.h"
#include "wdt_comp.h"
#include "wdt_process.h"

#define LEN 700U
#define NB 256U
#define BURST 32
#define NB_OPS 500000U
#define BOUND_S 40
#define TEST "comp_syscall_none_on_the_data_path"

enum phase {
	PHASE_RUN,
	PHASE_DONE, /* the worker waits, with ops in flight */
	PHASE_RESET, /* both queues were reset under it: collect what is in flight */
	PHASE_END,
	PHASE_FAILED,
};

/* An op that is sent again and again, and what must come of it each time. */
struct item {
	struct rte_comp_op *op;
	enum rte_comp_op_status status;
	uint32_t consumed, produced;
	uint64_t chksum;
};

/* Two streams, one each way: their ops are the last items. */
enum {
	PACK = NB,
	UNPACK,
	NB_ITEMS,
};

static struct {
	struct wdt_comp c;
	struct item items[NB_ITEMS];
	uint32_t idle[NB_ITEMS], nb_idle;
	bool call; /* negative control: make one system call on the way */
	unsigned int phase; /* atomic enum phase */
	unsigned int filter_error;
	uint64_t back, nb_bad;
} w;

static uint8_t plain[LEN], packed[WDT_COMP_ROOM(LEN)], piece[WDT_COMP_ROOM(LEN)];
static uint32_t packed_len, piece_len;

static void
phase_set(enum phase phase)
{
	__atomic_store_n(&w.phase, phase, __ATOMIC_RELEASE);
}

static enum phase
phase_get(void)
{
	return (enum phase)__atomic_load_n(&w.phase, __ATOMIC_ACQUIRE);
}

/* ---- the filtered thread ---- */

static void
send_some(void)
{
	struct rte_comp_op *burst[BURST];
	uint16_t nb = (uint16_t)RTE_MIN(w.nb_idle, (uint32_t)BURST), sent;

	for (uint16_t i = 0; i < nb; i++) {
		burst[i] = w.items[w.idle[w.nb_idle - 1 - i]].op;
		burst[i]->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
		burst[i]->output_chksum = 0;
	}
	sent = rte_compressdev_enqueue_burst(w.c.id, 0, burst, nb);
	w.nb_idle -= sent;
}

/* A stream goes on: the same piece again, so its checksum does, and counts may differ. */
static bool
stream_right(struct item *t, const struct rte_comp_op *op)
{
	t->chksum = crc32((uLong)t->chksum, plain, LEN);
	return op->status == RTE_COMP_OP_STATUS_SUCCESS && op->consumed == op->src.length &&
			op->output_chksum == t->chksum;
}

static bool
right(struct item *t, const struct rte_comp_op *op)
{
	if (op->op_type == RTE_COMP_OP_STATEFUL)
		return stream_right(t, op);
	return op->status == t->status && op->consumed == t->consumed &&
			op->produced == t->produced &&
			(t->status != RTE_COMP_OP_STATUS_SUCCESS || op->output_chksum == t->chksum);
}

static uint16_t
receive_some(bool check)
{
	struct rte_comp_op *burst[BURST];
	const uint16_t n = rte_compressdev_dequeue_burst(w.c.id, 0, burst, BURST);

	for (uint16_t i = 0; i < n; i++) {
		const uint32_t at = (uint32_t)wdt_comp_cookie(burst[i]);

		w.nb_bad += check ? !right(&w.items[at], burst[i]) :
				    burst[i]->status == RTE_COMP_OP_STATUS_NOT_PROCESSED;
		w.idle[w.nb_idle++] = at;
	}
	w.back += n;
	return n;
}

/* Refusing is the data path, too. */
static void
refuse_one(void)
{
	struct rte_comp_op *op;
	struct rte_mbuf *m;

	if (w.nb_idle == 0)
		return;
	op = w.items[w.idle[w.nb_idle - 1]].op;
	m = op->m_src;
	op->m_src = NULL;
	w.nb_bad += rte_compressdev_enqueue_burst(w.c.id, 0, &op, 1) != 0 ||
			op->status != RTE_COMP_OP_STATUS_INVALID_ARGS;
	op->m_src = m;
}

static void
collect_after_reset(void)
{
	const uint64_t end = rte_rdtsc() + 5 * rte_get_tsc_hz();

	while (w.nb_idle < NB_ITEMS && rte_rdtsc() < end)
		receive_some(false);
	w.nb_bad += w.nb_idle != NB_ITEMS;
	send_some(); /* refused by a dead queue */
	w.nb_bad += w.nb_idle != NB_ITEMS;
}

static void
work(void)
{
	for (uint64_t turn = 0; w.back < NB_OPS; turn++) {
		if (turn % 1000 == 0)
			refuse_one();
		send_some();
		receive_some(true);
		if (w.call && turn == 1000)
			syscall(SYS_getpid);
	}
	send_some();
	phase_set(PHASE_DONE);
	while (phase_get() != PHASE_RESET)
		rte_pause();
	collect_after_reset();
	phase_set(PHASE_END);
}

static int
worker(void *arg __rte_unused)
{
	w.filter_error = (unsigned int)wdt_no_calls_from_here();
	if (w.filter_error != 0) {
		phase_set(PHASE_FAILED);
		return -1;
	}
	work();
	for (;;) /* ending a thread would take system calls */
		rte_pause();
}

static void *
worker_thread(void *arg)
{
	if (rte_thread_register() != 0)
		phase_set(PHASE_FAILED);
	else
		worker(arg);
	return NULL;
}

static int
worker_start(void)
{
	const unsigned int lcore = rte_get_next_lcore(rte_lcore_id(), 1, 0);
	pthread_t thread;

	if (lcore < RTE_MAX_LCORE)
		return rte_eal_remote_launch(worker, NULL, lcore);
	return pthread_create(&thread, NULL, worker_thread, NULL);
}

/* ---- ops ---- */

/* plain[] as a stream of its own, and as a piece that may come again and again. */
static int
pieces_make(void)
{
	z_stream z = {
		.next_in = plain, .avail_in = LEN, .next_out = piece, .avail_out = sizeof(piece)
	};

	wdt_comp_fill(plain, LEN, WDT_COMP_TEXT);
	packed_len = wdt_zlib_deflate(plain, LEN, packed, sizeof(packed), 6, Z_DEFAULT_STRATEGY);
	WDT_CHECK(packed_len > 0);
	WDT_CHECK_EQ(deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	WDT_CHECK_EQ(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	piece_len = (uint32_t)z.total_out;
	deflateEnd(&z);
	return WDT_PASS;
}

static struct rte_comp_op *
op_of(uint32_t at, void *xform, const uint8_t *in, uint32_t len, uint32_t room)
{
	struct rte_mbuf *src = wdt_comp_packet(&w.c, len, at & 1);
	struct rte_mbuf *dst = wdt_comp_packet(&w.c, room, at & 2);
	struct rte_comp_op *op = src == NULL || dst == NULL ?
			NULL :
			wdt_comp_op(&w.c, xform, src, dst, at);

	if (op != NULL)
		wdt_comp_write(src, 0, in, len);
	return op;
}

#define NB_CHECKSUMS 4

static const enum rte_comp_checksum_type checksums[NB_CHECKSUMS] = { RTE_COMP_CHECKSUM_NONE,
	RTE_COMP_CHECKSUM_CRC32, RTE_COMP_CHECKSUM_ADLER32, RTE_COMP_CHECKSUM_CRC32_ADLER32 };

/* Every kind of op: flat and lists, each checksum, each outcome, both ways. */
static int
item_make(uint32_t at, void *comp, void *decomp, enum rte_comp_checksum_type chksum)
{
	struct item *t = &w.items[at];
	const bool deflate = at & 4, tight = at % 13 == 0, spoiled = !deflate && at % 13 == 1;
	struct rte_comp_op *got;

	t->op = op_of(at, deflate ? comp : decomp, deflate ? plain : packed,
			deflate ? LEN : packed_len, tight ? 20 : WDT_COMP_ROOM(LEN));
	WDT_CHECK(t->op != NULL);
	if (spoiled)
		wdt_comp_write(t->op->m_src, 0, (const uint8_t *)"\xff\xff\xff", 3);
	WDT_CHECK_EQ(rte_compressdev_enqueue_burst(w.c.id, 0, &t->op, 1), 1);
	WDT_CHECK_EQ(wdt_comp_dequeue_wait(&w.c, 0, &got, 1, WDT_WAIT_MS), 1);
	t->status = tight	? RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED :
			spoiled ? RTE_COMP_OP_STATUS_ERROR :
				  RTE_COMP_OP_STATUS_SUCCESS;
	WDT_CHECK_EQ(got->status, t->status);
	t->consumed = got->consumed;
	t->produced = got->produced;
	if (chksum != RTE_COMP_CHECKSUM_NONE)
		t->chksum = wdt_zlib_checksum(chksum, plain, LEN);
	else
		got->output_chksum = 0;
	if (t->status == RTE_COMP_OP_STATUS_SUCCESS) {
		WDT_CHECK_EQ(t->consumed, deflate ? LEN : packed_len);
		WDT_CHECK(deflate ? t->produced > 0 : t->produced == LEN);
		WDT_CHECK_EQ(got->output_chksum, t->chksum);
	}
	w.idle[w.nb_idle++] = at;
	return WDT_PASS;
}

static int
stream_make(uint32_t at, const struct rte_comp_xform *xform, const uint8_t *in, uint32_t len)
{
	struct item *t = &w.items[at];
	void *stream = NULL;

	t->op = op_of(at, NULL, in, len, 2 * LEN);
	WDT_CHECK(t->op != NULL);
	WDT_CHECK_EQ(rte_compressdev_stream_create(w.c.id, xform, &stream), 0);
	t->op->op_type = RTE_COMP_OP_STATEFUL;
	t->op->stream = stream;
	t->op->flush_flag = RTE_COMP_FLUSH_SYNC;
	w.idle[w.nb_idle++] = at;
	return WDT_PASS;
}

static int
prepare(void)
{
	struct rte_comp_xform comp = wdt_comp_deflate(RTE_COMP_CHECKSUM_CRC32),
			      decomp = wdt_comp_inflate(RTE_COMP_CHECKSUM_CRC32);
	void *xforms[NB_CHECKSUMS][2];

	WDT_CHECK_EQ(pieces_make(), WDT_PASS);
	for (unsigned int i = 0; i < NB_CHECKSUMS; i++) {
		const struct rte_comp_xform out = wdt_comp_deflate(checksums[i]),
					    in = wdt_comp_inflate(checksums[i]);

		xforms[i][0] = wdt_comp_xform(&w.c, &out);
		xforms[i][1] = wdt_comp_xform(&w.c, &in);
		WDT_CHECK(xforms[i][0] != NULL && xforms[i][1] != NULL);
	}
	for (uint32_t at = 0; at < NB; at++) {
		void **x = xforms[at / 8 % NB_CHECKSUMS];

		WDT_CHECK_EQ(item_make(at, x[0], x[1], checksums[at / 8 % NB_CHECKSUMS]), WDT_PASS);
	}
	WDT_CHECK_EQ(stream_make(PACK, &comp, plain, LEN), WDT_PASS);
	return stream_make(UNPACK, &decomp, piece, piece_len);
}

/* ---- the child ---- */

/* Sleeps, so that the device may have this CPU. */
static enum phase
wait_for(enum phase wanted)
{
	for (unsigned int ms = 0; ms < BOUND_S * 1000; ms += 10) {
		if (phase_get() == wanted || phase_get() == PHASE_FAILED)
			break;
		usleep(10000);
	}
	return phase_get();
}

static int
child_run(void)
{
	WDT_CHECK_EQ(wdt_comp_open(&w.c, "", 1, NB), 0);
	WDT_CHECK_EQ(prepare(), WDT_PASS);
	WDT_CHECK_EQ(worker_start(), 0);
	WDT_CHECK_EQ(wait_for(PHASE_DONE), PHASE_DONE);
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, 0), 0);
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, 1), 0);
	phase_set(PHASE_RESET);
	WDT_CHECK_EQ(wait_for(PHASE_END), PHASE_END);
	WDT_CHECK_EQ(w.nb_bad, 0);
	WDT_CHECK(w.back >= NB_OPS);
	return WDT_PASS;
}

#define EXIT_NO_FILTER 3

/* The worker cannot end, so the process does. */
static int
child(bool call)
{
	int rc;

	w.call = call;
	rc = child_run();
	fflush(stdout);
	_exit(w.filter_error != 0 ? EXIT_NO_FILTER : rc);
}

static const char *
eal_options(void)
{
	return rte_lcore_count() > 1 ?
			"-l 0,1 --no-pci --in-memory --no-telemetry --log-level lib.eal:5" :
			"-l 0 --no-pci --in-memory --no-telemetry --log-level lib.eal:5";
}

WDT_TEST(comp_syscall_none_on_the_data_path)
{
	int status;

	if (wdt_role_is("run") || wdt_role_is("call"))
		return child(wdt_role_is("call"));
	/* the filter works: one getpid() and the process is gone */
	status = wdt_process_run(eal_options(), "call", TEST);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_FILTER)
		WDT_SKIP("this kernel has no seccomp filters");
	WDT_CHECK(WIFSIGNALED(status));
	WDT_CHECK_EQ(WTERMSIG(status), SIGSYS);
	WDT_CHECK_EQ(wdt_process_run(eal_options(), "run", TEST), 0);
	return WDT_PASS;
}
