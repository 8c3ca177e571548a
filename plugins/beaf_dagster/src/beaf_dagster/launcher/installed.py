"""Which daemons has somebody installed, by which launcher, and what became of them?

Each has a file `beaf/dagster_scheduler_<name>.json` in DAGSTER_HOME.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from beaf_core import BeafError, LaunchedRun, PluginHost, UsageError, did_you_mean

_PREFIX = "dagster_scheduler_"


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A daemon that a launcher starts.

    Attributes:
        name: what it is called.
        launcher: which launcher.
        ref: by which the launcher finds it.
        options: what of the launcher's options was chosen.
        definitions: what it loads, as on a daemon's command line.
        pipeline: the pipeline that it loads; None where it is a workspace.
        schedule: when it starts, as a cron expression; None for once, at once.
        timezone: of the schedule.
        max_runtime_hours: how long it runs each time.
        installed_at: when that was.
    """

    name: str
    launcher: str
    ref: str
    options: dict[str, str]
    definitions: list[str]
    pipeline: str | None
    schedule: str | None
    timezone: str | None
    max_runtime_hours: float
    installed_at: str

    def write(self, home: Path) -> None:
        """Keep it in a Dagster home, at once or not at all."""
        path = _path(home, self.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole = path.with_suffix(".new")
        whole.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        whole.replace(path)

    def forget(self, home: Path) -> None:
        """Remove its file."""
        _path(home, self.name).unlink(missing_ok=True)

    def found(self, host: PluginHost) -> LaunchedRun:
        """Ask its launcher for it.

        Raises:
            UsageError: the launcher does not know it any more.
        """
        from beaf_dagster.launcher.options import configured_options, launcher_options

        configured = configured_options(host, self.launcher, self.pipeline)
        options = launcher_options(host, self.launcher, self.options, configured)[0]
        return host.find_run(self.launcher, self.ref, options)

    def stop(self, host: PluginHost) -> bool:
        """Ask it to end, and to start no more; False where its launcher knows nothing of it."""
        try:
            self.found(host).stop()
        except UsageError:
            return False
        return True

    def end(self, host: PluginHost) -> None:
        """Stop it, and wait until it has ended."""
        run = self.found(host)
        run.stop()
        run.wait()

    def status(self, host: PluginHost) -> str:
        """`running`, `scheduled`, how it ended, or why nothing is known of it."""
        try:
            return self.found(host).status()
        except BeafError as error:
            return f"unknown: {error.message}"

    def to_json(self, host: PluginHost) -> dict[str, Any]:
        """Render as the object that `--json` prints."""
        return asdict(self) | {"status": self.status(host)}


def installed(home: Path) -> list[Scheduler]:
    """List what is installed in a Dagster home."""
    return list(_read(home))


def installed_as(home: Path, name: str) -> Scheduler:
    """Return what is installed under a name.

    Raises:
        UsageError: nothing is.
    """
    known = {each.name: each for each in _read(home)}
    if name not in known:
        there = ", ".join(known) or "there is none"
        raise UsageError(
            f"no scheduler {name} is installed in {home}{did_you_mean(name, known)}",
            remedy=f"see `beaf dagster scheduler status`; installed: {there}",
        )
    return known[name]


def _read(home: Path) -> Iterator[Scheduler]:
    for path in sorted((home / "beaf").glob(f"{_PREFIX}*.json")):
        try:
            yield Scheduler(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise UsageError(
                f"{path} does not describe a scheduler: {error}", remedy="remove that file"
            ) from error


def _path(home: Path, name: str) -> Path:
    return home / "beaf" / f"{_PREFIX}{name}.json"
