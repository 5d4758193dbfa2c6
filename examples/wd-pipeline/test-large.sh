#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: test-large.sh PROGRAM PMDS [MIB]
#
# Stores and restores a file of 1 GiB, made of files of this machine, and looks at
# the memory that wd-pipeline takes: less than 200 MB beside hugepages, and no more
# than for a small file. Output in TAP.
set -u -o pipefail

program=$(realpath "$1") || exit 1
pmds=$(realpath "$2") || exit 1
mib=${3:-1024}
small_mib=32
# what runs programs for another CPU, set by meson; there, a smaller file
read -ra emulator <<<"${MESON_EXE_WRAPPER-}"
lcores=(-l 0)
[ ${#emulator[@]} = 0 ] || lcores=(--lcores '0@(0-1)') # shared with other tests
limit=280
if [ "${WD_TEST_REDUCE:-1}" -gt 1 ]; then
	limit=800
	small_mib=$((32 / WD_TEST_REDUCE))
	echo "# $((mib / WD_TEST_REDUCE / 4)) of $mib MiB: WD_TEST_REDUCE=$WD_TEST_REDUCE"
	mib=$((mib / WD_TEST_REDUCE / 4))
fi
limit_kb=200000
flat_kb=8192
nb=0
failed=0

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
free=$(df --output=avail -B 1M . | tail -n 1)
if [ "$free" -lt $((3 * mib)) ]; then
	printf '1..1\nok 1 - %s MiB # SKIP %s MiB free in %s, %s needed\n' "$mib" "$free" "$dir" $((3 * mib))
	exit 0
fi

# $1: what was tested; the status says how it went
result()
{
	local status=$?

	nb=$((nb + 1))
	if [ $status = 0 ]; then
		echo "ok $nb - $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $nb - $1"
	sed 's/^/# /' log
}

# The program; the most memory it had resident, in kB, goes to the file peak. The
# kernel does not count hugepages there.
pipeline()
{
	timeout $limit python3 -c '
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
with open("peak", "w") as f:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=f)
sys.exit(status)' "${emulator[@]}" "$program" "${lcores[@]}" --no-pci --in-memory --no-telemetry --log-level lib.eal:5 -d "$pmds" \
		--vdev crypto_wd,dev=sim --vdev compress_wd,dev=sim -- "$@" 2>log
}

# $1: file; $2: its name in messages
round_trip()
{
	local store

	pipeline store --key-file key "$1" stored
	result "$2: store"
	store=$(cat peak)
	pipeline restore --key-file key stored back
	result "$2: restore"
	peak=$(cat peak)
	[ "$store" -gt "$peak" ] && peak=$store
	cmp "$1" back >>log 2>&1
	result "$2: $(stat -c %s "$1") bytes, stored as $(stat -c %s stored), came back the same"
	rm -f stored back peak
}

# libraries, headers, documentation, programs, again if there are few
files()
{
	for _ in 1 2 3 4; do
		find /usr/lib /usr/include /usr/share /usr/bin -xdev -type f -size -64M -print0 2>/dev/null |
			sort -z | xargs -0 cat 2>/dev/null
	done
}

head -c 32 /dev/urandom >key
: >log
files 2>/dev/null | head -c $((mib << 18)) >part
cat part part part part >source
rm part
[ "$(stat -c %s source)" = $((mib << 20)) ]
result "$mib MiB: files of this machine, four times"

head -c $((small_mib << 20)) source >small
round_trip small "$small_mib MiB"
small_peak=$peak
rm -f small
round_trip source "$mib MiB"

echo "# most resident memory beside hugepages: $small_peak kB with $small_mib MiB, $peak kB with $mib MiB" | tee log
if [ ${#emulator[@]} -gt 0 ]; then
	nb=$((nb + 1))
	echo "ok $nb - less than $limit_kb kB resident # SKIP what the emulator takes is in it"
else
	[ "$peak" -lt $limit_kb ]
	result "less than $limit_kb kB resident"
fi
[ "$peak" -lt $((small_peak + flat_kb)) ]
result "no more than with $small_mib MiB"

echo "1..$nb"
exit $((failed > 0))
