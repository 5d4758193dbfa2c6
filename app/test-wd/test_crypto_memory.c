/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * What a device may see: without SVA hugepage memory that EAL knows, now, and
 * nothing else; with SVA all that the process has.
 */

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "rte_wd_sim.h"
#include "wdt_burst.h"

#define LEN 64U
#define DEPTH 64
#define BUF_SIZE 4096U
#define GUARD 0xa5
#define HUGE (2U << 20)
#define SUCCESS RTE_CRYPTO_OP_STATUS_SUCCESS
#define ERROR RTE_CRYPTO_OP_STATUS_ERROR

static void
keep_buffer(void *addr __rte_unused, void *arg __rte_unused)
{
}

/* Shared by all: never falls to 0, so that nobody frees the buffer. */
static struct rte_mbuf_ext_shared_info info = { .free_cb = keep_buffer };

/* An mbuf whose LEN bytes lie in the middle of buf, which is filled with GUARD around them. */
static struct rte_mbuf *
outside_mbuf(struct wdt_crypto *c, uint8_t *buf, rte_iova_t iova)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->mbufs);

	if (m == NULL)
		return NULL;
	rte_mbuf_ext_refcnt_set(&info, 1000);
	rte_pktmbuf_attach_extbuf(m, buf, iova, BUF_SIZE, &info);
	m->data_off = BUF_SIZE / 2;
	m->data_len = LEN + WDT_DIGEST_MAX;
	m->pkt_len = m->data_len;
	return m;
}

/* Put the op's bytes into a buffer of ours, and it in place of its mbuf. */
static int
move_outside(struct wdt_crypto *c, struct rte_crypto_op *op, uint8_t *buf, rte_iova_t iova)
{
	struct rte_mbuf *from = op->sym->m_src, *m = outside_mbuf(c, buf, iova);

	WDT_CHECK(m != NULL);
	memset(buf, GUARD, BUF_SIZE);
	memcpy(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(from, void *), LEN + WDT_DIGEST_MAX);
	rte_pktmbuf_free(from);
	op->sym->m_src = m;
	return WDT_PASS;
}

static bool
guard_whole(const uint8_t *buf)
{
	const uint32_t from = BUF_SIZE / 2, to = from + LEN + WDT_DIGEST_MAX;

	for (uint32_t i = 0; i < BUF_SIZE; i++) {
		if ((i < from || i >= to) && buf[i] != GUARD) {
			printf("# byte %u beside the data was touched\n", i);
			return false;
		}
	}
	return true;
}

/* ops[1] of three is the one that matters: run them, the others are right. */
static int
run_three(struct wdt_crypto *c, struct rte_crypto_op **ops, enum wdt_class class)
{
	struct rte_crypto_op *got[3];

	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, ops, 3), 3);
	WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, 0, got, 3, WDT_WAIT_MS), 3);
	for (unsigned int i = 0; i < 3; i++)
		WDT_CHECK(got[i] == ops[i]);
	WDT_CHECK(wdt_op_right(ops[0], class, LEN));
	WDT_CHECK(wdt_op_right(ops[2], class, LEN));
	return WDT_PASS;
}

/* ---- buffers that are not the device's business ---- */

/* Data in buf, called iova: refused by the device, and nothing is touched. */
static int
data_unreachable(struct wdt_crypto *c, uint8_t *buf, rte_iova_t iova)
{
	void *session = wdt_session(c, WDT_CIPHER);
	struct rte_crypto_op *ops[3];

	WDT_CHECK(session != NULL);
	WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, session, LEN, ops, 3), 0);
	WDT_CHECK_EQ(move_outside(c, ops[1], buf, iova), WDT_PASS);
	WDT_CHECK_EQ(run_three(c, ops, WDT_CIPHER), WDT_PASS);
	WDT_CHECK_EQ(ops[1]->status, ERROR);
	WDT_CHECK(wdt_op_untouched(ops[1], LEN));
	WDT_CHECK(guard_whole(buf));
	wdt_ops_free(ops, 3);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

