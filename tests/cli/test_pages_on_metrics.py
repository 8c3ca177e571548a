"""Do the examples of the pages on metrics work as they stand?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "write-a-metric.md", DOCS / "modules" / "metrics.md")
BLOCK = re.compile(r"^```(python|yaml)\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXAMPLES = [
    (f"{page.stem}{number}", *found.groups())
    for page in PAGES
    for number, found in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8")))
]


def written(folder: Path, kind: str, text: str) -> Path:
    path = folder / f"pipeline.{'py' if kind == 'python' else 'yaml'}"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("kind", "text"), [each[1:] for each in EXAMPLES],
                         ids=[each[0] for each in EXAMPLES])  # fmt: skip
def test_an_example_is_valid_and_its_tests_come_out(
    beaf: Any, tmp_path: Path, kind: str, text: str
) -> None:
    path = written(tmp_path, kind, text)
    found = beaf("pipeline", "validate", "--pipeline", path, "--json")
    assert found.code == 0, found.err
    assert (found.json["examples"] > 0) == ("tests:" in text or "Example(" in text)
    listed = beaf("analytics", "list", "--pipeline", path, "--json")
    assert all(each["unit"] and each["doc"] and each["formula"] for each in listed.json)


def test_both_pages_have_examples() -> None:
    assert [name for name, *_ in EXAMPLES] == [
        "write-a-metric0", "write-a-metric1", "write-a-metric2", "metrics0", "metrics1"
    ]  # fmt: skip


def test_the_page_names_every_function_of_expressions() -> None:
    from beaf_analytics.custom.functions import AGGREGATES, USAGES

    page = PAGES[1].read_text(encoding="utf-8")
    code = " ".join(re.findall(r"`([^`\n]+)`", BLOCK.sub("", page)))
    lacking = [name for name in (*AGGREGATES, *USAGES) if not re.search(rf"\b{name}\b", code)]
    assert lacking == []
