"""How do pipelines become the definitions of a code location?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from beaf_core import UsageError, build_universe_partitions, parse_universe_spec
from beaf_dagster.assets.build import build_assets
from beaf_dagster.locate import located_pipelines
from beaf_dagster.partitions.dates import FIRST_DAY, build_date_partitions
from beaf_dagster.partitions.definition import frequency_of, universe_keys
from beaf_dagster.partitions.keys import DATE, UNIVERSE
from beaf_dagster.pipelines import Pipeline, as_pipelines

if TYPE_CHECKING:
    from beaf_core import Universe
    from beaf_dagster.assets.translator import BeafDagsterTranslator


def build_definitions(
    pkg: Any = None,
    *,
    split_passes: bool = False,
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    universes: Iterable[Universe | str] | None = None,
    frequency: str | None = None,
    start: str | None = None,
    translator: BeafDagsterTranslator | None = None,
    allow_large_partitions: bool = False,
    resources: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Make assets, jobs, schedules, sensors, checks and resources of pipelines.

    Args:
        pkg: a package, a folder, a file, or a list of these; by default, the pipelines of
            BEAF_PIPELINES, else those of the project in the working directory.
        split_passes: whether each pass is an asset.
        partitions_def: the partitions of all of them; by default, each pipeline's own.
        universe_dim: what the dimension of universes is called.
        date_dim: what the dimension of dates is called.
        universes: what pipelines are computed for, beside each one's own UNIVERSE, which stays
            first; by default, each one's UNIVERSES.
        frequency: how dates are cut: D, W, 2W, M, Q or A; by default, as each pipeline says.
        start: the first day; by default, 2015-01-01, or the START_DATE of a pipeline before it.
        translator: names and describes assets.
        allow_large_partitions: load also what has more partitions than Dagster is good for.
        resources: more resources, or others in place of BEAF's own.

    Raises:
        UsageError: no such pipelines; arguments that cannot be meant together; too many partitions.
    """
    given = _Given(
        partitions_def,
        universe_dim,
        date_dim,
        None if universes is None else tuple(universes),
        frequency,
        start,
    )
    pipelines = located_pipelines() if pkg is None else as_pipelines(pkg)
    assets: list[Any] = []
    for each in pipelines:
        assets += build_assets(
            each,
            given.partitions(each),
            universe_dim,
            date_dim,
            split_passes,
            translator=translator,
        )
    return dg.Definitions(assets=assets, resources=resources)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a person says of the partitions of all pipelines."""

    definition: dg.PartitionsDefinition[str] | None
    universe_dim: str
    date_dim: str
    universes: Sequence[Universe | str] | None
    frequency: str | None
    start: str | None

    def partitions(self, pipeline: Pipeline) -> dg.PartitionsDefinition[str] | None:
        """Give a pipeline's partitions; None leaves them to the pipeline."""
        if self.definition is not None or pipeline.fault is not None:
            return self.definition
        if (self.universes, self.frequency, self.start) == (None, None, None):
            return None
        return dg.MultiPartitionsDefinition(
            {
                self.universe_dim: dg.StaticPartitionsDefinition(self._universes(pipeline)),
                self.date_dim: build_date_partitions(
                    self.frequency or frequency_of(pipeline), self.start or FIRST_DAY
                ),
            }
        )

    def _universes(self, pipeline: Pipeline) -> list[str]:
        own = universe_keys(pipeline)
        if self.universes is None:
            return own
        return list(dict.fromkeys([own[0], *_selectors(self.universes, pipeline)]))


def _selectors(universes: Iterable[Universe | str], pipeline: Pipeline) -> Iterator[str]:
    for each in universes:
        if isinstance(each, str):
            yield parse_universe_spec(each).spec
            continue
        if each.functions:
            raise UsageError(
                f"the universe {', '.join(each.functions)} has a function of its own, which a run "
                "in another process does not know",
                remedy="put it into the UNIVERSES of the pipeline",
            )
        yield from build_universe_partitions([each], source=pipeline.config.SOURCE)
