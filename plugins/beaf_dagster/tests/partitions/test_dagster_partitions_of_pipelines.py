"""Which partitions does a pipeline get, and what if its source cannot be asked for universes?"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from beaf_core import BatchFrequency, DataMissingError, UsageError
from beaf_dagster.partitions.asked import UniversesUnknownError
from beaf_dagster.partitions.definition import build_partitions, frequency_of, partitions_of
from beaf_dagster.partitions.keys import partition_key
from beaf_dagster.partitions.universes import first_universe, universe_keys
from beaf_dagster.pipelines import Pipeline, load_pipeline

PASSES = '[{"name": "bars", "time_bucket_seconds": 60, "modules": ["trade"]}]'
MONDAY = "2025-01-06"


def pipeline(pipes: Path, code: str = "", **config: object) -> Pipeline:
    """A pipeline of Python, over the tiny market."""
    path = pipes / "own.py"
    told = {"DATASETNAME": "own", "START_DATE": MONDAY, **config}
    path.write_text(f"{code}\n\nUSER_CONFIG = {told!r} | {{'PASSES': {PASSES}}}\n")
    return load_pipeline(path)


def dates(made: dg.MultiPartitionsDefinition) -> dg.TimeWindowPartitionsDefinition:
    found = made.get_partitions_def_for_dimension("date")
    assert isinstance(found, dg.TimeWindowPartitionsDefinition)
    return found


# -- universes -------------------------------------------------------------------------------------

LISTED = """
from beaf_core import CartProdUniverse, CustomUniverse
from beaf_universes import MICUniverse


def mine(date, reference):
    return reference(date, Ticker="ALFA")


UNIVERSES = [MICUniverse(["XPAR", "XLON"]), CartProdUniverse(MICUniverse(["XLON"]),
             CustomUniverse(mine))]
