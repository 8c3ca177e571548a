"""What does the source learn from footers alone, and what of files that have none?"""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beaf_core import DataInvalidError, ResourceError, UsageError
from beaf_core.sources.stores import Store

PATH = "trades/XLON/2026-01-02.parquet"
OTHER = "trades/XPAR/2026-01-02.parquet"
TIME, SEQUENCE = "TradeTimestampNanoseconds", "BMLLSequenceNo"
NOON = datetime(2026, 1, 2, 12)


def test_a_part_tells_bytes_rows_version_and_listings(market: Any, day_of_trades: Any) -> None:
    path = market.put(PATH, day_of_trades(listings=(7, 3, 9)), row_group_size=4)
    (part,) = market.read().parts
    assert part.bytes == path.stat().st_size
    assert part.rows == 15
    assert part.version.startswith(f"{path.stat().st_mtime_ns} ")
    assert part.listings == (3, 9)


def test_a_part_tells_rows_and_listings_of_each_row_group(market: Any, day_of_trades: Any) -> None:
    frame = day_of_trades(listings=(7, 3, 9))
    market.put(PATH, frame, row_group_size=4)
    ids = [frame["ListingId"][start : start + 4] for start in range(0, 15, 4)]
    (part,) = market.read().parts
    assert part.row_groups == tuple((len(each), each.min(), each.max()) for each in ids)
    assert sum(rows for rows, _, _ in part.row_groups) == part.rows
    market.put(PATH, frame.clear())
    assert market.read().parts[0].row_groups == ()
    market.put(PATH, frame, statistics=False)
    assert market.read().parts[0].row_groups is None


def test_the_version_changes_with_the_file(market: Any) -> None:
    path = market.put(PATH)
    before = market.read().parts[0].version
    assert market.read().parts[0].version == before
    os.utime(path, ns=(0, 1_700_000_000_000_000_001))
    assert market.read().parts[0].version != before


