/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The short way must end as the careful one does: each layout, and each batch of all
 * kinds, goes through an engine that sees its like for the first time, which is careful,
 * and then once more.
 */

#include <endian.h>
#include <malloc.h>
#include <string.h>

#include "hisi_qm.h"
#include "test_model_sec.h"

#define AAD 20U
#define LEN 48U
#define DATA (RIG_SRC + 0x100)
#define OUT (RIG_DST + 0x100)
#define SRC_LIST RIG_SGL
#define ODD_LIST (RIG_SGL + 0x420) /* not where a list may be, else as SRC_LIST */
#define DST_LIST (RIG_SGL + 0x800)
#define CUT_LIST (RIG_SIZE - 64) /* its entries are not mapped */
#define NULL_LIST UINT64_MAX /* the list as it is, but at address 0 */
#define AT(offset) (RIG_BASE + (offset))

struct entry {
	uint64_t addr;
	uint32_t len;
};

struct layout {
	const char *name;
	struct entry src[3], dst[3]; /* up to one of no address; no dst: in place */
	uint64_t src_list, dst_list; /* 0: where the list is */
	uint64_t mac, iv; /* 0: where they belong */
	uint16_t nb_src; /* entries the list says there are; 0: those above */
	uint16_t a_off, behind; /* where associated data starts, how far the payload is behind it */
	bool flat_dst; /* the result goes to where its list is */
	bool no_aad;
};

#define PAIR(aad, data)                                                                            \
	{                                                                                          \
		{ aad, AAD },                                                                      \
		{                                                                                  \
			data, LEN                                                                  \
		}                                                                                  \
	}
#define PLAIN_SRC .src = PAIR(AT(RIG_SRC), AT(DATA))
#define PLAIN_DST .dst = PAIR(AT(RIG_DST), AT(OUT))

static const struct layout layouts[] = {
	{ "apart", PLAIN_SRC, PLAIN_DST },
	{ "in place", PLAIN_SRC },
	{ "the same list twice", PLAIN_SRC, PLAIN_DST, .dst_list = AT(SRC_LIST) },
	{ "the same data by two lists", PLAIN_SRC, .dst = PAIR(AT(RIG_SRC), AT(DATA)) },
	{ "more room than payload", .src = { { AT(RIG_SRC), AAD }, { AT(DATA), LEN + 9 } },
			.dst = { { AT(RIG_DST), AAD }, { AT(OUT), LEN + 1 } } },
	{ "payload right behind", .src = PAIR(AT(RIG_SRC), AT(RIG_SRC + AAD)), PLAIN_DST },
	{ "first entry too short", .src = { { AT(RIG_SRC), AAD - 1 }, { AT(DATA), LEN + 1 } },
			PLAIN_DST },
	{ "first entry too long", .src = { { AT(RIG_SRC), AAD + 1 }, { AT(DATA), LEN } },
			PLAIN_DST },
	{ "second entry too short", .src = { { AT(RIG_SRC), AAD }, { AT(DATA), LEN - 1 } },
			PLAIN_DST },
	{ "no second entry", .src = { { AT(RIG_SRC), AAD } }, PLAIN_DST },
	{ "second entry not counted", PLAIN_SRC, PLAIN_DST, .nb_src = 1 },
	{ "second entry empty", .src = { { AT(RIG_SRC), AAD }, { AT(DATA), 0 } }, PLAIN_DST },
	{ "second entry too large", .src = { { AT(RIG_SRC), AAD }, { AT(DATA), 0x800001 } },
			PLAIN_DST },
	{ "associated data not from the start", PLAIN_SRC, PLAIN_DST, .a_off = 3 },
	{ "payload not right behind", .src = { { AT(RIG_SRC), AAD }, { AT(DATA), LEN + 3 } },
			.dst = { { AT(RIG_DST), AAD }, { AT(OUT), LEN + 3 } }, .behind = 3 },
	{ "empty entry for no associated data", .src = { { AT(RIG_SRC), 0 }, { AT(DATA), LEN } },
			.no_aad = true },
	{ "three entries", .src = { { AT(RIG_SRC), AAD }, { AT(DATA), 16 }, { AT(DATA + 99), 32 } },
			PLAIN_DST },
	{ "associated data nowhere", .src = PAIR(RIG_NOWHERE, AT(DATA)), PLAIN_DST },
	{ "payload nowhere", .src = PAIR(AT(RIG_SRC), RIG_NOWHERE), PLAIN_DST },
	{ "payload over the end", .src = PAIR(AT(RIG_SRC), AT(RIG_SIZE - LEN + 1)), PLAIN_DST },
	{ "result nowhere", PLAIN_SRC, .dst = PAIR(AT(RIG_DST), RIG_NOWHERE) },
	{ "result of the associated data nowhere", PLAIN_SRC, .dst = PAIR(RIG_NOWHERE, AT(OUT)) },
	{ "no list", PLAIN_SRC, PLAIN_DST, .src_list = RIG_NOWHERE },
	{ "list not aligned", PLAIN_SRC, PLAIN_DST, .src_list = AT(ODD_LIST) },
	{ "list at address 0", PLAIN_SRC, PLAIN_DST, .src_list = NULL_LIST },
	{ "list without its entries", PLAIN_SRC, PLAIN_DST, .src_list = AT(CUT_LIST) },
	{ "no list for the result", PLAIN_SRC, PLAIN_DST, .dst_list = RIG_NOWHERE },
	{ "MAC nowhere", PLAIN_SRC, PLAIN_DST, .mac = RIG_NOWHERE },
	{ "IV nowhere", PLAIN_SRC, PLAIN_DST, .iv = RIG_NOWHERE },
	{ "result over the associated data", PLAIN_SRC,
			.dst = PAIR(AT(RIG_DST), AT(RIG_SRC + AAD - 1)) },
	{ "result before the associated data", PLAIN_SRC,
			.dst = PAIR(AT(RIG_DST), AT(RIG_SRC - LEN + 1)) },
	{ "result a little behind the payload", PLAIN_SRC,
			.dst = PAIR(AT(RIG_DST), AT(DATA + 16)) },
	{ "result a little before the payload", PLAIN_SRC, .dst = PAIR(AT(RIG_DST), AT(DATA - 1)) },
	{ "associated data in the payload", .src = PAIR(AT(DATA + 8), AT(DATA)) },
	{ "MAC over the payload", PLAIN_SRC, .mac = AT(DATA + 8) },
	{ "IV in the payload", PLAIN_SRC, .iv = AT(DATA + 8) },
	{ "result over the list", PLAIN_SRC, PLAIN_DST, .dst_list = AT(SRC_LIST),
			.flat_dst = true },
};

