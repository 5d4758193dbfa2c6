/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Known answers of GCM (IV of 12 bytes) and CCM (any nonce). */

#ifndef VECTORS_SEC_AEAD_H
#define VECTORS_SEC_AEAD_H

#include <stdint.h>

struct sec_aead_vector {
	const char *source;
	uint8_t alg, mode, key_code;
	const char *key, *nonce, *aad, *plain, *cipher, *tag;
};

#define GCM_K128 "feffe9928665731c6d6a8f9467308308"
#define GCM_K192 GCM_K128 "feffe9928665731c"
#define GCM_K256 GCM_K128 GCM_K128
#define GCM_IV "cafebabefacedbaddecaf888"
#define GCM_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_PLAIN60                                                                                 \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                         \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define CCM_KEY "404142434445464748494a4b4c4d4e4f"
#define RFC8998_KEY "0123456789abcdeffedcba9876543210"
#define RFC8998_IV "00001234567800000000abcd"
#define RFC8998_PLAIN                                                                               \
	"aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"                         \
	"eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"

static const struct sec_aead_vector sec_aead_vectors[] = {
	{ "GCM specification (McGrew, Viega), case 2", 2, 6, 0, "00000000000000000000000000000000",
		"000000000000000000000000", "", "00000000000000000000000000000000",
		"0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf" },
	{ "GCM specification (McGrew, Viega), case 3", 2, 6, 0, GCM_K128, GCM_IV, "",
		GCM_PLAIN60 "1aafd255",
		"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
		"4d5c2af327cd64a62cf35abd2ba6fab4" },
	{ "GCM specification (McGrew, Viega), case 4", 2, 6, 0, GCM_K128, GCM_IV, GCM_AAD, GCM_PLAIN60,
		"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
		"5bc94fbc3221a5db94fae95ae7121a47" },
	{ "GCM specification (McGrew, Viega), case 10", 2, 6, 1, GCM_K192, GCM_IV, GCM_AAD,
		GCM_PLAIN60,
		"3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
		"7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
		"2519498e80f1478f37ba55bd6d27618c" },
	{ "GCM specification (McGrew, Viega), case 16", 2, 6, 2, GCM_K256, GCM_IV, GCM_AAD,
		GCM_PLAIN60,
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
		"76fc6ece0f4e1768cddf8853bb2d551b" },
	{ "SP 800-38C example 1", 2, 5, 0, CCM_KEY, "10111213141516", "0001020304050607", "20212223",
		"7162015b", "4dac255d" },
	{ "SP 800-38C example 2", 2, 5, 0, CCM_KEY, "1011121314151617",
		"000102030405060708090a0b0c0d0e0f", "202122232425262728292a2b2c2d2e2f",
		"d2a1f0e051ea5f62081a7792073d593d", "1fc64fbfaccd" },
	{ "SP 800-38C example 3", 2, 5, 0, CCM_KEY, "101112131415161718191a1b",
		"000102030405060708090a0b0c0d0e0f10111213",
		"202122232425262728292a2b2c2d2e2f3031323334353637",
		"e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5", "484392fbc1b09951" },
	{ "RFC 8998 A.1", 3, 6, 0, RFC8998_KEY, RFC8998_IV, GCM_AAD, RFC8998_PLAIN,
		"17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
		"d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
		"83de3541e4c2b58177e065a9bf7b62ec" },
	{ "RFC 8998 A.2", 3, 5, 0, RFC8998_KEY, RFC8998_IV, GCM_AAD, RFC8998_PLAIN,
		"48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094"
		"fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b",
		"16842d4fa186f56ab33256971fa110f4" },
};

#endif /* VECTORS_SEC_AEAD_H */
