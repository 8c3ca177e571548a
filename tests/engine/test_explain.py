"""Does everything that is shipped stream, and would we notice if it did not?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_core import (
    TABLES,
    Aggregation,
    AnalyticsModule,
    AsOf,
    ColumnType,
    Kind,
    Measure,
    TableSchema,
)
from beaf_core.config.analytics import PassConfig
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.engine.compiler.compile import Clock, plan_tables
from beaf_core.engine.compiler.explain import LanePlan, explain_pass
from beaf_core.engine.planning.prepare import DayPlan
from beaf_core.engine.planning.tables import TableOnDay
from beaf_core.engine.primitives.provided import providers_of
from beaf_core.engine.work import PassWork
from beaf_core.model.dates import DayStatus
from beaf_core.model.primitives import Lifetime
from beaf_core.model.tables import TableRead
from beaf_core.plugins.host import PluginHost

DAY = date(2026, 2, 2)
DTYPES = {
    ColumnType.INTEGER: pl.Int64(),
    ColumnType.NUMBER: pl.Float64(),
    ColumnType.TEXT: pl.String(),
    ColumnType.FLAG: pl.Boolean(),
    ColumnType.TIMESTAMP: pl.Datetime("ns"),
}
#: Choices that mean nothing unless another module is in the pass.
NEEDS_ANOTHER_MODULE = ("IcebergExecution",)
CLOCKS = {"ordered": True, "in no known order": False}


def explained(module: AnalyticsModule, options: Any, *, ordered: bool) -> list[LanePlan]:
    """Explain a pass of one module over tables that have every column, and no row."""
    measures, rows = tuple(module.measures(options)), module.rows(options)
    resolved = ResolvedPass(
        PassConfig(name="bars", time_bucket_seconds=60),
        (ResolvedModule(module, options, measures, rows, tuple(module.provides(options))),),
        (),
    )
    universe = pl.DataFrame({"ListingId": [1], "MIC": ["XLON"]})
    providers, tables = providers_of(resolved), dict[str, TableOnDay]()
    for plan in plan_tables(resolved):
        if plan.table in providers:
            made = providers[plan.table]
            inputs = {name: each.rows for name, each in tables.items()}
            frame = made.build(inputs, plan.columns, [1])
            clock = Clock(made.table.time, made.table.sequence, ordered=made.table.ordered)
        else:
            known = TABLES.get(plan.table) or _earlier(plan.columns)
            frame = pl.LazyFrame(
                schema={name: DTYPES[kind] for name, kind in known.columns.items()}
            )
            clock = Clock(known.time[0], known.sequence, ordered=ordered)
        tables[plan.table] = TableOnDay(plan, TableRead(DayStatus.READY, frame), clock)
    return explain_pass(
        PassWork(resolved, [DayPlan(DAY, DayStatus.READY, universe, tuple(tables.values()))])
    )


def _earlier(columns: Sequence[str]) -> TableSchema:
    """Stand for an earlier pass, whose columns are whatever is asked of it."""
    kinds = {"ListingId": ColumnType.INTEGER, "Time": ColumnType.INTEGER}
    numbers = dict.fromkeys(columns, ColumnType.NUMBER)
    return TableSchema("source", ("Time",), None, {**numbers, **kinds})


def module_of(*measures: Measure) -> AnalyticsModule:
    return AnalyticsModule("probe", measures=lambda _options: list(measures))


def measure(name: str, value: Aggregation, table: str = "trades", **more: Any) -> Measure:
    return Measure(name, table, value, "", "", "", **more)


# -- everything that is shipped --------------------------------------------------------------------


#: What is asked of modules whose options name columns of an earlier pass.
OF_SOURCE: dict[str, dict[str, Any]] = {
    "generic": {
        "aggregations": {
            f"Of{word}": word for word in ("sum", "mean", "first", "last", "max", "min", "count")
        },
        "talib_indicators": [{"name": "SMA", "input_col": "Ofsum"}],
    },
}


def shipped() -> Iterator[Any]:
    host = PluginHost()
    for entry in host.catalog.entries:
        if entry.kind == "module":
            module = host.analytics_module(entry.name)
            asked = OF_SOURCE.get(entry.name, {})
            with suppress(ValidationError):  # an option has no default
                options = None if module.Config is None else module.Config.model_validate(asked)
                yield pytest.param(module, options, id=f"{entry.name} as it is")
            for number, options in enumerate(module.catalogue(), start=1):
                yield pytest.param(module, options, id=f"{entry.name}, all of it, {number}")


@pytest.mark.parametrize("ordered", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize(("module", "options"), list(shipped()))
def test_every_shipped_measure_streams_or_says_that_it_does_not(
    module: AnalyticsModule, options: Any, ordered: bool
) -> None:
    unsound = [each for each in explained(module, options, ordered=ordered) if not each.is_sound]
    assert not unsound, "\n\n".join(f"{each.table} {each.lane}\n{each.text}" for each in unsound)


def test_the_catalogue_of_a_module_is_more_than_what_it_does_unasked() -> None:
    trade = PluginHost().analytics_module("trade")
    assert trade.Config is not None
    whole = {each.name for options in trade.catalogue() for each in trade.measures(options)}
    assert len(whole) > 6 * len(trade.measures(trade.Config()))


# -- every primitive -------------------------------------------------------------------------------

SPREAD = pl.col("AskPrice1") - pl.col("BidPrice1")
LATER = {"Later": AsOf("l2", pl.col("BidPrice1"), horizon=10**9)}
LIVED = {"Lived": Lifetime(pl.col("LobAction") == 2, pl.col("LobAction") == 3)}


@pytest.mark.parametrize("ordered", CLOCKS.values(), ids=CLOCKS)
def test_every_primitive_streams(ordered: bool) -> None:
    states = [
        measure(kind, Aggregation(kind, None if kind is Kind.DURATION else SPREAD), "l2")
        for kind in Kind
        if kind.of_states
    ]
    impact = measure("Impact", Aggregation(Kind.MEAN, pl.col("Later")), lookups=LATER)
    life = measure("Life", Aggregation(Kind.MEAN, pl.col("Lived")), "l3", lookups=LIVED)
    found = explained(module_of(*states, impact, life), None, ordered=ordered)
    assert {(each.table, each.lane) for each in found} == {
        ("l2", "states"),
        ("trades", "asof"),
        ("l3", "lifetimes"),
    }
    assert all(each.is_sound for each in found), [each.not_streaming for each in found]


# -- what the lint can see -------------------------------------------------------------------------


def test_a_median_is_seen_and_allowed_since_it_is_declared() -> None:
    median = measure("M", Aggregation(Kind.MEDIAN, pl.col("Price")))
    [lane] = explained(module_of(median), None, ordered=True)
    assert (lane.table, lane.lane, lane.allowed, lane.is_sound) == (
        "trades",
        "fallback",
        True,
        True,
    )
    [node] = lane.not_streaming
    assert node.startswith("in-memory-map")
    assert 'median().alias("__agg0_0")' in node


def test_a_row_expression_that_falls_back_is_not_allowed() -> None:
    hidden = pl.col("Price") - pl.col("Price").median().over("ListingId")
    [lane] = explained(module_of(measure("M", Aggregation(Kind.SUM, hidden))), None, ordered=True)
    assert not lane.is_sound
    assert lane.not_streaming


def test_the_text_shows_each_step_above_what_it_works_on() -> None:
    volume = measure("V", Aggregation(Kind.SUM, pl.col("Size")))
    [lane] = explained(module_of(volume), None, ordered=True)
    lines = lane.text.splitlines()
    steps = [line.strip() for line in lines if line.strip() in ("group-by", "in-memory-source")]
    assert steps == ["group-by", "in-memory-source"]
    assert any('col("__row0").sum()' in line for line in lines)


TIME = pl.col("TradeTimestamp")


@pytest.mark.parametrize(
    ("expression", "lost"),
    [
        ((TIME + timedelta(seconds=1)).dt.epoch("ns"), True),
        ((TIME + pl.duration(seconds=1)) > TIME, True),
        ((TIME + pl.duration(seconds=1, time_unit="ns")).dt.epoch("ns"), False),
        (TIME.dt.offset_by("1s").dt.epoch("ns"), False),
        (TIME - TIME.dt.truncate("1h"), False),
    ],
)
def test_nanoseconds_that_become_microseconds_are_seen(expression: pl.Expr, lost: bool) -> None:
    latest: Sequence[Measure] = [measure("M", Aggregation(Kind.MAX, expression))]
    [lane] = explained(module_of(*latest), None, ordered=True)
    assert bool(lane.losing) == lost
    assert lane.is_sound != lost
