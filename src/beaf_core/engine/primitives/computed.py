"""What does a module compute that cannot be declared, and does it keep what it promised?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.bucket import Buckets, nanoseconds
from beaf_core.engine.compiler.keys import BUCKET, DAY, FIRST_DAY, KEYS, LISTING, named
from beaf_core.model.errors import ModuleFaultError
from beaf_core.model.membership import is_one_of
from beaf_core.model.primitives import Context
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedModule, ResolvedPass
    from beaf_core.engine.planning.prepare import DayPlan
    from beaf_core.engine.planning.tables import TableOnDay

_TRADE_DATE, _EVENT_TIME = "TradeDate", "EventTime"
#: What every output has these as.
_TYPES = {LISTING: pl.Int64(), BUCKET: pl.Datetime("ns")}


def promised_by(module: ResolvedModule) -> list[str]:
    """List the columns that a module's `compute` is to yield."""
    return [each.name for each in module.measures if each.value is None]


def run_computed(resolved: ResolvedPass, plans: Sequence[DayPlan]) -> list[pl.DataFrame]:
    """Run the modules of a pass that compute something themselves.

    Args:
        resolved: the pass.
        plans: its days, of the listings that are wanted.

    Returns:
        Per module one row per listing and bucket, sorted: ListingId, TimeBucket (int64
        nanoseconds), `__first_day`, `__day`, and the columns that it promised.

    Raises:
        ModuleFaultError: what a module computes is not what it promised.
    """
    modules = [each for each in resolved.modules if promised_by(each)]
    return [_Computing(each, resolved, plans).run() for each in modules]


def run_with_own_keys(resolved: ResolvedPass, plans: Sequence[DayPlan]) -> pl.DataFrame:
    """Run the module of a pass whose rows have keys of their own.

    Returns:
        The keys and the columns that it promised, sorted by the keys.

    Raises:
        ModuleFaultError: what it computes is not what it promised.
    """
    (module,) = resolved.modules
    frame = _Computing(module, resolved, plans).collected()
    return frame.sort(resolved.keys)


