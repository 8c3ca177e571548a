"""What is told of a partition, until the room that knows more is there?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from beaf_core import PassOutcome
    from beaf_dagster.pipelines import Pipeline


def materialization_metadata(
    pipeline: Pipeline, pass_name: str | None, outcomes: Sequence[PassOutcome]
) -> dict[str, Any]:
    """Tell rows, paths, status and remarks."""
    receipts = [each.receipt for each in outcomes if each.receipt is not None]
    remarks = [f"{each.pass_name}: {each.message}" for each in outcomes if each.message]
    found: dict[str, Any] = {
        "dagster/partition_row_count": sum(each.rows for each in receipts),
        "beaf/status": ", ".join(dict.fromkeys(each.status for each in outcomes)),
    }
    if receipts:
        found["path"] = dg.MetadataValue.path(receipts[0].location)
    if remarks:
        found["beaf/remarks"] = "\n".join(remarks)
    return found
