#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/test-kernel-check.sh [BUILD-DIR]
#
# Checks that what make test-kernel has to notice is noticed: runs the cases of
# kernel/test/cases.bad, which says what they come to. Wants a BUILD-DIR in which
# make test-kernel has run; two or three minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build}
list=kernel/test/cases.bad
out=$build/test-kernel/check.tap
image=$(devtools/kernel-fetch.sh image)
mkdir -p "$build/test-kernel"
if python3 devtools/test-kernel.py "$build" --kernel "$image" --modules "$build/kernel/modules" --list $list >"$out"; then
	echo "test-kernel-check: bad cases came to a good end, see $out" >&2
	exit 1
fi
if ! diff <(sed -n 's/^#! //p' $list | sort) <(sed -n 's/^not ok [0-9]* - //p' "$out" | sort); then
	echo "test-kernel-check: < was to be noticed, > was noticed; all of it in $out" >&2
	exit 1
fi
echo "test-kernel-check: each of $(grep -c '^#!' $list) faults was noticed"
