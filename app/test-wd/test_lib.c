/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The library below the drivers, above a transport that fails as it is told. */

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_malloc.h>
#include <rte_memory.h>
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

/* Another thread's rte_free(), and when it may begin. */
static struct {
	void *memory;
	bool begin;
	bool done;
} freed;

static void *
free_main(void *unused)
{
	while (!__atomic_load_n(&freed.begin, __ATOMIC_ACQUIRE))
		usleep(100);
	rte_free(freed.memory);
	__atomic_store_n(&freed.done, true, __ATOMIC_RELEASE);
	return unused;
}

/* In the place of EAL's, which it calls: here the library stops hearing of memory that goes. */
int
rte_mem_event_callback_unregister(const char *name, void *arg)
{
	int (*real)(const char *name, void *arg);
	int rc;

	*(void **)&real = dlsym(RTLD_NEXT, __func__);
	rc = real(name, arg);
	if (freed.memory != NULL) {
		__atomic_store_n(&freed.begin, true, __ATOMIC_RELEASE);
		for (unsigned int i = 0; i < 200; i++) {
			if (__atomic_load_n(&freed.done, __ATOMIC_ACQUIRE))
				break;
			usleep(1000);
		}
	}
	return rc;
}

WDT_TEST(lib_memory_freed_while_a_device_closes)
{
	struct wd_dev *dev;
	pthread_t thread;

	freed.memory = rte_malloc(NULL, SOME_MEMORY, 0);
	WDT_CHECK(freed.memory != NULL);
	wdt_fake_add();
	wdt_fake.sva = false;
	WDT_CHECK_EQ(fake_dev_open(&dev), 0);
	WDT_CHECK(wdt_fake.nb_mapped > 0);
	WDT_CHECK_EQ(pthread_create(&thread, NULL, free_main, NULL), 0);
	rte_wd_dev_close(dev);
	WDT_CHECK(__atomic_load_n(&freed.begin, __ATOMIC_ACQUIRE));
	pthread_join(thread, NULL);
	freed.memory = NULL;
	WDT_CHECK_EQ(wdt_fake.nb_mapped, 0);
	WDT_CHECK_EQ(wdt_fake.nb_bad_unmaps, 0);
	wdt_fake_remove();
	return WDT_PASS;
}
