/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The SEC engine: descriptors and batches as such, whatever the algorithm. */

#include <stdlib.h>

#include "test_model_sec.h"
#include "test_model_sec_oracle.h"

#define NB(a) (sizeof(a) / sizeof((a)[0]))

static struct sec_op
cbc_op(uint32_t len)
{
	struct sec_op op = sec_op_default();

	op.cipher = 1;
	op.c_alg = 2;
	op.c_mode = 1;
	op.c_len = len;
	return op;
}

static struct sec_op
sha256_op(uint32_t len)
{
	struct sec_op op = sec_op_default();

	op.auth = 1;
	op.a_alg = 1;
	op.mac_words = 8;
	op.a_len = len;
	op.de = 0;
	return op;
}

static int
untouched(struct rig *rig)
{
	for (unsigned int i = 0; i < 64; i++) {
		WDT_CHECK_EQ(rig_at(rig, RIG_DST)[i], 0x77);
		WDT_CHECK_EQ(rig_at(rig, RIG_MAC)[i], 0x66);
	}
	return WDT_PASS;
}

static void
mark(struct rig *rig)
{
	memset(rig_at(rig, RIG_DST), 0x77, 4096);
	memset(rig_at(rig, RIG_MAC), 0x66, 128);
}

/* Done and nothing else, whatever the rest of the descriptor says. */
static int
invalid(struct rig *rig)
{
	struct sec_op op = cbc_op(16);

	mark(rig);
	op.bd_invalid = 1;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 0);
	op.c_alg = 15;
	op.src = RIG_NOWHERE;
	op.c_key = RIG_NOWHERE;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 0);
	return untouched(rig);
}

WDT_TEST(sec_bd_invalid)
{
	return rig_each(invalid);
}

static int
run_raw(struct rig *rig, const uint8_t *sqe, uint16_t qc_type, uint32_t *status)
{
	struct wdm_task task = { .error = false };

	memcpy(task.sqe, sqe, 128);
	wdm_sec_ops.run(rig->engine, rig->space, qc_type, &task, 1);
	WDT_CHECK_MEM(task.sqe, sqe, 112);
	memcpy(status, task.sqe + 112, 4);
	WDT_CHECK_EQ(task.error, (*status >> 16 & 0xff) != 0 || (*status >> 1 & 7) != 0);
	return WDT_PASS;
}

static int
types(struct rig *rig)
{
	const struct sec_op op = cbc_op(16);
	uint32_t status;
	uint8_t sqe[128];

	mark(rig);
	for (unsigned int type = 0; type < 16; type++) {
		sec_op_encode(rig->version, &op, sqe);
		sqe[0] = (uint8_t)((sqe[0] & 0xf0) | type);
		if (type == rig->version)
			continue;
		WDT_CHECK_EQ(run_raw(rig, sqe, 0, &status), WDT_PASS);
		WDT_CHECK_EQ(status & 1, 1);
		WDT_CHECK((status >> 16 & 0xff) != 0);
	}
	memset(sqe, 0, sizeof(sqe));
	WDT_CHECK_EQ(run_raw(rig, sqe, 0, &status), WDT_PASS);
	WDT_CHECK((status >> 16 & 0xff) != 0);
	/* a queue that is not for SEC */
	sec_op_encode(rig->version, &op, sqe);
	WDT_CHECK_EQ(run_raw(rig, sqe, 1, &status), WDT_PASS);
	WDT_CHECK((status >> 16 & 0xff) != 0);
	return untouched(rig);
}

WDT_TEST(sec_types)
{
	return rig_each(types);
}

/* Any bits at all: an answer, no crash, and no write outside the areas. */
static int
garbage(struct rig *rig)
{
	uint8_t sqe[128];
	uint32_t status;

	for (unsigned int i = 0; i < 4000; i++) {
		struct sec_op op = i % 2 ? cbc_op(64) : sha256_op(64);

		sec_op_encode(rig->version, &op, sqe);
		for (unsigned int j = 0; j <= i % 8; j++)
			sqe[wdt_random() % (i % 3 ? 28 : 112)] ^= (uint8_t)(1U << wdt_random() % 8);
		/* keep lengths small, for time */
		sqe[rig->version == 2 ? 18 : 70] = 0;
		sqe[rig->version == 2 ? 22 : 74] = 0;
		WDT_CHECK_EQ(run_raw(rig, sqe, 0, &status), WDT_PASS);
		WDT_CHECK_EQ(status & 1, 1);
	}
	return WDT_PASS;
}

