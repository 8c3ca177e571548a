"""How does a pydantic model check a section, with faults that point to where a value was written?"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from beaf_core.config.errors import Problem, dotted
from beaf_core.config.nodes import Node, Steps
from beaf_core.config.paths import PATH_MARK
from beaf_core.plugins.errors import PluginConflictError, PluginNotFoundError, did_you_mean

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_ENVIRONMENT_REFERENCE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


class Findings:
    """Everything that is wrong with one tree, collected so that all of it is told at once."""

    def __init__(self, tree: Node) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.tree = self._expand_environment(tree, ())

    def problem(
        self,
        path: Iterable[str | int],
        message: str,
        *,
        key: bool = False,
        remedy: str | None = None,
    ) -> None:
        """Report a fault at a path: at the value, or at its key."""
        steps = tuple(path)
        node = self.tree.at(steps)
        place = node.key_place if key and node.key_place else node.place
        self.problems.append(Problem(dotted(steps), message, place if steps else None, remedy))

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    def unknown_key(self, path: Steps, known: Iterable[str]) -> None:
        """Report a key that nobody owns, with the nearest one that somebody does."""
        word = str(path[-1])
        self.problem(path, f'unknown key "{word}"{did_you_mean(word, known)}', key=True)

    def ask(self, question: Callable[[], T], path: Steps) -> T | None:
        """Ask for a plugin by the name at a path; an unknown name is a fault there."""
        try:
            return question()
        except (PluginNotFoundError, PluginConflictError) as error:
            self.problem(path, error.message, remedy=error.remedy)
            return None

    def validate(self, model: type[M], node: Node, path: Steps) -> M | None:
        """Check a section by its model; faults are reported, and None returned."""
        try:
            return model.model_validate(anchor_paths(model, node).plain())
        except ValidationError as error:
            for fault in error.errors():
                self._fault(model, fault, path)
            return None

    def _fault(self, model: type[BaseModel], fault: Any, path: Steps) -> None:
        # pydantic puts its own tags among the steps; the tree knows which are real.
        location = (*path, *_real_steps(self.tree.at(path), fault["loc"]))
        if fault["type"] == "extra_forbidden":
            self.unknown_key(location, _fields_at(model, fault["loc"][:-1]))
        elif fault["type"] == "missing":
            self.problem(location, f"{fault['loc'][-1]} is missing")
        else:
            self.problem(location, _worded(fault))

    def _expand_environment(self, node: Node, path: Steps) -> Node:
        value = node.value
        if isinstance(value, dict):
            value = {k: self._expand_environment(v, (*path, k)) for k, v in value.items()}
        elif isinstance(value, list):
            value = [self._expand_environment(v, (*path, i)) for i, v in enumerate(value)]
        elif isinstance(value, str):
            value = _ENVIRONMENT_REFERENCE.sub(
                lambda found: self._variable(found.group(1), node, path), value
            )
        return Node(value, node.place, node.key_place)

    def _variable(self, name: str, node: Node, path: Steps) -> str:
        if name not in os.environ:
            message = f"the environment variable {name} is not set"
            self.problems.append(Problem(dotted(path), message, node.place, f"export {name}=…"))
        return os.environ.get(name, "")


def _worded(fault: Mapping[str, Any]) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    given = fault.get("input")
    if isinstance(given, str | int | float | bool):
        message += f", not {given!r}"
    return message[0].lower() + message[1:]


def _real_steps(node: Node, location: Iterable[str | int]) -> Steps:
    """Keep the steps that lead somewhere, and a last one that names what is missing there."""
    steps: list[str | int] = []
    for step in location:
        inside = node.at([step])
        if inside is not node:
            steps.append(step)
            node = inside
    return tuple(steps)


def _fields_at(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """List the fields of the model that a fault's location leads into."""
    current: type[BaseModel] | None = model
    for step in location:
        if current is not None and isinstance(step, str) and step in current.model_fields:
            current = inner_model(current.model_fields[step].annotation)
    return list(current.model_fields) if current else []


def inner_model(annotation: Any) -> type[BaseModel] | None:
    """Find the model inside an annotation such as `list[Model] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    candidates = (inner_model(each) for each in getattr(annotation, "__args__", ()))
    return next((each for each in candidates if each is not None), None)


def anchor_paths(model: type[BaseModel], node: Node) -> Node:
    """Make relative paths absolute: they belong to the folder of the file they stand in."""
    if isinstance(node.value, list):
        return Node([anchor_paths(model, each) for each in node.value], node.place, node.key_place)
    if not isinstance(node.value, dict):
        return node
    anchored = node
    for name, info in model.model_fields.items():
        child = node.child(name)
        if child is None:
            continue
        inner = inner_model(info.annotation)
        if PATH_MARK in info.metadata or _is_marked(info.annotation):
            anchored = anchored.having(name, _anchored(child))
        elif inner is not None:
            anchored = anchored.having(name, anchor_paths(inner, child))
    return anchored


def _is_marked(annotation: Any) -> bool:
    if PATH_MARK in getattr(annotation, "__metadata__", ()):
        return True
    return any(_is_marked(each) for each in getattr(annotation, "__args__", ()))


def _anchored(node: Node) -> Node:
    text = node.value
    if not isinstance(text, str) or "://" in text:
        return node
    path = Path(node.place.folder, Path(text).expanduser())
    return Node(os.path.normpath(path), node.place, node.key_place)
