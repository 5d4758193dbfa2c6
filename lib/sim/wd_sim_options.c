/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "wd_sim.h"

#define DEFAULT_DEPTH HISI_QM_DEFAULT_DEPTH
#define PERF "perf"

static int
number_parse(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL; /* strtoull() takes blanks and signs */
	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno == 0 && *end == '\0' && *value <= max ? 0 : -EINVAL;
}

static int
hw_parse(const char *text, struct wd_sim_options *o)
{
	o->hw = rte_wd_hw_by_name(text);
	return o->hw == NULL ? -EINVAL : 0;
}

static int
sva_parse(const char *text, struct wd_sim_options *o)
{
	uint64_t value;

	if (number_parse(text, 1, &value) != 0)
		return -EINVAL;
	o->sva = value != 0;
	return 0;
}

static int
engine_parse(const char *text, struct wd_sim_options *o)
{
	static const struct {
		const char *name;
		enum wdm_engine engine;
	} engines[] = {
		{ "auto", WDM_ENGINE_AUTO },
		{ "openssl", WDM_ENGINE_OPENSSL },
		{ "instant", WDM_ENGINE_INSTANT },
	};

	for (unsigned int i = 0; i < RTE_DIM(engines); i++) {
		if (strcmp(text, engines[i].name) == 0) {
			o->engine = engines[i].engine;
			return 0;
		}
	}
	return -EINVAL;
}

static int
run_parse(const char *text, struct wd_sim_options *o)
{
	o->run_inline = strcmp(text, "inline") == 0;
	return o->run_inline || strcmp(text, "thread") == 0 ? 0 : -EINVAL;
}

static int
latency_parse(const char *text, struct wd_sim_options *o)
{
	/* exactly this, also where a preset has more */
	o->perf.crowd_ns = o->perf.crowd_max_ns = 0;
	return number_parse(text, WDM_PERF_MAX_NS, &o->perf.latency_ns);
}

static int
ops_parse(const char *text, struct wd_sim_options *o)
{
	return number_parse(text, WDM_PERF_MAX_PER_S, &o->perf.ops_per_s);
}

static int
bytes_parse(const char *text, struct wd_sim_options *o)
{
	return number_parse(text, WDM_PERF_MAX_PER_S, &o->perf.bytes_per_s);
}

static int
perf_parse(const char *text, struct wd_sim_options *o)
{
	const struct wdm_perf *perf = wdm_perf_preset(o->class, text);

	if (perf == NULL)
		return -EINVAL;
	o->perf = *perf;
	return 0;
}

static int
fault_parse(const char *text, struct wd_sim_options *o)
{
	if (o->nb_faults == RTE_DIM(o->faults) ||
			wdm_fault_parse(text, &o->faults[o->nb_faults]) != 0)
		return -EINVAL;
	o->nb_faults++;
	return 0;
}

static int
depth_parse(const char *text, struct wd_sim_options *o)
{
	uint64_t value;

	if (number_parse(text, HISI_QM_MAX_DEPTH, &value) != 0 || value < 2 ||
			!rte_is_power_of_2((uint32_t)value))
		return -EINVAL;
	o->depth = (uint16_t)value;
	return 0;
}

static int
cpu_parse(const char *text, struct wd_sim_options *o)
{
	uint64_t value;

	if (number_parse(text, CPU_SETSIZE - 1, &value) != 0)
		return -EINVAL;
	o->cpu = (int)value;
	return 0;
}

static const struct {
	int (*parse)(const char *text, struct wd_sim_options *o);
	const char *allowed;
} options[] = {
	{ hw_parse, "v2 or v3" },
	{ sva_parse, "0 or 1" },
	{ engine_parse, "auto, openssl or instant" },
	{ run_parse, "thread or inline" },
	{ latency_parse, "0 to 10000000000 nanoseconds" },
	{ ops_parse, "0 to 1000000000000 ops a second, 0: no limit" },
	{ bytes_parse, "0 to 1000000000000 bytes a second, 0: no limit" },
	{ perf_parse, "sec-920 for the crypto driver or zip-920 for the compression driver" },
	{ fault_parse,
			"kind[:value][@at[/every]] with kind error_type, icv, not_done, sq_head, drop, stall,"
			" reset or no_code, at most 8 of them" },
	{ depth_parse, "a power of two, 2 to 32768" },
	{ cpu_parse, "the number of a CPU" },
};

/* same order as above */
const char *const wd_sim_option_names[] = {
	"hw",
	"sva",
	"engine",
	"run",
	"latency_ns",
	"ops_per_s",
	"bytes_per_s",
	PERF,
	"fault",
	"depth",
	"cpu",
	NULL,
};
static_assert(RTE_DIM(wd_sim_option_names) == RTE_DIM(options) + 1, "one name an option");

static int
option_parse(const char *key, const char *value, struct wd_sim_options *o)
{
	for (unsigned int i = 0; i < RTE_DIM(options); i++) {
		if (strcmp(key, wd_sim_option_names[i]) != 0)
			continue;
		if (value != NULL && options[i].parse(value, o) == 0)
			return 0;
		WD_SIM_LOG(ERR, "option %s=%s: must be %s", key, value == NULL ? "" : value,
				options[i].allowed);
		return -EINVAL;
	}
	return 0; /* somebody else's: lib/wd refuses what nobody knows */
}

/* Those of that name, or all others. */
static int
options_parse(const struct rte_kvargs *args, const char *name, bool named, struct wd_sim_options *o)
{
	for (unsigned int i = 0; args != NULL && i < args->count; i++) {
		const struct rte_kvargs_pair *pair = &args->pairs[i];

		if ((strcmp(pair->key, name) == 0) == named &&
				option_parse(pair->key, pair->value, o) != 0)
			return -EINVAL;
	}
	return 0;
}

int
wd_sim_options_parse(const struct rte_kvargs *args, enum wdm_class class, struct wd_sim_options *o)
{
	int rc;

	*o = (struct wd_sim_options){
		.class = class,
		.hw = rte_wd_hw_by_name(WD_SIM_HW),
		.depth = DEFAULT_DEPTH,
		.cpu = -1,
	};
	rc = options_parse(args, PERF, true, o); /* what is given beside it wins */
	return rc != 0 ? rc : options_parse(args, PERF, false, o);
}
