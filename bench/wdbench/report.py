# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""From single figures to medians, targets, tables, and files."""

import csv
import json
import re
from dataclasses import dataclass

from . import plan
from .stats import Summary

MUCH = float("inf")


class Figures:
    """Medians by what was measured, and what could not be."""

    def __init__(self, results, absent=None):
        self.absent = absent or {}  # as a Runner's
        self.values = {}
        for row in results:
            key = tuple(row[name] for name in ("kind", "algorithm", "size", "driver", "burst", "metric"))
            self.values.setdefault(key, []).append(row["value"])

    def get(self, kind, algorithm, size, driver, burst, metric):
        values = self.values.get((kind, algorithm, size, driver, burst, metric))
        return Summary.of(values) if values else None

    def trips(self):
        """Of a cache line to the other CPU and back, in ns, before all runs."""
        values = [value for key, found in self.values.items() if key[-1] == "trip_ns" for value in found]
        return Summary.of(values) if values else None

    def distinct(self, what, **given):
        """Sorted values of one part of the key, where the others are as given."""
        names = ("kind", "algorithm", "size", "driver", "burst", "metric")
        at = names.index(what)
        found = {key[at] for key in self.values if all(key[names.index(n)] == v for n, v in given.items())}
        return sorted(found)

    def drivers(self, kind, algorithm, **given):
        """Ours first; those that gave nothing, too."""
        found = set(self.distinct("driver", kind=kind, algorithm=algorithm, **given))
        found |= {where[0] for where in self.absent if where[1:3] == (kind, algorithm)}
        return sorted(found, key=lambda name: (name not in plan.OWN, name))

    def algorithms(self, kind):
        """In the plan's order; those of which nothing was measured, too."""
        found = set(self.distinct("algorithm", kind=kind)) | {where[2] for where in self.absent if where[1] == kind}
        order = list(plan.ALGORITHMS)
        return sorted(found, key=lambda name: (order.index(name) if name in order else len(order), name))

    def why_absent(self, kind, algorithm):
        """[text] of what could not be measured there"""
        return [f"{driver}{f', {size} bytes' if size is not None else ''}: {why['reason']}"
                for (driver, its_kind, its_algorithm, size), why in self.absent.items()
                if (its_kind, its_algorithm) == (kind, algorithm)]


# ---- targets ----

# By a part of the figure's name: what stands in the way, said where a target was missed.
LIMITS = (
    ("doorbells", "the driver rings once a burst and queue"),
    ("crypto_null", "crypto_null writes no descriptor and reads no completion; here both lie in lines that the "
                    "device's CPU had last, and a device that was not through in 3 ms is waited for"),
    ("crypto_aesni_mb", "the software device is one CPU with the same library; descriptors and data go from one CPU's "
                        "cache to the other's and back, which crypto_aesni_mb on the lcore does not have"),
    ("crypto_scheduler", "its worker has ops as they are, not descriptors to read and check"),
    ("compress_isal", "the software device is one CPU with the same library, and data goes to its cache and back"),
    ("queue pairs", "the rings of 64 queue pairs are more than 8 MiB, those of one fit into a cache"),
    ("sessions", "each op has a session that is in no cache; to fetch a line of each, 32 at once and nothing else, "
                 "takes what the table of cycles by sessions says"),
    ("1024, compress_wd", "it has two queues of the engine, one a direction, each with 144 KiB of rings; what ops with a "
                          "checksum need besides comes with the first xform that has one"),
    ("memory", "128 KiB of descriptors, 16 KiB of completions, and lists for segments"),
    ("created", "pools of 4096 objects and the hugepages for them are made in that time, too"),
    ("in-flight", "other work on this CPU while a point was measured: completions are then seen late"),
)


def limit_of(figure):
    return next((why for part, why in LIMITS if part in figure), "")


def in_the_way(rows):
    """[text] of why targets were missed, those with the same reason together."""
    missed = {}
    for figure, _, measured, ok in rows:
        if measured is not None and not ok:
            name, peer = name_and_peer(figure)
            missed.setdefault((peer, limit_of(figure)), []).append(name)
    return [f"{'; '.join(names)}{f', next to {peer}' if peer else ''}: {why}." for (peer, why), names in missed.items()]


def name_and_peer(figure):
    name, _, peer = figure.partition(" next to ")
    return name.removesuffix(","), peer


def shown(value, limit, digits):
    """With as many digits, and more where it would else read as if it were at the limit."""
    text = f"{value:.{digits}f}"
    while float(text) == limit != value and digits < 6:
        digits += 1
        text = f"{value:.{digits}f}"
    return text


