"""What does a checked configuration consist of?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from beaf_core.config.analytics import AnalyticsConfig, PassConfig
from beaf_core.model.errors import UsageError
from beaf_core.model.module import KEYS, RESERVED, AnalyticsModule, Measure
from beaf_core.model.outputs import Target
from beaf_core.model.primitives import PASS_PREFIX, DenseGrid, Identity, ProvidedTable

if TYPE_CHECKING:
    import polars as pl

    from beaf_core.model.dates import BatchFrequency


@dataclass(frozen=True, slots=True)
class ResolvedModule:
    """A module of a pass, its validated options, and what they ask for.

    Attributes:
        module: the declaration.
        options: its options; None where it has none.
        measures: the measures.
        rows: table → the rows that the module looks at; all of them where it is absent.
        provides: tables that it makes of others.
        grid: the dense timeline that it gives the pass, if any.
        identities: what must hold between its columns.
        reads: the tables that its `compute` looks at, each with its columns.
        keys: what tells its rows apart; None for ListingId and TimeBucket.
    """

    module: AnalyticsModule
    options: BaseModel | None
    measures: tuple[Measure, ...] = ()
    rows: Mapping[str, pl.Expr] = field(default_factory=dict)
    provides: tuple[ProvidedTable, ...] = ()
    grid: DenseGrid | None = None
    identities: tuple[Identity, ...] = ()
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys: tuple[str, ...] | None = None

    @property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """Every table that the module looks at, with the columns that it needs of it."""
        found: dict[str, set[str]] = {}
        wanted = [*(each.needs for each in self.measures), self.reads]
        wanted += [each.needs for each in self.provides]
        for needs in wanted:
            for table, columns in needs.items():
                found.setdefault(table, set()).update(columns)
        for table, rows in self.rows.items():
            if table in found:
                found[table].update(rows.meta.root_names())
        return {table: tuple(sorted(columns)) for table, columns in found.items()}


@dataclass(frozen=True, slots=True)
class ResolvedPass:
    """A pass with everything that its names stand for.

    Attributes:
        config: the pass's own fields.
        modules: its modules.
        targets: where its rows go; the first is the main one.
        forward_fill: whether measures without a rule of their own are carried forward
            (DEFAULT_FFILL).
    """

    config: PassConfig
    modules: tuple[ResolvedModule, ...]
    targets: tuple[Target, ...]
    forward_fill: bool = False

    @property
    def grid(self) -> DenseGrid | None:
        """The dense timeline that a module gives the pass; None where it is sparse."""
        return next((each.grid for each in self.modules if each.grid is not None), None)

    @property
    def name(self) -> str:
        """The pass's name."""
        return self.config.name

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures of all modules, in the order of the output's columns."""
        return tuple(measure for each in self.modules for measure in each.measures)

    @property
    def own_keys(self) -> tuple[str, ...] | None:
        """What tells its rows apart where that is not ListingId and TimeBucket."""
        return next((each.keys for each in self.modules if each.keys is not None), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells its rows apart."""
        return self.own_keys or KEYS

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its output, those of the listings as far as the source knows them."""
        return (*(self.own_keys or RESERVED), *(each.name for each in self.measures))

    @property
    def sources(self) -> tuple[str, ...]:
        """The passes that its modules read, by name."""
        tables = dict.fromkeys(table for each in self.modules for table in each.needs)
        return tuple(
            each.removeprefix(PASS_PREFIX) for each in tables if each.startswith(PASS_PREFIX)
        )


@dataclass(frozen=True, slots=True)
class ResolvedPipeline:
    """A checked configuration, with every plugin that it names.

    Attributes:
        config: the fields of AnalyticsConfig.
        passes: the passes, resolved.
        source: the source plugin's name; None where none is configured.
        source_options: the source's validated options.
        launcher_options: the launcher's validated options.
        notes: what a person should hear once.
        project: the home of outputs and manifests.
    """

    config: AnalyticsConfig
    passes: tuple[ResolvedPass, ...]
    source: str | None
    source_options: BaseModel | None
    launcher_options: BaseModel | None
    notes: tuple[str, ...]
    project: Path

    def frequency_of(self, resolved: ResolvedPass) -> BatchFrequency | None:
        """Say how a pass is cut into partitions."""
        return resolved.config.batch_freq or self.config.BATCH_FREQ

    def pass_of(self, name: str) -> ResolvedPass:
        """Return a pass by its name."""
        return next(each for each in self.passes if each.name == name)

    def require_source(self) -> str:
        """Return the source's name.

        Raises:
            UsageError: none is configured. Nothing ever runs on simulated data unasked.
        """
        if self.source is None:
            raise no_source()
        return self.source


def no_source() -> UsageError:
    """Say that nothing can be read."""
    return UsageError(
        "no SOURCE is configured, so there is nothing to read",
        remedy="write SOURCE: {type: parquet, root: /path/to/tables} in the pipeline or "
        "in beaf.yaml, or try SOURCE: {type: simulated}",
    )
