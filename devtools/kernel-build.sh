#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/kernel-build.sh KDIR OUT [argument of make]...
#
# Builds the modules that kernel/Kbuild lists, against the kernel whose headers
# or build tree are in KDIR, below the directory OUT; warnings are errors. What
# was built is in OUT/*.ko, their names in order of loading in OUT/modules.order.
# With WD_TEST=m it is also the one for tests in kernel/test/.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -lt 2 ]; then
	echo "usage: $0 KDIR OUT [argument of make]..." >&2
	exit 2
fi
kdir=$1
out=$2
shift 2
if [ ! -e "$kdir/Makefile" ]; then
	echo "kernel-build: no kernel to build against in $kdir" >&2
	exit 1
fi

# kbuild writes next to what it reads: let it read through links. A file that
# is gone from kernel/ must not be found any more.
mkdir -p "$out"
out=$(cd "$out" && pwd)
exec {lock}>"$out/.wd-lock"
flock "$lock" # two builds at once would take each other's links away
find "$out" -maxdepth 1 -type l -delete
for file in "$PWD"/kernel/* "$PWD"/kernel/test/wd_*.c; do
	case ${file##*/} in
	test | README.md) ;;
	*) ln -s "$file" "$out/" ;;
	esac
done

# what was built against other headers, or by another compiler, is of no use
stamp="$(cd "$kdir" && pwd -P) $(stat -c %Y "$kdir/Module.symvers" 2>/dev/null || true)"
if [ "$(cat "$out/.wd-kdir" 2>/dev/null)" != "$stamp" ]; then
	make -s -C "$kdir" M="$out" "$@" clean >/dev/null 2>&1 || true
	echo "$stamp" >"$out/.wd-kdir"
fi

# no BTF of our own: it takes a vmlinux and pahole
make -s -C "$kdir" M="$out" KCFLAGS=-Werror CONFIG_DEBUG_INFO_BTF_MODULES= \
	-j"$(nproc)" "$@" modules
