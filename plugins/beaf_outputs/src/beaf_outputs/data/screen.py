"""How is it told what outputs hold, and what was done to them?

Data on stdout, readable at 100 columns; what comes next on stderr.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from beaf_core import Receipt
from beaf_outputs.data.columns import columns_of
from beaf_outputs.data.places import Asked, shown_location
from beaf_outputs.kept import Described
from beaf_outputs.upkeep import Upkeep

_WIDTH = 100
#: How many partitions, or files, are listed unasked.
_SHOWN = 20


def print_described(
    found: Sequence[Described], asked: Asked, *, whole: bool, as_json: bool
) -> None:
    """Print what places say of themselves."""
    if as_json:
        _print_json({"places": [_values(each) for each in found]})
        return
    for each in found:
        _print_place(each, whole=whole)
    click.echo(f"next: {shlex.join(_after_describe(found, asked))}", err=True)


def print_upkeep(
    task: Sequence[str], done: Sequence[Upkeep], asked: Asked, *, as_json: bool
) -> None:
    """Print what keeping places in order does, or did.

    Args:
        task: the command's name, and the options that it was given.
        done: what it has answered.
        asked: the places.
        as_json: print one JSON value.
    """
    if as_json:
        _print_json({"places": [_upkeep_values(each) for each in done]})
        return
    _print_table(
        ("place", "kind", "files written", "bytes", "files removed", "bytes "),
        (_upkeep_row(each) for each in done),
        right=("files written", "bytes", "files removed", "bytes "),
    )
    for each in done:
        _print_removed(each)
    for note in dict.fromkeys(note for each in done for note in each.notes):
        click.echo(f"note: {note}", err=True)
    click.echo(_after_upkeep(task, done, asked), err=True)


# -- what is there ---------------------------------------------------------------------------------


def _print_place(found: Described, *, whole: bool) -> None:
    click.echo(_short(found.location))
    for label, value in _summary(found):
        click.echo(f"  {label:<14} {value}")
    click.echo()
    _print_partitions(found.receipts, whole=whole)
    _print_table(("column", "unit", "type", "meaning"), map(_column_row, columns_of(found)))


def _short(location: str) -> str:
    """Render a path relative to the working folder, where it lies below it."""
    path, folder = Path(location), Path.cwd()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else location


def _summary(found: Described) -> Iterator[tuple[str, str]]:
    yield "kind", found.kind
    yield "dataset", ", ".join(_stamps(found.receipts, "dataset"))
    yield "pass", ", ".join(_stamps(found.receipts, "pass"))
    rows = sum(each.rows for each in found.receipts)
    yield "partitions", f"{len(found.receipts):,}, of {rows:,} rows"
    facts = dict(found.about.meaning.facts) if found.about else {}
    if "time_bucket_seconds" in facts:
        yield "time buckets", _buckets(facts)
    if "configuration" in facts:
        yield "configuration", facts["configuration"]
    if "beaf" in facts:
        yield "written by", f"BEAF {facts['beaf']}"


def _buckets(facts: Mapping[str, str]) -> str:
    closed = facts.get("time_bucket_closed", "right")
    edges = "(start, end]" if closed == "right" else "[start, end)"
    anchor = facts.get("time_bucket_anchor", "end")
    return f"{facts['time_bucket_seconds']} s, {edges}, labelled at their {anchor}"


def _stamps(receipts: Iterable[Receipt], name: str) -> list[str]:
    return list(dict.fromkeys(each.stamp[name] for each in receipts if name in each.stamp))


def _print_partitions(receipts: Sequence[Receipt], *, whole: bool) -> None:
    ordered = sorted(receipts, key=_dates_first)
    shown = ordered if whole else ordered[-_SHOWN:]
    rows = (
        (each.partition, f"{each.rows:,}", _moment(each), each.stamp.get("run_id", ""))
        for each in shown
    )
    _print_table(("partition", "rows", "written at (UTC)", "run"), rows, right=("rows",))
    if len(shown) < len(ordered):
        click.echo(f"  … and {len(ordered) - len(shown):,} earlier; --all lists them", err=True)


def _dates_first(receipt: Receipt) -> tuple[str, str]:
    universe, _, dates = receipt.partition.rpartition(":")
    return dates, universe


def _moment(receipt: Receipt) -> str:
    return receipt.stamp.get("written_at", "")[:19].replace("T", " ")


def _column_row(column: Mapping[str, Any]) -> Sequence[str]:
    kept = column["stored"]
    types = [column["type"] or "", f"in {kept}" if kept and kept != column["type"] else ""]
    told = [column["meaning"], f"= {column['formula']}" if column["formula"] else ""]
    if column["module"]:
        told.append(f"longer buckets: {column['longer_buckets']}")
        told.append(f"version {column['version']} of the module {column['module']}")
    return column["name"], column["unit"], _lines(types), _lines(told)


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(filter(None, texts))


def _values(found: Described) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "location": found.location,
        "rows": sum(each.rows for each in found.receipts),
        "partitions": [_partition(each) for each in sorted(found.receipts, key=_dates_first)],
        "facts": dict(found.about.meaning.facts) if found.about else {},
        "columns": columns_of(found),
    }


def _partition(receipt: Receipt) -> dict[str, Any]:
    known = ("dataset", "pass", "run_id", "written_at", "source", "fingerprint")
    return {
        "partition": receipt.partition,
        "rows": receipt.rows,
        "location": receipt.location,
        **{name: receipt.stamp.get(name) for name in known},
    }


# -- what was done ---------------------------------------------------------------------------------


def _upkeep_row(each: Upkeep) -> Sequence[str]:
    return (
        _short(each.location),
        each.kind,
        f"{each.added:,}",
        _size(each.added_bytes),
        f"{len(each.removed):,}",
        _size(each.removed_bytes),
    )


def _print_removed(each: Upkeep) -> None:
    for path in each.removed[:_SHOWN]:
        click.echo(f"  {'removed' if each.applied else 'would go'}: {path}")
    if len(each.removed) > _SHOWN:
        click.echo(f"  … and {len(each.removed) - _SHOWN:,} more; --json lists them", err=True)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def _upkeep_values(each: Upkeep) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "location": each.location,
        "applied": each.applied,
        "files_written": each.added,
        "bytes_written": each.added_bytes,
        "files_removed": list(each.removed),
        "bytes_removed": each.removed_bytes,
        "notes": list(each.notes),
    }


# -- what comes next -------------------------------------------------------------------------------


def _after_describe(found: Sequence[Described], asked: Asked) -> list[str]:
    if all(each.kind in {"hive", "delta"} for each in found):
        return ["beaf", "data", "compact", *_as_typed(asked, found[0].location)]
    return ["beaf", "data", "describe", *_as_typed(asked, found[0].location), "--json"]


def _after_upkeep(task: Sequence[str], done: Sequence[Upkeep], asked: Asked) -> str:
    typed, (name, *given) = _as_typed(asked, done[0].location), task
    if any(each.does_something and not each.applied for each in done):
        again = ["beaf", "data", name, *typed, *given, "--apply"]
        return f"nothing has been done yet; next: {shlex.join(again)}"
    if name == "compact" and any(each.applied for each in done):
        return f"next: {shlex.join(['beaf', 'data', 'vacuum', *typed])}"
    if not any(each.does_something for each in done):
        return f"there is nothing to {name}"
    return f"next: {shlex.join(['beaf', 'data', 'describe', *typed])}"


def _as_typed(asked: Asked, location: str) -> list[str]:
    """Render what was asked for again; a URL without what it keeps secret."""
    path = asked.path
    words = [] if path is None else [path if shown_location(path) == path else location]
    if asked.table is not None and words and words[0] == asked.path:
        words += ["--table", asked.table]
    words += ["--pipeline", asked.pipeline] if asked.pipeline else []
    return words + (["--pass", asked.pass_name] if asked.pass_name else [])


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def _print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(table)
    # By click, which knows what to do where the reader of a pipe has gone.
    click.echo(captured.get(), nl=False)
