"""What happens in a step? Every partition is computed and told of; then the faults are.

Annotations are not postponed here: Dagster looks at the type of `context` itself.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg

from beaf_core import BeafError, ExitCode
from beaf_dagster.assets.compute import Computed, compute_partition
from beaf_dagster.assets.events import Teller
from beaf_dagster.assets.passes import PassAsset
from beaf_dagster.partitions.keys import partition_run
from beaf_dagster.pipelines import Pipeline

#: So many failed partitions are told of in full; of the rest, the key.
_TOLD = 50
#: The entry of a failure that says what it means for the shell.
EXIT_CODE = "beaf/exit_code"

Event = dg.AssetMaterialization | dg.AssetCheckResult | dg.MaterializeResult[Any]


@dataclass(frozen=True, slots=True)
class Step:
    """What a step needs to know of its pipeline.

    Attributes:
        pipeline: whose partitions.
        assets: its assets, each after those that it depends on.
        partitions_def: universe × dates.
        universe_dim: how the dimension of universes is called.
        date_dim: how the dimension of dates is called.
    """

    pipeline: Pipeline
    assets: Sequence[PassAsset]
    partitions_def: dg.PartitionsDefinition[str]
    universe_dim: str
    date_dim: str

    def run(self, context: dg.AssetExecutionContext) -> Iterator[Event]:
        """Compute the partitions of a step, one after another.

        One that fails leaves the others whole, and told of.

        Raises:
            Failure: some partition failed; each is named, with its remedy.
        """
        keys = list(context.partition_keys)
        passes = self._passes(context)
        teller = Teller(self.pipeline, self.assets, context)
        done: list[Computed] = []
        with _logged_to(context.log):
            for number, key in enumerate(keys, 1):
                computed = self._computed(key, passes)
                yield from teller.tell(computed)
                _log(context.log, computed, f"{number} of {len(keys)}")
                done.append(computed)
        yield from teller.checked([each.checked for each in done if each.checked])
        failed = [each for each in done if each.faults]
        if failed:
            raise _failure(failed, len(keys))
        yield from teller.end()

    def _passes(self, context: dg.AssetExecutionContext) -> Sequence[str]:
        """Name the passes of the selected assets; none means all."""
        chosen = [each for each in self.assets if each.key in context.selected_asset_keys]
        if len(chosen) == len(self.assets):
            return ()
        return [name for each in chosen for name in each.passes]

    def _computed(self, key: str, passes: Sequence[str]) -> Computed:
        try:
            run = partition_run(self.partitions_def, key, self.universe_dim, self.date_dim)
            report = compute_partition(self.pipeline, run, passes)
        except BeafError as fault:
            return Computed(key, fault=fault)
        return Computed(key, report)


def _failure(failed: Sequence[Computed], total: int) -> dg.Failure:
    told = [f"{each.key}: {fault}" for each in failed[:_TOLD] for fault in each.faults]
    rest = [str(each.key) for each in failed[_TOLD:]]
    if rest:
        told.append(f"and {len(rest)} more, told of in the log: {', '.join(rest)}")
    what = "the partition" if total == 1 else f"{len(failed)} of {total} partitions"
    return dg.Failure(
        f"{what} failed\n" + "\n".join(told),
        metadata={"beaf/failed_partitions": len(failed), EXIT_CODE: int(_exit_code(failed))},
        allow_retries=any(each.may_mend_itself for each in failed),
    )


def _exit_code(failed: Sequence[Computed]) -> ExitCode:
    """Fold faults as `beaf pipeline run` does: the common code of all, else PARTLY_FAILED."""
    codes = {code for each in failed for code in each.exit_codes}
    return codes.pop() if len(codes) == 1 else ExitCode.PARTLY_FAILED


def _log(log: logging.Logger, computed: Computed, place: str) -> None:
    for each in computed.outcomes:
        if each.receipt is not None:
            log.info(
                f"{place}: {computed.key} {each.pass_name}: {each.status}, "
                f"{each.receipt.rows} rows in {each.receipt.location}"
            )
        elif not computed.faults:
            log.info(f"{place}: {computed.key} {each.pass_name}: {each.message or each.status}")
    for fault in computed.faults:
        log.error(f"{place}: {computed.key} {fault}")


class _ToStep(logging.Handler):
    """Hands BEAF's log to the log of a step, at its levels."""

    def __init__(self, log: logging.Logger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.log(record.levelno, record.getMessage())


@contextmanager
def _logged_to(log: logging.Logger) -> Iterator[None]:
    beaf, handler = logging.getLogger("beaf"), _ToStep(log)
    beaf.addHandler(handler)
    try:
        yield
    finally:
        beaf.removeHandler(handler)
