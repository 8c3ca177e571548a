"""How does a submission become exactly one run, whatever goes wrong on the way?"""

from __future__ import annotations

from beaf_bmll.submit.nouns import (
    Entry,
    Finding,
    JobWords,
    NoWords,
    Submission,
    Submitted,
    submit_id_of,
)

__all__ = [
    "Entry",
    "Finding",
    "JobWords",
    "NoWords",
    "Submission",
    "Submitted",
    "submit_id_of",
]
