"""Does a source keep its contract: lazy, typed, honest about absence?"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core import (
    TABLES,
    BeafError,
    ColumnType,
    DayStatus,
    PluginError,
    TableRead,
    TableRequest,
)
from beaf_core.testing.market import TINY_DAYS, assert_same_rows
from beaf_core.testing.subject import Subject, subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def check_source(
    plugin: object,
    config: object = None,
    *,
    day: str = TINY_DAYS[0],
    tables: Sequence[str] = ("reference", "trades"),
    absent_day: str = "2025-01-08",
    name: str | None = None,
) -> None:
    """Check a source: lazy, typed, honest about absence, and the same whatever is pushed down.

    Args:
        plugin: the name of an installed source, or the object itself.
        config: its options, as they would stand in SOURCE.
        day: a day that it has data for.
        tables: tables that it has on that day.
        absent_day: a day that it has no data for.
        name: the name to address an object by.

    Raises:
        AssertionError: the contract is broken; the message says how.
        PluginError: an answer was refused at the border.
    """
    source = _Source(subject("source", plugin, name), config)
    for table in tables:
        request = TableRequest(table, date.fromisoformat(day))
        rows = _check_ready(source, request)
        _check_pushing_down(source, request, rows)
    _check_absence(source, TableRequest(tables[0], date.fromisoformat(absent_day)))
    _check_unknown_table(source, TableRequest("no_such_table", date.fromisoformat(day)))


class _Source:
    def __init__(self, tested: Subject, config: object) -> None:
        self._tested, self._config = tested, tested.options(config)

    def read(self, request: TableRequest) -> TableRead:
        with _no_collecting(request.table):
            return self._tested.host.read_table(self._tested.name, request, self._config)

    def rows(self, request: TableRequest) -> pl.DataFrame:
        frame = self.read(request).frame
        assert frame is not None, f"{request.table}: no frame for {_spelled(request)}"
        return frame.collect()


@contextmanager
def _no_collecting(table: str) -> Iterator[None]:
    def refuse(*_args: object, **_options: object) -> Any:
        raise AssertionError(f"{table}: read_table collects; answer the lazy frame itself")

    kept = pl.LazyFrame.collect
    pl.LazyFrame.collect = refuse  # type: ignore[method-assign]
    try:
        yield
    except PluginError as error:
        if isinstance(error.__cause__, AssertionError):
            raise error.__cause__ from None
        raise
    finally:
        pl.LazyFrame.collect = kept  # type: ignore[method-assign]


def _check_ready(source: _Source, request: TableRequest) -> pl.DataFrame:
    table, answer = request.table, source.read(request)
    assert answer.status is DayStatus.READY, f"{table}: {answer.status} on {request.day}, not ready"
    assert answer.frame is not None
    rows = answer.frame.collect()
    assert rows.height, f"{table}: no rows on {request.day}; choose a day that has some"
    _check_columns(table, rows.schema)
    _check_order(table, rows, answer.order)
    known = [part.rows for part in answer.parts if part.rows is not None]
    if answer.parts and len(known) == len(answer.parts):
        assert sum(known) >= rows.height, (
            f"{table}: the parts count {sum(known)} rows, the frame holds {rows.height}"
        )
    again = source.read(request)
    assert again.parts == answer.parts, f"{table}: two reads name different parts"
    assert again.frame is not None
    assert_same_rows(again.frame.collect(), rows, f"{table}: two reads give different rows")
    return rows


def _check_columns(table: str, schema: pl.Schema) -> None:
    known = TABLES[table]
    assert "ListingId" in schema, f"{table}: no column ListingId"
    assert any(name in schema for name in known.time), (
        f"{table}: no time column; one of {', '.join(known.time)} is needed"
    )
    for name in schema.keys() & known.columns.keys():
        wanted = known.columns[name]
        assert _fits(schema[name], wanted), f"{table}.{name} is {schema[name]}, not {wanted}"


def _fits(dtype: pl.DataType, wanted: ColumnType) -> bool:
    # A column without a single value has no type of its own.
    return dtype == pl.Null or _FAMILIES[wanted](dtype)


def _is_text(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def _is_flag(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Boolean) or dtype.is_integer()


def _is_time(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.Datetime):
        return dtype.time_zone is None  # naive, and meant as UTC
    return isinstance(dtype, pl.Date | pl.Int64)


_FAMILIES: dict[ColumnType, Callable[[pl.DataType], bool]] = {
    ColumnType.INTEGER: lambda dtype: dtype.is_integer(),
    ColumnType.NUMBER: lambda dtype: dtype.is_numeric(),
    ColumnType.TEXT: _is_text,
    ColumnType.FLAG: _is_flag,
    ColumnType.TIMESTAMP: _is_time,
}


def _check_order(table: str, rows: pl.DataFrame, order: Sequence[str]) -> None:
    if not order:
        return
    lacking = [name for name in order if name not in rows.columns]
    assert not lacking, f"{table}: order names {', '.join(lacking)}, which the frame lacks"
    for listing in rows.partition_by("ListingId", maintain_order=True):
        keys = listing.select(order)
        assert keys.equals(keys.sort(order, maintain_order=True)), (
            f"{table}: rows of one listing are not in the order claimed, {', '.join(order)}"
        )


def _check_pushing_down(source: _Source, request: TableRequest, rows: pl.DataFrame) -> None:
    """What is pushed down may save work, and must lose nothing: the engine filters again."""
    for each, condition in _narrowed(request, rows):
        answered, wanted = source.rows(each), rows.filter(condition)
        assert "ListingId" in answered.columns, f"{request.table}: {_spelled(each)} lost ListingId"
        columns = [name for name in rows.columns if name in answered.columns]
        assert_same_rows(
            answered.filter(condition).select(columns),
            wanted.select(columns),
            f"{request.table}: {_spelled(each)} loses or adds rows",
        )


def _narrowed(
    request: TableRequest, rows: pl.DataFrame
) -> Iterator[tuple[TableRequest, pl.Expr | bool]]:
    """Yield narrower requests, with the condition that picks the rows they ask for."""
    first = rows.row(0, named=True)
    yield (
        replace(request, listings=(first["ListingId"],)),
        pl.col("ListingId") == first["ListingId"],
    )
    yield replace(request, columns=("ListingId",)), True
    if "MIC" in first:
        yield replace(request, mics=(first["MIC"],)), pl.col("MIC") == first["MIC"]
    if request.table == "reference" and first.get("Ticker"):
        ticker = pl.col("Ticker")
        yield replace(request, constraints={"Ticker": first["Ticker"]}), ticker == first["Ticker"]
        several = (first["Ticker"], rows["Ticker"][-1])
        yield replace(request, constraints={"Ticker": several}), ticker.is_in(several)


def _check_absence(source: _Source, request: TableRequest) -> None:
    answer = source.read(request)
    assert answer.status is not DayStatus.READY, (
        f"{request.table}: ready on {request.day}, a day without data"
    )
    assert answer.frame is None, f"{request.table}: a frame on {request.day}, a day without data"


def _check_unknown_table(source: _Source, request: TableRequest) -> None:
    try:
        answer = source.read(request)
    except PluginError as error:
        raise AssertionError(f"asked for a table that it does not have: {error}") from error
    except BeafError:
        return  # it says so itself
    assert answer.status is not DayStatus.READY, "a table that does not exist is ready"


def _spelled(request: TableRequest) -> str:
    asked = ("mics", "listings", "columns", "constraints")
    told = [f"{name}={value}" for name in asked if (value := getattr(request, name))]
    return ", ".join(told) or "the whole table"
