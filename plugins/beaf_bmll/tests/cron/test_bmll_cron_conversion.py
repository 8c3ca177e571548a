"""Do crons of BMLL say what was said, in both directions, minute by minute over two years?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from croniter import croniter
from tests.brute_crons import (
    FIRST,
    Clock,
    Meant,
    Minutes,
    in_utc,
    random_five,
    random_six,
    read_five,
    read_six,
)

from beaf_bmll.cron import from_bmll, next_times, to_bmll
from beaf_core import UsageError

SINCE = date(2026, 11, 24)
ZONES = ("Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Asia/Tokyo")
STRANGE_ZONES = (
    "Australia/Lord_Howe",  # changes by half an hour
    "Africa/Casablanca",  # changes twice more, around Ramadan
    "America/St_Johns",
    "Pacific/Auckland",
    "Asia/Beirut",  # changes at midnight
    "America/Santiago",
    "Pacific/Kiritimati",
    "Antarctica/Troll",  # changes by two hours
)


def started_by(crons: Iterable[str]) -> Minutes:
    """Look at every minute: does any of the crons start something?"""
    return in_utc(np.logical_or.reduce([read_six(each).due() for each in crons]))


def some(make: Callable[[random.Random], Meant], number: int, seed: int) -> list[Meant]:
    """Make crons that are due in the two years."""
    dice, found = random.Random(seed), list[Meant]()
    while len(found) < number:
        cron = make(dice)
        if cron.due().any():
            found.append(cron)
    return found


def mismatches_to_bmll(number: int, seed: int) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (cron.text, to_bmll(cron.text, since=SINCE))
        for cron in some(random_five, number, seed)
        if not np.array_equal(started_by(to_bmll(cron.text, since=SINCE)), in_utc(cron.due()))
    ]


def mismatches_from_bmll(number: int, seed: int) -> list[tuple[str, str]]:
    return [
        (cron.text, from_bmll(cron.text))
        for cron in some(random_six, number, seed)
        if not np.array_equal(read_five(from_bmll(cron.text)).due(), cron.due())
    ]


def unlike_in(
    zone: str, make: Callable[[random.Random], Meant], number: int, seed: int
) -> list[str]:
    """List crons of which a due time has no trigger."""
    clock = Clock(zone)
    return [
        cron.text
        for cron in some(make, number, seed)
        if (clock.due(cron) & ~started_by(to_bmll(cron.text, zone, SINCE))).any()
    ]


def test_a_thousand_crons_of_five_fields_start_at_the_same_minutes_of_two_years() -> None:
    assert mismatches_to_bmll(1000, seed=1) == []


def test_a_thousand_crons_of_six_fields_are_due_at_the_same_minutes_in_five() -> None:
    assert mismatches_from_bmll(1000, seed=2) == []


def test_six_fields_in_utc_say_the_same_once_they_are_without_steps_and_numbers() -> None:
    def years(dice: random.Random) -> Meant:
        return random_six(dice, years=True)

    for cron in some(years, 150, seed=3):
        assert np.array_equal(started_by(to_bmll(cron.text, since=SINCE)), in_utc(cron.due())), cron


@pytest.mark.parametrize("zone", ZONES)
def test_no_due_time_of_a_zone_is_without_a_cron(zone: str) -> None:
    assert unlike_in(zone, random_five, 25, seed=4) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_ten_thousand_crons_more_say_the_same_in_both_directions(seed: int) -> None:
    assert mismatches_to_bmll(1000, seed) == []
    assert mismatches_from_bmll(1000, seed) == []


@pytest.mark.soak
@pytest.mark.parametrize("zone", [*ZONES, *STRANGE_ZONES])
def test_no_due_time_of_any_zone_is_without_a_cron(zone: str) -> None:
    def years(dice: random.Random) -> Meant:
        return random_six(dice, years=True)

    assert unlike_in(zone, random_five, 300, seed=5) == []
    assert unlike_in(zone, years, 100, seed=6) == []


def test_a_zone_without_changes_starts_in_vain_on_a_last_of_february_alone() -> None:
    clock = Clock("Asia/Tokyo")
    for text in ("0 9 * * MON-FRI", "30 1 * * SUN", "0 1 1 * *", "0 9 1 * MON", "*/20 * * 3 *"):
        started = started_by(to_bmll(text, "Asia/Tokyo", SINCE))
        due = clock.due(read_five_of(text))
        assert not (due & ~started).any(), text
        in_vain = days_of(started & ~due)
        # Before the 1st of March is the 29th or the 28th: both start it, and one is meant.
        assert in_vain <= {date(2028, 2, 28)}, text


def days_of(minutes: Minutes) -> set[date]:
    return {(FIRST + timedelta(minutes=int(each))).date() for each in np.flatnonzero(minutes)}


def read_five_of(text: str) -> Meant:
    """Read what these tests write by hand, steps and all, with croniter."""
    minutes, hours, days, months, weekdays = croniter.expand(text)[0]
    every = [set(range(60)), set(range(24)), None, set(range(1, 13)), None]
    sets = [
        whole if "*" in values else {int(each) for each in values}
        for values, whole in zip((minutes, hours, days, months, weekdays), every, strict=True)
    ]
    assert sets[0] is not None
    assert sets[1] is not None
    assert sets[3] is not None
    return Meant(text, sets[0], sets[1], sets[2], sets[3], sets[4])


def test_two_offsets_cost_starts_in_vain_only_in_the_months_in_which_clocks_change() -> None:
    started = started_by(to_bmll("0 7 * * *", "Europe/London", SINCE))
    in_vain = days_of(started & ~Clock("Europe/London").due(read_five_of("0 7 * * *")))
    assert {each.month for each in in_vain} == {3, 10}
    assert len(in_vain) == 2 * (31 + 31)


def test_croniter_and_we_agree_on_the_next_times_of_random_crons() -> None:
    for cron in some(random_five, 100, seed=7):
        theirs = croniter(cron.text, FIRST)
        ours = next_times(cron.text, "UTC", FIRST, 3)
        assert ours == [theirs.get_next(datetime) for _ in range(3)], cron.text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("0 6 * * 1-5", ("0 6 ? * MON-FRI *",)),  # 1-5 is Sunday to Thursday to AWS
        ("0 6 * * 1", ("0 6 ? * MON *",)),
        ("0 6 * * 0", ("0 6 ? * SUN *",)),
        ("0 6 * * 7", ("0 6 ? * SUN *",)),
        ("0 6 * * fri-mon", ("0 6 ? * SUN,MON,FRI,SAT *",)),
        ("0 6 1 * MON", ("0 6 1 * ? *", "0 6 ? * MON *")),
        ("*/15 */6 * * *", ("0,15,30,45 0,6,12,18 ? * * *",)),
        ("0 6 ? * MON-FRI *", ("0 6 ? * MON-FRI *",)),
        ("0  6 * * ?  2027", ("0 6 * * ? 2027",)),
        ("0 6 ? * 2-6 *", ("0 6 ? * MON-FRI *",)),
        ("0/20 6 ? * MON *", ("0,20,40 6 ? * MON *",)),
    ],
)
def test_monday_stays_monday_and_steps_are_written_out(given: str, told: tuple[str, ...]) -> None:
    assert to_bmll(given) == told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("0 6 ? * MON-FRI *", "0 6 * * MON-FRI"),
        ("0 6 ? * 2 *", "0 6 * * MON"),
        ("0 6 ? * 1 *", "0 6 * * SUN"),
        ("0 6 1 * ? *", "0 6 1 * *"),
        ("0/30 * * * ? *", "0,30 * * * *"),
    ],
)
def test_bmlls_crons_are_told_as_five_fields(given: str, told: str) -> None:
    assert from_bmll(given) == told


@pytest.mark.parametrize(
    ("given", "fault", "nearby"),
    [
        ("0 6 */2 * MON", "schedulers differ", "0 6 1-31/2 * MON"),
        ("0 6 1 * */2", "schedulers differ", "0 6 1 * SUN-SAT/2"),
        ("0 6 L * *", "the last days of a month", "0 6 1 * *"),
        ("0 6 15W * *", "the working day nearest to a day", "0 6 15 * *"),
        ("0 6 * * 5#3", "one weekday of each month", "0 6 * * 5"),
        ("0 6 * * L5", "one weekday of each month", "0 6 * * 5"),
        ("0 6 ? * 6L *", "one weekday of each month", "0 6 ? * 6 *"),
        ("0 6 30 2 *", "no year has", "0 6 28 2 *"),
        ("0 6 31 4,6 ? *", "no year has", "0 6 28 4,6 ? *"),
        ("0 6 * * * *", "exactly one of day", "0 6 ? * * *"),
        ("0 6 1 * MON *", "exactly one of day", "0 6 1 * MON"),
        ("0 6 ? ? * *", "exactly one of day", "0 6 ? * * *"),
    ],
)
def test_what_bmll_cannot_say_is_refused_with_what_it_can(
    given: str, fault: str, nearby: str
) -> None:
    with pytest.raises(UsageError, match=fault) as caught:
        to_bmll(given)
    assert f'"{nearby}"' in str(caught.value.remedy)
    assert to_bmll(nearby)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("", "0 fields"),
        ("@daily", "1 field"),
        ("0 6 * *", "4 fields"),
        ("0 0 6 * * MON *", "7 fields"),
        ("60 6 * * *", "out of range"),
        ("0 24 * * *", "out of range"),
        ("0 6 * * MON-", "cannot be read"),
        ("0 6 * * $(reboot)", "cannot be read"),
        ("R 6 * * *", "to chance"),
        ("0 6 ? * 0 *", "'0' for weekday"),
        ("0 6 ? * 8 *", "'8' for weekday"),
        ("0 6 ? * FRI-MON *", "'FRI-MON' for weekday"),
        ("0 24 ? * * *", "'24' for hour"),
        ("0/0 6 ? * * *", "'0/0' for minute"),
        ("0 6 ? * * 20x", "'20X' for year"),
        ("0, 6 ? * * *", "'' for minute"),
    ],
)
def test_what_is_no_cron_is_refused_with_its_place(given: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault.replace("$", r"\$").replace("(", r"\(")):
        to_bmll(given)


def test_years_have_no_place_in_five_fields() -> None:
    with pytest.raises(UsageError, match="some years only"):
        from_bmll("0 6 ? * MON 2027")


def test_a_zone_that_is_none_is_refused() -> None:
    for zone in ("Mars/Olympus", "../../etc/passwd", ""):
        with pytest.raises(UsageError, match="no time zone"):
            to_bmll("0 6 * * *", zone)


@pytest.mark.parametrize("given", ["0 1 1 1 ? 2028", "0 1 ? 1 SAT 2028", "0 1 ? * * 2028"])
def test_the_first_of_a_year_may_be_the_last_of_another_in_utc(given: str) -> None:
    started = started_by(to_bmll(given, "Asia/Tokyo", SINCE))
    assert date(2027, 12, 31) in days_of(started)  # at 16:00, which is 01:00 in Tokyo
