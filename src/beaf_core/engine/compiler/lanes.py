"""Which aggregations of a table run together in one query, and which have to run apart?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.aggregations import Slot, both, distinct, key_of
from beaf_core.engine.primitives.absence import leaves_out_nulls
from beaf_core.model.module import Aggregation, Kind, Measure
from beaf_core.model.primitives import AsOf, Lifetime, Lookup

if TYPE_CHECKING:
    from beaf_core.engine.compiler.compile import TablePlan


#: How its rows run, which kinds of look-ups it has, and its turn among those alike.
_LaneKey = tuple["How", tuple[str, ...], int]
#: A measure, the aggregation's name in it, the aggregation, the module.
_Asked = tuple[str, str, Aggregation, str]


class How(StrEnum):
    """What polars does with the rows of a lane."""

    PLAIN = "plain"  # one streaming group_by
    FALLBACK = "fallback"  # a group_by that holds its groups in memory
    STATES = "states"  # a streaming group_by over rows that know when the next one comes

    @classmethod
    def of(cls, kind: Kind) -> How:
        """Say how aggregations of a kind run."""
        if kind.of_states:
            return cls.STATES
        return cls.PLAIN if kind.streams else cls.FALLBACK


@dataclass(slots=True)
class Lane:
    """Aggregations of one table that one query computes.

    Attributes:
        table: the table's name.
        how: what polars does with its rows.
        slots: the aggregations.
        lookups: the columns that are looked up for them.
        filters: the rows that any module in it looks at; None means all rows.
        sparse: whether rows on which nothing is found may be left out: no number depends on them,
            and another lane tells of their buckets.
    """

    table: str
    how: How
    slots: list[Slot] = field(default_factory=list)
    lookups: dict[str, Lookup] = field(default_factory=dict)
    filters: tuple[pl.Expr, ...] | None = None
    sparse: bool = False

    @property
    def name(self) -> str:
        """How a person is told of it: `plain`, `states`, `asof`, `asof fallback`, …"""
        words = [*dict.fromkeys(_word(each) for each in self.lookups.values())]
        return " ".join([*words, *([self.how] if not words or self.how is not How.PLAIN else [])])

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its own table that its aggregations and filters need."""
        names = {
            name
            for slot in self.slots
            for each in (slot.aggregation.of, slot.aggregation.where)
            if each is not None
            for name in each.meta.root_names()
        }
        names |= {name for each in self.filters or () for name in each.meta.root_names()}
        names -= set(self.lookups)
        for lookup in self.lookups.values():
            if not isinstance(lookup, AsOf):
                names |= {*lookup.begin.meta.root_names(), *lookup.end.meta.root_names()}
                names |= {lookup.begin_order, lookup.end_order}
        return tuple(sorted(names))

    @property
    def needs_order(self) -> bool:
        """Whether any of its aggregations asks for a first or last row."""
        return any(slot.aggregation.kind in (Kind.FIRST, Kind.LAST) for slot in self.slots)


@dataclass(frozen=True, slots=True)
class SplitTable:
    """A table's lanes, and where each measure finds its numbers.

    Attributes:
        lanes: the lanes, none empty.
        inputs: measure name → name in the measure → aggregated column.
    """

    lanes: tuple[Lane, ...]
    inputs: Mapping[str, Mapping[str, str]]


def split_lanes(plan: TablePlan) -> SplitTable:
    """Deal the aggregations of a table's measures out to lanes, equal ones once."""
    lanes: dict[_LaneKey, Lane] = {}
    asked: dict[_LaneKey, list[_Asked]] = {}
    for measure in plan.measures:
        module = plan.modules.get(measure.name, "")
        for name, each in measure.aggregations.items():
            used = _used_lookups(measure, each)
            key = _lane_for(each, used, lanes)
            lane = lanes.setdefault(key, Lane(plan.table, key[0]))
            lane.lookups |= used
            asked.setdefault(key, []).append((measure.name, name, each, module))
    _ride_along(lanes, asked)
    inputs: dict[str, dict[str, str]] = {each.name: {} for each in plan.measures}
    for number, (key, lane) in enumerate(lanes.items()):
        for measure_name, name, slot in _fill(lane, number, asked[key], plan.rows):
            inputs[measure_name][name] = slot
    for lane in lanes.values():
        lane.sparse = _is_sparse(lane, lanes.values())
    return SplitTable(tuple(lanes.values()), inputs)


