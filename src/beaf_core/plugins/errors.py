"""What can go wrong between BEAF and a plugin, and whose turn is it to mend it?"""

from __future__ import annotations

from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

from beaf_core.model.errors import BeafError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from beaf_core.plugins.catalog import PluginEntry


class PluginError(BeafError):
    """Something between BEAF and a plugin."""


class PluginNotFoundError(PluginError):
    """No installed plugin has that name: mend the name, or install the distribution."""

    def __init__(
        self, kind: str, name: str, known: Iterable[str], *, disabled: Iterable[str] = ()
    ) -> None:
        self.kind, self.name = kind, name
        names = sorted(known)
        hint = did_you_mean(name, names)
        listed = ", ".join(names) or "none"
        remedy = f"installed {kind}s: {listed} (beaf plugins list)"
        if name in set(disabled):
            remedy = "BEAF_DISABLE_PLUGINS turns it off; " + remedy
        super().__init__(f'no {kind} is called "{name}"{hint}', remedy=remedy)


class PluginConflictError(PluginError):
    """Two distributions offer one name: turn one of them off."""

    def __init__(self, entries: Sequence[PluginEntry]) -> None:
        first = entries[0]
        providers = " and ".join(f"{each.distribution} {each.version}" for each in entries)
        choices = " or ".join(
            f"BEAF_DISABLE_PLUGINS={each.distribution}:{each.kind}/{each.name}" for each in entries
        )
        super().__init__(
            f'{len(entries)} distributions offer the {first.kind} "{first.name}": {providers}',
            remedy=f"choose one with {choices}, or uninstall one",
        )


class PluginLoadError(PluginError):
    """A plugin cannot be imported or registered: upgrade, repair or disable it."""

    def __init__(self, entry: PluginEntry, reason: str) -> None:
        super().__init__(
            f'the {entry.kind} "{entry.name}" cannot be loaded: {reason}\n'
            f"  {entry.distribution} {entry.version}, entry point {entry.name} = {entry.value}",
            remedy=f"reinstall or upgrade {entry.distribution}, "
            f"or set BEAF_DISABLE_PLUGINS={entry.distribution}",
        )


class PluginCallError(PluginError):
    """A plugin raised while it answered a hook: its author's turn."""

    exit_code = ExitCode.PARTLY_FAILED

    def __init__(self, entry: PluginEntry, hook: str, error: BaseException) -> None:
        super().__init__(
            f'the {entry.kind} "{entry.name}" failed in {hook}: {type(error).__name__}: {error}\n'
            f"  {_home(entry)}{_line_in(entry, error)}",
            remedy="see the traceback with --debug, and " + _turn(entry),
        )
        if entry.is_own_file:
            self.exit_code = ExitCode.USAGE  # a fault of the pipeline's own file


@contextmanager
def asking(entry: PluginEntry, hook: str) -> Iterator[None]:
    """Run a plugin's code inside; what it raises is told as the plugin's own fault.

    Raises:
        PluginCallError: it raised something that BEAF has no word for.
    """
    try:
        yield
    except BeafError:
        raise  # already says what to do
    except (Exception, SystemExit) as error:  # a plugin's code may raise anything
        raise PluginCallError(entry, hook, error) from error


class PluginAnswerError(PluginError):
    """A plugin's answer breaks the hook's contract: its author's turn."""

    exit_code = ExitCode.PARTLY_FAILED

    def __init__(self, entry: PluginEntry, hook: str, reason: str) -> None:
        super().__init__(
            f'the {entry.kind} "{entry.name}" gave a wrong answer to {hook}: {reason}\n'
            f"  {_home(entry)}",
            remedy=f"{_turn(entry)}; the contract is in docs/hooks.md",
        )
        if entry.is_own_file:
            self.exit_code = ExitCode.USAGE  # a fault of the pipeline's own file


def _home(entry: PluginEntry) -> str:
    if entry.is_own_file:
        return f"{entry.distribution}, {entry.value}"
    return f"{entry.distribution} {entry.version}, entry point {entry.name} = {entry.value}"


def _line_in(entry: PluginEntry, error: BaseException) -> str:
    """Name the line of a pipeline's own file at which it raised, as far as it is known."""
    import traceback  # 9 ms

    frames = traceback.extract_tb(error.__traceback__) if entry.is_own_file else ()
    lines = [each.lineno for each in frames if each.filename == entry.value]
    return f":{lines[-1]}" if lines else ""


def _turn(entry: PluginEntry) -> str:
    return "mend it" if entry.is_own_file else f"report it to {entry.distribution}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Render the nearest known word as ` — did you mean "…"?`, or as nothing."""
    by_folded = {each.casefold(): each for each in known}
    near = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f' — did you mean "{by_folded[near[0]]}"?' if near else ""
