/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Each allocation, and each copy from or to user memory, that a call of the modules
 * makes fails once: the call then fails as documented, leaves nothing behind, and works
 * when it is made again.
 *
 * usage: test_failnth [edu|physical]
 */

#include "edu.h"
#include "emu.h"
#include "failnth.h"
#include "fault.h"

#define NAME "wd_failnth"
#define NB_QUEUES 2
#define CALL_SECONDS 20 /* for the faults of one call; on a slow machine fewer */
#define NB_PAGES 3

/* What the calls below work with. */
static struct {
	const char *device;
	size_t size[2]; /* of the regions */
	int nb_queues;
	int fd; /* one of them */
	bool edu;
	bool physical;
	uint8_t *pages; /* not touched yet, when they are registered */
	uint64_t addrs[NB_PAGES];
} t;

/* --- a client's calls --- */

static int
call_open(void *arg)
{
	(void)arg;
	return queue_open(t.device);
}

static void
undo_open(void *arg, int fd)
{
	(void)arg;
	close(fd);
	queue_available_wait(t.device, t.nb_queues);
}

static int
call_qp_ctx(void *arg)
{
	struct uacce_qp_ctx ctx = { .qc_type = 0 };

	(void)arg;
	return queue_call(t.fd, UACCE_IOC_QP_CTX, &ctx);
}

static int
call_qp_info(void *arg)
{
	struct uacce_qp_info info;

	(void)arg;
	return queue_call(t.fd, UACCE_IOC_QP_INFO, &info);
}

static int
call_info(void *arg)
{
	struct wd_info info = { .size = sizeof(info) };

	(void)arg;
	return queue_call(t.fd, WD_IOC_INFO, &info);
}

static void *mapped;

static int
call_mmap(void *arg)
{
	const unsigned int region = *(const unsigned int *)arg;

	mapped = queue_map(t.fd, region, t.size[region]);
	return mapped == NULL ? -errno : 0;
}

static void
undo_mmap(void *arg, int rc)
{
	(void)rc;
	munmap(mapped, t.size[*(const unsigned int *)arg]);
}

/* Registers are mapped when they are touched; the kernel tries again when that fails. */
static int
call_touch(void *arg)
{
	(void)arg;
	return fault_touch(mapped, false, NULL) == 0 ? 0 : -EFAULT;
}

static bool
before_touch(void *arg)
{
	return call_mmap(arg) == 0;
}

static void
after_touch(void *arg)
{
	undo_mmap(arg, 0);
}

static int
call_start(void *arg)
{
	(void)arg;
	return queue_call(t.fd, UACCE_IOC_START_Q, NULL);
}

static void
undo_start(void *arg, int rc)
{
	(void)arg;
	(void)rc;
	queue_call(t.fd, UACCE_IOC_PUT_Q, NULL);
}

static bool
before_stop(void *arg)
{
	return call_start(arg) == 0;
}

static int
call_stop(void *arg)
{
	(void)arg;
	return queue_call(t.fd, UACCE_IOC_PUT_Q, NULL);
}

