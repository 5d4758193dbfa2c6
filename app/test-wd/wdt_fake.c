/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_wd_driver.h>
#include <wd_queue.h>
#include <wd_transport.h>

#include "wdt_fake.h"

#define QUEUES 16
#define MAX_SQE_SIZE 128
#define MAX_MAPPED 16384

struct wdt_fake wdt_fake;
static void *mapped[MAX_MAPPED];

/* The queue's memory, a file so that it can be taken away under a mapping. */
struct regions {
	uint8_t sq[WDT_FAKE_DEPTH * MAX_SQE_SIZE];
	uint8_t cq[WDT_FAKE_DEPTH * sizeof(struct hisi_qm_cqe)];
	uint64_t sq_db;
	uint64_t cq_db;
	uint32_t send_status;
	uint32_t recv_status;
};

struct fake_queue {
	struct regions *regions;
	int fd;
	bool started;
};

/* of the queue that was opened last */
static int queue_fd;
static struct regions *queue_regions;

static int
fake_scan(rte_wd_dev_cb cb, void *arg)
{
	const struct rte_wd_dev_info info = {
		.name = WDT_FAKE_NAME,
		.api = HISI_QM_API_V3,
		.algorithms = "cipher\ndigest\naead\nzlib\ngzip\ndeflate\n",
		.transport = "fake",
		.flags = wdt_fake.sva ? RTE_WD_FLAG_SVA : RTE_WD_FLAG_REGISTERED,
		.numa_node = -1,
		.available_queues = (int)wdt_fake.max_queues,
	};

	return cb(&info, arg);
}

static int
fake_open(struct wd_dev *dev, const struct rte_kvargs *args __rte_unused)
{
	dev->hw = rte_wd_hw_by_api(HISI_QM_API_V3);
	dev->sva = wdt_fake.sva;
	dev->va = true;
	dev->numa_node = -1;
	dev->max_queues = wdt_fake.max_queues;
	wdt_fake.nb_devs++;
	return 0;
}

static void
fake_close(struct wd_dev *dev __rte_unused)
{
	wdt_fake.nb_devs--;
}

static int
fake_queue_open(struct wd_dev *dev __rte_unused, const struct wd_queue_conf *conf,
		struct wd_queue *q)
{
	struct fake_queue *fq;
	struct regions *regions;

	if (wdt_fake.nb_queues == wdt_fake.nb_left)
		return wdt_fake.no_queue_rc;
	fq = calloc(1, sizeof(*fq));
	if (fq == NULL || conf->sqe_size > MAX_SQE_SIZE)
		abort();
	fq->fd = memfd_create("wdt-fake", MFD_CLOEXEC);
	if (ftruncate(fq->fd, sizeof(*regions)) != 0)
		abort();
	regions = mmap(NULL, sizeof(*regions), PROT_READ | PROT_WRITE, MAP_SHARED, fq->fd, 0);
	if (regions == MAP_FAILED)
		abort();
	fq->regions = regions;
	queue_fd = fq->fd;
	queue_regions = regions;
	wdt_fake.nb_queues++;
	q->sq = regions->sq;
	q->cq = regions->cq;
	q->sq_depth = WDT_FAKE_DEPTH;
	q->cq_depth = WDT_FAKE_DEPTH;
	q->sqe_size = conf->sqe_size;
	q->sq_db = &regions->sq_db;
	q->cq_db = &regions->cq_db;
	q->send_status = &regions->send_status;
	q->recv_status = &regions->recv_status;
	q->transport_data = fq;
	return 0;
}

static int
fake_queue_start(struct wd_queue *q)
{
	struct fake_queue *fq = q->transport_data;

	if (wdt_fake.start_rc != 0)
		return wdt_fake.start_rc;
	if (mmap(fq->regions, sizeof(*fq->regions), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			    fq->fd, 0) == MAP_FAILED)
		abort();
	memset(fq->regions, 0, sizeof(*fq->regions));
	fq->started = true;
	wdt_fake.nb_started++;
	return 0;
}

/* As the transport of real devices does it: from here on the memory is the process's own. */
static int
fake_queue_stop(struct wd_queue *q)
{
	struct fake_queue *fq = q->transport_data;
	struct regions last;

	if (!fq->started)
		return 0;
	if (wdt_fake.stop_rc != 0)
		return wdt_fake.stop_rc;
	wdt_fake.nb_started--;
	fq->started = false;
	if (wdt_fake.pulled)
		memset(&last, 0xff, sizeof(last));
	else
		last = *fq->regions;
	if (mmap(fq->regions, sizeof(last), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		abort();
	*fq->regions = last;
	return 0;
}

static void
fake_queue_close(struct wd_queue *q)
{
	struct fake_queue *fq = q->transport_data;

	if (fake_queue_stop(q) != 0)
		wdt_fake.nb_started--; /* by force */
	munmap(fq->regions, sizeof(*fq->regions));
	close(fq->fd);
	free(fq);
	q->transport_data = NULL;
	wdt_fake.nb_queues--;
}

static int
fake_mem_map(struct wd_dev *dev __rte_unused, void *va, uint64_t iova __rte_unused,
		size_t len __rte_unused)
{
	if (wdt_fake.nb_maps_left == 0)
		return -ENOMEM;
	if (wdt_fake.nb_mapped == MAX_MAPPED)
		abort();
	wdt_fake.nb_maps_left--;
	mapped[wdt_fake.nb_mapped++] = va;
	return 0;
}

static int
fake_mem_unmap(struct wd_dev *dev __rte_unused, void *va, uint64_t iova __rte_unused,
		size_t len __rte_unused)
{
	for (unsigned int i = 0; i < wdt_fake.nb_mapped; i++) {
		if (mapped[i] == va) {
			mapped[i] = mapped[--wdt_fake.nb_mapped];
			return 0;
		}
	}
	wdt_fake.nb_bad_unmaps++;
	return -ENOENT;
}

static const char *const fake_options[] = { NULL };

static struct wd_transport fake_transport = {
	.name = "fake",
	.options = fake_options,
	.scan = fake_scan,
	.open = fake_open,
	.close = fake_close,
	.queue_open = fake_queue_open,
	.queue_start = fake_queue_start,
	.queue_stop = fake_queue_stop,
	.queue_close = fake_queue_close,
	.mem_map = fake_mem_map,
	.mem_unmap = fake_mem_unmap,
};

void
wdt_fake_add(void)
{
	wdt_fake = (struct wdt_fake){
		.sva = true,
		.max_queues = QUEUES,
		.nb_left = QUEUES,
		.no_queue_rc = -EBUSY,
		.nb_maps_left = UINT32_MAX,
	};
	rte_wd_transport_register(&fake_transport);
}

void
wdt_fake_remove(void)
{
	rte_wd_transport_unregister(&fake_transport);
}

void
wdt_fake_reset(void)
{
	queue_regions->send_status = 1;
	__atomic_store_n(&queue_regions->recv_status, 1, __ATOMIC_RELEASE);
}

void
wdt_fake_pull(void)
{
	wdt_fake.pulled = true;
	if (ftruncate(queue_fd, 0) != 0)
		abort();
}
