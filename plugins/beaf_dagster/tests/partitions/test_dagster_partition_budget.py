"""What do many partitions cost, who is told, and do 10 × 800,000 of them load at once?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from beaf_core import UsageError
from beaf_dagster.partitions.budget import PartitionBudget, partition_budget
from beaf_dagster.partitions.definition import add_universes, build_partitions
from beaf_dagster.partitions.keys import partition_run, partition_runs

VENUES = [f"mic=X{number:03}" for number in range(200)]
#: 4,000 days, so 800,000 partitions.
SPAN = ("2015-01-01", "2025-12-13")


def cpu_seconds(call: Callable[[], Any]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


# -- counting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frequency", "windows"), [("D", 366), ("W", 52), ("2W", 25), ("M", 12), ("Q", 4), ("A", 1)]
)
def test_partitions_are_counted_by_dimension(frequency: str, windows: int) -> None:
    made = build_partitions(VENUES[:9], frequency, "2024-01-01", "2024-12-31")
    assert partition_budget(made) == PartitionBudget(9, windows)
    assert partition_budget(made).count == len(made.get_partition_keys())


def test_trading_days_are_counted() -> None:
    made = build_partitions(VENUES[:2], "D", "2024-12-01", "2024-12-31", calendar="XLON")
    assert partition_budget(made) == PartitionBudget(2, 20)


def test_dimensions_of_other_names_are_counted() -> None:
    names = {"universe_dim": "venue", "date_dim": "a_day"}
    made = build_partitions(VENUES, "M", "2024-01-01", "2024-12-31", **names)
    assert partition_budget(made, "a_day") == PartitionBudget(200, 12)


def test_dynamic_universes_are_counted_where_they_stand(instance: dg.DagsterInstance) -> None:
    made = build_partitions(None, "M", "2024-01-01", "2024-12-31", dynamic="beaf_universe")
    assert partition_budget(made).universes is None
    add_universes(instance, made, VENUES[:3])
    assert partition_budget(made, instance=instance) == PartitionBudget(3, 12)


@pytest.mark.parametrize(
    ("universes", "windows", "told"),
    [
        (1, 1, "1 partition (1 universe × 1 window)"),
        (2, 4000, "8,000 partitions (2 universes × 4,000 windows)"),
        (None, 12, "12 partitions (each universe × 12 windows)"),
    ],
)
def test_a_size_is_told_in_words(universes: int | None, windows: int, told: str) -> None:
    assert PartitionBudget(universes, windows).size == told


def test_nothing_is_enumerated_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the product was enumerated")

    monkeypatch.setattr(dg.MultiPartitionsDefinition, "get_partition_keys", refuse)
    made = build_partitions(VENUES, "D", *SPAN)
    assert partition_budget(made).count == 800_000


# -- telling ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("universes", "told"), [(24, False), (25, True)])
def test_a_person_is_told_from_a_hundred_thousand_on(
    universes: int, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    owner = f"pipeline_of_{universes}"
    build_partitions(VENUES[:universes], "D", *SPAN, owner=owner)
    assert (owner in caplog.text) is told


def test_what_is_told_has_the_count_the_cost_and_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(3):
        build_partitions(VENUES, "D", *SPAN, owner="large")
    assert len(caplog.messages) == 1
    for word in ("800,000 partitions (200 universes × 4,000 windows)", "8.0 s", "31 s", "1.6 GB"):
        assert word in caplog.text
    assert "BATCH_FREQ: M" in caplog.text


def test_a_million_partitions_are_refused_unless_they_are_meant() -> None:
    many = [f"mic=X{number:03}" for number in range(250)]
    with pytest.raises(UsageError, match="1,000,000 partitions") as caught:
        build_partitions(many, "D", *SPAN)
    assert "BATCH_FREQ: M" in str(caught.value.remedy)
    made = build_partitions(many, "D", *SPAN, allow_large_partitions=True)
    assert partition_budget(made).count == 1_000_000


def test_dynamic_universes_that_make_a_million_are_not_added(
    instance: dg.DagsterInstance,
) -> None:
    made = build_partitions(None, "D", *SPAN, dynamic="beaf_universe")
    many = [f"mic=X{number:03}" for number in range(250)]
    add_universes(instance, made, many[:1])
    with pytest.raises(UsageError, match="1,000,000 partitions"):
        add_universes(instance, made, many)
    assert instance.get_dynamic_partitions("beaf_universe") == many[:1]


# -- scale -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trading", [{}, {"weekends": False, "holidays": ["2025-12-25"]}])
def test_ten_assets_of_800_000_partitions_load_within_a_second(trading: dict[str, Any]) -> None:
    def load() -> None:
        assets = [asset(build_partitions(VENUES, "D", *SPAN, **trading), n) for n in range(10)]
        dg.Definitions(assets=assets).get_repository_def().asset_graph.get_all_asset_keys()

    # On a quiet machine 0.2 s; the factor is for a loaded one.
    assert cpu_seconds(load) < 1.0


def asset(partitions: dg.MultiPartitionsDefinition, number: int) -> dg.AssetsDefinition:
    @dg.asset(name=f"asset_{number}", partitions_def=partitions)
    def made() -> None: ...

    return made


def test_keys_of_a_large_definition_are_found_and_read_one_by_one() -> None:
    made = build_partitions(VENUES, "D", *SPAN, weekends=False)
    key = "2025-11-12|mic=X123"
    assert made.has_partition_key(key)
    assert partition_run(made, key).key == "mic=X123:2025-11-12"
    assert cpu_seconds(lambda: [partition_run(made, key) for _ in range(100)]) < 0.5
    assert cpu_seconds(lambda: [made.has_partition_key(key) for _ in range(100)]) < 0.5


def test_a_backfill_over_all_days_of_a_universe_is_read_at_once() -> None:
    made = build_partitions(VENUES, "D", *SPAN, calendar="XLON")
    days = made.get_partitions_def_for_dimension("date").get_partition_keys()
    keys = [f"{day}|mic=X007" for day in days]
    assert len(keys) > 2700
    assert cpu_seconds(lambda: partition_runs(made, keys)) < 4.0
