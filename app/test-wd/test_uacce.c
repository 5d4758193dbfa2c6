/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * The uacce transport against a sysfs tree in a temporary folder, and a kernel
 * played by fake_open() and its like: what wd_uacce.c calls is renamed below. A
 * queue's regions are memfds, so that a test sees what reaches "the device".
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_kvargs.h>
#include <rte_log.h>
#include <rte_string_fns.h>

#include "hisi_qm.h"
#include "uacce_abi.h"
#include "wd_abi.h"
#include "wd_log.h"
#include "wd_transport.h"
#include "wdt.h"

#define MAX_FDS 1024
/* whole pages of 4 KiB and of 64 KiB */
#define MMIO_SIZE 65536
#define DUS_SIZE 262144 /* more than 128 x 1024, 16 x 1024 and the status words */
#define SQE_SIZE 128
#define DEPTH 1024
#define MEMFD "wd-fake-region"
#define FAKE_HUGEPAGE (2U << 20)

/* What the transport asks of its library. */
int wd_logtype;
static struct wd_transport *registered;

void
rte_wd_transport_register(struct wd_transport *transport)
{
	registered = transport;
}

void
rte_wd_transport_unregister(struct wd_transport *transport)
{
	if (registered == transport)
		registered = NULL;
}

/* Of the inline data path, which is not what is tested here. */
void
rte_wd_queue_check(struct wd_queue *q __rte_unused, uint64_t cqe_w1 __rte_unused)
{
}

/* The kernel: one entry a file descriptor of the node. */
enum fake_state {
	FAKE_CLOSED,
	FAKE_INIT,
	FAKE_STARTED,
	FAKE_ZOMBIE,
};

static struct {
	enum fake_state state;
	int mem[2]; /* by region */
	uint16_t qc_type;
} fake_qs[MAX_FDS];

struct fake_range {
	uint64_t va;
	uint64_t len;
};

static struct {
	int open_errno;
	int access_errno;
	int ctx_errno;
	int info_errno;
	int start_errno;
	int put_errno;
	int map_errno[2]; /* by region */
	int anon_errno;
	bool put_releases; /* as kernels up to about 6.1 do */
	enum rte_proc_type_t process;
	unsigned int nb_queues;
	struct uacce_fake_info {
		uint32_t sqe_size;
		uint16_t sq_depth;
		uint16_t cq_depth;
	} info;
	uint16_t qn; /* of the next queue */
	size_t dus_size;
	/* wd.ko */
	bool is_wd;
	uint32_t sq_db_offset;
	uint32_t cq_db_offset;
	int register_errno;
	int unregister_errno;
	uint64_t phys; /* of whatever is registered */
	uint64_t phys_anew; /* of what is registered next, unless 0 */
	struct fake_range ranges[8];
	unsigned int nb_ranges;
	unsigned int nb_registered; /* calls */
	unsigned int nb_unregistered;
	/* seen */
	int last_fd;
	unsigned int nb_open;
	unsigned int nb_opened;
	unsigned int nb_put;
} fake;

/* of the kernel; what runs here has mappings of its own pages behind it */
static size_t fake_page = 4096;

static char root[PATH_MAX / 2]; /* room to append to */
static char node_root[PATH_MAX];
static char class_root[PATH_MAX];
static char *log_text;
static size_t log_len;
static FILE *log_file;

static int
fake_open(const char *path, int flags, ...)
{
	int fd;

	if (strncmp(path, node_root, strlen(node_root)) != 0)
		return open(path, flags);
	if (fake.open_errno != 0 || fake.nb_open >= fake.nb_queues ||
			flags != (O_RDWR | O_CLOEXEC)) {
		errno = fake.open_errno != 0 ? fake.open_errno : EBUSY;
		return -1;
	}
	fd = open(path, flags);
	if (fd < 0 || fd >= MAX_FDS)
		abort();
	fake_qs[fd].state = FAKE_INIT;
	for (unsigned int i = 0; i < 2; i++) {
		fake_qs[fd].mem[i] = memfd_create(MEMFD, MFD_CLOEXEC);
		if (ftruncate(fake_qs[fd].mem[i], i == 0 ? MMIO_SIZE : (off_t)fake.dus_size) != 0)
			abort();
	}
	fake.last_fd = fd;
	fake.nb_open++;
	fake.nb_opened++;
	return fd;
}

static int
fake_close(int fd)
{
	if (fd >= 0 && fd < MAX_FDS && fake_qs[fd].state != FAKE_CLOSED) {
		fake_qs[fd].state = FAKE_CLOSED;
		close(fake_qs[fd].mem[0]);
		close(fake_qs[fd].mem[1]);
		fake.nb_open--;
	}
	return close(fd);
}

static int
fail(int err)
{
	errno = err;
	return -1;
}

static int
fake_qm_ioctl(int fd, unsigned long request, void *arg)
{
	uint16_t *ctx = arg; /* number, type */

	if (request == 0xc004480a) {
		if (fake.ctx_errno != 0)
			return fail(fake.ctx_errno);
		fake_qs[fd].qc_type = ctx[1];
		ctx[0] = fake.qn++;
		return 0;
	}
	if (request == 0xc010480b) {
		if (fake.info_errno != 0)
			return fail(fake.info_errno);
		memset(arg, 0, 16);
		memcpy(arg, &fake.info, sizeof(fake.info));
		return 0;
	}
	return fail(EINVAL);
}

/* wd.ko; what is registered stays so here when the last queue is closed, as it may for a while. */
static int
fake_wd_ioctl(unsigned long request, void *arg)
{
	const struct wd_mem *mem = arg;
	struct wd_info *info = arg;
	unsigned int i;

	if (request == WD_IOC_INFO) {
		info->sq_db_offset = fake.sq_db_offset;
		info->cq_db_offset = fake.cq_db_offset;
		return 0;
	}
	for (i = 0; i < fake.nb_ranges && fake.ranges[i].va != mem->va; i++)
		;
	if (request == WD_IOC_MEM_UNREGISTER) {
		fake.nb_unregistered++;
		if (fake.unregister_errno != 0)
			return fail(fake.unregister_errno);
		if (i == fake.nb_ranges || fake.ranges[i].len != mem->len)
			return fail(ENOENT);
		fake.ranges[i] = fake.ranges[--fake.nb_ranges];
		return 0;
	}
	fake.nb_registered++;
	if (fake.register_errno != 0)
		return fail(fake.register_errno);
	if (i == fake.nb_ranges && fake.phys_anew != 0)
		fake.phys = fake.phys_anew;
	for (size_t page = 0; page < mem->len / FAKE_HUGEPAGE && mem->dev_addrs != 0; page++)
		((uint64_t *)(uintptr_t)mem->dev_addrs)[page] = fake.phys + page * FAKE_HUGEPAGE;
	if (i < fake.nb_ranges)
		return fail(fake.ranges[i].len == mem->len ? EALREADY : EEXIST);
	fake.ranges[fake.nb_ranges++] = (struct fake_range){ mem->va, mem->len };
	return 0;
}

static int
fake_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (fd < 0 || fd >= MAX_FDS || fake_qs[fd].state == FAKE_CLOSED)
		return fail(EBADF);
	if (fake_qs[fd].state == FAKE_ZOMBIE)
		return fail(ENXIO);
	switch (request) {
	case 0x5700:
		if (fake.start_errno != 0 || fake_qs[fd].state != FAKE_INIT)
			return fail(fake.start_errno != 0 ? fake.start_errno : EINVAL);
		fake_qs[fd].state = FAKE_STARTED;
		return 0;
	case 0x5701:
		if (fake.put_errno != 0)
			return fail(fake.put_errno);
		fake_qs[fd].state = fake.put_releases ? FAKE_ZOMBIE : FAKE_INIT;
		fake.nb_put++;
		return 0;
	case WD_IOC_INFO:
	case WD_IOC_MEM_REGISTER:
	case WD_IOC_MEM_UNREGISTER:
		return fake.is_wd ? fake_wd_ioctl(request, arg) : fail(EINVAL);
	default:
		return fake_qm_ioctl(fd, request, arg);
	}
}

static void *
fake_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	const off_t region = offset / (off_t)fake_page;
	int err = 0;

	if (fd < 0) {
		if (fake.anon_errno == 0)
			return mmap(addr, len, prot, flags, fd, offset);
		err = fake.anon_errno;
	} else if (fake_qs[fd].state == FAKE_CLOSED) {
		err = EBADF;
	} else if (fake_qs[fd].state == FAKE_ZOMBIE) {
		err = ENXIO;
	} else if (region > 1 || offset % (off_t)fake_page != 0 || flags != MAP_SHARED ||
			prot != (PROT_READ | PROT_WRITE) ||
			(region == 0 ? len > MMIO_SIZE : len != fake.dus_size)) {
		err = EINVAL;
	} else if (fake.map_errno[region] != 0) {
		err = fake.map_errno[region];
	}
	if (err != 0) {
		errno = err;
		return MAP_FAILED;
	}
	return mmap(addr, len, prot, flags, fake_qs[fd].mem[region], 0);
}

static int
fake_faccessat(int dir, const char *path, int mode, int flags)
{
	if (fake.access_errno != 0)
		return fail(fake.access_errno);
	return faccessat(dir, path, mode, flags);
}

static long
fake_sysconf(int name)
{
	return name == _SC_PAGESIZE ? (long)fake_page : sysconf(name);
}

static enum rte_proc_type_t
fake_process_type(void)
{
	return fake.process;
}

