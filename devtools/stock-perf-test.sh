#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/stock-perf-test.sh BUILD
#
# Runs the stock dpdk-test-crypto-perf over crypto_wd in all its modes, not to
# measure but to see that it runs clean: every op that goes in comes out, and in
# verify mode with the right bytes. Prints TAP.
set -euo pipefail

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sizes=64,128,256,512,1024,2048,4096,8192
ops=20000
nb=0 failures=0
# what runs programs for another CPU, set by meson
read -ra emulator <<<"${MESON_EXE_WRAPPER-}"
lcores=(-l '0,1')
[ ${#emulator[@]} = 0 ] || lcores=(--lcores '(0-1)@(0-1)') # shared with other tests
limit=120
if [ "${WD_TEST_REDUCE:-1}" -gt 1 ]; then
	limit=600
	echo "# $((ops / WD_TEST_REDUCE)) of $ops ops: WD_TEST_REDUCE=$WD_TEST_REDUCE"
	ops=$((ops / WD_TEST_REDUCE))
fi

aes_cbc=(--optype cipher-only --cipher-algo aes-cbc --cipher-op encrypt --cipher-key-sz 16 --cipher-iv-sz 16)
aes_gcm=(--optype aead --aead-algo aes-gcm --aead-op encrypt --aead-key-sz 16 --aead-iv-sz 12
	--aead-aad-sz 12 --digest-sz 16)
sha2=(--optype auth-only --auth-algo sha2-256-hmac --auth-op generate --auth-key-sz 32 --digest-sz 32)
chain=(--optype cipher-then-auth --cipher-algo aes-cbc --cipher-op encrypt --cipher-key-sz 16
	--cipher-iv-sz 16 --auth-algo sha1-hmac --auth-op generate --auth-key-sz 20 --digest-sz 20)

# run NAME VDEV-OPTIONS CHECK argument...
run() {
	local name=$1 options=$2 check=$3 problem=
	shift 3
	nb=$((nb + 1))
	if ! timeout $limit "${emulator[@]}" dpdk-test-crypto-perf "${lcores[@]}" --no-pci --in-memory --no-telemetry -d "$build/pmds" \
		--vdev "crypto_wd,dev=sim$options" -- --devtype crypto_wd --total-ops $ops --csv-friendly \
		--silent "$@" >"$work/log" 2>&1; then
		problem="the program failed"
	elif ! problem=$($check "$work/log"); then
		problem=${problem:-"not all results are there"}
	fi
	if [ -z "$problem" ]; then
		echo "ok $nb - $name"
	else
		echo "not ok $nb - $name: $problem"
		tail -n 20 "$work/log" | sed 's/^/# /'
		failures=$((failures + 1))
	fi
}

# Rows of figures: lcore, size, burst, enqueued, dequeued; $1 rows are expected.
rows() {
	awk -F, -v want="$1" -v ops=$ops '
		/^ *[0-9]+, *[0-9]+,/ { n++; if ($4 != ops || $5 != ops) { print "lost ops: " $0; bad = 1 } }
		END { if (n != want && !bad) print n + 0 " rows, not " want; exit bad || n != want }' "$2"
}
check_24() { rows 24 "$1"; } # 8 sizes, 3 bursts
check_1() { rows 1 "$1"; }
# Latency prints a row an op and run.
check_latency() {
	awk -F, -v want=$((9 * ops)) '/^[0-9]+,[0-9]+,[0-9]+,[0-9]+,/ { n++ }
		END { if (n != want) print n + 0 " ops, not " want; exit n != want }' "$1"
}
# Verify: enqueued, dequeued, retries, retries, failed ops
check_verify() {
	awk -F, -v ops=$ops '
		/^ *[0-9]+, *[0-9]+,/ { n++; if ($4 != ops || $5 != ops || $8 != 0) { print "wrong: " $0; bad = 1 } }
		END { exit bad || n != 1 }' "$1"
}

for hw in v2 v3; do
	run "throughput aes-cbc hw=$hw" ",hw=$hw" check_24 --ptest throughput --buffer-sz $sizes --burst-sz 1,32,1024 "${aes_cbc[@]}"
	run "throughput aes-gcm hw=$hw" ",hw=$hw" check_24 --ptest throughput --buffer-sz $sizes --burst-sz 1,32,1024 "${aes_gcm[@]}"
	run "throughput aes-cbc and sha1-hmac hw=$hw" ",hw=$hw" check_24 --ptest throughput --buffer-sz $sizes --burst-sz 1,32,1024 "${chain[@]}"
done
run "throughput sha256-hmac" "" check_24 --ptest throughput --buffer-sz $sizes --burst-sz 1,32,1024 "${sha2[@]}"
run "throughput instant" ,engine=instant check_24 --ptest throughput --buffer-sz $sizes --burst-sz 1,32,1024 "${aes_cbc[@]}"
run "throughput sva" ,sva=1 check_24 --ptest throughput --buffer-sz $sizes --burst-sz 1,32,1024 "${aes_cbc[@]}"
run "throughput out of place" "" check_24 --ptest throughput --buffer-sz $sizes --burst-sz 1,32,1024 --out-of-place \
	--segment-sz 8300 "${aes_cbc[@]}"
run "throughput segmented" "" check_1 --ptest throughput --buffer-sz 8192 --burst-sz 32 --segment-sz 1024 "${aes_cbc[@]}"
run "throughput segmented out of place, gcm" "" check_1 --ptest throughput --buffer-sz 4096 --burst-sz 32 \
	--segment-sz 4200 --out-of-place "${aes_gcm[@]}"
run "throughput 16 descriptors" "" check_1 --ptest throughput --buffer-sz 64 --burst-sz 32 --desc-nb 16 "${aes_cbc[@]}"
run "pmd-cyclecount" "" check_24 --ptest pmd-cyclecount --buffer-sz $sizes --burst-sz 1,32,1024 "${aes_cbc[@]}"
run "latency" "" check_latency --ptest latency --buffer-sz 64,1024,8192 --burst-sz 1,32,1024 "${aes_cbc[@]}"

hex() { sed 's/\(..\) */0x\1, /g; $s/, $//'; }
bytes() { od -An -v -tx1 "$1" | sed 's/^ //' | hex; }
key=000102030405060708090a0b0c0d0e0f iv=0f0e0d0c0b0a09080706050403020100
for size in 64 1024 8192; do
	head -c $size "$build/meson-info/intro-targets.json" >"$work/plain"
	openssl enc -aes-128-cbc -nopad -K $key -iv $iv -in "$work/plain" -out "$work/cipher"
	{
		echo "plaintext =" && bytes "$work/plain"
		echo "cipher_key =" && echo $key | hex
		echo "cipher_iv =" && echo $iv | hex
		echo "ciphertext =" && bytes "$work/cipher"
	} >"$work/vector"
	run "verify $size" "" check_verify --ptest verify --buffer-sz $size --burst-sz 32 --test-file "$work/vector" "${aes_cbc[@]}"
done
echo "1..$nb"
exit $((failures > 0))
