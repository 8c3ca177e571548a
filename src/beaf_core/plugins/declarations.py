"""Is what a module declares something that the engine can compile?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from beaf_core.model.errors import UsageError
from beaf_core.model.module import (
    KEYS,
    RESERVED,
    Aggregation,
    AnalyticsModule,
    Kind,
    Measure,
)
from beaf_core.model.primitives import AsOf, DenseGrid, Identity, Lifetime, ProvidedTable
from beaf_core.plugins.answers import check_config_model, kind_of
from beaf_core.plugins.errors import PluginAnswerError, asking

if TYPE_CHECKING:
    import polars as pl

    from beaf_core.model.primitives import SourcePass
    from beaf_core.plugins.catalog import PluginEntry

T = TypeVar("T")


def check_module(entry: PluginEntry, answer: object) -> AnalyticsModule:
    """Check for an AnalyticsModule of the name that the user typed."""
    if not isinstance(answer, AnalyticsModule):
        raise PluginAnswerError(
            entry, "analytics_module", f"expected an AnalyticsModule, got {kind_of(answer)}"
        )
    if answer.name != entry.name:
        raise PluginAnswerError(
            entry, "analytics_module", f'the module calls itself "{answer.name}"'
        )
    for name in ("measures", "rows", "provides", "grid", "identities", "reads", "keys"):
        if not callable(getattr(answer, name)):
            raise PluginAnswerError(
                entry, "analytics_module", f"{name} is to be a function of the options"
            )
    for name in ("examples", "catalogue"):
        if not callable(getattr(answer, name)):
            raise PluginAnswerError(entry, "analytics_module", f"{name} is to be a function")
    if not isinstance(answer.config_key, str):
        raise PluginAnswerError(
            entry, "analytics_module", f"config_key is {kind_of(answer.config_key)}, not a text"
        )
    if answer.Config is not None:
        check_config_model(entry, answer.Config)
    return answer


def measures_of(entry: PluginEntry, module: AnalyticsModule, options: Any) -> list[Measure]:
    """Ask a module for its measures; what it raises is told as its own fault."""
    with asking(entry, "analytics_module, in its measures"):
        answer = module.measures(options)
        return check_measures(entry, list(answer) if isinstance(answer, Iterator) else answer)


def rows_of(entry: PluginEntry, module: AnalyticsModule, options: Any) -> dict[str, pl.Expr]:
    """Ask a module which rows of each table it looks at; checked for expressions by table."""
    import polars as pl

    with asking(entry, "analytics_module, in its rows"):
        answer = dict(module.rows(options))
    for table, rows in answer.items():
        if not isinstance(rows, pl.Expr):
            raise PluginAnswerError(
                entry, "analytics_module", f"its rows of {table} are {kind_of(rows)}"
            )
    return answer


class Declared(NamedTuple):
    """What a module declares beside its measures, as `AnalyticsModule` describes it."""

    provides: tuple[ProvidedTable, ...]
    grid: DenseGrid | None
    identities: tuple[Identity, ...]
    reads: dict[str, tuple[str, ...]]
    keys: tuple[str, ...] | None


def declared_of(entry: PluginEntry, module: AnalyticsModule, options: Any) -> Declared:
    """Ask a module for what it declares beside its measures."""
    with asking(entry, "analytics_module, in its declarations"):
        provides, grid = tuple(module.provides(options)), module.grid(options)
        identities, reads = tuple(module.identities(options)), dict(module.reads(options))
        keys = _own_keys(entry, module.keys(options))
    wanted: list[tuple[object, type]] = [(each, ProvidedTable) for each in provides]
    wanted += [(each, Identity) for each in identities]
    wanted += [(grid, DenseGrid)] if grid is not None else []
    for each, kind in wanted:
        _required(entry, each, kind)
    needed = {name: tuple(columns) for name, columns in reads.items()}
    return Declared(provides, grid, identities, needed, keys)


def _own_keys(entry: PluginEntry, answer: object) -> tuple[str, ...] | None:
    """Check keys for distinct names of columns; those of every output are none of its own."""
    if answer is None:
        return None
    keys = tuple(answer) if isinstance(answer, tuple | list) else ()
    named = all(isinstance(each, str) and each and not each.startswith("__") for each in keys)
    if not keys or not named or len({*keys}) < len(keys):
        raise PluginAnswerError(
            entry, "analytics_module", f"its keys are {answer!r}, not distinct names of columns"
        )
    return None if {*keys} == {*KEYS} else keys


def _required(entry: PluginEntry, answer: object, kind: type[T]) -> T:
    if isinstance(answer, kind):
        return answer
    raise PluginAnswerError(
        entry, "analytics_module", f"{kind_of(answer)} stands where a {kind.__name__} belongs"
    )


def completed_options(
    entry: PluginEntry, module: AnalyticsModule, options: Any, source: SourcePass
) -> Any:
    """Ask a module to complete its options by what its source pass yields."""
    assert module.from_source is not None
    with asking(entry, "analytics_module, in its from_source"):
        answer = module.from_source(options, source)
    if not isinstance(answer, type(options)):
        raise PluginAnswerError(
            entry, "analytics_module", f"its from_source gives {kind_of(answer)}, not its options"
        )
    return answer


def check_measures(entry: PluginEntry, answer: object) -> list[Measure]:
    """Check for measures with distinct names."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        raise PluginAnswerError(
            entry, "analytics_module", f"its measures are {kind_of(answer)}, not a list"
        )
    measures = list(answer)
    odd = [each for each in measures if not isinstance(each, Measure)]
    if odd:
        raise PluginAnswerError(
            entry, "analytics_module", f"{kind_of(odd[0])} stands among its measures"
        )
    for each in measures:
        fault = _fault_of(each)
        if fault:
            raise PluginAnswerError(entry, "analytics_module", f"its measure {each.name!r} {fault}")
    names = [each.name for each in measures]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(
            f'module "{entry.name}" yields {", ".join(repeated)} more than once',
            remedy="ask for each column once, or tell them apart with output_name_pattern",
        )
    return measures


def _fault_of(measure: Measure) -> str | None:
    """Say what is wrong with a measure's declaration, if anything is."""
    if not isinstance(measure.name, str) or not measure.name or measure.name.startswith("__"):
        return "has no name that a column can have"
    if measure.name in RESERVED:
        return "has the name of a column that every output has"
    if not isinstance(measure.table, str) or not measure.table:
        return f"asks for the table {measure.table!r}"
    return _fault_of_parts(measure)


def _fault_of_parts(measure: Measure) -> str | None:
    import polars as pl

    expressions = [measure.post]
    for each in measure.aggregations.values():
        if not isinstance(each, Aggregation) or not isinstance(each.kind, Kind):
            return f"holds {kind_of(each)} where an Aggregation of a Kind belongs"
        expressions += [each.of, each.where]
    for lookup in measure.lookups.values():
        if isinstance(lookup, AsOf):
            expressions += [lookup.value, lookup.where]
        elif isinstance(lookup, Lifetime):
            expressions += [lookup.begin, lookup.end]
        else:
            return f"holds {kind_of(lookup)} where an AsOf or a Lifetime belongs"
    for expression in expressions:
        if expression is not None and not isinstance(expression, pl.Expr):
            return f"holds {expression!r} where a polars expression belongs"
    return None
