/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The compression driver and programs: gzip and python3 inflate what it compressed,
 * and it inflates what they did. The driver makes raw deflate and a checksum; the
 * zlib and gzip formats are a header and a trailer around these, as an application
 * would write them.
 */

#include <stdlib.h>

#include "wdt_comp.h"
#include "wdt_tool.h"

#define TOTAL 600000U
#define OUT WDT_COMP_ROOM(TOTAL)

static uint8_t plain[TOTAL], file[OUT + WDT_TOOL_HEADER_MAX + WDT_TOOL_TRAILER_MAX],
		back[TOTAL + 1];

static const enum rte_comp_checksum_type checksums[WDT_TOOL_NB_FORMATS] = { RTE_COMP_CHECKSUM_NONE,
	RTE_COMP_CHECKSUM_ADLER32, RTE_COMP_CHECKSUM_CRC32 };

/* What is compressed: a little of each kind, and a program of this machine. */
static uint32_t
plain_make(unsigned int kind)
{
	static const uint32_t lens[WDT_COMP_NB_KINDS] = { 200001, 70000, TOTAL };
	size_t n = 0;
	FILE *f;

	if (kind < WDT_COMP_NB_KINDS) {
		wdt_comp_fill(plain, lens[kind], (enum wdt_comp_kind)kind);
		return lens[kind];
	}
	f = fopen("/proc/self/exe", "rb");
	if (f != NULL) {
		n = fread(plain, 1, TOTAL, f);
		fclose(f);
	}
	return (uint32_t)n;
}

/* in[len] through the device, as one op or as a stream. *out_len: bytes in out. */
static int
through(struct wdt_comp *c, const struct rte_comp_xform *xform, bool stream, const uint8_t *in,
		uint32_t len, uint8_t *out, uint32_t *out_len, uint64_t *chksum)
{
	const uint32_t room = out == back ? TOTAL : OUT;
	struct wdt_comp_flow f = { .c = c,
		.in = in,
		.in_len = len,
		.out = out,
		.out_room = room,
		.piece = 60000,
		.room = 60000,
		.chain = wdt_random() & 1,
		.empty_end = wdt_random() & 1 };
	struct wdt_comp_job job = { .in = in, .in_len = len, .out = out, .room = room };
	int rc;

	if (stream) {
		f.empty_end &= xform->type == RTE_COMP_COMPRESS;
		WDT_CHECK_EQ(wdt_comp_flow_run(&f, xform), WDT_PASS);
		*out_len = f.out_pos;
		*chksum = f.chksum;
		return WDT_PASS;
	}
	job.xform = wdt_comp_xform(c, xform);
	WDT_CHECK(job.xform != NULL);
	rc = wdt_comp_run(c, &job);
	WDT_CHECK_EQ(rte_compressdev_private_xform_free(c->id, job.xform), 0);
	WDT_CHECK_EQ(rc, 0);
	WDT_CHECK_EQ(job.status, RTE_COMP_OP_STATUS_SUCCESS);
	WDT_CHECK_EQ(job.consumed, len);
	*out_len = job.produced;
	*chksum = job.chksum;
	return WDT_PASS;
}

static int
to_programs_one(struct wdt_comp *c, enum wdt_tool_format format, bool stream, uint32_t len)
{
	const struct rte_comp_xform xform = wdt_comp_deflate(checksums[format]);
	const uint32_t header = wdt_tool_header(format, file);
	uint64_t chksum = 0;
	uint32_t n = 0;

	WDT_CHECK_EQ(through(c, &xform, stream, plain, len, file + header, &n, &chksum), WDT_PASS);
	n += header;
	n += wdt_tool_trailer(format, (uint32_t)chksum, len, file + n);
	return wdt_tool_inflates(format, file, n, plain, len);
}

