"""What is asked of a launcher where a program is to run, rather than a pipeline?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A program to run where a launcher runs things: plain data, no objects.

    Orchestrators need it: their worker has its own command line, and reports to them by itself.

    Attributes:
        run_id: the run's name, unique; of a schedule, the name that it goes by.
        args: the program and its arguments; no shell reads them. No secret may stand here: other
            people on the machine see them.
        project: the folder that it runs in.
        environment: names of variables that it needs; the launcher brings the values.
        schedule: a cron expression of five fields, for launchers that can hold one.
        timezone: of the schedule.
        replace: put it in the place of a schedule of the same name.
    """

    run_id: str
    args: tuple[str, ...]
    project: str
    environment: tuple[str, ...] = ()
    schedule: str | None = None
    timezone: str | None = None
    replace: bool = False

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CommandRequest:
        """Read what `to_json` rendered."""
        words = {name: tuple(values.get(name, ())) for name in ("args", "environment")}
        return cls(**{**values, **words})
