"""What does a name in an expression stand for?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from beaf_analytics.custom.units import NONE, unit_of_column
from beaf_analytics.custom.values import Holds, Level, Value
from beaf_core import TABLES, ColumnType

#: The direction of an aggressor or of an order, and the columns that tell it: 1 is buy, 2 is sell.
DIRECTION = "D"
SIDES: Mapping[str, str] = {"trades": "AggressorSide", "l3": "Side"}

_HOLDS: Mapping[ColumnType, Holds] = {
    ColumnType.INTEGER: Holds.NUMBER,
    ColumnType.NUMBER: Holds.NUMBER,
    ColumnType.TEXT: Holds.TEXT,
    ColumnType.FLAG: Holds.CONDITION,
    ColumnType.TIMESTAMP: Holds.UNKNOWN,
}


def known_columns(table: str) -> Sequence[str] | None:
    """List the columns that a table is known to have; None where its columns are not known."""
    if table not in TABLES:
        return None
    extra = [DIRECTION] if table in SIDES else []
    return [*TABLES[table].columns, *extra]


def column(table: str, name: str) -> Value:
    """Return a column of a table's rows."""
    if name == DIRECTION and table in SIDES:
        return Value(direction(SIDES[table]), Level.ROW, Holds.NUMBER, NONE)
    kinds = TABLES[table].columns if table in TABLES else {}
    holds = _HOLDS[kinds[name]] if name in kinds else Holds.UNKNOWN
    return Value(pl.col(name), Level.ROW, holds, unit_of_column(table, name))


def direction(side: str) -> pl.Expr:
    """+1 for a buy, -1 for a sell, 0 where nobody says."""
    code = pl.col(side)
    return (code == 1).fill_null(False).cast(pl.Int64) - (code == 2).fill_null(False).cast(pl.Int64)
