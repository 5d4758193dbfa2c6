/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The engine's own zlib and gzip streams, with its trailers, and programs. */

#include "test_model_zip.h"
#include "wdt_tool.h"

#define LEN 150000U
#define ROOM (LEN + LEN / 4)

static uint8_t plain[LEN], file[ROOM + WDT_TOOL_HEADER_MAX];

static const uint8_t algs[WDT_TOOL_NB_FORMATS] = { ZIP_RAW, ZIP_ZLIB, ZIP_GZIP };

static int
programs_inflate(struct zrig *rig, enum wdt_tool_format format)
{
	const struct zip_op op = zip_op_default(rig, ZIP_COMPRESS, algs[format], LEN, ROOM);
	const uint32_t header = wdt_tool_header(format, file);

	memcpy(zrig_at(rig, zrig_src(LEN)), plain, LEN);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK(rig->r.status == ZIP_DONE || rig->r.status == ZIP_EXPANDED);
	memcpy(file + header, zrig_at(rig, zrig_dst(ROOM)), rig->r.produced);
	return wdt_tool_inflates(format, file, header + rig->r.produced, plain, LEN);
}

static int
inflates_programs(struct zrig *rig, enum wdt_tool_format format, unsigned int way)
{
	const uint32_t size = wdt_tool_deflate(format, way, plain, LEN, file, ROOM);
	const uint32_t header = wdt_tool_header_len(format, file, size);
	struct zip_op op;

	WDT_CHECK(size > header);
	op = zip_op_default(rig, ZIP_DECOMPRESS, algs[format], size - header, LEN);
	memcpy(zrig_at(rig, zrig_src(op.in_len)), file + header, op.in_len);
	WDT_CHECK_EQ(zrig_run(rig, &op), WDT_PASS);
	WDT_CHECK(rig->r.status == ZIP_DONE || rig->r.status == ZIP_END);
	WDT_CHECK_EQ(rig->r.consumed, op.in_len);
	WDT_CHECK_EQ(rig->r.produced, LEN);
	WDT_CHECK_MEM(zrig_at(rig, zrig_dst(LEN)), plain, LEN);
	return WDT_PASS;
}

static int
both_ways(struct zrig *rig)
{
	for (unsigned int i = 0; i < WDT_TOOL_NB_FORMATS; i++) {
		const enum wdt_tool_format format = (enum wdt_tool_format)i;
		const unsigned int way = (unsigned int)wdt_random() % WDT_TOOL_NB_WAYS;

		if (algs[format] < zrig_first_alg(rig))
			continue;
		zip_data(plain, LEN, i % 2 == 0 ? 1 : 3);
		if (programs_inflate(rig, format) != WDT_PASS ||
				inflates_programs(rig, format, way) != WDT_PASS) {
			printf("# format %u, way %u\n", format, way);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(zip_interop_with_programs)
{
	return zrig_each(both_ways);
}
