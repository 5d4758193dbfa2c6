/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <stdlib.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include "rte_wd_sim.h"
#include "wdt_alg.h"
#include "wdt_oracle.h"

#define GUARD 64U /* bytes before data at least, where there is room */
#define EXTERNAL_SIZE 4096U
#define NB_BIG 16U
#define CCM_AAD_OFFSET 18U /* rte_crypto_sym.h: B0 and the length come before it */

/* ---- devices ---- */

int
wdt_rig_open(struct wdt_rig *rig, unsigned int hw, const char *engine, bool sva, const char *more,
		uint16_t nb_qps)
{
	static unsigned int serial;
	char options[128], name[RTE_MEMPOOL_NAMESIZE];

	*rig = (struct wdt_rig){ .hw = hw, .sva = sva, .engine = engine };
	snprintf(options, sizeof(options), "hw=v%u,engine=%s,sva=%d,%s", hw, engine, sva, more);
	if (wdt_crypto_open(&rig->c, options, nb_qps, 256) != 0) {
		rte_vdev_uninit(rig->c.name); /* or the next device would not be number 0 */
		return WDT_FAIL;
	}
	serial++;
	snprintf(name, sizeof(name), "wdt_big_%u", serial);
	rig->big = rte_pktmbuf_pool_create(name, NB_BIG, 0, 0, UINT16_MAX, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "wdt_side_%u", serial);
	rig->side = rte_memzone_reserve_aligned(name, WDT_NB_SLOTS * WDT_SIDE_SMALL, SOCKET_ID_ANY,
			RTE_MEMZONE_IOVA_CONTIG, 4096);
	if (rig->big != NULL && rig->side != NULL)
		return WDT_PASS;
	printf("# no memory: %s\n", rte_strerror(rte_errno));
	rte_mempool_free(rig->big);
	rte_memzone_free(rig->side);
	wdt_crypto_close(&rig->c);
	return WDT_FAIL;
}

int
wdt_rig_close(struct wdt_rig *rig)
{
	const bool full = rte_mempool_full(rig->big);

	rte_cryptodev_stop(rig->c.id);
	rte_mempool_free(rig->big);
	rte_memzone_free(rig->side);
	WDT_CHECK_EQ(wdt_crypto_close(&rig->c), 0);
	WDT_CHECK(full);
	return WDT_PASS;
}

int
wdt_rig_each(unsigned int versions, int (*fn)(struct wdt_rig *rig))
{
	static const char *const engines[] = { "auto", "openssl" };

	for (unsigned int i = 0; i < 8; i++) {
		const unsigned int hw = i & 4 ? 3 : 2;
		struct wdt_rig rig;

		if ((versions & (hw == 2 ? WDT_RIG_V2 : WDT_RIG_V3)) == 0)
			continue;
		WDT_TRY(wdt_rig_open(&rig, hw, engines[i & 1], i & 2, "run=inline", 1));
		if (fn(&rig) != WDT_PASS) {
			printf("# hw=v%u engine=%s sva=%d\n", hw, rig.engine, rig.sva);
			wdt_rig_close(&rig); /* what the failure left is lost, the next test starts afresh */
			return WDT_FAIL;
		}
		WDT_TRY(wdt_rig_close(&rig));
	}
	return WDT_PASS;
}

const struct rte_cryptodev_capabilities *
wdt_rig_caps(const struct wdt_rig *rig)
{
	struct rte_cryptodev_info info;

	rte_cryptodev_info_get(rig->c.id, &info);
	return info.capabilities;
}

uint16_t
wdt_rig_dequeue(struct wdt_rig *rig, uint16_t qp, struct rte_crypto_op **ops, uint16_t nb)
{
	const uint64_t end = rte_get_timer_cycles() + WDT_WAIT_MS * (rte_get_timer_hz() / 1000);
	uint16_t done = 0;

	do {
		rte_wd_sim_step(0); /* does nothing if a thread runs the device */
		done += rte_cryptodev_dequeue_burst(
				rig->c.id, qp, ops + done, (uint16_t)(nb - done));
	} while (done < nb && rte_get_timer_cycles() < end);
	return done;
}

/* ---- algorithms ---- */

