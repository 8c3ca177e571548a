"""How do rows become parquet files in one pass over them, and how are files scanned as one?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from beaf_core import Meaning, UsageError
from beaf_outputs.kept import About
from beaf_outputs.stores.local import disk_refusals

if TYPE_CHECKING:
    from polars.io.partition import SinkedPathsCallbackArgs

#: What no reader of parquet but polars knows, or none at all.
_UNFIT = (pl.Int128, pl.UInt128, pl.Object)


@dataclass(frozen=True, slots=True)
class Sunk:
    """A file that was made.

    Attributes:
        name: without its folder.
        rows: how many it holds.
    """

    name: str
    rows: int


def sunk(
    frame: pl.LazyFrame,
    place: Path | pl.PartitionBy,
    about: About,
    *,
    compression: Any,
    metadata: Mapping[str, str],
    location: str,
) -> list[Sunk]:
    """Compute a frame once, into a file or several.

    Args:
        frame: what to compute.
        place: a file, or how to part the rows into several.
        about: the columns, and what they mean: units and definitions are put beside them, where
            other tools find them.
        compression: of column chunks.
        metadata: to be put into each file.
        location: what to call the place in an error.

    Raises:
        ResourceError: the disk refuses.
    """
    made: list[Sunk] = []

    def note(told: SinkedPathsCallbackArgs) -> None:
        made.extend(Sunk(Path(each.path).name, each.num_rows) for each in told.paths)

    with disk_refusals(location):
        frame.sink_parquet(
            place,
            compression=compression,
            metadata=dict(metadata),
            arrow_schema=_described(frame.collect_schema(), about.meaning),
            engine="streaming",
            sinked_paths_callback=note,
        )
    return made


def check_columns(schema: pl.Schema, pass_name: str) -> None:
    """Refuse what parquet cannot hold.

    Raises:
        UsageError: a column of such a type, or without a name.
    """
    if "" in schema:
        raise UsageError(
            f"the pass {pass_name} yields a column without a name",
            remedy="name it in the module that yields it",
        )
    unfit = [name for name, dtype in schema.items() if dtype in _UNFIT]
    if unfit:
        raise UsageError(
            f"the pass {pass_name} yields {', '.join(unfit)} as {schema[unfit[0]]}, "
            "which parquet cannot hold",
            remedy="cast it to Int64, Decimal or String in the module that yields it",
        )


def _described(schema: pl.Schema, meaning: Meaning) -> pa.Schema | None:
    """Put units and definitions beside the columns, as other tools look for them."""
    if not meaning.columns:
        return None
    known = {each.name: each for each in meaning.columns}
    arrow: pa.Schema = pl.DataFrame(schema=schema).to_arrow().schema
    return pa.schema(_described_field(field, known.get(field.name)) for field in arrow)


def _described_field(field: pa.Field, meaning: Any) -> pa.Field:
    if meaning is None:
        return field
    texts = {"description": meaning.doc, "unit": meaning.unit}
    told = {name.encode(): text.encode() for name, text in texts.items() if text}
    return field.with_metadata({**(field.metadata or {}), **told}) if told else field


def scanned(
    locations: Sequence[str], schema: pl.Schema, scan_options: dict[str, str] | None
) -> pl.LazyFrame:
    """Scan files as one; a column of the schema that a file lacks is null in its rows."""
    if not locations:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(
        list(locations),
        schema=schema,
        missing_columns="insert",
        extra_columns="ignore",
        hive_partitioning=False,
        glob=False,  # a name may hold `*` or `[`
        storage_options=scan_options,
    )
