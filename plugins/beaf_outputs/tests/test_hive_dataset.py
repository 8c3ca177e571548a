"""Does a dataset of hive's folders replace exactly one partition, and can anybody read it?"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from beaf_core import DatePartition, PartitionRun, Target, UniversePartition, UsageError
from beaf_core.testing import check_output
from beaf_outputs.parquet import (
    Config,
    describe,
    find_receipt,
    list_receipts,
    read_output,
    remove_output,
    write_output,
)
from beaf_outputs.stores import open_store


class Place(Protocol):
    root: str
    options: dict[str, str]


def run(day: str, universe: str = "mic=XLON", end: str = "") -> PartitionRun:
    name, _, value = universe.partition("=")
    return PartitionRun(UniversePartition(name, value or None), DatePartition(day, end))


MONDAY, TUESDAY = run("2025-01-06"), run("2025-01-07")
COLUMNS = ("MIC", "Date")


def bars(scale: float = 1.0, day: int = 6, mics: tuple[str | None, ...] = ("XLON", "XPAR")) -> Any:
    rows = [(n, mic, n * scale) for mic in mics for n in range(3)]
    schema = {"ListingId": pl.Int64, "MIC": pl.String, "Close": pl.Float64}
    frame = pl.DataFrame(rows, schema, orient="row")
    time = datetime(2025, 1, day, 9, 1)
    return frame.with_columns(pl.lit(time, pl.Datetime("ns")).alias("TimeBucket"))


def target_in(
    place: Place, columns: tuple[str, ...] = COLUMNS, stamp: Any = None, **options: Any
) -> Target:
    return Target(
        "parquet", "tiny", "bars", f"{place.root}/{{datasetname}}/{{pass}}", Config(**options),
        columns, place.options, stamp=stamp or {"fingerprint": "f1"}, shared=True,
    )  # fmt: skip


@pytest.fixture
def target(place: Place) -> Target:
    return target_in(place)


def read(target: Target, *partitions: PartitionRun) -> pl.DataFrame:
    found = read_output(target, partitions)
    assert found is not None
    return found.collect()


def in_sight(target: Target) -> list[str]:
    """List what a reader sees who takes all files."""
    store = open_store(target.location(MONDAY), target.storage_options)
    return [each for each in store.names("") if not each.startswith("_beaf/")]


def hidden(target: Target, folder: str = "_beaf/staged") -> list[str]:
    return open_store(target.location(MONDAY), target.storage_options).names(folder)


def everything(target: Target) -> pl.DataFrame:
    """Read all files that are in sight, as somebody does who has never heard of BEAF."""
    store = open_store(target.location(MONDAY), target.storage_options)
    contents = [store.read(each) for each in in_sight(target)]
    return pl.concat(pl.read_parquet(io.BytesIO(each)) for each in contents if each)


def same(one: pl.DataFrame, other: pl.DataFrame) -> None:
    assert_frame_equal(one, other, check_row_order=False)


def test_the_output_keeps_the_contract_as_a_dataset(place: Place) -> None:
    check_output(
        "parquet", place.root, partition_columns=("MIC", "Date"), storage_options=place.options
    )


def test_rows_are_in_folders_that_name_their_values_and_come_back_as_they_were(
    target: Target,
) -> None:
    receipt = write_output(bars().lazy(), target, MONDAY)
    assert receipt.rows == 6
    assert receipt.location == target.location(MONDAY)
    folders = [each.rpartition("/")[0] for each in in_sight(target)]
    assert folders == ["MIC=XLON/Date=2025-01-06", "MIC=XPAR/Date=2025-01-06"]
    assert_frame_equal(read(target, MONDAY), bars())
    assert find_receipt(target, MONDAY) == receipt
    assert find_receipt(target, TUESDAY) is None
    assert read_output(target, [TUESDAY]) is None
    assert hidden(target) == []


def test_a_rewrite_replaces_its_cells_and_removes_those_that_are_gone(target: Target) -> None:
    write_output(bars().lazy(), target, MONDAY)
    write_output(bars(day=7).lazy(), target, TUESDAY)
    before = in_sight(target)
    changed = bars(2.0, mics=("XPAR", "BATE"))
    write_output(changed.lazy(), target, MONDAY)
    same(read(target, MONDAY), changed)
    same(read(target, TUESDAY), bars(day=7))
    same(read(target, MONDAY, TUESDAY), pl.concat([changed, bars(day=7)]))
    assert len(in_sight(target)) == len(before)
    assert not any("XLON/Date=2025-01-06" in each for each in in_sight(target))
    assert everything(target).height == 12


def test_universes_that_overlap_share_a_cell_and_keep_their_rows(target: Target) -> None:
    index = run("2025-01-06", "index=STOXX600")
    write_output(bars().lazy(), target, MONDAY)
    write_output(bars(5.0).lazy(), target, index)
    write_output(bars(3.0).lazy(), target, MONDAY)
    same(read(target, MONDAY), bars(3.0))
    same(read(target, index), bars(5.0))
    assert remove_output(target, find_receipt(target, MONDAY))
    same(read(target, index), bars(5.0))
    assert read_output(target, [MONDAY]) is None


def test_other_tools_read_the_dataset(tmp_path: Path) -> None:
    target = target_in(PlainPlace(str(tmp_path)))
    frame = bars(mics=("XLON", "a/b=c %", None))
    write_output(frame.lazy(), target, MONDAY)
    pattern = f"{target.location(MONDAY)}/**/*.parquet"
    by_polars = pl.read_parquet(pattern, hive_partitioning=True)
    assert set(by_polars["MIC"]) == {"XLON", "a/b=c %", None}
    assert set(by_polars["Date"]) == {date(2025, 1, 6)}
    query = "SELECT DISTINCT MIC, Date FROM read_parquet($1, hive_partitioning = true)"
    by_duckdb = duckdb.execute(query, [pattern]).fetchall()
    assert set(by_duckdb) == {(mic, date(2025, 1, 6)) for mic in ("XLON", "a/b=c %", None)}


class PlainPlace:
    def __init__(self, root: str) -> None:
        self.root, self.options = root, dict[str, str]()


HOSTILE = [
    "'; DROP TABLE bars; --", '"quoted"', "../../escape", "..", ".", "a/b\\c", "50%", "%2F", "a=b",
    " spaced ", "ünï çødé 日本", "*?[x]{y}#", "tab\tnew\nline", "-", "x" * 200, "~", "a&b;c|d",
]  # fmt: skip


def test_hostile_values_stay_inside_and_come_back(target: Target, place: Place) -> None:
    frame = bars(mics=(*HOSTILE, "", None, "__HIVE_DEFAULT_PARTITION__"))
    write_output(frame.lazy(), target, MONDAY)
    same(read(target, MONDAY), frame)
    same(everything(target).drop("Date"), frame)
    outside = [
        each
        for each in open_store(place.root, place.options).names("")
        if not each.startswith("tiny/bars/")
    ]
    assert outside == []
    assert len(in_sight(target)) == len(HOSTILE) + 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_dataset_universe_and_column_are_kept_or_refused(
    tmp_path: Path, name: str
) -> None:
    root = tmp_path / "root"
    target = replace(target_in(PlainPlace(str(root)), columns=(name,)), dataset=name)
    partition = PartitionRun(UniversePartition("mic", name), DatePartition("2025-01-06"))
    frame = bars().rename({"MIC": name})
    try:
        write_output(frame.lazy(), target, partition)
    except UsageError:
        assert name in {"..", ".", "tab\tnew\nline"}, "refused, and nothing is left"
    else:
        same(read(target, partition), frame)
        assert list_receipts(target, partition) == [find_receipt(target, partition)]
    assert [each for each in tmp_path.iterdir() if each != root] == []


def test_a_value_that_is_too_long_for_a_name_is_refused_and_nothing_is_written(
    target: Target,
) -> None:
    with pytest.raises(UsageError, match=r"MIC has the value 'üü.*too long"):
        write_output(bars(mics=("ü" * 200,)).lazy(), target, MONDAY)
    assert read_output(target, [MONDAY]) is None
    assert in_sight(target) == []
    assert hidden(target) == []


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (("Venue",), "has no column Venue"),
        (("Close",), "Close is Float64, which names no folder"),
        (("MIC", "MIC"), "names a column twice"),
    ],
)
def test_partition_columns_that_cannot_be_are_refused(
    tmp_path: Path, columns: tuple[str, ...], told: str
) -> None:
    target = target_in(PlainPlace(str(tmp_path)), columns)
    with pytest.raises(UsageError, match=told):
        write_output(bars().lazy(), target, MONDAY)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_the_key_of_dagster_is_a_folder_where_it_is_asked_for(target: Target, place: Place) -> None:
    keyed = target_in(place, ("$dagsterpartitionkey",))
    write_output(bars().lazy(), keyed, MONDAY)
    assert [each.rpartition("/")[0] for each in in_sight(keyed)] == [
        "$dagsterpartitionkey=2025-01-06|XLON"
    ]
    assert read(keyed, MONDAY).columns == bars().columns


def test_an_empty_partition_is_written_and_read_as_empty(target: Target) -> None:
    write_output(bars().lazy(), target, MONDAY)
    receipt = write_output(bars().clear().lazy(), target, MONDAY)
    assert receipt.rows == 0
    assert find_receipt(target, MONDAY) == receipt
    assert_frame_equal(read(target, MONDAY), bars().clear())
    assert in_sight(target) == []
    write_output(bars(day=7).lazy(), target, TUESDAY)
    same(read(target, MONDAY, TUESDAY), bars(day=7))


def test_other_columns_are_refused_by_name_unless_they_may_be_added(
    target: Target, place: Place
) -> None:
    write_output(bars().lazy(), target, MONDAY)
    wider = bars(day=7).with_columns(pl.lit(1).alias("Count"))
    with pytest.raises(UsageError, match="new: Count") as caught:
        write_output(wider.lazy(), target, TUESDAY)
    assert "add_columns" in str(caught.value.remedy)
    with pytest.raises(UsageError, match="lacking: Close"):
        write_output(bars().drop("Close").lazy(), target, TUESDAY)
    with pytest.raises(UsageError, match="Close is Float64 there and Int64 here"):
        write_output(bars().cast({"Close": pl.Int64}).lazy(), target, TUESDAY)
    assert read_output(target, [TUESDAY]) is None
    adding = target_in(place, schema_mode="add_columns")
    write_output(wider.lazy(), adding, TUESDAY)
    same(read(target, MONDAY), bars())
    same(read(target, TUESDAY), wider)
    same(read(target, MONDAY, TUESDAY), pl.concat([bars(), wider], how="diagonal"))
    narrower = bars(2.0).drop("Close")
    write_output(narrower.lazy(), adding, MONDAY)
    same(read(target, MONDAY), narrower)
    with pytest.raises(UsageError, match="Close is Float64 there"):
        write_output(bars().cast({"Close": pl.Int64}).lazy(), adding, TUESDAY)
    with pytest.raises(UsageError, match="partitioned by MIC, Date, not by MIC") as caught:
        write_output(bars().lazy(), target_in(place, ("MIC",)), TUESDAY)
    assert "add_columns" not in str(caught.value.remedy), "it would not help"


def test_overwrite_begins_the_dataset_anew_where_columns_differ_and_only_there(
    target: Target, place: Place
) -> None:
    write_output(bars().lazy(), target, MONDAY)
    write_output(bars(day=7).lazy(), target, TUESDAY)
    anew = target_in(place, schema_mode="overwrite")
    write_output(bars(2.0).lazy(), anew, MONDAY)
    same(read(target, TUESDAY), bars(day=7))
    wider = bars().with_columns(pl.lit(1).alias("Count"))
    write_output(wider.lazy(), anew, MONDAY)
    same(read(target, MONDAY), wider)
    assert read_output(target, [TUESDAY]) is None
    assert find_receipt(target, TUESDAY) is None
    same(everything(target).drop("Date"), wider)
    write_output(wider.lazy(), anew, TUESDAY)
    assert read(target, MONDAY, TUESDAY).height == 2 * wider.height


def test_the_columns_of_a_run_that_wrote_nothing_bind_nobody(target: Target) -> None:
    def fail(_frame: pl.DataFrame) -> pl.DataFrame:
        raise RuntimeError("on purpose")

    wrong = bars().rename({"Close": "Clsoe"})
    with pytest.raises(RuntimeError, match="on purpose"):
        write_output(wrong.lazy().map_batches(fail, schema=wrong.schema), target, MONDAY)
    write_output(bars().lazy(), target, MONDAY)
    same(read(target, MONDAY), bars())
    assert hidden(target) == []


def test_receipts_are_listed_by_universe_and_days(target: Target) -> None:
    week = run("2025-01-06", end="2025-01-10")
    for partition in (MONDAY, run("2025-02-03"), run("2025-01-06", "mic=XPAR"), week):
        write_output(bars().lazy(), target, partition)
    found = list_receipts(target, run("2025-01-06", end="2025-01-07"))
    assert {each.partition for each in found} == {MONDAY.key, week.key}
    assert [each.partition for each in list_receipts(target, run("2025-01-08"))] == [week.key]
    assert list_receipts(target, run("2025-03-01")) == []


def test_a_removed_partition_leaves_no_file_and_can_be_removed_again(target: Target) -> None:
    receipt = write_output(bars().lazy(), target, MONDAY)
    write_output(bars(day=7).lazy(), target, TUESDAY)
    assert remove_output(target, receipt)
    assert remove_output(target, receipt)
    assert read_output(target, [MONDAY]) is None
    assert find_receipt(target, MONDAY) is None
    assert everything(target).height == 6
    assert remove_output(target, find_receipt(target, TUESDAY))
    assert in_sight(target) == []


def test_files_of_others_are_not_taken_for_a_dataset(tmp_path: Path) -> None:
    target = target_in(PlainPlace(str(tmp_path)))
    assert find_receipt(target, MONDAY) is None
    folder = Path(target.location(MONDAY))
    folder.mkdir(parents=True)
    bars().write_parquet(folder / "mine.parquet")
    with pytest.raises(UsageError, match=r"mine\.parquet is there already"):
        find_receipt(target, MONDAY)
    assert read_output(target, [MONDAY]) is None


def test_a_filter_and_a_choice_of_columns_reach_the_one_scan(target: Target) -> None:
    write_output(bars().lazy(), target, MONDAY)
    write_output(bars(day=7).lazy(), target, TUESDAY)
    found = read_output(target, [MONDAY, TUESDAY])
    assert found is not None
    asked = found.filter(pl.col("Close") > 1.5).select("ListingId")
    plan = asked.explain()
    assert plan.count("Parquet SCAN") == 1
    assert "PROJECT 2/4 COLUMNS" in plan
    assert 'SELECTION: col("Close") > 1.5' in plan
    assert asked.collect()["ListingId"].to_list() == [2, 2, 2, 2]


def test_a_dataset_says_what_it_holds(target: Target) -> None:
    location = target.location(MONDAY)
    assert describe(location, target.storage_options) is None
    receipts = [
        write_output(bars().lazy(), target, MONDAY),
        write_output(bars(day=7).lazy(), target, TUESDAY),
    ]
    found = describe(location, target.storage_options)
    assert found is not None
    assert found.kind == "hive"
    assert sorted(found.receipts, key=lambda each: each.partition) == receipts
    assert found.about is not None
    assert found.about.schema == bars().schema
    assert found.stored == {
        "ListingId": "int64", "MIC": "large_string", "Close": "double",
        "TimeBucket": "timestamp[ns]", "Date": "date32[day]",
    }  # fmt: skip
