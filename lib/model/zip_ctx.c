/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The context buffer of a stream. All of a stream's state is in it, so that any
 * queue of any device of this kind can carry the stream on, and nothing of it stays
 * here. What is read back is the client's and may be anything: each field has its
 * range, and bits and bytes are only ever treated as compressed data and as
 * history, which are hostile anyway. At worst a client fools itself.
 *
 *     0       struct saved
 *     0xc00   window, win_len bytes
 *     0xc00 + win_len rounded up to 16: tail
 *
 * counted from stream_ctx_addr. Hardware has window and tail at the same places.
 * The three words are saved too, and have to come back: a driver that forgets to
 * carry them is told so.
 */

#include <endian.h>
#include <string.h>

#include "zip.h"

#define MAGIC 0x5a434457U
#define WINDOW_OFFSET 0xc00U
#define TAIL_ALIGN 16U
/* Hardware's part of the buffer ends here; software has the rest. */
#define CTX_END (0x9800U - HISI_ZIP_CTX_HW_OFFSET)
#define MAX_STORED 65535U
#define MAX_MATCH 258U

struct saved {
	__le32 magic;
	__le32 kind; /* direction and algorithm */
	__le32 words[3];
	__le32 phase;
	__le32 final;
	__le32 stored_left;
	__le32 skip;
	__le32 win_len;
	__le32 header_bits;
	__le32 tail_bits;
	uint8_t header[WDM_ZIP_BITS_MAX];
};
static_assert(sizeof(struct saved) <= WINDOW_OFFSET, "the window follows");
static_assert(WINDOW_OFFSET + WDM_ZIP_WINDOW + TAIL_ALIGN + WDM_ZIP_BITS_MAX <= CTX_END,
		"it all fits into hardware's part");

static uint32_t
kind_of(const struct wdm_zip_req *req)
{
	return (uint32_t)req->compress << 8 | req->alg;
}

static uint64_t
tail_addr(const struct wdm_zip_req *req, uint32_t win_len)
{
	return req->ctx + WINDOW_OFFSET + ((win_len + TAIL_ALIGN - 1) & ~(TAIL_ALIGN - 1));
}

static uint32_t
bytes_of(const struct wdm_bits *bits)
{
	return (bits->nb + 7) / 8;
}

static bool
state_fine(const struct wdm_zip_state *state)
{
	if (state->final > 1 || state->skip >= MAX_MATCH || state->win_len > WDM_ZIP_WINDOW ||
			state->header.nb > 8 * WDM_ZIP_BITS_MAX ||
			state->tail.nb > 8 * WDM_ZIP_BITS_MAX)
		return false;
	switch (state->phase) {
	case WDM_ZIP_BLOCK_START:
		return state->skip == 0;
	case WDM_ZIP_CODED:
		return true;
	case WDM_ZIP_STORED:
		return state->tail.nb == 0 && state->skip == 0 && state->stored_left > 0 &&
				state->stored_left <= MAX_STORED;
	case WDM_ZIP_TRAILER:
		return state->tail.nb % 8 == 0 && state->tail.nb < 8 * WDM_ZIP_TRAILER_MAX;
	default: /* WDM_ZIP_ENDED too: nothing may follow */
		return false;
	}
}

static enum wdm_zip_status
take_saved(struct wdm_zip *zip, const struct wdm_zip_req *req, const struct saved *saved)
{
	struct wdm_zip_state *state = &zip->state;

	if (le32toh(saved->magic) != MAGIC || le32toh(saved->kind) != kind_of(req))
		return WDM_ZIP_E_CONTEXT;
	for (unsigned int i = 0; i < 3; i++) {
		if (le32toh(saved->words[i]) != req->words[i])
			return WDM_ZIP_E_CONTEXT;
	}
	state->phase = le32toh(saved->phase);
	state->final = le32toh(saved->final);
	state->stored_left = le32toh(saved->stored_left);
	state->skip = le32toh(saved->skip);
	state->win_len = le32toh(saved->win_len);
	state->header.nb = le32toh(saved->header_bits);
	state->tail.nb = le32toh(saved->tail_bits);
	memcpy(state->header.bytes, saved->header, sizeof(saved->header));
	return state_fine(state) ? WDM_ZIP_OK : WDM_ZIP_E_CONTEXT;
}

enum wdm_zip_status
wdm_zip_ctx_load(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	struct wdm_zip_state *state = &zip->state;
	enum wdm_zip_status status;
	struct saved saved;

	memset(state, 0, offsetof(struct wdm_zip_state, window));
	if (req->ctx + CTX_END < req->ctx || !wdm_dma_allowed(req->space, req->ctx, CTX_END))
		return WDM_ZIP_E_ADDR;
	if (req->first)
		return WDM_ZIP_OK;
	if (wdm_dma_read(req->space, req->ctx, &saved, sizeof(saved)) != 0)
		return WDM_ZIP_E_ADDR;
	status = take_saved(zip, req, &saved);
	if (status != WDM_ZIP_OK)
		return status;
	if (wdm_dma_read(req->space, req->ctx + WINDOW_OFFSET, state->window, state->win_len) !=
					0 ||
			wdm_dma_read(req->space, tail_addr(req, state->win_len), state->tail.bytes,
					bytes_of(&state->tail)) != 0)
		return WDM_ZIP_E_ADDR;
	return WDM_ZIP_OK;
}

static void
make_words(struct wdm_zip_req *req, const struct wdm_zip_state *state)
{
	const uint32_t bits = state->tail.nb < HISI_ZIP_CTX0_HEAD_BITS_MASK ?
			state->tail.nb :
			HISI_ZIP_CTX0_HEAD_BITS_MASK;
	uint32_t st = 0;

	if (state->lacks_room)
		st = HISI_ZIP_CTX_ST_INFLATE_NO_ROOM;
	else if (state->phase == WDM_ZIP_BLOCK_START)
		st = HISI_ZIP_CTX_ST_BLOCK_NOT_STARTED;
	else if (state->phase == WDM_ZIP_TRAILER)
		st = HISI_ZIP_CTX_ST_NO_CHECKSUM;
	req->words[0] = st << HISI_ZIP_CTX0_ST_SHIFT | state->final << HISI_ZIP_CTX0_FINAL_SHIFT |
			bits << HISI_ZIP_CTX0_HEAD_BITS_SHIFT;
	req->words[1] = state->stored_left;
	req->words[2] = state->win_len;
}

enum wdm_zip_status
wdm_zip_ctx_save(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	const struct wdm_zip_state *state = &zip->state;
	struct saved saved = {
		.magic = htole32(MAGIC),
		.kind = htole32(kind_of(req)),
		.phase = htole32(state->phase),
		.final = htole32(state->final),
		.stored_left = htole32(state->stored_left),
		.skip = htole32(state->skip),
		.win_len = htole32(state->win_len),
		.header_bits = htole32(state->header.nb),
		.tail_bits = htole32(state->tail.nb),
	};

	make_words(req, state);
	for (unsigned int i = 0; i < 3; i++)
		saved.words[i] = htole32(req->words[i]);
	memcpy(saved.header, state->header.bytes, bytes_of(&state->header));
	if (wdm_dma_write(req->space, req->ctx + WINDOW_OFFSET, state->window, state->win_len) !=
					0 ||
			wdm_dma_write(req->space, tail_addr(req, state->win_len), state->tail.bytes,
					bytes_of(&state->tail)) != 0 ||
			wdm_dma_write(req->space, req->ctx, &saved, sizeof(saved)) != 0)
		return WDM_ZIP_E_ADDR;
	return WDM_ZIP_OK;
}
