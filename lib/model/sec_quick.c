/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The short way to the data of a descriptor, for what drivers send most: a payload
 * in one piece, or behind its associated data in a list of two. It is looked up once,
 * ahead of all work of a batch, and what is wanted first is on its way into the cache.
 * Anything else takes the careful way of sec_data.c.
 */

#include <endian.h>
#include <string.h>

#include "hisi_qm.h"
#include "sec.h"

static bool
apart(const uint8_t *a, uint32_t a_len, const uint8_t *b, uint32_t b_len)
{
	return (uintptr_t)a + a_len <= (uintptr_t)b || (uintptr_t)b + b_len <= (uintptr_t)a;
}

/* Where the payload goes; NULL: not as simple as that. */
static uint8_t *
quick_output(const struct wdm_sec_req *req, uint8_t *in)
{
	uint8_t *out;

	if (!req->bd->separate)
		return in;
	if (req->bd->dst_type != HISI_SEC_ADDR_FLAT)
		return NULL;
	if (req->dst == req->src)
		return in;
	/* the careful way looks for what overlaps, and for what is authenticated of it */
	if (req->bd->kind != WDM_SEC_CIPHER || req->dst + req->bd->c_off < req->dst)
		return NULL;
	out = wdm_dma_ptr(req->space, req->dst + req->bd->c_off, req->bd->c_len);
	return out != NULL && apart(out, req->bd->c_len, in, req->bd->c_len) ? out : NULL;
}

static bool
flat(struct wdm_sec_req *req)
{
	const uint32_t a_end = req->bd->a_off + req->bd->a_len,
		       c_end = req->bd->c_off + req->bd->c_len;
	const uint32_t end = a_end > c_end ? a_end : c_end;
	uint8_t *data;

	data = wdm_dma_ptr(req->space, req->src, end);
	if (data == NULL)
		return false;
	if (req->bd->cipher != HISI_SEC_CIPHER_NONE) {
		if (req->bd->c_len == 0)
			return false;
		req->in = data + req->bd->c_off;
		req->out = quick_output(req, data + req->bd->c_off);
		if (req->out == NULL)
			return false;
	}
	if (req->bd->a_len > 0) {
		/* in place, so results and source are one stretch */
		req->a_seg[0] = (struct wdm_sec_seg){ data + req->bd->a_off, req->bd->a_len };
		req->nb_a_seg = 1;
	}
	__builtin_prefetch(data);
	return true;
}

/*
 * Payload and associated data by a list of two entries, which are read once: the client
 * may change them meanwhile. NULL: not as simple as that.
 */
static uint8_t *
pair(const struct wdm_sec_req *req, uint64_t addr, const uint8_t **aad)
{
	const struct {
		struct hisi_sgl sgl;
		struct hisi_sge sge[2];
	} * list;
	struct hisi_sge sge[2];

	if (addr == 0 || addr % HISI_SGL_ALIGN != 0)
		return NULL;
	list = wdm_dma_ptr(req->space, addr, sizeof(*list));
	if (list == NULL || le16toh(list->sgl.entry_sum_in_sgl) != 2)
		return NULL;
	memcpy(sge, list->sge, sizeof(sge));
	if (le32toh(sge[0].len) != req->bd->a_len || le32toh(sge[1].len) < req->bd->c_len ||
			le32toh(sge[1].len) > HISI_SGE_MAX_LEN)
		return NULL;
	*aad = wdm_dma_ptr(req->space, le64toh(sge[0].addr), req->bd->a_len);
	return *aad == NULL ? NULL : wdm_dma_ptr(req->space, le64toh(sge[1].addr), req->bd->c_len);
}

static bool
with_aad(struct wdm_sec_req *req)
{
	const uint8_t *aad, *unused;
	uint8_t *data;

	if (req->bd->kind != WDM_SEC_AEAD || req->bd->a_off != 0 || req->bd->a_len == 0 ||
			req->bd->c_off != req->bd->a_len || req->bd->c_len == 0)
		return false;
	data = pair(req, req->src, &aad);
	if (data == NULL)
		return false;
	req->in = data;
	req->out = data;
	if (req->bd->separate && req->dst != req->src) {
		if (req->bd->dst_type != HISI_SEC_ADDR_SGL)
			return false;
		req->out = pair(req, req->dst, &unused);
		if (req->out == NULL || !apart(req->out, req->bd->c_len, data, req->bd->c_len))
			return false;
	}
	if (!apart(req->out, req->bd->c_len, aad, req->bd->a_len))
		return false;
	req->a_seg[0] = (struct wdm_sec_seg){ aad, req->bd->a_len };
	req->nb_a_seg = 1;
	__builtin_prefetch(aad);
	__builtin_prefetch(data);
	return true;
}

bool
wdm_sec_data_quick(struct wdm_sec_req *req)
{
	/* what has to be verified must not be seen before it has been */
	if (req->bd->verify)
		return false;
	req->nb_a_seg = 0;
	req->scatter = false;
	if (!(req->bd->src_type == HISI_SEC_ADDR_FLAT ? flat(req) : with_aad(req)))
		return false;
	req->mac_host = NULL;
	if (req->bd->mac_len > 0) {
		req->mac_host = wdm_dma_ptr(req->space, req->mac_addr, req->bd->mac_len);
		if (req->mac_host == NULL)
			return false;
	}
	req->c_iv_host = NULL;
	if (req->bd->c_iv_len > 0) {
		req->c_iv_host = wdm_dma_ptr(req->space, req->c_iv_addr, req->bd->c_iv_len);
		__builtin_prefetch(req->c_iv_host);
	}
	return true;
}
