"""Which options do commands share, and what do they ask for together?"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from beaf_core.model.run import LOCK_TIMEOUT, ON_LOCK, ONLY, RunChoices, parse_only

if TYPE_CHECKING:
    from beaf_core.prepare import PreparedPipeline

F = TypeVar("F", bound=Callable[..., Any])

_SET = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Override a value: --set PASSES.bars.time_bucket_seconds=300.",
)
_PIPELINE_HELP = "A .py or .yaml file, or a module's name."

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")


@dataclass(frozen=True, slots=True)
class AskedPipeline:
    """A pipeline as a person asks for it on the command line."""

    path: str
    date: str | None
    start_date: str | None
    end_date: str | None
    universe: str | None
    sets: Sequence[str]

    def as_typed(self) -> list[str]:
        """Return the options again, as a person would type them."""
        given = {
            "--pipeline": self.path,
            "--date": self.date,
            "--start_date": self.start_date,
            "--end_date": self.end_date,
            "--universe": self.universe,
        }
        typed = [word for name, value in given.items() if value for word in (name, value)]
        return [*typed, *(word for each in self.sets for word in ("--set", each))]

    def prepare(self) -> PreparedPipeline:
        """Load and resolve it.

        Raises:
            ConfigError, UsageError, PluginError: what to mend.
        """
        from beaf_core.prepare import prepare_pipeline, request_flags

        flags = request_flags(self.date, self.start_date, self.end_date, self.universe)
        return prepare_pipeline(self.path, sets=self.sets, flags=flags)


def asks_for_pipeline(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select and override a pipeline: the command gets `AskedPipeline`."""

    @wraps(command)
    def gathered(
        path: str,
        date: str | None,
        start_date: str | None,
        end_date: str | None,
        universe: str | None,
        sets: Sequence[str],
        **more: Any,
    ) -> Any:
        return command(AskedPipeline(path, date, start_date, end_date, universe, sets), **more)

    return with_options(
        click.option("--pipeline", "-p", "path", required=True, help=_PIPELINE_HELP),
        click.option("--date", help="One day, YYYY-MM-DD; sets both ends."),
        click.option("--start_date", help="First day."),
        click.option("--end_date", help="Last day."),
        click.option(
            "--universe",
            help="A selector, such as mic=XLON; + intersects, +! takes away: 'mic=XLON+!index=X'.",
        ),
        _SET,
    )(gathered)


def chooses_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select what a run writes; the command gets them as `RunChoices`."""

    @wraps(command)
    def gathered(
        *arguments: Any,
        force: bool,
        allow_missing: bool,
        allow_empty: bool,
        only: str | None,
        passes: str | None,
        on_lock: str,
        lock_timeout: float,
        **more: Any,
    ) -> Any:
        choices = RunChoices(
            force,
            allow_missing,
            parse_only(only),
            on_lock,
            lock_timeout,
            allow_empty,
            tuple(each.strip() for each in (passes or "").split(",") if each.strip()),
        )
        return command(*arguments, choices=choices, **more)

    return with_options(
        click.option(
            "--force",
            is_flag=True,
            help="Write even where nothing has changed, and replace outputs that share days.",
        ),
        click.option(
            "--allow_missing", is_flag=True, help="Go on without days whose data is missing."
        ),
        click.option(
            "--allow_empty",
            is_flag=True,
            help="Go on without days on which the universe is empty.",
        ),
        click.option(
            "--only",
            metavar="KINDS",
            help=f"Write some kinds of partitions alone: {','.join(ONLY)}, joined by commas.",
        ),
        click.option(
            "--passes",
            metavar="NAMES",
            help="These passes, and those that they read, alone; joined by commas.",
        ),
        click.option(
            "--on_lock",
            type=click.Choice(ON_LOCK),
            default="wait",
            show_default=True,
            help="Where another run is writing the same output.",
        ),
        click.option(
            "--lock_timeout",
            type=click.FloatRange(min=0),
            default=LOCK_TIMEOUT,
            show_default=True,
            help="How long to wait for it, in seconds.",
        ),
    )(gathered)


def with_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Add options, in the order in which help lists them."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@dataclass(frozen=True, slots=True)
class AskedSource:
    """A source as a person names it: that of a pipeline, or of the nearest beaf.yaml."""

    path: str | None
    sets: Sequence[str]

    def command(self, *words: str) -> str:
        """Write a command that asks the same source, as a person would type it."""
        named = ["--pipeline", self.path] if self.path else []
        changed = [word for each in self.sets for word in ("--set", each)]
        return shlex.join(["beaf", *words, *named, *changed])


def asks_source(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a source; the command gets them as one `AskedSource`."""

    @wraps(command)
    def gathered(*arguments: Any, path: str | None, sets: Sequence[str], **more: Any) -> Any:
        return command(*arguments, source=AskedSource(path, sets), **more)

    return with_options(
        click.option(
            "--pipeline",
            "-p",
            "path",
            help="Whose source to ask; else that of the nearest beaf.yaml.",
        ),
        _SET,
    )(gathered)


#: The option of commands that ask a source for one day.
day_option = click.option("--date", help="The day; START_DATE or yesterday by default.")

#: The options of commands that look at a pipeline, if one is named.
optional_pipeline = with_options(
    click.option("--pipeline", "-p", "path", help="Exactly the columns that this pipeline yields."),
    _SET,
)
