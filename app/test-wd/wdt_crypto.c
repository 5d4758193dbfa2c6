/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <stdlib.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_errno.h>

#include "wdt_crypto.h"

#define NB_OBJECTS 4096
#define NB_SESSIONS 64

static const uint8_t cbc_key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static int
pools_create(struct wdt_crypto *c)
{
	static unsigned int serial;
	char name[RTE_MEMPOOL_NAMESIZE];

	serial++;
	snprintf(name, sizeof(name), "wdt_sess_%u", serial);
	c->sessions = rte_cryptodev_sym_session_pool_create(name, NB_SESSIONS,
			rte_cryptodev_sym_get_private_session_size(c->id), 0, 0, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "wdt_op_%u", serial);
	c->ops = rte_crypto_op_pool_create(
			name, RTE_CRYPTO_OP_TYPE_SYMMETRIC, NB_OBJECTS, 0, 64, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "wdt_mbuf_%u", serial);
	c->mbufs = rte_pktmbuf_pool_create(name, NB_OBJECTS, 0, 0,
			RTE_PKTMBUF_HEADROOM + WDT_MBUF_ROOM, SOCKET_ID_ANY);
	if (c->sessions != NULL && c->ops != NULL && c->mbufs != NULL)
		return 0;
	printf("# no memory for pools: %s\n", rte_strerror(rte_errno));
	return -1;
}

int
wdt_crypto_qp_setup(struct wdt_crypto *c, uint16_t qp, uint16_t nb_desc)
{
	const struct rte_cryptodev_qp_conf conf = { .nb_descriptors = nb_desc,
		.mp_session = c->sessions };

	return rte_cryptodev_queue_pair_setup(c->id, qp, &conf, SOCKET_ID_ANY);
}

const char *
wdt_device(void)
{
	const char *device = getenv("WD_TEST_DEVICE");

	return device == NULL ? "sim" : device;
}

int
wdt_crypto_open(struct wdt_crypto *c, const char *options, uint16_t nb_qps, uint16_t nb_desc)
{
	struct rte_cryptodev_config conf = { .socket_id = SOCKET_ID_ANY, .nb_queue_pairs = nb_qps };
	static unsigned int serial;
	char args[256];
	int rc, id;

	memset(c, 0, sizeof(*c));
	snprintf(c->name, sizeof(c->name), "crypto_wd%u", serial++);
	snprintf(args, sizeof(args), "dev=%s,max_nb_queue_pairs=%u%s%s", wdt_device(), nb_qps,
			options[0] == '\0' ? "" : ",", options);
	rc = rte_vdev_init(c->name, args);
	if (rc != 0) {
		printf("# cannot create %s with %s: %s\n", c->name, args, rte_strerror(-rc));
		return -1;
	}
	id = rte_cryptodev_get_dev_id(c->name);
	if (id < 0)
		return -1;
	c->id = (uint8_t)id;
	if (rte_cryptodev_configure(c->id, &conf) != 0 || pools_create(c) != 0)
		return -1;
	for (uint16_t i = 0; i < nb_qps; i++) {
		if (wdt_crypto_qp_setup(c, i, nb_desc) != 0)
			return -1;
	}
	return rte_cryptodev_start(c->id);
}

int
wdt_crypto_close(struct wdt_crypto *c)
{
	int rc = 0;

	rte_cryptodev_stop(c->id);
	if (!rte_mempool_full(c->sessions) || !rte_mempool_full(c->ops) ||
			!rte_mempool_full(c->mbufs)) {
		printf("# not all given back: %u sessions, %u ops, %u mbufs are out\n",
				rte_mempool_in_use_count(c->sessions),
				rte_mempool_in_use_count(c->ops),
				rte_mempool_in_use_count(c->mbufs));
		rc = -1;
	}
	if (rte_vdev_uninit(c->name) != 0) {
		printf("# cannot remove %s\n", c->name);
		rc = -1;
	}
	rte_mempool_free(c->sessions);
	rte_mempool_free(c->ops);
	rte_mempool_free(c->mbufs);
	return rc;
}

void *
wdt_crypto_cbc_session(struct wdt_crypto *c, enum rte_crypto_cipher_operation op)
{
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {
			.op = op,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = { .data = cbc_key, .length = sizeof(cbc_key) },
			.iv = { .offset = WDT_IV_OFFSET, .length = WDT_IV_SIZE },
		},
	};

	return rte_cryptodev_sym_session_create(c->id, &xform, c->sessions);
}

struct rte_crypto_op *
wdt_crypto_cbc_op(struct wdt_crypto *c, void *session, uint32_t len, uint8_t fill)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(c->ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->mbufs);

	if (op == NULL || m == NULL || len > WDT_MBUF_ROOM) {
		rte_crypto_op_free(op);
		rte_pktmbuf_free(m);
		return NULL;
	}
	memset(rte_pktmbuf_append(m, (uint16_t)len), fill, len);
	rte_crypto_op_attach_sym_session(op, session);
	op->sym->m_src = m;
	op->sym->cipher.data.offset = 0;
	op->sym->cipher.data.length = len;
	memset(rte_crypto_op_ctod_offset(op, void *, WDT_IV_OFFSET), 0, WDT_IV_SIZE);
	return op;
}

void
wdt_crypto_op_free(struct rte_crypto_op *op)
{
	if (op->sym->m_dst != op->sym->m_src)
		rte_pktmbuf_free(op->sym->m_dst);
	rte_pktmbuf_free(op->sym->m_src);
	rte_crypto_op_free(op);
}

uint16_t
wdt_crypto_dequeue_wait(struct wdt_crypto *c, uint16_t qp, struct rte_crypto_op **ops, uint16_t nb,
		unsigned int timeout_ms)
{
	const uint64_t end = rte_get_timer_cycles() + timeout_ms * (rte_get_timer_hz() / 1000);
	uint16_t done = 0;

	do {
		done += rte_cryptodev_dequeue_burst(c->id, qp, ops + done, (uint16_t)(nb - done));
	} while (done < nb && rte_get_timer_cycles() < end);
	return done;
}

int
wdt_crypto_run(struct wdt_crypto *c, uint16_t qp, struct rte_crypto_op *op)
{
	struct rte_crypto_op *back;

	if (rte_cryptodev_enqueue_burst(c->id, qp, &op, 1) != 1)
		return -1;
	if (wdt_crypto_dequeue_wait(c, qp, &back, 1, WDT_WAIT_MS) != 1 || back != op)
		return -1;
	return op->status;
}