static int
data_reachable(struct wdt_crypto *c, uint8_t *buf, rte_iova_t iova)
{
	void *session = wdt_session(c, WDT_CIPHER);
	struct rte_crypto_op *ops[3];

	WDT_CHECK(session != NULL);
	WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, session, LEN, ops, 3), 0);
	WDT_CHECK_EQ(move_outside(c, ops[1], buf, iova), WDT_PASS);
	WDT_CHECK_EQ(run_three(c, ops, WDT_CIPHER), WDT_PASS);
	WDT_CHECK(wdt_op_right(ops[1], WDT_CIPHER, LEN));
	WDT_CHECK(guard_whole(buf));
	wdt_ops_free(ops, 3);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

static int
heap_data(struct wdt_crypto *c)
{
	uint8_t *buf = malloc(BUF_SIZE);
	int rc;

	WDT_CHECK(buf != NULL);
	rc = data_unreachable(c, buf, (uintptr_t)buf);
	if (rc == WDT_PASS)
		rc = data_unreachable(c, buf, 0);
	if (rc == WDT_PASS)
		rc = data_unreachable(c, buf, RTE_BAD_IOVA);
	free(buf);
	return rc;
}

static int
heap_data_sva(struct wdt_crypto *c)
{
	uint8_t *buf = malloc(BUF_SIZE);
	int rc;

	WDT_CHECK(buf != NULL);
	rc = data_reachable(c, buf, RTE_BAD_IOVA); /* nobody asks for it */
	free(buf);
	return rc;
}

WDT_TEST(crypto_memory_heap_buffer_fails_that_op_only_v2)
{
	return wdt_with_device("hw=v2", 1, DEPTH, heap_data);
}

WDT_TEST(crypto_memory_heap_buffer_fails_that_op_only_v3)
{
	return wdt_with_device("hw=v3", 1, DEPTH, heap_data);
}

WDT_TEST(crypto_memory_heap_buffer_works_with_sva_v2)
{
	return wdt_with_device("hw=v2,sva=1", 1, DEPTH, heap_data_sva);
}

WDT_TEST(crypto_memory_heap_buffer_works_with_sva_v3)
{
	return wdt_with_device("hw=v3,sva=1", 1, DEPTH, heap_data_sva);
}

