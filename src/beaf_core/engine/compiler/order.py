"""How are rows brought into the order of their keys, and how is it seen that they are?"""

from __future__ import annotations

import polars as pl

from beaf_core.engine.compiler.keys import BUCKET, KEYS, LISTING

#: Beyond it, listing and bucket do not fit into one signed integer.
_LARGEST = 2**63
#: So few rows are sorted by two columns faster than one key is made of them.
_FEW = 5_000


def in_order(frame: pl.DataFrame, width: int) -> pl.DataFrame:
    """Sort rows by listing and bucket.

    One integer for both, where they fit: 400,000 bars take 25 ms so, and 63 by two columns.

    Args:
        frame: rows with ListingId and TimeBucket, both int64.
        width: of the buckets, which are multiples of it, in nanoseconds.
    """
    if frame.height < _FEW or any(frame[name].null_count() for name in KEYS):
        return frame.sort(*KEYS)
    (low, high), (first, last) = (_edges(frame[name]) for name in KEYS)
    first, last = first // width, last // width
    if (high - low + 1) * (last - first + 1) >= _LARGEST:
        return frame.sort(*KEYS)
    listing, bucket = pl.col(LISTING) - low, pl.col(BUCKET) // width - first
    return frame.sort(listing * (last - first + 1) + bucket)


def _edges(values: pl.Series) -> tuple[int, int]:
    low, high = values.min(), values.max()
    assert isinstance(low, int)
    assert isinstance(high, int)
    return low, high


def are_alike(some: pl.DataFrame, others: pl.DataFrame) -> bool:
    """Whether two frames have the same keys in the same order."""
    if some.height != others.height:
        return False
    return all(some[name].equals(others[name]) for name in KEYS)


def ascends(frame: pl.DataFrame) -> bool:
    """Whether each row's key is greater than that of the row before it; so none is repeated.

    A null is not greater than anything.
    """
    listing, bucket = pl.col(LISTING), pl.col(BUCKET)
    later = (listing == listing.shift()) & (bucket > bucket.shift())
    grows = ((listing > listing.shift()) | later).slice(1)
    known = pl.all_horizontal(pl.col(*KEYS).is_not_null().all())
    return bool(frame.select(grows.all(ignore_nulls=False) & known).item())
