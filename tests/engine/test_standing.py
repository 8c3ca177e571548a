"""Is what stands left alone, and is it said why the rest is written again?"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.engine.two_passes import write_two_passes

from beaf_core import RunReport, UsageError, run_pipeline
from beaf_core.engine.planning.forecast import Forecast, forecast
from beaf_core.model.run import RunChoices, parse_only
from beaf_core.prepare import prepare_pipeline, request_flags
from beaf_core.run import request_of
from beaf_core.testing.market import write_market

MONDAY, TUESDAY, WEDNESDAY = "2025-01-06", "2025-01-07", "2025-01-08"

OWN = """
import polars as pl
from beaf_core import Aggregation, Kind, Measure

def measure(name, kind=Kind.SUM, version=1):
    return Measure(name, "trades", Aggregation(kind, pl.col("Size")), "shares", "d", "f",
                   version=version)

A = measure("Shares")
B = measure("Largest", Kind.MAX)
USER_CONFIG = {"PASSES": [{"name": "bars", "modules": ["custom"]}]}
"""


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return write_market(tmp_path / "market")


@pytest.fixture
def own(pipeline_file: Path, market: Path) -> Path:
    path = pipeline_file.with_name("own.py")
    path.write_text(OWN)
    pipeline_file.with_name("beaf.yaml").write_text(
        f"SOURCE: {{type: parquet, root: '{market}'}}\nBATCH_FREQ: D\n"
    )
    return path


def run(
    path: Path, *sets: str, days: tuple[str, str] = (MONDAY, TUESDAY), **more: Any
) -> RunReport:
    return run_pipeline(
        path, start_date=days[0], end_date=days[1], universe="mic=XLON", sets=sets, **more
    )


def foretell(
    path: Path, *sets: str, days: tuple[str, str] = (MONDAY, TUESDAY), **choices: Any
) -> list[Forecast]:
    flags = request_flags(None, *days, "mic=XLON")
    prepared = prepare_pipeline(path, sets=sets, flags=flags)
    return forecast(request_of(prepared, RunChoices(**choices)))


def reasons(found: list[Forecast]) -> list[str]:
    return [f"{each.status}: {each.reason}" if each.reason else each.status for each in found]


def found(report: RunReport) -> list[str]:
    return [each.status for each in report.outcomes]


# -- why -------------------------------------------------------------------------------------------


def test_nothing_stands_before_the_first_run_and_all_is_up_to_date_after_it(own: Path) -> None:
    assert reasons(foretell(own)) == ["new", "new"]
    run(own)
    assert reasons(foretell(own)) == ["up to date", "up to date"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('measure("Shares")', 'measure("Shares", version=2)', "definition of Shares v1 → v2"),
        ('measure("Shares")', 'measure("Shares", Kind.MEAN)', "definition of Shares changed"),
        ('measure("Shares")', 'measure("Sum")', "Sum is new, Shares is gone"),
    ],
)
def test_an_edited_definition_is_named(own: Path, old: str, new: str, why: str) -> None:
    run(own)
    own.write_text(own.read_text().replace(old, new))
    assert reasons(foretell(own)) == [f"stale: {why}"] * 2


FUNCTIONS = """
import polars as pl
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, ProvidedTable

SIZE = pl.col("Size")
FLOOR = 5
TIME = "TradeTimestampNanoseconds"

def measure(name, table, value):
    return Measure(name, table, value, "shares", "d", "f")

def doubled(value):
    return value * 2

def large(tables):
    return tables["trades"].filter(SIZE >= FLOOR).select("ListingId", TIME, "Size")

def shares(context, options):
    rows = context.tables["trades"].group_by("ListingId", "TimeBucket").agg(SIZE.sum())
    return rows.select("ListingId", "TimeBucket", Twice=doubled(SIZE))

