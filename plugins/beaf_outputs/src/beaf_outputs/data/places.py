"""Which places does a person mean, and how are they reached?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from beaf_core import (
    DatePartition,
    PartitionRun,
    Target,
    UniversePartition,
    UsageError,
    did_you_mean,
    prepare_pipeline,
)
from beaf_outputs.stores import is_on_s3, open_store

#: What follows the name of a database, up to the table.
_OPTIONS = re.compile(r"\?[^#]*")
#: Stands for whatever a partition puts into a path; no path holds it.
_ANY = "\x01"
_OF_PARTITIONS = ("universe", "start_date", "end_date")
_ANY_PARTITION = PartitionRun(UniversePartition("all"), DatePartition("2000-01-01"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person typed.

    Attributes:
        path: a place; None for the outputs of a pipeline. It may hold a password.
        pipeline: whose outputs, or whose options for object stores.
        pass_name: of the pipeline's passes, this one alone.
        table: within the database that `path` names.
    """

    path: str | None = field(repr=False)
    pipeline: str | None = None
    pass_name: str | None = None
    table: str | None = None

    def places(self) -> list[Place]:
        """Find the places.

        Raises:
            UsageError: neither a path nor a pipeline, or a pass that it does not have.
        """
        if self.path is not None and self.pass_name is not None:
            raise UsageError(
                "--pass selects among the outputs of a pipeline, and a PATH is one place",
                remedy="leave PATH or --pass out",
            )
        if self.path is not None:
            return [Place(self._location(self.path), self._storage_options(self.path))]
        if self.pipeline is None:
            raise UsageError(
                "neither a PATH nor a pipeline is named",
                remedy="give the path of a file, dataset or table, or --pipeline FILE",
            )
        return list(_of_pipeline(self.pipeline, self.pass_name))

    def _location(self, path: str) -> str:
        if self.table is not None:
            return f"{path}#{self.table}"
        return path if urlsplit(path).scheme else str(Path(path).absolute())

    def _storage_options(self, path: str) -> Mapping[str, str]:
        if not is_on_s3(path):
            return {}
        named = self.pipeline is not None
        prepared = prepare_pipeline(self.pipeline or {}, needs_passes=named)
        return prepared.resolved.config.S3_STORAGE_OPTIONS


@dataclass(frozen=True, slots=True)
class Place:
    """Where an output may be.

    Attributes:
        location: a path or a URL, as the outputs take it; it may hold a password.
        storage_options: for object stores.
        kind: the output that writes there, where that is known.
        pattern: matches the files of all partitions, below `location`.
    """

    location: str = field(repr=False)
    storage_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    kind: str | None = None
    pattern: re.Pattern[str] | None = None

    @property
    def is_database(self) -> bool:
        """Whether it is a database's."""
        has_scheme = "://" in self.location and not is_on_s3(self.location)
        return self.kind == "sql" or (self.kind is None and has_scheme)

    def may_be(self, kind: str) -> bool:
        """Say whether it may be of a kind of files."""
        if self.pattern is not None and kind == "delta":
            return False
        return not self.is_database and self.kind in (None, kind)


def _of_pipeline(pipeline: str, pass_name: str | None) -> Iterator[Place]:
    passes = prepare_pipeline(pipeline).resolved.passes
    names = [each.name for each in passes]
    if pass_name is not None and pass_name not in names:
        raise UsageError(
            f'the pipeline has no pass "{pass_name}"{did_you_mean(pass_name, names)}',
            remedy=f"its passes: {', '.join(names)}",
        )
    for each in passes:
        if pass_name in (None, each.name):
            for target in each.targets:
                yield from places_of_target(target)


def places_of_target(target: Target) -> Iterator[Place]:
    """Find where the partitions of a target lie."""
    if target.type == "sql":
        yield from _tables(target)
        return
    template = target.path_template
    for name in _OF_PARTITIONS:
        template = template.replace(f"{{{name}}}", _ANY)
    location = target.filled(template, _ANY_PARTITION)
    if _ANY not in location:
        yield Place(location, target.storage_options, target.type)
        return
    folder, _, rest = _split(location)
    pattern = re.compile("".join("[^/]+" if c == _ANY else re.escape(c) for c in rest))
    if target.shared:
        yield from _shared(folder, rest, target)
    else:
        yield Place(folder, target.storage_options, target.type, pattern)


def _split(location: str) -> tuple[str, str, str]:
    """Part the folder that all partitions have in common from the rest."""
    common = location[: location.index(_ANY)].rpartition("/")[0]
    return common, "/", location[len(common) + 1 :]


def _shared(folder: str, rest: str, target: Target) -> Iterator[Place]:
    """Find the tables of all universes or dates that a template with these in it has made."""
    names = open_store(folder, target.storage_options).names("")
    above = re.compile("".join("[^/]+" if c == _ANY else re.escape(c) for c in rest) + "(?=/)")
    found = (above.match(each) for each in names)
    for each in dict.fromkeys(match[0] for match in found if match):
        yield Place(f"{folder}/{each}", target.storage_options, target.type)


def _tables(target: Target) -> Iterator[Place]:
    options = target.options
    secret, named = options.sql_connection.get_secret_value(), options.sql_table
    if any(f"{{{each}}}" in named for each in _OF_PARTITIONS):
        raise UsageError(
            f"the pass {target.pass_name} has many tables, {named}",
            remedy=f"name one: beaf data describe {shown_location(secret)} --table NAME",
        )
    yield Place(f"{secret}#{target.filled(named, _ANY_PARTITION)}", kind="sql")


def shown_location(location: str) -> str:
    """Render a location without user, password and options, also where it is no proper URL."""
    scheme, mark, rest = location.partition("://")
    if not mark or is_on_s3(location):
        return location
    # A password may hold what ends a host elsewhere; it ends at the last @. A file has none.
    named = rest if rest.startswith("/") else rest.rpartition("@")[2]
    return f"{scheme}://{_OPTIONS.sub('', named)}"
