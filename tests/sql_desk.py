"""How does a test write to a table, read it back, and look at what is there?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from beaf_core import DatePartition, Meaning, PartitionRun, Receipt, Target, UniversePartition
from beaf_outputs.sql import Config, find_receipt, read_output, write_output


class Server(Protocol):
    """Looks at databases past BEAF; `tests/postgres.py` and `tests/file_databases.py` have one."""

    def rows(self, statement: str, *values: object, url: str) -> list[tuple[Any, ...]]: ...

    def run(self, *statements: str, url: str) -> None: ...


@dataclass(frozen=True)
class Desk:
    """Writes to and reads from a database of its own, and looks into it where it has a server."""

    server: Server | None
    url: str
    table: str = "bars"
    stamp: str = "f1"

    def target(self, **options: Any) -> Target:
        own = {"sql_connection": self.url, "sql_table": self.table} | options
        meaning = own.pop("meaning", Meaning())
        columns = own.pop("partition_columns", ())
        dataset, pass_name = own.pop("dataset", "tiny"), own.pop("pass_name", "bars")
        config = Config.model_validate(own)
        return Target(
            "sql",
            dataset,
            pass_name,
            config.location_template,
            config,
            columns,
            stamp={"fingerprint": self.stamp},
            shared=True,
            meaning=meaning,
        )

    def write(self, rows: pl.DataFrame, partition: PartitionRun, **options: Any) -> Receipt:
        return write_output(rows.lazy(), self.target(**options), partition)

    def read(self, *partitions: PartitionRun, **options: Any) -> pl.DataFrame | None:
        found = read_output(self.target(**options), partitions)
        return None if found is None else found.collect()

    def rows(self, *partitions: PartitionRun, **options: Any) -> pl.DataFrame:
        """What is there, which something must be."""
        found = self.read(*partitions, **options)
        assert found is not None, f"{partitions} were not written"
        return found

    def receipt(self, partition: PartitionRun, **options: Any) -> Receipt | None:
        return find_receipt(self.target(**options), partition)

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        assert self.server is not None
        return self.server.rows(statement, *values, url=self.url)

    def run(self, *statements: str) -> None:
        assert self.server is not None
        self.server.run(*statements, url=self.url)

    def types(self, table: str = "bars") -> dict[str, str]:
        return dict(
            self.ask(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                "JOIN pg_class c ON c.oid = attrelid WHERE relname = $1 AND attnum > 0 "
                "AND NOT attisdropped",
                table,
            )
        )


def partition(day: str, universe: str = "mic=XLON") -> PartitionRun:
    name, _, value = universe.partition("=")
    return PartitionRun(UniversePartition(name, value or None), DatePartition(day))
