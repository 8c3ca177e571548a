"""Which values does a selector name? One, or several joined by `~`: `mic=XLON~XPAR`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from beaf_core import Reference

#: Joins several values: commas break partition keys.
SEPARATOR = "~"
#: What a value in a selector cannot hold.
_RESERVED = frozenset(f"{SEPARATOR}+,|[]")


def required(name: str, value: str | None, example: str) -> str:
    """Return the value of a selector that means nothing without one.

    Raises:
        UsageError: there is none.
    """
    if value is None:
        raise UsageError(
            f"the universe {name} needs a value",
            remedy=f"write for example {example}; beaf universe list --values {name} shows them",
        )
    return value


def listings_of(column: str, value: str, date: str, reference: Reference) -> pl.DataFrame:
    """List the listings whose column holds the value, or one of several.

    Raises:
        UsageError: of several values, one that no listing has on that day.
    """
    wanted = split(value)
    if len(wanted) == 1:
        return reference(date, **{column: wanted[0]})
    _refuse_strangers(column, wanted, date, reference)
    return reference(date, **{column: wanted})


def nameable(values: Iterable[str]) -> list[str]:
    """Leave out the values that a selector cannot spell."""
    return [each for each in values if each and _is_nameable(each)]


def _is_nameable(value: str) -> bool:
    return value == value.strip() and value.isprintable() and _RESERVED.isdisjoint(value)


def split(value: str) -> list[str]:
    """Read the values of a selector.

    Raises:
        UsageError: nothing stands before, behind or between two separators.
    """
    wanted = [each.strip() for each in value.split(SEPARATOR)]
    if "" in wanted:
        raise UsageError(
            f"an empty value stands in {value!r}", remedy=f"join values by one {SEPARATOR} each"
        )
    return wanted


def _refuse_strangers(column: str, wanted: list[str], date: str, reference: Reference) -> None:
    """One value that means nothing leaves the universe empty; one of many would go unnoticed."""
    known = reference.values(date, column)
    strangers = sorted(set(wanted).difference(known))
    if not strangers:
        return
    told = "; ".join(f"{each}{did_you_mean(each, known)}" for each in strangers[:5])
    more = f"; and {len(strangers) - 5} more" if len(strangers) > 5 else ""
    raise UsageError(
        f"on {date} no listing has the {column} {told}{more}",
        remedy="correct it or leave it out; a file (file=listings.csv) can say from when to when "
        "each of its listings counts",
    )
