"""How is a run handed to the instance: to its launcher, or as a backfill to its daemon?"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from beaf_core import UsageError, did_you_mean
from beaf_dagster import private
from beaf_dagster.launcher.choices import PIPELINE
from beaf_dagster.locate import VARIABLE as PIPELINES
from beaf_dagster.running.here import Ran

if TYPE_CHECKING:
    from beaf_dagster.private import WorkspaceRequestContext
    from beaf_dagster.running.asked import Asked, Slice

#: The job that holds every asset of a location.
_EVERY_ASSET = "__ASSET_JOB"


def launch(asked: Asked, instance: dg.DagsterInstance, workspace: Path | None) -> Iterator[Ran]:
    """Submit a run for each universe to the instance, which queues or launches it.

    Args:
        asked: what to materialize.
        instance: where.
        workspace: the file that names the code location of the assets; without one,
            `beaf_dagster.definitions` over that pipeline alone.

    Raises:
        UsageError: the workspace does not have the assets.
    """
    with _context(asked, instance, workspace) as context:
        location, repository = _home_of(asked, context)
        names = {each.name for each in repository.get_all_jobs()}
        job = asked.job if asked.job in names else _EVERY_ASSET
        selector = private.JobSubsetSelector(
            location.name, repository.name, job, None, asset_selection=set(asked.assets)
        )
        remote = location.get_job(selector)
        plan = location.get_execution_plan(
            remote, {}, step_keys_to_execute=None, known_state=None, instance=instance
        )
        for each in asked.slices:
            tags = {**remote.run_tags, **_tags(asked, each)}
            if workspace is None:
                tags[PIPELINE] = str(asked.pipeline.path)
            run = instance.create_run(
                job_name=remote.name,
                run_id=None,
                run_config={},
                status=None,
                tags=tags,
                root_run_id=None,
                parent_run_id=None,
                step_keys_to_execute=plan.execution_plan_snapshot.step_keys_to_execute,
                execution_plan_snapshot=plan.execution_plan_snapshot,
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
            instance.submit_run(run.run_id, context)
            yield Ran(run.run_id, "launched", job, each.keys)


def backfill(asked: Asked, instance: dg.DagsterInstance) -> str:
    """Ask the instance's daemon for a backfill of the assets; its name.

    Of the assets, not of a job: that would ignore how the assets want to be filled, and start a
    run for each partition.
    """
    from dagster_shared.utils import make_new_run_id as _unused  # pragma: no cover
    return ""


def _tags(asked: Asked, part: Slice) -> dict[str, str]:
    if len(part.keys) > 1:
        return dict(part.tags)
    return dict(asked.partitions.get_tags_for_partition_key(part.keys[0]))


@contextmanager
def _context(
    asked: Asked, instance: dg.DagsterInstance, workspace: Path | None
) -> Iterator[WorkspaceRequestContext]:
    if workspace is None:
        os.environ[PIPELINES] = str(asked.pipeline.path)  # the code server is a child of ours
        target: Any = private.ModuleTarget("beaf_dagster.definitions", None, str(Path.cwd()), None)
    else:
        target = private.WorkspaceFileTarget(paths=[str(workspace)])
    with private.WorkspaceProcessContext(instance, target) as process:
        yield process.create_request_context()
