#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/kernel-debug.sh [-c] [BUILD-DIR [CASE]...]
#
# Builds the kernel of Debian's source package with KASAN, lockdep, kmemleak and
# more (devtools/guest/debug.config) below .deps/kernel/, and runs the cases of
# make test-kernel with it. About 15 minutes of CPU time and 3 GB the first time, and the
# tests are several times slower: for now and then, not for CI. -c: stop
# after configuring.
set -euo pipefail
cd "$(dirname "$0")/.."

configure_only=
if [ "${1:-}" = -c ]; then
	configure_only=1
	shift
fi
build=${1:-build}
[ $# = 0 ] || shift

devtools/setup.sh kernel-debug
tarball=$(devtools/kernel-fetch.sh source)
version=${tarball#*/source-}
version=${version%%/*}
top=$PWD/.deps/kernel/debug-$version
tree=$top/src

# the source, once
if [ ! -e "$tree/Makefile" ]; then
	echo "kernel-debug: unpacking $version" >&2
	rm -rf "$tree.tmp"
	mkdir -p "$tree.tmp"
	tar -xf "$tarball" -C "$tree.tmp" --strip-components=1
	mv "$tree.tmp" "$tree"
fi

# configuration: again when what we want has changed
if ! cmp -s devtools/guest/debug.config "$top/wanted"; then
	make -s -C "$tree" defconfig kvm_guest.config >/dev/null
	(cd "$tree" && scripts/kconfig/merge_config.sh -m .config "$OLDPWD/devtools/guest/debug.config" >/dev/null)
	make -s -C "$tree" olddefconfig syncconfig
	missing=$(grep -E '^CONFIG_|^# CONFIG_.* is not set' devtools/guest/debug.config | grep -vxF -f "$tree/.config" |
		# an option that is off may be gone altogether
		while read -r line; do
			case $line in
			\#*) ! grep -q "^$(echo "$line" | cut -d' ' -f2)=" "$tree/.config" || echo "$line" ;;
			*) echo "$line" ;;
			esac
		done)
	if [ -n "$missing" ]; then
		echo "kernel-debug: the kernel's configuration does not take:" >&2
		echo "$missing" >&2
		exit 1
	fi
	cp devtools/guest/debug.config "$top/wanted"
fi
release=$(make -s -C "$tree" kernelrelease)
echo "kernel-debug: configured $release in $tree" >&2
[ -z "$configure_only" ] || exit 0

if [ ! -e "$top/image/boot/vmlinuz-$release" ] || [ "$top/wanted" -nt "$top/image/boot/vmlinuz-$release" ]; then
	echo "kernel-debug: building $release, log in $top/log" >&2
	if ! make -C "$tree" -j"$(nproc)" bzImage modules >"$top/log" 2>&1; then
		grep -E 'error|Error' "$top/log" | head >&2
		exit 1
	fi
	rm -rf "$top/image"
	mkdir -p "$top/image/boot"
	make -s -C "$tree" INSTALL_MOD_PATH="$top/image" modules_install >>"$top/log" 2>&1
	cp "$tree/arch/x86/boot/bzImage" "$top/image/boot/vmlinuz-$release"
fi

[ -e "$build/build.ninja" ] || meson setup "$build"
ninja -C "$build"
modules=$build/kernel/modules-debug
devtools/kernel-build.sh "$tree" "$modules" WD_TEST=m
# no5lvl: while identify_cpu() looks again at what the first CPU has, the kernel forgets for a moment
# that its page tables have five levels, and KASAN calls any access of an interrupt then a wild one.
# What only costs time here: mitigations, and whose objects of the slab are, which KASAN knows. The
# watchdogs of a guest that boots for minutes, on CPUs that others need more, would bark.
cmdline="no5lvl mitigations=off slub_debug=FZP watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"
status=0
python3 devtools/test-kernel.py "$build" --kernel "$top/image" --modules "$modules" \
	--scale 8 --memory-scale 1.5 --cmdline "$cmdline" "$@" || status=$?
python3 devtools/test-summary.py "$build/test-kernel/testlog.json" || status=1
exit "$status"
