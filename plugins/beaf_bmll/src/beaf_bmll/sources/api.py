"""How does a table come here by the Data API? A venue's day at a time, into files that are kept.

A day is downloaded when a run is planned: only the columns that are asked for, and only the
listings where these are few; normalised once, and read from then on as any parquet file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from beaf_bmll.sources.absence import WHY_EMPTY, nothing, with_absent
from beaf_bmll.sources.cache import Cache, digest_of
from beaf_bmll.sources.names import IN_API, LISTING, in_file, ours
from beaf_bmll.sources.narrow import empty, require
from beaf_bmll.sources.normal import normalised
from beaf_bmll.sources.s3 import read_parquet
from beaf_bmll.sources.service import DataQuery, Service
from beaf_bmll.sources.venues import MIC, venues_of
from beaf_core import DayStatus, Part, ResourceError, TableRead, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from beaf_bmll.sources.config import Config
    from beaf_core import TableRequest

#: Up to so many listings are named to the server; beyond, a venue's day comes whole.
NAMED_LISTINGS = 500
#: So many venues are downloaded at once.
_AT_ONCE = 4
#: So many seconds pass between two looks at whether somebody has pressed Ctrl-C.
_GLANCE = 0.2


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table of the Data API.

    Attributes:
        name: the vendor's.
        columns: what it has, in the vendor's names.
        filters: the columns by which the server filters.
    """

    name: str
    columns: tuple[str, ...]
    filters: tuple[str, ...]


