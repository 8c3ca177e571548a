"""Where in a YAML text does each value stand?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

WRAPPER = "USER_CONFIG"


@dataclass(frozen=True, slots=True)
class Span:
    """A value, and where its text begins and ends.

    Attributes:
        value: of a scalar, its text.
        pairs: of a mapping, its keys and values.
        items: of a sequence.
    """

    kind: str
    start: int
    end: int
    column: int
    flow: bool = False
    value: str = ""
    pairs: Sequence[tuple[Span, Span]] = ()
    items: Sequence[Span] = field(default_factory=list)

    def child(self, key: str) -> tuple[Span, Span] | None:
        """Find a key of a mapping, with its value."""
        return next((each for each in self.pairs if each[0].value == key), None)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        if self.kind == "scalar":
            return self.value.lower() in ("", "~", "null")
        return self.kind != "alias" and not self.pairs and not self.items


def read_spans(text: str) -> Span | None:
    """Read where the values of a document stand; None for one that is empty."""
    events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            return _span(next(events), events)
    return None


def _span(event: Any, events: Iterator[Any]) -> Span:
    start, end, column = event.start_mark.index, event.end_mark.index, event.start_mark.column
    if isinstance(event, yaml.AliasEvent):
        return Span("alias", start, end, column)
    if isinstance(event, yaml.ScalarEvent):
        return Span("scalar", start, end, column, value=event.value)
    children, closed = _children(events)
    # The end of a block is where the next thing begins, behind comments: its last value is meant.
    end = closed if event.flow_style or not children else children[-1].end
    flow = bool(event.flow_style)
    if isinstance(event, yaml.SequenceStartEvent):
        return Span("seq", start, end, column, flow, items=children)
    pairs = list(zip(children[::2], children[1::2], strict=True))
    return Span("map", start, end, column, flow, pairs=pairs)


def _children(events: Iterator[Any]) -> tuple[list[Span], int]:
    """Read the values of a collection, and where it is closed."""
    children: list[Span] = []
    for each in events:
        if isinstance(each, yaml.CollectionEndEvent):
            assert each.end_mark is not None
            return children, each.end_mark.index
        children.append(_span(each, events))
    raise AssertionError("the parser closes what it opens")


def config_span(text: str) -> Span | None:
    """Find the configuration, in its wrapper or without; None where nothing stands in it."""
    root = read_spans(text)
    wrapped = root.child(WRAPPER) if root else None
    found = wrapped[1] if wrapped else root
    return None if found is None or found.kind != "map" else found
