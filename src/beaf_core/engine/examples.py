"""Do measures give what their examples say?

Each example is computed by the engine itself, over rows that are written out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isclose
from typing import Any

import polars as pl

from beaf_core.config.errors import Problem, dotted
from beaf_core.config.modules import entry_of
from beaf_core.config.nodes import Node
from beaf_core.config.resolved import ResolvedModule, ResolvedPipeline
from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.frames import compute_frame
from beaf_core.model.errors import BeafError
from beaf_core.model.module import AnalyticsModule, Example
from beaf_core.model.primitives import SOURCE_TABLE
from beaf_core.model.tables import TABLES, ColumnType
from beaf_core.plugins.host import PluginHost
from beaf_core.plugins.offers import examples_of

#: The bucket of every example is the minute after this moment.
_START = dt.datetime(2025, 1, 6, 9, 0)
_END = _START + dt.timedelta(minutes=1)
#: When a row happens, in seconds since the bucket's start.
_AT = "at"

_DTYPES: Mapping[ColumnType, pl.DataType] = {
    ColumnType.INTEGER: pl.Int64(),
    ColumnType.NUMBER: pl.Float64(),
    ColumnType.TEXT: pl.String(),
    ColumnType.FLAG: pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """An example that was tried.

    Attributes:
        example: what was tried.
        path: where it was written, or the section of its module.
        fault: what is wrong; None where the measure gives what was expected.
    """

    example: Example
    path: tuple[str | int, ...]
    fault: str | None

    def problem(self, tree: Node) -> Problem:
        """Render the fault as one of the configuration."""
        name = self.example.measure.name
        message = f"the example of {name} {self.fault}"
        return Problem(dotted(self.path), message, tree.at(self.path).place)


def try_examples(pipeline: ResolvedPipeline, host: PluginHost) -> Iterator[Tried]:
    """Try the examples of every module of a pipeline.

    Raises:
        PluginError: a module cannot say what its examples are.
    """
    for index, each in enumerate(pipeline.passes):
        for module in each.modules:
            entry = entry_of(host.catalog, module.module.name)
            for example in examples_of(entry, module.module, module.options):
                path = ("PASSES", index, module.module.config_key, *example.at)
                yield Tried(example, path, fault_of(example, module))


def fault_of(example: Example, module: ResolvedModule) -> str | None:
    """Say what is wrong with an example; None where it comes out as expected."""
    try:
        found = _value_of(example, module)
    except BeafError as error:
        return f"cannot be computed: {error.message}"
    except pl.exceptions.PolarsError as error:
        return f"cannot be computed: {' '.join(str(error).split())}"
    if _equal(found, example.expect):
        return None
    return f"gives {_shown(found)}, and {_shown(example.expect)} is expected"


def _value_of(example: Example, module: ResolvedModule) -> Any:
    table = example.measure.table
    # Rows of an earlier pass, or of a table that another module provides, are given as they are.
    given = table if table in TABLES or table in _provided(module) else SOURCE_TABLE
    measure = replace(example.measure, table=given)
    frames = {
        name if name in TABLES else SOURCE_TABLE: _frame(name, rows)
        for name, rows in example.rows.items()
    }
    source = frames.pop(SOURCE_TABLE, None)
    narrowed = replace(module.module, measures=lambda _options: [measure], identities=_none)
    rows = compute_frame(
        narrowed, frames, source=source, day=_START.date(), **_section(narrowed, module)
    )
    bucket = rows.filter(pl.col("TimeBucket") == _END)
    return bucket[measure.name].item() if bucket.height == 1 else None


def _none(_options: object) -> Sequence[Any]:
    return ()


def _provided(module: ResolvedModule) -> set[str]:
    return {each.name for each in module.provides}


def _section(narrowed: AnalyticsModule, module: ResolvedModule) -> dict[str, Any]:
    if module.options is None:
        return {}
    return {narrowed.config_key: module.options.model_dump(mode="json", exclude_unset=True)}


def _frame(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Put rows into a table, each at its time."""
    columns = dict.fromkeys(name for row in rows for name in row if name != _AT)
    kinds = TABLES[table].columns if table in TABLES else {}
    clock = TABLES[table].time if table in TABLES else ("TimeBucket",)
    frame = pl.DataFrame(
        [_series(name, [row.get(name) for row in rows], kinds.get(name)) for name in columns]
    )
    moments = [
        _START + dt.timedelta(seconds=float(row.get(_AT, index)))
        for index, row in enumerate(rows, start=1)
    ]
    added = [] if LISTING in columns else [pl.lit(1, pl.Int64).alias(LISTING)]
    if not any(name in columns for name in clock):
        return frame.with_columns(*added, pl.Series(clock[0], moments, pl.Datetime("ns")))
    return frame.with_columns(added)


def _series(name: str, values: Sequence[Any], kind: ColumnType | None) -> pl.Series:
    found = pl.Series(name, values, strict=False)  # whole numbers may stand among others
    dtype = None if kind is None else _DTYPES.get(kind)
    return found if dtype is None else found.cast(dtype)


def _equal(found: Any, expected: Any) -> bool:
    numbers = [isinstance(each, int | float) for each in (found, expected)]
    if all(numbers):
        return isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    return bool(found == expected)


def _shown(value: object) -> str:
    if value is None:
        return "null"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
