/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Driving the ZIP engine of the software device directly: descriptors are made
 * here from the bit positions of the layout table, not from the macros of
 * hisi_zip.h, and what is compressed or inflated is compared with zlib.
 */

#ifndef TEST_MODEL_ZIP_H
#define TEST_MODEL_ZIP_H

#include "engine.h"
#include "wdt.h"

#define ZRIG_BASE 0x7e0000000000ULL
/* Areas; a page that faults follows each of the last two. */
#define ZRIG_SGL 0x0U
#define ZRIG_CTX 0x400000U
#define ZRIG_SRC 0x500000U
#define ZRIG_AREA 0xa00000U /* bytes of source and of destination */
#define ZRIG_GUARD 0x1000U
#define ZRIG_DST (ZRIG_SRC + ZRIG_AREA + ZRIG_GUARD)
#define ZRIG_SIZE (ZRIG_DST + ZRIG_AREA + ZRIG_GUARD)
#define ZRIG_NOWHERE 0x123456780000ULL

#define ZIP_COMPRESS 0U
#define ZIP_DECOMPRESS 1U
#define ZIP_RAW 1U
#define ZIP_ZLIB 2U
#define ZIP_GZIP 3U
#define ZIP_FLAT 0U
#define ZIP_SGL 1U
#define ZIP_CTX_SIZE 65536U
#define ZIP_CTX_OFFSET 64U

/* status */
#define ZIP_DONE 0x00U
#define ZIP_EXPANDED 0x0dU
#define ZIP_NO_ROOM 0x0eU
#define ZIP_CHECKSUM 0x10U
#define ZIP_END 0x13U

/** A descriptor in the words of the table; what is 0 stays 0. */
struct zip_op {
	uint16_t qc_type;
	uint8_t type, alg, buf_type, window;
	uint8_t stateful, first, finish;
	uint32_t priv;
	uint32_t in_len, room, in_off, out_off;
	uint64_t src, dst, ctx;
	uint32_t words[3], isize, checksum;
	uint8_t poke_at, poke; /* another byte of the descriptor, ORed in */
};

struct zip_result {
	unsigned int status;
	uint32_t consumed, produced, words[3], isize, checksum;
	bool last, task_error;
};

struct zrig {
	unsigned int version;
	enum wdm_engine engine_kind;
	void *engine;
	struct wdm_space *space;
	bool remote; /* memory is reached through wdm_space_ops only */
	int writes_left; /* then they fail; negative: never */
	uint8_t *mem;
	struct zip_result r; /* of the last descriptor */
};

int zrig_open(struct zrig *rig, unsigned int version, enum wdm_engine engine, bool remote);
void zrig_close(struct zrig *rig);
/** All combinations of version and engine; the callback's first failure ends it. */
int zrig_each(int (*fn)(struct zrig *rig));

static inline uint8_t *
zrig_at(struct zrig *rig, uint32_t offset)
{
	return rig->mem + offset;
}

/** The algorithms that a version has: from the result up to ZIP_GZIP. */
static inline uint8_t
zrig_first_alg(const struct zrig *rig)
{
	return rig->version == 2 ? ZIP_ZLIB : ZIP_RAW;
}

/** len bytes at the very end of an area, so that the byte after them faults. */
uint32_t zrig_src(uint32_t len);
uint32_t zrig_dst(uint32_t len);

/** Stateless, flat, in_len bytes that lie at zrig_src() to room bytes at zrig_dst(). */
struct zip_op zip_op_default(const struct zrig *rig, uint16_t qc_type, uint8_t alg, uint32_t in_len,
		uint32_t room);
void zip_op_encode(const struct zip_op *op, uint8_t sqe[128]);

/**
 * Run one descriptor; the result is in the rig. WDT_FAIL when the engine touched
 * anything of the descriptor but its result words.
 */
int zrig_run(struct zrig *rig, const struct zip_op *op);

/**
 * A list over [iova, iova + len) in pieces of the given lengths, in turn, the last
 * one again and again; a chain when there are more than a list has room for.
 */
uint64_t zrig_sgl(struct zrig *rig, uint32_t at, uint64_t iova, uint32_t len,
		const uint32_t *pieces, unsigned int nb);

/** Test data: 0 zeros, 1 text, 2 random, 3 a mix of them. */
#define ZIP_DATA_KINDS 4
void zip_data(uint8_t *p, uint32_t len, unsigned int kind);

/* The oracle. All of these are raw deflate plus the trailer, no header. */
uint32_t zlib_compress(uint8_t alg, int level, int strategy, const uint8_t *in, uint32_t in_len,
		uint8_t *out, uint32_t room);
/** Bytes made of it, or -1; *used: bytes of the stream with its trailer. */
int64_t zlib_inflate_all(uint8_t alg, const uint8_t *in, uint32_t in_len, uint8_t *out,
		uint32_t room, uint32_t *used);
/** What the checksum word of a descriptor has to be. */
uint32_t zip_check_word(uint8_t alg, const uint8_t *p, uint32_t len);
uint32_t zip_trailer_len(uint8_t alg);

#define ZRIG_CHECK_ERROR(rig)                                                                      \
	do {                                                                                       \
		WDT_CHECK((rig)->r.status >= 0x80);                                                \
		WDT_CHECK_EQ((rig)->r.consumed, 0);                                                \
		WDT_CHECK_EQ((rig)->r.produced, 0);                                                \
		WDT_CHECK((rig)->r.task_error);                                                    \
	} while (0)

#endif /* TEST_MODEL_ZIP_H */
