"""What is a request to the emulated servers, what an answer, and who gives it?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

#: Who may ask: anything at all, the vendor's package, who has logged in, or in to the Lab only.
ANYTHING, ANYBODY, MEMBER, LAB = "anything", "anybody", "member", "lab"


class Unreadable:
    """A body that is no JSON."""


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. A body of bytes is sent as it is, everything else as JSON."""

    status: int
    body: Any
    content_type: str = "application/json"


class RefusalError(Exception):
    """The servers say no, as the real ones would: an answer, not a breach of the contract."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status, body)
        self.answer = Answer(status, dict(body))


class BreachError(Exception):
    """Something that the contract does not have."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that keeps to the contract, read."""

    names: Mapping[str, str]
    query: Any
    body: Any
    bearer: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """One call of the contract.

    Attributes:
        method: GET, POST, …
        pattern: its path, `{name}` for what varies.
        answer: what it answers with.
        who: ANYTHING, ANYBODY, MEMBER or LAB.
        query: which keys may stand behind the question mark; None: none.
        body: what may be sent; None: nothing.
        body_needed: whether something must be sent.
    """

    method: str
    pattern: str
    answer: Callable[[Call], Any]
    who: str = MEMBER
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    body_needed: bool = True
    _regex: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        regex = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.pattern)
        object.__setattr__(self, "_regex", re.compile(regex))

    def match(self, request: Request) -> Mapping[str, str] | None:
        """Give what varies in the path; None where it is another call."""
        found = self._regex.fullmatch(request.path) if request.method == self.method else None
        return None if found is None else found.groupdict()

    def read(self, request: Request, names: Mapping[str, str], bearer: str) -> Call:
        """Read query and body; a ValidationError or a BreachError where they are not as agreed."""
        return Call(names, self._query(request), self._body(request), bearer, request.headers)

    def _query(self, request: Request) -> BaseModel | None:
        if self.query is not None:
            return self.query.model_validate(dict(request.query))
        if request.query:
            raise BreachError(f"takes no query, and was given {sorted(request.query)}")
        return None

    def _body(self, request: Request) -> BaseModel | None:
        if isinstance(request.body, Unreadable):
            raise BreachError("is no JSON")
        if request.body is None:
            if self.body is not None and self.body_needed:
                raise BreachError("needs a body, and was given none")
            return None
        if self.body is None:
            raise BreachError("takes no body, and was given one")
        return self.body.model_validate(request.body)
