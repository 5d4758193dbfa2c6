/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <endian.h>
#include <stdlib.h>

#include "test_model_sec.h"

int
rig_open(struct rig *rig, unsigned int version, enum wdm_engine engine)
{
	const struct wdm_dev_config conf = {
		.class = WDM_CLASS_SEC,
		.engine = engine,
		.hw_version = version,
	};

	memset(rig, 0, sizeof(*rig));
	rig->version = version;
	rig->engine_kind = engine;
	rig->engine = wdm_sec_ops.create(&conf);
	rig->space = wdm_space_create(NULL, NULL);
	rig->mem = aligned_alloc(4096, RIG_SIZE);
	WDT_CHECK(rig->engine != NULL && rig->space != NULL && rig->mem != NULL);
	WDT_CHECK_EQ(wdm_space_map(rig->space, RIG_BASE, rig->mem, RIG_SIZE), 0);
	memset(rig->mem, 0, RIG_SIZE);
	return WDT_PASS;
}

void
rig_close(struct rig *rig)
{
	wdm_sec_ops.destroy(rig->engine);
	wdm_space_destroy(rig->space);
	free(rig->mem);
}

int
rig_each(int (*fn)(struct rig *rig))
{
	static const enum wdm_engine engines[] = { WDM_ENGINE_AUTO, WDM_ENGINE_OPENSSL };

	for (unsigned int version = 2; version <= 3; version++) {
		for (unsigned int i = 0; i < 2; i++) {
			struct rig rig;
			int rc = rig_open(&rig, version, engines[i]);

			if (rc == WDT_PASS)
				rc = fn(&rig);
			if (rc != WDT_PASS)
				printf("# with hardware version %u, engine %s\n", version,
						engines[i] == WDM_ENGINE_AUTO ? "auto" : "openssl");
			rig_close(&rig);
			if (rc != WDT_PASS)
				return rc;
		}
	}
	return WDT_PASS;
}

struct sec_op
sec_op_default(void)
{
	return (struct sec_op){
		.de = 1,
		.scene = 1,
		.src = RIG_BASE + RIG_SRC,
		.dst = RIG_BASE + RIG_DST,
		.mac = RIG_BASE + RIG_MAC,
		.c_key = RIG_BASE + RIG_C_KEY,
		.a_key = RIG_BASE + RIG_A_KEY,
		.c_iv = RIG_BASE + RIG_C_IV,
		.a_iv = RIG_BASE + RIG_A_IV,
	};
}

/* `width` bits from bit `lsb` of the little-endian word that starts at `byte`. */
static void
put(uint8_t *sqe, unsigned int byte, unsigned int lsb, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++) {
		const unsigned int bit = lsb + i;

		if (value >> i & 1)
			sqe[byte + bit / 8] |= (uint8_t)(1U << bit % 8);
	}
}

static void
encode_bd2(const struct sec_op *op, uint8_t *sqe)
{
	put(sqe, 0, 0, 4, 2);
	put(sqe, 0, 4, 2, op->cipher);
	put(sqe, 0, 6, 2, op->auth);
	put(sqe, 1, 0, 1, op->seq);
	put(sqe, 1, 1, 2, op->de);
	put(sqe, 1, 3, 4, op->scene);
	put(sqe, 1, 7, 1, op->src_type);
	put(sqe, 2, 0, 2, op->src_type >> 1);
	put(sqe, 2, 2, 3, op->dst_type);
	put(sqe, 2, 5, 3, op->mac_type);
	put(sqe, 4, 6, 2, op->ci_gen);
	put(sqe, 5, 0, 2, op->ai_gen);
	put(sqe, 5, 2, 2, op->no_pad);
	put(sqe, 7, 7, 1, op->bd_invalid);
	put(sqe, 8, 0, 5, op->mac_words);
	put(sqe, 8, 5, 6, op->a_key_words);
	put(sqe, 8, 11, 6, op->a_alg);
	put(sqe, 12, 0, 6, op->c_icv_len);
	put(sqe, 12, 6, 3, op->c_width);
	put(sqe, 12, 9, 3, op->c_key_code);
	put(sqe, 12, 12, 4, op->c_mode);
	put(sqe, 14, 0, 4, op->c_alg);
	put(sqe, 16, 0, 24, op->a_len);
	put(sqe, 20, 0, 24, op->c_len);
	put(sqe, 24, 0, 16, op->a_off);
	put(sqe, 26, 0, 16, op->c_off);
	put(sqe, 40, 0, 16, 0xbeef);
	put(sqe, 48, 0, 64, op->long_bits);
	put(sqe, 56, 0, 64, op->a_iv);
	put(sqe, 64, 0, 64, op->a_key);
	put(sqe, 72, 0, 64, op->mac);
	put(sqe, 80, 0, 64, op->c_iv);
	put(sqe, 88, 0, 64, op->c_key);
	put(sqe, 96, 0, 64, op->src);
	put(sqe, 104, 0, 64, op->dst);
}

