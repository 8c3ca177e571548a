"""How long after a trade is the mid looked at again? `500ms`, `1s`, `5min`, …"""

from __future__ import annotations

import re
from collections.abc import Mapping

UNITS: Mapping[str, int] = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}

#: The horizons, in milliseconds, at which the table of trades holds mids before and after.
OF_THE_TABLE = (1, 2, 5, 10, 25, 50, 100, 200, 500, 1000, 5000, 15000, 30000, 60000, 300000)


def nanoseconds(horizon: str) -> int:
    """Read a horizon.

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(r"(\d+)(ns|us|ms|s|min|h)", horizon)
    length = int(found[1]) * UNITS[found[2]] if found else 0
    if length <= 0:
        raise ValueError(f"{horizon!r} is no horizon such as 500ms, 1s or 5min")
    return length


def milliseconds_of_the_table(horizon: str) -> int:
    """Read a horizon at which the table of trades holds a mid.

    Raises:
        ValueError: it holds none there.
    """
    whole, rest = divmod(nanoseconds(horizon), UNITS["ms"])
    if rest or whole not in OF_THE_TABLE:
        offered = ", ".join(f"{each}ms" for each in OF_THE_TABLE)
        raise ValueError(
            f"trades hold no mid {horizon!r} after: they hold {offered}; "
            "`mids: l2` looks any horizon up in the book"
        )
    return whole
