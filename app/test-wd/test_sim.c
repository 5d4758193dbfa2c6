/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The software device as a transport, below any driver. */

#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_wd_driver.h>
#include <rte_wd_sim.h>
#include <wd_queue.h>

#include "hisi_sec.h"
#include "wdt.h"

static int
open_args(const char *text, struct wd_dev **dev)
{
	static const char *const own_keys[] = { NULL };
	struct rte_kvargs *args = rte_kvargs_parse(text, NULL);
	int rc;

	if (args == NULL)
		return -E2BIG;
	*dev = NULL;
	rc = rte_wd_dev_open(WD_CLASS_SEC, args, own_keys, dev);
	rte_kvargs_free(args);
	return rc;
}

/* A queue on the heap: when a test fails it stays open, and lib/wd goes on watching it. */
static int
open_queue(struct wd_dev *dev, struct wd_queue **q)
{
	const struct wd_queue_conf conf = {
		.qc_type = HISI_SEC_QC_TYPE,
		.sqe_size = HISI_SEC_SQE_SIZE,
		.nb_desc = UINT16_MAX,
		.socket_id = SOCKET_ID_ANY,
	};

	int rc;

	*q = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(**q));
	if (*q == NULL)
		return -ENOMEM;
	rc = rte_wd_queue_open(dev, &conf, *q);
	if (rc != 0)
		free(*q);
	return rc;
}

static void
close_queue(struct wd_queue *q)
{
	rte_wd_queue_close(q);
	free(q);
}

/* One device, and one queue of it that is running. */
static int
open_started(const char *text, struct wd_dev **dev, struct wd_queue **q)
{
	WDT_CHECK_EQ(open_args(text, dev), 0);
	WDT_CHECK_EQ(open_queue(*dev, q), 0);
	WDT_CHECK_EQ(rte_wd_queue_start(*q), 0);
	return WDT_PASS;
}

static void
close_all(struct wd_dev *dev, struct wd_queue *q)
{
	close_queue(q);
	rte_wd_dev_close(dev);
}

static struct hisi_sec_bd3 *
bd_at(const struct wd_queue *q, uint16_t i)
{
	return (struct hisi_sec_bd3 *)(void *)(q->sq + (size_t)(i & q->sq_mask) * q->sqe_size);
}

/* Descriptors that ask for nothing: they complete, no data is touched. */
static uint16_t
submit_empty(struct wd_queue *q, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++) {
		*bd_at(q, (uint16_t)(wd_queue_tail(q) + i)) = (struct hisi_sec_bd3){
			.dw0 = rte_cpu_to_le_32(
					HISI_SEC_TYPE_BD3 | 1U << HISI_SEC_BD3_0_BD_INVALID_SHIFT),
			.tag = (uint16_t)(wd_queue_tail(q) + i),
		};
	}
	return wd_queue_submit(q, nb);
}

/* How many descriptors from head on are complete, at most nb; each in its turn. */
static uint16_t
completed(const struct wd_queue *q, uint16_t nb)
{
	uint16_t n;

	for (n = 0; n < nb; n++) {
		const uint16_t at = (uint16_t)(q->head + n);
		const uint64_t *cqe = (const uint64_t *)(const void *)q->cq +
				2 * (size_t)(at & q->cq_mask);
		const uint64_t w1 = rte_le_to_cpu_64(__atomic_load_n(cqe + 1, __ATOMIC_ACQUIRE));
		const bool phase = (at & q->cq_depth) == 0;

		if (((w1 & HISI_QM_CQE_W1_PHASE) != 0) != phase ||
				(w1 & HISI_QM_CQE_W1_SQ_HEAD_MASK) != (at & q->sq_mask))
			break;
	}
	return n;
}

