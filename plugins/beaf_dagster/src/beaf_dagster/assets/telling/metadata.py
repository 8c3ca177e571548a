"""What does a materialization tell of what was written?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from beaf_core import RunReport
    from beaf_dagster.pipelines import Pipeline


def materialization_metadata(
    pipeline: Pipeline,
    pass_name: str | None,
    reports: Sequence[RunReport],
    *,
    picture: bool = True,
) -> dict[str, dg.MetadataValue]:
    """Tell of one partition, or of all partitions of a ranged run in one go.

    Args:
        pipeline: what was run.
        pass_name: the pass that the asset is of; None for a pipeline's asset, which is told of by
            its last pass.
        reports: one per partition.
        picture: whether a small picture is drawn, of one partition.
    """
    rows = sum(each.rows for report in reports for each in report.receipts)
    return {"dagster/partition_row_count": dg.MetadataValue.int(rows)}
