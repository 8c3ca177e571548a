"""Does the contract check for areas pass what is right, and catch each way of being wrong?"""

from __future__ import annotations

from itertools import count

import pytest

from beaf_core import PluginError, StorageArea, hookimpl
from beaf_core.testing import check_area


class Area:
    """Answers what it is made with, or what it calls."""

    def __init__(self, answer):
        self.answer = answer

    @hookimpl
    def storage_area(self):
        return self.answer() if callable(self.answer) else self.answer


def test_the_example_of_an_area_keeps_its_contract(example_plugin):
    check_area(example_plugin("storage_area"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (("acme", "teams"), "expected a StorageArea, got a tuple"),
        (StorageArea("", "teams"), "'' is no bucket"),
        (StorageArea("s3://acme", "teams"), "'s3://acme' is no bucket"),
        (StorageArea(None, "teams"), "None is no bucket"),
        (StorageArea("acme", ""), "'' is no prefix"),
        (StorageArea("acme", "/teams"), "the prefix '/teams' has a slash at an end"),
        (StorageArea("acme", "teams/"), "the prefix 'teams/' has a slash at an end"),
    ],
)
def test_an_area_that_a_template_cannot_take_is_refused(answer, told):
    with pytest.raises(PluginError, match="gave a wrong answer to storage_area") as caught:
        check_area(Area(answer))
    assert told in str(caught.value)


def test_an_area_that_moves_is_caught():
    numbers = count()
    with pytest.raises(AssertionError, match="no longer"):
        check_area(Area(lambda: StorageArea("acme", f"teams/{next(numbers)}")))
