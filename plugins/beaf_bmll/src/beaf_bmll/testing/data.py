"""How does the emulated Data API answer: which tables, which fields, which rows?"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from beaf_bmll.testing.answers import invalid, missing
from beaf_bmll.testing.contract import Query, Wire
from beaf_bmll.testing.jobs import new_id
from beaf_bmll.testing.market import Market
from beaf_bmll.testing.web import ANYTHING, Answer, Call, Route

if TYPE_CHECKING:
    import polars as pl

#: The column of time of each table, where nobody names one.
_TIMES = {
    "trades": "TradeTimestamp",
    "trades_plus": "TradeTimestamp",
    "l2": "EventTimestamp",
    "l3": "TimestampNanoseconds",
    "cbbo": "EventTimestamp",
}
_FORMATS = {"parquet": "parquet", "csv": "csv.gz", "json": "json.gz"}


class DateRange(Wire):
    """Days, both inside."""

    start_date: date = Field(strict=False)
    end_date: date | None = Field(None, strict=False)


class TimeRange(Wire):
    """A window of time: text, or nanoseconds since 1970."""

    start: str | int
    end: str | int
    timestamp_field: str | None = None


class DataQuery(Wire):
    """A question for rows."""

    filters: dict[str, Any]
    date_range: DateRange | None = None
    datetime_range: TimeRange | None = None
    columns: list[str] | None = None
    output_format: Literal["parquet", "csv", "json"] = "parquet"


class TablesQuery(Query):
    """Which tables are described: their names, with commas between."""

    table: str | None = None


class IdQuery(Query):
    """Which query is meant."""

    id: str


class FlagsQuery(Query):
    """Which flag of an account is asked for."""

    flag_name: str = Field(alias="flag_name")


@dataclass(slots=True)
class Waiting:
    """A query that was asked."""

    frame: pl.DataFrame
    form: str
    polls: int = 0
    cancelled: bool = False
    rejected: bool = False


class Data:
    """The Data API.

    Args:
        market: what is there.
        base: its own address, which links of results need.
    """

    def __init__(self, market: Market, base: Callable[[], str]) -> None:
        self._market, self._base = market, base
        self._asked: dict[str, Waiting] = {}

    def routes(self) -> list[Route]:
        """List its calls."""
        rows = "/apiv2/data/{table}"
        return [
            Route("GET", "/apiv2/datasets", self._tables, query=TablesQuery),
            Route("GET", "/apiv2/datasets/{table}/schema", self._schema),
            Route("POST", rows, self._ask, body=DataQuery),
            Route("GET", rows, self._poll, query=IdQuery),
            Route("DELETE", rows, self._cancel, query=IdQuery),
            Route("POST", f"{rows}/estimate", self._estimate, body=DataQuery),
            Route("GET", "/files/{id}", self._file, ANYTHING),
            Route("GET", "/account/feature-flags", self._flags, query=FlagsQuery),
        ]

    def _tables(self, call: Call) -> list[dict[str, Any]]:
        wanted = call.query.table.split(",") if call.query.table else self._market.tables
        return [_described(name, self._frame(name)) for name in wanted]

    def _schema(self, call: Call) -> dict[str, Any]:
        frame = self._frame(call.names["table"])
        return {
            "fields": [
                {
                    "field_name": name,
                    "data_type": str(kind),
                    "description": "",
                    "filterable": True,
                    "required": name == "MIC",
                }
                for name, kind in frame.schema.items()
            ]
        }

    def _frame(self, table: str) -> pl.DataFrame:
        if table not in self._market.tables:
            raise invalid(f"unknown table {table}")
        return self._market.tables[table]

    def _ask(self, call: Call) -> dict[str, str]:
        query_id = new_id()
        waiting = Waiting(self._found(call), call.body.output_format)
        if self._market.rejections:
            self._market.rejections -= 1
            waiting.rejected = True
        self._asked[query_id] = waiting
        return {"id": query_id}

    def _found(self, call: Call) -> pl.DataFrame:
        import polars as pl

        asked: DataQuery = call.body
        rows = self._frame(call.names["table"])
        if "MIC" in rows.columns and "MIC" not in asked.filters:
            raise invalid("MIC is required")
        for column, wanted in asked.filters.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            rows = rows.filter(
                pl.col(_known(rows, column)).cast(pl.String).is_in(list(map(str, values)))
            )
        rows = _in_days(rows, asked.date_range)
        rows = _in_window(rows, asked.datetime_range, _TIMES.get(call.names["table"]))
        return rows.select([_known(rows, name) for name in asked.columns or rows.columns])

    def _poll(self, call: Call) -> dict[str, Any]:
        waiting = self._waiting(call.query.id)
        waiting.polls += 1
        told: dict[str, Any] = {"id": call.query.id}
        if waiting.cancelled:
            return told | {"status": "CANCELLED"}
        if waiting.rejected:
            return told | {"status": "REJECTED", "reason": "busy", "retry_after": 0}
        if waiting.polls == 1:
            return told | {"status": "QUEUED"}
        return told | {"status": "SUCCESS", "link": f"{self._base()}/files/{call.query.id}"}

    def _cancel(self, call: Call) -> dict[str, str]:
        self._waiting(call.query.id).cancelled = True
        return {"id": call.query.id}

    def _waiting(self, query_id: str) -> Waiting:
        if query_id not in self._asked:
            raise missing("query")
        return self._asked[query_id]

    def _estimate(self, call: Call) -> dict[str, Any]:
        found = self._found(call)
        return {
            "estimatedRows": found.height,
            "estimatedBytes": int(found.estimated_size()),
            "outputFormat": _FORMATS[call.body.output_format],
        }

    def _file(self, call: Call) -> Answer:
        waiting = self._waiting(call.names["id"])
        return Answer(200, _written(waiting.frame, waiting.form), "application/octet-stream")

    @staticmethod
    def _flags(call: Call) -> dict[str, bool]:
        return {call.query.flag_name: True}


def _described(name: str, frame: pl.DataFrame) -> dict[str, Any]:
    return {
        "table": name,
        "display_name": name,
        "description": "",
        "filters": frame.columns,
        "required_filters": [column for column in frame.columns if column == "MIC"],
        "default_timestamp_field": _TIMES.get(name),
    }


def _known(rows: pl.DataFrame, column: str) -> str:
    if column not in rows.columns:
        raise invalid(f"no field {column}")
    return column


def _in_days(rows: pl.DataFrame, days: DateRange | None) -> pl.DataFrame:
    import polars as pl

    if days is None:
        return rows
    day = pl.col(_known(rows, "Date")).cast(pl.String)
    last = days.end_date or days.start_date
    return rows.filter(day.is_between(pl.lit(str(days.start_date)), pl.lit(str(last))))


def _in_window(rows: pl.DataFrame, window: TimeRange | None, usual: str | None) -> pl.DataFrame:
    import polars as pl

    if window is None:
        return rows
    column = window.timestamp_field or usual
    if column is None:
        raise invalid("timestampField is required")
    time = pl.col(_known(rows, column)).cast(pl.Int64)
    if isinstance(rows.schema[column], pl.Datetime):
        time = pl.col(column).dt.epoch("ns")
    # Guess: the start is inside, and the end is not.
    return rows.filter(time.is_between(_ns(window.start), _ns(window.end), closed="left"))


def _ns(bound: str | int) -> int:
    import polars as pl

    if isinstance(bound, int):
        return bound
    read = pl.Series([bound]).str.to_datetime(time_unit="ns", time_zone="UTC", strict=False)
    if read[0] is None:
        raise invalid(f"{bound!r} is no time")
    return int(read.dt.epoch("ns")[0])


def _written(frame: pl.DataFrame, form: str) -> bytes:
    # Not into a BytesIO: a Ctrl-C in any thread breaks polars' writing off, and its own threads
    # may then still hold the object, which crashes the process.
    with TemporaryDirectory() as folder:
        file = Path(folder, "answer")
        if form == "parquet":
            frame.write_parquet(file)
            return file.read_bytes()
        if form == "csv":
            frame.write_csv(file)
        else:
            frame.write_ndjson(file)
        return gzip.compress(file.read_bytes())
