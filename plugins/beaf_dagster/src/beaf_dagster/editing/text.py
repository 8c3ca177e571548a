"""How is a value written in YAML, as a person would, and where do lines begin and end?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

#: Text that needs no quotes, wherever it stands.
_PLAIN = re.compile(r"[A-Za-z_][\w./+!=-]*|-\d+b?d|\d{4}-\d\d-\d\d_[\d-]+")
#: Words that YAML, of one version or another, reads as something else.
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def flow_text(value: object) -> str:
    """Write a value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow_text(each) for each in value) + "]"
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def block_lines(value: object, offset: int = 2) -> list[str]:
    """Write a value in lines; lists below a key are indented by `offset`."""
    lines: list[str] = []
    if isinstance(value, list | tuple):
        for each in value:
            first, *rest = block_lines(each)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(each, list | tuple | Mapping) and each:
                lines += [f"{key}:", *(" " * offset + line for line in block_lines(each))]
            else:
                lines.append(f"{key}: {flow_text(each)}")
    else:
        lines.append(flow_text(value))
    return lines


def like(old: str, value: object) -> str:
    """Write a value in the quotes of the one that it replaces."""
    if isinstance(value, str) and old[:1] == "'" and value.isprintable() and "'" not in value:
        return f"'{value}'"
    if isinstance(value, str) and old[:1] == '"':
        return json.dumps(value, ensure_ascii=False)
    return flow_text(value)


# -- lines -----------------------------------------------------------------------------------------


def joined(text: str, lines: Sequence[str], column: int) -> str:
    """Write lines below each other, each from a column on."""
    return newline_of(text).join(" " * column + each for each in lines)


def line_start(text: str, index: int) -> int:
    """Find where the line of an index begins."""
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """Find where the line of an index ends, before its break."""
    end = text.find("\n", index)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1 : end] == "\r" else end


def next_line(text: str, index: int) -> int:
    """Find where the line after the last thing before an index begins."""
    index = len(text[:index].rstrip())
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def newline_of(text: str) -> str:
    """Say how a text breaks its lines."""
    return "\r\n" if "\r\n" in text else "\n"
