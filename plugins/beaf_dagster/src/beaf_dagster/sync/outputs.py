"""Which partitions of a pipeline stand in its outputs, told by their receipts?

An asset stands for one pass, or for all passes of a pipeline; then a partition is there where the
main output of every pass is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from beaf_core import DatePartition, PartitionRun, Receipt, Target, parse_universe_spec
from beaf_dagster.partitions.keys import DATE, UNIVERSE
from beaf_dagster.sync.events import PARTITIONS
from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.names import PartitionNames
from beaf_dagster.sync.remembered import FILES, Remembered, rows_of_receipts
from beaf_outputs import is_one_file_each, output_files, read_receipts

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_dagster.pipelines import Pipeline

#: All days that an output may hold, for those that are asked by days.
EVER = DatePartition("1900-01-01", "2199-12-31")

#: What is known of one output: the columns of `FILES` without the stamp, and the bytes.
_OUTPUTS = (*(each for each in FILES.names() if each != "stamp"), "bytes")


@dataclass(frozen=True, slots=True, eq=False)
class OutputAsset:
    """An asset whose partitions are outputs.

    Attributes:
        key: its key.
        pipeline: whose outputs.
        passes: whose rows it stands for.
        definition: its partitions.
        names: maps receipts to its partitions.
    """

    key: dg.AssetKey
    pipeline: Pipeline
    passes: Sequence[ResolvedPass]
    definition: dg.MultiPartitionsDefinition
    names: PartitionNames

    @property
    def dimensions(self) -> tuple[str, str]:
        """The names of its dimensions, sorted."""
        first, second = sorted((UNIVERSE, DATE))
        return first, second

    def listing(self, dates: DatePartition | None, *, remember: bool) -> Listing:
        """List its partitions.

        Args:
            dates: those that hold one of these days; all, if None.
            remember: whether a later listing may know what files said.
        """
        found = [self._of_pass(each, dates, remember=remember) for each in self.passes]
        return self._listing([_within(each, dates) for each in found], dates)

    def listing_of(self, runs: Iterable[PartitionRun]) -> Listing:
        """List some partitions alone."""
        asked = list(runs)
        found = []
        for each in self.passes:
            host, target = self.pipeline.ready.host, each.targets[0]
            receipts = (host.find_receipt(target, run) for run in asked)
            found.append(_of_receipts(each for each in receipts if each is not None))
        return self._listing(found, None, whole=False)

    def receipts_at(self, target: Target, path: str) -> Iterator[Receipt]:
        """Yield the receipts of a table or a dataset that lies at a path, or holds it."""
        for each in self._asked(target, EVER):
            if path == each.location or path.startswith(f"{each.location}/"):
                yield each

    def _listing(
        self, found: Sequence[pl.DataFrame], dates: DatePartition | None, *, whole: bool = True
    ) -> Listing:
        keyed = self.names.keyed(_joined(found))
        unknown = keyed.filter(pl.col("key").is_null() | pl.col("version").is_null())
        return Listing(
            self.key,
            self.definition,
            self.dimensions,
            "outputs",
            keyed.filter(pl.col("key").is_not_null() & pl.col("version").is_not_null())
            .select(PARTITIONS.names())
            .sort("first", "second"),
            (*self._incomplete(found, keyed), *_told_of(unknown)),
            whole=whole,
            dates=dates,
        )

    def _of_pass(
        self, resolved: ResolvedPass, dates: DatePartition | None, *, remember: bool
    ) -> pl.DataFrame:
        target = resolved.targets[0]
        if is_one_file_each(target):
            project = Path(self.pipeline.ready.resolved.project)
            return _of_files(target, Remembered(project, target), remember=remember)
        return _of_receipts(self._asked(target, dates or EVER))

    def _asked(self, target: Target, dates: DatePartition) -> Iterator[Receipt]:
        host = self.pipeline.ready.host
        for universe in self.names.universes:
            run = PartitionRun(parse_universe_spec(universe), dates)
            yield from host.list_receipts(target, run)

    def _incomplete(self, found: Sequence[pl.DataFrame], whole: pl.DataFrame) -> Iterator[str]:
        """Tell of partitions of which some pass is there, and another is not."""
        if len(found) < 2:
            return
        anywhere = pl.concat([each.select("universe", "dates") for each in found]).unique()
        lacking = anywhere.join(whole, on=["universe", "dates"], how="anti")
        if not lacking.is_empty():
            yield f"{_some(lacking)}: not every pass is there, so nothing is told"


def _of_receipts(receipts: Iterable[Receipt]) -> pl.DataFrame:
    """Take what receipts tell; tables do not say how many bytes are a partition's."""
    return rows_of_receipts(receipts).with_columns(bytes=pl.lit(None, pl.Int64)).select(_OUTPUTS)


