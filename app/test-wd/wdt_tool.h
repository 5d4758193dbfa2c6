/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Files for gzip and python3, the programs: what we compress they inflate, and the
 * other way round. A file is a header, a raw deflate stream and a trailer; raw ones
 * have neither header nor trailer.
 */

#ifndef WDT_TOOL_H
#define WDT_TOOL_H

#include "wdt.h"

enum wdt_tool_format {
	WDT_TOOL_RAW,
	WDT_TOOL_ZLIB,
	WDT_TOOL_GZIP,
	WDT_TOOL_NB_FORMATS,
};

#define WDT_TOOL_HEADER_MAX 10
#define WDT_TOOL_TRAILER_MAX 8

/** Make a header; returns its bytes. */
uint32_t wdt_tool_header(enum wdt_tool_format format, uint8_t header[WDT_TOOL_HEADER_MAX]);
/** Make a trailer from the checksum that the format has, and the plain length. */
uint32_t wdt_tool_trailer(enum wdt_tool_format format, uint32_t checksum, uint32_t plain_len,
		uint8_t trailer[WDT_TOOL_TRAILER_MAX]);
/** Bytes of the header that a file has, a name of gzip's included; 0 if it is none. */
uint32_t wdt_tool_header_len(enum wdt_tool_format format, const uint8_t *file, uint32_t len);

/**
 * Write the file, have every program that knows the format inflate it, and compare
 * with plain. Fails too when the file goes on behind its end. WDT_PASS or WDT_FAIL.
 */
int wdt_tool_inflates(enum wdt_tool_format format, const uint8_t *file, uint32_t len,
		const uint8_t *plain, uint32_t plain_len);

/** Ways of making a file, levels and programs; for every format the same number. */
#define WDT_TOOL_NB_WAYS 4
/** Have a program compress plain; its file is in `file`. Returns bytes, 0 if it failed. */
uint32_t wdt_tool_deflate(enum wdt_tool_format format, unsigned int way, const uint8_t *plain,
		uint32_t plain_len, uint8_t *file, uint32_t room);

#endif /* WDT_TOOL_H */
