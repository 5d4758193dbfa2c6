/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * wd_edu's device is taken away from its driver, and given back, while clients
 * have it open, mapped and started. Leaves it with its driver.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "edu.h"
#include "fault.h"
#include "ktap.h"
#include "modules.h"
#include "pins.h"

#include <poll.h>

#define DRIVER "/sys/bus/pci/drivers/wd_edu/"
#define NB_ROUNDS 50
#define ROUNDS_MS 90000 /* on a slow kernel fewer do */
#define LEAST_ROUNDS 5
#define NB_THREADS 4

static const char *name;
static char bdf[64]; /* of the PCI device */

static int
unbind(void)
{
	return file_write(DRIVER "unbind", bdf);
}

static int
bind_again(void)
{
	return file_write(DRIVER "bind", bdf);
}

static uint32_t
status_word(const struct edu *edu, size_t from_end)
{
	return edu->status[(PAGE - from_end) / sizeof(uint32_t)];
}

/* Every use of a queue whose device is gone. */
static void
test_dead(const struct edu *edu, void *pages)
{
	struct wd_info info = { .size = sizeof(info) };
	struct uacce_qp_ctx ctx = { .qc_type = 0 };
	struct pollfd pfd = { .fd = edu->fd, .events = POLLIN };

	ktap_test(queue_call(edu->fd, UACCE_IOC_START_Q, NULL) == -ENXIO &&
					queue_call(edu->fd, UACCE_IOC_PUT_Q, NULL) == -ENXIO &&
					queue_call(edu->fd, UACCE_IOC_QP_CTX, &ctx) == -ENXIO &&
					queue_call(edu->fd, WD_IOC_INFO, &info) == -ENXIO &&
					mem_register(edu->fd, (uint8_t *)pages + HUGE_SIZE,
							HUGE_SIZE) == -ENXIO,
			"calls: ENXIO");
	ktap_test(poll(&pfd, 1, 10000) == 1 && pfd.revents == (POLLERR | POLLHUP),
			"poll(): POLLERR and POLLHUP");
	ktap_test(fault_touch((uint32_t *)edu->regs, false, NULL) == SIGBUS &&
					fault_touch((uint32_t *)edu->regs, true, NULL) == SIGBUS,
			"device registers: SIGBUS");
	ktap_test(fault_touch((uint32_t *)edu->status, true, NULL) == 0,
			"the page with the status words can be read and written");
}

static void
test_unbind(void)
{
	uint8_t *pages = huge_alloc(2);
	struct edu edu, again;
	int64_t start;
	int rc;

	rc = edu_open(&edu, name);
	ktap_test(rc == 0 && mem_register(edu.fd, pages, HUGE_SIZE) == 0 &&
					edu_fill(&edu, pages, 0xee),
			"a queue that works: %d", rc);
	memset(pages, 0x11, EDU_LEN);
	ktap_test(status_word(&edu, 4) == 0 && status_word(&edu, 8) == 0, "status words are 0");
	edu_dma_begin(&edu, EDU_DMA_BUFFER, (uintptr_t)pages, EDU_DMA_TO_MEMORY);
	start = now_ms();
	rc = unbind();
	ktap_test(rc == 0 && now_ms() - start < 5000, "unbound during a transfer: %d after %ld ms",
			rc, (long)(now_ms() - start));
	ktap_test(status_word(&edu, 4) == 1 && status_word(&edu, 8) == 1, "status words are 1");
	test_dead(&edu, pages);
	ktap_test(queue_open(name) == -ENOENT, "the device node is gone");
	usleep(300000);
	ktap_test(all_bytes(pages, 0x11), "nothing was written any more");

	rc = bind_again();
	name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	if (!ktap_test(rc == 0 && name != NULL, "bound again: %d", rc))
		return;
	rc = edu_open(&again, name);
	ktap_test(rc == 0, "the new device, %s, opened and started: %d", name, rc);
	ktap_test(edu_fill(&again, pages, 0x42) &&
					edu_dma_out(&again,
							(uintptr_t)pages + HUGE_SIZE - EDU_LEN) &&
					all_bytes(pages + HUGE_SIZE - EDU_LEN, 0x42),
			"it sees what was registered with the old one");
	ktap_test(fault_touch((uint32_t *)edu.regs, false, NULL) == SIGBUS,
			"through the old queue its registers are not seen");
	edu_close(&edu);
	ktap_test(mem_unregister(again.fd, pages, HUGE_SIZE) == 0, "the old queue closed");
	edu_close(&again);
	munmap(pages, 2 * HUGE_SIZE);
}

/* --- again and again --- */

static atomic_bool clients_end;
static atomic_uint nb_opened;

