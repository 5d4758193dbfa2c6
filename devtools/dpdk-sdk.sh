#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/dpdk-sdk.sh [SYSROOT]
#
# Puts the headers that an out-of-tree DPDK driver needs into
# .deps/dpdk-sdk-VERSION/. The symbols are exported by every libdpdk, but
# distributions build without -Denable_driver_sdk=true and leave these headers
# out; they come from the distribution's source package of the installed version.
# SYSROOT: of the version there, see arm64-sysroot.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

sysroot=${1-}
if [ -n "$sysroot" ]; then
	PKG_CONFIG_LIBDIR=$(echo "$sysroot"/usr/lib/*/pkgconfig):$sysroot/usr/share/pkgconfig
	export PKG_CONFIG_LIBDIR PKG_CONFIG_PATH=
fi
version=$(pkg-config --modversion libdpdk)
out=.deps/dpdk-sdk-$version
include=$sysroot$(pkg-config --variable=includedir libdpdk) # /usr/include/dpdk on Debian
[ -e "$include/cryptodev_pmd.h" ] && exit 0
[ -e "$out/cryptodev_pmd.h" ] && exit 0

if [ -n "$sysroot" ]; then
	package=$(zcat "$sysroot/usr/share/doc/libdpdk-dev/changelog.Debian.gz" | sed -n '1s/.*(\(.*\)).*/\1/p')
else
	package=$(dpkg-query -W -f '${source:Version}' libdpdk-dev)
fi
echo "dpdk-sdk: fetching driver headers of DPDK $package"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial"

# The same archives that apt knows, as source archives, in a private apt state.
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
	grep ' main$' | sort -u >"$work/sources.list"
apt_private=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
	-o "Dir::State::Lists=$work/lists" -o APT::Sandbox::User=root -o Acquire::Retries=3 -qq)
apt-get "${apt_private[@]}" update || true # an archive without sources is no error
(cd "$work" && apt-get "${apt_private[@]}" source --download-only "dpdk=$package")
tarball=$(echo "$work"/dpdk_*.orig.tar.xz)
mkdir "$work/src"
tar -xf "$tarball" -C "$work/src" --strip-components=1 --wildcards \
	'*/lib/cryptodev/cryptodev_pmd.h' '*/lib/compressdev/*.h' \
	'*/lib/eal/include/*_driver.h' '*/drivers/bus/vdev/bus_vdev_driver.h'

mkdir -p "$out.tmp"
find "$work/src" -name '*.h' -exec cp {} "$out.tmp/" \;
# what libdpdk-dev has itself comes from there
for h in "$out.tmp"/*.h; do
	[ -e "$include/$(basename "$h")" ] && rm "$h"
done
rm -rf "$out"
mv "$out.tmp" "$out"
echo "dpdk-sdk: $(ls "$out" | wc -l) headers in $out"
