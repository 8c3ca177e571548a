"""What can the modules `cbbo_analytics` and `consolidate` yield, if everything is asked for?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.cbbo.options import CommonMeasure, ConsolidateOptions
from beaf_analytics.cbbo.presence_options import (
    PresenceMeasure,
    PresenceMetric,
    PresenceOptions,
    Statistic,
)


def presence_catalogue() -> list[PresenceOptions]:
    """List options that, together, yield every column of a venue's presence."""
    everything = PresenceMetric(
        measures=list(get_args(PresenceMeasure)), aggregations=list(get_args(Statistic))
    )
    return [PresenceOptions(metrics=[everything])]


def common_catalogue() -> list[ConsolidateOptions]:
    """List options that, together, yield every column of the common book, made in either way."""
    measures = list(get_args(CommonMeasure))
    return [
        ConsolidateOptions(measures=measures),
        ConsolidateOptions(measures=measures, made_of="l3", max_age=60),
    ]
