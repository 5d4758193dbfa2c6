#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""usage: ordering.py [--cc CC] BUILD
       ordering.py --modules DIRECTORY

Check in the machine code for arm64 that the barriers of the data path are there,
of the right kind and in the right place, and that this check notices when one is
not. Prints TAP: a point for each object, then one for each mutant, which is the
source with one barrier taken out or weakened; the check has to fail for it.

BUILD is a build directory for arm64; its compile_commands.json says how to compile.
--cc: with another compiler, such as "clang --target=aarch64-linux-gnu".
--modules: the same for the kernel's side, in modules for arm64 that devtools/kernel-build.sh
built there; kbuild's own record says how to compile.

Each file is compiled once more with -g, which leaves the instructions as they are,
as is checked, and says for each of them which functions it came from, inlined ones
too. So the points are found by the names of small functions in lib/wd/wd_queue.h:

    wd_queue_ring           the doorbell store
    wd_queue_cqe_load, _operand   the load of a phase
    wd_queue_completed_late       the last look at a dead queue

Paths are followed through the branches of a function. What cannot be followed, a
call or a jump through a register, counts as bad where a barrier is looked for.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUEUE = "lib/wd/wd_queue.h"

SUBMIT = ["drivers/crypto/wd/wd_crypto_sec.c", "drivers/compress/wd/wd_comp_zip.c"]
POLL = ["drivers/crypto/wd/wd_crypto_sec_dequeue.c", "drivers/compress/wd/wd_comp_zip.c"]
MODEL = ["lib/model/qm.c"]
WATCH = ["lib/wd/wd_watch.c"]
LIED = ["lib/wd/wd_queue.c"]

STORES = {"oshst", "osh", "st", "sy"}  # barriers for a device that order stores, and loads
LOADS = {"oshld", "osh", "ld", "sy"}


class Insn:
    def __init__(self, addr, text, chain):
        self.addr = addr
        parts = text.split("\t")
        self.op, self.args = parts[0], parts[1].strip() if len(parts) > 1 else ""
        self.chain = chain  # functions, innermost first
        self.reloc = None
        self.next, self.prev = [], []  # None: outside of the function, or who knows where

    def barrier(self):
        return self.args if self.op in ("dmb", "dsb") else None

    def is_call(self):
        return self.op in ("bl", "blr")

    def is_branch(self):
        return self.op.startswith("b.") or self.op in ("cbz", "cbnz", "tbz", "tbnz")

    def is_load(self):
        return re.match(r"ld(?!gm)|swp|cas", self.op) is not None

    def is_store(self):
        return re.match(r"st(?!gm)|swp|cas|dc$", self.op) is not None

    def on_stack(self):
        return re.search(r"\[(sp|x29)\b", self.args) is not None

    def target(self):
        match = re.search(r"\b([0-9a-f]+) <", self.args)
        return int(match[1], 16) if match and self.reloc is None else None

    def __str__(self):
        return f"{self.addr:x}: {self.op} {self.args} ({' < '.join(self.chain)})"


def disassemble(objdump, name):
    """Functions of an object: name to instructions."""
    out = subprocess.run(
        [objdump, "-dlr", "--inlines", "--no-show-raw-insn", name],
        capture_output=True, text=True, check=True,
    ).stdout
    functions, insns, inner, outer = {}, None, "", []
    for line in out.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            insns = functions.setdefault(match[1], [])
            inner = match[1]
        elif match := re.match(r"(\S+)\(\):$", line):
            inner = match[1]
        elif match := re.match(r"inlined by .* \((\S+)\)$", line):
            outer.append(match[1])
        elif match := re.match(r"\s+[0-9a-f]+: R_AARCH64_\w+\s+(\S+)", line):
            insns[-1].reloc = match[1]
        elif match := re.match(r"\s+([0-9a-f]+):\t(.*?)(\s*//.*)?$", line):
            insns.append(Insn(int(match[1], 16), match[2], [inner] + outer))
            outer = []
    for code in functions.values():
        link(code)
    return functions


