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

#include "wd_crypto.h"

/* The same driver is built under two names; see drivers/crypto/wd/meson.build. */
#ifndef WD_CRYPTO_DRIVER
#error "the build defines WD_CRYPTO_DRIVER"
#endif

#define ARG_MAX_QPS "max_nb_queue_pairs"
#define DEFAULT_MAX_QPS 8

RTE_LOG_REGISTER(wd_crypto_logtype, pmd.crypto.wd, NOTICE);

static uint8_t driver_id;

static const char *const own_args[] = { ARG_MAX_QPS, NULL };

/* ---- queue pairs ---- */

/* A queue died: tell the application; its ops come back by dequeue. */
static void
queue_dead(void *arg)
{
	rte_cryptodev_pmd_callback_process(arg, RTE_CRYPTODEV_EVENT_ERROR);
}

static int
qp_memory(struct rte_cryptodev *dev, struct wd_crypto_qp *qp, int socket_id)
{
	const size_t scratch = (size_t)qp->q.sq_depth * sizeof(*qp->scratch);
	const size_t side = WD_CRYPTO_SIDE_SIZE;
	const struct wd_crypto_dev *priv = dev->data->dev_private;
	char name[RTE_MEMZONE_NAMESIZE];

	qp->slots = rte_zmalloc_socket("wd_crypto_slots", qp->q.sq_depth * sizeof(*qp->slots),
			RTE_CACHE_LINE_SIZE, socket_id);
	snprintf(name, sizeof(name), "wd_crypto_%u_%u", dev->data->dev_id, qp->id);
	qp->dma = rte_memzone_reserve_aligned(name, side + scratch + WD_CRYPTO_SINK_SIZE, socket_id,
			RTE_MEMZONE_IOVA_CONTIG, RTE_CACHE_LINE_SIZE);
	if (qp->slots == NULL || qp->dma == NULL) {
		WD_CRYPTO_LOG(ERR,
				"%s: no hugepage memory of %zu bytes in one piece for queue pair %u of depth %u",
				dev->data->name, side + scratch + WD_CRYPTO_SINK_SIZE, qp->id,
				qp->q.sq_depth);
		return -ENOMEM;
	}
	memset(qp->dma->addr, 0, qp->dma->len);
	qp->side.base = qp->dma->addr;
	qp->side.size = WD_CRYPTO_SIDE_SIZE;
	qp->side.iova_delta = priv->va ? 0 : qp->dma->iova - (uintptr_t)qp->dma->addr;
	qp->scratch = RTE_PTR_ADD(qp->dma->addr, side);
	qp->sink = RTE_PTR_ADD(qp->scratch, scratch);
	return 0;
}

static void
qp_free(struct wd_crypto_qp *qp)
{
	if (wd_queue_in_flight(&qp->q) > 0)
		WD_CRYPTO_LOG(WARNING, "queue pair %u is released with %u ops in flight", qp->id,
				wd_queue_in_flight(&qp->q));
	rte_wd_queue_close(&qp->q);
	if (qp->scratch != NULL)
		explicit_bzero(qp->dma->addr, qp->dma->len); /* digests */
	rte_memzone_free(qp->dma);
	rte_free(qp->slots);
	rte_free(qp);
}

static int
qp_release(struct rte_cryptodev *dev, uint16_t id)
{
	struct wd_crypto_qp *qp = dev->data->queue_pairs[id];

	if (qp == NULL)
		return 0;
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		WD_CRYPTO_LOG(ERR, "%s: queue pairs are released by the primary process",
				dev->data->name);
		return -ENOTSUP;
	}
	qp_free(qp);
	dev->data->queue_pairs[id] = NULL;
	return 0;
}

static int
qp_setup(struct rte_cryptodev *dev, uint16_t id, const struct rte_cryptodev_qp_conf *conf,
		int socket_id)
{
	const struct wd_crypto_dev *priv = dev->data->dev_private;
	const struct wd_queue_conf queue_conf = {
		.qc_type = HISI_SEC_QC_TYPE,
		.sqe_size = HISI_SEC_SQE_SIZE,
		.nb_desc = (uint16_t)RTE_MIN(conf->nb_descriptors, (uint32_t)UINT16_MAX),
		.socket_id = socket_id,
		.dead_cb = queue_dead,
		.dead_arg = dev,
	};
	struct wd_crypto_qp *qp;
	int rc;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		WD_CRYPTO_LOG(ERR, "%s: queue pairs are set up by the primary process",
				dev->data->name);
		return -ENOTSUP;
	}
	qp_release(dev, id);
	qp = rte_zmalloc_socket("wd_crypto_qp", sizeof(*qp), RTE_CACHE_LINE_SIZE, socket_id);
	if (qp == NULL)
		return -ENOMEM;
	qp->id = id;
	qp->driver_id = dev->driver_id;
	qp->kind = WD_CRYPTO_KIND(priv->version, priv->va, 0);
	rc = rte_wd_queue_open(priv->wd, &queue_conf, &qp->q);
	if (rc != 0)
		goto free_qp;
	rc = qp_memory(dev, qp, socket_id);
	if (rc == 0)
		rc = rte_wd_queue_start(&qp->q);
	if (rc != 0)
		goto free_qp;
	dev->data->queue_pairs[id] = qp;
	return 0;

