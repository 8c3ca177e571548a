"""Do retail investors buy or sell? The module `retail_imbalance`."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from pydantic import Field

from beaf_analytics.measures.expand import ModuleOptions
from beaf_analytics.measures.expressions import both
from beaf_analytics.trade.options import Classifications
from beaf_analytics.trade.prints import TABLE, classified
from beaf_analytics.trade.retail import retail_measures
from beaf_analytics.trade.sizes import RETAIL
from beaf_core import AnalyticsModule, Measure, hookimpl


class RetailOptions(ModuleOptions):
    """Options of the section `retail_imbalance_analytics`."""

    classifications: Classifications = Field(
        default=["LIT_CONTINUOUS"],
        description="Only prints of these classifications; `all` takes every print.",
    )


def measures(options: RetailOptions) -> list[Measure]:
    """List the measures; none where the module is switched off."""
    return retail_measures(options.metric_prefix, None) if options.ENABLED else []


def rows(options: RetailOptions) -> Mapping[str, pl.Expr]:
    """Keep the retail prints of the classifications that are asked for."""
    looked_at = both(RETAIL, classified(options.classifications))
    assert looked_at is not None, "retail prints are a condition"
    return {TABLE: looked_at}


def catalogue() -> list[RetailOptions]:
    """List options that yield every column: there is nothing to choose."""
    return [RetailOptions()]


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="retail_imbalance",
        measures=measures,
        doc="Whether retail trades buy or sell",
        Config=RetailOptions,
        rows=rows,
        catalogue=catalogue,
    )
