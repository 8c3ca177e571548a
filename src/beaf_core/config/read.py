"""How are YAML text and Python literals read so that every value knows its line and column?"""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from beaf_core.config.errors import ConfigError, Place, Problem
from beaf_core.config.nodes import Node, from_plain

WRAPPER = "USER_CONFIG"


class _Loader(yaml.SafeLoader):
    """YAML 1.2 scalars: `off`, `09:30` and `no` stay text, `1e-3` is a number."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9][0-9_]*$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("float", r"^[-+]?\.(?:inf|Inf|INF|nan|NaN|NAN)$", "-+."),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _decimal_integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    # YAML 1.1 reads 010 as octal eight; nobody who writes a date or an identifier means that.
    return int(str(loader.construct_scalar(node)).replace("_", ""))


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node)).lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_Loader.add_constructor("tag:yaml.org,2002:int", _decimal_integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def read_yaml_file(path: Path) -> Node:
    """Read a YAML file, flat or wrapped in `USER_CONFIG:`.

    Raises:
        ConfigError: the file cannot be read, or is not a YAML mapping.
    """
    place = Place(display(path), str(path.parent))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem("", f"cannot be read: {error}", place)]) from None
    node = read_yaml(text, place)
    if node.value is None:
        return Node({}, place)
    if not isinstance(node.value, dict):
        raise ConfigError([Problem("", "is not a mapping of keys to values", node.place)])
    return unwrap(node)


def unwrap(node: Node) -> Node:
    """Take a configuration out of its `USER_CONFIG:` wrapper, if it stands in one."""
    inner = node.child(WRAPPER)
    if inner is None or len(node.value) != 1:
        return node
    if inner.value is None:
        return Node({}, inner.place)
    if not isinstance(inner.value, dict):
        raise ConfigError([Problem(WRAPPER, "is not a mapping of keys to values", inner.place)])
    return inner


def read_yaml(text: str, place: Place) -> Node:
    """Read YAML text; `place` says where the text stands.

    Raises:
        ConfigError: a syntax error, a repeated key, or a key that is not text.
    """
    lines = text.splitlines()
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            return Node(None, place) if root is None else _node(loader, root, place, lines)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = _at(place, lines, mark) if mark else place
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError([Problem("", f"YAML syntax error: {said}", where)]) from None
    except yaml.YAMLError as error:
        raise ConfigError([Problem("", f"YAML syntax error: {error}", place)]) from None


def _at(place: Place, lines: list[str], mark: Any, width: int = 1) -> Place:
    text = lines[mark.line] if mark.line < len(lines) else ""
    return Place(place.origin, place.folder, mark.line + 1, mark.column + 1, width, text)


def _span(place: Place, lines: list[str], node: yaml.Node) -> Place:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if start.line == end.line else 1
    return _at(place, lines, start, max(1, width))


def _node(loader: Any, node: yaml.Node, place: Place, lines: list[str]) -> Node:
    here = _span(place, lines, node)
    if isinstance(node, yaml.MappingNode):
        return Node(_mapping(loader, node, place, lines), here)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(loader, item, place, lines) for item in node.value], here)
    value = loader.construct_object(node)
    return Node(value.isoformat() if isinstance(value, date) else value, here)


def _mapping(
    loader: Any, node: yaml.MappingNode, place: Place, lines: list[str]
) -> dict[str, Node]:
    own = [key.value for key, _ in node.value if key.value != "<<"]
    loader.flatten_mapping(node)
    merged: dict[str, Node] = {}
    # Merged-in keys come first, so that a key of its own replaces them.
    inherited = len(node.value) - len(own)
    for position, (key_node, value_node) in enumerate(node.value):
        key: Hashable = loader.construct_object(key_node)
        key_place = _span(place, lines, key_node)
        text = str(key)
        if position >= inherited and text in merged and text in own[: position - inherited]:
            raise ConfigError([Problem(text, "stands twice in this mapping", key_place)])
        value = _node(loader, value_node, place, lines)
        merged[text] = Node(value.value, value.place, key_place)
    return merged


def read_python(value: Mapping[str, object], path: Path, source: str) -> Node:
    """Read a module's `USER_CONFIG`, with the places of its literals in the source.

    What is computed rather than written out has the place of the expression that computes it.
    """
    lines = source.splitlines()
    literal = _assigned(ast.parse(source), WRAPPER)
    place = Place(display(path), str(path.parent))
    if literal is None:
        return from_plain(value, place)
    return _python_node(value, literal, place, lines)


def _assigned(tree: ast.Module, name: str) -> ast.expr | None:
    found = None
    for statement in tree.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            found = statement.value  # type: ignore[attr-defined]  # both kinds have a value here
    return found


def _python_node(value: object, literal: ast.expr, place: Place, lines: list[str]) -> Node:
    here = _python_place(place, lines, literal)
    if isinstance(value, Mapping) and isinstance(literal, ast.Dict):
        written = {
            key.value: (key, node)
            for key, node in zip(literal.keys, literal.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        items: dict[str, Node] = {}
        for key, item in value.items():
            if key in written:
                key_node, value_node = written[key]
                child = _python_node(item, value_node, place, lines)
                items[str(key)] = Node(
                    child.value, child.place, _python_place(place, lines, key_node)
                )
            else:
                items[str(key)] = from_plain(item, here, (str(key),))
        return Node(items, here)
    if isinstance(value, list | tuple) and isinstance(literal, ast.List | ast.Tuple):
        if len(value) == len(literal.elts):
            pairs = zip(value, literal.elts, strict=True)
            return Node([_python_node(item, node, place, lines) for item, node in pairs], here)
    return from_plain(value, here)


def _python_place(place: Place, lines: list[str], node: ast.expr) -> Place:
    end = node.end_col_offset or node.col_offset + 1
    width = end - node.col_offset if node.end_lineno == node.lineno else 1
    text = lines[node.lineno - 1]
    # ast counts bytes of UTF-8, a caret counts characters.
    column = len(text.encode()[: node.col_offset].decode(errors="ignore"))
    return Place(place.origin, place.folder, node.lineno, column + 1, width, text)


def display(path: Path) -> str:
    """Render a path as a person would type it: relative where it lies below the working folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
