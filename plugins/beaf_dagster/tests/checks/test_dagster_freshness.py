"""Do schedules set deadlines that runs on time keep, and late ones miss?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from beaf_dagster.freshness import deadline, freshness_of
from beaf_dagster.pipelines import load_pipeline


@pytest.mark.parametrize(
    ("cron", "until", "hours"),
    [
        ("0 2 * * *", "0 8 * * *", 7),
        ("30 20 * * *", "30 2 * * *", 7),  # every day: past midnight is fine
        ("30 20 * * 1-5", "30 23 * * 1-5", 4),  # of certain days: until the day ends
        ("*/15 * * * *", "*/15 * * * *", 0.25),
        ("5 * * * *", "5 * * * *", 1),
        ("0 */4 * * *", "0 */4 * * *", 4),
    ],
)
def test_a_schedule_sets_a_deadline(cron: str, until: str, hours: float) -> None:
    expected = dg.FreshnessPolicy.cron(until, timedelta(hours=hours), "Europe/London")
    assert deadline(cron, "Europe/London") == expected


@pytest.mark.parametrize(
    "cron",
    [
        "0 23 * * 1-5",  # an hour would be too short
        "0 9-17 * * *",  # the night would count as late
        "*/7 * * * *",  # the last step of an hour is shorter
        "0 */4 * * 1-5",
        "0,30 2 * * *",
        "0 6 ? * MON-FRI *",
    ],
)
def test_a_schedule_that_would_call_assets_late_that_are_not_sets_none(cron: str) -> None:
    assert deadline(cron, "UTC") is None


@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"])
def test_a_run_that_starts_on_time_is_never_late_even_where_clocks_change(day: str) -> None:
    london = ZoneInfo("Europe/London")
    for hour in range(24):
        fired = datetime.fromisoformat(f"{day}T{hour:02}:10").replace(tzinfo=london)
        policy: Any = deadline(f"10 {hour} * * *", "Europe/London")
        until = int(policy.deadline_cron.split()[1])
        due = datetime.fromisoformat(f"{day}T{until:02}:10") + timedelta(days=until < hour)
        begins = due.replace(tzinfo=london).astimezone(UTC) - policy.lower_bound_delta
        assert begins <= fired.astimezone(UTC) < due.replace(tzinfo=london).astimezone(UTC), hour


def test_only_an_enabled_schedule_sets_a_deadline(pipes: Path) -> None:
    path = pipes / "bars.yaml"
    text = path.read_text()
    assert freshness_of(load_pipeline(path)) is None
    off = "{name: a, cron: '0 3 * * *'}"
    path.write_text(f"{text}SCHEDULES: [{off}]\n")
    assert freshness_of(load_pipeline(path)) is None
    on = "{name: b, enabled: true, cron: '0 2 * * 1-5', timezone: Europe/London}"
    path.write_text(f"{text}SCHEDULES: [{off}, {on}]\n")
    expected = dg.FreshnessPolicy.cron("0 8 * * 1-5", timedelta(hours=7), "Europe/London")
    assert freshness_of(load_pipeline(path)) == expected
