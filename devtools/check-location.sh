#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# EAL loads no driver from below a directory that everyone may write to, /tmp
# for example; better to hear it before the build than in each test.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$(pwd -P)
while [ "$dir" != / ]; do
	if [ $((0$(stat -c %a "$dir") & 2)) -ne 0 ]; then
		echo "wd: everyone may write to $dir, so DPDK refuses to load drivers from below: move the checkout" >&2
		exit 1
	fi
	dir=$(dirname "$dir")
done
