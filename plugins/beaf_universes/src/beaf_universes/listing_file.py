"""What does a file of listings say? Its rows, checked, each with its place for messages."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

import polars as pl

from beaf_core import DataInvalidError, ResourceError, UsageError, did_you_mean

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

IDENTIFIERS = ("ListingId", "ISIN", "Ticker")
PERIOD = ("StartDate", "EndDate")
_DATES = ("Date", *PERIOD)
_COLUMNS = (*IDENTIFIERS, "MIC", *_DATES)
#: How alike a column's name is to one of ours to be taken for it misspelt: ISN is, RIC is not.
_NEAR = 0.75
#: Other words for a period, which would be missed.
_MEANT = {
    **dict.fromkeys(("start", "from", "since", "validfrom"), "StartDate"),
    **dict.fromkeys(("end", "to", "until", "validto"), "EndDate"),
}
#: Where a row stands, as a person finds it: `line 3`.
PLACE = "$place"

_REMEDY = (
    "name listings by ListingId, or by ISIN and/or Ticker; optionally MIC, and either Date or "
    "StartDate and EndDate"
)


def read_listing_file(path: Path) -> pl.DataFrame:
    """Read the columns that name listings and bound their days; others are ignored.

    Returns:
        `ListingId` (Int64), `ISIN`, `Ticker`, `MIC` (text) and dates, as far as the file has
        them, and `$place`.

    Raises:
        UsageError: there is no such file, or it is neither CSV nor parquet.
        ResourceError: it may not be read.
        DataInvalidError: it cannot be understood; the message names the place.
    """
    frame = _known_columns(_raw(path), path)
    frame = frame.with_columns(_typed(frame, name, path) for name in frame.columns)
    named = [name for name in IDENTIFIERS if name in frame.columns]
    frame = frame.filter(pl.any_horizontal(pl.exclude(PLACE).is_not_null()))
    if frame.is_empty():
        _refuse(path, "it names no listing")
    _refuse_rows(frame, pl.all_horizontal(pl.col(named).is_null()), path, "names no listing")
    if "Date" in frame.columns:
        _refuse_rows(frame, pl.col("Date").is_null(), path, "has no Date, and would never count")
    if set(PERIOD) <= set(frame.columns):
        backwards = pl.col("EndDate") < pl.col("StartDate")
        _refuse_rows(frame, backwards, path, "ends before it starts")
    return frame


def rows_on(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """Keep the rows that count on a day: both ends of a period included, an empty end is open."""
    counts = pl.lit(True)
    if "Date" in rows.columns:
        counts &= pl.col("Date") == day
    if "StartDate" in rows.columns:
        counts &= (pl.col("StartDate") <= day).fill_null(True)
    if "EndDate" in rows.columns:
        counts &= (pl.col("EndDate") >= day).fill_null(True)
    return rows.filter(counts).drop(_DATES, strict=False)


def days_named(rows: pl.DataFrame) -> str:
    """Say for which days a file has rows: `from 2025-01-06 to 2025-01-31`."""
    starts = [rows[name] for name in ("Date", "StartDate") if name in rows.columns]
    ends = [rows[name] for name in ("Date", "EndDate") if name in rows.columns]
    bounds = [f"from {each.sort()[0]}" for each in starts if not each.null_count()]
    bounds += [f"to {each.sort()[-1]}" for each in ends if not each.null_count()]
    return " ".join(bounds)


# -- reading ---------------------------------------------------------------------------------------


def _raw(path: Path) -> pl.DataFrame:
    readers = {".csv": _csv, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            f"{path} is neither a .csv nor a .parquet file", remedy="write the listings as one"
        )
    try:
        return reader(path)
    except FileNotFoundError:
        raise _absent(path) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder", remedy="name a file in it") from None
    except PermissionError:
        raise ResourceError(
            f"{path} may not be read", remedy="give yourself the permission to read it"
        ) from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataInvalidError(
            f"{path} cannot be read as {path.suffix[1:].upper()}: {str(error).splitlines()[0]}",
            remedy="repair the file; a CSV is UTF-8, with commas between its columns",
        ) from error


def _csv(path: Path) -> pl.DataFrame:
    # All as text: 0005 is a ticker, not a number.
    with path.open("rb") as file:
        frame = pl.read_csv(file, infer_schema=False)
    if frame.width == 1 and (";" in frame.columns[0] or "\t" in frame.columns[0]):
        raise pl.exceptions.ComputeError(f"no comma in its header {frame.columns[0]!r}")
    trimmed = frame.select(pl.all().str.strip_chars().replace("", None))
    return _placed(trimmed, "line", first=2)


def _parquet(path: Path) -> pl.DataFrame:
    with path.open("rb") as file:
        return _placed(pl.read_parquet(file), "row", first=1)


def _placed(frame: pl.DataFrame, word: str, first: int) -> pl.DataFrame:
    number = pl.int_range(first, first + frame.height)
    return frame.with_columns(pl.format(f"{word} {{}}", number).alias(PLACE))


def _absent(path: Path) -> UsageError:
    beside = []
    if path.parent.is_dir():
        beside = [each.name for each in path.parent.iterdir() if each.suffix == path.suffix]
    return UsageError(
        f"there is no file {path}{did_you_mean(path.name, beside)}",
        remedy="a relative path belongs to the folder of beaf.yaml",
    )


# -- columns ---------------------------------------------------------------------------------------


def _known_columns(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Give the columns that are understood their names: `listing_id` is ListingId."""
    names = {_folded(name): name for name in _COLUMNS}
    found = {each: names[_folded(each)] for each in frame.columns if _folded(each) in names}
    repeated = {name for name in found.values() if list(found.values()).count(name) > 1}
    if repeated:
        _refuse(path, f"it has the column {', '.join(sorted(repeated))} twice")
    _refuse_misspelt(frame, found, path)
    if not set(IDENTIFIERS) & set(found.values()):
        there = ", ".join(each for each in frame.columns if each != PLACE)
        _refuse(path, f"no column names listings; its columns: {there}")
    if "Date" in found.values() and set(PERIOD) & set(found.values()):
        _refuse(path, "it has both Date and a period (StartDate, EndDate)")
    return frame.select(PLACE, *(pl.col(each).alias(name) for each, name in found.items()))


