"""Which pass or table stands for each name that a module reads?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from beaf_core.config.analytics import AnalyticsConfig
from beaf_core.config.bindings import Names, bound
from beaf_core.config.modules import ModuleResolver
from beaf_core.config.nodes import Steps
from beaf_core.config.placed import PlacedPass
from beaf_core.config.readers import check_readers
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.config.validate import Findings
from beaf_core.model.primitives import NANOSECONDS, PASS_PREFIX, SOURCE_TABLE, SourcePass
from beaf_core.model.tables import TABLES
from beaf_core.plugins.errors import PluginAnswerError, did_you_mean


@dataclass(frozen=True, slots=True)
class InputBinder:
    """Binds the tables that modules read to passes and tables.

    Attributes:
        findings: where faults are reported.
        config: the top-level fields.
        modules: knows the plugin of each module.
        names: the names of all passes, of faulty ones too.
    """

    findings: Findings
    config: AnalyticsConfig
    modules: ModuleResolver
    names: Sequence[str]

    def bind(self, passes: Sequence[PlacedPass]) -> Sequence[PlacedPass]:
        """Bind every pass; what does not fit is reported."""
        for each in passes:
            self._check_names(each)
        if self.findings.problems:  # what follows would be consequences
            return passes
        names = {each.resolved.name: self._names(each) for each in passes}
        order = self._sources_first(passes, names)
        found: dict[str, PlacedPass] = {}
        for each in order:
            found[each.resolved.name] = self._bound(each, names[each.resolved.name], found)
        if not order:
            return passes
        self._note_caps([each.resolved for each in found.values()])
        placed = [found[each.resolved.name] for each in passes]
        if not self.findings.problems:
            check_readers(self.findings, self.config, placed)
        return placed

    def _note_caps(self, passes: Sequence[ResolvedPass]) -> None:
        """Note a limit of rows that limits nothing, since no table is called so."""
        named = [name for table in TABLES.values() for name in (table.name, *table.aliases)]
        made = [table.name for each in passes for one in each.modules for table in one.provides]
        known = [*named, *made, *(f"{PASS_PREFIX}{each}" for each in self.names)]
        for name in self.config.MAX_ROWS_PER_TABLE:
            if name not in known:
                self.findings.note(
                    f"MAX_ROWS_PER_TABLE.{name} has no effect: "
                    f"there is no table {name}{did_you_mean(name, known)}"
                )

    # -- names ---------------------------------------------------------------------------------

    def _check_names(self, placed: PlacedPass) -> None:
        config = placed.resolved.config
        if config.source_pass is not None:
            self._check_pass(placed, config.source_pass, placed.at("source_pass"))
        known = [each.module.name for each in placed.resolved.modules]
        for name in config.module_inputs:
            if name not in known and not self.findings.problems:
                where = placed.at("module_inputs", name)
                message = f'the pass has no module "{name}"{did_you_mean(name, known)}'
                self.findings.problem(where, message, key=True)

    def _check_pass(self, placed: PlacedPass, name: str, where: Steps) -> None:
        if name == placed.resolved.name:
            self.findings.problem(where, f'the pass "{name}" would read itself')
        elif name not in self.names:
            others = [each for each in self.names if each != placed.resolved.name]
            self.findings.problem(
                where,
                f'there is no pass "{name}"{did_you_mean(name, others)}',
                remedy=f"other passes: {', '.join(others) or 'none'}",
            )

    # -- order ---------------------------------------------------------------------------------

    def _sources_first(
        self, passes: Sequence[PlacedPass], names: Mapping[str, Sequence[Names]]
    ) -> Sequence[PlacedPass]:
        """Order passes so that each comes behind those that it reads; none where they circle."""
        by_name = {each.resolved.name: each for each in passes}
        graph = {name: [*_sources_of(by_name[name].resolved, own)] for name, own in names.items()}
        try:
            order = [*TopologicalSorter(graph).static_order()]
        except CycleError as error:
            circle = list(reversed(error.args[1]))
            first = next(each for each in passes if each.resolved.name in circle)
            if not self.findings.problems:
                self.findings.problem(
                    first.at("source_pass"),
                    f"passes read each other in a circle: {' reads '.join(circle)}",
                    remedy="a pass can read passes only that do not wait for it",
                )
            return ()
        return [by_name[name] for name in order if name in by_name]

    # -- binding -------------------------------------------------------------------------------

    def _names(self, placed: PlacedPass) -> list[Names]:
        """Say for each module which tables others stand for, and which."""
        provided = _provided(placed.resolved)
        for index, name in enumerate(provided):
            if name in TABLES or name in provided[:index]:
                self.findings.problem(
                    placed.path, f'two tables are called "{name}": one is provided by a module'
                )
        known = self._known(placed.resolved)
        return [dict(self._inputs(placed, each, known)) for each in placed.resolved.modules]

    def _known(self, resolved: ResolvedPass) -> list[str]:
        return [*TABLES, *_provided(resolved), *(f"{PASS_PREFIX}{each}" for each in self.names)]

    def _bound(
        self, placed: PlacedPass, names: Sequence[Names], earlier: Mapping[str, PlacedPass]
    ) -> PlacedPass:
        resolved = placed.resolved
        modules = tuple(
            self._bound_module(placed, self._completed(placed, each, own, earlier), own)
            for each, own in zip(resolved.modules, names, strict=True)
        )
        if resolved.config.source_pass and not _any_reads(resolved.modules, SOURCE_TABLE):
            self.findings.note(
                f'source_pass of the pass "{resolved.name}" has no effect: '
                f"none of its modules reads the table {SOURCE_TABLE}"
            )
        options = {each.module.config_key: each.options for each in modules if each.options}
        config = resolved.config.model_copy(update=options)
        return replace(placed, resolved=replace(resolved, config=config, modules=modules))

    def _completed(
        self,
        placed: PlacedPass,
        module: ResolvedModule,
        names: Names,
        earlier: Mapping[str, PlacedPass],
    ) -> ResolvedModule:
        """Let a module see what its source pass yields, where it asks for that."""
        name, table = module.module.name, names.get(SOURCE_TABLE)
        if module.module.from_source is None or table in (None, SOURCE_TABLE):  # told already
            return module
        if not table.startswith(PASS_PREFIX):
            self.findings.problem(
                placed.at("module_inputs", name, SOURCE_TABLE),
                f'the module "{name}" works on the rows of a pass, and {table} is none',
            )
        source = earlier.get(table.removeprefix(PASS_PREFIX))
        if source is None or not source.resolved.measures:  # told where that pass stands
            return module
        where = placed.at(module.module.config_key)
        where = where if where != placed.path else placed.at_module(name)
        return self.modules.completed(module, _as_source(source, placed), where)

    def _bound_module(
        self, placed: PlacedPass, module: ResolvedModule, names: Names
    ) -> ResolvedModule:
        found, known = bound(module, names), self._known(placed.resolved)
        where = placed.at_module(module.module.name)
        # What a person bound has been checked where it was written.
        for table in (each for each in found.needs if each not in names.values()):
            if table == f"{PASS_PREFIX}{placed.resolved.name}":
                self.findings.problem(where, f'the pass "{placed.resolved.name}" would read itself')
            elif table not in known:
                self._unknown_table(found, table, known, where)
        return found

    def _inputs(
        self, placed: PlacedPass, module: ResolvedModule, known: Sequence[str]
    ) -> Iterator[tuple[str, str]]:
        """Yield each table of a module that another one stands for, with that one."""
        needs, name = module.needs, module.module.name
        given = placed.resolved.config.module_inputs.get(name, {})
        for table, other in given.items():
            where = placed.at("module_inputs", name, table)
            if table not in needs:
                hint = did_you_mean(table, needs)
                self.findings.problem(
                    where,
                    f'the module "{name}" reads no table "{table}"{hint}',
                    key=True,
                    remedy=f"it reads {', '.join(needs) or 'none'}",
                )
            else:
                yield table, self._meant(placed, other, known, where)
        if SOURCE_TABLE in needs and SOURCE_TABLE not in given:
            yield SOURCE_TABLE, self._source(placed, module)

    def _meant(self, placed: PlacedPass, other: str, known: Sequence[str], where: Steps) -> str:
        """Read a name: of a pass first, else of a table."""
        if other in self.names:
            self._check_pass(placed, other, where)
            return f"{PASS_PREFIX}{other}"
        if other not in known:
            candidates = [*self.names, *(each for each in known if PASS_PREFIX not in each)]
            self.findings.problem(
                where,
                f'there is no pass or table "{other}"{did_you_mean(other, candidates)}',
                remedy=f"passes: {', '.join(self.names)}; tables: "
                + ", ".join(each for each in known if PASS_PREFIX not in each),
            )
        return other

    def _source(self, placed: PlacedPass, module: ResolvedModule) -> str:
        """Find the pass that stands for `source`: the module's own option, else the pass's."""
        option = getattr(module.options, "source_pass", None)
        written = module.options is not None and "source_pass" in module.options.model_fields_set
        config = placed.resolved.config
        name = option if written and option else config.source_pass or option
        unheard_of = not written and not config.source_pass and name not in self.names
        if not isinstance(name, str) or unheard_of:
            others = [each for each in self.names if each != placed.resolved.name]
            self.findings.problem(
                placed.at_module(module.module.name),
                f'the module "{module.module.name}" works on the rows of an earlier pass, '
                f"and no source_pass says which",
                remedy=f"write source_pass: {others[0] if others else '<name of a pass>'}",
            )
            return SOURCE_TABLE
        if name == option and name != config.source_pass:
            where = placed.at(module.module.config_key, "source_pass")
            where = where if where != placed.path else placed.at_module(module.module.name)
            self._check_pass(placed, name, where)
        return f"{PASS_PREFIX}{name}"

    def _unknown_table(
        self, module: ResolvedModule, table: str, known: Sequence[str], where: Steps
    ) -> None:
        entry = self.modules.entry_of(module.module.name)
        measure = next((each.name for each in module.measures if table in each.needs), None)
        reader = f"its measure {measure!r} asks" if measure else "it asks"
        provider = self.modules.provider_of(table)
        if provider is not None:
            self.findings.problem(
                where,
                f'the module "{module.module.name}" reads the table {table}, which the module '
                f'"{provider}" provides, and this pass does not have that',
                remedy=f"add {provider} to modules",
            )
            return
        tables = [each for each in known if PASS_PREFIX not in each]
        hint = did_you_mean(table, tables)
        fault = PluginAnswerError(
            entry, "analytics_module", f"{reader} for the table {table!r}{hint}"
        )
        self.findings.problem(
            where,
            fault.message,
            remedy=f"{fault.remedy}; tables here: {', '.join(tables)}. One that another module "
            "provides is there where that module is in the pass",
        )


def _provided(resolved: ResolvedPass) -> list[str]:
    return [table.name for each in resolved.modules for table in each.provides]


def _sources_of(resolved: ResolvedPass, names: Sequence[Names]) -> Iterator[str]:
    """Yield the passes that modules will read once they are bound."""
    for module, own in zip(resolved.modules, names, strict=True):
        for table in (own.get(each, each) for each in module.needs):
            if table.startswith(PASS_PREFIX):
                yield table.removeprefix(PASS_PREFIX)


def _as_source(earlier: PlacedPass, reader: PlacedPass) -> SourcePass:
    known = earlier.resolved
    widths = (
        round(each.resolved.config.time_bucket_seconds * NANOSECONDS) for each in (earlier, reader)
    )
    return SourcePass(known.name, known.keys, known.measures, *widths)


def _any_reads(modules: Sequence[ResolvedModule], table: str) -> bool:
    return any(table in each.needs for each in modules)


def order_of(passes: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Say how many passes stand between each pass and the input tables.

    Args:
        passes: name → the passes that it reads; without a circle.

    Returns:
        Name → 0 for a pass that reads no other, else one more than the deepest that it reads.
    """
    depth: dict[str, int] = {}
    for name in TopologicalSorter(passes).static_order():
        depth[name] = 1 + max((depth[each] for each in passes[name]), default=-1)
    return depth
