"""Where is the vendor's package spoken to? Here alone, and it is imported when it is needed."""

from __future__ import annotations

from beaf_bmll.sdk.conformance import Observation, check_conformance
from beaf_bmll.sdk.gateway import SDKGateway, check_kind, connect
from beaf_bmll.sdk.logs import Follower
from beaf_bmll.sdk.session import LockedSession, session_of

__all__ = [
    "Follower",
    "LockedSession",
    "Observation",
    "SDKGateway",
    "check_conformance",
    "check_kind",
    "connect",
    "session_of",
]