def ratio(a, b):
    return a.median / b.median if a is not None and b is not None and b.median else None


def worst(values):
    """The lowest of (ratio, where), without those that were not measured."""
    values = [value for value in values if value[0] is not None]
    return min(values) if values else (None, "")


def targets(f):
    """[(figure, target, measured or None, reached)]; measured is text."""
    rows = []

    def add(figure, target, value, ok, text):
        rows.append((figure, target, text if value is not None else None, value is not None and ok(value)))

    doorbells = f.get("doorbells", "hw=v3", 0, "bench-wd", 32, "per_op")
    value = doorbells.median if doorbells else None
    add("doorbells an op at burst 32", "2/32", value, lambda v: v <= 2 / 32, f"{shown((value or 0) * 32, 2, 2)}/32")

    value = ratio(f.get("cyclecount", "", 64, plan.WD, 32, "cycles"), f.get("cyclecount", "", 64, plan.NULL, 32, "cycles"))
    add("lcore cycles an op, burst 32, next to crypto_null", "at most 6 times", value, lambda v: v <= 6,
        f"{shown(value or 0, 6, 1)} times")

    for algorithm in ("AES-128-CBC", "AES-128-GCM", "AES-128-CBC+SHA1-HMAC"):
        throughput_targets(f, algorithm, add)

    for metric, name in (("comp_gbps", "compression"), ("decomp_gbps", "decompression")):
        value = ratio(f.get("compress", "deflate level 1", 32768, plan.COMPRESS_WD, 32, metric),
                      f.get("compress", "deflate level 1", 32768, plan.ISAL, 32, metric))
        add(f"{name}, 32 KiB, next to compress_isal", "at least 0.95", value, lambda v: v >= 0.95,
            shown(value or 0, 0.95, 2))

    for kind, most in (("queues", 64), ("sessions", 100000)):
        value = ratio(f.get(kind, "hw=v3", 0, "bench-wd", most, "cycles"), f.get(kind, "hw=v3", 0, "bench-wd", 1, "cycles"))
        names = {"queues": "queue pairs", "sessions": "sessions"}
        add(f"cycles an op, {most} {names[kind]} next to 1", "within 15 %", value, lambda v: v <= 1.15,
            f"{'+' if (value or 1) >= 1 else ''}{shown(((value or 1) - 1) * 100, 15, 0)} %")

    for kind, name in (("memory", plan.WD), ("comp-memory", plan.COMPRESS_WD)):
        memory = [f.get(kind, "hw=v3", 0, "bench-wd", 1024, part) for part in ("hugepages", "heap")]
        value = sum(part.median for part in memory) if all(memory) else None
        add(f"memory of a queue pair of 1024, {name}", "below 512 KiB", value, lambda v: v < 512 << 10,
            f"{shown((value or 0) / 1024, 512, 0)} KiB")

    start = f.get("start", "hw=v3", 0, "bench-wd", 1, "ms")
    value = start.median if start else None
    add("device created to first op back", "below 100 ms", value, lambda v: v < 100,
        f"{shown(value or 0, 100, 1)} ms")

    curve = in_flight(f)
    value = max((abs(row[3]) for row in curve if row[3] is not None), default=None)
    add("published in-flight curve, perf=zip-920", "within 10 %", value, lambda v: v <= 10,
        f"{shown(value or 0, 10, 1)} % off at most")
    return rows


def throughput_targets(f, algorithm, add):
    sizes = f.distinct("size", kind="throughput", algorithm=algorithm, driver=plan.WD)

    def against(peer, chosen):
        return worst((ratio(f.get("throughput", algorithm, size, plan.WD, 32, "gbps"),
                            f.get("throughput", algorithm, size, peer, 32, "gbps")), f"{size} bytes") for size in chosen)

    value, where = against(plan.MB, [size for size in sizes if size >= 1024])
    add(f"{algorithm}, 1 KiB and up, next to {plan.MB}", "at least 0.9", value, lambda v: v >= 0.9,
        f"{shown(value or 0, 0.9, 2)} at {where}")
    value, where = against(plan.MB, [256])
    add(f"{algorithm}, 256 bytes, next to {plan.MB}", "at least 0.7", value, lambda v: v >= 0.7, shown(value or 0, 0.7, 2))
    value, where = against(plan.SCHEDULER, sizes)
    add(f"{algorithm}, each size, next to {plan.SCHEDULER}", "more than 1", value, lambda v: v > 1,
        f"{shown(value or 0, 1, 2)} at {where}")