void
wdt_alg_of_cap(const struct rte_cryptodev_capabilities *cap, struct wdt_alg *alg)
{
	*alg = (struct wdt_alg){ .kind = WDT_AEAD };
	switch (cap->sym.xform_type) {
	case RTE_CRYPTO_SYM_XFORM_CIPHER:
		alg->kind = WDT_CIPHER;
		alg->cipher = cap->sym.cipher.algo;
		alg->key_len = cap->sym.cipher.key_size.min;
		alg->iv_len = cap->sym.cipher.iv_size.min;
		break;
	case RTE_CRYPTO_SYM_XFORM_AUTH:
		alg->kind = WDT_AUTH;
		alg->auth = cap->sym.auth.algo;
		alg->auth_key_len = cap->sym.auth.key_size.min;
		alg->digest_len = cap->sym.auth.digest_size.min;
		alg->iv_len = cap->sym.auth.iv_size.min;
		break;
	default:
		alg->aead = cap->sym.aead.algo;
		alg->key_len = cap->sym.aead.key_size.min;
		alg->digest_len = cap->sym.aead.digest_size.min;
		alg->iv_len = cap->sym.aead.iv_size.min;
		break;
	}
	wdt_alg_new_keys(alg);
}

void
wdt_alg_chain(const struct wdt_alg *cipher, const struct wdt_alg *auth, struct wdt_alg *alg)
{
	*alg = *cipher;
	alg->kind = WDT_CHAIN;
	alg->auth = auth->auth;
	alg->auth_key_len = auth->auth_key_len;
	memcpy(alg->auth_key, auth->auth_key, sizeof(alg->auth_key));
	alg->digest_len = auth->digest_len;
}

bool
wdt_alg_is(const struct wdt_alg *alg, const struct rte_cryptodev_capabilities *cap)
{
	switch (cap->sym.xform_type) {
	case RTE_CRYPTO_SYM_XFORM_CIPHER:
		return alg->kind == WDT_CIPHER && alg->cipher == (int)cap->sym.cipher.algo;
	case RTE_CRYPTO_SYM_XFORM_AUTH:
		return alg->kind == WDT_AUTH && alg->auth == (int)cap->sym.auth.algo;
	default:
		return alg->kind == WDT_AEAD && alg->aead == (int)cap->sym.aead.algo;
	}
}

void
wdt_alg_new_keys(struct wdt_alg *alg)
{
	wdt_random_bytes(alg->key, sizeof(alg->key));
	wdt_random_bytes(alg->auth_key, sizeof(alg->auth_key));
}

bool
wdt_alg_has_digest(const struct wdt_alg *alg)
{
	return alg->digest_len > 0;
}

static bool
is_ccm(const struct wdt_alg *alg)
{
	return alg->kind == WDT_AEAD && alg->aead == RTE_CRYPTO_AEAD_AES_CCM;
}

static enum wdt_verdict
cipher_verdict(const struct wdt_alg *alg, uint32_t len)
{
	switch (alg->cipher) {
	case RTE_CRYPTO_CIPHER_AES_ECB:
	case RTE_CRYPTO_CIPHER_AES_CBC:
	case RTE_CRYPTO_CIPHER_SM4_ECB:
	case RTE_CRYPTO_CIPHER_SM4_CBC:
		return len > 0 && len % 16 == 0 ? WDT_RIGHT : WDT_REFUSED;
	case RTE_CRYPTO_CIPHER_DES_CBC:
	case RTE_CRYPTO_CIPHER_3DES_ECB:
	case RTE_CRYPTO_CIPHER_3DES_CBC:
		return len > 0 && len % 8 == 0 ? WDT_RIGHT : WDT_REFUSED;
	case RTE_CRYPTO_CIPHER_AES_XTS:
#ifdef WD_HAVE_RTE_CRYPTO_CIPHER_SM4_XTS
	case RTE_CRYPTO_CIPHER_SM4_XTS:
#endif
		return len >= 16 ? WDT_RIGHT : WDT_REFUSED;
	case RTE_CRYPTO_CIPHER_NULL:
		return len > 0 ? WDT_RIGHT : WDT_RIGHT_OR_REFUSED;
	default:
		return len > 0 ? WDT_RIGHT : WDT_REFUSED;
	}
}

