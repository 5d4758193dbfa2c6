/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <string.h>

#include <rte_compressdev.h>
#include <rte_cryptodev.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "device.h"
#include "io.h"

#define BURST 32
#define DATA_OFFSET (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))
#define IV_OFFSET (DATA_OFFSET + offsetof(struct device_crypto_data, iv))

/* rings of some drivers hold one op less than they were asked for */
#define RING_SIZE(depth) (2 * (depth))

/* ---- compressdev ---- */

static int
comp_find(struct device_comp *dev, const char *name)
{
	int id = 0;

	if (rte_compressdev_count() == 0) {
		io_complain("there is no compression device, give one with the EAL option --vdev "
			    "or -a");
		return -1;
	}
	if (name != NULL)
		id = rte_compressdev_get_dev_id(name);
	if (id < 0) {
		io_complain("there is no compression device %s", name);
		return -1;
	}
	dev->id = (uint8_t)id;
	dev->name = rte_compressdev_name_get(dev->id);
	return 0;
}

static int
comp_start(struct device_comp *dev, uint16_t depth)
{
	struct rte_compressdev_config conf = {
		.socket_id = (int)rte_socket_id(),
		.nb_queue_pairs = 1,
		.max_nb_priv_xforms = 1,
	};

	if (rte_compressdev_configure(dev->id, &conf) != 0 ||
			rte_compressdev_queue_pair_setup(
					dev->id, 0, RING_SIZE(depth), conf.socket_id) != 0 ||
			rte_compressdev_start(dev->id) != 0) {
		io_complain("%s cannot be set up", dev->name);
		return -1;
	}
	dev->started = true;
	return 0;
}

static int
comp_xform(struct device_comp *dev, const struct rte_compressdev_capabilities *cap, bool compress)
{
	struct rte_comp_xform xform;

	memset(&xform, 0, sizeof(xform));
	if (compress) {
		xform.type = RTE_COMP_COMPRESS;
		xform.compress.algo = RTE_COMP_ALGO_DEFLATE;
		xform.compress.deflate.huffman = (cap->comp_feature_flags &
								 RTE_COMP_FF_HUFFMAN_DYNAMIC) != 0 ?
				RTE_COMP_HUFFMAN_DYNAMIC :
				RTE_COMP_HUFFMAN_DEFAULT;
		xform.compress.level = RTE_COMP_LEVEL_PMD_DEFAULT;
		xform.compress.window_size = cap->window_size.max;
	} else {
		xform.type = RTE_COMP_DECOMPRESS;
		xform.decompress.algo = RTE_COMP_ALGO_DEFLATE;
		xform.decompress.window_size = cap->window_size.max;
	}
	if (rte_compressdev_private_xform_create(dev->id, &xform, &dev->xform) == 0)
		return 0;
	dev->xform = NULL;
	io_complain("%s refuses to %s", dev->name, compress ? "compress" : "decompress");
	return -1;
}

int
device_comp_open(struct device_comp *dev, const char *name, bool compress, bool segmented,
		uint16_t depth)
{
	const struct rte_compressdev_capabilities *cap;

	if (comp_find(dev, name) != 0)
		return -1;
	cap = rte_compressdev_capability_get(dev->id, RTE_COMP_ALGO_DEFLATE);
	if (cap == NULL) {
		io_complain("%s does not offer deflate", dev->name);
		return -1;
	}
	if (segmented && (cap->comp_feature_flags & RTE_COMP_FF_OOP_SGL_IN_SGL_OUT) == 0) {
		io_complain("%s takes no segmented buffers, so no chunks above %u KiB", dev->name,
				DEVICE_FLAT_KIB);
		return -1;
	}
	if (comp_start(dev, depth) != 0 || comp_xform(dev, cap, compress) != 0)
		return -1;
	dev->pool = rte_comp_op_pool_create(
			"wdp_comp_ops", depth, 0, sizeof(void *), (int)rte_socket_id());
	if (dev->pool == NULL) {
		io_complain("no hugepage memory for compression ops");
		return -1;
	}
	return 0;
}

