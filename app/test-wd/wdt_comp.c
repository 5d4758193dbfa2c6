/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <zlib.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_memzone.h>

#include "wdt_comp.h"

#define NB_OPS 4096
#define NB_MBUFS 8192
#define NB_BIG 8
#define MBUF_ROOM 1024
#define GUARD 0xa5

/* ---- device ---- */

static int
pools_create(struct wdt_comp *c)
{
	static unsigned int serial;
	char name[RTE_MEMPOOL_NAMESIZE];

	serial++;
	snprintf(name, sizeof(name), "wdt_comp_op_%u", serial);
	c->ops = rte_comp_op_pool_create(name, NB_OPS, 0, sizeof(uint64_t), SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "wdt_comp_mbuf_%u", serial);
	c->mbufs = rte_pktmbuf_pool_create(name, NB_MBUFS, 0, 0, MBUF_ROOM, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "wdt_comp_big_%u", serial);
	c->big = rte_pktmbuf_pool_create(name, NB_BIG, 0, 0, UINT16_MAX, SOCKET_ID_ANY);
	if (c->ops != NULL && c->mbufs != NULL && c->big != NULL)
		return 0;
	printf("# no memory for pools: %s\n", rte_strerror(rte_errno));
	return -1;
}

static int
device_start(struct wdt_comp *c, uint16_t nb_qps, uint16_t nb_desc)
{
	struct rte_compressdev_config conf = {
		.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = nb_qps, .max_nb_priv_xforms = 64
	};

	if (rte_compressdev_configure(c->id, &conf) != 0 || pools_create(c) != 0)
		return -1;
	for (uint16_t i = 0; i < nb_qps; i++) {
		if (rte_compressdev_queue_pair_setup(c->id, i, nb_desc, SOCKET_ID_ANY) != 0)
			return -1;
	}
	return rte_compressdev_start(c->id);
}

int
wdt_comp_open(struct wdt_comp *c, const char *options, uint16_t nb_qps, uint16_t nb_desc)
{
	static unsigned int serial;
	char args[256];
	int rc;

	memset(c, 0, sizeof(*c));
	snprintf(c->name, sizeof(c->name), "compress_wd%u", serial++);
	snprintf(args, sizeof(args), "dev=sim,max_nb_queue_pairs=%u%s%s", nb_qps,
			options[0] == '\0' ? "" : ",", options);
	rc = rte_vdev_init(c->name, args);
	if (rc != 0) {
		printf("# cannot create %s with %s: %s\n", c->name, args, rte_strerror(-rc));
		return -1;
	}
	rc = rte_compressdev_get_dev_id(c->name);
	if (rc < 0)
		return -1;
	c->id = (uint8_t)rc;
	rc = device_start(c, nb_qps, nb_desc);
	if (rc != 0)
		printf("# cannot start %s with %s\n", c->name, args);
	return rc;
}

static int
pools_check(const struct wdt_comp *c)
{
	if (rte_mempool_full(c->ops) && rte_mempool_full(c->mbufs) && rte_mempool_full(c->big))
		return 0;
	printf("# not all given back: %u ops, %u mbufs and %u big ones are out\n",
			rte_mempool_in_use_count(c->ops), rte_mempool_in_use_count(c->mbufs),
			rte_mempool_in_use_count(c->big));
	return -1;
}

int
wdt_comp_close(struct wdt_comp *c)
{
	int rc;

	rte_compressdev_stop(c->id);
	rc = pools_check(c);
	if (rte_vdev_uninit(c->name) != 0) {
		printf("# cannot remove %s\n", c->name);
		rc = -1;
	}
	rte_mempool_free(c->ops);
	rte_mempool_free(c->mbufs);
	rte_mempool_free(c->big);
	return rc;
}

int
wdt_comp_with(const char *options, uint16_t nb_qps, uint16_t nb_desc,
		int (*body)(struct wdt_comp *c))
{
	struct wdt_comp c;
	int rc;

	if (wdt_comp_open(&c, options, nb_qps, nb_desc) != 0) {
		rte_vdev_uninit(c.name);
		rte_mempool_free(c.ops);
		rte_mempool_free(c.mbufs);
		rte_mempool_free(c.big);
		return WDT_FAIL;
	}
	rc = body(&c);
	if (wdt_comp_close(&c) != 0 && rc == WDT_PASS)
		rc = WDT_FAIL;
	return rc;
}

int
wdt_comp_qp_again(struct wdt_comp *c, uint16_t qp, uint16_t nb_desc)
{
	rte_compressdev_stop(c->id);
	if (rte_compressdev_queue_pair_setup(c->id, qp, nb_desc, SOCKET_ID_ANY) != 0)
		return -1;
	return rte_compressdev_start(c->id);
}

