"""What do modules share that work on the rows of an earlier pass, the table `source`?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import polars as pl
from pydantic import Field

from beaf_analytics.measures.expand import ModuleOptions
from beaf_analytics.measures.expressions import NANOSECONDS
from beaf_core import Context, SourcePass, UsageError, did_you_mean

SOURCE = "source"
LISTING, BUCKET = "ListingId", "TimeBucket"
#: Columns that the engine adds to the rows that a `compute` looks at.
TRADE_DATE, EVENT_TIME = "TradeDate", "EventTime"
KEYS = (LISTING, BUCKET)

_SECONDS = {"s": 1, "m": 60, "min": 60, "t": 60, "h": 3600, "d": 86_400}


class SecondPassOptions(ModuleOptions):
    """Options of every module that works on the rows of an earlier pass."""

    source_pass: str | None = Field(
        None, description="The earlier pass whose rows are read; the pass's own source_pass if not."
    )


def check_resample_rule(rule: str | None, source: SourcePass) -> None:
    """Refuse a rule that says something else than the buckets of the pass.

    Raises:
        UsageError: it is no duration, or another one.
    """
    if rule is None:
        return
    found = re.fullmatch(r"(\d*)\s*([a-z]+)", rule.strip().lower())
    if found is None or found[2] not in _SECONDS:
        raise UsageError(
            f"resample_rule {rule!r} is no duration", remedy="write one such as 30s, 5m, 1h"
        )
    seconds = int(found[1] or 1) * _SECONDS[found[2]]
    if seconds * NANOSECONDS != source.reader_bucket_ns:
        raise UsageError(
            f"resample_rule {rule!r} is {seconds} s, and the pass has buckets of "
            f"{source.reader_bucket_ns / 1e9:g} s",
            remedy=f"write time_bucket_seconds: {seconds} in the pass; the rule may then be left "
            "out",
        )


def require_one_row_per_bucket(module: str, source: SourcePass) -> None:
    """Refuse a source pass of which a bucket of this pass has several rows, or half of one.

    Raises:
        UsageError: it has other buckets, or keys of its own.
    """
    if {*source.keys} != {*KEYS}:
        raise UsageError(
            f'{module} takes one row of each listing and bucket, and those of "{source.name}" are '
            f"told apart by {', '.join(source.keys)}",
            remedy="name another source_pass",
        )
    if source.bucket_ns != source.reader_bucket_ns:
        raise UsageError(
            f'{module} takes the rows of "{source.name}" as they are, and those have buckets of '
            f"{source.bucket_ns / 1e9:g} s, not of {source.reader_bucket_ns / 1e9:g}",
            remedy=f"write time_bucket_seconds: {source.bucket_ns / 1e9:g} in this pass, or put "
            "the rows together by a pass with the module generic first",
        )


def number_names(source: SourcePass) -> list[str]:
    """List the measures of a pass that are numbers."""
    return [each.name for each in source.measures if each.unit not in ("state", "text")]


def require_numbers(module: str, rows: pl.LazyFrame, columns: Iterable[str]) -> None:
    """Refuse columns that are no numbers.

    Raises:
        UsageError: which.
    """
    schema = rows.collect_schema()
    wrong = [name for name in columns if not _is_number(schema[name])]
    if wrong:
        raise UsageError(
            f"{module} works on numbers, and {wrong[0]} is {schema[wrong[0]]}",
            remedy="leave it out",
        )


def _is_number(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)


def units_of(source: SourcePass) -> dict[str, str]:
    """Give the unit of each column that a pass yields beside ListingId and TimeBucket."""
    units = {each.name: each.unit for each in source.measures}
    return units | {key: "key" for key in source.keys if key not in KEYS}


def with_groups(context: Context, groups: Sequence[str]) -> pl.LazyFrame:
    """Attach what the universe knows of the listings; rows of no group are left out.

    Raises:
        UsageError: a group is neither of the rows that are read nor of the universe.
    """
    rows, known = context.tables[SOURCE], context.listings
    there = rows.collect_schema().names()
    sought = [name for name in groups if name not in there]
    unknown = [name for name in sought if name not in known.columns]
    if unknown:
        raise UsageError(
            f"group_by names {unknown[0]}, which neither the source pass nor the universe has"
            f"{did_you_mean(unknown[0], [*there, *known.columns])}",
            remedy=f"the universe has {', '.join(known.columns)}",
        )
    if sought:
        rows = rows.join(known.lazy().select(LISTING, *sought), on=LISTING)
    there_is = [pl.col(name).is_not_null() for name in groups]
    return rows.filter(*there_is) if there_is else rows


def finite(value: pl.Expr) -> pl.Expr:
    """Take what is no finite number for absent."""
    return pl.when(value.is_finite()).then(value)
