/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The short way, for what drivers send most. Descriptors of one session and one size
 * differ in their addresses only: what was found out about such a one is kept, and holds
 * for all whose other fields are the same. Then the data is looked up, if it is a payload
 * in one piece, or behind its associated data in a list of two. This is done for all of a
 * batch ahead of the work, so that what is wanted first is on its way into the cache.
 *
 * Anything else takes the careful way: sec_parse.c, sec_data.c.
 */

#include <assert.h>
#include <endian.h>
#include <stddef.h>
#include <string.h>

#include "hisi_qm.h"
#include "sec.h"

#define AT(type, field) offsetof(struct hisi_sec_##type, field)
/* descriptors between a look for a list and one into it */
#define AHEAD 8U

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
word_at(const struct wdm_task *task, unsigned int offset)
{
	uint64_t word;

	memcpy(&word, task->sqe + offset, sizeof(word));
	return word;
}

INLINE unsigned int
place_of(const struct layout *l, const struct wdm_sec_req *req)
{
	uint64_t h = 0;

	for (unsigned int i = 0; i < WDM_SEC_SAME_WORDS; i++)
		h = (h ^ word_at(req->task, l->same[i])) * 0x9e3779b97f4a7c15ULL;
	return h >> 56 & (WDM_SEC_RECENT - 1);
}

INLINE bool
is_like(const struct layout *l, const struct wdm_sec_req *req, const struct wdm_sec_recent *recent)
{
	uint64_t diff = !recent->known;

	for (unsigned int i = 0; i < WDM_SEC_SAME_WORDS; i++)
		diff |= recent->word[i] ^ word_at(req->task, l->same[i]);
	return diff == 0;
}

INLINE struct wdm_sec_recent *
find(const struct layout *l, struct wdm_sec *sec, const struct wdm_sec_req *req)
{
	struct wdm_sec_recent *recent = &sec->recent[sec->last_recent];
	unsigned int i;

	if (is_like(l, req, recent))
		return recent;
	i = place_of(l, req);
	if (!is_like(l, req, &sec->recent[i]))
		return NULL;
	sec->last_recent = i;
	return &sec->recent[i];
}

INLINE bool
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

INLINE void *
ptr(struct wdm_sec *sec, struct wdm_space *space, enum near near, uint64_t addr, uint32_t len)
{
	static_assert(NEAR_IV < WDM_SEC_NEAR, "one for each kind");

	return wdm_dma_ptr_near(space, &sec->near[near], addr, len);
}

/* What a descriptor has that is not as in others like it; not a word of it is in memory. */
struct where {
	uint64_t src, dst, mac, c_iv;
};

/* Where the payload goes; NULL: not as simple as that. */
INLINE uint8_t *
output(struct wdm_sec *sec, const struct wdm_sec_req *req, const struct where *w, uint8_t *in)
{
	const struct wdm_sec_bd *bd = req->bd;
	uint8_t *out;

	if (!bd->separate)
		return in;
	if (bd->dst_type != HISI_SEC_ADDR_FLAT)
		return NULL;
	if (w->dst == w->src)
		return in;
	/* the careful way looks for what overlaps, and for what is authenticated of it */
	if (bd->kind != WDM_SEC_CIPHER || w->dst + bd->c_off < w->dst)
		return NULL;
	out = ptr(sec, req->space, NEAR_DST, w->dst + bd->c_off, bd->c_len);
	return out != NULL && apart(out, bd->c_len, in, bd->c_len) ? out : NULL;
}

