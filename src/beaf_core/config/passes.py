"""What does each pass ask of its modules, and who owns the sections inside it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from beaf_core.config.analytics import PassConfig
from beaf_core.config.nodes import Node, Steps, name_of
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.config.targets import resolve_targets
from beaf_core.config.validate import Findings
from beaf_core.model.errors import BeafError, UsageError
from beaf_core.model.module import AnalyticsModule, Measure
from beaf_core.plugins.answers import check_measures
from beaf_core.plugins.catalog import PluginEntry
from beaf_core.plugins.host import PluginHost

#: Asks a pipeline's own `get_pipeline` for the modules of a pass; None where it has none.
GetModules = Callable[[PassConfig], Sequence[AnalyticsModule | str]]


class PassResolver:
    """Resolves the passes of one configuration."""

    def __init__(
        self,
        findings: Findings,
        host: PluginHost,
        top: Node,
        project: Path,
        get_modules: GetModules | None,
    ) -> None:
        self.findings, self.host, self.top = findings, host, top
        self.project, self.get_modules = project, get_modules

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
        found = [self._pass(each, ("PASSES", index)) for index, each in enumerate(node.value)]
        return tuple(each for each in found if each is not None)

    def _pass(self, node: Node, path: Steps) -> ResolvedPass | None:
        if not isinstance(node.value, dict):
            self.findings.problem(path, "a pass is a mapping with name, modules and options")
            return None
        sections = [key for key in node.value if key not in PassConfig.model_fields]
        config = self.findings.validate(PassConfig, node.without(*sections), path)
        modules = self._modules(node, path, config)
        self._unowned(node, path, {each.module.config_key for each in modules})
        targets = resolve_targets(self.findings, self.host, self.top, node, path, self.project)
        if config is None:
            return None
        options = {each.module.config_key: each.options for each in modules}
        resolved = ResolvedPass(config.model_copy(update=options), tuple(modules), targets)
        self._repeated_columns(resolved, path)
        return resolved

    # -- modules -----------------------------------------------------------------------------

    def _modules(self, node: Node, path: Steps, config: PassConfig | None) -> list[ResolvedModule]:
        if self.get_modules is not None and config is not None:
            asked = [(self._given(each, path), path) for each in self.get_modules(config)]
        else:
            asked = self._named(node, path)
        known = [(module, where) for module, where in asked if module is not None]
        if not asked and config is not None:
            self.findings.problem(path, "the pass names no module, so it would compute nothing")
        return [
            resolved
            for module, where in known
            if (resolved := self._module(module, node, path, where)) is not None
        ]

    def _named(self, node: Node, path: Steps) -> list[tuple[AnalyticsModule | None, Steps]]:
        listed = node.child("modules")
        names = listed.value if listed and isinstance(listed.value, list) else []
        return [
            (self._load(str(each.value), (*path, "modules", i)), (*path, "modules", i))
            for i, each in enumerate(names)
        ]

    def _given(self, module: AnalyticsModule | str, path: Steps) -> AnalyticsModule | None:
        return self._load(module, path) if isinstance(module, str) else module

    def _load(self, name: str, path: Steps) -> AnalyticsModule | None:
        return self.findings.ask(lambda: self.host.analytics_module(name), path)

    def _module(
        self, module: AnalyticsModule, node: Node, path: Steps, named_at: Steps
    ) -> ResolvedModule | None:
        section = node.child(module.config_key)
        where = (*path, module.config_key)
        before = len(self.findings.problems)
        options = self._options(module, section, node, where)
        if len(self.findings.problems) > before:
            return ResolvedModule(module, None, ())  # it owns its section all the same
        try:
            measures = self._measures(module, options)
        except UsageError as error:
            place = where if section else named_at
            self.findings.problem(place, error.message, remedy=error.remedy)
            measures = ()
        return ResolvedModule(module, options, measures)

    def _options(
        self, module: AnalyticsModule, section: Node | None, node: Node, where: Steps
    ) -> BaseModel | None:
        if module.Config is not None:
            return self.findings.validate(module.Config, section or Node({}, node.place), where)
        if section is not None:
            self.findings.problem(where, f'the module "{module.name}" has no options', key=True)
        return None

    def _measures(self, module: AnalyticsModule, options: Any) -> tuple[Measure, ...]:
        entry = self._entry(module.name)
        measures = tuple(check_measures(entry, module.measures(options)))
        if not measures:
            raise UsageError(
                f'the module "{module.name}" yields no column with these options',
                remedy=f"beaf analytics list --module {module.name} shows what it can yield",
            )
        return measures

    def _entry(self, name: str) -> PluginEntry:
        if name in self.host.catalog.names("module"):
            return self.host.catalog.find("module", name)
        return PluginEntry("module", name, "get_pipeline", "the pipeline's own file", "")

    # -- sections ----------------------------------------------------------------------------

    def _unowned(self, node: Node, path: Steps, owned: set[str]) -> None:
        for key in node.value:
            if key in PassConfig.model_fields or key in owned:
                continue
            owner = self._owners.get(key)
            if owner is None:
                known = {*PassConfig.model_fields, *owned, *self._owners}
                self.findings.unknown_key((*path, key), known)
            elif not self._is_misspelt(owner, node):
                self.findings.problem(
                    (*path, key),
                    f'belongs to the module "{owner}", which this pass does not name',
                    key=True,
                    remedy=f"add {owner} to modules, or remove the section",
                )

    def _is_misspelt(self, owner: str, node: Node) -> bool:
        """Say whether the section's module was meant by an unknown name, reported already."""
        listed = node.child("modules")
        names = [str(each.value) for each in listed.value] if listed else []
        return any(name not in self.host.catalog.names("module") for name in names)

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        """Sections of all installed modules. A broken module owns nothing, and is told of."""
        owners: dict[str, str] = {}
        for name in self.host.catalog.names("module"):
            try:
                owners[self.host.analytics_module(name).config_key] = name
            except BeafError as error:
                self.findings.note(f"while looking for a section's owner: {error.message}")
        return owners

    def _repeated_columns(self, resolved: ResolvedPass, path: Steps) -> None:
        seen: dict[str, str] = {}
        for each in resolved.modules:
            for measure in each.measures:
                other = seen.setdefault(measure.name, each.module.name)
                if other != each.module.name:
                    self.findings.problem(
                        path,
                        f'the modules "{other}" and "{each.module.name}" both yield {measure.name}',
                        remedy="set metric_prefix in one of their sections",
                    )