def _refuse_misspelt(frame: pl.DataFrame, found: dict[str, str], path: Path) -> None:
    """A column that nearly is one of ours would change the universe by being ignored."""
    lacking = {_folded(name): name for name in _COLUMNS if name not in found.values()}
    for each in sorted(set(frame.columns) - found.keys() - {PLACE}):
        folded = _folded(each)
        near = get_close_matches(folded, lacking, n=1, cutoff=_NEAR)
        meant = _MEANT.get(folded) or (lacking[near[0]] if near else None)
        if meant in lacking.values():
            told = f'the column "{each}" means nothing — did you mean "{meant}"?'
            _refuse(path, told, "rename it, or remove it")


def _typed(frame: pl.DataFrame, name: str, path: Path) -> pl.Series:
    read, wanted = _texts, "a text"
    if name == "ListingId":
        read, wanted = _integers, "a whole number"
    elif name in _DATES:
        read, wanted = _days, "a day, YYYY-MM-DD"
    try:
        typed = read(frame[name])
    except pl.exceptions.PolarsError:
        _refuse(path, f"{name} is {frame.schema[name]}, not {wanted}", f"write {wanted}")
    odd = frame.filter(frame[name].is_not_null() & typed.is_null())
    if odd.height:
        found = f"{name} is {odd[name][0]!r}, not {wanted}"
        _refuse(path, f"{odd[PLACE][0]}: {found}{_and_more(odd.height)}", f"write {wanted}")
    return typed.alias(name)


def _texts(given: pl.Series) -> pl.Series:
    return given.cast(pl.String)


def _integers(given: pl.Series) -> pl.Series:
    whole = given.cast(pl.Int64, strict=False)
    if given.dtype.is_float():  # pandas writes a column with a gap so
        return whole.set(whole.cast(given.dtype) != given, None)
    return whole


def _days(given: pl.Series) -> pl.Series:
    if not isinstance(given.dtype, pl.String):
        return given.cast(pl.Date, strict=False)
    # A frame that was written as CSV has a time of day behind the day.
    whole = given.str.contains(r"^\d{4}-\d{2}-\d{2}([T ][0:.]*)?$")
    return given.set(~whole, None).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def _folded(name: str) -> str:
    """Fold a name to what its spellings share; polars marks one that comes twice."""
    written = re.sub(r"_duplicated_\d+$", "", name)
    return re.sub(r"[_\s]", "", written).casefold()


# -- refusing --------------------------------------------------------------------------------------


def _refuse_rows(frame: pl.DataFrame, wrong: pl.Expr, path: Path, why: str) -> None:
    odd = frame.filter(wrong)
    if odd.height:
        _refuse(path, f"{odd[PLACE][0]} {why}{_and_more(odd.height)}")


def _and_more(count: int) -> str:
    return f" (and {count - 1} more such)" if count > 1 else ""


def _refuse(path: Path, why: str, remedy: str = _REMEDY) -> NoReturn:
    raise DataInvalidError(f"{path}: {why}", remedy=remedy)
