"""Whatever BMLL's crons start, is each due time served once, also where clocks change?"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from tests.brute_crons import FIRST, Clock, Meant, in_utc, random_five, read_six

from beaf_bmll.cron import due_key, guard, last_time, next_times, to_bmll

SINCE = date(2026, 11, 24)
LONDON, NEW_YORK, SYDNEY = "Europe/London", "America/New_York", "Australia/Sydney"


def started_between(crons: tuple[str, ...], first: datetime, last: datetime) -> list[datetime]:
    """List every start by every cron: two that say the same time start twice."""
    found = []
    for each in crons:
        minutes = np.flatnonzero(in_utc(read_six(each).due()))
        found += [FIRST + timedelta(minutes=int(minute)) for minute in minutes]
    return sorted(each for each in found if first <= each < last)


def served_of(cron: str, zone: str, first: datetime, last: datetime, late: timedelta) -> list[str]:
    """Let every start ask the guard, so much later, and note what is served, in order."""
    served: list[str] = []
    for start in started_between(to_bmll(cron, zone, SINCE), first, last):
        verdict = guard(cron, zone, start + late, since=first, served=served)
        if verdict.due is not None:
            served.append(due_key(verdict.due))
    return served


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


#: Days around a change of clocks, a local time, and the moments at which it is due, by hand.
CHANGES = [
    # London 2027: on 28 March 01:00 becomes 02:00, on 31 October 02:00 becomes 01:00.
    (LONDON, "0 7 * * *", "2027-03-27", ["03-27 07:00", "03-28 06:00", "03-29 06:00"]),
    (LONDON, "0 7 * * *", "2027-10-30", ["10-30 06:00", "10-31 07:00", "11-01 07:00"]),
    (LONDON, "30 1 * * *", "2027-03-27", ["03-27 01:30", "03-28 01:30", "03-29 00:30"]),
    (LONDON, "30 1 * * *", "2027-10-30", ["10-30 00:30", "10-31 00:30", "11-01 01:30"]),
    # New York 2027: on 14 March 02:00 becomes 03:00, on 7 November 02:00 becomes 01:00.
    (NEW_YORK, "30 2 * * *", "2027-03-13", ["03-13 07:30", "03-14 07:30", "03-15 06:30"]),
    (NEW_YORK, "30 1 * * *", "2027-11-06", ["11-06 05:30", "11-07 05:30", "11-08 06:30"]),
    (NEW_YORK, "0 18 * * *", "2027-03-13", ["03-13 23:00", "03-14 22:00", "03-15 22:00"]),
    # Sydney 2027: on 4 April 03:00 becomes 02:00, on 3 October 02:00 becomes 03:00.
    (SYDNEY, "0 7 * * *", "2027-04-02", ["04-02 20:00", "04-03 21:00", "04-04 21:00"]),
    (SYDNEY, "0 7 * * *", "2027-10-01", ["10-01 21:00", "10-02 20:00", "10-03 20:00"]),
    (SYDNEY, "30 2 * * *", "2027-04-02", ["04-02 15:30", "04-03 15:30", "04-04 16:30"]),
    (SYDNEY, "30 2 * * *", "2027-10-01", ["10-01 16:30", "10-02 16:30", "10-03 15:30"]),
]


@pytest.mark.parametrize(("zone", "cron", "day", "due"), CHANGES)
def test_a_local_time_is_served_once_a_day_through_changes_of_clocks(
    zone: str, cron: str, day: str, due: list[str]
) -> None:
    first = utc(f"{day} 00:00")
    wanted = [due_key(utc(f"2027-{each}")) for each in due]
    assert served_of(cron, zone, first, first + timedelta(days=3), timedelta(minutes=7)) == wanted
    assert [due_key(each) for each in next_times(cron, zone, first, 3)] == wanted


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        (LONDON, "2027-03-28"),
        (LONDON, "2027-10-31"),
        (NEW_YORK, "2027-03-14"),
        (NEW_YORK, "2027-11-07"),
        (SYDNEY, "2027-04-03"),
        (SYDNEY, "2027-10-02"),
    ],
)
def test_what_is_due_every_hour_is_due_every_hour_that_passes(zone: str, day: str) -> None:
    first = utc(f"{day} 00:00")
    served = served_of("0 * * * *", zone, first, first + timedelta(days=1), timedelta(minutes=3))
    assert served == [due_key(first + timedelta(hours=n)) for n in range(24)]


def test_a_monday_that_is_the_first_of_a_month_is_served_once() -> None:
    crons = to_bmll("0 6 1 * MON", "UTC", SINCE)
    first = utc("2027-01-30 00:00")  # 1 February 2027 is a Monday
    assert len(started_between(crons, first, first + timedelta(days=5))) == 2
    served = served_of("0 6 1 * MON", "UTC", first, first + timedelta(days=5), timedelta())
    assert served == ["20270201T0600Z"]


@pytest.mark.parametrize("zone", [LONDON, SYDNEY])
def test_all_that_is_due_is_served_once_and_nothing_else(zone: str) -> None:
    check_served(zone, crons=2, seed=11)


@pytest.mark.soak
@pytest.mark.parametrize(
    "zone", [LONDON, NEW_YORK, SYDNEY, "Australia/Lord_Howe", "Africa/Casablanca"]
)
def test_all_that_is_due_of_many_crons_is_served_once(zone: str) -> None:
    check_served(zone, crons=100, seed=12)


def check_served(zone: str, crons: int, seed: int) -> None:
    """Compare two months with changes of clocks with a look at every minute."""
    dice, clock = random.Random(seed), Clock(zone)
    checked = 0
    while checked < crons:
        cron = random_five(dice)
        for first in (utc("2027-03-10 00:00"), utc("2027-10-01 00:00")):
            last = first + timedelta(days=40)
            due = due_between(clock, cron, first, last)
            if 1 <= len(due) <= 150:
                # A start may be for a time that was due before the first cron of these days.
                served = served_of(cron.text, zone, first, last + timedelta(days=1), timedelta())
                assert [each for each in served if each < due_key(last)] == due, (cron.text, first)
                checked += 1


def due_between(clock: Clock, cron: Meant, first: datetime, last: datetime) -> list[str]:
    minutes = np.flatnonzero(clock.due(cron))
    moments = (FIRST + timedelta(minutes=int(each)) for each in minutes)
    return [due_key(each) for each in moments if first <= each < last]


def test_a_machine_that_comes_late_serves_what_it_was_started_for() -> None:
    due = utc("2027-06-14 06:00")  # 07:00 in London, a Monday
    for late in (timedelta(), timedelta(minutes=59), timedelta(hours=5)):
        assert guard("0 7 * * MON-FRI", LONDON, due + late).due == due
    assert guard("0 7 * * MON-FRI", LONDON, due + timedelta(hours=13)).due is None
    assert guard("0 7 * * MON-FRI", LONDON, due - timedelta(seconds=30)).due == due
    assert guard("0 7 * * MON-FRI", LONDON, due - timedelta(minutes=5)).due is None


def test_what_was_due_before_an_installation_is_not_made_up_for() -> None:
    now = utc("2027-06-14 07:00")
    assert guard("0 7 * * *", LONDON, now, since=utc("2027-06-14 06:30")).due is None
    assert guard("0 7 * * *", LONDON, now, since=utc("2027-06-14 06:00")).due is not None


def test_a_verdict_says_why() -> None:
    now = utc("2027-06-14 06:05")
    assert guard("0 7 * * *", LONDON, now).reason == (
        "due at 2027-06-14 06:00 UTC by 0 7 * * * Europe/London"
    )
    assert "served already" in guard("0 7 * * *", LONDON, now, served={"20270614T0600Z"}).reason
    assert "nothing is due" in guard("0 9 * * SUN", LONDON, now).reason


def test_the_last_time_is_none_where_it_is_too_long_ago() -> None:
    now = utc("2027-06-14 06:05")
    assert last_time("0 6 * * MON", "UTC", now, timedelta(hours=1)) == utc("2027-06-14 06:00")
    assert last_time("0 6 * * SUN", "UTC", now, timedelta(hours=1)) is None
    assert last_time("0 6 * * SUN", "UTC", now, timedelta(days=2)) == utc("2027-06-13 06:00")


def test_years_that_are_over_have_no_next_time() -> None:
    assert next_times("0 6 ? * MON 2020", "UTC", FIRST, 5) == []
    assert len(next_times("0 6 31 12 ? 2027", "UTC", FIRST, 5)) == 1


def test_the_29th_of_february_is_found_over_a_century_without_one() -> None:
    found = next_times("0 0 29 2 *", "UTC", utc("2097-01-01 00:00"), 1)
    assert found == [utc("2104-02-29 00:00")]


def test_times_are_told_on_the_clock_of_the_zone() -> None:
    first, second = next_times("0 7 * * *", LONDON, utc("2027-03-27 00:00"), 2)
    assert first.isoformat() == "2027-03-27T07:00:00+00:00"
    assert second.isoformat() == "2027-03-28T07:00:00+01:00"


def test_times_that_are_a_minute_apart_are_each_served() -> None:
    first = utc("2027-06-14 00:00")
    served = served_of("55-57 2 * * *", "UTC", first, first + timedelta(days=1), timedelta())
    assert served == ["20270614T0255Z", "20270614T0256Z", "20270614T0257Z"]


def test_a_clock_that_is_behind_does_not_lose_the_hour_that_it_was_started_for() -> None:
    now = utc("2027-06-14 07:00") - timedelta(seconds=20)
    verdict = guard("0 * * * *", "UTC", now, served={"20270614T0600Z"})
    assert verdict.due == utc("2027-06-14 07:00")
