"""Whose is each section, and is every value right? All faults are found at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from beaf_core.config.analytics import NOT_YET, RETIRED, AnalyticsConfig
from beaf_core.config.errors import ConfigError
from beaf_core.config.nodes import Node
from beaf_core.config.passes import GetModules, PassResolver
from beaf_core.config.resolved import ResolvedPipeline
from beaf_core.config.validate import Findings
from beaf_core.model.dates import parse_day
from beaf_core.model.errors import UsageError
from beaf_core.model.partition import parse_universe_spec
from beaf_core.plugins.host import PluginHost

#: Sections of first-party plugins, kept where the plugin is not installed.
FIRST_PARTY_SECTIONS = {"BMLL_JOBS": ("launcher", "bmll", "beaf-bmll")}


def resolve(
    tree: Node, project: Path, host: PluginHost, get_modules: GetModules | None = None
) -> ResolvedPipeline:
    """Check a merged configuration, and resolve every name in it.

    Args:
        tree: the merged layers.
        project: the home of outputs and manifests.
        host: where plugins are loaded from.
        get_modules: the pipeline's own `get_pipeline`, if it has one.

    Raises:
        ConfigError: every fault, each with its place.
        PluginError: a plugin that is named but broken.
    """
    findings = Findings(tree)
    top = _without_retired(findings)
    source, source_options = _source(findings, host, top)
    launcher_options, own_key = _launcher(findings, host, top)
    top = _without_unknown(findings, top, own_key)
    passes = PassResolver(findings, host, top, project, get_modules).resolve()
    config = findings.validate(AnalyticsConfig, _without_resolved_passes(top), ())
    if config is not None:
        config.PASSES.extend(each.config for each in passes)
        _check_request(findings, config)
    if findings.problems:
        raise ConfigError(findings.problems)
    assert config is not None
    return ResolvedPipeline(
        config, passes, source, source_options, launcher_options, tuple(findings.notes), project
    )


def _without_retired(findings: Findings) -> Node:
    for name in RETIRED.keys() & findings.tree.value.keys():
        findings.note(f"{name} has no effect any more: {RETIRED[name]}")
    for name in NOT_YET:
        if name in findings.tree.value:
            findings.note(f"{name} is accepted, but has no effect in this version")
    return findings.tree.without(*RETIRED)


def _without_unknown(findings: Findings, top: Node, own_key: str | None) -> Node:
    """Report top-level keys that nobody owns, and take the launcher's own section out."""
    known = {*AnalyticsConfig.model_fields, *([own_key] if own_key else [])}
    unknown = [key for key in top.value if key not in known]
    for key in unknown:
        findings.unknown_key((key,), known)
    foreign = [own_key] if own_key and own_key not in AnalyticsConfig.model_fields else []
    return top.without(*unknown, *foreign)


def _without_resolved_passes(top: Node) -> Node:
    """Leave the passes to their resolver, so that each fault is told once."""
    passes = top.child("PASSES")
    if passes is None or not isinstance(passes.value, list):
        return top
    return top.having("PASSES", Node([], passes.place, passes.key_place))


def _source(findings: Findings, host: PluginHost, top: Node) -> tuple[str | None, BaseModel | None]:
    node = top.child("SOURCE")
    if node is None or not isinstance(node.value, dict):
        return None, None
    named = node.child("type")
    if named is None:
        installed = ", ".join(host.catalog.names("source"))
        findings.problem(("SOURCE",), "type is missing", remedy=f"installed sources: {installed}")
        return None, None
    name = str(named.value)
    model = findings.ask(lambda: host.config_model("source", name), ("SOURCE", "type"))
    return name, None if model is None else findings.validate(model, node, ("SOURCE",))


def _launcher(
    findings: Findings, host: PluginHost, top: Node
) -> tuple[BaseModel | None, str | None]:
    """Validate the launcher's section; return it with its key at the top level."""
    for key, (kind, plugin, distribution) in FIRST_PARTY_SECTIONS.items():
        if key in top.value and plugin not in host.catalog.names(kind):
            findings.note(f"{key} is kept; it takes effect once {distribution} is installed")
    node = top.child("LAUNCHER")
    name = str(node.value) if node else str(AnalyticsConfig.model_fields["LAUNCHER"].default)
    model = findings.ask(lambda: host.config_model("launcher", name), ("LAUNCHER",))
    if model is None:
        return None, None
    key = str(getattr(model, "config_key", name.upper()))
    section = top.child(key) or Node({}, top.place)
    return findings.validate(model, section, (key,)), key


def _check_request(findings: Findings, config: AnalyticsConfig) -> None:
    if "PASSES" not in findings.tree.value or not findings.tree.value["PASSES"].value:
        findings.problem((), "PASSES is empty, so there is nothing to compute")
    start, end = config.START_DATE, config.END_DATE
    if start and end and parse_day(end) < parse_day(start):
        findings.problem(("END_DATE",), f"the end {end} lies before the start {start}")
    if config.UNIVERSE is not None:
        try:
            parse_universe_spec(config.UNIVERSE)
        except UsageError as error:
            findings.problem(("UNIVERSE",), error.message, remedy=error.remedy)
