#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: test_dpdk.sh sva|registered [TEST]...
#
# Stock DPDK programs, and ours that count system calls, over the drivers and the
# character devices of wd_emu.ko, whose hardware side is wd-emud.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC1091
. kernel/test/ktap.sh

memory=$1
sva=$([ "$memory" = sva ] && echo 1 || echo 0)
shift
tests=${*:-crypto_perf comp_perf crypto_autotest comp_autotest shared busy syscall}
work=$(mktemp -d)
emud=
eal=(--no-pci --in-memory --no-telemetry -m 96)

cbc=(--optype cipher-only --cipher-algo aes-cbc --cipher-op encrypt --cipher-key-sz 16 --cipher-iv-sz 16)
gcm=(--optype aead --aead-algo aes-gcm --aead-op encrypt --aead-key-sz 16 --aead-iv-sz 12 --aead-aad-sz 12
	--digest-sz 16)

# serve DEVICE...: sets emud, and sec and zip to the names of the devices
serve()
{
	mkfifo "$work/ready"
	wd-emud "$@" >"$work/ready" 2>"$work/emud.log" &
	emud=$!
	while read -r _ node _; do
		case $node in
		*sec*) sec=${node#/dev/} ;;
		*zip*) zip=${node#/dev/} ;;
		esac
		shift
		[ $# -gt 0 ] || break
	done <"$work/ready"
	rm "$work/ready"
	[ $# -eq 0 ]
}

serve_end()
{
	kill "$emud" && wait "$emud"
}

# crypto_perf_exec LCORES OPTIONS argument...: instead of this shell
crypto_perf_exec()
{
	local lcores=$1 options=$2
	shift 2
	exec dpdk-test-crypto-perf -l "$lcores" "${eal[@]}" -d "$WD_BUILD/pmds" --vdev "crypto_wd,dev=$sec$options" -- \
		--devtype crypto_wd --pool-sz 4096 --csv-friendly --silent "$@"
}

crypto_perf()
{
	(crypto_perf_exec "$@")
}

hex()
{
	sed 's/\(..\) */0x\1, /g; $s/, $//'
}

# vector SIZE: a file for dpdk-test-crypto-perf, checked against what openssl says
vector()
{
	local key=000102030405060708090a0b0c0d0e0f iv=0f0e0d0c0b0a09080706050403020100
	head -c "$1" "$WD_BUILD/meson-info/intro-targets.json" >"$work/plain"
	openssl enc -aes-128-cbc -nopad -K $key -iv $iv -in "$work/plain" -out "$work/cipher"
	{
		echo "plaintext =" && od -An -v -tx1 "$work/plain" | sed 's/^ //' | hex
		echo "cipher_key =" && echo $key | hex
		echo "cipher_iv =" && echo $iv | hex
		echo "ciphertext =" && od -An -v -tx1 "$work/cipher" | sed 's/^ //' | hex
	} >"$work/vector"
}

# every op went in, came out, and is right
verify()
{
	vector "$1"
	crypto_perf 0,1 "" --ptest verify --buffer-sz "$1" --burst-sz 32 --total-ops 2000 --test-file "$work/vector" \
		"${cbc[@]}" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }
	awk -F, '/^ *[0-9]+, *[0-9]+,/ { print; n++; bad += $4 != 2000 || $5 != 2000 || $8 != 0 }
		END { exit bad || n != 1 }' "$work/log"
}

throughput()
{
	crypto_perf 0,1 "" --ptest throughput --buffer-sz 64,1024,8192 --burst-sz 32 --total-ops 2000 "$@" \
		>"$work/log" 2>&1 || { cat "$work/log"; return 1; }
	[ "$(awk -F, '/^ *[0-9]+, *[0-9]+,/ { n += $4 == 2000 && $5 == 2000 } END { print n + 0 }' "$work/log")" = 3 ]
}

test_crypto_perf()
{
	local size
	for size in 64 1024 8192; do
		ktap_check "$memory: crypto-perf verify, $size bytes" verify $size
	done
	ktap_check "$memory: crypto-perf throughput, AES-CBC" throughput "${cbc[@]}"
	ktap_check "$memory: crypto-perf throughput, AES-GCM" throughput "${gcm[@]}"
	ktap_check "$memory: crypto-perf throughput, segments" throughput "${cbc[@]}" --segment-sz 512
}

comp_perf()
{
	local rc=0
	dpdk-test-compress-perf -l 0,1 "${eal[@]}" -d "$WD_BUILD/pmds" --vdev "compress_wd,dev=$zip" -- \
		--driver-name compress_wd --input-file "$work/corpus" --compress-level 1:1:1 --pool-sz 128 \
		--burst-sz 32 --num-iter 1 --operation comp_and_decomp "$@" >"$work/log" 2>&1 || rc=1
	! grep -iE 'error|failed' "$work/log" || rc=1
	awk '/lcore id/ { rows = 1; next } rows && /^ +[0-9]+ +1 +[0-9]+/ { n++; print } END { exit n == 0 }' \
		"$work/log" || rc=1
	[ $rc = 0 ] || tail -n 20 "$work/log"
	return $rc
}

test_comp_perf()
{
	find /usr/include -name '*.h' -print0 | sort -z | xargs -0 cat 2>/dev/null | head -c 200000 >"$work/corpus"
	head -c 50000 /dev/urandom >>"$work/corpus"
	ktap_check "$memory: compress-perf verify, one segment" comp_perf --ptest verify --huffman-enc dynamic \
		--seg-sz 16384 --max-num-sgl-segs 1
	ktap_check "$memory: compress-perf verify, 16 segments" comp_perf --ptest verify --huffman-enc dynamic \
		--seg-sz 2048 --max-num-sgl-segs 16
	ktap_check "$memory: compress-perf throughput" comp_perf --ptest throughput --huffman-enc dynamic \
		--seg-sz 16384 --max-num-sgl-segs 1
}

test_crypto_autotest()
{
	ktap_check "$memory: cryptodev_uadk_autotest, at least 281 cases" devtools/stock-test.sh -e -m96 -t 0 "$WD_BUILD" \
		cryptodev_uadk_autotest "crypto_uadk,dev=$sec,max_nb_queue_pairs=2" 281
}

test_comp_autotest()
{
	ktap_check "$memory: compressdev_autotest, at least 24 cases" devtools/stock-test.sh -e -m96 -t 0 "$WD_BUILD" \
		compressdev_autotest "compress_uadk,dev=$zip" 24 # no fixed codes: hardware has no field for them
}

available()
{
	cat "/sys/class/uacce/$sec/available_instances"
}

# until_taken PID COUNT: the process lives, and no more than so many queues are left
until_taken()
{
	local i
	for ((i = 0; i < 600; i++)); do
		kill -0 "$1" || return
		[ "$(available)" -gt "$2" ] || return 0
		sleep 0.1
	done
	return 1
}

# Two processes, a device: one is killed, the other does not notice.
shared()
{
	local first second rc both=0 nb=100000 free
	free=$(available)
	crypto_perf_exec 0,1 "" --ptest throughput --buffer-sz 1024 --burst-sz 32 --total-ops 100000000 "${cbc[@]}" \
		>/dev/null 2>&1 &
	first=$!
	until_taken $first $((free - 1)) || echo "the first one has no queue"
	crypto_perf_exec 0,1 "" --ptest throughput --buffer-sz 1024 --burst-sz 32 --total-ops $nb "${cbc[@]}" \
		>"$work/log" 2>&1 &
	second=$!
	until_taken $second $((free - 2)) || echo "the second one has no queue"
	sleep 1
	# both at work, else this tests nothing
	kill -0 $first && kill -0 $second && both=1
	kill -9 $first
	kill -0 $second || both=0
	wait $first 2>/dev/null
	[ $both = 1 ] || echo "one of them had ended already"
	wait $second
	rc=$?
	awk -F, -v nb=$nb '/^ *[0-9]+, *[0-9]+,/ { print; n++; bad += $4 != nb || $5 != nb } END { exit bad || n != 1 }' \
		"$work/log" && [ $rc = 0 ] && [ $both = 1 ]
}

test_shared()
{
	ktap_check "$memory: two processes share a device, one is killed" shared
	ktap_check "$memory: the daemon is there" kill -0 "$emud"
}

# What the driver says when there is no queue left.
busy()
{
	local first
	crypto_perf_exec 0,1 ,max_nb_queue_pairs=1 --ptest throughput --buffer-sz 64 --burst-sz 32 --total-ops 100000000 \
		"${cbc[@]}" >/dev/null 2>&1 &
	first=$!
	until [ "$(cat "/sys/class/uacce/$sec/available_instances")" = 0 ] || ! kill -0 $first; do
		sleep 0.2
	done
	crypto_perf 0,1 "" --ptest throughput --buffer-sz 64 --burst-sz 32 --total-ops 100 "${cbc[@]}" >"$work/log" 2>&1
	kill -9 $first
	wait $first 2>/dev/null
	grep "no queue left" "$work/log" || { tail -n 5 "$work/log"; false; }
}

test_busy()
{
	serve_end
	serve "sec,sva=$sva,queues=1"
	ktap_check "$memory: with no queue left the driver says so" busy
	serve_end
	serve "sec,sva=$sva" "zip,sva=$sva"
}

test_syscall()
{
	serve_end
	serve "sec,sva=$sva,engine=instant"
	ktap_check "$memory: no system call on the data path" env WD_TEST_DEVICE="$sec" WD_TEST_DAEMON="$emud" \
		WD_TEST_OPS=20000 "$WD_BUILD/app/test-wd/test-wd" -l 0,1 "${eal[@]}" -d "$WD_BUILD/pmds" -- crypto_syscall
	kill "$emud" 2>/dev/null # the test did that, if it came so far
	wait "$emud" 2>/dev/null
	serve "sec,sva=$sva" "zip,sva=$sva"
}

PATH=$WD_BUILD/app/wd-emud:$PATH
# not by ktap_check: the daemon would hold the pipe of its remarks
serve "sec,sva=$sva" "zip,sva=$sva"
ktap_check "$memory: the daemon is ready" kill -0 "$emud"
for test in $tests; do
	"test_$test"
done
serve_end
ktap_check "$memory: the daemon ends" test $? = 0
sed 's/^/# /' "$work/emud.log"
rm -rf "$work"
ktap_finish
