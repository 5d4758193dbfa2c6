# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Measures crypto_wd and compress_wd next to their peers; see doc/bench.md."""
