"""Rewrite docs/reference/metrics.md: every column that installed modules can yield.

python scripts/write_metric_reference.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from beaf_core.cli.explanation import rule_in_words
from beaf_core.plugins.columns import Column, Shelf
from beaf_core.plugins.host import PluginHost

DOCUMENT = Path(__file__).parents[1] / "docs" / "reference" / "metrics.md"

_WORDS = "First|Last|Min|Max|Mean|Sum|Std|Median|VWA|NotionalWeighted"
#: What tells the columns of a family apart: levels, horizons, words for sides, and words for
#: aggregations, where a name ends or a formula such as `Max(x)` begins.
_VARYING = re.compile(rf"\d+|Bid|Ask|Buy|Sell|Total|Unknown|(?:{_WORDS})(?=$|\()")
_AGGREGATED = re.compile(rf"(?:{_WORDS})\(")
_HEAD = """\
# Metric reference

Every column that the installed modules can yield by themselves, as they declare it. Written by
`scripts/write_metric_reference.py`; edit the declarations, not this page. What the words mean is in
[docs/metrics.md](../metrics.md); `beaf analytics list --pipeline …` shows the columns of a
configuration, `beaf analytics explain` a single one.

Families stand in one row: `{Bid|Ask}Price{1…10}` is twenty columns. Horizons, levels and names can
be configured, so more columns than these are possible; where the meaning of a family's columns
differs, … stands for what does.
"""


class Row(NamedTuple):
    """A row of the page: one column, or a family of them."""

    name: str
    unit: str
    meaning: str
    formula: str
    needs: str
    longer: str
    source: str


def page() -> str:
    """Render the whole page."""
    shelf = Shelf(PluginHost())
    parts = [_HEAD]
    for name in shelf.modules:
        parts.append("\n".join(_section(name, shelf.columns(name, full=True))))
    return "\n".join(parts)


def _section(name: str, columns: Sequence[Column]) -> Iterator[str]:
    page = f"modules/{name}.md"
    told = f"[`{name}`](../{page})" if (DOCUMENT.parents[1] / page).exists() else f"`{name}`"
    yield f"## Module {told}"
    yield ""
    module = next((each.module for each in columns if each.module), None)
    if module is None:
        yield "Its columns follow from its options alone."
        yield ""
        return
    yield f"{module.doc}. Section `{module.config_key}`."
    yield ""
    yield from _table(
        [head.replace("longer", "longer buckets") for head in Row._fields], rows(columns)
    )
    yield ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(_cell(each) for each in row) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def rows(columns: Iterable[Column]) -> list[Row]:
    """Put columns into rows, families together, in the order of their first members."""
    families: dict[tuple[str, ...], list[Column]] = {}
    for each in columns:
        families.setdefault(_shape(each), []).append(each)
    return [_row(family) for family in families.values()]


def _shape(column: Column) -> tuple[str, ...]:
    """What the columns of a family have in common."""
    each = column.measure
    # How buckets combine follows from the word of the aggregation.
    rule = "" if _AGGREGATED.match(each.formula) else each.reaggregation
    told = (each.name, each.formula, rule, *column.tables)
    return (each.unit, each.source, *(_skeleton(text) for text in told))


def _skeleton(text: str) -> str:
    """Replace what varies in a text by a mark of its kind."""
    return _VARYING.sub(lambda found: _mark(found.group()), text)


def _mark(word: str) -> str:
    if word.isdigit():
        return "#"
    return "*" if word in _WORDS.split("|") else "~"


def _row(family: Sequence[Column]) -> Row:
    measures = [each.measure for each in family]
    return Row(
        name=f"`{_pattern([each.name for each in measures])}`",
        unit=measures[0].unit,
        meaning=_common([each.doc for each in measures]),
        formula=_common([each.formula for each in measures]),
        needs=_needs({need for each in family for need in each.needs}),
        longer=_longer([each.reaggregation for each in measures]),
        source=measures[0].source,
    )


def _longer(rules: Sequence[str]) -> str:
    """Say how buckets of a family combine."""
    alike = len({_skeleton(each) for each in rules}) == 1
    return _common([rule_in_words(each) for each in rules]) if alike else "as the name says"


def _needs(columns: Iterable[str]) -> str:
    """Name the columns behind a row, table by table."""
    tables: dict[str, list[str]] = {}
    for each in sorted(columns):
        table, _, column = each.rpartition(".")
        tables.setdefault(table or column, []).extend([column] if table else [])
    alike: dict[str, list[str]] = {}
    for table, names in tables.items():
        alike.setdefault(", ".join(_patterns(names)), []).append(table)
    told = (f"{', '.join(_patterns(found))}: {names}" for names, found in alike.items())
    return "; ".join(each.removesuffix(": ") for each in told)


def _patterns(texts: Iterable[str]) -> list[str]:
    """Put texts of one shape together: `l2.{Bid|Ask}Price{1…10}`."""
    shapes: dict[str, list[str]] = {}
    for each in sorted(texts):
        shapes.setdefault(_skeleton(each), []).append(each)
    return [_pattern(each) for each in shapes.values()]


def _pattern(texts: Sequence[str]) -> str:
    """Render texts of one shape as one: what varies stands in braces."""
    places = [_VARYING.findall(each) for each in texts]
    fixed = _VARYING.split(texts[0])
    slots = [_choice(list(dict.fromkeys(values))) for values in zip(*places, strict=True)]
    return "".join(part for pair in zip(fixed, [*slots, ""], strict=True) for part in pair)


def _choice(values: Sequence[str]) -> str:
    if len(values) == 1:
        return values[0]
    if all(each.isdigit() for each in values):
        numbers = sorted(map(int, values))
        if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
            return f"{{{numbers[0]}…{numbers[-1]}}}"
        return "{" + "|".join(map(str, numbers)) + "}"
    return "{" + "|".join(values) + "}"


def _common(texts: Sequence[str]) -> str:
    """Render what texts have in common: as a pattern, or as how they begin and end."""
    if len({_skeleton(each) for each in texts}) == 1:
        return _pattern(texts)
    words = [each.split(" ") for each in texts]
    begin = _shared(words)
    end = min(_shared([each[::-1] for each in words]), min(map(len, words)) - begin)
    first = words[0]
    return " ".join([*first[:begin], "…", *first[len(first) - end :]])


def _shared(texts: Sequence[Sequence[str]]) -> int:
    """Count the words with which all texts begin."""
    same = (len(set(each)) == 1 for each in zip(*texts, strict=False))
    return len(list(takewhile(bool, same)))


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text(page(), encoding="utf-8")
