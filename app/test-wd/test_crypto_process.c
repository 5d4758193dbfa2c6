/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Other processes: a secondary one on the primary's device, and ones without hugepages. */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"
#include "wdt_log.h"
#include "wdt_process.h"

#define LEN 64U
#define NB 200
#define COMMON "--no-pci --no-telemetry --log-level lib.eal:5 "
/* Beyond the shadow memory of sanitizers, so that both processes can have it. */
#define SHARED COMMON "-l 0 --base-virtaddr 0x200000000000 --file-prefix wd_test_%d"

/* Names that wdt_crypto_open() gives to the first device of a process. */
#define DEVICE "crypto_wd0"

static int
exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- secondary process ---- */

static int
attach(struct wdt_crypto *c)
{
	const int id = rte_cryptodev_get_dev_id(DEVICE);

	memset(c, 0, sizeof(*c));
	WDT_CHECK(id >= 0);
	c->id = (uint8_t)id;
	c->sessions = rte_mempool_lookup("wdt_sess_1");
	c->ops = rte_mempool_lookup("wdt_op_1");
	c->mbufs = rte_mempool_lookup("wdt_mbuf_1");
	WDT_CHECK(c->sessions != NULL && c->ops != NULL && c->mbufs != NULL);
	return WDT_PASS;
}

/* Ops of all classes on one queue pair. */
static int
use(struct wdt_crypto *c, uint16_t qp)
{
	struct rte_crypto_op *ops[NB], *got[NB];

	for (unsigned int class = 0; class < WDT_NB_CLASSES; class ++) {
		void *session = wdt_session(c, (enum wdt_class) class);

		WDT_CHECK(session != NULL);
		WDT_CHECK_EQ(wdt_ops(c, (enum wdt_class) class, session, LEN, ops, NB), 0);
		WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, qp, ops, NB), NB);
		WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, qp, got, NB, WDT_WAIT_MS), NB);
		for (unsigned int i = 0; i < NB; i++) {
			WDT_CHECK(got[i] == ops[i]);
			WDT_CHECK(wdt_op_right(got[i], (enum wdt_class) class, LEN));
		}
		wdt_ops_free(ops, NB);
		WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	}
	return WDT_PASS;
}

static int
secondary(void)
{
	struct wdt_crypto c;
	struct wdt_flow flow = { .c = &c, .qp = 1, .nb_ops = 20000, .max_burst = 64, .seed = 1 };
	const char *log;
	int rc;

	WDT_CHECK_EQ(rte_eal_process_type(), RTE_PROC_SECONDARY);
	WDT_CHECK_EQ(attach(&c), WDT_PASS);
	WDT_CHECK_EQ(use(&c, 1), WDT_PASS);
	flow.session = wdt_session(&c, WDT_CIPHER);
	WDT_CHECK(flow.session != NULL);
	WDT_CHECK_EQ(wdt_flow_run(&flow), WDT_PASS);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c.id, flow.session), 0);
	WDT_CHECK_EQ(wdt_log_capture(), 0);
	rc = wdt_crypto_qp_setup(&c, 0, 64);
	log = wdt_log_release();
	printf("# %s", log);
	WDT_CHECK(rc < 0);
	return WDT_PASS;
}

/* Stopped by the primary, so that cryptodev lets the call through to the driver. */
static int
secondary_setup(void)
{
	struct wdt_crypto c;
	const char *log;
	int rc;

	WDT_CHECK_EQ(attach(&c), WDT_PASS);
	WDT_CHECK_EQ(wdt_log_capture(), 0);
	rc = wdt_crypto_qp_setup(&c, 0, 64);
	log = wdt_log_release();
	WDT_CHECK_EQ(rc, -ENOTSUP);
	WDT_CHECK(strstr(log, "set up by the primary process") != NULL);
	return WDT_PASS;
}

static int
run_secondary(const char *role, const char *test)
{
	char options[256];

	snprintf(options, sizeof(options), SHARED " --proc-type=secondary", (int)getppid());
	return exit_status(wdt_process_run(options, role, test));
}

/* The primary: uses queue pair 0 before and after the secondary has used number 1. */
static int
primary(struct wdt_crypto *c)
{
	WDT_CHECK_EQ(use(c, 0), WDT_PASS);
	WDT_CHECK_EQ(run_secondary("secondary", "crypto_process_secondary_uses"), WDT_PASS);
	WDT_CHECK_EQ(use(c, 0), WDT_PASS);
	WDT_CHECK_EQ(use(c, 1), WDT_PASS);
	rte_cryptodev_stop(c->id);
	WDT_CHECK_EQ(run_secondary("secondary_setup", "crypto_process_secondary_uses"), WDT_PASS);
	WDT_CHECK_EQ(rte_cryptodev_start(c->id), 0);
	return use(c, 0);
}

static int
run_primary(const char *test)
{
	char options[256];

	snprintf(options, sizeof(options), SHARED, (int)getpid());
	return exit_status(wdt_process_run(options, "primary", test));
}

