/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * The ZIP engine of the software device, internal to zip*.c.
 *
 *     zip.c          the class: a batch in, results out
 *     zip_parse.c    descriptor of either type -> struct wdm_zip_req, checked
 *     zip_data.c     source and destination, chunk by chunk, and trailers
 *     zip_deflate.c  compression, stateless and stateful
 *     zip_inflate.c  decompression, stateless
 *     zip_resume.c   decompression, stateful
 *     zip_ctx.c      the client's context buffer
 *     zip_isal.c     ISA-L
 *     zip_zlib.c     zlib
 *
 * Where no public source says what hardware does, the model does this:
 *
 * - Lengths: a source or room above 8 MiB is refused, as is room of 200 bytes or
 *   less when stateful. An offset belongs to an SGL; with flat data it is refused.
 *   All of source and room must be reachable, whatever will be used of it.
 * - consumed and produced count trailers.
 * - The last-block bit is set when the final block is complete, in both directions.
 * - Status 0x0e when stateless: consumed and produced are 0, all must be sent
 *   again with more room. When stateful and compressing: the same, and the stream
 *   stands where it stood; that holds for the first descriptor of a stream too, so
 *   its stream_new bit may or may not be set again. When stateful and inflating: consumed and produced are exact,
 *   produced is all of the room, the context has advanced and ctx_st is 2; the
 *   rest of the input follows in the next descriptor. It is only reported when
 *   there is at least one byte more to deliver.
 * - Any other error: consumed and produced are 0, the context is as before. What
 *   the destination holds is undefined.
 * - ctx_st 1 is never reported. Where an inflated stream lacks room or input in the
 *   midst of a code, the bits of it count as consumed and wait in the context, so a
 *   descriptor without input may still deliver.
 * - The state between descriptors is in the client's context buffer alone, see
 *   zip_ctx.c; the three words have to come back as they were reported.
 * - A window of 24 KiB is compressed with as one of 16 KiB.
 * - A checksum mismatch (0x10) has consumed and produced as if it were none.
 */

#ifndef WDM_ZIP_H
#define WDM_ZIP_H

#include <zlib.h>

#include "data.h"
#include "engine.h"
#include "hisi_zip.h"

/**
 * Status of a descriptor: HISI_ZIP_STATUS_*, of which these are the usual ones, and
 * codes of the model's own for what is an error without a public code.
 */
enum wdm_zip_status {
	WDM_ZIP_OK = HISI_ZIP_STATUS_DONE,
	WDM_ZIP_NO_ROOM = HISI_ZIP_STATUS_NO_ROOM,
	WDM_ZIP_CHECKSUM = HISI_ZIP_STATUS_CHECKSUM,
	WDM_ZIP_END = HISI_ZIP_STATUS_STREAM_END,
	WDM_ZIP_E_TYPE = 0x81, /* descriptor type foreign to this hardware version */
	WDM_ZIP_E_QUEUE = 0x82, /* queue type is neither compression nor decompression */
	WDM_ZIP_E_ALG = 0x83, /* algorithm this hardware version does not have */
	WDM_ZIP_E_FIELD = 0x84, /* a field with a value nobody can mean */
	WDM_ZIP_E_LENGTH = 0x85, /* source or room outside the limits */
	WDM_ZIP_E_SGL = 0x86, /* malformed or too short scatter-gather list */
	WDM_ZIP_E_ADDR = 0x87, /* an address the device may not touch */
	WDM_ZIP_E_CONTEXT = 0x88, /* context that is not what this stream's last descriptor left */
	WDM_ZIP_E_STREAM = 0x89, /* source is not deflate */
	WDM_ZIP_E_TRUNCATED = 0x8a, /* stateless, and the source ends before the stream does */
	WDM_ZIP_E_ENGINE = 0x8b, /* the library underneath refused */
};

#define WDM_ZIP_WINDOW 32768U
#define WDM_ZIP_TRAILER_MAX 8U
/* 3 + 14 + 19 * 3 bits, 320 lengths of 7 bits, and what zlib reads ahead */
#define WDM_ZIP_BITS_MAX 304U

/** A string of bits, the first one lowest. */
struct wdm_bits {
	uint8_t bytes[WDM_ZIP_BITS_MAX];
	uint32_t nb;
};

