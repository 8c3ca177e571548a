"""What are the columns of an output, and what does each mean?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import dagster as dg

from beaf_core import ColumnMeaning, dtype_name, meaning_of
from beaf_dagster.assets.telling.limits import COLUMNS, MEASURES, first_that_fits, kept, size_of

if TYPE_CHECKING:
    import polars as pl

    from beaf_core.config.resolved import ResolvedPass

#: How a column is described.
Words = Callable[[ColumnMeaning], str]


def table_schema(
    resolved: ResolvedPass, schema: Mapping[str, pl.DataType], whole: str
) -> dg.TableSchema:
    """Describe every column: dtype, unit, meaning, formula; fewer words where there are many.

    Args:
        resolved: the pass.
        schema: the columns of its output.
        whole: where all columns are, if they are too many to be told.
    """
    meanings = {each.name: each for each in meaning_of(resolved).columns}
    return first_that_fits(_schemas(schema, meanings, resolved.keys, whole), COLUMNS)


def measures_by_unit(resolved: ResolvedPass, whole: str) -> str:
    """List the measures of a pass by their unit, as a Markdown table."""
    units: dict[str, list[str]] = {}
    for each in resolved.measures:
        units.setdefault(each.unit or "–", []).append(each.name)
    rows = [f"| {unit} | {', '.join(names)} |" for unit, names in units.items()]
    return "\n".join(["| unit | measures |", "|---|---|", *kept(rows, MEASURES - 50, whole)])


def _schemas(
    schema: Mapping[str, pl.DataType],
    meanings: Mapping[str, ColumnMeaning],
    keys: tuple[str, ...],
    whole: str,
) -> Iterator[dg.TableSchema]:
    """Yield schemas, the one with the most words first; the last one has some of the columns."""
    columns: list[dg.TableColumn] = []
    for words in (_all, _unit_and_doc, _unit):
        columns = [
            _column(meanings.get(name) or ColumnMeaning(name), dtype, words, name in keys)
            for name, dtype in schema.items()
        ]
        yield dg.TableSchema(columns)
    sizes = [size_of(each) for each in columns]
    there = next(n for n in range(len(sizes), -1, -1) if sum(sizes[:n]) <= COLUMNS - 1_000)
    rest = dg.TableColumn(f"… {len(columns) - there} more", "", description=f"in {whole}"[:400])
    yield dg.TableSchema([*columns[:there], rest])


def _column(
    meaning: ColumnMeaning, dtype: pl.DataType, words: Words, is_key: bool
) -> dg.TableColumn:
    return dg.TableColumn(
        meaning.name,
        dtype_name(dtype) or "Null",
        description=words(meaning) or None,
        constraints=dg.TableColumnConstraints(nullable=not is_key),
    )


def _all(meaning: ColumnMeaning) -> str:
    formula = f" = {meaning.formula}" if meaning.formula else ""
    return f"{_unit_and_doc(meaning)}{formula}"


def _unit_and_doc(meaning: ColumnMeaning) -> str:
    return " ".join(filter(None, (_unit(meaning), meaning.doc)))


def _unit(meaning: ColumnMeaning) -> str:
    return f"[{meaning.unit}]" if meaning.unit else ""
