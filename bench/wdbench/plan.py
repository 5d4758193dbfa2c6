# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""What is measured: points, of which each is run with several drivers in turn."""

from dataclasses import dataclass

REPETITIONS = 5


def cipher(name, key, iv):
    return ("--cipher-algo", name, "--cipher-op", "encrypt", "--cipher-key-sz", str(key), "--cipher-iv-sz", str(iv))


def auth(name, key, digest, iv=0):
    return ("--auth-algo", name, "--auth-op", "generate", "--auth-key-sz", str(key), "--digest-sz", str(digest),
            *(("--auth-iv-sz", str(iv)) if iv else ()))


def cipher_only(name, key, iv):
    return ("--optype", "cipher-only", *cipher(name, key, iv))


def auth_only(name, key, digest, iv=0):
    return ("--optype", "auth-only", *auth(name, key, digest, iv))


def aead(name):
    return ("--optype", "aead", "--aead-algo", name, "--aead-op", "encrypt", "--aead-key-sz", "16", "--aead-iv-sz", "12",
            "--aead-aad-sz", "12", "--digest-sz", "16")


def chain(*parts):
    return ("--optype", "cipher-then-auth", *(word for part in parts for word in part))


CBC = cipher("aes-cbc", 16, 16)
SHA1 = auth("sha1-hmac", 20, 20)
SHA256 = auth("sha2-256-hmac", 32, 32)
ALGORITHMS = {
    "AES-128-CBC": ("--optype", "cipher-only", *CBC),
    "AES-128-GCM": aead("aes-gcm"),
    "AES-128-CBC+SHA1-HMAC": chain(CBC, SHA1),
    "SHA256-HMAC": ("--optype", "auth-only", *SHA256),
    "AES-128-CTR": cipher_only("aes-ctr", 16, 16),
    "AES-128-ECB": cipher_only("aes-ecb", 16, 0),
    "AES-128-XTS": cipher_only("aes-xts", 32, 16),
    "AES-128-CCM": aead("aes-ccm"),
    "AES-128-CBC+SHA256-HMAC": chain(CBC, SHA256),
    "SHA1-HMAC": ("--optype", "auth-only", *SHA1),
    "SHA512-HMAC": auth_only("sha2-512-hmac", 64, 64),
    "AES-128-CMAC": auth_only("aes-cmac", 16, 16),
    "AES-128-XCBC-MAC": auth_only("aes-xcbc-mac", 16, 12),
    "AES-128-GMAC": auth_only("aes-gmac", 16, 16, 12),
    "SHA256": auth_only("sha2-256", 0, 32),
    "3DES-CBC": cipher_only("3des-cbc", 24, 8),
    "SM4-CBC": cipher_only("sm4-cbc", 16, 16),
    "SM4-CTR": cipher_only("sm4-ctr", 16, 16),
    "SM3": auth_only("sm3", 0, 32),
}
NULL_CIPHER = cipher_only("null", 0, 0)
HEADLINE = ("AES-128-CBC", "AES-128-GCM", "AES-128-CBC+SHA1-HMAC", "SHA256-HMAC")
BREAK_EVEN_SIZES = (16, 64, 256, 1024, 4096, 16384)
COMPRESS_LEVELS = (1, 6, 9)
SLOW = ("3DES-CBC",)  # on the lcore

WD = "crypto_wd"
MB = "crypto_aesni_mb"
GCM = "crypto_aesni_gcm"
OPENSSL = "crypto_openssl"
NULL = "crypto_null"
SCHEDULER = "crypto_scheduler"
COMPRESS_WD = "compress_wd"
ISAL = "compress_isal"
ZLIB = "compress_zlib"
OWN = (WD, COMPRESS_WD, "bench-wd")

# Seconds that a run takes, while none of its kind is known yet.
EXPECTED_S = {"throughput": 1.0, "cyclecount": 0.6, "break-even": 0.5, "latency": 0.8, "compress": 1.5,
              "comp-break-even": 1.0, "in-flight": 5.0, "sessions": 2.0}


