/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * Keys are read from client memory for each descriptor, as hardware does, but
 * expanded only when the bytes differ from those seen before. A client that
 * changes a key in place is therefore served right.
 *
 * Two ways a set, so that the two keys of one request never push each other
 * out. A slot that a request in flight may use is reused only after a drain.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "sec.h"

#define WAYS 2U
#define SETS (WDM_SEC_SLOTS / WAYS)

int
wdm_sec_keys_create(struct wdm_sec *sec)
{
	const size_t size = WDM_SEC_SLOTS * sizeof(struct wdm_sec_slot);

	sec->slots = aligned_alloc(64, size);
	if (sec->slots == NULL)
		return -1;
	for (unsigned int i = 0; i < WDM_SEC_SLOTS; i++)
		sec->slots[i].id = 0;
	return 0;
}

static void
slot_wipe(struct wdm_sec_slot *slot)
{
	if (slot->id == 0)
		return;
	wdm_sec_soft_wipe(slot);
	OPENSSL_cleanse(slot, sizeof(*slot));
}

void
wdm_sec_keys_destroy(struct wdm_sec *sec)
{
	if (sec->slots == NULL)
		return;
	for (unsigned int i = 0; i < WDM_SEC_SLOTS; i++)
		slot_wipe(&sec->slots[i]);
	free(sec->slots);
}

static struct wdm_sec_slot *
set_of(struct wdm_sec *sec, uint32_t id, uint64_t addr, const uint8_t *key)
{
	uint32_t head;
	uint64_t h;

	memcpy(&head, key, sizeof(head)); /* no key is shorter than a word */
	h = (addr ^ (uint64_t)id << 32 ^ head) * 0x9e3779b97f4a7c15ULL;
	return &sec->slots[(h >> 40) % SETS * WAYS];
}

static bool
slot_has(const struct wdm_sec_slot *slot, uint32_t id, const uint8_t *key, uint32_t len)
{
	uint64_t a[2], b[2];

	if (slot->id != id || slot->key_len != len)
		return false;
	if (len != sizeof(a))
		return memcmp(slot->key, key, len) == 0;
	memcpy(a, slot->key, sizeof(a));
	memcpy(b, key, sizeof(b));
	return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
}

static int
slot_expand(struct wdm_sec *sec, struct wdm_sec_slot *slot)
{
	switch (WDM_SLOT_KIND(slot->id)) {
	case WDM_SLOT_HMAC:
		wdm_hmac_key_init(&slot->u.hmac, WDM_SLOT_ALG(slot->id), slot->key, slot->key_len);
		return 0;
	case WDM_SLOT_SOFT:
		return wdm_sec_soft_expand(sec, slot);
	default:
#ifdef WDM_HAVE_IPSEC_MB
		wdm_sec_imb_expand(sec, slot);
#endif
		return 0;
	}
}

/* The client may change the key while it is read: the slot's own copy is what gets expanded. */
static enum wdm_sec_error
slot_fill(struct wdm_sec *sec, struct wdm_sec_slot *slot, uint32_t id, const uint8_t *key,
		uint32_t len)
{
	if (slot->id != 0 && slot->tick > sec->idle_tick)
		wdm_sec_drain(sec);
	slot_wipe(slot);
	slot->id = id;
	slot->key_len = len;
	memcpy(slot->key, key, len);
	if (slot_expand(sec, slot) == 0)
		return WDM_SEC_OK;
	slot_wipe(slot);
	return WDM_SEC_E_ENGINE;
}

/* key: in client memory, or NULL if it is not in one piece. */
static __attribute__((noinline)) enum wdm_sec_error
key_find(struct wdm_sec *sec, struct wdm_space *space, uint32_t id, uint64_t addr,
		const uint8_t *key, uint32_t len, struct wdm_sec_slot **slot)
{
	enum wdm_sec_error error = WDM_SEC_OK;
	uint8_t copy[WDM_SEC_KEY_MAX];
	struct wdm_sec_slot *way;

	if (key == NULL) {
		if (wdm_dma_read(space, addr, copy, len) != 0)
			return WDM_SEC_E_ADDR;
		key = copy;
	}
	way = set_of(sec, id, addr, key);
	if (!slot_has(way, id, key, len)) {
		if (slot_has(way + 1, id, key, len)) {
			way++;
		} else {
			if (way->id != 0 && (way[1].id == 0 || way[1].tick < way->tick))
				way++;
			error = slot_fill(sec, way, id, key, len);
		}
	}
	if (key == copy)
		OPENSSL_cleanse(copy, sizeof(copy));
	way->tick = ++sec->tick;
	*slot = way;
	return error;
}

enum wdm_sec_error
wdm_sec_key_get(struct wdm_sec *sec, struct wdm_space *space, uint32_t id, uint64_t addr,
		uint32_t len, struct wdm_sec_slot **slot)
{
	const uint8_t *key = wdm_dma_ptr(space, addr, len);

	if (key == NULL || *slot == NULL || !slot_has(*slot, id, key, len))
		return key_find(sec, space, id, addr, key, len, slot);
	(*slot)->tick = ++sec->tick;
	return WDM_SEC_OK;
}
