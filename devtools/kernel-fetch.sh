#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/kernel-fetch.sh headers|image [KERNEL]
#        devtools/kernel-fetch.sh checkpatch|source
#
# Takes parts of Debian's kernel from the archive into .deps/kernel/, without
# installing them, and prints where they are:
#   headers     where modules are built for it
#   image       a directory with its boot/ and lib/modules/
#   checkpatch  checkpatch.pl of the version of linux-headers-amd64
#   source      the tarball of that version
# KERNEL is what follows linux-image- in the name of Debian's package, and where
# it comes from:
#   amd64               the release of linux-headers-amd64, which is installed; the default
#   arm64               the same release for another machine
#   amd64/backports     the newest of the backports archive; so arm64-16k/backports
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
		[ ${#apt[@]} -gt 0 ] || [ "$(id -u)" != 0 ] || apt-get -qq -o Acquire::Retries=3 update >&2 || true
		unpack "$@"
	} || die "the archive has no ${*:2}; when it has a newer one: apt-get install linux-headers-amd64"
}

# The mirrors and components that this machine has of its own suite: URI SUITE.
own_archives()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v code="$VERSION_CODENAME" '$3 == "main" && $2 ~ "^" code "(-updates|-security)?$" { print $1, $2 }' | sort -u
}

# $1: architecture, $2: "backports", or "" for what this machine has itself. Sets apt to
# the options for a state of our own, of fresh lists: dpkg and apt of the machine know nothing of it.
own_apt()
{
	local state=$deps/apt/$1${2:+-$2} mirror suite
	# shellcheck disable=SC1091
	. /etc/os-release
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	own_archives | while read -r mirror suite; do
		case $2:$suite in
		:*) ;;
		"$2:$VERSION_CODENAME") suite=$VERSION_CODENAME-$2 ;;
		*) continue ;;
		esac
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
	done >"$state/sources.list"
	[ -s "$state/sources.list" ] || die "apt knows no archive of $VERSION_CODENAME"
	apt=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache" -o Dir::Etc::Preferences=/dev/null
		-o Dir::Etc::PreferencesParts=/dev/null -o APT::Sandbox::User=root -o Acquire::Retries=3
		-o "APT::Architectures::=$1") # and that of this machine
	if ! apt-get -qq "${apt[@]}" update >"$state/log" 2>&1 || grep -q '^[WE]:' "$state/log"; then
		die "$(tail -1 "$state/sources.list" | cut -d' ' -f3-) cannot be had: $(grep '^[WE]:' "$state/log" | head -1)"
	fi
}

# $1: package, $2: version. The names of the packages that it takes to build with it.
headers_needs()
{
	apt-cache "${apt[@]}" show "$1=$2" | grep -oE 'linux-(headers-[^ ,]*-common|kbuild-[^ ,:]*)' | sort -u
}

# Of KERNEL: sets release, version, and arch.
release_of()
{
	local flavour=${1%%/*} suite=''
	arch=${flavour%%-*}
	[[ $1 != */* ]] || suite=${1#*/}
	case $suite in
	'')
		release=$(headers_package)
		release=${release#linux-headers-}
		version=$(dpkg-query -W -f '${Version}' "linux-headers-$release")
		release=${release%-amd64}-$flavour
		;;
	backports)
		own_apt "$arch" "$suite"
		read -r release version < <(apt-cache "${apt[@]}" show "linux-headers-$flavour:$arch" 2>/dev/null |
			sed -nE 's/^Depends: linux-headers-([^ ,:]+)[^(]*\(= ([^)]+)\).*/\1 \2/p') ||
			die "there is no linux-headers-$flavour in $suite"
		;;
	*) die "no suite $suite: nothing, or backports" ;;
	esac
}

apt=()
what=${1:-}
kernel=${2:-amd64}
case $what:$kernel in
headers:amd64)
	package=$(headers_package)
	echo "/usr/src/$package"
	;;
headers:*)
	release_of "$kernel"
	package=linux-headers-$release
	out=$deps/$release-$version-headers
	if [ ! -e "$out/usr/src/$package/Makefile" ]; then
		[ ${#apt[@]} -gt 0 ] || own_apt "$arch" ""
		mapfile -t needs < <(headers_needs "$package:$arch" "$version")
		say "fetching $package ${needs[*]} $version"
		unpack "$out" "$package:$arch=$version" "${needs[@]/%/=$version}" || die "the archive has no $package $version"
		# they name each other as if they were installed
		sed -i "s|/usr/src/|$out/usr/src/|g" "$out/usr/src/$package/Makefile"
	fi
	echo "$out/usr/src/$package"
	;;
image:*)
	release_of "$kernel"
	out=$deps/$release-$version
	if [ ! -e "$out/boot/vmlinuz-$release" ]; then
		[ "$kernel" = amd64 ] || [ ${#apt[@]} -gt 0 ] || own_apt "$arch" ""
		unpack_fresh "$out" "linux-image-$release:$arch=$version"
		depmod -b "$out" "$release"
	fi
	echo "$out"
	;;
checkpatch:* | source:*)
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
*)
	echo "usage: $0 headers|image [KERNEL], or checkpatch|source" >&2
	exit 2
	;;
esac
