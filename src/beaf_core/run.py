"""How does a pipeline become a run? Prepare it, describe the run, launch it, wait."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from beaf_core.config.analytics import AnalyticsConfig
from beaf_core.config.complete import absolute
from beaf_core.engine.session import Progress, Session, Silence
from beaf_core.model.errors import BeafError, ExitCode, UsageError
from beaf_core.model.partition import DatePartition, PartitionRun
from beaf_core.model.run import LOCK_TIMEOUT, LaunchRequest, RunChoices, RunReport, parse_only
from beaf_core.model.universe import Universe
from beaf_core.plugins.inline import DEFAULT_UNIVERSE
from beaf_core.prepare import PipelineLike, PreparedPipeline, prepare_pipeline, request_flags

if TYPE_CHECKING:
    import polars as pl

_NOTHING_CHOSEN = RunChoices()


class RunFailedError(BeafError):
    """A run of which some partition failed; `report` has every outcome."""

    def __init__(self, report: RunReport) -> None:
        failed = [each for each in report.outcomes if each.exit_code is not ExitCode.OK]
        told = "\n".join(f"{each.partition} {each.pass_name}: {each.message}" for each in failed)
        super().__init__(told, remedy=f"the manifest is {report.manifest}")
        self.report = report
        self.exit_code = report.exit_code


def run_pipeline(
    pipeline: PipelineLike,
    *,
    date: str | None = None,
    start_date: str | None = None,
    end_date: str | None = None,
    universe: str | None = None,
    sets: Sequence[str] = (),
    force: bool = False,
    allow_missing: bool = False,
    allow_empty: bool = False,
    only: str | Sequence[str] = (),
    passes: Sequence[str] = (),
    on_lock: str = "wait",
    lock_timeout: float = LOCK_TIMEOUT,
    progress: Progress | None = None,
) -> RunReport:
    """Run a pipeline over a range of days.

    Args:
        pipeline: a file, a module (or its name), or a mapping of configuration.
        date: one day; sets both ends.
        start_date: first day; START_DATE of the configuration, if None.
        end_date: last day; END_DATE of the configuration, if None.
        universe: a selector; UNIVERSE of the configuration, if None; else the pipeline's own
            `get_universe`.
        sets: `dotted.path=value` overrides.
        force: write even where nothing changed.
        allow_missing: go on without days whose data is missing.
        allow_empty: go on without days on which the universe is empty.
        only: write some kinds of partitions alone: `missing`, `stale`, `failed` (in the newest
            run of the pipeline); a list, or joined by commas.
        passes: these passes, and those that they read, alone; empty means all.
        on_lock: where another run is writing the same output: `wait`, `skip` or `fail`.
        lock_timeout: how long to wait for it, in seconds.
        progress: hears of each outcome.

    Returns:
        What became of each pass and partition; failures are in it, not raised.

    Raises:
        ConfigError, UsageError, PluginError: before any data is read.
    """
    flags = request_flags(date, start_date, end_date, universe)
    prepared = prepare_pipeline(pipeline, sets=sets, flags=flags)
    choices = RunChoices(
        force,
        allow_missing,
        parse_only(only),
        on_lock,
        lock_timeout,
        allow_empty,
        tuple(passes),
    )
    return launch(prepared, choices, progress=progress)


def run_partition(
    base_config: PipelineLike,
    default_get_universe: Callable[..., pl.DataFrame] | None,
    partition: PartitionRun,
    get_pipeline: Callable[..., Any] | None = None,
    on_result: Callable[[PartitionRun, AnalyticsConfig], None] | None = None,
    *,
    universes: Iterable[Universe] = (),
    passes: Sequence[str] = (),
) -> RunReport:
    """Run one universe × date partition, as orchestrators do.

    Args:
        base_config: the configuration; its dates and universe are replaced by the partition's.
        default_get_universe: answers the selector `default`; other selectors ask their plugin.
        partition: what to run.
        get_pipeline: gives the modules of a pass, in place of those that it names.
        on_result: called with the partition and the resolved configuration once it is written.
        universes: structured universes, as in a pipeline's UNIVERSES: the functions that they
            bring along answer for the selectors of this call.
        passes: these passes, and those that they read, alone; empty means all.

    Returns:
        What was written, and where.

    Raises:
        RunFailedError: a pass failed; its `report` has every outcome.
        ConfigError, UsageError, PluginError: before any data is read.
    """
    spec = partition.universe.spec
    flags = request_flags(None, partition.dates.start_date, partition.dates.end_date, spec)
    prepared = prepare_pipeline(
        base_config,
        flags=flags,
        get_universe=default_get_universe,
        get_pipeline=get_pipeline,
        universes=universes,
        one_partition=True,
    )
    report = launch(prepared, RunChoices(passes=tuple(passes)))
    if report.exit_code is not ExitCode.OK:
        raise RunFailedError(report)
    if on_result is not None:
        on_result(partition, prepared.resolved.config)
    return report


def launch(
    prepared: PreparedPipeline,
    choices: RunChoices = _NOTHING_CHOSEN,
    *,
    progress: Progress | None = None,
) -> RunReport:
    """Hand a prepared pipeline to its launcher, and wait for the report."""
    resolved, host = prepared.resolved, prepared.host
    request = request_of(prepared, choices, progress=progress)
    launched = host.launch_run(resolved.config.LAUNCHER, request, resolved.launcher_options)
    return host.wait_for(resolved.config.LAUNCHER, launched)


def request_of(
    prepared: PreparedPipeline,
    choices: RunChoices = _NOTHING_CHOSEN,
    *,
    progress: Progress | None = None,
) -> LaunchRequest:
    """Describe a run as plain data.

    Raises:
        UsageError: the run has no dates, no universe or no source.
    """
    resolved = prepared.resolved
    resolved.require_source()
    return LaunchRequest(
        run_id=new_run_id(),
        config=absolute(prepared.loaded.tree, resolved).plain(),
        universe=_universe(prepared),
        dates=_dates(resolved.config),
        pipeline=str(prepared.loaded.path) if prepared.loaded.path else None,
        project=str(resolved.project),
        **{each.name: getattr(choices, each.name) for each in fields(choices)},
        session=Session(prepared.host, resolved, progress or Silence(), prepared.given),
    )


def new_run_id() -> str:
    """Name a run: its time, so that runs sort, and a random part, so that they differ."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def _dates(config: AnalyticsConfig) -> DatePartition:
    if config.START_DATE is None and config.END_DATE is None:
        raise UsageError(
            "the run has no dates",
            remedy="give --date 2026-02-01, or --start_date and --end_date, "
            "or set START_DATE and END_DATE",
        )
    if config.START_DATE is None or config.END_DATE is None:
        given, lacking = (
            ("END_DATE", "START_DATE") if config.START_DATE is None else ("START_DATE", "END_DATE")
        )
        raise UsageError(f"{given} is set, {lacking} is not", remedy=f"set {lacking} as well")
    return DatePartition(config.START_DATE, config.END_DATE)


def _universe(prepared: PreparedPipeline) -> str | None:
    """Return the selector; None, however it was spelt, asks the pipeline's own universe."""
    spec = prepared.resolved.config.UNIVERSE
    known = prepared.host.catalog.names("universe")
    if spec is None or spec == DEFAULT_UNIVERSE:
        if DEFAULT_UNIVERSE not in known:
            raise UsageError(
                "the run has no universe",
                remedy="give --universe mic=XLON, set UNIVERSE, "
                "or define get_universe(date) in the pipeline",
            )
        return None
    return spec
