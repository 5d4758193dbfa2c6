/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <endian.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <zlib.h>

#include "test_model_zip.h"

/* Memory behind system calls, as it looks to the model. */
static int
remote_at(struct zrig *rig, uint64_t addr, size_t len, uint8_t **p)
{
	const uint64_t off = addr - ZRIG_BASE;

	if (addr < ZRIG_BASE || off + len > ZRIG_SIZE)
		return -1;
	if (off < ZRIG_DST && off + len > ZRIG_DST - ZRIG_GUARD)
		return -1;
	if (off + len > ZRIG_SIZE - ZRIG_GUARD)
		return -1;
	*p = rig->mem + off;
	return 0;
}

static int
remote_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	uint8_t *p;

	if (remote_at(ctx, addr, len, &p) != 0)
		return -1;
	memcpy(buf, p, len);
	return 0;
}

static int
remote_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	struct zrig *rig = ctx;
	uint8_t *p;

	if (remote_at(rig, addr, len, &p) != 0 || rig->writes_left == 0)
		return -1;
	rig->writes_left -= rig->writes_left > 0;
	memcpy(p, buf, len);
	return 0;
}

static const struct wdm_space_ops remote_ops = { remote_read, remote_write };

static int
map_areas(struct zrig *rig)
{
	const uint32_t hole = ZRIG_SRC + ZRIG_AREA;

	WDT_CHECK_EQ(mprotect(rig->mem + hole, ZRIG_GUARD, PROT_NONE), 0);
	WDT_CHECK_EQ(mprotect(rig->mem + ZRIG_DST + ZRIG_AREA, ZRIG_GUARD, PROT_NONE), 0);
	if (rig->remote)
		return WDT_PASS;
	WDT_CHECK_EQ(wdm_space_map(rig->space, ZRIG_BASE, rig->mem, hole), 0);
	WDT_CHECK_EQ(wdm_space_map(rig->space, ZRIG_BASE + ZRIG_DST, rig->mem + ZRIG_DST,
				     ZRIG_AREA),
			0);
	return WDT_PASS;
}

int
zrig_open(struct zrig *rig, unsigned int version, enum wdm_engine engine, bool remote)
{
	const struct wdm_dev_config conf = {
		.class = WDM_CLASS_ZIP,
		.engine = engine,
		.hw_version = version,
	};

	memset(rig, 0, sizeof(*rig));
	rig->version = version;
	rig->engine_kind = engine;
	rig->remote = remote;
	rig->writes_left = -1;
	rig->engine = wdm_zip_ops.create(&conf);
	rig->space = wdm_space_create(remote ? &remote_ops : NULL, rig);
	rig->mem = mmap(NULL, ZRIG_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	WDT_CHECK(rig->engine != NULL && rig->space != NULL && rig->mem != MAP_FAILED);
	return map_areas(rig);
}

void
zrig_close(struct zrig *rig)
{
	wdm_zip_ops.destroy(rig->engine);
	wdm_space_destroy(rig->space);
	munmap(rig->mem, ZRIG_SIZE);
}

int
zrig_each(int (*fn)(struct zrig *rig))
{
	static const enum wdm_engine engines[] = { WDM_ENGINE_AUTO, WDM_ENGINE_OPENSSL };

	for (unsigned int version = 2; version <= 3; version++) {
		for (unsigned int i = 0; i < 2; i++) {
			struct zrig rig;
			int rc = zrig_open(&rig, version, engines[i], false);

			if (rc == WDT_PASS)
				rc = fn(&rig);
			if (rc != WDT_PASS)
				printf("# with hardware version %u, engine %s, status %#x\n",
						version, i == 0 ? "auto" : "openssl", rig.r.status);
			zrig_close(&rig);
			if (rc != WDT_PASS)
				return rc;
		}
	}
	return WDT_PASS;
}

uint32_t
zrig_src(uint32_t len)
{
	return ZRIG_SRC + ZRIG_AREA - len;
}

uint32_t
zrig_dst(uint32_t len)
{
	return ZRIG_DST + ZRIG_AREA - len;
}

struct zip_op
zip_op_default(const struct zrig *rig, uint16_t qc_type, uint8_t alg, uint32_t in_len,
		uint32_t room)
{
	return (struct zip_op){
		.qc_type = qc_type,
		.type = rig->version == 2 ? 0 : 3,
		.alg = alg,
		.window = 4,
		.in_len = in_len,
		.room = room,
		.src = ZRIG_BASE + zrig_src(in_len),
		.dst = ZRIG_BASE + zrig_dst(room),
		/* without meaning when stateless, and must stay so */
		.isize = 0x11223344,
		.checksum = 0x55667788,
		.words = { 1, 2, 3 },
	};
}

/* `width` bits from bit `lsb` of the little-endian word that starts at `byte`. */
static void
put(uint8_t *p, unsigned int byte, unsigned int lsb, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++) {
		const unsigned int bit = lsb + i;

		if (value >> i & 1)
			p[byte + bit / 8] |= (uint8_t)(1U << bit % 8);
	}
}

