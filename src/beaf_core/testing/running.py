"""Do launchers, what they launch, and commands keep their contract?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from beaf_core import BeafError, CommandRequest, PluginError
from beaf_core.testing.subject import Subject, subject

if TYPE_CHECKING:
    import click

    from beaf_core import LaunchedRun, LaunchRequest, RunReport

# -- launchers -----------------------------------------------------------------------------

_ENDED = ("succeeded", "partly_failed", "failed", "cancelled")


def check_launcher(
    plugin: object, request: LaunchRequest, config: object = None, *, name: str | None = None
) -> None:
    """Check a launcher: a run that can be waited for, stopped, read and found again.

    Args:
        plugin: the name of an installed launcher, or the object itself.
        request: what to run; `tiny_request(folder)` runs for a moment on the tiny market.
        config: its options, as they would stand in its section.
        name: the name to address an object by.

    Raises:
        AssertionError: the contract is broken; the message says how.
        PluginError: an answer was refused at the border.
    """
    tested = subject("launcher", plugin, name)
    given = tested.options(config)
    run = tested.host.launch_run(tested.name, request, given)
    status = run.status()
    assert status in ("running", *_ENDED), f"status() answers {status!r}"
    report = run.wait()
    _check_ended(run, report, request)
    found = tested.host.find_run(tested.name, run.ref, given)
    assert found.ref == run.ref, f"find_run({run.ref!r}) finds {found.ref!r}"
    _check_ended(found, report, request)
    _check_unknown_ref(tested, given)


def _check_ended(run: LaunchedRun, report: RunReport, request: LaunchRequest) -> None:
    assert report.run_id == request.run_id, (
        f'wait() reports the run "{report.run_id}", not "{request.run_id}"'
    )
    status = run.status()
    assert status in _ENDED, f"wait() is over, yet status() answers {status!r}"
    assert status == report.status, f"status() answers {status!r}, the report {report.status!r}"
    lines = list(run.logs())
    assert all(isinstance(line, str) for line in lines), "logs() yields something else than texts"
    run.stop()
    assert run.status() == status, "stop() changes a run that has ended"
    assert run.wait() == report, "wait() reports something else the second time"


def _check_unknown_ref(tested: Subject, given: object) -> None:
    try:
        tested.host.find_run(tested.name, "no-such-run", given)
    except PluginError as error:
        raise AssertionError(
            f"find_run of an unknown ref is to raise UsageError: {error}"
        ) from error
    except BeafError:
        return
    raise AssertionError("find_run finds a run that was never launched")


_SAYS = "import sys; print('said', flush=True); sys.exit({code})"
_WAITS = "import time; print('said', flush=True); time.sleep(600)"


def check_launched_commands(
    plugin: object, folder: Path | str, config: object = None, *, name: str | None = None
) -> None:
    """Check a launcher that starts commands: how they end, what they say, and that they stop.

    Args:
        plugin: the name of an installed launcher, or the object itself.
        folder: an empty place that commands can run in.
        config: its options, as they would stand in its section.
        name: the name to address an object by.

    Raises:
        AssertionError: the contract is broken; the message says how.
        PluginError: an answer was refused at the border.
    """
    tested = subject("launcher", plugin, name)
    given = tested.options(config)

    def started(run_id: str, code: str) -> LaunchedRun:
        request = CommandRequest(run_id, (sys.executable, "-c", code), str(folder))
        return tested.host.launch_run(tested.name, request, given)

    for run_id, code, expected in (("right", 0, "succeeded"), ("wrong", 3, "failed")):
        run = started(run_id, _SAYS.format(code=code))
        _check_command_ended(run, run_id, code, expected)
        found = tested.host.find_run(tested.name, run.ref, given)
        _check_command_ended(found, run_id, code, expected)
    stopped = started("stopped", _WAITS)
    status = stopped.status()
    assert status == "running", f"of a command that waits, status() answers {status!r}"
    tested.host.find_run(tested.name, stopped.ref, given).stop()
    stopped.wait()
    status = stopped.status()
    assert status == "cancelled", f"of a command that was stopped, status() answers {status!r}"


def _check_command_ended(run: LaunchedRun, run_id: str, code: int, expected: str) -> None:
    report, status = run.wait(), run.status()
    assert status == expected, f"exit code {code} is told as {status!r}, not {expected!r}"
    told = (report.run_id, int(report.exit_code))
    assert told == (run_id, code), f"wait() reports {told}, not {(run_id, code)}"
    lines = list(run.logs())
    assert "said" in lines, f"logs() lacks the line that the command wrote: {lines}"
    assert str(code) in lines[-1], (
        f"the last line of logs() does not tell how it ended: {lines[-1]}"
    )


# -- commands ------------------------------------------------------------------------------


def check_command(plugin: object, *, name: str | None = None) -> None:
    """Check a command: every level of it has help, and refuses an unknown option with exit 2.

    Args:
        plugin: the name of an installed command, or the click command itself.
        name: the name to address an object by.

    Raises:
        AssertionError: the contract is broken; the message says how.
        PluginError: it is no click command.
    """
    tested = subject("command", plugin, name)
    command = tested.host.command(tested.host.catalog.find("command", tested.name))
    _check_help(command, [tested.name])


def _check_help(command: click.Command, path: list[str]) -> None:
    import click
    from click.testing import CliRunner

    spelled, runner = " ".join(path), CliRunner()
    shown = runner.invoke(command, ["--help"])
    assert shown.exit_code == 0, f"{spelled} --help exits {shown.exit_code}: {shown.output}"
    assert command.help, f"{spelled} has no help text"
    for option in command.params:
        silent = isinstance(option, click.Option) and not option.help
        assert not silent, f"{spelled}: the option {option.name} has no help text"
    odd = runner.invoke(command, ["--no-such-option"])
    assert odd.exit_code == 2, f"{spelled} --no-such-option exits {odd.exit_code}, not 2"
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            _check_help(each, [*path, name])
