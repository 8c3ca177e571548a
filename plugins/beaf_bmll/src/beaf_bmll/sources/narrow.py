"""How do the frames of several venues become one, with no more in it than was asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from beaf_bmll.sources.names import LISTING, in_file
from beaf_bmll.sources.normal import CANONICAL, normalised, typed
from beaf_core import TABLES, DataInvalidError, did_you_mean, is_one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beaf_core import TableRequest


def narrowed(frames: Sequence[tuple[str, pl.LazyFrame]], request: TableRequest) -> pl.LazyFrame:
    """Filter, normalise and select; what stands in the files is filtered before it is turned.

    Args:
        frames: what is read, for messages, and its rows.
        request: what is asked for.

    Raises:
        DataInvalidError: a column that is asked for is not there.
    """
    whole = [_normal(label, frame, request) for label, frame in frames]
    return whole[0] if len(whole) == 1 else pl.concat(_alike(whole), how="vertical")


def _normal(label: str, frame: pl.LazyFrame, request: TableRequest) -> pl.LazyFrame:
    schema = frame.collect_schema()
    if request.listings is not None:
        own = in_file(LISTING, schema)
        if own in schema:
            listing = typed(pl.col(own), schema[own], TABLES[request.table].columns[LISTING])
            frame = frame.filter(is_one_of(listing, request.listings))
    known = normalised(frame, request.table)
    if request.columns is None:
        return known
    return known.select(_present(label, known.collect_schema(), request))


def _present(label: str, schema: pl.Schema, request: TableRequest) -> list[str]:
    wanted = list(dict.fromkeys(request.columns or ()))
    require(wanted, list(schema), request.table, label)
    return wanted


def require(wanted: Sequence[str], present: Sequence[str], table: str, where: str) -> None:
    """Raise DataInvalidError, naming each column that is asked for and not there."""
    lacking = [name for name in wanted if name not in present]
    if lacking:
        told = "".join(f"\n  column {each}{did_you_mean(each, present)}" for each in lacking)
        raise DataInvalidError(
            f"{where} lacks columns of the table {table}:{told}",
            remedy="leave out the measures that need them, or name another table of the vendor's: "
            f"SOURCE.tables.{table}",
        )


def _alike(frames: Sequence[pl.LazyFrame]) -> list[pl.LazyFrame]:
    """Give all frames the columns of any, in one order; what a venue lacks is null."""
    schemas = [each.collect_schema() for each in frames]
    dtypes: dict[str, pl.DataType] = {}
    for schema in schemas:
        for name, dtype in schema.items():
            dtypes[name] = _wider(dtypes.get(name, pl.Null()), dtype)
    return [
        frame.select(
            pl.col(name).cast(dtype) if name in schema else pl.lit(None, dtype).alias(name)
            for name, dtype in dtypes.items()
        )
        for frame, schema in zip(frames, schemas, strict=True)
    ]


def _wider(one: pl.DataType, other: pl.DataType) -> pl.DataType:
    if pl.Null() in (one, other) or one == other:
        return other if one == pl.Null() else one
    numbers = one.is_numeric() and other.is_numeric()
    return pl.Float64() if numbers else pl.String()


def empty(table: str) -> pl.LazyFrame:
    """Return no rows, with the columns that BEAF knows of a table."""
    columns = TABLES[table].columns
    return pl.LazyFrame(schema={name: CANONICAL[kind] for name, kind in columns.items()})
