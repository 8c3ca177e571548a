"""Are the order messages of a bucket what they should be? The module `l3_characteristics`.

Most columns need no more than the documented columns of order messages, and are there unasked.
Locked and crossed books are looked for in the book levels (`l2`), cancellations without an insert
by the ids of orders: these are there where they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated

import polars as pl
from pydantic import Field

from beaf_analytics.characteristics import row_order
from beaf_analytics.characteristics.l3_columns import ALL, ANY, BOOKS, COUNTS, Column, Told
from beaf_analytics.l3.messages import CANCELS, INSERTS, REMOVES, TABLE
from beaf_analytics.measures.expand import ModuleOptions, OneOrMore
from beaf_core import (
    Aggregation,
    AnalyticsModule,
    Kind,
    Lifetime,
    Measure,
    ProvidedTable,
    hookimpl,
)

#: How many rows were found; null in a bucket without any row of the table.
_FOUND = pl.col("found")

#: Those that need another table, or to join orders by their ids.
_ON_REQUEST: tuple[Column, ...] = (*BOOKS, "L3OrphanCancelCount")


def count(told: Told, name: str) -> Measure:
    """Count rows."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Kind.COUNT, where=told.rows),
        unit=told.unit,
        doc=told.doc,
        formula=told.formula,
        reaggregation="sum",
    )


def has_any(told: Told, name: str) -> Measure:
    """Say whether there is such a row."""
    return Measure(
        name=name,
        table=TABLE,
        value={"found": Aggregation(Kind.COUNT, where=told.rows)},
        post=_FOUND > 0,
        unit="bool",
        doc=told.doc,
        formula=told.formula,
        reaggregation="max",
    )


def are_all(told: Told, name: str, table: str = TABLE) -> Measure:
    """Say whether no row is otherwise."""
    return Measure(
        name=name,
        table=table,
        value={"found": Aggregation(Kind.COUNT, where=told.rows)},
        post=_FOUND == 0,
        unit="bool",
        doc=told.doc,
        formula=told.formula,
        reaggregation="min",
    )


def holds_some_time(told: Told, name: str) -> Measure:
    """Say whether the book is so for some time: rows of one time are one change of the book."""
    return Measure(
        name=name,
        table="l2",
        value={"found": Aggregation(Kind.DURATION, where=told.rows)},
        post=_FOUND > 0,
        unit="bool",
        doc=told.doc,
        formula=told.formula,
        reaggregation="max",
    )


def rises(word: str, strictly: bool, name: str) -> Measure:
    """Say whether a number never falls, or always rises, from each row to the next."""
    step = row_order.step(row_order.ORDERED_BY[word])
    rule = "is above" if strictly else "is not below"
    told = Told(
        rows=step <= 0 if strictly else step < 0,
        doc=f"Whether {row_order.ORDERED_BY[word]} of every message {rule} that of the message "
        "before it, as the source stores them.",
        formula=f"no x_i - x_(i-1) {'≤' if strictly else '<'} 0, x = {row_order.ORDERED_BY[word]}",
    )
    return are_all(told, name, row_order.NAME)


def out_of_order_count(name: str) -> Measure:
    """Count the messages that are earlier than the one before them."""
    step = row_order.step(row_order.ORDERED_BY["EventTimestamp"])
    return Measure(
        name=name,
        table=row_order.NAME,
        value=Aggregation(Kind.COUNT, where=step < 0),
        unit="events",
        doc="Number of messages that are earlier than the message stored before them.",
        formula="#(t_i < t_(i-1))",
        reaggregation="sum",
    )


def orphan_cancel_count(name: str) -> Measure:
    """Count the cancellations of orders whose insert is not there."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Kind.COUNT, where=CANCELS & pl.col("OrderRested").is_null()),
        lookups={"OrderRested": Lifetime(INSERTS, REMOVES)},
        unit="orders",
        doc="Number of cancellations of orders that no insert of the trade date begins.",
        formula="#(LobAction = 3, not executed, no insert of its OldOrderId before it)",
        reaggregation="sum",
    )


BUILDERS: Mapping[Column, Callable[[str], Measure]] = {
    **{name: partial(count, told) for name, told in COUNTS.items()},
    **{name: partial(has_any, told) for name, told in ANY.items()},
    **{name: partial(are_all, told) for name, told in ALL.items()},
    **{name: partial(holds_some_time, told) for name, told in BOOKS.items()},
    "L3EventTimestampNonDecreasing": partial(rises, "EventTimestamp", False),
    "L3EventTimestampStrictlyIncreasing": partial(rises, "EventTimestamp", True),
    "L3EventNoNonDecreasing": partial(rises, "EventNo", False),
    "L3EventNoStrictlyIncreasing": partial(rises, "EventNo", True),
    "L3ExchangeSequenceNoNonDecreasing": partial(rises, "ExchangeSequenceNo", False),
    "L3ExchangeSequenceNoStrictlyIncreasing": partial(rises, "ExchangeSequenceNo", True),
    "L3BMLLSequenceNoNonDecreasing": partial(rises, "BMLLSequenceNo", False),
    "L3BMLLSequenceNoStrictlyIncreasing": partial(rises, "BMLLSequenceNo", True),
    "L3OutOfOrderCount": out_of_order_count,
    "L3OrphanCancelCount": orphan_cancel_count,
}
DEFAULT: list[Column] = [name for name in BUILDERS if name not in _ON_REQUEST]


class L3CharacteristicsOptions(ModuleOptions):
    """Options of the section `l3_characteristics_analytics`."""

    columns: Annotated[list[Column], OneOrMore] = Field(
        default=DEFAULT,
        min_length=1,
        description="What is told; by default all but locked and crossed books, which need the "
        "table l2, and L3OrphanCancelCount, which joins orders by their ids.",
    )


def measures(options: L3CharacteristicsOptions) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    return [BUILDERS[name](f"{options.metric_prefix}{name}") for name in options.columns]


def provides(options: L3CharacteristicsOptions) -> Sequence[ProvidedTable]:
    """Provide what columns about the order of rows are made of, of no column more than asked."""
    needed = {
        column.removesuffix("Step")
        for measure in measures(options)
        for column in measure.needs.get(row_order.NAME, ())
    }
    asked = [each for each in row_order.ORDERED_BY.values() if each in needed]
    return (row_order.l3_steps(asked),) if asked else ()


def catalogue() -> list[L3CharacteristicsOptions]:
    """List options that yield every column."""
    return [L3CharacteristicsOptions(columns=list(BUILDERS))]


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="l3_characteristics",
        measures=measures,
        doc="Counts and checks of order messages: states, executions, queues, order of rows",
        Config=L3CharacteristicsOptions,
        provides=provides,
        catalogue=catalogue,
    )
