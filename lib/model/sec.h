/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * The SEC2 engine of the software device, internal to sec*.c.
 *
 *     sec_parse.c    descriptor of either type -> struct wdm_sec_req, checked
 *     sec_quick.c    the same and its data, quickly, for what looks like recent ones
 *     sec_data.c     flat and scattered client data (data.h) -> pointers, and back
 *     sec_keys.c     expanded keys, kept between descriptors
 *     sec_imb.c      libipsec-mb: many descriptors at once
 *     sec_burst.c    the same, for many of a kind
 *     sec_openssl.c  libcrypto: everything, one descriptor after the other
 *     sec_modes.c    modes that libcrypto lacks, on top of its block ciphers
 *     sec_hash.c     hashes whose state can be stored and loaded, HMAC
 *     sec.c          the batch loop
 *
 * Descriptors of a batch are worked on together and may read and write client
 * memory in any order; as on hardware, one that needs another's result must be
 * submitted after that one has completed.
 *
 * When a tag does not match, the output is not written at all. Hardware's
 * behaviour is not known.
 */

#ifndef WDM_SEC_H
#define WDM_SEC_H

#include <endian.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "data.h"
#include "engine.h"
#include "hisi_sec.h"

/**
 * What the model reports in error_type. Hardware's codes are not known, these
 * are the model's own.
 */
enum wdm_sec_error {
	WDM_SEC_OK = 0,
	WDM_SEC_E_TYPE = 1, /* descriptor type foreign to this hardware version */
	WDM_SEC_E_QUEUE = 2, /* queue type is not that of SEC */
	WDM_SEC_E_FIELD = 3, /* a control field with a value nobody can mean */
	WDM_SEC_E_UNSUPPORTED = 4, /* algorithm, mode or pairing this version does not have */
	WDM_SEC_E_KEY_LEN = 5,
	WDM_SEC_E_DATA_LEN = 6, /* a_len, c_len or an offset outside the limits of the mode */
	WDM_SEC_E_MAC_LEN = 7,
	WDM_SEC_E_IV = 8, /* CCM: impossible length field in the IV */
	WDM_SEC_E_SGL = 9, /* malformed or too short scatter-gather list */
	WDM_SEC_E_ADDR = 10, /* an address the device may not touch */
	WDM_SEC_E_ENGINE = 11, /* the library underneath refused */
};

enum wdm_sec_kind {
	WDM_SEC_CIPHER,
	WDM_SEC_AUTH,
	WDM_SEC_CHAIN, /* plain cipher and HMAC */
	WDM_SEC_AEAD, /* GCM, CCM */
	WDM_SEC_GHASH, /* first descriptor of a GCM stream: associated data only */
	WDM_SEC_GCM_PART, /* middle descriptor of a GCM stream */
};

enum wdm_sec_auth {
	WDM_SEC_AUTH_HASH,
	WDM_SEC_AUTH_HMAC,
	WDM_SEC_AUTH_XCBC,
	WDM_SEC_AUTH_CMAC,
	WDM_SEC_AUTH_GMAC,
};

/** Index into wdm_hash_info; the first eight are HISI_SEC_A_ALG_*. */
#define WDM_HASH_SM3 8U
#define WDM_HASH_NB 9U

/* sec_hash.c */

struct wdm_hash_info {
	uint8_t block;
	uint8_t state; /* bytes of the state as carried from one descriptor to the next */
	uint8_t digest;
};
extern const struct wdm_hash_info wdm_hash_info[WDM_HASH_NB];

struct wdm_sm3 {
	uint32_t h[8];
	uint64_t len;
	unsigned int num;
	uint8_t block[64];
};

struct wdm_hash {
	uint8_t alg;
	union {
		MD5_CTX md5;
		SHA_CTX sha1;
		SHA256_CTX sha256;
		SHA512_CTX sha512;
		struct wdm_sm3 sm3;
	} u;
};

void wdm_hash_init(struct wdm_hash *h, uint8_t alg);
void wdm_hash_update(struct wdm_hash *h, const void *data, size_t len);
/** Full state of the last compression, of which a digest is the first bytes. */
void wdm_hash_final(struct wdm_hash *h, uint8_t out[HISI_SEC_MAX_MAC]);
/** State between two blocks, in the byte order of a digest. */
void wdm_hash_export(const struct wdm_hash *h, uint8_t state[HISI_SEC_MAX_MAC]);
/** Continue from such a state, when len bytes have been hashed so far. */
void wdm_hash_import(struct wdm_hash *h, uint8_t alg, const uint8_t *state, uint64_t len);

