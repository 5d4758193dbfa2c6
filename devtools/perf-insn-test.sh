#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/perf-insn-test.sh BUILD CLASS HW MOST
#
# Whether an op of that class on that hardware takes no more than MOST instructions
# to enqueue and dequeue, by devtools/perf-insn.sh. Prints TAP.
set -euo pipefail

build=$1 class=$2 hw=$3 most=$4

echo "1..1"
if ! command -v valgrind >/dev/null; then
	echo "ok 1 - instructions an op # SKIP there is no valgrind"
	exit 0
fi
rows=$("$(dirname "$0")/perf-insn.sh" "$build" "$class")
sum=$(awk -v class="$class" -v hw="$hw" '$1 == class && $2 == hw { print $5 }' <<<"$rows")
if awk -v sum="${sum:-1e9}" -v most="$most" 'BEGIN { exit sum > most }'; then
	echo "ok 1 - $class $hw: $sum instructions an op, at most $most"
else
	echo "not ok 1 - $class $hw: ${sum:-no} instructions an op, at most $most"
	exit 1
fi
