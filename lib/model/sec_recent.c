/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Descriptors of one session and one size differ in their addresses only. What was
 * found out about such a one is kept, and holds for all whose other fields are the
 * same; data in one piece is then looked up at once, and its IV is on its way into
 * the cache when it is wanted.
 */

#include <endian.h>
#include <stddef.h>
#include <string.h>

#include "sec.h"

static uint64_t
word_at(const struct wdm_sec_req *req, unsigned int offset)
{
	uint64_t word;

	memcpy(&word, req->task->sqe + offset, sizeof(word));
	return word;
}

static unsigned int
place_of(const struct wdm_sec *sec, const struct wdm_sec_req *req)
{
	const uint8_t *same = sec->version->same;
	uint64_t h = 0;

	/* control words, key addresses and lengths, wherever they are */
	for (unsigned int i = 0; i < WDM_SEC_SAME_WORDS; i++)
		h = (h ^ word_at(req, same[i])) * 0x9e3779b97f4a7c15ULL;
	return h >> 56 & (WDM_SEC_RECENT - 1);
}

static uint64_t
addr_at(const struct wdm_sec_req *req, unsigned int offset)
{
	return le64toh(word_at(req, offset));
}

static bool
is_like(const struct wdm_sec *sec, const struct wdm_sec_req *req, unsigned int i)
{
	const struct wdm_sec_recent *recent = &sec->recent[i];
	uint64_t diff = !recent->known;

	for (i = 0; i < WDM_SEC_SAME_WORDS; i++)
		diff |= recent->word[i] ^ word_at(req, sec->version->same[i]);
	return diff == 0;
}

bool
wdm_sec_recall(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const struct wdm_sec_version *version = sec->version;
	const struct wdm_sec_recent *recent;

	if (!is_like(sec, req, sec->last_recent)) {
		const unsigned int i = place_of(sec, req);

		if (!is_like(sec, req, i))
			return false;
		sec->last_recent = i;
	}
	recent = &sec->recent[sec->last_recent];
	memcpy(WDM_SEC_PARSED(req), recent->parsed, WDM_SEC_PARSED_SIZE);
	req->src = addr_at(req, version->at.src);
	req->dst = addr_at(req, version->at.dst);
	req->mac_addr = addr_at(req, version->at.mac);
	req->a_iv_addr = addr_at(req, version->at.a_iv);
	req->c_iv_addr = addr_at(req, version->at.c_iv);
	return true;
}

void
wdm_sec_remember(struct wdm_sec *sec, const struct wdm_sec_req *req)
{
	struct wdm_sec_recent *recent = &sec->recent[place_of(sec, req)];

	for (unsigned int i = 0; i < WDM_SEC_SAME_WORDS; i++)
		recent->word[i] = word_at(req, sec->version->same[i]);
	memcpy(recent->parsed, WDM_SEC_PARSED(req), WDM_SEC_PARSED_SIZE);
	recent->known = true;
}

/* Where the payload goes; NULL: not as simple as that. */
static uint8_t *
quick_output(const struct wdm_sec_req *req, uint8_t *in)
{
	uint8_t *out;

	if (!req->separate || req->dst == req->src)
		return in;
	/* the careful way looks for what overlaps, and for what is authenticated of it */
	if (req->kind != WDM_SEC_CIPHER || req->dst_type != HISI_SEC_ADDR_FLAT)
		return NULL;
	out = wdm_dma_ptr(req->space, req->dst + req->c_off, req->c_len);
	if (out == NULL || (out < in + req->c_len && in < out + req->c_len))
		return NULL;
	return out;
}

bool
wdm_sec_data_quick(struct wdm_sec_req *req)
{
	const uint32_t a_end = req->a_off + req->a_len, c_end = req->c_off + req->c_len;
	const uint32_t end = a_end > c_end ? a_end : c_end;
	uint8_t *data;

	/* what has to be verified must not be seen before it has been */
	if (req->src_type != HISI_SEC_ADDR_FLAT || req->verify)
		return false;
	data = wdm_dma_ptr(req->space, req->src, end);
	if (data == NULL)
		return false;
	req->nb_a_seg = 0;
	req->scatter = false;
	if (req->cipher != HISI_SEC_CIPHER_NONE) {
		if (req->c_len == 0)
			return false;
		req->in = data + req->c_off;
		req->out = quick_output(req, data + req->c_off);
		if (req->out == NULL)
			return false;
	}
	if (req->a_len > 0) {
		/* in place, so results and source are one stretch */
		req->a_seg[0] = (struct wdm_sec_seg){ data + req->a_off, req->a_len };
		req->nb_a_seg = 1;
	}
	req->c_iv_host = NULL;
	if (req->c_iv_len > 0) {
		req->c_iv_host = wdm_dma_ptr(req->space, req->c_iv_addr, req->c_iv_len);
		__builtin_prefetch(req->c_iv_host);
	}
	__builtin_prefetch(data);
	return true;
}
