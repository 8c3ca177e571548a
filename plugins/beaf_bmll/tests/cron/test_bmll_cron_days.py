"""Which day does a schedule work for, and on which days does a daemon start?"""

from __future__ import annotations

from datetime import datetime

import pytest

from beaf_bmll.cron import day_of, is_relative, on_days, to_bmll
from beaf_core import UsageError


@pytest.mark.parametrize(
    ("word", "due", "zone", "day"),
    [
        # 30 November 2026 is a Monday.
        ("today", "2026-11-30T06:00", "Europe/London", "2026-11-30"),
        ("yesterday", "2026-11-30T06:00", "Europe/London", "2026-11-29"),
        ("-3d", "2026-11-30T06:00", "Europe/London", "2026-11-27"),
        ("-1bd", "2026-11-30T06:00", "Europe/London", "2026-11-27"),
        ("-1bd", "2026-11-29T06:00", "Europe/London", "2026-11-27"),
        ("-1bd", "2026-12-01T06:00", "Europe/London", "2026-11-30"),
        ("-6bd", "2026-11-30T06:00", "Europe/London", "2026-11-20"),
        # The days of the schedule's clock, not those of UTC.
        ("yesterday", "2026-11-30T20:00", "Australia/Sydney", "2026-11-30"),
        ("-1bd", "2026-11-30T03:00", "America/New_York", "2026-11-27"),
    ],
)
def test_a_word_for_a_day_is_read_on_the_clock_of_the_schedule(
    word: str, due: str, zone: str, day: str
) -> None:
    assert day_of(word, datetime.fromisoformat(f"{due}+00:00"), zone) == day


def test_words_for_days_are_those_of_schedules() -> None:
    words = ("today", "yesterday", "-3d", "-1bd", "2026-11-30", "-0d", "-bd", "tomorrow", "")
    assert [is_relative(each) for each in words] == [True] * 4 + [False] * 5


def test_a_daemon_that_starts_every_day_starts_on_the_days_of_the_scheduler() -> None:
    assert on_days("0 */6 * * *", "MON-SAT") == "0 */6 * * MON-SAT"
    assert to_bmll(on_days("0 */6 * * *", "MON-SAT")) == ("0 0,6,12,18 ? * MON-SAT *",)


@pytest.mark.parametrize("own", ["0 6 * * SUN", "0 6 1 * *", "0 6 ? * MON *"])
def test_a_cron_that_names_its_days_keeps_them(own: str) -> None:
    assert on_days(own, "MON-SAT") == own


def test_days_of_the_scheduler_that_are_none_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        on_days("0 6 * * *", "MONDAYS")
