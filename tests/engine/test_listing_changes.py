"""Are listings that came, went or changed told exactly, whatever their columns hold?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core.engine.planning.listing_changes import listing_changes

BEFORE = pl.DataFrame(
    {
        "ListingId": [3, 1, 2],
        "MIC": ["XPAR", "XLON", "XLON"],
        "Ticker": ["GAMA", "ALFA", None],
        "Date": [datetime(2026, 1, 5)] * 3,
    }
)


def test_each_listing_is_told_once_as_what_became_of_it() -> None:
    after = pl.DataFrame(
        {
            "ListingId": [1, 2, 5, 4],
            "MIC": ["XLON", "XPAR", "XPAR", "XLON"],
            "Ticker": ["ALFA", "BETA", "E", "D"],
            "Date": [datetime(2026, 1, 6)] * 4,
        }
    )
    found = listing_changes(BEFORE, after)
    assert found.came["ListingId"].to_list() == [4, 5]
    assert found.went["ListingId"].to_list() == [3]
    (changed,) = found.changed
    assert changed.changes == {"MIC": ("XLON", "XPAR"), "Ticker": (None, "BETA")}
    assert changed.listing == after.row(1, named=True)
    assert found.same == 1


def test_the_date_of_a_row_is_no_change() -> None:
    later = BEFORE.with_columns(pl.lit(datetime(2026, 1, 6)).alias("Date"))
    found = listing_changes(BEFORE, later)
    assert (found.changed, found.same, found.not_compared) == ((), 3, ())


def test_numbers_of_another_width_are_no_change_but_another_value_is() -> None:
    after = BEFORE.with_columns(pl.col("ListingId"), Lot=pl.Series([1, 2, 3], dtype=pl.Int64))
    before = BEFORE.with_columns(Lot=pl.Series([1, 2, 4], dtype=pl.Int32))
    (changed,) = listing_changes(before, after).changed
    assert changed.changes == {"Lot": (4, 3)}


def test_a_column_that_only_one_day_has_is_named_and_not_compared() -> None:
    after = BEFORE.drop("Ticker").with_columns(ISIN=pl.lit("X"))
    found = listing_changes(BEFORE, after)
    assert (found.changed, found.not_compared) == ((), ("ISIN", "Ticker"))


def test_from_nothing_everything_came_and_to_nothing_everything_went() -> None:
    nothing = BEFORE.clear()
    came = listing_changes(nothing, BEFORE)
    went = listing_changes(BEFORE, nothing)
    assert (came.came.height, came.went.height, came.same) == (3, 0, 0)
    assert (went.came.height, went.went.height, went.same) == (0, 3, 0)


_LISTINGS = st.dictionaries(
    st.integers(1, 6),
    st.fixed_dictionaries(
        {
            "MIC": st.sampled_from(["XLON", "XPAR"]),
            "Ticker": st.sampled_from([None, "A", "B"]),
            "Lot": st.sampled_from([None, 1.0, float("nan")]),
        }
    ),
    max_size=6,
)
_SCHEMA = {"ListingId": pl.Int64, "MIC": pl.String, "Ticker": pl.String, "Lot": pl.Float64}


def _frame(listings: dict[int, dict[str, Any]]) -> pl.DataFrame:
    rows = [{"ListingId": listing, **row} for listing, row in listings.items()]
    return pl.DataFrame(rows, schema=_SCHEMA)


@settings(max_examples=30, deadline=None)
@given(before=_LISTINGS, after=_LISTINGS)
def test_the_changes_make_the_later_day_of_the_earlier_one(
    before: dict[int, dict[str, Any]], after: dict[int, dict[str, Any]]
) -> None:
    found = listing_changes(_frame(before), _frame(after))
    made = {listing: dict(row) for listing, row in before.items()}
    for row in found.went.to_dicts():
        del made[row["ListingId"]]
    for each in found.changed:
        row = made[each.listing["ListingId"]]
        for name, (was, now) in each.changes.items():
            assert repr(row[name]) == repr(was)  # NaN is NaN
            assert repr(was) != repr(now)
            row[name] = now
    for row in found.came.to_dicts():
        assert row["ListingId"] not in made
        made[row.pop("ListingId")] = row
    assert _frame(made).sort("ListingId").equals(_frame(after).sort("ListingId"))
    assert found.same + len(found.changed) + found.came.height == len(after)
