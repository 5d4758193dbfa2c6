#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/test-kernel.sh BUILD-DIR [CASE]...
#        devtools/test-kernel.sh BUILD-DIR --shell VARIANT
#
# Builds the modules for Debian's kernel and for the newest of its backports,
# runs the cases in guests with the former, and ends with one line that counts.
# With --shell there is a shell in a guest of that variant instead.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1
shift
if [ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ]; then
	echo "test-kernel: only Debian on amd64 has what this needs" >&2
	exit 1
fi
headers=$(devtools/kernel-fetch.sh headers)
image=$(devtools/kernel-fetch.sh image)
log=$build/test-kernel
modules=$build/kernel/modules
mkdir -p "$log"
rm -f "$log/testlog.json"

# $1: number, $2: KDIR, $3: where to
build_modules()
{
	local name=${2##*/linux-headers-}
	echo "test-kernel: building modules for $name" >&2
	if devtools/kernel-build.sh "$2" "$3" >&2; then
		echo "ok $1 modules build for $name"
	else
		echo "not ok $1 modules build for $name"
		return 1
	fi
}

if [ "${1:-}" = --shell ]; then
	build_modules 0 "$headers" "$modules" >/dev/null
	exec python3 devtools/test-kernel.py "$build" --kernel "$image" --modules "$modules" "$@"
fi

{
	echo "1..2"
	build_modules 1 "$headers" "$modules" || true
	if backports=$(devtools/kernel-fetch.sh backports 2>"$log/backports.log"); then
		cat "$log/backports.log" >&2
		build_modules 2 "$backports" "$build/kernel/modules-backports" || true
	else
		echo "ok 2 modules build for the newest kernel of backports # SKIP $(tail -1 "$log/backports.log")"
	fi
} >"$log/build.tap"

status=0
python3 devtools/test-kernel.py "$build" --kernel "$image" --modules "$modules" --tap "$log/build.tap" "$@" || status=$?
python3 devtools/test-summary.py "$log/testlog.json" || status=1
exit "$status"
