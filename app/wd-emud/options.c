/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emud.h"
#include "wd_emu_abi.h"

#define DEFAULT_QUEUES 64

/* One of names, which ends with NULL; its index or -1. */
static int
word_index(const char *text, const char *const *names)
{
	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(text, names[i]) == 0)
			return i;
	}
	return -1;
}

static bool
number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false; /* strtoull() takes blanks and signs */
	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno == 0 && *end == '\0' && *value >= min && *value <= max;
}

static bool
option(const char *key, const char *text, struct emud_options *o)
{
	static const char *const versions[] = { "v2", "v3", NULL };
	static const char *const engines[] = {
		[WDM_ENGINE_AUTO] = "auto",
		[WDM_ENGINE_OPENSSL] = "openssl",
		[WDM_ENGINE_INSTANT] = "instant",
		NULL,
	};
	uint64_t value = 0;
	bool ok = false;

	if (strcmp(key, "hw") == 0) {
		ok = word_index(text, versions) >= 0;
		o->hw_version = 2 + (unsigned int)word_index(text, versions);
	} else if (strcmp(key, "engine") == 0) {
		ok = word_index(text, engines) >= 0;
		o->engine = (enum wdm_engine)word_index(text, engines);
	} else if (strcmp(key, "sva") == 0) {
		ok = number(text, 0, 1, &value);
		o->sva = value != 0;
	} else if (strcmp(key, "queues") == 0) {
		ok = number(text, 1, WD_EMU_MAX_QUEUES, &value);
		o->nb_queues = (uint32_t)value;
	} else if (strcmp(key, "depth") == 0) {
		ok = number(text, 2, HISI_QM_MAX_DEPTH, &value) && (value & (value - 1)) == 0;
		o->depth = (uint16_t)value;
	} else if (strcmp(key, "id") == 0) {
		ok = number(text, 0, INT_MAX, &value);
		o->id = (int)value;
	} else if (strcmp(key, "cpu") == 0) {
		ok = number(text, 0, CPU_SETSIZE - 1, &value);
		o->cpu = (int)value;
	} else if (strcmp(key, "latency_ns") == 0) {
		ok = number(text, 0, WDM_PERF_MAX_NS, &o->perf.latency_ns);
		o->perf.crowd_ns = o->perf.crowd_max_ns = 0; /* exactly this */
	} else if (strcmp(key, "ops_per_s") == 0) {
		ok = number(text, 0, WDM_PERF_MAX_PER_S, &o->perf.ops_per_s);
	} else if (strcmp(key, "bytes_per_s") == 0) {
		ok = number(text, 0, WDM_PERF_MAX_PER_S, &o->perf.bytes_per_s);
	} else if (strcmp(key, "fault") == 0) {
		ok = o->nb_faults < WDM_MAX_FAULTS &&
				wdm_fault_parse(text, &o->faults[o->nb_faults]) == 0;
		o->nb_faults += ok;
	}
	return ok;
}

/* perf= comes first, wherever it stands: what is given beside it wins. */
static bool
preset(const char *text, struct emud_options *o)
{
	const char *at = strstr(text, ",perf=");
	const struct wdm_perf *perf;
	char name[32];

	if (at == NULL)
		return true;
	at += strlen(",perf=");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
	perf = wdm_perf_preset(o->class, name);
	if (perf == NULL)
		return false;
	o->perf = *perf;
	return true;
}

int
emud_options_parse(const char *text, struct emud_options *options)
{
	static const char *const classes[] = {
		[WDM_CLASS_SEC] = "sec",
		[WDM_CLASS_ZIP] = "zip",
		NULL,
	};
	char buf[256], *rest = buf, *word;
	int class;

	*options = (struct emud_options){
		.hw_version = 3,
		.sva = true,
		.depth = HISI_QM_DEFAULT_DEPTH,
		.nb_queues = DEFAULT_QUEUES,
		.id = -1,
		.cpu = -1,
	};
	if ((size_t)snprintf(buf, sizeof(buf), "%s", text) >= sizeof(buf)) {
		emud_log(NULL, "too long: %s", text);
		return -EINVAL;
	}
	word = strsep(&rest, ",");
	class = word_index(word, classes);
	if (class < 0) {
		emud_log(NULL, "no such device: %s (sec or zip)", word);
		return -EINVAL;
	}
	options->class = (enum wdm_class) class;
	if (!preset(text, options)) {
		emud_log(NULL, "%s: not understood: perf= (sec-920 for sec, zip-920 for zip)",
				text);
		return -EINVAL;
	}
	while ((word = strsep(&rest, ",")) != NULL) {
		char *value = strchr(word, '=');

		if (value != NULL)
			*value++ = '\0';
		if (value != NULL && strcmp(word, "perf") == 0)
			continue; /* see preset() */
		if (value == NULL || !option(word, value, options)) {
			emud_log(NULL, "%s: not understood: %s=%s", text, word,
					value == NULL ? "" : value);
			return -EINVAL;
		}
	}
	return 0;
}
