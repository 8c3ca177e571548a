"""What do the vendor's reference service and Data API answer?

The vendor's own session asks. Only the download of a result is our own: the vendor's waits for
ever.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from beaf_bmll.errors import BMLLError
from beaf_bmll.sdk.faults import Asked, reading
from beaf_bmll.sources.download import fetch, not_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from beaf_bmll.sdk import LockedSession
    from beaf_bmll.sources.config import Config

Answer = TypeVar("Answer")

#: So many identifiers go into one request, as the vendor's package does it.
CHUNK = 40_000
#: How often a query is asked after: quickly at first, as the vendor's package does it.
_FIRST_WAIT, _FIRST_WAITS, _LATER_WAIT = 0.3, 10, 1.0
#: A server that is busy is asked again after so many seconds where it does not say.
_BUSY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the reference service on a day.

    Attributes:
        kind: of the objects: Listing, Instrument, Market or Index.
        ids: their identifiers; None where constraints find them.
        constraints: name → values of which one is to match, as texts.
    """

    kind: str
    ids: tuple[int, ...] | None = None
    constraints: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def finds_nothing(self) -> bool:
        """Whether nothing can match: no identifier, or no value of a constraint."""
        return self.ids == () or any(not values for _, values in self.constraints)


@dataclass(frozen=True, slots=True)
class DataQuery:
    """What is asked of the Data API: columns of a venue's day."""

    dataset: str
    day: date
    filters: Mapping[str, Sequence[str]]
    columns: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Render as the API takes it."""
        day = self.day.isoformat()
        asked: dict[str, Any] = {
            "filters": {name: list(values) for name, values in self.filters.items()},
            "dateRange": {"startDate": day, "endDate": day},
        }
        return asked if self.columns is None else {**asked, "columns": list(self.columns)}


@dataclass(frozen=True, slots=True)
class _Poll:
    """How a query of the Data API stands.

    Attributes:
        status: in the vendor's words; whatever is not among those that we know is under way.
        link: to its result, once it has succeeded; it opens that to anybody.
        retry_after: seconds after which one that was turned away may be asked again.
    """

    status: str
    link: str | None = field(repr=False)
    retry_after: float

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> _Poll:
        """Read an answer."""
        status = str(found["status"])
        link = str(found["link"]) if status == "SUCCESS" else None
        return cls(status, link, float(found.get("retry_after", _BUSY_SECONDS)))


class Service:
    """The two services, asked through this process's session; made when something must be asked.

    Args:
        config: the source's options.
        given_up: set by who does not want the answer any more; a wait ends with it.
    """

    def __init__(self, config: Config, given_up: Event | None = None) -> None:
        from beaf_bmll.sdk import session_of  # the vendor's package takes 3 to 5 s

        self._config = config
        self._given_up = given_up or Event()
        self._session: LockedSession = session_of(config.lab_org_id, config.http_timeout)

    def _ask(
        self, method: str, service: str, path: str, read: Callable[[Any], Answer], **what: Any
    ) -> Answer:
        """Ask, and read the answer; one that cannot be read is told as such."""
        with reading(Asked(method.upper(), service + path, changes=False)):
            return read(self._session.read(lambda sdk: sdk.execute(method, service, path, **what)))

    # -- reference -----------------------------------------------------------------------------

    def reference(self, day: date, query: Query) -> pl.DataFrame:
        """Ask for reference data, every page of them: texts as they come, no column where empty."""
        pages = [page for asked in _bodies(day, query) for page in self._pages(asked)]
        found = pl.concat(pages, how="diagonal").unique(maintain_order=True)
        return found.sort(name for name in found.columns if name.endswith("Id"))

    def _pages(self, asked: Mapping[str, Any]) -> Iterator[pl.DataFrame]:
        token = None
        while True:
            body = {**asked, "token": token}
            page, token = self._ask("post", "reference", "/query", _page, json=body)
            yield page
            if not token:
                return

    # -- the Data API --------------------------------------------------------------------------

    def datasets(self) -> dict[str, list[str]]:
        """List the tables of the Data API, each with the filters that it takes."""

        def filters(found: Any) -> dict[str, list[str]]:
            return {each["table"]: list(each.get("filters") or ()) for each in found}

        return self._ask("get", "apiv2", "/datasets", filters)

    def fields(self, dataset: str) -> list[str]:
        """List the columns of a table."""

        def names(found: Any) -> list[str]:
            return [each["field_name"] for each in found["fields"]]

        return self._ask("get", "apiv2", f"/datasets/{dataset}/schema", names)

    def estimate(self, query: DataQuery) -> tuple[int, int] | None:
        """Ask how many rows and bytes a query would give, at most; None where nobody can tell."""
        path = f"/data/{query.dataset}/estimate"
        try:
            return self._ask("post", "apiv2", path, _size, json=query.to_json())
        except BMLLError as error:
            if error.status == 404:  # a deployment from before there were estimates
                return None
            raise

    def download(self, query: DataQuery, path: Path) -> None:
        """Write the rows of a query to a parquet file.

        Raises:
            BMLLError: it fails, is refused, or takes too long.
        """
        deadline = time.monotonic() + self._config.max_wait_seconds
        while True:
            number = self._ask("post", "apiv2", f"/data/{query.dataset}", _id, json=query.to_json())
            answer = self._ended(query, number, deadline)
            if answer.link is not None:
                return fetch(answer.link, path, self._config.http_timeout, self._given_up)
            pause = max(answer.retry_after, _FIRST_WAIT)
            if time.monotonic() + pause > deadline:
                raise _busy(query)
            if self._given_up.wait(pause):
                raise not_wanted()

    def _ended(self, query: DataQuery, number: str, deadline: float) -> _Poll:
        """Wait until a query has succeeded, or was turned away; one that is given up is ended."""
        try:
            return _polled(lambda: self._poll(query, number), deadline, self._given_up)
        except BaseException:  # whatever ends the wait, Ctrl-C too, must not leave it running
            self._cancel(query, number)
            raise

    def _poll(self, query: DataQuery, number: str) -> _Poll:
        path, which = f"/data/{query.dataset}", {"id": number}
        found = self._ask("get", "apiv2", path, _Poll.of, params=which)
        if found.status in {"FAILED", "CANCELLED"}:
            raise BMLLError(
                f"the Data API's query of {_named(query)} has ended as {found.status}",
                remedy="try again; where it stays so, ask BMLL",
                retryable=True,
            )
        return found

    def _cancel(self, query: DataQuery, number: str) -> None:
        path, which = f"/data/{query.dataset}", {"id": number}
        try:
            self._ask("delete", "apiv2", path, str, params=which)
        except BMLLError:
            return  # the fault that led here is told; the query ends by itself


def _polled(ask: Callable[[], _Poll], deadline: float, given_up: Event) -> _Poll:
    tries = 0
    while True:
        found = ask()
        if found.status in {"SUCCESS", "REJECTED"}:
            return found
        tries += 1
        if time.monotonic() >= deadline:
            raise BMLLError(
                "the Data API has not answered a query in time",
                remedy="raise SOURCE.max_wait_seconds, or try again later",
                retryable=True,
            )
        if given_up.wait(_FIRST_WAIT if tries <= _FIRST_WAITS else _LATER_WAIT):
            raise not_wanted()


def _busy(query: DataQuery) -> BMLLError:
    return BMLLError(
        f"the Data API is too busy for {_named(query)}",
        remedy="try again later, or raise SOURCE.max_wait_seconds",
        retryable=True,
    )


def _named(query: DataQuery) -> str:
    return f"{query.dataset} of {', '.join(query.filters.get('MIC', ()))} on {query.day}"


# -- what travels ----------------------------------------------------------------------------------


def _bodies(day: date, query: Query) -> Iterator[dict[str, Any]]:
    asked = {
        "objectType": query.kind,
        "startDate": day.isoformat(),
        "endDate": day.isoformat(),
        "schema": "Equity",
        **{name: list(values) for name, values in query.constraints},
    }
    if query.ids is None:
        yield asked
        return
    for start in range(0, len(query.ids), CHUNK):
        yield {**asked, "objectIds": list(query.ids[start : start + CHUNK])}


def _page(found: Mapping[str, Any]) -> tuple[pl.DataFrame, str | None]:
    """Read a page of reference data, and what leads to the next; all of it is text."""
    rows = found["data"]
    columns = zip(*rows, strict=True) if rows else ()
    named = zip(found["columns"], columns, strict=True) if rows else ()
    frame = pl.DataFrame({name: [_text(each) for each in values] for name, values in named})
    return frame.cast(pl.String), found.get("token")


def _size(found: Mapping[str, Any]) -> tuple[int, int]:
    return int(found["estimatedRows"]), int(found["estimatedBytes"])


def _id(found: Mapping[str, Any]) -> str:
    return str(found["id"])


def _text(value: object) -> str | None:
    # On the wire, nothing is null or the word None.
    return None if value is None or value == "None" else str(value)