class _Computing:
    """One module at work."""

    def __init__(
        self, module: ResolvedModule, resolved: ResolvedPass, plans: Sequence[DayPlan]
    ) -> None:
        self._module, self._plans = module, plans
        self._buckets = Buckets.of(resolved.config)
        self._keys, self._promised = resolved.keys, promised_by(module)
        known = [each.listings for each in plans]
        self._listings = pl.concat(known, how="diagonal_relaxed").unique(
            LISTING, keep="last", maintain_order=True
        )

    def run(self) -> pl.DataFrame:
        """Compute rows of listings and buckets, with their trade dates."""
        return self._dated(self.collected().with_columns(pl.col(BUCKET).to_physical()))

    def collected(self) -> pl.DataFrame:
        """Compute rows that their keys tell apart."""
        lazy = self._asked()
        self._check_columns(lazy)
        try:
            frame = lazy.select(*self._keys, *self._promised).collect(engine="streaming")
        except Exception as error:  # a plugin's own functions may run inside
            raise self._raised(error) from error
        self._check_keys(frame.select(self._keys))
        return frame.with_columns(
            pl.col(name).cast(dtype) for name, dtype in _TYPES.items() if name in self._keys
        )

    def _asked(self) -> pl.LazyFrame:
        compute = self._module.module.compute
        if compute is None:
            raise self._fault(f"declares {', '.join(self._promised)} without a value or a compute")
        tables = {name: self._rows(name, wanted) for name, wanted in self._module.reads.items()}
        try:
            answer = compute(
                Context(tables, self._listings, self._buckets.width, self._buckets.anchor),
                self._module.options,
            )
        except Exception as error:  # a plugin's code may raise anything
            raise self._raised(error) from error
        if not isinstance(answer, pl.LazyFrame):
            kind = type(answer).__qualname__
            raise self._fault(f"its compute returned a {kind}, not a LazyFrame")
        return answer

    # -- what it is given ----------------------------------------------------------------------

    def _rows(self, name: str, wanted: Iterable[str]) -> pl.LazyFrame:
        """Put the rows of all days together, each with its bucket and trade date."""
        days = [
            self._rows_of_day(plan, table, wanted)
            for plan in self._plans
            for table in plan.tables
            if table.plan.table == name
        ]
        if not days:  # a table that is allowed to be missing
            empty = dict.fromkeys([LISTING, *wanted], pl.Null())
            times = dict.fromkeys([_EVENT_TIME, BUCKET], pl.Datetime("ns"))
            return pl.LazyFrame(schema={**empty, **times, _TRADE_DATE: pl.Date()})
        return pl.concat(days, how="vertical_relaxed")

    def _rows_of_day(self, plan: DayPlan, table: TableOnDay, wanted: Iterable[str]) -> pl.LazyFrame:
        ids = plan.listings[LISTING].to_list()
        frame = table.rows.filter(is_one_of(pl.col(LISTING), ids))
        time = nanoseconds(table.clock.time, table.rows.collect_schema()[table.clock.time])
        added = {LISTING, BUCKET, _TRADE_DATE, _EVENT_TIME}
        own = [name for name in dict.fromkeys(wanted) if name not in added]
        return frame.select(
            pl.col(LISTING).cast(pl.Int64),
            *own,
            time.cast(pl.Datetime("ns")).alias(_EVENT_TIME),
            self._buckets.label(time).cast(pl.Datetime("ns")).alias(BUCKET),
            pl.lit(plan.day).alias(_TRADE_DATE),
        )

    # -- what it gives -------------------------------------------------------------------------

    def _check_columns(self, frame: pl.LazyFrame) -> None:
        try:
            schema = frame.collect_schema()
        except Exception as error:  # a plugin's own functions may run inside
            raise self._raised(error) from error
        wanted = [*self._keys, *self._promised]
        lacking = [name for name in wanted if name not in schema]
        further = [name for name in schema.names() if name not in wanted]
        if lacking:
            hint = did_you_mean(lacking[0], further)
            raise self._fault(f"its compute yields no column {', '.join(lacking)}{hint}")
        if further:
            raise self._fault(
                f"its compute yields {', '.join(further)}, which no measure of it declares"
            )
        if LISTING in self._keys and not schema[LISTING].is_integer():
            raise self._fault(f"its compute yields {LISTING} as {schema[LISTING]}, not as integer")
        if BUCKET in self._keys and not isinstance(schema[BUCKET], pl.Datetime):
            raise self._fault(f"its compute yields {BUCKET} as {schema[BUCKET]}, not as Datetime")

    def _check_keys(self, keys: pl.DataFrame) -> None:
        if keys.null_count().sum_horizontal().item():
            raise self._fault(f"its compute yields a row without {' or '.join(self._keys)}")
        if LISTING in self._keys:
            self._check_listings(keys[LISTING])
        repeated = keys.filter(keys.is_duplicated())
        if repeated.height:
            first = repeated.sort(self._keys).row(0, named=True)
            raise self._fault(f"its compute yields several rows for {named(first, self._keys)}")

    def _check_listings(self, listings: pl.Series) -> None:
        strange = listings.filter(~listings.is_in(self._listings[LISTING].to_list()))
        if len(strange):
            raise self._fault(
                f"its compute yields rows for listing {strange.sort()[0]}, "
                "which is not of the universe"
            )

    def _dated(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give each bucket its trade date: the last that does not begin after it."""
        days = pl.DataFrame({DAY: [each.day for each in self._plans]}, schema={DAY: pl.Date})
        starts = days.sort(DAY).with_columns(
            pl.col(DAY).cast(pl.Datetime("ns")).to_physical().alias("__start")
        )
        inside = self._buckets.end(pl.col(BUCKET)) - 1
        dated = frame.with_columns(inside.alias("__inside")).sort("__inside")
        found = dated.join_asof(starts, left_on="__inside", right_on="__start")
        first = starts[DAY][0]
        return (
            found.with_columns(pl.col(DAY).fill_null(pl.lit(first)))
            .with_columns(pl.col(DAY).alias(FIRST_DAY))
            .select(*KEYS, FIRST_DAY, DAY, *self._promised)
            .sort(*KEYS)
        )

    def _raised(self, error: Exception) -> ModuleFaultError:
        return self._fault(f"its compute failed: {type(error).__name__}: {error}")

    def _fault(self, fault: str) -> ModuleFaultError:
        return ModuleFaultError(self._module.module.name, fault)


def attach_computed(keys: pl.DataFrame, frames: Iterable[pl.DataFrame]) -> Mapping[str, pl.Series]:
    """Return what modules computed, in the order of the keys; null where they computed nothing."""
    found: dict[str, pl.Series] = {}
    for each in frames:
        columns = [name for name in each.columns if name not in {*KEYS, FIRST_DAY, DAY}]
        aligned = keys.select(KEYS).join(
            each.select(*KEYS, *columns), on=list(KEYS), how="left", maintain_order="left"
        )
        found |= {name: aligned[name] for name in columns}
    return found
