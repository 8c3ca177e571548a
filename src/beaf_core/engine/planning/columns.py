"""Does a table, as it is read, have the columns that measures need, in types of their families?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.planning.affected import affected
from beaf_core.model.errors import DataInvalidError
from beaf_core.model.primitives import PASS_PREFIX
from beaf_core.model.tables import TABLES, ColumnType, TableRead
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass


def check_columns(
    resolved: ResolvedPass, table: str, read: TableRead, needed: Sequence[str]
) -> None:
    """Check that a table, as it is read, has every column that a pass needs, in a fitting type.

    Raises:
        DataInvalidError: what is missing or mistyped, and which measures want it.
    """
    assert read.frame is not None
    schema = read.frame.collect_schema()
    known: Mapping[str, ColumnType] = TABLES[table].columns if table in TABLES else {}
    where = ", ".join(part.location for part in read.parts[:3])
    faults = []
    for name in needed:
        wanted = affected(resolved, table, [name])
        why = f", wanted {wanted}" if wanted else ""
        if name not in schema:
            faults.append(f"has no column {name}{did_you_mean(name, schema.names())}{why}")
        elif name in known and not _fits(schema[name], known[name]):
            faults.append(f"has {name} as {schema[name]}, not as {known[name]}{why}")
    if faults:
        remedy = f"map it under SOURCE.columns.{table}, or mend the data"
        if table.startswith(PASS_PREFIX):
            remedy = "the source knows no such attribute of its listings; read another column"
        raise DataInvalidError(f"{table} in {where}: " + "; ".join(faults), remedy=remedy)


def _fits(dtype: pl.DataType, kind: ColumnType) -> bool:
    if dtype == pl.Null:
        return True
    match kind:
        case ColumnType.INTEGER:
            return dtype.is_integer()
        case ColumnType.NUMBER:
            return dtype.is_numeric()
        case ColumnType.TEXT:
            return dtype in (pl.String, pl.Categorical, pl.Enum)
        case ColumnType.FLAG:
            return dtype == pl.Boolean
        case ColumnType.TIMESTAMP:
            return dtype.is_integer() or dtype in (pl.Datetime, pl.Date)
