"""Where do the rows of a pass go, and which plugin owns which key of the target?"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from beaf_core.config.analytics import RETIRED_OUTPUT, AnalyticsConfig, OutputTarget
from beaf_core.config.nodes import Node, Steps, merge, name_of
from beaf_core.config.validate import Findings, anchor_paths
from beaf_core.model.run import Target
from beaf_core.plugins.host import PluginHost


def resolve_targets(
    findings: Findings, host: PluginHost, top: Node, node: Node, path: Steps, project: Path
) -> tuple[Target, ...]:
    """Resolve the targets of one pass: its `output` over OUTPUT_TARGET, then `extra_outputs`."""
    resolver = _TargetResolver(findings, host, top, name_of(node) or "", project)
    default = top.child("OUTPUT_TARGET") or Node({}, top.place)
    own, extra = node.child("output"), node.child("extra_outputs")
    main = merge(default, own) if own and isinstance(own.value, dict) else default
    sections = [((*path, "output") if own else ("OUTPUT_TARGET",), main)]
    if extra and isinstance(extra.value, list):
        sections += [((*path, "extra_outputs", i), each) for i, each in enumerate(extra.value)]
    found = [resolver.target(section, where) for where, section in sections]
    return tuple(each for each in found if each is not None)


class _TargetResolver:
    def __init__(
        self, findings: Findings, host: PluginHost, top: Node, pass_name: str, project: Path
    ) -> None:
        self.findings, self.host, self.top = findings, host, top
        self.pass_name, self.project = pass_name, project

    def target(self, section: Node, path: Steps) -> Target | None:
        if not isinstance(section.value, dict):
            return None  # reported with the fields of the pass
        section = self._without_retired(section)
        own_keys = [key for key in section.value if key not in OutputTarget.model_fields]
        named = section.child("type")
        name = str(named.value) if named else str(OutputTarget.model_fields["type"].default)
        model = self.findings.ask(
            lambda: self.host.config_model("output", name), (*path, "type") if named else path
        )
        options = self._options(model, section, own_keys, name, path)
        core = self._core(section.without(*own_keys))
        if core is None:
            return None
        return Target(
            type=name,
            dataset=self._text("DATASETNAME"),
            pass_name=self.pass_name,
            path_template=self._template(core),
            options=options,
            partition_columns=tuple(core.partition_columns),
            storage_options=self._storage_options(),
            placeholders={
                name: value
                for name in ("bucket", "prefix")
                if (value := getattr(core, name)) is not None
            },
        )

    def _without_retired(self, section: Node) -> Node:
        for key in RETIRED_OUTPUT.keys() & section.value.keys():
            self.findings.note(f"OUTPUT_TARGET.{key} has no effect any more: {RETIRED_OUTPUT[key]}")
        return section.without(*RETIRED_OUTPUT)

    def _core(self, section: Node) -> OutputTarget | None:
        """Read the keys that the core knows; their faults are reported with their section."""
        try:
            return OutputTarget.model_validate(anchor_paths(OutputTarget, section).plain())
        except ValueError:
            return None

    def _options(
        self,
        model: type[BaseModel] | None,
        section: Node,
        own_keys: list[str],
        name: str,
        path: Steps,
    ) -> BaseModel | None:
        if model is not None:
            rest = Node({key: section.value[key] for key in own_keys}, section.place)
            return self.findings.validate(model, rest, path)
        if name in self.host.catalog.names("output"):
            for key in own_keys:
                self.findings.unknown_key((*path, key), OutputTarget.model_fields)
        return None

    def _template(self, core: OutputTarget) -> str:
        if "path_template" in core.model_fields_set:
            return core.path_template
        return str(self.project / core.path_template)

    def _text(self, name: str) -> str:
        node = self.top.child(name)
        return str(node.value if node else AnalyticsConfig.model_fields[name].default)

    def _storage_options(self) -> dict[str, str]:
        node = self.top.child("S3_STORAGE_OPTIONS")
        if node is None or not isinstance(node.value, dict):
            return {}
        return {key: str(value) for key, value in node.plain().items()}
