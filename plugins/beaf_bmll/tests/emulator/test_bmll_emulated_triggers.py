"""Do jobs of the emulator start by themselves: at times, and when data are there?"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from beaf_bmll.testing.clock import Clock, Cron

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(cron: str, start: str, end: str) -> list[str]:
    found = Cron.parse(cron).between(at(start), at(end))
    return [f"{when:%a %Y-%m-%d %H:%M}" for when in found]


def test_days_of_the_week_count_from_sunday():
    # 1 June 2026 is a Monday; the vendor's 2 is Monday, and 1 is Sunday.
    monday = ["Mon 2026-06-01 06:00"]
    assert times("0 6 ? * MON *", "2026-06-01", "2026-06-08") == monday
    assert times("0 6 ? * 2 *", "2026-06-01", "2026-06-08") == monday
    assert times("0 6 ? * 1 *", "2026-06-01", "2026-06-08") == ["Sun 2026-06-07 06:00"]


def test_a_cron_starts_after_its_beginning_and_includes_its_end():
    assert times("0,30 6 1 1,JUL ? 2026", "2026-01-01 06:00", "2026-07-01 06:00") == [
        "Thu 2026-01-01 06:30",
        "Wed 2026-07-01 06:00",
    ]
    assert times("0 0 29 FEB ? *", "2026-01-01", "2029-01-01") == ["Tue 2028-02-29 00:00"]
    assert times("0 0 30 2 ? 2026-2028", "2026-01-01", "2029-01-01") == []


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 6 * * MON *", "only in one"),
        ("0 6 ? * ? *", "only in one"),
        ("0 6 * * ?", "has 5 fields"),
        ("*/5 6 * * ? *", "has steps"),
        ("60 6 * * ? *", "'60' is none of 0 to 59"),
        ("0 6 ? * 0 *", "'0' is none of 1 to 7"),
        ("0 6 ? * FRI-MON *", "runs backwards"),
        ("0 6 L * ? *", "'L' is none of 1 to 31"),
        ("not a ? at all really", "'not' is none"),
    ],
)
def test_what_is_no_cron_of_the_vendor_is_refused(cron, said):
    with pytest.raises(ValueError, match=said):
        Cron.parse(cron)


def test_a_clock_goes_forward_only_and_things_happen_at_their_time():
    clock = Clock(at("2026-06-01"))
    happened: list[datetime] = []
    due = [at("2026-06-01 06:00"), at("2026-06-02 06:00")]
    clock.follow(
        lambda start, end: (
            (when, lambda: happened.append(clock.now())) for when in due if start < when <= end
        )
    )
    clock.advance(to=at("2026-06-02 07:00"))
    assert [when.replace(second=0, microsecond=0) for when in happened] == due
    clock.advance(days=1)
    assert len(happened) == 2
    with pytest.raises(ValueError, match="forward only"):
        clock.advance(to=at("2026-06-01"))


def test_a_cron_starts_its_job_at_each_of_its_times(job, bmll_emulator):
    from bmll.compute import CronTrigger, JobTrigger

    now = bmll_emulator.clock.now()
    bmll_emulator.clock.advance(to=datetime(now.year + 1, 6, 1, 5, tzinfo=UTC))
    made = job(triggers=[JobTrigger("nightly", CronTrigger("0 6 * * ? *"))])
    bmll_emulator.clock.advance(days=2)
    fired = [(run.job_id, run.reason, run.states[0][1].hour) for run in bmll_emulator.runs]
    assert fired == [(made.id, "trigger nightly", 6)] * 2
    assert [run.states[0][1].day for run in bmll_emulator.runs] == [1, 2]
    made.delete_trigger(made.triggers[0].trigger_id)
    assert made.triggers == []
    bmll_emulator.clock.advance(days=2)
    assert len(bmll_emulator.runs) == 2


def test_an_inactive_job_does_not_start_by_itself(job, bmll_emulator):
    from bmll.compute import CronTrigger, JobTrigger

    made = job(triggers=[JobTrigger("nightly", CronTrigger("0 6 * * ? *"))])
    made.update(active=False)
    bmll_emulator.clock.advance(days=2)
    assert bmll_emulator.runs == []


def test_a_bad_cron_leaves_the_job_behind_without_its_trigger(job, bmll_emulator):
    from bmll.compute import CronTrigger, JobTrigger

    with pytest.raises(Exception, match="400"):
        job(triggers=[JobTrigger("nightly", CronTrigger("0 6 * * 1-5"))])
    (orphan,) = bmll_emulator.jobs
    assert orphan.active
    assert orphan.triggers == {}


def test_a_job_starts_once_when_the_last_of_its_markets_is_there(job, bmll_emulator):
    from bmll.compute import JobTrigger, L3Availability

    made = job(triggers=[JobTrigger("there", L3Availability("XLON", "XPAR"))])
    (trigger,) = made.triggers
    assert sorted(trigger.trigger) == ["XLON", "XPAR"]
    day = date(2026, 6, 1)
    bmll_emulator.make_available("l3", "XLON", day=day)
    bmll_emulator.make_available("MarketDataTrades", "XPAR", day=day)
    assert bmll_emulator.runs == []
    bmll_emulator.make_available("l3", "XPAR", day=day)
    bmll_emulator.make_available("l3", "XPAR", day=day)
    assert [run.reason for run in bmll_emulator.runs] == ["trigger there"]
    bmll_emulator.make_available("l3", "XLON", "XPAR", day=date(2026, 6, 2))
    assert len(bmll_emulator.runs) == 2


def test_a_data_set_is_waited_for_and_a_market_must_be_known(job, bmll_emulator):
    from bmll.compute import DataSetAvailability, JobTrigger

    made = job(triggers=[JobTrigger("there", DataSetAvailability("MarketDataTrades", "XLON"))])
    assert made.triggers[0].trigger.data_set == "MarketDataTrades"
    bmll_emulator.make_available("MarketDataTrades", "XLON")
    assert len(bmll_emulator.runs) == 1
    with pytest.raises(ValueError, match="XXXX"):
        DataSetAvailability("MarketDataTrades", "XXXX")


def test_a_trigger_is_changed(job, ask):
    from bmll.compute import CronTrigger, JobTrigger

    made = job(triggers=[JobTrigger("nightly", CronTrigger("0 6 * * ? *"))])
    path = f"/jobs/{made.id}/triggers/{made.triggers[0].trigger_id}"
    status, _ = ask("PATCH", path, {"name": "later", "cron": "0 7 * * ? *"})
    made.reload()
    assert status == 200
    assert [(each.name, each.trigger.cron) for each in made.triggers] == [("later", "0 7 * * ? *")]