/** Where a stream that is being inflated stands between two descriptors. */
enum wdm_zip_phase {
	WDM_ZIP_BLOCK_START, /* in front of a block or inside its header; tail: what there is of it */
	WDM_ZIP_STORED, /* stored_left bytes are to come; tail: nothing */
	WDM_ZIP_CODED, /* header: that of the block; tail: the beginning of a code */
	WDM_ZIP_TRAILER, /* after the final block; tail: what there is of the trailer */
	WDM_ZIP_ENDED,
};

/** What the context buffer holds, in the model's own form. See zip_ctx.c. */
struct wdm_zip_state {
	uint32_t phase; /* enum wdm_zip_phase; WDM_ZIP_BLOCK_START or WDM_ZIP_ENDED to compress */
	uint32_t final; /* the current block is the last */
	uint32_t stored_left;
	uint32_t skip; /* bytes of the match that tail begins with which have been delivered */
	uint32_t lacks_room; /* ctx_st is to say so */
	uint32_t win_len;
	struct wdm_bits header;
	struct wdm_bits tail;
	uint8_t window[WDM_ZIP_WINDOW]; /* the last win_len bytes before tail */
};

struct wdm_zip_req {
	struct wdm_space *space;
	bool compress;
	bool stateful;
	bool first; /* of a stream */
	bool finish;
	bool fixed;
	uint8_t alg; /* HISI_ZIP_ALG_* */
	uint8_t buf_type; /* HISI_ZIP_BUF_* */
	uint8_t window_bits; /* 12 to 15 */
	uint32_t in_len, in_off, room, out_off;
	uint64_t src, dst, ctx;
	uint32_t words[3]; /* ctx_dw0..2 */

	struct wdm_side in_side, out_side;

	/* results */
	uint32_t consumed, produced;
	bool last_block;
	uint32_t isize;
	uint32_t check; /* Adler-32 or CRC-32 as numbers */
};

/* Codecs: raw deflate only, no trailers. */

/** Moved along as a codec reads and writes. */
struct wdm_zip_buf {
	const uint8_t *in;
	uint8_t *out;
	uint32_t in_len, out_len;
};

enum wdm_zip_flush {
	WDM_ZIP_MORE, /* more input follows */
	WDM_ZIP_SYNC, /* all of the descriptor's input is there */
	WDM_ZIP_FINISH, /* and of the stream's */
};

enum wdm_codec_result {
	WDM_CODEC_AGAIN, /* wants more input or more room */
	WDM_CODEC_DONE, /* flushed or finished; inflate: end of stream */
	WDM_CODEC_BAD, /* not deflate */
};

struct wdm_zip;

struct wdm_zip_codec {
	int (*create)(struct wdm_zip *zip);
	void (*destroy)(struct wdm_zip *zip);
	/* Start from an empty state, with dict in front of the data; 0 or -1. */
	int (*deflate_begin)(struct wdm_zip *zip, const struct wdm_zip_req *req,
			const uint8_t *dict, uint32_t dict_len);
	enum wdm_codec_result (*deflate)(
			struct wdm_zip *zip, struct wdm_zip_buf *buf, enum wdm_zip_flush flush);
	void (*inflate_begin)(struct wdm_zip *zip);
	enum wdm_codec_result (*inflate)(struct wdm_zip *zip, struct wdm_zip_buf *buf);
	/* Bytes at the end of what inflate took that are not the stream's. */
	uint32_t (*inflate_excess)(const struct wdm_zip *zip);
	uint32_t (*crc32)(uint32_t crc, const uint8_t *p, uint32_t len);
	uint32_t (*adler32)(uint32_t adler, const uint8_t *p, uint32_t len);
};

extern const struct wdm_zip_codec wdm_zip_codec_zlib;
#ifdef WDM_HAVE_ISAL
extern const struct wdm_zip_codec wdm_zip_codec_isal;
#endif

/* What differs between hardware versions. */
struct wdm_zip_version {
	uint8_t sqe_type;
	uint8_t algs; /* bit by HISI_ZIP_ALG_* */
};

#define WDM_ZIP_WINDOW_SIZES 4 /* 4, 8, 16, 32 KiB; 24 KiB counts as 16 */
#define WDM_ZIP_MIN_WINDOW_BITS 12
#define WDM_ZIP_BOUNCE 65536U

