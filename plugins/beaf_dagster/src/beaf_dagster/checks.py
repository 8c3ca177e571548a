"""Does what Dagster takes for materialized stand where it was written?

Every answer comes from the output's own plugin, which knows its receipts; no path is guessed.
Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import dagster as dg

from beaf_core import (
    BeafError,
    DatePartition,
    PartitionRun,
    Target,
    UniversePartition,
    UsageError,
)
from beaf_dagster.assets.compute import CLOSED
from beaf_dagster.assets.jobs import by_key
from beaf_dagster.assets.telling.limits import NOTES, kept
from beaf_dagster.assets.translator import BeafDagsterTranslator
from beaf_dagster.partitions.definition import partitions_of
from beaf_dagster.partitions.keys import DATE, UNIVERSE, partition_run
from beaf_dagster.partitions.universes import OWN_UNIVERSE
from beaf_dagster.pipelines import Pipeline, as_pipelines
from beaf_dagster.private import DATA_VERSION_TAG

#: The predecessor's name of the check was `s3_materialized`; outputs need not be on S3.
CHECK_NAME = "output_exists"

#: How far a check looks: at one partition, at all of its universe, at all.
CheckMode = Literal["head", "list", "recursive"]

Event = dg.AssetCheckResult | dg.AssetCheckEvaluation | dg.Output[None]

_OF_OWN_UNIVERSE = UniversePartition("all")


def build_materialization_checks(
    pkg: Any = "demo",
    partitions_def: dg.PartitionsDefinition[str] | None = None,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    split_passes: bool = False,
    check_mode: CheckMode = "head",
    *,
    check_name: str = CHECK_NAME,
    translator: BeafDagsterTranslator | None = None,
) -> list[dg.AssetChecksDefinition]:
    """Make a check of each asset: what is materialized stands in every output of the asset.

    Pipelines that cannot be loaded, or be assets, have no checks.

    Args:
        pkg: a package, a folder, a module, a file, or a list of these.
        partitions_def: the partitions of the assets; each pipeline's own, by default.
        universe_dim: how the dimension of universes is called.
        date_dim: how the dimension of dates is called.
        split_passes: whether each pass is an asset, as for `build_assets`.
        check_mode: `head` asks for the receipt of one partition, so the check itself has
            partitions; `list` lists the newest universe's receipts, and `recursive` those of all
            universes, and both hold them against all partitions that are materialized.
        check_name: the check's name.
        translator: names the assets.

    Raises:
        UsageError: no such mode; or no pipeline.
    """
    if check_mode not in get_args(CheckMode):
        raise UsageError(
            f"check_mode is {check_mode!r}", remedy=f"give one of {', '.join(get_args(CheckMode))}"
        )
    chosen = translator or BeafDagsterTranslator()
    found = []
    for pipeline in _that_are_assets(as_pipelines(pkg), chosen):
        try:
            partitions = partitions_def or partitions_of(pipeline, universe_dim, date_dim)
        except BeafError:  # its asset says so
            continue
        names = [each.name for each in pipeline.ready.resolved.passes]
        for name in names if split_passes else [None]:
            key = chosen.get_asset_key(pipeline, name)
            outputs = _Outputs(pipeline, name, key, partitions, universe_dim, date_dim)
            found.append(_check(outputs, check_mode, check_name))
    return found


def _that_are_assets(
    pipelines: Sequence[Pipeline], translator: BeafDagsterTranslator
) -> Iterator[Pipeline]:
    """Yield the pipelines that can be loaded, and whose key no other one has."""
    for found in by_key(pipelines, translator).values():
        if len(found) == 1 and found[0].fault is None:
            yield found[0]


def _check(outputs: "_Outputs", mode: CheckMode, name: str) -> dg.AssetChecksDefinition:
    with warnings.catch_warnings():
        # Partitions of checks are a preview in 1.13; without them a check answers for no partition.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        spec = dg.AssetCheckSpec(
            name,
            asset=outputs.asset,
            description="What is materialized stands where it was written.",
            partitions_def=outputs.partitions if mode == "head" else None,
        )

    @dg.multi_asset_check(specs=[spec], name=spec.get_python_identifier())
    def exists(context: dg.AssetCheckExecutionContext) -> Iterator[Event]:
        if mode == "head":
            yield from _of_partitions(context, spec, outputs)
        else:
            yield _of_all(context.instance, outputs, all_universes=mode == "recursive")

    return exists


def _of_partitions(
    context: dg.AssetCheckExecutionContext, spec: dg.AssetCheckSpec, outputs: "_Outputs"
) -> Iterator[Event]:
    """Answer for the partitions that are asked for, each apart; for the newest, if none is."""
    step, instance = context.op_execution_context, context.instance
    if step.has_partition_key:
        yield _result([step.partition_key], list(outputs.absent([step.partition_key], instance)))
        return
    # A result stands for a whole step; evaluations of single partitions are told by themselves.
    asked = step.partition_keys if step.has_partition_key_range else outputs.newest(instance)
    keys: list[str | None] = [*asked] or [None]
    for key in keys:
        mine = [] if key is None else [key]
        told = _result(mine, list(outputs.absent(mine, instance)))
        yield dg.AssetCheckEvaluation(
            asset_key=outputs.asset,
            check_name=spec.name,
            passed=told.passed,
            metadata=told.metadata,
            description=told.description,
            partition=key,
        )
    yield dg.Output(None, output_name=spec.get_python_identifier())


def _of_all(
    instance: dg.DagsterInstance, outputs: "_Outputs", *, all_universes: bool
) -> dg.AssetCheckResult:
    keys = outputs.materialized(instance, all_universes=all_universes)
    return _result(keys, list(outputs.unlisted(keys, instance)))


def _result(keys: Sequence[str], absent: Sequence[str]) -> dg.AssetCheckResult:
    told = f"{len(keys)} partitions stand" if len(keys) != 1 else f"{keys[0]} stands"
    if not keys:
        told = "nothing is materialized"
    if absent:
        told = "\n".join(kept(absent, NOTES, "this check, once these are back"))
    return dg.AssetCheckResult(
        passed=not absent,
        description=told,
        metadata={"partitions": len(keys), "absent": len(absent)},
    )


@dataclass(frozen=True)
class _Outputs:
    """The outputs of one asset."""

    pipeline: Pipeline
    pass_name: str | None
    asset: dg.AssetKey
    partitions: dg.PartitionsDefinition[str]
    universe_dim: str
    date_dim: str

    @property
    def targets(self) -> list[Target]:
        """Every target of the asset's passes."""
        passes = self.pipeline.ready.resolved.passes
        return [
            target
            for each in passes
            if self.pass_name in (None, each.name)
            for target in each.targets
        ]

    def newest(self, instance: dg.DagsterInstance) -> list[str]:
        """Give the partition that was materialized last, if any was."""
        event = instance.get_latest_materialization_event(self.asset)
        key = event.asset_materialization.partition if event and event.asset_materialization else ""
        return [key] if key else []

    def materialized(self, instance: dg.DagsterInstance, *, all_universes: bool) -> list[str]:
        """List what was materialized, of all universes or of the newest partition's."""
        keys = sorted(instance.get_materialized_partitions(self.asset))
        known = [each for each in keys if self.partitions.has_partition_key(each)]
        if all_universes:
            return known
        newest = {self._run(each).universe for each in self.newest(instance)}
        return [each for each in known if self._run(each).universe in newest]

    def absent(self, keys: Iterable[str], instance: dg.DagsterInstance) -> Iterator[str]:
        """Tell which partitions are not there, asking for the receipt of each."""
        host = self.pipeline.ready.host
        for key in keys:
            run = self._run(key)
            lacking = [each for each in self.targets if host.find_receipt(each, run) is None]
            if lacking and not self._is_closed(key, instance):
                places = ", ".join(each.location(run) for each in lacking)
                yield f"{key} is materialized, and is not there: {places}"

    def unlisted(self, keys: Sequence[str], instance: dg.DagsterInstance) -> Iterator[str]:
        """Tell which partitions are not there, by one listing of each universe and output."""
        host = self.pipeline.ready.host
        by_universe: dict[UniversePartition, list[str]] = {}
        for key in keys:
            by_universe.setdefault(self._run(key).universe, []).append(key)
        for universe, mine in by_universe.items():
            days = [self._run(each).dates for each in mine]
            span = DatePartition(
                min(each.start_date for each in days), max(each.end_date for each in days)
            )
            listed = [
                {
                    each.partition
                    for each in host.list_receipts(target, PartitionRun(universe, span))
                }
                for target in self.targets
            ]
            there = set.intersection(*listed) if listed else set()
            # An output need not be able to list; so each that is not listed is asked for.
            rest = [each for each in mine if self._run(each).key not in there]
            yield from self.absent(rest, instance)

    def _run(self, key: str) -> PartitionRun:
        run = partition_run(self.partitions, key, self.universe_dim, self.date_dim)
        own = run.universe.spec == OWN_UNIVERSE
        return PartitionRun(_OF_OWN_UNIVERSE, run.dates) if own else run

    def _is_closed(self, key: str, instance: dg.DagsterInstance) -> bool:
        """Say whether there was nothing to write, as the materialization tells."""
        wanted = dg.AssetRecordsFilter(asset_key=self.asset, asset_partitions=[key])
        records = instance.fetch_materializations(wanted, limit=1).records
        told = records[0].asset_materialization if records else None
        return told is not None and (told.tags or {}).get(DATA_VERSION_TAG) == CLOSED
