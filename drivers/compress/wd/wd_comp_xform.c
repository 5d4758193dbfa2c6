/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * What compressdev is told, and private xforms: a descriptor template each, so that
 * enqueue copies it and fills in addresses and lengths.
 */

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "wd_comp.h"

#define WINDOW_MIN 12 /* log2 of HISI_ZIP_WINDOW_4K */
#define WINDOW_MAX 15

#define DEFLATE_FLAGS                                                                              \
	(RTE_COMP_FF_OOP_SGL_IN_SGL_OUT | RTE_COMP_FF_OOP_SGL_IN_LB_OUT |                          \
			RTE_COMP_FF_OOP_LB_IN_SGL_OUT | RTE_COMP_FF_SHAREABLE_PRIV_XFORM |         \
			RTE_COMP_FF_STATEFUL_COMPRESSION | RTE_COMP_FF_STATEFUL_DECOMPRESSION |    \
			RTE_COMP_FF_CRC32_CHECKSUM | RTE_COMP_FF_ADLER32_CHECKSUM |                \
			RTE_COMP_FF_CRC32_ADLER32_CHECKSUM | RTE_COMP_FF_HUFFMAN_DYNAMIC)

#define DEFLATE(flags, window_min)                                                                 \
	{                                                                                          \
		{                                                                                  \
			.algo = RTE_COMP_ALGO_DEFLATE,                                             \
			.comp_feature_flags = (flags),                                             \
			.window_size = { .min = (window_min), .max = WINDOW_MAX, .increment = 1 }, \
		},                                                                                 \
				RTE_COMP_END_OF_CAPABILITIES_LIST(),                               \
	}

/* Whether descriptors of version 2 have a window is not known: they get the usual one. */
static uint8_t
window_min(const struct wd_comp_dev *priv)
{
	return priv->version < 3 ? WINDOW_MAX : WINDOW_MIN;
}

const struct rte_compressdev_capabilities *
wd_comp_caps_get(const struct wd_comp_dev *priv)
{
	/* by version, and by whether there are fixed codes */
	static const struct rte_compressdev_capabilities caps[2][2][2] = {
		{ DEFLATE(DEFLATE_FLAGS, WINDOW_MAX),
				DEFLATE(DEFLATE_FLAGS | RTE_COMP_FF_HUFFMAN_FIXED, WINDOW_MAX) },
		{ DEFLATE(DEFLATE_FLAGS, WINDOW_MIN),
				DEFLATE(DEFLATE_FLAGS | RTE_COMP_FF_HUFFMAN_FIXED, WINDOW_MIN) },
	};

	return caps[priv->version >= 3][priv->fixed_huffman];
}

#define PUT(value, field) (((value)&field##_MASK) << field##_SHIFT)

static uint32_t
window_code(uint8_t log2)
{
	static const uint8_t codes[] = { HISI_ZIP_WINDOW_4K, HISI_ZIP_WINDOW_8K,
		HISI_ZIP_WINDOW_16K, HISI_ZIP_WINDOW_32K };

	return codes[log2 - WINDOW_MIN];
}

static int
refuse(const char *what, int value)
{
	WD_COMP_LOG(ERR, "%s %d is not supported", what, value);
	return -ENOTSUP;
}

static int
compress_check(const struct wd_comp_dev *priv, const struct rte_comp_compress_xform *x)
{
	if (x->algo != RTE_COMP_ALGO_DEFLATE)
		return refuse("algorithm", x->algo);
	/* the hardware has no level: all but "do not compress" are one */
	if (x->level == RTE_COMP_LEVEL_NONE)
		return refuse("level", x->level);
	if (x->deflate.huffman == RTE_COMP_HUFFMAN_FIXED && !priv->fixed_huffman)
		return refuse("Huffman type", x->deflate.huffman);
	if (x->window_size < window_min(priv) || x->window_size > WINDOW_MAX)
		return refuse("window size", x->window_size);
	if (x->hash_algo != RTE_COMP_HASH_ALGO_NONE)
		return refuse("hash", x->hash_algo);
	return 0;
}

static int
decompress_check(const struct rte_comp_decompress_xform *x)
{
	if (x->algo != RTE_COMP_ALGO_DEFLATE)
		return refuse("algorithm", x->algo);
	if (x->window_size > WINDOW_MAX)
		return refuse("window size", x->window_size);
	if (x->hash_algo != RTE_COMP_HASH_ALGO_NONE)
		return refuse("hash", x->hash_algo);
	return 0;
}

/*
 * Raw deflate has no checksum, and version 2 has no raw deflate; the zlib and gzip
 * formats have, and differ from it by a header, which is software's, and a trailer,
 * which is cut off or made up.
 */
static int
set_checksum(const struct wd_comp_dev *priv, struct wd_comp_xform *x,
		enum rte_comp_checksum_type chksum, uint32_t *alg)
{
	x->chksum = chksum;
	switch (chksum) {
	case RTE_COMP_CHECKSUM_NONE:
		*alg = priv->version < 3 ? HISI_ZIP_ALG_ZLIB : HISI_ZIP_ALG_DEFLATE;
		x->trailer = priv->version < 3 ? 4 : 0;
		return 0;
	case RTE_COMP_CHECKSUM_CRC32:
	case RTE_COMP_CHECKSUM_CRC32_ADLER32: /* the second is added up by software */
		*alg = HISI_ZIP_ALG_GZIP;
		x->trailer = 8;
		return 0;
	case RTE_COMP_CHECKSUM_ADLER32:
		*alg = HISI_ZIP_ALG_ZLIB;
		x->trailer = 4;
		return 0;
	default:
		return refuse("checksum", chksum);
	}
}

