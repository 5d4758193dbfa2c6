/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_hash_crc.h>

#include "container.h"

#define VERSION 1

static const uint8_t magic[8] = { 0x89, 'W', 'D', 'P', '\r', '\n', 0x1a, '\n' };

static void
put16(uint8_t *to, uint16_t value)
{
	value = rte_cpu_to_le_16(value);
	memcpy(to, &value, sizeof(value));
}

static void
put32(uint8_t *to, uint32_t value)
{
	value = rte_cpu_to_le_32(value);
	memcpy(to, &value, sizeof(value));
}

static void
put64(uint8_t *to, uint64_t value)
{
	value = rte_cpu_to_le_64(value);
	memcpy(to, &value, sizeof(value));
}

static uint16_t
get16(const uint8_t *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return rte_le_to_cpu_16(value);
}

static uint32_t
get32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return rte_le_to_cpu_32(value);
}

static uint64_t
get64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return rte_le_to_cpu_64(value);
}

const char *
container_cipher_name(enum container_cipher cipher)
{
	return cipher == CONTAINER_GCM ? "aes-256-gcm" : "aes-256-xts";
}

unsigned int
container_key_size(enum container_cipher cipher)
{
	return cipher == CONTAINER_GCM ? 32 : 64;
}

unsigned int
container_iv_size(enum container_cipher cipher)
{
	return cipher == CONTAINER_GCM ? 12 : 16;
}

unsigned int
container_tag_size(enum container_cipher cipher)
{
	return cipher == CONTAINER_GCM ? CONTAINER_TAG_SIZE : 0;
}

uint32_t
container_payload_size(enum container_cipher cipher, uint32_t stored_size)
{
	return cipher == CONTAINER_GCM ? stored_size : RTE_ALIGN_CEIL(stored_size, 16u) + 16;
}

uint32_t
container_crc32c(uint32_t crc, const void *data, size_t len)
{
	return ~rte_hash_crc(data, (uint32_t)len, ~crc);
}

void
container_file_pack(const struct container_file *file, uint8_t out[CONTAINER_FILE_SIZE])
{
	memset(out, 0, CONTAINER_FILE_SIZE);
	memcpy(out, magic, sizeof(magic));
	put16(out + 8, VERSION);
	out[10] = (uint8_t)file->cipher;
	put32(out + 12, file->chunk_size);
	memcpy(out + 16, file->nonce, sizeof(file->nonce));
	put32(out + 28, container_crc32c(0, out, 28));
}

const char *
container_file_unpack(struct container_file *file, const uint8_t in[CONTAINER_FILE_SIZE])
{
	if (memcmp(in, magic, sizeof(magic)) != 0)
		return "this is no container, it begins with something else";
	if (get32(in + 28) != container_crc32c(0, in, 28))
		return "the file header is damaged, its checksum does not match";
	if (get16(in + 8) != VERSION)
		return "the container has a version that this program does not know";
	if (in[10] != CONTAINER_GCM && in[10] != CONTAINER_XTS)
		return "the container has a cipher that this program does not know";
	file->cipher = in[10];
	file->chunk_size = get32(in + 12);
	memcpy(file->nonce, in + 16, sizeof(file->nonce));
	if (in[11] != 0 || get32(in + 24) != 0 || file->chunk_size < CONTAINER_CHUNK_MIN ||
			file->chunk_size > CONTAINER_CHUNK_MAX)
		return "the file header has values that are not allowed";
	return NULL;
}

void
container_chunk_pack(const struct container_chunk *chunk, uint8_t out[CONTAINER_HEAD_SIZE])
{
	put64(out, chunk->number);
	put32(out + 8, chunk->plain_size);
	put32(out + 12, chunk->stored_size);
	put32(out + 16, chunk->flags);
	put32(out + 20, 0);
}

static bool
sizes_fit(const struct container_chunk *chunk, const struct container_file *file)
{
	const uint32_t plain = chunk->plain_size;

	if (plain > file->chunk_size)
		return false;
	if ((chunk->flags & CONTAINER_FINAL) == 0 && plain != file->chunk_size)
		return false;
	/* only an empty file has an empty chunk */
	if (plain == 0 && chunk->number != 0)
		return false;
	if ((chunk->flags & CONTAINER_PLAIN) != 0)
		return chunk->stored_size == RTE_MAX(plain, 1u);
	return chunk->stored_size > 0 && chunk->stored_size < plain;
}

const char *
container_chunk_unpack(struct container_chunk *chunk, const struct container_file *file,
		uint64_t number, const uint8_t in[CONTAINER_HEAD_SIZE])
{
	chunk->number = get64(in);
	chunk->plain_size = get32(in + 8);
	chunk->stored_size = get32(in + 12);
	chunk->flags = get32(in + 16);
	if (chunk->number != number)
		return "another chunk is in its place, or its header is damaged";
	if (get32(in + 20) != 0 || (chunk->flags & ~(CONTAINER_PLAIN | CONTAINER_FINAL)) != 0 ||
			!sizes_fit(chunk, file))
		return "its header is damaged";
	return NULL;
}

void
container_iv(const struct container_file *file, uint64_t number, uint8_t *iv)
{
	memcpy(iv, file->nonce, sizeof(file->nonce));
	if (file->cipher == CONTAINER_GCM)
		put32(iv + 8, (uint32_t)number);
	else
		put64(iv + 8, number);
}
