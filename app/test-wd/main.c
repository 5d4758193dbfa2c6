/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Tests of the drivers, over the software device:
 *
 *     test-wd [EAL options] -- [words]
 *
 * EAL loads the drivers as any program does, with -d build/pmds.
 */

#include <rte_eal.h>
#include <rte_errno.h>

#include "wdt.h"

int
main(int argc, char **argv)
{
	const int used = rte_eal_init(argc, argv);
	int rc;

	if (used < 0) {
		printf("# cannot initialise EAL: %s\n", rte_strerror(rte_errno));
		return WDT_FAIL;
	}
	rc = wdt_main(argc - used - 1, argv + used + 1);
	rte_eal_cleanup();
	return rc;
}