/* Wait for nb completions; returns how many there were. */
static uint16_t
wait_completed(struct wd_queue *q, uint16_t nb)
{
	const uint64_t until = rte_get_timer_cycles() + WDT_WAIT_MS * (rte_get_timer_hz() / 1000);
	uint16_t n;

	do {
		n = completed(q, nb);
	} while (n < nb && rte_get_timer_cycles() < until);
	return n;
}

static uint32_t
status_at(const struct wd_queue *q, uint16_t i)
{
	return rte_le_to_cpu_32(bd_at(q, i)->status);
}

static uint32_t
error_type_at(const struct wd_queue *q, uint16_t i)
{
	return status_at(q, i) >> HISI_SEC_STATUS_ERROR_TYPE_SHIFT &
			HISI_SEC_STATUS_ERROR_TYPE_MASK;
}

WDT_TEST(sim_malformed_options_are_refused)
{
	static const char *const bad[] = {
		"hw=v1",
		"hw=",
		"sva=2",
		"sva=yes",
		"engine=fast",
		"run=fork",
		"latency_ns=-1",
		"latency_ns=10000000001",
		"latency_ns=1us",
		"ops_per_s=-1",
		"ops_per_s=1e6",
		"ops_per_s=1000000000001",
		"bytes_per_s=",
		"bytes_per_s=7GB",
		"bytes_per_s=1000000000001",
		"perf=",
		"perf=zip-920",
		"perf=sec-9200",
		"perf=sec-920,ops_per_s=x",
		"fault=bang",
		"fault=error_type",
		"depth=0",
		"depth=1",
		"depth=1000",
		"depth=65536",
		"cpu=-1",
		"cpu=all",
		"cpu=1023",
		"cpu=1024",
		"run=inline,fault=icv,fault=nothing",
		"fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv",
		"unheard_of=1",
	};
	char text[256];
	struct wd_dev *dev;

	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		snprintf(text, sizeof(text), "dev=sim,%s", bad[i]);
		if (open_args(text, &dev) != -EINVAL)
			printf("# accepted: %s\n", bad[i]);
		WDT_CHECK_EQ(open_args(text, &dev), -EINVAL);
		WDT_CHECK_EQ(rte_wd_sim_step(0), -ENODEV); /* nothing is left of it */
	}
	return WDT_PASS;
}

WDT_TEST(sim_options_are_taken)
{
	struct wd_queue *q;
	struct wd_dev *dev;

	WDT_CHECK_EQ(open_args("dev=sim", &dev), 0);
	WDT_CHECK_EQ(dev->hw->version, 3);
	WDT_CHECK(!dev->sva);
	WDT_CHECK(dev->secondary_data_path);
	WDT_CHECK_EQ(dev->max_queues, HISI_QM_MAX_QUEUES);
	WDT_CHECK_EQ(open_queue(dev, &q), 0);
	WDT_CHECK_EQ(q->sq_depth, HISI_QM_DEFAULT_DEPTH);
	WDT_CHECK_EQ(q->cq_depth, HISI_QM_DEFAULT_DEPTH);
	WDT_CHECK_EQ(rte_wd_sim_step(0), -ENOTSUP);
	close_all(dev, q);

	WDT_CHECK_EQ(open_args("dev=sim,hw=v2,sva=1,engine=openssl,run=inline,latency_ns=5,fault=icv@9,"
			       "fault=drop@3,depth=64",
				     &dev),
			0);
	WDT_CHECK_EQ(dev->hw->version, 2);
	WDT_CHECK(dev->sva);
	WDT_CHECK(!dev->secondary_data_path);
	WDT_CHECK_EQ(open_queue(dev, &q), 0);
	WDT_CHECK_EQ(q->sq_depth, 64);
	WDT_CHECK_EQ(rte_wd_sim_step(0), 0);
	close_all(dev, q);
	return WDT_PASS;
}

