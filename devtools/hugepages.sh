#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/hugepages.sh [MiB]
#
# Makes sure that so many MiB (1024) of 2 MiB hugepages are reserved and free,
# and that they are mounted at /dev/hugepages. Gives none back unless it fails.
set -euo pipefail

mib=${1:-1024}
pages=/sys/kernel/mm/hugepages/hugepages-2048kB
mnt=/dev/hugepages

die()
{
	echo "hugepages: $*" >&2
	exit 1
}

# pages that nobody has or was promised
available()
{
	echo $(($(cat $pages/free_hugepages) - $(cat $pages/resv_hugepages)))
}

[[ $mib =~ ^[0-9]+$ ]] || die "'$mib' is not a number of MiB"
[ -d $pages ] || die "this kernel has no 2 MiB hugepages"

need=$(((mib + 1) / 2))
had=$(available)
total=$(cat $pages/nr_hugepages)
if [ "$had" -lt $need ]; then
	want=$((total + need - had))
	if [ "$(id -u)" != 0 ]; then
		die "$((had * 2)) of $mib MiB are free; as root: echo $want >$pages/nr_hugepages"
	fi
	memory=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
	if [ $(((need - had) * 2)) -ge "$memory" ]; then
		die "$((had * 2)) of $mib MiB are free, and only $memory MiB of memory to take the rest from"
	fi
	echo $want 2>/dev/null >$pages/nr_hugepages || die "may not reserve any here (a container?)"
	if [ "$(available)" -lt $need ]; then # memory is in pieces: once more, tidied up
		echo 1 2>/dev/null >/proc/sys/vm/compact_memory || true
		echo $want 2>/dev/null >$pages/nr_hugepages || true
	fi
	got=$(available)
	if [ "$got" -lt $need ]; then
		echo "$total" >$pages/nr_hugepages
		die "the kernel could reserve $((got * 2)) MiB only, $mib are needed: free some memory or files in $mnt, or reboot with hugepages=$want"
	fi
fi
reserved=$(($(cat $pages/nr_hugepages) - total))
echo "hugepages: $(($(available) * 2)) MiB free, $mib needed: had $((had * 2)), reserved $((reserved * 2)) more"

if ! awk -v mnt=$mnt '$2 == mnt && $3 == "hugetlbfs" { found = 1 } END { exit !found }' /proc/mounts; then
	[ "$(id -u)" = 0 ] || die "nothing is mounted; as root: mkdir -p $mnt && mount -t hugetlbfs -o pagesize=2M nodev $mnt"
	mkdir -p $mnt
	mount -t hugetlbfs -o pagesize=2M nodev $mnt || die "cannot mount hugetlbfs at $mnt"
	echo "hugepages: mounted at $mnt"
fi
