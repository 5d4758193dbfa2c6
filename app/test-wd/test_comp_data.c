/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* What comes out of the compression driver, compared with zlib. */

#include <zlib.h>

#include "wdt_comp.h"

#define MAX_LEN (256U << 10)
#define MAX_ROOM WDT_COMP_ROOM(MAX_LEN)
#define SUCCESS RTE_COMP_OP_STATUS_SUCCESS
#define NO_ROOM RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED

static const uint32_t sizes[] = { 0, 1, 2, 63, 64, 65, 1000, 4096, 65535, 100000, MAX_LEN };

static const enum rte_comp_checksum_type checksums[] = { RTE_COMP_CHECKSUM_NONE,
	RTE_COMP_CHECKSUM_CRC32, RTE_COMP_CHECKSUM_ADLER32, RTE_COMP_CHECKSUM_CRC32_ADLER32 };

static uint8_t plain[MAX_LEN], packed[MAX_ROOM], back[MAX_ROOM];

/* How to run the ops of a test. */
struct way {
	enum rte_comp_checksum_type chksum;
	bool src_chain, dst_chain;
	struct rte_comp_xform comp; /* its checksum is not looked at */
};

static struct way
way_any(void)
{
	return (struct way){
		.chksum = checksums[wdt_random() % RTE_DIM(checksums)],
		.src_chain = wdt_random() % 2,
		.dst_chain = wdt_random() % 2,
		.comp = wdt_comp_deflate(RTE_COMP_CHECKSUM_NONE),
	};
}

static struct wdt_comp_job
job_of(const struct way *w, const uint8_t *in, uint32_t in_len, uint8_t *out, uint32_t room)
{
	return (struct wdt_comp_job){
		.in = in,
		.in_len = in_len,
		.out = out,
		.room = room,
		.src_chain = w->src_chain,
		.dst_chain = w->dst_chain,
		.src_off = (uint32_t)wdt_random() % 40,
		.dst_off = (uint32_t)wdt_random() % 40,
	};
}

/* One op with an xform of its own. */
static int
run(struct wdt_comp *c, const struct rte_comp_xform *xform, struct wdt_comp_job *job)
{
	int rc;

	job->xform = wdt_comp_xform(c, xform);
	WDT_CHECK(job->xform != NULL);
	rc = wdt_comp_run(c, job);
	WDT_CHECK_EQ(rte_compressdev_private_xform_free(c->id, job->xform), 0);
	WDT_CHECK_EQ(rc, 0);
	return WDT_PASS;
}

static int
device_deflate(struct wdt_comp *c, const struct way *w, struct wdt_comp_job *job)
{
	struct rte_comp_xform xform = w->comp;

	xform.compress.chksum = w->chksum;
	return run(c, &xform, job);
}

static int
device_inflate(struct wdt_comp *c, const struct way *w, struct wdt_comp_job *job)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(w->chksum);

	return run(c, &xform, job);
}

static int
say(const struct way *w, uint32_t len, const char *what)
{
	printf("# %s of %u bytes, checksum %d, source %s, destination %s\n", what, len, w->chksum,
			w->src_chain ? "chain" : "flat", w->dst_chain ? "chain" : "flat");
	return WDT_FAIL;
}

