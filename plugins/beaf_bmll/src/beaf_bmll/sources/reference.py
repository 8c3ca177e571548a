"""What does the vendor know of listings on a day? Asked for what is wanted, never for the world.

A constraint goes to the server where it is known to take it; the engine filters again. `MIC=XLON`
means the listings of that venue. (The vendor's `object_type="Instrument"` takes a venue as an
anchor and brings the siblings on other venues too: that is `mic_siblings=XLON`.)
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from beaf_bmll.errors import BMLLError
from beaf_bmll.sources.absence import nothing
from beaf_bmll.sources.cache import Cache, digest_of
from beaf_bmll.sources.names import LISTING
from beaf_bmll.sources.narrow import empty, require
from beaf_bmll.sources.normal import CANONICAL, normalised
from beaf_bmll.sources.service import Query, Service
from beaf_bmll.sources.venues import MIC, venues_named
from beaf_core import TABLES, ColumnType, DayStatus, Part, TableRead, UsageError, alternatives

if TYPE_CHECKING:
    from pathlib import Path

    from beaf_bmll.sources.config import Config
    from beaf_core import TableRequest

INSTRUMENT, INDEX, ALIVE = "InstrumentId", "Index", "IsAlive"
_CODE = "IndexCode"

#: Name → values of which one is to match.
Constraints = Mapping[str, tuple[str, ...]]

#: What the vendor's package says that its server takes as an exact match.
PUSHED = frozenset(
    "MIC Ticker FIGI FIGIShareClass ISIN OPOL DisplayName Description Issuer IndexCode".split()  # noqa: SIM905  # one line
)


def read_listings(request: TableRequest, config: Config) -> TableRead:
    """Answer the tables about listings.

    Raises:
        BMLLError: the server refuses, or does not answer in time.
        UsageError: an identifier that is no number; no package of the vendor's.
    """
    if request.table == "membership":
        return _membership(request, config)
    markets = available_markets(request.day, config)
    if not markets:
        return nothing(request.day, f"BMLL's venues on {request.day}")
    if _names_venues_alone(request):
        return _ready(request, _named_as(markets, request))
    query = _query(request, config, markets)
    if query is None:
        return TableRead(DayStatus.READY, frame=_everything(request, config, markets))
    return _answered(request, query, config)


def available_markets(day: date, config: Config) -> list[str]:
    """List the venues that are alive on a day, sorted; empty where the vendor has no such day."""

    def ask(path: Path) -> bool:
        from beaf_bmll.sdk.markets import living_markets
        from beaf_bmll.sdk.session import session_of

        session = session_of(config.lab_org_id, config.http_timeout)
        found = living_markets(session, day.isoformat())
        path.write_text(json.dumps(found), encoding="utf-8")
        return bool(found)

    path = _cache(config).kept(_name(day, "Market", "json"), day, ask)
    return [] if path is None else list(json.loads(path.read_text(encoding="utf-8")))


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
    path = _kept(request.day, query, config)
    if path is None:
        # The day is there, and no listing fits: that is an answer.
        return _ready(request, empty(request.table))
    frame = pl.scan_parquet(path, glob=False)
    return _ready(request, frame, (_part(path, frame),))


def _kept(day: date, query: Query, config: Config) -> Path | None:
    """Ask a query, or find its answer of an earlier time, in our names and types."""
    if query.finds_nothing:
        return None

    def ask(path: Path) -> bool:
        found = Service(config).reference(day, query)
        if found.is_empty():
            return False
        _write(found, day, path)
        return True

    return _cache(config).kept(_name(day, query, "parquet"), day, ask)


def _write(found: pl.DataFrame, day: date, path: Path) -> None:
    dated = found.with_columns(pl.lit(day).alias("Date"))  # each query is of one day
    try:
        normalised(dated.lazy(), "reference").sink_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise BMLLError(
            f"reference data of {day} are not what they should be: {str(error).splitlines()[0]}",
            remedy="tell BMLL, or the authors of beaf-bmll",
        ) from error


def _ready(request: TableRequest, frame: pl.LazyFrame, parts: tuple[Part, ...] = ()) -> TableRead:
    present = frame.collect_schema().names()
    if request.columns is not None:
        frame = frame.select(name for name in request.columns if name in present)
    return TableRead(DayStatus.READY, frame=frame, parts=parts)


def _part(path: Path, frame: pl.LazyFrame) -> Part:
    content = path.read_bytes()
    return Part(
        location=str(path),
        bytes=len(content),
        rows=pl.collect_all([frame.select(pl.len())])[0].item(),
        version=hashlib.sha256(content).hexdigest()[:16],
    )


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


# -- membership ------------------------------------------------------------------------------------


def _membership(request: TableRequest, config: Config) -> TableRead:
    indices = _indices(request, config)
    if request.columns == (INDEX,):
        frame = pl.LazyFrame({INDEX: indices}, schema={INDEX: pl.String})
        return _members_read(request, [frame] if indices else [], (), indices)
    found = [(index, _members(request.day, index, config)) for index in indices]
    there = [(index, path) for index, path in found if path is not None]
    frames = [_of_index(index, path, request) for index, path in there]
    parts = tuple(_part(path, frame) for (_, path), frame in zip(there, frames, strict=True))
    return _members_read(request, frames, parts, indices)


def _members_read(
    request: TableRequest, frames: list[pl.LazyFrame], parts: tuple[Part, ...], asked: list[str]
) -> TableRead:
    if not frames:
        looked = [f"the index {each} on {request.day}" for each in asked]
        return nothing(request.day, *(looked or [f"BMLL's indices on {request.day}"]))
    frame = pl.concat(frames, how="vertical")
    return TableRead(
        DayStatus.READY,
        frame=frame if request.columns is None else frame.select(request.columns),
        parts=parts,
    )


def _indices(request: TableRequest, config: Config) -> list[str]:
    named = request.constraints.get(INDEX)
    if named is not None:
        return [str(each) for each in alternatives(named)]
    if config.indices:
        return list(config.indices)
    # Guess: objects of the kind Index bear their code in IndexCode.
    path = _kept(request.day, Query("Index"), config)
    if path is None:
        return []
    frame = pl.scan_parquet(path, glob=False)
    require([_CODE], frame.collect_schema().names(), request.table, "BMLL's list of indices")
    codes = pl.collect_all([frame.select(_CODE)])[0]
    return codes.to_series().drop_nulls().unique().sort().to_list()


def _members(day: date, index: str, config: Config) -> Path | None:
    return _kept(day, Query("Listing", None, ((INDEX, (index,)),)), config)


def _of_index(index: str, path: Path, request: TableRequest) -> pl.LazyFrame:
    day = pl.lit(request.day).cast(CANONICAL[ColumnType.TIMESTAMP]).alias("Date")
    members = pl.scan_parquet(path, glob=False).select(
        day, pl.lit(index).alias(INDEX), pl.col(LISTING)
    )
    if request.listings is not None:
        members = members.filter(pl.col(LISTING).is_in(list(request.listings)))
    return members


# -- the cache -------------------------------------------------------------------------------------


def _cache(config: Config) -> Cache:
    return Cache(config.cache_folder / "reference", config.max_wait_seconds)


def _name(day: date, question: Query | str, suffix: str) -> str:
    # Another server has other answers: an emulator's must never pass for the vendor's.
    server = os.environ.get("BMLL_REFERENCE_URL", "")
    asked = question if isinstance(question, str) else asdict(question)
    return f"{day}/{digest_of(server, asked)}.{suffix}"
