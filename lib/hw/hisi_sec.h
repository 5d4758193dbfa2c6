/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/**
 * @file
 * HiSilicon SEC2 buffer descriptors: type 2 (Kunpeng 920) and type 3
 * (Kunpeng 930), 128 bytes each.
 *
 * All fields are little endian. The layouts are those of UADK (drv/hisi_sec.c)
 * and Linux (drivers/crypto/hisilicon/sec2/sec_crypto.h). A macro NAME_SHIFT
 * with NAME_MASK describes a field of the word named in its prefix; the mask
 * is not shifted: word = (value & MASK) << SHIFT.
 */

#ifndef HISI_SEC_H
#define HISI_SEC_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#define HISI_SEC_SQE_SIZE 128

/** BD type 2. */
struct hisi_sec_bd2 {
	__le32 dw0; /* HISI_SEC_BD2_0_* */
	__le32 dw1; /* HISI_SEC_BD2_1_* */
	__le32 dw2; /* HISI_SEC_BD2_2_*: auth lengths and algorithm */
	__le32 dw3; /* HISI_SEC_BD2_3_*: cipher key, mode and algorithm */
	__le32 a_len; /* bytes authenticated, 23:0 */
	__le32 c_len; /* bytes ciphered, 23:0 */
	__le16 auth_src_offset; /* bytes from data_src */
	__le16 cipher_src_offset; /* bytes from data_src */
	__le16 cs_ip_offset; /* 0 */
	__le16 cs_udp_offset; /* 0 */
	__le16 pass_word_len; /* 0 */
	__le16 dk_len; /* 0 */
	__le32 salt; /* 0 */
	__le16 tag; /* echoed */
	__le16 rsvd0;
	__le16 pad; /* 0 */
	__le16 c_pad_len_field; /* 0 */
	__le64 long_a_data_len; /* whole message in bits, on the last BD of a hash stream */
	__le64 a_ivin_addr;
	__le64 a_key_addr;
	__le64 mac_addr;
	__le64 c_ivin_addr;
	__le64 c_key_addr;
	__le64 data_src_addr;
	__le64 data_dst_addr;
	__le32 status; /* HISI_SEC_STATUS_*, written by the device from here on */
	__le32 mac_i;
	__le32 check_sum_i;
	__le32 counter;
};
static_assert(sizeof(struct hisi_sec_bd2) == HISI_SEC_SQE_SIZE, "BD2 is 128 bytes");
static_assert(offsetof(struct hisi_sec_bd2, a_len) == 16, "hisi_sec_bd2.a_len");
static_assert(offsetof(struct hisi_sec_bd2, auth_src_offset) == 24, "hisi_sec_bd2.auth_src_offset");
static_assert(offsetof(struct hisi_sec_bd2, tag) == 40, "hisi_sec_bd2.tag");
static_assert(offsetof(struct hisi_sec_bd2, long_a_data_len) == 48, "hisi_sec_bd2.long_a_data_len");
static_assert(offsetof(struct hisi_sec_bd2, mac_addr) == 72, "hisi_sec_bd2.mac_addr");
static_assert(offsetof(struct hisi_sec_bd2, data_dst_addr) == 104, "hisi_sec_bd2.data_dst_addr");
static_assert(offsetof(struct hisi_sec_bd2, status) == 112, "hisi_sec_bd2.status");

