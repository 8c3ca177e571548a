"""How are partitions materialized in this process, in an instance's catalogue?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from beaf_core import ExitCode
from beaf_dagster.assets.step import EXIT_CODE

if TYPE_CHECKING:
    import dagster as dg

    from beaf_dagster.running.asked import Asked, Slice

#: Dagster's own console says thirty lines for each partition.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a run.

    Attributes:
        run_id: the run's name in Dagster.
        status: `succeeded`, `failed`; `queued` or `launched` where it is somebody else's turn.
        job: the job.
        partitions: the partition keys.
        faults: what went wrong, step by step.
        codes: what that means for the shell, where steps say so.
    """

    run_id: str
    status: str
    job: str
    partitions: tuple[str, ...]
    faults: tuple[str, ...] = ()
    codes: tuple[ExitCode, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """OK, or the common code of all failed steps, or PARTLY_FAILED."""
        if self.status != "failed":
            return ExitCode.OK
        return self.codes[0] if len(set(self.codes)) == 1 else ExitCode.PARTLY_FAILED

    def to_json(self) -> dict[str, Any]:
        """Render as the object that `--json` prints."""
        told = {
            "run_id": self.run_id,
            "status": self.status,
            "job": self.job,
            "partitions": list(self.partitions),
        }
        return told | ({"faults": list(self.faults)} if self.faults else {})


def run_here(asked: Asked, instance: dg.DagsterInstance) -> Iterator[Ran]:
    """Materialize, a run for each universe, and tell what became of each."""
    job = asked.definitions.resolve_job_def(asked.job)
    for each in asked.slices:
        result = job.execute_in_process(
            run_config=_QUIET,
            instance=instance,
            partition_key=each.keys[0] if len(each.keys) == 1 else None,
            tags=dict(each.tags),
            asset_selection=list(asked.assets),
            raise_on_error=False,
        )
        yield _ran(asked, each, result)


def _ran(asked: Asked, part: Slice, result: dg.ExecuteInProcessResult) -> Ran:
    status = "succeeded" if result.success else "failed"
    failed = [event for event in result.all_node_events if event.is_step_failure]
    faults = tuple(f"{event.step_key}: {_reason(event)}" for event in failed)
    codes = tuple(_code(event) for event in failed)
    return Ran(result.run_id, status, asked.job, part.keys, faults, codes)


def _code(event: dg.DagsterEvent) -> ExitCode:
    told = event.step_failure_data.user_failure_data
    found = told.metadata.get(EXIT_CODE) if told else None
    code = found.value if found is not None else None
    return ExitCode(code) if isinstance(code, int) else ExitCode.PARTLY_FAILED


def _reason(event: dg.DagsterEvent) -> str:
    told = event.step_failure_data.user_failure_data
    if told is not None and told.description:
        return told.description
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "it failed"
