"""Where was a resolved pass written, so that a fault is told with its place?"""

from __future__ import annotations

from dataclasses import dataclass

from beaf_core.config.nodes import Node, Steps
from beaf_core.config.resolved import ResolvedPass


@dataclass(frozen=True, slots=True)
class PlacedPass:
    """A resolved pass, and where it was written."""

    resolved: ResolvedPass
    node: Node
    path: Steps

    def at(self, *steps: str | int) -> Steps:
        """Return the path of a field, or that of the pass where the field was not written."""
        node = self.node
        for step in steps:
            inside = node.value.get(step) if isinstance(node.value, dict) else None
            if isinstance(node.value, list) and isinstance(step, int):
                inside = node.value[step]
            if not isinstance(inside, Node):
                return self.path
            node = inside
        return (*self.path, *steps)

    def at_module(self, name: str) -> Steps:
        """Return the path of the module's name."""
        listed = self.node.child("modules")
        names = [each.value for each in listed.value] if listed else []
        return self.at("modules", names.index(name)) if name in names else self.path