WDT_TEST(crypto_process_secondary_uses_queue_pairs_of_the_primary)
{
	if (wdt_role_is("primary"))
		return wdt_with_device("", 2, 256, primary);
	if (wdt_role_is("secondary"))
		return secondary();
	if (wdt_role_is("secondary_setup"))
		return secondary_setup();
	WDT_CHECK_EQ(run_primary("crypto_process_secondary_uses"), WDT_PASS);
	return WDT_PASS;
}

/* With SVA descriptors would have addresses of the wrong process. */
static int
secondary_sva(void)
{
	WDT_CHECK_EQ(rte_eal_process_type(), RTE_PROC_SECONDARY);
	WDT_CHECK(rte_cryptodev_get_dev_id(DEVICE) < 0);
	return WDT_PASS;
}

static int
primary_sva(struct wdt_crypto *c)
{
	WDT_CHECK_EQ(use(c, 0), WDT_PASS);
	WDT_CHECK_EQ(run_secondary("secondary_sva", "crypto_process_secondary_with_sva"), WDT_PASS);
	WDT_CHECK(strstr(wdt_process_output(), "a secondary process cannot use it") != NULL);
	return use(c, 0);
}

WDT_TEST(crypto_process_secondary_with_sva_is_refused)
{
	if (wdt_role_is("primary"))
		return wdt_with_device("sva=1", 1, 256, primary_sva);
	if (wdt_role_is("secondary_sva"))
		return secondary_sva();
	WDT_CHECK_EQ(run_primary("crypto_process_secondary_with_sva"), WDT_PASS);
	return WDT_PASS;
}

/* ---- no hugepages ---- */

static int
no_huge(void)
{
	const char *log;
	int rc;

	WDT_CHECK(!rte_eal_has_hugepages());
	WDT_CHECK_EQ(wdt_log_capture(), 0);
	rc = rte_vdev_init("crypto_wd_no_huge", "dev=sim");
	log = wdt_log_release();
	WDT_CHECK(rc < 0);
	WDT_CHECK(strstr(log, "--no-huge") != NULL && strstr(log, "sva=1") != NULL);
	WDT_CHECK(rte_cryptodev_get_dev_id("crypto_wd_no_huge") < 0);
	return WDT_PASS;
}

static int
use_first(struct wdt_crypto *c)
{
	return use(c, 0);
}

WDT_TEST(crypto_process_without_hugepages_is_refused_unless_sva)
{
	if (wdt_role_is("no_huge")) {
		WDT_CHECK_EQ(no_huge(), WDT_PASS);
		return wdt_with_device("sva=1", 1, 256, use_first);
	}
	WDT_CHECK_EQ(exit_status(wdt_process_run(COMMON "-l 0 --no-huge -m 256", "no_huge",
				     "crypto_process_without_hugepages")),
			WDT_PASS);
	return WDT_PASS;
}

/* EAL's legacy memory leaves the address of a hugepage to the kernel. */
static bool
hugepage_goes_anywhere(void)
{
	const size_t len = 2 << 20;
	void *va = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (va == MAP_FAILED)
		return errno != EINVAL;
	munmap(va, len);
	return true;
}

/* Memory all there from the start; no events that it comes or goes. */
WDT_TEST(crypto_process_with_legacy_memory_works)
{
	if (wdt_role_is("legacy"))
		return wdt_with_device("", 1, 256, use_first);
	if (!hugepage_goes_anywhere())
		WDT_SKIP("no address for a hugepage unless asked for one, as in user-mode emulation");
	WDT_CHECK_EQ(exit_status(wdt_process_run(COMMON "-l 0 --legacy-mem --huge-unlink -m 128",
				     "legacy", "crypto_process_with_legacy")),
			WDT_PASS);
	return WDT_PASS;
}

/* Addresses for the device that are those of the process, and ones that are not. */
WDT_TEST(crypto_process_with_both_kinds_of_iova_works)
{
	if (wdt_role_is("iova"))
		return wdt_with_device("", 1, 256, use_first);
	WDT_CHECK_EQ(exit_status(wdt_process_run(COMMON "-l 0 --in-memory --iova-mode va", "iova",
				     "crypto_process_with_both")),
			WDT_PASS);
	if (geteuid() != 0)
		return WDT_PASS; /* physical addresses are root's */
	WDT_CHECK_EQ(exit_status(wdt_process_run(COMMON "-l 0 --in-memory --iova-mode pa", "iova",
				     "crypto_process_with_both")),
			WDT_PASS);
	return WDT_PASS;
}

/* One page in one file, and so another layout of what is contiguous. */
WDT_TEST(crypto_process_with_single_file_segments_works)
{
	if (wdt_role_is("single"))
		return wdt_with_device("", 1, 256, use_first);
	WDT_CHECK_EQ(exit_status(wdt_process_run(COMMON "-l 0 --in-memory --single-file-segments",
				     "single", "crypto_process_with_single")),
			WDT_PASS);
	return WDT_PASS;
}
