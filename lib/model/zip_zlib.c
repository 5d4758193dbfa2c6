/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* zlib: the reference for everything, and what ISA-L does not do. */

#include "zip.h"

#define MEM_LEVEL 8

static void
zlib_destroy(struct wdm_zip *zip)
{
	while (zip->nb_deflaters > 0)
		deflateEnd(&zip->deflaters[--zip->nb_deflaters]);
}

static int
zlib_create(struct wdm_zip *zip)
{
	for (unsigned int i = 0; i < WDM_ZIP_WINDOW_SIZES; i++) {
		if (deflateInit2(&zip->deflaters[i], Z_BEST_SPEED, Z_DEFLATED,
				    -(int)(WDM_ZIP_MIN_WINDOW_BITS + i), MEM_LEVEL,
				    Z_DEFAULT_STRATEGY) != Z_OK)
			return -1;
		zip->nb_deflaters++;
	}
	return 0;
}

static int
zlib_deflate_begin(struct wdm_zip *zip, const struct wdm_zip_req *req, const uint8_t *dict,
		uint32_t dict_len)
{
	z_stream *z = &zip->deflaters[req->window_bits - WDM_ZIP_MIN_WINDOW_BITS];
	uint8_t nowhere[1];

	zip->deflating = z;
	if (deflateReset(z) != Z_OK)
		return -1;
	z->next_in = nowhere;
	z->avail_in = 0;
	z->next_out = nowhere;
	z->avail_out = 0;
	if (deflateParams(z, Z_BEST_SPEED, req->fixed ? Z_FIXED : Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	return dict_len == 0 || deflateSetDictionary(z, dict, dict_len) == Z_OK ? 0 : -1;
}

static void
zlib_give(z_stream *z, const struct wdm_zip_buf *buf)
{
	static uint8_t nothing[1];

	z->next_in = buf->in != NULL ? (uint8_t *)(uintptr_t)buf->in : nothing;
	z->avail_in = buf->in_len;
	z->next_out = buf->out;
	z->avail_out = buf->out_len;
}

static void
zlib_take(const z_stream *z, struct wdm_zip_buf *buf)
{
	buf->in = z->next_in;
	buf->in_len = z->avail_in;
	buf->out = z->next_out;
	buf->out_len = z->avail_out;
}

static enum wdm_codec_result
zlib_deflate(struct wdm_zip *zip, struct wdm_zip_buf *buf, enum wdm_zip_flush flush)
{
	static const int modes[] = {
		[WDM_ZIP_MORE] = Z_NO_FLUSH,
		[WDM_ZIP_SYNC] = Z_SYNC_FLUSH,
		[WDM_ZIP_FINISH] = Z_FINISH,
	};
	z_stream *z = zip->deflating;
	int rc;

	zlib_give(z, buf);
	rc = deflate(z, modes[flush]);
	zlib_take(z, buf);
	if (rc == Z_STREAM_ERROR)
		return WDM_CODEC_BAD;
	if (rc == Z_STREAM_END)
		return WDM_CODEC_DONE;
	/* room left over means that the flush is complete, see zlib.h */
	return flush == WDM_ZIP_SYNC && z->avail_out > 0 ? WDM_CODEC_DONE : WDM_CODEC_AGAIN;
}

int
wdm_zip_inflater_create(struct wdm_zip *zip)
{
	static const uint8_t zeros[WDM_ZIP_WINDOW];
	z_stream *z = &zip->inflater;

	if (inflateInit2(z, -MAX_WBITS) != Z_OK)
		return -1;
	zip->has_inflater = true;
	/* zlib allocates its window at first use; have that now */
	return inflateSetDictionary(z, zeros, sizeof(zeros)) == Z_OK ? 0 : -1;
}

void
wdm_zip_inflater_destroy(struct wdm_zip *zip)
{
	if (zip->has_inflater)
		inflateEnd(&zip->inflater);
}

static void
zlib_inflate_begin(struct wdm_zip *zip)
{
	inflateReset(&zip->inflater);
}

static enum wdm_codec_result
zlib_inflate(struct wdm_zip *zip, struct wdm_zip_buf *buf)
{
	z_stream *z = &zip->inflater;
	int rc;

	zlib_give(z, buf);
	rc = inflate(z, Z_NO_FLUSH);
	zlib_take(z, buf);
	if (rc == Z_STREAM_END)
		return WDM_CODEC_DONE;
	return rc == Z_OK || rc == Z_BUF_ERROR ? WDM_CODEC_AGAIN : WDM_CODEC_BAD;
}

static uint32_t
zlib_inflate_excess(const struct wdm_zip *zip)
{
	(void)zip;
	return 0;
}

static uint32_t
zlib_crc32(uint32_t crc, const uint8_t *p, uint32_t len)
{
	return (uint32_t)crc32(crc, p, len);
}

static uint32_t
zlib_adler32(uint32_t adler, const uint8_t *p, uint32_t len)
{
	return (uint32_t)adler32(adler, p, len);
}

const struct wdm_zip_codec wdm_zip_codec_zlib = {
	.create = zlib_create,
	.destroy = zlib_destroy,
	.deflate_begin = zlib_deflate_begin,
	.deflate = zlib_deflate,
	.inflate_begin = zlib_inflate_begin,
	.inflate = zlib_inflate,
	.inflate_excess = zlib_inflate_excess,
	.crc32 = zlib_crc32,
	.adler32 = zlib_adler32,
};
