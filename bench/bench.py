#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Measure crypto_wd and compress_wd next to their peers; see doc/bench.md.

    bench/bench.py BUILD [--quick] [--only WORD] [--budget SECONDS] [--repetitions N]
    bench/bench.py BUILD --resume     goes on with a run that was interrupted
    bench/bench.py BUILD --report     files again, from the results.json of the last run
    bench/bench.py BUILD --page FILE  the same as a page of the documentation, and nothing else

Results go to BUILD/bench/: bench.md, results.csv, run.csv, results.json and plots. Exit status 1: something that
should run did not; what a peer does not support, a missed target or want of time is no failure.
"""

import argparse
import dataclasses
import json
import pathlib
import signal
import sys
import types

sys.dont_write_bytecode = True  # the checkout stays as it is

# pylint: disable=wrong-import-position
from wdbench import machine, page, plan, plots, report, run  # noqa: E402

QUICK_BUDGET_S = 255  # and the build in five minutes


def figures_of(runner):
    return report.Figures(runner.results, runner.absent)


def write(out, described, runner):
    figures = figures_of(runner)
    rows = report.targets(figures)
    # the data first, whatever becomes of the rest
    report.write_json(out / "results.json", described, runner, rows)
    report.write_csv(out / "results.csv", runner.results)
    report.write_run_csv(out / "run.csv", described, runner)
    drawn = plots.draw(figures, out)
    if drawn is None:
        run.progress("bench: no gnuplot, so no plots")
    (out / "bench.md").write_text(report.markdown(figures, described, runner, drawn or []), encoding="utf-8")
    for figure, target, measured, ok in rows:
        if measured is not None:
            print(f"{figure}, {target}: {measured}: {'reached' if ok else 'NOT reached'}")
    print(f"targets that were not measured: {sum(measured is None for _, _, measured, _ in rows)}")
    for text in report.not_measured(runner, figures):
        print(f"not measured: {text}")
    print(f"tables, plots and data: {out}/bench.md")


def load_results(out):
    data = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return data["machine"], types.SimpleNamespace(results=data["results"], absent=report.absent_from(data["not_measured"]),
                                                  lost=data["lost"], left_out=data["left_out"], commands=data["commands"])


def measure(args, out):
    """Exit status"""
    cpus = machine.cpus()
    if len(cpus) < 2:
        print("bench: two CPUs are needed, one for the lcore and one for the software device", file=sys.stderr)
        return 1
    runner = run.Runner(args.build, out, cpus)
    if args.resume:
        runner.about = runner.resume()
        runner.about["machine"]["resumed"] = True
    else:
        runner.about = {"machine": {**machine.describe(), "quick": args.quick, "only": args.only,
                                    "repetitions": args.repetitions}}
    described = runner.about["machine"]
    runner.budget_s = args.budget if args.budget is not None else QUICK_BUDGET_S if described["quick"] else None
    points = [dataclasses.replace(point, repetitions=min(point.repetitions, described["repetitions"]))
              for point in (plan.quick_points() if described["quick"] else plan.full_points())
              if described["only"] in point.title()]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # no less than Ctrl-C
    try:
        runner.run(points)
    except KeyboardInterrupt:
        runner.interrupted = True
        runner.left_out.append("what came after the interrupt")
    described["load_after"] = machine.load()
    if not runner.results:
        print("bench: nothing could be measured", file=sys.stderr)
        for text in report.not_measured(runner, figures_of(runner)):
            print(f"not measured: {text}", file=sys.stderr)
        return 1
    write(out, described, runner)
    if not runner.interrupted:
        (out / "progress.json").unlink(missing_ok=True)
    if runner.interrupted:
        print("bench: interrupted; --resume goes on", file=sys.stderr)
    elif runner.failed():
        print("bench: something that should run did not, see what was not measured", file=sys.stderr)
    return 1 if runner.failed() else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="fewer points, in less than five minutes")
    parser.add_argument("--only", default="", help="points with that word in their title")
    parser.add_argument("--budget", type=float, help="seconds after which no point begins")
    parser.add_argument("--repetitions", type=int, default=plan.REPETITIONS, help="fewer to try it out")
    parser.add_argument("--resume", action="store_true", help="go on with the last run, which was interrupted")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--page", type=pathlib.Path, metavar="FILE", help="measure nothing, write the last results there")
    args = parser.parse_args()

    out = args.build / "bench"
    out.mkdir(parents=True, exist_ok=True)
    if (args.report or args.page) and not (out / "results.json").exists():
        print(f"bench: there is no {out}/results.json, nothing was measured yet", file=sys.stderr)
        return 1
    if args.resume and not (out / "progress.json").exists():
        print(f"bench: there is no {out}/progress.json, no run to go on with", file=sys.stderr)
        return 1
    if args.page:
        described, runner = load_results(out)
        args.page.write_text(page.page(figures_of(runner), described, runner), encoding="utf-8")
        return 0
    if args.report:
        write(out, *load_results(out))
        return 0
    return measure(args, out)


if __name__ == "__main__":
    sys.exit(main())
