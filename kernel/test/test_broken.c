/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * An IOMMU that does not unmap, and devices that do not stop: what they may still write
 * to is never given to anybody else. wd_break.ko has the functions fail that would tell.
 * The memory stays taken until the guest is gone; the harness is told how much it is.
 */

#include "edu.h"
#include "ktap.h"
#include "modules.h"
#include "pins.h"

#define KEPT "/run/wd-kept"
#define DRIVER "/sys/bus/pci/drivers/wd_edu/"

static const char *name; /* of the device under test */
static long pinned, huge_free; /* before all */
static unsigned int nb_kept; /* hugepages, so far */

/* The next calls of a function do nothing and return that. */
static bool
break_next(const char *function, long value, unsigned int times)
{
	char parameters[128];
	int rc;

	snprintf(parameters, sizeof(parameters), "function=%s result=%ld times=%u", function, value,
			times);
	rc = module_load("wd_break", parameters);
	if (rc != 0)
		ktap_diag("wd_break %s: %s", parameters, strerror(-rc));
	return rc == 0;
}

/* -1: it is not loaded. */
static int
breaks_left(void)
{
	FILE *f = fopen("/sys/module/wd_break/parameters/left", "re");
	int left = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%d", &left) != 1)
		left = -1;
	fclose(f);
	return left;
}

/* When all those calls have come: what is closed is taken down by a workqueue. */
static bool
repair(void)
{
	for (unsigned int i = 0; i < 500 && breaks_left() != 0; i++)
		usleep(10000);
	return breaks_left() == 0 && module_unload("wd_break") == 0;
}

/* What is pinned, and taken, is what the modules keep. */
static bool
kept(unsigned int nb)
{
	char text[16];

	nb_kept += nb;
	snprintf(text, sizeof(text), "%u\n", nb_kept);
	if (creat(KEPT, 0600) < 0 || file_write(KEPT, text) != 0)
		return false;
	for (unsigned int i = 0; i < 500; i++) {
		if (pins_now() == pinned + nb_kept && huge_free_now() == huge_free - nb_kept)
			return true;
		usleep(10000);
	}
	ktap_diag("pins %ld, before %ld; free hugepages %ld, before %ld", pins_now(), pinned,
			huge_free_now(), huge_free);
	return false;
}

/* The device serves a process, and does not reach what another one left. */
static int
works(void *foreign)
{
	uint8_t *page = huge_alloc(2);
	struct edu edu;

	if (page == NULL || edu_open(&edu, name) != 0 || mem_register(edu.fd, page, HUGE_SIZE) != 0)
		return 1;
	if (!edu_fill(&edu, page, 0xc3) || !edu_dma_out(&edu, (uintptr_t)page + EDU_LEN) ||
			!all_bytes(page + EDU_LEN, 0xc3))
		return 2;
	if (foreign == NULL || foreign == page)
		return 0;
	edu_dma_in(&edu, (uintptr_t)foreign);
	memset(page, 0x11, EDU_LEN);
	edu_dma_out(&edu, (uintptr_t)page);
	return all_bytes(page, 0xee) ? 3 : 0;
}

/* --- an IOMMU that does not unmap --- */

static int
unregisters(void *arg)
{
	uint8_t *pages = huge_alloc(2), *other = pages + HUGE_SIZE;
	struct edu edu;
	int fd;

	(void)arg;
	if (pages == NULL || edu_open(&edu, name) != 0 ||
			mem_register(edu.fd, pages, 2 * HUGE_SIZE) != 0 ||
			!edu_fill(&edu, other, 0xee))
		return 1;
	if (!break_next("iommu_unmap", 0, 1))
		return 2;
	if (mem_unregister(edu.fd, pages, HUGE_SIZE) != -EBUSY)
		return 3;
	if (!repair())
		return 4;
	/* which is why it is kept */
	if (!edu_dma_out(&edu, (uintptr_t)pages) || !all_bytes(pages, 0xee))
		return 5;
	if (mem_unregister(edu.fd, other, HUGE_SIZE) != -EBUSY)
		return 6;
	edu_close(&edu);
	/* the same process begins anew */
	if (edu_open(&edu, name) != 0 || mem_register(edu.fd, other, HUGE_SIZE) != 0 ||
			!edu_fill(&edu, other, 0x77))
		return 7;
	memset(pages, 0x22, EDU_LEN);
	edu_dma_out(&edu, (uintptr_t)pages);
	if (!all_bytes(pages, 0x22))
		return 8;
	fd = edu.fd;
	return mem_unregister(fd, other, HUGE_SIZE) == 0 ? 0 : 9;
}

