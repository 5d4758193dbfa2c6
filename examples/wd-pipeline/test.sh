#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: test.sh PROGRAM PMDS [PART]...
#
# Tests wd-pipeline, output in TAP. PMDS is the folder with the drivers of wd. PART is of
# round-trips, options, devices, damage, kill; all of them unless told.
set -u -o pipefail

program=$(realpath "$1") || exit 1
pmds=$(realpath "$2") || exit 1
parts=("${@:3}")
[ $# -gt 2 ] || parts=(round-trips options devices damage kill)
dir=$(mktemp -d)
failed=0
nb=0
nb_verify=0
# what runs programs for another CPU, set by meson; there, smaller files
read -ra emulator <<<"${MESON_EXE_WRAPPER-}"
reduce=${WD_TEST_REDUCE:-1}
large=$((160 / reduce * 65536)) limit=60
if [ "$reduce" -gt 1 ]; then
	limit=600
	echo "# $large of 10485760 bytes of each kind, one in $reduce verified, too: WD_TEST_REDUCE=$reduce"
fi
wd=(--vdev 'crypto_wd,dev=sim' --vdev 'compress_wd,dev=sim')
lcores=(-l 0)
[ ${#emulator[@]} = 0 ] || lcores=(--lcores '0@(0-1)') # shared with other tests
eal=("${lcores[@]}" --no-pci --in-memory --no-telemetry --log-level 'lib.eal:5' -d "$pmds")

# shellcheck disable=SC2317
finish()
{
	mountpoint -q "$dir/small" && umount "$dir/small"
	rm -rf "$dir"
}
trap finish EXIT
cd "$dir" || exit 1

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

skip()
{
	nb=$((nb + 1))
	echo "ok $nb - $1 # SKIP $2"
}

# The program over the devices of $devices; its messages go to the file log.
pipeline()
{
	timeout $limit "${emulator[@]}" "$program" "${eal[@]}" "${devices[@]}" -- "$@" 2>log
}

# Whether to verify as well, which is to restore without output: in emulation, where each
# start takes half a second, now and then only.
verify_now()
{
	nb_verify=$((nb_verify + 1))
	[ $((nb_verify % reduce)) = 0 ]
}

# $1: file, $2: key, then options of store
round_trip()
{
	local file=$1 key=$2

	shift 2
	rm -f stored back
	pipeline store --key-file "$key" "$@" "$file" stored &&
		{ ! verify_now || pipeline verify --key-file "$key" stored; } &&
		pipeline restore --key-file "$key" stored back &&
		cmp "$file" back >>log 2>&1 && [ ! -e stored.partial ] && [ ! -e back.partial ]
}

# $1: what the message must say, $2: container; nothing may be left
refused()
{
	rm -f back
	if verify_now; then
		pipeline verify --key-file key.gcm "$2" && return 1
		grep -q "$1" log || return 1
	fi
	pipeline restore --key-file key.gcm "$2" back
	[ $? = 1 ] && grep -q "$1" log && [ ! -e back ] && [ ! -e back.partial ]
}

# ---- data and keys ----

head -c 32 /dev/urandom >key.gcm
head -c 64 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >key.xts # as hex
head -c 32 /dev/urandom >key.other
head -c $large /dev/urandom >random
yes "$(seq 1 200)" | head -c $large >text
head -c $large /dev/zero >zero

: >empty
printf x >byte
{ head -c 1000000 random && head -c 1000000 text && head -c 1000000 zero && head -c 1000001 random; } >mix

# 4 chunks and a bit, of random data, so of known size
chunk=65536
record=$((24 + chunk + 16))
size_of_data=$((4 * chunk + 100))
devices=("${wd[@]}")

# ---- round trips ----

test_round_trips()
{
	for kind in random text zero; do
		sizes=($((chunk - 1)) "$chunk" $((chunk + 1)) "$large")
		[ $kind = random ] && sizes+=(0 1 17)
		for size in "${sizes[@]}"; do
			head -c "$size" $kind >data
			for cipher in gcm xts; do
				round_trip data "key.$cipher" --cipher "aes-256-$cipher"
				result "$size bytes of $kind, $cipher"
			done
		done
	done
}

# ---- options ----

test_options()
{
	for options in '--chunk 1' '--chunk 1024' '--depth 1' '--chunk 59 --depth 3' '--chunk 60'; do
		# shellcheck disable=SC2086
		round_trip mix key.gcm $options
		result "store $options"
	done

	head -c 3000001 text >data
	pipeline store --key-file key.gcm - - <data >stored && pipeline restore --key-file key.gcm - - <stored | cmp - data
	result "standard input and output carry data and nothing else"

	rm -f back
	pipeline restore --key-file key.gcm <(cat stored; sleep 0.1; printf x) back
	[ $? = 1 ] && [ "$(grep -c '^wd-pipeline: ' log)" = 1 ] && grep -q 'something behind it' log && [ ! -e back ]
	result "one complaint, from a slow pipe, too"

	# three chunks are written although the fourth is not complete
	{ head -c 200000 random && until [ -e go ]; do sleep 0.1; done } | pipeline store --key-file key.gcm - slow &
	nb_bytes=0
	for _ in $(seq $((limit * 5 / 3))); do
		nb_bytes=$(stat -c %s slow.partial 2>/dev/null)
		[ "$nb_bytes" = $((32 + 3 * (24 + chunk + 16))) ] && break
		sleep 0.1
	done
	touch go
	wait $!
	[ "$nb_bytes" = $((32 + 3 * (24 + chunk + 16))) ] && pipeline restore --key-file key.gcm slow - | cmp - <(head -c 200000 random)
	result "a slow pipe holds nothing up"

	pipeline store --key-file key.gcm text stored && [ "$(stat -c %s stored)" -lt $((large / 4)) ]
	result "text shrinks to less than a quarter"

	pipeline store --key-file key.gcm random stored && [ "$(stat -c %s stored)" = $((32 + large / chunk * 40 + large)) ]
	result "random data grows by headers and tags only"

	pipeline store --key-file key.gcm data stored && pipeline store --key-file key.gcm data other && ! cmp -s stored other
	result "the same file is stored differently each time"

	pipeline store --key-file key.xts --cipher aes-256-xts data stored &&
		WD_PIPELINE_KEY=$(cat key.xts) pipeline restore stored back && cmp data back
	result "the key comes from the environment"

	! pipeline store --key-file key.xts data none && grep -q 'aes-256-gcm takes a key of 32 bytes' log && [ ! -e none ]
	result "a key of the wrong size is refused"

	! pipeline store --key-file missing data none && grep -q 'cannot read the key file missing' log
	result "a missing key file is named"

	! pipeline store --key-file key.gcm missing none && grep -q 'cannot open missing' log && [ ! -e none ]
	result "a missing input is named"
}

# ---- many at a time, progress, other devices ----

# $1: chunks in flight; prints milliseconds
late()
{
	local since

	since=$(date +%s%3N)
	pipeline store --key-file key.gcm --chunk 4 --depth "$1" data stored || return
	echo $(($(date +%s%3N) - since))
}

# $1: compression driver, $2: crypto driver
pair()
{
	local file

	devices=(--vdev "$2" --vdev "$1")
	for file in empty byte mix; do
		round_trip "$file" key.gcm --chunk 32 || return
	done
	devices=("${wd[@]}")
	pipeline restore --key-file key.gcm stored back && cmp mix back
}

test_devices()
{
	# Each chunk waits for both devices, 64 of them one by one for 6 seconds: beside that it does not
	# count how busy the machine is, or how long EAL takes to start. In emulation, twice that.
	delay=latency_ns=$((reduce > 1 ? 100000000 : 50000000))
	devices=(--vdev "crypto_wd,dev=sim,$delay" --vdev "compress_wd,dev=sim,$delay")
	head -c $((64 * 4096)) text >data
	one=$(late 1) && many=$(late 32) && echo "# $one ms one at a time, $many ms with 32" && [ $((2 * many)) -lt "$one" ]
	result "chunks overlap in the devices"
	devices=("${wd[@]}")
	pipeline restore --key-file key.gcm stored back && cmp data back
	result "what overlapped is in order"

	line='[0-9]+ % +[0-9.]+ MB +[0-9.]+ MB/s +ratio [0-9.]+'
	if command -v python3 >/dev/null; then
		timeout $limit python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
			"${emulator[@]}" "$program" "${eal[@]}" "${devices[@]}" -- store --key-file key.gcm text stored \
			</dev/null >log && grep -Eq "(^|[^0-9])100 % .*ratio" log && grep -Eq "$line" log
		result "progress on a terminal: percent, MB/s and ratio"
	else
		skip "progress on a terminal" "no python3"
	fi
	pipeline store --key-file key.gcm text stored && ! grep -Eq '%|MB/s|ratio' log
	result "and none into a file"

	for names in compress_zlib,crypto_openssl compress_isal,crypto_openssl compress_isal,crypto_wd compress_wd,crypto_openssl; do
		comp=${names%,*}
		crypto=${names#*,}
		devices=(--vdev "$crypto" --vdev "$comp")
		if pipeline store --key-file key.gcm --chunk 32 zero stored || ! grep -q 'failed to load\|Cannot find driver\|EAL does not start\|failed to initialize' log; then
			pair "$comp" "$crypto"
			result "$comp and $crypto, restored by wd"
		else
			skip "$comp and $crypto" "not here"
		fi
	done
	devices=("${wd[@]}")

	pipeline store --key-file key.gcm --compress compress_wd --crypto crypto_wd data stored
	result "devices by name"
	! pipeline store --key-file key.gcm --crypto crypto_none data none && grep -q 'no crypto device crypto_none' log
	result "an unknown device is named"
}

# ---- damage ----

# Where chunk $1 of a container begins.
at()
{
	echo $((32 + $1 * record))
}

# $1: first byte, $2: how many, $3: file
part()
{
	dd if="${3:-good}" bs=64K iflag=skip_bytes,count_bytes skip="$1" count="$2" status=none
}

# $1: offset of the byte to change
flip()
{
	local byte

	byte=$(part "$1" 1 | od -An -tu1)
	part 0 "$1"
	# shellcheck disable=SC2059
	printf "\\x$(printf %x $((byte ^ 1)))"
	part $(($1 + 1)) 100000000
}

test_damage()
{
	head -c $size_of_data random >data
	pipeline store --key-file key.gcm data good
	size=$(stat -c %s good)

	for i in 0 9 12 20 26 30; do
		flip "$i" >bad
		refused '^wd-pipeline: ' bad
		result "bit of byte $i of the file header"
	done
	for i in 0 8 12 16 20 24 1000 $((24 + chunk + 3)); do
		flip $(($(at 2) + i)) >bad
		refused '^wd-pipeline: chunk 2: ' bad
		result "bit of byte $i of chunk 2"
	done
	flip $((size - 1)) >bad
	refused 'chunk 4: its tag' bad
	result "bit of the last byte"

	for cut in 1 16 100 $((16 + 100)) $((16 + 100 + 10)); do
		part 0 $((size - cut)) >bad
		refused '^wd-pipeline: chunk 4: the container ends' bad
		result "cut off $cut bytes"
	done
	part 0 "$(at 4)" >bad
	refused 'chunk 4: it is missing' bad
	result "cut off the final chunk"
	part 0 32 >bad
	refused 'chunk 0: it is missing' bad
	result "nothing but a file header"
	part 0 31 >bad
	refused 'ends within the file header' bad
	result "half a file header"
	: >bad
	refused 'ends within the file header' bad
	result "an empty container"
	refused 'no container' data
	result "no container"

	{ cat good && printf x; } >bad
	refused 'chunk 4: .* something behind it' bad
	result "a byte behind the end"
	cat good good >bad
	refused 'chunk 4: .* something behind it' bad
	result "two containers in a row"
	{ part 0 "$(at 1)" && part "$(at 2)" $record && part "$(at 1)" $record && part "$(at 3)" 10000000; } >bad
	refused 'chunk 1: another chunk is in its place' bad
	result "two chunks changed places"
	{ part 0 "$(at 2)" && part "$(at 1)" 10000000; } >bad
	refused 'chunk 2: another chunk is in its place' bad
	result "a chunk twice"
	{ part 0 "$(at 1)" && part "$(at 2)" 10000000; } >bad
	refused 'chunk 1: another chunk is in its place' bad
	result "a chunk left out"
	pipeline store --key-file key.gcm data other
	{ part 0 "$(at 2)" && part "$(at 2)" $record other && part "$(at 3)" 10000000; } >bad
	refused 'chunk 2: its tag' bad
	result "a chunk of another file"
	pipeline verify --key-file key.gcm good
	result "what was not damaged is not refused"
	! pipeline restore --key-file key.other good back && grep -q 'chunk 0: its tag does not match' log && [ ! -e back ]
	result "another key"

	pipeline store --key-file key.xts --cipher aes-256-xts data good
	flip $((32 + (24 + chunk + 16) * 3 + 5000)) >bad
	! pipeline restore --key-file key.xts bad back && grep -q 'chunk 3: its checksum' log && [ ! -e back ]
	result "a bit of an XTS payload"
	flip $((32 + (24 + chunk + 16) * 4 + 16)) >bad
	! pipeline restore --key-file key.xts bad back && grep -q 'chunk 4: ' log && [ ! -e back ]
	result "a flag of an XTS chunk"

	# what came before the damage may be written to standard output, and nothing else
	pipeline store --key-file key.gcm data good
	flip $(($(at 2) + 1000)) >bad
	! pipeline restore --key-file key.gcm bad - >back && head -c $((2 * chunk)) data | cmp - back
	result "standard output ends before the bad chunk"
	rm -f back
}

# ---- kill, full disk ----

# A pipe that stays open keeps the program in the middle. $1: signal, $2: bytes that are
# stored by then, at least; what is not ended by the signal is no success.
killed()
{
	local pid middle status watch

	rm -f stored stored.partial
	"${emulator[@]}" "$program" "${eal[@]}" "${devices[@]}" -- store --key-file key.gcm pipe stored 2>log &
	pid=$!
	exec 9<>pipe
	timeout $((limit / 3)) cat data data data data >&9
	for _ in $(seq $((limit * 5 / 3))); do
		[ -e stored.partial ] && [ "$(stat -c %s stored.partial)" -ge "$2" ] && break
		sleep 0.1
	done
	[ -e stored.partial ] && [ "$(stat -c %s stored.partial)" -ge "$2" ] && [ ! -e stored ]
	middle=$?
	kill "-$1" $pid
	{ sleep $((limit / 3)) && kill -KILL $pid && echo "not ended by SIG$1" >>log; } >/dev/null 2>&1 9>&- &
	watch=$!
	wait $pid 2>/dev/null
	status=$?
	exec 9>&-
	kill $watch 2>/dev/null
	wait $watch 2>/dev/null
	[ $middle = 0 ] && [ $status != 0 ] && [ ! -e stored ] && ! grep -q 'not ended' log &&
		{ [ "$1" = KILL ] || { [ ! -e stored.partial ] && grep -q 'stopped by a signal' log; }; }
}

test_kill()
{
	head -c $size_of_data random >data
	mkfifo pipe
	for round in 1 2 3; do
		killed TERM 32
		result "no stored file after SIGTERM, at work, round $round"
	done
	killed TERM $((32 + 16 * record))
	result "no stored file after SIGTERM, waiting for more"
	killed KILL 32
	result "no stored file after SIGKILL"
	pipeline store --key-file key.gcm data stored && [ ! -e stored.partial ]
	result "what a kill left is written over"

	mkdir small
	if mount -t tmpfs -o size=512k tmpfs small 2>/dev/null; then
		! pipeline store --key-file key.gcm random small/stored && grep -q 'No space left' log && [ -z "$(ls small)" ]
		result "a full disk leaves no file, store"
		pipeline store --key-file key.gcm zero stored
		! pipeline restore --key-file key.gcm stored small/back && grep -q 'No space left' log && [ -z "$(ls small)" ]
		result "a full disk leaves no file, restore"
		echo old >small/back
		! pipeline restore --key-file key.gcm stored small/back && [ "$(cat small/back)" = old ]
		result "a full disk leaves the old file alone"
	else
		skip "full disk" "cannot mount a tmpfs"
	fi
}

for part in "${parts[@]}"; do
	"test_${part//-/_}"
done

echo "1..$nb"
exit $((failed > 0))
