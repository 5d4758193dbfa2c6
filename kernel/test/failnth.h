/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Let one allocation, or one copy from or to user memory, fail in a system call of this
 * thread: the first, the second, and so on, until the call makes no more of them. For
 * kernels with CONFIG_FAULT_INJECTION, as devtools/kernel-debug.sh builds them.
 */

#ifndef FAILNTH_H
#define FAILNTH_H

#include "ktap.h"
#include "modules.h"
#include "pins.h"

#define FAILNTH_MAX 3000 /* of one call; none comes near */

static int failnth_fd = -1;

/** False: this kernel cannot. */
static inline bool
failnth_start(void)
{
	static const char *const settings[][2] = {
		/* else only those that must not sleep */
		{ "failslab/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		/* a call trace would be a complaint of the kernel */
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i][0]);
		if (file_write(path, settings[i][1]) < 0)
			return false;
	}
	failnth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	/* vmalloc() reports that it failed, also here: devtools/guest/run-cases.sh */
	return failnth_fd >= 0 && file_write("/dev/kmsg", "wd-test: faults are injected\n") == 0;
}

static inline bool
failnth_set(unsigned int n)
{
	char text[16];
	const int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(failnth_fd, text, (size_t)len, 0) == len;
}

/** End of the call: whether one failed in it. */
static inline bool
failnth_hit(void)
{
	char left[16] = "";
	/* it may be this copy that fails, which says that no other one did */
	const bool hit = pread(failnth_fd, left, sizeof(left) - 1, 0) > 0 && atoi(left) == 0;

	failnth_set(0);
	return hit;
}

/** What should be the same before and after a call that failed. */
struct failnth_state {
	long pinned;
	long huge_free;
	int available; /* queues of the device */
};

static inline struct failnth_state
failnth_state(const char *device)
{
	return (struct failnth_state){
		.pinned = pins_now(),
		.huge_free = huge_free_now(),
		.available = device == NULL ? 0 : queue_available(device),
	};
}

/** What close() leaves to the kernel may take a while. */
static inline bool
failnth_settles(const char *device, struct failnth_state before, bool touches)
{
	struct failnth_state now;

	for (unsigned int i = 0; i < 500; i++) {
		now = failnth_state(device);
		if (now.pinned == before.pinned && now.available == before.available &&
				(touches || now.huge_free == before.huge_free))
			return true;
		usleep(10000);
	}
	ktap_diag("pins %ld -> %ld, free hugepages %ld -> %ld, queues %d -> %d", before.pinned,
			now.pinned, before.huge_free, now.huge_free, before.available,
			now.available);
	return false;
}

/**
 * A system call under test. All get what run() was given; before() and after() may be
 * NULL. call() returns 0 or more, or -errno; undo() takes back what it did.
 */
struct failnth_op {
	const char *name;
	bool (*before)(void *arg);
	int (*call)(void *arg);
	void (*undo)(void *arg, int rc);
	void (*after)(void *arg);
	const char *device; /* whose queues are counted, or NULL */
	bool touches; /* hugepages of the process that stay its own */
	int also; /* an error beside ENOMEM and EFAULT that it may end with */
};

/* One round; false: what was wrong was told. *hit: there was something to fail. */
static inline bool
failnth_round(const struct failnth_op *op, void *arg, unsigned int n, bool *hit, int *rc)
{
	struct failnth_state state;
	bool good = true;

	*hit = false;
	*rc = 0;
	if (op->before != NULL && !op->before(arg)) {
		ktap_diag("%s, %u: cannot be prepared", op->name, n);
		return false;
	}
	state = failnth_state(op->device);
	if (!failnth_set(n))
		return false;
	*rc = op->call(arg);
	*hit = failnth_hit();
	if (*rc < 0 && (!*hit || (*rc != -ENOMEM && *rc != -EFAULT && *rc != -op->also))) {
		ktap_diag("%s, %u: %s, %s", op->name, n, strerror(-*rc),
				*hit ? "after a fault" : "without any");
		good = false;
	} else if (*rc < 0) {
		int again;

		good = failnth_settles(op->device, state, op->touches);
		again = op->call(arg);
		if (again < 0) {
			ktap_diag("%s, %u: %s, then again %s", op->name, n, strerror(-*rc),
					strerror(-again));
			good = false;
		} else if (op->undo != NULL) {
			op->undo(arg, again);
		}
	} else if (op->undo != NULL) {
		op->undo(arg, *rc);
	}
	if (op->after != NULL)
		op->after(arg);
	return good;
}

/**
 * All rounds of one call, for so many seconds at most. Each fault is to end in an error
 * that leaves nothing behind, and the call works when it is made again; or to make no
 * difference.
 */
static inline bool
failnth_run(const struct failnth_op *op, void *arg, unsigned int seconds)
{
	const int64_t end = now_ms() + (int64_t)seconds * 1000;
	unsigned int n, nb_errors = 0;
	bool good = true, hit = true;
	int rc = 0;

	for (n = 1; good && hit && n <= FAILNTH_MAX && now_ms() < end; n++) {
		good = failnth_round(op, arg, n, &hit, &rc);
		nb_errors += hit && rc < 0;
	}
	if (good && hit)
		ktap_left_out("%s: what is behind %u faults", op->name, n - 1);
	return ktap_test(good, "%s: %u faults, %u of them an error that left nothing behind",
			op->name, n - 2 + hit, nb_errors);
}

#endif /* FAILNTH_H */
