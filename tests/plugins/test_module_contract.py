"""Does the contract check for modules pass what is right, and catch each way of being wrong?"""

from __future__ import annotations

import types
from dataclasses import replace

import polars as pl
import pytest
from pydantic import BaseModel

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    AsOf,
    Kind,
    Lifetime,
    Measure,
    ProvidedTable,
    hookimpl,
)
from beaf_core.testing import check_module, contracts
from beaf_core.testing.pipeline import bars_of


def test_the_first_party_module_keeps_its_contract():
    metrics = [{"sides": ["Bid", "Ask", "Total"], "measures": ["OHLC", "Volume", "VWAP", "Count"]}]
    check_module("trade", {"generic_metrics": metrics})


def test_the_example_of_a_module_keeps_its_contract_and_computes_what_it_says(example_plugin):
    plugin = example_plugin("analytics_module")
    check_module(plugin)
    bars = bars_of(plugin.analytics_module(), {})
    paris = bars.filter(pl.col("ListingId") == 201).sort("TimeBucket")
    assert paris.select("SharesTraded", "LargestTrade").rows() == [(40.0, 30.0), (20.0, 20.0)]


SIZE = pl.col("Size")
GOOD = Measure("Shares", "trades", Aggregation(Kind.SUM, SIZE), "shares", "Shares.", "Σ size")
DERIVED = replace(
    GOOD,
    value={"n": Aggregation(Kind.SUM, SIZE), "d": Aggregation(Kind.COUNT)},
    post=pl.col("n") / pl.col("d"),
)


def module_of(*measures, **options):
    module = AnalyticsModule("acme", measures=lambda _options: list(measures), **options)
    plugin = types.ModuleType("acme_module")
    plugin.analytics_module = hookimpl(specname="analytics_module")(lambda: module)
    return plugin


def with_value(kind, of=None, where=None):
    return replace(GOOD, value=Aggregation(kind, of, where))


def test_right_modules_pass():
    check_module(module_of(GOOD))
    check_module(module_of(DERIVED))
    check_module(module_of(GOOD, rows=lambda _options: {"trades": pl.col("Price") > 0}))
    check_module(module_of(with_value(Kind.COUNT, where=pl.col("AggressorSide") == 1)))
    check_module(module_of(with_value(Kind.MAX, pl.col("BlockNotional"))))
    check_module(
        module_of(replace(GOOD, table="l2", value=Aggregation(Kind.LAST, pl.col("BidPrice1"))))
    )


SEEN = AsOf("l2", pl.col("BidPrice1"), where=pl.col("BidQuantity1") > 0)
LIFE = Lifetime(pl.col("LobAction") == 2, pl.col("LobAction") == 3)
IMPACT = replace(
    GOOD,
    value=Aggregation(Kind.MEAN, pl.col("Price") - pl.col("Bid")),
    lookups={"Bid": SEEN},
)
RESTING = replace(
    GOOD, table="l3", value=Aggregation(Kind.MEAN, pl.col("Life")), lookups={"Life": LIFE}
)
BIG = ProvidedTable(
    "big",
    {"trades": ("TradeTimestampNanoseconds", "Size")},
    lambda tables: tables["trades"].filter(SIZE > 100),
    "TradeTimestampNanoseconds",
)
OVER_BIG = replace(GOOD, name="Big", table="big")


def test_modules_with_look_ups_and_tables_of_their_own_pass():
    check_module(module_of(IMPACT, replace(RESTING, name="Resting")))
    check_module(module_of(OVER_BIG, provides=lambda _options: [BIG]))
    seen = replace(GOOD, lookups={"Big": AsOf("big", SIZE)}, value=Aggregation(Kind.SUM, SIZE))
    check_module(module_of(seen, provides=lambda _options: [BIG]))


def test_a_wrong_table_of_its_own_is_caught_by_the_engine(refused):
    wrong = replace(BIG, time="Noon")
    plugin = module_of(OVER_BIG, provides=lambda _options: [wrong])
    assert "has no column Noon" in refused(check_module, plugin)


