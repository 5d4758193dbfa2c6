/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Probe, remove and the device operations. */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include <bus_vdev_driver.h>

#include "wd_comp.h"

/* The same driver is built under two names; see drivers/compress/wd/meson.build. */
#ifndef WD_COMP_DRIVER
#error "the build defines WD_COMP_DRIVER"
#endif

#define ARG_MAX_QPS "max_nb_queue_pairs"
#define DEFAULT_MAX_QPS 8

RTE_LOG_REGISTER(wd_comp_logtype, pmd.compress.wd, NOTICE);

static const char *const own_args[] = { ARG_MAX_QPS, NULL };

/* ---- queue pairs ---- */

static const struct rte_memzone *
dma_alloc(struct rte_compressdev *dev, const char *name, size_t size, int socket_id)
{
	const struct rte_memzone *dma = rte_memzone_reserve_aligned(
			name, size, socket_id, RTE_MEMZONE_IOVA_CONTIG, RTE_CACHE_LINE_SIZE);

	if (dma == NULL)
		WD_COMP_LOG(ERR, "%s: no hugepage memory for %s", dev->data->name, name);
	return dma;
}

static uint64_t
dma_delta(const struct rte_compressdev *dev, const struct rte_memzone *dma)
{
	const struct wd_comp_dev *priv = dev->data->dev_private;

	return priv->va ? 0 : dma->iova - (uintptr_t)dma->addr;
}

/* With the lock held. All that ops do not change. */
static int
lists_alloc(struct rte_compressdev *dev, struct wd_comp_qp *qp, enum wd_comp_dir dir)
{
	struct wd_comp_queue *cq = &qp->queues[dir];
	const uint32_t nb = rte_align32pow2(cq->q.limit);
	struct wd_comp_lists *lists;
	char name[RTE_MEMZONE_NAMESIZE];

	if (cq->lists != NULL)
		return 0;
	snprintf(name, sizeof(name), "wd_comp_lists_%u_%u_%u", dev->data->dev_id, qp->id, dir);
	cq->lists_dma = dma_alloc(dev, name, nb * sizeof(*lists), qp->socket_id);
	if (cq->lists_dma == NULL)
		return -ENOMEM;
	lists = cq->lists_dma->addr;
	memset(lists, 0, nb * sizeof(*lists));
	cq->lists_delta = dma_delta(dev, cq->lists_dma);
	for (uint32_t i = 0; i < nb; i++) {
		wd_sgl_head(&lists[i].trailed_list, 2);
		wd_sgl_head(&lists[i].other_list, 1);
		wd_sgl_entry(&lists[i].trailer_entry, (uintptr_t)lists[i].trailer + cq->lists_delta,
				sizeof(lists[i].trailer));
	}
	cq->lists_mask = nb - 1;
	cq->lists = lists;
	return 0;
}

int
wd_comp_lists_need(struct rte_compressdev *dev, enum wd_comp_dir dir)
{
	struct wd_comp_dev *priv = dev->data->dev_private;
	int rc = 0;

	rte_spinlock_lock(&priv->lock);
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs && rc == 0; i++) {
		if (dev->data->queue_pairs[i] != NULL)
			rc = lists_alloc(dev, dev->data->queue_pairs[i], dir);
	}
	if (rc == 0)
		priv->listed[dir] = true;
	rte_spinlock_unlock(&priv->lock);
	return rc;
}

/* From now on the queue pair is the device's, and gets what private xforms need. */
static int
qp_publish(struct rte_compressdev *dev, struct wd_comp_qp *qp)
{
	struct wd_comp_dev *priv = dev->data->dev_private;
	int rc = 0;

	rte_spinlock_lock(&priv->lock);
	for (unsigned int dir = 0; dir < WD_COMP_NB_DIRS && rc == 0; dir++) {
		if (priv->listed[dir])
			rc = lists_alloc(dev, qp, dir);
	}
	if (rc == 0)
		dev->data->queue_pairs[qp->id] = qp;
	rte_spinlock_unlock(&priv->lock);
	return rc;
}

static int
side_setup(struct rte_compressdev *dev, struct wd_comp_qp *qp)
{
	char name[RTE_MEMZONE_NAMESIZE];

	snprintf(name, sizeof(name), "wd_comp_side_%u_%u", dev->data->dev_id, qp->id);
	qp->side_dma = dma_alloc(dev, name, WD_COMP_SIDE_SIZE, qp->socket_id);
	if (qp->side_dma == NULL)
		return -ENOMEM;
	qp->side.base = qp->side_dma->addr;
	qp->side.size = WD_COMP_SIDE_SIZE;
	qp->side.iova_delta = dma_delta(dev, qp->side_dma);
	return 0;
}

