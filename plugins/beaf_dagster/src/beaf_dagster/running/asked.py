"""Which assets and partitions does a command line ask for?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from beaf_core import UsageError, did_you_mean
from beaf_dagster.assets.build import build_assets
from beaf_dagster.assets.jobs import build_jobs
from beaf_dagster.assets.passes import asset_keys
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.build import build_definitions
from beaf_dagster.partitions.keys import DATE, UNIVERSE, partition_key, partition_run
from beaf_dagster.partitions.universes import first_universe
from beaf_dagster.pipelines import Pipeline, load_pipeline
from beaf_dagster.workspaces import partitions_shown, shown_assets

if TYPE_CHECKING:
    from collections.abc import Iterator

#: `date=…,universe=…`, in any order; a universe has `=` and may have `+`, never a comma.
_FIELD = re.compile(rf"\s*({DATE}|{UNIVERSE})\s*=\s*(.+?)\s*")
_SPELT = 'write "date=2026-02-01,universe=mic=XLON", or "2026-02-01|mic=XLON"'


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person says of partitions; what is left out comes from the configuration."""

    partition: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    universes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """Windows of one universe that follow each other.

    Attributes:
        keys: the partition keys, by date.
    """

    keys: tuple[str, ...]

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags by which Dagster knows a range; none for a single partition."""
        if len(self.keys) == 1:
            return {}
        return {
            "dagster/asset_partition_range_start": self.keys[0],
            "dagster/asset_partition_range_end": self.keys[-1],
        }

    def __str__(self) -> str:
        last = f" … {self.keys[-1]}" if len(self.keys) > 1 else ""
        return f"{self.keys[0]}{last}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be materialized.

    Attributes:
        pipeline: whose assets.
        definitions: the assets and jobs of that pipeline alone.
        job: the job to do it.
        assets: the keys of the assets.
        partitions: the partitions that they have.
        slices: the partitions that are asked for.
    """

    pipeline: Pipeline
    definitions: dg.Definitions
    job: str
    assets: tuple[dg.AssetKey, ...]
    partitions: dg.MultiPartitionsDefinition
    slices: tuple[Slice, ...]

    @property
    def keys(self) -> list[str]:
        """All partition keys."""
        return [key for each in self.slices for key in each.keys]


def read_asked(
    path: Path,
    wanted: Wanted,
    job: str | None = None,
    passes: Sequence[str] = (),
    *,
    split_passes: bool = False,
    workspace: Path | None = None,
) -> Asked:
    """Find out what a command line asks for.

    The partitions are those that the workspace gives the pipeline, else its own.

    Raises:
        UsageError: there is no such pipeline, job, pass or partition; with what is near.
        ConfigError, PluginError: the pipeline cannot be loaded.
    """
    if not path.is_file():
        raise UsageError(f"there is no pipeline {path}", remedy="name its file")
    pipeline = load_pipeline(path.resolve())
    pipeline.ready  # noqa: B018 — raises its fault
    keys = asset_keys(pipeline, BeafDagsterTranslator(), split_passes)
    shown = partitions_shown(pipeline, keys, shown_assets(workspace))
    assets = build_assets(pipeline, shown, split_passes=split_passes)
    jobs = build_jobs(pipeline, split_passes)
    partitions = _partitions_of(assets, pipeline)
    return Asked(
        pipeline,
        build_definitions(pipeline, split_passes=split_passes, partitions_def=shown),
        _job(job, [each.name for each in jobs], pipeline),
        tuple(_assets(assets, passes, split_passes=split_passes)),
        partitions,
        tuple(_slices(pipeline, partitions, wanted)),
    )


def _partitions_of(
    assets: Sequence[dg.AssetsDefinition], pipeline: Pipeline
) -> dg.MultiPartitionsDefinition:
    found = next((each.partitions_def for each in assets if each.is_executable), None)
    if not isinstance(found, dg.MultiPartitionsDefinition):
        raise UsageError(f"{pipeline.path} has no partitions", remedy="give it PASSES")
    return found


