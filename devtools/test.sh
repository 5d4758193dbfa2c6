#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/test.sh BUILD-DIR [argument of `meson test`]...
#
# Runs tests that are built and ends with one line that counts them.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1
shift
rm -f "$build/meson-logs/testlog.json"
# a finding is a failure, not a remark
export LSAN_OPTIONS=${LSAN_OPTIONS-suppressions=$PWD/devtools/lsan.supp:print_suppressions=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-halt_on_error=1:print_stacktrace=1}
status=0
meson test -C "$build" --no-rebuild --print-errorlogs "$@" || status=$?
python3 devtools/test-summary.py "$build/meson-logs/testlog.json" || status=1
exit "$status"
