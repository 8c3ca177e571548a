"""Are there never more machines than may be, whoever counts, and whatever is listed late?"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from plugins.beaf_bmll.tests.submit.compute import CONFIG, Compute, lost, submission

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError, CapReachedError
from beaf_bmll.submit import Submitter, submit_id_of
from beaf_core import DataInvalidError


def submitter(compute: Compute, folder: Path) -> Submitter:
    return Submitter(compute, CONFIG, folder, clock=compute.time.clock)


def test_one_more_than_may_be_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    for name in ("a", "b"):
        ours.submit(submission(name, cap=2))
    with pytest.raises(CapReachedError, match=r"is 2, and as many machines run: run-2, run-4"):
        ours.submit(submission("c", cap=2))
    assert len(compute.all_jobs) == 2


def test_there_is_room_again_when_one_has_ended(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    first = ours.submit(submission("a", cap=1))
    compute.end(first.run_id)
    ours.submit(submission("b", cap=1))
    assert [each.submit_id for each in compute.living] == [submit_id_of("b")]
    entry = ours.ledger.find(first.submit_id)
    assert entry is not None
    assert (entry.step, entry.outcome) == ("ended", "succeeded")


def test_what_is_not_ours_is_not_counted(tmp_path: Path) -> None:
    compute = Compute()
    stranger = compute.create_job(replace(submission("stranger").spec, parameters={"their": "own"}))
    for _ in range(3):
        compute.execute(stranger.id, {})
    ours = submitter(compute, tmp_path)
    ours.submit(submission("a", cap=1))
    assert len(compute.living) == 4


def test_machines_of_other_ledgers_are_counted(tmp_path: Path) -> None:
    compute = Compute()
    submitter(compute, tmp_path / "there").submit(submission("a", cap=1))
    with pytest.raises(CapReachedError):
        submitter(compute, tmp_path / "here").submit(submission("b", cap=1))


def test_a_count_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    compute = Compute()
    compute.fail("active_runs", "before", lost(), times=99)
    with pytest.raises(BMLLError, match="cannot be read, and max_concurrent_instances is 3"):
        submitter(compute, tmp_path).submit(submission(cap=3))
    assert compute.all_jobs == []


def test_a_page_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    ours.submit(submission("a", cap=3))
    page = ours.ledger.pages()[0]
    page.write_text("{", encoding="utf-8")
    with pytest.raises(DataInvalidError, match="cannot be read"):
        ours.submit(submission("b", cap=3))
    assert len(compute.all_jobs) == 1


def test_a_page_that_cannot_be_read_is_told_where_nothing_is_counted(tmp_path: Path) -> None:
    compute = Compute()
    ours = submitter(compute, tmp_path)
    ours.submit(submission("a"))
    page = ours.ledger.pages()[0]
    page.write_text("{", encoding="utf-8")
    done = ours.submit(submission("b"))
    assert len(compute.living) == 2
    assert [str(page) in note for note in done.notes] == [True]


def test_a_machine_that_is_listed_late_is_counted(tmp_path: Path) -> None:
    compute = Compute(listed_after=300.0)
    ours = submitter(compute, tmp_path)
    ours.submit(submission("a", cap=1))
    assert list(compute.active_runs()) == []
    with pytest.raises(CapReachedError):
        ours.submit(submission("b", cap=1))


def test_a_machine_that_may_have_been_started_is_counted(tmp_path: Path) -> None:
    compute = Compute(listed_after=300.0)
    compute.fail("execute", "after", lost(), times=3)
    ours = submitter(compute, tmp_path)
    with pytest.raises(BMLLError):
        ours.submit(submission("a", cap=1))
    with pytest.raises(CapReachedError, match="one that is being started"):
        ours.submit(submission("b", cap=1))


def test_a_machine_that_never_came_is_not_counted_for_ever(tmp_path: Path) -> None:
    compute = Compute()
    compute.fail("execute", "before", lost(), times=3)
    ours = submitter(compute, tmp_path)
    with pytest.raises(BMLLError):
        ours.submit(submission("a", cap=1))
    with pytest.raises(CapReachedError):
        ours.submit(submission("b", cap=1))
    compute.time.pass_(700)
    ours.submit(submission("c", cap=1))
    assert [each.submit_id for each in compute.living] == [submit_id_of("c")]


def test_of_two_that_counted_at_once_on_two_machines_the_later_withdraws(tmp_path: Path) -> None:
    compute = Compute()

    def meddle(method: str) -> None:
        if method == "execute":
            compute.meddle = lambda method: None
            submitter(compute, tmp_path / "there").submit(submission("theirs", cap=1))
            compute.time.pass_(1)

    compute.meddle = meddle
    ours = submitter(compute, tmp_path / "here")
    with pytest.raises(CapReachedError):
        ours.submit(submission("ours", cap=1))
    assert [each.submit_id for each in compute.living] == [submit_id_of("theirs")]
    assert [each.submit_id for each in compute.all_jobs] == [submit_id_of("theirs")]
    entry = ours.ledger.find(submit_id_of("ours"))
    assert entry is not None
    assert (entry.step, entry.note) == (
        "void",
        "one machine too many: max_concurrent_instances is 1",
    )


def test_what_is_not_listed_yet_is_the_newest_whatever_our_clock_says(tmp_path: Path) -> None:
    compute = Compute(listed_after=50.0)

    def meddle(method: str) -> None:
        if method == "execute":
            compute.meddle = lambda method: None
            submitter(compute, tmp_path / "there").submit(submission("theirs", cap=1))
            compute.time.pass_(60)

    compute.meddle = meddle
    slow = replace(compute.time.clock, now=lambda: compute.time.now - timedelta(hours=1))
    with pytest.raises(CapReachedError):
        Submitter(compute, CONFIG, tmp_path / "here", clock=slow).submit(submission("a", cap=1))
    assert [each.submit_id for each in compute.living] == [submit_id_of("theirs")]


def test_a_withdrawal_whose_answers_are_lost_is_carried_through(tmp_path: Path) -> None:
    for when in ("before", "after"):
        compute = Compute()
        compute.fail("terminate", when, lost(), times=2)
        compute.fail("delete_job", when, lost(), times=2)

        def meddle(method: str, compute: Compute = compute, when: str = when) -> None:
            if method == "execute":
                compute.meddle = lambda method: None
                submitter(compute, tmp_path / when / "there").submit(submission("b", cap=1))
                compute.time.pass_(1)

        compute.meddle = meddle
        with pytest.raises(CapReachedError):
            submitter(compute, tmp_path / when / "here").submit(submission("a", cap=1))
        assert len(compute.living) == len(compute.all_jobs) == 1


def test_a_count_that_fails_only_afterwards_keeps_the_run_and_says_so(tmp_path: Path) -> None:
    compute = Compute()
    compute.meddle = lambda method: (
        method == "execute" and compute.fail("active_runs", "before", lost(), times=99)
    )
    done = submitter(compute, tmp_path).submit(submission(cap=1))
    assert done.notes == ("machines could not be counted again: answered 503",)
    assert len(compute.living) == 1


@pytest.mark.parametrize("cap", [1, 3])
def test_twenty_submitters_at_once_never_exceed_the_cap(tmp_path: Path, cap: int) -> None:
    compute = Compute()
    config, barrier = Config(submit_timeout=30.0), threading.Barrier(20)

    def one(number: int) -> str:
        barrier.wait()
        try:
            Submitter(compute, config, tmp_path).submit(submission(f"run {number}", cap=cap))
        except CapReachedError:
            return "refused"
        return "started"

    with ThreadPoolExecutor(20) as pool:
        results = Counter(pool.map(one, range(20)))
    assert results == {"started": cap, "refused": 20 - cap}
    assert compute.most_active == len(compute.living) == cap
