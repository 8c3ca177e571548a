"""How is a person's YAML edited, so that all else stays as it was typed, to the byte?

The parser that reads configurations says where a value stands; the new text is spliced in there.
Reading everything and writing it again would change quotes, widths and where comments stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from beaf_core import UsageError
from beaf_dagster.editing.spans import WRAPPER, Span, config_span, read_spans
from beaf_dagster.editing.text import (
    block_lines,
    flow_text,
    joined,
    like,
    line_end,
    line_start,
    newline_of,
    next_line,
)

_BY_HAND = "edit the file by hand"


def put_key(text: str, key: str, value: object) -> str:
    """Set a key of the configuration.

    Raises:
        UsageError: the file is written in a way that this cannot edit.
    """

    def change(config: dict[str, Any]) -> None:
        config[key] = _told(value)

    return _checked(text, _set(text, config_span(text), key, value), change)


def put_item(text: str, section: str, name: str, fields: Mapping[str, object]) -> str:
    """Set fields of the item of a list that has a name; add the item where there is none.

    Raises:
        UsageError: the file is written in a way that this cannot edit.
    """

    def change(config: dict[str, Any]) -> None:
        listed = config[section] = config.get(section, [])
        item = next((each for each in listed if each.get("name") == name), None)
        if item is None:
            item = {"name": name}
            listed.append(item)
        item.update(_told(fields))

    return _checked(text, _put_item(text, section, name, fields), change)


def drop_item(text: str, section: str, name: str) -> str:
    """Remove the item of a list that has a name; of an empty list, remove the key as well.

    Raises:
        UsageError: the file is written in a way that this cannot edit.
    """

    def change(config: dict[str, Any]) -> None:
        config[section] = [each for each in config[section] if each.get("name") != name]
        if not config[section]:
            del config[section]

    return _checked(text, _drop_item(text, section, name), change)


def item_names(text: str, section: str) -> list[str]:
    """List the names of a list's items."""
    return [each.get("name", "") for each in _plain(text).get(section, [])]


# -- how it is changed -----------------------------------------------------------------------------


def _set(text: str, mapping: Span | None, key: str, value: object) -> str:
    """Set a key of a mapping, in the style in which the mapping is written."""
    if mapping is None:
        return _begin(text, {key: value})
    found = mapping.child(key)
    if found is None:
        return _add(text, mapping, {key: value})
    name, old = found
    if old.kind == "alias":
        raise UsageError(f"{key} is written as an alias of something else", remedy=_BY_HAND)
    if mapping.flow or old.flow or not isinstance(value, list):
        return (
            text[: old.start]
            + _spaced(text, old, like(text[old.start : old.end], value))
            + (text[old.end :])
        )
    lines = block_lines({key: value})
    return text[: name.start] + joined(text, lines, mapping.column).lstrip() + text[old.end :]


def _put_item(text: str, section: str, name: str, fields: Mapping[str, object]) -> str:
    config = config_span(text)
    found = config.child(section) if config else None
    if config is None or found is None:
        return _set(text, config, section, [{"name": name, **fields}])
    listed = found[1]
    if listed.kind == "alias":
        raise UsageError(f"{section} is written as an alias of something else", remedy=_BY_HAND)
    if listed.is_empty:
        return _fill(text, config, section, [{"name": name, **fields}])
    if _position(listed, name) is None:
        return _append(text, listed, {"name": name, **fields})
    for key, value in fields.items():
        text = _set(text, _item(text, section, name), key, value)
    return text


def _item(text: str, section: str, name: str) -> Span | None:
    config = config_span(text)
    found = config.child(section) if config else None
    number = _position(found[1], name) if found else None
    return None if found is None or number is None else found[1].items[number]


def _position(listed: Span, name: str) -> int | None:
    for number, each in enumerate(listed.items):
        named = each.child("name")
        if named and named[1].value == name:
            return number
    return None


def _begin(text: str, value: Mapping[str, object]) -> str:
    """Write into a file, or a wrapper, in which nothing stands but comments."""
    root = read_spans(text)
    lines = block_lines(value)
    if root is not None and root.kind == "map":
        _, empty = root.pairs[0]
        return _after(text[: empty.start] + text[empty.end :], empty.start, lines, 2)
    newline = newline_of(text)
    gap = "" if not text or text.endswith("\n") else newline
    return text + gap + newline.join(lines) + newline


def _add(text: str, mapping: Span, value: Mapping[str, object]) -> str:
    """Add keys at the end of a mapping."""
    if mapping.flow:
        inner = flow_text(value)[1:-1]
        return _within(text, mapping, [each for _, each in mapping.pairs], inner)
    return _after(text, mapping.end, block_lines(value, _offset(mapping)), mapping.column)


def _append(text: str, listed: Span, item: Mapping[str, object]) -> str:
    """Add an item at the end of a list."""
    if listed.flow:
        return _within(text, listed, listed.items, flow_text(item))
    return _after(text, listed.end, block_lines([item]), listed.column)


