/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The SEC2 engine: a batch of descriptors in, results out. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "hisi_qm.h"
#include "sec.h"

static void
set_status(struct wdm_task *task, uint32_t status)
{
	const uint32_t le = htole32(status);

	memcpy(task->sqe + HISI_SEC_STATUS_OFFSET, &le, sizeof(le));
}

void
wdm_sec_report_error(struct wdm_task *task, enum wdm_sec_error error)
{
	set_status(task,
			HISI_SEC_STATUS_DONE | (uint32_t)error << HISI_SEC_STATUS_ERROR_TYPE_SHIFT);
	task->error = true;
}

static void
report_done(struct wdm_task *task, uint8_t flag, uint8_t icv)
{
	set_status(task,
			HISI_SEC_STATUS_DONE | (uint32_t)icv << HISI_SEC_STATUS_ICV_SHIFT |
					(uint32_t)flag << HISI_SEC_STATUS_FLAG_SHIFT);
	task->error = icv != 0;
}

bool
wdm_sec_verified(const struct wdm_sec_req *req)
{
	return !req->bd->verify || CRYPTO_memcmp(req->mac, req->want, req->bd->mac_len) == 0;
}

/* Lengths of a digest, whole or cut, for which a call would take longer than the copy. */
static inline void
mac_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len < 8 || len > 32) {
		memcpy(to, from, len);
		return;
	}
	if (len >= 16) {
		memcpy(to, from, 16);
		memcpy(to + len - 16, from + len - 16, 16);
	} else {
		memcpy(to, from, 8);
		memcpy(to + len - 8, from + len - 8, 8);
	}
}

void
wdm_sec_finish(struct wdm_sec_req *req)
{
	const struct wdm_sec_bd *bd = req->bd;
	enum wdm_sec_error error = WDM_SEC_OK;

	if (bd->verify && !wdm_sec_verified(req)) {
		report_done(req->task, bd->flag, HISI_SEC_ICV_MISMATCH);
		return;
	}
	if (req->scatter || (bd->mac_len > 0 && req->mac_host == NULL))
		error = wdm_sec_data_deliver(req);
	else if (bd->mac_len > 0)
		mac_copy(req->mac_host, req->mac, bd->mac_len);
	if (error != WDM_SEC_OK)
		wdm_sec_report_error(req->task, error);
	else
		report_done(req->task, bd->flag, 0);
}

void
wdm_sec_drain(struct wdm_sec *sec)
{
#ifdef WDM_HAVE_IPSEC_MB
	if (sec->in_flight > 0 || sec->nb_pending > 0)
		wdm_sec_imb_flush(sec);
	sec->with_keys = NULL;
#endif
	sec->idle_tick = sec->tick;
}

static uint32_t
route(const struct wdm_sec *sec, const struct wdm_sec_bd *bd)
{
#ifdef WDM_HAVE_IPSEC_MB
	return wdm_sec_route(sec, bd);
#else
	(void)sec;
	(void)bd;
	return 0;
#endif
}

static enum wdm_sec_error
start(struct wdm_sec *sec, struct wdm_sec_req *req)
{
	enum wdm_sec_error error;

	if (req->way == WDM_SEC_NEW) {
		error = wdm_sec_parse(sec->version, req);
		if (error != WDM_SEC_OK)
			return error;
		req->own.route = route(sec, &req->own);
		wdm_sec_remember(sec, req);
	}
	error = wdm_sec_data_open(sec, req, req->way == WDM_SEC_FOUND);
	if (error != WDM_SEC_OK)
		return error;
#ifdef WDM_HAVE_IPSEC_MB
	if (sec->imb != NULL && wdm_sec_imb_takes(sec, req)) {
		error = wdm_sec_imb_keys(sec, req);
		if (error == WDM_SEC_OK)
			wdm_sec_imb_submit(sec, req);
		return error;
	}
#endif
	error = wdm_sec_soft_keys(sec, req);
	if (error != WDM_SEC_OK)
		return error;
	if (wdm_sec_soft_run(req) != 0)
		return WDM_SEC_E_ENGINE;
	wdm_sec_finish(req);
	return WDM_SEC_OK;
}

/* What completes without looking at data. */
static bool
done_at_once(const struct wdm_sec *sec, struct wdm_task *task)
{
	if (wdm_sec_check_type(sec->version, task->sqe) != WDM_SEC_OK) {
		wdm_sec_report_error(task, WDM_SEC_E_TYPE);
		return true;
	}
	if (wdm_sec_is_invalid(sec->version, task->sqe)) {
		report_done(task, 0, 0);
		return true;
	}
	if (!sec->instant)
		return false;
	report_done(task, wdm_sec_flag_guess(sec->version, task->sqe), 0);
	return true;
}

