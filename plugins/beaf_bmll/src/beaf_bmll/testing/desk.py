"""Where does a request to the emulated servers go, and what is remembered of it?

Whatever the contract does not have is a breach: remembered, and answered 400. The servers forgive
nothing, so that a test which passes against them sends nothing that nobody has ever seen work.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

from pydantic import ValidationError

from beaf_bmll.testing.faults import Fault, Faults
from beaf_bmll.testing.web import Answer, BreachError, RefusalError, Request, Route


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is remembered of a request: never a value, which might be a secret.

    Attributes:
        method: GET, POST, …
        path: as it came.
        route: as the contract has it, such as `/compute/jobs/{job}`; None where it has none.
        query: the keys behind the question mark, sorted.
        keys: those of the body, sorted; None where there was no body.
        status: of the answer; 0 where the connection broke.
        fault: the kind of an injected fault, and when: `503 after`.
    """

    method: str
    path: str
    route: str | None
    query: tuple[str, ...]
    keys: tuple[str, ...] | None
    status: int
    fault: str | None = None


class Desk:
    """Takes requests, gives answers, and remembers both."""

    def __init__(
        self, routes: Iterable[Route], check: Callable[[Request, str], str], faults: Faults
    ) -> None:
        self._routes, self._check, self._faults = tuple(routes), check, faults
        self.requests: list[Recorded] = []
        self.violations: list[str] = []
        self.closing = Event()

    def answer(self, request: Request) -> Answer | None:
        """Answer a request; None where the connection is to break."""
        fault = self._faults.take(request.method, request.path)
        if fault is None:
            answer: Answer | None = self._act(request)
        elif fault.when == "before":
            answer = self._fail(fault)
        else:
            self._act(request)
            answer = self._fail(fault)
        self._remember(request, answer, fault)
        return answer

    def _fail(self, fault: Fault) -> Answer | None:
        if fault.kind == "stall":
            self.closing.wait(fault.seconds)
        return fault.answer

    def _act(self, request: Request) -> Answer:
        try:
            given = self._answer(request)
            return given if isinstance(given, Answer) else Answer(200, given)
        except RefusalError as refusal:
            return refusal.answer
        except ValidationError as error:
            return self._breach(request, _told(error))
        except BreachError as error:
            return self._breach(request, str(error))
        except Exception:  # noqa: BLE001 - a fault of the emulator must fail the test, not hang it
            self.violations.append(f"{request.method} {request.path}: {traceback.format_exc()}")
            return Answer(500, {"message": "the emulator failed: see its violations"})

    def _answer(self, request: Request) -> Any:
        route, names = self._route(request)
        return route.answer(route.read(request, names, self._check(request, route.who)))

    def _route(self, request: Request) -> tuple[Route, Mapping[str, str]]:
        for route in self._routes:
            if (names := route.match(request)) is not None:
                return route, names
        raise BreachError("is no call of the contract")

    def _breach(self, request: Request, said: str) -> Answer:
        self.violations.append(f"{request.method} {request.path}: {said}")
        return Answer(400, {"error": said, "status": ["INVALID"]})

    def _remember(self, request: Request, answer: Answer | None, fault: Fault | None) -> None:
        matching = (route.pattern for route in self._routes if route.match(request) is not None)
        keys = tuple(sorted(request.body)) if isinstance(request.body, dict) else None
        self.requests.append(
            Recorded(
                request.method,
                request.path,
                next(matching, None),
                tuple(sorted(request.query)),
                keys,
                0 if answer is None else answer.status,
                None if fault is None else f"{fault.kind} {fault.when}",
            )
        )


def _told(error: ValidationError) -> str:
    """Say where and what, without the values that were sent."""
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}"
        for each in error.errors(include_input=False, include_url=False)
    )
