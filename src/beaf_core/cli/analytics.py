"""`beaf analytics`: which columns do modules compute, and what does each mean?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import click

from beaf_core.cli.explanation import as_json as explained_as_json
from beaf_core.cli.explanation import as_lines, as_markdown
from beaf_core.cli.group import BeafGroup
from beaf_core.cli.options import json_option, optional_pipeline, with_options
from beaf_core.cli.screen import (
    console,
    counted,
    narrate,
    print_json,
    print_table,
    reader_may_leave,
)
from beaf_core.model.errors import BeafError, UsageError

if TYPE_CHECKING:
    from beaf_core.plugins.columns import Column, Shelf

#: Below this many characters a table of columns would fold into shreds.
_WIDE = 110
#: How many columns of a table are named before the rest is counted.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which columns a person asks for."""

    module: str | None
    table: str | None
    unit: str | None
    pattern: str | None
    words: str | None

    def among(self, columns: Sequence[Column]) -> list[Column]:
        """Keep the columns that are asked for.

        Raises:
            UsageError: no column at all has the module, table or unit that is named.
        """
        _require("module", self.module, [each.module_name for each in columns])
        _require("table", self.table, [table for each in columns for table in each.tables])
        _require("unit", self.unit, [each.measure.unit for each in columns])
        return [each for each in columns if self._takes(each)]

    def _takes(self, column: Column) -> bool:
        measure = column.measure
        text = f"{measure.name} {measure.doc} {measure.formula} {measure.source}".casefold()
        return (
            (self.module in (None, column.module_name) or column.module is None)
            and (self.table is None or self.table in column.tables)
            and self.unit in (None, measure.unit)
            and (self.pattern is None or _matches(measure.name, self.pattern))
            and all(word in text for word in (self.words or "").casefold().split())
        )


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())


def _require(what: str, word: str | None, known: Sequence[str]) -> None:
    from beaf_core.plugins.errors import did_you_mean

    there = sorted({each for each in known if each})
    if word is not None and there and word not in there:
        raise UsageError(
            f'no column has the {what} "{word}"{did_you_mean(word, there)}',
            remedy=f"{what}s here: {', '.join(there)}",
        )


_chooses_columns = with_options(
    click.option("--module", help="Only columns of this module."),
    click.option("--table", help="Only columns that need this table: l2."),
    click.option("--unit", help="Only columns of this unit: bps."),
    click.option("--column", "pattern", metavar="PATTERN", help="Only such names: 'Bid*TWA'."),
    click.option("--search", "words", metavar="WORDS", help="Only columns that speak of all this."),
)


@click.group("analytics", cls=BeafGroup)
def analytics() -> None:
    """List the columns that modules compute, and explain them."""


