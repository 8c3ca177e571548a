"""What does the vendor know of listings on a day? Asked for what is wanted, never for the world.

A constraint goes to the server where it is known to take it; the engine filters again. `MIC=XLON`
means the listings of that venue. (The vendor's `object_type="Instrument"` takes a venue as an
anchor and brings the siblings on other venues too: that is `mic_siblings=XLON`.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from beaf_bmll.sources.absence import nothing
from beaf_bmll.sources.answers import available_markets, kept, part_of
from beaf_bmll.sources.names import LISTING
from beaf_bmll.sources.narrow import empty
from beaf_bmll.sources.normal import CANONICAL
from beaf_bmll.sources.service import Query
from beaf_bmll.sources.venues import MIC, venues_named
from beaf_core import TABLES, ColumnType, DayStatus, Part, TableRead, UsageError, alternatives

if TYPE_CHECKING:
    from beaf_bmll.sources.config import Config
    from beaf_core import TableRequest

INSTRUMENT, ALIVE = "InstrumentId", "IsAlive"

#: Name → values of which one is to match.
Constraints = Mapping[str, tuple[str, ...]]

#: What the vendor's package says that its server takes as an exact match.
PUSHED = frozenset(
    {
        MIC,
        "OPOL",
        "Ticker",
        "ISIN",
        "FIGI",
        "FIGIShareClass",
        "DisplayName",
        "Description",
        "Issuer",
        "IndexCode",
    }
)


def read_reference(request: TableRequest, config: Config) -> TableRead:
    """Answer the table of listings.

    Raises:
        BMLLError: the server refuses, or does not answer in time.
        UsageError: an identifier that is no number; no package of the vendor's.
    """
    markets = available_markets(request.day, config)
    # Guess: a day that the vendor has no listings of has no venues either.
    if not markets:
        return nothing(request.day, f"BMLL's venues on {request.day}")
    if _names_venues_alone(request):
        return _ready(request, _named_as(markets, request))
    query = _query(request, config, markets)
    if query is None:
        return TableRead(DayStatus.READY, frame=_everything(request, config, markets))
    return _answered(request, query, config)


# -- what is asked ---------------------------------------------------------------------------------


def _query(request: TableRequest, config: Config, markets: list[str]) -> Query | None:
    """Find the query that answers a request; None where it takes all listings of all venues."""
    asked = {name: alternatives(values) for name, values in request.constraints.items()}
    alive = _alive(asked, config)
    if INSTRUMENT in asked:
        # Guess: with identifiers of instruments, the kind Instrument brings all their listings.
        return _by_id("Instrument", _numbers(INSTRUMENT, asked[INSTRUMENT]), alive)
    if LISTING in asked:
        return _by_id("Listing", _numbers(LISTING, asked[LISTING]), alive)
    if request.listings is not None:
        return _by_id("Listing", request.listings, alive)
    pushed = {name: tuple(map(str, asked[name])) for name in PUSHED & asked.keys()}
    venues = venues_named(request)
    if venues:
        pushed[MIC] = tuple(mic for mic in venues if mic in markets)
    return Query("Listing", None, _listed({**pushed, **alive})) if pushed else None


def _by_id(kind: str, numbers: tuple[int, ...], alive: Constraints) -> Query:
    # Sorted, so that one set of listings is one question.
    return Query(kind, tuple(sorted(set(numbers))), _listed(alive))


def _listed(constraints: Constraints) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted(constraints.items()))


def _alive(asked: Mapping[str, tuple[object, ...]], config: Config) -> dict[str, tuple[str, ...]]:
    if ALIVE in asked:
        return {ALIVE: tuple(str(each).capitalize() for each in asked[ALIVE])}
    return {ALIVE: ("True",)} if config.alive_only else {}


def _numbers(name: str, values: tuple[object, ...]) -> tuple[int, ...]:
    try:
        return tuple(int(str(each)) for each in values)
    except ValueError:
        raise UsageError(
            f"{name} is a number, and among {', '.join(map(str, values[:3]))} is none",
            remedy=f"write for example {name}=121317",
        ) from None


def _names_venues_alone(request: TableRequest) -> bool:
    """Say whether only the names of venues are wanted, as by `beaf universe list`."""
    return request.columns in {(MIC,), ("OPOL",)} and not (
        request.constraints or request.mics or request.listings is not None
    )


def _named_as(markets: list[str], request: TableRequest) -> pl.LazyFrame:
    # Guess: whatever is an official place of listing is a venue of the vendor's, too.
    assert request.columns is not None
    return pl.LazyFrame({request.columns[0]: markets})


# -- what is answered ------------------------------------------------------------------------------


def _answered(request: TableRequest, query: Query, config: Config) -> TableRead:
    path = kept(request.day, query, config)
    if path is None:
        # The day is there, and no listing fits: that is an answer.
        return _ready(request, empty(request.table))
    frame = pl.scan_parquet(path, glob=False)
    return _ready(request, frame, (part_of(path),))


def _ready(request: TableRequest, frame: pl.LazyFrame, parts: tuple[Part, ...] = ()) -> TableRead:
    present = frame.collect_schema().names()
    if request.columns is not None:
        frame = frame.select(name for name in request.columns if name in present)
    return TableRead(DayStatus.READY, frame=frame, parts=parts)


def _everything(request: TableRequest, config: Config, markets: list[str]) -> pl.LazyFrame:
    """Promise all listings of all venues: they are asked for when somebody reads them."""
    known = (*TABLES["reference"].columns, *PUSHED)
    wanted = [name for name in request.columns or known if name in known]
    schema = pl.Schema({name: _dtype(name) for name in wanted})
    query = Query("Listing", None, _listed({MIC: tuple(markets), **_alive({}, config)}))

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        read = _answered(request, query, config).frame
        assert read is not None
        present = read.collect_schema()
        page = pl.collect_all(
            [
                read.select(
                    pl.col(name) if name in present else pl.lit(None, schema[name]).alias(name)
                    for name in columns or schema
                )
            ]
        )[0]
        page = page if rows is None else page.head(rows)
        yield page if predicate is None else page.filter(predicate)

    return register_io_source(source, schema=schema, is_pure=True)


def _dtype(name: str) -> pl.DataType:
    return CANONICAL[TABLES["reference"].columns.get(name, ColumnType.TEXT)]
