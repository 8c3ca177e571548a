"""Are partition keys read and written, and is one that matches nothing told with what is near?"""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import BatchFrequency, DatePartition, PartitionRun, UniversePartition, UsageError
from beaf_dagster.partitions.definition import add_universes, build_partitions
from beaf_dagster.partitions.keys import partition_key, partition_run, partition_runs

UNIVERSES = ["mic=XLON", "mic=XPAR", "index=STOXX600+mic=XLON", "mic+!mic=BATE", "default"]
WEEKS = build_partitions(UNIVERSES, "W", "2025-01-01", "2025-12-31")
DAYS = build_partitions(UNIVERSES, "D", "2025-01-01", weekends=False)

dimensions = st.sampled_from([("universe", "date"), ("a", "b"), ("b", "a"), ("mic", "day")])


@given(
    names=dimensions,
    frequency=st.sampled_from(list(BatchFrequency)),
    universe=st.sampled_from(UNIVERSES),
    drawn=st.data(),
)
@settings(max_examples=18, deadline=None)
def test_a_key_read_and_written_again_is_the_same_whatever_the_dimensions_are_called(
    names: tuple[str, str], frequency: BatchFrequency, universe: str, drawn: st.DataObject
) -> None:
    universe_dim, date_dim = names
    definition = build_partitions(
        UNIVERSES,
        frequency,
        "2021-01-01",
        "2022-12-31",
        universe_dim=universe_dim,
        date_dim=date_dim,
    )
    dates = definition.get_partitions_def_for_dimension(date_dim).get_partition_keys()
    parts = {universe_dim: universe, date_dim: drawn.draw(st.sampled_from(list(dates)))}
    key = dg.MultiPartitionKey(parts)
    for spelt in (key, str(key)):
        run = partition_run(definition, spelt, *names)
        assert run.universe.spec == universe
        assert partition_key(definition, universe, run.dates.key, *names) == str(key)
    assert definition.has_partition_key(str(key))


def test_a_key_is_a_universe_and_its_window() -> None:
    run = partition_run(WEEKS, "2025-02-03|index=STOXX600+mic=XLON")
    dates = DatePartition("2025-02-03", "2025-02-09")
    assert run == PartitionRun(UniversePartition("index=STOXX600+mic=XLON"), dates)


def test_several_keys_keep_their_order() -> None:
    keys = ["2025-02-10|mic=XPAR", "2025-02-03|mic=XLON"]
    runs = partition_runs(WEEKS, keys)
    assert [each.key for each in runs] == [
        "mic=XPAR:2025-02-10_2025-02-16",
        "mic=XLON:2025-02-03_2025-02-09",
    ]


def test_the_seeds_own_definition_is_read() -> None:
    own = dg.MultiPartitionsDefinition(
        {
            "universe": dg.StaticPartitionsDefinition(["mic=XLON", "mic=XPAR"]),
            "date": dg.StaticPartitionsDefinition(["2025-01-02", "2025-01-03_2025-01-09"]),
        }
    )
    run = partition_run(own, "2025-01-03_2025-01-09|mic=XLON")
    assert run.dates == DatePartition("2025-01-03", "2025-01-09")
    assert partition_key(own, "mic=XPAR", "2025-01-06") == "2025-01-03_2025-01-09|mic=XPAR"


def test_parts_of_a_universe_may_stand_in_another_order() -> None:
    found = partition_key(WEEKS, "mic=XLON+index=STOXX600", "2025-02-05")
    assert found == "2025-02-03|index=STOXX600+mic=XLON"


# -- what matches nothing --------------------------------------------------------------------------

