/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The ZIP engine: a batch of descriptors in, results out. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hisi_qm.h"
#include "zip.h"

/* What the device writes: two stretches and a word. */
#define OUT_A_END offsetof(struct hisi_zip_sqe, input_data_length)
#define OUT_B offsetof(struct hisi_zip_sqe, ctx_dw0)
#define OUT_C offsetof(struct hisi_zip_sqe, ctx_dw1)

static void
put_word(struct wdm_task *task, size_t offset, uint32_t value)
{
	const uint32_t le = htole32(value);

	memcpy(task->sqe + offset, &le, sizeof(le));
}

#define PUT(task, field, value) put_word(task, offsetof(struct hisi_zip_sqe, field), value)

static void
report(struct wdm_task *task, uint32_t status, uint32_t consumed, uint32_t produced, bool last)
{
	PUT(task, consumed, consumed);
	PUT(task, produced, produced);
	PUT(task, comp_data_length, 0);
	PUT(task, status, status | (uint32_t)last << HISI_ZIP_3_LAST_BLOCK_SHIFT);
	task->error = status != HISI_ZIP_STATUS_DONE && status != HISI_ZIP_STATUS_EXPANDED &&
			status != HISI_ZIP_STATUS_STREAM_END;
}

/* The words that carry a stream on. */
static void
report_stream(struct wdm_task *task, const struct wdm_zip_req *req)
{
	if (req->stateful) {
		PUT(task, ctx_dw0, req->words[0]);
		PUT(task, ctx_dw1, req->words[1]);
		PUT(task, ctx_dw2, req->words[2]);
	}
	PUT(task, isize, req->isize);
	if (req->alg != HISI_ZIP_ALG_DEFLATE)
		PUT(task, checksum, wdm_zip_check_to_word(req->alg, req->check));
}

/* Whether consumed and produced mean something. */
static bool
has_result(const struct wdm_zip_req *req, enum wdm_zip_status status)
{
	switch (status) {
	case WDM_ZIP_OK:
	case WDM_ZIP_END:
	case WDM_ZIP_CHECKSUM:
		return true;
	case WDM_ZIP_NO_ROOM:
		return req->stateful;
	default:
		return false;
	}
}

static enum wdm_zip_status
work_on(struct wdm_zip *zip, struct wdm_zip_req *req)
{
	const enum wdm_zip_status status = wdm_zip_data_open(zip, req);

	if (status != WDM_ZIP_OK)
		return status;
	if (req->compress)
		return wdm_zip_deflate(zip, req);
	return req->stateful ? wdm_zip_resume(zip, req) : wdm_zip_inflate(zip, req);
}

/* Success, whatever the data. */
static enum wdm_zip_status
pretend(struct wdm_zip_req *req)
{
	req->consumed = req->in_len;
	req->produced = req->in_len < req->room ? req->in_len : req->room;
	req->last_block = req->finish;
	return req->compress || !req->finish ? WDM_ZIP_OK : WDM_ZIP_END;
}

static void
run_one(struct wdm_zip *zip, struct wdm_space *space, uint16_t qc_type, struct wdm_task *task)
{
	struct wdm_zip_req req = { .space = space };
	enum wdm_zip_status status = wdm_zip_parse(zip->version, qc_type, task->sqe, &req);
	uint32_t code;

	if (status == WDM_ZIP_OK)
		status = zip->instant ? pretend(&req) : work_on(zip, &req);
	if (!has_result(&req, status)) {
		report(task, status, 0, 0, false);
		return;
	}
	code = status;
	if (status == WDM_ZIP_OK && req.compress && req.produced > req.consumed)
		code = HISI_ZIP_STATUS_EXPANDED;
	report(task, code, req.consumed, req.produced, req.last_block);
	report_stream(task, &req);
}

static void
zip_run(void *engine, struct wdm_space *space, uint16_t qc_type, struct wdm_task *tasks,
		unsigned int nb)
{
	for (unsigned int i = 0; i < nb; i++)
		run_one(engine, space, qc_type, &tasks[i]);
}

static void
zip_destroy(void *engine)
{
	struct wdm_zip *zip = engine;

	if (zip == NULL)
		return;
	zip->codec->destroy(zip);
	wdm_zip_inflater_destroy(zip);
	free(zip->in_pieces);
	free(zip->out_pieces);
	free(zip);
}

