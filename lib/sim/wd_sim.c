/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The software device as a transport: lib/model behind the same rings and
 * doorbell words as hardware, on a thread of this process.
 */

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "wd_sim.h"

RTE_LOG_REGISTER(wd_sim_logtype, wd.sim, NOTICE);

#define WD_SIM_ALGORITHMS "cipher\ndigest\naead\nzlib\ngzip\ndeflate\n"

/* Two cache lines: the adjacent line is fetched along on many machines, and each
 * of these words bounces between two cores.
 */
#define LINE 128

/* Behind the rings. */
struct words {
	alignas(LINE) uint64_t sq_db;
	alignas(LINE) uint64_t cq_db;
	/* written once in a queue's life, read at each burst */
	alignas(LINE) uint32_t send_status;
	uint32_t recv_status;
};

static TAILQ_HEAD(, wd_sim) sims = TAILQ_HEAD_INITIALIZER(sims);
static pthread_mutex_t sims_lock = PTHREAD_MUTEX_INITIALIZER;

/* With sims_lock held. */
static struct wd_sim *
sim_by_id(unsigned int id)
{
	struct wd_sim *sim;

	TAILQ_FOREACH(sim, &sims, next) {
		if (sim->id == id)
			return sim;
	}
	return NULL;
}

struct wd_sim *
wd_sim_find(unsigned int id)
{
	struct wd_sim *sim;

	pthread_mutex_lock(&sims_lock);
	sim = sim_by_id(id);
	pthread_mutex_unlock(&sims_lock);
	return sim;
}

static void
sim_add(struct wd_sim *sim)
{
	pthread_mutex_lock(&sims_lock);
	while (sim_by_id(sim->id) != NULL)
		sim->id++;
	TAILQ_INSERT_TAIL(&sims, sim, next);
	pthread_mutex_unlock(&sims_lock);
}

static void
sim_remove(struct wd_sim *sim)
{
	pthread_mutex_lock(&sims_lock);
	TAILQ_REMOVE(&sims, sim, next);
	pthread_mutex_unlock(&sims_lock);
}

static int
sim_scan(rte_wd_dev_cb cb, void *arg)
{
	const struct rte_wd_dev_info info = {
		.name = WD_SIM_NAME,
		.api = HISI_QM_API_V3, /* WD_SIM_HW */
		.algorithms = WD_SIM_ALGORITHMS,
		.transport = WD_SIM_NAME,
		.numa_node = SOCKET_ID_ANY,
		.available_queues = HISI_QM_MAX_QUEUES, /* each opening makes a device of its own */
	};

	return cb(&info, arg);
}

static enum wdm_class model_class(enum wd_class class)
{
	return class == WD_CLASS_ZIP ? WDM_CLASS_ZIP : WDM_CLASS_SEC;
}

static int
model_create(struct wd_sim *sim)
{
	const struct wd_sim_options *o = &sim->options;
	const struct wdm_dev_config conf = {
		.class = o->class,
		.engine = o->engine,
		.hw_version = o->hw->version,
		.perf = o->perf,
	};
	int rc = 0;

	sim->space = wdm_space_create(o->sva ? &wdm_space_self : NULL, NULL);
	if (sim->space == NULL)
		return -ENOMEM;
	sim->model = wdm_dev_create(&conf);
	if (sim->model == NULL) {
		rc = -errno;
		WD_SIM_LOG(ERR, "%s: cannot create a device of hw=%s: %s", sim->name, o->hw->name,
				rte_strerror(-rc));
		wdm_space_destroy(sim->space);
		return rc;
	}
	for (unsigned int i = 0; i < o->nb_faults; i++)
		wdm_dev_fault(sim->model, &o->faults[i]); /* parsed, and no more than fit */
	return 0;
}

