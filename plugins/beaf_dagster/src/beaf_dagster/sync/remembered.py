"""What did files say when they were last read? Footers of files that have not changed stay closed.

A note beside the project's manifests, and no more than that: where it is lost, footers are read.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from beaf_core import Receipt, Target

#: What is kept of each file: where, its version, and what its receipt says.
FILES = pl.Schema(
    {
        "path": pl.String,
        "stamp": pl.String,
        "universe": pl.String,
        "dates": pl.String,
        "version": pl.String,
        "rows": pl.Int64,
    }
)


class Remembered:
    """Receipts of a target's files, by the versions of the files.

    Args:
        project: the folder of the project.
        target: whose files.
    """

    def __init__(self, project: Path, target: Target) -> None:
        name = f"{target.type} {target.dataset} {target.pass_name} {target.path_template}"
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        self._place = project / ".beaf" / "sync" / f"{digest}.parquet"

    def read(self) -> pl.DataFrame:
        """Return what is remembered; nothing, where the note is not there or not ours."""
        try:
            found = pl.read_parquet(self._place)
        except (OSError, pl.exceptions.PolarsError):
            return pl.DataFrame(schema=FILES)
        return found if found.schema == FILES else pl.DataFrame(schema=FILES)

    def write(self, files: pl.DataFrame) -> None:
        """Remember these files, and no others; whole, or as it was."""
        self._place.parent.mkdir(parents=True, exist_ok=True)
        staged = self._place.with_name(f".{self._place.name}.{secrets.token_hex(4)}")
        files.select(FILES.names()).write_parquet(staged)
        staged.replace(self._place)


def rows_of_receipts(receipts: Iterable[Receipt]) -> pl.DataFrame:
    """Take from receipts what is told of them: path, universe, dates, version, rows."""
    found = [
        (each.location, *_split(each.partition), each.fingerprint, each.rows) for each in receipts
    ]
    schema = {name: kind for name, kind in FILES.items() if name != "stamp"}
    return pl.DataFrame(found, schema=schema, orient="row")


def _split(partition: str) -> tuple[str, str]:
    universe, _, dates = partition.rpartition(":")
    return universe, dates
