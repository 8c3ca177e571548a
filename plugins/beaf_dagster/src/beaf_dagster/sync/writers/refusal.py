"""What does a writer say that will not write?"""

from __future__ import annotations


class WriterRefusedError(Exception):
    """A writer finds an event log that it does not know; it has written nothing."""
