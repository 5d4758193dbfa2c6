# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Runs points and keeps what they gave."""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

from . import plan, report, stock

TIMEOUT_S = 120  # of a run
TIMEOUT_SHORT_S = 20  # where there is a budget
COMMON = ("--no-pci", "--in-memory", "--no-telemetry", "--log-level", "error")
CORPUS_SIZE = 4 << 20
DEVICE_BYTES_PER_US = 150  # and more, of compression in software


class Runner:
    def __init__(self, build, out, cpus, budget_s=None):
        self.build = pathlib.Path(build)
        self.out = pathlib.Path(out)
        self.cpus = cpus
        self.budget_s = budget_s
        self.results = []  # dicts of kind, driver, algorithm, size, burst, repetition, metric, value
        self.commands = {}  # the same command line is run several times
        self.absent = {}  # (driver, kind, algorithm, size or None for each): {"reason", "refused"}
        self.lost = []  # single runs that failed, as text
        self.left_out = []  # for want of time, as text
        self.done = []  # titles of points
        self.broken = {}  # {(driver, kind, algorithm, size): [why]} of runs that failed
        self.worked = set()  # the same keys
        self.interrupted = False
        self.about = {}  # of this run, for who goes on with it
        self.started = time.monotonic()
        self.took = {}  # seconds of the runs so far, by kind

    def failed(self):
        """Whether anything went wrong; what a peer has not got is no failure."""
        return self.interrupted or bool(self.lost) or any(not why["refused"] for why in self.absent.values())

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
        if point.kind in ("compress", "comp-break-even"):
            return self.compress_command(point, driver)
        cycles = point.kind in ("cyclecount", "break-even")
        algorithm = plan.NULL_CIPHER if driver == plan.NULL else plan.ALGORITHMS[point.algorithm or "AES-128-CBC"]
        extra = f",2@{self.cpus[0]}" if driver == plan.SCHEDULER else ""
        command = ["dpdk-test-crypto-perf", *self.eal(extra),
                   *self.vdevs(driver, ",engine=instant" if cycles else ""), "--", "--ptest",
                   "pmd-cyclecount" if cycles else point.kind, "--devtype", driver,
                   "--burst-sz", ",".join(map(str, point.bursts)), "--buffer-sz", str(point.size),
                   "--total-ops", str(point.ops_of(driver)), "--silent", "--csv-friendly", *algorithm]
        if point.depth:
            command += ["--desc-nb", str(point.depth)]
        if cycles:
            # so that a device on another CPU is through before the dequeues are timed
            command += ["--desc-nb", "1024", "--pmd-cyclecount-delay-ms", "3"]
        return command

    def compress_command(self, point, driver):
        level = plan.level_of(point.algorithm)
        # the tool falls over when it counts the cycles of zlib's decompression
        operation = "comp" if (point.kind, driver) == ("comp-break-even", plan.ZLIB) else "comp_and_decomp"
        command = ["dpdk-test-compress-perf", *self.eal(), *self.vdevs(driver, ""), "--", "--driver-name", driver,
                   "--input-file", str(self.corpus()), "--operation", operation, "--seg-sz", str(point.size),
                   "--max-num-sgl-segs", "1", "--compress-level", f"{level}:1:{level}", "--num-iter", str(point.ops),
                   "--pool-sz", "512", "--burst-sz", "32"]
        if point.kind == "compress":
            return command + ["--ptest", "throughput"]
        # the tool compares the data, so the device has to compute; it is through with a burst in this time
        delay_us = 100 + 32 * point.size // DEVICE_BYTES_PER_US if driver == plan.COMPRESS_WD else 0
        return command + ["--ptest", "pmd-cyclecount", "--cc-delay-us", str(delay_us)]

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

    def execute(self, command):
        with open(self.out / "last-output", "w+", encoding="utf-8", errors="replace") as log:
            timeout_s = TIMEOUT_S if self.budget_s is None else TIMEOUT_SHORT_S
            deadline = time.monotonic() + timeout_s
            try:
                child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            except OSError as error:
                raise stock.OutputError(str(error)) from error
            try:
                if command[0].startswith("dpdk-test"):
                    quiet_main(child, deadline)
                status = child.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                raise stock.OutputError(f"did not end in {timeout_s} s") from None
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            log.seek(0)
            text = log.read()
        if status < 0:
            raise stock.OutputError(f"{stock.reason(text)} (ended by {signal.Signals(-status).name})")
        if status > 0:
            raise stock.OutputError(f"{stock.reason(text)} (exit status {status})")
        return text

    def parse(self, point, driver, text):
        """[(burst or what takes its place, {metric: value})]"""
        kind = point.kind
        if kind == "throughput":
            rows = stock.throughput(text, point.ops_of(driver))
            return [(row["burst"], pick(row, "mops", "gbps", "cycles")) for row in rows]
        if kind in ("cyclecount", "break-even"):
            return [(row["burst"], pick(row, "enqueue", "dequeue", "cycles")) for row in stock.cyclecount(text)]
        if kind == "latency":
            return [(row["burst"], {k: v for k, v in row.items() if k.startswith("p")}) for row in stock.latency(text)]
        if kind == "compress":
            return [(32, pick(row, "percent", "comp_gbps", "decomp_gbps")) for row in stock.compress(text)]
        if kind == "comp-break-even":
            return [(32, {name: row[name] for name in ("percent", "comp_cycles", "decomp_cycles") if row[name]})
                    for row in stock.comp_cyclecount(text)]
        rows = stock.own(text, kind)
        if kind == "in-flight":
            return [(row[0], {"mb_per_s": row[1], **({"published": row[2]} if row[2] is not None else {})})
                    for row in rows]
        if kind == "queues":
            return [(row[0], {"cycles": row[1]}) for row in rows]
        if kind == "sessions":
            return [(row[0], {"cycles": row[1], "line": row[2]}) for row in rows]
        if kind == "doorbells":
            return [(32, {"per_op": (row[1] + row[2]) / row[0]}) for row in rows]
        if kind in ("memory", "comp-memory"):
            return [(1024, {"hugepages": row[1], "heap": row[2]}) for row in rows]
        return [(1, {"ms": row[0]}) for row in rows]

    def trip(self):
        """{"trip_ns": time} of a cache line from one CPU to the other and back, as it is now; {}: not known."""
        main, worker = self.cpus[0], self.cpus[1]
        try:
            done = subprocess.run([str(self.build / "app/bench-wd/bench-trip"), str(main), str(worker)],
                                  capture_output=True, text=True, check=False, timeout=TIMEOUT_SHORT_S)
            return {"trip_ns": stock.own(done.stdout, "trip")[0][0]}
        except (OSError, subprocess.TimeoutExpired, stock.OutputError):
            return {}

    def once(self, point, driver, repetition):
        command = self.command(point, driver)
        trip = self.trip()
        self.commands.setdefault(" ".join(map(shlex.quote, command)), f"{point.title()} {driver}")
        begin = time.monotonic()
        try:
            rows = self.parse(point, driver, self.execute(command))
        except stock.OutputError as error:
            self.keep_output(point, driver)
            self.broke(point, driver, str(error))
            return
        self.worked.add(key(point, driver))
        self.took.setdefault(point.kind, []).append(time.monotonic() - begin)
        for burst, metrics in rows:
            for metric, value in {**metrics, **trip}.items():
                self.results.append({
                    "kind": point.kind, "driver": driver, "algorithm": point.algorithm, "size": point.size,
                    "burst": int(burst), "repetition": repetition, "metric": metric, "value": value,
                })

    def keep_output(self, point, driver):
        name = re.sub(r"[^\w.+-]", "_", f"failed-{driver}-{point.title()}.txt")
        shutil.copy(self.out / "last-output", self.out / name)

    def broke(self, point, driver, why):
        """What a driver has not got is not asked for again, at no size; other failures may be bad luck."""
        if stock.is_refusal(why):
            self.absent[key(point, driver, None)] = {"reason": why.partition(" (exit")[0], "refused": driver not in plan.OWN}
        else:
            self.broken.setdefault(key(point, driver), []).append(why)

    def usable(self, point, driver):
        """Not after two failures and no success, and not where that was so at two sizes."""
        here = key(point, driver)
        return (here not in self.absent and key(point, driver, None) not in self.absent
                and (here in self.worked or len(self.broken.get(here, ())) < 2))

    def close_point(self, point):
        """What failed in it, and how much of it."""
        for driver in point.drivers:
            here = key(point, driver)
            reasons = self.broken.pop(here, ())
            if here in self.worked:
                self.lost += [f"one run of {driver}, {point.title()}: {why}" for why in reasons]
            elif reasons:
                self.absent[here] = {"reason": reasons[-1], "refused": False}
                self.give_up(here)
        self.done.append(point.title())

    def give_up(self, here):
        """On an algorithm that failed at two sizes and worked at none."""
        same = [other for other in self.absent if other[:3] == here[:3]]
        if len(same) < 2 or any(other[:3] == here[:3] for other in self.worked):
            return
        reason = self.absent[here]
        for other in same:
            del self.absent[other]
        self.absent[(*here[:3], None)] = reason

    # ---- all of it ----

    def left_s(self, points):
        """How long they will take, by what runs of their kind took."""
        total = 0.0
        for point in points:
            values = self.took.get(point.kind)
            each = sum(values) / len(values) if values else plan.EXPECTED_S.get(point.kind, 1.0)
            total += each * point.repetitions * sum(self.usable(point, driver) for driver in point.drivers)
        return total

    def run(self, points):
        """Those that are not done yet; what an interrupted run has so far is in progress.json."""
        for at, point in enumerate(points):
            if point.title() in self.done:
                continue
            elapsed = time.monotonic() - self.started
            if self.budget_s is not None and elapsed + self.left_s([point]) > self.budget_s:
                self.left_out.append(f"{point.title()} (no time)")
                continue
            left = [later for later in points[at:] if later.title() not in self.done]
            progress(f"[{at + 1:3}/{len(points)}] {clock(elapsed)} gone, about {clock(self.left_s(left))} left: "
                     f"{point.title()}")
            self.repeat(point)
            self.close_point(point)
            self.save()
        progress(f"measured in {clock(time.monotonic() - self.started)}")

    def repeat(self, point):
        """All drivers in turn, as often as wanted."""
        for repetition in range(point.repetitions):
            if repetition > 0 and self.budget_s is not None and time.monotonic() - self.started > self.budget_s:
                self.left_out.append(f"{point.title()}, {point.repetitions - repetition} of {point.repetitions} turns (no time)")
                return
            for driver in point.drivers:
                if self.usable(point, driver):
                    self.once(point, driver, repetition)

    def save(self):
        """So that an interrupted run can go on."""
        state = {name: getattr(self, name) for name in KEPT}
        state["absent"] = report.absent_rows(self.absent)
        path = self.out / "progress.json"
        path.with_suffix(".new").write_text(json.dumps({**self.about, **state}), encoding="utf-8")
        path.with_suffix(".new").replace(path)

    def resume(self):
        """Takes over what an interrupted run has; what it was about."""
        state = json.loads((self.out / "progress.json").read_text(encoding="utf-8"))
        for name in KEPT:
            setattr(self, name, state.pop(name))
        self.absent = report.absent_from(state.pop("absent"))
        self.worked = {(row["driver"], row["kind"], row["algorithm"], row["size"]) for row in self.results}
        return state


