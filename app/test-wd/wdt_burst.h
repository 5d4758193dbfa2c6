/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Ops of every class that know what must come of them, for tests that look at
 * queues more than at algorithms. Results are compared with libcrypto.
 */

#ifndef WDT_BURST_H
#define WDT_BURST_H

#include "wdt_crypto.h"

enum wdt_class {
	WDT_CIPHER, /* AES-128-CBC encryption */
	WDT_AUTH, /* SHA256-HMAC */
	WDT_CHAIN, /* AES-128-CBC encryption, then SHA1-HMAC */
	WDT_AEAD, /* AES-128-GCM encryption with AAD */
	WDT_NB_CLASSES,
};

/** What ops carry behind the IV. */
#define WDT_COOKIE_OFFSET (WDT_IV_OFFSET + 32)
#define WDT_AAD_OFFSET (WDT_IV_OFFSET + 40)
#define WDT_AAD_LEN 16
#define WDT_DIGEST_MAX 32 /* room behind the payload */

/** Open a device as wdt_crypto_open(), run body, close it; the worse of both results. */
int wdt_with_device(const char *options, uint16_t nb_qps, uint16_t nb_desc,
		int (*body)(struct wdt_crypto *c));

void *wdt_session(struct wdt_crypto *c, enum wdt_class class);
/**
 * An op of len bytes, in place, in one mbuf, with data made of the cookie and the
 * digest behind it; NULL if a pool is empty. The IV is zero.
 */
struct rte_crypto_op *wdt_op(struct wdt_crypto *c, enum wdt_class class, void *session,
		uint32_t len, uint64_t cookie);
uint64_t wdt_cookie(const struct rte_crypto_op *op);
/** Whether the op succeeded and has the right bytes; prints why not. */
bool wdt_op_right(const struct rte_crypto_op *op, enum wdt_class class, uint32_t len);
/** Whether data and digest of the op are as wdt_op() made them. */
bool wdt_op_untouched(const struct rte_crypto_op *op, uint32_t len);

/** What the sessions of WDT_CIPHER do, by libcrypto: in place, IV zero. */
bool wdt_reference_cipher(uint8_t *data, uint32_t len);

/** Fill ops[nb] with ops of one class, cookies from 0 on. 0 or -1. */
int wdt_ops(struct wdt_crypto *c, enum wdt_class class, void *session, uint32_t len,
		struct rte_crypto_op **ops, uint16_t nb);
void wdt_ops_free(struct rte_crypto_op **ops, uint16_t nb);

/** Let a device with run=inline do all it can; `dev` is its number in rte_wd_sim.h. */
void wdt_sim_run(unsigned int dev);
/** Descriptors that the device took, and doorbells that it saw, of a queue since its start. */
uint64_t wdt_sim_taken(unsigned int dev, uint16_t queue);
uint64_t wdt_sim_doorbells(unsigned int dev, uint16_t queue);

/** Many small ops through one queue pair in bursts of random size. */
struct wdt_flow {
	struct wdt_crypto *c;
	void *session; /* of WDT_CIPHER */
	uint64_t nb_ops;
	uint16_t qp;
	uint16_t max_burst; /* at most WDT_FLOW_MAX_BURST */
	bool step; /* run=inline: step device 0 */
	uint64_t seed;
};
#define WDT_FLOW_MAX_BURST 256

/** Every op comes back once, in order and with the right bytes. WDT_PASS or WDT_FAIL. */
int wdt_flow_run(const struct wdt_flow *flow);

#endif /* WDT_BURST_H */
