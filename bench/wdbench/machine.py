# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""What was measured on, and with what."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

PACKAGES = ("dpdk", "libipsec-mb1", "libisal2", "libssl3", "zlib1g", "librte-crypto-ipsec-mb23",
            "librte-crypto-openssl23", "librte-crypto-scheduler23", "librte-compress-isal23", "librte-compress-zlib23")


def output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def first(pattern, path):
    try:
        match = re.search(pattern, pathlib.Path(path).read_text(encoding="utf-8"), re.M)
    except OSError:
        return "unknown"
    return match[1].strip() if match else "unknown"


def cpu():
    """The CPU's name; /proc/cpuinfo has none on arm64, where lscpu knows it by its numbers."""
    names = re.findall(r"^ *Model name:[ \t]*(.*?)[ \t]*$", output("env", "LC_ALL=C", "lscpu"), re.M)
    known = dict.fromkeys(name for name in names if name.strip("-"))
    return ", ".join(known) or first(r"^model name\s*: (.*)$", "/proc/cpuinfo")


def load():
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def versions():
    lines = output("dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES).splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


def cpus():
    return sorted(os.sched_getaffinity(0))


def describe():
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "cpu": cpu(),
        "cpus": len(cpus()),
        "kernel": platform.release(),
        "arch": platform.machine(),
        "hugepages_total": first(r"^HugePages_Total:\s*(\d+)", "/proc/meminfo"),
        "hugepage_size": first(r"^Hugepagesize:\s*(.*)$", "/proc/meminfo"),
        "dpdk": output("pkg-config", "--modversion", "libdpdk") or "unknown",
        "packages": versions(),
        "wd": output("git", "describe", "--always", "--dirty") or "unknown",
        "load_before": load(),
    }
