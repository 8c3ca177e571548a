"""How does a module declare its measures, so that a compiler can read them?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl
    from pydantic import BaseModel


#: Columns that every output has by itself; no measure may take their names.
RESERVED = ("ListingId", "TimeBucket", "MIC", "Ticker", "CurrencyCode")


class Kind(StrEnum):
    """How the rows of a bucket become one number.

    All but the quantiles run inside one streaming `group_by`; `MEDIAN` falls back to memory and
    is therefore compiled apart.
    """

    SUM = "sum"
    COUNT = "count"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    STD = "std"
    FIRST = "first"  # in (time, sequence) order
    LAST = "last"
    MEDIAN = "median"

    @property
    def streams(self) -> bool:
        """Whether polars aggregates it without holding the group in memory."""
        return self is not Kind.MEDIAN

    @property
    def additive(self) -> bool:
        """Whether an empty group is zero, not null."""
        return self in (Kind.SUM, Kind.COUNT)


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One number per bucket, as data.

    Attributes:
        kind: how rows become one number.
        of: the row expression; None only for COUNT. Null and NaN rows are left out.
        where: the rows that take part; None means all.
    """

    kind: Kind
    of: pl.Expr | None = None
    where: pl.Expr | None = None

    def __post_init__(self) -> None:
        if self.of is None and self.kind is not Kind.COUNT:
            raise ValueError(f"an aggregation of kind {self.kind} needs a row expression `of`")


@dataclass(frozen=True, slots=True)
class Measure:
    """One output column.

    A plain measure is one aggregation. A derived one names several aggregations and an expression
    over those names, evaluated on the small aggregated table; measures that name the same
    aggregation share it (VWAP and Volume share the sum of sizes).

    Attributes:
        name: the column's name, PascalCase.
        table: the input table.
        value: an aggregation, or the named inputs of `post`.
        post: an expression over the names in `value`; None for a plain measure.
        unit: shares, trades, ccy, ccy_eur, bps, ratio, ns, …
        doc: one sentence on its meaning.
        formula: the definition, in the notation of the metric reference.
        source: where the definition comes from.
        reaggregation: how buckets combine into a longer one: sum, first, last, min, max,
            `vw:<weight column>`, twa, or none.
        version: raised when the definition changes, so that old outputs become stale.
    """

    name: str
    table: str
    value: Aggregation | Mapping[str, Aggregation]
    unit: str
    doc: str
    formula: str
    source: str = ""
    reaggregation: str = "none"
    post: pl.Expr | None = None
    version: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.value, Aggregation) == (self.post is not None):
            raise ValueError(
                f"measure {self.name}: `post` goes with several named aggregations, "
                "and only with those"
            )

    @property
    def aggregations(self) -> Mapping[str, Aggregation]:
        """The aggregations behind the measure, by the name that `post` knows them by."""
        if isinstance(self.value, Aggregation):
            return {self.name: self.value}
        return self.value

    @property
    def columns(self) -> tuple[str, ...]:
        """The input columns that the measure needs, sorted."""
        expressions = [
            expression
            for each in self.aggregations.values()
            for expression in (each.of, each.where)
            if expression is not None
        ]
        return tuple(sorted({name for each in expressions for name in each.meta.root_names()}))


@dataclass(frozen=True, slots=True)
class AnalyticsModule:
    """A named group of measures over declared tables.

    Attributes:
        name: the word that a pass lists in `modules`.
        measures: options → the measures they ask for.
        doc: one sentence on what the module is for.
        Config: the pydantic model of its options; None when it has none.
        config_key: the section of a pass that holds the options; `<name>_analytics` by default.
        rows: options → the rows of each table that the module looks at at all
            (`{"trades": classification filter}`); buckets without such a row are not output.
    """

    name: str
    measures: Callable[[Any], Sequence[Measure]]
    doc: str = ""
    Config: type[BaseModel] | None = None
    config_key: str = ""
    rows: Callable[[Any], Mapping[str, pl.Expr]] = field(default=lambda _options: {})

    def __post_init__(self) -> None:
        if not self.config_key:
            object.__setattr__(self, "config_key", f"{self.name}_analytics")