/* The device compresses plain[len], zlib inflates. *produced: bytes in packed. */
static int
device_to_zlib(struct wdt_comp *c, const struct way *w, uint32_t len, uint32_t *produced)
{
	struct wdt_comp_job job = job_of(w, plain, len, packed, WDT_COMP_ROOM(len));
	uint32_t used = 0;

	if (device_deflate(c, w, &job) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(job.status, SUCCESS);
	WDT_CHECK_EQ(job.consumed, len);
	WDT_CHECK_EQ(wdt_zlib_inflate(packed, job.produced, back, sizeof(back),
				     w->comp.compress.window_size, &used),
			len);
	WDT_CHECK_EQ(used, job.produced);
	WDT_CHECK_MEM(back, plain, len);
	if (w->chksum != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(job.chksum, wdt_zlib_checksum(w->chksum, plain, len));
	*produced = job.produced;
	return WDT_PASS;
}

/* The device inflates packed[in_len], of which the first `stream` bytes give plain[len]. */
static int
packed_to_device(struct wdt_comp *c, const struct way *w, uint32_t in_len, uint32_t stream,
		uint32_t len, uint32_t spare)
{
	struct wdt_comp_job job = job_of(w, packed, in_len, back, len + spare);

	if (device_inflate(c, w, &job) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK_EQ(job.status, SUCCESS);
	WDT_CHECK_EQ(job.consumed, stream);
	WDT_CHECK_EQ(job.produced, len);
	WDT_CHECK_MEM(back, plain, len);
	if (w->chksum != RTE_COMP_CHECKSUM_NONE)
		WDT_CHECK_EQ(job.chksum, wdt_zlib_checksum(w->chksum, plain, len));
	return WDT_PASS;
}

static int
both_ways(struct wdt_comp *c, const struct way *w, uint32_t len)
{
	uint32_t produced = 0;

	if (device_to_zlib(c, w, len, &produced) != WDT_PASS)
		return say(w, len, "compression");
	if (packed_to_device(c, w, produced, produced, len, 100) != WDT_PASS)
		return say(w, len, "decompression");
	return WDT_PASS;
}

/* ---- sizes, lists, checksums ---- */

static int
size_each_way(struct wdt_comp *c, uint32_t len)
{
	struct way w = way_any();

	for (unsigned int i = 0; i < 4 * RTE_DIM(checksums); i++) {
		w.src_chain = i & 1;
		w.dst_chain = i & 2;
		w.chksum = checksums[i / 4];
		if (both_ways(c, &w, len) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
size_each_kind(struct wdt_comp *c, uint32_t len)
{
	for (unsigned int kind = 0; kind < WDT_COMP_NB_KINDS; kind++) {
		wdt_comp_fill(plain, len, (enum wdt_comp_kind)kind);
		if (size_each_way(c, len) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
sizes_all(struct wdt_comp *c)
{
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		if (sizes[i] > 0 && size_each_kind(c, sizes[i]) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

WDT_TEST(comp_data_both_ways_auto)
{
	return wdt_comp_with("", 1, 64, sizes_all);
}

WDT_TEST(comp_data_both_ways_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, sizes_all);
}

WDT_TEST(comp_data_both_ways_sva_0)
{
	return wdt_comp_with("sva=0", 1, 64, sizes_all);
}

WDT_TEST(comp_data_both_ways_sva_1)
{
	return wdt_comp_with("sva=1", 1, 64, sizes_all);
}

WDT_TEST(comp_data_both_ways_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, sizes_all);
}

static int
nothing(struct wdt_comp *c)
{
	return size_each_way(c, 0);
}

WDT_TEST(comp_data_nothing_auto)
{
	return wdt_comp_with("", 1, 64, nothing);
}

WDT_TEST(comp_data_nothing_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, nothing);
}

WDT_TEST(comp_data_nothing_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, nothing);
}

static int
random_sizes(struct wdt_comp *c)
{
	const unsigned int nb = wdt_fewer(2000, "random sizes");

	for (unsigned int i = 0; i < nb; i++) {
		const uint32_t len = 1 + (uint32_t)wdt_random() % (i % 10 == 0 ? 40000 : 3000);
		struct way w = way_any();

		wdt_comp_fill(plain, len, (enum wdt_comp_kind)(wdt_random() % WDT_COMP_NB_KINDS));
		if (both_ways(c, &w, len) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

WDT_TEST(comp_data_random_sizes_and_lists_auto)
{
	return wdt_comp_with("", 1, 64, random_sizes);
}

WDT_TEST(comp_data_random_sizes_and_lists_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, random_sizes);
}

WDT_TEST(comp_data_random_sizes_and_lists_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, random_sizes);
}

/* ---- streams of zlib ---- */

static int
zlib_stream(struct wdt_comp *c, uint32_t len, int level, int strategy)
{
	const uint32_t n = wdt_zlib_deflate(plain, len, packed, sizeof(packed), level, strategy);
	const uint32_t garbage = wdt_random() % 2 ? 0 : (uint32_t)wdt_random() % 50;
	struct way w = way_any();

	WDT_CHECK(n > 0 && n + garbage <= sizeof(packed));
	wdt_random_bytes(packed + n, garbage);
	if (packed_to_device(c, &w, n + garbage, n, len, wdt_random() % 2) == WDT_PASS)
		return WDT_PASS;
	printf("# level %d, strategy %d, %u bytes behind the stream\n", level, strategy, garbage);
	return say(&w, len, "decompression");
}

static int
zlib_streams_of(struct wdt_comp *c, uint32_t len)
{
	static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY };
	static const int levels[] = { 0, 1, 6, 9 };

	for (unsigned int i = 0; i < RTE_DIM(levels) * RTE_DIM(strategies); i++) {
		if (zlib_stream(c, len, levels[i % RTE_DIM(levels)],
				    strategies[i / RTE_DIM(levels)]) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
zlib_streams(struct wdt_comp *c)
{
	for (unsigned int i = 0; i < RTE_DIM(sizes) * WDT_COMP_NB_KINDS; i++) {
		const uint32_t len = sizes[i / WDT_COMP_NB_KINDS];

		if (len == 0)
			continue; /* no room, see comp_data_nothing */
		wdt_comp_fill(plain, len, (enum wdt_comp_kind)(i % WDT_COMP_NB_KINDS));
		if (zlib_streams_of(c, len) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

WDT_TEST(comp_data_streams_of_zlib_auto)
{
	return wdt_comp_with("", 1, 64, zlib_streams);
}

WDT_TEST(comp_data_streams_of_zlib_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, zlib_streams);
}

WDT_TEST(comp_data_streams_of_zlib_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, zlib_streams);
}

/* Behind the stream 0 to 40 bytes of all kinds: consumed says where it ends. */
static int
garbage_behind(struct wdt_comp *c)
{
	const uint32_t len = 3000;
	uint32_t n;

	wdt_comp_fill(plain, len, WDT_COMP_TEXT);
	n = wdt_zlib_deflate(plain, len, packed, sizeof(packed), 6, Z_DEFAULT_STRATEGY);
	WDT_CHECK(n > 0);
	for (unsigned int i = 0; i < 41 * RTE_DIM(checksums) * WDT_COMP_NB_KINDS; i++) {
		const uint32_t garbage = i % 41;
		struct way w = way_any();

		w.chksum = checksums[i / 41 % RTE_DIM(checksums)];
		wdt_comp_fill(packed + n, garbage,
				(enum wdt_comp_kind)(i / 41 / RTE_DIM(checksums)));
		if (packed_to_device(c, &w, n + garbage, n, len, 0) != WDT_PASS)
			return say(&w, n + garbage, "decompression");
	}
	return WDT_PASS;
}

WDT_TEST(comp_data_garbage_behind_the_stream_auto)
{
	return wdt_comp_with("", 1, 64, garbage_behind);
}

WDT_TEST(comp_data_garbage_behind_the_stream_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, garbage_behind);
}

WDT_TEST(comp_data_garbage_behind_the_stream_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, garbage_behind);
}

/* ---- what an xform says ---- */

static int
huffman_of(struct wdt_comp *c, uint32_t len, enum rte_comp_huffman huffman, unsigned int *types)
{
	struct way w = way_any();
	uint32_t produced = 0;

	w.comp.compress.deflate.huffman = huffman;
	if (device_to_zlib(c, &w, len, &produced) != WDT_PASS)
		return say(&w, len, "compression");
	*types = wdt_zlib_blocks(packed, produced);
	return WDT_PASS;
}

static int
fixed(struct wdt_comp *c)
{
	static const uint32_t lens[] = { 1, 100, 5000, 65000, 200000 };
	unsigned int types = 0;

	for (unsigned int i = 0; i < RTE_DIM(lens) * WDT_COMP_NB_KINDS; i++) {
		const uint32_t len = lens[i / WDT_COMP_NB_KINDS];

		wdt_comp_fill(plain, len, (enum wdt_comp_kind)(i % WDT_COMP_NB_KINDS));
		if (huffman_of(c, len, RTE_COMP_HUFFMAN_FIXED, &types) != WDT_PASS)
			return WDT_FAIL;
		WDT_CHECK(types != 0 && (types & ~3U) == 0);
	}
	/* and the check would see others */
	wdt_comp_fill(plain, 65000, WDT_COMP_TEXT);
	if (huffman_of(c, 65000, RTE_COMP_HUFFMAN_DYNAMIC, &types) != WDT_PASS)
		return WDT_FAIL;
	WDT_CHECK((types & 4U) != 0);
	return WDT_PASS;
}

WDT_TEST(comp_data_fixed_codes_auto)
{
	return wdt_comp_with("", 1, 64, fixed);
}

WDT_TEST(comp_data_fixed_codes_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, fixed);
}

WDT_TEST(comp_data_fixed_codes_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, fixed);
}

/* Random bytes that repeat after `period`: compressible for those who look back so far. */
static int
window_period(struct wdt_comp *c, uint8_t bits, uint32_t period, uint32_t *produced)
{
	const uint32_t len = 100000;
	struct way w = way_any();

	w.comp.compress.window_size = bits;
	wdt_random_bytes(plain, period);
	for (uint32_t i = period; i < len; i++)
		plain[i] = plain[i - period];
	return device_to_zlib(c, &w, len, produced) == WDT_PASS ? WDT_PASS :
								  say(&w, len, "compression");
}

static int
windows(struct wdt_comp *c, bool zlib)
{
	uint32_t produced = 0;

	for (uint8_t bits = 12; bits <= 15; bits++) {
		if (window_period(c, bits, (1U << bits) + 300, &produced) != WDT_PASS)
			return WDT_FAIL;
		WDT_CHECK(produced > 99000);
		if (window_period(c, bits, (1U << bits) - 1000, &produced) != WDT_PASS)
			return WDT_FAIL;
		WDT_CHECK(produced < 60000 || !zlib); /* others find less */
		if (window_period(c, bits, 700, &produced) != WDT_PASS)
			return WDT_FAIL;
		WDT_CHECK(produced < 60000);
	}
	return WDT_PASS;
}

static int
windows_auto(struct wdt_comp *c)
{
	return windows(c, false);
}

static int
windows_openssl(struct wdt_comp *c)
{
	return windows(c, true);
}

WDT_TEST(comp_data_windows_auto)
{
	return wdt_comp_with("", 1, 64, windows_auto);
}

WDT_TEST(comp_data_windows_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, windows_openssl);
}

/* ---- room ---- */

/* What fits is right; `sure` says that it must, or must not, fit. */
static int
room_is(struct wdt_comp *c, const struct way *w, bool comp, struct wdt_comp_job *job,
		enum rte_comp_op_status want, bool sure)
{
	static uint8_t again[MAX_ROOM];
	uint32_t used = 0;

	if ((comp ? device_deflate : device_inflate)(c, w, job) != WDT_PASS)
		return WDT_FAIL;
	if (sure)
		WDT_CHECK_EQ(job->status, want);
	if (job->status != SUCCESS) {
		WDT_CHECK_EQ(job->status, NO_ROOM);
		return WDT_PASS;
	}
	if (!comp) {
		WDT_CHECK_MEM(job->out, plain, job->produced);
		return WDT_PASS;
	}
	WDT_CHECK_EQ(wdt_zlib_inflate(job->out, job->produced, again, sizeof(again), 15, &used),
			job->in_len);
	WDT_CHECK_MEM(again, plain, job->in_len);
	return WDT_PASS;
}

/* The output has `need` bytes: with just as many it fits, with fewer it does not. */
static int
rooms(struct wdt_comp *c, const struct way *w, bool comp, uint32_t in_len, uint32_t need, bool sure)
{
	const uint8_t *in = comp ? plain : packed;

	for (uint32_t less = 0; less < need; less += less < 20 ? 1 : 1 + need / 7) {
		struct wdt_comp_job job = job_of(w, in, in_len, back, need - less);

		if (room_is(c, w, comp, &job, less == 0 ? SUCCESS : NO_ROOM, sure) != WDT_PASS) {
			printf("# %u bytes too few of %u\n", less, need);
			return say(w, in_len, comp ? "compression" : "decompression");
		}
	}
	return WDT_PASS;
}

/* Unless the engine is zlib, the output depends on where the segments end. */
static int
tight_once(struct wdt_comp *c, uint32_t len, enum rte_comp_checksum_type chksum, bool zlib)
{
	struct way w = way_any();
	uint32_t n = 0;
	bool sure;

	w.chksum = chksum;
	sure = zlib || (!w.src_chain && !w.dst_chain && len < 50000);
	if (device_to_zlib(c, &w, len, &n) != WDT_PASS)
		return WDT_FAIL;
	if (rooms(c, &w, true, len, n, sure) != WDT_PASS)
		return WDT_FAIL;
	return rooms(c, &w, false, n, len, true);
}

static int
tight(struct wdt_comp *c, bool zlib)
{
	static const uint32_t lens[] = { 1, 2, 64, 300, 1000, 5000, 30000, 65000, 130000 };

	const unsigned int nb = RTE_DIM(checksums);

	for (unsigned int i = 0; i < RTE_DIM(lens) * WDT_COMP_NB_KINDS * nb; i++) {
		const uint32_t len = lens[i / nb % RTE_DIM(lens)];

		wdt_comp_fill(plain, len, (enum wdt_comp_kind)(i / nb / RTE_DIM(lens)));
		if (tight_once(c, len, checksums[i % nb], zlib) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

static int
tight_auto(struct wdt_comp *c)
{
	return tight(c, false);
}

static int
tight_openssl(struct wdt_comp *c)
{
	return tight(c, true);
}

WDT_TEST(comp_data_destination_too_small_or_exact_auto)
{
	return wdt_comp_with("", 1, 64, tight_auto);
}

WDT_TEST(comp_data_destination_too_small_or_exact_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, tight_openssl);
}

WDT_TEST(comp_data_destination_too_small_or_exact_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, tight_auto);
}

/* ---- bad streams ---- */

static uint32_t
mutate(uint8_t *p, uint32_t len)
{
	const unsigned int nb = 1 + (unsigned int)wdt_random() % 8;

	for (unsigned int i = 0; i < nb; i++)
		p[wdt_random() % len] ^= (uint8_t)(1U << wdt_random() % 8);
	return wdt_random() % 4 == 0 ? 1 + (uint32_t)wdt_random() % len : len;
}

/* Whatever the input is, wdt_comp_run() looks at the guard bytes and at the counts. */
static int
mutated_once(struct wdt_comp *c, uint32_t len, bool zlib)
{
	static uint8_t want[MAX_ROOM];
	const uint32_t room = 1 + (uint32_t)wdt_random() % (2 * len);
	const struct way w = way_any();
	struct wdt_comp_job job = job_of(&w, packed, len, back, room);
	uint32_t used = 0;
	int64_t n;

	if (device_inflate(c, &w, &job) != WDT_PASS)
		return WDT_FAIL;
	n = wdt_zlib_inflate(packed, len, want, room, 15, &used);
	if (job.status != SUCCESS) {
		WDT_CHECK_EQ(n, -1);
		WDT_CHECK_EQ(job.produced, 0);
		return WDT_PASS;
	}
	if (n < 0 && !zlib)
		return WDT_PASS; /* other engines take more than zlib does */
	WDT_CHECK_EQ(job.produced, n);
	WDT_CHECK_EQ(job.consumed, used);
	WDT_CHECK_MEM(back, want, job.produced);
	return WDT_PASS;
}

static int
mutated(struct wdt_comp *c, bool zlib)
{
	const unsigned int nb = wdt_fewer(10000, "spoiled streams");

	for (unsigned int i = 0; i < nb; i++) {
		const uint32_t len = 1 + (uint32_t)wdt_random() % 2000;
		uint32_t n;

		wdt_comp_fill(plain, len, (enum wdt_comp_kind)(i % WDT_COMP_NB_KINDS));
		n = wdt_zlib_deflate(plain, len, packed, sizeof(packed), (int)(i % 10),
				i % 7 == 0 ? Z_FIXED : Z_DEFAULT_STRATEGY);
		WDT_CHECK(n > 0);
		n = mutate(packed, n);
		if (mutated_once(c, n, zlib) != WDT_PASS) {
			printf("# stream %u of %u bytes\n", i, n);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

static int
mutated_auto(struct wdt_comp *c)
{
	return mutated(c, false);
}

static int
mutated_openssl(struct wdt_comp *c)
{
	return mutated(c, true);
}

WDT_TEST(comp_data_mutated_streams_auto)
{
	return wdt_comp_with("", 1, 64, mutated_auto);
}

WDT_TEST(comp_data_mutated_streams_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, mutated_openssl);
}

WDT_TEST(comp_data_mutated_streams_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, mutated_auto);
}

static int
cut(struct wdt_comp *c, uint32_t len)
{
	const uint32_t n = wdt_zlib_deflate(
			plain, len, packed, sizeof(packed), (int)(len % 10), Z_DEFAULT_STRATEGY);

	WDT_CHECK(n > 1);
	for (uint32_t less = 1; less < n; less += less < 12 ? 1 : 1 + n / 8) {
		const struct way w = way_any();
		struct wdt_comp_job job = job_of(&w, packed, n - less, back, len + 100);

		if (device_inflate(c, &w, &job) != WDT_PASS)
			return WDT_FAIL;
		if (job.status == SUCCESS)
			return say(&w, n - less, "decompression of a truncated stream");
	}
	return WDT_PASS;
}

static int
truncated(struct wdt_comp *c)
{
	const unsigned int nb = wdt_fewer(400, "truncated streams");

	for (unsigned int i = 0; i < nb; i++) {
		const uint32_t len = 1 + (uint32_t)wdt_random() % 3000;

		wdt_comp_fill(plain, len, (enum wdt_comp_kind)(i % WDT_COMP_NB_KINDS));
		if (cut(c, len) != WDT_PASS)
			return WDT_FAIL;
	}
	return WDT_PASS;
}

WDT_TEST(comp_data_truncated_streams_auto)
{
	return wdt_comp_with("", 1, 64, truncated);
}

WDT_TEST(comp_data_truncated_streams_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, truncated);
}

WDT_TEST(comp_data_truncated_streams_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, truncated);
}
