/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * One doorbell word for both commands ("One doorbell word" in wdm.h), and the
 * event that tells of completions. The engines touch no data here.
 */

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hisi_qm.h"
#include "hisi_sec.h"
#include "hisi_zip.h"
#include "watch.h"
#include "wdm.h"
#include "wdt.h"

#define QN 5
#define SQE_SIZE 128
#define MAX_DEPTH 64
#define QUIET_US (WDM_WATCH_QUIET_NS / 1000)

struct rig {
	struct wdm_dev *dev;
	struct wdm_space *space;
	struct wdm_qp *qp;
	uint16_t depth;
	uint16_t tail, head, phase;
	uint32_t next; /* tells descriptors apart */
	unsigned int nb_events;
	uint64_t now_ns; /* the device's clock, which step_for() turns */
	bool real_time; /* it runs by itself */
	uint64_t db __attribute__((aligned(64)));
	uint64_t cq_db __attribute__((aligned(64)));
	uint32_t send_status, recv_status;
	uint8_t sq[MAX_DEPTH][SQE_SIZE] __attribute__((aligned(64)));
	struct hisi_qm_cqe cq[MAX_DEPTH] __attribute__((aligned(64)));
};

static void
count_event(void *ctx)
{
	struct rig *rig = ctx;

	rig->nb_events++;
}

static uint64_t
rig_clock(void *ctx)
{
	const struct rig *rig = ctx;
	struct timespec ts;

	if (!rig->real_time)
		return rig->now_ns;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int
rig_open(struct rig *rig, enum wdm_class class, unsigned int hw_version, uint16_t depth,
		bool one_word)
{
	const struct wdm_dev_config dev_conf = {
		.class = class,
		.engine = WDM_ENGINE_INSTANT,
		.hw_version = hw_version,
		.clock = rig_clock,
		.clock_arg = rig,
	};

	memset(rig, 0, sizeof(*rig));
	rig->depth = depth;
	rig->phase = 1;
	rig->dev = wdm_dev_create(&dev_conf);
	rig->space = wdm_space_create(NULL, NULL);
	WDT_CHECK(rig->dev != NULL && rig->space != NULL);
	rig->qp = wdm_qp_create(rig->dev,
			&(struct wdm_qp_config){
					.space = rig->space,
					.sq = rig->sq,
					.cq = rig->cq,
					.sq_depth = depth,
					.cq_depth = depth,
					.sq_db = &rig->db,
					.cq_db = one_word ? &rig->db : &rig->cq_db,
					.shared_db = true,
					.send_status = &rig->send_status,
					.recv_status = &rig->recv_status,
					.qn = QN,
					.event = count_event,
					.event_ctx = rig,
			});
	WDT_CHECK(rig->qp != NULL);
	WDT_CHECK_EQ(wdm_qp_start(rig->qp), 0);
	return WDT_PASS;
}

static int
rig_close(struct rig *rig)
{
	wdm_qp_destroy(rig->qp);
	wdm_space_destroy(rig->space);
	WDT_CHECK_EQ(wdm_dev_destroy(rig->dev), 0);
	return WDT_PASS;
}

/* A descriptor that is not that of any other call; not announced yet. */
static void
fill(struct rig *rig, unsigned int nb)
{
	while (nb-- > 0) {
		struct hisi_sec_bd3 bd = { .dw0 = htole32(HISI_SEC_TYPE_BD3) };

		bd.dw1 = htole32(HISI_SEC_CIPHER_COPY);
		bd.tag = htole64(rig->next++);
		memcpy(rig->sq[rig->tail], &bd, sizeof(bd));
		rig->tail = (uint16_t)((rig->tail + 1) % rig->depth);
	}
}

static void
store(uint64_t *word, uint64_t cmd, uint16_t index, uint64_t prio)
{
	const uint64_t db = QN | cmd << HISI_QM_DB_CMD_SHIFT |
			(uint64_t)index << HISI_QM_DB_INDEX_SHIFT | prio << HISI_QM_DB_PRIO_SHIFT;

	__atomic_store_n(word, htole64(db), __ATOMIC_RELEASE);
}

static void
ring_sq(struct rig *rig)
{
	store(&rig->db, HISI_QM_DB_CMD_SQ, rig->tail, 0);
}

static void
ring_cq(struct rig *rig)
{
	store(&rig->db, HISI_QM_DB_CMD_CQ, rig->head, 0);
}

/* Take all completions there are, without a doorbell; how many. -1: one out of turn. */
static int
reap(struct rig *rig)
{
	int nb = 0;

	for (;;) {
		const struct hisi_qm_cqe *cqe = &rig->cq[rig->head];

		if ((le16toh(__atomic_load_n(&cqe->phase, __ATOMIC_ACQUIRE)) & HISI_QM_CQE_PHASE) !=
				rig->phase)
			return nb;
		/* as deep as the SQ, so both indices go together */
		if (le16toh(cqe->sq_head) != rig->head)
			return -1;
		rig->head = (uint16_t)((rig->head + 1) % rig->depth);
		rig->phase ^= rig->head == 0;
		nb++;
	}
}

static void
step(struct rig *rig)
{
	while (wdm_dev_step(rig->dev) != 0)
		;
}

/* Step for that long. */
static void
step_for(struct rig *rig, uint64_t us)
{
	const uint64_t end = rig->now_ns + us * 1000;

	while (rig->now_ns < end) {
		step(rig);
		rig->now_ns += 500000;
	}
}

static uint64_t
found(const struct rig *rig)
{
	struct wdm_qp_stats stats;

	wdm_qp_stats_get(rig->qp, &stats);
	return stats.found;
}

WDT_TEST(word_hidden_command_is_found)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, true), WDT_PASS);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 1);
	fill(&rig, 2);
	ring_sq(&rig);
	ring_cq(&rig); /* before the device looked */
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 0);
	step_for(&rig, 2 * QUIET_US + 5000);
	WDT_CHECK_EQ(reap(&rig), 2);
	WDT_CHECK_EQ(found(&rig), 2);
	/* and once only, also when the next command says it again */
	step_for(&rig, 2 * QUIET_US + 5000);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 0);
	fill(&rig, 3);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 3);
	WDT_CHECK_EQ(found(&rig), 2);
	return rig_close(&rig);
}

