"""What does the simulated market answer when the engine asks for a table?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from polars.io.plugins import register_io_source

from beaf_core import (
    DayStatus,
    Part,
    TableRead,
    TableRequest,
    alternatives,
    hookimpl,
    worst_status,
)
from beaf_simulator import cbbo, imbalance, l2, l3, market, sessions
from beaf_simulator.book import rows
from beaf_simulator.columns import TRADES_SCHEMA, trades
from beaf_simulator.config import Config
from beaf_simulator.market import VENUES, Listing
from beaf_simulator.trades import counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    import polars as pl

__all__ = ["Config", "read_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """How one table comes about.

    Attributes:
        schema: its columns.
        make: (config, listings, day, columns) → frames that hold at least those columns.
        rows: (config, listing, day) → how many rows a listing has.
        order: what the rows of one listing are ordered by.
    """

    schema: pl.Schema
    make: Callable[[Config, Sequence[Listing], date, Sequence[str]], Iterator[pl.DataFrame]]
    rows: Callable[[Config, Listing, date], int]
    order: tuple[str, ...]


TABLES: Mapping[str, Table] = {
    "trades": Table(
        TRADES_SCHEMA,
        trades,
        lambda config, listing, day: sum(counts(config, listing, day).values()),
        ("TradeTimestampNanoseconds", "BMLLSequenceNo"),
    ),
    "cbbo": Table(
        cbbo.CBBO_SCHEMA, cbbo.cbbo, cbbo.cbbo_rows, ("TimestampNanoseconds", "L2EventNo")
    ),
    "imbalance": Table(
        imbalance.IMBALANCE_SCHEMA,
        imbalance.imbalance,
        imbalance.imbalance_rows,
        ("TimestampNanoseconds", "BMLLSequenceNo"),
    ),
    "l2": Table(
        l2.L2_SCHEMA,
        l2.l2,
        lambda config, listing, day: rows(config, listing, day)[1],
        ("TimestampNanoseconds", "BMLLSequenceNo"),
    ),
    "l3": Table(
        l3.L3_SCHEMA,
        l3.l3,
        lambda config, listing, day: rows(config, listing, day)[0],
        ("TimestampNanoseconds", "BMLLSequenceNo"),
    ),
    "marketstate": Table(
        sessions.MARKETSTATE_SCHEMA,
        lambda config, chosen, day, columns: sessions.marketstate(config, chosen, day),
        lambda config, listing, day: len(sessions.states(config, listing, day)),
        ("TimestampNanoseconds", "BMLLSequenceNo"),
    ),
    "reference": Table(
        market.REFERENCE_SCHEMA,
        lambda config, chosen, day, columns: market.reference(chosen, day),
        lambda config, listing, day: 1,
        ("Date",),
    ),
    "membership": Table(
        market.MEMBERSHIP_SCHEMA,
        lambda config, chosen, day, columns: market.membership(chosen, day),
        lambda config, listing, day: sum(each(listing) for each in market.INDICES.values()),
        ("Date",),
    ),
}


@hookimpl
def read_table(request: TableRequest, config: Config | None) -> TableRead:
    """Answer for any day, past or future: ready, or closed on a holiday; never pending.

    A table or venue that the market does not have is missing; what else was asked is still
    there. Constraints on attributes of listings are applied; any other is left to the engine,
    which filters again.
    """
    config = config or Config()
    lacking = _lacking(request)
    if lacking is not None:
        return TableRead(DayStatus.MISSING, absent=(lacking,))
    absent = tuple(_no_venue(mic) for mic in request.mics if mic not in VENUES)
    status = DayStatus.MISSING if absent else DayStatus.READY
    if config.is_holiday(request.day):
        return TableRead(worst_status((status, DayStatus.CLOSED)), absent=absent)
    if request.mics and len(absent) == len(request.mics):
        return TableRead(status, absent=absent)
    return _answer(request, config, status, absent)


def _lacking(request: TableRequest) -> str | None:
    """Say what the market has on no venue."""
    if request.table not in TABLES:
        return f"the simulated market has {', '.join(TABLES)}; it has no {request.table}"
    first, last = sessions.FIRST_DAY, sessions.LAST_DAY
    if not first <= request.day <= last:
        return f"the simulated market trades from {first} to {last}, not on {request.day}"
    return None


def _no_venue(mic: str) -> str:
    return f"the simulated market has {', '.join(VENUES)}; it has no {mic}"


def _answer(
    request: TableRequest, config: Config, status: DayStatus, absent: tuple[str, ...]
) -> TableRead:
    table = TABLES[request.table]
    chosen = _chosen(request, config)
    return TableRead(
        status,
        frame=_scan(table, request, config, chosen),
        parts=_parts(table, request, config, chosen),
        absent=absent,
        order=table.order,
    )


def _chosen(request: TableRequest, config: Config) -> tuple[Listing, ...]:
    """List what a request asks for: venues, ListingIds, and attributes that listings have."""
    wanted = None if request.listings is None else set(request.listings)
    return tuple(
        listing
        for listing in market.listings(config)
        if (not request.mics or listing.mic in request.mics)
        and (wanted is None or listing.listing_id in wanted)
        and _fits(listing, request)
    )


def _fits(listing: Listing, request: TableRequest) -> bool:
    row = market.attributes(listing)
    return all(
        _may_be(row[name], wanted) for name, wanted in request.constraints.items() if name in row
    )


def _may_be(found: object, wanted: object) -> bool:
    """Say whether one of the values matches. The engine knows what a text means for a number."""
    return any(found == each or type(found) is not type(each) for each in alternatives(wanted))


def _parts(
    table: Table, request: TableRequest, config: Config, chosen: Sequence[Listing]
) -> tuple[Part, ...]:
    """Describe what is asked of each venue; rows are counted without making them."""
    by_venue = {mic: [each for each in chosen if each.mic == mic] for mic in VENUES}
    return tuple(
        Part(
            location=f"simulated://{config.seed}/{request.table}/{mic}/{request.day}",
            rows=sum(table.rows(config, each, request.day) for each in held),
            version=config.version,
            listings=(held[0].listing_id, held[-1].listing_id),
        )
        for mic, held in by_venue.items()
        if held
    )


def _scan(
    table: Table, request: TableRequest, config: Config, chosen: Sequence[Listing]
) -> pl.LazyFrame:
    """Promise a table: its schema is known, its rows are made when a query runs."""

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        # Columns that only the predicate needs are among them.
        kept = list(table.schema) if columns is None else columns
        frames = table.make(config, chosen, request.day, kept)
        # Polars counts rows before it filters them.
        for frame in frames if rows is None else _first_rows(frames, rows):
            page = frame.select(kept)
            yield page if predicate is None else page.filter(predicate)

    promised = register_io_source(source, schema=table.schema, is_pure=True)
    if request.columns is None:
        return promised
    return promised.select(name for name in table.schema if name in request.columns)


def _first_rows(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    left = rows
    while left > 0 and (frame := next(frames, None)) is not None:
        yield frame.head(left)
        left -= frame.height
