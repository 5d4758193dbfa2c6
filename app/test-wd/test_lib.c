/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The library below the drivers, above a transport that fails as it is told. */

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_wd_driver.h>
#include <wd_queue.h>

#include "hisi_sec.h"
#include "wdt.h"
#include "wdt_fake.h"
#include "wdt_log.h"

#define SOME_MEMORY (16U << 20)

static int
fake_dev_open_args(const char *text, struct wd_dev **dev)
{
	static const char *const own_keys[] = { NULL };
	struct rte_kvargs *args = rte_kvargs_parse(text, NULL);
	int rc;

	*dev = NULL;
	if (args == NULL)
		return -E2BIG;
	rc = rte_wd_dev_open(WD_CLASS_SEC, args, own_keys, dev);
	rte_kvargs_free(args);
	return rc;
}

static int
fake_dev_open(struct wd_dev **dev)
{
	return fake_dev_open_args("dev=" WDT_FAKE_NAME, dev);
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

/* ---- watchdog ---- */

static void
count_cb(void *arg)
{
	__atomic_fetch_add((unsigned int *)arg, 1, __ATOMIC_RELAXED);
}

static unsigned int
count_get(const unsigned int *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

/* One that tells nb_dead when it dies. Not on the stack: where a test fails it is watched on. */
static struct wd_queue *
queue_open_started(struct wd_dev *dev, void (*dead_cb)(void *arg), void *arg)
{
	const struct wd_queue_conf conf = {
		.qc_type = HISI_SEC_QC_TYPE,
		.sqe_size = HISI_SEC_SQE_SIZE,
		.socket_id = SOCKET_ID_ANY,
		.dead_cb = dead_cb,
		.dead_arg = arg,
	};
	struct wd_queue *q = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*q));

	if (q == NULL || rte_wd_queue_open(dev, &conf, q) != 0)
		return NULL;
	if (rte_wd_queue_start(q) == 0)
		return q;
	rte_wd_queue_close(q);
	free(q);
	return NULL;
}

static void
close_all(struct wd_dev *dev, struct wd_queue *q)
{
	rte_wd_queue_close(q);
	free(q);
	rte_wd_dev_close(dev);
}

/* Until it has that value, or no longer. */
static bool
wait_for(const unsigned int *count, unsigned int value)
{
	for (unsigned int ms = 0; ms < WDT_WAIT_MS && count_get(count) != value; ms++)
		usleep(1000);
	return count_get(count) == value;
}

WDT_TEST(lib_watchdog_survives_a_device_pulled_out)
{
	static unsigned int nb_dead;
	struct wd_queue *q;
	struct wd_dev *dev;

	wdt_fake_add();
	WDT_CHECK_EQ(fake_dev_open(&dev), 0);
	q = queue_open_started(dev, count_cb, &nb_dead);
	WDT_CHECK(q != NULL);
	usleep(150000); /* looked at while it is there */
	WDT_CHECK_EQ(count_get(&nb_dead), 0);
	wdt_fake_pull();
	WDT_CHECK(wait_for(&nb_dead, 1));
	WDT_CHECK_EQ(wdt_fake.nb_started, 0);
	WDT_CHECK(wd_queue_dead(q));
	WDT_CHECK_EQ(wd_queue_submit(q, 1), 0);
	WDT_CHECK(!wd_queue_completed_late(q));
	close_all(dev, q);
	wdt_fake_remove();
	return WDT_PASS;
}

