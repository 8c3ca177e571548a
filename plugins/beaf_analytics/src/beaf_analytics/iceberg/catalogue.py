"""What can the module `iceberg` yield, if everything is asked for?"""

from __future__ import annotations

from typing import get_args

from beaf_analytics.iceberg.options import IcebergMeasure, IcebergMetric, IcebergOptions
from beaf_analytics.l3.options import Side


def catalogue() -> list[IcebergOptions]:
    """List options that yield every column of icebergs: each measure of each side."""
    metric = IcebergMetric(sides=list(get_args(Side)), measures=list(get_args(IcebergMeasure)))
    return [IcebergOptions(metrics=[metric])]
