"""What is there to tell of each column of a place?"""

from __future__ import annotations

from typing import Any

import polars as pl

from beaf_core import ColumnMeaning
from beaf_outputs.added import DAGSTER_KEY, DATE, PARTITION_KEY
from beaf_outputs.kept import Described

#: What outputs add to the columns of a pass.
_ADDED = {
    PARTITION_KEY: "The partition that the row is of.",
    DATE: "The day that the bucket begins on.",
    DAGSTER_KEY: "First day and universe of the partition.",
}


def columns_of(found: Described) -> list[dict[str, Any]]:
    """List what was handed in, in its order, then what the output has added."""
    schema = found.about.schema if found.about else pl.Schema()
    told = {each.name: each for each in found.about.meaning.columns} if found.about else {}
    names = dict.fromkeys([*schema, *found.stored])
    return [
        _column(
            told.get(name) or ColumnMeaning(name, doc=_ADDED.get(name, "")),
            schema.get(name),
            found.stored.get(name),
        )
        for name in names
    ]


def _column(
    meaning: ColumnMeaning, dtype: pl.DataType | None, stored: str | None
) -> dict[str, Any]:
    return {
        "name": meaning.name,
        "type": None if dtype is None else _type(dtype),
        "stored": stored,
        "unit": meaning.unit,
        "meaning": meaning.doc,
        "formula": meaning.formula,
        "source": meaning.source,
        "reaggregation": meaning.reaggregation,
        "longer_buckets": meaning.longer_buckets,
        "version": meaning.version,
        "module": meaning.module,
    }


def _type(dtype: pl.DataType) -> str:
    """Name a dtype in a word or two."""
    if isinstance(dtype, pl.Datetime):
        return f"Datetime({dtype.time_unit}{f', {dtype.time_zone}' if dtype.time_zone else ''})"
    if isinstance(dtype, pl.Duration):
        return f"Duration({dtype.time_unit})"
    if isinstance(dtype, pl.Enum):
        return f"Enum({len(dtype.categories)} words)"
    if isinstance(dtype, pl.Decimal):
        return f"Decimal({dtype.precision}, {dtype.scale})"
    return str(dtype)
