"""How is one named plugin loaded, asked, and its answer checked?"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

from beaf_core.model.errors import BeafError
from beaf_core.plugins import answers, specs
from beaf_core.plugins.catalog import Catalog, PluginEntry
from beaf_core.plugins.errors import PluginAnswerError, PluginCallError, PluginLoadError
from beaf_core.plugins.markers import PROJECT

if TYPE_CHECKING:
    import click
    import polars as pl
    from pydantic import BaseModel

    from beaf_core.model.module import AnalyticsModule
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchedRun, LaunchRequest, Receipt, Target
    from beaf_core.model.tables import TableRead, TableRequest


class Reference(Protocol):
    """The source's reference table on a date, filtered: `reference("2026-02-01", MIC="XLON")`."""

    def __call__(self, date: Any, **constraints: object) -> pl.DataFrame:
        """Answer the listings that match every constraint."""


class PluginHost:
    """Loads only what is named, and asks only the plugin that was named.

    One typed method per hook; every answer is checked here, at the border, so that nothing behind
    it needs to.
    """

    def __init__(self, catalog: Catalog | None = None) -> None:
        self.catalog = Catalog.installed() if catalog is None else catalog
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(specs)
        self._loaded: dict[str, object] = {}

    def with_inline(self, entries: Iterable[PluginEntry]) -> PluginHost:
        """Return a host that also knows a pipeline's own plugins."""
        return PluginHost(self.catalog.with_inline(entries))

    # -- loading ---------------------------------------------------------------------------

    def load(self, kind: str, name: str) -> object:
        """Import and register one plugin.

        Raises:
            PluginNotFoundError, PluginConflictError: see `Catalog.find`.
            PluginLoadError: it cannot be imported, or implements a hook wrongly.
        """
        return self._load(self.catalog.find(kind, name))

    def _load(self, entry: PluginEntry) -> object:
        key = f"{entry.address}@{entry.distribution}"
        if key not in self._loaded:
            plugin = entry.inline if entry.inline is not None else _import(entry)
            self._register(entry, plugin)
            self._loaded[key] = plugin
        return self._loaded[key]

    def _register(self, entry: PluginEntry, plugin: object) -> None:
        if entry.kind == "command" or self._manager.is_registered(plugin):
            return
        try:
            self._manager.register(plugin)
        except pluggy.PluginValidationError as error:
            self._manager.unregister(plugin)
            raise PluginLoadError(entry, str(error).replace("\n", " ")) from error

    def config_model(self, kind: str, name: str) -> type[BaseModel] | None:
        """Return the pydantic model of a plugin's options, if it has any."""
        if kind == "module":
            return self.analytics_module(name).Config
        entry = self.catalog.find(kind, name)
        model = getattr(self._load(entry), "Config", None)
        if model is not None:
            answers.check_config_model(entry, model)
        return model

    def command(self, entry: PluginEntry) -> click.Command:
        """Return the click command of a command plugin."""
        # 90 ms; only commands need it.
        import click

        command = self._load(entry)
        if not isinstance(command, click.Command):
            raise PluginLoadError(entry, f"it is a {type(command).__name__}, not a click command")
        return command

    def check(self, entry: PluginEntry) -> None:
        """Load one plugin and check what can be checked without calling its hooks.

        Raises:
            PluginError: what is wrong with it.
        """
        if entry.kind == "command":
            self.command(entry)
            return
        self.catalog.find(entry.kind, entry.name)
        plugin = self._load(entry)
        for hook in specs.HOOKS_OF_KIND[entry.kind]:
            if not self._implements(plugin, hook) and hook not in specs.OPTIONAL_HOOKS:
                raise PluginLoadError(entry, f"it does not implement {hook}")
        known = {hook for hooks in specs.HOOKS_OF_KIND.values() for hook in hooks}
        for name, member in inspect.getmembers(plugin, callable):
            if hasattr(member, f"{PROJECT}_impl") and name not in known:
                raise PluginLoadError(entry, f"{name} is marked as a hook, but there is none")
        if entry.kind == "module":
            self.analytics_module(entry.name)
        else:
            self.config_model(entry.kind, entry.name)

    # -- asking ----------------------------------------------------------------------------

    def _implements(self, plugin: object, hook: str) -> bool:
        callers = self._manager.get_hookcallers(plugin) or []
        return any(caller.name == hook for caller in callers)

    def _ask(self, entry: PluginEntry, hook: str, **arguments: object) -> Any:
        plugin = self._load(entry)
        if not self._implements(plugin, hook):
            if hook in specs.OPTIONAL_HOOKS:
                return specs.OPTIONAL_HOOKS[hook]
            raise PluginAnswerError(entry, hook, "it does not implement this hook")
        # Built per call: a kept subset caller would also ask plugins registered later.
        others = [each for each in self._manager.get_plugins() if each is not plugin]
        caller = self._manager.subset_hook_caller(hook, others)
        try:
            return caller(**arguments)
        except BeafError:
            raise  # already says what to do
        except Exception as error:
            raise PluginCallError(entry, hook, error) from error

    def get_universe(
        self, name: str, *, date: str, value: str | None, reference: Reference
    ) -> pl.DataFrame:
        """Ask a universe for its listings; checked for unique ListingIds and a MIC."""
        entry = self.catalog.find("universe", name)
        answer = self._ask(entry, "get_universe", date=date, value=value, reference=reference)
        return answers.check_universe(entry, answer)

    def universe_values(self, name: str, *, date: str, reference: Reference) -> list[str]:
        """Ask a universe for the values that its selector accepts."""
        entry = self.catalog.find("universe", name)
        answer = self._ask(entry, "universe_values", date=date, reference=reference)
        return answers.check_values(entry, answer)

    def read_table(self, source: str, request: TableRequest, config: Any) -> TableRead:
        """Ask a source for a table; checked for a status that fits the frame."""
        entry = self.catalog.find("source", source)
        answer = self._ask(entry, "read_table", request=request, config=config)
        return answers.check_table_read(entry, answer)

    def analytics_module(self, name: str) -> AnalyticsModule:
        """Ask a module plugin for its declaration."""
        entry = self.catalog.find("module", name)
        return answers.check_module(entry, self._ask(entry, "analytics_module"))

    def write_output(
        self, frame: pl.LazyFrame, target: Target, partition: PartitionRun
    ) -> Receipt:
        """Ask an output to replace a partition; checked to carry the partition and the stamp."""
        entry = self.catalog.find("output", target.type)
        answer = self._ask(entry, "write_output", frame=frame, target=target, partition=partition)
        return answers.check_receipt(entry, "write_output", answer, target, partition)

    def read_output(
        self, target: Target, partitions: Sequence[PartitionRun]
    ) -> pl.LazyFrame | None:
        """Ask an output for what it wrote; None where nothing was written yet."""
        entry = self.catalog.find("output", target.type)
        answer = self._ask(entry, "read_output", target=target, partitions=partitions)
        return answers.check_lazy_frame(entry, "read_output", answer)

    def find_receipt(self, target: Target, partition: PartitionRun) -> Receipt | None:
        """Ask an output for the receipt of a partition."""
        entry = self.catalog.find("output", target.type)
        answer = self._ask(entry, "find_receipt", target=target, partition=partition)
        return None if answer is None else answers.check_found_receipt(entry, answer)

    def launch_run(self, launcher: str, request: LaunchRequest, config: Any) -> LaunchedRun:
        """Ask a launcher to start a run; the request is checked to be plain data."""
        entry = self.catalog.find("launcher", launcher)
        answers.check_request(request)
        answer = self._ask(entry, "launch_run", request=request, config=config)
        return answers.check_launched(entry, "launch_run", answer)

    def find_run(self, launcher: str, ref: str, config: Any) -> LaunchedRun:
        """Ask a launcher for a run that it started before."""
        entry = self.catalog.find("launcher", launcher)
        answer = self._ask(entry, "find_run", ref=ref, config=config)
        return answers.check_launched(entry, "find_run", answer)


def _import(entry: PluginEntry) -> object:
    module_name, _, attribute = entry.value.partition(":")
    try:
        found: object = import_module(module_name.strip())
        for part in filter(None, attribute.strip().split(".")):
            found = getattr(found, part)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | GeneratorExit):
            raise
        # A plugin that calls sys.exit() on import must not end the program either.
        raise PluginLoadError(entry, f"{type(error).__name__}: {error}") from error
    return found
