/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * A device behind an IOMMU that does not remap interrupts: refused, unless a
 * parameter of wd.ko allows it. Leaves the modules loaded as they were.
 */

#include "edu.h"
#include "ktap.h"
#include "modules.h"

static void
test_refused(void)
{
	ktap_test(device_find("wd_edu-", WD_MEMORY_REGISTERED) == NULL &&
					device_find("wd_edu-", WD_MEMORY_PHYSICAL) == NULL,
			"without the parameter there is no device");
	ktap_test(kernel_said("its DMA can forge interrupts; enable interrupt remapping, or load "
			      "wd with unsafe_interrupts=1"),
			"and the kernel says why");
}

static void
test_allowed(void)
{
	const char *name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	uint8_t *page = huge_alloc(1);
	struct edu edu;
	int rc;

	if (!ktap_test(name != NULL && page != NULL, "with the parameter there is a device"))
		return;
	ktap_test(kernel_said("its DMA can forge interrupts: who opens it must be trusted"),
			"and the kernel warns of it");
	rc = edu_open(&edu, name);
	ktap_test(rc == 0 && mem_register(edu.fd, page, HUGE_SIZE) == 0 &&
					edu_fill(&edu, page, 0xc3) &&
					edu_dma_out(&edu, (uintptr_t)page + EDU_LEN) &&
					all_bytes(page + EDU_LEN, 0xc3),
			"which works: %d", rc);
	edu_close(&edu);
	ktap_test(queue_available_wait(name, 1), "the queue is back");
	munmap(page, HUGE_SIZE);
}

int
main(void)
{
	const char *variant = getenv("WD_VARIANT");

	if (variant == NULL || strcmp(variant, "no-intremap") != 0)
		return ktap_skip_all("not in a guest with an IOMMU that does not remap interrupts");
	ktap_start(0);
	test_refused();
	if (ktap_test(modules_reload("unsafe_interrupts=1"),
			    "modules loaded anew, with unsafe_interrupts=1"))
		test_allowed();
	ktap_test(modules_reload(""), "modules loaded as before");
	return ktap_finish();
}
