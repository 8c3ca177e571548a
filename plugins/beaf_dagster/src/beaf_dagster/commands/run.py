"""`beaf dagster run`: how does a person materialize partitions from the command line?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from beaf_core import ExitCode, UsageError
from beaf_dagster.commands import options
from beaf_dagster.homes.home import VARIABLE as HOME
from beaf_dagster.homes.home import existing_home

if TYPE_CHECKING:
    import dagster as dg

    from beaf_dagster.running.asked import Asked, Wanted
    from beaf_dagster.running.here import Ran


@click.command("run")
@click.option("--pipeline", "-p", help="The pipeline's file.")
@click.option("--job", help="Its job: <group>__job, or <DATASETNAME>__job.")
@click.option(
    "--partition",
    help='One partition: "date=2026-02-01,universe=mic=XLON", or "2026-02-01|mic=XLON". '
    "START_DATE and the first universe by default.",
)
@click.option("--start_date", help="The first day of a range.")
@click.option("--end_date", help="Its last day.")
@click.option(
    "--universe",
    "universes",
    multiple=True,
    help="Of a range; may be given several times; the first universe by default.",
)
@click.option(
    "--passes", "--select", help="These passes alone, joined by commas; with --split_passes."
)
@click.option("--split_passes", is_flag=True, help="Each pass is an asset of its own.")
@click.option("--launch", is_flag=True, help="Let the instance's run launcher do it.")
@click.option(
    "--backfill", "as_backfill", is_flag=True, help="Let the instance's daemon fill the partitions."
)
@click.option(
    "--workspace",
    "-w",
    help="The workspace.yaml whose definitions say the pipeline's partitions; by default that of "
    "DAGSTER_HOME, or else the pipeline's own.",
)
@options.HOME
@click.option("--json", "as_json", is_flag=True, help="Print what became of it as JSON.")
@click.option("--run_id", help="As a launcher's worker: carry out this run of the instance.")
@click.option("--instance_ref_file", help="As a worker: the file that leads to the instance.")
@click.option("--resume", is_flag=True, help="As a worker: go on with what another one began.")
def run(
    pipeline: str | None,
    job: str | None,
    partition: str | None,
    start_date: str | None,
    end_date: str | None,
    universes: Sequence[str],
    passes: str | None,
    split_passes: bool,
    launch: bool,
    as_backfill: bool,
    workspace: str | None,
    dagster_home: str | None,
    as_json: bool,
    run_id: str | None,
    instance_ref_file: str | None,
    resume: bool,
) -> None:
    """Materialize partitions of a pipeline, in this process unless told otherwise."""
    if run_id is not None or instance_ref_file is not None:
        _work(run_id, instance_ref_file, resume, pipeline)
        return
    if pipeline is None:
        raise UsageError("no pipeline is named", remedy="give --pipeline demo/01_ohlcv_bars.py")
    if launch and as_backfill:
        raise UsageError(
            "--backfill is carried out by the daemon, which launches its runs itself",
            remedy="give --launch or --backfill",
        )
    from beaf_dagster.running.asked import Wanted  # 2.5 s: dagster

    home = existing_home(dagster_home)
    wanted = Wanted(partition, start_date, end_date, tuple(universes))
    file = _workspace(home, workspace)
    asked = _asked(Path(pipeline), wanted, job, passes, split_passes=split_passes, workspace=file)
    with _instance(home) as instance:
        if as_backfill:
            _tell_backfill(asked, instance, as_json=as_json)
            return
        ran = _launch(asked, instance, file) if launch else _here(asked, instance)
        _tell(asked, ran, as_json=as_json)


def _work(
    run_id: str | None, instance_ref_file: str | None, resume: bool, pipeline: str | None
) -> None:
    if run_id is None or instance_ref_file is None:
        raise UsageError(
            "a worker needs --run_id and --instance_ref_file",
            remedy="give both, or --pipeline to materialize partitions",
        )
    from beaf_dagster.launcher.worker import execute  # 2.5 s: dagster

    execute(run_id, Path(instance_ref_file), resume=resume, pipeline=pipeline)


def _asked(
    pipeline: Path,
    wanted: Wanted,
    job: str | None,
    passes: str | None,
    *,
    split_passes: bool,
    workspace: Path | None,
) -> Asked:
    from beaf_dagster.running.asked import read_asked

    named = [each.strip() for each in (passes or "").split(",") if each.strip()]
    return read_asked(pipeline, wanted, job, named, split_passes=split_passes, workspace=workspace)


def _workspace(home: Path, given: str | None) -> Path | None:
    file = Path(given) if given else home / "workspace.yaml"
    if given and not file.is_file():
        raise UsageError(f"there is no workspace {given}", remedy="name a workspace.yaml")
    return file if file.is_file() else None


@contextmanager
def _instance(home: Path) -> Iterator[dg.DagsterInstance]:
    from beaf_dagster.launcher.worker import FAST_EVENTS
    from beaf_dagster.sync.instance import opened_instance

    for name, value in FAST_EVENTS.items():
        os.environ.setdefault(name, value)
    os.environ[HOME] = str(home)  # for the processes that Dagster starts as well
    with opened_instance(str(home)) as instance:
        yield instance


def _here(asked: Asked, instance: dg.DagsterInstance) -> Iterator[Ran]:
    from beaf_dagster.running.here import run_here

    for each in asked.slices:
        click.echo(f"materializing {_names(asked)} {each}", err=True)
    yield from run_here(asked, instance)


def _launch(asked: Asked, instance: dg.DagsterInstance, workspace: Path | None) -> Iterator[Ran]:
    from beaf_dagster.running.launched import launch

    queued = 0
    for each in launch(asked, instance, workspace):
        queued += each.status == "queued"
        yield each
    if queued:
        _tell_whether_live(instance, "the run")


def _tell(asked: Asked, ran: Iterable[Ran], *, as_json: bool) -> None:
    told: list[Ran] = []
    for each in ran:
        told.append(each)
        for fault in each.faults:
            click.echo(f"error: {fault}", err=True)
        if not as_json:
            span = " … ".join(dict.fromkeys((each.partitions[0], each.partitions[-1])))
            click.echo(f"{each.status} {_names(asked)} {span} run {each.run_id}")
    failed = any(each.status == "failed" for each in told)
    if as_json:
        _print({"status": told[-1].status, "runs": [each.to_json() for each in told]}, failed)
    if failed:
        codes = {each.exit_code for each in told} - {ExitCode.OK}
        raise SystemExit(codes.pop() if len(codes) == 1 else ExitCode.PARTLY_FAILED)


def _print(told: dict[str, Any], failed: bool) -> None:
    click.echo(json.dumps(told | ({"status": "failed"} if failed else {}), indent=2))


def _tell_backfill(asked: Asked, instance: dg.DagsterInstance, *, as_json: bool) -> None:
    from beaf_dagster.running.launched import backfill

    name = backfill(asked, instance)
    live = _tell_whether_live(instance, "the backfill")
    if as_json:
        told = {"status": "requested", "backfill_id": name, "daemon": live}
        _print(told | {"partitions": asked.keys}, failed=False)
    else:
        click.echo(f"requested {_names(asked)} {len(asked.keys):,} partitions backfill {name}")


def _tell_whether_live(instance: dg.DagsterInstance, what: str) -> bool:
    from beaf_dagster.launcher.daemons import is_live

    live = is_live(instance)
    if not live:
        click.echo(
            f"note: no daemon is alive over this instance, and {what} waits for one: "
            "start dagster-daemon run, or beaf dagster scheduler install",
            err=True,
        )
    return live


def _names(asked: Asked) -> str:
    return " ".join(each.to_user_string() for each in asked.assets)
