#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# Devices in class wd, as where the kernel's own uacce is loaded: lib/wd finds them
# there; and a device that is to have SVA where there is none. Leaves the modules
# loaded as they were.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC1091
. kernel/test/ktap.sh

# reload [PARAMETER=VALUE]...: of wd
reload()
{
	rmmod wd_edu wd_emu wd && insmod "$WD_MODULES/wd.ko" "$@" && insmod "$WD_MODULES/wd_emu.ko" &&
		insmod "$WD_MODULES/wd_edu.ko"
}

# in_class YES NO: the device is in the one class, and not in the other
in_class()
{
	ls -d /sys/class/"$1"/wd_edu-* && ! ls -d /sys/class/"$2"/wd_edu-* 2>/dev/null
}

# QEMU's edu has no PASID: no machine shares page tables with it
asked_for_sva()
{
	rmmod wd_edu && insmod "$WD_MODULES/wd_edu.ko" sva=1 && grep -x registered /sys/class/wd/wd_edu-*/memory && lib
}

lib()
{
	"$WD_BUILD/app/test-wd/test-wd-edu" -l 0 --no-pci --in-memory --no-telemetry -m 64 --log-level lib.wd:8 --
}

ktap_check "the class is uacce" in_class uacce wd
ktap_check "modules loaded anew, with class_name=wd" reload class_name=wd
ktap_check "the class is wd" in_class wd uacce
ktap_check "lib/wd finds the device and drives it" lib
ktap_check "asked for SVA, the device has registered memory, and is driven" asked_for_sva
ktap_check "modules loaded as before" reload
ktap_check "the class is uacce again" in_class uacce wd
ktap_finish
