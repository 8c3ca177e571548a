"""How do the rows of an earlier pass become a table that a later one reads?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.bucket import width_in_nanoseconds
from beaf_core.engine.compiler.compile import Clock
from beaf_core.engine.compiler.keys import BUCKET
from beaf_core.model.dates import DayStatus
from beaf_core.model.tables import Part, TableRead

if TYPE_CHECKING:
    from beaf_core.config.analytics import PassConfig
    from beaf_core.model.outputs import Receipt

#: The column with the time that stands for a row's whole interval.
INTERVAL_TIME = "__interval_time"
#: Which of several pieces a row comes from: breaks the tie of a bucket that two of them share.
PIECE = "__piece"


@dataclass(frozen=True, slots=True)
class Piece:
    """One partition of an earlier pass, as a later one finds it.

    Attributes:
        receipt: what was written.
        days: its days that have data, in order.
        rows: its rows, lazily.
    """

    receipt: Receipt
    days: tuple[date, ...]
    rows: pl.LazyFrame


@dataclass(frozen=True, slots=True)
class EarlierPass:
    """What a later pass reads of an earlier one, in one partition of the later.

    Attributes:
        config: the earlier pass: the interval that its rows stand for.
        pieces: its partitions inside that of the reader.
        statuses: each day of the reader's partition, with what became of it in the earlier pass.
    """

    config: PassConfig
    pieces: Sequence[Piece]
    statuses: Mapping[date, DayStatus]

    @property
    def days(self) -> list[date]:
        """The days that have data, in order."""
        return sorted(day for each in self.pieces for day in each.days)

    def on(self, day: date, reader: PassConfig) -> tuple[TableRead, Clock]:
        """Give the rows of one day as a table with time.

        A row stands for its bucket's interval: at its start for a reader whose buckets are closed
        left, at its end for one closed right, so that it lies in the reader's bucket that holds
        the interval. It belongs to the last day that begins no later than its interval; the first
        and the last day take what lies outside, so that no row is lost and none is doubled.
        """
        status = self.statuses.get(day, DayStatus.CLOSED)
        if status is not DayStatus.READY:
            return TableRead(status), Clock("", None)
        rows = pl.concat(
            [
                each.rows.with_columns(pl.lit(number, pl.Int64).alias(PIECE))
                for number, each in enumerate(self.pieces)
            ],
            how="diagonal_relaxed",
        )
        start, end = self._interval()
        time = end if reader.time_bucket_closed == "right" else start
        frame = rows.filter(self._belongs_to(day)).with_columns(time.alias(INTERVAL_TIME))
        return TableRead(status, frame, self._parts(day)), Clock(INTERVAL_TIME, PIECE)

    def _width(self) -> int:
        return width_in_nanoseconds(self.config.time_bucket_seconds)

    def _interval(self) -> tuple[pl.Expr, pl.Expr]:
        label = pl.col(BUCKET).cast(pl.Datetime("ns")).to_physical()
        if self.config.time_bucket_anchor == "end":
            return label - self._width(), label
        return label, label + self._width()

    def _belongs_to(self, day: date) -> pl.Expr:
        # Compared on the label itself, so that a parquet scan can skip row groups.
        days = self.days
        place = days.index(day)
        shift = self._width() if self.config.time_bucket_anchor == "end" else 0
        label = pl.col(BUCKET).cast(pl.Datetime("ns"))
        bounds = []
        if place > 0:
            bounds.append(label >= _midnight(day, shift))
        if place + 1 < len(days):
            bounds.append(label < _midnight(days[place + 1], shift))
        return pl.all_horizontal(*bounds) if bounds else pl.lit(True)

    def _parts(self, day: date) -> tuple[Part, ...]:
        """Tell each piece once, on its first day, so that rows are counted once."""
        return tuple(
            Part(each.receipt.location, rows=each.receipt.rows, version=each.receipt.fingerprint)
            for each in self.pieces
            if each.days[0] == day
        )


def _midnight(day: date, shift: int) -> pl.Expr:
    moment = pl.lit(day).cast(pl.Datetime("ns")).to_physical() + shift
    return moment.cast(pl.Datetime("ns"))
