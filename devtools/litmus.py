#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""usage: litmus.py [FILE]...

Judge litmus tests, those of lib/wd/litmus/ by default, with herd7 under the ARMv8
model: what a test says must never be is not possible; and for each barrier that a
test marks, it is possible without it. The marks are comments at ends of rows:

    (* drop: NAME *)     the row goes
    (* relax: NAME *)    LDAR becomes LDR in the row, STLR becomes STR

Rows with the same mark go together. Prints TAP. herd7 is $HERD7, or the one in PATH,
or what devtools/herd-fetch.sh fetched; without it all is skipped.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MARK = re.compile(r";\s*\(\*\s*(drop|relax): (.*?)\s*\*\)\s*$")


def herd_find():
    named = os.environ.get("HERD7")
    fetched = ROOT / ".deps/herd/herd7"
    return named or shutil.which("herd7") or (str(fetched) if fetched.exists() else None)


def without(text, mark):
    """The test without that barrier."""
    rows = []
    for row in text.splitlines():
        match = MARK.search(row)
        if match and match.groups() == mark:
            if mark[0] == "drop":
                continue
            row = re.sub(r"\bLDAR\b", "LDR", re.sub(r"\bSTLR\b", "STR", row))
        rows.append(row)
    return "\n".join(rows) + "\n"


def judge(herd, text):
    """Never, Sometimes, Always, or what went wrong."""
    with tempfile.NamedTemporaryFile("w", suffix=".litmus") as file:
        file.write(text)
        file.flush()
        run = subprocess.run(
            herd.split() + [file.name], capture_output=True, text=True, check=False
        )
    match = re.search(r"^Observation \S+ (\w+)", run.stdout, re.MULTILINE)
    return match[1] if match else (run.stderr or run.stdout).strip() or "no verdict"


def main():
    names = [pathlib.Path(name) for name in sys.argv[1:]]
    names = names or sorted((ROOT / "lib/wd/litmus").glob("*.litmus"))
    points = []  # what is said, text, expected verdict
    for name in names:
        text = name.read_text(encoding="utf-8")
        marks = dict.fromkeys(m.groups() for m in map(MARK.search, text.splitlines()) if m)
        points.append((f"{name.stem}", text, "Never"))
        if not marks:
            points.append((f"{name.stem} marks no barrier", text, "a mark"))
        for mark in marks:
            points.append((f"{name.stem} without {mark[1]}", without(text, mark), "Sometimes"))
    print("TAP version 13")
    print(f"1..{len(points)}")
    herd = herd_find()
    if not herd:
        for nb, point in enumerate(points, 1):
            print(f"ok {nb} - {point[0]} # SKIP no herd7: devtools/herd-fetch.sh")
        return 0
    version = subprocess.run(
        herd.split() + ["-version"], capture_output=True, text=True, check=False
    )
    print(f"# herd7 {version.stdout.strip()}")
    failed = 0
    for nb, (what, text, expected) in enumerate(points, 1):
        verdict = judge(herd, text)
        good = verdict == expected
        failed += not good
        print(f"{'ok' if good else 'not ok'} {nb} - {what}: {verdict}", flush=True)
        if not good:
            print(f"# {expected} was expected")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
