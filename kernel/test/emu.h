/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * A device of wd_emu.ko for the test programs, with a daemon that knows no
 * descriptors: it answers events, and reads or writes a client's memory when
 * the test asks it to. It is a process of its own.
 */

#ifndef EMU_H
#define EMU_H

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include "client.h"
#include "wd_emu_abi.h"

#define EMU_DB_OFFSET 0x1000
#define EMU_CQ_DB_OFFSET 0x1080
#define EMU_RINGS (144U << 10) /* of 1024 descriptors of 128 bytes and completions of 16 */

struct emu_daemon {
	pid_t pid; /* of the process */
	char name[64]; /* of the device */
	size_t mmio_size;
	size_t dus_size;
	int requests[2]; /* pipes: the process reads the one, writes the other */
	int replies[2];
};

/* What the test asks of the daemon. */
struct emu_request {
	uint64_t addr;
	uint32_t len;
	uint16_t qn;
	bool write;
	uint8_t byte; /* to write, or that is expected */
	bool notify; /* no access: tell the client that there are completions */
};

static inline void
emu_daemon_event(int fd)
{
	struct wd_emu_event events[16];
	const ssize_t n = read(fd, events, sizeof(events));

	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(events[0]); i++) {
		struct wd_emu_ack ack = {
			.size = sizeof(ack), .qn = events[i].qn, .type = (__u16)events[i].type
		};

		if (ioctl(fd, WD_EMU_IOC_ACK, &ack) != 0)
			fprintf(stderr, "daemon: ACK: %s\n", strerror(errno));
	}
}

/* 0; 1: other bytes are there than expected; or -errno. */
static inline int
emu_daemon_access(int fd, const struct emu_request *request)
{
	uint8_t *buf = malloc(request->len);
	struct wd_emu_access access = {
		.size = sizeof(access),
		.qn = request->qn,
		.write = request->write,
		.addr = request->addr,
		.buf = (uintptr_t)buf,
		.len = request->len,
	};
	int rc;

	memset(buf, request->write ? request->byte : ~request->byte, request->len);
	rc = result(ioctl(fd, WD_EMU_IOC_ACCESS, &access));
	for (uint32_t i = 0; rc == 0 && i < request->len; i++)
		rc = buf[i] != request->byte;
	free(buf);
	return rc;
}

static inline int
emu_daemon_notify(int fd, const struct emu_request *request)
{
	struct wd_emu_notify notify = { .size = sizeof(notify), .qn = request->qn };

	return result(ioctl(fd, WD_EMU_IOC_NOTIFY, &notify));
}

static inline void
emu_daemon_run(struct emu_daemon *d, int fd)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		{ .fd = d->requests[0], .events = POLLIN } };
	struct emu_request request;
	int reply;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* queues of the test, too */
	for (int i = 3; i < 256; i++) {
		if (i != fd && i != d->requests[0] && i != d->replies[1])
			close(i);
	}
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			_exit(1);
		if (fds[0].revents != 0)
			emu_daemon_event(fd);
		if (fds[1].revents == 0)
			continue;
		if (read(d->requests[0], &request, sizeof(request)) != sizeof(request))
			_exit(0); /* the test has ended */
		reply = request.notify ? emu_daemon_notify(fd, &request) :
					 emu_daemon_access(fd, &request);
		if (write(d->replies[1], &reply, sizeof(reply)) != sizeof(reply))
			_exit(0);
	}
}

/** A device to ask for, of which the daemon needs to know its sizes. */
static inline struct wd_emu_attach
emu_attach_conf(struct emu_daemon *d, const char *name, uint32_t flags, uint32_t nb_queues)
{
	const uint32_t page = (uint32_t)PAGE;
	struct wd_emu_attach attach = {
		.size = sizeof(attach),
		.flags = flags,
		.api = "wd_test_v1",
		.algorithms = "test\n",
		.nb_queues = nb_queues,
		.max_qc_type = 1,
		.sqe_size = 128,
		.sq_depth = 1024,
		.cq_depth = 1024,
		.mmio_size = (EMU_DB_OFFSET / page + 1) * page,
		.dus_size = (EMU_RINGS + page - 1) / page * page + page,
		.sq_db_offset = EMU_DB_OFFSET,
		.cq_db_offset = EMU_CQ_DB_OFFSET,
		.send_status_from_end = 4,
		.recv_status_from_end = 8,
		.id = -1,
	};

	snprintf(attach.name, sizeof(attach.name), "%s", name);
	d->mmio_size = attach.mmio_size;
	d->dus_size = attach.dus_size;
	return attach;
}