/* A device that was reset may be removed before anybody sets its queue up again. */
WDT_TEST(lib_watchdog_lets_go_of_a_device_that_was_reset)
{
	static unsigned int nb_dead;
	struct wd_queue *q;
	struct wd_dev *dev;

	wdt_fake_add();
	WDT_CHECK_EQ(fake_dev_open(&dev), 0);
	q = queue_open_started(dev, count_cb, &nb_dead);
	WDT_CHECK(q != NULL);
	WDT_CHECK_EQ(wd_queue_submit(q, 1), 1);
	wdt_fake_reset();
	WDT_CHECK(wait_for(&nb_dead, 1));
	WDT_CHECK_EQ(wdt_fake.nb_started, 0);
	wdt_fake_pull();
	WDT_CHECK(wd_queue_waits(q));
	WDT_CHECK(wd_queue_dead(q));
	WDT_CHECK(!wd_queue_completed_late(q));
	wd_queue_fail(q, 1);
	WDT_CHECK_EQ(wd_queue_submit(q, 1), 0);
	close_all(dev, q);
	wdt_fake_remove();
	return WDT_PASS;
}

WDT_TEST(lib_queue_that_did_not_start_again_takes_nothing)
{
	struct wd_queue *q;
	struct wd_dev *dev;

	wdt_fake_add();
	WDT_CHECK_EQ(fake_dev_open(&dev), 0);
	q = queue_open_started(dev, NULL, NULL);
	WDT_CHECK(q != NULL);
	WDT_CHECK_EQ(rte_wd_queue_stop(q), 0);
	wdt_fake.start_rc = -EIO;
	WDT_CHECK_EQ(rte_wd_queue_start(q), -EIO);
	WDT_CHECK_EQ(wd_queue_submit(q, 1), 0);
	WDT_CHECK(wd_queue_dead(q));
	wdt_fake.start_rc = 0;
	WDT_CHECK_EQ(rte_wd_queue_start(q), 0);
	WDT_CHECK(!wd_queue_dead(q));
	WDT_CHECK_EQ(wd_queue_submit(q, 1), 1);
	close_all(dev, q);
	wdt_fake_remove();
	return WDT_PASS;
}

/* ---- memory that could not be shown ---- */

static bool
queue_opens(struct wd_dev *dev)
{
	struct wd_queue *q = queue_open_started(dev, NULL, NULL);

	if (q == NULL)
		return false;
	rte_wd_queue_close(q);
	free(q);
	return true;
}

WDT_TEST(lib_memory_that_was_not_shown_is_not_visible)
{
	struct wd_dev *dev;
	uint8_t *memory;

	wdt_fake_add();
	wdt_fake.sva = false;
	WDT_CHECK_EQ(fake_dev_open(&dev), 0);
	wdt_fake.nb_maps_left = 0; /* out of locked memory, say */
	memory = rte_malloc(NULL, 4 * SOME_MEMORY, 0);
	WDT_CHECK(memory != NULL);
	WDT_CHECK(!rte_wd_mem_visible(dev, memory, 4 * SOME_MEMORY));
	WDT_CHECK(!rte_wd_mem_visible(dev, memory + 2 * SOME_MEMORY, 1));
	WDT_CHECK(rte_wd_mem_visible(dev, dev, sizeof(*dev))); /* from before */
	/* no better when there is a queue, later half of it, then all */
	WDT_CHECK(queue_opens(dev));
	WDT_CHECK(!rte_wd_mem_visible(dev, memory + 2 * SOME_MEMORY, 1));
	wdt_fake.nb_maps_left = 1;
	WDT_CHECK(queue_opens(dev));
	WDT_CHECK_EQ(wdt_fake.nb_maps_left, 0);
	WDT_CHECK(!rte_wd_mem_visible(dev, memory, 4 * SOME_MEMORY));
	wdt_fake.nb_maps_left = UINT32_MAX;
	WDT_CHECK(queue_opens(dev));
	WDT_CHECK(rte_wd_mem_visible(dev, memory, 4 * SOME_MEMORY));
	rte_free(memory);
	WDT_CHECK_EQ(wdt_fake.nb_bad_unmaps, 0);

	/* freed, or the device closed, before it was shown */
	for (unsigned int i = 0; i < 2; i++) {
		wdt_fake.nb_maps_left = 0;
		memory = rte_malloc(NULL, 4 * SOME_MEMORY, 0);
		WDT_CHECK(memory != NULL);
		WDT_CHECK(!rte_wd_mem_visible(dev, memory, 4 * SOME_MEMORY));
		if (i == 1)
			rte_wd_dev_close(dev);
		rte_free(memory);
		WDT_CHECK_EQ(wdt_fake.nb_bad_unmaps, 0);
	}
	WDT_CHECK_EQ(wdt_fake.nb_mapped, 0);
	wdt_fake_remove();
	return WDT_PASS;
}

