"""Where can rows be written to, and how does a test get at each of these places?

A `Place` is plain data, so that it can travel to a process that is going to be killed. Every test
of the matrix goes through the public host, as a run does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import polars as pl
from pydantic import ValidationError

from beaf_core import (
    DatePartition,
    PartitionRun,
    PluginHost,
    Receipt,
    Target,
    UniversePartition,
    UsageError,
)

if TYPE_CHECKING:
    from pathlib import Path

#: Every place of the matrix.
LOCAL = ("parquet", "hive", "delta", "sqlite", "duckdb")
ON_S3 = ("parquet-s3", "hive-s3", "delta-s3")
SERVED = ("postgresql",)
PLACES = (*LOCAL, *ON_S3, *SERVED)
#: Those of which one location holds many partitions.
SHARED_PLACES = tuple(each for each in PLACES if not each.startswith("parquet"))

SINGLE = "{datasetname}/{pass}/{universe}/{start_date}_{end_date}.parquet"
SHARED = "{datasetname}/{pass}"
HIVE_COLUMNS = ("MIC", "Date")
DRIVERS = {"sqlite": "sqlite", "duckdb": "duckdb"}

FIRST_DAY = date(2025, 1, 1)


@dataclass(frozen=True)
class Place:
    """Somewhere to write to.

    Attributes:
        name: one of `PLACES`.
        root: the folder, `s3://` URL or database below which everything has to stay.
        section: OUTPUT_TARGET, as a pipeline would spell it.
        storage_options: S3_STORAGE_OPTIONS.
    """

    name: str
    root: str
    section: Mapping[str, Any]
    storage_options: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`parquet`, `hive`, `delta` or `sql`."""
        kind = self.name.partition("-")[0]
        return kind if kind in {"parquet", "hive", "delta"} else "sql"

    @property
    def is_local(self) -> bool:
        """Whether this process writes its files itself, to a disk of this machine."""
        return "://" not in self.root

    @property
    def password(self) -> str | None:
        """The password of its database, as it stands in the URL."""
        return urlsplit(self.section.get("sql_connection", "")).password

    def target(self, dataset: str = "tiny", pass_name: str = "bars", **stamp: str) -> Target:
        """Resolve it, as the configuration does."""
        core = {"type", "path_template", "partition_columns"}
        own = {name: value for name, value in self.section.items() if name not in core}
        model = host().config_model("output", self.section["type"])
        try:
            options = model.model_validate(own) if model is not None else None
        except ValidationError as error:  # which the core tells as a fault of the configuration
            raise UsageError(str(error)) from None
        columns = tuple(self.section.get("partition_columns", ()))
        template = getattr(options, "location_template", None) or self.section["path_template"]
        return Target(
            self.section["type"],
            dataset,
            pass_name,
            template,
            options,
            columns,
            dict(self.storage_options),
            stamp=stamp,
            shared=bool(columns) or bool(getattr(options, "shared", False)),
        )

    def with_options(self, **options: Any) -> Place:
        """Return it with more in its section."""
        section = {**self.section, **options}
        return Place(self.name, self.root, section, self.storage_options)

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Place:
        """Read what `to_json` rendered."""
        return cls(**values)


def files_place(name: str, root: str, storage_options: Mapping[str, str] | None = None) -> Place:
    """Make a place of files, on the disk or in a bucket."""
    kind = name.partition("-")[0]
    section: dict[str, Any] = {"type": "delta" if kind == "delta" else "parquet"}
    section["path_template"] = f"{root}/{SINGLE if kind == 'parquet' else SHARED}"
    if kind == "hive":
        section["partition_columns"] = list(HIVE_COLUMNS)
    return Place(name, root, section, storage_options or {})


def sql_place(name: str, url: str, root: str) -> Place:
    """Make a place in a database."""
    return Place(name, root, {"type": "sql", "sql_connection": url})


