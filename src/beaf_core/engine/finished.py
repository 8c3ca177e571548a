"""What does a run look like once it has ended in this process?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beaf_core.model.errors import ExitCode, UsageError
from beaf_core.model.faults import Fault
from beaf_core.model.outputs import Receipt
from beaf_core.model.run import PassOutcome, RunReport


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that has ended; its ref is the path of its manifest."""

    report: RunReport

    @classmethod
    def load(cls, ref: str) -> FinishedRun:
        """Find a run again by its manifest.

        Raises:
            UsageError: there is no such manifest.
        """
        try:
            manifest = json.loads(Path(ref).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"no run has the manifest {ref}: {error}", remedy="give a path that a run printed"
            ) from None
        outcomes = tuple(_outcome(each) for each in manifest["outcomes"])
        code = ExitCode(manifest["exit_code"])
        return cls(RunReport(manifest["run_id"], ref, outcomes, code))

    @property
    def ref(self) -> str:
        """The manifest's path."""
        return self.report.manifest

    def status(self) -> str:
        """How it ended."""
        return self.report.status

    def stop(self) -> None:
        """Nothing is left to stop."""

    def logs(self) -> Iterable[str]:
        """One line per pass and partition."""
        for each in self.report.outcomes:
            yield f"{each.partition} {each.pass_name}: {each.message or each.status}"

    def wait(self) -> RunReport:
        """Report at once."""
        return self.report


def _outcome(values: dict[str, Any]) -> PassOutcome:
    receipt = values["receipt"]
    return PassOutcome(
        pass_name=str(values["pass_name"]),
        partition=str(values["partition"]),
        status=str(values["status"]),
        receipt=Receipt.from_json(receipt) if isinstance(receipt, dict) else None,
        message=None if values["message"] is None else str(values["message"]),
        exit_code=ExitCode(int(str(values["exit_code"]))),
        refused=tuple(map(Fault.from_json, values.get("refused", ()))),
    )
