"""How does a module declare its measures, so that a compiler can read them?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from beaf_core.model.primitives import AsOf, Lookup

if TYPE_CHECKING:
    import polars as pl
    from pydantic import BaseModel

    from beaf_core.model.primitives import (
        Context,
        DenseGrid,
        Identity,
        ProvidedTable,
        SourcePass,
    )


#: What tells the rows of an output apart, unless a module's rows have keys of their own.
KEYS = ("ListingId", "TimeBucket")
#: Columns that every output has by itself, but one with keys of its own; no measure may take their
#: names.
RESERVED = (*KEYS, "MIC", "Ticker", "CurrencyCode")


class Kind(StrEnum):
    """How the rows of a bucket become one number.

    Those of rows run inside one streaming `group_by`; medians and quantiles fall back to memory
    and are therefore compiled apart. Those of states take each row as a state that holds from its
    time until the next row of the listing, never across TradeDate: the state that a bucket begins
    with is carried into it, and what holds when a bucket ends counts until its edge only. They
    have a value in every bucket of the output from the first state on.
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
    QUANTILE = "quantile"  # of order `q`, linearly interpolated
    DISTINCT = "distinct"  # number of different values

    TIME_WEIGHTED = "time_weighted"  # mean of states by the time they hold; null: no weight
    DURATION = "duration"  # nanoseconds for which `where` holds
    STATE_FIRST = "state_first"  # the state at the bucket's start
    STATE_LAST = "state_last"  # the state at the bucket's end
    STATE_MIN = "state_min"  # over states that hold for some time of the bucket
    STATE_MAX = "state_max"

    @property
    def streams(self) -> bool:
        """Whether polars aggregates it without holding the group in memory."""
        return self not in (Kind.MEDIAN, Kind.QUANTILE)

    @property
    def of_states(self) -> bool:
        """Whether rows are states that hold until the next one."""
        return self in _OF_STATES

    @property
    def additive(self) -> bool:
        """Whether an empty group is zero, not null."""
        return self in (Kind.SUM, Kind.COUNT, Kind.DISTINCT, Kind.DURATION)


_OF_STATES = (
    Kind.TIME_WEIGHTED,
    Kind.DURATION,
    Kind.STATE_FIRST,
    Kind.STATE_LAST,
    Kind.STATE_MIN,
    Kind.STATE_MAX,
)
#: Kinds that count rows or time, and so need no row expression.
_WITHOUT_VALUE = (Kind.COUNT, Kind.DURATION)


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One number per bucket, as data.

    Attributes:
        kind: how rows become one number.
        of: the row expression; None only for COUNT and DURATION. Null and NaN rows are left out.
        where: the rows that take part; None means all.
        q: the order of a QUANTILE, between 0 and 1.
    """

    kind: Kind
    of: pl.Expr | None = None
    where: pl.Expr | None = None
    q: float | None = None

    def __post_init__(self) -> None:
        if self.of is None and self.kind not in _WITHOUT_VALUE:
            raise ValueError(f"an aggregation of kind {self.kind} needs a row expression `of`")
        if (self.kind is Kind.QUANTILE) != (self.q is not None and 0 <= self.q <= 1):
            raise ValueError("`q`, between 0 and 1, goes with a quantile, and only with one")


@dataclass(frozen=True, slots=True)
class Measure:
    """One output column.

    A plain measure is one aggregation. A derived one names several aggregations and an expression
    over those names, evaluated on the small aggregated table; measures that name the same
    aggregation share it (VWAP and Volume share the sum of sizes). A computed one has no value: its
    module's `compute` yields the column.

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
        lookups: column → where it is looked up; `value` may use it like a column of the table.
        fill: what a bucket of a dense timeline holds where the measure has no value: `zero`,
            `last` (carried within the TradeDate), `none`, or None for zero where it is a plain
            sum or count, else none.
        gives_way: whether it is left out where another module of the pass yields a column of its
            name: what several modules carry, such as the market state, stands there once.
        version: raised when the definition changes, so that old outputs become stale.
    """

    name: str
    table: str
    value: Aggregation | Mapping[str, Aggregation] | None
    unit: str
    doc: str
    formula: str
    source: str = ""
    reaggregation: str = "none"
    post: pl.Expr | None = None
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    fill: Literal["zero", "last", "none"] | None = None
    gives_way: bool = False
    version: int = 1
    # Asked for a thousand times while forty measures are planned.
    _needs: Mapping[str, tuple[str, ...]] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        wrong = [each for each in self._values() if not isinstance(each, Aggregation)]
        if wrong:
            raise TypeError(
                f"measure {self.name}: its value is of type {type(wrong[0]).__qualname__}, not an "
                'Aggregation, such as Aggregation(Kind.MAX, pl.col("Price"))'
            )
        if isinstance(self.value, Mapping) != (self.post is not None):
            raise ValueError(
                f"measure {self.name}: `post` goes with several named aggregations, "
                "and only with those"
            )

    def _values(self) -> Iterable[object]:
        if self.value is None:
            return ()
        return self.value.values() if isinstance(self.value, Mapping) else (self.value,)

    @property
    def aggregations(self) -> Mapping[str, Aggregation]:
        """The aggregations behind the measure, by the name that `post` knows them by."""
        if isinstance(self.value, Aggregation):
            return {self.name: self.value}
        return self.value or {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its own table that the measure needs, sorted."""
        return self.needs.get(self.table, ())

    @property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """The columns that the measure needs, sorted, by table: its own, and those looked up in."""
        if self._needs is None:
            object.__setattr__(self, "_needs", self._find_needs())
        assert self._needs is not None
        return self._needs

    def _find_needs(self) -> Mapping[str, tuple[str, ...]]:
        own = {
            name
            for each in self.aggregations.values()
            for name in _roots(each.of, each.where)
            if name not in self.lookups
        }
        found: dict[str, set[str]] = {self.table: own}
        for lookup in self.lookups.values():
            if isinstance(lookup, AsOf):
                found.setdefault(lookup.table, set()).update(_roots(lookup.value, lookup.where))
            else:
                own |= _roots(lookup.begin, lookup.end)
                own |= {lookup.begin_order, lookup.end_order}
        return {table: tuple(sorted(names)) for table, names in found.items()}

    @property
    def is_additive(self) -> bool:
        """Whether an empty bucket is zero, not null."""
        return isinstance(self.value, Aggregation) and self.value.kind.additive