#: What needs no look-up, and what looks up states alone: their keys.
_UNAIDED: _LaneKey = (How.PLAIN, (), 0)
_AS_OF: _LaneKey = (How.PLAIN, ("asof",), 0)


def _ride_along(lanes: dict[_LaneKey, Lane], asked: dict[_LaneKey, list[_Asked]]) -> None:
    """Let what needs no look-up ride along with as-of look-ups that read its columns anyway.

    A share of volume beside eight horizons of impact would read 4M trades once more: 0.3 of 2.7
    CPU seconds. Further columns would go through every sort and join.
    """
    if _UNAIDED not in lanes or _AS_OF not in lanes or len(lanes) > 2:
        return
    if _columns(asked[_UNAIDED]) <= _columns(asked[_AS_OF]):
        asked[_AS_OF] += asked.pop(_UNAIDED)
        del lanes[_UNAIDED]


def _columns(asked: Iterable[_Asked]) -> set[str]:
    parts = [part for _, _, each, _ in asked for part in (each.of, each.where) if part is not None]
    return {name for part in parts for name in part.meta.root_names()}


def _fill(
    lane: Lane,
    number: int,
    asked: Iterable[_Asked],
    rows: Mapping[str, pl.Expr],
) -> Iterable[tuple[str, str, str]]:
    """Give the lane its slots and filters; yield measure, name in the measure, slot."""
    asked = list(asked)
    modules = {module for *_, module in asked}
    if modules <= set(rows):
        lane.filters = tuple(distinct([rows[module] for module in sorted(modules)]))
    # The one filter that the scan applies to all need not be repeated in each.
    shared = lane.filters is not None and len(lane.filters) == 1 and lane.how is not How.STATES
    known: dict[object, str] = {}
    for measure, name, each, module in asked:
        where = each.where if shared else both(each.where, rows.get(module))
        key = each.kind, each.q, key_of(each.of), key_of(where)
        if key not in known:
            known[key] = f"__agg{number}_{len(known)}"
            lane.slots.append(Slot(known[key], replace(each, where=where)))
        yield measure, name, known[key]


def _is_sparse(lane: Lane, lanes: Iterable[Lane]) -> bool:
    """Say whether rows without a lifetime may be left out, which spares the join half its rows."""
    lives = {name for name, each in lane.lookups.items() if isinstance(each, Lifetime)}
    if not lives or lane.how is How.STATES:
        return False
    if not all(leaves_out_nulls(slot.aggregation, lives) for slot in lane.slots):
        return False
    tell = [each for each in lanes if not each.lookups and each.how is not How.STATES]
    own = _keys(lane.filters)
    return any(each.filters is None or _keys(each.filters) == own for each in tell)


def _keys(filters: Sequence[pl.Expr] | None) -> set[bytes] | None:
    return None if filters is None else {key_of(each) for each in filters}


def _used_lookups(measure: Measure, each: Aggregation) -> dict[str, Lookup]:
    if not measure.lookups:
        return {}
    parts = [part for part in (each.of, each.where) if part is not None]
    roots = {name for part in parts for name in part.meta.root_names()}
    return {name: lookup for name, lookup in measure.lookups.items() if name in roots}


def _lane_for(
    each: Aggregation, used: Mapping[str, Lookup], lanes: Mapping[_LaneKey, Lane]
) -> _LaneKey:
    """Choose a lane in which no other column is looked up under a name of this one's.

    Names are a measure's own affair: two modules may both call a mid `Later`.
    """
    words = tuple(sorted({_word(lookup) for lookup in used.values()}))
    alike = ((How.of(each.kind), words, turn) for turn in count())
    return next(key for key in alike if key not in lanes or _agree(lanes[key].lookups, used))


def _agree(known: Mapping[str, Lookup], used: Mapping[str, Lookup]) -> bool:
    shared = ((known[name], each) for name, each in used.items() if name in known)
    return all(one is other or _content(one) == _content(other) for one, other in shared)


def _word(lookup: Lookup) -> str:
    return "asof" if isinstance(lookup, AsOf) else "lifetimes"


def _content(lookup: Lookup) -> tuple[object, ...]:
    if isinstance(lookup, AsOf):
        state = key_of(lookup.value), key_of(lookup.where)
        return "asof", lookup.table, *state, lookup.horizon, lookup.strict
    edges = key_of(lookup.begin), key_of(lookup.end)
    return "lifetime", *edges, lookup.begin_order, lookup.end_order, lookup.at
