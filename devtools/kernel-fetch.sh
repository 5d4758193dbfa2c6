#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/kernel-fetch.sh headers|image|backports|checkpatch|source
#
# Takes parts of Debian's kernel from the archive into .deps/kernel/, without
# installing them, and prints where they are:
#   headers     where modules are built for the release of linux-headers-amd64 (installed)
#   image       a directory with boot/ and lib/modules/ of the same release
#   backports   the like of headers, for the newest kernel of the backports archive
#   checkpatch  checkpatch.pl of the same version
#   source      the tarball of the same version
# Nothing is fetched twice. Where no newer release was asked for, it is the one
# that the installed headers are for.
set -euo pipefail
cd "$(dirname "$0")/.."

export PATH=$PATH:/usr/sbin:/sbin # depmod
deps=$PWD/.deps/kernel

die()
{
	echo "kernel-fetch: $*" >&2
	exit 1
}

say()
{
	echo "kernel-fetch: $*" >&2
}

# The package of headers that the installed meta package stands for.
headers_package()
{
	dpkg-query -W -f '${Depends}' linux-headers-amd64 2>/dev/null |
		grep -o 'linux-headers-[^ ,]*' | head -1 ||
		die "linux-headers-amd64 is not installed: devtools/setup.sh kernel"
}

# $1: directory, which becomes the current one's new content when all went well; $2...: packages, NAME
# or NAME=VERSION; apt options in $apt. Fetches and unpacks them.
unpack()
{
	local out=$1 work=$1.tmp deb
	shift
	rm -rf "$work"
	mkdir -p "$work/debs"
	# the sandbox user of apt may not be able to write here
	(cd "$work/debs" && apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 "${apt[@]}" download "$@" >&2) ||
		return
	for deb in "$work"/debs/*.deb; do
		dpkg-deb -x "$deb" "$work"
	done
	rm -rf "$work/debs" "$out"
	mv "$work" "$out"
}

# unpack, and once more after an update where that may be done: lists of packages grow old
unpack_fresh()
{
	say "fetching ${*:2}"
	unpack "$@" 2>/dev/null || {
		[ "$(id -u)" != 0 ] || apt-get -qq -o Acquire::Retries=3 update >&2 || true
		unpack "$@"
	} || die "the archive has no ${*:2}; when it has a newer one: apt-get install linux-headers-amd64"
}

apt=()
what=${1:-}
case $what in
headers)
	package=$(headers_package)
	echo "/usr/src/$package"
	;;
image)
	package=$(headers_package)
	version=$(dpkg-query -W -f '${Version}' "$package")
	release=${package#linux-headers-}
	out=$deps/$release-$version
	if [ ! -e "$out/boot/vmlinuz-$release" ]; then
		unpack_fresh "$out" "linux-image-$release=$version"
		depmod -b "$out" "$release"
	fi
	echo "$out"
	;;
checkpatch | source)
	package=$(headers_package)
	version=$(dpkg-query -W -f '${Version}' "$package")
	series=$(echo "$version" | grep -o '^[0-9]*\.[0-9]*')
	out=$deps/checkpatch-$version
	tarball=$deps/source-$version/usr/src/linux-source-$series.tar.xz
	if [ "$what" = source ]; then
		[ -e "$tarball" ] || unpack_fresh "$deps/source-$version" "linux-source-$series=$version"
		echo "$tarball"
		exit
	fi
	if [ ! -e "$out/checkpatch.pl" ]; then
		[ -e "$tarball" ] || {
			unpack_fresh "$deps/source-$version.once" "linux-source-$series=$version"
			tarball=$deps/source-$version.once/usr/src/linux-source-$series.tar.xz
		}
		rm -rf "$out.tmp"
		mkdir -p "$out.tmp"
		tar -xf "$tarball" -C "$out.tmp" --strip-components=2 --wildcards \
			"linux-source-$series/scripts/checkpatch.pl" "linux-source-$series/scripts/spelling.txt" \
			"linux-source-$series/scripts/const_structs.checkpatch"
		rm -rf "$deps/source-$version.once" "$out"
		mv "$out.tmp" "$out"
	fi
	echo "$out/checkpatch.pl"
	;;
backports)
	. /etc/os-release
	state=$deps/apt
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	# the mirror that this machine uses, and the keys that it trusts
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v suite="$VERSION_CODENAME" '$2 == suite && $3 == "main" { print $1; exit }')
	[ -n "$mirror" ] || die "apt knows no archive of $VERSION_CODENAME"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $VERSION_CODENAME-backports main" \
		>"$state/sources.list"
	apt=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache" -o Dir::Etc::Preferences=/dev/null
		-o Dir::Etc::PreferencesParts=/dev/null -o APT::Sandbox::User=root -o Acquire::Retries=3)
	if ! apt-get -qq "${apt[@]}" update >"$state/log" 2>&1 || grep -q '^[WE]:' "$state/log"; then
		die "$mirror $VERSION_CODENAME-backports cannot be had: $(grep '^[WE]:' "$state/log" | head -1)"
	fi
	meta=$(apt-cache "${apt[@]}" show linux-headers-amd64 2>/dev/null | sed -n 's/^Depends: //p' | head -1)
	[[ $meta =~ ^(linux-headers-[^ ,]+)\ \(=\ ([^\)]+)\) ]] ||
		die "$VERSION_CODENAME-backports has no linux-headers-amd64"
	package=${BASH_REMATCH[1]}
	version=${BASH_REMATCH[2]}
	out=$deps/${package#linux-headers-}-$version-headers
	if [ ! -e "$out/usr/src/$package/Makefile" ]; then
		common=$(apt-cache "${apt[@]}" show "$package=$version" | grep -o 'linux-headers-[^ ,]*-common' | head -1)
		kbuild=$(apt-cache "${apt[@]}" show "$package=$version" | grep -o 'linux-kbuild-[^ ,]*' | head -1)
		say "fetching $package, $common, $kbuild $version"
		unpack "$out" "$package=$version" "$common=$version" "$kbuild=$version" ||
			die "$VERSION_CODENAME-backports gives no $package $version"
		# they name each other as if they were installed
		sed -i "s|/usr/src/|$out/usr/src/|g" "$out/usr/src/$package/Makefile"
	fi
	echo "$out/usr/src/$package"
	;;
*)
	echo "usage: $0 headers|image|backports|checkpatch|source" >&2
	exit 2
	;;
esac
