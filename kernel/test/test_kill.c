/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * kill -9 of clients at random moments: queues, pins and hugepages come back,
 * and the daemon goes on.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "emu.h"
#include "ktap.h"
#include "pins.h"

#define NAME "wd_kill"
#define NB_QUEUES 8
#define NB_KILLS 1000
#define MAX_DELAY_US 20000 /* more, where a client takes longer than that */
#define NB_THREADS 3
#define MEMORY ((void *)0x100000000000UL) /* of every client */

static const char *const stages[] = { "open", "QP_CTX", "mmap", "hugepages", "register", "START_Q",
	"access", "PUT_Q", "unregister", "close" };
#define NB_STAGES (sizeof(stages) / sizeof(stages[0]))
#define ACCESS 6 /* a stage that lasts a while */

static struct emu_daemon daemon_;

/* What a client is at, for the report; its first thread alone says so. */
static _Atomic unsigned int *stage;

static void
tell_stage(bool tell, unsigned int at)
{
	if (tell)
		atomic_store(stage, at);
}

static void
client_loop(void *memory, bool tell)
{
	struct uacce_qp_ctx ctx;
	void *dus, *mmio, *pages;
	int fd;

	for (;;) {
		unsigned int at = 0;

		tell_stage(tell, at++);
		ctx.qc_type = 0;
		fd = queue_open_wait(daemon_.name);
		tell_stage(tell, at++);
		queue_call(fd, UACCE_IOC_QP_CTX, &ctx);
		tell_stage(tell, at++);
		dus = queue_map(fd, UACCE_REGION_DUS, daemon_.dus_size);
		mmio = queue_map(fd, UACCE_REGION_MMIO, daemon_.mmio_size);
		tell_stage(tell, at++);
		pages = mmap(memory, HUGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED_NOREPLACE, -1,
				0);
		madvise(pages, HUGE_SIZE, MADV_DONTFORK);
		tell_stage(tell, at++);
		mem_register(fd, pages, HUGE_SIZE);
		tell_stage(tell, at++);
		queue_call(fd, UACCE_IOC_START_Q, NULL);
		tell_stage(tell, at++);
		usleep(500); /* the parent has the daemon write there */
		tell_stage(tell, at++);
		queue_call(fd, UACCE_IOC_PUT_Q, NULL);
		tell_stage(tell, at++);
		mem_unregister(fd, pages, HUGE_SIZE);
		munmap(pages, HUGE_SIZE);
		tell_stage(tell, at++);
		munmap(dus, daemon_.dus_size);
		munmap(mmio, daemon_.mmio_size);
		close(fd);
	}
}

static void *
client_thread(void *arg)
{
	client_loop(arg, false);
	return NULL;
}

static void
client_run(unsigned int nb_threads)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int i = 1; i < nb_threads; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, client_thread, (uint8_t *)MEMORY + i * HUGE_SIZE);
	}
	client_loop(MEMORY, true);
}

/* Accesses meanwhile, to whatever queue; how many succeeded. */
static unsigned int
access_for(int64_t us)
{
	const int64_t end = now_ms() * 1000 + us;
	unsigned int done = 0, qn = (unsigned int)rand() % NB_QUEUES;

	do {
		done += emu_write(&daemon_, qn++ % NB_QUEUES, MEMORY, 4096, 0x77) == 0;
		usleep((unsigned int)rand() % 1000);
	} while (now_ms() * 1000 < end);
	return done;
}

/* How long a client takes, twice to its access, on a machine that may be slow. */
static int64_t
client_us(void)
{
	const pid_t pid = fork();
	int64_t start = now_ms(), ms;

	if (pid == 0)
		client_run(NB_THREADS);
	while (atomic_load(stage) < ACCESS && now_ms() - start < 10000)
		usleep(100);
	ms = now_ms() - start;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 2 * ms * 1000;
}

static unsigned int killed_at[NB_STAGES], nb_accesses;
static int64_t max_delay_us;

static bool
kill_one(unsigned int nb_threads)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		client_run(nb_threads);
	if (pid < 0)
		return false;
	nb_accesses += access_for(rand() % max_delay_us);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return false;
	killed_at[atomic_load(stage) % NB_STAGES]++;
	return true;
}

static void
test_kills(void)
{
	const long pinned = pins_now(), huge_free = huge_free_now();
	const unsigned int seed = (unsigned int)time(NULL);
	unsigned int nb = 0;

	srand(seed);
	max_delay_us = client_us();
	if (max_delay_us < MAX_DELAY_US)
		max_delay_us = MAX_DELAY_US;
	ktap_diag("seed %u, killed after %u ms or less", seed, (unsigned int)max_delay_us / 1000);
	fflush(stdout);
	while (nb < NB_KILLS && kill_one(nb % 2 == 0 ? 1 : NB_THREADS))
		nb++;
	for (unsigned int i = 0; i < NB_STAGES; i++)
		ktap_diag("killed at %s: %u", stages[i], killed_at[i]);
	ktap_diag("the device wrote %u times", nb_accesses);
	ktap_test(nb == NB_KILLS, "%u clients killed, every other one with %u threads", nb,
			NB_THREADS);
	ktap_test(nb_accesses > 0, "while the device wrote to them");
	ktap_test(queue_available_wait(daemon_.name, NB_QUEUES), "all queues are back: %d",
			queue_available(daemon_.name));
	for (unsigned int i = 0; i < 500 && (pins_now() != pinned || huge_free_now() != huge_free);
			i++)
		usleep(10000);
	ktap_test(pins_now() == pinned, "pins are balanced");
	ktap_test(huge_free_now() == huge_free, "hugepages are back");
	ktap_test(kill(daemon_.pid, 0) == 0 && waitpid(daemon_.pid, NULL, WNOHANG) == 0,
			"the daemon is alive");
}

static void
test_afterwards(void)
{
	uint8_t *page = huge_alloc(1);
	struct emu_queue q;
	int rc;

	rc = emu_queue_start(&daemon_, &q);
	ktap_test(rc == 0 && page != NULL && mem_register(q.fd, page, HUGE_SIZE) == 0,
			"a new client: %d", rc);
	ktap_test(emu_write(&daemon_, q.qn, page, 4096, 0x42) == 0 && page[0] == 0x42 &&
					page[4095] == 0x42 &&
					emu_read(&daemon_, q.qn, page, 4096, 0x42) == 0,
			"the device reaches its memory");
	emu_queue_close(&daemon_, &q);
	munmap(page, HUGE_SIZE);
}

int
main(void)
{
	int rc;

	ktap_start(0);
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			0);
	rc = emu_daemon_start(&daemon_, NAME, 0, NB_QUEUES);
	if (ktap_test(rc == 0, "daemon: %d", rc)) {
		test_kills();
		test_afterwards();
		emu_daemon_kill(&daemon_);
	}
	return ktap_finish();
}