static int
xform_build(const struct wd_comp_dev *priv, struct wd_comp_xform *x,
		const struct rte_comp_xform *xform)
{
	struct hisi_zip_sqe *sqe = (struct hisi_zip_sqe *)x->sqe;
	const uint32_t type = priv->version < 3 ? HISI_ZIP_TYPE_V2 : HISI_ZIP_TYPE_V3;
	uint32_t window = HISI_ZIP_WINDOW_32K, alg = 0;
	int rc;

	if (xform->type == RTE_COMP_COMPRESS) {
		x->dir = WD_COMP_COMPRESS;
		rc = compress_check(priv, &xform->compress);
		if (rc == 0)
			rc = set_checksum(priv, x, xform->compress.chksum, &alg);
		if (rc != 0)
			return rc;
		window = window_code(xform->compress.window_size);
		if (xform->compress.deflate.huffman == RTE_COMP_HUFFMAN_FIXED)
			sqe->priv_info = rte_cpu_to_le_32(HISI_ZIP_PRIV_FIXED);
	} else if (xform->type == RTE_COMP_DECOMPRESS) {
		x->dir = WD_COMP_DECOMPRESS;
		rc = decompress_check(&xform->decompress);
		if (rc == 0)
			rc = set_checksum(priv, x, xform->decompress.chksum, &alg);
		if (rc != 0)
			return rc;
	} else {
		return -EINVAL;
	}
	sqe->dw7 = rte_cpu_to_le_32(PUT(HISI_ZIP_STATELESS, HISI_ZIP_7_STREAM_MODE) |
			PUT(HISI_ZIP_FLUSH_FINISH, HISI_ZIP_7_FLUSH) |
			PUT(1U, HISI_ZIP_7_STREAM_NEW) | PUT(type, HISI_ZIP_7_TYPE));
	sqe->dw9 = rte_cpu_to_le_32(PUT(alg, HISI_ZIP_9_ALG) | PUT(window, HISI_ZIP_9_WINDOW));
	return 0;
}

int
wd_comp_xform_create(struct rte_compressdev *dev, const struct rte_comp_xform *xform,
		void **private_xform)
{
	const struct wd_comp_dev *priv = dev->data->dev_private;
	struct wd_comp_xform *x;
	int rc;

	if (xform == NULL || private_xform == NULL)
		return -EINVAL;
	x = rte_zmalloc_socket(
			"wd_comp_xform", sizeof(*x), RTE_CACHE_LINE_SIZE, dev->data->socket_id);
	if (x == NULL)
		return -ENOMEM;
	rc = xform_build(priv, x, xform);
	if (rc == 0 && x->trailer > 0)
		rc = wd_comp_lists_need(dev, x->dir);
	if (rc != 0) {
		rte_free(x);
		return rc;
	}
	x->kind = wd_comp_kind(priv);
	*private_xform = x;
	return 0;
}

int
wd_comp_xform_free(struct rte_compressdev *dev, void *private_xform)
{
	struct wd_comp_xform *x = private_xform;

	if (x == NULL || x->kind != wd_comp_kind(dev->data->dev_private))
		return -EINVAL;
	x->kind = 0;
	rte_free(x);
	return 0;
}

void
wd_comp_stream_reset(struct wd_comp_stream *s)
{
	memset(s->ctx, 0, HISI_ZIP_CTX_SIZE); /* at the start of a stream it has zeros */
	memset(s->ctx_dw, 0, sizeof(s->ctx_dw));
	s->isize = 0;
	s->checksum = 0;
	s->adler = WD_COMP_ADLER_START;
	s->first = true;
}

int
wd_comp_stream_create(
		struct rte_compressdev *dev, const struct rte_comp_xform *xform, void **stream)
{
	struct wd_comp_dev *priv = dev->data->dev_private;
	struct wd_comp_stream *s;
	int rc;

	if (xform == NULL || stream == NULL)
		return -EINVAL;
	s = rte_zmalloc_socket(
			"wd_comp_stream", sizeof(*s), RTE_CACHE_LINE_SIZE, dev->data->socket_id);
	if (s == NULL)
		return -ENOMEM;
	rc = xform_build(priv, &s->xform, xform);
	if (rc != 0)
		goto free_stream;
	/* aligned to its size it lies in one page, and so in one piece for the device */
	s->ctx = rte_zmalloc_socket(
			"wd_comp_ctx", HISI_ZIP_CTX_SIZE, HISI_ZIP_CTX_SIZE, dev->data->socket_id);
	if (s->ctx == NULL) {
		rc = -ENOMEM;
		goto free_stream;
	}
	s->ctx_addr = (priv->va ? (uintptr_t)s->ctx : rte_malloc_virt2iova(s->ctx)) +
			HISI_ZIP_CTX_HW_OFFSET;
	wd_comp_stream_reset(s);
	s->kind = wd_comp_kind(priv) | WD_COMP_KIND_STREAM;
	rte_spinlock_lock(&priv->lock);
	LIST_INSERT_HEAD(&priv->streams, s, next);
	rte_spinlock_unlock(&priv->lock);
	*stream = s;
	return 0;

free_stream:
	rte_free(s);
	return rc;
}

int
wd_comp_stream_free(struct rte_compressdev *dev, void *stream)
{
	struct wd_comp_dev *priv = dev->data->dev_private;
	struct wd_comp_stream *s = stream;

	if (s == NULL || s->kind != (wd_comp_kind(priv) | WD_COMP_KIND_STREAM))
		return -EINVAL;
	if (s->busy != NULL)
		return -EBUSY;
	rte_spinlock_lock(&priv->lock);
	LIST_REMOVE(s, next);
	rte_spinlock_unlock(&priv->lock);
	s->kind = 0;
	rte_free(s->ctx);
	rte_free(s);
	return 0;
}
