/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * HiSilicon ZIP descriptors: type 0 (Kunpeng 920) and type 3 (Kunpeng 930), one
 * layout of 128 bytes whose few differences are noted at the fields.
 *
 * All fields are little endian. The layout is that of UADK (drv/hisi_comp.c) and
 * Linux (drivers/crypto/hisilicon/zip). A macro NAME_SHIFT with NAME_MASK describes
 * a field of the word named in its prefix; the mask is not shifted.
 *
 * The direction is not in the descriptor: it is the queue's type, see
 * HISI_ZIP_QC_TYPE_* in hisi_qm.h.
 */

#ifndef HISI_ZIP_H
#define HISI_ZIP_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#define HISI_ZIP_SQE_SIZE 128

struct hisi_zip_sqe {
	__le32 consumed; /* out: bytes of input, a header not counted */
	__le32 produced; /* out: bytes of output, a header not counted */
	__le32 comp_data_length; /* out; LZ77 only */
	__le32 status; /* out: HISI_ZIP_3_* */
	__le32 input_data_length; /* bytes, without what in_offset skips */
	__le32 lba_l; /* 0 */
	__le32 lba_h; /* 0 */
	__le32 dw7; /* HISI_ZIP_7_* */
	__le32 dw8; /* HISI_ZIP_8_* */
	__le32 dw9; /* HISI_ZIP_9_* */
	__le32 dw10; /* 0 */
	__le32 priv_info; /* 0; HISI_ZIP_PRIV_FIXED for the software device only */
	__le32 dw12; /* 0 */
	__le32 tag_v2; /* echoed by type 0 */
	__le32 dest_avail_out; /* bytes of room at the destination */
	__le32 ctx_dw0; /* HISI_ZIP_CTX0_*; in and out, stateful only */
	__le64 comp_head_addr; /* 0 */
	__le64 source_addr; /* flat or SGL; valid even if the length is 0 */
	__le64 dest_addr; /* flat or SGL */
	__le64 stream_ctx_addr; /* context buffer + HISI_ZIP_CTX_HW_OFFSET; 0 when stateless */
	__le64 cipher_key1_addr; /* 0; LZ77: literals */
	__le64 tag; /* echoed by type 3 */
	__le32 ctx_dw1; /* in and out, stateful only */
	__le32 ctx_dw2; /* in and out, stateful only */
	__le32 isize; /* in and out: bytes uncompressed so far */
	__le32 checksum; /* in and out, see HISI_ZIP_ALG_* */
};
static_assert(sizeof(struct hisi_zip_sqe) == HISI_ZIP_SQE_SIZE, "a ZIP SQE is 128 bytes");
static_assert(offsetof(struct hisi_zip_sqe, status) == 12, "hisi_zip_sqe.status");
static_assert(offsetof(struct hisi_zip_sqe, dw7) == 28, "hisi_zip_sqe.dw7");
static_assert(offsetof(struct hisi_zip_sqe, dest_avail_out) == 56, "hisi_zip_sqe.dest_avail_out");
static_assert(offsetof(struct hisi_zip_sqe, source_addr) == 72, "hisi_zip_sqe.source_addr");
static_assert(offsetof(struct hisi_zip_sqe, stream_ctx_addr) == 88, "hisi_zip_sqe.stream_ctx_addr");
static_assert(offsetof(struct hisi_zip_sqe, tag) == 104, "hisi_zip_sqe.tag");
static_assert(offsetof(struct hisi_zip_sqe, ctx_dw1) == 112, "hisi_zip_sqe.ctx_dw1");
static_assert(offsetof(struct hisi_zip_sqe, checksum) == 124, "hisi_zip_sqe.checksum");

#define HISI_ZIP_3_STATUS_SHIFT 0 /* HISI_ZIP_STATUS_* */
#define HISI_ZIP_3_STATUS_MASK 0xffU
#define HISI_ZIP_3_LAST_BLOCK_SHIFT 8 /* the final block was seen */
#define HISI_ZIP_3_LAST_BLOCK_MASK 0x1U

#define HISI_ZIP_7_IN_OFFSET_SHIFT 0 /* bytes skipped at the start of the source SGL */
#define HISI_ZIP_7_IN_OFFSET_MASK 0xffffffU
#define HISI_ZIP_7_FLUSH_SHIFT 25 /* HISI_ZIP_FLUSH_*; not looked at when stateless */
#define HISI_ZIP_7_FLUSH_MASK 0x1U
#define HISI_ZIP_7_STREAM_MODE_SHIFT 26 /* HISI_ZIP_STATE* */
#define HISI_ZIP_7_STREAM_MODE_MASK 0x1U
#define HISI_ZIP_7_STREAM_NEW_SHIFT 27 /* 1: first descriptor of a stream */
#define HISI_ZIP_7_STREAM_NEW_MASK 0x1U
#define HISI_ZIP_7_TYPE_SHIFT 28 /* HISI_ZIP_TYPE_* */
#define HISI_ZIP_7_TYPE_MASK 0xfU

