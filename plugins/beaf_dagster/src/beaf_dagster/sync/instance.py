"""How is the instance of a Dagster home reached, by one writer at a time?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout
from sqlalchemy.exc import DBAPIError

from beaf_core import LockedError, ResourceError, UsageError
from beaf_dagster.homes.home import existing_home

#: What may hold a password in what a driver says.
_USER = re.compile(r"://[^@\s/]*(?:/[^@\s/]*)*@")


@contextmanager
def opened_instance(dagster_home: str | None) -> Iterator[dg.DagsterInstance]:
    """Open the instance of a home; what its database says later is told as clearly.

    Raises:
        UsageError: there is no home, or its dagster.yaml cannot be read.
        ResourceError: the database refuses.
    """
    home = existing_home(dagster_home)
    with _told(home), _configured(home) as instance:
        yield instance


@contextmanager
def alone(dagster_home: str | None) -> Iterator[None]:
    """Keep other syncs and prunes of this home out, for as long as this process lives.

    Raises:
        LockedError: another one is at work.
    """
    home = existing_home(dagster_home)
    lock = FileLock(home / ".beaf-sync.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError(
            f"another sync or prune of {home} is at work", remedy="wait until it has ended"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _configured(home: Path) -> Iterator[dg.DagsterInstance]:
    try:
        instance = dg.DagsterInstance.from_config(str(home))
    except dg.DagsterError as error:
        raise UsageError(
            f"{home / 'dagster.yaml'} cannot be used: {masked(str(error))}",
            remedy="mend it; `beaf dagster doctor` says more",
        ) from error
    with instance:
        yield instance


@contextmanager
def _told(home: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the database's is told in words, all others go on as they are
        fault = _of_database(error)
        if fault is None:
            raise
        reason = " ".join(masked(str(fault.orig or fault)).split())
        raise ResourceError(
            f"the event log of {home} cannot be reached: {reason}",
            remedy="start the database, or mend `storage` in its dagster.yaml; what was written "
            "before stays, and asking again goes on from there",
        ) from None


def _of_database(error: BaseException | None) -> DBAPIError | None:
    """Find what the driver said, behind an exception of Dagster's storage."""
    while error is not None and not isinstance(error, DBAPIError):
        error = error.__cause__
    return error


def masked(text: str) -> str:
    """Take users and passwords out of the URLs in a text."""
    return _USER.sub("://***@", text)