static int
closes(void *arg)
{
	uint8_t *page = huge_alloc(1);
	struct edu edu;

	(void)arg;
	if (page == NULL || edu_open(&edu, name) != 0 ||
			mem_register(edu.fd, page, HUGE_SIZE) != 0 || !edu_fill(&edu, page, 0xee))
		return 1;
	if (!break_next("iommu_unmap", 0, 1))
		return 2;
	edu_close(&edu);
	if (!queue_available_wait(name, 1))
		return 3;
	return repair() ? 0 : 4;
}

static void
test_unmap(void)
{
	int rc;

	rc = in_child(unregisters, NULL);
	ktap_test(rc == 0, "an IOMMU that does not unmap: EBUSY (%d)", rc);
	ktap_test(kernel_said("unmapped 0 of 2097152 bytes; the memory of the process is kept until "
			      "reboot"),
			"the kernel says so");
	ktap_test(kept(2), "what the process had registered is kept");
	rc = in_child(works, NULL);
	ktap_test(rc == 0, "the device serves the next process (%d)", rc);
	rc = in_child(closes, NULL);
	ktap_test(rc == 0, "the same when the queue is closed (%d)", rc);
	ktap_test(kept(1), "what the process had registered is kept");
	rc = in_child(works, NULL);
	ktap_test(rc == 0, "the device serves the next process (%d)", rc);
}

/* --- a device that does not stop --- */

static int
stops(void *arg)
{
	uint8_t *page = huge_alloc(1);
	struct edu edu;

	(void)arg;
	if (page == NULL || edu_open(&edu, name) != 0 || mem_register(edu.fd, page, HUGE_SIZE) != 0)
		return 1;
	if (!break_next("wd_edu:edu_stop", -ETIMEDOUT, 2))
		return 2;
	if (queue_call(edu.fd, UACCE_IOC_PUT_Q, NULL) != -EIO)
		return 3;
	if (mem_unregister(edu.fd, page, HUGE_SIZE) != 0 ||
			mem_register(edu.fd, page, HUGE_SIZE) != 0)
		return 4; /* the IOMMU takes it away all the same */
	edu_close(&edu);
	for (unsigned int i = 0; i < 500 && queue_open(name) == -EBUSY; i++)
		usleep(10000);
	if (queue_open(name) != -EIO)
		return 5;
	return queue_available(name) == 0 ? 0 : 6;
}

static int
is_unbound(void *bdf)
{
	struct wd_info info = { .size = sizeof(info) };
	uint8_t *page = huge_alloc(1);
	struct edu edu;

	if (page == NULL || edu_open(&edu, name) != 0 || mem_register(edu.fd, page, HUGE_SIZE) != 0)
		return 1;
	if (!break_next("wd_edu:edu_stop", -ETIMEDOUT, 1))
		return 2;
	if (file_write(DRIVER "unbind", bdf) != 0)
		return 3;
	if (queue_call(edu.fd, WD_IOC_INFO, &info) != -ENXIO)
		return 4;
	return repair() ? 0 : 5;
}

static void
test_stop(void)
{
	const char *said =
			"does not stop; given up, and the memory it was shown is kept until reboot";
	char bdf[64];
	int rc;

	rc = in_child(stops, NULL);
	ktap_test(rc == 0 && repair(),
			"a device that does not stop: EIO, and no further opens (%d)", rc);
	ktap_test(kernel_said(said), "the kernel says so");
	ktap_test(kept(1), "what the process had registered is kept");
	ktap_test(edu_bdf(name, bdf, sizeof(bdf)) && file_write(DRIVER "unbind", bdf) == 0,
			"its driver lets go of it");
}

static void
test_stop_unbound(void)
{
	char bdf[64];
	int rc;

	name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	if (!ktap_test(name != NULL && edu_bdf(name, bdf, sizeof(bdf)), "another device"))
		return;
	rc = in_child(works, NULL);
	ktap_test(rc == 0, "which works (%d)", rc);
	rc = in_child(is_unbound, bdf);
	ktap_test(rc == 0, "does not stop when its driver goes (%d)", rc);
	ktap_test(kept(1), "what the process had registered is kept");
}

int
main(void)
{
	const char *variant = getenv("WD_VARIANT");

	if (variant == NULL || strcmp(variant, "broken") != 0)
		return ktap_skip_all("not in a guest that may be broken");
	ktap_start(0);
	pinned = pins_now();
	huge_free = huge_free_now();
	name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	if (ktap_test(name != NULL, "a device")) {
		test_unmap();
		test_stop();
		test_stop_unbound();
	}
	return ktap_finish();
}
