"""Which partitions does a pipeline have?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from beaf_core import BatchFrequency, build_universe_partitions
from beaf_dagster.partitions.dates import FIRST_DAY, build_date_partitions
from beaf_dagster.partitions.keys import DATE, UNIVERSE
from beaf_universes import MICUniverse

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipeline

#: The selector of a pipeline's own `get_universe`.
OWN_UNIVERSE = "default"


def partitions_of(
    pipeline: Pipeline, universe_dim: str = UNIVERSE, date_dim: str = DATE
) -> dg.MultiPartitionsDefinition:
    """Give a pipeline's partitions: its universes × dates by its BATCH_FREQ, days by default."""
    return dg.MultiPartitionsDefinition(
        {
            universe_dim: dg.StaticPartitionsDefinition(universe_keys(pipeline)),
            date_dim: build_date_partitions(frequency_of(pipeline), _start(pipeline)),
        }
    )


def universe_keys(pipeline: Pipeline) -> list[str]:
    """List a pipeline's selectors: UNIVERSE first, then its UNIVERSES; else its own function."""
    own = getattr(pipeline.module, "UNIVERSES", None)
    listed = [] if pipeline.config.UNIVERSE is None else [pipeline.config.UNIVERSE]
    if own is not None:
        listed += build_universe_partitions(own, source=pipeline.config.SOURCE)
    elif not listed and hasattr(pipeline.module, "get_universe"):
        listed = [OWN_UNIVERSE]
    elif not listed:
        listed = build_universe_partitions([MICUniverse()], source=pipeline.config.SOURCE)
    return list(dict.fromkeys(listed))


def frequency_of(pipeline: Pipeline) -> BatchFrequency:
    """Say how a pipeline's dates are cut: BATCH_FREQ where somebody has set it, else into days.

    The default of BATCH_FREQ cuts ranges that people type; a partition that is clicked is a day.
    """
    config = pipeline.config
    if "BATCH_FREQ" in config.model_fields_set and config.BATCH_FREQ is not None:
        return config.BATCH_FREQ
    return BatchFrequency.DAY


def _start(pipeline: Pipeline) -> str:
    return min(filter(None, (FIRST_DAY, pipeline.config.START_DATE)))
