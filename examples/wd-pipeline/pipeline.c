/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "chain.h"
#include "device.h"
#include "pipeline.h"
#include "stop.h"

#define STALL_SECONDS 30
#define MB 1e6

enum chunk_state {
	CHUNK_FREE,
	CHUNK_COMPRESS,
	CHUNK_CRYPT,
	CHUNK_DONE,
	CHUNK_BAD,
};

struct chunk {
	enum chunk_state state;
	const char *why; /* BAD: what is wrong, NULL when the complaint was made */
	struct container_chunk head;
	struct chain in; /* what was read */
	struct chain out; /* what the compression device makes of it */
	struct chain *chain; /* where the data is now: one of the two */
	struct rte_comp_op *comp_op;
	struct rte_crypto_op *crypto_op;
};

struct pipeline {
	const struct pipeline_conf *conf;
	struct device_comp comp;
	struct device_crypto crypto;
	struct rte_mempool *mbufs;
	struct chunk *chunks;
	uint64_t nb_read; /* chunks; the next one's number */
	uint64_t nb_written;
	bool read_all; /* the final chunk was read, or reading ended badly */
	bool failed;
	bool crypto_worked; /* at least once */
	uint64_t plain_bytes;
	uint64_t stored_bytes;
	uint64_t start;
	uint64_t last_move;
	uint64_t last_shown;
};

static struct chunk *
chunk_at(const struct pipeline *p, uint64_t number)
{
	return &p->chunks[number % p->conf->depth];
}

static void
chunk_bad(struct chunk *chunk, const char *why)
{
	chunk->state = CHUNK_BAD;
	chunk->why = why;
}

/*
 * ---- stages ----
 *
 * What begins a stage hands the chunk to a device, what is named for its end gets
 * it back.
 */

static void
compress_begin(struct pipeline *p, struct chunk *chunk)
{
	const uint32_t plain = chunk->head.plain_size;
	const uint32_t stored = chunk->head.stored_size;
	/* store: one byte less than the data, or it is not worth it */
	const bool store = p->conf->mode == PIPELINE_STORE;
	const uint32_t len = store ? plain : stored;
	const uint32_t room = store ? plain - 1 : plain + CONTAINER_EXTRA_MAX;

	chunk->state = CHUNK_COMPRESS;
	device_comp_submit(&p->comp, chunk->comp_op, chain_resize(&chunk->in, len),
			chain_resize(&chunk->out, room), len);
}

/* The CRC at the end of an XTS payload. */
static uint32_t
payload_crc(const struct chunk *chunk, const uint8_t *aad, uint32_t len)
{
	uint32_t crc = container_crc32c(0, aad, CONTAINER_AAD_SIZE);

	for (uint32_t done = 0; done < len;) {
		uint32_t part;
		const uint8_t *piece = chain_piece(chunk->chain, done, &part);

		part = RTE_MIN(part, len - done);
		crc = container_crc32c(crc, piece, part);
		done += part;
	}
	return crc;
}

static void
payload_seal(struct chunk *chunk, const uint8_t *aad, uint32_t payload)
{
	static const uint8_t zeros[CONTAINER_EXTRA_MAX];
	const uint32_t stored = chunk->head.stored_size;
	uint32_t crc;

	chain_write(chunk->chain, stored, zeros, payload - 4 - stored);
	crc = rte_cpu_to_le_32(payload_crc(chunk, aad, payload - 4));
	chain_write(chunk->chain, payload - 4, &crc, sizeof(crc));
}

static bool
payload_intact(const struct chunk *chunk, const uint8_t *aad, uint32_t payload)
{
	uint32_t crc;

	chain_read(chunk->chain, payload - 4, &crc, sizeof(crc));
	return rte_le_to_cpu_32(crc) == payload_crc(chunk, aad, payload - 4);
}