/* calls only: struct wd_transport has members of these names */
#define open(...) fake_open(__VA_ARGS__)
#define close(fd) fake_close(fd)
#define ioctl(...) fake_ioctl(__VA_ARGS__)
#define mmap(...) fake_mmap(__VA_ARGS__)
#define faccessat(...) fake_faccessat(__VA_ARGS__)
#define sysconf(name) fake_sysconf(name)
#define rte_eal_process_type() fake_process_type()
#include "wd_uacce.c"
#include "wd_uacce_mem.c"
#include "wd_uacce_sysfs.c"
#undef open
#undef close
#undef ioctl
#undef mmap
#undef faccessat
#undef sysconf
#undef rte_eal_process_type

static const struct {
	const char *attr;
	const char *text;
} good_attrs[] = {
	{ "flags", "1\n" },
	{ "available_instances", "256\n" },
	{ "region_mmio_size", RTE_STR(MMIO_SIZE) "\n" },
	{ "region_dus_size", RTE_STR(DUS_SIZE) "\n" },
	{ "isolate", "0\n" },
	{ "device/numa_node", "1\n" },
};

static int
rm_one(const char *path, const struct stat *st __rte_unused, int type __rte_unused,
		struct FTW *ftw __rte_unused)
{
	return remove(path);
}

static void
tree_remove(void)
{
	if (root[0] != '\0')
		nftw(root, rm_one, 16, FTW_DEPTH | FTW_PHYS);
	root[0] = '\0';
}

static void
file_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		abort();
	}
}

static void
dir_make(const char *path)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		perror(path);
		abort();
	}
}

/* text NULL: no such attribute */
static void
attr_set(const char *class, const char *name, const char *attr, const char *text)
{
	char path[3 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/%s/%s", class_root, class, name, attr);
	if (text != NULL)
		file_write(path, text);
	else
		unlink(path);
}

static void
dev_make(const char *class, const char *name, const char *api, const char *algorithms)
{
	char path[3 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", class_root, class);
	dir_make(path);
	snprintf(path, sizeof(path), "%s/%s/%s", class_root, class, name);
	dir_make(path);
	snprintf(path, sizeof(path), "%s/%s/%s/device", class_root, class, name);
	dir_make(path);
	attr_set(class, name, "api", api);
	attr_set(class, name, "algorithms", algorithms);
	for (unsigned int i = 0; i < RTE_DIM(good_attrs); i++)
		attr_set(class, name, good_attrs[i].attr, good_attrs[i].text);
	snprintf(path, sizeof(path), "%s/%s", node_root, name);
	file_write(path, "");
}

static void
sec_make(const char *name)
{
	dev_make("uacce", name, "hisi_qm_v3\n", "cipher\ndigest\naead\n");
}

static void
log_reset(void)
{
	if (log_file != NULL) {
		rte_openlog_stream(NULL);
		fclose(log_file);
		free(log_text);
	}
	log_file = open_memstream(&log_text, &log_len);
	rte_openlog_stream(log_file);
}

static bool
log_has(const char *words)
{
	fflush(log_file);
	if (strstr(log_text, words) != NULL)
		return true;
	printf("# not in the log: %s\n# the log: %s\n", words, log_text);
	return false;
}

/* No word of a device; a class that does not exist may be mentioned. */
static bool
log_quiet(void)
{
	fflush(log_file);
	if (strstr(log_text, "device ") == NULL)
		return true;
	printf("# not expected in the log: %s\n", log_text);
	return false;
}

/* An empty machine, and a kernel in which all goes well. */
static void
reset(void)
{
	static bool first = true;

	if (first) {
		wd_logtype = rte_log_register("lib.wd");
		rte_log_set_level(wd_logtype, RTE_LOG_DEBUG);
		atexit(tree_remove);
		first = false;
	}
	tree_remove();
	snprintf(root, sizeof(root), "%s/wd-uacce-XXXXXX",
			getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(root) == NULL) {
		perror(root);
		abort();
	}
	snprintf(class_root, sizeof(class_root), "%s/class", root);
	snprintf(node_root, sizeof(node_root), "%s/dev", root);
	dir_make(class_root);
	dir_make(node_root);
	wd_uacce_class_root = class_root;
	uacce_node_root = node_root;
	memset(&fake, 0, sizeof(fake));
	fake.process = RTE_PROC_PRIMARY;
	fake.nb_queues = 4;
	fake.info.sqe_size = SQE_SIZE;
	fake.info.sq_depth = DEPTH;
	fake.info.cq_depth = DEPTH;
	fake.qn = 5;
	fake.dus_size = DUS_SIZE;
	log_reset();
}

struct found {
	unsigned int nb;
	struct rte_wd_dev_info devs[16];
	int stop; /* returned for the first one */
};

static int
found_cb(const struct rte_wd_dev_info *info, void *arg)
{
	struct found *found = arg;

	if (found->nb == RTE_DIM(found->devs))
		abort();
	found->devs[found->nb++] = *info;
	return found->stop;
}

static unsigned int
scan_nb(void)
{
	struct found found = { .nb = 0 };

	return registered->scan(found_cb, &found) == 0 ? found.nb : 1000;
}

static int
dev_open(struct wd_dev *dev, const char *name, const char *options)
{
	struct rte_kvargs *args = rte_kvargs_parse(options, NULL);
	int rc;

	memset(dev, 0, sizeof(*dev));
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	dev->class = WD_CLASS_SEC;
	dev->transport = registered;
	rc = registered->open(dev, args);
	rte_kvargs_free(args);
	return rc;
}

static unsigned int
nb_fds(void)
{
	unsigned int nb = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (readdir(dir) != NULL)
		nb++;
	closedir(dir);
	return nb;
}

/* Mappings of the device. */
static unsigned int
nb_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned int nb = 0;
	char line[512];

	while (fgets(line, sizeof(line), f) != NULL)
		nb += strstr(line, MEMFD) != NULL;
	fclose(f);
	return nb;
}

/* Mapped ones. Not from statm: in emulation that has those of the emulator. */
static size_t
nb_pages(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	size_t size = 0;

	while (fgets(line, sizeof(line), f) != NULL) {
		uint64_t from, to;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2)
			size += to - from;
	}
	fclose(f);
	return size / (size_t)sysconf(_SC_PAGESIZE);
}

/* A test on a kernel with pages of each size that there is. */
static int
with_page_sizes(int (*test)(void))
{
	static const size_t sizes[] = { 4096, 16384, 65536 };
	int rc = WDT_PASS;

	for (unsigned int i = 0; i < RTE_DIM(sizes) && rc == WDT_PASS; i++) {
		fake_page = sizes[i];
		rc = test();
		if (rc != WDT_PASS)
			printf("# with pages of %zu bytes\n", fake_page);
	}
	fake_page = sizes[0];
	return rc;
}

static const struct wd_queue_conf sec_conf = { .qc_type = HISI_SEC_QC_TYPE, .sqe_size = SQE_SIZE };

/* Open must fail with rc, and leave nothing behind. */
static int
queue_open_fails(struct wd_dev *dev, int rc)
{
	const unsigned int fds = nb_fds(), maps = nb_maps();
	struct wd_queue q = { .qn = 0 };

	log_reset();
	WDT_CHECK_EQ(registered->queue_open(dev, &sec_conf, &q), rc);
	WDT_CHECK_EQ(nb_fds(), fds);
	WDT_CHECK_EQ(nb_maps(), maps);
	WDT_CHECK(q.transport_data == NULL);
	WDT_CHECK(log_has(dev->name));
	return WDT_PASS;
}

/* As rte_wd_queue_open() prepares it. */
static int
queue_open(struct wd_dev *dev, struct wd_queue *q)
{
	int rc;

	memset(q, 0, sizeof(*q));
	q->dev = dev;
	rc = registered->queue_open(dev, &sec_conf, q);
	return rc;
}

static uint64_t
device_word(int fd, unsigned int region, size_t offset)
{
	uint64_t word = 0;

	if (pread(fake_qs[fd].mem[region], &word, sizeof(word), (off_t)offset) != sizeof(word))
		abort();
	return word;
}

static void
device_store(int fd, unsigned int region, size_t offset, const void *data, size_t len)
{
	if (pwrite(fake_qs[fd].mem[region], data, len, (off_t)offset) != (ssize_t)len)
		abort();
}

/* The device completes descriptor idx, on the first pass of the ring. */
static void
device_complete(int fd, uint16_t idx)
{
	const struct hisi_qm_cqe cqe = { .sq_head = rte_cpu_to_le_16(idx),
		.phase = rte_cpu_to_le_16(1) };

	device_store(fd, 1, SQE_SIZE * DEPTH + idx * sizeof(cqe), &cqe, sizeof(cqe));
}

/* What an lcore does to a queue: rings, and counts the completions from that of descriptor idx on. */
static void
ring(volatile uint64_t *db, uint64_t word, uint16_t idx)
{
	*db = rte_cpu_to_le_64(word | (uint64_t)idx << HISI_QM_DB_INDEX_SHIFT);
}

static unsigned int
completions(const struct wd_queue *q, unsigned int idx)
{
	const volatile struct hisi_qm_cqe *cq = (const void *)q->cq;
	unsigned int nb = 0;

	while (nb < q->cq_depth) {
		const unsigned int slot = (idx + nb) % q->cq_depth;
		const unsigned int phase = ((idx + nb) / q->cq_depth + 1) & 1;

		if ((rte_le_to_cpu_16(cq[slot].phase) & HISI_QM_CQE_PHASE) != phase ||
				rte_le_to_cpu_16(cq[slot].sq_head) != (idx + nb) % q->sq_depth)
			break;
		nb++;
	}
	return nb;
}

