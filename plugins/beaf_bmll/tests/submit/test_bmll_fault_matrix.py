"""With the vendor's own package, and servers that fail: is there one run, or an error and none?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import pytest
from plugins.beaf_bmll.tests.submit.compute import Time, submission

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import SUBMIT_ID, JobGateway, Trigger
from beaf_bmll.sdk import connect
from beaf_bmll.submit import (
    Asking,
    Doctor,
    Submitted,
    Submitter,
    delete_idle,
    end_run,
    ensure_trigger,
    submit_id_of,
)
from beaf_bmll.testing import KINDS, Emulator
from beaf_bmll.testing.faults import When
from beaf_bmll.testing.jobs import Run

#: Each deed, and the request that does it.
DEEDS = {
    "create": ("POST", "/compute/jobs"),
    "update": ("PATCH", "/compute/jobs/*"),
    "execute": ("POST", "/compute/jobs/*/runs"),
    "trigger": ("POST", "/compute/jobs/*/triggers"),
    "terminate": ("DELETE", "/compute/runs/*"),
    "delete": ("DELETE", "/compute/jobs/*"),
}
WHENS: tuple[When, ...] = get_args(When)
#: What is only looked at; an error before or after it is the same.
LOOKS = {
    "list the jobs": ("GET", "/compute/jobs"),
    "list its runs": ("GET", "/compute/jobs/*/runs"),
    "list all runs": ("GET", "/compute/runs"),
    "read the job": ("GET", "/compute/jobs/*"),
}
#: Once, and for as long as anyone asks.
TIMES = (1, None)
EVERY = [
    *itertools.product(DEEDS, KINDS, WHENS, TIMES),
    *itertools.product(LOOKS, KINDS, ("before",), TIMES),
]
#: What happens most, and what is told apart worst; all others are for `make soak`.
SAMPLE = [
    *itertools.product(("create", "execute", "terminate", "trigger"), ("503",), WHENS, (1,)),
    ("create", "reset", "after", 1),
    ("create", "stall", "after", 1),
    ("execute", "reset", "after", 1),
    ("execute", "html", "after", 1),
    ("execute", "401", "before", 1),
    ("execute", "502", "before", None),
    ("execute", "504", "after", None),
    ("terminate", "500", "after", None),
    ("delete", "503", "after", 1),
    ("update", "429", "before", 1),
]


@dataclass
class Place:
    """The servers, the vendor's package, and a time that passes where somebody waits."""

    emulator: Emulator
    gateway: JobGateway
    config: Config
    folder: Path
    time: Time
    name: str

    @property
    def submitter(self) -> Submitter:
        return Submitter(self.gateway, self.config, self.folder, clock=self.time.clock)

    @property
    def asking(self) -> Asking:
        return Asking(self.time.clock, self.time.clock.deadline(60))

    @property
    def runs(self) -> list[Run]:
        """All runs that were ever started for this test."""
        ours = [*self.emulator.runs, *self.emulator.deleted_runs]
        return [each for each in ours if each.parameters.get(SUBMIT_ID) == submit_id_of(self.name)]

    @property
    def living(self) -> list[str]:
        return [each.id for each in self.runs if each.active]

    @property
    def jobs(self) -> list[str]:
        jobs = self.emulator.jobs
        ours = [each for each in jobs if each.parameters.get(SUBMIT_ID) == submit_id_of(self.name)]
        return [each.id for each in ours]

    def submit(self) -> Submitted:
        return self.submitter.submit(submission(self.name, cap=10_000))

    def fail(self, deed: str, kind: str, when: When, times: int | None) -> None:
        self.emulator.faults.add(
            *{**DEEDS, **LOOKS}[deed], kind, when=when, times=times, seconds=1.0
        )


@pytest.fixture
def place(emulator: Emulator, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    config = Config(lab_org_id=emulator.lab_org_id, http_timeout=0.3)
    yield Place(emulator, connect(config), config, tmp_path, Time(), request.node.name)
    emulator.faults.clear()


@pytest.mark.parametrize(("deed", "kind", "when", "times"), SAMPLE)
def test_one_run_or_an_error_and_none(
    place: Place, deed: str, kind: str, when: When, times: int | None
) -> None:
    prove(place, deed, kind, when, times)
    assert not place.emulator.violations


@pytest.mark.soak
@pytest.mark.parametrize(("deed", "kind", "when", "times"), EVERY)
def test_one_run_or_an_error_and_none_whatever_fails(
    place: Place, deed: str, kind: str, when: When, times: int | None
) -> None:
    prove(place, deed, kind, when, times)
    assert not place.emulator.violations


def prove(place: Place, deed: str, kind: str, when: When, times: int | None) -> None:
    if deed in ("create", "update", "execute", *LOOKS):
        one_run(place, deed, kind, when, times)
    elif deed == "trigger":
        one_trigger(place, kind, when, times)
    else:
        one_end(place, deed, kind, when, times)


def one_run(place: Place, deed: str, kind: str, when: When, times: int | None) -> None:
    place.fail(deed, kind, when, times)
    try:
        done: Submitted | None = place.submit()
    except BMLLError as error:
        done, refusal = None, error
    place.emulator.faults.clear()
    if done:
        assert place.living == [done.run_id]
        assert place.jobs == [done.job_id]
    else:
        assert place.runs == []
        assert refusal.remedy
        # What is left, if anything, is taken up by the next one, or away by the doctor.
        place.time.pass_(3600)
        doctor = Doctor(place.gateway, place.config, place.folder, clock=place.time.clock)
        assert all(
            each.done for each in doctor.repair() if each.submit_id == submit_id_of(place.name)
        )
        assert place.jobs == []
    assert done or times is None, "one fault is no reason to give up"


def one_trigger(place: Place, kind: str, when: When, times: int | None) -> None:
    spec = submission(place.name).spec
    marked = replace(spec, parameters={SUBMIT_ID: submit_id_of(place.name)})
    job = place.gateway.create_job(marked)
    place.fail("trigger", kind, when, times)
    trigger = Trigger("nightly", cron="0 6 ? * MON-FRI *")
    try:
        made: Trigger | None = ensure_trigger(place.gateway, place.asking, job.id, trigger)
    except BMLLError:
        made = None
    place.emulator.faults.clear()
    now = place.gateway.get_job(job.id)
    assert now is not None
    assert now.triggers == ((made,) if made else ())
    assert made or times is None


def one_end(place: Place, deed: str, kind: str, when: When, times: int | None) -> None:
    done = place.submit()
    if deed == "terminate":
        place.fail(deed, kind, when, times)
        try:
            end_run(place.gateway, place.asking, done.run_id, done.job_id)
        except BMLLError:
            assert (when, times) == ("before", None)
            assert place.living == [done.run_id]
        else:
            assert place.living == []
        return
    place.emulator.end(done.run_id)
    place.fail(deed, kind, when, times)
    try:
        delete_idle(place.gateway, place.asking, done.job_id)
    except BMLLError:
        assert (when, times) == ("before", None)
        assert place.jobs == [done.job_id]
    else:
        assert place.jobs == []