/* The word does not change when the command that hides is the same as the one before. */
WDT_TEST(word_hidden_by_the_same_command)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, true), WDT_PASS);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 1);
	ring_cq(&rig);
	step_for(&rig, 3 * QUIET_US);
	WDT_CHECK_EQ(reap(&rig), 0);
	fill(&rig, 1);
	ring_sq(&rig);
	ring_cq(&rig);
	step_for(&rig, 2 * QUIET_US + 5000);
	WDT_CHECK_EQ(reap(&rig), 1);
	return rig_close(&rig);
}

WDT_TEST(word_slot_being_filled_is_left_alone)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, true), WDT_PASS);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 1);
	fill(&rig, 1); /* announced, hidden */
	ring_sq(&rig);
	ring_cq(&rig);
	step(&rig);
	/* the next one is filled slowly, and never stays the same for long */
	for (unsigned int i = 0; i < 20; i++) {
		rig.sq[rig.tail][8 + i] = (uint8_t)~i;
		step_for(&rig, QUIET_US / 4);
	}
	WDT_CHECK_EQ(reap(&rig), 1);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 1);
	WDT_CHECK_EQ(found(&rig), 1);
	return rig_close(&rig);
}

/* While the word holds an SQ command nothing is looked for, however long. */
WDT_TEST(word_no_look_after_an_sq_command)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, true), WDT_PASS);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 1);
	ring_cq(&rig);
	fill(&rig, 1);
	ring_sq(&rig);
	fill(&rig, 1); /* not announced */
	step_for(&rig, 3 * QUIET_US);
	WDT_CHECK_EQ(reap(&rig), 1);
	WDT_CHECK_EQ(found(&rig), 0);
	return rig_close(&rig);
}

WDT_TEST(word_around_the_ring)
{
	static struct rig rig;
	unsigned int done = 0;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 4, true), WDT_PASS);
	for (unsigned int i = 0; i < 12; i++) {
		const unsigned int nb = 1 + i % 3; /* a full ring at times */
		const int want = (int)nb;

		fill(&rig, nb);
		ring_sq(&rig);
		ring_cq(&rig);
		step_for(&rig, 2 * QUIET_US + 5000);
		WDT_CHECK_EQ(reap(&rig), want);
		done += nb;
	}
	WDT_CHECK_EQ(found(&rig), done);
	return rig_close(&rig);
}

