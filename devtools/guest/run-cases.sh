#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# Runs in the guest, started by its init. Loads the modules, runs the cases that
# /run/guest.env names, looks after each for what it left behind, and unloads.
# Speaks to devtools/test-kernel.py over the second serial line: what test
# programs print, between lines that begin with @.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/busybox LC_ALL=C HOME=/root TMPDIR=/tmp
set -a
# shellcheck disable=SC1091
. /run/guest.env
set +a
cd "$WD_ROOT" || exit 1
PATH=$WD_BUILD/kernel/test:$WD_ROOT/kernel/test:$PATH
ulimit -c 0

stty -F "$WD_GUEST_LINE" raw -echo
exec 3>"$WD_GUEST_LINE"

# kernel messages that nobody may cause
complaints='BUG:|WARNING:|Oops|general protection|Call Trace|blocked for more than|LOCKUP|soft lockup'
complaints+='|rcu: INFO|self-detected stall|refcount_t:|list_(add|del) corruption|=\[ cut here|Poison overwritten'
complaints+='|Redzone|Padding overwritten|Object already free|Objects remaining|possible (recursive|circular|irq)'
complaints+='|inconsistent lock|lock held when returning|suspicious RCU|KASAN|UBSAN|unreferenced object|kmemleak: [1-9]'
complaints+='|cannot create duplicate|tried to init an initialized|not initialized, yet|still referenced|Bad (page|rss)'
complaints+='|bad pte|nonzero mapcount|Trying to vfree|unable to handle|Out of memory|leaked|waiting for .* to become free'
complaints+='|unregister_netdevice|does not have a release|sleeping function|scheduling while atomic'

kmsg()
{
	echo "wd-test: $*" >/dev/kmsg
}

# Kernel messages since the last call of kmsg with these words that are complaints. Where a test
# has said that it injects faults, the kernel's report of an allocation that failed is none.
kernel_complaints()
{
	dmesg | awk -v mark="wd-test: $*" '
		index($0, mark) { text = ""; injected = skip = 0; next }
		/wd-test: faults are injected/ { injected = 1 }
		injected && /vmalloc error: |page allocation failure: / { skip = 40 }
		skip { skip = /<\/TASK>/ ? 0 : skip - 1; next }
		{ text = text $0 "\n" }
		END { printf "%s", text }' | grep -E "$complaints"
}

# What should be the same before and after, but for hugepages that the modules have been made
# to keep, which a test says in /run/wd-kept. Starting a program takes long in the guest, so
# this and what follows does without.
state()
{
	local key value rest acquired=0 released=0 kept=0
	[ ! -e /run/wd-kept ] || read -r kept </run/wd-kept
	# adds up what each CPU has counted
	read -r rest </proc/sys/vm/stat_refresh
	while read -r key value; do
		case $key in
		nr_foll_pin_acquired) acquired=$value ;;
		nr_foll_pin_released) released=$value ;;
		esac
	done </proc/vmstat
	echo "pinned $((acquired - released - kept))"
	while read -r key value rest; do
		case $key in
		HugePages_Free:) echo "$key $((value + kept))" ;;
		HugePages_*) echo "$key $value" ;;
		esac
	done </proc/meminfo
	while read -r key rest value _; do
		case $key in
		wd*) echo "module $key used by $value" ;;
		esac
	done </proc/modules
}

# processes with memory of their own, but for this one and init
strangers()
{
	local dir pid words
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		case $pid in 1 | "$$" | "$PPID" | "$BASHPID") continue ;; esac
		if [ -e "$dir/exe" ]; then # not so of kernel threads
			words=()
			mapfile -d '' words <"$dir/cmdline"
			echo "$pid ${words[*]}"
		fi
	done 2>/dev/null
}

# $1: name, $2: state before
settled()
{
	local after deadline=$((SECONDS + WD_GUEST_SETTLE))
	while after=$(state) && [ "$after" != "$2" ] && [ $SECONDS -lt $deadline ]; do
		sleep 0.2
	done
	if [ "$after" = "$2" ]; then
		echo "@ok pins, hugepages and modules as before" >&3
	else
		diff <(echo "$2") <(echo "$after") | sed -n 's/^</# before:/p; s/^>/# after:/p' >&3
		echo "@not ok pins, hugepages and modules as before" >&3
	fi
}

