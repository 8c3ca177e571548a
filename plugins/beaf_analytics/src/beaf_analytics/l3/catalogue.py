"""What can the module `l3` yield, if everything is asked for?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.l3.options import (
    Action,
    AdvancedMetric,
    GenericMetric,
    L3Options,
    OrderAggregation,
    OrderMeasure,
    Side,
    Variant,
)


def catalogue() -> list[L3Options]:
    """List options that yield every column of order messages, orders told apart by either id.

    Each action and each variant of each side, actions with every aggregation.
    """
    sides, variants = list(get_args(Side)), list(get_args(Variant))
    generic = GenericMetric(
        sides=sides,
        actions=list(get_args(Action)),
        measures=list(get_args(OrderMeasure)),
        aggregations=list(get_args(OrderAggregation)),
    )
    advanced = AdvancedMetric(variant=variants, sides=sides)
    return [
        L3Options(generic_metrics=[generic], advanced_metrics=[advanced]),
        L3Options(order_ids="OriginalOrderId", advanced_metrics=[advanced]),
    ]
