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


def columns_of(
    module: AnalyticsModule,
    measures: Iterable[Measure],
    rows: Mapping[str, pl.Expr],
    reads: Mapping[str, Sequence[str]],
    pass_name: str | None = None,
) -> list[Column]:
    """List a module's columns, given what it declares."""
    return [Column(each, _needs(each, rows, reads), module, pass_name) for each in measures]


def _needs(
    measure: Measure, rows: Mapping[str, pl.Expr], reads: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Name what a column needs: its own, the module's condition on rows, or what it computes of."""
    tables: Mapping[str, Sequence[str]] = reads if measure.value is None else measure.needs
    found = {f"{table}.{name}" for table, columns in tables.items() for name in columns}
    for table, condition in rows.items():
        if table in tables:
            found |= {f"{table}.{name}" for name in condition.meta.root_names()}
    # A count needs the rows of its table, and perhaps no column of them.
    named = {each.rpartition(".")[0] for each in found}
    return tuple(sorted(found | (tables.keys() - named)))


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
        reads = declared_of(entry, module, options)[3]
        rows = rows_of(entry, module, options)
        return columns_of(module, measures_of(entry, module, options), rows, reads)
