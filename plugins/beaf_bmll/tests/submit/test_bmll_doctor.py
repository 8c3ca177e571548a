"""Is everything that a dead submitter leaves found, and put right?"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from plugins.beaf_bmll.tests.submit.compute import (
    CONFIG,
    Compute,
    Killed,
    lost,
    refused,
    submission,
)

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError, CapReachedError
from beaf_bmll.gateway import SUBMIT_ID, Trigger
from beaf_bmll.submit import (
    Clock,
    Doctor,
    Entry,
    Ledger,
    StillActiveError,
    Submitter,
    submit_id_of,
)
from beaf_bmll.submit.lock import one_at_a_time
from beaf_core import LockedError


def submitter(compute: Compute, folder: Path) -> Submitter:
    return Submitter(compute, CONFIG, folder, clock=compute.time.clock)


def doctor(compute: Compute, folder: Path, words: object = None) -> Doctor:
    return Doctor(compute, CONFIG, folder, words=words, clock=compute.time.clock)


def entry_of(folder: Path, name: str = "a run") -> Entry:
    entry = Ledger(folder).find(submit_id_of(name))
    assert entry is not None
    return entry


class Words:
    """What a job has left."""

    def __init__(self, status: str | None = None, holder: str | None = None) -> None:
        self._status, self._holder = status, holder

    def status(self, submit_id: str) -> str | None:
        return self._status

    def holder(self, submit_id: str) -> str | None:
        return self._holder


class Death:
    """Kills a submitter at its nth event: before or after a call, before or after a page."""

    def __init__(self, patch: pytest.MonkeyPatch, compute: Compute, nth: int) -> None:
        self.left, self.last = nth, ""
        do, write = compute._do, Ledger.write

        def call(method: str, deed: object) -> object:
            return self._around(method, lambda: do(method, deed))

        def page(ledger: Ledger, entry: Entry, **changes: object) -> Entry:
            return self._around(
                f"page {changes.get('step')}", lambda: write(ledger, entry, **changes)
            )

        patch.setattr(compute, "_do", call)
        patch.setattr(Ledger, "write", page)

    @property
    def came(self) -> bool:
        return self.left <= 0

    def _around(self, what: str, deed: object) -> object:
        self._tick(f"before {what}")
        done = deed()
        self._tick(f"after {what}")
        return done

    def _tick(self, what: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.last = what
            raise Killed


def died(compute: Compute, folder: Path, nth: int, **options: object) -> str:
    """Submit, and die at the nth event; say at which, or nothing where it came through."""
    with pytest.MonkeyPatch.context() as patch:
        death = Death(patch, compute, nth)
        try:
            submitter(compute, folder).submit(submission(**options))
        except Killed:
            return death.last
    return ""


def each_death(
    folder: Path, listed_after: float = 0.0, lost_first: str = "", **options: object
) -> Iterator[tuple[str, Compute, Path]]:
    """Let submitters die at every moment there is."""
    for nth in itertools.count(1):
        compute = Compute(listed_after=listed_after)
        if lost_first:
            compute.fail(lost_first, "before", lost())
        ledger = folder / str(nth)
        moment = died(compute, ledger, nth, **options)
        if not moment:
            assert nth > 20, "fewer moments than a submission has calls"
            return
        yield moment, compute, ledger


def test_wherever_a_submitter_dies_the_doctor_leaves_one_known_run_or_nothing(
    tmp_path: Path,
) -> None:
    for moment, compute, folder in each_death(tmp_path, cap=2):
        compute.time.pass_(3600)
        found = doctor(compute, folder).repair()
        assert all(each.done for each in found), (moment, found)
        assert doctor(compute, folder).diagnose() == [], moment
        entry = Ledger(folder).find(submit_id_of("a run"))
        if compute.living:
            assert [each.id for each in compute.living] == [entry.run_id], moment
            assert [each.id for each in compute.all_jobs] == [entry.job_id], moment
            assert entry.step == "started", moment
        else:
            assert compute.all_jobs == [], moment
            assert entry is None or entry.step == "void", moment


@pytest.mark.parametrize("lost_first", ["", "create_job", "execute"])
@pytest.mark.parametrize("listed_after", [0.0, 12.0])
def test_wherever_a_submitter_dies_the_next_one_of_the_same_makes_it_one_run(
    tmp_path: Path, listed_after: float, lost_first: str
) -> None:
    for moment, compute, folder in each_death(tmp_path, listed_after, lost_first, cap=2):
        done = submitter(compute, folder).submit(submission(cap=2))
        assert [each.id for each in compute.living] == [done.run_id], moment
        assert [each.id for each in compute.all_jobs] == [done.job_id], moment
        assert done.log_path.endswith(f"/{done.job_id}/logs"), moment


def test_wherever_a_submitter_dies_the_lock_is_free_and_the_cap_holds(tmp_path: Path) -> None:
    for moment, compute, folder in each_death(tmp_path, cap=1):
        before = len(compute.living)
        try:
            submitter(compute, folder).submit(submission("another", cap=1))
        except CapReachedError:
            # Refused where a run is there, or may be: never where nothing was ever asked for.
            assert before or "execute" in moment or "page s" in moment, moment
        assert len(compute.living) <= 1, moment


def test_the_doctor_leaves_alone_what_may_still_be_at_work(tmp_path: Path) -> None:
    for moment, compute, folder in each_death(tmp_path):
        jobs, runs = compute.all_jobs, compute.all_runs
        found = doctor(compute, folder).repair()
        assert all(each.action == "nothing" for each in found), (moment, found)
        assert (compute.all_jobs, compute.all_runs) == (jobs, runs), moment


def test_the_next_submission_tells_of_one_that_was_broken_off(tmp_path: Path) -> None:
    for moment, compute, folder in each_death(tmp_path):
        done = submitter(compute, folder).submit(submission("another"))
        entry = Ledger(folder).find(submit_id_of("a run"))
        told = "the submission of beaf a run was broken off, and may have a run: see "
        expected = [told + "`beaf job doctor`"] if entry and entry.underway else []
        assert list(done.notes) == expected, moment


def test_a_diagnosis_changes_nothing(tmp_path: Path) -> None:
    for moment, compute, folder in each_death(tmp_path):
        compute.time.pass_(3600)
        pages = {page: page.read_text() for page in Ledger(folder).pages()}
        compute.calls.clear()
        doctor(compute, folder).diagnose()
        assert set(compute.calls) <= {"jobs", "active_runs", "runs_of"}, moment
        assert {page: page.read_text() for page in Ledger(folder).pages()} == pages


def test_a_run_that_goes_on_after_a_withdrawal_broke_off_is_ended(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    done = ours.submit(submission())
    ours.ledger.write(entry_of(tmp_path), step="withdrawing", note="one machine too many")
    compute.time.pass_(3600)
    (finding,) = doctor(compute, tmp_path).repair()
    assert (finding.action, finding.run_id, finding.done) == ("terminate", done.run_id, True)
    assert (compute.living, compute.all_jobs) == ([], [])
    assert entry_of(tmp_path).step == "void"


def test_a_machine_that_is_gone_before_the_job_said_how_it_went_is_lost(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    compute.end(done.run_id, "failed")
    (finding,) = doctor(compute, tmp_path, Words("running")).repair()
    assert finding.kind == "lost"
    assert "machine of beaf a run is gone" in finding.message
    assert entry_of(tmp_path).outcome == "lost"
    assert [each.id for each in compute.all_jobs] == [done.job_id]  # it did not succeed


def test_a_run_that_has_ended_well_is_written_down_and_its_job_deleted(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    compute.end(done.run_id, "whatever the vendor calls it")
    found = doctor(compute, tmp_path, Words("succeeded")).repair()
    assert [each.kind for each in found] == ["ended", "refuse"]
    assert compute.all_jobs == []
    entry = entry_of(tmp_path)
    assert (entry.step, entry.outcome, entry.job_deleted) == ("ended", "succeeded", True)


@pytest.mark.parametrize(
    ("delete_after", "state", "deleted"),
    [
        ("success", "succeeded", True),
        ("success", "failed", False),
        ("always", "failed", True),
        ("never", "succeeded", False),
    ],
)
def test_a_job_is_deleted_after_its_end_as_it_was_asked(
    tmp_path: Path, delete_after: str, state: str, deleted: bool
) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission(delete_after=delete_after))
    before = doctor(compute, tmp_path).clean_up(done.submit_id)
    assert before is not None
    assert (before.step, len(compute.all_jobs)) == ("started", 1)  # it runs: nothing is deleted
    compute.end(done.run_id, state)
    after = doctor(compute, tmp_path).clean_up(done.submit_id)
    assert after is not None
    assert (after.step, after.outcome, after.job_deleted) == ("ended", state, deleted)
    assert (compute.all_jobs == []) is deleted


def test_a_job_whose_second_run_lives_is_not_deleted(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    compute.execute(done.job_id, {})
    compute.end(done.run_id)
    with pytest.raises(StillActiveError, match="its run run-3 has not ended"):
        doctor(compute, tmp_path).clean_up(done.submit_id)
    assert len(compute.all_jobs) == len(compute.living) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_deletion_whose_answer_is_lost_is_carried_through(tmp_path: Path, when: str) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    compute.end(done.run_id)
    compute.fail("delete_job", when, lost(), times=2)
    entry = doctor(compute, tmp_path).clean_up(done.submit_id)
    assert entry is not None
    assert (entry.job_deleted, compute.all_jobs) == (True, [])


def test_a_deleted_job_that_is_still_listed_as_dead_is_deleted(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    compute.end(done.run_id)
    compute.buries = False
    entry = doctor(compute, tmp_path).clean_up(done.submit_id)
    assert entry is not None
    assert (entry.job_deleted, [each.active for each in compute.all_jobs]) == (True, [False])
    compute.time.pass_(3600)
    assert doctor(compute, tmp_path).diagnose() == []
    assert doctor(compute, tmp_path / "elsewhere").diagnose() == []


def test_what_cannot_be_put_right_says_why_and_stops_nothing_else(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    for name in ("a", "b"):
        compute.end(ours.submit(submission(name)).run_id)
    compute.fail("delete_job", "before", refused())
    found = doctor(compute, tmp_path).repair()
    assert [(each.kind, each.done, each.fault) for each in found] == [
        ("ended", True, None),
        ("ended", True, None),
        ("refuse", False, "answered 400"),
        ("refuse", True, None),
    ]
    assert len(compute.all_jobs) == 1


def test_what_is_left_of_long_ago_is_taken_away(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission(delete_after="never"))
    compute.end(done.run_id, "failed")
    doctor(compute, tmp_path).repair()
    assert len(compute.all_jobs) == 1
    compute.time.pass_(timedelta(days=CONFIG.retention_days, hours=1).total_seconds())
    doctor(compute, tmp_path).repair()
    assert compute.all_jobs == []
    compute.time.pass_(timedelta(days=CONFIG.retention_days, hours=1).total_seconds())
    doctor(compute, tmp_path).repair()
    assert Ledger(tmp_path).entries() == []


def test_jobs_that_nobody_here_knows_are_found(tmp_path: Path) -> None:
    compute = Compute()
    submitter(compute, tmp_path / "there").submit(submission("theirs"))
    orphan = compute.create_job(
        replace(submission("orphan").spec, parameters={SUBMIT_ID: submit_id_of("orphan")})
    )
    compute.time.pass_(3600)
    found = doctor(compute, tmp_path / "here").repair()
    assert [(each.kind, each.action, each.done) for each in found] == [
        ("unrecorded", "record", True),
        ("orphan", "delete_job", True),
    ]
    assert orphan.id not in {each.id for each in compute.all_jobs}
    taken_over = entry_of(tmp_path / "here", "theirs")
    assert (taken_over.run_id, taken_over.delete_after) == (compute.living[0].id, "never")


def test_schedules_and_strangers_are_left_alone(tmp_path: Path) -> None:
    compute = Compute()
    marked = replace(submission("nightly").spec, parameters={SUBMIT_ID: submit_id_of("nightly")})
    scheduled = compute.create_job(marked)
    compute.add_trigger(scheduled.id, Trigger("nightly", cron="0 6 ? * MON-FRI *"))
    stranger = compute.create_job(replace(marked, parameters={"their": "own"}))
    for job in (scheduled, stranger):
        compute.execute(job.id, {})
    compute.time.pass_(3600)
    assert doctor(compute, tmp_path).repair() == []
    assert len(compute.all_jobs) == len(compute.living) == 2


@pytest.mark.parametrize(
    ("holder", "action", "living"),
    [
        ("run-2", "terminate", ["run-2"]),
        ("run-3", "record", ["run-2", "run-3"]),
        (None, "nothing", ["run-2", "run-3"]),
    ],
)
def test_of_two_runs_of_one_job_the_one_that_works_is_never_ended(
    tmp_path: Path, holder: str | None, action: str, living: list[str]
) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    compute.execute(done.job_id, {})
    found = doctor(compute, tmp_path, Words("running", holder)).repair()
    assert found[0].kind == "duplicate"
    assert found[0].action == action
    if holder == "run-3":  # now the idle one is the second
        assert [(each.action, each.run_id) for each in found[1:]] == [("terminate", "run-2")]
        living = ["run-3"]
    assert [each.id for each in compute.living] == living


def test_a_job_of_a_stranger_that_is_young_may_still_be_started(tmp_path: Path) -> None:
    compute = Compute()
    compute.create_job(replace(submission().spec, parameters={SUBMIT_ID: submit_id_of("young")}))
    assert doctor(compute, tmp_path).repair() == []
    assert len(compute.all_jobs) == 1


def test_a_run_that_is_not_listed_is_lost_only_after_a_while(tmp_path: Path) -> None:
    compute = Compute(listed_after=300.0)
    submitter(compute, tmp_path).submit(submission())
    assert doctor(compute, tmp_path).repair() == []
    compute.listed_after = 1e9
    compute.time.pass_(3600)
    (finding,) = doctor(compute, tmp_path).repair()
    assert (finding.kind, finding.done, entry_of(tmp_path).outcome) == ("lost", True, "lost")


def test_a_run_of_what_was_taken_back_is_ended(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    done = ours.submit(submission())
    late = compute.execute(done.job_id, {SUBMIT_ID: done.submit_id})
    compute.end(done.run_id)
    ours.ledger.write(entry_of(tmp_path), step="ended", outcome="succeeded")
    found = doctor(compute, tmp_path).repair()
    ends = [each for each in found if each.kind == "duplicate"]
    assert [(each.action, each.run_id, each.done) for each in ends] == [
        ("terminate", late.id, True)
    ]
    assert (compute.living, compute.all_jobs) == ([], [])


def test_a_run_of_no_job_that_can_be_seen_is_told(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path / "there").submit(submission())
    compute.listed_after = 0.0
    compute._jobs.clear()
    (finding,) = doctor(compute, tmp_path / "here").repair()
    assert (finding.kind, finding.run_id, finding.done) == ("unrecorded", done.run_id, False)
    assert f"`beaf job cancel {done.run_id}`" in finding.remedy


def test_the_doctor_waits_for_submitters(tmp_path: Path) -> None:
    compute, config = Compute(), Config(submit_timeout=0.2)
    with one_at_a_time(tmp_path, 1.0, Clock()), pytest.raises(LockedError, match=r"submit\.lock"):
        Doctor(compute, config, tmp_path).repair()
    assert Doctor(compute, config, tmp_path).repair() == []


def test_pages_that_a_killed_process_did_not_finish_are_swept_away(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    ours.submit(submission())
    fresh, old = ours.ledger.folder / ".fresh.new", ours.ledger.folder / ".old.new"
    for page, days in ((fresh, 0), (old, 2)):
        page.touch()
        at = (compute.time.now - timedelta(days=days)).timestamp()
        os.utime(page, (at, at))
    doctor(compute, tmp_path).repair()
    assert (fresh.exists(), old.exists(), len(ours.ledger.pages())) == (True, False, 1)


@pytest.mark.parametrize(
    ("word", "state", "outcome"),
    [
        ("succeeded", "failed", "succeeded"),  # the job knows better
        ("failed", "completed", "failed"),
        (None, "completed", "succeeded"),
        (None, "Completed", "succeeded"),
        (None, "terminated", "cancelled"),
        ("running", "terminated", "cancelled"),
        (None, "never heard of", "failed"),
        ("running", "never heard of", "lost"),
        ("running", "completed", "succeeded"),
    ],
)
def test_how_a_run_ended_is_first_for_the_job_to_say(
    tmp_path: Path, word: str | None, state: str, outcome: str
) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    compute.end(done.run_id, state)
    entry = doctor(compute, tmp_path, Words(word)).clean_up(done.submit_id)
    assert entry is not None
    assert entry.outcome == outcome


def test_more_machines_than_may_be_are_told(tmp_path: Path) -> None:
    compute = Compute()
    for name in ("a", "b"):
        submitter(compute, tmp_path).submit(submission(name))
    config = CONFIG.model_copy(update={"max_concurrent_instances": 1})
    clock = compute.time.clock
    (finding,) = Doctor(compute, config, tmp_path, clock=clock).diagnose()
    assert finding.kind == "crowd"
    assert "2 machines run, and max_concurrent_instances is 1: run-2, run-4" in finding.message


def test_a_run_that_went_with_its_job_ended_as_it_said(tmp_path: Path) -> None:
    compute = Compute()
    done = submitter(compute, tmp_path).submit(submission())
    compute.end(done.run_id)
    compute.delete_job(done.job_id)
    compute.time.pass_(3600)
    (finding,) = doctor(compute, tmp_path, Words("succeeded")).repair()
    assert (finding.kind, entry_of(tmp_path).outcome) == ("ended", "succeeded")


def test_jobs_that_have_ended_are_deleted_with_the_next_submissions_a_few_at_a_time(
    tmp_path: Path,
) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    for number in range(5):
        compute.end(ours.submit(submission(f"old {number}")).run_id)
        compute.time.pass_(60)
    running = ours.submit(submission("running"))
    assert len(compute.all_jobs) == 6  # they are young: lists may be behind
    compute.time.pass_(3600)
    ours.submit(submission("new"))
    assert [each.name for each in compute.all_jobs] == [
        "beaf old 3", "beaf old 4", "beaf running", "beaf new",
    ]  # fmt: skip
    ours.submit(submission("newer"))
    assert len(compute.all_jobs) == 3
    assert running.run_id in {each.id for each in compute.living}


def test_a_job_that_cannot_be_deleted_in_passing_is_no_fault_of_the_submission(
    tmp_path: Path,
) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    compute.end(ours.submit(submission("old")).run_id)
    compute.time.pass_(3600)
    compute.fail("delete_job", "before", lost(), times=99)
    before = compute.time.seconds
    done = ours.submit(submission("new"))
    assert [each.id for each in compute.living] == [done.run_id]
    assert compute.time.seconds - before <= 10
    compute.faults.clear()
    compute.time.pass_(60)
    ours.submit(submission("newer"))
    assert len(compute.all_jobs) == 3  # what has ended is left to the doctor
    doctor(compute, tmp_path).repair()
    assert [each.name for each in compute.all_jobs] == ["beaf new", "beaf newer"]


def test_a_page_that_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    compute = Compute()
    submitter(compute, tmp_path).submit(submission())
    page = Ledger(tmp_path).pages()[0]
    page.write_text("{", encoding="utf-8")
    compute.time.pass_(3600)
    (finding,) = doctor(compute, tmp_path).repair()
    assert (finding.kind, finding.done) == ("unreadable", False)
    assert str(page) in finding.message
    assert len(compute.living) == len(compute.all_jobs) == 1


def test_without_an_answer_the_doctor_changes_nothing(tmp_path: Path) -> None:
    compute = Compute()
    died(compute, tmp_path, 12)
    compute.time.pass_(3600)
    compute.fail("jobs", "before", lost())
    pages = {page: page.read_text() for page in Ledger(tmp_path).pages()}
    with pytest.raises(BMLLError, match="answered 503"):
        doctor(compute, tmp_path).repair()
    assert {page: page.read_text() for page in Ledger(tmp_path).pages()} == pages


def test_a_schedule_that_took_the_place_of_another_is_left_alone(tmp_path: Path) -> None:
    """Both bear one mark; the former was at work when it lost its triggers."""
    compute = Compute()
    marked = replace(submission().spec, parameters={SUBMIT_ID: submit_id_of("nightly")})
    former, job = compute.create_job(marked), compute.create_job(marked)
    compute.add_trigger(job.id, Trigger("nightly", cron="0 6 ? * MON-FRI *"))
    last = compute.execute(former.id)
    doctor(compute, tmp_path).repair()
    compute.end(last.id)
    doctor(compute, tmp_path).repair()
    assert entry_of(tmp_path, "nightly").step == "ended"

    compute.time.pass_(3600)
    run = compute.execute(job.id)
    doctor(compute, tmp_path).repair()
    assert compute.living == [run]
    compute.end(run.id)
    compute.time.pass_(15 * 86_400)
    doctor(compute, tmp_path).repair()
    assert [each.id for each in compute.all_jobs] == [job.id]


def test_where_colleagues_see_jobs_theirs_are_left_alone(tmp_path: Path) -> None:
    compute = Compute()
    theirs = compute.create_job(replace(submission().spec, parameters={SUBMIT_ID: "theirs"}))
    at_work = compute.create_job(replace(submission().spec, parameters={SUBMIT_ID: "working"}))
    compute.execute(at_work.id)
    compute.time.pass_(86_400)
    public = CONFIG.model_copy(update={"visibility": "public"})
    asked = Doctor(compute, public, tmp_path, clock=compute.time.clock)
    assert asked.repair() == []
    assert (len(compute.all_jobs), len(compute.living), Ledger(tmp_path).entries()) == (2, 1, [])
    assert {each.job_id for each in doctor(compute, tmp_path).repair()} == {theirs.id, at_work.id}
