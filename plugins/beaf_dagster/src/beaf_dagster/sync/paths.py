"""Whose partitions are the files that a person names?

A file says so itself, by its receipt; a table or a dataset by its place; a file of a source by the
day in its path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from beaf_core import (
    DatePartition,
    PartitionRun,
    Receipt,
    Target,
    UniversePartition,
    UsageError,
    parse_universe_spec,
)
from beaf_dagster.sync.inputs import InputAsset
from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.outputs import EVER, OutputAsset
from beaf_outputs import is_one_file_each, read_receipts

#: Gives the tables of a source, for the venues that it has on a day.
InputsOfDay = Callable[[DatePartition], Sequence[InputAsset]]

#: What differs between the outputs of a target.
_OF_PARTITIONS = re.compile(r"\{(?:universe|start_date|end_date)\}")
_DAY = re.compile(r"(\d{4})[-/]?(\d{2})[-/]?(\d{2})")


def listings_of_paths(
    paths: Iterable[str], outputs: Sequence[OutputAsset], inputs: InputsOfDay
) -> list[Listing]:
    """List the partitions that files belong to, and no others.

    Args:
        paths: the files.
        outputs: the assets of the pipelines.
        inputs: gives the tables of their source, for the venues of a day.

    Raises:
        UsageError: a path that belongs to no output of the pipelines and to no table.
    """
    runs: dict[OutputAsset, list[PartitionRun]] = {}
    read: list[Listing] = []
    for path in map(_absolute, paths):
        found = {each: list(_runs(each, path)) for each in outputs}
        owners = {each: of for each, of in found.items() if of}
        for each, of in owners.items():
            runs.setdefault(each, []).extend(of)
        tables = [] if owners else list(_inputs(path, inputs))
        if not owners and not tables:
            raise UsageError(
                f"{path} belongs to no output of these pipelines and to none of their tables",
                remedy="name its pipeline with --pipeline; only a file that BEAF has written, or "
                "one that the pipeline's source finds, can be told of",
            )
        read += tables
    return [each.listing_of(dict.fromkeys(of)) for each, of in runs.items()] + _together(read)


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).absolute())


def _runs(asset: OutputAsset, path: str) -> Iterator[PartitionRun]:
    """Yield the partitions of an asset of which a path is an output."""
    for resolved in asset.passes:
        target = resolved.targets[0]
        if is_one_file_each(target):
            if not _may_hold(target, path):  # another store, which its options do not reach
                continue
            receipt = read_receipts([path], target.storage_options).get(path)
            if receipt is not None and _is_of(target, receipt):
                yield _run(receipt)
        else:
            yield from map(_run, asset.receipts_at(target, path))


def _may_hold(target: Target, path: str) -> bool:
    """Say whether a path begins as all outputs of a target do."""
    same = _OF_PARTITIONS.split(target.path_template)[0]
    return path.startswith(target.filled(same, PartitionRun(UniversePartition("all"), EVER)))


def _is_of(target: Target, receipt: Receipt) -> bool:
    return target.location(_run(receipt)) == receipt.location


def _run(receipt: Receipt) -> PartitionRun:
    universe, _, dates = receipt.partition.rpartition(":")
    return PartitionRun(parse_universe_spec(universe), DatePartition(dates))


def _inputs(path: str, inputs: InputsOfDay) -> Iterator[Listing]:
    day = _day(path)
    if day is None:
        return
    dates = DatePartition(day)
    for asset in inputs(dates):
        listing = asset.listing(dates)
        chosen = listing.partitions.filter(pl.col("path") == path)
        if not chosen.is_empty():
            yield replace(listing, partitions=chosen, whole=False)


def _day(path: str) -> str | None:
    """Find the last day that a path spells: 2026/02/01, 20260201 or 2026-02-01."""
    found = _DAY.findall(path)
    return "-".join(found[-1]) if found else None


def _together(listings: Sequence[Listing]) -> list[Listing]:
    """Put the listings of one asset together."""
    by_asset: dict[object, list[Listing]] = {}
    for each in listings:
        by_asset.setdefault(each.asset, []).append(each)
    return [
        replace(of[0], partitions=pl.concat([each.partitions for each in of]).unique("key"))
        for of in by_asset.values()
    ]
