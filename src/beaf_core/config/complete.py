"""What does a configuration look like when every path is absolute and no default is left out?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from beaf_core.config.analytics import AnalyticsConfig
from beaf_core.config.errors import Place
from beaf_core.config.nodes import Node, from_plain, merge, name_of
from beaf_core.config.paths import anchor_paths
from beaf_core.config.resolved import ResolvedPass, ResolvedPipeline
from beaf_core.model.outputs import Target

DEFAULT = Place("default", "")


def absolute(tree: Node, resolved: ResolvedPipeline) -> Node:
    """Make every path absolute, so that the configuration means the same wherever it is read.

    Args:
        tree: the merged layers.
        resolved: the same, resolved: it says which plugin's options a section is.
    """
    tree = _anchored_at(anchor_paths(AnalyticsConfig, tree), "SOURCE", resolved.source_options)
    passes = tree.child("PASSES")
    if passes is None or not isinstance(passes.value, list):
        return tree
    by_name = {each.name: each for each in resolved.passes}
    anchored = [_pass_anchored(node, by_name.get(name_of(node) or "")) for node in passes.value]
    return tree.having("PASSES", Node(anchored, passes.place, passes.key_place))


def complete(tree: Node, resolved: ResolvedPipeline) -> Node:
    """Put the defaults below a configuration whose paths are absolute."""
    written = absolute(tree, resolved)
    return merge(from_plain(dict(_defaults(resolved)), DEFAULT), written)


def _pass_anchored(node: Node, resolved: ResolvedPass | None) -> Node:
    if resolved is None or not isinstance(node.value, dict):
        return node
    for each in resolved.modules:
        node = _anchored_at(node, each.module.config_key, each.options)
    return _anchored_at(node, "output", _main(resolved).options)


def _anchored_at(node: Node, key: str, options: BaseModel | None) -> Node:
    section = node.child(key)
    if section is None or options is None:
        return node
    return node.having(key, anchor_paths(type(options), section))


def _main(resolved: ResolvedPass) -> Target:
    return resolved.targets[0]


def _defaults(resolved: ResolvedPipeline) -> Iterator[tuple[str, Any]]:
    for name, value in AnalyticsConfig().model_dump(mode="json").items():
        if name == "SOURCE":
            yield name, _dumped(resolved.source_options)
        elif name == "PASSES":
            yield name, [_pass_defaults(each) for each in resolved.passes]
        else:
            yield name, value


def _pass_defaults(resolved: ResolvedPass) -> Mapping[str, Any]:
    plain = type(resolved.config)(name=resolved.name).model_dump(mode="json")
    sections = {
        each.module.config_key: _dumped(each.options)
        for each in resolved.modules
        if each.options is not None
    }
    return {**plain, **sections}


def _dumped(options: BaseModel | None) -> Any:
    return None if options is None else options.model_dump(mode="json")
