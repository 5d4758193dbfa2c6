#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/stock-test.sh [-e EAL-OPTION]... [-t SECONDS] BUILD TEST VDEV LEAST-CASES
#
# Runs one test of the stock dpdk-test over our driver, and checks that no case
# failed and that no fewer than LEAST-CASES were executed: a driver that offers
# nothing fails nothing. Prints TAP, one line for each of the program's suites. It may take 300
# seconds, 900 in emulation, or what -t says; 0: who calls this has a limit.
set -euo pipefail

eal=() seconds=
while getopts e:t: option; do
	case $option in
	e) eal+=("$OPTARG") ;;
	t) seconds=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
build=$1 test=$2 vdev=$3 least=$4

case $vdev in
crypto_uadk* | compress_uadk*) pmds=$build/pmds-uadk-names ;;
*) pmds=$build/pmds ;;
esac
# what runs programs for another CPU, set by meson; it knows where they are, and is slow
read -ra run <<<"${MESON_EXE_WRAPPER-}"
# one lcore: the software device's thread takes another CPU; in emulation several tests share them
lcores=(-l 0)
[ ${#run[@]} = 0 ] || lcores=(--lcores '0@(0-1)')
log=$(mktemp)
trap 'rm -f "$log"' EXIT

command=("${run[@]}" dpdk-test "${lcores[@]}" --no-pci --in-memory --no-telemetry "${eal[@]}" -d "$pmds" --vdev "$vdev")
echo "# DPDK_TEST=$test ${command[*]##*/devtools/}"
# In emulation up to three times: some cases give a device 100 ms, and go on without it.
tries=$((${#run[@]} > 0 ? 3 : 1))
seconds=${seconds:-$((${#run[@]} > 0 ? 900 : 300))}
for ((try = 1; try <= tries; try++)); do
	rc=0
	DPDK_TEST=$test timeout "$seconds" "${command[@]}" </dev/null >"$log" 2>&1 || rc=$?
	[ $rc -ne 0 ] || break
	[ $try = $tries ] || echo "# run $try of at most $tries failed: $(grep -a 'failed$' "$log" | tr '\n' ';')"
done

# " + Tests Executed :  238", of the last summary
count() {
	sed -n "s/^ + Tests $1 *: *\([0-9]*\).*/\1/p" "$log" | tail -n 1
}
executed=$(count Executed)
failed=$(count Failed)
skipped=$(count Skipped)
echo "# executed ${executed:-?}, passed $(count Passed), failed ${failed:-?}, skipped ${skipped:-?} (exit $rc)"

ok=1
if [ $rc -ne 0 ] || [ "${failed:-1}" -ne 0 ] || [ "${executed:-0}" -lt "$least" ]; then
	ok=0
	# what failed, and the end of the log
	grep -a 'failed$' "$log" | sed 's/^/# /' | head -n 40 || true
	tail -n 30 "$log" | sed 's/^/# /'
fi
echo "1..1"
if [ $ok = 1 ]; then
	echo "ok 1 - $test over $vdev${eal[*]:+ ${eal[*]}}: $executed cases"
else
	echo "not ok 1 - $test over $vdev: ${executed:-no} cases, at least $least wanted, ${failed:-?} failed"
	exit 1
fi