static int
sim_open(struct wd_dev *dev, const struct rte_kvargs *args)
{
	struct wd_sim *sim;
	int rc;

	sim = calloc(1, sizeof(*sim));
	if (sim == NULL)
		return -ENOMEM;
	sim->name = dev->name;
	rc = wd_sim_options_parse(args, model_class(dev->class), &sim->options);
	if (rc != 0)
		goto free_sim;
	rc = model_create(sim);
	if (rc != 0)
		goto free_sim;
	if (!sim->options.run_inline) {
		rc = wd_sim_thread_start(sim);
		if (rc != 0)
			goto destroy_model;
	}
	sim_add(sim);
	dev->hw = sim->options.hw;
	dev->sva = sim->options.sva;
	dev->va = sim->options.sva;
	/* with SVA the descriptors of a secondary process would name its own addresses */
	dev->fixed_huffman = true;
	dev->secondary_data_path = !sim->options.sva;
	dev->numa_node = SOCKET_ID_ANY;
	dev->max_queues = HISI_QM_MAX_QUEUES;
	dev->transport_data = sim;
	return 0;

destroy_model:
	wdm_dev_destroy(sim->model);
	wdm_space_destroy(sim->space);
free_sim:
	free(sim);
	return rc;
}

static void
sim_close(struct wd_dev *dev)
{
	struct wd_sim *sim = dev->transport_data;

	sim_remove(sim);
	if (!sim->options.run_inline)
		wd_sim_thread_stop(sim);
	wdm_dev_destroy(sim->model);
	wdm_space_destroy(sim->space);
	free(sim);
	dev->transport_data = NULL;
}

static int
number_alloc(const struct wd_sim *sim)
{
	for (unsigned int qn = 0; qn < RTE_DIM(sim->queues); qn++) {
		if (sim->queues[qn] == NULL)
			return (int)qn;
	}
	WD_SIM_LOG(ERR, "%s: all %zu queues are in use", sim->name, RTE_DIM(sim->queues));
	return -EBUSY;
}

/* Memory that secondary processes see as well, on the asked socket if it has any left. */
static void *
queue_memory(size_t size, int socket_id)
{
	void *mem = rte_zmalloc_socket("wd_sim_queue", size, LINE, socket_id);

	if (mem == NULL && socket_id != SOCKET_ID_ANY)
		mem = rte_zmalloc_socket("wd_sim_queue", size, LINE, SOCKET_ID_ANY);
	return mem;
}

/* Where a queue lies in its memory. */
struct layout {
	uint8_t *sq;
	uint8_t *cq;
	struct words *words;
};

/* Fills layout; NULL without memory. */
static void *
rings_alloc(uint16_t depth, size_t sqe_size, int socket_id, struct layout *layout)
{
	const size_t sq_size = RTE_ALIGN_CEIL(depth * sqe_size, LINE);
	const size_t cq_size = RTE_ALIGN_CEIL(depth * sizeof(struct hisi_qm_cqe), LINE);
	uint8_t *mem = queue_memory(sq_size + cq_size + sizeof(struct words), socket_id);

	if (mem == NULL)
		return NULL;
	layout->sq = mem;
	layout->cq = mem + sq_size;
	layout->words = (struct words *)(void *)(mem + sq_size + cq_size);
	return mem;
}

static struct wdm_qp *
qp_create(const struct wd_sim *sim, const struct layout *at, uint16_t qn, uint16_t qc_type)
{
	const struct wdm_qp_config conf = {
		.space = sim->space,
		.sq = at->sq,
		.cq = at->cq,
		.sq_depth = sim->options.depth,
		.cq_depth = sim->options.depth,
		.sq_db = &at->words->sq_db,
		.cq_db = &at->words->cq_db,
		.send_status = &at->words->send_status,
		.recv_status = &at->words->recv_status,
		.qn = qn,
		.qc_type = qc_type,
	};

	return wdm_qp_create(sim->model, &conf);
}

static void
geometry_fill(struct wd_queue *q, const struct layout *at, uint16_t depth, size_t sqe_size,
		uint16_t qn)
{
	q->sq = at->sq;
	q->cq = at->cq;
	q->sq_depth = depth;
	q->cq_depth = depth;
	q->sqe_size = (uint16_t)sqe_size;
	q->qn = qn;
	q->sq_db = &at->words->sq_db;
	q->cq_db = &at->words->cq_db;
	q->sq_db_word = qn | HISI_QM_DB_CMD_SQ << HISI_QM_DB_CMD_SHIFT;
	q->cq_db_word = qn | HISI_QM_DB_CMD_CQ << HISI_QM_DB_CMD_SHIFT;
	q->send_status = &at->words->send_status;
	q->recv_status = &at->words->recv_status;
}