def _fill(text: str, config: Span, key: str, value: list[Any]) -> str:
    """Write a list where an empty one stands."""
    found = config.child(key)
    assert found is not None
    name, old = found
    if config.flow:
        return text[: old.start] + flow_text(value) + text[old.end :]
    bare = text[: old.start].rstrip(" ") + text[old.end :]
    offset = _offset(config)
    return _after(bare, name.end, block_lines(value), config.column + offset)


def _drop_item(text: str, section: str, name: str) -> str:
    config = config_span(text)
    found = config.child(section) if config else None
    number = _position(found[1], name) if found else None
    if config is None or found is None or number is None:
        return text
    key, listed = found
    if listed.flow or config.flow:
        return _drop_from_flow(text, config, found, number)
    start = line_start(text, _dash(text, listed, number))
    end = next_line(text, listed.items[number].end)
    if len(listed.items) > 1:
        return text[:start] + text[end:]
    beside = text[next_line(text, key.end) : start]
    if beside.strip():  # somebody's comments
        return text[: key.end] + ": []" + text[text.index(":", key.end) + 1 : start] + text[end:]
    return text[: line_start(text, key.start)] + text[end:]


def _drop_from_flow(text: str, config: Span, found: tuple[Span, Span], number: int) -> str:
    key, listed = found
    if len(listed.items) > 1:
        return _without(text, listed.items, number)
    spans = [Span("pair", name.start, each.end, name.column) for name, each in config.pairs]
    if config.flow:
        return _without(text, spans, config.pairs.index(found))
    return text[: line_start(text, key.start)] + text[next_line(text, listed.end) :]


# -- the text around -------------------------------------------------------------------------------


def _without(text: str, spans: Sequence[Span], number: int) -> str:
    """Take one of several values between brackets away, with the comma beside it."""
    if number + 1 < len(spans):
        return text[: spans[number].start] + text[spans[number + 1].start :]
    start = spans[number - 1].end if number else spans[number].start
    return text[:start] + text[spans[number].end :]


def _within(text: str, outer: Span, inner: Sequence[Span], added: str) -> str:
    """Add a value before a closing bracket."""
    close = outer.end - 1
    at = inner[-1].end if inner else close
    comma = ", " if inner else ""
    rest = text[at:close].lstrip()
    if rest.startswith(","):  # a trailing comma
        at = text.index(",", at) + 1
        comma = " "
    return text[:at] + comma + added + text[at:]


def _after(text: str, index: int, lines: Sequence[str], column: int) -> str:
    """Add lines below the one where a value ends; what stands behind the value stays there."""
    # The end of a text block lies behind its last line break.
    index = len(text[:index].rstrip())
    at = line_end(text, index)
    return text[:at] + newline_of(text) + joined(text, lines, column) + text[at:]


def _spaced(text: str, old: Span, new: str) -> str:
    """Put a space before a value that comes where none was: behind the colon."""
    return f" {new}" if old.start and text[old.start - 1] == ":" else new


def _offset(mapping: Span) -> int:
    """Say how far lists of a mapping are indented: as its first is, else by two."""
    lists = [each for _, each in mapping.pairs if each.kind == "seq" and not each.flow]
    return lists[0].column - mapping.column if lists else 2


def _dash(text: str, listed: Span, number: int) -> int:
    if number == 0:
        return listed.start
    dash = re.compile(rf"^ {{{listed.column}}}-(?=\s)", re.MULTILINE)
    found = dash.search(text, line_end(text, listed.items[number - 1].end))
    assert found is not None
    return found.start()


# -- whether it is what was meant ------------------------------------------------------------------


class _Plain(yaml.SafeLoader):
    """Every scalar is text; `<<` merges."""


_Plain.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))]}


def _plain(text: str) -> dict[str, Any]:
    found = yaml.load(text, Loader=_Plain) or {}  # noqa: S506 — a SafeLoader
    if isinstance(found, dict) and WRAPPER in found:
        found = found[WRAPPER] or {}
    found = found if isinstance(found, dict) else {}
    # An empty list, and what is written as nothing, is no other thing than a key that is absent.
    return {key: each for key, each in found.items() if each not in ([], "", "~", "null")}


def _told(value: object) -> Any:
    """Render a value as the plain reader would read it."""
    return yaml.load(flow_text(value), Loader=_Plain)  # noqa: S506 — a SafeLoader


def _says(text: str, expected: Mapping[str, Any]) -> bool:
    try:
        return _plain(text) == expected
    except yaml.YAMLError:
        return False


def _checked(text: str, edited: str, change: Callable[[dict[str, Any]], None]) -> str:
    """Give the edited text, if it says what was meant and nothing else.

    An anchor that stands elsewhere too, or a key that is merged in, would change more.
    """
    expected = _plain(text)
    change(expected)
    if not _says(edited, expected):
        raise UsageError(
            "the file is written in a way that cannot be edited for you: anchors, merged keys or "
            "brackets that the change would break",
            remedy=_BY_HAND,
        )
    return edited
