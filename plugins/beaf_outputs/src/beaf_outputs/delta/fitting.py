"""How are the columns of a pass made to fit a Delta table, and what is lost by it?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from beaf_core import Meaning, UsageError

#: The longest whole number that Delta has.
_LONG = pl.Int64()

# Unsigned integers are kept in the next wider signed ones: Delta has no unsigned types.
_WIDER: dict[type[pl.DataType], pl.DataType] = {
    pl.UInt8: pl.Int16(),
    pl.UInt16: pl.Int32(),
    pl.UInt32: _LONG,
    pl.UInt64: _LONG,  # a value that does not fit is refused
    pl.Categorical: pl.String(),
    pl.Enum: pl.String(),
    pl.Time: _LONG,
    pl.Duration: _LONG,
}
_AS_THEY_ARE = (
    pl.Boolean, pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Float32, pl.Float64, pl.String,
    pl.Binary, pl.Date, pl.Decimal,
)  # fmt: skip

#: What a column's name must not hold, or Spark refuses the table.
_REFUSED_IN_NAMES = re.compile(r"[ ,;{}()\n\t=]")

_LOST = "{} had parts of a microsecond, which Delta does not keep; delta_timestamps: int64 would"


@dataclass(frozen=True)
class Fitted:
    """The columns of a pass, and how a table keeps them.

    Attributes:
        given: the columns that were handed in.
        stored: those that are kept, in their order, without partition columns that are added.
        int64: whether timestamps of nanoseconds are kept as integers.
        lost: column → values that had parts of a microsecond, counted while rows are written.
    """

    given: pl.Schema
    stored: pl.Schema
    int64: bool
    lost: Counter[str] = field(default_factory=Counter)

    @property
    def untyped(self) -> list[str]:
        """Columns that are null throughout and of no type: a table cannot keep them."""
        return [name for name, dtype in self.given.items() if dtype == pl.Null]

    @property
    def narrowed(self) -> list[str]:
        """Columns whose values may not fit."""
        return [name for name, dtype in self.given.items() if dtype == pl.UInt64]

    def expressions(self) -> Iterator[pl.Expr]:
        """Yield the columns as they are stored."""
        for name, dtype in self.stored.items():
            given = self.given[name]
            if given == dtype:
                yield pl.col(name)
            elif _is_of_nanoseconds(given) and not self.int64:
                yield self._in_microseconds(name, dtype)
            else:
                yield pl.col(name).cast(dtype)

    def notes(self) -> dict[str, int]:
        """Say what a person should hear."""
        rounded = [name for name, dtype in self.given.items() if _is_of_nanoseconds(dtype)]
        told = (
            {}
            if self.int64
            else {f"{each} is kept in microseconds in Delta": 1 for each in rounded}
        )
        for name in self.untyped:
            told[f"{name} is null and of no type, and so no column of the Delta table"] = 1
        return told | {_LOST.format(name): count for name, count in self.lost.items()}

    def _in_microseconds(self, name: str, dtype: pl.DataType) -> pl.Expr:
        def cut(values: pl.Series) -> pl.Series:
            lost = int((values.to_physical() % 1000 != 0).sum())
            if lost:
                self.lost[name] += lost
            return values.cast(dtype)

        # Seen as rows stream by: asking beforehand would compute the column twice.
        return pl.col(name).map_batches(cut, return_dtype=dtype, is_elementwise=True)


def fitted(schema: pl.Schema, *, int64: bool) -> Fitted:
    """Say how columns are stored.

    Raises:
        UsageError: names that Delta refuses, or a column of a type that it has nothing for.
    """
    _check_names(list(schema))
    stored = {
        name: _stored(name, dtype, int64=int64)
        for name, dtype in schema.items()
        if dtype != pl.Null
    }
    return Fitted(schema, pl.Schema(stored), int64)


def comments(meaning: Meaning, given: pl.Schema, stored: pl.Schema) -> dict[str, dict[str, str]]:
    """Say what columns mean, as metadata of a table's fields: column → key → text."""
    found: dict[str, dict[str, str]] = {}
    for each in meaning.columns:
        if each.name not in stored:
            continue
        unit = each.unit or _unit_of(given.get(each.name), stored[each.name])
        comment = f"{each.doc} [{unit}]" if unit else each.doc
        said = {"comment": comment.strip(), "unit": unit, "version": str(each.version)}
        found[each.name] = {key: text for key, text in said.items() if text}
    return found


def _unit_of(given: pl.DataType | None, stored: pl.DataType) -> str:
    if stored != _LONG:
        return ""
    if isinstance(given, pl.Datetime):
        return "ns since 1970-01-01"
    if isinstance(given, pl.Time):
        return "ns since midnight"
    return given.time_unit if isinstance(given, pl.Duration) else ""


def _is_of_nanoseconds(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns"


def _stored(name: str, dtype: pl.DataType, *, int64: bool) -> pl.DataType:
    if isinstance(dtype, pl.Datetime):
        if int64 and dtype.time_unit == "ns":
            return _LONG
        return pl.Datetime("us", "UTC" if dtype.time_zone else None)
    if isinstance(dtype, pl.List | pl.Array):
        return pl.List(_stored(name, _inner(dtype), int64=int64))
    if isinstance(dtype, pl.Struct):
        return pl.Struct(
            {each.name: _stored(name, _typed(each.dtype), int64=int64) for each in dtype.fields}
        )
    if isinstance(dtype, _AS_THEY_ARE):
        return dtype
    if type(dtype) in _WIDER:
        return _WIDER[type(dtype)]
    raise UsageError(
        f"the column {name} is of the type {dtype}, which a Delta table cannot keep",
        remedy="cast it, or leave it out",
    )


def _inner(dtype: pl.List | pl.Array) -> pl.DataType:
    return _typed(dtype.inner)


def _typed(dtype: object) -> pl.DataType:
    """Read a dtype that may stand there as its class."""
    if isinstance(dtype, type) and issubclass(dtype, pl.DataType):
        return dtype()
    assert isinstance(dtype, pl.DataType)
    return dtype


def _check_names(names: Sequence[str]) -> None:
    wrong = [name for name in names if not name or _REFUSED_IN_NAMES.search(name)]
    if wrong:
        raise UsageError(
            f"a Delta table cannot have columns named {', '.join(map(repr, wrong[:5]))}"
            + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""),
            remedy="rename them with output_name_pattern or metric_prefix: "
            "no spaces, no line breaks, none of ,;{}()=",
        )
    same = Counter(name.casefold() for name in names)
    twice = [name for name in names if same[name.casefold()] > 1]
    if twice:
        raise UsageError(
            f"columns of a Delta table must differ in more than case: {', '.join(twice[:6])}",
            remedy="rename one of them with output_name_pattern or metric_prefix",
        )