#define HISI_SEC_BD2_0_TYPE_SHIFT 0
#define HISI_SEC_BD2_0_TYPE_MASK 0xfU
#define HISI_SEC_BD2_0_CIPHER_SHIFT 4 /* HISI_SEC_CIPHER_* */
#define HISI_SEC_BD2_0_CIPHER_MASK 0x3U
#define HISI_SEC_BD2_0_AUTH_SHIFT 6 /* HISI_SEC_AUTH_* */
#define HISI_SEC_BD2_0_AUTH_MASK 0x3U
#define HISI_SEC_BD2_0_SEQ_SHIFT 8 /* HISI_SEC_SEQ_* */
#define HISI_SEC_BD2_0_SEQ_MASK 0x1U
#define HISI_SEC_BD2_0_DE_SHIFT 9 /* HISI_SEC_DE_* */
#define HISI_SEC_BD2_0_DE_MASK 0x3U
#define HISI_SEC_BD2_0_SCENE_SHIFT 11 /* HISI_SEC_SCENE_* */
#define HISI_SEC_BD2_0_SCENE_MASK 0xfU
#define HISI_SEC_BD2_0_SRC_TYPE_SHIFT 15 /* HISI_SEC_ADDR_*, bits 17:15 */
#define HISI_SEC_BD2_0_SRC_TYPE_MASK 0x7U
#define HISI_SEC_BD2_0_DST_TYPE_SHIFT 18
#define HISI_SEC_BD2_0_DST_TYPE_MASK 0x7U
#define HISI_SEC_BD2_0_MAC_TYPE_SHIFT 21 /* always HISI_SEC_ADDR_FLAT */
#define HISI_SEC_BD2_0_MAC_TYPE_MASK 0x7U

#define HISI_SEC_BD2_1_CI_GEN_SHIFT 6 /* 0: the IV is at c_ivin_addr */
#define HISI_SEC_BD2_1_CI_GEN_MASK 0x3U
#define HISI_SEC_BD2_1_AI_GEN_SHIFT 8 /* HISI_SEC_AI_GEN_* */
#define HISI_SEC_BD2_1_AI_GEN_MASK 0x3U
#define HISI_SEC_BD2_1_A_PAD_SHIFT 10 /* HISI_SEC_A_PAD_* */
#define HISI_SEC_BD2_1_A_PAD_MASK 0x3U
#define HISI_SEC_BD2_1_BD_INVALID_SHIFT 31 /* complete without touching data */
#define HISI_SEC_BD2_1_BD_INVALID_MASK 0x1U

#define HISI_SEC_BD2_2_MAC_LEN_SHIFT 0 /* words */
#define HISI_SEC_BD2_2_MAC_LEN_MASK 0x1fU
#define HISI_SEC_BD2_2_A_KEY_LEN_SHIFT 5 /* words */
#define HISI_SEC_BD2_2_A_KEY_LEN_MASK 0x3fU
#define HISI_SEC_BD2_2_A_ALG_SHIFT 11 /* HISI_SEC_A_ALG_* */
#define HISI_SEC_BD2_2_A_ALG_MASK 0x3fU

#define HISI_SEC_BD2_3_C_ICV_LEN_SHIFT 0 /* CCM and GCM tag, bytes */
#define HISI_SEC_BD2_3_C_ICV_LEN_MASK 0x3fU
#define HISI_SEC_BD2_3_C_WIDTH_SHIFT 6 /* HISI_SEC_C_WIDTH_* */
#define HISI_SEC_BD2_3_C_WIDTH_MASK 0x7U
#define HISI_SEC_BD2_3_C_KEY_LEN_SHIFT 9 /* HISI_SEC_C_KEY_* */
#define HISI_SEC_BD2_3_C_KEY_LEN_MASK 0x7U
#define HISI_SEC_BD2_3_C_MODE_SHIFT 12 /* HISI_SEC_C_MODE_* */
#define HISI_SEC_BD2_3_C_MODE_MASK 0xfU
#define HISI_SEC_BD2_3_C_ALG_SHIFT 16 /* HISI_SEC_C_ALG_* */
#define HISI_SEC_BD2_3_C_ALG_MASK 0xfU

#define HISI_SEC_LEN_MASK 0xffffffU /* of a_len and c_len, both types */

