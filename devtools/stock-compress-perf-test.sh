#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/stock-compress-perf-test.sh BUILD
#
# Runs the stock dpdk-test-compress-perf over compress_wd on a corpus made of files
# of this machine: headers, shared libraries, documentation. Its verify mode
# compares what was compressed and decompressed with the original. Prints TAP.
set -euo pipefail

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nb=0 failures=0

# part SIZE: that much of what comes; head ends the pipe early
part() {
	head -c "$1" || true
}
{
	find /usr/include -name '*.h' -print0 | sort -z | xargs -0 cat 2>/dev/null | part 1500000
	find "$(dirname "$(command -v dpdk-test)")" -name 'dpdk-test' -print0 | xargs -0 cat | part 1500000
	find /usr/share/doc -type f -print0 | sort -z | xargs -0 cat 2>/dev/null | part 500000
	head -c 300000 /dev/urandom
} >"$work/corpus" 2>/dev/null || true

# run NAME argument...
run() {
	local name=$1 row
	shift
	nb=$((nb + 1))
	timeout 200 dpdk-test-compress-perf -l 0,1 --no-pci --in-memory --no-telemetry --log-level error \
		-d "$build/pmds" --vdev compress_wd,dev=sim -- --driver-name compress_wd \
		--input-file "$work/corpus" --num-iter 1 --compress-level 1:1:1 --pool-sz 1024 --burst-sz 32 \
		"$@" >"$work/log" 2>&1 || true
	# lcore, level, compressed size, ratio: of a program that got through
	row=$(awk '/lcore id/ { rows = 1; next } rows && /^ +[0-9]+ +1 +[0-9]+/ { print $3, $4 }' "$work/log" | tail -n 1)
	if [ -n "$row" ] && ! grep -qiE 'error|failed' "$work/log"; then
		echo "ok $nb - $name: $row %"
	else
		echo "not ok $nb - $name"
		tail -n 20 "$work/log" | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}

for size in 1024 4096 16384 32768 59000; do
	run "verify, one segment of $size" --ptest verify --operation comp_and_decomp --seg-sz $size --max-num-sgl-segs 1
done
for size in 2048 8192; do
	run "verify, 16 segments of $size" --ptest verify --operation comp_and_decomp --seg-sz $size --max-num-sgl-segs 16
done
run "verify, fixed codes" --ptest verify --operation comp_and_decomp --seg-sz 8192 --max-num-sgl-segs 1 \
	--huffman-enc fixed
run "verify, dynamic codes" --ptest verify --operation comp_and_decomp --seg-sz 8192 --max-num-sgl-segs 1 \
	--huffman-enc dynamic
run "throughput" --ptest throughput --operation comp_and_decomp --seg-sz 32768 --max-num-sgl-segs 1
echo "1..$nb"
exit $((failures > 0))
