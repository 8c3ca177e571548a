"""What is wrong with a configuration, and to which line does each fault point?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from beaf_core.config.analytics import (
    AnalyticsConfig,
    OutputTarget,
    PassConfig,
)
from beaf_core.config.checks import PassExpectations, QualityCheckConfig
from beaf_core.config.environment import Expansion
from beaf_core.config.errors import Problem, dotted
from beaf_core.config.nodes import Node, Steps, is_plain
from beaf_core.config.paths import anchor_paths, inner_model
from beaf_core.config.redact import redact
from beaf_core.model.errors import TextFaultError
from beaf_core.plugins.errors import PluginError, did_you_mean

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_MAPPING = "should be a mapping of keys to values"
# pydantic's words are for programmers.
_WORDS = {
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "string_type": "should be text",
}

# So many quotes (two a word) are as much as one reads before the end of a sentence.
_MANY = 2 * 12

# Where a key belongs that stands in the wrong section.
_HOMES: tuple[tuple[type[BaseModel], str], ...] = (
    (AnalyticsConfig, "the top level"),
    (PassConfig, "a pass"),
    (OutputTarget, "OUTPUT_TARGET, or a pass's output"),
    (QualityCheckConfig, "QUALITY_CHECKS, or a pass's quality_checks"),
    (PassExpectations, "expect, in QUALITY_CHECKS or a pass's quality_checks"),
)


class Findings:
    """Everything that is wrong with one tree, collected so that all of it is told at once.

    Attributes:
        tree: the configuration, with `${env:…}` filled in.
        problems: what is wrong.
        notes: what a person should hear once.
    """

    def __init__(self, tree: Node) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._expansion = Expansion(tree)
        self.tree = self._expansion.tree
        for path, name in self._expansion.unset:
            message = f"the environment variable {name} is not set"
            self.problem(path, message, remedy=f"export {name}=…")
        for path, node in self.tree.leaves():
            if not is_plain(node.value) and not isinstance(node.value, dict | list):
                self.problem(
                    path,
                    f"a {type(node.value).__name__} is not plain data",
                    remedy="use text, numbers, lists and mappings; functions stand beside "
                    "USER_CONFIG",
                )

    def problem(
        self,
        path: Steps,
        message: str,
        *,
        node: Node | None = None,
        key: bool = False,
        remedy: str | None = None,
    ) -> None:
        """Report a fault: at the node, by default that of the path, or at its key.

        Only the first fault of a value is kept: what follows is most often its consequence. A
        fault of OUTPUT_TARGET that several passes inherit is one.
        """
        where = dotted(path)
        node = node or self.tree.at(tuple(path))
        place = (node.key_place if key else None) or node.place
        message, hidden_remedy = self._expansion.hide(message), self._expansion.hide(remedy or "")
        told = {each.path for each in self.problems} | {
            (each.place, each.message) for each in self.problems if place.line is not None
        }
        if where not in told and (place, message) not in told:
            self.problems.append(Problem(where, message, place, hidden_remedy or None))

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    def unknown_key(self, path: Steps, known: Iterable[str], *, node: Node | None = None) -> None:
        """Report a key that nobody owns, with the nearest one that somebody does."""
        word = str(path[-1])
        home = next((home for model, home in _HOMES if word in model.model_fields), None)
        hint = "" if home else did_you_mean(word, known)
        remedy = f"{word} belongs to {home}" if home else None
        self.problem(path, f'unknown key "{word}"{hint}', node=node, key=True, remedy=remedy)

    def ask(self, question: Callable[[], T], path: Steps) -> T | None:
        """Ask for the plugin that a path names; what is wrong with it is a fault there."""
        try:
            return question()
        except PluginError as error:
            self.problem(path, error.message, remedy=error.remedy)
            return None

    def validate(
        self,
        model: type[M],
        node: Node,
        path: Steps,
        *,
        also: Iterable[str] = (),
    ) -> M | None:
        """Check a section by its model; faults are reported, and None returned.

        Args:
            model: what the section is to be.
            node: the section; its values have the places that faults point to.
            path: where it stands in the tree.
            also: keys of the same section that somebody else checks, and that may be meant.
        """
        node = self._without_unknown(model, node, path, also)
        try:
            return model.model_validate(anchor_paths(model, node).plain())
        except ValidationError as error:
            for location, faults in _by_location(node, error).items():
                self._fault(model, node, (path, location), faults)
        except Exception as error:  # noqa: BLE001 — a plugin's own validator may raise anything
            said = f"the check of these options fails: {type(error).__name__}: {error}"
            self.problem(
                path, said, node=node, remedy=f"report it to the author of {model.__module__}"
            )
        return None

    def _without_unknown(
        self, model: type[BaseModel], node: Node, path: Steps, also: Iterable[str]
    ) -> Node:
        """Report keys that the model does not have, even if it would ignore them."""
        if not isinstance(node.value, dict) or model.model_config.get("extra") == "allow":
            return node
        known = _keys(model)
        unknown = [key for key in node.value if key not in known]
        for key in unknown:
            self.unknown_key((*path, key), [*known, *also], node=node.value[key])
        return node.without(*unknown)

    def _fault(
        self,
        model: type[BaseModel],
        section: Node,
        where: tuple[Steps, Steps],
        faults: list[Mapping[str, Any]],
    ) -> None:
        path, location = where[0] + where[1], where[1]
        node, first = section.at(location), faults[0]
        if first["type"] == "extra_forbidden":
            self.unknown_key(path, _fields_at(model, first["loc"][:-1]), node=node)
        elif first["type"] == "missing":
            self.problem(path, "is missing", node=node)
        elif isinstance(cause := first.get("ctx", {}).get("error"), TextFaultError):
            self._fault_in_text(node, path, cause)
        else:
            message = " or ".join(dict.fromkeys(_worded(each) for each in faults))
            message += self._given(node.value, message, path) + _hint(first)
            remedy = _remedy(first, _choices_at(model, first["loc"]))
            self.problem(path, message, node=node, remedy=remedy)

    def _fault_in_text(self, node: Node, path: Steps, cause: TextFaultError) -> None:
        """Point into a text; where that goes over several lines, show the one that is meant."""
        place = node.place.within(cause.text, cause.start, cause.width)
        if place is None:
            self.problem(path, f"{cause}\n{cause.snippet()}", node=node)
        else:
            self.problem(path, str(cause), node=replace(node, place=place))

    def _given(self, value: object, message: str, path: Steps) -> str:
        # What a validator of ours says may hold the value already; '0' may stand there by chance.
        if not is_plain(value) or (isinstance(value, str) and repr(value) in message):
            return ""
        shown = redact(self._expansion.written(value), ".".join(map(str, path)))
        return f", not {'null' if shown is None else repr(shown)}"


def _by_location(node: Node, error: ValidationError) -> dict[Steps, list[Mapping[str, Any]]]:
    """Group the faults of a section by the values that they are about: a union has several."""
    found: dict[Steps, list[Mapping[str, Any]]] = {}
    for fault in error.errors():
        location = _real_steps(node, fault["loc"])
        if fault["type"] == "missing":
            location = (*location, fault["loc"][-1])
        found.setdefault(location, []).append(fault)
    return found


def _real_steps(node: Node, location: Iterable[str | int]) -> Steps:
    # pydantic puts its own tags among the steps; the tree knows which are real.
    steps: list[str | int] = []
    for step in location:
        inside = node.at([step])
        if inside is not node:
            steps.append(step)
            node = inside
    return tuple(steps)


def _worded(fault: Mapping[str, Any]) -> str:
    if fault["type"] in _WORDS:
        return _WORDS[fault["type"]]
    if fault["type"] == "value_error":
        return str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "too_short":
        least = fault["ctx"]["min_length"]
        return f"should have at least {least} {'item' if least == 1 else 'items'}"
    if _is_long_list(fault):
        return f"{str(fault['input'])!r} is none of the choices"
    message = str(fault["msg"]).removeprefix("Input ").partition(", unable to")[0]
    return message[:1].lower() + message[1:]


def _hint(fault: Mapping[str, Any]) -> str:
    choices = re.findall(r"'([^']+)'", str(fault.get("ctx", {}).get("expected", "")))
    return did_you_mean(str(fault["input"]), choices)


def _is_long_list(fault: Mapping[str, Any]) -> bool:
    """Whether a fault has so many choices that they would hide what is wrong."""
    return fault["type"] == "literal_error" and str(fault["ctx"]["expected"]).count("'") > _MANY


def _remedy(fault: Mapping[str, Any], choices: Sequence[str]) -> str | None:
    given = fault["input"]
    if choices and (fault["type"] == "too_short" or _is_long_list(fault)):
        return f"choose from {', '.join(choices)}"
    if fault["type"] == "string_type" and isinstance(given, int | float):
        return "write it in quotes"
    if fault["type"] == "list_type" and isinstance(given, str):
        return f"write [{given}]"
    return None


def _choices_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """List the words that may stand where a fault's location leads, as far as the model says."""
    steps = [step for step in location if isinstance(step, str)]
    for at in range(len(steps), 0, -1):  # pydantic's own tags may follow the last field
        inside = _model_at(model, steps[: at - 1])
        if inside is not None and steps[at - 1] in inside.model_fields:
            return [*_words_of(inside.model_fields[steps[at - 1]].annotation)]
    return []


def _words_of(annotation: object) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (each for each in get_args(annotation) if isinstance(each, str))
    else:
        for each in get_args(annotation):
            yield from _words_of(each)


def _fields_at(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """List the fields of the model that a fault's location leads into."""
    current = _model_at(model, location)
    return _keys(current) if current else []


def _model_at(model: type[BaseModel], location: Iterable[str | int]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for step in location:
        if current is not None and isinstance(step, str) and step in current.model_fields:
            current = inner_model(current.model_fields[step].annotation)
    return current


def _keys(model: type[BaseModel]) -> list[str]:
    """List what the fields of a model are called in a configuration."""
    fields = model.model_fields.items()
    names = [each for name, info in fields for each in (name, info.alias, info.validation_alias)]
    return [each for each in names if isinstance(each, str)]
