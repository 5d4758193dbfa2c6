/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Decompression of a stream that comes in several descriptors.
 *
 * No library lets its state be stored safely in memory that the client can
 * change. But a stream can be picked up at any of its codes from the compressed
 * data alone: by feeding the header of the block again, then what follows from
 * the code on, with the 32 KiB before it as a dictionary. zlib says where the
 * headers begin and end (Z_TREES), and in front of which code it stands
 * (inflateMark()). So the state between two descriptors is
 *
 *     header   the bits of the block's header
 *     tail     the bits from the last code that is not done to the end of the input taken
 *     skip     if that code is a match: how much of it has been delivered
 *     window   the last 32 KiB before that code
 *
 * A stored block has no codes: its header is made anew from the bytes left.
 */

#include <string.h>

#include "zip.h"

#define MAX_MATCH 258U
/* z_stream.data_type after inflate() */
#define AT_BLOCK_START 128
#define AT_BLOCK_DATA 256
#define HELD_BITS_MASK 63

#define HEADER_FINAL 0x1U
#define HEADER_TYPE_SHIFT 1
#define HEADER_TYPE_MASK 0x3U
#define TYPE_STORED 0U

struct work {
	struct wdm_zip *zip;
	struct wdm_zip_req *req;
	struct wdm_zip_state *state;
	z_stream *z;
	struct wdm_zip_cursor in, out;
	uint8_t prefix[2 * WDM_ZIP_BITS_MAX + 1]; /* header and tail, to be fed first */
	bool in_prefix;
	bool starved; /* all input has been taken */
	uint32_t given; /* bytes of the client's input that zlib has or had */
	uint64_t recent; /* the last 64 bits that zlib took, the newest at the top */
	bool logging; /* between the start of a block and its data: log has the bits since */
	struct wdm_bits log;
	bool stored; /* the current block */
	uint8_t skipped[MAX_MATCH]; /* delivered before */
	bool skipping;
	uint8_t *chunk;
	uint32_t produced; /* of chunks before the current one */
	bool no_room; /* the last chunk is full */
};

/* Add the n lowest bits of value, n up to 64. A last byte that is not full ends with zeros. */
static int
bits_add(struct wdm_bits *bits, uint64_t value, unsigned int n)
{
	if (bits->nb + n > 8 * WDM_ZIP_BITS_MAX)
		return -1;
	for (unsigned int i = 0; i < n; i++, bits->nb++) {
		uint8_t *byte = &bits->bytes[bits->nb / 8];

		if (bits->nb % 8 == 0)
			*byte = 0; /* what an earlier stream left there is nobody's business */
		*byte |= (uint8_t)((value >> i & 1) << bits->nb % 8);
	}
	return 0;
}

/* Take the last n bits away again. */
static void
bits_cut(struct wdm_bits *bits, unsigned int n)
{
	bits->nb -= n;
	if (bits->nb % 8 != 0)
		bits->bytes[bits->nb / 8] &= (uint8_t)((1U << bits->nb % 8) - 1);
}

static unsigned int
bit_at(const struct wdm_bits *a, const struct wdm_bits *b, uint32_t i)
{
	if (i < a->nb)
		return a->bytes[i / 8] >> i % 8 & 1U;
	i -= a->nb;
	return b->bytes[i / 8] >> i % 8 & 1U;
}

/* Have zlib take header and tail: bits to the first byte boundary counted from the end, then bytes. */
static enum wdm_zip_status
feed_bits(struct work *work, const struct wdm_bits *header, const struct wdm_bits *tail)
{
	const uint32_t nb = header->nb + tail->nb;
	const unsigned int odd = nb % 8;
	uint64_t first = 0;

	for (uint32_t i = 0; i < odd; i++)
		first |= (uint64_t)bit_at(header, tail, i) << i;
	memset(work->prefix, 0, sizeof(work->prefix));
	for (uint32_t i = odd; i < nb; i++)
		work->prefix[(i - odd) / 8] |= (uint8_t)(bit_at(header, tail, i) << (i - odd) % 8);
	if (odd > 0) {
		if (inflatePrime(work->z, (int)odd, (int)first) != Z_OK)
			return WDM_ZIP_E_ENGINE;
		work->recent = first << (64 - odd);
		bits_add(&work->log, first, odd);
	}
	work->in_prefix = true;
	work->z->next_in = work->prefix;
	work->z->avail_in = nb / 8;
	return WDM_ZIP_OK;
}