# $1: name. Looking for leaks takes a minute where the kernel can do that, so it is done once.
quiet()
{
	local found
	if [ "$1" = unload ] && [ -e /sys/kernel/debug/kmemleak ]; then
		echo scan >/sys/kernel/debug/kmemleak
		head -40 /sys/kernel/debug/kmemleak | sed 's/^/# /' >&3
		if [ -z "$(head -c 1 /sys/kernel/debug/kmemleak)" ]; then
			echo "@ok kmemleak: nothing is left of all cases" >&3
		else
			echo "@not ok kmemleak: nothing is left of all cases" >&3
		fi
	fi
	if found=$(kernel_complaints "begin $1"); then
		head -60 <<<"$found" | sed 's/^/# /' >&3
		echo "@not ok no complaint of the kernel" >&3
	else
		echo "@ok no complaint of the kernel" >&3
	fi
}

# $1: name, $2: seconds, $3: command
run_case()
{
	local before status start left
	kmsg "begin $1"
	before=$(state)
	echo "@begin $1" >&3
	start=$SECONDS
	timeout -k 10 "$2" setsid -w bash -c "$3" >&3 2>&1 3>&- </dev/null
	status=$?
	left=$(strangers)
	[ -z "$left" ] || sleep 1 # it may be about to end
	left=$(strangers)
	if [ -n "$left" ]; then
		sed 's/^/# left behind: /' <<<"$left" >&3
		# shellcheck disable=SC2046
		kill -9 $(cut -d' ' -f1 <<<"$left")
		echo "@not ok no process left behind" >&3
	fi
	settled "$1" "$before"
	quiet "$1"
	echo "@end $status $((SECONDS - start))" >&3
	kmsg "end $1"
}

# The modules of the list $WD_GUEST_LOAD, one a line, each with its parameters.
load()
{
	local module text
	kmsg "begin load"
	echo "@begin load" >&3
	while read -r module text; do
		[ -n "$module" ] || continue
		# shellcheck disable=SC2086
		if text=$(insmod "$WD_MODULES/$module.ko" $text 2>&1); then
			echo "@ok insmod $module" >&3
		else
			echo "# $text" >&3
			echo "@not ok insmod $module" >&3
		fi
	done <<<"$WD_GUEST_LOAD"
	quiet load
	echo "@end 0 0" >&3
}

unload()
{
	local module text
	kmsg "begin unload"
	echo "@begin unload" >&3
	tac <<<"$WD_GUEST_LOAD" | while read -r module _; do
		[ -n "$module" ] || continue
		if text=$(timeout 30 rmmod "$module" 2>&1); then
			echo "@ok rmmod $module" >&3
		else
			echo "# $text" >&3
			echo "@not ok rmmod $module" >&3
		fi
	done
	settled unload "$empty"
	quiet unload
	echo "@end 0 0" >&3
}

# DPDK loads all of Debian's drivers before anything else, at each start, and here that takes longer
# than many a test. What cases use of them is left; what programs and drivers are linked against is
# found by the library path. devtools/arm64-sysroot.sh has done the like.
few_drivers()
{
	local all=/run/dpdk-drivers dir name
	for dir in /usr/lib/*/dpdk/pmds-*; do
		if [ ! -d "$dir" ] || [ -d "${dir%/*}/all" ]; then
			continue
		fi
		mkdir $all
		mount --bind "$dir" $all
		mount -t tmpfs -o mode=755 tmpfs "$dir"
		for name in bus_vdev mempool_ring crypto_openssl; do
			ln -s "$all/librte_$name.so".*.* "$dir"
		done
		export LD_LIBRARY_PATH=$all
	done
}

few_drivers
echo "@guest $(uname -r), up in $(cut -d' ' -f1 /proc/uptime) s" >&3
empty=$(state)
load
while IFS=$'\t' read -r name seconds command; do
	run_case "$name" "$seconds" "$command"
done <<<"$WD_GUEST_CASES"
unload
echo "@done" >&3
