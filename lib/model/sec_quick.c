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

/* Addresses of one kind are near each other from one descriptor to the next. */
enum near {
	NEAR_SRC,
	NEAR_DST,
	NEAR_LIST,
	NEAR_AAD,
	NEAR_MAC,
	NEAR_IV,
};

static inline void *
ptr(struct wdm_sec *sec, const struct wdm_sec_req *req, enum near near, uint64_t addr, uint32_t len)
{
	static_assert(NEAR_IV < WDM_SEC_NEAR, "one for each kind");

	return wdm_dma_ptr_near(req->space, &sec->near[near], addr, len);
}

/* Where the payload goes; NULL: not as simple as that. */
static inline uint8_t *
output(struct wdm_sec *sec, const struct wdm_sec_req *req, uint8_t *in)
{
	const struct wdm_sec_bd *bd = req->bd;
	uint8_t *out;

	if (!bd->separate)
		return in;
	if (bd->dst_type != HISI_SEC_ADDR_FLAT)
		return NULL;
	if (req->dst == req->src)
		return in;
	/* the careful way looks for what overlaps, and for what is authenticated of it */
	if (bd->kind != WDM_SEC_CIPHER || req->dst + bd->c_off < req->dst)
		return NULL;
	out = ptr(sec, req, NEAR_DST, req->dst + bd->c_off, bd->c_len);
	return out != NULL && apart(out, bd->c_len, in, bd->c_len) ? out : NULL;
}

static bool
flat(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const struct wdm_sec_bd *bd = req->bd;
	const uint32_t a_end = bd->a_off + bd->a_len, c_end = bd->c_off + bd->c_len;
	uint8_t *data = ptr(sec, req, NEAR_SRC, req->src, a_end > c_end ? a_end : c_end);

	if (data == NULL)
		return false;
	__builtin_prefetch(data);
	if (bd->cipher != HISI_SEC_CIPHER_NONE) {
		if (bd->c_len == 0)
			return false;
		req->in = data + bd->c_off;
		req->out = output(sec, req, data + bd->c_off);
		if (req->out == NULL)
			return false;
	}
	if (bd->a_len > 0) {
		/* in place, so results and source are one stretch */
		req->a_seg[0] = (struct wdm_sec_seg){ data + bd->a_off, bd->a_len };
		req->nb_a_seg = 1;
	}
	return true;
}

/*
 * Payload and associated data by a list of two entries, which are read once: the client
 * may change them meanwhile. NULL: not as simple as that.
 */
static inline uint8_t *
pair(struct wdm_sec *sec, const struct wdm_sec_req *req, enum near near, uint64_t addr,
		const uint8_t **aad)
{
	const struct wdm_sec_bd *bd = req->bd;
	const struct {
		struct hisi_sgl sgl;
		struct hisi_sge sge[2];
	} * list;
	struct hisi_sge sge[2];

	if (addr == 0 || addr % HISI_SGL_ALIGN != 0)
		return NULL;
	list = ptr(sec, req, NEAR_LIST, addr, sizeof(*list));
	if (list == NULL || le16toh(list->sgl.entry_sum_in_sgl) != 2)
		return NULL;
	memcpy(sge, list->sge, sizeof(sge));
	if (le32toh(sge[0].len) != bd->a_len || le32toh(sge[1].len) < bd->c_len ||
			le32toh(sge[1].len) > HISI_SGE_MAX_LEN)
		return NULL;
	*aad = ptr(sec, req, NEAR_AAD, le64toh(sge[0].addr), bd->a_len);
	return *aad == NULL ? NULL : ptr(sec, req, near, le64toh(sge[1].addr), bd->c_len);
}

static bool
with_aad(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const struct wdm_sec_bd *bd = req->bd;
	const uint8_t *aad, *unused;
	uint8_t *data;

	if (bd->kind != WDM_SEC_AEAD || bd->a_off != 0 || bd->a_len == 0 ||
			bd->c_off != bd->a_len || bd->c_len == 0)
		return false;
	data = pair(sec, req, NEAR_SRC, req->src, &aad);
	if (data == NULL)
		return false;
	__builtin_prefetch(aad);
	__builtin_prefetch(data);
	req->in = data;
	req->out = data;
	if (bd->separate && req->dst != req->src) {
		if (bd->dst_type != HISI_SEC_ADDR_SGL)
			return false;
		req->out = pair(sec, req, NEAR_DST, req->dst, &unused);
		if (req->out == NULL || !apart(req->out, bd->c_len, data, bd->c_len))
			return false;
	}
	if (!apart(req->out, bd->c_len, aad, bd->a_len))
		return false;
	req->a_seg[0] = (struct wdm_sec_seg){ aad, bd->a_len };
	req->nb_a_seg = 1;
	return true;
}

/* What has to be verified must not be seen before it has been. */
static bool
may_write_at_once(const struct wdm_sec_bd *bd)
{
	if (!bd->verify)
		return true;
	return bd->route != 0 &&
			(bd->kind == WDM_SEC_AUTH || (bd->kind == WDM_SEC_CHAIN && bd->auth_first));
}

bool
wdm_sec_data_quick(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const struct wdm_sec_bd *bd = req->bd;

	req->nb_a_seg = 0;
	req->scatter = false;
	req->mac_host = NULL;
	req->c_iv_host = NULL;
	if (!may_write_at_once(bd))
		return false;
	if (!(bd->src_type == HISI_SEC_ADDR_FLAT ? flat(sec, req) : with_aad(sec, req)))
		return false;
	if (bd->mac_len > 0) {
		req->mac_host = ptr(sec, req, NEAR_MAC, req->mac_addr, bd->mac_len);
		if (req->mac_host == NULL)
			return false;
	}
	if (bd->c_iv_len > 0) {
		req->c_iv_host = ptr(sec, req, NEAR_IV, req->c_iv_addr, bd->c_iv_len);
		if (req->c_iv_host == NULL)
			return false;
		__builtin_prefetch(req->c_iv_host);
	}
	return true;
}