def test_the_version_changes_with_the_content_though_time_and_size_stay(
    market: Any, day_of_trades: Any
) -> None:
    frame = day_of_trades()
    before = market.put(PATH, frame).stat()
    first = market.read().parts[0].version
    path = market.put(PATH, frame.with_columns(pl.col("Size") + 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert market.read().parts[0].version != first


def test_the_listing_range_follows_a_mapping(market: Any, day_of_trades: Any) -> None:
    market.put(PATH, day_of_trades().rename({"ListingId": "id"}))
    options = {"columns": {"trades": {"ListingId": "id"}}}
    assert market.read(options=options).parts[0].listings == (1, 2)
    assert market.read().parts[0].listings is None


@pytest.mark.parametrize("values", [["a", "b"], [1.0, 2.0], [None, None]])
def test_without_integer_ids_there_is_no_listing_range(market: Any, values: list[Any]) -> None:
    market.put(PATH, pl.DataFrame({"ListingId": values, "Price": [1.0, 2.0]}))
    assert market.read(columns=("Price",)).parts[0].listings is None


def test_without_statistics_there_is_no_listing_range(market: Any) -> None:
    market.put(PATH, statistics=False)
    assert market.read().parts[0].listings is None


# -- order ----------------------------------------------------------------------------------------


def put_sorted(
    market: Any, path: str, frame: pl.DataFrame, by: list[str], *, group: int = 10**6, **how: Any
) -> None:
    """Write with pyarrow, which records what the writer claims about order."""
    target = market.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    places = [
        pq.SortingColumn(frame.columns.index(name), **(how if name == by[-1] else {}))
        for name in by
    ]
    pq.write_table(frame.to_arrow(), target, sorting_columns=places, row_group_size=group)


def test_the_order_is_unknown_unless_the_file_says_so(market: Any) -> None:
    market.put(PATH)
    assert market.read().order == ()


def test_the_order_within_a_listing_is_read_from_the_footer(
    market: Any, day_of_trades: Any
) -> None:
    put_sorted(market, PATH, day_of_trades(), ["ListingId", TIME, SEQUENCE])
    assert market.read().order == (TIME, SEQUENCE)


def test_the_order_is_told_in_our_names(market: Any, day_of_trades: Any) -> None:
    frame = day_of_trades().rename({TIME: "ts", "ListingId": "id"})
    put_sorted(market, PATH, frame, ["id", "ts"])
    options = {"columns": {"trades": {"ListingId": "id", TIME: "ts"}}}
    assert market.read(options=options).order == (TIME,)


def test_a_descending_column_ends_the_order(market: Any, day_of_trades: Any) -> None:
    put_sorted(market, PATH, day_of_trades(), ["ListingId", TIME, SEQUENCE], descending=True)
    assert market.read().order == (TIME,)


def test_the_order_is_what_all_files_share(market: Any, day_of_trades: Any) -> None:
    put_sorted(market, PATH, day_of_trades(), ["ListingId", TIME, SEQUENCE])
    put_sorted(market, OTHER, day_of_trades("XPAR"), ["ListingId", TIME, SEQUENCE])
    assert market.read().order == (TIME, SEQUENCE)
    put_sorted(market, OTHER, day_of_trades("XPAR"), ["ListingId", TIME])
    assert market.read().order == (TIME,)
    put_sorted(market, OTHER, day_of_trades("XPAR"), ["ListingId", SEQUENCE])
    assert market.read().order == ()
    market.put(OTHER)
    assert market.read().order == ()
    market.put(OTHER, day_of_trades("XPAR").clear())  # no rows, no disorder
    assert market.read().order == (TIME, SEQUENCE)


@pytest.mark.parametrize(
    ("group", "by", "order"),
    [
        (5, ["ListingId", TIME, SEQUENCE], (TIME, SEQUENCE)),  # a listing per row group
        (4, ["ListingId", TIME, SEQUENCE], ()),  # a listing spans row groups: unproven
    ],
)
def test_order_across_row_groups_must_be_proven(
    market: Any, day_of_trades: Any, group: int, by: list[str], order: tuple[str, ...]
) -> None:
    put_sorted(market, PATH, day_of_trades(listings=(1, 2, 3)), by, group=group)
    assert market.read().order == order


def test_row_groups_sorted_each_by_itself_prove_no_order(market: Any, day_of_trades: Any) -> None:
    frame = day_of_trades(listings=(1,), per_listing=8)
    halves = pl.concat([frame.tail(4), frame.head(4)])
    put_sorted(market, PATH, halves, [TIME], group=4)
    assert market.read().order == ()
    put_sorted(market, PATH, frame, [TIME, SEQUENCE], group=4)
    assert market.read().order == (TIME, SEQUENCE)


def test_equal_times_across_row_groups_leave_only_the_time(market: Any, day_of_trades: Any) -> None:
    frame = day_of_trades(listings=(1,), per_listing=8).with_columns(
        pl.lit(NOON, dtype=pl.Datetime("ns")).alias(TIME)
    )
    put_sorted(market, PATH, frame, [TIME, SEQUENCE], group=4)
    assert market.read().order == (TIME,)


def test_a_configured_order_is_taken_on_trust(market: Any) -> None:
    market.put(PATH)
    options = {"order": {"trades": [TIME, SEQUENCE]}}
    assert market.read(options=options).order == (TIME, SEQUENCE)


def test_a_configured_order_by_a_column_that_is_not_there_is_an_error(market: Any) -> None:
    market.put(PATH)
    with pytest.raises(UsageError, match=r"SOURCE.order.trades names Tim.*2026-01-02.parquet"):
        market.read(options={"order": {"trades": ["Tim"]}})


# -- unreadable -----------------------------------------------------------------------------------


def whole_file(market: Any) -> bytes:
    return bytes(market.put("whole.parquet").read_bytes())


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="zero bytes"),
        pytest.param(lambda _: b"x", id="one byte"),
        pytest.param(lambda whole: whole[: len(whole) // 2], id="truncated"),
        pytest.param(lambda _: b"ListingId,Price\n1,2\n", id="csv"),
        pytest.param(lambda whole: whole[:-60] + b"\xff" * 52 + whole[-8:], id="bad footer"),
        pytest.param(lambda whole: whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:], id="bad length"),
    ],
)
def test_a_damaged_file_is_named(market: Any, damage: Any) -> None:
    target = market.put(PATH)
    target.write_bytes(damage(whole_file(market)))
    with pytest.raises(DataInvalidError, match=r"XLON/2026-01-02.parquet is not a readable"):
        market.read()


