/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#ifndef CONTAINER_H
#define CONTAINER_H

/*
 * The container: a file header, then chunks, the last of which says so. All
 * numbers are little endian.
 *
 * File header, 32 bytes:
 *
 *      0   8  magic, 89 "WDP" 0d 0a 1a 0a
 *      8   2  version, 1
 *     10   1  cipher: 1 AES-256-GCM, 2 AES-256-XTS
 *     11   1  zero
 *     12   4  chunk size: bytes of plain data in each chunk but the last
 *     16   8  file nonce, random
 *     24   4  zero
 *     28   4  CRC-32C of the 28 bytes before
 *
 * Chunk:
 *
 *      0   8  number, from 0
 *      8   4  plain size
 *     12   4  stored size: of the deflate data, or of the plain data when those
 *             would not be smaller; 1 (a zero byte) when the plain size is 0, as
 *             not every device takes an empty message
 *     16   4  flags: 1 stored plain, not deflated; 2 final chunk
 *     20   4  zero
 *     24      payload, encrypted
 *             16 bytes of tag, with GCM only
 *
 * GCM: the payload is the stored data. The IV is the file nonce and the number in
 * 32 bits, which limits a file to 2^32 chunks. The tag covers, as AAD, the file
 * header and the chunk's. So a chunk that was changed, moved within the file, left
 * out, doubled, cut off or taken from another file is found.
 *
 * No IV may be used twice under one key. Within a file the number sees to that.
 * Between files it is chance: two of n files have the same nonce with probability
 * n * n / 2^65. Take a new key after 2^24 files, at 2^-17.
 *
 * XTS: the payload is the stored data, zeros up to a multiple of 16, 12 more zeros,
 * and a CRC-32C of the file header, the chunk header and the payload up to there.
 * The tweak is the file nonce, then the number in 64 bits. The CRC is encrypted, so
 * that it tells nothing of the data. It finds damage, and a wrong key; unlike the
 * tag it is no proof against somebody who forges.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTAINER_FILE_SIZE 32
#define CONTAINER_HEAD_SIZE 24
#define CONTAINER_AAD_SIZE (CONTAINER_FILE_SIZE + CONTAINER_HEAD_SIZE)
#define CONTAINER_TAG_SIZE 16
#define CONTAINER_IV_MAX 16
#define CONTAINER_EXTRA_MAX 32 /* payload bytes that are not stored data */
#define CONTAINER_KEY_MAX 64

#define CONTAINER_CHUNK_MIN 1024u
#define CONTAINER_CHUNK_MAX (1024u * 1024u)

#define CONTAINER_PLAIN 1u
#define CONTAINER_FINAL 2u

enum container_cipher {
	CONTAINER_GCM = 1,
	CONTAINER_XTS = 2,
};

struct container_file {
	enum container_cipher cipher;
	uint32_t chunk_size;
	uint8_t nonce[8];
};

struct container_chunk {
	uint64_t number;
	uint32_t plain_size;
	uint32_t stored_size;
	uint32_t flags;
};

const char *container_cipher_name(enum container_cipher cipher);
unsigned int container_key_size(enum container_cipher cipher);
unsigned int container_iv_size(enum container_cipher cipher);
unsigned int container_tag_size(enum container_cipher cipher);

/* Bytes of payload behind a chunk's header. */
uint32_t container_payload_size(enum container_cipher cipher, uint32_t stored_size);

/* Start crc with 0. */
uint32_t container_crc32c(uint32_t crc, const void *data, size_t len);

void container_file_pack(const struct container_file *file, uint8_t out[CONTAINER_FILE_SIZE]);

/* NULL, or what is wrong. */
const char *container_file_unpack(
		struct container_file *file, const uint8_t in[CONTAINER_FILE_SIZE]);

void container_chunk_pack(const struct container_chunk *chunk, uint8_t out[CONTAINER_HEAD_SIZE]);

/* NULL, or what is wrong with this header in the place of chunk number. */
const char *container_chunk_unpack(struct container_chunk *chunk, const struct container_file *file,
		uint64_t number, const uint8_t in[CONTAINER_HEAD_SIZE]);

/* Fills container_iv_size() bytes. */
void container_iv(const struct container_file *file, uint64_t number, uint8_t *iv);

#endif
