"""Do windows of dates tile time as BATCH_FREQ does, and are trading days days?"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import BatchFrequency, DatePartition, UsageError, cut_range
from beaf_dagster.partitions.dates import build_date_partitions, date_key, dates_of
from beaf_dagster.partitions.windows import windows_of

DAY = timedelta(days=1)
FREQUENCIES = list(BatchFrequency)

LONGEST = {"D": 30, "W": 100, "2W": 180, "M": 400, "Q": 900, "A": 2000}

ranges = st.sampled_from(FREQUENCIES).flatmap(
    lambda frequency: st.tuples(
        st.just(frequency),
        st.dates(date(1990, 1, 1), date(2018, 1, 1)),
        st.integers(min_value=0, max_value=LONGEST[frequency]),
    )
)


def windows(definition: dg.PartitionsDefinition[str]) -> list[DatePartition]:
    """The days of every partition, in order."""
    reader = windows_of(definition)
    return [reader.dates(key) for key in definition.get_partition_keys()]


def whole_windows(frequency: BatchFrequency, start: date, end: date) -> list[DatePartition]:
    """The pieces into which a run cuts a range, without those that the range has cut off."""
    wide = set(cut_range(start - 400 * DAY, end + 400 * DAY, frequency))
    cut = [each for each in cut_range(start, end, frequency) if each in wide]
    return [DatePartition(f"{first}", f"{last}") for first, last in cut]


# -- tiling ----------------------------------------------------------------------------------------


@given(drawn=ranges)
@settings(max_examples=36, deadline=None)
def test_windows_are_the_whole_ones_into_which_a_run_cuts_the_same_range(
    drawn: tuple[BatchFrequency, date, int],
) -> None:
    frequency, start, length = drawn
    end = start + length * DAY
    whole = whole_windows(frequency, start, end)
    if not whole:
        with pytest.raises(UsageError, match="no whole partition"):
            build_date_partitions(frequency, start, end)
        return
    found = windows(build_date_partitions(frequency, start, end))
    assert found == whole
    assert all(before.end + DAY == after.start for before, after in pairwise(found))
    assert start <= found[0].start <= found[-1].end <= end


@given(drawn=ranges, offset=st.integers(min_value=0, max_value=2000))
@settings(max_examples=36, deadline=None)
def test_a_day_names_the_window_that_holds_it_or_none(
    drawn: tuple[BatchFrequency, date, int], offset: int
) -> None:
    frequency, start, length = drawn
    end = start + (length + LONGEST[frequency]) * DAY
    definition = build_date_partitions(frequency, start, end)
    day = start + offset % (length + 1) * DAY
    days = dict(zip(definition.get_partition_keys(), windows(definition), strict=True))
    holding = [key for key, each in days.items() if each.start <= day <= each.end]
    if holding:
        assert [date_key(definition, day)] == holding
    else:
        with pytest.raises(UsageError):
            date_key(definition, day)


def test_keys_are_those_that_people_write() -> None:
    first = {
        each.value: build_date_partitions(each, "2024-01-01", "2025-12-31").get_partition_keys()[1]
        for each in BatchFrequency
    }
    assert first == {
        "D": "2024-01-02",
        "W": "2024-01-08",
        "2W": "2024-01-22_2024-02-04",
        "M": "2024-02-01",
        "Q": "2024-04-01",
        "A": "2025-01-01",
    }


def test_a_leap_day_is_a_day_and_lies_in_its_february() -> None:
    days = build_date_partitions("D", "2024-02-01", "2024-03-31")
    months = build_date_partitions("M", "2024-02-01", "2024-03-31")
    assert dates_of(days, "2024-02-29") == DatePartition("2024-02-29")
    assert dates_of(months, "2024-02-01") == DatePartition("2024-02-01", "2024-02-29")
    assert date_key(months, date(2024, 2, 29)) == "2024-02-01"


def test_pairs_of_weeks_begin_on_mondays_of_even_weeks_across_years() -> None:
    found = windows(build_date_partitions("2W", "1990-01-01", "2024-12-31"))
    assert len(found) == 912
    assert {(each.start - date(1970, 1, 5)).days % 14 for each in found} == {0}
    assert {(each.end - each.start).days for each in found} == {13}


def test_dates_have_no_end_and_yesterday_is_the_newest_day() -> None:
    today = datetime.now(UTC).date()
    definition = build_date_partitions("D")
    assert definition.get_partition_keys()[0] == "2015-01-01"
    assert definition.get_partition_keys()[-1] in {f"{today - DAY}", f"{today}"}


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_the_window_that_holds_today_is_a_partition_where_it_is_wanted(
    frequency: BatchFrequency,
) -> None:
    today = datetime.now(UTC).date()
    wanted = build_date_partitions(frequency, "2020-01-01", unfinished=True)
    days = dates_of(wanted, date_key(wanted, today))
    assert days.start <= today <= days.end
    with pytest.raises(UsageError):
        date_key(build_date_partitions(frequency, "2020-01-01"), today)


# -- trading days ----------------------------------------------------------------------------------


def test_without_weekends_a_friday_is_one_day_and_the_next_partition_is_monday() -> None:
    definition = build_date_partitions("D", "2025-01-01", "2025-01-31", weekends=False)
    keys = list(definition.get_partition_keys())
    assert keys[keys.index("2025-01-10") + 1] == "2025-01-13"
    assert dates_of(definition, "2025-01-10") == DatePartition("2025-01-10")
    assert len(keys) == 23


def test_a_friday_can_be_computed_on_saturday() -> None:
    definition = build_date_partitions("D", "2025-01-01", weekends=False)
    assert isinstance(definition, dg.TimeWindowPartitionsDefinition)
    window = definition.time_window_for_partition_key("2025-01-10")
    assert (window.end - window.start) == DAY


def test_holidays_are_no_partitions_whether_they_are_texts_or_dates() -> None:
    holidays = ["2025-12-25", date(2025, 12, 26)]
    definition = build_date_partitions("D", "2025-12-24", "2025-12-27", holidays=holidays)
    assert definition.get_partition_keys() == ["2025-12-24", "2025-12-27"]
    assert not definition.has_partition_key("2025-12-25")


@given(
    start=st.dates(date(2000, 1, 1), date(2024, 1, 1)),
    holidays=st.sets(st.integers(min_value=0, max_value=60), max_size=8),
)
@settings(max_examples=8, deadline=None)
def test_trading_days_are_all_days_but_those_left_out(start: date, holidays: set[int]) -> None:
    closed = {start + DAY * each for each in holidays}
    end = start + 60 * DAY
    definition = build_date_partitions("D", start, end, weekends=False, holidays=closed)
    days = [start + DAY * number for number in range(61)]
    trading = [each for each in days if each.weekday() < 5 and each not in closed]
    assert [each.start for each in windows(definition)] == trading
    assert [date_key(definition, each) for each in trading] == [f"{each}" for each in trading]


def test_an_exchange_says_when_it_trades() -> None:
    # London 2025: the weekdays but New Year, Good Friday, Easter Monday, two bank holidays in May,
    # one in August, Christmas and Boxing Day.
    definition = build_date_partitions("D", "2025-01-01", "2025-12-31", calendar="XLON")
    keys = list(definition.get_partition_keys())
    closed = {"2025-01-01", "2025-04-18", "2025-04-21", "2025-05-05", "2025-05-26", "2025-08-25"}
    assert len(keys) == 261 - 8
    assert closed.isdisjoint(keys)
    assert "2025-12-24" in keys


def test_an_exchange_that_trades_on_sundays_has_sundays() -> None:
    definition = build_date_partitions("D", "2024-06-02", "2024-06-08", calendar="XTAE")
    assert definition.get_partition_keys()[0] == "2024-06-02"  # a Sunday
    assert "2024-06-07" not in definition.get_partition_keys()  # a Friday


def test_a_market_that_never_closes_has_every_day() -> None:
    definition = build_date_partitions("D", "2024-12-20", "2025-01-05", calendar="24/7")
    assert len(definition.get_partition_keys()) == 17


@pytest.mark.parametrize(
    ("calendar", "start", "told"),
    [
        ("XLNO", "2015-01-01", 'did you mean "XLON"'),
        ("XSAU", "2015-01-01", "does not know days from 2015-01-01 on"),
        ("XLON", "2095-01-01", "does not know days from 2095-01-01 on"),
    ],
)
def test_a_calendar_that_cannot_answer_is_told(calendar: str, start: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        build_date_partitions("D", start, calendar=calendar)


def test_a_calendar_that_ends_before_today_is_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import exchange_calendars

    known = exchange_calendars.get_calendar
    monkeypatch.setattr(
        exchange_calendars, "get_calendar", lambda name, start: known(name, start, "2024-12-31")
    )
    definition = build_date_partitions("D", "2024-12-20", calendar="XLON")
    assert "the exchange calendar XLON ends on 2024-12-31" in caplog.text
    assert not definition.has_partition_key("2024-12-25")
    assert definition.has_partition_key("2025-12-25")
    assert not definition.has_partition_key("2025-12-27")  # a Saturday


def test_a_calendar_without_its_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(UsageError) as caught:
        build_date_partitions("D", calendar="XLON")
    assert "beaf-dagster[calendars]" in str(caught.value)


@pytest.mark.parametrize("odd", [{"weekends": False}, {"holidays": ["2025-01-01"]}])
def test_trading_days_of_longer_windows_are_refused(odd: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="only a day can be left out"):
        build_date_partitions("M", **odd)  # a keyword of either kind


# -- definitions of one's own ----------------------------------------------------------------------


def test_keys_that_spell_their_days_are_read() -> None:
    own = dg.StaticPartitionsDefinition(["2025-01-02", "2025-01-03_2025-01-09"])
    assert windows(own) == [
        DatePartition("2025-01-02"),
        DatePartition("2025-01-03", "2025-01-09"),
    ]
    assert date_key(own, date(2025, 1, 5)) == "2025-01-03_2025-01-09"


def test_days_of_a_time_zone_are_its_own_when_its_clocks_change() -> None:
    own = dg.DailyPartitionsDefinition("2025-01-01", timezone="America/New_York")
    for day in ("2025-03-08", "2025-03-09", "2025-03-10", "2025-11-02", "2025-11-03"):
        assert dates_of(own, day) == DatePartition(day)
        assert date_key(own, date.fromisoformat(day)) == day


def test_a_window_over_a_weekend_is_its_friday() -> None:
    own = dg.TimeWindowPartitionsDefinition(
        start=datetime(2025, 1, 1), fmt="%Y-%m-%d", cron_schedule="0 0 * * 1-5"
    )
    assert dates_of(own, "2025-01-10") == DatePartition("2025-01-10")
    with pytest.raises(UsageError, match="is no trading day"):
        date_key(own, date(2025, 1, 11))


def test_keys_may_have_a_format_of_their_own() -> None:
    own = dg.MonthlyPartitionsDefinition("2025-01", fmt="%Y-%m")
    assert dates_of(own, "2025-02") == DatePartition("2025-02-01", "2025-02-28")
    assert date_key(own, date(2025, 2, 3)) == "2025-02"


@pytest.mark.parametrize("cron", ["0 * * * *", "0 6 * * *", "30 0 * * 1"])
def test_windows_that_are_no_whole_days_are_refused(cron: str) -> None:
    own = dg.TimeWindowPartitionsDefinition(
        start=datetime(2025, 1, 1), fmt="%Y-%m-%d-%H:%M", cron_schedule=cron
    )
    with pytest.raises(UsageError, match="no whole days"):
        windows_of(own)


@pytest.mark.parametrize("odd", ["H", "", "daily"])
def test_a_frequency_that_is_none_is_told(odd: str) -> None:
    with pytest.raises(UsageError, match="is no frequency"):
        build_date_partitions(odd)
