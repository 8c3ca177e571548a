"""How do `--set` and the environment change single values of a configuration?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from beaf_core.config.errors import ConfigError, Place, Problem, collected
from beaf_core.config.nodes import MERGED_BY_NAME, Node, from_plain, merge, name_of
from beaf_core.config.read import read_yaml
from beaf_core.plugins.errors import did_you_mean

ENVIRONMENT_PREFIX = "BEAF__"


@dataclass(frozen=True, slots=True)
class Override:
    """One value, and the way to it: `PASSES.bars.time_bucket_seconds`."""

    path: tuple[str, ...]
    value: Node

    @property
    def place(self) -> Place:
        """The flag or variable that sets it."""
        return self.value.place


def read_sets(texts: Iterable[str]) -> list[Override]:
    """Read overrides as of `--set`: `dotted.path=value`, the value as YAML.

    Raises:
        ConfigError: no `=`, no path, or a value that is not YAML; each one is named.
    """
    return _each(_parse_set, texts)


def read_environment(environ: Mapping[str, str]) -> list[Override]:
    """Read variables such as `BEAF__PASSES__bars__time_bucket_seconds`, their values as YAML.

    Raises:
        ConfigError: no path, or a value that is not YAML; each one is named.
    """
    names = sorted(name for name in environ if name.startswith(ENVIRONMENT_PREFIX))
    return _each(lambda name: _parse_variable(name, environ[name]), names)


def _each(parse: Callable[[str], Override], texts: Iterable[str]) -> list[Override]:
    problems: list[Problem] = []
    found: list[Override] = []
    for text in texts:
        with collected(problems):
            found.append(parse(text))
    if problems:
        raise ConfigError(problems)
    return found


def _parse_set(text: str) -> Override:
    dotted_path, equals, value = text.partition("=")
    path = tuple(dotted_path.strip().split("."))
    place = _place(f"--set {dotted_path}")  # without the value, which may be a secret
    if not equals or not all(path):
        raise ConfigError([Problem("", "is not PATH=VALUE", place, "write --set a.b=c")])
    return _override(path, value, place)


def _parse_variable(name: str, value: str) -> Override:
    path, place = tuple(name.removeprefix(ENVIRONMENT_PREFIX).split("__")), _place(f"${name}")
    if not all(path):
        remedy = f"write {ENVIRONMENT_PREFIX}A__b=c for the value b in A"
        raise ConfigError([Problem("", "names no value", place, remedy)])
    return _override(path, value, place)


def _place(origin: str) -> Place:
    return Place(origin, str(Path.cwd()))


def _override(path: tuple[str, ...], text: str, place: Place) -> Override:
    try:
        node = read_yaml(text, place)
    except ConfigError as error:
        # Without a line of the value, which may be a secret.
        problems = [Problem("", each.message, place, "quote the value") for each in error.problems]
        raise ConfigError(problems) from None
    return Override(path, from_plain(node.plain(), place))


def lay_over(tree: Node, overrides: Iterable[Override]) -> Node:
    """Lay overrides of one origin over a tree.

    They are one layer, whatever their order: SOURCE.root may come before SOURCE.type.

    Raises:
        ConfigError: a pass or schedule that is not there; each one is named.
    """
    last = {each.path: each for each in overrides}
    layer = Node({}, tree.place)
    problems: list[Problem] = []
    for override in sorted(last.values(), key=lambda each: len(each.path)):
        with collected(problems):
            layer = merge(layer, _nested(merge(tree, layer), override.path, override))
    if problems:
        raise ConfigError(problems)
    return merge(tree, layer) if layer.value else tree


def _nested(below: Node | None, path: Sequence[str], override: Override) -> Node:
    """Build the smallest layer that sets one value; passes are addressed by their name."""
    if not path:
        return override.value
    head, rest = path[0], path[1:]
    below = below.child(head) if below else None
    by_name = head in MERGED_BY_NAME and rest
    inner = _item(below, head, rest, override) if by_name else _nested(below, rest, override)
    return Node({head: replace(inner, key_place=override.place)}, override.place)


def _item(items: Node | None, head: str, path: Sequence[str], override: Override) -> Node:
    known = items.value if items and isinstance(items.value, list) else []
    named = {name: node for node in known if (name := name_of(node)) is not None}
    # A name may hold dots itself.
    sizes = [size for size in range(len(path), 0, -1) if ".".join(path[:size]) in named]
    if not sizes:
        raise ConfigError([_no_such_item(head, path[0], named, override)])
    name = ".".join(path[: sizes[0]])
    item = _nested(named[name], path[sizes[0] :], override)
    if not isinstance(item.value, dict):
        raise ConfigError([Problem(f"{head}.{name}", "is a mapping", override.place)])
    named_item = {"name": named[name].value["name"], **item.value}
    return Node([Node(named_item, override.place)], override.place)


def _no_such_item(head: str, name: str, named: Iterable[str], override: Override) -> Problem:
    names = list(named)
    return Problem(
        f"{head}.{name}",
        f'nothing in {head} is named "{name}"{did_you_mean(name, names)}',
        override.place,
        f"named there: {', '.join(names) or 'nothing'}",
    )