def local_place(name: str, folder: Path) -> Place:
    """Make a place in an empty folder."""
    if name in DRIVERS:
        return sql_place(name, f"{DRIVERS[name]}:///{folder}/rows.db", str(folder))
    return files_place(name, str(folder))


@cache
def host() -> PluginHost:
    """Return the one host of this process: a catalogue costs 17 ms."""
    return PluginHost()


# -- rows ------------------------------------------------------------------------------------------


def partition(number: int, universe: str = "XLON") -> PartitionRun:
    """Return the partition of a day, counted from the first of January."""
    day = FIRST_DAY + timedelta(days=number)
    return PartitionRun(UniversePartition("mic", universe), DatePartition(day.isoformat()))


def rows(number: int, version: int, height: int = 3000) -> pl.DataFrame:
    """Make the rows of a version of a partition: no two versions have as many, or the same ones.

    Versions and partitions can be told apart by every row.
    """
    count = height + version % 97
    at = pl.int_range(count, dtype=pl.Int64)
    start = pl.lit(FIRST_DAY + timedelta(days=number)).cast(pl.Datetime("ns"))
    return pl.select(
        (at % 50 + 1).alias("ListingId"),
        (start + pl.duration(minutes=at // 50 + 1)).alias("TimeBucket"),
        pl.when(at % 3 == 0).then(pl.lit("XPAR")).otherwise(pl.lit("XLON")).alias("MIC"),
        pl.lit(version, pl.Int64).alias("Version"),
        pl.lit(number, pl.UInt32).alias("Day"),
        (at.hash(version) % 1_000_000 / 64).alias("Close"),
        pl.when(at % 7 != 0).then(at * 100).alias("Volume"),
        pl.format("state {}", at.hash(number) % 9).alias("MarketState"),
    ).sort("ListingId", "TimeBucket")


def ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring rows into the one order in which they are compared."""
    return frame.sort(
        "ListingId",
        "TimeBucket",
        *[each for each in frame.columns if each not in {"ListingId", "TimeBucket"}],
    )


# -- through the host ------------------------------------------------------------------------------


def write(
    place: Place, number: int, version: int, height: int = 3000, since: str | None = None
) -> Receipt:
    """Write a version of a partition; its stamp says which, and since when its run is at work."""
    stamp = {"fingerprint": str(version), "written_at": since or now()}
    frame = rows(number, version, height).lazy()
    return host().write_output(frame, place.target(**stamp), partition(number))


def now() -> str:
    """Return the time as runs stamp it."""
    return datetime.now(UTC).isoformat()


def read(place: Place, numbers: Sequence[int]) -> pl.DataFrame | None:
    """Read partitions back."""
    found = host().read_output(place.target(), [partition(each) for each in numbers])
    return None if found is None else found.collect()


def version_of(place: Place, number: int, height: int = 3000) -> int | None:
    """Return the version that stands, which has to be whole and to agree with its receipt.

    Raises:
        AssertionError: rows are lost, doubled, of several versions, or not those of the receipt.
    """
    key = partition(number).key
    receipt = host().find_receipt(place.target(), partition(number))
    back = read(place, [number])
    if receipt is None or back is None:
        assert receipt is None, f"{key} has the receipt {receipt}, and no rows"
        assert back is None, f"{key} has rows, and no receipt"
        return None
    version = int(receipt.fingerprint or -1)
    wanted = rows(number, version, height)
    assert receipt.rows == wanted.height, f"{key}: the receipt counts {receipt.rows} rows"
    assert back.schema == wanted.schema, f"{key} comes back as {back.schema}"
    versions = back["Version"].unique().to_list()
    assert versions == [version], f"{key} holds versions {versions}; its receipt says {version}"
    assert back.height == wanted.height, f"{key} has {back.height} rows, not {wanted.height}"
    assert ordered(back).equals(ordered(wanted)), f"{key} comes back with other values"
    return version
