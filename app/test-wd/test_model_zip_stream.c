/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The ZIP engine, streams in several descriptors. */

#include <stdlib.h>

#include <zlib.h>

#include "test_model_zip.h"

#define MAX (1U << 20)

static uint8_t plain[MAX], packed[MAX + 65536], result[MAX + 65536];

/* A stream as software keeps it: descriptors go to two devices of a kind in turn. */
struct stream {
	struct zrig *rigs[2];
	struct zip_op op; /* the words of the last result, ready for the next descriptor */
	uint32_t nb; /* descriptors so far */
};

static void
stream_start(struct stream *s, struct zrig *a, struct zrig *b, uint16_t qc_type, uint8_t alg)
{
	memset(s, 0, sizeof(*s));
	s->rigs[0] = a;
	s->rigs[1] = b;
	s->op = zip_op_default(a, qc_type, alg, 0, 0);
	s->op.stateful = 1;
	s->op.first = 1;
	s->op.ctx = ZRIG_BASE + ZRIG_CTX + ZIP_CTX_OFFSET;
	memset(zrig_at(a, ZRIG_CTX), 0, ZIP_CTX_SIZE);
}

/* Send len bytes at p with that much room; what comes out is appended to result[*total]. */
static int
stream_send(struct stream *s, const uint8_t *p, uint32_t len, uint32_t room, bool finish,
		uint32_t *total)
{
	struct zrig *to = s->rigs[s->nb % 2], *from = s->rigs[(s->nb + 1) % 2];
	uint8_t *dst = zrig_at(to, zrig_dst(room));

	memcpy(zrig_at(to, ZRIG_CTX), zrig_at(from, ZRIG_CTX), to == from ? 0 : ZIP_CTX_SIZE);
	s->op.in_len = len;
	s->op.room = room;
	s->op.src = ZRIG_BASE + zrig_src(len);
	s->op.dst = ZRIG_BASE + zrig_dst(room);
	s->op.finish = finish;
	memcpy(zrig_at(to, zrig_src(len)), p, len);
	memset(dst - 16, 0xcc, 16);
	WDT_CHECK_EQ(zrig_run(to, &s->op), WDT_PASS);
	for (unsigned int i = 1; i <= 16; i++)
		WDT_CHECK_EQ(dst[-(int)i], 0xcc);
	WDT_CHECK(to->r.produced <= room && to->r.consumed <= len);
	WDT_CHECK(*total + to->r.produced <= sizeof(result));
	memcpy(result + *total, dst, to->r.produced);
	*total += to->r.produced;
	memcpy(s->op.words, to->r.words, sizeof(s->op.words));
	s->op.isize = to->r.isize;
	s->op.checksum = to->r.checksum;
	s->op.first = 0;
	s->rigs[0]->r = s->rigs[1]->r = to->r;
	s->nb++;
	return WDT_PASS;
}

static uint32_t
random_below(uint32_t n)
{
	return (uint32_t)(wdt_random() % n);
}

/* From a few bytes to many. */
static uint32_t
random_size(uint32_t most)
{
	const uint32_t n = random_below(2U << random_below(17));

	return n < most ? n : most;
}

static int
compress_stream(struct zrig *a, struct zrig *b, uint8_t alg, uint32_t len, uint8_t window,
		uint32_t priv)
{
	uint32_t done = 0, total = 0, used;
	struct stream s;

	stream_start(&s, a, b, ZIP_COMPRESS, alg);
	s.op.window = window;
	s.op.priv = priv;
	do {
		const uint32_t n = random_size(len - done), before = total;
		const bool finish = done + n == len;

		WDT_CHECK_EQ(stream_send(&s, plain + done, n, n + n / 8 + 256, finish, &total),
				WDT_PASS);
		WDT_CHECK_EQ(a->r.status, total - before > n ? ZIP_EXPANDED : ZIP_DONE);
		WDT_CHECK_EQ(a->r.consumed, n);
		WDT_CHECK_EQ(a->r.last, finish);
		done += n;
		WDT_CHECK_EQ(a->r.isize, done);
		if (alg != ZIP_RAW)
			WDT_CHECK_EQ(a->r.checksum, zip_check_word(alg, plain, done));
		if (!finish && n > 0 &&
				priv == 0) /* ends with a flush: byte aligned, an empty stored block */
			WDT_CHECK_MEM(result + total - 4, "\0\0\377\377", 4);
		if (!finish && n == 0)
			WDT_CHECK_EQ(total, before);
		if (finish)
			break;
	} while (1);
	memset(packed, 0, len);
	WDT_CHECK_EQ(zlib_inflate_all(alg, result, total, packed, MAX, &used), len);
	WDT_CHECK_EQ(used, total);
	WDT_CHECK_MEM(packed, plain, len);
	return WDT_PASS;
}

