"""How does a module read other tables under the names that it declared?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from beaf_core.config.resolved import ResolvedModule
from beaf_core.model.module import AnalyticsModule, Measure
from beaf_core.model.primitives import AsOf, Context, Lookup, ProvidedTable

if TYPE_CHECKING:
    import polars as pl

    Rows = Mapping[str, pl.LazyFrame]

#: Declared table → the table that stands for it.
Names = Mapping[str, str]


def bound(module: ResolvedModule, names: Names) -> ResolvedModule:
    """Return a module that reads other tables.

    Everything that the engine compiles names the new tables; the module's own code (`compute`, and
    `build` of tables that it provides) still finds them under the names that it declared.
    """
    if not names:
        return module
    return replace(
        module,
        module=_bound_code(module.module, names),
        measures=tuple(_bound_measure(each, names) for each in module.measures),
        rows={names.get(table, table): rows for table, rows in module.rows.items()},
        provides=tuple(_bound_provided(each, names) for each in module.provides),
        reads=_bound_columns(module.reads, names),
    )


def _bound_measure(measure: Measure, names: Names) -> Measure:
    lookups = {name: _bound_lookup(each, names) for name, each in measure.lookups.items()}
    return replace(measure, table=names.get(measure.table, measure.table), lookups=lookups)


def _bound_lookup(lookup: Lookup, names: Names) -> Lookup:
    if not isinstance(lookup, AsOf):
        return lookup
    return replace(lookup, table=names.get(lookup.table, lookup.table))


def _bound_columns(
    columns: Mapping[str, tuple[str, ...]], names: Names
) -> dict[str, tuple[str, ...]]:
    # Two declared tables may be one table now, which then has the columns of both.
    found: dict[str, tuple[str, ...]] = {}
    for table, needed in columns.items():
        target = names.get(table, table)
        found[target] = tuple(dict.fromkeys((*found.get(target, ()), *needed)))
    return found


def _bound_provided(table: ProvidedTable, names: Names) -> ProvidedTable:
    build = table.build

    def build_as_declared(tables: Rows) -> pl.LazyFrame:
        return build(_as_declared(tables, table.needs, names))

    return replace(
        table,
        needs=_bound_columns(table.needs, names),
        build=build_as_declared,
        passes_on=table.passes_on and names.get(table.passes_on, table.passes_on),
    )


def _bound_code(module: AnalyticsModule, names: Names) -> AnalyticsModule:
    compute: Callable[[Context, Any], pl.LazyFrame] | None = module.compute
    if compute is None:
        return module
    ask = compute

    def compute_as_declared(context: Context, options: Any) -> pl.LazyFrame:
        declared = module.reads(options)
        return ask(replace(context, tables=_as_declared(context.tables, declared, names)), options)

    return replace(module, compute=compute_as_declared)


def _as_declared(tables: Rows, declared: Mapping[str, object], names: Names) -> Rows:
    return {name: tables[names.get(name, name)] for name in declared}
