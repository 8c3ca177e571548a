"""How does a submission become exactly one run, whatever goes wrong on the way?"""

from __future__ import annotations

from beaf_bmll.submit.asking import Asking
from beaf_bmll.submit.clock import Clock
from beaf_bmll.submit.doctor import Doctor
from beaf_bmll.submit.ending import StillActiveError, delete_idle, end_run
from beaf_bmll.submit.ledger import Ledger, state_folder
from beaf_bmll.submit.nouns import (
    Entry,
    Finding,
    JobWords,
    NoWords,
    Submission,
    Submitted,
    submit_id_of,
)
from beaf_bmll.submit.outcome import outcome_of
from beaf_bmll.submit.submitter import Submitter
from beaf_bmll.submit.triggers import ensure_trigger

__all__ = [
    "Asking",
    "Clock",
    "Doctor",
    "Entry",
    "Finding",
    "JobWords",
    "Ledger",
    "NoWords",
    "StillActiveError",
    "Submission",
    "Submitted",
    "Submitter",
    "delete_idle",
    "end_run",
    "ensure_trigger",
    "outcome_of",
    "state_folder",
    "submit_id_of",
]
