"""What can a module declare that no aggregation of a table's own rows can say?

Each is data that the engine compiles: a state looked up as of a time, the lifetime of an order, a
grid of buckets, a table that a module provides, an identity between columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl

    from beaf_core.model.module import Measure

NANOSECONDS = 1_000_000_000
SECONDS_OF_A_DAY = 86_400

#: The table that a module reads when it works on the rows of an earlier pass.
SOURCE_TABLE = "source"
#: How a table that is an earlier pass's output is called: `pass:bars`.
PASS_PREFIX = "pass:"  # noqa: S105 — the word before a name, no secret


@dataclass(frozen=True, slots=True, eq=False)
class AsOf:
    """A column looked up in the state of another table: the last row at or before a time.

    Looked up within the listing and the TradeDate of the row; null where there is no such state.
    Of states at one time, the last by the table's sequence is found.

    Attributes:
        table: the table whose rows are states, such as `l2`.
        value: an expression over its columns.
        where: the rows that can be found (the last *valid* quote); None means all.
        horizon: nanoseconds added to the row's own time: 0 for the prevailing state.
        strict: only states strictly before that time.
    """

    table: str
    value: pl.Expr
    where: pl.Expr | None = None
    horizon: int = 0
    strict: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Lifetime:
    """A column with the nanoseconds between the rows on which an order begins and ends.

    Orders are told apart by listing, TradeDate and id; an empty id is none. Where an id is used
    again, an end belongs to the last begin before it, a begin to the first end after it. Null on
    every other row, and where the order's other end is not in the data (censored).

    Attributes:
        begin: the rows on which an order begins.
        end: the rows on which one ends.
        begin_order: the column with the order's id on the former.
        end_order: the column with the order's id on the latter.
        at: the row that gets the lifetime, and so the bucket that it counts in: `end`, known
            when it happens, or `begin`, which looks ahead.
    """

    begin: pl.Expr
    end: pl.Expr
    begin_order: str = "OrderId"
    end_order: str = "OldOrderId"
    at: Literal["end", "begin"] = "end"


Lookup = AsOf | Lifetime


@dataclass(frozen=True, slots=True)
class DenseGrid:
    """The buckets that a pass has rows for, whether or not anything happens in them.

    Whole buckets of the pass, in its own anchor: those that share an instant with the interval or
    session, whose edges are the pass's own. Closed right, 08:00 to 16:30 begins just after 08:00,
    and with buckets of a minute labelled at their end has the rows 08:01 to 16:30. What happens
    outside has no row.

    Attributes:
        mode: `uniform`, between two times of day; `adaptative`, while a listing's state in
            `marketstate` is CONTINUOUS_TRADING: a break leaves a gap, and a listing that does not
            trade has no row.
        interval: first and last time of day, UTC, `("08:00", "16:30")`; only for `uniform`. One
            that does not end after it starts crosses midnight.
    """

    mode: Literal["uniform", "adaptative"] = "adaptative"
    interval: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if (self.mode == "uniform") != (self.interval is not None):
            raise ValueError("an interval of two times of day goes with `uniform`, and only there")
        for text in self.interval or ():
            time_of_day(text)

    @property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """The tables that it is made of, each with its columns."""
        return {"marketstate": ("MarketState",)} if self.mode == "adaptative" else {}


def time_of_day(text: str) -> int:
    """Read `HH:MM` or `HH:MM:SS`, up to 24:00, as nanoseconds since midnight.

    Raises:
        ValueError: it is no time of day.
    """
    found = re.fullmatch(r"(\d\d):([0-5]\d)(?::([0-5]\d))?", text)
    hours, minutes, seconds = (int(each or 0) for each in found.groups()) if found else (25, 0, 0)
    total = (hours * 60 + minutes) * 60 + seconds
    if total > SECONDS_OF_A_DAY:
        raise ValueError(f"{text!r} is no time of day such as 08:00")
    return total * NANOSECONDS


@dataclass(frozen=True, slots=True)
class ProvidedTable:
    """A table that a module makes of others, for the measures of any module of the pass.

    Attributes:
        name: the table's name; no input table may have it.
        needs: the tables it is made of, each with the columns that it needs beside ListingId.
        build: needed table → lazy rows of one trade date and the whole universe (in a batch of
            listings, too), to lazy rows. It must not collect, but for `reference`, which is as
            long as the universe and in memory. Rows of other listings are left out.
        time: its column of event time, int64 nanoseconds or Datetime.
        sequence: the column that breaks ties; None where there is none.
        ordered: whether the rows of each listing come out in that order.
        version: raised when something changes that `build` calls in other files, so that old
            outputs become stale; edits of its own file are noticed.
        passes_on: one of the tables it is made of, whose further columns it carries through: what
            is asked of this table beyond `makes` is asked of that one, and `build` finds it there.
            None where it has no columns but those that it makes.
        makes: the columns that it makes itself, where it passes others on, each with the columns
            of that table which only it needs.
        step: the nanoseconds between the points of time that its rows stand for, whole multiples
            of it from the epoch: a bucket has to be whole steps of it. None without such a grid.
    """

    name: str
    needs: Mapping[str, tuple[str, ...]]
    build: Callable[[Mapping[str, pl.LazyFrame]], pl.LazyFrame]
    time: str
    sequence: str | None = None
    ordered: bool = False
    version: int = 1
    passes_on: str | None = None
    makes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    step: int | None = None

    def __post_init__(self) -> None:
        if self.passes_on is not None and self.passes_on not in self.needs:
            raise ValueError(
                f"the table {self.name} passes on columns of {self.passes_on}, "
                "which is not among its needs"
            )

    def needed_for(self, columns: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """List the columns that it needs of each table, where some are asked of itself."""
        if self.passes_on is None:
            return self.needs
        further = [name for each in columns for name in self.makes.get(each, (each,))]
        needed = tuple(dict.fromkeys((*self.needs[self.passes_on], *further)))
        return {**self.needs, self.passes_on: needed}


@dataclass(frozen=True, slots=True)
class Identity:
    """What must hold between columns of every output row: `BuyVolume + SellVolume = Volume`.

    Attributes:
        name: how a failure is told.
        holds: a boolean expression over output columns; null counts as holding.
    """

    name: str
    holds: pl.Expr


@dataclass(frozen=True, slots=True)
class SourcePass:
    """What `AnalyticsModule.from_source` learns of the pass whose rows are the table `source`.

    Attributes:
        name: the pass.
        keys: what tells its rows apart.
        measures: its measures.
        bucket_ns: the width of its buckets, in nanoseconds.
        reader_bucket_ns: that of the pass that reads it.
    """

    name: str
    keys: tuple[str, ...]
    measures: tuple[Measure, ...]
    bucket_ns: int
    reader_bucket_ns: int


@dataclass(frozen=True, slots=True)
class Context:
    """What `AnalyticsModule.compute` may look at.

    Attributes:
        tables: declared table → lazy rows of the partition (all its days), with ListingId, the
            columns asked for, `EventTime` (the row's own time; of an earlier pass, the edge of its
            bucket that is inside the reader's), `TimeBucket` (the row's bucket), both Datetime ns,
            and `TradeDate`.
        listings: the universe of the partition.
        bucket_ns: the pass's bucket width in nanoseconds.
        anchor: the edge of a bucket that `TimeBucket` is.
    """

    tables: Mapping[str, pl.LazyFrame]
    listings: pl.DataFrame
    bucket_ns: int
    anchor: Literal["end", "start"] = "end"
