"""How is one named plugin loaded, asked, and its answer checked?"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from beaf_core.model.errors import BeafError, UsageError
from beaf_core.plugins import answers, declarations, kinds, specs
from beaf_core.plugins.catalog import Catalog, PluginEntry
from beaf_core.plugins.errors import PluginAnswerError, PluginLoadError, asking, did_you_mean
from beaf_core.plugins.markers import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import click
    import polars as pl
    from pydantic import BaseModel

    from beaf_core.model.command import CommandRequest
    from beaf_core.model.module import AnalyticsModule
    from beaf_core.model.outputs import Receipt, StorageArea, Target
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchedRun, LaunchRequest, RunReport
    from beaf_core.model.tables import TableRead, TableRequest
    from beaf_core.model.universe import Reference

Answer = TypeVar("Answer")


class PluginHost:
    """Loads only what is named, and asks only the plugin that was named.

    One typed method per hook; every answer is checked here, at the border, so that nothing behind
    it needs to.
    """

    def __init__(self, catalog: Catalog | None = None) -> None:
        self.catalog = Catalog.installed() if catalog is None else catalog
        self._loaded: dict[str, object] = {}
        # One manager per object: nobody else is there to be asked, or to get in the way. In a
        # shared one, plugins that compare equal, cannot be hashed, or bear one __name__ collide.
        self._managers: dict[int, pluggy.PluginManager] = {}

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
            plugin = _object_of(entry)
            self._register(entry, plugin)
            self._loaded[key] = plugin
        return self._loaded[key]

    def _register(self, entry: PluginEntry, plugin: object) -> None:
        if entry.kind == "command" or id(plugin) in self._managers:
            return
        try:
            manager = _manager_of(entry, plugin)
        except Exception as error:  # a plugin's code may raise anything
            raise PluginLoadError(entry, " ".join(str(error).split())) from error
        for caller in manager.get_hookcallers(plugin) or []:
            if not caller.has_spec() and not caller.get_hookimpls()[0].optionalhook:
                hint = did_you_mean(caller.name, kinds.hooks())
                raise PluginLoadError(entry, f"BEAF has no hook {caller.name}{hint}")
        self._managers[id(plugin)] = manager

    def config_model(self, kind: str, name: str) -> type[BaseModel] | None:
        """Return the pydantic model of a plugin's options, if it has any."""
        if kind == "module":
            return self.analytics_module(name).Config
        entry = self.catalog.find(kind, name)
        plugin = self._load(entry)
        try:
            model = getattr(plugin, "Config", None)
        except Exception as error:  # a plugin's code may raise anything
            raise PluginLoadError(entry, f"its Config cannot be read: {error}") from error
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
        for hook in kinds.HOOKS_OF_KIND[entry.kind]:
            if not self._implements(plugin, hook) and hook not in kinds.OPTIONAL_HOOKS:
                raise PluginLoadError(entry, f"it does not implement {hook}")
        if entry.kind == "module":
            self.analytics_module(entry.name)
        else:
            self.config_model(entry.kind, entry.name)

    # -- asking ----------------------------------------------------------------------------

    def _implements(self, plugin: object, hook: str) -> bool:
        return bool(getattr(self._managers[id(plugin)].hook, hook).get_hookimpls())

    def _ask(
        self,
        entry: PluginEntry,
        hook: str,
        check: Callable[[PluginEntry, Any], Answer],
        **arguments: object,
    ) -> Answer:
        answer = self._call(entry, hook, arguments)
        try:
            return check(entry, answer)
        except BeafError:
            raise
        except Exception as error:  # a plugin's code may raise anything
            # Lazy answers (a lazy frame, a generator) run the plugin's code only here.
            reason = f"it cannot be read: {type(error).__name__}: {error}"
            raise PluginAnswerError(entry, hook, reason) from error

    def _call(self, entry: PluginEntry, hook: str, arguments: dict[str, object]) -> Any:
        plugin = self._load(entry)
        if not self._implements(plugin, hook):
            if hook in kinds.OPTIONAL_HOOKS:
                return kinds.OPTIONAL_HOOKS[hook]
            raise PluginAnswerError(entry, hook, "it does not implement this hook")
        with asking(entry, hook):
            return getattr(self._managers[id(plugin)].hook, hook)(**arguments)

    def get_universe(
        self,
        name: str,
        *,
        date: str,
        value: str | None,
        reference: Reference,
        folder: Path | None = None,
    ) -> pl.DataFrame:
        """Ask a universe for its listings; checked for unique ListingIds and a MIC.

        Relative paths in the value belong to the folder, which is the working one by default.
        """
        entry = self.catalog.find("universe", name)
        return self._ask(
            entry,
            "get_universe",
            answers.check_universe,
            date=date,
            value=value,
            reference=reference,
            folder=folder or Path.cwd(),
        )

    def universe_values(self, name: str, *, date: str, reference: Reference) -> list[str]:
        """Ask a universe for the values that its selector accepts."""
        entry = self.catalog.find("universe", name)
        check = answers.check_values
        return self._ask(entry, "universe_values", check, date=date, reference=reference)

    def read_table(self, source: str, request: TableRequest, config: Any) -> TableRead:
        """Ask a source for a table; checked for a status that fits the frame."""
        entry = self.catalog.find("source", source)
        check = answers.check_table_read
        return self._ask(entry, "read_table", check, request=request, config=config)

    def analytics_module(self, name: str) -> AnalyticsModule:
        """Ask a module plugin for its declaration."""
        entry = self.catalog.find("module", name)
        return self._ask(entry, "analytics_module", declarations.check_module)

    def write_output(self, frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
        """Ask an output to replace a partition; checked to carry the partition and the stamp."""
        entry = self.catalog.find("output", target.type)

        def check(entry: PluginEntry, answer: object) -> Receipt:
            return answers.check_receipt(entry, "write_output", answer, target, partition)

        return self._ask(
            entry, "write_output", check, frame=frame, target=target, partition=partition
        )

    def read_output(
        self, target: Target, partitions: Sequence[PartitionRun]
    ) -> pl.LazyFrame | None:
        """Ask an output for what it wrote; None where nothing was written yet."""
        entry = self.catalog.find("output", target.type)
        check = answers.check_output_read
        return self._ask(entry, "read_output", check, target=target, partitions=partitions)

    def find_receipt(self, target: Target, partition: PartitionRun) -> Receipt | None:
        """Ask an output for the receipt of a partition."""
        entry = self.catalog.find("output", target.type)
        check = answers.check_found_receipt
        return self._ask(entry, "find_receipt", check, target=target, partition=partition)

    def list_receipts(self, target: Target, partition: PartitionRun) -> list[Receipt]:
        """Ask an output what it holds of a universe in some days; empty if it cannot say."""
        entry = self.catalog.find("output", target.type)
        check = answers.check_receipts
        return self._ask(entry, "list_receipts", check, target=target, partition=partition)

    def remove_output(self, target: Target, receipt: Receipt) -> None:
        """Ask an output to remove what a receipt tells of.

        Raises:
            UsageError: it cannot.
        """
        entry = self.catalog.find("output", target.type)
        if not self._implements(self._load(entry), "remove_output"):
            raise UsageError(
                f'the output "{entry.name}" cannot remove {receipt.location}',
                remedy="remove it by hand: its days have been written anew",
            )
        check = answers.check_removed
        self._ask(entry, "remove_output", check, target=target, receipt=receipt)

    def launch_run(
        self, launcher: str, request: LaunchRequest | CommandRequest, config: Any
    ) -> LaunchedRun:
        """Ask a launcher to start a run; the request is checked to be plain data."""
        entry = self.catalog.find("launcher", launcher)
        answers.check_request(request)

        def check(entry: PluginEntry, answer: object) -> LaunchedRun:
            return answers.check_launched(entry, "launch_run", answer)

        return self._ask(entry, "launch_run", check, request=request, config=config)

    def wait_for(self, launcher: str, launched: LaunchedRun) -> RunReport:
        """Wait until a launched run has ended; its report is checked."""
        entry = self.catalog.find("launcher", launcher)
        with asking(entry, "launch_run, in its run's wait()"):
            report = launched.wait()
        return answers.check_report(entry, report)

    def find_run(self, launcher: str, ref: str, config: Any) -> LaunchedRun:
        """Ask a launcher for a run that it started before."""
        entry = self.catalog.find("launcher", launcher)

        def check(entry: PluginEntry, answer: object) -> LaunchedRun:
            return answers.check_launched(entry, "find_run", answer)

        return self._ask(entry, "find_run", check, ref=ref, config=config)

    def storage_area(self, area: str) -> StorageArea:
        """Ask where a storage area lies; checked for a bucket and a prefix."""
        entry = self.catalog.find("area", area)
        return self._ask(entry, "storage_area", answers.check_storage_area, area=area)


def _manager_of(entry: PluginEntry, plugin: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)  # 0.3 ms with the specs
    manager.add_hookspecs(specs)
    manager.register(plugin, entry.address)
    return manager


def _object_of(entry: PluginEntry) -> object:
    if entry.inline is not None:
        return entry.inline
    return _import(entry) if entry.loads is None else entry.loads()


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