/** States after the padded key, inner and outer. */
struct wdm_hmac_key {
	struct wdm_hash inner, outer;
};
void wdm_hmac_key_init(struct wdm_hmac_key *key, uint8_t alg, const uint8_t *k, size_t len);

/* sec_modes.c */

struct wdm_ghash_key {
	uint64_t high[16], low[16]; /* multiples of H by all 4-bit polynomials */
};
void wdm_ghash_init(struct wdm_ghash_key *key, const uint8_t h[16]);
/** y = y absorbed data; a last partial block is filled up with zeros. */
void wdm_ghash_update(
		const struct wdm_ghash_key *key, uint8_t y[16], const uint8_t *data, size_t len);
void wdm_ghash_lengths(
		const struct wdm_ghash_key *key, uint8_t y[16], uint64_t a_len, uint64_t c_len);

/**
 * A key as libcrypto wants it: contexts that have the key and take a new IV
 * for each descriptor, plus what the own modes derive from it.
 */
struct wdm_soft_key {
	EVP_CIPHER_CTX *main; /* the mode itself or what an own mode is built on */
	EVP_CIPHER_CTX *aux;
	struct wdm_ghash_key ghash;
	uint8_t sub[2][16]; /* CMAC, XCBC */
};

/** out = what the context makes of in; whole blocks for block modes. */
int wdm_evp_run(EVP_CIPHER_CTX *ctx, const uint8_t *iv, const uint8_t *in, uint8_t *out,
		size_t len);

struct wdm_sec_req;
int wdm_ctr_run(EVP_CIPHER_CTX *ctr, const uint8_t iv[16], bool carry128, const uint8_t *in,
		uint8_t *out, size_t len);
int wdm_cts_run(const struct wdm_soft_key *key, struct wdm_sec_req *req);
int wdm_xts_run(const struct wdm_soft_key *key, struct wdm_sec_req *req);
int wdm_gcm_run(const struct wdm_soft_key *key, struct wdm_sec_req *req);
int wdm_gcm_part_run(const struct wdm_soft_key *key, struct wdm_sec_req *req);
int wdm_gmac_run(const struct wdm_soft_key *key, struct wdm_sec_req *req);
int wdm_ccm_run(const struct wdm_soft_key *key, struct wdm_sec_req *req);
/** K1 and K2 of CMAC from a context that is CBC under the key. */
int wdm_cmac_subkeys(struct wdm_soft_key *key);
/** CMAC, and XCBC which differs in its keys only. */
int wdm_cbcmac_run(const struct wdm_soft_key *key, struct wdm_sec_req *req);

/* Requests */

struct wdm_sec_seg {
	const uint8_t *p;
	uint32_t len;
};

struct wdm_sec_slot;

/** What a descriptor says, by sec_parse.c: the same for all of one session and size. */
struct wdm_sec_bd {
	uint8_t kind; /* enum wdm_sec_kind */
	uint8_t cipher; /* HISI_SEC_CIPHER_* */
	uint8_t auth; /* HISI_SEC_AUTH_* */
	uint8_t flag; /* HISI_SEC_FLAG_* when all is done */
	bool verify; /* a tag is compared, not made */
	bool auth_first;
	bool separate; /* result at dst, not in place */
	bool no_pad; /* more of the stream follows */
	bool state_in; /* the stream began earlier */
	bool carry128; /* CTR */
	bool xts_gb;
	uint8_t src_type, dst_type;
	uint8_t c_alg, c_mode, c_width;
	uint8_t c_key_len, c_iv_len; /* bytes */
	uint8_t a_kind; /* enum wdm_sec_auth */
	uint8_t hash; /* index into wdm_hash_info */
	uint8_t a_key_len, a_iv_len; /* bytes; 0: not read */
	uint8_t mac_len; /* bytes, of tag or carried state */
	uint32_t a_len, c_len, a_off, c_off;
	uint64_t total_len; /* bytes of the whole hash stream */
	uint64_t a_key, c_key;
	uint32_t route; /* sec_burst.c; 0: none */
};

