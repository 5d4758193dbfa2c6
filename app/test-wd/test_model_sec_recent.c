/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The SEC engine remembers what it has found out about descriptors. One that differs
 * from a remembered one in any bit must get what an engine makes of it that has
 * never seen any.
 */

#include <malloc.h>

#include "hisi_qm.h"
#include "test_model_sec.h"

#define AREA 256U
#define NB_SHAPES 4
#define NB_BITS (8 * HISI_SEC_STATUS_OFFSET) /* of a descriptor, which the client writes */

static struct sec_op
op_of(unsigned int i)
{
	struct sec_op op = sec_op_default();

	op.cipher = 1;
	op.c_alg = 2;
	op.c_mode = 1;
	op.c_off = 16;
	op.c_len = 64;
	if (i == 1) { /* in place, with an HMAC */
		op.de = 0;
		op.auth = 1;
		op.a_alg = 0x10;
		op.a_key_words = 5;
		op.mac_words = 5;
		op.a_len = 96;
	} else if (i == 2) { /* GCM */
		op.c_mode = 6;
		op.c_icv_len = 16;
		op.a_len = 16;
	} else if (i == 3) { /* in place by its addresses: what a list would be is data, too */
		op.dst = op.src;
	}
	return op;
}

static void
areas_set(struct rig *rig)
{
	for (unsigned int i = 0; i < AREA; i++) {
		rig_at(rig, RIG_C_KEY)[i] = (uint8_t)(i * 7);
		rig_at(rig, RIG_A_KEY)[i] = (uint8_t)(i * 5 + 1);
		rig_at(rig, RIG_C_IV)[i] = (uint8_t)(i * 3 + 2);
		rig_at(rig, RIG_SRC)[i] = (uint8_t)(i * 11 + 3);
		rig_at(rig, RIG_DST)[i] = 0x77;
		rig_at(rig, RIG_MAC)[i] = 0x66;
	}
}

static void
run(struct rig *rig, const uint8_t *sqe, struct wdm_task *task)
{
	memset(task, 0, sizeof(*task));
	memcpy(task->sqe, sqe, sizeof(task->sqe));
	areas_set(rig);
	wdm_space_lock(rig->space);
	wdm_sec_ops.run(rig->engine, rig->space, HISI_SEC_QC_TYPE, task, 1);
	wdm_space_unlock(rig->space);
}

/* An engine that has seen nothing, over the same memory. */
static int
forget(struct rig *rig)
{
	const struct wdm_dev_config conf = {
		.class = WDM_CLASS_SEC,
		.engine = rig->engine_kind,
		.hw_version = rig->version,
	};

	wdm_sec_ops.destroy(rig->engine);
	rig->engine = wdm_sec_ops.create(&conf);
	return rig->engine != NULL ? WDT_PASS : WDT_FAIL;
}

static int
each_bit(struct rig *knows, struct rig *new, unsigned int shape, unsigned int step)
{
	const struct sec_op op = op_of(shape);
	uint8_t sqe[WDM_SQE_MAX] = { 0 };
	struct wdm_task got, want;

	sec_op_encode(knows->version, &op, sqe);
	for (unsigned int bit = (unsigned int)(wdt_random() % step); bit < NB_BITS; bit += step) {
		/* twice: remembered, and recalled */
		run(knows, sqe, &got);
		WDT_CHECK(!got.error);
		run(knows, sqe, &got);
		WDT_CHECK(!got.error);
		sqe[bit / 8] ^= (uint8_t)(1U << bit % 8);
		/* twice, too: it may be remembered in turn */
		run(knows, sqe, &got);
		run(knows, sqe, &got);
		/* as often, as it may write where nothing is set anew */
		for (unsigned int i = 0; i < 2; i++) {
			WDT_CHECK_EQ(forget(new), WDT_PASS);
			run(new, sqe, &want);
		}
		sqe[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (memcmp(got.sqe, want.sqe, sizeof(got.sqe)) != 0 || got.error != want.error ||
				memcmp(knows->mem, new->mem, RIG_DST + AREA) != 0) {
			printf("# version %u, op %u, bit %u\n", knows->version, shape, bit);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_recent_each_bit_counts)
{
	const unsigned int step = NB_BITS / wdt_fewer(NB_BITS, "bits of a descriptor");

	/* meson has the C library fill what is freed: 50 MB with each engine */
	mallopt(M_PERTURB, 0);
	for (unsigned int version = 2; version <= 3; version++) {
		struct rig knows, new;
		int rc = WDT_PASS;

		/* one without libipsec-mb is made sooner */
		WDT_CHECK_EQ(rig_open(&knows, version, WDM_ENGINE_OPENSSL), WDT_PASS);
		WDT_CHECK_EQ(rig_open(&new, version, WDM_ENGINE_OPENSSL), WDT_PASS);
		for (unsigned int shape = 0; rc == WDT_PASS && shape < NB_SHAPES; shape++)
			rc = each_bit(&knows, &new, shape, step);
		rig_close(&knows);
		rig_close(&new);
		WDT_CHECK_EQ(rc, WDT_PASS);
	}
	return WDT_PASS;
}
