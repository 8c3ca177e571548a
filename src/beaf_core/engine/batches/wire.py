"""What travels between a run and its workers? Lines of JSON: tasks one way, answers the other.

Nothing in them is a secret: a request holds `${env:NAME}` unexpanded, and a worker has the
environment of its parent.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from beaf_core.engine.outputs.receipts import pass_facts
from beaf_core.engine.work import Batch
from beaf_core.model.errors import BeafError, ExitCode, ResourceError
from beaf_core.model.run import LaunchRequest

if TYPE_CHECKING:
    from beaf_core.engine.batches.recluster import Inputs
    from beaf_core.engine.work import PassWork
    from beaf_core.model.partition import PartitionRun


@dataclass(frozen=True, slots=True)
class PassTask:
    """One pass of a task.

    Attributes:
        name: the pass.
        partition: the selector, first and last day of its partition.
        days: its ready days, ISO.
        digest: of its declarations, its listings and its inputs as the parent sees them. A worker
            that sees others must not compute.
    """

    name: str
    partition: tuple[str, str, str]
    days: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is asked: passes, for the listings of a batch.

    Attributes:
        request: the run.
        passes: what to compute.
        batch: for which listings.
        paths: where each pass's frame goes.
        inputs: files to read in place of the source.
    """

    request: LaunchRequest
    passes: tuple[PassTask, ...]
    batch: Batch
    paths: tuple[str, ...]
    inputs: Inputs = field(default_factory=dict)

    def to_line(self) -> str:
        """Render as one line of JSON."""
        values = {
            "request": self.request.to_json(),
            "passes": [asdict(each) for each in self.passes],
            "batch": {**asdict(self.batch), "rows": dict(self.batch.rows)},
            "paths": self.paths,
            "inputs": [[*place, files] for place, files in self.inputs.items()],
        }
        return json.dumps(values, allow_nan=False) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Task:
        """Read what `to_line` rendered."""
        values = json.loads(line)
        passes = (
            PassTask(each["name"], tuple(each["partition"]), tuple(each["days"]), each["digest"])
            for each in values["passes"]
        )
        batch = values["batch"]
        listings = None if batch["listings"] is None else tuple(batch["listings"])
        return cls(
            LaunchRequest.from_json(values["request"]),
            tuple(passes),
            Batch(listings, batch["rows"], batch["budget"]),
            tuple(values["paths"]),
            {(name, day, table): tuple(files) for name, day, table, files in values["inputs"]},
        )


def pass_task(work: PassWork, partition: PartitionRun) -> PassTask:
    """Describe a pass's work, so that another process can prepare the same."""
    days = tuple(plan.day.isoformat() for plan in work.plans)
    dates = partition.dates
    place = (partition.universe.spec, dates.start_date, dates.end_date)
    return PassTask(work.resolved.name, place, days, digest(work))


def digest(work: PassWork) -> str:
    """Digest what a pass would compute: equal ones give equal rows."""
    text = json.dumps(pass_facts(work.resolved, work.plans), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker says of a task.

    Attributes:
        error: what went wrong, as `describe` renders it; None where it went well.
        differs: why the worker would not compute what the parent asks; None where it would.
        resident: the bytes it holds now.
        peak: the most bytes it has held.
    """

    error: Mapping[str, Any] | None = None
    differs: str | None = None
    resident: int = 0
    peak: int = 0

    def to_line(self) -> str:
        """Render as one line of JSON."""
        return json.dumps(asdict(self), default=str) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Answer:
        """Read what `to_line` rendered."""
        return cls(**json.loads(line))


# -- errors ----------------------------------------------------------------------------------------


class WorkerFaultError(Exception):
    """Something failed in a worker that no person can put right: a bug."""


def describe(error: BaseException) -> dict[str, Any]:
    """Render an error for the parent."""
    if isinstance(error, MemoryError):
        error = ResourceError(
            f"memory does not suffice: {error}",
            remedy="lower NUM_WORKERS, or give MEMORY_PER_WORKER what the machine has",
        ).with_traceback(error.__traceback__)
    told: dict[str, Any] = {
        "classes": [each.__qualname__ for each in type(error).__mro__],
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }
    if isinstance(error, BeafError):
        plain = {name: value for name, value in vars(error).items() if _is_plain(value)}
        told |= {"fields": plain, "exit_code": int(error.exit_code)}
    return told


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def raised_again(told: Mapping[str, Any]) -> Exception:
    """Make the error that a worker described, of the same class where this process knows it."""
    error: Exception
    if "fields" not in told:
        error = WorkerFaultError(f"{told['classes'][0]}: {told['message']}")
    else:
        error = _of_class(_known_class(told["classes"]), told["fields"])
        error.exit_code = ExitCode(told["exit_code"])
    error.add_note("in a worker process:\n" + told["traceback"])
    return error


def _of_class(found: type[BeafError], fields: Mapping[str, Any]) -> BeafError:
    # Its own __init__ may want more than the message; what it made of that is in the fields.
    error = found.__new__(found)
    BeafError.__init__(error, fields["message"], remedy=fields["remedy"])
    vars(error).update(fields)
    return error


def _known_class(names: Sequence[str]) -> type[BeafError]:
    known = {each.__qualname__: each for each in _all_classes(BeafError)}
    return next(known[name] for name in names if name in known)


def _all_classes(base: type[BeafError]) -> Iterator[type[BeafError]]:
    yield base
    for each in base.__subclasses__():
        yield from _all_classes(each)