WDT_TEST(sec_garbage)
{
	return rig_each(garbage);
}

/* What one field makes wrong. */
static int
fields(struct rig *rig)
{
	const bool v3 = rig->version == 3;
	struct sec_op ops[32];
	unsigned int nb = 0;

#define BAD(proto, field, value) (ops[nb] = proto, ops[nb++].field = (value))
	BAD(cbc_op(16), c_len, 0);
	BAD(cbc_op(16), c_len, 17);
	BAD(cbc_op(16), c_key_code, 3);
	BAD(cbc_op(16), c_key_code, 7);
	BAD(cbc_op(16), src_type, 2);
	BAD(cbc_op(16), dst_type, 2);
	BAD(cbc_op(16), dst_type, 7);
	BAD(cbc_op(16), mac_type, 1);
	BAD(cbc_op(16), ci_gen, 1);
	BAD(cbc_op(16), de, 2);
	BAD(cbc_op(16), scene, 3);
	BAD(cbc_op(16), scene, 8);
	BAD(cbc_op(16), auth, 3);
	BAD(cbc_op(16), cipher, 0);
	BAD(sha256_op(16), mac_words, 0);
	BAD(sha256_op(16), mac_words, 9);
	BAD(sha256_op(16), ai_gen, 2);
	BAD(sha256_op(16), no_pad, 2);
	BAD(sha256_op(16), a_alg, 0x08);
	BAD(sha256_op(16), a_alg, 0x31);
	BAD(sha256_op(16), a_alg, 0x11); /* an HMAC with no key */
	ops[nb] = sha256_op(16);
	ops[nb].a_alg = 0x11;
	ops[nb++].a_key_words = 17; /* longer than a block */
	ops[nb] = cbc_op(16);
	ops[nb].c_mode = 6;
	ops[nb++].c_icv_len = 3;
	ops[nb] = cbc_op(16);
	ops[nb].c_mode = 6;
	ops[nb++].c_icv_len = 17;
	ops[nb] = cbc_op(16);
	ops[nb].c_mode = 5;
	ops[nb++].c_icv_len = 15;
	ops[nb] = cbc_op(16);
	ops[nb].c_mode = 5;
	ops[nb++].c_icv_len = 16; /* length field of one byte, see below */
	ops[nb] = cbc_op(32);
	ops[nb].c_mode = 7;
	ops[nb++].c_key_code = 1; /* 192-bit halves */
	ops[nb] = cbc_op(32);
	ops[nb].c_mode = 9;
	ops[nb++].c_width = 0;
	ops[nb] = cbc_op(32);
	ops[nb].c_mode = 9;
	ops[nb++].c_width = v3 ? 4 : 1;
#undef BAD
	memset(rig_at(rig, RIG_C_IV), 0, 16);
	for (unsigned int i = 0; i < nb; i++) {
		mark(rig);
		WDT_CHECK_EQ(rig_run(rig, &ops[i]), WDT_PASS);
		if (rig->error_type == 0 || !rig->task_error || untouched(rig) != WDT_PASS) {
			printf("# case %u\n", i);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(sec_fields)
{
	return rig_each(fields);
}

static int
copies(struct rig *rig)
{
	struct sec_op op = sec_op_default();

	mark(rig);
	wdt_random_bytes(rig_at(rig, RIG_SRC), 128);
	op.cipher = 3;
	op.c_alg = 9; /* not looked at */
	op.c_off = 3;
	op.c_len = 61;
	op.c_key = RIG_NOWHERE;
	op.c_iv = RIG_NOWHERE;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 2);
	WDT_CHECK_MEM(rig_at(rig, RIG_DST) + 3, rig_at(rig, RIG_SRC) + 3, 61);
	WDT_CHECK_EQ(rig_at(rig, RIG_DST)[2], 0x77);
	WDT_CHECK_EQ(rig_at(rig, RIG_DST)[64], 0x77);
	op.c_len = 0;
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_ERROR(rig);
	return WDT_PASS;
}

WDT_TEST(sec_copy)
{
	return rig_each(copies);
}

/* Full batches with a key for each descriptor: more keys than the engine keeps. */
static int
many_keys(struct rig *rig)
{
	static struct sec_op ops[WDM_BATCH];
	static uint8_t want[64][64];

	for (unsigned int round = 0; round < 12; round++) {
		uint8_t *keys = rig_at(rig, RIG_SGL), *src = rig_at(rig, RIG_SRC);
		uint8_t *dst = rig_at(rig, RIG_DST);

		/* every second round repeats the keys of the one before, at the same place */
		if (round % 2 == 0)
			wdt_random_bytes(keys, 64 * 64);
		wdt_random_bytes(src, 64 * 64);
		wdt_random_bytes(rig_at(rig, RIG_C_IV), 16);
		for (unsigned int i = 0; i < WDM_BATCH; i++) {
			const uint8_t mode = i % 5 == 4 ? 7 : i % 5 == 3 ? 0 : 1;
			const struct oracle_cipher c = { 2, mode, 0, 0, keys + 64 * i,
				mode == 7 ? 32 : 16, rig_at(rig, RIG_C_IV) };

			ops[i] = cbc_op(64);
			ops[i].c_mode = mode;
			ops[i].c_key = RIG_BASE + RIG_SGL + 64 * i;
			ops[i].src += 64 * i;
			ops[i].dst += 64 * i;
			oracle_cipher(&c, true, src + 64 * i, want[i], 64);
		}
		memset(dst, 0, 64 * 64);
		WDT_CHECK_EQ(rig_run_many(rig, ops, WDM_BATCH), WDT_PASS);
		RIG_CHECK_GOOD(rig, 2);
		WDT_CHECK_MEM(dst, want[0], sizeof(want));
	}
	return WDT_PASS;
}

WDT_TEST(sec_many_keys)
{
	return rig_each(many_keys);
}

/*
 * Two fresh keys for each of a full batch that is hashed and ciphered at once:
 * no key may go before the descriptors that use it are through.
 */
static int
keys_in_flight(struct rig *rig)
{
	static struct sec_op ops[WDM_BATCH];
	static uint8_t want[64][32], macs[64][64];
	uint8_t *c_keys = rig_at(rig, RIG_SGL), *a_keys = c_keys + 64 * 64,
		*src = rig_at(rig, RIG_SRC);

	for (unsigned int round = 0; round < 60; round++) {
		wdt_random_bytes(c_keys, 2 * 64 * 64);
		wdt_random_bytes(src, 64 * 32);
		for (unsigned int i = 0; i < WDM_BATCH; i++) {
			const struct oracle_cipher c = { 2, 1, 0, 0, c_keys + 64 * i, 16,
				rig_at(rig, RIG_C_IV) };

			ops[i] = cbc_op(32);
			ops[i].auth = 1;
			ops[i].a_alg = 0x11;
			ops[i].a_len = 32;
			ops[i].mac_words = 8;
			ops[i].a_key_words = 4;
			ops[i].c_key = RIG_BASE + RIG_SGL + 64 * i;
			ops[i].a_key = RIG_BASE + RIG_SGL + 64 * (64 + i);
			ops[i].mac = RIG_BASE + RIG_SGL + 0x4000 + 64 * i;
			ops[i].src += 32 * i;
			ops[i].dst += 32 * i;
			oracle_cipher(&c, true, src + 32 * i, want[i], 32);
			oracle_mac(0x11, a_keys + 64 * i, 16, NULL, want[i], 32, macs[i]);
		}
		WDT_CHECK_EQ(rig_run_many(rig, ops, WDM_BATCH), WDT_PASS);
		RIG_CHECK_GOOD(rig, 3);
		WDT_CHECK_MEM(rig_at(rig, RIG_DST), want[0], sizeof(want));
		for (unsigned int i = 0; i < WDM_BATCH; i++)
			WDT_CHECK_MEM(rig_at(rig, RIG_SGL + 0x4000 + 64 * i), macs[i], 32);
	}
	return WDT_PASS;
}

WDT_TEST(sec_keys_in_flight)
{
	return rig_each(keys_in_flight);
}

/* The same descriptors again, with other bytes where their keys are. */
static int
keys_rewritten(struct rig *rig)
{
	static struct sec_op ops[8];
	static uint8_t want[8][32], macs[8][64];
	uint8_t *src = rig_at(rig, RIG_SRC);

	for (unsigned int i = 0; i < 8; i++) {
		ops[i] = cbc_op(32);
		ops[i].auth = 1;
		ops[i].a_alg = 0x11;
		ops[i].a_len = 32;
		ops[i].mac_words = 8;
		ops[i].a_key_words = 4;
		ops[i].mac = RIG_BASE + RIG_SGL + 64 * i;
		ops[i].src += 32 * i;
		ops[i].dst += 32 * i;
	}
	for (unsigned int round = 0; round < 4; round++) {
		const struct oracle_cipher c = { 2, 1, 0, 0, rig_at(rig, RIG_C_KEY), 16,
			rig_at(rig, RIG_C_IV) };

		wdt_random_bytes(rig_at(rig, round % 2 == 0 ? RIG_C_KEY : RIG_A_KEY), 16);
		for (unsigned int i = 0; i < 8; i++) {
			oracle_cipher(&c, true, src + 32 * i, want[i], 32);
			oracle_mac(0x11, rig_at(rig, RIG_A_KEY), 16, NULL, want[i], 32, macs[i]);
		}
		WDT_CHECK_EQ(rig_run_many(rig, ops, 8), WDT_PASS);
		RIG_CHECK_GOOD(rig, 3);
		WDT_CHECK_MEM(rig_at(rig, RIG_DST), want[0], sizeof(want));
		for (unsigned int i = 0; i < 8; i++)
			WDT_CHECK_MEM(rig_at(rig, RIG_SGL + 64 * i), macs[i], 32);
	}
	return WDT_PASS;
}

WDT_TEST(sec_keys_rewritten)
{
	return rig_each(keys_rewritten);
}

/* Ciphers that go to the library in one call, if they have way and key size in common. */
static int
mixed_ciphers(struct rig *rig)
{
	static struct sec_op ops[WDM_BATCH];
	static uint8_t want[WDM_BATCH][512];
	uint8_t *src = rig_at(rig, RIG_SRC);

	wdt_random_bytes(src, WDM_BATCH * 512);
	wdt_random_bytes(rig_at(rig, RIG_C_KEY), 64);
	wdt_random_bytes(rig_at(rig, RIG_C_IV), 16);
	for (unsigned int round = 0; round < 8; round++) {
		for (unsigned int i = 0; i < WDM_BATCH; i++) {
			const unsigned int kind = (unsigned int)wdt_random() % (round < 4 ? 2 : 6);
			const uint32_t len = 16 * (1 + (uint32_t)(wdt_random() % 32));
			const bool encrypt = kind % 2 == 0;
			const bool ctr = rig->version == 3 && kind / 2 == 1;
			struct oracle_cipher c = { 2, ctr ? 4 : 1, 0, 0, rig_at(rig, RIG_C_KEY),
				kind / 2 == 2 ? 32 : 16, rig_at(rig, RIG_C_IV) };

			ops[i] = cbc_op(len);
			ops[i].cipher = encrypt ? 1 : 2;
			ops[i].c_mode = ctr ? 4 : 1;
			ops[i].c_key_code = kind / 2 == 2 ? 2 : 0;
			ops[i].src += 512 * i;
			ops[i].dst += 512 * i;
			oracle_cipher(&c, encrypt, src + 512 * i, want[i], len);
		}
		WDT_CHECK_EQ(rig_run_many(rig, ops, WDM_BATCH), WDT_PASS);
		RIG_CHECK_GOOD(rig, 2);
		for (unsigned int i = 0; i < WDM_BATCH; i++)
			WDT_CHECK_MEM(rig_at(rig, RIG_DST + 512 * i), want[i], ops[i].c_len);
	}
	return WDT_PASS;
}

WDT_TEST(sec_mixed_ciphers)
{
	return rig_each(mixed_ciphers);
}

/* A batch of all kinds, lists and errors among them; lengths that share no lane. */
static int
mixed_batch(struct rig *rig)
{
	static struct sec_op ops[WDM_BATCH];
	static uint8_t want[WDM_BATCH][4096], macs[WDM_BATCH][64];

	wdt_random_bytes(rig_at(rig, RIG_SRC), WDM_BATCH * 4096);
	wdt_random_bytes(rig_at(rig, RIG_C_KEY), 64);
	wdt_random_bytes(rig_at(rig, RIG_A_KEY), 64);
	wdt_random_bytes(rig_at(rig, RIG_C_IV), 16);
	for (unsigned int i = 0; i < WDM_BATCH; i++) {
		const uint32_t len = 16 + 16 * (uint32_t)(wdt_random() % 250);
		uint8_t *src = rig_at(rig, RIG_SRC + 4096 * i), *mac = rig_at(rig, RIG_A_KEY);
		struct oracle_cipher c = { 2, 1, 0, 0, rig_at(rig, RIG_C_KEY), 16,
			rig_at(rig, RIG_C_IV) };
		struct sec_op *op = &ops[i];

		*op = cbc_op(len);
		op->src += 4096 * i;
		op->dst += 4096 * i;
		op->mac = RIG_BASE + RIG_SGL + 0x10000 + 64 * i;
		if (i % 4 == 1) {
			op->c_mode = c.mode = 6;
			op->c_icv_len = 16;
			oracle_aead(&c, 12, NULL, 0, src, want[i], len, macs[i], 16);
			continue;
		}
		oracle_cipher(&c, true, src, want[i], len);
		if (i % 4 == 2) {
			op->auth = 1;
			op->a_alg = 0x10;
			op->a_key_words = 5;
			op->mac_words = 5;
			op->a_len = len;
			oracle_mac(0x10, mac, 20, NULL, want[i], len, macs[i]);
		} else if (i % 4 == 3) {
			op->src_type = 1;
			op->src = rig_sgl(rig, RIG_SGL + 256 * i, op->src, len,
					(const uint32_t[]){ 7 }, 1);
		}
	}
	/* again: most are like one that is known then */
	for (unsigned int i = 0; i < 2; i++) {
		memset(rig_at(rig, RIG_DST), 0x77, WDM_BATCH * 4096);
		memset(rig_at(rig, RIG_SGL + 0x10000), 0x66, WDM_BATCH * 64);
		WDT_CHECK_EQ(rig_run_many(rig, ops, WDM_BATCH), WDT_PASS);
		WDT_CHECK_EQ(rig->error_type, 0);
	}
	for (unsigned int i = 0; i < WDM_BATCH; i++) {
		WDT_CHECK_MEM(rig_at(rig, RIG_DST + 4096 * i), want[i], ops[i].c_len);
		WDT_CHECK_MEM(rig_at(rig, RIG_SGL + 0x10000 + 64 * i), macs[i],
				i % 4 == 1		   ? 16 :
						i % 4 == 2 ? 20 :
							     0);
	}
	return WDT_PASS;
}

WDT_TEST(sec_mixed_batch)
{
	return rig_each(mixed_batch);
}

/* The engine that only answers. */
WDT_TEST(sec_instant)
{
	for (unsigned int version = 2; version <= 3; version++) {
		struct sec_op op = cbc_op(16);
		struct rig rig;

		WDT_CHECK_EQ(rig_open(&rig, version, WDM_ENGINE_INSTANT), WDT_PASS);
		mark(&rig);
		WDT_CHECK_EQ(rig_run(&rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(&rig, 2);
		op.auth = 1;
		WDT_CHECK_EQ(rig_run(&rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(&rig, 3);
		op = cbc_op(16);
		op.c_mode = 6;
		op.c_key = RIG_NOWHERE;
		op.src = RIG_NOWHERE;
		WDT_CHECK_EQ(rig_run(&rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(&rig, 3);
		op = sha256_op(16);
		WDT_CHECK_EQ(rig_run(&rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(&rig, 1);
		op.bd_invalid = 1;
		WDT_CHECK_EQ(rig_run(&rig, &op), WDT_PASS);
		RIG_CHECK_GOOD(&rig, 0);
		WDT_CHECK_EQ(untouched(&rig), WDT_PASS);
		rig_close(&rig);
	}
	return WDT_PASS;
}

WDT_TEST(sec_unknown_version)
{
	const struct wdm_dev_config conf = { .class = WDM_CLASS_SEC, .hw_version = 1 };

	WDT_CHECK(wdm_sec_ops.create(&conf) == NULL);
	return WDT_PASS;
}

static int
faults(struct rig *rig)
{
	struct wdm_fault fault = { .kind = WDM_FAULT_ERROR_TYPE, .value = 0x5a };
	struct wdm_task task = { .error = false };
	const struct sec_op op = cbc_op(16);

	sec_op_encode(rig->version, &op, task.sqe);
	wdm_sec_ops.run(rig->engine, rig->space, 0, &task, 1);
	WDT_CHECK(!task.error);
	fault.kind = WDM_FAULT_NOT_DONE;
	wdm_sec_ops.fault(&task, &fault);
	WDT_CHECK_EQ(task.sqe[112] & 1, 0);
	wdm_sec_ops.run(rig->engine, rig->space, 0, &task, 1);
	fault.kind = WDM_FAULT_ICV;
	wdm_sec_ops.fault(&task, &fault);
	WDT_CHECK_EQ(task.sqe[112] & 0xf, 0x5);
	WDT_CHECK(task.error);
	fault.kind = WDM_FAULT_ERROR_TYPE;
	wdm_sec_ops.fault(&task, &fault);
	WDT_CHECK_EQ(task.sqe[112] & 0xf, 0x1);
	WDT_CHECK_EQ(task.sqe[114], 0x5a);
	WDT_CHECK(task.error);
	return WDT_PASS;
}

WDT_TEST(sec_faults)
{
	return rig_each(faults);
}