KEPT = ("results", "commands", "lost", "done")


def key(point, driver, *size):
    return (driver, point.kind, point.algorithm, *(size or (point.size,)))


def pick(row, *names):
    return {name: row[name] for name in names}


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def progress(line):
    print(line, file=sys.stderr, flush=True)


def quiet_main(child, stop_at):
    """
    The main lcore spins while it waits for lcore 1. Beside a worker of the scheduler,
    or beside the software device, that shall not count: while lcore 1 runs, the main
    thread has what nobody else wants.
    """
    idle, stat = False, None
    while child.poll() is None and time.monotonic() < stop_at:
        stat = stat or lcore_1_stat(child.pid)
        busy = runs(stat)
        if busy != idle:
            try:  # a thread's number: that of the process is the main thread's
                os.sched_setscheduler(child.pid, os.SCHED_IDLE if busy else os.SCHED_OTHER, os.sched_param(0))
            except OSError:
                return
            idle = busy
        # soon where it matters, and else seldom: this takes time from what is measured
        time.sleep(0.02 if idle else 0.002)


def lcore_1_stat(pid):
    """The file that says what lcore 1 does, once there is one."""
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/comm"):
        try:
            if re.search(r"worker-?1$", path.read_text(encoding="utf-8").strip()):
                return path.with_name("stat")
        except OSError:
            continue
    return None


def runs(stat):
    try:
        return stat is not None and stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "R"
    except OSError:
        return False
