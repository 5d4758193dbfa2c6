#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""usage: test-summary.py LOG...

Count the tests in logs of `meson test` (BUILD/meson-logs/testlog.json) and of
devtools/test-kernel.py. A program that prints TAP counts with each of its test
points, any other one as one test. What the stock programs executed is named, what
was skipped and why, what was left out as it took too long, and what was
reduced (WD_TEST_REDUCE).
The last line is "N passed, N failed, N skipped"; exit status 1 when a test
failed, or a log is missing or has no test that passed.
"""

import json
import re
import sys

POINT = re.compile(r"^(not )?ok\b[^#\n]*(?:#\s*(skip|todo))?", re.IGNORECASE | re.MULTILINE)
STOCK = re.compile(r"^ok \d+ - (.* over .*)$", re.MULTILINE)
SKIPPED = re.compile(r"^(?:# skipped: (.*)\n)?ok \d+ - (.*?) # SKIP\b *(.*)$", re.MULTILINE)
LEFT_OUT = re.compile(r"^# left out: (.*)$", re.MULTILINE)
REDUCED = re.compile(r"^# (.*: WD_TEST_REDUCE=\d+)$", re.MULTILINE)
GOOD = {"OK", "EXPECTEDFAIL"}


def count(test):
    """Passed, failed, skipped of one program."""
    result, out = test["result"], test.get("stdout") or ""
    if not re.search(r"^1\.\.\d+", out, re.MULTILINE):
        good, skipped = result in GOOD, result == "SKIP"
        return int(good), int(not good and not skipped), int(skipped)
    passed = failed = skipped = 0
    for bad, directive in POINT.findall(out):
        if directive:
            skipped += 1
        elif bad:
            failed += 1
        else:
            passed += 1
    # it crashed, hung, or a sanitizer spoke at the end
    if failed == 0 and result not in GOOD | {"SKIP"}:
        failed = 1
    return passed, failed, skipped


def summarize(name, total):
    """Add the counts of one log; whether some test passed."""
    passed = 0
    try:
        with open(name, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                counts = count(test)
                if " / stock-" in test["name"] or test["name"].startswith("stock-"):
                    for point in STOCK.findall(test.get("stdout") or ""):
                        print(f"stock: {point}")
                for ours, point, theirs in SKIPPED.findall(test.get("stdout") or ""):
                    print(f"skipped: {point}: {ours or theirs}")
                for what in LEFT_OUT.findall(test.get("stdout") or ""):
                    print(f"left out: {test['name']}: {what}")
                for what in sorted(set(REDUCED.findall(test.get("stdout") or ""))):
                    print(f"reduced: {test['name']}: {what}")
                if counts[1]:
                    print(f"failed: {test['name']} ({counts[1]} of {sum(counts)})")
                passed += counts[0]
                total[:] = [a + b for a, b in zip(total, counts)]
    except FileNotFoundError:
        print(f"no test ran: there is no {name}")
    return passed > 0


def main():
    total = [0, 0, 0]
    good = all([summarize(name, total) for name in sys.argv[1:]])
    print("{} passed, {} failed, {} skipped".format(*total))
    return total[1] > 0 or total[0] == 0 or not good


if __name__ == "__main__":
    sys.exit(main())
