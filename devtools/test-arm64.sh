#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/test-arm64.sh BUILD-DIR OPTION...
#
# The tests of an arm64 build on another machine: programs by user-mode emulation, as
# devtools/test.sh runs them with these options, then in guests with a kernel what
# kernel/test/cases has in its short list. Ends with one line that counts both.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

build=$1
status=0
rm -f "$build/test-kernel/testlog.json"
devtools/test.sh "$@" || status=1
KERNEL=arm64 devtools/test-kernel.sh "$build" --short || status=1
python3 devtools/test-summary.py "$build"/{meson-logs,test-kernel}/testlog.json || status=1
exit $status
