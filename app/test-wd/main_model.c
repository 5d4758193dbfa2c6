/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Tests of the software device by itself: no DPDK, no hugepages. */

#include "wdt.h"

int
main(int argc, char **argv)
{
	return wdt_main(argc - 1, argv + 1);
}
