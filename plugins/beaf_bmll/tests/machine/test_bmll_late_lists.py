"""A run that lists do not show yet has not ended: it is waited for, found and stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.beaf_bmll.tests.submit.compute import Compute, submission

from beaf_bmll.commands.finding import find
from beaf_bmll.commands.following import follow_run
from beaf_bmll.commands.service import Service
from beaf_bmll.config import Config
from beaf_bmll.launched import BMLLRun
from beaf_bmll.launcher import Launcher
from beaf_bmll.staging import AreaWords
from beaf_bmll.submit import Submitter, state_folder
from beaf_core import UsageError


@pytest.fixture
def compute() -> Compute:
    """A vendor whose lists show a thing 5 s late."""
    return Compute(listed_after=5.0)


@pytest.fixture
def run(compute: Compute, config: Config, area: Path) -> BMLLRun:
    """A run that was started this moment."""
    done = Submitter(compute, config, state_folder(config)).submit(submission())
    return BMLLRun(compute, config, done.job_id, done.run_id, done.submit_id)


def test_a_run_that_is_not_listed_yet_goes_on(compute: Compute, run: BMLLRun) -> None:
    assert compute.runs_of(run.job_id) == []
    assert run.status() == "running"
    compute.time.pass_(6)
    compute.end(run.run_id, "failed")
    assert run.status() == "failed"


def test_a_run_that_is_not_listed_yet_can_be_stopped(compute: Compute, run: BMLLRun) -> None:
    run.stop()
    assert compute.living == []
    compute.time.pass_(6)
    assert run.status() == "cancelled"


def test_a_run_that_is_not_listed_yet_is_found(
    compute: Compute, config: Config, run: BMLLRun
) -> None:
    launcher = Launcher(compute, config)
    assert launcher.find(run.ref).status() == "running"
    with pytest.raises(UsageError, match="knows the run"):
        launcher.find(f"{run.job_id}/run-99/{run.submit_id}")


def test_a_run_whose_job_was_taken_away_is_not_waited_for(compute: Compute, run: BMLLRun) -> None:
    compute.end(run.run_id)
    compute.delete_job(run.job_id)
    assert run.status() == "failed"


def test_a_run_that_is_not_listed_yet_is_followed_to_its_end(
    compute: Compute, config: Config, run: BMLLRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time passes with each look; the vendor's log is empty."""

    def look(method: str) -> None:
        if method == "runs_of" and compute.time.seconds < 100:
            compute.time.pass_(1)
            if compute.time.seconds > 8:
                compute.time.pass_(100)
                compute.end(run.run_id, "succeeded")

    compute.meddle = look
    monkeypatch.setattr(compute, "logs", lambda *asked: iter(()))
    service = Service(config, compute, state_folder(config), AreaWords(config))
    standing = follow_run(find(run.run_id, service), service, print)
    assert standing.status == "succeeded"
