/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * ISA-L: level 1 for dynamic codes, level 0 for fixed ones, which level 1 does
 * not have. Its streaming calls are as fast as its one-shot calls and take data
 * in pieces, so the latter are not used.
 *
 * Its arm64 functions read behind the end of the input: up to 7 bytes where deflate
 * compares eight at a time, 32 in Adler-32. That may be another page, which is not
 * there; hence WDM_ISAL_READS_BEHIND, as many bytes as that, 0 where it does not. The
 * last ones of the input are then given to it in a copy.
 */

#include <stdlib.h>
#include <string.h>

#include <isa-l.h>

#include "zip.h"

#ifndef WDM_ISAL_READS_BEHIND
#define WDM_ISAL_READS_BEHIND 0
#endif
#define END_LEN 32U /* of the input: so much is copied, and so much may be read behind it */

struct isal {
	struct isal_zstream deflater;
	struct inflate_state inflater;
	uint8_t level_buf[ISAL_DEF_LVL1_DEFAULT];
	uint8_t end[2 * END_LEN];
};

static int
isal_create(struct wdm_zip *zip)
{
	zip->isal = calloc(1, sizeof(struct isal));
	return zip->isal == NULL ? -1 : 0;
}

static void
isal_destroy(struct wdm_zip *zip)
{
	free(zip->isal);
}

static int
isal_deflate_begin(struct wdm_zip *zip, const struct wdm_zip_req *req, const uint8_t *dict,
		uint32_t dict_len)
{
	struct isal *isal = zip->isal;
	struct isal_zstream *z = &isal->deflater;

	isal_deflate_init(z);
	z->hist_bits = req->window_bits;
	if (req->fixed) {
		z->level = 0;
		if (isal_deflate_set_hufftables(z, NULL, IGZIP_HUFFTABLE_STATIC) != COMP_OK)
			return -1;
	} else {
		z->level = 1;
		z->level_buf = isal->level_buf;
		z->level_buf_size = sizeof(isal->level_buf);
	}
	if (dict_len == 0)
		return 0;
	return isal_deflate_set_dict(z, (uint8_t *)(uintptr_t)dict, dict_len) == COMP_OK ? 0 : -1;
}

/* Compress len bytes from in, which are those of buf or a copy of them. */
static int
deflate_from(struct isal_zstream *z, const uint8_t *in, uint32_t len, struct wdm_zip_buf *buf,
		enum wdm_zip_flush flush)
{
	uint32_t taken;
	int rc;

	z->next_in = (uint8_t *)(uintptr_t)in;
	z->avail_in = len;
	z->next_out = buf->out;
	z->avail_out = buf->out_len;
	z->flush = flush == WDM_ZIP_SYNC ? SYNC_FLUSH : NO_FLUSH;
	z->end_of_stream = flush == WDM_ZIP_FINISH;
	rc = isal_deflate(z);
	taken = len - z->avail_in;
	buf->in += taken;
	buf->in_len -= taken;
	buf->out = z->next_out;
	buf->out_len = z->avail_out;
	return rc;
}

static enum wdm_codec_result
isal_deflate_part(struct wdm_zip *zip, struct wdm_zip_buf *buf, enum wdm_zip_flush flush)
{
	struct isal *isal = zip->isal;
	struct isal_zstream *z = &isal->deflater;
	const uint8_t *in = buf->in;
	int rc;

	if (WDM_ISAL_READS_BEHIND && flush != WDM_ZIP_MORE && buf->in_len > 0) {
		/* without an end it keeps back what it needs, in a buffer of its own */
		if (buf->in_len > END_LEN) {
			rc = deflate_from(z, in, buf->in_len - END_LEN, buf, WDM_ZIP_MORE);
			if (rc != COMP_OK)
				return WDM_CODEC_BAD;
			if (buf->in_len > END_LEN)
				return WDM_CODEC_AGAIN;
		}
		memcpy(isal->end, buf->in, buf->in_len);
		in = isal->end;
	}
	rc = deflate_from(z, in, buf->in_len, buf, flush);
	if (rc != COMP_OK)
		return WDM_CODEC_BAD;
	if (flush == WDM_ZIP_FINISH && z->internal_state.state == ZSTATE_END)
		return WDM_CODEC_DONE;
	/* a flush is over when the next thing to write would be a block */
	if (flush == WDM_ZIP_SYNC && z->avail_in == 0 && z->internal_state.state == ZSTATE_NEW_HDR)
		return WDM_CODEC_DONE;
	return WDM_CODEC_AGAIN;
}

static void
isal_inflate_begin(struct wdm_zip *zip)
{
	struct isal *isal = zip->isal;

	isal_inflate_init(&isal->inflater);
}

static enum wdm_codec_result
isal_inflate_part(struct wdm_zip *zip, struct wdm_zip_buf *buf)
{
	struct isal *isal = zip->isal;
	struct inflate_state *z = &isal->inflater;
	int rc;

	z->next_in = (uint8_t *)(uintptr_t)buf->in;
	z->avail_in = buf->in_len;
	z->next_out = buf->out;
	z->avail_out = buf->out_len;
	rc = isal_inflate(z);
	buf->in = z->next_in;
	buf->in_len = z->avail_in;
	buf->out = z->next_out;
	buf->out_len = z->avail_out;
	if (rc < 0)
		return WDM_CODEC_BAD;
	return z->block_state == ISAL_BLOCK_FINISH ? WDM_CODEC_DONE : WDM_CODEC_AGAIN;
}

static uint32_t
isal_inflate_excess(const struct wdm_zip *zip)
{
	const struct isal *isal = zip->isal;
	const int32_t bits = isal->inflater.read_in_length;

	return bits > 0 ? (uint32_t)bits / 8 : 0;
}

static uint32_t
isal_crc32(uint32_t crc, const uint8_t *p, uint32_t len)
{
	return crc32_gzip_refl(crc, p, len);
}

static uint32_t
isal_adler(uint32_t adler, const uint8_t *p, uint32_t len)
{
	if (WDM_ISAL_READS_BEHIND) {
		const uint32_t end_len = len < END_LEN ? len : END_LEN;
		uint8_t end[2 * END_LEN];

		if (len > end_len)
			adler = isal_adler32(adler, p, len - end_len);
		memcpy(end, p + (len - end_len), end_len);
		return isal_adler32(adler, end, end_len);
	}
	return isal_adler32(adler, p, len);
}

const struct wdm_zip_codec wdm_zip_codec_isal = {
	.create = isal_create,
	.destroy = isal_destroy,
	.deflate_begin = isal_deflate_begin,
	.deflate = isal_deflate_part,
	.inflate_begin = isal_inflate_begin,
	.inflate = isal_inflate_part,
	.inflate_excess = isal_inflate_excess,
	.crc32 = isal_crc32,
	.adler32 = isal_adler,
};