WDT_TEST(uacce_scan_reports_devices)
{
	struct found found = { .nb = 0 };

	reset();
	dev_make("uacce", "hisi_zip-10", "hisi_qm_v2\n", "zlib\ngzip\n");
	dev_make("uacce", "hisi_sec2-2", "hisi_qm_v3\n", "cipher\ndigest\naead\n");
	dev_make("uacce", "hisi_zip-3", "hisi_qm_v3", "zlib\ngzip\ndeflate\nlz77_zstd");
	dev_make("uacce", "hisi_sec2-0", "hisi_qm_v2\n", "cipher\ndigest\naead\n");
	dev_make("uacce", "hisi_sec2-11", "hisi_qm_v9\n", "cipher\n");
	dev_make("uacce", "hisi_hpre-4", "hisi_qm_v3_noiommu\n", "rsa\n");
	attr_set("uacce", "hisi_hpre-4", "flags", "130\n");
	attr_set("uacce", "hisi_sec2-11", "available_instances", "-3\n");
	WDT_CHECK_EQ(registered->scan(found_cb, &found), 0);
	WDT_CHECK_EQ(found.nb, 6);

	/* in the order of their names, numbers as numbers */
	WDT_CHECK(strcmp(found.devs[0].name, "hisi_hpre-4") == 0);
	WDT_CHECK(strcmp(found.devs[1].name, "hisi_sec2-0") == 0);
	WDT_CHECK(strcmp(found.devs[2].name, "hisi_sec2-2") == 0);
	WDT_CHECK(strcmp(found.devs[3].name, "hisi_sec2-11") == 0);
	WDT_CHECK(strcmp(found.devs[4].name, "hisi_zip-3") == 0);
	WDT_CHECK(strcmp(found.devs[5].name, "hisi_zip-10") == 0);

	WDT_CHECK(strcmp(found.devs[0].api, "hisi_qm_v3_noiommu") == 0);
	WDT_CHECK_EQ(found.devs[0].flags, 0); /* bits other than SVA are not passed on */
	WDT_CHECK_EQ(found.devs[3].available_queues, 0);
	WDT_CHECK(strcmp(found.devs[1].api, "hisi_qm_v2") == 0);
	WDT_CHECK(strcmp(found.devs[1].algorithms, "cipher\ndigest\naead") == 0);
	WDT_CHECK(strcmp(found.devs[1].transport, "uacce") == 0);
	WDT_CHECK_EQ(found.devs[1].flags, RTE_WD_FLAG_SVA);
	WDT_CHECK_EQ(found.devs[1].numa_node, 1);
	WDT_CHECK_EQ(found.devs[1].available_queues, 256);
	WDT_CHECK(strcmp(found.devs[4].algorithms, "zlib\ngzip\ndeflate\nlz77_zstd") == 0);
	WDT_CHECK(log_quiet());
	WDT_CHECK_EQ(fake.nb_opened, 0); /* an open would take a queue */
	return WDT_PASS;
}

WDT_TEST(uacce_scan_without_class)
{
	reset();
	WDT_CHECK_EQ(scan_nb(), 0);
	wd_uacce_class_root = "/nonexistent/class";
	WDT_CHECK_EQ(scan_nb(), 0);
	return WDT_PASS;
}

WDT_TEST(uacce_scan_both_classes)
{
	struct found found = { .nb = 0 };

	reset();
	dev_make("wd", "hisi_sec2-0", "hisi_qm_v2\n", "cipher\n");
	WDT_CHECK_EQ(scan_nb(), 1);
	dev_make("uacce", "hisi_zip-7", "hisi_qm_v2\n", "zlib\n");
	WDT_CHECK_EQ(registered->scan(found_cb, &found), 0);
	WDT_CHECK_EQ(found.nb, 2);
	WDT_CHECK(strcmp(found.devs[0].name, "hisi_zip-7") == 0);
	WDT_CHECK(strcmp(found.devs[1].name, "hisi_sec2-0") == 0);
	return WDT_PASS;
}

WDT_TEST(uacce_scan_ends_when_told)
{
	struct found found = { .stop = -77 };

	reset();
	sec_make("hisi_sec2-0");
	sec_make("hisi_sec2-1");
	dev_make("wd", "hisi_sec2-2", "hisi_qm_v2\n", "cipher\n");
	WDT_CHECK_EQ(registered->scan(found_cb, &found), -77);
	WDT_CHECK_EQ(found.nb, 1);
	return WDT_PASS;
}

WDT_TEST(uacce_scan_missing_attributes)
{
	static const char *const mandatory[] = { "api", "algorithms", "flags",
		"available_instances", "region_mmio_size", "region_dus_size" };
	static const char *const optional[] = { "isolate", "device/numa_node" };
	const unsigned int fds = nb_fds();

	for (unsigned int i = 0; i < RTE_DIM(mandatory); i++) {
		struct found found = { .nb = 0 };

		reset();
		sec_make("hisi_sec2-0");
		sec_make("hisi_sec2-1");
		attr_set("uacce", "hisi_sec2-0", mandatory[i], NULL);
		/* the bad one does not take its neighbour with it */
		WDT_CHECK_EQ(registered->scan(found_cb, &found), 0);
		WDT_CHECK_EQ(found.nb, 1);
		WDT_CHECK(strcmp(found.devs[0].name, "hisi_sec2-1") == 0);
		WDT_CHECK(log_has("hisi_sec2-0"));
		WDT_CHECK(log_has(mandatory[i]));
	}
	for (unsigned int i = 0; i < RTE_DIM(optional); i++) {
		reset();
		sec_make("hisi_sec2-0");
		attr_set("uacce", "hisi_sec2-0", optional[i], NULL);
		WDT_CHECK_EQ(scan_nb(), 1);
		WDT_CHECK(log_quiet());
	}
	WDT_CHECK_EQ(nb_fds(), fds);
	return WDT_PASS;
}

WDT_TEST(uacce_scan_garbage_attributes)
{
	static const struct {
		const char *attr;
		const char *text;
	} bad[] = {
		/* clang-format off */
		{ "flags", "" }, { "flags", "\n" }, { "flags", "yes\n" }, { "flags", "0x1\n" },
		{ "flags", "1 \n" }, { "flags", " 1\n" }, { "flags", "+1\n" }, { "flags", "-1\n" },
		{ "flags", "1\n1\n" }, { "flags", "1\n\n" }, { "flags", "4294967296\n" },
		{ "flags", "99999999999999999999999999\n" },
		{ "flags", "0000000000000000000000000000000000000000000000000000001\n" },
		{ "available_instances", "many\n" }, { "available_instances", "-\n" },
		{ "available_instances", "4294967296\n" },
		{ "region_mmio_size", "0\n" }, { "region_mmio_size", "-8192\n" },
		{ "region_mmio_size", "8k\n" }, { "region_mmio_size", "1073741825\n" },
		{ "region_dus_size", "0\n" }, { "region_dus_size", "18446744073709551616\n" },
		{ "region_dus_size", "9223372036854775807\n" }, { "region_dus_size", "1e5\n" },
		{ "isolate", "" }, { "isolate", "perhaps\n" },
		{ "api", "" }, { "api", "\n" },
		{ "api", "hisi_qm_v3_and_then_so_much_more_that_it_does_not_fit_in_64_bytes\n" },
		{ "algorithms", "" }, { "algorithms", "\n" },
		/* clang-format on */
	};

	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		reset();
		sec_make("hisi_sec2-0");
		sec_make("hisi_sec2-1");
		attr_set("uacce", "hisi_sec2-0", bad[i].attr, bad[i].text);
		if (scan_nb() != 1 || !log_has(bad[i].attr)) {
			printf("# %s: '%s'\n", bad[i].attr, bad[i].text);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

WDT_TEST(uacce_scan_embedded_nul)
{
	char path[3 * PATH_MAX];
	FILE *f;

	reset();
	sec_make("hisi_sec2-0");
	snprintf(path, sizeof(path), "%s/uacce/hisi_sec2-0/algorithms", class_root);
	f = fopen(path, "w");
	WDT_CHECK(f != NULL);
	fwrite("cipher\n\0digest\n", 1, 15, f);
	fclose(f);
	WDT_CHECK_EQ(scan_nb(), 0);
	return WDT_PASS;
}

WDT_TEST(uacce_scan_numa_garbage)
{
	static const struct {
		const char *text;
		int node;
	} cases[] = { { "-1\n", -1 }, { "0\n", 0 }, { "63\n", 63 }, { "near\n", -1 },
		{ "-2\n", -1 }, { "", -1 } };

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct found found = { .nb = 0 };

		reset();
		sec_make("hisi_sec2-0");
		attr_set("uacce", "hisi_sec2-0", "device/numa_node", cases[i].text);
		WDT_CHECK_EQ(registered->scan(found_cb, &found), 0);
		WDT_CHECK_EQ(found.nb, 1);
		WDT_CHECK_EQ(found.devs[0].numa_node, cases[i].node);
	}
	return WDT_PASS;
}

WDT_TEST(uacce_scan_isolated)
{
	reset();
	sec_make("hisi_sec2-0");
	sec_make("hisi_sec2-1");
	attr_set("uacce", "hisi_sec2-0", "isolate", "1\n");
	WDT_CHECK_EQ(scan_nb(), 1);
	WDT_CHECK(log_has("hisi_sec2-0 passed over: isolated"));
	return WDT_PASS;
}

WDT_TEST(uacce_scan_strange_names)
{
	static const char *const names[] = { "hisi_sec2", "hisi_sec2-", "hisi_sec2-x",
		"hisi_sec2-1x", "-1", "wd_ctl", ".hidden-1",
		"a_name_with_more_bytes_than_any_uacce_device_will_ever_have_in_sysfs-1" };
	char path[3 * PATH_MAX];

	reset();
	for (unsigned int i = 0; i < RTE_DIM(names); i++)
		sec_make(names[i]);
	sec_make("hisi_sec2-5");
	sec_make("more-dashes-6");
	/* a file where a device's folder should be */
	snprintf(path, sizeof(path), "%s/uacce/hisi_sec2-7", class_root);
	file_write(path, "");
	WDT_CHECK_EQ(scan_nb(), 2);
	return WDT_PASS;
}

/* "cipher" must not come out of a longer token, neither here nor further on. */
WDT_TEST(uacce_scan_whole_tokens)
{
	struct found found = { .nb = 0 };
	char text[1024];
	size_t len = 0;

	reset();
	dev_make("uacce", "hisi_sec2-0", "hisi_qm_v2\n", "ciphertext\nxaead\n");
	WDT_CHECK_EQ(registered->scan(found_cb, &found), 0);
	WDT_CHECK(strcmp(found.devs[0].algorithms, "ciphertext\nxaead") == 0);

	/* cut where RTE_WD_ALGS_LEN ends, which is in the middle of "ciphertext" for one of these */
	for (size_t pad = 1; pad < 16; pad++) {
		const char *last;

		len = (size_t)snprintf(text, sizeof(text), "%.*s\n", (int)pad, "pppppppppppppppp");
		while (len < 500)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "ciphertext\n");
		attr_set("uacce", "hisi_sec2-0", "algorithms", text);
		memset(&found, 0, sizeof(found));
		WDT_CHECK_EQ(registered->scan(found_cb, &found), 0);
		WDT_CHECK_EQ(found.nb, 1);
		WDT_CHECK(strlen(found.devs[0].algorithms) < RTE_WD_ALGS_LEN);
		WDT_CHECK(strlen(found.devs[0].algorithms) > RTE_WD_ALGS_LEN - 16);
		last = strrchr(found.devs[0].algorithms, '\n');
		WDT_CHECK(last != NULL && strcmp(last, "\nciphertext") == 0);
	}
	/* one token that does not fit at all */
	memset(text, 'c', 500);
	text[500] = '\0';
	attr_set("uacce", "hisi_sec2-0", "algorithms", text);
	WDT_CHECK_EQ(scan_nb(), 0);
	return WDT_PASS;
}

