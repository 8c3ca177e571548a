"""What stands in an output already, may it be replaced, and why would it be written again?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beaf_core.engine.outputs.manifest import PassKey, failed_before
from beaf_core.model.errors import UsageError

if TYPE_CHECKING:
    from beaf_core.engine.outputs.receipts import Facets
    from beaf_core.model.outputs import Receipt, Target
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchRequest
    from beaf_core.plugins.host import PluginHost


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in one target of a partition.

    Attributes:
        receipt: of what stands there, if anything of ours does.
        reason: why it is to be written: `new`, `stale: …`, `forced`; empty where it is not.
        kept: whether it is left alone unasked, by SKIP_EXISTING_OUTPUT or `--only`.
    """

    receipt: Receipt | None
    reason: str = ""
    kept: bool = False

    @property
    def status(self) -> str:
        """The outcome's word for what is not written."""
        return "skipped" if self.kept else "unchanged"


@dataclass(frozen=True)
class Selection:
    """Which of the partitions of a request are to be written at all?

    Attributes:
        force: all of them.
        skip_existing: those that are not there.
        only: those of some kinds, of `model.run.ONLY`; empty means all kinds.
        failed: what failed in the newest run.
    """

    force: bool = False
    skip_existing: bool = False
    only: frozenset[str] = frozenset()
    failed: frozenset[PassKey] = field(default_factory=frozenset)

    @classmethod
    def of(cls, request: LaunchRequest, *, skip_existing: bool) -> Selection:
        """Read a request's selection.

        Raises:
            UsageError: a word of `only` that selects nothing.
        """
        only = frozenset(request.only)
        failed = failed_before(request) if "failed" in only else ()
        return cls(request.force, skip_existing, only, frozenset(failed))

    def found(self, host: PluginHost, target: Target, partition: PartitionRun) -> Receipt | None:
        """Find the receipt of what stands in a target; None where all is replaced anyway.

        Raises:
            UsageError: what stands there is not ours, or another partition's.
        """
        if self.force:
            return None
        receipt = host.find_receipt(target, partition)
        if receipt is not None and receipt.partition != partition.key:
            raise UsageError(
                f"{receipt.location} holds another partition, {receipt.partition}",
                remedy="put {universe}, {start_date} and {end_date} into path_template, "
                "or replace it with --force",
            )
        if receipt is not None:
            _require_same_pass(receipt, target)
        return receipt

    def leaves_alone(
        self, pass_name: str, partition: PartitionRun, receipts: Sequence[Receipt | None]
    ) -> bool:
        """Say whether a partition is left alone, whatever its inputs have become."""
        if self.force or (self.only and (pass_name, partition.key) in self.failed):
            return False
        complete = all(receipt is not None for receipt in receipts)
        if complete and self.skip_existing:
            return True
        if not self.only or "stale" in self.only:
            return False
        return complete or "missing" not in self.only

    def standing(
        self, pass_name: str, partition: PartitionRun, receipt: Receipt | None, facets: Facets
    ) -> Standing:
        """Judge one target."""
        if self.force:
            return Standing(receipt, "forced")
        if receipt is None:
            return self._selected("missing", Standing(None, "new"), (pass_name, partition.key))
        if self.skip_existing:
            return Standing(receipt, kept=True)
        why = facets.why_stale(receipt)
        if not why:
            return Standing(receipt)
        return self._selected(
            "stale", Standing(receipt, f"stale: {why}"), (pass_name, partition.key)
        )

    def _selected(self, kind: str, standing: Standing, key: PassKey) -> Standing:
        if not self.only or kind in self.only or key in self.failed:
            return standing
        return Standing(standing.receipt, kept=True)


def _require_same_pass(receipt: Receipt, target: Target) -> None:
    mine = {"dataset": target.dataset, "pass": target.pass_name}
    theirs = {name: receipt.stamp.get(name, value) for name, value in mine.items()}
    if theirs != mine:
        raise UsageError(
            f"{receipt.location} holds {receipt.partition} of the dataset {theirs['dataset']}, "
            f"pass {theirs['pass']}",
            remedy="give each dataset and pass a place of its own: put {datasetname} and {pass} "
            "into path_template or the table's name, or replace it with --force",
        )


def stamp_of(
    request: LaunchRequest, target: Target, source: str, facets: Facets, written_at: str
) -> Mapping[str, str]:
    """Gather what a receipt must carry."""
    return {
        "run_id": request.run_id,
        "fingerprint": facets.fingerprint,
        "facets": facets.digests,
        "dataset": target.dataset,
        "pass": target.pass_name,
        "source": source,
        "written_at": written_at,
    }