static enum wdm_zip_status
feed_state(struct work *work)
{
	struct wdm_zip_state *state = work->state;
	struct wdm_bits header = { .nb = 0 };

	switch (state->phase) {
	case WDM_ZIP_STORED:
		bits_add(&header, state->final, 8);
		bits_add(&header, state->stored_left, 16);
		bits_add(&header, ~state->stored_left, 16);
		return feed_bits(work, &header, &state->tail);
	case WDM_ZIP_CODED:
		return feed_bits(work, &state->header, &state->tail);
	default:
		return feed_bits(work, &header, &state->tail);
	}
}

static enum wdm_zip_status
begin(struct work *work)
{
	struct wdm_zip_state *state = work->state;
	z_stream *z = work->z;

	wdm_zip_in_begin(&work->in, work->zip, work->req);
	wdm_zip_out_begin(&work->out, work->zip, work->req);
	if (inflateReset(z) != Z_OK)
		return WDM_ZIP_E_ENGINE;
	if (state->win_len > 0 && inflateSetDictionary(z, state->window, state->win_len) != Z_OK)
		return WDM_ZIP_E_ENGINE;
	work->logging = true;
	work->skipping = state->skip > 0;
	z->next_out = work->skipped;
	z->avail_out = state->skip;
	return feed_state(work);
}

static void
more_input(struct work *work)
{
	uint32_t len;
	const uint8_t *p = wdm_zip_in_next(&work->in, &len);

	if (p == NULL) {
		work->starved = true;
		return;
	}
	work->in_prefix = false;
	work->given += len;
	work->z->next_in = (uint8_t *)(uintptr_t)p;
	work->z->avail_in = len;
}

static void
end_chunk(struct work *work)
{
	const uint32_t fill = work->chunk == NULL ? 0 : (uint32_t)(work->z->next_out - work->chunk);

	wdm_zip_check_update(work->zip, work->req, work->chunk, fill);
	wdm_zip_out_commit(&work->out, work->chunk, fill);
	work->produced += fill;
	work->chunk = NULL;
}

static void
more_room(struct work *work)
{
	uint32_t len;

	end_chunk(work);
	work->skipping = false;
	work->chunk = wdm_zip_out_next(&work->out, &len);
	if (work->chunk == NULL) {
		work->no_room = true;
		work->z->next_out = work->skipped; /* not written to: avail_out is 0 */
		return;
	}
	work->z->next_out = work->chunk;
	work->z->avail_out = len;
}

/* zlib took n bytes at p. */
static int
note_input(struct work *work, const uint8_t *p, uint32_t n)
{
	uint32_t i = n > 8 ? n - 8 : 0;

	if (work->logging) {
		for (uint32_t j = 0; j < n; j++) {
			if (bits_add(&work->log, p[j], 8) != 0)
				return -1;
		}
	}
	for (; i < n; i++)
		work->recent = work->recent >> 8 | (uint64_t)p[i] << 56;
	return 0;
}

/* The last nb bits that zlib took. */
static uint64_t
recent_bits(const struct work *work, unsigned int nb)
{
	return nb == 0 ? 0 : work->recent >> (64 - nb);
}

static unsigned int
held_bits(const struct work *work)
{
	return (unsigned int)work->z->data_type & HELD_BITS_MASK;
}

static void
block_starts(struct work *work)
{
	const unsigned int held = held_bits(work);

	work->logging = true;
	work->log.nb = 0;
	bits_add(&work->log, recent_bits(work, held), held);
}

static void
block_data_starts(struct work *work)
{
	struct wdm_zip_state *state = work->state;
	unsigned int first;

	work->logging = false;
	state->header = work->log;
	bits_cut(&state->header, held_bits(work));
	first = state->header.bytes[0];
	state->final = first & HEADER_FINAL;
	work->stored = (first >> HEADER_TYPE_SHIFT & HEADER_TYPE_MASK) == TYPE_STORED;
}