enum wdt_verdict
wdt_len_verdict(const struct wdt_rig *rig, const struct wdt_alg *alg, uint32_t len)
{
	switch (alg->kind) {
	case WDT_CIPHER:
	case WDT_CHAIN:
		return cipher_verdict(alg, len);
	case WDT_AUTH:
		if (len > 0)
			return WDT_RIGHT;
		/* hashes and HMACs of version 3 */
		return rig->hw < 3 || alg->auth == RTE_CRYPTO_AUTH_AES_XCBC_MAC ||
						alg->auth == RTE_CRYPTO_AUTH_AES_CMAC ||
						alg->auth == RTE_CRYPTO_AUTH_AES_GMAC ?
				WDT_RIGHT_OR_REFUSED :
				WDT_RIGHT;
	default:
		/* a nonce of n bytes leaves 15 - n for the length */
		if (is_ccm(alg) && alg->iv_len == 13 && len > UINT16_MAX)
			return WDT_REFUSED;
		return len > 0 || (rig->hw >= 3 && alg->aad_len > 0) ? WDT_RIGHT :
								       WDT_RIGHT_OR_REFUSED;
	}
}

static struct rte_crypto_sym_xform
cipher_xform(const struct wdt_alg *alg, bool forward)
{
	return (struct rte_crypto_sym_xform){
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {
			.op = forward ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT,
			.algo = (enum rte_crypto_cipher_algorithm)alg->cipher,
			.key = { .data = alg->key_len == 0 ? NULL : alg->key, .length = alg->key_len },
			.iv = { .offset = WDT_IV_OFFSET, .length = alg->iv_len },
		},
	};
}

static struct rte_crypto_sym_xform
auth_xform(const struct wdt_alg *alg, bool forward)
{
	return (struct rte_crypto_sym_xform){
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {
			.op = forward ? RTE_CRYPTO_AUTH_OP_GENERATE : RTE_CRYPTO_AUTH_OP_VERIFY,
			.algo = (enum rte_crypto_auth_algorithm)alg->auth,
			.key = { .data = alg->auth_key_len == 0 ? NULL : alg->auth_key,
				.length = alg->auth_key_len },
			.iv = { .offset = WDT_IV_OFFSET, .length = alg->kind == WDT_CHAIN ? 0 : alg->iv_len },
			.digest_length = alg->digest_len,
		},
	};
}

static struct rte_crypto_sym_xform
aead_xform(const struct wdt_alg *alg, bool forward)
{
	return (struct rte_crypto_sym_xform){
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {
			.op = forward ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT,
			.algo = (enum rte_crypto_aead_algorithm)alg->aead,
			.key = { .data = alg->key, .length = alg->key_len },
			.iv = { .offset = WDT_IV_OFFSET, .length = alg->iv_len },
			.digest_length = alg->digest_len,
			.aad_length = alg->aad_len,
		},
	};
}

void *
wdt_alg_session(struct wdt_rig *rig, const struct wdt_alg *alg, bool forward, bool quiet)
{
	struct rte_crypto_sym_xform first, second;
	void *session;

	switch (alg->kind) {
	case WDT_CIPHER:
		first = cipher_xform(alg, forward);
		break;
	case WDT_AUTH:
		first = auth_xform(alg, forward);
		break;
	case WDT_CHAIN:
		first = forward ? cipher_xform(alg, forward) : auth_xform(alg, forward);
		second = forward ? auth_xform(alg, forward) : cipher_xform(alg, forward);
		first.next = &second;
		break;
	default:
		first = aead_xform(alg, forward);
		break;
	}
	if (quiet) {
		rte_log_set_level_pattern("pmd.crypto.wd", RTE_LOG_EMERG);
		rte_log_set_level_pattern("lib.cryptodev", RTE_LOG_EMERG);
	}
	session = rte_cryptodev_sym_session_create(rig->c.id, &first, rig->c.sessions);
	if (quiet) {
		rte_log_set_level_pattern("pmd.crypto.wd", RTE_LOG_NOTICE);
		rte_log_set_level_pattern("lib.cryptodev", RTE_LOG_INFO);
	}
	return session;
}

static void
alg_print(const struct wdt_alg *alg)
{
	static const char *const kinds[] = { "cipher", "auth", "chain", "AEAD" };
	const char *name = "";

	if (alg->kind == WDT_AEAD)
		name = rte_crypto_aead_algorithm_strings[alg->aead];
	else if (alg->kind != WDT_AUTH)
		name = rte_crypto_cipher_algorithm_strings[alg->cipher];
	printf("# %s %s %s: key %u, auth key %u, IV %u, digest %u, AAD %u\n", kinds[alg->kind],
			name,
			alg->kind == WDT_AUTH || alg->kind == WDT_CHAIN ?
					rte_crypto_auth_algorithm_strings[alg->auth] :
					"",
			alg->key_len, alg->auth_key_len, alg->iv_len, alg->digest_len,
			alg->aad_len);
}

