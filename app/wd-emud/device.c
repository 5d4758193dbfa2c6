/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* A device: what it says of itself to the kernel, and the thread that is it. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "emud.h"
#include "uacce_abi.h"
#include "wd_emu_abi.h"

/* What an idle device does, as long as queues run: looks at the doorbells for a
 * moment, then naps longer and longer. Events of the kernel end a nap. Who naps
 * is woken on time also when clients that spin have all CPUs, who yields is not.
 * Without queues it sleeps.
 */
#define SPIN_NS 20000U
#define NAP_MIN_NS 20000L
#define NAP_MAX_NS 1000000L
/* A busy device looks for events when so much time has passed. */
#define LOOK_NS 1000000U

static size_t
round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* What the kernel driver of the real one says. */
struct identity {
	char name[WD_EMU_NAME_LEN];
	char algorithms[WD_EMU_ALGORITHMS_LEN];
	uint32_t max_qc_type;
};

static const struct identity *
identity_of(const struct emud_options *o)
{
	static const struct identity sec = { "hisi_sec2", "cipher\ndigest\naead\n",
		HISI_SEC_QC_TYPE };
	static const struct identity zip_v2 = { "hisi_zip", "zlib\ngzip\n",
		HISI_ZIP_QC_TYPE_DECOMPRESS };
	static const struct identity zip_v3 = { "hisi_zip", "zlib\ngzip\ndeflate\n",
		HISI_ZIP_QC_TYPE_DECOMPRESS };

	if (o->class == WDM_CLASS_SEC)
		return &sec;
	return o->hw_version == 2 ? &zip_v2 : &zip_v3;
}

static struct wd_emu_attach
describe(const struct emud *e)
{
	const struct emud_options *o = &e->options;
	const struct identity *identity = identity_of(o);
	struct wd_emu_attach a = {
		.size = sizeof(a),
		.flags = o->sva ? UACCE_FLAG_SVA : 0,
		.nb_queues = o->nb_queues,
		.max_qc_type = identity->max_qc_type,
		.sqe_size = (uint32_t)wdm_class_sqe_size(o->class),
		.sq_depth = o->depth,
		.cq_depth = o->depth,
		.mmio_size = (uint32_t)e->mmio_size,
		.dus_size = (uint32_t)e->dus_size,
		.sq_db_offset = HISI_QM_DB_OFFSET,
		.cq_db_offset = EMUD_CQ_DB_OFFSET,
		.send_status_from_end = HISI_QM_STATUS_SEND_FROM_END,
		.recv_status_from_end = HISI_QM_STATUS_RECV_FROM_END,
		.id = o->id,
	};

	memcpy(a.name, identity->name, sizeof(a.name));
	memcpy(a.algorithms, identity->algorithms, sizeof(a.algorithms));
	snprintf(a.api, sizeof(a.api), "%s", o->hw_version == 2 ? HISI_QM_API_V2 : HISI_QM_API_V3);
	return a;
}

static int
kernel_attach(struct emud *e)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct wd_emu_attach a;
	int rc;

	/* as hardware without doorbells of its own page has it */
	e->mmio_size = round_up(HISI_QM_DB_OFFSET + 1, page);
	e->dus_size = round_up(e->options.depth *
						      (wdm_class_sqe_size(e->options.class) +
								      sizeof(struct hisi_qm_cqe)),
				      page) +
			page;
	e->fd = open(WD_EMU_NODE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (e->fd < 0) {
		rc = -errno;
		emud_log(e, "%s: %s%s", WD_EMU_NODE, strerror(-rc),
				rc == -ENOENT ? " (is wd_emu.ko loaded?)" : "");
		return rc;
	}
	a = describe(e);
	if (ioctl(e->fd, WD_EMU_IOC_ATTACH, &a) != 0) {
		rc = -errno;
		emud_log(e, "cannot make %s: %s", a.name,
				rc == -EBUSY ? "that one has a daemon" :
						rc == -EEXIST ?
					       "one of other values has that number" :
					       strerror(-rc));
		close(e->fd);
		return rc;
	}
	snprintf(e->node, sizeof(e->node), "/dev/%s-%d", a.name, a.id);
	return 0;
}

int
emud_attach(struct emud *e)
{
	const struct wdm_dev_config conf = {
		.class = e->options.class,
		.engine = e->options.engine,
		.hw_version = e->options.hw_version,
		.perf = e->options.perf,
	};
	int rc;

	e->model = wdm_dev_create(&conf);
	if (e->model == NULL) {
		rc = -errno;
		emud_log(e, "cannot create the model: %s", strerror(-rc));
		return rc;
	}
	for (unsigned int i = 0; i < e->options.nb_faults; i++)
		wdm_dev_fault(e->model, &e->options.faults[i]); /* parsed, and no more than fit */
	rc = kernel_attach(e);
	if (rc != 0)
		wdm_dev_destroy(e->model);
	return rc;
}

void
emud_detach(struct emud *e)
{
	emud_queues_free(e);
	close(e->fd);
	wdm_dev_destroy(e->model);
}

/* Wait for an event, at most that long; -1: for ever. Returns whether to go on. */
static bool
nap(const struct emud *e, long ns)
{
	struct pollfd fds[] = {
		{ .fd = e->stop_fd, .events = POLLIN },
		{ .fd = e->fd, .events = POLLIN },
	};
	const uint64_t due = wdm_dev_due(e->model);
	struct timespec ts = { .tv_nsec = ns };

	if (ns >= 0 && due < (uint64_t)ns)
		ts.tv_nsec = (long)due;
	if (ppoll(fds, sizeof(fds) / sizeof(fds[0]), ns < 0 ? NULL : &ts, NULL) <= 0)
		return true;
	return fds[0].revents == 0;
}

static void
place(const struct emud *e)
{
	cpu_set_t cpus;
	int rc;

	prctl(PR_SET_TIMERSLACK, 1UL); /* else a nap takes 50 us more */
	if (e->options.cpu < 0)
		return;
	CPU_ZERO(&cpus);
	CPU_SET(e->options.cpu, &cpus);
	rc = pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	if (rc != 0)
		emud_log(e, "cannot run on cpu=%d: %s", e->options.cpu, strerror(rc));
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int
emud_run(struct emud *e)
{
	uint64_t idle_since = 0; /* 0: not idle */
	uint64_t looked = 0; /* for events */
	long nap_ns = NAP_MIN_NS;
	bool go_on = true;
	int rc = 0;

	place(e);
	while (go_on && rc == 0) {
		if (wdm_dev_step(e->model) != 0) {
			idle_since = 0;
			nap_ns = NAP_MIN_NS;
			if (now_ns() - looked < LOOK_NS)
				continue;
			go_on = nap(e, 0);
		} else if (e->nb_running == 0) {
			go_on = nap(e, -1);
		} else if (idle_since == 0) {
			idle_since = now_ns();
			continue;
		} else if (now_ns() - idle_since < SPIN_NS) {
			continue;
		} else {
			go_on = nap(e, nap_ns);
			nap_ns = nap_ns < NAP_MAX_NS / 2 ? 2 * nap_ns : NAP_MAX_NS;
		}
		rc = emud_events(e);
		looked = now_ns();
	}
	return rc;
}
