"""What do the indicators of TA-Lib say along consecutive rows?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator, model_validator

from beaf_analytics.measures.source import BUCKET, finite
from beaf_core import UsageError, did_you_mean

#: Indicators of one column and a number of rows → the fewest rows that they take, and their unit;
#: None for that of the column.
INDICATORS: dict[str, tuple[int, str | None]] = {
    "CMO": (2, "percent"),
    "DEMA": (1, None),
    "EMA": (1, None),
    "KAMA": (1, None),
    "LINEARREG": (2, None),
    "LINEARREG_ANGLE": (2, "degrees"),
    "LINEARREG_INTERCEPT": (2, None),
    "LINEARREG_SLOPE": (2, None),
    "MAX": (2, None),
    "MIDPOINT": (2, None),
    "MIN": (2, None),
    "MOM": (1, None),
    "ROC": (1, "percent"),
    "ROCP": (1, "ratio"),
    "ROCR": (1, "ratio"),
    "ROCR100": (1, "percent"),
    "RSI": (2, "percent"),
    "SMA": (1, None),
    "STDDEV": (2, None),
    "SUM": (2, None),
    "TEMA": (1, None),
    "TRIMA": (1, None),
    "TRIX": (1, "percent"),
    "TSF": (2, None),
    "VAR": (1, "variance"),
    "WMA": (1, None),
}


class IndicatorOptions(BaseModel):
    """One indicator along consecutive rows."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description=f"One of {', '.join(INDICATORS)}; of one column each.")
    input_col: str = Field(
        description="What it runs over: an aggregated column, or one of the source pass, of which "
        "the last value of each bucket counts."
    )
    timeperiod: PositiveInt = Field(14, description="Over how many rows that have a value.")
    output_col: str | None = Field(
        None, description="The column's name; {name}_{timeperiod} if not given."
    )

    @field_validator("name")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value.upper() not in INDICATORS:
            hint = did_you_mean(value.upper(), INDICATORS)
            raise ValueError(
                f"{value!r} is no indicator of one column{hint}; there are {', '.join(INDICATORS)}"
            )
        return value

    @model_validator(mode="after")
    def _is_long_enough(self) -> IndicatorOptions:
        least = INDICATORS[self.name.upper()][0]
        if self.timeperiod < least:
            raise ValueError(f"timeperiod of {self.name} should be at least {least}")
        return self

    @property
    def column(self) -> str:
        """The name of its column."""
        return self.output_col or f"{self.name}_{self.timeperiod}"

    def unit(self, of_input: str) -> str:
        """Say its unit, given that of its input."""
        unit = INDICATORS[self.name.upper()][1]
        return of_input if unit is None else unit


def require_talib() -> None:
    """Refuse indicators where the package that knows them is not installed.

    Raises:
        UsageError: it is not.
    """
    if find_spec("polars_talib") is None:
        raise UsageError(
            "talib_indicators need the package polars-talib, which is not installed",
            remedy='pip install "beaf-analytics[talib]"',
        )


def add_indicators(
    rows: pl.LazyFrame, asked: Sequence[IndicatorOptions], groups: Sequence[str]
) -> pl.LazyFrame:
    """Add a column per indicator, run along the rows of each group in the order of TimeBucket.

    Rows without a value are passed over. Until an indicator has seen enough rows it is null.

    Args:
        rows: one of each group and bucket.
        asked: the indicators; their columns are called `__{name}`, apart from all others.
        groups: the columns along whose rows they run.
    """
    for each in asked:
        column = pl.col(each.input_col)
        run = _function(each.name)(column.cast(pl.Float64), timeperiod=each.timeperiod)
        name = f"__{each.column}"
        along = finite(run.over(groups, order_by=BUCKET)).alias(name)
        there = rows.filter(column.is_not_null()).with_columns(along)
        rows = rows.join(there.select(*groups, BUCKET, name), on=[*groups, BUCKET], how="left")
    return rows


def _function(name: str) -> Callable[..., pl.Expr]:
    talib = import_module("polars_talib")  # 40 ms, and an extra
    found: Callable[..., pl.Expr] = getattr(talib, name.lower())
    return found
