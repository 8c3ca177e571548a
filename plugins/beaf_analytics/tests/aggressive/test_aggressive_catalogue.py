"""Is everything that can be told of aggressive orders in the catalogue?"""

from __future__ import annotations

from beaf_analytics.aggressive import measures, provides
from beaf_analytics.aggressive.catalogue import catalogue
from beaf_analytics.aggressive.options import AggressiveOptions


def test_the_catalogue_has_every_column_once_and_all_that_there_is_unasked() -> None:
    prints, book = ([each.name for each in measures(options)] for options in catalogue())
    assert len(set(prints)) == len(prints) == 8 * 3
    assert {"SweepVolumeShareSell", "AvgAggressiveOrderDuration"} <= {*prints}
    assert {each.name for each in measures(AggressiveOptions())} <= {*prints}
    assert book == prints


def test_orders_are_put_together_of_prints_and_of_executions() -> None:
    tables = [[*each.needs] for options in catalogue() for each in provides(options)]
    assert tables == [["trades"], ["l3"]]
