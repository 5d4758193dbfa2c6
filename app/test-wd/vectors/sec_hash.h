/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Known answers of hashes and MACs; codes as in the descriptor. */

#ifndef VECTORS_SEC_HASH_H
#define VECTORS_SEC_HASH_H

#include <stdint.h>

struct sec_hash_vector {
	const char *source;
	uint8_t alg;
	const char *key, *iv, *msg, *mac;
};

#define ABC "616263"
#define TWO_BLOCKS                                                                                  \
	"6162636462636465636465666465666765666768666768696768696a68696a6b"                         \
	"696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071"
#define KEY_0B16 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define KEY_0B20 KEY_0B16 "0b0b0b0b"
#define HI_THERE "4869205468657265"
#define JEFE "4a656665"
#define WHAT_DO "7768617420646f2079612077616e7420666f72206e6f7468696e673f"
#define RFC4493_KEY "2b7e151628aed2a6abf7158809cf4f3c"
#define RFC3566_KEY "000102030405060708090a0b0c0d0e0f"
#define GMAC_IV "12153524c0895e81b2c28465"
#define GMAC_MSG                                                                                    \
	"d609b1f056637a0d46df998d88e5222ab2c2846512153524c0895e8108000f10"                         \
	"1112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30"                         \
	"313233340001"

static const struct sec_hash_vector sec_hash_vectors[] = {
	{ "FIPS 180-4 examples", 0x00, "", "", ABC, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "FIPS 180-4 examples", 0x00, "", "", TWO_BLOCKS, "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ "FIPS 180-4 examples", 0x01, "", "", ABC,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "FIPS 180-4 examples", 0x01, "", "", TWO_BLOCKS,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "RFC 1321 A.5", 0x02, "", "", ABC, "900150983cd24fb0d6963f7d28e17f72" },
	{ "RFC 1321 A.5", 0x02, "", "", "6d65737361676520646967657374",
		"f96b697d7cb7938d525a2f31aaf161d0" },
	{ "FIPS 180-4 examples", 0x03, "", "", ABC,
		"23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ "FIPS 180-4 examples", 0x04, "", "", ABC,
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7" },
	{ "FIPS 180-4 examples", 0x05, "", "", ABC,
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ "FIPS 180-4 examples", 0x06, "", "", ABC,
		"4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa" },
	{ "FIPS 180-4 examples", 0x07, "", "", ABC,
		"53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23" },
	{ "GB/T 32905-2016 A.1", 0x25, "", "", ABC,
		"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" },
	{ "GB/T 32905-2016 A.2", 0x25, "", "",
		"6162636461626364616263646162636461626364616263646162636461626364"
		"6162636461626364616263646162636461626364616263646162636461626364",
		"debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732" },
	{ "RFC 2202 case 1", 0x12, KEY_0B16, "", HI_THERE, "9294727a3638bb1c13f48ef8158bfc9d" },
	{ "RFC 2202 case 2", 0x12, JEFE, "", WHAT_DO, "750c783e6ab0b503eaa86e310a5db738" },
	{ "RFC 2202 case 1", 0x10, KEY_0B20, "", HI_THERE, "b617318655057264e28bc0b6fb378c8ef146be00" },
	{ "RFC 2202 case 2", 0x10, JEFE, "", WHAT_DO, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ "RFC 4231 case 1", 0x13, KEY_0B20, "", HI_THERE,
		"896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22" },
	{ "RFC 4231 case 2", 0x13, JEFE, "", WHAT_DO,
		"a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44" },
	{ "RFC 4231 case 1", 0x11, KEY_0B20, "", HI_THERE,
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "RFC 4231 case 2", 0x11, JEFE, "", WHAT_DO,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "RFC 4231 case 1", 0x14, KEY_0B20, "", HI_THERE,
		"afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
		"faea9ea9076ede7f4af152e8b2fa9cb6" },
	{ "RFC 4231 case 2", 0x14, JEFE, "", WHAT_DO,
		"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
		"8e2240ca5e69e2c78b3239ecfab21649" },
	{ "RFC 4231 case 1", 0x15, KEY_0B20, "", HI_THERE,
		"87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
		"daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
	{ "RFC 4231 case 2", 0x15, JEFE, "", WHAT_DO,
		"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
		"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	{ "RFC 4493 example 2", 0x21, RFC4493_KEY, "", "6bc1bee22e409f96e93d7e117393172a",
		"070a16b46b4d4144f79bdd9dd04a287c" },
	{ "RFC 4493 example 3", 0x21, RFC4493_KEY, "",
		"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
		"30c81c46a35ce411",
		"dfa66747de9ae63030ca32611497c827" },
	{ "RFC 4493 example 4", 0x21, RFC4493_KEY, "",
		"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
		"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
		"51f0bebf7e3b9d92fc49741779363cfe" },
	{ "RFC 3566 case 2", 0x20, RFC3566_KEY, "", "000102", "5b376580ae2f19afe7219ceef172756f" },
	{ "RFC 3566 case 3", 0x20, RFC3566_KEY, "", "000102030405060708090a0b0c0d0e0f",
		"d2a246fa349b68a79998a4394ff7a263" },
	{ "RFC 3566 case 4", 0x20, RFC3566_KEY, "", "000102030405060708090a0b0c0d0e0f10111213",
		"47f51b4564966215b8985c63055ed308" },
	{ "RFC 3566 case 5", 0x20, RFC3566_KEY, "",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"f54f0ec8d2b9f3d36807734bd5283fd4" },
	{ "RFC 3566 case 6", 0x20, RFC3566_KEY, "",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021",
		"becbb3bccdb518a30677d5481fb6b4d8" },
	{ "IEEE 802.1AE C.1.1", 0x22, "ad7a2bd03eac835a6f620fdcb506b345", GMAC_IV, GMAC_MSG,
		"f09478a9b09007d06f46e9b6a1da25dd" },
	{ "IEEE 802.1AE C.1.2", 0x22,
		"e3c08a8f06c6e3ad95a70557b23f75483ce33021a9c72b7025666204c69c0b72", GMAC_IV,
		GMAC_MSG, "2f0bc5af409e06d609ea8b7d0fa5ea50" },
	{ "GCM specification (McGrew, Viega), case 1", 0x22, "00000000000000000000000000000000",
		"000000000000000000000000", "", "58e2fccefa7e3061367f1d57a4e7455a" },
};

#endif /* VECTORS_SEC_HASH_H */
