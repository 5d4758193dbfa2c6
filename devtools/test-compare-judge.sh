#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/test-compare-judge.sh
#
# Whether devtools/test-compare.py notices what it is for, by logs that are made up.
# Prints TAP.
set -euo pipefail

here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
nb=0 status=0

# log FILE NAME RESULT LINE...: adds a test that printed these lines
log() {
	mkdir -p "$(dirname "$1")"
	python3 -c '
import json, sys
print(json.dumps({"name": sys.argv[1], "result": sys.argv[2], "stdout": "\n".join(sys.argv[3:])}))' "${@:2}" >>"$1"
}

# logs BUILD: what both have
logs() {
	rm -rf "${dir:?}/$1"
	log "$dir/$1/meson-logs/testlog.json" 'wd:fast / model' OK 'TAP version 13' 1..3 'ok 1 - test_a.c one (12 ms)' \
		'# a remark' 'ok 2 - test_a.c bit 17 (0 ms)' 'ok 3 - test_a.c bit 18 (0 ms)'
	log "$dir/$1/meson-logs/testlog.json" 'wd:driver+stock / stock' OK 1..1 "ok 1 - autotest over hw=v3: ${2:-281} cases"
	log "$dir/$1/meson-logs/testlog.json" 'wd:driver / plain' OK 'no points'
}

# says STATUS PATTERN [ROW]...: what the script ends with, and prints, with these rows
says() {
	local got=0
	printf '%s\n' "${@:3}" >"$dir/table"
	"$here/test-compare.py" "$dir/native" "$dir/arm64" "$dir/table" >"$dir/out" 2>&1 || got=$?
	cat "$dir/out"
	[ $got = "$1" ] && grep -qE "$2" "$dir/out"
}

# point WHAT COMMAND...: ok if the command succeeds
point() {
	local what=$1
	shift
	nb=$((nb + 1))
	if "$@" >"$dir/why" 2>&1; then
		echo "ok $nb - $what"
	else
		status=1
		echo "not ok $nb - $what"
		sed 's/^/# /' "$dir/why"
	fi
}

arm64=$dir/arm64/meson-logs/testlog.json native=$dir/native/meson-logs/testlog.json
echo 1..13
logs native && logs arm64
point "the same" says 0 '^compare: 3 tests and 285 cases on both, 0 tests differ, 0 '
log "$native" 'wd:driver / syscall' OK 1..2 'ok 1 - test_s.c a' 'ok 2 - test_s.c b'
log "$arm64" 'wd:driver / syscall' OK 1..2 'ok 1 - test_s.c a' 'ok 2 - test_s.c b # SKIP no seccomp'
point "a case that is skipped" says 1 'no reason for syscall: test_s.c b: 1 on this machine, 0 on arm64$'
point "with a reason" says 0 '^compare: syscall +2 +1  1: no seccomp$' 'native syscall: test_s.c b # no seccomp'
point "the reason is of the other side" says 1 'no reason for syscall' 'arm64 syscall: .* # no seccomp'
point "the reason is of another case" says 1 'no reason for syscall' 'native syscall: test_s.c # no seccomp'
logs arm64
point "a test that did not run" says 1 'no reason for syscall: test_s.c a: 1 on'
logs native && logs arm64 280
point "a stock program that has fewer cases" says 1 'stock: autotest over hw=vN: N cases: 281 on this machine, 280'
logs arm64
log "$arm64" 'wd:fast / model-2' OK 1..2 'ok 1 - test_a.c bit 19' 'not ok 2 - test_a.c more'
point "a test of arm64 alone" says 1 'no reason for model-2: test_a.c more: 0 on this machine, 1 on'
point "with a reason, each case" says 0 '^compare: model-2 +0 +2  2: only there$' 'arm64 model-2: .* # only there'
logs arm64
read -r short _ < <(sed -n 's/^short //p' "$here/../kernel/test/cases")
for build in native arm64; do
	log "$dir/$build/test-kernel/testlog.json" "kernel / $short" OK 1..1 'ok 1 - works'
done
log "$dir/native/test-kernel/testlog.json" 'kernel / not-in-the-short-list' OK 1..1 'ok 1 - works'
point "what is not in the short list of guests" says 0 '^compare: 4 tests and 286 cases'
log "$dir/native/test-kernel/testlog.json" "kernel / $short" OK 1..1 'ok 1 - works, too'
point "a case in a guest" says 1 "no reason for guest $short: works, too: 1 on"
point "a row that says nothing" says 1 ':1: not ' 'native model'
rm "$arm64"
point "a log that is missing" says 1 'there is no .*arm64/meson-logs/testlog.json$'
exit $status
