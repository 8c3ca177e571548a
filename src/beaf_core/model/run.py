"""What is asked of a launcher, and what does it answer?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from beaf_core.model.errors import ExitCode, UsageError
from beaf_core.model.faults import Fault
from beaf_core.model.outputs import Receipt
from beaf_core.model.partition import DatePartition, parse_universe_spec

#: How long a run waits for another one that is writing the same output, in seconds.
LOCK_TIMEOUT = 600.0

#: What a run does where another one is writing the same output.
ON_LOCK = ("wait", "skip", "fail")

#: What `--only` can select: outputs that are not there, that are no longer right, and what failed
#: in the newest run.
ONLY = ("missing", "stale", "failed")

#: The name of the partition of a run without a selector, in keys and paths.
ALL = "all"


@dataclass(frozen=True, slots=True)
class RunChoices:
    """What a person chooses for one run, beside the configuration.

    Attributes:
        force: write even where nothing changed, and replace what overlaps.
        allow_missing: go on without days whose data is missing.
        only: write these kinds of partitions alone, of `ONLY`; empty means all.
        on_lock: where another run is writing the same output, one of `ON_LOCK`.
        lock_timeout: how long to wait for it, in seconds.
        allow_empty: go on without days on which the universe is empty.
        passes: these passes, and those that they read, alone; empty means all.
    """

    force: bool = False
    allow_missing: bool = False
    only: tuple[str, ...] = ()
    on_lock: str = "wait"
    lock_timeout: float = LOCK_TIMEOUT
    allow_empty: bool = False
    passes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.on_lock not in ON_LOCK:
            raise UsageError(
                f"on_lock is {self.on_lock!r}", remedy=f"give one of {', '.join(ON_LOCK)}"
            )


def parse_only(words: Sequence[str] | str | None) -> tuple[str, ...]:
    """Read what `--only` selects: a list, or its words joined by commas.

    Raises:
        UsageError: a word that selects nothing.
    """
    given = words.split(",") if isinstance(words, str) else list(words or ())
    found = tuple(dict.fromkeys(each.strip() for each in given))
    unknown = [each for each in found if each not in ONLY]
    if unknown:
        raise UsageError(
            f"--only does not know {', '.join(map(repr, unknown))}",
            remedy=f"give one or several of {','.join(ONLY)}",
        )
    return found


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """Everything that a launcher needs to run a pipeline elsewhere: plain data, no objects.

    Attributes:
        run_id: the run's name, unique.
        config: the merged configuration, JSON-ready; secrets still as `${env:NAME}`.
        universe: the selector; None asks the pipeline's own `get_universe`.
        dates: the whole request; the configuration's BATCH_FREQ cuts it.
        pipeline: the pipeline's file, if it has one.
        project: the folder that relative paths and manifests belong to.
        force: write even where nothing changed.
        allow_missing: treat missing days as closed, and say so.
        only: write these kinds of partitions alone: `missing`, `stale`, `failed`; empty means all.
        on_lock: what to do where another run is writing the same output: `wait`, `skip` or `fail`.
        lock_timeout: how long to wait for it, in seconds.
        allow_empty: treat days on which the universe is empty as closed, and say so.
        passes: these passes, and those that they read, alone; empty means all.
        schedule: a cron expression, for launchers that can hold one.
        session: objects of this process that cannot travel (a caller's functions, an open
            progress bar); None on the other side of a launcher.
    """

    run_id: str
    config: Mapping[str, Any]
    universe: str | None
    dates: DatePartition
    pipeline: str | None
    project: str
    force: bool = False
    allow_missing: bool = False
    only: tuple[str, ...] = ()
    on_lock: str = "wait"
    lock_timeout: float = LOCK_TIMEOUT
    allow_empty: bool = False
    passes: tuple[str, ...] = ()
    schedule: str | None = None
    session: Any = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values; the session stays behind."""
        return asdict(replace(self, session=None)) | {"config": dict(self.config)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LaunchRequest:
        """Read what `to_json` rendered."""
        known = {name: value for name, value in values.items() if name != "session"}
        words = {name: tuple(known.get(name, ())) for name in ("only", "passes")}
        return cls(**{**known, **words, "dates": DatePartition(**values["dates"])})

    @property
    def selector(self) -> str:
        """The selector that names outputs: the universe, or `all` when none is given."""
        return parse_universe_spec(self.universe).spec if self.universe else ALL


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """What became of one pass of one partition.

    Attributes:
        pass_name: the pass.
        partition: the partition's key.
        status: `written`; `unchanged`, where nothing would change; `skipped`, where it was not to
            be touched; `closed`, `pending` or `missing`, where there is no data; `failed`;
            `blocked`, where a pass that it reads has failed.
        receipt: what was written, or stood there unchanged.
        message: why there is none.
        exit_code: what a failure means for the shell.
        traceback: where a failure came from, for those who mend it.
        refused: what checks found, where that is why it failed.
    """

    pass_name: str
    partition: str
    status: str
    receipt: Receipt | None = None
    message: str | None = None
    exit_code: ExitCode = ExitCode.OK
    traceback: str | None = field(default=None, compare=False, repr=False)
    refused: tuple[Fault, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What checks found in the rows: those that stand, or those that were refused."""
        return self.refused or (self.receipt.faults if self.receipt else ())

    def to_json(self) -> dict[str, Any]:
        """Render as the line of `--json` that a caller reads."""
        return {
            "pass": self.pass_name,
            "location": self.receipt.location if self.receipt else None,
            "rows": self.receipt.rows if self.receipt else None,
            "partition": self.partition,
            "status": self.status,
            **({"message": self.message} if self.message else {}),
        }


@dataclass(frozen=True, slots=True)
class RunReport:
    """What became of a run.

    Attributes:
        run_id: the run's name.
        manifest: the manifest's path.
        outcomes: one per pass and partition, in order.
        exit_code: what the shell learns.
    """

    run_id: str
    manifest: str
    outcomes: tuple[PassOutcome, ...]
    exit_code: ExitCode = ExitCode.OK

    @property
    def status(self) -> str:
        """`succeeded`, `partly_failed` or `failed`."""
        if self.exit_code is ExitCode.OK:
            return "succeeded"
        done = any(each.exit_code is ExitCode.OK for each in self.outcomes)
        return "partly_failed" if done else "failed"

    @property
    def notes(self) -> tuple[str, ...]:
        """What outputs have to say, each thing once, with how often it happened."""
        return notes_of(self.outcomes)

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """The receipts of everything that stands after the run."""
        return tuple(each.receipt for each in self.outcomes if each.receipt)

    def to_json(self) -> dict[str, Any]:
        """Render as the object that `--json` prints."""
        return {
            "status": self.status,
            "run_id": self.run_id,
            "manifest": self.manifest,
            "receipts": [each.to_json() for each in self.outcomes],
        }


class LaunchedRun(Protocol):
    """A run that a launcher has started."""

    @property
    def ref(self) -> str:
        """A word by which `find_run` finds it again."""

    def status(self) -> str:
        """`running`, `succeeded`, `partly_failed`, `failed` or `cancelled`; `scheduled`."""

    def stop(self) -> None:
        """Ask it to end."""

    def logs(self) -> Iterable[str]:
        """Its log so far, line by line."""

    def wait(self) -> RunReport:
        """Block until it has ended, and report."""


def notes_of(outcomes: Iterable[PassOutcome]) -> tuple[str, ...]:
    """Gather what outputs have to say, each thing once, with how often it happened."""
    counts: Counter[str] = Counter()
    for each in outcomes:
        counts.update(each.receipt.notes if each.receipt else {})
    return tuple(
        text if count == 1 else f"{text} ({count:,} times)" for text, count in counts.items()
    )


def summarise(outcomes: Iterable[PassOutcome]) -> ExitCode:
    """Fold outcomes into one exit code: the common one of all failures, else PARTLY_FAILED."""
    failures = {each.exit_code for each in outcomes if each.exit_code is not ExitCode.OK}
    if not failures:
        return ExitCode.OK
    return failures.pop() if len(failures) == 1 else ExitCode.PARTLY_FAILED
