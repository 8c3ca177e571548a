"""`beaf dagster prune`: which events does nobody need any more?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from beaf_core import ExitCode
from beaf_dagster.commands import options

if TYPE_CHECKING:
    from beaf_dagster.sync.prune import Superfluous
    from beaf_dagster.sync.run_logs import RunLogs


@click.command("prune")
@options.PIPELINES
@options.ASSET_KEY_PREFIX
@click.option(
    "--logs_older_than",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Remove what steps logged, too, in runs of these assets alone that ended so long ago.",
)
@click.option("--apply", is_flag=True, help="Do it; without this, only say what it does.")
@options.HOME
@options.JSON
def prune(
    pipelines: Sequence[str],
    asset_key_prefix: str,
    logs_older_than: int | None,
    apply: bool,
    dagster_home: str | None,
    as_json: bool,
) -> int:
    """Remove events of BEAF's assets that newer ones have overtaken. A dry run, without --apply.

    Of each partition the newest materialization and observation stay: counts, versions and what is
    stale do not change. What is lost is history: when earlier ones were made, by which run, and
    what they told. Assets that are not BEAF's are never touched.
    """
    from beaf_dagster.sync.assets import keys_of  # dagster: two seconds
    from beaf_dagster.sync.instance import alone, opened_instance
    from beaf_dagster.sync.prune import prune_events
    from beaf_dagster.sync.run_logs import prune_run_logs
    from beaf_dagster.sync.wanted import named_pipelines

    with alone(dagster_home), opened_instance(dagster_home) as instance:
        keys = keys_of(named_pipelines(pipelines), asset_key_prefix)
        assets = [each for each in instance.all_asset_keys() if each in keys]
        done = list(prune_events(instance, assets, apply=apply))
        logs = (
            prune_run_logs(instance, assets, logs_older_than, apply=apply)
            if logs_older_than is not None
            else None
        )
    if as_json:
        click.echo(json.dumps(_values(done, logs, apply=apply)))
    else:
        _print(done, logs, apply=apply)
    return ExitCode.OK


def _values(done: Sequence[Superfluous], logs: RunLogs | None, *, apply: bool) -> dict[str, Any]:
    assets = [
        {"asset": each.asset.to_user_string(), **each.counts, "removed": each.removed}
        for each in done
    ]
    told = None if logs is None else {"runs": logs.runs, "rows": logs.rows, "removed": logs.removed}
    return {"dry_run": not apply, "assets": assets, "logs": told}


def _print(done: Sequence[Superfluous], logs: RunLogs | None, *, apply: bool) -> None:
    for each in done:
        told = ", ".join(f"{count:,} {_WORDS[kind]}" for kind, count in each.counts.items())
        ending = f"; {each.removed:,} removed" if apply else ""
        click.echo(f"{each.asset.to_user_string()}: {told} overtaken{ending}")
    if logs is not None:
        ending = f"; {logs.removed:,} removed" if apply else ""
        click.echo(f"logs of {logs.runs:,} runs: {logs.rows:,} rows{ending}")
    if not done:
        click.echo("the event log knows none of these assets", err=True)
    elif not apply:
        click.echo("nothing removed: this was a dry run; add --apply", err=True)


_WORDS = {
    "ASSET_MATERIALIZATION": "materializations",
    "ASSET_OBSERVATION": "observations",
    "ASSET_MATERIALIZATION_PLANNED": "plans",
}
