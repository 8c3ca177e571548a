"""Where one submission has two machines, the one that took the work speaks for both."""

from __future__ import annotations

from pathlib import Path

from plugins.beaf_bmll.tests.submit.compute import Compute, submission

from beaf_bmll.config import Config
from beaf_bmll.gateway import SUBMIT_ID
from beaf_bmll.launched import BMLLRun
from beaf_bmll.runner import entry
from beaf_bmll.submit import Submitter, state_folder


def test_a_second_copy_that_ends_at_once_does_not_end_the_work(config: Config, area: Path) -> None:
    compute = Compute()
    done = Submitter(compute, config, state_folder(config)).submit(submission())
    worker = compute.execute(done.job_id, {SUBMIT_ID: done.submit_id})
    home = Path(config.jobs_folder, "runs", done.submit_id)
    assert entry.take_lease(home / entry.LEASE, worker.id)
    entry.leave(home, entry.Ending("running", 0), worker.id, "2026-02-02")
    compute.end(done.run_id, "succeeded")  # as a duplicate does

    run = BMLLRun(compute, config, done.job_id, done.run_id, done.submit_id)
    assert run.status() == "running"
    run.stop()
    assert compute.living == []
    entry.leave(home, entry.Ending("cancelled", 130), worker.id, "2026-02-02")
    assert run.status() == "cancelled"
