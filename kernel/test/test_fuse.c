/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * A client's page is of a FUSE file whose server does not answer, and the kernel
 * holds the page's lock to write it back: the daemon must not wait for that lock.
 * Server, client and daemon are threads of this program.
 */

#include <linux/fuse.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "emu.h"
#include "fault.h"
#include "ktap.h"

#define DIR_PATH "/tmp/test_fuse"
#define FILE_PATH DIR_PATH "/file"
#define FILE_INO 2
#define BOUND_MS 6000 /* far more than the second for which the daemon may wait */
#define SILENT_MS 20000 /* for which the server does not answer, if nobody tells it to */

static int fuse;
static int daemon_fd;
static struct emu_queue queue;
static uint8_t *page; /* of the file */
static uint8_t *source; /* what the daemon writes there; comes when the test says so */
static atomic_bool queue_started, writing, may_answer, access_done;
static int access_rc;

static bool
wait_for(atomic_bool *flag, int ms)
{
	const int64_t end = now_ms() + ms;

	while (!atomic_load(flag) && now_ms() < end)
		usleep(5000);
	return atomic_load(flag);
}

/* --- the server --- */

static void
reply(uint64_t unique, int error, void *data, size_t len)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + len), .error = error, .unique = unique
	};
	struct iovec iov[] = { { &header, sizeof(header) }, { data, len } };

	if (writev(fuse, iov, len > 0 ? 2 : 1) < 0 && errno != ENOENT)
		ktap_diag("reply: %s", strerror(errno));
}

static struct fuse_attr
attr_of(uint64_t ino)
{
	return (struct fuse_attr){
		.ino = ino,
		.size = ino == FILE_INO ? PAGE : 0,
		.blksize = (uint32_t)PAGE,
		.nlink = 1,
		.mode = ino == FILE_INO ? S_IFREG | 0600 : S_IFDIR | 0755,
	};
}

static void
answer_write(uint64_t unique, const struct fuse_write_in *in)
{
	struct fuse_write_out out = { .size = in->size };

	atomic_store(&writing, true);
	wait_for(&may_answer, SILENT_MS);
	reply(unique, 0, &out, sizeof(out));
}

static void
answer(const struct fuse_in_header *in)
{
	static uint8_t zeros[1 << 16]; /* a page */
	union {
		struct fuse_init_out init;
		struct fuse_entry_out entry;
		struct fuse_attr_out attr;
		struct fuse_open_out open;
	} out;

	memset(&out, 0, sizeof(out));
	switch (in->opcode) {
	case FUSE_INIT:
		out.init.major = FUSE_KERNEL_VERSION;
		out.init.minor = 31;
		out.init.max_write = sizeof(zeros);
		out.init.max_background = 16;
		reply(in->unique, 0, &out, sizeof(out.init));
		break;
	case FUSE_LOOKUP:
		out.entry.nodeid = FILE_INO;
		out.entry.generation = 1;
		out.entry.entry_valid = out.entry.attr_valid = 1000;
		out.entry.attr = attr_of(FILE_INO);
		reply(in->unique, 0, &out, sizeof(out.entry));
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		out.attr.attr_valid = 1000;
		out.attr.attr = attr_of(in->nodeid);
		reply(in->unique, 0, &out, sizeof(out.attr));
		break;
	case FUSE_OPEN:
		reply(in->unique, 0, &out, sizeof(out.open));
		break;
	case FUSE_READ:
		reply(in->unique, 0, zeros, PAGE);
		break;
	case FUSE_WRITE:
		answer_write(in->unique, (const void *)(in + 1));
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_FSYNC:
		reply(in->unique, 0, NULL, 0);
		break;
	default:
		reply(in->unique, -ENOSYS, NULL, 0);
		break;
	}
}

static void *
server_run(void *arg)
{
	static _Alignas(8) uint8_t in[1 << 18];
	ssize_t n;

	(void)arg;
	for (;;) {
		n = read(fuse, in, sizeof(in));
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			answer((const void *)in);
		else if (errno == ENODEV)
			return NULL; /* unmounted */
	}
}

