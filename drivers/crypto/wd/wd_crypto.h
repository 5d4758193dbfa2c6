/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/** @file Private types of the crypto driver. */

#ifndef WD_CRYPTO_H
#define WD_CRYPTO_H

#include <rte_cryptodev.h>
#include <cryptodev_pmd.h>

#include "hisi_sec.h"
#include "rte_wd_driver.h"
#include "wd_queue.h"
#include "wd_sgl.h"

extern int wd_crypto_logtype;

#define WD_CRYPTO_LOG(level, fmt, ...)                                                             \
	rte_log(RTE_LOG_##level, wd_crypto_logtype, "crypto_wd: " fmt "\n", ##__VA_ARGS__)

/** What a session asks of each op, and so which path its ops take. */
enum wd_crypto_class {
	WD_CRYPTO_CIPHER,
	WD_CRYPTO_AUTH, /* all but the next */
	WD_CRYPTO_GMAC, /* which has an IV */
	WD_CRYPTO_CHAIN, /* cipher and auth over one mbuf */
	WD_CRYPTO_AEAD, /* all but the next */
	WD_CRYPTO_GCM, /* with AAD */
	WD_CRYPTO_NB_CLASSES,
};

static inline bool
wd_crypto_is_auth(unsigned int class)
{
	return class == WD_CRYPTO_AUTH || class == WD_CRYPTO_GMAC;
}

static inline bool
wd_crypto_is_aead(unsigned int class)
{
	return class >= WD_CRYPTO_AEAD;
}

/** How the IV gets from the op to the device. */
enum wd_crypto_iv {
	WD_CRYPTO_IV_DIRECT, /* 16 or 8 bytes, read by the device out of the op; not at all for ECB */
	WD_CRYPTO_IV_CTR, /* 12 bytes, copied; the counter that follows starts at 1 */
	WD_CRYPTO_IV_GCM, /* 12 bytes, copied and padded with zeros: GCM and GMAC */
	WD_CRYPTO_IV_CCM, /* nonce: counter block and B0 are built */
};

/**
 * Which descriptors a session was built for: BD type, addressing, class. A session
 * of another device of this driver may differ in the first two, a cleared one has 0.
 */
#define WD_CRYPTO_KIND(version, va, class)                                                         \
	(0x57440000U | (uint32_t)(version) << 8 | ((va) ? 0x10U : 0U) | (uint32_t)(class))
/* All of this session's ops take the careful path. */
#define WD_CRYPTO_KIND_SLOW 0x80U

/* Of a result word, what is compared. */
#define WD_CRYPTO_RESULT_MASK                                                                      \
	(HISI_SEC_STATUS_DONE | HISI_SEC_STATUS_ICV_MASK << HISI_SEC_STATUS_ICV_SHIFT |            \
			HISI_SEC_STATUS_FLAG_MASK << HISI_SEC_STATUS_FLAG_SHIFT |                  \
			HISI_SEC_STATUS_ERROR_TYPE_MASK << HISI_SEC_STATUS_ERROR_TYPE_SHIFT)

/* Of payload - c_min, the sign of a payload that is shorter than c_min. */
#define WD_CRYPTO_TOO_SHORT (1ULL << 63)

#define WD_CRYPTO_NB_WORDS 6

/**
 * Driver-private session data; read-only after configure, shared by all lcores. With
 * many sessions each is in no cache: what a plain op reads is one line.
 */
struct wd_crypto_session {
	uint32_t kind; /* WD_CRYPTO_KIND() */
	uint32_t expect; /* result word of a good op */
	uint16_t iv_offset; /* in the op */
	uint16_t aad_len;
	uint8_t aad_offset; /* of the AAD in the op's buffer: 18 for CCM */
	uint8_t iv; /* enum wd_crypto_iv */
	uint8_t c_min; /* least payload in bytes, a multiple of the unit */
	uint8_t c_unit; /* of the payload in bytes, a power of two, minus 1 */
	uint64_t words[WD_CRYPTO_NB_WORDS]; /* of the descriptor, see session_pack() */
	/* read by CCM, and for ops that are not plain */
	uint8_t class; /* enum wd_crypto_class */
	uint8_t digest_len;
	uint8_t nonce_len; /* CCM */
	uint8_t iv_len; /* of a cipher without a tag */
	bool verify;
	bool bounce; /* the digest goes through the driver's own memory */
	bool empty_auth; /* auth of zero bytes is possible */
	bool copy; /* NULL algorithms only */
	bool auth_region; /* NULL auth alone: the op says what to copy in its auth part */
	bool null_cipher; /* of a NULL cipher there is the copy left to do, out of place */
	/* Read by the device. Two keys of 32 bytes are for XTS, which is in no chain. */
	union {
		uint8_t c_key[64] __rte_aligned(16);
		struct {
			uint8_t c_key_of_chain[32];
			uint8_t a_key[128];
		};
	};
} __rte_cache_aligned;
static_assert(offsetof(struct wd_crypto_session, class) == 64,
		"one line, wherever lines have 64 bytes");

/* Per descriptor, device-visible. */
struct wd_crypto_scratch {
	uint8_t digest[HISI_SEC_MAX_MAC];
	uint8_t c_iv[HISI_SEC_IV_SIZE];
	uint8_t a_iv[HISI_SEC_IV_SIZE];
};

/** Per descriptor, host only. */
struct wd_crypto_slot {
	struct rte_crypto_op *op;
	uint64_t word; /* WD_CRYPTO_SLOT_*, in one store */
};

/* The result word of a good op, and the side ring's tail after the op. */
#define WD_CRYPTO_SLOT_WORD(expect, side_tail) ((expect) | (uint64_t)(side_tail) << 32)
#define WD_CRYPTO_SLOT_EXPECT(word) ((uint32_t)(word))
#define WD_CRYPTO_SLOT_SIDE_TAIL(word) ((uint32_t)((word) >> 32) & 0xfffffU)
/* This sends the op to the careful path, whatever the device said; it may come with one of the next. */
#define WD_CRYPTO_SLOT_SLOW (1ULL << 63)
#define WD_CRYPTO_SLOT_TAG                                                                         \
	(1ULL << 62) /* the driver checks or stores the tag, see build_gcm_empty() */
#define WD_CRYPTO_SLOT_NOTHING (1ULL << 61) /* done is all that is expected, see build_nothing() */
/* What differs between this word and the result word of a good op that needs nothing more: no bit. */
#define WD_CRYPTO_SLOT_MASK (WD_CRYPTO_SLOT_SLOW | WD_CRYPTO_RESULT_MASK)

/* Two lists of two entries for each of 1024 ops. */
#define WD_CRYPTO_SIDE_SIZE (192U << 10)
static_assert(WD_CRYPTO_SIDE_SIZE % WD_SIDE_UNIT == 0, "whole units");
static_assert(WD_CRYPTO_SIDE_SIZE <= 0xfffff, "as WD_CRYPTO_SLOT_SIDE_TAIL() has it");
/* Where the device puts what nobody wants: the AAD part of an output. */
#define WD_CRYPTO_SINK_SIZE 4096

struct wd_crypto_qp {
	struct wd_queue q;
	uint32_t kind; /* of the sessions it takes, with class 0 */
	uint8_t driver_id;
	struct wd_crypto_slot *slots;
	struct wd_crypto_scratch *scratch;
	struct wd_side side; /* scatter-gather lists, AAD that the device cannot reach */
	struct rte_cryptodev_stats stats;
	/* cold */
	const struct rte_memzone *dma;
	uint8_t *sink;
	uint16_t id;
} __rte_cache_aligned;

/** Device-private data, in memory shared with secondary processes. */
struct wd_crypto_dev {
	struct wd_dev *wd;
	unsigned int version;
	bool va; /* descriptors take virtual addresses, else those that EAL calls IOVA */
	uint16_t max_nb_queue_pairs;
};

/** Capabilities of a hardware version; static. */
const struct rte_cryptodev_capabilities *wd_crypto_caps_get(unsigned int version);

/** What the hardware calls an algorithm. */
struct wd_crypto_alg {
	unsigned int min_version;
	uint8_t c_alg; /* HISI_SEC_C_ALG_* */
	uint8_t c_mode; /* HISI_SEC_C_MODE_* */
	uint8_t a_alg; /* HISI_SEC_A_ALG_* */
	unsigned int min_chain_version; /* from which on it may be one half of a chain */
	bool empty; /* digest of zero bytes, in version 3 */
	struct rte_cryptodev_capabilities cap;
};

bool wd_crypto_is_null(const struct rte_crypto_sym_xform *xform);

/**
 * Row for a transform, if the version has the algorithm and the sizes are in
 * range; else NULL with a log line naming the parameter.
 */
const struct wd_crypto_alg *wd_crypto_alg_find(
		unsigned int version, const struct rte_crypto_sym_xform *xform);

int wd_crypto_session_configure(struct rte_cryptodev *dev, struct rte_crypto_sym_xform *xform,
		struct rte_cryptodev_sym_session *sess);
void wd_crypto_session_clear(struct rte_cryptodev *dev, struct rte_cryptodev_sym_session *sess);

/** Point the device's burst functions at the ones for its BD type, its addressing and this CPU. */
void wd_crypto_sec_set_burst(struct rte_cryptodev *dev);

/** The enqueue function for a hardware version and a kind of address. */
enqueue_pkt_burst_t wd_crypto_sec_enqueue(unsigned int version, bool va);
enqueue_pkt_burst_t wd_crypto_sec_enqueue_wide(unsigned int version, bool va);

/** The one dequeue function: results are at the same place in both BD types. */
uint16_t wd_crypto_sec_dequeue(void *queue_pair, struct rte_crypto_op **ops, uint16_t nb_ops);

#endif /* WD_CRYPTO_H */
