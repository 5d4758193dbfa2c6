/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * kill -9 of clients, at each stage of their life: queues, pins and hugepages come
 * back, and the device goes on.
 *
 * usage: test_kill [edu]
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "edu.h"
#include "emu.h"
#include "ktap.h"
#include "pins.h"

#define NAME "wd_kill"
#define NB_QUEUES 8
#define KILLS_A_STAGE 100
#define KILLS_A_STAGE_SVA 20
#define KILLS_MS 15000 /* a stage; on a slow kernel fewer die */
#define LEAST_KILLS 10
#define MAX_RUN_US 2000 /* from the begin of a stage to the kill, every other time */
#define STAGE_MS 30000 /* for a client to get there, on a machine that may be slow */
#define NB_THREADS 3
#define MEMORY ((void *)0x100000000000UL) /* of every client */

static const char *const stages[] = { "open", "QP_CTX", "mmap", "memory", "register", "START_Q",
	"access", "PUT_Q", "unregister", "close" };
#define NB_STAGES (sizeof(stages) / sizeof(stages[0]))
#define ACCESS 6
#define NO_STAGE NB_STAGES

static struct emu_daemon daemon_;
static bool sva;

/* Between a client's first thread and its parent. */
static struct {
	atomic_uint target; /* wait at the begin of this one */
	atomic_uint reached; /* that has happened */
	atomic_uint go; /* then go on */
	atomic_uint stage; /* the last one that was begun */
	atomic_uint qn; /* of the queue */
} * shared;

static void
begin(bool tells, unsigned int stage)
{
	if (!tells)
		return;
	atomic_store(&shared->stage, stage);
	if (atomic_load(&shared->target) != stage)
		return;
	atomic_store(&shared->reached, 1);
	while (atomic_load(&shared->go) == 0)
		;
	atomic_store(&shared->target, NO_STAGE);
}

/* Hugepages; with SVA any memory, and pages that are not there yet. */
static void *
memory_map(void *where)
{
	void *pages = mmap(where, HUGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_ANONYMOUS | MAP_FIXED_NOREPLACE |
					(sva ? MAP_PRIVATE : MAP_SHARED | MAP_HUGETLB),
			-1, 0);

	madvise(pages, HUGE_SIZE, MADV_DONTFORK);
	return pages;
}