static void
crypt_begin(struct pipeline *p, struct chunk *chunk)
{
	const struct container_file *file = &p->conf->file;
	const uint32_t payload = container_payload_size(file->cipher, chunk->head.stored_size);
	struct device_crypto_data *data = device_crypto_data(chunk->crypto_op);

	container_iv(file, chunk->head.number, data->iv);
	memcpy(data->aad, p->conf->file_head, CONTAINER_FILE_SIZE);
	container_chunk_pack(&chunk->head, data->aad + CONTAINER_FILE_SIZE);
	if (p->conf->mode == PIPELINE_STORE && file->cipher == CONTAINER_XTS)
		payload_seal(chunk, data->aad, payload);
	chunk->state = CHUNK_CRYPT;
	device_crypto_submit(
			&p->crypto, chunk->crypto_op, chain_resize(chunk->chain, payload), payload);
}

static void
store_plain(struct chunk *chunk)
{
	chunk->chain = &chunk->in;
	chunk->head.flags |= CONTAINER_PLAIN;
	chunk->head.stored_size = RTE_MAX(chunk->head.plain_size, 1u);
	if (chunk->head.plain_size == 0)
		chain_write(&chunk->in, 0, "", 1);
}

static void
compressed(struct pipeline *p, struct chunk *chunk, enum device_result result)
{
	const uint32_t produced = chunk->comp_op->produced;

	if (result == DEVICE_NO_ROOM ||
			(result == DEVICE_OK && produced >= chunk->head.plain_size)) {
		store_plain(chunk);
	} else if (result == DEVICE_OK && produced > 0) {
		chunk->chain = &chunk->out;
		chunk->head.stored_size = produced;
	} else {
		chunk_bad(chunk, "the compression device failed");
		return;
	}
	crypt_begin(p, chunk);
}

static void
decompressed(struct chunk *chunk, enum device_result result)
{
	if (result != DEVICE_OK || chunk->comp_op->produced != chunk->head.plain_size) {
		chunk_bad(chunk, "it does not decompress to what its header says");
		return;
	}
	chunk->chain = &chunk->out;
	chunk->state = CHUNK_DONE;
}

static void
comp_done(void *owner, enum device_result result, void *ctx)
{
	struct pipeline *p = ctx;

	if (p->conf->mode == PIPELINE_STORE)
		compressed(p, owner, result);
	else
		decompressed(owner, result);
}

static void
decrypted(struct pipeline *p, struct chunk *chunk)
{
	const struct device_crypto_data *data = device_crypto_data(chunk->crypto_op);
	const uint32_t payload = container_payload_size(
			p->conf->file.cipher, chunk->head.stored_size);

	if (p->conf->file.cipher == CONTAINER_XTS && !payload_intact(chunk, data->aad, payload))
		chunk_bad(chunk,
				"its checksum does not match: it is damaged, or the key is not the "
				"one it was stored with");
	else if ((chunk->head.flags & CONTAINER_PLAIN) != 0)
		chunk->state = CHUNK_DONE;
	else
		compress_begin(p, chunk);
}

static void
crypto_done(void *owner, enum device_result result, void *ctx)
{
	struct pipeline *p = ctx;
	struct chunk *chunk = owner;

	p->crypto_worked |= result == DEVICE_OK;
	if (result == DEVICE_MISMATCH)
		chunk_bad(chunk,
				"its tag does not match: it is damaged, or the key is not the one "
				"it was stored with");
	else if (result != DEVICE_OK)
		chunk_bad(chunk,
				!p->crypto_worked && chunk->chain->segs[0]->next != NULL ?
						"the crypto device failed, perhaps it takes no segmented buffers" :
						"the crypto device failed");
	else if (p->conf->mode == PIPELINE_STORE)
		chunk->state = CHUNK_DONE;
	else
		decrypted(p, chunk);
}

/* ---- reading ---- */