@analytics.command("list")
@optional_pipeline
@_chooses_columns
@click.option("--full", is_flag=True, help="Everything that modules can yield, not their defaults.")
@click.option(
    "--include_keys", is_flag=True, help="Also ListingId, TimeBucket and what is carried."
)
@click.option("--plain", is_flag=True, help="Lines of tab-separated values.")
@json_option
def list_columns(
    path: str | None,
    sets: Sequence[str],
    full: bool,
    include_keys: bool,
    plain: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """List columns with unit, inputs and meaning; without a pipeline, of each module's defaults."""
    if full and path:
        raise UsageError(
            "a pipeline yields what it asks for, no more", remedy="leave --full or --pipeline away"
        )
    asked = Chosen(**chosen)
    found = _of_pipeline(path, sets, keys=include_keys) if path else []
    if not path:
        from beaf_core.plugins.columns import keys_of

        found = [*(keys_of(None) if include_keys else ()), *_of_modules(asked.module, full=full)]
    columns = asked.among(found)
    with reader_may_leave():
        if as_json:
            print_json([each.to_json() for each in columns])
        elif plain:
            _print_plain(columns)
        else:
            _print(columns)
    if not as_json:
        _tell_more(columns, full=full or path is not None)


@analytics.command("explain")
@optional_pipeline
@click.argument("name", required=False)
@click.option("--column", help="The column, as an option.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@json_option
def explain(
    path: str | None,
    sets: Sequence[str],
    name: str | None,
    column: str | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Explain a column: meaning, unit, formula, source, inputs, and the options of its module."""
    asked = column or name
    if asked is None or (column and name and column != name):
        raise UsageError(
            "name one column", remedy="beaf analytics explain --column VWAP; beaf analytics list"
        )
    known = _of_pipeline(path, sets, keys=True) if path else _of_modules(None, full=True)
    found = _named(asked, known, path)
    if as_json:
        print_json([explained_as_json(each) for each in found])
        return
    render = as_markdown if markdown else as_lines
    with reader_may_leave():
        click.echo("\n\n".join("\n".join(render(each)) for each in found))


def _named(asked: str, known: Sequence[Column], path: str | None) -> list[Column]:
    """Find the columns of a name, in whatever case it is typed."""
    from beaf_core.plugins.errors import did_you_mean

    found = [each for each in known if each.name == asked]
    found = found or [each for each in known if each.name.casefold() == asked.casefold()]
    if found:
        return found
    whose = "the pipeline yields" if path else "installed modules yield by themselves"
    listing = f"beaf analytics list --pipeline {path}" if path else "beaf analytics list --full"
    hint = did_you_mean(asked, [each.name for each in known])
    raise UsageError(
        f'there is no column "{asked}" among those that {whose}{hint}',
        remedy=f"{listing} shows them all"
        + ("" if path else "; --pipeline explains those of a configuration"),
    )


# -- where columns come from -----------------------------------------------------------------------


def _of_pipeline(path: str, sets: Sequence[str], *, keys: bool) -> list[Column]:
    from beaf_core.model.module import RESERVED
    from beaf_core.plugins.columns import Behind, columns_of, keys_of
    from beaf_core.prepare import prepare_pipeline

    found: list[Column] = []
    for resolved in prepare_pipeline(path, sets=sets).resolved.passes:
        found += keys_of(resolved.name, resolved.own_keys or RESERVED) if keys else ()
        made = [table for each in resolved.modules for table in each.provides]
        for each in resolved.modules:
            behind = Behind(each.rows, each.reads, made)
            found += columns_of(each.module, each.measures, behind, resolved.name)
    return found


def _of_modules(name: str | None, *, full: bool) -> list[Column]:
    from beaf_core.plugins.columns import Shelf
    from beaf_core.plugins.host import PluginHost

    shelf = Shelf(PluginHost())
    if name is None:
        return [each for one in shelf.modules for each in _asked(shelf, one, full=full)]
    found = shelf.columns(name, full=full)
    if not found:
        narrate(f'note: the module "{name}" yields columns by its options alone')
    return found


def _asked(shelf: Shelf, name: str, *, full: bool) -> Iterator[Column]:
    try:
        yield from shelf.columns(name, full=full)
    except (BeafError, ValueError) as error:
        narrate(f"warning: {error}")


# -- how they are shown ----------------------------------------------------------------------------


def _print_plain(columns: Sequence[Column]) -> None:
    for each in columns:
        cells = (each.pass_name or "", each.module_name, each.name, each.measure.unit)
        click.echo("\t".join((*cells, " ".join(each.needs), each.measure.doc)))


def _print(columns: Sequence[Column]) -> None:
    if not columns:
        return
    if console().width < _WIDE:
        _print_stacked(columns)
        return
    head = ["module", "column", "unit", "needs", "meaning"]
    rows = [
        [each.module_name, each.name, each.measure.unit, _short(each), each.measure.doc]
        for each in columns
    ]
    if len({each.pass_name for each in columns}) > 1:
        head = ["pass", *head]
        rows = [[each.pass_name or "", *row] for each, row in zip(columns, rows, strict=True)]
    print_table("", head, rows)


def _print_stacked(columns: Sequence[Column]) -> None:
    """Print two lines for each column, below the name of their module."""
    above = None
    for each in columns:
        place = " · ".join(part for part in (each.pass_name, each.module_name) if part)
        if place != above:
            click.echo(f"\n{place or 'keys'}")
            above = place
        click.echo(f"  {each.name} [{each.measure.unit}] {_short(each)}".rstrip())
        click.echo(f"      {each.measure.doc}")


def _short(column: Column) -> str:
    """Name what a column needs; of a book's levels, the first ones."""
    shown = column.needs[:_NAMED]
    rest = len(column.needs) - len(shown)
    return " ".join(shown) + (f" … and {rest} more" if rest else "")


def _tell_more(columns: Sequence[Column], *, full: bool) -> None:
    narrate(counted(len(columns), "column", "columns"))
    if columns:
        narrate(f"next: beaf analytics explain --column {columns[0].name}")
    if not full:
        narrate("these are defaults; --full lists everything that modules can yield")
