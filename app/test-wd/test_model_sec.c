/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The SEC engine: what a descriptor does as a whole, whatever the algorithm. */

#include <openssl/evp.h>

#include "test_model_sec.h"

static int
cbc_flat(struct rig *rig)
{
	static const char *const key = "2b7e151628aed2a6abf7158809cf4f3c";
	static const char *const iv = "000102030405060708090a0b0c0d0e0f";
	static const char *const in = "6bc1bee22e409f96e93d7e117393172a";
	static const char *const out = "7649abac8119b246cee98e9b12e9197d";
	struct sec_op op = sec_op_default();
	uint8_t want[16];

	op.cipher = 1;
	op.c_alg = 2;
	op.c_mode = 1;
	op.c_len = 16;
	wdt_hex(key, rig_at(rig, RIG_C_KEY), 16);
	wdt_hex(iv, rig_at(rig, RIG_C_IV), 16);
	wdt_hex(in, rig_at(rig, RIG_SRC), 16);
	wdt_hex(out, want, 16);
	WDT_CHECK_EQ(rig_run(rig, &op), WDT_PASS);
	RIG_CHECK_GOOD(rig, 2);
	WDT_CHECK_MEM(rig_at(rig, RIG_DST), want, 16);
	return WDT_PASS;
}

WDT_TEST(sec_cbc_flat)
{
	return rig_each(cbc_flat);
}