static void
read_plain(struct pipeline *p, struct chunk *chunk)
{
	const uint32_t chunk_size = p->conf->file.chunk_size;
	const int64_t n = io_read_chain(p->conf->in, &chunk->in, chunk_size);
	const int end = n < 0 ? -1 : n < chunk_size ? 1 : io_at_end(p->conf->in);

	if (end < 0) {
		chunk_bad(chunk, NULL);
		return;
	}
	if (p->conf->file.cipher == CONTAINER_GCM && chunk->head.number > UINT32_MAX) {
		chunk_bad(chunk, "a file has at most 2^32 chunks, use a larger --chunk");
		return;
	}
	chunk->head.plain_size = (uint32_t)n;
	chunk->head.flags = end ? CONTAINER_FINAL : 0;
	/* what has a byte or two cannot shrink */
	if (n < 16) {
		store_plain(chunk);
		crypt_begin(p, chunk);
	} else {
		compress_begin(p, chunk);
	}
}

/* Payload and tag, and behind the final chunk nothing. */
static void
read_payload(struct pipeline *p, struct chunk *chunk)
{
	const enum container_cipher cipher = p->conf->file.cipher;
	const uint32_t payload = container_payload_size(cipher, chunk->head.stored_size);
	const uint32_t tag = container_tag_size(cipher);
	int64_t n = io_read_chain(p->conf->in, &chunk->in, payload), m = 0;
	int end = 1;

	if (n == payload)
		m = io_read(p->conf->in, device_crypto_data(chunk->crypto_op)->tag, tag);
	if (n == payload && m == tag && (chunk->head.flags & CONTAINER_FINAL) != 0)
		end = io_at_end(p->conf->in);
	if (n < 0 || m < 0 || end < 0)
		chunk_bad(chunk, NULL);
	else if (n < payload || m < tag)
		chunk_bad(chunk, "the container ends within it");
	else if (end == 0)
		chunk_bad(chunk, "it is the final one, but there is something behind it");
	else
		crypt_begin(p, chunk);
}

static void
read_stored(struct pipeline *p, struct chunk *chunk)
{
	uint8_t head[CONTAINER_HEAD_SIZE];
	const int64_t n = io_read(p->conf->in, head, sizeof(head));
	const char *why = NULL;

	if (n == 0)
		why = "it is missing, the container ends before its final chunk";
	else if (n > 0 && n < CONTAINER_HEAD_SIZE)
		why = "the container ends within its header";
	else if (n > 0)
		why = container_chunk_unpack(&chunk->head, &p->conf->file, p->nb_read, head);
	if (n < 0 || why != NULL)
		chunk_bad(chunk, why);
	else
		read_payload(p, chunk);
}

/* Reads one chunk if there is one, and a place for it. */
static bool
read_step(struct pipeline *p)
{
	struct chunk *chunk = chunk_at(p, p->nb_read);

	if (p->read_all || chunk->state != CHUNK_FREE)
		return false;
	memset(&chunk->head, 0, sizeof(chunk->head));
	chunk->head.number = p->nb_read;
	chunk->chain = &chunk->in;
	if (p->conf->mode == PIPELINE_STORE)
		read_plain(p, chunk);
	else
		read_stored(p, chunk);
	p->nb_read++;
	if (chunk->state == CHUNK_BAD || (chunk->head.flags & CONTAINER_FINAL) != 0)
		p->read_all = true;
	return true;
}

/* ---- writing ---- */

static int
write_stored(struct pipeline *p, struct chunk *chunk)
{
	const enum container_cipher cipher = p->conf->file.cipher;
	struct device_crypto_data *data = device_crypto_data(chunk->crypto_op);
	struct io_output *out = p->conf->out;

	if (io_write(out, data->aad + CONTAINER_FILE_SIZE, CONTAINER_HEAD_SIZE) != 0 ||
			io_write_chain(out, chunk->chain,
					container_payload_size(cipher, chunk->head.stored_size)) !=
					0)
		return -1;
	return io_write(out, data->tag, container_tag_size(cipher));
}

