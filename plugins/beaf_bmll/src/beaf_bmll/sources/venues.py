"""Of which venues is a table asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import alternatives

if TYPE_CHECKING:
    from beaf_bmll.sources.config import Config
    from beaf_core import TableRequest

MIC = "MIC"


def are_named(request: TableRequest) -> bool:
    """Say whether a request names venues: of those that it does not name, none is missed."""
    return bool(request.mics) or MIC in request.constraints


def venues_named(request: TableRequest) -> tuple[str, ...]:
    """List the venues that a request names, each once; none where it means all of them."""
    named = tuple(dict.fromkeys(request.mics))
    wanted = request.constraints.get(MIC)
    if wanted is None:
        return named
    allowed = tuple(map(str, alternatives(wanted)))
    # Where the two contradict each other, the engine's own filter leaves nothing.
    return tuple(mic for mic in named if mic in allowed) or named or allowed


def venues_of(request: TableRequest, config: Config) -> tuple[str, ...]:
    """List the venues that a request names, or else all that are alive on the day."""
    if are_named(request):
        return venues_named(request)
    from beaf_bmll.sources.answers import available_markets

    return tuple(available_markets(request.day, config))
