/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The library below the drivers, above a transport that fails as it is told. */

#include <errno.h>
#include <stdlib.h>

#include <rte_malloc.h>
#include <rte_wd_driver.h>
#include <wd_queue.h>

#include "wdt.h"
#include "wdt_fake.h"

#define SOME_MEMORY (16U << 20)

static int
fake_dev_open(struct wd_dev **dev)
{
	static const char *const own_keys[] = { NULL };
	struct rte_kvargs *args = rte_kvargs_parse("dev=" WDT_FAKE_NAME, NULL);
	int rc;

	*dev = NULL;
	if (args == NULL)
		return -E2BIG;
	rc = rte_wd_dev_open(WD_CLASS_SEC, args, own_keys, dev);
	rte_kvargs_free(args);
	return rc;
}

/* ---- memory ---- */

/* What this device was not shown may be shown to another one, which is not to lose it. */
WDT_TEST(lib_failed_open_takes_back_what_it_gave)
{
	void *memory = rte_malloc(NULL, SOME_MEMORY, 0);
	struct wd_dev *dev;

	WDT_CHECK(memory != NULL);
	for (unsigned int nb = 0; nb < 3; nb++) {
		wdt_fake_add();
		wdt_fake.sva = false;
		wdt_fake.nb_maps_left = nb;
		WDT_CHECK_EQ(fake_dev_open(&dev), -ENOMEM);
		WDT_CHECK_EQ(wdt_fake.nb_maps_left, 0);
		WDT_CHECK_EQ(wdt_fake.nb_mapped, 0);
		WDT_CHECK_EQ(wdt_fake.nb_bad_unmaps, 0);
		WDT_CHECK_EQ(wdt_fake.nb_devs, 0);
		wdt_fake_remove();
	}
	rte_free(memory);
	return WDT_PASS;
}
