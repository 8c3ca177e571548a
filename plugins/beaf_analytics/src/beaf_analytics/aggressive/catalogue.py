"""What can the module `aggressive_trades` yield, if everything is asked for?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.aggressive.options import (
    AggressiveMeasure,
    AggressiveMetric,
    AggressiveOptions,
    Side,
)


def catalogue() -> list[AggressiveOptions]:
    """List options that yield every column of aggressive orders, put together of both tables."""
    sides, measures = list(get_args(Side)), list(get_args(AggressiveMeasure))
    metric = AggressiveMetric(sides=sides, measures=measures)
    return [AggressiveOptions(metrics=[metric]), AggressiveOptions(table="l3", metrics=[metric])]