/* ---- messages ---- */

int
wdt_msg_random(const struct wdt_alg *alg, uint32_t header, uint32_t len, uint32_t trailer,
		struct wdt_msg *msg)
{
	int rc;

	msg->header = header;
	msg->len = len;
	msg->trailer = trailer;
	wdt_random_bytes(msg->iv, sizeof(msg->iv));
	wdt_random_bytes(msg->aad, alg->aad_len);
	wdt_random_bytes(msg->plain, header + len + trailer);
	rc = wdt_oracle(alg, msg);
	if (rc == -1) {
		alg_print(alg);
		printf("# libcrypto failed on %u bytes\n", len);
	}
	return rc;
}

/* ---- packets ---- */

void
wdt_cuts_even(struct wdt_cuts *cuts, uint32_t len, uint32_t each)
{
	cuts->nb = 0;
	while (len > each && cuts->nb < RTE_DIM(cuts->len)) {
		cuts->len[cuts->nb++] = each;
		len -= each;
	}
}

static void
external_free(void *addr, void *opaque __rte_unused)
{
	rte_free(addr);
}

static struct rte_mbuf *
external_alloc(struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	void *buf = rte_malloc(NULL, EXTERNAL_SIZE, EXTERNAL_SIZE);
	struct rte_mbuf_ext_shared_info *shinfo;
	uint16_t size = EXTERNAL_SIZE;

	if (m == NULL || buf == NULL)
		return NULL;
	shinfo = rte_pktmbuf_ext_shinfo_init_helper(buf, &size, external_free, NULL);
	rte_pktmbuf_attach_extbuf(m, buf, rte_malloc_virt2iova(buf), size, shinfo);
	return m;
}

static struct rte_mbuf *
indirect_alloc(struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *direct = rte_pktmbuf_alloc(pool);

	if (m == NULL || direct == NULL)
		return NULL;
	rte_pktmbuf_attach(m, direct);
	rte_pktmbuf_free(direct); /* m holds it now */
	return m;
}

static struct rte_mbuf *
segment_alloc(struct wdt_rig *rig, enum wdt_memory memory)
{
	switch (memory) {
	case WDT_BIG:
		return rte_pktmbuf_alloc(rig->big);
	case WDT_EXTERNAL:
		return external_alloc(rig->c.mbufs);
	case WDT_INDIRECT:
		return indirect_alloc(rig->c.mbufs);
	default:
		return rte_pktmbuf_alloc(rig->c.mbufs);
	}
}

static int
segment_add(struct wdt_rig *rig, struct wdt_packet *p, enum wdt_memory memory, uint32_t len)
{
	struct rte_mbuf *m = segment_alloc(rig, memory);
	struct wdt_seg *seg = &p->segs[p->nb];

	WDT_CHECK(m != NULL && len <= m->buf_len);
	seg->buf = m->buf_addr;
	seg->size = m->buf_len;
	seg->len = len;
	seg->off = RTE_MIN(GUARD + (uint32_t)(wdt_random() % GUARD), seg->size - len);
	wdt_random_bytes(seg->buf, seg->size);
	m->data_off = (uint16_t)seg->off;
	m->data_len = (uint16_t)len;
	if (p->m == NULL) {
		p->m = m;
	} else {
		rte_pktmbuf_lastseg(p->m)->next = m;
		p->m->nb_segs++;
	}
	p->m->pkt_len = p->nb == 0 ? len : p->m->pkt_len + len;
	p->nb++;
	return WDT_PASS;
}

static int
packet_alloc(struct wdt_rig *rig, struct wdt_packet *p, enum wdt_memory memory,
		const struct wdt_cuts *cuts, uint32_t len)
{
	p->m = NULL;
	p->nb = 0;
	for (uint32_t i = 0; i < cuts->nb; i++) {
		WDT_CHECK(cuts->len[i] <= len);
		WDT_TRY(segment_add(rig, p, memory, cuts->len[i]));
		len -= cuts->len[i];
	}
	return segment_add(rig, p, memory, len);
}