static int
queue_setup(struct rte_compressdev *dev, struct wd_comp_qp *qp, enum wd_comp_dir dir,
		uint32_t max_inflight_ops)
{
	const struct wd_comp_dev *priv = dev->data->dev_private;
	const struct wd_queue_conf conf = {
		.qc_type = dir == WD_COMP_COMPRESS ? HISI_ZIP_QC_TYPE_COMPRESS :
						     HISI_ZIP_QC_TYPE_DECOMPRESS,
		.sqe_size = HISI_ZIP_SQE_SIZE,
		.nb_desc = (uint16_t)RTE_MIN(max_inflight_ops, (uint32_t)UINT16_MAX),
		.socket_id = qp->socket_id,
	};
	struct wd_comp_queue *cq = &qp->queues[dir];
	const int rc = rte_wd_queue_open(priv->wd, &conf, &cq->q);

	if (rc != 0)
		return rc;
	cq->slots = rte_zmalloc_socket("wd_comp_slots", cq->q.sq_depth * sizeof(*cq->slots),
			RTE_CACHE_LINE_SIZE, qp->socket_id);
	if (cq->slots == NULL) {
		WD_COMP_LOG(ERR, "%s: no hugepage memory for %s", dev->data->name, "wd_comp_slots");
		return -ENOMEM;
	}
	return rte_wd_queue_start(&cq->q);
}

/* With the lock held. Ops of these streams that were in flight will not be dequeued. */
static void
streams_let_go(struct wd_comp_dev *priv, const struct wd_side *side)
{
	struct wd_comp_stream *s;

	LIST_FOREACH(s, &priv->streams, next) {
		if (s->busy == side)
			s->busy = NULL;
	}
}

/* From here on the device touches nothing that ops of this queue pair have. */
static void
queues_close(struct wd_comp_qp *qp)
{
	for (unsigned int dir = 0; dir < WD_COMP_NB_DIRS; dir++) {
		struct wd_queue *q = &qp->queues[dir].q;

		if (wd_queue_in_flight(q) > 0)
			WD_COMP_LOG(WARNING, "queue pair %u is released with %u ops in flight",
					qp->id, wd_queue_in_flight(q));
		rte_wd_queue_close(q);
	}
}

static void
qp_free(struct wd_comp_qp *qp)
{
	for (unsigned int dir = 0; dir < WD_COMP_NB_DIRS; dir++) {
		rte_memzone_free(qp->queues[dir].lists_dma);
		rte_free(qp->queues[dir].slots);
	}
	rte_memzone_free(qp->side_dma);
	rte_free(qp);
}

static int
qp_release(struct rte_compressdev *dev, uint16_t id)
{
	struct wd_comp_dev *priv = dev->data->dev_private;
	struct wd_comp_qp *qp = dev->data->queue_pairs[id];

	if (qp == NULL)
		return 0;
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		WD_COMP_LOG(ERR, "%s: queue pairs are released by the primary process",
				dev->data->name);
		return -ENOTSUP;
	}
	rte_spinlock_lock(&priv->lock);
	dev->data->queue_pairs[id] = NULL;
	rte_spinlock_unlock(&priv->lock);
	queues_close(qp);
	rte_spinlock_lock(&priv->lock);
	streams_let_go(priv, &qp->side);
	rte_spinlock_unlock(&priv->lock);
	qp_free(qp);
	return 0;
}

static int
qp_setup(struct rte_compressdev *dev, uint16_t id, uint32_t max_inflight_ops, int socket_id)
{
	struct wd_comp_qp *qp;
	int rc;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		WD_COMP_LOG(ERR, "%s: queue pairs are set up by the primary process",
				dev->data->name);
		return -ENOTSUP;
	}
	qp_release(dev, id);
	qp = rte_zmalloc_socket("wd_comp_qp", sizeof(*qp), RTE_CACHE_LINE_SIZE, socket_id);
	if (qp == NULL)
		return -ENOMEM;
	qp->id = id;
	qp->kind = wd_comp_kind(dev->data->dev_private);
	qp->socket_id = socket_id;
	rc = side_setup(dev, qp);
	for (unsigned int dir = 0; dir < WD_COMP_NB_DIRS && rc == 0; dir++)
		rc = queue_setup(dev, qp, dir, max_inflight_ops);
	if (rc == 0)
		rc = qp_publish(dev, qp);
	if (rc != 0) {
		queues_close(qp);
		qp_free(qp);
	}
	return rc;
}