WDT_TEST(uacce_open_fills_device)
{
	static const struct {
		const char *available;
		unsigned int max_queues;
	} cases[] = { { "256\n", 256 }, { "1\n", 1 }, { "0\n", 1 }, { "-1\n", 1 },
		{ "1024\n", 1024 }, { "100000\n", 1024 } };
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		attr_set("uacce", "hisi_sec2-0", "available_instances", cases[i].available);
		WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
		WDT_CHECK_EQ(dev.max_queues, cases[i].max_queues);
		WDT_CHECK(dev.sva);
		WDT_CHECK(!dev.secondary_data_path);
		WDT_CHECK(dev.hw == rte_wd_hw_by_name("v3"));
		WDT_CHECK_EQ(dev.numa_node, 1);
		registered->close(&dev);
		WDT_CHECK(dev.transport_data == NULL);
	}
	WDT_CHECK_EQ(fake.nb_opened, 0); /* an open would take a queue */
	WDT_CHECK(log_quiet());

	dev_make("wd", "hisi_zip-1", "hisi_qm_v2\n", "zlib\n");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_zip-1", ""), 0);
	WDT_CHECK(dev.hw == rte_wd_hw_by_name("v2"));
	registered->close(&dev);
	return WDT_PASS;
}

WDT_TEST(uacce_open_unknown_device)
{
	static const char *const names[] = { "hisi_sec2-9", "", ".", "..",
		"../class/uacce/hisi_sec2-0", "hisi_sec2-0/device", "hisi_sec2-0/../hisi_sec2-0",
		"hisi_sec2" };
	struct wd_dev dev;
	char name[32];

	reset();
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), -ENODEV);
	WDT_CHECK(log_has("none, is the accelerator's kernel driver loaded?"));
	sec_make("hisi_sec2-0");
	dev_make("wd", "hisi_zip-1", "hisi_qm_v2\n", "zlib\n");
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		log_reset();
		WDT_CHECK_EQ(dev_open(&dev, names[i], ""), -ENODEV);
		WDT_CHECK(dev.transport_data == NULL);
		WDT_CHECK(log_has("found: hisi_sec2-0 hisi_zip-1"));
	}
	/* more than a line holds */
	for (unsigned int i = 100; i < 150; i++) {
		snprintf(name, sizeof(name), "hisi_sec2-%u", i);
		sec_make(name);
	}
	log_reset();
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-9", ""), -ENODEV);
	WDT_CHECK(log_has("found: hisi_sec2-0 hisi_sec2-100 "));
	WDT_CHECK_EQ(strlen(strrchr(log_text, ' ')), strlen(" hisi_sec2-1nn\n"));
	return WDT_PASS;
}

WDT_TEST(uacce_open_unusable_device)
{
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	attr_set("uacce", "hisi_sec2-0", "isolate", "1\n");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), -ENODEV);
	WDT_CHECK(log_has("isolated by the kernel"));
	attr_set("uacce", "hisi_sec2-0", "isolate", "0\n");
	attr_set("uacce", "hisi_sec2-0", "flags", "one\n");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), -ENODEV);
	WDT_CHECK(log_has("attribute flags: 'one'"));
	attr_set("uacce", "hisi_sec2-0", "flags", "1\n");
	attr_set("uacce", "hisi_sec2-0", "region_dus_size", NULL);
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), -ENODEV);
	WDT_CHECK(log_has("cannot be used: attribute region_dus_size"));
	return WDT_PASS;
}

WDT_TEST(uacce_open_hw)
{
	static const struct {
		const char *api;
		const char *options;
		int rc;
	} cases[] = {
		{ "hisi_qm_v2\n", "hw=v2", 0 },
		{ "hisi_qm_v3\n", "hw=v3", 0 },
		{ "hisi_qm_v5\n", "hw=v3", 0 }, /* later ones are driven as the latest known */
		{ "hisi_qm_v2\n", "hw=v3", -EINVAL },
		{ "hisi_qm_v3\n", "hw=v2", -EINVAL },
		{ "hisi_qm_v3\n", "hw=v4", -EINVAL },
		{ "hisi_qm_v3\n", "hw=", -EINVAL },
		{ "hisi_qm_v1\n", "", -ENOTSUP },
		{ "hisi_qm_v2_noiommu\n", "", -ENOTSUP },
		{ "other\n", "", -ENOTSUP },
	};
	struct wd_dev dev;

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		int rc;

		reset();
		dev_make("uacce", "hisi_sec2-0", cases[i].api, "cipher\n");
		rc = dev_open(&dev, "hisi_sec2-0", cases[i].options);
		if (rc != cases[i].rc) {
			printf("# %s %s: %d\n", cases[i].api, cases[i].options, rc);
			return WDT_FAIL;
		}
		if (rc == 0)
			registered->close(&dev);
		else
			WDT_CHECK(dev.transport_data == NULL && log_has("hisi_sec2-0"));
	}
	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", "hw=v2"), -EINVAL);
	WDT_CHECK(log_has("hw=v2"));
	WDT_CHECK(log_has("hisi_qm_v3"));
	return WDT_PASS;
}

WDT_TEST(uacce_open_sva)
{
	static const struct {
		const char *flags;
		const char *options;
		int rc;
	} cases[] = {
		{ "1\n", "sva=1", 0 },
		{ "3\n", "sva=1", 0 },
		{ "1\n", "sva=0", -EINVAL },
		{ "1\n", "sva=yes", -EINVAL },
		{ "0\n", "sva=1", -EINVAL },
		{ "2\n", "sva=1", -EINVAL },
		{ "0\n", "sva=0", -ENOTSUP },
		{ "0\n", "", -ENOTSUP },
		{ "130\n", "", -ENOTSUP },
	};
	struct wd_dev dev;

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		int rc;

		reset();
		sec_make("hisi_sec2-0");
		attr_set("uacce", "hisi_sec2-0", "flags", cases[i].flags);
		rc = dev_open(&dev, "hisi_sec2-0", cases[i].options);
		if (rc != cases[i].rc) {
			printf("# flags %s %s: %d\n", cases[i].flags, cases[i].options, rc);
			return WDT_FAIL;
		}
		if (rc == 0)
			registered->close(&dev);
		else if (rc == -ENOTSUP)
			WDT_CHECK(log_has("no shared virtual addressing"));
		else
			WDT_CHECK(log_has("the kernel says sva="));
	}
	return WDT_PASS;
}

WDT_TEST(uacce_open_permissions)
{
	char path[3 * PATH_MAX];
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	snprintf(path, sizeof(path), "%s/hisi_sec2-0", node_root);
	fake.access_errno = EACCES;
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), -EACCES);
	WDT_CHECK(log_has(path));
	WDT_CHECK(log_has("udev rule"));
	fake.access_errno = 0;
	unlink(path);
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), -ENODEV);
	WDT_CHECK(dev.transport_data == NULL);
	return WDT_PASS;
}

