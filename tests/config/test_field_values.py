"""Which values does each field take, and what is said of the others?"""

from __future__ import annotations

from typing import Any

import pytest
from tests.config.conftest import Desk

from beaf_core import AnalyticsConfig, BatchFrequency, PassConfig


def told(desk: Desk, config: Any) -> str:
    error = desk.refused(config)
    assert len(error.problems) == 1, str(error)
    return str(error).removeprefix("the configuration given in Python ")


def test_the_defaults_are_those_that_users_rely_on() -> None:
    config = AnalyticsConfig().model_dump(mode="json")
    expected = {
        "DATASETNAME": "sample2d",
        "START_DATE": None,
        "END_DATE": None,
        "EXCLUDE_WEEKENDS": True,
        "BATCH_FREQ": "W",
        "UNIVERSE": None,
        "LAUNCHER": "local",
        "SOURCE": None,
        "PASSES": [],
        "SCHEDULES": [],
        "AUTO_MATERIALIZE_ENABLED": False,
        "AUTO_MATERIALIZE_LATEST_DAYS": 7,
        "NUM_WORKERS": -1,
        "MEMORY_PER_WORKER": 20.0,
        "LOGGING_LEVEL": "INFO",
        "DEFAULT_S3_REGION": "us-east-1",
        "SCHEMA_LOCK_MODE": "off",
        "QUALITY_CHECKS": {
            "ENABLED": False,
            "null_rate_max": 0.2,
            "ranges": {},
            "expect": {"rows_min": None, "rows": None, "listings": None, "columns": None},
            "action": "warn",
        },
    }
    assert {name: config[name] for name in expected} == expected
    assert PassConfig(name="p").model_dump(mode="json", exclude={"output"}) == {
        "name": "p",
        "time_bucket_seconds": 60,
        "time_bucket_anchor": "end",
        "time_bucket_closed": "right",
        "sort_keys": None,
        "batch_freq": None,
        "modules": [],
        "source_pass": None,
        "module_inputs": {},
        "extra_outputs": [],
        "quality_checks": None,
    }


# -- days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["2026-02-01", "20260201", 20260201])
def test_a_day_is_iso(desk: Desk, one_pass: Any, written: object) -> None:
    assert desk.resolve(one_pass({"START_DATE": written})).config.START_DATE == "2026-02-01"


@pytest.mark.parametrize(
    "written", ["2026-02-30", "2025-02-29", "01/02/2026", "yesterday", "", 5, True, "2026-2-1"]
)
def test_a_day_that_no_calendar_has_is_refused(desk: Desk, one_pass: Any, written: object) -> None:
    text = told(desk, one_pass({"END_DATE": written}))
    assert text.startswith(f"END_DATE: {written!r} is not a date of the calendar")
    assert "write dates as YYYY-MM-DD, for example 2026-02-01" in text


def test_an_end_before_the_start_is_refused(desk: Desk, one_pass: Any) -> None:
    text = told(desk, one_pass({"START_DATE": "2026-02-02", "END_DATE": "2026-02-01"}))
    assert text == "END_DATE: the end 2026-02-01 lies before the start 2026-02-02"
    day = {"START_DATE": "2026-02-02", "END_DATE": "2026-02-02"}
    assert desk.resolve(one_pass(day)).config.END_DATE == "2026-02-02"


def test_a_flag_that_ends_too_early_is_marked_itself(desk: Desk, one_pass: Any) -> None:
    given = one_pass({"START_DATE": "2026-02-02"})
    assert str(desk.refused(given, flags={"END_DATE": "2026-01-01"})).startswith("--end_date END")
    both = {"START_DATE": "2026-02-30", "END_DATE": "2026-02-30"}
    error = desk.refused(given, flags=both)
    assert [str(each.place) for each in error.problems] == ["--date", "--date"]


