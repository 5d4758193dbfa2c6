#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Boot guests under QEMU and run the cases of kernel/test/cases in them.

Each variant that a case needs is one guest, one after the other; a guest that
dies is booted again for the cases that are left. Results go to stdout as KTAP,
everything that a guest said, with the time since it was started, to
BUILD/test-kernel/VARIANT.log, and the counts to BUILD/test-kernel/testlog.json,
as meson writes them. With --shell there is a shell in the guest instead.
"""

import argparse
import collections
import gzip
import json
import lzma
import os
import pathlib
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

CMDLINE = (
    # hugepages of 2 MiB whatever the size of a page
    "quiet log_buf_len=4M random.trust_cpu=on hugepagesz=2M default_hugepagesz=2M "
    # stock hardening; what is too long for hanging is set by the guest's init
    "slub_debug=FZPU page_poison=1 init_on_free=1 kfence.sample_interval=10 "
    "oops=panic panic_on_warn=1 panic=-1"
)
# What a machine of an architecture is: QEMU's name of it, its CPU, the kernel's name of
# the first serial line, and the second one: the kernel's name of it, and how QEMU makes it.
Arch = collections.namedtuple("Arch", "qemu machine cpu console line line_options")
ARCHS = {
    "amd64": Arch("qemu-system-x86_64", "q35", "max", "ttyS0", "ttyS1", ["-serial", "chardev:ktap"]),
    "arm64": Arch("qemu-system-aarch64", "virt,gic-version=3", "neoverse-n1", "ttyAMA0", "ttyS0",
                  ["-device", "pci-serial,chardev=ktap"]),
}  # fmt: skip
POWER_DOWN = "reboot: Power down"  # the last that a kernel says when all went well
BOOT_SECONDS = 150
HUNG_SECONDS = 60  # for which a task may wait in the kernel
SETTLE_SECONDS = 10  # how long a case's pins and hugepages may take to come back
AROUND_SECONDS = 45  # what run-cases.sh takes around a case, at most
ALL_SKIPPED = {4, 77}
MODULES_FOR_ROOT = ["virtio_pci", "9pnet_virtio", "9p"]

POINT = re.compile(r"^\s*(not )?ok\b\s*\d*\s*(?:- )?(.*?)(?:\s*#\s*(skip|todo)\b\s*(.*))?$", re.IGNORECASE)
PLAN = re.compile(r"^1\.\.(\d+)")

Case = collections.namedtuple("Case", "name variant seconds command")


class Variant:
    def __init__(self, name):
        self.name = name
        self.machine = ""
        self.qemu = []
        self.cmdline = ""
        self.load = []
        self.memory = 2048
        self.hugepages = 256


def die(text):
    sys.exit(f"test-kernel: {text}")


def read_cases(name, arch):
    """Variants, cases, and names of the short list; kernel/test/cases explains itself."""
    variants, cases, short = {}, [], []
    variant = None
    for nb, line in enumerate(pathlib.Path(name).read_text(encoding="utf-8").splitlines(), 1):
        words = line.split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "on" and len(words) > 1:
            only, _, line = words[1].partition(" ")
            if only not in ARCHS:
                die(f"{name}:{nb}: what is {only}?")
            if only != arch:
                continue
            words = line.split(None, 1)
        kind, rest = words[0], words[1] if len(words) > 1 else ""
        if kind == "variant":
            variant = variants[rest] = Variant(rest)
        elif kind == "short":
            short += rest.split()
        elif kind == "case":
            fields = rest.split(None, 3)
            if len(fields) != 4 or fields[1] not in variants or not fields[2].isdigit():
                die(f"{name}:{nb}: not 'case NAME VARIANT SECONDS COMMAND'")
            if fields[0] in (c.name for c in cases):
                die(f"{name}:{nb}: a second case {fields[0]}")
            cases.append(Case(fields[0], fields[1], int(fields[2]), fields[3]))
        elif variant is None or kind not in ("machine", "qemu", "cmdline", "load", "memory", "hugepages"):
            die(f"{name}:{nb}: what is {kind}?")
        elif kind == "qemu":
            variant.qemu += shlex.split(rest)
        elif kind == "machine":
            variant.machine += "," + rest
        elif kind == "cmdline":
            variant.cmdline += " " + rest
        elif kind == "load":
            variant.load.append(rest)
        else:
            setattr(variant, kind, int(rest))
    unknown = set(short) - {c.name for c in cases}
    if unknown:
        die(f"{name}: no case {' '.join(unknown)}")
    return variants, cases, short


# ---- results ----


class Results:
    """Everything that is known of all cases, printed as it comes."""

    def __init__(self, log):
        self.log = log
        self.nb = self.passed = self.failed = self.skipped = 0
        print("TAP version 13", flush=True)

    def point(self, case, good, text, skip=None):
        self.nb += 1
        line = f"{'ok' if good else 'not ok'} {self.nb} - {case.title}: {text}"
        if skip is not None:
            line += f" # SKIP {skip}"
            self.skipped += 1
        elif good:
            self.passed += 1
        else:
            self.failed += 1
        case.lines.append(line)
        print(line, flush=True)

    def finish(self, case):
        bad = [line for line in case.lines if line.startswith("not ok")]
        if bad and case.said:
            print(f"# ---- {case.title} said:")
            for line in case.said[-80:]:
                print(line if line.startswith("#") else "# " + line, flush=True)
        points = sum(not line.startswith("#") for line in case.lines)
        result = "FAIL" if bad else "OK" if case.passed else "SKIP"
        out = "\n".join([f"1..{points}"] + case.lines)
        self.log.write(json.dumps({"name": f"kernel / {case.title}", "result": result, "stdout": out}) + "\n")
        self.log.flush()


class Running:
    """One case, while it runs."""

    def __init__(self, results, title):
        self.results = results
        self.title = title
        self.lines = []  # results as printed
        self.said = []  # all that its program printed
        self.plan = None
        self.points = self.passed = 0

    def check(self, good, text):
        """A result of ours, not counted by the plan."""
        self.passed += good
        self.results.point(self, good, text)

    def line(self, line):
        point = POINT.match(line)
        if point and (point[1] or not line[0].isspace()):
            bad, text, directive, reason = point.groups()
            if not line[0].isspace():
                self.points += 1
            if directive:
                self.results.point(self, True, text, reason or directive.lower())
            else:
                self.passed += not bad
                self.results.point(self, not bad, text)
            if bad and not directive:
                self.said.append(line)
            return
        plan = PLAN.match(line)
        if plan:
            if self.plan is not None:
                self.check(False, "a second plan")
            self.plan = int(plan[1])
        elif line.startswith("# left out: "):
            self.lines.append(line)  # for devtools/test-summary.py
            print(f"# {self.title}: {line[2:]}", flush=True)
        elif line and not line.startswith(("TAP version", "KTAP version")):
            self.said.append(line)

    def end(self, status, seconds, limit):
        if status in (124, 137) and seconds >= limit:
            self.check(False, f"ends within {limit} s")
        elif status not in ALL_SKIPPED | {0}:
            self.check(False, f"ends with exit status 0, not {status}")
        if self.plan is None:
            self.check(False, "prints a plan")
        elif self.plan != self.points:
            self.check(False, f"planned {self.plan} results, not {self.points}")
        elif self.plan == 0:
            self.check(False, "plans at least one result")
        self.results.finish(self)


# ---- a guest ----


class Kernel:
    """An image, its modules, and ours for it."""

    def __init__(self, directory, modules):
        self.directory = pathlib.Path(directory).resolve()
        self.modules = pathlib.Path(modules).resolve()
        images = sorted((self.directory / "boot").glob("vmlinuz-*"))
        if len(images) != 1:
            die(f"{len(images)} kernels, not one, in {self.directory}/boot")
        self.image = images[0]
        self.release = self.image.name[len("vmlinuz-") :]

    def ours(self):
        return {path.stem for path in self.modules.glob("*.ko")}

    def for_root(self):
        """Files of the modules that are needed to mount the root, in order."""
        files = []
        for name in MODULES_FOR_ROOT:
            out = subprocess.run(
                ["modprobe", "-d", self.directory, "-S", self.release, "--show-depends", name],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
            if out.returncode != 0:
                die(f"modprobe: {out.stderr.strip()}")
            for line in out.stdout.splitlines():
                kind, _, rest = line.partition(" ")
                if kind == "insmod" and rest.split()[0] not in files:
                    files.append(rest.split()[0])
        return [pathlib.Path(f) for f in files]


def unpacked(path):
    data = path.read_bytes()
    return {".xz": lzma.decompress, ".gz": gzip.decompress}.get(path.suffix, bytes)(data)


def make_initramfs(kernel, root, directory, env):
    tree = directory / "initramfs"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "bin").mkdir(parents=True)
    (tree / "modules").mkdir()
    busybox = shutil.which("busybox", path=f"{root}/usr/bin:{root}/bin") or die(f"no busybox in {root}")
    shutil.copy(busybox, tree / "bin/busybox")
    shutil.copy(ROOT / "devtools/guest/init", tree / "init")
    (tree / "init").chmod(0o755)
    order = []
    for path in kernel.for_root():
        name = path.name.split(".ko")[0] + ".ko"
        (tree / "modules" / name).write_bytes(unpacked(path))
        order.append(name + "\n")
    (tree / "modules/order").write_text("".join(order), encoding="utf-8")
    (tree / "guest.env").write_text("".join(f"{k}={shlex.quote(str(v))}\n" for k, v in env.items()), encoding="utf-8")
    names = "\n".join(str(p.relative_to(tree)) for p in sorted(tree.rglob("*")))
    out = directory / "initramfs.cpio"
    with open(out, "wb") as image:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=tree, input=names.encode(),
                       stdout=image, check=True)
    return out


class Guest:
    """One boot of one variant."""

    def __init__(self, options, kernel, variant, cases):
        self.options, self.kernel, self.variant, self.cases = options, kernel, variant, cases
        self.directory = options.build / "test-kernel" / variant.name
        self.directory.mkdir(parents=True, exist_ok=True)

    def command(self):
        variant, options = self.variant, self.options
        arch = ARCHS[options.arch]
        load = [line for line in variant.load if line.split()[0] in self.kernel.ours()]
        for line in variant.load:
            if line not in load:
                print(f"# {variant.name}: {line.split()[0]} is not built", flush=True)
        env = {
            "WD_ROOT": ROOT,
            "WD_GUEST_ROOT": "" if options.root == pathlib.Path("/") else options.root,
            "WD_GUEST_LINE": "/dev/" + arch.line,
            "WD_BUILD": options.build,
            "WD_MODULES": self.kernel.modules,
            "WD_VARIANT": variant.name,
            "WD_GUEST_MODULES": self.kernel.directory / "lib/modules",
            "WD_GUEST_HUGEPAGES": variant.hugepages,
            "WD_GUEST_LOAD": "\n".join(load),
            "WD_GUEST_CASES": "\n".join(
                f"{c.name}\t{round(c.seconds * options.scale)}\t{c.command}" for c in self.cases),
            "WD_GUEST_HUNG": round(HUNG_SECONDS * options.scale),
            "WD_GUEST_SETTLE": round(SETTLE_SECONDS * options.scale),
            "WD_GUEST_SHELL": int(options.shell is not None),
        }
        initramfs = make_initramfs(self.kernel, options.root, self.directory, env)
        return [
            arch.qemu, "-M", arch.machine + variant.machine, "-accel", "tcg,thread=multi", "-cpu", arch.cpu,
            "-smp", "2", "-m", str(round(variant.memory * options.memory_scale)), "-nodefaults", "-no-reboot",
            "-kernel", str(self.kernel.image), "-initrd", str(initramfs),
            "-append", f"console={arch.console} {CMDLINE}{variant.cmdline} {options.cmdline}",
            "-virtfs", "local,path=/,mount_tag=root0,security_model=none,readonly=on,multidevs=remap",
            "-display", "none", *variant.qemu,
        ]  # fmt: skip

    def shell(self):
        command = self.command() + ["-serial", "mon:stdio"]
        print("# leave with 'exit'; ctrl-a x stops the machine", flush=True)
        return subprocess.run(command, check=False).returncode

    def run(self, results, end):
        """Returns the cases that were not run, though the guest was to."""
        self.results, self.running, self.left = results, None, list(self.cases)
        self.done = False
        reader, writer = os.pipe()
        command = self.command() + ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
                                    "-chardev", f"file,id=ktap,path=/dev/fd/{writer}"]
        command += ARCHS[self.options.arch].line_options
        self.start = time.monotonic()
        self.deadline = self.start + BOOT_SECONDS * self.options.scale
        with open(self.options.build / "test-kernel" / f"{self.variant.name}.log", "a", encoding="utf-8") as self.log:
            self.log.write(f"==== {shlex.join(command)}\n")
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, pass_fds=[writer]) as qemu:
                os.close(writer)
                trouble = "this program was stopped"
                try:
                    trouble = self.listen(qemu, reader, end)
                finally:
                    os.close(reader)
                    if trouble is not None:
                        qemu.kill()
                    status = qemu.wait()
        if trouble is None and not self.done:
            trouble = f"the guest ended, QEMU with exit status {status}"
        elif trouble is None and (status != 0 or not any(POWER_DOWN in line for line in self.tail)):
            trouble = f"the guest did not power down after its last case, QEMU ended with {status}"
        if trouble is not None:
            running = self.running or Running(results, self.variant.name)
            running.check(False, trouble)
            running.said += ["the last of the console:"] + list(self.tail)
            results.finish(running)
        seconds = time.monotonic() - self.start
        print(f"# {self.variant.name}: guest of {seconds:.0f} s, log in {self.log.name}", flush=True)
        return self.left if trouble is not None else []

    def listen(self, qemu, reader, end):
        """Until QEMU closes both lines: None, or what went wrong."""
        self.tail = collections.deque(maxlen=60)
        lines = {reader: (self.ktap_line, bytearray()), qemu.stdout.fileno(): (self.console_line, bytearray())}
        selector = selectors.DefaultSelector()
        for fd in lines:
            selector.register(fd, selectors.EVENT_READ)
        while selector.get_map():
            now = time.monotonic()
            if now >= end:
                return "the time for all guests is over"
            if now >= self.deadline:
                what = f"in {self.running.title}" if self.running else "between cases"
                return f"the guest hangs {what}"
            for key, _ in selector.select(min(end, self.deadline) - now):
                handle, rest = lines[key.fd]
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fd)
                rest += data
                *whole, last = rest.split(b"\n")
                rest[:] = last
                for line in whole + ([bytes(last)] if not data and last else []):
                    handle(line.decode("utf-8", "replace").replace("\r", ""))
        return None

    def write_log(self, mark, line):
        self.log.write(f"[{time.monotonic() - self.start:8.3f}]{mark} {line}\n")
        self.log.flush()

    def console_line(self, line):
        self.write_log(" ", line)
        self.tail.append(line)

    def ktap_line(self, line):
        self.write_log(">", line)
        kind, _, rest = line.partition(" ")
        if kind == "@guest":
            print(f"# {self.variant.name}: {rest} of the guest, {time.monotonic() - self.start:.1f} s of the host",
                  flush=True)
        elif kind == "@begin":
            self.begin(rest)
        elif kind == "@done":
            self.done = True
        elif self.running is None:
            return
        elif kind == "@end":
            self.end(*(int(n) for n in rest.split()))
        elif kind in ("@ok", "@not"):
            self.running.check(kind == "@ok", rest if kind == "@ok" else rest[len("ok ") :])
        else:
            self.running.line(line)

    def begin(self, name):
        seconds = 30
        title = f"{self.variant.name} {name}"
        if self.left and self.left[0].name == name:
            seconds = self.left.pop(0).seconds
            title = name
        self.limit = round(seconds * self.options.scale)
        self.deadline = time.monotonic() + self.limit + AROUND_SECONDS * self.options.scale
        self.running = Running(self.results, title)
        if title != name:  # load and unload print no plan
            self.running.plan = 0

    def end(self, status, seconds):
        running, self.running = self.running, None
        if running.plan == 0 and running.points == 0 and running.title.startswith(self.variant.name + " "):
            self.results.finish(running)
        else:
            running.end(status, seconds, self.limit)
        self.deadline = time.monotonic() + AROUND_SECONDS * self.options.scale


def run_variant(options, kernel, variant, cases, results, end):
    if cases:
        (options.build / "test-kernel" / f"{variant.name}.log").unlink(missing_ok=True)
    for _ in range(options.boots):
        if not cases:
            return
        cases = Guest(options, kernel, variant, cases).run(results, end)
    for case in cases:
        lost = Running(results, case.name)
        lost.check(False, "was not run, the guest died too often")
        results.finish(lost)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=lambda p: pathlib.Path(p).resolve(), help="build directory of meson")
    parser.add_argument("--arch", choices=ARCHS, default="amd64", help="of the guest; amd64 unless told")
    parser.add_argument("--root", type=lambda p: pathlib.Path(p).resolve(), default="/",
                        help="directory that becomes the guest's root, with programs of its kind")
    parser.add_argument("--kernel", required=True, help="directory with boot/ and lib/modules/ of one kernel")
    parser.add_argument("--modules", required=True, help="directory with our modules for it")
    parser.add_argument("--list", default=ROOT / "kernel/test/cases", help="another file of variants and cases")
    parser.add_argument("--short", action="store_true", help="run the short list of cases, and say what is left out")
    parser.add_argument("--tap", help="results of an earlier step, to count as case 'build'")
    parser.add_argument("--shell", metavar="VARIANT", help="a shell in this guest, and no cases")
    parser.add_argument("--timeout", type=int, default=2400, help="seconds for all guests: a bound, not what it takes")
    parser.add_argument("--scale", type=float, default=1, help="how much slower this kernel is")
    parser.add_argument("--memory-scale", type=float, default=1, help="how much more memory it needs")
    parser.add_argument("--cmdline", default="", help="more words for the kernel's command line")
    parser.add_argument("--boots", type=int, default=3, help="how often a guest may be booted")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="run these alone; a name may end with *")
    options = parser.parse_intermixed_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("test-kernel: stopped"))

    variants, cases, short = read_cases(options.list, options.arch)
    kernel = Kernel(options.kernel, options.modules)
    if options.shell is not None:
        if options.shell not in variants:
            die(f"no variant {options.shell}, there are: {' '.join(variants)}")
        return Guest(options, kernel, variants[options.shell], []).shell()
    if options.cases:
        def matches(name):
            return any(name == w or w.endswith("*") and name.startswith(w[:-1]) for w in options.cases)
        names = [c.name for c in cases]
        cases = [c for c in cases if matches(c.name)]
        if not cases:
            die(f"no case {' '.join(options.cases)}, there are: {' '.join(names)}")
    elif options.short:
        print("# left out, make test-kernel runs them:", *(c.name for c in cases if c.name not in short))
        cases = [c for c in cases if c.name in short]
    out = options.build / "test-kernel"
    out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + options.timeout * options.scale
    with open(out / "testlog.json", "w", encoding="utf-8") as log:
        results = Results(log)
        if options.tap:
            build = Running(results, "build")
            for line in pathlib.Path(options.tap).read_text(encoding="utf-8").splitlines():
                build.line(line)
            build.end(0, 0, 0)
        for variant in variants.values():
            run_variant(options, kernel, variant, [c for c in cases if c.variant == variant.name], results, end)
    print(f"1..{results.nb}")
    return results.failed > 0 or results.passed == 0


if __name__ == "__main__":
    sys.exit(main())