/* ---- reports of dead queues ---- */

static struct {
	struct wd_queue *other;
	unsigned int nb_begun;
	unsigned int nb_ended;
} report;

static void
reset_queue(struct wd_queue *q)
{
	*(volatile uint32_t *)(uintptr_t)q->recv_status = 1;
}

static void
slow_cb(void *unused __rte_unused)
{
	__atomic_fetch_add(&report.nb_begun, 1, __ATOMIC_RELAXED);
	usleep(300000);
	__atomic_fetch_add(&report.nb_ended, 1, __ATOMIC_RELAXED);
}

/* What the report names may be freed behind the close. */
WDT_TEST(lib_report_ends_before_the_queue_is_closed)
{
	struct wd_queue *q;
	struct wd_dev *dev;

	memset(&report, 0, sizeof(report));
	wdt_fake_add();
	WDT_CHECK_EQ(fake_dev_open(&dev), 0);
	q = queue_open_started(dev, slow_cb, NULL);
	WDT_CHECK(q != NULL);
	reset_queue(q);
	WDT_CHECK(wait_for(&report.nb_begun, 1));
	rte_wd_queue_close(q);
	WDT_CHECK_EQ(count_get(&report.nb_ended), 1);
	free(q);
	rte_wd_dev_close(dev);
	wdt_fake_remove();
	return WDT_PASS;
}

/* As an application that tears all of it down. */
static void
close_both_cb(void *own)
{
	rte_wd_queue_close(own);
	rte_wd_queue_close(report.other);
	__atomic_fetch_add(&report.nb_begun, 1, __ATOMIC_RELAXED);
}

/* Of the other one; before the close it would be in order. */
static void
late_cb(void *unused __rte_unused)
{
	if (count_get(&report.nb_begun) != 0)
		__atomic_fetch_add(&report.nb_ended, 1, __ATOMIC_RELAXED);
}

WDT_TEST(lib_report_may_close_its_queue_and_others)
{
	struct wd_queue *q, *other;
	struct wd_dev *dev;

	memset(&report, 0, sizeof(report));
	wdt_fake_add();
	WDT_CHECK_EQ(fake_dev_open(&dev), 0);
	q = queue_open_started(dev, NULL, NULL);
	other = queue_open_started(dev, late_cb, NULL);
	WDT_CHECK(q != NULL && other != NULL);
	q->dead_cb = close_both_cb;
	q->dead_arg = q;
	report.other = other;
	reset_queue(q);
	reset_queue(other);
	WDT_CHECK(wait_for(&report.nb_begun, 1));
	usleep(10000);
	WDT_CHECK_EQ(wdt_fake.nb_queues, 0);
	WDT_CHECK_EQ(count_get(&report.nb_ended), 0);
	free(q);
	free(other);
	rte_wd_dev_close(dev);
	wdt_fake_remove();
	return WDT_PASS;
}

/* ---- a device that does not stop ---- */