INLINE bool
flat(struct wdm_sec *sec, struct wdm_sec_req *req, const struct where *w)
{
	const struct wdm_sec_bd *bd = req->bd;
	const uint32_t a_end = bd->a_off + bd->a_len, c_end = bd->c_off + bd->c_len;
	uint8_t *data = ptr(sec, req->space, NEAR_SRC, w->src, a_end > c_end ? a_end : c_end);

	if (data == NULL)
		return false;
	__builtin_prefetch(data);
	if (bd->cipher != HISI_SEC_CIPHER_NONE) {
		if (bd->c_len == 0)
			return false;
		req->in = data + bd->c_off;
		req->out = output(sec, req, w, data + bd->c_off);
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

struct pair_list {
	struct hisi_sgl sgl;
	struct hisi_sge sge[2];
};

/*
 * Payload and associated data by a list of two entries, which are read once: the client
 * may change them meanwhile. NULL: not as simple as that.
 */
INLINE uint8_t *
pair(struct wdm_sec *sec, const struct wdm_sec_req *req, enum near near, uint64_t addr,
		const uint8_t **aad)
{
	const struct wdm_sec_bd *bd = req->bd;
	const struct pair_list *list;
	struct hisi_sge sge[2];

	if (addr == 0 || addr % HISI_SGL_ALIGN != 0)
		return NULL;
	list = ptr(sec, req->space, NEAR_LIST, addr, sizeof(*list));
	if (list == NULL || le16toh(list->sgl.entry_sum_in_sgl) != 2)
		return NULL;
	memcpy(sge, list->sge, sizeof(sge));
	if (le32toh(sge[0].len) != bd->a_len || le32toh(sge[1].len) < bd->c_len ||
			le32toh(sge[1].len) > HISI_SGE_MAX_LEN)
		return NULL;
	*aad = ptr(sec, req->space, NEAR_AAD, le64toh(sge[0].addr), bd->a_len);
	return *aad == NULL ? NULL : ptr(sec, req->space, near, le64toh(sge[1].addr), bd->c_len);
}

INLINE bool
with_aad(struct wdm_sec *sec, struct wdm_sec_req *req, const struct where *w)
{
	const struct wdm_sec_bd *bd = req->bd;
	const uint8_t *aad, *unused;
	uint8_t *data;

	if (bd->kind != WDM_SEC_AEAD || bd->a_off != 0 || bd->a_len == 0 ||
			bd->c_off != bd->a_len || bd->c_len == 0)
		return false;
	data = pair(sec, req, NEAR_SRC, w->src, &aad);
	if (data == NULL)
		return false;
	__builtin_prefetch(aad);
	__builtin_prefetch(data);
	req->in = data;
	req->out = data;
	if (bd->separate && bd->dst_type != HISI_SEC_ADDR_SGL)
		return false;
	if (bd->separate && w->dst != w->src) {
		req->out = pair(sec, req, NEAR_DST, w->dst, &unused);
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
INLINE bool
may_write_at_once(const struct wdm_sec_bd *bd)
{
	if (!bd->verify)
		return true;
	return bd->route != 0 &&
			(bd->kind == WDM_SEC_AUTH || (bd->kind == WDM_SEC_CHAIN && bd->auth_first));
}

INLINE bool
data_find(struct wdm_sec *sec, struct wdm_sec_req *req, const struct where *w)
{
	const struct wdm_sec_bd *bd = req->bd;

	req->nb_a_seg = 0;
	req->scatter = false;
	req->mac_host = NULL;
	req->c_iv_host = NULL;
	if (!may_write_at_once(bd))
		return false;
	if (!(bd->src_type == HISI_SEC_ADDR_FLAT ? flat(sec, req, w) : with_aad(sec, req, w)))
		return false;
	if (bd->mac_len > 0) {
		req->mac_host = ptr(sec, req->space, NEAR_MAC, w->mac, bd->mac_len);
		if (req->mac_host == NULL)
			return false;
	}
	if (bd->c_iv_len > 0) {
		req->c_iv_host = ptr(sec, req->space, NEAR_IV, w->c_iv, bd->c_iv_len);
		if (req->c_iv_host == NULL)
			return false;
		__builtin_prefetch(req->c_iv_host);
	}
	return true;
}

#ifdef WDM_HAVE_IPSEC_MB
/* One that has a route, to where it waits for its turn; false: it needs care. */
INLINE bool
take(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const struct wdm_sec_bd *bd = req->bd;
	const struct wdm_sec_req *before = sec->with_keys;
	enum wdm_sec_error error = WDM_SEC_OK;

	req->iv = req->c_iv_host;
	if (bd->cipher != HISI_SEC_CIPHER_NONE && bd->c_mode == HISI_SEC_C_MODE_CTR) {
		memcpy(req->c_iv, req->c_iv_host, sizeof(req->c_iv));
		req->iv = req->c_iv;
		if (!wdm_sec_imb_counts(req))
			return false;
	}
	if (bd->verify) {
		memcpy(req->want, req->mac_host, bd->mac_len);
		req->mac_host = NULL;
	}
	if (before != NULL && before->recent == req->recent) {
		req->c_slot = before->c_slot;
		req->a_slot = before->a_slot;
	} else {
		error = wdm_sec_imb_keys(sec, req);
	}
	if (error == WDM_SEC_OK)
		wdm_sec_burst_add(sec, req);
	else
		wdm_sec_report_error(req->task, error);
	return true;
}
#endif

/* For the careful way. */
INLINE void
addresses_keep(const struct layout *l, struct wdm_sec_req *req)
{
	req->src = le64toh(word_at(req->task, l->src));
	req->dst = le64toh(word_at(req->task, l->dst));
	req->mac_addr = le64toh(word_at(req->task, l->mac));
	req->a_iv_addr = le64toh(word_at(req->task, l->a_iv));
	req->c_iv_addr = le64toh(word_at(req->task, l->c_iv));
}

INLINE enum wdm_sec_way
look(const struct layout *l, struct wdm_sec *sec, struct wdm_sec_req *req)
{
	const struct where w = {
		.src = le64toh(word_at(req->task, l->src)),
		.dst = le64toh(word_at(req->task, l->dst)),
		.mac = le64toh(word_at(req->task, l->mac)),
		.c_iv = le64toh(word_at(req->task, l->c_iv)),
	};
	struct wdm_sec_recent *recent = find(l, sec, req);
	bool found;

	if (recent == NULL)
		return WDM_SEC_NEW;
	recent->batch = sec->batch;
	req->recent = recent;
	req->bd = &recent->bd;
	req->way = WDM_SEC_KNOWN;
	found = data_find(sec, req, &w);
#ifdef WDM_HAVE_IPSEC_MB
	if (found && req->bd->route != 0) {
		if (take(sec, req))
			return WDM_SEC_TAKEN;
		found = false;
	}
#endif
	addresses_keep(l, req);
	return found ? WDM_SEC_FOUND : WDM_SEC_KNOWN;
}

/* A list is looked into for what is next: where the last descriptor had one, it is on its way. */
INLINE void
list_ahead(const struct layout *l, struct wdm_sec *sec, struct wdm_space *space,
		const struct wdm_task *task)
{
	const char *list;

	if (sec->recent[sec->last_recent].bd.src_type != HISI_SEC_ADDR_SGL)
		return;
	list = ptr(sec, space, NEAR_LIST, le64toh(word_at(task, l->src)), sizeof(struct pair_list));
	if (list == NULL)
		return;
	__builtin_prefetch(list);
	__builtin_prefetch(list + sizeof(struct pair_list) - 1);
}

/* Not inlined: in a loop, registers would not do. */
static __attribute__((noinline)) void
look_bd2(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	req->way = (uint8_t)look(&bd2, sec, req);
}

static __attribute__((noinline)) void
look_bd3(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	req->way = (uint8_t)look(&bd3, sec, req);
}

void
wdm_sec_look(struct wdm_sec *sec, struct wdm_space *space, struct wdm_task *tasks, unsigned int nb,
		bool careful)
{
	const bool is_bd2 = sec->version->bd_type == HISI_SEC_TYPE_BD2;

	for (unsigned int i = 0; i < nb; i++) {
		struct wdm_sec_req *req = &sec->reqs[i];

		req->task = &tasks[i];
		req->space = space;
		req->way = WDM_SEC_NEW;
		if (careful)
			continue;
		if (i + AHEAD < nb)
			list_ahead(is_bd2 ? &bd2 : &bd3, sec, space, &tasks[i + AHEAD]);
		if (is_bd2)
			look_bd2(sec, req);
		else
			look_bd3(sec, req);
	}
}

void
wdm_sec_remember(struct wdm_sec *sec, const struct wdm_sec_req *req)
{
	const struct layout *l = sec->version->bd_type == HISI_SEC_TYPE_BD2 ? &bd2 : &bd3;
	struct wdm_sec_recent *recent = &sec->recent[place_of(l, req)];

	if (recent->known && recent->batch == sec->batch)
		return;
	for (unsigned int i = 0; i < WDM_SEC_SAME_WORDS; i++)
		recent->word[i] = word_at(req->task, l->same[i]);
	recent->bd = req->own;
	recent->known = true;
}