static bool
device_name(char *path, size_t size)
{
	DIR *dir = opendir("/sys/class/uacce");
	const struct dirent *entry;
	bool found = false;

	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		found = strncmp(entry->d_name, "wd_edu-", 7) == 0;
		if (found)
			snprintf(path, size, "/dev/%.63s", entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

static void *
client_run(void *page)
{
	char path[80];

	while (!atomic_load(&clients_end)) {
		int fd = device_name(path, sizeof(path)) ? open(path, O_RDWR | O_CLOEXEC) : -1;
		void *regs, *status;

		if (fd < 0) {
			usleep(1000);
			continue;
		}
		atomic_fetch_add(&nb_opened, 1);
		regs = queue_map(fd, UACCE_REGION_MMIO, PAGE);
		status = queue_map(fd, UACCE_REGION_DUS, PAGE);
		mem_register(fd, page, HUGE_SIZE);
		queue_call(fd, UACCE_IOC_START_Q, NULL);
		/* makes the page be there, if the device is; no signal for who asks so */
		if (regs != NULL)
			madvise(regs, PAGE, MADV_POPULATE_READ);
		device_attr(path + strlen("/dev/"), UACCE_ATTR_AVAILABLE);
		if (regs != NULL)
			munmap(regs, PAGE);
		if (status != NULL)
			munmap(status, PAGE);
		close(fd);
	}
	return NULL;
}

/* A child that touches registers all the time, until they are gone. */
static void
touch_run(void)
{
	char path[80];

	for (;;) {
		int fd = device_name(path, sizeof(path)) ? open(path, O_RDWR | O_CLOEXEC) : -1;
		uint32_t *regs = fd < 0 ? NULL : queue_map(fd, UACCE_REGION_MMIO, PAGE);

		for (unsigned int i = 0; regs != NULL && i < 1000; i++) {
			if (fault_touch(regs, false, NULL) != 0)
				break;
		}
		if (regs != NULL)
			munmap(regs, PAGE);
		if (fd >= 0)
			close(fd);
		usleep(1000);
	}
}

static void
test_rounds(void)
{
	pthread_t threads[NB_THREADS];
	uint8_t *pages = huge_alloc(NB_THREADS);
	unsigned int nb = 0;
	int64_t begin, longest = 0;
	bool good = true;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		touch_run();
	for (size_t i = 0; i < NB_THREADS; i++)
		pthread_create(&threads[i], NULL, client_run, pages + i * HUGE_SIZE);
	begin = now_ms();
	for (; good && nb < NB_ROUNDS && (nb < LEAST_ROUNDS || now_ms() - begin < ROUNDS_MS);
			nb++) {
		const int64_t start = now_ms();

		good = unbind() == 0;
		if (now_ms() - start > longest)
			longest = now_ms() - start;
		good = good && bind_again() == 0;
		usleep((unsigned int)rand() % 50000);
	}
	if (good && nb < NB_ROUNDS)
		ktap_left_out("%u of %u rounds", NB_ROUNDS - nb, NB_ROUNDS);
	atomic_store(&clients_end, true);
	for (size_t i = 0; i < NB_THREADS; i++)
		pthread_join(threads[i], NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(pages, NB_THREADS * HUGE_SIZE);
	ktap_test(good, "unbound and bound %u times, in %ld ms at most; opened %u times", nb,
			(long)longest, atomic_load(&nb_opened));
	ktap_test(atomic_load(&nb_opened) > 0, "clients worked");
	name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	ktap_test(name != NULL && queue_available_wait(name, 1), "no queue is lost");
}

/* --- by an owner who never stops to ring --- */

static void
end_quietly(int signal)
{
	(void)signal;
	_exit(0);
}

/* Whether the PCI device may do DMA, which its driver forbids when it stops it. */
static bool
may_dma(int config)
{
	uint16_t command = 0;

	return pread(config, &command, sizeof(command), 4) == sizeof(command) && (command & 4) != 0;
}

/*
 * Begins transfers all the time, until the registers are gone. They must be before the driver
 * waits for the last transfer: a device that is never idle does not stop.
 */
static int
ring(void *arg)
{
	const int *rings = arg;
	uint8_t *page = huge_alloc(1);
	char path[PATH_MAX];
	struct edu edu;
	int config;

	signal(SIGBUS, end_quietly);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	config = open(path, O_RDONLY | O_CLOEXEC);
	if (page == NULL || edu_open(&edu, name) != 0 || mem_register(edu.fd, page, HUGE_SIZE) != 0)
		return 1;
	if (!may_dma(config) || write(*rings, "r", 1) != 1)
		return 2;
	for (;;) {
		const bool stopping = !may_dma(config);

		edu_dma_begin(&edu, EDU_DMA_BUFFER, (uintptr_t)page, EDU_DMA_TO_MEMORY);
		if (stopping)
			return 3;
	}
}

static void
test_ringing(void)
{
	const long pinned = pins_now(), huge_free = huge_free_now();
	int rings[2], status = -1, rc;
	char c;
	pid_t pid;

	if (!ktap_test(pipe2(rings, O_CLOEXEC) == 0, "pipe"))
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(ring(&rings[1]));
	close(rings[1]);
	if (!ktap_test(read(rings[0], &c, 1) == 1, "a process that rings all the time"))
		return;
	close(rings[0]);
	rc = unbind();
	waitpid(pid, &status, 0);
	ktap_test(rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0,
			"unbound: its registers go before the device is stopped: %d, 0x%x", rc,
			(unsigned int)status);
	for (unsigned int i = 0; i < 500 && pins_now() != pinned; i++)
		usleep(10000);
	ktap_test(pins_now() == pinned && huge_free_now() == huge_free,
			"its memory is given back: %ld pinned, %ld hugepages", pins_now() - pinned,
			huge_free - huge_free_now());
	rc = bind_again();
	name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	ktap_test(rc == 0 && name != NULL, "bound again: %d", rc);
}

int
main(void)
{
	name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	ktap_start(0);
	/* the guests that run this have one */
	if (!ktap_test(name != NULL, "a wd_edu device behind an IOMMU"))
		return ktap_finish();
	if (ktap_test(edu_bdf(name, bdf, sizeof(bdf)), "its PCI address")) {
		test_unbind();
		test_rounds();
		test_ringing();
		test_unbind();
	}
	return ktap_finish();
}
