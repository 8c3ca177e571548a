"""What a run has said is told whole, in order, and once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import LogLine
from beaf_bmll.sdk import Follower
from beaf_bmll.sdk.logs import line_of
from beaf_bmll.testing.jobs import LogEvent


@pytest.fixture
def run(gateway, spec):
    return gateway.execute(gateway.create_job(spec).id)


@pytest.fixture
def says(emulator, run):
    """Let the run say something, so many seconds after it began."""
    stream = emulator.run(run.id).stream
    began = run.states[0][1].replace(microsecond=0)

    def say(seconds, text):
        stream.append(LogEvent(began + timedelta(seconds=seconds), text))

    return say


def texts(lines):
    return [line.text for line in lines]


def test_a_log_of_several_pages_is_read_whole_and_oldest_first(gateway, run, says, asked):
    said = [f"line {number}" for number in range(120)]
    for number, text in reversed(list(enumerate(said))):
        says(number, text)
    asked()
    assert texts(gateway.logs(run, "stream")) == said
    assert len(asked()) == 3


def test_the_log_of_a_run_of_days_ago_is_read_since_it_began(gateway, emulator, run, says):
    """The vendor's client reads since midnight: of yesterday's run, nothing."""
    long_ago = timedelta(days=3)
    servers_run = emulator.run(run.id)
    servers_run.states[:] = [(name, at - long_ago) for name, at in servers_run.states]
    says(-long_ago.total_seconds(), "of three days ago")
    (known,) = gateway.runs_of(run.job_id)
    assert texts(gateway.logs(known, "stream")) == ["of three days ago"]


def test_a_window_that_is_given_holds(gateway, run, says):
    for minute in range(5):
        says(60 * minute, f"minute {minute}")
    began = run.states[0][1].replace(microsecond=0)
    window = began + timedelta(minutes=1), began + timedelta(minutes=3)
    assert texts(gateway.logs(run, "stream", *window)) == ["minute 1", "minute 2", "minute 3"]


def test_a_follower_tells_equal_lines_of_one_moment_as_often_as_they_were_said(gateway, run, says):
    follower = Follower(gateway, run)
    says(1, "done")
    says(1, "done")
    assert texts(follower.new_lines()) == ["done", "done"]
    says(1, "done")
    assert texts(follower.new_lines()) == ["done"]
    assert texts(follower.rest()) == []


def test_a_follower_reads_on_where_it_stopped_and_finds_what_was_late(gateway, run, says):
    follower = Follower(gateway, run)
    says(600, "ten minutes")
    assert texts(follower.new_lines()) == ["ten minutes"]
    says(570, "half a minute late")
    says(1, "far too late")
    assert texts(follower.new_lines()) == ["half a minute late"]
    assert texts(follower.rest()) == ["far too late"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.tuples(st.integers(0, 300), st.sampled_from("ab")), max_size=8)))
def test_whatever_comes_when_every_line_is_told_once(gateway, emulator, spec, polls):
    run = gateway.execute(gateway.create_job(spec).id)
    stream = emulator.run(run.id).stream
    began = run.states[0][1].replace(microsecond=0)
    follower, told = Follower(gateway, run), Counter()
    for said in polls:
        stream.extend(LogEvent(began + timedelta(seconds=at), text) for at, text in said)
        told.update(follower.new_lines())
    told.update(follower.rest())
    assert told == Counter(LogLine(event.at, event.message) for event in stream)


def test_times_of_events_may_be_milliseconds_or_words():
    noon = datetime(2026, 1, 2, 12, 0, 0, 250_000, tzinfo=UTC)
    as_number = {"timestamp": 1767355200250, "message": "a\n", "eventId": "7"}
    as_text = {"timestamp": "2026-01-02T12:00:00.250", "message": "a"}
    assert line_of(as_number) == line_of(as_text) == LogLine(noon, "a")


@pytest.mark.parametrize("event", ["plain text", {"message": "no time"}, {"timestamp": 1}])
def test_an_event_of_another_shape_is_told_to_be_one(event):
    with pytest.raises(ValueError, match="without timestamp and message"):
        line_of(event)


def test_logs_of_a_run_that_is_gone_are_a_clear_error(gateway, run):
    gateway.delete_job(run.job_id)
    with pytest.raises(BMLLError, match="job runs not found") as caught:
        list(gateway.logs(run, "general"))
    assert caught.value.status == 404
