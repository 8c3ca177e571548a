"""How do values keep the place they were written in, through every merge?"""

from __future__ import annotations

import enum
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import PurePath
from typing import Any

from beaf_core.config.errors import Place

#: Lists whose items merge by their `name`; all others replace.
MERGED_BY_NAME = ("PASSES", "SCHEDULES")

#: The way to a value: keys of mappings and positions in lists.
Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A configured value with its place.

    Attributes:
        value: a mapping of text to nodes, a list of nodes, or a plain scalar.
        place: where the value was written.
        key_place: where its key was written, for values of a mapping.
    """

    value: Any
    place: Place
    key_place: Place | None = None

    def plain(self) -> Any:
        """Return the value without places: mappings, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, key: str) -> Node | None:
        """Return a mapping's value."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return found if isinstance(found, Node) else None

    def at(self, path: Sequence[str | int]) -> Node:
        """Walk down as far as the path leads; stop at the last node that exists."""
        node = self
        for step in path:
            inside = node.value.get(step) if isinstance(node.value, dict) else None
            if isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                inside = node.value[step]
            node = inside or node
        return node

    def without(self, *keys: str) -> Node:
        """Return a mapping without some keys."""
        return replace(self, value={k: v for k, v in self.value.items() if k not in keys})

    def having(self, key: str, node: Node) -> Node:
        """Return a mapping with one value set."""
        return replace(self, value={**self.value, key: node})

    def leaves(self, path: Steps = ()) -> Iterator[tuple[Steps, Node]]:
        """Yield every scalar (and empty container) with its path."""
        if isinstance(self.value, dict) and self.value:
            for key, node in self.value.items():
                yield from node.leaves((*path, key))
        elif isinstance(self.value, list) and self.value:
            for index, node in enumerate(self.value):
                yield from node.leaves((*path, index))
        else:
            yield path, self


def from_plain(value: object, place: Place) -> Node:
    """Turn Python values into nodes that share one place.

    What is not plain data (a function, a file) stays as it is, to be reported with its path.
    """
    # A pydantic model, such as AnalyticsConfig.
    if hasattr(value, "model_dump") and not isinstance(value, type):
        value = value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, Mapping):
        return Node({str(k): from_plain(v, place) for k, v in value.items()}, place, place)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return Node([from_plain(each, place) for each in value], place, place)
    return Node(_scalar(value), place, place)


def _scalar(value: object) -> object:
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    return value


def _day(value: date) -> str:
    # A datetime at midnight, as pandas has for a day, means the day.
    midnight = isinstance(value, datetime) and value.time() == time()
    return (date(value.year, value.month, value.day) if midnight else value).isoformat()


_CONVERSIONS: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (enum.Enum, lambda value: value.value),
    ((str, bool, int, float), lambda value: value),
    (date, _day),
    (PurePath, str),
    (numbers.Integral, int),  # of numpy
    (numbers.Real, float),
)


def is_plain(value: object) -> bool:
    """Say whether a scalar can stand in a configuration file."""
    return value is None or isinstance(value, str | int | float | bool)


def merge(base: Node | None, over: Node, key: str = "") -> Node:
    """Lay one layer over another.

    Mappings merge deeply and lists replace, except those of `MERGED_BY_NAME`. Where both name a
    `type` and they differ, nothing of the lower section survives: its keys belong to another
    plugin.
    """
    if base is None:
        return over
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        return _merge_mappings(base, over)
    if key in MERGED_BY_NAME and isinstance(base.value, list) and isinstance(over.value, list):
        return _merge_by_name(base, over)
    return over


def _merge_mappings(base: Node, over: Node) -> Node:
    below, above = base.child("type"), over.child("type")
    if below and above and below.value != above.value:
        return over
    merged = dict(base.value)
    for key, node in over.value.items():
        merged[key] = merge(merged.get(key), node, key)
    return replace(over, value=merged)


def _merge_by_name(base: Node, over: Node) -> Node:
    merged = list(base.value)
    positions = {name_of(node): index for index, node in enumerate(merged)}
    positions.pop(None, None)
    for node in over.value:
        # Each is laid over once: a second one of that name in a layer stays, to be reported.
        position = positions.pop(name_of(node), None)
        if position is None:
            merged.append(node)
        else:
            merged[position] = merge(merged[position], node)
    return replace(over, value=merged)


def name_of(node: Node) -> str | None:
    """Return the `name` of a pass or schedule, if it has one."""
    name = node.child("name")
    return name.value if name and isinstance(name.value, str) else None
