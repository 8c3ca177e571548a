"""How does a test see what the core hands an output whose places hold many partitions?

By an output of its own, `shelf`, which keeps every partition of a place in memory, as a table does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from pydantic import BaseModel, ConfigDict, Field

from beaf_core import PartitionRun, Receipt, Target, hookimpl

#: Location and the partition's key.
Place = tuple[str, str]


class Options(BaseModel):
    """Options of the output.

    Attributes:
        shared: one place holds many partitions, unless a test wants it otherwise.
        table: a place that is no path, such as a table of a database.
        says: what its receipts have to say.
    """

    model_config = ConfigDict(extra="forbid")

    shared: bool = True
    table: str | None = None
    says: dict[str, int] = Field(default_factory=dict)

    @property
    def location_template(self) -> str | None:
        """Where the table is, in place of path_template."""
        return self.table and f"shelf://me:***@here/{self.table}"


class Table:
    """Keeps partitions in memory, and every target that it was handed to write to."""

    Config = Options

    def __init__(self) -> None:
        self.rows: dict[Place, pl.DataFrame] = {}
        self.receipts: dict[Place, Receipt] = {}
        self.written: list[Target] = []

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self.receipts.clear()
        self.written.clear()

    @property
    def partitions(self) -> list[str]:
        """The keys of what it holds, wherever."""
        return sorted(key for _, key in self.receipts)

    @hookimpl
    def write_output(self, frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
        place = (target.location(partition), partition.key)
        self.written.append(target)
        self.rows[place] = frame.collect()
        said = target.options.says
        receipt = Receipt(
            target.type, *_placed(self.rows[place], place), dict(target.stamp), notes=said
        )
        self.receipts[place] = receipt
        return receipt

    @hookimpl
    def read_output(
        self, target: Target, partitions: Sequence[PartitionRun]
    ) -> pl.LazyFrame | None:
        wanted = [(target.location(each), each.key) for each in partitions]
        there = [self.rows[each] for each in wanted if each in self.rows]
        return pl.concat(there).lazy() if there else None

    @hookimpl
    def find_receipt(self, target: Target, partition: PartitionRun) -> Receipt | None:
        return self.receipts.get((target.location(partition), partition.key))

    @hookimpl
    def list_receipts(self, target: Target, partition: PartitionRun) -> Sequence[Receipt]:
        location = target.location(partition)
        return [each for (place, _), each in self.receipts.items() if place == location]

    @hookimpl
    def remove_output(self, receipt: Receipt) -> bool:
        self.rows.pop((receipt.location, receipt.partition), None)
        self.receipts.pop((receipt.location, receipt.partition), None)
        return True


def _placed(rows: pl.DataFrame, place: Place) -> tuple[str, int, str]:
    location, key = place
    return location, rows.height, key


table = Table()


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """Offer the output `shelf`, empty, from a distribution in a folder on the path."""
    info = folder / "beaf_shelf-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beaf-shelf\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[beaf.output]\nshelf = tests.table_output:table\n")
    monkeypatch.syspath_prepend(str(folder))
    table.clear()
    return table
