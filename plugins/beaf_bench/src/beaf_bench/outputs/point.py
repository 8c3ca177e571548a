"""What does one write use? One process, one answer as JSON.

python -m beaf_bench.outputs.point '{"target": "delta", "who": "beaf", "rows": "….arrow", …}'
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from beaf_bench.clock import peak_memory, read_clock
from beaf_bench.outputs.frame import DAY
from beaf_bench.outputs.plain import WRITERS
from beaf_core import DatePartition, PartitionRun, PluginHost, Target, UniversePartition

PARTITION = PartitionRun(UniversePartition("all"), DatePartition(DAY))


def target(name: str, place: str) -> Target:
    """Configure an output, as a pipeline does."""
    section: dict[str, Any] = {"sql_connection": place, "sql_table": "beaf_rows"}
    columns = ("MIC", "Date") if name == "hive" else ()
    kind = {"parquet": "parquet", "hive": "parquet", "delta": "delta"}.get(name, "sql")
    if name in {"sqlite", "duckdb"}:
        section["sql_connection"] = f"{name}:///{place}/rows.db"
    model = PluginHost().config_model("output", kind)
    options = None if model is None else model.model_validate(section if kind == "sql" else {})
    single = f"{place}/rows.parquet" if name == "parquet" else place
    template = getattr(options, "location_template", None) or single
    shared = bool(columns) or bool(getattr(options, "shared", False))
    return Target(kind, "bench", "rows", template, options, columns, shared=shared)


def writer(name: str, who: str, place: str) -> Callable[[pl.DataFrame], object]:
    """Prepare to write to an empty place: through the host, or by the plain call."""
    if who == "plain":
        return lambda rows: WRITERS[name](rows, place)
    host, there = PluginHost(), target(name, place)
    host.load("output", there.type)
    return lambda rows: host.write_output(rows.lazy(), there, PARTITION)


def measure(name: str, who: str, rows: str, warm: str, place: str, server: int) -> dict[str, Any]:
    """Write a handful of rows, then those that count.

    Args:
        name: the target.
        who: `beaf` or `plain`.
        rows: a file of rows.
        warm: a file of few rows, of the same columns.
        place: an empty place; for PostgreSQL, a URL.
        server: the process of the database server, whose work counts, too; 0 for none.
    """
    is_url = "://" in place
    writer(name, who, place if is_url else f"{place}/warm")(pl.read_ipc(warm))
    frame = pl.read_ipc(rows).rechunk()  # in memory
    write = writer(name, who, place if is_url else f"{place}/counts")
    before, served = read_clock(), _cpu_of(server)
    write(frame)
    used = read_clock().since(before)
    cpu = used.cpu + _cpu_of(server) - served
    return {"cpu": cpu, "wall": used.wall, "computing": used.wall, "rss": peak_memory()}


def _cpu_of(server: int) -> float:
    """Return the seconds of a server's processes that serve, or served, connections."""
    if not server:
        return 0.0
    import os

    tick = os.sysconf("SC_CLK_TCK")
    found = 0.0
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            fields = _stat(each)
            if fields and str(server) in {each.name, fields[1]}:
                # Own time, and for the server itself that of processes that have ended.
                found += sum(map(int, fields[11:15] if each.name == str(server) else fields[11:13]))
    return found / tick


def _stat(process: Path) -> list[str]:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []  # it has ended meanwhile


def main() -> None:
    """Answer one request."""
    print(json.dumps(measure(**json.loads(sys.argv[1]))))  # the answer is what stdout is for


if __name__ == "__main__":
    main()
