"""A machine has started: is its work due by the local clock, and has nobody else done it?

BMLL does not say which cron has started a job, and it takes a while until a machine is there. So a
job serves the newest time that is due and not long past: what a second cron starts for the same
time, or what starts by the offset that does not hold, finds it served, or finds nothing due.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from beaf_bmll.cron.times import last_time

#: A machine that starts so late still serves what it was started for.
PATIENCE = timedelta(hours=12)
#: So far may the clock of a machine be behind the one that has started it.
SKEW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a job is to go on.

    Attributes:
        due: the moment that it serves, in UTC; None where it is to end at once.
        reason: why, for its log.
    """

    due: datetime | None
    reason: str


def due_key(due: datetime) -> str:
    """Name a moment, in file names too: what is due then is done once."""
    return f"{due.astimezone(UTC):%Y%m%dT%H%MZ}"


def guard(
    expression: str,
    timezone: str,
    now: datetime,
    *,
    since: datetime | None = None,
    served: Container[str] = (),
    patience: timedelta = PATIENCE,
) -> Verdict:
    """Decide whether a job that has started now is to go on.

    Args:
        expression: the cron, of five or six fields, as a person wrote it.
        timezone: of its times.
        now: by the machine's clock.
        since: what was due before is not made up for.
        served: keys (`due_key`) of what has been done, or is being done.
        patience: what was due longer ago is not made up for either.

    Raises:
        UsageError: there is no such cron or zone.
    """
    passed = last_time(expression, timezone, now, patience)
    coming = last_time(expression, timezone, now + SKEW, SKEW)
    due = [each for each in (passed, coming) if each and (since is None or each >= since)]
    if not due:
        return Verdict(None, f"nothing is due by {expression} {timezone}: its start is another's")
    left = next((each for each in due if due_key(each) not in served), None)
    if left is None:
        return Verdict(None, f"what was due at {due[0]:%Y-%m-%d %H:%M} UTC has been served already")
    return Verdict(left, f"due at {left:%Y-%m-%d %H:%M} UTC by {expression} {timezone}")
