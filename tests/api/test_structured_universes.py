"""Do universes in a program list keys, answer listings, and run, without any registry?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import polars as pl
import pytest

from beaf_core import (
    AbsentDayError,
    BeafError,
    CartProdUniverse,
    CustomUniverse,
    DatePartition,
    PartitionRun,
    Reference,
    UniversePartition,
    UsageError,
    build_partition_runs,
    build_universe_partitions,
    parse_universe_spec,
    prepare_pipeline,
    run_partition,
    run_pipeline,
    source_values,
    universe_getter,
)
from beaf_core.testing import TINY_DAYS, tiny_reference

MONDAY, TUESDAY = TINY_DAYS
SIMULATED = {"type": "simulated"}


class Venues:
    """What a plugin's structured universe is like: its values come from the source."""

    functions: Mapping[str, Callable[..., Any]] = {}

    def __init__(self, *venues: str) -> None:
        self.venues = venues

    def iter_partitions(self, values: Any = None) -> Iterator[UniversePartition]:
        for each in self.venues or (values or source_values())("mic"):
            yield UniversePartition("mic", each)

    def get_universe_for(self, partition: UniversePartition) -> Any:
        return universe_getter(partition.spec)


def alfa(date: str, reference: Reference) -> pl.DataFrame:
    """ALFA, on both of its venues."""
    return reference(date, Ticker="ALFA")


def bare(date: str) -> pl.DataFrame:
    """ALFA on XLON, told without any source."""
    return pl.DataFrame({"ListingId": [101], "MIC": ["XLON"]})