@dataclass(frozen=True)
class Point:
    """One run of each driver, REPETITIONS times in turn."""

    kind: str  # throughput, cyclecount, break-even, latency, compress, comp-break-even, or what bench-wd measures
    algorithm: str
    size: int
    drivers: tuple
    bursts: tuple = (32,)
    ops: int = 0
    repetitions: int = REPETITIONS
    depth: int = 0  # of the queue pair; 0: what the program has

    def ops_of(self, driver):
        """Few enough of a driver that takes several times as long as the others."""
        few = self.kind == "throughput" and driver == OPENSSL
        return max(self.ops // 8 // 1024, 2) * 1024 if few else self.ops

    def title(self):
        words = [self.kind, self.algorithm, self.size]
        if self.kind == "cyclecount":
            words.append(f"burst {self.bursts[0]}")
        return " ".join(str(word) for word in words if word)


def peers(algorithm):
    return (WD, MB, *((GCM,) if algorithm == "AES-128-GCM" else ()), OPENSSL, SCHEDULER)


def deflate(level):
    return f"deflate level {level}"


def level_of(algorithm):
    return int(algorithm.rpartition(" ")[2])


def ops_for(size, most):
    """Fewer of the large ones, a multiple of what a ring has."""
    return max(most * 256 // max(size, 256) // 1024, 2) * 1024


def throughput(algorithm, size, ops):
    """The queue pairs of all drivers are shallow where a deep one would hold more data than a CPU's cache."""
    return Point("throughput", algorithm, size, peers(algorithm), ops=ops, depth=128 if size >= 1024 else 0)


def throughput_ops(size):
    """What takes a driver with all it needs some tenths of a second: the software device has reached its pace by then."""
    return min(6000, 4000000 // size) * 1024


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


def cyclecounts(bursts, ops):
    """A run for each burst: the stock program warms up for the first one only."""
    return [Point("cyclecount", "", 64, (WD, NULL), (burst,), ops) for burst in bursts]


def break_even(algorithm, size, most):
    ops = min(most, ops_for(size, 20 * most), *((2048 if size < 4096 else 1024,) if algorithm in SLOW else ()))
    return Point("break-even", algorithm, size, (WD, MB, OPENSSL), ops=ops)


def compress(kind, level, size, ops):
    return Point(kind, deflate(level), size, (COMPRESS_WD, ISAL, ZLIB), ops=ops)


def quick_points():
    points = cyclecounts((1, 8, 32, 128), 10240)
    for algorithm, sizes in (("AES-128-CBC", (256, 1024, 4096)), ("AES-128-GCM", (256, 1024)),
                             ("AES-128-CBC+SHA1-HMAC", (256, 1024))):
        for size in sizes:
            points.append(throughput(algorithm, size, ops_for(size, 200000)))
    points += own_points(True)
    points += [break_even(algorithm, size, 10240) for algorithm in HEADLINE[:2] for size in (64, 1024)]
    points.append(compress("compress", 1, 32768, 10))
    points.append(compress("comp-break-even", 1, 8192, 1))
    points.append(Point("latency", "AES-128-CBC", 1024, (WD, MB), (1, 8, 32, 128), 4096))
    return points


def full_points():
    points = cyclecounts((1, 2, 4, 8, 16, 32, 64, 128, 256), 51200)
    for algorithm in HEADLINE:
        for size in (64, 256, 1024, 2048, 4096, 8192):
            points.append(throughput(algorithm, size, throughput_ops(size)))
    points += [compress("compress", 1, size, 25) for size in (1024, 4096, 8192, 16384, 32768)]
    points += own_points(False)
    for size in (64, 1024, 8192):
        points.append(Point("latency", "AES-128-CBC", size, (WD, MB), (1, 4, 16, 64, 256), 16384))
    points += [break_even(algorithm, size, 20480) for algorithm in ALGORITHMS for size in BREAK_EVEN_SIZES]
    points += [compress("comp-break-even", level, size, 2) for level in COMPRESS_LEVELS for size in (1024, 8192, 32768)]
    return points
