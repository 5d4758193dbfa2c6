#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/herd-fetch.sh
#
# Takes herd7, which judges litmus tests, from Debian's archive into .deps/herd/,
# without installing it, and prints how to call it. Only unstable has the package; its
# C library comes along, for this program alone. Nothing is fetched twice.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$PWD/.deps/herd
suite=unstable
packages=(herdtools7 libc6 libgmp10)

die()
{
	echo "herd-fetch: $*" >&2
	exit 1
}

if [ ! -x "$out/herd7" ]; then
	command -v apt-get >/dev/null || die "this is not Debian; doc/ordering.md says how to build herd7"
	work=$out.tmp
	rm -rf "$work"
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
	# the mirror that this machine uses, and the keys that it trusts
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
		awk '$2 == "main" && /\/debian\/? / { print $1; exit }')
	[ -n "$mirror" ] || die "apt knows no archive of Debian"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
	apt=(-qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o Dir::Etc::Preferences=/dev/null
		-o Dir::Etc::PreferencesParts=/dev/null -o APT::Sandbox::User=root -o Acquire::Retries=3)
	if ! apt-get "${apt[@]}" update >"$work/log" 2>&1 || grep -q '^[WE]:' "$work/log"; then
		die "$mirror $suite cannot be had: $(grep '^[WE]:' "$work/log" | head -1)"
	fi
	echo "herd-fetch: fetching ${packages[*]} of $suite" >&2
	(cd "$work/debs" && apt-get "${apt[@]}" download "${packages[@]}") >"$work/log" 2>&1 ||
		die "$suite does not give ${packages[*]}: $(head -1 "$work/log")"
	for deb in "$work"/debs/*.deb; do
		dpkg-deb -x "$deb" "$work/root"
	done
	# the program, its models, and the libraries with their loader
	mkdir -p "$work/herd/lib"
	find "$work/root" -name '*.so*' -path '*-linux-gnu*/*' ! -path '*/gconv/*' -exec cp -P -t "$work/herd/lib" {} +
	find "$work/root" -name 'ld-linux*.so.*' -type f -exec cp -t "$work/herd/lib" {} +
	mv "$work/root/usr/bin/herd7" "$work/herd/herd7.bin"
	mv "$work/root/usr/share/herdtools7/herd" "$work/herd/models"
	cat >"$work/herd/herd7" <<-'END'
		#!/bin/sh
		here=$(dirname "$(readlink -f "$0")")
		exec "$here"/lib/ld-linux*.so.* --library-path "$here/lib" "$here/herd7.bin" -I "$here/models" "$@"
	END
	chmod +x "$work/herd/herd7"
	"$work/herd/herd7" -version >/dev/null || die "herd7 of $suite does not run here"
	rm -rf "$out"
	mv "$work/herd" "$out"
	rm -rf "$work"
fi
echo "$out/herd7"