WDT_TEST(sim_inline_does_nothing_by_itself)
{
	struct rte_wd_sim_stats stats;
	struct wd_queue *q;
	struct wd_dev *dev;

	WDT_CHECK_EQ(open_started("dev=sim,run=inline,stall_ms=0", &dev, &q), WDT_PASS);
	WDT_CHECK_EQ(submit_empty(q, 100), 100);
	rte_delay_us_block(2000);
	WDT_CHECK_EQ(completed(q, 100), 0);
	WDT_CHECK_EQ(rte_wd_sim_step(0), 2 * 64);
	WDT_CHECK_EQ(completed(q, 100), 64);
	WDT_CHECK_EQ(rte_wd_sim_step(0), 2 * 36);
	WDT_CHECK_EQ(rte_wd_sim_step(0), 0);
	WDT_CHECK_EQ(completed(q, 200), 100);
	wd_queue_release(q, 100);
	WDT_CHECK_EQ(wd_queue_in_flight(q), 0);
	WDT_CHECK_EQ(rte_wd_sim_stats(0, 0, &stats), 0);
	WDT_CHECK_EQ(stats.taken, 100);
	WDT_CHECK_EQ(stats.completed, 100);
	WDT_CHECK_EQ(stats.errors, 0);
	WDT_CHECK_EQ(stats.doorbells, 1);
	WDT_CHECK_EQ(stats.doorbells_ignored, 0);
	WDT_CHECK_EQ(rte_wd_sim_stats(0, 1, &stats), -ENOENT);
	WDT_CHECK_EQ(rte_wd_sim_stats(0, 65535, &stats), -ENOENT);
	WDT_CHECK_EQ(rte_wd_sim_stats(1, 0, &stats), -ENODEV);
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, 1), -ENOENT);
	WDT_CHECK_EQ(rte_wd_sim_reset_queue(1, 0), -ENODEV);
	WDT_CHECK_EQ(rte_wd_sim_fault(1, "icv"), -ENODEV);
	WDT_CHECK_EQ(rte_wd_sim_fault_clear(1), -ENODEV);
	close_all(dev, q);
	return WDT_PASS;
}

/* Random bursts past the wrap of the 16-bit indices. */
static int
stream(const char *args, unsigned int total)
{
	unsigned int done = 0;
	struct wd_queue *q;
	struct wd_dev *dev;

	WDT_CHECK_EQ(open_started(args, &dev, &q), WDT_PASS);
	while (done < total) {
		const uint16_t room = wd_queue_room(q);
		uint16_t n;

		if (room > 0) {
			const uint16_t nb = (uint16_t)(1 + wdt_random() % room);

			WDT_CHECK_EQ(submit_empty(q, nb), nb);
		}
		n = wait_completed(q, 1);
		WDT_CHECK_EQ(n, 1);
		n = completed(q, (uint16_t)(1 + wdt_random() % 64));
		for (uint16_t i = 0; i < n; i++) {
			WDT_CHECK_EQ(bd_at(q, (uint16_t)(q->head + i))->tag,
					(uint16_t)(q->head + i));
			WDT_CHECK(status_at(q, (uint16_t)(q->head + i)) & HISI_SEC_STATUS_DONE);
		}
		wd_queue_release(q, n);
		done += n;
	}
	WDT_CHECK(!wd_queue_dead(q));
	WDT_CHECK(!q->broken);
	close_all(dev, q);
	return WDT_PASS;
}

WDT_TEST(sim_thread_streams)
{
	WDT_CHECK_EQ(stream("dev=sim,depth=2", 2000), WDT_PASS);
	WDT_CHECK_EQ(stream("dev=sim,depth=64", 100000), WDT_PASS);
	WDT_CHECK_EQ(stream("dev=sim,depth=32768,engine=instant", 200000), WDT_PASS);
	WDT_CHECK_EQ(stream("dev=sim,latency_ns=20000", 100000), WDT_PASS);
	return WDT_PASS;
}

struct cbc_buffer {
	uint8_t key[16], iv[16], src[64], dst[64];
};

