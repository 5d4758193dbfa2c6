# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Results as a page of the documentation: medians, no plots, no line too long."""

import textwrap

from . import plan, report

COLUMNS = 100
PEERS = (plan.MB, plan.OPENSSL)


def wrapped(text, indent=""):
    return textwrap.wrap(text, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def bullet(text):
    return wrapped("- " + text, "  ")


def median(digits):
    return lambda summary: f"{summary.median:.{digits}f}" if summary else "-"


def spread(digits):
    return lambda summary: summary.text(digits) if summary else "-"


def head(machine):
    run = "short run" if machine.get("quick") else "full run"
    if machine.get("only"):
        run += f", of which only what has \"{machine['only']}\" in its title"
    lines = ["# Results of the benchmark", ""]
    lines += wrapped("What `make bench` measured on one machine, written by `bench/bench.py BUILD --page FILE`. How "
                     "each figure is taken and what limits it: [bench](bench.md). Instructions an op, the same on "
                     "every machine of a kind: [performance](performance.md#instructions-an-op).")
    lines += ["", *bullet(f"machine: {machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}, {machine['arch']}")]
    lines += bullet(f"date: {machine.get('date', 'unknown')}, {run}; load before {machine['load_before']}, "
                    f"after {machine.get('load_after', 'unknown')}")
    lines += bullet(f"wd {machine['wd']}, DPDK {machine['dpdk']}")
    lines += bullet(", ".join(f"{name} {version}" for name, version in machine["packages"].items()) or "no packages known")
    lines += bullet(f"hugepages: {machine['hugepages_total']} of {machine['hugepage_size']}")
    if not report.idle(machine):
        lines += ["", "**The machine was not idle when this began; the figures are of little use.**"]
    return lines


def targets(f):
    """Every target, and below the table why some were missed."""
    rows = report.targets(f)
    cells = [(name, peer or "-", target, measured or "not measured", report.verdict(measured, ok))
             for (name, peer), target, measured, ok in ((report.name_and_peer(row[0]), *row[1:]) for row in rows)]
    lines = [report.table(("figure", "next to", "target", "measured", "reached"), cells)]
    why = report.in_the_way(rows)
    if why:
        lines += ["", "What stands in the way:", "", *(line for text in why for line in bullet(text))]
    return lines


def break_even(f):
    algorithms = f.distinct("algorithm", kind="break-even")
    rows = []
    for algorithm in algorithms:
        cells = []
        for peer in PEERS:
            sizes = f.distinct("size", kind="break-even", algorithm=algorithm, driver=peer)
            cells.append(report.break_even_text(report.break_even(f, algorithm, peer), sizes) if sizes else "not measured")
        rows.append((algorithm, *cells))
    lines = wrapped("From which size on offload pays: where an lcore spends fewer cycles on an op through the queue, "
                    "at that size and all larger ones, than on computing it. It says what an lcore saves, and not what "
                    "a device needs for it; the software device of this run completes at once.")
    lines += ["", report.table(("algorithm", *(f"instead of {peer}" for peer in PEERS)), rows), "",
              "Cycles of the lcore an op, medians:"]
    for algorithm in algorithms:
        lines += ["", f"{algorithm}:", "", report.by_driver(f, "break-even", algorithm, "cycles", text=median(0))]
    return lines


def own_counts(f, kind, name):
    rows = [(str(n), spread(1)(f.get(kind, "hw=v3", 0, "bench-wd", n, "cycles")))
            for n in f.distinct("burst", kind=kind)]
    return [report.table((name, "cycles"), rows)]


def in_flight(f):
    rows = [(str(n), spread(0)(got), "-" if want is None else f"{want:.0f}", "-" if off is None else f"{off:+.1f} %")
            for n, got, want, off in report.in_flight(f)]
    return ["compress_wd, engine=instant, perf=zip-920, 8 KiB, MB/s.", "",
            report.table(("in flight", "measured", "published", "deviation"), rows)]


def sections(f):
    """[(heading, lines)] of what was measured"""
    out = [("Targets", targets(f))]
    if f.distinct("algorithm", kind="break-even"):
        out.append(("Break-even", break_even(f)))
    if f.distinct("burst", kind="cyclecount"):
        lines = wrapped("Cycles of the lcore for enqueue and dequeue of 64 bytes; crypto_wd over a device on the other "
                        "CPU that completes at once, crypto_null does no work.")
        out.append(("Cycles an op by burst", [*lines, "", report.by_driver(
            f, "cyclecount", "", "cycles", what="burst", text=spread(1))]))
    for kind, name in (("queues", "queue pairs"), ("sessions", "sessions")):
        if f.distinct("burst", kind=kind):
            out.append((f"Cycles an op by {name}", own_counts(f, kind, name)))
    if report.in_flight(f):
        out.append(("In flight", in_flight(f)))
    for algorithm in f.distinct("algorithm", kind="throughput"):
        out.append((f"Throughput, {algorithm}", ["Gb/s, bursts of 32, medians.", "", report.by_driver(
            f, "throughput", algorithm, "gbps", text=median(2))]))
    for algorithm in f.distinct("algorithm", kind="compress"):
        for metric, name in (("comp_gbps", "Compression"), ("decomp_gbps", "Decompression")):
            out.append((f"{name}, {algorithm}", ["Gb/s by size of the segment, medians.", "", report.by_driver(
                f, "compress", algorithm, metric, text=median(2))]))
    return out


def page(f, machine, runner):
    """The page, as text."""
    lines = head(machine)
    for heading, text in sections(f):
        lines += ["", f"## {heading}", "", *text]
    lines += ["", "## Not measured", ""]
    missing = [f"{driver}, {' '.join(word for word in (kind, algorithm) if word)}: {why}"
               for (driver, kind, algorithm), why in runner.absent.items()] + list(runner.left_out)
    for text in missing:
        lines += bullet(" ".join(text.split()))
    if not missing:
        lines.append("All that was planned was measured.")
    return "\n".join(lines).rstrip("\n") + "\n"