static int
compress_streams(struct zrig *rig)
{
	struct zrig other;
	int rc;

	/* the other device uses the other library */
	WDT_CHECK_EQ(zrig_open(&other, rig->version,
				     rig->engine_kind == WDM_ENGINE_AUTO ? WDM_ENGINE_OPENSSL :
									   WDM_ENGINE_AUTO,
				     false),
			WDT_PASS);
	for (unsigned int i = 0; i < 120; i++) {
		const uint8_t first = zrig_first_alg(rig);
		const uint8_t alg = (uint8_t)(first + random_below(4U - first));
		const uint32_t len = random_size(300000);

		zip_data(plain, len, i % ZIP_DATA_KINDS);
		rc = compress_stream(rig, i % 3 == 0 ? rig : &other, alg, len, (uint8_t)(i % 5),
				i % 7 == 0);
		if (rc != WDT_PASS) {
			printf("# stream %u, algorithm %u, %u bytes\n", i, alg, len);
			return rc;
		}
	}
	zrig_close(&other);
	return WDT_PASS;
}

WDT_TEST(zip_stream_compress_random_splits)
{
	return zrig_each(compress_streams);
}

/* packed[0..packed_len) is a stream of plain[0..len). */
static int
inflate_stream(struct zrig *a, struct zrig *b, uint8_t alg, uint32_t packed_len, uint32_t len,
		uint32_t most_in, uint32_t most_room)
{
	uint32_t done = 0, total = 0;
	struct stream s;

	stream_start(&s, a, b, ZIP_DECOMPRESS, alg);
	for (;;) {
		const uint32_t in = random_size(packed_len - done);
		const uint32_t n = in < most_in ? in : most_in, before = total;
		const uint32_t room = 201 + random_size(most_room);

		WDT_CHECK_EQ(stream_send(&s, packed + done, n, room, false, &total), WDT_PASS);
		WDT_CHECK(total <= len);
		done += a->r.consumed;
		if (a->r.status == ZIP_END)
			break;
		if (a->r.status == ZIP_NO_ROOM) {
			WDT_CHECK_EQ(total - before, room);
			WDT_CHECK_EQ(a->r.words[0] & 0xf, 2);
			WDT_CHECK(total < len);
			WDT_CHECK(a->r.task_error);
		} else {
			WDT_CHECK_EQ(a->r.status, ZIP_DONE);
			WDT_CHECK((a->r.words[0] & 0xf) != 2);
			WDT_CHECK_EQ(a->r.consumed, n);
		}
		WDT_CHECK_EQ(a->r.isize, total);
		if (alg != ZIP_RAW && total < 5000)
			WDT_CHECK_EQ(a->r.checksum, zip_check_word(alg, result, total));
		WDT_CHECK(s.nb < 200000);
	}
	WDT_CHECK(a->r.last);
	WDT_CHECK_EQ(done, packed_len);
	WDT_CHECK_EQ(total, len);
	WDT_CHECK_EQ(a->r.isize, len);
	if (alg != ZIP_RAW)
		WDT_CHECK_EQ(a->r.checksum, zip_check_word(alg, plain, len));
	WDT_CHECK_MEM(result, plain, len);
	return WDT_PASS;
}

static uint32_t
random_packed(uint8_t alg, uint32_t len)
{
	static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE,
		Z_FIXED };

	return zlib_compress(alg, (int)random_below(10), strategies[random_below(5)], plain, len,
			packed, sizeof(packed));
}