/** BD type 3; four 64-bit fields lie on 4-byte boundaries only. */
struct hisi_sec_bd3 {
	__le32 dw0; /* HISI_SEC_BD3_0_* */
	__le32 dw1; /* HISI_SEC_BD3_1_*: cipher */
	__le64 tag; /* echoed */
	__le64 data_src_addr;
	__le64 a_key_addr;
	__le64 a_ivin_addr;
	__le64 rsvd0;
	__le64 c_key_addr;
	__le32 dw14; /* HISI_SEC_BD3_14_*: auth */
	__le32 salt; /* 0 */
	__le16 auth_src_offset; /* bytes from data_src */
	__le16 cipher_src_offset; /* bytes from data_src */
	__le32 a_len; /* bytes authenticated, 23:0 */
	__le32 c_len; /* bytes ciphered, 23:0 */
	__le64 data_dst_addr;
	__le64 mac_addr;
	__le64 c_ivin_addr;
	__le64 long_a_data_len; /* whole message in bits, on the last BD of a hash stream */
	__le32 dw27; /* HISI_SEC_BD3_27_* */
	__le32 status; /* HISI_SEC_STATUS_*, written by the device from here on */
	__le32 mac_i;
	__u8 tls_type_back;
	__u8 hac_sva_status; /* SVA fault code */
	__le16 check_sum_i;
	__le32 counter;
} __attribute__((packed, aligned(4)));
static_assert(sizeof(struct hisi_sec_bd3) == HISI_SEC_SQE_SIZE, "BD3 is 128 bytes");
static_assert(offsetof(struct hisi_sec_bd3, data_src_addr) == 16, "hisi_sec_bd3.data_src_addr");
static_assert(offsetof(struct hisi_sec_bd3, c_key_addr) == 48, "hisi_sec_bd3.c_key_addr");
static_assert(offsetof(struct hisi_sec_bd3, auth_src_offset) == 64, "hisi_sec_bd3.auth_src_offset");
static_assert(offsetof(struct hisi_sec_bd3, a_len) == 68, "hisi_sec_bd3.a_len");
static_assert(offsetof(struct hisi_sec_bd3, data_dst_addr) == 76, "hisi_sec_bd3.data_dst_addr");
static_assert(offsetof(struct hisi_sec_bd3, c_ivin_addr) == 92, "hisi_sec_bd3.c_ivin_addr");
static_assert(offsetof(struct hisi_sec_bd3, long_a_data_len) == 100,
		"hisi_sec_bd3.long_a_data_len");
static_assert(offsetof(struct hisi_sec_bd3, status) == 112, "hisi_sec_bd3.status");
static_assert(offsetof(struct hisi_sec_bd3, hac_sva_status) == 121, "hisi_sec_bd3.hac_sva_status");
static_assert(offsetof(struct hisi_sec_bd3, status) == offsetof(struct hisi_sec_bd2, status),
		"both types report at the same place");

#define HISI_SEC_BD3_0_TYPE_SHIFT 0
#define HISI_SEC_BD3_0_TYPE_MASK 0xfU
#define HISI_SEC_BD3_0_BD_INVALID_SHIFT 4
#define HISI_SEC_BD3_0_BD_INVALID_MASK 0x1U
#define HISI_SEC_BD3_0_SCENE_SHIFT 5
#define HISI_SEC_BD3_0_SCENE_MASK 0xfU
#define HISI_SEC_BD3_0_DE_SHIFT 9
#define HISI_SEC_BD3_0_DE_MASK 0x3U
#define HISI_SEC_BD3_0_SRC_TYPE_SHIFT 11
#define HISI_SEC_BD3_0_SRC_TYPE_MASK 0x7U
#define HISI_SEC_BD3_0_DST_TYPE_SHIFT 14
#define HISI_SEC_BD3_0_DST_TYPE_MASK 0x7U
#define HISI_SEC_BD3_0_MAC_TYPE_SHIFT 17
#define HISI_SEC_BD3_0_MAC_TYPE_MASK 0x7U