static void
encode_bd3(const struct sec_op *op, uint8_t *sqe)
{
	put(sqe, 0, 0, 4, 3);
	put(sqe, 0, 4, 1, op->bd_invalid);
	put(sqe, 0, 5, 4, op->scene);
	put(sqe, 0, 9, 2, op->de);
	put(sqe, 0, 11, 3, op->src_type);
	put(sqe, 0, 14, 3, op->dst_type);
	put(sqe, 0, 17, 3, op->mac_type);
	put(sqe, 4, 0, 2, op->cipher);
	put(sqe, 4, 2, 2, op->ci_gen);
	put(sqe, 4, 4, 6, op->c_icv_len);
	put(sqe, 4, 10, 3, op->c_width);
	put(sqe, 4, 13, 3, op->c_key_code);
	put(sqe, 6, 0, 4, op->c_mode);
	put(sqe, 6, 4, 4, op->c_alg);
	put(sqe, 7, 6, 1, op->seq);
	put(sqe, 8, 0, 64, 0xfeedfacecafebeefULL);
	put(sqe, 16, 0, 64, op->src);
	put(sqe, 24, 0, 64, op->a_key);
	put(sqe, 32, 0, 64, op->a_iv);
	put(sqe, 48, 0, 64, op->c_key);
	put(sqe, 56, 0, 2, op->auth);
	put(sqe, 56, 2, 2, op->ai_gen);
	put(sqe, 56, 4, 5, op->mac_words);
	put(sqe, 56, 9, 6, op->a_key_words);
	put(sqe, 56, 15, 6, op->a_alg);
	put(sqe, 56, 25, 2, op->ctr_mode);
	put(sqe, 64, 0, 16, op->a_off);
	put(sqe, 66, 0, 16, op->c_off);
	put(sqe, 68, 0, 24, op->a_len);
	put(sqe, 72, 0, 24, op->c_len);
	put(sqe, 76, 0, 64, op->dst);
	put(sqe, 84, 0, 64, op->mac);
	put(sqe, 92, 0, 64, op->c_iv);
	put(sqe, 100, 0, 64, op->long_bits);
	put(sqe, 108, 0, 2, op->no_pad);
	put(sqe, 108, 5, 1, op->mac_sel);
}

void
sec_op_encode(unsigned int version, const struct sec_op *op, uint8_t sqe[128])
{
	memset(sqe, 0, 128);
	if (version == 2)
		encode_bd2(op, sqe);
	else
		encode_bd3(op, sqe);
	/* stale results, as a reused ring slot has them */
	memset(sqe + 112, 0xa5, 16);
}

static unsigned int
get(const uint8_t *sqe, unsigned int byte, unsigned int lsb, unsigned int width)
{
	unsigned int value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (sqe[byte + (lsb + i) / 8] >> (lsb + i) % 8 & 1U) << i;
	return value;
}

static int
read_back(struct rig *rig, const struct wdm_task *task, const uint8_t *sent)
{
	uint8_t ring[128];

	WDT_CHECK_MEM(task->sqe, sent, 112);
	memset(ring, 0x5a, sizeof(ring));
	wdm_sec_ops.writeback(ring, task);
	for (unsigned int i = 0; i < 112; i++)
		WDT_CHECK_EQ(ring[i], 0x5a);
	WDT_CHECK_MEM(ring + 112, task->sqe + 112, 16);
	rig->done = get(ring, 112, 0, 1);
	rig->icv = get(ring, 112, 1, 3);
	rig->flag = get(ring, 112, 7, 4);
	rig->error_type = ring[114];
	rig->task_error = task->error;
	return WDT_PASS;
}

int
rig_run_many(struct rig *rig, const struct sec_op *ops, unsigned int nb)
{
	static struct wdm_task tasks[WDM_BATCH];
	static uint8_t sent[WDM_BATCH][128];

	for (unsigned int i = 0; i < nb; i++) {
		sec_op_encode(rig->version, &ops[i], sent[i]);
		memcpy(tasks[i].sqe, sent[i], 128);
		tasks[i].error = false;
	}
	wdm_space_lock(rig->space);
	wdm_sec_ops.run(rig->engine, rig->space, 0, tasks, nb);
	wdm_space_unlock(rig->space);
	for (unsigned int i = 0; i < nb; i++) {
		WDT_CHECK_EQ(read_back(rig, &tasks[i], sent[i]), WDT_PASS);
		if (rig->error_type != 0 || rig->done != 1 || rig->icv != 0)
			break; /* the rig shows the first that is not good */
	}
	return WDT_PASS;
}

int
rig_run(struct rig *rig, const struct sec_op *op)
{
	return rig_run_many(rig, op, 1);
}

uint64_t
rig_sgl(struct rig *rig, uint32_t at, uint64_t iova, uint32_t len, const uint32_t *pieces,
		unsigned int nb)
{
	uint8_t *head = rig_at(rig, at);
	unsigned int used = 0;

	memset(head, 0, 64 + 32 * (nb + 1));
	for (unsigned int i = 0; len > 0; i++) {
		const uint32_t n = i < nb && pieces[i] < len ? pieces[i] : len;

		put(head, 64 + 32 * used, 0, 64, iova);
		put(head, 64 + 32 * used + 16, 0, 32, n);
		iova += n;
		len -= n;
		used++;
	}
	/* the sum over the chain and the capacity are not the device's business */
	put(head, 8, 0, 16, 0xffff);
	put(head, 10, 0, 16, used);
	put(head, 12, 0, 16, 1);
	return RIG_BASE + at;
}