void
device_comp_close(struct device_comp *dev)
{
	if (dev->xform != NULL)
		rte_compressdev_private_xform_free(dev->id, dev->xform);
	if (dev->started) {
		rte_compressdev_stop(dev->id);
		rte_compressdev_close(dev->id);
	}
	rte_mempool_free(dev->pool);
	memset(dev, 0, sizeof(*dev));
}

struct rte_comp_op *
device_comp_op(struct device_comp *dev, void *owner)
{
	struct rte_comp_op *op = rte_comp_op_alloc(dev->pool);

	if (op == NULL)
		return NULL;
	op->op_type = RTE_COMP_OP_STATELESS;
	op->private_xform = dev->xform;
	op->flush_flag = RTE_COMP_FLUSH_FINAL;
	*(void **)(op + 1) = owner;
	return op;
}

void
device_comp_submit(struct device_comp *dev, struct rte_comp_op *op, struct rte_mbuf *src,
		struct rte_mbuf *dst, uint32_t len)
{
	op->m_src = src;
	op->m_dst = dst;
	op->src.offset = 0;
	op->src.length = len;
	op->dst.offset = 0;
	/* some drivers add to these */
	op->consumed = 0;
	op->produced = 0;
	op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	dev->waiting[dev->nb_waiting++] = op;
}

static enum device_result
comp_result(const struct rte_comp_op *op)
{
	switch (op->status) {
	case RTE_COMP_OP_STATUS_SUCCESS:
		return op->consumed == op->src.length ? DEVICE_OK : DEVICE_FAILED;
	case RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED:
	case RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE:
		return DEVICE_NO_ROOM;
	default:
		return DEVICE_FAILED;
	}
}

static bool
comp_enqueue(struct device_comp *dev, device_done_t done, void *ctx)
{
	struct rte_comp_op **ops = dev->waiting;
	uint16_t n, refused = 0;

	if (dev->nb_waiting == 0)
		return false;
	n = rte_compressdev_enqueue_burst(dev->id, 0, ops, dev->nb_waiting);
	dev->nb_in_flight += n;
	/* a full queue leaves the status alone, a refused op has one */
	if (n < dev->nb_waiting && ops[n]->status != RTE_COMP_OP_STATUS_NOT_PROCESSED) {
		done(*(void **)(ops[n] + 1), DEVICE_FAILED, ctx);
		refused = 1;
	}
	n += refused;
	dev->nb_waiting -= n;
	memmove(ops, ops + n, dev->nb_waiting * sizeof(*ops));
	return n > 0;
}

bool
device_comp_poll(struct device_comp *dev, device_done_t done, void *ctx)
{
	const bool moved = comp_enqueue(dev, done, ctx);
	struct rte_comp_op *ops[BURST];
	uint16_t n;

	if (dev->nb_in_flight == 0)
		return moved;
	n = rte_compressdev_dequeue_burst(dev->id, 0, ops, BURST);
	dev->nb_in_flight -= n;
	for (uint16_t i = 0; i < n; i++)
		done(*(void **)(ops[i] + 1), comp_result(ops[i]), ctx);
	return moved || n > 0;
}

/* ---- cryptodev ---- */

static int
crypto_find(struct device_crypto *dev, const char *name)
{
	int id = 0;

	if (rte_cryptodev_count() == 0) {
		io_complain("there is no crypto device, give one with the EAL option --vdev or "
			    "-a");
		return -1;
	}
	if (name != NULL)
		id = rte_cryptodev_get_dev_id(name);
	if (id < 0) {
		io_complain("there is no crypto device %s", name);
		return -1;
	}
	dev->id = (uint8_t)id;
	dev->name = rte_cryptodev_name_get(dev->id);
	return 0;
}