/** How far sec_quick.c got. */
enum wdm_sec_way {
	WDM_SEC_NEW, /* nothing is known of it */
	WDM_SEC_KNOWN, /* parsed, by what it was like before */
	WDM_SEC_FOUND, /* and its data was found */
	WDM_SEC_TAKEN, /* by sec_burst.c, or an error was reported: there is nothing left to do */
};

struct wdm_sec_req {
	/* what the short way uses first: two cache lines */
	struct wdm_task *task;
	struct wdm_space *space;
	const struct wdm_sec_bd *bd; /* own, or of recent */
	const struct wdm_sec_recent *recent; /* what it was parsed by, if known */
	const uint8_t *in; /* c_len bytes */
	uint8_t *out;
	struct wdm_sec_slot *c_slot, *a_slot;

	const uint8_t *iv; /* c_iv, or c_iv_host where that will do */
	/* client memory, or NULL: not looked up */
	const uint8_t *c_iv_host;
	uint8_t *mac_host;
	uint8_t way; /* enum wdm_sec_way */
	bool scatter; /* out is not client memory yet */
	uint8_t nb_a_seg;
	struct wdm_sec_seg
			a_seg[3]; /* what is authenticated; pieces of out count after ciphering */

	uint8_t c_iv[16], a_iv[HISI_SEC_MAX_MAC];
	uint8_t mac[HISI_SEC_MAX_MAC] __attribute__((aligned(16)));
	uint8_t want[HISI_SEC_MAX_MAC];

	/* from the descriptor, for the careful way */
	struct wdm_sec_bd own;
	uint64_t src, dst, mac_addr, a_iv_addr, c_iv_addr;
	struct wdm_side src_side, out_side; /* sec_data.c */
	const void *des_keys[3]; /* sec_imb.c */
} __attribute__((aligned(64)));

#define WDM_SEC_SAME_WORDS 8 /* of a descriptor, all that is read and is no address of data */
#define WDM_SEC_NEAR 6
#define WDM_SEC_RECENT 256 /* a power of two, up to 256 */

struct wdm_sec_recent {
	uint64_t word[WDM_SEC_SAME_WORDS];
	struct wdm_sec_bd bd;
	uint64_t batch; /* that uses it, or was the last to */
	bool known;
};

/* What differs between hardware versions. */
struct wdm_sec_version {
	uint8_t bd_type;
	uint16_t modes[4]; /* [c_alg], bit c_mode */
	uint16_t chain_modes[4]; /* those that go with an HMAC */
	uint16_t chain_hashes; /* bit by wdm_hash_info index */
	bool aes_macs; /* XCBC, CMAC, GMAC */
	bool empty_hash; /* a zero-length message in one descriptor */
	bool empty_payload; /* AEAD */
};

/* The engine */

#ifdef WDM_HAVE_IPSEC_MB
#include <intel-ipsec-mb.h>

struct wdm_imb_aes {
	uint8_t enc[16 * 15] __attribute__((aligned(16)));
	uint8_t dec[16 * 15] __attribute__((aligned(16)));
};
struct wdm_imb_hmac {
	uint8_t inner[64] __attribute__((aligned(16)));
	uint8_t outer[64] __attribute__((aligned(16)));
};
struct wdm_imb_cbcmac {
	uint8_t key[16 * 11] __attribute__((aligned(16)));
	uint8_t sub[2][16] __attribute__((aligned(16)));
};
struct wdm_imb_des {
	uint64_t ks[3][16];
};
#endif

#define WDM_SEC_KEY_MAX 252U /* six bits of words */
#define WDM_SEC_SLOTS 256U

/** What a slot's key has been expanded for. */
enum wdm_sec_slot_kind {
	WDM_SLOT_EMPTY,
	WDM_SLOT_HMAC,
	WDM_SLOT_SOFT,
	WDM_SLOT_IMB_AES,
	WDM_SLOT_IMB_GCM,
	WDM_SLOT_IMB_HMAC,
	WDM_SLOT_IMB_XCBC,
	WDM_SLOT_IMB_CMAC,
	WDM_SLOT_IMB_DES,
};
/* Below the kind: what else tells one expansion of the same bytes from another. */
#define WDM_SLOT_ID(kind, alg, mode, dir)                                                          \
	((uint32_t)(kind) << 24 | (uint32_t)(alg) << 16 | (uint32_t)(mode) << 8 | (uint32_t)(dir))
