"""Is a source pass taken where it fits, and refused with what to do where it does not?"""

from __future__ import annotations

import polars as pl
import pytest

from beaf_analytics.measures.source import (
    SecondPassOptions,
    check_resample_rule,
    finite,
    number_names,
    require_numbers,
    require_one_row_per_bucket,
    units_of,
    with_groups,
)
from beaf_core import Context, Measure, SourcePass, UsageError

SECOND = 1_000_000_000
KEYS = ("ListingId", "TimeBucket")
MEASURES = (
    Measure("Close", "trades", None, "ccy", "", ""),
    Measure("State", "trades", None, "state", "", ""),
    Measure("Name", "trades", None, "text", "", ""),
    Measure("Volume", "trades", None, "shares", "", ""),
)


def bars(seconds: float = 60, reader: float = 60, keys: tuple[str, ...] = KEYS) -> SourcePass:
    return SourcePass("bars", keys, MEASURES, int(seconds * SECOND), int(reader * SECOND))


def test_a_second_pass_is_on_and_reads_what_its_pass_reads() -> None:
    options = SecondPassOptions.model_validate({})
    assert (options.ENABLED, options.metric_prefix, options.source_pass) == (True, "", None)


@pytest.mark.parametrize(
    ("rule", "seconds"),
    [
        ("1s", 1), ("s", 1), ("30s", 30), ("1m", 60), ("m", 60), ("5min", 300), ("2T", 120),
        ("1h", 3600), ("2 h", 7200), (" 1D ", 86_400), ("10m", 600),
    ],
)  # fmt: skip
def test_a_rule_that_says_what_the_buckets_are_is_taken(rule: str, seconds: int) -> None:
    check_resample_rule(rule, bars(reader=seconds))
    for other in (seconds - 0.5, seconds + 1):
        with pytest.raises(UsageError, match=f"is {seconds} s, and the pass has") as caught:
            check_resample_rule(rule, bars(reader=other))
        assert f"time_bucket_seconds: {seconds} in" in str(caught.value.remedy)


def test_no_rule_says_nothing() -> None:
    check_resample_rule(None, bars(reader=7))


@pytest.mark.parametrize("rule", ["", "5", "5 weeks", "m5", "1.5h"])
def test_what_is_no_duration_is_refused(rule: str) -> None:
    with pytest.raises(UsageError, match="is no duration"):
        check_resample_rule(rule, bars())


def test_rows_are_of_the_same_buckets_and_of_listings() -> None:
    require_one_row_per_bucket("alpha", bars(60, 60))
    require_one_row_per_bucket("alpha", bars(keys=("TimeBucket", "ListingId")))
    for reader in (30, 120):
        with pytest.raises(UsageError, match=f"buckets of 60 s, not of {reader}") as caught:
            require_one_row_per_bucket("alpha", bars(60, reader))
        assert "write time_bucket_seconds: 60 in" in str(caught.value.remedy)
    with pytest.raises(UsageError, match="told apart by IndexId, TimeBucket"):
        require_one_row_per_bucket("alpha", bars(keys=("IndexId", "TimeBucket")))
    with pytest.raises(UsageError, match="told apart by ListingId, TimeBucket, Side"):
        require_one_row_per_bucket("alpha", bars(keys=(*KEYS, "Side")))


def test_states_and_texts_are_no_numbers() -> None:
    assert number_names(bars()) == ["Close", "Volume"]
    rows = pl.LazyFrame({"A": [1], "B": [1.5], "C": [True], "D": [None], "E": ["x"]})
    require_numbers("alpha", rows, "ABCD")
    with pytest.raises(UsageError, match="works on numbers, and E is String"):
        require_numbers("alpha", rows, "ABE")


def test_columns_have_the_units_of_their_measures_and_other_keys_are_keys() -> None:
    units = {"Close": "ccy", "State": "state", "Name": "text", "Volume": "shares"}
    assert units_of(bars()) == units
    assert units_of(bars(keys=(*KEYS, "IndexId"))) == {**units, "IndexId": "key"}


ROWS = pl.LazyFrame({"ListingId": [1, 2, 3], "Type": ["A", None, "B"], "X": [1.0, 2.0, 3.0]})
LISTINGS = pl.DataFrame({"ListingId": [1, 2, 3], "Country": ["GB", "FR", None], "Type": ["no"] * 3})


def grouped(*groups: str) -> pl.DataFrame:
    context = Context({"source": ROWS}, LISTINGS, 60 * SECOND)
    return with_groups(context, groups).collect().sort("ListingId")


def test_groups_are_those_of_the_rows_or_of_the_universe_and_rows_of_none_are_left_out() -> None:
    assert grouped().equals(ROWS.collect())
    assert grouped("Country").select("ListingId", "Country").rows() == [(1, "GB"), (2, "FR")]
    assert grouped("Type").select("ListingId", "Type").rows() == [(1, "A"), (3, "B")]
    assert grouped("Type", "Country").select("ListingId", "Type", "Country").rows() == [
        (1, "A", "GB")
    ]


def test_a_group_that_neither_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="names Contry, which neither") as caught:
        grouped("Contry")
    assert "the universe has ListingId, Country, Type" in str(caught.value.remedy)


def test_what_is_no_finite_number_is_absent() -> None:
    frame = pl.DataFrame({"x": [1.5, float("nan"), float("inf"), -float("inf"), None, 0.0]})
    assert frame.select(finite(pl.col("x"))).to_series().to_list() == [
        1.5, None, None, None, None, 0.0
    ]  # fmt: skip
