"""Are tags of a run stronger than those of its job, these than its assets', and all than files?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaf_core import UsageError
from beaf_dagster.launcher.choices import choose, fold

SIZES = st.none() | st.sampled_from(["4", "16", "64"])
PREFIXES = st.sampled_from(["beaf", "bmll", "cluster"])


@given(st.tuples(SIZES, SIZES, SIZES, SIZES), st.lists(PREFIXES, min_size=3, max_size=3))
def test_the_nearest_that_says_anything_wins(
    sizes: tuple[str | None, str | None, str | None, str | None], prefixes: list[str]
) -> None:
    configured, *tagged = sizes
    layers = [
        {} if size is None else {f"{prefix}/instance_size": size}
        for size, prefix in zip(tagged, prefixes, strict=True)
    ]
    options = {} if configured is None else {"instance_size": configured}
    expected = [each for each in (configured, *tagged) if each is not None]
    found = choose(layers, "cluster", options).options.get("instance_size")
    assert found == (expected[-1] if expected else None)


def test_the_launchers_own_word_wins_within_a_layer() -> None:
    tags = {"cluster/size": "1", "beaf/size": "2", "bmll/size": "3", "other/size": "4"}
    assert choose([tags], "cluster", {}).options == {"size": "1"}


def test_a_tag_sends_a_run_to_another_launcher_whose_words_then_count() -> None:
    tags = {"beaf/launcher": "other", "other/size": "4", "cluster/size": "1"}
    chosen = choose([{}, {}, tags], "cluster", {})
    assert (chosen.launcher, chosen.options) == ("other", {"size": "4"})


@given(st.lists(st.floats(0.1, 1e4), min_size=1, max_size=5))
def test_assets_of_one_run_get_what_is_enough_for_the_greediest(sizes: list[float]) -> None:
    folded = fold({"bmll/instance_size": str(each)} for each in sizes)
    assert float(folded["bmll/instance_size"]) == max(sizes)


def test_numbers_are_compared_as_numbers() -> None:
    assert fold([{"beaf/n": "9"}, {"beaf/n": "10"}]) == {"beaf/n": "10"}


def test_assets_that_want_different_things_are_told_apart() -> None:
    with pytest.raises(UsageError, match="bmll/conda_env=a and bmll/conda_env=b"):
        fold([{"bmll/conda_env": "a"}, {"bmll/conda_env": "b"}])


def test_tags_that_are_nobodys_do_not_matter() -> None:
    assert fold([{"team/owner": "a"}, {"team/owner": "b"}]) == {}


@pytest.mark.parametrize(("hours", "seconds"), [("1", 3600), ("0.5", 1800), ("0.0001", 1)])
def test_hours_are_told_to_dagster_in_seconds(hours: str, seconds: int) -> None:
    assert choose([{"bmll/max_runtime_hours": hours}], "local", {}).max_runtime == seconds


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "inf", "an hour"])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(UsageError, match="max_runtime_hours is"):
        _ = choose([{"bmll/max_runtime_hours": hours}], "local", {}).max_runtime
