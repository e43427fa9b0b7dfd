"""Latencies as a histogram, so that shards can be merged and every percentile can be computed again.

Percentiles of percentiles mean nothing. A histogram with buckets that grow by 5 % can be added up exactly,
and what is read from it is within 5 % of the true value, which is finer than any two runs agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

GROWTH: Final = 1.05
SMALLEST_MS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an operation took to answer, in milliseconds.

    Attributes:
        count: How many answers were timed.
        p50, p90, p99: Percentiles, read from ``buckets``.
        max: The slowest answer, exact.
        buckets: Bucket number to count; bucket ``n`` ends at ``0.1 * 1.05 ** n`` milliseconds.
    """

    count: int = 0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    max: float = 0.0
    buckets: dict[str, int] = field(default_factory=dict)


def bucket_of(milliseconds: float) -> int:
    """Give the number of the bucket that a time falls into; 0 holds all up to a tenth of a millisecond."""
    if milliseconds <= SMALLEST_MS:
        return 0
    return math.ceil(math.log(milliseconds / SMALLEST_MS, GROWTH) - 1e-9)


def end_of(bucket: int) -> float:
    """Give the upper end of a bucket in milliseconds."""
    return SMALLEST_MS * GROWTH**bucket


def from_buckets(buckets: Mapping[int, int], slowest: float) -> Latency:
    """Read the percentiles from a histogram; no percentile exceeds the slowest answer."""
    count = sum(buckets.values())
    if not count:
        return Latency()
    return Latency(
        count=count,
        p50=_percentile(buckets, count, 0.50, slowest),
        p90=_percentile(buckets, count, 0.90, slowest),
        p99=_percentile(buckets, count, 0.99, slowest),
        max=round(slowest, 3),
        buckets={str(number): buckets[number] for number in sorted(buckets)},
    )


def merged(parts: Iterable[Latency]) -> Latency:
    """Add histograms up, as if all answers had been timed in one run."""
    total: dict[int, int] = {}
    slowest = 0.0
    for part in parts:
        slowest = max(slowest, part.max)
        for number, count in part.buckets.items():
            total[int(number)] = total.get(int(number), 0) + count
    return from_buckets(total, slowest)


def _percentile(buckets: Mapping[int, int], count: int, share: float, slowest: float) -> float:
    rank, seen = math.ceil(count * share), 0
    for number in sorted(buckets):
        seen += buckets[number]
        if seen >= rank:
            return round(min(end_of(number), slowest), 3)
    return round(slowest, 3)
