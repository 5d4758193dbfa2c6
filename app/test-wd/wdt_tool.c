/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <stdlib.h>
#include <unistd.h>

#include "wdt_tool.h"

#define GZIP_HAS_NAME 8 /* flag: a name follows the header's ten bytes, ended by 0 */

static const int window_bits[WDT_TOOL_NB_FORMATS] = { -15, 15, 31 };

/* ---- headers and trailers ---- */

uint32_t
wdt_tool_header(enum wdt_tool_format format, uint8_t header[WDT_TOOL_HEADER_MAX])
{
	static const uint8_t zlib[] = { 0x78, 0x9c };
	static const uint8_t gzip[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };

	if (format == WDT_TOOL_ZLIB) {
		memcpy(header, zlib, sizeof(zlib));
		return sizeof(zlib);
	}
	if (format == WDT_TOOL_GZIP) {
		memcpy(header, gzip, sizeof(gzip));
		return sizeof(gzip);
	}
	return 0;
}

uint32_t
wdt_tool_trailer(enum wdt_tool_format format, uint32_t checksum, uint32_t plain_len,
		uint8_t trailer[WDT_TOOL_TRAILER_MAX])
{
	if (format == WDT_TOOL_RAW)
		return 0;
	for (unsigned int i = 0; i < 4; i++) {
		trailer[i] = (uint8_t)(format == WDT_TOOL_ZLIB ? checksum >> (24 - 8 * i) :
								 checksum >> 8 * i);
		trailer[4 + i] = (uint8_t)(plain_len >> 8 * i);
	}
	return format == WDT_TOOL_ZLIB ? 4 : 8;
}

uint32_t
wdt_tool_header_len(enum wdt_tool_format format, const uint8_t *file, uint32_t len)
{
	uint32_t n = 10;

	if (format == WDT_TOOL_RAW)
		return 0;
	if (format == WDT_TOOL_ZLIB)
		return len >= 2 && (file[0] << 8 | file[1]) % 31 == 0 ? 2 : 0;
	if (len < n || file[0] != 0x1f || file[1] != 0x8b || (file[3] & ~GZIP_HAS_NAME) != 0)
		return 0;
	if ((file[3] & GZIP_HAS_NAME) != 0) {
		while (n < len && file[n] != 0)
			n++;
		n++;
	}
	return n <= len ? n : 0;
}

/* ---- programs ---- */

/* $1: folder with the file in; the result is the file out. */
static const char inflate_script[] = "import sys, zlib\n"
				     "d = zlib.decompressobj(int(sys.argv[1]))\n"
				     "plain = d.decompress(open(\"in\", \"rb\").read())\n"
				     "if not d.eof or d.unused_data: sys.exit(\"bad end\")\n"
				     "open(\"out\", \"wb\").write(plain)\n";

static const char deflate_script[] =
		"import sys, zlib\n"
		"c = zlib.compressobj(int(sys.argv[2]), zlib.DEFLATED, int(sys.argv[1]))\n"
		"open(\"out\", \"wb\").write(c.compress(open(\"in\", \"rb\").read()) + c.flush())\n";

static int
file_write(const char *name, const uint8_t *data, uint32_t len)
{
	FILE *f = fopen(name, "wb");
	bool good;

	if (f == NULL)
		return -1;
	good = fwrite(data, 1, len, f) == len;
	return fclose(f) == 0 && good ? 0 : -1;
}

/* Bytes, or -1: it is not there, or longer. */
static int64_t
file_read(const char *name, uint8_t *data, uint32_t room)
{
	FILE *f = fopen(name, "rb");
	size_t n;
	bool more;

	if (f == NULL)
		return -1;
	n = fread(data, 1, room, f);
	more = fgetc(f) != EOF;
	fclose(f);
	return more ? -1 : (int64_t)n;
}

/* Run a command that makes `out` of `in`, in a folder of its own. Bytes, or -1. */
static int64_t
convert(const char *command, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t room)
{
	char dir[] = "/tmp/wd-test-XXXXXX", path[64], line[1024];
	int64_t n = -1;

	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/in", dir);
	snprintf(line, sizeof(line), "cd %s && %s", dir, command);
	fflush(stdout);
	if (file_write(path, in, len) == 0 && system(line) == 0) {
		snprintf(path, sizeof(path), "%s/out", dir);
		n = file_read(path, out, room);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/in", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/out", dir);
	unlink(path);
	rmdir(dir);
	if (n < 0)
		printf("# failed: %s\n", command);
	return n;
}

static int
command_inflates(const char *command, const uint8_t *file, uint32_t len, const uint8_t *plain,
		uint32_t plain_len)
{
	uint8_t *out = malloc(plain_len + 1U);
	int64_t n;
	int rc;

	if (out == NULL)
		return WDT_FAIL;
	n = convert(command, file, len, out, plain_len + 1U);
	rc = n == (int64_t)plain_len && memcmp(out, plain, plain_len) == 0 ? WDT_PASS : WDT_FAIL;
	free(out);
	if (rc != WDT_PASS)
		printf("# %" PRId64 " bytes came, %u expected, from %s\n", n, plain_len, command);
	return rc;
}

int
wdt_tool_inflates(enum wdt_tool_format format, const uint8_t *file, uint32_t len,
		const uint8_t *plain, uint32_t plain_len)
{
	char command[512];

	snprintf(command, sizeof(command), "python3 -c '%s' %d", inflate_script,
			window_bits[format]);
	if (command_inflates(command, file, len, plain, plain_len) != WDT_PASS)
		return WDT_FAIL;
	/* says so, and fails, when there is something behind the end */
	return format != WDT_TOOL_GZIP ?
			WDT_PASS :
			command_inflates("gzip -dc <in >out", file, len, plain, plain_len);
}

uint32_t
wdt_tool_deflate(enum wdt_tool_format format, unsigned int way, const uint8_t *plain,
		uint32_t plain_len, uint8_t *file, uint32_t room)
{
	static const char *const gzips[] = { "gzip -1 <in >out", "gzip -9c in >out" };
	static const int levels[] = { 6, 0, 1, 9 };
	char command[512];
	int64_t n;

	if (format == WDT_TOOL_GZIP && way >= 2)
		snprintf(command, sizeof(command), "%s", gzips[way - 2]);
	else
		snprintf(command, sizeof(command), "python3 -c '%s' %d %d", deflate_script,
				window_bits[format], levels[way]);
	n = convert(command, plain, plain_len, file, room);
	return n < 0 ? 0 : (uint32_t)n;
}
