/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * Algorithm tests of the crypto driver, in four steps:
 *
 *     struct wdt_alg   what a session does: algorithms, keys, sizes
 *     struct wdt_msg   one message, plain and transformed, with its digest
 *     struct wdt_form  where in memory the message, digest and AAD lie
 *     struct wdt_job   one op made of these, and its check
 *
 * A job fills everything it hands to the driver with random bytes, puts the
 * message in, keeps a copy, and after the op wants all of it to be as before
 * but for the bytes that the op had to write: guard bytes, source and AAD included.
 */

#ifndef WDT_ALG_H
#define WDT_ALG_H

#include "wdt_crypto.h"

#define WDT_MSG_MAX 65536U
#define WDT_AAD_MAX 65535U
#define WDT_MARGIN 256U /* around the payload of a chain */
#define WDT_MAX_SEGS 48U
#define WDT_SIDE_SMALL 8192U /* digest and AAD of a job in a burst */
#define WDT_NB_SLOTS 64U /* jobs that may be prepared at a time */

enum wdt_kind {
	WDT_CIPHER,
	WDT_AUTH,
	WDT_CHAIN,
	WDT_AEAD
};

struct wdt_alg {
	enum wdt_kind kind;
	/* of enum rte_crypto_*_algorithm: int because some names are of a later DPDK */
	int cipher, auth, aead;
	uint16_t key_len, auth_key_len, iv_len, digest_len, aad_len;
	uint8_t key[64], auth_key[128];
};

struct wdt_msg {
	uint8_t iv[16]; /* a nonce of CCM from byte 0 on */
	uint32_t header, len, trailer; /* header and trailer of a chain are authenticated only */
	uint8_t aad[WDT_AAD_MAX + 1];
	uint8_t plain[WDT_MSG_MAX + 2 * WDT_MARGIN]; /* header, payload, trailer */
	uint8_t cipher[WDT_MSG_MAX + 2 * WDT_MARGIN];
	uint8_t digest[64]; /* of the plain text for a digest alone, else of the cipher text */
};

enum wdt_memory {
	WDT_POOL, /* segments from the pool of wdt_crypto */
	WDT_BIG, /* of up to WDT_BIG_ROOM bytes */
	WDT_EXTERNAL, /* an external buffer attached */
	WDT_INDIRECT, /* another mbuf attached */
};
#define WDT_BIG_ROOM 65408U

enum wdt_place {
	WDT_APART, /* in memory of its own */
	WDT_INLINE, /* in the packet: the digest behind the message, AAD in front of it */
	WDT_NO_IOVA, /* apart, and without an address for the device */
};

/** How a packet is split: lengths of all segments but the last, which takes the rest. */
struct wdt_cuts {
	uint32_t nb;
	uint32_t len[WDT_MAX_SEGS - 1];
};

struct wdt_form {
	uint32_t offset; /* of the message in its packet */
	bool apart; /* out of place */
	bool named; /* in place, with m_dst set to m_src */
	bool dst_unset; /* a flat destination has no data length yet */
	enum wdt_memory src_memory, dst_memory;
	struct wdt_cuts src, dst;
	enum wdt_place digest, aad;
};

struct wdt_seg {
	uint8_t *buf; /* all of the buffer */
	uint8_t *copy; /* what it must look like */
	uint32_t size, off, len; /* len bytes of data at off */
};

struct wdt_packet {
	struct rte_mbuf *m;
	uint32_t nb;
	struct wdt_seg segs[WDT_MAX_SEGS];
};

/** A device, the only one that is open, with what the tests need besides its pools. */
struct wdt_rig {
	struct wdt_crypto c;
	unsigned int hw; /* 2 or 3 */
	bool sva;
	const char *engine;
	struct rte_mempool *big;
	const struct rte_memzone *side;
};

struct wdt_job {
	/* to be set */
	const struct wdt_alg *alg;
	const struct wdt_msg *msg;
	const struct wdt_form *form;
	void *session;
	bool forward; /* encrypt, generate */
	bool spoil; /* backward only: hand in a wrong digest */
	uint32_t slot; /* of the rig's side memory, when several are prepared */
	/* the job's own */
	struct rte_crypto_op *op;
	struct wdt_packet src, dst;
	struct wdt_packet side; /* one segment: digest and AAD that are not in a packet */
	uint8_t *digest, *aad; /* where they are */
	uint8_t *copies;
	rte_iova_t op_iova;
};

