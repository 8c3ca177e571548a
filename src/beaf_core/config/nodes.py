"""How do values keep the place they were written in, through every merge?"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from typing import Any

from beaf_core.config.errors import ConfigError, Place, Problem, dotted

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
            if isinstance(node.value, dict) and step in node.value:
                node = node.value[step]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
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


def from_plain(value: object, place: Place, path: Steps = ()) -> Node:
    """Turn Python values into nodes that share one place.

    Raises:
        ConfigError: a value that is not plain data (a function, an open file, …).
    """
    if hasattr(value, "model_dump"):  # a pydantic model, such as AnalyticsConfig
        value = value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, Mapping):
        return Node(
            {str(k): from_plain(v, place, (*path, str(k))) for k, v in value.items()}, place, place
        )
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return Node([from_plain(v, place, (*path, i)) for i, v in enumerate(items)], place, place)
    return Node(_scalar(value, place, path), place, place)


def _scalar(value: object, place: Place, path: Steps) -> object:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise ConfigError(
        [
            Problem(
                dotted(path),
                f"a {type(value).__name__} is not plain data",
                place,
                "use text, numbers, lists and mappings; functions stand beside USER_CONFIG",
            )
        ]
    )


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
    positions = {name_of(node): index for index, node in enumerate(merged) if name_of(node)}
    for node in over.value:
        name = name_of(node)
        if name in positions:
            merged[positions[name]] = merge(merged[positions[name]], node)
        else:
            merged.append(node)
    return replace(over, value=merged)


def name_of(node: Node) -> str | None:
    """Return the `name` of a pass or schedule, if it has one."""
    name = node.child("name")
    return str(name.value) if name else None
