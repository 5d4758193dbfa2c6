/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Isolation, with a device that does DMA to whatever address its owner writes
 * into a register: wd_edu behind an IOMMU. What counts is memory, looked at
 * after each transfer.
 */

#include "edu.h"
#include "ktap.h"

#include <inttypes.h>
#include <linux/pci_regs.h>

static const char *name;

/* The device must not write at addr: page, which is there, stays as it is. */
static bool
untouched(const struct edu *edu, void *filler, uint64_t addr, void *page)
{
	memset(page, 0x11, EDU_LEN);
	return edu_fill(edu, filler, 0xee) && edu_dma_out(edu, addr) && all_bytes(page, 0x11);
}

/* Nor read there: its buffer stays as it was. */
static bool
unread(const struct edu *edu, void *filler, uint64_t addr, void *page)
{
	memset(page, 0x5a, EDU_LEN); /* the secret */
	if (!edu_fill(edu, filler, 0xee))
		return false;
	edu_dma_in(edu, addr);
	memset(filler, 0, EDU_LEN);
	return edu_dma_out(edu, (uintptr_t)filler) && memchr(filler, 0x5a, EDU_LEN) == NULL;
}

/* A process with memory and a place in it to look at. */
struct neighbour {
	pid_t pid;
	int to_parent[2];
	int to_child[2];
	uint64_t va;
	uint64_t pa;
};

static void
neighbour_run(const struct neighbour *n)
{
	uint8_t *page = huge_alloc(1);
	uint64_t where[2];
	char go;

	memset(page, 0x11, EDU_LEN);
	where[0] = (uintptr_t)page;
	where[1] = physical(page);
	if (write(n->to_parent[1], where, sizeof(where)) != sizeof(where) ||
			read(n->to_child[0], &go, 1) != 1)
		_exit(2);
	_exit(all_bytes(page, 0x11) ? 0 : 1);
}

static bool
neighbour_start(struct neighbour *n)
{
	uint64_t where[2];

	if (pipe(n->to_parent) != 0 || pipe(n->to_child) != 0)
		return false;
	fflush(stdout);
	n->pid = fork();
	if (n->pid == 0)
		neighbour_run(n);
	if (read(n->to_parent[0], where, sizeof(where)) != sizeof(where))
		return false;
	n->va = where[0];
	n->pa = where[1];
	return true;
}