#define HISI_ZIP_8_OUT_OFFSET_SHIFT 0 /* bytes skipped at the start of the destination SGL */
#define HISI_ZIP_8_OUT_OFFSET_MASK 0xffffffU

#define HISI_ZIP_9_ALG_SHIFT 0 /* HISI_ZIP_ALG_* */
#define HISI_ZIP_9_ALG_MASK 0xffU
#define HISI_ZIP_9_BUF_TYPE_SHIFT 8 /* HISI_ZIP_BUF_*, of source and destination alike */
#define HISI_ZIP_9_BUF_TYPE_MASK 0xfU
#define HISI_ZIP_9_WINDOW_SHIFT 12 /* HISI_ZIP_WINDOW_* */
#define HISI_ZIP_9_WINDOW_MASK 0xfU

#define HISI_ZIP_FLUSH_SYNC 0U /* ends byte aligned, outside a block, not final */
#define HISI_ZIP_FLUSH_FINISH 1U
#define HISI_ZIP_STATELESS 0U
#define HISI_ZIP_STATEFUL 1U

#define HISI_ZIP_TYPE_V2 0U /* Kunpeng 920: zlib and gzip only */
#define HISI_ZIP_TYPE_V3 3U

/* Checksum: zlib Adler-32 as a number; gzip the raw register, of which the CRC-32
 * is the bit-reversed complement. Raw deflate has none.
 */
#define HISI_ZIP_ALG_DEFLATE 0x01U
#define HISI_ZIP_ALG_ZLIB 0x02U
#define HISI_ZIP_ALG_GZIP 0x03U
#define HISI_ZIP_ALG_LZ4 0x04U /* a block; compression, stateless */
#define HISI_ZIP_ALG_LZ77_ZSTD_PRICE 0x42U
#define HISI_ZIP_ALG_LZ77_ZSTD 0x43U

/* Hardware has no field for the Huffman type and chooses by itself. The software
 * device takes this bit of priv_info as "fixed codes only".
 */
#define HISI_ZIP_PRIV_FIXED 0x1U

#define HISI_ZIP_BUF_FLAT 0U
#define HISI_ZIP_BUF_SGL 1U

#define HISI_ZIP_WINDOW_4K 0U
#define HISI_ZIP_WINDOW_8K 1U
#define HISI_ZIP_WINDOW_16K 2U
#define HISI_ZIP_WINDOW_24K 3U
#define HISI_ZIP_WINDOW_32K 4U

#define HISI_ZIP_STATUS_DONE 0x00U
#define HISI_ZIP_STATUS_EXPANDED 0x0dU /* output larger than input; a success */
#define HISI_ZIP_STATUS_NO_ROOM 0x0eU /* destination too small */
#define HISI_ZIP_STATUS_CHECKSUM 0x10U /* trailer does not fit the data */
#define HISI_ZIP_STATUS_STREAM_END 0x13U /* end of the stream found; a success */
/* Others mean a bad stream or descriptor; which means what is not public. */

/* Stateful context: 64 KiB, zeroed at the start of a stream; words 0..2 of the
 * descriptor are saved at bytes 0, 4 and 8 and put back by software.
 */
#define HISI_ZIP_CTX_SIZE (64U << 10)
#define HISI_ZIP_CTX_HW_OFFSET 64U
#define HISI_ZIP_CTX0_ST_SHIFT 0 /* HISI_ZIP_CTX_ST_* */
#define HISI_ZIP_CTX0_ST_MASK 0xfU
#define HISI_ZIP_CTX0_FINAL_SHIFT 7 /* final-block bit of the current block */
#define HISI_ZIP_CTX0_FINAL_MASK 0x1U
#define HISI_ZIP_CTX0_HEAD_BITS_SHIFT 10 /* bits cached, not yet decoded */
#define HISI_ZIP_CTX0_HEAD_BITS_MASK 0x3fU
#define HISI_ZIP_CTX1_STORED_LEFT_MASK 0x7ffffU /* bytes left in a stored block */
#define HISI_ZIP_CTX2_WIN_LEN_MASK 0xffffU

#define HISI_ZIP_CTX_ST_LAST_NO_ROOM 1U /* the last block lacks room: send again, empty */
#define HISI_ZIP_CTX_ST_INFLATE_NO_ROOM 2U
#define HISI_ZIP_CTX_ST_BLOCK_NOT_STARTED 3U
#define HISI_ZIP_CTX_ST_NO_CHECKSUM 4U

/* Limits, bytes. */
#define HISI_ZIP_MAX_INPUT (8U << 20)
#define HISI_ZIP_MAX_OUTPUT (8U << 20)
#define HISI_ZIP_STATEFUL_MIN_OUTPUT 200U /* more than this, when stateful */

/* Headers are software's, written or skipped; trailers are the hardware's. */
#define HISI_ZIP_ZLIB_HEADER_SIZE 2U
#define HISI_ZIP_GZIP_HEADER_SIZE 10U

#endif /* HISI_ZIP_H */
