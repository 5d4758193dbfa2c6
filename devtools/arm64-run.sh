#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/arm64-run.sh PROGRAM [ARGUMENT]...
#
# Runs an arm64 program on this machine, by the emulator of package qemu-user and with
# the libraries of devtools/arm64-sysroot.sh. A name without a slash is one of the
# programs there. meson calls it by the name of MESON_EXE_WRAPPER.
#
# Neoverse N1 has what Kunpeng 920 has: Armv8.2, LSE atomics, AES and SHA, no SVE. The
# host's order of loads and stores stays, which is stronger than arm64's.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
sysroot=${here%/*}/.deps/arm64-sysroot
program=$1
shift
[[ $program == */* ]] || program=$sysroot/usr/bin/$program
# shellcheck disable=SC2086
exec qemu-aarch64 -cpu neoverse-n1 -L "$sysroot" ${WD_QEMU_OPTIONS-} "$program" "$@"