/* Writes the next chunk if it is ready. */
static bool
write_step(struct pipeline *p)
{
	struct chunk *chunk = chunk_at(p, p->nb_written);
	int rc;

	if (p->failed || p->nb_written == p->nb_read)
		return false;
	if (chunk->state == CHUNK_BAD) {
		if (chunk->why != NULL)
			io_complain("chunk %" PRIu64 ": %s", p->nb_written, chunk->why);
		p->failed = true;
		return false;
	}
	if (chunk->state != CHUNK_DONE)
		return false;
	rc = p->conf->mode == PIPELINE_STORE ?
			write_stored(p, chunk) :
			io_write_chain(p->conf->out, chunk->chain, chunk->head.plain_size);
	p->failed = rc != 0;
	p->plain_bytes += chunk->head.plain_size;
	p->stored_bytes += CONTAINER_HEAD_SIZE + container_tag_size(p->conf->file.cipher) +
			container_payload_size(p->conf->file.cipher, chunk->head.stored_size);
	chunk->state = CHUNK_FREE;
	p->nb_written++;
	return true;
}

/* ---- progress ---- */

static void
progress_show(const struct pipeline *p, const char *end)
{
	const double seconds = (double)(rte_rdtsc() - p->start) / (double)rte_get_tsc_hz();
	const uint64_t bytes = p->conf->mode == PIPELINE_STORE ? p->plain_bytes : p->stored_bytes;

	fputs("\r", stderr);
	if (p->conf->in->size > 0)
		fprintf(stderr, "%3.0f %%  ",
				RTE_MIN(100.0, 100.0 * (double)bytes / (double)p->conf->in->size));
	fprintf(stderr, "%.1f MB  %.1f MB/s  ratio %.2f\033[K%s", (double)p->plain_bytes / MB,
			(double)p->plain_bytes / MB / seconds,
			p->stored_bytes > 0 ? (double)p->plain_bytes / (double)p->stored_bytes :
					      1.0,
			end);
}

static void
progress_step(struct pipeline *p)
{
	const uint64_t now = rte_rdtsc();

	if (!p->conf->progress || now - p->last_shown < rte_get_tsc_hz() / 5)
		return;
	p->last_shown = now;
	progress_show(p, "");
}

/* ---- the whole ---- */

static int
chunk_open(struct pipeline *p, struct chunk *chunk, uint32_t capacity)
{
	if (chain_alloc(&chunk->in, p->mbufs, capacity) != 0 ||
			chain_alloc(&chunk->out, p->mbufs, capacity) != 0)
		return -1;
	chunk->comp_op = device_comp_op(&p->comp, chunk);
	chunk->crypto_op = device_crypto_op(&p->crypto, chunk);
	return chunk->comp_op != NULL && chunk->crypto_op != NULL ? 0 : -1;
}

static int
chunks_open(struct pipeline *p, uint32_t capacity)
{
	uint32_t seg_size;
	const uint32_t nb_segs = chain_layout(capacity, &seg_size);

	p->mbufs = rte_pktmbuf_pool_create("wdp_mbufs", 2u * p->conf->depth * nb_segs, 0, 0,
			(uint16_t)(RTE_PKTMBUF_HEADROOM + seg_size), (int)rte_socket_id());
	p->chunks = calloc(p->conf->depth, sizeof(*p->chunks));
	if (p->mbufs != NULL && p->chunks != NULL) {
		uint16_t i = 0;

		while (i < p->conf->depth && chunk_open(p, &p->chunks[i], capacity) == 0)
			i++;
		if (i == p->conf->depth)
			return 0;
	}
	io_complain("no hugepage memory for %u chunks of %u KiB, use a smaller --depth or --chunk",
			p->conf->depth, p->conf->file.chunk_size / 1024);
	return -1;
}