def link(code):
    at = {insn.addr: insn for insn in code}
    for insn, after in zip(code, code[1:] + [None]):
        if insn.op in ("ret", "br"):
            insn.next = [None]
            continue
        if insn.op == "b" or insn.is_branch():
            insn.next.append(at.get(insn.target()))
        if insn.op != "b":
            insn.next.append(after)
    for insn in code:
        for to in insn.next:
            if to:
                to.prev.append(insn)
    for insn in code:
        if insn is code[0] or not insn.prev:
            insn.prev.append(None)


def called(insn):
    """What is called, or jumped to for good."""
    return insn.reloc or insn.args


class Check:
    def __init__(self, functions):
        self.functions = functions
        self.insns = [insn for code in functions.values() for insn in code]
        self.problems = []

    def problem(self, text):
        self.problems.append(text)

    def find(self, test, *names):
        """Instructions of a kind that came from all of these functions."""
        return [i for i in self.insns if test(i) and set(names) <= set(i.chain)]

    def search(self, start, steps, visit, state=0):
        """Walk from start; visit(insn, state) gives the state after insn, None to go no further."""
        todo, seen = [(insn, state) for insn in steps(start)], set()
        while todo:
            insn, state = todo.pop()
            if (insn, state) not in seen:
                seen.add((insn, state))
                state = visit(insn, state)
                if insn and state is not None:
                    todo += [(to, state) for to in steps(insn)]

    def doorbell(self, caller, kinds, foreign, foreign_text):
        """The doorbell stores inlined into `caller`: what they are and what is before them.

        foreign: what must not come between the barrier and the store.
        """
        stores = self.find(Insn.is_store, "wd_queue_ring", caller)
        if not stores:
            self.problem(f"{caller}: no doorbell store")
        for store in stores:
            match = re.fullmatch(r"(?:x\d+|xzr), \[x\d+(?:, #(\d+))?\]", store.args)
            if store.op not in ("str", "stlr") or not match or int(match[1] or 0) % 8:
                self.problem(f"{caller}: the doorbell is not one aligned 64-bit store: {store}")

            def visit(insn, state, store=store):
                if insn is None:
                    self.problem(f"{caller}: no barrier on a path to {store}")
                elif insn.barrier():
                    if insn.barrier() not in kinds:
                        self.problem(f"{caller}: {insn.barrier()} before {store}")
                elif insn.is_call():
                    self.problem(f"{caller}: a call, and no barrier before {store}")
                elif foreign(insn):
                    self.problem(f"{caller}: {foreign_text} before {store}: {insn}")
                else:
                    return state
                return None

            self.search(store, lambda insn: insn.prev, visit)
        return stores

    def submit(self):
        def foreign(insn):
            return insn.is_store() and not insn.on_stack() and "wd_queue_submit" not in insn.chain

        stores = self.doorbell("wd_queue_submit", STORES, foreign, "store after the barrier")
        # backwards: branch, then the load that it depends on, then the barrier
        for store in stores:

            def visit(insn, state, store=store):
                if insn is None or insn.barrier() or insn.is_call():
                    self.problem(f"wd_queue_submit: {store} does not depend on the send status")
                    return None
                if insn.is_branch() and state == 0:
                    return 1
                # *send_status: of 32 bits, where a pointer says
                if insn.op == "ldr" and re.fullmatch(r"w\d+, \[x\d+\]", insn.args) \
                        and insn.chain[0] == "wd_queue_submit" and state == 1:
                    return None
                return state

            self.search(store, lambda insn: insn.prev, visit)

    def release(self):
        def foreign(insn):
            return insn.is_load() and not insn.on_stack() and insn.chain[0] != "wd_queue_release"

        self.doorbell("wd_queue_release", LOADS, foreign, "load after the barrier")

    def poll(self):
        phases = self.find(Insn.is_load, "wd_queue_completed", "wd_queue_cqe_load")
        phases += self.find(Insn.is_load, "wd_queue_completed", "wd_queue_cqe_operand")
        group = [insn for insn in phases if insn.chain[0] == "wd_queue_cqe_operand"
                 or "wd_queue_cqe_operand" in insn.chain]
        if not group or len(phases) == len(group):
            self.problem("wd_queue_completed: no loads of phases")
        for phase in phases:
            if phase.op not in ("ldr", "ldur", "ldar") or not re.match(r"x\d+, \[", phase.args):
                self.problem(f"wd_queue_completed: a phase is not one 64-bit load: {phase}")

            def visit(insn, state, phase=phase):
                if insn is None:
                    self.problem(f"wd_queue_completed: no barrier on a path from {phase}")
                elif insn.barrier():
                    if insn.barrier() not in LOADS:
                        self.problem(f"wd_queue_completed: {insn.barrier()} after {phase}")
                elif insn.is_call() and called(insn) != "rte_wd_queue_check":
                    self.problem(f"wd_queue_completed: {insn}, and no barrier after {phase}")
                elif insn.is_load() and not insn.on_stack() \
                        and "wd_queue_completed" not in insn.chain:
                    self.problem(f"wd_queue_completed: {insn} may pass {phase}")
                else:
                    return state
                return None

            self.search(phase, lambda insn: insn.next, visit)

    def late(self):
        """A dead queue's last look at a phase comes after the load of the status."""
        phases = self.find(Insn.is_load, "wd_queue_completed_late", "wd_queue_cqe_load")
        if not phases:
            self.problem("wd_queue_completed_late: no load of a phase")
        for phase in phases:

            def visit(insn, state, phase=phase):
                if insn is None or insn.is_call() or "wd_queue_dead" in insn.chain:
                    self.problem(f"wd_queue_completed_late: no barrier before {phase}")
                elif insn.barrier():
                    if insn.barrier() not in LOADS:
                        self.problem(f"wd_queue_completed_late: {insn.barrier()} before {phase}")
                else:
                    return state
                return None

            self.search(phase, lambda insn: insn.prev, visit)

    def access(self, pattern, *names):
        """There is an atomic access of that form in a function."""
        if not self.find(lambda i: re.match(pattern, f"{i.op} {i.args}"), *names):
            self.problem(f"{names[-1]}: no {pattern}")

    def dead(self):
        self.access(r"lda\w* x", "wd_queue_dead")

    def model(self):
        self.access(r"lda\w* x", "sq_doorbell_poll")
        self.access(r"lda\w* x", "cq_doorbell_poll")
        self.access(r"stlr x", "cqes_write")
        self.access(r"stlr w", "qp_kill")

    def watch(self):
        self.access(r"stlr x", "look")
        self.access(r"lda\w*b w", "look")

    def lied(self):
        self.access(r"stlrb w", "rte_wd_queue_check")

    def kernel(self):
        self.access(r"lda\w* x", "emu_of")
        self.access(r"stlr x", "emu_attach")
        # of the two status words the one that is stored last
        kills = self.find(lambda i: i.op == "stlr" and i.args.startswith("w"), "emu_kill")
        if not kills:
            self.problem("emu_kill: no stlr w")
        for kill in kills:

            def visit(insn, state, kill=kill):
                if insn is None or insn.is_call() or "emu_kill" not in insn.chain:
                    return None
                if insn.is_store() and not insn.on_stack():
                    self.problem(f"emu_kill: {insn} after {kill}")
                return state

            self.search(kill, lambda insn: insn.next, visit)


