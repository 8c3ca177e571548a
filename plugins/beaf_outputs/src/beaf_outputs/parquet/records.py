"""What does a dataset of files know of itself, and in which steps does that change?

    _beaf/dataset/00000001.json         columns, partition columns, generation; the highest counts
    _beaf/about/<digest>.json           what rows mean
    _beaf/records/<generation>/<universe>/<dates>.json      a partition: receipt and files
    _beaf/staged/<partition>/<write>/<n>.staged             files on their way to their places
    _beaf/locks/<n>.lock                one writer of a partition at a time commits and moves

Writing a record is what commits a partition; writing the next file in `dataset` is what begins
a dataset anew: partitions of an older generation are no longer there.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from beaf_outputs.kept import About, Kept, decoded, encoded
from beaf_outputs.stores import STAGED, Store

OWN = "_beaf"
VERSIONS = f"{OWN}/dataset"
_ABOUT = f"{OWN}/about"
RECORDS = f"{OWN}/records"
ALL_STAGED = f"{OWN}/staged"


@dataclass(frozen=True, slots=True)
class Version:
    """What holds for all partitions of a dataset.

    Attributes:
        number: counts the versions, from 1.
        generation: partitions of another one are not part of the dataset.
        schema: the columns of its files.
        partition_columns: the columns that name its folders.
    """

    number: int
    generation: str
    schema: pl.Schema
    partition_columns: tuple[str, ...]

    @classmethod
    def first(cls, schema: pl.Schema, partition_columns: tuple[str, ...]) -> Version:
        """Begin a dataset."""
        return cls(1, secrets.token_hex(8), schema, partition_columns)

    @property
    def path(self) -> str:
        """Where it is kept."""
        return f"{VERSIONS}/{self.number:08}.json"

    def next(self, schema: pl.Schema, partition_columns: tuple[str, ...]) -> Version:
        """Return the next version, of the same partitions."""
        return Version(self.number + 1, self.generation, schema, partition_columns)

    def anew(self, schema: pl.Schema, partition_columns: tuple[str, ...]) -> Version:
        """Return the next version, of a dataset that begins anew."""
        begun = Version.first(schema, partition_columns)
        return replace(begun, number=self.number + 1)

    def file(self, folder: str, partition: str) -> str:
        """Name the one file of a partition in a cell; generations never share one."""
        return f"{folder}/part-{_digest(f'{self.generation} {partition}')}.parquet"


@dataclass(frozen=True, slots=True)
class Record:
    """A partition of a dataset.

    Attributes:
        kept: its receipt and files; None where it has been removed.
        write: names the folder that its files are staged in.
        gone: files that are no longer part of it, to be removed before its own are moved.
    """

    kept: Kept | None
    write: str = ""
    gone: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Where its rows are, once they are in their places."""
        return self.kept.files if self.kept else ()

    @property
    def text(self) -> str:
        """JSON text, which `Kept` reads too."""
        kept = json.loads(self.kept.text) if self.kept else {}
        return json.dumps({**kept, "write": self.write, "gone": self.gone}, sort_keys=True)

    @classmethod
    def of_text(cls, text: bytes) -> Record:
        """Read what `text` rendered."""
        values = json.loads(text)
        kept = Kept.of_text(text) if "receipt" in values else None
        return cls(kept, values["write"], tuple(values["gone"]))

    def staged(self, partition: str) -> dict[str, str]:
        """Return where its files come from: place → staged file."""
        folder = staged_folder(partition, self.write)
        return {path: f"{folder}/{n}{STAGED}" for n, path in enumerate(self.files)}


def latest(store: Store) -> Version | None:
    """Read the newest version of a dataset; None where there is no dataset."""
    numbers = paths_of_records(store.names(VERSIONS))
    text = store.read(numbers[-1]) if numbers else None
    if text is None:
        return None
    values = json.loads(text)
    return Version(
        values["number"],
        values["generation"],
        decoded(values["schema"]),
        tuple(values["partition_columns"]),
    )


def publish(store: Store, version: Version) -> bool:
    """Make a version the newest one; False where another writer was first."""
    values = {
        "number": version.number,
        "generation": version.generation,
        "schema": encoded(version.schema),
        "partition_columns": version.partition_columns,
    }
    # A request that was repeated, its answer lost, finds what it has written itself.
    return store.create(version.path, json.dumps(values).encode()) or latest(store) == version


def about_path(digest: str) -> str:
    """Name the file that says what rows mean."""
    return f"{_ABOUT}/{digest}.json"


def keep_about(store: Store, about: About) -> None:
    """Keep what rows mean, once."""
    store.create(about_path(about.digest), about.text.encode())


def abouts(store: Store, digests: Iterable[str]) -> list[About]:
    """Read what rows mean."""
    texts = store.each(store.read, map(about_path, dict.fromkeys(digests)))
    return [About.of_text(each) for each in texts if each is not None]


def record_path(version: Version, partition: str) -> str:
    """Name the record of a partition, by its key."""
    universe, _, dates = partition.rpartition(":")
    return f"{universe_folder(version, universe)}/{dates}.json"


def universe_folder(version: Version, universe: str) -> str:
    """Name the folder of the records of a universe: they are named by dates."""
    return f"{all_records(version)}/{_digest(universe)}"


def all_records(version: Version) -> str:
    """Name the folder of all records of a generation."""
    return f"{RECORDS}/{version.generation}"


def staged_folder(partition: str, write: str = "") -> str:
    """Name the folder that the files of a partition are staged in, by one write or all of them."""
    return f"{ALL_STAGED}/{_digest(partition)}" + (f"/{write}" if write else "")


def lock_path(partition: str) -> str:
    """Name the lock of a partition; some partitions share one, so that there are few files."""
    return f"{OWN}/locks/{_digest(partition)[:2]}.lock"


def paths_of_records(names: Iterable[str]) -> list[str]:
    """Leave out what is not a whole record."""
    return [each for each in names if each.endswith(".json")]


def records(store: Store, paths: Iterable[str]) -> list[Record | None]:
    """Read records; None for each that is not there."""
    texts = store.each(store.read, paths)
    return [None if text is None else Record.of_text(text) for text in texts]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
