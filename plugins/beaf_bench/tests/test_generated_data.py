"""Is the generated market always the same, whole, and as realistic as it says?"""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pyarrow.parquet as pq
import pytest

from beaf_bench.files import TIMES, market
from beaf_bench.sizes import SIZES

SEQUENCE = "BMLLSequenceNo"
TABLES = tuple(TIMES)


def silent(_text: str) -> None:
    """Hear nothing."""


@pytest.mark.parametrize("table", TABLES)
def test_the_same_arguments_give_the_same_bytes(listed, tmp_path, table):
    again = market(SIZES["tiny"], "listing", tmp_path, silent)
    assert again.path(table).read_bytes() == listed.path(table).read_bytes()


def test_another_seed_gives_other_rows(listed, tmp_path):
    other = market(replace(SIZES["tiny"], seed=8), "listing", tmp_path, silent)
    prices = [pl.read_parquet(each.path("trades"))["Price"].to_list() for each in (listed, other)]
    assert prices[0] != prices[1]


@pytest.mark.parametrize("table", TABLES)
def test_both_layouts_hold_the_same_rows(cache, listed, table):
    by_time = market(SIZES["tiny"], "time", cache, silent)
    rows = [
        pl.read_parquet(each.path(table)).sort("ListingId", TIMES[table], SEQUENCE)
        for each in (listed, by_time)
    ]
    assert rows[0].equals(rows[1])


def test_each_table_has_the_rows_of_its_size(tiny):
    for table, rows in tiny.size.rows().items():
        assert pq.read_metadata(tiny.path(table)).num_rows == rows


@pytest.mark.parametrize("table", TABLES)
def test_files_are_sorted_as_their_footers_say(tiny, table):
    footer = pq.read_metadata(tiny.path(table))
    names = [each.column_index for each in footer.row_group(0).sorting_columns]
    columns = [footer.schema.column(place).name for place in names]
    expected = [TIMES[table], SEQUENCE]
    assert columns == (["ListingId", *expected] if tiny.layout == "listing" else expected)
    rows = pl.read_parquet(tiny.path(table)).select(columns)
    assert rows.equals(rows.sort(columns))


def test_row_groups_are_of_one_size_whatever_the_listings(tmp_path, monkeypatch):
    monkeypatch.setattr("beaf_bench.files.ROW_GROUP", 500)
    rows = market(SIZES["tiny"], "listing", tmp_path, silent)
    footer = pq.read_metadata(rows.path("l3"))
    sizes = [footer.row_group(each).num_rows for each in range(footer.num_row_groups)]
    assert sizes == [500] * 8


def test_a_day_sorted_in_slices_is_sorted_as_a_whole(cache, tmp_path, monkeypatch):
    monkeypatch.setattr("beaf_bench.files._SORTED_AT_ONCE", 700)
    whole = market(SIZES["tiny"], "time", cache, silent)
    sliced = market(SIZES["tiny"], "time", tmp_path, silent)
    for table in TABLES:
        assert pl.read_parquet(sliced.path(table)).equals(pl.read_parquet(whole.path(table)))


def test_with_skew_one_listing_has_half_of_the_rows(cache):
    skewed = market(SIZES["tiny"], "skew", cache, silent)
    for table in TABLES:
        counts = pl.read_parquet(skewed.path(table))["ListingId"].value_counts()["count"]
        assert counts.max() == pytest.approx(counts.sum() / 2, rel=0.01)


def test_an_order_begins_at_most_once_and_most_of_them_end(listed):
    rows = pl.read_parquet(listed.path("l3"))
    begun = rows.filter(pl.col("LobAction") == 2)
    assert begun.select(pl.struct("ListingId", "OrderId").is_unique().all()).item()
    ended = rows.filter(pl.col("LobAction") == 3)
    pairs = ended.join(
        begun, left_on=["ListingId", "OldOrderId"], right_on=["ListingId", "OrderId"], how="inner"
    )
    assert 0.7 < pairs.height / begun.height < 1.0
    assert ended.height > pairs.height  # some were there before the data begin
    lives = pairs["TimestampNanoseconds"] - pairs["TimestampNanoseconds_right"]
    assert lives.dt.total_nanoseconds().min() >= 0


def test_sequences_order_the_ties_of_a_listing(listed):
    for table in TABLES:
        rows = pl.read_parquet(listed.path(table)).select("ListingId", TIMES[table], SEQUENCE)
        assert rows.select(pl.struct("ListingId", SEQUENCE).is_unique().all()).item()
        ties = rows.select(pl.struct("ListingId", TIMES[table]).is_duplicated().mean()).item()
        assert ties > 0.1


def test_some_books_have_one_side_and_some_listings_are_outside_the_universe(listed):
    book = pl.read_parquet(listed.path("l2"))
    assert book["AskPrice1"].null_count() == (book["AskQuantity1"] == 0).sum() > 0
    assert len(listed.universe()) == listed.size.listings - 1