# -- universe and frequency ------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["mic=XLON", "custom", "default", "mic=XLON+index=STOXX600"])
def test_a_selector_is_kept_as_it_is_typed(desk: Desk, one_pass: Any, written: str) -> None:
    assert written == desk.resolve(one_pass({"UNIVERSE": written})).config.UNIVERSE


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("mic=XLON,XPAR", "a comma"),
        ("mic=", "has no value; write name=value, for example mic=XLON"),
        ("=XLON", "has no name"),
        ("mic=XLON+", "has no name"),
        ("", "has no name"),
        (["mic=XLON"], "should be text"),
    ],
)
def test_a_selector_that_cannot_be_read_is_refused(
    desk: Desk, one_pass: Any, written: object, words: str
) -> None:
    text = told(desk, one_pass({"UNIVERSE": written}))
    assert text.startswith("UNIVERSE: ")
    assert words in text


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("D", BatchFrequency.DAY),
        ("2W", BatchFrequency.TWO_WEEKS),
        ("A", BatchFrequency.YEAR),
        ("Y", BatchFrequency.YEAR),
        (None, None),
    ],
)
def test_a_frequency_is_one_of_six_or_none(
    desk: Desk, one_pass: Any, written: object, value: object
) -> None:
    found = desk.resolve(one_pass({"BATCH_FREQ": written}, batch_freq=written))
    assert value == found.config.BATCH_FREQ
    assert found.passes[0].config.batch_freq == value


def test_another_frequency_is_refused(desk: Desk, one_pass: Any) -> None:
    assert told(desk, one_pass({"BATCH_FREQ": "w"})) == (
        "BATCH_FREQ: should be 'D', 'W', '2W', 'M', 'Q' or 'A', not 'w' — did you mean \"W\"?"
    )


# -- the rest --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ({"DATASETNAME": 2026}, "DATASETNAME: should be text, not 2026\n  → write it in quotes"),
        ({"EXCLUDE_WEEKENDS": "no way"}, "EXCLUDE_WEEKENDS: should be a valid boolean, not 'no w"),
        ({"LOGGING_LEVEL": "DEBG"}, "LOGGING_LEVEL: should be 'DEBUG', 'INFO'"),
        ({"S3_STORAGE_OPTIONS": {"a": [1]}}, "S3_STORAGE_OPTIONS.a: should be text"),
        ({"MEMORY_PER_WORKER": 0}, "MEMORY_PER_WORKER: should be greater than 0, not 0"),
        ({"QUALITY_CHECKS": {"null_rate_max": 2}}, "QUALITY_CHECKS.null_rate_max: should be less"),
        (
            {"QUALITY_CHECKS": {"ranges": {"Close": [2, 1]}}},
            "QUALITY_CHECKS.ranges.Close: the smallest value allowed, 2, lies above the largest, 1",
        ),
        ({"SCHEDULES": [{"cron": "0 2 * *"}]}, "SCHEDULES[0].cron: should have five fields: min"),
        ({"SCHEDULES": [{"cron": "0 61 * * *"}]}, "SCHEDULES[0].cron: '61' is no hour of cron; w"),
        ({"SCHEDULES": [{"cron": "0 0 31 4 *"}]}, "SCHEDULES[0].cron: names a day that no year h"),
        (
            {"SCHEDULES": [{"cron": "0 6 ? * MON-FRI *"}]},
            "SCHEDULES[0].cron: should have five fields: minute hour day month weekday; "
            "without the year it is 0 6 * * MON-FRI",
        ),
        ({"SCHEDULES": [{"timezone": "Mars"}]}, "SCHEDULES[0].timezone: is not an IANA time zone"),
        ({"SCHEDULES": [{"timezone": "Europe"}]}, "SCHEDULES[0].timezone: is not an IANA time zo"),
        (
            {"SCHEDULES": [{"partitions": [{"date": "tomorow"}]}]},
            "SCHEDULES[0].partitions[0].date: 'tomorow' is not a date of the calendar",
        ),
        (
            {"SCHEDULES": [{"partitions": [{"date": "2026-02-02_2026-02-01"}]}]},
            "SCHEDULES[0].partitions[0].date: the end 2026-02-01 lies before the start 2026-02-02",
        ),
        (
            {"SCHEDULES": [{"partitions": [{"universe": "mic="}]}]},
            "SCHEDULES[0].partitions[0].universe: universe 'mic=' has no value",
        ),
        ({"time_bucket_seconds": 5}, 'time_bucket_seconds: unknown key "time_bucket_seconds"\n'),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(
    desk: Desk, one_pass: Any, top: Any, words: str
) -> None:
    assert told(desk, one_pass(top)).startswith(words)


