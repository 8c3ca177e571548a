"""Which errors can a person meet, and what does each one ask them to do?

One class per remedy. Each carries the exit code of the command line, so that no caller maps them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from beaf_core.model.faults import Fault


class ExitCode(IntEnum):
    """What the shell learns from a finished command."""

    OK = 0
    BUG = 1
    USAGE = 2
    PARTLY_FAILED = 3
    DATA_MISSING = 4
    RESOURCES = 5
    LOCKED = 6
    INTERRUPTED = 130


class BeafError(Exception):
    """Something a person can put right.

    Args:
        message: what is wrong, with the place.
        remedy: what to do about it, as a sentence or a command.
    """

    exit_code: ExitCode = ExitCode.USAGE
    #: What checks found, where that is why.
    faults: tuple[Fault, ...] = ()

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.remedy}" if self.remedy else self.message

    def having(self, faults: Iterable[Fault]) -> Self:
        """Keep what checks found."""
        self.faults = tuple(faults)
        return self


class UsageError(BeafError):
    """A request that cannot be carried out as written: mend the request."""


class TextFaultError(ValueError):
    """A text that a person wrote (an expression, a pattern) is wrong at one place in it.

    Validators of options raise it, so that the caret stands below that very place.

    Args:
        message: what is wrong.
        text: the whole text.
        start: where in it, counted from 0.
        width: how many characters the caret underlines.
    """

    def __init__(self, message: str, text: str, start: int, width: int = 1) -> None:
        super().__init__(message)
        self.text, self.start, self.width = text, start, width

    def snippet(self) -> str:
        """Render the line of the text with a caret below the place."""
        before, line = self.text[: self.start], self.text.splitlines()
        column = self.start - (before.rfind("\n") + 1)
        shown = line[before.count("\n")] if line else ""
        width = max(1, min(self.width, len(shown) - column))
        return f"    {shown}\n    {' ' * column}{'^' * width}"


class DataMissingError(BeafError):
    """Data that the request needs is not there: deliver it, or narrow the request."""

    exit_code = ExitCode.DATA_MISSING


class AbsentDayError(DataMissingError):
    """A day has no data. `status` (closed, pending, missing) says whether that is a fault."""

    def __init__(self, message: str, status: str) -> None:
        super().__init__(message, remedy="deliver the data, name another date, or correct SOURCE")
        self.status = status


class DataInvalidError(BeafError):
    """Data is there, but unusable (corrupt, a missing or mistyped column): repair or map it."""

    exit_code = ExitCode.DATA_MISSING


class EmptyUniverseError(BeafError):
    """No listing answers the selector on that date: choose another one."""

    exit_code = ExitCode.DATA_MISSING


class ResourceError(BeafError):
    """The machine refuses (disk full, no permission, no memory): make room, or move elsewhere."""

    exit_code = ExitCode.RESOURCES


class PartitionFailedError(BeafError):
    """A step of a partition failed for a reason that no narrower class names."""

    exit_code = ExitCode.PARTLY_FAILED


class ModuleFaultError(PartitionFailedError):
    """A module does not keep what it declares: its author's turn."""

    def __init__(self, module: str, fault: str) -> None:
        super().__init__(
            f'the module "{module}": {fault}', remedy="mend the module, or report it to its author"
        )


class BlockedError(BeafError):
    """An earlier pass that is read has no output: see to that one first."""

    exit_code = ExitCode.PARTLY_FAILED


class LockedError(BeafError):
    """Another run is writing the same output: wait for it."""

    exit_code = ExitCode.LOCKED