WDT_TEST(uacce_open_secondary_process)
{
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	fake.process = RTE_PROC_SECONDARY;
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), -ENOTSUP);
	WDT_CHECK(log_has("secondary process"));
	return WDT_PASS;
}

/* A device of wd.ko that reaches memory as the attribute says. */
static int
registered_open(struct wd_dev *dev, const char *name, const char *memory)
{
	sec_make(name);
	attr_set("uacce", name, "flags", "0\n");
	attr_set("uacce", name, "memory", memory);
	fake.is_wd = true;
	fake.sq_db_offset = 0x1000;
	fake.cq_db_offset = 0x1080;
	return dev_open(dev, name, "");
}

/* Two of FAKE_HUGEPAGE, where madvise() works. */
static uint8_t *
pages_alloc(void)
{
	uint8_t *va = mmap(NULL, 2 * FAKE_HUGEPAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (va == MAP_FAILED)
		abort();
	return va;
}

/* Registered memory is the process's: through whatever queue, for every device. */
WDT_TEST(uacce_registered_memory)
{
	uint8_t *pages = pages_alloc();
	struct wd_queue q0, q1;
	struct wd_dev dev, other;

	reset();
	WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "registered\n"), 0);
	WDT_CHECK_EQ(registered_open(&other, "hisi_sec2-1", "registered\n"), 0);
	WDT_CHECK(!dev.sva && dev.va);
	/* before there is a queue, by both */
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(registered->mem_map(&other, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(registered->mem_map(&other, pages, 0, 2 * FAKE_HUGEPAGE), -EEXIST);
	WDT_CHECK_EQ(fake.nb_registered, 0);
	WDT_CHECK_EQ(queue_open(&dev, &q0), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 1);
	WDT_CHECK((uint8_t *)q0.cq_db - (uint8_t *)q0.sq_db == 0x80);
	/* after */
	WDT_CHECK_EQ(queue_open(&other, &q1), 0);
	WDT_CHECK_EQ(fake.nb_registered, 1);
	WDT_CHECK_EQ(registered->mem_map(&other, pages + FAKE_HUGEPAGE, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 2);
	/* the queue it was registered through may go */
	registered->queue_close(&q0);
	WDT_CHECK_EQ(registered->mem_unmap(&other, pages + FAKE_HUGEPAGE, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 1);
	WDT_CHECK_EQ(registered->mem_unmap(&other, pages + FAKE_HUGEPAGE, 0, FAKE_HUGEPAGE),
			-ENOENT);
	/* the last one: the kernel lets go, sooner or later */
	registered->queue_close(&q1);
	WDT_CHECK_EQ(queue_open(&dev, &q0), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 1);
	WDT_CHECK_EQ(registered->mem_unmap(&other, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 1); /* dev still sees it */
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 0);
	registered->queue_close(&q0);
	registered->close(&dev);
	registered->close(&other);
	munmap(pages, 2 * FAKE_HUGEPAGE);
	return WDT_PASS;
}

WDT_TEST(uacce_register_refused)
{
	static const struct {
		int err;
		const char *says;
	} cases[] = {
		{ ENOMEM, "limit on locked memory" },
		{ EMEDIUMTYPE, "not hugetlb" },
		{ ERANGE, "--base-virtaddr" },
		{ EPERM, "cannot register" },
	};
	uint8_t *pages = pages_alloc();
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "registered\n"), 0);
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		/* when the first queue is opened */
		fake.register_errno = 0;
		WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, FAKE_HUGEPAGE), 0);
		fake.register_errno = cases[i].err;
		WDT_CHECK_EQ(queue_open_fails(&dev, -cases[i].err), WDT_PASS);
		WDT_CHECK(log_has(cases[i].says));
		WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, FAKE_HUGEPAGE), 0);
		/* when there is one */
		WDT_CHECK_EQ(queue_open(&dev, &q), 0);
		log_reset();
		WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, FAKE_HUGEPAGE), -cases[i].err);
		WDT_CHECK(log_has(cases[i].says));
		WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, FAKE_HUGEPAGE), -ENOENT);
		registered->queue_close(&q);
	}
	registered->close(&dev);
	munmap(pages, 2 * FAKE_HUGEPAGE);
	return WDT_PASS;
}

/* Without IOMMU: the device's addresses and EAL's must be the same. */
WDT_TEST(uacce_physical_memory)
{
	uint8_t *pages = pages_alloc();
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "physical\n"), 0);
	WDT_CHECK(!dev.sva && !dev.va);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	fake.phys = 0x40000000;
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0x40000000, 2 * FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0x40000000, 2 * FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, (uintptr_t)pages, 2 * FAKE_HUGEPAGE), -EXDEV);
	WDT_CHECK(log_has("--iova-mode=pa"));
	WDT_CHECK_EQ(fake.nb_ranges, 0);
	registered->queue_close(&q);
	registered->close(&dev);
	munmap(pages, 2 * FAKE_HUGEPAGE);
	return WDT_PASS;
}

/* The kernel may still hold what lay at an address when the last queue was closed: other pages. */
WDT_TEST(uacce_memory_still_registered)
{
	uint8_t *pages = pages_alloc();
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "registered\n"), 0);
	fake.ranges[fake.nb_ranges++] = (struct fake_range){ (uintptr_t)pages, FAKE_HUGEPAGE };
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(fake.nb_unregistered, 1);
	WDT_CHECK_EQ(fake.nb_registered, 2);
	WDT_CHECK_EQ(fake.nb_ranges, 1);
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 0);

	/* it does not let go: the device would reach the wrong pages */
	fake.ranges[fake.nb_ranges++] = (struct fake_range){ (uintptr_t)pages, FAKE_HUGEPAGE };
	fake.unregister_errno = EBUSY;
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, FAKE_HUGEPAGE), -EBUSY);
	WDT_CHECK(log_has("what lay there before"));
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, FAKE_HUGEPAGE), -ENOENT);
	fake.unregister_errno = 0;
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, FAKE_HUGEPAGE), 0);
	registered->queue_close(&q);
	registered->close(&dev);
	munmap(pages, 2 * FAKE_HUGEPAGE);
	return WDT_PASS;
}

/* There the device's addresses tell whether it is the same memory. */
WDT_TEST(uacce_physical_memory_still_registered)
{
	uint8_t *pages = pages_alloc();
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "physical\n"), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	fake.phys = 0x40000000;
	fake.ranges[fake.nb_ranges++] = (struct fake_range){ (uintptr_t)pages, FAKE_HUGEPAGE };
	fake.unregister_errno = EBUSY; /* another queue of the process runs */
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0x40000000, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_unregistered, 0);
	fake.unregister_errno = 0;
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0x40000000, FAKE_HUGEPAGE), 0);

	fake.ranges[fake.nb_ranges++] = (struct fake_range){ (uintptr_t)pages, FAKE_HUGEPAGE };
	fake.phys_anew = 0x80000000;
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0x80000000, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0x80000000, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 0);
	registered->queue_close(&q);
	registered->close(&dev);
	munmap(pages, 2 * FAKE_HUGEPAGE);
	return WDT_PASS;
}

/* What could not be taken back is known still, and tried again. */
WDT_TEST(uacce_memory_that_stays_registered)
{
	uint8_t *pages = pages_alloc();
	struct wd_queue q, q1;
	struct wd_dev dev;

	reset();
	WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "registered\n"), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, 2 * FAKE_HUGEPAGE), 0);
	fake.unregister_errno = EBUSY;
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, 2 * FAKE_HUGEPAGE), -EBUSY);
	WDT_CHECK(log_has("stays pinned"));
	WDT_CHECK_EQ(fake.nb_ranges, 1);
	/* other memory at these addresses */
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, FAKE_HUGEPAGE), -EBUSY);
	WDT_CHECK_EQ(registered->mem_map(&dev, pages + FAKE_HUGEPAGE, 0, FAKE_HUGEPAGE), -EBUSY);
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, FAKE_HUGEPAGE), -ENOENT);
	fake.unregister_errno = 0;
	WDT_CHECK_EQ(registered->mem_map(&dev, pages + FAKE_HUGEPAGE, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 1);
	WDT_CHECK_EQ(fake.ranges[0].va, (uintptr_t)pages + FAKE_HUGEPAGE);
	/* or when something else is done */
	fake.unregister_errno = EBUSY;
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages + FAKE_HUGEPAGE, 0, FAKE_HUGEPAGE), -EBUSY);
	fake.unregister_errno = 0;
	WDT_CHECK_EQ(queue_open(&dev, &q1), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 0);
	registered->queue_close(&q1);
	registered->queue_close(&q);
	registered->close(&dev);
	munmap(pages, 2 * FAKE_HUGEPAGE);
	return WDT_PASS;
}