/* Out of place, one side out of reach: the plain text does not get to the other. */
static int
one_side(struct wdt_crypto *c, bool dst_outside, enum rte_crypto_op_status want)
{
	void *session = wdt_session(c, WDT_CIPHER);
	struct rte_crypto_op *ops[3];
	uint8_t *buf = malloc(BUF_SIZE), *data;
	struct rte_mbuf *m;

	WDT_CHECK(session != NULL && buf != NULL);
	WDT_CHECK_EQ(wdt_ops(c, WDT_CIPHER, session, LEN, ops, 3), 0);
	if (dst_outside) {
		memset(buf, GUARD, BUF_SIZE);
		m = outside_mbuf(c, buf, (uintptr_t)buf);
	} else {
		WDT_CHECK_EQ(move_outside(c, ops[1], buf, (uintptr_t)buf), WDT_PASS);
		m = rte_pktmbuf_alloc(c->mbufs);
		WDT_CHECK(m != NULL && rte_pktmbuf_append(m, LEN) != NULL);
	}
	data = rte_pktmbuf_mtod(m, uint8_t *);
	memset(data, GUARD, LEN);
	ops[1]->sym->m_dst = m;
	WDT_CHECK_EQ(run_three(c, ops, WDT_CIPHER), WDT_PASS);
	WDT_CHECK_EQ(ops[1]->status, want);
	WDT_CHECK(wdt_op_untouched(ops[1], LEN));
	for (uint32_t i = 0; i < LEN && want == ERROR; i++)
		WDT_CHECK_EQ(data[i], GUARD);
	wdt_ops_free(ops, 3);
	free(buf);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

static int
src_outside(struct wdt_crypto *c)
{
	return one_side(c, false, ERROR);
}

static int
dst_outside(struct wdt_crypto *c)
{
	return one_side(c, true, ERROR);
}

static int
sides_sva(struct wdt_crypto *c)
{
	const int rc = one_side(c, false, SUCCESS);

	return rc == WDT_PASS ? one_side(c, true, SUCCESS) : rc;
}

WDT_TEST(crypto_memory_source_out_of_reach_does_not_leak)
{
	return wdt_with_device("", 1, DEPTH, src_outside);
}

WDT_TEST(crypto_memory_destination_out_of_reach_does_not_leak)
{
	return wdt_with_device("", 1, DEPTH, dst_outside);
}

WDT_TEST(crypto_memory_source_and_destination_anywhere_with_sva)
{
	return wdt_with_device("sva=1", 1, DEPTH, sides_sva);
}

/* ---- IV, digest and AAD elsewhere ---- */

/* Points a part of the op at heap memory, which is `at`; the address for the device is iova. */
typedef void (*redirect_fn)(struct rte_crypto_op *op, uint8_t *at, rte_iova_t iova);

static void
redirect_digest(struct rte_crypto_op *op, uint8_t *at, rte_iova_t iova)
{
	op->sym->auth.digest.data = at;
	op->sym->auth.digest.phys_addr = iova;
}

static void
redirect_tag(struct rte_crypto_op *op, uint8_t *at, rte_iova_t iova)
{
	op->sym->aead.digest.data = at;
	op->sym->aead.digest.phys_addr = iova;
}

static void
redirect_aad(struct rte_crypto_op *op, uint8_t *at, rte_iova_t iova)
{
	memcpy(at, op->sym->aead.aad.data, WDT_AAD_LEN);
	op->sym->aead.aad.data = at;
	op->sym->aead.aad.phys_addr = iova;
}

/* The IV has no address of its own: it is where the op is. */
static void
redirect_iv(struct rte_crypto_op *op, uint8_t *at __rte_unused, rte_iova_t iova)
{
	op->phys_addr = iova;
}

static const struct part {
	const char *name;
	enum wdt_class class;
	redirect_fn redirect;
	bool out; /* the device writes it: it is behind the payload when all is well */
	bool copied; /* by the driver, always */
} parts[] = {
	{ "digest", WDT_AUTH, redirect_digest, true, false },
	{ "chain's digest", WDT_CHAIN, redirect_digest, true, false },
	{ "tag", WDT_AEAD, redirect_tag, true, false },
	{ "AAD", WDT_AEAD, redirect_aad, false, false },
	{ "IV", WDT_CIPHER, redirect_iv, false, false },
	{ "chain's IV", WDT_CHAIN, redirect_iv, false, false },
	{ "GCM's IV", WDT_AEAD, redirect_iv, false, true },
};

#define HEAP_ADDRESS (RTE_BAD_IOVA - 1) /* the pointer itself */

static int
part_run(struct wdt_crypto *c, const struct part *p, rte_iova_t iova,
		enum rte_crypto_op_status want)
{
	void *session = wdt_session(c, p->class);
	uint8_t *buf = malloc(BUF_SIZE), *at = buf + BUF_SIZE / 2;
	struct rte_crypto_op *ops[3];
	rte_iova_t real;

	WDT_CHECK(session != NULL && buf != NULL);
	memset(buf, GUARD, BUF_SIZE);
	memset(at, 0xdd, WDT_DIGEST_MAX); /* as wdt_op() does */
	WDT_CHECK_EQ(wdt_ops(c, p->class, session, LEN, ops, 3), 0);
	real = ops[1]->phys_addr;
	p->redirect(ops[1], at, iova == HEAP_ADDRESS ? (uintptr_t)at : iova);
	WDT_CHECK_EQ(run_three(c, ops, p->class), WDT_PASS);
	ops[1]->phys_addr = real;
	WDT_CHECK_EQ(ops[1]->status, want);
	WDT_CHECK(guard_whole(buf));
	if (p->out)
		memcpy(rte_pktmbuf_mtod_offset(ops[1]->sym->m_src, void *, LEN), at,
				WDT_DIGEST_MAX);
	if (want == SUCCESS)
		WDT_CHECK(wdt_op_right(ops[1], p->class, LEN));
	else
		for (uint32_t i = 0; i < WDT_DIGEST_MAX && p->out; i++)
			WDT_CHECK_EQ(at[i], 0xdd);
	wdt_ops_free(ops, 3);
	free(buf);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

static int
parts_run(struct wdt_crypto *c, rte_iova_t iova, enum rte_crypto_op_status want)
{
	for (unsigned int i = 0; i < RTE_DIM(parts); i++) {
		if (part_run(c, &parts[i], iova, parts[i].copied ? SUCCESS : want) != WDT_PASS) {
			printf("# %s\n", parts[i].name);
			return WDT_FAIL;
		}
	}
	return WDT_PASS;
}

static int
parts_outside(struct wdt_crypto *c)
{
	return parts_run(c, HEAP_ADDRESS, ERROR);
}

static int
parts_bounced(struct wdt_crypto *c)
{
	const int rc = parts_run(c, 0, SUCCESS);

	return rc == WDT_PASS ? parts_run(c, RTE_BAD_IOVA, SUCCESS) : rc;
}

WDT_TEST(crypto_memory_parts_at_addresses_out_of_reach_fail_that_op_v2)
{
	return wdt_with_device("hw=v2", 1, DEPTH, parts_outside);
}

WDT_TEST(crypto_memory_parts_at_addresses_out_of_reach_fail_that_op_v3)
{
	return wdt_with_device("hw=v3", 1, DEPTH, parts_outside);
}

WDT_TEST(crypto_memory_parts_without_address_are_copied_v2)
{
	return wdt_with_device("hw=v2", 1, DEPTH, parts_bounced);
}

WDT_TEST(crypto_memory_parts_without_address_are_copied_v3)
{
	return wdt_with_device("hw=v3", 1, DEPTH, parts_bounced);
}

WDT_TEST(crypto_memory_parts_anywhere_with_sva)
{
	return wdt_with_device("sva=1", 1, DEPTH, parts_bounced);
}

/* ---- verification with a digest that has no address ---- */

static void *
verify_session(struct wdt_crypto *c)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {
			.op = RTE_CRYPTO_AUTH_OP_VERIFY,
			.algo = RTE_CRYPTO_AUTH_SHA256_HMAC,
			.key = { .data = key, .length = sizeof(key) },
			.digest_length = 32,
		},
	};

	return rte_cryptodev_sym_session_create(c->id, &xform, c->sessions);
}

