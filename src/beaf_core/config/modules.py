"""Which modules does a pass have, with which options, and who owns the sections inside it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from beaf_core.config.analytics import PassConfig
from beaf_core.config.nodes import Node, Steps
from beaf_core.config.pipeline_module import told
from beaf_core.config.resolved import ResolvedModule
from beaf_core.config.validate import Findings
from beaf_core.model.errors import BeafError, UsageError
from beaf_core.model.module import AnalyticsModule, Measure
from beaf_core.model.primitives import SourcePass
from beaf_core.plugins.catalog import FIRST_PARTY, OWN_FILE, PluginEntry
from beaf_core.plugins.declarations import (
    check_module,
    completed_options,
    declared_of,
    measures_of,
    rows_of,
)
from beaf_core.plugins.host import PluginHost

if TYPE_CHECKING:
    from beaf_core.plugins.catalog import Catalog

#: Asks a pipeline's own `get_pipeline` for the modules of a pass; None where it has none.
GetModules = Callable[[PassConfig], Sequence[AnalyticsModule | str]]


class ModuleResolver:
    """Resolves the modules of passes, and finds the owners of their sections."""

    def __init__(
        self, findings: Findings, host: PluginHost, get_modules: GetModules | None
    ) -> None:
        self.findings, self.host, self.get_modules = findings, host, get_modules

    def resolve(self, node: Node, path: Steps, config: PassConfig | None) -> list[ResolvedModule]:
        """Resolve the modules of one pass; what is wrong is reported, and left out."""
        if self.get_modules is None:
            asked = self._named(node, path)
        elif config is not None:
            asked = [(self._given(each, path), path) for each in self._answered(config, path)]
        else:
            return []  # `get_pipeline` can only be asked with a pass that is right
        asked += self._implied(node, path, {each.name for each, _ in asked if each is not None})
        found = [
            self._module(module, node, path, where) for module, where in asked if module is not None
        ]
        self._unowned(node, path, {each.module.config_key for each in found})
        return found

    # -- which ---------------------------------------------------------------------------------

    def _named(self, node: Node, path: Steps) -> list[tuple[AnalyticsModule | None, Steps]]:
        listed = node.child("modules")
        if (listed is None or listed.value == []) and not self._sections_of_their_own(node):
            self._no_module(path)
        found: list[tuple[AnalyticsModule | None, Steps]] = []
        seen: set[str] = set()
        for index, name in enumerate(_names(node)):
            where = (*path, "modules", index)
            if name and name in seen:
                self.findings.problem(where, f'the module "{name}" stands above')
            elif name:
                found.append((self._load(name, where), where))
            seen.add(name)
        return found

    def _implied(
        self, node: Node, path: Steps, named: set[str]
    ) -> list[tuple[AnalyticsModule | None, Steps]]:
        """Load the modules that stand in the pass with their section alone."""
        own = [name for name in self._sections_of_their_own(node) if name not in named]
        found = [(self._load(name, (*path, name)), (*path, name)) for name in own]
        return [(module, at) for module, at in found if module and module.config_key == at[-1]]

    def _sections_of_their_own(self, node: Node) -> list[str]:
        """List the keys of a pass that are names of modules, as `metrics` is."""
        names = {*self.host.catalog.names("module"), *_FIRST_PARTY_MODULES}
        return [key for key in node.value if key in names and key not in PassConfig.model_fields]

    def _no_module(self, path: Steps) -> None:
        self.findings.problem(
            (*path, "modules"),
            "the pass names no module, so it would compute nothing",
            remedy="installed modules: " + ", ".join(self.host.catalog.names("module")),
        )

    def _load(self, name: str, where: Steps) -> AnalyticsModule | None:
        return self.findings.ask(lambda: self.host.analytics_module(name), where)

    def _answered(self, config: PassConfig, path: Steps) -> Sequence[AnalyticsModule | str]:
        assert self.get_modules is not None
        remedy: str | None = "return a list of modules, or of their names"
        try:
            answer = self.get_modules(config)
        except BeafError as error:
            message, remedy = error.message, error.remedy
        except Exception as error:  # noqa: BLE001 — a person's own code may raise anything
            message, remedy = told(error, "get_pipeline raises"), "mend the pipeline's file"
        else:
            if isinstance(answer, list | tuple) and answer:
                return answer
            kind = f"a {type(answer).__name__}" if answer else "nothing"
            message = f"get_pipeline returned {kind}, not a list of modules"
        self.findings.problem(path, message, remedy=remedy)
        return ()

    def _given(self, module: AnalyticsModule | str, path: Steps) -> AnalyticsModule | None:
        if isinstance(module, str):
            return self._load(module, path)
        entry = self.entry_of(getattr(module, "name", type(module).__name__))
        return self.findings.ask(lambda: check_module(entry, module), path)

    def entry_of(self, name: str) -> PluginEntry:
        """Name the plugin that a module comes from."""
        return entry_of(self.host.catalog, name)

    def provider_of(self, table: str) -> str | None:
        """Name an installed module that provides a table without being asked to."""
        for name in self.host.catalog.names("module"):
            try:
                module = self.host.analytics_module(name)
                options = None if module.Config is None else module.Config()
                provided = declared_of(self.entry_of(name), module, options).provides
            except (BeafError, ValidationError):
                continue  # broken, or in need of options: it cannot be recommended
            if any(each.name == table for each in provided):
                return name
        return None

    # -- options and measures ------------------------------------------------------------------

    def _module(
        self, module: AnalyticsModule, node: Node, path: Steps, named_at: Steps
    ) -> ResolvedModule:
        section = node.child(module.config_key)
        where = (*path, module.config_key)
        options = self._options(module, section, node, where)
        if options is None and module.Config is not None:
            return ResolvedModule(module, None)  # it owns its section all the same
        # What it makes of a source pass is known once that pass is (`completed`).
        waits = module.from_source is not None
        return self._declared(module, options, where if section else named_at, or_none=waits)

    def completed(self, module: ResolvedModule, source: SourcePass, where: Steps) -> ResolvedModule:
        """Let a module complete its options by what its source pass yields."""
        entry = self.entry_of(module.module.name)
        try:
            options = completed_options(entry, module.module, module.options, source)
        except BeafError as error:
            self.findings.problem(where, error.message, remedy=error.remedy)
            return module
        return self._declared(module.module, options, where)

    def _declared(
        self, module: AnalyticsModule, options: Any, where: Steps, *, or_none: bool = False
    ) -> ResolvedModule:
        """Ask a module for everything that its options ask for."""
        entry = self.entry_of(module.name)
        try:
            declared = declared_of(entry, module, options)
            gives_none = or_none or bool(declared.provides or declared.grid)
            measures = self._measures(module, options, or_none=gives_none)
            rows = rows_of(entry, module, options)
        except BeafError as error:
            self.findings.problem(where, error.message, remedy=error.remedy)
            return ResolvedModule(module, options)
        return ResolvedModule(module, options, measures, rows, **declared._asdict())

    def _options(
        self, module: AnalyticsModule, section: Node | None, node: Node, where: Steps
    ) -> BaseModel | None:
        if section is None or section.value is None:  # `trade_analytics:` with nothing below it
            section = Node({}, node.place) if section is None else Node({}, section.place)
        if module.Config is not None:
            return self.findings.validate(module.Config, section, where)
        if section.value != {}:
            self.findings.problem(where, f'the module "{module.name}" has no options', key=True)
        return None

    def _measures(
        self, module: AnalyticsModule, options: Any, *, or_none: bool
    ) -> tuple[Measure, ...]:
        measures = tuple(measures_of(self.entry_of(module.name), module, options))
        if not measures and not or_none and getattr(options, "ENABLED", True):
            raise UsageError(
                f'the module "{module.name}" yields no column with these options',
                remedy=f"beaf analytics list --module {module.name} shows what it can yield",
            )
        return measures

    # -- sections ------------------------------------------------------------------------------

    def _unowned(self, node: Node, path: Steps, owned: set[str]) -> None:
        # The section of a module that cannot be loaded waits until it can.
        own_names = {*self.host.catalog.names("module"), *_FIRST_PARTY_MODULES}
        owned |= {f"{name}_analytics" for name in _names(node) if name in own_names}
        for key in node.value:
            if key in PassConfig.model_fields or key in owned:
                continue
            owner = self._owners.get(key)
            if owner is None:
                known = {*PassConfig.model_fields, *owned, *self._owners}
                self.findings.unknown_key((*path, key), known)
            elif self._names_unknown(node):
                self._options(owner, node.child(key), node, (*path, key))
            else:
                self.findings.problem(
                    (*path, key),
                    f'belongs to the module "{owner.name}", which this pass does not have',
                    key=True,
                    remedy=f"add {owner.name} to modules, or remove the section",
                )

    def _names_unknown(self, node: Node) -> bool:
        """Say whether an unknown module is named, reported already: it may mean the owner."""
        return any(name not in self.host.catalog.names("module") for name in _names(node))

    @cached_property
    def _owners(self) -> Mapping[str, AnalyticsModule]:
        """Sections of all installed modules. A broken module owns nothing, and is told of."""
        owners: dict[str, AnalyticsModule] = {}
        for name in self.host.catalog.names("module"):
            try:
                module = self.host.analytics_module(name)
            except BeafError as error:
                self.findings.note(f"while looking for a section's owner: {error.message}")
            else:
                owners.setdefault(module.config_key, module)
        return owners


def entry_of(catalog: Catalog, name: str) -> PluginEntry:
    """Name the plugin of a module, which may be one that `get_pipeline` has made."""
    if name in catalog.names("module"):
        return catalog.find("module", name)
    return PluginEntry("module", name, "get_pipeline", OWN_FILE, "")


_FIRST_PARTY_MODULES = {name for kind, name in FIRST_PARTY if kind == "module"}


def _names(node: Node) -> list[str]:
    """List the modules that a pass names; what is no text is reported elsewhere, and empty here."""
    listed = node.child("modules")
    items = listed.value if listed and isinstance(listed.value, list) else []
    return [each.value if isinstance(each.value, str) else "" for each in items]
