#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Tests of the benchmark itself: recorded output of the stock programs, figures, files."""

import contextlib
import csv
import io
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import types
import unittest
from unittest import mock
from xml.etree import ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import bench  # noqa: E402
from wdbench import machine, page, plan, plots, report, run, stats, stock  # noqa: E402


def sample(name):
    return (HERE / "samples" / f"{name}.txt").read_text(encoding="utf-8")


def result(kind, driver, value, **more):
    row = {"kind": kind, "driver": driver, "algorithm": "", "size": 64, "burst": 32, "repetition": 0,
           "metric": "cycles", "value": value}
    return {**row, **more}


MACHINE = {"cpu": "c", "cpus": 2, "kernel": "k", "arch": "a", "hugepages_total": "1", "hugepage_size": "2048 kB",
           "dpdk": "22.11", "packages": {"dpdk": "1"}, "wd": "0", "load_before": "9.00 1.00 1.00"}


class StockOutput(unittest.TestCase):
    def test_throughput(self):
        rows = stock.throughput(sample("throughput"), 20000)
        self.assertEqual([(row["size"], row["burst"]) for row in rows], [(64, 1), (64, 32), (256, 1), (256, 32)])
        self.assertEqual(rows[1]["mops"], 6.895)
        self.assertEqual(rows[1]["gbps"], 3.530)
        self.assertEqual(rows[3]["cycles"], 426.984)

    def test_lost_ops_are_noticed(self):
        with self.assertRaisesRegex(stock.OutputError, "lost"):
            stock.throughput(sample("throughput"), 30000)
        with self.assertRaisesRegex(stock.OutputError, "20000 in, 19999 out"):
            stock.throughput(sample("throughput").replace("20000,20000", "20000,19999", 1))

    def test_cyclecount(self):
        rows = stock.cyclecount(sample("cyclecount"), 20480)
        self.assertEqual([row["burst"] for row in rows], [1, 32])
        for row in rows:
            self.assertAlmostEqual(row["cycles"], row["enqueue"] + row["dequeue"])
            self.assertGreater(row["enqueue"], row["dequeue"])

    def test_latency(self):
        rows = stock.latency(sample("latency"))
        self.assertEqual([row["burst"] for row in rows], [1, 4])
        for row in rows:
            self.assertLessEqual(row["p50_us"], row["p99_us"])
            self.assertLessEqual(row["p99_us"], row["p99.9_us"])

    def test_compress(self):
        self.assertEqual(stock.compress(sample("compress")), [
            {"lcore": 1, "level": 1, "bytes": 18348, "percent": 29.34, "comp_gbps": 4.41, "decomp_gbps": 6.10}])

    def test_compress_cyclecount(self):
        row, = stock.comp_cyclecount(sample("compress-cyclecount"))
        self.assertEqual((row["level"], row["percent"], row["comp_cycles"], row["decomp_cycles"]),
                         (1, 29.34, 302 + 347, 332 + 475))
        with self.assertRaises(stock.OutputError):
            stock.comp_cyclecount(sample("compress"))

    def test_other_tables_are_no_throughput(self):
        for name in ("latency", "compress", "compress-cyclecount", "refused", "absent"):
            with self.assertRaises(stock.OutputError, msg=name):
                stock.throughput(sample(name))
        with self.assertRaises(stock.OutputError):
            stock.compress(sample("compress-cyclecount"))

    def test_reasons(self):
        with self.assertRaisesRegex(stock.OutputError, "does not support capabilities requested"):
            stock.throughput(sample("refused"))
        self.assertIn("failed to parse device", stock.reason(sample("absent")))
        self.assertTrue(stock.is_refusal(stock.reason(sample("refused"))))
        self.assertFalse(stock.is_refusal(stock.reason(sample("absent"))))
        self.assertEqual(stock.reason(""), "no output")
        self.assertEqual(stock.reason("one\ntwo\n"), "two")

    def test_own(self):
        text = "# in-flight, ...\nin-flight 1 540.6 556.5 -2.9\nin-flight 2 819.1 - -\n"
        self.assertEqual(stock.own(text, "in-flight"), [[1, 540.6, 556.5, -2.9], [2, 819.1, None, None]])
        with self.assertRaises(stock.OutputError):
            stock.own(text, "queues")


class Machine(unittest.TestCase):
    """What lscpu of util-linux 2.38 prints."""

    def cpu(self, text, cpuinfo="processor\t: 0\n"):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(cpuinfo)
            file.flush()
            first = machine.first
            with mock.patch.object(machine, "output", return_value=text), \
                    mock.patch.object(machine, "first", side_effect=lambda pattern, path: first(pattern, file.name)):
                return machine.cpu()

    def test_arm64(self):
        self.assertEqual(self.cpu("Architecture:           aarch64\nVendor ID:              HiSilicon\n"
                                  "BIOS Model name:        other\nModel name:             Kunpeng-920\n"), "Kunpeng-920")

    def test_two_kinds_of_cores(self):
        self.assertEqual(self.cpu("Vendor ID:    ARM\n  Model name:   Cortex-A53\n  Model name:   Cortex-A73\n"),
                         "Cortex-A53, Cortex-A73")

    def test_x86(self):
        self.assertEqual(self.cpu("Model name:   AMD EPYC\nModel:   1\n"), "AMD EPYC")

    def test_without_lscpu(self):
        self.assertEqual(self.cpu("", "processor\t: 0\nmodel name\t: AMD EPYC\n"), "AMD EPYC")
        self.assertEqual(self.cpu("Model name:    -\n"), "unknown")

    def test_this_one(self):
        self.assertTrue(machine.describe()["cpu"])


