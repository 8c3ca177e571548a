"""Which configured texts are paths, and relative to what?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from beaf_core.config.nodes import Node

PATH_MARK = "beaf-path"

#: A path or URL in a configuration. A relative one belongs to the folder of the file it stands
#: in; from flags and the environment, to the working directory. Resolved before validation.
ConfigPath = Annotated[str, PATH_MARK]


@dataclass(frozen=True, slots=True)
class FileUrl:
    """Marks, in `Annotated`, a text that is a URL, and in some kinds of URLs names a file.

    `kind:///folder/file` is relative, as databases spell it, and belongs where a `ConfigPath`
    does; `kind:////folder/file` is absolute.

    Attributes:
        kinds: the kinds of URLs that name files: `sqlite`; a driver may follow, `sqlite+driver`.
    """

    kinds: tuple[str, ...]

    def anchored(self, node: Node) -> Node:
        """Make a relative path in a URL absolute."""
        found = _RELATIVE_FILE.fullmatch(node.value) if isinstance(node.value, str) else None
        if found is None or found["kind"] not in self.kinds:
            return node
        path = _absolute(found["path"], node)
        return Node(f"{found['before']}{path}{found['after']}", node.place, node.key_place)


#: `:memory:` and `file:` are no paths.
_RELATIVE_FILE = re.compile(
    r"(?P<before>(?P<kind>\w+)(\+\w+)?:///)(?P<path>(?!/|:|file:)[^?]+)(?P<after>(\?.*)?)"
)


def anchor_paths(annotation: Any, node: Node) -> Node:
    """Make the relative paths in a value absolute, wherever its type says `ConfigPath`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _fields_anchored(annotation, node)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _marked(inner[1:], node) or anchor_paths(inner[0], node)
    if isinstance(node.value, dict) and isinstance(origin, type) and issubclass(origin, Mapping):
        items = {key: anchor_paths(inner[1], each) for key, each in node.value.items()}
        return Node(items, node.place, node.key_place)
    if isinstance(node.value, list) and isinstance(origin, type) and issubclass(origin, Sequence):
        listed = [anchor_paths(inner[0], each) for each in node.value]
        return Node(listed, node.place, node.key_place)
    for each in inner:  # of a union
        node = anchor_paths(each, node)
    return node


def _fields_anchored(model: type[BaseModel], node: Node) -> Node:
    if not isinstance(node.value, dict):
        return node
    for name, info in model.model_fields.items():
        child = node.child(info.alias or name)
        if child is not None:
            # pydantic keeps the outermost marks of a field apart from its type.
            anchored = _marked(info.metadata, child) or anchor_paths(info.annotation, child)
            node = node.having(info.alias or name, anchored)
    return node


def _marked(marks: Iterable[object], node: Node) -> Node | None:
    """Anchor what one of the marks says is a place; None where none does."""
    for each in marks:
        if each == PATH_MARK:
            return _anchored(node)
        if isinstance(each, FileUrl):
            return each.anchored(node)
    return None


def _anchored(node: Node) -> Node:
    text = node.value
    if not isinstance(text, str) or "://" in text:
        return node
    return Node(_absolute(text, node), node.place, node.key_place)


def _absolute(text: str, node: Node) -> str:
    path = Path(node.place.folder, os.path.expanduser(text))  # noqa: PTH111 — leaves ~nobody be
    return os.path.normpath(path)


def inner_model(annotation: Any) -> type[BaseModel] | None:
    """Find the model inside an annotation such as `list[Model] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    candidates = (inner_model(each) for each in get_args(annotation))
    return next((each for each in candidates if each is not None), None)
