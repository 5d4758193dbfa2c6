/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Client data as pointers. A range that lies in one piece of host memory is
 * used where it is; anything else is gathered into the arena, and results are
 * scattered back from there.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "sec.h"

/* two sides to a descriptor; twice that, so that small ones rarely wait for room */
#define PIECES_NEED (2 * WDM_SIDE_MAX_PIECES)
#define PIECES_SIZE (2 * PIECES_NEED)
/* input, output and authenticated data of the largest descriptor, with alignment */
#define ARENA_SIZE (3 * (size_t)(1 << 24) + 65536 + 4096)

int
wdm_sec_data_create(struct wdm_sec *sec)
{
	sec->arena = malloc(ARENA_SIZE);
	sec->pieces = calloc(PIECES_SIZE, sizeof(sec->pieces[0]));
	return sec->arena == NULL || sec->pieces == NULL ? -1 : 0;
}

void
wdm_sec_data_destroy(struct wdm_sec *sec)
{
	if (sec->arena != NULL)
		OPENSSL_cleanse(sec->arena, sec->arena_high);
	free(sec->arena);
	free(sec->pieces);
}

void
wdm_sec_data_reset(struct wdm_sec *sec)
{
	sec->arena_used = 0;
	sec->pieces_used = 0;
}

uint8_t *
wdm_sec_arena_get(struct wdm_sec *sec, size_t len)
{
	uint8_t *p = sec->arena + sec->arena_used;

	sec->arena_used += (len + 63) & ~(size_t)63;
	if (sec->arena_used > sec->arena_high)
		sec->arena_high = sec->arena_used;
	return p;
}

/* Room for whatever this request may turn out to need. */
static void
reserve(struct wdm_sec *sec, const struct wdm_sec_req *req)
{
	const size_t most = 2 * ((size_t)req->bd->a_len + req->bd->c_len) + 1024;
	const size_t need = most < ARENA_SIZE ? most : ARENA_SIZE;
	const bool lists = req->bd->src_type == HISI_SEC_ADDR_SGL ||
			req->bd->dst_type == HISI_SEC_ADDR_SGL;

	if (ARENA_SIZE - sec->arena_used >= need &&
			(!lists || PIECES_SIZE - sec->pieces_used >= PIECES_NEED))
		return;
	wdm_sec_drain(sec);
	wdm_sec_data_reset(sec);
}

static enum wdm_sec_error
side_error(int rc)
{
	if (rc == 0)
		return WDM_SEC_OK;
	return rc == -EINVAL ? WDM_SEC_E_SGL : WDM_SEC_E_ADDR;
}

/* The first `end` bytes at addr. */
static enum wdm_sec_error
side_open(struct wdm_sec *sec, struct wdm_space *space, struct wdm_side *side, uint8_t type,
		uint64_t addr, uint32_t end)
{
	int rc;

	if (type == HISI_SEC_ADDR_FLAT)
		return side_error(wdm_side_flat(side, addr, end));
	rc = wdm_side_sgl(space, side, &sec->pieces[sec->pieces_used], addr, end);
	sec->pieces_used += side->nb;
	return side_error(rc);
}

static const uint8_t *
side_input(struct wdm_sec *sec, struct wdm_space *space, const struct wdm_side *side, uint32_t off,
		uint32_t len)
{
	static const uint8_t nothing[1];
	uint8_t *p;

	if (len == 0)
		return nothing;
	p = wdm_side_ptr(space, side, off, len);
	if (p != NULL)
		return p;
	p = wdm_sec_arena_get(sec, len);
	return wdm_side_read(space, side, off, p, len) == 0 ? p : NULL;
}

static bool
overlaps(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	return a != b && (uintptr_t)a < (uintptr_t)b + len && (uintptr_t)b < (uintptr_t)a + len;
}

