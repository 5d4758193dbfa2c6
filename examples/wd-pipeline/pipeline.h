/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#ifndef PIPELINE_H
#define PIPELINE_H

/*
 * Chunks on their way through both devices, from one lcore that never waits for
 * either. Chunk n has place n % depth; each is in one of these states:
 *
 *     store:    read -> COMPRESS -> CRYPT    -> DONE -> written
 *     restore:  read -> CRYPT    -> COMPRESS -> DONE -> written
 *
 * COMPRESS is left out for what is stored plain. Devices may finish in any order;
 * reading and writing are in order. A chunk that fails becomes BAD, nothing more is
 * read, and the chunks before it are still written: so the first bad one is named.
 */

#include <stdbool.h>
#include <stdint.h>

#include "container.h"
#include "io.h"

enum pipeline_mode {
	PIPELINE_STORE,
	PIPELINE_RESTORE,
	PIPELINE_VERIFY,
};

struct pipeline_conf {
	enum pipeline_mode mode;
	const char *comp_name; /* NULL: the first device */
	const char *crypto_name; /* NULL: the first device */
	struct container_file file;
	uint8_t file_head[CONTAINER_FILE_SIZE];
	const uint8_t *key; /* not needed any more once pipeline_run() returns */
	uint16_t depth;
	bool progress;
	struct io_input *in;
	struct io_output *out;
};

/* 0, or -1 after a complaint or a signal. The file header is read or written by the caller. */
int pipeline_run(const struct pipeline_conf *conf);

#endif