/* ---- device ---- */

static int
dev_configure(struct rte_compressdev *dev __rte_unused,
		struct rte_compressdev_config *conf __rte_unused)
{
	return 0;
}

/* Queues run from set-up to release: an op in flight at stop comes back after the next start. */
static int
dev_start(struct rte_compressdev *dev __rte_unused)
{
	return 0;
}

static void
dev_stop(struct rte_compressdev *dev __rte_unused)
{
}

static int
dev_close(struct rte_compressdev *dev)
{
	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++)
		qp_release(dev, i);
	return 0;
}

static void
dev_info_get(struct rte_compressdev *dev, struct rte_compressdev_info *info)
{
	const struct wd_comp_dev *priv = dev->data->dev_private;

	info->feature_flags = dev->feature_flags;
	info->capabilities = wd_comp_caps_get(priv);
	info->max_nb_queue_pairs = priv->max_nb_queue_pairs;
}

static void
stats_get(struct rte_compressdev *dev, struct rte_compressdev_stats *stats)
{
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++) {
		const struct wd_comp_qp *qp = dev->data->queue_pairs[i];

		if (qp == NULL)
			continue;
		stats->enqueued_count += qp->stats.enqueued_count;
		stats->dequeued_count += qp->stats.dequeued_count;
		stats->enqueue_err_count += qp->stats.enqueue_err_count;
		stats->dequeue_err_count += qp->stats.dequeue_err_count;
	}
}

static void
stats_reset(struct rte_compressdev *dev)
{
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++) {
		struct wd_comp_qp *qp = dev->data->queue_pairs[i];

		if (qp != NULL)
			memset(&qp->stats, 0, sizeof(qp->stats));
	}
}

static struct rte_compressdev_ops ops = {
	.dev_configure = dev_configure,
	.dev_start = dev_start,
	.dev_stop = dev_stop,
	.dev_close = dev_close,
	.dev_infos_get = dev_info_get,
	.stats_get = stats_get,
	.stats_reset = stats_reset,
	.queue_pair_setup = qp_setup,
	.queue_pair_release = qp_release,
	.stream_create = wd_comp_stream_create,
	.stream_free = wd_comp_stream_free,
	.private_xform_create = wd_comp_xform_create,
	.private_xform_free = wd_comp_xform_free,
};

/* ---- probe and remove ---- */

static int
priv_init(struct wd_comp_dev *priv, const char *name, const char *args_text)
{
	struct rte_kvargs *args = rte_kvargs_parse(args_text, NULL);
	uint32_t max_qps = DEFAULT_MAX_QPS;
	int rc;

	if (args == NULL) {
		WD_COMP_LOG(ERR,
				"%s: malformed options \"%s\": key=value pairs, with commas between",
				name, args_text);
		return -EINVAL;
	}
	rc = rte_wd_arg_u32(args, ARG_MAX_QPS, 1, HISI_QM_MAX_QUEUES / WD_COMP_NB_DIRS, &max_qps);
	if (rc == 0)
		rc = rte_wd_dev_open(WD_CLASS_ZIP, args, own_args, &priv->wd);
	rte_kvargs_free(args);
	if (rc != 0)
		return rc;
	if (priv->wd->max_queues < WD_COMP_NB_DIRS) {
		WD_COMP_LOG(ERR,
				"%s: device %s has fewer than %d queues left, and a queue pair takes as many,"
				" one for each direction; stop other users, or take another device",
				name, priv->wd->name, WD_COMP_NB_DIRS);
		rte_wd_dev_close(priv->wd);
		return -EBUSY;
	}
	priv->version = priv->wd->hw->version;
	priv->va = priv->wd->va;
	priv->fixed_huffman = priv->wd->fixed_huffman;
	priv->max_nb_queue_pairs = (uint16_t)RTE_MIN(
			max_qps, priv->wd->max_queues / WD_COMP_NB_DIRS);
	return 0;
}