UNITS = {
    SUBMIT[0]: [Check.submit],
    SUBMIT[1]: [Check.submit, Check.poll, Check.late, Check.release, Check.dead],
    POLL[0]: [Check.poll, Check.late, Check.release, Check.dead],
    MODEL[0]: [Check.model],
    WATCH[0]: [Check.watch],
    LIED[0]: [Check.lied],
}

# name of the barrier, file, function, what is there, what is there instead, objects that see it
LOW = "((volatile uint32_t *)(uintptr_t)db)[0] = (uint32_t)word;"
HIGH = "((volatile uint32_t *)(uintptr_t)db)[1] = (uint32_t)(word >> 32);"
HALVES = "((uint64_t)((const volatile uint32_t *)w1)[1] << 32 | *(const volatile uint32_t *)w1)"
CQE_LOAD = "rte_le_to_cpu_64(__atomic_load_n(w1, __ATOMIC_RELAXED))"
MUTANTS = [
    ("submit, no barrier", QUEUE, "wd_queue_submit", "rte_io_wmb();", "", SUBMIT),
    ("submit, barrier for CPUs only", QUEUE, "wd_queue_submit", "rte_io_wmb();",
     "rte_smp_wmb();", SUBMIT[1:]),
    ("submit, barrier for loads", QUEUE, "wd_queue_submit", "rte_io_wmb();",
     "rte_io_rmb();", SUBMIT[1:]),
    ("submit, no branch on the status", QUEUE, "wd_queue_submit",
     "if (unlikely((*q->send_status | q->broken) != 0))\n\t\treturn 0;",
     "(void)*q->send_status;", SUBMIT[1:]),
    ("submit, status looked at before the barrier", QUEUE, "wd_queue_submit",
     ("rte_io_wmb();", "*q->send_status | q->broken"),
     ("const uint32_t s = *q->send_status; rte_io_wmb();", "s | q->broken"), SUBMIT[1:]),
    ("doorbell in two halves", QUEUE, "wd_queue_ring", "*db = rte_cpu_to_le_64(word);",
     LOW + HIGH, SUBMIT[1:]),
    ("poll, no barrier", QUEUE, "wd_queue_completed", "rte_io_rmb();", "", POLL),
    ("poll, barrier for CPUs only", QUEUE, "wd_queue_completed", "rte_io_rmb();",
     "rte_smp_rmb();", POLL[:1]),
    ("poll, barrier for stores", QUEUE, "wd_queue_completed", "rte_io_rmb();",
     "rte_io_wmb();", POLL[:1]),
    ("poll, phases in two halves", QUEUE, "wd_queue_cqe_load", CQE_LOAD, HALVES, POLL[:1]),
    ("release, no barrier", QUEUE, "wd_queue_release", "rte_io_rmb();", "", POLL),
    ("release, barrier for CPUs only", QUEUE, "wd_queue_release", "rte_io_rmb();",
     "rte_smp_rmb();", POLL[:1]),
    ("dead, no barrier", QUEUE, "wd_queue_completed_late", "rte_io_rmb();", "", POLL),
    ("dead, pointer relaxed", QUEUE, "wd_queue_dead", "ACQUIRE", "RELAXED", POLL[:1]),
    ("watchdog, pointer relaxed", WATCH[0], "look", "RELEASE", "RELAXED", WATCH),
    ("watchdog, broken relaxed", WATCH[0], "look", "ACQUIRE", "RELAXED", WATCH),
    ("lcore, broken relaxed", LIED[0], "rte_wd_queue_check", "RELEASE", "RELAXED", LIED),
    ("model, SQ doorbell relaxed", MODEL[0], "sq_doorbell_poll", "ACQUIRE", "RELAXED", MODEL),
    ("model, CQ doorbell relaxed", MODEL[0], "cq_doorbell_poll", "ACQUIRE", "RELAXED", MODEL),
    ("model, phase relaxed", MODEL[0], "cqes_write", "RELEASE", "RELAXED", MODEL),
    ("model, receive status relaxed", MODEL[0], "qp_kill", "RELEASE", "RELAXED", MODEL),
]