static uint32_t
get32(const uint8_t *p, unsigned int byte)
{
	return (uint32_t)p[byte] | (uint32_t)p[byte + 1] << 8 | (uint32_t)p[byte + 2] << 16 |
			(uint32_t)p[byte + 3] << 24;
}

void
zip_op_encode(const struct zip_op *op, uint8_t sqe[128])
{
	memset(sqe, 0, 128);
	memset(sqe, 0xa5, 16); /* stale results, as a reused ring slot has them */
	put(sqe, 16, 0, 32, op->in_len);
	put(sqe, 28, 0, 24, op->in_off);
	put(sqe, 28, 25, 1, op->finish);
	put(sqe, 28, 26, 1, op->stateful);
	put(sqe, 28, 27, 1, op->first);
	put(sqe, 28, 28, 4, op->type);
	put(sqe, 32, 0, 24, op->out_off);
	put(sqe, 36, 0, 8, op->alg);
	put(sqe, 36, 8, 4, op->buf_type);
	put(sqe, 36, 12, 4, op->window);
	put(sqe, 44, 0, 32, op->priv);
	put(sqe, 52, 0, 32, 0xfeedbeef);
	put(sqe, 56, 0, 32, op->room);
	put(sqe, 60, 0, 32, op->words[0]);
	put(sqe, 72, 0, 64, op->src);
	put(sqe, 80, 0, 64, op->dst);
	put(sqe, 88, 0, 64, op->ctx);
	put(sqe, 104, 0, 64, 0xfeedfacecafebeefULL);
	put(sqe, 112, 0, 32, op->words[1]);
	put(sqe, 116, 0, 32, op->words[2]);
	put(sqe, 120, 0, 32, op->isize);
	put(sqe, 124, 0, 32, op->checksum);
	sqe[op->poke_at] |= op->poke;
}

static bool
is_result(unsigned int byte)
{
	return byte < 16 || (byte >= 60 && byte < 64) || byte >= 112;
}

static int
read_back(struct zrig *rig, const struct wdm_task *task, const uint8_t *sent)
{
	uint8_t ring[128];

	memset(ring, 0x5a, sizeof(ring));
	wdm_zip_ops.writeback(ring, task);
	for (unsigned int i = 0; i < 128; i++) {
		WDT_CHECK_EQ(ring[i], is_result(i) ? task->sqe[i] : 0x5a);
		if (!is_result(i))
			WDT_CHECK_EQ(task->sqe[i], sent[i]);
	}
	rig->r.consumed = get32(ring, 0);
	rig->r.produced = get32(ring, 4);
	rig->r.status = ring[12];
	rig->r.last = ring[13] & 1;
	rig->r.words[0] = get32(ring, 60);
	rig->r.words[1] = get32(ring, 112);
	rig->r.words[2] = get32(ring, 116);
	rig->r.isize = get32(ring, 120);
	rig->r.checksum = get32(ring, 124);
	rig->r.task_error = task->error;
	WDT_CHECK_EQ(get32(ring, 8), 0);
	WDT_CHECK_EQ(get32(ring, 12) >> 9, 0);
	return WDT_PASS;
}

int
zrig_run(struct zrig *rig, const struct zip_op *op)
{
	static struct wdm_task task;
	uint8_t sent[128];

	zip_op_encode(op, sent);
	memcpy(task.sqe, sent, 128);
	task.error = false;
	wdm_space_lock(rig->space);
	wdm_zip_ops.run(rig->engine, rig->space, op->qc_type, &task, 1);
	wdm_space_unlock(rig->space);
	return read_back(rig, &task, sent);
}