/* Whether its memory is as it was. */
static bool
neighbour_end(struct neighbour *n)
{
	int status;

	if (write(n->to_child[1], "x", 1) != 1 || waitpid(n->pid, &status, 0) != n->pid)
		return false;
	for (int i = 0; i < 2; i++) {
		close(n->to_parent[i]);
		close(n->to_child[i]);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int
child_opens(void *arg)
{
	(void)arg;
	return queue_open(name) == -EBUSY ? 0 : 1;
}

static void
test_registered(const struct edu *edu, uint8_t *a, uint8_t *b)
{
	ktap_test(mem_register(edu->fd, a, 2 * HUGE_SIZE) == 0, "two hugepages registered");
	memset(b, 0, EDU_LEN);
	ktap_test(edu_fill(edu, a, 0xc3) && edu_dma_out(edu, (uintptr_t)b) && all_bytes(b, 0xc3),
			"device address is the virtual address, in and out");
	ktap_test(edu_dma_out(edu, (uintptr_t)b + HUGE_SIZE - EDU_LEN) &&
					all_bytes(b + HUGE_SIZE - EDU_LEN, 0xc3),
			"the last bytes of what is registered");
}

static void
test_not_registered(const struct edu *edu, uint8_t *a, uint8_t *b)
{
	uint8_t *other = huge_alloc(1), *again;
	uint64_t pa = physical(other);
	struct neighbour n;

	ktap_test(pa != 0, "physical addresses are known to this test");
	ktap_test(untouched(edu, a, (uintptr_t)other, other),
			"hugepage not registered: not written");
	ktap_test(unread(edu, a, (uintptr_t)other, other), "hugepage not registered: not read");
	ktap_test(untouched(edu, a, pa, other), "its physical address: not written");
	ktap_test(unread(edu, a, pa, other), "its physical address: not read");
	ktap_test(untouched(edu, a, physical(b), b),
			"physical address of a registered page: not written");
	ktap_test(neighbour_start(&n), "a neighbour process");
	edu_fill(edu, a, 0xee);
	edu_dma_out(edu, n.va);
	edu_dma_out(edu, n.pa);
	ktap_test(neighbour_end(&n), "neighbour's virtual and physical address: not written");

	/* the page stays pinned, what is mapped in its place is another one */
	munmap(b, HUGE_SIZE);
	again = mmap(b, HUGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED_NOREPLACE, -1, 0);
	ktap_test(again == b && untouched(edu, a, (uintptr_t)b, again),
			"unmapped and mapped anew: the new page is not written");
	ktap_test(mem_unregister(edu->fd, b, HUGE_SIZE) == 0, "unregistered");
	ktap_test(untouched(edu, a, (uintptr_t)b, again), "after that: not written");
	munmap(again, HUGE_SIZE);
	munmap(other, HUGE_SIZE);
}

/* What the device writes there is an interrupt, whatever is mapped. */
static void
test_reserved(const struct edu *edu)
{
	const char *title = "hugepage at an address that is reserved for interrupts";
	uint64_t first = 0, last = 0;
	uint8_t *page;

	if (sscanf(device_attr(name, "device/iommu_group/reserved_regions"),
			    "%" SCNx64 " %" SCNx64 " msi", &first, &last) != 2) {
		ktap_skip("no such region", "%s", title);
		return;
	}
	page = (uint8_t *)(uintptr_t)(first & ~(HUGE_SIZE - 1));
	ktap_test(mmap(page, HUGE_SIZE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED_NOREPLACE,
				  -1, 0) == page &&
					madvise(page, HUGE_SIZE, MADV_DONTFORK) == 0 &&
					mem_register(edu->fd, page, HUGE_SIZE) == -ERANGE,
			"%s, %p: ERANGE", title, (void *)page);
	munmap(page, HUGE_SIZE);
}

static void
test_stop(const struct edu *edu, uint8_t *a)
{
	ktap_test(edu_fill(edu, a, 0xee), "filled before the stop");
	memset(a, 0x11, EDU_LEN);
	ktap_test(queue_call(edu->fd, UACCE_IOC_PUT_Q, NULL) == 0, "PUT_Q");
	edu_dma_out(edu, (uintptr_t)a);
	ktap_test(all_bytes(a, 0x11), "stopped: registered memory is not written");
	ktap_test(queue_call(edu->fd, UACCE_IOC_START_Q, NULL) == 0 &&
					edu_dma_out(edu, (uintptr_t)a) && all_bytes(a, 0xee),
			"started again: it is");
}

/* A word of the device's PCI configuration. */
static unsigned int
pci_config(unsigned int at)
{
	char path[PATH_MAX];
	uint16_t word = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/uacce/%s/device/config", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(fd, &word, sizeof(word), at) != sizeof(word))
		word = 0;
	close(fd);
	return word;
}

/* The owner can have it raise an interrupt, which nobody is there to handle. */
static void
test_interrupt(const struct edu *edu)
{
	volatile uint32_t *raise = (volatile uint32_t *)(edu->regs + EDU_IRQ_RAISE);
	volatile uint32_t *ack = (volatile uint32_t *)(edu->regs + EDU_IRQ_ACK);
	bool raised;

	*raise = 1;
	raised = (pci_config(PCI_STATUS) & PCI_STATUS_INTERRUPT) != 0;
	ktap_test((pci_config(PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE) != 0,
			"its interrupt line is off");
	*ack = 1;
	ktap_test(raised && (pci_config(PCI_STATUS) & PCI_STATUS_INTERRUPT) == 0,
			"an interrupt is raised and taken back");
}

/* close() leaves the rest to the kernel, and open() waits for that. */
static void
test_close_and_open(void)
{
	unsigned int i;
	int fd = 0;

	for (i = 0; i < 50 && fd >= 0; i++) {
		fd = queue_open(name);
		close(fd);
	}
	ktap_test(fd >= 0, "opened right after it was closed, 50 times: %d", fd);
}

/* The next owner has what it registered itself, and not what the last one had. */
static void
test_next_owner(const uint8_t *old)
{
	uint8_t *page = huge_alloc(2);
	struct edu edu;

	ktap_test(edu_open(&edu, name) == 0, "opened anew");
	ktap_test(mem_register(edu.fd, page, HUGE_SIZE) == 0, "a page registered");
	ktap_test(old != page && untouched(&edu, page, (uintptr_t)old, page + HUGE_SIZE),
			"what the last owner had registered leads nowhere");
	edu_close(&edu);
	munmap(page, 2 * HUGE_SIZE);
}

/*
 * A transfer is under way when the queue is closed. The device waits 100 ms before
 * it moves a byte; when the kernel gets to the queue later than that, try again.
 */
static void
test_close_in_transfer(void)
{
	uint8_t *page = huge_alloc(1);
	bool kept = false;
	unsigned int i;

	for (i = 0; i < 10 && !kept; i++) {
		struct edu edu;

		if (edu_open(&edu, name) != 0 || mem_register(edu.fd, page, HUGE_SIZE) != 0 ||
				!edu_fill(&edu, page, 0xee))
			break;
		memset(page, 0x11, EDU_LEN);
		edu_dma_begin(&edu, EDU_DMA_BUFFER, (uintptr_t)page, EDU_DMA_TO_MEMORY);
		edu_close(&edu);
		usleep(300000);
		kept = queue_available_wait(name, 1) && all_bytes(page, 0x11);
	}
	ktap_test(kept, "closed during a transfer: nothing is written any more (%u)", i);
	munmap(page, HUGE_SIZE);
}

/* What an owner begins after PUT_Q must not be done when the next one starts. */
static void
test_late_transfer(void)
{
	uint8_t *page = huge_alloc(1);
	struct edu edu;

	ktap_test(edu_open(&edu, name) == 0 && mem_register(edu.fd, page, HUGE_SIZE) == 0 &&
					edu_fill(&edu, page, 0xee),
			"opened, registered and filled");
	memset(page, 0x11, EDU_LEN);
	queue_call(edu.fd, UACCE_IOC_PUT_Q, NULL);
	edu_dma_begin(&edu, EDU_DMA_BUFFER, (uintptr_t)page, EDU_DMA_TO_MEMORY);
	edu_close(&edu);
	ktap_test(edu_open(&edu, name) == 0 && mem_register(edu.fd, page, HUGE_SIZE) == 0,
			"the next owner has the same memory");
	usleep(300000);
	ktap_test(all_bytes(page, 0x11), "a transfer begun before that does not reach it");
	edu_close(&edu);
	munmap(page, HUGE_SIZE);
}

int
main(void)
{
	uint8_t *pages;
	struct edu edu;
	int rc;

	name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	ktap_start(0);
	/* the guests that run this have one */
	if (!ktap_test(name != NULL, "a wd_edu device behind an IOMMU"))
		return ktap_finish();
	ktap_test(strcmp(device_attr(name, "available_instances"), "1") == 0,
			"one queue to be had");
	rc = edu_open(&edu, name);
	ktap_test(rc == 0, "queue opened, mapped and started: %d", rc);
	ktap_test(strcmp(device_attr(name, "available_instances"), "0") == 0, "none left");
	ktap_test(in_child(child_opens, NULL) == 0, "another process gets EBUSY");
	pages = huge_alloc(2);
	if (ktap_test(rc == 0 && pages != NULL, "hugepages")) {
		test_registered(&edu, pages, pages + HUGE_SIZE);
		test_not_registered(&edu, pages, pages + HUGE_SIZE);
		test_reserved(&edu);
		test_interrupt(&edu);
		test_stop(&edu, pages);
		edu_close(&edu);
		test_close_and_open();
		test_next_owner(pages);
		test_close_in_transfer();
		test_late_transfer();
		munmap(pages, HUGE_SIZE);
	}
	return ktap_finish();
}