WRONG_MODULES = {
    "reads BidPrise1, not of l2": (
        replace(IMPACT, lookups={"Bid": AsOf("l2", pl.col("BidPrise1"))}),
    ),
    "measure Shares reads book; tables:": (
        replace(IMPACT, lookups={"Bid": AsOf("book", pl.col("BidPrice1"))}),
    ),
    "look-up Bid: the condition is Float64": (
        replace(IMPACT, lookups={"Bid": replace(SEEN, where=pl.col("BidPrice1"))}),
    ),
    "look-up Life: the condition is Int64": (
        replace(RESTING, lookups={"Life": replace(LIFE, end=pl.col("LobAction"))}),
    ),
    "reads OldId, not of l3": (
        replace(RESTING, lookups={"Life": replace(LIFE, end_order="OldId")}),
    ),
    "yields no measure": (),
    "several measures are called Shares": (GOOD, GOOD),
    "TimeBucket is a key of every output": (replace(GOOD, name="TimeBucket"),),
    "measure Shares has no doc": (replace(GOOD, doc=" "),),
    "measure Shares has no unit": (replace(GOOD, unit=""),),
    "measure Shares has no formula": (replace(GOOD, formula=""),),
    "re-aggregates by 'average'": (replace(GOOD, reaggregation="average"),),
    "measure Shares reads ticks; tables:": (replace(GOOD, table="ticks"),),
    "measure Shares reads Sise, not of trades": (with_value(Kind.SUM, pl.col("Sise")),),
    "aggregates; give the row expression": (with_value(Kind.SUM, SIZE.sum()),),
    "sum of String": (with_value(Kind.SUM, pl.col("Ticker")),),
    "the condition is Float64": (with_value(Kind.SUM, SIZE, where=SIZE),),
    "post names m, beside its aggregations n, d": (replace(DERIVED, post=pl.col("m")),),
}


@pytest.mark.parametrize("reason", WRONG_MODULES)
def test_a_wrong_module_is_caught(reason, refused):
    assert reason in refused(check_module, module_of(*WRONG_MODULES[reason]))


def test_a_measure_that_only_the_engine_finds_wrong_is_caught(refused):
    wrong = replace(DERIVED, post=pl.col("n").str.to_uppercase())
    assert "the engine cannot compute it" in refused(check_module, module_of(wrong))


def test_an_output_with_a_key_twice_or_without_a_measure_is_caught(refused, monkeypatch):
    keys = {"ListingId": [1, 1], "TimeBucket": [1, 1]}
    bars = {"twice": pl.DataFrame({**keys, "Shares": [1, 2]}), "without": pl.DataFrame(keys)}
    monkeypatch.setattr(contracts, "bars_of", lambda *_: bars["twice"])
    assert "several rows of one ListingId and TimeBucket" in refused(check_module, module_of(GOOD))
    monkeypatch.setattr(contracts, "bars_of", lambda *_: bars["without"])
    assert "the output lacks Shares" in refused(check_module, module_of(GOOD))


def test_rows_that_are_no_condition_are_caught(refused):
    plugin = module_of(GOOD, rows=lambda _options: {"trades": SIZE})
    assert "the rows of trades: the condition is Float64" in refused(check_module, plugin)


def test_a_module_is_given_its_options(refused):
    class Config(BaseModel):
        names: list[str] = []

    def measures(options):
        return [replace(GOOD, name=name) for name in options.names]

    module = AnalyticsModule("acme", measures, Config=Config)
    plugin = types.SimpleNamespace(
        analytics_module=hookimpl(specname="analytics_module")(lambda: module)
    )
    check_module(plugin, {"names": ["One", "Two"]})
    check_module(plugin, Config(names=["One"]))
    assert "yields no measure" in refused(check_module, plugin)


def test_a_module_that_yields_other_measures_each_time_is_caught(refused):
    names = iter("ABCDEF")
    module = AnalyticsModule("acme", measures=lambda _options: [replace(GOOD, name=next(names))])
    plugin = types.SimpleNamespace(
        analytics_module=hookimpl(specname="analytics_module")(lambda: module)
    )
    assert "yields other measures when asked again" in refused(check_module, plugin)


def test_a_module_of_an_earlier_pass_and_rows_with_own_keys_keep_the_contract(monkeypatch):
    of_source = Measure(
        "Highest", "source", Aggregation(Kind.MAX, pl.col("Close")), "ccy", "Highest close.", "max"
    )
    check_module(module_of(of_source))
    own = replace(GOOD, value=None)
    monkeypatch.setattr(contracts, "bars_of", lambda *_: pl.DataFrame({"Side": [1], "Shares": [2]}))
    check_module(module_of(own, keys=lambda _options: ("Side",)))
