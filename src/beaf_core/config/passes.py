"""What does each pass ask of its modules, and where do its rows go?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from beaf_core.config.analytics import AnalyticsConfig, PassConfig
from beaf_core.config.inputs import InputBinder
from beaf_core.config.modules import ModuleResolver
from beaf_core.config.nodes import Node, Steps, merge, name_of
from beaf_core.config.placed import PlacedPass
from beaf_core.config.readers import check_modules
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.config.targets import TargetResolver
from beaf_core.config.validate import Findings
from beaf_core.model.outputs import Target
from beaf_core.plugins.host import PluginHost


@dataclass(frozen=True, slots=True)
class PassResolver:
    """Resolves the passes of one configuration.

    Attributes:
        findings: where faults are reported.
        host: where outputs are loaded from.
        top: the configuration as it was written.
        config: its fields.
        project: the home of outputs.
        modules: resolves the modules of each pass.
    """

    findings: Findings
    host: PluginHost
    top: Node
    config: AnalyticsConfig
    project: Path
    modules: ModuleResolver

    def resolve(self) -> tuple[ResolvedPass, ...]:
        """Resolve every pass; what is wrong is reported, and left out."""
        node = self.top.child("PASSES")
        if node is None or not isinstance(node.value, list):
            return ()
        names = [name_of(each) for each in node.value]
        for index, name in enumerate(names):
            if name is not None and name in names[:index]:
                where = ("PASSES", index, "name")
                self.findings.problem(where, f'a pass named "{name}" stands above')
        resolved = [self._pass(each, ("PASSES", index)) for index, each in enumerate(node.value)]
        found = self._bound(node.value, resolved, [name for name in names if name is not None])
        if not self.findings.problems:  # a misspelt path_template leaves the default
            self._shared_locations(
                (("PASSES", index), target)
                for index, each in enumerate(found)
                for target in each.targets
            )
        return tuple(found)

    def _bound(
        self, nodes: list[Node], passes: list[ResolvedPass | None], names: list[str]
    ) -> list[ResolvedPass]:
        placed = [
            PlacedPass(each, nodes[index], ("PASSES", index))
            for index, each in enumerate(passes)
            if each is not None
        ]
        found = InputBinder(self.findings, self.config, self.modules, names).bind(placed)
        check_modules(self.findings, found)
        return [each.resolved for each in found]

    def _pass(self, node: Node, path: Steps) -> ResolvedPass | None:
        if not isinstance(node.value, dict):
            self.findings.problem(path, "a pass is a mapping with name, modules and options")
            return None
        sections = [key for key in node.value if key not in PassConfig.model_fields]
        config = self.findings.validate(PassConfig, node.without(*sections), path)
        written = {key: node.value[key].plain() for key in sections}
        modules = without_repeats(
            self.modules.resolve(node, path, config.model_copy(update=written) if config else None)
        )
        targets = self._targets(node, path)
        if config is None:
            return None
        self._source(config, path)
        return ResolvedPass(config, tuple(modules), targets, self.config.DEFAULT_FFILL)

    def _targets(self, node: Node, path: Steps) -> tuple[Target, ...]:
        """Resolve the pass's `output` over OUTPUT_TARGET, then its `extra_outputs`."""
        resolver = TargetResolver(
            self.findings, self.host, self.config, name_of(node) or "unnamed", self.project
        )
        default = self.top.child("OUTPUT_TARGET") or Node({}, self.top.place)
        own, extra = node.child("output"), node.child("extra_outputs")
        main = merge(default, own) if own and isinstance(own.value, dict) else default
        sections = [(main, (*path, "output") if own else ("OUTPUT_TARGET",))]
        if extra and isinstance(extra.value, list):
            sections += [
                ((each, (*path, "extra_outputs", i))) for i, each in enumerate(extra.value)
            ]
        found = [resolver.resolve(section, where) for section, where in sections]
        return tuple(each for each in found if each is not None)

    def _source(self, config: PassConfig, path: Steps) -> None:
        """Report what is to be preserved of a source pass where there is none."""
        wanted = config.quality_checks.expect.need_source if config.quality_checks else []
        if wanted and config.source_pass is None:
            self.findings.problem(
                (*path, "quality_checks", "expect", wanted[0]),
                "the pass has no source pass to preserve anything of",
                remedy="name one with source_pass",
            )

    def _shared_locations(self, targets: Iterable[tuple[Steps, Target]]) -> None:
        """Report outputs of which one would overwrite the other."""
        seen: dict[tuple[str, str, str], str] = {}
        for path, target in targets:
            location = target.path_template.replace("{pass}", target.pass_name)
            key = (target.type, location, repr(target.options))
            if key in seen:
                self.findings.problem(
                    path,
                    f'the passes "{seen[key]}" and "{target.pass_name}" both write to {location}'
                    if seen[key] != target.pass_name
                    else f'the pass "{target.pass_name}" writes to {location} twice',
                    remedy="give each its own path_template; {pass} in it tells passes apart",
                )
            seen.setdefault(key, target.pass_name)


def without_repeats(modules: Iterable[ResolvedModule]) -> list[ResolvedModule]:
    """Leave out measures that give way to a column of their name; of several, the first stays."""
    found = list(modules)
    taken = {each.name for module in found for each in module.measures if not each.gives_way}
    kept = []
    for module in found:
        own = [each for each in module.measures if not (each.gives_way and each.name in taken)]
        taken |= {each.name for each in own}
        kept.append(replace(module, measures=tuple(own)))
    return kept
