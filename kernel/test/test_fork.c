/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * A queue is its opener's: a child after fork() or exec(), and who was sent the
 * file descriptor, cannot use it, and sees neither rings nor memory.
 */

#include <poll.h>
#include <sys/socket.h>

#include "emu.h"
#include "ktap.h"
#include "pins.h"

static struct emu_daemon d;
static struct emu_queue q;
static uint8_t *huge;

/* Every way to use the queue; 0 when all are refused, else the number of the first that is not. */
static int
all_refused(int fd)
{
	struct uacce_qp_ctx ctx = { 0 };
	struct uacce_qp_info info;
	struct wd_info wd_info = { .size = sizeof(wd_info) };
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char byte;

	if (queue_call(fd, UACCE_IOC_START_Q, NULL) != -EPERM)
		return 1;
	if (queue_call(fd, UACCE_IOC_PUT_Q, NULL) != -EPERM)
		return 2;
	if (queue_call(fd, UACCE_IOC_QP_CTX, &ctx) != -EPERM)
		return 3;
	if (queue_call(fd, UACCE_IOC_QP_INFO, &info) != -EPERM)
		return 4;
	if (queue_call(fd, WD_IOC_INFO, &wd_info) != -EPERM)
		return 5;
	if (mem_register(fd, (void *)HUGE_SIZE, HUGE_SIZE) != -EPERM)
		return 6;
	if (mem_unregister(fd, (void *)HUGE_SIZE, HUGE_SIZE) != -EPERM)
		return 7;
	if (queue_map(fd, UACCE_REGION_MMIO, d.mmio_size) != NULL || errno != EPERM)
		return 8;
	if (queue_map(fd, UACCE_REGION_DUS, d.dus_size) != NULL || errno != EPERM)
		return 9;
	if (poll(&pollfd, 1, 0) != 1 || (pollfd.revents & POLLERR) == 0)
		return 10;
	if (read(fd, &byte, 1) >= 0 || write(fd, &byte, 1) >= 0)
		return 11;
	return 0;
}

static bool
is_mapped(const void *va)
{
	unsigned char vec[1];

	return mincore((void *)((uintptr_t)va & ~(PAGE - 1)), 1, vec) == 0;
}

static int
child_uses(void *arg)
{
	(void)arg;
	return all_refused(q.fd);
}

static int
child_sees(void *arg)
{
	(void)arg;
	return is_mapped(q.mmio) || is_mapped(q.dus) || is_mapped(huge);
}

static int
child_touches(void *arg)
{
	return *(volatile uint8_t *)arg;
}

static int
child_maps_in_place(void *arg)
{
	const void *va = mmap(q.dus, d.dus_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			q.fd, (off_t)PAGE);

	(void)arg;
	return va == MAP_FAILED && errno == EPERM ? 0 : 1;
}

static int
child_execs(void *arg)
{
	char fd[16], mmio[32], dus[32];

	(void)arg;
	snprintf(fd, sizeof(fd), "%d", q.fd);
	snprintf(mmio, sizeof(mmio), "%zu", d.mmio_size);
	snprintf(dus, sizeof(dus), "%zu", d.dus_size);
	if (fcntl(q.fd, F_SETFD, 0) != 0)
		return 100;
	execl("/proc/self/exe", "test_fork", fd, mmio, dus, (char *)NULL);
	return 101;
}

static int
fd_send(int sock, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static int
fd_receive(int sock)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static int
child_receives(void *arg)
{
	const int fd = fd_receive(*(int *)arg);

	return fd < 0 ? 100 : all_refused(fd);
}

static void
test_sent(void)
{
	int sockets[2], status;
	pid_t pid;

	if (!ktap_test(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0, "sockets"))
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(q.fd); /* that it inherited */
		_exit(child_receives(&sockets[1]));
	}
	ktap_test(fd_send(sockets[0], q.fd) == 0, "descriptor sent to another process");
	waitpid(pid, &status, 0);
	ktap_test(WIFEXITED(status) && WEXITSTATUS(status) == 0, "which cannot use it: %d",
			WEXITSTATUS(status));
	close(sockets[0]);
	close(sockets[1]);
}

static bool
works(void)
{
	struct uacce_qp_ctx ctx = { 0 };

	huge[0] = 0;
	return queue_call(q.fd, UACCE_IOC_QP_CTX, &ctx) == 0 && ctx.id == q.qn &&
			emu_write(&d, q.qn, huge, 64, 0x5c) == 0 && huge[0] == 0x5c &&
			emu_send_status(&d, &q) == 0;
}

/* With a page that is shared with the child no longer, fork() would need another one for it. */
static void
test_empty_pool(void)
{
	uint8_t *private = mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	void *all[4096];
	unsigned int nb = 0;

	madvise(private, HUGE_SIZE, MADV_DONTFORK);
	memset(private, 0x3d, HUGE_SIZE);
	ktap_test(mem_register(q.fd, private, HUGE_SIZE) == 0, "a private hugepage registered");
	while (nb < sizeof(all) / sizeof(all[0]) && (all[nb] = huge_alloc(1)) != NULL)
		nb++;
	ktap_test(nb > 0 && huge_alloc(1) == NULL, "the pool is empty, after %u", nb);
	ktap_test(in_child(child_uses, NULL) == 0, "fork works with an empty pool");
	ktap_test(emu_read(&d, q.qn, private, 4096, 0x3d) == 0 && private[0] == 0x3d,
			"and the page is still the parent's");
	while (nb > 0)
		munmap(all[--nb], HUGE_SIZE);
	mem_unregister(q.fd, private, HUGE_SIZE);
	munmap(private, HUGE_SIZE);
}

