/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* A client of the emulated SEC, with shared page tables and with registered memory. */

#include "ktap.h"
#include "sec.h"

#define NB_QUEUES 4
#define DEPTH 64
#define LEN 256U

/* NIST SP 800-38A, F.2.1 */
static const uint8_t nist_key[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7,
	0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
static const uint8_t nist_iv[16] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
	0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f };
static const uint8_t nist_plain[16] = { 0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d,
	0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a };
static const uint8_t nist_cipher[16] = { 0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46, 0xce, 0xe9,
	0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d };

/* What the device works on: anywhere with SVA, else in registered memory. */
struct data {
	uint8_t key[16];
	uint8_t iv[16];
	struct {
		uint8_t plain[LEN];
		uint8_t cipher[LEN];
		uint8_t back[LEN];
	} bufs[DEPTH];
};

static void
data_fill(struct data *d)
{
	memcpy(d->key, nist_key, sizeof(nist_key));
	memcpy(d->iv, nist_iv, sizeof(nist_iv));
	for (unsigned int i = 0; i < DEPTH; i++) {
		memset(d->bufs[i].plain, (int)i + 1, LEN);
		memcpy(d->bufs[i].plain, nist_plain, sizeof(nist_plain));
		memset(d->bufs[i].cipher, 0, LEN);
		memset(d->bufs[i].back, 0, LEN);
	}
}

static struct sec_op
op_of(const struct data *d, const void *src, void *dst, bool decrypt)
{
	return (struct sec_op){
		.src = src, .dst = dst, .len = LEN, .key = d->key, .iv = d->iv, .decrypt = decrypt
	};
}

/* Encrypt each buffer, then decrypt what came out, a ring full at a time; good ops. */
static unsigned int
round_trip(struct sec_queue *q, struct data *d, unsigned int nb)
{
	unsigned int good = 0;

	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < nb; i++) {
			const struct sec_op op = pass == 0 ?
					op_of(d, d->bufs[i].plain, d->bufs[i].cipher, false) :
					op_of(d, d->bufs[i].cipher, d->bufs[i].back, true);

			sec_fill(q, &op);
		}
		sec_ring(q);
		for (unsigned int i = 0; i < nb; i++) {
			if (sec_verdict(sec_wait(q)) != 0)
				return good;
		}
	}
	for (unsigned int i = 0; i < nb; i++)
		good += memcmp(d->bufs[i].cipher, nist_cipher, sizeof(nist_cipher)) == 0 &&
				memcmp(d->bufs[i].back, d->bufs[i].plain, LEN) == 0;
	return good;
}

static void
test_attributes(const char *name)
{
	ktap_test(strcmp(device_attr(name, UACCE_ATTR_API), "hisi_qm_v3") == 0, "api is %s",
			device_attr(name, UACCE_ATTR_API));
	ktap_test(strcmp(device_attr(name, UACCE_ATTR_ALGORITHMS), "cipher") == 0,
			"the first algorithm is %s", device_attr(name, UACCE_ATTR_ALGORITHMS));
	ktap_test(device_attr(name, UACCE_ATTR_NUMA_NODE)[0] != '\0', "its parent has a node");
	ktap_test(atoi(device_attr(name, UACCE_ATTR_AVAILABLE)) == NB_QUEUES, "%s queues are free",
			device_attr(name, UACCE_ATTR_AVAILABLE));
}

static void
test_queues(const char *name)
{
	struct sec_queue q[NB_QUEUES];
	unsigned int nb = 0;
	int fd;

	while (nb < NB_QUEUES && sec_open(&q[nb], name, false) == 0)
		nb++;
	ktap_test(nb == NB_QUEUES, "%u queues can be opened and started", nb);
	fd = queue_open(name);
	ktap_test(fd == -EBUSY, "one more is %s", fd < 0 ? strerror(-fd) : "given");
	ktap_test(queue_call(q[0].fd, UACCE_IOC_START_Q, NULL) == -EINVAL, "START twice is EINVAL");
	ktap_test(queue_call(q[0].fd, UACCE_IOC_QP_CTX, &(struct uacce_qp_ctx){ .qc_type = 1 }) ==
					-EINVAL,
			"a queue type that the device does not have is EINVAL");
	while (nb > 0)
		sec_close(&q[--nb]);
	fd = queue_open_wait(name);
	ktap_test(fd >= 0, "a closed queue can be had again");
	close(fd);
}

static void
test_restart(const char *name, struct data *d)
{
	struct sec_queue q;
	bool good = true;

	if (!ktap_test(sec_open(&q, name, false) == 0, "a queue starts"))
		return;
	for (unsigned int i = 0; good && i < 20; i++) {
		data_fill(d);
		good = round_trip(&q, d, 1 + i) == 1 + i &&
				queue_call(q.fd, UACCE_IOC_PUT_Q, NULL) == 0 && sec_start(&q) == 0;
	}
	ktap_test(good, "stopped and started 20 times, and working each time");
	sec_close(&q);
}

