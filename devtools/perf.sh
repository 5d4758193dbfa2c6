#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/perf.sh BUILD
#
# What the driver costs and what the whole path does, on this machine: instructions
# an op, throughput next to crypto_aesni_mb in the same run, and the table of the
# stock dpdk-test-crypto-perf over crypto_wd.
set -euo pipefail

build=$1
lcores=0,1
[ "$(nproc)" -ge 2 ] || {
	echo "perf: two CPUs are needed, one for the lcore and one for the software device" >&2
	exit 1
}
aes_cbc=(--optype cipher-only --cipher-algo aes-cbc --cipher-op encrypt --cipher-key-sz 16 --cipher-iv-sz 16)

# crypto_perf DRIVER VDEV argument...
crypto_perf() {
	local driver=$1 vdev=$2
	shift 2
	timeout 300 dpdk-test-crypto-perf -l $lcores --no-pci --in-memory --no-telemetry --log-level error \
		-d "$build/pmds" --vdev "$vdev" -- --ptest throughput --devtype "$driver" --burst-sz 32 \
		--silent "${aes_cbc[@]}" "$@"
}

# Million ops a second of one run at 1024 bytes. A deeper queue holds more than a CPU's cache.
mops() {
	crypto_perf "$1" "$2" --buffer-sz 1024 --total-ops 3000000 --desc-nb 128 --csv-friendly 2>&1 |
		awk -F, '/^ *[0-9]+, *1024,/ { print $8 }'
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# lscpu: /proc/cpuinfo of arm64 has no name
echo "machine: $(LC_ALL=C lscpu | sed -n 's/^ *Model name: *//p' | head -n 1), $(nproc) CPUs, Linux $(uname -r)"
echo "DPDK $(pkg-config --modversion libdpdk), wd $(git describe --always --dirty 2>/dev/null || echo unknown)"
echo
echo "Instructions an op of enqueue_burst and dequeue_burst, 64 bytes (compress: 4 KiB), burst 32, by"
echo "callgrind while the software device completes at once (engine=instant); poll: a dequeue"
echo "with nothing in flight; wait: with a burst in flight and nothing complete:"
devtools/perf-insn.sh "$build"
echo
echo "AES-128-CBC, 1024 bytes, 128 descriptors, million ops a second, five runs in turn;"
echo "crypto_aesni_mb computes on the lcore, crypto_wd has the software device do it on the other CPU:"
mb=() wd=()
for _ in 1 2 3 4 5; do
	mb+=("$(mops crypto_aesni_mb crypto_aesni_mb)")
	wd+=("$(mops crypto_wd crypto_wd,dev=sim)")
done
echo "crypto_aesni_mb ${mb[*]}"
echo "crypto_wd       ${wd[*]}"
a=$(printf '%s\n' "${wd[@]}" | median)
b=$(printf '%s\n' "${mb[@]}" | median)
awk -v a="$a" -v b="$b" 'BEGIN { printf "medians: crypto_wd / crypto_aesni_mb = %.2f\n", a / b }'
echo
comp_perf() {
	timeout 300 dpdk-test-compress-perf -l $lcores --no-pci --in-memory --no-telemetry --log-level error \
		-d "$build/pmds" --vdev "$2" -- --driver-name "$1" --input-file "$(pkg-config --variable=includedir libdpdk)/rte_cryptodev.h" \
		--ptest throughput --operation comp_and_decomp --seg-sz 32768 --max-num-sgl-segs 1 \
		--compress-level 1:1:1 --extended-input-sz 4000000 --num-iter 200 --pool-sz 512 --burst-sz 32 2>&1 |
		awk '/^ +1 +1 +[0-9]+/ { print "compressed to " $4 " %, Gb/s in " $5 ", out " $6 }'
}
echo "Deflate of a C header, 32 KiB, level 1, dpdk-test-compress-perf, in turn:"
for _ in 1 2 3; do
	echo "compress_isal $(comp_perf compress_isal compress_isal)"
	echo "compress_wd   $(comp_perf compress_wd compress_wd,dev=sim)"
done
echo
echo "dpdk-test-crypto-perf over crypto_wd, dev=sim, AES-128-CBC encrypt:"
crypto_perf crypto_wd crypto_wd,dev=sim --buffer-sz 64,128,256,512,1024,2048,4096,8192 --total-ops 1000000 2>&1 |
	awk '/lcore id/ && !header++ { print } /^ +[0-9]+ +[0-9]+ +/ { print; n++ } END { exit n != 8 }'
