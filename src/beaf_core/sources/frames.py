"""How do the files of a table, each with its own schema, become one lazy frame?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core import DataInvalidError, UsageError, alternatives, did_you_mean, is_one_of
from beaf_core.sources import filters
from beaf_core.sources.columns import (
    Names,
    common_dtype,
    converted,
    declared_type,
    family_of,
    find_problems,
)
from beaf_core.sources.footers import LISTING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beaf_core import TableRequest
    from beaf_core.sources.stores import FoundFile, Store

MIC = "MIC"
DATE = "Date"
LISTED = 12  # of a file's columns, in a message


@dataclass(frozen=True, slots=True)
class Group:
    """Files whose relevant columns have the same dtypes: one scan reads them."""

    files: tuple[FoundFile, ...]
    scan: pl.LazyFrame
    schema: Mapping[str, pl.DataType]


@dataclass(frozen=True, slots=True)
class Reading:
    """A request and what is known of the files that answer it.

    Attributes:
        request: what the engine asks.
        names: how the files call BEAF's columns.
        by_venue: whether each file belongs to one venue.
        dated: whether each file belongs to one day.
    """

    request: TableRequest
    names: Names
    by_venue: bool
    dated: bool

    @property
    def is_contradictory(self) -> bool:
        """Say whether the request wants some venues and constrains them to be others."""
        mics, wanted = self.request.mics, self.request.constraints.get(MIC)
        return bool(mics) and wanted is not None and set(mics).isdisjoint(alternatives(wanted))

    def filter_columns(self, present: Iterable[str]) -> list[str]:
        """List the columns that decide which rows are wanted."""
        request, offered = self.request, set(self.names.offered(present))
        columns = list(request.constraints)
        if request.listings is not None:
            columns.append(LISTING)
        if request.mics and not self.by_venue and MIC in offered:
            columns.append(MIC)
        if not self.dated and DATE in offered:
            columns.append(DATE)
        # The path has answered a MIC that the file does not repeat.
        if self.by_venue and MIC in columns and MIC not in offered:
            columns.remove(MIC)
        return list(dict.fromkeys(columns))

    def wanted(self, present: Iterable[str]) -> list[str]:
        """List the columns of the answer."""
        if self.request.columns is None:
            return self.names.offered(present)
        return list(dict.fromkeys(self.request.columns))


def build_frame(files: Sequence[FoundFile], reading: Reading, store: Store) -> pl.LazyFrame:
    """Scan the files as one frame of BEAF's columns, filtered; nothing is read.

    Raises:
        DataInvalidError: a column that the request needs is missing or mistyped.
        UsageError: a constraint on a column that the table does not have.
    """
    groups = [_open(each, store) for each in _same_schema(files, reading)]
    _check_constraints(groups, reading)
    _check_columns(groups, reading)
    dtypes = _dtypes(groups, reading)
    frames = [_scan(group, reading, dtypes) for group in groups]
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="vertical")


def _same_schema(files: Sequence[FoundFile], reading: Reading) -> list[list[FoundFile]]:
    """Group files by the dtypes of the columns that matter; their order is kept in each group."""
    relevant = _relevant(reading)
    groups: dict[object, list[FoundFile]] = {}
    for file in files:
        names = file.columns.names
        signature = frozenset(
            (name, _dtype_text(file.columns.field(place)))
            for place, name in enumerate(names)
            if relevant is None or name in relevant
        )
        groups.setdefault(signature, []).append(file)
    return list(groups.values())


def _dtype_text(column: Any) -> str:
    text = str(column.type)
    # An Enum is a dictionary whose values stand in polars' own metadata.
    return f"{text} {column.metadata}" if text.startswith("dictionary") else text


def _relevant(reading: Reading) -> set[str] | None:
    if reading.request.columns is None:
        return None
    columns = {*reading.request.columns, *reading.request.constraints, LISTING, MIC, DATE}
    return {name for column in columns for name in reading.names.possible(column)}


def _open(files: Sequence[FoundFile], store: Store) -> Group:
    # No schema is passed: polars takes the first file's, compares only the columns that are read,
    # by name, and keeps its estimate of the rows, which a schema would cost it.
    scan = pl.scan_parquet(
        [file.location for file in files],
        glob=False,  # a bracket in a path is a bracket
        hive_partitioning=False,
        extra_columns="ignore",
        storage_options=store.scan_options,
    )
    try:
        return Group(tuple(files), scan, scan.collect_schema())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise store.scan_error(files[0].location, error) from None


def _check_constraints(groups: Sequence[Group], reading: Reading) -> None:
    offered = list(
        dict.fromkeys(name for group in groups for name in reading.names.offered(group.schema))
    )
    for column in reading.request.constraints:
        if column in offered or (column == MIC and reading.by_venue):
            continue
        raise UsageError(
            f"the table {reading.request.table} has no column {column}"
            f"{did_you_mean(column, offered)}; it has {', '.join(offered)}",
            remedy="choose one of these, or map it: "
            f"SOURCE.columns.{reading.request.table}.{column}: <the file's name>",
        )


def _check_columns(groups: Sequence[Group], reading: Reading) -> None:
    table = reading.request.table
    for group in groups:
        asked = reading.request.columns
        # Without a list nobody has said which columns matter: only mapped ones must be there.
        columns = reading.names.given if asked is None else asked
        needed = dict.fromkeys([*columns, *reading.filter_columns(group.schema)])
        problems = find_problems(table, needed, group.schema, reading.names)
        if problems:
            raise _invalid(group, table, problems)


def _invalid(group: Group, table: str, problems: Mapping[str, str]) -> DataInvalidError:
    more = len(group.files) - 1
    alike = f" (and {more} more like it)" if more else ""
    listed = "".join(f"\n  column {each}" for each in problems.values())
    present = list(group.schema)
    others = f" and {len(present) - LISTED} more" if len(present) > LISTED else ""
    return DataInvalidError(
        f"{group.files[0].location}{alike} does not fit the table {table}:{listed}\n"
        f"  the file has {', '.join(present[:LISTED])}{others}",
        remedy="repair the file, or name its column: "
        f"SOURCE.columns.{table}.{next(iter(problems))}: <the file's name>",
    )


def _dtypes(groups: Sequence[Group], reading: Reading) -> dict[str, pl.DataType]:
    """Choose the dtype of every column of the answer, in the order of the answer."""
    found: dict[str, list[pl.DataType]] = {}
    for group in groups:
        for column in reading.wanted(group.schema):
            name = reading.names.in_file(column, group.schema)
            found.setdefault(column, []).append(group.schema[name])
    return {column: _agreed(column, found[column], groups, reading) for column in found}


def _agreed(
    column: str, dtypes: Sequence[pl.DataType], groups: Sequence[Group], reading: Reading
) -> pl.DataType:
    table = reading.request.table
    dtype = common_dtype(dtypes, declared_type(table, column))
    if dtype is not None:
        return dtype
    if reading.request.columns is None and all(map(family_of, dtypes)):
        # Nobody asked for this column by name, so it must not stand in the way of the others.
        return pl.String()
    listed = "".join(
        f"\n  {group.files[0].location}: {group.schema[name]}"
        for group in groups
        if (name := reading.names.in_file(column, group.schema)) in group.schema
    )
    raise DataInvalidError(
        f"the files of the table {table} disagree on the column {column}:{listed}",
        remedy="store the column in one dtype",
    )


def _scan(group: Group, reading: Reading, dtypes: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    schema, names = group.schema, reading.names
    selected = [
        converted(name, schema[name], dtype).alias(column)
        if (name := names.in_file(column, schema)) in schema
        else pl.lit(None, dtype=dtype).alias(column)
        for column, dtype in dtypes.items()
    ]
    # Filters stand below the renames, on the file's own columns: there row groups are skipped.
    return group.scan.filter(*_predicates(group, reading)).select(selected)


def _predicates(group: Group, reading: Reading) -> list[pl.Expr]:
    request, schema = reading.request, group.schema
    needed = reading.filter_columns(schema)

    def column(name: str) -> tuple[pl.Expr, pl.DataType]:
        own = reading.names.in_file(name, schema)
        dtype = common_dtype([schema[own]], declared_type(request.table, name)) or schema[own]
        return converted(own, schema[own], dtype), dtype

    found = [
        filters.matches(name, *column(name), value)
        for name, value in request.constraints.items()
        if name in needed
    ]
    if request.listings is not None:
        found.append(is_one_of(column(LISTING)[0], request.listings))
    if request.mics and not reading.by_venue and MIC in needed:
        found.append(is_one_of(column(MIC)[0], request.mics))
    if not reading.dated and DATE in needed:
        found.append(filters.on_day(*column(DATE), request.day))
    if reading.is_contradictory:
        found.append(pl.lit(False))
    return found
