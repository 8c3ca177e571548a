"""What does a check of an instance find?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what was looked at.
        state: `ok`, `warn` (works, with a limit that one should know), or `fail`.
        text: how it is.
        remedy: what to do about it.
    """

    subject: str
    state: State
    text: str
    remedy: str | None = None