# ---- tables ----


def in_flight(f):
    """[(descriptors, Summary, published or None, deviation in % or None)]"""
    rows = []
    options = next(iter(f.distinct("algorithm", kind="in-flight")), None)
    for count in f.distinct("burst", kind="in-flight", metric="mb_per_s"):
        got = f.get("in-flight", options, 0, "bench-wd", count, "mb_per_s")
        want = f.get("in-flight", options, 0, "bench-wd", count, "published")
        rows.append((count, got, want.median if want else None, (got.median / want.median - 1) * 100 if want else None))
    return rows


@dataclass(frozen=True)
class Offload:
    """What is compared for break-even."""

    kind: str
    metric: str
    ours: str
    peers: tuple


CRYPTO = Offload("break-even", "cycles", plan.WD, (plan.MB, plan.OPENSSL))
DEFLATE = Offload("comp-break-even", "comp_cycles", plan.COMPRESS_WD, (plan.ISAL, plan.ZLIB))
# zlib's decompression: the stock tool falls over, see run.py
INFLATE = Offload("comp-break-even", "decomp_cycles", plan.COMPRESS_WD, (plan.ISAL, plan.ZLIB))


def both_sizes(f, algorithm, peer, what):
    ours, other = (f.distinct("size", kind=what.kind, algorithm=algorithm, driver=driver, metric=what.metric)
                   for driver in (what.ours, peer))
    return [size for size in ours if size in other]


def break_even(f, algorithm, peer, what=CRYPTO):
    """The size from which on the queue costs the lcore less than the peer does; None: never."""
    best = None
    for size in reversed(both_sizes(f, algorithm, peer, what)):
        ours, other = (f.get(what.kind, algorithm, size, driver, 32, what.metric) for driver in (what.ours, peer))
        if ours.median >= other.median:
            break
        best = size
    return best


def break_even_cell(f, algorithm, peer, what=CRYPTO):
    """Of a table; "-" where one of both was not measured."""
    sizes = both_sizes(f, algorithm, peer, what)
    return break_even_text(break_even(f, algorithm, peer, what), sizes) if sizes else "-"


def break_even_rows(f):
    """[(name, what, algorithm)] of what there is, in the plan's order."""
    rows = [(algorithm, CRYPTO, algorithm) for algorithm in f.algorithms(CRYPTO.kind)]
    levels = f.algorithms(DEFLATE.kind)
    rows += [(f"compression, {level}", DEFLATE, level) for level in levels]
    return rows + [("decompression", INFLATE, level) for level in levels[:1]]


def tool_limits(f):
    """What a program cannot measure, with any driver of that kind."""
    if f.algorithms(INFLATE.kind) and not f.distinct("driver", kind=INFLATE.kind, driver=plan.ZLIB, metric=INFLATE.metric):
        return ["compress_zlib, decompression: dpdk-test-compress-perf ends with a segmentation fault when it counts its "
                "cycles; its throughput is measured"]
    return []


def cycles_by_size(f, rows):
    """One table, with a column a size: the lcore's cycles an op, medians."""
    sizes = sorted({size for _, what, _ in rows for size in f.distinct("size", kind=what.kind)})
    lines = []
    for name, what, algorithm in rows:
        for driver in (what.ours, *what.peers):
            found = [f.get(what.kind, algorithm, size, driver, 32, what.metric) for size in sizes]
            lines.append((name, driver, *(f"{s.median:.0f}" if s else "-" for s in found)))
    return table(("algorithm", "driver", *map(str, sizes)), lines)


def ratios(f):
    """What compression leaves, by level."""
    rows = []
    for level in f.algorithms(DEFLATE.kind):
        size = max(f.distinct("size", kind=DEFLATE.kind, algorithm=level), default=0)
        found = [f.get(DEFLATE.kind, level, size, driver, 32, "percent") for driver in (DEFLATE.ours, *DEFLATE.peers)]
        rows.append((level, *(f"{s.median:.1f}" if s else "-" for s in found)))
    return table(("level", DEFLATE.ours, *DEFLATE.peers), rows)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def cell(summary, digits=2):
    return summary.text(digits) if summary else "-"