/** Ask for a device; returns the file that is the daemon's side of it, or -errno. */
static inline int
emu_attach(struct emu_daemon *d, const char *name, uint32_t flags, uint32_t nb_queues)
{
	struct wd_emu_attach attach = emu_attach_conf(d, name, flags, nb_queues);
	int fd, rc;

	fd = result(open(WD_EMU_NODE, O_RDWR | O_CLOEXEC));
	if (fd < 0)
		return fd;
	rc = result(ioctl(fd, WD_EMU_IOC_ATTACH, &attach));
	if (rc < 0) {
		close(fd);
		return rc;
	}
	snprintf(d->name, sizeof(d->name), "%s-%d", name, attach.id);
	return fd;
}

/**
 * Start a daemon for a device of that name, with nb_queues; flags: UACCE_FLAG_SVA
 * or 0. After an emu_daemon_kill() the same device, if name and values are.
 */
static inline int
emu_daemon_start(struct emu_daemon *d, const char *name, uint32_t flags, uint32_t nb_queues)
{
	const int fd = emu_attach(d, name, flags, nb_queues);

	if (fd < 0)
		return fd;
	if (pipe2(d->requests, O_CLOEXEC) != 0 || pipe2(d->replies, O_CLOEXEC) != 0)
		return -errno;
	fflush(stdout);
	d->pid = fork();
	if (d->pid == 0) {
		emu_daemon_run(d, fd);
	}
	close(fd);
	return d->pid < 0 ? -errno : 0;
}

/** As it happens to daemons. */
static inline void
emu_daemon_kill(struct emu_daemon *d)
{
	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(d->requests[i]);
		close(d->replies[i]);
	}
}

static inline int
emu_request(struct emu_daemon *d, const struct emu_request *request)
{
	int reply;

	if (write(d->requests[1], request, sizeof(*request)) != sizeof(*request) ||
			read(d->replies[0], &reply, sizeof(reply)) != sizeof(reply))
		return -EPIPE;
	return reply;
}

/** The device writes byte to [va, va + len) of the process that has queue qn. */
static inline int
emu_write(struct emu_daemon *d, uint16_t qn, const void *va, uint32_t len, uint8_t byte)
{
	return emu_request(d, &(struct emu_request){ (uintptr_t)va, len, qn, true, byte, false });
}

/** The device reads there; 0: all is byte, 1: it is not, or -errno. */
static inline int
emu_read(struct emu_daemon *d, uint16_t qn, const void *va, uint32_t len, uint8_t byte)
{
	return emu_request(d, &(struct emu_request){ (uintptr_t)va, len, qn, false, byte, false });
}

/** The device tells the client of queue qn that there are completions. */
static inline int
emu_notify(struct emu_daemon *d, uint16_t qn)
{
	return emu_request(d, &(struct emu_request){ .qn = qn, .notify = true });
}

/** A queue with its regions, started. */
struct emu_queue {
	int fd;
	uint16_t qn;
	void *mmio;
	void *dus;
};

static inline int
emu_queue_start(const struct emu_daemon *d, struct emu_queue *q)
{
	struct uacce_qp_ctx ctx = { .qc_type = 0 };
	int rc;

	*q = (struct emu_queue){ .fd = -1 };
	q->fd = queue_open_wait(d->name);
	if (q->fd < 0)
		return q->fd;
	rc = queue_call(q->fd, UACCE_IOC_QP_CTX, &ctx);
	if (rc < 0)
		return rc;
	q->qn = ctx.id;
	q->dus = queue_map(q->fd, UACCE_REGION_DUS, d->dus_size);
	q->mmio = queue_map(q->fd, UACCE_REGION_MMIO, d->mmio_size);
	if (q->dus == NULL || q->mmio == NULL)
		return -errno;
	return queue_call(q->fd, UACCE_IOC_START_Q, NULL);
}

static inline void
emu_queue_close(const struct emu_daemon *d, struct emu_queue *q)
{
	munmap(q->dus, d->dus_size);
	munmap(q->mmio, d->mmio_size);
	close(q->fd);
}

/** The status words that the kernel and the device write: 0 fine, 1 dead. */
static inline uint32_t
emu_send_status(const struct emu_daemon *d, const struct emu_queue *q)
{
	return *(volatile uint32_t *)((uint8_t *)q->dus + d->dus_size - 4);
}

static inline uint32_t
emu_recv_status(const struct emu_daemon *d, const struct emu_queue *q)
{
	return *(volatile uint32_t *)((uint8_t *)q->dus + d->dus_size - 8);
}

#endif /* EMU_H */
