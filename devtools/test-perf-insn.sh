#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/test-perf-insn.sh [BUILD]
#
# Whether devtools/perf-insn-test.sh notices what it is for, by tables and figures that
# are changed. Without BUILD nothing is measured; with it, one class is, against a table
# that says less. Prints TAP.
set -euo pipefail

here=$(dirname "$0")
table=$here/perf-insn.table targets=$here/perf-insn.targets
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
nb=0 status=0

# point WHAT COMMAND...: ok if the command succeeds
point() {
	local what=$1
	shift
	nb=$((nb + 1))
	if "$@" >"$dir/why" 2>&1; then
		echo "ok $nb - $what"
	else
		status=1
		echo "not ok $nb - $what"
		sed 's/^/# /' "$dir/why"
	fi
}

# set_column FILE KEY COLUMN FACTOR: the rows "class hw simd" that match KEY, column times FACTOR
set_column() {
	awk -v key="$2" -v column="$3" -v factor="$4" '
		$1 " " $2 " " $3 ~ key { $column = sprintf("%.1f", $column * factor) } { print }' "$1"
}

# complains EXPECTED ARGUMENT...: the lines "not ok" are as many as of EXPECTED, and match them
complains() {
	local expected=$1 got=0
	shift
	"$here/perf-insn-test.sh" "$@" >"$dir/tap" 2>&1 || got=$?
	grep -v '^ok' "$dir/tap" || true
	grep '^not ok' "$dir/tap" | sed 's/^not ok [0-9]* - //' >"$dir/bad" || true
	# as many points as announced, and some
	[ "1..$(grep -cE '^(not )?ok' "$dir/tap")" = "$(head -n 1 "$dir/tap")" ] && grep -q '^ok' "$dir/tap" || return 1
	if [ -z "$expected" ]; then
		[ ! -s "$dir/bad" ] && [ $got = 0 ]
		return
	fi
	[ $got = 1 ] && [ "$(wc -l <"$dir/bad")" = "$(wc -l <<<"$expected")" ] || return 1
	while read -r pattern; do
		grep -qE "$pattern" "$dir/bad" || return 1
	done <<<"$expected"
}

if [ $# -gt 0 ]; then
	if [ ! -e "$1/devtools/insn-count.so" ] && ! command -v valgrind >/dev/null; then
		echo "1..1"
		echo "ok 1 - a rise # SKIP there is no valgrind"
		exit 0
	fi
	echo "1..2"
	simd=$("$here/perf-insn.sh" -w "$1")
	simd=${simd%%$'\n'*}
	{
		set_column "$table" "^wait v3 $simd" 5 0.9
		echo "wait v9 $simd - 39.0 39.0 -"
	} >"$dir/table"
	point "a rise, and a row that cannot be measured" complains \
		"$(printf '^wait v3 simd=%s: dequeue [0-9.]+, was [0-9.]+;$\n^wait v9 simd=%s: in the table, and was not measured\n' \
			"$simd" "$simd")" "$1" "$dir/table" "$targets" wait
	cp "$dir/tap" "$dir/measured"
	point "the function is named" grep -qE '^# .*wd_crypto_sec_dequeue' "$dir/measured"
	exit $status
fi

echo "1..13"
now=(-m "$table" build)
point "the table itself" complains "" "${now[@]}" "$table"
set_column "$table" "^aead v3 256" 4 0.96 >"$dir/table"
point "4 % more than the table" complains "" "${now[@]}" "$dir/table"
set_column "$table" "^aead v3 256" 4 0.94 >"$dir/table"
point "6 % more in enqueue" complains "^aead v3 simd=256: enqueue [0-9.]+, was [0-9.]+;\$" "${now[@]}" "$dir/table"
set_column "$table" "^cipher v2 neon" 5 0.94 >"$dir/table"
point "6 % more in dequeue" complains "^cipher v2 simd=neon: dequeue [0-9.]+, was" "${now[@]}" "$dir/table"
set_column "$table" "^cipher v2 neon" 7 2 >"$dir/table"
point "other doorbells" complains "^cipher v2 simd=neon: doorbells 1.0, was 2.0;" "${now[@]}" "$dir/table"
grep -v "^sgl  *v3  *128 " "$table" >"$dir/table"
point "a figure that is not in the table" complains "^sgl v3 simd=128: no row in the table;\$" "${now[@]}" "$dir/table"
point "a row that was not measured" complains "^sgl v3 simd=128: in the table, and was not measured\$" \
	-m "$dir/table" build "$table"
grep -v "^[a-z0-9]*  *v[23]  *256 " "$table" >"$dir/table"
point "a machine without wide vectors" complains "" -m "$dir/table" build "$table"
sed 's/^\(target sgl *\)140/\1133/' "$targets" >"$dir/targets"
point "more than the target" complains \
	"$(printf '^sgl v%s simd=128: [0-9.]+, the target is 133;$\n' 2 3)" "${now[@]}" "$table" "$dir/targets"
grep -v "^except chain" "$targets" >"$dir/targets"
point "an exception that is not there" complains \
	"$(printf '^chain v%s simd=128: [0-9.]+, the target is 85;$\n' 2 3)" "${now[@]}" "$table" "$dir/targets"
sed 's/^\(except chain *[^ ]* *[^ ]*\) *[0-9]*/\1 86/' "$targets" >"$dir/targets"
point "more than the exception" complains \
	"$(printf '^chain v%s simd=128: [0-9.]+, the exception is 86;$\n' 2 3)" \
	"${now[@]}" "$table" "$dir/targets"
{ cat "$targets" && echo "except cipher v3 neon 80 no reason"; } >"$dir/targets"
point "an exception that nothing needs" complains \
	"^cipher v3 simd=neon: [0-9.]+ needs no exception from 72;\$" "${now[@]}" "$table" "$dir/targets"
grep -v "^target poll" "$targets" >"$dir/targets"
point "a class without a target" complains \
	"$(printf '^poll v%s simd=%s: no target;$\n' 2 128 2 256 2 neon 3 128 3 256 3 neon)" \
	"${now[@]}" "$table" "$dir/targets"
exit $status
