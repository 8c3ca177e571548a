"""Are indicators refused below their fewest rows, and run along the rows of their group?"""

from __future__ import annotations

import importlib.util

import polars as pl
import polars_talib
import pytest
from polars.exceptions import ComputeError
from pydantic import ValidationError

from beaf_analytics.measures.indicators import (
    INDICATORS,
    IndicatorOptions,
    add_indicators,
    require_talib,
)
from beaf_core import UsageError

CLOSES = pl.DataFrame({"Close": [1.0, 3.0, 2.0] * 4})


def run(name: str, timeperiod: int) -> pl.Series:
    indicator = getattr(polars_talib, name.lower())(pl.col("Close"), timeperiod=timeperiod)
    return CLOSES.select(indicator).to_series()


@pytest.mark.parametrize("name", INDICATORS)
def test_the_fewest_rows_are_those_that_the_package_can_do_with(name: str) -> None:
    least = INDICATORS[name].least
    assert not run(name, least).is_nan().all()
    if least > 1:
        with pytest.raises(ComputeError):
            run(name, least - 1)
        with pytest.raises(ValidationError, match=f"timeperiod of {name} should be at least"):
            IndicatorOptions(name=name, input_col="Close", timeperiod=least - 1)
    else:
        assert least == 1
    assert IndicatorOptions(name=name, input_col="Close", timeperiod=least).timeperiod == least


def test_an_indicator_runs_over_fourteen_rows_unless_told() -> None:
    asked = IndicatorOptions(name="rsi", input_col="Close")
    assert (asked.timeperiod, asked.column) == (14, "rsi_14")
    assert IndicatorOptions(name="rsi", input_col="Close", output_col="Strength").column == (
        "Strength"
    )


@pytest.mark.parametrize(
    ("name", "unit"),
    [("RSI", "percent"), ("LINEARREG_ANGLE", "degrees"), ("ROCP", "ratio"), ("VAR", "variance"),
     ("sma", "ccy"), ("MAX", "ccy")],
)  # fmt: skip
def test_an_indicator_has_a_unit_of_its_own_or_that_of_its_column(name: str, unit: str) -> None:
    assert IndicatorOptions(name=name, input_col="Close").unit("ccy") == unit


def test_a_name_that_is_nearly_one_is_told() -> None:
    with pytest.raises(ValidationError, match=r"is no indicator of one column.*EMA"):
        IndicatorOptions(name="EMMA", input_col="Close")


def test_rows_are_taken_in_the_order_of_time_within_their_group_and_gaps_passed_over() -> None:
    rows = pl.DataFrame(
        {
            "ListingId": [1, 1, 2, 1, 1],
            "TimeBucket": [4, 1, 2, 2, 3],
            "Close": [20.0, 10.0, 5.0, 12.0, None],
        }
    )
    asked = IndicatorOptions(name="mom", input_col="Close", timeperiod=1)
    found = add_indicators(rows.lazy(), [asked], ["ListingId"]).collect()
    found = found.sort("ListingId", "TimeBucket")
    assert found["__mom_1"].to_list() == [None, 2.0, None, 8.0, None]


def test_the_extra_is_named_where_the_package_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    require_talib()
    monkeypatch.setattr(
        "beaf_analytics.measures.indicators.find_spec", lambda _name: None, raising=True
    )
    assert importlib.util.find_spec("polars_talib") is not None
    with pytest.raises(UsageError, match="which is not installed") as caught:
        require_talib()
    assert caught.value.remedy == 'pip install "beaf-analytics[talib]"'