def by_driver(f, kind, algorithm, metric, burst=32, digits=2, what="size", text=None):
    """A table with a column a driver; what varies is the size or the burst. text: makes a cell of a Summary."""
    text = text or (lambda summary: cell(summary, digits))
    drivers = f.drivers(kind, algorithm, metric=metric)
    size = next(iter(f.distinct("size", kind=kind, algorithm=algorithm)), 0)
    rows = []
    for value in f.distinct(what, kind=kind, algorithm=algorithm, metric=metric):
        at = (value, burst) if what == "size" else (size, value)
        rows.append([str(value)] + [text(f.get(kind, algorithm, at[0], d, at[1], metric)) for d in drivers])
    return table([what, *drivers], rows)


def with_reasons(f, kind, algorithm, text):
    """A table, and below it why there is "-" in it."""
    return "\n".join([text, *(f"\n- {why}" for why in f.why_absent(kind, algorithm))])


def sections(f):
    """[(heading, text, names of plots)]"""
    rows = targets(f)
    text = table(("figure", "target", "measured", "reached"),
                 [(figure, target, measured or "not measured", verdict(measured, ok)) for figure, target, measured, ok in rows])
    text = "\n".join([text, *(f"\n- {why}" for why in in_the_way(rows))])
    out = [("Targets", text, ())]
    for algorithm in f.algorithms("throughput"):
        out.append((f"Throughput, {algorithm}", "Gb/s, bursts of 32.\n\n" + with_reasons(
            f, "throughput", algorithm, by_driver(f, "throughput", algorithm, "gbps")), (f"throughput-{algorithm}",)))
    if f.algorithms("cyclecount"):
        out.append(("Cycles an op by burst", "Enqueue and dequeue, 64 bytes; crypto_wd over a device on the other CPU "
                    "that completes at once, crypto_null does no work.\n\n" + with_reasons(
                        f, "cyclecount", "", by_driver(f, "cyclecount", "", "cycles", what="burst", digits=1)),
                    ("cycles-by-burst",)))
    if break_even_rows(f):
        out.append(break_even_section(f))
    out += latency_sections(f)
    for algorithm in f.algorithms("compress"):
        for metric, name in (("comp_gbps", "Compression"), ("decomp_gbps", "Decompression")):
            out.append((f"{name}, {algorithm}", "Gb/s by size of the segment.\n\n" + with_reasons(
                f, "compress", algorithm, by_driver(f, "compress", algorithm, metric)), (f"{name.lower()}",)))
    for kind, name in (("queues", "queue pairs"), ("sessions", "sessions")):
        if f.distinct("burst", kind=kind):
            out.append((f"Cycles an op by {name}", own_counts(f, kind, name), (f"cycles-by-{kind}",)))
    curve = in_flight(f)
    if curve:
        rows = [(str(n), cell(got, 0), "-" if want is None else f"{want:.0f}", "-" if off is None else f"{off:+.1f} %")
                for n, got, want, off in curve]
        out.append(("In flight", "compress_wd, engine=instant, perf=zip-920, 8 KiB, MB/s.\n\n" +
                    table(("in flight", "measured", "published", "deviation"), rows), ("in-flight",)))
    return out


def own_counts(f, kind, name):
    """Of bench-wd, by the number of something; next to sessions the floor."""
    columns = {"cycles": "cycles", **({"line": "a line of each session, alone"} if kind == "sessions" else {})}
    rows = [(str(n), *(cell(f.get(kind, "hw=v3", 0, "bench-wd", n, metric), 1) for metric in columns))
            for n in f.distinct("burst", kind=kind)]
    return table((name, *columns.values()), rows)


def verdict(measured, ok):
    return "-" if measured is None else "yes" if ok else "no"


def summary_tables(f):
    """[table]: from which size on offload pays."""
    tables = []
    for chosen in ((CRYPTO,), (DEFLATE, INFLATE)):
        rows = [(name, *(break_even_cell(f, algorithm, peer, what) for peer in what.peers))
                for name, what, algorithm in break_even_rows(f) if what in chosen]
        if rows:
            tables.append(table(("algorithm", *(f"instead of {peer}" for peer in chosen[0].peers)), rows))
    return tables


def break_even_section(f):
    text = ["Cycles an op of the lcore: through the queue, whatever a device behind it does, next to computing "
            "on the lcore. This says what an lcore saves, not what a device needs.", *summary_tables(f)]
    names = []
    for name, what, algorithm in break_even_rows(f):
        text += [f"Cycles, {name}:", with_reasons(f, what.kind, algorithm, by_driver(
            f, what.kind, algorithm, what.metric, digits=0))]
        names.append(f"cycles-by-size-{name}")
    return ("Break-even", "\n\n".join(text), tuple(names))


