"""What does it mean that the vendor has nothing for a day?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from beaf_bmll.sources.venues import are_named
from beaf_core import DayStatus, TableRead, absent_day_status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from beaf_core import TableRequest


#: What a person should think of where no rows come: all of these look alike.
WHY_EMPTY = "no rows: no session, no such venue, or no right to it"


def status_of(day: date) -> DayStatus:
    """Judge a day of which something that was asked for is not there.

    A holiday, a venue that nobody knows and one that this account may not see all look alike: no
    rows. A weekend is closed, today pending, anything else missing, which is loud.
    """
    return absent_day_status(day, datetime.now(UTC).date())


def nothing(day: date, *absent: str) -> TableRead:
    """Answer that there is nothing, and for what was looked."""
    return TableRead(status_of(day), absent=absent)


def with_absent(read: TableRead, request: TableRequest, absent: Sequence[str]) -> TableRead:
    """Tell, beside what is there, which of the venues that were named is not."""
    if not absent or not are_named(request):
        return read
    return replace(read, status=status_of(request.day), absent=tuple(absent))
