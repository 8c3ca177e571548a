"""What is to be looked for, of what a person has named?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from beaf_core import BeafError, DatePartition, UsageError
from beaf_dagster.assets.broken import of_one_key
from beaf_dagster.assets.jobs import by_key
from beaf_dagster.locate import located_pipelines
from beaf_dagster.pipelines import Pipeline, find_pipelines, with_place
from beaf_dagster.sync.assets import input_assets, output_assets
from beaf_dagster.sync.inputs import InputAsset
from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.outputs import OutputAsset
from beaf_dagster.sync.paths import listings_of_paths

#: How many days of inputs are looked for where no dates are given: each is asked for by itself.
INPUT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person has named.

    Attributes:
        pipelines: where they are; those of the project, if there are none.
        tables: input tables; None for those that the pipelines read.
        outputs: whether outputs are told of; None: unless tables are named.
        dates: days; None for all days of outputs, and the last ones of inputs.
        paths: these files alone.
        split_passes: whether each pass is an asset.
        prefix: of the keys of input tables.
        remember: whether what files said is remembered for later.
    """

    pipelines: tuple[str, ...] = ()
    tables: tuple[str, ...] | None = None
    outputs: bool | None = None
    dates: DatePartition | None = None
    paths: tuple[str, ...] = ()
    split_passes: bool = False
    prefix: str = "BMLL"
    remember: bool = True


def listings(instance: dg.DagsterInstance, wanted: Wanted) -> tuple[list[Listing], list[str]]:
    """List what is there, and tell of pipelines that cannot be loaded.

    Raises:
        UsageError: there are no pipelines, or what was named does not exist.
    """
    found = named_pipelines(wanted.pipelines)
    ready = [each for each in found if each.fault is None]
    # In one line: the whole was told when it was loaded.
    faults = [
        f"{each.path}: {str(each.fault).splitlines()[0]}"
        for each in found
        if each.fault is not None
    ]
    wants_outputs = wanted.outputs or (wanted.outputs is None and wanted.tables is None)
    outputs, odd = _outputs(ready, instance, wanted) if wanted.paths or wants_outputs else ([], [])
    if wanted.paths:
        return _of_paths(outputs, wanted, ready), [*faults, *odd]
    listed = [each.listing(wanted.dates, remember=wanted.remember) for each in outputs]
    if wanted.tables is not None:
        dates = wanted.dates or _last_days()
        tables = input_assets(ready, wanted.tables, wanted.prefix, dates)
        listed += [each.listing(dates) for each in tables]
    return listed, [*faults, *odd]


def _outputs(
    pipelines: Sequence[Pipeline], instance: dg.DagsterInstance, wanted: Wanted
) -> tuple[list[OutputAsset], list[str]]:
    """Give the assets of pipelines; and tell of those that are none, as definitions do."""
    found: list[OutputAsset] = []
    faults: list[str] = []
    for key, those in by_key(pipelines).items():
        try:
            if len(those) > 1:
                raise of_one_key(those, key)
            found += output_assets(those, instance, split_passes=wanted.split_passes)
        except BeafError as fault:  # of its universes, or its dates
            faults.append(str(with_place(fault, those[0].path)))
    return found, faults


def _of_paths(
    outputs: Sequence[OutputAsset], wanted: Wanted, pipelines: Sequence[Pipeline]
) -> list[Listing]:
    def tables(day: DatePartition) -> list[InputAsset]:
        return list(input_assets(pipelines, wanted.tables or ("all",), wanted.prefix, day))

    return listings_of_paths(wanted.paths, outputs, tables)


def named_pipelines(named: Sequence[str]) -> list[Pipeline]:
    """Load the pipelines that a person names, or those of the project.

    Raises:
        UsageError: there are none.
    """
    if named:
        return [found for each in named for found in find_pipelines(each)]
    found = located_pipelines()
    if not found:
        raise UsageError(
            "there are no pipelines here",
            remedy="name them with --pipeline, set BEAF_PIPELINES, or start in a project's folder",
        )
    return found


def _last_days() -> DatePartition:
    today = datetime.now(UTC).date()
    first = today - timedelta(days=INPUT_DAYS - 1)
    return DatePartition(first.isoformat(), today.isoformat())