static void
list_write(struct rig *rig, uint32_t at, const struct entry entry[3], uint16_t nb_said)
{
	uint8_t *head = rig_at(rig, at);
	uint16_t nb = 0;

	memset(head, 0, 0x200);
	while (nb < 3 && entry[nb].addr != 0) {
		const uint64_t addr = htole64(entry[nb].addr);
		const uint32_t len = htole32(entry[nb].len);

		memcpy(head + 64 + 32 * nb, &addr, sizeof(addr));
		memcpy(head + 64 + 32 * nb + 16, &len, sizeof(len));
		nb++;
	}
	nb = htole16(nb_said > 0 ? nb_said : nb);
	memcpy(head + 10, &nb, sizeof(nb));
}

static struct sec_op
lay(struct rig *rig, const struct layout *l, bool ccm)
{
	struct sec_op op = sec_op_default();

	list_write(rig, SRC_LIST, l->src, l->nb_src);
	list_write(rig, ODD_LIST, l->src, l->nb_src);
	list_write(rig, DST_LIST, l->dst, 0);
	memcpy(rig_at(rig, CUT_LIST), rig_at(rig, SRC_LIST), 64);
	op.cipher = 1;
	op.c_alg = 2;
	op.c_mode = ccm ? 5 : 6;
	op.c_icv_len = 16;
	op.a_off = l->a_off;
	op.a_len = l->no_aad ? 0 : AAD;
	op.c_off = (uint16_t)(op.a_len + l->behind);
	op.c_len = LEN;
	op.src_type = 1;
	op.src = l->src_list == NULL_LIST ? 0 : l->src_list != 0 ? l->src_list : AT(SRC_LIST);
	op.de = l->dst[0].addr != 0;
	op.dst_type = op.de && !l->flat_dst;
	if (op.de)
		op.dst = l->dst_list != 0 ? l->dst_list : AT(DST_LIST);
	if (l->mac != 0)
		op.mac = l->mac;
	if (l->iv != 0)
		op.c_iv = l->iv;
	return op;
}

