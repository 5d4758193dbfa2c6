/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* What wd-emud makes of its arguments, and of its privileges. */

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emud.h"
#include "wdt.h"

static unsigned int nb_logged;

void
emud_log(const struct emud *e, const char *fmt, ...)
{
	(void)e;
	(void)fmt;
	nb_logged++;
}

WDT_TEST(emud_defaults)
{
	struct emud_options o;

	WDT_CHECK_EQ(emud_options_parse("sec", &o), 0);
	WDT_CHECK_EQ(o.class, WDM_CLASS_SEC);
	WDT_CHECK_EQ(o.engine, WDM_ENGINE_AUTO);
	WDT_CHECK_EQ(o.hw_version, 3);
	WDT_CHECK(o.sva);
	WDT_CHECK_EQ(o.depth, 1024);
	WDT_CHECK_EQ(o.nb_queues, 64);
	WDT_CHECK_EQ(o.id, -1);
	WDT_CHECK_EQ(o.cpu, -1);
	WDT_CHECK_EQ(o.perf.latency_ns, 0);
	WDT_CHECK_EQ(o.nb_faults, 0);
	return WDT_PASS;
}

WDT_TEST(emud_all_options)
{
	struct emud_options o;

	WDT_CHECK_EQ(emud_options_parse(
				     "zip,hw=v2,sva=0,engine=instant,queues=7,depth=2,id=3,cpu=1,"
				     "latency_ns=1000,fault=drop@5,fault=error_type:3@2/9",
				     &o),
			0);
	WDT_CHECK_EQ(o.class, WDM_CLASS_ZIP);
	WDT_CHECK_EQ(o.engine, WDM_ENGINE_INSTANT);
	WDT_CHECK_EQ(o.hw_version, 2);
	WDT_CHECK(!o.sva);
	WDT_CHECK_EQ(o.depth, 2);
	WDT_CHECK_EQ(o.nb_queues, 7);
	WDT_CHECK_EQ(o.id, 3);
	WDT_CHECK_EQ(o.cpu, 1);
	WDT_CHECK_EQ(o.perf.latency_ns, 1000);
	WDT_CHECK_EQ(o.nb_faults, 2);
	WDT_CHECK_EQ(o.faults[0].kind, WDM_FAULT_DROP);
	WDT_CHECK_EQ(o.faults[1].every, 9);
	return WDT_PASS;
}

WDT_TEST(emud_refused)
{
	static const char *const wrong[] = {
		"", ",", "hpre", "sec ", "sec,", "sec,hw", "sec,hw=", "sec,hw=v1", "sec,hw=3",
		"sec,sva=2", "sec,sva=-1", "sec,sva= 1", "sec,engine=fast", "sec,queues=0",
		"sec,queues=1025", "sec,depth=1", "sec,depth=1000", "sec,depth=65536", "sec,id=-1",
		"sec,cpu=1024", "sec,latency_ns=10000000001", "sec,ops_per_s=-1",
		"sec,bytes_per_s=1000000000001", "sec,perf=", "sec,perf", "sec,perf=zip-920",
		"zip,perf=zip-920,ops_per_s=x", "sec,fault=none", "sec,unknown=1",
		"sec,sva=0,,hw=v2", "sec;hw=v2",
		/* nine */
		"sec,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv,fault=icv"
	};
	char much[400];
	struct emud_options o;

	nb_logged = 0;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (emud_options_parse(wrong[i], &o) != -EINVAL)
			printf("# taken: \"%s\"\n", wrong[i]);
		WDT_CHECK_EQ(emud_options_parse(wrong[i], &o), -EINVAL);
		WDT_CHECK_EQ(nb_logged, 2 * i + 2);
	}
	memset(much, '0', sizeof(much));
	memcpy(much, "sec,sva=", 8);
	much[sizeof(much) - 1] = '\0';
	WDT_CHECK_EQ(emud_options_parse(much, &o), -EINVAL);
	return WDT_PASS;
}

WDT_TEST(emud_speed)
{
	struct emud_options o;

	WDT_CHECK_EQ(emud_options_parse("zip,perf=zip-920", &o), 0);
	WDT_CHECK_EQ(o.perf.latency_ns, 14720);
	WDT_CHECK_EQ(o.perf.bytes_per_s, 7271500000);
	WDT_CHECK(o.perf.crowd_ns > 0);
	/* what is given beside it wins, on either side */
	WDT_CHECK_EQ(emud_options_parse("zip,latency_ns=7,perf=zip-920,ops_per_s=9", &o), 0);
	WDT_CHECK_EQ(o.perf.latency_ns, 7);
	WDT_CHECK_EQ(o.perf.crowd_ns, 0);
	WDT_CHECK_EQ(o.perf.ops_per_s, 9);
	WDT_CHECK_EQ(o.perf.bytes_per_s, 7271500000);
	return WDT_PASS;
}

/* A field of this thread's status, in hexadecimal. */
static uint64_t
status_field(const char *name)
{
	FILE *f = fopen("/proc/thread-self/status", "r");
	uint64_t value = UINT64_MAX;
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			value = strtoull(line + strlen(name) + 1, NULL, 16);
	}
	if (f != NULL)
		fclose(f);
	return value;
}

static int
privileges_none(void)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapAmb" };

	for (unsigned int i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		WDT_CHECK_EQ(status_field(sets[i]), 0);
	WDT_CHECK_EQ(status_field("NoNewPrivs"), 1);
	return WDT_PASS;
}

static void *
privileges_thread(void *rc)
{
	*(int *)rc = privileges_none();
	return NULL;
}

static int
privileges_child(void)
{
	pthread_t thread;
	int rc = WDT_FAIL;

	WDT_CHECK_EQ(emud_privileges_drop(), 0);
	WDT_CHECK_EQ(privileges_none(), WDT_PASS);
	WDT_CHECK_EQ(emud_privileges_drop(), 0); /* takes none */
	WDT_CHECK_EQ(pthread_create(&thread, NULL, privileges_thread, &rc), 0);
	WDT_CHECK_EQ(pthread_join(thread, NULL), 0);
	return rc;
}

WDT_TEST(emud_has_no_privileges_later)
{
	int status;
	pid_t pid;

	fflush(stdout); /* else it is the child's too */
	pid = fork();
	WDT_CHECK(pid >= 0);
	if (pid == 0) {
		const int rc = privileges_child();

		fflush(stdout);
		_exit(rc);
	}
	WDT_CHECK_EQ(waitpid(pid, &status, 0), pid);
	WDT_CHECK_EQ(status, 0);
	return WDT_PASS;
}
