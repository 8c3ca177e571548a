"""Does the catalogue of trades hold every word of the options?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.trade import measures, words
from beaf_analytics.trade.catalogue import catalogue


def test_every_word_is_part_of_a_name_in_the_catalogue() -> None:
    named = [each.name for options in catalogue() for each in measures(options)]
    asked = {
        *get_args(words.TradeMeasure), *get_args(words.Reference), *get_args(words.Flag),
        *get_args(words.FlagMeasure), *get_args(words.Change), *get_args(words.ImpactVariant),
        *get_args(words.EventAggregation), *get_args(words.Side), *get_args(words.Scope),
    }  # fmt: skip
    unsaid = {"OHLC", "IcebergExecution", "Mean", "Local"}
    assert {word for word in asked if not any(word in name for name in named)} <= unsaid
    assert {"Open", "TradeBuyClose", "RetailTradeImbalance", "PricePointAtVenueMax"} <= set(named)


def test_costs_are_looked_up_in_both_places() -> None:
    tables = [
        {table for each in measures(options) for table in each.needs} for options in catalogue()
    ]
    assert "l2" not in tables[0]
    assert "l2" in tables[1]
