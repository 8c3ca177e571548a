"""Which files may hold a table on a day?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

from beaf_core import TABLES, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from beaf_core.sources.stores import FoundFile, Store

DEFAULT_TEMPLATE = "{table}/{mic}/{date}.parquet"
PLACEHOLDERS = ("table", "mic", "date", "yyyy", "mm", "dd", "yyyymmdd")

#: Tables about listings. They may lie in one file for all venues, and may be undated.
LISTING_TABLES = frozenset({"reference", "membership"})


def _bmll(folder: str, prefix: str) -> str:
    return f"{folder}/{{mic}}/{{yyyy}}/{{mm}}/{{dd}}/{prefix}{{mic}}-{{yyyymmdd}}.parquet"


#: Layout → table → template; `default` stands for every other table.
LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "default": {"default": DEFAULT_TEMPLATE},
    "bmll": {
        "trades": _bmll("Trades-Plus", "trades-plus-"),
        "l2": _bmll("Equity", ""),
        "l3": _bmll("Equity-L3", "l3-"),
        "cbbo": _bmll("CBBO", "cbbo-"),
        "marketstate": _bmll("MarketState", "market-state-"),
        # What the vendor keeps elsewhere (reference, membership, …) can be put beside.
        "default": DEFAULT_TEMPLATE,
    },
}

#: Layout → table → column → the name that the file may use instead.
SECOND_NAMES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "default": {},
    "bmll": {
        "l2": {"ListingId": "BMLLObjectId"},
        "cbbo": {"ListingId": "BMLLObjectId"},
    },
}


def check_template(template: str, table: str) -> None:
    """Check one template; `default` serves every table that has none of its own.

    Raises:
        ValueError: an unknown placeholder, or one that is missing. The text is for people.
    """
    used = _placeholders(template)
    for name in used:
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            hint = did_you_mean(name, PLACEHOLDERS)
            raise ValueError(f"unknown placeholder {{{name}}}{hint}; known: {known}")
    if template.startswith("/") or "//" in template or template.endswith("/"):
        raise ValueError("a template is a path of a file below the root, as in " + DEFAULT_TEMPLATE)
    if table == "default" and "table" not in used:
        raise ValueError(
            "without {table} every table would be read from the same file; "
            "give each table its own template: {trades: …, l2: …}"
        )
    if table not in LISTING_TABLES and not names_the_day(template):
        raise ValueError("the path must name the day: {date}, {yyyymmdd}, or {yyyy}, {mm} and {dd}")


def names_the_day(template: str) -> bool:
    """Say whether a path differs from day to day."""
    used = set(_placeholders(template))
    return bool(used & {"date", "yyyymmdd"}) or used >= {"yyyy", "mm", "dd"}


def _placeholders(template: str) -> list[str]:
    names = []
    for _, name, form, conversion in Formatter().parse(template):
        if form or conversion:
            raise ValueError(f"{{{name}}} takes no format; dates are {{date}} or {{yyyymmdd}}")
        if name is not None:
            names.append(name)
    return names


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a table on a day.

    Attributes:
        files: one per venue, or one for all.
        absent: locations where nothing was.
        by_venue: whether each file belongs to one venue.
    """

    files: tuple[FoundFile, ...]
    absent: tuple[str, ...]
    by_venue: bool


def table_names(table: str) -> tuple[str, ...]:
    """List the names under which a table may lie, its own first."""
    schema = TABLES.get(table)
    return (table, *schema.aliases) if schema else (table,)


def candidates(template: str, table: str, names: Sequence[str], day: date) -> list[str]:
    """List the paths to try, best first; `{mic}` is left to be filled.

    The tables about listings may lie in one file for all venues: where the template has a folder
    `{mic}`, the same path without it is tried as well.
    """
    templates = [template]
    if table in LISTING_TABLES and "{mic}/" in template:
        templates.append(template.replace("{mic}/", ""))
    bound = [_bind(each, name, day) for each in templates for name in names]
    return list(dict.fromkeys(bound))


def _bind(template: str, name: str, day: date) -> str:
    values = {
        "table": name,
        "date": day.isoformat(),
        "yyyymmdd": f"{day:%Y%m%d}",
        "yyyy": f"{day:%Y}",
        "mm": f"{day:%m}",
        "dd": f"{day:%d}",
    }
    for placeholder, value in values.items():
        template = template.replace(f"{{{placeholder}}}", value)
    return template


def find_files(store: Store, paths: Sequence[str], mics: Sequence[str]) -> Found:
    """Find the file of each venue, or else the one file for all of them.

    Args:
        store: where to look.
        paths: the candidates, best first.
        mics: the venues wanted; empty means all that are there.
    """
    per_venue = [path for path in paths if "{mic}" in path]
    whole = [path for path in paths if "{mic}" not in path]
    # A venue named twice must not be read twice.
    venues = list(dict.fromkeys(mics)) or _venues(store, per_venue)
    tried = [[path.replace("{mic}", _safe(mic)) for path in per_venue] for mic in venues]
    files = store.first_files(tried) if per_venue else []
    if any(files):
        missing = [paths for paths, file in zip(tried, files, strict=True) if file is None]
        # Venues that nobody asked for by name, and that have no file on the day, are not absent.
        absent = _locations(store, missing) if mics else ()
        return Found(tuple(filter(None, files)), absent, by_venue=True)
    found = store.first_files([whole]) if whole else []
    if any(found):
        return Found(tuple(filter(None, found)), (), by_venue=False)
    looked = tried if mics else [[path.replace("{mic}", "*") for path in per_venue]]
    return Found((), _locations(store, [*looked, whole]), by_venue=bool(per_venue))


def _locations(store: Store, paths: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(store.location(path) for group in paths for path in group)


def _venues(store: Store, paths: Sequence[str]) -> list[str]:
    """List the venues that folder or file names suggest; whether their files exist comes next."""
    found: dict[str, None] = {}
    for path in paths:
        parts = path.split("/")
        depth = next(index for index, part in enumerate(parts) if "{mic}" in part)
        before, after = parts[depth].split("{mic}", 1)
        # A hidden name (.ipynb_checkpoints, _delta_log) is never a venue.
        tail = re.escape(after).replace(re.escape("{mic}"), ".*")
        venue = re.compile(rf"{re.escape(before)}(?P<mic>[^._/][^/]*?){tail}")
        names = map(venue.fullmatch, store.names_in("/".join(parts[:depth])))
        found.update((match["mic"], None) for match in names if match)
    return sorted(found)


def _safe(mic: str) -> str:
    if not re.fullmatch(r"[^/\\\0{}]+", mic) or mic.startswith("."):
        raise UsageError(
            f"{mic!r} is not a venue code", remedy="write a MIC of ISO 10383, for example XLON"
        )
    return mic
