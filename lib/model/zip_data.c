/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Source and destination of a ZIP descriptor as a row of chunks. A piece that is
 * contiguous in host memory is one chunk, where it is; any other goes through a
 * bounce buffer, part by part.
 */

#include <errno.h>
#include <string.h>

#include "zip.h"

static enum wdm_zip_status
open_side(struct wdm_zip_req *req, struct wdm_side *side, struct wdm_piece *pieces, uint64_t addr,
		uint32_t off, uint32_t len)
{
	int rc;

	if (req->buf_type == HISI_ZIP_BUF_FLAT)
		rc = wdm_side_flat(side, addr, len);
	else
		rc = wdm_side_sgl(req->space, side, pieces, addr, off + len);
	if (rc == -EINVAL)
		return WDM_ZIP_E_SGL;
	if (rc != 0 || wdm_side_check(req->space, side, off, len) != 0)
		return WDM_ZIP_E_ADDR;
	return WDM_ZIP_OK;
}

enum wdm_zip_status
wdm_zip_data_open(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	enum wdm_zip_status status;

	status = open_side(req, &req->in_side, zip->in_pieces, req->src, req->in_off, req->in_len);
	if (status == WDM_ZIP_OK)
		status = open_side(req, &req->out_side, zip->out_pieces, req->dst, req->out_off,
				req->room);
	return status;
}

static void
cursor_begin(struct wdm_zip_cursor *cursor, struct wdm_zip *zip, struct wdm_zip_req *req,
		const struct wdm_side *side, uint32_t off, uint32_t len)
{
	*cursor = (struct wdm_zip_cursor){
		.zip = zip,
		.req = req,
		.side = side,
		.off = off,
		.left = len,
	};
	while (cursor->piece < side->nb && cursor->off >= side->pieces[cursor->piece].len)
		cursor->off -= side->pieces[cursor->piece++].len;
}

void
wdm_zip_in_begin(struct wdm_zip_cursor *cursor, struct wdm_zip *zip, struct wdm_zip_req *req)
{
	cursor_begin(cursor, zip, req, &req->in_side, req->in_off, req->in_len);
}

void
wdm_zip_out_begin(struct wdm_zip_cursor *cursor, struct wdm_zip *zip, struct wdm_zip_req *req)
{
	cursor_begin(cursor, zip, req, &req->out_side, req->out_off, req->room);
}

static uint32_t
min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The next chunk: where it is, or NULL and bounced when it has to be copied. */
static uint8_t *
advance(struct wdm_zip_cursor *cursor, uint32_t *len)
{
	const struct wdm_piece *piece;
	uint64_t addr;
	uint8_t *p;

	cursor->bounced = false;
	*len = 0;
	if (cursor->left == 0 || cursor->piece == cursor->side->nb || cursor->fault)
		return NULL;
	piece = &cursor->side->pieces[cursor->piece];
	addr = piece->addr + cursor->off;
	*len = min32(piece->len - cursor->off, cursor->left);
	p = wdm_dma_ptr(cursor->req->space, addr, *len);
	if (p == NULL) {
		*len = min32(*len, WDM_ZIP_BOUNCE);
		cursor->bounced = true;
		cursor->bounced_to = addr;
	}
	cursor->left -= *len;
	cursor->off += *len;
	if (cursor->off == piece->len) {
		cursor->piece++;
		cursor->off = 0;
	}
	return p;
}

const uint8_t *
wdm_zip_in_next(struct wdm_zip_cursor *cursor, uint32_t *len)
{
	const uint8_t *p = advance(cursor, len);

	if (!cursor->bounced)
		return p;
	if (wdm_dma_read(cursor->req->space, cursor->bounced_to, cursor->zip->in_bounce, *len) == 0)
		return cursor->zip->in_bounce;
	cursor->fault = true;
	*len = 0;
	return NULL;
}

uint8_t *
wdm_zip_out_next(struct wdm_zip_cursor *cursor, uint32_t *len)
{
	uint8_t *p = advance(cursor, len);

	return cursor->bounced ? cursor->zip->out_bounce : p;
}

void
wdm_zip_out_commit(struct wdm_zip_cursor *cursor, const uint8_t *chunk, uint32_t len)
{
	if (cursor->bounced && len > 0 &&
			wdm_dma_write(cursor->req->space, cursor->bounced_to, chunk, len) != 0)
		cursor->fault = true;
}

void
wdm_zip_check_update(struct wdm_zip *zip, struct wdm_zip_req *req, const uint8_t *p, uint32_t len)
{
	if (len == 0)
		return;
	req->isize += len;
	if (req->alg == HISI_ZIP_ALG_ZLIB)
		req->check = zip->codec->adler32(req->check, p, len);
	else if (req->alg == HISI_ZIP_ALG_GZIP)
		req->check = zip->codec->crc32(req->check, p, len);
}

uint32_t
wdm_zip_trailer_len(uint8_t alg)
{
	switch (alg) {
	case HISI_ZIP_ALG_ZLIB:
		return 4;
	case HISI_ZIP_ALG_GZIP:
		return 8;
	default:
		return 0;
	}
}

void
wdm_zip_trailer_make(const struct wdm_zip_req *req, uint8_t trailer[WDM_ZIP_TRAILER_MAX])
{
	for (unsigned int i = 0; i < 4; i++) {
		if (req->alg == HISI_ZIP_ALG_ZLIB) {
			trailer[i] = (uint8_t)(req->check >> (24 - 8 * i));
			continue;
		}
		trailer[i] = (uint8_t)(req->check >> 8 * i);
		trailer[4 + i] = (uint8_t)(req->isize >> 8 * i);
	}
}

int
wdm_zip_window_push(struct wdm_zip_req *req, struct wdm_zip_state *state,
		const struct wdm_side *side, uint32_t off, uint32_t len)
{
	const uint32_t n = min32(len, WDM_ZIP_WINDOW);
	const uint32_t keep = min32(state->win_len, WDM_ZIP_WINDOW - n);

	memmove(state->window, state->window + state->win_len - keep, keep);
	state->win_len = keep + n;
	return wdm_side_read(req->space, side, off + len - n, state->window + keep, n);
}
