"""Is everything that can be told of icebergs in the catalogue?"""

from __future__ import annotations

from beaf_analytics.iceberg import measures
from beaf_analytics.iceberg.catalogue import catalogue
from beaf_analytics.iceberg.options import IcebergOptions


def test_the_catalogue_has_every_column_once_and_all_that_there_is_unasked() -> None:
    (options,) = catalogue()
    names = [each.name for each in measures(options)]
    # 6 measures of 3 sides, and the imbalance.
    assert len(set(names)) == len(names) == 6 * 3 + 1
    assert {"IcebergVolumeShareAsk", "IcebergAveragePeakCount", "IcebergOrderImbalance"} <= {*names}
    assert {each.name for each in measures(IcebergOptions())} <= {*names}
