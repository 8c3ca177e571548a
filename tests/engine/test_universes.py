"""Is a selector what its parts share, without what is taken away, whatever their order?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import PluginError, PluginHost, Reference, parse_universe_spec, run_pipeline
from beaf_core.engine.planning.reference import SourceReference
from beaf_core.engine.planning.universe import Universes
from beaf_core.model.errors import EmptyUniverseError, ExitCode
from beaf_core.plugins.inline import universe_entry
from beaf_core.testing import TINY_DAYS, tiny_reference, tiny_table, write_market

MONDAY, TUESDAY = TINY_DAYS
DAY = date.fromisoformat(MONDAY)

Keys = set[tuple[int, str]]


def universes(
    functions: Mapping[str, Callable[..., Any]],
    *,
    values: Mapping[str, Callable[..., Any]] | None = None,
    reference: Reference = tiny_reference,
    allow_empty: bool = False,
) -> Universes:
    """Resolve selectors over functions; none of the installed universes is asked."""
    offered = values or {}
    entries = [
        universe_entry(function, "a test", name=name, values=offered.get(name))
        for name, function in functions.items()
    ]
    return Universes(PluginHost().with_inline(entries), reference, Path.cwd(), allow_empty)


def keys_of(found: Universes, spec: str, day: date = DAY) -> Keys:
    """Resolve a selector; the empty set where nothing is left."""
    try:
        frame = found.listings(parse_universe_spec(spec), day)
    except EmptyUniverseError:
        return set()
    assert frame["ListingId"].is_sorted()
    return set(frame.select("ListingId", "MIC").iter_rows())


def frame_of(keys: Keys, column: str = "More") -> pl.DataFrame:
    listed = sorted(keys)
    ids, mics = [key[0] for key in listed], [key[1] for key in listed]
    return pl.DataFrame(
        {"ListingId": ids, "MIC": mics, column: mics},
        schema={"ListingId": pl.Int64, "MIC": pl.String, column: pl.String},
    )


def answering(frame: pl.DataFrame) -> Callable[..., Any]:
    return lambda date: frame


# -- the algebra -----------------------------------------------------------------------------------

#: A listing has one MIC in a frame, but universes may disagree on it.
some_keys = st.dictionaries(st.integers(1, 8), st.sampled_from(["XLON", "XPAR"]), max_size=8).map(
    lambda found: set(found.items())
)


@settings(deadline=None, max_examples=25)
@given(st.lists(some_keys, min_size=1, max_size=3), st.lists(some_keys, max_size=2))
def test_parts_are_set_operations_whatever_their_order(
    kept: list[Keys], taken_away: list[Keys]
) -> None:
    frames = {f"u{i}": frame_of(keys, f"Of{i}") for i, keys in enumerate([*kept, *taken_away])}
    found = universes({name: answering(frame) for name, frame in frames.items()})
    names = list(frames)
    parts, gone = names[: len(kept)], [f"!{name}" for name in names[len(kept) :]]
    wanted = set.intersection(*kept).difference(*taken_away)
    for first in parts:
        others = [name for name in parts if name != first]
        for order in itertools.permutations([*others, *gone]):
            assert keys_of(found, "+".join([first, *order])) == wanted


def test_every_part_tells_what_it_knows_of_a_listing_whatever_their_order() -> None:
    both = universes(
        {
            "left": lambda: frame_of({(1, "XLON"), (2, "XLON")}, "Sector"),
            "right": lambda: frame_of({(2, "XLON"), (3, "XPAR")}, "Ticker"),
        }
    )
    for spec in ("left+right", "right+left"):
        frame = both.listings(parse_universe_spec(spec), DAY)
        assert frame.select("ListingId", "MIC", "Sector", "Ticker").rows() == [
            (2, "XLON", "XLON", "XLON")
        ]


def reference_of(source: str, market: Path) -> SourceReference:
    host = PluginHost()
    model = host.config_model("source", source)
    assert model is not None
    options = {"root": str(market)} if source == "parquet" else {}
    return SourceReference(host, source, model(**options), {})


BY_COLUMN = {"mic": "MIC", "index": "Index", "opol": "OPOL", "alive": "IsAlive"}
OF_SOURCE: dict[str, dict[str, list[str]]] = {
    "parquet": {"mic": ["XLON", "XPAR"], "index": ["TINY", "TINYUK"], "opol": ["XLON"]},
    "simulated": {
        "mic": ["XLON", "XPAR", "BATE"],
        "index": ["STOXX600", "bezacp"],
        "opol": ["XLON", "XPAR"],
    },
}


def by_column(column: str) -> Callable[..., Any]:
    def get_universe(date: str, value: str | None, reference: Reference) -> pl.DataFrame:
        return reference(date) if value is None else reference(date, **{column: value})

    return get_universe


@pytest.fixture(scope="module", params=["parquet", "simulated"])
def of_source(request: pytest.FixtureRequest, beaf_market: Path) -> tuple[str, Universes]:
    reference = reference_of(request.param, beaf_market)
    functions = {name: by_column(column) for name, column in BY_COLUMN.items()}
    return request.param, universes(functions, reference=reference)


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_selectors_over_a_source_are_set_operations_too(
    of_source: tuple[str, Universes], data: st.DataObject
) -> None:
    source, found = of_source
    known = [f"{name}={value}" for name, all_of in OF_SOURCE[source].items() for value in all_of]
    single = cache(lambda spec: keys_of(found, spec))
    parts = data.draw(st.lists(st.sampled_from(["mic", *known]), min_size=1, max_size=3))
    gone = data.draw(st.lists(st.sampled_from(known), max_size=2))
    wanted = set.intersection(*map(single, parts)).difference(*map(single, gone))
    order = data.draw(st.permutations([*parts[1:], *(f"!{each}" for each in gone)]))
    assert keys_of(found, "+".join([parts[0], *order])) == wanted
    assert single(parts[0]), "each of them alone has listings"


# -- what is wrong with a selector -----------------------------------------------------------------


@pytest.fixture
def tiny() -> Universes:
    return tiny_universes()


def tiny_universes(*, allow_empty: bool = False) -> Universes:
    def values_of(column: str) -> Callable[..., Any]:
        return lambda date, reference: reference.values(date, column)

    named = {name: BY_COLUMN[name] for name in ("mic", "index")}
    functions = {name: by_column(column) for name, column in named.items()}
    functions["nobody"] = lambda date: tiny_reference(date).clear()
    functions["sector"] = lambda date, value: tiny_reference(date, Sector=value)
    values = {name: values_of(column) for name, column in named.items()}
    values["sector"] = lambda: ["Energy", "Telecoms"]
    return universes(functions, values=values, allow_empty=allow_empty)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("mic=XLOM", "mic does not know 'XLOM' — did you mean \"XLON\"?"),
        ("mic+mic=XLOM", "mic does not know 'XLOM' — did you mean \"XLON\"?"),
        ("mic=XLOM+!mic=XPAR", "mic does not know 'XLOM' — did you mean \"XLON\"?"),
        ("index=ZZ", "index does not know 'ZZ' (known: TINY, TINYUK)"),
        ("mic+!mic=XPAT", "!mic=XPAT takes nothing away on 2025-01-06: mic does not know 'XPAT'"),
        ("mic+!mic=XPAT", 'did you mean "XPAR"'),
        ("sector", "sector wants a value (known: Energy, Telecoms)"),
        ("mic+!sector", "sector wants a value"),
        ("mic=XPAR+index=TINYUK", "share no listing (mic=XPAR has 1, index=TINYUK has 1)"),
        ("mic=XLON+!mic", "all 2 listings that its parts share are taken away"),
        ("nobody", "the universe nobody is empty on 2025-01-06"),
    ],
)
def test_a_selector_without_listings_says_why(tiny: Universes, spec: str, told: str) -> None:
    with pytest.raises(EmptyUniverseError) as caught:
        tiny.listings(parse_universe_spec(spec), DAY)
    assert told in caught.value.message
    assert caught.value.exit_code is ExitCode.DATA_MISSING
    assert "beaf universe list" in str(caught.value.remedy)


def test_a_known_part_is_not_blamed_for_an_empty_one(tiny: Universes) -> None:
    # `isin=…` and the like may answer values that they do not offer.
    offering = universes(
        {"isin": by_column("ISIN"), "nobody": lambda: tiny_reference(MONDAY).clear()},
        values={"isin": lambda: ["only this"]},
    )
    with pytest.raises(EmptyUniverseError) as caught:
        offering.listings(parse_universe_spec("isin=GB0000000102+nobody"), DAY)
    assert "does not know" not in caught.value.message


def test_what_offers_no_values_may_take_nothing_away(tiny: Universes) -> None:
    assert keys_of(tiny, "mic=XPAR+!nobody") == {(201, "XPAR")}


def test_a_known_value_that_has_no_listing_in_the_rest_takes_nothing_away(tiny: Universes) -> None:
    assert keys_of(tiny, "mic=XPAR+!index=TINYUK") == {(201, "XPAR")}


def test_a_misspelt_exclusion_is_let_pass_and_told_where_empty_days_are_allowed() -> None:
    selector = parse_universe_spec("mic=XPAR+!mic=XLOM+!index=NEW")
    found = tiny_universes(allow_empty=True)
    assert found.listings(selector, DAY)["ListingId"].to_list() == [201]
    for each in ("!mic=XLOM", "!index=NEW"):
        assert f"{each} takes nothing away on 2025-01-06" in found.remark(selector, DAY)
    assert found.remark(parse_universe_spec("mic=XPAR"), DAY) == ""


def test_a_universe_is_asked_once_a_day_until_the_day_is_forgotten() -> None:
    asked: list[str] = []

    def get_universe(date: str) -> pl.DataFrame:
        asked.append(date)
        return tiny_reference(date)

    found, selector = universes({"mine": get_universe}), parse_universe_spec("mine")
    for _ in range(2):
        for day in TINY_DAYS:
            found.listings(selector, date.fromisoformat(day))
    assert asked == list(TINY_DAYS)
    found.forget_before(date.fromisoformat(TUESDAY))
    for day in TINY_DAYS:
        found.listings(selector, date.fromisoformat(day))
    assert asked == [*TINY_DAYS, MONDAY]


# -- in a run --------------------------------------------------------------------------------------


def run(pipeline_file: Path, spec: str, day: str | None = MONDAY, **more: Any) -> Any:
    dates: dict[str, Any] = {"date": day} if day else {"start_date": MONDAY, "end_date": TUESDAY}
    return run_pipeline(pipeline_file, universe=spec, **dates, **more)


def ids(report: Any) -> list[int]:
    frame = pl.read_parquet(report.receipts[0].location)
    return sorted(frame["ListingId"].unique().to_list())


def test_a_run_computes_what_is_left_of_a_selector(pipeline_file: Path) -> None:
    assert ids(run(pipeline_file, "mic+!mic=XLON")) == [201]
    assert ids(run(pipeline_file, "mic=XLON+!mic=XPAR")) == [101, 102]
    report = run(pipeline_file, "mic+!mic=XLOM")
    assert report.exit_code is ExitCode.DATA_MISSING
    assert 'did you mean "XLON"' in str(report.outcomes[0].message)


def test_an_empty_day_fails_unless_it_is_allowed_and_then_says_so(pipeline_file: Path) -> None:
    refused = run(pipeline_file, "mic=XXXX")
    assert (refused.status, refused.exit_code) == ("failed", ExitCode.DATA_MISSING)
    allowed = run(pipeline_file, "mic=XXXX", allow_empty=True)
    (outcome,) = allowed.outcomes
    assert (allowed.exit_code, outcome.status, outcome.receipt) == (ExitCode.OK, "closed", None)
    assert f"{MONDAY} is closed" in str(outcome.message)
    assert "the universe mic=XXXX is empty" in str(outcome.message)


def test_days_with_an_empty_universe_are_left_out_of_a_range(
    pipeline_file: Path, tmp_path: Path
) -> None:
    (pipeline_file.parent / "universes").mkdir()
    (pipeline_file.parent / "universes/late.py").write_text(
        "def get_universe(date, value, reference):\n"
        f"    found = reference(date)\n    return found if date == {TUESDAY!r} else found.clear()\n"
    )
    refused = run(pipeline_file, "late", None, sets=["BATCH_FREQ=W"])
    assert refused.exit_code is ExitCode.DATA_MISSING
    report = run(pipeline_file, "late", None, sets=["BATCH_FREQ=W"], allow_empty=True)
    (outcome,) = report.outcomes
    assert outcome.status == "written"
    assert f"{MONDAY} is closed" in str(outcome.message)
    days = pl.read_parquet(outcome.receipt.location)["TimeBucket"].dt.date().unique().to_list()
    assert days == [date.fromisoformat(TUESDAY)]


def test_a_universe_that_raises_is_told_with_its_line(pipeline_file: Path) -> None:
    (pipeline_file.parent / "universes").mkdir()
    file = pipeline_file.parent / "universes/sector.py"
    file.write_text("def get_universe(date, value):\n    return {}[value]\n")
    report = run(pipeline_file, "sector=Energy")
    assert f"{file}:2" in str(report.outcomes[0].message)


# -- membership on the day -------------------------------------------------------------------------


@pytest.fixture
def rebalanced(tmp_path: Path) -> Path:
    """A market whose index has 101 and 201 on Monday, and 102 and 201 on Tuesday."""
    market = write_market(tmp_path / "market")
    members = {MONDAY: [101, 201], TUESDAY: [102, 201]}
    for day, listed in members.items():
        table = tiny_table("membership", day)[0:1].select("Date")
        frame = table.join(pl.DataFrame({"Index": "MOVED", "ListingId": listed}), how="cross")
        for mic in ("XLON", "XPAR"):
            (market / "membership" / mic / f"{day}.parquet").unlink()
        frame.write_parquet(market / "membership" / f"{day}.parquet")
    return market


def test_an_index_has_the_members_of_the_day(rebalanced: Path) -> None:
    reference = reference_of("parquet", rebalanced)
    found = universes({"index": by_column("Index"), "mic": by_column("MIC")}, reference=reference)
    tuesday = date.fromisoformat(TUESDAY)
    assert keys_of(found, "index=MOVED") == {(101, "XLON"), (201, "XPAR")}
    assert keys_of(found, "index=MOVED", tuesday) == {(102, "XLON"), (201, "XPAR")}
    assert keys_of(found, "mic=XLON+!index=MOVED") == {(102, "XLON")}
    assert keys_of(found, "mic=XLON+!index=MOVED", tuesday) == {(101, "XLON")}


def test_a_run_over_days_follows_the_members_of_each(rebalanced: Path, tmp_path: Path) -> None:
    pipeline = tmp_path / "bars.py"
    pipeline.write_text(
        "from beaf_core import CustomUniverse\n"
        "def of_index(date, value, reference):\n    return reference(date, Index=value)\n"
        "UNIVERSES = [CustomUniverse(of_index, name='members', value='MOVED')]\n"
        f"USER_CONFIG = {{'SOURCE': {{'type': 'parquet', 'root': {str(rebalanced)!r}}},\n"
        "    'PASSES': [{'name': 'bars', 'modules': ['trade']}]}\n"
    )
    report = run(pipeline, "members=MOVED", None, sets=["BATCH_FREQ=W"])
    rows = pl.read_parquet(report.receipts[0].location)
    found = set(
        rows.select(pl.col("TimeBucket").dt.date().cast(pl.String), "ListingId").iter_rows()
    )
    assert found == {(MONDAY, 101), (MONDAY, 201), (TUESDAY, 102), (TUESDAY, 201)}


# -- hostile selectors -----------------------------------------------------------------------------

HOSTILE = ["../../escaped", "..", ".", "a/../../b", "'; DROP TABLE x; --", 'a"b', "{universe}"]
HOSTILE += ["{0.__class__}", "$HOME", "~", "a\\..\\b", "%2e%2e%2f", "*?<>", "é漢字", "x" * 200]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_inside_the_folder_and_reads_back(
    pipeline_file: Path, value: str
) -> None:
    (pipeline_file.parent / "universes").mkdir()
    (pipeline_file.parent / "universes/sector.py").write_text(
        "def get_universe(date, value, reference):\n"
        f"    assert value == {value!r}\n    return reference(date)\n"
    )
    before = {each for each in pipeline_file.parents[1].rglob("*") if each.is_file()}
    report = run(pipeline_file, f"sector={value}")
    assert report.status == "succeeded", report.outcomes
    (receipt,) = report.receipts
    assert receipt.partition == f"sector={value}:{MONDAY}"
    assert pl.read_parquet(receipt.location, glob=False).height == 5
    made = {each for each in pipeline_file.parents[1].rglob("*") if each.is_file()} - before
    outside = [
        each
        for each in made
        if not each.is_relative_to(pipeline_file.parent / "data/tiny/bars")
        and not each.is_relative_to(pipeline_file.parent / ".beaf")
    ]
    assert [each for each in outside if "__pycache__" not in each.parts] == []
    assert run(pipeline_file, f"sector={value}").outcomes[0].status == "unchanged"


def test_a_name_that_the_disk_cannot_hold_is_one_clear_error(pipeline_file: Path) -> None:
    (pipeline_file.parent / "universes").mkdir()
    (pipeline_file.parent / "universes/sector.py").write_text(
        "def get_universe(date, reference):\n    return reference(date)\n"
    )
    report = run(pipeline_file, f"sector={'漢' * 200}")
    (outcome,) = report.outcomes
    assert outcome.status == "failed"
    assert outcome.exit_code is not ExitCode.BUG, outcome.message


@pytest.mark.parametrize(
    "name", ["../escape", "universes", "__init__", "_helper", "a.b", "sector/x"]
)
def test_a_name_that_is_no_module_of_the_folder_is_never_run(
    pipeline_file: Path, name: str
) -> None:
    folder = pipeline_file.parent / "universes"
    (folder / "sector").mkdir(parents=True)
    for place in ("../escape.py", "__init__.py", "_helper.py", "a.b.py", "sector/x.py"):
        (folder / place).write_text("raise SystemExit('never run')\n")
    with pytest.raises(PluginError, match="no universe is called"):
        run(pipeline_file, f"{name}=x")
