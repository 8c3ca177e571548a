"""Which output columns need what a source does not have?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from beaf_core.engine.primitives.provided import providers_of

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedModule, ResolvedPass
    from beaf_core.model.primitives import ProvidedTable

#: How many columns of a module are named before the others are counted.
_NAMED = 8


def affected(resolved: ResolvedPass, table: str, columns: Iterable[str] | None = None) -> str:
    """Tell the output columns of a pass that need a table, or some of its columns.

    Those that need it through a table that a module provides are among them.

    Args:
        resolved: the pass.
        table: the table.
        columns: the columns in question; None means the table itself.

    Returns:
        `for TimeAtCBB, TimeAtCBO (module cbbo_analytics)`; empty where no column needs it.
    """
    wanted: dict[str, set[str] | None] = {table: None if columns is None else set(columns)}
    for name, provider in providers_of(resolved).items():
        if _touches(provider.table.needs, wanted):
            wanted[name] = None
        elif passed := _passed_on(provider.table, wanted):
            wanted[name] = passed
    told = [text for each in resolved.modules if (text := _of_module(each, wanted))]
    return f"for {' and '.join(told)}" if told else ""


def _touches(needs: Mapping[str, Iterable[str]], wanted: Mapping[str, set[str] | None]) -> bool:
    for table in needs.keys() & wanted.keys():
        columns = wanted[table]
        if columns is None or not columns.isdisjoint(needs[table]):
            return True
    return False


def _passed_on(table: ProvidedTable, wanted: Mapping[str, set[str] | None]) -> set[str]:
    """List the columns of a table that are, or are made of, wanted ones of the one behind it."""
    behind = wanted.get(table.passes_on or "") or set()
    made = {name for name, columns in table.makes.items() if not behind.isdisjoint(columns)}
    return made | (behind - table.makes.keys())


def _of_module(module: ResolvedModule, wanted: Mapping[str, set[str] | None]) -> str:
    filters = {table: rows.meta.root_names() for table, rows in module.rows.items()}
    all_of_it = _touches(module.reads, wanted)
    names = [
        each.name
        for each in module.measures
        if (each.value is None and all_of_it)
        or _touches(each.needs, wanted)
        or _touches({each.table: filters.get(each.table, ())}, wanted)
    ]
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more} (module {module.module.name})"