static const struct wdm_zip_codec *
codec_choose(enum wdm_engine engine)
{
#ifdef WDM_HAVE_ISAL
	if (engine == WDM_ENGINE_AUTO)
		return &wdm_zip_codec_isal;
#else
	(void)engine;
#endif
	return &wdm_zip_codec_zlib;
}

static void *
zip_create(const struct wdm_dev_config *conf)
{
	const struct wdm_zip_version *version = wdm_zip_version_get(conf->hw_version);
	struct wdm_zip *zip;

	if (version == NULL) {
		errno = EINVAL;
		return NULL;
	}
	zip = calloc(1, sizeof(*zip));
	if (zip == NULL)
		return NULL;
	zip->version = version;
	zip->instant = conf->engine == WDM_ENGINE_INSTANT;
	zip->codec = codec_choose(conf->engine);
	zip->in_pieces = calloc(WDM_SIDE_MAX_PIECES, sizeof(*zip->in_pieces));
	zip->out_pieces = calloc(WDM_SIDE_MAX_PIECES, sizeof(*zip->out_pieces));
	if (zip->in_pieces == NULL || zip->out_pieces == NULL ||
			wdm_zip_inflater_create(zip) != 0 || zip->codec->create(zip) != 0) {
		zip_destroy(zip);
		errno = ENOMEM;
		return NULL;
	}
	return zip;
}

/* A ZIP descriptor has no done bit. With NOT_DONE the words are as the client left
 * them, which only a client that wrote something impossible there can notice.
 */
static void
zip_fault(struct wdm_task *task, const struct wdm_fault *fault)
{
	switch (fault->kind) {
	case WDM_FAULT_ERROR_TYPE:
		report(task, fault->value & HISI_ZIP_3_STATUS_MASK, 0, 0, false);
		break;
	case WDM_FAULT_ICV:
		/* the last-block bit is beside it, in the next byte */
		task->sqe[offsetof(struct hisi_zip_sqe, status)] = HISI_ZIP_STATUS_CHECKSUM;
		task->error = true;
		break;
	case WDM_FAULT_NO_CODE:
		if (task->sqe[offsetof(struct hisi_zip_sqe, status)] == HISI_ZIP_STATUS_NO_ROOM) {
			task->sqe[offsetof(struct hisi_zip_sqe, status)] = HISI_ZIP_STATUS_DONE;
			task->error = false;
		}
		break;
	default:
		break;
	}
}

static uint32_t
get_word(const struct wdm_task *task, size_t offset)
{
	uint32_t le;

	memcpy(&le, task->sqe + offset, sizeof(le));
	return le32toh(le);
}

/* A task that no engine saw, because of a fault, has what the client left there. */
static uint32_t
zip_bytes(const void *engine, const struct wdm_task *task)
{
	const uint32_t in = get_word(task, offsetof(struct hisi_zip_sqe, consumed));
	const uint32_t out = get_word(task, offsetof(struct hisi_zip_sqe, produced));
	const uint32_t most = in > out ? in : out;

	(void)engine;
	return most < HISI_ZIP_MAX_INPUT ? most : HISI_ZIP_MAX_INPUT;
}

static unsigned int
zip_fit(const void *engine, const struct wdm_task *tasks, unsigned int nb, uint64_t most)
{
	uint64_t sum = 0;
	unsigned int i;

	(void)engine;
	for (i = 0; i < nb; i++) {
		sum += get_word(&tasks[i], offsetof(struct hisi_zip_sqe, input_data_length));
		if (i > 0 && sum > most)
			break;
	}
	return i;
}

static void
zip_writeback(void *ring_sqe, const struct wdm_task *task)
{
	uint8_t *ring = ring_sqe;

	memcpy(ring, task->sqe, OUT_A_END);
	memcpy(ring + OUT_B, task->sqe + OUT_B, sizeof(__le32));
	memcpy(ring + OUT_C, task->sqe + OUT_C, HISI_ZIP_SQE_SIZE - OUT_C);
}

const struct wdm_class_ops wdm_zip_ops = {
	.sqe_size = HISI_ZIP_SQE_SIZE,
	.create = zip_create,
	.destroy = zip_destroy,
	.run = zip_run,
	.fault = zip_fault,
	.bytes = zip_bytes,
	.fit = zip_fit,
	.writeback = zip_writeback,
};
