/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * A crypto_wd device with its pools, for tests of the crypto driver. Written
 * against the public cryptodev API only, as an application is.
 */

#ifndef WDT_CRYPTO_H
#define WDT_CRYPTO_H

#include <rte_crypto.h>
#include <rte_cryptodev.h>
#include <rte_mbuf.h>

#include "wdt.h"

#define WDT_IV_OFFSET (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))
#define WDT_IV_SIZE 16
#define WDT_MBUF_ROOM 2048

struct wdt_crypto {
	char name[64];
	uint8_t id;
	struct rte_mempool *sessions;
	struct rte_mempool *ops; /* with room for a 64-byte IV at WDT_IV_OFFSET */
	struct rte_mempool *mbufs; /* WDT_MBUF_ROOM bytes of data and the usual headroom */
};

/** Device that is tested: WD_TEST_DEVICE of the environment, or the software device. */
const char *wdt_device(void);

/**
 * Create a vdev crypto_wd with `dev=sim,` and these options, nb_qps queue pairs
 * of nb_desc descriptors, pools, and start it. Prints why not. 0 or -1.
 */
int wdt_crypto_open(struct wdt_crypto *c, const char *options, uint16_t nb_qps, uint16_t nb_desc);
/** Stop, close and remove. Checks that all objects are back in their pools: -1 if not. */
int wdt_crypto_close(struct wdt_crypto *c);
/** Set queue pair qp up (again); the device must be stopped. */
int wdt_crypto_qp_setup(struct wdt_crypto *c, uint16_t qp, uint16_t nb_desc);

/** AES-128-CBC session with a fixed key. */
void *wdt_crypto_cbc_session(struct wdt_crypto *c, enum rte_crypto_cipher_operation op);
/** An op of len bytes in one mbuf, filled with `fill`, IV zero; NULL if a pool is empty. */
struct rte_crypto_op *wdt_crypto_cbc_op(
		struct wdt_crypto *c, void *session, uint32_t len, uint8_t fill);
/** Free an op and its mbufs. */
void wdt_crypto_op_free(struct rte_crypto_op *op);

/** Poll until nb ops are back or timeout_ms passed; returns how many. */
uint16_t wdt_crypto_dequeue_wait(struct wdt_crypto *c, uint16_t qp, struct rte_crypto_op **ops,
		uint16_t nb, unsigned int timeout_ms);
/** Enqueue one op, wait for it, return its status; -1 if it was not taken or did not come back in 5 s. */
int wdt_crypto_run(struct wdt_crypto *c, uint16_t qp, struct rte_crypto_op *op);

#endif /* WDT_CRYPTO_H */
