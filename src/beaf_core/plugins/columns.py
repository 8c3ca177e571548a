"""Which columns can modules yield, and what does each one need?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from beaf_core.model.module import RESERVED, AnalyticsModule, Measure
from beaf_core.plugins.declarations import declared_of, measures_of, rows_of
from beaf_core.plugins.offers import catalogue_of

if TYPE_CHECKING:
    import polars as pl

    from beaf_core.model.primitives import ProvidedTable
    from beaf_core.plugins.host import PluginHost

#: What the columns that every output has are.
_KEYS: Mapping[str, str] = {
    "ListingId": "The listing.",
    "TimeBucket": "The bucket, by the edge that time_bucket_anchor says.",
    "MIC": "The listing's venue.",
    "Ticker": "The listing's ticker, where the source knows it.",
    "CurrencyCode": "The listing's currency, where the source knows it.",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a module yields, or that every output has.

    Attributes:
        measure: what it is.
        needs: the columns of tables behind it, `trades.Size`, sorted; a table of which it needs
            no column stands there by itself.
        module: whose it is; None for a key.
        pass_name: where a pipeline has it; None without one.
    """

    measure: Measure
    needs: tuple[str, ...]
    module: AnalyticsModule | None = None
    pass_name: str | None = None

    @property
    def name(self) -> str:
        """The column's name."""
        return self.measure.name

    @property
    def module_name(self) -> str:
        """The module's name; empty for a key."""
        return self.module.name if self.module else ""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables behind it."""
        return tuple(dict.fromkeys(each.rpartition(".")[0] or each for each in self.needs))

    def to_json(self) -> dict[str, Any]:
        """Render it as plain data."""
        each = self.measure
        return {
            "pass": self.pass_name,
            "module": self.module_name or None,
            "column": each.name,
            "unit": each.unit,
            "table": each.table or None,
            "needs": list(self.needs),
            "formula": each.formula,
            "doc": each.doc,
            "source": each.source,
            "reaggregation": each.reaggregation,
            "version": each.version,
        }


def keys_of(pass_name: str | None, names: Iterable[str] = RESERVED) -> list[Column]:
    """List the columns that tell rows apart, and those of their listings."""
    return [
        Column(
            Measure(
                each, "", None, unit="key", doc=_KEYS.get(each, "Tells rows apart."), formula=""
            ),
            (),
            pass_name=pass_name,
        )
        for each in names
    ]


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind the columns of a module.

    Attributes:
        rows: table → the rows that the module looks at.
        reads: the tables that its `compute` looks at, each with its columns.
        provides: the tables that it, or another module of the pass, makes of others.
    """

    rows: Mapping[str, pl.Expr]
    reads: Mapping[str, Sequence[str]]
    provides: Sequence[ProvidedTable]

    def needs(self, measure: Measure) -> tuple[str, ...]:
        """Name the columns that a measure needs, with those that tables are made of."""
        tables: Mapping[str, Sequence[str]] = self.reads if measure.value is None else measure.needs
        found = {table: set(columns) for table, columns in tables.items()}
        for table in [*found]:
            if table in self.rows:
                found[table] |= set(self.rows[table].meta.root_names())
            self._add_inputs(table, found)
        named = (f"{table}.{name}" for table, columns in found.items() for name in columns)
        # A count needs the rows of its table, and perhaps no column of them.
        return tuple(sorted([*named, *(table for table, columns in found.items() if not columns)]))

    def _add_inputs(self, table: str, found: dict[str, set[str]]) -> None:
        for made in (each for each in self.provides if each.name == table):
            for source, columns in made.needed_for(sorted(found[table])).items():
                more = source not in found or not found[source].issuperset(columns)
                found.setdefault(source, set()).update(columns)
                if more:
                    self._add_inputs(source, found)


def columns_of(
    module: AnalyticsModule,
    measures: Iterable[Measure],
    behind: Behind,
    pass_name: str | None = None,
) -> list[Column]:
    """List a module's columns, given what it declares."""
    return [Column(each, behind.needs(each), module, pass_name) for each in measures]


class Shelf:
    """Everything that installed modules can yield.

    Args:
        host: where they are.
    """

    def __init__(self, host: PluginHost) -> None:
        self._host = host

    @property
    def modules(self) -> list[str]:
        """The names of the modules."""
        return self._host.catalog.names("module")

    def columns(self, name: str, *, full: bool = False) -> list[Column]:
        """List what a module yields with nothing configured, or everything it can.

        Raises:
            BeafError: the module cannot be asked.
        """
        module = self._host.analytics_module(name)
        found: dict[str, Column] = {}
        for options in self._options(module, full=full):
            for each in self._asked(module, options):
                found.setdefault(each.name, each)
        return list(found.values())

    def _options(self, module: AnalyticsModule, *, full: bool) -> Iterator[Any]:
        from pydantic import ValidationError  # 99 ms

        # Where an option has no default, only the catalogue can say what the module yields.
        with suppress(ValidationError):
            yield module.Config() if module.Config else None
        if full:
            yield from catalogue_of(self._host.catalog.find("module", module.name), module)

    def _asked(self, module: AnalyticsModule, options: Any) -> list[Column]:
        entry = self._host.catalog.find("module", module.name)
        declared = declared_of(entry, module, options)
        behind = Behind(rows_of(entry, module, options), declared.reads, declared.provides)
        return columns_of(module, measures_of(entry, module, options), behind)