/* A client that announces less than it has filled, after the rest was found. */
WDT_TEST(word_command_behind_what_was_found)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, true), WDT_PASS);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 1);
	ring_cq(&rig);
	fill(&rig, 3);
	step_for(&rig, 2 * QUIET_US + 5000);
	WDT_CHECK_EQ(reap(&rig), 3);
	store(&rig.db, HISI_QM_DB_CMD_SQ, 2, 0);
	step(&rig);
	store(&rig.db, HISI_QM_DB_CMD_SQ, 3, 0);
	step(&rig);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 0);
	fill(&rig, 7);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 7);
	return rig_close(&rig);
}

/* Nearly a whole ring looks like a command behind what was found, too. */
WDT_TEST(word_many_after_some_were_found)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, true), WDT_PASS);
	for (unsigned int i = 0; i < 5; i++) {
		fill(&rig, 1);
		ring_sq(&rig);
		step(&rig);
		WDT_CHECK_EQ(reap(&rig), 1);
		fill(&rig, 4);
		ring_sq(&rig);
		ring_cq(&rig);
		step_for(&rig, 2 * QUIET_US + 5000);
		WDT_CHECK_EQ(reap(&rig), 4);
		fill(&rig, 3 + i);
		ring_sq(&rig);
		step(&rig);
		WDT_CHECK_EQ(reap(&rig), 3 + i);
	}
	return rig_close(&rig);
}

/* CQ commands can be hidden too: the completion ring is not full therefore. */
WDT_TEST(word_cq_commands_never_seen)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, true), WDT_PASS);
	for (unsigned int i = 0; i < 100; i++) {
		fill(&rig, 1 + i % 7);
		ring_cq(&rig);
		ring_sq(&rig);
		step(&rig);
		WDT_CHECK_EQ(reap(&rig), 1 + i % 7);
	}
	WDT_CHECK_EQ(rig.send_status, 0);
	return rig_close(&rig);
}

/* Who has a second word for them shows it by using it. */
WDT_TEST(word_two_words_overflow)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, false), WDT_PASS);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(reap(&rig), 1);
	store(&rig.cq_db, HISI_QM_DB_CMD_CQ, rig.head, 0);
	for (unsigned int i = 0; i < 2; i++) {
		fill(&rig, 5);
		ring_sq(&rig);
		step(&rig);
	}
	WDT_CHECK_EQ(reap(&rig), 8);
	WDT_CHECK_EQ(rig.send_status, htole32(1));
	WDT_CHECK_EQ(rig.recv_status, htole32(1));
	return rig_close(&rig);
}

/* Exactly the bytes of a ring before: the result words of the device tell them apart. */
static int
same_again(enum wdm_class class, unsigned int hw_version)
{
	static struct rig rig;
	uint8_t sqe[SQE_SIZE] = { 0 };

	WDT_CHECK_EQ(rig_open(&rig, class, hw_version, 2, true), WDT_PASS);
	if (class == WDM_CLASS_SEC) {
		/* the type is in the same place in both */
		sqe[0] = (uint8_t)hw_version;
	} else {
		struct hisi_zip_sqe *zip = (struct hisi_zip_sqe *)(void *)sqe;

		zip->input_data_length = htole32(100);
		zip->dest_avail_out = htole32(200);
		zip->dw9 = htole32(HISI_ZIP_ALG_ZLIB);
	}
	for (unsigned int i = 0; i < 4; i++) {
		memcpy(rig.sq[rig.tail], sqe, sizeof(sqe));
		rig.tail = (uint16_t)((rig.tail + 1) % rig.depth);
		ring_sq(&rig);
		ring_cq(&rig);
		step_for(&rig, 2 * QUIET_US + 5000);
		WDT_CHECK_EQ(reap(&rig), 1);
	}
	WDT_CHECK_EQ(found(&rig), 4);
	return rig_close(&rig);
}

