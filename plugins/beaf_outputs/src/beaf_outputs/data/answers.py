"""What do the places that were asked for hold, and what does keeping them in order take?

Each kind of output tells for itself; it is imported only where a place may be its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from beaf_core import UsageError
from beaf_outputs.data.places import Asked, Place, shown_location
from beaf_outputs.kept import Described
from beaf_outputs.stores import open_store
from beaf_outputs.upkeep import Upkeep

#: Tells a person what is left out.
Tell = Callable[[str], None]
#: Keeps one place in order; None where it is not of its kind.
Keeper = Callable[[Place], Upkeep | None]

#: What lies in a table or a dataset, below its own folder.
_INSIDE = ("/_delta_log/", "/_beaf/dataset/")


def described(asked: Asked, tell: Tell) -> list[Described]:
    """Ask what the places say of themselves.

    Raises:
        UsageError: there is nothing that BEAF has written.
        ResourceError: a place cannot be read.
    """
    places = _known(asked.places(), tell)
    found = [each for place in places for each in _described(place)]
    if not found:
        raise _nothing(places)
    return found


def _known(places: list[Place], tell: Tell) -> list[Place]:
    """Leave out what other outputs have written."""
    for each in places:
        if each.kind not in (None, "parquet", "delta", "sql"):
            tell(f"{each.location} is left out: the output {each.kind} says nothing of itself")
    return [each for each in places if each.kind in (None, "parquet", "delta", "sql")]


def _described(place: Place) -> list[Described]:
    if place.is_database:
        from beaf_outputs import sql

        return _found(sql.describe(place.location, place.storage_options))
    if place.may_be("delta"):
        from beaf_outputs import delta

        table = delta.describe(place.location, place.storage_options)
        if table is not None or place.kind == "delta":
            return _found(table)
    from beaf_outputs import parquet

    return parquet.describe_each(place.location, place.storage_options, place.pattern)


def _found(answer: Described | None) -> list[Described]:
    return [] if answer is None else [answer]


def compacted(asked: Asked, tell: Tell, *, apply: bool) -> list[Upkeep]:
    """Put the small files of places together; without `apply`, say what that would do.

    Raises:
        UsageError: there is nothing to keep in order.
    """

    def delta_table(place: Place) -> Upkeep | None:
        from beaf_outputs.delta.maintain import compact

        return compact(place.location, place.storage_options, apply=apply)

    def dataset(place: Place) -> Upkeep | None:
        from beaf_outputs.parquet.maintain import compact

        return compact(place.location, place.storage_options)

    return _in_order(asked, tell, delta_table, dataset)


def vacuumed(asked: Asked, tell: Tell, keep_hours: float, *, apply: bool) -> list[Upkeep]:
    """Remove what nothing in the places lists; without `apply`, say what that would do.

    Raises:
        UsageError: there is nothing to keep in order.
    """

    def delta_table(place: Place) -> Upkeep | None:
        from beaf_outputs.delta.maintain import vacuum

        return vacuum(place.location, place.storage_options, keep_hours=keep_hours, apply=apply)

    def dataset(place: Place) -> Upkeep | None:
        from beaf_outputs.parquet.maintain import vacuum

        return vacuum(place.location, place.storage_options, keep_hours=keep_hours, apply=apply)

    return _in_order(asked, tell, delta_table, dataset)


def _in_order(asked: Asked, tell: Tell, delta_table: Keeper, dataset: Keeper) -> list[Upkeep]:
    places = _once(_known(asked.places(), tell))
    with_files = [each for each in places if not each.is_database]
    for each in places:
        if each.is_database:
            tell(f"{shown_location(each.location)} is left out: a database keeps its own files")
    done = [each for place in with_files for each in _kept(place, delta_table, dataset)]
    if not done:
        raise _nothing(places)
    return done


def _kept(place: Place, delta_table: Keeper, dataset: Keeper) -> Iterator[Upkeep]:
    for kind, keeper in (("delta", delta_table), ("parquet", dataset)):
        done = keeper(place) if place.may_be(kind) else None
        if done is not None:
            yield done
            return


def _once(places: list[Place]) -> list[Place]:
    """Leave out what several outputs of a pipeline have in common."""
    return list({each.location: each for each in places}.values())


def _nothing(places: list[Place]) -> UsageError:
    named = ", ".join(shown_location(each.location) for each in places[:3])
    return UsageError(
        f"there is nothing at {named} that BEAF has written",
        remedy=_nearby(places)
        or "name a parquet file, a dataset, a table or a folder of such files, or run the "
        "pipeline first; `beaf pipeline plan` says where it writes",
    )


def _nearby(places: list[Place]) -> str:
    """Name the tables and datasets that lie below a folder, or ask for a database's table."""
    if any(each.is_database and "#" not in each.location for each in places):
        return "name the table, too: --table NAME"
    found: dict[str, None] = {}
    for place in places:
        if place.is_database or place.pattern is not None:
            continue
        store = open_store(place.location, place.storage_options)
        for name in store.names(""):
            inside = [f"/{name}".find(each) for each in _INSIDE]
            if (end := max(inside)) > 0:
                found[store.location(name[: end - 1])] = None
    more = f" or {len(found) - 3} more" if len(found) > 3 else ""
    return f"name {', '.join(list(found)[:3])}{more}" if found else ""