static void
test_round_trip(const char *name, struct data *d)
{
	struct sec_queue q;
	unsigned int good = 0;

	if (!ktap_test(sec_open(&q, name, false) == 0, "a queue starts"))
		return;
	for (unsigned int i = 0; i < 30; i++) {
		data_fill(d);
		good += round_trip(&q, d, DEPTH - 1);
	}
	ktap_test(good == 30 * (DEPTH - 1), "%u of %u round trips are right", good,
			30 * (DEPTH - 1));
	sec_close(&q);
}

static void
test_poll(const char *name, struct data *d)
{
	const struct sec_op op = op_of(d, d->bufs[0].plain, d->bufs[0].cipher, false);
	struct sec_queue q;
	unsigned int nb = 0;
	struct pollfd pfd = { .events = POLLIN };
	int rc = 1;

	if (!ktap_test(sec_open(&q, name, false) == 0, "a queue starts"))
		return;
	pfd.fd = q.fd;
	ktap_test(poll(&pfd, 1, 50) == 0, "nothing to poll for yet");
	while (rc == 1 && nb < 100) {
		sec_fill(&q, &op);
		sec_ring(&q);
		/* one completion may wake twice: in between there is none */
		while (rc == 1 && sec_poll(&q, NULL, 1) < 0)
			rc = poll(&pfd, 1, SEC_TIMEOUT_MS);
		nb += rc == 1;
	}
	ktap_test(nb == 100, "slept for %u of 100 completions", nb);
	sec_close(&q);
}

/* Commands of both kinds at one word, as programs do that know hardware only. */
static void
test_one_word(const char *name, struct data *d, unsigned int nb)
{
	struct sec_queue q;
	unsigned int sent = 0, done = 0, bad = 0;
	int64_t last, longest = 0;

	data_fill(d);
	if (!ktap_test(sec_open(&q, name, true) == 0, "a queue starts"))
		return;
	last = now_ms();
	while (done < nb && now_ms() - last < SEC_TIMEOUT_MS) {
		unsigned int burst = 1 + (unsigned int)random() % 8;
		int64_t status;

		while (burst-- > 0 && sent < nb) {
			const unsigned int i = sent % DEPTH;
			const struct sec_op op = op_of(
					d, d->bufs[i].plain, d->bufs[i].cipher, false);

			if (!sec_fill(&q, &op))
				break;
			sent++;
		}
		sec_ring(&q);
		/* sometimes all, most times some */
		burst = (unsigned int)random() % 16;
		while ((burst == 0 ? q.nb_in_flight : burst--) > 0) {
			status = sec_poll(&q, NULL, 0);
			if (status == -EAGAIN && burst == 0 && q.nb_in_flight > 0 &&
					now_ms() - last < SEC_TIMEOUT_MS)
				continue;
			if (status == -EAGAIN)
				break;
			bad += sec_verdict(status) != 0;
			done++;
			if (now_ms() - last > longest)
				longest = now_ms() - last;
			last = now_ms();
		}
	}
	ktap_test(done == nb && bad == 0,
			"%u of %u ops done, %u bad, with one word for both doorbells; longest wait %d ms",
			done, nb, bad, (int)longest);
	sec_close(&q);
}

/* --- shared page tables --- */

static void *
anonymous(size_t size)
{
	void *va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return va == MAP_FAILED ? NULL : va;
}

static void
test_faults(struct sec_queue *q, struct data *d)
{
	uint8_t *const fresh = anonymous(3 * PAGE), *const gone = anonymous(PAGE);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint8_t *const file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	struct sec_op op;

	close(fd);
	data_fill(d);
	op = op_of(d, d->bufs[0].plain, fresh + PAGE - 100, false); /* across two pages */
	ktap_test(sec_run(q, &op) == 0 && memcmp(fresh + PAGE - 100, nist_cipher, 16) == 0,
			"pages that were never touched are written");
	op = op_of(d, file, d->bufs[1].cipher, false);
	ktap_test(sec_run(q, &op) == 0, "a page of a file that was never touched is read");
	op = op_of(d, d->bufs[1].cipher, d->bufs[1].back, true);
	ktap_test(sec_run(q, &op) == 0 && memcmp(d->bufs[1].back, file, LEN) == 0,
			"and what was read is what is in the file");
	munmap(gone, PAGE);
	op = op_of(d, d->bufs[0].plain, gone, false);
	ktap_test(sec_run(q, &op) == 1, "memory that is not mapped gives an error");
	op = op_of(d, gone, d->bufs[0].cipher, false);
	ktap_test(sec_run(q, &op) == 1, "as a source too");
	op = op_of(d, d->bufs[0].plain, (void *)-(uintptr_t)PAGE, false);
	ktap_test(sec_run(q, &op) == 1, "so does an address of the kernel");
	op = op_of(d, d->bufs[0].plain, file, false);
	ktap_test(sec_run(q, &op) == 1, "so does a page that may not be written");
	memset(fresh + 2 * PAGE, 0x55, PAGE);
	mprotect(fresh + 2 * PAGE, PAGE, PROT_READ);
	op = op_of(d, d->bufs[0].plain, fresh + 2 * PAGE, false);
	ktap_test(sec_run(q, &op) == 1 && fresh[2 * PAGE] == 0x55, "and it is left as it was");
	data_fill(d);
	ktap_test(round_trip(q, d, 3) == 3, "and the queue goes on");
	munmap(fresh, 3 * PAGE);
	munmap(file, PAGE);
}