static int
pipeline_open(struct pipeline *p)
{
	const struct pipeline_conf *conf = p->conf;
	const bool store = conf->mode == PIPELINE_STORE;
	const uint32_t capacity = conf->file.chunk_size + CONTAINER_EXTRA_MAX;
	uint32_t seg_size;
	const bool segmented = chain_layout(capacity, &seg_size) > 1;

	if (device_comp_open(&p->comp, conf->comp_name, store, segmented, conf->depth) != 0 ||
			device_crypto_open(&p->crypto, conf->crypto_name, conf->file.cipher, store,
					conf->key, segmented, conf->depth) != 0)
		return -1;
	return chunks_open(p, capacity);
}

static void
pipeline_close(struct pipeline *p)
{
	/* memory that a device may still write to is left to the end of the process */
	if (p->comp.nb_in_flight > 0 || p->crypto.nb_in_flight > 0)
		return;
	if (p->chunks != NULL) {
		for (uint16_t i = 0; i < p->conf->depth; i++) {
			chain_free(&p->chunks[i].in);
			chain_free(&p->chunks[i].out);
			rte_comp_op_free(p->chunks[i].comp_op);
			rte_crypto_op_free(p->chunks[i].crypto_op);
		}
	}
	free(p->chunks);
	rte_mempool_free(p->mbufs);
	device_comp_close(&p->comp);
	device_crypto_close(&p->crypto);
}

static bool
devices_poll(struct pipeline *p)
{
	const bool comp = device_comp_poll(&p->comp, comp_done, p);
	const bool crypto = device_crypto_poll(&p->crypto, crypto_done, p);

	return comp || crypto;
}

/* Notes that something moved; false once nothing did for a long time. */
static bool
alive(struct pipeline *p, bool moved)
{
	const uint64_t now = rte_rdtsc();

	if (moved) {
		p->last_move = now;
		return true;
	}
	rte_pause();
	if (now - p->last_move < STALL_SECONDS * rte_get_tsc_hz())
		return true;
	io_complain("chunk %" PRIu64 ": %s has not answered for %u seconds", p->nb_written,
			chunk_at(p, p->nb_written)->state == CHUNK_CRYPT ? p->crypto.name :
									   p->comp.name,
			STALL_SECONDS);
	p->failed = true;
	return false;
}

/* While a slow pipe has no more of the chunk that is being read. */
static enum io_wait
work_on(void *ctx)
{
	struct pipeline *p = ctx;
	bool moved;

	if (p->nb_written == p->nb_read)
		return IO_WAIT_BLOCK;
	moved = devices_poll(p);
	moved |= write_step(p);
	if (p->failed || !alive(p, moved) || stop_asked())
		return IO_WAIT_STOP;
	return IO_WAIT_AGAIN;
}

static void
run(struct pipeline *p)
{
	while (!p->failed && !(p->read_all && p->nb_written == p->nb_read)) {
		bool moved = read_step(p);

		moved |= devices_poll(p);
		moved |= write_step(p);
		progress_step(p);
		p->failed |= stop_asked();
		if (!p->failed)
			alive(p, moved);
	}
}

/* After a failure: waits until the devices have given back all chunks. */
static void
drain(struct pipeline *p)
{
	const uint64_t end = rte_rdtsc() + 2 * rte_get_tsc_hz();

	p->comp.nb_waiting = 0;
	p->crypto.nb_waiting = 0;
	while ((p->comp.nb_in_flight > 0 || p->crypto.nb_in_flight > 0) && rte_rdtsc() < end) {
		devices_poll(p);
		/* not further: what comes back from one does not go to the other */
		p->comp.nb_waiting = 0;
		p->crypto.nb_waiting = 0;
	}
}

int
pipeline_run(const struct pipeline_conf *conf)
{
	struct pipeline p = { .conf = conf };
	int rc = pipeline_open(&p);

	if (rc == 0) {
		p.start = rte_rdtsc();
		p.last_move = p.start;
		conf->in->work = work_on;
		conf->in->work_ctx = &p;
		run(&p);
		conf->in->work = NULL;
		if (conf->progress)
			progress_show(&p, "\n");
		drain(&p);
		rc = p.failed ? -1 : 0;
	}
	pipeline_close(&p);
	return rc;
}
