"""What may go wrong between us and the vendor, and what should a person do about it?"""

from __future__ import annotations

from beaf_core import BeafError, ExitCode


class BMLLError(BeafError):
    """The vendor's servers refused, or did not answer: see the remedy.

    Args:
        message: what was asked, and what came back; never a token or a key.
        remedy: what to do about it.
        status: the HTTP status; None where there was no answer.
        retryable: whether the same request may succeed later.
        unsure: whether the servers may have acted all the same.
    """

    exit_code = ExitCode.PARTLY_FAILED

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        status: int | None = None,
        retryable: bool = False,
        unsure: bool = False,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status, self.retryable, self.unsure = status, retryable, unsure


class CapReachedError(BeafError):
    """As many machines run as may: wait, or raise max_concurrent_instances."""

    exit_code = ExitCode.RESOURCES
