"""What can go wrong with a database, and what may be done about it?"""

from __future__ import annotations

from beaf_core import ResourceError
from beaf_outputs.stores.retries import PassingError


class DatabaseError(ResourceError):
    """The database refuses, or does not answer."""


class LostError(DatabaseError, PassingError):
    """The connection broke, or the transaction was given up: nothing of it is there; repeat it."""


class CommitUnknownError(LostError):
    """The connection broke while a transaction ended: look whether it is there, then repeat it."""