struct rte_comp_xform
wdt_comp_deflate(enum rte_comp_checksum_type chksum)
{
	return (struct rte_comp_xform){
		.type = RTE_COMP_COMPRESS,
		.compress = {
			.algo = RTE_COMP_ALGO_DEFLATE,
			.deflate.huffman = RTE_COMP_HUFFMAN_DEFAULT,
			.level = RTE_COMP_LEVEL_PMD_DEFAULT,
			.window_size = 15,
			.chksum = chksum,
			.hash_algo = RTE_COMP_HASH_ALGO_NONE,
		},
	};
}

struct rte_comp_xform
wdt_comp_inflate(enum rte_comp_checksum_type chksum)
{
	return (struct rte_comp_xform){
		.type = RTE_COMP_DECOMPRESS,
		.decompress = {
			.algo = RTE_COMP_ALGO_DEFLATE,
			.window_size = 15,
			.chksum = chksum,
			.hash_algo = RTE_COMP_HASH_ALGO_NONE,
		},
	};
}

void *
wdt_comp_xform(struct wdt_comp *c, const struct rte_comp_xform *xform)
{
	void *x = NULL;

	return rte_compressdev_private_xform_create(c->id, xform, &x) == 0 ? x : NULL;
}

/* ---- packets ---- */

static struct rte_mbuf *
segment(struct rte_mempool *pool, uint16_t headroom, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL)
		return NULL;
	memset(m->buf_addr, GUARD, m->buf_len);
	m->data_off = headroom;
	m->data_len = len;
	m->pkt_len = len;
	return m;
}

static struct rte_mbuf *
chain_of(struct wdt_comp *c, uint32_t len)
{
	struct rte_mbuf *head = segment(c->mbufs, 0, 0), *last = head;

	while (head != NULL && (len > 0 || head->nb_segs < 2)) {
		const uint16_t headroom = (uint16_t)(wdt_random() % 9);
		const uint32_t most = wdt_random() % 4 == 0 ? 16 : MBUF_ROOM - headroom;
		const uint32_t n = RTE_MIN(len, (uint32_t)wdt_random() % (most + 1));

		last->next = segment(c->mbufs, headroom, (uint16_t)n);
		if (last->next == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		last = last->next;
		head->nb_segs++;
		head->pkt_len += n;
		len -= n;
	}
	return head;
}

struct rte_mbuf *
wdt_comp_packet(struct wdt_comp *c, uint32_t len, bool chain)
{
	uint32_t spare;

	if (chain)
		return chain_of(c, len);
	if (len > WDT_COMP_FLAT_MAX)
		return NULL;
	if (len <= MBUF_ROOM) {
		spare = MBUF_ROOM - len;
		return segment(c->mbufs, (uint16_t)RTE_MIN(spare, wdt_random() % 70),
				(uint16_t)len);
	}
	spare = WDT_COMP_FLAT_MAX - len;
	return segment(c->big, (uint16_t)RTE_MIN(spare, wdt_random() % 70), (uint16_t)len);
}

void
wdt_comp_write(struct rte_mbuf *m, uint32_t off, const uint8_t *data, uint32_t len)
{
	for (; m != NULL && len > 0; m = m->next) {
		const uint32_t skip = RTE_MIN(off, (uint32_t)m->data_len);
		const uint32_t n = RTE_MIN(len, m->data_len - skip);

		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, skip), data, n);
		off -= skip;
		data += n;
		len -= n;
	}
}

void
wdt_comp_read(const struct rte_mbuf *m, uint32_t off, uint8_t *data, uint32_t len)
{
	for (; m != NULL && len > 0; m = m->next) {
		const uint32_t skip = RTE_MIN(off, (uint32_t)m->data_len);
		const uint32_t n = RTE_MIN(len, m->data_len - skip);

		memcpy(data, rte_pktmbuf_mtod_offset(m, const uint8_t *, skip), n);
		off -= skip;
		data += n;
		len -= n;
	}
}

static bool
all_guard(const uint8_t *p, uint32_t len)
{
	return len == 0 || (p[0] == GUARD && memcmp(p, p + 1, len - 1) == 0);
}

bool
wdt_comp_guarded(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	for (; m != NULL; m = m->next) {
		const uint32_t skip = RTE_MIN(off, (uint32_t)m->data_len);
		const uint32_t n = RTE_MIN(len, m->data_len - skip);
		const uint32_t from = m->data_off + skip;

		if (!all_guard(m->buf_addr, from) ||
				!all_guard((const uint8_t *)m->buf_addr + from + n,
						m->buf_len - from - n))
			return false;
		off -= skip;
		len -= n;
	}
	return true;
}

