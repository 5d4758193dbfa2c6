#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/perf-insn-test.sh BUILD [TABLE]
#
# Whether an op takes as many instructions as devtools/perf-insn.table says, within
# 5 %, by devtools/perf-insn.sh, and a burst of ops one doorbell. Prints TAP. For a
# figure that rose: which of enqueue and dequeue it is, and the functions in it. After
# a change that lowers figures, write the table anew:
#
#     { devtools/perf-insn.sh build; devtools/perf-insn.sh build-arm64 | sed 1d; } >devtools/perf-insn.table
set -euo pipefail

here=$(dirname "$0")
build=$1 table=${2:-$here/perf-insn.table}

if [ ! -e "$build/devtools/insn-count.so" ] && ! command -v valgrind >/dev/null; then
	echo "1..1"
	echo "ok 1 - instructions an op # SKIP there is no valgrind"
	exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$here/perf-insn.sh" -k "$dir" "$build" >"$dir/now"

# judge CLASS HW SIMD ENQUEUE DEQUEUE SUM DOORBELLS: what rose, if anything did
judge() {
	awk -v key="$1 $2 $3" -v e="$4" -v d="$5" -v bells="$7" '
		function over(now, then) { return now != "-" && now > then * 1.05 }
		$1 " " $2 " " $3 == key {
			known = 1
			if (over(e, $4)) rose = rose sprintf(" enqueue %s, was %s;", e, $4)
			if (over(d, $5)) rose = rose sprintf(" dequeue %s, was %s;", d, $5)
			if (bells != $7) rose = rose sprintf(" doorbells %s, was %s;", bells, $7)
		}
		END { print known ? rose : " no row in the table" }' "$table"
}

echo "1..$(($(wc -l <"$dir/now") - 1))"
nb=0 status=0
while read -r class hw simd enqueue dequeue sum doorbells; do
	[ "$class" != class ] || continue
	nb=$((nb + 1))
	rose=$(judge "$class" "$hw" "$simd" "$enqueue" "$dequeue" "$sum" "$doorbells")
	if [ -z "$rose" ]; then
		echo "ok $nb - $class $hw simd=$simd: $sum instructions"
		continue
	fi
	status=1
	echo "not ok $nb - $class $hw simd=$simd:$rose"
	if [ -e "$build/devtools/insn-count.so" ]; then # exclusive, in all rounds
		awk '{ n[$2] += $3 } END { for (f in n) print n[f], f }' "$dir/$class-$hw-$simd" |
			sort -rn | head -n 6 | sed 's/^/#  /'
		continue
	fi
	# inclusive, in all rounds, without the program around them
	callgrind_annotate --inclusive=yes --threshold=100 "$dir/$class-$hw-$simd" |
		grep -F "librte_" | grep -v ":0x" | head -n 6 | sed 's/^/#  /; s/\[.*//' || true
done <"$dir/now"
exit $status