static bool
before_register(void *arg)
{
	(void)arg;
	t.pages = mmap(NULL, NB_PAGES * HUGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	return t.pages != MAP_FAILED && madvise(t.pages, NB_PAGES * HUGE_SIZE, MADV_DONTFORK) == 0;
}

/* The same with pages that are there already. */
static bool
before_register_touched(void *arg)
{
	if (!before_register(arg))
		return false;
	memset(t.pages, 1, NB_PAGES * HUGE_SIZE);
	return true;
}

static int
call_register(void *arg)
{
	struct wd_mem mem = {
		.size = sizeof(mem),
		.va = (uintptr_t)t.pages,
		.len = NB_PAGES * HUGE_SIZE,
		.dev_addrs = t.physical ? (uintptr_t)t.addrs : 0,
		.nb_dev_addrs = t.physical ? NB_PAGES : 0,
	};

	(void)arg;
	return queue_call(t.fd, WD_IOC_MEM_REGISTER, &mem);
}

static int
call_unregister(void *arg)
{
	(void)arg;
	return mem_unregister(t.fd, t.pages, NB_PAGES * HUGE_SIZE);
}

static void
undo_register(void *arg, int rc)
{
	(void)rc;
	call_unregister(arg);
}

static bool
before_unregister(void *arg)
{
	return before_register_touched(arg) && call_register(arg) == 0;
}

static void
after_register(void *arg)
{
	(void)arg;
	munmap(t.pages, NB_PAGES * HUGE_SIZE);
}

static int
call_attribute(void *arg)
{
	char path[PATH_MAX], text[64];
	int fd, rc;

	snprintf(path, sizeof(path), "/sys/class/uacce/%s/%s", t.device, (const char *)arg);
	fd = result(open(path, O_RDONLY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	rc = result((int)read(fd, text, sizeof(text)));
	close(fd);
	return rc;
}

static void
test_client(void)
{
	unsigned int region;
	int rc;

	failnth_run(&(struct failnth_op){ .name = "open()",
				    .call = call_open,
				    .undo = undo_open,
				    .device = t.device },
			NULL, CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "available_instances", .call = call_attribute },
			"available_instances", CALL_SECONDS);
	rc = queue_open(t.device);
	if (!ktap_test(rc >= 0, "a queue: %d", rc))
		return;
	t.fd = rc;
	failnth_run(&(struct failnth_op){ .name = "QP_CTX", .call = call_qp_ctx }, NULL,
			CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "QP_INFO", .call = call_qp_info }, NULL,
			CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "INFO", .call = call_info }, NULL, CALL_SECONDS);
	for (region = 0; region < 2; region++)
		failnth_run(&(struct failnth_op){ .name = region == UACCE_REGION_MMIO ?
							    "mmap() of MMIO" :
							    "mmap() of DUS",
					    .call = call_mmap,
					    .undo = undo_mmap },
				&region, CALL_SECONDS);
	region = UACCE_REGION_MMIO;
	if (t.edu)
		failnth_run(&(struct failnth_op){ .name = "a register touched",
					    .before = before_touch,
					    .call = call_touch,
					    .after = after_touch },
				&region, CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "START_Q",
				    .call = call_start,
				    .undo = undo_start,
				    .device = t.device },
			NULL, CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "PUT_Q",
				    .before = before_stop,
				    .call = call_stop,
				    .device = t.device },
			NULL, CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "MEM_REGISTER",
				    .before = before_register_touched,
				    .call = call_register,
				    .undo = undo_register,
				    .after = after_register,
				    .device = t.device },
			NULL, CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "MEM_REGISTER, pages not there yet",
				    .before = before_register,
				    .call = call_register,
				    .undo = undo_register,
				    .after = after_register,
				    .device = t.device,
				    .touches = true },
			NULL, CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "MEM_UNREGISTER",
				    .before = before_unregister,
				    .call = call_unregister,
				    .after = after_register,
				    .device = t.device },
			NULL, CALL_SECONDS);
	close(t.fd);
	ktap_test(queue_available_wait(t.device, t.nb_queues), "the queue is back");
}

/* --- a daemon's calls; this process is the daemon --- */

static struct {
	struct emu_daemon d;
	int fd;
	struct wd_emu_attach attach;
	unsigned int nb_devices;
	pid_t client;
	int client_end; /* a pipe: the client ends when it is closed */
	uint8_t *client_va; /* of NB_CLIENT_PAGES, of which the first one is there */
	unsigned int client_page;
	struct wd_emu_access access;
	uint8_t buf[4096];
} emu;

#define NB_CLIENT_PAGES 4096

static int
call_open_node(void *arg)
{
	(void)arg;
	return result(open(WD_EMU_NODE, O_RDWR | O_CLOEXEC));
}

static void
undo_open_node(void *arg, int fd)
{
	(void)arg;
	close(fd);
}

/* A device that is new each time; they stay until the module goes. */
static bool
before_attach(void *arg)
{
	char name[WD_EMU_NAME_LEN];

	(void)arg;
	snprintf(name, sizeof(name), NAME "%u_", emu.nb_devices++);
	emu.attach = emu_attach_conf(&emu.d, name, 0, 1);
	emu.fd = call_open_node(NULL);
	return emu.fd >= 0;
}

static int
call_attach(void *arg)
{
	(void)arg;
	return result(ioctl(emu.fd, WD_EMU_IOC_ATTACH, &emu.attach));
}

static void
after_attach(void *arg)
{
	(void)arg;
	close(emu.fd);
}

