"""Which checks does a run make of its rows, and what did they find?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from beaf_core import RunReport
    from beaf_dagster.pipelines import Pipeline


def check_specs_of(
    pipeline: Pipeline, pass_name: str | None, *, asset: dg.AssetKey
) -> list[dg.AssetCheckSpec]:
    """List the checks that a run makes of an asset's rows, in the step that computes them.

    Args:
        pipeline: what is run.
        pass_name: the pass that the asset is of; None for all passes of the pipeline.
        asset: its key.
    """
    return []


def check_results(
    pipeline: Pipeline, pass_name: str | None, reports: Sequence[RunReport], *, asset: dg.AssetKey
) -> Iterator[dg.AssetCheckResult]:
    """Yield one result for each check that `check_specs_of` lists, over all partitions of a run.

    Yield them before the step fails, where it fails: what was refused is told with its column.

    Args:
        pipeline: what was run.
        pass_name: the pass that the asset is of; None for all passes of the pipeline.
        reports: one per partition; of a run that failed, too.
        asset: its key.
    """
    yield from ()