uint64_t
zrig_sgl(struct zrig *rig, uint32_t at, uint64_t iova, uint32_t len, const uint32_t *pieces,
		unsigned int nb)
{
	const uint32_t list_size = 64 + 32 * 255, start = at;
	uint8_t *head = zrig_at(rig, at);
	unsigned int used = 0, i = 0;

	memset(head, 0, list_size);
	while (len > 0) {
		const uint32_t want = pieces[i < nb ? i : nb - 1];
		const uint32_t n = want < len ? want : len;

		if (used == 255) {
			at += list_size + 64 - list_size % 64;
			put(head, 0, 0, 64, ZRIG_BASE + at);
			put(head, 10, 0, 16, used);
			head = zrig_at(rig, at);
			memset(head, 0, list_size);
			used = 0;
		}
		put(head, 64 + 32 * used, 0, 64, iova);
		put(head, 64 + 32 * used + 16, 0, 32, n);
		used++;
		iova += n;
		len -= n;
		i++;
	}
	put(head, 10, 0, 16, used);
	return ZRIG_BASE + start;
}

static void
text(uint8_t *p, uint32_t len)
{
	static const char *const words[] = { "queue ", "descriptor ", "the ", "of ", "a ",
		"completion ", "is ", "written ", "doorbell ", "ring, ", "when ", "in ",
		"memory.\n", "and ", "device ", "1024 " };

	for (uint32_t i = 0; i < len;) {
		const char *word = words[wdt_random() % 16];

		while (*word != '\0' && i < len)
			p[i++] = (uint8_t)*word++;
	}
}

void
zip_data(uint8_t *p, uint32_t len, unsigned int kind)
{
	switch (kind) {
	case 0:
		memset(p, 0, len);
		break;
	case 1:
		text(p, len);
		break;
	case 2:
		wdt_random_bytes(p, len);
		break;
	default:
		for (uint32_t i = 0; i < len;) {
			uint32_t n = 1 + (uint32_t)(wdt_random() % 5000);

			if (n > len - i)
				n = len - i;
			zip_data(p + i, n, (unsigned int)(wdt_random() % 3));
			i += n;
		}
	}
}

static void
put_be32(uint8_t *p, uint32_t x)
{
	x = htobe32(x);
	memcpy(p, &x, 4);
}

static void
put_le32(uint8_t *p, uint32_t x)
{
	x = htole32(x);
	memcpy(p, &x, 4);
}

static void
trailer(uint8_t alg, const uint8_t *data, uint32_t len, uint8_t *p)
{
	if (alg == ZIP_ZLIB) {
		put_be32(p, (uint32_t)adler32(1, data, len));
	} else if (alg == ZIP_GZIP) {
		put_le32(p, (uint32_t)crc32(0, data, len));
		put_le32(p + 4, len);
	}
}

uint32_t
zip_trailer_len(uint8_t alg)
{
	return alg == ZIP_ZLIB ? 4 : alg == ZIP_GZIP ? 8 : 0;
}

uint32_t
zlib_compress(uint8_t alg, int level, int strategy, const uint8_t *in, uint32_t in_len,
		uint8_t *out, uint32_t room)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)in,
		.avail_in = in_len,
		.next_out = out,
		.avail_out = room - zip_trailer_len(alg) };

	if (deflateInit2(&z, level, Z_DEFLATED, -15, 8, strategy) != Z_OK)
		return 0;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		z.total_out = 0;
	deflateEnd(&z);
	if (z.total_out == 0)
		return 0;
	trailer(alg, in, in_len, out + z.total_out);
	return (uint32_t)z.total_out + zip_trailer_len(alg);
}

int64_t
zlib_inflate_all(uint8_t alg, const uint8_t *in, uint32_t in_len, uint8_t *out, uint32_t room,
		uint32_t *used)
{
	const uint32_t trailer_len = zip_trailer_len(alg);
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)in,
		.avail_in = in_len,
		.next_out = out,
		.avail_out = room };
	uint8_t want[8];
	int rc;

	if (inflateInit2(&z, -15) != Z_OK)
		return -1;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (rc != Z_STREAM_END || z.avail_in < trailer_len)
		return -1;
	trailer(alg, out, (uint32_t)z.total_out, want);
	*used = (uint32_t)z.total_in + trailer_len;
	return memcmp(z.next_in, want, trailer_len) == 0 ? (int64_t)z.total_out : -1;
}

uint32_t
zip_check_word(uint8_t alg, const uint8_t *p, uint32_t len)
{
	uint32_t crc, word = 0;

	if (alg == ZIP_ZLIB)
		return (uint32_t)adler32(1, p, len);
	/* the CRC is the bit-reversed complement of the word */
	crc = (uint32_t)crc32(0, p, len);
	for (unsigned int i = 0; i < 32; i++)
		word |= (crc >> i & 1) << (31 - i);
	return ~word;
}