def _of_files(target: Target, remembered: Remembered, *, remember: bool) -> pl.DataFrame:
    """Read the receipts of those files that have changed since they were last read."""
    listed = [(each.location, each.version, each.bytes) for each in output_files(target)]
    schema = {"path": pl.String, "stamp": pl.String, "bytes": pl.Int64}
    there = pl.DataFrame(listed, schema=schema, orient="row")
    known = there.join(remembered.read(), on=["path", "stamp"], how="inner")
    changed = there.join(known, on="path", how="anti")
    read = read_receipts(changed["path"], target.storage_options)
    ours = [each for each in read.values() if each is not None and _is_its_own(target, each)]
    new = changed.join(rows_of_receipts(ours), on="path", how="inner")
    found = pl.concat([known, new.select(known.columns)])
    if remember and not changed.is_empty():
        remembered.write(found)
    return found.select(_OUTPUTS)


def _is_its_own(target: Target, receipt: Receipt) -> bool:
    """Say whether a file lies where its partition belongs; a copy elsewhere is no output."""
    universe, _, dates = receipt.partition.rpartition(":")
    run = PartitionRun(parse_universe_spec(universe), DatePartition(dates))
    return target.location(run) == receipt.location


def _joined(found: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put the passes of a partition together: the last one's place, the rows of all."""
    if len(found) == 1:
        return found[0]
    whole = found[0].rename({"version": "version_0", "rows": "rows_0", "bytes": "bytes_0"})
    for number, each in enumerate(found[1:], 1):
        numbered = {name: f"{name}_{number}" for name in ("version", "rows", "bytes")}
        whole = whole.drop("path").join(each.rename(numbered), on=["universe", "dates"])
    versions = [f"version_{number}" for number in range(len(found))]
    return whole.select(
        "path",
        "universe",
        "dates",
        pl.Series("version", map(_digest, whole.select(versions).iter_rows()), pl.String),
        pl.sum_horizontal("^rows_[0-9]+$").alias("rows"),
        pl.sum_horizontal("^bytes_[0-9]+$", ignore_nulls=False).alias("bytes"),
    )


def _digest(versions: tuple[str | None, ...]) -> str | None:
    """Give the version of several passes, as the step that computes them does."""
    if None in versions:
        return None
    return hashlib.sha256("\n".join(map(str, versions)).encode()).hexdigest()[:32]


def _within(outputs: pl.DataFrame, dates: DatePartition | None) -> pl.DataFrame:
    if dates is None:
        return outputs
    # ISO dates sort as days do; a key is one day, or both ends.
    first, last = (pl.col("dates").str.split("_").list.get(at) for at in (0, -1))
    return outputs.filter((first <= dates.end_date) & (last >= dates.start_date))


def _told_of(unknown: pl.DataFrame) -> Iterable[str]:
    """Tell of outputs that are no partition of the asset."""
    for reason, chosen in (
        (
            "no partition has this universe",
            pl.col("key").is_null() & pl.col("universe_key").is_null(),
        ),
        (
            "no partition has exactly these days",
            pl.col("key").is_null() & pl.col("universe_key").is_not_null(),
        ),
        ("no fingerprint tells what they are made of", pl.col("key").is_not_null()),
    ):
        left = unknown.filter(chosen)
        if not left.is_empty():
            yield f"{_some(left)}: {reason}, so nothing is told"


def _some(outputs: pl.DataFrame) -> str:
    named = [
        f"{each['universe']}:{each['dates']}" for each in outputs.head(3).iter_rows(named=True)
    ]
    more = f" and {outputs.height - 3} more" if outputs.height > 3 else ""
    return ", ".join(named) + more