def read(request: TableRequest, config: Config) -> TableRead:
    """Make sure that the days are here, and read them; without columns, say what there is.

    Raises:
        BMLLError: the servers refuse, fail, or take too long.
        DataInvalidError: a column that is asked for is not there.
        ResourceError: a day weighs more than SOURCE.max_download_gb.
    """
    dataset = _dataset(request.table, config)
    venues = venues_of(request, config)
    if request.columns is None:
        return _promised(request, config, dataset, venues)
    where = f"{dataset.name} (Data API)"
    require(request.columns, list(ours(dataset.columns)), request.table, where)
    asked = _Asked(dataset, request, config)
    found = asked.files_of(venues)
    absent = [_absent(dataset, mic, request) for mic, path in found.items() if path is None]
    there = tuple(mic for mic, path in found.items() if path is not None)
    if not there:
        return nothing(request.day, *absent)
    template = {request.table: "{mic}/{date}.parquet"}
    options = {"root": str(asked.root), "path_template": template}
    whole = replace(request, mics=there, constraints={}, storage_options={})
    return with_absent(read_parquet(whole, options), request, absent)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The days of one request: the same columns and listings, venue by venue."""

    dataset: Dataset
    request: TableRequest
    config: Config
    given_up: Event = field(default_factory=Event)

    @property
    def _place(self) -> str:
        server = os.environ.get("BMLL_API_URL", "")
        return f"{self.dataset.name}/{digest_of(server, self._columns, self._listings)}"

    @property
    def root(self) -> Path:
        """Where the venues' folders are."""
        return self._cache.folder / self._place

    @property
    def _cache(self) -> Cache:
        return _cache(self.config)

    @property
    def _columns(self) -> tuple[str, ...]:
        present = self.dataset.columns
        wanted = {LISTING, *(self.request.columns or ())}
        return tuple(sorted({in_file(name, present) for name in wanted} & set(present)))

    @property
    def _listings(self) -> tuple[str, ...]:
        listings = sorted(set(self.request.listings or ()))
        few = len(listings) <= NAMED_LISTINGS and self._listing_filter is not None
        return tuple(map(str, listings)) if few else ()

    @property
    def _listing_filter(self) -> str | None:
        name = in_file(LISTING, self.dataset.columns)
        return name if name in self.dataset.filters else None

    def query(self, mic: str) -> DataQuery:
        """Say what is asked of a venue."""
        filters: dict[str, Sequence[str]] = {MIC: (mic,)}
        if self._listings and self._listing_filter is not None:
            filters[self._listing_filter] = self._listings
        return DataQuery(self.dataset.name, self.request.day, filters, self._columns)

    def files_of(self, venues: Sequence[str]) -> dict[str, Path | None]:
        """Return each venue's file, downloaded where it is not here; None where it has no rows."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked = {mic: pool.submit(self._file_of, mic) for mic in venues}
            try:
                _wait_for(asked.values())
            except BaseException:  # Ctrl-C too must not wait for the others
                self.given_up.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return {mic: each.result() for mic, each in asked.items()}

    def _file_of(self, mic: str) -> Path | None:
        name = f"{self._place}/{mic}/{self.request.day}.parquet"
        return self._cache.kept(name, self.request.day, lambda part: self._made(mic, part))

    def _made(self, mic: str, part: Path) -> bool:
        service, query = Service(self.config, self.given_up), self.query(mic)
        estimate = service.estimate(query)
        if estimate is not None:
            rows, weight = estimate
            # Guess: no rows are none, since estimates are said to err on the high side.
            if rows == 0:
                return False
            self._refuse_heavy(mic, weight)
        raw = part.with_name(part.name.replace(".part", ".raw.part"))
        try:
            service.download(query, raw)
            return _normal_file(raw, part, self.request.table)
        finally:
            raw.unlink(missing_ok=True)

    def _refuse_heavy(self, mic: str, weight: int) -> None:
        most = self.config.max_download_gb
        if weight > most * 1e9:
            raise ResourceError(
                f"{_label(self.dataset, mic, self.request)} weighs {weight / 1e9:.1f} GB, and "
                f"SOURCE.max_download_gb is {most:g}",
                remedy="raise it, narrow the universe, or run where the data are: via: lab",
            )


def _wait_for(asked: Iterable[Future[Path | None]]) -> None:
    """Wait until all have ended, or one has failed.

    A glance at a time: once polars has run, Ctrl-C does not end the wait for a lock.
    """
    running = set(asked)
    while running:
        done, running = wait(running, _GLANCE, FIRST_COMPLETED)
        for each in done:
            each.result()


def _normal_file(raw: Path, part: Path, table: str) -> bool:
    """Turn what was downloaded into our names and types; False where it holds no row."""
    if raw.stat().st_size == 0:
        return False
    frame = pl.scan_parquet(raw, glob=False)
    if pl.collect_all([frame.select(pl.len())])[0].item() == 0:
        return False
    normalised(frame, table).sink_parquet(part)
    return True


# -- what there is ---------------------------------------------------------------------------------


def _promised(
    request: TableRequest, config: Config, dataset: Dataset, venues: Sequence[str]
) -> TableRead:
    """Say which columns there are, and how much of them; rows come when somebody reads them."""
    asked = _Asked(dataset, request, config)
    sizes = {mic: Service(config).estimate(asked.query(mic)) for mic in venues}
    there = {mic: size for mic, size in sizes.items() if size is None or size[0]}
    absent = [_absent(dataset, mic, request) for mic in venues if mic not in there]
    if not there:
        return nothing(request.day, *absent)
    parts = tuple(
        Part(_label(dataset, mic, request), rows=size and size[0], bytes=size and size[1])
        for mic, size in there.items()
    )
    wanted = replace(request, mics=tuple(there), columns=tuple(ours(dataset.columns)))
    promised = TableRead(DayStatus.READY, _when_read(wanted, config), parts)
    return with_absent(promised, request, absent)


def _when_read(request: TableRequest, config: Config) -> pl.LazyFrame:
    known = empty(request.table).collect_schema()
    schema = pl.Schema({name: known.get(name, pl.String()) for name in request.columns or ()})

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = list(schema) if columns is None else columns
        frame = read(replace(request, columns=tuple(wanted)), config).frame
        if frame is None:
            frame = empty(request.table)
        turned = frame.select(pl.col(name).cast(schema[name]) for name in wanted)
        page = pl.collect_all([turned if rows is None else turned.head(rows)])[0]
        yield page if predicate is None else page.filter(predicate)

    return register_io_source(source, schema=schema, is_pure=True)


def _dataset(table: str, config: Config) -> Dataset:
    """Find the vendor's table and its columns; what the server says is kept for an hour."""

    def ask(path: Path) -> bool:
        service = Service(config)
        known = service.datasets()
        name = _chosen(table, known, config)
        found = {"name": name, "columns": service.fields(name), "filters": known[name]}
        path.write_text(json.dumps(found), encoding="utf-8")
        return True

    server, named = os.environ.get("BMLL_API_URL", ""), config.tables.get(table)
    today = datetime.now(UTC).date()
    path = _cache(config).kept(f"datasets/{digest_of(server, table, named)}.json", today, ask)
    assert path is not None, "a table without a name has been refused"
    found = json.loads(path.read_text(encoding="utf-8"))
    return Dataset(found["name"], tuple(found["columns"]), tuple(found["filters"]))


def _chosen(table: str, known: dict[str, list[str]], config: Config) -> str:
    named = config.tables.get(table)
    wanted = (named,) if named else IN_API[table]
    for each in wanted:
        if each in known:
            return each
    raise UsageError(
        f"the Data API has no table {' or '.join(wanted)} for {table}",
        remedy=f"name it: SOURCE.tables.{table}; there are {', '.join(sorted(known))}",
    )


def _label(dataset: Dataset, mic: str, request: TableRequest) -> str:
    return f"{dataset.name} of {mic} on {request.day} (Data API)"


def _absent(dataset: Dataset, mic: str, request: TableRequest) -> str:
    return f"{_label(dataset, mic, request)}: {WHY_EMPTY}"


def _cache(config: Config) -> Cache:
    return Cache(config.cache_folder / "data", 2 * config.max_wait_seconds)