/* A queue of a device that was pulled out serves nobody; one of another device does. */
WDT_TEST(uacce_memory_beside_a_removed_device)
{
	uint8_t *pages = pages_alloc();
	struct wd_queue gone, q;
	struct wd_dev dev, other;

	reset();
	WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "registered\n"), 0);
	WDT_CHECK_EQ(registered_open(&other, "hisi_sec2-1", "registered\n"), 0);
	WDT_CHECK_EQ(queue_open(&dev, &gone), 0);
	fake_qs[fake.last_fd].state = FAKE_ZOMBIE;
	WDT_CHECK_EQ(registered->mem_map(&other, pages, 0, FAKE_HUGEPAGE), -ENXIO);
	WDT_CHECK_EQ(queue_open(&other, &q), 0);
	WDT_CHECK_EQ(registered->mem_map(&other, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 1);
	WDT_CHECK_EQ(registered->mem_unmap(&other, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(fake.nb_ranges, 0);
	registered->queue_close(&gone);
	registered->queue_close(&q);
	registered->close(&dev);
	registered->close(&other);
	munmap(pages, 2 * FAKE_HUGEPAGE);
	return WDT_PASS;
}

/* The kernel's entry of a page is one of both kinds. */
WDT_TEST(uacce_memory_for_two_kinds_of_devices)
{
	uint8_t *pages = pages_alloc();
	struct wd_dev dev, physical;

	reset();
	WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "registered\n"), 0);
	WDT_CHECK_EQ(registered_open(&physical, "hisi_sec2-1", "physical\n"), 0);
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, FAKE_HUGEPAGE), 0);
	WDT_CHECK_EQ(registered->mem_map(&dev, pages, 0, 2 * FAKE_HUGEPAGE), -EEXIST);
	WDT_CHECK(log_has("to another device as 2097152 bytes, to this one as 4194304"));
	WDT_CHECK_EQ(registered->mem_map(&physical, pages, 0, FAKE_HUGEPAGE), -EEXIST);
	WDT_CHECK(log_has("hisi_sec2-1: memory at"));
	WDT_CHECK(log_has(
			"is used by a device that takes virtual addresses, this one takes physical"));
	WDT_CHECK_EQ(registered->mem_unmap(&dev, pages, 0, FAKE_HUGEPAGE), 0);
	registered->close(&dev);
	registered->close(&physical);
	munmap(pages, 2 * FAKE_HUGEPAGE);
	return WDT_PASS;
}

WDT_TEST(uacce_doorbells_outside)
{
	static const struct {
		uint32_t sq, cq;
	} cases[] = { { MMIO_SIZE, 0x1080 }, { 0x1000, MMIO_SIZE - 4 }, { 0x1004, 0x1080 },
		{ 0x1000, UINT32_MAX } };
	struct wd_dev dev;

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		reset();
		WDT_CHECK_EQ(registered_open(&dev, "hisi_sec2-0", "registered\n"), 0);
		fake.sq_db_offset = cases[i].sq;
		fake.cq_db_offset = cases[i].cq;
		WDT_CHECK_EQ(queue_open_fails(&dev, -EPROTO), WDT_PASS);
		registered->close(&dev);
	}
	return WDT_PASS;
}

static int
queue_fills_queue(void)
{
	const unsigned int fds = nb_fds();
	struct wd_queue q;
	struct wd_dev dev;
	int fd;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	fake.info.cq_depth = 2 * DEPTH;
	fake.dus_size = 2 * DUS_SIZE;
	attr_set("uacce", "hisi_sec2-0", "region_dus_size", "524288\n");
	registered->close(&dev);
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	fd = fake.last_fd;
	WDT_CHECK_EQ(fake_qs[fd].state, FAKE_INIT);
	WDT_CHECK_EQ(q.sq_depth, DEPTH);
	WDT_CHECK_EQ(q.cq_depth, 2 * DEPTH);
	WDT_CHECK_EQ(q.sqe_size, SQE_SIZE);
	WDT_CHECK_EQ(q.qn, 5);
	WDT_CHECK_EQ(q.sq_db_word, 5);
	WDT_CHECK_EQ(q.cq_db_word, 5 | 1 << 12);
	WDT_CHECK_EQ(q.cq - q.sq, SQE_SIZE * DEPTH);
	WDT_CHECK_EQ((const uint8_t *)(uintptr_t)q.send_status - q.sq, fake.dus_size - 4);
	WDT_CHECK_EQ((const uint8_t *)(uintptr_t)q.recv_status - q.sq, fake.dus_size - 8);

	/* rings and doorbells are the device's own memory */
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	WDT_CHECK_EQ(fake_qs[fd].state, FAKE_STARTED);
	memset(q.sq, 0x5a, 8);
	WDT_CHECK(device_word(fd, 1, 0) == 0x5a5a5a5a5a5a5a5a);
	ring(q.sq_db, q.sq_db_word, 3);
	WDT_CHECK(device_word(fd, 0, 0x1000) == (3ULL << 32 | 5));
	device_complete(fd, 0);
	WDT_CHECK_EQ(completions(&q, 0), 1);
	ring(q.cq_db, q.cq_db_word, 1);
	WDT_CHECK(device_word(fd, 0, 0x1000) == (1ULL << 32 | 1 << 12 | 5));
	device_store(fd, 1, fake.dus_size - 8, "\1\0\0\0", 4);
	WDT_CHECK_EQ(*q.recv_status, 1);
	WDT_CHECK_EQ(*q.send_status, 0);
	device_store(fd, 1, fake.dus_size - 4, "\2\0\0\0", 4);
	WDT_CHECK_EQ(*q.send_status, 2);

	registered->queue_stop(&q);
	registered->queue_close(&q);
	WDT_CHECK(q.transport_data == NULL);
	registered->close(&dev);
	WDT_CHECK_EQ(nb_fds(), fds);
	WDT_CHECK_EQ(nb_maps(), 0);
	return WDT_PASS;
}

WDT_TEST(uacce_queue_fills_queue)
{
	return with_page_sizes(queue_fills_queue);
}

WDT_TEST(uacce_queue_type)
{
	static const uint16_t types[] = { HISI_ZIP_QC_TYPE_COMPRESS, HISI_ZIP_QC_TYPE_DECOMPRESS };
	struct wd_dev dev;

	reset();
	dev_make("uacce", "hisi_zip-1", "hisi_qm_v3\n", "zlib\n");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_zip-1", ""), 0);
	for (unsigned int i = 0; i < RTE_DIM(types); i++) {
		const struct wd_queue_conf conf = { .qc_type = types[i], .sqe_size = SQE_SIZE };
		struct wd_queue q = { .dev = &dev };

		WDT_CHECK_EQ(registered->queue_open(&dev, &conf, &q), 0);
		WDT_CHECK_EQ(fake_qs[fake.last_fd].qc_type, types[i]);
		registered->queue_close(&q);
	}
	registered->close(&dev);
	return WDT_PASS;
}

WDT_TEST(uacce_queue_busy)
{
	struct wd_queue qs[2];
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	fake.nb_queues = 2;
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &qs[0]), 0);
	WDT_CHECK_EQ(queue_open(&dev, &qs[1]), 0);
	WDT_CHECK(qs[0].qn != qs[1].qn);
	WDT_CHECK(queue_open_fails(&dev, -EBUSY) == WDT_PASS);
	WDT_CHECK(log_has("no queue left: 2 open in this process, 256"));
	registered->queue_close(&qs[0]);
	WDT_CHECK_EQ(queue_open(&dev, &qs[0]), 0);
	registered->queue_close(&qs[0]);
	registered->queue_close(&qs[1]);
	registered->close(&dev);
	return WDT_PASS;
}

WDT_TEST(uacce_queue_open_errors)
{
	static const int errors[] = { EPERM, ENODEV, ENXIO, ENOMEM, EACCES, EMFILE, EINVAL };
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
		fake.open_errno = errors[i];
		WDT_CHECK(queue_open_fails(&dev, -errors[i]) == WDT_PASS);
	}
	fake.open_errno = 0;
	for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
		fake.ctx_errno = errors[i];
		WDT_CHECK(queue_open_fails(&dev, -errors[i]) == WDT_PASS);
		WDT_CHECK(log_has("QP_CTX"));
	}
	fake.ctx_errno = 0;
	for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
		if (errors[i] == EINVAL)
			continue; /* an old kernel, below */
		fake.info_errno = errors[i];
		WDT_CHECK(queue_open_fails(&dev, -errors[i]) == WDT_PASS);
		WDT_CHECK(log_has("QP_INFO"));
	}
	fake.info_errno = 0;
	for (unsigned int region = 0; region < 2; region++) {
		for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
			fake.map_errno[region] = errors[i];
			WDT_CHECK(queue_open_fails(&dev, -errors[i]) == WDT_PASS);
			WDT_CHECK(log_has("cannot map"));
			fake.map_errno[region] = 0;
		}
	}
	fake.qn = 1024; /* more than a doorbell carries */
	WDT_CHECK(queue_open_fails(&dev, -EPROTO) == WDT_PASS);
	WDT_CHECK(log_has("1024"));
	fake.qn = 1023;
	WDT_CHECK_EQ(fake.nb_open, 0);

	/* and all is well again */
	{
		struct wd_queue q;

		WDT_CHECK_EQ(queue_open(&dev, &q), 0);
		WDT_CHECK_EQ(q.qn, 1023);
		registered->queue_close(&q);
	}
	registered->close(&dev);
	return WDT_PASS;
}

WDT_TEST(uacce_queue_kernel_without_info)
{
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	fake.info_errno = EINVAL;
	fake.info.sqe_size = 1;
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(q.sq_depth, 1024);
	WDT_CHECK_EQ(q.cq_depth, 1024);
	WDT_CHECK_EQ(q.sqe_size, SQE_SIZE);
	registered->queue_close(&q);
	registered->close(&dev);
	return WDT_PASS;
}

