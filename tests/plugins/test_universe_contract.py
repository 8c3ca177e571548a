"""Does the contract check for universes pass what is right, and catch each way of being wrong?"""

from __future__ import annotations

import polars as pl
import pytest

from beaf_core import UsageError, hookimpl
from beaf_core.testing import check_universe


def test_the_first_party_universe_keeps_its_contract():
    check_universe("mic")
    check_universe("mic", "XPAR")


def test_the_examples_of_universes_keep_their_contract(example_plugin):
    check_universe(example_plugin("get_universe"))
    check_universe(example_plugin("universe_values"))


def test_an_unknown_name_is_said_to_be_one(refused):
    assert 'no universe is called "mick"' in refused(check_universe, "mick")


class Universe:
    """By sector, as it should be."""

    def __init__(self):
        self.calls = 0

    @hookimpl
    def get_universe(self, value, date, reference):
        self.calls += 1
        return self.listings(value, date, reference)

    @hookimpl
    def universe_values(self, date, reference):
        return self.values()

    def values(self):
        return ["Energy", "Telecoms"]

    def listings(self, value, date, reference):
        return reference(date, Sector=value)


class OffersAnEmptyValue(Universe):
    def values(self):
        return ["Energy", "Banks"]


class RepeatsAValue(Universe):
    def values(self):
        return ["Energy", "Energy"]


class AnswersAnythingToAnyValue(Universe):
    def listings(self, value, date, reference):
        return reference(date)


class BreaksOnAnUnknownValue(Universe):
    def listings(self, value, date, reference):
        return {"Energy": reference(date), "Telecoms": reference(date)}[value]


class ChangesItsMind(Universe):
    def listings(self, value, date, reference):
        return reference(date, Sector=value).reverse() if self.calls % 2 else reference(date)


class AnswersTheSameListingTwice(Universe):
    def listings(self, value, date, reference):
        return pl.concat([reference(date), reference(date)])


class RefusesAnUnknownValue(Universe):
    def listings(self, value, date, reference):
        if value not in self.values():
            raise UsageError(f"no sector is called {value}")
        return reference(date, Sector=value)


class OffersWhatNoSelectorCanName(Universe):
    def values(self):
        return ["Energy", "Oil+Gas"]


class OffersAComma(Universe):
    def values(self):
        return ["Oil, Gas"]


class HasNoValues(AnswersAnythingToAnyValue):
    def values(self):
        return []


@pytest.mark.parametrize("right", [Universe, RefusesAnUnknownValue, HasNoValues])
def test_a_right_universe_passes(right):
    check_universe(right())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (OffersAnEmptyValue, "no listing answers tested=Banks"),
        (OffersWhatNoSelectorCanName, "offers what no selector can name"),
        (OffersAComma, "offers what no selector can name"),
        (RepeatsAValue, "universe_values repeats itself"),
        (AnswersAnythingToAnyValue, '"tested=no such value", which universe_values does not offer'),
        (BreaksOnAnUnknownValue, "is to answer no listing, or to raise a UsageError"),
        (ChangesItsMind, "gives other listings when it is asked again"),
        (AnswersTheSameListingTwice, "ListingId must be unique"),
    ],
)
def test_a_wrong_universe_is_caught(wrong, reason, refused):
    assert reason in refused(check_universe, wrong())


def test_a_universe_is_checked_with_the_folder_that_its_paths_belong_to(tmp_path):
    class Listed:
        @hookimpl
        def get_universe(self, value, folder):
            return pl.read_csv(folder / value)

    (tmp_path / "mine.csv").write_text("ListingId,MIC\n101,XLON\n")
    check_universe(Listed(), "mine.csv", name="listed", folder=tmp_path)
