#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/stock-compress-perf-test.sh BUILD
#
# Runs the stock dpdk-test-compress-perf over compress_wd on a corpus made of files
# of this machine: headers, shared libraries, documentation. Its verify mode
# compares what was compressed and decompressed with the original. At 32 KiB and
# dynamic codes compress_wd has to compress as small as compress_isal, level 1, and
# at least 0.8 as fast, in the best of a few pairs of runs. Prints TAP.
set -euo pipefail

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nb=0 failures=0
# what runs programs for another CPU, set by meson
read -ra emulator <<<"${MESON_EXE_WRAPPER-}"
lcores=(-l '0,1')
[ ${#emulator[@]} = 0 ] || lcores=(--lcores '(0-1)@(0-1)') # shared with other tests
reduce=${WD_TEST_REDUCE:-1} limit=200
if [ "$reduce" -gt 1 ]; then
	limit=1000
	echo "# 1 of $reduce bytes of the corpus and runs: WD_TEST_REDUCE=$reduce"
fi

# part SIZE: that much of what comes; head ends the pipe early
part() {
	head -c $(($1 / reduce)) || true
}
{
	find /usr/include -name '*.h' -print0 | sort -z | xargs -0 cat 2>/dev/null | part 1500000
	find /usr/lib -type f -name '*.so*' -print0 | sort -z | xargs -0 cat 2>/dev/null | part 1500000
	find /usr/share/doc -type f -print0 | sort -z | xargs -0 cat 2>/dev/null | part 500000
	head -c $((300000 / reduce)) /dev/urandom
} >"$work/corpus" 2>/dev/null || true

# perf DRIVER VDEV argument...: compressed size, ratio, Gb/s of both directions
perf() {
	local driver=$1 vdev=$2
	shift 2
	timeout $limit "${emulator[@]}" dpdk-test-compress-perf "${lcores[@]}" --no-pci --in-memory --no-telemetry --log-level error \
		-d "$build/pmds" --vdev "$vdev" -- --driver-name "$driver" \
		--input-file "$work/corpus" --compress-level 1:1:1 --pool-sz 1024 --burst-sz 32 \
		"$@" >"$work/log" 2>&1 || return 0
	grep -qiE 'error|failed' "$work/log" ||
		awk '/lcore id/ { rows = 1; next } rows && /^ +[0-9]+ +1 +[0-9]+/ { print $3, $4, $5, $6 }' "$work/log" |
		tail -n 1
}

# say NAME DETAIL, by the last status
say() {
	local status=$?
	nb=$((nb + 1))
	if [ $status = 0 ]; then
		echo "ok $nb - $1: $2"
	else
		echo "not ok $nb - $1: $2"
		tail -n 20 "$work/log" | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}

# run NAME argument...
run() {
	local name=$1 row
	shift
	row=$(perf compress_wd compress_wd,dev=sim --operation comp_and_decomp "$@")
	[ -n "$row" ] && row="$(echo "$row" | cut -d ' ' -f 1,2) %" && true
	say "$name" "$row"
}

for codes in fixed dynamic; do
	for size in 1024 4096 16384 32768 59000; do
		run "verify, $codes, one segment of $size" --ptest verify --num-iter 1 --huffman-enc $codes \
			--seg-sz $size --max-num-sgl-segs 1
	done
	for size in 64 2048 8192; do
		run "verify, $codes, 16 segments of $size" --ptest verify --num-iter 1 --huffman-enc $codes \
			--seg-sz $size --max-num-sgl-segs 16
	done
	run "throughput, $codes, one segment of 1024" --ptest throughput --num-iter $(((19 + reduce) / reduce)) --huffman-enc $codes \
		--seg-sz 1024 --max-num-sgl-segs 1
	run "throughput, $codes, 16 segments of 8192" --ptest throughput --num-iter $(((19 + reduce) / reduce)) --huffman-enc $codes \
		--seg-sz 8192 --max-num-sgl-segs 16
done

# ---- next to compress_isal ----

dynamic=(--ptest throughput --operation comp_and_decomp --num-iter 100 --huffman-enc dynamic --seg-sz 32768
	--max-num-sgl-segs 1)
best=0 size_wd=0 size_isal=1
for _ in 1 2 3 4 5 6; do
	read -r size_isal _ isal _ <<<"$(perf compress_isal compress_isal "${dynamic[@]}")"
	[ -n "$size_isal" ] || break
	read -r size_wd _ wd _ <<<"$(perf compress_wd compress_wd,dev=sim "${dynamic[@]}")"
	echo "# compressing, Gb/s: compress_isal $isal, compress_wd ${wd:-none}"
	best=$(awk -v a="${wd:-0}" -v b="$isal" -v best="$best" 'BEGIN { r = a / b; print (r > best ? r : best) }')
	awk -v best="$best" 'BEGIN { exit best < 0.8 }' && break
done
if [ -z "$size_isal" ]; then
	nb=$((nb + 1))
	echo "ok $nb - next to compress_isal # SKIP compress_isal does not run here"
else
	[ "${size_wd:-0}" -gt 0 ] && [ "$size_wd" -le "$size_isal" ]
	say "compressed as small as compress_isal does" "$size_wd and $size_isal bytes"
	read -r load _ </proc/loadavg
	if awk -v best="$best" -v load="$load" 'BEGIN { exit !(best < 0.8 && load > 2.5) }'; then
		nb=$((nb + 1))
		echo "ok $nb - as fast as compress_isal # SKIP other work on this machine, load $load; $best of it"
	else
		awk -v best="$best" 'BEGIN { exit best < 0.8 }'
		say "at least 0.8 as fast as compress_isal" "$best"
	fi
fi
echo "1..$nb"
exit $((failures > 0))
