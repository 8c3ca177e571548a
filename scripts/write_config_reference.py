"""Rewrite the tables of fields in the docs from the models that read them.

docs/configuration.md has those of the core, docs/outputs.md those of the outputs, and docs/bmll.md
those of beaf-bmll.

python scripts/write_config_reference.py
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from beaf_core import PluginHost
from beaf_core.config.analytics import (
    AnalyticsConfig,
    OutputTarget,
    PassConfig,
    ScheduleConfig,
    SchedulePartitionSelector,
)
from beaf_core.config.checks import PassExpectations, QualityCheckConfig
from beaf_core.config.paths import PATH_MARK
from beaf_core.config.retired import RETIRED, RETIRED_OUTPUT

DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT = DOCS / "configuration.md"
OUTPUTS = DOCS / "outputs.md"
BMLL = DOCS / "bmll.md"
BEGIN = "<!-- fields: written by scripts/write_config_reference.py -->"
END = "<!-- end of fields -->"

MODELS: Sequence[tuple[type[BaseModel], str]] = (
    (AnalyticsConfig, "the top level"),
    (PassConfig, "an item of PASSES"),
    (OutputTarget, "OUTPUT_TARGET, a pass's output, an item of extra_outputs"),
    (ScheduleConfig, "an item of SCHEDULES"),
    (SchedulePartitionSelector, "an item of a schedule's partitions"),
    (QualityCheckConfig, "QUALITY_CHECKS, a pass's quality_checks"),
    (PassExpectations, "expect in QUALITY_CHECKS or a pass's quality_checks"),
)
WORDS = {
    str: "text",
    SecretStr: "text, a secret",
    bool: "true or false",
    int: "whole number",
    float: "number",
    type(None): "null",
    Any: "anything",
}


def updated(text: str) -> str:
    """Put the tables of the core between the markers of a document."""
    return _between_markers(text, reference())


def with_options(text: str) -> str:
    """Put the tables of the outputs between the markers of a document."""
    return _between_markers(text, options_of_outputs())


def with_jobs(text: str) -> str:
    """Put the tables of beaf-bmll between the markers of a document."""
    return _between_markers(text, options_of_bmll())


def _between_markers(text: str, lines: Iterable[str]) -> str:
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"the document lacks {END if begin else BEGIN}"
    return "".join([before, BEGIN, "\n\n", "\n".join(lines), "\n\n", END, after])


def options_of_outputs() -> Iterator[str]:
    """Render a table for each output of beaf-outputs."""
    for name in ("parquet", "delta", "sql"):
        model = PluginHost().config_model("output", name)
        assert model is not None
        yield f"### Options of `{name}`"
        yield ""
        yield from _table(("option", "type", "default", "meaning"), _fields(model))
        yield ""


def options_of_bmll() -> Iterator[str]:
    """Render a table for the launcher, and one for the source of beaf-bmll."""
    host = PluginHost()
    for title, kind_of_plugin in (("BMLL_JOBS", "launcher"), ("SOURCE", "source")):
        model = host.config_model(kind_of_plugin, "bmll")
        assert model is not None
        yield f"### Options of `{title}`"
        yield ""
        yield from _table(("option", "type", "default", "meaning"), _fields(model))
        yield ""


def reference() -> Iterator[str]:
    """Render a table for each model, and the lists of fields without effect."""
    for model, place in MODELS:
        yield f"### {model.__name__}: {place}"
        yield ""
        yield " ".join((model.__doc__ or "").split())
        yield ""
        yield from _table(("field", "type", "default", "meaning"), _fields(model))
        yield ""
    yield "### Accepted without effect"
    yield ""
    yield "These load, and each is said in one note:"
    yield ""
    rows = [(f"`{name}`", f"retired: {reason}") for name, reason in RETIRED.items()]
    rows += [
        (f"`OUTPUT_TARGET.{name}`", f"retired: {reason}") for name, reason in RETIRED_OUTPUT.items()
    ]
    yield from _table(("field", "why"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _fields(model: type[BaseModel]) -> list[tuple[str, str, str, str]]:
    return [
        (f"`{name}`", _kind(info), _default(info), info.description or "")
        for name, info in model.model_fields.items()
    ]


def _kind(info: FieldInfo) -> str:
    # pydantic keeps the outermost marks of a field apart from its type.
    return "path" if PATH_MARK in info.metadata else kind(info.annotation)


def kind(annotation: Any) -> str:
    """Say in words what a type takes."""
    if get_origin(annotation) is not None:
        return _composed(get_origin(annotation), get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice(each.value for each in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.__name__
    return WORDS[annotation]


def _composed(origin: Any, inner: tuple[Any, ...]) -> str:
    if origin is Literal:
        return _choice(inner)
    if origin is Annotated:
        return "path" if PATH_MARK in inner else kind(inner[0])
    kinds = list(dict.fromkeys(kind(each) for each in inner if each is not ...))
    if origin in (Union, types.UnionType):
        return " or ".join(kinds)
    shapes = {
        list: f"list of {kinds[0]}",
        dict: f"mapping of names to {kinds[-1]}",
        tuple: f"list of {kinds[0]}" if ... in inner else f"[{kinds[0]}, {kinds[-1]}]",
    }
    return shapes[origin]


def _choice(values: Iterable[object]) -> str:
    return ", ".join(f"`{each}`" for each in values)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "`{}`"
    return f"`{json.dumps(value.value if isinstance(value, Enum) else value)}`"


if __name__ == "__main__":
    for document, write in ((DOCUMENT, updated), (OUTPUTS, with_options), (BMLL, with_jobs)):
        document.write_text(write(document.read_text(encoding="utf-8")), encoding="utf-8")
