"""How do commands appear in help without being imported?"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import click

from beaf_core.plugins.catalog import Catalog, PluginEntry

DEBUG_VARIABLE = "BEAF_DEBUG"


def debug_wanted() -> bool:
    """Say whether tracebacks are asked for, by `--debug` or the environment."""
    return bool(os.environ.get(DEBUG_VARIABLE)) or "--debug" in sys.argv


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command of a group, described without importing it.

    Attributes:
        name: what a person types.
        summary: its line in the group's help.
        home: `module:object`, imported when it is run.
    """

    name: str
    summary: str
    home: str


def _spell(option: str) -> str:
    # `--instance_size` and `--instance-size` are one option.
    return option.replace("-", "_")


_SETTINGS: dict[str, Any] = {
    "token_normalize_func": _spell,
    "help_option_names": ["-h", "--help"],
    "max_content_width": 100,
}


class BeafCommand(click.Command):
    """A command that spells options with `_` or `-`, and takes `--debug`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = _SETTINGS | (kwargs.get("context_settings") or {})
        super().__init__(*args, **kwargs)
        _take_debug(self)


def _take_debug(command: click.Command) -> click.Command:
    """Let a command take `--debug`, if it does not yet."""
    if not any("--debug" in each.opts for each in command.params):
        # Read from the command line itself by `debug_wanted`, so that it also works in front.
        command.params.append(
            click.Option(
                ["--debug"], is_flag=True, expose_value=False, help="Show tracebacks of errors."
            )
        )
    return command


class BeafGroup(click.Group):
    """A group whose commands are its own and those of plugins, loaded when they are run.

    A plugin's entry name is its command's; a dotted one (`pipeline.config`) attaches to that
    group. A group's own names cannot be taken. Plugins give their groups this class, too:
    `@click.group("acme", cls=BeafGroup, lazy=[LazyCommand("run", "Run it.", "acme.run:run")])`;
    `needs` is what its commands import of an extra, and what to install for it.
    """

    command_class = BeafCommand

    def __init__(
        self,
        *args: Any,
        lazy: Sequence[LazyCommand] = (),
        needs: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs["context_settings"] = _SETTINGS | (kwargs.get("context_settings") or {})
        super().__init__(*args, **kwargs)
        self.NEEDS = needs or {}
        self._lazy = {each.name: each for each in lazy}
        _take_debug(self)

    @cached_property
    def _plugins(self) -> Mapping[str, list[PluginEntry]]:
        prefix = "" if self.name == "beaf" else f"{self.name}."
        found: dict[str, list[PluginEntry]] = {}
        for name, entries in Catalog.installed().of_kind("command").items():
            rest = name.removeprefix(prefix)
            if (not prefix or rest != name) and "." not in rest:
                found[rest] = entries
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the group's own commands, then those of plugins."""
        own = [*self._lazy, *self.commands]
        return [*own, *(name for name in sorted(self._plugins) if name not in own)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that is asked for."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        if cmd_name in self._lazy:
            module, _, attribute = self._lazy[cmd_name].home.partition(":")
            command = getattr(import_module(module), attribute)
            assert isinstance(command, click.Command)
            return _take_debug(command)
        return self._plugin_command(cmd_name)

    def _plugin_command(self, name: str) -> click.Command | None:
        entries = self._plugins.get(name)
        if not entries:
            return None
        # pluggy and the hooks are only needed once a plugin runs.
        from beaf_core.plugins.host import PluginHost

        host = PluginHost()
        return _take_debug(host.command(host.catalog.find("command", entries[0].name)))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for one that does not exist."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from beaf_core.plugins.errors import did_you_mean

            hint = did_you_mean(name, self.list_commands(ctx))
            home = Catalog.installed().lacks("command", name) if self.name == "beaf" else None
            remedy = f"\n  → pip install {home}" if home else ""
            ctx.fail(f'there is no command "{name}"{hint}{remedy}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command list from summaries alone."""
        own = [(name, self._summary(name)) for name in (*self._lazy, *self.commands)]
        taken = {name for name, _ in own}
        plugins = [
            (name, _provider(entries))
            for name, entries in sorted(self._plugins.items())
            if name not in taken
        ]
        for title, rows in (("Commands", own), ("Commands of plugins", plugins)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say what must be installed before the commands work, if anything."""
        super().format_epilog(ctx, formatter)
        from beaf_core.plugins.needs import lacking

        for each in lacking(self):
            formatter.write_paragraph()
            formatter.write_text(f"Note: {each}")

    def _summary(self, name: str) -> str:
        if name in self._lazy:
            return self._lazy[name].summary
        return self.commands[name].get_short_help_str(80)


def _provider(entries: Sequence[PluginEntry]) -> str:
    if len(entries) > 1:
        return "offered by " + " and ".join(each.distribution for each in entries)
    return entries[0].summary or f"from {entries[0].distribution}"
