/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * A device that no IOMMU confines: refused, unless a parameter of wd.ko and the
 * capability CAP_SYS_RAWIO allow it. Leaves the modules loaded as they were.
 */

#include <linux/capability.h>
#include <pthread.h>

#include "edu.h"
#include "fault.h"
#include "ktap.h"
#include "modules.h"

#define TAINT_USER (1UL << 6)
#define NB_PAGES 3

static const char *name;

static bool
tainted_by_user(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");
	unsigned long taint = 0;

	if (file == NULL || fscanf(file, "%lu", &taint) != 1)
		taint = 0;
	if (file != NULL)
		fclose(file);
	return (taint & TAINT_USER) != 0;
}

/* With all capabilities of root but one. */
static int
open_without_rawio(void *arg)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	(void)arg;
	if (syscall(SYS_capget, &header, data) != 0)
		return 1;
	data[0].effective &= ~(1U << CAP_SYS_RAWIO);
	if (syscall(SYS_capset, &header, data) != 0)
		return 2;
	return queue_open(name) == -EPERM ? 0 : 3;
}

static int
register_physical(int fd, const void *va, size_t len, uint64_t *addrs, uint64_t nb_addrs)
{
	struct wd_mem mem = {
		.size = sizeof(mem),
		.va = (uintptr_t)va,
		.len = len,
		.dev_addrs = (uintptr_t)addrs,
		.nb_dev_addrs = nb_addrs,
	};

	return queue_call(fd, WD_IOC_MEM_REGISTER, &mem);
}

static void
test_refused(void)
{
	ktap_test(device_find("wd_edu-", WD_MEMORY_PHYSICAL) == NULL &&
					device_find("wd_edu-", WD_MEMORY_REGISTERED) == NULL,
			"without the parameter there is no device");
	ktap_test(kernel_said("no IOMMU confines it; enable the IOMMU, or load wd with "
			      "unsafe_physical=1"),
			"and the kernel says why");
}

static void
test_addresses(const struct edu *edu, uint8_t *pages)
{
	uint64_t addrs[NB_PAGES] = { 0 }, again[NB_PAGES] = { 0 };
	const size_t len = NB_PAGES * HUGE_SIZE;
	bool good = true;

	ktap_test(register_physical(edu->fd, pages, len, addrs, NB_PAGES - 1) == -ENOSPC,
			"room for too few addresses: ENOSPC");
	ktap_test(register_physical(edu->fd, pages, len, (uint64_t *)8, NB_PAGES) == -EFAULT,
			"room that is not there: EFAULT");
	ktap_test(mem_unregister(edu->fd, pages, len) == -ENOENT, "nothing is registered by that");
	ktap_test(register_physical(edu->fd, pages, len, addrs, NB_PAGES) == 0, "registered");
	for (size_t i = 0; i < NB_PAGES; i++)
		good &= addrs[i] != 0 && addrs[i] == physical(pages + i * HUGE_SIZE);
	ktap_test(good, "addresses are those of the pages");
	ktap_test(register_physical(edu->fd, pages, len, again, NB_PAGES) == -EALREADY &&
					memcmp(addrs, again, sizeof(addrs)) == 0,
			"asked again: EALREADY, and the same addresses");
	memset(pages, 0xc3, EDU_LEN);
	memset(pages + 2 * HUGE_SIZE, 0, EDU_LEN);
	ktap_test(edu_dma_in(edu, addrs[0]) && edu_dma_out(edu, addrs[2]) &&
					all_bytes(pages + 2 * HUGE_SIZE, 0xc3),
			"the device reads and writes there");
	ktap_test(mem_unregister(edu->fd, pages, HUGE_SIZE) == -EBUSY,
			"nothing takes pages from a device that runs: EBUSY");
	ktap_test(queue_call(edu->fd, UACCE_IOC_PUT_Q, NULL) == 0, "stopped");
	ktap_test(mem_unregister(edu->fd, pages + HUGE_SIZE, HUGE_SIZE) == 0 &&
					mem_unregister(edu->fd, pages, HUGE_SIZE) == 0,
			"two pages unregistered, the third left to close()");
}