#define WDM_SLOT_KIND(id) ((id) >> 24)
#define WDM_SLOT_ALG(id) ((id) >> 16 & 0xff)
#define WDM_SLOT_MODE(id) ((id) >> 8 & 0xff)
#define WDM_SLOT_DIR(id) ((id)&0xff)

struct wdm_sec_slot {
	uint32_t id;
	uint32_t key_len;
	uint64_t tick; /* of the last use */
	uint8_t key[WDM_SEC_KEY_MAX + 4];
	union {
		struct wdm_hmac_key hmac;
		struct wdm_soft_key soft;
#ifdef WDM_HAVE_IPSEC_MB
		struct wdm_imb_aes imb_aes;
		struct gcm_key_data imb_gcm;
		struct wdm_imb_hmac imb_hmac;
		struct wdm_imb_cbcmac imb_cbcmac;
		struct wdm_imb_des imb_des;
#endif
	} u;
} __attribute__((aligned(64)));

#define WDM_SEC_C_KEYS 3 /* 128, 192, 256 bits */
#define WDM_SEC_C_MODES 10

struct wdm_sec {
	const struct wdm_sec_version *version;
	bool instant;
#ifdef WDM_HAVE_IPSEC_MB
	IMB_MGR *imb; /* NULL: libcrypto alone */
	IMB_JOB jobs[WDM_BATCH]; /* of one kind, for one call */
	struct wdm_sec_req *pending[WDM_BATCH]; /* whose data is ready, and which have a route */
	unsigned int nb_pending;
	const struct wdm_sec_req *with_keys; /* the last one since there was nothing in flight */
#endif
	unsigned int in_flight;
	uint64_t tick; /* counts uses of slots */
	uint64_t idle_tick; /* when nothing was in flight last: older uses are over */

	/* Room for data that cannot be used where it is. Reserved for the largest
	 * descriptor at creation; only what is used takes memory.
	 */
	uint8_t *arena;
	size_t arena_used, arena_high;
	struct wdm_piece *pieces;
	unsigned int pieces_used;

	EVP_CIPHER *ciphers[4][WDM_SEC_C_KEYS][WDM_SEC_C_MODES]; /* fetched at first use */
	struct wdm_sec_slot *slots;
	struct wdm_near near[WDM_SEC_NEAR]; /* of the batch in work, sec_quick.c */
	uint64_t batch; /* counts them */
	struct wdm_sec_recent recent[WDM_SEC_RECENT];
	unsigned int last_recent; /* of them */
	struct wdm_sec_req reqs[WDM_BATCH];
};

/* sec.c */
/** Finish all that is in flight. */
void wdm_sec_drain(struct wdm_sec *sec);
void wdm_sec_report_error(struct wdm_task *task, enum wdm_sec_error error);
/** Whether the tag is right that was to be compared; true if there was none. */
bool wdm_sec_verified(const struct wdm_sec_req *req);
/** The result is in req: deliver data and tag, report. */
void wdm_sec_finish(struct wdm_sec_req *req);

/* sec_parse.c */
const struct wdm_sec_version *wdm_sec_version_get(unsigned int hw_version);
/** BD invalid: nothing to do but to complete. */
bool wdm_sec_is_invalid(const struct wdm_sec_version *version, const uint8_t *sqe);
enum wdm_sec_error wdm_sec_parse(const struct wdm_sec_version *version, struct wdm_sec_req *req);
/** HISI_SEC_FLAG_* from the descriptor alone, for the engine that does nothing. */
uint8_t wdm_sec_flag_guess(const struct wdm_sec_version *version, const uint8_t *sqe);
/** The larger of what it ciphers and what it authenticates, unchecked. */
static inline uint32_t
wdm_sec_length(const struct wdm_sec_version *version, const uint8_t *sqe)
{
	uint32_t a_len, c_len;

	if (version->bd_type == HISI_SEC_TYPE_BD2) {
		const struct hisi_sec_bd2 *bd = (const struct hisi_sec_bd2 *)sqe;

		a_len = le32toh(bd->a_len) & HISI_SEC_LEN_MASK;
		c_len = le32toh(bd->c_len) & HISI_SEC_LEN_MASK;
	} else {
		const struct hisi_sec_bd3 *bd = (const struct hisi_sec_bd3 *)sqe;

		a_len = le32toh(bd->a_len) & HISI_SEC_LEN_MASK;
		c_len = le32toh(bd->c_len) & HISI_SEC_LEN_MASK;
	}
	return a_len > c_len ? a_len : c_len;
}

