"""Do the laws of submissions hold through any story of submitters, deaths, faults and doctors?"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from plugins.beaf_bmll.tests.submit.compute import CONFIG, Compute, Killed, lost, submission

from beaf_bmll.errors import BMLLError, CapReachedError
from beaf_bmll.submit import Doctor, Submitter
from beaf_core import UsageError

CAP = 2
NAMES = st.sampled_from("abcd")
METHODS = st.sampled_from(
    ["create_job", "update_job", "execute", "terminate", "delete_job", "jobs", "runs_of"]
)
WHENS = st.sampled_from(["before", "after"])


class Story(RuleBasedStateMachine):
    """Submitters that share a ledger though lists are late, or do not though they are not.

    What neither a ledger nor a list tells, nobody can know: then the job's lease is what is left.
    """

    told: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        Story.told += 1
        self.compute = Compute()
        self.folder = Path(tempfile.mkdtemp())

    @initialize(seconds=st.sampled_from([0.0, 1.0, 14.0]))
    def begin(self, seconds: float) -> None:
        self.compute.listed_after = seconds

    def place(self, name: str) -> Path:
        return self.folder / ("one" if self.compute.listed_after else name)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(name=NAMES, place=st.sampled_from(["here", "there"]))
    def submit(self, name: str, place: str) -> None:
        before = {each.id for each in self.compute.living}
        ours = Submitter(self.compute, CONFIG, self.place(place), clock=self.compute.time.clock)
        try:
            done = ours.submit(submission(name, cap=CAP))
        except (BMLLError, CapReachedError, UsageError, Killed):
            return
        started = {each.id for each in self.compute.living} - before
        assert started <= {done.run_id}

    @rule(method=METHODS, when=WHENS)
    def kill_the_next_submitter(self, method: str, when: str) -> None:
        self.compute.fail(method, when, Killed())

    @rule(method=METHODS, when=WHENS, times=st.integers(1, 3))
    def lose_answers(self, method: str, when: str, times: int) -> None:
        self.compute.fail(method, when, lost(), times)

    @rule(which=st.integers(0, 3), state=st.sampled_from(["succeeded", "failed"]))
    def end_a_run(self, which: int, state: str) -> None:
        if self.compute.living:
            self.compute.end(self.compute.living[which % len(self.compute.living)].id, state)

    @rule(seconds=st.sampled_from([1.0, 60.0, 3600.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.compute.time.pass_(seconds)

    @rule(place=st.sampled_from(["here", "there"]))
    def call_the_doctor(self, place: str) -> None:
        doctor = Doctor(self.compute, CONFIG, self.place(place), clock=self.compute.time.clock)
        try:
            doctor.repair()
        except (BMLLError, Killed):
            return

    @invariant()
    def one_machine_each_and_never_more_than_may_be(self) -> None:
        each = Counter(run.submit_id for run in self.compute.living)
        assert all(count == 1 for count in each.values()), each
        assert len(self.compute.living) <= CAP


def test_any_story_keeps_the_laws() -> None:
    before = Story.told
    story = settings(max_examples=25, stateful_step_count=15, deadline=None)
    run_state_machine_as_test(Story, settings=story)
    assert Story.told - before >= 25, "each story held the laws to its end"


@pytest.mark.soak
def test_any_long_story_keeps_the_laws() -> None:
    before = Story.told
    story = settings(max_examples=500, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(Story, settings=story)
    assert Story.told - before >= 500, "each story held the laws to its end"
