"""What is believed of the servers is compared with what they do, and nothing is changed by that."""

from __future__ import annotations

from datetime import date

import pytest

from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import Trigger
from beaf_bmll.sdk import check_conformance
from beaf_bmll.sdk.conformance import two_business_days_before
from beaf_bmll.testing.jobs import LogEvent


@pytest.fixture
def lived_in(gateway, emulator, spec):
    """Servers with some history: two jobs of one name, a cron, and a run that has ended."""
    first, second = gateway.create_job(spec), gateway.create_job(spec)
    gateway.add_trigger(first.id, Trigger("nightly", cron="0 6 ? * MON-FRI *"))
    run = gateway.execute(second.id)
    servers_run = emulator.run(run.id)
    servers_run.stream.append(LogEvent(run.states[0][1], "hello"))
    emulator.end(run.id)
    gateway.execute(first.id)
    emulator.requests.clear()
    return servers_run


def verdicts(config):
    return {each.question: each for each in check_conformance(config)}


def test_servers_that_are_as_believed_agree_in_everything_that_can_be_told(config, lived_in):
    told = verdicts(config)
    assert [each for each in told.values() if each.agrees is False] == []
    sure = {question for question, each in told.items() if each.agrees}
    assert {
        "Which number has the first page of a listing?",
        "What is on a page behind the last?",
        "What is said of a job that is not there?",
        "In which states do runs end?",
        "In which states are active runs?",
        "Are names of jobs unique?",
        "How does an event of a script's output look?",
    } <= sure
    assert told["In which states do runs end?"].observed == "completed"


def test_asking_changes_nothing(config, lived_in, emulator):
    verdicts(config)
    methods = {each.method for each in emulator.requests if "/compute/" in each.path}
    assert methods == {"GET"}


def test_another_word_for_an_end_is_told(config, lived_in):
    lived_in.states[-1] = ("exploded", lived_in.states[-1][1])
    told = verdicts(config)["In which states do runs end?"]
    assert (told.observed, told.agrees) == ("exploded", False)
    assert told.as_row()["verdict"] == "OTHERWISE"


def test_servers_without_history_leave_questions_open_and_say_what_is_wanting(config, gateway):
    told = verdicts(config)
    assert [each for each in told.values() if each.agrees is False] == []
    assert told["In which states do runs end?"].observed == "no run has ended yet"
    assert told["Are names of jobs unique?"].agrees is None
    assert told["How do parameters come back?"].agrees is None


def test_one_question_that_fails_leaves_the_others_their_answers(config, lived_in, emulator):
    emulator.faults.add("GET", "/compute/runs/*/stream", "500", times=None)
    told = verdicts(config)
    failed = told["How does an event of a script's output look?"]
    assert failed.agrees is None
    assert "answered 500" in failed.observed
    assert told["How does an event of the general log look?"].agrees


def test_no_answer_holds_a_secret(config, lived_in, gateway):
    headers = gateway.session.read(lambda sdk: sdk.get_auth_headers())
    told = str([each.as_row() for each in check_conformance(config)])
    assert headers["Authorization"].removeprefix("Bearer ") not in told
    assert headers["x-api-key"] not in told


def test_who_cannot_list_jobs_is_told_so(config, lived_in, emulator):
    emulator.faults.add("GET", "/compute/jobs", "503", times=None)
    with pytest.raises(BMLLError, match="answered 503"):
        check_conformance(config)


@pytest.mark.parametrize(
    ("day", "before"),
    [
        ("2026-11-23", "2026-11-19"),  # a Monday
        ("2026-11-24", "2026-11-20"),
        ("2026-11-25", "2026-11-23"),
        ("2026-11-28", "2026-11-26"),  # a Saturday
        ("2026-11-29", "2026-11-26"),
    ],
)
def test_markets_are_asked_of_a_day_that_has_some(day, before):
    asked = two_business_days_before(date.fromisoformat(day))
    assert asked == date.fromisoformat(before)
