/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "perf.h"

#define NSEC_PER_SEC 1000000000ULL

/* uint32_t units: units * NSEC_PER_SEC + rest has to fit */
static_assert(WDM_PERF_MAX_PER_S <= UINT64_MAX - UINT32_MAX * NSEC_PER_SEC, "64 bits are enough");

/*
 * Published figures; doc/sim.md names the sources and says what they are not. The
 * figures of ZIP are round trips of 8 KiB: 556.533 MB/s with one in flight, 59.3,
 * 52.3, 56.9, 58.3 and 61.0 us with 10, 20, 30, 40 and 50, and at most 7271.5 MB/s.
 */
static const struct {
	const char *name;
	enum wdm_class class;
	struct wdm_perf perf;
} presets[] = {
	{ "zip-920", WDM_CLASS_ZIP,
			{ .latency_ns = 14720,
					.crowd_ns = 4800,
					.crowd_max_ns = 41000,
					.bytes_per_s = 7271500000 } },
	{ "sec-920", WDM_CLASS_SEC, { .ops_per_s = 2562000, .bytes_per_s = 11546750000 } },
};

const struct wdm_perf *
wdm_perf_preset(enum wdm_class class, const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		if (presets[i].class == class && strcmp(presets[i].name, name) == 0)
			return &presets[i].perf;
	}
	return NULL;
}

static uint64_t
add(uint64_t a, uint64_t b)
{
	/* UINT64_MAX is "never" elsewhere */
	return a < UINT64_MAX - 1 - b ? a + b : UINT64_MAX - 1;
}

int
wdm_pace_init(struct wdm_pace *pace, const struct wdm_perf *perf)
{
	if (perf->latency_ns > WDM_PERF_MAX_NS || perf->crowd_ns > WDM_PERF_MAX_NS ||
			perf->crowd_max_ns > WDM_PERF_MAX_NS ||
			perf->ops_per_s > WDM_PERF_MAX_PER_S ||
			perf->bytes_per_s > WDM_PERF_MAX_PER_S)
		return -EINVAL;
	*pace = (struct wdm_pace){
		.perf = *perf,
		.ops.per_s = perf->ops_per_s,
		.bytes.per_s = perf->bytes_per_s,
	};
	return 0;
}

bool
wdm_pace_needed(const struct wdm_perf *perf)
{
	return perf->latency_ns != 0 || (perf->crowd_ns != 0 && perf->crowd_max_ns != 0) ||
			perf->ops_per_s != 0 || perf->bytes_per_s != 0;
}

/* When the server is through with so many units that come now. */
static uint64_t
server_take(struct wdm_server *s, uint64_t now, uint32_t units)
{
	uint64_t n;

	if (s->per_s == 0)
		return now;
	if (s->free_ns < now) {
		s->free_ns = now;
		s->rest = 0;
	}
	n = units * NSEC_PER_SEC + s->rest;
	s->free_ns = add(s->free_ns, n / s->per_s);
	s->rest = n % s->per_s;
	return s->rest == 0 ? s->free_ns : add(s->free_ns, 1); /* not a fraction too early */
}

static uint64_t
latency(const struct wdm_perf *perf, unsigned int nb_others)
{
	const uint64_t crowd = perf->crowd_ns * nb_others; /* 10 s * 2^25 descriptors fit */

	return perf->latency_ns + (crowd < perf->crowd_max_ns ? crowd : perf->crowd_max_ns);
}

uint64_t
wdm_pace_take(struct wdm_pace *pace, uint64_t now, uint32_t nb_bytes, unsigned int nb_others)
{
	const uint64_t ops = server_take(&pace->ops, now, 1);
	const uint64_t bytes = server_take(&pace->bytes, now, nb_bytes);
	const uint64_t least = add(now, latency(&pace->perf, nb_others));
	const uint64_t busy = ops > bytes ? ops : bytes;

	return busy > least ? busy : least;
}