#define HISI_SEC_BD3_1_CIPHER_SHIFT 0
#define HISI_SEC_BD3_1_CIPHER_MASK 0x3U
#define HISI_SEC_BD3_1_CI_GEN_SHIFT 2
#define HISI_SEC_BD3_1_CI_GEN_MASK 0x3U
#define HISI_SEC_BD3_1_C_ICV_LEN_SHIFT 4
#define HISI_SEC_BD3_1_C_ICV_LEN_MASK 0x3fU
#define HISI_SEC_BD3_1_C_WIDTH_SHIFT 10
#define HISI_SEC_BD3_1_C_WIDTH_MASK 0x7U
#define HISI_SEC_BD3_1_C_KEY_LEN_SHIFT 13
#define HISI_SEC_BD3_1_C_KEY_LEN_MASK 0x7U
#define HISI_SEC_BD3_1_C_MODE_SHIFT 16
#define HISI_SEC_BD3_1_C_MODE_MASK 0xfU
#define HISI_SEC_BD3_1_C_ALG_SHIFT 20
#define HISI_SEC_BD3_1_C_ALG_MASK 0xfU
#define HISI_SEC_BD3_1_SEQ_SHIFT 30
#define HISI_SEC_BD3_1_SEQ_MASK 0x1U

#define HISI_SEC_BD3_14_AUTH_SHIFT 0
#define HISI_SEC_BD3_14_AUTH_MASK 0x3U
#define HISI_SEC_BD3_14_AI_GEN_SHIFT 2
#define HISI_SEC_BD3_14_AI_GEN_MASK 0x3U
#define HISI_SEC_BD3_14_MAC_LEN_SHIFT 4 /* words */
#define HISI_SEC_BD3_14_MAC_LEN_MASK 0x1fU
#define HISI_SEC_BD3_14_A_KEY_LEN_SHIFT 9 /* words */
#define HISI_SEC_BD3_14_A_KEY_LEN_MASK 0x3fU
#define HISI_SEC_BD3_14_A_ALG_SHIFT 15
#define HISI_SEC_BD3_14_A_ALG_MASK 0x3fU
#define HISI_SEC_BD3_14_CTR_MODE_SHIFT 25 /* HISI_SEC_CTR_*; XTS: HISI_SEC_XTS_GB */
#define HISI_SEC_BD3_14_CTR_MODE_MASK 0x3U
#define HISI_SEC_BD3_14_SVA_PREFETCH_SHIFT 27 /* a hint; 0 in this driver, see doc/hardware.md */
#define HISI_SEC_BD3_14_SVA_PREFETCH_MASK 0x1U

#define HISI_SEC_BD3_27_A_PAD_SHIFT 0
#define HISI_SEC_BD3_27_A_PAD_MASK 0x3U
#define HISI_SEC_BD3_27_MAC_SEL_SHIFT 5 /* 1 in GCM stream BDs */
#define HISI_SEC_BD3_27_MAC_SEL_MASK 0x1U

/* Codes shared by both types. */
#define HISI_SEC_TYPE_BD2 2U
#define HISI_SEC_TYPE_BD3 3U

#define HISI_SEC_CIPHER_NONE 0U
#define HISI_SEC_CIPHER_ENCRYPT 1U
#define HISI_SEC_CIPHER_DECRYPT 2U
#define HISI_SEC_CIPHER_COPY 3U

#define HISI_SEC_AUTH_NONE 0U
#define HISI_SEC_AUTH_GENERATE 1U
#define HISI_SEC_AUTH_VERIFY 2U

#define HISI_SEC_SEQ_CIPHER_AUTH 0U /* encrypt, then MAC */
#define HISI_SEC_SEQ_AUTH_CIPHER 1U /* check the MAC of the ciphertext, then decrypt */

#define HISI_SEC_DE_IN_PLACE 0U
#define HISI_SEC_DE_SEPARATE 1U

#define HISI_SEC_ADDR_FLAT 0U
#define HISI_SEC_ADDR_SGL 1U
#define HISI_SEC_ADDR_PRP 2U

#define HISI_SEC_SCENE_NONE 0U
#define HISI_SEC_SCENE_IPSEC 1U
#define HISI_SEC_SCENE_STORAGE 5U
#define HISI_SEC_SCENE_STREAM 7U

#define HISI_SEC_AI_GEN_BUILTIN 0U /* built-in start state */
#define HISI_SEC_AI_GEN_IVIN 1U /* read from a_ivin_addr */

#define HISI_SEC_A_PAD 0U
#define HISI_SEC_A_NO_PAD 1U

