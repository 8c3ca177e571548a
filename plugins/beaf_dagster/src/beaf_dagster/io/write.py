"""How are the frames that an asset returns written, each in place of its partition alone?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from filelock import FileLock

from beaf_core import DatePartition, PartitionRun, Receipt, Target, UsageError
from beaf_dagster.io.frames import Frame
from beaf_dagster.io.places import Place

#: Locks that the partitions of an asset share: a million partitions leave no million files.
_STRIPES = 64


@dataclass(frozen=True, slots=True)
class Maker:
    """Who writes.

    Attributes:
        run_id: the run of Dagster.
        code_version: of the asset, where it has one.
    """

    run_id: str
    code_version: str | None


def write_frames(
    place: Place, frames: Mapping[str, tuple[PartitionRun, Frame]], maker: Maker
) -> dict[str, Receipt]:
    """Replace partitions, each whole or not at all; partition key → receipt.

    Raises:
        UsageError: something stands there that is not to be replaced, or counted twice. Nothing is
            written then.
    """
    for run, _ in frames.values():
        for target in place.targets:
            _require_free(place, target, run)
    return {key: _written(place, run, frame, maker) for key, (run, frame) in frames.items()}


def _written(place: Place, run: PartitionRun, frame: Frame, maker: Maker) -> Receipt:
    with _alone(place, run):
        receipts = [
            place.host.write_output(frame.lazy(), _stamped(place, target, frame, maker), run)
            for target in place.targets
        ]
    return receipts[0]


def _require_free(place: Place, target: Target, run: PartitionRun) -> None:
    """Refuse to replace what another asset or another cut of the dates has written."""
    mine = {"dataset": target.dataset, "pass": target.pass_name}
    there = place.host.find_receipt(target, run)
    if there is not None and (there.partition != run.key or not _is_of(there, mine)):
        raise UsageError(
            f"{there.location} holds {there.partition} of "
            f"{there.stamp.get('dataset')}, pass {there.stamp.get('pass')}, not {run.key} of "
            f"{place.asset}",
            remedy="put {datasetname}, {pass}, {universe}, {start_date} and {end_date} into "
            "path_template, or move what is there",
        )
    others = [
        each
        for each in place.host.list_receipts(target, run)
        if each.partition != run.key and _is_of(each, mine) and _share_days(each, run)
    ]
    if others:
        raise UsageError(
            f"{run.key} shares days with {others[0].partition} ({others[0].location}), "
            "and together they would be counted twice",
            remedy="keep the partitions of the asset as they were, or move what is there",
        )


def _is_of(receipt: Receipt, mine: Mapping[str, str]) -> bool:
    return all(receipt.stamp.get(name, value) == value for name, value in mine.items())


def _share_days(receipt: Receipt, run: PartitionRun) -> bool:
    universe, _, dates = receipt.partition.rpartition(":")
    theirs = DatePartition(dates)
    return (
        universe == run.universe.spec
        and theirs.start <= run.dates.end
        and run.dates.start <= theirs.end
    )


@contextmanager
def _alone(place: Place, run: PartitionRun) -> Iterator[None]:
    """Keep other runs on this machine from writing the same partition meanwhile.

    An output clears away what a dead writer has left; a living one must not look like it.
    """
    name = hashlib.sha256(f"{place.asset}\0{place.targets[0].path_template}".encode()).hexdigest()
    stripe = hashlib.sha256(run.key.encode()).digest()[0] % _STRIPES
    folder = place.prepared.resolved.project / ".beaf" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(Path(folder, f"dagster--{name[:16]}--{stripe}.lock")):
        yield


def _stamped(place: Place, target: Target, frame: Frame, maker: Maker) -> Target:
    return target.stamped(
        run_id=maker.run_id,
        fingerprint=_fingerprint(place, frame, maker),
        dataset=target.dataset,
        **{"pass": target.pass_name},
        source="dagster",
        asset=place.asset,
        written_at=datetime.now(UTC).isoformat(timespec="microseconds"),
    )


def _fingerprint(place: Place, frame: Frame, maker: Maker) -> str:
    """Digest the asset, its code version and its rows: equal means that nothing has changed.

    The rows of a lazy frame are not known before they are written, and would have to be computed
    twice; it counts as new in each run.
    """
    rows = [maker.run_id]
    if isinstance(frame, pl.DataFrame):
        hashed = frame.hash_rows() if frame.width else pl.Series([], dtype=pl.UInt64)
        rows = [str(frame.schema), hashlib.sha256(hashed.to_numpy().tobytes()).hexdigest()]
    text = json.dumps([place.asset, maker.code_version, *rows])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
