"""Are the latest days requested once each, when their inputs are there, and quickly?

Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from beaf_dagster import build_assets, build_automation_sensor, build_partitions, latest_days
from beaf_dagster.automation import automation_condition_of
from beaf_dagster.pipelines import find_pipelines

NOW = datetime(2025, 12, 17, 3, tzinfo=UTC)
TICK = timedelta(seconds=30)

EventLike = dg.AssetsDefinition | dg.AssetSpec


class Daemon:
    """Evaluates conditions tick by tick, as the daemon does, and launches nothing."""

    def __init__(self, assets: Sequence[EventLike], instance: dg.DagsterInstance) -> None:
        self.defs = dg.Definitions(assets=assets)
        self.instance = instance
        self.now = NOW
        self._last: dg.EvaluateAutomationConditionsResult | None = None

    def tick(self, asset: str = "bars") -> set[str]:
        """Give the partitions of an asset that a tick requests."""
        self._last = dg.evaluate_automation_conditions(
            self.defs,
            self.instance,
            evaluation_time=self.now,
            cursor=self._last.cursor if self._last else None,
        )
        self.now += TICK
        requested = self._last.get_requested_partitions(dg.AssetKey(asset))
        return {each for each in requested if each is not None}


def asset_of(
    days: int | None,
    partitions: dg.PartitionsDefinition[str],
    deps: Sequence[str] = (),
    name: str = "bars",
) -> dg.AssetsDefinition:
    """Make an asset that fails for XPAR."""

    @dg.asset(
        name=name,
        partitions_def=partitions,
        automation_condition=latest_days(days),
        deps=list(deps),
    )
    def computed(context: dg.AssetExecutionContext) -> None:
        if "XPAR" in context.partition_key:
            raise dg.Failure("no data")

    return computed


DAYS = build_partitions(["mic=XLON"])
LAST_THREE = {f"2025-12-{day}|mic=XLON" for day in (14, 15, 16)}


@pytest.mark.parametrize(
    ("frequency", "days", "keys"),
    [
        ("D", 3, ["2025-12-14", "2025-12-15", "2025-12-16"]),
        ("D", None, ["2025-12-16"]),
        ("W", 3, ["2025-12-08"]),
        ("W", 14, ["2025-12-01", "2025-12-08"]),
        ("M", 7, ["2025-11-01"]),
        ("M", None, ["2025-11-01"]),
    ],
)
def test_whole_windows_of_the_latest_days_are_requested_and_the_newest_always(
    instance: dg.DagsterInstance, frequency: str, days: int | None, keys: list[str]
) -> None:
    daemon = Daemon([asset_of(days, build_partitions(["mic=XLON"], frequency))], instance)
    assert daemon.tick() == {f"{key}|mic=XLON" for key in keys}


def test_a_partition_is_requested_once_and_a_new_day_when_it_is_over(
    instance: dg.DagsterInstance,
) -> None:
    daemon = Daemon([asset_of(3, DAYS)], instance)
    assert daemon.tick() == LAST_THREE
    assert daemon.tick() == set()
    daemon.now = NOW + timedelta(days=1)
    assert daemon.tick() == {"2025-12-17|mic=XLON"}


def test_what_stands_is_not_requested(instance: dg.DagsterInstance) -> None:
    bars = asset_of(3, DAYS)
    dg.materialize([bars], instance=instance, partition_key="2025-12-15|mic=XLON")
    assert Daemon([bars], instance).tick() == LAST_THREE - {"2025-12-15|mic=XLON"}


def test_a_partition_that_fails_is_not_requested_again(instance: dg.DagsterInstance) -> None:
    bars = asset_of(1, build_partitions(["mic=XPAR"]))
    daemon = Daemon([bars], instance)
    assert daemon.tick() == {"2025-12-16|mic=XPAR"}
    done = dg.materialize(
        [bars], instance=instance, partition_key="2025-12-16|mic=XPAR", raise_on_error=False
    )
    assert not done.success
    assert [daemon.tick() for _ in range(3)] == [set()] * 3


def test_late_inputs_are_waited_for_and_newer_ones_lead_to_another_run(
    instance: dg.DagsterInstance,
) -> None:
    trades = dg.AssetSpec("trades", partitions_def=DAYS)
    daemon = Daemon([trades, asset_of(3, DAYS, ["trades"])], instance)

    def arrives(key: str) -> None:
        instance.report_runless_asset_event(dg.AssetMaterialization("trades", partition=key))

    late, other = "2025-12-15|mic=XLON", "2025-12-16|mic=XLON"
    assert daemon.tick() == set()
    arrives(late)
    assert daemon.tick() == {late}
    assert daemon.tick() == set()
    # Corrected after it was computed, or after that failed.
    arrives(late)
    arrives(other)
    assert daemon.tick() == {late, other}
    assert daemon.tick() == set()
    arrives("2025-11-01|mic=XLON")
    assert daemon.tick() == set()


# -- pipelines -------------------------------------------------------------------------------------


def test_pipelines_that_ask_for_it_have_the_condition(
    pipes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bars = pipes / "bars.yaml"
    text = bars.read_text()
    assert automation_condition_of(find_pipelines(bars)[0]) is None
    bars.write_text(text + "AUTO_MATERIALIZE_ENABLED: true\n")
    condition = automation_condition_of(find_pipelines(bars)[0])
    assert condition == latest_days(7)
    assert [each.automation_condition for each in build_assets(bars)[0].specs] == [condition]
    bars.write_text(text + "AUTO_MATERIALIZE_ENABLED: true\nBATCH_FREQ: 2W\n")
    with caplog.at_level(logging.ERROR, "beaf.dagster"):
        assert automation_condition_of(find_pipelines(bars)[0]) is None
    assert "AUTO_MATERIALIZE_ENABLED has no effect with BATCH_FREQ 2W" in caplog.text


def test_the_sensor_watches_all_assets_and_is_off_until_somebody_turns_it_on() -> None:
    sensor = build_automation_sensor(run_tags={"bmll/instance_size": "64"})
    assert sensor.run_tags == {"beaf/sensor": "beaf_automation", "bmll/instance_size": "64"}
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    running = build_automation_sensor(dg.AssetSelection.groups("a"), name="mine", running=True)
    assert running.default_status is dg.DefaultSensorStatus.RUNNING
    defs = dg.Definitions(assets=[asset_of(3, DAYS)], sensors=[sensor])
    dg.Definitions.validate_loadable(defs)


# -- size ------------------------------------------------------------------------------------------

LARGE = build_partitions(
    [f"mic=X{number:03}" for number in range(200)], start="2015-01-01", allow_large_partitions=True
)


def cpu_of_ticks(assets: Sequence[EventLike], instance: dg.DagsterInstance) -> list[float]:
    daemon = Daemon(assets, instance)
    costs = []
    for _ in range(3):
        began = time.process_time()
        daemon.tick("bars0")
        costs.append(time.process_time() - began)
    return costs


def test_a_tick_looks_at_the_latest_days_alone(instance: dg.DagsterInstance) -> None:
    costs = cpu_of_ticks([asset_of(7, LARGE, name="bars0")], instance)
    # 0.15 s; a condition that looks at all of 800,000 partitions takes 3 s.
    assert max(costs) < 1.5


@pytest.mark.soak
def test_a_tick_of_ten_assets_of_800000_partitions_takes_seconds(
    instance: dg.DagsterInstance,
) -> None:
    inputs = [dg.AssetSpec(each, partitions_def=LARGE) for each in ("trades", "l2")]
    assets = [asset_of(7, LARGE, ["trades", "l2"], f"bars{number}") for number in range(10)]
    costs = cpu_of_ticks([*inputs, *assets], instance)
    assert max(costs) < 5
