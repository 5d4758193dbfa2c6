/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * A client of an emulated hisi_sec2, without any library: one queue, descriptors
 * of AES-128-CBC; and the daemon that is the other side. Calls return 0 or more,
 * or -errno, as in client.h.
 */

#ifndef SEC_H
#define SEC_H

#include <endian.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "client.h"
#include "hisi_qm.h"
#include "hisi_sec.h"

#define SEC_TIMEOUT_MS 30000 /* a guest without KVM is slow */

struct sec_queue {
	int fd;
	uint8_t *mmio;
	uint8_t *dus;
	size_t mmio_size;
	size_t dus_size;
	uint32_t sq_db_offset;
	uint32_t cq_db_offset;
	uint16_t qn;
	uint16_t depth;
	uint16_t tail; /* indices */
	uint16_t head;
	uint16_t phase;
	uint16_t nb_in_flight;
};

struct sec_op {
	const void *src;
	void *dst;
	uint32_t len;
	const void *key;
	const void *iv;
	bool decrypt;
};

static inline uint32_t
sec_status_word(const struct sec_queue *q, size_t from_end)
{
	return le32toh(__atomic_load_n(
			(const uint32_t *)(const void *)(q->dus + q->dus_size - from_end),
			__ATOMIC_ACQUIRE));
}

/** Both status words say that the queue is dead. */
static inline bool
sec_is_dead(const struct sec_queue *q)
{
	return sec_status_word(q, HISI_QM_STATUS_SEND_FROM_END) == 1 &&
			sec_status_word(q, HISI_QM_STATUS_RECV_FROM_END) == 1;
}

static inline void
sec_close(struct sec_queue *q)
{
	if (q->fd < 0)
		return;
	if (q->mmio != NULL)
		munmap(q->mmio, q->mmio_size);
	if (q->dus != NULL)
		munmap(q->dus, q->dus_size);
	close(q->fd);
	q->fd = -1;
}

/** All but START. one_word: as programs do that do not ask for the second doorbell. */
static inline int
sec_open_stopped(struct sec_queue *q, const char *name, bool one_word)
{
	struct uacce_qp_ctx ctx = { .qc_type = HISI_SEC_QC_TYPE };
	struct uacce_qp_info info = { 0 };
	struct wd_info wd = { .size = sizeof(wd) };
	int rc;

	*q = (struct sec_queue){ .phase = 1 };
	q->fd = queue_open_wait(name);
	if (q->fd < 0)
		return q->fd;
	q->mmio_size = strtoul(device_attr(name, UACCE_ATTR_MMIO_SIZE), NULL, 10);
	q->dus_size = strtoul(device_attr(name, UACCE_ATTR_DUS_SIZE), NULL, 10);
	rc = queue_call(q->fd, UACCE_IOC_QP_CTX, &ctx);
	if (rc == 0)
		rc = queue_call(q->fd, UACCE_IOC_QP_INFO, &info);
	if (rc == 0)
		rc = queue_call(q->fd, WD_IOC_INFO, &wd);
	if (rc == 0) {
		q->mmio = queue_map(q->fd, UACCE_REGION_MMIO, q->mmio_size);
		q->dus = queue_map(q->fd, UACCE_REGION_DUS, q->dus_size);
		if (q->mmio == NULL || q->dus == NULL)
			rc = -errno;
	}
	if (rc != 0) {
		sec_close(q);
		return rc;
	}
	q->qn = ctx.id;
	q->depth = info.sq_depth;
	q->sq_db_offset = one_word ? HISI_QM_DB_OFFSET : wd.sq_db_offset;
	q->cq_db_offset = one_word ? HISI_QM_DB_OFFSET : wd.cq_db_offset;
	return 0;
}

static inline int
sec_start(struct sec_queue *q)
{
	q->tail = q->head = q->nb_in_flight = 0;
	q->phase = 1;
	return queue_call(q->fd, UACCE_IOC_START_Q, NULL);
}

static inline int
sec_open(struct sec_queue *q, const char *name, bool one_word)
{
	int rc = sec_open_stopped(q, name, one_word);

	if (rc != 0)
		return rc;
	rc = sec_start(q);
	if (rc != 0)
		sec_close(q);
	return rc;
}

/** Fill the next descriptor; sec_ring() announces it. false: the ring is full. */
static inline bool
sec_fill(struct sec_queue *q, const struct sec_op *op)
{
	struct hisi_sec_bd3 bd = { 0 };

	if (q->nb_in_flight == q->depth - 1)
		return false;
	bd.dw0 = htole32(HISI_SEC_TYPE_BD3 | HISI_SEC_SCENE_IPSEC << HISI_SEC_BD3_0_SCENE_SHIFT |
			HISI_SEC_DE_SEPARATE << HISI_SEC_BD3_0_DE_SHIFT);
	bd.dw1 = htole32((op->decrypt ? HISI_SEC_CIPHER_DECRYPT : HISI_SEC_CIPHER_ENCRYPT) |
			HISI_SEC_C_KEY_128 << HISI_SEC_BD3_1_C_KEY_LEN_SHIFT |
			HISI_SEC_C_MODE_CBC << HISI_SEC_BD3_1_C_MODE_SHIFT |
			HISI_SEC_C_ALG_AES << HISI_SEC_BD3_1_C_ALG_SHIFT);
	bd.c_len = htole32(op->len);
	bd.data_src_addr = htole64((uintptr_t)op->src);
	bd.data_dst_addr = htole64((uintptr_t)op->dst);
	bd.c_key_addr = htole64((uintptr_t)op->key);
	bd.c_ivin_addr = htole64((uintptr_t)op->iv);
	memcpy(q->dus + q->tail * sizeof(bd), &bd, sizeof(bd));
	q->tail = (uint16_t)((q->tail + 1) % q->depth);
	q->nb_in_flight++;
	return true;
}

