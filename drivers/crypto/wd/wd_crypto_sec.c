/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The SEC data path, first half: descriptors. A function that knows a BD type, a kind
 * of address or a class of session takes it as a constant and is inlined into the
 * burst functions at the end, so that no op pays for the choice.
 */

#include <string.h>

#include "wd_crypto_map.h"

/*
 * The build compiles this file twice where there are vectors of 32 bytes; see
 * wd_crypto_sec_set_burst(), which chooses.
 */
#ifndef WD_CRYPTO_SEC_ENQUEUE
#define WD_CRYPTO_SEC_ENQUEUE wd_crypto_sec_enqueue
#endif
#ifndef SEC_PART_SIZE
#define SEC_PART_SIZE 16 /* what SSE and NEON have */
#endif

/* As much of a descriptor as is copied at once. */
typedef uint64_t sec_part __attribute__((vector_size(SEC_PART_SIZE), may_alias));

/* A whole one: what the device writes is zero. No array, which would not stay in registers. */
struct sec_template {
	sec_part p0, p1, p2, p3;
#if SEC_PART_SIZE < 32
	sec_part p4, p5, p6, p7;
#endif
};
static_assert(sizeof(struct sec_template) == HISI_SEC_SQE_SIZE, "whole parts");

/* How an op gets into a descriptor. */
enum sec_way {
	/* Inlined, for ops that need no copy. Everything else, errors included, is
	 * WD_CRYPTO_NOT_PLAIN there and goes the slow way.
	 */
	SEC_FLAT, /* packets of one segment, or with all that counts in the first, in place */
	SEC_APART, /* the same, out of place */
	SEC_LIST, /* packets of more segments, in place */
	SEC_NB_FAST_WAYS,
	/* any op, out of line */
	SEC_SLOW = SEC_NB_FAST_WAYS,
};

/*
 * An op on its way into a descriptor. Its address and that of struct wd_crypto_map stay
 * within inlined code on the fast ways, so that both live in registers.
 */
struct sec_dest {
	struct wd_crypto_qp *qp;
	const struct wd_crypto_session *s;
	uint8_t *sqe;
	struct wd_crypto_slot *slot;
	struct sec_template template; /* a copy of the session's */
	/* on the fast ways copies of what ops with one session share */
	struct wd_crypto_scratch *scratch; /* only if the class has a use for it */
	uint64_t iv_offset, c_min, c_misfit;
	uint64_t word; /* of a slot: with the side ring's tail as it is now */
	uint8_t *side, *side_end; /* free space of the side ring */
	uint64_t side_delta;
};

static __rte_always_inline struct wd_crypto_scratch *
scratch_of(const struct sec_dest *d)
{
	return &d->qp->scratch[d->slot - d->qp->slots];
}

/* An address that is valid beyond doubt: one with the top bit set may be, too. */
static __rte_always_inline bool
addr_plain(const bool va, uint64_t iova)
{
	return va || (int64_t)iova > 0;
}

/* ---- IV and digest ---- */

/* Counter block and B0 of RFC 3610; the hardware adds the length of the AAD itself. */
static void
ccm_iv(const struct wd_crypto_session *s, const uint8_t *iv, uint32_t len,
		struct wd_crypto_scratch *scratch)
{
	const unsigned int l = 15U - s->nonce_len; /* size of the length field */
	uint8_t *counter = scratch->c_iv, *b0 = scratch->a_iv;

	memset(counter, 0, HISI_SEC_IV_SIZE);
	counter[0] = (uint8_t)(l - 1);
	memcpy(counter + 1, iv + 1, s->nonce_len);
	memcpy(b0, counter, HISI_SEC_IV_SIZE);
	counter[15] = 1;
	b0[0] |= (uint8_t)((s->digest_len - 2) / 2 << 3 | (s->aad_len > 0 ? 0x40 : 0));
	for (unsigned int i = 0; i < l && i < sizeof(len); i++)
		b0[15 - i] = (uint8_t)(len >> 8 * i);
}

/* An IV of 12 bytes, and the counter block's other 4. */
static uint64_t
iv_ctr(const struct sec_dest *d, const struct rte_crypto_op *op)
{
	uint8_t *to = scratch_of(d)->c_iv;

	memcpy(to, (const uint8_t *)op + d->s->iv_offset, 12);
	memcpy(to + 12, (const uint8_t[]){ 0, 0, 0, 1 }, 4);
	return wd_side_addr(&d->qp->side, to);
}

/* Where the device finds an IV that it reads as it is. */
static __rte_always_inline enum wd_crypto_build
map_iv(const bool va, const enum sec_way way, const struct sec_dest *d, struct rte_crypto_op *op,
		struct wd_crypto_map *o)
{
	if (way != SEC_SLOW) {
		if (unlikely(!addr_plain(va, op->phys_addr)))
			return WD_CRYPTO_NOT_PLAIN;
		o->c_iv = (va ? (uintptr_t)op : op->phys_addr) + d->iv_offset;
		return WD_CRYPTO_BUILT;
	}
	if (d->s->iv == WD_CRYPTO_IV_CTR) {
		o->c_iv = iv_ctr(d, op);
	} else if (va || wd_crypto_addr_valid(op->phys_addr)) {
		o->c_iv = (va ? (uintptr_t)op : op->phys_addr) + d->s->iv_offset;
	} else {
		memcpy(scratch_of(d)->c_iv, (const uint8_t *)op + d->s->iv_offset, d->s->iv_len);
		o->c_iv = wd_side_addr(&d->qp->side, scratch_of(d)->c_iv);
	}
	return WD_CRYPTO_BUILT;
}

/* Bytes 12..15 are zero: the hardware appends the counter itself, and what it
 * makes of other values there is not known.
 */
