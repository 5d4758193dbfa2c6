/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* Client data, flat or scattered: what engines have in common. */

#include <endian.h>
#include <errno.h>

#include "data.h"

int
wdm_side_flat(struct wdm_side *side, uint64_t addr, uint32_t end)
{
	side->flat = (struct wdm_piece){ .addr = addr, .len = end };
	side->pieces = &side->flat;
	side->nb = 1;
	return end > 0 && addr + (end - 1) < addr ? -EFAULT : 0;
}

/* A list that is being walked. */
struct walk {
	struct wdm_space *space;
	struct wdm_piece *pieces;
	unsigned int nb;
	uint64_t covered; /* bytes so far */
	uint64_t end;
};

/* The pieces of one list of a chain, until `end` bytes are covered. */
static int
walk_list(struct walk *walk, uint64_t addr, unsigned int nb)
{
	const uint64_t left = walk->end - walk->covered; /* and each entry covers some */
	struct hisi_sge sges[HISI_SGL_MAX_ENTRIES];
	bool at_once;

	if (nb > left)
		nb = (unsigned int)left;
	addr += sizeof(struct hisi_sgl);
	/* a read may be a call of the kernel; but what is not needed need not be readable */
	at_once = wdm_dma_read(walk->space, addr, sges, nb * sizeof(sges[0])) == 0;
	for (unsigned int i = 0; i < nb && walk->covered < walk->end; i++) {
		uint32_t len;

		if (!at_once &&
				wdm_dma_read(walk->space, addr + i * sizeof(sges[0]), &sges[i],
						sizeof(sges[0])) != 0)
			return -EFAULT;
		len = le32toh(sges[i].len);
		if (len == 0 || len > HISI_SGE_MAX_LEN)
			return -EINVAL;
		walk->pieces[walk->nb++] = (struct wdm_piece){ .addr = le64toh(sges[i].addr),
			.len = len };
		walk->covered += len;
	}
	return 0;
}

static int
walk_chain(struct walk *walk, uint64_t addr)
{
	for (unsigned int i = 0; i < WDM_SIDE_MAX_LISTS && walk->covered < walk->end; i++) {
		struct hisi_sgl sgl;
		int rc;

		if (addr == 0 || addr % HISI_SGL_ALIGN != 0)
			return -EINVAL;
		if (wdm_dma_read(walk->space, addr, &sgl, sizeof(sgl)) != 0)
			return -EFAULT;
		if (le16toh(sgl.entry_sum_in_sgl) > HISI_SGL_MAX_ENTRIES)
			return -EINVAL;
		rc = walk_list(walk, addr, le16toh(sgl.entry_sum_in_sgl));
		if (rc != 0)
			return rc;
		addr = le64toh(sgl.next_dma);
	}
	return walk->covered < walk->end ? -EINVAL : 0;
}

int
wdm_side_sgl(struct wdm_space *space, struct wdm_side *side, struct wdm_piece *pieces,
		uint64_t addr, uint32_t end)
{
	struct walk walk = { .space = space, .pieces = pieces, .end = end };
	const int rc = walk_chain(&walk, addr);

	side->pieces = pieces;
	side->nb = walk.nb;
	return rc;
}

/* Call fn for the part of each piece that lies in [off, off + len). */
static int
side_each(struct wdm_space *space, const struct wdm_side *side, uint32_t off, uint8_t *buf,
		uint32_t len,
		int (*fn)(struct wdm_space *space, uint64_t addr, void *buf, size_t len))
{
	for (unsigned int i = 0; len > 0 && i < side->nb; i++) {
		const struct wdm_piece *piece = &side->pieces[i];
		uint32_t n;

		if (off >= piece->len) {
			off -= piece->len;
			continue;
		}
		n = piece->len - off < len ? piece->len - off : len;
		if (fn(space, piece->addr + off, buf, n) != 0)
			return -1;
		off = 0;
		len -= n;
		if (buf != NULL)
			buf += n;
	}
	return len == 0 ? 0 : -1;
}

static int
piece_write(struct wdm_space *space, uint64_t addr, void *buf, size_t len)
{
	return wdm_dma_write(space, addr, buf, len);
}

static int
piece_check(struct wdm_space *space, uint64_t addr, void *buf, size_t len)
{
	(void)buf;
	return wdm_dma_allowed(space, addr, len) ? 0 : -1;
}

int
wdm_side_read(struct wdm_space *space, const struct wdm_side *side, uint32_t off, void *buf,
		uint32_t len)
{
	return side_each(space, side, off, buf, len, wdm_dma_read);
}

int
wdm_side_write(struct wdm_space *space, const struct wdm_side *side, uint32_t off, const void *buf,
		uint32_t len)
{
	return side_each(space, side, off, (void *)(uintptr_t)buf, len, piece_write);
}

int
wdm_side_check(struct wdm_space *space, const struct wdm_side *side, uint32_t off, uint32_t len)
{
	return side_each(space, side, off, NULL, len, piece_check);
}

uint8_t *
wdm_side_ptr(struct wdm_space *space, const struct wdm_side *side, uint32_t off, uint32_t len)
{
	for (unsigned int i = 0; i < side->nb; i++) {
		const struct wdm_piece *piece = &side->pieces[i];

		if (off >= piece->len) {
			off -= piece->len;
			continue;
		}
		if (len > piece->len - off)
			return NULL;
		return wdm_dma_ptr(space, piece->addr + off, len);
	}
	return NULL;
}
