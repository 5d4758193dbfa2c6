# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Plots by gnuplot, SVG and PNG of each."""

import subprocess

from . import plan, report

TERMINALS = {"svg": "svg size 900,500 dynamic background rgb 'white'", "png": "pngcairo size 1200,750"}
# a driver has the same colour in all plots
COLOURS = {plan.WD: "#d62728", plan.COMPRESS_WD: "#d62728", "measured": "#d62728", plan.MB: "#1f77b4", plan.ISAL: "#1f77b4",
           "published": "#1f77b4", plan.OPENSSL: "#2ca02c", plan.ZLIB: "#2ca02c", plan.SCHEDULER: "#9467bd",
           plan.GCM: "#ff7f0e", plan.NULL: "#7f7f7f"}
DASHES = {"": 1, "p50": 1, "p99": 2, "p99.9": 3}


def script(path, terminal, title, xlabel, ylabel, series, xlog=True, ylog=False):
    """series: {label: [(x, median, low, high)]}"""
    lines = [f"set terminal {TERMINALS[terminal]}", f"set output {quoted(str(path))}", f"set title {quoted(title)} noenhanced",
             f"set xlabel {quoted(xlabel)}", f"set ylabel {quoted(ylabel)}",
             "set key outside right top vertical noenhanced", "set grid", "set bars small"]
    lines += ["set logscale x 2", "set offsets graph 0.03, graph 0.03, 0, 0"] if xlog else ["set xrange [0:*]"]
    lines.append("set logscale y" if ylog else "set yrange [0:*]")
    for at, points in enumerate(series.values()):
        lines += [f"$d{at} << END", *(" ".join(f"{value:g}" for value in point) for point in points), "END"]
    lines.append("plot " + ", ".join(f"$d{at} using 1:2:3:4 with yerrorlines {style(label)} title {quoted(label)}"
                                     for at, label in enumerate(series)))
    return "\n".join(lines) + "\n"


def style(label):
    """A driver's colour, a percentile's dashes."""
    driver, _, percentile = label.partition(" ")
    dash = DASHES.get(percentile, 1)
    return f"linecolor rgb '{COLOURS.get(driver, '#000000')}' dashtype {dash} pointtype {2 * dash + 3} linewidth 1.5"


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def points(f, kind, algorithm, driver, metric, size=None, burst=32):
    """(x, median, low, high): over bursts if a size is given, over sizes else."""
    what = "size" if size is None else "burst"
    found = []
    for value in f.distinct(what, kind=kind, algorithm=algorithm, driver=driver, metric=metric):
        at = (value, burst) if size is None else (size, value)
        s = f.get(kind, algorithm, at[0], driver, at[1], metric)
        if s is not None:
            found.append((value, s.median, s.low, s.high))
    return found


def all_plots(f):
    """{name: arguments of script()}"""
    plots = {}

    def add(name, title, xlabel, ylabel, series, **more):
        series = {label: found for label, found in series.items() if found}
        if series:
            plots[name] = ((title, xlabel, ylabel, series), more)

    def by_size(name, title, kind, algorithm, metric, ylabel, **more):
        drivers = f.drivers(kind, algorithm, metric=metric)
        add(name, title, "bytes", ylabel, {d: points(f, kind, algorithm, d, metric) for d in drivers}, **more)

    for algorithm in f.distinct("algorithm", kind="throughput"):
        by_size(f"throughput-{algorithm}", f"Throughput, {algorithm}", "throughput", algorithm, "gbps", "Gb/s")
    for name, what, algorithm in report.break_even_rows(f):
        by_size(f"cycles-by-size-{name}", f"Cycles of the lcore an op, {name}", what.kind, algorithm,
                what.metric, "cycles", ylog=True)
    add("cycles-by-burst", "Cycles of the lcore an op, 64 bytes", "ops a burst", "cycles",
        {d: points(f, "cyclecount", "", d, "cycles", 64) for d in (plan.WD, plan.NULL)})
    for algorithm in f.distinct("algorithm", kind="latency"):
        for size in f.distinct("size", kind="latency", algorithm=algorithm):
            add(f"latency-{algorithm}-{size}", f"Latency, {algorithm}, {size} bytes", "ops a burst", "us",
                {f"{d} {m.removesuffix('_us')}": points(f, "latency", algorithm, d, m, size)
                 for d in f.drivers("latency", algorithm) for m in ("p50_us", "p99_us", "p99.9_us")}, ylog=True)
    for metric, name in (("comp_gbps", "compression"), ("decomp_gbps", "decompression")):
        for algorithm in f.distinct("algorithm", kind="compress"):
            by_size(name, f"{name.capitalize()}, {algorithm}", "compress", algorithm, metric, "Gb/s")
    for kind, xlabel in (("queues", "queue pairs"), ("sessions", "sessions")):
        add(f"cycles-by-{kind}", f"Cycles of the lcore an op by {xlabel}", xlabel, "cycles",
            {"crypto_wd": points(f, kind, "hw=v3", "bench-wd", "cycles", 0)})
    curve = report.in_flight(f)
    add("in-flight", "compress_wd, perf=zip-920, 8 KiB", "descriptors in flight", "MB/s",
        {"measured": [(n, s.median, s.low, s.high) for n, s, _, _ in curve],
         "published": [(n, want, want, want) for n, _, want, _ in curve if want is not None]}, xlog=False)
    return plots


def draw(f, out):
    """Names of the plots that were drawn; None without gnuplot."""
    drawn = []
    for name, (args, more) in all_plots(f).items():
        for terminal in TERMINALS:
            text = script(out / f"{report.file_name(name)}.{terminal}", terminal, *args, **more)
            try:
                done = subprocess.run(["gnuplot"], input=text, text=True, capture_output=True, check=False)
            except OSError:
                return None
            if done.returncode != 0:
                raise RuntimeError(f"gnuplot, {name}: {done.stderr.strip()}")
        drawn.append(name)
    return drawn
