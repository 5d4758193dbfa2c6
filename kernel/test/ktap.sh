# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
# shellcheck shell=bash
#
# What ktap.h is to programs, for scripts:
#
#     . kernel/test/ktap.sh
#     ktap_check "the device is there" test -c /dev/x
#     ktap_skip "no IOMMU here" "isolation"
#     ktap_finish

ktap_passed=0 ktap_failed=0 ktap_skipped=0

ktap_number()
{
	echo $((ktap_passed + ktap_failed + ktap_skipped))
}

ktap_diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# $1: name; the rest: a command that succeeds, and whose output is a remark
ktap_check()
{
	local name=$1 verdict='not ok'
	shift
	if "$@" > >(sed 's/^/# /') 2>&1; then
		verdict=ok
		ktap_passed=$((ktap_passed + 1))
	else
		ktap_failed=$((ktap_failed + 1))
	fi
	wait $! # the remarks
	echo "$verdict $(ktap_number) $name"
	[ "$verdict" = ok ]
}

# $1: reason, $2: name
ktap_skip()
{
	ktap_skipped=$((ktap_skipped + 1))
	echo "ok $(ktap_number) $2 # SKIP $1"
}

# Prints the plan and ends the script.
ktap_finish()
{
	echo "1..$(ktap_number)"
	echo "# $ktap_passed passed, $ktap_failed failed, $ktap_skipped skipped"
	[ $ktap_failed = 0 ] && [ "$(ktap_number)" != 0 ] || exit 1
	[ $ktap_passed != 0 ] || exit 4
	exit 0
}

echo "TAP version 13"
