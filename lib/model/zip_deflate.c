/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Compression. Between the descriptors of a stream nothing is left but the last
 * bytes of the input, for matches, and the checksum: each descriptor's output
 * ends at a byte, outside a block.
 */

#include <string.h>

#include "zip.h"

/* Compression under way: buf.out runs along the current chunk of the destination. */
struct work {
	struct wdm_zip *zip;
	struct wdm_zip_req *req;
	struct wdm_zip_cursor in, out;
	struct wdm_zip_buf buf;
	uint8_t *chunk;
	uint32_t produced; /* of chunks before the current one */
	uint8_t spill[16]; /* offered when there is no room: whoever writes there needs room */
	bool spilling;
};

static uint32_t
chunk_fill(const struct work *work)
{
	return work->chunk == NULL ? 0 : (uint32_t)(work->buf.out - work->chunk);
}

static void
next_chunk(struct work *work)
{
	if (!work->spilling) {
		wdm_zip_out_commit(&work->out, work->chunk, chunk_fill(work));
		work->produced += chunk_fill(work);
	}
	work->chunk = wdm_zip_out_next(&work->out, &work->buf.out_len);
	if (work->chunk == NULL) {
		work->spilling = true;
		work->chunk = work->spill;
		work->buf.out_len = sizeof(work->spill);
	}
	work->buf.out = work->chunk;
}

static bool
overflown(const struct work *work)
{
	return work->spilling && chunk_fill(work) > 0;
}

/* Compress the chunk of input in buf. */
static enum wdm_zip_status
deflate_chunk(struct work *work, enum wdm_zip_flush flush)
{
	for (;;) {
		enum wdm_codec_result result;

		if (work->buf.out_len == 0)
			next_chunk(work);
		result = work->zip->codec->deflate(work->zip, &work->buf, flush);
		if (result == WDM_CODEC_BAD)
			return WDM_ZIP_E_ENGINE;
		if (overflown(work))
			return WDM_ZIP_NO_ROOM;
		if (result == WDM_CODEC_DONE ||
				(flush == WDM_ZIP_MORE && work->buf.in_len == 0 &&
						work->buf.out_len > 0))
			return WDM_ZIP_OK;
		if (work->buf.out_len > 0)
			return WDM_ZIP_E_ENGINE; /* has input and room and does not go on */
	}
}

static enum wdm_zip_status
deflate_all(struct work *work)
{
	const enum wdm_zip_flush flush = work->req->finish ? WDM_ZIP_FINISH : WDM_ZIP_SYNC;
	bool last;

	if (work->req->in_len == 0 && flush == WDM_ZIP_SYNC)
		return WDM_ZIP_OK;
	do {
		enum wdm_zip_status status;

		work->buf.in = wdm_zip_in_next(&work->in, &work->buf.in_len);
		if (work->in.fault)
			return WDM_ZIP_E_ADDR;
		wdm_zip_check_update(work->zip, work->req, work->buf.in, work->buf.in_len);
		last = work->in.left == 0;
		status = deflate_chunk(work, last ? flush : WDM_ZIP_MORE);
		if (status != WDM_ZIP_OK)
			return status;
	} while (!last);
	return WDM_ZIP_OK;
}

static enum wdm_zip_status
put_trailer(struct work *work)
{
	const uint32_t len = wdm_zip_trailer_len(work->req->alg);
	uint8_t trailer[WDM_ZIP_TRAILER_MAX];

	wdm_zip_trailer_make(work->req, trailer);
	for (uint32_t i = 0; i < len; i++) {
		if (work->buf.out_len == 0)
			next_chunk(work);
		if (work->spilling)
			return WDM_ZIP_NO_ROOM;
		*work->buf.out++ = trailer[i];
		work->buf.out_len--;
	}
	return WDM_ZIP_OK;
}

static enum wdm_zip_status
deflate_request(struct wdm_zip *zip, struct wdm_zip_req *req, const uint8_t *dict,
		uint32_t dict_len)
{
	struct work work = { .zip = zip, .req = req };
	enum wdm_zip_status status;

	if (zip->codec->deflate_begin(zip, req, dict, dict_len) != 0)
		return WDM_ZIP_E_ENGINE;
	wdm_zip_in_begin(&work.in, zip, req);
	wdm_zip_out_begin(&work.out, zip, req);
	status = deflate_all(&work);
	if (status == WDM_ZIP_OK && req->finish)
		status = put_trailer(&work);
	if (!work.spilling) {
		wdm_zip_out_commit(&work.out, work.chunk, chunk_fill(&work));
		work.produced += chunk_fill(&work);
	}
	if (work.out.fault)
		return WDM_ZIP_E_ADDR;
	req->consumed = req->in_len;
	req->produced = work.produced;
	req->last_block = req->finish;
	return status;
}

static enum wdm_zip_status
deflate_stateful(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	struct wdm_zip_state *state = &zip->state;
	enum wdm_zip_status status = wdm_zip_ctx_load(zip, req);
	uint32_t dict_len;

	if (status != WDM_ZIP_OK)
		return status;
	dict_len = state->win_len;
	if (dict_len > 1U << req->window_bits)
		dict_len = 1U << req->window_bits;
	status = deflate_request(zip, req, state->window + state->win_len - dict_len, dict_len);
	if (status != WDM_ZIP_OK)
		return status;
	if (wdm_zip_window_push(req, state, &req->in_side, req->in_off, req->in_len) != 0)
		return WDM_ZIP_E_ADDR;
	state->phase = req->finish ? WDM_ZIP_ENDED : WDM_ZIP_BLOCK_START;
	return wdm_zip_ctx_save(zip, req);
}

enum wdm_zip_status
wdm_zip_deflate(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	return req->stateful ? deflate_stateful(zip, req) : deflate_request(zip, req, NULL, 0);
}
