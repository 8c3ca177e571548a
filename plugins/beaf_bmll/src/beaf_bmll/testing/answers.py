"""Which shapes do all answers of the emulated compute service share?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any, TypeVar

from beaf_bmll.config import CONDA_ENVS, INSTANCE_SIZES
from beaf_bmll.testing.contract import JobsQuery, RunsQuery
from beaf_bmll.testing.web import LAB, Call, RefusalError, Route

Item = TypeVar("Item")

# Guess: how many jobs or runs a page has where nobody says.
PAGE_SIZE = 100


def locked_route(
    lock: RLock, method: str, pattern: str, answer: Callable[[Call], Any], **rest: Any
) -> Route:
    """Make a call of compute, which answers one request at a time."""

    def locked(call: Call) -> dict[str, Any]:
        with lock:
            return {"result": answer(call)}

    return Route(method, f"/compute{pattern}", locked, LAB, **rest)


def invalid(message: str) -> RefusalError:
    """Make the answer to something that cannot be."""
    return RefusalError(400, {"error": message, "status": ["INVALID"]})


def missing(what: str) -> RefusalError:
    """Make the answer to something that is not there."""
    return RefusalError(404, {"error": f"{what} not found", "status": []})


def page_of(items: Sequence[Item], query: JobsQuery | RunsQuery) -> Sequence[Item]:
    """Cut a page of a listing."""
    size = query.page_size or PAGE_SIZE
    start = (query.page - 1) * size  # Guess: pages count from 1.
    return items[start : start + size]


def check_machine(settings: Mapping[str, Any]) -> None:
    """Refuse what is not offered."""
    if settings["instanceSize"] not in INSTANCE_SIZES:
        raise invalid(f"instanceSize {settings['instanceSize']} not available")
    if settings["condaEnv"] not in CONDA_ENVS:
        raise invalid(f"condaEnv {settings['condaEnv']} not available")
    if settings["maxRuntimeHours"] < 1:
        raise invalid("maxRuntimeHours must be positive")