EMU = "kernel/wd_emu.c"
MODULE_UNITS = {EMU: [Check.kernel]}
RECEIVE = "(__le32 *)(end - conf->recv_status_from_end)"
SEND = "(__le32 *)(end - conf->send_status_from_end)"
MODULE_MUTANTS = [
    ("kernel, receive status relaxed", EMU, "emu_kill",
     f"smp_store_release({RECEIVE}, cpu_to_le32(1));", f"WRITE_ONCE(*{RECEIVE}, cpu_to_le32(1));", [EMU]),
    ("kernel, the other status released", EMU, "emu_kill",
     (f"smp_store_release({RECEIVE}, cpu_to_le32(1));", f"WRITE_ONCE(*{SEND}, cpu_to_le32(1));"),
     (f"WRITE_ONCE(*{RECEIVE}, cpu_to_le32(1));", f"smp_store_release({SEND}, cpu_to_le32(1));"), [EMU]),
    ("kernel, device given to a file relaxed", EMU, "emu_attach",
     "smp_store_release(&file->private_data, emu);", "WRITE_ONCE(file->private_data, emu);", [EMU]),
    ("kernel, device of a file relaxed", EMU, "emu_of",
     "smp_load_acquire(&file->private_data);", "READ_ONCE(file->private_data);", [EMU]),
]


