/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Decompression of a whole stream in one descriptor. */

#include <string.h>

#include "zip.h"

struct work {
	struct wdm_zip *zip;
	struct wdm_zip_req *req;
	struct wdm_zip_cursor in, out;
	struct wdm_zip_buf buf;
	uint8_t *chunk;
	uint32_t produced; /* of chunks before the current one */
	bool starved; /* no more input */
	uint8_t spill[16]; /* offered when there is no room: whoever writes there needs room */
	bool spilling;
};

static uint32_t
chunk_fill(const struct work *work)
{
	return work->chunk == NULL ? 0 : (uint32_t)(work->buf.out - work->chunk);
}

/* The current chunk is as full as it will be. */
static void
end_chunk(struct work *work)
{
	const uint32_t fill = chunk_fill(work);

	if (work->spilling)
		return;
	wdm_zip_check_update(work->zip, work->req, work->chunk, fill);
	wdm_zip_out_commit(&work->out, work->chunk, fill);
	work->produced += fill;
	work->chunk = NULL;
}

static void
next_chunk(struct work *work)
{
	end_chunk(work);
	work->chunk = wdm_zip_out_next(&work->out, &work->buf.out_len);
	if (work->chunk == NULL) {
		work->spilling = true;
		work->chunk = work->spill;
		work->buf.out_len = sizeof(work->spill);
	}
	work->buf.out = work->chunk;
}

static enum wdm_zip_status
inflate_all(struct work *work)
{
	struct wdm_zip_buf *buf = &work->buf;

	for (;;) {
		struct wdm_zip_buf before;
		enum wdm_codec_result result;

		if (buf->in_len == 0) {
			buf->in = wdm_zip_in_next(&work->in, &buf->in_len);
			work->starved = buf->in_len == 0;
		}
		if (buf->out_len == 0)
			next_chunk(work);
		if (work->in.fault || work->out.fault)
			return WDM_ZIP_E_ADDR;
		before = *buf;
		result = work->zip->codec->inflate(work->zip, buf);
		if (work->spilling && chunk_fill(work) > 0)
			return WDM_ZIP_NO_ROOM;
		if (result == WDM_CODEC_BAD)
			return WDM_ZIP_E_STREAM;
		if (result == WDM_CODEC_DONE)
			return WDM_ZIP_END;
		if (buf->in_len == before.in_len && buf->out_len == before.out_len)
			return work->starved ? WDM_ZIP_E_TRUNCATED : WDM_ZIP_E_STREAM;
	}
}

/* The trailer follows the `used` bytes of the stream. */
static enum wdm_zip_status
check_trailer(struct wdm_zip_req *req, uint32_t used)
{
	const uint32_t len = wdm_zip_trailer_len(req->alg);
	uint8_t want[WDM_ZIP_TRAILER_MAX], got[WDM_ZIP_TRAILER_MAX];

	if (req->in_len - used < len)
		return WDM_ZIP_E_TRUNCATED;
	if (wdm_side_read(req->space, &req->in_side, req->in_off + used, got, len) != 0)
		return WDM_ZIP_E_ADDR;
	wdm_zip_trailer_make(req, want);
	req->consumed = used + len;
	return memcmp(want, got, len) == 0 ? WDM_ZIP_END : WDM_ZIP_CHECKSUM;
}

enum wdm_zip_status
wdm_zip_inflate(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	struct work work = { .zip = zip, .req = req };
	enum wdm_zip_status status;
	uint32_t unused;

	zip->codec->inflate_begin(zip);
	wdm_zip_in_begin(&work.in, zip, req);
	wdm_zip_out_begin(&work.out, zip, req);
	status = inflate_all(&work);
	if (status != WDM_ZIP_END)
		return status;
	end_chunk(&work);
	if (work.out.fault)
		return WDM_ZIP_E_ADDR;
	unused = work.in.left + work.buf.in_len + zip->codec->inflate_excess(zip);
	if (unused > req->in_len)
		return WDM_ZIP_E_ENGINE;
	req->produced = work.produced;
	req->last_block = true;
	return check_trailer(req, req->in_len - unused);
}
