"""How does a pipeline become a checked one, with every plugin that it names?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from beaf_core.config.analytics import AnalyticsConfig
from beaf_core.config.load import LoadedPipeline, load_pipeline
from beaf_core.config.nodes import Node
from beaf_core.config.own_plugins import own_entries
from beaf_core.config.resolve import resolve
from beaf_core.config.resolved import ResolvedPipeline
from beaf_core.engine.session import modules_getter
from beaf_core.model.dates import parse_day
from beaf_core.model.errors import UsageError
from beaf_core.model.partition import parse_universe_spec
from beaf_core.model.universe import Universe, functions_of
from beaf_core.plugins.host import PluginHost
from beaf_core.plugins.inline import DEFAULT_UNIVERSE, universe_entry

#: The argument that gives a universe's function, where it is not `universes`.
_ARGUMENTS = {DEFAULT_UNIVERSE: "get_universe"}

PipelineLike = str | Path | Mapping[str, Any] | ModuleType | AnalyticsConfig


@dataclass(frozen=True, slots=True)
class PreparedPipeline:
    """A pipeline that is loaded and resolved, with a host that knows its own plugins."""

    loaded: LoadedPipeline
    resolved: ResolvedPipeline
    host: PluginHost
    given: tuple[str, ...] = ()


def prepare_pipeline(
    pipeline: PipelineLike,
    *,
    sets: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
    get_universe: Callable[..., Any] | None = None,
    get_pipeline: Callable[..., Any] | None = None,
    universes: Iterable[Universe] = (),
    needs_passes: bool = True,
    one_partition: bool = False,
    yaml_text: str | None = None,
) -> PreparedPipeline:
    """Load, merge and resolve a pipeline; its own file counts as a plugin.

    Args:
        pipeline: a file, a module (or its name), or a mapping of configuration.
        sets: `dotted.path=value` overrides.
        flags: top-level overrides.
        get_universe: the default universe; the pipeline's own, if None.
        get_pipeline: gives the modules of a pass; the pipeline's own, if None.
        universes: structured universes, whose functions count like the pipeline's own.
        needs_passes: whether a configuration without passes is a fault.
        one_partition: whether the dates are one partition, whatever BATCH_FREQ and batch_freq say.
        yaml_text: what is to stand in the pipeline's YAML file, checked before it is written.

    Raises:
        ConfigError, UsageError, PluginError: what to mend.
    """
    loaded = _loaded(pipeline, sets, flags, yaml_text)
    if one_partition:
        loaded = replace(loaded, tree=_uncut(loaded.tree))
    host = PluginHost().with_inline(own_entries(loaded.module, loaded.path, loaded.project))
    own = get_pipeline or getattr(loaded.module, "get_pipeline", None)
    getter = modules_getter(own, loaded.tree.plain())
    resolved = resolve(loaded.tree, loaded.project, host, getter, needs_passes=needs_passes)
    logging.getLogger("beaf").setLevel(resolved.config.LOGGING_LEVEL)
    named = _universes_of(resolved.config.UNIVERSE or DEFAULT_UNIVERSE)
    functions = functions_of(universes)
    if get_universe is not None:
        functions[DEFAULT_UNIVERSE] = get_universe
    # Those that nobody names must not keep a run from its workers.
    objects = {name: each for name, each in functions.items() if name in named}
    if objects:
        host = host.with_inline(
            universe_entry(each, "an argument of the call", name=name)
            for name, each in objects.items()
        )
    for name in named - {DEFAULT_UNIVERSE}:
        host.load("universe", name)
    given = [_ARGUMENTS.get(name, "universes") for name in objects]
    given += [] if get_pipeline is None else ["get_pipeline"]
    return PreparedPipeline(loaded, resolved, host, tuple(dict.fromkeys(given)))


def _universes_of(selector: str) -> set[str]:
    universe = parse_universe_spec(selector)
    return {part.name for part in universe.parts + universe.exclusions}


def _loaded(
    pipeline: PipelineLike,
    sets: Sequence[str],
    flags: Mapping[str, Any] | None,
    yaml_text: str | None,
) -> LoadedPipeline:
    if isinstance(pipeline, AnalyticsConfig):
        pipeline = pipeline.model_dump(mode="json", exclude_unset=True)
    return load_pipeline(pipeline, sets=sets, flags=flags, yaml_text=yaml_text)


def _uncut(tree: Node) -> Node:
    """Take the frequencies out of a configuration."""
    tree = tree.having("BATCH_FREQ", Node(None, tree.place))
    passes = tree.child("PASSES")
    if passes is None or not isinstance(passes.value, list):
        return tree
    uncut = [
        each.without("batch_freq") if isinstance(each.value, dict) else each
        for each in passes.value
    ]
    return tree.having("PASSES", replace(passes, value=uncut))


def request_flags(
    date: str | None, start_date: str | None, end_date: str | None, universe: str | None
) -> dict[str, Any]:
    """Render the arguments of a request as the topmost layer of the configuration.

    Raises:
        UsageError: a date beside a range, or one that is none.
    """
    if date is not None and (start_date or end_date):
        raise UsageError(
            "--date sets both ends", remedy="give --date, or --start_date and --end_date"
        )
    if date is not None and "${" not in date:
        _check_one_day(date)
    given = {"START_DATE": date or start_date, "END_DATE": date or end_date, "UNIVERSE": universe}
    return {name: value for name, value in given.items() if value is not None}


def _check_one_day(text: str) -> None:
    # Set as both ends, it would be told twice, and under names that the user has not written.
    try:
        parse_day(text)
    except UsageError as error:
        raise UsageError(
            f"--date: {error.message}",
            remedy="write one day as YYYY-MM-DD, a range as --start_date and --end_date",
        ) from None
