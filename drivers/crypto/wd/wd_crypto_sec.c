/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The SEC data path: enqueue and dequeue. A function that knows a BD type, a kind
 * of address or a class of session takes it as a constant and is inlined into the
 * burst functions at the end, so that no op pays for the choice.
 */

#include <string.h>

#include "wd_crypto_map.h"

/* The words of a descriptor that the driver writes, two at a time. */
typedef uint64_t sec_pair __attribute__((vector_size(16), may_alias));

struct sec_template {
	sec_pair w0, w2, w4, w6, w8, w10, w12;
};
static_assert(sizeof(struct sec_template) == HISI_SEC_STATUS_OFFSET, "the device owns the rest");

/*
 * An op on its way into a descriptor. Its address and that of struct wd_crypto_map stay
 * within inlined code on the fast path, so that both live in registers.
 */
struct sec_dest {
	struct wd_crypto_qp *qp;
	const struct wd_crypto_session *s;
	uint8_t *sqe;
	struct wd_crypto_slot *slot;
	struct sec_template template; /* a copy of the session's */
};

static __rte_always_inline struct wd_crypto_scratch *
scratch_of(const struct sec_dest *d)
{
	return &d->qp->scratch[d->slot - d->qp->slots];
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

static __rte_always_inline uint64_t
iv_direct(const bool sva, const struct sec_dest *d, struct rte_crypto_op *op)
{
	if (sva)
		return (uintptr_t)op + d->s->iv_offset;
	if (likely(wd_crypto_addr_valid(op->phys_addr)))
		return op->phys_addr + d->s->iv_offset;
	memcpy(scratch_of(d)->c_iv, (const uint8_t *)op + d->s->iv_offset, HISI_SEC_IV_SIZE);
	return wd_side_addr(&d->qp->side, scratch_of(d)->c_iv);
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

static __rte_always_inline uint64_t
iv_of(const bool sva, const bool fast, const struct sec_dest *d, struct rte_crypto_op *op)
{
	return !fast && d->s->iv == WD_CRYPTO_IV_CTR ? iv_ctr(d, op) : iv_direct(sva, d, op);
}

/* Bytes 12..15 are zero: the hardware appends the counter itself, and what it
 * makes of other values there is not known.
 */
static __rte_always_inline uint64_t
iv_gcm(const struct sec_dest *d, struct rte_crypto_op *op)
{
	const uint8_t *iv = (const uint8_t *)op + d->s->iv_offset;
	uint32_t *to = (uint32_t *)scratch_of(d)->c_iv;

	memcpy(to, iv, 12);
	to[3] = 0;
	return wd_side_addr(&d->qp->side, to);
}

/* Where the device puts the MAC, or finds the expected one. */
static __rte_always_inline enum wd_crypto_build
map_digest(const bool sva, const bool fast, struct sec_dest *d, uint8_t *data, uint64_t iova,
		struct wd_crypto_map *o)
{
	o->mac = sva ? (uintptr_t)data : iova;
	if (likely(data != NULL && !d->s->bounce && (sva || wd_crypto_addr_valid(iova))))
		return WD_CRYPTO_BUILT;
	if (fast)
		return WD_CRYPTO_NOT_PLAIN;
	if (data == NULL)
		return WD_CRYPTO_BAD_ARGS;
	o->mac = wd_side_addr(&d->qp->side, scratch_of(d)->digest);
	d->slot->expect |= WD_CRYPTO_RESULT_SLOW;
	memcpy(scratch_of(d)->digest, data, d->s->digest_len);
	return WD_CRYPTO_BUILT;
}

/* ---- descriptors ---- */

#define SGL_BITS(o, bd)                                                                            \
	rte_cpu_to_le_32(((o)->src_sgl ? HISI_SEC_ADDR_SGL : 0) << bd##_SRC_TYPE_SHIFT |           \
			((o)->dst_sgl ? HISI_SEC_ADDR_SGL : 0) << bd##_DST_TYPE_SHIFT)

/* Replace a field of a word. */
#define SQE_SET(word, field, value)                                                                \
	((word) = ((word) & ~rte_cpu_to_le_32(field##_MASK << field##_SHIFT)) |                    \
					rte_cpu_to_le_32((value) << field##_SHIFT))

/* For a run of ops with one session, which so is read once. */
static __rte_always_inline struct sec_template
template_load(const struct wd_crypto_session *s)
{
	const sec_pair *from = (const sec_pair *)s->sqe;

	return (struct sec_template){ from[0], from[1], from[2], from[3], from[4], from[5],
		from[6] };
}

/* All of a descriptor is written: its last user left it full. */
static __rte_always_inline void
sqe_fill(const bool bd3, const bool auth, const struct sec_dest *d, const struct wd_crypto_map *o)
{
	sec_pair *to = (sec_pair *)d->sqe;

	to[0] = d->template.w0;
	to[1] = d->template.w2;
	to[2] = d->template.w4;
	to[3] = d->template.w6;
	to[4] = d->template.w8;
	to[5] = d->template.w10;
	to[6] = d->template.w12;
	to[7] = (sec_pair){ 0, 0 };
	if (bd3) {
		struct hisi_sec_bd3 *bd = (struct hisi_sec_bd3 *)d->sqe;

		if (o->src_sgl || o->dst_sgl)
			bd->dw0 |= SGL_BITS(o, HISI_SEC_BD3_0);
		bd->data_src_addr = rte_cpu_to_le_64(o->src);
		bd->data_dst_addr = rte_cpu_to_le_64(o->dst);
		bd->c_ivin_addr = rte_cpu_to_le_64(o->c_iv);
		bd->c_len = rte_cpu_to_le_32(o->c_len);
		if (auth) {
			bd->a_len = rte_cpu_to_le_32(o->a_len);
			bd->cipher_src_offset = rte_cpu_to_le_16((uint16_t)o->c_off);
			bd->mac_addr = rte_cpu_to_le_64(o->mac);
			bd->a_ivin_addr = rte_cpu_to_le_64(o->a_iv);
		}
	} else {
		struct hisi_sec_bd2 *bd = (struct hisi_sec_bd2 *)d->sqe;

		if (o->src_sgl || o->dst_sgl)
			bd->dw0 |= SGL_BITS(o, HISI_SEC_BD2_0);
		bd->data_src_addr = rte_cpu_to_le_64(o->src);
		bd->data_dst_addr = rte_cpu_to_le_64(o->dst);
		bd->c_ivin_addr = rte_cpu_to_le_64(o->c_iv);
		bd->c_len = rte_cpu_to_le_32(o->c_len);
		if (auth) {
			bd->a_len = rte_cpu_to_le_32(o->a_len);
			bd->cipher_src_offset = rte_cpu_to_le_16((uint16_t)o->c_off);
			bd->mac_addr = rte_cpu_to_le_64(o->mac);
			bd->a_ivin_addr = rte_cpu_to_le_64(o->a_iv);
		}
	}
}

/* ---- one function a class of session ---- */

/*
 * Each is used twice: inlined with fast = true, for ops that need no list and no
 * copy; everything else, errors included, is WD_CRYPTO_NOT_PLAIN there and goes
 * through the same function with fast = false, out of line.
 */

static __rte_always_inline bool
payload_fits(const struct wd_crypto_session *s, uint32_t len)
{
	return (len & s->c_mask) == 0 && len >= s->c_min;
}

/* [off, off + len) of source and destination, both without a lead. */
static __rte_always_inline enum wd_crypto_build
map_payload(const bool sva, const bool fast, struct wd_crypto_qp *qp, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym, uint32_t off, uint32_t len)
{
	static const struct wd_crypto_lead none;
	const struct rte_mbuf *src = sym->m_src, *dst = sym->m_dst;

	if (!fast)
		return wd_crypto_map_lists(sva, qp, o, &none, src, &none, dst == NULL ? src : dst,
				off, len, off, len);
	if (unlikely(src->nb_segs != 1 || !wd_mbuf_in_data(src, off, len)))
		return WD_CRYPTO_NOT_PLAIN;
	o->src = o->dst = wd_mbuf_addr(sva, src, off);
	if (unlikely(dst != NULL)) {
		if (dst->nb_segs != 1 || (dst != src && !wd_mbuf_in_room(dst, off, len)))
			return WD_CRYPTO_NOT_PLAIN;
		o->dst = wd_mbuf_addr(sva, dst, off);
	}
	return WD_CRYPTO_BUILT;
}

/* A NULL algorithm over nothing: a descriptor that the device only completes. */
static __rte_noinline enum wd_crypto_build
build_nothing(const bool bd3, struct sec_dest *d)
{
	const struct wd_crypto_map o = { 0 };

	d->slot->expect = HISI_SEC_STATUS_DONE | WD_CRYPTO_RESULT_SLOW | WD_CRYPTO_RESULT_NOTHING;
	sqe_fill(bd3, false, d, &o);
	if (bd3)
		SQE_SET(((struct hisi_sec_bd3 *)d->sqe)->dw0, HISI_SEC_BD3_0_BD_INVALID, 1U);
	else
		SQE_SET(((struct hisi_sec_bd2 *)d->sqe)->dw1, HISI_SEC_BD2_1_BD_INVALID, 1U);
	return WD_CRYPTO_BUILT;
}

static __rte_always_inline enum wd_crypto_build
build_cipher(const bool bd3, const bool sva, const bool fast, struct sec_dest *d,
		struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	const bool auth_region = !fast && d->s->auth_region;
	const uint32_t off = auth_region ? sym->auth.data.offset : sym->cipher.data.offset;
	struct wd_crypto_map o = { .c_len = auth_region ? sym->auth.data.length :
							  sym->cipher.data.length };
	enum wd_crypto_build rc;

	if (unlikely(!payload_fits(d->s, o.c_len))) {
		if (fast)
			return WD_CRYPTO_NOT_PLAIN;
		return d->s->copy && o.c_len == 0 ? build_nothing(bd3, d) : WD_CRYPTO_BAD_ARGS;
	}
	rc = map_payload(sva, fast, d->qp, &o, sym, off, o.c_len);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	o.c_iv = iv_of(sva, fast, d, op);
	sqe_fill(bd3, false, d, &o);
	return WD_CRYPTO_BUILT;
}

/* The destination is unused; where there is one, cryptodev wants the data copied there. */
static enum wd_crypto_build
map_auth_lists(const bool sva, const struct sec_dest *d, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym)
{
	static const struct wd_crypto_lead none;
	struct wd_crypto_qp *qp = d->qp;
	const uint32_t off = sym->auth.data.offset;
	const bool apart = sym->m_dst != NULL && sym->m_dst != sym->m_src;
	enum wd_crypto_build rc = WD_CRYPTO_BUILT;

	if (o->a_len == 0)
		o->src = wd_mbuf_addr(sva, sym->m_src, 0); /* any valid address */
	else
		rc = wd_crypto_map_lists(sva, qp, o, &none, sym->m_src, &none, sym->m_src, off,
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
build_auth(const bool bd3, const bool sva, const bool fast, struct sec_dest *d,
		struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	const uint32_t off = sym->auth.data.offset;
	struct wd_crypto_map o = { .a_len = sym->auth.data.length };
	enum wd_crypto_build rc;

	if (unlikely(o.a_len == 0 && !d->s->empty_auth))
		return fast ? WD_CRYPTO_NOT_PLAIN : WD_CRYPTO_BAD_ARGS;
	rc = map_digest(sva, fast, d, sym->auth.digest.data, sym->auth.digest.phys_addr, &o);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	if (!fast) {
		rc = map_auth_lists(sva, d, &o, sym);
		if (rc != WD_CRYPTO_BUILT)
			return rc;
	} else {
		if (unlikely(sym->m_src->nb_segs != 1 ||
				    !wd_mbuf_in_data(sym->m_src, off, o.a_len) ||
				    sym->m_dst != NULL))
			return WD_CRYPTO_NOT_PLAIN;
		o.src = wd_mbuf_addr(sva, sym->m_src, off);
	}
	if (d->s->iv == WD_CRYPTO_IV_GCM)
		o.a_iv = iv_gcm(d, op);
	sqe_fill(bd3, true, d, &o);
	return WD_CRYPTO_BUILT;
}

/*
 * Bytes around the payload that are only authenticated, out of place: [sink for
 * those in front][payload and those behind it in dst]. Whether the device copies
 * them is not known and cryptodev wants them copied, so we do.
 */
static enum wd_crypto_build
map_chain_lists(const bool sva, struct wd_crypto_qp *qp, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym, uint32_t a_off)
{
	static const struct wd_crypto_lead none;
	const struct wd_crypto_lead sink = {
		.addr = wd_side_addr(&qp->side, qp->sink), .len = o->c_off, .sink = true
	};
	const uint32_t behind = o->c_off + o->c_len;
	enum wd_crypto_build rc;

	rc = wd_crypto_map_lists(sva, qp, o, &none, sym->m_src, &sink, sym->m_dst, a_off, o->a_len,
			a_off + o->c_off, o->a_len - o->c_off);
	if (rc == WD_CRYPTO_BUILT)
		rc = wd_crypto_packet_copy(sym->m_dst, sym->m_src, a_off, o->c_off);
	if (rc == WD_CRYPTO_BUILT)
		rc = wd_crypto_packet_copy(
				sym->m_dst, sym->m_src, a_off + behind, o->a_len - behind);
	return rc;
}

static __rte_always_inline enum wd_crypto_build
build_chain(const bool bd3, const bool sva, const bool fast, struct sec_dest *d,
		struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	const uint32_t a_off = sym->auth.data.offset;
	struct wd_crypto_map o = {
		.a_len = sym->auth.data.length,
		.c_len = sym->cipher.data.length,
		.c_off = sym->cipher.data.offset - a_off,
	};
	enum wd_crypto_build rc;

	/* The payload lies within what is authenticated. Unsigned arithmetic turns
	 * an offset before a_off into a huge one.
	 */
	if (unlikely(!payload_fits(d->s, o.c_len) || o.c_off > HISI_SEC_MAX_AAD ||
			    (uint64_t)o.c_off + o.c_len > o.a_len))
		return fast ? WD_CRYPTO_NOT_PLAIN : WD_CRYPTO_BAD_ARGS;
	rc = map_digest(sva, fast, d, sym->auth.digest.data, sym->auth.digest.phys_addr, &o);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	if (o.c_len != o.a_len && sym->m_dst != NULL && sym->m_dst != sym->m_src)
		rc = fast ? WD_CRYPTO_NOT_PLAIN : map_chain_lists(sva, d->qp, &o, sym, a_off);
	else
		rc = map_payload(sva, fast, d->qp, &o, sym, a_off, o.a_len);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	o.c_iv = iv_of(sva, fast, d, op);
	sqe_fill(bd3, true, d, &o);
	return WD_CRYPTO_BUILT;
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
map_aead_lists(const bool sva, const struct sec_dest *d, struct wd_crypto_map *o,
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
	aad.addr = (sva ? (uintptr_t)sym->aead.aad.data : sym->aead.aad.phys_addr) +
			d->s->aad_offset;
	if (!sva && !wd_crypto_addr_valid(sym->aead.aad.phys_addr)) {
		const enum wd_crypto_build rc = aad_copy(d, sym->aead.aad.data, &aad.addr);

		if (rc != WD_CRYPTO_BUILT)
			return rc;
	}
	return wd_crypto_map_lists(
			sva, qp, o, &aad, sym->m_src, &sink, dst, off, o->c_len, off, o->c_len);
}

/* The usual case of it: one segment, in place, and so one list of two entries. */
static __rte_always_inline enum wd_crypto_build
map_aead_pair(const bool sva, const struct sec_dest *d, struct wd_crypto_map *o,
		const struct rte_crypto_sym_op *sym)
{
	const uint64_t aad = sva ? (uintptr_t)sym->aead.aad.data : sym->aead.aad.phys_addr;
	const uint32_t off = sym->aead.data.offset;
	struct hisi_sgl *list;
	struct hisi_sge *sge;

	if (unlikely(sym->m_src->nb_segs != 1 || !wd_mbuf_in_data(sym->m_src, off, o->c_len) ||
			    o->c_len == 0 || sym->m_dst != NULL || sym->aead.aad.data == NULL ||
			    (!sva && !wd_crypto_addr_valid(aad))))
		return WD_CRYPTO_NOT_PLAIN;
	list = wd_side_take(&d->qp->side, sizeof(*list) + 2 * sizeof(*sge));
	if (unlikely(list == NULL))
		return WD_CRYPTO_NOT_PLAIN;
	*list = (struct hisi_sgl){
		.entry_sum_in_chain = rte_cpu_to_le_16(2),
		.entry_sum_in_sgl = rte_cpu_to_le_16(2),
		.entry_length_in_sgl = rte_cpu_to_le_16(2),
	};
	sge = (struct hisi_sge *)(list + 1);
	sge[0] = (struct hisi_sge){
		.addr = rte_cpu_to_le_64(aad + d->s->aad_offset),
		.len = rte_cpu_to_le_32(o->c_off),
	};
	sge[1] = (struct hisi_sge){
		.addr = rte_cpu_to_le_64(wd_mbuf_addr(sva, sym->m_src, off)),
		.len = rte_cpu_to_le_32(o->c_len),
	};
	o->src = o->dst = wd_side_addr(&d->qp->side, list);
	o->src_sgl = o->dst_sgl = true;
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
	d->slot->expect = HISI_SEC_STATUS_DONE |
			HISI_SEC_FLAG_CIPHER << HISI_SEC_STATUS_FLAG_SHIFT | WD_CRYPTO_RESULT_SLOW |
			WD_CRYPTO_RESULT_TAG;
	sqe_fill(bd3, false, d, &o);
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
build_aead(const bool bd3, const bool sva, const bool fast, struct sec_dest *d,
		struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	struct wd_crypto_map o = {
		.a_len = d->s->aad_len, .c_len = sym->aead.data.length, .c_off = d->s->aad_len
	};
	enum wd_crypto_build rc;

	if (unlikely(o.c_len < d->s->c_min)) {
		if (fast)
			return WD_CRYPTO_NOT_PLAIN;
		return o.c_off == 0 && d->s->iv == WD_CRYPTO_IV_GCM ? build_gcm_empty(bd3, d, op) :
								      WD_CRYPTO_BAD_ARGS;
	}
	/* the length field of CCM: two bytes with the longest nonce, enough with others */
	if (!fast && d->s->nonce_len == 13 && o.c_len > UINT16_MAX)
		return WD_CRYPTO_BAD_ARGS;
	rc = map_digest(sva, fast, d, sym->aead.digest.data, sym->aead.digest.phys_addr, &o);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	if (o.c_off == 0)
		rc = map_payload(sva, fast, d->qp, &o, sym, sym->aead.data.offset, o.c_len);
	else
		rc = fast ? map_aead_pair(sva, d, &o, sym) : map_aead_lists(sva, d, &o, sym);
	if (unlikely(rc != WD_CRYPTO_BUILT))
		return rc;
	if (likely(d->s->iv == WD_CRYPTO_IV_GCM)) {
		o.c_iv = o.a_iv = iv_gcm(d, op);
	} else {
		struct wd_crypto_scratch *scratch = scratch_of(d);

		ccm_iv(d->s, (const uint8_t *)op + d->s->iv_offset, o.c_len, scratch);
		o.c_iv = wd_side_addr(&d->qp->side, scratch->c_iv);
		o.a_iv = wd_side_addr(&d->qp->side, scratch->a_iv);
	}
	sqe_fill(bd3, true, d, &o);
	return WD_CRYPTO_BUILT;
}

static __rte_always_inline enum wd_crypto_build
build_class(const bool bd3, const bool sva, const bool fast, const enum wd_crypto_class class,
		struct sec_dest *d, struct rte_crypto_op *op)
{
	switch (class) {
	case WD_CRYPTO_CIPHER:
		return build_cipher(bd3, sva, fast, d, op);
	case WD_CRYPTO_AUTH:
		return build_auth(bd3, sva, fast, d, op);
	case WD_CRYPTO_CHAIN:
		return build_chain(bd3, sva, fast, d, op);
	default:
		return build_aead(bd3, sva, fast, d, op);
	}
}

/* ---- enqueue ---- */

static __rte_always_inline bool
has_session(const struct rte_crypto_op *op)
{
	return op->type == RTE_CRYPTO_OP_TYPE_SYMMETRIC &&
			op->sess_type == RTE_CRYPTO_OP_WITH_SESSION;
}

/* The op's session if it is one of this driver's, else NULL. */
static __rte_always_inline const struct wd_crypto_session *
session_of(const struct rte_crypto_op *op, uint8_t driver_id)
{
	const struct rte_cryptodev_sym_session *sess = op->sym->session;

	if (unlikely(!has_session(op) || sess == NULL || sess->driver_id != driver_id))
		return NULL;
	return (const struct wd_crypto_session *)sess->driver_priv_data;
}

/* Any op, whatever is the matter with it. */
static __rte_noinline enum wd_crypto_build
build_any(const bool bd3, const bool sva, struct wd_crypto_qp *qp, struct wd_crypto_slot *slot,
		struct rte_crypto_op *op)
{
	struct sec_dest d = {
		.qp = qp,
		.slot = slot,
		.sqe = qp->q.sq + (size_t)(slot - qp->slots) * HISI_SEC_SQE_SIZE,
	};

	if (op->type != RTE_CRYPTO_OP_TYPE_SYMMETRIC || op->sym->m_src == NULL)
		return WD_CRYPTO_BAD_ARGS;
	d.s = session_of(op, qp->driver_id);
	/* a session of a device with another BD type or addressing, or a cleared one */
	if (d.s == NULL || d.s->class > WD_CRYPTO_AEAD ||
			(d.s->kind & ~WD_CRYPTO_KIND_SLOW) != (qp->kind | d.s->class))
		return WD_CRYPTO_BAD_SESSION;
	d.template = template_load(d.s);
	slot->expect = d.s->expect;
	return build_class(bd3, sva, false, d.s->class, &d, op);
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

/* An op with all checks; the only way for ops that are not of the burst's class. */
static __rte_always_inline enum wd_crypto_build
enqueue_one(const bool bd3, const bool sva, struct wd_crypto_qp *qp, struct wd_crypto_slot *slot,
		struct rte_crypto_op *op)
{
	const enum wd_crypto_build rc = build_any(bd3, sva, qp, slot, op);

	slot->op = op;
	slot->side_tail = qp->side.tail;
	return rc;
}

/*
 * Up to nb ops from ops[0] on that have one session, into descriptors from idx on,
 * short of the ring's end. Returns how many were built; *rc is not WD_CRYPTO_BUILT
 * when the next one could not be.
 */
static __rte_always_inline uint32_t
enqueue_run(const bool bd3, const bool sva, const enum wd_crypto_class class,
		struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint32_t nb, uint32_t idx,
		enum wd_crypto_build *rc)
{
	struct sec_dest d = {
		.qp = qp,
		.s = session_of(ops[0], qp->driver_id),
		.slot = &qp->slots[idx],
		.sqe = qp->q.sq + (size_t)idx * HISI_SEC_SQE_SIZE,
	};
	struct rte_crypto_op **const end = ops + nb, **next = ops, *op = *ops;
	const void *const session = op->sym->session;
	uint32_t expect;

	if (unlikely(d.s == NULL || d.s->kind != (qp->kind | class))) {
		*rc = enqueue_one(bd3, sva, qp, d.slot, op);
		return *rc == WD_CRYPTO_BUILT;
	}
	expect = d.s->expect;
	d.template = template_load(d.s);
	do {
		enum wd_crypto_build built = WD_CRYPTO_NOT_PLAIN;

		d.slot->op = op;
		d.slot->expect = expect;
		if (likely(op->sym->m_src != NULL))
			built = build_class(bd3, sva, true, class, &d, op);
		d.slot->side_tail = qp->side.tail;
		if (unlikely(built != WD_CRYPTO_BUILT)) {
			*rc = enqueue_one(bd3, sva, qp, d.slot, op);
			if (*rc != WD_CRYPTO_BUILT)
				break;
		}
		d.slot++;
		d.sqe += HISI_SEC_SQE_SIZE;
		if (++next == end)
			break;
		op = *next;
	} while (op->sym->session == session && likely(has_session(op)));
	return (uint32_t)(next - ops);
}

/* A burst whose ops are of one class, as most are; ops of others come out right, only slower. */
static __rte_always_inline uint16_t
enqueue(const bool bd3, const bool sva, const enum wd_crypto_class class, struct wd_crypto_qp *qp,
		struct rte_crypto_op **ops, uint16_t nb_ops)
{
	struct wd_queue *q = &qp->q;
	const uint32_t nb = RTE_MIN(nb_ops, wd_queue_room(q));
	const uint32_t mask = q->sq_mask;
	const bool idle = wd_queue_in_flight(q) == 0;
	enum wd_crypto_build rc = WD_CRYPTO_BUILT;
	uint32_t side_start, i = 0;

	if (idle)
		qp->side.head = qp->side.tail = 0;
	side_start = qp->side.tail;
	while (i < nb && rc == WD_CRYPTO_BUILT) {
		const uint32_t idx = (q->tail + i) & mask;

		i += enqueue_run(bd3, sva, class, qp, ops + i, RTE_MIN(nb - i, mask + 1 - idx), idx,
				&rc);
	}
	if (unlikely(rc != WD_CRYPTO_BUILT)) {
		/* what the op took of the side ring before it failed */
		qp->side.tail = i == 0 ? side_start : qp->slots[(q->tail + i - 1) & mask].side_tail;
		refuse(qp, ops[i], rc, idle && i == 0);
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

/* ---- dequeue ---- */

static bool
equal_timingsafe(const uint8_t *a, const uint8_t *b, unsigned int len)
{
	uint8_t diff = 0;

	for (unsigned int i = 0; i < len; i++)
		diff |= a[i] ^ b[i];
	return diff == 0;
}

/* Result word to op status, everything considered. */
static enum rte_crypto_op_status
result_status(const struct wd_crypto_session *s, uint32_t result, uint32_t expect)
{
	const uint32_t icv = result >> HISI_SEC_STATUS_ICV_SHIFT & HISI_SEC_STATUS_ICV_MASK;
	const uint32_t flag = result >> HISI_SEC_STATUS_FLAG_SHIFT & HISI_SEC_STATUS_FLAG_MASK;
	const uint32_t error = result >> HISI_SEC_STATUS_ERROR_TYPE_SHIFT &
			HISI_SEC_STATUS_ERROR_TYPE_MASK;

	if ((result & HISI_SEC_STATUS_DONE) == 0 || error != 0)
		return RTE_CRYPTO_OP_STATUS_ERROR;
	if (icv == HISI_SEC_ICV_MISMATCH)
		return RTE_CRYPTO_OP_STATUS_AUTH_FAILED;
	if (icv > HISI_SEC_ICV_MISMATCH)
		return RTE_CRYPTO_OP_STATUS_ERROR;
	/* what a digest alone reports is inferred only, so not insisted on */
	if (s->class == WD_CRYPTO_AUTH || (expect & WD_CRYPTO_RESULT_NOTHING) != 0)
		return RTE_CRYPTO_OP_STATUS_SUCCESS;
	if (flag != (expect >> HISI_SEC_STATUS_FLAG_SHIFT & HISI_SEC_STATUS_FLAG_MASK))
		return RTE_CRYPTO_OP_STATUS_ERROR;
	return RTE_CRYPTO_OP_STATUS_SUCCESS;
}

/* An op whose result is not the plain good one, or whose digest went through our memory. */
static __rte_noinline enum rte_crypto_op_status
finish_slow(struct wd_crypto_qp *qp, const struct wd_crypto_slot *slot, uint32_t result)
{
	const struct rte_crypto_op *op = slot->op;
	const struct rte_cryptodev_sym_session *sess = op->sym->session;
	const struct wd_crypto_session *s =
			(const struct wd_crypto_session *)sess->driver_priv_data;
	enum rte_crypto_op_status status = result_status(s, result, slot->expect);
	uint8_t *mac = qp->scratch[slot - qp->slots].digest;
	uint8_t *digest = s->class == WD_CRYPTO_AEAD ? op->sym->aead.digest.data :
						       op->sym->auth.digest.data;
	/* otherwise the device has compared */
	const bool compare = s->class == WD_CRYPTO_AUTH ||
			(slot->expect & WD_CRYPTO_RESULT_TAG) != 0;
	const bool bounced = (slot->expect & WD_CRYPTO_RESULT_SLOW) != 0 &&
			(slot->expect & WD_CRYPTO_RESULT_NOTHING) == 0;

	if (status == RTE_CRYPTO_OP_STATUS_SUCCESS && bounced) {
		if (!s->verify)
			memcpy(digest, mac, s->digest_len);
		else if (compare && !equal_timingsafe(digest, mac, s->digest_len))
			status = RTE_CRYPTO_OP_STATUS_AUTH_FAILED;
	}
	if (status != RTE_CRYPTO_OP_STATUS_SUCCESS)
		qp->stats.dequeue_err_count++;
	return status;
}

/* The device is dead and quiet: what it did not complete has failed, in order. */
static __rte_noinline uint16_t
flush(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t nb)
{
	struct wd_queue *q = &qp->q;

	for (uint16_t i = 0; i < nb; i++) {
		const struct wd_crypto_slot *slot =
				&qp->slots[(uint16_t)(q->head + i) & q->sq_mask];

		ops[i] = slot->op;
		ops[i]->status = RTE_CRYPTO_OP_STATUS_ERROR;
		qp->side.head = slot->side_tail;
	}
	q->head = (uint16_t)(q->head + nb);
	qp->stats.dequeued_count += nb;
	qp->stats.dequeue_err_count += nb;
	return nb;
}

/* The queue was found dead after nothing was complete: what was completed before
 * the device stopped is still delivered, the rest has failed.
 */
static __rte_noinline uint16_t
dequeue_dead(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t nb_max)
{
	rte_io_rmb(); /* the word that says dead, before the completion */
	if (!qp->q.lied && wd_queue_completed(&qp->q, 0, 1) != 0)
		return 0; /* the next call takes it */
	return flush(qp, ops, nb_max);
}

/* Results of nb completed descriptors that do not wrap around the ring's end. */
static __rte_always_inline void
take_results(struct wd_crypto_qp *qp, struct rte_crypto_op **ops, uint32_t idx, uint32_t nb)
{
	const uint8_t *sqe = qp->q.sq + (size_t)idx * HISI_SEC_SQE_SIZE + HISI_SEC_STATUS_OFFSET;
	const struct wd_crypto_slot *slot = &qp->slots[idx];

	for (uint32_t i = 0; i < nb; i++, slot++, sqe += HISI_SEC_SQE_SIZE) {
		const uint32_t result = rte_le_to_cpu_32(*(const volatile uint32_t *)sqe);
		struct rte_crypto_op *op = slot->op;

		ops[i] = op;
		op->status = likely((result & WD_CRYPTO_RESULT_MASK) == slot->expect) ?
				RTE_CRYPTO_OP_STATUS_SUCCESS :
				finish_slow(qp, slot, result);
	}
	qp->side.head = slot[-1].side_tail;
}

static uint16_t
wd_crypto_sec_dequeue(void *queue_pair, struct rte_crypto_op **ops, uint16_t nb_ops)
{
	struct wd_crypto_qp *qp = queue_pair;
	struct wd_queue *q = &qp->q;
	const uint32_t nb_max = RTE_MIN(nb_ops, wd_queue_in_flight(q));
	uint32_t nb = 0, run, done;

	if (nb_max == 0)
		return 0;
	/* twice at most: up to the end of the ring, and from its start */
	do {
		run = wd_queue_run(q, nb, nb_max - nb);
		done = wd_queue_completed(q, nb, run);
		if (done == 0)
			break;
		take_results(qp, ops + nb, (q->head + nb) & q->sq_mask, done);
		nb += done;
	} while (done == run && nb < nb_max);
	if (unlikely(nb == 0)) {
		if (wd_queue_dead(q))
			return dequeue_dead(qp, ops, (uint16_t)nb_max);
		return 0;
	}
	wd_queue_release(q, (uint16_t)nb);
	qp->stats.dequeued_count += nb;
	return (uint16_t)nb;
}

/* ---- the enqueue functions ---- */

/* The first op's class chooses the loop for the burst. */
static __rte_always_inline uint16_t
enqueue_burst(const bool bd3, const bool sva, struct wd_crypto_qp *qp, struct rte_crypto_op **ops,
		uint16_t nb_ops)
{
	const struct wd_crypto_session *s;

	if (unlikely(nb_ops == 0))
		return 0;
	s = session_of(ops[0], qp->driver_id);
	switch (s == NULL ? WD_CRYPTO_CIPHER : s->class) {
	case WD_CRYPTO_CHAIN:
		return enqueue(bd3, sva, WD_CRYPTO_CHAIN, qp, ops, nb_ops);
	case WD_CRYPTO_AEAD:
		return enqueue(bd3, sva, WD_CRYPTO_AEAD, qp, ops, nb_ops);
	case WD_CRYPTO_AUTH:
		return enqueue(bd3, sva, WD_CRYPTO_AUTH, qp, ops, nb_ops);
	default:
		return enqueue(bd3, sva, WD_CRYPTO_CIPHER, qp, ops, nb_ops);
	}
}

#define SEC_ENQUEUE(variant, bd3, sva)                                                             \
	static uint16_t wd_crypto_sec_enqueue_##variant(                                           \
			void *qp, struct rte_crypto_op **ops, uint16_t nb_ops)                     \
	{                                                                                          \
		return enqueue_burst(bd3, sva, qp, ops, nb_ops);                                   \
	}

SEC_ENQUEUE(bd2_iova, false, false)
SEC_ENQUEUE(bd2_va, false, true)
SEC_ENQUEUE(bd3_iova, true, false)
SEC_ENQUEUE(bd3_va, true, true)

void
wd_crypto_sec_set_burst(struct rte_cryptodev *dev)
{
	static const enqueue_pkt_burst_t enqueues[2][2] = {
		{ wd_crypto_sec_enqueue_bd2_iova, wd_crypto_sec_enqueue_bd2_va },
		{ wd_crypto_sec_enqueue_bd3_iova, wd_crypto_sec_enqueue_bd3_va },
	};
	const struct wd_crypto_dev *priv = dev->data->dev_private;

	dev->enqueue_burst = enqueues[priv->version >= 3][priv->sva];
	dev->dequeue_burst = wd_crypto_sec_dequeue;
}
