/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Known answers for the driver's tests, in addition to those the model is tested with. */

#ifndef VECTORS_CRYPTO_MORE_H
#define VECTORS_CRYPTO_MORE_H

#include "sec_cipher.h"
#include "sec_hash.h"

#define CRYPTO_NULL 0xff /* in place of a code: no such algorithm in the descriptor */

static const struct sec_cipher_vector crypto_more_cipher_vectors[] = {
	{ "NIST CAVP TCBCMMT3, encrypt 0", 1, 1, 0, 1, 0,
		"b5cb1504802326c73df186e3e352a20de643b0d63ee30e37", "43f791134c5647ba",
		"dcc153cef81d6f24", "92538bd8af18d3ba" },
	{ "NIST CAVP TCBCMMT3, encrypt 5", 1, 1, 0, 1, 0,
		"625bc19b19df83abfb2f5bec9d4f2062017525a75bc26e70", "bd0cff364ff69a91",
		"8152d2ab876c3c8201403a5a406d3feaf27319dbea6ad01e"
		"24f4d18203704b86de70da6bbb6d638e5aba3ff576b79b28",
		"706fe7a973fac40e25b2b4499ce527078944c70e976d017b"
		"6af86a3a7a6b52943a72ba18a58000d2b61fdc3bfef2bc4a" },
	{ "RFC 2410 2, the identity", CRYPTO_NULL, 0, 0, 0, 0, "", "", SP800_38A_PLAIN, SP800_38A_PLAIN },
	{ "RFC 3686 6, 1", 2, 4, 0, 0, 2, "ae6852f8121067cc4bf7a5765577f39e",
		"000000300000000000000000", "53696e676c6520626c6f636b206d7367",
		"e4095d4fb7a7b3792d6175a3261311b8" },
};

static const struct sec_hash_vector crypto_more_hash_vectors[] = {
	{ "GM/T 0042-2015 D.3, 1", 0x26,
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", "",
		TWO_BLOCKS TWO_BLOCKS,
		"ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a" },
};

#endif /* VECTORS_CRYPTO_MORE_H */
