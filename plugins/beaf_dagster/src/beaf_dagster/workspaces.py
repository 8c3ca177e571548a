"""Which partitions does an instance's workspace give to the assets of a pipeline?

Definitions may give a pipeline other universes and windows than its own file does. What is told of
its partitions elsewhere has to mean the same days: `2026-02-02` is a day here, and a week there.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from beaf_core import UsageError
from beaf_dagster import private
from beaf_dagster.io.names import PIPELINE, text_of
from beaf_dagster.partitions.keys import DATE, UNIVERSE

if TYPE_CHECKING:
    from beaf_dagster.pipelines import Pipeline

FILE = "workspace.yaml"

log = logging.getLogger("beaf.dagster")

Shown = Mapping[dg.AssetKey, dg.AssetSpec]


def definitions_of(origin: Any) -> list[dg.Definitions]:
    """Load a code location that is Python, in this process; nothing of one that is served."""
    target = getattr(origin, "loadable_target_origin", None)
    if target is None:
        return []
    loaded = private.get_loadable_targets(
        python_file=target.python_file,
        module_name=target.module_name,
        package_name=target.package_name,
        autoload_defs_module_name=target.autoload_defs_module_name,
        working_directory=target.working_directory,
        attribute=target.attribute,
        resolve_lazy_defs=True,
    )
    found = [each.target_definition for each in loaded]
    return [each for each in found if isinstance(each, dg.Definitions)]


def shown_assets(workspace: Path | None) -> Shown:
    """Load the assets of a workspace.yaml; none where there is no such file.

    A location that does not load is left out, and that is said.
    """
    if workspace is None or not workspace.is_file():
        return {}
    found: dict[dg.AssetKey, dg.AssetSpec] = {}
    with _others_faults_untold():
        for origin in private.location_origins_from_yaml_paths([str(workspace)]):
            try:
                specs = [
                    spec
                    for each in definitions_of(origin)
                    for spec in each.resolve_all_asset_specs()
                ]
            except Exception as error:  # noqa: BLE001 — a person's own code may raise anything
                log.critical(
                    "%s: the location %s does not load, so pipelines have their own partitions "
                    "(beaf dagster doctor): %s",
                    *(workspace, origin.location_name, error),
                )
                continue
            found |= {each.key: each for each in specs}
    return found


def partitions_shown(
    pipeline: Pipeline, keys: Collection[dg.AssetKey], shown: Shown
) -> dg.MultiPartitionsDefinition | None:
    """Give the partitions that a pipeline has in a workspace; None where it is not in it.

    Raises:
        UsageError: their dimensions bear other names.
    """
    path = str(pipeline.path.resolve())
    for each in keys:
        spec = shown.get(each)
        if spec is None or text_of(spec.metadata, PIPELINE) != path:
            continue
        if isinstance(spec.partitions_def, dg.MultiPartitionsDefinition):
            return _named_as_ours(spec.partitions_def, each)
    return None


def _named_as_ours(
    definition: dg.MultiPartitionsDefinition, key: dg.AssetKey
) -> dg.MultiPartitionsDefinition:
    names = {each.name for each in definition.partitions_defs}
    if names != {UNIVERSE, DATE}:
        raise UsageError(
            f"the partitions of {key.to_user_string()} are called {' and '.join(sorted(names))} "
            "in the workspace",
            remedy=f"call them {UNIVERSE} and {DATE}, or materialize it from Dagster's own page",
        )
    return definition


@contextmanager
def _others_faults_untold() -> Iterator[None]:
    """Keep back what loading says of pipelines that nobody has asked for."""
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