/* To the packet, or to the copy of it. */
static void
packet_put(struct wdt_packet *p, bool copy, uint32_t at, const uint8_t *from, uint32_t len)
{
	for (uint32_t i = 0; i < p->nb && len > 0; i++) {
		const struct wdt_seg *seg = &p->segs[i];
		const uint32_t n = at >= seg->len ? 0 : RTE_MIN(len, seg->len - at);

		memcpy((copy ? seg->copy : seg->buf) + seg->off + (n == 0 ? 0 : at), from, n);
		from += n;
		len -= n;
		at -= RTE_MIN(at, seg->len);
	}
}

static void
packet_get(const struct wdt_packet *p, uint32_t at, uint8_t *to, uint32_t len)
{
	for (uint32_t i = 0; i < p->nb && len > 0; i++) {
		const struct wdt_seg *seg = &p->segs[i];
		const uint32_t n = at >= seg->len ? 0 : RTE_MIN(len, seg->len - at);

		memcpy(to, seg->buf + seg->off + (n == 0 ? 0 : at), n);
		to += n;
		len -= n;
		at -= RTE_MIN(at, seg->len);
	}
}

/* Where byte `at` is; NULL if that many bytes are not there in one piece. */
static uint8_t *
packet_at(const struct wdt_packet *p, uint32_t at, uint32_t len, rte_iova_t *iova)
{
	const struct rte_mbuf *m = p->m;
	uint32_t i = 0;

	for (; i < p->nb && at >= p->segs[i].len; i++, m = m->next)
		at -= p->segs[i].len;
	if (i == p->nb || at + len > p->segs[i].len)
		return NULL;
	*iova = rte_mbuf_iova_get(m) + p->segs[i].off + at;
	return p->segs[i].buf + p->segs[i].off + at;
}

static uint32_t
packet_size(const struct wdt_packet *p)
{
	uint32_t size = 0;

	for (uint32_t i = 0; i < p->nb; i++)
		size += p->segs[i].size;
	return size;
}

static uint8_t *
packet_copy(struct wdt_packet *p, uint8_t *to)
{
	for (uint32_t i = 0; i < p->nb; i++) {
		p->segs[i].copy = to;
		memcpy(to, p->segs[i].buf, p->segs[i].size);
		to += p->segs[i].size;
	}
	return to;
}

static int
packet_check(const struct wdt_packet *p, const char *what)
{
	for (uint32_t i = 0; i < p->nb; i++) {
		const struct wdt_seg *seg = &p->segs[i];

		if (memcmp(seg->buf, seg->copy, seg->size) == 0)
			continue;
		printf("# %s, segment %u of %u: data at %u, %u bytes\n", what, i, p->nb, seg->off,
				seg->len);
		wdt_dump_diff(seg->buf, seg->copy, seg->size);
		return WDT_FAIL;
	}
	return WDT_PASS;
}

/* ---- jobs ---- */

static uint32_t
body_len(const struct wdt_msg *msg)
{
	return msg->header + msg->len + msg->trailer;
}

static struct wdt_packet *
job_target(struct wdt_job *job)
{
	return job->form->apart ? &job->dst : &job->src;
}

static int
job_packets(struct wdt_rig *rig, struct wdt_job *job)
{
	const struct wdt_form *form = job->form;
	const uint32_t tail = (form->digest == WDT_INLINE ? job->alg->digest_len : 0) +
			wdt_random() % 4;
	const uint32_t len = form->offset + body_len(job->msg) + tail;

	WDT_TRY(packet_alloc(rig, &job->src, form->src_memory, &form->src, len));
	job->dst.nb = 0;
	job->dst.m = form->named ? job->src.m : NULL;
	if (form->apart) {
		WDT_TRY(packet_alloc(rig, &job->dst, form->dst_memory, &form->dst, len));
		if (form->dst_unset && job->dst.nb == 1)
			job->dst.m->data_len = (uint16_t)(job->dst.m->pkt_len = 0);
	}
	packet_put(&job->src, false, form->offset,
			job->forward ? job->msg->plain : job->msg->cipher, body_len(job->msg));
	return WDT_PASS;
}

