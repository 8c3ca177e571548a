"""Which of our columns answers which column of the oracles, and are they equal?

A table says, for each column of the oracle, by which setting of which modules we compute it and
what it is called here, or why nothing of ours answers it. Columns of one setting are computed
together, as a run would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl

from beaf_core import compute_frame

#: Columns of the oracles that say which bucket a row is of.
KEYS = (
    "MIC", "TradeDate", "Ticker", "ListingId", "TimeBucket", "TimeBucketEnd", "Partial"
)  # fmt: skip
TOLERANCE = 1e-9

Edge = Literal["left", "right"]


@dataclass(frozen=True, eq=False)
class Setting:
    """Modules and their options: what a pass would say.

    Attributes:
        modules: the modules' names.
        fields: further fields of the pass: their sections.
    """

    modules: tuple[str, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ours:
    """A column of ours that answers one of the oracle.

    Attributes:
        setting: what computes it.
        column: its name.
    """

    setting: Setting
    column: str


@dataclass(frozen=True)
class Unanswered:
    """A column of the oracle that nothing answers.

    Attributes:
        reason: why.
    """

    reason: str


Table = Mapping[str, Ours | Unanswered]


@dataclass(frozen=True)
class Market:
    """A day of real data with its oracles.

    Attributes:
        folder: below the data's root.
        place: venue and date, as they stand in paths.
        oracle: the oracle's file, by the width of its buckets.
        hours: first and last time of day that the oracle covers.
    """

    folder: str
    place: str
    oracle: str
    hours: tuple[str, str]

    def table(self, root: Path, name: str) -> pl.DataFrame:
        """Read an input table."""
        return pl.read_parquet(root / self.folder / name / f"{self.place}.parquet")


MARKETS = {
    "bme_ana": Market("bme_ana", "XMAD/2019-05-23", "bme_ana_{}s", ("07:00", "15:30")),
    "binance_spot": Market(
        "binance_spot", "XBNS/2024-08-08", "binance_spot_dev_{}s", ("23:50", "24:00")
    ),
}
#: Our tables by their folders.
_FOLDERS = {"trades": "trades-plus", "l2": "l2", "l3": "l3"}


def read_oracle(root: Path, market: Market, seconds: int, edge: Edge) -> pl.DataFrame:
    """Read the whole buckets of an oracle.

    What does not depend on the edge that is inside is only in the file of left-closed buckets.
    """
    name = f"{market.oracle.format(seconds)}.parquet"
    oracle = pl.read_parquet(root / "oracles" / name)
    if edge == "right":
        events = pl.read_parquet(root / "oracles" / "right_closed" / name)
        own = [each for each in events.columns if each not in KEYS]
        keys = ["ListingId", "TimeBucket"]
        oracle = oracle.drop(own).join(events.select(*keys, *own), on=keys, how="left")
    return oracle.filter(~pl.col("Partial")).sort("ListingId", "TimeBucket")


@cache
def compute(root: Path, market: Market, seconds: int, edge: Edge, setting: Setting) -> pl.DataFrame:
    """Compute a setting on every bucket of the oracle, whatever happens in it."""
    there = [each for each in _FOLDERS if (root / market.folder / _FOLDERS[each]).is_dir()]
    return compute_frame(
        ["dense", *setting.modules],
        {name: market.table(root, _FOLDERS[name]) for name in there},
        listings=market.table(root, "reference").select("ListingId", "MIC"),
        time_bucket_seconds=seconds,
        time_bucket_anchor="start",
        time_bucket_closed=edge,
        dense_analytics={"mode": "uniform", "time_interval": list(market.hours)},
        **setting.fields,
    )


def differences(
    root: Path, market: Market, seconds: int, edge: Edge, table: Table
) -> dict[str, str]:
    """Say of each answered column of the oracle in what ours differs; nothing if all are equal."""
    oracle = read_oracle(root, market, seconds, edge)
    found = {}
    for name, answer in table.items():
        if isinstance(answer, Ours) and name in oracle.columns:
            ours = compute(root, market, seconds, edge, answer.setting)
            told = _difference(oracle, ours, name, answer.column)
            found |= {name: told} if told else {}
    return found


def _difference(oracle: pl.DataFrame, ours: pl.DataFrame, name: str, column: str) -> str:
    keys = ["ListingId", "TimeBucket"]
    both = oracle.select(*keys, pl.col(name).alias("theirs")).join(
        ours.select(*keys, pl.col(column).alias("ours")), on=keys, how="left", maintain_order="left"
    )
    theirs, own = pl.col("theirs"), pl.col("ours")
    exact = not both["theirs"].dtype.is_float()
    near = own == theirs if exact else (own - theirs).abs() <= TOLERANCE * theirs.abs()
    equal = (near & own.is_finite()).fill_null(theirs.is_null() & own.is_null())
    other = both.filter(~equal)
    return f"{other.height} of {both.height} buckets: {other.row(0)}" if other.height else ""


def columns_of(root: Path, market: Market) -> list[str]:
    """List the columns of a market's oracles, without keys."""
    files = sorted((root / "oracles").rglob(f"{market.oracle.format('*')}.parquet"))
    names = {name for each in files for name in pl.read_parquet_schema(each)}
    return sorted(names - {*KEYS})


def answered(tables: Iterable[Table]) -> dict[str, Ours | Unanswered]:
    """Put tables together, of which no two answer the same column."""
    found: dict[str, Ours | Unanswered] = {}
    for table in tables:
        assert not found.keys() & table.keys(), f"answered twice: {found.keys() & table.keys()}"
        found |= table
    return found