static enum wdm_sec_error
cipher_ranges(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	uint8_t *p = NULL;

	req->in = side_input(sec, req->space, &req->src_side, req->bd->c_off, req->bd->c_len);
	if (req->in == NULL)
		return WDM_SEC_E_ADDR;
	if (req->bd->c_len == 0) {
		req->scatter = false;
		req->out = wdm_sec_arena_get(sec, 1);
		return WDM_SEC_OK;
	}
	/* what has to be verified must not be seen before it has been */
	if (!req->bd->verify)
		p = wdm_side_ptr(req->space, &req->out_side, req->bd->c_off, req->bd->c_len);
	req->scatter = p == NULL;
	if (p == NULL) {
		if (wdm_side_check(req->space, &req->out_side, req->bd->c_off, req->bd->c_len) != 0)
			return WDM_SEC_E_ADDR;
		p = wdm_sec_arena_get(sec, req->bd->c_len);
	}
	if (overlaps(req->in, p, req->bd->c_len)) {
		uint8_t *copy = wdm_sec_arena_get(sec, req->bd->c_len);

		memcpy(copy, req->in, req->bd->c_len);
		req->in = copy;
	}
	req->out = p;
	return WDM_SEC_OK;
}

/* Add [from, to) of the source to what is authenticated. */
static enum wdm_sec_error
add_source(struct wdm_sec *sec, struct wdm_sec_req *req, uint32_t from, uint32_t to)
{
	const uint8_t *p;

	if (from >= to)
		return WDM_SEC_OK;
	p = side_input(sec, req->space, &req->src_side, from, to - from);
	if (p == NULL)
		return WDM_SEC_E_ADDR;
	req->a_seg[req->nb_a_seg++] = (struct wdm_sec_seg){ p, to - from };
	return WDM_SEC_OK;
}

/* As add_source(), for what is read after the result was written, maybe over it. */
static enum wdm_sec_error
add_source_saved(struct wdm_sec *sec, struct wdm_sec_req *req, uint32_t from, uint32_t to)
{
	const enum wdm_sec_error error = add_source(sec, req, from, to);
	struct wdm_sec_seg *seg;
	uint8_t *copy;

	if (error != WDM_SEC_OK || from >= to)
		return error;
	seg = &req->a_seg[req->nb_a_seg - 1];
	if ((uintptr_t)seg->p >= (uintptr_t)req->out + req->bd->c_len ||
			(uintptr_t)req->out >= (uintptr_t)seg->p + seg->len)
		return WDM_SEC_OK;
	copy = wdm_sec_arena_get(sec, seg->len);
	memcpy(copy, seg->p, seg->len);
	seg->p = copy;
	return WDM_SEC_OK;
}

/* Neighbours in memory are one segment, which libipsec-mb can take. */
static void
merge_segs(struct wdm_sec_req *req)
{
	unsigned int nb = 0;

	for (unsigned int i = 1; i < req->nb_a_seg; i++) {
		if (req->a_seg[nb].p + req->a_seg[nb].len == req->a_seg[i].p)
			req->a_seg[nb].len += req->a_seg[i].len;
		else
			req->a_seg[++nb] = req->a_seg[i];
	}
	if (req->nb_a_seg > 0)
		req->nb_a_seg = nb + 1;
}

static uint32_t
min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
max32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Cipher first: where the two ranges meet, the result counts, else the source. */
static enum wdm_sec_error
auth_ranges_mixed(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const uint32_t a_end = req->bd->a_off + req->bd->a_len,
		       c_end = req->bd->c_off + req->bd->c_len;
	const uint32_t from = max32(req->bd->a_off, req->bd->c_off), to = min32(a_end, c_end);
	enum wdm_sec_error error;

	if (from >= to)
		return add_source_saved(sec, req, req->bd->a_off, a_end);
	error = add_source_saved(sec, req, req->bd->a_off, from);
	if (error != WDM_SEC_OK)
		return error;
	req->a_seg[req->nb_a_seg++] = (struct wdm_sec_seg){ req->out + (from - req->bd->c_off),
		to - from };
	error = add_source_saved(sec, req, to, a_end);
	merge_segs(req);
	return error;
}

