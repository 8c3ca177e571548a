"""Which files of a target may hold some days of a universe, by their names alone?"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from dataclasses import replace

from beaf_core import DatePartition, PartitionRun, Target
from beaf_outputs.stores import is_on_s3, open_store, parted

#: What stands for the dates in a name while files of any dates are looked for: marks that no path
#: holds, since they are what a template cannot be filled in with.
_MARKS = {"start_date": "\x01", "end_date": "\x02"}
_DAY = r"(\d{4}-\d{2}-\d{2})"


def files_of_days(target: Target, partition: PartitionRun) -> list[str]:
    """List the locations of files that may hold the days; others, too, where names do not tell."""
    template = target.path_template
    for field, mark in _MARKS.items():
        template = template.replace(f"{{{field}}}", mark)
    filled = replace(target, path_template=template).location(partition)
    dated = all(mark in filled for mark in _MARKS.values())
    name = re.escape(filled)
    for mark in _MARKS.values():
        name = name.replace(re.escape(mark), _DAY if dated else "([^/]*)")
    matches = (re.fullmatch(name, each) for each in _candidates(filled, target))
    found = [each for each in matches if each]
    return sorted(
        each.string for each in found if not dated or _may_hold(each.groups(), partition.dates)
    )


def _candidates(filled: str, target: Target) -> Iterable[str]:
    if is_on_s3(filled):
        return _on_s3(filled, target)
    pattern = glob.escape(filled)
    for mark in _MARKS.values():
        pattern = pattern.replace(mark, "*")
    return glob.glob(pattern)  # noqa: PTH207 — the pattern may be absolute


def _on_s3(filled: str, target: Target) -> Iterable[str]:
    """List what lies below the last folder that is the same for all dates."""
    marks = [filled.find(mark) for mark in _MARKS.values() if mark in filled]
    first = min(marks, default=len(filled))
    root, folder = parted(filled[:first].rpartition("/")[0])
    store = open_store(root, target.storage_options)
    return map(store.location, store.names(folder))


def _may_hold(dated: tuple[str, ...], dates: DatePartition) -> bool:
    """Say whether a file may hold days, by the dates in its name; ISO dates sort as days do."""
    return min(dated) <= dates.end_date and max(dated) >= dates.start_date
