"""Which listings does a selector mean on a day?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.keys import LISTING
from beaf_core.model.errors import BeafError, EmptyUniverseError
from beaf_core.model.partition import NOT, UniversePartition
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
    from beaf_core.model.universe import Reference
    from beaf_core.plugins.host import PluginHost

#: By what the listings of several parts meet.
_MEETING = (LISTING, "MIC")
_REMEDY = (
    "beaf universe list shows the values that the source knows; "
    "beaf pipeline run --allow_empty goes on without what is empty on a day"
)
#: So many values that a universe knows are named in a message.
_NAMED = 10


@dataclass(frozen=True)
class Universes:
    """Resolves selectors: what their parts share, without what is taken away.

    Attributes:
        host: where universes are asked.
        reference: the source's reference table, which they may ask.
        folder: the project's, to which relative paths in selectors belong.
        allow_empty: whether a value that is taken away may be one that nobody knows on a day.
    """

    host: PluginHost
    reference: Reference
    folder: Path
    allow_empty: bool = False
    # A universe is the same for every pass, and costs a read of the reference table.
    _known: dict[tuple[str, date], pl.DataFrame] = field(default_factory=dict)
    _remarks: dict[tuple[str, date], str] = field(default_factory=dict)

    def listings(self, universe: UniversePartition, day: date) -> pl.DataFrame:
        """Resolve a selector on a day, sorted by ListingId; whatever the order of its parts.

        Raises:
            EmptyUniverseError: no listing; or a value, one taken away too, that nobody knows.
            AbsentDayError: the source has no reference table on that day.
        """
        key = (universe.spec, day)
        if key not in self._known:
            self._known[key] = self._resolved(universe, day)
        return self._known[key]

    def remark(self, universe: UniversePartition, day: date) -> str:
        """Say what a person should hear of a selector that has been resolved; mostly nothing."""
        return self._remarks.get((universe.spec, day), "")

    def forget_before(self, day: date) -> None:
        """Let go of universes on earlier days."""
        for key in [each for each in self._known if each[1] < day]:
            del self._known[key]
            self._remarks.pop(key, None)

    def _resolved(self, universe: UniversePartition, day: date) -> pl.DataFrame:
        found = {part: self._part(part, day) for part in universe.parts}
        taken_away = {part: self._part(part, day) for part in universe.exclusions}
        for part in _empty(taken_away):
            self._require_known(universe, part, day)
        shared = _shared([*found.values()])
        left = _without(shared, taken_away.values())
        if left.is_empty():
            why = self._unknown(_empty(found), day) or _why_empty(found, shared)
            raise EmptyUniverseError(
                f"the universe {universe.spec} is empty on {day}{why}", remedy=_REMEDY
            )
        return left.sort(LISTING)

    def _part(self, part: UniversePartition, day: date) -> pl.DataFrame:
        return self.host.get_universe(
            part.name,
            date=day.isoformat(),
            value=part.value,
            reference=self.reference,
            folder=self.folder,
        )

    # -- what went wrong -----------------------------------------------------------------------

    def _require_known(
        self, universe: UniversePartition, part: UniversePartition, day: date
    ) -> None:
        """Refuse to take away nothing because of a misspelt value."""
        why = _not_known(part, self._values(part, day))
        if not why:
            return
        told = f"{NOT}{part.spec} takes nothing away on {day}{why}"
        if not self.allow_empty:
            raise EmptyUniverseError(f"the universe {universe.spec}: {told}", remedy=_REMEDY)
        before = self._remarks.get((universe.spec, day))
        self._remarks[universe.spec, day] = f"{before}; {told}" if before else told

    def _unknown(self, empty: Sequence[UniversePartition], day: date) -> str:
        """Name the first part whose value its universe does not offer, if there is one."""
        for part in empty:
            try:
                told = _not_known(part, self._values(part, day))
            except BeafError:
                continue  # a hint only; the emptiness itself is what is reported
            if told:
                return told
        return ""

    def _values(self, part: UniversePartition, day: date) -> list[str]:
        return self.host.universe_values(part.name, date=day.isoformat(), reference=self.reference)


def _empty(found: Mapping[UniversePartition, pl.DataFrame]) -> list[UniversePartition]:
    return [part for part, listings in found.items() if listings.is_empty()]


def _shared(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Intersect listings; each keeps the attributes that any part knows of it."""
    shared, *others = frames
    for other in others:
        more = [name for name in other.columns if name not in shared.columns]
        shared = shared.join(other.select(*_MEETING, *more), on=_MEETING, how="inner")
    return shared


def _without(listings: pl.DataFrame, taken_away: Iterable[pl.DataFrame]) -> pl.DataFrame:
    for each in taken_away:
        listings = listings.join(each, on=_MEETING, how="anti")
    return listings


def _not_known(part: UniversePartition, known: Sequence[str]) -> str:
    """Say that a part's value is not among those that its universe offers, if so."""
    if not known or part.value in known:
        return ""
    listed = ", ".join(known[:_NAMED]) + (", …" if len(known) > _NAMED else "")
    if part.value is None:
        return f": {part.name} wants a value (known: {listed})"
    return (
        f": {part.name} does not know {part.value!r}"
        f"{did_you_mean(part.value, known) or f' (known: {listed})'}"
    )


def _why_empty(found: Mapping[UniversePartition, pl.DataFrame], shared: pl.DataFrame) -> str:
    if not shared.is_empty():
        return f": all {shared.height} listings that its parts share are taken away"
    if len(found) == 1 or _empty(found):
        return ""
    sizes = ", ".join(f"{part.spec} has {listings.height}" for part, listings in found.items())
    return f": its parts share no listing ({sizes})"