/* The other process, with one queue that runs. */
static void
client_run(int end, int ready, bool sva)
{
	uint8_t *va = mmap(NULL, NB_CLIENT_PAGES * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct emu_queue q;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!sva)
		va = huge_alloc(1);
	if (va == NULL || va == MAP_FAILED || emu_queue_start(&emu.d, &q) != 0)
		_exit(1);
	va[0] = 1;
	if (mem_register(q.fd, va, HUGE_SIZE) != (sva ? -ENOTTY : 0) ||
			write(ready, &va, sizeof(va)) != sizeof(va))
		_exit(2);
	_exit(read(end, &byte, 1) == 0 ? 0 : 3);
}

static bool
client_start(bool sva)
{
	int end[2], ready[2];
	bool good;

	if (pipe2(end, O_CLOEXEC) != 0 || pipe2(ready, O_CLOEXEC) != 0)
		return false;
	fflush(stdout);
	emu.client = fork();
	if (emu.client == 0) {
		close(end[1]);
		close(emu.fd);
		client_run(end[0], ready[1], sva);
	}
	close(end[0]);
	close(ready[1]);
	emu.client_end = end[1];
	emu_daemon_event(emu.fd); /* START: waits for it */
	good = read(ready[0], &emu.client_va, sizeof(emu.client_va)) == sizeof(emu.client_va);
	close(ready[0]);
	return good;
}

static bool
client_ends(void)
{
	int status;

	close(emu.client_end);
	emu_daemon_event(emu.fd); /* STOP */
	return waitpid(emu.client, &status, 0) == emu.client && WIFEXITED(status) &&
			WEXITSTATUS(status) == 0;
}

static int
call_access(void *arg)
{
	const unsigned int write = *(const unsigned int *)arg;

	emu.access = (struct wd_emu_access){
		.size = sizeof(emu.access),
		.write = (uint16_t)write,
		.addr = (uintptr_t)emu.client_va + emu.client_page * PAGE,
		.buf = (uintptr_t)emu.buf,
		.len = sizeof(emu.buf),
	};
	return result(ioctl(emu.fd, WD_EMU_IOC_ACCESS, &emu.access));
}

static bool
before_fault(void *arg)
{
	(void)arg;
	return ++emu.client_page < NB_CLIENT_PAGES;
}

static int
call_notify(void *arg)
{
	struct wd_emu_notify notify = { .size = sizeof(notify) };

	(void)arg;
	return result(ioctl(emu.fd, WD_EMU_IOC_NOTIFY, &notify));
}

static int
call_daemon_mmap(void *arg)
{
	(void)arg;
	mapped = mmap(NULL, emu.d.dus_size, PROT_READ | PROT_WRITE, MAP_SHARED, emu.fd,
			(off_t)WD_EMU_MMAP_OFFSET(0, UACCE_REGION_DUS));
	return mapped == MAP_FAILED ? -errno : 0;
}

static void
undo_daemon_mmap(void *arg, int rc)
{
	(void)arg;
	(void)rc;
	munmap(mapped, emu.d.dus_size);
}

static void
test_serving(bool sva)
{
	const char *kind = sva ? "SVA" : "registered";
	unsigned int write;
	char name[64];

	emu.fd = emu_attach(&emu.d, sva ? NAME "_v" : NAME "_r", sva ? UACCE_FLAG_SVA : 0, 1);
	if (!ktap_test(emu.fd >= 0 && client_start(sva), "%s: a client with a queue", kind))
		return;
	for (write = 0; write < 2; write++) {
		emu.client_page = 0;
		snprintf(name, sizeof(name), "%s: ACCESS, %s", kind, write ? "write" : "read");
		failnth_run(&(struct failnth_op){ .name = name, .call = call_access }, &write,
				CALL_SECONDS);
	}
	for (write = 0; sva && write < 2; write++) {
		snprintf(name, sizeof(name), "%s: ACCESS, %s, a page that is not there", kind,
				write ? "write" : "read");
		failnth_run(&(struct failnth_op){ .name = name,
					    .before = before_fault,
					    .call = call_access },
				&write, CALL_SECONDS);
	}
	snprintf(name, sizeof(name), "%s: NOTIFY", kind);
	failnth_run(&(struct failnth_op){ .name = name, .call = call_notify }, NULL, CALL_SECONDS);
	snprintf(name, sizeof(name), "%s: mmap() of the daemon", kind);
	failnth_run(&(struct failnth_op){ .name = name,
				    .call = call_daemon_mmap,
				    .undo = undo_daemon_mmap },
			NULL, CALL_SECONDS);
	ktap_test(client_ends(), "%s: the client ends", kind);
	close(emu.fd);
}

