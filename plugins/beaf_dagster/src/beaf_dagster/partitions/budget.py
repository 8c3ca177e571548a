"""How many partitions does a definition have, and what do they cost?

Dagster holds an asset's partitions as keys of two dimensions: loading them costs nothing, whatever
their number. What is slow enumerates their product. The rates were measured with Dagster 1.13 over
PostgreSQL on two shared cores, for 10,000 to a million partitions of one asset.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache

import dagster as dg

from beaf_core import UsageError

#: From here on a person is told what it costs; Dagster itself advises to stay below.
WARN_FROM = 100_000
#: From here on a definition is refused unless it says that it is meant.
REFUSE_FROM = 1_000_000

_STATUS_SECONDS = 10e-6  # the page of an asset: 10 s for a million
_ENUMERATED_SECONDS = 39e-6  # every key by name, in a backfill over all: 31 s for 800,000
_REBUILT_SECONDS = 48e-6  # the cached status, built anew: 48 s for a million
_STATUS_BYTES = 23  # of the cached status, in one row of the database
_EVENT_BYTES = 2_000  # of the event log, for each materialisation

#: What makes partitions fewer, the strongest first.
REMEDIES = (
    "compute months in one partition each (BATCH_FREQ: M): 30 times fewer",
    "put several venues into one universe (mic=XLON~XPAR, or mic for all of them)",
    "begin later (build_partitions(start=...)), and keep older days in a pipeline by month",
    "leave weekends and holidays out (EXCLUDE_WEEKENDS: true, or calendar=...): a third fewer",
    "make a pipeline for each region, with its own UNIVERSES",
    "add universes as they are needed (build_partitions(dynamic=...))",
)

log = logging.getLogger("beaf.dagster")


@dataclass(frozen=True, slots=True)
class PartitionBudget:
    """How many partitions a definition has, and what they cost in Dagster.

    Attributes:
        universes: how many there are; None where they stand in an instance that was not asked.
        windows: how many windows of dates there are, today.
    """

    universes: int | None
    windows: int

    @property
    def count(self) -> int:
        """How many partitions there are; of unknown universes, those of a single one."""
        return (1 if self.universes is None else self.universes) * self.windows

    @property
    def is_large(self) -> bool:
        """Whether a person should know what it costs."""
        return self.count >= WARN_FROM

    @property
    def size(self) -> str:
        """`800,000 partitions (200 universes × 4,000 windows)`."""
        universes = "each universe" if self.universes is None else _told(self.universes, "universe")
        windows = _told(self.windows, "window")
        return f"{_told(self.count, 'partition')} ({universes} × {windows})"

    @property
    def cost(self) -> str:
        """What they cost, in one sentence."""
        return (
            f"when all are materialised: about {_STATUS_SECONDS * self.count:.1f} s for each look "
            f"at the asset's page, {_ENUMERATED_SECONDS * self.count:.0f} s for whatever names "
            f"every key (a backfill over all), {_REBUILT_SECONDS * self.count:.0f} s to count them "
            f"anew, {_STATUS_BYTES * self.count / 1e6:.1f} MB of cached status and "
            f"{_EVENT_BYTES * self.count / 1e9:.1f} GB of events; loading costs nothing more"
        )

    def check(self, owner: str, *, allow_large_partitions: bool = False) -> None:
        """Tell of a large definition, and refuse a huge one.

        Args:
            owner: whose it is, for the message.
            allow_large_partitions: whether a huge one is meant.

        Raises:
            UsageError: a million partitions or more, and nobody says that they are meant.
        """
        if self.count >= REFUSE_FROM and not allow_large_partitions:
            raise UsageError(
                f"{owner}: {self.size} are more than Dagster carries well; {self.cost}",
                remedy=_told_remedies() + "; or say that it is meant: allow_large_partitions=True",
            )
        if self.is_large:
            _warn(owner, self)


def partition_budget(
    definition: dg.PartitionsDefinition[str],
    date_dim: str = "date",
    *,
    instance: dg.DagsterInstance | None = None,
) -> PartitionBudget:
    """Count the partitions of universe × date; nothing but its dimensions is enumerated.

    Args:
        definition: what is counted.
        date_dim: the name of its date dimension.
        instance: where the universes of a dynamic dimension stand.
    """
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        return PartitionBudget(1, _count(definition, instance) or 0)
    counts = {
        each.name: _count(each.partitions_def, instance) for each in definition.partitions_defs
    }
    windows = counts.pop(date_dim, None) or 0
    return PartitionBudget(next(iter(counts.values()), None), windows)


def _count(
    definition: dg.PartitionsDefinition[str], instance: dg.DagsterInstance | None
) -> int | None:
    if not isinstance(definition, dg.DynamicPartitionsDefinition):
        return definition.get_num_partitions()
    if instance is None:
        return None
    return len(instance.get_dynamic_partitions(str(definition.name)))


@cache  # every factory asks for the partitions of a pipeline; they are told once in a process
def _warn(owner: str, budget: PartitionBudget) -> None:
    log.warning("%s: %s; %s\n  → %s", owner, budget.size, budget.cost, _told_remedies())


def _told(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _told_remedies() -> str:
    return "fewer partitions: " + "; ".join(REMEDIES)
