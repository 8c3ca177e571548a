"""Does a submission become exactly one run, whatever the answers are, and whoever else submits?"""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.beaf_bmll.tests.submit.compute import CONFIG, Compute, lost, refused, submission

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import SUBMIT_ID
from beaf_bmll.schedules import Schedules
from beaf_bmll.submit import Asking, Ledger, Submitted, Submitter, end_run, submit_id_of
from beaf_core import UsageError


def submitter(compute: Compute, folder: Path) -> Submitter:
    return Submitter(compute, CONFIG, folder, clock=compute.time.clock)


def test_a_submission_becomes_one_run_of_one_marked_job(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    (job,) = compute.all_jobs
    (run,) = compute.living
    assert (done.job_id, done.run_id, done.adopted, done.notes) == (job.id, run.id, False, ())
    expected = {
        "beaf_request": "requests/0.json",
        "beaf_digest": "0",
        SUBMIT_ID: submit_id_of("a run"),
    }
    assert job.parameters == run.parameters == expected


def test_logs_lie_in_a_folder_of_the_job(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    expected = f"intraday-metrics/_bmll_jobs/{done.job_id}/logs"
    assert done.log_path == expected
    assert compute.all_runs[0].log_path == expected


def test_the_same_submission_again_gives_the_same_run(tmp_path: Path) -> None:
    compute = Compute()
    first = submitter(compute, tmp_path).submit(submission())
    compute.calls.clear()
    second = submitter(compute, tmp_path).submit(submission())
    assert second.adopted
    assert (second.job_id, second.run_id) == (first.job_id, first.run_id)
    assert compute.calls == []  # the ledger knows


def test_another_machine_without_our_ledger_takes_the_run_over(tmp_path: Path) -> None:
    compute = Compute()
    first = submitter(compute, tmp_path / "here").submit(submission())
    second = submitter(compute, tmp_path / "there").submit(submission())
    assert (second.adopted, second.run_id) == (True, first.run_id)
    assert [each.id for each in compute.all_jobs] == [first.job_id]
    assert len(compute.all_runs) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["create_job", "update_job", "execute"])
@pytest.mark.parametrize("times", [1, 2])
def test_lost_answers_leave_one_run(tmp_path: Path, method: str, when: str, times: int) -> None:
    compute = Compute()
    compute.fail(method, when, lost(), times)
    done = submitter(compute, tmp_path).submit(submission())
    assert [each.id for each in compute.living] == [done.run_id]
    assert [each.id for each in compute.all_jobs] == [done.job_id]


@pytest.mark.parametrize("method", ["create_job", "update_job", "execute"])
def test_a_refusal_is_one_clear_error_and_leaves_nothing(tmp_path: Path, method: str) -> None:
    compute = Compute()
    compute.fail(method, "before", refused())
    with pytest.raises(BMLLError, match="answered 400") as caught:
        submitter(compute, tmp_path).submit(submission())
    assert not caught.value.unsure
    assert compute.all_jobs == []
    entry = Ledger(tmp_path).find(submit_id_of("a run"))
    assert entry is not None
    assert (entry.step, "answered 400" in entry.note) == ("void", True)


def test_what_was_refused_may_be_submitted_again(tmp_path: Path) -> None:
    compute = Compute()
    compute.fail("execute", "before", refused())
    with pytest.raises(BMLLError):
        submitter(compute, tmp_path).submit(submission())
    done = submitter(compute, tmp_path).submit(submission())
    assert [each.id for each in compute.living] == [done.run_id]


@pytest.mark.parametrize("method", ["create_job", "execute"])
def test_what_is_listed_late_is_waited_for(tmp_path: Path, method: str) -> None:
    compute = Compute(listed_after=12.0)
    compute.fail(method, "after", lost())
    done = submitter(compute, tmp_path).submit(submission())
    assert [each.id for each in compute.living] == [done.run_id]
    assert compute.calls.count(method) == 1  # it was not asked for again
    assert any("made although the answer was: answered 503" in note for note in done.notes)


def test_a_run_that_never_comes_is_an_error_that_leaves_the_doctor_a_trace(tmp_path: Path) -> None:
    compute = Compute()
    compute.fail("execute", "before", lost(), times=99)
    with pytest.raises(BMLLError, match="the run could not be made, and none is listed") as caught:
        submitter(compute, tmp_path).submit(submission())
    assert caught.value.unsure
    assert compute.living == []
    assert compute.calls.count("execute") == 3
    entry = Ledger(tmp_path).find(submit_id_of("a run"))
    assert entry is not None
    assert (entry.step, entry.job_id) == ("starting", compute.all_jobs[0].id)
    compute.faults.clear()
    done = submitter(compute, tmp_path).submit(submission())  # the same again takes it up
    assert [each.id for each in compute.all_jobs] == [done.job_id]
    assert [each.id for each in compute.living] == [done.run_id]


def test_a_run_that_nobody_can_look_for_is_an_error_that_says_so(tmp_path: Path) -> None:
    compute = Compute()
    compute.fail("execute", "after", lost())
    compute.fail("runs_of", "before", lost(500), times=1)  # seen once before anything is asked
    compute.meddle = lambda method: (
        method == "execute" and compute.fail("runs_of", "before", lost(500), times=99)
    )
    with pytest.raises(BMLLError, match="whether the run was made is not known") as caught:
        submitter(compute, tmp_path).submit(submission())
    assert caught.value.unsure
    assert len(compute.living) == 1
    compute.faults.clear()
    compute.meddle = lambda method: None
    done = submitter(compute, tmp_path).submit(submission())
    assert (done.adopted, [each.id for each in compute.living]) == (True, [done.run_id])


def test_the_time_of_a_submission_is_bounded(tmp_path: Path) -> None:
    compute = Compute()
    compute.fail("create_job", "before", lost(), times=99)
    with pytest.raises(BMLLError):
        submitter(compute, tmp_path).submit(submission())
    assert compute.time.seconds <= CONFIG.submit_timeout


def test_time_that_is_up_before_the_run_is_asked_for_leaves_nothing(tmp_path: Path) -> None:
    compute = Compute()

    def stall(method: str) -> None:
        if method == "update_job":
            compute.time.pass_(CONFIG.submit_timeout)

    compute.meddle = stall
    with pytest.raises(BMLLError, match="the time of 120 s was up before asking for the run"):
        submitter(compute, tmp_path).submit(submission())
    assert (compute.all_jobs, compute.all_runs) == ([], [])


def test_a_second_run_that_a_server_made_of_one_request_is_ended(tmp_path: Path) -> None:
    compute = Compute()
    doubled: list[str] = []

    def twice(method: str) -> None:
        if method == "execute" and not doubled:
            doubled.append(method)
            compute.execute(compute.all_jobs[0].id, submission().spec.parameters)
            compute.time.pass_(1)

    compute.meddle = twice
    done = submitter(compute, tmp_path).submit(submission())
    first, second = compute.all_runs
    assert (done.run_id, first.active, second.active) == (first.id, True, False)
    assert done.notes == (f"a second run, {second.id}, was ended",)


def test_a_second_run_that_cannot_be_ended_is_told(tmp_path: Path) -> None:
    compute = Compute()
    compute.fail("terminate", "before", refused(), times=9)
    doubled: list[str] = []

    def twice(method: str) -> None:
        if method == "execute" and not doubled:
            doubled.append(method)
            compute.execute(compute.all_jobs[0].id, {})

    compute.meddle = twice
    done = submitter(compute, tmp_path).submit(submission())
    assert "goes on (answered 400)" in done.notes[0]


def test_the_run_that_holds_the_lease_is_kept_even_where_it_is_the_younger(tmp_path: Path) -> None:
    compute = Compute()
    doubled: list[str] = []

    def twice(method: str) -> None:
        if method == "execute" and not doubled:
            doubled.append(method)
            compute.execute(compute.all_jobs[0].id, {})
            compute.time.pass_(1)

    class Words:
        def status(self, submit_id: str) -> str | None:
            return "running"

        def holder(self, submit_id: str) -> str | None:
            return compute.all_runs[-1].id

    compute.meddle = twice
    clock = compute.time.clock
    done = Submitter(compute, CONFIG, tmp_path, words=Words(), clock=clock).submit(submission())
    first, second = compute.all_runs
    assert (done.run_id, first.active, second.active) == (second.id, False, True)


@pytest.mark.parametrize("moment", range(6))
def test_two_machines_that_submit_the_same_at_once_leave_one_run(
    tmp_path: Path, moment: int
) -> None:
    """The other one submits between two of our calls, whichever two."""
    compute = Compute()
    theirs: list[Submitted] = []

    def meddle(method: str) -> None:
        if len(compute.calls) == moment:
            compute.meddle = lambda method: None
            theirs.append(submitter(compute, tmp_path / "there").submit(submission()))
            compute.time.pass_(1)

    compute.meddle = meddle
    ours = submitter(compute, tmp_path / "here").submit(submission())
    assert len(compute.living) == 1
    assert ours.run_id == compute.living[0].id
    assert len(theirs) == 1


def test_a_job_that_has_run_is_taken_over_before_an_elder_one_that_has_not(tmp_path: Path) -> None:
    compute = Compute()
    marked = replace(submission().spec, parameters={SUBMIT_ID: submit_id_of("a run")})
    idle = compute.create_job(marked)
    compute.time.pass_(1)
    used = compute.create_job(marked)
    run = compute.execute(used.id, {})
    done = submitter(compute, tmp_path).submit(submission())
    assert (done.adopted, done.job_id, done.run_id) == (True, used.id, run.id)
    assert [each.id for each in compute.all_jobs] == [used.id]
    assert f"a second job, {idle.id}, was deleted" in done.notes


def test_a_look_that_fails_for_a_moment_does_not_hide_anothers_job(tmp_path: Path) -> None:
    compute = Compute()
    first = submitter(compute, tmp_path / "there").submit(submission())
    compute.fail("jobs", "before", lost(), times=2)
    second = submitter(compute, tmp_path / "here").submit(submission())
    assert (second.adopted, second.run_id) == (True, first.run_id)
    assert len(compute.all_runs) == len(compute.all_jobs) == 1


def test_without_a_look_at_the_jobs_nothing_is_started(tmp_path: Path) -> None:
    compute = Compute()
    compute.fail("jobs", "before", lost(), times=999)
    with pytest.raises(BMLLError, match="the time of 120 s was up before asking for the run"):
        submitter(compute, tmp_path).submit(submission())
    assert (compute.all_runs, compute.all_jobs) == ([], [])


def test_pages_of_the_ledger_are_closed_to_others_and_hold_no_parameters(tmp_path: Path) -> None:
    compute = Compute()
    submitter(compute, tmp_path).submit(submission())
    (page,) = Ledger(tmp_path).pages()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    values = json.loads(page.read_text())
    assert "requests/0.json" not in page.read_text()
    assert values["step"] == "started"


def test_what_was_taken_back_is_not_started_again_under_its_name(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    done = ours.submit(submission())
    entry = ours.ledger.find(done.submit_id)
    assert entry is not None
    ours.ledger.write(entry, step="void", note="one machine too many")
    with pytest.raises(UsageError, match="was taken back: one machine too many"):
        ours.submit(submission())
    assert len(compute.all_runs) == 1


def outcome(submitter: Submitter) -> tuple[Submitted | None, BMLLError | None]:
    try:
        return submitter.submit(submission()), None
    except BMLLError as error:
        return None, error


_METHODS = ["create_job", "update_job", "execute", "jobs", "runs_of", "get_job", "delete_job"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    faults=st.lists(
        st.tuples(
            st.sampled_from(_METHODS),
            st.sampled_from(["before", "after"]),
            st.sampled_from([lost, refused]),
            st.integers(1, 4),
        ),
        max_size=4,
    ),
    listed_after=st.sampled_from([0.0, 5.0, 14.0]),
)
def test_whatever_goes_wrong_there_is_one_run_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, faults: list, listed_after: float
) -> None:
    compute = Compute(listed_after=listed_after)
    for method, when, error, times in faults:
        # A refusal after the deed is a lie that no server tells.
        compute.fail(method, when if error is lost else "before", error(), times)
    ours = submitter(compute, tmp_path_factory.mktemp("ledger"))
    done, error = outcome(ours)
    expected = [done.run_id] if done else [each.id for each in compute.living if error.unsure]
    assert [each.id for each in compute.living] == expected
    compute.faults.clear()
    compute.time.pass_(60)
    done = ours.submit(submission())  # the same again always ends well
    assert [each.id for each in compute.living] == [done.run_id]


def test_a_run_that_is_not_listed_yet_is_asked_to_end_until_the_vendor_has_heard_it() -> None:
    compute = Compute(listed_after=5.0)
    job = compute.create_job(submission().spec)
    run = compute.execute(job.id)
    compute.fail("terminate", "before", lost())
    clock = compute.time.clock
    end_run(compute, Asking(clock, clock.deadline(60.0)), run.id, job.id)
    assert compute.living == []


def test_a_job_that_was_deleted_and_is_still_listed_is_not_taken_up_again(tmp_path: Path) -> None:
    compute = Compute(buries=False)
    compute.fail("execute", "before", refused())
    with pytest.raises(BMLLError):
        submitter(compute, tmp_path).submit(submission())
    (dead,) = compute.all_jobs
    assert not dead.active
    done = submitter(compute, tmp_path).submit(submission())
    assert done.job_id != dead.id
    assert [each.job_id for each in compute.living] == [done.job_id]
    config = Config(jobs_dir=str(tmp_path))
    named = Schedules(compute, config).named("a run")
    assert [each.id for each in named] == [done.job_id]
