#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Measure crypto_wd and compress_wd next to their peers; see doc/bench.md.

    bench/bench.py BUILD [--quick] [--only WORD] [--budget SECONDS]
    bench/bench.py BUILD --report     files again, from the results.json of the last run
    bench/bench.py BUILD --page FILE  the same as a page of the documentation, and nothing else

Results go to BUILD/bench/: bench.md, results.csv, results.json and plots.
"""

import argparse
import json
import pathlib
import sys
import types

sys.dont_write_bytecode = True  # the checkout stays as it is

# pylint: disable=wrong-import-position
from wdbench import machine, page, plan, plots, report, run  # noqa: E402

QUICK_BUDGET_S = 255  # and the build in five minutes


def write(out, described, runner):
    figures = report.Figures(runner.results)
    rows = report.targets(figures)
    drawn = plots.draw(figures, out)
    if drawn is None:
        run.progress("bench: no gnuplot, so no plots")
    report.write_csv(out / "results.csv", runner.results)
    report.write_json(out / "results.json", described, runner, rows)
    (out / "bench.md").write_text(report.markdown(figures, described, runner, drawn or []), encoding="utf-8")
    for figure, target, measured, ok in rows:
        if measured is not None:
            print(f"{figure}, {target}: {measured}: {'reached' if ok else 'NOT reached'}")
    print(f"targets that were not measured: {sum(measured is None for _, _, measured, _ in rows)}")
    for (driver, kind, algorithm), why in runner.absent.items():
        print(f"did not run: {driver}, {kind} {algorithm}: {why}")
    for title in runner.left_out:
        print(f"left out: {title}")
    print(f"tables, plots and data: {out}/bench.md")


def load_results(out):
    data = json.loads((out / "results.json").read_text(encoding="utf-8"))
    absent = {(row["driver"], row["kind"], row["algorithm"]): row["reason"] for row in data["not_started"]}
    return data["machine"], types.SimpleNamespace(results=data["results"], absent=absent, left_out=data["left_out"],
                                                  commands=data["commands"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="fewer points, in less than five minutes")
    parser.add_argument("--only", default="", help="points with that word in their title")
    parser.add_argument("--budget", type=float, help="seconds after which no point begins")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--page", type=pathlib.Path, metavar="FILE", help="measure nothing, write the last results there")
    args = parser.parse_args()

    out = args.build / "bench"
    out.mkdir(parents=True, exist_ok=True)
    if (args.report or args.page) and not (out / "results.json").exists():
        print(f"bench: there is no {out}/results.json, nothing was measured yet", file=sys.stderr)
        return 1
    if args.page:
        described, runner = load_results(out)
        args.page.write_text(page.page(report.Figures(runner.results), described, runner), encoding="utf-8")
        return 0
    if args.report:
        write(out, *load_results(out))
        return 0
    cpus = machine.cpus()
    if len(cpus) < 2:
        print("bench: two CPUs are needed, one for the lcore and one for the software device", file=sys.stderr)
        return 1
    points = plan.quick_points() if args.quick else plan.full_points()
    points = [point for point in points if args.only in point.title()]
    budget = args.budget if args.budget is not None else QUICK_BUDGET_S if args.quick else None
    described = machine.describe()
    runner = run.Runner(args.build, out, cpus, budget)
    try:
        runner.run(points)
    except KeyboardInterrupt:
        runner.left_out.append("what came after the interrupt")
    described["load_after"] = machine.load()
    described["quick"] = args.quick
    described["only"] = args.only
    if not runner.results:
        print("bench: nothing could be measured", file=sys.stderr)
        for (driver, kind, algorithm), why in runner.absent.items():
            print(f"did not run: {driver}, {kind} {algorithm}: {why}", file=sys.stderr)
        return 1
    write(out, described, runner)
    return 0


if __name__ == "__main__":
    sys.exit(main())
