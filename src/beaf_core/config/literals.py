"""How does a Python `USER_CONFIG` know the line and column of each of its values?"""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from beaf_core.config.errors import Place
from beaf_core.config.nodes import Node, from_plain
from beaf_core.config.read import WRAPPER, display


def read_python(value: Mapping[str, object], path: Path) -> Node:
    """Read a module's `USER_CONFIG`, with the places of its literals in the source.

    What is computed rather than written out has the place of the expression that computes it.
    """
    place = Place(display(path), str(path.parent))
    try:
        with tokenize.open(path) as file:  # reads the file's own encoding
            source = file.read()
        literals = _Literals(ast.parse(source), source.split("\n"), place)
    except (OSError, SyntaxError, ValueError):  # gone, or changed since it was imported
        return from_plain(value, place)
    written = literals.assigned.get(WRAPPER)
    return literals.node(value, written) if written else from_plain(value, place)


class _Literals:
    """The literals of one source file."""

    def __init__(self, tree: ast.Module, lines: list[str], place: Place) -> None:
        self.lines, self.place = lines, place
        self.assigned = _assignments(tree)

    def node(self, value: object, literal: ast.expr) -> Node:
        """Pair a value with the literal that it was written as."""
        here = self._span(literal)
        match literal:
            case ast.Name(id=name) if name in self.assigned:
                # Popped, so that `x = x` ends.
                return self.node(value, self.assigned.pop(name))
            case ast.Dict() if isinstance(value, Mapping):
                return Node(self._mapping(value, literal, here), here)
            case ast.List(elts=items) | ast.Tuple(elts=items) if isinstance(
                value, list | tuple
            ) and len(value) == len(items):
                pairs = zip(value, items, strict=True)
                return Node([self.node(item, each) for item, each in pairs], here)
        return from_plain(value, here)

    def _mapping(
        self, value: Mapping[object, object], literal: ast.Dict, here: Place
    ) -> dict[str, Node]:
        written = {
            key.value: (key, item)
            for key, item in zip(literal.keys, literal.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        found: dict[str, Node] = {}
        for key, item in value.items():
            if key in written:
                key_literal, item_literal = written[key]
                child = self.node(item, item_literal)
                found[str(key)] = replace(child, key_place=self._span(key_literal))
            else:
                found[str(key)] = from_plain(item, here)
        return found

    def _span(self, node: ast.expr) -> Place:
        text = self.lines[node.lineno - 1]
        # ast counts bytes of UTF-8, a caret counts characters.
        start = _characters(text, node.col_offset)
        one_line = node.end_lineno == node.lineno and node.end_col_offset is not None
        width = _characters(text, node.end_col_offset or 0) - start if one_line else 1
        return replace(self.place, line=node.lineno, column=start + 1, width=width, text=text)


def _assignments(tree: ast.Module) -> dict[str, ast.expr]:
    """Map the names of the file's top level to the expressions last assigned to them."""
    found: dict[str, ast.expr] = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                names = [each.id for each in targets if isinstance(each, ast.Name)]
                found.update(dict.fromkeys(names, value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return found


def _characters(text: str, size: int) -> int:
    return len(text.encode()[:size].decode(errors="ignore"))