#define HISI_SEC_C_ALG_DES 0U
#define HISI_SEC_C_ALG_3DES 1U
#define HISI_SEC_C_ALG_AES 2U
#define HISI_SEC_C_ALG_SM4 3U

#define HISI_SEC_C_MODE_ECB 0U
#define HISI_SEC_C_MODE_CBC 1U
#define HISI_SEC_C_MODE_CFB 2U
#define HISI_SEC_C_MODE_OFB 3U
#define HISI_SEC_C_MODE_CTR 4U
#define HISI_SEC_C_MODE_CCM 5U
#define HISI_SEC_C_MODE_GCM 6U
#define HISI_SEC_C_MODE_XTS 7U
#define HISI_SEC_C_MODE_CBC_CS 9U

#define HISI_SEC_C_WIDTH_CS1 1U
#define HISI_SEC_C_WIDTH_CS2 2U
#define HISI_SEC_C_WIDTH_CS3 3U

#define HISI_SEC_C_KEY_128 0U /* also SM4; XTS: the length of one half */
#define HISI_SEC_C_KEY_192 1U
#define HISI_SEC_C_KEY_256 2U
#define HISI_SEC_C_KEY_DES 1U
#define HISI_SEC_C_KEY_3DES_3KEY 1U
#define HISI_SEC_C_KEY_3DES_2KEY 3U

#define HISI_SEC_CTR_32BIT 0U
#define HISI_SEC_CTR_128BIT 2U
#define HISI_SEC_XTS_GB 1U

#define HISI_SEC_A_ALG_SHA1 0x00U
#define HISI_SEC_A_ALG_SHA256 0x01U
#define HISI_SEC_A_ALG_MD5 0x02U
#define HISI_SEC_A_ALG_SHA224 0x03U
#define HISI_SEC_A_ALG_SHA384 0x04U
#define HISI_SEC_A_ALG_SHA512 0x05U
#define HISI_SEC_A_ALG_SHA512_224 0x06U
#define HISI_SEC_A_ALG_SHA512_256 0x07U
#define HISI_SEC_A_ALG_HMAC 0x10U /* added to one of the above */
#define HISI_SEC_A_ALG_AES_XCBC 0x20U
#define HISI_SEC_A_ALG_AES_CMAC 0x21U
#define HISI_SEC_A_ALG_AES_GMAC 0x22U
#define HISI_SEC_A_ALG_SM3 0x25U
#define HISI_SEC_A_ALG_HMAC_SM3 0x26U

/* Result, byte 112 of both types. */
#define HISI_SEC_STATUS_OFFSET 112
#define HISI_SEC_STATUS_DONE 0x1U
#define HISI_SEC_STATUS_ICV_SHIFT 1
#define HISI_SEC_STATUS_ICV_MASK 0x7U
#define HISI_SEC_STATUS_FLAG_SHIFT 7 /* HISI_SEC_FLAG_* */
#define HISI_SEC_STATUS_FLAG_MASK 0xfU
#define HISI_SEC_STATUS_ERROR_TYPE_SHIFT 16 /* 0 good */
#define HISI_SEC_STATUS_ERROR_TYPE_MASK 0xffU
#define HISI_SEC_STATUS_WARNING_TYPE_SHIFT 24
#define HISI_SEC_STATUS_WARNING_TYPE_MASK 0xffU

#define HISI_SEC_ICV_MISMATCH 2U

/** What was done. Linux expects 2 of a cipher and 3 of an AEAD; 1 for a digest is inferred. */
#define HISI_SEC_FLAG_AUTH 1U
#define HISI_SEC_FLAG_CIPHER 2U

/* Limits, bytes. */
#define HISI_SEC_MAX_DATA 0xfffe00U /* of one BD, associated data included */
#define HISI_SEC_MAX_AAD 65535U /* the offset field is 16 bits */
#define HISI_SEC_MAX_AAD_CCM 65279U /* two-byte length encoding */
#define HISI_SEC_MAX_MAC 64U
#define HISI_SEC_IV_SIZE 16U

#endif /* HISI_SEC_H */
