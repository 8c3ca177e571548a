"""Whose is each section, and is every value right? All faults are found at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from beaf_core.config.analytics import AnalyticsConfig
from beaf_core.config.errors import ConfigError
from beaf_core.config.modules import GetModules, ModuleResolver
from beaf_core.config.nodes import Node
from beaf_core.config.passes import PassResolver
from beaf_core.config.resolved import ResolvedPipeline
from beaf_core.config.retired import FIRST_PARTY_SECTIONS, RETIRED
from beaf_core.config.validate import Findings
from beaf_core.model.dates import parse_day
from beaf_core.plugins.errors import PluginError
from beaf_core.plugins.host import PluginHost


def resolve(
    tree: Node,
    project: Path,
    host: PluginHost,
    get_modules: GetModules | None = None,
    *,
    needs_passes: bool = True,
) -> ResolvedPipeline:
    """Check a merged configuration, and resolve every name in it.

    Args:
        tree: the merged layers.
        project: the home of outputs and manifests.
        host: where plugins are loaded from.
        get_modules: the pipeline's own `get_pipeline`, if it has one.
        needs_passes: whether a configuration without passes is a fault.

    Raises:
        ConfigError: every fault, each with its place.
    """
    findings = Findings(tree)
    top = _without_retired(findings)
    source, source_options = _source(findings, host, top)
    launcher_options, claimed = _launchers(findings, host, top)
    config = findings.validate(AnalyticsConfig, _core_fields(top, claimed), ())
    modules = ModuleResolver(findings, host, get_modules)
    # Where a field is wrong, its default stands in, so that the rest can be checked.
    known = config or AnalyticsConfig()
    passes = PassResolver(findings, host, top, known, project, modules).resolve()
    known.PASSES.extend(each.config for each in passes)
    _check_request(findings, known, needs_passes)
    if findings.problems:
        raise ConfigError(findings.problems)
    return ResolvedPipeline(
        known, passes, source, source_options, launcher_options, tuple(findings.notes), project
    )


def _without_retired(findings: Findings) -> Node:
    written = findings.tree.value
    for name, reason in RETIRED.items():
        if name in written:
            findings.note(f"{name} has no effect any more: {reason}")
    return findings.tree.without(*RETIRED)


def _core_fields(top: Node, claimed: set[str]) -> Node:
    """Leave launchers' sections and passes to their resolvers, so that each fault is told once."""
    top = top.without(*(claimed - AnalyticsConfig.model_fields.keys()))
    passes = top.child("PASSES")
    if passes is None or not isinstance(passes.value, list):
        return top
    return top.having("PASSES", replace(passes, value=[]))


# -- sections of plugins -----------------------------------------------------------------------


def _source(findings: Findings, host: PluginHost, top: Node) -> tuple[str | None, BaseModel | None]:
    node = top.child("SOURCE")
    if node is None or node.value is None:
        return None, None
    installed = f"installed sources: {', '.join(host.catalog.names('source'))}"
    named = node.child("type")
    if not isinstance(node.value, dict):
        message = "should be a mapping with the type of the source and its options"
        findings.problem(("SOURCE",), message, remedy=f"write SOURCE: {{type: …}}; {installed}")
    elif named is None or not isinstance(named.value, str):
        findings.problem(("SOURCE", "type"), "should name a source", remedy=installed)
    else:
        return named.value, _source_options(findings, host, node, named.value)
    return None, None


def _source_options(
    findings: Findings, host: PluginHost, node: Node, name: str
) -> BaseModel | None:
    found = findings.ask(lambda: (host.config_model("source", name),), ("SOURCE", "type"))
    if found is None:
        return None
    model = found[0] or _NoOptions
    own = node if "type" in model.model_fields else node.without("type")
    options = findings.validate(model, own, ("SOURCE",), also=["type"])
    return None if isinstance(options, _NoOptions) else options


class _NoOptions(BaseModel):
    """The options of a plugin that has none."""

    model_config = ConfigDict(extra="forbid")


def _launchers(
    findings: Findings, host: PluginHost, top: Node
) -> tuple[BaseModel | None, set[str]]:
    """Validate the launchers' sections; return the chosen one's options, and whose keys are taken.

    Sections of other installed launchers are checked too: a flag may choose one of those.
    """
    name = _launcher_name(top)
    found = findings.ask(lambda: (host.config_model("launcher", name),), ("LAUNCHER",))
    claimed: set[str] = set()
    options: BaseModel | None = None
    if found is not None and found[0] is not None:
        key = _section_key(found[0], name)
        section = top.child(key) or Node({}, top.place)
        options = findings.validate(found[0], section, (key,))
        claimed.add(key)
    for key, model in _other_launchers(findings, host, top, claimed):
        findings.validate(model, top.value[key], (key,))
        claimed.add(key)
    _note_absent(findings, host, top)
    return options, claimed


def _launcher_name(top: Node) -> str:
    node = top.child("LAUNCHER")
    default = AnalyticsConfig.model_fields["LAUNCHER"].default
    return str(default if node is None else node.value)


def _other_launchers(
    findings: Findings, host: PluginHost, top: Node, claimed: set[str]
) -> Iterator[tuple[str, type[BaseModel]]]:
    """Load the other installed launchers only if there is a key whose owner is unknown."""
    core = AnalyticsConfig.model_fields.keys() - FIRST_PARTY_SECTIONS.keys()
    unclaimed = top.value.keys() - core - claimed
    for name in host.catalog.names("launcher") if unclaimed else []:
        try:
            model = host.config_model("launcher", name)
        except PluginError as error:
            findings.note(f"while looking for a section's owner: {error.message}")
            continue
        key = _section_key(model, name)
        if model is not None and key in unclaimed:
            yield key, model


def _section_key(model: type[BaseModel] | None, name: str) -> str:
    return str(getattr(model, "config_key", name.upper()))


def _note_absent(findings: Findings, host: PluginHost, top: Node) -> None:
    for key, (kind, plugin, distribution) in FIRST_PARTY_SECTIONS.items():
        if key in top.value and plugin not in host.catalog.names(kind):
            findings.note(f"{key} is kept; it takes effect once {distribution} is installed")


# -- the request -------------------------------------------------------------------------------


def _check_request(findings: Findings, config: AnalyticsConfig, needs_passes: bool) -> None:
    passes = findings.tree.child("PASSES")
    if needs_passes and (passes is None or passes.value == []):
        findings.problem(
            ("PASSES",),
            "there is no pass, so there is nothing to compute",
            remedy="write PASSES: [{name: bars, modules: [trade]}]",
        )
    if config.SCHEMA_LOCK_MODE != "off" and not config.SCHEMA_LOCK_PATH:
        findings.problem(
            ("SCHEMA_LOCK_MODE",),
            f"{config.SCHEMA_LOCK_MODE} needs a file that holds the columns",
            remedy="write SCHEMA_LOCK_PATH: schema.json; the first run makes it",
        )
    if "://" in (config.SCHEMA_LOCK_PATH or ""):
        findings.problem(("SCHEMA_LOCK_PATH",), "should be a file on this machine, not an address")
    start, end = config.START_DATE, config.END_DATE
    if start and end and parse_day(end) < parse_day(start):
        findings.problem(("END_DATE",), f"the end {end} lies before the start {start}")