def _job(asked: str | None, known: Sequence[str], pipeline: Pipeline) -> str:
    if asked is None:
        return known[0]
    if asked not in known:
        raise UsageError(
            f"{pipeline.path.name} has no job {asked}{did_you_mean(asked, known)}",
            remedy=f"take one of {', '.join(known)}",
        )
    return asked


def _assets(
    assets: Sequence[dg.AssetsDefinition], passes: Sequence[str], *, split_passes: bool
) -> list[dg.AssetKey]:
    keys = [key for each in assets if each.is_executable for key in each.keys]
    if not passes:
        return keys
    if not split_passes:
        raise UsageError(
            "the pipeline is one asset, and a part of it cannot be materialized",
            remedy="give --split_passes as well, if its passes are assets in your definitions",
        )
    by_pass = {key.path[-1]: key for key in keys}
    for each in passes:
        if each not in by_pass:
            raise UsageError(
                f"there is no pass {each}{did_you_mean(each, by_pass)}",
                remedy=f"take some of {', '.join(by_pass)}",
            )
    return [by_pass[each] for each in passes]


# -- partitions --------------------------------------------------------------------------------


def _slices(
    pipeline: Pipeline, partitions: dg.MultiPartitionsDefinition, wanted: Wanted
) -> Iterator[Slice]:
    if wanted.partition is not None:
        if wanted.start_date or wanted.end_date or wanted.universes:
            raise UsageError(
                "--partition names a universe and a date already",
                remedy="give --partition, or --start_date, --end_date and --universe",
            )
        yield Slice((_one(pipeline, partitions, wanted.partition),))
        return
    first, last = _range(pipeline, wanted)
    for universe in wanted.universes or (first_universe(pipeline),):
        yield Slice(tuple(_between(partitions, universe, first, last)))


def _one(pipeline: Pipeline, partitions: dg.MultiPartitionsDefinition, text: str) -> str:
    if "|" in text:
        partition_run(partitions, text)  # raises where there is none
        return text
    fields = _fields(text)
    universe = fields.get(UNIVERSE) or first_universe(pipeline)
    return partition_key(partitions, universe, fields.get(DATE) or _start(pipeline))


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        field = _FIELD.fullmatch(part)
        if field is None or field[1] in found:
            what = "is said twice" if field else "is neither a date nor a universe"
            raise UsageError(f"--partition {text!r}: {part.strip()!r} {what}", remedy=_SPELT)
        found[field[1]] = field[2]
    return found


def _range(pipeline: Pipeline, wanted: Wanted) -> tuple[str, str]:
    if wanted.start_date is None and wanted.end_date is None:
        day = _start(pipeline)
        return day, day
    if wanted.start_date is None or wanted.end_date is None:
        given, lacking = (
            ("end_date", "start_date") if wanted.start_date is None else ("start_date", "end_date")
        )
        raise UsageError(f"--{given} is given, --{lacking} is not", remedy=f"give --{lacking}")
    if wanted.start_date > wanted.end_date:
        raise UsageError(
            f"--start_date {wanted.start_date} is after --end_date {wanted.end_date}",
            remedy="swap them",
        )
    return wanted.start_date, wanted.end_date


def _start(pipeline: Pipeline) -> str:
    start = pipeline.config.START_DATE
    if start is None:
        raise UsageError(
            f"no partition is named, and {pipeline.path.name} has no START_DATE",
            remedy='give --partition "date=2026-02-01,universe=mic=XLON"',
        )
    return start


def _between(
    partitions: dg.MultiPartitionsDefinition, universe: str, first: str, last: str
) -> Iterator[str]:
    """Name the partitions of a universe whose windows lie in a range of days."""
    ends = [
        partitions.get_partition_key_from_str(partition_key(partitions, universe, day))
        for day in (first, last)
    ]
    spelt = ends[0].keys_by_dimension[UNIVERSE]
    dates = partitions.get_partitions_def_for_dimension(DATE)
    window = dg.PartitionKeyRange(*(each.keys_by_dimension[DATE] for each in ends))
    for date in dates.get_partition_keys_in_range(window):
        yield str(dg.MultiPartitionKey({UNIVERSE: spelt, DATE: date}))
