/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#ifndef IO_H
#define IO_H

/*
 * Input and output: files, or standard input and output. An output file gets its
 * name when it is complete and on the disk, until then it is NAME.partial.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "chain.h"

/* What to do while the input has nothing: look again, wait for it, or give up. */
enum io_wait {
	IO_WAIT_AGAIN,
	IO_WAIT_BLOCK,
	IO_WAIT_STOP,
};

struct io_input {
	const char *name; /* for messages */
	int fd;
	uint64_t size; /* 0: not known */
	bool is_file;
	uint8_t ahead; /* a byte read to see whether there is one */
	bool has_ahead;
	enum io_wait (*work)(void *ctx); /* NULL: wait */
	void *work_ctx;
};

struct io_output {
	const char *name;
	char *partial; /* NULL: written in place, a pipe or a device */
	int fd; /* -1: nothing is written */
};

/*
 * Once there is a file that would have to be removed, signals are caught (stop.h). What
 * waits then ends: that is a failure without a complaint of its own.
 */

/* A sentence to standard error. */
void io_complain(const char *format, ...) __rte_format_printf(1, 2);

/* All return 0, or -1 after a complaint; name "-" is standard input. */
int io_input_open(struct io_input *in, const char *name);
void io_input_close(struct io_input *in);

/* Bytes read, fewer than len at the end of the input only; -1 after a complaint or to stop. */
int64_t io_read(struct io_input *in, void *to, uint32_t len);
int64_t io_read_chain(struct io_input *in, struct chain *to, uint32_t len);

/* 1: the input is at its end, 0: it is not, -1 after a complaint. */
int io_at_end(struct io_input *in);

/* Name "-" is stdout_fd, NULL writes nothing. */
int io_output_open(struct io_output *out, const char *name, int stdout_fd);
int io_write(struct io_output *out, const void *from, uint32_t len);
int io_write_chain(struct io_output *out, const struct chain *from, uint32_t len);

/* Gives a file its name; io_output_abort() removes it instead. */
int io_output_commit(struct io_output *out);
void io_output_abort(struct io_output *out);

#endif
