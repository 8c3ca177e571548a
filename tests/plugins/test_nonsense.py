"""Is any nonsense, and any failure, stopped at the border with the plugin's name on it?"""

from __future__ import annotations

import types
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import BeafError, PluginHost, Receipt, UsageError
from beaf_core.plugins.errors import PluginAnswerError, PluginCallError
from beaf_core.plugins.kinds import hooks

LISTINGS = pl.DataFrame({"ListingId": [1, 2], "MIC": ["XLON", "XPAR"]})

# -- any nonsense, any hook ----------------------------------------------------------------


class Anything:
    """Has every attribute, none of them of use."""

    def __getattr__(self, name):
        return self


class Prickly:
    """Raises whenever it is looked at."""

    def __getattribute__(self, name):
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise RuntimeError("do not look at me")

    def __iter__(self):
        raise RuntimeError("do not count me")

    def __eq__(self, other):
        raise RuntimeError("do not compare me")

    def __hash__(self):
        return 1

    def __repr__(self):
        raise RuntimeError("do not print me")


def failing_generator():
    yield "XLON"
    raise RuntimeError("the second one fails")


NONSENSE = {
    "nothing": None,
    "true": True,
    "a number": 7,
    "a text": "XLON",
    "bytes": b"XLON",
    "a list of numbers": [1, 2],
    "a mapping of numbers": {1: 2},
    "an object": object(),
    "a class": Receipt,
    "the frame's class": pl.DataFrame,
    "a function": len,
    "a module": types,
    "an expression": pl.col("ListingId"),
    "a series of numbers": pl.Series([1, 2]),
    "a pandas series": pd.Series([1, 2]),
    "a frame of something else": pl.DataFrame({"a": [1]}),
    "a tuple of frame and number": (LISTINGS, 1),
    "an object with every attribute": Anything(),
    "an object that raises": Prickly(),
    "a generator that fails": failing_generator(),
    "a path": Path(),
    "an exception": ValueError("returned, not raised"),
}

# What is nonsense elsewhere may be an answer here: nothing was written yet.
ALLOWED = {
    ("read_output", "nothing"),
    ("find_receipt", "nothing"),
    ("remove_output", "true"),
}


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("hook", hooks())
def test_nonsense_is_an_answer_error_that_names_plugin_hook_and_remedy(odd, hook, nonsense):
    if (hook, nonsense) not in ALLOWED:
        odd.assert_refused(hook, NONSENSE[nonsense])


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


@settings(deadline=None)  # the first call imports polars
@given(hook=st.sampled_from(sorted(hooks())), answer=plain)
def test_any_plain_value_is_refused_unless_it_is_a_true_answer(odd, hook, answer):
    texts = isinstance(answer, list | tuple | dict) and all(
        isinstance(each, str) for each in answer
    )
    if hook == "universe_values" and texts:
        assert odd.ask(odd.answering(hook, answer), hook) == list(answer)
    elif hook in {"read_output", "find_receipt"} and answer is None:
        assert odd.ask(odd.answering(hook, answer), hook) is None
    elif hook == "list_receipts" and answer in ([], ()):
        assert odd.ask(odd.answering(hook, answer), hook) == []
    elif hook == "remove_output" and answer is True:
        odd.ask(odd.answering(hook, answer), hook)
    else:
        odd.assert_refused(hook, answer)


@pytest.mark.parametrize("hook", hooks())
def test_nonsense_from_an_installed_plugin_names_its_distribution(odd, shelf, hook):
    text = f"""
        from beaf_core import hookimpl

        @hookimpl
        def {hook}():
            return object()
    """
    shelf.add("beaf-nonsense", {f"{odd.kind(hook)}/odd": "nonsense"}, "0.7", nonsense=text)
    with pytest.raises(PluginAnswerError) as caught:
        odd.ask(PluginHost(), hook)
    assert f"wrong answer to {hook}" in str(caught.value)
    assert "beaf-nonsense 0.7, entry point odd = nonsense" in str(caught.value)


# -- plugins that raise --------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError("oops"), SystemExit(3), KeyError("oops")])
@pytest.mark.parametrize("hook", hooks())
def test_a_plugin_that_raises_is_a_call_error_that_names_it(odd, hook, error):
    def fail():
        raise error

    with pytest.raises(PluginCallError) as caught:
        odd.ask(odd.calling(hook, fail), hook)
    message = str(caught.value)
    assert f'the {odd.kind(hook)} "odd" failed in {hook}: {type(error).__name__}' in message
    assert "beaf-odd 6.6" in message
    assert "report it to beaf-odd" in message
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("hook", hooks())
def test_an_error_that_already_tells_the_user_what_to_do_passes_unchanged(odd, hook):
    def refuse():
        raise UsageError("no such venue", remedy="choose another")

    with pytest.raises(UsageError, match="no such venue"):
        odd.ask(odd.calling(hook, refuse), hook)


def test_an_interrupt_is_not_taken_for_a_fault_of_the_plugin(odd):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        odd.ask(odd.calling("analytics_module", interrupted), "analytics_module")


def test_a_wrong_answer_means_partly_failed_to_the_shell(odd):
    with pytest.raises(BeafError) as caught:
        odd.ask(odd.answering("read_table", 1), "read_table")
    assert caught.value.exit_code == 3