"""
OWN = "def get_universe(date, reference):\n    return reference(date)\n"


def test_the_universe_comes_first_then_those_of_the_module(pipes: Path) -> None:
    made = pipeline(pipes, LISTED, UNIVERSE="mic=XLON")
    assert universe_keys(made) == ["mic=XLON", "mic=XPAR", "mic=XLON+custom"]
    assert first_universe(made) == "mic=XLON"
    assert first_universe(pipeline(pipes, LISTED)) == "mic=XPAR"


def test_the_universe_alone_is_the_only_one(pipes: Path) -> None:
    assert universe_keys(pipeline(pipes, OWN, UNIVERSE="mic=XPAR")) == ["mic=XPAR"]


def test_a_function_of_the_pipeline_is_its_default_universe(pipes: Path) -> None:
    assert universe_keys(pipeline(pipes, OWN)) == ["default"]
    assert universe_keys(pipeline(pipes, OWN + LISTED))[0] == "mic=XPAR"


def test_without_any_every_venue_of_the_source_is_one(pipes: Path) -> None:
    assert universe_keys(pipeline(pipes)) == ["mic=XLON", "mic=XPAR"]


def test_an_older_pipelines_whitelist_is_its_venues(pipes: Path) -> None:
    assert universe_keys(pipeline(pipes, "whitelist = ['XLON']")) == ["mic=XLON"]


def test_a_pipeline_that_lists_no_universe_is_told(pipes: Path) -> None:
    with pytest.raises(UsageError, match=r"own\.py: the pipeline has no universe"):
        partitions_of(pipeline(pipes, "UNIVERSES = []"))


@pytest.mark.parametrize("odd", ["file=a...b", "mic=XLON,XPAR", "mic=", "", "!mic=XLON"])
def test_a_universe_that_cannot_be_a_key_is_told(odd: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_partitions([odd], "D", "2025-01-01")
    assert caught.value.remedy


@pytest.mark.parametrize("odd", [[], [7], ["mic=XLON", None]])
def test_what_lists_no_universes_is_told(odd: Any) -> None:
    with pytest.raises(UsageError, match="no universe"):
        build_partitions(odd, "D", "2025-01-01")


def test_one_universe_without_brackets_is_not_its_letters() -> None:
    made = build_partitions("mic=XLON", "A", "2020-01-01", "2020-12-31")
    assert made.get_partition_keys() == ["2020-01-01|mic=XLON"]


def test_without_universes_every_venue_of_the_project_is_one(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pipes)
    with (pipes.parent / "beaf.yaml").open("a") as file:
        file.write(f"START_DATE: {MONDAY}\n")
    made = build_partitions(None, "A", "2020-01-01", "2020-12-31")
    assert made.get_partition_keys() == ["2020-01-01|mic=XLON", "2020-01-01|mic=XPAR"]


# -- a source that is asked ------------------------------------------------------------------------


def answers(pipes: Path) -> list[Path]:
    return sorted((pipes.parent / ".beaf/dagster").glob("*"))


def close_source(pipes: Path) -> None:
    (pipes.parent / "market").rename(pipes.parent / "away")


def make_old(path: Path) -> None:
    kept = json.loads(path.read_text())
    kept["asked"] = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    path.write_text(json.dumps(kept))


def test_a_source_is_asked_once_a_day_and_the_answer_kept_in_the_project(
    pipes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = universe_keys(pipeline(pipes))
    assert len(answers(pipes)) == 1
    close_source(pipes)
    assert universe_keys(pipeline(pipes)) == first
    assert caplog.messages == []


def test_an_old_answer_counts_where_the_source_cannot_be_asked_and_that_is_logged(
    pipes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = universe_keys(pipeline(pipes))
    make_old(answers(pipes)[0])
    close_source(pipes)
    assert universe_keys(pipeline(pipes)) == first
    assert "the source cannot be asked" in caplog.text


def test_an_old_answer_is_asked_anew_where_the_source_can_be(pipes: Path) -> None:
    universe_keys(pipeline(pipes))
    kept = answers(pipes)[0]
    make_old(kept)
    old = kept.read_text()
    assert universe_keys(pipeline(pipes)) == ["mic=XLON", "mic=XPAR"]
    assert kept.read_text() != old
    assert answers(pipes) == [kept]


def test_a_source_that_never_answered_is_an_error_of_its_pipeline_alone(pipes: Path) -> None:
    close_source(pipes)
    with pytest.raises(UniversesUnknownError) as caught:
        partitions_of(pipeline(pipes))
    assert "UNIVERSES" in str(caught.value.remedy)
    assert caught.value.exit_code == DataMissingError.exit_code
    assert answers(pipes) == []
    other = load_pipeline(pipes / "two.py")
    assert universe_keys(other) == ["mic=XLON", "mic=XPAR"]


def test_another_source_has_another_answer(pipes: Path) -> None:
    universe_keys(pipeline(pipes))
    found = universe_keys(pipeline(pipes, SOURCE={"type": "simulated"}))
    assert found == ["mic=BATE", "mic=XLON", "mic=XPAR"]
    assert len(answers(pipes)) == 2


@pytest.mark.parametrize("odd", ["", "{}", "[1]", '{"asked": "soon", "values": []}', "\0"])
def test_an_answer_that_cannot_be_read_is_asked_anew(
    pipes: Path, odd: str, caplog: pytest.LogCaptureFixture
) -> None:
    universe_keys(pipeline(pipes))
    answers(pipes)[0].write_text(odd)
    assert universe_keys(pipeline(pipes)) == ["mic=XLON", "mic=XPAR"]
    assert "cannot be read, so the source is asked" in caplog.text
    assert json.loads(answers(pipes)[0].read_text())["values"] == ["XLON", "XPAR"]


def test_a_project_that_cannot_be_written_to_loads_all_the_same(
    pipes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (pipes.parent / ".beaf").write_text("a file stands where the folder would be")
    assert universe_keys(pipeline(pipes)) == ["mic=XLON", "mic=XPAR"]
    assert "cannot be kept" in caplog.text


# -- dates -----------------------------------------------------------------------------------------


def test_days_begin_in_2015_or_earlier_where_the_pipeline_does(pipes: Path) -> None:
    late = dates(partitions_of(pipeline(pipes, UNIVERSE="mic=XLON")))
    early = dates(partitions_of(pipeline(pipes, UNIVERSE="mic=XLON", START_DATE="2003-05-06")))
    assert late.get_first_partition_key() == "2015-01-01"
    assert early.get_first_partition_key() == "2003-05-06"


def test_batch_freq_counts_where_somebody_has_set_it_in_any_layer(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert frequency_of(pipeline(pipes)) is BatchFrequency.DAY
    assert frequency_of(pipeline(pipes, BATCH_FREQ=None)) is BatchFrequency.DAY
    assert frequency_of(pipeline(pipes, BATCH_FREQ="W")) is BatchFrequency.WEEK
    with (pipes.parent / "beaf.yaml").open("a") as file:
        file.write("BATCH_FREQ: Q\n")
    assert frequency_of(pipeline(pipes)) is BatchFrequency.QUARTER
    monkeypatch.setenv("BEAF__BATCH_FREQ", "M")
    assert frequency_of(pipeline(pipes)) is BatchFrequency.MONTH


def test_the_environment_of_whoever_reads_a_key_changes_nothing(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = partitions_of(pipeline(pipes, UNIVERSE="mic=XLON", BATCH_FREQ="W"))
    for name in ("BATCH_FREQ", "BEAF__BATCH_FREQ"):
        monkeypatch.setenv(name, "M")
    assert partition_key(made, "mic=XLON", "2025-01-08") == "2025-01-06|mic=XLON"


def test_batch_freq_alone_in_the_environment_is_nobodys_setting(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATCH_FREQ", "M")
    assert frequency_of(pipeline(pipes)) is BatchFrequency.DAY


@pytest.mark.parametrize(
    ("config", "weekends"),
    [({}, True), ({"EXCLUDE_WEEKENDS": False}, True), ({"EXCLUDE_WEEKENDS": True}, False)],
)
def test_weekends_are_left_out_where_somebody_has_said_so(
    pipes: Path, config: dict[str, object], weekends: bool
) -> None:
    made = partitions_of(pipeline(pipes, UNIVERSE="mic=XLON", **config))
    assert made.has_partition_key("2025-01-11|mic=XLON") is weekends
    assert made.has_partition_key("2025-01-10|mic=XLON")


def test_weeks_may_leave_weekends_out_and_are_whole_all_the_same(pipes: Path) -> None:
    config = {"UNIVERSE": "mic=XLON", "EXCLUDE_WEEKENDS": True, "BATCH_FREQ": "W"}
    made = partitions_of(pipeline(pipes, **config))
    assert made.has_partition_key("2025-01-06|mic=XLON")


@pytest.mark.parametrize(
    ("schedule", "unfinished"),
    [
        ({}, False),
        ({"timezone": "Europe/London"}, False),
        ({"timezone": "Asia/Tokyo"}, True),
        ({"timezone": "Europe/London", "cron": "30 0 * * *"}, True),
        ({"timezone": "America/New_York", "cron": "0 0 * * *"}, False),
        ({"partitions": [{"date": "today"}]}, True),
        ({"partitions": [{"date": "today"}], "enabled": False}, False),
    ],
)
def test_today_is_a_partition_where_a_schedule_asks_before_it_has_ended(
    pipes: Path, schedule: dict[str, object], unfinished: bool
) -> None:
    schedules = [{"name": "daily", "enabled": True, **schedule}]
    made = pipeline(pipes, UNIVERSE="mic=XLON", SCHEDULES=schedules)
    assert bool(dates(partitions_of(made)).end_offset) is unfinished


def test_dimensions_may_have_other_names(pipes: Path) -> None:
    made = partitions_of(pipeline(pipes, UNIVERSE="mic=XLON"), "a_venue", "day")
    assert made.partition_dimension_names == ["a_venue", "day"]


def test_universes_may_be_dynamic_and_then_nothing_is_asked(pipes: Path) -> None:
    close_source(pipes)
    made = partitions_of(pipeline(pipes), dynamic="beaf_universe")
    universes = made.get_partitions_def_for_dimension("universe")
    assert universes == dg.DynamicPartitionsDefinition(name="beaf_universe")


def test_a_large_pipeline_is_told_by_name(pipes: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = """
from beaf_universes import MICUniverse

UNIVERSES = [MICUniverse([f"X{number:03}" for number in range(300)])]
"""
    with pytest.raises(UsageError, match="own: 1,") as caught:
        partitions_of(pipeline(pipes, code))
    assert "allow_large_partitions=True" in str(caught.value.remedy)
    with caplog.at_level(logging.WARNING, "beaf.dagster"):
        partitions_of(pipeline(pipes, code), allow_large_partitions=True)
    assert "own: 1," in caplog.text
