"""Which pass or table stands for each name that a module reads, and do the passes fit together?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from beaf_core.config.analytics import AnalyticsConfig
from beaf_core.config.bindings import bound
from beaf_core.config.modules import ModuleResolver
from beaf_core.config.nodes import Node, Steps
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.config.validate import Findings
from beaf_core.model.dates import is_union_of
from beaf_core.model.module import RESERVED
from beaf_core.model.primitives import PASS_PREFIX, SOURCE_TABLE
from beaf_core.model.tables import TABLES
from beaf_core.plugins.errors import PluginAnswerError, did_you_mean


@dataclass(frozen=True, slots=True)
class PlacedPass:
    """A resolved pass, and where it was written."""

    resolved: ResolvedPass
    node: Node
    path: Steps

    def at(self, *steps: str | int) -> Steps:
        """Return the path of a field, or that of the pass where the field was not written."""
        node = self.node
        for step in steps:
            inside = node.value.get(step) if isinstance(node.value, dict) else None
            if isinstance(node.value, list) and isinstance(step, int):
                inside = node.value[step]
            if not isinstance(inside, Node):
                return self.path
            node = inside
        return (*self.path, *steps)

    def at_module(self, name: str) -> Steps:
        """Return the path of the module's name."""
        listed = self.node.child("modules")
        names = [each.value for each in listed.value] if listed else []
        return self.at("modules", names.index(name)) if name in names else self.path


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

    def bind(self, passes: Sequence[PlacedPass]) -> list[ResolvedPass]:
        """Bind every pass; what does not fit is reported."""
        for each in passes:
            self._check_names(each)
        if self.findings.problems:  # what follows would be consequences
            return [each.resolved for each in passes]
        found = [replace(each, resolved=self._bound(each)) for each in passes]
        self._note_caps([each.resolved for each in found])
        if not self.findings.problems:
            self._check_order(found)
            self._check_columns(found)
            self._check_frequencies(found)
        return [each.resolved for each in found]

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

    # -- binding -------------------------------------------------------------------------------

    def _bound(self, placed: PlacedPass) -> ResolvedPass:
        resolved = placed.resolved
        provided = [table.name for each in resolved.modules for table in each.provides]
        for index, name in enumerate(provided):
            if name in TABLES or name in provided[:index]:
                self.findings.problem(
                    placed.path, f'two tables are called "{name}": one is provided by a module'
                )
        known = [*TABLES, *provided, *(f"{PASS_PREFIX}{each}" for each in self.names)]
        modules = tuple(self._bound_module(placed, each, known) for each in resolved.modules)
        if resolved.config.source_pass and not _any_reads(resolved.modules, SOURCE_TABLE):
            self.findings.note(
                f'source_pass of the pass "{resolved.name}" has no effect: '
                f"none of its modules reads the table {SOURCE_TABLE}"
            )
        return replace(resolved, modules=modules)

    def _bound_module(
        self, placed: PlacedPass, module: ResolvedModule, known: Sequence[str]
    ) -> ResolvedModule:
        names = dict(self._inputs(placed, module, known))
        found = bound(module, names)
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
        if not isinstance(name, str):
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

    # -- passes among themselves ---------------------------------------------------------------

    def _check_order(self, passes: Sequence[PlacedPass]) -> None:
        graph = {each.resolved.name: each.resolved.sources for each in passes}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = list(reversed(error.args[1]))
            first = next(each for each in passes if each.resolved.name in circle)
            self.findings.problem(
                first.at("source_pass"),
                f"passes read each other in a circle: {' reads '.join(circle)}",
                remedy="a pass can read passes only that do not wait for it",
            )

    def _check_columns(self, passes: Sequence[PlacedPass]) -> None:
        by_name = {each.resolved.name: each.resolved for each in passes}
        for placed, module, source, columns in _readers(passes):
            there = [*RESERVED, *(each.name for each in by_name[source].measures)]
            for column in columns:
                if column not in there:
                    self.findings.problem(
                        placed.at_module(module.module.name),
                        f'the module "{module.module.name}" reads the column "{column}", which '
                        f'the pass "{source}" does not yield{did_you_mean(column, there)}',
                        remedy=f"it yields {', '.join(there[:30])}",
                    )

    def _check_frequencies(self, passes: Sequence[PlacedPass]) -> None:
        by_name = {each.resolved.name: each.resolved for each in passes}
        for placed in passes:
            mine = placed.resolved.config.batch_freq or self.config.BATCH_FREQ
            for name in placed.resolved.sources:
                theirs = by_name[name].config.batch_freq or self.config.BATCH_FREQ
                if not is_union_of(mine, theirs):
                    self.findings.problem(
                        placed.at("batch_freq"),
                        f'the pass "{placed.resolved.name}" is cut by {mine or "null"}, and reads '
                        f'the pass "{name}", which is cut by {theirs or "null"}: its partitions '
                        "would not be made of whole ones",
                        remedy="D fits in every frequency, W in 2W, M in Q and A, Q in A, "
                        "each in null and in itself",
                    )


def _any_reads(modules: Sequence[ResolvedModule], table: str) -> bool:
    return any(table in each.needs for each in modules)


def _readers(
    passes: Sequence[PlacedPass],
) -> Iterator[tuple[PlacedPass, ResolvedModule, str, tuple[str, ...]]]:
    """Yield every module that reads a pass, with the pass and the columns that it reads."""
    for placed in passes:
        for module in placed.resolved.modules:
            for table, columns in module.needs.items():
                if table.startswith(PASS_PREFIX):
                    yield placed, module, table.removeprefix(PASS_PREFIX), columns


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
