"""What happens to several partitions of one step, and to those that fail?"""

from __future__ import annotations

import logging
from pathlib import Path

import dagster as dg
import pytest
from tests.dagster_runs import failure_of, materialize, told, told_of

from beaf_dagster import build_assets

MONDAY, TUESDAY, WEDNESDAY = (f"2025-01-{day}|mic=XLON" for day in ("06", "07", "08"))
SATURDAY = "2025-01-04|mic=XLON"


def test_a_range_is_told_of_partition_by_partition_and_each_once(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    assets = build_assets(pipes / "two.py")
    done = materialize(assets, instance, MONDAY, TUESDAY)
    assert done.success
    assert told_of(done) == [("two", MONDAY), ("two", TUESDAY)]
    assert [each.tags["dagster/partition/date"] for each in told(done)] == [
        "2025-01-06",
        "2025-01-07",
    ]
    assert instance.get_materialized_partitions(assets[0].key) == {MONDAY, TUESDAY}


def test_what_follows_a_range_goes_on(pipes: Path, instance: dg.DagsterInstance) -> None:
    assets = build_assets(pipes / "bars.yaml")

    @dg.asset(deps=assets, partitions_def=assets[0].partitions_def)
    def after() -> None:
        """Follow the bars."""

    keys = [assets[0].key, after.key]
    done = materialize([*assets, after], instance, MONDAY, TUESDAY, keys)
    assert sorted(told_of(done)) == [
        (name, key) for name in ("after", "bars") for key in (MONDAY, TUESDAY)
    ]


def test_a_partition_that_fails_leaves_the_others_whole_and_told_of(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    assets = build_assets(pipes / "two.py", split_passes=True)
    done = materialize(assets, instance, MONDAY, "2025-01-09|mic=XLON")
    assert not done.success
    assert told_of(done) == [(name, key) for key in (MONDAY, TUESDAY) for name in ("bars", "hours")]
    said = failure_of(done)
    assert said.startswith("2 of 4 partitions failed\n2025-01-08|mic=XLON: bars: data is missing")
    assert "2025-01-09|mic=XLON: bars: data is missing" in said
    assert "→ deliver it" in said
    assert "hours" not in said  # it only waits for the bars
    written = sorted(each.name for each in (pipes.parent / "data").rglob("*.parquet"))
    assert [each[:10] for each in written] == ["2025-01-06"] * 2 + ["2025-01-07"] * 2


def test_a_day_without_a_session_is_done_and_says_so(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    assets = build_assets(pipes / "bars.yaml")
    done = materialize(assets, instance, SATURDAY)
    assert done.success
    [closed] = told(done)
    assert closed.tags["dagster/data_version"] == "closed"
    assert closed.metadata["dagster/partition_row_count"].value == 0
    assert not list(pipes.parent.rglob("2025-01-04*.parquet"))


def test_a_day_that_is_still_to_come_fails_and_may_be_tried_again(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    days = dg.StaticPartitionsDefinition(["2222-01-01"])
    mics = dg.StaticPartitionsDefinition(["mic=XLON"])
    partitions = dg.MultiPartitionsDefinition({"universe": mics, "date": days})
    done = materialize(
        build_assets(pipes / "bars.yaml", partitions), instance, "2222-01-01|mic=XLON"
    )
    assert told_of(done) == []
    assert failure_of(done).startswith("the partition failed\n2222-01-01|mic=XLON: bars: ")
    assert "2222-01-01 is pending" in failure_of(done)
    assert "→ run it again once the data is there" in failure_of(done)


@pytest.mark.parametrize(
    ("edit", "said", "retries"),
    [
        ("modules: [trad]", 'did you mean "trade"', 0),  # a person has to mend it
        ("modules: [trade]", "data is missing", 1),  # it may come
    ],
)
def test_only_what_may_mend_itself_is_tried_again(
    pipes: Path, instance: dg.DagsterInstance, edit: str, said: str, retries: int
) -> None:
    path = pipes / "bars.yaml"
    assets = build_assets(path)
    path.write_text(path.read_text().replace("modules: [trade]", edit))
    again = dg.RetryPolicy(max_retries=1)
    job = dg.define_asset_job("again", selection=assets, op_retry_policy=again)
    done = (
        dg.Definitions(assets=assets, jobs=[job])
        .resolve_job_def("again")
        .execute_in_process(instance=instance, partition_key=WEDNESDAY, raise_on_error=False)
    )
    assert said in failure_of(done)
    assert len([each for each in done.all_events if each.is_step_up_for_retry]) == retries


def test_a_step_that_is_cancelled_keeps_what_it_has_told(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    (pipes / "slow.py").write_text(
        '"""Asks to be cancelled on the second day."""\n'
        "import os, signal\n"
        'USER_CONFIG = {"PASSES": [{"name": "bars", "modules": ["trade"]}]}\n'
        "def get_universe(date, reference):\n"
        "    if str(date) == '2025-01-07':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return reference(date)\n"
    )
    assets = build_assets(pipes / "slow.py")
    done = materialize(assets, instance, "2025-01-06|default", "2025-01-08|default")
    assert not done.success
    assert failure_of(done) == ""  # not one of ours, which would name partitions
    assert told_of(done) == [("slow", "2025-01-06|default")]
    written = [each.stem for each in (pipes.parent / "data").rglob("*.parquet")]
    assert written == ["2025-01-06_2025-01-06"]


def test_a_step_logs_each_partition_and_writes_nothing_to_stdout(
    pipes: Path, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    materialize(build_assets(pipes / "bars.yaml"), instance, MONDAY, WEDNESDAY)
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "1 of 3: 2025-01-06|mic=XLON bars: written, 4 rows in " in printed.err
    assert "ERROR" in next(each for each in printed.err.splitlines() if "3 of 3" in each)


def test_what_beaf_logs_is_in_the_log_of_the_step_at_its_level(
    pipes: Path, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    (pipes / "loud.py").write_text(
        '"""Warns of its listings."""\n'
        "import logging\n"
        'USER_CONFIG = {"PASSES": [{"name": "bars", "modules": ["trade"]}]}\n'
        "def get_universe(date, reference):\n"
        "    logging.getLogger('beaf.loud').warning('mind the %s', 'gap')\n"
        "    return reference(date)\n"
    )
    materialize(build_assets(pipes / "loud.py"), instance, "2025-01-06|default")
    line = next(each for each in capfd.readouterr().err.splitlines() if "mind the gap" in each)
    assert "WARNING" in line
    assert "pipes__loud" in line
    assert not logging.getLogger("beaf").handlers