static inline void
sec_doorbell(struct sec_queue *q, uint32_t offset, uint64_t cmd, uint16_t index, uint64_t prio)
{
	const uint64_t db = q->qn | cmd << HISI_QM_DB_CMD_SHIFT |
			(uint64_t)index << HISI_QM_DB_INDEX_SHIFT | prio << HISI_QM_DB_PRIO_SHIFT;

	__atomic_store_n((uint64_t *)(void *)(q->mmio + offset), htole64(db), __ATOMIC_RELEASE);
}

static inline void
sec_ring(struct sec_queue *q)
{
	sec_doorbell(q, q->sq_db_offset, HISI_QM_DB_CMD_SQ, q->tail, 0);
}

/** Result word of the next completed descriptor, its index in *index; -EAGAIN: there is none. */
static inline int64_t
sec_poll(struct sec_queue *q, uint16_t *index, uint64_t prio)
{
	const struct hisi_qm_cqe *cqe = (const void *)(q->dus +
			(size_t)q->depth * HISI_SEC_SQE_SIZE + q->head * sizeof(*cqe));
	uint16_t at;
	uint32_t le;

	if ((le16toh(__atomic_load_n(&cqe->phase, __ATOMIC_ACQUIRE)) & HISI_QM_CQE_PHASE) !=
			q->phase)
		return -EAGAIN;
	at = le16toh(cqe->sq_head);
	if (index != NULL)
		*index = at;
	memcpy(&le, q->dus + at * HISI_SEC_SQE_SIZE + HISI_SEC_STATUS_OFFSET, sizeof(le));
	q->head = (uint16_t)((q->head + 1) % q->depth);
	q->phase ^= q->head == 0;
	q->nb_in_flight--;
	sec_doorbell(q, q->cq_db_offset, HISI_QM_DB_CMD_CQ, q->head, prio);
	return le32toh(le);
}

/** The same, waiting for it. -ETIMEDOUT; -EIO: the queue is dead. */
static inline int64_t
sec_wait(struct sec_queue *q)
{
	const int64_t end = now_ms() + SEC_TIMEOUT_MS;

	for (;;) {
		const int64_t status = sec_poll(q, NULL, 0);

		if (status != -EAGAIN)
			return status;
		if (sec_is_dead(q))
			return -EIO;
		if (now_ms() > end)
			return -ETIMEDOUT;
		sched_yield();
	}
}

/** What a result word says: 0 good, 1 error, or -errno as it was. */
static inline int
sec_verdict(int64_t status)
{
	if (status < 0)
		return (int)status;
	return (status & HISI_SEC_STATUS_DONE) == 0 ||
			(status >> HISI_SEC_STATUS_ERROR_TYPE_SHIFT &
					HISI_SEC_STATUS_ERROR_TYPE_MASK) != 0;
}

/** One op with nothing else in flight; its verdict. */
static inline int
sec_run(struct sec_queue *q, const struct sec_op *op)
{
	sec_fill(q, op);
	sec_ring(q);
	return sec_verdict(sec_wait(q));
}

/* --- the daemon --- */

struct daemon {
	pid_t pid;
	unsigned int nb_devices;
	char names[4][64]; /* hisi_sec2-0, as it said it was ready */
};

/** Run with up to 4 devices, NULL at the end; wait until they are there. */
static inline int
daemon_start(struct daemon *d, const char *const *devices)
{
	const char *build = getenv("WD_BUILD");
	char path[PATH_MAX], line[128];
	const char *args[8] = { path };
	FILE *out;
	int fds[2];

	*d = (struct daemon){ 0 };
	snprintf(path, sizeof(path), "%s/app/wd-emud/wd-emud", build == NULL ? "." : build);
	while (devices[d->nb_devices] != NULL) {
		args[d->nb_devices + 1] = devices[d->nb_devices];
		d->nb_devices++;
	}
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	fflush(stdout);
	d->pid = fork();
	if (d->pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execv(path, (char *const *)(uintptr_t)args);
		_exit(127);
	}
	close(fds[1]);
	out = fdopen(fds[0], "r");
	for (unsigned int i = 0; i < d->nb_devices; i++) {
		if (fgets(line, sizeof(line), out) == NULL ||
				sscanf(line, "ready: /dev/%63s", d->names[i]) != 1) {
			fclose(out);
			return -EIO;
		}
	}
	fclose(out);
	return 0;
}

/** Its exit status; -1: it had to be killed, or was by the signal. */
static inline int
daemon_end(struct daemon *d, int signal_number)
{
	int status;

	if (d->pid <= 0)
		return -1;
	kill(d->pid, signal_number);
	if (waitpid(d->pid, &status, 0) != d->pid)
		return -1;
	d->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool
daemon_alive(const struct daemon *d)
{
	return waitpid(d->pid, NULL, WNOHANG) == 0;
}

#endif /* SEC_H */