WDT_TEST(lib_ops_stay_in_flight_when_the_device_does_not_stop)
{
	static unsigned int nb_dead;
	struct wd_queue *q;
	struct wd_dev *dev;

	wdt_fake_add();
	WDT_CHECK_EQ(fake_dev_open_args("dev=" WDT_FAKE_NAME ",stall_ms=200", &dev), 0);
	q = queue_open_started(dev, count_cb, &nb_dead);
	WDT_CHECK(q != NULL);
	WDT_CHECK_EQ(wd_queue_submit(q, 1), 1);
	wdt_fake.stop_rc = -EIO;
	WDT_CHECK(wait_for(&nb_dead, 1));
	WDT_CHECK(q->broken);
	WDT_CHECK(!wd_queue_dead(q)); /* the device may write still */
	WDT_CHECK_EQ(wd_queue_in_flight(q), 1);
	WDT_CHECK_EQ(rte_wd_queue_stop(q), -EIO);
	WDT_CHECK(!wd_queue_dead(q));
	WDT_CHECK_EQ(rte_wd_queue_start(q), -EBUSY);
	WDT_CHECK_EQ(wdt_fake.nb_started, 1);
	wdt_fake.stop_rc = 0;
	WDT_CHECK_EQ(rte_wd_queue_stop(q), 0);
	WDT_CHECK(wd_queue_dead(q));
	WDT_CHECK_EQ(wdt_fake.nb_started, 0);
	WDT_CHECK_EQ(rte_wd_queue_start(q), 0);
	WDT_CHECK_EQ(count_get(&nb_dead), 1);
	/* close ends it, come what may */
	wdt_fake.stop_rc = -EIO;
	close_all(dev, q);
	WDT_CHECK_EQ(wdt_fake.nb_queues, 0);
	wdt_fake_remove();
	return WDT_PASS;
}

/* ---- the watchdog's alarm ---- */

static unsigned int nb_alarms_fail; /* the next ones */

/* In the place of EAL's, which it calls unless it is to fail. */
int
rte_eal_alarm_set(uint64_t us, rte_eal_alarm_callback cb, void *arg)
{
	int (*real)(uint64_t us, rte_eal_alarm_callback cb, void *arg);

	if (count_get(&nb_alarms_fail) != 0) {
		__atomic_fetch_sub(&nb_alarms_fail, 1, __ATOMIC_RELAXED);
		return -ENOMEM;
	}
	*(void **)&real = dlsym(RTLD_NEXT, __func__);
	return real(us, cb, arg);
}

WDT_TEST(lib_watchdog_goes_on_when_its_alarm_fails)
{
	static unsigned int nb_dead;
	struct wd_queue *q, *later;
	struct wd_dev *dev;

	wdt_fake_add();
	WDT_CHECK_EQ(fake_dev_open(&dev), 0);
	q = queue_open_started(dev, count_cb, &nb_dead);
	WDT_CHECK(q != NULL);
	__atomic_store_n(&nb_alarms_fail, 3, __ATOMIC_RELAXED);
	WDT_CHECK(wait_for(&nb_alarms_fail, 0));
	reset_queue(q);
	WDT_CHECK(wait_for(&nb_dead, 1));
	WDT_CHECK_EQ(rte_wd_queue_stop(q), 0);

	/* for so long that it gives up: until there is another queue */
	WDT_CHECK_EQ(rte_wd_queue_start(q), 0);
	WDT_CHECK_EQ(wdt_log_capture(), 0);
	__atomic_store_n(&nb_alarms_fail, 1000, __ATOMIC_RELAXED);
	for (unsigned int ms = 0; ms < WDT_WAIT_MS; ms++) {
		if (count_get(&nb_alarms_fail) <= 990)
			break;
		usleep(1000);
	}
	usleep(300000);
	WDT_CHECK(strstr(wdt_log_release(), "the watchdog is off") != NULL);
	WDT_CHECK(count_get(&nb_alarms_fail) > 900); /* it does not hang on to EAL's thread */
	WDT_CHECK(queue_open_started(dev, NULL, NULL) == NULL);
	__atomic_store_n(&nb_alarms_fail, 0, __ATOMIC_RELAXED);
	later = queue_open_started(dev, NULL, NULL);
	WDT_CHECK(later != NULL);
	reset_queue(q);
	WDT_CHECK(wait_for(&nb_dead, 2));
	rte_wd_queue_close(later);
	free(later);
	close_all(dev, q);
	wdt_fake_remove();
	return WDT_PASS;
}
