"""How is a run handed to an instance: to its launcher, or as a backfill to its daemon?"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beaf_core import UsageError
from beaf_dagster import private
from beaf_dagster.launcher.choices import PIPELINE
from beaf_dagster.locate import VARIABLE as PIPELINES
from beaf_dagster.running.here import Ran

if TYPE_CHECKING:
    import dagster as dg

    from beaf_dagster.private import (
        CodeLocation,
        RemoteJob,
        RemoteRepository,
        WorkspaceRequestContext,
    )
    from beaf_dagster.running.asked import Asked, Slice

#: The job that holds every asset of a location.
_EVERY_ASSET = "__ASSET_JOB"


def launch(asked: Asked, instance: dg.DagsterInstance, workspace: Path | None) -> Iterator[Ran]:
    """Submit a run for each universe to an instance, which queues or launches it.

    Args:
        asked: what to materialize.
        instance: where.
        workspace: the file that names the code location of the assets; without one,
            `beaf_dagster.definitions` over that pipeline alone.

    Raises:
        UsageError: the workspace does not have the assets.
    """
    with _context(asked, instance, workspace) as context:
        location, repository = _home_of(asked, context, workspace)
        remote = location.get_job(_selector(asked, location, repository))
        for each in asked.slices:
            tags = {**remote.run_tags, **_tags(asked, each)}
            if workspace is None:
                tags[PIPELINE] = str(asked.pipeline.path)
            run = _create(asked, instance, (location, repository, remote), tags)
            submitted = instance.submit_run(run.run_id, context)
            yield Ran(run.run_id, _status(submitted), remote.name, each.keys)


def backfill(asked: Asked, instance: dg.DagsterInstance) -> str:
    """Ask an instance's daemon to fill the partitions, and return the backfill's name.

    It is one of assets, not of a job: that would ignore how the assets want to be filled, and
    start a run for each partition.
    """
    name = private.make_new_backfill_id()
    subset = asked.partitions.subset_with_partition_keys(asked.keys)
    instance.add_backfill(
        private.PartitionBackfill.from_asset_graph_subset(
            backfill_id=name,
            backfill_timestamp=time.time(),
            tags={},
            dynamic_partitions_store=instance,
            asset_graph_subset=private.AssetGraphSubset(  # type: ignore[call-arg]  # not __hash__
                dict.fromkeys(asked.assets, subset), set()
            ),
            title=f"{asked.pipeline.group}: {len(asked.keys):,} partitions",
            description="Asked for by `beaf dagster run --backfill`.",
            run_config=None,
        )
    )
    return name


def _status(run: dg.DagsterRun) -> str:
    # Dagster queues runs unless `run_coordinator` says otherwise, and its daemon launches them.
    return "queued" if run.status.value == "QUEUED" else "launched"


@contextmanager
def _context(
    asked: Asked, instance: dg.DagsterInstance, workspace: Path | None
) -> Iterator[WorkspaceRequestContext]:
    target: Any
    if workspace is None:
        os.environ[PIPELINES] = str(asked.pipeline.path)  # for the code server, a child of ours
        target = private.ModuleTarget("beaf_dagster.definitions", None, str(Path.cwd()), None)
    else:
        target = private.WorkspaceFileTarget(paths=[str(workspace)])
    with private.WorkspaceProcessContext(
        instance, target, code_server_log_level="ERROR"
    ) as process:
        yield process.create_request_context()


def _home_of(
    asked: Asked, context: WorkspaceRequestContext, workspace: Path | None
) -> tuple[CodeLocation, RemoteRepository]:
    """Find the code location, and the repository in it, that has the assets."""
    for location in context.code_locations:
        for repository in location.get_repositories().values():
            if set(asked.assets) <= repository.asset_graph.get_all_asset_keys():
                return location, repository
    errors = "; ".join(each.message.strip() for each in context.code_location_errors())
    names = ", ".join(each.to_user_string() for each in asked.assets)
    raise UsageError(
        f"{workspace or 'beaf_dagster.definitions'} has no {names}{': ' if errors else ''}{errors}",
        remedy="name the workspace whose definitions have the pipeline: --workspace FILE",
    )


def _selector(asked: Asked, location: CodeLocation, repository: RemoteRepository) -> Any:
    names = {each.name for each in repository.get_all_jobs()}
    job = asked.job if asked.job in names else _EVERY_ASSET
    assets = set(asked.assets)
    return private.JobSubsetSelector(
        location.name, repository.name, job, None, asset_selection=assets
    )


def _create(
    asked: Asked,
    instance: dg.DagsterInstance,
    home: tuple[CodeLocation, RemoteRepository, RemoteJob],
    tags: dict[str, str],
) -> dg.DagsterRun:
    """Write a run into an instance, as Dagster's own `job launch` does."""
    location, repository, remote = home
    plan = location.get_execution_plan(
        remote, {}, step_keys_to_execute=None, known_state=None, instance=instance
    ).execution_plan_snapshot
    return instance.create_run(
        job_name=remote.name,
        run_id=None,
        run_config={},
        status=None,
        tags=tags,
        root_run_id=None,
        parent_run_id=None,
        step_keys_to_execute=plan.step_keys_to_execute,
        execution_plan_snapshot=plan,
        job_snapshot=remote.job_snapshot,
        parent_job_snapshot=remote.parent_job_snapshot,
        asset_selection=frozenset(asked.assets),
        asset_check_selection=None,
        resolved_op_selection=remote.resolved_op_selection,
        op_selection=None,
        remote_job_origin=remote.get_remote_origin(),
        job_code_origin=remote.get_python_origin(),
        asset_graph=repository.asset_graph,
    )


def _tags(asked: Asked, part: Slice) -> dict[str, str]:
    if len(part.keys) > 1:
        return dict(part.tags)
    return dict(asked.partitions.get_tags_for_partition_key(part.keys[0]))
