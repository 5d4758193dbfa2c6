/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "stop.h"

void
io_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (isatty(STDERR_FILENO) == 1)
		fputs("\r\033[K", stderr); /* over the progress */
	fputs("wd-pipeline: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* ---- input ---- */

int
io_input_open(struct io_input *in, const char *name)
{
	struct stat st;

	memset(in, 0, sizeof(*in));
	in->name = name;
	if (strcmp(name, "-") == 0) {
		in->name = "standard input";
		in->fd = STDIN_FILENO;
	} else {
		in->fd = open(name, O_RDONLY | O_CLOEXEC);
	}
	if (in->fd < 0 || fstat(in->fd, &st) != 0) {
		io_complain("cannot open %s: %s", in->name, strerror(errno));
		return -1;
	}
	in->is_file = S_ISREG(st.st_mode);
	if (in->is_file)
		in->size = (uint64_t)st.st_size;
	return 0;
}

void
io_input_close(struct io_input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
}

/* Whether a read returns at once: at the end of the input, too. */
static bool
is_ready(const struct io_input *in)
{
	struct pollfd pollfd = { .fd = in->fd, .events = POLLIN };

	return in->is_file || poll(&pollfd, 1, 0) != 0;
}

/* Lets others work until there is something to read; -1: give up. */
static int
wait_ready(const struct io_input *in)
{
	enum io_wait wait = IO_WAIT_AGAIN;

	while (in->work != NULL && wait == IO_WAIT_AGAIN && !is_ready(in))
		wait = in->work(in->work_ctx);
	if (wait == IO_WAIT_STOP || stop_asked())
		return -1;
	return in->is_file || stop_wait(in->fd, POLLIN) ? 0 : -1;
}

int64_t
io_read(struct io_input *in, void *to, uint32_t len)
{
	uint8_t *data = to;
	uint32_t done = 0;

	if (in->has_ahead && len > 0) {
		data[done++] = in->ahead;
		in->has_ahead = false;
	}
	while (done < len) {
		ssize_t n;

		if (wait_ready(in) != 0)
			return -1;
		n = read(in->fd, data + done, len - done);
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			io_complain("cannot read %s: %s", in->name, strerror(errno));
			return -1;
		}
		done += (uint32_t)n;
	}
	return done;
}

int64_t
io_read_chain(struct io_input *in, struct chain *to, uint32_t len)
{
	uint32_t done = 0;

	while (done < len) {
		uint32_t part;
		uint8_t *piece = chain_piece(to, done, &part);
		int64_t n;

		part = RTE_MIN(part, len - done);
		n = io_read(in, piece, part);
		if (n < 0)
			return -1;
		done += (uint32_t)n;
		if (n < part)
			break;
	}
	return done;
}

int
io_at_end(struct io_input *in)
{
	const int64_t n = io_read(in, &in->ahead, 1);

	if (n < 0)
		return -1;
	in->has_ahead = n == 1;
	return n == 0;
}

/* ---- output ---- */

static int
open_partial(struct io_output *out)
{
	if (asprintf(&out->partial, "%s.partial", out->name) < 0) {
		out->partial = NULL;
		io_complain("no memory");
		return -1;
	}
	/* from here on there is something to remove */
	if (stop_catch() != 0) {
		io_complain("cannot catch signals: %s", strerror(errno));
		goto fail;
	}
	out->fd = open(out->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (out->fd >= 0)
		return 0;
	io_complain("cannot create %s: %s", out->partial, strerror(errno));
fail:
	free(out->partial);
	out->partial = NULL;
	return -1;
}

int
io_output_open(struct io_output *out, const char *name, int stdout_fd)
{
	struct stat st;

	memset(out, 0, sizeof(*out));
	out->name = name;
	out->fd = -1;
	if (name == NULL)
		return 0;
	if (strcmp(name, "-") == 0) {
		out->name = "standard output";
		out->fd = stdout_fd;
		return 0;
	}
	/* a pipe or /dev/null stays what it is */
	if (stat(name, &st) != 0 || S_ISREG(st.st_mode))
		return open_partial(out);
	out->fd = open(name, O_WRONLY | O_CLOEXEC);
	if (out->fd >= 0)
		return 0;
	io_complain("cannot open %s: %s", name, strerror(errno));
	return -1;
}

int
io_write(struct io_output *out, const void *from, uint32_t len)
{
	const uint8_t *data = from;

	if (out->fd < 0)
		return 0;
	while (len > 0) {
		const ssize_t n = write(out->fd, data, len);

		if (n < 0 && errno == EINTR && !stop_asked())
			continue;
		if (n < 0) {
			io_complain("cannot write %s: %s",
					out->partial != NULL ? out->partial : out->name,
					strerror(errno));
			return -1;
		}
		data += n;
		len -= (uint32_t)n;
	}
	return 0;
}

int
io_write_chain(struct io_output *out, const struct chain *from, uint32_t len)
{
	uint32_t done = 0;

	while (done < len) {
		uint32_t part;
		const uint8_t *piece = chain_piece(from, done, &part);

		part = RTE_MIN(part, len - done);
		if (io_write(out, piece, part) != 0)
			return -1;
		done += part;
	}
	return 0;
}

/* The new name is in the directory: that has to reach the disk, too. */
static int
sync_directory(const char *name)
{
	char *copy = strdup(name);
	int fd, rc = -1;

	if (copy == NULL)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		rc = fsync(fd);
		close(fd);
	}
	free(copy);
	return rc;
}

int
io_output_commit(struct io_output *out)
{
	int rc = 0;

	if (out->fd < 0)
		return 0;
	if (out->partial != NULL)
		rc = fsync(out->fd);
	if (close(out->fd) != 0)
		rc = -1;
	out->fd = -1;
	if (rc == 0 && out->partial != NULL)
		rc = rename(out->partial, out->name);
	if (rc != 0) {
		io_complain("cannot complete %s: %s", out->name, strerror(errno));
		io_output_abort(out);
		return -1;
	}
	if (out->partial != NULL && sync_directory(out->name) != 0)
		io_complain("%s is complete, but its name may not survive a power cut: %s",
				out->name, strerror(errno));
	free(out->partial);
	out->partial = NULL;
	return 0;
}

void
io_output_abort(struct io_output *out)
{
	if (out->fd >= 0)
		close(out->fd);
	out->fd = -1;
	if (out->partial != NULL)
		unlink(out->partial);
	free(out->partial);
	out->partial = NULL;
}