free_qp:
	qp_free(qp);
	return rc;
}

/* ---- device ---- */

static int
dev_configure(struct rte_cryptodev *dev __rte_unused,
		struct rte_cryptodev_config *conf __rte_unused)
{
	return 0;
}

/* Queues run from set-up to release: an op in flight at stop comes back after the next start. */
static int
dev_start(struct rte_cryptodev *dev __rte_unused)
{
	return 0;
}

static void
dev_stop(struct rte_cryptodev *dev __rte_unused)
{
}

static int
dev_close(struct rte_cryptodev *dev)
{
	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++)
		qp_release(dev, i);
	return 0;
}

static void
dev_info_get(struct rte_cryptodev *dev, struct rte_cryptodev_info *info)
{
	const struct wd_crypto_dev *priv = dev->data->dev_private;

	info->driver_id = dev->driver_id;
	info->feature_flags = dev->feature_flags;
	info->capabilities = wd_crypto_caps_get(priv->version);
	info->max_nb_queue_pairs = priv->max_nb_queue_pairs;
	info->sym.max_nb_sessions = 0; /* as many as there is memory */
}

static void
stats_get(struct rte_cryptodev *dev, struct rte_cryptodev_stats *stats)
{
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++) {
		const struct wd_crypto_qp *qp = dev->data->queue_pairs[i];

		if (qp == NULL)
			continue;
		stats->enqueued_count += qp->stats.enqueued_count;
		stats->dequeued_count += qp->stats.dequeued_count;
		stats->enqueue_err_count += qp->stats.enqueue_err_count;
		stats->dequeue_err_count += qp->stats.dequeue_err_count;
	}
}

static void
stats_reset(struct rte_cryptodev *dev)
{
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++) {
		struct wd_crypto_qp *qp = dev->data->queue_pairs[i];

		if (qp != NULL)
			memset(&qp->stats, 0, sizeof(qp->stats));
	}
}

static unsigned int
session_get_size(struct rte_cryptodev *dev __rte_unused)
{
	return sizeof(struct wd_crypto_session);
}

static struct rte_cryptodev_ops ops = {
	.dev_configure = dev_configure,
	.dev_start = dev_start,
	.dev_stop = dev_stop,
	.dev_close = dev_close,
	.dev_infos_get = dev_info_get,
	.stats_get = stats_get,
	.stats_reset = stats_reset,
	.queue_pair_setup = qp_setup,
	.queue_pair_release = qp_release,
	.sym_session_get_size = session_get_size,
	.sym_session_configure = wd_crypto_session_configure,
	.sym_session_clear = wd_crypto_session_clear,
};

/* ---- probe and remove ---- */

static int
priv_init(struct wd_crypto_dev *priv, const char *name, const char *args_text)
{
	struct rte_kvargs *args = rte_kvargs_parse(args_text, NULL);
	uint32_t max_qps = DEFAULT_MAX_QPS;
	int rc;

	if (args == NULL) {
		WD_CRYPTO_LOG(ERR,
				"%s: malformed options \"%s\": key=value pairs, with commas between",
				name, args_text);
		return -EINVAL;
	}
	rc = rte_wd_arg_u32(args, ARG_MAX_QPS, 1, HISI_QM_MAX_QUEUES, &max_qps);
	if (rc == 0)
		rc = rte_wd_dev_open(WD_CLASS_SEC, args, own_args, &priv->wd);
	rte_kvargs_free(args);
	if (rc != 0)
		return rc;
	priv->version = priv->wd->hw->version;
	priv->va = priv->wd->va;
	priv->max_nb_queue_pairs = (uint16_t)RTE_MIN(max_qps, priv->wd->max_queues);
	return 0;
}

/* A secondary process uses the queue pairs that the primary set up, where the
 * transport's queues are plain shared memory.
 */
static int
priv_attach(const struct wd_crypto_dev *priv, const char *name)
{
	if (priv != NULL && priv->wd != NULL && priv->wd->secondary_data_path)
		return 0;
	WD_CRYPTO_LOG(ERR,
			"%s: the queues of this device belong to the process that opened them; a secondary"
			" process cannot use it",
			name);
	return -ENOTSUP;
}

/*
 * cryptodev's burst functions look for callbacks in lists that are per process, but
 * allocated by rte_cryptodev_configure() and so in the primary process only; in a
 * secondary they would follow a NULL pointer. Empty lists, as long as may be needed.
 */
static int
callback_lists_alloc(struct rte_cryptodev *dev, uint16_t nb)
{
	dev->enq_cbs = rte_zmalloc(NULL, nb * sizeof(*dev->enq_cbs), 0);
	dev->deq_cbs = rte_zmalloc(NULL, nb * sizeof(*dev->deq_cbs), 0);
	return dev->enq_cbs == NULL || dev->deq_cbs == NULL ? -ENOMEM : 0;
}

