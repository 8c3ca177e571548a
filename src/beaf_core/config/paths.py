"""Which configured texts are paths, and relative to what?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from beaf_core.config.nodes import Node

PATH_MARK = "beaf-path"

#: A path or URL in a configuration. A relative one belongs to the folder of the file it stands
#: in; from flags and the environment, to the working directory. Resolved before validation.
ConfigPath = Annotated[str, PATH_MARK]


def anchor_paths(annotation: Any, node: Node) -> Node:
    """Make the relative paths in a value absolute, wherever its type says `ConfigPath`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _fields_anchored(annotation, node)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marked = PATH_MARK in inner[1:]
        return _anchored(node) if marked else anchor_paths(inner[0], node)
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
            marked = PATH_MARK in info.metadata
            anchored = _anchored(child) if marked else anchor_paths(info.annotation, child)
            node = node.having(info.alias or name, anchored)
    return node


def _anchored(node: Node) -> Node:
    text = node.value
    if not isinstance(text, str) or "://" in text:
        return node
    path = Path(node.place.folder, os.path.expanduser(text))  # noqa: PTH111 — leaves ~nobody be
    return Node(os.path.normpath(path), node.place, node.key_place)


def inner_model(annotation: Any) -> type[BaseModel] | None:
    """Find the model inside an annotation such as `list[Model] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    candidates = (inner_model(each) for each in get_args(annotation))
    return next((each for each in candidates if each is not None), None)
