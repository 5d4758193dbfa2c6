# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""What dpdk-test-crypto-perf, dpdk-test-compress-perf and bench-wd print.

Each parser gives a list of rows, {column: number}, and raises OutputError when there
are none or when they say that ops were lost. bench/samples/ has recorded output.
"""

import re

from . import stats

THROUGHPUT = ("lcore", "size", "burst", "enqueued", "dequeued", "failed_enq", "failed_deq", "mops", "gbps", "cycles")
CYCLECOUNT = ("lcore", "size", "burst", "enqueued", "dequeued", "retries_enq", "retries_deq", "build", "enqueue",
              "dequeue")
COMPRESS = ("lcore", "level", "bytes", "percent", "comp_gbps", "decomp_gbps")
COMP_CYCLECOUNT = ("lcore", "level", "bytes", "percent", "retries_comp_enq", "retries_comp_deq", "retries_decomp_enq",
                   "retries_decomp_deq", "build", "comp_enq", "comp_deq", "decomp_enq", "decomp_deq")


class OutputError(Exception):
    """Not the output of a run that worked; the text says why."""


def numbers(line, separator=None):
    try:
        return [float(word) for word in line.split(separator)]
    except ValueError:
        return []


def rows_of(text, columns):
    """Lines of as many numbers as there are columns, behind the header line."""
    lines = [numbers(line, ",") for line in text.splitlines()]
    return [dict(zip(columns, line)) for line in lines if len(line) == len(columns)]


def checked(rows, text, total_ops=None):
    if not rows:
        raise OutputError(reason(text))
    for row in rows:
        if row["enqueued"] != row["dequeued"] or total_ops not in (None, row["dequeued"]):
            raise OutputError(f"ops were lost: {row['enqueued']:.0f} in, {row['dequeued']:.0f} out")
    return rows


def throughput(text, total_ops=None):
    return checked(rows_of(text, THROUGHPUT), text, total_ops)


def cyclecount(text, total_ops=None):
    rows = checked(rows_of(text, CYCLECOUNT), text, total_ops)
    for row in rows:
        row["cycles"] = row["enqueue"] + row["dequeue"]
    return rows


def latency(text):
    """One row a burst size, with percentiles over all ops."""
    times = {}
    for line in text.splitlines():
        words = numbers(line, ",")
        if len(words) == 6:
            times.setdefault((words[1], words[2]), []).append(words[5])
    if not times:
        raise OutputError(reason(text))
    return [{"size": size, "burst": burst, **stats.percentiles(values)} for (size, burst), values in times.items()]


def compress(text):
    found = False
    rows = []
    for line in text.splitlines():
        found = found or "Comp [Gbps]" in line
        words = numbers(line)
        if found and len(words) == len(COMPRESS):
            rows.append(dict(zip(COMPRESS, words)))
    if not rows:
        raise OutputError(reason(text))
    return rows


def comp_cyclecount(text):
    rows = []
    for line in text.splitlines():
        words = numbers(line.replace("|", " "))
        if line.count("|") == 2 and len(words) == len(COMP_CYCLECOUNT):
            row = dict(zip(COMP_CYCLECOUNT, words))
            rows.append({**row, "comp_cycles": row["comp_enq"] + row["comp_deq"],
                         "decomp_cycles": row["decomp_enq"] + row["decomp_deq"]})
    if not rows:
        raise OutputError(reason(text))
    return rows


def own(text, what):
    """Lines of bench-wd: a word, then numbers, "-" where there is none."""
    rows = []
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == what:
            rows.append([None if word == "-" else float(word) for word in words[1:]])
    if not rows:
        raise OutputError(reason(text))
    return rows


def is_refusal(why):
    """Whether a stock program says that the driver has not got what was asked for."""
    return "does not support" in why


def reason(text):
    """The line of an output without results that says most of why."""
    lines = [line.strip().removeprefix("USER1: ") for line in text.splitlines() if line.strip()]
    for pattern in (r"not support|unsupported", r"fail|unable|cannot|invalid|refused|no such|must be", r"error"):
        for line in lines:
            if re.search(pattern, line, re.IGNORECASE):
                return line
    return lines[-1] if lines else "no output"