static void
callback_lists_free(struct rte_cryptodev *dev)
{
	rte_free(dev->enq_cbs);
	rte_free(dev->deq_cbs);
	dev->enq_cbs = dev->deq_cbs = NULL;
}

static int
probe(struct rte_vdev_device *vdev)
{
	struct rte_cryptodev_pmd_init_params params = {
		.private_data_size = sizeof(struct wd_crypto_dev),
		.socket_id = (int)rte_socket_id(),
	};
	const bool primary = rte_eal_process_type() == RTE_PROC_PRIMARY;
	const char *name = rte_vdev_device_name(vdev);
	const char *args = rte_vdev_device_args(vdev);
	struct wd_crypto_dev opened = { 0 }, *priv;
	struct rte_cryptodev *dev;
	int rc;

	if (name == NULL)
		return -EINVAL;
	if (primary) {
		rc = priv_init(&opened, name, args == NULL ? "" : args);
		if (rc != 0)
			return rc;
		if (opened.wd->numa_node >= 0)
			params.socket_id = opened.wd->numa_node;
	}
	dev = rte_cryptodev_pmd_create(name, &vdev->device, &params);
	if (dev == NULL) {
		rte_wd_dev_close(opened.wd);
		return -ENODEV;
	}
	priv = dev->data->dev_private;
	if (primary) {
		*priv = opened;
	} else {
		rc = priv_attach(priv, name);
		if (rc == 0)
			rc = callback_lists_alloc(dev, priv->max_nb_queue_pairs);
		if (rc != 0) {
			callback_lists_free(dev);
			rte_cryptodev_pmd_release_device(dev);
			return rc;
		}
	}
	dev->driver_id = driver_id;
	dev->dev_ops = &ops;
	dev->feature_flags = RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO | RTE_CRYPTODEV_FF_HW_ACCELERATED |
			RTE_CRYPTODEV_FF_SYM_OPERATION_CHAINING | RTE_CRYPTODEV_FF_IN_PLACE_SGL |
			RTE_CRYPTODEV_FF_OOP_SGL_IN_SGL_OUT | RTE_CRYPTODEV_FF_OOP_SGL_IN_LB_OUT |
			RTE_CRYPTODEV_FF_OOP_LB_IN_SGL_OUT | RTE_CRYPTODEV_FF_OOP_LB_IN_LB_OUT;
	wd_crypto_sec_set_burst(dev);
	rte_cryptodev_pmd_probing_finish(dev);
	return 0;
}

static int
remove_dev(struct rte_vdev_device *vdev)
{
	struct rte_cryptodev *dev = rte_cryptodev_pmd_get_named_dev(rte_vdev_device_name(vdev));
	struct wd_dev *wd;
	int rc;

	if (dev == NULL)
		return -ENODEV;
	wd = ((struct wd_crypto_dev *)dev->data->dev_private)->wd;
	rc = rte_cryptodev_pmd_destroy(dev);
	if (rc != 0)
		return rc;
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		rte_wd_dev_close(wd);
	else
		callback_lists_free(dev);
	return 0;
}

static struct wd_dev *
wd_of(struct rte_vdev_device *vdev)
{
	struct rte_cryptodev *dev = rte_cryptodev_pmd_get_named_dev(rte_vdev_device_name(vdev));

	if (dev == NULL || rte_eal_process_type() != RTE_PROC_PRIMARY) {
		rte_errno = dev == NULL ? ENODEV : ENOTSUP;
		return NULL;
	}
	return ((struct wd_crypto_dev *)dev->data->dev_private)->wd;
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

static struct cryptodev_driver crypto_driver;

#define PARAMS                                                                                                     \
	ARG_MAX_QPS "=<1..1024> dev=<uacce device>|sim hw=v2|v3 sva=0|1 stall_ms=<ms>"                             \
		    " engine=auto|openssl|instant run=thread|inline latency_ns=<ns> ops_per_s=<n> bytes_per_s=<n>" \
		    " perf=<preset> fault=<fault> depth=<2..32768> cpu=<cpu>"

/* RTE_PMD_REGISTER_VDEV takes the name as a token; this expands it first. */
#define REGISTER(name) RTE_PMD_REGISTER_VDEV(name, vdev_driver)
REGISTER(WD_CRYPTO_DRIVER);
RTE_PMD_REGISTER_CRYPTO_DRIVER(crypto_driver, vdev_driver.driver, driver_id);

/* dpdk-pmdinfo.py looks for this line; DPDK's own build writes it after linking. */
static const char pmd_info[] __rte_used = "PMD_INFO_STRING= {\"name\" : \"" RTE_STR(
		WD_CRYPTO_DRIVER) "\", \"params\" : \"" PARAMS "\", \"pci_ids\" : []}";