def test_right_values_of_the_rest_are_taken(desk: Desk, one_pass: Any) -> None:
    schedule = {
        "name": "daily",
        "cron": "*/5 2 * * MON-FRI",
        "timezone": "Europe/London",
        "partitions": [
            {"date": "today", "universe": "mic=XLON"},
            {"date": "2026-02-01_2026-02-03"},
            {"date": "20260201"},
            {"date": "-1bd"},
            {"date": "-3d"},
        ],
    }
    checks = {"ranges": {"Close": [0, None], "Volume": [0, 0]}}
    config = desk.resolve(one_pass({"SCHEDULES": [schedule], "QUALITY_CHECKS": checks})).config
    dates = [each.date for each in config.SCHEDULES[0].partitions]
    assert dates == ["today", "2026-02-01_2026-02-03", "2026-02-01", "-1bd", "-3d"]
    assert config.QUALITY_CHECKS.ranges == {"Close": (0, None), "Volume": (0, 0)}


@pytest.mark.parametrize("cron", ["R 2 * * *", "H 2 * * *", "0 2 15W * *", "0 2 LW * *", "@daily"])
def test_a_cron_that_orchestrators_read_otherwise_is_refused(
    desk: Desk, one_pass: Any, cron: str
) -> None:
    assert told(desk, one_pass({"SCHEDULES": [{"cron": cron}]})).startswith("SCHEDULES[0].cron: ")


@pytest.mark.parametrize("cron", ["0 0 29 2 *", "0 0 L * *", "0 0 * MAR,APR fri", "0 0 * * 1#2"])
def test_a_cron_that_comes_however_rarely_is_taken(desk: Desk, one_pass: Any, cron: str) -> None:
    config = desk.resolve(one_pass({"SCHEDULES": [{"cron": f"  {cron} "}]})).config
    assert config.SCHEDULES[0].cron == cron


@pytest.mark.parametrize(
    ("top", "options"),
    [
        ({}, {}),
        ({"DEFAULT_S3_REGION": "eu-west-2"}, {"aws_region": "eu-west-2"}),
        (
            {"DEFAULT_S3_REGION": "eu-west-2", "S3_STORAGE_OPTIONS": {"region": "us-west-1"}},
            {"region": "us-west-1"},
        ),
        (
            {"DEFAULT_S3_REGION": "eu-west-2", "S3_STORAGE_OPTIONS": {"aws_endpoint_url": "x"}},
            {"aws_endpoint_url": "x", "aws_region": "eu-west-2"},
        ),
    ],
)
def test_a_default_region_counts_where_none_is_given(
    desk: Desk, one_pass: Any, top: Any, options: object
) -> None:
    found = desk.resolve(one_pass(top))
    assert options == found.config.S3_STORAGE_OPTIONS
    assert found.passes[0].targets[0].storage_options == options


def test_the_older_spelling_of_the_io_manager_counts(desk: Desk, one_pass: Any) -> None:
    config = desk.resolve(one_pass({"DAGSTER_IO_MANAGER_KEY": "old"})).config
    assert config.OUTPUT_TARGET.io_manager_key == "old"
    both = {"DAGSTER_IO_MANAGER_KEY": "old", "OUTPUT_TARGET": {"io_manager_key": "new"}}
    assert desk.resolve(one_pass(both)).config.OUTPUT_TARGET.io_manager_key == "new"
