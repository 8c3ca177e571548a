"""Which universes does a pipeline have, as partition keys?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from beaf_core import Universe, UniversePartition, UsageError, parse_universe_spec
from beaf_dagster.partitions.asked import values_of
from beaf_universes import default_universes

if TYPE_CHECKING:
    from collections.abc import Callable

    from beaf_dagster.pipelines import Pipeline

#: The selector of a pipeline's own `get_universe`.
OWN_UNIVERSE = "default"

#: What factories take as universes: structured ones, or selectors.
UniverseLike = Universe | UniversePartition | str


def universe_keys(pipeline: Pipeline) -> list[str]:
    """List a pipeline's selectors: UNIVERSE first, then those of its module.

    These are its UNIVERSES; without any, and without UNIVERSE, its own `get_universe`, called
    `default`; without that, every venue of its `whitelist`, or that the source has.

    Raises:
        BeafError: there is none, one cannot be a key, or the source cannot be asked.
    """
    keys = list(dict.fromkeys(_keys_of(pipeline)))
    if not keys:
        raise UsageError(
            f"{pipeline.path}: the pipeline has no universe, so it would have no partition",
            remedy="set UNIVERSE: mic=XLON, or list some: UNIVERSES = [MICUniverse(['XLON'])]",
        )
    return keys


def first_universe(pipeline: Pipeline) -> str:
    """Name a pipeline's first universe; the source is asked only where nothing names one."""
    first = next(_keys_of(pipeline), None)
    return universe_keys(pipeline)[0] if first is None else first


def listed_universes(
    universes: Iterable[UniverseLike], values: Callable[[str], list[str]] | None = None
) -> list[str]:
    """List the keys of structured universes and selectors, each once, in their order.

    Raises:
        UsageError: what is no universe, or cannot be a key.
    """
    given = [universes] if isinstance(universes, str | UniversePartition) else universes
    specs = (spec for each in given for spec in _specs(each, values))
    return list(dict.fromkeys(specs))


def _keys_of(pipeline: Pipeline) -> Iterator[str]:
    config, module = pipeline.config, pipeline.module
    if config.UNIVERSE is not None:
        yield parse_universe_spec(config.UNIVERSE).spec
    if getattr(module, "UNIVERSES", None) is None:
        if config.UNIVERSE is not None:
            return
        if hasattr(module, "get_universe"):
            yield OWN_UNIVERSE
            return
    values = values_of(pipeline.ready)
    for each in default_universes(module):
        yield from _specs(each, values)


def _specs(universe: UniverseLike, values: Callable[[str], list[str]] | None) -> Iterator[str]:
    if isinstance(universe, str):
        yield parse_universe_spec(universe).spec
    elif isinstance(universe, UniversePartition):
        yield parse_universe_spec(universe.spec).spec
    elif isinstance(universe, Universe) and not isinstance(universe, type):
        for each in universe.iter_partitions(values):
            yield parse_universe_spec(each.spec).spec
    else:
        raise UsageError(
            f"a {type(universe).__name__} is no universe",
            remedy="list objects such as MICUniverse(whitelist=['XLON']), or selectors: 'mic=XLON'",
        )