/* AES-CBC with addresses as the device takes them; the error type it reports. */
static int
cbc(struct wd_queue *q, uint64_t addr, uint32_t *error_type)
{
	struct hisi_sec_bd3 *bd = bd_at(q, wd_queue_tail(q));

	*bd = (struct hisi_sec_bd3){
		.dw0 = rte_cpu_to_le_32(HISI_SEC_TYPE_BD3 |
				HISI_SEC_DE_SEPARATE << HISI_SEC_BD3_0_DE_SHIFT |
				HISI_SEC_SCENE_IPSEC << HISI_SEC_BD3_0_SCENE_SHIFT),
		.dw1 = rte_cpu_to_le_32(HISI_SEC_CIPHER_ENCRYPT << HISI_SEC_BD3_1_CIPHER_SHIFT |
				HISI_SEC_C_KEY_128 << HISI_SEC_BD3_1_C_KEY_LEN_SHIFT |
				HISI_SEC_C_MODE_CBC << HISI_SEC_BD3_1_C_MODE_SHIFT |
				HISI_SEC_C_ALG_AES << HISI_SEC_BD3_1_C_ALG_SHIFT),
		.c_len = rte_cpu_to_le_32(64),
		.c_key_addr = rte_cpu_to_le_64(addr + offsetof(struct cbc_buffer, key)),
		.c_ivin_addr = rte_cpu_to_le_64(addr + offsetof(struct cbc_buffer, iv)),
		.data_src_addr = rte_cpu_to_le_64(addr + offsetof(struct cbc_buffer, src)),
		.data_dst_addr = rte_cpu_to_le_64(addr + offsetof(struct cbc_buffer, dst)),
	};
	WDT_CHECK_EQ(wd_queue_submit(q, 1), 1);
	WDT_CHECK_EQ(wait_completed(q, 1), 1);
	*error_type = error_type_at(q, q->head);
	wd_queue_release(q, 1);
	return WDT_PASS;
}

/* NIST SP 800-38A, F.2.1 */
static void
cbc_vector(struct cbc_buffer *b, uint8_t want[64])
{
	memset(b, 0, sizeof(*b));
	wdt_hex("2b7e151628aed2a6abf7158809cf4f3c", b->key, 16);
	wdt_hex("000102030405060708090a0b0c0d0e0f", b->iv, 16);
	wdt_hex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51"
		"30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710",
			b->src, 64);
	wdt_hex("7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2"
		"73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7",
			want, 64);
}

WDT_TEST(sim_sees_hugepage_memory_only)
{
	struct cbc_buffer *huge = rte_malloc(NULL, sizeof(*huge), 64), other, before;
	uint32_t error_type;
	struct wd_queue *q;
	struct wd_dev *dev;
	uint8_t want[64];

	WDT_CHECK(huge != NULL);
	WDT_CHECK_EQ(open_started("dev=sim", &dev, &q), WDT_PASS);
	cbc_vector(huge, want);
	WDT_CHECK(rte_wd_mem_visible(dev, huge, sizeof(*huge)));
	WDT_CHECK_EQ(cbc(q, rte_malloc_virt2iova(huge), &error_type), WDT_PASS);
	WDT_CHECK_EQ(error_type, 0);
	WDT_CHECK_MEM(huge->dst, want, 64);

	cbc_vector(&other, want);
	before = other;
	WDT_CHECK(!rte_wd_mem_visible(dev, &other, sizeof(other)));
	WDT_CHECK_EQ(cbc(q, (uintptr_t)&other, &error_type), WDT_PASS);
	WDT_CHECK(error_type != 0);
	WDT_CHECK_MEM((uint8_t *)&other, (uint8_t *)&before, sizeof(other));
	/* memory that comes later, enough that EAL has to map some more */
	rte_free(huge);
	huge = rte_malloc(NULL, 64 << 20, 2 << 20);
	if (huge != NULL) {
		cbc_vector(huge, want);
		WDT_CHECK_EQ(cbc(q, rte_malloc_virt2iova(huge), &error_type), WDT_PASS);
		WDT_CHECK_EQ(error_type, 0);
		WDT_CHECK_MEM(huge->dst, want, 64);
	}
	rte_free(huge);
	close_all(dev, q);
	return WDT_PASS;
}