/* All that descriptors may change: sources, results, MAC, lists, up to the end of memory. */
static void
image_take(struct rig *rig, uint8_t image[5][4096])
{
	memcpy(image[0], rig_at(rig, RIG_SRC - 2048), 4096);
	memcpy(image[1], rig_at(rig, RIG_DST - 2048), 4096);
	memcpy(image[2], rig_at(rig, 0), 4096);
	memcpy(image[3], rig_at(rig, RIG_SIZE - 4096), 4096);
	memcpy(image[4], rig_at(rig, RIG_SGL), 4096);
}

static void
image_put(struct rig *rig, uint8_t image[5][4096])
{
	memcpy(rig_at(rig, RIG_SRC - 2048), image[0], 4096);
	memcpy(rig_at(rig, RIG_DST - 2048), image[1], 4096);
	memcpy(rig_at(rig, 0), image[2], 4096);
	memcpy(rig_at(rig, RIG_SIZE - 4096), image[3], 4096);
	memcpy(rig_at(rig, RIG_SGL), image[4], 4096);
}

static int
both_ways(struct rig *rig, const struct layout *l, bool ccm)
{
	static uint8_t before[5][4096], careful[5][4096], quick[5][4096];
	static const uint8_t one[16] = { 2 };
	struct sec_op op;
	struct rig first;

	for (unsigned int i = 0; i < 5; i++)
		wdt_random_bytes(before[i], 4096);
	memcpy(before[2] + RIG_C_IV, one, 1);
	WDT_CHECK_EQ(rig_open(&first, rig->version, rig->engine_kind), WDT_PASS);
	WDT_CHECK_EQ(wdm_space_map(first.space, 0, rig_at(&first, SRC_LIST), 4096), 0);
	image_put(&first, before);
	op = lay(&first, l, ccm);
	WDT_CHECK_EQ(rig_run(&first, &op), WDT_PASS);
	image_take(&first, careful);
	for (unsigned int i = 0; i < 2; i++) {
		struct rig again = first;

		image_put(&again, before);
		lay(&again, l, ccm);
		WDT_CHECK_EQ(rig_run(&again, &op), WDT_PASS);
		image_take(&again, quick);
		WDT_CHECK_EQ(again.error_type, first.error_type);
		WDT_CHECK_EQ(again.flag, first.flag);
		WDT_CHECK_MEM(quick[0], careful[0], sizeof(quick));
	}
	rig_close(&first);
	return WDT_PASS;
}

