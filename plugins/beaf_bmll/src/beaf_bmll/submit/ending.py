"""How is a run made to end, and a job taken away, when answers may be lost? Never one that runs."""

from __future__ import annotations

from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import JobGateway, JobRun
from beaf_bmll.submit.asking import Asking, none_if_gone


class StillActiveError(BMLLError):
    """A job has a run that has not ended: wait for it, or end it first."""


def runs_of(gateway: JobGateway, job_id: str) -> list[JobRun]:
    """List a job's runs; those of a job that is gone are none."""
    return none_if_gone(lambda: gateway.runs_of(job_id))


def end_run(gateway: JobGateway, asking: Asking, run_id: str, job_id: str | None) -> None:
    """Ask for the end of a run until it is seen; one that has ended is no fault.

    Args:
        gateway: the vendor's compute service.
        asking: how long it may take.
        run_id: the run.
        job_id: its job; None where it is not known.

    Raises:
        BMLLError: it is refused, or the run is still active when the time is up.
    """
    heard: list[str] = []

    def end() -> None:
        gateway.terminate(run_id)
        heard.append(run_id)

    def ended() -> bool:
        runs = gateway.active_runs() if job_id is None else runs_of(gateway, job_id)
        run = next((each for each in runs if each.id == run_id), None)
        # One that is not listed has ended, or is not listed yet.
        return bool(heard) if run is None else not run.active

    asking.until(f"the end of run {run_id}", end, ended)


def delete_idle(gateway: JobGateway, asking: Asking, job_id: str) -> None:
    """Delete a job whose runs have all ended; one that is gone is no fault.

    Raises:
        StillActiveError: a run of it has not ended: the job stays.
        BMLLError: it is refused, or the job is still there when the time is up.
    """

    def delete() -> None:
        # The vendor deletes a job's runs with it: whoever did so to a living one would lose it.
        active = [each.id for each in runs_of(gateway, job_id) if each.active]
        if active:
            raise StillActiveError(
                f"job {job_id} is not deleted: its run {', '.join(active)} has not ended",
                remedy="wait for its end, or ask for it: `beaf job cancel`",
            )
        gateway.delete_job(job_id)

    def deleted() -> bool:
        # Guess: a job that was deleted is not there any more; or it is, and cannot run any more.
        job = gateway.get_job(job_id)
        return job is None or not job.active

    asking.until(f"deleting job {job_id}", delete, deleted)