WDT_TEST(sim_sva_sees_all_memory)
{
	struct cbc_buffer *b = malloc(sizeof(*b)), on_stack;
	uint32_t error_type;
	struct wd_queue *q;
	struct wd_dev *dev;
	uint8_t want[64];

	WDT_CHECK_EQ(open_started("dev=sim,sva=1", &dev, &q), WDT_PASS);
	cbc_vector(b, want);
	WDT_CHECK_EQ(cbc(q, (uintptr_t)b, &error_type), WDT_PASS);
	WDT_CHECK_EQ(error_type, 0);
	WDT_CHECK_MEM(b->dst, want, 64);
	cbc_vector(&on_stack, want);
	WDT_CHECK_EQ(cbc(q, (uintptr_t)&on_stack, &error_type), WDT_PASS);
	WDT_CHECK_EQ(error_type, 0);
	WDT_CHECK_MEM(on_stack.dst, want, 64);
	/* an error, and no signal */
	WDT_CHECK_EQ(cbc(q, 4096, &error_type), WDT_PASS);
	WDT_CHECK(error_type != 0);
	close_all(dev, q);
	free(b);
	return WDT_PASS;
}

WDT_TEST(sim_faults_while_running)
{
	struct wd_queue *q;
	struct wd_dev *dev;

	WDT_CHECK_EQ(open_started("dev=sim,run=inline,stall_ms=0,fault=error_type:7@2", &dev, &q),
			WDT_PASS);
	WDT_CHECK_EQ(rte_wd_sim_fault(0, "not_done@4"), 0);
	WDT_CHECK_EQ(rte_wd_sim_fault(0, "nothing"), -EINVAL);
	WDT_CHECK_EQ(submit_empty(q, 4), 4);
	WDT_CHECK_EQ(rte_wd_sim_step(0), 8);
	WDT_CHECK_EQ(completed(q, 4), 4);
	WDT_CHECK_EQ(error_type_at(q, 0), 0);
	WDT_CHECK_EQ(error_type_at(q, 1), 7);
	WDT_CHECK_EQ(status_at(q, 2) & HISI_SEC_STATUS_DONE, 1);
	WDT_CHECK_EQ(status_at(q, 3) & HISI_SEC_STATUS_DONE, 0);
	wd_queue_release(q, 4);
	for (unsigned int i = 2; i < 8; i++)
		WDT_CHECK_EQ(rte_wd_sim_fault(0, "drop@1000"), 0);
	WDT_CHECK_EQ(rte_wd_sim_fault(0, "drop@1000"), -ENOSPC);
	WDT_CHECK_EQ(rte_wd_sim_fault_clear(0), 0);

	rte_wd_queue_stop(q);
	WDT_CHECK_EQ(rte_wd_queue_start(q), 0);
	WDT_CHECK_EQ(submit_empty(q, 4), 4);
	WDT_CHECK_EQ(rte_wd_sim_step(0), 8);
	WDT_CHECK_EQ(error_type_at(q, 1), 0);
	close_all(dev, q);
	return WDT_PASS;
}

WDT_TEST(sim_reset_and_start_again)
{
	struct wd_queue *q;
	struct wd_dev *dev;

	WDT_CHECK_EQ(open_started("dev=sim", &dev, &q), WDT_PASS);
	for (unsigned int round = 0; round < 20; round++) {
		WDT_CHECK_EQ(submit_empty(q, 10), 10);
		WDT_CHECK_EQ(wait_completed(q, 10), 10);
		wd_queue_release(q, 10);
		WDT_CHECK(!wd_queue_dead(q));
		WDT_CHECK_EQ(rte_wd_sim_reset_queue(0, q->qn), 0);
		WDT_CHECK(wd_queue_dead(q));
		WDT_CHECK_EQ(submit_empty(q, 10), 0);
		rte_wd_queue_stop(q);
		WDT_CHECK_EQ(rte_wd_queue_start(q), 0);
	}
	close_all(dev, q);
	return WDT_PASS;
}

