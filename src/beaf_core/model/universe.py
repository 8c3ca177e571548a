"""What may a universe ask of a source, and what is a set of selectors in a program?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from beaf_core.model.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from beaf_core.model.partition import UniversePartition

#: The name of a universe plugin → the values that it offers.
Values = Callable[[str], list[str]]
#: A day → its listings.
Listings = Callable[[Any], "pl.DataFrame"]


class Reference(Protocol):
    """The source's reference table on a date, filtered: `reference("2026-02-01", MIC="XLON")`."""

    def __call__(self, date: Any, **constraints: object) -> pl.DataFrame:
        """Answer the listings that match every constraint.

        A list, tuple or set names alternatives, of which one must match. `Index` is answered from
        the membership table.
        """

    def values(self, date: Any, column: str) -> list[str]:
        """List what a column holds, as text: each value once, sorted, nulls left out."""


@runtime_checkable
class Universe(Protocol):
    """A set of selectors, as a pipeline's `UNIVERSES` lists them: `MICUniverse(["XLON"])`.

    It lists partitions, and can answer what one of them holds; all that it knows is in the object.
    """

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Functions that answer for selectors which no plugin knows, by the selector's name."""

    def iter_partitions(self, values: Values | None = None) -> Iterator[UniversePartition]:
        """List the selectors.

        Args:
            values: tells the values that a universe plugin offers, as `source_values` does; asked
                only where they are needed. None asks the source of the nearest `beaf.yaml`.
        """

    def get_universe_for(self, partition: UniversePartition) -> Listings:
        """Return a function that answers the listings of a selector on a day."""


def functions_of(universes: Iterable[Universe]) -> dict[str, Callable[..., Any]]:
    """Gather the functions of several universes, by name.

    Raises:
        UsageError: two functions of one name, or something that is no universe.
    """
    if isinstance(universes, str | bytes) or not isinstance(universes, Iterable):
        raise _no_universe(universes)
    found: dict[str, Callable[..., Any]] = {}
    for each in universes:
        if isinstance(each, type) or not isinstance(each, Universe):
            raise _no_universe(each)
        for name, function in each.functions.items():
            if found.setdefault(name, function) != function:
                raise UsageError(
                    f'two universes are called "{name}", and each has a function of its own',
                    remedy="give one of them another name: CustomUniverse(…, name=…)",
                )
    return found


def _no_universe(given: object) -> UsageError:
    told = repr(given)
    return UsageError(
        f"{told if len(told) <= 60 else f'a {type(given).__name__}'} is no list of universes, "
        "nor one of them",
        remedy="list objects such as MICUniverse(whitelist=['XLON']) or CustomUniverse(function)",
    )
