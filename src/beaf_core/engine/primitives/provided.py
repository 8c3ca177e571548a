"""How does a module make a table of others, which all modules of its pass may then read?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.keys import LISTING
from beaf_core.model.errors import ModuleFaultError, UsageError
from beaf_core.model.membership import is_one_of
from beaf_core.model.tables import TABLES
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.model.primitives import ProvidedTable


@dataclass(frozen=True, slots=True)
class Provider:
    """A table that a module provides.

    Attributes:
        module: the module's name.
        table: the table.
    """

    module: str
    table: ProvidedTable

    def build(
        self, inputs: Mapping[str, pl.LazyFrame], columns: Iterable[str], listings: Sequence[int]
    ) -> pl.LazyFrame:
        """Make the table of one trade date.

        Args:
            inputs: table → its rows on the trade date, of the whole universe.
            columns: the columns that are needed of it.
            listings: the universe; rows of other listings are left out.

        Raises:
            ModuleFaultError: it cannot be made, or lacks something.
        """
        asked = sorted(columns)
        needed = self.table.needed_for(asked)
        given = {name: _asked(inputs[name], each) for name, each in needed.items()}
        try:
            answer = self.table.build(given)
        except Exception as error:  # a plugin's code may raise anything
            raise self._fault(f"cannot be made: {type(error).__name__}: {error}") from error
        if not isinstance(answer, pl.LazyFrame):
            raise self._fault(f"is a {type(answer).__qualname__}, not a LazyFrame")
        self._check(answer, {LISTING, self.table.time, *asked})
        return answer.filter(is_one_of(pl.col(LISTING), listings))

    def _check(self, frame: pl.LazyFrame, columns: set[str]) -> None:
        try:
            schema = frame.collect_schema()
        except pl.exceptions.PolarsError as error:
            raise self._fault(f"cannot be made: {type(error).__name__}: {error}") from error
        wanted = columns | ({self.table.sequence} if self.table.sequence else set())
        lacking = sorted(wanted - set(schema.names()))
        if lacking:
            hint = did_you_mean(lacking[0], schema.names())
            raise self._fault(f"has no column {', '.join(lacking)}{hint}")
        if not schema[LISTING].is_integer():
            raise self._fault(f"has {LISTING} as {schema[LISTING]}, not as integer")
        time = schema[self.table.time]
        if not (time.is_integer() or isinstance(time, pl.Datetime)):
            raise self._fault(f"has its time, {self.table.time}, as {time}")

    def _fault(self, fault: str) -> ModuleFaultError:
        return ModuleFaultError(self.module, f'the table "{self.table.name}" {fault}')


def _asked(frame: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
    return frame.select(*dict.fromkeys([LISTING, *columns]))


def providers_of(resolved: ResolvedPass) -> dict[str, Provider]:
    """List the tables that the modules of a pass provide and any of them needs.

    Each comes after those that it is made of.

    Raises:
        UsageError: two tables bear one name, or tables are made of each other.
    """
    offered = _offered(resolved)
    asked = [name for needs in _asked_of_modules(resolved) for name in needs]
    found: dict[str, Provider] = {}
    for name in asked:
        _add(name, offered, found, ())
    return found


def _add(
    name: str, offered: Mapping[str, Provider], found: dict[str, Provider], above: tuple[str, ...]
) -> None:
    if name not in offered or name in found:
        return
    if name in above:
        circle = " of ".join([*above[above.index(name) :], name])
        raise UsageError(
            f"tables are made of each other: {circle}",
            remedy="make each of input tables, or of one that does not need it",
        )
    for each in offered[name].table.needs:
        _add(each, offered, found, (*above, name))
    found[name] = offered[name]


def _offered(resolved: ResolvedPass) -> dict[str, Provider]:
    offered: dict[str, Provider] = {}
    for each in resolved.modules:
        for table in each.provides:
            other = offered.get(table.name)
            if other or table.name in TABLES:
                owner = f'the module "{other.module}"' if other else "an input"
                raise UsageError(
                    f'the module "{each.module.name}" provides the table "{table.name}", '
                    f"a name that {owner} has",
                    remedy="give the table a name of its own",
                )
            offered[table.name] = Provider(each.module.name, table)
    return offered


def _asked_of_modules(resolved: ResolvedPass) -> list[Mapping[str, tuple[str, ...]]]:
    computing = [each for each in resolved.modules if each.module.compute is not None]
    return [*(each.needs for each in resolved.measures), *(each.reads for each in computing)]


def needs_of_pass(resolved: ResolvedPass) -> list[Mapping[str, tuple[str, ...]]]:
    """List what a pass needs: for each of its parts table → columns.

    Those of its measures, of what `compute` reads, of its timeline, and of what provided tables
    are made of.
    """
    grid = [resolved.grid.needs] if resolved.grid else []
    needed = [*_asked_of_modules(resolved), *grid]
    looked_at = _looked_at(resolved)
    # Backwards, so that what a table passes on is known when the one behind it is reached.
    for each in reversed(providers_of(resolved).values()):
        name = each.table.name
        asked = {column for needs in (*needed, looked_at) for column in needs.get(name, ())}
        needed.append(each.table.needed_for(sorted(asked)))
    return needed


def _looked_at(resolved: ResolvedPass) -> Mapping[str, set[str]]:
    """List the columns that tell which rows of a table the modules look at."""
    found: dict[str, set[str]] = {}
    for each in resolved.modules:
        for table, rows in each.rows.items():
            found.setdefault(table, set()).update(rows.meta.root_names())
    return found