static int
inflate_streams(struct zrig *rig)
{
	struct zrig other;

	WDT_CHECK_EQ(zrig_open(&other, rig->version,
				     rig->engine_kind == WDM_ENGINE_AUTO ? WDM_ENGINE_OPENSSL :
									   WDM_ENGINE_AUTO,
				     false),
			WDT_PASS);
	for (unsigned int i = 0; i < 300; i++) {
		const uint8_t first = zrig_first_alg(rig);
		const uint8_t alg = (uint8_t)(first + random_below(4U - first));
		const uint32_t len = random_size(i % 10 == 0 ? 300000 : 20000);
		uint32_t packed_len;
		int rc;

		zip_data(plain, len, i % ZIP_DATA_KINDS);
		packed_len = random_packed(alg, len);
		WDT_CHECK(packed_len > 0);
		rc = inflate_stream(rig, i % 3 == 0 ? rig : &other, alg, packed_len, len,
				i % 4 == 0 && len < 20000 ? 3 : UINT32_MAX,
				i % 5 == 0 && len < 20000 ? 60 : MAX);
		if (rc != WDT_PASS) {
			printf("# stream %u, algorithm %u, %u bytes from %u\n", i, alg, len,
					packed_len);
			return rc;
		}
	}
	zrig_close(&other);
	return WDT_PASS;
}

WDT_TEST(zip_stream_inflate_random_splits)
{
	return zrig_each(inflate_streams);
}

/* A full room alone is not a lack of it: something has to be there that does not fit. */
static int
inflate_full_room(struct zrig *rig)
{
	static const uint8_t literal_a[] = { 0x4b }; /* the first 8 bits of "A" in a fixed block */

	for (uint32_t more = 0; more < 2; more++) {
		uint32_t total = 0;
		struct stream s;

		zip_data(plain, 1000, 2);
		WDT_CHECK_EQ(zlib_compress(ZIP_ZLIB, 0, Z_DEFAULT_STRATEGY, plain, 1000, packed,
					     sizeof(packed)),
				1000 + 5 + 4);
		stream_start(&s, rig, rig, ZIP_DECOMPRESS, ZIP_ZLIB);
		WDT_CHECK_EQ(stream_send(&s, packed, 5 + 300 + more, 300, false, &total), WDT_PASS);
		WDT_CHECK_EQ(total, 300);
		WDT_CHECK_EQ(rig->r.consumed, 305);
		WDT_CHECK_EQ(rig->r.status, more == 0 ? ZIP_DONE : ZIP_NO_ROOM);
		WDT_CHECK_EQ(rig->r.words[1], 700); /* bytes left in the stored block */
		/* the rest, then the trailer byte by byte, with nothing before the last one */
		WDT_CHECK_EQ(stream_send(&s, packed + 305, 700, 700, false, &total), WDT_PASS);
		WDT_CHECK_EQ(rig->r.status, ZIP_DONE);
		WDT_CHECK_EQ(total, 1000);
		WDT_CHECK(rig->r.last);
		WDT_CHECK_EQ(rig->r.words[0] & 0xf, 4);
		for (uint32_t i = 0; i < 4; i++) {
			WDT_CHECK_EQ(stream_send(&s, packed + 1005 + i, 1, 201, false, &total),
					WDT_PASS);
			WDT_CHECK_EQ(rig->r.status, i == 3 ? ZIP_END : ZIP_DONE);
			WDT_CHECK_EQ(rig->r.produced, 0);
		}
		WDT_CHECK_MEM(result, plain, 1000);
		/* nothing may follow the end */
		WDT_CHECK_EQ(stream_send(&s, literal_a, 1, 201, false, &total), WDT_PASS);
		ZRIG_CHECK_ERROR(rig);
	}
	return WDT_PASS;
}

WDT_TEST(zip_stream_inflate_room_is_exact)
{
	return zrig_each(inflate_full_room);
}

/* The wrong trailer at the end of a stream. */
static int
inflate_bad_trailer(struct zrig *rig)
{
	uint32_t total = 0, packed_len;
	struct stream s;

	zip_data(plain, 5000, 1);
	packed_len = zlib_compress(
			ZIP_GZIP, 6, Z_DEFAULT_STRATEGY, plain, 5000, packed, sizeof(packed));
	packed[packed_len - 5] ^= 1;
	stream_start(&s, rig, rig, ZIP_DECOMPRESS, ZIP_GZIP);
	WDT_CHECK_EQ(stream_send(&s, packed, packed_len - 3, 6000, false, &total), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_DONE);
	WDT_CHECK_EQ(stream_send(&s, packed + packed_len - 3, 3, 6000, false, &total), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_CHECKSUM);
	WDT_CHECK(rig->r.task_error);
	WDT_CHECK_EQ(total, 5000);
	return WDT_PASS;
}

WDT_TEST(zip_stream_inflate_bad_trailer)
{
	return zrig_each(inflate_bad_trailer);
}

