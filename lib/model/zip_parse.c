/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* ZIP descriptors of both types, checked. */

#include <endian.h>
#include <string.h>

#include "zip.h"

#define BIT(n) (uint8_t)(1U << (n))

/* What the layout leaves unnamed. */
#define DW7_UNUSED (1U << 24)
#define DW8_UNUSED 0xff000000U
#define DW9_UNUSED 0xffff0000U

#define FIELD(word, name) ((word) >> name##_SHIFT & name##_MASK)

const struct wdm_zip_version *
wdm_zip_version_get(unsigned int hw_version)
{
	static const struct wdm_zip_version v2 = {
		.sqe_type = HISI_ZIP_TYPE_V2,
		.algs = BIT(HISI_ZIP_ALG_ZLIB) | BIT(HISI_ZIP_ALG_GZIP),
	};
	static const struct wdm_zip_version v3 = {
		.sqe_type = HISI_ZIP_TYPE_V3,
		.algs = BIT(HISI_ZIP_ALG_DEFLATE) | BIT(HISI_ZIP_ALG_ZLIB) | BIT(HISI_ZIP_ALG_GZIP),
	};

	switch (hw_version) {
	case 2:
		return &v2;
	case 3:
		return &v3;
	default:
		return NULL;
	}
}

static uint32_t
reverse32(uint32_t x)
{
	x = (x & 0x55555555U) << 1 | (x >> 1 & 0x55555555U);
	x = (x & 0x33333333U) << 2 | (x >> 2 & 0x33333333U);
	x = (x & 0x0f0f0f0fU) << 4 | (x >> 4 & 0x0f0f0f0fU);
	return __builtin_bswap32(x);
}

uint32_t
wdm_zip_check_from_word(uint8_t alg, uint32_t word)
{
	return alg == HISI_ZIP_ALG_GZIP ? reverse32(~word) : word;
}

uint32_t
wdm_zip_check_to_word(uint8_t alg, uint32_t check)
{
	return alg == HISI_ZIP_ALG_GZIP ? ~reverse32(check) : check;
}

/* Fields that have one meaning only, and words that have none. */
static bool
fields_fine(const struct hisi_zip_sqe *sqe, uint32_t dw7, uint32_t dw8, uint32_t dw9)
{
	if ((dw7 & DW7_UNUSED) != 0 || (dw8 & DW8_UNUSED) != 0 || (dw9 & DW9_UNUSED) != 0)
		return false;
	if (sqe->lba_l != 0 || sqe->lba_h != 0 || sqe->dw10 != 0 || sqe->dw12 != 0 ||
			sqe->comp_head_addr != 0)
		return false;
	if ((le32toh(sqe->priv_info) & ~HISI_ZIP_PRIV_FIXED) != 0)
		return false;
	if (FIELD(dw9, HISI_ZIP_9_BUF_TYPE) == HISI_ZIP_BUF_FLAT &&
			(FIELD(dw7, HISI_ZIP_7_IN_OFFSET) != 0 ||
					FIELD(dw8, HISI_ZIP_8_OUT_OFFSET) != 0))
		return false;
	return FIELD(dw9, HISI_ZIP_9_BUF_TYPE) <= HISI_ZIP_BUF_SGL &&
			FIELD(dw9, HISI_ZIP_9_WINDOW) <= HISI_ZIP_WINDOW_32K;
}

/* What a stream's first descriptor starts from, and each one without state. */
static void
start_values(struct wdm_zip_req *req, const struct hisi_zip_sqe *sqe)
{
	if (req->first || !req->stateful) {
		req->isize = 0;
		req->check = req->alg == HISI_ZIP_ALG_ZLIB ? 1 : 0;
		return;
	}
	req->isize = le32toh(sqe->isize);
	req->check = wdm_zip_check_from_word(req->alg, le32toh(sqe->checksum));
}

static void
take_fields(struct wdm_zip_req *req, const struct hisi_zip_sqe *sqe, uint32_t dw7, uint32_t dw9)
{
	static const uint8_t window_bits[] = { 12, 13, 14, 14, 15 };

	req->stateful = FIELD(dw7, HISI_ZIP_7_STREAM_MODE) == HISI_ZIP_STATEFUL;
	req->first = FIELD(dw7, HISI_ZIP_7_STREAM_NEW) != 0;
	req->finish = !req->stateful || FIELD(dw7, HISI_ZIP_7_FLUSH) == HISI_ZIP_FLUSH_FINISH;
	req->fixed = (le32toh(sqe->priv_info) & HISI_ZIP_PRIV_FIXED) != 0;
	req->buf_type = (uint8_t)FIELD(dw9, HISI_ZIP_9_BUF_TYPE);
	req->window_bits = window_bits[FIELD(dw9, HISI_ZIP_9_WINDOW)];
	req->in_off = FIELD(dw7, HISI_ZIP_7_IN_OFFSET);
	req->out_off = FIELD(le32toh(sqe->dw8), HISI_ZIP_8_OUT_OFFSET);
	req->in_len = le32toh(sqe->input_data_length);
	req->room = le32toh(sqe->dest_avail_out);
	req->src = le64toh(sqe->source_addr);
	req->dst = le64toh(sqe->dest_addr);
	req->ctx = le64toh(sqe->stream_ctx_addr);
	req->words[0] = le32toh(sqe->ctx_dw0);
	req->words[1] = le32toh(sqe->ctx_dw1);
	req->words[2] = le32toh(sqe->ctx_dw2);
	start_values(req, sqe);
}

enum wdm_zip_status
wdm_zip_parse(const struct wdm_zip_version *version, uint16_t qc_type, const uint8_t *raw,
		struct wdm_zip_req *req)
{
	struct hisi_zip_sqe sqe;
	uint32_t dw7, dw9;

	memcpy(&sqe, raw, sizeof(sqe));
	dw7 = le32toh(sqe.dw7);
	dw9 = le32toh(sqe.dw9);
	if (qc_type != HISI_ZIP_QC_TYPE_COMPRESS && qc_type != HISI_ZIP_QC_TYPE_DECOMPRESS)
		return WDM_ZIP_E_QUEUE;
	if (FIELD(dw7, HISI_ZIP_7_TYPE) != version->sqe_type)
		return WDM_ZIP_E_TYPE;
	req->alg = (uint8_t)FIELD(dw9, HISI_ZIP_9_ALG);
	if (req->alg > 7 || (version->algs & BIT(req->alg)) == 0)
		return WDM_ZIP_E_ALG;
	if (!fields_fine(&sqe, dw7, le32toh(sqe.dw8), dw9))
		return WDM_ZIP_E_FIELD;
	req->compress = qc_type == HISI_ZIP_QC_TYPE_COMPRESS;
	take_fields(req, &sqe, dw7, dw9);
	if (req->in_len > HISI_ZIP_MAX_INPUT || req->room > HISI_ZIP_MAX_OUTPUT ||
			(req->stateful && req->room <= HISI_ZIP_STATEFUL_MIN_OUTPUT))
		return WDM_ZIP_E_LENGTH;
	return req->stateful && req->ctx == 0 ? WDM_ZIP_E_CONTEXT : WDM_ZIP_OK;
}
