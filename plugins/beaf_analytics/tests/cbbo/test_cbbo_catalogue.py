"""Is everything that the modules of several venues can yield in their catalogues?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.cbbo import analytics, consolidate
from beaf_analytics.cbbo.options import CommonMeasure
from beaf_analytics.cbbo.presence_options import QuantityMeasure, ShareMeasure
from beaf_core import AnalyticsModule


def columns(module: AnalyticsModule) -> list[list[str]]:
    return [[each.name for each in module.measures(options)] for options in module.catalogue()]


def test_a_venue_has_every_share_and_every_statistic_of_its_quantities() -> None:
    [names] = columns(analytics.analytics_module())
    statistics = ("", "Min", "Max", "Median")
    assert names == [
        *get_args(ShareMeasure),
        *(f"{each}{word}" for each in get_args(QuantityMeasure) for word in statistics),
    ]


def test_the_common_book_has_every_measure_whatever_it_is_made_of() -> None:
    module = consolidate.analytics_module()
    assert columns(module) == [list(get_args(CommonMeasure))] * 2
    needed = [set(module.provides(options)[0].needs) for options in module.catalogue()]
    assert needed == [{"l2", "reference"}, {"l3", "reference"}]
