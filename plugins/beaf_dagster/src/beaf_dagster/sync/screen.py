"""How is a sync told: a line for each asset, or one JSON value?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from beaf_dagster.sync.run import Synced

#: So many vanished partitions are named on a screen; JSON has all.
_NAMED = 5


def print_synced(done: Sequence[Synced], *, dry_run: bool, reconcile: bool, as_json: bool) -> None:
    """Print what became of each asset."""
    if as_json:
        assets = [as_values(each, reconcile=reconcile) for each in done]
        click.echo(json.dumps({"dry_run": dry_run, "assets": assets}))
        return
    for each in done:
        click.echo(_line(each, dry_run=dry_run))
        for text in _more(each, reconcile=reconcile):
            click.echo(f"  {text}", err=True)
    if not done:
        click.echo("there is nothing to tell of", err=True)


def as_values(done: Synced, *, reconcile: bool) -> dict[str, Any]:
    """Render one asset as JSON-ready values."""
    plan = done.plan
    values = {
        "asset": plan.listing.asset.to_user_string(),
        "what": plan.listing.what,
        "event": plan.kind.value,
        "there": plan.listing.partitions.height,
        "new": plan.new,
        "changed": plan.changed,
        "unchanged": plan.unchanged,
        "written": done.written,
        "writer": done.writer,
        "mended": plan.mended,
        "materialized": done.materialized,
        "notes": list(plan.listing.notes),
    }
    if reconcile:
        values |= {"vanished": list(plan.vanished), "wiped": done.wiped}
    return values


def _line(done: Synced, *, dry_run: bool) -> str:
    plan = done.plan
    asset = plan.listing.asset.to_user_string()
    told = f"{asset}: {plan.listing.partitions.height:,} {plan.listing.what} there"
    if plan.partitions.is_empty():
        return f"{told}, nothing new"
    counts = f"{plan.new:,} new, {plan.changed:,} changed"
    if dry_run:
        return f"{told}, {counts}; nothing written, this was a dry run"
    counted = "" if done.materialized is None else f"; Dagster counts {done.materialized:,}"
    return f"{told}, {counts}; {done.written:,} events written ({done.writer}){counted}"


def _more(done: Synced, *, reconcile: bool) -> Iterator[str]:
    plan = done.plan
    yield from (f"note: {each}" for each in plan.listing.notes)
    if plan.mended:
        yield f"{plan.mended:,} events of an interrupted sync were completed"
    if not plan.vanished:
        return
    if not reconcile:
        yield f"{len(plan.vanished):,} recorded partitions are not there any more: see --reconcile"
        return
    named = ", ".join(plan.vanished[:_NAMED])
    more = f" and {len(plan.vanished) - _NAMED:,} more" if len(plan.vanished) > _NAMED else ""
    acted = "; what was recorded of the asset was wiped, and told anew" if done.wiped else ""
    yield f"vanished: {named}{more}{acted}"