class Statistics(unittest.TestCase):
    def test_quantiles(self):
        self.assertEqual(stats.quantile([1, 2, 3], 0.5), 2)
        self.assertEqual(stats.quantile([1, 2], 0.5), 1.5)
        self.assertEqual(stats.quantile([7], 0.99), 7)
        self.assertEqual(stats.percentiles(range(1001))["p99_us"], 990)

    def test_summary(self):
        summary = stats.Summary.of([3, 1, 2, 9, 8])
        self.assertEqual((summary.median, summary.low, summary.high, summary.nb), (3, 1, 9, 5))
        self.assertEqual(summary.text(1), "3.0 (1.0..9.0)")
        self.assertEqual(summary.short(1), "3.0 ±200 %")
        self.assertEqual(stats.Summary.of([95, 100, 102]).short(0), "100 ±5 %")
        self.assertEqual(stats.Summary.of([0, 0]).short(0), "0 ±0 %")


class Plan(unittest.TestCase):
    def test_each_figure_has_its_repetitions(self):
        for points in (plan.quick_points(), plan.full_points()):
            for point in points:
                if point.kind not in ("doorbells", "memory", "comp-memory"):
                    self.assertGreaterEqual(point.repetitions, 5, point.title())

    def test_each_point_has_its_name(self):
        for points in (plan.quick_points(), plan.full_points()):
            titles = [point.title() for point in points]
            self.assertEqual(len(set(titles)), len(titles))

    def test_break_even_is_measured_of_each_algorithm(self):
        points = [point for point in plan.full_points() if point.kind == "break-even"]
        self.assertEqual({(point.algorithm, point.size) for point in points},
                         {(name, size) for name in plan.ALGORITHMS for size in plan.BREAK_EVEN_SIZES})
        for point in points:
            self.assertEqual(point.drivers, (plan.WD, plan.MB, plan.OPENSSL))

    def test_both_plans_measure_all_kinds(self):
        quick, full = ({point.kind for point in points} for points in (plan.quick_points(), plan.full_points()))
        self.assertEqual(quick, full)

    def test_ops_fill_rings(self):
        for size in (64, 256, 8192, 1 << 20):
            self.assertEqual(plan.ops_for(size, 200000) % 1024, 0)
            self.assertGreater(plan.ops_for(size, 200000), 0)

    def test_throughput_of_slow_and_deep(self):
        for size in (64, 256, 1024, 8192):
            point = plan.throughput("AES-128-CBC", size, plan.throughput_ops(size))
            self.assertEqual(point.ops_of(plan.WD), plan.throughput_ops(size))
            self.assertLess(point.ops_of(plan.OPENSSL), point.ops // 4)
            for driver in point.drivers:
                command = run.Runner("build", "out", [0, 1]).command(point, driver)
                self.assertEqual(command[command.index("--total-ops") + 1], str(point.ops_of(driver)))
                self.assertEqual("--desc-nb" in command, size >= 1024)
                self.assertEqual(point.ops_of(driver) % 1024, 0)

    def test_command_lines(self):
        with tempfile.TemporaryDirectory() as out:
            runner = run.Runner("build", out, [4, 7])
            for point in plan.quick_points():
                for driver in point.drivers:
                    with mock.patch.object(runner, "corpus", return_value="corpus"):
                        command = runner.command(point, driver)
                    self.assertTrue(all(isinstance(word, str) for word in command), command)
            point = plan.Point("throughput", "AES-128-CBC", 64, (plan.WD,), ops=1024)
            self.assertIn("crypto_wd,dev=sim,cpu=4", runner.command(point, plan.WD))
            self.assertIn("0@4,1@7,2@4", runner.command(point, plan.SCHEDULER))
            self.assertNotIn("0@4,1@7,2@4", runner.command(point, plan.MB))


class Running(unittest.TestCase):
    def test_drivers_take_turns(self):
        order = []
        point = plan.Point("throughput", "AES-128-CBC", 64, ("a", "b"), ops=1024)
        with tempfile.TemporaryDirectory() as out, mock.patch.object(run, "progress"):
            runner = run.Runner("build", out, [0, 1])
            with mock.patch.object(runner, "once", side_effect=lambda p, driver, repetition: order.append(driver)):
                runner.run([point])
        self.assertEqual(order, ["a", "b"] * 5)

    @staticmethod
    def runner_of(points, answers, out):
        """What a runner has after points of which each run gives the next answer, an exception or text."""
        (pathlib.Path(out) / "last-output").touch()
        runner = run.Runner("build", out, [0, 1])
        with mock.patch.object(run, "progress"), mock.patch.object(runner, "corpus", return_value="corpus"), \
                mock.patch.object(runner, "execute", side_effect=answers) as execute:
            runner.run(points)
        return runner, execute.call_count

    def test_what_a_peer_has_not_is_asked_for_once(self):
        points = [plan.Point("throughput", "AES-128-CBC", size, (plan.MB,), ops=20000) for size in (64, 256)]
        with tempfile.TemporaryDirectory() as out:
            runner, calls = self.runner_of(points, [sample("refused")], out)
        self.assertEqual(calls, 1)
        why = runner.absent[(plan.MB, "throughput", "AES-128-CBC", None)]
        self.assertIn("does not support", why["reason"])
        self.assertTrue(why["refused"])
        self.assertFalse(runner.failed())

    def test_what_our_driver_has_not_is_a_failure(self):
        point = plan.Point("throughput", "AES-128-CBC", 64, (plan.WD,), ops=1024)
        with tempfile.TemporaryDirectory() as out:
            runner, _ = self.runner_of([point], [sample("refused")], out)
        self.assertTrue(runner.failed())

    def test_what_does_not_start_is_tried_twice_and_listed(self):
        point = plan.Point("throughput", "AES-128-CBC", 64, (plan.MB,), ops=20000)
        with tempfile.TemporaryDirectory() as out:
            runner, calls = self.runner_of([point], [sample("absent")] * 2, out)
            self.assertEqual(len(list(pathlib.Path(out).glob("failed-*.txt"))), 1)
        self.assertEqual(calls, 2)
        why = runner.absent[(plan.MB, "throughput", "AES-128-CBC", 64)]
        self.assertIn("failed to parse device", why["reason"])
        self.assertFalse(why["refused"])
        self.assertTrue(runner.failed())

    def test_one_size_that_fails_leaves_the_others(self):
        points = [plan.Point("throughput", "AES-128-CBC", size, (plan.MB,), ops=20000) for size in (64, 256)]
        with tempfile.TemporaryDirectory() as out:
            runner, calls = self.runner_of(points, [sample("absent")] * 2 + [sample("throughput")] * 5, out)
        self.assertEqual(calls, 7)
        self.assertEqual(list(runner.absent), [(plan.MB, "throughput", "AES-128-CBC", 64)])
        self.assertEqual({row["size"] for row in runner.results}, {256})

    def test_two_sizes_that_fail_are_enough(self):
        points = [plan.Point("throughput", "AES-128-CBC", size, (plan.MB,), ops=20000) for size in (64, 256, 1024)]
        with tempfile.TemporaryDirectory() as out:
            runner, calls = self.runner_of(points, [sample("absent")] * 4, out)
        self.assertEqual(calls, 4)
        self.assertEqual(list(runner.absent), [(plan.MB, "throughput", "AES-128-CBC", None)])

    def test_bad_luck_costs_one_run(self):
        point = plan.Point("throughput", "AES-128-CBC", 64, (plan.MB,), ops=20000)
        answers = [sample("absent"), sample("throughput"), sample("absent")] + [sample("throughput")] * 2
        with tempfile.TemporaryDirectory() as out:
            runner, calls = self.runner_of([point], answers, out)
        self.assertEqual(calls, 5)
        self.assertEqual(runner.absent, {})
        self.assertEqual(len(runner.lost), 2)
        self.assertTrue(runner.failed())
        self.assertEqual({row["repetition"] for row in runner.results}, {1, 3, 4})

    def test_an_interrupted_run_goes_on(self):
        points = [plan.Point("throughput", "AES-128-CBC", size, (plan.MB, plan.OPENSSL), ops=20000) for size in (64, 256)]
        answers = [sample("throughput"), sample("refused")] + [sample("throughput")] * 4 + [KeyboardInterrupt]
        with tempfile.TemporaryDirectory() as out:
            (pathlib.Path(out) / "last-output").touch()
            runner = run.Runner("build", out, [0, 1])
            runner.about = {"machine": {"cpu": "c"}}
            with mock.patch.object(run, "progress"), mock.patch.object(runner, "execute", side_effect=answers), \
                    self.assertRaises(KeyboardInterrupt):
                runner.run(points)
            again = run.Runner("build", out, [0, 1])
            self.assertEqual(again.resume(), runner.about)
            with mock.patch.object(run, "progress"), \
                    mock.patch.object(again, "execute", return_value=sample("throughput")) as execute:
                again.run(points)
        self.assertEqual(execute.call_count, 5)  # not those of OpenSSL, nor of the first size
        self.assertEqual(again.absent, {(plan.OPENSSL, "throughput", "AES-128-CBC", None):
                                        {"reason": mock.ANY, "refused": True}})
        self.assertEqual(len({(row["size"], row["repetition"]) for row in again.results}), 10)
        self.assertEqual(again.commands, {**runner.commands, **again.commands})

    def test_how_far_the_cpus_are_apart_goes_with_each_run(self):
        point = plan.Point("throughput", "AES-128-CBC", 64, (plan.MB,), ops=20000)
        for script, expected in (("echo trip $1.$2", [4.7] * plan.REPETITIONS), ("exit 1", []), (None, [])):
            with tempfile.TemporaryDirectory() as out, mock.patch.object(run, "progress"):
                runner = run.Runner(out, out, [4, 7])
                program = pathlib.Path(out, "app/bench-wd/bench-trip")
                program.parent.mkdir(parents=True)
                if script is not None:
                    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
                    program.chmod(0o755)
                with mock.patch.object(runner, "execute", return_value=sample("throughput")):
                    runner.run([point])
            figures = report.Figures(runner.results)
            found = {row["repetition"]: row["value"] for row in runner.results if row["metric"] == "trip_ns"}
            self.assertEqual(list(found.values()), expected)
            self.assertEqual(report.between_cpus(figures) == [], expected == [])
            self.assertFalse(runner.failed())

    def test_time_left(self):
        runner = run.Runner("build", ".", [0, 1])
        points = [plan.Point("throughput", "AES-128-CBC", size, (plan.MB, plan.OPENSSL), ops=1024) for size in (64, 256)]
        self.assertEqual(runner.left_s(points), 20 * plan.EXPECTED_S["throughput"])
        runner.took["throughput"] = [2.0, 4.0]
        self.assertEqual(runner.left_s(points), 60)
        runner.absent[(plan.OPENSSL, "throughput", "AES-128-CBC", None)] = {"reason": "", "refused": True}
        self.assertEqual(runner.left_s(points), 30)

    def test_budget(self):
        point = plan.Point("throughput", "AES-128-CBC", 64, (plan.MB,), ops=1024)
        with tempfile.TemporaryDirectory() as out, mock.patch.object(run, "progress"):
            runner = run.Runner("build", out, [0, 1], budget_s=0)
            with mock.patch.object(runner, "execute") as execute:
                runner.run([point])
            execute.assert_not_called()
        self.assertEqual(runner.left_out, [f"{point.title()} (no time)"])

    def test_budget_ends_a_point_that_takes_long(self):
        point = plan.Point("throughput", "AES-128-CBC", 64, (plan.MB,), ops=20000)
        with tempfile.TemporaryDirectory() as out, mock.patch.object(run, "progress"):
            runner = run.Runner("build", out, [0, 1], budget_s=100)

            def answer(_):
                runner.started -= 40  # as long as that
                return sample("throughput")
            with mock.patch.object(runner, "execute", side_effect=answer) as execute:
                runner.run([point])
            self.assertEqual(execute.call_count, 3)
        self.assertEqual(runner.left_out, [f"{point.title()}, 2 of 5 turns (no time)"])
        self.assertFalse(runner.failed())

    def test_a_program_that_fails_or_is_not_there(self):
        with tempfile.TemporaryDirectory() as out:
            runner = run.Runner("build", out, [0, 1])
            with self.assertRaisesRegex(stock.OutputError, "exit status 3"):
                runner.execute([sys.executable, "-c", "import sys; print('it failed'); sys.exit(3)"])
            with self.assertRaisesRegex(stock.OutputError, "ended by SIGSEGV"):
                runner.execute([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"])
            with self.assertRaises(stock.OutputError):
                runner.execute([str(pathlib.Path(out) / "nothing")])
            for budget_s, name in ((None, "TIMEOUT_S"), (10, "TIMEOUT_SHORT_S")):
                runner.budget_s = budget_s
                with mock.patch.object(run, name, 0.1), self.assertRaisesRegex(stock.OutputError, "did not end in 0.1 s"):
                    runner.execute([sys.executable, "-c", "import time; time.sleep(30)"])


class Priority(unittest.TestCase):
    CHILD = """if True:
        import os, threading, time
        def work():
            with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as comm:
                comm.write(NAME)
            os.set_blocking(0, False)
            until = time.monotonic() + (60 if WAITS else 0.1)
            while time.monotonic() < until:
                try:
                    if os.read(0, 1):
                        break
                except BlockingIOError:
                    pass
            os.set_blocking(0, True)
            os.read(0, 1)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    """

    def policies(self, name, waits):
        """What the main thread of a program gets whose other thread has that name, works, and sleeps once that was seen."""
        code = self.CHILD.replace("NAME", repr(name)).replace("WAITS", str(waits))
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE if waits else subprocess.DEVNULL,
                              bufsize=0) as child, \
                mock.patch.object(run.os, "sched_setscheduler", side_effect=lambda *_: child.stdin.write(b"x")) as asked:
            run.quiet_main(child, time.monotonic() + 60)
        self.assertLessEqual({call.args[0] for call in asked.call_args_list}, {child.pid})
        return [call.args[1] for call in asked.call_args_list]

    def test_lowest_while_the_worker_lcore_runs(self):
        for name in ("rte-worker-1", "dpdk-worker1"):
            self.assertEqual(self.policies(name, True)[:2], [os.SCHED_IDLE, os.SCHED_OTHER], name)

    def test_other_threads_do_not_matter(self):
        self.assertEqual(self.policies("rte-worker-2", False), [])


class Main(unittest.TestCase):
    """bench.py, with programs that print what is in samples/."""

    def status(self, build, answer, *options):
        argv = ["bench.py", build, "--only", "throughput AES-128-GCM", *options]
        with mock.patch.object(run.Runner, "execute", side_effect=answer), mock.patch.object(run, "progress"), \
                mock.patch.object(machine, "cpus", return_value=[0, 1]), mock.patch.object(sys, "argv", argv), \
                mock.patch.object(plots, "draw", return_value=None), \
                contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            out = pathlib.Path(build, "bench")
            out.mkdir(exist_ok=True)
            (out / "last-output").touch()
            return bench.main(), said.getvalue()

    @staticmethod
    def all_but(driver, what):
        """What programs print, one of them something else."""
        def answer(command):
            ops = command[command.index("--total-ops") + 1]
            return sample(what) if driver in command else sample("throughput").replace("20000", ops)
        return answer

    def test_a_run(self):
        with tempfile.TemporaryDirectory() as build:
            self.assertEqual(self.status(build, self.all_but(None, None), "--quick")[0], 0)
            names = {path.name for path in pathlib.Path(build, "bench").iterdir()}
            self.assertGreaterEqual(names, {"bench.md", "results.csv", "results.json", "run.csv"})
            self.assertNotIn("progress.json", names)
            data = json.loads(pathlib.Path(build, "bench", "results.json").read_text(encoding="utf-8"))
            self.assertTrue(data["machine"]["packages"] is not None and data["machine"]["cpu"])
            self.assertEqual(len(data["commands"]), 10)
            self.assertEqual(len({row["repetition"] for row in data["results"]}), plan.REPETITIONS)

    def test_what_a_peer_has_not_is_no_failure_and_shows(self):
        with tempfile.TemporaryDirectory() as build:
            status, said = self.status(build, self.all_but(plan.OPENSSL, "refused"), "--quick")
            text = pathlib.Path(build, "bench", "bench.md").read_text(encoding="utf-8")
        self.assertEqual(status, 0)
        self.assertIn("not measured: crypto_openssl, throughput, AES-128-GCM: refused, Crypto device type does not", said)
        self.assertIn("\n- crypto_openssl: Crypto device type does not support capabilities requested\n", text)

    def test_what_fails_is_told_and_the_rest_goes_on(self):
        with tempfile.TemporaryDirectory() as build:
            status, said = self.status(build, self.all_but(plan.OPENSSL, "absent"), "--quick")
            data = json.loads(pathlib.Path(build, "bench", "results.json").read_text(encoding="utf-8"))
        self.assertEqual(status, 1)
        self.assertIn("not measured: crypto_openssl, throughput, AES-128-GCM: EAL: failed to parse", said)
        self.assertEqual({row["driver"] for row in data["results"]}, {plan.WD, plan.MB, plan.GCM, plan.SCHEDULER})

    def test_nothing_at_all(self):
        with tempfile.TemporaryDirectory() as build:
            self.assertEqual(self.status(build, lambda command: sample("absent"), "--quick")[0], 1)

    def test_interrupt_and_resume(self):
        count = itertools.count()

        def answer(command):
            if next(count) == 30:
                os.kill(os.getpid(), signal.SIGTERM)
            return self.all_but(None, None)(command)
        with tempfile.TemporaryDirectory() as build:
            self.assertEqual(self.status(build, answer, "--quick")[0], 1)
            status, _ = self.status(build, self.all_but(None, None), "--resume")
            self.assertEqual(status, 0)
            data = json.loads(pathlib.Path(build, "bench", "results.json").read_text(encoding="utf-8"))
            self.assertTrue(data["machine"]["resumed"])
            self.assertEqual(len({(row["driver"], row["size"], row["repetition"]) for row in data["results"]}), 50)
            self.assertEqual(self.status(build, self.all_but(None, None), "--resume")[0], 1)  # there is none any more


class Targets(unittest.TestCase):
    @staticmethod
    def of(results):
        return {figure: (measured, ok) for figure, _, measured, ok in report.targets(report.Figures(results))}

    def test_nothing_measured_is_nothing_reached(self):
        for figure, (measured, ok) in self.of([]).items():
            self.assertIsNone(measured, figure)
            self.assertTrue(report.limit_of(figure), figure)
            self.assertFalse(ok, figure)

    def test_medians_decide(self):
        rows = [result("cyclecount", plan.WD, value) for value in (50, 60, 1000)]
        rows += [result("cyclecount", plan.NULL, 10)]
        self.assertEqual(self.of(rows)["lcore cycles an op, burst 32, next to crypto_null"], ("6.0 times", True))

    def test_the_worst_size_decides(self):
        rows = []
        for size, ours, other in ((256, 6, 10), (1024, 10, 10), (4096, 8, 10)):
            more = {"algorithm": "AES-128-CBC", "size": size, "metric": "gbps"}
            rows += [result("throughput", plan.WD, ours, **more), result("throughput", plan.MB, other, **more)]
        targets = self.of(rows)
        self.assertEqual(targets["AES-128-CBC, 1 KiB and up, next to crypto_aesni_mb"], ("0.80 at 4096 bytes", False))
        self.assertEqual(targets["AES-128-CBC, 256 bytes, next to crypto_aesni_mb"], ("0.60", False))
        self.assertEqual(targets["AES-128-CBC, each size, next to crypto_scheduler"], (None, False))

    def test_growth_and_memory(self):
        own = {"algorithm": "hw=v3", "size": 0}
        rows = [result("queues", "bench-wd", 30, burst=1, **own), result("queues", "bench-wd", 36, burst=64, **own),
                result("memory", "bench-wd", 400 << 10, burst=1024, metric="hugepages", **own),
                result("memory", "bench-wd", 1 << 10, burst=1024, metric="heap", **own),
                result("comp-memory", "bench-wd", 512 << 10, burst=1024, metric="hugepages", **own),
                result("comp-memory", "bench-wd", 0, burst=1024, metric="heap", **own)]
        targets = self.of(rows)
        self.assertEqual(targets["cycles an op, 64 queue pairs next to 1"], ("+20 %", False))
        self.assertEqual(targets["memory of a queue pair of 1024, crypto_wd"], ("401 KiB", True))
        self.assertEqual(targets["memory of a queue pair of 1024, compress_wd"], ("512 KiB", False))
        self.assertIn("two queues", report.limit_of("memory of a queue pair of 1024, compress_wd"))


class Words(unittest.TestCase):
    def test_what_misses_does_not_read_as_if_it_reached(self):
        self.assertEqual(report.shown(0.9473, 0.95, 2), "0.947")
        self.assertEqual(report.shown(0.94996, 0.95, 2), "0.94996")
        self.assertEqual(report.shown(0.95, 0.95, 2), "0.95")
        self.assertEqual(report.shown(0.66, 0.9, 2), "0.66")
        self.assertEqual(report.shown(15.3, 15, 0), "15.3")

    def test_the_same_reason_is_said_once(self):
        rows = [("a, next to crypto_scheduler", "t", "m", False), ("b, next to crypto_scheduler", "t", "m", False),
                ("c, next to crypto_scheduler", "t", "m", True), ("d, next to crypto_scheduler", "t", None, False),
                ("cycles an op, 100 sessions next to 1", "t", "m", False), ("created", "t", "m", False)]
        why = {part: why for part, why in report.LIMITS}
        self.assertEqual(report.in_the_way(rows), [
            f"a; b, next to crypto_scheduler: {why['crypto_scheduler']}.",
            f"cycles an op, 100 sessions, next to 1: {why['sessions']}.", f"created: {why['created']}."])


class BreakEven(unittest.TestCase):
    @staticmethod
    def rows(ours, other):
        rows = []
        for size, a, b in zip((64, 256, 1024), ours, other):
            rows += [result("break-even", plan.WD, a, algorithm="X", size=size),
                     result("break-even", plan.MB, b, algorithm="X", size=size)]
        return report.Figures(rows)

    def test_from_the_size_on_which_always_pays(self):
        self.assertEqual(report.break_even(self.rows((100, 100, 100), (50, 150, 500)), "X", plan.MB), 256)
        self.assertEqual(report.break_even(self.rows((100, 100, 100), (150, 150, 500)), "X", plan.MB), 64)
        self.assertEqual(report.break_even(self.rows((100, 100, 100), (150, 50, 500)), "X", plan.MB), 1024)
        self.assertIsNone(report.break_even(self.rows((100, 100, 100), (50, 50, 50)), "X", plan.MB))

    def test_only_sizes_that_both_have_count(self):
        rows = [result("break-even", driver, value, algorithm="X", size=size)
                for driver, values in ((plan.WD, {64: 100, 256: 100}), (plan.MB, {64: 150})) for size, value in values.items()]
        self.assertEqual(report.break_even_cell(report.Figures(rows), "X", plan.MB), "each size, 64 bytes on")
        self.assertEqual(report.break_even_cell(report.Figures(rows), "X", plan.OPENSSL), "-")

    def test_compression(self):
        rows = [result("comp-break-even", driver, value, algorithm=plan.deflate(6), size=size, metric="comp_cycles")
                for driver, value in ((plan.COMPRESS_WD, 500), (plan.ZLIB, 5000), (plan.ISAL, 400)) for size in (64, 256)]
        figures = report.Figures(rows)
        cells = [report.break_even_cell(figures, plan.deflate(6), peer, report.DEFLATE) for peer in report.DEFLATE.peers]
        self.assertEqual(cells, ["no size up to 256 bytes", "each size, 64 bytes on"])

    def test_text(self):
        self.assertEqual(report.break_even_text(None, [64, 256]), "no size up to 256 bytes")
        self.assertEqual(report.break_even_text(256, [64, 256]), "256 bytes on")
        self.assertEqual(report.break_even_text(64, [64, 256]), "each size, 64 bytes on")


class Files(unittest.TestCase):
    def test_page_data_and_plots(self):
        rows = [result("throughput", driver, 5 + n, algorithm="AES-128-CBC", size=size, metric="gbps", repetition=n)
                for driver in (plan.WD, plan.MB) for size in (256, 1024) for n in range(5)]
        rows += [result("in-flight", "bench-wd", 600, algorithm="perf=zip-920", size=0, burst=1, metric="mb_per_s"),
                 result("in-flight", "bench-wd", 556.5, algorithm="perf=zip-920", size=0, burst=1, metric="published")]
        absent = {(plan.SCHEDULER, "throughput", "AES-128-CBC", None): {"reason": "why not", "refused": False}}
        runner = types.SimpleNamespace(results=rows, commands={"a command": "x"}, left_out=["something"], absent=absent,
                                       lost=["one run"])
        figures = report.Figures(rows, absent)
        with tempfile.TemporaryDirectory() as directory:
            out = pathlib.Path(directory)
            report.write_csv(out / "r.csv", rows)
            report.write_json(out / "r.json", MACHINE, runner, report.targets(figures))
            with open(out / "r.csv", encoding="utf-8") as file:
                self.assertEqual(len(list(csv.DictReader(file))), len(rows))
            data = json.loads((out / "r.json").read_text(encoding="utf-8"))
            self.assertEqual(report.absent_from(data["not_measured"]), absent)
            report.write_run_csv(out / "run.csv", MACHINE, runner)
            with open(out / "run.csv", encoding="utf-8") as file:
                lines = list(csv.reader(file))
            for line in (["machine", "cpu", "c"], ["package", "dpdk", "1"], ["command", "x", "a command"]):
                self.assertIn(line, lines)
        page = report.markdown(figures, MACHINE, runner, ["in-flight"])
        self.assertIn("| size | crypto_wd | crypto_aesni_mb | crypto_scheduler |", page)
        self.assertIn("| 256 | 7.00 (5.00..9.00) | 7.00 (5.00..9.00) | - |", page)
        self.assertIn("\n- crypto_scheduler: why not\n", page)
        self.assertIn("| 1 | 600 (600..600) | 556 | +7.8 % |", page)
        self.assertIn("not idle", page)
        self.assertIn("crypto_scheduler, throughput, AES-128-CBC: why not", page)
        self.assertIn("![in-flight](in-flight.svg)", page)
        named = plots.all_plots(figures)
        self.assertEqual(sorted(named), ["in-flight", "throughput-AES-128-CBC"])
        args, more = named["in-flight"]
        text = plots.script(pathlib.Path("it's.svg"), "svg", *args, **more)
        self.assertIn("set output 'it''s.svg'", text)
        self.assertIn("1 600 600 600", text)


@unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot")
class Drawing(unittest.TestCase):
    def test_svg_and_png_of_each(self):
        results = Page.all_results(7.0)
        figures = report.Figures(results)
        with tempfile.TemporaryDirectory() as directory:
            out = pathlib.Path(directory)
            drawn = plots.draw(figures, out)
            self.assertEqual(sorted(drawn), sorted(plots.all_plots(figures)))
            self.assertGreater(len(drawn), 10)
            self.assertEqual(len(list(out.iterdir())), 2 * len(drawn))
            for name in drawn:
                svg = ElementTree.parse(out / f"{report.file_name(name)}.svg").getroot()
                self.assertTrue(svg.tag.endswith("}svg"), svg.tag)
                self.assertTrue(any(True for _ in svg.iter("{http://www.w3.org/2000/svg}path")), name)
                png = (out / f"{report.file_name(name)}.png").read_bytes()
                self.assertTrue(png.startswith(b"\x89PNG\r\n\x1a\n"), name)
                self.assertEqual(struct.unpack(">II", png[16:24]), (1200, 750))
            runner = types.SimpleNamespace(results=results, commands={}, lost=[], left_out=[], absent={})
            shown = re.findall(r"^!\[.*\]\((.*)\)$", report.markdown(figures, MACHINE, runner, drawn), re.M)
            self.assertEqual(sorted(shown), sorted(path.name for path in out.glob("*.svg")))

    def test_a_plot_that_fails_is_told(self):
        with tempfile.TemporaryDirectory() as directory, \
                mock.patch.object(plots, "script", return_value="plot nothing that is there\n"), \
                self.assertRaisesRegex(RuntimeError, "gnuplot, "):
            plots.draw(report.Figures(Page.all_results(7.0)), pathlib.Path(directory))


class Page(unittest.TestCase):
    """bench.py --page"""

    @staticmethod
    def all_results(value):
        """One row of each point of the full plan, as a run would give."""
        metrics = {"throughput": ("gbps",), "cyclecount": ("cycles",), "break-even": ("cycles",), "latency": ("p50_us",),
                   "compress": ("comp_gbps", "decomp_gbps"), "comp-break-even": ("comp_cycles", "decomp_cycles", "percent"),
                   "in-flight": ("mb_per_s", "published"),
                   "queues": ("cycles",), "sessions": ("cycles", "line"), "doorbells": ("per_op",),
                   "memory": ("hugepages", "heap"), "comp-memory": ("hugepages", "heap"), "start": ("ms",)}
        own_bursts = {"in-flight": (1, 70), "queues": (1, 64), "sessions": (1, 100000), "memory": (1024,), "comp-memory": (1024,),
                      "start": (1,)}
        return [result(point.kind, driver, value, algorithm=point.algorithm, size=point.size, burst=burst, metric=metric)
                for point in plan.full_points() for driver in point.drivers
                for burst in own_bursts.get(point.kind, point.bursts) for metric in metrics[point.kind]
                if (driver, metric) != (plan.ZLIB, "decomp_cycles")]

    @staticmethod
    def of(results, machine=None, **more):
        runner = types.SimpleNamespace(**{"results": results, "absent": {}, "lost": [], "left_out": [], **more})
        return page.page(report.Figures(results, runner.absent), {**MACHINE, **(machine or {})}, runner)

    def test_has_all_and_fits(self):
        packages = {f"librte-crypto-something{n}": "22.11.11-1~deb12u1" for n in range(10)}
        why = "unable to start " + "because of this and that " * 10
        text = self.of(self.all_results(123456.789), {"packages": packages, "date": "2026-11-29", "load_before": "0.10 0 0"},
                       absent={(plan.SCHEDULER, "throughput", "AES-128-CBC", None): {"reason": why, "refused": False}},
                       left_out=["x " * 80])
        for line in text.splitlines():
            self.assertLessEqual(len(line), 100, line)
        heads = [line[3:] for line in text.splitlines() if line.startswith("## ")]
        for head in ("Targets", "Break-even", "Cycles an op by burst", "Cycles an op by queue pairs",
                     "Cycles an op by sessions", "In flight", "Not measured"):
            self.assertIn(head, heads)
        self.assertIn("date: 2026-11-29, full run", text)
        self.assertIn("this and that", text)
        self.assertNotIn("from one CPU", text)
        self.assertNotIn("not idle", text)
        self.assertNotIn(".svg", text)

    def test_how_far_the_cpus_were_apart(self):
        text = self.of([result("throughput", plan.WD, value, metric="trip_ns") for value in (125, 480, 130)])
        self.assertIn("\n- a cache line from one CPU to the other and back: 130 (125..480) ns, before each run\n", text)

    def test_sessions_have_their_floor(self):
        rows = [result("sessions", "bench-wd", value, algorithm="hw=v3", size=0, burst=100000, metric=metric)
                for metric, value in (("cycles", 140.04), ("line", 53.06))]
        self.assertIn("| sessions | cycles | a line of each session, alone |", self.of(rows))
        self.assertIn("| 100000 | 140.0 (140.0..140.0) | 53.1 (53.1..53.1) |", self.of(rows))

    def test_each_target_has_its_row(self):
        for results in ([], self.all_results(500000.0)):
            text = self.of(results)
            rows = text.split("## Targets")[1].split("\n\n")[1].splitlines()[2:]
            targets = report.targets(report.Figures(results))
            self.assertEqual(len(rows), len(targets))
            for row, (figure, target, measured, ok) in zip(rows, targets):
                cells = [cell.strip() for cell in row.strip("|").split("|")]
                self.assertEqual(cells[:2], [report.name_and_peer(figure)[0], report.name_and_peer(figure)[1] or "-"])
                self.assertEqual(cells[2:4], [target, measured or "not measured"])
                self.assertEqual(cells[4], "-" if measured is None else "yes" if ok else "no")
                if measured is not None and not ok:
                    self.assertIn(" ".join(report.limit_of(figure).split()), " ".join(text.split()))

    def test_break_even(self):
        rows = []
        for size, ours, other in ((64, 100, 50), (256, 100, 150)):
            rows += [result("break-even", plan.WD, ours, algorithm="X", size=size),
                     result("break-even", plan.MB, other, algorithm="X", size=size)]
        text = self.of(rows)
        self.assertIn("| X | 256 bytes on | - |", text)
        self.assertIn("| algorithm | driver | 64 | 256 |", text)
        self.assertIn("| X | crypto_wd | 100 | 100 |", text)
        self.assertIn("| X | crypto_aesni_mb | 50 | 150 |", text)
        self.assertIn("| X | crypto_openssl | - | - |", text)

    def test_break_even_of_each_algorithm(self):
        text = self.of(self.all_results(7.0)).split("## Break-even")[1].split("\n## ")[0]
        for name in (*plan.ALGORITHMS, *(f"compression, {plan.deflate(n)}" for n in plan.COMPRESS_LEVELS), "decompression"):
            self.assertIn(f"\n| {name} | no size up to", text)
            self.assertEqual(text.count(f"\n| {name} | "), 4, name)  # in the first table, and with each driver
        self.assertEqual([line for line in text.splitlines() if "| - |" in line],
                         ["| decompression | no size up to 32768 bytes | - |", "| decompression | compress_zlib | - | - | - |"])
        self.assertIn("segmentation fault", self.of(self.all_results(7.0)).split("## Not measured")[1])

    def test_what_zlib_is_not_asked_for(self):
        runner = run.Runner("build", ".", [0, 1])
        with mock.patch.object(runner, "corpus", return_value="corpus"):
            for kind, driver, operation in (("compress", plan.ZLIB, "comp_and_decomp"), ("comp-break-even", plan.ZLIB, "comp"),
                                            ("comp-break-even", plan.ISAL, "comp_and_decomp")):
                command = runner.command(plan.compress(kind, 6, 8192, 2), driver)
                self.assertEqual(command[command.index("--operation") + 1], operation)
                self.assertEqual(command[command.index("--compress-level") + 1], "6:1:6")

    def test_what_is_refused_shows_with_its_reason(self):
        results = [row for row in self.all_results(7.0) if row["driver"] != plan.OPENSSL]
        absent = {(plan.OPENSSL, "break-even", name, None): {"reason": "does not support it", "refused": True}
                  for name in plan.ALGORITHMS}
        text = self.of(results, absent=absent)
        self.assertIn("| SM4-CBC | no size up to 16384 bytes | - |", text)
        self.assertIn("| SM4-CBC | crypto_openssl |" + " - |" * len(plan.BREAK_EVEN_SIZES), text)
        said = " ".join(text.split("## Not measured")[1].split())
        self.assertIn(f"crypto_openssl, break-even, {', '.join(plan.ALGORITHMS)}: refused, does not support it", said)
        self.assertEqual(said.count("does not support it"), 1)

    def test_a_size_that_failed_shows(self):
        where = (plan.MB, "break-even", "AES-128-CBC", 16)
        results = [row for row in self.all_results(7.0) if (row["driver"], row["kind"], row["algorithm"], row["size"]) != where]
        text = self.of(results, absent={where: {"reason": "it fell over", "refused": False}})
        self.assertIn("| AES-128-CBC | crypto_aesni_mb | - | 7 |", text)
        self.assertIn("- crypto_aesni_mb, break-even, AES-128-CBC of 16 bytes: it fell over", text)

    def test_a_reason_is_given_once(self):
        text = self.of(self.all_results(500000.0))
        said = " ".join(text.split("What stands in the way:")[1].split("## ")[0].split())
        self.assertEqual(len(said.split("- ")) - 1, len(report.in_the_way(report.targets(
            report.Figures(self.all_results(500000.0))))))
        self.assertLessEqual(max(said.count(why) for _, why in report.LIMITS), 1)

    def test_says_that_it_is_a_part(self):
        self.assertIn("short run, of which only what has \"GCM\" in its title", self.of([], {"quick": True, "only": "GCM"}))

    def test_from_the_last_results(self):
        with tempfile.TemporaryDirectory() as build:
            out = pathlib.Path(build, "bench")
            command = [sys.executable, str(HERE / "bench.py"), build, "--page", str(pathlib.Path(build, "page.md"))]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("nothing was measured yet", done.stderr)
            out.mkdir(exist_ok=True)
            runner = types.SimpleNamespace(results=self.all_results(7.0), absent={}, lost=[], left_out=["one thing"],
                                           commands={})
            report.write_json(out / "results.json", MACHINE, runner, [])
            subprocess.run(command, check=True)
            text = pathlib.Path(build, "page.md").read_text(encoding="utf-8")
            self.assertEqual([path.name for path in out.iterdir()], ["results.json"])
        self.assertIn("- one thing", text)
        self.assertIn("date: unknown", text)  # of results from before there was one
        self.assertEqual(text, self.of(runner.results, left_out=runner.left_out))


if __name__ == "__main__":
    unittest.main()