static int
layouts_all(struct rig *rig)
{
	for (size_t i = 0; i < 2 * sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct layout *l = &layouts[i / 2];

		if (both_ways(rig, l, i % 2) != WDT_PASS) {
			printf("# %s, %s\n", l->name, i % 2 ? "CCM" : "GCM");
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_quick_as_careful)
{
	/* meson has the C library fill what is freed: 50 MB with each engine */
	mallopt(M_PERTURB, 0);
	return rig_each(layouts_all);
}

#define NB_OPS 24U
#define ROOM 2048U /* of data, for each op */
#define MACS 0x8000U
#define IVS 0x9000U

/* AES most often, else what goes through the library's queue, or is not its business. */
static void
random_cipher(struct sec_op *op, bool aead, bool few)
{
	op->cipher = 1 + (wdt_random() & 1);
	op->c_alg = 2;
	op->c_mode = aead ? 6 : 1;
	op->ctr_mode = wdt_random() & 1 ? 2 : 0; /* how far the counter carries */
	op->c_icv_len = aead ? 16 : 0;
	op->c_off = (uint16_t)(wdt_random() % 64);
	op->c_len = 16 * (1 + (uint32_t)(wdt_random() % 64));
	if (few)
		return;
	if (wdt_random() % 4 == 0) { /* SM4, 3DES */
		op->c_alg = aead ? 3 : 1;
		op->c_key_code = !aead;
		return;
	}
	op->c_key_code = (uint8_t)(wdt_random() % 3);
	if (!aead && wdt_random() & 1)
		op->c_mode = 4;
}

/* Whole or empty, or a part of a stream. */
static void
random_hmac(struct sec_op *op, bool few)
{
	static const uint8_t hmacs[] = { 0x10, 0x11, 0x13, 0x15 };

	op->auth = 1 + (wdt_random() & 1);
	op->seq = wdt_random() & 1;
	op->a_alg = hmacs[few ? 0 : wdt_random() % 4];
	op->a_key_words = 5;
	op->mac_words = 1 + (uint8_t)(wdt_random() % 5);
	op->a_off = (uint16_t)(wdt_random() % 64);
	op->a_len = wdt_random() % 16 == 0 ? 0 : 1 + (uint32_t)(wdt_random() % 1200);
	if (wdt_random() % 8 != 0)
		return;
	op->auth = 1;
	op->no_pad = wdt_random() & 1;
	op->ai_gen = !op->no_pad || wdt_random() & 1;
	op->a_len = 128 * (1 + (uint32_t)(wdt_random() % 8));
	op->long_bits = 8 * (128 + op->a_len);
}

/* A cipher, HMAC, both, or GCM without associated data: no lists. few: algorithms. */
static struct sec_op
random_op(unsigned int i, bool few)
{
	struct sec_op op = sec_op_default();
	const unsigned int kind = (unsigned int)(wdt_random() % 4);

	op.src = AT(RIG_SRC) + ROOM * i;
	op.dst = AT(RIG_DST) + ROOM * i;
	op.mac = AT(MACS) + 64 * i;
	op.c_iv = AT(IVS) + 16 * i;
	op.de = wdt_random() & 1;
	if (kind != 1)
		random_cipher(&op, kind == 3, few);
	if (kind == 1 || kind == 2)
		random_hmac(&op, few);
	if (wdt_random() % 16 == 0) { /* in part, which none may write: they have no order */
		op.src = AT(RIG_SIZE) - wdt_random() % 1024;
		op.de = 1;
	}
	if (wdt_random() % 16 == 0)
		op.mac = RIG_NOWHERE;
	return op;
}

static void
tasks_run(struct rig *rig, const struct sec_op *ops, struct wdm_task *tasks)
{
	for (unsigned int i = 0; i < NB_OPS; i++) {
		memset(&tasks[i], 0, sizeof(tasks[i]));
		sec_op_encode(rig->version, &ops[i], tasks[i].sqe);
	}
	wdm_space_lock(rig->space);
	wdm_sec_ops.run(rig->engine, rig->space, HISI_SEC_QC_TYPE, tasks, NB_OPS);
	wdm_space_unlock(rig->space);
}

/*
 * The right MACs of those that are to verify one, and in every third a bit is wrong. By
 * another engine: that of the rig is yet to see these descriptors for the first time.
 */
static int
macs_make(const struct rig *rig, const struct sec_op *ops, uint8_t *before, struct wdm_task *tasks)
{
	struct sec_op makes[NB_OPS];
	struct rig maker;

	for (unsigned int i = 0; i < NB_OPS; i++) {
		makes[i] = ops[i];
		if (ops[i].auth == 2)
			makes[i].auth = 1;
	}
	WDT_CHECK_EQ(rig_open(&maker, rig->version, rig->engine_kind), WDT_PASS);
	memcpy(maker.mem, before, RIG_SIZE);
	tasks_run(&maker, makes, tasks);
	for (unsigned int i = 0; i < NB_OPS; i++) {
		memcpy(before + MACS + 64 * i, rig_at(&maker, MACS + 64 * i), 64);
		before[MACS + 64 * i] ^= i % 3 == 0;
	}
	rig_close(&maker);
	return WDT_PASS;
}

static int
batches(struct rig *rig, bool few)
{
	static struct wdm_task first[NB_OPS], again[NB_OPS];
	static uint8_t before[RIG_SIZE], careful[RIG_SIZE];
	struct sec_op ops[NB_OPS], turned[NB_OPS];

	wdt_random_bytes(before, sizeof(before));
	for (unsigned int i = 0; i < NB_OPS; i++) {
		ops[i] = random_op(i, few);
		turned[NB_OPS - 1 - i] = ops[i];
		if (i % 4 == 0) /* CTR: the low word runs over */
			memset(before + IVS + 16 * i + 12, 0xff, 4);
	}
	WDT_CHECK_EQ(macs_make(rig, ops, before, first), WDT_PASS);
	memcpy(rig->mem, before, RIG_SIZE);
	tasks_run(rig, ops, first);
	memcpy(careful, rig->mem, RIG_SIZE);
	/* once in another order: nothing may be left of what was at the same place before */
	for (unsigned int round = 0; round < 3; round++) {
		memcpy(rig->mem, before, RIG_SIZE);
		tasks_run(rig, round % 2 ? turned : ops, again);
		for (unsigned int i = 0; i < NB_OPS; i++) {
			const struct wdm_task *want = &first[round % 2 ? NB_OPS - 1 - i : i];

			WDT_CHECK_EQ(again[i].error, want->error);
			WDT_CHECK_MEM(again[i].sqe, want->sqe, sizeof(want->sqe));
		}
		WDT_CHECK_MEM(rig->mem, careful, RIG_SIZE);
	}
	return WDT_PASS;
}

/* An engine each time, as one that has seen more is not careful. */
static int
batches_all(struct rig *rig)
{
	for (unsigned int i = 0; i < wdt_fewer(40, "batches"); i++) {
		struct rig new;
		int rc;

		WDT_CHECK_EQ(rig_open(&new, rig->version, rig->engine_kind), WDT_PASS);
		rc = batches(&new, i % 2);
		rig_close(&new);
		WDT_CHECK_EQ(rc, WDT_PASS);
	}
	return WDT_PASS;
}

WDT_TEST(sec_quick_batches)
{
	mallopt(M_PERTURB, 0); /* as above */
	return rig_each(batches_all);
}

/* Of two sessions that differ in their keys only. */
static struct sec_op
verify_op(unsigned int i)
{
	const unsigned int session = i < NB_OPS / 2;
	struct sec_op op = sec_op_default();

	op.src += ROOM * i;
	op.dst += ROOM * i;
	op.mac = AT(MACS) + 64 * i;
	op.c_key += 64 * session;
	op.a_key += 64 * session;
	op.cipher = 2;
	op.c_alg = 2;
	op.c_mode = 1;
	op.c_off = AAD;
	op.c_len = LEN;
	op.auth = 1;
	op.seq = 1;
	op.a_alg = 0x11;
	op.a_key_words = 5;
	op.mac_words = 3;
	op.a_len = AAD + LEN;
	return op;
}

/* All share one call to the library, which must not decipher what does not verify. */
static int
some_verify(struct rig *rig)
{
	static struct wdm_task tasks[NB_OPS];
	static uint8_t source[NB_OPS * ROOM];
	struct sec_op ops[NB_OPS], turned[NB_OPS];

	wdt_random_bytes(rig->mem, RIG_SIZE);
	memcpy(source, rig_at(rig, RIG_SRC), sizeof(source));
	for (unsigned int i = 0; i < NB_OPS; i++)
		ops[i] = verify_op(i);
	/* what they are deciphered to, and the right MACs */
	tasks_run(rig, ops, tasks);
	for (unsigned int i = 0; i < NB_OPS; i++) {
		WDT_CHECK(!tasks[i].error);
		ops[i].auth = 2;
		ops[i].de = 0;
		turned[NB_OPS - 1 - i] = ops[i];
		rig_at(rig, MACS + 64 * i)[11] ^= i % 3 == 1;
	}
	for (unsigned int round = 0; round < 4; round++) {
		memcpy(rig_at(rig, RIG_SRC), source, sizeof(source));
		tasks_run(rig, round % 2 ? turned : ops, tasks);
		for (unsigned int i = 0; i < NB_OPS; i++) {
			const struct wdm_task *task = &tasks[round % 2 ? NB_OPS - 1 - i : i];
			const bool wrong = i % 3 == 1;

			WDT_CHECK_EQ(task->error, wrong);
			WDT_CHECK_EQ(task->sqe[112] & 0xf, wrong ? 0x5 : 0x1);
			WDT_CHECK_MEM(rig_at(rig, RIG_SRC + ROOM * i) + AAD,
					wrong ? source + ROOM * i + AAD :
						rig_at(rig, RIG_DST + ROOM * i) + AAD,
					LEN);
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_quick_some_verify)
{
	return rig_each(some_verify);
}

/* One that is new, where a known one was before, ahead of one that is known but needs care. */
static int
new_before_known(struct rig *rig)
{
	struct sec_op ops[2];
	uint8_t want[LEN];

	wdt_random_bytes(rig->mem, RIG_SIZE);
	for (unsigned int i = 0; i < 2; i++) {
		ops[i] = sec_op_default();
		ops[i].cipher = 1;
		ops[i].c_alg = 2;
		ops[i].c_mode = 1;
		ops[i].c_len = LEN;
		ops[i].c_key += 64 * i;
		ops[i].dst += ROOM * i;
		ops[i].src_type = 1;
		ops[i].src = rig_sgl(rig, SRC_LIST + 512 * i, AT(RIG_SRC), LEN,
				(const uint32_t[]){ 7 }, 1);
	}
	for (unsigned int i = 0; i < 2; i++)
		WDT_CHECK_EQ(rig_run(rig, &ops[1]), WDT_PASS);
	memcpy(want, rig_at(rig, RIG_DST + ROOM), LEN);
	WDT_CHECK_EQ(rig_run_many(rig, ops, 2), WDT_PASS);
	RIG_CHECK_GOOD(rig, 2);
	WDT_CHECK_MEM(rig_at(rig, RIG_DST + ROOM), want, LEN);
	return WDT_PASS;
}

WDT_TEST(sec_quick_new_before_known)
{
	return rig_each(new_before_known);
}

/* One that is new, where one was that found its MAC the short way. */
static int
new_mac(struct rig *rig)
{
	struct sec_op op = sec_op_default();
	uint8_t mac[32];

	wdt_random_bytes(rig->mem, RIG_SIZE);
	op.auth = 1;
	op.a_alg = 0x11;
	op.a_key_words = 5;
	op.mac_words = 8;
	op.a_len = LEN;
	for (unsigned int i = 0; i < 2; i++)
		WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 1);
	memcpy(mac, rig_at(rig, RIG_MAC), sizeof(mac));
	op.a_len++;
	op.mac = AT(MACS);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 1);
	WDT_CHECK_MEM(rig_at(rig, RIG_MAC), mac, sizeof(mac));
	op.auth = 2;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 1);
	return WDT_PASS;
}

WDT_TEST(sec_quick_new_mac)
{
	return rig_each(new_mac);
}

/* The same addresses as in the batch before, of a client that has other memory there, or none. */
static int
other_memory(struct rig *rig, const struct sec_op *op)
{
	static uint8_t before[RIG_SIZE], after[RIG_SIZE];
	struct rig other, mixed;

	memcpy(before, rig->mem, RIG_SIZE);
	WDT_CHECK_EQ(rig_run(rig, op), WDT_PASS);
	WDT_CHECK_EQ(rig->error_type, 0);
	memcpy(after, rig->mem, RIG_SIZE);
	memcpy(rig->mem, before, RIG_SIZE);
	WDT_CHECK_EQ(rig_run(rig, op), WDT_PASS);
	WDT_CHECK_MEM(rig->mem, after, RIG_SIZE);
	WDT_CHECK_EQ(rig_open(&other, rig->version, rig->engine_kind), WDT_PASS);
	memcpy(other.mem, before, RIG_SIZE);
	mixed = other;
	mixed.engine = rig->engine;
	memset(rig->mem, 0, RIG_SIZE);
	WDT_CHECK_EQ(rig_run(&mixed, op), WDT_PASS);
	WDT_CHECK_EQ(mixed.error_type, 0);
	WDT_CHECK_MEM(other.mem, after, RIG_SIZE);
	WDT_CHECK_EQ(wdm_space_unmap(other.space, RIG_BASE, RIG_SIZE), 0);
	WDT_CHECK_EQ(rig_run(&mixed, op), WDT_PASS);
	RIG_CHECK_ERROR(&mixed);
	WDT_CHECK_MEM(other.mem, after, RIG_SIZE);
	rig_close(&other);
	memcpy(rig->mem, before, RIG_SIZE);
	return WDT_PASS;
}

static int
other_memory_all(struct rig *rig)
{
	struct sec_op op;

	wdt_random_bytes(rig->mem, RIG_SIZE);
	op = lay(rig, &layouts[0], false);
	WDT_CHECK_EQ(other_memory(rig, &op), WDT_PASS);
	op = sec_op_default();
	op.cipher = 1;
	op.c_alg = 2;
	op.c_mode = 1;
	op.c_len = LEN;
	WDT_CHECK_EQ(other_memory(rig, &op), WDT_PASS);
	op = sec_op_default();
	op.auth = 1;
	op.a_alg = 0x11;
	op.a_key_words = 5;
	op.mac_words = 3;
	op.a_len = LEN;
	return other_memory(rig, &op);
}

WDT_TEST(sec_quick_other_memory)
{
	return rig_each(other_memory_all);
}
