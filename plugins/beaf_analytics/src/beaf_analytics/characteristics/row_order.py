"""In which order does a source store the messages of a listing?

Each row has its distance from the row before it: the order is that of the rows in the source, and
the first row of a listing and trade date has none before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl

from beaf_core import ProvidedTable

NAME = "l3_steps"

_TIME = "TimestampNanoseconds"
#: What is asked to rise from row to row: word of the measure → column.
ORDERED_BY: Mapping[str, str] = {
    "EventTimestamp": _TIME,
    "EventNo": "EventNo",
    "ExchangeSequenceNo": "ExchangeSequenceNo",
    "BMLLSequenceNo": "BMLLSequenceNo",
}


def step(column: str) -> pl.Expr:
    """Name the distance from the row before."""
    return pl.col(f"{column}Step")


def steps_between(columns: Sequence[str], tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Give each row its distances from the row before it."""
    distances = [
        (_number(each) - _number(each).shift(1).over("ListingId")).alias(f"{each}Step")
        for each in columns
    ]
    return tables["l3"].select("ListingId", _TIME, *distances)


def _number(column: str) -> pl.Expr:
    # Of times, too: whether they rise does not depend on their unit.
    return pl.col(column).cast(pl.Int64)


def l3_steps(columns: Sequence[str]) -> ProvidedTable:
    """Provide the distances of some columns."""
    return ProvidedTable(
        name=NAME,
        needs={"l3": tuple(dict.fromkeys((_TIME, *columns)))},
        build=partial(steps_between, tuple(columns)),
        time=_TIME,
    )
