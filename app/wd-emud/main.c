/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "emud.h"
#include "wd_emu_abi.h"

#define MAX_DEVICES 16

void
emud_log(const struct emud *e, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (e != NULL && e->node[0] != '\0')
		fprintf(stderr, EMUD_NAME ": %s: %s\n", e->node, line);
	else
		fprintf(stderr, EMUD_NAME ": %s\n", line);
}

static void
usage(FILE *to)
{
	fprintf(to,
			"usage: " EMUD_NAME " DEVICE...\n"
			"\n"
			"The hardware side of emulated accelerators: makes a device each below " WD_EMU_NODE
			",\nprints \"ready: \" and its node, and serves it until SIGTERM.\n"
			"\n"
			"DEVICE is sec or zip, and options behind commas:\n"
			"  hw=v2|v3        version of the hardware (v3)\n"
			"  sva=0|1         reach all memory of a client, or what it registered (1)\n"
			"  engine=auto|openssl|instant   who does the work (auto)\n"
			"  queues=N        queues that can be open at once, 1 to 1024 (64)\n"
			"  depth=N         descriptors of a ring, a power of two, 2 to 32768 (1024)\n"
			"  id=N            number of the device (any)\n"
			"  cpu=N           CPU to run on (any)\n"
			"  latency_ns=N    least time from doorbell to completion (0)\n"
			"  ops_per_s=N     most descriptors a second (0: as many as it can)\n"
			"  bytes_per_s=N   most bytes a second (0: as many as it can)\n"
			"  perf=sec-920|zip-920   all three, from published figures\n"
			"  fault=KIND[:VALUE][@AT[/EVERY]]   fail on purpose, up to 8 of them; KIND is\n"
			"                  error_type, icv, not_done, sq_head, drop, stall, reset\n"
			"                  or no_code\n");
}

static void *
thread_main(void *arg)
{
	struct emud *e = arg;

	if (emud_run(e) != 0)
		kill(getpid(), SIGTERM); /* one device less: let who started us notice */
	return NULL;
}

static void
ready(const struct emud *e)
{
	printf("ready: %s\n", e->node);
	fflush(stdout);
}

/* All of them, or 0 or -errno of the first that cannot be had, and none. */
static int
attach_all(struct emud *devices, unsigned int nb)
{
	for (unsigned int i = 0; i < nb; i++) {
		const int rc = emud_attach(&devices[i]);

		if (rc == 0)
			continue;
		while (i-- > 0)
			emud_detach(&devices[i]);
		return rc;
	}
	return 0;
}

/* Until a signal says to end. Returns the exit status. */
static int
serve(struct emud *devices, unsigned int nb, int stop_fd)
{
	const uint64_t one = 1;
	unsigned int nb_started = 0;
	sigset_t set;
	int signal_number, rc;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* the threads inherit it */
	if (attach_all(devices, nb) != 0)
		return EXIT_FAILURE;
	rc = emud_privileges_drop(); /* the threads inherit that, too */
	for (; nb_started < nb && rc == 0; nb_started++) {
		struct emud *e = &devices[nb_started];

		rc = -pthread_create(&e->thread, NULL, thread_main, e);
		if (rc != 0) {
			emud_log(e, "cannot create a thread: %s", strerror(-rc));
			break;
		}
		ready(e);
	}
	if (rc == 0)
		sigwait(&set, &signal_number);
	if (write(stop_fd, &one, sizeof(one)) < 0)
		abort(); /* an eventfd takes it */
	for (unsigned int i = 0; i < nb; i++) {
		if (i < nb_started)
			pthread_join(devices[i].thread, NULL);
		emud_detach(&devices[i]);
	}
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static struct emud devices[MAX_DEVICES];
	unsigned int nb = 0;
	int stop_fd;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (argc < 2 || argv[1][0] == '-') {
		usage(stderr);
		return EXIT_FAILURE;
	}
	if (argc - 1 > MAX_DEVICES) {
		emud_log(NULL, "more than %d devices", MAX_DEVICES);
		return EXIT_FAILURE;
	}
	stop_fd = eventfd(0, EFD_CLOEXEC);
	if (stop_fd < 0) {
		emud_log(NULL, "eventfd: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	for (; nb < (unsigned int)argc - 1; nb++) {
		if (emud_options_parse(argv[nb + 1], &devices[nb].options) != 0)
			return EXIT_FAILURE;
		devices[nb].stop_fd = stop_fd;
	}
	return serve(devices, nb, stop_fd);
}
