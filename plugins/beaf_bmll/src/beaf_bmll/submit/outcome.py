"""How has a run ended? The job's own word first, the vendor's states second."""

from __future__ import annotations

from beaf_bmll.config import Config
from beaf_bmll.gateway import JobRun
from beaf_bmll.submit.nouns import JobWords

#: Words of a job that has come to its end by itself.
_ENDS = ("succeeded", "partly_failed", "failed", "cancelled")
# Guess: the names of the vendor's last states are not in its package; these are parts of them.
_CANCELLED = ("terminat", "cancel", "stopped", "killed")


def outcome_of(run: JobRun | None, submit_id: str, config: Config, words: JobWords) -> str:
    """Say how a run that is no longer active has ended; None is one that is not there any more.

    Returns:
        `succeeded`, `partly_failed`, `failed`, `cancelled`, or `lost`: the job began to work, and
        was gone before it could say how it went.
    """
    word = words.status(submit_id)
    if word in _ENDS:
        return str(word)
    if run is None:
        return "lost"
    state = run.state.lower()
    if state in map(str.lower, config.success_states):
        return "succeeded"
    if any(part in state for part in _CANCELLED):
        return "cancelled"
    return "lost" if word else "failed"