static int
sim_queue_open(struct wd_dev *dev, const struct wd_queue_conf *conf, struct wd_queue *q)
{
	struct wd_sim *sim = dev->transport_data;
	const uint16_t depth = sim->options.depth;
	const size_t sqe_size = wdm_class_sqe_size(model_class(dev->class));
	const int qn = number_alloc(sim);
	struct wd_sim_queue *sq;
	struct layout at;
	int rc;

	if (qn < 0)
		return qn;
	sq = calloc(1, sizeof(*sq));
	if (sq == NULL)
		return -ENOMEM;
	sq->mem = rings_alloc(depth, sqe_size, conf->socket_id, &at);
	if (sq->mem == NULL) {
		WD_SIM_LOG(ERR, "%s: no memory for a queue of %u descriptors", sim->name, depth);
		rc = -ENOMEM;
		goto free_queue;
	}
	sq->qp = qp_create(sim, &at, (uint16_t)qn, conf->qc_type);
	if (sq->qp == NULL) {
		rc = -errno;
		WD_SIM_LOG(ERR, "%s: cannot create queue %d: %s", sim->name, qn, rte_strerror(-rc));
		goto free_memory;
	}
	sq->sim = sim;
	sq->qn = (uint16_t)qn;
	sim->queues[qn] = sq;
	geometry_fill(q, &at, depth, sqe_size, sq->qn);
	q->transport_data = sq;
	return 0;

free_memory:
	rte_free(sq->mem);
free_queue:
	free(sq);
	return rc;
}

static int
sim_queue_start(struct wd_queue *q)
{
	struct wd_sim_queue *sq = q->transport_data;
	const int rc = wdm_qp_start(sq->qp);

	if (rc == 0) {
		sq->started = true;
		__atomic_fetch_add(&sq->sim->nb_started, 1, __ATOMIC_RELAXED);
	}
	return rc;
}

/* Also after a reset, and twice: lib/wd stops a dead queue before its owner does. */
static int
sim_queue_stop(struct wd_queue *q)
{
	struct wd_sim_queue *sq = q->transport_data;

	wdm_qp_stop(sq->qp);
	if (sq->started)
		__atomic_fetch_sub(&sq->sim->nb_started, 1, __ATOMIC_RELAXED);
	sq->started = false;
	return 0;
}

static void
sim_queue_close(struct wd_queue *q)
{
	struct wd_sim_queue *sq = q->transport_data;

	sim_queue_stop(q);
	sq->sim->queues[sq->qn] = NULL;
	wdm_qp_destroy(sq->qp);
	rte_free(sq->mem);
	free(sq);
	q->transport_data = NULL;
}

static int
sim_mem_map(struct wd_dev *dev, void *va, uint64_t iova, size_t len)
{
	const struct wd_sim *sim = dev->transport_data;

	return wdm_space_map(sim->space, iova, va, len);
}

static int
sim_mem_unmap(struct wd_dev *dev, void *va __rte_unused, uint64_t iova, size_t len)
{
	const struct wd_sim *sim = dev->transport_data;

	return wdm_space_unmap(sim->space, iova, len);
}

static struct wd_transport wd_sim_transport = {
	.name = WD_SIM_NAME,
	.map_with_sva = true, /* an access elsewhere costs it a system call */
	.options = wd_sim_option_names,
	.scan = sim_scan,
	.open = sim_open,
	.close = sim_close,
	.queue_open = sim_queue_open,
	.queue_start = sim_queue_start,
	.queue_stop = sim_queue_stop,
	.queue_close = sim_queue_close,
	.mem_map = sim_mem_map,
	.mem_unmap = sim_mem_unmap,
};
WD_TRANSPORT_REGISTER(wd_sim_transport);
