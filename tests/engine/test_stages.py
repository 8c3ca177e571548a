"""Is every pass of every partition worked off once, after all that it reads?"""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import BatchFrequency, DatePartition, UniversePartition, UsageError
from beaf_core.engine.planning.stages import stages_of
from beaf_core.model.dates import cut_range, is_union_of

START = date(2024, 1, 1)
FREQUENCIES = [*BatchFrequency, None]


@st.composite
def pipelines(draw: st.DrawFn) -> Any:
    """Make passes of which each reads some that stand before it and fit into it."""
    passes: list[Any] = []
    for number in range(draw(st.integers(1, 6))):
        frequency = draw(st.sampled_from(FREQUENCIES))
        fitting = [each.name for each in passes if is_union_of(frequency, each.frequency)]
        sources = draw(st.sets(st.sampled_from(fitting))) if fitting else set()
        passes.append(
            SimpleNamespace(name=str(number), frequency=frequency, sources=sorted(sources))
        )
    passes = draw(st.permutations(passes))
    return SimpleNamespace(
        passes=tuple(passes),
        frequency_of=lambda each: each.frequency,
        pass_of=lambda name: next(each for each in passes if each.name == name),
    )


@settings(deadline=None, max_examples=25)
@given(pipelines(), st.integers(0, 800), st.integers(0, 120))
def test_every_pass_of_every_partition_comes_once_after_all_that_it_reads(
    pipeline: Any, offset: int, length: int
) -> None:
    start = START + timedelta(days=offset)
    end = start + timedelta(days=length)
    dates = DatePartition(start.isoformat(), end.isoformat())
    stages = stages_of(pipeline, UniversePartition("all"), dates)
    done: set[tuple[str, date, date]] = set()
    for stage in stages:
        names = {each.name for each in stage.passes}
        first, last = stage.partition.dates.start, stage.partition.dates.end
        for each in stage.passes:
            assert not names & set(each.sources), "none of a stage reads another"
            for name in each.sources:
                source = pipeline.pass_of(name)
                pieces = cut_range(first, last, source.frequency)
                assert all((name, *piece) in done for piece in pieces), (each, name)
        for each in stage.passes:
            assert (each.name, first, last) not in done
            done.add((each.name, first, last))
    wanted = {
        (each.name, *piece)
        for each in pipeline.passes
        for piece in cut_range(start, end, each.frequency)
    }
    assert done == wanted


@settings(deadline=None, max_examples=25)
@given(pipelines(), st.integers(0, 800), st.integers(0, 120))
def test_passes_of_the_same_dates_that_wait_for_nothing_are_one_stage(
    pipeline: Any, offset: int, length: int
) -> None:
    start = START + timedelta(days=offset)
    dates = DatePartition(start.isoformat(), (start + timedelta(days=length)).isoformat())
    stages = stages_of(pipeline, UniversePartition("all"), dates)
    inputs_only = [
        stage.partition.key for stage in stages if not any(each.sources for each in stage.passes)
    ]
    assert len(inputs_only) == len(set(inputs_only))


@settings(deadline=None, max_examples=25)
@given(pipelines(), st.data())
def test_named_passes_bring_along_those_that_they_read_and_no_others(
    pipeline: Any, data: st.DataObject
) -> None:
    known = {each.name: set(each.sources) for each in pipeline.passes}
    named = data.draw(st.sets(st.sampled_from(sorted(known)), min_size=1))
    expected = set(named)
    while True:
        more = expected | {source for name in expected for source in known[name]}
        if more == expected:
            break
        expected = more
    dates = DatePartition("2024-01-01", "2024-02-15")
    whole = stages_of(pipeline, UniversePartition("all"), dates)
    found = stages_of(pipeline, UniversePartition("all"), dates, sorted(named))
    rest = [(e.partition.key, [p.name for p in e.passes if p.name in expected]) for e in whole]
    assert [(e.partition.key, [p.name for p in e.passes]) for e in found] == [
        (key, names) for key, names in rest if names
    ]


def test_a_pass_that_is_not_there_is_told_with_the_nearest_name() -> None:
    one = SimpleNamespace(name="bars", frequency=None, sources=())
    pipeline: Any = SimpleNamespace(passes=(one,), frequency_of=lambda each: each.frequency)
    with pytest.raises(UsageError, match=r'no pass "bar".* "bars"') as told:
        stages_of(pipeline, UniversePartition("all"), DatePartition("2024-01-01"), ["bar"])
    assert told.value.remedy == "its passes are bars"
