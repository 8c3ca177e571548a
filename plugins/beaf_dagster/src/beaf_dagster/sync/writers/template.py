"""How do a million events become text without a million objects?

One event is serialized by Dagster with marks in the places of what differs; the marks are then
replaced. Each chunk's first and last event are rendered by Dagster as well, and compared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from beaf_dagster.private import serialize_value
from beaf_dagster.sync.events import Row, Telling

#: Where a number differs its mark is one; these are of no partition, and not in any event.
_NUMBERS = {"rows": 771_000_000_000_000_001, "bytes": 771_000_000_000_000_002}
_quoted = json.encoder.encode_basestring_ascii  # what json.dumps does of a text, without the rest
_TEXTS = ("first", "second", "version", "path")


@dataclass(frozen=True, slots=True)
class Template:
    """The text of events, cut where they differ.

    Attributes:
        pieces: what they have in common.
        fields: what stands between the pieces.
    """

    pieces: tuple[str, ...]
    fields: tuple[str, ...]

    def rendered(self, row: Row) -> str:
        """Fill in the values of a partition, as JSON."""
        parts = [self.pieces[0]]
        for name, piece in zip(self.fields, self.pieces[1:], strict=True):
            value = getattr(row, name)
            parts += (_quoted(value) if isinstance(value, str) else str(value), piece)
        return "".join(parts)


def template(telling: Telling, like: Row) -> Template:
    """Make the template of all rows of the shape of `like`."""
    marks = {name: f"\x02{name}\x03" for name in _TEXTS if name != "path" or like.path}
    if like.is_url:
        marks["path"] = f"x://{marks['path']}"
    numbers = {name: each for name, each in _NUMBERS.items() if getattr(like, name) is not None}
    marked = Row(**{**like._asdict(), **marks, **numbers, "key": _marked_key(marks)})
    text = serialize_value(telling.entry(marked))
    quoted = {json.dumps(each): name for name, each in {**marks, **numbers}.items()}
    quoted[json.dumps(_marked_key(marks))] = "key"
    return _cut(text, quoted)


def _marked_key(marks: dict[str, str]) -> str:
    return f"{marks['first']}|{marks['second']}"


def _cut(text: str, quoted: dict[str, str]) -> Template:
    places = sorted(
        (at, mark) for mark in quoted for at in _all(text, mark)
    )  # no mark is a part of another: each is quoted, or a number of its own
    pieces, fields, end = [], [], 0
    for at, mark in places:
        pieces.append(text[end:at])
        fields.append(quoted[mark])
        end = at + len(mark)
    return Template((*pieces, text[end:]), tuple(fields))


def _all(text: str, mark: str) -> list[int]:
    found, at = [], text.find(mark)
    while at >= 0:
        found.append(at)
        at = text.find(mark, at + len(mark))
    return found
