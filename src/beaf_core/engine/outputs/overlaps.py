"""Does another output of the same dataset, pass and universe hold days of a partition too?"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from beaf_core.model.dates import days_between
from beaf_core.model.errors import UsageError
from beaf_core.model.partition import DatePartition, PartitionRun, parse_universe_spec

if TYPE_CHECKING:
    from beaf_core.model.outputs import Receipt, Target
    from beaf_core.plugins.host import PluginHost


#: Location and partition: a table holds many partitions.
_Place = tuple[str, str]


class Overlaps:
    """Finds and removes outputs that would count days twice.

    Each target is listed once for the whole request, not for each partition.
    """

    def __init__(self, host: PluginHost, request: PartitionRun) -> None:
        self._host, self._request = host, request
        self._known: dict[str, dict[_Place, tuple[Receipt, DatePartition]]] = {}
        self._marks: dict[str, str] = {}

    def of(self, target: Target, partition: PartitionRun) -> list[Receipt]:
        """List the other outputs that hold a day of the partition."""
        return [
            each
            for each, dates in self._listed(target).values()
            if each.partition != partition.key and _meet(dates, partition.dates)
        ]

    def refuse(self, target: Target, partition: PartitionRun, *, force: bool) -> list[Receipt]:
        """Refuse a partition that overlaps others; with force, say which it is to replace.

        Raises:
            UsageError: the others, unless force.
        """
        others = self.of(target, partition)
        if others and not force:
            named = ", ".join(f"{each.partition} ({each.location})" for each in others[:2])
            more = f" and {len(others) - 2} more" if len(others) > 2 else ""
            raise UsageError(
                f"{partition.key} shares days with {named}{more}, "
                "and together they would be counted twice",
                remedy="ask for the same partitions as before (BATCH_FREQ, dates), "
                "or replace the others with --force",
            )
        return others

    def replace(self, target: Target, partition: PartitionRun, others: list[Receipt]) -> str:
        """Remove the others once the partition is in place; return what to say of it."""
        told = []
        for each in others:
            self._host.remove_output(target, each)
            self._listed(target).pop((each.location, each.partition), None)
            mine = set(_days_of(partition.dates))
            lost = [day for day in _days_of(_dates(each)) if day not in mine]
            more = f", and with it {lost[0]} to {lost[-1]}" if lost else ""
            told.append(f"{each.partition} was replaced{more}")
        return "; ".join(told)

    def see(self, target: Target, mark: str) -> None:
        """Forget what was listed of a pass, unless the last to write to it was this run."""
        if self._marks.get(target.pass_name) != mark:
            self._marks[target.pass_name] = mark
            self._known.clear()

    def sign(self, target: Target) -> str:
        """Return a new mark of this run, for others to see."""
        self._marks[target.pass_name] = secrets.token_hex(8)
        return self._marks[target.pass_name]

    def _listed(self, target: Target) -> dict[_Place, tuple[Receipt, DatePartition]]:
        key = f"{target.type} {target.pass_name} {target.path_template} {target.options!r}"
        if key not in self._known:
            found = self._host.list_receipts(target, self._request)
            self._known[key] = {
                (each.location, each.partition): (each, _dates(each))
                for each in found
                if self._is_of(each, target)
            }
        return self._known[key]

    def _is_of(self, receipt: Receipt, target: Target) -> bool:
        """Say whether a receipt is of the same dataset, pass and universe."""
        mine = {"dataset": target.dataset, "pass": target.pass_name}
        if any(receipt.stamp.get(name, value) != value for name, value in mine.items()):
            return False
        universe = receipt.partition.rpartition(":")[0]
        return bool(universe) and parse_universe_spec(universe) == self._request.universe


def _dates(receipt: Receipt) -> DatePartition:
    dates = receipt.partition.rpartition(":")[2]
    return DatePartition(dates, dates)


def _days_of(dates: DatePartition) -> list[str]:
    return [day.isoformat() for day in days_between(dates.start, dates.end)]


def _meet(one: DatePartition, other: DatePartition) -> bool:
    # ISO dates sort as days do; compared for every output beside every partition.
    return one.start_date <= other.end_date and other.start_date <= one.end_date