/* Digest and AAD in the side memory: guard, digest, guard, AAD, guard. */
static int
job_side(struct wdt_rig *rig, struct wdt_job *job)
{
	const uint32_t aad_at = GUARD + 64 + GUARD,
		       size = aad_at + CCM_AAD_OFFSET + job->alg->aad_len + GUARD;
	struct wdt_seg *seg = &job->side.segs[0];

	WDT_CHECK(size <= WDT_SIDE_SMALL || job->slot == 0);
	WDT_CHECK(job->slot < WDT_NB_SLOTS);
	*seg = (struct wdt_seg){
		.buf = (uint8_t *)rig->side->addr + job->slot * WDT_SIDE_SMALL,
		.size = size,
		.len = size,
	};
	job->side.nb = 1;
	job->side.m = NULL;
	wdt_random_bytes(seg->buf, size);
	job->digest = seg->buf + GUARD;
	job->aad = seg->buf + aad_at;
	return WDT_PASS;
}

static rte_iova_t
side_iova(const struct wdt_rig *rig, const uint8_t *p)
{
	return rig->side->iova + (uint64_t)(p - (const uint8_t *)rig->side->addr);
}

static int
job_digest(struct wdt_rig *rig, struct wdt_job *job, rte_iova_t *iova)
{
	const uint32_t behind = job->form->offset + body_len(job->msg);
	const unsigned int len = job->alg->digest_len;

	*iova = side_iova(rig, job->digest);
	if (job->form->digest == WDT_INLINE && len > 0)
		job->digest = packet_at(
				job->forward ? job_target(job) : &job->src, behind, len, iova);
	WDT_CHECK(job->digest != NULL);
	if (job->form->digest == WDT_NO_IOVA)
		*iova = 0;
	if (job->forward)
		return WDT_PASS;
	memcpy(job->digest, job->msg->digest, len);
	if (job->spoil)
		job->digest[wdt_random() % len] ^= (uint8_t)(1U << wdt_random() % 8);
	return WDT_PASS;
}

static int
job_aad(struct wdt_rig *rig, struct wdt_job *job, rte_iova_t *iova)
{
	const uint32_t lead = is_ccm(job->alg) ? CCM_AAD_OFFSET : 0;
	const uint32_t len = lead + job->alg->aad_len;

	*iova = side_iova(rig, job->aad);
	if (job->form->aad == WDT_INLINE && job->alg->aad_len > 0) {
		WDT_CHECK(job->form->offset >= len);
		job->aad = packet_at(&job->src, job->form->offset - len, len, iova);
	}
	WDT_CHECK(job->aad != NULL);
	if (job->form->aad == WDT_NO_IOVA)
		*iova = 0;
	memcpy(job->aad + lead, job->msg->aad, job->alg->aad_len);
	return WDT_PASS;
}

static int
job_aead(struct wdt_rig *rig, struct wdt_job *job)
{
	struct rte_crypto_sym_op *sym = job->op->sym;

	sym->aead.data.offset = job->form->offset;
	sym->aead.data.length = job->msg->len;
	WDT_TRY(job_digest(rig, job, &sym->aead.digest.phys_addr));
	sym->aead.digest.data = job->digest;
	WDT_TRY(job_aad(rig, job, &sym->aead.aad.phys_addr));
	sym->aead.aad.data = job->aad;
	return WDT_PASS;
}

static int
job_cipher_auth(struct wdt_rig *rig, struct wdt_job *job)
{
	struct rte_crypto_sym_op *sym = job->op->sym;

	if (job->alg->kind != WDT_AUTH) {
		sym->cipher.data.offset = job->form->offset + job->msg->header;
		sym->cipher.data.length = job->msg->len;
	}
	if (job->alg->kind == WDT_CIPHER)
		return WDT_PASS;
	sym->auth.data.offset = job->form->offset;
	sym->auth.data.length = body_len(job->msg);
	WDT_TRY(job_digest(rig, job, &sym->auth.digest.phys_addr));
	sym->auth.digest.data = job->digest;
	return WDT_PASS;
}

/* As cryptodev lays down; a nonce of CCM starts at byte 1 of the field. */
static uint8_t *
job_iv(const struct wdt_job *job)
{
	return rte_crypto_op_ctod_offset(job->op, uint8_t *, WDT_IV_OFFSET) +
			(is_ccm(job->alg) ? 1 : 0);
}

