/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * QEMU's edu device under wd_edu.ko by the calls that the drivers use: EAL's
 * hugepages are registered, and DMA goes where they are and nowhere else.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_io.h>
#include <rte_malloc.h>

#include "rte_wd_driver.h"
#include "wd_queue.h"
#include "wdt.h"

#define LEN 512
#define HUGEPAGE (2UL << 20)

/* registers of the device, 8 bytes each */
#define DMA_SOURCE 0x80
#define DMA_DEST 0x88
#define DMA_COUNT 0x90
#define DMA_COMMAND 0x98
#define DMA_START 1
#define DMA_TO_MEMORY 2
#define DMA_BUFFER 0x40000 /* in the device */

static bool
dma(const struct wd_queue *q, uint64_t from, uint64_t to, uint64_t command)
{
	volatile uint64_t *regs = q->sq_db;

	regs[DMA_SOURCE / 8] = from;
	regs[DMA_DEST / 8] = to;
	regs[DMA_COUNT / 8] = LEN;
	rte_io_wmb();
	regs[DMA_COMMAND / 8] = command | DMA_START;
	for (unsigned int i = 0; i < 1000; i++) {
		if ((regs[DMA_COMMAND / 8] & DMA_START) == 0)
			return true;
		usleep(5000);
	}
	return false;
}

static bool
all_bytes(const uint8_t *p, uint8_t byte)
{
	for (unsigned int i = 0; i < LEN; i++) {
		if (p[i] != byte)
			return false;
	}
	return true;
}

/* Through the device from one place to the other. */
static bool
copies(const struct wd_queue *q, uint8_t *from, uint8_t *to)
{
	memset(from, 0xc3, LEN);
	memset(to, 0x11, LEN);
	return dma(q, (uintptr_t)from, DMA_BUFFER, 0) &&
			dma(q, DMA_BUFFER, (uintptr_t)to, DMA_TO_MEMORY) && all_bytes(to, 0xc3);
}

WDT_TEST(edu_by_the_calls_of_the_drivers)
{
	const struct wd_queue_conf conf = { .socket_id = SOCKET_ID_ANY };
	static const char *const no_keys[] = { NULL };
	uint8_t *from = rte_malloc(NULL, LEN, 64), *to = rte_malloc(NULL, LEN, 64), *later, *mine;
	struct wd_queue q, second;
	struct wd_dev *dev;

	WDT_CHECK(from != NULL && to != NULL);
	WDT_CHECK_EQ(rte_wd_dev_open(WD_CLASS_EDU, NULL, no_keys, &dev), 0);
	WDT_CHECK(!dev->sva && dev->va);
	WDT_CHECK_EQ(rte_wd_queue_open(dev, &conf, &q), 0);
	WDT_CHECK_EQ(rte_wd_queue_open(dev, &conf, &second), -EBUSY);
	WDT_CHECK_EQ(rte_wd_queue_start(&q), 0);
	WDT_CHECK(!wd_queue_dead(&q));
	WDT_CHECK(copies(&q, from, to));

	/* memory that EAL gets after that */
	later = rte_malloc(NULL, 64UL << 20, 64);
	WDT_CHECK(later != NULL && rte_wd_mem_visible(dev, later, 64UL << 20));
	WDT_CHECK(copies(&q, from, later + (63UL << 20)));
	/* and what it does not know of */
	mine = mmap(NULL, HUGEPAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	WDT_CHECK(mine != MAP_FAILED);
	WDT_CHECK(!rte_wd_mem_visible(dev, mine, LEN));
	WDT_CHECK(!copies(&q, from, mine));
	WDT_CHECK(all_bytes(mine, 0x11));
	munmap(mine, HUGEPAGE);

	rte_wd_queue_stop(&q);
	WDT_CHECK_EQ(rte_wd_queue_start(&q), 0); /* another queue, the same memory */
	WDT_CHECK(copies(&q, from, to));
	rte_wd_queue_close(&q);
	rte_free(later);
	rte_free(from);
	rte_free(to);
	rte_wd_dev_close(dev);
	return WDT_PASS;
}
