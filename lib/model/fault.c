/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Faults a device can be told to have: as text, and which descriptor they hit. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

static const struct {
	const char *name;
	uint32_t min, max; /* of value */
} kinds[] = {
	[WDM_FAULT_ERROR_TYPE] = { "error_type", 1, UINT8_MAX },
	[WDM_FAULT_ICV] = { "icv", 0, 0 },
	[WDM_FAULT_NOT_DONE] = { "not_done", 0, 0 },
	[WDM_FAULT_SQ_HEAD] = { "sq_head", 0, UINT16_MAX },
	[WDM_FAULT_DROP] = { "drop", 0, 0 },
	[WDM_FAULT_STALL] = { "stall", 0, 0 },
	[WDM_FAULT_RESET] = { "reset", 0, 0 },
	[WDM_FAULT_NO_CODE] = { "no_code", 0, 0 },
};

#define NB_KINDS (sizeof(kinds) / sizeof(kinds[0]))

bool
wdm_fault_valid(const struct wdm_fault *fault)
{
	const unsigned int kind = (unsigned int)fault->kind;

	return kind != WDM_FAULT_NONE && kind < NB_KINDS && fault->value >= kinds[kind].min &&
			fault->value <= kinds[kind].max;
}

static bool
hits(const struct wdm_fault *fault, uint64_t n)
{
	const uint64_t at = fault->at == 0 ? 1 : fault->at;

	if (n == at)
		return true;
	return n > at && fault->every != 0 && (n - at) % fault->every == 0;
}

const struct wdm_fault *
wdm_fault_match(const struct wdm_fault *faults, unsigned int nb_faults, uint64_t n)
{
	for (unsigned int i = 0; i < nb_faults; i++) {
		if (hits(&faults[i], n))
			return &faults[i];
	}
	return NULL;
}

/* Digits only: strtoull() would take blanks and signs as well. */
static int
parse_number(const char **text, uint64_t *value)
{
	const bool hex = (*text)[0] == '0' && ((*text)[1] == 'x' || (*text)[1] == 'X');
	const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
	const char *from = *text + (hex ? 2 : 0);
	const size_t len = strspn(from, digits);

	if (len == 0)
		return -EINVAL;
	errno = 0;
	*value = strtoull(from, NULL, hex ? 16 : 10);
	*text = from + len;
	return errno == 0 ? 0 : -EINVAL;
}

/* An optional number behind a mark. */
static int
parse_part(const char **text, char mark, uint64_t *value)
{
	if (**text != mark)
		return 0;
	(*text)++;
	return parse_number(text, value);
}

int
wdm_fault_parse(const char *text, struct wdm_fault *fault)
{
	const size_t len = strcspn(text, ":@");
	uint64_t value = 0, at = 0, every = 0;
	struct wdm_fault f = { 0 };

	for (unsigned int kind = 0; kind < NB_KINDS; kind++) {
		if (kinds[kind].name != NULL && strlen(kinds[kind].name) == len &&
				memcmp(kinds[kind].name, text, len) == 0)
			f.kind = (enum wdm_fault_kind)kind;
	}
	text += len;
	if (parse_part(&text, ':', &value) != 0)
		return -EINVAL;
	if (*text == '@' &&
			(parse_part(&text, '@', &at) != 0 || parse_part(&text, '/', &every) != 0))
		return -EINVAL;
	if (*text != '\0' || value > UINT32_MAX)
		return -EINVAL;
	f.value = (uint32_t)value;
	f.at = at;
	f.every = every;
	if (!wdm_fault_valid(&f))
		return -EINVAL;
	*fault = f;
	return 0;
}
