"""How is a column explained to a person, to a document and to a program?"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from beaf_core.model.outputs import rule_in_words

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from beaf_core.plugins.columns import Column

_WIDTH = 88
_LABEL = 15


def as_json(column: Column) -> dict[str, Any]:
    """Render everything that is known as plain data."""
    module = column.module
    return {
        **column.to_json(),
        "module_doc": module.doc if module else None,
        "section": module.config_key if module and module.Config else None,
        "options": [
            {"name": name, "default": _default(info), "description": info.description or ""}
            for name, info in _fields(module.Config if module else None)
        ],
    }


def as_lines(column: Column) -> Iterator[str]:
    """Render it for a terminal."""
    yield f"{column.name} [{column.measure.unit}]"
    for label, value in _facts(column):
        first = f"  {label.ljust(_LABEL)}"
        yield textwrap.fill(value, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
    fields = _fields(column.module.Config if column.module else None)
    if column.module and fields:
        yield f"  options of {column.module.config_key}:"
        for name, info in fields:
            told = f"{name} = {_default(info)}: {info.description or ''}"
            yield textwrap.fill(told, _WIDTH, initial_indent="    ", subsequent_indent="        ")


def as_markdown(column: Column) -> Iterator[str]:
    """Render it as a section of a document."""
    yield f"## {column.name}"
    yield ""
    yield from _table(("", ""), [("unit", column.measure.unit), *_facts(column)])
    fields = _fields(column.module.Config if column.module else None)
    if column.module and fields:
        yield ""
        yield f"Options of `{column.module.config_key}`:"
        yield ""
        rows = [
            (f"`{name}`", f"`{_default(info)}`", info.description or "") for name, info in fields
        ]
        yield from _table(("option", "default", "meaning"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _facts(column: Column) -> list[tuple[str, str]]:
    measure, module = column.measure, column.module
    known = {
        "meaning": measure.doc,
        "formula": measure.formula,
        "source": measure.source,
        "needs": ", ".join(column.needs),
        "longer buckets": rule_in_words(measure.reaggregation) if module else "",
        "version": str(measure.version) if module else "",
        "module": f"{module.name}: {module.doc}" if module else "every output has it",
        "pass": column.pass_name or "",
    }
    return [(label, value) for label, value in known.items() if value]


def _fields(model: type[BaseModel] | None) -> list[tuple[str, FieldInfo]]:
    return list(model.model_fields.items()) if model else []


def _default(info: FieldInfo) -> str:
    """Render a default as it would be written."""
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    return str(value)
