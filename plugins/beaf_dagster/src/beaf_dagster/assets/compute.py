"""How is a partition computed, and what became of it?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beaf_core import BeafError, ExitCode, RunFailedError, run_partition

if TYPE_CHECKING:
    from beaf_core import PartitionRun, PassOutcome, Receipt, RunReport
    from beaf_dagster.pipelines import Pipeline

#: The data version of a day without a session: nothing is written, and nothing is amiss.
CLOSED = "closed"

_LATER = "run it again once the data is there"


@dataclass(frozen=True, slots=True)
class Computed:
    """What became of one partition.

    Attributes:
        key: the partition as Dagster names it.
        report: what became of its passes; None where nothing was computed.
        fault: why nothing was.
    """

    key: str
    report: RunReport | None = None
    fault: BeafError | None = None

    @property
    def outcomes(self) -> tuple[PassOutcome, ...]:
        """One per pass and output."""
        return self.report.outcomes if self.report else ()

    def of(self, passes: Iterable[str]) -> tuple[PassOutcome, ...]:
        """Select the outcomes of some passes, in the order in which these are named.

        A run computes a pass after those that it reads, wherever it is written.
        """
        return tuple(each for name in passes for each in self.outcomes if each.pass_name == name)

    @property
    def faults(self) -> list[str]:
        """What went wrong, with the remedy; nothing where all is well."""
        if self.fault is not None:
            return [str(self.fault)]
        return [f"{each.pass_name}: {fault_of(each)}" for each in self._fallen]

    @property
    def checked(self) -> RunReport | None:
        """The report of its passes, where rows were looked at; not of data still to come."""
        came = all(stands(each) or each.exit_code is not ExitCode.OK for each in self.outcomes)
        return self.report if came else None

    @property
    def may_mend_itself(self) -> bool:
        """Whether a later try can succeed without anybody changing the request."""
        return ExitCode.USAGE not in self.exit_codes

    @property
    def exit_codes(self) -> set[ExitCode]:
        """What its faults mean for the shell; data that is still to come is missing."""
        if self.fault is not None:
            return {self.fault.exit_code}
        codes = {each.exit_code for each in self._fallen}
        return {ExitCode.DATA_MISSING if each is ExitCode.OK else each for each in codes}

    @property
    def _fallen(self) -> list[PassOutcome]:
        """The passes that failed by themselves; those that they block have nothing to add."""
        fallen = [each for each in self.outcomes if not stands(each)]
        return [each for each in fallen if each.status != "blocked"] or fallen


def compute_partition(
    pipeline: Pipeline, run: PartitionRun, passes: Sequence[str] = ()
) -> RunReport:
    """Compute one universe × dates of a pipeline; what stands unchanged is not computed again.

    Args:
        pipeline: whose passes.
        run: what to compute.
        passes: these passes, and those that they read, alone; empty means all.

    Returns:
        What became of each pass; failures are in it, not raised.

    Raises:
        ConfigError, UsageError, PluginError: before any data is read.
    """
    try:
        return run_partition(pipeline.path, None, run, passes=passes)
    except RunFailedError as failed:
        return failed.report


def stands(outcome: PassOutcome) -> bool:
    """Say whether a pass of a partition is as it should be: written, or without a session."""
    if outcome.exit_code is not ExitCode.OK:
        return False
    return outcome.receipt is not None or outcome.status == CLOSED


def fault_of(outcome: PassOutcome) -> str:
    """Say why a pass of a partition is not as it should be, and what to do."""
    told = outcome.message or f"it is {outcome.status}"
    return told if outcome.exit_code is not ExitCode.OK else f"{told}\n  → {_LATER}"


def main_receipts(outcomes: Iterable[PassOutcome]) -> list[Receipt]:
    """Give the receipts of the main outputs, pass by pass, without those of extra outputs."""
    found: dict[str, Receipt] = {}
    for each in outcomes:
        if each.receipt is not None:
            found.setdefault(each.pass_name, each.receipt)
    return list(found.values())


def data_version_of(receipts: Sequence[Receipt]) -> str | None:
    """Give the data version that receipts stand for: the fingerprint, or a digest of several.

    Whoever finds the same outputs later comes to the same version. None where an output knows no
    fingerprint; `closed` where there is no output.

    Args:
        receipts: of the main outputs of all passes of an asset, in the order of the passes.
    """
    prints = [each.fingerprint for each in receipts]
    if not prints:
        return CLOSED
    if None in prints:
        return None
    if len(prints) == 1:
        return prints[0]
    return hashlib.sha256("\n".join(map(str, prints)).encode()).hexdigest()[:32]