enum wdm_sec_error wdm_sec_check_type(const struct wdm_sec_version *version, const uint8_t *sqe);

/* sec_quick.c */
/**
 * Make requests of nb tasks, and do what can be done without care. For WDM_SEC_FOUND
 * that is what wdm_sec_data_open() does for its ranges. careful: only make them.
 */
void wdm_sec_look(struct wdm_sec *sec, struct wdm_space *space, struct wdm_task *tasks,
		unsigned int nb, bool careful);
/** Parsed, and without error. Nothing that the batch uses is forgotten for it. */
void wdm_sec_remember(struct wdm_sec *sec, const struct wdm_sec_req *req);

/* sec_data.c */
int wdm_sec_data_create(struct wdm_sec *sec);
void wdm_sec_data_destroy(struct wdm_sec *sec);
/**
 * Everything that is read is reachable afterwards, everything written has been
 * checked. quick: wdm_sec_look() has done it for the ranges (WDM_SEC_FOUND).
 */
enum wdm_sec_error wdm_sec_data_open(struct wdm_sec *sec, struct wdm_sec_req *req, bool quick);
/** Start over with empty arena and pieces; nothing may be in flight. */
void wdm_sec_data_reset(struct wdm_sec *sec);
/** Room, sure to be there for a request that wdm_sec_data_open() has seen. */
uint8_t *wdm_sec_arena_get(struct wdm_sec *sec, size_t len);
/** Write out and mac to client memory. */
enum wdm_sec_error wdm_sec_data_deliver(struct wdm_sec_req *req);

/* sec_keys.c */
int wdm_sec_keys_create(struct wdm_sec *sec);
void wdm_sec_keys_destroy(struct wdm_sec *sec);
/**
 * Slot with the key of len bytes at addr, expanded as id says. Valid until the
 * request is done, if a request uses no more than two. *slot: a guess, or NULL.
 */
enum wdm_sec_error wdm_sec_key_get(struct wdm_sec *sec, struct wdm_space *space, uint32_t id,
		uint64_t addr, uint32_t len, struct wdm_sec_slot **slot);

/* sec_openssl.c */
void wdm_sec_soft_destroy(struct wdm_sec *sec);
enum wdm_sec_error wdm_sec_soft_keys(struct wdm_sec *sec, struct wdm_sec_req *req);
int wdm_sec_soft_run(struct wdm_sec_req *req);
int wdm_sec_soft_expand(struct wdm_sec *sec, struct wdm_sec_slot *slot);
void wdm_sec_soft_wipe(struct wdm_sec_slot *slot);

#ifdef WDM_HAVE_IPSEC_MB
/* sec_imb.c */
/** Bytes: jobs that share vector registers count their length in 16 bits. */
#define WDM_SEC_LANE_MAX 65520U
/** HMACs that the library has, by wdm_hash_info index; 0: none. */
extern const IMB_HASH_ALG wdm_sec_imb_hmacs[WDM_HASH_NB];
int wdm_sec_imb_create(struct wdm_sec *sec);
void wdm_sec_imb_destroy(struct wdm_sec *sec);
/** CTR: whether the 32 bits that the library counts in do not run over. */
bool wdm_sec_imb_counts(const struct wdm_sec_req *req);
/** Whether the library does this one, and faster than libcrypto. */
bool wdm_sec_imb_takes(struct wdm_sec *sec, struct wdm_sec_req *req);
enum wdm_sec_error wdm_sec_imb_keys(struct wdm_sec *sec, struct wdm_sec_req *req);
void wdm_sec_imb_submit(struct wdm_sec *sec, struct wdm_sec_req *req);
void wdm_sec_imb_flush(struct wdm_sec *sec);
void wdm_sec_imb_expand(struct wdm_sec *sec, struct wdm_sec_slot *slot);

/* sec_burst.c */
/** With which others it shares calls; 0: goes through the library's queue. */
uint32_t wdm_sec_route(const struct wdm_sec *sec, const struct wdm_sec_bd *bd);
/** One that has a route, data, keys and IV. */
void wdm_sec_burst_add(struct wdm_sec *sec, struct wdm_sec_req *req);
/** Finish all that were added. */
void wdm_sec_burst_run(struct wdm_sec *sec);
#endif

#endif /* WDM_SEC_H */