/* The child opens its own queue, which works, and reaches nothing of the parent's. */
static int
child_has_own(void *arg)
{
	struct emu_queue own;

	(void)arg;
	if (emu_queue_start(&d, &own) != 0)
		return 1;
	if (own.qn == q.qn)
		return 2;
	if (emu_read(&d, own.qn, huge, 64, 0) != -EFAULT)
		return 3;
	if (mem_register(own.fd, huge, HUGE_SIZE) != -EFAULT)
		return 4;
	return 0;
}

static int
child_dofork(void *arg)
{
	(void)arg;
	return *(volatile uint8_t *)q.mmio;
}

/* --- exec() of the opener itself --- */

/* Has a queue and a registered hugepage, and becomes another program. */
static int
opener_execs(void *arg)
{
	char fd[16], mmio[32], dus[32], pins[32];
	struct emu_queue own;
	uint8_t *page = huge_alloc(1);

	(void)arg;
	snprintf(pins, sizeof(pins), "%ld", pins_now());
	if (emu_queue_start(&d, &own) != 0 || mem_register(own.fd, page, HUGE_SIZE) != 0 ||
			emu_write(&d, own.qn, page, 64, 0x7a) != 0 || page[0] != 0x7a)
		return 100;
	snprintf(fd, sizeof(fd), "%d", own.fd);
	snprintf(mmio, sizeof(mmio), "%zu", d.mmio_size);
	snprintf(dus, sizeof(dus), "%zu", d.dus_size);
	if (fcntl(own.fd, F_SETFD, 0) != 0)
		return 101;
	execl("/proc/self/exe", "test_fork", fd, mmio, dus, pins, (char *)NULL);
	return 102;
}

static bool
pins_become(long pins)
{
	for (unsigned int i = 0; i < 1000 && pins_now() != pins; i++)
		usleep(10000);
	return pins_now() == pins;
}

/* After that: the queue is refused, and what it has pinned stays until it is closed. */
static int
opener_after_exec(int fd, long pins)
{
	const int rc = all_refused(fd);

	if (rc != 0)
		return rc;
	if (pins_now() != pins + 1)
		return 50;
	close(fd);
	return pins_become(pins) ? 0 : 51;
}

int
main(int argc, char **argv)
{
	int rc;

	if (argc >= 4) { /* after exec() */
		d.mmio_size = strtoul(argv[2], NULL, 0);
		d.dus_size = strtoul(argv[3], NULL, 0);
		return argc == 4 ? all_refused(atoi(argv[1])) :
				   opener_after_exec(atoi(argv[1]), atol(argv[4]));
	}
	ktap_start(0);
	rc = emu_daemon_start(&d, "wd_test", 0, 4);
	ktap_test(rc == 0, "a device: %d", rc);
	rc = emu_queue_start(&d, &q);
	huge = huge_alloc(1);
	if (!ktap_test(rc == 0 && huge != NULL && mem_register(q.fd, huge, HUGE_SIZE) == 0,
			    "a queue and a hugepage: %d", rc))
		return ktap_finish();
	ktap_test(works(), "they work");

	rc = in_child(child_uses, NULL);
	ktap_test(rc == 0, "fork: every call of the child is refused: %d", rc);
	ktap_test(in_child(child_sees, NULL) == 0, "fork: nothing is mapped in the child");
	ktap_test(in_child(child_touches, q.mmio) == -1, "fork: no doorbells in the child");
	ktap_test(in_child(child_touches, q.dus) == -1, "fork: no rings in the child");
	ktap_test(in_child(child_touches, huge) == -1, "fork: no registered memory in the child");
	ktap_test(in_child(child_maps_in_place, NULL) == 0,
			"fork: the child cannot map them in their place");
	ktap_test(madvise(q.mmio, d.mmio_size, MADV_DOFORK) != 0,
			"MADV_DOFORK of doorbells is refused");
	ktap_test(in_child(child_dofork, NULL) == -1, "and does not make a child see them");
	rc = in_child(child_execs, NULL);
	ktap_test(rc == 0, "fork and exec: every call is refused: %d", rc);
	rc = in_child(opener_execs, NULL);
	ktap_test(rc == 0, "exec of the opener: refused, and unpinned by close(): %d", rc);
	test_sent();
	rc = in_child(child_has_own, NULL);
	ktap_test(rc == 0, "the child can open a queue of its own: %d", rc);
	test_empty_pool();
	ktap_test(works(), "the parent's queue and memory work after all that");
	emu_queue_close(&d, &q);
	munmap(huge, HUGE_SIZE);
	emu_daemon_kill(&d);
	return ktap_finish();
}