static void
client_loop(void *memory, bool tells)
{
	struct uacce_qp_ctx ctx;
	void *dus, *mmio, *pages;
	int fd;

	for (;;) {
		unsigned int at = 0;

		begin(tells, at++);
		ctx.qc_type = 0;
		fd = queue_open_wait(daemon_.name);
		begin(tells, at++);
		queue_call(fd, UACCE_IOC_QP_CTX, &ctx);
		if (tells)
			atomic_store(&shared->qn, ctx.id);
		begin(tells, at++);
		dus = queue_map(fd, UACCE_REGION_DUS, daemon_.dus_size);
		mmio = queue_map(fd, UACCE_REGION_MMIO, daemon_.mmio_size);
		begin(tells, at++);
		pages = memory_map(memory);
		begin(tells, at++);
		mem_register(fd, pages, HUGE_SIZE); /* with SVA it is refused */
		begin(tells, at++);
		queue_call(fd, UACCE_IOC_START_Q, NULL);
		begin(tells, at++);
		usleep(500); /* the parent has the device write there */
		begin(tells, at++);
		queue_call(fd, UACCE_IOC_PUT_Q, NULL);
		begin(tells, at++);
		mem_unregister(fd, pages, HUGE_SIZE);
		munmap(pages, HUGE_SIZE);
		begin(tells, at++);
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

static bool
client_waits_at(unsigned int stage, pid_t pid)
{
	const int64_t start = now_ms();

	while (atomic_load(&shared->reached) == 0) {
		if (now_ms() - start > STAGE_MS || waitpid(pid, NULL, WNOHANG) != 0) {
			ktap_diag("a client did not come to %s", stages[stage]);
			return false;
		}
		sched_yield();
	}
	return true;
}

static unsigned int died_at[NB_STAGES], nb_accesses;

/*
 * Killed where it waits at the begin of the stage, or some time after it went on. At
 * ACCESS the device is told to write to it first, and may be about it.
 */
static bool
kill_one(unsigned int stage, unsigned int nb_threads, bool waiting)
{
	const struct emu_request request = { (uintptr_t)MEMORY +
				(uintptr_t)rand() % (HUGE_SIZE / 2),
		64 << 10, 0, true, 0x77, false };
	struct emu_request sent;
	int status, reply = -1;
	pid_t pid;

	atomic_store(&shared->target, stage);
	atomic_store(&shared->reached, 0);
	atomic_store(&shared->go, 0);
	pid = fork();
	if (pid == 0)
		client_run(nb_threads);
	if (pid < 0 || !client_waits_at(stage, pid)) {
		kill(pid, SIGKILL);
		return false;
	}
	if (!waiting) {
		atomic_store(&shared->go, 1);
		usleep((unsigned int)rand() % MAX_RUN_US);
	}
	sent = request;
	sent.qn = (uint16_t)atomic_load(&shared->qn);
	if (stage == ACCESS && write(daemon_.requests[1], &sent, sizeof(sent)) != sizeof(sent))
		return false;
	if (stage == ACCESS)
		usleep((unsigned int)rand() % 300);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return false;
	died_at[atomic_load(&shared->stage) % NB_STAGES]++;
	if (stage == ACCESS && read(daemon_.replies[0], &reply, sizeof(reply)) != sizeof(reply))
		return false;
	nb_accesses += reply == 0;
	return true;
}

static void
test_kills(unsigned int kills_a_stage)
{
	const long pinned = pins_now(), huge_free = huge_free_now();
	const unsigned int seed = (unsigned int)time(NULL);
	const char *kind = sva ? "SVA" : "registered";

	srand(seed);
	ktap_diag("seed %u", seed);
	nb_accesses = 0;
	fflush(stdout);
	for (unsigned int stage = 0; stage < NB_STAGES; stage++) {
		const int64_t end = now_ms() + KILLS_MS;
		unsigned int nb = 0;
		bool good = true;

		memset(died_at, 0, sizeof(died_at));
		while (nb < kills_a_stage && (nb < LEAST_KILLS || now_ms() < end)) {
			good = kill_one(stage, nb / 2 % 2 == 0 ? 1 : NB_THREADS, nb % 2 == 0);
			if (!good)
				break;
			nb++;
		}
		if (good && nb < kills_a_stage)
			ktap_left_out("%s: %u of %u kills at %s", kind, kills_a_stage - nb,
					kills_a_stage, stages[stage]);
		ktap_test(good && died_at[stage] >= nb / 2,
				"%s: %u clients killed at %s or soon after, %u before the next stage",
				kind, nb, stages[stage], died_at[stage]);
		fflush(stdout);
	}
	ktap_test(nb_accesses > 0, "%s: the device wrote %u times meanwhile", kind, nb_accesses);
	ktap_test(queue_available_wait(daemon_.name, NB_QUEUES), "%s: all queues are back: %d",
			kind, queue_available(daemon_.name));
	for (unsigned int i = 0; i < 500 && (pins_now() != pinned || huge_free_now() != huge_free);
			i++)
		usleep(10000);
	ktap_test(pins_now() == pinned, "%s: pins are balanced", kind);
	ktap_test(huge_free_now() == huge_free, "%s: hugepages are back", kind);
	ktap_test(kill(daemon_.pid, 0) == 0 && waitpid(daemon_.pid, NULL, WNOHANG) == 0,
			"%s: the daemon is alive", kind);
}

static void
test_afterwards(void)
{
	uint8_t *page = huge_alloc(1);
	struct emu_queue q;
	int rc;

	rc = emu_queue_start(&daemon_, &q);
	ktap_test(rc == 0 && page != NULL &&
					mem_register(q.fd, page, HUGE_SIZE) == (sva ? -ENOTTY : 0),
			"a new client: %d", rc);
	ktap_test(emu_write(&daemon_, q.qn, page, 4096, 0x42) == 0 && page[0] == 0x42 &&
					page[4095] == 0x42 &&
					emu_read(&daemon_, q.qn, page, 4096, 0x42) == 0,
			"the device reaches its memory");
	emu_queue_close(&daemon_, &q);
	munmap(page, HUGE_SIZE);
}

static void
test_emu(bool with_sva)
{
	int rc;

	sva = with_sva;
	rc = emu_daemon_start(&daemon_, NAME, sva ? UACCE_FLAG_SVA : 0, NB_QUEUES);
	if (!ktap_test(rc == 0, "daemon: %d", rc))
		return;
	test_kills(sva ? KILLS_A_STAGE_SVA : KILLS_A_STAGE);
	test_afterwards();
	emu_daemon_kill(&daemon_);
}

/* --- a device that does DMA, which takes 100 ms to begin --- */

#define NB_EDU_KILLS 40
#define EDU_KILLS_MS 60000
#define MAX_EDU_US 150000

/* The file is one hugepage, which the parent sees, too. */
static void
edu_client_run(const char *name, int file)
{
	struct edu edu;
	uint8_t *page;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	madvise(page, HUGE_SIZE, MADV_DONTFORK);
	if (edu_open(&edu, name) != 0 || mem_register(edu.fd, page, HUGE_SIZE) != 0 ||
			!edu_fill(&edu, page, 0xee))
		_exit(1);
	memset(page, 0x11, EDU_LEN);
	edu_dma_begin(&edu, EDU_DMA_BUFFER, (uintptr_t)page, EDU_DMA_TO_MEMORY);
	atomic_store(&shared->reached, 1);
	pause();
}

/* Whether nothing is written once the queue is back; *late: the transfer was over before. */
static bool
edu_kill_one(const char *name, int file, uint8_t *page, bool *late)
{
	const int64_t start = now_ms();
	pid_t pid;
	int status;

	atomic_store(&shared->reached, 0);
	pid = fork();
	if (pid == 0)
		edu_client_run(name, file);
	while (atomic_load(&shared->reached) == 0 && now_ms() - start < STAGE_MS)
		sched_yield();
	usleep((unsigned int)rand() % MAX_EDU_US);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) ||
			!queue_available_wait(name, 1))
		return false;
	*late = all_bytes(page, 0xee);
	if (!*late && !all_bytes(page, 0x11))
		return false;
	memset(page, 0x22, EDU_LEN);
	usleep(200000);
	return all_bytes(page, 0x22);
}