/* Have the kernel write the page back, and forget it: it locks the page for that. */
static void *
invalidate_run(void *arg)
{
	struct fuse_notify_inval_inode_out inval = { .ino = FILE_INO };
	struct fuse_out_header header = { .len = sizeof(header) + sizeof(inval),
		.error = FUSE_NOTIFY_INVAL_INODE };
	struct iovec iov[] = { { &header, sizeof(header) }, { &inval, sizeof(inval) } };

	(void)arg;
	if (writev(fuse, iov, 2) < 0)
		ktap_diag("invalidate: %s", strerror(errno));
	return NULL;
}

/* --- the daemon --- */

static void *
daemon_run(void *arg)
{
	struct wd_emu_access access = {
		.size = sizeof(access),
		.write = 1,
		.addr = (uintptr_t)page,
		.buf = (uintptr_t)source,
		.len = (uint32_t)PAGE,
	};

	(void)arg;
	emu_daemon_event(daemon_fd); /* the start */
	wait_for(&queue_started, SILENT_MS);
	access.qn = queue.qn;
	access_rc = result(ioctl(daemon_fd, WD_EMU_IOC_ACCESS, &access));
	atomic_store(&access_done, true);
	return NULL;
}

/* --- the test --- */

static bool
mount_fuse(void)
{
	char options[128];

	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	mkdir(DIR_PATH, 0700);
	return fuse >= 0 && mount("test_fuse", DIR_PATH, "fuse", 0, options) == 0;
}

/* The daemon has the client's page, and waits for its own: while it does, the page is locked. */
static void
test_locked(int fault_fd)
{
	struct uffdio_zeropage zero = { .range = { .start = (uintptr_t)source, .len = PAGE } };
	struct pollfd pfd = { .fd = fault_fd, .events = POLLIN };
	pthread_t invalidate;
	int64_t start;
	bool done;

	if (!ktap_test(poll(&pfd, 1, SILENT_MS) == 1, "the daemon writes to the page"))
		return;
	pthread_create(&invalidate, NULL, invalidate_run, NULL);
	ktap_test(wait_for(&writing, SILENT_MS), "the page is being written back, and locked");
	start = now_ms();
	ioctl(fault_fd, UFFDIO_ZEROPAGE, &zero);
	done = wait_for(&access_done, BOUND_MS);
	ktap_test(done, "the daemon goes on while the server is silent, after %ld ms",
			(long)(now_ms() - start));
	ktap_test(!done || access_rc == -ETIMEDOUT, "as the page did not come in time: %d",
			access_rc);
	atomic_store(&may_answer, true);
	pthread_join(invalidate, NULL);
}

static void
test_fuse(void)
{
	const int fd = open(FILE_PATH, O_RDWR | O_CLOEXEC);
	struct emu_daemon d;
	pthread_t daemon;
	int fault_fd, rc;

	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!ktap_test(page != MAP_FAILED, "a page of a file of FUSE"))
		return;
	*(volatile uint8_t *)page = 1; /* there, and to be written back */
	source = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fault_fd = userfault_open(source, PAGE);
	daemon_fd = emu_attach(&d, "wd_fuse", UACCE_FLAG_SVA, 1);
	if (!ktap_test(fault_fd >= 0 && daemon_fd >= 0, "userfaultfd, and a device: %d", daemon_fd))
		return;
	pthread_create(&daemon, NULL, daemon_run, NULL);
	rc = emu_queue_start(&d, &queue);
	atomic_store(&queue_started, true);
	if (ktap_test(rc == 0, "a queue: %d", rc))
		test_locked(fault_fd);
	atomic_store(&may_answer, true);
	close(fault_fd);
	pthread_join(daemon, NULL);
	emu_queue_close(&d, &queue);
	close(daemon_fd);
	munmap(page, PAGE);
	close(fd);
}

int
main(void)
{
	pthread_t server;

	if (!mount_fuse())
		return ktap_skip_all("no FUSE in this kernel");
	ktap_start(0);
	pthread_create(&server, NULL, server_run, NULL);
	test_fuse();
	ktap_test(umount(DIR_PATH) == 0, "unmounted");
	pthread_join(server, NULL);
	close(fuse);
	return ktap_finish();
}
