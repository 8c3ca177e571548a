"""Is nonsense below the top level of an answer stopped at the border, too?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    AsOf,
    BeafError,
    ConfigError,
    Kind,
    LaunchRequest,
    Lifetime,
    Measure,
    PluginEntry,
    PluginHost,
    hookimpl,
    run_pipeline,
)
from beaf_core.config.errors import Place
from beaf_core.config.nodes import from_plain
from beaf_core.config.resolve import resolve
from beaf_core.plugins.declarations import measures_of, rows_of
from beaf_core.testing import tiny_request

SIZE = pl.col("Size")
ENTRY = PluginEntry("module", "acme", "acme.module", "acme-beaf", "1.2.3")


def measure(**changed: Any) -> Measure:
    given = {
        "name": "Acme",
        "table": "trades",
        "value": Aggregation(Kind.SUM, SIZE),
        "unit": "shares",
        "doc": "",
        "formula": "",
    }
    return Measure(**{**given, **changed})


def raises(_options: object) -> Any:
    raise RuntimeError("boom")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: measure(name="TimeBucket"), "every output has"),
        (lambda: measure(name="__agg0"), "no name"),
        (lambda: measure(name=""), "no name"),
        (lambda: measure(table=""), "asks for the table"),
        (lambda: measure(value=Aggregation(Kind.SUM, "Size")), "polars expression"),
        (lambda: measure(value=Aggregation(Kind.SUM, SIZE, "x")), "polars expression"),
        (lambda: measure(value=Aggregation("sum", SIZE)), "of a Kind"),
        (lambda: measure(value={"a": 1}, post=SIZE), "not an Aggregation"),
        (lambda: measure(lookups={"Bid": "l2"}), "where an AsOf or a Lifetime belongs"),
        (lambda: measure(lookups={"Bid": AsOf("l2", "Bid")}), "polars expression"),
        (lambda: measure(lookups={"L": Lifetime(SIZE, 3)}), "polars expression"),
    ],
)
def test_a_measure_that_cannot_be_names_its_plugin(
    wrong: Callable[[], Measure], words: str
) -> None:
    module = AnalyticsModule("acme", measures=lambda options: [wrong()])
    with pytest.raises(BeafError) as refused:
        measures_of(ENTRY, module, None)
    for word in (words, "acme-beaf 1.2.3", "analytics_module", "report it"):
        assert word in str(refused.value)


def test_a_measure_over_a_table_that_nobody_has_names_its_plugin(tmp_path: Path) -> None:
    class Acme:
        @hookimpl
        def analytics_module(self) -> AnalyticsModule:
            return AnalyticsModule("acme", measures=lambda options: [measure(table="trade")])

    entry = PluginEntry("module", "acme", "acme.module", "acme-beaf", "1.2.3", inline=Acme())
    tree = from_plain({"PASSES": [{"name": "bars", "modules": ["acme"]}]}, Place("here", "here"))
    with pytest.raises(ConfigError) as refused:
        resolve(tree, tmp_path, PluginHost().with_inline([entry]))
    for word in ('did you mean "trades"', "acme-beaf 1.2.3", "PASSES[0].modules[0]", "report it"):
        assert word in str(refused.value)


@pytest.mark.parametrize("rows", [raises, lambda _: {"trades": [1]}, lambda _: 7])
def test_rows_that_cannot_be_name_their_plugin(rows: Any) -> None:
    module = AnalyticsModule("acme", measures=lambda options: [measure()], rows=rows)
    with pytest.raises(BeafError) as refused:
        rows_of(ENTRY, module, None)
    assert "acme-beaf 1.2.3" in str(refused.value)
    assert "analytics_module" in str(refused.value)


@pytest.mark.parametrize("answer", [None, 5, raises])
def test_a_launched_run_that_does_not_report_names_its_plugin(tmp_path: Path, answer: Any) -> None:
    def wait() -> Any:
        return answer(None) if callable(answer) else answer

    class Launcher:
        @hookimpl
        def launch_run(self, request: LaunchRequest, config: object) -> Any:
            nothing = lambda: None  # noqa: E731
            return SimpleNamespace(ref="r", status=nothing, stop=nothing, logs=nothing, wait=wait)

    entry = PluginEntry(
        "launcher", "acme", "acme.launcher", "acme-beaf", "1.2.3", inline=Launcher()
    )
    host = PluginHost().with_inline([entry])
    launched = host.launch_run("acme", tiny_request(tmp_path), None)
    with pytest.raises(BeafError) as refused:
        host.wait_for("acme", launched)
    assert "acme-beaf 1.2.3" in str(refused.value)
    assert "wait()" in str(refused.value)


def test_a_module_of_nonsense_in_a_pipelines_file_is_refused_before_any_data_is_read(
    tmp_path: Path, beaf_market: Path
) -> None:
    path = tmp_path / "own.py"
    path.write_text(
        "import polars as pl\n"
        "from beaf_core import Aggregation, Kind, Measure\n"
        "X = Measure('Ticker', 'trades', Aggregation(Kind.SUM, pl.col('Size')), 'x', '', '')\n"
        f"USER_CONFIG = {{'SOURCE': {{'type': 'parquet', 'root': {str(beaf_market)!r}}},\n"
        "               'PASSES': [{'name': 'bars', 'modules': ['custom']}]}\n"
    )
    with pytest.raises(BeafError, match="every output has") as refused:
        run_pipeline(path, date="2025-01-06", universe="mic=XLON")
    assert "own.py" in str(refused.value)
    assert refused.value.exit_code == 2