static void
test_edu(void)
{
	const char *name = device_find("wd_edu-", WD_MEMORY_REGISTERED);
	const int file = (int)syscall(SYS_memfd_create, "wd-kill", MFD_CLOEXEC | MFD_HUGETLB);
	const long pinned = pins_now();
	unsigned int nb = 0, nb_late = 0;
	bool good = true, late = false;
	long huge_free;
	int64_t end;
	uint8_t *page;

	if (!ktap_test(name != NULL && ftruncate(file, HUGE_SIZE) == 0, "a device"))
		return;
	page = mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (!ktap_test(page != MAP_FAILED, "a hugepage"))
		return;
	memset(page, 0, HUGE_SIZE);
	huge_free = huge_free_now();
	fflush(stdout);
	end = now_ms() + EDU_KILLS_MS;
	for (; good && nb < NB_EDU_KILLS && (nb < LEAST_KILLS || now_ms() < end); nb++) {
		good = edu_kill_one(name, file, page, &late);
		nb_late += late;
	}
	if (good && nb < NB_EDU_KILLS)
		ktap_left_out("%u of %u kills", NB_EDU_KILLS - nb, NB_EDU_KILLS);
	ktap_test(good, "%u clients killed during a transfer: nothing is written after their end",
			nb);
	ktap_test(nb_late < nb, "%u of them before the device moved a byte", nb - nb_late);
	ktap_test(pins_now() == pinned, "pins are balanced");
	ktap_test(huge_free_now() == huge_free, "hugepages are back");
	munmap(page, HUGE_SIZE);
	close(file);
}

int
main(int argc, char **argv)
{
	ktap_start(0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			0);
	if (argc > 1 && strcmp(argv[1], "edu") == 0) {
		test_edu();
		return ktap_finish();
	}
	test_emu(false);
	test_emu(true);
	return ktap_finish();
}
