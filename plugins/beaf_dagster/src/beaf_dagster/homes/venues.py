"""Which venues do the sources of some pipelines know today?

They are asked when a home is set up, and written down: definitions then load without asking a
source, and no partition comes or goes by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from beaf_core import BeafError
from beaf_dagster.partitions.asked import values_of
from beaf_dagster.partitions.universes import listed_universes
from beaf_dagster.pipelines import Pipeline
from beaf_universes import MICUniverse

log = logging.getLogger("beaf.dagster")


def known_venues(pipelines: Iterable[Pipeline]) -> list[str]:
    """List the selectors `mic=…` of every venue of the pipelines' sources, each once.

    A source that does not answer is logged, and offers none: each pipeline has its own universes.
    """
    asked: dict[str, list[str]] = {}
    for each in pipelines:
        if each.fault is None and repr(each.config.SOURCE) not in asked:
            asked[repr(each.config.SOURCE)] = _venues(each)
    return sorted({spec for venues in asked.values() for spec in venues})


def _venues(pipeline: Pipeline) -> list[str]:
    try:
        return listed_universes([MICUniverse()], values_of(pipeline.ready))
    except BeafError as error:
        log.warning("the venues of %s are not known: %s", pipeline.path, error.message)
        return []
