"""What do the emulated servers know of jobs and their runs?"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, RLock
from typing import Any, TypeVar

from beaf_bmll.testing.guesses import Guesses

Item = TypeVar("Item")

#: States of a run that has not ended; the vendor's package has them.
REQUESTED, PROVISIONING, CONFIGURING, RUNNING = (
    "requested",
    "provisioning",
    "configuring",
    "running",
)
ACTIVE = frozenset({REQUESTED, PROVISIONING, CONFIGURING, RUNNING})
#: What is sent of a script as fields of a job, and of its one task.
SCRIPT_KEYS = ("scriptPath", "scriptArea", "scriptParameters")


def new_id() -> str:
    """Make an identifier."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line of a log, and when it was said."""

    at: datetime
    message: str


@dataclass(slots=True)
class Trigger:
    """When a job starts by itself."""

    id: str
    name: str
    cause: Mapping[str, Any]


@dataclass(slots=True)
class Job:
    """A job; `settings` are as they came over the wire."""

    id: str
    user: str
    created: datetime
    updated: datetime
    settings: dict[str, Any]
    task: dict[str, Any]
    active: bool = True
    triggers: dict[str, Trigger] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people; two jobs may share one."""
        return str(self.settings["name"])

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What its script is told."""
        given: Mapping[str, Any] = self.settings["scriptParameters"]
        return given


@dataclass(slots=True)
class Run:
    """One run of a job; its truth, whether or not the servers tell it."""

    id: str
    job_id: str
    task_id: int
    settings: dict[str, Any]
    reason: str
    states: list[tuple[str, datetime]]
    stream: list[LogEvent] = field(default_factory=list)
    general: list[LogEvent] = field(default_factory=list)
    exit_code: int | None = None
    termination_reason: str | None = None
    termination_user: str | None = None
    ended: Event = field(default_factory=Event)
    #: Set when its machine is to go away.
    unplugged: Event = field(default_factory=Event)

    @property
    def state(self) -> str:
        """The newest state."""
        return self.states[-1][0]

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in ACTIVE

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What its script is told."""
        given: Mapping[str, Any] = self.settings["scriptParameters"]
        return given

    def since(self, state: str) -> datetime | None:
        """Tell when it entered a state; None where it never did."""
        return next((when for name, when in self.states if name == state), None)


class Books:
    """All jobs and runs of one emulator; whoever reads or writes them holds `lock`."""

    def __init__(self, guesses: Guesses) -> None:
        self.guesses = guesses
        self.lock = RLock()
        self.jobs: dict[str, Job] = {}
        self.runs: dict[str, Run] = {}
        #: What is gone with its job, for tests that count what ever ran.
        self.deleted_runs: dict[str, Run] = {}

    def listed(self, known: dict[str, Item]) -> list[Item]:
        """Give jobs or runs in the order of lists."""
        items = list(known.values())
        return items[::-1] if self.guesses.newest_first else items

    def runs_of(self, job_id: str) -> list[Run]:
        """List a job's runs."""
        return [run for run in self.listed(self.runs) if run.job_id == job_id]

    def enter(self, run: Run, state: str, now: datetime, said: str) -> bool:
        """Let an active run enter a state; False where it has ended already."""
        with self.lock:
            if not run.active:
                return False
            # States of one moment could not be put in order again.
            at = max(now, run.states[-1][1] + timedelta(microseconds=1))
            run.general.append(LogEvent(at, said))
            run.states.append((state, at))
        if not run.active:
            run.ended.set()
        return True
