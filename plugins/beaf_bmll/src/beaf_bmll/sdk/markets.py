"""Which markets are alive on a day?"""

from __future__ import annotations

from typing import Any

from beaf_bmll.sdk.faults import Asked, reading
from beaf_bmll.sdk.session import LockedSession

_ASKED = Asked("POST", "reference/query", changes=False)


def living_markets(session: LockedSession, day: str) -> list[str]:
    """List the MICs of the markets that are alive on a day, sorted; empty where there are none."""
    return session.read(lambda sdk: _mics(sdk, day))


def _mics(sdk: Any, day: str) -> list[str]:
    mics: set[str] = set()
    token = None
    while True:
        question = {"objectType": "Market", "startDate": day, "endDate": day, "schema": "Equity"}
        with reading(_ASKED):
            page = sdk.execute("post", "reference", "/query", json={**question, "token": token})
            mics |= _alive(page["columns"], page["data"])
        token = page.get("token")
        if not token:
            return sorted(mics)


def _alive(columns: list[str], rows: list[list[Any]]) -> set[str]:
    """Take the MICs of a page; on the wire, truth is the word "True"."""
    mic = columns.index("MIC") if rows else 0
    alive = columns.index("IsAlive") if "IsAlive" in columns else None
    return {row[mic] for row in rows if alive is None or str(row[alive]) == "True"}
