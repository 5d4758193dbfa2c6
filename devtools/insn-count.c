/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/*
 * A plugin of QEMU's user-mode emulator, for devtools/perf-insn.sh: how many
 * instructions two functions of the program take, and all they call. The program says
 * which, and who calls them, as app/test-wd/perf_insn.h has it; from the entry of one
 * of them to the next instruction of a caller all that runs is counted. It takes one
 * thread: what others run meanwhile would be counted, too.
 *
 * QEMU's header is in no package; what is used of it is declared here, of API version 1.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../app/test-wd/perf_insn.h"

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS
};

typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_cb)(unsigned int vcpu, void *data);
typedef void (*syscall_cb)(qemu_plugin_id_t id, unsigned int vcpu, int64_t num, uint64_t a1,
		uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
		uint64_t a8);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(
		struct qemu_plugin_tb *tb, exec_cb cb, enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, syscall_cb cb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

#define EXPORT __attribute__((visibility("default")))
#define NB_FUNCTIONS 2
#define NB_CALLERS 4

/* A run of instructions without a branch, as QEMU translates them. */
struct block {
	struct block *next;
	uint64_t addr;
	uint64_t nb_insns;
	uint64_t nb_runs[NB_FUNCTIONS];
};

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(
		qemu_plugin_id_t id, const void *info, int argc, const char *const *argv);

static struct block *blocks;
static uint64_t functions[NB_FUNCTIONS], callers[NB_CALLERS][2];
static unsigned int nb_functions, nb_callers, nb_marks;
static int inside = -1; /* index of the function that runs */

static bool
is_caller(uint64_t addr)
{
	for (unsigned int i = 0; i < nb_callers; i++) {
		if (addr >= callers[i][0] && addr < callers[i][1])
			return true;
	}
	return false;
}

static void
run(unsigned int vcpu, void *data)
{
	struct block *b = data;

	(void)vcpu;
	for (unsigned int i = 0; i < nb_functions; i++) {
		if (functions[i] == b->addr)
			inside = (int)i;
	}
	if (is_caller(b->addr))
		inside = -1;
	if (inside >= 0)
		b->nb_runs[inside]++;
}

static void
translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof(*b));

	(void)id;
	if (b == NULL)
		abort();
	b->addr = qemu_plugin_tb_vaddr(tb);
	b->nb_insns = qemu_plugin_tb_n_insns(tb);
	b->next = blocks;
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, run, QEMU_PLUGIN_CB_NO_REGS, b);
}

/* One line a block: mark, function, address, instructions. */
static void
mark(void)
{
	nb_marks++;
	for (struct block *b = blocks; b != NULL; b = b->next) {
		for (unsigned int i = 0; i < NB_FUNCTIONS; i++) {
			if (b->nb_runs[i] != 0)
				fprintf(stderr, "insn-count %u %u %" PRIu64 " %" PRIu64 "\n",
						nb_marks, i, b->addr, b->nb_runs[i] * b->nb_insns);
			b->nb_runs[i] = 0;
		}
	}
}

static void
listen(qemu_plugin_id_t id, unsigned int vcpu, int64_t num, uint64_t a1, uint64_t a2, uint64_t a3,
		uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
	(void)id;
	(void)vcpu;
	(void)a4;
	(void)a5;
	(void)a6;
	(void)a7;
	(void)a8;
	if (num != PERF_INSN_CALL)
		return;
	if (a1 == PERF_INSN_FUNCTION && nb_functions < NB_FUNCTIONS) {
		functions[nb_functions++] = a2;
	} else if (a1 == PERF_INSN_CALLER && nb_callers < NB_CALLERS) {
		callers[nb_callers][0] = a2;
		callers[nb_callers++][1] = a3;
	} else if (a1 == PERF_INSN_MARK) {
		mark();
	}
}

int
qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, const char *const *argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_vcpu_syscall_cb(id, listen);
	return 0;
}
