# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Results as a page of the documentation: medians, no plots, no line too long."""

import textwrap

from . import plan, report

COLUMNS = 100


def wrapped(text, indent=""):
    return textwrap.wrap(text, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def bullet(text):
    return wrapped("- " + text, "  ")


def short(digits):
    return lambda summary: summary.short(digits) if summary else "-"


def spread(digits):
    return lambda summary: summary.text(digits) if summary else "-"


def head(machine, f):
    run = "short run" if machine.get("quick") else "full run"
    if machine.get("only"):
        run += f", of which only what has \"{machine['only']}\" in its title"
    run += f", {machine.get('repetitions', plan.REPETITIONS)} runs of each in turn"
    if machine.get("resumed"):
        run += ", interrupted and gone on with"
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
    for text in report.between_cpus(f):
        lines += bullet(text)
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


def reasons(f, kind, algorithm):
    """Below a table, why there is "-" in it."""
    why = [line for text in f.why_absent(kind, algorithm) for line in bullet(" ".join(text.split()))]
    return ["", *why] if why else []


def break_even(f):
    lines = wrapped("From which size on offload pays: where an lcore spends fewer cycles on an op through the queue, "
                    "at that size and all larger ones, than on computing it. It says what an lcore saves, and not what "
                    "a device needs for it, nor what waiting for it costs. \"-\": at least one of the two was not "
                    "measured, [why](#not-measured).")
    for table in report.summary_tables(f):
        lines += ["", table]
    rows = report.break_even_rows(f)
    crypto = [row for row in rows if row[1] is report.CRYPTO]
    if crypto:
        lines += ["", *wrapped("Cycles of the lcore an op by size, medians; the software device behind crypto_wd "
                               "completes at once:"), "", report.cycles_by_size(f, crypto)]
    deflate = [row for row in rows if row[1] is not report.CRYPTO]
    if deflate:
        lines += ["", *wrapped("The same of compression; the software device computes, whatever the level, what "
                               "compress_isal does at level 1:"), "", report.cycles_by_size(f, deflate),
                  "", "What it comes to, in percent of the plain data, at the largest of these sizes:", "",
                  report.ratios(f)]
    return lines


def in_flight(f):
    rows = [(str(n), spread(0)(got), "-" if want is None else f"{want:.0f}", "-" if off is None else f"{off:+.1f} %")
            for n, got, want, off in report.in_flight(f)]
    return ["compress_wd, engine=instant, perf=zip-920, 8 KiB, MB/s.", "",
            report.table(("in flight", "measured", "published", "deviation"), rows)]


def latency(f):
    """[(heading, lines)]"""
    names = ("p50_us", "p90_us", "p99_us", "p99.9_us")
    out = []
    for algorithm in f.algorithms("latency"):
        rows = [(str(size), str(burst), driver,
                 *(short(1)(f.get("latency", algorithm, size, driver, burst, name)) for name in names))
                for size in f.distinct("size", kind="latency", algorithm=algorithm)
                for burst in f.distinct("burst", kind="latency", algorithm=algorithm, size=size)
                for driver in f.drivers("latency", algorithm)]
        head = ("size", "burst", "driver", *(name.removesuffix("_us") for name in names))
        text = "Microseconds from enqueue to dequeue, by ops of a burst that is waited for; medians of the percentiles."
        out.append((f"Latency, {algorithm}", [*wrapped(text), "", report.table(head, rows), *reasons(f, "latency", algorithm)]))
    return out


def sections(f):
    """[(heading, lines)] of what was measured"""
    out = [("Targets", targets(f))]
    if report.break_even_rows(f):
        out.append(("Break-even", break_even(f)))
    if f.algorithms("cyclecount"):
        lines = wrapped("Cycles of the lcore for enqueue and dequeue of 64 bytes; crypto_wd over a device on the other "
                        "CPU that completes at once, crypto_null does no work.")
        out.append(("Cycles an op by burst", [*lines, "", report.by_driver(
            f, "cyclecount", "", "cycles", what="burst", text=spread(1)), *reasons(f, "cyclecount", "")]))
    for kind, name in (("queues", "queue pairs"), ("sessions", "sessions")):
        if f.distinct("burst", kind=kind):
            out.append((f"Cycles an op by {name}", [report.own_counts(f, kind, name)]))
    if report.in_flight(f):
        out.append(("In flight", in_flight(f)))
    out += latency(f)
    for algorithm in f.algorithms("throughput"):
        out.append((f"Throughput, {algorithm}", ["Gb/s, bursts of 32; medians, and how far the farthest run was off.", "", report.by_driver(
            f, "throughput", algorithm, "gbps", text=short(2)), *reasons(f, "throughput", algorithm)]))
    for algorithm in f.algorithms("compress"):
        for metric, name in (("comp_gbps", "Compression"), ("decomp_gbps", "Decompression")):
            out.append((f"{name}, {algorithm}", ["Gb/s by size of the segment.", "", report.by_driver(
                f, "compress", algorithm, metric, text=short(2)), *reasons(f, "compress", algorithm)]))
    return out


def page(f, machine, runner):
    """The page, as text."""
    lines = head(machine, f)
    for heading, text in sections(f):
        lines += ["", f"## {heading}", "", *text]
    lines += ["", "## Not measured", ""]
    missing = report.not_measured(runner, f)
    for text in missing:
        lines += bullet(" ".join(text.split()))
    if not missing:
        lines.append("All that was planned was measured.")
    return "\n".join(lines) + "\n"
