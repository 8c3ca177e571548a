"""Do universes and modules keep their contract?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import BaseModel

from beaf_core import (
    TABLES,
    AsOf,
    BeafError,
    Kind,
    Measure,
    PluginError,
    UsageError,
    parse_universe_spec,
)
from beaf_core.testing.market import TINY_DAYS, tiny_reference, tiny_table, with_every_column
from beaf_core.testing.pipeline import bars_of
from beaf_core.testing.subject import Subject, subject

if TYPE_CHECKING:
    from pathlib import Path

    from beaf_core import AnalyticsModule, ProvidedTable, Reference

_NO_SUCH_VALUE = "no such value"

# -- universes -----------------------------------------------------------------------------


def check_universe(
    plugin: object,
    value: str | None = None,
    *,
    reference: Reference = tiny_reference,
    day: str = TINY_DAYS[0],
    name: str | None = None,
    folder: Path | None = None,
) -> None:
    """Check a universe: listings for every value that it offers, none for a value unheard of.

    Args:
        plugin: the name of an installed universe, or the object itself.
        value: a value with listings on that day; by default those of `universe_values`.
        reference: what the universe may ask.
        day: the trade date.
        name: the name to address an object by.
        folder: the project's folder; the working one by default.

    Raises:
        AssertionError: the contract is broken; the message says how.
        PluginError: an answer was refused at the border.
    """
    universe = _Universe(subject("universe", plugin, name), reference, day, folder)
    offered = universe.values()
    assert len(set(offered)) == len(offered), f"universe_values repeats itself: {offered}"
    for known in offered:
        _check_nameable(universe.spelled(known))
    for each in [value] if value is not None or not offered else offered:
        listings = universe.listings(each)
        assert listings.height, f"no listing answers {universe.spelled(each)} on {day}"
        assert listings.equals(universe.listings(each)), (
            f"{universe.spelled(each)} gives other listings when it is asked again"
        )
    if offered:
        _check_unheard_of(universe)


class _Universe:
    def __init__(
        self, tested: Subject, reference: Reference, day: str, folder: Path | None
    ) -> None:
        self._tested, self._reference, self._day = tested, reference, day
        self._folder = folder

    def values(self) -> list[str]:
        host, name = self._tested.host, self._tested.name
        return host.universe_values(name, date=self._day, reference=self._reference)

    def listings(self, value: str | None) -> pl.DataFrame:
        host, name = self._tested.host, self._tested.name
        return host.get_universe(
            name,
            date=self._day,
            value=value,
            reference=self._reference,
            folder=self._folder,
        )

    def spelled(self, value: str | None) -> str:
        return self._tested.name if value is None else f"{self._tested.name}={value}"


def _check_nameable(spelled: str) -> None:
    try:
        read = parse_universe_spec(spelled).spec
        assert len(parse_universe_spec(spelled).parts) == 1, "it would be several selectors"
        assert read == spelled, f"it would be read as {read}"
    except (UsageError, AssertionError) as error:
        told = f"universe_values offers what no selector can name: {spelled}: {error}"
        raise AssertionError(told) from error


def _check_unheard_of(universe: _Universe) -> None:
    spelled = universe.spelled(_NO_SUCH_VALUE)
    try:
        listings = universe.listings(_NO_SUCH_VALUE)
    except PluginError as error:
        raise AssertionError(
            f'"{spelled}" is to answer no listing, or to raise a UsageError: {error}'
        ) from error
    except BeafError:
        return  # it says so itself
    assert listings.is_empty(), (
        f'"{spelled}", which universe_values does not offer, answers {listings.height} listings'
    )


# -- modules -------------------------------------------------------------------------------

_REAGGREGATIONS = ("sum", "first", "last", "min", "max", "twa", "none")
_KEYS = ("ListingId", "TimeBucket")
#: The table that is an earlier pass.
_SOURCE = "source"
_NUMERIC_ONLY = (Kind.SUM, Kind.MEAN, Kind.STD, Kind.MEDIAN)


def check_module(plugin: object, options: object = None, *, name: str | None = None) -> None:
    """Check a module: documented measures over known columns, whose row expressions are such.

    Args:
        plugin: the name of an installed module, or the object itself.
        options: its options, as they would stand in its section of a pass.
        name: the name to address an object by; it must be the module's own.

    Raises:
        AssertionError: the contract is broken; the message says how.
        PluginError: an answer was refused at the border.
    """
    tested = subject("module", plugin, name)
    module, given = tested.host.analytics_module(tested.name), tested.options(options)
    measures = list(module.measures(given))
    declares = bool(measures or module.provides(given) or module.grid(given))
    assert declares, f'"{module.name}" yields no measure; give options that ask for some'
    names = [each.name for each in measures]
    repeated = sorted({each for each in names if names.count(each) > 1})
    assert not repeated, f"several measures are called {', '.join(repeated)}"
    of_source = {column for each in measures for column in each.needs.get(_SOURCE, ())}
    tables = _Tables({each.name: each for each in module.provides(given)}, of_source)
    for each in measures:
        _check_described(each, tables)
        _check_expressions(each, tables)
    for table, condition in module.rows(given).items():
        _check_condition(f"the rows of {table}", tables.sample(table), condition)
    _check_asked_again(module, given, names)
    _check_computed(module, options, measures, tables, module.keys(given) or _KEYS)


def _check_asked_again(module: AnalyticsModule, given: object, names: list[str]) -> None:
    again = [each.name for each in module.measures(given)]
    assert again == names, f'the module "{module.name}" yields other measures when asked again'


@dataclass(frozen=True, slots=True)
class _Tables:
    """What a module may read: input tables, an earlier pass, and what it provides itself."""

    provided: Mapping[str, ProvidedTable]
    of_source: Iterable[str] = ()

    def sample(self, table: str) -> pl.DataFrame:
        """Take rows of the tiny market; of a table that it does not have, rows of nulls."""
        if table in self.provided:
            made = self.provided[table]
            needed = {each: self.sample(each).lazy() for each in made.needs}
            return made.build(needed).collect()
        if table == _SOURCE:  # whatever is asked of an earlier pass, taken for numbers
            rows = pl.DataFrame({"ListingId": [101, 101, 102]})
            return rows.with_columns(pl.lit(1.0).alias(name) for name in self.of_source)
        try:
            rows = tiny_table(table)
        except KeyError:
            rows = pl.DataFrame({"ListingId": [101, 101, 102]})
        return with_every_column(table, rows)

    def check(self, measure: Measure) -> None:
        """Assert that all tables and columns that a measure needs are there."""
        for table, columns in measure.needs.items():
            there = [*TABLES, *self.provided, _SOURCE]
            assert table in there, (
                f"measure {measure.name} reads {table}; tables: {', '.join(there)}"
            )
            known = TABLES[table].columns if table in TABLES else self.sample(table).columns
            strange = [each for each in columns if each not in known]
            assert not strange, f"measure {measure.name} reads {', '.join(strange)}, not of {table}"

    def inputs(self, measures: Iterable[Measure]) -> set[str]:
        """List the input tables behind some measures."""
        tables = {table for each in measures for table in each.needs}
        while made := tables & self.provided.keys():
            tables -= made
            tables |= {each for name in made for each in self.provided[name].needs}
        return tables


def _check_computed(
    module: AnalyticsModule,
    options: object,
    measures: list[Measure],
    tables: _Tables,
    keys: Sequence[str],
) -> None:
    if not measures or not tables.inputs(measures) <= {"trades", "marketstate"}:
        return  # the tiny market has no order books
    try:
        bars = bars_of(module, _section(options))
    except BeafError as error:
        raise AssertionError(f"the engine cannot compute it: {error}") from error
    if bars is None:
        return
    lacking = [each.name for each in measures if each.name not in bars.columns]
    assert not lacking, f"the output lacks {', '.join(lacking)}; it has {', '.join(bars.columns)}"
    repeated = bars.filter(pl.struct(*keys).is_duplicated())
    assert repeated.is_empty(), f"several rows of one {' and '.join(keys)}:\n{repeated}"


def _section(options: object) -> dict[str, Any]:
    if isinstance(options, BaseModel):
        return options.model_dump(mode="json", exclude_unset=True)
    return dict(options) if isinstance(options, Mapping) else {}


def _check_described(measure: Measure, tables: _Tables) -> None:
    name = measure.name
    assert name not in _KEYS, f"{name} is a key of every output, and cannot be a measure"
    for field in ("unit", "doc", "formula"):
        assert str(getattr(measure, field)).strip(), f"measure {name} has no {field}"
    rule = measure.reaggregation
    assert rule in _REAGGREGATIONS or rule.startswith("vw:"), (
        f"measure {name} re-aggregates by {rule!r}; "
        f"known: {', '.join(_REAGGREGATIONS)}, vw:<column>"
    )
    tables.check(measure)


def _check_expressions(measure: Measure, tables: _Tables) -> None:
    rows = _with_lookups(measure, tables)
    for label, each in measure.aggregations.items():
        where = f"measure {measure.name}, {label}"
        if each.where is not None:
            _check_condition(where, rows, each.where)
        if each.of is not None:
            dtype = _check_row_wise(where, rows, each.of)
            fits = each.kind not in _NUMERIC_ONLY or dtype.is_numeric() or dtype == pl.Boolean
            assert fits, f"{where}: {each.kind} of {dtype}"
    if measure.post is not None:
        strange = set(measure.post.meta.root_names()) - measure.aggregations.keys()
        assert not strange, (
            f"measure {measure.name}: post names {', '.join(sorted(strange))}, "
            f"beside its aggregations {', '.join(measure.aggregations)}"
        )


def _with_lookups(measure: Measure, tables: _Tables) -> pl.DataFrame:
    """Add the columns that a measure looks up to rows of its table: nothing is found."""
    rows = tables.sample(measure.table)
    found: list[pl.Expr] = []
    for name, lookup in measure.lookups.items():
        where = f"measure {measure.name}, look-up {name}"
        dtype: pl.DataType = pl.Int64()
        if isinstance(lookup, AsOf):
            states = tables.sample(lookup.table)
            dtype = _check_row_wise(where, states, lookup.value)
            if lookup.where is not None:
                _check_condition(where, states, lookup.where)
        else:
            _check_condition(where, rows, lookup.begin)
            _check_condition(where, rows, lookup.end)
        found.append(pl.lit(None, dtype).alias(name))
    return rows.with_columns(found)


def _check_condition(where: str, rows: pl.DataFrame, condition: pl.Expr) -> None:
    dtype = _check_row_wise(where, rows, condition)
    assert dtype == pl.Boolean, f"{where}: the condition is {dtype}, not true or false"


def _check_row_wise(where: str, rows: pl.DataFrame, expression: pl.Expr) -> pl.DataType:
    found = rows.select(expression).to_series()
    literal = not expression.meta.root_names()
    assert literal or len(found) == rows.height, (
        f"{where}: {expression} aggregates; give the row expression, and let Kind say how"
    )
    return found.dtype