WDT_TEST(sim_queue_numbers_run_out)
{
	struct wd_queue **queues = calloc(HISI_QM_MAX_QUEUES, sizeof(*queues)), *one_more;
	struct wd_dev *dev;

	WDT_CHECK(queues != NULL);
	WDT_CHECK_EQ(open_args("dev=sim,depth=2", &dev), 0);
	for (unsigned int i = 0; i < HISI_QM_MAX_QUEUES; i++) {
		WDT_CHECK_EQ(open_queue(dev, &queues[i]), 0);
		WDT_CHECK_EQ(queues[i]->qn, i);
		WDT_CHECK_EQ(rte_wd_queue_start(queues[i]), 0);
	}
	WDT_CHECK_EQ(open_queue(dev, &one_more), -EBUSY);
	/* each one works */
	for (unsigned int i = 0; i < HISI_QM_MAX_QUEUES; i++)
		WDT_CHECK_EQ(submit_empty(queues[i], 1), 1);
	for (unsigned int i = 0; i < HISI_QM_MAX_QUEUES; i++)
		WDT_CHECK_EQ(wait_completed(queues[i], 1), 1);
	/* a number given back is given out again */
	close_queue(queues[700]);
	WDT_CHECK_EQ(open_queue(dev, &queues[700]), 0);
	WDT_CHECK_EQ(queues[700]->qn, 700);
	for (unsigned int i = 0; i < HISI_QM_MAX_QUEUES; i++)
		close_queue(queues[i]);
	rte_wd_dev_close(dev);
	free(queues);
	return WDT_PASS;
}

WDT_TEST(sim_devices_have_numbers)
{
	struct wd_queue *q[3];
	struct wd_dev *dev[3];

	for (unsigned int i = 0; i < 3; i++)
		WDT_CHECK_EQ(open_started("dev=sim,run=inline,stall_ms=0", &dev[i], &q[i]),
				WDT_PASS);
	WDT_CHECK_EQ(submit_empty(q[1], 5), 5);
	WDT_CHECK_EQ(rte_wd_sim_step(0), 0);
	WDT_CHECK_EQ(rte_wd_sim_step(2), 0);
	WDT_CHECK_EQ(rte_wd_sim_step(1), 10);
	WDT_CHECK_EQ(rte_wd_sim_step(3), -ENODEV);
	close_all(dev[1], q[1]);
	WDT_CHECK_EQ(rte_wd_sim_step(1), -ENODEV);
	WDT_CHECK_EQ(rte_wd_sim_step(2), 0);
	WDT_CHECK_EQ(open_started("dev=sim,run=inline,stall_ms=0", &dev[1], &q[1]), WDT_PASS);
	WDT_CHECK_EQ(rte_wd_sim_step(1), 0);
	for (unsigned int i = 0; i < 3; i++)
		close_all(dev[i], q[i]);
	return WDT_PASS;
}

static int
find_sim(const struct rte_wd_dev_info *info, void *arg)
{
	unsigned int *found = arg;

	if (strcmp(info->name, "sim") == 0 && strcmp(info->transport, "sim") == 0 &&
			info->available_queues > 0)
		(*found)++;
	return 0;
}

WDT_TEST(sim_is_in_the_list)
{
	unsigned int found = 0;

	WDT_CHECK_EQ(rte_wd_dev_iterate(find_sim, &found), 0);
	WDT_CHECK_EQ(found, 1);
	return WDT_PASS;
}
