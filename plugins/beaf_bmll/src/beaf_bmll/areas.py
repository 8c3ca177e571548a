"""Which bucket and prefix does a storage area stand for? `OUTPUT_TARGET: {area: user}`."""

from __future__ import annotations

from beaf_bmll.errors import BMLLError
from beaf_core import StorageArea, UsageError, hookimpl

_REMEDY = "set bucket and prefix in OUTPUT_TARGET"


@hookimpl
def storage_area(area: str) -> StorageArea:
    """Ask bmll2, which the vendor's machines have.

    Raises:
        UsageError: this is none of them, or the area is not known there.
        BMLLError: bmll2 cannot tell.
    """
    try:
        import bmll2
    except ModuleNotFoundError as error:
        if error.name != "bmll2":
            raise
        raise UsageError(
            f"where the area {area} lies is known to bmll2, which this machine does not have",
            remedy=f"{_REMEDY}, or run where it is: in the Lab, or as a job (beaf job run)",
        ) from None
    try:
        paths = bmll2.storage_paths()
    except Exception as error:  # the vendor's own errors are not known
        raise BMLLError(
            f"bmll2 does not tell its storage areas: {type(error).__name__}", remedy=_REMEDY
        ) from error
    # Guess: a mapping of areas, each with the keys bucket and prefix.
    if area not in paths:
        raise UsageError(
            f"bmll2 knows no area {area}; it has {', '.join(map(str, paths))}", remedy=_REMEDY
        )
    found = paths[area]
    return StorageArea(bucket=found["bucket"], prefix=found["prefix"].strip("/"))
