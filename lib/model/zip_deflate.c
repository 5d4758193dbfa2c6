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

#define STORED_MAX 65535U
#define STORED_HEADER 5U

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
put(struct work *work, const uint8_t *p, uint32_t len)
{
	while (len > 0) {
		uint32_t n;

		if (work->buf.out_len == 0)
			next_chunk(work);
		if (work->spilling)
			return WDM_ZIP_NO_ROOM;
		n = len < work->buf.out_len ? len : work->buf.out_len;
		memcpy(work->buf.out, p, n);
		work->buf.out += n;
		work->buf.out_len -= n;
		p += n;
		len -= n;
	}
	return WDM_ZIP_OK;
}

static enum wdm_zip_status
put_trailer(struct work *work)
{
	uint8_t trailer[WDM_ZIP_TRAILER_MAX];

	wdm_zip_trailer_make(work->req, trailer);
	return put(work, trailer, wdm_zip_trailer_len(work->req->alg));
}

/* A block of the next bytes, of which there are to_come. */
static enum wdm_zip_status
put_stored_header(struct work *work, uint32_t to_come)
{
	const uint32_t len = to_come < STORED_MAX ? to_come : STORED_MAX;
	const bool final = work->req->finish && len == to_come;
	const uint8_t header[STORED_HEADER] = { final, (uint8_t)len, (uint8_t)(len >> 8),
		(uint8_t)~len, (uint8_t)(~len >> 8) };

	return put(work, header, sizeof(header));
}

/* Bytes of the input as stored blocks. */
static uint32_t
stored_size(const struct wdm_zip_req *req)
{
	const uint32_t blocks = (req->in_len + STORED_MAX - 1) / STORED_MAX;

	return req->in_len + STORED_HEADER * (blocks + (blocks == 0 || !req->finish));
}

/* left: bytes of the block that has been begun; to_come: bytes of the input. */
static enum wdm_zip_status
store_chunk(struct work *work, const uint8_t *p, uint32_t len, uint32_t *left, uint32_t *to_come)
{
	enum wdm_zip_status status = WDM_ZIP_OK;

	while (len > 0 && status == WDM_ZIP_OK) {
		uint32_t n;

		if (*left == 0) {
			status = put_stored_header(work, *to_come);
			*left = *to_come < STORED_MAX ? *to_come : STORED_MAX;
		}
		n = len < *left ? len : *left;
		if (status == WDM_ZIP_OK)
			status = put(work, p, n);
		p += n;
		len -= n;
		*left -= n;
		*to_come -= n;
	}
	return status;
}

/* All of the input as stored blocks, with the empty one that marks a flush. */
static enum wdm_zip_status
store_all(struct work *work)
{
	uint32_t left = 0, to_come = work->req->in_len;

	while (to_come > 0) {
		enum wdm_zip_status status;
		uint32_t len;
		const uint8_t *p = wdm_zip_in_next(&work->in, &len);

		if (p == NULL)
			return WDM_ZIP_E_ADDR;
		wdm_zip_check_update(work->zip, work->req, p, len);
		status = store_chunk(work, p, len, &left, &to_come);
		if (status != WDM_ZIP_OK)
			return status;
	}
	return work->req->in_len == 0 || !work->req->finish ? put_stored_header(work, 0) :
							      WDM_ZIP_OK;
}

static enum wdm_zip_status
finish(struct work *work, enum wdm_zip_status status)
{
	struct wdm_zip_req *req = work->req;

	if (status == WDM_ZIP_OK && req->finish)
		status = put_trailer(work);
	if (!work->spilling) {
		wdm_zip_out_commit(&work->out, work->chunk, chunk_fill(work));
		work->produced += chunk_fill(work);
	}
	if (work->out.fault)
		return WDM_ZIP_E_ADDR;
	req->consumed = req->in_len;
	req->produced = work->produced;
	req->last_block = req->finish;
	return status;
}

static enum wdm_zip_status
deflate_once(struct wdm_zip *zip, struct wdm_zip_req *req,
		enum wdm_zip_status (*all)(struct work *work))
{
	struct work work = { .zip = zip, .req = req };

	wdm_zip_in_begin(&work.in, zip, req);
	wdm_zip_out_begin(&work.out, zip, req);
	return finish(&work, all(&work));
}

/* The libraries do not always see it: ISA-L beside fixed codes, zlib with a small window. */
static bool
better_stored(const struct wdm_zip_req *req, enum wdm_zip_status status)
{
	const uint32_t size = stored_size(req) + wdm_zip_trailer_len(req->alg);

	return (status == WDM_ZIP_NO_ROOM && size <= req->room) ||
			(status == WDM_ZIP_OK && req->produced > size);
}

static enum wdm_zip_status
deflate_request(struct wdm_zip *zip, struct wdm_zip_req *req, const uint8_t *dict,
		uint32_t dict_len)
{
	const uint32_t check = req->check, isize = req->isize;
	enum wdm_zip_status status;

	if (zip->codec->deflate_begin(zip, req, dict, dict_len) != 0)
		return WDM_ZIP_E_ENGINE;
	status = deflate_once(zip, req, deflate_all);
	if (!better_stored(req, status))
		return status;
	req->check = check;
	req->isize = isize;
	return deflate_once(zip, req, store_all);
}

/* After the descriptor the context is that of a stream with its input, or as before without room. */
static enum wdm_zip_status
deflate_stateful(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	const uint32_t check = req->check, isize = req->isize;
	struct wdm_zip_state *state = &zip->state;
	enum wdm_zip_status status = wdm_zip_ctx_load(zip, req), saved;
	uint32_t dict_len;

	if (status != WDM_ZIP_OK)
		return status;
	dict_len = state->win_len;
	if (dict_len > 1U << req->window_bits)
		dict_len = 1U << req->window_bits;
	status = deflate_request(zip, req, state->window + state->win_len - dict_len, dict_len);
	if (status == WDM_ZIP_NO_ROOM) {
		req->check = check;
		req->isize = isize;
		req->consumed = 0;
		req->produced = 0;
		req->last_block = false;
	} else if (status == WDM_ZIP_OK) {
		if (wdm_zip_window_push(req, state, &req->in_side, req->in_off, req->in_len) != 0)
			return WDM_ZIP_E_ADDR;
		state->phase = req->finish ? WDM_ZIP_ENDED : WDM_ZIP_BLOCK_START;
	} else {
		return status;
	}
	saved = wdm_zip_ctx_save(zip, req);
	return saved == WDM_ZIP_OK ? status : saved;
}

enum wdm_zip_status
wdm_zip_deflate(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	return req->stateful ? deflate_stateful(zip, req) : deflate_request(zip, req, NULL, 0);
}