/* Without room nothing has happened: the same input with more room goes on. */
static int
compress_no_room_from(struct zrig *rig, uint32_t first, bool new_again)
{
	uint32_t total = 0, used;
	struct stream s;

	zip_data(plain, 3000, 2);
	stream_start(&s, rig, rig, ZIP_COMPRESS, ZIP_GZIP);
	if (first > 0) {
		WDT_CHECK_EQ(stream_send(&s, plain, first, 2000, false, &total), WDT_PASS);
		WDT_CHECK_EQ(rig->r.status, ZIP_EXPANDED);
	}
	for (uint32_t room = 201; room < 2000; room += 300) {
		const uint32_t before = total;

		WDT_CHECK_EQ(stream_send(&s, plain + first, 3000 - first, room, true, &total),
				WDT_PASS);
		WDT_CHECK_EQ(rig->r.status, ZIP_NO_ROOM);
		WDT_CHECK_EQ(rig->r.consumed, 0);
		WDT_CHECK_EQ(rig->r.isize, first);
		WDT_CHECK_EQ(rig->r.checksum, zip_check_word(ZIP_GZIP, plain, first));
		WDT_CHECK(rig->r.task_error && !rig->r.last);
		WDT_CHECK_EQ(total, before);
		s.op.first = new_again;
	}
	WDT_CHECK_EQ(stream_send(&s, plain + first, 3000 - first, 4000, true, &total), WDT_PASS);
	WDT_CHECK_EQ(rig->r.status, ZIP_EXPANDED);
	WDT_CHECK_EQ(zlib_inflate_all(ZIP_GZIP, result, total, packed, MAX, &used), 3000);
	WDT_CHECK_MEM(packed, plain, 3000);
	return WDT_PASS;
}

static int
compress_no_room(struct zrig *rig)
{
	WDT_CHECK_EQ(compress_no_room_from(rig, 800, false), WDT_PASS);
	WDT_CHECK_EQ(compress_no_room_from(rig, 0, false), WDT_PASS);
	return compress_no_room_from(rig, 0, true);
}

WDT_TEST(zip_stream_compress_without_room)
{
	return zrig_each(compress_no_room);
}

/* What was seen in one descriptor makes matches in the next. */
static int
compress_history(struct zrig *rig)
{
	uint32_t total = 0, first;
	struct stream s;

	zip_data(plain, 4000, 2);
	memcpy(plain + 4000, plain, 4000);
	stream_start(&s, rig, rig, ZIP_COMPRESS, ZIP_GZIP);
	s.op.window = 4;
	WDT_CHECK_EQ(stream_send(&s, plain, 4000, 6000, false, &total), WDT_PASS);
	first = total;
	WDT_CHECK_EQ(stream_send(&s, plain + 4000, 4000, 6000, true, &total), WDT_PASS);
	WDT_CHECK(total - first < 300);
	return WDT_PASS;
}

WDT_TEST(zip_stream_compress_uses_history)
{
	return zrig_each(compress_history);
}

/* A driver that loses a word, or mixes up streams, is told so. */
static int
lost_words(struct zrig *rig)
{
	for (uint16_t dir = ZIP_COMPRESS; dir <= ZIP_DECOMPRESS; dir++) {
		for (unsigned int i = 0; i < 6; i++) {
			uint32_t total = 0;
			struct stream s;

			zip_data(plain, 1000, 1);
			WDT_CHECK(zlib_compress(ZIP_ZLIB, 6, Z_DEFAULT_STRATEGY, plain, 1000,
						  packed, sizeof(packed)) > 150);
			stream_start(&s, rig, rig, dir, ZIP_ZLIB);
			WDT_CHECK_EQ(stream_send(&s, packed, 100, 2000, false, &total), WDT_PASS);
			WDT_CHECK(!rig->r.task_error);
			if (i < 3)
				s.op.words[i] ^= 0x40;
			if (i == 3)
				s.op.alg = ZIP_GZIP;
			if (i == 4)
				s.op.qc_type ^= 1;
			if (i == 5)
				memset(zrig_at(rig, ZRIG_CTX), 0, ZIP_CTX_SIZE);
			WDT_CHECK_EQ(stream_send(&s, packed + 100, 50, 2000, false, &total),
					WDT_PASS);
			ZRIG_CHECK_ERROR(rig);
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_stream_lost_words)
{
	return zrig_each(lost_words);
}
