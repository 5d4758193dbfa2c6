/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Stores a file compressed and encrypted, and restores it, with any compressdev and
 * any cryptodev. See README.md.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "container.h"
#include "device.h"
#include "io.h"
#include "pipeline.h"
#include "stop.h"

#define KEY_VARIABLE "WD_PIPELINE_KEY"
#define KEY_TEXT_MAX (2 * CONTAINER_KEY_MAX)

struct options {
	enum pipeline_mode mode;
	const char *comp_name;
	const char *crypto_name;
	const char *key_file;
	enum container_cipher cipher;
	uint32_t chunk_size;
	uint16_t depth;
	const char *input;
	const char *output; /* NULL: verify */
};

static void
usage(const char *program)
{
	fprintf(stderr,
			"\nusage: %s [EAL options] -- store|restore [options] INPUT OUTPUT\n"
			"       %s [EAL options] -- verify [options] INPUT\n\n"
			"INPUT and OUTPUT may be -, standard input and output.\n\n"
			"  --key-file FILE   32 bytes for aes-256-gcm, 64 for aes-256-xts, raw or hex;\n"
			"                    without it, hex from the environment: " KEY_VARIABLE
			"\n"
			"  --compress DEV    compressdev, default: the first\n"
			"  --crypto DEV      cryptodev, default: the first\n"
			"  --depth N         chunks in flight, 1 to %u, default 32\n"
			"store only:\n"
			"  --cipher NAME     aes-256-gcm (default) or aes-256-xts\n"
			"  --chunk KIB       1 to 1024, default 64\n",
			program, program, DEVICE_DEPTH_MAX);
}

/* ---- options ---- */

static int
number_parse(const char *name, const char *text, unsigned int max, unsigned int *value)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && number >= 1 && number <= max) {
		*value = (unsigned int)number;
		return 0;
	}
	io_complain("%s takes a number from 1 to %u, not '%s'", name, max, text);
	return -1;
}

static int
cipher_parse(const char *text, enum container_cipher *cipher)
{
	for (*cipher = CONTAINER_GCM; *cipher <= CONTAINER_XTS; (*cipher)++) {
		if (strcmp(text, container_cipher_name(*cipher)) == 0)
			return 0;
	}
	io_complain("there is no cipher '%s', only aes-256-gcm and aes-256-xts", text);
	return -1;
}

static int
mode_parse(const char *text, enum pipeline_mode *mode)
{
	static const char *const names[] = { [PIPELINE_STORE] = "store",
		[PIPELINE_RESTORE] = "restore",
		[PIPELINE_VERIFY] = "verify" };

	for (unsigned int i = 0; text != NULL && i < RTE_DIM(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*mode = i;
			return 0;
		}
	}
	io_complain("say what to do: store, restore or verify");
	return -1;
}

static int
option_take(struct options *o, int which, const char *text)
{
	unsigned int value;

	switch (which) {
	case 'c':
		o->comp_name = text;
		return 0;
	case 'e':
		o->crypto_name = text;
		return 0;
	case 'k':
		o->key_file = text;
		return 0;
	case 'a':
		return cipher_parse(text, &o->cipher);
	case 's':
		if (number_parse("--chunk", text, CONTAINER_CHUNK_MAX / 1024, &value) != 0)
			return -1;
		o->chunk_size = value * 1024;
		return 0;
	case 'd':
		if (number_parse("--depth", text, DEVICE_DEPTH_MAX, &value) != 0)
			return -1;
		o->depth = (uint16_t)value;
		return 0;
	default:
		return -1; /* getopt complained */
	}
}

static int
options_parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "compress", required_argument, NULL, 'c' },
		{ "crypto", required_argument, NULL, 'e' },
		{ "cipher", required_argument, NULL, 'a' },
		{ "chunk", required_argument, NULL, 's' },
		{ "depth", required_argument, NULL, 'd' },
		{ "key-file", required_argument, NULL, 'k' },
		{ 0 },
	};
	int which, nb;

	*o = (struct options){ .cipher = CONTAINER_GCM, .chunk_size = 64 * 1024, .depth = 32 };
	if (mode_parse(argc > 1 ? argv[1] : NULL, &o->mode) != 0)
		return -1;
	argc--;
	argv++;
	argv[0] = "wd-pipeline";
	optind = 0; /* EAL used getopt, too */
	while ((which = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option_take(o, which, optarg) != 0)
			return -1;
	}
	nb = o->mode == PIPELINE_VERIFY ? 1 : 2;
	if (argc - optind != nb) {
		io_complain("%s", nb == 1 ? "verify takes INPUT" : "give INPUT and OUTPUT");
		return -1;
	}
	o->input = argv[optind];
	o->output = nb == 2 ? argv[optind + 1] : NULL;
	return 0;
}

/* ---- key ---- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes of key, 0 when the text is not hex. */
static unsigned int
hex_decode(const char *text, size_t len, uint8_t *key)
{
	if (len % 2 != 0 || len / 2 > CONTAINER_KEY_MAX)
		return 0;
	for (size_t i = 0; i < len / 2; i++) {
		const int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		key[i] = (uint8_t)(high << 4 | low);
	}
	return (unsigned int)(len / 2);
}

