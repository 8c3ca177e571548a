"""Is what stands before each order summed up rightly?"""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beaf_simulator.queues import sums_ahead


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 9)), max_size=40))
def test_sums_ahead_are_those_of_a_double_loop(elements: list[tuple[int, int]]) -> None:
    rank, value = (np.array([each[i] for each in elements], dtype=np.int64) for i in (0, 1))
    expected = [
        sum(v for r, v in elements[:place] if r < own) for place, (own, _) in enumerate(elements)
    ]
    assert sums_ahead(rank, value).tolist() == expected