def _roots(*expressions: pl.Expr | None) -> set[str]:
    return {name for each in expressions if each is not None for name in each.meta.root_names()}


@dataclass(frozen=True, slots=True)
class Example:
    """A value worked out by hand, which `beaf pipeline validate` holds a measure to.

    Attributes:
        measure: what is tried, through the engine, in one bucket of a minute of one listing.
        rows: table → its rows, column → value. `ListingId` and the time may be left out: rows then
            are a second apart. `at` is a time in seconds since the bucket's start.
        expect: the measure's value; None for null.
        at: where the example was written, as steps inside the module's section.
    """

    measure: Measure
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    expect: float | str | bool | None
    at: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalyticsModule:
    """A named group of measures over declared tables.

    Attributes:
        name: the word that a pass lists in `modules`.
        measures: options → the measures they ask for.
        doc: one sentence on what the module is for.
        Config: the pydantic model of its options; None when it has none.
        config_key: the section of a pass that holds the options; `<name>_analytics` by default.
            Where it is the module's own name, the section alone puts the module into the pass.
        rows: options → the rows of each table that the module looks at at all
            (`{"trades": classification filter}`); buckets without such a row are not output.
        provides: options → tables that it makes of others, for all modules of the pass.
        grid: options → the dense timeline that it gives the pass; None leaves it sparse.
        identities: options → what must hold between its columns; checked on every output.
        examples: options → values worked out by hand; tried by `beaf pipeline validate`.
        catalogue: options that, together, yield everything the module can, for those who look
            something up; its defaults alone if there are none.
        compute: a last resort for what cannot be declared: context and options → a lazy frame
            with ListingId, TimeBucket (Datetime ns) and the columns of its computed measures.
        reads: options → the tables that `compute` looks at, each with its columns.
        cross_sectional: whether `compute` needs the whole universe at once, and so must not be
            cut into batches of listings.
        keys: options → the columns that tell the rows of `compute` apart, where these are not
            ListingId and TimeBucket: `(IndexId, TimeBucket)`. Then all its measures are computed,
            the pass has no other module, is computed at once, and its rows hold these keys and the
            measures alone.
        from_source: options and the pass that is the table `source` → the options completed by
            what that pass yields, for a module whose columns depend on it. Before, it is asked for
            its measures with the options as they are written, and may have none.
    """

    name: str
    measures: Callable[[Any], Sequence[Measure]]
    doc: str = ""
    Config: type[BaseModel] | None = None
    config_key: str = ""
    rows: Callable[[Any], Mapping[str, pl.Expr]] = field(default=lambda _options: {})
    provides: Callable[[Any], Sequence[ProvidedTable]] = field(default=lambda _options: ())
    grid: Callable[[Any], DenseGrid | None] = field(default=lambda _options: None)
    identities: Callable[[Any], Sequence[Identity]] = field(default=lambda _options: ())
    examples: Callable[[Any], Sequence[Example]] = field(default=lambda _options: ())
    catalogue: Callable[[], Sequence[Any]] = field(default=lambda: ())
    compute: Callable[[Context, Any], pl.LazyFrame] | None = None
    reads: Callable[[Any], Mapping[str, tuple[str, ...]]] = field(default=lambda _options: {})
    cross_sectional: bool = False
    keys: Callable[[Any], tuple[str, ...] | None] = field(default=lambda _options: None)
    from_source: Callable[[Any, SourcePass], Any] | None = None

    def __post_init__(self) -> None:
        if not self.config_key:
            object.__setattr__(self, "config_key", f"{self.name}_analytics")