static void
sec_run(void *engine, struct wdm_space *space, uint16_t qc_type, struct wdm_task *tasks,
		unsigned int nb)
{
	struct wdm_sec *sec = engine;

	wdm_sec_data_reset(sec);
	memset(sec->near, 0, sizeof(sec->near));
	sec->batch++;
	if (qc_type != HISI_SEC_QC_TYPE) {
		for (unsigned int i = 0; i < nb; i++)
			wdm_sec_report_error(&tasks[i], WDM_SEC_E_QUEUE);
		return;
	}
	wdm_sec_look(sec, space, tasks, nb, sec->instant);
	for (unsigned int i = 0; i < nb; i++) {
		struct wdm_sec_req *req = &sec->reqs[i];
		enum wdm_sec_error error;

		if (req->way == WDM_SEC_TAKEN ||
				(req->way == WDM_SEC_NEW && done_at_once(sec, &tasks[i])))
			continue;
		error = start(sec, req);
		if (error != WDM_SEC_OK)
			wdm_sec_report_error(&tasks[i], error);
	}
	wdm_sec_drain(sec);
}

static void
sec_destroy(void *engine)
{
	struct wdm_sec *sec = engine;

	if (sec == NULL)
		return;
	wdm_sec_keys_destroy(sec);
	wdm_sec_soft_destroy(sec);
	wdm_sec_data_destroy(sec);
#ifdef WDM_HAVE_IPSEC_MB
	wdm_sec_imb_destroy(sec);
#endif
	OPENSSL_cleanse(sec, sizeof(*sec));
	free(sec);
}

static void *
sec_create(const struct wdm_dev_config *conf)
{
	const struct wdm_sec_version *version = wdm_sec_version_get(conf->hw_version);
	struct wdm_sec *sec;
	int rc;

	if (version == NULL) {
		errno = EINVAL;
		return NULL;
	}
	sec = aligned_alloc(64, (sizeof(*sec) + 63) & ~(size_t)63);
	if (sec == NULL)
		return NULL;
	memset(sec, 0, sizeof(*sec));
	sec->version = version;
	sec->instant = conf->engine == WDM_ENGINE_INSTANT;
	rc = wdm_sec_data_create(sec);
	if (rc == 0)
		rc = wdm_sec_keys_create(sec);
#ifdef WDM_HAVE_IPSEC_MB
	if (rc == 0 && conf->engine == WDM_ENGINE_AUTO)
		rc = wdm_sec_imb_create(sec);
#endif
	if (rc != 0) {
		sec_destroy(sec);
		errno = ENOMEM;
		return NULL;
	}
	return sec;
}

static void
sec_fault(struct wdm_task *task, const struct wdm_fault *fault)
{
	uint32_t le, status;

	memcpy(&le, task->sqe + HISI_SEC_STATUS_OFFSET, sizeof(le));
	status = le32toh(le);
	switch (fault->kind) {
	case WDM_FAULT_ERROR_TYPE:
		wdm_sec_report_error(task,
				(enum wdm_sec_error)(
						fault->value & HISI_SEC_STATUS_ERROR_TYPE_MASK));
		return;
	case WDM_FAULT_ICV:
		status &= ~(HISI_SEC_STATUS_ICV_MASK << HISI_SEC_STATUS_ICV_SHIFT);
		status |= HISI_SEC_ICV_MISMATCH << HISI_SEC_STATUS_ICV_SHIFT;
		task->error = true;
		break;
	case WDM_FAULT_NOT_DONE:
		status &= ~HISI_SEC_STATUS_DONE;
		break;
	default:
		break;
	}
	set_status(task, status);
}

static uint32_t
sec_bytes(const void *engine, const struct wdm_task *task)
{
	const struct wdm_sec *sec = engine;

	return wdm_sec_length(sec->version, task->sqe);
}

static unsigned int
sec_fit(const void *engine, const struct wdm_task *tasks, unsigned int nb, uint64_t most)
{
	const struct wdm_sec *sec = engine;
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nb; i++) {
		sum += wdm_sec_length(sec->version, tasks[i].sqe);
		if (i > 0 && sum > most)
			break;
	}
	return i;
}

static void
sec_writeback(void *ring_sqe, const struct wdm_task *task)
{
	memcpy((uint8_t *)ring_sqe + HISI_SEC_STATUS_OFFSET, task->sqe + HISI_SEC_STATUS_OFFSET,
			HISI_SEC_SQE_SIZE - HISI_SEC_STATUS_OFFSET);
}

const struct wdm_class_ops wdm_sec_ops = {
	.sqe_size = HISI_SEC_SQE_SIZE,
	.create = sec_create,
	.destroy = sec_destroy,
	.run = sec_run,
	.fault = sec_fault,
	.bytes = sec_bytes,
	.fit = sec_fit,
	.writeback = sec_writeback,
};
