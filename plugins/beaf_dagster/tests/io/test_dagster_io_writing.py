"""Does what an asset returns go into its partition, once, and come back as it was?"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import polars as pl
import pytest
from tests.dagster_io import DAYS, GRID, LONDON, PARIS, UNIVERSES, bars
from tests.file_databases import url_of

from beaf_core import UsageError
from beaf_dagster import OutputTargetIOManager

SECOND = "2025-01-07|mic=XLON"
BOTH = (LONDON, SECOND)


class Desk:
    """Hands over what an asset returns, as Dagster does after its step, and reads it back."""

    #: Shared, for each context would else make one of its own.
    instance = dg.DagsterInstance.ephemeral()

    def __init__(self, **target: Any) -> None:
        base = {"DATASETNAME": "mine", "OUTPUT_TARGET": target}
        self.manager = OutputTargetIOManager(base_config=base)
        self.run_ids = map("run-{}".format, itertools.count(1))

    def write(
        self,
        returned: Any,
        *keys: str,
        of: dg.PartitionsDefinition[str] | None = GRID,
        name: str = "mids",
    ) -> dict[str, Any]:
        """Write the partitions from the first key to the last; what is told, name → value."""
        context = dg.build_output_context(
            asset_key=name,
            instance=self.instance,
            asset_spec=dg.AssetSpec(name, code_version="1"),
            run_id=next(self.run_ids),
            **_partitions(of, keys),
        )
        self.manager.handle_output(context, returned)
        return {name: each.value for name, each in context.get_logged_metadata().items()}

    def read(
        self, *keys: str, of: dg.PartitionsDefinition[str] | None = GRID, name: str = "mids"
    ) -> pl.DataFrame:
        """Read partitions from the first key to the last."""
        context = dg.build_input_context(
            asset_key=name,
            instance=self.instance,
            dagster_type=dg.PythonObjectDagsterType(pl.DataFrame),
            **_partitions(of, keys),
        )
        value = self.manager.load_input(context)
        assert isinstance(value, pl.DataFrame)
        return value


def _partitions(of: dg.PartitionsDefinition[str] | None, keys: tuple[str, ...]) -> dict[str, Any]:
    if of is None:
        return {}
    first, last = (keys[0], keys[-1]) if keys else (LONDON, LONDON)
    return {
        "asset_partitions_def": of,
        "asset_partition_key_range": dg.PartitionKeyRange(first, last),
    }


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Desk]:
    """Desks of a folder; each keeps in its own OUTPUT_TARGET."""
    monkeypatch.chdir(tmp_path)
    return Desk


@pytest.fixture
def plain(desk: type[Desk]) -> Desk:
    """A desk that keeps parquet files."""
    return desk()


def targets(folder: Path) -> dict[str, dict[str, Any]]:
    """Every kind of output."""
    return {
        "parquet": {},
        "hive": {"partition_columns": ["ListingId", "Date"]},
        "delta": {"type": "delta"},
        "sqlite": {
            "type": "sql",
            "sql_connection": url_of("sqlite", folder / "bars.db"),
            "sql_timestamps": "int64",
        },
        "duckdb": {"type": "sql", "sql_connection": url_of("duckdb", folder / "bars.duckdb")},
    }


@pytest.mark.parametrize(
    "kind", ["parquet", "hive", "delta", "sqlite", pytest.param("duckdb", marks=pytest.mark.soak)]
)
def test_every_kind_of_output_replaces_a_partition_alone(
    kind: str, desk: type[Desk], tmp_path: Path
) -> None:
    at = desk(**targets(tmp_path)[kind])
    at.write(bars(1.0, 2.0))
    at.write({LONDON: bars(3.0, 4.0), SECOND: bars(5.0)}, *BOTH)
    at.write(bars(6.0).clear(), PARIS)
    assert at.read().sort("TimeBucket").equals(bars(3.0, 4.0))  # once: replaced, not appended
    assert at.read(SECOND).equals(bars(5.0))
    assert at.read(PARIS).schema == bars(6.0).schema
    assert at.read(PARIS).is_empty()


@pytest.mark.parametrize(
    "frame", [bars(1.0), bars(1.0).lazy(), bars(1.0).to_pandas()], ids=["eager", "lazy", "pandas"]
)
def test_frames_of_polars_and_pandas_are_kept_alike(plain: Desk, frame: Any) -> None:
    plain.write(frame)
    assert plain.read().equals(bars(1.0))


def test_the_names_of_a_pandas_index_become_columns(plain: Desk) -> None:
    frame = pd.DataFrame({"Close": [1.0, 2.0]}, index=pd.Index([101, 102], name="ListingId"))
    plain.write(frame)
    assert plain.read().rows() == [(101, 1.0), (102, 2.0)]
    plain.write(pd.DataFrame({"Close": [1.0, 2.0]}, index=[7, 9]))
    assert plain.read().rows() == [(1.0,), (2.0,)]


def test_an_asset_that_returns_nothing_writes_nothing(plain: Desk, tmp_path: Path) -> None:
    assert plain.write(None) == {}
    assert plain.write("s3://me:secret@bucket/it.parquet") == {"path": "s3://bucket/it.parquet"}
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("definition", "key", "place"),
    [
        (None, None, "all/1678-01-01_2261-12-31"),
        (DAYS, "2025-01-06", "all/2025-01-06_2025-01-06"),
        (UNIVERSES, "mic=XLON", "mic=XLON/1678-01-01_2261-12-31"),
        (
            dg.StaticPartitionsDefinition(["2025-01-03_2025-01-09"]),
            "2025-01-03_2025-01-09",
            "all/2025-01-03_2025-01-09",
        ),
        (
            dg.WeeklyPartitionsDefinition("2025-01-06", day_offset=1),
            "2025-01-06",
            "all/2025-01-06_2025-01-12",
        ),
    ],
    ids=["none", "days", "universes", "ranges", "weeks"],
)
def test_what_an_asset_is_not_partitioned_by_it_has_all_of(
    plain: Desk, definition: Any, key: str | None, place: str
) -> None:
    told = plain.write(bars(1.0), *filter(None, [key]), of=definition)
    assert told["path"].endswith(f"/data/mine/mids/{place}.parquet")
    assert told["dagster/partition_row_count" if definition else "dagster/row_count"] == 1
    assert plain.read(*filter(None, [key]), of=definition).equals(bars(1.0))


def test_a_place_of_ones_own_needs_no_dates(desk: type[Desk], tmp_path: Path) -> None:
    at = desk(path_template="{datasetname}/{pass}.parquet")
    at.write(bars(1.0), of=None)
    assert pl.read_parquet(tmp_path / "mine/mids.parquet").equals(bars(1.0))


# -- receipts --------------------------------------------------------------------------------------


def test_equal_rows_have_equal_fingerprints(plain: Desk) -> None:
    first, again, other = (plain.write(bars(*closes)) for closes in [(1.0,), (1.0,), (2.0,)])
    assert first["beaf/fingerprint"] == again["beaf/fingerprint"] != other["beaf/fingerprint"]
    lazy, later = (plain.write(bars(1.0).lazy()) for _ in range(2))
    assert lazy["beaf/fingerprint"] != later["beaf/fingerprint"]


def test_the_receipt_says_who_wrote_the_rows(plain: Desk) -> None:
    path = plain.write(bars(1.0))["path"]
    metadata = pl.read_parquet_metadata(path)
    told = " ".join(metadata.values())
    for each in ("run-1", '"source": "dagster"', '"asset": "mids"', '"partition": "mic=XLON:2025-'):
        assert each in told


def test_columns_are_told_and_rows_of_a_range_are_counted_once(plain: Desk) -> None:
    told = plain.write({LONDON: bars(1.0, 2.0), SECOND: bars(3.0)}, *BOTH)
    columns = {each.name: each.type for each in told["dagster/column_schema"].columns}
    assert columns == {
        "ListingId": "Int64",
        "TimeBucket": "Datetime(time_unit='ns', time_zone=None)",
        "Close": "Float64",
    }
    assert told["beaf/rows_of_all_partitions"] == 3
    assert "dagster/partition_row_count" not in told  # it would be told of each of them


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (3, r"mids returned an int, and outputs keep frames\n.*polars LazyFrame.*-> None"),
        ([bars(1.0)], "mids returned a list, and outputs keep frames"),
        (
            bars(1.0),
            r"one frame for 2 partitions.*\n.*dict.*context.partition_keys.*multi_run\(1\)",
        ),
        ({LONDON: bars(1.0)}, r"mids returned no frame for 2025-01-07\|mic=XLON"),
        (
            {LONDON: bars(1.0), "2025-01-07|mic=XLN": bars(1.0)},
            r"a frame for '2025-01-07\|mic=XLN', .* did you mean \"2025-01-07\|mic=XLON\"",
        ),
        ({LONDON: bars(1.0), SECOND: "x"}, r"mids, 2025-01-07\|mic=XLON returned a str"),
    ],
)
def test_what_is_ambiguous_is_refused_before_anything_is_written(
    plain: Desk, tmp_path: Path, returned: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plain.write(returned, *BOTH)
    assert not (tmp_path / "data").exists()


def test_a_dict_of_an_asset_without_partitions_is_refused(plain: Desk) -> None:
    with pytest.raises(UsageError, match="mids returned a dict, and it has no partitions"):
        plain.write({"a": bars(1.0)}, of=None)


def test_partitions_shorter_than_a_day_are_refused(plain: Desk) -> None:
    hours = dg.HourlyPartitionsDefinition("2025-01-06-00:00")
    with pytest.raises(UsageError, match="are no whole days"):
        plain.write(bars(1.0), "2025-01-06-03:00", of=hours)


def test_dimensions_of_other_names_are_told_with_the_option(plain: Desk) -> None:
    grid = dg.MultiPartitionsDefinition({"venue": UNIVERSES, "date": DAYS})
    with pytest.raises(
        UsageError, match=r"no dimension 'universe', but date and venue.*\n.*universe_dim and "
    ):
        plain.write(bars(1.0), LONDON, of=grid)


def test_other_cuts_of_the_dates_are_not_counted_twice(plain: Desk) -> None:
    plain.write(bars(1.0), "2025-01-06", of=DAYS)
    weeks = dg.WeeklyPartitionsDefinition("2025-01-06", day_offset=1)
    with pytest.raises(
        UsageError, match="all:2025-01-06_2025-01-12 shares days with all:2025-01-06"
    ):
        plain.write(bars(2.0), "2025-01-06", of=weeks)
    assert plain.read("2025-01-06", of=DAYS).equals(bars(1.0))


def test_a_place_that_two_assets_share_is_refused(desk: type[Desk]) -> None:
    at = desk(path_template="{datasetname}/all.parquet")
    at.write(bars(1.0))
    with pytest.raises(
        UsageError, match=r"holds .* of mine, pass mids, not .* of spreads\n.*\{pass\}"
    ):
        at.write(bars(2.0), name="spreads")
    assert at.read().equals(bars(1.0))


def test_a_file_of_somebody_else_is_left_alone(plain: Desk, tmp_path: Path) -> None:
    path = tmp_path / "data/mine/mids/mic=XLON/2025-01-06_2025-01-06.parquet"
    path.parent.mkdir(parents=True)
    bars(9.0).write_parquet(path)
    with pytest.raises(UsageError, match="is there already, and BEAF has not written it"):
        plain.write(bars(1.0))
    assert pl.read_parquet(path).equals(bars(9.0))


def test_a_partition_column_that_is_not_there_is_told(desk: type[Desk]) -> None:
    at = desk(partition_columns=["MIC"])
    with pytest.raises(UsageError, match="the pass mids has no column MIC"):
        at.write(bars(1.0))
    dated = desk(partition_columns=["Date"])
    with pytest.raises(UsageError, match="has neither Date nor TimeBucket"):
        dated.write(bars(1.0).drop("TimeBucket"), of=None)


def test_frames_without_keys_are_kept_as_any_other(plain: Desk) -> None:
    frame = pl.DataFrame({"Venue": ["XLON"], "Share": [0.5]})
    plain.write(frame)
    assert plain.read().equals(frame)
