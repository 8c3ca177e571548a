"""`beaf dagster install` and `uninstall`: put schedules and automation into a pipeline's YAML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from beaf_core import UsageError
from beaf_dagster.commands import options

if TYPE_CHECKING:
    from beaf_dagster.editing.installing import Edited

_PARTITION = "date=yesterday,universe=mic=XLON"


@click.command("install")
@click.option("--pipeline", "-p", required=True, help="A .py or .yaml file.")
@click.option("--cron", help='When it runs: minute hour day month weekday, "0 2 * * *".')
@click.option("--timezone", help="The IANA time zone of --cron; UTC by default.")
@click.option("--schedule_name", help="The schedule's name; by default, the file's.")
@click.option(
    "--partition",
    "partitions",
    multiple=True,
    metavar="KEYS",
    help=f"What it computes, {_PARTITION}; once or several times. By default, yesterday and the "
    "first universe.",
)
@click.option(
    "--enable_automaterialize",
    type=bool,
    is_flag=False,
    flag_value=True,
    metavar="[BOOLEAN]",
    help="Let Dagster request partitions of the latest days by itself; --auto_materialize_latest_"
    "days does, too.",
)
@click.option(
    "--auto_materialize_latest_days",
    type=click.IntRange(min=1),
    help="Of how many days.",
)
@options.JSON
def install(
    pipeline: str,
    cron: str | None,
    timezone: str | None,
    schedule_name: str | None,
    partitions: Sequence[str],
    enable_automaterialize: bool | None,
    auto_materialize_latest_days: int | None,
    as_json: bool,
) -> None:
    """Switch a schedule on in the YAML beside a pipeline; all else in the file stays as it is.

    A schedule of that name is changed, a new one is added. Running daemons see it when they reload
    the code location.
    """
    from beaf_dagster.editing.installing import install_schedule, opened, set_automation, write

    fields = _fields(cron, timezone, partitions)
    days = auto_materialize_latest_days
    enable = enable_automaterialize if enable_automaterialize is not None else days is not None
    if not (fields or schedule_name or enable or enable_automaterialize is not None):
        raise UsageError(
            "there is nothing to install",
            remedy='say when the pipeline runs, --cron "0 2 * * *", or let Dagster see to the '
            "latest days, --auto_materialize_latest_days 7",
        )
    before = opened(pipeline)
    after, name = before, None
    if fields or schedule_name:
        name = schedule_name or Path(before.file).stem
        after = install_schedule(after, name, fields)
    if enable or enable_automaterialize is not None:
        after = set_automation(after, enabled=enable, days=days)
    if after.changed:
        write(after)
    _tell(before, after, name, as_json=as_json)


@click.command("uninstall")
@click.option("--pipeline", "-p", required=True, help="A .py or .yaml file.")
@click.option("--schedule_name", help="The schedule's name; by default, the file's.")
@click.option(
    "--disable_automaterialize",
    type=bool,
    is_flag=False,
    flag_value=True,
    default=False,
    metavar="[BOOLEAN]",
    help="Switch automation of the latest days off, too.",
)
@options.JSON
def uninstall(
    pipeline: str, schedule_name: str | None, disable_automaterialize: bool, as_json: bool
) -> None:
    """Take a schedule out of the YAML beside a pipeline; one of its Python file is switched off."""
    from beaf_dagster.editing.installing import opened, set_automation, uninstall_schedule, write

    before = opened(pipeline)
    after, name = before, schedule_name or Path(before.file).stem
    # Who switches automation off need not have a schedule.
    if schedule_name or before.schedule(name) or not disable_automaterialize:
        after = uninstall_schedule(after, name)
    if disable_automaterialize:
        after = set_automation(after, enabled=False)
    if after.changed:
        write(after)
    _tell(before, after, name, as_json=as_json)


def _fields(cron: str | None, timezone: str | None, partitions: Sequence[str]) -> dict[str, object]:
    given: dict[str, object] = {"cron": cron, "timezone": timezone}
    given["partitions"] = [_selector(each) for each in partitions] or None
    return {name: value for name, value in given.items() if value is not None}


def _selector(text: str) -> dict[str, str]:
    """Read `date=yesterday,universe=mic=XLON`.

    Raises:
        UsageError: it has other parts.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.strip().partition("=")
        if key not in ("date", "universe") or not equals or not value or key in found:
            hint = "; a universe cannot hold a comma" if "universe" in found else ""
            raise UsageError(
                f"--partition {text!r}: {part.strip()!r} is neither date=… nor universe=…{hint}",
                remedy=f"write --partition {_PARTITION}, once for each partition",
            )
        found[key] = value
    return found


def _tell(before: Edited, after: Edited, name: str | None, *, as_json: bool) -> None:
    from beaf_dagster.editing.installing import DAYS, ENABLED

    found = after.schedule(name) if name else None
    automation: dict[str, object] = {ENABLED: after.config.AUTO_MATERIALIZE_ENABLED}
    automation[DAYS] = after.config.AUTO_MATERIALIZE_LATEST_DAYS
    if as_json:
        answer: dict[str, Any] = {
            "pipeline": before.pipeline,
            "file": str(after.file),
            "created": before.before is None and after.changed,
            "changed": after.changed,
            "schedule": found.model_dump(mode="json") if found else None,
            "automation": automation,
        }
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for line in _lines(before, after, name):
        click.echo(line)


def _lines(before: Edited, after: Edited, name: str | None) -> list[str]:
    if not after.changed:
        return [f"{after.shown}: nothing to change"]
    lines = [f"{after.shown}: {'created' if before.before is None else 'changed'}"]
    old, new = (each.schedule(name) if name else None for each in (before, after))
    if new is not None and (old is None or new.enabled):
        asked = ", ".join(
            f"{each.date} of {each.universe or 'the first universe'}" for each in new.partitions
        )
        lines.append(
            f'  schedule "{new.name}": {new.cron} {new.timezone}, '
            f"{asked or 'yesterday of the first universe'}"
        )
    elif old is not None:
        how = "switched off; it stands in another file" if new else "removed"
        lines.append(f'  schedule "{old.name}": {how}')
    lines += _automation_lines(before, after)
    return lines


def _automation_lines(before: Edited, after: Edited) -> list[str]:
    def told(edited: Edited) -> str:
        if not edited.config.AUTO_MATERIALIZE_ENABLED:
            return "off"
        days = edited.config.AUTO_MATERIALIZE_LATEST_DAYS
        return "the newest partition" if days is None else f"the latest {days} days"

    if told(before) == told(after):
        return []
    on = after.config.AUTO_MATERIALIZE_ENABLED
    more = ", once a person has turned on the sensor beaf_automation in the UI" if on else ""
    return [f"  automation: {told(after)}{more}"]
