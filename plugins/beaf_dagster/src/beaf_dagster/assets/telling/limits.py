"""What of metadata is kept, so that the event that holds it stays small?

Every byte is copied into the event log, once per partition. Each entry has a limit of its own, so
that the whole stays below `MOST` whatever is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import dagster as dg

#: Bytes of all metadata of one event, as they are stored.
MOST = 20_000
#: Bytes of single entries; what is not listed are numbers and short words.
COLUMNS, PICTURE, MEASURES, NOTES, OUTPUTS = 7_000, 5_500, 2_000, 1_500, 1_200
#: Bytes of a place, and of one that is mentioned on the way.
PLACE, MENTION = 1_000, 300

Rendering = TypeVar("Rendering")


def size_of(value: Any) -> int:
    """Count the bytes that something takes in the event log."""
    return len(dg.serialize_value(value))


def first_that_fits(renderings: Iterable[Rendering], most: int) -> Rendering:
    """Give the first of some renderings, the fullest first, that is small enough; else the last."""
    rendering: Rendering | None = None
    for rendering in renderings:
        if size_of(rendering) <= most:
            break
    assert rendering is not None
    return rendering


def kept(lines: Sequence[str], most: int, whole: str) -> list[str]:
    """Keep as many lines as fit, the last one cut; say how many are left out, and where all are.

    Args:
        lines: short texts.
        most: bytes for all of them.
        whole: where the whole stands.
    """
    rest = most - size_of(_left_out(len(lines), whole)) - len(lines)
    found: list[str] = []
    for number, line in enumerate(lines):
        if size_of(line) > rest:
            return [*found, *_piece(line, rest), _left_out(len(lines) - number, whole)]
        rest -= size_of(line)
        found.append(line)
    return found


def cut(text: str, most: int) -> str:
    """Cut a text to so many bytes, with a sign that it was."""
    while size_of(text) > most:
        # A character takes six bytes at most, as an escape; half of what is too much is safe.
        text = text[: len(text) - max(2, (size_of(text) - most) // 12)].rstrip("…") + "…"
    return text


def _piece(line: str, rest: int) -> list[str]:
    return [cut(line, rest)] if rest > 80 else []


def _left_out(count: int, whole: str) -> str:
    return f"… {count} more, in full in {cut(whole, MENTION)}"
