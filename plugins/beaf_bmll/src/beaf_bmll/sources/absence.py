"""What does it mean that the vendor has nothing for a day?"""

from __future__ import annotations

from datetime import UTC, date, datetime

from beaf_core import DayStatus, absent_day_status


def status_of(day: date, absent: tuple[str, ...]) -> DayStatus:
    """Judge a day of which some of what was asked for is not there.

    A holiday, a venue that nobody knows and one that this account may not see all look alike: no
    rows. A weekend is closed, today pending, anything else missing, which is loud.
    """
    return absent_day_status(day, datetime.now(UTC).date()) if absent else DayStatus.READY
