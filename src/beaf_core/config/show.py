"""What is configured in the end, and where did each value come from?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from beaf_core.config.complete import complete
from beaf_core.config.nodes import Node
from beaf_core.config.redact import redact
from beaf_core.config.resolved import ResolvedPipeline


def as_values(tree: Node, resolved: ResolvedPipeline) -> dict[str, Any]:
    """Render as JSON-ready values: the configuration, and path → origin of each value."""
    whole = complete(tree, resolved)
    return {
        "config": redact(whole.plain()),
        "origins": {_dotted(whole, path): str(node.place) for path, node in whole.leaves()},
        "project": str(resolved.project),
        "notes": list(resolved.notes),
    }


def as_lines(tree: Node, resolved: ResolvedPipeline) -> Iterator[str]:
    """Render as YAML lines, each value followed by its origin."""
    yield f"# project: {resolved.project}"
    yield from _mapping(complete(tree, resolved), 0)


def _mapping(node: Node, depth: int, name: str = "") -> Iterator[str]:
    for key, child in node.value.items():
        yield from _entry(f"{key}:", f"{name}.{key}", child, depth)


def _entry(head: str, name: str, node: Node, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(node.value, dict) and node.value:
        yield pad + head
        yield from _mapping(node, depth + 1, name)
    elif isinstance(node.value, list) and any(isinstance(n.value, dict) for n in node.value):
        yield pad + head
        for item in node.value:
            lines = list(_mapping(item, depth + 2, name)) if isinstance(item.value, dict) else []
            if lines:
                yield f"{'  ' * (depth + 1)}- {lines[0].lstrip()}"
                yield from lines[1:]
            else:
                yield f"{'  ' * (depth + 1)}- {_scalar(redact(item.plain(), name))}  # {item.place}"
    else:
        yield f"{pad}{head} {_scalar(redact(node.plain(), name))}  # {node.place}"


def _scalar(value: object) -> str:
    # JSON is YAML, on one line.
    return json.dumps(value, ensure_ascii=False, default=str)


def _dotted(tree: Node, path: tuple[str | int, ...]) -> str:
    """Name a value as `--set` would: passes and schedules by their name."""
    steps: list[str] = []
    node = tree
    for step in path:
        node = node.at([step])
        name = node.child("name") if isinstance(step, int) else None
        steps.append(str(name.value) if name else str(step))
    return ".".join(steps)
