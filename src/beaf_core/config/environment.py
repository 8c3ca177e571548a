"""How does `${env:NAME}` become a value that is used, and never shown?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace

from beaf_core.config.nodes import Node, Steps

_REFERENCE = re.compile(r"\$\{env:([^}]*)\}?")
# Shorter values are no secrets, and hiding "60" would garble every message with a 60 in it.
_SHORTEST_SECRET = 4


class Expansion:
    """A tree with every `${env:NAME}` filled in.

    Attributes:
        tree: the tree to read from.
        unset: the path of each reference to a variable that is not set, with its name.
    """

    def __init__(self, tree: Node, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._written: dict[str, str] = {}
        self.unset: list[tuple[Steps, str]] = []
        self.tree = self._filled(tree, ())

    def written(self, value: object) -> object:
        """Return the text that a value was written as, if references stand in it."""
        return self._written.get(value, value) if isinstance(value, str) else value

    def hide(self, text: str) -> str:
        """Put references back in the place of their values."""
        for value in sorted(self._written, key=len, reverse=True):
            if len(value) >= _SHORTEST_SECRET:
                reference = self._written[value]
                text = text.replace(repr(value)[1:-1], reference).replace(value, reference)
        return text

    def _filled(self, node: Node, path: Steps) -> Node:
        value = node.value
        if isinstance(value, dict):
            value = {key: self._filled(each, (*path, key)) for key, each in value.items()}
        elif isinstance(value, list):
            value = [self._filled(each, (*path, index)) for index, each in enumerate(value)]
        elif isinstance(value, str) and _REFERENCE.search(value):
            value = _REFERENCE.sub(lambda found: self._variable(found, path), value)
            self._written[value] = str(node.value)
        return replace(node, value=value)

    def _variable(self, found: re.Match[str], path: Steps) -> str:
        name = found[1]
        value = self._environ.get(name)
        if value is None:
            self.unset.append((path, name))
            return found[0]
        self._written.setdefault(value, found[0])
        return value