static unsigned int
key_from_text(const char *text, size_t len, uint8_t *key)
{
	size_t hex_len = len;
	unsigned int size;

	while (hex_len > 0 && (text[hex_len - 1] == '\n' || text[hex_len - 1] == '\r'))
		hex_len--;
	size = hex_decode(text, hex_len, key);
	if (size == 0 && (len == 32 || len == 64)) {
		memcpy(key, text, len);
		size = (unsigned int)len;
	}
	return size;
}

static int
key_from_file(const char *name, uint8_t *key, unsigned int *size)
{
	char text[KEY_TEXT_MAX + 3]; /* a line end, and one more to see what is too long */
	const int fd = open(name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = -1;

	if (fd >= 0) {
		while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) > 0)
			len += (size_t)n;
		close(fd);
	}
	if (n < 0)
		io_complain("cannot read the key file %s: %s", name, strerror(errno));
	else
		*size = key_from_text(text, len, key);
	explicit_bzero(text, sizeof(text));
	return n < 0 ? -1 : 0;
}

static int
key_read(const struct options *o, uint8_t *key, unsigned int *size)
{
	char *text = getenv(KEY_VARIABLE);

	if (o->key_file != NULL)
		return key_from_file(o->key_file, key, size);
	if (text == NULL) {
		io_complain("there is no key, give --key-file or set " KEY_VARIABLE);
		return -1;
	}
	*size = hex_decode(text, strlen(text), key);
	explicit_bzero(text, strlen(text));
	return 0;
}

static int
key_check(enum container_cipher cipher, const uint8_t *key, unsigned int size)
{
	const unsigned int want = container_key_size(cipher);

	if (size != want) {
		io_complain("%s takes a key of %u bytes, raw or as %u hex digits",
				container_cipher_name(cipher), want, 2 * want);
		return -1;
	}
	if (cipher == CONTAINER_XTS && memcmp(key, key + 32, 32) == 0) {
		io_complain("the halves of an aes-256-xts key must differ");
		return -1;
	}
	return 0;
}

/* ---- the run ---- */

static int
file_head_read(struct pipeline_conf *conf)
{
	const int64_t n = io_read(conf->in, conf->file_head, CONTAINER_FILE_SIZE);
	const char *why;

	if (n < 0)
		return -1;
	why = n < CONTAINER_FILE_SIZE ? "the container ends within the file header" :
					container_file_unpack(&conf->file, conf->file_head);
	if (why == NULL)
		return 0;
	io_complain("%s: %s", conf->in->name, why);
	return -1;
}

static int
file_head_write(struct pipeline_conf *conf)
{
	if (getrandom(conf->file.nonce, sizeof(conf->file.nonce), 0) !=
			(ssize_t)sizeof(conf->file.nonce)) {
		io_complain("no random numbers: %s", strerror(errno));
		return -1;
	}
	container_file_pack(&conf->file, conf->file_head);
	return io_write(conf->out, conf->file_head, CONTAINER_FILE_SIZE);
}

static int
transfer(struct pipeline_conf *conf, const struct options *o, int stdout_fd, unsigned int key_size)
{
	const bool store = o->mode == PIPELINE_STORE;
	int rc;

	if (!store && file_head_read(conf) != 0)
		return -1;
	if (key_check(conf->file.cipher, conf->key, key_size) != 0 ||
			io_output_open(conf->out, o->output, stdout_fd) != 0)
		return -1;
	rc = store ? file_head_write(conf) : 0;
	if (rc == 0)
		rc = pipeline_run(conf);
	if (rc == 0)
		return io_output_commit(conf->out);
	io_output_abort(conf->out);
	return rc;
}

static int
program(const struct options *o, int stdout_fd)
{
	uint8_t key[CONTAINER_KEY_MAX];
	struct io_output out;
	struct io_input in;
	struct pipeline_conf conf = {
		.mode = o->mode,
		.comp_name = o->comp_name,
		.crypto_name = o->crypto_name,
		.file = { .cipher = o->cipher, .chunk_size = o->chunk_size },
		.key = key,
		.depth = o->depth,
		.progress = isatty(STDERR_FILENO) == 1,
		.in = &in,
		.out = &out,
	};
	unsigned int key_size = 0;
	int rc = key_read(o, key, &key_size);

	if (rc == 0)
		rc = io_input_open(&in, o->input);
	if (rc == 0) {
		rc = transfer(&conf, o, stdout_fd, key_size);
		io_input_close(&in);
		if (rc != 0 && stop_asked())
			io_complain("stopped by a signal");
	}
	explicit_bzero(key, sizeof(key));
	return rc;
}

/*
 * Standard output is for data: what a library prints there goes to standard error.
 * Returns where the data goes.
 */
static int
stdout_keep(void)
{
	const int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	dup2(STDERR_FILENO, STDOUT_FILENO);
	return fd;
}

int
main(int argc, char **argv)
{
	const int stdout_fd = stdout_keep();
	struct options o;
	int used, rc;

	rte_set_application_usage_hook(usage);
	used = rte_eal_init(argc, argv);
	if (used < 0) {
		io_complain("EAL does not start");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	if (options_parse(&o, argc - used, argv + used) != 0) {
		usage("wd-pipeline");
		rc = 2;
	} else {
		rc = program(&o, stdout_fd) == 0 ? 0 : 1;
	}
	rte_eal_cleanup();
	return rc;
}