int
wdt_job_prepare(struct wdt_rig *rig, struct wdt_job *job)
{
	uint8_t *to;

	job->op = rte_crypto_op_alloc(rig->c.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	WDT_CHECK(job->op != NULL);
	job->op_iova = job->op->phys_addr;
	WDT_TRY(job_packets(rig, job));
	WDT_TRY(job_side(rig, job));
	rte_crypto_op_attach_sym_session(job->op, job->session);
	job->op->sym->m_src = job->src.m;
	job->op->sym->m_dst = job->dst.m;
	WDT_TRY(job->alg->kind == WDT_AEAD ? job_aead(rig, job) : job_cipher_auth(rig, job));
	if (job->form->digest == WDT_NO_IOVA || job->form->aad == WDT_NO_IOVA)
		job->op->phys_addr = 0;
	wdt_random_bytes(rte_crypto_op_ctod_offset(job->op, void *, WDT_IV_OFFSET), 64);
	memcpy(job_iv(job), job->msg->iv, job->alg->iv_len);
	job->copies = malloc(
			packet_size(&job->src) + packet_size(&job->dst) + packet_size(&job->side));
	to = packet_copy(&job->src, job->copies);
	to = packet_copy(&job->dst, to);
	packet_copy(&job->side, to);
	return WDT_PASS;
}

void
wdt_job_free(struct wdt_job *job)
{
	job->op->phys_addr = job->op_iova;
	wdt_crypto_op_free(job->op);
	free(job->copies);
}

/* What the op had to write, into the copies. */
static void
expect_output(struct wdt_job *job)
{
	const struct wdt_msg *msg = job->msg;
	const struct wdt_form *form = job->form;

	/* what is authenticated only comes along to another packet */
	if (job->alg->kind != WDT_AUTH || form->apart)
		packet_put(job_target(job), true, form->offset,
				job->forward ? msg->cipher : msg->plain, body_len(msg));
	if (!job->forward)
		return;
	if (form->digest == WDT_INLINE)
		packet_put(job_target(job), true, form->offset + body_len(msg), msg->digest,
				job->alg->digest_len);
	else
		packet_put(&job->side, true, (uint32_t)(job->digest - job->side.segs[0].buf),
				msg->digest, job->alg->digest_len);
}

/* Of an op that failed its authentication the output may be anything but the plain text. */
static int
forgive_output(struct wdt_job *job)
{
	const uint32_t at = job->form->offset, len = body_len(job->msg);
	uint8_t *got = malloc(len + 1);
	bool leaked;

	packet_get(job_target(job), at, got, len);
	packet_put(job_target(job), true, at, got, len);
	leaked = job->alg->kind == WDT_AEAD && len >= 16 && memcmp(got, job->msg->plain, len) == 0;
	free(got);
	WDT_CHECK(!leaked);
	return WDT_PASS;
}

static int
job_compare(struct wdt_job *job, enum rte_crypto_op_status want)
{
	WDT_CHECK_EQ(job->op->status, want);
	WDT_CHECK_MEM(job_iv(job), job->msg->iv, job->alg->iv_len);
	if (want == RTE_CRYPTO_OP_STATUS_SUCCESS)
		expect_output(job);
	else if (want == RTE_CRYPTO_OP_STATUS_AUTH_FAILED)
		WDT_TRY(forgive_output(job));
	WDT_TRY(packet_check(&job->src, "source"));
	WDT_TRY(packet_check(&job->dst, "destination"));
	return packet_check(&job->side, "digest and AAD");
}

static void
cuts_print(const char *what, enum wdt_memory memory, const struct wdt_cuts *cuts)
{
	printf(", %s memory %d cut", what, memory);
	for (uint32_t i = 0; i < cuts->nb; i++)
		printf(" %u", cuts->len[i]);
}

static void
job_print(const struct wdt_job *job)
{
	const struct wdt_form *form = job->form;

	alg_print(job->alg);
	printf("# %s%s, %u + %u + %u bytes at %u, digest %d, AAD %d",
			job->forward ? "forward" : "backward", job->spoil ? ", spoilt" : "",
			job->msg->header, job->msg->len, job->msg->trailer, form->offset,
			form->digest, form->aad);
	cuts_print("source", form->src_memory, &form->src);
	if (form->apart)
		cuts_print("destination", form->dst_memory, &form->dst);
	printf("\n");
}

int
wdt_job_check(struct wdt_job *job, enum rte_crypto_op_status want)
{
	if (job_compare(job, want) == WDT_PASS)
		return WDT_PASS;
	job_print(job);
	return WDT_FAIL;
}

/* Prepare and run: 0, or -1 when the op was not taken. */
static int
job_submit(struct wdt_rig *rig, struct wdt_job *job)
{
	struct rte_crypto_op *back = NULL;

	WDT_TRY(wdt_job_prepare(rig, job));
	job->op->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	if (rte_cryptodev_enqueue_burst(rig->c.id, 0, &job->op, 1) != 1)
		return -1;
	WDT_CHECK_EQ(wdt_rig_dequeue(rig, 0, &back, 1), 1);
	WDT_CHECK(back == job->op);
	return 0;
}

int
wdt_job_run(struct wdt_rig *rig, struct wdt_job *job)
{
	WDT_CHECK_EQ(job_submit(rig, job), 0);
	WDT_TRY(wdt_job_check(job,
			job->spoil ? RTE_CRYPTO_OP_STATUS_AUTH_FAILED :
				     RTE_CRYPTO_OP_STATUS_SUCCESS));
	wdt_job_free(job);
	return WDT_PASS;
}

int
wdt_job_refused(struct wdt_rig *rig, struct wdt_job *job)
{
	const int rc = job_submit(rig, job);

	if (rc == 0 || job->op->status != RTE_CRYPTO_OP_STATUS_INVALID_ARGS)
		job_print(job);
	WDT_CHECK_EQ(rc, -1);
	WDT_TRY(wdt_job_check(job, RTE_CRYPTO_OP_STATUS_INVALID_ARGS));
	wdt_job_free(job);
	return WDT_PASS;
}

int
wdt_job_right_or_refused(struct wdt_rig *rig, struct wdt_job *job)
{
	const bool refused = job_submit(rig, job) == -1;

	WDT_TRY(wdt_job_check(job,
			refused			   ? RTE_CRYPTO_OP_STATUS_INVALID_ARGS :
					job->spoil ? RTE_CRYPTO_OP_STATUS_AUTH_FAILED :
						     RTE_CRYPTO_OP_STATUS_SUCCESS));
	wdt_job_free(job);
	return WDT_PASS;
}

int
wdt_pair_open(struct wdt_rig *rig, const struct wdt_alg *alg, struct wdt_pair *pair)
{
	pair->forward = wdt_alg_session(rig, alg, true, false);
	pair->backward = wdt_alg_session(rig, alg, false, false);
	if (pair->forward == NULL || pair->backward == NULL)
		alg_print(alg);
	WDT_CHECK(pair->forward != NULL && pair->backward != NULL);
	return WDT_PASS;
}

int
wdt_pair_close(struct wdt_rig *rig, struct wdt_pair *pair)
{
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(rig->c.id, pair->forward), 0);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(rig->c.id, pair->backward), 0);
	return WDT_PASS;
}

