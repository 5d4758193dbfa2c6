#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: [KERNEL=arm64] devtools/test-kernel.sh BUILD-DIR [--short] [CASE]...
#        [KERNEL=arm64] devtools/test-kernel.sh BUILD-DIR --shell VARIANT
#
# Builds the modules for a kernel of Debian and runs the cases in guests with it,
# and ends with one line that counts. KERNEL is as for devtools/kernel-fetch.sh; the
# programs in BUILD-DIR are of the same architecture. For the kernel of Debian's release
# itself the modules are built for the newest of its backports, too.
# With --shell there is a shell in a guest of that variant instead.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1
shift
kernel=${KERNEL:-amd64}
arch=${kernel%%[-/]*}
if [ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ]; then
	echo "test-kernel: only Debian on amd64 has what this needs" >&2
	exit 1
fi
root=/
kbuild=(WD_TEST=m)
if [ "$arch" = arm64 ]; then
	devtools/arm64-sysroot.sh >&2
	root=.deps/arm64-sysroot
	kbuild+=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
fi
headers=$(devtools/kernel-fetch.sh headers "$kernel")
image=$(devtools/kernel-fetch.sh image "$kernel")
log=$build/test-kernel
modules=$build/kernel/modules
[ "$kernel" = "$arch" ] || modules+=-${kernel//\//-}
guest=(python3 devtools/test-kernel.py "$build" --arch "$arch" --root "$root" --kernel "$image" --modules "$modules")
mkdir -p "$log"
rm -f "$log/testlog.json"

# $1: number, $2: KDIR, $3: where to
build_modules()
{
	local name=${2##*/linux-headers-}
	echo "test-kernel: building modules for $name" >&2
	if devtools/kernel-build.sh "$2" "$3" "${kbuild[@]}" >&2; then
		echo "ok $1 modules build for $name"
	else
		echo "not ok $1 modules build for $name"
		return 1
	fi
}

# $1: number of the first point. The barriers in the machine code of modules for arm64.
check_ordering()
{
	devtools/ordering.py --modules "$modules" >"$log/ordering.tap" 2>"$log/ordering.log" ||
		grep -q '^not ok' "$log/ordering.tap" || echo "not ok 0 - ordering: $(tail -n 1 "$log/ordering.log")" >>"$log/ordering.tap"
	sed -n 's/^\(not \)\?ok [0-9]* /\1ok /p' "$log/ordering.tap" |
		awk -v n="$1" '{ sub(/ok /, "ok " n++ " ") } 1'
}

if [ "${1:-}" = --shell ]; then
	build_modules 0 "$headers" "$modules" >/dev/null
	exec "${guest[@]}" "$@"
fi

{
	built=0 nb=1
	build_modules 1 "$headers" "$modules" && built=1
	if [ "$kernel" != "$arch" ] || [ "${1:-}" = --short ]; then
		:
	elif backports=$(devtools/kernel-fetch.sh headers "$arch/backports" 2>"$log/backports.log"); then
		cat "$log/backports.log" >&2
		nb=2
		build_modules 2 "$backports" "$build/kernel/modules-$arch-backports" || true
	else
		nb=2
		echo "ok 2 modules build for the newest kernel of backports # SKIP $(tail -1 "$log/backports.log")"
	fi
	if [ "$kernel" = arm64 ] && [ $built = 1 ]; then
		check_ordering $((nb + 1)) | tee "$log/points"
		nb=$((nb + $(wc -l <"$log/points")))
	fi
	echo "1..$nb"
} >"$log/build.tap"

status=0
"${guest[@]}" --tap "$log/build.tap" "$@" || status=$?
python3 devtools/test-summary.py "$log/testlog.json" || status=1
exit "$status"
