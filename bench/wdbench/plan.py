# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""What is measured: points, of which each is run with several drivers in turn."""

from dataclasses import dataclass

REPETITIONS = 5

CBC = ("--cipher-algo", "aes-cbc", "--cipher-op", "encrypt", "--cipher-key-sz", "16", "--cipher-iv-sz", "16")
ALGORITHMS = {
    "AES-128-CBC": ("--optype", "cipher-only", *CBC),
    "AES-128-GCM": ("--optype", "aead", "--aead-algo", "aes-gcm", "--aead-op", "encrypt", "--aead-key-sz", "16",
                    "--aead-iv-sz", "12", "--aead-aad-sz", "12", "--digest-sz", "16"),
    "AES-128-CBC+SHA1-HMAC": ("--optype", "cipher-then-auth", *CBC, "--auth-algo", "sha1-hmac", "--auth-op", "generate",
                              "--auth-key-sz", "20", "--digest-sz", "20"),
    "SHA256-HMAC": ("--optype", "auth-only", "--auth-algo", "sha2-256-hmac", "--auth-op", "generate",
                    "--auth-key-sz", "32", "--digest-sz", "32"),
    "AES-128-CTR": ("--optype", "cipher-only", "--cipher-algo", "aes-ctr", "--cipher-op", "encrypt",
                    "--cipher-key-sz", "16", "--cipher-iv-sz", "16"),
    "SHA1-HMAC": ("--optype", "auth-only", "--auth-algo", "sha1-hmac", "--auth-op", "generate", "--auth-key-sz", "20",
                  "--digest-sz", "20"),
    "SHA512-HMAC": ("--optype", "auth-only", "--auth-algo", "sha2-512-hmac", "--auth-op", "generate",
                    "--auth-key-sz", "64", "--digest-sz", "64"),
    "NULL": ("--optype", "cipher-only", "--cipher-algo", "null", "--cipher-op", "encrypt", "--cipher-key-sz", "0",
             "--cipher-iv-sz", "0"),
}

WD = "crypto_wd"
MB = "crypto_aesni_mb"
GCM = "crypto_aesni_gcm"
OPENSSL = "crypto_openssl"
NULL = "crypto_null"
SCHEDULER = "crypto_scheduler"
COMPRESS_WD = "compress_wd"
ISAL = "compress_isal"
ZLIB = "compress_zlib"


@dataclass(frozen=True)
class Point:
    """One run of each driver, REPETITIONS times in turn."""

    kind: str  # throughput, cyclecount, latency, compress, or what bench-wd measures
    algorithm: str
    size: int
    drivers: tuple
    bursts: tuple = (32,)
    ops: int = 0
    repetitions: int = REPETITIONS

    def title(self):
        return " ".join(str(word) for word in (self.kind, self.algorithm, self.size) if word)


def peers(algorithm):
    return (WD, MB, *((GCM,) if algorithm == "AES-128-GCM" else ()), OPENSSL, SCHEDULER)


def ops_for(size, most):
    """Fewer of the large ones, a multiple of what a ring has."""
    return max(most * 256 // max(size, 256) // 1024, 2) * 1024


def own_points(quick):
    """(what, options, n, repetitions) of bench-wd."""
    model = "run=inline,engine=instant,perf=zip-920"
    return [Point("in-flight", model, 0, ("bench-wd",), ops=60 if quick else 300),
            Point("queues", "hw=v3", 0, ("bench-wd",), ops=10 if quick else 100),
            Point("sessions", "hw=v3", 0, ("bench-wd",), ops=10 if quick else 100),
            Point("doorbells", "hw=v3", 0, ("bench-wd",), ops=1000, repetitions=1),
            Point("memory", "hw=v3", 0, ("bench-wd",), ops=16, repetitions=1),
            Point("comp-memory", "hw=v3", 0, ("bench-wd",), ops=16, repetitions=1),
            Point("start", "hw=v3", 0, ("bench-wd",), ops=1)]


def quick_points():
    points = [Point("cyclecount", "", 64, (WD, NULL), (1, 8, 32, 128), 20480)]
    for algorithm, sizes in (("AES-128-CBC", (256, 1024, 4096)), ("AES-128-GCM", (256, 1024)),
                             ("AES-128-CBC+SHA1-HMAC", (256, 1024))):
        for size in sizes:
            points.append(Point("throughput", algorithm, size, peers(algorithm), ops=ops_for(size, 200000)))
    points += own_points(True)
    for size in (64, 1024):
        points.append(Point("break-even", "AES-128-CBC", size, (WD, MB, OPENSSL), ops=10240))
    points.append(Point("break-even", "AES-128-GCM", 1024, (WD, MB, OPENSSL), ops=10240))
    points.append(Point("compress", "deflate level 1", 32768, (COMPRESS_WD, ISAL, ZLIB), ops=10))
    points.append(Point("latency", "AES-128-CBC", 1024, (WD, MB), (1, 8, 32, 128), 4096))
    return points


def full_points():
    algorithms = [name for name in ALGORITHMS if name != "NULL"]
    headline = algorithms[:4]
    sizes = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
    points = [Point("cyclecount", "", 64, (WD, NULL), (1, 2, 4, 8, 16, 32, 64, 128, 256), 204800)]
    for algorithm in headline:
        for size in sizes:
            points.append(Point("throughput", algorithm, size, peers(algorithm), ops=ops_for(size, 1000000)))
    for size in (1024, 4096, 8192, 16384, 32768):
        points.append(Point("compress", "deflate level 1", size, (COMPRESS_WD, ISAL, ZLIB), ops=50))
    points += own_points(False)
    for size in (64, 1024, 8192):
        points.append(Point("latency", "AES-128-CBC", size, (WD, MB), (1, 2, 4, 8, 16, 32, 64, 128, 256), 16384))
    for algorithm in algorithms:
        for size in sizes:
            points.append(Point("break-even", algorithm, size, (WD, MB, OPENSSL), ops=20480))
    return points
