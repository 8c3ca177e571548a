"""Do assets get what BEAF has written: their partitions, whole and no more?

The rows are those of `beaf_core.testing.market`, known by hand.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from tests.dagster_io import (
    DAYS,
    GRID,
    LONDON,
    MONDAY,
    PARIS,
    TUESDAY,
    UNIVERSES,
    WEEKLY_GRID,
    computed,
    ranged,
)
from tests.dagster_project import write_project

from beaf_core import DataMissingError, UsageError
from beaf_dagster import build_assets

LONDON_MONDAY = [(101, 10.4), (101, 10.6), (102, 20.0), (102, 21.0)]
LONDON_TUESDAY = [(101, 11.0), (102, 22.0)]

# Mappings of two dimensions, and policies of backfills, are what people use.
pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


def by_week() -> dg.PartitionMapping:
    """Map a week of a universe to its days."""
    return dg.MultiPartitionMapping(
        {
            "universe": dg.DimensionPartitionMapping("universe", dg.IdentityPartitionMapping()),
            "date": dg.DimensionPartitionMapping("date", dg.TimeWindowPartitionMapping()),
        }
    )


OWN = """
def get_universe(date, reference):
    return reference(date, MIC="XLON")


USER_CONFIG = {"DATASETNAME": "own", "PASSES": [{"name": "bars", "modules": ["trade"]}]}
"""


class Desk:
    """Hands what BEAF has computed to an asset downstream, in a run of its own.

    Bars stand there of London's Monday and Tuesday, and of Paris's Monday.
    """

    def __init__(self, pipes: Path, instance: dg.DagsterInstance) -> None:
        self.pipes, self.instance = pipes, instance
        self.bars = computed(pipes / "bars.yaml")
        self.two = computed(pipes / "two.py")
        self.split = computed(pipes / "two.py", split=True)
        for key in (LONDON, f"{TUESDAY}|mic=XLON", PARIS):
            dg.materialize([self.bars], partition_key=key, instance=instance)
        dg.materialize([self.two], partition_key=LONDON, instance=instance)

    def given(
        self,
        annotation: Any = pl.DataFrame,
        key: str | None = LONDON,
        *,
        upstream: dg.AssetsDefinition | None = None,
        of: str = "bars",
        partitions_def: dg.PartitionsDefinition[str] | None = GRID,
        mapping: dg.PartitionMapping | None = None,
        metadata: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> Any:
        """Return what an asset downstream is given."""
        got: list[Any] = []

        def downstream(bars: Any) -> None:
            got.append(bars)

        downstream.__annotations__["bars"] = annotation
        asset = dg.asset(
            ins={
                "bars": dg.AssetIn(["pipes", *of.split("/")], metadata, partition_mapping=mapping)
            },
            partitions_def=partitions_def,
            backfill_policy=dg.BackfillPolicy.single_run(),
        )(downstream)
        dg.materialize(
            [upstream or self.bars, asset],
            selection=[asset],
            partition_key=key,
            tags=tags,
            instance=self.instance,
        )
        return got[0]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Desk(write_project(tmp_path_factory.mktemp("reading")), instance)


def closes(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return frame.select("ListingId", "Close").rows()


def test_an_asset_downstream_reads_its_partition_as_beaf_wrote_it(desk: Desk) -> None:
    assert closes(desk.given()) == LONDON_MONDAY
    place = "data/tiny_bars/bars/mic=XPAR/2025-01-06_2025-01-06.parquet"
    assert desk.given(key=PARIS).equals(pl.read_parquet(desk.pipes.parent / place))


@pytest.mark.parametrize("annotation", [pl.LazyFrame, Any])
def test_a_lazy_frame_is_given_unless_a_dataframe_is_asked_for(desk: Desk, annotation: Any) -> None:
    given = desk.given(annotation)
    assert isinstance(given, pl.LazyFrame)
    assert closes(given.collect()) == LONDON_MONDAY


@pytest.mark.parametrize("annotation", [str, list[pl.DataFrame], dict[str, int]])
def test_an_annotation_that_frames_cannot_follow_is_refused(desk: Desk, annotation: Any) -> None:
    with pytest.raises(UsageError, match=r"pipes/bars cannot be loaded as .*\n.*pl\.LazyFrame"):
        desk.given(annotation)


def test_a_step_over_several_partitions_reads_them_as_one_frame_in_order(desk: Desk) -> None:
    given = desk.given(key=None, tags=ranged(LONDON, f"{TUESDAY}|mic=XLON"))
    assert closes(given) == LONDON_MONDAY + LONDON_TUESDAY


def test_a_dict_is_given_frame_by_frame_where_it_is_asked_for(desk: Desk) -> None:
    tags = ranged(LONDON, f"{TUESDAY}|mic=XLON")
    given = desk.given(dict[str, pl.DataFrame], None, tags=tags)
    assert {key: closes(each) for key, each in given.items()} == {
        LONDON: LONDON_MONDAY,
        f"{TUESDAY}|mic=XLON": LONDON_TUESDAY,
    }


def test_a_week_downstream_reads_the_days_of_its_own_universe(desk: Desk) -> None:
    given = desk.given(
        key=f"{MONDAY}|mic=XLON",
        partitions_def=WEEKLY_GRID,
        mapping=by_week(),
        metadata={"beaf/missing": "empty"},
    )
    assert closes(given) == LONDON_MONDAY + LONDON_TUESDAY


def test_a_universe_downstream_reads_all_dates_that_are_there(desk: Desk) -> None:
    given = desk.given(
        key="mic=XLON",
        partitions_def=UNIVERSES,
        mapping=dg.MultiToSingleDimensionPartitionMapping("universe"),
        metadata={"beaf/missing": "empty"},
    )
    assert closes(given) == LONDON_MONDAY + LONDON_TUESDAY


def test_a_date_downstream_reads_every_universe(desk: Desk) -> None:
    given = desk.given(
        key=MONDAY,
        partitions_def=DAYS,
        mapping=dg.MultiToSingleDimensionPartitionMapping("date"),
        metadata={"beaf/missing": "empty"},
    )
    assert sorted(closes(given)) == [*LONDON_MONDAY, (201, 12.5)]


# -- what is not there -----------------------------------------------------------------------------


def test_days_that_lack_are_named_and_weekends_are_none_of_them(desk: Desk) -> None:
    with pytest.raises(DataMissingError) as error:
        desk.given(key=f"{MONDAY}|mic=XLON", partitions_def=WEEKLY_GRID, mapping=by_week())
    named = [f"2025-01-{day:02}|mic=XLON" for day in (8, 9, 10)]
    assert error.value.message == (
        f"pipes/bars has no output for 3 of 7 partitions: {', '.join(named)}"
    )
    assert 'dg.AssetIn(metadata={"beaf/missing": "empty"})' in str(error.value.remedy)


def test_one_partition_that_lacks_is_told_with_its_remedy(desk: Desk) -> None:
    with pytest.raises(DataMissingError, match=r"pipes/bars has no output for 2025-01-08\|mic=XL"):
        desk.given(key="2025-01-08|mic=XLON")


def test_a_closed_day_is_a_frame_without_rows(desk: Desk) -> None:
    given = desk.given(key="2025-01-11|mic=XLON")  # a Saturday
    assert given.is_empty()
    assert given.schema == desk.given().schema


def test_a_day_is_closed_for_one_venue_though_another_one_trades(desk: Desk) -> None:
    paris = desk.pipes.parent / "market" / "trades" / "XPAR"
    shutil.copy(paris / f"{MONDAY}.parquet", paris / "2025-01-11.parquet")
    assert desk.given(key="2025-01-11|mic=XLON").is_empty()
    with pytest.raises(DataMissingError, match=r"no output for 2025-01-11\|mic=XPAR"):
        desk.given(key="2025-01-11|mic=XPAR")


def test_an_empty_frame_has_columns_or_there_is_none(desk: Desk) -> None:
    with pytest.raises(DataMissingError, match="so the columns of an empty frame are not known"):
        desk.given(upstream=desk.two, of="two", key=PARIS, metadata={"beaf/missing": "empty"})


def test_a_word_that_says_nothing_of_missing_partitions_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match='beaf/missing is "skip"'):
        desk.given(metadata={"beaf/missing": "skip"})


# -- passes ----------------------------------------------------------------------------------------


def test_the_last_pass_is_read_unless_another_one_is_asked_for(desk: Desk) -> None:
    hours = desk.given(upstream=desk.two, of="two")
    assert closes(hours) == [(101, 10.6), (102, 21.0)]
    asked = desk.given(upstream=desk.two, of="two", metadata={"beaf/pass": "bars"})
    assert closes(asked) == LONDON_MONDAY


def test_the_asset_of_a_pass_is_that_pass(desk: Desk) -> None:
    assert closes(desk.given(upstream=desk.split, of="two/bars")) == LONDON_MONDAY
    assert closes(desk.given(upstream=desk.split, of="two/hours")) == [(101, 10.6), (102, 21.0)]


def test_a_pipelines_own_universe_is_read_as_all_that_it_lists(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    path = write_project(tmp_path) / "own.py"
    path.write_text(OWN)
    (own,) = build_assets(path)
    dg.materialize([own], partition_key=f"{MONDAY}|default", instance=instance)
    value = dg.Definitions(assets=[own]).load_asset_value(
        own.key, python_type=pl.DataFrame, partition_key=f"{MONDAY}|default", instance=instance
    )
    assert isinstance(value, pl.DataFrame)
    assert closes(value) == LONDON_MONDAY


def test_a_pass_that_is_not_there_is_told_with_the_nearest(desk: Desk) -> None:
    with pytest.raises(UsageError, match=r'two\.py has no pass "hour" — did you mean "hours"'):
        desk.given(upstream=desk.two, of="two", metadata={"beaf/pass": "hour"})


def test_definitions_load_a_value_without_a_run(desk: Desk) -> None:
    defs = dg.Definitions(assets=[desk.bars])
    value = defs.load_asset_value(
        ["pipes", "bars"], python_type=pl.DataFrame, partition_key=LONDON, instance=desk.instance
    )
    assert isinstance(value, pl.DataFrame)
    assert closes(value) == LONDON_MONDAY
