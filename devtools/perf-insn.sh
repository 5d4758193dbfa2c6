#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/perf-insn.sh BUILD [CLASS...]
#
# Instructions an op of the driver's burst functions, counted by callgrind: the
# same number whatever else the machine does. What is counted is enqueue_burst and
# dequeue_burst of a driver and all they call; see app/test-wd/perf_insn.c and
# perf_insn_comp.c.
set -euo pipefail

build=$1
shift
[ $# -gt 0 ] || set -- cipher auth chain aead sgl poll compress
rounds=200
burst=32
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# count PATTERN PROGRAM ARGUMENT...: instructions in the functions, in all rounds
count() {
	local pattern=$1 program=$2
	shift 2
	valgrind --tool=callgrind --callgrind-out-file="$out" --collect-atstart=no \
		--toggle-collect="$pattern" "$build/app/test-wd/$program" -l 0 --no-pci --legacy-mem -m 128 \
		--huge-unlink --file-prefix "wd-perf-insn-$$" --no-telemetry --log-level error \
		-d "$build/pmds" -- "$@" $rounds >"$out.log" 2>&1 || {
		cat "$out.log" >&2
		rm -f "$out.log"
		return 1
	}
	awk '/Collected/ { print $NF }' "$out.log"
	rm -f "$out.log"
}

printf '%-8s %-4s %10s %10s %10s\n' class hw enqueue dequeue sum
row() { # class, hw, enqueue and dequeue in all rounds, ops in all rounds
	awk -v c="$1" -v hw="$2" -v e="$3" -v d="$4" -v n="$5" 'BEGIN {
		printf "%-8s %-4s %10s %10.1f %10.1f\n", c, hw, e == "-" ? e : sprintf("%.1f", e / n), d / n,
			(e + d) / n }'
}

for class in "$@"; do
	for hw in v2 v3; do
		case $class-$hw in
		poll-*)
			row poll $hw - "$(count wd_crypto_sec_dequeue perf-insn hw=$hw poll)" $rounds
			;;
		compress-*)
			row compress $hw "$(count 'wd_comp_zip_enqueue*' perf-insn-comp hw=$hw)" \
				"$(count 'wd_comp_zip_dequeue*' perf-insn-comp hw=$hw)" $((rounds * burst))
			;;
		*)
			row "$class" $hw "$(count 'wd_crypto_sec_enqueue_bd?_iova' perf-insn hw=$hw "$class")" \
				"$(count wd_crypto_sec_dequeue perf-insn hw=$hw "$class")" $((rounds * burst))
			;;
		esac
	done
done