static __rte_always_inline uint64_t
iv_gcm(const enum sec_way way, const struct sec_dest *d, struct rte_crypto_op *op)
{
	struct wd_crypto_scratch *scratch = way == SEC_SLOW ? scratch_of(d) : d->scratch;
	const uint64_t delta = way == SEC_SLOW ? d->qp->side.iova_delta : d->side_delta;
	const uint64_t offset = way == SEC_SLOW ? d->s->iv_offset : d->iv_offset;
	const uint8_t *iv = (const uint8_t *)op + offset;
	uint64_t *to = (uint64_t *)scratch->c_iv;
	uint32_t last;

	memcpy(to, iv, sizeof(*to));
	memcpy(&last, iv + sizeof(*to), sizeof(last));
	to[1] = rte_cpu_to_le_64(rte_le_to_cpu_32(last));
	return (uintptr_t)to + delta;
}

/* Where the device puts the MAC, or finds the expected one. */
static __rte_always_inline enum wd_crypto_build
map_digest(const bool va, const enum sec_way way, struct sec_dest *d, uint8_t *data, uint64_t iova,
		struct wd_crypto_map *o)
{
	o->mac = va ? (uintptr_t)data : iova;
	/* sessions whose digest always goes through our memory come the slow way only */
	if (way != SEC_SLOW)
		return likely(data != NULL && addr_plain(va, iova)) ? WD_CRYPTO_BUILT :
								      WD_CRYPTO_NOT_PLAIN;
	if (data == NULL)
		return WD_CRYPTO_BAD_ARGS;
	if (!d->s->bounce && (va || wd_crypto_addr_valid(iova)))
		return WD_CRYPTO_BUILT;
	o->mac = wd_side_addr(&d->qp->side, scratch_of(d)->digest);
	d->slot->word |= WD_CRYPTO_SLOT_SLOW;
	memcpy(scratch_of(d)->digest, data, d->s->digest_len);
	return WD_CRYPTO_BUILT;
}

/* ---- descriptors ---- */