static int
to_programs(struct wdt_comp *c)
{
	/* the numbers of formats and of kinds have no common factor */
	for (unsigned int i = 0; i < WDT_TOOL_NB_FORMATS * (WDT_COMP_NB_KINDS + 1); i++) {
		const enum wdt_tool_format format = (enum wdt_tool_format)(i % WDT_TOOL_NB_FORMATS);
		const uint32_t len = plain_make(i % (WDT_COMP_NB_KINDS + 1));
		const bool stream = (i / WDT_TOOL_NB_FORMATS + i) & 1;

		WDT_CHECK(len > 0);
		if (to_programs_one(c, format, stream, len) != WDT_PASS) {
			printf("# format %u, %u bytes, %s\n", format, len,
					stream ? "stream" : "one op");
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(comp_interop_programs_inflate_auto)
{
	return wdt_comp_with("", 1, 64, to_programs);
}

WDT_TEST(comp_interop_programs_inflate_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, to_programs);
}

WDT_TEST(comp_interop_programs_inflate_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, to_programs);
}

/* The programs' trailer is what comes out of our checksum. */
static int
from_programs_one(struct wdt_comp *c, enum wdt_tool_format format, bool stream, unsigned int way,
		uint32_t len)
{
	const struct rte_comp_xform xform = wdt_comp_inflate(checksums[format]);
	const uint32_t size = wdt_tool_deflate(format, way, plain, len, file, sizeof(file));
	const uint32_t header = wdt_tool_header_len(format, file, size);
	uint8_t trailer[WDT_TOOL_TRAILER_MAX];
	const uint32_t behind = wdt_tool_trailer(format, 0, 0, trailer);
	uint64_t chksum = 0;
	uint32_t n = 0;

	WDT_CHECK(size > header + behind);
	WDT_CHECK(header > 0 || format == WDT_TOOL_RAW);
	WDT_CHECK_EQ(through(c, &xform, stream, file + header, size - header - behind, back, &n,
				     &chksum),
			WDT_PASS);
	WDT_CHECK_EQ(n, len);
	WDT_CHECK_MEM(back, plain, len);
	wdt_tool_trailer(format, (uint32_t)chksum, len, trailer);
	WDT_CHECK_MEM(file + size - behind, trailer, behind);
	return WDT_PASS;
}

static int
from_programs(struct wdt_comp *c)
{
	for (unsigned int i = 0; i < WDT_TOOL_NB_FORMATS * WDT_TOOL_NB_WAYS; i++) {
		const enum wdt_tool_format format = (enum wdt_tool_format)(i % WDT_TOOL_NB_FORMATS);
		const unsigned int way = i / WDT_TOOL_NB_FORMATS % WDT_TOOL_NB_WAYS;
		const uint32_t len = plain_make(i % (WDT_COMP_NB_KINDS + 1));
		const bool stream = i & 1;

		WDT_CHECK(len > 0);
		if (from_programs_one(c, format, stream, way, len) != WDT_PASS) {
			printf("# format %u, way %u, %u bytes, %s\n", format, way, len,
					stream ? "stream" : "one op");
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(comp_interop_inflates_what_programs_made_auto)
{
	return wdt_comp_with("", 1, 64, from_programs);
}

WDT_TEST(comp_interop_inflates_what_programs_made_openssl)
{
	return wdt_comp_with("engine=openssl", 1, 64, from_programs);
}

WDT_TEST(comp_interop_inflates_what_programs_made_v2)
{
	return wdt_comp_with("hw=v2", 1, 64, from_programs);
}

/* The programs do look at the trailer: one bit less, and they refuse. */
static int
wrong_checksum(struct wdt_comp *c)
{
	const uint32_t len = plain_make(WDT_COMP_TEXT);
	const struct rte_comp_xform xform = wdt_comp_deflate(RTE_COMP_CHECKSUM_CRC32);
	const uint32_t header = wdt_tool_header(WDT_TOOL_GZIP, file);
	uint64_t chksum = 0;
	uint32_t n = 0;

	WDT_CHECK_EQ(through(c, &xform, false, plain, len, file + header, &n, &chksum), WDT_PASS);
	n += header;
	n += wdt_tool_trailer(WDT_TOOL_GZIP, (uint32_t)chksum ^ 1, len, file + n);
	WDT_CHECK_EQ(wdt_tool_inflates(WDT_TOOL_GZIP, file, n, plain, len), WDT_FAIL);
	return WDT_PASS;
}

WDT_TEST(comp_interop_programs_see_a_wrong_checksum)
{
	return wdt_comp_with("", 1, 64, wrong_checksum);
}
