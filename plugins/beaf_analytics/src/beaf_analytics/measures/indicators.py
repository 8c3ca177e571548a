"""What do the indicators of TA-Lib say along consecutive rows?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator, model_validator

from beaf_analytics.measures.source import BUCKET, finite
from beaf_core import UsageError, did_you_mean


class Indicator(NamedTuple):
    """What is known of an indicator of TA-Lib.

    Attributes:
        least: the fewest rows that it takes.
        unit: its unit; None for that of its column.
        meaning: what it is, in words.
    """

    least: int
    unit: str | None
    meaning: str


#: Indicators of one column and a number of rows.
INDICATORS: dict[str, Indicator] = {
    "CMO": Indicator(2, "percent", "Chande's momentum oscillator"),
    "DEMA": Indicator(1, None, "Double exponential moving average"),
    "EMA": Indicator(1, None, "Exponential moving average"),
    "KAMA": Indicator(1, None, "Kaufman's adaptive moving average"),
    "LINEARREG": Indicator(2, None, "End of the regression line"),
    "LINEARREG_ANGLE": Indicator(2, "degrees", "Angle of the regression line"),
    "LINEARREG_INTERCEPT": Indicator(2, None, "Start of the regression line"),
    "LINEARREG_SLOPE": Indicator(2, None, "Slope of the regression line"),
    "MAX": Indicator(2, None, "Largest value"),
    "MIDPOINT": Indicator(2, None, "Middle between the largest and the smallest value"),
    "MIN": Indicator(2, None, "Smallest value"),
    "MOM": Indicator(1, None, "Change"),
    "ROC": Indicator(1, "percent", "Change in percent"),
    "ROCP": Indicator(1, "ratio", "Change as a share"),
    "ROCR": Indicator(1, "ratio", "Ratio of the newest to the oldest value"),
    "ROCR100": Indicator(1, "percent", "Ratio of the newest to the oldest value in percent"),
    "RSI": Indicator(2, "percent", "Wilder's relative strength index"),
    "SMA": Indicator(1, None, "Mean"),
    "STDDEV": Indicator(2, None, "Standard deviation"),
    "SUM": Indicator(2, None, "Sum"),
    "TEMA": Indicator(1, None, "Triple exponential moving average"),
    "TRIMA": Indicator(1, None, "Triangular moving average"),
    "TRIX": Indicator(1, "percent", "Change in percent of the thrice smoothed average"),
    "TSF": Indicator(2, None, "Forecast one bucket ahead by the regression line"),
    "VAR": Indicator(1, "variance", "Variance"),
    "WMA": Indicator(1, None, "Mean with linearly rising weights"),
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
        least = self.known.least
        if self.timeperiod < least:
            raise ValueError(f"timeperiod of {self.name} should be at least {least}")
        return self

    @property
    def known(self) -> Indicator:
        """What is known of it."""
        return INDICATORS[self.name.upper()]

    @property
    def column(self) -> str:
        """The name of its column."""
        return self.output_col or f"{self.name}_{self.timeperiod}"

    def unit(self, of_input: str) -> str:
        """Say its unit, given that of its input."""
        return self.known.unit or of_input


def has_talib() -> bool:
    """Say whether the package that knows indicators is installed."""
    return find_spec("polars_talib") is not None


def require_talib() -> None:
    """Refuse indicators where the package that knows them is not installed.

    Raises:
        UsageError: it is not.
    """
    if not has_talib():
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