static int
probe(struct rte_vdev_device *vdev)
{
	struct rte_compressdev_pmd_init_params params = { .socket_id = (int)rte_socket_id() };
	const char *name = rte_vdev_device_name(vdev);
	const char *args = rte_vdev_device_args(vdev);
	struct wd_comp_dev opened = { 0 };
	struct rte_compressdev *dev;
	int rc;

	if (name == NULL)
		return -EINVAL;
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		WD_COMP_LOG(ERR, "%s: a secondary process cannot use this device", name);
		return -ENOTSUP;
	}
	rc = priv_init(&opened, name, args == NULL ? "" : args);
	if (rc != 0)
		return rc;
	if (opened.wd->numa_node >= 0)
		params.socket_id = opened.wd->numa_node;
	dev = rte_compressdev_pmd_create(name, &vdev->device, sizeof(opened), &params);
	if (dev == NULL) {
		rte_wd_dev_close(opened.wd);
		return -ENODEV;
	}
	*(struct wd_comp_dev *)dev->data->dev_private = opened;
	dev->dev_ops = &ops;
	dev->feature_flags = RTE_COMPDEV_FF_HW_ACCELERATED;
	wd_comp_zip_set_burst(dev);
	return 0;
}

static int
remove_dev(struct rte_vdev_device *vdev)
{
	struct rte_compressdev *dev = rte_compressdev_pmd_get_named_dev(rte_vdev_device_name(vdev));
	char zone[RTE_MEMZONE_NAMESIZE];
	struct wd_dev *wd;
	int rc;

	if (dev == NULL)
		return -ENODEV;
	snprintf(zone, sizeof(zone), "rte_compressdev_data_%u", dev->data->dev_id);
	wd = ((struct wd_comp_dev *)dev->data->dev_private)->wd;
	if (dev->data->dev_started) {
		WD_COMP_LOG(ERR, "%s: is started; stop it before it is removed", dev->data->name);
		return -EBUSY;
	}
	/* compressdev does not close what was never configured */
	dev_close(dev);
	rc = rte_compressdev_pmd_destroy(dev);
	if (rc != 0)
		return rc;
	/* compressdev 22.11 forgets it, and finds the name taken when the next device comes */
	rte_memzone_free(rte_memzone_lookup(zone));
	rte_wd_dev_close(wd);
	return 0;
}

static struct wd_dev *
wd_of(struct rte_vdev_device *vdev)
{
	struct rte_compressdev *dev = rte_compressdev_pmd_get_named_dev(rte_vdev_device_name(vdev));

	if (dev == NULL) {
		rte_errno = ENODEV;
		return NULL;
	}
	return ((struct wd_comp_dev *)dev->data->dev_private)->wd;
}

static int
dma_map(struct rte_vdev_device *vdev, void *addr, uint64_t iova, size_t len)
{
	struct wd_dev *wd = wd_of(vdev);
	const int rc = wd == NULL ? -rte_errno : rte_wd_mem_ext_map(wd, addr, iova, len);

	if (rc != 0)
		rte_errno = -rc;
	return rc == 0 ? 0 : -1;
}

static int
dma_unmap(struct rte_vdev_device *vdev, void *addr, uint64_t iova, size_t len)
{
	struct wd_dev *wd = wd_of(vdev);
	const int rc = wd == NULL ? -rte_errno : rte_wd_mem_ext_unmap(wd, addr, iova, len);

	if (rc != 0)
		rte_errno = -rc;
	return rc == 0 ? 0 : -1;
}

static struct rte_vdev_driver vdev_driver = {
	.probe = probe,
	.remove = remove_dev,
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
};

#define PARAMS                                                                                     \
	ARG_MAX_QPS "=<1..512> dev=<uacce device>|sim hw=v2|v3 sva=0|1 stall_ms=<ms>"              \
		    " engine=auto|openssl|instant run=thread|inline latency_ns=<ns> ops_per_s=<n>" \
		    " bytes_per_s=<n> perf=<preset> fault=<fault> depth=<2..32768> cpu=<cpu>"

/* RTE_PMD_REGISTER_VDEV takes the name as a token; this expands it first. */
#define REGISTER(name) RTE_PMD_REGISTER_VDEV(name, vdev_driver)
REGISTER(WD_COMP_DRIVER);

/* dpdk-pmdinfo.py looks for this line; DPDK's own build writes it after linking. */
static const char pmd_info[] __rte_used = "PMD_INFO_STRING= {\"name\" : \"" RTE_STR(
		WD_COMP_DRIVER) "\", \"params\" : \"" PARAMS "\", \"pci_ids\" : []}";