def test_a_folder_where_a_file_should_be_is_an_error(market: Any) -> None:
    (market.root / PATH).mkdir(parents=True)
    with pytest.raises(DataInvalidError, match="it is a folder"):
        market.read(mics=("XLON",))


def test_a_file_where_a_folder_should_be_is_an_absence(market: Any) -> None:
    (market.root / "trades").write_text("")
    assert market.read().frame is None
    assert market.read(mics=("XLON",)).frame is None


class Refusing:
    """A file system that lets nobody in, as every other one does to root."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def refuse(*_: Any) -> Any:
            raise self.error

        return refuse


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied"), "no permission to read /data/a.parquet"),
        (OSError(5, "Input/output error"), "/data/a.parquet cannot be read: Input/output error"),
    ],
)
def test_a_refusal_asks_for_access(error: OSError, message: str) -> None:
    store = Store("/data", "/data", Refusing(error))
    with pytest.raises(ResourceError, match=message):
        store.first_files([["a.parquet"]])


def test_a_refusal_never_repeats_a_secret() -> None:
    error = OSError("AWS Error INVALID_ACCESS_KEY_ID: AKIDEXAMPLE is unknown, signed with s3cr3t")
    store = Store("s3://b", "b", Refusing(error), secrets=("AKIDEXAMPLE", "s3cr3t"))
    for ask in (store.check_root, lambda: store.names_in("a"), lambda: store.first_files([["a"]])):
        with pytest.raises(ResourceError, match=r"\*\*\* is unknown, signed with \*\*\*"):
            ask()
    assert "s3cr3t" not in str(store.scan_error("s3://b/a", error))
    assert "s3cr3t" not in repr(store)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_asks_for_it(market: Any) -> None:
    market.put(PATH).chmod(0)
    with pytest.raises(ResourceError, match="no permission"):
        market.read()


def test_nothing_is_read_but_footers(market: Any, day_of_trades: Any) -> None:
    path = market.put(PATH, day_of_trades(per_listing=20_000))
    whole = path.read_bytes()
    footer = pq.read_metadata(path).serialized_size + 8
    path.write_bytes(b"PAR1" + b"\0" * (len(whole) - footer - 4) + whole[-footer:])
    read = market.read(columns=("Price",), listings=(1,))
    assert read.parts[0].rows == 40_000
    with pytest.raises((pl.exceptions.PolarsError, OSError)):
        read.frame.collect()


def test_a_hundred_files_are_found_in_a_moment(market: Any, day_of_trades: Any) -> None:
    # A generous bound: it guards against reading data, not against a slow machine.
    for venue in range(100):
        market.put(f"trades/X{venue:03}/2026-01-02.parquet", day_of_trades())
    began = time.process_time()
    assert len(market.read(columns=("Price",)).parts) == 100
    assert time.process_time() - began < 5


def test_a_nested_column_elsewhere_in_the_file_is_no_trouble(market: Any) -> None:
    target = market.root / Path(PATH)
    target.parent.mkdir(parents=True)
    table = pa.table({"Legs": [[1, 2], []], "ListingId": [1, 2], "Price": [1.0, 2.0]})
    pq.write_table(table, target)
    assert market.read().parts[0].listings == (1, 2)
    assert market.rows(columns=("Price",), listings=(2,))["Price"].to_list() == [2.0]