static int
queue_geometry(void)
{
	static const struct {
		uint32_t sqe_size;
		uint16_t sq_depth;
		uint16_t cq_depth;
		size_t dus_size;
		enum {
			UP,
			DOWN,
			AS_IS
		} to_pages; /* dus_size, to whole ones */
		size_t mmio_size; /* at most MMIO_SIZE */
		int rc;
	} cases[] = {
		{ 128, 1024, 1024, 147464, UP, 8192, 0 },
		{ 64, 1024, 1024, 147464, UP, 8192, -EPROTO },
		{ 256, 512, 512, 147464, UP, 8192, -EPROTO },
		{ 0, 1024, 1024, 147464, UP, 8192, -EPROTO },
		{ 0x10080, 1024, 1024, 147464, UP, 8192, -EPROTO },
		{ 128, 1000, 1024, 147464, UP, 8192, -EPROTO },
		{ 128, 1024, 1500, 201552, UP, 8192, -EPROTO },
		{ 128, 0, 1024, 147464, UP, 8192, -EPROTO },
		{ 128, 1024, 0, 147464, UP, 8192, -EPROTO },
		{ 128, 1, 1, 147464, UP, 8192, -EPROTO },
		{ 128, 2, 2, 296, UP, 8192, 0 },
		{ 128, 1024, 512, 147464, UP, 8192, -EPROTO },
		{ 128, 512, 1024, 147464, UP, 8192, 0 },
		{ 128, 32768, 32768, 4718592, DOWN, 8192,
				-EPROTO }, /* no room for the status words */
		{ 128, 32768, 32768, 4718600, UP, 8192, 0 },
		{ 128, 49152, 49152, 16777216, UP, 8192, -EPROTO },
		{ 128, 1024, 1024, 147463, DOWN, 8192, -EPROTO }, /* no room for the status words */
		{ 128, 1024, 1024, 4096, UP, 8192, -EPROTO },
		{ 128, 1024, 1024, 262152, AS_IS, 8192, -EPROTO }, /* not whole pages */
		{ 128, 1024, 1024, 147464, UP, 4096, -EPROTO },
		{ 128, 1024, 1024, 147464, UP, 4103, -EPROTO },
		{ 128, 1024, 1024, 147464, UP, 4104, 0 },
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct wd_queue q;
		struct wd_dev dev;
		size_t dus_size = cases[i].dus_size;
		char text[32];

		if (cases[i].to_pages == UP)
			dus_size = RTE_ALIGN_CEIL(dus_size, fake_page);
		else if (cases[i].to_pages == DOWN)
			dus_size = RTE_ALIGN_FLOOR(dus_size, fake_page);
		reset();
		sec_make("hisi_sec2-0");
		snprintf(text, sizeof(text), "%zu\n", dus_size);
		attr_set("uacce", "hisi_sec2-0", "region_dus_size", text);
		snprintf(text, sizeof(text), "%zu\n", cases[i].mmio_size);
		attr_set("uacce", "hisi_sec2-0", "region_mmio_size", text);
		fake.dus_size = dus_size;
		fake.info.sqe_size = cases[i].sqe_size;
		fake.info.sq_depth = cases[i].sq_depth;
		fake.info.cq_depth = cases[i].cq_depth;
		WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
		if (cases[i].rc == 0) {
			WDT_CHECK_EQ(queue_open(&dev, &q), 0);
			registered->queue_close(&q);
		} else if (queue_open_fails(&dev, cases[i].rc) != WDT_PASS) {
			printf("# case %u\n", i);
			return WDT_FAIL;
		}
		registered->close(&dev);
	}
	return WDT_PASS;
}

/* What is whole pages on one machine is none on another. */
static int
queue_half_pages(void)
{
	struct wd_queue q;
	struct wd_dev dev;
	char text[32];

	for (size_t half = 0; half < 2; half++) {
		reset();
		sec_make("hisi_sec2-0");
		fake.dus_size = DUS_SIZE + half * fake_page / 2;
		snprintf(text, sizeof(text), "%zu\n", fake.dus_size);
		attr_set("uacce", "hisi_sec2-0", "region_dus_size", text);
		WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
		if (half == 0) {
			WDT_CHECK_EQ(queue_open(&dev, &q), 0);
			registered->queue_close(&q);
		} else {
			WDT_CHECK_EQ(queue_open_fails(&dev, -EPROTO), WDT_PASS);
			WDT_CHECK(log_has("in whole pages"));
		}
		registered->close(&dev);
	}
	return WDT_PASS;
}

WDT_TEST(uacce_queue_half_pages)
{
	return with_page_sizes(queue_half_pages);
}

WDT_TEST(uacce_queue_geometry)
{
	return with_page_sizes(queue_geometry);
}

WDT_TEST(uacce_queue_names_both_sizes)
{
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	fake.info.sqe_size = 64;
	WDT_CHECK(queue_open_fails(&dev, -EPROTO) == WDT_PASS);
	WDT_CHECK(log_has("have 64 bytes, this driver's have 128"));
	registered->close(&dev);
	return WDT_PASS;
}

static int
queue_start_errors(void)
{
	static const int errors[] = { EPERM, ENXIO, EINVAL, EIO };
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
		log_reset();
		fake.start_errno = errors[i];
		WDT_CHECK_EQ(registered->queue_start(&q), -errors[i]);
		WDT_CHECK(log_has("START_Q"));
		registered->queue_stop(&q); /* nothing to stop */
	}
	WDT_CHECK_EQ(fake.nb_put, 0);
	fake.start_errno = 0;
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	registered->queue_close(&q);
	WDT_CHECK_EQ(fake.nb_put, 1); /* close stops first */
	WDT_CHECK_EQ(fake.nb_open, 0);
	registered->close(&dev);
	return WDT_PASS;
}

WDT_TEST(uacce_queue_start_errors)
{
	return with_page_sizes(queue_start_errors);
}

/* After a stop nothing that an lcore still does reaches the device. */
static int
queue_stop_detaches(void)
{
	struct wd_queue q;
	struct wd_dev dev;
	uint64_t doorbell;
	int fd;

	for (unsigned int older = 0; older < 2; older++) {
		reset();
		sec_make("hisi_sec2-0");
		fake.put_releases = older == 1;
		WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
		WDT_CHECK_EQ(queue_open(&dev, &q), 0);
		fd = fake.last_fd;
		WDT_CHECK_EQ(registered->queue_start(&q), 0);
		memset(q.sq, 0x11, 4 * SQE_SIZE);
		ring(q.sq_db, q.sq_db_word, 4);
		device_complete(fd, 0);
		device_complete(fd, 1);
		doorbell = device_word(fd, 0, 0x1000);

		registered->queue_stop(&q);
		registered->queue_stop(&q);
		WDT_CHECK_EQ(fake.nb_put, 1);
		WDT_CHECK_EQ(nb_maps(), 0);
		WDT_CHECK_EQ(fake_qs[fd].state, older == 1 ? FAKE_ZOMBIE : FAKE_INIT);
		/* what came before can be harvested */
		WDT_CHECK_EQ(completions(&q, 0), 2);
		WDT_CHECK_EQ(q.sq[0], 0x11);
		/* what comes after goes nowhere */
		ring(q.cq_db, q.cq_db_word, 2);
		ring(q.sq_db, q.sq_db_word, 5);
		memset(q.sq, 0x22, SQE_SIZE);
		WDT_CHECK(device_word(fd, 0, 0x1000) == doorbell);
		WDT_CHECK(device_word(fd, 1, 0) == 0x1111111111111111);
		registered->queue_close(&q);
		registered->close(&dev);
		WDT_CHECK_EQ(fake.nb_open, 0);
		WDT_CHECK_EQ(fake.nb_put, 1);
	}
	return WDT_PASS;
}

WDT_TEST(uacce_queue_stop_detaches)
{
	return with_page_sizes(queue_stop_detaches);
}

static int
queue_restart(void)
{
	struct wd_queue q;
	struct wd_dev dev;

	for (unsigned int older = 0; older < 2; older++) {
		const unsigned int fds = nb_fds();

		reset();
		sec_make("hisi_sec2-0");
		fake.put_releases = older == 1;
		fake.nb_queues = 1; /* none to spare */
		WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
		WDT_CHECK_EQ(queue_open(&dev, &q), 0);
		WDT_CHECK_EQ(registered->queue_start(&q), 0);
		memset(q.sq, 0xff, DUS_SIZE - 8);
		memset((void *)(uintptr_t)q.recv_status, 0xff, 8); /* a reset */
		registered->queue_stop(&q);
		WDT_CHECK(*q.recv_status != 0);

		WDT_CHECK_EQ(registered->queue_start(&q), 0);
		WDT_CHECK_EQ(fake.nb_open, 1);
		WDT_CHECK_EQ(fake.nb_opened, 2);
		WDT_CHECK_EQ(fake_qs[fake.last_fd].state, FAKE_STARTED);
		WDT_CHECK_EQ(nb_maps(), 2);
		/* the new one's number, clean rings, doorbells that arrive */
		WDT_CHECK_EQ(q.qn, 6);
		WDT_CHECK_EQ(*q.recv_status, 0);
		WDT_CHECK_EQ(*q.send_status, 0);
		WDT_CHECK_EQ(completions(&q, 0), 0);
		ring(q.sq_db, q.sq_db_word, 1);
		WDT_CHECK(device_word(fake.last_fd, 0, 0x1000) == (1ULL << 32 | 6));
		device_complete(fake.last_fd, 0);
		WDT_CHECK_EQ(completions(&q, 0), 1);
		ring(q.cq_db, q.cq_db_word, 1);
		WDT_CHECK(device_word(fake.last_fd, 0, 0x1000) == (1ULL << 32 | 1 << 12 | 6));
		registered->queue_stop(&q);
		registered->queue_close(&q);
		registered->close(&dev);
		WDT_CHECK_EQ(nb_fds(), fds);
	}
	return WDT_PASS;
}

