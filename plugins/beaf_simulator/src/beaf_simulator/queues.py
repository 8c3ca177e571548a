"""How much stands before each order in its side of the book?"""

from __future__ import annotations

import numpy as np

from beaf_simulator.randomness import Integers


def sums_ahead(rank: Integers, values: Integers) -> Integers:
    """Sum, for each element, the values of earlier elements with a smaller rank.

    With ranks by price and arrival, and changes of size as values, that is the size ahead in the
    queue. Elements are halved by place again and again, each half kept in the order of ranks: what
    stands in a left half adds to what follows it in the right half. 16 passes for 50 000 elements.
    """
    many = len(rank)
    places = np.arange(many, dtype=np.int64)
    # Of equal ranks the last comes first: none is ahead of another.
    order = np.lexsort((-places, rank)).astype(np.int64)
    sums = np.zeros(many, dtype=np.int64)
    for bit in reversed(range(max(many - 1, 0).bit_length())):
        right = (order >> bit) & 1
        begins = places >> (bit + 1) << (bit + 1)
        before = _before(np.where(right == 1, 0, values[order]), begins)
        sums[order] += np.where(right == 1, before, 0)
        lefts = _before(1 - right, begins)
        # The left half of every block but the last is full.
        rights = begins + (1 << bit) + (places - begins - lefts)
        moved = np.empty(many, dtype=np.int64)
        moved[np.where(right == 1, rights, begins + lefts)] = order
        order = moved
    return sums


def _before(values: Integers, begins: Integers) -> Integers:
    """Sum what stands before each element within its block."""
    totals = np.append(0, np.cumsum(values))
    before: Integers = totals[:-1] - totals[begins]
    return before