def break_even_text(size, sizes):
    if size is None:
        return f"no size up to {sizes[-1]} bytes"
    return f"{'each size, ' if size == sizes[0] else ''}{size} bytes on"


def latency_sections(f):
    out = []
    for algorithm in f.algorithms("latency"):
        for size in f.distinct("size", kind="latency", algorithm=algorithm):
            drivers = f.drivers("latency", algorithm)
            names = ("p50_us", "p90_us", "p99_us", "p99.9_us")
            rows = [(str(burst), driver, *(cell(f.get("latency", algorithm, size, driver, burst, n), 1) for n in names))
                    for burst in f.distinct("burst", kind="latency", algorithm=algorithm, size=size) for driver in drivers]
            out.append((f"Latency, {algorithm}, {size} bytes", "Microseconds by ops of a burst.\n\n" + with_reasons(
                f, "latency", algorithm, table(("burst", "driver", *names), rows)), (f"latency-{algorithm}-{size}",)))
    return out


# ---- files ----


def write_csv(path, results):
    names = ("kind", "driver", "algorithm", "size", "burst", "repetition", "metric", "value")
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(results)


def write_run_csv(path, machine, runner):
    """Machine, versions and command lines, for who reads CSV only."""
    packages = machine.get("packages", {})
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("what", "name", "value"))
        writer.writerows(("machine", name, value) for name, value in machine.items() if name != "packages")
        writer.writerows(("package", name, version) for name, version in packages.items())
        writer.writerows(("command", title, command) for command, title in runner.commands.items())


def write_json(path, machine, runner, rows):
    summary = [{"figure": a, "target": b, "measured": c, "reached": d} for a, b, c, d in rows]
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"machine": machine, "targets": summary, "not_measured": absent_rows(runner.absent), "lost": runner.lost,
                   "left_out": runner.left_out, "commands": runner.commands, "results": runner.results}, out, indent=1)
        out.write("\n")


def absent_rows(absent):
    """As in a file."""
    return [{**dict(zip(("driver", "kind", "algorithm", "size"), where)), **why} for where, why in absent.items()]


def absent_from(rows):
    return {(row["driver"], row["kind"], row["algorithm"], row["size"]):
            {"reason": row["reason"], "refused": row["refused"]} for row in rows}


def not_measured(runner, f):
    """[text]: what is missing, with the reason; algorithms that a driver refuses for one reason together."""
    same = {}
    for (driver, kind, algorithm, size), why in runner.absent.items():
        what = f"{algorithm or kind}{f' of {size} bytes' if size is not None else ''}"
        same.setdefault((driver, kind, why["reason"], why["refused"]), []).append(what)
    lines = [f"{driver}, {kind}, {', '.join(names)}: {'refused, ' if refused else ''}{reason}"
             for (driver, kind, reason, refused), names in same.items()]
    return lines + tool_limits(f) + list(runner.lost) + list(runner.left_out)


def idle(machine):
    """Whether nothing else ran when the measurement began."""
    return float(machine["load_before"].split()[0]) <= 0.5


def between_cpus(f):
    """[text], empty if it is not known."""
    trips = f.trips()
    return [f"a cache line from one CPU to the other and back: {trips.text(0)} ns, before each run"] if trips else []


def file_name(name):
    """Of a plot, without its suffix."""
    return re.sub(r"[^\w.+-]", "_", name)


def markdown(f, machine, runner, plots):
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    lines = ["# Benchmark", "",
             "Medians, and in brackets the lowest and highest of the repetitions, which took turns with the other "
             "drivers. How each figure is taken: doc/bench.md.", "",
             f"- machine: {machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}, {machine['arch']}",
             f"- hugepages: {machine['hugepages_total']} of {machine['hugepage_size']}",
             f"- DPDK {machine['dpdk']}, wd {machine['wd']}; {packages}",
             f"- load before {machine['load_before']}, after {machine.get('load_after', '-')}",
             *(f"- {text}" for text in between_cpus(f)), ""]
    if not idle(machine):
        lines += ["**The machine was not idle when this began; the figures are of little use.**", ""]
    for heading, text, names in sections(f):
        lines += [f"## {heading}", "", text, ""]
        lines += [f"![{name}]({file_name(name)}.svg)" for name in names if name in plots]
        lines.append("")
    lines += ["## Not measured", ""]
    lines += [f"- {text}" for text in not_measured(runner, f)] or ["All that was planned was measured."]
    lines += ["", "## Commands", "", "```", *runner.commands, "```", ""]
    return "\n".join(lines)
