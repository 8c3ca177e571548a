"""Do the examples of the documentation give the columns that it names?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from plugins.beaf_analytics.tests.l2.books import computed

PAGES = Path(__file__).resolve().parents[4] / "docs" / "modules"
ROWS = [(5, 10.0, 3, 10.5, 4), (70, 10.0, 5, 10.25, 6)]


@pytest.mark.parametrize(("page", "count"), [("l2", 20), ("l2tw", 23)])
def test_an_example_gives_what_stands_below_it(page: str, count: int) -> None:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```\n\ngives[^`]*`([^`]*)`", text, re.DOTALL)
    (asked,) = yaml.safe_load(example[0])["PASSES"]
    found = computed(
        asked["modules"], ROWS, **asked["l2_analytics"],
        time_bucket_seconds=asked["time_bucket_seconds"],
    )  # fmt: skip
    named = example[1].split()
    assert len(named) == count
    assert named == found.columns[-count:]
