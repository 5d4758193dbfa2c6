#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""usage: test-compare.py NATIVE ARM64 [TABLE]

Compare which cases ran in the tests of two build directories, after `make test` and
`make test ARCH=arm64`: as many of each name, numbers in it apart. Cases that ran in one
of them only, or were skipped in the other, need a row in TABLE, devtools/test-compare.table,
that says why. Of what runs in guests the short list of kernel/test/cases is compared, if
`make test-kernel` has run, too.
Prints the tests that differ; exit status 1 for a difference without a reason, or a log
that is missing.
"""

import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ["meson-logs/testlog.json", "test-kernel/testlog.json"]
POINT = re.compile(r"^(?:not )?ok\b *\d*(?: -)? *([^#\n]*)(?:#\s*(skip|todo)\b)?", re.IGNORECASE | re.MULTILINE)
CASES = re.compile(r": (\d+) cases$")  # of a stock program, which is one point
MOST = 60  # lines of what has no reason
ROW = re.compile(r"^(native|arm64)\s+(\S.*?)\s+#\s*(\S.*)$")

Row = collections.namedtuple("Row", "side pattern why")


def read_table(name):
    """Rows "SIDE REGULAR-EXPRESSION # why"."""
    rows = []
    for nb, line in enumerate(pathlib.Path(name).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        row = ROW.match(line)
        if not row:
            sys.exit(f"{name}:{nb}: not 'native|arm64 TEST: CASE # why'")
        rows.append(Row(row[1], re.compile(row[2]), row[3]))
    return rows


def cases_of(test):
    """How many cases of each name ran in one program."""
    ran = collections.Counter()
    out = test.get("stdout") or ""
    if not re.search(r"^1\.\.\d+", out, re.MULTILINE):
        if test["result"] != "SKIP":
            ran["the program"] += 1
        return ran
    for name, directive in POINT.findall(out):
        if directive:
            continue
        name = re.sub(r" \(\d+ ms\)$", "", name.strip())
        several = CASES.search(name)
        name = re.sub(r"0x[0-9a-f]+|\d+", "N", name)
        # the kernel's name has the architecture in it
        ran[re.sub(r"-(amd|arm)N\b", "", name)] += int(several[1]) if several else 1
    return ran


def read_log(name):
    """Test to what ran in it."""
    tests = {}
    with open(name, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            suite, _, short = test["name"].rpartition(" / ")
            if suite == "kernel":
                short = "guest " + short
            tests.setdefault(short, collections.Counter()).update(cases_of(test))
    return tests


def guests_of_the_short_list():
    """Names as in a log; and what is not of any case."""
    words = []
    for line in (ROOT / "kernel/test/cases").read_text(encoding="utf-8").splitlines():
        if line.startswith("short "):
            words += line.split()[1:]
    return {"guest " + word for word in words + ["build"]}


def compare(native, arm64, rows):
    """Lines "test, cases here, cases there, why" of what differs, and those without a why."""
    differ, unexplained = [], []
    for test in sorted(native.keys() | arm64.keys()):
        here, there = native.get(test, collections.Counter()), arm64.get(test, collections.Counter())
        why = {}
        for side, extra in (("native", here - there), ("arm64", there - here)):
            for case, count in sorted(extra.items()):
                reason = next((row.why for row in rows
                               if row.side == side and row.pattern.fullmatch(f"{test}: {case}")), None)
                if reason is None:
                    unexplained.append(f"{test}: {case}: {here[case]} on this machine, {there[case]} on arm64")
                else:
                    why[reason] = why.get(reason, 0) + count
        if here != there:
            differ.append((test, sum(here.values()), sum(there.values()), why))
    return differ, unexplained


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__.splitlines()[0])
    builds = [pathlib.Path(name) for name in sys.argv[1:3]]
    rows = read_table(sys.argv[3] if len(sys.argv) > 3 else ROOT / "devtools/test-compare.table")
    native, arm64 = {}, {}
    for log in LOGS:
        missing = [str(build / log) for build in builds if not (build / log).exists()]
        if missing and log == LOGS[0]:
            sys.exit(f"compare: there is no {' and no '.join(missing)}")
        if missing:
            print(f"compare: guests are left out, there is no {' and no '.join(missing)}")
            continue
        native.update(read_log(builds[0] / log))
        arm64.update(read_log(builds[1] / log))
    short = guests_of_the_short_list()
    for tests in native, arm64:
        for test in [t for t in tests if t.startswith("guest ") and t not in short]:
            del tests[test]

    differ, unexplained = compare(native, arm64, rows)
    if differ:
        print(f"compare: {'cases':<28} {'native':>7} {'arm64':>7}  why")
    for test, here, there, why in differ:
        reasons = "; ".join(f"{count}: {reason}" for reason, count in why.items())
        print(f"compare: {test:<28} {here:>7} {there:>7}  {reasons}")
    for line in unexplained[:MOST]:
        print(f"compare: no reason for {line}")
    if len(unexplained) > MOST:
        print(f"compare: and for {len(unexplained) - MOST} more")
    both = sum((native[test] & arm64[test]).total() for test in native.keys() & arm64.keys())
    print(f"compare: {len(native.keys() & arm64.keys())} tests and {both} cases on both, "
          f"{len(differ)} tests differ, {len(unexplained)} cases without a reason")
    return 1 if unexplained or both == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
