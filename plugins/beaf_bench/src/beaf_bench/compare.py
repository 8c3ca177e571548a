"""Are the rows of two contestants the same?

As many rows, the same keys, the same nulls; integers exactly, floats to 1e-9 relative (sums run in
another order), or to 1e-12 of the column's largest value (differences of nearly equal numbers).
"""

from __future__ import annotations

import polars as pl

RELATIVE = 1e-9
OF_THE_LARGEST = 1e-12
KEYS = ("ListingId", "TimeBucket")


def differences(expected: pl.DataFrame, found: pl.DataFrame) -> list[str]:
    """Say where two frames differ; nothing where they are the same.

    Args:
        expected: sorted by listing and bucket; its integers have to be met exactly.
        found: the same columns, sorted likewise.
    """
    if expected.columns != found.columns:
        return [f"columns are {found.columns}, not {expected.columns}"]
    if expected.height != found.height:
        return [f"{found.height} rows, not {expected.height}"]
    told = (_difference(expected, found, name) for name in expected.columns)
    return [each for each in told if each]


def _difference(expected: pl.DataFrame, found: pl.DataFrame, name: str) -> str | None:
    first, second = expected[name], found[name]
    if not second.dtype.is_numeric():
        return f"{name} is {second.dtype}"
    nulls = first.is_null() != second.is_null()
    # Sums of integers are decimals in DuckDB.
    exact = first.dtype.is_integer()
    wrong = _other(first, second) if exact else _far(first, second)
    rows = (nulls | wrong.fill_null(False)).arg_true()
    if rows.is_empty():
        return None
    row = rows[0]
    where = {key: expected[key][row] for key in KEYS}
    return f"{name} differs in {len(rows)} rows: {second[row]}, not {first[row]}, at {where}"


def _other(first: pl.Series, second: pl.Series) -> pl.Series:
    if second.dtype.is_integer():
        return first != second
    return first.cast(pl.Float64) != second.cast(pl.Float64)


def _far(first: pl.Series, second: pl.Series) -> pl.Series:
    first, second = first.cast(pl.Float64), second.cast(pl.Float64)
    if first.is_nan().any() or second.is_nan().any():
        return first.is_nan() | second.is_nan()  # absence is null, so NaN is wrong
    largest = first.abs().max()
    least = OF_THE_LARGEST * (largest if isinstance(largest, float) else 0.0)
    allowed = (RELATIVE * first.abs()).clip(lower_bound=least)
    return (first - second).abs() > allowed
