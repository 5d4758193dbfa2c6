#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/perf-insn.sh BUILD [CLASS...]
#
# Instructions an op of the driver's burst functions, counted by callgrind: the
# same number whatever else the machine does. What is counted is enqueue_burst and
# dequeue_burst of crypto_wd and all they call; see app/test-wd/perf_insn.c.
set -euo pipefail

build=$1
shift
[ $# -gt 0 ] || set -- cipher auth chain aead sgl poll
rounds=200
burst=32
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# $1 function pattern, $2 vdev options, $3 class: instructions in all rounds
count() {
	valgrind --tool=callgrind --callgrind-out-file="$out" --collect-atstart=no --toggle-collect="$1" \
		"$build/app/test-wd/perf-insn" -l 0 --no-pci --legacy-mem -m 128 --huge-unlink --no-telemetry --log-level error \
		-d "$build/pmds" -- "$2" "$3" $rounds >"$out.log" 2>&1 || {
		cat "$out.log" >&2
		rm -f "$out.log"
		return 1
	}
	rm -f "$out.log"
	sed -n 's/^\(totals\|summary\): *\([0-9]*\).*/\2/p' "$out" | head -n 1
}

printf '%-8s %-4s %10s %10s %10s\n' class hw enqueue dequeue sum
for class in "$@"; do
	for hw in v2 v3; do
		if [ "$class" = poll ]; then
			dequeue=$(count 'wd_crypto_sec_dequeue' hw=$hw poll)
			awk -v d="$dequeue" -v n=$rounds -v hw=$hw 'BEGIN {
				printf "%-8s %-4s %10s %10.1f %10.1f\n", "poll", hw, "-", d / n, d / n }'
			continue
		fi
		enqueue=$(count 'wd_crypto_sec_enqueue_bd?_iova' hw=$hw "$class")
		dequeue=$(count 'wd_crypto_sec_dequeue' hw=$hw "$class")
		awk -v e="$enqueue" -v d="$dequeue" -v n=$((rounds * burst)) -v c="$class" -v hw=$hw 'BEGIN {
			printf "%-8s %-4s %10.1f %10.1f %10.1f\n", c, hw, e / n, d / n, (e + d) / n }'
	done
done