@pytest.fixture
def project(tmp_path: Path, beaf_market: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "beaf.yaml").write_text(f"SOURCE: {{type: parquet, root: '{beaf_market}'}}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- keys ------------------------------------------------------------------------------------------


def test_keys_are_listed_once_in_their_order() -> None:
    universes: list[Any] = [
        Venues("XPAR", "XLON"),
        CustomUniverse(alfa),
        CustomUniverse(alfa, name="big", value="10"),
        Venues("XLON", "BATE"),
    ]
    wanted = ["mic=XPAR", "mic=XLON", "custom", "big=10", "mic=BATE"]
    assert build_universe_partitions(universes) == wanted


def test_parts_with_a_value_stand_before_bare_ones_otherwise_left_before_right() -> None:
    custom, venues, big = (
        CustomUniverse(alfa),
        Venues("XLON", "XPAR"),
        CustomUniverse(alfa, "b", "1"),
    )

    def keys(*universes: Any) -> list[str]:
        return build_universe_partitions(universes)

    assert keys(CartProdUniverse(custom, venues)) == ["mic=XLON+custom", "mic=XPAR+custom"]
    assert keys(CartProdUniverse(venues, custom)) == ["mic=XLON+custom", "mic=XPAR+custom"]
    assert keys(CartProdUniverse(venues, big)) == ["mic=XLON+b=1", "mic=XPAR+b=1"]
    assert keys(CartProdUniverse(big, venues)) == ["b=1+mic=XLON", "b=1+mic=XPAR"]
    nested = CartProdUniverse(custom, CartProdUniverse(Venues("XLON"), big))
    assert keys(nested) == ["mic=XLON+b=1+custom"]


def test_a_product_lists_every_right_one_for_each_left_one() -> None:
    product = CartProdUniverse(Venues("A", "B"), Venues("C", "D"))
    keys = ["mic=A+mic=C", "mic=A+mic=D", "mic=B+mic=C", "mic=B+mic=D"]
    assert build_universe_partitions([product]) == keys
    assert [parse_universe_spec(key).spec for key in keys] == keys


def test_what_a_side_takes_away_is_taken_away_of_the_product() -> None:
    class Elsewhere(Venues):
        def iter_partitions(self, values: Any = None) -> Iterator[UniversePartition]:
            yield parse_universe_spec("mic+!mic=BATE")

    product = CartProdUniverse(Elsewhere(), CustomUniverse(alfa, value="x"))
    assert build_universe_partitions([product]) == ["custom=x+mic+!mic=BATE"]


UNNAMEABLE: list[tuple[str, str | None]] = [(each, None) for each in ("", "a+b", "a=b", "!a", " a")]
UNNAMEABLE += [("a", each) for each in ("b+c", "b,c", "b|c", "", " ")]
UNNAMEABLE += [("default", None), ("all", "x")]


@pytest.mark.parametrize(("name", "value"), UNNAMEABLE)
def test_a_custom_universe_that_no_selector_can_name_is_refused(
    name: str, value: str | None
) -> None:
    with pytest.raises(UsageError):
        CustomUniverse(alfa, name=name, value=value)


def test_two_functions_of_one_name_are_refused_and_one_function_twice_is_not() -> None:
    both = [CustomUniverse(alfa), CustomUniverse(bare)]
    for attempt in (
        lambda: build_universe_partitions(both),
        lambda: CartProdUniverse(both[0], both[1]),
        lambda: universe_getter("custom", universes=both),
    ):
        with pytest.raises(UsageError, match='two universes are called "custom"'):
            attempt()
    one = [CustomUniverse(alfa, value="a"), CustomUniverse(alfa, value="b")]
    assert build_universe_partitions(one) == ["custom=a", "custom=b"]


@pytest.mark.parametrize("odd", ["mic=XLON", alfa, Venues, None, 7])
def test_what_is_no_universe_is_refused_with_a_word_on_what_one_is(odd: Any) -> None:
    for attempt in (
        lambda: build_universe_partitions([odd]),
        lambda: CartProdUniverse(odd, Venues("XLON")),
    ):
        with pytest.raises(UsageError, match="universes") as caught:
            attempt()
        assert "CustomUniverse" in str(caught.value.remedy)


def test_a_separator_that_does_not_intersect_is_refused() -> None:
    with pytest.raises(UsageError, match="separator"):
        CartProdUniverse(Venues("XLON"), CustomUniverse(alfa), separator="|")


def test_something_that_is_no_function_is_no_custom_universe() -> None:
    frame: Any = pl.DataFrame()
    with pytest.raises(UsageError, match="no function"):
        CustomUniverse(frame)


# -- values of a source ----------------------------------------------------------------------------


def test_values_come_from_the_source_of_the_nearest_project_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = project / "a/b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    keys = build_universe_partitions([Venues()], date=MONDAY)
    assert keys == ["mic=XLON", "mic=XPAR"]


def test_a_source_may_be_given_instead(project: Path) -> None:
    keys = build_universe_partitions([Venues()], SIMULATED)
    assert keys == ["mic=BATE", "mic=XLON", "mic=XPAR"]


def test_a_prepared_pipelines_own_source_is_asked_wherever_the_program_runs(
    project: Path, beaf_market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = project / "elsewhere"
    home.mkdir()
    (home / "market").symlink_to(beaf_market)
    (home / "bars.yaml").write_text(
        f"{{START_DATE: {TUESDAY}, SOURCE: {{type: parquet, root: market}}, "
        "PASSES: [{name: bars, modules: [trade]}]}"
    )
    prepared = prepare_pipeline(home / "bars.yaml")
    monkeypatch.chdir("/")
    assert source_values(prepared)("mic") == ["XLON", "XPAR"]


def test_the_day_to_ask_is_the_projects_start_date_where_it_has_one(project: Path) -> None:
    with (project / "beaf.yaml").open("a") as file:
        file.write(f"START_DATE: {TUESDAY}\n")
    assert source_values()("mic") == ["XLON", "XPAR"]


def test_a_source_that_knows_no_recent_day_asks_for_a_date(project: Path) -> None:
    with pytest.raises(AbsentDayError, match="nor on the 9 days before") as caught:
        source_values()("mic")
    assert "name another date" in str(caught.value.remedy)


def test_without_a_project_file_the_source_is_missed_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no beaf\.yaml at or above") as caught:
        build_universe_partitions([Venues()])
    assert "source={" in str(caught.value.remedy)


def test_nothing_is_asked_where_universes_name_their_own_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert build_universe_partitions([Venues("XLON"), CustomUniverse(alfa)]) == [
        "mic=XLON",
        "custom",
    ]


def test_a_source_is_asked_once_for_the_values_of_a_universe(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beaf_core import PluginHost

    asked: list[str] = []
    real = PluginHost.universe_values

    def watched(self: Any, name: str, **more: Any) -> list[str]:
        asked.append(name)
        return real(self, name, **more)

    monkeypatch.setattr(PluginHost, "universe_values", watched)
    product = CartProdUniverse(Venues(), Venues())
    assert len(build_universe_partitions([product, Venues()], date=MONDAY)) == 6
    assert asked == ["mic"]


def test_a_value_that_cannot_stand_in_a_key_is_told(project: Path) -> None:
    class Odd(Venues):
        def iter_partitions(self, values: Any = None) -> Iterator[UniversePartition]:
            yield UniversePartition("index", "S,P")

    with pytest.raises(UsageError, match="comma"):
        build_universe_partitions([Odd()])


# -- listings --------------------------------------------------------------------------------------


def test_a_getter_answers_what_a_run_would_see(project: Path) -> None:
    custom = CustomUniverse(alfa)
    product = CartProdUniverse(custom, Venues("XLON"))
    (partition,) = product.iter_partitions()
    listings = product.get_universe_for(partition)(MONDAY)
    assert listings.select("ListingId", "MIC").rows() == [(101, "XLON")]
    both = custom.get_universe_for(UniversePartition("custom"))(MONDAY)
    assert both["ListingId"].to_list() == [101, 201]
    rest = universe_getter("mic+!custom", universes=[custom])
    assert rest(MONDAY)["ListingId"].to_list() == [102]


def test_a_function_that_needs_no_source_is_answered_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = CustomUniverse(bare)
    assert own.get_universe_for(UniversePartition("custom"))(MONDAY)["MIC"].to_list() == ["XLON"]
    with pytest.raises(UsageError, match="no SOURCE is configured"):
        universe_getter("custom", universes=[CustomUniverse(alfa)])(MONDAY)


def test_two_sets_of_definitions_in_one_process_do_not_disturb_each_other(project: Path) -> None:
    def one(date: str) -> pl.DataFrame:
        return tiny_reference(date, ListingId=101)

    def other(date: str) -> pl.DataFrame:
        return tiny_reference(date, ListingId=201)

    first, second = [CustomUniverse(one)], [CustomUniverse(other)]
    getters = [universe_getter("custom", universes=each) for each in (first, second)]
    keys = [build_universe_partitions(each) for each in (first, second, first)]
    assert keys == [["custom"]] * 3
    for _ in range(2):
        assert [each(MONDAY)["ListingId"].to_list() for each in getters] == [[101], [201]]
    found = [rows_of(project, f"set{i}", each) for i, each in enumerate((first, second))]
    assert [set(each["ListingId"]) for each in found] == [{101}, {201}]
    with pytest.raises(BeafError, match='no universe is called "custom"'):
        rows_of(project, "none", [])


def rows_of(project: Path, dataset: str, universes: Any, spec: str = "custom") -> pl.DataFrame:
    config = {"DATASETNAME": dataset, "PASSES": [{"name": "bars", "modules": ["trade"]}]}
    partition = PartitionRun(parse_universe_spec(spec), DatePartition(MONDAY))
    report = run_partition(config, None, partition, universes=universes)
    return pl.read_parquet(report.receipts[0].location)


def test_defining_universes_loads_no_plugin_and_asks_no_source(tmp_path: Path) -> None:
    script = """
        import socket, sys
        def refuse(*_):
            raise AssertionError("a connection is opened")
        socket.socket.connect = refuse
        from beaf_core import CustomUniverse, CartProdUniverse, universe_getter, source_values
        from beaf_universes import MICUniverse, IndexUniverse
        universes = [MICUniverse(blacklist=["BATE"]), IndexUniverse(["STOXX600"]),
                     CartProdUniverse(CustomUniverse(lambda date: None), MICUniverse())]
        universe_getter("mic=XLON"), source_values()
        plugins = ("beaf_core.sources", "beaf_simulator", "beaf_universes.mic")
        odd = [each for each in sys.modules if each.startswith(plugins)]
        assert not odd, odd
    """
    typed = [sys.executable, "-c", dedent(script)]
    ended = subprocess.run(
        typed, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")


# -- runs ------------------------------------------------------------------------------------------


def test_a_product_runs_end_to_end(project: Path) -> None:
    universes = [CartProdUniverse(CustomUniverse(alfa), Venues())]
    keys = build_universe_partitions(universes, date=MONDAY)
    assert keys == ["mic=XLON+custom", "mic=XPAR+custom"]
    found = {key: rows_of(project, "product", universes, key) for key in keys}
    assert {key: set(rows["ListingId"]) for key, rows in found.items()} == {
        "mic=XLON+custom": {101},
        "mic=XPAR+custom": {201},
    }
    place = project / f"data/product/bars/mic=XLON+custom/{MONDAY}_{MONDAY}.parquet"
    assert place.is_file()


def test_the_universes_of_a_pipelines_file_are_its_own(project: Path) -> None:
    (project / "own.py").write_text(
        dedent(
            """
            from beaf_core import CustomUniverse
            def alfa(date, reference):
                return reference(date, Ticker="ALFA")
            UNIVERSES = [CustomUniverse(alfa, name="alfa")]
            USER_CONFIG = {"DATASETNAME": "own", "PASSES": [{"name": "bars", "modules": ["trade"]}]}
            """
        )
    )
    report = run_pipeline("own.py", date=MONDAY, universe="mic=XPAR+alfa")
    assert set(pl.read_parquet(report.receipts[0].location)["ListingId"]) == {201}


def test_a_call_may_give_another_function_for_a_name_of_the_pipelines_file(project: Path) -> None:
    (project / "own.py").write_text(
        dedent(
            """
            from beaf_core import CustomUniverse
            def nobody(date, reference):
                return reference(date).clear()
            UNIVERSES = [CustomUniverse(nobody)]
            USER_CONFIG = {"DATASETNAME": "own", "PASSES": [{"name": "bars", "modules": ["trade"]}]}
            """
        )
    )
    partition = PartitionRun(UniversePartition("custom"), DatePartition(MONDAY))
    report = run_partition("own.py", None, partition, universes=[CustomUniverse(bare)])
    assert set(pl.read_parquet(report.receipts[0].location)["ListingId"]) == {101}


@pytest.mark.parametrize(
    ("universes", "told"),
    [
        ("['mic=XLON']", "'mic=XLON' is no list of universes"),
        ("'mic=XLON'", "'mic=XLON' is no list of universes"),
        ("[CustomUniverse(print), CustomUniverse(len)]", 'two universes are called "custom"'),
    ],
)
def test_what_is_wrong_with_the_universes_of_a_file_is_told_before_anything_runs(
    project: Path, universes: str, told: str
) -> None:
    (project / "own.py").write_text(
        f"from beaf_core import CustomUniverse\nUNIVERSES = {universes}\n"
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['trade']}]}\n"
    )
    with pytest.raises(UsageError) as caught:
        run_pipeline("own.py", date=MONDAY, universe="mic=XLON")
    assert told in caught.value.message
    assert "own.py: UNIVERSES" in caught.value.message
    assert not (project / ".beaf").exists()


# -- as users have written it ----------------------------------------------------------------------

# With the module's name and the source replaced, as the seed has it.
STRUCTURED = """
from beaf_core import CustomUniverse, CartProdUniverse, build_universe_partitions
from beaf_universes import MICUniverse, IndexUniverse

import polars as pl

def my_custom_universe(date):
    return pl.DataFrame({"ListingId": [100001], "MIC": ["XLON"]})

universes = [
    MICUniverse(blacklist=["BATE"]),
    IndexUniverse(["STOXX600"]),
    CartProdUniverse(CustomUniverse(my_custom_universe), MICUniverse()),
]
keys = build_universe_partitions(universes)

from beaf_core import DatePartition, PartitionRun, parse_universe_spec, run_partition

BASE_CONFIG = {
    "DATASETNAME": "dagster_demo",
    "PASSES": [{"name": "pass1", "time_bucket_seconds": 3600, "modules": ["trade"]}],
}
partition = PartitionRun(
    universe=parse_universe_spec("mic=XLON+custom"),
    dates=DatePartition(start_date="2025-01-02", end_date="2025-01-02"),
)
report = run_partition(
    base_config=BASE_CONFIG,
    default_get_universe=my_custom_universe,
    partition=partition,
    universes=universes,
)
print(*keys, sep="\\n")
print(sorted(set(pl.read_parquet(report.receipts[0].location)["ListingId"])))
"""


def test_the_structured_example_works_as_written(tmp_path: Path) -> None:
    (tmp_path / "beaf.yaml").write_text("SOURCE: {type: simulated}\n")
    (tmp_path / "script.py").write_text(STRUCTURED)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        "mic=XLON",
        "mic=XPAR",
        "index=STOXX600",
        "mic=BATE+custom",
        "mic=XLON+custom",
        "mic=XPAR+custom",
        "[100001]",
    ]


def test_an_override_calls_the_universe_module_of_its_name(project: Path) -> None:
    (project / "universes").mkdir()
    (project / "universes/sector.py").write_text(
        "import polars as pl\n"
        "def get_universe(date, value):\n"
        "    assert (date, value) == ('2025-01-06', 'Energy')\n"
        "    return pl.DataFrame({'ListingId': [201], 'MIC': ['XPAR']})\n"
    )
    runs = build_partition_runs(
        [UniversePartition(name="sector", value="Energy")], [DatePartition(MONDAY, MONDAY)]
    )
    config = {"PASSES": [{"name": "bars", "modules": ["trade"]}]}
    for partition in runs:
        report = run_partition(config, bare, partition)
    assert set(pl.read_parquet(report.receipts[0].location)["ListingId"]) == {201}
