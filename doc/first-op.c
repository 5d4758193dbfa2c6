/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* One AES-CBC block through the first crypto device there is. See doc/start.md. */

#include <stdio.h>
#include <string.h>

#include <rte_cryptodev.h>
#include <rte_eal.h>
#include <rte_mbuf.h>

#define IV_OFFSET (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))
#define NB 128 /* ops, mbufs, descriptors */

/* NIST SP 800-38A, F.2.1 CBC-AES128.Encrypt, first block */
static const uint8_t key[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15,
	0x88, 0x09, 0xcf, 0x4f, 0x3c };
static const uint8_t iv[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t plain[16] = { 0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e,
	0x11, 0x73, 0x93, 0x17, 0x2a };

static int
die(const char *what)
{
	fprintf(stderr, "failed: %s\n", what);
	return 1;
}

int
main(int argc, char **argv)
{
	struct rte_cryptodev_config dev_conf = { .nb_queue_pairs = 1 };
	struct rte_cryptodev_qp_conf qp_conf = { .nb_descriptors = NB };
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {
			.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = { .data = key, .length = sizeof(key) },
			.iv = { .offset = IV_OFFSET, .length = sizeof(iv) },
		},
	};
	struct rte_mempool *ops, *mbufs, *sessions;
	struct rte_crypto_op *op;
	const uint8_t *out;
	void *session;
	uint8_t dev;

	if (rte_eal_init(argc, argv) < 0)
		return die("rte_eal_init");
	if (rte_cryptodev_count() == 0)
		return die("no crypto device, give EAL --vdev crypto_wd");
	dev = 0;

	/* pools from EAL memory: the device sees nothing else */
	ops = rte_crypto_op_pool_create(
			"ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, NB, 0, sizeof(iv), SOCKET_ID_ANY);
	mbufs = rte_pktmbuf_pool_create(
			"mbufs", NB, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	sessions = rte_cryptodev_sym_session_pool_create("sessions", 16,
			rte_cryptodev_sym_get_private_session_size(dev), 0, 0, SOCKET_ID_ANY);
	if (ops == NULL || mbufs == NULL || sessions == NULL)
		return die("pools");
	qp_conf.mp_session = sessions;
	if (rte_cryptodev_configure(dev, &dev_conf) != 0 ||
			rte_cryptodev_queue_pair_setup(dev, 0, &qp_conf, SOCKET_ID_ANY) != 0 ||
			rte_cryptodev_start(dev) != 0)
		return die("device setup");
	session = rte_cryptodev_sym_session_create(dev, &xform, sessions);
	if (session == NULL)
		return die("session");

	op = rte_crypto_op_alloc(ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	op->sym->m_src = rte_pktmbuf_alloc(mbufs);
	memcpy(rte_pktmbuf_append(op->sym->m_src, sizeof(plain)), plain, sizeof(plain));
	memcpy(rte_crypto_op_ctod_offset(op, uint8_t *, IV_OFFSET), iv, sizeof(iv));
	op->sym->cipher.data.offset = 0;
	op->sym->cipher.data.length = sizeof(plain);
	rte_crypto_op_attach_sym_session(op, session);

	/* 0: the queue is full, or the op is refused, and op->status says why */
	if (rte_cryptodev_enqueue_burst(dev, 0, &op, 1) != 1)
		return die("enqueue");
	while (rte_cryptodev_dequeue_burst(dev, 0, &op, 1) == 0)
		;
	if (op->status != RTE_CRYPTO_OP_STATUS_SUCCESS)
		return die("the op");
	out = rte_pktmbuf_mtod(op->sym->m_src, const uint8_t *);
	for (unsigned int i = 0; i < sizeof(plain); i++)
		printf("%02x", out[i]);
	printf("\n");

	rte_pktmbuf_free(op->sym->m_src);
	rte_crypto_op_free(op);
	rte_cryptodev_sym_session_free(dev, session);
	rte_cryptodev_stop(dev);
	rte_cryptodev_close(dev);
	rte_eal_cleanup();
	return 0;
}
