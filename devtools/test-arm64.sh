#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/test-arm64.sh BUILD-DIR OPTION...
#
# The tests of an arm64 build on another machine: programs by user-mode emulation, as
# devtools/test.sh runs them with these options, and next to that in guests with a kernel
# what kernel/test/cases has in its short list. Ends with one line that counts both.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

build=$1
status=0
out=$build/test-kernel/short.log
mkdir -p "$build/test-kernel"
rm -f "$build/test-kernel/testlog.json"
# in a group of its own, so that all of it ends with this script
KERNEL=arm64 setsid devtools/test-kernel.sh "$build" --short >"$out" 2>&1 </dev/null &
guests=$!
trap 'kill -- -$guests 2>/dev/null' EXIT
trap 'exit 1' INT TERM
echo "test-arm64: guests are started as well, they write to $out"
devtools/test.sh "$@" || status=1
echo "test-arm64: the guests, from $out:"
wait $guests || status=1
trap - EXIT
cat "$out"
python3 devtools/test-summary.py "$build"/{meson-logs,test-kernel}/testlog.json || status=1
exit $status
