"""What does a materialization tell of what was written?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import dagster as dg

from beaf_core import redact_text
from beaf_dagster.assets.telling.columns import measures_by_unit, table_schema
from beaf_dagster.assets.telling.limits import MENTION, NOTES, OUTPUTS, PLACE, cut, kept
from beaf_dagster.assets.telling.reading import Reading, read
from beaf_dagster.assets.telling.told import Told, partition_of
from beaf_dagster.assets.telling.trend import Drawn, picture_of

if TYPE_CHECKING:
    from beaf_core import PassOutcome, Receipt, RunReport
    from beaf_dagster.pipelines import Pipeline

Entry = tuple[str, dg.MetadataValue]


def materialization_metadata(
    pipeline: Pipeline,
    pass_name: str | None,
    reports: Sequence[RunReport],
    *,
    picture: bool = True,
) -> dict[str, dg.MetadataValue]:
    """Tell of one partition, or of all partitions of a ranged run in one go.

    The whole is at most 20 kB, as it is stored. The output is opened once for its columns, and
    rows are read for the picture alone; what cannot be read or drawn is a note, never a failure.

    Args:
        pipeline: what was run.
        pass_name: the pass that the asset is of; None for a pipeline's asset, which is told of by
            its last pass.
        reports: one per partition.
        picture: whether a small picture is drawn; of one partition, never of a range.
    """
    told = Told.of(pipeline, pass_name, reports)
    if not told.outcomes:
        return {}
    reading = read(told)
    whole = _place(told.newest.receipt) if told.newest and told.newest.receipt else ""
    drawn = picture_of(told, reading) if picture and len(told.main) == 1 else Drawn()
    entries = [
        *_rows(told),
        *_columns(told, reading, whole),
        *_places(told),
        *_what_was_done(told),
        *_measures(told, whole),
        *_notes(told, [reading.note, drawn.note]),
        *_run(told),
        *_picture(drawn),
    ]
    return dict(entries)


def _rows(told: Told) -> Iterator[Entry]:
    rows = sum(each.receipt.rows for each in told.main if each.receipt)
    # Dagster takes the first name for a partition's own.
    name = "dagster/partition_row_count" if len(told.main) == 1 else "rows of all partitions"
    yield name, dg.MetadataValue.int(rows)


def _columns(told: Told, reading: Reading, whole: str) -> Iterator[Entry]:
    if reading.schema:
        schema = table_schema(told.resolved, reading.schema, whole)
        yield "dagster/column_schema", dg.MetadataValue.table_schema(schema)


def _measures(told: Told, whole: str) -> Iterator[Entry]:
    if told.resolved.measures:
        table = measures_by_unit(told.resolved, whole or str(told.pipeline.path))
        yield "measures", dg.MetadataValue.md(table)


# -- where -------------------------------------------------------------------------------------


def _places(told: Told) -> Iterator[Entry]:
    if len(told.main) > 1:
        templates = [redact_text(each.path_template) for each in told.resolved.targets]
        yield "path_template", dg.MetadataValue.text(cut(", ".join(templates), PLACE))
        return
    if told.newest is not None and told.newest.receipt is not None:
        yield from _place_of(told.newest.receipt)
    if len(told.outcomes) > 1:
        rows = kept(
            [_output(each) for each in told.outcomes], OUTPUTS - 80, told.reports[-1].manifest
        )
        table = "\n".join(["| pass | status | rows | place |", "|---|---|---|---|", *rows])
        yield "outputs", dg.MetadataValue.md(table)


def _place_of(receipt: Receipt) -> Iterator[Entry]:
    place = cut(_place(receipt), PLACE)
    if receipt.output == "sql":
        yield (
            "dagster/table_name",
            dg.MetadataValue.text(cut(_table_name(_place(receipt)), MENTION)),
        )
        yield "location", dg.MetadataValue.text(place)
    elif "://" in place:
        yield "dagster/uri", dg.MetadataValue.text(place)
    else:
        yield "path", dg.MetadataValue.path(place)


def _table_name(place: str) -> str:
    """Name a table with its database, where that is a server's: `market.public.bars`."""
    url, _, table = place.rpartition("#")
    database = urlsplit(url).path.strip("/") if urlsplit(url).netloc else ""
    return f"{database}.{table}" if database else table


def _place(receipt: Receipt) -> str:
    return redact_text(receipt.location)


def _output(outcome: PassOutcome) -> str:
    receipt = outcome.receipt
    rows, place = (f"{receipt.rows:,}", _place(receipt)) if receipt else ("", "")
    return f"| {outcome.pass_name} | {outcome.status} | {rows} | {place} |"


# -- what was done -----------------------------------------------------------------------------


def _what_was_done(told: Told) -> Iterator[Entry]:
    days = [partition_of(each).dates for each in told.main]
    if days:
        first = min(each.start_date for each in days)
        last = max(each.end_date for each in days)
        yield "window", dg.MetadataValue.text(first if first == last else f"{first} to {last}")
    yield "status", dg.MetadataValue.text(_counted(each.status for each in told.outcomes))


def _counted(words: Iterable[str]) -> str:
    """`written`, where all are the same; else `28 written, 2 closed`."""
    counts = Counter(words)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {word}" for word, count in counts.most_common())


def _notes(told: Told, more: Sequence[str]) -> Iterator[Entry]:
    said = [each.message for each in told.outcomes] + [
        note for report in told.reports for note in report.notes
    ]
    notes = list(dict.fromkeys(redact_text(each) for each in [*said, *more] if each))
    if notes:
        # One line each: a remedy stands on a line of its own.
        lines = ["- " + " ".join(each.replace("<", "&lt;").split()) for each in notes]
        told_in = told.reports[-1].manifest
        yield "notes", dg.MetadataValue.md("\n".join(kept(lines, NOTES, told_in)))


def _run(told: Told) -> Iterator[Entry]:
    report = told.reports[-1]
    yield "beaf_run_id", dg.MetadataValue.text(cut(report.run_id, MENTION))
    yield "manifest", dg.MetadataValue.path(cut(report.manifest, PLACE))
    receipt = told.newest.receipt if told.newest else None
    if len(told.main) == 1 and receipt is not None and receipt.fingerprint:
        yield "fingerprint", dg.MetadataValue.text(cut(receipt.fingerprint, MENTION))


def _picture(drawn: Drawn) -> Iterator[Entry]:
    if drawn.picture:
        yield "picture", dg.MetadataValue.md(drawn.picture)