/* --- one thread cannot be told of what another one was told of --- */

struct untold {
	int fd;
	uint8_t *page;
	uint64_t *addrs; /* do not come */
	int rc;
};

static void *
register_untold(void *arg)
{
	struct untold *untold = arg;

	untold->rc = register_physical(untold->fd, untold->page, HUGE_SIZE, untold->addrs, 1);
	return NULL;
}

static void
test_undo(const struct edu *edu, uint8_t *page)
{
	struct untold untold = { .fd = edu->fd, .page = page };
	uint64_t addr = 0;
	pthread_t thread;
	int fault_fd, rc = 0;

	untold.addrs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fault_fd = userfault_open(untold.addrs, PAGE);
	if (!ktap_test(fault_fd >= 0 && queue_call(edu->fd, UACCE_IOC_START_Q, NULL) == 0,
			    "started again"))
		return;
	pthread_create(&thread, NULL, register_untold, &untold);
	for (unsigned int i = 0; i < 500 && rc == 0; i++) {
		usleep(10000);
		rc = mem_unregister(edu->fd, page, HUGE_SIZE) == -EBUSY;
	}
	rc = register_physical(edu->fd, page, HUGE_SIZE, &addr, 1);
	ktap_test(rc == -EALREADY && addr == physical(page),
			"a second thread is told of a page that a first one registers: %d", rc);
	munmap(untold.addrs, PAGE);
	close(fault_fd);
	pthread_join(thread, NULL);
	ktap_test(untold.rc == -EFAULT, "the first one cannot be told: %d", untold.rc);
	rc = mem_unregister(edu->fd, page, HUGE_SIZE);
	ktap_test(rc == -EBUSY, "the page stays registered: %d", rc);
	ktap_test(queue_call(edu->fd, UACCE_IOC_PUT_Q, NULL) == 0 &&
					mem_unregister(edu->fd, page, HUGE_SIZE) == 0,
			"until it is unregistered");
}

static void
test_allowed(void)
{
	uint8_t *pages = huge_alloc(NB_PAGES);
	struct edu edu;
	int rc;

	name = device_find("wd_edu-", WD_MEMORY_PHYSICAL);
	if (!ktap_test(name != NULL, "with the parameter there is a device"))
		return;
	ktap_test(strcmp(device_attr(name, UACCE_ATTR_FLAGS), "0") == 0, "flags: 0");
	ktap_test(!tainted_by_user(), "the kernel is not tainted yet");
	rc = in_child(open_without_rawio, NULL);
	ktap_test(rc == 0, "open() without CAP_SYS_RAWIO: EPERM (%d)", rc);
	ktap_test(!tainted_by_user(), "which taints nothing");
	rc = edu_open(&edu, name);
	ktap_test(rc == 0, "opened and started with it: %d", rc);
	ktap_test(tainted_by_user(), "the kernel is tainted");
	if (rc == 0 && ktap_test(pages != NULL, "hugepages")) {
		test_addresses(&edu, pages);
		test_undo(&edu, pages);
	}
	edu_close(&edu);
	ktap_test(queue_available_wait(name, 1), "the queue is back");
	munmap(pages, NB_PAGES * HUGE_SIZE);
}

int
main(void)
{
	const char *variant = getenv("WD_VARIANT");

	if (variant == NULL || strcmp(variant, "no-iommu") != 0)
		return ktap_skip_all("not in a guest without IOMMU");
	ktap_start(0);
	test_refused();
	if (ktap_test(modules_reload("unsafe_physical=1"),
			    "modules loaded anew, with unsafe_physical=1"))
		test_allowed();
	ktap_test(modules_reload(""), "modules loaded as before");
	return ktap_finish();
}