/* ---- ops ---- */

struct rte_comp_op *
wdt_comp_op(struct wdt_comp *c, void *xform, struct rte_mbuf *src, struct rte_mbuf *dst,
		uint64_t cookie)
{
	struct rte_comp_op *op = rte_comp_op_alloc(c->ops);

	if (op == NULL)
		return NULL;
	op->op_type = RTE_COMP_OP_STATELESS;
	op->flush_flag = RTE_COMP_FLUSH_FINAL;
	op->private_xform = xform;
	op->m_src = src;
	op->m_dst = dst;
	op->src.offset = 0;
	op->src.length = src->pkt_len;
	op->dst.offset = 0;
	op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	memcpy(op + 1, &cookie, sizeof(cookie));
	return op;
}

uint64_t
wdt_comp_cookie(const struct rte_comp_op *op)
{
	uint64_t cookie;

	memcpy(&cookie, op + 1, sizeof(cookie));
	return cookie;
}

void
wdt_comp_op_free(struct rte_comp_op *op)
{
	rte_pktmbuf_free(op->m_src);
	rte_pktmbuf_free(op->m_dst);
	rte_comp_op_free(op);
}

uint16_t
wdt_comp_dequeue_wait(struct wdt_comp *c, uint16_t qp, struct rte_comp_op **ops, uint16_t nb,
		unsigned int timeout_ms)
{
	const uint64_t end = rte_get_timer_cycles() + timeout_ms * (rte_get_timer_hz() / 1000);
	uint16_t done = 0;

	do {
		done += rte_compressdev_dequeue_burst(c->id, qp, ops + done, (uint16_t)(nb - done));
	} while (done < nb && rte_get_timer_cycles() < end);
	return done;
}

static int
job_fail(const struct wdt_comp_job *job, const char *why)
{
	printf("# %s: %u bytes at %u (%s) to %u at %u (%s): status %u, consumed %u, produced %u\n",
			why, job->in_len, job->src_off, job->src_chain ? "chain" : "flat",
			job->room, job->dst_off, job->dst_chain ? "chain" : "flat", job->status,
			job->consumed, job->produced);
	return -1;
}

static bool
source_same(const struct wdt_comp_job *job, const struct rte_mbuf *m)
{
	uint32_t done = 0;
	uint8_t part[4096];

	while (done < job->in_len) {
		const uint32_t n = RTE_MIN(job->in_len - done, (uint32_t)sizeof(part));

		wdt_comp_read(m, job->src_off + done, part, n);
		if (memcmp(part, job->in + done, n) != 0)
			return false;
		done += n;
	}
	return wdt_comp_guarded(m, job->src_off, job->in_len);
}

static int
job_check(struct wdt_comp_job *job, const struct rte_comp_op *op)
{
	job->status = (enum rte_comp_op_status)op->status;
	job->consumed = op->consumed;
	job->produced = op->produced;
	job->chksum = op->output_chksum;
	wdt_comp_read(op->m_dst, job->dst_off, job->out, job->room);
	if (job->produced > job->room || job->consumed > job->in_len)
		return job_fail(job, "impossible counts");
	if (!wdt_comp_guarded(op->m_dst, job->dst_off, job->room))
		return job_fail(job, "written outside the destination");
	if (!source_same(job, op->m_src))
		return job_fail(job, "the source changed");
	return 0;
}

static struct rte_comp_op *
job_op(struct wdt_comp *c, struct wdt_comp_job *job)
{
	const uint32_t src_len = job->src_off + job->in_len, dst_len = job->dst_off + job->room;
	struct rte_mbuf *src, *dst;
	struct rte_comp_op *op;

	job->src_chain |= src_len > WDT_COMP_FLAT_MAX;
	job->dst_chain |= dst_len > WDT_COMP_FLAT_MAX;
	src = wdt_comp_packet(c, src_len, job->src_chain);
	dst = wdt_comp_packet(c, dst_len, job->dst_chain);
	op = src == NULL || dst == NULL ? NULL : wdt_comp_op(c, job->xform, src, dst, 0);
	if (op == NULL) {
		rte_pktmbuf_free(src);
		rte_pktmbuf_free(dst);
		return NULL;
	}
	wdt_comp_write(src, job->src_off, job->in, job->in_len);
	op->src.offset = job->src_off;
	op->src.length = job->in_len;
	op->dst.offset = job->dst_off;
	return op;
}

