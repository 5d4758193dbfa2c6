# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Medians and spreads."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """Of the repetitions of one figure."""

    median: float
    low: float
    high: float
    nb: int

    @classmethod
    def of(cls, values):
        values = sorted(values)
        return cls(quantile(values, 0.5), values[0], values[-1], len(values))

    def text(self, digits=2):
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}..{self.high:.{digits}f})"

    def short(self, digits=2):
        """With how far the farthest is off."""
        off = max(self.high - self.median, self.median - self.low) / self.median * 100 if self.median else 0
        return f"{self.median:.{digits}f} ±{off:.0f} %"


def quantile(values, q):
    """Between the two nearest values, in proportion; values are sorted and not empty."""
    at = (len(values) - 1) * q
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def percentiles(values):
    """{name: value} of what a latency plot shows."""
    values = sorted(values)
    return {f"p{q:g}_us": quantile(values, q / 100) for q in (50, 90, 99, 99.9)}
