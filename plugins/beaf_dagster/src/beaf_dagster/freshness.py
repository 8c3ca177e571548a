"""By when is an asset to be computed anew?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipeline


def freshness_of(pipeline: Pipeline) -> dg.FreshnessPolicy | None:
    """Give the deadline that a pipeline's enabled schedules set; None where it has none."""
    return None
