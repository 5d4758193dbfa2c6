#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
# usage: devtools/arm64-sysroot.sh [CROSS-FILE]
#
# Unpacks the arm64 packages that a cross build, its tests and guests need, and what they
# depend on, into .deps/arm64-sysroot/. dpkg of this machine hears nothing of them:
# libdpdk-dev of two architectures cannot be installed side by side. Fetches nothing
# when the same list is there already. CROSS-FILE: writes one for meson there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(libc6-dev linux-libc-dev libdpdk-dev libssl-dev libseccomp-dev zlib1g-dev libisal-dev
	dpdk dpdk-dev # the latter two: dpdk-test, dpdk-test-crypto-perf, dpdk-test-compress-perf
	# it is the root of guests, too: what devtools/guest/ and kernel/test/ call
	bash busybox-static coreutils dash diffutils findutils grep kmod mawk openssl sed util-linux)
out=$PWD/.deps/arm64-sysroot
# Of DPDK's drivers those that EAL is to load when it starts. All 120 would take an emulator a
# fifth of a second each time; programs and drivers that are linked with others still find them.
drivers=(bus_pci bus_vdev mempool_ring mempool_stack crypto_null crypto_openssl crypto_scheduler compress_zlib)
suite=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
# what the directory is made of; the first word changes when this script makes another one
stamp="2 ${suite:=bookworm} ${packages[*]} ${drivers[*]}"

# $1: directory of libraries. Has EAL's directory of drivers hold $drivers alone.
few_drivers()
{
	local all link driver file
	all=$(echo "$1"/dpdk/pmds-*) # and its version
	mv "$all" "$1/dpdk/all"
	mkdir "$all"
	find "$1" -maxdepth 1 -lname "dpdk/${all##*/}/*" | while read -r link; do
		ln -snf "dpdk/all/${link##*/}" "$link"
	done
	for driver in "${drivers[@]}"; do
		file=$(echo "$1/dpdk/all/librte_$driver.so".*.*)
		ln -s "../all/${file##*/}" "$all/"
	done
}

if [ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ]; then
	echo "arm64-sysroot: fetching $suite: ${packages[*]}"
	mkdir -p .deps
	work=$(mktemp -d -p .deps arm64-sysroot.XXXXXX)
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	new=$PWD/$work/new log=$work/log
	list=$(IFS=, && echo "${packages[*]}")
	mmdebstrap --quiet --arch=arm64 --variant=extract --include="$list" \
		--aptopt='Acquire::Retries "3"' "$suite" "$new" >"$log" 2>&1 || {
		cat "$log" >&2
		echo "arm64-sysroot: mmdebstrap could not fetch them, see above" >&2
		exit 1
	}
	# a linker, other than a root of its own, would look for /lib/... on this machine
	while IFS= read -r -d '' link; do
		ln -snfr "$new$(readlink "$link")" "$link"
	done < <(find "$new" -type l -lname '/*' -print0)
	# the emulator looks here first for what a program opens: not for these
	rm -rf "${new:?}"/{dev,etc,run,tmp,var} "$new"/usr/share/{info,locale,man,perl,python3}
	# but for the sizes of hugepages: EAL reserves 64 GiB of addresses for each, and the emulator
	# of Debian 12 takes a quarter of a second for that. So it finds 2 MiB only.
	mkdir -p "$new/sys/kernel/mm/hugepages"
	ln -s /sys/kernel/mm/hugepages/hugepages-2048kB "$new/sys/kernel/mm/hugepages/"
	few_drivers "$new/usr/lib/aarch64-linux-gnu"
	echo "$stamp" >"$new/stamp"
	[ ! -e "$out" ] || mv "$out" "$work/old"
	mv "$new" "$out"
	echo "arm64-sysroot: $(du -sh "$out" | cut -f 1) in $out"
fi

[ $# -gt 0 ] || exit 0
cross=$(cat <<END
[constants]
sysroot = '$out'

[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-gcc-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = '$PWD/devtools/arm64-run.sh'

[built-in options]
c_args = ['--sysroot=' + sysroot]
c_link_args = ['--sysroot=' + sysroot]

[properties]
sys_root = sysroot
pkg_config_libdir = sysroot + '/usr/lib/aarch64-linux-gnu/pkgconfig:' + sysroot + '/usr/share/pkgconfig'
needs_exe_wrapper = true
emulator = '$PWD/devtools/arm64-run.sh'

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'armv8-a'
endian = 'little'
END
)
mkdir -p "$(dirname "$1")"
[ "$(cat "$1" 2>/dev/null)" = "$cross" ] || echo "$cross" >"$1" # a new date has meson configure anew
