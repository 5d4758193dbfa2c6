/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#ifndef DEVICE_H
#define DEVICE_H

/*
 * One compressdev and one cryptodev, each with one queue pair. Ops wait in a list
 * of their own until the device takes them. An op knows its owner, which comes back
 * with it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_comp.h>
#include <rte_crypto.h>

#include "chain.h"
#include "container.h"

#define DEVICE_DEPTH_MAX 1024

/* chunks up to this size lie in one segment */
#define DEVICE_FLAT_KIB ((CHAIN_SEG_MAX - CONTAINER_EXTRA_MAX) / 1024)

enum device_result {
	DEVICE_OK,
	DEVICE_NO_ROOM, /* compress: the output does not fit */
	DEVICE_MISMATCH, /* decrypt: the tag is wrong */
	DEVICE_FAILED,
};

/* Called for each op that is done, or that the device refuses. */
typedef void (*device_done_t)(void *owner, enum device_result result, void *ctx);

struct device_comp {
	const char *name;
	uint8_t id;
	bool started;
	void *xform;
	struct rte_mempool *pool;
	struct rte_comp_op *waiting[DEVICE_DEPTH_MAX];
	uint16_t nb_waiting;
	uint16_t nb_in_flight;
};

/* Behind each crypto op: what the device reads, and the owner. */
struct device_crypto_data {
	uint8_t iv[CONTAINER_IV_MAX];
	uint8_t tag[CONTAINER_TAG_SIZE];
	uint8_t aad[RTE_ALIGN_CEIL(CONTAINER_AAD_SIZE, 16)];
	void *owner;
};

struct device_crypto {
	const char *name;
	uint8_t id;
	bool started;
	enum container_cipher cipher;
	void *session;
	struct rte_mempool *sessions;
	struct rte_mempool *pool;
	struct rte_crypto_op *waiting[DEVICE_DEPTH_MAX];
	uint16_t nb_waiting;
	uint16_t nb_in_flight;
};

/*
 * Name NULL takes the first device. Segmented: buffers have more than one segment.
 * They return 0, or -1 after a complaint; close takes what open left in either case.
 */
int device_comp_open(struct device_comp *dev, const char *name, bool compress, bool segmented,
		uint16_t depth);
void device_comp_close(struct device_comp *dev);

int device_crypto_open(struct device_crypto *dev, const char *name, enum container_cipher cipher,
		bool encrypt, const uint8_t *key, bool segmented, uint16_t depth);
void device_crypto_close(struct device_crypto *dev);

/* Ops for good, one of each a chunk; NULL when there is no memory. */
struct rte_comp_op *device_comp_op(struct device_comp *dev, void *owner);
struct rte_crypto_op *device_crypto_op(struct device_crypto *dev, void *owner);
struct device_crypto_data *device_crypto_data(struct rte_crypto_op *op);

/* From the first len bytes of src into dst, as long as that is. */
void device_comp_submit(struct device_comp *dev, struct rte_comp_op *op, struct rte_mbuf *src,
		struct rte_mbuf *dst, uint32_t len);

/* In place, with iv, aad and, to decrypt, tag of the op's data. */
void device_crypto_submit(struct device_crypto *dev, struct rte_crypto_op *op,
		struct rte_mbuf *packet, uint32_t len);

/* Give the device what waits and take what is done; they return whether anything moved. */
bool device_comp_poll(struct device_comp *dev, device_done_t done, void *ctx);
bool device_crypto_poll(struct device_crypto *dev, device_done_t done, void *ctx);

#endif
