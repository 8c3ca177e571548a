"""Which two measures tell most of an output, and how did they go over time?

A level (the first price, else the first mean) and an amount (the first sum, of shares before all
else). Listings are put together as their measures are over longer buckets: sums are summed up,
weighted means weighted; other levels are averaged. Prices of several listings have no common
level: there it is the change since the first bucket of each that is averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from beaf_dagster.assets.telling.limits import PICTURE, size_of
from beaf_dagster.assets.telling.reading import said
from beaf_dagster.assets.telling.svg import Panel, markdown

if TYPE_CHECKING:
    from beaf_core import Measure
    from beaf_dagster.assets.telling.reading import Reading
    from beaf_dagster.assets.telling.told import Told

LISTING, BUCKET = "ListingId", "TimeBucket"
#: More rows than this are not read for a picture: four columns of them take 160 MB.
MOST_ROWS = 5_000_000
#: Most points of a line; more would not be told apart.
POINTS = 120
_LEVEL, _AMOUNT, _WEIGHT = "level", "amount", "weight"


@dataclass(frozen=True)
class Drawn:
    """A picture, as Markdown, or why there is none."""

    picture: str = ""
    note: str = ""


def picture_of(told: Told, reading: Reading) -> Drawn:
    """Draw a level and an amount over the buckets of a partition; failing is a note."""
    level, amount = level_of(told, reading), amount_of(told, reading)
    is_timed = isinstance(reading.schema.get(BUCKET), pl.Datetime)
    if reading.rows is None or not is_timed or not (level or amount):
        return Drawn()
    if told.newest and told.newest.receipt and told.newest.receipt.rows > MOST_ROWS:
        return Drawn(note=f"no picture: more than {MOST_ROWS:,} rows")
    try:
        picture = _drawn(reading, level, amount)
    except Exception as error:  # noqa: BLE001 — what is written stands, whoever fails to draw it
        return Drawn(note=said("no picture", error))
    if size_of(picture) > PICTURE:
        return Drawn(note="no picture: it would be too large")
    return Drawn(picture)


# -- which measures ----------------------------------------------------------------------------


def level_of(told: Told, reading: Reading) -> Measure | None:
    """Choose the level: the first price of a bucket's end or mean, else basis points, or a mean."""
    levels = [
        each
        for each in _numbers(told, reading)
        if each.unit == "bps"
        or each.reaggregation in ("last", "twa")
        or each.reaggregation.startswith("vw:")
    ]
    levels.sort(key=lambda each: (not _is_price(each), each.unit != "bps"))
    return next(iter(levels), None)


def amount_of(told: Told, reading: Reading) -> Measure | None:
    """Choose the amount: the first sum, of shares where there is one."""
    sums = [each for each in _numbers(told, reading) if each.reaggregation == "sum"]
    sums.sort(key=lambda each: each.unit != "shares")
    return next(iter(sums), None)


def _numbers(told: Told, reading: Reading) -> list[Measure]:
    return [
        each
        for each in told.resolved.measures
        if each.name in reading.schema and reading.schema[each.name].is_numeric()
    ]


def _is_price(measure: Measure) -> bool:
    return measure.unit.startswith("ccy")


# -- over time ---------------------------------------------------------------------------------


def _drawn(reading: Reading, level: Measure | None, amount: Measure | None) -> str:
    rows = _narrow(reading, level, amount).collect(engine="streaming")
    listings = rows[LISTING].n_unique() if LISTING in rows.columns else 1
    points = _points(over_time(rows, level is not None and _is_price(level) and listings > 1))
    if points.is_empty():
        return ""
    panels = []
    if level is not None:
        panels.append(Panel(_title(level, listings), points[_LEVEL].to_list()))
    if amount is not None:
        what = f"{amount.name}, {amount.unit}"
        told = what + (f", sum of {listings:,} listings" if listings > 1 else "")
        panels.append(Panel(told, points[_AMOUNT].to_list(), bars=True))
    return markdown(panels, points[BUCKET].to_list())


def _title(level: Measure, listings: int) -> str:
    if listings == 1:
        return f"{level.name}, {level.unit}"
    if _is_price(level):
        return f"{level.name}, change since the first bucket, %, mean of {listings:,} listings"
    return f"{level.name}, {level.unit}, mean of {listings:,} listings"


def _narrow(reading: Reading, level: Measure | None, amount: Measure | None) -> pl.LazyFrame:
    """Read the columns that are drawn, and no others."""
    assert reading.rows is not None
    weight = level.reaggregation.removeprefix("vw:") if level is not None else ""
    weighted = weight in reading.schema and reading.schema[weight].is_numeric()
    return reading.rows.select(
        *(each for each in (LISTING, BUCKET) if each in reading.schema),
        _number(level.name if level else None).alias(_LEVEL),
        _number(amount.name if amount else None).alias(_AMOUNT),
        (_number(weight) if weighted else pl.lit(1.0)).alias(_WEIGHT),
    ).filter(pl.col(BUCKET).is_not_null())


def _number(name: str | None) -> pl.Expr:
    if name is None:
        return pl.lit(None, pl.Float64)
    value = pl.col(name).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value)


def over_time(rows: pl.DataFrame, as_change: bool) -> pl.DataFrame:
    """Put listings together: one row per bucket, with the level and the amount.

    Args:
        rows: listing, bucket, level, amount, and the level's weight.
        as_change: whether the level is the change since each listing's first, in percent.
    """
    if as_change:
        first = pl.col(_LEVEL).sort_by(BUCKET).drop_nulls().first().over(LISTING)
        rows = rows.with_columns((pl.col(_LEVEL) / first - 1) * 100)
    there = pl.col(_LEVEL).is_not_null()
    weight = pl.col(_WEIGHT).fill_null(0).filter(there).sum()
    mean = (pl.col(_LEVEL) * pl.col(_WEIGHT)).sum() / weight
    amount = pl.when(pl.col(_AMOUNT).count() > 0).then(pl.col(_AMOUNT).sum())
    return (
        rows.group_by(BUCKET)
        .agg(
            pl.when(weight > 0).then(mean).otherwise(pl.col(_LEVEL).mean()).alias(_LEVEL),
            amount.alias(_AMOUNT),
        )
        .sort(BUCKET)
    )


def _points(buckets: pl.DataFrame) -> pl.DataFrame:
    """Join neighbours until the points can be told apart: the last level, the sum of amounts."""
    width = -(-buckets.height // POINTS)
    group = pl.int_range(pl.len()) // max(width, 1)
    return buckets.group_by(group.alias("group"), maintain_order=True).agg(
        pl.col(BUCKET).last(),
        pl.col(_LEVEL).drop_nulls().last(),
        pl.when(pl.col(_AMOUNT).count() > 0).then(pl.col(_AMOUNT).sum()),
    )