WDT_TEST(word_same_descriptor_again)
{
	for (unsigned int hw_version = 2; hw_version <= 3; hw_version++) {
		WDT_CHECK_EQ(same_again(WDM_CLASS_SEC, hw_version), WDT_PASS);
		WDT_CHECK_EQ(same_again(WDM_CLASS_ZIP, hw_version), WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(word_events)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, false), WDT_PASS);
	/* armed from the start; one event a batch */
	fill(&rig, 3);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(rig.nb_events, 1);
	WDT_CHECK_EQ(reap(&rig), 3);
	store(&rig.cq_db, HISI_QM_DB_CMD_CQ, rig.head, 0);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(rig.nb_events, 1);
	/* armed with a completion that was not read */
	store(&rig.cq_db, HISI_QM_DB_CMD_CQ, rig.head, 1);
	step(&rig);
	WDT_CHECK_EQ(rig.nb_events, 2);
	step(&rig);
	WDT_CHECK_EQ(rig.nb_events, 2);
	WDT_CHECK_EQ(reap(&rig), 1);
	/* armed with none */
	store(&rig.cq_db, HISI_QM_DB_CMD_CQ, rig.head, 0);
	step(&rig);
	store(&rig.cq_db, HISI_QM_DB_CMD_CQ, rig.head, 1);
	step(&rig);
	WDT_CHECK_EQ(rig.nb_events, 2);
	fill(&rig, 1);
	ring_sq(&rig);
	step(&rig);
	WDT_CHECK_EQ(rig.nb_events, 3);
	return rig_close(&rig);
}

/* Another one may have been hidden: priority 0 in the shared word ends nothing. */
WDT_TEST(word_events_of_one_word)
{
	static struct rig rig;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 8, true), WDT_PASS);
	for (unsigned int i = 1; i < 20; i++) {
		fill(&rig, 1);
		ring_sq(&rig);
		step(&rig);
		WDT_CHECK_EQ(rig.nb_events, i);
		WDT_CHECK_EQ(reap(&rig), 1);
		ring_cq(&rig);
		step(&rig);
	}
	return rig_close(&rig);
}

static bool stop;

static void *
step_thread(void *arg)
{
	struct rig *rig = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		if (wdm_dev_step(rig->dev) == 0)
			sched_yield();
		else if (wdt_random() % 4 == 0)
			usleep(50); /* now and then late, so that commands are hidden */
	}
	return NULL;
}

WDT_TEST(word_two_threads)
{
	static struct rig rig;
	unsigned int nb = 10000, sent = 0, done = 0;
	pthread_t thread;
	const int64_t start = time(NULL);
	int64_t last = start; /* when something was done */
	bool drain;

	WDT_CHECK_EQ(rig_open(&rig, WDM_CLASS_SEC, 3, 16, true), WDT_PASS);
	rig.real_time = true;
	stop = false;
	WDT_CHECK_EQ(pthread_create(&thread, NULL, step_thread, &rig), 0);
	while (done < nb) {
		unsigned int burst = 1 + (unsigned int)(wdt_random() % 6);
		int n;

		/* both threads rarely get a CPU: that much will do */
		if (time(NULL) - start > 60)
			nb = sent;
		if (burst > 15 - (sent - done))
			burst = 15 - (sent - done);
		if (burst > nb - sent)
			burst = nb - sent;
		if (burst > 0) {
			fill(&rig, burst);
			ring_sq(&rig);
			sent += burst;
		}
		/* mostly what is there, now and then all */
		drain = wdt_random() % 8 == 0 || sent == nb;
		do {
			n = reap(&rig);
			if (n > 0) {
				ring_cq(&rig);
				last = time(NULL);
			}
			done += (unsigned int)n;
			sched_yield();
		} while (n >= 0 && drain && done < sent && time(NULL) - last < WDT_WAIT_MS / 1000);
		if (n < 0 || time(NULL) - last >= WDT_WAIT_MS / 1000)
			break;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("# %u of %u done, %" PRIu64 " of them without their command\n", done, nb,
			found(&rig));
	WDT_CHECK_EQ(done, nb);
	WDT_CHECK_EQ(rig.send_status, 0);
	return rig_close(&rig);
}
