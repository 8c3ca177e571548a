"""Which listings belong to which index on a day?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from beaf_bmll.sources.absence import nothing, status_of
from beaf_bmll.sources.answers import available_markets, kept, part_of
from beaf_bmll.sources.names import LISTING
from beaf_bmll.sources.narrow import empty, require
from beaf_bmll.sources.normal import MOMENT
from beaf_bmll.sources.service import Query
from beaf_core import DayStatus, TableRead, alternatives

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from beaf_bmll.sources.config import Config
    from beaf_core import TableRequest

INDEX, _CODE = "Index", "IndexCode"


def read_membership(request: TableRequest, config: Config) -> TableRead:
    """Ask for the members of the indices that are named, configured, or known: each by itself.

    An index that is asked for and has no members is none that anybody knows: no rows.
    """
    if not available_markets(request.day, config):
        return nothing(request.day, f"BMLL's indices on {request.day}")
    named = request.constraints.get(INDEX)
    indices = _known(request, config) if named is None else [str(e) for e in alternatives(named)]
    if request.columns == (INDEX,) and named is None:
        frame = pl.LazyFrame({INDEX: indices}, schema={INDEX: pl.String})
        return TableRead(DayStatus.READY, frame=frame)
    found = {index: _members(index, request, config) for index in indices}
    there = {index: path for index, path in found.items() if path is not None}
    lacking = [f"members of the index {each} on {request.day}" for each in found.keys() - there]
    return TableRead(
        status_of(request.day) if lacking and named is None else DayStatus.READY,
        frame=_together(there, request),
        parts=tuple(part_of(path) for path in there.values()),
        absent=tuple(sorted(lacking)) if named is None else (),
    )


def _known(request: TableRequest, config: Config) -> Sequence[str]:
    if config.indices:
        return config.indices
    # Guess: objects of the kind Index bear their code in IndexCode.
    path = kept(request.day, Query("Index"), config)
    if path is None:
        return []
    frame = pl.scan_parquet(path, glob=False)
    require([_CODE], frame.collect_schema().names(), request.table, "BMLL's list of indices")
    codes = pl.collect_all([frame.select(_CODE)])[0]
    return codes.to_series().drop_nulls().unique().sort().to_list()


def _members(index: str, request: TableRequest, config: Config) -> Path | None:
    # Guess: with the kind Listing, Index brings the members themselves, and no siblings.
    return kept(request.day, Query("Listing", None, ((INDEX, (index,)),)), config)


def _together(there: dict[str, Path], request: TableRequest) -> pl.LazyFrame:
    day = pl.lit(request.day).cast(MOMENT).alias("Date")
    frames = [
        pl.scan_parquet(path, glob=False).select(day, pl.lit(index).alias(INDEX), LISTING)
        for index, path in there.items()
    ]
    frame = pl.concat(frames, how="vertical") if frames else empty(request.table)
    if request.listings is not None:
        frame = frame.filter(pl.col(LISTING).is_in(list(request.listings)))
    return frame if request.columns is None else frame.select(request.columns)
