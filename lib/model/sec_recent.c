/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Descriptors of one session and one size differ in their addresses only. What was
 * found out about such a one is kept, and holds for all whose other fields are the
 * same.
 */

#include <endian.h>
#include <stddef.h>
#include <string.h>

#include "sec.h"

#define AT(type, field) offsetof(struct hisi_sec_##type, field)
#define INLINE static inline __attribute__((always_inline))

/* Where a descriptor has what; a constant to the functions below. */
struct layout {
	uint8_t same[WDM_SEC_SAME_WORDS]; /* offsets of those words, which may overlap */
	uint8_t src, dst, mac, a_iv, c_iv; /* offsets of addresses */
};

static const struct layout bd2 = {
	.same = { AT(bd2, dw0), AT(bd2, dw2), AT(bd2, a_len), AT(bd2, auth_src_offset),
			AT(bd2, long_a_data_len), AT(bd2, a_key_addr), AT(bd2, c_key_addr),
			AT(bd2, c_key_addr) },
	.src = AT(bd2, data_src_addr),
	.dst = AT(bd2, data_dst_addr),
	.mac = AT(bd2, mac_addr),
	.a_iv = AT(bd2, a_ivin_addr),
	.c_iv = AT(bd2, c_ivin_addr),
};

static const struct layout bd3 = {
	/* a_len with c_len; dw27 with the upper half of long_a_data_len */
	.same = { AT(bd3, dw0), AT(bd3, a_key_addr), AT(bd3, c_key_addr), AT(bd3, dw14),
			AT(bd3, auth_src_offset), AT(bd3, a_len), AT(bd3, long_a_data_len),
			AT(bd3, dw27) - 4 },
	.src = AT(bd3, data_src_addr),
	.dst = AT(bd3, data_dst_addr),
	.mac = AT(bd3, mac_addr),
	.a_iv = AT(bd3, a_ivin_addr),
	.c_iv = AT(bd3, c_ivin_addr),
};

INLINE uint64_t
word_at(const struct wdm_sec_req *req, unsigned int offset)
{
	uint64_t word;

	memcpy(&word, req->task->sqe + offset, sizeof(word));
	return word;
}

INLINE unsigned int
place_of(const struct layout *l, const struct wdm_sec_req *req)
{
	uint64_t h = 0;

	for (unsigned int i = 0; i < WDM_SEC_SAME_WORDS; i++)
		h = (h ^ word_at(req, l->same[i])) * 0x9e3779b97f4a7c15ULL;
	return h >> 56 & (WDM_SEC_RECENT - 1);
}

INLINE bool
is_like(const struct layout *l, const struct wdm_sec_req *req, const struct wdm_sec_recent *recent)
{
	uint64_t diff = !recent->known;

	for (unsigned int i = 0; i < WDM_SEC_SAME_WORDS; i++)
		diff |= recent->word[i] ^ word_at(req, l->same[i]);
	return diff == 0;
}

INLINE bool
recall(const struct layout *l, struct wdm_sec *sec, struct wdm_sec_req *req)
{
	struct wdm_sec_recent *recent = &sec->recent[sec->last_recent];

	if (!is_like(l, req, recent)) {
		const unsigned int i = place_of(l, req);

		recent = &sec->recent[i];
		if (!is_like(l, req, recent))
			return false;
		sec->last_recent = i;
	}
	recent->batch = sec->batch;
	req->recent = recent;
	req->bd = &recent->bd;
	req->src = le64toh(word_at(req, l->src));
	req->dst = le64toh(word_at(req, l->dst));
	req->mac_addr = le64toh(word_at(req, l->mac));
	req->a_iv_addr = le64toh(word_at(req, l->a_iv));
	req->c_iv_addr = le64toh(word_at(req, l->c_iv));
	return true;
}

bool
wdm_sec_recall(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	return sec->version->bd_type == HISI_SEC_TYPE_BD2 ? recall(&bd2, sec, req) :
							    recall(&bd3, sec, req);
}

void
wdm_sec_remember(struct wdm_sec *sec, const struct wdm_sec_req *req)
{
	const struct layout *l = sec->version->bd_type == HISI_SEC_TYPE_BD2 ? &bd2 : &bd3;
	struct wdm_sec_recent *recent = &sec->recent[place_of(l, req)];

	if (recent->known && recent->batch == sec->batch)
		return;
	for (unsigned int i = 0; i < WDM_SEC_SAME_WORDS; i++)
		recent->word[i] = word_at(req, l->same[i]);
	recent->bd = req->own;
	recent->known = true;
}
