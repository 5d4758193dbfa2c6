#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# DPDK runs in the guest, on hugepages: a stock program over a stock driver, as
# the ground that tests of our own drivers stand on.
set -u
cd "$(dirname "$0")/../.." || exit 1
. kernel/test/ktap.sh

ops=10000
perf()
{
	dpdk-test-crypto-perf -l 0,1 --no-pci --file-prefix wd-test --no-telemetry -m 128 "$@" --vdev crypto_openssl -- \
		--ptest throughput --devtype crypto_openssl --optype cipher-only --cipher-algo aes-cbc \
		--cipher-op encrypt --cipher-key-sz 16 --cipher-iv-sz 16 --burst-sz 32 --buffer-sz 64,1024 \
		--total-ops $ops --silent | tee /tmp/out
	[ "${PIPESTATUS[0]}" = 0 ] && [ "$(awk '$2 ~ /^(64|1024)$/ && $5 == '$ops' { n++ } END { print n }' /tmp/out)" = 2 ]
}

ktap_check "dpdk-test-crypto-perf over crypto_openssl, files in hugetlbfs" perf
ktap_check "the same, --in-memory --iova-mode=va" perf --in-memory --iova-mode=va
rm -f /dev/hugepages/wd-test*
ktap_finish
