/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wdt_process.h"

#define ROLE_VARIABLE "WD_TEST_ROLE"
#define WRAPPER_VARIABLE                                                                           \
	"MESON_EXE_WRAPPER" /* what runs programs for another CPU, see meson's manual */
#define MAX_ARGS 64
#define TIME_LIMIT_S 300

static char output[1 << 16];
static char own_args[4096]; /* /proc/self/cmdline: strings, one after the other */

bool
wdt_role_is(const char *role)
{
	const char *mine = getenv(ROLE_VARIABLE);

	return mine != NULL && strcmp(mine, role) == 0;
}

bool
wdt_role_is_none(void)
{
	return getenv(ROLE_VARIABLE) == NULL;
}

const char *
wdt_process_output(void)
{
	return output;
}

/* The program itself: by the emulator that runs this one, where there is one. */
static int
add_program(char **argv)
{
	const char *wrapper = getenv(WRAPPER_VARIABLE);
	static char path[PATH_MAX];
	ssize_t len;

	if (wrapper == NULL || *wrapper == '\0') {
		argv[0] = (char *)(uintptr_t) "test-wd";
		return 1;
	}
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	argv[0] = (char *)(uintptr_t)wrapper;
	argv[1] = path;
	return 2;
}

/* Adds this process's -d options; returns the new count. */
static int
add_drivers(char **argv, int argc)
{
	const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	const ssize_t len = fd < 0 ? 0 : read(fd, own_args, sizeof(own_args) - 1);
	bool follows = false;

	if (fd >= 0)
		close(fd);
	for (char *arg = own_args; arg < own_args + len && argc < MAX_ARGS - 4;
			arg += strlen(arg) + 1) {
		if (strcmp(arg, "--") == 0)
			break;
		if (follows || strcmp(arg, "-d") == 0)
			argv[argc++] = arg;
		follows = !follows && strcmp(arg, "-d") == 0;
	}
	return argc;
}

static void
start(char **argv, int out)
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	alarm(TIME_LIMIT_S); /* outlives exec */
	execv(getenv(WRAPPER_VARIABLE) != NULL ? argv[0] : "/proc/self/exe", argv);
	_exit(127);
}

static void
collect(int in)
{
	size_t len = 0;
	char *save = NULL, copy[sizeof(output)];
	ssize_t n;

	while (len < sizeof(output) - 1) {
		n = read(in, output + len, sizeof(output) - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	output[len] = '\0';
	memcpy(copy, output, len + 1);
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
			line = strtok_r(NULL, "\n", &save))
		printf("#   %s\n", line);
}

int
wdt_process_run(const char *eal_options, const char *role, const char *test)
{
	char *argv[MAX_ARGS + 1] = { NULL }, *save = NULL, options[1024], name[128];
	int fds[2], status = -1, argc;
	pid_t pid;

	snprintf(options, sizeof(options), "%s", eal_options);
	snprintf(name, sizeof(name), "%s", test);
	argc = add_program(argv);
	for (char *o = strtok_r(options, " ", &save); o != NULL && argc < MAX_ARGS / 2;
			o = strtok_r(NULL, " ", &save))
		argv[argc++] = o;
	argc = add_drivers(argv, argc);
	argv[argc++] = (char *)(uintptr_t) "--";
	argv[argc++] = name;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	fflush(stdout);
	setenv(ROLE_VARIABLE, role, 1);
	pid = fork();
	if (pid == 0)
		start(argv, fds[1]);
	unsetenv(ROLE_VARIABLE);
	close(fds[1]);
	if (pid > 0) {
		collect(fds[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
	return pid > 0 ? status : -1;
}

int
wdt_no_calls_from_here(void)
{
	struct sock_filter kill[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS) };
	struct sock_fprog program = { .len = 1, .filter = kill };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno;
}
