"""How is YAML text read so that every value knows its line and column?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from beaf_core.config.errors import ConfigError, Place, Problem
from beaf_core.config.nodes import Node

WRAPPER = "USER_CONFIG"

_TAG = "tag:yaml.org,2002:"
_NOT_A_MAPPING = "is not a mapping of keys to values"


class _Loader(yaml.SafeLoader):
    """The scalars of YAML 1.2: `off`, `no`, `09:30` and dates are text, `1e-3` is a number."""


_Loader.yaml_implicit_resolvers = {}  # else those of YAML 1.1 stay
for _kind, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", "-+."),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(_pattern), list(_first))


def _integer(text: str) -> int:
    # 010 is ten: YAML 1.1 read it as octal eight.
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


def _number(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_SCALARS: dict[str, Callable[[str], object]] = {
    "str": str,
    "null": lambda _text: None,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "int": _integer,
    "float": _number,
}


def read_yaml_file(path: Path) -> Node:
    """Read a YAML file, flat or wrapped in `USER_CONFIG:`.

    Raises:
        ConfigError: the file cannot be read, or is not a YAML mapping.
    """
    place = Place(display(path), str(path.parent))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError([Problem("", f"cannot be read: {error.strerror}", place)]) from None
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text: {error.reason} at byte {error.start}"
        raise ConfigError([Problem("", message, place)]) from None
    return read_yaml_text(text, path)


def read_yaml_text(text: str, path: Path) -> Node:
    """Read what stands in a YAML file, or is to stand there.

    Raises:
        ConfigError: it is not a YAML mapping.
    """
    place = Place(display(path), str(path.parent))
    node = read_yaml(text, place)
    if node.value is None:
        return Node({}, place)
    if not isinstance(node.value, dict):
        raise ConfigError([Problem("", _NOT_A_MAPPING, node.place)])
    return unwrap(node)


def unwrap(node: Node) -> Node:
    """Take a configuration out of its `USER_CONFIG:` wrapper, if it stands in one.

    Raises:
        ConfigError: something stands beside the wrapper, or it is not a mapping.
    """
    inner = node.child(WRAPPER)
    if inner is None:
        return node
    beside = [
        Problem(key, f"stands beside {WRAPPER}", each.key_place, f"move it into {WRAPPER}")
        for key, each in node.value.items()
        if key != WRAPPER
    ]
    if beside:
        raise ConfigError(beside)
    if inner.value is None:
        return replace(inner, value={})
    if not isinstance(inner.value, dict):
        raise ConfigError([Problem(WRAPPER, _NOT_A_MAPPING, inner.place)])
    return inner


def read_yaml(text: str, place: Place) -> Node:
    """Read YAML text; `place` says where the text stands.

    Raises:
        ConfigError: a syntax error, a repeated key, a key that is not text, a tag.
    """
    reader = _Reader(place, text.splitlines())
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise ConfigError([reader.syntax_problem(error)]) from None
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise ConfigError([Problem("", f"YAML syntax error: {said}", place)]) from None
    node = Node(None, place) if root is None else reader.node(root)
    if reader.problems:
        raise ConfigError(reader.problems)
    return node


class _Reader:
    """Turns the YAML nodes of one text into ours, collecting what is wrong with them."""

    def __init__(self, place: Place, lines: list[str]) -> None:
        self.place, self.lines = place, lines
        self.problems: list[Problem] = []
        self._open: set[int] = set()

    def node(self, node: yaml.Node) -> Node:
        """Read a node with everything below it."""
        here = self._span(node)
        if id(node) in self._open:
            return self._fault(node, "contains itself")
        if not isinstance(node, yaml.ScalarNode) and node.tag not in {_TAG + "map", _TAG + "seq"}:
            return self._fault(node, f"the tag {_short(node.tag)} is not supported")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return Node(self._mapping(node), here)
            if isinstance(node, yaml.SequenceNode):
                return Node([self.node(item) for item in node.value], here)
            return Node(self._scalar(node), here)
        finally:
            self._open.remove(id(node))

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Node]:
        own: dict[str, Node] = {}
        inherited: dict[str, Node] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                for source in self._merged(value_node):
                    inherited = {**source, **inherited}  # the first one that has a key gives it
                continue
            key = self._key(key_node)
            if key in own:
                self._fault(key_node, f'the key "{key}" stands twice in this mapping')
            own[key] = replace(self.node(value_node), key_place=self._span(key_node))
        return {**inherited, **own}

    def _merged(self, node: yaml.Node) -> Iterator[dict[str, Node]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if isinstance(source, yaml.MappingNode):
                found = self.node(source).value
                yield found if isinstance(found, dict) else {}
            else:
                self._fault(source, "<< takes a mapping, or a list of mappings")

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag == _TAG + "null":
            self._fault(node, "a key is text")
            return ""
        return str(node.value)

    def _scalar(self, node: yaml.Node) -> object:
        try:
            return _SCALARS[node.tag.removeprefix(_TAG)](node.value)
        except (KeyError, ValueError):
            return self._fault(node, f"cannot be read as {_short(node.tag)}").value

    # -- places --------------------------------------------------------------------------------

    def _fault(self, node: yaml.Node, message: str) -> Node:
        here = self._span(node)
        self.problems.append(Problem("", message, here))
        return Node(None, here)

    def _span(self, node: yaml.Node) -> Place:
        start, end = node.start_mark, node.end_mark
        width = end.column - start.column if start.line == end.line else 1
        return self._at(start, max(1, width))

    def _at(self, mark: Any, width: int = 1) -> Place:
        text = self.lines[mark.line] if mark.line < len(self.lines) else ""
        return replace(
            self.place, line=mark.line + 1, column=mark.column + 1, width=width, text=text
        )

    def syntax_problem(self, error: yaml.MarkedYAMLError) -> Problem:
        """Say what the parser stumbled over."""
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (self._context(error), error.problem) if part)
        where = self._at(mark) if mark else self.place
        remedy = "use spaces, not tabs" if "'\\t'" in said else None
        return Problem("", f"YAML syntax error: {said}", where, remedy)

    def _context(self, error: yaml.MarkedYAMLError) -> str:
        """Say what the parser was reading, and where it began, if on another line."""
        begun, ended = error.context_mark, error.problem_mark
        if not error.context or begun is None or ended is None or begun.line == ended.line:
            return error.context or ""
        return f"{error.context} that begins in line {begun.line + 1}"


def _short(tag: str) -> str:
    return tag.replace(_TAG, "!!")


def display(path: Path) -> str:
    """Render a path as a person would type it: relative where it lies below the working folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
