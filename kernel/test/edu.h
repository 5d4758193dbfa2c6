/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * The owner of wd_edu's queue: a device that does DMA to whatever address is
 * written into a register.
 *
 * Device addresses that lead nowhere are to be chosen with care, and transfers
 * kept below 4096 bytes: the emulated device stops the whole machine otherwise.
 */

#ifndef EDU_H
#define EDU_H

#include "client.h"

#define EDU_LEN 512

/* registers of QEMU's edu device; those of DMA have 8 bytes each */
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_DEST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_START 1
#define EDU_DMA_TO_MEMORY 2
#define EDU_DMA_BUFFER 0x40000 /* in the device */

/** A queue with its regions, started. */
struct edu {
	int fd;
	volatile uint8_t *regs;
	volatile uint32_t *status; /* the page with the status words */
};

/** The address of the PCI device that a character device stands for. */
static inline bool
edu_bdf(const char *name, char *bdf, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/uacce/%s/device", name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	snprintf(bdf, size, "%.63s", strrchr(target, '/') + 1);
	return true;
}

static inline int
edu_open(struct edu *edu, const char *name)
{
	const size_t page = PAGE;

	*edu = (struct edu){ .fd = -1 };
	edu->fd = queue_open_wait(name);
	if (edu->fd < 0)
		return edu->fd;
	edu->regs = queue_map(edu->fd, UACCE_REGION_MMIO, page);
	edu->status = queue_map(edu->fd, UACCE_REGION_DUS, page);
	if (edu->regs == NULL || edu->status == NULL)
		return -errno;
	return queue_call(edu->fd, UACCE_IOC_START_Q, NULL);
}

static inline void
edu_close(struct edu *edu)
{
	const size_t page = PAGE;

	munmap((void *)edu->regs, page);
	munmap((void *)edu->status, page);
	close(edu->fd);
}

static inline void
edu_reg_write(const struct edu *edu, unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(edu->regs + reg) = value;
}

static inline void
edu_dma_begin(const struct edu *edu, uint64_t from, uint64_t to, uint64_t command)
{
	edu_reg_write(edu, EDU_DMA_SOURCE, from);
	edu_reg_write(edu, EDU_DMA_DEST, to);
	edu_reg_write(edu, EDU_DMA_COUNT, EDU_LEN);
	edu_reg_write(edu, EDU_DMA_COMMAND, command | EDU_DMA_START);
}

/** True when the device says that it is done, whatever became of the bytes. */
static inline bool
edu_dma(const struct edu *edu, uint64_t from, uint64_t to, uint64_t command)
{
	edu_dma_begin(edu, from, to, command);
	for (unsigned int i = 0; i < 1000; i++) {
		if ((*(volatile uint64_t *)(edu->regs + EDU_DMA_COMMAND) & EDU_DMA_START) == 0)
			return true;
		usleep(5000);
	}
	return false;
}

static inline bool
edu_dma_in(const struct edu *edu, uint64_t addr)
{
	return edu_dma(edu, addr, EDU_DMA_BUFFER, 0);
}

static inline bool
edu_dma_out(const struct edu *edu, uint64_t addr)
{
	return edu_dma(edu, EDU_DMA_BUFFER, addr, EDU_DMA_TO_MEMORY);
}

/** The device's buffer is filled with a byte, by way of page, which is registered. */
static inline bool
edu_fill(const struct edu *edu, void *page, int byte)
{
	memset(page, byte, EDU_LEN);
	return edu_dma_in(edu, (uintptr_t)page);
}

static inline bool
all_bytes(const void *page, int byte)
{
	const uint8_t *p = page;

	for (unsigned int i = 0; i < EDU_LEN; i++) {
		if (p[i] != (uint8_t)byte)
			return false;
	}
	return true;
}

/** 0 when it is not told. */
static inline uint64_t
physical(const void *va)
{
	const uint64_t page = PAGE;
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)va / page * sizeof(entry))) !=
			sizeof(entry))
		entry = 0;
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * page + (uintptr_t)va % page;
}

#endif /* EDU_H */
