#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/check-log.sh [RANGE]
#
# Checks commit messages, by default those that origin does not have, or else
# the last one. Lines of quoted output (indented) and single long words (links)
# may be longer than the rest.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
	range=$1
elif git rev-parse -q --verify origin/HEAD >/dev/null; then
	range=origin/HEAD..HEAD
else
	range=-1
fi

problem()
{
	echo "${commit:0:12} ($subject): $*"
	bad=1
}

bad=0
nb=0
commits=$(git rev-list --no-merges "$range" ${range/-1/HEAD})
for commit in $commits; do
	nb=$((nb + 1))
	mapfile -t lines < <(git log -1 --format=%B "$commit")
	subject=${lines[0]}
	[[ $subject =~ ^Revert\  ]] ||
		[[ $subject =~ ^[a-z0-9][a-z0-9._/-]*(,\ [a-z0-9._/-]+)*:\ [a-z0-9] ]] ||
		problem "the subject is not 'area: imperative in lower case'"
	[[ $subject != *. ]] || problem "the subject ends with a full stop"
	[ ${#subject} -le 72 ] || problem "the subject has ${#subject} characters, 72 is the most"
	[ -z "${lines[1]:-}" ] || problem "the second line is not empty"
	for line in "${lines[@]:1}"; do
		case $line in
		Fixes:*)
			[[ $line =~ ^Fixes:\ [0-9a-f]{12}\ \(\".*\"\)$ ]] ||
				problem "not 'Fixes: <12 hex digits> (\"title\")': $line"
			;;
		[[:space:]]*) ;;
		*\ *)
			[ ${#line} -le 72 ] || problem "a line of ${#line} characters, 72 is the most: $line"
			;;
		esac
	done
done
echo "check-log: $nb messages"
exit $bad