MODULE = AnalyticsModule(
    "own",
    lambda options: [
        measure("Large", "large", Aggregation(Kind.SUM, SIZE)), measure("Twice", "trades", None)
    ],
    provides=lambda options: [
        ProvidedTable("large", {"trades": (TIME, "Size")}, large, TIME)
    ],
    compute=shares,
    reads=lambda options: {"trades": ("Size",)},
)
USER_CONFIG = {"PASSES": [{"name": "bars", "modules": ["own"]}]}
"""
BUILT, COMPUTED = "definition of the table large changed", "definition of what own computes changed"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("SIZE >= FLOOR", "SIZE > FLOOR", BUILT),
        ("FLOOR = 5", "FLOOR = 6", BUILT),
        ("large, TIME)", "large, TIME, version=2)", BUILT.replace("changed", "v1 → v2")),
        ("Twice=doubled(SIZE)", "Twice=SIZE + 1", COMPUTED),
        ("value * 2", "value * 3", COMPUTED),
        ("def large(tables):", 'def large(tables):\n    """Words."""', ""),
        ("FLOOR = 5", "\n\nFLOOR = 5", ""),
    ],
)
def test_an_edited_function_is_named(own: Path, old: str, new: str, why: str) -> None:
    own.write_text(FUNCTIONS)
    run(own)
    own.write_text(FUNCTIONS.replace(old, new))
    assert reasons(foretell(own)) == [f"stale: {why}" if why else "up to date"] * 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("PASSES.bars.time_bucket_seconds=300", "configuration time_bucket_seconds"),
        ("PASSES.bars.sort_keys=[TimeBucket]", "configuration sort_keys"),
        ("QUALITY_CHECKS.ENABLED=true", "configuration QUALITY_CHECKS.ENABLED"),
        ("SOURCE.order={trades: [BMLLSequenceNo]}", "configuration SOURCE.order"),
        ("OUTPUT_TARGET.compression=snappy", "output compression"),
    ],
)
def test_a_changed_option_is_named(own: Path, change: str, why: str) -> None:
    run(own)
    assert all(each.startswith(f"stale: {why}") for each in reasons(foretell(own, change)))


def test_a_changed_a_new_and_a_lost_input_are_named(own: Path, market: Path) -> None:
    run(own)
    path = market / "trades" / "XLON" / f"{MONDAY}.parquet"
    pl.read_parquet(path).head(3).write_parquet(path)
    assert reasons(foretell(own)) == [
        f"stale: input trades/XLON/{MONDAY}.parquet changed",
        "up to date",
    ]
    run(own)
    moved = shutil.copytree(market, market.with_name("moved"))
    (why, _) = reasons(foretell(own, f"SOURCE.root={moved}"))
    assert why == (
        f"stale: configuration SOURCE.root, input trades/XLON/{MONDAY}.parquet is new, "
        "1 input is gone"
    )


def test_a_changed_universe_is_named_with_its_day(own: Path, market: Path) -> None:
    run(own)
    path = market / "reference" / "XLON" / f"{TUESDAY}.parquet"
    pl.read_parquet(path).filter(pl.col("ListingId") != 102).write_parquet(path)
    assert reasons(foretell(own)) == ["up to date", f"stale: the universe on {TUESDAY} changed"]


def test_another_version_of_beaf_is_named(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(own)
    monkeypatch.setattr("beaf_core.__version__", "9.9.9")
    (monday, _) = reasons(foretell(own))
    assert monday.startswith("stale: BEAF ")
    assert monday.endswith(" → 9.9.9")


def test_a_reader_is_stale_after_its_source_and_says_so(pipeline_file: Path) -> None:
    path = write_two_passes(pipeline_file.parent)
    run(path)
    path.write_text(path.read_text().replace("Kind.SUM, SIZE", "Kind.MAX, SIZE"))
    assert reasons(foretell(path)) == [
        "stale: definition of Volume changed",
        'stale: the earlier pass "bars" is to be written',
    ]
    # Where the source alone is written, the reader's own receipt tells.
    source_only = path.with_name("source_only.py")
    source_only.write_text(
        path.read_text().split('        {"name": "hours"')[0] + "    ],\n}\n"
        "def get_pipeline(pass_config):\n    return [BARS]\n"
    )
    assert found(run(source_only)) == ["written"]
    assert reasons(foretell(path)) == ["up to date", "stale: the earlier pass bars changed"]


def test_receipts_tell_what_they_depend_on_in_short_digests(own: Path) -> None:
    report = run(own)
    stamp = report.receipts[0].stamp
    assert stamp["run_id"] == report.run_id
    facets = json.loads(stamp["facets"])
    assert facets["definitions"].keys() == {"Shares", "Largest"}
    assert facets["definitions"]["Shares"].startswith("v1 ")
    assert facets["universe"].keys() == {MONDAY}
    assert len(facets["inputs"]) == 1


def test_words_of_a_measure_may_change_without_a_number_changing(own: Path) -> None:
    run(own)
    own.write_text(own.read_text().replace('"shares", "d", "f"', '"units", "other", "words"'))
    assert found(run(own)) == ["unchanged", "unchanged"]


# -- what is left alone ----------------------------------------------------------------------------


def test_a_rerun_with_nothing_changed_computes_and_writes_nothing(own: Path) -> None:
    run(own)
    manifest = json.loads(Path(run(own).manifest).read_text())
    assert {each["step"] for each in manifest["timings"]} == {"plan"}
    assert [each["status"] for each in manifest["outcomes"]] == ["unchanged", "unchanged"]


def test_a_rerun_with_nothing_changed_reads_no_row_of_any_table(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(own)
    from beaf_core.engine.planning import reference

    asked: list[str] = []
    table = reference.SourceReference._table

    def watched(self: Any, name: str, *more: Any, **named: Any) -> Any:
        asked.append(name)
        return table(self, name, *more, **named)

    def forbidden(*_: object) -> None:
        raise AssertionError("computed")

    monkeypatch.setattr(reference.SourceReference, "_table", watched)
    monkeypatch.setattr("beaf_core.engine.batches.pool.compute", forbidden)
    assert found(run(own)) == ["unchanged", "unchanged"]
    assert set(asked) == {"reference"}, "the universe is resolved, and nothing else is read"


def test_existing_outputs_are_skipped_unasked_whatever_has_changed(own: Path) -> None:
    first = run(own, days=(MONDAY, MONDAY))
    before = Path(first.receipts[0].location).read_bytes()
    changed = ("SKIP_EXISTING_OUTPUT=true", "PASSES.bars.time_bucket_seconds=300")
    assert reasons(foretell(own, *changed)) == ["skipped", "new"]
    report = run(own, *changed)
    assert found(report) == ["skipped", "written"]
    assert report.outcomes[0].receipt == first.receipts[0]
    assert Path(first.receipts[0].location).read_bytes() == before
    assert found(run(own, *changed, force=True)) == ["written", "written"]


def test_readers_of_a_skipped_pass_read_what_stands_though_its_input_is_gone(
    pipeline_file: Path, market: Path
) -> None:
    path = write_two_passes(pipeline_file.parent)
    sets = [f"SOURCE.root={market}"]
    run(path, *sets)
    hours = pipeline_file.parent / f"data/tiny/hours/mic=XLON/{MONDAY}_{TUESDAY}.parquet"
    before = pl.read_parquet(hours)
    hours.unlink()
    shutil.rmtree(market / "trades")
    report = run(path, *sets, "SKIP_EXISTING_OUTPUT=true")
    assert found(report) == ["skipped", "written"]
    assert pl.read_parquet(hours).equals(before)


def test_one_of_two_targets_that_is_stale_alone_is_written_alone(own: Path, tmp_path: Path) -> None:
    place = f"{tmp_path}/second/{{pass}}/{{start_date}}.parquet"
    sets = [f"PASSES.bars.extra_outputs=[{{path_template: '{place}'}}]"]
    days = (MONDAY, MONDAY)
    report = run(own, *sets, days=days)
    assert found(report) == ["written", "written"]
    main, extra = (Path(each.location) for each in report.receipts)
    assert pl.read_parquet(main).equals(pl.read_parquet(extra))
    extra.unlink()
    before = main.stat().st_mtime_ns
    assert found(run(own, *sets, days=days)) == ["unchanged", "written"]
    assert main.stat().st_mtime_ns == before
    assert pl.read_parquet(main).equals(pl.read_parquet(extra))


def test_a_new_extra_target_leaves_the_main_one_as_it_is(own: Path, tmp_path: Path) -> None:
    run(own, days=(MONDAY, MONDAY))
    sets = [f"PASSES.bars.extra_outputs=[{{path_template: '{tmp_path}/x.parquet'}}]"]
    assert found(run(own, *sets, days=(MONDAY, MONDAY))) == ["unchanged", "written"]


# -- only ------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(own: Path) -> Path:
    """Monday stands and is stale, Tuesday is missing, Wednesday has failed for want of data."""
    run(own, days=(MONDAY, MONDAY))
    run(own, days=(MONDAY, WEDNESDAY))
    (own.parent / f"data/sample2d/bars/mic=XLON/{TUESDAY}_{TUESDAY}.parquet").unlink()
    own.write_text(own.read_text().replace('measure("Shares")', 'measure("Shares", version=2)'))
    return own


@pytest.mark.parametrize(
    ("only", "wanted"),
    [
        ("missing", ["skipped", "written", "failed"]),
        ("stale", ["written", "skipped", "failed"]),
        ("stale,missing", ["written", "written", "failed"]),
        ("failed", ["skipped", "skipped", "failed"]),
        (["failed", "missing"], ["skipped", "written", "failed"]),
        ((), ["written", "written", "failed"]),
    ],
)
def test_only_writes_the_kinds_that_are_asked_for(mixed: Path, only: Any, wanted: Any) -> None:
    # Wednesday's data is still missing: what cannot be planned is told, whatever is asked for.
    days = (MONDAY, WEDNESDAY)
    report = run(mixed, days=days, only=only)
    got = found(report)
    assert got[:2] == wanted[:2]


def test_only_failed_takes_up_what_the_newest_run_could_not_do(own: Path, market: Path) -> None:
    days = (MONDAY, WEDNESDAY)
    for table in ("reference", "membership", "trades", "marketstate"):
        place = market / table / "XLON"
        shutil.copy(place / f"{TUESDAY}.parquet", place / f"{WEDNESDAY}.parquet")
    broken = market / "trades" / "XLON" / f"{WEDNESDAY}.parquet"
    content = broken.read_bytes()
    broken.write_bytes(content[:100])
    assert found(run(own, days=days)) == ["written", "written", "failed"]
    broken.write_bytes(content)
    own.write_text(own.read_text().replace('measure("Shares")', 'measure("Shares", version=2)'))
    report = run(own, days=days, only="failed")
    assert found(report) == ["skipped", "skipped", "written"]
    assert found(run(own, days=days, only="failed")) == ["skipped"] * 3, "nothing failed since"


def test_only_refuses_a_word_that_selects_nothing() -> None:
    with pytest.raises(UsageError, match="'new'"):
        parse_only("new,stale")
    assert parse_only(" stale , missing,stale") == ("stale", "missing")