static enum wdm_sec_error
read_ivs(struct wdm_sec_req *req)
{
	if (req->c_iv_host != NULL && req->bd->c_iv_len == sizeof(req->c_iv))
		memcpy(req->c_iv, req->c_iv_host, sizeof(req->c_iv));
	else if (req->bd->c_iv_len > 0 &&
			wdm_dma_read(req->space, req->c_iv_addr, req->c_iv, req->bd->c_iv_len) != 0)
		return WDM_SEC_E_ADDR;
	if (req->bd->a_iv_len > 0 &&
			wdm_dma_read(req->space, req->a_iv_addr, req->a_iv, req->bd->a_iv_len) != 0)
		return WDM_SEC_E_ADDR;
	if (req->bd->kind == WDM_SEC_AEAD && req->bd->c_mode == HISI_SEC_C_MODE_CCM) {
		const unsigned int l = req->c_iv[0] + 1U;

		if (l < 2 || l > 8)
			return WDM_SEC_E_IV;
		if (l < 4 && req->bd->c_len >> 8 * l != 0)
			return WDM_SEC_E_DATA_LEN;
	}
	return WDM_SEC_OK;
}

static enum wdm_sec_error
open_mac(struct wdm_sec_req *req)
{
	if (req->bd->mac_len == 0 || req->mac_host != NULL)
		return WDM_SEC_OK;
	if (req->bd->verify)
		return wdm_dma_read(req->space, req->mac_addr, req->want, req->bd->mac_len) == 0 ?
				WDM_SEC_OK :
				WDM_SEC_E_ADDR;
	return wdm_dma_allowed(req->space, req->mac_addr, req->bd->mac_len) ? WDM_SEC_OK :
									      WDM_SEC_E_ADDR;
}

static enum wdm_sec_error
open_sides(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const uint32_t a_end = req->bd->a_len > 0 ? req->bd->a_off + req->bd->a_len : 0;
	const uint32_t c_end = req->bd->c_len > 0 ? req->bd->c_off + req->bd->c_len : 0;
	enum wdm_sec_error error;

	error = side_open(sec, req->space, &req->src_side, req->bd->src_type, req->src,
			max32(a_end, c_end));
	if (error != WDM_SEC_OK || c_end == 0)
		return error;
	if (req->bd->separate)
		return side_open(sec, req->space, &req->out_side, req->bd->dst_type, req->dst,
				c_end);
	req->out_side = req->src_side;
	if (req->bd->src_type == HISI_SEC_ADDR_FLAT)
		req->out_side.pieces = &req->out_side.flat;
	return WDM_SEC_OK;
}

static enum wdm_sec_error
open_ranges(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	enum wdm_sec_error error;

	req->c_iv_host = NULL;
	req->mac_host = NULL;
	req->nb_a_seg = 0;
	req->scatter = false;
	error = open_sides(sec, req);
	if (error == WDM_SEC_OK && req->bd->cipher != HISI_SEC_CIPHER_NONE)
		error = cipher_ranges(sec, req);
	if (error != WDM_SEC_OK)
		return error;
	if (req->bd->kind == WDM_SEC_CHAIN && !req->bd->auth_first)
		return auth_ranges_mixed(sec, req);
	return add_source(sec, req, req->bd->a_off, req->bd->a_off + req->bd->a_len);
}

enum wdm_sec_error
wdm_sec_data_open(struct wdm_sec *sec, struct wdm_sec_req *req, bool quick)
{
	enum wdm_sec_error error = WDM_SEC_OK;

	reserve(sec, req);
	if (!quick)
		error = open_ranges(sec, req);
	if (error == WDM_SEC_OK)
		error = read_ivs(req);
	return error == WDM_SEC_OK ? open_mac(req) : error;
}

enum wdm_sec_error
wdm_sec_data_deliver(struct wdm_sec_req *req)
{
	if (req->scatter &&
			wdm_side_write(req->space, &req->out_side, req->bd->c_off, req->out,
					req->bd->c_len) != 0)
		return WDM_SEC_E_ADDR;
	if (req->mac_host != NULL)
		memcpy(req->mac_host, req->mac, req->bd->mac_len);
	else if (req->bd->mac_len > 0 && !req->bd->verify &&
			wdm_dma_write(req->space, req->mac_addr, req->mac, req->bd->mac_len) != 0)
		return WDM_SEC_E_ADDR;
	return WDM_SEC_OK;
}
