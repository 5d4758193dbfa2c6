/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Driving the SEC engine of the software device directly: descriptors are made
 * here from the bit positions of the layout tables, not from the macros of
 * hisi_sec.h, so that an error there shows.
 */

#ifndef TEST_MODEL_SEC_H
#define TEST_MODEL_SEC_H

#include "engine.h"
#include "hisi_sec.h"
#include "wdt.h"

/* Client memory: one mapping, areas inside it. */
#define RIG_BASE 0x7f0000000000ULL
#define RIG_C_KEY 0x0U
#define RIG_A_KEY 0x200U
#define RIG_C_IV 0x400U
#define RIG_A_IV 0x500U
#define RIG_MAC 0x600U
#define RIG_SGL 0x1000U /* lists */
#define RIG_SRC 0x100000U
#define RIG_DST 0x200000U
#define RIG_SIZE 0x300000U
/* far from it, not mapped */
#define RIG_NOWHERE 0x123456780000ULL

struct rig {
	unsigned int version;
	enum wdm_engine engine_kind;
	void *engine;
	struct wdm_space *space;
	uint8_t *mem;
	/* result of the last descriptor */
	unsigned int done, icv, flag, error_type;
	bool task_error;
};

/** All combinations of version and engine; the callback's first failure ends it. */
int rig_each(int (*fn)(struct rig *rig));
int rig_open(struct rig *rig, unsigned int version, enum wdm_engine engine);
void rig_close(struct rig *rig);

static inline uint8_t *
rig_at(struct rig *rig, uint32_t offset)
{
	return rig->mem + offset;
}

/** A descriptor in the words of the recipes; what is 0 stays 0 in the descriptor. */
struct sec_op {
	uint8_t cipher, auth, seq, de, scene, src_type, dst_type;
	uint8_t ai_gen, no_pad, bd_invalid, ci_gen, mac_type;
	uint8_t c_alg, c_mode, c_width, c_key_code, c_icv_len, ctr_mode, mac_sel;
	uint8_t a_alg, mac_words, a_key_words;
	uint32_t a_len, c_len;
	uint16_t a_off, c_off;
	uint64_t long_bits;
	uint64_t src, dst, mac, c_key, a_key, c_iv, a_iv;
};

/** Everything at its place in the rig. */
struct sec_op sec_op_default(void);
void sec_op_encode(unsigned int version, const struct sec_op *op, uint8_t sqe[128]);

/**
 * Run one descriptor; the result is in the rig. WDT_FAIL when the engine
 * touched anything of the descriptor but its result words.
 */
int rig_run(struct rig *rig, const struct sec_op *op);
int rig_run_many(struct rig *rig, const struct sec_op *ops, unsigned int nb);

/** A list over [iova, iova + len) in pieces of the given lengths, the last one taking the rest. */
uint64_t rig_sgl(struct rig *rig, uint32_t at, uint64_t iova, uint32_t len, const uint32_t *pieces,
		unsigned int nb);

/* What a test can say of the last result. */
#define RIG_CHECK_GOOD(rig, want_flag)                                                             \
	do {                                                                                       \
		WDT_CHECK_EQ((rig)->error_type, 0);                                                \
		WDT_CHECK_EQ((rig)->done, 1);                                                      \
		WDT_CHECK_EQ((rig)->icv, 0);                                                       \
		WDT_CHECK_EQ((rig)->flag, want_flag);                                              \
		WDT_CHECK(!(rig)->task_error);                                                     \
	} while (0)
#define RIG_CHECK_ERROR(rig)                                                                       \
	do {                                                                                       \
		WDT_CHECK_EQ((rig)->done, 1);                                                      \
		WDT_CHECK((rig)->error_type != 0);                                                 \
		WDT_CHECK((rig)->task_error);                                                      \
	} while (0)

#endif /* TEST_MODEL_SEC_H */
