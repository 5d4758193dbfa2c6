/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "hisi_qm.h"
#include "rte_wd_driver.h"

/* One row a hardware version, oldest first. */
static const struct wd_hw wd_hw_table[] = {
	{ .name = "v2", .api = HISI_QM_API_V2, .version = 2 },
	{ .name = "v3", .api = HISI_QM_API_V3, .version = 3 },
};

const struct wd_hw *
rte_wd_hw_by_name(const char *name)
{
	for (unsigned int i = 0; i < RTE_DIM(wd_hw_table); i++) {
		if (strcmp(name, wd_hw_table[i].name) == 0)
			return &wd_hw_table[i];
	}
	return NULL;
}

const struct wd_hw *
rte_wd_hw_by_api(const char *api)
{
	const size_t prefix = strlen(HISI_QM_API_PREFIX);
	const struct wd_hw *found = NULL;
	unsigned long version;
	char *end;

	/* a digit: strtoul() takes signs and spaces, too */
	if (strncmp(api, HISI_QM_API_PREFIX, prefix) != 0 || !isdigit((unsigned char)api[prefix]))
		return NULL;
	errno = 0;
	version = strtoul(api + prefix, &end, 10);
	/* a suffix such as _noiommu is another way of addressing, which nobody here speaks */
	if (errno != 0 || *end != '\0')
		return NULL;
	for (unsigned int i = 0; i < RTE_DIM(wd_hw_table); i++) {
		if (wd_hw_table[i].version <= version)
			found = &wd_hw_table[i];
	}
	return found;
}
