"""How do pipelines become the definitions of a code location?"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import dagster as dg

from beaf_core import BeafError, Universe, UsageError
from beaf_dagster.assets.build import build_assets
from beaf_dagster.assets.jobs import build_jobs
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.automation import build_automation_sensor
from beaf_dagster.checks import build_materialization_checks
from beaf_dagster.inputs import InputTables, input_tables_of
from beaf_dagster.locate import located_pipelines
from beaf_dagster.partitions.dates import FIRST_DAY
from beaf_dagster.partitions.definition import partitions_of
from beaf_dagster.partitions.keys import DATE, UNIVERSE
from beaf_dagster.partitions.universes import UniverseLike
from beaf_dagster.pipelines import Pipeline, as_pipelines, with_place
from beaf_dagster.schedules import build_schedules

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipelines

log = logging.getLogger("beaf.dagster")


def build_definitions(
    pkg: Pipelines | None = None,
    *,
    split_passes: bool = False,
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    universes: Iterable[UniverseLike] | None = None,
    frequency: str | None = None,
    start: str | None = None,
    input_tables: Iterable[str] = (),
    checks: bool = True,
    translator: BeafDagsterTranslator | None = None,
    allow_large_partitions: bool = False,
    resources: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Make assets with their checks, jobs, schedules and the sensor of automation of pipelines.

    A pipeline that cannot be loaded is an asset that says why; the others are not affected.

    Args:
        pkg: a package, a folder, a file, or a list of these; by default, the pipelines of
            BEAF_PIPELINES, else those of the project in the working directory.
        split_passes: whether each pass is an asset.
        partitions_def: the partitions of all of them; by default, each pipeline's own.
        universe_dim: what the dimension of universes is called.
        date_dim: what the dimension of dates is called.
        universes: what pipelines are computed for, after each one's first universe; by default,
            each one's own.
        frequency: how dates are cut: D, W, 2W, M, Q or A; by default, as each pipeline says.
        start: the first day; by default, 2015-01-01, or the START_DATE of a pipeline before it.
        input_tables: raw tables (`trades`, `l3`) to show as external assets that pipelines read.
        checks: whether each asset has a check that what it materialized still stands; the checks
            of a pipeline's QUALITY belong to its assets either way.
        translator: names and describes assets.
        allow_large_partitions: load also what has a million partitions or more.
        resources: more resources, or others in place of BEAF's own.

    Raises:
        UsageError: no such pipelines, or arguments that cannot be meant together.
    """
    chosen = translator or BeafDagsterTranslator()
    given = _Given(
        partitions_def,
        universe_dim,
        date_dim,
        None if universes is None else _checked(universes),
        frequency,
        start,
        allow_large_partitions,
    )
    found = located_pipelines() if pkg is None else as_pipelines(pkg)
    parts = [_Part(*given.of(each)) for each in found]
    inputs = input_tables_of(input_tables, [each.partitions for each in parts], start or FIRST_DAY,
                             universe_dim)  # fmt: skip
    made = _Factories(given, inputs, chosen, split_passes)
    return dg.Definitions(
        assets=[*made.assets(parts), *inputs.specs],
        asset_checks=list(made.checks(parts)) if checks else [],
        jobs=build_jobs([each.pipeline for each in parts], split_passes, chosen),
        schedules=list(made.schedules(parts)),
        sensors=[build_automation_sensor()] if _automated(parts) else [],
        resources=resources,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """A pipeline, and its partitions; it has its fault instead where these cannot be."""

    pipeline: Pipeline
    partitions: dg.PartitionsDefinition[str] | None


@dataclass(frozen=True, slots=True)
class _Given:
    """What a person says of the partitions of all pipelines."""

    definition: dg.PartitionsDefinition[str] | None
    universe_dim: str
    date_dim: str
    universes: tuple[UniverseLike, ...] | None
    frequency: str | None
    start: str | None
    allow_large: bool

    def __post_init__(self) -> None:
        given = (self.universes, self.frequency, self.start) != (None, None, None)
        if self.definition is not None and given:
            raise UsageError(
                "partitions_def says what universes, frequency and start say, too",
                remedy="give partitions_def alone, or these without it",
            )

    def of(self, pipeline: Pipeline) -> tuple[Pipeline, dg.PartitionsDefinition[str] | None]:
        """Give a pipeline with its partitions, or with the reason why it has none."""
        if self.definition is not None or pipeline.fault is not None:
            return pipeline, self.definition
        try:
            return pipeline, self._partitions(pipeline)
        except BeafError as error:
            fault = with_place(error, pipeline.path)
            log.error("a pipeline has no partitions: %s", fault)
            return replace(pipeline, prepared=None, fault=fault), None

    def _partitions(self, pipeline: Pipeline) -> dg.MultiPartitionsDefinition:
        return partitions_of(
            pipeline,
            self.universe_dim,
            self.date_dim,
            universes=self.universes,
            frequency=self.frequency,
            start=self.start,
            allow_large_partitions=self.allow_large,
        )


def _checked(universes: Iterable[UniverseLike]) -> tuple[UniverseLike, ...]:
    """Refuse universes that another process would not know by their selector."""
    found = tuple(universes)
    for each in found:
        if isinstance(each, Universe) and each.functions:
            raise UsageError(
                f"the universe {', '.join(each.functions)} has a function of its own, which runs "
                "in other processes would not know",
                remedy="put it into the UNIVERSES of the pipeline",
            )
    return found


@dataclass(frozen=True, slots=True)
class _Factories:
    """Calls each factory for each pipeline, with the partitions of that one."""

    given: _Given
    inputs: InputTables
    translator: BeafDagsterTranslator
    split_passes: bool

    def assets(self, parts: Iterable[_Part]) -> Iterator[dg.AssetsDefinition]:
        """Make the assets of each pipeline; those of one key together, which is then told."""
        for found in self._by_key(parts).values():
            yield from build_assets(
                [each.pipeline for each in found],
                *self._place(found[0]),
                self.inputs.keys,
                translator=self.translator,
            )

    def checks(self, parts: Iterable[_Part]) -> Iterator[dg.AssetChecksDefinition]:
        """Make the checks of each pipeline that is an asset of its own."""
        for found in self._by_key(parts).values():
            if len(found) == 1:
                yield from build_materialization_checks(
                    found[0].pipeline, *self._place(found[0]), translator=self.translator
                )

    def schedules(self, parts: Iterable[_Part]) -> Iterator[dg.ScheduleDefinition]:
        """Make the schedules of each pipeline that is an asset of its own."""
        for found in self._by_key(parts).values():
            if len(found) == 1:
                yield from build_schedules(
                    found[0].pipeline, *self._place(found[0]), translator=self.translator
                )

    def _place(self, part: _Part) -> tuple[dg.PartitionsDefinition[str] | None, str, str, bool]:
        return part.partitions, self.given.universe_dim, self.given.date_dim, self.split_passes

    def _by_key(self, parts: Iterable[_Part]) -> dict[dg.AssetKey, list[_Part]]:
        by_key: dict[dg.AssetKey, list[_Part]] = defaultdict(list)
        for each in parts:
            by_key[self.translator.get_asset_key(each.pipeline)].append(each)
        return by_key


def _automated(parts: Iterable[_Part]) -> bool:
    return any(
        each.pipeline.fault is None and each.pipeline.config.AUTO_MATERIALIZE_ENABLED
        for each in parts
    )
