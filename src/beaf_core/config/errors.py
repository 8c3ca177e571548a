"""How is a fault in a configuration shown, with its file, its line and a caret below it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from beaf_core.config.redact import redact_line
from beaf_core.model.errors import BeafError

# A line is shown whole up to this many characters, else from a little before the caret.
_WIDEST = 100
_LEAD = 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written.

    Attributes:
        origin: a file, a flag or an environment variable.
        folder: what relative paths written there are relative to.
        line: 1-based; None where the origin has no lines.
        column: 1-based.
        width: how many characters the caret underlines.
        text: the source line, if known.
    """

    origin: str
    folder: str
    line: int | None = None
    column: int = 1
    width: int = 1
    text: str | None = None

    def __str__(self) -> str:
        return self.origin if self.line is None else f"{self.origin}:{self.line}:{self.column}"

    def within(self, text: str, start: int, width: int) -> Place | None:
        """Narrow the place of a text to a part of it; None where the text is not in that line."""
        at = -1 if self.text is None else self.text.find(text, self.column - 1)
        if at < 0 or not text:
            return None
        return replace(self, column=at + 1 + start, width=width)

    def snippet(self) -> str:
        """Render the source line with a caret below the value; empty if the line is unknown."""
        if self.text is None:
            return ""
        text, start = redact_line(self.text.rstrip()), self.column - 1
        if len(text) > _WIDEST:
            cut = max(0, start - _LEAD)
            text, start = "…" * bool(cut) + text[cut:][:_WIDEST], start - cut + bool(cut)
        pad = "".join("\t" if char == "\t" else " " for char in text[:start].ljust(start))
        width = max(1, min(self.width, len(text) - start))
        return f"    {text}\n    {pad}{'^' * width}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: what is wrong, where, and what to do.

    Attributes:
        path: the configured value's path, `PASSES[0].modules[1]`; empty for the whole.
        message: what is wrong.
        place: where it was written, if anywhere.
        remedy: what to do, if the message does not say so.
    """

    path: str
    message: str
    place: Place | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        where = " ".join(part for part in (str(self.place or ""), self.path) if part)
        lines = [f"{where}: {self.message}" if where else self.message]
        if self.place and self.place.snippet():
            lines.append(self.place.snippet())
        if self.remedy:
            lines.append(f"  → {self.remedy}")
        return "\n".join(lines)


class ConfigError(BeafError):
    """A configuration that cannot be used: mend every line that is named."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        # Each once, and in the order of a file's lines.
        self.problems = tuple(sorted(dict.fromkeys(problems), key=_reading_order))
        count = len(self.problems)
        head = "" if count == 1 else f"{count} problems in the configuration\n"
        super().__init__(head + "\n".join(str(problem) for problem in self.problems))


@contextmanager
def collected(problems: list[Problem]) -> Iterator[None]:
    """Keep the problems of a step instead of ending with them, so that all are told at once."""
    try:
        yield
    except ConfigError as error:
        problems += error.problems


def _reading_order(problem: Problem) -> tuple[str, int, int]:
    place = problem.place
    return (place.origin, place.line or 0, place.column) if place else ("", 0, 0)


def dotted(path: Iterable[str | int]) -> str:
    """Render a path as `PASSES[0].modules[1]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text