int
wdt_comp_run(struct wdt_comp *c, struct wdt_comp_job *job)
{
	struct rte_comp_op *op = job_op(c, job), *back;
	int rc = -1;

	if (op == NULL)
		return job_fail(job, "no mbufs");
	if (rte_compressdev_enqueue_burst(c->id, 0, &op, 1) != 1) {
		job->status = (enum rte_comp_op_status)op->status;
		job_fail(job, "not taken");
	} else if (wdt_comp_dequeue_wait(c, 0, &back, 1, WDT_WAIT_MS) != 1 || back != op) {
		return job_fail(job, "not given back"); /* and still the device's */
	} else {
		rc = job_check(job, op);
	}
	wdt_comp_op_free(op);
	return rc;
}

/* ---- what is right ---- */

static void
fill_text(uint8_t *data, uint32_t len)
{
	static const char *const words[] = { "the ", "queue ", "of ", "a ", "device ", "has ",
		"one ", "doorbell, ", "and ", "completions ", "come ", "in order.\n" };
	uint32_t at = 0;

	while (at < len) {
		const char *word = words[wdt_random() % RTE_DIM(words)];
		const uint32_t n = RTE_MIN(len - at, (uint32_t)strlen(word));

		memcpy(data + at, word, n);
		at += n;
	}
}

void
wdt_comp_fill(uint8_t *data, uint32_t len, enum wdt_comp_kind kind)
{
	if (kind == WDT_COMP_TEXT)
		fill_text(data, len);
	else if (kind == WDT_COMP_RANDOM)
		wdt_random_bytes(data, len);
	else
		memset(data, 0, len);
}

static uint8_t *
bytes(const uint8_t *p)
{
	return (uint8_t *)(uintptr_t)p; /* zlib.h lacks the const */
}

uint32_t
wdt_zlib_deflate(const uint8_t *in, uint32_t len, uint8_t *out, uint32_t room, int level,
		int strategy)
{
	z_stream z = { .next_in = bytes(in), .avail_in = len, .next_out = out, .avail_out = room };
	int rc;

	if (deflateInit2(&z, level, Z_DEFLATED, -MAX_WBITS, 8, strategy) != Z_OK)
		return 0;
	rc = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return rc == Z_STREAM_END ? (uint32_t)z.total_out : 0;
}

/* In small pieces, so that zlib looks back into its window and not into the output. */
int64_t
wdt_zlib_inflate(const uint8_t *in, uint32_t len, uint8_t *out, uint32_t room, int window_bits,
		uint32_t *used)
{
	z_stream z = { .next_in = bytes(in), .avail_in = len };
	uint8_t nowhere[1];
	int rc = Z_OK;

	if (inflateInit2(&z, -window_bits) != Z_OK)
		return -1;
	while (rc == Z_OK) {
		const uint32_t left = room - (uint32_t)z.total_out;

		z.next_out = left > 0 ? out + z.total_out : nowhere;
		z.avail_out = RTE_MIN(left, 64U);
		rc = inflate(&z, Z_NO_FLUSH);
	}
	inflateEnd(&z);
	*used = (uint32_t)z.total_in;
	return rc == Z_STREAM_END ? (int64_t)z.total_out : -1;
}

uint64_t
wdt_zlib_checksum(enum rte_comp_checksum_type type, const uint8_t *data, uint32_t len)
{
	switch (type) {
	case RTE_COMP_CHECKSUM_CRC32:
		return crc32(0, data, len);
	case RTE_COMP_CHECKSUM_ADLER32:
		return adler32(1, data, len);
	case RTE_COMP_CHECKSUM_CRC32_ADLER32:
		return (uint64_t)adler32(1, data, len) << 32 | crc32(0, data, len);
	default:
		return 0;
	}
}

static unsigned int
block_type(const uint8_t *in, uint64_t bit)
{
	unsigned int type = 0;

	for (unsigned int i = 1; i <= 2; i++)
		type |= (in[(bit + i) / 8] >> (bit + i) % 8 & 1U) << (i - 1);
	return type;
}

unsigned int
wdt_zlib_blocks(const uint8_t *in, uint32_t len)
{
	z_stream z = { .next_in = bytes(in), .avail_in = len };
	unsigned int types = 1U << block_type(in, 0);
	uint8_t out[4096];
	int rc = Z_OK;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return 0;
	while (rc == Z_OK) {
		z.next_out = out;
		z.avail_out = sizeof(out);
		rc = inflate(&z, Z_BLOCK);
		/* bit 7: at the end of a block; bit 6: of the last one; below: bits not used */
		if (rc == Z_OK && (z.data_type & 0xc0) == 0x80 && z.total_in > 0)
			types |= 1U << block_type(in, z.total_in * 8 - (z.data_type & 7));
	}
	inflateEnd(&z);
	return types;
}
