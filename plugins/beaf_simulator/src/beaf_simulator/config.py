"""Which market does a person ask for?"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

#: Raise it with every change of what the market does: outputs computed from it are then stale.
REVISION = 2

# A leap year, so that 02-29 can be a holiday.
_ANY_YEAR = 2000


def _holiday(value: object) -> str:
    # YAML reads 2026-04-03 as a date.
    text = value.isoformat() if isinstance(value, date) else str(value)
    whole = f"{_ANY_YEAR}-{text}" if len(text) == len("MM-DD") else text
    try:
        date.fromisoformat(whole)
    except ValueError:
        raise ValueError(
            f"{text!r} is no day: write MM-DD for every year, or YYYY-MM-DD for one"
        ) from None
    return text


Holiday = Annotated[str, BeforeValidator(_holiday)]


class Config(BaseModel):
    """Options of the source `simulated`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["simulated"] = Field(default="simulated", description="The name of this source.")
    seed: int = Field(
        default=7, description="Names the market: each seed has its own prices and trades."
    )
    listings_per_mic: int = Field(
        default=8, ge=1, le=1000, description="Listings on each of XLON, XPAR and BATE."
    )
    trades_per_listing: int = Field(
        default=1500,
        ge=1,
        le=1_000_000,
        description=(
            "Mean number of lit continuous trades of a primary listing on a day; "
            "a listing on BATE has a third of it."
        ),
    )
    orders_per_listing: int = Field(
        default=4000,
        ge=0,
        le=1_000_000,
        description=(
            "Mean number of orders of a primary listing that come and go on a day, beside those "
            "that quotes and trades take; a listing on BATE has a third of it."
        ),
    )
    holidays: tuple[Holiday, ...] = Field(
        default=("01-01", "12-25", "12-26"),
        description="Days without a session: MM-DD in every year, YYYY-MM-DD in one.",
    )

    def is_holiday(self, day: date) -> bool:
        """Say whether the market is closed; on all other days, weekends too, it trades."""
        text = day.isoformat()
        return text in self.holidays or text[-len("MM-DD") :] in self.holidays

    @property
    def version(self) -> str:
        """What changes when any row of the market may change: seed and a digest of the rest."""
        text = f"{REVISION}/{self.model_dump_json()}"
        return f"{self.seed}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