enum step {
	STEP_ON,
	STEP_STUCK, /* neither took nor gave anything */
	STEP_END,
	STEP_BAD,
};

static enum step
step(struct work *work)
{
	z_stream *z = work->z;
	const uint8_t *from = z->next_in;
	const uint32_t in_len = z->avail_in, out_len = z->avail_out;
	const int rc = inflate(z, Z_TREES);

	if (note_input(work, from, in_len - z->avail_in) != 0)
		return STEP_BAD;
	if (rc == Z_STREAM_END)
		return STEP_END;
	if (rc != Z_OK && rc != Z_BUF_ERROR)
		return STEP_BAD;
	if ((z->data_type & AT_BLOCK_START) != 0) {
		block_starts(work);
		return STEP_ON;
	}
	if ((z->data_type & AT_BLOCK_DATA) != 0) {
		block_data_starts(work);
		return STEP_ON;
	}
	return in_len == z->avail_in && out_len == z->avail_out ? STEP_STUCK : STEP_ON;
}

/* Until the stream ends or goes no further with what this descriptor has. */
static enum wdm_zip_status
inflate_all(struct work *work)
{
	for (;;) {
		if (work->z->avail_in == 0)
			more_input(work);
		if (work->z->avail_out == 0 && !work->no_room)
			more_room(work);
		if (work->in.fault || work->out.fault)
			return WDM_ZIP_E_ADDR;
		switch (step(work)) {
		case STEP_ON:
			break;
		case STEP_STUCK:
			return work->starved || work->no_room ? WDM_ZIP_OK : WDM_ZIP_E_STREAM;
		case STEP_END:
			return WDM_ZIP_END;
		default:
			return WDM_ZIP_E_STREAM;
		}
	}
}

/* tail: the last nb bits that zlib took, and what it did not take of the prefix. */
static enum wdm_zip_status
keep_tail(struct work *work, unsigned int nb)
{
	struct wdm_bits *tail = &work->state->tail;

	tail->nb = 0;
	if (nb > 64)
		return WDM_ZIP_E_ENGINE;
	bits_add(tail, recent_bits(work, nb), nb);
	for (uint32_t i = 0; work->in_prefix && i < work->z->avail_in; i++) {
		if (bits_add(tail, work->z->next_in[i], 8) != 0)
			return WDM_ZIP_E_CONTEXT;
	}
	return WDM_ZIP_OK;
}

/* Append n bytes, n up to MAX_MATCH, to the window. */
static void
window_add(struct wdm_zip_state *state, const uint8_t *p, uint32_t n)
{
	const uint32_t most = WDM_ZIP_WINDOW - n;
	const uint32_t keep = state->win_len < most ? state->win_len : most;

	memmove(state->window, state->window + state->win_len - keep, keep);
	memcpy(state->window + keep, p, n);
	state->win_len = keep + n;
}

/* The window moves up to the code that tail begins with. */
static enum wdm_zip_status
keep_window(struct work *work, uint32_t skip_before)
{
	struct wdm_zip_state *state = work->state;
	struct wdm_zip_req *req = work->req;
	const uint32_t made = skip_before + work->produced;
	const uint32_t done = made > state->skip ? made - state->skip : 0;
	const uint32_t again = done < skip_before ? done : skip_before;

	window_add(state, work->skipped, again);
	if (wdm_zip_window_push(req, state, &req->out_side, req->out_off, done - again) != 0)
		return WDM_ZIP_E_ADDR;
	return WDM_ZIP_OK;
}

/* Whether zlib has a byte to deliver; it is not asked anything afterwards. */
static bool
lacks_room(struct work *work)
{
	uint8_t byte;

	if (!work->no_room)
		return false;
	work->z->next_out = &byte;
	work->z->avail_out = 1;
	inflate(work->z, Z_NO_FLUSH);
	return work->z->avail_out == 0;
}