class Compiler:
    """Compiles files of a copy of the sources as the build directory says."""

    def __init__(self, build, cc, scratch):
        self.build = pathlib.Path(build).resolve()
        self.scratch = pathlib.Path(scratch)
        self.commands = {}
        commands = json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8"))
        for entry in commands:
            name = os.path.normpath(self.build / entry["file"])
            self.commands.setdefault(name, shlex.split(entry["command"]))
        self.cc = shlex.split(cc) if cc else None
        self.outputs = {
            os.path.normpath(self.build / entry["file"]): self.build / entry["output"]
            for entry in reversed(commands)
        }
        first = self.commands[str(ROOT / MODEL[0])][0]
        where = subprocess.run(
            [first, "-print-prog-name=objdump"], capture_output=True, text=True, check=True
        )
        self.objdump = where.stdout.strip()

    def moved(self, arg):
        """A path of the source tree as one of the copy."""
        match = re.fullmatch(r"(-I|-isystem)?([^-].*)", arg)
        if not match or ("/" not in arg and not match[1]):
            return arg
        path = pathlib.Path(os.path.normpath(self.build / match[2]))
        try:
            inside = path.relative_to(ROOT)
        except ValueError:
            return arg
        copied = self.scratch / inside
        return (match[1] or "") + str(copied if copied.exists() else path)

    def same_as_built(self, unit, functions):
        """Whether the object of the build, where there is one, has the same instructions."""
        built = self.outputs[str(ROOT / unit)]
        if self.cc or not built.exists():
            return True
        mine, theirs = ([str(i) for code in each.values() for i in code]
                        for each in (functions, disassemble(self.objdump, str(built))))
        return [i.split(" (")[0] for i in mine] == [i.split(" (")[0] for i in theirs]

    def run(self, unit, pristine=False):
        """Problems of one file."""
        args = list(self.commands[str(ROOT / unit)])
        for flag in ("-MF", "-MQ", "-o", "-c"):
            at = args.index(flag)
            del args[at:at + 2]
        args.remove("-MD")
        out = str(self.scratch / "out.o")
        args = (self.cc or args[:1]) + [self.moved(arg) for arg in args[1:]]
        args += ["-gdwarf-4", "-w", "-o", out, "-c", str(self.scratch / unit)]
        subprocess.run(args, cwd=self.build, check=True)
        check = Check(disassemble(self.objdump, out))
        if pristine and not self.same_as_built(unit, check.functions):
            check.problem(f"{unit}: other instructions than in {self.outputs[str(ROOT / unit)]}")
        for one in UNITS[unit]:
            one(check)
        return list(dict.fromkeys(check.problems))