struct wdm_zip {
	const struct wdm_zip_version *version;
	const struct wdm_zip_codec *codec;
	bool instant;
	struct wdm_piece *in_pieces, *out_pieces;
	void *isal; /* zip_isal.c */
	z_stream *deflating; /* the one in use */
	z_stream deflaters[WDM_ZIP_WINDOW_SIZES]; /* if codec is zlib */
	z_stream inflater; /* always there: stateful inflating is zlib's */
	bool has_inflater;
	unsigned int nb_deflaters;
	struct wdm_zip_state state;
	uint8_t in_bounce[WDM_ZIP_BOUNCE];
	uint8_t out_bounce[WDM_ZIP_BOUNCE];
};

/* zip_parse.c */
const struct wdm_zip_version *wdm_zip_version_get(unsigned int hw_version);
enum wdm_zip_status wdm_zip_parse(const struct wdm_zip_version *version, uint16_t qc_type,
		const uint8_t *sqe, struct wdm_zip_req *req);
/** Checksum as a number <-> as the descriptor has it. */
uint32_t wdm_zip_check_from_word(uint8_t alg, uint32_t word);
uint32_t wdm_zip_check_to_word(uint8_t alg, uint32_t check);

/* zip_data.c */

/** Walks along a side; both kinds start with chunk_len 0. */
struct wdm_zip_cursor {
	struct wdm_zip *zip;
	struct wdm_zip_req *req;
	const struct wdm_side *side;
	unsigned int piece;
	uint32_t off; /* in the piece */
	uint32_t left; /* bytes of the side after the current chunk */
	uint64_t bounced_to; /* address of the chunk if it is in a bounce buffer */
	bool bounced;
	bool fault; /* an access failed: the descriptor's status is WDM_ZIP_E_ADDR */
};

/** All that a request names is checked afterwards. */
enum wdm_zip_status wdm_zip_data_open(struct wdm_zip *zip, struct wdm_zip_req *req);
void wdm_zip_in_begin(struct wdm_zip_cursor *cursor, struct wdm_zip *zip, struct wdm_zip_req *req);
/** The next chunk; NULL at the end or after a fault. */
const uint8_t *wdm_zip_in_next(struct wdm_zip_cursor *cursor, uint32_t *len);
void wdm_zip_out_begin(struct wdm_zip_cursor *cursor, struct wdm_zip *zip, struct wdm_zip_req *req);
uint8_t *wdm_zip_out_next(struct wdm_zip_cursor *cursor, uint32_t *len);
/** The first len bytes of the current chunk have been written. */
void wdm_zip_out_commit(struct wdm_zip_cursor *cursor, const uint8_t *chunk, uint32_t len);
/** check and isize of a request, carried over len more bytes. */
void wdm_zip_check_update(
		struct wdm_zip *zip, struct wdm_zip_req *req, const uint8_t *p, uint32_t len);
/** Bytes of the algorithm's trailer, and what it has to be by check and isize. */
uint32_t wdm_zip_trailer_len(uint8_t alg);
void wdm_zip_trailer_make(const struct wdm_zip_req *req, uint8_t trailer[WDM_ZIP_TRAILER_MAX]);
/** Make win the last WDM_ZIP_WINDOW bytes of win followed by [off, off + len) of side. 0 or -1. */
int wdm_zip_window_push(struct wdm_zip_req *req, struct wdm_zip_state *state,
		const struct wdm_side *side, uint32_t off, uint32_t len);

/* zip_deflate.c, zip_inflate.c, zip_resume.c: the request is open; its results are set */
enum wdm_zip_status wdm_zip_deflate(struct wdm_zip *zip, struct wdm_zip_req *req);
enum wdm_zip_status wdm_zip_inflate(struct wdm_zip *zip, struct wdm_zip_req *req);
enum wdm_zip_status wdm_zip_resume(struct wdm_zip *zip, struct wdm_zip_req *req);

/* zip_ctx.c */
/** zip->state as the request's context has it, or that of a new stream. */
enum wdm_zip_status wdm_zip_ctx_load(struct wdm_zip *zip, struct wdm_zip_req *req);
/** Store zip->state, and make the request's words. */
enum wdm_zip_status wdm_zip_ctx_save(struct wdm_zip *zip, struct wdm_zip_req *req);

/* zip_zlib.c */
int wdm_zip_inflater_create(struct wdm_zip *zip);
void wdm_zip_inflater_destroy(struct wdm_zip *zip);

#endif /* WDM_ZIP_H */