/* The generating twin of verify_session(), run once to know the digest. */
static int
make_digest(struct wdt_crypto *c, uint8_t *digest)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {
			.op = RTE_CRYPTO_AUTH_OP_GENERATE,
			.algo = RTE_CRYPTO_AUTH_SHA256_HMAC,
			.key = { .data = key, .length = sizeof(key) },
			.digest_length = 32,
		},
	};
	void *session = rte_cryptodev_sym_session_create(c->id, &xform, c->sessions);
	struct rte_crypto_op *op;

	WDT_CHECK(session != NULL);
	op = wdt_op(c, WDT_AUTH, session, LEN, 5);
	WDT_CHECK(op != NULL);
	redirect_digest(op, digest, 0);
	WDT_CHECK_EQ(wdt_crypto_run(c, 0, op), SUCCESS);
	wdt_crypto_op_free(op);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

static int
verify_bounced(struct wdt_crypto *c)
{
	uint8_t *digest = malloc(32), before[32];
	struct rte_crypto_op *op;
	void *session = verify_session(c);

	WDT_CHECK(session != NULL && digest != NULL);
	WDT_CHECK_EQ(make_digest(c, digest), WDT_PASS);
	for (unsigned int bit = 0; bit <= 8 * 32; bit++) { /* the last one is outside: all right */
		if (bit < 8 * 32)
			digest[bit / 8] ^= (uint8_t)(1U << bit % 8);
		memcpy(before, digest, sizeof(before));
		op = wdt_op(c, WDT_AUTH, session, LEN, 5);
		WDT_CHECK(op != NULL);
		redirect_digest(op, digest, 0);
		WDT_CHECK_EQ(wdt_crypto_run(c, 0, op),
				bit < 8 * 32 ? RTE_CRYPTO_OP_STATUS_AUTH_FAILED : SUCCESS);
		WDT_CHECK_MEM(digest, before, sizeof(before));
		wdt_crypto_op_free(op);
		if (bit < 8 * 32)
			digest[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	free(digest);
	WDT_CHECK_EQ(rte_cryptodev_sym_session_free(c->id, session), 0);
	return WDT_PASS;
}

WDT_TEST(crypto_memory_digest_on_the_heap_is_verified_bit_by_bit_v2)
{
	return wdt_with_device("hw=v2", 1, DEPTH, verify_bounced);
}

WDT_TEST(crypto_memory_digest_on_the_heap_is_verified_bit_by_bit_v3)
{
	return wdt_with_device("hw=v3", 1, DEPTH, verify_bounced);
}

WDT_TEST(crypto_memory_digest_on_the_heap_is_verified_bit_by_bit_sva)
{
	return wdt_with_device("sva=1", 1, DEPTH, verify_bounced);
}

/* ---- external memory ---- */

static struct rte_device *
device_of(struct wdt_crypto *c)
{
	struct rte_cryptodev_info dev_info;

	rte_cryptodev_info_get(c->id, &dev_info);
	return dev_info.device;
}

/* Hugepages of our own: visible from dma_map to dma_unmap. */
static int
external_used(struct wdt_crypto *c, uint8_t *va)
{
	struct rte_device *dev = device_of(c);
	const uint64_t iova = (uintptr_t)va;

	for (unsigned int round = 0; round < 3; round++) {
		WDT_CHECK_EQ(data_unreachable(c, va, iova), WDT_PASS);
		WDT_CHECK_EQ(rte_dev_dma_map(dev, va, iova, HUGE), 0);
		WDT_CHECK_EQ(data_reachable(c, va, iova), WDT_PASS);
		WDT_CHECK_EQ(data_reachable(c, va + HUGE - BUF_SIZE, iova + HUGE - BUF_SIZE),
				WDT_PASS);
		WDT_CHECK_EQ(rte_dev_dma_unmap(dev, va, iova, HUGE), 0);
	}
	WDT_CHECK_EQ(data_unreachable(c, va, iova), WDT_PASS);
	WDT_CHECK_EQ(rte_dev_dma_unmap(dev, va, iova, HUGE), -1); /* not mapped any more */
	return WDT_PASS;
}

/* MAP_FAILED without. At an address of our choice: an emulator may choose one that is not aligned. */
static void *
hugepage(void)
{
	uint8_t *room = mmap(NULL, 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	uint8_t *va = RTE_PTR_ALIGN_CEIL(room, HUGE);
	void *page;

	if (room == MAP_FAILED)
		return MAP_FAILED;
	page = mmap(va, HUGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE | MAP_FIXED, -1,
			0);
	if (page == MAP_FAILED) {
		munmap(room, 2 * HUGE);
		return MAP_FAILED;
	}
	if (va > room)
		munmap(room, (size_t)(va - room));
	munmap(va + HUGE, (size_t)(room + HUGE - va));
	return page;
}

static int
external(struct wdt_crypto *c)
{
	uint8_t *va = hugepage();
	int rc;

	if (va == MAP_FAILED)
		WDT_SKIP("no hugepage of 2 MB is free");
	WDT_CHECK_EQ(rte_dev_dma_map(device_of(c), va, (uintptr_t)va, HUGE),
			-1); /* not registered */
	WDT_CHECK_EQ(rte_errno, EINVAL);
	WDT_CHECK_EQ(rte_extmem_register(va, HUGE, NULL, 0, HUGE), 0);
	rc = external_used(c, va);
	WDT_CHECK_EQ(rte_extmem_unregister(va, HUGE), 0);
	munmap(va, HUGE);
	return rc;
}

WDT_TEST(crypto_memory_external_hugepages_are_visible_while_mapped_v2)
{
	return wdt_with_device("hw=v2", 1, DEPTH, external);
}

WDT_TEST(crypto_memory_external_hugepages_are_visible_while_mapped_v3)
{
	return wdt_with_device("hw=v3", 1, DEPTH, external);
}

/* Ordinary pages move, so they are refused, registered or not. */
static int
ordinary(struct wdt_crypto *c)
{
	struct rte_device *dev = device_of(c);
	uint8_t *va = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int rc;

	WDT_CHECK(va != MAP_FAILED);
	rte_errno = 0;
	WDT_CHECK_EQ(rte_dev_dma_map(dev, va, (uintptr_t)va, HUGE), -1);
	WDT_CHECK_EQ(rte_errno, EINVAL);
	WDT_CHECK_EQ(rte_extmem_register(va, HUGE, NULL, 0, 4096), 0);
	rte_errno = 0;
	WDT_CHECK_EQ(rte_dev_dma_map(dev, va, (uintptr_t)va, HUGE), -1);
	WDT_CHECK_EQ(rte_errno, EINVAL);
	rc = data_unreachable(c, va, (uintptr_t)va);
	WDT_CHECK_EQ(rte_extmem_unregister(va, HUGE), 0);
	munmap(va, HUGE);
	return rc;
}

WDT_TEST(crypto_memory_external_ordinary_pages_are_refused)
{
	return wdt_with_device("", 1, DEPTH, ordinary);
}

/* A device that is removed while external memory is mapped; the next one does not see it. */
static int
leave_mapped(struct wdt_crypto *c)
{
	uint8_t *va = hugepage();

	if (va == MAP_FAILED)
		WDT_SKIP("no hugepage of 2 MB is free");
	WDT_CHECK_EQ(rte_extmem_register(va, HUGE, NULL, 0, HUGE), 0);
	WDT_CHECK_EQ(rte_dev_dma_map(device_of(c), va, (uintptr_t)va, HUGE), 0);
	WDT_CHECK_EQ(data_reachable(c, va, (uintptr_t)va), WDT_PASS);
	return WDT_PASS;
}

struct extern_walk {
	void *va;
};

static int
find_external(const struct rte_memseg_list *msl, void *arg)
{
	struct extern_walk *walk = arg;

	if (msl->external && msl->page_sz == HUGE)
		walk->va = msl->base_va;
	return 0;
}

static int
not_inherited(struct wdt_crypto *c)
{
	struct extern_walk walk = { NULL };

	WDT_CHECK_EQ(rte_memseg_list_walk(find_external, &walk), 0);
	WDT_CHECK(walk.va != NULL);
	WDT_CHECK_EQ(data_unreachable(c, walk.va, (uintptr_t)walk.va), WDT_PASS);
	WDT_CHECK_EQ(rte_extmem_unregister(walk.va, HUGE), 0);
	munmap(walk.va, HUGE);
	return WDT_PASS;
}

WDT_TEST(crypto_memory_external_is_given_back_when_the_device_goes)
{
	const int rc = wdt_with_device("", 1, DEPTH, leave_mapped);

	return rc != WDT_PASS ? rc : wdt_with_device("", 1, DEPTH, not_inherited);
}

/* ---- memory that comes and goes ---- */

#define GROWTH (16U << 20)

/* More than the heap has free: new hugepages come in, and the device sees them at once. */
static int
hotplug(struct wdt_crypto *c)
{
	const uint64_t before = rte_eal_get_physmem_size();
	uint8_t *mem = rte_malloc(NULL, GROWTH, HUGE);
	rte_iova_t first, last;
	int rc;

	WDT_CHECK(mem != NULL);
	WDT_CHECK(rte_eal_get_physmem_size() > before);
	first = rte_mem_virt2iova(mem);
	last = rte_mem_virt2iova(mem + GROWTH - BUF_SIZE);
	rc = data_reachable(c, mem, first);
	if (rc == WDT_PASS)
		rc = data_reachable(c, mem + GROWTH - BUF_SIZE, last);
	rte_free(mem);
	return rc;
}

static int
hotplug_gone(struct wdt_crypto *c)
{
	uint8_t *mem = rte_malloc(NULL, GROWTH, HUGE), *heap = malloc(BUF_SIZE);
	const uint64_t before = rte_eal_get_physmem_size();
	rte_iova_t middle;
	int rc;

	WDT_CHECK(mem != NULL && heap != NULL);
	middle = rte_mem_virt2iova(mem + GROWTH / 2);
	rte_free(mem);
	WDT_CHECK(rte_eal_get_physmem_size() < before);
	/* the buffer is ours; the address that the device is given has gone */
	rc = data_unreachable(c, heap, middle);
	free(heap);
	return rc;
}

WDT_TEST(crypto_memory_allocated_after_probe_works_at_once_v2)
{
	return wdt_with_device("hw=v2", 1, DEPTH, hotplug);
}

WDT_TEST(crypto_memory_allocated_after_probe_works_at_once_v3)
{
	return wdt_with_device("hw=v3", 1, DEPTH, hotplug);
}

WDT_TEST(crypto_memory_given_back_to_the_system_is_out_of_reach)
{
	return wdt_with_device("", 1, DEPTH, hotplug_gone);
}

/*
 * An op whose IV ends a page, with nothing behind it, and of which EAL knows no address:
 * the driver copies the IV, and nothing that is not one.
 */
static int
iv_at_the_end(struct wdt_crypto *c, enum rte_crypto_cipher_algorithm alg, uint16_t key_len,
		uint16_t iv_len)
{
	static const uint8_t key[24] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		17 };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const uint16_t offset = sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op);
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {
			.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = alg,
			.key = { .data = key, .length = key_len },
			.iv = { .offset = iv_len > 0 ? offset : UINT16_MAX, .length = iv_len },
		},
	};
	uint8_t *pages = mmap(
			NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rte_crypto_op *op = wdt_op(c, WDT_CIPHER, NULL, LEN, 0), *got, *copy;
	void *session = rte_cryptodev_sym_session_create(c->id, &xform, c->sessions);

	WDT_CHECK(op != NULL && session != NULL && pages != MAP_FAILED);
	WDT_CHECK_EQ(mprotect(pages + page, page, PROT_NONE), 0);
	copy = (struct rte_crypto_op *)(pages + page - offset - iv_len);
	memcpy(copy, op, offset);
	copy->phys_addr = 0;
	rte_crypto_op_attach_sym_session(copy, session);
	WDT_CHECK_EQ(rte_cryptodev_enqueue_burst(c->id, 0, &copy, 1), 1);
	WDT_CHECK_EQ(wdt_crypto_dequeue_wait(c, 0, &got, 1, WDT_WAIT_MS), 1);
	WDT_CHECK(got == copy);
	WDT_CHECK_EQ(copy->status, SUCCESS);
	wdt_crypto_op_free(op);
	munmap(pages, 2 * page);
	return rte_cryptodev_sym_session_free(c->id, session) == 0 ? WDT_PASS : WDT_FAIL;
}

static int
ivs_at_the_end(struct wdt_crypto *c)
{
	if (iv_at_the_end(c, RTE_CRYPTO_CIPHER_AES_CBC, 16, 16) != WDT_PASS ||
			iv_at_the_end(c, RTE_CRYPTO_CIPHER_3DES_CBC, 24, 8) != WDT_PASS)
		return WDT_FAIL;
	return iv_at_the_end(c, RTE_CRYPTO_CIPHER_AES_ECB, 16, 0);
}

WDT_TEST(crypto_memory_nothing_behind_the_iv_is_read)
{
	return wdt_with_device("", 1, DEPTH, ivs_at_the_end);
}
