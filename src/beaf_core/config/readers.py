"""Do passes fit those that they read, and the modules of a pass each other?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from beaf_core.config.analytics import AnalyticsConfig
from beaf_core.config.placed import PlacedPass
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.config.validate import Findings
from beaf_core.model.dates import is_union_of
from beaf_core.model.module import KEYS
from beaf_core.model.primitives import NANOSECONDS, PASS_PREFIX
from beaf_core.plugins.errors import did_you_mean


def check_readers(
    findings: Findings, config: AnalyticsConfig, passes: Sequence[PlacedPass]
) -> None:
    """Report passes that do not fit those that they read: keys, columns, frequencies, widths."""
    _check_keys(findings, passes)
    _check_columns(findings, passes)
    _check_frequencies(findings, config, passes)
    _note_widths(findings, passes)


def _check_keys(findings: Findings, passes: Sequence[PlacedPass]) -> None:
    """Report passes that are read as a table of listings and times, and are none."""
    for placed, module, source, _ in _readers(passes):
        if not {*KEYS} <= {*source.keys}:
            findings.problem(
                placed.at_module(module.module.name),
                f'the module "{module.module.name}" reads the pass "{source.name}", whose rows '
                f"are told apart by {', '.join(source.keys)}: they are of no listing and bucket",
                remedy=f"let it read a pass whose rows have {' and '.join(KEYS)}",
            )


def _check_columns(findings: Findings, passes: Sequence[PlacedPass]) -> None:
    for placed, module, source, columns in _readers(passes):
        for column in columns:
            if column not in source.columns:
                findings.problem(
                    placed.at_module(module.module.name),
                    f'the module "{module.module.name}" reads the column "{column}", which '
                    f'the pass "{source.name}" does not yield'
                    f"{did_you_mean(column, source.columns)}",
                    remedy=f"it yields {', '.join(source.columns[:30])}",
                )


def _check_frequencies(
    findings: Findings, config: AnalyticsConfig, passes: Sequence[PlacedPass]
) -> None:
    by_name = {each.resolved.name: each.resolved for each in passes}
    for placed in passes:
        mine = placed.resolved.config.batch_freq or config.BATCH_FREQ
        for name in placed.resolved.sources:
            theirs = by_name[name].config.batch_freq or config.BATCH_FREQ
            if not is_union_of(mine, theirs):
                findings.problem(
                    placed.at("batch_freq"),
                    f'the pass "{placed.resolved.name}" is cut by {mine or "null"}, and reads '
                    f'the pass "{name}", which is cut by {theirs or "null"}: its partitions '
                    "would not be made of whole ones",
                    remedy="D fits in every frequency, W in 2W, M in Q and A, Q in A, "
                    "each in null and in itself",
                )


def _note_widths(findings: Findings, passes: Sequence[PlacedPass]) -> None:
    """Tell of buckets that cut those of a pass that is read."""
    by_name = {each.resolved.name: each.resolved for each in passes}
    for placed in passes:
        mine = placed.resolved.config.time_bucket_seconds
        for name in placed.resolved.sources:
            theirs = by_name[name].config.time_bucket_seconds
            if set(KEYS) <= set(placed.resolved.keys) and _in_ns(mine) % _in_ns(theirs):
                findings.note(
                    f'the pass "{placed.resolved.name}" has buckets of {mine:g} s, no multiple of '
                    f'the {theirs:g} s of the pass "{name}" that it reads: a row that reaches over '
                    "an edge counts whole in one of the two"
                )


def _in_ns(seconds: float) -> int:
    return round(seconds * NANOSECONDS)


def _readers(
    passes: Sequence[PlacedPass],
) -> Iterator[tuple[PlacedPass, ResolvedModule, ResolvedPass, tuple[str, ...]]]:
    """Yield every module that reads a pass, with the pass and the columns that it reads."""
    by_name = {each.resolved.name: each.resolved for each in passes}
    for placed in passes:
        for module in placed.resolved.modules:
            for table, columns in module.needs.items():
                if table.startswith(PASS_PREFIX):
                    yield placed, module, by_name[table.removeprefix(PASS_PREFIX)], columns


# -- the modules of a pass -------------------------------------------------------------------------


def check_modules(findings: Findings, passes: Iterable[PlacedPass]) -> None:
    """Report modules of one pass that do not fit each other, and columns that are asked for and are
    not there.
    """
    for each in passes:
        _check_names(findings, each)
        _check_own_keys(findings, each)
        _check_own_expectations(findings, each)
        _check_sort_keys(findings, each)
        _check_timeline(findings, each)
        _check_steps(findings, each)


def _check_names(findings: Findings, placed: PlacedPass) -> None:
    """Report columns that two modules yield, and a pass without any."""
    owners: dict[str, str] = {}
    for each in placed.resolved.modules:
        names = [measure.name for measure in each.measures]
        shared = [name for name in names if name in owners]
        if shared:
            findings.problem(
                (*placed.path, each.module.config_key),
                f'the modules "{owners[shared[0]]}" and "{each.module.name}" both yield '
                + ", ".join(shared),
                remedy="set metric_prefix in one of their sections",
            )
        owners |= {name: each.module.name for name in names if name not in owners}
    if not owners and not findings.problems:
        where = (*placed.path, "modules")
        findings.problem(where, "the pass yields no column: its modules are not ENABLED")


def _check_own_keys(findings: Findings, placed: PlacedPass) -> None:
    """Report a module with keys of its own that is not alone, or does not compute its columns."""
    modules = placed.resolved.modules
    for each in (each for each in modules if each.keys is not None):
        name, keys = each.module.name, each.keys or ()
        where = placed.at_module(name)
        if len(modules) > 1:
            others = ", ".join(one.module.name for one in modules if one is not each)
            findings.problem(
                where,
                f'the rows of the module "{name}" are told apart by {", ".join(keys)}, and cannot '
                f"stand beside those of {others}",
                remedy=f"give {name} a pass of its own",
            )
        for fault in _against_own_keys(each):
            findings.problem(
                where,
                f'the module "{name}" has keys of its own, {", ".join(keys)}, and {fault}',
                remedy="let its compute yield every column, and no timeline",
            )


def _against_own_keys(module: ResolvedModule) -> Iterator[str]:
    for measure in module.measures:
        if measure.value is not None:
            yield f"aggregates {measure.name}"
        if measure.name in (module.keys or ()):
            yield f"yields the key {measure.name} as a measure"
    if module.grid is not None:
        yield "gives a timeline"


def _check_own_expectations(findings: Findings, placed: PlacedPass) -> None:
    """Report what a pass itself expects of listings and buckets that its rows are not of."""
    resolved = placed.resolved
    if resolved.own_keys is None or resolved.config.quality_checks is None:
        return
    expect = resolved.config.quality_checks.expect
    asked = {"rows": expect.rows, "listings": None if KEYS[0] in resolved.keys else expect.listings}
    for name in (name for name, wanted in asked.items() if wanted):
        findings.problem(
            placed.at("quality_checks", "expect", name),
            f"its rows are told apart by {', '.join(resolved.keys)}, so that is not to be had",
            remedy="remove it, or expect rows_min or columns",
        )


def _check_sort_keys(findings: Findings, placed: PlacedPass) -> None:
    columns = placed.resolved.columns
    for index, key in enumerate(placed.resolved.config.sort_keys or []):
        if key not in columns and not findings.problems:
            where = (*placed.path, "sort_keys", index)
            hint = did_you_mean(key, columns)
            findings.problem(where, f'the output has no column "{key}"{hint}')


def _check_timeline(findings: Findings, placed: PlacedPass) -> None:
    """Report timelines of one pass that differ."""
    dense = [each for each in placed.resolved.modules if each.grid is not None]
    for each in dense[1:]:
        if each.grid != dense[0].grid:
            findings.problem(
                (*placed.path, each.module.config_key),
                f'the modules "{dense[0].module.name}" and "{each.module.name}" both give the '
                "pass a timeline",
                remedy="keep one of them",
            )


def _check_steps(findings: Findings, placed: PlacedPass) -> None:
    """Report grids of time that a bucket cuts between two points."""
    seconds = placed.resolved.config.time_bucket_seconds
    for module in placed.resolved.modules:
        steps = dict.fromkeys(each.step for each in module.provides if each.step is not None)
        for step in (each for each in steps if round(seconds * NANOSECONDS) % each):
            findings.problem(
                placed.at(module.module.config_key),
                f'the module "{module.module.name}" looks at points of time that are '
                f"{step / NANOSECONDS:.12g} s apart, and buckets of {seconds:.12g} s are no whole "
                "number of these steps",
                remedy="choose a step that divides time_bucket_seconds",
            )
