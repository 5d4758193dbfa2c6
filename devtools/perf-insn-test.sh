#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/perf-insn-test.sh [-m MEASURED] BUILD [TABLE [TARGETS [CLASS...]]]
#
# Whether an op takes as many instructions as devtools/perf-insn.table says, within
# 5 %, by devtools/perf-insn.sh, and a burst of ops one doorbell; whether that is no more
# than devtools/perf-insn.targets allows; and whether all rows of the table were measured
# that this machine can measure. Prints TAP. For a figure that rose: which of enqueue and
# dequeue it is, and the functions in it. -m: judge figures taken before, lines of
# perf-insn.sh. CLASS: only these. After a change that lowers figures, write the table anew:
#
#     { devtools/perf-insn.sh build; devtools/perf-insn.sh build-arm64 | sed 1d; } >devtools/perf-insn.table
set -euo pipefail

here=$(dirname "$0")
measured=
if [ "$1" = -m ]; then
	measured=$2
	shift 2
fi
build=$1 table=${2:-$here/perf-insn.table} targets=${3:-$here/perf-insn.targets}
classes=("${@:4}")

if [ -z "$measured" ] && [ ! -e "$build/devtools/insn-count.so" ] && ! command -v valgrind >/dev/null; then
	echo "1..1"
	echo "ok 1 - instructions an op # SKIP there is no valgrind"
	exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ -n "$measured" ]; then
	cat "$measured" >"$dir/now"
	simds=$(awk 'NR > 1 && !seen[$3]++ { print $3 }' "$measured")
else
	"$here/perf-insn.sh" -k "$dir" "$build" "${classes[@]}" >"$dir/now"
	simds=$("$here/perf-insn.sh" -w "$build")
fi

# judge CLASS HW SIMD ENQUEUE DEQUEUE SUM DOORBELLS: what is wrong, if anything is
judge() {
	awk -v class="$1" -v hw="$2" -v simd="$3" -v e="$4" -v d="$5" -v sum="$6" -v bells="$7" '
		function over(now, then) { return now != "-" && (then == "-" || now > then * 1.05) }
		function is(pattern, value) { return pattern == "*" || pattern == value }
		FILENAME == ARGV[1] {
			if ($1 == "target" && $2 == class) most = $3
			if ($1 == "except" && $2 == class && is($3, hw) && is($4, simd)) excepted = $5
			next
		}
		$1 == class && $2 == hw && $3 == simd {
			known = 1
			if (over(e, $4)) wrong = wrong sprintf(" enqueue %s, was %s;", e, $4)
			if (over(d, $5)) wrong = wrong sprintf(" dequeue %s, was %s;", d, $5)
			if (bells != $7) wrong = wrong sprintf(" doorbells %s, was %s;", bells, $7)
		}
		END {
			if (!known) wrong = wrong " no row in the table;"
			if (most == "") wrong = wrong " no target;"
			else if (excepted == "" && sum + 0 > most + 0) wrong = wrong sprintf(" %s, the target is %s;", sum, most)
			else if (excepted != "" && sum + 0 > excepted + 0) wrong = wrong sprintf(" %s, the exception is %s;", sum, excepted)
			else if (excepted != "" && sum + 0 <= most + 0) wrong = wrong sprintf(" %s needs no exception from %s;", sum, most)
			print wrong
		}' "$targets" "$table"
}

# rows of the table that were to be measured and were not
missing() {
	awk -v simds=" $(echo $simds) " -v classes=" ${classes[*]-} " '
		FILENAME == ARGV[1] { now[$1 " " $2 " " $3] = 1; next }
		FNR == 1 || now[$1 " " $2 " " $3] || !index(simds, " " $3 " ") { next }
		classes !~ /[a-z]/ || index(classes, " " $1 " ") { print $1, $2, $3 }' "$dir/now" "$table"
}

missing >"$dir/missing"
echo "1..$(($(wc -l <"$dir/now") - 1 + $(wc -l <"$dir/missing")))"
nb=0 status=0
while read -r class hw simd enqueue dequeue sum doorbells; do
	[ "$class" != class ] || continue
	nb=$((nb + 1))
	wrong=$(judge "$class" "$hw" "$simd" "$enqueue" "$dequeue" "$sum" "$doorbells")
	if [ -z "$wrong" ]; then
		echo "ok $nb - $class $hw simd=$simd: $sum instructions"
		continue
	fi
	status=1
	echo "not ok $nb - $class $hw simd=$simd:$wrong"
	if [ -n "$measured" ]; then
		continue
	elif [ -e "$build/devtools/insn-count.so" ]; then # exclusive, in all rounds
		awk '{ n[$2] += $3 } END { for (f in n) print n[f], f }' "$dir/$class-$hw-$simd" |
			sort -rn | head -n 6 | sed 's/^/#  /'
		continue
	fi
	# inclusive, in all rounds, without the program around them
	callgrind_annotate --inclusive=yes --threshold=100 "$dir/$class-$hw-$simd" |
		grep -F "librte_" | grep -v ":0x" | head -n 6 | sed 's/^/#  /; s/\[.*//' || true
done <"$dir/now"
while read -r class hw simd; do
	nb=$((nb + 1)) status=1
	echo "not ok $nb - $class $hw simd=$simd: in the table, and was not measured"
done <"$dir/missing"
exit $status
