"""Does a schedule ask at a tick for what SCHEDULES says, and say why where it cannot?"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from beaf_core import ScheduleConfig, UsageError
from beaf_dagster import (
    build_assets,
    build_definitions,
    build_jobs,
    build_partitions,
    build_schedules,
    build_schedules_for_module,
)

TWO_UNIVERSES = "UNIVERSES = [MICUniverse(['XLON', 'XPAR'])]"

PIPELINE = '''"""Bars."""
from beaf_universes import MICUniverse

{universes}
USER_CONFIG = {{
    "DATASETNAME": "scheduled",
    "PASSES": [{{"name": "bars", "time_bucket_seconds": 60, "modules": ["trade"]}}],
    **{more!r},
}}
'''


def schedules_of(
    pipes: Path, schedule: Mapping[str, object], **more: object
) -> list[dg.ScheduleDefinition]:
    daily = {"name": "daily", "enabled": True, **schedule}
    text = PIPELINE.format(universes=TWO_UNIVERSES, more={"SCHEDULES": [daily], **more})
    (pipes / "scheduled.py").write_text(text)
    return build_schedules(pipes / "scheduled.py")


def asked(
    schedule: dg.ScheduleDefinition,
    tick: datetime,
    instance: dg.DagsterInstance | None = None,
) -> list[str]:
    """Give the partitions that a tick asks for, or why it asks for none."""
    # Left open, it would keep its instance as the one that definitions are loaded for.
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=tick) as context:
        answer = schedule(context)
    if isinstance(answer, dg.SkipReason):
        return [str(answer.skip_message)]
    assert isinstance(answer, list)
    return [str(each.partition_key) for each in answer]


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London"))


# -- which schedules there are ---------------------------------------------------------------------


def test_enabled_schedules_alone_are_there_and_run_from_the_start(pipes: Path) -> None:
    items = [
        {"name": "on", "enabled": True, "cron": "0 2 * * *", "timezone": "Europe/London"},
        {"name": "off", "enabled": False},
        {"name": "by default off"},
    ]
    (pipes / "scheduled.py").write_text(
        PIPELINE.format(universes=TWO_UNIVERSES, more={"SCHEDULES": items})
    )
    (found,) = build_schedules(pipes)
    assert (found.name, found.job_name) == ("scheduled__on", "scheduled__job")
    assert (found.cron_schedule, found.execution_timezone) == ("0 2 * * *", "Europe/London")
    assert found.default_status is dg.DefaultScheduleStatus.RUNNING
    (by_module,) = build_schedules_for_module(pipes / "scheduled.py")
    assert by_module.name == found.name


def test_yaml_switches_a_schedule_of_python_off(pipes: Path) -> None:
    assert len(schedules_of(pipes, {})) == 1
    (pipes / "scheduled.yaml").write_text("SCHEDULES: [{name: daily, enabled: false}]\n")
    assert build_schedules(pipes / "scheduled.py") == []


@pytest.mark.parametrize("split", [False, True])
def test_schedules_load_beside_their_assets_with_jobs_and_without(pipes: Path, split: bool) -> None:
    schedules_of(pipes, {})
    assets = build_assets(pipes, split_passes=split)
    schedules = build_schedules(pipes, split_passes=split)
    for jobs in ([], build_jobs(pipes, split_passes=split)):
        defs = dg.Definitions(assets=assets, schedules=schedules, jobs=jobs)
        dg.Definitions.validate_loadable(defs)
        assert defs.resolve_job_def("scheduled__job").partitions_def == assets[1].partitions_def


def test_a_run_bears_the_tags_of_the_job_and_the_schedule(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    (schedule,) = schedules_of(pipes, {}, BMLL_JOBS={"default_instance_size": 64})
    defs = dg.Definitions(assets=build_assets(pipes), schedules=[schedule])
    repository = defs.get_repository_def()
    tick = london("2025-01-07T02:00")
    with dg.build_schedule_context(
        instance=instance, repository_def=repository, scheduled_execution_time=tick
    ) as context:
        data = schedule.evaluate_tick(context)
    (request,) = data.run_requests or []
    assert request.partition_key == "2025-01-06|mic=XLON"
    assert request.tags["beaf/schedule"] == "scheduled__daily"
    assert request.tags["dagster/partition/universe"] == "mic=XLON"
    assert defs.resolve_job_def("scheduled__job").run_tags["bmll/instance_size"] == "64"


def test_a_scheduled_run_computes_its_partition(pipes: Path, instance: dg.DagsterInstance) -> None:
    (schedule,) = schedules_of(pipes, {})
    assets = build_assets(pipes / "scheduled.py")
    defs = dg.Definitions(assets=assets, schedules=[schedule])
    (key,) = asked(schedule, london("2025-01-07T02:00"))
    done = defs.resolve_job_def("scheduled__job").execute_in_process(
        instance=instance, partition_key=key
    )
    assert done.success
    assert instance.get_materialized_partitions(assets[0].key) == {"2025-01-06|mic=XLON"}


def test_two_ticks_may_ask_for_one_partition(pipes: Path) -> None:
    (schedule,) = schedules_of(pipes, {"partitions": [{"date": "2025-01-06"}]})
    run_keys = set()
    for hour in (2, 14):
        tick = london(f"2025-01-07T{hour:02}:00")
        with dg.build_schedule_context(scheduled_execution_time=tick) as context:
            answer = schedule(context)
        assert isinstance(answer, list)
        assert [each.partition_key for each in answer] == ["2025-01-06|mic=XLON"]
        run_keys |= {each.run_key for each in answer}
    assert len(run_keys) == 2


WORDS = "* ? 0 5 7 31 */5 1-5 5-1 1,3 L L5 1#2 MON JAN 1W"
PARTS = st.sampled_from(WORDS.split())


@settings(max_examples=150, deadline=None)
@given(fields=st.tuples(PARTS, PARTS, PARTS, PARTS, PARTS))
def test_a_cron_that_configurations_take_is_one_of_dagster(fields: tuple[str, ...]) -> None:
    try:
        cron = ScheduleConfig(cron=" ".join(fields)).cron
    except ValidationError:
        return
    assert dg.ScheduleDefinition(name="any", job_name="any", cron_schedule=cron).cron_schedule


# -- which partitions a tick asks for --------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "tick", "days"),
    [
        ("yesterday", "2025-01-07T02:00", ["2025-01-06"]),
        ("today", "2025-01-07T02:00", ["2025-01-07"]),
        ("2025-01-06", "2025-03-01T02:00", ["2025-01-06"]),
        ("-3d", "2025-01-07T02:00", ["2025-01-04"]),
        ("-1bd", "2025-01-07T02:00", ["2025-01-06"]),  # on a Tuesday
        ("-1bd", "2025-01-06T02:00", ["2025-01-03"]),  # on a Monday
        ("-1bd", "2025-01-05T02:00", ["2025-01-03"]),  # on a Sunday
        ("-2bd", "2025-01-06T02:00", ["2025-01-02"]),
        ("-5bd", "2025-01-06T02:00", ["2024-12-30"]),
        ("2025-01-02_2025-01-06", "2025-03-01T02:00", ["2025-01-02", "2025-01-03", "2025-01-06"]),
        # London is an hour ahead of UTC in summer: half past midnight is still yesterday there.
        ("yesterday", "2025-07-08T00:30", ["2025-07-07"]),
    ],
)
def test_a_date_is_read_at_the_tick(pipes: Path, date: str, tick: str, days: list[str]) -> None:
    zone = {"cron": "30 0 * * *", "timezone": "Europe/London"}
    (schedule,) = schedules_of(pipes, {**zone, "partitions": [{"date": date}]})
    assert asked(schedule, london(tick)) == [f"{day}|mic=XLON" for day in days]


@pytest.mark.parametrize(
    ("tick", "day"),
    [
        # On 2025-03-30 London's clocks go from 01:00 to 02:00, on 2025-10-26 from 02:00 to 01:00.
        ("2025-03-29T23:30+00:00", "2025-03-28"),
        ("2025-03-30T00:30+00:00", "2025-03-29"),
        ("2025-03-30T22:30+00:00", "2025-03-29"),  # 23:30 in summer time
        ("2025-03-30T23:30+00:00", "2025-03-30"),  # half past midnight of the 31st
        ("2025-10-25T23:30+00:00", "2025-10-25"),  # half past midnight of the 26th
        ("2025-10-26T00:30+00:00", "2025-10-25"),  # 01:30, the first time
        ("2025-10-26T01:30+00:00", "2025-10-25"),  # 01:30, the second time
        ("2025-10-26T23:30+00:00", "2025-10-25"),
    ],
)
def test_yesterday_is_that_of_the_schedules_clock_when_clocks_change(
    pipes: Path, tick: str, day: str
) -> None:
    zone = {"cron": "30 * * * *", "timezone": "Europe/London"}
    (schedule,) = schedules_of(pipes, zone)
    assert asked(schedule, datetime.fromisoformat(tick)) == [f"{day}|mic=XLON"]


def test_yesterday_is_a_partition_where_clocks_are_ahead(pipes: Path) -> None:
    # At 02:00 in Tokyo the 6th is over there, and not yet in UTC.
    (schedule,) = schedules_of(pipes, {"cron": "0 2 * * *", "timezone": "Asia/Tokyo"})
    assert asked(schedule, datetime.fromisoformat("2025-01-07T02:00+09:00")) == [
        "2025-01-06|mic=XLON"
    ]


def test_the_first_universe_is_meant_where_none_is_named(pipes: Path) -> None:
    both = [{"date": "yesterday"}, {"date": "yesterday", "universe": "mic=XPAR"}]
    (schedule,) = schedules_of(pipes, {"partitions": both})
    tick = london("2025-01-07T02:00")
    assert asked(schedule, tick) == ["2025-01-06|mic=XLON", "2025-01-06|mic=XPAR"]
    others = build_partitions(["mic=XPAR", "mic=BATE"])
    (schedule,) = build_schedules(pipes / "scheduled.py", others)
    assert asked(schedule, tick) == ["2025-01-06|mic=XPAR"]


@pytest.mark.parametrize(
    ("frequency", "key"), [("W", "2025-01-13"), ("M", "2025-01-01"), ("A", "2024-01-01")]
)
def test_a_day_stands_for_the_window_that_holds_it(pipes: Path, frequency: str, key: str) -> None:
    day = "2024-12-31" if frequency == "A" else "2025-01-15"
    (schedule,) = schedules_of(pipes, {"partitions": [{"date": day}]}, BATCH_FREQ=frequency)
    assert asked(schedule, london("2025-02-03T02:00")) == [f"{key}|mic=XLON"]


def test_a_range_is_one_partition_where_one_holds_it(pipes: Path) -> None:
    span = {"partitions": [{"date": "2025-01-13_2025-01-17"}]}
    schedules_of(pipes, span)
    weeks = dg.MultiPartitionsDefinition(
        {
            "universe": dg.StaticPartitionsDefinition(["mic=XLON"]),
            "date": dg.StaticPartitionsDefinition(["2025-01-13_2025-01-17"]),
        }
    )
    (schedule,) = build_schedules(pipes / "scheduled.py", weeks)
    assert asked(schedule, london("2025-02-03T02:00")) == ["2025-01-13_2025-01-17|mic=XLON"]


def test_business_days_leave_out_holidays_that_the_definition_leaves_out(pipes: Path) -> None:
    schedules_of(pipes, {"partitions": [{"date": "-1bd"}]})
    trading = build_partitions(["mic=XLON"], weekends=False, holidays=["2025-01-06"])
    (schedule,) = build_schedules(pipes / "scheduled.py", trading)
    assert asked(schedule, london("2025-01-07T02:00")) == ["2025-01-03|mic=XLON"]


# -- what cannot be asked for ----------------------------------------------------------------------


def test_a_window_that_is_not_over_is_skipped_with_the_reason(pipes: Path) -> None:
    (schedule,) = schedules_of(pipes, {"partitions": [{"date": "-1bd"}]}, BATCH_FREQ="M")
    (reason,) = asked(schedule, london("2025-01-15T02:00"))
    assert reason.startswith("-1bd: 2025-01-14 is no date partition yet: its partition 2025-01-01")
    assert asked(schedule, london("2025-02-03T02:00")) == ["2025-01-01|mic=XLON"]


def test_what_can_be_computed_is_asked_for_though_another_cannot(pipes: Path) -> None:
    both = [{"date": "2000-01-03"}, {"date": "yesterday"}]
    (schedule,) = schedules_of(pipes, {"partitions": both})
    assert asked(schedule, london("2025-01-07T02:00")) == ["2025-01-06|mic=XLON"]


def test_a_universe_that_is_no_partition_is_told_when_the_schedule_is_made_and_at_its_ticks(
    pipes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    selector = {"partitions": [{"date": "yesterday", "universe": "mic=XPAX"}]}
    with caplog.at_level(logging.ERROR, "beaf.dagster"):
        (schedule,) = schedules_of(pipes, selector)
    told = "no partition is of the universe mic=XPAX"
    assert "the schedule scheduled__daily" in caplog.text
    assert told in caplog.text
    (reason,) = asked(schedule, london("2025-01-07T02:00"))
    assert reason.startswith(f"yesterday: {told}")
    assert "mic=XPAR" in reason


def test_dynamic_universes_are_those_of_the_instance_at_the_tick(
    pipes: Path, tmp_path: Path
) -> None:
    schedules_of(pipes, {"partitions": [{"date": "yesterday", "universe": "mic=BATE"}]})
    dynamic = build_partitions(dynamic="beaf_universe")
    (schedule,) = build_schedules(pipes / "scheduled.py", dynamic)
    tick = london("2025-01-07T02:00")
    (tmp_path / "home").mkdir()
    # A context finds an instance by its reference, which one in memory has not.
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as stored:
        (reason,) = asked(schedule, tick, stored)
        assert "mic=BATE" in reason
        stored.add_dynamic_partitions("beaf_universe", ["mic=BATE"])
        assert asked(schedule, tick, stored) == ["2025-01-06|mic=BATE"]


def test_other_dimensions_are_told_at_once(pipes: Path) -> None:
    schedules_of(pipes, {})
    for wrong in (dg.StaticPartitionsDefinition(["a"]), build_partitions(["a"], universe_dim="x")):
        with pytest.raises(UsageError, match="schedules need the dimensions universe and date"):
            build_schedules(pipes / "scheduled.py", wrong)


def test_a_pipeline_that_cannot_be_loaded_has_none_and_the_others_do(pipes: Path) -> None:
    schedules_of(pipes, {})
    (pipes / "broken.yaml").write_text("PASSES: 3\nSCHEDULES: [{name: x, enabled: true}]\n")
    assert [each.name for each in build_schedules(pipes)] == ["scheduled__daily"]


def test_pipelines_of_one_name_leave_the_definitions_whole(
    pipes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    schedules_of(pipes, {})
    other = pipes.parent / "other"
    other.mkdir()
    (other / "scheduled.py").write_text((pipes / "scheduled.py").read_text())
    with caplog.at_level(logging.ERROR, "beaf.dagster"):
        defs = build_definitions([pipes, other])
    dg.Definitions.validate_loadable(defs)
    assert [each.name for each in defs.schedules or []] == ["scheduled__daily"]
    assert f"{other / 'scheduled.py'} has no schedules: its job would be that of" in caplog.text


def test_schedules_whose_names_dagster_would_spell_alike_are_told(
    pipes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = [{"name": name, "enabled": True} for name in ("a b", "a_b")]
    text = PIPELINE.format(universes=TWO_UNIVERSES, more={"SCHEDULES": names})
    (pipes / "scheduled.py").write_text(text)
    with caplog.at_level(logging.ERROR, "beaf.dagster"):
        found = build_schedules(pipes / "scheduled.py")
    assert [each.name for each in found] == ["scheduled__a_b"]
    assert "two schedules would be called scheduled__a_b" in caplog.text
