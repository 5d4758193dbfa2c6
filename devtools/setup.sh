#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/setup.sh [build|perf|bench|test|kernel|kernel-debug|clang|lint|all|
#        build-arm64|test-arm64|kernel-arm64]
#
# Installs the Debian packages that a make target of that name needs and that
# are missing, then fetches the driver headers; build-arm64 is make build ARCH=arm64 on
# another machine, and has arm64's packages fetched, too. Quick and silent when there
# is nothing to do; changes nothing but prints the command when not run by root.
set -euo pipefail
cd "$(dirname "$0")/.."

build=(gcc libc6-dev make meson ninja-build pkg-config
	libdpdk-dev libssl-dev libseccomp-dev zlib1g-dev libisal-dev
	xz-utils) # dpdk-sdk.sh unpacks a .tar.xz
tools=(dpdk dpdk-dev) # dpdk-test, dpdk-test-crypto-perf, dpdk-testpmd
valgrind=(valgrind openssl) # openssl: makes vectors for dpdk-test-crypto-perf
bench=(python3 gnuplot-nox git)
clang=(clang libclang-rt-14-dev) # the latter: sanitizers and fuzzers
# the kernel's image is not installed, devtools/kernel-fetch.sh unpacks it
headers=(linux-headers-amd64)
guest=("${headers[@]}" kmod cpio python3)
kernel=("${guest[@]}" busybox-static qemu-system-x86)
kernel_debug=(bc bison flex libelf-dev libssl-dev rsync)
# the emulator is for meson, too; gcc is for its plugin
build_arm64=(gcc-aarch64-linux-gnu qemu-user mmdebstrap gcc libc6-dev make meson ninja-build pkg-config
	xz-utils)
kernel_arm64=("${guest[@]}" qemu-system-arm)
lint=(git python3 clang-format-14 codespell shellcheck sparse)

profile=${1:-build}
case $profile in
build) packages=("${build[@]}") ;;
perf) packages=("${build[@]}" "${tools[@]}" "${valgrind[@]}") ;;
bench) packages=("${build[@]}" "${tools[@]}" "${bench[@]}") ;;
test) packages=("${build[@]}" "${tools[@]}" "${valgrind[@]}") ;;
kernel) packages=("${build[@]}" "${tools[@]}" "${kernel[@]}") ;;
kernel-debug) packages=("${build[@]}" "${tools[@]}" "${kernel[@]}" "${kernel_debug[@]}") ;;
clang) packages=("${build[@]}" "${clang[@]}") ;;
build-arm64) packages=("${build_arm64[@]}") ;;
test-arm64) packages=("${build_arm64[@]}" "${kernel_arm64[@]}" openssl) ;;
kernel-arm64) packages=("${build_arm64[@]}" "${kernel_arm64[@]}") ;;
lint) packages=("${build[@]}" "${clang[@]}" "${lint[@]}" "${headers[@]}") ;;
all) packages=("${build[@]}" "${tools[@]}" "${valgrind[@]}" "${bench[@]}" "${kernel[@]}" "${clang[@]}"
	"${lint[@]}") ;;
*)
	sed -n '/^# usage:/,/^#$/s/^# *//p' "$0" >&2
	exit 2
	;;
esac

if ! command -v apt-get >/dev/null; then
	echo "setup: this is not Debian; make sure of the equivalents of: ${packages[*]}" >&2
	exec devtools/dpdk-sdk.sh
fi
[[ $profile == *-arm64 || $(dpkg --print-architecture) != amd64 ]] || packages+=(libipsec-mb-dev)

# dpkg-query fails for names it has never heard of; they are missing all the same
present=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null |
	sed -n 's/^.i  *//p') || true
mapfile -t missing < <(printf '%s\n' "${packages[@]}" | grep -vxF -f <(echo "$present") | sort -u)

if [ ${#missing[@]} -gt 0 ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "setup: packages are missing; as root: apt-get install -y --no-install-recommends ${missing[*]}" >&2
		exit 1
	fi
	echo "setup: installing for '$profile': ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt_options=(-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
	apt-get "${apt_options[@]}" update
	log=$(mktemp)
	if ! apt-get "${apt_options[@]}" install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		echo "setup: apt-get could not install them, see above" >&2
		exit 1
	fi
	rm -f "$log"
fi
if [[ $profile == *-arm64 ]]; then
	devtools/arm64-sysroot.sh
	[ "$profile" = build-arm64 ] || devtools/herd-fetch.sh >/dev/null ||
		echo "setup: no herd7, so the litmus tests will be skipped" >&2
	exec devtools/dpdk-sdk.sh .deps/arm64-sysroot
fi
exec devtools/dpdk-sdk.sh
