"""Which rows are written? Bars of a minute as analytics yield them, forty columns of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

#: Rows by size; the goal is meant for `medium`.
ROWS: Mapping[str, int] = {
    "tiny": 2_000,
    "small": 500_000,
    "medium": 10_000_000,
    "large": 40_000_000,
}
#: Raised when the same arguments yield other rows.
GENERATOR = 1
DAY = "2025-01-06"
_MINUTES = 500
_VENUES = ("XLON", "XPAR", "XAMS", "XETR")
_STATES = ("CONTINUOUS_TRADING", "OPENING_AUCTION", "CLOSING_AUCTION", "HALTED")


def frame(size: str, cache: Path, tell: Callable[[str], None]) -> Path:
    """Return the file of the rows of a size; it is made unless it is there."""
    path = cache / f"outputs-{GENERATOR}-{ROWS[size]}.arrow"
    if not path.exists():
        tell(f"generating {ROWS[size]:,} rows of 40 columns …")
        cache.mkdir(parents=True, exist_ok=True)
        staged = path.with_suffix(".staged")
        _rows(ROWS[size]).sink_ipc(staged, engine="streaming")
        staged.rename(path)
    return path


def _rows(count: int) -> pl.LazyFrame:
    """Make keys, attributes, prices that walk in ticks, sizes, counts, ratios and nulls."""
    at = pl.int_range(count, dtype=pl.Int64)
    listing, minute = at // _MINUTES, at % _MINUTES
    start = pl.lit(DAY).str.to_datetime(time_unit="ns") + pl.duration(hours=8)
    price = 50 + listing % 400 + (at.hash(1) % 200).cast(pl.Float64) / 100
    columns = {
        "ListingId": listing + 1,
        "TimeBucket": (start + pl.duration(minutes=minute + 1)).cast(pl.Datetime("ns")),
        "MIC": _one_of(_VENUES, listing % len(_VENUES)),
        "Ticker": pl.format("T{}", listing),
        "CurrencyCode": _one_of(("GBP", "EUR"), listing % 2),
        "MarketState": _one_of(_STATES, minute // 470),
        **{name: price + _noise(at, 10 + n) for n, name in enumerate(_PRICES)},
        **{name: (at.hash(30 + n) % 5_000).cast(pl.Int64) for n, name in enumerate(_COUNTS)},
        **{name: _sparse(at, 50 + n) for n, name in enumerate(_RATIOS)},
    }
    return pl.LazyFrame().select(each.alias(name) for name, each in columns.items())


_SIDES = ("Bid", "Ask", "")
_PRICES = tuple(f"{side}{each}" for side in _SIDES for each in ("Open", "High", "Low", "Close"))
_FLOWS = ("CountBuy", "CountSell", "VolumeBuy", "VolumeSell")
_COUNTS = tuple(f"{flow}{n}" for flow in _FLOWS for n in (1, 2, 3))
_RATIOS = tuple(f"Ratio{n}" for n in range(1, 11))


def _one_of(words: tuple[str, ...], index: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series(words)).gather(index)


def _noise(at: pl.Expr, seed: int) -> pl.Expr:
    return (at.hash(seed) % 64).cast(pl.Float64) / 100


def _sparse(at: pl.Expr, seed: int) -> pl.Expr:
    """Ratios of all digits, a fifth of them null: buckets without trades."""
    value = (at.hash(seed) % (1 << 52)).cast(pl.Float64) / (1 << 52)
    return pl.when(at.hash(seed + 100) % 5 != 0).then(value)
