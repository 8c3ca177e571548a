"""Which rows and columns does a lane read of a day?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.aggregations import TIME, order_key
from beaf_core.engine.compiler.bucket import in_range
from beaf_core.engine.compiler.finite import clean, exposed_columns
from beaf_core.engine.compiler.lanes import How, Lane
from beaf_core.engine.compiler.parts import Part
from beaf_core.engine.primitives.lifetimes import Ids
from beaf_core.engine.primitives.lookups import LookedUp, look_up

if TYPE_CHECKING:
    from beaf_core.engine.compiler.bucket import Buckets
    from beaf_core.engine.compiler.compile import DayOfTable


@dataclass(frozen=True, slots=True)
class Care:
    """What a query does not count on. It is raised where a result shows that it should be.

    Attributes:
        cleaned: that float columns hold neither NaN nor infinity.
        parted: that rows of a listing stand together.
        ids: what is counted on of the ids of orders.
    """

    cleaned: bool = False
    parted: bool = False
    ids: Ids = Ids.NUMBERS


#: Counting on everything: what data are like as a rule.
CARELESS = Care()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a lane reads one day of its table.

    Attributes:
        lane: the lane.
        each: the day.
        buckets: the pass's buckets.
        care: what not to count on.
        part: what is read of the rows.
    """

    lane: Lane
    each: DayOfTable
    buckets: Buckets
    care: Care
    part: Part

    @property
    def label(self) -> pl.Expr:
        """A row's bucket."""
        return self.buckets.label(self.each.time)

    def own(self, names: Sequence[str]) -> Iterator[pl.Expr]:
        """Render the engine's own columns."""
        sequence = self.each.clock.sequence
        tie_break = None if sequence is None else pl.col(sequence)
        for name in names:
            value = self.each.time if name == TIME else order_key(self.each.time, tie_break)
            yield value.alias(name)

    def rows(self, *, filtered: bool) -> tuple[pl.LazyFrame, pl.Schema, pl.LazyFrame | None]:
        """Return the rows of the wanted listings with what is looked up, and their schema.

        With them comes how many there are, where an order's lifetime is looked up.

        Args:
            filtered: whether rows that no module looks at are left out.
        """
        schema = self.each.frame.collect_schema()
        frame = clean(self.each.wanted(), schema, self._suspects())
        conditions = list(self._conditions(schema, filtered=filtered))
        if self.lane.lookups:
            found = self._looked_up(frame, conditions)
            return found.frame, found.frame.collect_schema(), found.expected
        return frame.filter(*conditions), schema, None

    def _conditions(self, schema: pl.Schema, *, filtered: bool) -> Iterator[pl.Expr]:
        """Render the conditions on rows: those of the modules, and of the span."""
        if self.part.span is not None:
            time = self.each.clock.time
            edges = self.buckets.span(self.part.span.first, self.part.span.until)
            yield in_range(time, schema[time], *edges)
        if filtered and self.lane.filters is not None:
            yield pl.any_horizontal(*self.lane.filters)

    def _suspects(self) -> Sequence[str]:
        if self.care.cleaned or self.lane.lookups:
            return self.lane.columns
        asked = [slot.aggregation for slot in self.lane.slots]
        return exposed_columns(asked, self.lane.filters or ())

    def _looked_up(self, frame: pl.LazyFrame, conditions: Sequence[pl.Expr]) -> LookedUp:
        lane = self.lane
        return look_up(
            frame,
            self.each,
            lane,
            conditions,
            keep_order=self.each.clock.ordered and (lane.needs_order or lane.how is How.STATES),
            ids=self.care.ids,
            share=self.part.share,
        )