static void
crypto_xform(struct rte_crypto_sym_xform *xform, enum container_cipher cipher, bool encrypt,
		const uint8_t *key)
{
	const uint16_t key_size = (uint16_t)container_key_size(cipher);
	const uint16_t iv_size = (uint16_t)container_iv_size(cipher);

	memset(xform, 0, sizeof(*xform));
	if (cipher == CONTAINER_XTS) {
		xform->type = RTE_CRYPTO_SYM_XFORM_CIPHER;
		xform->cipher.op = encrypt ? RTE_CRYPTO_CIPHER_OP_ENCRYPT :
					     RTE_CRYPTO_CIPHER_OP_DECRYPT;
		xform->cipher.algo = RTE_CRYPTO_CIPHER_AES_XTS;
		xform->cipher.key.data = key;
		xform->cipher.key.length = key_size;
		xform->cipher.iv.offset = IV_OFFSET;
		xform->cipher.iv.length = iv_size;
		return;
	}
	xform->type = RTE_CRYPTO_SYM_XFORM_AEAD;
	xform->aead.op = encrypt ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT;
	xform->aead.algo = RTE_CRYPTO_AEAD_AES_GCM;
	xform->aead.key.data = key;
	xform->aead.key.length = key_size;
	xform->aead.iv.offset = IV_OFFSET;
	xform->aead.iv.length = iv_size;
	xform->aead.digest_length = CONTAINER_TAG_SIZE;
	xform->aead.aad_length = CONTAINER_AAD_SIZE;
}

static bool
crypto_capable(const struct device_crypto *dev, const struct rte_crypto_sym_xform *xform)
{
	struct rte_cryptodev_sym_capability_idx idx = { .type = xform->type };
	const struct rte_cryptodev_symmetric_capability *cap;

	if (xform->type == RTE_CRYPTO_SYM_XFORM_AEAD)
		idx.algo.aead = xform->aead.algo;
	else
		idx.algo.cipher = xform->cipher.algo;
	cap = rte_cryptodev_sym_capability_get(dev->id, &idx);
	if (cap == NULL)
		return false;
	if (xform->type == RTE_CRYPTO_SYM_XFORM_AEAD)
		return rte_cryptodev_sym_capability_check_aead(cap, xform->aead.key.length,
				       xform->aead.digest_length, xform->aead.aad_length,
				       xform->aead.iv.length) == 0;
	return rte_cryptodev_sym_capability_check_cipher(
			       cap, xform->cipher.key.length, xform->cipher.iv.length) == 0;
}

static int
crypto_start(struct device_crypto *dev, uint16_t depth)
{
	struct rte_cryptodev_config conf = {
		.socket_id = (int)rte_socket_id(),
		.nb_queue_pairs = 1,
		.ff_disable = RTE_CRYPTODEV_FF_SECURITY | RTE_CRYPTODEV_FF_ASYMMETRIC_CRYPTO,
	};
	struct rte_cryptodev_qp_conf qp = { .nb_descriptors = RING_SIZE(depth) };

	dev->sessions = rte_cryptodev_sym_session_pool_create("wdp_sessions", 4,
			rte_cryptodev_sym_get_private_session_size(dev->id), 0, 0, conf.socket_id);
	dev->pool = rte_crypto_op_pool_create("wdp_crypto_ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, depth,
			0, sizeof(struct device_crypto_data), conf.socket_id);
	if (dev->sessions == NULL || dev->pool == NULL) {
		io_complain("no hugepage memory for crypto ops");
		return -1;
	}
	qp.mp_session = dev->sessions;
	if (rte_cryptodev_configure(dev->id, &conf) != 0 ||
			rte_cryptodev_queue_pair_setup(dev->id, 0, &qp, conf.socket_id) != 0 ||
			rte_cryptodev_start(dev->id) != 0) {
		io_complain("%s cannot be set up", dev->name);
		return -1;
	}
	dev->started = true;
	return 0;
}

int
device_crypto_open(struct device_crypto *dev, const char *name, enum container_cipher cipher,
		bool encrypt, const uint8_t *key, bool segmented, uint16_t depth)
{
	struct rte_crypto_sym_xform xform;
	struct rte_cryptodev_info info;

	if (crypto_find(dev, name) != 0)
		return -1;
	dev->cipher = cipher;
	rte_cryptodev_info_get(dev->id, &info);
	crypto_xform(&xform, cipher, encrypt, key);
	if (!crypto_capable(dev, &xform)) {
		io_complain("%s does not offer %s", dev->name, container_cipher_name(cipher));
		return -1;
	}
	if (segmented && (info.feature_flags & RTE_CRYPTODEV_FF_IN_PLACE_SGL) == 0) {
		io_complain("%s takes no segmented buffers, so no chunks above %u KiB", dev->name,
				DEVICE_FLAT_KIB);
		return -1;
	}
	if (crypto_start(dev, depth) != 0)
		return -1;
	dev->session = rte_cryptodev_sym_session_create(dev->id, &xform, dev->sessions);
	if (dev->session == NULL) {
		io_complain("%s refuses %s: %s", dev->name, container_cipher_name(cipher),
				rte_strerror(rte_errno));
		return -1;
	}
	return 0;
}

