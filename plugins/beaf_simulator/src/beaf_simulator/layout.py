"""How does a table come from arrays, column by column, so that only what is asked is computed?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from beaf_simulator.randomness import Booleans

Row = TypeVar("Row")

#: One value for the day, or one per row.
Values = str | float | bool | None | pl.Series | npt.NDArray[Any]

#: The type of each column, and the function that makes it. Columns that mean the same share one.
Columns = Mapping[str, tuple[pl.DataType, Callable[[Row], Values]]]


def schema(columns: Columns[Row]) -> pl.Schema:
    """Give the names and types of a table."""
    return pl.Schema({name: kind for name, (kind, _) in columns.items()})


def frame(columns: Columns[Row], of: Row, wanted: Sequence[str], rows: int) -> pl.DataFrame:
    """Make the wanted columns of one listing's rows; each function is called once."""
    needed = {columns[name][1]: columns[name] for name in wanted}
    made = {make: _series(make(of), kind, rows) for make, (kind, _) in needed.items()}
    return pl.DataFrame([made[columns[name][1]].alias(name) for name in wanted])


def _series(values: Values, kind: pl.DataType, rows: int) -> pl.Series:
    if isinstance(values, np.ndarray):
        values = pl.Series(values)
    elif not isinstance(values, pl.Series):
        values = pl.Series([values]).new_from_index(0, rows)
    return values.cast(kind)


def known(values: npt.NDArray[Any], where: Booleans) -> pl.Series:
    """Blank what is not known; nanoseconds of a day are whole in a double."""
    return pl.Series(np.where(where, values, np.nan), nan_to_null=True)


def blank(texts: pl.Series, where: Booleans) -> pl.Series:
    """Write an empty text in some rows."""
    return pl.select(
        pl.when(pl.lit(pl.Series(where))).then(pl.lit("")).otherwise(texts)
    ).to_series()


def pick(texts: Sequence[str], choice: npt.NDArray[Any]) -> pl.Series:
    """Take one of some texts for each row."""
    return pl.Series(texts).gather(choice.astype(np.int64))


def numbered(prefix: str, number: npt.NDArray[np.int64]) -> pl.Series:
    """Write identifiers: a prefix and seven digits or more."""
    digits = pl.Series(number).cast(pl.String).str.zfill(7)
    return pl.select(pl.lit(prefix) + digits).to_series()
