"""How does a run reach the process that carries it out, and how does that process find it?

The worker needs the instance, and a reference to it can hold a password: it travels in a file that
nobody else may read, and which the worker removes before it does anything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beaf_core import UsageError
from beaf_dagster import private

if TYPE_CHECKING:
    import dagster as dg

    from beaf_dagster.private import InstanceRef

#: What makes a run over many partitions tell of them in batches: 400 in 2 s rather than 18.
FAST_EVENTS = {
    "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "1",
    "DAGSTER_EVENT_BATCH_SIZE": "1000",
}
#: The pipelines that `beaf_dagster.definitions` loads.
PIPELINES = "BEAF_PIPELINES"


def write_instance_ref(instance: dg.DagsterInstance, path: Path) -> None:
    """Write where an instance's storage is, for its owner's eyes; `{env: …}` stays as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as written:
        written.write(private.serialize_value(instance.get_ref()))


def read_instance_ref(path: Path) -> InstanceRef:
    """Read where an instance's storage is, and remove the file.

    Raises:
        UsageError: there is no such file, or it is something else.
    """
    remedy = "name the file that the launcher has written; it can be used once"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", remedy=remedy) from error
    try:
        found = private.deserialize_value(text, private.InstanceRef)
    except Exception as error:  # a file that holds anything else fails in any way; told on
        raise UsageError(f"{path} holds no reference to an instance", remedy=remedy) from error
    path.unlink()
    return found


def variables_of(reference: InstanceRef) -> Iterator[str]:
    """Name the environment variables that an instance's configuration speaks of."""
    for part in reference:
        if isinstance(part, private.ConfigurableClassData):
            yield from _named(part.config_dict)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if set(value) == {"env"}:
            yield str(value["env"])
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


def execute(
    run_id: str, instance_ref: Path, *, resume: bool = False, pipeline: str | None = None
) -> None:
    """Carry out a run that an instance holds, as Dagster's own worker does; may end the process.

    Args:
        run_id: the run.
        instance_ref: the file that leads to the instance; removed.
        resume: whether another worker has begun it.
        pipeline: what `beaf_dagster.definitions` loads, where no workspace says so.

    Raises:
        UsageError: there is no such run, or it knows no code.
    """
    import dagster as dg

    reference = read_instance_ref(instance_ref)
    os.environ.update({name: os.environ.get(name, value) for name, value in FAST_EVENTS.items()})
    if pipeline is not None:
        os.environ[PIPELINES] = pipeline
    with dg.DagsterInstance.from_ref(reference) as instance:
        run = instance.get_run_by_id(run_id)
        if run is None or run.job_code_origin is None:
            lack = "is not in the instance" if run is None else "does not say where its code is"
            raise UsageError(f"the run {run_id} {lack}", remedy="launch it again")
        origin = run.job_code_origin
    kind = private.ResumeRunArgs if resume else private.ExecuteRunArgs
    args = kind(origin, run_id, reference, set_exit_code_on_failure=True)
    sys.path.insert(0, str(Path.cwd()))  # as `python -m dagster` has it
    private.api_cli.main([*args.get_command_args()[-2:]], prog_name="dagster api")
