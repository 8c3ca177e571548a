"""Does the emulator behave otherwise where a guess is told to be otherwise?"""

from __future__ import annotations

from datetime import datetime

import pytest

from beaf_bmll.testing import Guesses

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")


def otherwise(**guesses):
    return pytest.mark.parametrize(
        "bmll_emulator", [{"guesses": Guesses(**guesses)}], indirect=True
    )


@otherwise(completed="DONE", failed="BROKEN", terminated="KILLED")
def test_states_may_have_other_names(job, compute, bmll_emulator):
    assert bmll_emulator.wait(job("true").execute().id).state == "DONE"
    assert bmll_emulator.wait(job("false").execute().id).state == "BROKEN"
    killed = job("sleep 60").execute()
    compute.terminate_job_run(killed.id)
    assert bmll_emulator.run(killed.id).state == "KILLED"
    assert list(compute.get_job_runs(state="active")) == []


@otherwise(merge_parameters=True)
def test_parameters_may_be_merged(job):
    run = job(a="1", b="1").execute(script_parameters={"b": "2"})
    assert run.script_parameters == {"a": "1", "b": "2"}


@otherwise(unique_names=True)
def test_names_may_be_unique(job, bmll_emulator):
    job(name="nightly")
    with pytest.raises(Exception, match="job nightly exists"):
        job(name="nightly")
    assert len(bmll_emulator.jobs) == 1


@otherwise(runs_tell_their_job=True, newest_first=False, offset="Z", log_times_as_text=True)
def test_lists_times_and_events_may_look_otherwise(job, ask, bmll_emulator):
    made = job()
    runs = [made.execute() for _ in range(2)]
    for run in runs:
        bmll_emulator.wait(run.id)
    _, listed = ask("GET", "/runs")
    assert [(each["jobRunId"], each["jobId"]) for each in listed["result"]] == [
        (run.id, made.id) for run in runs
    ]
    assert listed["result"][0]["states"][0][1].endswith("Z")
    (event,) = runs[0].stream_logs(end_time="2999-01-01T00:00:00")
    assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None


@otherwise(ended_stay_ended=False)
def test_to_end_what_has_ended_may_be_no_fault(job, compute, bmll_emulator):
    run = job().execute()
    bmll_emulator.wait(run.id)
    assert compute.terminate_job_run(run.id)["jobRunId"] == run.id
    assert bmll_emulator.run(run.id).state == "completed"


@otherwise(cron_steps=True)
def test_steps_in_crons_may_be_taken(job, bmll_emulator):
    from bmll.compute import CronTrigger, JobTrigger

    year = bmll_emulator.clock.now().year + 1
    bmll_emulator.clock.advance(to=datetime(year, 6, 1, 5, 59))
    job(triggers=[JobTrigger("often", CronTrigger("5/20,50 6 * * ? *"))])
    bmll_emulator.clock.advance(hours=2)
    assert [run.states[0][1].minute for run in bmll_emulator.runs] == [5, 25, 45, 50]


@otherwise(log_page=2)
def test_pages_of_logs_may_be_small(job, bmll_emulator):
    run = job("seq 5").execute()
    bmll_emulator.wait(run.id)
    events = run.stream_logs(end_time="2999-01-01T00:00:00")
    assert [event["message"] for event in events] == ["1", "2", "3", "4", "5"]
    asked = [each for each in bmll_emulator.requests if each.path.endswith("/stream")]
    assert len(asked) == 3
