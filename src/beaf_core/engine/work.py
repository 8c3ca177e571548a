"""What is computed at once: which passes, over which listings, within how much memory?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.engine.planning.prepare import DayPlan


@dataclass(frozen=True, slots=True)
class PassWork:
    """One pass over the ready days of a partition.

    Attributes:
        resolved: the pass.
        plans: its days, ready ones only.
    """

    resolved: ResolvedPass
    plans: Sequence[DayPlan]


@dataclass(frozen=True, slots=True)
class Batch:
    """Listings that are computed together within the memory budget.

    Attributes:
        listings: their ids; None means the whole universe.
        rows: table → rows of these listings, as far as they are known.
        budget: bytes that the computation may take; None means as much as it likes.
    """

    listings: tuple[int, ...] | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    budget: int | None = None


#: Everything at once.
WHOLE = Batch()