/* Where zlib stands, so that the next descriptor can go on. */
static enum wdm_zip_status
suspend(struct work *work)
{
	struct wdm_zip_state *state = work->state;
	const uint32_t skip_before = state->skip;
	const long mark = inflateMark(work->z);
	enum wdm_zip_status status;

	state->stored_left = 0;
	state->skip = 0;
	state->tail.nb = 0;
	if (work->logging) {
		state->phase = WDM_ZIP_BLOCK_START;
		state->final = 0;
		state->header.nb = 0;
		state->tail = work->log;
		status = WDM_ZIP_OK;
	} else if (work->stored) {
		state->phase = WDM_ZIP_STORED;
		state->header.nb = 0;
		state->stored_left = (uint32_t)mark & 0xffff;
		status = held_bits(work) == 0 ? WDM_ZIP_OK : WDM_ZIP_E_ENGINE;
	} else {
		const long back = mark >> 16;

		state->phase = WDM_ZIP_CODED;
		state->skip = (uint32_t)mark & 0xffff;
		status = keep_tail(work, held_bits(work) + (unsigned int)(back > 0 ? back : 0));
	}
	if (status == WDM_ZIP_OK)
		status = keep_window(work, skip_before);
	if (status != WDM_ZIP_OK)
		return status;
	state->lacks_room = lacks_room(work);
	return state->lacks_room ? WDM_ZIP_NO_ROOM : WDM_ZIP_OK;
}

/* As much of the trailer as there is. */
static enum wdm_zip_status
take_trailer(struct wdm_zip_req *req, struct wdm_zip_state *state)
{
	const uint32_t len = wdm_zip_trailer_len(req->alg), have = state->tail.nb / 8;
	const uint32_t there = req->in_len - req->consumed;
	const uint32_t n = len - have < there ? len - have : there;
	uint8_t want[WDM_ZIP_TRAILER_MAX];

	if (have > len)
		return WDM_ZIP_E_CONTEXT;
	if (wdm_side_read(req->space, &req->in_side, req->in_off + req->consumed,
			    state->tail.bytes + have, n) != 0)
		return WDM_ZIP_E_ADDR;
	req->consumed += n;
	req->last_block = true;
	state->tail.nb += 8 * n;
	state->final = 1;
	if (have + n < len)
		return WDM_ZIP_OK;
	state->phase = WDM_ZIP_ENDED;
	wdm_zip_trailer_make(req, want);
	return memcmp(want, state->tail.bytes, len) == 0 ? WDM_ZIP_END : WDM_ZIP_CHECKSUM;
}

static enum wdm_zip_status
run(struct work *work)
{
	struct wdm_zip_state *state = work->state;
	struct wdm_zip_req *req = work->req;
	enum wdm_zip_status status = begin(work);

	if (status == WDM_ZIP_OK)
		status = inflate_all(work);
	if (status != WDM_ZIP_OK && status != WDM_ZIP_END)
		return status;
	if (work->skipping) /* the code that was to be skipped is not there */
		return WDM_ZIP_E_CONTEXT;
	end_chunk(work);
	if (work->out.fault)
		return WDM_ZIP_E_ADDR;
	req->produced = work->produced;
	req->consumed = work->given - (work->in_prefix ? 0 : work->z->avail_in);
	if (status == WDM_ZIP_OK)
		return suspend(work);
	if ((work->in_prefix && work->z->avail_in > 0) || held_bits(work) >= 8)
		return WDM_ZIP_E_CONTEXT;
	state->phase = WDM_ZIP_TRAILER;
	state->stored_left = 0;
	state->skip = 0;
	state->header.nb = 0;
	state->tail.nb = 0;
	return take_trailer(req, state);
}

enum wdm_zip_status
wdm_zip_resume(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	struct wdm_zip_state *state = &zip->state;
	struct work work = { .zip = zip, .req = req, .state = state, .z = &zip->inflater };
	enum wdm_zip_status status = wdm_zip_ctx_load(zip, req), saved;

	if (status != WDM_ZIP_OK)
		return status;
	if (state->phase == WDM_ZIP_TRAILER)
		status = take_trailer(req, state);
	else
		status = run(&work);
	switch (status) {
	case WDM_ZIP_OK:
	case WDM_ZIP_NO_ROOM:
	case WDM_ZIP_END:
	case WDM_ZIP_CHECKSUM:
		saved = wdm_zip_ctx_save(zip, req);
		return saved == WDM_ZIP_OK ? status : saved;
	default:
		return status;
	}
}
