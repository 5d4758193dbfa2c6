# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Runs points and keeps what they gave."""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

from . import plan, stock

TIMEOUT_S = 120
COMMON = ("--no-pci", "--in-memory", "--no-telemetry", "--log-level", "error")
CORPUS_SIZE = 4 << 20


class Runner:
    def __init__(self, build, out, cpus, budget_s=None):
        self.build = pathlib.Path(build)
        self.out = pathlib.Path(out)
        self.cpus = cpus
        self.budget_s = budget_s
        self.results = []  # dicts of kind, driver, algorithm, size, burst, repetition, metric, value
        self.commands = {}  # the same command line is run several times
        self.absent = {}  # (driver, algorithm or ""): why
        self.worked = set()  # the same keys
        self.doubtful = set()
        self.left_out = []
        self.started = time.monotonic()
        self.took = {}  # seconds of the runs so far, by kind

    # ---- command lines ----

    def eal(self, *more):
        main, worker = self.cpus[0], self.cpus[1]
        return ["--lcores", f"0@{main},1@{worker}" + "".join(more), *COMMON, "-d", str(self.build / "pmds")]

    def vdevs(self, driver, options):
        if driver in (plan.WD, plan.COMPRESS_WD):
            # on the main lcore's CPU, which only waits: two CPUs in all, as for the scheduler
            return ["--vdev", f"{driver},dev=sim,cpu={self.cpus[0]}{options}"]
        if driver == plan.SCHEDULER:
            return ["--vdev", plan.MB + "0", "--vdev", plan.MB + "1", "--vdev",
                    f"{driver},worker={plan.MB}0,worker={plan.MB}1,mode=multi-core,corelist=2"]
        return ["--vdev", driver]

    def command(self, point, driver):
        if driver == "bench-wd":
            return [str(self.build / "app/bench-wd/bench-wd"), "-l", str(self.cpus[1]), *COMMON, "-d",
                    str(self.build / "pmds"), "--", point.kind, self.own_options(point), str(point.ops)]
        if point.kind == "compress":
            return ["dpdk-test-compress-perf", *self.eal(), *self.vdevs(driver, ""), "--", "--driver-name", driver,
                    "--input-file", str(self.corpus()), "--ptest", "throughput", "--operation", "comp_and_decomp",
                    "--seg-sz", str(point.size), "--max-num-sgl-segs", "1", "--compress-level", "1:1:1",
                    "--num-iter", str(point.ops), "--pool-sz", "512", "--burst-sz", "32"]
        cycles = point.kind in ("cyclecount", "break-even")
        algorithm = point.algorithm or ("NULL" if driver == plan.NULL else "AES-128-CBC")
        extra = f",2@{self.cpus[0]}" if driver == plan.SCHEDULER else ""
        command = ["dpdk-test-crypto-perf", *self.eal(extra),
                   *self.vdevs(driver, ",engine=instant" if cycles else ""), "--", "--ptest",
                   "pmd-cyclecount" if cycles else point.kind, "--devtype", driver,
                   "--burst-sz", ",".join(map(str, point.bursts)), "--buffer-sz", str(point.size),
                   "--total-ops", str(point.ops), "--silent", "--csv-friendly", *plan.ALGORITHMS[algorithm]]
        if cycles:
            # so that a device on another CPU is through before the dequeues are timed
            command += ["--desc-nb", "1024", "--pmd-cyclecount-delay-ms", "3"]
        return command

    def own_options(self, point):
        if point.kind in ("queues", "sessions"):
            # another CPU reads the rings, as hardware does
            return f"{point.algorithm},run=thread,cpu={self.cpus[0]}"
        return point.algorithm

    def corpus(self):
        """4 MiB of headers, the same ones on the same system."""
        path = self.out / "corpus"
        if not path.exists():
            data = bytearray()
            for header in sorted(pathlib.Path("/usr/include").rglob("*.h")):
                if len(data) >= CORPUS_SIZE:
                    break
                try:
                    data += header.read_bytes()
                except OSError:
                    continue
            path.write_bytes(data[:CORPUS_SIZE])
        return path

    # ---- running ----

    def execute(self, command, scheduler=False):
        with open(self.out / "last-output", "w+", encoding="utf-8", errors="replace") as log:
            deadline = time.monotonic() + TIMEOUT_S
            try:
                child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            except OSError as error:
                raise stock.OutputError(str(error)) from error
            try:
                if scheduler:
                    quiet_main(child, deadline)
                status = child.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                raise stock.OutputError(f"did not end in {TIMEOUT_S} s") from None
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            log.seek(0)
            text = log.read()
        if status != 0:
            raise stock.OutputError(f"{stock.reason(text)} (exit status {status})")
        return text

    def parse(self, point, text):
        """[(burst or what takes its place, {metric: value})]"""
        kind = point.kind
        if kind == "throughput":
            return [(row["burst"], pick(row, "mops", "gbps", "cycles")) for row in stock.throughput(text, point.ops)]
        if kind in ("cyclecount", "break-even"):
            return [(row["burst"], pick(row, "enqueue", "dequeue", "cycles")) for row in stock.cyclecount(text)]
        if kind == "latency":
            return [(row["burst"], {k: v for k, v in row.items() if k.startswith("p")}) for row in stock.latency(text)]
        if kind == "compress":
            return [(32, pick(row, "percent", "comp_gbps", "decomp_gbps")) for row in stock.compress(text)]
        rows = stock.own(text, kind)
        if kind == "in-flight":
            return [(row[0], {"mb_per_s": row[1], **({"published": row[2]} if row[2] is not None else {})})
                    for row in rows]
        if kind in ("queues", "sessions"):
            return [(row[0], {"cycles": row[1]}) for row in rows]
        if kind == "doorbells":
            return [(32, {"per_op": (row[1] + row[2]) / row[0]}) for row in rows]
        if kind in ("memory", "comp-memory"):
            return [(1024, {"hugepages": row[1], "heap": row[2]}) for row in rows]
        return [(1, {"ms": row[0]}) for row in rows]

    def once(self, point, driver, repetition):
        command = self.command(point, driver)
        self.commands.setdefault(" ".join(map(shlex.quote, command)), f"{point.title()} {driver}")
        begin = time.monotonic()
        try:
            rows = self.parse(point, self.execute(command, driver == plan.SCHEDULER))
        except stock.OutputError as error:
            shutil.copy(self.out / "last-output", self.out / f"failed-{driver}-{point.kind}.txt")
            self.failed(point, driver, str(error))
            return
        self.worked.add((driver, point.kind, point.algorithm))
        self.took.setdefault(point.kind, []).append(time.monotonic() - begin)
        for burst, metrics in rows:
            for metric, value in metrics.items():
                self.results.append({
                    "kind": point.kind, "driver": driver, "algorithm": point.algorithm, "size": point.size,
                    "burst": int(burst), "repetition": repetition, "metric": metric, "value": value,
                })

    def failed(self, point, driver, why):
        """What failed twice and never worked is not tried again; what worked before may have had bad luck."""
        key = (driver, point.kind, point.algorithm)
        if key in self.worked:
            self.left_out.append(f"one run of {driver}, {point.title()} ({why})")
        elif key in self.doubtful:
            self.absent[key] = why
        else:
            self.doubtful.add(key)

    def usable(self, point, driver):
        return (driver, point.kind, point.algorithm) not in self.absent

    def left_s(self, points, at):
        """How long the points from that one on will take, by what runs of their kind took."""
        known = [second for values in self.took.values() for second in values]
        mean = sum(known) / len(known) if known else 1.5
        total = 0.0
        for point in points[at:]:
            values = self.took.get(point.kind)
            each = sum(values) / len(values) if values else mean
            total += each * point.repetitions * len(point.drivers)
        return total

    def run(self, points):
        for at, point in enumerate(points):
            elapsed = time.monotonic() - self.started
            if self.budget_s is not None and elapsed + self.left_s([point], 0) > self.budget_s:
                self.left_out.append(f"{point.title()} (no time)")
                continue
            progress(f"[{at + 1:3}/{len(points)}] {clock(elapsed)} gone, about {clock(self.left_s(points, at))} left: "
                     f"{point.title()}")
            for repetition in range(point.repetitions):
                for driver in point.drivers:
                    if self.usable(point, driver):
                        self.once(point, driver, repetition)
        progress(f"measured in {clock(time.monotonic() - self.started)}")


def pick(row, *names):
    return {name: row[name] for name in names}


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def progress(line):
    print(line, file=sys.stderr, flush=True)


def quiet_main(child, stop_at):
    """
    The main lcore spins while it waits for lcore 1. Beside a worker of the scheduler
    that shall not count: while lcore 1 runs, the main thread has what nobody else wants.
    """
    idle = False
    while child.poll() is None and time.monotonic() < stop_at:
        busy = lcore_1_runs(child.pid)
        if busy != idle:
            try:  # a thread's number: that of the process is the main thread's
                os.sched_setscheduler(child.pid, os.SCHED_IDLE if busy else os.SCHED_OTHER, os.sched_param(0))
            except OSError:
                return
            idle = busy
        time.sleep(0.005)


def lcore_1_runs(pid):
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            head, _, tail = path.read_text(encoding="utf-8").rpartition(")")
        except OSError:
            continue
        if head.endswith("worker-1"):
            return tail.split()[0] == "R"
    return False
