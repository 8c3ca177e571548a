"""How do the emulated servers fail when a test asks them to?"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Literal

from beaf_bmll.testing.web import Answer

Kind = Literal["429", "500", "502", "503", "504", "401", "reset", "stall", "html"]
When = Literal["before", "after"]
#: Every kind of fault, for tests that go through them all.
KINDS: tuple[Kind, ...] = ("429", "500", "502", "503", "504", "401", "reset", "stall", "html")
_PAGE = b"<html><head><title>Error</title></head><body><h1>It is not you</h1></body></html>"


@dataclass(slots=True)
class Fault:
    """A failure that waits for its request.

    Attributes:
        method: of the request; `*` for any.
        pattern: of its path, as file names are matched: `/compute/jobs/*/runs`.
        kind: a status, `html` (a 500 whose body is a page), `reset` (the connection breaks), or
            `stall` (no answer for `seconds`).
        when: before the servers act, or after they did.
        times: how many requests it strikes; None for every one.
        skip: how many of its requests pass first.
    """

    method: str
    pattern: str
    kind: Kind
    when: When
    times: int | None
    skip: int
    seconds: float

    def concerns(self, method: str, path: str) -> bool:
        """Say whether a request is one that it waits for."""
        return self.method in {"*", method} and fnmatchcase(path, self.pattern)

    @property
    def answer(self) -> Answer | None:
        """What it answers; None where it breaks the connection."""
        if self.kind == "reset":
            return None
        if self.kind == "html":
            return Answer(500, _PAGE, "text/html")
        status = 504 if self.kind == "stall" else int(self.kind)
        return Answer(status, {"message": "injected"})


class Faults:
    """The failures of one emulator."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = Lock()

    def add(
        self,
        method: str,
        path_pattern: str,
        kind: Kind,
        *,
        when: When = "before",
        times: int | None = 1,
        skip: int = 0,
        seconds: float = 30.0,
    ) -> None:
        """Let requests fail; see Fault."""
        if kind not in KINDS:
            raise ValueError(f"no kind of fault {kind!r}: choose one of {', '.join(KINDS)}")
        with self._lock:
            self._waiting.append(Fault(method, path_pattern, kind, when, times, skip, seconds))

    def clear(self) -> None:
        """Fail no more."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Give the fault that strikes a request, and count it."""
        with self._lock:
            for fault in [each for each in self._waiting if each.concerns(method, path)]:
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self._waiting.remove(fault)
                return fault
        return None
