#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: link-pmds.sh DIR DRIVER.so...
#
# Run by meson at the end of each configuration: makes DIR in the build
# directory hold links to the drivers, so that `-d DIR` loads them all. EAL and
# the dynamic linker resolve links, so libraries are found as without them;
# EAL passes over links whose driver is not built.
set -eu

dir=$MESON_BUILD_ROOT/$1
shift
rm -rf "$dir"
mkdir -p "$dir"
for so; do
	ln -s "../$so" "$dir/${so##*/}"
done