#define SGL_BITS(type, src, dst)                                                                   \
	(((src) ? HISI_SEC_ADDR_SGL : 0) << type##_0_SRC_TYPE_SHIFT |                              \
			((dst) ? HISI_SEC_ADDR_SGL : 0) << type##_0_DST_TYPE_SHIFT)

/* In the first word of a template: all ops of a run need lists. */
static __rte_always_inline uint64_t
sgl_bits(const bool bd3, const enum wd_crypto_class class)
{
	const bool dst = !wd_crypto_is_auth(class);

	return rte_cpu_to_le_64(bd3 ? SGL_BITS(HISI_SEC_BD3, true, dst) :
				      SGL_BITS(HISI_SEC_BD2, true, dst));
}

/* What differs from op to op; the fields of both BD types have the same names. */
#define SQE_PATCH(bd, type, class, o)                                                              \
	do {                                                                                       \
		if ((o)->src_sgl || (o)->dst_sgl)                                                  \
			(bd)->dw0 |= rte_cpu_to_le_32(SGL_BITS(type, (o)->src_sgl, (o)->dst_sgl)); \
		(bd)->data_src_addr = rte_cpu_to_le_64((o)->src);                                  \
		if (!wd_crypto_is_auth(class)) {                                                   \
			(bd)->data_dst_addr = rte_cpu_to_le_64((o)->dst);                          \
			(bd)->c_ivin_addr = rte_cpu_to_le_64((o)->c_iv);                           \
			(bd)->c_len = rte_cpu_to_le_32((uint32_t)(o)->c_len);                      \
		}                                                                                  \
		if ((class) != WD_CRYPTO_CIPHER)                                                   \
			(bd)->mac_addr = rte_cpu_to_le_64((o)->mac);                               \
		if (wd_crypto_is_auth(class) || (class) == WD_CRYPTO_CHAIN)                        \
			(bd)->a_len = rte_cpu_to_le_32((uint32_t)(o)->a_len);                      \
		if ((class) == WD_CRYPTO_GMAC || (class) == WD_CRYPTO_AEAD)                        \
			(bd)->a_ivin_addr = rte_cpu_to_le_64((o)->a_iv);                           \
		if ((class) == WD_CRYPTO_CHAIN)                                                    \
			(bd)->cipher_src_offset = rte_cpu_to_le_16((uint16_t)(o)->c_off);          \
	} while (0)

/* Replace a field of a word. */
#define SQE_SET(word, field, value)                                                                \
	((word) = ((word) & ~rte_cpu_to_le_32(field##_MASK << field##_SHIFT)) |                    \
					rte_cpu_to_le_32((value) << field##_SHIFT))

/* Volatile, because the compiler would make what it knows to be zero anew for each op. */
static const volatile sec_part sec_zero;

#if SEC_PART_SIZE < 32
#define SEC_WORDS(low, high, whole, w0, w1, w2, w3)                                                \
	(t->low = (sec_part){ w0, w1 }, t->high = (sec_part){ w2, w3 })
#define SEC_ZERO(low, high, whole) (t->low = t->high = zero)
#else
#define SEC_WORDS(low, high, whole, w0, w1, w2, w3) (t->whole = (sec_part){ w0, w1, w2, w3 })
#define SEC_ZERO(low, high, whole) (t->whole = zero)
#endif

/* For a run of ops with one session, which so is read once; see session_pack(). */
static __rte_always_inline void
template_load(const bool bd3, struct sec_template *t, const struct wd_crypto_session *s)
{
	const uint64_t *w = s->words;
	const sec_part zero = sec_zero;

	if (bd3) {
		SEC_WORDS(p0, p1, p0, w[0], 0, 0, w[1]);
		SEC_WORDS(p2, p3, p1, 0, 0, w[2], w[3]);
		SEC_WORDS(p4, p5, p2, w[4], 0, 0, 0);
	} else {
		SEC_WORDS(p0, p1, p0, w[0], w[1], w[2], w[3]);
		SEC_ZERO(p2, p3, p1);
		SEC_WORDS(p4, p5, p2, w[4], 0, 0, w[5]);
	}
	SEC_ZERO(p6, p7, p3);
#if SEC_PART_SIZE < 32
	if (bd3)
		t->p2 = t->p5 = zero;
#endif
}

static __rte_always_inline void
template_store(uint8_t *sqe, const struct sec_template *t)
{
	sec_part *to = (sec_part *)sqe;

	to[0] = t->p0;
	to[1] = t->p1;
	to[2] = t->p2;
	to[3] = t->p3;
#if SEC_PART_SIZE < 32
	to[4] = t->p4;
	to[5] = t->p5;
	to[6] = t->p6;
	to[7] = t->p7;
#endif
}

/*
 * All of a descriptor is written: its last user left it full. Fields that the class
 * does not patch are the template's: zero, or the same for all ops.
 */
static __rte_always_inline void
sqe_fill(const bool bd3, const enum wd_crypto_class class, const struct sec_dest *d,
		const struct wd_crypto_map *o)
{
	template_store(d->sqe, &d->template);
	if (bd3)
		SQE_PATCH((struct hisi_sec_bd3 *)d->sqe, HISI_SEC_BD3, class, o);
	else
		SQE_PATCH((struct hisi_sec_bd2 *)d->sqe, HISI_SEC_BD2, class, o);
}

/* ---- one function a class of session ---- */

/* Long enough and a multiple of the unit, seen with one test: c_min is such a multiple. */
static __rte_always_inline bool
payload_fits(const enum sec_way way, const struct sec_dest *d, uint64_t len)
{
	if (way == SEC_SLOW)
		return ((len - d->s->c_min) & (WD_CRYPTO_TOO_SHORT | d->s->c_unit)) == 0;
	return ((len - d->c_min) & d->c_misfit) == 0;
}

static __rte_always_inline void
side_use(struct sec_dest *d, uint32_t nb_bytes)
{
	d->side += nb_bytes;
	d->word += WD_CRYPTO_SLOT_WORD(0, nb_bytes);
}

/* A list, quickly, of a lead and [off, off + len) of a packet; in place. */
static __rte_always_inline enum wd_crypto_build
map_list(const bool va, struct sec_dest *d, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym, uint64_t lead, uint32_t lead_len, uint64_t off,
		uint32_t len)
{
	uint32_t n;

	if (unlikely(sym->m_dst != NULL))
		return WD_CRYPTO_NOT_PLAIN;
	n = wd_sgl_write(va, d->side, d->side_end, lead, lead_len, sym->m_src, off, len);
	if (unlikely(n == 0))
		return WD_CRYPTO_NOT_PLAIN;
	o->src = o->dst = (uintptr_t)d->side + d->side_delta;
	side_use(d, n);
	return WD_CRYPTO_BUILT;
}

/* [off, off + len) of source and destination, both without a lead. */
static __rte_always_inline enum wd_crypto_build
map_payload(const bool va, const enum sec_way way, struct sec_dest *d, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym, uint64_t off, uint64_t len)
{
	static const struct wd_crypto_lead none;
	const struct rte_mbuf *src = sym->m_src, *dst = sym->m_dst;

	if (way == SEC_SLOW)
		return wd_crypto_map_lists(va, d->qp, o, &none, src, &none, dst == NULL ? src : dst,
				(uint32_t)off, (uint32_t)len, (uint32_t)off, (uint32_t)len);
	if (way == SEC_LIST)
		return map_list(va, d, o, sym, 0, 0, off, (uint32_t)len);
	if (unlikely(way == SEC_FLAT ? sym->m_dst != NULL : dst == NULL))
		return WD_CRYPTO_NOT_PLAIN;
	if (unlikely(!wd_mbuf_in_data(src, off, len)))
		return WD_CRYPTO_NOT_PLAIN;
	o->src = o->dst = wd_mbuf_addr(va, src, off);
	if (way == SEC_FLAT)
		return WD_CRYPTO_BUILT;
	if (dst->nb_segs != 1 || (dst != src && !wd_mbuf_in_room(dst, off, len)))
		return WD_CRYPTO_NOT_PLAIN;
	o->dst = wd_mbuf_addr(va, dst, off);
	return WD_CRYPTO_BUILT;
}

/* A NULL algorithm over nothing: a descriptor that the device only completes. */
static __rte_noinline enum wd_crypto_build
build_nothing(const bool bd3, struct sec_dest *d)
{
	const struct wd_crypto_map o = { 0 };

	d->slot->word = HISI_SEC_STATUS_DONE | WD_CRYPTO_SLOT_SLOW | WD_CRYPTO_SLOT_NOTHING;
	sqe_fill(bd3, WD_CRYPTO_CIPHER, d, &o);
	if (bd3)
		SQE_SET(((struct hisi_sec_bd3 *)d->sqe)->dw0, HISI_SEC_BD3_0_BD_INVALID, 1U);
	else
		SQE_SET(((struct hisi_sec_bd2 *)d->sqe)->dw1, HISI_SEC_BD2_1_BD_INVALID, 1U);
	return WD_CRYPTO_BUILT;
}

static __rte_always_inline enum wd_crypto_build
build_cipher(const bool bd3, const bool va, const enum sec_way way, struct sec_dest *d,
		struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	const bool auth_region = way == SEC_SLOW && d->s->auth_region;
	const uint32_t off = auth_region ? sym->auth.data.offset : sym->cipher.data.offset;
	struct wd_crypto_map o = { .c_len = auth_region ? sym->auth.data.length :
							  sym->cipher.data.length };
	enum wd_crypto_build rc;

	if (unlikely(!payload_fits(way, d, o.c_len))) {
		if (way != SEC_SLOW)
			return WD_CRYPTO_NOT_PLAIN;
		return d->s->copy && o.c_len == 0 ? build_nothing(bd3, d) : WD_CRYPTO_BAD_ARGS;
	}
	rc = map_payload(va, way, d, &o, sym, off, o.c_len);
	if (likely(rc == WD_CRYPTO_BUILT))
		rc = map_iv(va, way, d, op, &o);
	if (likely(rc == WD_CRYPTO_BUILT))
		sqe_fill(bd3, WD_CRYPTO_CIPHER, d, &o);
	return rc;
}

/* The destination is unused; where there is one, cryptodev wants the data copied there. */
static enum wd_crypto_build
map_auth_lists(const bool va, const struct sec_dest *d, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym)
{
	static const struct wd_crypto_lead none;
	struct wd_crypto_qp *qp = d->qp;
	const uint32_t off = sym->auth.data.offset;
	const bool apart = sym->m_dst != NULL && sym->m_dst != sym->m_src;
	enum wd_crypto_build rc = WD_CRYPTO_BUILT;

	if (o->a_len == 0)
		o->src = wd_mbuf_addr(va, sym->m_src, 0); /* any valid address */
	else
		rc = wd_crypto_map_lists(va, qp, o, &none, sym->m_src, &none, sym->m_src, off,
				o->a_len, off, o->a_len);
	if (rc == WD_CRYPTO_BUILT && apart)
		rc = wd_crypto_packet_copy(sym->m_dst, sym->m_src, off, o->a_len);
	if (rc == WD_CRYPTO_BUILT && apart && d->s->null_cipher)
		rc = wd_crypto_packet_copy(sym->m_dst, sym->m_src, sym->cipher.data.offset,
				sym->cipher.data.length);
	o->dst = 0;
	o->dst_sgl = false;
	return rc;
}

static __rte_always_inline enum wd_crypto_build
build_auth(const bool bd3, const bool va, const enum wd_crypto_class class, const enum sec_way way,
		struct sec_dest *d, struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	const uint32_t off = sym->auth.data.offset;
	struct wd_crypto_map o = { .a_len = sym->auth.data.length };
	enum wd_crypto_build rc;

	if (unlikely(o.a_len == 0 && (way == SEC_LIST || !d->s->empty_auth)))
		return way != SEC_SLOW ? WD_CRYPTO_NOT_PLAIN : WD_CRYPTO_BAD_ARGS;
	rc = map_digest(va, way, d, sym->auth.digest.data, sym->auth.digest.phys_addr, &o);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	if (way == SEC_SLOW)
		rc = map_auth_lists(va, d, &o, sym);
	else if (way == SEC_APART)
		rc = WD_CRYPTO_NOT_PLAIN; /* there is something to copy */
	else
		rc = map_payload(va, way, d, &o, sym, off, o.a_len);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	o.dst_sgl = false; /* unused */
	if (class == WD_CRYPTO_GMAC)
		o.a_iv = iv_gcm(way, d, op);
	sqe_fill(bd3, class, d, &o);
	return WD_CRYPTO_BUILT;
}

/*
 * Bytes around the payload that are only authenticated, out of place: [sink for
 * those in front][payload and those behind it in dst]. Whether the device copies
 * them is not known and cryptodev wants them copied, so we do.
 */
static enum wd_crypto_build
map_chain_lists(const bool va, struct wd_crypto_qp *qp, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym, uint32_t a_off)
{
	static const struct wd_crypto_lead none;
	const struct wd_crypto_lead sink = {
		.addr = wd_side_addr(&qp->side, qp->sink), .len = o->c_off, .sink = true
	};
	const uint32_t behind = o->c_off + o->c_len;
	enum wd_crypto_build rc;

	rc = wd_crypto_map_lists(va, qp, o, &none, sym->m_src, &sink, sym->m_dst, a_off, o->a_len,
			a_off + o->c_off, o->a_len - o->c_off);
	if (rc == WD_CRYPTO_BUILT)
		rc = wd_crypto_packet_copy(sym->m_dst, sym->m_src, a_off, o->c_off);
	if (rc == WD_CRYPTO_BUILT)
		rc = wd_crypto_packet_copy(
				sym->m_dst, sym->m_src, a_off + behind, o->a_len - behind);
	return rc;
}

static __rte_always_inline enum wd_crypto_build
build_chain(const bool bd3, const bool va, const enum sec_way way, struct sec_dest *d,
		struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	const uint64_t a_off = sym->auth.data.offset;
	struct wd_crypto_map o = {
		.a_len = sym->auth.data.length,
		.c_len = sym->cipher.data.length,
	};
	uint32_t before; /* the payload, of what is authenticated */
	bool apart = __builtin_sub_overflow(
			sym->cipher.data.offset, sym->auth.data.offset, &before);
	enum wd_crypto_build rc;

	/* the payload lies within what is authenticated */
	if (unlikely(apart || !payload_fits(way, d, o.c_len) || before + o.c_len > o.a_len))
		return way != SEC_SLOW ? WD_CRYPTO_NOT_PLAIN : WD_CRYPTO_BAD_ARGS;
	o.c_off = before;
	/* of a flat packet, all within one segment, a_len and so c_off has 16 bits */
	if (way != SEC_FLAT && o.c_off > HISI_SEC_MAX_AAD)
		return way != SEC_SLOW ? WD_CRYPTO_NOT_PLAIN : WD_CRYPTO_BAD_ARGS;
	rc = map_digest(va, way, d, sym->auth.digest.data, sym->auth.digest.phys_addr, &o);
	if (likely(rc == WD_CRYPTO_BUILT))
		rc = map_iv(va, way, d, op, &o);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	if ((way == SEC_SLOW || way == SEC_APART) && sym->m_dst != NULL && o.c_len != o.a_len &&
			sym->m_dst != sym->m_src)
		rc = way != SEC_SLOW ? WD_CRYPTO_NOT_PLAIN :
				       map_chain_lists(va, d->qp, &o, sym, (uint32_t)a_off);
	else
		rc = map_payload(va, way, d, &o, sym, a_off, o.a_len);
	if (likely(rc == WD_CRYPTO_BUILT))
		sqe_fill(bd3, WD_CRYPTO_CHAIN, d, &o);
	return rc;
}

/* AAD that the device cannot reach. */
static enum wd_crypto_build
aad_copy(const struct sec_dest *d, const uint8_t *data, uint64_t *addr)
{
	uint8_t *copy = wd_side_take(&d->qp->side, d->s->aad_len);

	if (copy == NULL)
		return WD_CRYPTO_NO_ROOM;
	memcpy(copy, data + d->s->aad_offset, d->s->aad_len);
	*addr = wd_side_addr(&d->qp->side, copy);
	return WD_CRYPTO_BUILT;
}

/* Source [AAD][payload]; destination, if it is another, [sink][payload]. */
static enum wd_crypto_build
map_aead_lists(const bool va, const struct sec_dest *d, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym)
{
	struct wd_crypto_qp *qp = d->qp;
	const struct wd_crypto_lead sink = {
		.addr = wd_side_addr(&qp->side, qp->sink), .len = o->c_off, .sink = true
	};
	const struct rte_mbuf *dst = sym->m_dst == NULL ? sym->m_src : sym->m_dst;
	struct wd_crypto_lead aad = { .len = o->c_off };
	const uint32_t off = sym->aead.data.offset;

	if (sym->aead.aad.data == NULL)
		return WD_CRYPTO_BAD_ARGS;
	aad.addr = (va ? (uintptr_t)sym->aead.aad.data : sym->aead.aad.phys_addr) +
			d->s->aad_offset;
	if (!va && !wd_crypto_addr_valid(sym->aead.aad.phys_addr)) {
		const enum wd_crypto_build rc = aad_copy(d, sym->aead.aad.data, &aad.addr);

		if (rc != WD_CRYPTO_BUILT)
			return rc;
	}
	return wd_crypto_map_lists(
			va, qp, o, &aad, sym->m_src, &sink, dst, off, o->c_len, off, o->c_len);
}

/*
 * The usual case of it: in place, and so one list; of two entries, if the packet has
 * one segment. Of a list's header and entries only what the device reads is written.
 */
#define PAIR_SIZE (sizeof(struct hisi_sgl) + 2 * sizeof(struct hisi_sge))
static_assert(PAIR_SIZE % WD_SIDE_UNIT == 0, "whole units");

static __rte_always_inline enum wd_crypto_build
map_aead_quick(const bool va, const enum sec_way way, struct sec_dest *d, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym)
{
	const uint64_t aad = va ? (uintptr_t)sym->aead.aad.data : sym->aead.aad.phys_addr;
	const uint64_t off = sym->aead.data.offset;
	struct hisi_sge *sge = (struct hisi_sge *)(d->side + sizeof(struct hisi_sgl));

	if (way == SEC_APART || unlikely(sym->aead.aad.data == NULL || !addr_plain(va, aad)))
		return WD_CRYPTO_NOT_PLAIN;
	if (way == SEC_LIST)
		return map_list(va, d, o, sym, aad + d->s->aad_offset, o->c_off, off, o->c_len);
	if (unlikely(sym->m_dst != NULL))
		return WD_CRYPTO_NOT_PLAIN;
	if (unlikely(!wd_mbuf_in_data(sym->m_src, off, o->c_len) ||
			    d->side + PAIR_SIZE >= d->side_end))
		return WD_CRYPTO_NOT_PLAIN;
	wd_sgl_head(d->side, 2);
	wd_sgl_entry(sge, aad + d->s->aad_offset, o->c_off);
	wd_sgl_entry(sge + 1, wd_mbuf_addr(va, sym->m_src, off), o->c_len);
	o->src = o->dst = (uintptr_t)d->side + d->side_delta;
	side_use(d, PAIR_SIZE);
	return WD_CRYPTO_BUILT;
}

/*
 * GCM of nothing: the hardware does not take it. What is asked for is one
 * encrypted block, the pre-counter block IV || 1, so ask for that: ECB into our
 * own memory, from where dequeue stores the tag or compares it.
 */
static __rte_noinline enum wd_crypto_build
build_gcm_empty(const bool bd3, struct sec_dest *d, struct rte_crypto_op *op)
{
	struct wd_crypto_map o = {
		.c_len = HISI_SEC_IV_SIZE,
		.dst = wd_side_addr(&d->qp->side, scratch_of(d)->digest),
	};

	if (op->sym->aead.digest.data == NULL)
		return WD_CRYPTO_BAD_ARGS;
	o.src = iv_ctr(d, op);
	d->slot->word = HISI_SEC_STATUS_DONE | HISI_SEC_FLAG_CIPHER << HISI_SEC_STATUS_FLAG_SHIFT |
			WD_CRYPTO_SLOT_SLOW | WD_CRYPTO_SLOT_TAG;
	sqe_fill(bd3, WD_CRYPTO_CIPHER, d, &o);
	if (bd3) {
		struct hisi_sec_bd3 *bd = (struct hisi_sec_bd3 *)d->sqe;

		SQE_SET(bd->dw1, HISI_SEC_BD3_1_CIPHER, HISI_SEC_CIPHER_ENCRYPT);
		SQE_SET(bd->dw1, HISI_SEC_BD3_1_C_MODE, HISI_SEC_C_MODE_ECB);
		SQE_SET(bd->dw1, HISI_SEC_BD3_1_C_ICV_LEN, 0);
		SQE_SET(bd->dw1, HISI_SEC_BD3_1_SEQ, HISI_SEC_SEQ_CIPHER_AUTH);
	} else {
		struct hisi_sec_bd2 *bd = (struct hisi_sec_bd2 *)d->sqe;

		SQE_SET(bd->dw0, HISI_SEC_BD2_0_CIPHER, HISI_SEC_CIPHER_ENCRYPT);
		SQE_SET(bd->dw3, HISI_SEC_BD2_3_C_MODE, HISI_SEC_C_MODE_ECB);
		SQE_SET(bd->dw3, HISI_SEC_BD2_3_C_ICV_LEN, 0);
		SQE_SET(bd->dw0, HISI_SEC_BD2_0_SEQ, HISI_SEC_SEQ_CIPHER_AUTH);
	}
	return WD_CRYPTO_BUILT;
}

static __rte_always_inline enum wd_crypto_build
build_aead(const bool bd3, const bool va, const bool gcm_aad, const enum sec_way way,
		struct sec_dest *d, struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	/* as a_len, the template has c_off already */
	struct wd_crypto_map o = { .c_len = sym->aead.data.length, .c_off = d->s->aad_len };
	enum wd_crypto_build rc;

	if (way != SEC_SLOW) {
		/* the limit of CCM, which one segment cannot exceed */
		if (unlikely(o.c_len == 0 || (way == SEC_LIST && o.c_len > UINT16_MAX)))
			return WD_CRYPTO_NOT_PLAIN;
	} else {
		if (o.c_len < d->s->c_min)
			return o.c_off == 0 && d->s->iv == WD_CRYPTO_IV_GCM ?
					build_gcm_empty(bd3, d, op) :
					WD_CRYPTO_BAD_ARGS;
		/* the length field of CCM: two bytes with the longest nonce, enough with others */
		if (d->s->nonce_len == 13 && o.c_len > UINT16_MAX)
			return WD_CRYPTO_BAD_ARGS;
	}
	rc = map_digest(va, way, d, sym->aead.digest.data, sym->aead.digest.phys_addr, &o);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	if (!gcm_aad && o.c_off == 0)
		rc = map_payload(va, way, d, &o, sym, sym->aead.data.offset, o.c_len);
	else if (way == SEC_SLOW)
		rc = map_aead_lists(va, d, &o, sym);
	else
		rc = map_aead_quick(va, way, d, &o, sym);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	/* otherwise the template says so */
	if (way == SEC_FLAT && !gcm_aad)
		o.src_sgl = o.dst_sgl = o.c_off != 0;
	if (gcm_aad || d->s->iv == WD_CRYPTO_IV_GCM) {
		o.c_iv = o.a_iv = iv_gcm(way, d, op);
	} else {
		struct wd_crypto_scratch *scratch = scratch_of(d);

		ccm_iv(d->s, (const uint8_t *)op + d->s->iv_offset, o.c_len, scratch);
		o.c_iv = wd_side_addr(&d->qp->side, scratch->c_iv);
		o.a_iv = wd_side_addr(&d->qp->side, scratch->a_iv);
	}
	sqe_fill(bd3, WD_CRYPTO_AEAD, d, &o);
	return WD_CRYPTO_BUILT;
}

static __rte_always_inline enum wd_crypto_build
build_class(const bool bd3, const bool va, const enum wd_crypto_class class, const enum sec_way way,
		struct sec_dest *d, struct rte_crypto_op *op)
{
	switch (class) {
	case WD_CRYPTO_CIPHER:
		return build_cipher(bd3, va, way, d, op);
	case WD_CRYPTO_AUTH:
	case WD_CRYPTO_GMAC:
		return build_auth(bd3, va, class, way, d, op);
	case WD_CRYPTO_CHAIN:
		return build_chain(bd3, va, way, d, op);
	case WD_CRYPTO_GCM:
		return build_aead(bd3, va, true, way, d, op);
	default:
		return build_aead(bd3, va, false, way, d, op);
	}
}

/* ---- enqueue ---- */

/* What has_session() looks at, and the status. */
static __rte_always_inline uint32_t
kind_of_op(const struct rte_crypto_op *op)
{
	uint32_t kind;

	static_assert(offsetof(struct rte_crypto_op, sess_type) < sizeof(kind), "one load");
	memcpy(&kind, op, sizeof(kind));
	return kind;
}

static __rte_always_inline bool
has_session(const struct rte_crypto_op *op)
{
	return op->type == RTE_CRYPTO_OP_TYPE_SYMMETRIC &&
			op->sess_type == RTE_CRYPTO_OP_WITH_SESSION;
}

/*
 * The op's session, which is to be believed if its kind is right; NULL if it has none.
 * Whose it is else is in a line of its own, see own_session_of().
 */
static __rte_always_inline const struct wd_crypto_session *
session_of(const struct rte_crypto_op *op)
{
	const struct rte_cryptodev_sym_session *sess = op->sym->session;

	if (unlikely(!has_session(op) || sess == NULL))
		return NULL;
	return (const struct wd_crypto_session *)sess->driver_priv_data;
}

/* The same, NULL also if it is not one of this driver's. */
static const struct wd_crypto_session *
own_session_of(const struct rte_crypto_op *op, uint8_t driver_id)
{
	const struct rte_cryptodev_sym_session *sess = op->sym->session;
	const struct wd_crypto_session *s = session_of(op);

	return s != NULL && sess->driver_id == driver_id ? s : NULL;
}

/* What a run reads of its session. Of an op without one this is some place or other,
 * which does no harm.
 */
static __rte_always_inline void
session_prefetch(const struct rte_crypto_op *op)
{
	rte_prefetch0((const uint8_t *)op->sym->session +
			offsetof(struct rte_cryptodev_sym_session, driver_priv_data));
}

/* Sessions that are fetched at once: a burst's, as a rule, since they are waited for together. */
#define SEC_AHEAD 32

/* From an op on that has another session than the one before; *fetched: up to where they were. */
static __rte_noinline void
sessions_prefetch(struct rte_crypto_op *const *next, struct rte_crypto_op *const *end,
		struct rte_crypto_op *const **fetched)
{
	struct rte_crypto_op *const *const to = RTE_MIN(end, next + SEC_AHEAD);

	if (next < *fetched)
		return;
	while (next < to)
		session_prefetch(*next++);
	*fetched = to;
}

/* Any op, whatever is the matter with it. */
static __rte_noinline enum wd_crypto_build
build_any(const bool bd3, const bool va, struct wd_crypto_qp *qp, struct wd_crypto_slot *slot,
		struct rte_crypto_op *op)
{
	struct sec_dest d = {
		.qp = qp,
		.slot = slot,
		.sqe = qp->q.sq + (size_t)(slot - qp->slots) * HISI_SEC_SQE_SIZE,
	};

	if (op->type != RTE_CRYPTO_OP_TYPE_SYMMETRIC || op->sym->m_src == NULL)
		return WD_CRYPTO_BAD_ARGS;
	d.s = own_session_of(op, qp->driver_id);
	/* a session of a device with another BD type or addressing, or a cleared one */
	if (d.s == NULL || d.s->class >= WD_CRYPTO_NB_CLASSES ||
			(d.s->kind & ~WD_CRYPTO_KIND_SLOW) != (qp->kind | d.s->class))
		return WD_CRYPTO_BAD_SESSION;
	template_load(bd3, &d.template, d.s);
	slot->word = d.s->expect;
	return build_class(bd3, va, d.s->class, SEC_SLOW, &d, op);
}

/* An op that could not be built ends the burst; the ones before it still go out. */
static __rte_noinline void
refuse(struct wd_crypto_qp *qp, struct rte_crypto_op *op, enum wd_crypto_build why, bool alone)
{
	/* a full side ring is a full queue, unless this op has all of it */
	if (why == WD_CRYPTO_NO_ROOM && !alone)
		return;
	qp->stats.enqueue_err_count++;
	op->status = why == WD_CRYPTO_BAD_SESSION ? RTE_CRYPTO_OP_STATUS_INVALID_SESSION :
						    RTE_CRYPTO_OP_STATUS_INVALID_ARGS;
}

/* An op with all checks: the only way for those that nothing else takes. */
static __rte_always_inline bool
enqueue_one(const bool bd3, const bool va, struct wd_crypto_qp *qp, struct wd_crypto_slot *slot,
		struct rte_crypto_op *op, enum wd_crypto_build *rc)
{
	*rc = build_any(bd3, va, qp, slot, op);
	slot->op = op;
	slot->word |= WD_CRYPTO_SLOT_WORD(0, qp->side.tail);
	return *rc == WD_CRYPTO_BUILT;
}

/* The way for an op, judged by its packet. */
static __rte_always_inline enum sec_way
way_of(const struct rte_crypto_op *op)
{
	const struct rte_mbuf *m = op->sym->m_src;

	if (m != NULL && m->nb_segs > 1)
		return SEC_LIST;
	return op->sym->m_dst == NULL ? SEC_FLAT : SEC_APART;
}

/*
 * An op that a fast way does not take. Whether it is built now: if not, *rc says why,
 * or is WD_CRYPTO_BUILT if it is for a run that goes another way.
 */
static __rte_noinline bool
enqueue_odd(const bool bd3, const bool va, const enum sec_way way, struct wd_crypto_qp *qp,
		struct wd_crypto_slot *slot, struct rte_crypto_op *op, enum wd_crypto_build *rc)
{
	return way_of(op) == way && enqueue_one(bd3, va, qp, slot, op, rc);
}

static __rte_always_inline void
side_load(struct sec_dest *d)
{
	const struct wd_side *side = &d->qp->side;

	d->side = side->base + side->tail;
	d->side_end = side->base + wd_side_end(side);
	d->side_delta = side->iova_delta;
	d->word = WD_CRYPTO_SLOT_WORD(d->s->expect, side->tail);
}

/* A burst on its way. */
struct sec_burst {
	enum wd_crypto_build rc; /* why there is an op that could not be built */
	struct rte_crypto_op *const *fetched; /* up to where sessions were, if any */
};

/*
 * Descriptors between one that is filled and one whose first half is fetched to be filled:
 * the device has read it, and stores to what it shares are waited for one by one. Behind the
 * ring's end this is some place or other, which does no harm.
 */
#define SEC_SQES_AHEAD 16

/*
 * Up to nb ops from ops[0] on that have sessions of one class and go the same way, into
 * descriptors from idx on, short of the ring's end. Returns how many were built;
 * b->rc is set when the next one could not be.
 */
static __rte_always_inline void
session_load(const bool bd3, const enum wd_crypto_class class, const enum sec_way way,
		struct sec_dest *d, const struct wd_crypto_session *s)
{
	d->s = s;
	d->iv_offset = s->iv_offset;
	d->c_min = s->c_min;
	d->c_misfit = WD_CRYPTO_TOO_SHORT | s->c_unit;
	template_load(bd3, &d->template, s);
	if (way == SEC_LIST || class == WD_CRYPTO_GCM)
		d->template.p0[0] |= sgl_bits(bd3, class);
}

static __rte_always_inline uint32_t
enqueue_run(const bool bd3, const bool va, const enum wd_crypto_class class, const enum sec_way way,
		struct wd_crypto_qp *qp, const struct wd_crypto_session *s,
		struct rte_crypto_op **ops, uint32_t nb, uint32_t idx, struct sec_burst *b)
{
	const bool uses_side = way == SEC_LIST || wd_crypto_is_aead(class);
	struct sec_dest d = {
		.qp = qp,
		.slot = &qp->slots[idx],
		.sqe = qp->q.sq + (size_t)idx * HISI_SEC_SQE_SIZE,
		.scratch = &qp->scratch[idx],
	};
	struct rte_crypto_op **const end = ops + nb, **next = ops, *op = *ops;
	const uint32_t kind = kind_of_op(op);

	for (;;) {
		const void *const session = op->sym->session;

		session_load(bd3, class, way, &d, s);
		side_load(&d);
		do {
			enum wd_crypto_build built = WD_CRYPTO_NOT_PLAIN;

			if (likely(op->sym->m_src != NULL))
				built = build_class(bd3, va, class, way, &d, op);
			d.slot->op = op;
			d.slot->word = d.word;
			if (unlikely(built != WD_CRYPTO_BUILT)) {
				if (uses_side)
					qp->side.tail = WD_CRYPTO_SLOT_SIDE_TAIL(d.word);
				if (!enqueue_odd(bd3, va, way, qp, d.slot, op, &b->rc))
					return (uint32_t)(next - ops);
				side_load(&d);
			}
			rte_prefetch0_write(d.sqe + SEC_SQES_AHEAD * HISI_SEC_SQE_SIZE);
			d.slot++;
			d.sqe += HISI_SEC_SQE_SIZE;
			if (class == WD_CRYPTO_GMAC || wd_crypto_is_aead(class))
				d.scratch++;
			if (++next == end)
				break;
			op = *next;
		} while (op->sym->session == session && likely(kind_of_op(op) == kind));
		if (uses_side)
			qp->side.tail = WD_CRYPTO_SLOT_SIDE_TAIL(d.word);
		/* one of another kind, be it only its status, begins a run of its own; and of a
		 * chain so much is in registers that to go on here would cost each op
		 */
		if (class == WD_CRYPTO_CHAIN || next == end || kind_of_op(op) != kind)
			break;
		sessions_prefetch(next, end, &b->fetched);
		s = session_of(op);
		if (s == NULL || s->kind != (qp->kind | class))
			break;
	}
	return (uint32_t)(next - ops);
}

/* enqueue_run() of one class and one way. */
typedef uint32_t (*sec_run_t)(struct wd_crypto_qp *qp, const struct wd_crypto_session *s,
		struct rte_crypto_op **ops, uint32_t nb, uint32_t idx, struct sec_burst *b);
typedef sec_run_t sec_runs_t[WD_CRYPTO_NB_CLASSES][SEC_NB_FAST_WAYS];

/* What ends a burst early: the op that could not be built. The ones before it still go out. */
static __rte_noinline void
enqueue_stop(struct wd_crypto_qp *qp, struct rte_crypto_op *op, uint32_t idx, uint32_t side_tail,
		enum wd_crypto_build rc, bool first, bool idle)
{
	/* what the op took of the side ring before it failed */
	if (!first)
		side_tail = WD_CRYPTO_SLOT_SIDE_TAIL(qp->slots[(idx - 1) & qp->q.sq_mask].word);
	qp->side.tail = side_tail;
	refuse(qp, op, rc, idle && first);
}

static __rte_always_inline uint16_t
enqueue(const bool bd3, const bool va, const sec_runs_t *runs, struct wd_crypto_qp *qp,
		struct rte_crypto_op **ops, uint16_t nb_ops)
{
	struct wd_queue *q = &qp->q;
	const uint32_t nb = RTE_MIN(nb_ops, wd_queue_room(q));
	const bool idle = wd_queue_in_flight(q) == 0;
	struct sec_burst b = { .rc = WD_CRYPTO_BUILT };
	uint32_t side_start, i = 0;

	if (idle)
		qp->side.head = qp->side.tail = 0;
	side_start = qp->side.tail;
	while (i < nb) {
		const struct wd_crypto_session *s = session_of(ops[i]);
		const uint32_t idx = (wd_queue_tail(q) + i) & q->sq_mask;
		/* of a session of another kind, this is no class at all */
		const uint32_t class = s == NULL ? UINT32_MAX : s->kind ^ qp->kind;

		if (likely(class < WD_CRYPTO_NB_CLASSES))
			i += (*runs)[class][way_of(ops[i])](qp, s, ops + i,
					RTE_MIN(nb - i, q->sq_mask + 1U - idx), idx, &b);
		else
			i += enqueue_one(bd3, va, qp, &qp->slots[idx], ops[i], &b.rc);
		if (unlikely(b.rc != WD_CRYPTO_BUILT)) {
			enqueue_stop(qp, ops[i], (uint32_t)wd_queue_tail(q) + i, side_start, b.rc,
					i == 0, idle);
			break;
		}
		if (i < nb)
			sessions_prefetch(ops + i, ops + nb, &b.fetched);
	}
	if (i == 0)
		return 0;
	if (unlikely(wd_queue_submit(q, (uint16_t)i) == 0)) {
		qp->side.tail = side_start; /* dead: the ops stay the caller's */
		return 0;
	}
	qp->stats.enqueued_count += i;
	return (uint16_t)i;
}

/* ---- the functions for each BD type and kind of address ---- */

#define SEC_RUN(variant, bd3, va, class, way)                                                      \
	static uint32_t run_##class##_##way##_##variant(struct wd_crypto_qp *qp,                   \
			const struct wd_crypto_session *s, struct rte_crypto_op **ops,             \
			uint32_t nb, uint32_t idx, struct sec_burst *b)                            \
	{                                                                                          \
		return enqueue_run(bd3, va, WD_CRYPTO_##class, SEC_##way, qp, s, ops, nb, idx, b); \
	}

#define SEC_RUNS(variant, bd3, va, class)                                                          \
	SEC_RUN(variant, bd3, va, class, FLAT)                                                     \
	SEC_RUN(variant, bd3, va, class, APART)                                                    \
	SEC_RUN(variant, bd3, va, class, LIST)

#define SEC_RUNS_NAMES(variant, class)                                                             \
	[WD_CRYPTO_##class] = {                                                                    \
		[SEC_FLAT] = run_##class##_FLAT_##variant,                                         \
		[SEC_APART] = run_##class##_APART_##variant,                                       \
		[SEC_LIST] = run_##class##_LIST_##variant,                                         \
	}

#define SEC_ENQUEUE(variant, bd3, va)                                                              \
	SEC_RUNS(variant, bd3, va, CIPHER)                                                         \
	SEC_RUNS(variant, bd3, va, AUTH)                                                           \
	SEC_RUNS(variant, bd3, va, GMAC)                                                           \
	SEC_RUNS(variant, bd3, va, CHAIN)                                                          \
	SEC_RUNS(variant, bd3, va, AEAD)                                                           \
	SEC_RUNS(variant, bd3, va, GCM)                                                            \
	static uint16_t wd_crypto_sec_enqueue_##variant(                                           \
			void *qp, struct rte_crypto_op **ops, uint16_t nb_ops)                     \
	{                                                                                          \
		static const sec_runs_t runs = {                                                   \
			SEC_RUNS_NAMES(variant, CIPHER),                                           \
			SEC_RUNS_NAMES(variant, AUTH),                                             \
			SEC_RUNS_NAMES(variant, GMAC),                                             \
			SEC_RUNS_NAMES(variant, CHAIN),                                            \
			SEC_RUNS_NAMES(variant, AEAD),                                             \
			SEC_RUNS_NAMES(variant, GCM),                                              \
		};                                                                                 \
		return enqueue(bd3, va, &runs, qp, ops, nb_ops);                                   \
	}

SEC_ENQUEUE(bd2_iova, false, false)
SEC_ENQUEUE(bd2_va, false, true)
SEC_ENQUEUE(bd3_iova, true, false)
SEC_ENQUEUE(bd3_va, true, true)

enqueue_pkt_burst_t
WD_CRYPTO_SEC_ENQUEUE(unsigned int version, bool va)
{
	static const enqueue_pkt_burst_t enqueues[2][2] = {
		{ wd_crypto_sec_enqueue_bd2_iova, wd_crypto_sec_enqueue_bd2_va },
		{ wd_crypto_sec_enqueue_bd3_iova, wd_crypto_sec_enqueue_bd3_va },
	};

	return enqueues[version >= 3][va];
}
