#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""usage: check-forbidden.py LIST < names of files

Report what the list (devtools/forbidden.txt, which explains itself) forbids.
"""

import fnmatch
import re
import sys

# a comment, or a literal that may look like one
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments(text):
    """The same lines, comments blanked."""
    return COMMENT.sub(lambda m: "\n" * m[0].count("\n") + " " if m[0][0] == "/" else m[0], text)


def read_rules(name):
    rules = []
    with open(name, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                kind, paths, pattern, reason = (f.strip() for f in line.split(" | "))
                assert kind in ("code", "text"), line
                rules.append((kind == "code", paths.split(), re.compile(pattern), reason))
    return rules


def applies(paths, name):
    verdict = False
    for path in paths:
        if fnmatch.fnmatchcase(name, path.lstrip("!")):
            verdict = not path.startswith("!")
    return verdict


def main():
    rules = read_rules(sys.argv[1])
    bad = False
    for name in sys.stdin.read().splitlines():
        is_c = name.endswith((".c", ".h"))
        mine = [r for r in rules if applies(r[1], name) and (is_c or not r[0])]
        try:
            with open(name, encoding="utf-8") as f:
                text = f.read()
        except UnicodeDecodeError:
            continue
        code = without_comments(text) if is_c else ""
        for is_code, _, pattern, reason in mine:
            for nb, line in enumerate((code if is_code else text).splitlines(), 1):
                found = pattern.search(line)
                if found:
                    print(f"{name}:{nb}: {found[0].strip()}: {reason}")
                    bad = True
    return bad


if __name__ == "__main__":
    sys.exit(main())