class ModuleCompiler:
    """The same for modules, which kbuild compiled in a directory of links to kernel/."""

    def __init__(self, modules, scratch):
        self.modules = pathlib.Path(modules).resolve()
        self.scratch = pathlib.Path(scratch)
        self.kdir = (self.modules / ".wd-kdir").read_text(encoding="utf-8").split()[0]

    def run(self, unit, pristine=False):
        name = pathlib.Path(unit).stem
        record = (self.modules / f".{name}.o.cmd").read_text(encoding="utf-8")
        args = shlex.split(re.match(r"(?:saved)?cmd_\S+ := +(.*)", record)[1].split(" ; ")[0])
        at = args.index("-o")
        del args[at:at + 2]
        args = [arg for arg in args if arg not in ("-c", "-Werror") and not arg.startswith("-Wp,-MMD,")]
        if os.path.normpath(args[-1]) != str(self.modules / f"{name}.c"):
            sys.exit(f"ordering: cannot read how {unit} was compiled")
        out = str(self.scratch / "out.o")
        objdump = re.sub(r"gcc(-\d+)?$", "objdump", args[0])
        # what is included comes from the copy: it lies next to the source
        args = args[:-1] + ["-w", "-o", out, "-c", str(self.scratch / unit)]
        subprocess.run(args, cwd=self.kdir, check=True)
        check = Check(disassemble(objdump, out))
        if pristine:
            mine, theirs = ([str(i).split(" (")[0] for code in each.values() for i in code]
                            for each in (check.functions, disassemble(objdump, str(self.modules / f"{name}.o"))))
            if mine != theirs:
                check.problem(f"{unit}: other instructions than in {self.modules / name}.o")
        for one in MODULE_UNITS[unit]:
            one(check)
        return list(dict.fromkeys(check.problems))


def mutate(text, function, old, new):
    """The text with a barrier of one function changed."""
    start = re.search(rf"^(?:static [\w *]+)?\b{function}\(", text, re.MULTILINE).start()
    end = text.index("\n}\n", start)
    body = text[start:end]
    pairs = zip(old, new) if isinstance(old, tuple) else [(old, new)]
    for was, becomes in pairs:
        if body.count(was) != 1:
            sys.exit(f"ordering: {function}() has not one '{was}': the list of mutants is old")
        body = body.replace(was, becomes)
    return text[:start] + body + text[end:]


def judge(compiler, scratch, all_units, mutants):
    """A point for each unit and each mutant; how many are bad."""
    bad = nb = 0
    print("TAP version 13")
    print(f"1..{len(all_units) + len(mutants)}")
    clean = set()
    for unit in all_units:
        nb += 1
        problems = compiler.run(unit, pristine=True)
        if not problems:
            clean.add(unit)
        print(f"{'not ok' if problems else 'ok'} {nb} - {unit}", flush=True)
        for line in problems:
            print(f"# {line}")
        bad += bool(problems)
    for what, file, function, old, new, units in mutants:
        nb += 1
        copy = pathlib.Path(scratch) / file
        text = copy.read_text(encoding="utf-8")
        copy.write_text(mutate(text, function, old, new), encoding="utf-8")
        found = {unit: compiler.run(unit) for unit in units}
        copy.write_text(text, encoding="utf-8")
        good = all(found.values()) and clean.issuperset(units)
        print(f"{'ok' if good else 'not ok'} {nb} - mutant: {what}: "
              f"{'noticed' if good else 'not noticed'}", flush=True)
        for unit in units:
            print(f"# {unit}: {found[unit][0] if found[unit] else 'nothing'}")
        bad += not good
    return bad


def main():
    parser = argparse.ArgumentParser(usage="ordering.py [--cc CC] BUILD | --modules DIRECTORY")
    parser.add_argument("--cc")
    parser.add_argument("--modules", action="store_true")
    parser.add_argument("build")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=pathlib.Path(options.build).resolve()) as scratch:
        for folder in ("kernel",) if options.modules else ("lib", "drivers"):
            shutil.copytree(ROOT / folder, pathlib.Path(scratch) / folder)
        if options.modules:
            compiler = ModuleCompiler(options.build, scratch)
            return int(judge(compiler, scratch, MODULE_UNITS, MODULE_MUTANTS) > 0)
        compiler = Compiler(options.build, options.cc, scratch)
        return int(judge(compiler, scratch, UNITS, MUTANTS) > 0)


if __name__ == "__main__":
    sys.exit(main())
