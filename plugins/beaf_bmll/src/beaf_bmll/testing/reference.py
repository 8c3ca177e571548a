"""How do the emulated servers answer for listings, instruments, markets, and what is there?"""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field

from beaf_bmll.testing.answers import invalid
from beaf_bmll.testing.clock import Clock
from beaf_bmll.testing.contract import AVAILABILITY_KINDS, Wire
from beaf_bmll.testing.market import Market, days_of
from beaf_bmll.testing.web import Answer, Call, Route

if TYPE_CHECKING:
    import polars as pl

_IDS = {
    "Listing": "ListingId",
    "Instrument": "InstrumentId",
    "Market": "MarketId",
    "Index": "IndexId",
}


class ReferenceQuery(Wire):
    """A question for reference data; whatever else it has constrains a column."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, list[str]]

    object_type: Literal["Listing", "Instrument", "Market", "Index"] | None
    start_date: str | None
    end_date: str | None
    token: str | None
    schema_name: Literal["Equity", "Future"] = Field(alias="schema")
    object_ids: list[int] | None = None


class AvailabilityQuery(Wire):
    """A question for what data are there."""

    mics: list[str]
    data_type: str | None = None
    data_set: str | None = None
    date: str | None = None
    latest_status: bool | None = None


class EtfQuery(Wire):
    """A question for funds; its keys are columns."""

    model_config = ConfigDict(extra="allow")


class Reference:
    """The reference service."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self._market, self._clock = market, clock

    def routes(self) -> list[Route]:
        """List its calls."""
        return [
            Route("POST", "/reference/query", self._query, body=ReferenceQuery),
            Route("POST", "/reference/etf-data", self._etf, body=EtfQuery),
            Route("POST", "/reference/availability", self._old, body=AvailabilityQuery),
            Route("POST", "/market-data-v2/availability", self._new, body=AvailabilityQuery),
        ]

    def _query(self, call: Call) -> dict[str, Any]:
        asked: ReferenceQuery = call.body
        found = self._found(asked)
        at, size = int(asked.token or 0), self._market.page_size
        page = found.slice(at, size)
        more = {"token": str(at + size)} if at + size < found.height else {}
        rows = [[_told(value) for value in row] for row in page.rows()]
        return {"columns": page.columns, "data": rows} | more

    def _found(self, asked: ReferenceQuery) -> pl.DataFrame:
        import polars as pl

        start = _day(asked.start_date) or _business_day_before(self._clock.now().date())
        end = _day(asked.end_date) or start
        if end < start:
            raise invalid("endDate before startDate")
        return pl.concat([self._on(day, asked) for day in days_of(start, end)])

    def _on(self, day: date, asked: ReferenceQuery) -> pl.DataFrame:
        import polars as pl

        # Guess: who names no kind of object asks for listings.
        kind = asked.object_type or "Listing"
        # Guess: there are equities only.
        tables = {"Market": self._market.markets, "Index": self._market.indices}
        known = tables.get(kind, self._market.listings)(day)
        rows = known.clear() if asked.schema_name == "Future" else known
        if asked.object_ids is not None:
            rows = rows.filter(pl.col(_IDS[kind]).is_in(asked.object_ids))
        for column, values in asked.__pydantic_extra__.items():
            rows = self._constrained(rows, day, column, values)
        if kind == "Instrument":
            # A constraint finds instruments, and the answer has their listings on all venues.
            return known.filter(pl.col("InstrumentId").is_in(rows["InstrumentId"].implode()))
        return rows

    def _constrained(
        self, rows: pl.DataFrame, day: date, column: str, values: list[str]
    ) -> pl.DataFrame:
        import polars as pl

        if column == "Index":
            return rows.filter(
                pl.col("ListingId").is_in(self._market.members(day, values).implode())
            )
        if column not in rows.columns:
            # Guess: a constraint on nothing known is refused.
            raise invalid(f"no field {column}")
        # Values are text on the wire: true is "True".
        return rows.filter([str(value) in values for value in rows[column]])

    def _etf(self, _call: Call) -> Answer:
        # Guess: all funds that the test gave; nothing of ours asks for them.
        lines = "\n".join(json.dumps(row) for row in self._market.etf)
        return Answer(200, gzip.compress(lines.encode()), "application/gzip")

    def _old(self, call: Call) -> dict[str, Any]:
        asked: AvailabilityQuery = call.body
        # Guess: LOB is there when level 3 is; other old words are there when all data are.
        kind = "l3" if asked.data_type == "LOB" else "All"
        day = self._asked_day(asked)
        told = {"date": day.isoformat(), "dataType": asked.data_type}
        return {mic: {"ready": mic in self._market.has(kind, day), **told} for mic in asked.mics}

    def _new(self, call: Call) -> dict[str, Any]:
        asked: AvailabilityQuery = call.body
        day = self._asked_day(asked)
        kinds = [asked.data_set] if asked.data_set else AVAILABILITY_KINDS[1:]
        return {mic: [self._told_of(mic, kind, day) for kind in kinds] for mic in asked.mics}

    def _told_of(self, mic: str, kind: str, day: date) -> dict[str, Any]:
        ready = mic in self._market.has(kind, day)
        return {"ready": ready, "dataSet": kind, "date": day.isoformat()}

    def _asked_day(self, asked: AvailabilityQuery) -> date:
        # Guess: the latest status is that of the day before today.
        today = self._clock.now().date()
        return today - timedelta(days=1) if asked.latest_status else _day(asked.date) or today


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"{text!r} is no date") from error


def _business_day_before(day: date) -> date:
    day -= timedelta(days=1)
    while day.isoweekday() > 5:
        day -= timedelta(days=1)
    return day


def _told(value: object) -> object:
    """Write a value as the service does: truth and nothing as words, days as text."""
    return str(value) if value is None or isinstance(value, bool | date) else value
