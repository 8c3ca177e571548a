"""How are partitions materialized in this process, in an instance's catalogue?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    """

    run_id: str
    status: str
    job: str
    partitions: tuple[str, ...]
    faults: tuple[str, ...] = ()

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
    faults = tuple(
        f"{event.step_key}: {_reason(event)}"
        for event in result.all_node_events
        if event.is_step_failure
    )
    return Ran(result.run_id, status, asked.job, part.keys, faults)


def _reason(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "it failed"