WDT_TEST(uacce_queue_restart)
{
	return with_page_sizes(queue_restart);
}

static int
queue_restart_fails(void)
{
	struct wd_queue q;
	struct wd_dev dev;
	uint8_t *sq;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	q.sq[0] = 0x77;
	sq = q.sq;
	registered->queue_stop(&q);

	fake.open_errno = EBUSY; /* somebody else was quicker */
	WDT_CHECK_EQ(registered->queue_start(&q), -EBUSY);
	fake.open_errno = 0;
	fake.map_errno[0] = ENOMEM;
	WDT_CHECK_EQ(registered->queue_start(&q), -ENOMEM);
	fake.map_errno[0] = 0;
	fake.info.sq_depth = 512; /* not what the masks were made for */
	WDT_CHECK_EQ(registered->queue_start(&q), -EPROTO);
	fake.info.sq_depth = DEPTH;
	fake.info.cq_depth = 2 * DEPTH;
	WDT_CHECK_EQ(registered->queue_start(&q), -EPROTO);
	fake.info.cq_depth = DEPTH;
	WDT_CHECK_EQ(fake.nb_open, 0);
	WDT_CHECK_EQ(nb_maps(), 0);
	/* still stopped, and harmless to touch */
	WDT_CHECK(q.sq == sq);
	WDT_CHECK_EQ(q.sq[0], 0x77);
	registered->queue_stop(&q);
	ring(q.cq_db, q.cq_db_word, 0);

	/* taken, but not started: not taken once more */
	fake.start_errno = EPERM;
	WDT_CHECK_EQ(registered->queue_start(&q), -EPERM);
	fake.start_errno = 0;
	fake.nb_opened = 0;
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	WDT_CHECK_EQ(fake.nb_opened, 0);
	registered->queue_stop(&q);
	fake.open_errno = ENODEV;
	WDT_CHECK_EQ(registered->queue_start(&q), -ENODEV);
	registered->queue_close(&q);
	registered->close(&dev);
	WDT_CHECK_EQ(fake.nb_open, 0);
	return WDT_PASS;
}

WDT_TEST(uacce_queue_restart_fails)
{
	return with_page_sizes(queue_restart_fails);
}

WDT_TEST(uacce_queue_restart_leaks_nothing)
{
	const unsigned int fds = nb_fds();
	struct wd_queue q;
	struct wd_dev dev;
	size_t before = 0;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	registered->queue_stop(&q);
	for (unsigned int i = 0; i < 300; i++) {
		if (i == 10)
			before = nb_pages();
		fake.qn = 1;
		fake.map_errno[i % 2] = ENOMEM;
		WDT_CHECK_EQ(registered->queue_start(&q), -ENOMEM);
		fake.map_errno[i % 2] = 0;
		WDT_CHECK_EQ(registered->queue_start(&q), 0);
		registered->queue_stop(&q);
	}
	WDT_CHECK(nb_pages() < before + 200);
	registered->queue_close(&q);
	registered->close(&dev);
	WDT_CHECK_EQ(nb_fds(), fds);
	WDT_CHECK_EQ(nb_maps(), 0);
	return WDT_PASS;
}

/* The device is pulled out: the kernel takes its memory away, a touch is a SIGBUS. */
WDT_TEST(uacce_queue_device_gone)
{
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	fake_qs[fake.last_fd].state = FAKE_ZOMBIE;
	WDT_CHECK_EQ(ftruncate(fake_qs[fake.last_fd].mem[0], 0), 0);
	WDT_CHECK_EQ(ftruncate(fake_qs[fake.last_fd].mem[1], 0), 0);

	registered->queue_stop(&q);
	/* dead, and nothing that looks like a completion on either pass */
	WDT_CHECK(*q.recv_status != 0 && *q.send_status != 0);
	for (unsigned int i = 0; i < 2 * DEPTH; i++)
		WDT_CHECK_EQ(completions(&q, i), 0);
	ring(q.cq_db, q.cq_db_word, 0);
	WDT_CHECK_EQ(fake.nb_open, 0);
	registered->queue_close(&q);
	registered->close(&dev);
	return WDT_PASS;
}

/* Older kernels do not say of PUT_Q that the device is gone. */
WDT_TEST(uacce_queue_device_gone_unnoticed)
{
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	WDT_CHECK_EQ(ftruncate(fake_qs[fake.last_fd].mem[0], 0), 0);
	WDT_CHECK_EQ(ftruncate(fake_qs[fake.last_fd].mem[1], 0), 0);
	registered->queue_stop(&q);
	WDT_CHECK_EQ(fake.nb_put, 1);
	WDT_CHECK(*q.recv_status != 0 && *q.send_status != 0);
	WDT_CHECK_EQ(completions(&q, 0), 0);
	registered->queue_close(&q);
	registered->close(&dev);
	return WDT_PASS;
}

/* The device must be quiet when stop returns; if PUT_Q does not do it, giving the queue back does. */
WDT_TEST(uacce_queue_put_fails)
{
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	device_complete(fake.last_fd, 0);
	fake.put_errno = EIO;
	registered->queue_stop(&q);
	WDT_CHECK(log_has("PUT_Q"));
	WDT_CHECK_EQ(fake.nb_open, 0);
	WDT_CHECK_EQ(nb_maps(), 0);
	WDT_CHECK_EQ(completions(&q, 0), 1);
	fake.put_errno = 0;
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	registered->queue_close(&q);
	registered->close(&dev);
	WDT_CHECK_EQ(fake.nb_open, 0);
	return WDT_PASS;
}

/* No memory for the private regions: the queue is stopped all the same. */
WDT_TEST(uacce_queue_stop_without_memory)
{
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	fake.anon_errno = ENOMEM;
	registered->queue_stop(&q);
	WDT_CHECK(log_has("doorbells"));
	WDT_CHECK(log_has("rings"));
	WDT_CHECK_EQ(fake.nb_put, 1);
	WDT_CHECK_EQ(fake_qs[fake.last_fd].state, FAKE_INIT);
	*q.sq_db = 0;
	registered->queue_close(&q);
	registered->close(&dev);
	WDT_CHECK_EQ(nb_maps(), 0);
	WDT_CHECK_EQ(fake.nb_open, 0);
	return WDT_PASS;
}

/* Neither PUT_Q nor giving it back: it may run on, and stop says so. */
WDT_TEST(uacce_queue_that_does_not_stop)
{
	struct wd_queue q;
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	WDT_CHECK_EQ(queue_open(&dev, &q), 0);
	WDT_CHECK_EQ(registered->queue_start(&q), 0);
	fake.anon_errno = ENOMEM;
	fake.put_errno = EIO;
	WDT_CHECK_EQ(registered->queue_stop(&q), -EIO);
	WDT_CHECK_EQ(registered->queue_stop(&q), -EIO);
	WDT_CHECK_EQ(fake_qs[fake.last_fd].state, FAKE_STARTED);
	WDT_CHECK_EQ(fake.nb_open, 1);
	WDT_CHECK(registered->queue_start(&q) != 0);
	/* with the memory that giving it back takes */
	fake.anon_errno = 0;
	WDT_CHECK_EQ(registered->queue_stop(&q), 0);
	WDT_CHECK_EQ(fake.nb_open, 0);
	fake.put_errno = 0;
	WDT_CHECK_EQ(registered->queue_start(&q), 0);

	fake.anon_errno = ENOMEM;
	fake.put_errno = EIO;
	registered->queue_close(&q); /* this needs none */
	WDT_CHECK_EQ(fake.nb_open, 0);
	WDT_CHECK_EQ(nb_maps(), 0);
	registered->close(&dev);
	return WDT_PASS;
}

struct lcore {
	struct wd_queue *q;
	bool quit;
};

static void *
lcore_main(void *arg)
{
	struct lcore *lcore = arg;
	struct wd_queue *q = lcore->q;

	while (!__atomic_load_n(&lcore->quit, __ATOMIC_RELAXED)) {
		q->sq[0]++;
		ring(q->sq_db, q->sq_db_word, 1);
		completions(q, 0);
		ring(q->cq_db, q->cq_db_word, 1);
	}
	return NULL;
}

/* The watchdog stops a queue under the hands of an lcore: no address ever goes away. */
WDT_TEST(uacce_queue_stop_under_load)
{
	struct wd_dev dev;

	reset();
	sec_make("hisi_sec2-0");
	WDT_CHECK_EQ(dev_open(&dev, "hisi_sec2-0", ""), 0);
	for (unsigned int i = 0; i < 50; i++) {
		struct wd_queue q;
		struct lcore lcore = { .q = &q };
		pthread_t thread;

		fake.qn = 1;
		WDT_CHECK_EQ(queue_open(&dev, &q), 0);
		WDT_CHECK_EQ(registered->queue_start(&q), 0);
		WDT_CHECK_EQ(pthread_create(&thread, NULL, lcore_main, &lcore), 0);
		usleep(500);
		registered->queue_stop(&q);
		usleep(500);
		__atomic_store_n(&lcore.quit, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		registered->queue_close(&q);
	}
	registered->close(&dev);
	WDT_CHECK_EQ(fake.nb_put, 50);
	return WDT_PASS;
}
