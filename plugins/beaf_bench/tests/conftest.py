"""Where do the tests of the benchmark get a market that is small enough for seconds?"""

from __future__ import annotations

import pytest

from beaf_bench.files import Market, market
from beaf_bench.sizes import SIZES


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session", params=["listing", "time", "skew"])
def tiny(request, cache) -> Market:
    return market(SIZES["tiny"], request.param, cache, lambda _text: None)


@pytest.fixture(scope="session")
def listed(cache) -> Market:
    return market(SIZES["tiny"], "listing", cache, lambda _text: None)