TODAY = datetime.now(UTC).date()
TOMORROW = TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("key", "told", "remedy"),
    [
        ("2025-02-03|mic=XLOM", 'did you mean "mic=XLON"', "mic=XLON, mic=XPAR"),
        ("2025-02-03|mic=XLON,mic=XPAR", "a comma", "one after another"),
        ("2025-02-03|", "no name", "name=value"),
        ("2025-02-05|mic=XLON", "lies within 2025-02-03", "name 2025-02-03"),
        ("2025-01-01|mic=XLON", "before the first", "from 2025-01-06 to 2025-12-22"),
        ("2026-01-05|mic=XLON", "after the last", "from 2025-01-06 to 2025-12-22"),
        ("2025-02-30|mic=XLON", "no key of a date", "written like 2025-01-01"),
        ("mic=XLON|2025-02-03", "no key of a date", "written like"),
        ("2025-02-03", "written date|universe", "2026-02-02|mic=XLON"),
        ("2025-02-03|mic=XLON|1", "written date|universe", "2026-02-02|mic=XLON"),
    ],
)
def test_a_key_that_matches_nothing_is_told_with_its_remedy(
    key: str, told: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        partition_run(WEEKS, key)
    assert told in caught.value.message
    assert remedy in str(caught.value.remedy)


def test_a_day_that_has_not_ended_is_told_with_the_time_from_which_it_is_one() -> None:
    days = build_partitions(["mic=XLON"], "D", "2025-01-01")
    with pytest.raises(UsageError, match="is no date partition yet") as caught:
        partition_key(days, "mic=XLON", f"{TOMORROW}")
    assert f"{TOMORROW + timedelta(days=1)} 00:00 UTC" in caught.value.message


@pytest.mark.parametrize("day", ["2025-02-08", "2025-02-09"])
def test_a_day_without_trading_is_told_with_the_trading_day_before(day: str) -> None:
    with pytest.raises(UsageError, match="is no trading day") as caught:
        partition_key(DAYS, "mic=XLON", day)
    assert "2025-02-07" in str(caught.value.remedy)


def test_a_range_over_several_windows_is_no_partition() -> None:
    with pytest.raises(UsageError, match="not one partition: 2025-02-03 ends on 2025-02-09"):
        partition_key(WEEKS, "mic=XLON", "2025-02-03_2025-02-10")
    inside = partition_key(WEEKS, "mic=XLON", "2025-02-04_2025-02-06")
    assert inside == "2025-02-03|mic=XLON"


def test_pairs_of_weeks_tell_what_is_near() -> None:
    pairs = build_partitions(["mic=XLON"], "2W", "2025-01-01", "2025-12-31")
    with pytest.raises(UsageError, match="2025-01-20_2025-02-02 holds its first day"):
        partition_run(pairs, "2025-01-27_2025-02-09|mic=XLON")
    with pytest.raises(UsageError) as caught:
        partition_key(pairs, "mic=XLON", "2026-06-01")
    assert "from 2025-01-06_2025-01-19 to" in str(caught.value.remedy)


def test_dates_of_which_none_is_finished_say_so() -> None:
    later = build_partitions(["mic=XLON"], "D", date(2200, 1, 1))
    with pytest.raises(UsageError, match="no window from 2200-01-01 on is finished"):
        partition_key(later, "mic=XLON", "2200-01-01")


@pytest.mark.parametrize(
    "odd", [None, dg.DailyPartitionsDefinition("2025-01-01"), dg.StaticPartitionsDefinition(["a"])]
)
def test_partitions_without_two_dimensions_are_told(
    odd: dg.PartitionsDefinition[str] | None,
) -> None:
    with pytest.raises(UsageError, match="dimensions universe and date"):
        partition_run(odd, "2025-01-01")


def test_a_dimension_of_another_name_is_told() -> None:
    with pytest.raises(UsageError, match=r"no dimension 'dates'.*did you mean .date"):
        partition_run(WEEKS, "2025-02-03|mic=XLON", date_dim="dates")


# -- dynamic universes -----------------------------------------------------------------------------


def test_dynamic_universes_stand_in_the_instance(instance: dg.DagsterInstance) -> None:
    definition = build_partitions(None, "D", "2025-01-01", dynamic="beaf_universe")
    assert add_universes(instance, definition, ["mic=XLON", "mic=XPAR"]) == ["mic=XLON", "mic=XPAR"]
    assert add_universes(instance, definition, ["mic=XPAR", "mic=BATE"]) == ["mic=BATE"]
    assert set(instance.get_dynamic_partitions("beaf_universe")) == {
        "mic=XLON",
        "mic=XPAR",
        "mic=BATE",
    }
    key = partition_key(definition, "mic=BATE", "2025-02-03", instance=instance)
    assert partition_run(definition, key, instance=instance).universe.spec == "mic=BATE"
    with pytest.raises(UsageError, match="mic=XLO"):
        partition_run(definition, "2025-02-03|mic=XLO", instance=instance)


def test_a_dynamic_universe_that_cannot_be_a_key_adds_nothing(
    instance: dg.DagsterInstance,
) -> None:
    definition = build_partitions(None, "D", dynamic="beaf_universe")
    with pytest.raises(UsageError, match="a comma"):
        add_universes(instance, definition, ["mic=XLON", "mic=XPAR,mic=BATE"])
    assert instance.get_dynamic_partitions("beaf_universe") == []


def test_an_asset_over_dynamic_universes_is_materialised(instance: dg.DagsterInstance) -> None:
    definition = build_partitions(None, "D", "2025-01-01", dynamic="beaf_universe")
    add_universes(instance, definition, ["mic=XLON"])
    found: list[PartitionRun] = []

    @dg.asset(partitions_def=definition)
    def computed(context: dg.AssetExecutionContext) -> None:
        found.append(partition_run(definition, context.partition_key))

    key = partition_key(definition, "mic=XLON", "2025-02-03", instance=instance)
    assert dg.materialize([computed], partition_key=key, instance=instance).success
    assert [each.key for each in found] == ["mic=XLON:2025-02-03"]


def test_fixed_universes_cannot_be_added_to(instance: dg.DagsterInstance) -> None:
    with pytest.raises(UsageError, match="are fixed"):
        add_universes(instance, WEEKS, ["mic=BATE"])