static void
test_emu(void)
{
	struct emu_daemon d;
	int rc;

	failnth_run(&(struct failnth_op){ .name = "open() of the daemon",
				    .call = call_open_node,
				    .undo = undo_open_node },
			NULL, CALL_SECONDS);
	failnth_run(&(struct failnth_op){ .name = "ATTACH",
				    .before = before_attach,
				    .call = call_attach,
				    .after = after_attach,
				    /* platform_device_add(), of a name that it did not get */
				    .also = EINVAL },
			NULL, CALL_SECONDS);
	test_serving(false);
	test_serving(true);
	rc = emu_daemon_start(&d, NAME, 0, NB_QUEUES);
	if (!ktap_test(rc == 0, "a daemon: %d", rc))
		return;
	t.device = d.name;
	t.size[UACCE_REGION_MMIO] = d.mmio_size;
	t.size[UACCE_REGION_DUS] = d.dus_size;
	t.nb_queues = NB_QUEUES;
	test_client();
	emu_daemon_kill(&d);
}

/* --- a device that does DMA --- */

#define DRIVER "/sys/bus/pci/drivers/wd_edu/"

static char bdf[64]; /* of the PCI device */

static int
call_bind(void *arg)
{
	(void)arg;
	return file_write(DRIVER "bind", bdf);
}

static void
undo_bind(void *arg, int rc)
{
	(void)arg;
	(void)rc;
	file_write(DRIVER "unbind", bdf);
}

/*
 * While no driver has the device. Then a probe does not enable it, and has no interpreter
 * of ACPI look for its interrupt: one whose allocations fail uses memory that it has freed.
 */
static bool
device_enabled(bool on)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", bdf);
	return file_write(path, on ? "1" : "0") >= 0;
}

static void
test_edu(const char *memory)
{
	const char *name = device_find("wd_edu-", memory);
	uint8_t *page = huge_alloc(1);
	struct edu edu;

	if (!ktap_test(name != NULL && page != NULL && edu_bdf(name, bdf, sizeof(bdf)), "a device"))
		return;
	t.physical = strcmp(memory, WD_MEMORY_PHYSICAL) == 0;
	t.edu = true;
	t.device = name;
	t.size[0] = t.size[1] = PAGE;
	t.nb_queues = 1;
	test_client();
	undo_bind(NULL, 0);
	ktap_test(device_enabled(true), "enabled, without a driver");
	failnth_run(&(struct failnth_op){ .name = "bind",
				    .call = call_bind,
				    .undo = undo_bind,
				    /* pci_request_region(), which does not tell why */
				    .also = EBUSY },
			NULL, CALL_SECONDS);
	ktap_test(device_enabled(false) && call_bind(NULL) == 0, "bound again");
	name = device_find("wd_edu-", memory);
	if (!ktap_test(name != NULL, "a device") || t.physical)
		return;
	ktap_test(edu_open(&edu, name) == 0 && mem_register(edu.fd, page, HUGE_SIZE) == 0 &&
					edu_fill(&edu, page, 0xc3) &&
					edu_dma_out(&edu, (uintptr_t)page + EDU_LEN) &&
					all_bytes(page + EDU_LEN, 0xc3),
			"which works");
	edu_close(&edu);
	ktap_test(queue_available_wait(name, 1), "its queue is back");
	munmap(page, HUGE_SIZE);
}

int
main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "emu";

	if (!failnth_start())
		return ktap_skip_all("this kernel injects no faults; devtools/kernel-debug.sh "
				     "builds one that does");
	ktap_start(0);
	if (strcmp(kind, "edu") == 0) {
		test_edu(WD_MEMORY_REGISTERED);
	} else if (strcmp(kind, "physical") == 0) {
		if (ktap_test(modules_reload("unsafe_physical=1"), "modules loaded anew"))
			test_edu(WD_MEMORY_PHYSICAL);
		ktap_test(modules_reload(""), "modules loaded as before");
	} else {
		test_emu();
	}
	return ktap_finish();
}
