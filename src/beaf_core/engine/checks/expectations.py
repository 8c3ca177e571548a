"""Does a pass have the rows, listings and columns that are expected of it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.keys import KEYS, LISTING, named
from beaf_core.model.primitives import PASS_PREFIX
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
    from beaf_core.config.checks import PassExpectations
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.engine.planning.prepare import DayPlan


@dataclass(frozen=True, slots=True)
class Around:
    """What the rows of a pass are held against.

    Attributes:
        listings: the ids of the universe on the days that were computed.
        source_pass: the name of its source pass; None where it has none.
        source: that pass's rows of the same days; None where nothing is known of them.
    """

    listings: Sequence[int] = ()
    source_pass: str | None = None
    source: pl.LazyFrame | None = None

    @classmethod
    def of(cls, resolved: ResolvedPass, plans: Sequence[DayPlan]) -> Around:
        """Gather it from the days that were computed."""
        listings = {each for plan in plans for each in plan.listings[LISTING]}
        name = resolved.config.source_pass
        rows = [
            table.rows
            for plan in plans
            for table in plan.tables
            if table.plan.table == f"{PASS_PREFIX}{name}"
        ]
        source = pl.concat(rows, how="diagonal_relaxed") if rows else None
        return cls(sorted(listings), name, source)


def unmet(
    expect: PassExpectations, frame: pl.DataFrame, around: Around, keys: Sequence[str] = KEYS
) -> Iterator[str]:
    """Tell what is expected of a pass's rows and does not hold.

    What is to be preserved of a source pass is asked only where there is one; what is expected of
    listings and buckets, only where rows are told apart by these.
    """
    if expect.rows_min is not None and frame.height < expect.rows_min:
        yield f"there are {frame.height} rows, fewer than {expect.rows_min}"
    if expect.listings == "all" and LISTING in keys:
        yield from _listings(around.listings, frame, "of the universe")
    if isinstance(expect.columns, list):
        yield from _columns(expect.columns, frame, "")
    if expect.need_source and around.source_pass is not None:
        yield from _preserved(expect, frame, around, keys)


def _preserved(
    expect: PassExpectations, frame: pl.DataFrame, around: Around, keys: Sequence[str]
) -> Iterator[str]:
    if around.source is None:
        yield f"no module reads the pass {around.source_pass}, so nothing of it can be preserved"
        return
    source = around.source.select(KEYS).collect(engine="streaming")
    if expect.rows == "preserved" and {*keys} == {*KEYS}:
        yield from _rows(frame, source)
    if expect.listings == "preserved" and LISTING in keys:
        yield from _listings(source[LISTING].unique().sort().to_list(), frame, "of the source pass")
    if expect.columns == "preserved":
        names = around.source.collect_schema().names()
        # What the engine adds for itself begins with two underscores.
        wanted = [name for name in names if not name.startswith("__")]
        yield from _columns(wanted, frame, " of the source pass")


def _rows(frame: pl.DataFrame, source: pl.DataFrame) -> Iterator[str]:
    mine, theirs = frame.select(KEYS), source.select(KEYS)
    for fault, found in (
        ("of the source pass's rows are lost", theirs.join(mine, on=KEYS, how="anti")),
        ("rows are not of the source pass", mine.join(theirs, on=KEYS, how="anti")),
    ):
        if found.height:
            first = found.sort(KEYS).row(0, named=True)
            yield f"{found.height} {fault}, such as {named(first, KEYS)}"


def _listings(wanted: Sequence[int], frame: pl.DataFrame, whose: str) -> Iterator[str]:
    there = set(frame[LISTING].unique())
    lacking = [each for each in wanted if each not in there]
    if lacking:
        shown = ", ".join(map(str, lacking[:5])) + (", …" if len(lacking) > 5 else "")
        yield f"{len(lacking)} of the {len(wanted)} listings {whose} have no row: {shown}"


def _columns(wanted: Sequence[str], frame: pl.DataFrame, whose: str) -> Iterator[str]:
    for name in wanted:
        if name not in frame.columns:
            yield f"there is no column {name}{whose}{did_you_mean(name, frame.columns)}"
