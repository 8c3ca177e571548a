"""How does a machine of the vendor's read a table? By bmll2, lazily, venue by venue.

bmll2 cannot be had outside: what it answers is known from pipelines that used it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_bmll.errors import BMLLError
from beaf_bmll.sources.absence import WHY_EMPTY, nothing, with_absent
from beaf_bmll.sources.names import IN_LAB
from beaf_bmll.sources.narrow import narrowed
from beaf_bmll.sources.venues import venues_of
from beaf_core import DayStatus, Part, TableRead, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beaf_bmll.sources.config import Config
    from beaf_core import TableRequest


@dataclass(frozen=True, slots=True)
class _Found:
    """A venue's rows of a day, and what they are called."""

    label: str
    frame: pl.LazyFrame
    rows: int


def read(request: TableRequest, config: Config) -> TableRead:
    """Ask bmll2 for each venue's frame; rows are counted from footers, none is read.

    bmll2 tells no version of what it has: outputs that are made of it are never up to date.

    Raises:
        UsageError: this machine has no bmll2.
        BMLLError: bmll2 fails.
        DataInvalidError: a column that is asked for is not there.
    """
    bmll2, name = _bmll2(), config.tables.get(request.table) or IN_LAB[request.table]
    frames = {mic: _frame(bmll2, name, mic, request) for mic in venues_of(request, config)}
    counted = _counted(frames, name, request)
    there = [each for each in counted if each.rows]
    absent = [f"{each.label} ({WHY_EMPTY})" for each in counted if not each.rows]
    if not there:
        return nothing(request.day, *absent)
    frame = narrowed([(each.label, each.frame) for each in there], request)
    parts = tuple(Part(each.label, rows=each.rows) for each in there)
    return with_absent(TableRead(DayStatus.READY, frame, parts), request, absent)


def _bmll2() -> Any:
    try:
        import bmll2
    except ModuleNotFoundError as error:
        if error.name != "bmll2":
            raise
        raise UsageError(
            "SOURCE.via is lab, and this machine has no bmll2: only the vendor's machines do",
            remedy="run it there (in the Lab, or by beaf job run), or set SOURCE.via to api",
        ) from None
    return bmll2


def _frame(bmll2: Any, name: str, mic: str, request: TableRequest) -> pl.LazyFrame:
    day = request.day.isoformat()
    try:
        # Guess: these are the names of its arguments; the predecessor called it so.
        found = bmll2.get_market_data_range(
            markets=[mic],
            table_name=name,
            df_engine="polars",
            start_date=day,
            end_date=day,
            lazy_load=True,
        )
    except Exception as error:  # the vendor's own errors are not known
        raise _failed(_label(name, mic, request), error) from error
    if not isinstance(found, pl.LazyFrame | pl.DataFrame):
        raise BMLLError(
            f"bmll2 answers a {type(found).__name__} for {_label(name, mic, request)}, "
            "where a frame of polars was asked for",
            remedy="update bmll2, or set SOURCE.via to s3",
        )
    return found.lazy()


def _counted(frames: dict[str, pl.LazyFrame], name: str, request: TableRequest) -> Sequence[_Found]:
    labels = [_label(name, mic, request) for mic in frames]
    try:
        # Together: of parquet files only the footers are read, of all venues at once.
        counts = pl.collect_all([each.select(pl.len()) for each in frames.values()])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _failed(", ".join(labels[:3]), error) from error
    rows = (each.item() for each in counts)
    return [_Found(*each) for each in zip(labels, frames.values(), rows, strict=True)]


def _label(name: str, mic: str, request: TableRequest) -> str:
    return f"bmll2:{name}/{mic}/{request.day}"


def _failed(what: str, error: Exception) -> BMLLError:
    told = " ".join(str(error).split())[:300]
    return BMLLError(
        f"bmll2 cannot read {what}: {type(error).__name__}: {told}",
        remedy="try again; where it stays so, ask the vendor",
    )