int
wdt_pair_run(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair,
		const struct wdt_msg *msg, const struct wdt_form *form)
{
	static int (*const runs[])(struct wdt_rig *, struct wdt_job *) = {
		[WDT_RIGHT] = wdt_job_run,
		[WDT_RIGHT_OR_REFUSED] = wdt_job_right_or_refused,
		[WDT_REFUSED] = wdt_job_refused,
	};
	enum wdt_verdict verdict = wdt_len_verdict(rig, alg, msg->len);
	struct wdt_job job = { .alg = alg, .msg = msg, .form = form };

	if (verdict == WDT_RIGHT && msg->trailer > 0)
		verdict = WDT_RIGHT_OR_REFUSED; /* no other driver has bytes behind the payload */
	job.forward = true;
	job.session = pair->forward;
	WDT_TRY(runs[verdict](rig, &job));
	job.forward = false;
	job.session = pair->backward;
	WDT_TRY(runs[verdict](rig, &job));
	job.spoil = true;
	return wdt_alg_has_digest(alg) ? runs[verdict](rig, &job) : WDT_PASS;
}

int
wdt_round_trip(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_msg *msg,
		const struct wdt_form *form)
{
	struct wdt_pair pair;

	WDT_TRY(wdt_pair_open(rig, alg, &pair));
	WDT_TRY(wdt_pair_run(rig, alg, &pair, msg, form));
	return wdt_pair_close(rig, &pair);
}