#define WDT_RIG_V2 1U
#define WDT_RIG_V3 2U
#define WDT_RIG_ALL 3U
/** Both engines, with and without SVA, of the given versions; the first failure ends it. */
int wdt_rig_each(unsigned int versions, int (*fn)(struct wdt_rig *rig));
int wdt_rig_open(struct wdt_rig *rig, unsigned int hw, const char *engine, bool sva,
		const char *more, uint16_t nb_qps);
int wdt_rig_close(struct wdt_rig *rig);
/** Run the device until nb ops are back; how many are after 10 seconds. */
uint16_t wdt_rig_dequeue(struct wdt_rig *rig, uint16_t qp, struct rte_crypto_op **ops, uint16_t nb);
/** The capability list of the device, ended by RTE_CRYPTO_OP_TYPE_UNDEFINED. */
const struct rte_cryptodev_capabilities *wdt_rig_caps(const struct wdt_rig *rig);

/** Key and sizes at their smallest, key bytes random. */
void wdt_alg_of_cap(const struct rte_cryptodev_capabilities *cap, struct wdt_alg *alg);
/** cipher then auth, both as from wdt_alg_of_cap(). */
void wdt_alg_chain(const struct wdt_alg *cipher, const struct wdt_alg *auth, struct wdt_alg *alg);
bool wdt_alg_is(const struct wdt_alg *alg, const struct rte_cryptodev_capabilities *cap);
void wdt_alg_new_keys(struct wdt_alg *alg);
bool wdt_alg_has_digest(const struct wdt_alg *alg);
/** NULL if refused; quiet suppresses the driver's message about it. */
void *wdt_alg_session(struct wdt_rig *rig, const struct wdt_alg *alg, bool forward, bool quiet);

/** Random IV, AAD and plain text; cipher text and digest by the oracle. As wdt_oracle(). */
int wdt_msg_random(const struct wdt_alg *alg, uint32_t header, uint32_t len, uint32_t trailer,
		struct wdt_msg *msg);

/** Segments of `each` bytes for a message of len; flat if it fits. */
void wdt_cuts_even(struct wdt_cuts *cuts, uint32_t len, uint32_t each);

int wdt_job_prepare(struct wdt_rig *rig, struct wdt_job *job);
/** The op is back: its status, and every byte of memory. */
int wdt_job_check(struct wdt_job *job, enum rte_crypto_op_status want);
void wdt_job_free(struct wdt_job *job);
/** Prepare, run, check, free. With job->spoil the op has to fail its authentication. */
int wdt_job_run(struct wdt_rig *rig, struct wdt_job *job);
/** The op must not be taken, its status must be INVALID_ARGS and all bytes as they were. */
int wdt_job_refused(struct wdt_rig *rig, struct wdt_job *job);
/** One of these two: an op that a device may or may not have, but never gets wrong. */
int wdt_job_right_or_refused(struct wdt_rig *rig, struct wdt_job *job);

/** What is to be made of a payload of this length, by the limits of the hardware. */
enum wdt_verdict {
	WDT_RIGHT, /* has to work */
	WDT_RIGHT_OR_REFUSED, /* is nowhere promised */
	WDT_REFUSED, /* has no meaning */
};
enum wdt_verdict wdt_len_verdict(
		const struct wdt_rig *rig, const struct wdt_alg *alg, uint32_t len);

/** Sessions of one algorithm in both directions. */
struct wdt_pair {
	void *backward, *forward;
};
int wdt_pair_open(struct wdt_rig *rig, const struct wdt_alg *alg, struct wdt_pair *pair);
int wdt_pair_close(struct wdt_rig *rig, struct wdt_pair *pair);
/** The message forward, backward and, with a digest, backward with a wrong one. */
int wdt_pair_run(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_pair *pair,
		const struct wdt_msg *msg, const struct wdt_form *form);
/** The same with sessions of its own. */
int wdt_round_trip(struct wdt_rig *rig, const struct wdt_alg *alg, const struct wdt_msg *msg,
		const struct wdt_form *form);

/** Pass a failure on. */
#define WDT_TRY(call)                                                                              \
	do {                                                                                       \
		if ((call) != WDT_PASS)                                                            \
			return WDT_FAIL;                                                           \
	} while (0)

#endif /* WDT_ALG_H */