/* After fork() the device is on the parent's side of copy on write. */
static void
test_fork(struct sec_queue *q, struct data *d)
{
	struct sec_op op;
	int to_child[2], status = -1;
	pid_t pid;
	char byte = 0;

	data_fill(d);
	op = op_of(d, d->bufs[0].plain, d->bufs[0].cipher, false);
	if (pipe(to_child) != 0)
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		/* what the parent's device wrote is not seen here */
		const bool woken = read(to_child[0], &byte, 1) == 1;
		bool zero = woken;

		for (unsigned int i = 0; i < LEN; i++)
			zero = zero && d->bufs[0].cipher[i] == 0;
		_exit(zero && queue_call(q->fd, UACCE_IOC_PUT_Q, NULL) == -EPERM ? 0 : 1);
	}
	ktap_test(sec_run(q, &op) == 0 && memcmp(d->bufs[0].cipher, nist_cipher, 16) == 0,
			"after fork() the device writes to the parent");
	if (write(to_child[1], &byte, 1) != 1)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ktap_test(status == 0, "and not to the child, which may not use the queue");
	close(to_child[0]);
	close(to_child[1]);
}

static void
test_sva(const char *name)
{
	struct data *d = anonymous(sizeof(*d));
	struct sec_queue q;

	ktap_test(atoi(device_attr(name, UACCE_ATTR_FLAGS)) == UACCE_FLAG_SVA, "flags tell of SVA");
	test_attributes(name);
	test_queues(name);
	test_round_trip(name, d);
	test_restart(name, d);
	test_poll(name, d);
	test_one_word(name, d, 5000);
	if (ktap_test(sec_open(&q, name, false) == 0, "a queue starts")) {
		test_faults(&q, d);
		test_fork(&q, d);
		sec_close(&q);
	}
	munmap(d, sizeof(*d));
}

/* --- registered memory --- */

static void
test_registered(const char *name)
{
	struct data *d = huge_alloc(2);
	uint8_t *const second = (uint8_t *)d + HUGE_SIZE;
	struct data *outside = anonymous(sizeof(*d));
	struct sec_queue q;
	struct sec_op op;

	ktap_test(atoi(device_attr(name, UACCE_ATTR_FLAGS)) == 0, "flags tell of no SVA");
	test_attributes(name);
	test_queues(name);
	if (!ktap_test(d != NULL, "2 hugepages") ||
			!ktap_test(sec_open(&q, name, false) == 0, "a queue starts"))
		return;
	data_fill(d);
	op = op_of(d, d->bufs[0].plain, d->bufs[0].cipher, false);
	ktap_test(sec_run(&q, &op) == 1 && d->bufs[0].cipher[0] == 0,
			"memory that is not registered gives an error and is left alone");
	ktap_test(mem_register(q.fd, d, 2 * HUGE_SIZE) == 0, "it can be registered");
	ktap_test(round_trip(&q, d, 3) == 3, "then the device works on it");
	op = op_of(d, d->bufs[0].plain, second - 100, false);
	ktap_test(sec_run(&q, &op) == 0 && memcmp(second - 100, nist_cipher, 16) == 0,
			"also across two hugepages");
	data_fill(outside);
	op = op_of(d, outside->bufs[0].plain, d->bufs[0].cipher, false);
	ktap_test(sec_run(&q, &op) == 1, "other memory is not read");
	op = op_of(d, d->bufs[0].plain, outside->bufs[0].cipher, false);
	ktap_test(sec_run(&q, &op) == 1 && outside->bufs[0].cipher[0] == 0, "nor written");
	op = op_of(d, d->bufs[0].plain, second + HUGE_SIZE - LEN / 2, false);
	ktap_test(sec_run(&q, &op) == 1, "nor what lies behind");
	ktap_test(mem_unregister(q.fd, second, HUGE_SIZE) == 0, "the second one is unregistered");
	memset(second, 0x55, LEN);
	op = op_of(d, d->bufs[0].plain, second, false);
	ktap_test(sec_run(&q, &op) == 1 && second[0] == 0x55, "and not written any more");
	test_round_trip(name, d);
	test_restart(name, d);
	test_poll(name, d);
	test_one_word(name, d, 20000);
	sec_close(&q);
	munmap(outside, sizeof(*outside));
	munmap(d, 2 * HUGE_SIZE);
}

int
main(void)
{
	static const char *const devices[] = { "sec,sva=1,queues=4,depth=64",
		"sec,sva=0,queues=4,depth=64", NULL };
	struct daemon daemon;

	ktap_start(0);
	if (ktap_test(daemon_start(&daemon, devices) == 0, "the daemon makes two devices")) {
		test_sva(daemon.names[0]);
		test_registered(daemon.names[1]);
	}
	ktap_test(daemon_end(&daemon, SIGTERM) == 0, "the daemon ends when told to");
	return ktap_finish();
}
