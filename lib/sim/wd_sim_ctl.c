/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>

#include "rte_wd_sim.h"
#include "wd_sim.h"

static struct wd_sim_queue *
queue_find(struct wd_sim *sim, uint16_t queue)
{
	return queue < RTE_DIM(sim->queues) ? sim->queues[queue] : NULL;
}

int
rte_wd_sim_step(unsigned int dev)
{
	struct wd_sim *sim = wd_sim_find(dev);

	if (sim == NULL)
		return -ENODEV;
	if (!sim->options.run_inline)
		return -ENOTSUP;
	return (int)wdm_dev_step(sim->model);
}

int
rte_wd_sim_fault(unsigned int dev, const char *text)
{
	struct wd_sim *sim = wd_sim_find(dev);
	struct wdm_fault fault;
	int rc;

	if (sim == NULL)
		return -ENODEV;
	rc = wdm_fault_parse(text, &fault);
	return rc != 0 ? rc : wdm_dev_fault(sim->model, &fault);
}

int
rte_wd_sim_fault_clear(unsigned int dev)
{
	struct wd_sim *sim = wd_sim_find(dev);

	if (sim == NULL)
		return -ENODEV;
	wdm_dev_fault_clear(sim->model);
	return 0;
}

int
rte_wd_sim_reset_queue(unsigned int dev, uint16_t queue)
{
	struct wd_sim *sim = wd_sim_find(dev);
	struct wd_sim_queue *sq;

	if (sim == NULL)
		return -ENODEV;
	sq = queue_find(sim, queue);
	if (sq == NULL)
		return -ENOENT;
	wdm_qp_reset(sq->qp);
	return 0;
}

int
rte_wd_sim_stats(unsigned int dev, uint16_t queue, struct rte_wd_sim_stats *stats)
{
	struct wd_sim *sim = wd_sim_find(dev);
	struct wdm_qp_stats model;
	struct wd_sim_queue *sq;

	if (sim == NULL)
		return -ENODEV;
	sq = queue_find(sim, queue);
	if (sq == NULL)
		return -ENOENT;
	wdm_qp_stats_get(sq->qp, &model);
	*stats = (struct rte_wd_sim_stats){
		.taken = model.taken,
		.completed = model.completed,
		.errors = model.errors,
		.doorbells = model.doorbells,
		.doorbells_ignored = model.doorbells_ignored,
		.cq_doorbell = model.cq_doorbell,
	};
	return 0;
}