void
device_crypto_close(struct device_crypto *dev)
{
	if (dev->session != NULL)
		rte_cryptodev_sym_session_free(dev->id, dev->session);
	if (dev->started) {
		rte_cryptodev_stop(dev->id);
		rte_cryptodev_close(dev->id);
	}
	rte_mempool_free(dev->pool);
	rte_mempool_free(dev->sessions);
	memset(dev, 0, sizeof(*dev));
}

struct device_crypto_data *
device_crypto_data(struct rte_crypto_op *op)
{
	return rte_crypto_op_ctod_offset(op, struct device_crypto_data *, DATA_OFFSET);
}

static rte_iova_t
data_iova(struct rte_crypto_op *op, size_t offset)
{
	return rte_crypto_op_ctophys_offset(op, DATA_OFFSET + offset);
}

struct rte_crypto_op *
device_crypto_op(struct device_crypto *dev, void *owner)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(dev->pool, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	struct device_crypto_data *data;

	if (op == NULL)
		return NULL;
	data = device_crypto_data(op);
	data->owner = owner;
	rte_crypto_op_attach_sym_session(op, dev->session);
	if (dev->cipher == CONTAINER_GCM) {
		op->sym->aead.digest.data = data->tag;
		op->sym->aead.digest.phys_addr = data_iova(
				op, offsetof(struct device_crypto_data, tag));
		op->sym->aead.aad.data = data->aad;
		op->sym->aead.aad.phys_addr = data_iova(
				op, offsetof(struct device_crypto_data, aad));
	}
	return op;
}

void
device_crypto_submit(struct device_crypto *dev, struct rte_crypto_op *op, struct rte_mbuf *packet,
		uint32_t len)
{
	op->sym->m_src = packet;
	op->sym->m_dst = NULL;
	if (dev->cipher == CONTAINER_GCM) {
		op->sym->aead.data.offset = 0;
		op->sym->aead.data.length = len;
	} else {
		op->sym->cipher.data.offset = 0;
		op->sym->cipher.data.length = len;
	}
	op->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	dev->waiting[dev->nb_waiting++] = op;
}

static enum device_result
crypto_result(const struct rte_crypto_op *op)
{
	switch (op->status) {
	case RTE_CRYPTO_OP_STATUS_SUCCESS:
		return DEVICE_OK;
	case RTE_CRYPTO_OP_STATUS_AUTH_FAILED:
		return DEVICE_MISMATCH;
	default:
		return DEVICE_FAILED;
	}
}

static bool
crypto_enqueue(struct device_crypto *dev, device_done_t done, void *ctx)
{
	struct rte_crypto_op **ops = dev->waiting;
	uint16_t n, refused = 0;

	if (dev->nb_waiting == 0)
		return false;
	n = rte_cryptodev_enqueue_burst(dev->id, 0, ops, dev->nb_waiting);
	dev->nb_in_flight += n;
	if (n < dev->nb_waiting && ops[n]->status != RTE_CRYPTO_OP_STATUS_NOT_PROCESSED) {
		done(device_crypto_data(ops[n])->owner, DEVICE_FAILED, ctx);
		refused = 1;
	}
	n += refused;
	dev->nb_waiting -= n;
	memmove(ops, ops + n, dev->nb_waiting * sizeof(*ops));
	return n > 0;
}

bool
device_crypto_poll(struct device_crypto *dev, device_done_t done, void *ctx)
{
	const bool moved = crypto_enqueue(dev, done, ctx);
	struct rte_crypto_op *ops[BURST];
	uint16_t n;

	/* some drivers do the work here, so this is called with anything in flight */
	if (dev->nb_in_flight == 0)
		return moved;
	n = rte_cryptodev_dequeue_burst(dev->id, 0, ops, BURST);
	dev->nb_in_flight -= n;
	for (uint16_t i = 0; i < n; i++)
		done(device_crypto_data(ops[i])->owner, crypto_result(ops[i]), ctx);
	return moved || n > 0;
}
