"""Rewrite docs/reference/bmll-guesses.md: all that beaf-bmll believes of BMLL and cannot know.

Each stands beside the code that goes by it, as a comment that begins with `Guess:`.

python scripts/write_bmll_guesses.py
"""

from __future__ import annotations

import io
import textwrap
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "plugins" / "beaf_bmll" / "src" / "beaf_bmll"
DOCUMENT = ROOT / "docs" / "reference" / "bmll-guesses.md"
_MARK = "Guess:"
_HEAD = """\
# What beaf-bmll believes of BMLL

No server of BMLL was ever asked: what its package does not tell is a guess, and each stands beside
the code that goes by it. Written by `scripts/write_bmll_guesses.py` from those comments; edit them,
not this page. [bmll.md](../bmll.md) says what is proven, and `beaf job conformance` asks the
servers about what can be asked without changing anything.
"""
_PARTS = {
    "What the plugin goes by": lambda path: "testing" not in path.parts,
    "What the emulator plays": lambda path: "testing" in path.parts,
}


class Guess(NamedTuple):
    """A guess, and the line of code that goes by it."""

    said: str
    code: str


def page() -> str:
    """Render the whole page."""
    files = sorted(SOURCES.rglob("*.py"))
    parts = [_HEAD]
    for title, belongs in _PARTS.items():
        rows = [
            _row(path, guess)
            for path in files
            if belongs(path)
            for guess in guesses(path.read_text(encoding="utf-8"))
        ]
        head = ["| in | guess | goes by it |", "|---|---|---|"]
        parts.append("\n".join([f"## {title}", "", *head, *rows, ""]))
    return "\n".join(parts)


def guesses(source: str) -> Iterator[Guess]:
    """Read the guesses of a module; one may go on over several lines of comment."""
    comments = {
        token.start[0]: (token.string.lstrip("#: "), token.start[1])
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    lines = dict(enumerate(source.splitlines(), 1))
    code = {
        number: line[: comments[number][1]] if number in comments else line
        for number, line in lines.items()
    }
    for number, (text, _) in comments.items():
        before, mark, said = text.partition(_MARK)
        if mark:
            beside = bool(code[number].strip())  # then it ends with its line
            last = number if beside else _end_of_comment(number, code, comments)
            more = [comments[each][0] for each in range(number + 1, last + 1)]
            words = " ".join(filter(None, [before.strip(), said.strip(), *more]))
            yield Guess(words, code.get(last if beside else last + 1, "").strip())


def _end_of_comment(
    first: int, code: Mapping[int, str], comments: Mapping[int, tuple[str, int]]
) -> int:
    last = first
    while last + 1 in comments and not code[last + 1].strip():
        if _MARK in comments[last + 1][0]:
            break
        last += 1
    return last


def _row(path: Path, guess: Guess) -> str:
    shown = textwrap.shorten(guess.code, 72, placeholder="…")
    cells = (f"`{path.relative_to(SOURCES)}`", guess.said, f"`{shown}`" if shown else "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    DOCUMENT.write_text(page(), encoding="utf-8")
